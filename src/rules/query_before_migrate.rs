//! `query-before-migrate`: the start needs a table before the step that creates it.

use std::collections::BTreeSet;

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::early_statements::EarlyStatement;
use crate::program::items::FnId;

/// Looks at the statements that the start of a binary runs before its migrators and its own definitions of tables.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let early = program.production_entries().flat_map(|entry| program.early_statements(entry));
    early.filter(|early| told.insert(early.location)).map(|early| report(program, &early)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no statement runs here before the step of the start that creates its table".to_owned()
}

fn report(program: &Program<'_>, early: &EarlyStatement<'_>) -> Finding {
    let table = &early.table;
    let creating = program.site_of(early.owner.effect);
    let mut evidence = Vec::new();
    if early.called != early.location {
        evidence.push(Evidence {
            location: early.called,
            role: Role::Config,
            label: "this leads to the statement".to_owned(),
        });
    }
    evidence.push(Evidence {
        location: creating,
        role: Role::Migration,
        label: format!("`{}` is created only here", table.name),
    });
    if table.location != creating {
        evidence.push(Evidence {
            location: table.location,
            role: Role::Migration,
            label: "its definition".to_owned(),
        });
    }
    Finding {
        rule: "query-before-migrate",
        // Who creates what is missing counts on a table that may be there, made by somebody else.
        confidence: if table.repeatable { Confidence::Medium } else { Confidence::High },
        message: format!("the start needs the table `{}` before the step that creates it", table.name),
        help: "migrate first: on an empty database the start ends here, on every other one nobody notices"
            .to_owned(),
        silent_if:
            "the statement comes after the step, may fail, or runs only where the table is known to be there"
                .to_owned(),
        primary: Evidence {
            location: early.location,
            role: Role::Check,
            label: "fails on an empty database".to_owned(),
        },
        evidence,
        path: program.way_to(early.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(early.owner.effect),
        identity: vec![program.path_of(early.function), table.name.clone()],
    }
}
