//! Room 5, *program*: methods and associated items by the type they are found on.

use super::super::items::{FnId, ModuleId, TraitId};
use super::{Bound, DEPTH, Method, Ty, TypeScope, Types, key_of};
use crate::catalog::CallFacts;
use crate::facts::Name;

impl<'a> Types<'a> {
    /// Finds a method by the receiver's type, going through smart pointers. `None`: the type is not known.
    pub fn method(&self, receiver: &Ty, name: &Name, scope: TypeScope<'_>) -> Option<Method<'a>> {
        let mut current = receiver.clone();
        let mut unlisted = None;
        for _ in 0..DEPTH {
            if let Ty::Param(param) = &current {
                current = self.bounds_of(param, scope);
            }
            if let Some(found) = self.method_on(&current, name) {
                return Some(found);
            }
            if let Ty::External(path, _) = &current
                && unlisted.is_none()
            {
                unlisted = Some((path.clone(), current.clone()));
            }
            match self.deref(&current) {
                Some(next) => current = next,
                None => break,
            }
        }
        if let Some(targets) = self.blanket.get(name)
            && receiver != &Ty::Unknown
        {
            let dispatched = targets.len() > 1;
            return Some(Method::Local { targets: targets.clone(), dispatched, receiver: receiver.clone() });
        }
        if let Some(facts) = self.trait_item_in_scope(name, scope.module) {
            return Some(Method::Library(facts, receiver.clone()));
        }
        let (path, ty) = unlisted?;
        let fluent = self.catalog.type_facts(&path).is_some_and(|facts| facts.fluent);
        Some(if fluent { Method::Fluent(path, ty) } else { Method::Unlisted(path) })
    }

    /// A library trait's item of this name whose library is imported where the call stands.
    pub fn trait_item_in_scope(&self, name: &str, module: ModuleId) -> Option<&'a CallFacts> {
        self.catalog.trait_items(name).iter().find(|facts| {
            let library = facts.path.split("::").next().unwrap_or_default();
            library == "std" || self.names.imports_from(module, library)
        })
    }

    fn method_on(&self, ty: &Ty, name: &Name) -> Option<Method<'a>> {
        if let Some(key) = key_of(ty) {
            if let Some(targets) = self.inherent.get(&key).and_then(|named| named.get(name)) {
                let targets = targets.clone();
                // Several implementations of one generic trait, or `cfg` alternatives.
                let dispatched = targets.len() > 1;
                return Some(Method::Local { targets, dispatched, receiver: ty.clone() });
            }
            for id in self.traits_of.get(&key).into_iter().flatten() {
                if let Some(function) = self.trait_function(*id, name) {
                    return Some(Method::Local {
                        targets: vec![function],
                        dispatched: false,
                        receiver: ty.clone(),
                    });
                }
            }
        }
        match ty {
            Ty::External(path, _) => {
                self.catalog.method(path, name).map(|facts| Method::Library(facts, ty.clone()))
            }
            Ty::Bounds(bounds) => bounds.iter().find_map(|bound| match bound {
                Bound::Trait(id) => self.dispatch(*id, name, ty),
                Bound::External(path) => {
                    let library = path.split("::").next().unwrap_or_default();
                    let items = self.catalog.trait_items(name);
                    let found = items.iter().find(|facts| facts.path.split("::").next() == Some(library));
                    found.map(|facts| Method::Library(facts, ty.clone()))
                }
            }),
            _ => None,
        }
    }

    fn trait_function(&self, id: TraitId, name: &Name) -> Option<FnId> {
        let functions = &self.items.traits[id.index()].functions;
        functions.iter().copied().find(|function| self.items.functions[function.index()].name == *name)
    }

    /// A call through a trait of the workspace: every implementation, or the trait's own default.
    pub fn dispatch(&self, id: TraitId, name: &Name, receiver: &Ty) -> Option<Method<'a>> {
        let declared = self.trait_function(id, name)?;
        let mut targets: Vec<FnId> = Vec::new();
        for block in self.implementations.get(&id).into_iter().flatten() {
            let functions = &self.items.impls[block.index()].functions;
            targets.extend(
                functions.iter().filter(|function| self.items.functions[function.index()].name == *name),
            );
        }
        if self.items.functions[declared.index()].body.is_some() || targets.is_empty() {
            targets.push(declared);
        }
        let dispatched = targets.len() > 1;
        Some(Method::Local { targets, dispatched, receiver: receiver.clone() })
    }

    /// An associated function or method named through its type (`Type::name`).
    pub fn associated_function(&self, on: &Ty, name: &Name, scope: TypeScope<'_>) -> Option<Method<'a>> {
        let on = match on {
            Ty::Param(param) => &self.bounds_of(param, scope),
            other => other,
        };
        if let Some(found) = self.method_on(on, name) {
            return Some(found);
        }
        if let Ty::External(path, _) = on
            && let Some(facts) = self.catalog.function(&format!("{path}::{name}"))
        {
            return Some(Method::Library(facts, on.clone()));
        }
        if *on == Ty::Unknown {
            return None;
        }
        if let Some(targets) = self.blanket.get(name) {
            let dispatched = targets.len() > 1;
            return Some(Method::Local { targets: targets.clone(), dispatched, receiver: on.clone() });
        }
        self.trait_item_in_scope(name, scope.module).map(|facts| Method::Library(facts, on.clone()))
    }
}
