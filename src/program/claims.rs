//! Room 5, *program*: flags that let only the first caller do the work, and what becomes of the callers that come
//! while it is still at it.

use super::bodies::{Call, CallId, EventKind, LinkedBody, Target, settled};
use super::flow::{Test, What, Written, controls};
use super::items::{Container, FnId};
use super::summaries::{Effect, EffectKind, Step};
use super::types::{TraitRef, Ty};
use super::values::Value;
use super::{Program, bodies, initializes};
use crate::catalog::CallRole;
use crate::location::Span;

/// How deep a function that a late caller goes through is looked at for something that makes it wait.
const DEPTH: usize = 3;

/// A flag that is raised before the work it stands for.
#[derive(Debug)]
pub struct Claim<'p> {
    /// The flag, over the function's parameters.
    pub flag: Value,
    /// Whether it is tested and raised in two steps, so that several callers can be the first.
    pub apart: bool,
    /// The test, or the call that is both.
    pub tested: Span,
    /// Where it is raised.
    pub raised: Span,
    /// The work that follows: handles created, schemas changed.
    pub effects: Vec<&'p Effect>,
    /// What the others do meanwhile.
    pub loser: Loser,
    /// Whether the function lowers the flag anywhere.
    pub lowered: bool,
}

/// What a caller does that finds the flag raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loser {
    /// It leaves, and its caller cannot tell that the work is not done.
    Returns,
    /// It goes on with what follows the work.
    GoesOn,
    /// It takes what the work has not put there yet, and panics.
    Panics(Span),
}

