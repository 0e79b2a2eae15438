//! The catalog as a value: entries of many files under one set of names, with look-ups by canonical path.
//! What a program does with them is the business of other rooms.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::builtin::{BUILTIN, BuiltinFile};
use super::read::{AliasTarget, LibraryFile, read};
use super::{
    AttributeFacts, CallFacts, CallForm, CallRole, CatalogError, MacroFacts, TypeFacts, TypePattern,
};

/// Libraries whose entries hold in every program.
const ALWAYS: [&str; 1] = ["std"];

/// Aliases that lead to aliases are followed this far; a longer chain is a circle.
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

/// A path with every alias on it replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// Library root first (`sqlx::Pool::connect`).
    pub path: String,
    /// Generic arguments that an alias gave to the type the path names or starts with; `$n` in them is the
    /// user's argument n. `None`: the user's arguments hold.
    pub self_arguments: Option<Vec<TypePattern>>,
}

/// Entries of built-in and user files, indexed. Of several entries with one path the first is found, and a
/// user's before a built-in one. Look-ups are a few hash look-ups each.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Packages of the built-in files that were added.
    loaded: BTreeSet<&'static str>,
    libraries: BTreeMap<String, Library>,
    /// Roots of facades to the root whose items they carry.
    facades: FxHashMap<String, String>,
    types: Table<TypeFacts>,
    calls: Vec<CallFacts>,
    functions: FxHashMap<String, u32>,
    methods: FxHashMap<String, u32>,
    trait_items: FxHashMap<String, u32>,
    /// Trait items by last segment.
    trait_items_named: FxHashMap<String, Vec<CallFacts>>,
    macros: Table<MacroFacts>,
    attributes: Table<AttributeFacts>,
    interesting: FxHashSet<String>,
    aliases: BTreeMap<String, Canonical>,
    /// Module path to the module or, with `None`, to the library whose items it re-exports.
    globs: FxHashMap<String, Option<String>>,
    /// Per library, items by last segment, for preludes.
    items_named: FxHashMap<String, BTreeMap<String, String>>,
    /// Traits and every other item a path can end in.
    items: FxHashSet<String>,
}

/// Facts by canonical path and by last segment.
#[derive(Debug, Clone)]
struct Table<T> {
    facts: Vec<T>,
    by_path: FxHashMap<String, u32>,
    by_name: FxHashMap<String, Vec<u32>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            facts: Vec::new(),
            by_path: FxHashMap::default(),
            by_name: FxHashMap::default(),
        }
    }
}

impl<T> Table<T> {
    /// Adds a file's facts: among them the first with a path is found, and all come before older ones.
    fn add(&mut self, facts: Vec<T>, path_of: impl Fn(&T) -> &str) {
        let first = self.facts.len();
        for (n, fact) in facts.iter().enumerate().rev() {
            self.by_path
                .insert(path_of(fact).to_owned(), index(first + n));
            self.by_name
                .entry(last_segment(path_of(fact)).to_owned())
                .or_default()
                .insert(0, index(first + n));
        }
        self.facts.extend(facts);
    }

