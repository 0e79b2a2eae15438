//! Room 7, *settle*: policy. Findings and problems become a [`Report`]: levels are decided, fingerprints
//! given, the order fixed. Nothing is lost: every finding that came in is shown or counted as hidden.

mod levels;

use crate::finding::{Confidence, Finding};
use crate::problem::Problem;

pub use levels::{LevelOverride, LevelTarget};

/// What happens when a rule finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Counted, not shown.
    Allow,
    /// Shown; the exit code stays 0.
    Warn,
    /// Shown; the exit code becomes 1.
    Deny,
}

impl Level {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// What the user wants shown and how strictly.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `-D`, `-W`, `-A` in the order given; the last that matches wins.
    pub overrides: Vec<LevelOverride>,
    /// Findings below it are hidden (counted as allowed).
    pub min_confidence: Confidence,
}

/// A finding with its level and fingerprint.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The claim.
    pub finding: Finding,
    /// The rule's category.
    pub category: &'static str,
    /// The level after policy; never [`Level::Allow`] in [`Report::findings`].
    pub level: Level,
    /// Unique within the report, made of names and roles, stable when code moves.
    pub fingerprint: String,
}

/// What was analysed, so that silence means something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Packages analysed.
    pub packages: u32,
    /// Source files analysed.
    pub files: u32,
    /// Source files that could not be analysed.
    pub files_skipped: u32,
    /// Functions, methods included.
    pub functions: u32,
    /// Init sites in production code.
    pub init_sites: u32,
    /// Distinct resources they open.
    pub resources: u32,
    /// Handlers registered with a framework.
    pub handlers: u32,
    /// Calls in functions that were linked.
    pub calls: u32,
    /// Those whose target is known.
    pub calls_resolved: u32,
    /// Calls in functions that lie on a path to an init site or a handler.
    pub path_calls: u32,
    /// Those whose target is known.
    pub path_calls_resolved: u32,
    /// Macro calls that were not entered.
    pub macros_opaque: u32,
}

/// One resource and its doors, for the closing lines of a clean run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceSummary {
    /// Driver (`postgres`).
    pub driver: String,
    /// Where the address comes from, for a person.
    pub address: String,
    /// What was created and where, for a person; one entry per production init site.
    pub doors: Vec<String>,
}

/// Everything a renderer needs. Sorted by file, line, column, rule.
#[derive(Debug, Clone)]
pub struct Report {
    /// Findings at warn or deny.
    pub findings: Vec<Settled>,
    /// How many findings were found and are not shown because of their level or confidence.
    pub allowed: u32,
    /// What limited the analysis.
    pub problems: Vec<Problem>,
    /// What was looked at.
    pub coverage: Coverage,
    /// The resources of the workspace's production code.
    pub resources: Vec<ResourceSummary>,
}
