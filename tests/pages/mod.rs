//! Reads the rule pages and the fixtures as examples: small workspaces with the places that must be reported.
//! Shared by the tests that run the rules over them and the one that type-checks them; it judges nothing itself.

use std::fs;
use std::path::{Path, PathBuf};

/// A workspace in memory and what must be reported in it.
#[derive(Debug)]
pub(crate) struct Example {
    /// Name of the rule page, or `fixtures` for a fixture.
    pub(crate) page: String,
    /// The third-level heading, or the fixture's name.
    pub(crate) heading: String,
    /// Whether something must be reported: it stands under `## Bad`, or is a fixture with markers.
    pub(crate) bad: bool,
    /// Path relative to the workspace root, and text. A page example always has a `Cargo.toml`.
    pub(crate) files: Vec<(String, String)>,
    /// In the order of files and lines.
    pub(crate) markers: Vec<Marker>,
}

/// A comment `//~ rule` (a finding's primary place) or `//~ rule role` (a place in a finding's evidence).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Path relative to the workspace root.
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: u32,
    /// The rule's name.
    pub(crate) rule: String,
    /// The role in the evidence; `None` for the primary place.
    pub(crate) role: Option<String>,
}

/// The role names of the report format.
const ROLES: [&str; 12] = [
    "init-site",
    "holder",
    "check",
    "write",
    "guard",
    "serve-point",
    "handler",
    "spawn",
    "accessor",
    "config",
    "migration",
    "probe",
];

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Name and text of every page in `rules/`, sorted by name.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = entries(&root().join("rules"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
        .filter(|(name, _)| name != "README")
        .map(|(name, path)| (name, read(&path)))
        .collect();
    pages.sort();
    pages
}

/// The examples of one page, in the order of the page.
///
/// # Panics
/// With the page's line, when the page breaks the format described in `rules/README.md`.
pub(crate) fn page_examples(page: &str, text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut bad = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let place = format!("rules/{page}.md:{}", number + 1);
        if let Some(section) = line.strip_prefix("## ") {
            bad = match section {
                "Bad" => Some(true),
                "Good" => Some(false),
                _ => None,
            };
        } else if let (Some(heading), Some(bad)) = (line.strip_prefix("### "), bad) {
            assert!(
                examples.iter().all(|known| known.heading != heading),
                "{place}: this heading occurs twice in the page"
            );
            examples.push(Example {
                page: page.to_owned(),
                heading: heading.to_owned(),
                bad,
                files: Vec::new(),
                markers: Vec::new(),
            });
        } else if let Some(info) = line.strip_prefix("```") {
            let mut body = String::new();
            loop {
                let Some((_, line)) = lines.next() else {
                    panic!("{place}: this block does not end");
                };
                if line == "```" {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            if bad.is_none() || info == "text" {
                continue;
            }
            let Some(example) = examples.last_mut().filter(|last| Some(last.bad) == bad) else {
                panic!("{place}: a block in `Bad` or `Good` needs a third-level heading above it");
            };
            let file = block_file(info, &place);
            assert!(
                example.files.iter().all(|(known, _)| *known != file),
                "{place}: the example has two blocks for {file}"
            );
            example.files.push((file, body));
        }
    }
    for example in &mut examples {
        assert!(!example.files.is_empty(), "rules/{page}.md: `{}` has no block", example.heading);
        if example.files.iter().all(|(file, _)| file != "Cargo.toml") {
            example.files.insert(0, ("Cargo.toml".to_owned(), synthesized_manifest()));
        }
        example.markers = markers(&example.files);
    }
    examples
}

/// The examples of all pages.
pub(crate) fn all_page_examples() -> Vec<Example> {
    pages().iter().flat_map(|(name, text)| page_examples(name, text)).collect()
}

/// Names of the folders in `fixtures/`, sorted.
pub(crate) fn fixture_names() -> Vec<String> {
    let mut names: Vec<String> = entries(&root().join("fixtures"))
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// One fixture, its files sorted by path.
pub(crate) fn fixture(name: &str) -> Example {
    let folder = root().join("fixtures").join(name);
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(current) = folders.pop() {
        for path in entries(&current) {
            let hidden_or_built =
                path.file_name().is_some_and(|name| name == "target" || name == "Cargo.lock");
            if hidden_or_built {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(&folder).expect("it was found below the folder");
            let relative = relative.to_str().expect("fixture paths are UTF-8").replace('\\', "/");
            files.push((relative, read(&path)));
        }
    }
    files.sort();
    let markers = markers(&files);
    Example {
        page: "fixtures".to_owned(),
        heading: name.to_owned(),
        bad: !markers.is_empty(),
        files,
        markers,
    }
}

/// Name and version requirement of every crate that examples may depend on, sorted by name.
pub(crate) fn known_dependencies() -> Vec<(String, toml::Value)> {
    let manifest = read(&root().join("tests/examples/Cargo.toml"));
    let manifest: toml::Table = manifest.parse().expect("tests/examples/Cargo.toml is TOML");
    let dependencies = manifest["dependencies"].as_table().expect("it has dependencies");
    dependencies.iter().map(|(name, spec)| (name.clone(), spec.clone())).collect()
}

/// The version requirement in a dependency's value.
pub(crate) fn requirement(spec: &toml::Value) -> Option<&str> {
    spec.as_str().or_else(|| spec.get("version")?.as_str())
}

/// The manifest of an example that brings none: package `example` with all known dependencies.
fn synthesized_manifest() -> String {
    let mut manifest = String::from(
        "[package]\nname = \"example\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n",
    );
    for (name, spec) in known_dependencies() {
        let version = requirement(&spec).expect("every known dependency has a version");
        manifest.push_str(&format!("{name} = \"{version}\"\n"));
    }
    manifest
}

/// The file a block belongs to, from its info string.
fn block_file(info: &str, place: &str) -> String {
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or_default();
    match (words.next(), words.next()) {
        (None, _) if language == "rust" => "src/main.rs".to_owned(),
        (Some(word), None) if word.starts_with("file=") => word["file=".len()..].to_owned(),
        _ => panic!("{place}: expected `rust`, `text` or `<language> file=<path>`, found `{info}`"),
    }
}

/// The markers in the files' lines.
fn markers(files: &[(String, String)]) -> Vec<Marker> {
    let mut markers = Vec::new();
    for (file, text) in files {
        for (number, line) in text.lines().enumerate() {
            for marker in line.split("//~").skip(1) {
                let place = format!("{file}:{}: `//~{marker}`", number + 1);
                let mut words = marker.split_whitespace();
                let rule = words.next().unwrap_or_else(|| panic!("{place} names no rule"));
                let role = words.next();
                assert!(words.next().is_none(), "{place} has more than a rule and a role");
                assert!(
                    role.is_none_or(|role| ROLES.contains(&role)),
                    "{place} names a role that the report does not have"
                );
                markers.push(Marker {
                    file: file.clone(),
                    line: u32::try_from(number + 1).expect("examples are short"),
                    rule: rule.to_owned(),
                    role: role.map(str::to_owned),
                });
            }
        }
    }
    markers
}

/// What a folder contains, in the order the disk gives.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path())
        .collect()
}

/// A file's text.
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
