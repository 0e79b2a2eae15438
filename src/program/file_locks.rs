//! Room 5, *program*: locks that are files. Who has one keeps other callers out, and other processes too.

use super::Program;
use super::bodies::{Call, ContextId, ContextKind, LinkedBody, Target, settled};
use super::items::FnId;
use super::types::Ty;
use crate::catalog::CallRole;
use crate::location::Span;

/// How deep calls are followed to the one that takes the lock.
const DEPTH: usize = 3;

impl Program<'_> {
    /// Whether a function, at a place in one of its contexts, has the result of a call before it that takes a lock file, and
    /// does not drop it there. Linear in the calls before the place, and in those of the functions that they go to.
    pub fn holds_file_lock(&self, body: &LinkedBody<'_>, context: ContextId, at: Span) -> bool {
        let before = |call: &&Call<'_>| (call.span.end_line, call.span.end_column) <= (at.line, at.column);
        body.calls.iter().filter(before).any(|call| {
            let kept = !call.outcome.discarded && *settled(&call.result) != Ty::unit();
            kept && body.encloses(call.context, context) && self.takes_file_lock(body, call, 0)
        })
    }

    /// Whether a place in a function is only come to with a lock file: held there, or by whoever calls.
    pub fn is_under_file_lock(&self, id: FnId, body: &LinkedBody<'_>, context: ContextId, at: Span) -> bool {
        let holds =
            |body: &LinkedBody<'_>, call: &Call<'_>| self.holds_file_lock(body, call.context, call.span);
        self.holds_file_lock(body, context, at) || self.is_called_only_where(id, &holds, 0)
    }

    fn takes_file_lock(&self, body: &LinkedBody<'_>, call: &Call<'_>, depth: usize) -> bool {
        match &call.target {
            Target::Library(facts) => facts.role == CallRole::FileLock,
            Target::Local { targets, .. } if depth < DEPTH => {
                targets.iter().any(|target| self.locks_file_in(*target, depth + 1))
            }
            Target::Block(block) if depth < DEPTH => {
                let inside =
                    |context| body.outwards(context).any(|around| around.kind == ContextKind::Block(*block));
                let mut own = body.calls.iter().filter(|call| inside(call.context));
                own.any(|call| self.takes_file_lock(body, call, depth + 1))
            }
            _ => false,
        }
    }

    fn locks_file_in(&self, id: FnId, depth: usize) -> bool {
        let body = self.any_body(id);
        body.is_some_and(|body| body.calls.iter().any(|call| self.takes_file_lock(body, call, depth)))
    }
}
