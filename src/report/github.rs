//! Room 9, *report*: GitHub workflow commands, a courtesy that puts the most important findings beside the
//! changed lines. GitHub keeps ten annotations per level and step and drops the rest without a word, so this
//! file prints ten and counts the rest. Must not be taken for the full list.

use std::cmp::Reverse;
use std::fmt::Write;

use super::{Style, counted, path_of, place, problem_place};
use crate::problem::Problem;
use crate::settle::{Level, Report, Settled};
use crate::workspace::SourceFile;

/// Annotations that GitHub keeps per level and step.
const KEPT_PER_LEVEL: usize = 10;

/// One command per finding and problem, the most important first: findings at deny level and problems are
/// errors, the others warnings. When some do not fit, the last line counts them and says where they are.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let mut by_importance: Vec<&Settled> = report.findings.iter().collect();
    // The sort is stable, so the report's own order decides within equals.
    by_importance.sort_by_key(|settled| Reverse((settled.level, settled.finding.confidence)));
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for settled in by_importance {
        match settled.level {
            Level::Deny => errors.push(finding_command("error", settled, files, style)),
            Level::Warn | Level::Allow => warnings.push(finding_command("warning", settled, files, style)),
        }
    }
    for problem in &report.problems {
        if problem.kind.makes_incomplete() {
            errors.push(problem_command("error", problem, style));
        } else {
            warnings.push(problem_command("warning", problem, style));
        }
    }

    let mut text = String::new();
    for command in errors.iter().take(KEPT_PER_LEVEL).chain(warnings.iter().take(KEPT_PER_LEVEL)) {
        text.push_str(command);
        text.push('\n');
    }
    let left_errors = errors.len().saturating_sub(KEPT_PER_LEVEL);
    let left_warnings = warnings.len().saturating_sub(KEPT_PER_LEVEL);
    if left_errors + left_warnings > 0 {
        writeln!(
            text,
            "initpath: {} more not annotated ({}, {}); the full list: cargo initpath --message-format short",
            left_errors + left_warnings,
            counted(left_errors, "error"),
            counted(left_warnings, "warning"),
        )
        .expect("a string takes any text");
    }
    text
}

fn finding_command(command: &str, settled: &Settled, files: &[SourceFile], style: &Style) -> String {
    let finding = &settled.finding;
    let location = &finding.primary.location;
    let span = location.span;
    let file = property(&style.in_repository(path_of(files, location)));
    let title = property(&format!("initpath: {}", finding.rule));
    let mut properties = format!("file={file},line={},endLine={}", span.line, span.end_line);
    // Columns of a range over several lines make GitHub misplace the annotation.
    if span.line == span.end_line {
        write!(properties, ",col={},endColumn={}", span.column, span.end_column)
            .expect("a string takes any text");
    }
    // The log shows the message only, so the place is said there again.
    let place = style.in_repository(&place(files, location));
    let message = message(&format!("{place}: {}\nhelp: {}", finding.message, finding.help));
    format!("::{command} {properties},title={title}::{message}")
}

fn problem_command(command: &str, problem: &Problem, style: &Style) -> String {
    let mut properties = String::new();
    let mut place = problem_place(problem);
    if !problem.file.is_empty() {
        properties = format!("file={},", property(&style.in_repository(&problem.file)));
        if problem.line > 0 {
            write!(properties, "line={},", problem.line).expect("a string takes any text");
        }
        if problem.column > 0 {
            write!(properties, "col={},", problem.column).expect("a string takes any text");
        }
        place = format!("{}: ", style.in_repository(&place));
    }
    let title = property(&format!("initpath: problem {}", problem.kind.name()));
    format!("::{command} {properties}title={title}::{}", message(&format!("{place}{}", problem.message)))
}

/// Escapes a message. The percent sign goes first, or it would escape the escapes.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, in which the separators of the command count too.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
