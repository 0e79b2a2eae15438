//! `shim-accessor`: a function that does nothing but forward to another accessor of the same resource.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::doors::{Contract, Door};
use crate::program::inventory::Scope;
use crate::program::items::FnId;

/// Looks at the accessors of each door.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.doors().list.iter().flat_map(|door| shims(program, door)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let accessors = program.doors().list.iter().flat_map(|door| &door.accessors);
    match accessors.into_iter().find(|accessor| accessor.id == id) {
        None => "it hands out no handle that a static or a field keeps".to_owned(),
        Some(accessor) if accessor.contract == Contract::Forwards => {
            "nobody calls it, or it is declared canonical".to_owned()
        }
        Some(_) => "it does more than forward".to_owned(),
    }
}

fn shims(program: &Program<'_>, door: &Door) -> Vec<Finding> {
    let mut findings = Vec::new();
    for shim in door.accessors.iter().filter(|accessor| accessor.contract == Contract::Forwards) {
        let Some(behind) = door.accessors.iter().find(|other| Some(&other.path) == shim.behind.as_ref())
        else {
            continue;
        };
        let callers: Vec<_> = door
            .uses
            .iter()
            .filter(|used| used.callee == shim.path && used.scope == Scope::Production)
            .collect();
        // Another shim in front of it is a caller too.
        let in_front = door.accessors.iter().any(|other| other.behind.as_ref() == Some(&shim.path));
        if callers.is_empty() && !in_front || program.is_declared_canonical(&door.resource.id, &shim.path) {
            continue;
        }
        let mut evidence = vec![Evidence {
            location: behind.location,
            role: Role::Accessor,
            label: "the accessor behind it".to_owned(),
        }];
        evidence.extend(callers.iter().map(|used| Evidence {
            location: used.location,
            role: Role::Accessor,
            label: "called here".to_owned(),
        }));
        findings.push(Finding {
            rule: "shim-accessor",
            confidence: Confidence::High,
            message: format!("`{}` only forwards to `{}`", shim.path, behind.path),
            help: format!("call `{}` directly, then remove the shim", behind.path),
            silent_if: "nobody calls it, it does more than forward, or it is declared canonical".to_owned(),
            primary: Evidence {
                location: shim.location,
                role: Role::Accessor,
                label: "a second name for the same door".to_owned(),
            },
            evidence,
            path: program.way_to(shim.id),
            notes: Vec::new(),
            binary: None,
            resource: Some(door.resource.id.clone()),
            identity: vec![shim.path.clone(), door.resource.id.clone()],
        });
    }
    findings
}
