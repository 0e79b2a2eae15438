//! Room 5, *program*: methods and associated items by the type they are found on, as far as possible in the order in
//! which the compiler looks: what a type has itself, then its traits that are in scope, then what it dereferences to.

use super::super::items::{Container, FnId, ModuleId, TraitId};
use super::shapes::fits;
use super::{Bound, DEPTH, Method, TraitRef, Ty, TypeScope, Types, key_of};
use crate::catalog::{CallFacts, TypeKind, root_segment};
use crate::facts::{Name, Path, TypeRef};

/// Items of std's traits that take no `self`, so that method syntax never means them.
const WITHOUT_SELF: [&str; 5] = ["from", "try_from", "default", "from_str", "from_iter"];

/// Types of std that dereference to a borrowed form and have methods besides.
const OWNERS: [&str; 4] =
    ["std::string::String", "std::vec::Vec", "std::path::PathBuf", "std::ffi::OsString"];

/// Methods of a list that an array and a slice do not have.
const GROWING: [&str; 9] =
    ["push", "insert", "remove", "extend", "append", "clear", "truncate", "retain", "extend_from_slice"];

/// Names that options, results, iterators, futures and streams have in common: on a receiver of unknown type they say
/// nothing.
const SHARED_BY_ADAPTERS: [&str; 15] = [
    "and_then", "chain", "cloned", "copied", "filter", "flatten", "fuse", "inspect", "map", "map_err",
    "map_ok", "or_else", "take", "then", "zip",
];

impl<'a> Types<'a> {
    /// Finds a method by the receiver's type, going through smart pointers. `None`: the type is not known.
    pub fn method(&self, receiver: &Ty, name: &Name, scope: TypeScope<'_>) -> Option<Method<'a>> {
        let mut current = receiver.clone();
        let mut unlisted = None;
        for _ in 0..DEPTH {
            if let Ty::Param(param) = &current {
                current = self.bounds_of(param, scope);
            }
            if let Some(found) = self.method_on(&current, name, scope.module)
                && self.takes_self(&found)
            {
                return Some(found);
            }
            if let Some(facts) = self.before_deref(&current, name) {
                return Some(Method::Library(facts, current));
            }
            if let Some(found) = self.blanket(&current, name, scope.module)
                && self.takes_self(&found)
            {
                return Some(found);
            }
            // What a pointer points to has more methods than the pointer; a text or list that owns its content has its own.
            let owns_content = |found: &(Name, Ty)| OWNERS.contains(&found.0.as_str());
            match &current {
                _ if unlisted.as_ref().is_some_and(owns_content) => {}
                Ty::External(path, _) => unlisted = Some((path.clone(), current.clone())),
                Ty::Slice(_) if GROWING.contains(&name.as_str()) => {
                    unlisted = Some((Name::new("std::vec::Vec"), current.clone()));
                }
                Ty::Slice(_) => unlisted = Some((Name::new("slice"), current.clone())),
                _ => {}
            }
            match self.deref(&current) {
                Some(Ty::Unknown) => {
                    unlisted = None;
                    break;
                }
                Some(next) => current = next,
                None => break,
            }
        }
        let says_nothing = *receiver == Ty::Unknown && is_shared_by_adapters(name);
        if !WITHOUT_SELF.contains(&name.as_str())
            && !says_nothing
            && let Some(facts) = self.trait_item_in_scope(name, scope.module)
        {
            return Some(Method::Library(facts, self.behind_guards(receiver, name)));
        }
        let (path, ty) = unlisted?;
        // A type's own library has the trait. It is imported, in whatever way that is, for the code compiles.
        let of_library = |facts: &&CallFacts| root_segment(&facts.path) == root_segment(&path);
        if let Some(facts) = self.catalog.trait_items(name).iter().find(of_library) {
            return Some(Method::Library(facts, ty));
        }
        let fluent = self.catalog.type_facts(&path).is_some_and(|facts| facts.fluent);
        Some(if fluent { Method::Fluent(path, ty) } else { Method::Unlisted(path) })
    }

    /// What a method of a standard trait is called on: a guard cannot be cloned, what it guards can.
    fn behind_guards(&self, receiver: &Ty, name: &str) -> Ty {
        let is_guard = |ty: &Ty| self.type_facts(ty).is_some_and(|facts| facts.kind == TypeKind::Guard);
        let mut inside = self.pointees(receiver.clone()).skip_while(|ty| name == "clone" && is_guard(ty));
        inside.next().unwrap_or(Ty::Unknown)
    }

    /// Whether method syntax can mean a function.
    fn takes_self(&self, found: &Method<'a>) -> bool {
        let Method::Local { targets, .. } = found else { return true };
        targets.iter().any(|target| {
            let signature = self.items.functions[target.index()].signature;
            signature.is_some_and(|facts| facts.receiver.is_some())
        })
    }

    /// A library trait's item of this name whose library is imported where the call stands.
    pub fn trait_item_in_scope(&self, name: &str, module: ModuleId) -> Option<&'a CallFacts> {
        self.catalog.trait_items(name).iter().find(|facts| {
            let library = root_segment(&facts.path);
            library == "std" || self.names.imports_from(module, library)
        })
    }

