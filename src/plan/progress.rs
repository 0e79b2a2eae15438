//! Room 8, *plan*: how far a migration has come: what went and what came since another plan was made.

use std::collections::BTreeSet;

use super::Plan;
use crate::settle::Settled;

/// What of a plan is compared with a later one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Per resource.
    pub resources: Vec<ResourceSnapshot>,
    /// The findings: rule and fingerprint, sorted.
    pub findings: BTreeSet<(String, String)>,
}

/// One resource of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceSnapshot {
    /// Its id.
    pub id: String,
    /// Its role, where one is declared.
    pub role: Option<String>,
    /// Uses in production code that go through a door that stays, and all.
    pub share: (usize, usize),
    /// Names of the doors, sorted.
    pub doors: BTreeSet<String>,
}

impl Snapshot {
    /// Of a plan, and of the findings it was made with.
    pub fn of(plan: &Plan, findings: &[Settled]) -> Self {
        let resources = plan.resources.iter().map(|resource| ResourceSnapshot {
            id: resource.resource.id.clone(),
            role: resource.role.clone(),
            share: resource.share(),
            doors: resource.doors().map(|planned| planned.door.name.clone()).collect(),
        });
        let findings =
            findings.iter().map(|settled| (settled.finding.rule.to_owned(), settled.fingerprint.clone()));
        Self { resources: resources.collect(), findings: findings.collect() }
    }
}

/// What changed between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What the earlier one is: a revision, or a file.
    pub since: String,
    /// Per resource of either, sorted by id and role.
    pub resources: Vec<ResourceProgress>,
    /// Findings that are gone: rule and fingerprint.
    pub gone: Vec<(String, String)>,
    /// Findings that came.
    pub new: Vec<(String, String)>,
}

/// What changed in one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceProgress {
    /// Its id.
    pub id: String,
    /// Its role, where one is declared.
    pub role: Option<String>,
    /// Uses through a door that stays and all, before; `None` where the resource was not there.
    pub before: Option<(usize, usize)>,
    /// The same now.
    pub now: Option<(usize, usize)>,
    /// Doors that are gone.
    pub gone: Vec<String>,
    /// Doors that came.
    pub new: Vec<String>,
}

/// Compares two snapshots. Linear but for looking resources up.
pub fn progress(since: &str, before: &Snapshot, now: &Snapshot) -> Progress {
    let all = before.resources.iter().chain(&now.resources);
    let keys: BTreeSet<(&String, &Option<String>)> =
        all.map(|resource| (&resource.id, &resource.role)).collect();
    let none = BTreeSet::new();
    let resources = keys.into_iter().map(|(id, role)| {
        let of = |snapshot: &'_ Snapshot| {
            snapshot.resources.iter().find(|one| (&one.id, &one.role) == (id, role)).cloned()
        };
        let (then, later) = (of(before), of(now));
        let doors = |resource: &Option<ResourceSnapshot>| {
            resource.as_ref().map_or_else(|| none.clone(), |resource| resource.doors.clone())
        };
        let (old, new) = (doors(&then), doors(&later));
        ResourceProgress {
            id: id.clone(),
            role: role.clone(),
            before: then.map(|resource| resource.share),
            now: later.map(|resource| resource.share),
            gone: old.difference(&new).cloned().collect(),
            new: new.difference(&old).cloned().collect(),
        }
    });
    Progress {
        since: since.to_owned(),
        resources: resources.collect(),
        gone: before.findings.difference(&now.findings).cloned().collect(),
        new: now.findings.difference(&before.findings).cloned().collect(),
    }
}
