//! Every example in the rule pages and every fixture is real Rust: all of them are collected into one cargo
//! workspace below `target/`, with the dependencies pinned in `tests/examples/`, and type-checked.
//! The type-check needs the network once and some minutes, so it runs only when `INITPATH_CHECK_EXAMPLES=1` is
//! set; the checks of the pages' form always run.

mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use pages::Example;
use toml::{Table, Value};

/// The fixture that must not compile.
const BROKEN: &str = "broken";

#[test]
fn a_page_is_read_into_examples_with_files_and_markers() {
    let page = "# a-rule\n## Problem\n```rust\nignored\n```\n## Bad\n### Twice\nProse.\n```rust\nfn main() {}\n\
                one(); //~ a-rule\n```\n```rust file=src/lib.rs\ntwo(); //~ a-rule init-site //~ b-rule\n```\n\
                ## Good\n### Once\n```toml file=Cargo.toml\n[package]\n```\n";
    let examples = pages::page_examples("a-rule", page);
    let [twice, once] = &examples[..] else {
        panic!("{examples:?}");
    };
    assert!(twice.bad && !once.bad);
    let files: Vec<&str> = twice.files.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(files, ["Cargo.toml", "src/main.rs", "src/lib.rs"]);
    assert_eq!(once.files, [("Cargo.toml".to_owned(), "[package]\n".to_owned())]);
    let markers: Vec<_> = twice
        .markers
        .iter()
        .map(|marker| (marker.file.as_str(), marker.line, marker.rule.as_str(), marker.role.as_deref()))
        .collect();
    assert_eq!(
        markers,
        [
            ("src/main.rs", 2, "a-rule", None),
            ("src/lib.rs", 1, "a-rule", Some("init-site")),
            ("src/lib.rs", 1, "b-rule", None),
        ]
    );
}

#[test]
fn every_page_has_at_least_five_bad_and_six_good_examples() {
    for (name, text) in pages::pages() {
        let (bad, good): (Vec<_>, Vec<_>) =
            pages::page_examples(&name, &text).into_iter().partition(|example| example.bad);
        assert!(bad.len() >= 5, "{name} has {} bad examples", bad.len());
        assert!(good.len() >= 6, "{name} has {} good examples", good.len());
    }
}

#[test]
fn bad_examples_mark_a_finding_of_their_page_and_good_ones_mark_nothing() {
    for example in pages::all_page_examples() {
        let primary =
            example.markers.iter().any(|marker| marker.rule == example.page && marker.role.is_none());
        assert_eq!(primary, example.bad, "{}: {}", example.page, example.heading);
        assert!(example.bad || example.markers.is_empty(), "{}: {}", example.page, example.heading);
    }
}

#[test]
fn markers_name_rules_that_have_a_page() {
    let known: BTreeSet<String> = pages::pages().into_iter().map(|(name, _)| name).collect();
    let fixtures = pages::fixture_names().into_iter().map(|name| pages::fixture(&name));
    for example in pages::all_page_examples().into_iter().chain(fixtures) {
        for marker in &example.markers {
            assert!(
                known.contains(&marker.rule),
                "{}: {}: no page for `{}`",
                example.page,
                example.heading,
                marker.rule
            );
        }
    }
}

#[test]
fn sound_fixtures_mark_nothing_and_their_twins_mark_something() {
    for name in pages::fixture_names() {
        if let Some(twin) = name.strip_suffix("-sound") {
            assert!(!pages::fixture(&name).bad, "{name} has markers");
            assert!(pages::fixture(twin).bad, "{twin} has no markers");
        }
    }
}