    /// What a type of the workspace has through a trait of std, also when it dereferences to a type that has it too:
    /// every type can be converted, and what can be displayed has `to_string`.
    fn before_deref(&self, ty: &Ty, name: &str) -> Option<&'a CallFacts> {
        let Ty::Adt(id, _) = ty else { return None };
        let has = match name {
            "into" | "try_into" => true,
            "to_string" => {
                let adt = &self.items.adts[id.index()];
                let derived = adt
                    .attributes
                    .derives
                    .iter()
                    .any(|path| path.segments.last().is_some_and(|last| last.name == "Display"));
                derived
                    || self.impls_of.get(&key_of(ty)?).into_iter().flatten().any(|block| {
                        matches!(self.impl_trait(*block), Some(TraitRef::External(path)) if path.ends_with("Display"))
                    })
            }
            _ => false,
        };
        if !has {
            return None;
        }
        self.catalog.trait_items(name).iter().find(|facts| facts.path.starts_with("std::"))
    }

    /// What a type has without dereferencing, in a module.
    fn method_on(&self, ty: &Ty, name: &Name, module: ModuleId) -> Option<Method<'a>> {
        let key = key_of(ty);
        let local = |targets: Vec<FnId>| {
            // Several implementations of one generic trait, or `cfg` alternatives.
            let dispatched = targets.len() > 1;
            Method::Local { targets, dispatched, receiver: ty.clone() }
        };
        let own = key.as_ref().and_then(|key| self.associated.get(key)?.get(name));
        let fitting = own.into_iter().flatten().copied().filter(|function| self.is_for(*function, ty));
        let (inherent, of_traits): (Vec<FnId>, Vec<FnId>) =
            fitting.partition(|function| self.trait_of(*function).is_none());
        if !inherent.is_empty() {
            return Some(local(inherent));
        }
        let listed = match ty {
            Ty::External(path, _) => self.catalog.method(path, name),
            // A slice has the methods of a list.
            Ty::Slice(_) => self.catalog.method("std::vec::Vec", name),
            _ => None,
        };
        if let Some(facts) = listed {
            return Some(Method::Library(facts, as_list(ty)));
        }
        let usable = |function: &FnId| match self.trait_of(*function) {
            Some(TraitRef::Local(id)) => self.names.trait_in_scope(module, *id),
            _ => true,
        };
        let in_scope: Vec<FnId> = of_traits.iter().copied().filter(usable).collect();
        if !in_scope.is_empty() {
            return Some(local(in_scope));
        }
        // Everything that a type of the workspace has is known, but for what macros write: the method is one of these
        // even where its import is not understood.
        if matches!(ty, Ty::Adt(..)) && !of_traits.is_empty() {
            return Some(local(of_traits));
        }
        for block in key.as_ref().and_then(|key| self.impls_of.get(key)).into_iter().flatten() {
            if let Some(TraitRef::Local(id)) = self.impl_trait(*block)
                && let Some(function) = self.trait_function(*id, name)
                && fits(self.impl_type(*block), ty)
                && (matches!(ty, Ty::Adt(..)) || self.names.trait_in_scope(module, *id))
            {
                return Some(local(vec![function]));
            }
            // What a type does not say itself of a library's trait is the trait's own, however that is imported.
            if let Some(TraitRef::External(path)) = self.impl_trait(*block)
                && let Some(facts) = self.item_of_library(path, name)
                && fits(self.impl_type(*block), ty)
            {
                return Some(Method::Library(facts, ty.clone()));
            }
        }
        let Ty::Bounds(bounds) = ty else { return None };
        bounds.iter().find_map(|bound| match bound {
            Bound::Trait(id) => self.dispatch(*id, name, ty),
            Bound::External(path) => {
                let library = path.split("::").next().unwrap_or_default();
                let items = self.catalog.trait_items(name);
                let found = items.iter().find(|facts| facts.path.split("::").next() == Some(library));
                found.map(|facts| Method::Library(facts, ty.clone()))
            }
        })
    }

    /// The trait whose implementation a function belongs to.
    fn trait_of(&self, function: FnId) -> Option<&TraitRef> {
        match self.items.functions[function.index()].container {
            Container::Impl(block) => self.impl_trait(block),
            _ => None,
        }
    }

    /// Whether the impl block of a function is for this type, type arguments included.
    fn is_for(&self, function: FnId, ty: &Ty) -> bool {
        match self.items.functions[function.index()].container {
            Container::Impl(block) => fits(self.impl_type(block), ty),
            _ => true,
        }
    }

    /// Implementations for every type that has some trait.
    fn blanket(&self, ty: &Ty, name: &Name, module: ModuleId) -> Option<Method<'a>> {
        if *ty == Ty::Unknown {
            return None;
        }
        let candidates = self.blanket.get(name)?.iter().copied();
        let targets: Vec<FnId> = candidates.filter(|function| self.covers(*function, ty, module)).collect();
        if targets.is_empty() {
            return None;
        }
        let dispatched = targets.len() > 1;
        Some(Method::Local { targets, dispatched, receiver: ty.clone() })
    }

    /// Whether a blanket implementation is for this type: its trait can be used in the module, and the type has the
    /// traits of the workspace that it asks for.
    fn covers(&self, function: FnId, ty: &Ty, module: ModuleId) -> bool {
        let Container::Impl(block) = self.items.functions[function.index()].container else { return false };
        if let Some(TraitRef::Local(id)) = self.impl_trait(block)
            && !self.names.trait_in_scope(module, *id)
        {
            return false;
        }
        if !fits(self.impl_type(block), ty) {
            return false;
        }
        let facts = self.items.impls[block.index()].facts;
        let asked = match self.impl_type(block) {
            Ty::Param(param) => facts.generics.params.iter().find(|one| one.name == *param),
            _ => None,
        };
        let at = self.items.impls[block.index()].module;
        asked.is_none_or(|param| {
            param.bounds.iter().all(|bound| match self.trait_ref(bound, at) {
                Some(TraitRef::Local(id)) => self.has_trait(ty, id),
                _ => true,
            })
        })
    }

    /// Whether two types have impl blocks for one trait of the workspace.
    pub fn share_a_trait(&self, left: &Ty, right: &Ty) -> bool {
        let traits = |ty: &Ty| key_of(ty).and_then(|key| self.traits_of.get(&key)).into_iter().flatten();
        traits(left).any(|of_left| traits(right).any(|of_right| of_left == of_right))
    }

    /// Whether a type is known to have a trait of the workspace.
    fn has_trait(&self, ty: &Ty, id: TraitId) -> bool {
        match ty {
            Ty::Bounds(bounds) => bounds.iter().any(|bound| match bound {
                Bound::Trait(own) => *own == id || self.supertraits(*own).contains(&id),
                Bound::External(_) => false,
            }),
            _ => key_of(ty)
                .is_some_and(|key| self.traits_of.get(&key).into_iter().flatten().any(|own| *own == id)),
        }
    }

    fn trait_function(&self, id: TraitId, name: &Name) -> Option<FnId> {
        let functions = &self.items.traits[id.index()].functions;
        functions.iter().copied().find(|function| self.items.functions[function.index()].name == *name)
    }

    /// The traits of the workspace that a trait asks for, directly and through others.
    fn supertraits(&self, id: TraitId) -> Vec<TraitId> {
        let mut found: Vec<TraitId> = Vec::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            let item = &self.items.traits[next.index()];
            for path in &item.facts.supertraits {
                if let Some(TraitRef::Local(above)) = self.trait_ref(path, item.module)
                    && above != id
                    && !found.contains(&above)
                {
                    found.push(above);
                    open.push(above);
                }
            }
        }
        found
    }

    /// A call through a trait of the workspace or one it asks for: every implementation, or the trait's own default.
    pub fn dispatch(&self, id: TraitId, name: &Name, receiver: &Ty) -> Option<Method<'a>> {
        let of = |id: TraitId| self.trait_function(id, name).map(|declared| (id, declared));
        let (id, declared) = of(id).or_else(|| self.supertraits(id).into_iter().find_map(of))?;
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
        if let Some(found) = self.method_on(on, name, scope.module) {
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
        if let Some(found) = self.blanket(on, name, scope.module) {
            return Some(found);
        }
        self.trait_item_in_scope(name, scope.module).map(|facts| Method::Library(facts, on.clone()))
    }

    /// The item of a library's trait, by the trait's path.
    fn item_of_library(&self, of_trait: &str, name: &str) -> Option<&'a CallFacts> {
        let mut items = self.catalog.trait_items(name).iter().peekable();
        items.peek()?;
        let wanted = format!("{}::{name}", self.canonical_path(of_trait));
        items.find(|facts| facts.path == wanted)
    }

    fn canonical_path(&self, path: &str) -> String {
        let segments: Vec<&str> = path.split("::").collect();
        self.catalog.canonical(&segments).path
    }

    /// An item named through a type and a trait (`<Type as Trait>::name`).
    pub fn trait_function_of(&self, on: &Ty, of: &TraitRef, name: &Name) -> Option<Method<'a>> {
        match of {
            TraitRef::Local(id) => {
                let blocks = self.implementations.get(id).into_iter().flatten();
                let targets: Vec<FnId> = blocks
                    .filter(|block| {
                        !matches!(on, Ty::Param(_) | Ty::Bounds(_)) && fits(self.impl_type(**block), on)
                    })
                    .flat_map(|block| &self.items.impls[block.index()].functions)
                    .copied()
                    .filter(|function| self.items.functions[function.index()].name == *name)
                    .collect();
                if *on == Ty::Unknown || targets.is_empty() {
                    return self.dispatch(*id, name, on);
                }
                let dispatched = targets.len() > 1;
                Some(Method::Local { targets, dispatched, receiver: on.clone() })
            }
            TraitRef::External(path) => Some(match self.item_of_library(path, name) {
                Some(facts) => Method::Library(facts, on.clone()),
                None => Method::Unlisted(Name::new(self.canonical_path(path))),
            }),
        }
    }
}

