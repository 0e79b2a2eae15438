//! Room 5, *program*: which types are handles, and which hold one.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::super::items::{AdtId, AdtShape};
use super::{Args, Bound, DEPTH, Ty, TypeKey, TypeScope, Types, key_of};
use crate::catalog::{CallFacts, CallRole, ResourceOf, TypeFacts, TypeKind, UNKNOWN_DRIVER};
use crate::facts::{Fields, Name};

/// The standard library's collections whose elements are found by their position.
const LISTS: [&str; 3] = ["std::vec::Vec", "std::collections::VecDeque", "std::collections::LinkedList"];

/// What traits of pools call the type that a manager makes: `ManageConnection::Connection` (r2d2 0.8, bb8 0.9),
/// `Manager::Connection` (mobc 0.9) and `Manager::Type` (deadpool 0.13).
const MADE_BY_MANAGERS: [&str; 2] = ["Connection", "Type"];

/// Traits that are derived for data alone: all fields have them.
const DATA_TRAITS: [&str; 5] = ["Serialize", "Deserialize", "PartialEq", "Hash", "Copy"];

/// How deep a type is looked into for anything but data.
const DATA_DEPTH: usize = 8;

impl<'a> Types<'a> {
    /// Facts about a library type.
    pub fn type_facts(&self, ty: &Ty) -> Option<&'a TypeFacts> {
        match ty {
            Ty::External(path, _) => self.catalog.type_facts(path),
            _ => None,
        }
    }

    /// If the type is a handle, or a tuple that starts with one, its kind and driver.
    pub fn handle(&self, ty: &Ty) -> Option<(TypeKind, String)> {
        if let Ty::Tuple(parts) = ty {
            return self.handle(parts.first()?);
        }
        let facts = self.type_facts(ty)?;
        if !facts.kind.is_handle() || self.pools_something_else(ty, facts) {
            return None;
        }
        Some((facts.kind, self.driver(ty, facts, 0)))
    }

    /// Whether a pool's manager is of the workspace and makes a type of the workspace without a handle in it: workers, say.
    fn pools_something_else(&self, ty: &Ty, facts: &TypeFacts) -> bool {
        let (ResourceOf::Argument(index), Ty::External(_, args)) = (&facts.resource, ty) else {
            return false;
        };
        let Some(manager @ Ty::Adt(..)) = args.get(*index) else { return false };
        self.made_by(manager).any(|made| matches!(made, Ty::Adt(..)) && !self.contains_handle(&made))
    }

    fn made_by(&self, manager: &Ty) -> impl Iterator<Item = Ty> {
        MADE_BY_MANAGERS.iter().map(|name| self.associated_type(manager, &Name::new(name)))
    }

    /// Whether a library call fills a once cell rather than another kind of slot.
    pub fn fills_once_cell(&self, facts: &CallFacts) -> bool {
        let owner = facts.path.rsplit_once("::").map_or("", |(owner, _)| owner);
        let owner = self.catalog.type_facts(owner);
        facts.role == CallRole::OnceSet && owner.is_some_and(|facts| facts.kind == TypeKind::OnceCell)
    }

    /// The driver of a handle, or of a value that only keeps an address.
    pub fn driver_of(&self, ty: &Ty) -> Option<String> {
        let facts = self.type_facts(ty)?;
        (facts.resource != ResourceOf::Nothing).then(|| self.driver(ty, facts, 0))
    }

    fn driver(&self, ty: &Ty, facts: &TypeFacts, depth: usize) -> String {
        match &facts.resource {
            ResourceOf::Driver(driver) => driver.clone(),
            ResourceOf::Argument(index) if depth < DEPTH => {
                let Ty::External(_, args) = ty else {
                    return UNKNOWN_DRIVER.to_owned();
                };
                let Some(arg) = args.get(*index) else { return UNKNOWN_DRIVER.to_owned() };
                let mut candidates = std::iter::once(arg.clone()).chain(self.made_by(arg));
                let driver = candidates
                    .find_map(|ty| self.type_facts(&ty).map(|inner| self.driver(&ty, inner, depth + 1)));
                driver.unwrap_or_else(|| UNKNOWN_DRIVER.to_owned())
            }
            _ => UNKNOWN_DRIVER.to_owned(),
        }
    }

    /// Whether there is a handle inside a type: itself, a type argument, a field, at any depth.
    pub fn contains_handle(&self, ty: &Ty) -> bool {
        let any = |list: &Args| list.iter().any(|part| self.contains_handle(part));
        match ty {
            Ty::External(path, args) => self.is_handle_path(path) || any(args),
            Ty::Adt(id, args) => self.adts_with_handle[id.index()] || any(args),
            Ty::Tuple(list) => any(list),
            Ty::Slice(inner) => self.contains_handle(inner),
            Ty::Bounds(bounds) => bounds.iter().any(|bound| match bound {
                Bound::Trait(id) => self.traits_with_handle.contains(id),
                Bound::External(_) => false,
            }),
            _ => false,
        }
    }

    /// The name of a type or trait, without its path and arguments.
    pub fn name_of<'t>(&'t self, ty: &'t Ty) -> Option<&'t str> {
        match ty {
            Ty::External(path, _) => path.rsplit("::").next(),
            Ty::Adt(id, _) => Some(&self.items.adts[id.index()].name),
            Ty::Bounds(bounds) => bounds.iter().find_map(|bound| match bound {
                Bound::Trait(id) => Some(self.items.traits[id.index()].name.as_str()),
                Bound::External(path) => path.rsplit("::").next(),
            }),
            _ => None,
        }
    }

    /// Whether a value of the type can keep nothing but data: primitives, texts and what is made of them. Of a type whose fields are not
    /// known it is not said.
    pub fn is_plain_data(&self, ty: &Ty) -> bool {
        self.is_data_within(ty, DATA_DEPTH)
    }

    /// Whether a struct or enum of the workspace derives what nothing but data can have: it is compared, hashed or serialized.
    pub fn is_written_as_data(&self, ty: &Ty) -> bool {
        let Ty::Adt(id, _) = ty else { return false };
        let derived = self.items.adts[id.index()].attributes.derives.iter();
        let mut names = derived.filter_map(|path| path.segments.last());
        names.any(|last| DATA_TRAITS.contains(&last.name.as_str()))
    }

    fn is_data_within(&self, ty: &Ty, depth: usize) -> bool {
        let Some(inside) = depth.checked_sub(1) else { return false };
        let all = |list: &[Ty]| list.iter().all(|part| self.is_data_within(part, inside));
        match ty {
            Ty::External(path, args) => {
                let is_known = |facts: &TypeFacts| {
                    matches!(facts.kind, TypeKind::Plain | TypeKind::Wrapper | TypeKind::Map)
                };
                let is_primitive = !path.contains("::");
                (is_primitive || self.catalog.type_facts(path).is_some_and(is_known)) && all(args)
            }
            Ty::Adt(id, args) => {
                let is_data = |fields: &[Ty]| {
                    let own = |field: &Ty| matches!(field, Ty::Param(_));
                    fields.iter().all(|field| own(field) || self.is_data_within(field, inside))
                };
                all(args) && self.declared_fields(*id).iter().all(|fields| is_data(fields))
            }
            Ty::Tuple(list) => all(list),
            Ty::Slice(inner) => self.is_data_within(inner, depth),
            _ => false,
        }
    }

    /// Whether whoever uses a value of the type comes to a handle in it, rather than to none or several: a list, a map and what is
    /// swapped may well be empty.
    pub fn demands_handle(&self, ty: &Ty) -> bool {
        match ty {
            Ty::External(path, args) => match self.catalog.type_facts(path).map(|facts| facts.kind) {
                Some(TypeKind::Map | TypeKind::SwapCell) => false,
                Some(kind) if kind.is_handle() => true,
                _ if LISTS.contains(&path.as_str()) => false,
                _ => args.iter().any(|arg| self.demands_handle(arg)),
            },
            Ty::Slice(_) => false,
            other => self.contains_handle(other),
        }
    }

    fn is_handle_path(&self, path: &str) -> bool {
        self.catalog.type_facts(path).is_some_and(|facts| facts.kind.is_handle())
    }

    /// Finds the types that hold a handle in a field at any depth, and the traits that such types implement.
    /// Linear in the number of fields and impl blocks.
    pub(super) fn find_handles(&mut self) {
        let parts: Vec<Parts> = (0..self.items.adts.len())
            .into_par_iter()
            .map(|index| {
                let adt = &self.items.adts[index];
                let scope =
                    TypeScope { module: adt.module, self_ty: None, generics: [Some(adt.generics), None] };
                let mut parts = Parts::default();
                let mut fields = |fields: &Fields| {
                    for field in fields.list() {
                        parts.add(self, &self.lower(&field.ty, scope));
                    }
                };
                match &adt.shape {
                    AdtShape::Struct(facts) => fields(&facts.fields),
                    AdtShape::Enum(variants) => variants.iter().for_each(|variant| fields(&variant.fields)),
                }
                parts
            })
            .collect();
        let mut holders: FxHashMap<TypeKey, Vec<AdtId>> = FxHashMap::default();
        let mut found: Vec<AdtId> = Vec::new();
        self.adts_with_handle = vec![false; parts.len()];
        for (index, parts) in parts.iter().enumerate() {
            let id = AdtId(index as u32);
            for key in &parts.keys {
                holders.entry(key.clone()).or_default().push(id);
            }
            if parts.handle {
                self.adts_with_handle[index] = true;
                found.push(id);
            }
        }
        while let Some(id) = found.pop() {
            let mut keys = vec![TypeKey::Adt(id)];
            for of_trait in self.traits_of.get(&TypeKey::Adt(id)).into_iter().flatten() {
                if self.traits_with_handle.insert(*of_trait) {
                    keys.push(TypeKey::Trait(*of_trait));
                }
            }
            for holder in keys.iter().filter_map(|key| holders.get(key)).flatten() {
                if !std::mem::replace(&mut self.adts_with_handle[holder.index()], true) {
                    found.push(*holder);
                }
            }
        }
    }
}

/// What the fields of a type are made of.
#[derive(Debug, Default)]
struct Parts {
    handle: bool,
    keys: Vec<TypeKey>,
}

impl Parts {
    fn add(&mut self, types: &Types<'_>, ty: &Ty) {
        self.handle |= matches!(ty, Ty::External(path, _) if types.is_handle_path(path));
        match ty {
            Ty::Adt(..) | Ty::Bounds(_) => self.keys.extend(key_of(ty)),
            _ => {}
        }
        match ty {
            Ty::Adt(_, args) | Ty::External(_, args) | Ty::Tuple(args) => {
                args.iter().for_each(|arg| self.add(types, arg));
            }
            Ty::Slice(inner) => self.add(types, inner),
            _ => {}
        }
    }
}
