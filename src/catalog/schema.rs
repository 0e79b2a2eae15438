//! The format of a catalog file as tables of keys: what may stand where, in words. The reader checks files
//! against these tables, error messages take their suggestions from them and the JSON Schema is written
//! from them, so the three cannot disagree. This module reads no file and knows no library.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde_json::{Map, Value, json};

use super::{
    CallRole, CloneKind, InMemory, Io, LockAfterFailure, LookedUp, MigrationTransaction, TypeKind, Wrap,
};

/// Why a catalog file was refused, with the place of the key or value that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError {
    /// The file, as it was named by whoever handed in its text.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// One sentence without a full stop.
    pub message: String,
    /// The known name nearest to an unknown one.
    pub suggestion: Option<String>,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CatalogError {}

/// One key of the format.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) about: &'static str,
}

/// What a key's value looks like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Text for people, or a name.
    Text,
    /// A list of texts.
    Texts,
    /// A version requirement.
    Versions,
    /// `true` or `false`.
    Flag,
    /// An argument index, `self` not counted.
    Index,
    /// An argument index or `"receiver"`.
    Source,
    /// A driver, `"$n"` or `"address-scheme"`.
    Resource,
    /// A path, braces allowed.
    Items,
    /// The type language.
    Type,
    /// One of the names of an enum.
    OneOf(fn() -> &'static [&'static str]),
    /// A list of tables.
    Entries(&'static Section),
}

/// A kind of table: its keys, those it needs, and those of which it needs exactly one.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
    pub(super) required: &'static [&'static str],
    pub(super) exactly_one: &'static [&'static str],
}

impl Section {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, about }
}

const NOTE: Key = key("note", Shape::Text, "A remark for readers.");
const VERSIONS: Key = key(
    "versions",
    Shape::Versions,
    "Version requirement, when the entry does not hold for every version. Kept, not evaluated.",
);
const RETURNS: Key = key("returns", Shape::Type, "Type of the result after `.await` and without `wrap`.");

/// A whole file.
pub(super) const FILE: Section = Section {
    name: "the file",
    required: &["package"],
    exactly_one: &[],
    keys: &[
        key("package", Shape::Text, "Package name in the registry. The file is named after it."),
        key(
            "root",
            Shape::Text,
            "First segment of the library's paths. Default: the package name with `-` as `_`.",
        ),
        key("versions_read", Shape::Texts, "Versions whose source was read for these entries."),
        key("facades", Shape::Texts, "Packages whose items are the same items under the same paths."),
        key("aliases", Shape::Entries(&ALIAS), "Other names of items and modules."),
        key("types", Shape::Entries(&TYPE), "What types are."),
        key("calls", Shape::Entries(&CALL), "What calls do."),
        key("migrators", Shape::Entries(&MIGRATOR), "How migrators keep out others."),
        key("commands", Shape::Entries(&COMMAND), "Commands that apply migrations from outside."),
        key("macros", Shape::Entries(&MACRO), "What function-like macros do."),
        key("attributes", Shape::Entries(&ATTRIBUTE), "What attributes and derives do."),
    ],
};

pub(super) const ALIAS: Section = Section {
    name: "an alias",
    required: &["path", "is"],
    exactly_one: &[],
    keys: &[
        key("path", Shape::Items, "The other name. `module::*` stands for everything in a module."),
        key(
            "is",
            Shape::Type,
            "What it names. `$0` is the user's first generic argument; without arguments the user's are kept. `module::*` for a module, `*` for a prelude: any item of this library by its last segment.",
        ),
        NOTE,
    ],
};

