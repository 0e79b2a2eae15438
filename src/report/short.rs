//! Room 9, *report*: one line per finding, then one line per problem, for editors, `grep` and `wc`. Must never
//! print a line that is neither.

use std::fmt::Write;

use super::{one_line, place, problem_place};
use crate::settle::Report;
use crate::workspace::SourceFile;

/// `file:line:col: level[rule] message` per finding, `file:line:col: problem[kind] message` per problem. A
/// problem without a place starts at `problem`.
pub(super) fn render(report: &Report, files: &[SourceFile]) -> String {
    let mut text = String::new();
    for settled in &report.findings {
        let finding = &settled.finding;
        let place = place(files, &finding.primary.location);
        let (level, message) = (settled.level.name(), one_line(&finding.message));
        writeln!(text, "{}: {level}[{}] {message}", one_line(&place), finding.rule)
            .expect("a string takes any text");
    }
    for problem in &report.problems {
        let place = problem_place(problem);
        let separator = if place.is_empty() { "" } else { ": " };
        let message = one_line(&problem.message);
        writeln!(text, "{}{separator}problem[{}] {message}", one_line(&place), problem.kind.name())
            .expect("a string takes any text");
    }
    text
}
