//! Room 5, *program*: what several processes on one machine may do at once, each for itself.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::LinkedBody;
use super::entries::Entry;
use super::items::FnId;
use super::summaries::{Effect, EffectKind};

impl Program<'_> {
    /// Whether several processes may run a function at once: several binaries that stay come to it, or a command, which people and
    /// tools start whenever they like. Linear in functions and calls for each binary.
    pub fn is_run_by_several_processes(&self, id: FnId) -> bool {
        let reaching: Vec<&Entry> =
            self.production_entries().filter(|entry| self.reaches(entry.main, id)).collect();
        let stay = reaching.iter().filter(|entry| self.stays_up(entry)).count();
        stay > 1 || reaching.iter().any(|entry| self.is_command(entry, id))
    }

    /// Whether a binary comes to a function and ends: it never serves and has no loop that goes on, or it comes there on a way
    /// that excludes serving.
    fn is_command(&self, entry: &Entry, id: FnId) -> bool {
        if !self.stays_up(entry) {
            return true;
        }
        let around = |effect: &Effect| {
            let functions = self.functions_on(&effect.steps);
            functions.iter().any(|on| *on == id || self.graph.callers[id.index()].contains(on))
        };
        let effects = self.effects(entry.main);
        let serves: Vec<&Effect> = effects.iter().filter(|effect| effect.kind == EffectKind::Serve).collect();
        !serves.is_empty()
            && effects.iter().any(|effect| {
                around(effect)
                    && serves
                        .iter()
                        .all(|serve| self.exclusive(effect, serve) || self.exclusive(serve, effect))
            })
    }

    /// Whether a handler comes to a function. Linear in functions and calls.
    pub fn is_reached_by_requests(&self, id: FnId) -> bool {
        let handlers: BTreeSet<FnId> =
            self.routes().iter().flat_map(|route| self.answered_by(route)).collect();
        let mut seen = BTreeSet::from([id]);
        let mut queue = vec![id];
        while let Some(function) = queue.pop() {
            if handlers.contains(&function) {
                return true;
            }
            let callers = self.graph.callers[function.index()].iter();
            queue.extend(callers.filter(|caller| seen.insert(**caller)));
        }
        false
    }

    /// Whether a binary serves or comes to a loop that goes on. Linear in functions and calls.
    pub(super) fn stays_up(&self, entry: &Entry) -> bool {
        let serves = || self.effects(entry.main).iter().any(|effect| effect.kind == EffectKind::Serve);
        let loops = |id: FnId| self.body(id).is_some_and(LinkedBody::has_loop_that_goes_on);
        serves() || self.called_from(entry.main).any(loops)
    }
}
