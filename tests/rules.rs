//! Every example of every rule page, and every fixture that compiles, is a named test: what is marked must be
//! found, and nothing else.

#[allow(dead_code, reason = "other tests use the rest of the parser")]
mod pages;

use std::fmt::Write as _;
use std::path::PathBuf;

use initpath::analysis::analyse;
use initpath::catalog::Catalog;
use initpath::cli::configuration::{self, FILE_NAME};
use initpath::finding::{Confidence, Finding};
use initpath::workspace::{SourceFile, in_memory};
use libtest_mimic::{Arguments, Failed, Trial};
use pages::{Example, Marker};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    for example in pages::all_page_examples() {
        let kind = if example.bad { "bad" } else { "good" };
        let name = format!("{}::{kind}::{}", example.page, example.heading);
        trials.push(Trial::test(name, move || check(&example)));
    }
    for name in pages::fixture_names() {
        // What is broken on purpose is a matter of the command-line tests.
        if name != "broken" {
            trials.push(Trial::test(format!("fixture::{name}"), move || check(&pages::fixture(&name))));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Compares findings with markers: the primary place of each finding, and the evidence that is asked for.
fn check(example: &Example) -> Result<(), Failed> {
    let files: Vec<(&str, &str)> =
        example.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let written = files.iter().find(|(path, _)| *path == FILE_NAME);
    let configuration = written.map(|(path, text)| configuration::read(path, text));
    let configuration = configuration.transpose().map_err(|error| error.to_string())?.unwrap_or_default();
    let file = written.map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
    let settings = configuration.settings(Some(1), file);
    let analysis = analyse(in_memory(&files), Catalog::builtin(), &settings);
    let mut complaints = String::new();
    for problem in &analysis.problems {
        let _ = writeln!(complaints, "problem: {}:{}: {}", problem.file, problem.line, problem.message);
    }
    let shown: Vec<&Finding> =
        analysis.findings.iter().filter(|finding| finding.confidence >= Confidence::Medium).collect();
    let sources = &analysis.workspace.files;
    let (primaries, places): (Vec<&Marker>, Vec<&Marker>) =
        example.markers.iter().partition(|marker| marker.role.is_none());
    for marker in &primaries {
        if !shown.iter().any(|finding| is_at(finding, marker, sources)) {
            let _ = writeln!(complaints, "not found: {} at {}:{}", marker.rule, marker.file, marker.line);
        }
    }
    for marker in &places {
        let named = shown.iter().filter(|finding| finding.rule == marker.rule).any(|finding| {
            finding.evidence.iter().any(|one| {
                let file = &sources[one.location.file.0 as usize].path;
                let role = marker.role.as_deref() == Some(one.role.name());
                role && *file == marker.file && one.location.span.line == marker.line
            })
        });
        if !named {
            let role = marker.role.as_deref().unwrap_or_default();
            let _ = writeln!(
                complaints,
                "no evidence: {} {role} at {}:{}",
                marker.rule, marker.file, marker.line
            );
        }
    }
    for finding in &shown {
        if !primaries.iter().any(|marker| is_at(finding, marker, sources)) {
            let _ = writeln!(complaints, "not expected: {}", describe(finding, sources));
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    for finding in &shown {
        let _ = writeln!(complaints, "found: {}", describe(finding, sources));
    }
    Err(complaints.into())
}

fn is_at(finding: &Finding, marker: &Marker, sources: &[SourceFile]) -> bool {
    let place = finding.primary.location;
    finding.rule == marker.rule
        && sources[place.file.0 as usize].path == marker.file
        && place.span.line == marker.line
}

fn describe(finding: &Finding, sources: &[SourceFile]) -> String {
    let at = |location: initpath::location::Location| {
        format!("{}:{}", sources[location.file.0 as usize].path, location.span.line)
    };
    let mut text = format!("{} at {}: {}", finding.rule, at(finding.primary.location), finding.message);
    for one in &finding.evidence {
        let _ = write!(text, "; {} {}", one.role.name(), at(one.location));
    }
    text
}