pub(super) const TYPE: Section = Section {
    name: "a type",
    required: &["path", "kind"],
    exactly_one: &[],
    keys: &[
        key("path", Shape::Items, "Canonical path, without generic arguments."),
        key("kind", Shape::OneOf(names_of::<TypeKind>), "What the type is for."),
        key(
            "resource",
            Shape::Resource,
            "What it talks to: a driver such as `postgres`, `$n` for the resource of generic argument n, or `address-scheme` when the address decides.",
        ),
        key("clone", Shape::OneOf(names_of::<CloneKind>), "What `clone()` gives. Default: `none`."),
        key("fluent", Shape::Flag, "Methods that are not listed return the type itself."),
        key("single_path", Shape::Flag, "Opening the same path twice fails or blocks."),
        key(
            "listens",
            Shape::Flag,
            "It waits for messages of the server on a connection that it has to itself.",
        ),
        key(
            "in_memory",
            Shape::OneOf(names_of::<InMemory>),
            "What the connections of a pool see of a database in memory that is opened as `:memory:`.",
        ),
        key(
            "looked_up",
            Shape::OneOf(names_of::<LookedUp>),
            "Where handlers look for a value by the type inside when a request comes, unchecked by the compiler.",
        ),
        key("put_into", Shape::Texts, "Fields of a request into which others put things on its way."),
        key("deref", Shape::Type, "The type that method look-up falls through to."),
        key("awaited", Shape::Type, "What awaiting a value of the type gives (`JoinHandle`)."),
        NOTE,
        VERSIONS,
    ],
};

pub(super) const CALL: Section = Section {
    name: "a call",
    required: &["role"],
    exactly_one: &["function", "method", "trait_item"],
    keys: &[
        key("function", Shape::Items, "A free or associated function, without `self`."),
        key("method", Shape::Items, "An inherent method, with `self`."),
        key(
            "trait_item",
            Shape::Items,
            "An item of a trait, called as a method or through a path, on any receiver.",
        ),
        key("role", Shape::OneOf(names_of::<CallRole>), "What the call does."),
        RETURNS,
        key("async", Shape::Flag, "The result is a future: nothing happens until it is awaited or spawned."),
        key("wrap", Shape::OneOf(names_of::<Wrap>), "What the result is wrapped in."),
        key("io", Shape::OneOf(names_of::<Io>), "When a creating call touches the outside world."),
        key("address", Shape::Source, "Where the URL, path, options or key is."),
        key(
            "carries",
            Shape::Source,
            "Whose value the result carries on, so that an address survives the call.",
        ),
        key(
            "option",
            Shape::Text,
            "Which option is set: `max`, `min`, `acquire-timeout`, `address`, `lazy`, `verify`, `locking`, `workers`, `retries`, `timeout`, `transaction`; `charset`, `foreign-keys`, `journal-mode`, `locking-mode`, `synchronous`, `timezone`, `tls`.",
        ),
        key("route", Shape::Index, "Argument that holds a route's path."),
        key("handler", Shape::Index, "Argument that holds a handler, service, sub-router or state."),
        key("callback", Shape::Index, "Argument that is a closure, future or function value to be run."),
        key("gives", Shape::Type, "The type of the first thing that the callback or handler is given."),
        key("per_connection", Shape::Flag, "The callback runs for every connection, not once."),
        key("runs", Shape::Text, "The method of the callback argument that is run, where that is a value."),
        key("atomic", Shape::Flag, "Check and initialization are one step for all callers."),
        key("blocking", Shape::Flag, "Blocks the thread."),
        key("enters_runtime", Shape::Flag, "Blocks on a runtime, and panics where one is running already."),
        key("constant", Shape::Flag, "Gives the same each time that it is called without arguments."),
        key("asks_runtime", Shape::Flag, "Tells whether a runtime is running."),
        key("diverges", Shape::Flag, "Never returns."),
        key("variable", Shape::Text, "The environment variable that it reads by itself."),
        key("fails_when_repeated", Shape::Flag, "Makes one thing, and fails where that is there."),
        key("fills_fields", Shape::Flag, "Fills each field of what it gives from the variable of that name."),
        key(
            "eager_by_default",
            Shape::Flag,
            "For io `optional`: it connects at once, unless the option `lazy` says otherwise.",
        ),
        key("first_at_once", Shape::Flag, "For role `sleep`: the first call returns at once."),
        key("says_well", Shape::Flag, "For role `health-set`: says by itself that all is well."),
        key("short_lived", Shape::Flag, "For role `serve`: the process may end after each answer."),
        key("unstable", Shape::Flag, "Stable Rust does not have it."),
        key("panics", Shape::Text, "Why it may panic."),
        NOTE,
        VERSIONS,
    ],
};

