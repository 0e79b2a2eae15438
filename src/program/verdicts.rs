//! Room 5, *program*: functions that initialize, or wait until somebody else has, and say by a `bool` whether that is so, where
//! nobody listens.

use super::bodies::{CallId, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::summaries::{Effect, Step};
use super::types::Ty;
use super::{Program, initializes};
use crate::facts::ExprKind;

/// A verdict that nobody reads.
#[derive(Debug)]
pub struct IgnoredVerdict<'p> {
    /// The function that calls.
    pub function: FnId,
    /// The call.
    pub call: CallId,
    /// The function that initializes.
    pub initializer: FnId,
    /// What it does; none for one that waits.
    pub effect: Option<&'p Effect>,
}

impl Program<'_> {
    /// The calls of start-up code that drop the `bool` of a function which is named for initializing and opens a handle that
    /// stays, or changes the schema, and those that drop the one of a function which is named for waiting until the database
    /// is ready and asks it; in order.
    pub fn ignored_verdicts(&self) -> Vec<IgnoredVerdict<'_>> {
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            if self.scope(function) != Scope::Production {
                continue;
            }
            for (index, call) in body.calls.iter().enumerate() {
                let Target::Local { targets, dispatched: false } = &call.target else { continue };
                let [initializer] = targets.as_slice() else { continue };
                let name = &self.types.items.functions[initializer.index()].name;
                if !call.outcome.discarded || !self.gives_a_bool(*initializer) {
                    continue;
                }
                let ignored = |effect| IgnoredVerdict {
                    function,
                    call: CallId(index as u32),
                    initializer: *initializer,
                    effect,
                };
                if is_for_waiting(name) && self.needs_handle(*initializer) && !self.is_endless(*initializer) {
                    found.push(ignored(None));
                    continue;
                }
                // What requests and tasks call opens a handle on its way to something else.
                if !is_for_initializing(name) || self.is_concurrent(function) {
                    continue;
                }
                let own = |effect: &&Effect| {
                    let by_first_use = effect.steps.iter().any(|step| matches!(step, Step::Static(..)));
                    initializes(effect) && effect.is_in_line() && !by_first_use && !self.is_optional(effect)
                };
                let effect = self.effects(*initializer).iter().find(own);
                found.extend(effect.map(|effect| ignored(Some(effect))));
            }
        }
        found
    }

    /// Whether a function tries without a limit: it does not come back before it has what it waits for.
    fn is_endless(&self, id: FnId) -> bool {
        let facts = self.types.items.functions[id.index()].body;
        facts
            .into_iter()
            .flat_map(|body| &body.exprs)
            .any(|expr| matches!(expr.kind, ExprKind::Loop(_) | ExprKind::While { .. }))
    }

    fn gives_a_bool(&self, id: FnId) -> bool {
        let awaited = self.types.signature(id).output.awaited();
        matches!(awaited, Ty::External(name, _) if name == "bool")
    }
}

/// Whether a function is named for waiting until something is initialized.
fn is_for_waiting(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "init",
        "initialized",
        "initialization",
        "ready",
        "database",
        "db",
        "schema",
        "migrated",
        "migrations",
    ];
    let mut words = name.split('_');
    matches!(words.next(), Some("wait" | "await")) && words.any(|word| WORDS.contains(&word))
}

/// Whether a function is named for initializing something.
fn is_for_initializing(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "init",
        "initialize",
        "initialise",
        "connect",
        "setup",
        "start",
        "open",
        "migrate",
        "prepare",
        "ensure",
        "bootstrap",
        "migrations",
    ];
    name.split('_').any(|word| WORDS.contains(&word))
}
