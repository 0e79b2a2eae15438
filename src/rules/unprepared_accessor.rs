//! `unprepared-accessor`: an accessor panics when nobody opened the handle, and a binary comes to it without having done so.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::doors::{Accessor, Contract, Door, Keeper, Opening};
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::late_cells::LateCell;

/// Looks at the accessors of each static that keeps a handle, binary by binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let doors = program.doors().list.iter().filter(|door| door.keeper == Keeper::Static);
    let mut findings: Vec<Finding> = doors.flat_map(|door| unprepared(program, door)).collect();
    findings.extend(program.late_cells().iter().map(|late| report_cell(program, late)));
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let demands = |accessor: &Accessor| accessor.id == id && accessor.contract == Contract::Demands;
    match program.doors().list.iter().any(|door| door.accessors.iter().any(demands)) {
        true => {
            "each binary that comes here opens the handle while it starts, or where it is opened is not known"
        }
        false => "it demands no handle that somebody else has to put into a static",
    }
    .to_owned()
}

fn unprepared(program: &Program<'_>, door: &Door) -> Vec<Finding> {
    let has = |contract| door.accessors.iter().any(|accessor| accessor.contract == contract);
    // Where another accessor opens it, `mixed-init-contracts` has the say.
    if door.openings.is_empty() || has(Contract::Opens) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for accessor in door.accessors.iter().filter(|accessor| accessor.contract == Contract::Demands) {
        for entry in program.production_entries() {
            let own: Vec<&Opening> = door
                .openings
                .iter()
                .filter(|opening| opening.binary.as_ref() == Some(&entry.binary.title))
                .collect();
            if own.iter().any(|opening| opening.is_at_start()) || !program.reaches(entry.main, accessor.id) {
                continue;
            }
            // Who opens it nowhere, while nobody else is known to be a binary, may be opened for by other code.
            let elsewhere =
                door.openings.iter().find(|opening| opening.binary.is_some() && opening.is_at_start());
            let opening = match (own.first(), elsewhere) {
                // What a task opens is the business of `detached-init`.
                (Some(late), _) if late.is_by_request() => *late,
                (Some(_), _) => continue,
                // Whoever comes to the place where it is opened may open it in a way that is not followed.
                (None, Some(other)) if !program.reaches_place(entry.main, other.site) => other,
                (None, Some(_)) => continue,
                (None, None) => continue,
            };
            findings.push(report(program, door, accessor, entry, opening, !own.is_empty()));
        }
    }
    findings
}

fn report(
    program: &Program<'_>,
    door: &Door,
    accessor: &Accessor,
    entry: &Entry,
    opening: &Opening,
    late: bool,
) -> Finding {
    let binary = &entry.binary.title;
    let (message, label) = match late {
        true => (
            format!(
                "`{}` panics until the {} is opened, and `{binary}` may come to it before",
                accessor.path, door.noun
            ),
            format!("opened {}", opening.when.join(", ")),
        ),
        false => (
            format!("`{}` panics in `{binary}`, which never opens the {}", accessor.path, door.noun),
            "only another binary opens it".to_owned(),
        ),
    };
    Finding {
        rule: "unprepared-accessor",
        confidence: match (late, opening.certain) {
            (false, true) => Confidence::High,
            _ => Confidence::Medium,
        },
        message,
        help: format!("open the {} in `main`, before anything that asks for it is started", door.noun),
        silent_if: "`main` opens it in line before it serves or starts tasks".to_owned(),
        primary: Evidence {
            location: accessor.location,
            role: Role::Accessor,
            label: "panics when nobody opened it".to_owned(),
        },
        evidence: vec![Evidence { location: opening.site, role: Role::InitSite, label }],
        path: program.way_to(accessor.id),
        notes: Vec::new(),
        binary: Some(binary.clone()),
        resource: None,
        identity: vec![accessor.path.clone(), binary.clone()],
    }
}

/// A cell of any kind that one request fills and others demand.
fn report_cell(program: &Program<'_>, late: &LateCell<'_>) -> Finding {
    let path = program.static_path(late.cell);
    let handler = |route| program.handler_name(route);
    let (demands, fills) = (handler(late.demanded_by), handler(late.filled_by));
    Finding {
        rule: "unprepared-accessor",
        // Who asks first is decided by callers that are not seen.
        confidence: Confidence::Medium,
        message: format!("`{demands}` panics until `{fills}` was called, which alone fills `{path}`"),
        help: "fill it in `main` before anything is answered, or let whoever comes too early wait or get an error".to_owned(),
        silent_if: "`main` fills it, or whoever demands it looks first".to_owned(),
        primary: Evidence {
            location: program.location(late.demanded.0, late.demanded.1),
            role: Role::Accessor,
            label: "panics while it is empty".to_owned(),
        },
        evidence: vec![Evidence {
            location: program.location(late.filled.0, late.filled.1),
            role: Role::InitSite,
            label: "filled when a request comes".to_owned(),
        }],
        path: program.way_to(late.demanded.0),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![path],
    }
}
