//! The command `report`: every finding of a run is in it, with its fix and with the path that makes it true.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::command::{fixture, run};
use crate::migration::{at, json, list, report, text};

/// Fixtures with findings of many kinds.
const FIXTURES: [&str; 7] = [
    "first-requests",
    "in-progress-flag",
    "lifecycle-phases",
    "quickstart",
    "round-table",
    "startup-crisis",
    "three-managers",
];

fn fingerprints<'j>(findings: impl IntoIterator<Item = &'j Value>) -> BTreeSet<&'j str> {
    findings.into_iter().map(|finding| text(finding, "fingerprint")).collect()
}

fn steps(json: &Value) -> impl Iterator<Item = &Value> {
    list(json, "resources").iter().flat_map(|resource| list(resource, "steps"))
}

#[test]
fn each_finding_of_a_run_has_a_step_or_remains_with_its_fix_and_its_reason() {
    for name in FIXTURES {
        let folder = fixture(name);
        let json = json(&folder);
        let removed = fingerprints(steps(&json).flat_map(|step| list(step, "removes")));
        let remaining = fingerprints(list(&json, "remaining"));
        assert!(removed.is_disjoint(&remaining), "{name}: {json}");
        let found = run(&folder, &["--message-format", "json"]).json();
        let findings = list(&found, "findings");
        let all: BTreeSet<&str> = removed.union(&remaining).copied().collect();
        assert_eq!(all, fingerprints(findings), "{name}");
        for finding in list(&json, "remaining") {
            assert!(!text(finding, "help").is_empty() && !list(finding, "hops").is_empty(), "{finding}");
        }
        for format in ["markdown", "html"] {
            let report = report(&folder, format).out;
            for finding in findings {
                let wanted = [at(&finding["primary"]), text(finding, "rule").to_owned()];
                for wanted in wanted {
                    assert!(report.contains(&wanted), "{name} as {format} lacks {wanted}: {report}");
                }
            }
        }
    }
}

#[test]
fn the_closing_step_names_what_the_other_steps_leave() {
    let folder = fixture("quickstart");
    let json = json(&folder);
    let closing = steps(&json).find(|step| step["kind"] == "enforce").expect("a closing step");
    let left: Vec<&str> = list(closing, "leaves").iter().map(|left| text(left, "rule")).collect();
    assert_eq!(left, ["check-then-init", "detached-init"]);
    let markdown = report(&folder, "markdown").out;
    let done = markdown.lines().find(|line| line.contains("stays so in CI")).expect("the closing step");
    assert!(done.contains("`check-then-init` at `src/archive.rs:12`"), "{done}");
    assert!(done.contains("`detached-init` at `src/main.rs:16`"), "{done}");
}

#[test]
fn what_is_reported_of_a_schema_is_said_with_its_owner() {
    let folder = fixture("quickstart");
    let schema = &json(&folder)["schemas"][0];
    assert!(list(schema, "steps").is_empty());
    let reported: Vec<&str> = list(schema, "reported").iter().map(|one| text(one, "rule")).collect();
    assert_eq!(reported, ["detached-init"]);
    for format in ["markdown", "html"] {
        let report = report(&folder, format).out;
        assert!(report.contains("Reported of it: ") && !report.contains("Nothing to do"), "{report}");
    }
}

/// The chain of a finding, by its rule: label and place of each hop.
fn chain(json: &Value, rule: &str) -> Vec<(String, String)> {
    let mut chains = list(json, "resources").iter().flat_map(|resource| list(resource, "why"));
    let chain = chains.find(|chain| chain["rule"] == rule).expect("a chain");
    list(chain, "hops").iter().map(|hop| (text(hop, "label").to_owned(), at(hop))).collect()
}

#[test]
fn the_reason_of_a_finding_is_its_own_path_and_not_that_of_another_route() {
    let folder = fixture("startup-crisis");
    let json = json(&folder);
    let found = run(&folder, &["--message-format", "json"]).json();
    let findings = list(&found, "findings");
    let shallow = findings.iter().find(|finding| finding["rule"] == "shallow-readiness").expect("a finding");
    let mut path: Vec<String> = list(shallow, "path").iter().map(at).collect();
    path.push(at(&shallow["primary"]));
    let told: Vec<String> = chain(&json, "shallow-readiness").into_iter().map(|(_, place)| place).collect();
    assert!(told.starts_with(&path), "{told:?}");
    let (route, _) = &chain(&json, "serve-before-init")[0];
    assert_eq!(route, "`GET /reports`", "the route that asks too early is a place of the finding");
}
