//! Room 9, *report*: pure text, one file per format. Every format prints the same findings and problems; what
//! to show was decided before. Nothing here reads files, asks the terminal or drops a finding.

mod cargo_json;
mod excerpt;
mod github;
mod gitlab;
mod graph;
mod human;
mod inventory;
mod job_summary;
mod json;
mod junit;
mod migration;
mod patch;
mod picture;
mod place;
mod rule_list;
mod rule_page;
mod sarif;
mod short;
mod statistics;

use std::path::PathBuf;
use std::time::Duration;

use crate::finding::Hop;
use crate::location::Location;
use crate::settle::Report;
use crate::workspace::SourceFile;

pub use graph::{GraphFormat, render as render_graph};
pub use inventory::{
    InventoryView, render_human as render_inventory_human, render_json as render_inventory_json,
};
pub use migration::{MigrationFormat, MigrationView, read_snapshot, render as render_migration};
pub use patch::{ChangedFile, render as render_patch};
pub use place::{RuleAt, render as render_place};
pub use rule_list::{render_human as render_rules_human, render_json as render_rules_json};
pub use rule_page::render as render_rule_page;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, with source excerpts.
    Human,
    /// One line per finding.
    Short,
    /// The versioned wire format.
    Json,
    /// GitHub workflow commands.
    Github,
    /// SARIF 2.1.0, as code scanning reads it.
    Sarif,
    /// What `cargo check --message-format json` writes, for rust-analyzer.
    CargoJson,
    /// GitLab code quality.
    Gitlab,
    /// JUnit XML.
    Junit,
    /// A Markdown page for the summary of a CI job.
    Markdown,
}

impl Format {
    /// All formats, the default first.
    pub const ALL: [Self; 9] = [
        Self::Human,
        Self::Short,
        Self::Json,
        Self::Github,
        Self::Sarif,
        Self::CargoJson,
        Self::Gitlab,
        Self::Junit,
        Self::Markdown,
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Short => "short",
            Self::Json => "json",
            Self::Github => "github",
            Self::Sarif => "sarif",
            Self::CargoJson => "cargo-json",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
        }
    }

    /// Whether whoever reads it looks for files from the root of the repository.
    pub fn is_for_a_repository(self) -> bool {
        matches!(self, Self::Github | Self::Sarif | Self::Gitlab)
    }
}

/// How the text should look, as far as that is not part of the report.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// Whether terminal colours are written (human format only).
    pub color: bool,
    /// Whether names of rules are links to their pages (human format only).
    pub links: bool,
    /// Findings and problems only, without the closing summary (human format only).
    pub quiet: bool,
    /// How long the run took, when a person is there to read it; it is the one thing that differs from run
    /// to run, so output that is kept leaves it out (human format only).
    pub elapsed: Option<Duration>,
    /// What to put before a path to make it relative to the repository: empty, or a folder with a trailing
    /// slash (patches, and formats for which [`Format::is_for_a_repository`] says so).
    pub repository_prefix: String,
    /// The root of the workspace (cargo-json only).
    pub root: PathBuf,
}

impl Style {
    /// The place of a problem as relative to the repository; empty where it has none.
    fn place_of(&self, problem: &crate::problem::Problem) -> String {
        match problem_place(problem) {
            place if place.is_empty() => place,
            place => self.in_repository(&place),
        }
    }

    /// A path of a report, which is relative to the workspace, as relative to the repository.
    fn in_repository(&self, path: &str) -> String {
        let mut folders: Vec<&str> =
            self.repository_prefix.split('/').filter(|folder| !folder.is_empty()).collect();
        let mut rest = path;
        while let Some(after) = rest.strip_prefix("../").filter(|_| folders.pop().is_some()) {
            rest = after;
        }
        folders.push(rest);
        folders.join("/")
    }
}

