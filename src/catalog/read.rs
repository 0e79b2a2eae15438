//! From the text of one catalog file to its entries. Every mistake is found and placed; what an entry means
//! for a program is not this module's concern.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeTable;

use super::check::{Checker, Entry, resource};
use super::pattern::{TypePattern, absolute, expand_braces};
use super::schema::{self, CatalogError};
use super::{
    AttributeFacts, CallFacts, CallForm, CallRole, CloneKind, CommandFacts, MacroFacts, MigratorFacts,
    ResourceOf, TypeFacts,
};

/// Everything one file says, with paths below the library's root.
#[derive(Debug)]
pub(super) struct LibraryFile {
    pub(super) package: String,
    pub(super) root: String,
    pub(super) versions_read: Vec<String>,
    pub(super) facades: Vec<String>,
    pub(super) aliases: Vec<AliasEntry>,
    pub(super) types: Vec<TypeFacts>,
    pub(super) calls: Vec<CallFacts>,
    pub(super) migrators: Vec<MigratorFacts>,
    pub(super) commands: Vec<CommandFacts>,
    pub(super) macros: Vec<MacroFacts>,
    pub(super) attributes: Vec<AttributeFacts>,
    /// Roots of other libraries that the entries mention.
    pub(super) needs: BTreeSet<String>,
}

impl LibraryFile {
    /// Roots of the libraries that must be there for the entries to mean something.
    pub(super) fn wanted(&self) -> impl Iterator<Item = String> {
        self.needs.iter().cloned().chain([self.root.clone()])
    }
}

/// One name for another.
#[derive(Debug)]
pub(super) struct AliasEntry {
    /// Absolute path; `a::*` for everything in a module.
    pub(super) path: String,
    pub(super) target: AliasTarget,
}

/// What an alias stands for.
#[derive(Debug)]
pub(super) enum AliasTarget {
    /// An item, with generic arguments when the alias gives them.
    Item { path: String, arguments: Option<Vec<TypePattern>> },
    /// Everything in a module.
    Module(String),
    /// Any item of the library, by its last segment.
    Prelude,
}

/// Reads one file. The first mistake in the order of the text is the error.
pub(super) fn read(file: &str, text: &str) -> Result<LibraryFile, CatalogError> {
    let mut reader =
        Reader { checker: Checker::new(file, text), root: String::new(), needs: BTreeSet::new() };
    let library = match DeTable::parse(text) {
        Ok(table) => reader.library(&table),
        Err(error) => {
            reader.checker.mistake(error.span().unwrap_or(0..0), error.message().to_owned());
            None
        }
    };
    let Reader { checker, mut needs, root } = reader;
    match checker.first_mistake() {
        Some(error) => Err(error),
        None => {
            needs.remove(&root);
            let library = library.expect("a table without mistakes becomes a library");
            Ok(LibraryFile { needs, ..library })
        }
    }
}

struct Reader<'a> {
    checker: Checker<'a>,
    root: String,
    needs: BTreeSet<String>,
}

