//! Room 1, *cli*: the format of `initpath.toml`, and from its text to what it says. Every mistake is found and placed;
//! what a declaration means for a program is not this module's concern.

mod keys;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::analysis::{ConfiguredPlaces, Settings};
use crate::finding::{Confidence, Level};
use crate::location::{Span, line_and_column};
use crate::program::declarations::ResourceDeclaration;
use crate::workspace::DeclaredKind;
use crate::{rules, suggest};

use keys::{
    BASELINE, CONFIDENCES, FILE, Key, LEVELS, PACKAGE, PATH, PHASES, PROBE, PROBES, RESOURCE, Shape, TABLES,
};
pub use keys::{commented, schema};

/// Name of the configuration file, in the root of the workspace.
pub const FILE_NAME: &str = "initpath.toml";

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// What is declared about resources, in the order of the file.
    pub resources: Vec<ResourceDeclaration>,
    /// Levels of rules for the whole workspace.
    pub rules: RuleLevels,
    /// What is said of packages, in the order of the file.
    pub packages: Vec<PackageSettings>,
    /// What is said of paths, in the order of the file.
    pub paths: Vec<PathSettings>,
    /// Findings below it are hidden.
    pub min_confidence: Option<Confidence>,
    /// Further library knowledge, relative to the root of the workspace.
    pub catalogs: Vec<String>,
    /// The rules whose findings no baseline accepts.
    pub never_baselined: Vec<&'static str>,
    /// Routes that are probes.
    pub probes: Vec<ConfiguredProbe>,
    /// The phases of the start, in their order: what belongs to each, and where that is written.
    pub phases: Vec<(Vec<String>, Span)>,
}

impl Configuration {
    /// What an analysis is told. `file` is where the configuration stands, with its text.
    pub fn settings(&self, threads: Option<usize>, file: Option<(PathBuf, String)>) -> Settings {
        let probes = self.probes.iter().map(|probe| (probe.kind, probe.path.clone(), probe.span));
        let is_pointed_to = !self.probes.is_empty() || !self.phases.is_empty();
        Settings {
            threads,
            declared: self.resources.clone(),
            configured: file.filter(|_| is_pointed_to).map(|(file, text)| ConfiguredPlaces {
                file,
                text,
                probes: probes.collect(),
                phases: self.phases.clone(),
            }),
        }
    }
}

/// Rules with the levels that they are given.
pub type RuleLevels = Vec<(&'static str, Level)>;

/// What is said of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageSettings {
    /// Its name.
    pub name: String,
    /// Levels of rules there.
    pub rules: RuleLevels,
    /// Where the name is written.
    pub span: Span,
}

/// What is said of the files of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathSettings {
    /// The folder, or the start of the files' paths, relative to the root of the workspace.
    pub path: String,
    /// Levels of rules there.
    pub rules: RuleLevels,
    /// Whether findings there are left out.
    pub skip: bool,
    /// Where the path is written.
    pub span: Span,
}

/// A route that is a probe because the configuration says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredProbe {
    /// What for.
    pub kind: DeclaredKind,
    /// The route's path.
    pub path: String,
    /// Where it is declared.
    pub span: Span,
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
    reader.result(configuration)
}

/// Reads the table `initpath` of a manifest's `[workspace.metadata]`, or of `[package.metadata]` where the manifest is no
/// workspace's. `None` when there is none; a manifest that does not parse is somebody else's concern.
///
/// # Errors
/// Those of [`read`].
pub fn read_metadata(file: &str, text: &str) -> Result<Option<Configuration>, ConfigurationError> {
    let Ok(manifest) = DeTable::parse(text) else { return Ok(None) };
    let under = |of: &str| {
        let metadata = manifest.get_ref().get(of)?.get_ref().as_table()?.get("metadata")?;
        metadata.get_ref().as_table()?.get("initpath")
    };
    let Some(found) = under("workspace").or_else(|| under("package")) else { return Ok(None) };
    let mut reader = Reader { file, text, mistakes: Vec::new() };
    let configuration = match found.get_ref().as_table() {
        Some(table) => reader.file(table),
        None => {
            reader.mistake(found.span(), "`metadata.initpath` must be a table".to_owned(), None);
            Configuration::default()
        }
    };
    reader.result(configuration).map(Some)
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// Byte offset and what is wrong there.
    mistakes: Vec<(usize, ConfigurationError)>,
}

