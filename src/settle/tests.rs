//! What a user may rely on in levels, fingerprints, order and counts.

use super::*;
use crate::finding::Role;
use crate::location::{FileId, Span};
use crate::problem::ProblemKind;

fn file(path: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: "".into() }
}

fn finding(rule: &'static str, file: u32, line: u32, identity: &[&str]) -> Finding {
    let span = Span { line, column: 1, end_line: line, end_column: 5 };
    Finding {
        rule,
        confidence: Confidence::High,
        message: "message".into(),
        help: "help".into(),
        silent_if: "silent".into(),
        primary: Evidence {
            location: Location { file: FileId(file), span },
            role: Role::InitSite,
            label: "here".into(),
        },
        evidence: Vec::new(),
        path: Vec::new(),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: identity.iter().map(|part| (*part).to_owned()).collect(),
    }
}

fn problem(kind: ProblemKind, file: &str) -> Problem {
    Problem { file: file.to_owned(), line: 0, column: 0, kind, message: "m".into() }
}

fn rule(name: &'static str, level: Level) -> RuleInfo {
    RuleInfo {
        name,
        category: "competing-init",
        level,
        status: "stable",
        since: "0.1.0",
        summary: String::new(),
        page: "",
        aliases: Vec::new(),
    }
}

fn settled(findings: Vec<Finding>, problems: Vec<Problem>, selected: &dyn Fn(&str) -> bool) -> Report {
    let files = [file("a/src/lib.rs"), file("b/src/lib.rs")];
    let rules = [rule("denied", Level::Deny), rule("warned", Level::Warn), rule("allowed", Level::Allow)];
    let input = SettleInput {
        findings,
        problems,
        coverage: Coverage::default(),
        resources: Vec::new(),
        files: &files,
        rules: &rules,
        selected: &|path, _| selected(path),
        directives: &[],
        baseline: None,
        changed: None,
    };
    settle(input, &Policy::default())
}

fn names(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|settled| settled.fingerprint.as_str()).collect()
}

#[test]
fn shown_and_allowed_add_up_to_what_was_found() {
    let low = Finding { confidence: Confidence::Low, ..finding("denied", 0, 9, &["low"]) };
    let found = vec![
        finding("denied", 0, 1, &["a"]),
        finding("allowed", 0, 2, &["a"]),
        finding("warned", 0, 3, &["a"]),
        low,
    ];
    let report = settled(found, Vec::new(), &|_| true);
    assert_eq!((report.count(Level::Deny), report.count(Level::Warn), report.allowed), (1, 1, 2));
    assert!(report.findings.iter().all(|settled| settled.level != Level::Allow));
}

#[test]
fn a_finding_in_a_package_that_is_not_selected_is_neither_shown_nor_counted() {
    let found = vec![finding("denied", 0, 1, &["a"]), finding("denied", 1, 1, &["b"])];
    let report = settled(found, Vec::new(), &|path| path.starts_with("b/"));
    assert_eq!(names(&report), ["denied:b"]);
    assert_eq!(report.allowed, 0);
}

#[test]
fn order_of_the_input_does_not_matter() {
    let found = vec![
        finding("warned", 1, 1, &["z"]),
        finding("denied", 0, 7, &["y"]),
        finding("warned", 0, 7, &["x"]),
        finding("denied", 0, 2, &["x"]),
    ];
    let forwards = settled(found.clone(), Vec::new(), &|_| true);
    let backwards = settled(found.into_iter().rev().collect(), Vec::new(), &|_| true);
    assert_eq!(names(&forwards), ["denied:x", "denied:y", "warned:x", "warned:z"]);
    assert_eq!(names(&forwards), names(&backwards));
}

#[test]
fn fingerprints_survive_lines_moving() {
    let before =
        vec![finding("denied", 0, 3, &["app::run", "postgres:env.URL"]), finding("warned", 0, 9, &["f"])];
    let after = before
        .iter()
        .cloned()
        .map(|mut finding| {
            finding.primary.location.span.line += 40;
            finding.primary.location.span.end_line += 40;
            finding
        })
        .collect();
    let before = settled(before, Vec::new(), &|_| true);
    assert_eq!(names(&before), ["denied:app::run:postgres:env.URL", "warned:f"]);
    assert_eq!(names(&before), names(&settled(after, Vec::new(), &|_| true)));
}

#[test]
fn fingerprints_are_unique_even_when_a_number_is_part_of_a_name() {
    let found = vec![
        finding("denied", 0, 1, &["a"]),
        finding("denied", 0, 2, &["a"]),
        finding("denied", 0, 3, &["a"]),
        finding("denied", 0, 4, &["a", "2"]),
    ];
    let report = settled(found, Vec::new(), &|_| true);
    assert_eq!(names(&report), ["denied:a", "denied:a:3", "denied:a:4", "denied:a:2"]);
}

#[test]
fn a_fingerprint_does_not_depend_on_what_else_is_shown() {
    let hidden = Finding { confidence: Confidence::Low, ..finding("denied", 0, 1, &["a"]) };
    let report = settled(vec![hidden, finding("denied", 0, 2, &["a"])], Vec::new(), &|_| true);
    assert_eq!(names(&report), ["denied:a:2"]);
}

#[test]
fn problems_are_sorted_and_said_once() {
    let unparsed = problem(ProblemKind::UnparsedFile, "b/src/lib.rs");
    let report = settled(
        Vec::new(),
        vec![unparsed.clone(), problem(ProblemKind::NotUtf8, "a/x.rs"), unparsed],
        &|_| true,
    );
    let files: Vec<_> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["a/x.rs", "b/src/lib.rs"]);
}

#[test]
fn only_problems_in_what_was_selected_make_the_run_incomplete() {
    let elsewhere = vec![problem(ProblemKind::UnparsedFile, "b/src/lib.rs")];
    let report = settled(Vec::new(), elsewhere, &|path| path.starts_with("a/"));
    assert!(report.complete, "the other package is not asked about");
    assert_eq!(report.problems.len(), 1, "but the problem is still said");
    assert!(!settled(Vec::new(), vec![problem(ProblemKind::NothingToAnalyse, "")], &|_| false).complete);
    assert!(settled(Vec::new(), vec![problem(ProblemKind::CargoUnavailable, "")], &|_| true).complete);
}
