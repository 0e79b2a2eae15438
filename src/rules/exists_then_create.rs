//! `exists-then-create`: whether a database file, a table, a schema or the first row of a table exists is tested, then it is created,
//! and others may do the same in between.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::existence::{ExistenceGap, Subject};
use crate::program::first_rows::FirstRow;
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::named_existence::NamedGap;

/// Looks at every function of production code; what only processes on one machine can reach has to be reached by
/// several callers of one process, or by several processes.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let functions = program.linked().map(|(id, _)| id);
    let production = functions.filter(|id| program.scope(*id) == Scope::Production);
    let gaps = production
        .flat_map(|id| program.existence_gaps(id).into_iter().map(move |gap| (id, gap)))
        .filter(|(id, gap)| {
            !gap.subject.is_embedded()
                || (program.is_concurrent(*id) && !program.is_called_under_lock(*id))
                || (matches!(gap.subject, Subject::Table(_)) && program.is_run_by_several_processes(*id))
        });
    let mut findings: Vec<Finding> = gaps.map(|(id, gap)| report(program, id, &gap)).collect();
    // Several columns that are added in a row are one repair.
    findings.dedup_by(|later, first| later.identity == first.identity);
    findings.extend(program.named_gaps().iter().map(|gap| report_named(program, gap)));
    findings.extend(program.first_rows().iter().map(|row| report_first_row(program, row)));
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.existence_gaps(id).is_empty() {
        true => "no file or table is created after a test whether it exists, outside a lock or transaction".to_owned(),
        false => "what is created here belongs to one process, and nothing is seen to run the function beside itself"
            .to_owned(),
    }
}

fn report(program: &Program<'_>, id: FnId, gap: &ExistenceGap) -> Finding {
    let (subject, message, loser) = match (&gap.subject, gap.written) {
        (Subject::File, written) => (
            "file".to_owned(),
            "a database file is made when a test finds none, with no lock over test and creation".to_owned(),
            match written {
                true => "the second one may open a file that is not written to its end",
                false => "one of them finds a file without tables, or fails to create them",
            },
        ),
        (Subject::Table(catalogue), _) => (
            (*catalogue).to_owned(),
            format!(
                "`{}` runs depending on what `{catalogue}` lists, with no lock over test and creation",
                gap.creates
            ),
            "both find the same, and the second one fails",
        ),
    };
    let mut evidence = vec![Evidence {
        location: gap.creation,
        role: if gap.written { Role::Write } else { Role::Migration },
        label: format!("created here by `{}`", gap.creates),
    }];
    if let Some(location) = gap.opened.filter(|opened| *opened != gap.creation) {
        evidence.push(Evidence {
            location,
            role: Role::InitSite,
            label: "opened as a database here".to_owned(),
        });
    }
    Finding {
        rule: "exists-then-create",
        confidence: Confidence::High,
        message,
        help: match gap.written {
            true => "write a temporary file beside it and rename it, or hold one lock per path over test and creation",
            false => "let the database decide: `IF NOT EXISTS`, or test and create in one transaction that locks first",
        }
        .to_owned(),
        silent_if: "the creation says `IF NOT EXISTS`, or a transaction or lock spans the test and the creation".to_owned(),
        primary: Evidence {
            location: program.location(id, gap.test),
            role: Role::Check,
            label: format!("two callers can both come here first: {loser}"),
        },
        evidence,
        path: program.way_to(id),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(id), subject],
    }
}

fn report_named(program: &Program<'_>, gap: &NamedGap) -> Finding {
    let NamedGap { function, test, creation, noun } = gap;
    Finding {
        rule: "exists-then-create",
        // What the two functions do is known by their names alone.
        confidence: Confidence::Medium,
        message: format!(
            "a {noun} is created at start-up when a test finds none, with no lock over test and creation"
        ),
        help: format!(
            "let one call decide: create the {noun} if it is not there, and take `already there` for success"
        ),
        silent_if: "one lock spans the test and the creation, or the failure of the creation is looked at"
            .to_owned(),
        primary: Evidence {
            location: program.location(*function, *test),
            role: Role::Check,
            label: "two processes can both come here first: the second one fails".to_owned(),
        },
        evidence: vec![Evidence {
            location: program.location(*function, *creation),
            role: Role::Migration,
            label: "created here".to_owned(),
        }],
        path: program.way_to(*function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(*function), (*noun).to_owned()],
    }
}

fn report_first_row(program: &Program<'_>, row: &FirstRow) -> Finding {
    let FirstRow { function, table, question, insertion } = row;
    Finding {
        rule: "exists-then-create",
        // A unique key may keep the second row out.
        confidence: Confidence::Medium,
        message: format!(
            "what is inserted into `{table}` depends on the table being empty, with no lock over question and insertion"
        ),
        help: "ask and insert in one statement, or in one transaction that takes a lock first".to_owned(),
        silent_if:
            "a transaction or lock spans both, or the insertion says itself what happens where there is a row"
                .to_owned(),
        primary: Evidence {
            location: program.location(*function, *question),
            role: Role::Check,
            label: "two requests can both come here first: each finds no row".to_owned(),
        },
        evidence: vec![Evidence {
            location: *insertion,
            role: Role::Write,
            label: "each inserts its own here".to_owned(),
        }],
        path: program.way_to(*function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(*function), table.clone()],
    }
}
