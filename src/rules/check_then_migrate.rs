//! `check-then-migrate`: a migrator of the application's own looks, applies and records, with nothing held over all three.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::own_migrators::OpenMigrator;

/// Looks at functions that ask a ledger of migrations and write to it.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.open_migrators().iter().map(|migrator| report(program, migrator)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no ledger of migrations is asked and written here with statements in between, or a transaction or lock is held".to_owned()
}

fn report(program: &Program<'_>, migrator: &OpenMigrator) -> Finding {
    let ledger = &migrator.ledger;
    Finding {
        rule: "check-then-migrate",
        confidence: if migrator.is_remote { Confidence::High } else { Confidence::Medium },
        message: format!("`{ledger}` is asked, migrations are applied, and then recorded, with no lock or transaction over all three"),
        help: "take an advisory lock first and ask under it, or do all three in one transaction that locks the ledger".to_owned(),
        silent_if: "a lock or a transaction spans the question, the changes and the record".to_owned(),
        primary: Evidence {
            location: program.location(migrator.function, migrator.looks),
            role: Role::Check,
            label: "two processes get the same answer".to_owned(),
        },
        evidence: vec![Evidence {
            location: program.location(migrator.function, migrator.records),
            role: Role::Write,
            label: "recorded only here".to_owned(),
        }],
        path: program.way_to(migrator.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(migrator.function), ledger.clone()],
    }
}
