//! Room 5, *program*: what hands a kept handle out, and what exists for it alone.

use super::super::Program;
use super::super::bodies::{LinkedBody, Target, settled};
use super::super::inventory::Scope;
use super::super::items::{AdtId, AdtShape, FnId, StaticId};
use super::super::summaries::{Effect, Holder, Lifetime};
use super::super::types::Ty;
use super::super::values::Value;
use super::creations::Key;
use super::{Accessor, Contract, Part};
use crate::catalog::CallRole;
use crate::facts::Name;

/// What a function gives back.
enum Gift {
    /// The handle.
    Handle,
    /// The value that keeps it.
    Keeper,
}

impl<'a> Program<'a> {
    /// The functions that hand out what a static or field keeps.
    pub(super) fn accessors_of(&self, key: &Key) -> Vec<Accessor> {
        let keepers = match key {
            Key::Static(_) => Vec::new(),
            Key::Field(adt, _) => self.statics_with(*adt),
            Key::Variable(..) => return Vec::new(),
        };
        let mut found: Vec<(FnId, Gift)> = Vec::new();
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let id = FnId(index as u32);
            if item.scope == Scope::Production && item.signature.is_some() {
                found.extend(self.gift_of(id, key, &keepers).map(|gift| (id, gift)));
            }
        }
        let ids: Vec<FnId> = found.iter().map(|(id, _)| *id).collect();
        let mut accessors: Vec<Accessor> =
            found.into_iter().map(|(id, gift)| self.accessor(id, gift, &ids)).collect();
        accessors.sort_by(|a, b| (a.location, &a.path).cmp(&(b.location, &b.path)));
        accessors.dedup_by(|later, first| later.location == first.location);
        accessors
    }

    /// What a function gives back of a key's handle, if anything.
    fn gift_of(&self, id: FnId, key: &Key, keepers: &[StaticId]) -> Option<Gift> {
        let output = &self.types.signature(id).output;
        if *output == Ty::unit() || *output == Ty::Unknown {
            return None;
        }
        let given = self.gives_back(id);
        let is_kept = |given: &Value| match key {
            Key::Static(kept) => *given.root() == Value::Static(*kept),
            Key::Field(adt, name) => match given {
                Value::Field(base, field) if field == name => match base.place() {
                    Value::Receiver => self.field_of(id, given).is_some_and(|(of, _)| of == *adt),
                    Value::Static(kept) => keepers.contains(kept),
                    _ => false,
                },
                _ => false,
            },
            Key::Variable(..) => false,
        };
        // Who finds nothing there may make the handle, and give that back.
        let hands_out = given.alternatives().iter().any(|one| is_kept(one.place()));
        if hands_out && self.types.contains_handle(settled(output)) {
            return Some(Gift::Handle);
        }
        let from_keeper = given.any(|part| matches!(part, Value::Static(kept) if keepers.contains(kept)));
        let gives_keeper = matches!(key, Key::Field(adt, _) if self.adt_behind(output) == Some(*adt));
        (from_keeper && gives_keeper).then_some(Gift::Keeper)
    }

    fn accessor(&self, id: FnId, gift: Gift, all: &[FnId]) -> Accessor {
        let body = self.any_body(id);
        let behind = body.and_then(|body| forwards_to(body, all));
        let output = &self.types.signature(id).output;
        let is_fallible = output.awaited().is_option_or_result();
        let contract = match gift {
            _ if behind.is_some() => Contract::Forwards,
            Gift::Keeper => Contract::Keeper,
            Gift::Handle if self.effects(id).iter().any(Effect::creates_handle) => Contract::Opens,
            Gift::Handle if is_fallible || body.is_some_and(waits) => Contract::Asks,
            Gift::Handle => Contract::Demands,
        };
        let signature = self.types.items.functions[id.index()].signature;
        Accessor {
            id,
            path: self.path_of(id),
            location: self.declaration(id),
            contract,
            behind: behind.map(|target| self.path_of(target)),
            is_async: signature.is_some_and(|signature| signature.is_async)
                || matches!(output, Ty::Future(_)),
            is_fallible,
            returns: self.types.display(settled(output)),
            is_method: signature.is_some_and(|signature| signature.receiver.is_some()),
        }
    }

    /// The statics that keep a value of the type.
    fn statics_with(&self, adt: AdtId) -> Vec<StaticId> {
        let statics = (0..self.types.items.statics.len()).map(|index| StaticId(index as u32));
        statics.filter(|id| names(self.types.static_type(*id), adt)).collect()
    }

    /// What exists for a field that keeps a handle: its type, where that keeps nothing else, the statics with a value of
    /// it, and the methods that fill it.
    pub(super) fn parts_of(&self, adt: AdtId, field: &Name) -> Vec<Part> {
        let mut parts = Vec::new();
        let item = &self.types.items.adts[adt.index()];
        let alone = matches!(item.shape, AdtShape::Struct(facts) if facts.fields.list().len() == 1);
        if alone {
            parts.push(Part {
                location: item.location,
                path: self.adt_path(adt),
                does: "has nothing but the handle",
            });
            for id in self.statics_with(adt) {
                let does = "keeps a value of it";
                parts.push(Part { location: self.static_location(id), path: self.static_path(id), does });
            }
        }
        for (id, _) in self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production) {
            let fills = self.effects(id).iter().any(|effect| match &effect.lifetime {
                Lifetime::Held(Holder::Place(place)) if effect.creates_handle() => {
                    self.field_of(id, place).is_some_and(|(of, name)| of == adt && name == *field)
                }
                _ => false,
            });
            if fills {
                parts.push(Part { location: self.declaration(id), path: self.path_of(id), does: "fills it" });
            }
        }
        parts.sort();
        parts.dedup_by(|later, first| later.location == first.location);
        parts
    }
}

/// Whether a type of the workspace occurs in a type, as it is written.
pub(super) fn names(ty: &Ty, adt: AdtId) -> bool {
    let mut pending = vec![ty];
    let mut left = 16;
    while let Some(ty) = pending.pop().filter(|_| left > 0) {
        left -= 1;
        match ty {
            Ty::Adt(id, _) if *id == adt => return true,
            Ty::External(_, args) => pending.extend(args.iter()),
            Ty::Future(inner) => pending.push(inner),
            _ => {}
        }
    }
    false
}

/// Whether a body waits until somebody filled a cell.
fn waits(body: &LinkedBody<'_>) -> bool {
    body.calls
        .iter()
        .any(|call| matches!(call.target, Target::Library(facts) if facts.role == CallRole::OnceWait))
}

/// The accessor that a body calls and gives back, when it does nothing else.
fn forwards_to(body: &LinkedBody<'_>, accessors: &[FnId]) -> Option<FnId> {
    let mut behind = None;
    for call in &body.calls {
        match &call.target {
            Target::Local { targets, dispatched: false } => match targets.as_slice() {
                [only] if accessors.contains(only) && behind.is_none() => behind = Some(*only),
                _ => return None,
            },
            Target::Library(facts) if matches!(facts.role, CallRole::Adapt | CallRole::Share) => {}
            _ => return None,
        }
    }
    behind
}
