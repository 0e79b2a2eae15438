//! Room 5, *program*: attributes and traits that libraries give a meaning to.

use super::{TraitRef, Types};
use crate::catalog::{AttributeFacts, CallFacts, root_segment};
use crate::facts::Path;
use crate::program::items::{Container, FnId, ModuleId};
use crate::program::names::{Def, Namespace};

impl<'a> Types<'a> {
    /// What the catalog says of an attribute. A name that is not imported may come from `#[macro_use] extern crate`.
    pub fn attribute_facts(&self, module: ModuleId, path: &Path) -> Option<&'a AttributeFacts> {
        let (names, catalog) = (self.names, self.catalog);
        // A function may have the name of the attribute that is on it: macros have a namespace of their own.
        let resolved =
            [Namespace::Values, Namespace::Types].map(|wanted| names.resolve(module, path, wanted));
        let is_known = resolved.iter().any(Option::is_some);
        let mut defs = resolved.into_iter().flatten().flat_map(|resolved| resolved.defs);
        if is_known {
            let path = defs.find_map(|def| match def {
                Def::External(path) => Some(path),
                _ => None,
            })?;
            let parts: Vec<&str> = path.split("::").collect();
            return catalog.attribute_facts(&catalog.canonical(&parts).path);
        }
        let [only] = path.segments.as_slice() else { return None };
        catalog.attributes_named(&only.name).find(|facts| self.has_library(module, &facts.path))
    }

    /// Whether a module's crate depends on the library of a path.
    pub fn has_library(&self, module: ModuleId, path: &str) -> bool {
        let krate = self.items.modules[module.index()].krate;
        let root = &self.items.modules[self.items.crates[krate.index()].root.index()];
        root.extern_crates.values().any(|name| name == root_segment(path))
    }

    /// What a library does with a function because an impl block of a trait of the library has it.
    pub fn implemented_facts(&self, id: FnId) -> Option<&'a CallFacts> {
        let item = &self.items.functions[id.index()];
        let Container::Impl(block) = item.container else { return None };
        let Some(TraitRef::External(path)) = self.impl_trait(block) else { return None };
        self.catalog.implemented(path, &item.name)
    }
}
