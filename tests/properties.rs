//! What must stay the same when a workspace changes in ways that mean nothing: on the fixtures, in memory.

#[allow(dead_code, reason = "other tests use the rest of the parser")]
mod pages;

use std::sync::LazyLock;

use initpath::analysis::{Analysis, Settings, analyse};
use initpath::catalog::Catalog;
use initpath::finding::Confidence;
use initpath::report::{Format, Style, render};
use initpath::rules;
use initpath::settle::{Policy, Report, SettleInput, settle};
use initpath::workspace::{SourceFile, in_memory};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Path and text of each file.
type Files = Vec<(String, String)>;

/// The fixtures in which everything is analysed, by name.
static FIXTURES: LazyLock<Vec<(String, Files)>> = LazyLock::new(|| {
    let names = pages::fixture_names().into_iter();
    names
        .filter(|name| name != "broken")
        .map(|name| {
            let files = pages::fixture(&name).files;
            (name, files)
        })
        .collect()
});

/// A run as the command does it, with everything shown.
fn report(files: &[(String, String)]) -> (Report, Vec<SourceFile>) {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let settings = Settings { threads: Some(1), ..Settings::default() };
    let Analysis { workspace, findings, problems, coverage, resources, .. } =
        analyse(in_memory(&files), Catalog::builtin(), &settings);
    let input = SettleInput {
        findings,
        problems,
        coverage,
        resources,
        files: &workspace.files,
        rules: rules::table(),
        selected: &|_, _| true,
        directives: &[],
        baseline: None,
        changed: None,
    };
    let policy = Policy { min_confidence: Confidence::Low, ..Policy::default() };
    (settle(input, &policy), workspace.files)
}

fn fingerprints(files: &[(String, String)]) -> Vec<String> {
    let (report, _) = report(files);
    let mut fingerprints: Vec<String> =
        report.findings.into_iter().map(|settled| settled.fingerprint).collect();
    fingerprints.sort();
    fingerprints
}

fn json(files: &[(String, String)]) -> String {
    let (report, sources) = report(files);
    render(Format::Json, &report, &sources, &Style::default())
}

fn any_fixture() -> impl Strategy<Value = (String, Files)> {
    (0..FIXTURES.len()).prop_map(|index| FIXTURES[index].clone())
}

/// Lines without code.
fn comment_lines() -> impl Strategy<Value = String> {
    let line = select(vec!["// a remark\n", "\n", "/* two\n   lines */\n", "// \"quoted { \n", "// 池\n"]);
    proptest::collection::vec(line, 1..6).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn fingerprints_survive_comments_above(
        (name, files) in any_fixture(),
        chosen in any::<Index>(),
        comments in comment_lines(),
    ) {
        let mut changed = files.clone();
        let sources: Vec<usize> = (0..files.len())
            .filter(|index| files[*index].0.ends_with(".rs"))
            .collect();
        let file = sources[chosen.index(sources.len())];
        changed[file].1.insert_str(0, &comments);
        prop_assert_eq!(
            fingerprints(&changed), fingerprints(&files),
            "{}: comments above {}", name, files[file].0
        );
    }

    #[test]
    fn the_order_of_files_changes_no_byte(
        ((name, files), shuffled) in any_fixture().prop_flat_map(|(name, files)| {
            let shuffled = Just(files.clone()).prop_shuffle();
            (Just((name, files)), shuffled)
        }),
    ) {
        prop_assert_eq!(json(&shuffled), json(&files), "{}", name);
    }
}

#[test]
fn fingerprints_are_unique() {
    for (name, files) in FIXTURES.iter() {
        let all = fingerprints(files);
        let mut distinct = all.clone();
        distinct.dedup();
        assert_eq!(all, distinct, "{name}");
    }
}

#[test]
fn some_fixtures_have_findings_to_compare() {
    let with_findings = FIXTURES.iter().filter(|(_, files)| !fingerprints(files).is_empty());
    assert!(with_findings.count() >= 4);
}
