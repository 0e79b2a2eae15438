//! From a path as code writes it to the one path under which entries are found: aliases, re-exports, facades
//! and preludes. It knows names only, never what an item means.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::TypePattern;
use super::read::{AliasEntry, AliasTarget};

/// Aliases that lead to aliases are followed this far; a longer chain is a circle.
const LONGEST_CHAIN: usize = 16;

/// A path with every alias on it replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// Library root first (`sqlx::Pool::connect`).
    pub path: String,
    /// Generic arguments that an alias gave to the type the path names or starts with; `$n` in them is the
    /// user's argument n. `None`: the user's arguments hold.
    pub self_arguments: Option<Vec<TypePattern>>,
}

/// Every name the catalog's files give to something.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Roots of facades to the root whose items they carry.
    facades: FxHashMap<String, String>,
    aliases: BTreeMap<String, Canonical>,
    /// Module path to the module or, with `None`, to the library whose items it re-exports.
    globs: FxHashMap<String, Option<String>>,
    /// Canonical paths of types, functions, methods, traits, macros and attributes.
    items: FxHashSet<String>,
    /// Per library, items that a prelude could re-export, by last segment.
    exported: FxHashMap<String, FxHashMap<String, String>>,
}

impl Names {
    /// Says that paths below `facade` are paths below `root`.
    pub(super) fn add_facade(&mut self, facade: String, root: &str) {
        self.facades.insert(facade, root.to_owned());
    }

    /// Adds a file's aliases. The first of those with one path stays, and wins over older ones.
    pub(super) fn add_aliases(&mut self, aliases: Vec<AliasEntry>) {
        for AliasEntry { path, target } in aliases.into_iter().rev() {
            match (path.strip_suffix("::*"), target) {
                (_, AliasTarget::Item { path: target, arguments }) => {
                    self.export(&path);
                    self.aliases.insert(path, Canonical { path: target, self_arguments: arguments });
                }
                (Some(module), AliasTarget::Module(target)) => {
                    self.globs.insert(module.to_owned(), Some(target));
                }
                (Some(module), AliasTarget::Prelude) => {
                    self.globs.insert(module.to_owned(), None);
                }
                (None, AliasTarget::Module(_) | AliasTarget::Prelude) => {}
            }
        }
    }

    /// Adds an item with an entry of its own: no alias changes a path that starts with it.
    pub(super) fn add_item(&mut self, path: &str) {
        self.items.insert(path.to_owned());
    }

    /// Makes an item reachable through its library's preludes. Of items with one name the shortest path is
    /// kept; associated functions are no items of a prelude.
    pub(super) fn export(&mut self, path: &str) {
        let Some((parent, name)) = path.rsplit_once("::") else {
            return;
        };
        if last_segment(parent).starts_with(char::is_uppercase) {
            return;
        }
        let exported = self.exported.entry(root_segment(path).to_owned()).or_default();
        let kept = exported.entry(name.to_owned()).or_insert_with(|| path.to_owned());
        if (path.len(), path) < (kept.len(), kept.as_str()) {
            *kept = path.to_owned();
        }
    }

    pub(super) fn is_item(&self, path: &str) -> bool {
        self.items.contains(path)
    }

    pub(super) fn is_module(&self, path: &str) -> bool {
        let inside = |item: &String| item.strip_prefix(path).is_some_and(|rest| rest.starts_with("::"));
        self.items.iter().any(inside)
    }

    pub(super) fn is_facade(&self, root: &str) -> bool {
        self.facades.contains_key(root)
    }

    /// Makes what aliases stand for canonical, so that one step is enough when a path is looked up.
    pub(super) fn settle(&mut self) {
        // What an alias gives may itself be put together from aliases; three rounds reach every sensible chain.
        for _ in 0..3 {
            self.aliases =
                self.aliases.iter().map(|(path, target)| (path.clone(), self.settled(target))).collect();
        }
    }

    fn settled(&self, target: &Canonical) -> Canonical {
        let arguments = target.self_arguments.clone().unwrap_or_default();
        match self.canonical_pattern(&TypePattern::Path { path: target.path.clone(), arguments }) {
            TypePattern::Path { path, arguments } => {
                Canonical { path, self_arguments: (!arguments.is_empty()).then_some(arguments) }
            }
            _ => target.clone(),
        }
    }

    /// See [`super::Catalog::canonical`].
    pub(super) fn canonical(&self, segments: &[&str]) -> Canonical {
        let mut path = segments.join("::");
        let mut self_arguments = None;
        for _ in 0..LONGEST_CHAIN {
            let Some(step) = self.step(&path) else { break };
            path = step.path;
            self_arguments = join_arguments(self_arguments, step.self_arguments);
        }
        Canonical { path, self_arguments }
    }

