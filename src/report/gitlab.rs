//! Room 9, *report*: GitLab code quality (<https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>). It has
//! no place for paths and evidence: these are said in the description.

use serde_json::{Value, json};

use super::{Style, path_of, to_json};
use crate::settle::{Level, Report};
use crate::workspace::SourceFile;

/// One entry per finding, and one per problem.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let findings = report.findings.iter().map(|settled| {
        let finding = &settled.finding;
        let location = &finding.primary.location;
        json!({
            "description": format!("{} ({})", finding.message, finding.help),
            "check_name": finding.rule,
            "fingerprint": settled.fingerprint,
            "severity": if settled.level == Level::Deny { "critical" } else { "minor" },
            "location": {
                "path": style.in_repository(path_of(files, location)),
                "lines": { "begin": location.span.line, "end": location.span.end_line },
            },
        })
    });
    let problems = report.problems.iter().map(|problem| {
        json!({
            "description": format!("not analysed whole: {}", problem.message),
            "check_name": problem.kind.name(),
            "fingerprint": format!("{}:{}:{}", problem.kind.name(), problem.file, problem.line),
            "severity": if problem.kind.makes_incomplete() { "blocker" } else { "info" },
            "location": {
                "path": style.in_repository(&problem.file),
                "lines": { "begin": problem.line.max(1) },
            },
        })
    });
    to_json(&findings.chain(problems).collect::<Vec<Value>>())
}