pub(super) const MIGRATOR: Section = Section {
    name: "a migrator",
    required: &["runs", "transaction"],
    exactly_one: &[],
    keys: &[
        key("runs", Shape::Items, "Paths of the calls that migrate."),
        key(
            "locks",
            Shape::Texts,
            "Drivers on which a run holds a database lock from before its first check to its end.",
        ),
        key(
            "unlocked_by",
            Shape::Items,
            "Path of the call that turns the lock off when it is given `false`.",
        ),
        key(
            "after_failure",
            Shape::OneOf(names_of::<LockAfterFailure>),
            "What becomes of the lock when a migration fails and the connection lives on.",
        ),
        key("transaction", Shape::OneOf(names_of::<MigrationTransaction>), "What one transaction is over."),
        key("without_transaction", Shape::Texts, "Drivers on which there is none."),
        key("ledger", Shape::Text, "The table that says what was applied, by its default name."),
        key(
            "repeats",
            Shape::Texts,
            "Drivers on which two runs at once without a lock apply statements twice; on others one of them fails.",
        ),
        NOTE,
        VERSIONS,
    ],
};

pub(super) const COMMAND: Section = Section {
    name: "a command",
    required: &["program", "applies", "folder"],
    exactly_one: &[],
    keys: &[
        key("program", Shape::Text, "The program, as cargo calls it too."),
        key("applies", Shape::Texts, "What it is called with to apply migrations: `migrate run`."),
        key("folder", Shape::Text, "The folder that it takes when none is named."),
        key("option", Shape::Text, "The option that names a folder."),
        key("configuration", Shape::Text, "The file in which the folder may be named instead."),
        key("nested", Shape::Flag, "Each migration has a folder of its own."),
        NOTE,
        VERSIONS,
    ],
};

pub(super) const MACRO: Section = Section {
    name: "a macro",
    required: &["path", "role"],
    exactly_one: &[],
    keys: &[
        key("path", Shape::Items, "Path of the macro, without `!`."),
        key("role", Shape::OneOf(names_of::<CallRole>), "What using it does."),
        RETURNS,
        key("module", Shape::Text, "The module that it makes where it stands."),
        key("folder", Shape::Text, "The folder of SQL files that it embeds where it is not given one."),
        key("nested", Shape::Flag, "It embeds the files of the folders inside as well."),
        NOTE,
        VERSIONS,
    ],
};

pub(super) const ATTRIBUTE: Section = Section {
    name: "an attribute",
    required: &["path", "role"],
    exactly_one: &[],
    keys: &[
        key("path", Shape::Items, "Path of the attribute or derive macro."),
        key("role", Shape::OneOf(names_of::<CallRole>), "What the attributed item becomes."),
        key("derive", Shape::Flag, "It is written inside `#[derive(…)]`."),
        key("route", Shape::Index, "Argument that holds a route's path."),
        key("route_named", Shape::Text, "Named argument that holds a route's path."),
        key(
            "registered_by",
            Shape::Text,
            "The library that registers under this route, by the root of its paths.",
        ),
        key(
            "implemented_as",
            Shape::Text,
            "Name of the trait that is implemented, `{}` for that of the marked one.",
        ),
        key("methods", Shape::Text, "On a block: the attribute of those methods that it means."),
        NOTE,
        VERSIONS,
    ],
};

/// The names of an enum in the format, in the order of its declaration.
pub(super) fn names_of<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // The error is how the deserializer below ends: it hands over the names and has no value to give.
    let _ = T::deserialize(VariantNames(&mut names));
    names
}

