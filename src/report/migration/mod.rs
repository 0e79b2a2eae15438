//! Room 9, *report*: the SSOT migration report as Markdown, as versioned JSON and as one HTML page. What it says was
//! decided by the plan; here is how it is said.

mod html;
mod json;
mod markdown;
mod saved;
mod words;

use crate::plan::{Plan, Progress, Snapshot};
use crate::problem::Problem;
use crate::workspace::SourceFile;

pub use saved::read_snapshot;

/// How to print the migration report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationFormat {
    /// For a pull request or a wiki.
    Markdown,
    /// The versioned wire format.
    Json,
    /// One page without anything from the network.
    Html,
}

impl MigrationFormat {
    /// All formats, the default first.
    pub const ALL: [Self; 3] = [Self::Markdown, Self::Json, Self::Html];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

/// What the report is rendered from.
#[derive(Debug, Clone, Copy)]
pub struct MigrationView<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What of it a later run compares.
    pub snapshot: &'a Snapshot,
    /// What went and what came since an earlier one, where one was named.
    pub progress: Option<&'a Progress>,
    /// What limited the analysis.
    pub problems: &'a [Problem],
    /// The files that locations point into.
    pub files: &'a [SourceFile],
}

/// The report in one format, ending in a newline. Linear in the size of the plan.
pub fn render(format: MigrationFormat, view: MigrationView<'_>) -> String {
    match format {
        MigrationFormat::Markdown => markdown::render(view),
        MigrationFormat::Json => json::render(view),
        MigrationFormat::Html => html::render(view),
    }
}
