//! The formats that other programs read, each by a reader that is not ours: the SARIF schema and library, cargo's own message
//! parser, and the lists of fields that GitHub and GitLab document.

use std::path::Path;
use std::process::Command;

use cargo_metadata::{Message, MetadataCommand};
use serde_json::Value;

fn run(arguments: &[&str]) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quickstart");
    let ended = Command::new(env!("CARGO_BIN_EXE_cargo-initpath"))
        .args(arguments)
        .current_dir(here)
        .output()
        .expect("as the test made it");
    String::from_utf8(ended.stdout).expect("as the test made it")
}

fn sarif() -> Value {
    serde_json::from_str(&run(&["--message-format", "sarif"])).expect("as the test made it")
}

fn findings() -> usize {
    let json: Value = serde_json::from_str(&run(&["--message-format", "json"])).expect("as the test made it");
    json["findings"].as_array().expect("as the test made it").len()
}

/// The system of the compiler that built this test.
fn host() -> String {
    let version = std::process::Command::new("rustc").arg("-vV").output().expect("a test has a compiler");
    let version = String::from_utf8(version.stdout).expect("rustc writes UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("`rustc -vV` names the host").to_owned()
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    // The schema is part of the library that reads SARIF below. What only other systems need is not on this machine.
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(["--offline".to_owned(), "--filter-platform".to_owned(), host()])
        .exec()
        .unwrap();
    let library = metadata.packages.iter().find(|package| package.name.as_str() == "serde-sarif").unwrap();
    let schema =
        std::fs::read_to_string(library.manifest_path.parent().unwrap().join("src/schema.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // The schema's own pattern for languages is no regular expression. We name no language.
    for holder in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][holder]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern");
    }
    assert!(schema["title"].as_str().is_some_and(|title| title.contains("SARIF")), "{}", schema["title"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let report = sarif();
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(
        !validator.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{}] })),
        "the schema refuses something"
    );
}

#[test]
fn sarif_is_read_by_a_library_for_it() {
    let read: serde_sarif::sarif::Sarif = serde_json::from_value(sarif()).unwrap();
    let run = &read.runs[0];
    let results = run.results.as_ref().unwrap();
    assert_eq!(results.len(), findings());
    let rules = run.tool.driver.rules.as_ref().unwrap();
    for result in results {
        let rule = &rules[result.rule_index.unwrap() as usize];
        assert_eq!(Some(&rule.id), result.rule_id.as_ref());
    }
}

#[test]
fn sarif_has_what_github_requires() {
    let report = sarif();
    let run = &report["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), initpath::rules::all().len());
    for rule in rules {
        for field in ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"] {
            assert!(!rule[field].is_null(), "{field} of {}", rule["id"]);
        }
        assert!(
            rule["help"]["markdown"].as_str().is_some_and(|page| page.contains("## How to fix")),
            "{}",
            rule["id"]
        );
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    let mut hashes: Vec<&str> = Vec::new();
    for result in results {
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        hashes.push(result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap());
        let mut places: Vec<&Value> = result["locations"].as_array().unwrap().iter().collect();
        places.extend(result["relatedLocations"].as_array().unwrap());
        let steps = &result["codeFlows"][0]["threadFlows"][0]["locations"];
        places.extend(steps.as_array().unwrap().iter().map(|step| &step["location"]));
        for place in places {
            let physical = &place["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.is_empty() && !uri.starts_with('/') && !uri.contains("://"), "{uri}");
            assert!(uri.starts_with("fixtures/quickstart/src/"), "from the top of the repository: {uri}");
            for side in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(physical["region"][side].as_u64().is_some_and(|number| number > 0), "{side}");
            }
        }
    }
    let all = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), all, "fingerprints differ");
}

#[test]
fn every_line_of_cargo_json_is_a_message_of_cargo() {
    let text = run(&["--message-format", "cargo-json"]);
    let mut shown = 0;
    for message in Message::parse_stream(text.as_bytes()) {
        match message.unwrap() {
            Message::CompilerMessage(told) => {
                shown += 1;
                let primary = told.message.spans.iter().find(|span| span.is_primary).unwrap();
                let text = &primary.text[0];
                assert!(text.text.len() >= text.highlight_start, "{primary:?}");
                assert!(primary.byte_end > primary.byte_start, "{primary:?}");
                assert!(told.message.code.unwrap().code.starts_with("initpath::"));
            }
            Message::BuildFinished(finished) => assert!(!finished.success),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(shown, findings());
}

#[test]
fn gitlab_gets_the_fields_it_documents() {
    let report: Value = serde_json::from_str(&run(&["--message-format", "gitlab"])).unwrap();
    let entries = report.as_array().unwrap();
    assert_eq!(entries.len(), findings());
    for entry in entries {
        for field in ["description", "check_name", "fingerprint"] {
            assert!(entry[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
        }
        let severity = entry["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{severity}");
        assert!(entry["location"]["path"].is_string() && entry["location"]["lines"]["begin"].is_u64());
    }
}

#[test]
fn junit_and_the_summary_have_every_finding() {
    let junit = run(&["--message-format", "junit"]);
    assert_eq!(junit.matches("<failure ").count(), findings(), "{junit}");
    assert_eq!(junit.matches("<testcase ").count(), findings());
    let summary = run(&["--message-format", "markdown"]);
    assert_eq!(summary.matches("\n## deny[").count(), findings(), "{summary}");
    assert!(summary.contains("```mermaid\nflowchart LR\n"), "{summary}");
}

#[test]
fn one_run_writes_several_formats() {
    let folder = tempfile::tempdir().unwrap();
    let (sarif, json) = (folder.path().join("a.sarif"), folder.path().join("a.json"));
    let (sarif_output, json_output) =
        (format!("sarif={}", sarif.display()), format!("json={}", json.display()));
    let out = run(&["--output", &sarif_output, "--output", &json_output, "--output", "short=-"]);
    assert_eq!(out.lines().count(), findings());
    assert_eq!(std::fs::read_to_string(sarif).unwrap(), run(&["--message-format", "sarif"]));
    assert_eq!(std::fs::read_to_string(json).unwrap(), run(&["--message-format", "json"]));
}
