//! Room 1, *cli*: the keys of `initpath.toml`, as data: what the reader knows, the published schema and the commented file are
//! made of them. Must not read anything.

use serde_json::{Map, Value, json};

use crate::rules;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// A text or a list of texts.
    Texts,
    Flag,
    /// A list of texts and lists of texts.
    Groups,
    /// A table of rules and levels.
    Levels,
    /// One of these words.
    Word(&'static [&'static str]),
}

pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) about: &'static str,
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, about }
}

pub(super) const LEVELS: [&str; 3] = ["allow", "warn", "deny"];
pub(super) const CONFIDENCES: &[&str] = &["low", "medium", "high"];
pub(super) const PROBES: &[&str] = &["liveness", "readiness", "startup", "health"];

/// The keys of `[[resource]]`.
pub(super) const RESOURCE: [Key; 6] = [
    key("id", Shape::Text, "The resource, as `cargo initpath inventory` lists it: driver and address."),
    key(
        "aliases",
        Shape::Texts,
        "Ids of resources that are the same database by another address, or by one that is not known.",
    ),
    key(
        "role",
        Shape::Text,
        "What the handles of `owner` are for. Handles of different roles do not compete.",
    ),
    key(
        "canonical",
        Shape::Texts,
        "Path of the function, static or field through which all code should get its handle; several where binaries have none in common.",
    ),
    key("owner", Shape::Texts, "Paths of functions, types or modules whose handles have the role."),
    key(
        "optional",
        Shape::Flag,
        "Whether the service works without the resource, so that nobody has to wait for it.",
    ),
];

/// The keys of `[[path]]`.
pub(super) const PATH: [Key; 3] = [
    key(
        "path",
        Shape::Text,
        "A folder, or the start of files' paths, relative to the root of the workspace.",
    ),
    key("rules", Shape::Levels, "Levels of rules for findings there."),
    key("skip", Shape::Flag, "Whether findings there are left out. The code is analysed all the same."),
];

/// The keys of `[package.NAME]`.
pub(super) const PACKAGE: [Key; 1] =
    [key("rules", Shape::Levels, "Levels of rules for findings in the package.")];

/// The keys of `[[probe]]`.
pub(super) const PROBE: [Key; 2] = [
    key("path", Shape::Text, "The path of a route, as it is registered."),
    key("kind", Shape::Word(PROBES), "What it is asked for."),
];

/// The keys of `[baseline]`.
pub(super) const BASELINE: [Key; 1] =
    [key("never", Shape::Texts, "Rules whose findings no baseline accepts.")];

/// The keys of `[phases]`.
pub(super) const PHASES: [Key; 1] = [key(
    "order",
    Shape::Groups,
    "What runs in which order when a binary starts: paths of functions, ids of resources, `migrate` and `serve`; what stands together in a list belongs to one phase.",
)];

/// The keys of the file that are no tables.
pub(super) const FILE: [Key; 3] = [
    key("rules", Shape::Levels, "Levels of rules for the whole workspace."),
    key("min-confidence", Shape::Word(CONFIDENCES), "Findings that are less sure are hidden."),
    key(
        "catalog",
        Shape::Texts,
        "Files with further library knowledge, in the format of the built-in catalog, relative to the root of the workspace.",
    ),
];

/// The tables of the file, with what they are about.
pub(super) const TABLES: [(&str, &str, &[Key], bool); 6] = [
    ("resource", "What no code says about a resource, or about one role of it.", &RESOURCE, true),
    ("path", "What is said of the files of a folder.", &PATH, true),
    ("probe", "A route that is a probe, whatever its name.", &PROBE, true),
    ("package", "What is said of one package, by its name.", &PACKAGE, false),
    ("phases", "The order in which the parts of a start run.", &PHASES, false),
    ("baseline", "What is said of the baseline.", &BASELINE, false),
];

/// The JSON Schema of the format, for editors.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for key in &FILE {
        properties.insert(key.name.to_owned(), schema_of(key));
    }
    for (name, about, keys, is_list) in TABLES {
        let own: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), schema_of(key))).collect();
        let mut table = json!({ "type": "object", "additionalProperties": false, "properties": own });
        match name {
            "resource" => {
                table["required"] = json!(["id"]);
                table["dependentRequired"] = json!({ "role": ["owner"], "owner": ["role"] });
            }
            "path" => table["required"] = json!(["path"]),
            "probe" => table["required"] = json!(["path", "kind"]),
            _ => {}
        }
        let shape = match (is_list, name) {
            (true, _) => json!({ "description": about, "type": "array", "items": table }),
            (false, "package") => {
                json!({ "description": about, "type": "object", "additionalProperties": table })
            }
            (false, _) => {
                table["description"] = json!(about);
                table
            }
        };
        properties.insert(name.to_owned(), shape);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "initpath.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn schema_of(key: &Key) -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let mut shape = match key.shape {
        Shape::Text => text,
        Shape::Texts => json!({ "anyOf": [text, { "type": "array", "items": text }] }),
        Shape::Groups => json!({
            "type": "array",
            "items": { "anyOf": [text, { "type": "array", "items": text }] },
        }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Levels => {
            let names: Vec<&str> = rules::all().iter().map(|rule| rule.name).collect();
            json!({
                "type": "object",
                "propertyNames": { "enum": names },
                "additionalProperties": { "enum": LEVELS },
            })
        }
    };
    shape["description"] = json!(key.about);
    shape
}

/// A file with every option at its default, as comments.
pub fn commented() -> String {
    let mut text = String::from(
        "# What initpath is told about this workspace. Every option is listed with what it does, at its default.\n\n",
    );
    let mut push = |line: String| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    push("# Findings that are less sure are hidden: low, medium or high.".to_owned());
    push("# min-confidence = \"medium\"".to_owned());
    push(String::new());
    push("# Files with further library knowledge, in the format of the built-in catalog.".to_owned());
    push("# catalog = []".to_owned());
    push(String::new());
    push(
        "# Levels of rules: allow, warn or deny. `cargo initpath explain RULE` says what each is about."
            .to_owned(),
    );
    push("[rules]".to_owned());
    for rule in rules::all() {
        push(format!("# {} = \"{}\"", rule.name, rule.level.name()));
    }
    for (name, about, keys, is_list) in TABLES {
        push(String::new());
        push(format!("# {about}"));
        let head = match (is_list, name) {
            (true, _) => format!("# [[{name}]]"),
            (false, "package") => "# [package.NAME]".to_owned(),
            (false, _) => format!("# [{name}]"),
        };
        push(head);
        for key in keys {
            let value = match key.shape {
                Shape::Text => "\"\"".to_owned(),
                Shape::Texts | Shape::Groups => "[]".to_owned(),
                Shape::Flag => "false".to_owned(),
                Shape::Levels => "{}".to_owned(),
                Shape::Word(words) => format!("\"{}\"", words[0]),
            };
            push(format!("# {} = {value}  # {}", key.name, key.about));
        }
    }
    text
}