impl Program<'_> {
    /// The claims of a function whose losers neither wait nor are told. Quadratic in what happens in the function, and for each pair
    /// linear in the branches around.
    pub fn claims(&self, id: FnId) -> Vec<Claim<'_>> {
        let Some(body) = self.body(id) else { return Vec::new() };
        let happenings = self.happenings(id);
        let mut found: Vec<Claim<'_>> = Vec::new();
        for (at, happening) in happenings.iter().enumerate() {
            let What::Write(write) = &happening.what else { continue };
            if !raises(write) || write.once_cell || !self.is_shared(id, &write.place) {
                continue;
            }
            let tests = happenings.iter().enumerate().filter_map(|(index, one)| match &one.what {
                What::Test(test) if test.place == write.place => Some((index, one, test)),
                _ => None,
            });
            // What changes the flag and tells what it was is tested after the change, everything else before.
            let mut tests = tests.filter(|(index, one, test)| match test.claim {
                Some(call) => write.atomic && body.call(call).span == write.span,
                None => {
                    !write.atomic
                        && *index < at
                        && controls(body, test, happening.context)
                        && !body.exclusive(one.context, happening.context)
                }
            });
            let Some((_, _, test)) = tests.next() else { continue };
            let effects: Vec<&Effect> = happenings[at..]
                .iter()
                .filter_map(|one| match &one.what {
                    What::Effect(effect)
                        if controls(body, test, one.context)
                            && !body.exclusive(happening.context, one.context)
                            && is_work(effect)
                            && !is_excluded(body, effect, test, write) =>
                    {
                        Some(*effect)
                    }
                    _ => None,
                })
                .collect();
            let lowered =
                happenings.iter().any(|one| matches!(&one.what, What::Write(other) if lowers(other, write)));
            let only_migrates = effects.iter().all(|effect| effect.kind == EffectKind::Migrate);
            // Who lowers the flag after changing a schema keeps two runs apart: it does not say that one is done.
            if effects.is_empty() || (only_migrates && (lowered || self.lowers_on_drop())) {
                continue;
            }
            let Some(loser) = self.loser(id, body, test, only_migrates) else { continue };
            let apart = !write.atomic && !test.shares_lock(write);
            let tested = test.claim.map_or(test.span, |call| body.call(call).span);
            found.push(Claim {
                flag: write.place.clone(),
                apart,
                tested,
                raised: write.span,
                effects,
                loser,
                lowered,
            });
        }
        found
    }

    fn loser(&self, id: FnId, body: &LinkedBody<'_>, test: &Test, only_migrates: bool) -> Option<Loser> {
        let told = *settled(&self.types.signature(id).output) != Ty::unit();
        let arm_of_loser = |context| {
            body.arms(context)
                .find(|(branch, _, _)| *branch == test.branch)
                .map(|(_, arm, _)| test.present.contains(&arm))
        };
        let from = |call: &&Call<'_>| call.span.starts_after(test.span);
        let own = || body.calls.iter().filter(|call| arm_of_loser(call.context) == Some(true));
        let leaves =
            !test.present.is_empty() && test.present.iter().all(|arm| body.leaves(test.branch, *arm));
        if own().any(|call| self.holds_up(call, 0))
            || self.loops_or_waits(body, &|context| arm_of_loser(context) == Some(true))
        {
            return None;
        }
        if leaves {
            let events = body.all_events();
            let mut returned = events.filter_map(|event| match &event.kind {
                EventKind::Return(value) if arm_of_loser(event.context) == Some(true) => Some(value),
                _ => None,
            });
            let returns = returned.next().is_some_and(|value| !body.is_failure(value));
            return (returns && !told).then_some(Loser::Returns);
        }
        let after = |context| arm_of_loser(context).is_none();
        let rest = || body.calls.iter().filter(|call| after(call.context)).filter(from);
        if rest().any(|call| self.holds_up(call, 0)) || own().any(bodies::fails) {
            return None;
        }
        let panics = rest().find(|call| {
            let demands = matches!(call.target, Target::Library(facts) if facts.panics.is_some());
            demands && call.receiver.as_ref().is_some_and(|on| matches!(on.value, Value::Content(_)))
        });
        match panics {
            Some(call) => Some(Loser::Panics(call.span)),
            None if only_migrates || !told => Some(Loser::GoesOn),
            None => None,
        }
    }

    /// Whether a call makes its caller wait for somebody: a lock, a cell, a signal, a pause, a loop; also inside
    /// functions of the workspace.
    pub(super) fn holds_up(&self, call: &Call<'_>, depth: usize) -> bool {
        if self.waits(call) {
            return true;
        }
        match &call.target {
            Target::Library(facts) => {
                matches!(facts.role, CallRole::Lock | CallRole::OnceWait | CallRole::OnceInit)
                    || is_pause(&facts.path)
            }
            Target::External(path) => is_pause(path),
            Target::Unknown(name) => is_pause(name),
            Target::Local { targets, .. } => targets.iter().any(|target| {
                if depth >= DEPTH {
                    return true;
                }
                let Some(body) = self.any_body(*target) else { return false };
                self.loops_or_waits(body, &|_| true)
                    || body.calls.iter().any(|call| self.holds_up(call, depth + 1))
            }),
            Target::Block(_) => false,
        }
    }

    fn loops_or_waits(&self, body: &LinkedBody<'_>, inside: &dyn Fn(bodies::ContextId) -> bool) -> bool {
        let loops = body
            .contexts
            .iter()
            .enumerate()
            .any(|(index, context)| context.kind.is_loop() && inside(bodies::ContextId(index as u32)));
        let mut events = body.all_events();
        loops
            || events.any(|event| {
                matches!(event.kind, EventKind::Wait | EventKind::Join(_)) && inside(event.context)
            })
    }

    /// Whether a function runs where a value of its type is dropped.
    pub(super) fn is_run_on_drop(&self, id: FnId) -> bool {
        self.is_method_of(id, "std::ops::Drop")
    }

    /// Whether a function makes a clone of a value of its type.
    pub fn makes_a_clone(&self, id: FnId) -> bool {
        self.is_method_of(id, "std::clone::Clone")
    }

    /// Whether a function belongs to an implementation of a trait of a library.
    fn is_method_of(&self, id: FnId, wanted: &str) -> bool {
        match self.types.items.functions[id.index()].container {
            Container::Impl(block) => {
                matches!(self.types.impl_trait(block), Some(TraitRef::External(path)) if path.as_str() == wanted)
            }
            _ => false,
        }
    }

    /// Whether something in the workspace lowers a flag when it is dropped. Which flag, and whether it is alive during
    /// the work, is not followed.
    fn lowers_on_drop(&self) -> bool {
        self.types.items.function_ids().filter(|id| self.is_run_on_drop(*id)).any(|id| {
            self.any_body(id).is_some_and(|body| {
                body.events.iter().any(|event| match &event.kind {
                    EventKind::Write(write) => matches!(write.value, Value::Bool(false) | Value::Number(0)),
                    _ => false,
                })
            })
        })
    }
}

/// Whether a write says that somebody is at it, or done: anything but `false` and 0.
fn raises(write: &Written) -> bool {
    match &write.value {
        Value::Bool(raised) => *raised,
        Value::Number(number) => *number != 0,
        // `call_once` writes no value, and a named state may be any.
        _ => write.atomic,
    }
}

fn lowers(other: &Written, write: &Written) -> bool {
    other.place == write.place && matches!(other.value, Value::Bool(false) | Value::Number(0))
}

/// A handle that stays, or a schema change, made by the one who raised the flag and before it goes on.
fn is_work(effect: &Effect) -> bool {
    initializes(effect)
        && effect.once.is_none()
        && !effect.has_time(|time| {
            !matches!(time, bodies::Time::Inline | bodies::Time::Parallel(_) | bodies::Time::Maybe(_))
        })
}

/// Whether the work is done under the lock that the flag was tested and raised under.
fn is_excluded(body: &LinkedBody<'_>, effect: &Effect, test: &Test, write: &Written) -> bool {
    let Step::Call(_, call) = effect.steps[0] else { return false };
    let held = &body.call(call).guards;
    let taken = |lock: &CallId| held.contains(lock);
    test.guards.iter().any(taken) || write.guards.iter().any(taken) || write.lock.iter().any(taken)
}

fn is_pause(path: &str) -> bool {
    matches!(
        path.rsplit("::").next(),
        Some("sleep" | "sleep_until" | "yield_now" | "spin_loop" | "park" | "acquire")
    )
}
