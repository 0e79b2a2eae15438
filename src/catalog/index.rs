//! The catalog as a value: entries of many files under one set of names, with look-ups by canonical path.
//! What a program does with them is the business of other rooms.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::builtin::{BUILTIN, BuiltinFile};
use super::canonical::{Canonical, Names, last_segment, root_segment};
use super::read::{LibraryFile, read};
use super::table::{Table, index};
use super::{
    AttributeFacts, CallFacts, CallForm, CatalogError, CommandFacts, MacroFacts, MigratorFacts, TypeFacts,
    TypePattern,
};

/// Libraries whose entries hold in every program.
const ALWAYS: [&str; 1] = ["std"];

/// Types that dereference to types are followed this far; a longer chain is a circle.
const LONGEST_CHAIN: usize = 16;

/// A catalog file of the user's.
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    /// How messages name the file.
    pub file_name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A library the catalog knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Package name in the registry.
    pub package: String,
    /// First segment of its paths.
    pub root: String,
    /// Versions whose source was read.
    pub versions_read: Vec<String>,
    /// Packages whose items are the same items.
    pub facades: Vec<String>,
}

/// Entries of built-in and user files, indexed. Of several entries with one path the first is found, and a
/// user's before a built-in one. Look-ups are a few hash look-ups each.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Packages of the built-in files that were added.
    loaded: BTreeSet<&'static str>,
    libraries: BTreeMap<String, Library>,
    names: Names,
    types: Table<TypeFacts>,
    calls: Vec<CallFacts>,
    functions: FxHashMap<String, u32>,
    /// Methods by type, then by name.
    methods: FxHashMap<String, FxHashMap<String, u32>>,
    trait_items: FxHashMap<String, u32>,
    /// Trait items by last segment.
    trait_items_named: FxHashMap<String, Vec<CallFacts>>,
    migrators: Table<MigratorFacts>,
    commands: Vec<CommandFacts>,
    macros: Table<MacroFacts>,
    attributes: Table<AttributeFacts>,
}

impl Catalog {
    /// Every built-in library.
    pub fn builtin() -> Self {
        let mut catalog = Self::default();
        catalog.load(BUILTIN.iter().map(|file| root_of(file.package)).collect());
        catalog.settle();
        catalog
    }

    /// The built-in libraries among `packages` (names in the registry), those they refer to, the standard
    /// library, and the user's files. The first mistake in the user's files is the error.
    pub fn for_packages<'a>(
        packages: impl Iterator<Item = &'a str>,
        extensions: &[Extension<'_>],
    ) -> Result<Self, CatalogError> {
        let own = extensions.iter().map(|extension| read(extension.file_name, extension.text));
        let own: Vec<LibraryFile> = own.collect::<Result<_, _>>()?;
        let mut catalog = Self::default();
        let mut wanted: BTreeSet<String> = ALWAYS.iter().map(|root| (*root).to_owned()).collect();
        wanted.extend(packages.map(root_of));
        own.iter().for_each(|library| wanted.extend(library.wanted()));
        catalog.load(wanted);
        own.into_iter().for_each(|library| catalog.add(library));
        catalog.settle();
        Ok(catalog)
    }

    /// Adds a user's file, and before it the built-in libraries it is about or refers to. Its entries win over
    /// those that are there; on an error nothing is added.
    pub fn extend(&mut self, file_name: &str, text: &str) -> Result<(), CatalogError> {
        let library = read(file_name, text)?;
        self.load(library.wanted().collect());
        self.add(library);
        self.settle();
        Ok(())
    }

    /// Replaces aliases, facades and re-exports on a path until none is left. `segments` start with a
    /// library's root, without generic arguments. A path no file says anything about comes back as it is.
    pub fn canonical(&self, segments: &[&str]) -> Canonical {
        self.names.canonical(segments)
    }

    /// A pattern with every path in it canonical.
    pub fn canonical_pattern(&self, pattern: &TypePattern) -> TypePattern {
        self.names.canonical_pattern(pattern)
    }

