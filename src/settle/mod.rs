//! Room 7, *settle*: policy. Findings and problems become a [`Report`]: levels are decided, fingerprints
//! given, the order fixed. Nothing is lost: every finding that came in is shown or counted as hidden.

mod baseline;
mod fingerprint;
mod levels;
mod selection;
mod suppression;

use std::collections::BTreeSet;

use crate::facts::Directive;
use crate::finding::{Confidence, Evidence, Finding};
use crate::location::{FileId, Location};
use crate::problem::Problem;
use crate::rules::RuleInfo;
use crate::workspace::SourceFile;

pub use crate::finding::Level;
pub use crate::program::inventory::{Coverage, ResourceSummary};
pub use baseline::{BASELINE_FILE_NAME, Baseline, BaselineError};
pub use levels::{LevelOverride, LevelTarget, PathLevel};
pub use selection::{Selection, select_inventory};

/// What the user wants shown and how strictly.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `-D`, `-W`, `-A` in the order given; the last that matches wins.
    pub overrides: Vec<LevelOverride>,
    /// Findings below it are hidden (counted as allowed).
    pub min_confidence: Confidence,
    /// Levels for files, in the order given, after the rule's own and before [`Policy::overrides`]: the last that matches wins.
    pub paths: Vec<PathLevel>,
    /// The rules whose findings no baseline accepts.
    pub never_baselined: Vec<&'static str>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            overrides: Vec::new(),
            min_confidence: Confidence::Medium,
            paths: Vec::new(),
            never_baselined: Vec::new(),
        }
    }
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
    /// Whether a baseline can accept it.
    pub may_be_baselined: bool,
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
    /// Whether what is said of a file, given by its path, and perhaps of a binary, belongs to what the user selected. Findings
    /// whose primary place and binary do not are left out, problems elsewhere are kept but do not make the run incomplete.
    pub selected: &'a dyn Fn(&str, Option<&str>) -> bool,
    /// The comments that talk to initpath, with their files.
    pub directives: &'a [(FileId, Directive)],
    /// The findings that were accepted.
    pub baseline: Option<&'a Baseline>,
    /// Whether a file, given by its path, was changed. Findings without a place in a changed file are counted only. `None`
    /// shows everything.
    pub changed: Option<&'a dyn Fn(&str) -> bool>,
}

/// Everything a renderer needs. Sorted by file, line, column, rule.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Findings at warn or deny.
    pub findings: Vec<Settled>,
    /// How many findings were found and are not shown because of their level or confidence.
    pub allowed: u32,
    /// How many a comment silences.
    pub suppressed: u32,
    /// How many the baseline has accepted.
    pub baselined: u32,
    /// The entries of the baseline that stand for no finding any more; `None` without a baseline. Where not everything was
    /// analysed, none is known to.
    pub stale: Option<BTreeSet<String>>,
    /// How many have no place in what was changed.
    pub elsewhere: u32,
    /// How many would be shown, and belong to packages or paths that were not asked for.
    pub unselected: u32,
    /// Whether one of [`Report::allowed`] is there only because somebody lowered its level or asked for more confidence.
    pub lowered: bool,
    /// The fingerprints of all selected findings that a baseline written now accepts, sorted.
    pub acceptable: BTreeSet<String>,
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

    /// Whether everything was analysed and nothing was found, or left out because somebody wanted it so.
    pub fn is_clean(&self) -> bool {
        let set_aside = self.suppressed + self.baselined + self.elsewhere + self.unselected;
        self.findings.is_empty() && self.complete && set_aside == 0 && !self.lowered
    }
}

/// Turns findings into a report under `policy`.
///
/// Every selected finding is either in [`Report::findings`] or counted in [`Report::allowed`]. The result
/// does not depend on the order of the input. Fingerprints are given before levels and selection decide, so
/// they stay the same whatever is shown. O(n log n).
pub fn settle(input: SettleInput<'_>, policy: &Policy) -> Report {
    let SettleInput {
        mut findings,
        mut problems,
        coverage,
        mut resources,
        files,
        rules,
        selected,
        directives,
        baseline,
        changed,
    } = input;
    for finding in &mut findings {
        finding.evidence.sort_by(|a, b| evidence_key(files, a).cmp(&evidence_key(files, b)));
        finding.evidence.dedup();
    }
    findings.sort_by(|a, b| finding_key(files, a).cmp(&finding_key(files, b)));
    let mut judged = Judged { files, rules, policy, list: Vec::new() };
    judged.add(findings);

    // Every finding is seen, whatever is selected: a comment or an entry about another package is not unused.
    let mut suppressions = suppression::Suppressions::read(directives, files);
    let silenced: Vec<bool> =
        judged.list.iter().map(|one| suppressions.silence(&one.finding, one.level)).collect();
    let found: BTreeSet<&str> = judged.list.iter().map(|one| one.fingerprint.as_str()).collect();
    let is_whole = !problems.iter().any(|problem| problem.kind.makes_incomplete());
    let gone = |known: &Baseline| -> BTreeSet<String> {
        known.accepted.iter().filter(|one| is_whole && !found.contains(one.as_str())).cloned().collect()
    };
    let stale = baseline.map(gone);

    let mut own = suppressions.findings(&|name| rules.iter().any(|rule| rule.name == name));
    own.extend(baseline.iter().zip(&stale).flat_map(|(known, stale)| stale_entries(known, stale, files)));
    let first_own = judged.list.len();
    judged.add(own);

    problems.sort();
    problems.dedup();
    resources.sort();
    let complete = !problems.iter().any(|problem| {
        problem.kind.makes_incomplete() && (problem.file.is_empty() || selected(&problem.file, None))
    });
    let mut report = Report { stale, problems, coverage, resources, complete, ..Report::default() };
    let asked = Asked { files, selected, baseline, changed };
    for (index, one) in judged.list.into_iter().enumerate() {
        let fate = asked.fate(&one, silenced.get(index) == Some(&true));
        let is_listed = matches!(fate, Fate::Shown | Fate::Baselined | Fate::Elsewhere);
        if is_listed && one.may_be_baselined && index < first_own {
            report.acceptable.insert(one.fingerprint.clone());
        }
        match fate {
            Fate::Shown => report.findings.push(one),
            Fate::Allowed => {
                report.allowed += 1;
                report.lowered |= is_shown_by_default(rules, &one.finding);
            }
            Fate::Suppressed => report.suppressed += 1,
            Fate::Baselined => report.baselined += 1,
            Fate::Elsewhere => report.elsewhere += 1,
            Fate::Unselected => report.unselected += 1,
            Fate::UnselectedAndSetAside => {}
        }
    }
    report.findings.sort_by(|a, b| finding_key(files, &a.finding).cmp(&finding_key(files, &b.finding)));
    report
}

