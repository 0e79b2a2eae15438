//! Room 9, *report*: reads back what `json` wrote, as far as a later run compares it.

use serde::Deserialize;

use crate::plan::{ResourceSnapshot, Snapshot};

#[derive(Deserialize)]
struct Saved {
    version: u32,
    resources: Vec<SavedResource>,
    findings: Vec<SavedFinding>,
}

#[derive(Deserialize)]
struct SavedResource {
    id: String,
    role: Option<String>,
    uses_through_canonical: usize,
    uses: usize,
    groups: Vec<SavedGroup>,
}

#[derive(Deserialize)]
struct SavedGroup {
    doors: Vec<SavedDoor>,
}

#[derive(Deserialize)]
struct SavedDoor {
    name: String,
}

#[derive(Deserialize)]
struct SavedFinding {
    rule: String,
    fingerprint: String,
}

/// What a saved report says. The error is half a sentence that says what is wrong with it.
pub fn read_snapshot(text: &str) -> Result<Snapshot, String> {
    let saved: Saved = serde_json::from_str(text)
        .map_err(|error| format!("is no JSON of `cargo initpath report --format json`: {error}"))?;
    if saved.version != 1 {
        return Err(format!("has version {}; this program reads version 1", saved.version));
    }
    let resources = saved.resources.into_iter().map(|resource| ResourceSnapshot {
        id: resource.id,
        role: resource.role,
        share: (resource.uses_through_canonical, resource.uses),
        doors: resource.groups.into_iter().flat_map(|group| group.doors).map(|door| door.name).collect(),
    });
    let findings = saved.findings.into_iter().map(|finding| (finding.rule, finding.fingerprint));
    Ok(Snapshot { resources: resources.collect(), findings: findings.collect() })
}