    /// What a type is. `path` is canonical.
    pub fn type_facts(&self, path: &str) -> Option<&TypeFacts> {
        self.types.get(path)
    }

    /// What calling the item at a canonical path means: a function, or a trait item named through its trait,
    /// or through a type when exactly one trait of the type's library has an item of that name.
    pub fn function(&self, path: &str) -> Option<&CallFacts> {
        if let Some(n) = self.functions.get(path).or_else(|| self.trait_items.get(path)) {
            return Some(&self.calls[*n as usize]);
        }
        let (owner, name) = path.rsplit_once("::")?;
        self.type_facts(owner)?;
        let root = root_segment(owner);
        let mut of_library = self.trait_items(name).iter().filter(|item| root_segment(&item.path) == root);
        of_library.next().filter(|_| of_library.next().is_none())
    }

    /// What a method of a type means, also one of the types it dereferences to by name. A type that
    /// dereferences to a generic argument (`Arc`) is looked through by the caller, who knows the argument.
    pub fn method(&self, type_path: &str, name: &str) -> Option<&CallFacts> {
        let mut owner = type_path;
        for _ in 0..LONGEST_CHAIN {
            if let Some(n) = self.methods.get(owner).and_then(|named| named.get(name)) {
                return Some(&self.calls[*n as usize]);
            }
            match &self.type_facts(owner)?.deref {
                Some(TypePattern::Path { path, .. }) => owner = path,
                _ => return None,
            }
        }
        None
    }

    /// What a library does with the implementations of an item of a trait, by the trait's canonical path.
    pub fn implemented(&self, trait_path: &str, item: &str) -> Option<&CallFacts> {
        let index = self.trait_items.get(&format!("{trait_path}::{item}"))?;
        Some(&self.calls[*index as usize]).filter(|facts| facts.is_about_implementations())
    }

