//! Room 5, *program*: from creations on their way through a program to doors: which of them are one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bodies::{CallId, settled};
use super::super::inventory::Scope;
use super::super::items::{AdtId, Container, FnId, StaticId};
use super::super::summaries::{Effect, Holder, Lifetime, Step};
use super::super::types::Ty;
use super::super::values::Value;
use super::super::{Program, reach};
use super::Keeper;
use crate::facts::Name;

/// What two openings have in common when they are one door.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Static(StaticId),
    Field(AdtId, Name),
    Variable(FnId, CallId),
}

/// A creation on its way from an entry.
pub(super) struct Creation<'p> {
    pub(super) entry: Option<usize>,
    pub(super) start: FnId,
    pub(super) effect: &'p Effect,
    pub(super) key: Key,
    pub(super) keeper: Keeper,
    /// Index in the steps of the one that gets the handle to where it is kept.
    pub(super) kept_at: usize,
    /// Index in the steps of the outermost one that gives the handle itself rather than something that has it.
    made_at: usize,
    pub(super) order: usize,
}

impl Program<'_> {
    pub(super) fn creations(&self) -> Vec<Creation<'_>> {
        let mut creations = Vec::new();
        let mut reached = BTreeSet::new();
        let entries = self.entries().iter().enumerate();
        for (index, entry) in entries.filter(|(_, entry)| entry.scope == Scope::Production) {
            let effects = self.process_effects(entry).filter(|(_, effect)| effect.creates_handle());
            for (order, (start, effect)) in effects.enumerate() {
                reached.insert(effect.site);
                creations.push(self.creation(Some(index), start, effect, order));
            }
        }
        for (id, _) in self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production) {
            for effect in self.effects(id).iter().filter(|effect| effect.creates_handle()) {
                if effect.site.0 == id && effect.steps.len() == 1 && !reached.contains(&effect.site) {
                    creations.push(self.creation(None, id, effect, 0));
                }
            }
        }
        Self::name_by_makers(&mut creations);
        creations
    }

    fn creation<'p>(
        &'p self,
        entry: Option<usize>,
        start: FnId,
        effect: &'p Effect,
        order: usize,
    ) -> Creation<'p> {
        let (kept_at, lifetime) = self.kept(effect);
        let step = &effect.steps[kept_at];
        let function = step.function();
        let local = match step {
            Step::Call(function, call) => Key::Variable(*function, *call),
            Step::Static(_, id) => Key::Static(*id),
        };
        let (key, keeper) = match &lifetime {
            Lifetime::Held(Holder::Static(id)) => (Key::Static(*id), Keeper::Static),
            Lifetime::Held(Holder::Place(place)) => match self.field_of(function, place) {
                Some((adt, name)) => (Key::Field(adt, name), Keeper::Field),
                None => match place.root() {
                    Value::Static(id) => (Key::Static(*id), Keeper::Static),
                    _ => (local, Keeper::Variable),
                },
            },
            Lifetime::Local { .. } | Lifetime::Ended => (local, Keeper::Nobody),
            _ => (local, Keeper::Variable),
        };
        let gives_handle = |step: &Step| match step {
            Step::Call(function, call) => reach::is_handle(self.types, &self.call(*function, *call).result),
            Step::Static(..) => false,
        };
        let made_at = (kept_at..effect.steps.len()).find(|index| gives_handle(&effect.steps[*index]));
        Creation { entry, start, effect, key, keeper, kept_at, made_at: made_at.unwrap_or(kept_at), order }
    }

    /// A handle that is part of something else is named after the call that makes the handle, so that two binaries
    /// that open it the same way have one door; not where a binary opens it twice.
    fn name_by_makers(creations: &mut [Creation<'_>]) {
        let made = |creation: &Creation<'_>| match (&creation.key, creation.effect.steps[creation.made_at]) {
            (Key::Variable(..), Step::Call(function, call)) => Some(Key::Variable(function, call)),
            _ => None,
        };
        let mut ways: BTreeMap<(Key, Option<usize>), BTreeSet<Key>> = BTreeMap::new();
        for creation in creations.iter() {
            if let Some(key) = made(creation) {
                ways.entry((key, creation.entry)).or_default().insert(creation.key.clone());
            }
        }
        let twice: BTreeSet<Key> =
            ways.into_iter().filter(|(_, kept)| kept.len() > 1).map(|((key, _), _)| key).collect();
        for creation in creations {
            if let Some(key) = made(creation).filter(|key| !twice.contains(key)) {
                creation.key = key;
            }
        }
    }

    /// The step from which on the handle is no longer given back, and what becomes of it there.
    pub(in crate::program) fn kept(&self, effect: &Effect) -> (usize, Lifetime) {
        for index in (0..effect.steps.len()).rev() {
            let function = effect.steps[index].function();
            let rest = &effect.steps[index..];
            let here = self
                .effects(function)
                .iter()
                .find(|other| other.site == effect.site && other.steps.as_ref() == rest);
            let initializes = self.types.items.functions[function.index()].initializes.is_some();
            match here {
                // What an initializer makes is kept by its static, which is the next step outwards.
                Some(_) if initializes && index > 0 => {}
                Some(here) if here.lifetime == Lifetime::Returned => {}
                Some(here) => return (index, here.lifetime.clone()),
                None => break,
            }
        }
        (0, effect.lifetime.clone())
    }

    /// The struct and the field of it that a place of a function is, when it is reached through `self` or a parameter.
    pub(super) fn field_of(&self, function: FnId, place: &Value) -> Option<(AdtId, Name)> {
        let Value::Field(base, name) = place.place() else { return None };
        let ty = match base.place() {
            Value::Receiver => match self.types.items.functions[function.index()].container {
                Container::Impl(block) => self.types.impl_type(block).clone(),
                _ => return None,
            },
            Value::Param(index) => self.types.signature(function).params.get(*index as usize)?.clone(),
            _ => return None,
        };
        Some((self.adt_behind(&ty)?, name.clone()))
    }

    /// The type of the workspace that a value is or points to.
    pub(super) fn adt_behind(&self, ty: &Ty) -> Option<AdtId> {
        let mut current = settled(ty).clone();
        loop {
            if let Ty::Adt(id, _) = current {
                return Some(id);
            }
            current = settled(&self.types.deref(&current)?).clone();
        }
    }
}
