//! Room 1, *cli*: the format of `initpath.toml`, and from its text to what it says. Every mistake is found and placed;
//! what a declaration means for a program is not this module's concern.

use std::fmt;
use std::ops::Range;

use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::location::line_and_column;
use crate::program::declarations::ResourceDeclaration;
use crate::suggest;

/// Name of the configuration file, in the root of the workspace.
pub const FILE_NAME: &str = "initpath.toml";

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// What is declared about resources, in the order of the file.
    pub resources: Vec<ResourceDeclaration>,
}

/// Why a configuration file was refused, with the place of the key or value that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
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

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigurationError {}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    /// A text or a list of texts.
    Texts,
    Flag,
}

struct Key {
    name: &'static str,
    shape: Shape,
    about: &'static str,
}

/// The keys of `[[resource]]`.
const RESOURCE: [Key; 5] = [
    Key {
        name: "id",
        shape: Shape::Text,
        about: "The resource, as `cargo initpath inventory` lists it: driver and address.",
    },
    Key {
        name: "role",
        shape: Shape::Text,
        about: "What the handles of `owner` are for. Handles of different roles do not compete.",
    },
    Key {
        name: "canonical",
        shape: Shape::Texts,
        about: "Path of the function, static or field through which all code should get its handle; several where binaries have none in common.",
    },
    Key {
        name: "owner",
        shape: Shape::Texts,
        about: "Paths of functions, types or modules whose handles have the role.",
    },
    Key {
        name: "optional",
        shape: Shape::Flag,
        about: "Whether the service works without the resource, so that nobody has to wait for it.",
    },
];

/// Reads a configuration. The first mistake in the order of the text is the error.
///
/// # Errors
/// Syntax errors, unknown keys (with the nearest known one), values of the wrong shape, a declaration without `id`, a role
/// without `owner`, and two declarations of one resource and role.
pub fn read(file: &str, text: &str) -> Result<Configuration, ConfigurationError> {
    let mut reader = Reader { file, text, mistakes: Vec::new() };
    let configuration = match DeTable::parse(text) {
        Ok(table) => reader.file(table.get_ref()),
        Err(error) => {
            reader.mistake(error.span().unwrap_or(0..0), error.message().to_owned(), None);
            Configuration::default()
        }
    };
    match reader.mistakes.into_iter().min_by_key(|(offset, _)| *offset) {
        Some((_, error)) => Err(error),
        None => Ok(configuration),
    }
}

/// The JSON Schema of the format, for editors.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for key in &RESOURCE {
        let text = json!({ "type": "string", "minLength": 1 });
        let shape = match key.shape {
            Shape::Text => text,
            Shape::Texts => json!({ "anyOf": [text, { "type": "array", "items": text }] }),
            Shape::Flag => json!({ "type": "boolean" }),
        };
        let mut shape = shape.as_object().cloned().unwrap_or_default();
        shape.insert("description".to_owned(), json!(key.about));
        properties.insert(key.name.to_owned(), Value::Object(shape));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "initpath.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "resource": {
                "description": "What no code says about a resource, or about one role of it.",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["id"],
                    "dependentRequired": { "role": ["owner"], "owner": ["role"] },
                    "properties": properties,
                },
            },
        },
    })
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// Byte offset and what is wrong there.
    mistakes: Vec<(usize, ConfigurationError)>,
}

