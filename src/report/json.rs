//! Room 9, *report*: the report as versioned JSON. The wire types are separate from the internal ones, so that
//! either can change alone; within a version fields are added, never renamed or removed. Must not decide what
//! is shown.

use serde::Serialize;

use super::{WireTool, path_of, to_json};
use crate::finding::{Evidence, Hop};
use crate::location::Location;
use crate::problem::Problem;
use crate::settle::{Coverage, Level, Report, Settled};
use crate::workspace::SourceFile;

/// The report as pretty-printed JSON with a final newline.
pub(super) fn render(report: &Report, files: &[SourceFile]) -> String {
    to_json(&WireReport::new(report, files))
}

/// What `cargo initpath --message-format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "initpath report, version 1"))]
struct WireReport<'a> {
    /// Version of this format.
    version: u32,
    /// What wrote it.
    tool: WireTool,
    /// Counts.
    summary: WireSummary,
    /// Findings at deny or warn, sorted by file, line, column and rule.
    findings: Vec<WireFinding<'a>>,
    /// What limited the analysis, sorted by file and line.
    problems: Vec<WireProblem<'a>>,
}

/// Counts: `deny + warn + allow + suppressed + baselined + elsewhere` is what was found in what was asked for.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireSummary {
    /// Findings at deny level.
    deny: usize,
    /// Findings at warn level.
    warn: usize,
    /// Findings that are not listed because of their level or confidence.
    allow: u32,
    /// Findings accepted by a comment.
    suppressed: u32,
    /// Findings accepted by a baseline.
    baselined: u32,
    /// Entries of the baseline that stand for nothing any more; absent without a baseline.
    fixed: Option<usize>,
    /// Findings without a place in what was changed.
    elsewhere: u32,
    /// Findings in packages or paths that were not asked for, without those at allow and those accepted.
    unselected: u32,
    /// Problems.
    problems: usize,
    /// Whether all selected code was analysed.
    complete: bool,
    /// What was looked at.
    coverage: WireCoverage,
}

/// What was looked at, so that silence means something.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct WireCoverage {
    /// Packages analysed.
    packages: u32,
    /// Source files analysed.
    files: u32,
    /// Source files that could not be analysed.
    files_skipped: u32,
    /// Functions, methods included.
    functions: u32,
    /// Init sites in production code.
    init_sites: u32,
    /// Distinct resources they open.
    resources: u32,
    /// Handlers registered with a framework.
    handlers: u32,
    /// Calls in functions that were linked.
    calls: u32,
    /// Those whose target is known.
    calls_resolved: u32,
    /// Calls in functions that lie on a path to an init site or a handler.
    path_calls: u32,
    /// Those whose target is known.
    path_calls_resolved: u32,
    /// Macro calls that were not entered.
    macros_opaque: u32,
}

/// One finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireFinding<'a> {
    /// The rule's name.
    rule: &'a str,
    /// The rule's category.
    category: &'a str,
    /// `deny` or `warn`.
    level: &'a str,
    /// `high`, `medium` or `low`.
    confidence: &'a str,
    /// One headline sentence.
    message: &'a str,
    /// The fix, in one sentence.
    help: &'a str,
    /// What would make the rule silent, in one sentence.
    silent_if: &'a str,
    /// Why the places belong together.
    notes: &'a [String],
    /// Unique within the report, made of names and roles, stable when code moves.
    fingerprint: &'a str,
    /// The binary it was found in, when it belongs to one.
    binary: Option<&'a str>,
    /// Id of the resource at stake, when it is known.
    resource: Option<&'a str>,
    /// The place to look at first.
    primary: WireEvidence<'a>,
    /// Every other place that makes the finding true, sorted by file and line.
    evidence: Vec<WireEvidence<'a>>,
    /// The call path from the entry point to the primary place.
    path: Vec<WireHop<'a>>,
    /// How the finding was accepted in the code; always null, as accepted findings are not listed.
    suppressed: Option<&'a str>,
}

/// A range of text and the part it plays. Lines and columns start at 1, columns count characters, the end is
/// exclusive.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireEvidence<'a> {
    /// `init-site`, `holder`, `check`, `write`, `guard`, `serve-point`, `handler`, `spawn`, `accessor`, `config`,
    /// `migration`, `probe` or a role added later.
    role: &'a str,
    /// A few words for a person.
    label: &'a str,
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// First line.
    line: u32,
    /// First column.
    column: u32,
    /// Last line.
    end_line: u32,
    /// Column after the last character.
    end_column: u32,
}