impl Reader<'_> {
    fn library<'a>(&mut self, table: &'a Spanned<DeTable<'a>>) -> Option<LibraryFile> {
        let file = self.checker.check(table.get_ref(), 0..0, &schema::FILE);
        let package = file.owned("package")?;
        self.root = file.owned("root").unwrap_or_else(|| package.replace('-', "_"));
        let aliases =
            self.checker.entries(&file, "aliases").iter().flat_map(|entry| self.alias(entry)).collect();
        let types = self.checker.entries(&file, "types").iter().flat_map(|entry| self.types(entry)).collect();
        let calls = self.checker.entries(&file, "calls").iter().flat_map(|entry| self.calls(entry)).collect();
        let migrators =
            self.checker.entries(&file, "migrators").iter().flat_map(|entry| self.migrators(entry)).collect();
        let commands = self.checker.entries(&file, "commands");
        let commands = commands.iter().filter_map(|entry| command(&package, entry)).collect();
        let macros =
            self.checker.entries(&file, "macros").iter().flat_map(|entry| self.macros(entry)).collect();
        let attributes = self
            .checker
            .entries(&file, "attributes")
            .iter()
            .flat_map(|entry| self.attributes(entry))
            .collect();
        Some(LibraryFile {
            package,
            root: self.root.clone(),
            versions_read: file.texts("versions_read"),
            facades: file.texts("facades"),
            aliases,
            types,
            calls,
            migrators,
            commands,
            macros,
            attributes,
            needs: BTreeSet::new(),
        })
    }

    /// The absolute paths an entry is about.
    fn paths(&mut self, entry: &Entry<'_>, key: &str) -> Vec<String> {
        let Some(value) = entry.value(key) else {
            return Vec::new();
        };
        match expand_braces(value.get_ref().as_str().unwrap_or_default()) {
            Ok(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| absolute(path, &self.root)).collect();
                paths.iter().for_each(|path| self.need(path));
                paths
            }
            Err(error) => {
                self.checker.mistake_inside(value, error);
                Vec::new()
            }
        }
    }

    fn pattern(&mut self, entry: &Entry<'_>, key: &str) -> Option<TypePattern> {
        let value = entry.value(key)?;
        match TypePattern::parse(value.get_ref().as_str()?, &self.root) {
            Ok(pattern) => {
                pattern.each_path(&mut |path| self.need(path));
                Some(pattern)
            }
            Err(error) => {
                self.checker.mistake_inside(value, error);
                None
            }
        }
    }

    fn need(&mut self, path: &str) {
        if let Some((root, _)) = path.split_once("::")
            && !self.needs.contains(root)
        {
            self.needs.insert(root.to_owned());
        }
    }

    fn alias(&mut self, entry: &Entry<'_>) -> Vec<AliasEntry> {
        let paths = self.paths(entry, "path");
        let (Some(value), Some(is)) = (entry.value("is"), entry.text("is")) else {
            return Vec::new();
        };
        let wants_module = paths.iter().any(|path| path.ends_with("::*"));
        if wants_module != is.ends_with('*') {
            let message = "an alias that ends in `*` stands for a module or a prelude on both sides";
            self.checker.mistake(value.span(), message.to_owned());
            return Vec::new();
        }
        let target = |reader: &mut Self| {
            if is == "*" {
                return Some(AliasTarget::Prelude);
            }
            if let Some(module) = is.strip_suffix("::*") {
                if let Err(error) = expand_braces(module) {
                    reader.checker.mistake_inside(value, error);
                    return None;
                }
                let module = absolute(module, &reader.root);
                reader.need(&format!("{module}::"));
                return Some(AliasTarget::Module(module));
            }
            match reader.pattern(entry, "is")? {
                TypePattern::Path { path, arguments } => {
                    let arguments = (!arguments.is_empty()).then_some(arguments);
                    Some(AliasTarget::Item { path, arguments })
                }
                _ => {
                    reader.checker.mistake(value.span(), "an alias must name an item by its path".to_owned());
                    None
                }
            }
        };
        paths.into_iter().filter_map(|path| Some(AliasEntry { path, target: target(self)? })).collect()
    }

    fn types(&mut self, entry: &Entry<'_>) -> Vec<TypeFacts> {
        let paths = self.paths(entry, "path");
        let Some(kind) = entry.one_of("kind") else {
            return Vec::new();
        };
        let deref = self.pattern(entry, "deref");
        let awaited = self.pattern(entry, "awaited");
        let facts = |path| TypeFacts {
            path,
            kind,
            resource: entry.text("resource").and_then(resource).unwrap_or(ResourceOf::Nothing),
            clone: entry.one_of("clone").unwrap_or(CloneKind::None),
            fluent: entry.flag("fluent"),
            single_path: entry.flag("single_path"),
            listens: entry.flag("listens"),
            in_memory: entry.one_of("in_memory"),
            looked_up: entry.one_of("looked_up"),
            put_into: entry.texts("put_into"),
            deref: deref.clone(),
            awaited: awaited.clone(),
            note: entry.owned("note"),
            versions: entry.owned("versions"),
        };
        paths.into_iter().map(facts).collect()
    }

    fn calls(&mut self, entry: &Entry<'_>) -> Vec<CallFacts> {
        let (form, key) = if entry.value("function").is_some() {
            (CallForm::Function, "function")
        } else if entry.value("method").is_some() {
            (CallForm::Method, "method")
        } else {
            (CallForm::TraitItem, "trait_item")
        };
        let paths = self.paths(entry, key);
        let Some(role) = entry.one_of::<CallRole>("role") else {
            return Vec::new();
        };
        let (returns, gives) = (self.pattern(entry, "returns"), self.pattern(entry, "gives"));
        let facts = |path| CallFacts {
            path,
            form,
            role,
            returns: returns.clone(),
            is_async: entry.flag("async"),
            wrap: entry.one_of("wrap"),
            io: entry.one_of("io"),
            address: entry.source("address"),
            carries: entry.source("carries"),
            option: entry.owned("option"),
            route: entry.index("route"),
            handler: entry.index("handler"),
            callback: entry.index("callback"),
            gives: gives.clone(),
            per_connection: entry.flag("per_connection"),
            runs: entry.owned("runs"),
            atomic: entry.flag("atomic"),
            blocking: entry.flag("blocking"),
            enters_runtime: entry.flag("enters_runtime"),
            constant: entry.flag("constant"),
            asks_runtime: entry.flag("asks_runtime"),
            diverges: entry.flag("diverges"),
            variable: entry.text("variable").map(str::to_owned),
            fails_when_repeated: entry.flag("fails_when_repeated"),
            fills_fields: entry.flag("fills_fields"),
            eager_by_default: entry.flag("eager_by_default"),
            first_at_once: entry.flag("first_at_once"),
            says_well: entry.flag("says_well"),
            short_lived: entry.flag("short_lived"),
            unstable: entry.flag("unstable"),
            panics: entry.owned("panics"),
            note: entry.owned("note"),
            versions: entry.owned("versions"),
        };
        paths.into_iter().map(facts).collect()
    }

    fn migrators(&mut self, entry: &Entry<'_>) -> Vec<MigratorFacts> {
        let paths = self.paths(entry, "runs");
        let unlocked_by = self.paths(entry, "unlocked_by").pop();
        let Some(transaction) = entry.one_of("transaction") else {
            return Vec::new();
        };
        let facts = |path| MigratorFacts {
            path,
            locks: entry.texts("locks"),
            unlocked_by: unlocked_by.clone(),
            after_failure: entry.one_of("after_failure"),
            transaction,
            without_transaction: entry.texts("without_transaction"),
            ledger: entry.owned("ledger"),
            repeats: entry.texts("repeats"),
            note: entry.owned("note"),
            versions: entry.owned("versions"),
        };
        paths.into_iter().map(facts).collect()
    }

    fn macros(&mut self, entry: &Entry<'_>) -> Vec<MacroFacts> {
        let paths = self.paths(entry, "path");
        let Some(role) = entry.one_of("role") else {
            return Vec::new();
        };
        let returns = self.pattern(entry, "returns");
        let facts = |path| MacroFacts {
            path,
            role,
            returns: returns.clone(),
            module: entry.owned("module"),
            folder: entry.owned("folder"),
            nested: entry.flag("nested"),
            note: entry.owned("note"),
            versions: entry.owned("versions"),
        };
        paths.into_iter().map(facts).collect()
    }

    fn attributes(&mut self, entry: &Entry<'_>) -> Vec<AttributeFacts> {
        let paths = self.paths(entry, "path");
        let Some(role) = entry.one_of("role") else {
            return Vec::new();
        };
        let facts = |path| AttributeFacts {
            path,
            role,
            derive: entry.flag("derive"),
            route: entry.index("route"),
            route_named: entry.owned("route_named"),
            registered_by: entry.owned("registered_by"),
            implemented_as: entry.owned("implemented_as"),
            methods: entry.owned("methods"),
            note: entry.owned("note"),
            versions: entry.owned("versions"),
        };
        paths.into_iter().map(facts).collect()
    }
}