/// What becomes of a finding.
enum Fate {
    Shown,
    /// Its level or confidence hides it.
    Allowed,
    /// A comment silences it.
    Suppressed,
    /// The baseline has accepted it.
    Baselined,
    /// It has no place in what was changed.
    Elsewhere,
    /// It belongs to what was not asked for, where it would be shown.
    Unselected,
    /// It belongs to what was not asked for, and would not be shown there: it is counted nowhere.
    UnselectedAndSetAside,
}

/// What the user wants to hear about.
struct Asked<'a> {
    files: &'a [SourceFile],
    selected: &'a dyn Fn(&str, Option<&str>) -> bool,
    baseline: Option<&'a Baseline>,
    changed: Option<&'a dyn Fn(&str) -> bool>,
}

impl Asked<'_> {
    fn fate(&self, one: &Settled, silenced: bool) -> Fate {
        let primary = path_of(self.files, &one.finding.primary.location);
        let is_selected = (self.selected)(primary, one.finding.binary.as_deref());
        let is_accepted = one.may_be_baselined
            && self.baseline.is_some_and(|known| known.accepted.contains(&one.fingerprint));
        match () {
            () if !is_selected && (one.level == Level::Allow || silenced || is_accepted) => {
                Fate::UnselectedAndSetAside
            }
            () if !is_selected => Fate::Unselected,
            () if one.level == Level::Allow => Fate::Allowed,
            () if silenced => Fate::Suppressed,
            () if is_accepted => Fate::Baselined,
            () if !self.is_changed(&one.finding) => Fate::Elsewhere,
            () => Fate::Shown,
        }
    }

    /// Whether one of a finding's places is in a changed file.
    fn is_changed(&self, finding: &Finding) -> bool {
        let Some(changed) = self.changed else { return true };
        let mut places = finding.evidence.iter().chain([&finding.primary]);
        places.any(|evidence| changed(path_of(self.files, &evidence.location)))
    }
}

/// Findings with their levels and fingerprints.
struct Judged<'a> {
    files: &'a [SourceFile],
    rules: &'a [RuleInfo],
    policy: &'a Policy,
    list: Vec<Settled>,
}

impl Judged<'_> {
    /// Adds findings, sorted, whose rules are not among those of the findings before.
    fn add(&mut self, findings: Vec<Finding>) {
        let fingerprints = fingerprint::fingerprints(&findings);
        for (finding, fingerprint) in findings.into_iter().zip(fingerprints) {
            let rule = self.rules.iter().find(|rule| rule.name == finding.rule);
            // A rule without a row has no default anybody agreed to: shown, never fatal.
            let (category, default) = rule.map_or(("", Level::Warn), |rule| (rule.category, rule.level));
            let file = path_of(self.files, &finding.primary.location);
            let level = levels::level_of(finding.rule, default, finding.confidence, file, self.policy);
            let may_be_baselined = !self.policy.never_baselined.contains(&finding.rule);
            self.list.push(Settled { finding, category, level, fingerprint, may_be_baselined });
        }
    }
}

/// Whether a finding is shown where nobody says anything about levels and confidence.
fn is_shown_by_default(rules: &[RuleInfo], finding: &Finding) -> bool {
    let default = rules.iter().find(|rule| rule.name == finding.rule).map_or(Level::Warn, |rule| rule.level);
    levels::level_of(finding.rule, default, finding.confidence, "", &Policy::default()) != Level::Allow
}

/// The rule that an entry of a baseline stands for nothing any more.
pub const STALE_BASELINE: &str = "stale-baseline";

/// A finding for each entry of a baseline that stands for nothing any more.
fn stale_entries(known: &Baseline, stale: &BTreeSet<String>, files: &[SourceFile]) -> Vec<Finding> {
    let text = known.file.and_then(|file| files.get(file.0 as usize)).map_or("", |file| &file.text);
    let entries = stale.iter().filter_map(|fingerprint| {
        let location = known.place(text, fingerprint)?;
        Some(suppression::finding(
            STALE_BASELINE,
            location,
            format!("`{fingerprint}` is not found any more"),
            "`cargo initpath baseline prune` removes such entries",
            vec![fingerprint.clone()],
        ))
    });
    entries.collect()
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
