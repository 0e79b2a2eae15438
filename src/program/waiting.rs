//! Room 5, *program*: steps of the start that wait for a database, and what needed it before them.

use super::Program;
use super::bodies::{Call, CallId, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::reach;
use super::summaries::{Effect, EffectKind, Step};
use crate::catalog::CallRole;
use crate::location::Span;

/// How deep calls are followed to the one that does something again.
const DEPTH: usize = 3;

/// A step that waits for something that was needed before.
#[derive(Debug)]
pub struct LateWait<'p> {
    /// The function in which both stand.
    pub function: FnId,
    /// The call that waits.
    pub wait: Span,
    /// What needed the database before.
    pub effect: &'p Effect,
}

impl Program<'_> {
    /// The calls of start-up code that wait for a database which an earlier call needed, in order. They are told by the
    /// names of the functions of the workspace.
    pub fn late_waits(&self) -> Vec<LateWait<'_>> {
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            if self.scope(function) != Scope::Production || self.is_concurrent(function) {
                continue;
            }
            for index in 0..body.calls.len() {
                let wait = CallId(index as u32);
                if !self.waits_for_database(function, body, wait) {
                    continue;
                }
                let needed = self.effects(function).iter().find(|effect| {
                    let Step::Call(_, call) = effect.steps[0] else { return false };
                    call < wait
                        && self.needs_answer(effect)
                        && !body.exclusive(effect.context, body.call(wait).context)
                });
                if let Some(effect) = needed {
                    found.push(LateWait { function, wait: body.call(wait).span, effect });
                    break;
                }
            }
        }
        found
    }

    fn waits_for_database(&self, function: FnId, body: &LinkedBody<'_>, id: CallId) -> bool {
        let call = body.call(id);
        let Target::Local { targets, .. } = &call.target else { return false };
        if body.times_around(call.context).next().is_some() {
            return false;
        }
        let Some(name) =
            targets.first().map(|target| self.types.items.functions[target.index()].name.to_lowercase())
        else {
            return false;
        };
        let waits = name.starts_with("wait") || name.contains("_wait_") || name.contains("until_ready");
        // Who waits with the handle in hand asks whether it works.
        let with_handle = call.inputs().any(|argument| {
            reach::is_handle(self.types, &argument.ty) || self.types.contains_handle(&argument.ty)
        });
        let about = || {
            let arguments = call
                .args
                .iter()
                .map(|argument| self.describe(&self.close(function, &argument.value)).to_lowercase());
            arguments.chain([name.clone()]).any(|text| speaks_of_database(&text))
        };
        waits && !with_handle && about() && targets.iter().any(|target| self.tries_again(*target, 0))
    }

    /// Whether a function does something again until it works, by itself or in what it calls: it loops, or a library does.
    fn tries_again(&self, id: FnId, depth: usize) -> bool {
        let Some(body) = self.any_body(id) else { return false };
        let again = |call: &Call<'_>| match &call.target {
            Target::Library(facts) => matches!(facts.role, CallRole::Retry | CallRole::Sleep),
            Target::Local { targets, .. } => {
                depth < DEPTH && targets.iter().any(|target| self.tries_again(*target, depth + 1))
            }
            _ => false,
        };
        body.contexts.iter().any(|context| context.kind.is_loop()) || body.calls.iter().any(again)
    }

    /// Whether an effect fails when the database does not answer.
    pub(super) fn needs_answer(&self, effect: &Effect) -> bool {
        let eager = match effect.kind {
            EffectKind::Migrate => true,
            EffectKind::Create { .. } => self.is_of_database(effect) && self.connects_at_once(effect),
            EffectKind::Serve | EffectKind::Accept => false,
        };
        effect.is_in_line() && eager
    }
}

fn speaks_of_database(text: &str) -> bool {
    ["database", "db", "dsn", "postgres", "mysql", "mariadb", "mongo", "sql", "pg"]
        .iter()
        .any(|word| text.contains(word))
}