    /// See [`super::Catalog::canonical_pattern`].
    pub(super) fn canonical_pattern(&self, pattern: &TypePattern) -> TypePattern {
        let inside = |pattern: &TypePattern| Box::new(self.canonical_pattern(pattern));
        let each = |patterns: &[TypePattern]| {
            patterns.iter().map(|item| self.canonical_pattern(item)).collect::<Vec<_>>()
        };
        match pattern {
            TypePattern::Path { path, arguments } => {
                let segments: Vec<&str> = path.split("::").collect();
                let Canonical { path, self_arguments } = self.canonical(&segments);
                let own = each(arguments);
                let arguments = match self_arguments {
                    Some(given) => given.iter().map(|item| item.substitute(&own)).collect(),
                    None => own,
                };
                TypePattern::Path { path, arguments }
            }
            TypePattern::Part(inner, n) => TypePattern::Part(inside(inner), *n),
            TypePattern::Awaited(inner) => TypePattern::Awaited(inside(inner)),
            TypePattern::List(inner) => TypePattern::List(inside(inner)),
            TypePattern::Tuple(items) => TypePattern::Tuple(each(items)),
            plain => plain.clone(),
        }
    }

    /// One step towards the canonical path: the longest start of it that is another name for something.
    /// `None` when there is none, or when a longer start is itself an item.
    fn step(&self, path: &str) -> Option<Canonical> {
        let mut end = path.len();
        loop {
            let start = &path[..end];
            if let Some(target) = self.aliases.get(start) {
                let step = Canonical { path: format!("{}{}", target.path, &path[end..]), ..target.clone() };
                // An alias of itself would never come to rest.
                return (step.path != path).then_some(step);
            }
            if self.items.contains(start) {
                return None;
            }
            let Some(parent) = start.rfind("::") else {
                break;
            };
            if let Some(target) = self.through_glob(&start[..parent], &start[parent + 2..])
                && target != start
            {
                return Some(Canonical { path: format!("{target}{}", &path[end..]), self_arguments: None });
            }
            end = parent;
        }
        let root = self.facades.get(&path[..end])?;
        Some(Canonical { path: format!("{root}{}", &path[end..]), self_arguments: None })
    }

    /// What `name` is in a module whose items come from elsewhere.
    fn through_glob(&self, module: &str, name: &str) -> Option<String> {
        match self.globs.get(module)? {
            Some(target) => Some(format!("{target}::{name}")),
            None => self.exported.get(root_segment(module))?.get(name).cloned(),
        }
    }
}

/// The later alias' arguments in terms of the earlier one's.
fn join_arguments(
    before: Option<Vec<TypePattern>>,
    step: Option<Vec<TypePattern>>,
) -> Option<Vec<TypePattern>> {
    match (before, step) {
        (Some(before), Some(step)) => Some(step.iter().map(|item| item.substitute(&before)).collect()),
        (before, step) => step.or(before),
    }
}

/// The first segment of a path: the library it is of.
pub fn root_segment(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

pub(super) fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

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

    #[test]
    fn aliases_of_types_give_the_type_and_its_arguments() {
        let catalog = Catalog::builtin();
        assert_eq!(shown(&catalog, "sqlx::PgPool"), "sqlx::Pool [sqlx::Postgres]");
        assert_eq!(shown(&catalog, "sqlx::postgres::PgPool"), "sqlx::Pool [sqlx::Postgres]");
        assert_eq!(shown(&catalog, "sqlx::PgPool::connect"), "sqlx::Pool::connect [sqlx::Postgres]");
        let options = "sqlx::pool::PoolOptions [sqlx::Postgres]";
        assert_eq!(shown(&catalog, "sqlx::postgres::PgPoolOptions"), options);
        assert_eq!(shown(&catalog, "sqlx::Pool"), "sqlx::Pool");
        assert_eq!(shown(&catalog, "sqlx::pool::Pool::connect"), "sqlx::Pool::connect");
    }

    #[test]
    fn aliases_that_cross_libraries_keep_the_user_argument_in_its_place() {
        let catalog = Catalog::builtin();
        assert_eq!(
            shown(&catalog, "diesel_async::pooled_connection::bb8::Pool::builder"),
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
        assert_eq!(shown(&catalog, "diesel::r2d2::Pool::builder"), "r2d2::Pool::builder");
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
        assert_eq!(shown(&catalog, "sqlx_core::pool::Pool::connect"), "sqlx::Pool::connect");
        assert_eq!(shown(&catalog, "sea_orm::sqlx::PgPool"), "sqlx::Pool [sqlx::Postgres]");
        assert_eq!(shown(&catalog, "core::cell::OnceCell::new"), "std::cell::OnceCell::new");
        assert_eq!(shown(&catalog, "alloc::sync::Arc::new"), "std::sync::Arc::new");
        assert_eq!(shown(&catalog, "fred::prelude::RedisClient::new"), "fred::clients::Client::new");
        assert_eq!(shown(&catalog, "serenity::prelude::Client::builder"), "serenity::Client::builder");
        assert_eq!(shown(&catalog, "unknown::thing::Here"), "unknown::thing::Here");
        assert_eq!(shown(&catalog, ""), "");
    }

    #[test]
    fn aliases_in_a_circle_come_to_an_end() {
        let text = "package = \"x\"\naliases = [{ path = \"A\", is = \"B<$0>\" }, { path = \"B\", is = \"A<A>\" },\n\
             { path = \"m::*\", is = \"m::n::*\" }, { path = \"C\", is = \"C<C>\" }]";
        let mut catalog = Catalog::builtin();
        catalog.extend("own.toml", text).unwrap();
        for path in ["x::A", "x::B::new", "x::C", "x::m::T"] {
            shown(&catalog, path);
        }
    }
}
