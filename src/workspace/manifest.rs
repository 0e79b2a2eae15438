//! Room 2, *workspace*: what one `Cargo.toml` says, from its text alone. Inheritance from the workspace and files
//! found by convention are not resolved here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::found::{DependencyKind, FoundProblem};
use super::text::Lines;
use super::{Edition, TargetKind};
use crate::problem::ProblemKind;

/// A manifest that is TOML. What it does not get right is in `problems`, and left out.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: PathBuf,
    pub(super) package: Option<PackageTable>,
    pub(super) workspace: Option<WorkspaceTable>,
    pub(super) dependencies: Vec<DependencyEntry>,
    pub(super) features: BTreeMap<String, Vec<String>>,
    pub(super) lib: Option<TargetTable>,
    /// `[[bin]]`, `[[example]]`, `[[test]]` and `[[bench]]`; a kind without any entry is absent.
    pub(super) targets: BTreeMap<TargetKind, Vec<TargetTable>>,
    pub(super) problems: Vec<FoundProblem>,
}

/// 1-based line and column.
pub(super) type Place = (u32, u32);

/// `[package]`.
#[derive(Debug)]
pub(super) struct PackageTable {
    pub(super) name: String,
    pub(super) edition: Inheritable<Edition>,
    /// `workspace = "../.."`, with its place.
    pub(super) workspace: Option<(String, Place)>,
    pub(super) build: Build,
    /// `autolib`, `autobins`, …, where they are written.
    pub(super) discovers: BTreeMap<TargetKind, bool>,
}

/// A value that the workspace may provide.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inheritable<T> {
    Absent,
    Own(T),
    FromWorkspace(Place),
}

/// The `build` key.
#[derive(Debug)]
pub(super) enum Build {
    /// Absent: `build.rs` if there is one.
    Discovered,
    /// `false`.
    None,
    /// A path, or `true` for `build.rs`.
    At(String),
}

/// `[workspace]`.
#[derive(Debug)]
pub(super) struct WorkspaceTable {
    pub(super) members: Vec<(String, Place)>,
    pub(super) exclude: Vec<String>,
    /// `[workspace.package]`'s edition.
    pub(super) edition: Option<Edition>,
    /// `[workspace.dependencies]` by key.
    pub(super) dependencies: BTreeMap<String, DependencyEntry>,
}

/// One entry of a dependency table.
#[derive(Debug, Clone)]
pub(super) struct DependencyEntry {
    /// Its key.
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) kind: DependencyKind,
    /// `workspace = true`.
    pub(super) inherited: bool,
    pub(super) package: Option<String>,
    pub(super) path: Option<String>,
    pub(super) version: Option<String>,
    pub(super) optional: bool,
}

/// `[lib]` or one of `[[bin]]` and its like.
#[derive(Debug)]
pub(super) struct TargetTable {
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) edition: Option<Edition>,
    pub(super) place: Place,
}