    fn get(&self, path: &str) -> Option<&T> {
        self.by_path.get(path).map(|n| &self.facts[*n as usize])
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &T> {
        self.by_name
            .get(name)
            .into_iter()
            .flatten()
            .map(|n| &self.facts[*n as usize])
    }
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
        let own = extensions
            .iter()
            .map(|extension| read(extension.file_name, extension.text));
        let own: Vec<LibraryFile> = own.collect::<Result<_, _>>()?;
        let mut catalog = Self::default();
        let mut wanted: BTreeSet<String> = ALWAYS.iter().map(|root| (*root).to_owned()).collect();
        wanted.extend(packages.map(root_of));
        own.iter()
            .for_each(|library| wanted.extend(library.wanted()));
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
    /// library's root, without generic arguments.
    pub fn canonical(&self, segments: &[&str]) -> Canonical {
        let mut path = segments.join("::");
        let mut self_arguments = None;
        for _ in 0..LONGEST_CHAIN {
            match self.rewrite(&path) {
                Some(step) => {
                    path = step.path;
                    self_arguments = join_arguments(self_arguments, step.self_arguments);
                }
                None => break,
            }
        }
        Canonical {
            path,
            self_arguments,
        }
    }

    /// A pattern with every path in it canonical.
    pub fn canonical_pattern(&self, pattern: &TypePattern) -> TypePattern {
        match pattern {
            TypePattern::Path { path, arguments } => {
                let segments: Vec<&str> = path.split("::").collect();
                let canonical = self.canonical(&segments);
                let arguments: Vec<TypePattern> = arguments
                    .iter()
                    .map(|item| self.canonical_pattern(item))
                    .collect();
                let arguments = match canonical.self_arguments {
                    Some(given) => given
                        .iter()
                        .map(|item| item.substitute(&arguments))
                        .collect(),
                    None => arguments,
                };
                TypePattern::Path {
                    path: canonical.path,
                    arguments,
                }
            }
            TypePattern::Part(inner, n) => {
                TypePattern::Part(Box::new(self.canonical_pattern(inner)), *n)
            }
            TypePattern::Awaited(inner) => {
                TypePattern::Awaited(Box::new(self.canonical_pattern(inner)))
            }
            TypePattern::List(inner) => TypePattern::List(Box::new(self.canonical_pattern(inner))),
            TypePattern::Tuple(items) => TypePattern::Tuple(
                items
                    .iter()
                    .map(|item| self.canonical_pattern(item))
                    .collect(),
            ),
            plain => plain.clone(),
        }
    }

    /// What a type is. `path` is canonical.
    pub fn type_facts(&self, path: &str) -> Option<&TypeFacts> {
        self.types.get(path)
    }

    /// What calling the item at a canonical path means: a function, or a trait item named through its trait,
    /// or through a type when exactly one trait of the type's library has an item of that name.
    pub fn function(&self, path: &str) -> Option<&CallFacts> {
        if let Some(n) = self
            .functions
            .get(path)
            .or_else(|| self.trait_items.get(path))
        {
            return Some(&self.calls[*n as usize]);
        }
        let (owner, name) = path.rsplit_once("::")?;
        self.type_facts(owner)?;
        let root = root_segment(owner);
        let mut of_library = self
            .trait_items(name)
            .iter()
            .filter(|item| root_segment(&item.path) == root);
        of_library.next().filter(|_| of_library.next().is_none())
    }

    /// What a method of a type means, also one of the types it dereferences to by name. A type that
    /// dereferences to a generic argument (`Arc`) is looked through by the caller, who knows the argument.
    pub fn method(&self, type_path: &str, name: &str) -> Option<&CallFacts> {
        let mut owner = type_path.to_owned();
        for _ in 0..LONGEST_CHAIN {
            if let Some(n) = self.methods.get(&format!("{owner}::{name}")) {
                return Some(&self.calls[*n as usize]);
            }
            match &self.type_facts(&owner)?.deref {
                Some(TypePattern::Path { path, .. }) => owner.clone_from(path),
                _ => return None,
            }
        }
        None
    }

    /// Every trait item with that name, in the order of the files.
    pub fn trait_items(&self, name: &str) -> &[CallFacts] {
        self.trait_items_named.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a function-like macro means, by canonical path.
    pub fn macro_facts(&self, path: &str) -> Option<&MacroFacts> {
        self.macros.get(path)
    }

    /// Macros with that last segment, users' first: for names that came in by `#[macro_use]`.
    pub fn macros_named(&self, name: &str) -> impl Iterator<Item = &MacroFacts> {
        self.macros.named(name)
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
        self.libraries.contains_key(root) || self.facades.contains_key(root)
    }

    /// Whether the catalog has an entry for exactly this canonical path, of whatever kind.
    pub fn knows_item(&self, path: &str) -> bool {
        self.items.contains(path)
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
        &self.types.facts
    }

    /// Whether some call of this name does more than pass values on. Code in which no such name occurs
    /// needs no closer look.
    pub fn is_interesting_name(&self, name: &str) -> bool {
        self.interesting.contains(name)
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
        let library = read(file.package, file.text)
            .expect("built-in files are free of mistakes, a test reads each");
        let needs = library.needs.clone();
        self.loaded.insert(file.package);
        self.add(library);
        needs
    }

    fn add(&mut self, file: LibraryFile) {
        let LibraryFile {
            package,
            root,
            versions_read,
            facades,
            aliases,
            types,
            calls,
            macros,
            attributes,
            ..
        } = file;
        for facade in &facades {
            self.facades.insert(root_of(facade), root.clone());
        }
        let library = self
            .libraries
            .entry(root.clone())
            .or_insert_with(|| Library {
                package,
                root: root.clone(),
                versions_read: Vec::new(),
                facades: Vec::new(),
            });
        library.versions_read.extend(versions_read);
        library.facades.extend(facades);
        // Reversed, so that the first of a file is the one that stays.
        for alias in aliases.into_iter().rev() {
            match (alias.path.strip_suffix("::*"), alias.target) {
                (_, AliasTarget::Item { path, arguments }) => {
                    self.name_item(&alias.path);
                    self.aliases.insert(
                        alias.path,
                        Canonical {
                            path,
                            self_arguments: arguments,
                        },
                    );
                }
                (Some(module), AliasTarget::Module(target)) => {
                    drop(self.globs.insert(module.to_owned(), Some(target)))
                }
                (Some(module), AliasTarget::Prelude) => {
                    drop(self.globs.insert(module.to_owned(), None))
                }
                (None, _) => {}
            }
        }
        for facts in &types {
            self.name_item(&facts.path);
            self.items.insert(facts.path.clone());
        }
        for facts in calls.iter().filter(|facts| facts.role != CallRole::Adapt) {
            self.interesting
                .insert(last_segment(&facts.path).to_owned());
        }
        let first = self.calls.len();
        for (n, facts) in calls.iter().enumerate().rev() {
            let by_path = match facts.form {
                CallForm::Function => &mut self.functions,
                CallForm::Method => &mut self.methods,
                CallForm::TraitItem => &mut self.trait_items,
            };
            by_path.insert(facts.path.clone(), index(first + n));
            self.items.insert(facts.path.clone());
            match facts.form {
                CallForm::Function => self.name_item(&facts.path),
                CallForm::TraitItem => {
                    if let Some((owner, _)) = facts.path.rsplit_once("::") {
                        self.name_item(owner);
                        self.items.insert(owner.to_owned());
                    }
                }
                CallForm::Method => {}
            }
        }
        self.calls.extend(calls);
        for path in macros
            .iter()
            .map(|facts| &facts.path)
            .chain(attributes.iter().map(|facts| &facts.path))
        {
            self.name_item(path);
            self.items.insert(path.clone());
        }
        self.macros.add(macros, |facts| &facts.path);
        self.attributes.add(attributes, |facts| &facts.path);
        self.types.add(types, |facts| &facts.path);
    }

    /// Makes an item reachable through its library's preludes. Of items with one name the shortest path is
    /// kept; associated functions are no items of a prelude.
    fn name_item(&mut self, path: &str) {
        let mut segments = path.rsplit("::");
        let (Some(name), Some(parent)) = (segments.next(), segments.next()) else {
            return;
        };
        if parent.starts_with(char::is_uppercase) {
            return;
        }
        let named = self
            .items_named
            .entry(root_segment(path).to_owned())
            .or_default();
        let kept = named
            .entry(name.to_owned())
            .or_insert_with(|| path.to_owned());
        if (path.len(), path) < (kept.len(), kept.as_str()) {
            *kept = path.to_owned();
        }
    }

    /// Makes every path that entries give canonical, and groups trait items.
    fn settle(&mut self) {
        // What an alias gives may itself be put together from aliases; three rounds reach every sensible chain.
        for _ in 0..3 {
            self.aliases = self
                .aliases
                .iter()
                .map(|(path, target)| (path.clone(), self.settled(target)))
                .collect();
        }
        let canonical = |pattern: &Option<TypePattern>| {
            pattern
                .as_ref()
                .map(|pattern| self.canonical_pattern(pattern))
        };
        let returns: Vec<_> = self
            .calls
            .iter()
            .map(|facts| canonical(&facts.returns))
            .collect();
        let of_macros: Vec<_> = self
            .macros
            .facts
            .iter()
            .map(|facts| canonical(&facts.returns))
            .collect();
        let of_types: Vec<_> = self
            .types
            .facts
            .iter()
            .map(|facts| (canonical(&facts.deref), canonical(&facts.awaited)))
            .collect();
        self.calls
            .iter_mut()
            .zip(returns)
            .for_each(|(facts, returns)| facts.returns = returns);
        self.macros
            .facts
            .iter_mut()
            .zip(of_macros)
            .for_each(|(facts, returns)| facts.returns = returns);
        for (facts, (deref, awaited)) in self.types.facts.iter_mut().zip(of_types) {
            facts.deref = deref;
            facts.awaited = awaited;
        }
        self.trait_items_named.clear();
        for (n, facts) in self.calls.iter().enumerate() {
            if facts.form == CallForm::TraitItem
                && self.trait_items.get(&facts.path) == Some(&index(n))
            {
                self.trait_items_named
                    .entry(last_segment(&facts.path).to_owned())
                    .or_default()
                    .push(facts.clone());
            }
        }
    }

    fn settled(&self, target: &Canonical) -> Canonical {
        let arguments = target.self_arguments.clone().unwrap_or_default();
        match self.canonical_pattern(&TypePattern::Path {
            path: target.path.clone(),
            arguments,
        }) {
            TypePattern::Path { path, arguments } => Canonical {
                path,
                self_arguments: (!arguments.is_empty()).then_some(arguments),
            },
            _ => target.clone(),
        }
    }

    /// One step towards the canonical path: the longest start of it that is another name for something.
    /// `None` when there is none, or when a longer start is itself an item.
    fn rewrite(&self, path: &str) -> Option<Canonical> {
        let mut end = path.len();
        loop {
            let start = &path[..end];
            if let Some(target) = self.aliases.get(start) {
                let step = Canonical {
                    path: format!("{}{}", target.path, &path[end..]),
                    ..target.clone()
                };
                // An alias of itself would never come to rest.
                return Some(step).filter(|step| step.path != path);
            }
            if self.items.contains(start) {
                return None;
            }
            let Some(parent) = start.rfind("::") else {
                break;
            };
            if let Some(target) = self.globs.get(&start[..parent]) {
                let target = match target {
                    Some(module) => Some(format!("{module}{}", &start[parent..])),
                    None => self
                        .items_named
                        .get(root_segment(path))
                        .and_then(|named| named.get(&start[parent + 2..]).cloned()),
                };
                if let Some(target) = target.filter(|target| target != start) {
                    return Some(Canonical {
                        path: format!("{target}{}", &path[end..]),
                        self_arguments: None,
                    });
                }
            }
            end = parent;
        }
        let root = self.facades.get(&path[..end])?;
        Some(Canonical {
            path: format!("{root}{}", &path[end..]),
            self_arguments: None,
        })
    }
}

/// The later alias' arguments in terms of the earlier one's.
fn join_arguments(
    before: Option<Vec<TypePattern>>,
    step: Option<Vec<TypePattern>>,
) -> Option<Vec<TypePattern>> {
    match (before, step) {
        (Some(before), Some(step)) => {
            Some(step.iter().map(|item| item.substitute(&before)).collect())
        }
        (before, step) => step.or(before),
    }
}

/// The root of a package's paths as long as its manifest does not say otherwise.
fn root_of(package: &str) -> String {
    package.replace('-', "_")
}

fn root_segment(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn index(n: usize) -> u32 {
    u32::try_from(n).expect("a catalog has fewer than four billion entries")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(catalog: &Catalog, path: &str) -> String {
        let segments: Vec<&str> = path.split("::").collect();
        let Canonical {
            path,
            self_arguments,
        } = catalog.canonical(&segments);
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
    fn aliases_of_types_give_the_type_and_its_arguments() {
        let catalog = Catalog::builtin();
        assert_eq!(
            shown(&catalog, "sqlx::PgPool"),
            "sqlx::Pool [sqlx::Postgres]"
        );
        assert_eq!(
            shown(&catalog, "sqlx::postgres::PgPool"),
            "sqlx::Pool [sqlx::Postgres]"
        );
        assert_eq!(
            shown(&catalog, "sqlx::PgPool::connect"),
            "sqlx::Pool::connect [sqlx::Postgres]"
        );
        let options = "sqlx::pool::PoolOptions [sqlx::Postgres]";
        assert_eq!(shown(&catalog, "sqlx::postgres::PgPoolOptions"), options);
        assert_eq!(shown(&catalog, "sqlx::Pool"), "sqlx::Pool");
        assert_eq!(
            shown(&catalog, "sqlx::pool::Pool::connect"),
            "sqlx::Pool::connect"
        );
    }

    #[test]
    fn aliases_that_cross_libraries_keep_the_user_argument_in_its_place() {
        let catalog = Catalog::builtin();
        assert_eq!(
            shown(
                &catalog,
                "diesel_async::pooled_connection::bb8::Pool::builder"
            ),
            "bb8::Pool::builder [diesel_async::pooled_connection::AsyncDieselConnectionManager<$0>]"
        );
        assert_eq!(
            shown(&catalog, "deadpool_diesel::postgres::Pool"),
            "deadpool::managed::Pool [deadpool_diesel::Manager<diesel::PgConnection>]"
        );
        assert_eq!(
            shown(&catalog, "deadpool_postgres::Pool"),
            "deadpool::managed::Pool [deadpool_postgres::Manager]"
        );
        assert_eq!(shown(&catalog, "axum::Server::bind"), "hyper::Server::bind");
    }

    #[test]
    fn re_exported_modules_facades_and_preludes_lead_to_the_library() {
        let catalog = Catalog::builtin();
        assert_eq!(
            shown(&catalog, "diesel::r2d2::Pool::builder"),
            "r2d2::Pool::builder"
        );
        assert_eq!(
            shown(&catalog, "diesel::r2d2::ConnectionManager::new"),
            "diesel::r2d2::ConnectionManager::new"
        );
        assert_eq!(
            shown(&catalog, "diesel::prelude::PgConnection::establish"),
            "diesel::PgConnection::establish"
        );
        assert_eq!(
            shown(&catalog, "deadpool_postgres::tokio_postgres::Config::new"),
            "tokio_postgres::Config::new"
        );
        assert_eq!(
            shown(&catalog, "sqlx_core::pool::Pool::connect"),
            "sqlx::Pool::connect"
        );
        assert_eq!(
            shown(&catalog, "sea_orm::sqlx::PgPool"),
            "sqlx::Pool [sqlx::Postgres]"
        );
        assert_eq!(
            shown(&catalog, "core::cell::OnceCell::new"),
            "std::cell::OnceCell::new"
        );
        assert_eq!(
            shown(&catalog, "alloc::sync::Arc::new"),
            "std::sync::Arc::new"
        );
        assert_eq!(
            shown(&catalog, "fred::prelude::RedisClient::new"),
            "fred::clients::Client::new"
        );
        assert_eq!(
            shown(&catalog, "serenity::prelude::Client::builder"),
            "serenity::Client::builder"
        );
        assert_eq!(
            shown(&catalog, "unknown::thing::Here"),
            "unknown::thing::Here"
        );
        assert_eq!(shown(&catalog, ""), "");
    }

    #[test]
    fn a_pool_made_through_options_is_the_pool_of_their_driver() {
        let catalog = Catalog::builtin();
        let connect = catalog
            .method("sqlx::pool::PoolOptions", "connect")
            .unwrap();
        let returns = connect
            .returns
            .as_ref()
            .unwrap()
            .substitute(&[TypePattern::path("sqlx::Postgres")]);
        assert_eq!(returns.to_string(), "sqlx::Pool<sqlx::Postgres>");
        let pool = catalog.type_facts("sqlx::Pool").unwrap();
        assert!(pool.kind.is_handle());
        assert_eq!(pool.resource, crate::catalog::ResourceOf::Argument(0));
        let create_pool = catalog
            .method("deadpool_postgres::Config", "create_pool")
            .unwrap();
        let returns = create_pool.returns.as_ref().unwrap().to_string();
        assert_eq!(
            returns,
            "deadpool::managed::Pool<deadpool_postgres::Manager>"
        );
    }

    #[test]
    fn trait_items_are_found_through_their_trait_and_through_types_of_their_library() {
        let catalog = Catalog::builtin();
        assert_eq!(
            catalog
                .function("diesel::Connection::establish")
                .unwrap()
                .form,
            CallForm::TraitItem
        );
        assert_eq!(
            catalog
                .function("diesel::PgConnection::establish")
                .unwrap()
                .form,
            CallForm::Function
        );
        assert_eq!(
            catalog.function("sqlx::PgConnection::ping").unwrap().path,
            "sqlx::Connection::ping"
        );
        assert!(catalog.function("redis::Connection::ping").is_none());
        assert!(
            catalog
                .trait_items("ping")
                .iter()
                .any(|item| item.path == "sqlx::Connection::ping")
        );
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
        assert_eq!(
            catalog.macro_facts("sqlx::migrate").unwrap().role,
            CallRole::MigrationSource
        );
        assert!(catalog.macros_named("lazy_static").next().is_some());
        assert_eq!(
            catalog.attribute_facts("tokio::main").unwrap().role,
            CallRole::Entry
        );
        assert_eq!(
            catalog.attribute_facts("tokio::test").unwrap().role,
            CallRole::Test
        );
        assert_eq!(
            catalog.attribute_facts("actix_web::get").unwrap().route,
            Some(0)
        );
        assert!(
            catalog
                .attribute_facts("rocket_db_pools::Database")
                .unwrap()
                .derive
        );
        let launch: Vec<&str> = catalog
            .attributes_named("launch")
            .map(|facts| facts.path.as_str())
            .collect();
        assert_eq!(launch, ["rocket::launch"]);
    }

    #[test]
    fn only_the_libraries_asked_for_and_those_they_refer_to_are_there() {
        let catalog =
            Catalog::for_packages(["serde", "diesel", "sqlx-core"].into_iter(), &[]).unwrap();
        let packages: Vec<&str> = catalog
            .libraries()
            .map(|library| library.package.as_str())
            .collect();
        assert_eq!(packages, ["diesel", "r2d2", "sqlx", "std"]);
        assert!(catalog.knows_library("sqlx_core") && catalog.knows_library("core"));
        assert!(!catalog.knows_library("redis"));
        assert_eq!(
            shown(&catalog, "diesel::r2d2::Pool::new"),
            "r2d2::Pool::new"
        );
    }

    #[test]
    fn names_of_calls_that_only_pass_values_on_are_not_interesting() {
        let catalog = Catalog::builtin();
        assert!(catalog.is_interesting_name("connect_lazy"));
        assert!(catalog.is_interesting_name("get_or_init"));
        assert!(!catalog.is_interesting_name("unwrap"));
        assert!(!catalog.is_interesting_name("as_str"));
    }

    #[test]
    fn an_entry_of_the_user_wins_over_a_built_in_one_and_leaves_the_others() {
        let catalog = extended(
            "package = \"sqlx\"\ncalls = [{ function = \"Pool::connect\", role = \"create\", io = \"lazy\" }]\n\
             types = [{ path = \"Pool\", kind = \"client\" }]\naliases = [{ path = \"PgPool\", is = \"Pool<Any>\" }]",
        );
        assert_eq!(
            catalog.function("sqlx::Pool::connect").unwrap().io,
            Some(crate::catalog::Io::Lazy)
        );
        assert_eq!(
            catalog.type_facts("sqlx::Pool").unwrap().kind,
            crate::catalog::TypeKind::Client
        );
        assert_eq!(shown(&catalog, "sqlx::PgPool"), "sqlx::Pool [sqlx::Any]");
        assert_eq!(
            shown(&catalog, "sqlx::MySqlPool"),
            "sqlx::Pool [sqlx::MySql]"
        );
        assert!(catalog.function("sqlx::Pool::connect_lazy").is_some());
    }

    #[test]
    fn a_library_of_the_user_is_taught_with_one_file() {
        let text = "package = \"acme-db\"\naliases = [{ path = \"Db\", is = \"Handle<::sqlx::PgPool>\" }]\n\
             types = [{ path = \"Handle\", kind = \"pool\", resource = \"$0\", clone = \"shared\" }]\n\
             calls = [{ function = \"open\", role = \"create\", returns = \"Db\", io = \"eager\", address = 0 }]";
        let extension = Extension {
            file_name: "acme.toml",
            text,
        };
        let catalog = Catalog::for_packages(std::iter::empty(), &[extension]).unwrap();
        let open = catalog.function("acme_db::open").unwrap();
        let returns = open.returns.as_ref().unwrap().to_string();
        assert_eq!(returns, "acme_db::Handle<sqlx::Pool<sqlx::Postgres>>");
        assert!(
            catalog.knows_library("sqlx"),
            "a library that an entry refers to is there"
        );
        let wrong = Extension {
            file_name: "acme.toml",
            text: "pakage = \"x\"",
        };
        let error = Catalog::for_packages(std::iter::empty(), &[wrong]).unwrap_err();
        assert_eq!(
            (error.file.as_str(), error.line, error.column),
            ("acme.toml", 1, 1)
        );
    }

    #[test]
    fn of_two_entries_with_one_path_the_first_is_found_and_both_are_kept() {
        let catalog = extended(
            "package = \"x\"\ncalls = [{ function = \"f\", role = \"create\", versions = \"<2\" },\n\
             { function = \"f\", role = \"builder\", versions = \">=2\" }]",
        );
        assert_eq!(
            catalog.function("x::f").unwrap().versions.as_deref(),
            Some("<2")
        );
        assert_eq!(
            catalog
                .calls()
                .iter()
                .filter(|facts| facts.path == "x::f")
                .count(),
            2
        );
    }

    #[test]
    fn aliases_in_a_circle_come_to_an_end() {
        let catalog = extended(
            "package = \"x\"\naliases = [{ path = \"A\", is = \"B<$0>\" }, { path = \"B\", is = \"A<A>\" },\n\
             { path = \"m::*\", is = \"m::n::*\" }, { path = \"C\", is = \"C<C>\" }]",
        );
        for path in ["x::A", "x::B::new", "x::C", "x::m::T"] {
            shown(&catalog, path);
        }
    }
}
