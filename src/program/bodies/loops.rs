//! Room 5, *program*: loops of a linked body, and what they repeat.

use super::{CallId, ContextId, ContextKind, Event, EventKind, LinkedBody};

/// How many turns a loop makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// It goes on until an error or a panic ([`crate::facts::Body::goes_on`]).
    Endless,
    /// It goes on until it is left, or its condition does not hold any more.
    UntilLeft,
    /// One for each item of a list.
    EachItem,
}

impl LinkedBody<'_> {
    /// Whether the body has a loop that goes on until an error or a panic.
    pub fn has_loop_that_goes_on(&self) -> bool {
        self.contexts.iter().any(|context| context.kind == ContextKind::Loop(Turns::Endless))
    }

    /// Whether the context is inside a loop of the body that goes on until an error or a panic.
    pub fn in_loop_that_goes_on(&self, context: ContextId) -> bool {
        self.outwards(context).any(|context| context.kind == ContextKind::Loop(Turns::Endless))
    }

    /// Whether a call is made again after it succeeded, not only for each item of a list.
    pub fn goes_on_with(&self, call: CallId) -> bool {
        let is_open =
            |kind: &ContextKind| matches!(kind, ContextKind::Loop(Turns::Endless | Turns::UntilLeft));
        self.outwards(self.call(call).context).any(|context| is_open(&context.kind)) && self.repeats(call)
    }

    /// Whether a call is made again after it succeeded: it is in a loop, and its success does not leave the loop.
    pub fn repeats(&self, call: CallId) -> bool {
        if !self.in_loop(self.call(call).context) {
            return false;
        }
        let mut decided = self.failures();
        decided.retain(|failure| failure.call == call);
        let in_ok = |context: ContextId| {
            decided.iter().any(|failure| self.is_in_arms(context, failure.branch, &failure.if_ok))
        };
        let leaves = |event: &Event| matches!(event.kind, EventKind::Break | EventKind::Return(_));
        !self.all_events().any(|event| leaves(event) && in_ok(event.context))
    }

    /// Whether the context is inside a loop of the body.
    pub fn in_loop(&self, context: ContextId) -> bool {
        self.outwards(context).any(|context| context.kind.is_loop())
    }
}