/// Reads the text of a manifest. The error says where the text stops being TOML.
pub(super) fn parse(path: &Path, text: &str) -> Result<Manifest, FoundProblem> {
    let mut reader = Reader { path, lines: Lines::new(text), problems: Vec::new() };
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            let place = error.span().map_or((0, 0), |span| reader.lines.position(span.start));
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            return Err(reader.problem(place, format!("not a valid manifest: {message}")));
        }
    };
    let top = Table { entries: &document, place: (1, 1) };
    let mut manifest = Manifest {
        path: path.to_path_buf(),
        package: reader.package(&top),
        workspace: reader.table(&top, "workspace").map(|table| reader.workspace(&table)),
        dependencies: Vec::new(),
        features: BTreeMap::new(),
        lib: reader.table(&top, "lib").and_then(|table| reader.target(&table)),
        targets: BTreeMap::new(),
        problems: Vec::new(),
    };
    if let Some(features) = reader.table(&top, "features") {
        for name in features.keys() {
            manifest.features.insert(
                name.to_owned(),
                reader.strings(&features, name).into_iter().map(|(s, _)| s).collect(),
            );
        }
    }
    for (key, kind) in [
        ("bin", TargetKind::Bin),
        ("example", TargetKind::Example),
        ("test", TargetKind::Test),
        ("bench", TargetKind::Bench),
    ] {
        let tables = reader.tables(&top, key);
        if !tables.is_empty() {
            manifest.targets.insert(kind, tables.iter().filter_map(|table| reader.target(table)).collect());
        }
    }
    reader.dependency_tables(&top, &mut manifest.dependencies);
    if let Some(platforms) = reader.table(&top, "target") {
        for platform in platforms.keys() {
            if let Some(table) = reader.table(&platforms, platform) {
                reader.dependency_tables(&table, &mut manifest.dependencies);
            }
        }
    }
    if manifest.package.is_none() && manifest.workspace.is_none() && reader.problems.is_empty() {
        let problem = reader
            .problem((1, 1), "the manifest has neither [package] nor [workspace]; add one of them".into());
        reader.problems.push(problem);
    }
    manifest.problems = reader.problems;
    Ok(manifest)
}

/// A TOML table and where it stands.
struct Table<'doc, 'text> {
    entries: &'doc DeTable<'text>,
    place: Place,
}

impl<'doc> Table<'doc, '_> {
    fn keys(&self) -> impl Iterator<Item = &'doc str> + use<'doc, '_> {
        self.entries.keys().map(|key| key.get_ref().as_ref())
    }
}

/// Takes values out of tables and notes those of the wrong type.
struct Reader<'text> {
    path: &'text Path,
    lines: Lines<'text>,
    problems: Vec<FoundProblem>,
}