    /// Every trait item with that name that code calls, in the order of the files.
    pub fn trait_items(&self, name: &str) -> &[CallFacts] {
        self.trait_items_named.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a function-like macro means, by canonical path.
    pub fn macro_facts(&self, path: &str) -> Option<&MacroFacts> {
        self.macros.get(path)
    }

    /// How a migrator keeps out others, by the canonical path of the call that migrates.
    pub fn migrator_facts(&self, path: &str) -> Option<&MigratorFacts> {
        self.migrators.get(path)
    }

    /// The commands of migrators that are known.
    pub fn commands(&self) -> &[CommandFacts] {
        &self.commands
    }

    /// The tables in which migrators keep what was applied.
    pub fn ledgers(&self) -> impl Iterator<Item = &str> {
        self.migrators.facts().iter().filter_map(|facts| facts.ledger.as_deref())
    }

    /// Whether a library, given by the first segment of its paths, looks for state by its type in what an application was given,
    /// or in what a request carries along. Linear in the types of all libraries.
    pub fn looks_up_state(&self, library: &str) -> bool {
        let mut types = self.types.facts().iter();
        types.any(|facts| facts.looked_up.is_some() && root_segment(&facts.path) == library)
    }

    /// Macros with that last segment, users' first: for names that came in by `#[macro_use]`.
    pub fn macros_named(&self, name: &str) -> impl Iterator<Item = &MacroFacts> {
        self.macros.named(name)
    }

    /// The library's own path of a module that one of its macros makes in the user's code, by the module's name.
    pub fn made_module(&self, name: &str) -> Option<String> {
        let made = self.macros.facts().iter().find(|facts| facts.module.as_deref() == Some(name))?;
        let (library, _) = made.path.split_once("::")?;
        Some(format!("{library}::{name}"))
    }

    /// What an attribute or derive means, by canonical path.
    pub fn attribute_facts(&self, path: &str) -> Option<&AttributeFacts> {
        self.attributes.get(path)
    }

    /// Attributes with that last segment, users' first: for names that came in by `#[macro_use]`.
    pub fn attributes_named(&self, name: &str) -> impl Iterator<Item = &AttributeFacts> {
        self.attributes.named(name)
    }

    /// Whether a path starting with this root belongs to a library the catalog has, also by a facade.
    pub fn knows_library(&self, root: &str) -> bool {
        self.libraries.contains_key(root) || self.names.is_facade(root)
    }

    /// Whether the catalog has an entry for exactly this canonical path, of whatever kind.
    pub fn knows_item(&self, path: &str) -> bool {
        self.names.is_item(path)
    }

    /// Whether the catalog has an entry for something in the module with this canonical path.
    pub fn knows_module(&self, path: &str) -> bool {
        self.names.is_module(path)
    }

    /// The libraries, sorted by root.
    pub fn libraries(&self) -> impl Iterator<Item = &Library> {
        self.libraries.values()
    }

    /// Every call, built-in first, in the order of the files.
    pub fn calls(&self) -> &[CallFacts] {
        &self.calls
    }

    /// Every type, built-in first, in the order of the files.
    pub fn types(&self) -> &[TypeFacts] {
        self.types.facts()
    }

    /// Adds the built-in libraries with these roots and those they refer to, unless they are there.
    fn load(&mut self, mut wanted: BTreeSet<String>) {
        while let Some(root) = wanted.pop_first() {
            let Some(file) = BUILTIN.iter().find(|file| file.carries(&root)) else {
                continue;
            };
            if !self.loaded.contains(file.package) {
                wanted.extend(self.add_builtin(file));
            }
        }
    }

    /// Adds a built-in file and gives back the roots it refers to.
    fn add_builtin(&mut self, file: &BuiltinFile) -> BTreeSet<String> {
        let library =
            read(file.package, file.text).expect("built-in files are free of mistakes, a test reads each");
        let needs = library.needs.clone();
        self.loaded.insert(file.package);
        self.add(library);
        needs
    }

    fn add(&mut self, file: LibraryFile) {
        let LibraryFile { package, root, versions_read, facades, .. } = file;
        facades.iter().for_each(|facade| self.names.add_facade(root_of(facade), &root));
        let library = self.libraries.entry(root.clone()).or_insert_with(|| Library {
            package,
            root,
            versions_read: Vec::new(),
            facades: Vec::new(),
        });
        library.versions_read.extend(versions_read);
        library.facades.extend(facades);
        self.names.add_aliases(file.aliases);
        let macros = file.macros.iter().map(|facts| &facts.path);
        let attributes = file.attributes.iter().map(|facts| &facts.path);
        for path in file.types.iter().map(|facts| &facts.path).chain(macros).chain(attributes) {
            self.names.add_item(path);
            self.names.export(path);
        }
        self.add_calls(file.calls);
        self.migrators.add(file.migrators, |facts| &facts.path);
        self.commands.extend(file.commands);
        self.macros.add(file.macros, |facts| &facts.path);
        self.attributes.add(file.attributes, |facts| &facts.path);
        self.types.add(file.types, |facts| &facts.path);
    }

    fn add_calls(&mut self, calls: Vec<CallFacts>) {
        let first = self.calls.len();
        // Backwards, so that the first of a file is the one that stays.
        for (n, facts) in calls.iter().enumerate().rev() {
            self.names.add_item(&facts.path);
            let by_path = match facts.form {
                CallForm::Function => {
                    self.names.export(&facts.path);
                    &mut self.functions
                }
                CallForm::TraitItem => {
                    if let Some((owner, _)) = facts.path.rsplit_once("::") {
                        self.names.add_item(owner);
                        self.names.export(owner);
                    }
                    &mut self.trait_items
                }
                CallForm::Method => {
                    if let Some((owner, name)) = facts.path.rsplit_once("::") {
                        let named = self.methods.entry(owner.to_owned()).or_default();
                        named.insert(name.to_owned(), index(first + n));
                    }
                    continue;
                }
            };
            by_path.insert(facts.path.clone(), index(first + n));
        }
        self.calls.extend(calls);
    }

    /// Makes every path that entries give canonical, and groups trait items.
    fn settle(&mut self) {
        self.names.settle();
        let names = &self.names;
        let canonical = |pattern: &mut Option<TypePattern>| {
            if let Some(pattern) = pattern {
                *pattern = names.canonical_pattern(pattern);
            }
        };
        self.calls.iter_mut().for_each(|facts| {
            canonical(&mut facts.returns);
            canonical(&mut facts.gives);
        });
        self.macros.facts_mut().iter_mut().for_each(|facts| canonical(&mut facts.returns));
        for facts in self.types.facts_mut() {
            canonical(&mut facts.deref);
            canonical(&mut facts.awaited);
        }
        self.trait_items_named.clear();
        for (n, facts) in self.calls.iter().enumerate() {
            let is_called = facts.form == CallForm::TraitItem && !facts.is_about_implementations();
            if is_called && self.trait_items.get(&facts.path) == Some(&index(n)) {
                self.trait_items_named
                    .entry(last_segment(&facts.path).to_owned())
                    .or_default()
                    .push(facts.clone());
            }
        }
    }
}

/// The root of a package's paths as long as its manifest does not say otherwise.
fn root_of(package: &str) -> String {
    package.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CallRole;

    fn shown(catalog: &Catalog, path: &str) -> String {
        let segments: Vec<&str> = path.split("::").collect();
        let Canonical { path, self_arguments } = catalog.canonical(&segments);
        match self_arguments {
            Some(arguments) => {
                let arguments: Vec<String> = arguments.iter().map(TypePattern::to_string).collect();
                format!("{path} [{}]", arguments.join(", "))
            }
            None => path,
        }
    }

    fn extended(text: &str) -> Catalog {
        let mut catalog = Catalog::builtin();
        catalog.extend("own.toml", text).unwrap();
        catalog
    }

    #[test]
    fn a_pool_made_through_options_is_the_pool_of_their_driver() {
        let catalog = Catalog::builtin();
        let connect = catalog.method("sqlx::pool::PoolOptions", "connect").unwrap();
        let returns = connect.returns.as_ref().unwrap().substitute(&[TypePattern::path("sqlx::Postgres")]);
        assert_eq!(returns.to_string(), "sqlx::Pool<sqlx::Postgres>");
        let pool = catalog.type_facts("sqlx::Pool").unwrap();
        assert!(pool.kind.is_handle());
        assert_eq!(pool.resource, crate::catalog::ResourceOf::Argument(0));
        let create_pool = catalog.method("deadpool_postgres::Config", "create_pool").unwrap();
        let returns = create_pool.returns.as_ref().unwrap().to_string();
        assert_eq!(returns, "deadpool::managed::Pool<deadpool_postgres::Manager>");
    }

    #[test]
    fn trait_items_are_found_through_their_trait_and_through_types_of_their_library() {
        let catalog = Catalog::builtin();
        assert_eq!(catalog.function("diesel::Connection::establish").unwrap().form, CallForm::TraitItem);
        assert_eq!(catalog.function("diesel::PgConnection::establish").unwrap().form, CallForm::Function);
        assert_eq!(catalog.function("sqlx::PgConnection::ping").unwrap().path, "sqlx::Connection::ping");
        assert!(catalog.function("redis::Connection::ping").is_none());
        assert!(catalog.trait_items("ping").iter().any(|item| item.path == "sqlx::Connection::ping"));
        assert!(catalog.trait_items("no_such_item").is_empty());
    }

    #[test]
    fn methods_are_found_through_named_dereferences_and_not_through_arguments() {
        let catalog = Catalog::builtin();
        assert!(catalog.method("std::string::String", "as_str").is_some());
        assert!(catalog.method("std::string::String", "trim").is_some());
        assert!(catalog.method("std::path::PathBuf", "to_str").is_some());
        assert!(catalog.method("std::sync::Arc", "lock").is_none());
        assert!(catalog.method("no::Type", "lock").is_none());
    }

    #[test]
    fn macros_and_attributes_are_found_by_path_and_by_name() {
        let catalog = Catalog::builtin();
        assert_eq!(catalog.macro_facts("sqlx::migrate").unwrap().role, CallRole::MigrationSource);
        assert!(catalog.macros_named("lazy_static").next().is_some());
        assert_eq!(catalog.attribute_facts("tokio::main").unwrap().role, CallRole::Entry);
        assert_eq!(catalog.attribute_facts("tokio::test").unwrap().role, CallRole::Test);
        assert_eq!(catalog.attribute_facts("actix_web::get").unwrap().route, Some(0));
        assert!(catalog.attribute_facts("rocket_db_pools::Database").unwrap().derive);
        let launch: Vec<&str> = catalog.attributes_named("launch").map(|facts| facts.path.as_str()).collect();
        assert_eq!(launch, ["rocket::launch"]);
    }

    #[test]
    fn only_the_libraries_asked_for_and_those_they_refer_to_are_there() {
        let catalog = Catalog::for_packages(["serde", "diesel", "sqlx-core"].into_iter(), &[]).unwrap();
        let packages: Vec<&str> = catalog.libraries().map(|library| library.package.as_str()).collect();
        assert_eq!(packages, ["diesel", "r2d2", "sqlx", "std"]);
        assert!(catalog.knows_library("sqlx_core") && catalog.knows_library("core"));
        assert!(!catalog.knows_library("redis"));
        assert_eq!(shown(&catalog, "diesel::r2d2::Pool::new"), "r2d2::Pool::new");
    }

    #[test]
    fn an_entry_of_the_user_wins_over_a_built_in_one_and_leaves_the_others() {
        let catalog = extended(
            "package = \"sqlx\"\ncalls = [{ function = \"Pool::connect\", role = \"create\", io = \"lazy\" }]\n\
             types = [{ path = \"Pool\", kind = \"client\" }]\naliases = [{ path = \"PgPool\", is = \"Pool<Any>\" }]",
        );
        assert_eq!(catalog.function("sqlx::Pool::connect").unwrap().io, Some(crate::catalog::Io::Lazy));
        assert_eq!(catalog.type_facts("sqlx::Pool").unwrap().kind, crate::catalog::TypeKind::Client);
        assert_eq!(shown(&catalog, "sqlx::PgPool"), "sqlx::Pool [sqlx::Any]");
        assert_eq!(shown(&catalog, "sqlx::MySqlPool"), "sqlx::Pool [sqlx::MySql]");
        assert!(catalog.function("sqlx::Pool::connect_lazy").is_some());
    }

    #[test]
    fn a_library_of_the_user_is_taught_with_one_file() {
        let text = "package = \"acme-db\"\naliases = [{ path = \"Db\", is = \"Handle<::sqlx::PgPool>\" }]\n\
             types = [{ path = \"Handle\", kind = \"pool\", resource = \"$0\", clone = \"shared\" }]\n\
             calls = [{ function = \"open\", role = \"create\", returns = \"Db\", io = \"eager\", address = 0 }]";
        let extension = Extension { file_name: "acme.toml", text };
        let catalog = Catalog::for_packages(std::iter::empty(), &[extension]).unwrap();
        let open = catalog.function("acme_db::open").unwrap();
        let returns = open.returns.as_ref().unwrap().to_string();
        assert_eq!(returns, "acme_db::Handle<sqlx::Pool<sqlx::Postgres>>");
        assert!(catalog.knows_library("sqlx"), "a library that an entry refers to is there");
        let wrong = Extension { file_name: "acme.toml", text: "pakage = \"x\"" };
        let error = Catalog::for_packages(std::iter::empty(), &[wrong]).unwrap_err();
        assert_eq!((error.file.as_str(), error.line, error.column), ("acme.toml", 1, 1));
    }

    #[test]
    fn of_two_entries_with_one_path_the_first_is_found_and_both_are_kept() {
        let catalog = extended(
            "package = \"x\"\ncalls = [{ function = \"f\", role = \"create\", versions = \"<2\" },\n\
             { function = \"f\", role = \"builder\", versions = \">=2\" }]",
        );
        assert_eq!(catalog.function("x::f").unwrap().versions.as_deref(), Some("<2"));
        assert_eq!(catalog.calls().iter().filter(|facts| facts.path == "x::f").count(), 2);
    }
}