impl Reader<'_> {
    fn result(self, configuration: Configuration) -> Result<Configuration, ConfigurationError> {
        match self.mistakes.into_iter().min_by_key(|(offset, _)| *offset) {
            Some((_, error)) => Err(error),
            None => Ok(configuration),
        }
    }

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

    fn span(&self, range: Range<usize>) -> Span {
        let (line, column) = line_and_column(self.text, range.start);
        let (end_line, end_column) = line_and_column(self.text, range.end);
        Span { line, column, end_line, end_column }
    }

    fn file(&mut self, table: &DeTable<'_>) -> Configuration {
        let mut configuration = Configuration::default();
        let known: Vec<&str> =
            FILE.iter().map(|key| key.name).chain(TABLES.iter().map(|(name, ..)| *name)).collect();
        for (name, value) in table {
            match name.get_ref().as_ref() {
                "rules" => configuration.rules = self.levels(value),
                "min-confidence" => {
                    let word = self.word(value, "min-confidence", CONFIDENCES);
                    configuration.min_confidence = word.map(|word| match word {
                        "low" => Confidence::Low,
                        "medium" => Confidence::Medium,
                        _ => Confidence::High,
                    });
                }
                "catalog" => configuration.catalogs = self.texts(value, "catalog"),
                "baseline" => {
                    for (key, value) in self.entries(value, "`baseline`", &BASELINE) {
                        if key == "never" {
                            configuration.never_baselined = self.rules_in(value);
                        }
                    }
                }
                "phases" => {
                    for (_, value) in self.entries(value, "`phases`", &PHASES) {
                        configuration.phases = self.phases(value);
                    }
                }
                "package" => {
                    let Some(packages) = value.get_ref().as_table() else {
                        self.mistake(
                            value.span(),
                            "`package` must be a table: `[package.NAME]`".to_owned(),
                            None,
                        );
                        continue;
                    };
                    for (package, value) in packages {
                        let mut rules = RuleLevels::new();
                        for (_, value) in self.entries(value, "a package", &PACKAGE) {
                            rules = self.levels(value);
                        }
                        let (name, span) = (package.get_ref().to_string(), self.span(package.span()));
                        configuration.packages.push(PackageSettings { name, rules, span });
                    }
                }
                "resource" => {
                    for (table, span) in self.tables(value, "resource") {
                        let declared = self.resource(table, span.clone());
                        self.resource_once(&configuration.resources, &declared, span);
                        configuration.resources.push(declared);
                    }
                }
                "path" => {
                    for (table, span) in self.tables(value, "path") {
                        configuration.paths.extend(self.path(table, span));
                    }
                }
                "probe" => {
                    for (table, span) in self.tables(value, "probe") {
                        configuration.probes.extend(self.probe(table, span));
                    }
                }
                _ => self.unknown(name, "the file", &known),
            }
        }
        configuration
    }

    /// The tables of a list.
    fn tables<'v, 'd>(
        &mut self,
        value: &'v Spanned<DeValue<'d>>,
        name: &str,
    ) -> Vec<(&'v DeTable<'d>, Range<usize>)> {
        let Some(list) = value.get_ref().as_array() else {
            self.mistake(value.span(), format!("`{name}` must be a list of tables: `[[{name}]]`"), None);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span())),
                None => self.mistake(item.span(), format!("a {name} must be a table"), None),
            }
        }
        tables
    }

    /// The known keys of a table with their values.
    fn entries<'v, 'd>(
        &mut self,
        value: &'v Spanned<DeValue<'d>>,
        of: &str,
        keys: &[Key],
    ) -> Vec<(&'static str, &'v Spanned<DeValue<'d>>)> {
        match value.get_ref().as_table() {
            Some(table) => self.known(table, of, keys),
            None => {
                self.mistake(value.span(), format!("{of} must be a table"), None);
                Vec::new()
            }
        }
    }

    fn known<'v, 'd>(
        &mut self,
        table: &'v DeTable<'d>,
        of: &str,
        keys: &[Key],
    ) -> Vec<(&'static str, &'v Spanned<DeValue<'d>>)> {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut found = Vec::new();
        for (name, value) in table {
            match keys.iter().find(|key| key.name == name.get_ref()) {
                Some(key) => found.push((key.name, value)),
                None => self.unknown(name, of, &names),
            }
        }
        found
    }

    fn levels(&mut self, value: &Spanned<DeValue<'_>>) -> RuleLevels {
        let Some(table) = value.get_ref().as_table() else {
            self.mistake(value.span(), "`rules` must be a table of rules and levels".to_owned(), None);
            return RuleLevels::new();
        };
        let mut levels = RuleLevels::new();
        for (name, value) in table {
            let rule = self.rule(name.get_ref(), name.span());
            let level = self.word(value, name.get_ref(), &LEVELS).map(|word| match word {
                "allow" => Level::Allow,
                "warn" => Level::Warn,
                _ => Level::Deny,
            });
            levels.extend(rule.zip(level));
        }
        levels
    }

    fn rules_in(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<&'static str> {
        let names = self.texts(value, "never");
        names.iter().filter_map(|name| self.rule(name, value.span())).collect()
    }

    fn rule(&mut self, name: &str, span: Range<usize>) -> Option<&'static str> {
        let known = rules::all();
        let found =
            known.iter().find(|rule| rule.name == name || rule.aliases.iter().any(|alias| alias == name));
        if found.is_none() {
            let nearest = suggest::nearest(name, known.iter().map(|rule| rule.name)).map(str::to_owned);
            self.mistake(span, format!("unknown rule `{name}`"), nearest);
        }
        found.map(|rule| rule.name)
    }

    fn word(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        name: &str,
        words: &'static [&'static str],
    ) -> Option<&'static str> {
        let given = value.get_ref().as_str();
        let found = words.iter().find(|word| given == Some(**word)).copied();
        if found.is_none() {
            self.mistake(value.span(), format!("`{name}` must be one of {}", words.join(", ")), None);
        }
        found
    }

    fn texts(&mut self, value: &Spanned<DeValue<'_>>, name: &str) -> Vec<String> {
        if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            return Vec::new();
        }
        texts_of(value.get_ref(), Shape::Texts).unwrap_or_else(|| {
            self.mistake(value.span(), format!("`{name}` must be a text or a list of texts"), None);
            Vec::new()
        })
    }

    /// The phases in their order, each a text or a list of texts.
    fn phases(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(Vec<String>, Span)> {
        let Some(list) = value.get_ref().as_array() else {
            self.mistake(value.span(), "`order` must be a list of phases".to_owned(), None);
            return Vec::new();
        };
        list.iter().map(|phase| (self.texts(phase, "a phase"), self.span(phase.span()))).collect()
    }

    fn path(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<PathSettings> {
        let mut settings = PathSettings::default();
        for (key, value) in self.known(table, "a path", &PATH) {
            match (key, value.get_ref().as_str(), value.get_ref().as_bool()) {
                ("path", Some(path), _) => {
                    path.trim_start_matches("./").clone_into(&mut settings.path);
                    settings.span = self.span(value.span());
                }
                ("rules", ..) => settings.rules = self.levels(value),
                ("skip", _, Some(skip)) => settings.skip = skip,
                (key, ..) => self.mistake(value.span(), format!("`{key}` has the wrong kind of value"), None),
            }
        }
        if settings.path.is_empty() {
            self.mistake(span, "a path needs the key `path`".to_owned(), None);
            return None;
        }
        Some(settings)
    }

    fn probe(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<ConfiguredProbe> {
        let (mut path, mut kind) = (None, None);
        for (key, value) in self.known(table, "a probe", &PROBE) {
            match (key, value.get_ref().as_str()) {
                ("path", Some(text)) if text.starts_with('/') => path = Some(text.to_owned()),
                ("path", _) => {
                    self.mistake(value.span(), "`path` must be a text that starts with `/`".to_owned(), None);
                }
                _ => {
                    kind = self.word(value, "kind", PROBES).map(|word| match word {
                        "liveness" => DeclaredKind::Liveness,
                        "readiness" => DeclaredKind::Readiness,
                        "startup" => DeclaredKind::Startup,
                        _ => DeclaredKind::Health,
                    });
                }
            }
        }
        if !table.contains_key("path") || !table.contains_key("kind") {
            self.mistake(span.clone(), "a probe needs the keys `path` and `kind`".to_owned(), None);
        }
        Some(ConfiguredProbe { path: path?, kind: kind?, span: self.span(span) })
    }

    fn resource_once(
        &mut self,
        known: &[ResourceDeclaration],
        declared: &ResourceDeclaration,
        span: Range<usize>,
    ) {
        if known.iter().any(|known| (&known.id, &known.role) == (&declared.id, &declared.role)) {
            let role = declared.role.as_ref().map(|role| format!(", role `{role}`")).unwrap_or_default();
            self.mistake(span, format!("`{}`{role} is declared twice", declared.id), None);
        }
    }

    fn resource(&mut self, table: &DeTable<'_>, span: Range<usize>) -> ResourceDeclaration {
        let mut declared = ResourceDeclaration::default();
        (declared.line, declared.column) = line_and_column(self.text, span.start);
        for (name, value) in self.known(table, "a resource", &RESOURCE) {
            let Some(key) = RESOURCE.iter().find(|key| key.name == name) else { continue };
            let texts = texts_of(value.get_ref(), key.shape);
            match (key.name, texts, value.get_ref().as_bool()) {
                ("optional", _, Some(flag)) => declared.optional = flag,
                ("id", Some(mut list), _) => declared.id = list.remove(0),
                ("role", Some(mut list), _) => declared.role = Some(list.remove(0)),
                ("aliases", Some(list), _) => declared.aliases = list,
                ("canonical", Some(list), _) => declared.canonical = list,
                ("owner", Some(list), _) => declared.owner = list,
                _ => {
                    let expected = match key.shape {
                        Shape::Texts => "a text or a list of texts",
                        Shape::Flag => "true or false",
                        _ => "a text",
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

    #[test]
    fn levels_are_read_for_the_workspace_packages_and_paths() {
        let text = "min-confidence = \"high\"\ncatalog = \"a.toml\"\n[rules]\ncompeting-pools = \"warn\"\n\
                    [package.shop.rules]\nhandle-per-call = \"allow\"\n\
                    [[path]]\npath = \"./legacy/\"\nskip = true\n[baseline]\nnever = [\"leaked-lock\"]\n\
                    [[probe]]\npath = \"/up\"\nkind = \"readiness\"\n";
        let read = read("initpath.toml", text).expect("it is right");
        assert_eq!(read.rules, [("competing-pools", Level::Warn)]);
        let [package] = read.packages.as_slice() else { panic!("{read:?}") };
        assert_eq!((package.name.as_str(), package.span.line), ("shop", 5));
        assert_eq!(package.rules, [("handle-per-call", Level::Allow)]);
        assert_eq!((read.paths[0].path.as_str(), read.paths[0].skip), ("legacy/", true));
        assert_eq!(
            (read.min_confidence, read.catalogs.as_slice()),
            (Some(Confidence::High), &["a.toml".to_owned()][..])
        );
        assert_eq!((read.never_baselined.as_slice(), read.probes.len()), (&["leaked-lock"][..], 1));
    }

    #[test]
    fn a_misspelt_rule_or_level_is_placed() {
        let wrong = refused("[rules]\ncompeting-pool = \"warn\"\n");
        assert_eq!(
            wrong,
            "initpath.toml:2:1: unknown rule `competing-pool`; did you mean `competing-pools`?"
        );
        assert!(
            refused("[rules]\nleaked-lock = \"error\"\n")
                .contains("2:15: `leaked-lock` must be one of allow, warn, deny")
        );
        assert!(refused("[[probe]]\npath = \"/up\"\n").contains("needs the keys"));
        assert!(refused("[package.shop]\nrule = {}\n").contains("did you mean `rules`?"));
    }

    #[test]
    fn the_commented_file_says_nothing_and_its_options_are_known() {
        assert_eq!(read("initpath.toml", &commented()), Ok(Configuration::default()));
        let uncommented: String = commented()
            .lines()
            .filter(|line| {
                !line.contains("[[") && line.contains(" = \"") && line.contains("deny")
                    || line.trim() == "[rules]"
            })
            .map(|line| format!("{}\n", line.trim_start_matches("# ")))
            .collect();
        assert!(
            read("initpath.toml", &uncommented).is_ok_and(|read| !read.rules.is_empty()),
            "{uncommented}"
        );
    }

    #[test]
    fn a_manifest_may_hold_it() {
        let text = "[workspace]\nmembers = []\n[workspace.metadata.initpath.rules]\nleaked-lock = \"deny\"\n";
        let read = read_metadata("Cargo.toml", text).expect("it is right").expect("it is there");
        assert_eq!(read.rules, [("leaked-lock", Level::Deny)]);
        assert_eq!(read_metadata("Cargo.toml", "[workspace]\n"), Ok(None));
        let wrong = "[package]\nname = \"a\"\n[package.metadata.initpath]\nrule = 1\n";
        assert!(read_metadata("Cargo.toml", wrong).is_err_and(|error| error.line == 4));
    }
}