/// The enum value called `name`.
pub(super) fn named<T: for<'de> Deserialize<'de>>(name: &str) -> Option<T> {
    let deserializer: StrDeserializer<'_, ValueError> = name.into_deserializer();
    T::deserialize(deserializer).ok()
}

/// A deserializer that only looks at which variants an enum asks for.
struct VariantNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for VariantNames<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ValueError> {
        Err(serde::de::Error::custom("not an enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ValueError> {
        *self.0 = variants;
        Err(serde::de::Error::custom("only the names were asked for"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The candidate nearest to `name`, when it is near enough to be a slip of the hand or another spelling.
pub(super) fn nearest(name: &str, candidates: impl Iterator<Item = &'static str>) -> Option<String> {
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let wanted = plain(name);
    let limit = 1 + wanted.chars().count() / 3;
    candidates
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(steps, _)| *steps <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Number of letters to insert, remove, replace or swap with their neighbour to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let shorter = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swapped { shorter.min(rows[i - 2][j - 2] + 1) } else { shorter }
            };
        }
    }
    rows[a.len()][b.len()]
}

/// The JSON Schema of a catalog file, for editors. Written from the same tables the reader checks against.
pub fn json_schema() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("initpath catalog file: what one library means"));
    schema.extend(section_schema(&FILE));
    Value::Object(schema)
}

fn section_schema(section: &Section) -> Map<String, Value> {
    let properties: Map<String, Value> =
        section.keys.iter().map(|key| (key.name.to_owned(), key_schema(key))).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), json!(section.required));
    if !section.exactly_one.is_empty() {
        let choices: Vec<Value> =
            section.exactly_one.iter().map(|name| json!({ "required": [name] })).collect();
        schema.insert("oneOf".to_owned(), json!(choices));
    }
    schema
}

fn key_schema(key: &Key) -> Value {
    let mut schema = match key.shape {
        Shape::Text | Shape::Versions | Shape::Items | Shape::Type | Shape::Resource => {
            json!({ "type": "string", "minLength": 1 })
        }
        Shape::Texts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Index => json!({ "type": "integer", "minimum": 0 }),
        Shape::Source => {
            json!({ "oneOf": [{ "type": "integer", "minimum": 0 }, { "const": "receiver" }] })
        }
        Shape::OneOf(names) => json!({ "enum": names() }),
        Shape::Entries(section) => json!({ "type": "array", "items": section_schema(section) }),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(key.about));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_enums_are_those_the_format_uses() {
        assert!(names_of::<CallRole>().contains(&"per-worker-factory"));
        assert!(names_of::<TypeKind>().contains(&"once-cell"));
        assert_eq!(names_of::<Wrap>(), ["Result", "Option"]);
        assert_eq!(named::<CallRole>("once-init"), Some(CallRole::OnceInit));
        assert_eq!(named::<CallRole>("once_init"), None);
    }

    #[test]
    fn a_slip_of_the_hand_finds_its_neighbour_and_nonsense_finds_none() {
        let roles = || names_of::<CallRole>().iter().copied();
        assert_eq!(nearest("craete", roles()).as_deref(), Some("create"));
        assert_eq!(nearest("migration_source", roles()).as_deref(), Some("migration-source"));
        assert_eq!(nearest("zzz", roles()), None);
    }

    #[test]
    fn every_key_is_explained_and_named_once() {
        for section in [&FILE, &ALIAS, &TYPE, &CALL, &MACRO, &ATTRIBUTE] {
            for (n, key) in section.keys.iter().enumerate() {
                assert!(key.about.ends_with('.'), "{}: {}", section.name, key.name);
                assert!(
                    section.keys[..n].iter().all(|other| other.name != key.name),
                    "{}: {}",
                    section.name,
                    key.name
                );
            }
            for name in section.required.iter().chain(section.exactly_one) {
                assert!(section.key(name).is_some(), "{}: {name}", section.name);
            }
        }
    }
}