impl Reader<'_> {
    fn mistake(&mut self, span: Range<usize>, message: String, suggestion: Option<String>) {
        let (line, column) = line_and_column(self.text, span.start);
        let error = ConfigurationError { file: self.file.to_owned(), line, column, message, suggestion };
        self.mistakes.push((span.start, error));
    }

    fn unknown(&mut self, name: &Spanned<impl AsRef<str>>, of: &str, known: &[&str]) {
        let given = name.get_ref().as_ref();
        let suggestion = suggest::nearest(given, known.iter().copied()).map(str::to_owned);
        self.mistake(name.span(), format!("unknown key `{given}` in {of}"), suggestion);
    }

    fn file(&mut self, table: &DeTable<'_>) -> Configuration {
        let mut resources: Vec<ResourceDeclaration> = Vec::new();
        for (name, value) in table {
            if name.get_ref() != "resource" {
                self.unknown(name, "the file", &["resource"]);
                continue;
            }
            let Some(list) = value.get_ref().as_array() else {
                self.mistake(
                    value.span(),
                    "`resource` must be a list of tables: `[[resource]]`".to_owned(),
                    None,
                );
                continue;
            };
            for item in list.iter() {
                let Some(table) = item.get_ref().as_table() else {
                    self.mistake(item.span(), "a resource must be a table".to_owned(), None);
                    continue;
                };
                let declared = self.resource(table, item.span());
                if resources.iter().any(|known| (&known.id, &known.role) == (&declared.id, &declared.role)) {
                    let role =
                        declared.role.as_ref().map(|role| format!(", role `{role}`")).unwrap_or_default();
                    self.mistake(item.span(), format!("`{}`{role} is declared twice", declared.id), None);
                }
                resources.push(declared);
            }
        }
        Configuration { resources }
    }

    fn resource(&mut self, table: &DeTable<'_>, span: Range<usize>) -> ResourceDeclaration {
        let mut declared = ResourceDeclaration::default();
        (declared.line, declared.column) = line_and_column(self.text, span.start);
        let names: Vec<&str> = RESOURCE.iter().map(|key| key.name).collect();
        for (name, value) in table {
            let Some(key) = RESOURCE.iter().find(|key| key.name == name.get_ref()) else {
                self.unknown(name, "a resource", &names);
                continue;
            };
            let texts = texts_of(value.get_ref(), key.shape);
            match (key.name, texts, value.get_ref().as_bool()) {
                ("optional", _, Some(flag)) => declared.optional = flag,
                ("id", Some(mut list), _) => declared.id = list.remove(0),
                ("role", Some(mut list), _) => declared.role = Some(list.remove(0)),
                ("canonical", Some(list), _) => declared.canonical = list,
                ("owner", Some(list), _) => declared.owner = list,
                _ => {
                    let expected = match key.shape {
                        Shape::Text => "a text",
                        Shape::Texts => "a text or a list of texts",
                        Shape::Flag => "true or false",
                    };
                    self.mistake(value.span(), format!("`{}` must be {expected}", key.name), None);
                }
            }
        }
        if !table.contains_key("id") {
            self.mistake(span.clone(), "a resource needs the key `id`".to_owned(), None);
        }
        if table.contains_key("role") != table.contains_key("owner") {
            self.mistake(
                span,
                "`role` and `owner` need each other: which handles have which role".to_owned(),
                None,
            );
        }
        declared
    }
}

/// The texts of a value that may be one or a list; `None` when it is something else or empty.
fn texts_of(value: &DeValue<'_>, shape: Shape) -> Option<Vec<String>> {
    let text = |value: &DeValue<'_>| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    match (shape, value.as_array()) {
        (Shape::Text | Shape::Texts, None) => Some(vec![text(value)?]),
        (Shape::Texts, Some(list)) if !list.is_empty() => {
            list.iter().map(|item| text(item.get_ref())).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read("initpath.toml", text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn declarations_are_read_as_they_stand() {
        let text = "[[resource]]\nid = \"postgres:env.URL\"\ncanonical = \"app::db::pool\"\n\n\
                    [[resource]]\nid = \"postgres:env.URL\"\nrole = \"reporting\"\nowner = [\"app::reports\"]\noptional = true\n";
        let read = read("initpath.toml", text).expect("it is right");
        let [first, second] = read.resources.as_slice() else { panic!("{read:?}") };
        assert_eq!((first.canonical.as_slice(), first.line), (&["app::db::pool".to_owned()][..], 1));
        assert_eq!((second.role.as_deref(), second.optional), (Some("reporting"), true));
        assert!(second.is_owner("app::reports::pool") && !second.is_owner("app::reportsx"));
    }

    #[test]
    fn an_unknown_key_is_placed_and_the_nearest_is_named() {
        let text = "[[resource]]\nid = \"a\"\ncanonicl = \"x\"\n";
        assert_eq!(
            refused(text),
            "initpath.toml:3:1: unknown key `canonicl` in a resource; did you mean `canonical`?"
        );
        assert!(refused("[resources]\n").contains("did you mean `resource`?"));
    }

    #[test]
    fn wrong_shapes_and_missing_keys_are_refused() {
        assert!(refused("[[resource]]\nrole = \"x\"\nowner = \"y\"\n").contains("needs the key `id`"));
        assert!(refused("[[resource]]\nid = \"x\"\nrole = \"x\"\n").contains("need each other"));
        assert!(refused("[[resource]]\nid = 3\n").contains("2:6: `id` must be a text"));
        assert!(refused("[[resource]]\nid = \"x\"\noptional = \"yes\"\n").contains("true or false"));
        assert!(refused("resource = 1\n").contains("[[resource]]"));
        assert!(refused("[[resource]\n").contains("initpath.toml:1:"));
        assert!(refused("[[resource]]\nid = \"x\"\n[[resource]]\nid = \"x\"\n").contains("declared twice"));
    }
}
