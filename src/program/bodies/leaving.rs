//! Room 5, *program*: loops, and the ways out of them and of the body.

use std::sync::Arc;

use super::super::types::Ty;
use super::super::values::Value;
use super::conditions::join;
use super::walk::{Typed, Walk};
use super::{
    Atom, Block, Call, CallId, ContextKind, Event, EventKind, Failure, LinkedBody, Target, Time, Turns,
};
use crate::catalog::CallRole;
use crate::facts::{ExprId, ExprKind, Pat};

impl Walk<'_, '_> {
    /// `loop { … }`, whose value is what leaves it by `break`.
    pub(super) fn loop_without_condition(&mut self, id: ExprId, body: ExprId) -> Typed {
        let turns = if self.body.goes_on(id) { Turns::Endless } else { Turns::UntilLeft };
        self.broken_out.push(Vec::new());
        self.looped(turns, |walk| {
            walk.expr(body);
        });
        match self.broken_out.pop() {
            Some(given) if !given.is_empty() => join(given),
            _ => Typed::unknown(),
        }
    }

    pub(super) fn while_loop(&mut self, condition: ExprId, body: ExprId) -> Typed {
        self.looped(Turns::UntilLeft, |walk| {
            let atoms = walk.condition(condition);
            let branch = walk.new_branch();
            walk.emit_branch(branch, atoms, walk.body.expr(condition).span);
            walk.arm(branch, 0, |walk| walk.expr(body));
        });
        Typed::unit()
    }

    pub(super) fn for_loop(&mut self, pat: &Pat, iterable: ExprId, body: ExprId) -> Typed {
        let list = self.expr(iterable);
        let element = Typed::new(self.element_type(&list.ty), Value::Element(Arc::new(list.value)));
        let turns = match self.body.expr(iterable).kind {
            // `for number in 0..`
            ExprKind::Range(_, None) => Turns::UntilLeft,
            _ => Turns::EachItem,
        };
        self.looped(turns, |walk| {
            walk.bind(pat, &element, true);
            walk.expr(body);
        });
        Typed::unit()
    }

    /// Walks one turn of a loop in a context and a scope of its own.
    fn looped(&mut self, turns: Turns, walk: impl FnOnce(&mut Self)) {
        let (diverged, broke) = (self.diverged, self.broke);
        let outer = self.enter(ContextKind::Loop(turns));
        let scope = self.locals.len();
        walk(self);
        self.locals.truncate(scope);
        self.context = outer;
        self.diverged = diverged;
        self.broke = broke;
    }

    pub(super) fn return_from(&mut self, value: Option<ExprId>) -> Typed {
        let value = value.map_or_else(Typed::unit, |value| self.expr(value)).value;
        self.poll(&value, Time::Inline);
        self.emit(EventKind::Return(value.clone()));
        self.returned.push(value);
        self.diverge()
    }

    /// Leaves the body with an error that a macro makes.
    pub(super) fn return_error(&mut self) -> Typed {
        let error = Value::Origin(Arc::from("std::result::Result::Err"), Arc::from([]));
        self.emit(EventKind::Return(error));
        self.diverge()
    }

    pub(super) fn break_out(&mut self, value: Option<ExprId>) -> Typed {
        if let Some(value) = value {
            let value = self.expr(value);
            // A value leaves a `loop`, and this is the innermost one but for labels, which are rare.
            if let Some(given) = self.broken_out.last_mut() {
                given.push((value, false));
            }
        }
        self.emit(EventKind::Break);
        self.broke = true;
        self.diverge()
    }

    /// What nothing comes after.
    pub(super) fn diverge(&mut self) -> Typed {
        self.diverged = true;
        Typed::new(Ty::Never, Value::Unknown)
    }
}

