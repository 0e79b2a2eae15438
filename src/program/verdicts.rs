//! Room 5, *program*: functions that initialize and say by a `bool` whether they did, where nobody listens.

use super::bodies::{CallId, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::summaries::{Effect, Step};
use super::types::Ty;
use super::{Program, initializes};

/// A verdict that nobody reads.
#[derive(Debug)]
pub struct IgnoredVerdict<'p> {
    /// The function that calls.
    pub function: FnId,
    /// The call.
    pub call: CallId,
    /// The function that initializes.
    pub initializer: FnId,
    /// What it does.
    pub effect: &'p Effect,
}

impl Program<'_> {
    /// The calls of start-up code that drop the `bool` of a function which is named for initializing and opens a handle that
    /// stays, or changes the schema; in order.
    pub fn ignored_verdicts(&self) -> Vec<IgnoredVerdict<'_>> {
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            // What requests and tasks call opens a handle on its way to something else.
            if self.scope(function) != Scope::Production || self.is_concurrent(function) {
                continue;
            }
            for (index, call) in body.calls.iter().enumerate() {
                let Target::Local { targets, dispatched: false } = &call.target else { continue };
                let [initializer] = targets.as_slice() else { continue };
                let name = &self.types.items.functions[initializer.index()].name;
                if !call.outcome.discarded || !is_for_initializing(name) || !self.gives_a_bool(*initializer) {
                    continue;
                }
                let own = |effect: &&Effect| {
                    let by_first_use = effect.steps.iter().any(|step| matches!(step, Step::Static(..)));
                    initializes(effect) && effect.is_in_line() && !by_first_use && !self.is_optional(effect)
                };
                if let Some(effect) = self.effects(*initializer).iter().find(own) {
                    let call = CallId(index as u32);
                    found.push(IgnoredVerdict { function, call, initializer: *initializer, effect });
                }
            }
        }
        found
    }

    fn gives_a_bool(&self, id: FnId) -> bool {
        let output = &self.types.signature(id).output;
        let awaited = if let Ty::Future(inner) = output { inner } else { output };
        matches!(awaited, Ty::External(name, _) if name == "bool")
    }
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