/// One hop of a call path.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireHop<'a> {
    /// The function entered, or the library call.
    label: &'a str,
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// The line of the entry point's declaration, then of each call.
    line: u32,
    /// Its column.
    column: u32,
}

/// What limited the analysis.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct WireProblem<'a> {
    /// What kind of limit, in kebab-case.
    kind: &'a str,
    /// One sentence for a person.
    message: &'a str,
    /// Path relative to the workspace root, with forward slashes; null when the problem has no file.
    file: Option<&'a str>,
    /// Line, starting at 1; null when unknown.
    line: Option<u32>,
    /// Column in characters, starting at 1; null when unknown.
    column: Option<u32>,
}

impl<'a> WireReport<'a> {
    fn new(report: &'a Report, files: &'a [SourceFile]) -> Self {
        let Report {
            findings,
            allowed,
            suppressed,
            baselined,
            stale,
            elsewhere,
            unselected,
            lowered: _,
            acceptable: _,
            problems,
            coverage,
            resources: _,
            complete,
        } = report;
        Self {
            version: 1,
            tool: WireTool::current(),
            summary: WireSummary {
                deny: report.count(Level::Deny),
                warn: report.count(Level::Warn),
                allow: *allowed,
                suppressed: *suppressed,
                baselined: *baselined,
                fixed: stale.as_ref().map(|stale| stale.len()),
                elsewhere: *elsewhere,
                unselected: *unselected,
                problems: problems.len(),
                complete: *complete,
                coverage: WireCoverage::new(coverage),
            },
            findings: findings.iter().map(|settled| WireFinding::new(settled, files)).collect(),
            problems: problems.iter().map(WireProblem::new).collect(),
        }
    }
}

impl<'a> WireFinding<'a> {
    fn new(settled: &'a Settled, files: &'a [SourceFile]) -> Self {
        let Settled { finding, category, level, fingerprint, may_be_baselined: _ } = settled;
        Self {
            rule: finding.rule,
            category,
            level: level.name(),
            confidence: finding.confidence.name(),
            message: &finding.message,
            help: &finding.help,
            silent_if: &finding.silent_if,
            notes: &finding.notes,
            fingerprint,
            binary: finding.binary.as_deref(),
            resource: finding.resource.as_deref(),
            primary: WireEvidence::new(&finding.primary, files),
            evidence: finding.evidence.iter().map(|evidence| WireEvidence::new(evidence, files)).collect(),
            path: finding.path.iter().map(|hop| WireHop::new(hop, files)).collect(),
            suppressed: None,
        }
    }
}

impl<'a> WireEvidence<'a> {
    fn new(evidence: &'a Evidence, files: &'a [SourceFile]) -> Self {
        let Evidence { location, role, label } = evidence;
        let Location { span, .. } = location;
        Self {
            role: role.name(),
            label,
            file: path_of(files, location),
            line: span.line,
            column: span.column,
            end_line: span.end_line,
            end_column: span.end_column,
        }
    }
}

impl<'a> WireHop<'a> {
    fn new(hop: &'a Hop, files: &'a [SourceFile]) -> Self {
        let Hop { label, location } = hop;
        Self { label, file: path_of(files, location), line: location.span.line, column: location.span.column }
    }
}

impl<'a> WireProblem<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let Problem { file, line, column, kind, message } = problem;
        Self {
            kind: kind.name(),
            message,
            file: (!file.is_empty()).then_some(file),
            line: (*line > 0).then_some(*line),
            column: (*column > 0).then_some(*column),
        }
    }
}

impl WireCoverage {
    pub(super) fn new(coverage: &Coverage) -> Self {
        let &Coverage {
            packages,
            files,
            files_skipped,
            functions,
            init_sites,
            resources,
            handlers,
            calls,
            calls_resolved,
            path_calls,
            path_calls_resolved,
            macros_opaque,
        } = coverage;
        Self {
            packages,
            files,
            files_skipped,
            functions,
            init_sites,
            resources,
            handlers,
            calls,
            calls_resolved,
            path_calls,
            path_calls_resolved,
            macros_opaque,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_the_report_is_the_one_in_the_tree() {
        super::super::assert_schema_is_fresh::<WireReport<'_>>("report.json");
    }
}