impl Types<'_> {
    /// What a function hands to a closure that it takes as this parameter, as `Fn(…)` says it; empty where it does not.
    pub fn closure_inputs(&self, function: FnId, param: usize) -> Vec<Ty> {
        let item = &self.items.functions[function.index()];
        let Some(declared) = item.signature.and_then(|facts| facts.params.get(param)) else {
            return Vec::new();
        };
        let signature = self.signature(function);
        let scope = self.scope_of(function, signature.self_ty.as_ref());
        let inputs = |bounds: &[Path]| {
            let callable = bounds.iter().filter_map(|bound| bound.segments.last()).find(|last| {
                matches!(
                    last.name.as_str(),
                    "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnMut" | "AsyncFnOnce"
                )
            });
            callable.map(|last| last.args().iter().map(|ty| self.lower(ty, scope)).collect::<Vec<Ty>>())
        };
        let mut ty = &declared.ty;
        loop {
            match ty {
                TypeRef::Ref(inner, _) => ty = inner,
                TypeRef::Impl(bounds) | TypeRef::Dyn(bounds) => return inputs(bounds).unwrap_or_default(),
                TypeRef::Path(path) => match path.segments.as_slice() {
                    [only] if !only.args().is_empty() => ty = &only.args()[0],
                    [only] => {
                        let mut params =
                            scope.generics.into_iter().flatten().flat_map(|generics| &generics.params);
                        let bounds = params.find(|param| param.name == only.name);
                        return bounds.and_then(|param| inputs(&param.bounds)).unwrap_or_default();
                    }
                    _ => return Vec::new(),
                },
                _ => return Vec::new(),
            }
        }
    }
}

/// Whether a method of this name is one of options, of results, of iterators, of futures or of streams.
pub fn is_shared_by_adapters(name: &str) -> bool {
    SHARED_BY_ADAPTERS.contains(&name)
}

/// A slice as the list whose methods it has.
fn as_list(ty: &Ty) -> Ty {
    match ty {
        Ty::Slice(inner) => {
            Ty::External(Name::new("std::vec::Vec"), std::sync::Arc::from([inner.as_ref().clone()]))
        }
        other => other.clone(),
    }
}