#[test]
fn all_examples_and_fixtures_type_check() {
    if std::env::var_os("INITPATH_CHECK_EXAMPLES").is_none_or(|value| value != "1") {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: set INITPATH_CHECK_EXAMPLES=1 to type-check the examples")
            .expect("standard error takes a line");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo's folder for tests is inside the target folder")
        .join("examples-check");
    let known: BTreeMap<String, Value> = pages::known_dependencies().into_iter().collect();
    let fixtures =
        pages::fixture_names().into_iter().filter(|name| name != BROKEN).map(|name| pages::fixture(&name));
    let mut generated = Generated::default();
    for example in pages::all_page_examples().into_iter().chain(fixtures) {
        generated.add(&folder, &example, &known);
    }
    generated.write(&folder);

    // The dependencies first, by themselves: this is what fails when the lock file does not fit its manifest.
    let pinned = pages::root().join("tests/examples");
    cargo(&pinned, &folder, &["check", "--locked", "--quiet"]);
    fs::copy(pinned.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file can be copied");
    cargo(&folder, &folder, &["check", "--workspace", "--all-targets", "--quiet", "--keep-going"]);
}

/// Files of the generated workspace.
#[derive(Default)]
struct Generated {
    /// Absolute path and text.
    files: BTreeMap<PathBuf, String>,
    /// Folders of the packages, absolute.
    members: Vec<String>,
}

impl Generated {
    /// Adds one example below `folder`, its manifests rewritten to be members of the generated workspace.
    fn add(&mut self, folder: &Path, example: &Example, known: &BTreeMap<String, Value>) {
        let verdict = if example.bad { "bad" } else { "good" };
        let slug = slug(&format!("{} {verdict} {}", example.page, example.heading));
        let home = folder.join(&slug);
        let manifests = Manifests::read(example, slug, &home);
        for (file, text) in &example.files {
            let path = home.join(file);
            let Some(directory) = manifest_directory(file) else {
                self.files.insert(path, text.clone());
                continue;
            };
            if let Some(manifest) = manifests.rewritten(directory, example, known) {
                self.members.push(home.join(directory).to_string_lossy().into_owned());
                self.files.insert(path, manifest);
            }
        }
    }

    /// Makes the folder hold exactly these files; unchanged ones keep their time, so cargo checks only what is new.
    fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("the target folder is writable");
        let kept: BTreeSet<&std::ffi::OsStr> =
            self.files.keys().filter_map(|path| path.strip_prefix(folder).ok()?.iter().next()).collect();
        for entry in fs::read_dir(folder).expect("the folder exists") {
            let entry = entry.expect("the folder can be listed");
            let name = entry.file_name();
            if entry.path().is_dir() && name != "target" && !kept.contains(name.as_os_str()) {
                fs::remove_dir_all(entry.path()).expect("a folder of an earlier run can be removed");
            }
        }
        let mut workspace = Table::new();
        workspace.insert("resolver".into(), "3".into());
        workspace.insert("members".into(), Value::from(self.members.clone()));
        let mut root = Table::new();
        root.insert("workspace".into(), Value::Table(workspace));
        write_if_changed(&folder.join("Cargo.toml"), &root.to_string());
        for (path, text) in &self.files {
            write_if_changed(path, text);
        }
    }
}

/// The manifests of one example.
struct Manifests {
    /// Prefix that makes its package names unique.
    slug: String,
    /// Its folder in the generated workspace.
    home: PathBuf,
    /// By their folder (empty for the root).
    tables: BTreeMap<String, Table>,
}

impl Manifests {
    fn read(example: &Example, slug: String, home: &Path) -> Self {
        let tables = example
            .files
            .iter()
            .filter_map(|(file, text)| Some((manifest_directory(file)?, text)))
            .map(|(directory, text)| {
                let table: Table = text
                    .parse()
                    .unwrap_or_else(|error| panic!("{}: {}: {error}", example.page, example.heading));
                (directory.to_owned(), table)
            })
            .collect();
        Self { slug, home: home.to_owned(), tables }
    }

    /// The manifest as a member of the generated workspace; `None` when it declares no package.
    fn rewritten(
        &self,
        directory: &str,
        example: &Example,
        known: &BTreeMap<String, Value>,
    ) -> Option<String> {
        let mut manifest = self.tables[directory].clone();
        for outer in ["workspace", "lints", "profile"] {
            manifest.remove(outer);
        }
        let name = self.package_name(directory)?;
        let package = manifest.get_mut("package")?.as_table_mut()?;
        for value in package.iter_mut().filter(|(_, value)| inherited(value)) {
            *value.1 = self.workspace_table("package")?.get(value.0.as_str())?.clone();
        }
        package.insert("name".into(), self.unique(&name).into());
        let source = |file: &str| join(directory, file);
        if example.files.iter().any(|(file, _)| *file == source("src/lib.rs")) {
            let library =
                manifest.entry("lib").or_insert_with(|| Value::Table(Table::new())).as_table_mut()?;
            library.entry("name").or_insert_with(|| name.replace('-', "_").into());
        }
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if let Some(Value::Table(dependencies)) = manifest.get_mut(kind) {
                for (key, spec) in dependencies.iter_mut() {
                    *spec = self.dependency(directory, key, spec, known);
                }
            }
        }
        Some(manifest.to_string())
    }

    /// A dependency with its path made absolute, or with version and features of the pinned list.
    fn dependency(&self, directory: &str, key: &str, spec: &Value, known: &BTreeMap<String, Value>) -> Value {
        let mut base = directory;
        let mut given = spec.clone();
        if inherited(spec) {
            base = "";
            given = self
                .workspace_table("dependencies")
                .and_then(|dependencies| dependencies.get(key))
                .unwrap_or_else(|| panic!("{}: `{key}` is inherited from nowhere", self.slug))
                .clone();
        }
        let mut result = Table::new();
        if let Some(path) = given.get("path").and_then(Value::as_str) {
            let target = join(base, path);
            let name = self
                .package_name(&target)
                .unwrap_or_else(|| panic!("{}: no package in `{target}`", self.slug));
            result.insert("package".into(), self.unique(&name).into());
            result.insert("path".into(), self.home.join(&target).to_string_lossy().as_ref().into());
        } else {
            let package = given.get("package").and_then(Value::as_str).unwrap_or(key);
            let pinned = known
                .get(package)
                .unwrap_or_else(|| panic!("{}: `{package}` is not in tests/examples/Cargo.toml", self.slug));
            assert_eq!(
                pages::requirement(&given),
                pages::requirement(pinned),
                "{}: version of `{package}`",
                self.slug
            );
            match pinned {
                Value::Table(table) => result.extend(table.clone()),
                version => {
                    result.insert("version".into(), version.clone());
                }
            }
            result.insert("package".into(), package.into());
        }
        if let Some(optional) = spec.get("optional") {
            result.insert("optional".into(), optional.clone());
        }
        Value::Table(result)
    }

    fn workspace_table(&self, name: &str) -> Option<&Table> {
        self.tables.get("")?.get("workspace")?.get(name)?.as_table()
    }

    fn package_name(&self, directory: &str) -> Option<String> {
        let package = self.tables.get(directory)?.get("package")?;
        Some(package.get("name")?.as_str()?.to_owned())
    }

    fn unique(&self, name: &str) -> String {
        format!("{}-{name}", self.slug)
    }
}

/// Whether a manifest value is `{ workspace = true }`.
fn inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The folder of a `Cargo.toml`, `None` for other files.
fn manifest_directory(file: &str) -> Option<&str> {
    match file.rsplit_once('/') {
        None => (file == "Cargo.toml").then_some(""),
        Some((directory, name)) => (name == "Cargo.toml").then_some(directory),
    }
}

/// `path` seen from `base`, without `.` and `..`.
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Lower-case words joined by hyphens.
fn slug(text: &str) -> String {
    let words = text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), " ");
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|current| current == text) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the target folder is writable");
    fs::write(path, text).expect("the target folder is writable");
}

/// Runs cargo in a folder, building below the generated workspace, and shows what it says.
///
/// # Panics
/// When it fails.
fn cargo(folder: &Path, generated: &Path, arguments: &[&str]) {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", generated.join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        // Hundreds of small packages are checked once each: what a second look would reuse takes gigabytes.
        .env("CARGO_INCREMENTAL", "0")
        .env("RUSTFLAGS", "-Awarnings")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "cargo {} failed in {}", arguments.join(" "), folder.display());
}
