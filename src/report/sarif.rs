//! Room 9, *report*: SARIF 2.1.0 as GitHub code scanning reads it
//! (<https://docs.github.com/en/code-security/reference/code-scanning/sarif-support-for-code-scanning>). Every rule is listed with
//! its page, every finding carries its path as a code flow and its identity as fingerprint, problems are notifications.

use serde_json::{Value, json};

use super::rule_page::without_examples;
use super::{Style, page_url, path_of, to_json};
use crate::finding::{Evidence, Level};
use crate::location::{Location, Span};
use crate::problem::Problem;
use crate::rules::{self, RuleInfo};
use crate::settle::{Report, Settled};
use crate::workspace::SourceFile;

/// The schema that is named in the file, and that the tests validate it by.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run with all findings. Linear in the report and the rule pages.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let rules = rules::all();
    let results: Vec<Value> =
        report.findings.iter().map(|settled| result(settled, rules, files, style)).collect();
    let notifications: Vec<Value> =
        report.problems.iter().map(|problem| notification(problem, style)).collect();
    to_json(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "initpath",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "SRCROOT": { "description": { "text": "The root of the repository." } } },
            "invocations": [{
                "executionSuccessful": report.complete,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    }))
}

fn descriptor(rule: &RuleInfo) -> Value {
    let page = without_examples(rule);
    json!({
        "id": rule.name,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "helpUri": page_url(rule.name, rule.category),
        "help": { "text": rule.summary, "markdown": page },
        "defaultConfiguration": { "level": level(rule.level) },
        "properties": {
            "tags": [rule.category, rule.status],
            "problem.severity": if rule.level == Level::Deny { "error" } else { "warning" },
        },
    })
}

fn result(settled: &Settled, rules: &[RuleInfo], files: &[SourceFile], style: &Style) -> Value {
    let finding = &settled.finding;
    let index = rules.iter().position(|rule| rule.name == finding.rule);
    let related: Vec<Value> = (1_u32..)
        .zip(&finding.evidence)
        .map(|(id, evidence)| {
            let mut place = labelled(evidence, files, style);
            place["id"] = json!(id);
            place
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(settled.level),
        "message": { "text": format!("{}. {}.", finding.message, finding.help) },
        "locations": [labelled(&finding.primary, files, style)],
        "relatedLocations": related,
        "partialFingerprints": {
            "primaryLocationLineHash": hash(&settled.fingerprint),
            "initpath/v1": settled.fingerprint,
        },
        "properties": { "confidence": finding.confidence.name() },
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if !finding.path.is_empty() {
        let hops = finding.path.iter().map(|hop| {
            let mut place = physical(&hop.location, files, style);
            place["message"] = json!({ "text": hop.label });
            json!({ "location": place })
        });
        let mut steps: Vec<Value> = hops.collect();
        steps.push(json!({ "location": labelled(&finding.primary, files, style) }));
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    result
}

fn labelled(evidence: &Evidence, files: &[SourceFile], style: &Style) -> Value {
    let mut place = physical(&evidence.location, files, style);
    place["message"] = json!({ "text": evidence.label });
    place
}

fn physical(location: &Location, files: &[SourceFile], style: &Style) -> Value {
    let Span { line, column, end_line, end_column } = location.span;
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&style.in_repository(path_of(files, location))), "uriBaseId": "SRCROOT" },
            "region": {
                "startLine": line.max(1),
                "startColumn": column.max(1),
                "endLine": end_line.max(line).max(1),
                "endColumn": end_column.max(1),
            },
        },
    })
}

fn notification(problem: &Problem, style: &Style) -> Value {
    let level = if problem.kind.makes_incomplete() { "error" } else { "note" };
    let mut notification = json!({
        "descriptor": { "id": problem.kind.name() },
        "level": level,
        "message": { "text": problem.message },
    });
    if !problem.file.is_empty() {
        let mut place = json!({
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&style.in_repository(&problem.file)), "uriBaseId": "SRCROOT" },
            },
        });
        if problem.line > 0 {
            place["physicalLocation"]["region"] =
                json!({ "startLine": problem.line, "startColumn": problem.column.max(1) });
        }
        notification["locations"] = json!([place]);
    }
    notification
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "none",
    }
}

/// A path as a relative URI reference: everything but unreserved characters and slashes is escaped (RFC 3986, section 2.3).
pub(super) fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte))
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

/// A stable hash of a fingerprint (FNV-1a, 64 bits), in the form that GitHub gives its own.
pub(super) fn hash(fingerprint: &str) -> String {
    let hash = fingerprint.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}:1")
}