impl LinkedBody<'_> {
    /// Whether what a call gives is in what the body gives, at its end or by `return`.
    pub(in crate::program) fn hands_back(&self, call: CallId) -> bool {
        let given = Value::Call(call);
        let returns =
            |event: &Event| matches!(&event.kind, EventKind::Return(value) if value.contains(&given));
        self.result.contains(&given) || self.all_events().any(returns)
    }

    /// Whether every arm that is taken when a call failed panics: `match connect() { Ok(pool) => pool, Err(error) => panic!("{error}") }`.
    pub(in crate::program) fn panics_on_failure(&self, call: CallId) -> bool {
        let failures = self.failures();
        let mut own = failures.iter().filter(|failure| failure.call == call && !failure.arms.is_empty());
        own.any(|failure| {
            let is_left = |event: &Event| {
                matches!(event.kind, EventKind::Return(_) | EventKind::Break)
                    && self.is_on_failure(event.context, failure)
            };
            failure.arms.iter().all(|arm| self.leaves(failure.branch, *arm))
                && !self.all_events().any(is_left)
                && !self
                    .calls
                    .iter()
                    .any(|call| call.ends_the_process() && self.is_on_failure(call.context, failure))
        })
    }

    /// Whether a call gives up where there is nothing: `unwrap_or_else` with a closure that panics or exits.
    pub fn gives_up_instead(&self, call: &Call<'_>) -> bool {
        call.name_of_callee() == Some("unwrap_or_else") && self.closures_of(call).any(|block| block.diverges)
    }

    /// Whether the process ends by itself in what such a call runs.
    pub(super) fn exits_instead(&self, call: &Call<'_>) -> bool {
        self.closures_of(call).any(|block| {
            let mut inside = self.calls.iter().filter(|call| call.context == block.context);
            inside.any(Call::ends_the_process)
        })
    }

    /// The closures that a call is given.
    pub(in crate::program) fn closures_of(&self, call: &Call<'_>) -> impl Iterator<Item = &Block> {
        call.args.iter().filter_map(|argument| match argument.value {
            Value::Block(block) => Some(&self.blocks[block.0 as usize]),
            _ => None,
        })
    }

    /// Whether errors are told apart where a call failed: somebody thought of them.
    pub(in crate::program) fn tells_apart(&self, failure: &Failure) -> bool {
        // How many of something there are says nothing of an error.
        let counts = |atom: &Atom| matches!(&atom.value, Value::Test { place, .. } if matches!(**place, Value::Element(_)));
        self.all_events().any(|event| match &event.kind {
            EventKind::Branch(branching) => {
                !branching.atoms.iter().all(counts) && self.is_on_failure(event.context, failure)
            }
            _ => false,
        })
    }

    /// Whether that is so where a call failed, in any of the branches that look at it.
    pub(in crate::program) fn tells_failures_apart(&self, failed: CallId) -> bool {
        self.failures().iter().any(|failure| failure.call == failed && self.tells_apart(failure))
    }

    /// The call that starts the task which gives what a call in it gives.
    pub(in crate::program) fn task_that_gives(&self, call: CallId) -> Option<CallId> {
        let given = Value::Call(call);
        self.blocks.iter().find_map(|block| match block.time {
            Some(Time::Task(task)) if block.result.contains(&given) => Some(task),
            _ => None,
        })
    }

    /// Whether the body waits, on every way on from there, for a task that one of its calls starts: by its handle, in a loop over a list
    /// that the handle is put in, or for all of the set that it is started in. Whoever waits for a while, or for something else as well,
    /// does not.
    pub(in crate::program) fn waits_for(&self, task: CallId) -> bool {
        let started = self.call(task).context;
        let is_joined = |event: &Event| {
            matches!(event.kind, EventKind::Join(joined) if joined == task)
                && self.encloses(event.context, started)
        };
        let mut given =
            self.calls.iter().filter(|call| call.args.iter().any(|one| one.value == Value::Call(task)));
        let in_turn = || {
            self.all_events()
                .any(|event| matches!(event.kind, EventKind::Wait) && self.in_loop(event.context))
        };
        let set = self.call(task).receiver.as_ref().map(|set| &set.value);
        let set = set.filter(|set| **set != Value::Unknown && !self.result.contains(set));
        let waits_for_set = || {
            self.calls.iter().any(|call| {
                matches!(call.target, Target::Library(facts) if facts.role == CallRole::WaitTasks)
                    && call.receiver.as_ref().is_some_and(|waited| Some(&waited.value) == set)
            })
        };
        match given.next().is_some() {
            true => in_turn(),
            false => self.all_events().any(is_joined) || waits_for_set(),
        }
    }
}
