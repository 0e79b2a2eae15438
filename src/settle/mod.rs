//! Room 7, *settle*: policy. Findings and problems become a [`Report`]: levels are decided, fingerprints
//! given, the order fixed. Nothing is lost: every finding that came in is shown or counted as hidden.

mod fingerprint;
mod levels;
mod selection;

use crate::finding::{Confidence, Evidence, Finding};
use crate::location::Location;
use crate::problem::Problem;
use crate::rules::RuleInfo;
use crate::workspace::SourceFile;

pub use crate::finding::Level;
pub use crate::program::inventory::{Coverage, ResourceSummary};
pub use levels::{LevelOverride, LevelTarget};
pub use selection::{Selection, select_inventory};

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

/// What the earlier stages found, with what is needed to judge and order it.
pub struct SettleInput<'a> {
    /// What the rules claim, in any order.
    pub findings: Vec<Finding>,
    /// What limited the analysis, in any order; repeats are dropped.
    pub problems: Vec<Problem>,
    /// What was looked at.
    pub coverage: Coverage,
    /// The resources of the workspace's production code.
    pub resources: Vec<ResourceSummary>,
    /// The files that locations point into.
    pub files: &'a [SourceFile],
    /// The rules with their default levels.
    pub rules: &'a [RuleInfo],
    /// Whether a file, given by its path, belongs to what the user selected. Findings with their primary
    /// place elsewhere are left out, problems elsewhere are kept but do not make the run incomplete.
    pub selected: &'a dyn Fn(&str) -> bool,
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
    /// Whether everything selected was analysed: no problem stands for selected code that was not.
    pub complete: bool,
}

impl Report {
    /// How many of the shown findings have this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|settled| settled.level == level).count()
    }
}

/// Turns findings into a report under `policy`.
///
/// Every selected finding is either in [`Report::findings`] or counted in [`Report::allowed`]. The result
/// does not depend on the order of the input. Fingerprints are given before levels and selection decide, so
/// they stay the same whatever is shown. O(n log n).
pub fn settle(input: SettleInput<'_>, policy: &Policy) -> Report {
    let SettleInput { mut findings, mut problems, coverage, mut resources, files, rules, selected } = input;
    let path = |location: &Location| path_of(files, location);

    for finding in &mut findings {
        finding.evidence.sort_by(|a, b| evidence_key(files, a).cmp(&evidence_key(files, b)));
        finding.evidence.dedup();
    }
    findings.sort_by(|a, b| finding_key(files, a).cmp(&finding_key(files, b)));
    let fingerprints = fingerprint::fingerprints(&findings);

    let mut shown = Vec::new();
    let mut allowed = 0;
    for (finding, fingerprint) in findings.into_iter().zip(fingerprints) {
        if !selected(path(&finding.primary.location)) {
            continue;
        }
        let rule = rules.iter().find(|rule| rule.name == finding.rule);
        // A rule without a row has no default anybody agreed to: shown, never fatal.
        let (category, default) = rule.map_or(("", Level::Warn), |rule| (rule.category, rule.level));
        match levels::level_of(finding.rule, default, finding.confidence, policy) {
            Level::Allow => allowed += 1,
            level => shown.push(Settled { finding, category, level, fingerprint }),
        }
    }

    problems.sort();
    problems.dedup();
    resources.sort();
    let complete = !problems.iter().any(|problem| {
        problem.kind.makes_incomplete() && (problem.file.is_empty() || selected(&problem.file))
    });
    Report { findings: shown, allowed, problems, coverage, resources, complete }
}

/// Path of the file a location points into; empty when there is no such file.
fn path_of<'a>(files: &'a [SourceFile], location: &Location) -> &'a str {
    files.get(location.file.0 as usize).map_or("", |file| file.path.as_str())
}

fn evidence_key<'a>(files: &'a [SourceFile], evidence: &'a Evidence) -> impl Ord + 'a {
    (path_of(files, &evidence.location), evidence.location.span, evidence.role, evidence.label.as_str())
}

/// The order of the report. It goes on after the rule so that equal findings of one place (in two binaries,
/// say) come in the same order whatever order they were found in.
fn finding_key<'a>(files: &'a [SourceFile], finding: &'a Finding) -> impl Ord + 'a {
    let span = finding.primary.location.span;
    (
        (path_of(files, &finding.primary.location), span.line, span.column, finding.rule),
        (finding.identity.as_slice(), span, finding.binary.as_deref(), finding.message.as_str()),
        (&finding.primary, &finding.evidence, &finding.path, &finding.notes, finding.confidence),
        (finding.resource.as_deref(), finding.help.as_str(), finding.silent_if.as_str()),
    )
}

#[cfg(test)]
mod tests;
