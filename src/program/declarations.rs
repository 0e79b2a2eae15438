//! Room 5, *program*: what people declare about resources, because no code says it.

use super::doors::Door;
use super::inventory::{Address, Resource};
use super::items::FnId;
use super::phases::DeclaredPhase;
use super::summaries::{Effect, Holder, Lifetime};
use super::values::Value;
use super::{Program, ResourceId, identity};
use crate::finding::Confidence;

/// What people declare about a program.
#[derive(Debug, Clone, Copy)]
pub struct Declarations<'a> {
    /// About its resources.
    pub resources: &'a [ResourceDeclaration],
    /// The phases of its start, in their order.
    pub phases: &'a [DeclaredPhase],
}

/// One declaration about a resource, or about one role of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceDeclaration {
    /// Id of the resource, as the inventory lists it.
    pub id: String,
    /// Ids of resources that are the same database by another address.
    pub aliases: Vec<String>,
    /// What the handles are for (`migrations`, `reporting`). Handles of different roles do not compete.
    pub role: Option<String>,
    /// Paths of the functions, statics or fields through which all code should get its handle: one for each group of
    /// binaries that have none in common.
    pub canonical: Vec<String>,
    /// Paths of functions, types or modules whose handles have the role.
    pub owner: Vec<String>,
    /// Whether the service works without it.
    pub optional: bool,
    /// Where the declaration stands in its file: line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl ResourceDeclaration {
    /// Whether a function's path lies in what the declaration says owns the role.
    pub fn is_owner(&self, path: &str) -> bool {
        self.owner.iter().any(|owner| is_within(path, owner))
    }
}

/// Whether a path is the other one or lies in it (`app::db::pool` in `app::db`). The package of a binary need not be named, and
/// hyphens of a crate's name may be written as in code.
pub fn is_within(path: &str, outer: &str) -> bool {
    let outer = as_in_code(outer);
    let lies_in = |path: &str| {
        as_in_code(path)
            .strip_prefix(&outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('.'))
    };
    lies_in(path) || path.split_once('/').is_some_and(|(_, path)| lies_in(path))
}

/// A path with the name of its crate as code writes it.
fn as_in_code(path: &str) -> String {
    let root = path.find("::").unwrap_or(path.len());
    format!("{}{}", path[..root].replace('-', "_"), &path[root..])
}

/// The role of which a door's keeper, or a function that makes its handle, is declared an owner.
pub fn role_of_door<'d>(door: &Door, declared: &'d [ResourceDeclaration]) -> Option<&'d str> {
    let makers = || door.openings.iter().flat_map(|opening| &opening.makers).chain([&door.name]);
    let mut owners = declared.iter().filter(|one| one.id == door.resource.id && one.role.is_some());
    owners.find(|one| makers().any(|path| one.is_owner(path)))?.role.as_deref()
}

impl Program<'_> {
    /// The declared role of a creation: that of which a function on its way, or the static that keeps the handle, is an
    /// owner.
    pub fn declared_role(&self, resource: ResourceId, effect: &Effect) -> Option<&str> {
        let id = &self.resource(resource).id;
        let mut owned = self.declared.iter().filter(|declared| declared.id == *id && declared.role.is_some());
        let owner = owned.find(|declared| {
            let kept = match effect.lifetime {
                Lifetime::Held(Holder::Static(kept)) => declared.is_owner(&self.static_path(kept)),
                _ => false,
            };
            let mut functions = self.functions_on(&effect.steps).into_iter();
            kept || functions.any(|function| declared.is_owner(&self.path_of(function)))
        });
        owner?.role.as_deref()
    }

    /// The resource behind an address: the one that it is declared to be an alias of, or itself.
    pub(super) fn identify(&self, driver: &str, address: &Value) -> Resource {
        let result_of = |id: FnId| Some(self.results.get(id).clone());
        let resource = identity::resource(self.types, driver, address, &result_of);
        match self.declared.iter().find(|declared| declared.aliases.contains(&resource.id)) {
            Some(declared) => Resource {
                address: Address::of_id(&declared.id),
                confidence: Confidence::High,
                alias: Some(resource.id),
                id: declared.id.clone(),
                driver: resource.driver,
            },
            None => resource,
        }
    }

    /// Everything that is declared about resources.
    pub fn declared(&self) -> &[ResourceDeclaration] {
        self.declared
    }

    /// The declared role of a door: that of which its keeper, or a function that makes its handle, is an owner.
    pub fn role_of_door(&self, door: &Door) -> Option<&str> {
        role_of_door(door, self.declared)
    }

    /// Whether a function, static or field is declared to be what all code should get its handle through.
    pub fn is_declared_canonical(&self, resource: &str, path: &str) -> bool {
        let about = self.declared.iter().filter(|declared| declared.id == resource);
        about.flat_map(|declared| &declared.canonical).any(|canonical| is_within(path, canonical))
    }

    /// Whether the service is declared to work without what a creation opens.
    pub fn is_optional(&self, effect: &Effect) -> bool {
        let Some(resource) = self.resource_of(effect) else { return false };
        let role = self.declared_role(resource, effect);
        let id = &self.resource(resource).id;
        self.declared
            .iter()
            .any(|declared| declared.optional && declared.id == *id && declared.role.as_deref() == role)
    }
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_crate_is_named_as_its_package_or_as_in_code() {
        for outer in ["quick-start::main", "quick_start::main", "quick_start"] {
            assert!(is_within("quick-start::main.pool", outer), "{outer}");
            assert!(is_within("shop/quick-start::main.pool", outer), "{outer}");
        }
        assert!(!is_within("quick-start::main_loop", "quick_start::main"));
        assert!(!is_within("quickstart::main", "quick-start::main"));
    }
}
