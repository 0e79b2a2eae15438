//! Room 5, *program*: guards that are part of a value, and where values of their type are made.

use std::collections::BTreeSet;

use super::bodies::{CallId, EventKind, LinkedBody, Target, Time};
use super::flow::{What, controls};
use super::inventory::Scope;
use super::items::{AdtId, AdtShape, FnId};
use super::summaries::{Effect, EffectKind};
use super::types::Ty;
use super::values::Value;
use super::{Program, bodies};
use crate::catalog::CallRole;
use crate::facts::TypeRef;
use crate::location::{Location, Span};

/// Something that concerns the whole process, done under a guard that belongs to one value.
#[derive(Debug)]
pub struct OwnGuard<'p> {
    /// The field of `self` that guards.
    pub guard: Value,
    /// The type that has the field.
    pub owner: AdtId,
    /// Where the guard is taken or asked.
    pub taken: Span,
    /// What is done.
    pub effect: &'p Effect,
    /// The static that is filled; `None` where the schema is changed.
    pub fills: Option<Value>,
}

/// A place where a value is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Construction {
    /// The call of a constructor.
    pub location: Location,
    /// Whether it is made in a loop, a handler or a task, or in what these call.
    pub again_and_again: bool,
}

impl Program<'_> {
    /// What a method does for the whole process under a lock or once cell of its own `self`.
    pub fn own_guards(&self, id: FnId) -> Vec<OwnGuard<'_>> {
        let (Some(body), Some(Ty::Adt(owner, _))) = (self.body(id), &self.types.signature(id).self_ty) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for effect in self.effects(id) {
            let Some(once) = effect.once.as_ref().filter(|once| self.is_own_guard(id, once)) else {
                continue;
            };
            let fills = static_of(effect);
            // What is opened under the guard at an address of the object is the object's own.
            let own_address = self.effects(id).iter().any(|other| {
                let of_self = other
                    .address
                    .any(|part| matches!(part, Value::Field(owner, _) if **owner == Value::Receiver));
                of_self && other.creates_handle() && other.once.as_ref() == Some(once)
            });
            if own_address {
                continue;
            }
            if (fills.is_some() || effect.kind == EffectKind::Migrate)
                && let Some(taken) = asked_at(body, once)
            {
                found.push(OwnGuard { guard: once.clone(), owner: *owner, taken, effect, fills });
            }
        }
        let happenings = self.happenings(id);
        for (at, happening) in happenings.iter().enumerate() {
            let What::Write(write) = &happening.what else { continue };
            if !matches!(write.place, Value::Static(_)) {
                continue;
            }
            let guard = write.guards.iter().find_map(|lock| self.own_lock(id, body, *lock));
            let Some((guard, taken)) = guard else { continue };
            let tested = happenings[..at].iter().any(
                |one| matches!(&one.what, What::Test(test) if test.place == write.place && controls(body, test, happening.context)),
            );
            let effect = happenings[..at].iter().find_map(|one| match &one.what {
                What::Effect(effect) if static_of(effect).as_ref() == Some(&write.place) => Some(*effect),
                _ => None,
            });
            if let (true, Some(effect)) = (tested, effect) {
                found.push(OwnGuard {
                    guard,
                    owner: *owner,
                    taken,
                    effect,
                    fills: Some(write.place.clone()),
                });
            }
        }
        found
    }

    /// Where production code makes values of a type, by calls of its constructors. Linear in functions and calls.
    pub fn constructions(&self, owner: AdtId) -> Vec<Construction> {
        let functions = &self.types.items.functions;
        let makes = |id: &FnId| {
            let signature = self.types.signature(*id);
            let own = matches!(&signature.self_ty, Some(Ty::Adt(adt, _)) if *adt == owner);
            let free = functions[id.index()].signature.is_some_and(|signature| signature.receiver.is_none());
            own && free && matches!(bodies::settled(&signature.output), Ty::Adt(adt, _) if *adt == owner)
        };
        let makers: Vec<FnId> = self.types.items.function_ids().filter(makes).collect();
        let again = self.run_again_and_again();
        let callers: BTreeSet<FnId> =
            makers.iter().flat_map(|maker| &self.graph.callers[maker.index()]).copied().collect();
        let mut found = Vec::new();
        for caller in callers {
            if makers.contains(&caller) || self.scope(caller) != Scope::Production {
                continue;
            }
            let Some(body) = self.any_body(caller) else { continue };
            for event in body.all_events() {
                let EventKind::Call { call, time } = event.kind else { continue };
                let call = body.call(call);
                let makes = matches!(&call.target, Target::Local { targets, .. } if targets.iter().any(|target| makers.contains(target)));
                let times = || body.times_around(event.context).chain([time]);
                if !makes || times().any(|time| matches!(time, Time::Once(_) | Time::FirstUse(_))) {
                    continue;
                }
                let beside =
                    times().any(|time| matches!(time, Time::Task(_) | Time::Handler(_) | Time::PerWorker(_)));
                found.push(Construction {
                    location: self.location(caller, call.span),
                    again_and_again: again[caller.index()] || beside || body.in_loop(event.context),
                });
            }
        }
        found.sort_by_key(|construction| construction.location);
        found
    }

    /// Whether all that is seen to come to a function is `main`, in line, and at most one task that is started once:
    /// nothing is known to be in it twice at a time. Linear in the callers, theirs included, and what they call.
    pub fn is_in_one_task(&self, id: FnId) -> bool {
        let mut seen = BTreeSet::from([id]);
        let mut stack = vec![id];
        let mut tasks = 0;
        while let Some(current) = stack.pop() {
            let callers = self.graph.callers[current.index()].iter().copied();
            let callers: Vec<FnId> =
                callers.filter(|caller| self.scope(*caller) == Scope::Production).collect();
            let starts = self.entries.iter().any(|entry| entry.main == current);
            if (callers.is_empty() && !starts) || self.is_called_by_library(current) {
                return false;
            }
            for caller in callers {
                let Some(body) = self.any_body(caller) else { return false };
                for event in body.all_events() {
                    let EventKind::Call { call, time } = event.kind else { continue };
                    if !body.call(call).leads_to(current) {
                        continue;
                    }
                    for time in body.times_around(event.context).chain([time]) {
                        match time {
                            Time::Inline | Time::Parallel(_) | Time::Once(_) | Time::FirstUse(_) => {}
                            Time::Task(_) if !body.in_loop(event.context) => tasks += 1,
                            _ => return false,
                        }
                    }
                }
                if seen.insert(caller) {
                    stack.push(caller);
                }
            }
        }
        tasks <= 1
    }

    /// Per function: whether a handler, task or worker of the workspace comes to it.
    fn run_again_and_again(&self) -> Vec<bool> {
        let mut marked = vec![false; self.sketches.len()];
        let all = || self.sketches.iter().flatten().flat_map(|sketch| &sketch.callees);
        let mut stack: Vec<FnId> = all().filter(|(_, beside)| *beside).map(|(target, _)| *target).collect();
        let functions = (0..self.sketches.len()).map(|index| FnId(index as u32));
        stack.extend(functions.filter(|id| self.is_called_by_library(*id)));
        while let Some(id) = stack.pop() {
            if !std::mem::replace(&mut marked[id.index()], true) {
                let callees = self.sketches[id.index()].iter().flat_map(|sketch| &sketch.callees);
                stack.extend(callees.map(|(target, _)| *target));
            }
        }
        marked
    }

    /// The field of `self` that a call locks, and where.
    fn own_lock(&self, id: FnId, body: &LinkedBody<'_>, lock: CallId) -> Option<(Value, Span)> {
        let call = body.call(lock);
        let subject = call.receiver.as_ref().or(call.args.first())?;
        let place = subject.value.place().clone();
        self.is_own_guard(id, &place).then_some((place, call.span))
    }

    /// Whether a place is a field that each value of the type has for itself, rather than a pointer to a shared one.
    fn is_own_guard(&self, id: FnId, place: &Value) -> bool {
        match place {
            Value::Field(..) if *place.root() == Value::Receiver => {
                !self.is_behind_pointer(id, place) && !self.is_lent(id, place)
            }
            _ => false,
        }
    }

    /// Whether a field of `self` is a reference: lowered types do not say so.
    fn is_lent(&self, id: FnId, place: &Value) -> bool {
        let mut current = place;
        let field = loop {
            match current {
                Value::Field(inner, field) if **inner == Value::Receiver => break field,
                Value::Field(inner, _) => current = inner,
                _ => return false,
            }
        };
        let Some(Ty::Adt(owner, _)) = &self.types.signature(id).self_ty else { return false };
        match &self.types.items.adts[owner.index()].shape {
            AdtShape::Struct(facts) => {
                facts.fields.list().iter().any(|one| one.name == *field && matches!(one.ty, TypeRef::Ref(..)))
            }
            AdtShape::Enum(_) => false,
        }
    }
}

/// The static that keeps a created handle.
fn static_of(effect: &Effect) -> Option<Value> {
    effect.kept_in().filter(|kept| effect.creates_handle() && matches!(kept, Value::Static(_)))
}

/// The call that asks the once cell at a place.
fn asked_at(body: &LinkedBody<'_>, once: &Value) -> Option<Span> {
    let asks = |call: &&bodies::Call<'_>| {
        let subject = call.receiver.as_ref().or(call.args.first());
        matches!(call.target, Target::Library(facts) if facts.role == CallRole::OnceInit)
            && subject.is_some_and(|subject| subject.value.place() == once)
    };
    body.calls.iter().find(asks).map(|call| call.span)
}