impl Reader<'_> {
    fn problem(&self, (line, column): Place, message: String) -> FoundProblem {
        FoundProblem { path: self.path.to_path_buf(), line, column, kind: ProblemKind::BadManifest, message }
    }

    fn wrong(&mut self, place: Place, message: String) {
        let problem = self.problem(place, message);
        self.problems.push(problem);
    }

    fn key_place(&self, table: &Table<'_, '_>, key: &str) -> Place {
        table.entries.get_key_value(key).map_or(table.place, |(key, _)| self.lines.position(key.span().start))
    }

    fn value<'doc, 'text>(
        &self,
        table: &Table<'doc, 'text>,
        key: &str,
    ) -> Option<(&'doc DeValue<'text>, Place)> {
        let value = table.entries.get(key)?;
        Some((value.get_ref(), self.lines.position(value.span().start)))
    }

    fn table<'doc, 'text>(&mut self, table: &Table<'doc, 'text>, key: &str) -> Option<Table<'doc, 'text>> {
        let (value, place) = self.value(table, key)?;
        let entries = value.as_table();
        if entries.is_none() {
            self.wrong(place, format!("`{key}` must be a table, not {}", value.type_str()));
        }
        entries.map(|entries| Table { entries, place: self.key_place(table, key) })
    }

    fn tables<'doc, 'text>(&mut self, table: &Table<'doc, 'text>, key: &str) -> Vec<Table<'doc, 'text>> {
        let Some((value, place)) = self.value(table, key) else {
            return Vec::new();
        };
        let Some(array) = value.as_array() else {
            self.wrong(
                place,
                format!("`{key}` must be a list of tables (`[[{key}]]`), not {}", value.type_str()),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in array.iter() {
            let place = self.lines.position(element.span().start);
            match element.get_ref().as_table() {
                Some(entries) => tables.push(Table { entries, place }),
                None => self.wrong(place, format!("`{key}` must be a list of tables (`[[{key}]]`)")),
            }
        }
        tables
    }

    fn string(&mut self, table: &Table<'_, '_>, key: &str) -> Option<(String, Place)> {
        let (value, place) = self.value(table, key)?;
        match value.as_str() {
            Some(text) => Some((text.to_owned(), place)),
            None => {
                self.wrong(place, format!("`{key}` must be a string, not {}", value.type_str()));
                None
            }
        }
    }

    fn bool(&mut self, table: &Table<'_, '_>, key: &str) -> Option<bool> {
        let (value, place) = self.value(table, key)?;
        let answer = value.as_bool();
        if answer.is_none() {
            self.wrong(place, format!("`{key}` must be true or false, not {}", value.type_str()));
        }
        answer
    }

    fn strings(&mut self, table: &Table<'_, '_>, key: &str) -> Vec<(String, Place)> {
        let Some((value, place)) = self.value(table, key) else {
            return Vec::new();
        };
        let Some(array) = value.as_array() else {
            self.wrong(place, format!("`{key}` must be a list of strings, not {}", value.type_str()));
            return Vec::new();
        };
        let mut strings = Vec::new();
        for element in array.iter() {
            let place = self.lines.position(element.span().start);
            match element.get_ref().as_str() {
                Some(text) => strings.push((text.to_owned(), place)),
                None => self.wrong(place, format!("`{key}` must be a list of strings")),
            }
        }
        strings
    }

    fn edition(&mut self, table: &Table<'_, '_>) -> Option<Edition> {
        let (year, place) = self.string(table, "edition")?;
        let edition = Edition::of_year(&year);
        if edition.is_none() {
            self.wrong(place, format!("`{year}` is not a Rust edition; the newest is 2024"));
        }
        edition
    }

    fn package(&mut self, top: &Table<'_, '_>) -> Option<PackageTable> {
        // `[project]` is what `[package]` was called before Rust 1.0; cargo still reads it.
        let key = if top.entries.contains_key("package") { "package" } else { "project" };
        let table = self.table(top, key)?;
        let Some((name, _)) = self.string(&table, "name") else {
            if !table.entries.contains_key("name") {
                self.wrong(table.place, "the package has no `name`; add one".into());
            }
            return None;
        };
        let edition = match self.value(&table, "edition") {
            Some((value, place)) if value.as_table().is_some() => Inheritable::FromWorkspace(place),
            Some(_) => self.edition(&table).map_or(Inheritable::Absent, Inheritable::Own),
            None => Inheritable::Absent,
        };
        let build = match self.value(&table, "build") {
            None => Build::Discovered,
            Some((DeValue::Boolean(false), _)) => Build::None,
            Some((DeValue::Boolean(true), _)) => Build::At("build.rs".into()),
            Some(_) => self.string(&table, "build").map_or(Build::None, |(path, _)| Build::At(path)),
        };
        let mut discovers = BTreeMap::new();
        for (key, kind) in [
            ("autolib", TargetKind::Lib),
            ("autobins", TargetKind::Bin),
            ("autoexamples", TargetKind::Example),
            ("autotests", TargetKind::Test),
            ("autobenches", TargetKind::Bench),
        ] {
            if let Some(wanted) = self.bool(&table, key) {
                discovers.insert(kind, wanted);
            }
        }
        Some(PackageTable { name, edition, workspace: self.string(&table, "workspace"), build, discovers })
    }

    fn workspace(&mut self, table: &Table<'_, '_>) -> WorkspaceTable {
        let edition = self.table(table, "package").and_then(|package| self.edition(&package));
        let mut entries = Vec::new();
        if let Some(dependencies) = self.table(table, "dependencies") {
            self.dependencies(&dependencies, DependencyKind::Normal, &mut entries);
        }
        WorkspaceTable {
            members: self.strings(table, "members"),
            exclude: self.strings(table, "exclude").into_iter().map(|(path, _)| path).collect(),
            edition,
            dependencies: entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect(),
        }
    }

    fn target(&mut self, table: &Table<'_, '_>) -> Option<TargetTable> {
        Some(TargetTable {
            name: self.string(table, "name").map(|(name, _)| name),
            path: self.string(table, "path").map(|(path, _)| path),
            edition: self.edition(table),
            place: table.place,
        })
    }

    fn dependency_tables(&mut self, table: &Table<'_, '_>, entries: &mut Vec<DependencyEntry>) {
        for (key, kind) in [
            ("dependencies", DependencyKind::Normal),
            ("build-dependencies", DependencyKind::Build),
            ("build_dependencies", DependencyKind::Build),
            ("dev-dependencies", DependencyKind::Dev),
            ("dev_dependencies", DependencyKind::Dev),
        ] {
            if let Some(dependencies) = self.table(table, key) {
                self.dependencies(&dependencies, kind, entries);
            }
        }
    }

    fn dependencies(
        &mut self,
        table: &Table<'_, '_>,
        kind: DependencyKind,
        entries: &mut Vec<DependencyEntry>,
    ) {
        for key in table.keys() {
            let mut entry = DependencyEntry {
                key: key.to_owned(),
                place: self.key_place(table, key),
                kind,
                inherited: false,
                package: None,
                path: None,
                version: None,
                optional: false,
            };
            match self.value(table, key) {
                Some((DeValue::String(version), _)) => entry.version = Some(version.to_string()),
                Some((DeValue::Table(_), _)) => {
                    let Some(details) = self.table(table, key) else {
                        continue;
                    };
                    entry.inherited = self.bool(&details, "workspace").unwrap_or(false);
                    entry.package = self.string(&details, "package").map(|(name, _)| name);
                    entry.path = self.string(&details, "path").map(|(path, _)| path);
                    entry.version = self.string(&details, "version").map(|(version, _)| version);
                    entry.optional = self.bool(&details, "optional").unwrap_or(false);
                }
                Some((_, place)) => {
                    self.wrong(place, format!("dependency `{key}` must be a version or a table"));
                    continue;
                }
                None => continue,
            }
            entries.push(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Manifest {
        parse(Path::new("/w/Cargo.toml"), text).unwrap()
    }

    #[test]
    fn a_text_that_is_not_toml_is_refused_with_its_place() {
        let problem =
            parse(Path::new("/w/Cargo.toml"), "[package]\nname = \"a\"\nedition = = 1\n").unwrap_err();
        assert_eq!((problem.line, problem.column), (3, 11), "{}", problem.message);
        assert_eq!(problem.kind, ProblemKind::BadManifest);
    }

    #[test]
    fn a_byte_order_mark_does_not_shift_places() {
        let manifest = read("\u{feff}[package]\nname = 1\n");
        assert_eq!((manifest.problems[0].line, manifest.problems[0].column), (2, 8));
        let problem = parse(Path::new("/w/Cargo.toml"), "\u{feff}[package\n").unwrap_err();
        assert_eq!(problem.line, 1);
        assert!((8..=10).contains(&problem.column), "{problem:?}");
    }

    #[test]
    fn values_of_the_wrong_type_are_noted_and_the_rest_is_read() {
        let manifest = read(
            "[package]\nname = \"a\"\nautobins = \"no\"\nedition = \"2019\"\n[dependencies]\nx = 1\ny = \"2\"\n[features]\ndefault = [1, \"y\"]\n",
        );
        let places: Vec<_> = manifest.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(places, [(4, 11), (3, 12), (9, 12), (6, 5)]);
        assert_eq!(manifest.dependencies.len(), 1);
        assert_eq!(manifest.features["default"], ["y"]);
    }

    #[test]
    fn a_manifest_that_is_neither_package_nor_workspace_is_noted() {
        let manifest = read("[lib]\npath = \"x.rs\"\n");
        assert!(manifest.problems[0].message.contains("neither [package] nor [workspace]"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(\u{feff})?[a-c=\"'{}\\[\\], .\n#0-9ö]{0,60}", key in "package|workspace|dependencies|bin|target|features") {
            let _ = parse(Path::new("/w/Cargo.toml"), &text);
            let _ = parse(Path::new("/w/Cargo.toml"), &format!("[{key}]\n{text}"));
            let _ = parse(Path::new("/w/Cargo.toml"), &format!("{key} = {text}"));
        }
    }
}