/// The report in one format, ending in a newline unless it is empty. `files` are those locations point into.
/// Linear in the size of the report.
pub fn render(format: Format, report: &Report, files: &[SourceFile], style: &Style) -> String {
    match format {
        Format::Human => human::render(report, files, style),
        Format::Short => short::render(report, files),
        Format::Json => json::render(report, files),
        Format::Github => github::render(report, files, style),
        Format::Sarif => sarif::render(report, files, style),
        Format::CargoJson => cargo_json::render(report, files, style),
        Format::Gitlab => gitlab::render(report, files, style),
        Format::Junit => junit::render(report, files, style),
        Format::Markdown => job_summary::render(report, files, style),
    }
}

/// How many findings each rule has, the most first.
pub fn render_statistics(report: &Report) -> String {
    statistics::render(report)
}

/// Where a rule's page is published. Those about comments and baselines have a folder of their own.
fn page_url(rule: &str, category: &str) -> String {
    let folder = if category == "policy" { "rules/policy" } else { "rules" };
    format!("{}/blob/main/{folder}/{rule}.md", env!("CARGO_PKG_REPOSITORY"))
}

/// Path of the file a location points into; empty when there is no such file.
fn path_of<'a>(files: &'a [SourceFile], location: &Location) -> &'a str {
    files.get(location.file.0 as usize).map_or("", |file| file.path.as_str())
}

/// `file:line:column` of where a location starts.
fn place(files: &[SourceFile], location: &Location) -> String {
    format!("{}:{}:{}", path_of(files, location), location.span.line, location.span.column)
}

/// `file:line:column` as far as it is known: line 0 and an empty file stand for unknown.
pub fn problem_place(problem: &crate::problem::Problem) -> String {
    match (problem.file.as_str(), problem.line, problem.column) {
        ("", ..) => String::new(),
        (file, 0, _) => file.to_owned(),
        (file, line, 0) => format!("{file}:{line}"),
        (file, line, column) => format!("{file}:{line}:{column}"),
    }
}

/// The text on one line, with everything that could steer a terminal or reorder text made visible as `�`.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => ' ',
            other if is_unprintable(other) => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}

/// Control characters, zero-width characters and those that change the direction of text.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// `1 finding`, `2 findings`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The same for nouns with a plural of their own.
pub(crate) fn counted_as(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Rows as lines whose cells start in the same columns, two spaces apart, without trailing spaces. Columns that
/// are empty in every row take no room.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
            let padded: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
            padded.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// The name and version every wire format carries.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireTool {
    /// Always `initpath`.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

impl WireTool {
    fn current() -> Self {
        Self { name: "initpath", version: env!("CARGO_PKG_VERSION") }
    }
}

/// A place.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WirePoint<'a> {
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// Line, from 1.
    line: u32,
    /// Column in characters, from 1.
    column: u32,
}

impl<'a> WirePoint<'a> {
    fn new(files: &'a [SourceFile], location: &Location) -> Self {
        Self { file: path_of(files, location), line: location.span.line, column: location.span.column }
    }
}

/// One hop of a path.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireHop<'a> {
    /// The function, type, static or call.
    label: &'a str,
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// Line, from 1.
    line: u32,
}

impl<'a> WireHop<'a> {
    fn new(files: &'a [SourceFile], hop: &'a Hop) -> Self {
        Self { label: &hop.label, file: path_of(files, &hop.location), line: hop.location.span.line }
    }
}

/// A wire value as pretty JSON with a final newline.
fn to_json(value: &impl serde::Serialize) -> String {
    let mut text =
        serde_json::to_string_pretty(value).expect("wire types have string keys and no failing serializer");
    text.push('\n');
    text
}

/// Compares a generated schema with the one in `rules/schema/`; `INITPATH_UPDATE=1` writes it instead.
#[cfg(test)]
fn assert_schema_is_fresh<Wire: schemars::JsonSchema>(name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/schema").join(name);
    let generated = to_json(&schemars::schema_for!(Wire));
    if std::env::var_os("INITPATH_UPDATE").is_some() {
        crate::workspace::write_text(&path, &generated).unwrap();
    }
    let kept = crate::workspace::read_text(&path).unwrap_or_default();
    assert!(kept == generated, "{name} is stale: run the tests once with INITPATH_UPDATE=1");
}
