//! `mixed-init-contracts`: one accessor opens the handle on first use, another one panics when nobody did.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::doors::{Accessor, Contract, Door};
use crate::program::inventory::Scope;
use crate::program::items::FnId;

/// Looks at the accessors of each door.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.doors().list.iter().flat_map(|door| mixed(program, door)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let doors = program.doors().list.iter();
    let Some(door) = doors.into_iter().find(|door| door.accessors.iter().any(|accessor| accessor.id == id))
    else {
        return "it hands out no handle that a static or a field keeps".to_owned();
    };
    let has = |contract| door.accessors.iter().any(|accessor| accessor.contract == contract);
    match has(Contract::Opens) && has(Contract::Demands) {
        true => "each binary that comes here opens the handle while it starts".to_owned(),
        false => "all accessors of this handle need the same".to_owned(),
    }
}

fn mixed(program: &Program<'_>, door: &Door) -> Vec<Finding> {
    let used = |accessor: &&Accessor| {
        door.uses.iter().any(|used| used.callee == accessor.path && used.scope == Scope::Production)
    };
    let with = |contract| door.accessors.iter().filter(move |accessor| accessor.contract == contract);
    let Some(opens) = with(Contract::Opens).find(used) else { return Vec::new() };
    let mut findings = Vec::new();
    for demands in with(Contract::Demands).filter(used) {
        // Where `main` opens it before anything else comes here, the one that demands cannot be first.
        let unprepared = program.entries().iter().find(|entry| {
            let opened = door
                .openings
                .iter()
                .any(|opening| opening.binary.as_ref() == Some(&entry.binary.title) && opening.is_at_start());
            entry.scope == Scope::Production && !opened && program.reaches(entry.main, demands.id)
        });
        let Some(entry) = unprepared else { continue };
        let mut evidence = vec![Evidence {
            location: opens.location,
            role: Role::Accessor,
            label: "this one opens it on first use".to_owned(),
        }];
        let callers =
            door.uses.iter().filter(|used| used.callee == demands.path && used.scope == Scope::Production);
        evidence.extend(callers.map(|used| Evidence {
            location: used.location,
            role: Role::Accessor,
            label: "panics here when nobody opened it before".to_owned(),
        }));
        findings.push(Finding {
            rule: "mixed-init-contracts",
            confidence: Confidence::High,
            message: format!(
                "`{}` demands what `{}` opens on first use, and `{}` may come to it first",
                demands.path, opens.path, entry.binary.title
            ),
            help: format!(
                "let both open it on first use, or call `{}` once in `main` before anything else",
                opens.path
            ),
            silent_if: "every binary that comes here opens the handle in line while it starts".to_owned(),
            primary: Evidence {
                location: demands.location,
                role: Role::Accessor,
                label: "panics when nobody opened it".to_owned(),
            },
            evidence,
            path: program.way_to(demands.id),
            notes: Vec::new(),
            binary: Some(entry.binary.title.clone()),
            resource: Some(door.resource.id.clone()),
            identity: vec![demands.path.clone(), opens.path.clone()],
        });
    }
    findings
}
