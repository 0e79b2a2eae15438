//! Room 5, *program*: the methods of an object that look into a place which it keeps, and what they do when nothing is there.

use super::Program;
use super::bodies::{Call, EventKind, LinkedBody, Target, Time, settled};
use super::entries::Entry;
use super::flow::What;
use super::inventory::Scope;
use super::items::{AdtId, FnId, StaticId};
use super::summaries::{Effect, Holder, Lifetime, Step};
use super::terms::type_of;
use super::types::Ty;
use super::values::Value;
use crate::facts::Name;

/// A field of a type of the workspace.
type Kept = (AdtId, Name);

impl Program<'_> {
    /// Whether all who look into the place that a task of the function fills wait for it, or for a signal: the function gives
    /// back an object that keeps the place, and each method that reads it waits. `made` is what the task makes, as any
    /// caller sees it. Linear in the functions of the program.
    pub fn readers_wait(&self, function: FnId, made: &Effect) -> bool {
        let own = self.effects(function).iter().find(|effect| effect.site == made.site);
        let (Some(Lifetime::Held(Holder::Place(place))), Some(body)) =
            (own.map(|effect| &effect.lifetime), self.body(function))
        else {
            return false;
        };
        let given = match settled(&self.types.signature(function).output) {
            Ty::Adt(adt, _) => Some(*adt),
            _ => None,
        };
        let mut kept: Vec<Kept> = Vec::new();
        body.result.visit(&mut |part| {
            let (adt, fields) = match part {
                Value::Record(adt, _, fields) => (Some(*adt), fields),
                Value::With(_, fields) => (given, fields),
                _ => return,
            };
            let fields = fields.iter().filter(|(_, value)| value == place);
            kept.extend(
                adt.into_iter().flat_map(|adt| fields.clone().map(move |(name, _)| (adt, name.clone()))),
            );
        });
        let waits = |kept: &Kept| {
            let mut waits: Vec<bool> = Vec::new();
            self.each_method(kept.0, |body| {
                if reads(body, &kept.1) {
                    waits.push(body.calls.iter().any(|call| self.waits(call)));
                }
            });
            !waits.is_empty() && waits.iter().all(|waits| *waits)
        };
        !kept.is_empty() && kept.iter().all(waits)
    }

    /// Whether a schema change that fails leaves a static empty, and those who use the static look whether something is there: a function
    /// on the way changes, and only then fills the static with the handle that it opened before, or a once cell with whatever uses the
    /// schema. Linear in the functions of the program.
    pub fn is_missed(&self, change: &Effect) -> bool {
        change.steps.iter().rev().any(|step| {
            let Step::Call(function, call) = *step else { return false };
            let Some(body) = self.body(function) else { return false };
            let own = self.effects(function);
            let Some(at) = own.iter().position(|own| own.site == change.site) else { return false };
            let opened = own[..at].iter().filter(|own| own.creates_handle());
            let kept: Vec<Value> = opened.filter_map(Effect::kept_in).collect();
            body.call(self.run_by(body, call)).outcome.propagated
                && self.happenings(function).iter().any(|one| {
                    let What::Write(write) = &one.what else { return false };
                    let Value::Static(cell) = write.place else { return false };
                    write.span.starts_after(body.call(call).span)
                        && (write.once_cell || kept.contains(&write.place))
                        && self.cell_is_looked_at(cell)
                })
        })
    }

    /// Whether requests make by themselves what a task makes for a once cell, where they come first.
    pub fn is_made_by_requests_too(&self, entry: &Entry, effect: &Effect) -> bool {
        let by_request = |other: &Effect| other.has_time(|time| matches!(time, Time::Handler(_)));
        effect.once.is_some()
            && self
                .effects(entry.main)
                .iter()
                .any(|other| other.site == effect.site && other.once.is_some() && by_request(other))
    }

    /// Whether somebody who does not fill a static tests whether something is in it, and nobody takes it for granted.
    fn cell_is_looked_at(&self, cell: StaticId) -> bool {
        let (mut looks, mut demands) = (false, false);
        for id in self.users_of_static(cell).filter(|id| self.scope(*id) == Scope::Production) {
            let Some(body) = self.any_body(id) else { continue };
            let is_it = |value: &Value| *value.place() == Value::Static(cell);
            let fills = body
                .all_events()
                .any(|event| matches!(&event.kind, EventKind::Write(write) if is_it(&write.place)));
            let says = matches!(&body.result, Value::Test { place, .. } if is_it(place));
            looks |= !fills && (is_tested(body, is_it) || says);
            demands |= is_demanded(body, is_it);
        }
        looks && !demands
    }

    /// Whether an object keeps what an effect makes in a field whose readers look whether it is there, or a static does: one of
    /// them looks, and none takes it for granted. Linear in the functions of the program.
    pub fn readers_look(&self, effect: &Effect) -> bool {
        if let Some(Value::Static(cell)) = effect.kept_in() {
            return self.cell_is_looked_at(cell);
        }
        let keeper = effect.steps.iter().rev().find_map(|step| {
            let Step::Call(function, _) = *step else { return None };
            let own = self.effects(function).iter().find(|own| own.site == effect.site)?;
            let Lifetime::Held(Holder::Place(place)) = &own.lifetime else { return None };
            let (Value::Field(owner, name), Some(Ty::Adt(adt, _))) =
                (place.place(), &self.types.signature(function).self_ty)
            else {
                return None;
            };
            (**owner == Value::Receiver).then(|| (*adt, name.clone()))
        });
        let Some(kept) = keeper else { return false };
        let (mut looks, mut demands) = (false, false);
        let production = self.types.items.function_ids().filter(|id| self.scope(*id) == Scope::Production);
        for (id, body) in production.filter_map(|id| Some((id, self.any_body(id)?))) {
            let is_it = |value: &Value| self.is_kept_field(id, value, &kept);
            looks |= is_tested(body, is_it);
            demands |= is_demanded(body, is_it);
        }
        looks && !demands
    }

    /// Whether a value is a field of an object that a function is given or is a method of, or what is in the field.
    fn is_kept_field(&self, id: FnId, value: &Value, (keeper, field): &Kept) -> bool {
        let Value::Field(owner, name) = value.place() else { return false };
        let is_keeper = |ty: Ty| matches!(ty, Ty::Adt(adt, _) if adt == *keeper);
        name == field
            && type_of(self.types, id, owner).is_some_and(|ty| self.types.pointees(ty).any(is_keeper))
    }

    fn each_method(&self, owner: AdtId, mut visit: impl FnMut(&LinkedBody<'_>)) {
        for id in self.types.items.function_ids() {
            if matches!(self.types.signature(id).self_ty, Some(Ty::Adt(adt, _)) if adt == owner)
                && let Some(body) = self.any_body(id)
            {
                visit(body);
            }
        }
    }
}

