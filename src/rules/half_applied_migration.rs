//! `half-applied-migration`: a migrator of the application's own changes the schema in one step and records it in another.

use std::collections::BTreeMap;

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::FileId;
use crate::program::Program;
use crate::program::half_applied::HalfApplied;
use crate::program::items::FnId;

/// Looks at functions that record what they changed in a ledger. Those in one file of the source are one finding, if the ledger has a
/// name of its own.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut by_ledger: BTreeMap<(FileId, String), Vec<HalfApplied>> = BTreeMap::new();
    let mut findings = Vec::new();
    for half in program.half_applied_migrations() {
        if half.is_named {
            let file = program.location(half.function, half.changes).file;
            by_ledger.entry((file, half.ledger.clone())).or_default().push(half);
        } else {
            findings.push(report(program, &[half]));
        }
    }
    findings.extend(by_ledger.values().map(|migrations| report(program, migrations)));
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no change of the schema that cannot be repeated is recorded here in a step of its own, or a transaction is around both".to_owned()
}

fn report(program: &Program<'_>, migrations: &[HalfApplied]) -> Finding {
    let first = &migrations[0];
    let ledger = &first.ledger;
    let shown = migrations.iter().flat_map(|half| {
        let changes = Evidence {
            location: program.location(half.function, half.changes),
            role: Role::Migration,
            label: "stays, also where what follows fails: the next start applies it again".to_owned(),
        };
        let records = Evidence {
            location: program.location(half.function, half.records),
            role: Role::Write,
            label: "recorded only here".to_owned(),
        };
        [changes, records]
    });
    let mut shown: Vec<Evidence> = shown.collect();
    Finding {
        rule: "half-applied-migration",
        confidence: Confidence::Medium,
        message: format!(
            "a migration is applied, and recorded in `{ledger}` only afterwards, without a transaction around both"
        ),
        help: "run the changes and their record in one transaction, and commit it at the end".to_owned(),
        silent_if: "one transaction has both, or the changes say `IF NOT EXISTS`".to_owned(),
        primary: shown.remove(0),
        evidence: shown,
        path: program.way_to(first.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(first.function), ledger.clone()],
    }
}