/// The command that an entry of a package describes.
fn command(package: &str, entry: &Entry<'_>) -> Option<CommandFacts> {
    Some(CommandFacts {
        package: package.to_owned(),
        program: entry.owned("program")?,
        applies: entry.texts("applies"),
        folder: entry.owned("folder")?,
        option: entry.owned("option"),
        configuration: entry.owned("configuration"),
        nested: entry.flag("nested"),
        note: entry.owned("note"),
        versions: entry.owned("versions"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        read("own.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_placed_and_its_neighbour_named() {
        let text =
            "package = \"x\"\ncalls = [\n  { function = \"f\", role = \"create\", retruns = \"Self\" },\n]\n";
        assert_eq!(error(text), "own.toml:3:38: unknown key `retruns` in a call; did you mean `returns`?");
        assert_eq!(
            error("package = \"x\"\ncall = []"),
            "own.toml:2:1: unknown key `call` in the file; did you mean `calls`?"
        );
    }

    #[test]
    fn an_unknown_role_or_kind_is_placed_and_its_neighbour_named() {
        let call = "package = \"x\"\ncalls = [{ function = \"f\", role = \"creat\" }]";
        assert_eq!(error(call), "own.toml:2:35: unknown role `creat`; did you mean `create`?");
        let kind = "package = \"x\"\ntypes = [{ path = \"P\", kind = \"pol\" }]";
        assert_eq!(error(kind), "own.toml:2:31: unknown kind `pol`; did you mean `pool`?");
        let nonsense = "package = \"x\"\ntypes = [{ path = \"P\", kind = \"qqqqqq\" }]";
        assert_eq!(error(nonsense), "own.toml:2:31: unknown kind `qqqqqq`");
    }

    #[test]
    fn a_mistake_inside_a_type_or_path_is_placed_inside_it() {
        let text =
            "package = \"x\"\ncalls = [{ function = \"f\", role = \"create\", returns = \"Pool<%>\" }]";
        assert!(error(text).starts_with("own.toml:2:61: expected a type"), "{}", error(text));
        let text = "package = \"x\"\ncalls = [{ function = \"Pool::{a\", role = \"create\" }]";
        assert_eq!(error(text), "own.toml:2:30: this `{` is not closed");
    }

    #[test]
    fn columns_count_characters_and_not_bytes() {
        let text = "package = \"x\"\ncalls = [{ note = \"é€\", function = \"f\", role = \"creat\" }]";
        assert!(error(text).starts_with("own.toml:2:48: unknown role"), "{}", error(text));
    }

    #[test]
    fn missing_and_doubled_keys_and_wrong_shapes_are_told() {
        assert_eq!(error("root = \"x\""), "own.toml:1:1: the file needs the key `package`");
        let neither = "package = \"x\"\ncalls = [{ role = \"create\" }]";
        assert_eq!(
            error(neither),
            "own.toml:2:10: a call needs exactly one of the keys `function`, `method`, `trait_item`"
        );
        let both = "package = \"x\"\ncalls = [{ role = \"create\", function = \"a\", method = \"b\" }]";
        assert!(error(both).contains("exactly one"));
        assert_eq!(error("package = 1"), "own.toml:1:11: `package` must be a text");
        let number =
            "package = \"x\"\ncalls = [{ function = \"f\", role = \"create\", address = \"reciever\" }]";
        assert!(
            error(number).ends_with("`address` must be the index of an argument or \"receiver\""),
            "{}",
            error(number)
        );
        assert_eq!(error("package = \"x\"\ntypes = 3"), "own.toml:2:9: `types` must be a list of tables");
        let resource =
            "package = \"x\"\ntypes = [{ path = \"P\", kind = \"pool\", resource = \"Post gres\" }]";
        assert!(error(resource).contains("`resource` must be a driver"));
        assert!(error("package = ").starts_with("own.toml:1:"));
        assert!(error("package = \"x\"\npackage = \"y\"").starts_with("own.toml:2:1:"));
    }

    #[test]
    fn the_first_mistake_in_the_text_is_told() {
        let text = "package = \"x\"\ntypes = [{ path = \"P\", kind = \"pol\" }]\ncalls = [{ role = \"creat\" }]\naliases = 1";
        assert!(error(text).starts_with("own.toml:2:31"));
    }

    #[test]
    fn other_libraries_that_entries_mention_are_needed() {
        let text = "package = \"a-b\"\naliases = [{ path = \"r::*\", is = \"::r2d2::*\" }]\ntypes = [{ path = \"P\", kind = \"pool\", deref = \"::std::sync::Arc<Q>\" }]";
        let library = read("own.toml", text).unwrap();
        assert_eq!(library.root, "a_b");
        assert_eq!(library.needs.into_iter().collect::<Vec<_>>(), ["r2d2", "std"]);
    }
}