/// Whether a method calls something on a field of its object.
fn reads(body: &LinkedBody<'_>, field: &Name) -> bool {
    let on_field = |value: &Value| is_field(value, field);
    body.calls.iter().any(|call| call.receiver.as_ref().is_some_and(|on| on_field(&on.value)))
}

/// Whether a value is a field of the method's object, or what is in it.
fn is_field(value: &Value, field: &Name) -> bool {
    matches!(value.place(), Value::Field(owner, name) if **owner == Value::Receiver && name == field)
}

/// Whether a body decides by whether something is in a place: a branch tests it, or `?` hands on that nothing is.
fn is_tested(body: &LinkedBody<'_>, is_it: impl Fn(&Value) -> bool) -> bool {
    let tested = body.all_events().any(|event| match &event.kind {
        EventKind::Branch(branching) => branching.atoms.iter().any(|atom| is_it(atom.tested())),
        _ => false,
    });
    tested || body.decided_by.iter().any(|(_, value)| is_it(value))
}

/// Whether a body takes for granted that something is in a place: it panics when nothing is, by a library's function or by itself.
fn is_demanded(body: &LinkedBody<'_>, is_it: impl Fn(&Value) -> bool) -> bool {
    let gives_up = |branch: u32, arm: u32| {
        let mut inside = body.all_events().filter(|event| body.is_directly_in(event.context, branch, arm));
        body.leaves(branch, arm)
            && !inside.any(|event| matches!(event.kind, EventKind::Return(_) | EventKind::Break))
    };
    let panics_by_hand = body.all_events().any(|event| {
        let EventKind::Branch(branching) = &event.kind else { return false };
        branching.atoms.iter().any(|atom| {
            is_it(atom.tested()) && atom.arms_when(false).iter().any(|arm| gives_up(branching.branch, *arm))
        })
    });
    // Who has looked before finds it there: what is in such a place stays.
    let is_settled = |call: &Call<'_>| {
        body.all_events().any(|event| {
            let EventKind::Branch(branching) = &event.kind else { return false };
            let mut looks = branching.atoms.iter().filter(|atom| is_it(atom.tested()));
            looks.any(|atom| {
                let goes =
                    |arm: &u32| body.leaves(branching.branch, *arm) && !gives_up(branching.branch, *arm);
                let absent = atom.arms_when(false);
                body.is_in_arms(call.context, branching.branch, atom.arms_when(true))
                    || call.span.starts_after(branching.span) && !absent.is_empty() && absent.iter().all(goes)
            })
        })
    };
    panics_by_hand
        || body.calls.iter().any(|call| {
            let panics = matches!(call.target, Target::Library(facts) if facts.panics.is_some());
            (panics || body.gives_up_instead(call))
                && call.receiver.as_ref().is_some_and(|on| is_it(&on.value))
                && !is_settled(call)
        })
}
