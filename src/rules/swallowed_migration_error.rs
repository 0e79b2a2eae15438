//! `swallowed-migration-error`: a migration fails, and nobody hears of it; or its ledger is emptied for it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::lost_migrations::{Lost, LostMigration};

/// Looks at every schema change of production code. What a process does before it serves is the business of
/// `swallowed-init-error`.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    let told: Vec<Location> = entries
        .flat_map(|entry| program.swallowed(entry))
        .map(|swallowed| program.location(swallowed.function, swallowed.call))
        .collect();
    let lost = program.lost_migrations();
    let untold = lost.iter().filter(|lost| {
        matches!(lost.end, Lost::Wiped(_)) || !told.contains(&program.location(lost.function, lost.call))
    });
    untold.map(|lost| report(program, lost)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.lost_migrations().iter().any(|lost| lost.function == id) {
        true => "`swallowed-init-error` reports it",
        false => "no schema is changed here whose failure ends here",
    }
    .to_owned()
}

fn report(program: &Program<'_>, lost: &LostMigration<'_>) -> Finding {
    let effect = lost.effect;
    let primary = program.location(lost.function, lost.call);
    let site = program.site_of(effect);
    let mut evidence = Vec::new();
    if site != primary && effect.steps.len() > 1 {
        evidence.push(Evidence { location: site, role: Role::Migration, label: "it fails here".to_owned() });
    }
    evidence.extend(lost.further.iter().map(|span| Evidence {
        location: program.location(lost.function, *span),
        role: Role::Migration,
        label: "nor of this one".to_owned(),
    }));
    evidence.extend(lost.recorded.map(|span| Evidence {
        location: program.location(lost.function, span),
        role: Role::Write,
        label: "recorded as applied all the same".to_owned(),
    }));
    let (message, label) = match lost.end {
        Lost::Dropped | Lost::GoesOn if lost.recorded.is_some() => {
            let message = match lost.further.len() {
                0 => "a migration may fail, and is recorded as applied all the same".to_owned(),
                further => {
                    format!("{} migrations may fail, and are recorded as applied all the same", further + 1)
                }
            };
            (message, "it is never run again")
        }
        Lost::Dropped => {
            let message = match lost.further.len() {
                0 => "a migration may fail, and its result is dropped".to_owned(),
                further => format!("{} migrations may fail, and their results are dropped", further + 1),
            };
            (message, "nobody hears of a failure")
        }
        Lost::GoesOn => {
            ("a migration may fail, and the failing branch goes on".to_owned(), "nobody hears of a failure")
        }
        Lost::Stops => (
            "a migration may fail, and the ones after it are left out without a word to the caller"
                .to_owned(),
            "the rest of the list is not run",
        ),
        Lost::Wiped(span) => {
            let label = "what is applied is forgotten, whatever went wrong".to_owned();
            evidence.push(Evidence {
                location: program.location(lost.function, span),
                role: Role::Write,
                label,
            });
            (
                "a migration that fails makes all of them run again on the same data".to_owned(),
                "any failure leads to that",
            )
        }
    };
    Finding {
        rule: "swallowed-migration-error",
        // A statement may be meant to fail where it ran before; a migrator knows what ran.
        confidence: if (lost.by_migrator && !lost.told && lost.end != Lost::Stops)
            || matches!(lost.end, Lost::Wiped(_))
        {
            Confidence::High
        } else {
            Confidence::Medium
        },
        message,
        help: "hand the error on, and stop: what runs afterwards expects the new schema".to_owned(),
        silent_if: "the error is returned, ends the process, or is told apart by its kind".to_owned(),
        primary: Evidence { location: primary, role: Role::Migration, label: label.to_owned() },
        evidence,
        path: program.way_to(lost.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(lost.function)],
    }
}
