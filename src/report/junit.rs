//! Room 9, *report*: JUnit XML, for the many tools that show test results and nothing else. A finding is a test that failed.

use std::fmt::Write as _;

use super::{Style, path_of, place};
use crate::settle::{Level, Report};
use crate::workspace::SourceFile;

/// One suite with a case per finding and problem; one that passed when there is none.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let mut cases = String::new();
    for settled in &report.findings {
        let finding = &settled.finding;
        let head = format!(
            "    <testcase name=\"{}\" classname=\"initpath.{}\" file=\"{}\" line=\"{}\">",
            escape(&format!(
                "{} {}",
                finding.rule,
                style.in_repository(&place(files, &finding.primary.location))
            )),
            escape(finding.rule),
            escape(&style.in_repository(path_of(files, &finding.primary.location))),
            finding.primary.location.span.line,
        );
        let text =
            escape(&format!("{}\nhelp: {}\nsilent if: {}", finding.message, finding.help, finding.silent_if));
        let message = escape(&finding.message);
        let body = match settled.level {
            Level::Deny => {
                format!("<failure type=\"{}\" message=\"{message}\">{text}</failure>", finding.rule)
            }
            Level::Warn | Level::Allow => format!("<system-out>warning: {text}</system-out>"),
        };
        let _ = writeln!(cases, "{head}\n      {body}\n    </testcase>");
    }
    for problem in &report.problems {
        let name = escape(&format!("{} {}", problem.kind.name(), style.place_of(problem)));
        let message = escape(&problem.message);
        let body = match problem.kind.makes_incomplete() {
            true => format!("<error type=\"{}\" message=\"{message}\"/>", problem.kind.name()),
            false => format!("<system-out>{message}</system-out>"),
        };
        let _ = writeln!(
            cases,
            "    <testcase name=\"{name}\" classname=\"initpath.problem\">\n      {body}\n    </testcase>"
        );
    }
    if cases.is_empty() {
        cases.push_str("    <testcase name=\"no finding is left\" classname=\"initpath\"/>\n");
    }
    let tests = (report.findings.len() + report.problems.len()).max(1);
    let failures = report.count(Level::Deny);
    let errors = report.problems.iter().filter(|problem| problem.kind.makes_incomplete()).count();
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"initpath\" {counts}>\n  <testsuite name=\"initpath\" {counts}>\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

/// Text for XML 1.0: characters that it cannot hold are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' | '\r' => escaped.push(' '),
            other if other < ' ' || matches!(other, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
