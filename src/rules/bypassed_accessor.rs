//! `bypassed-accessor`: code gets its handle past the accessor that is declared canonical.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::declarations::is_within;
use crate::program::doors::{Door, Keeper};
use crate::program::inventory::Scope;
use crate::program::items::FnId;

/// Looks at each declared canonical accessor and at everything else that leads to its resource.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for declared in program.declared().iter().filter(|declared| !declared.canonical.is_empty()) {
        let doors = program.doors().list.iter().filter(|door| {
            door.resource.id == declared.id && program.role_of_door(door) == declared.role.as_deref()
        });
        let (canonical, others): (Vec<&Door>, Vec<&Door>) =
            doors.partition(|door| declared.canonical.iter().any(|path| door.is_named(path)));
        for door in &canonical {
            findings.extend(direct_uses(door, &declared.canonical));
        }
        for door in others {
            let beside = canonical.iter().find(|kept| kept.shares_binary(door));
            // Two that stay open are reported as competing; what is short is nobody's else business.
            if let Some(kept) = beside.filter(|_| door.keeper == Keeper::Nobody) {
                findings.push(opened_past(program, door, kept));
            }
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, _: FnId) -> String {
    match program.declared().iter().any(|declared| !declared.canonical.is_empty()) {
        true => "what is opened or taken here goes through what is declared canonical".to_owned(),
        false => "no accessor is declared canonical in `initpath.toml`".to_owned(),
    }
}

/// Uses of the static itself where a function is declared canonical.
fn direct_uses(door: &Door, canonical: &[String]) -> Option<Finding> {
    let through = door
        .accessors
        .iter()
        .find(|accessor| canonical.iter().any(|path| is_within(&accessor.path, path)))?;
    let past: Vec<Location> = door
        .uses
        .iter()
        .filter(|used| used.callee == door.name && used.scope == Scope::Production)
        // The module of the static is what the accessor hides: it may close the handle, or ask whether it is open.
        .filter(|used| !is_within(&used.function, module_of(&door.name)))
        .map(|used| used.location)
        .collect();
    let (first, rest) = past.split_first()?;
    let mut evidence = vec![Evidence {
        location: through.location,
        role: Role::Accessor,
        label: "the canonical accessor".to_owned(),
    }];
    evidence.extend(rest.iter().map(|location| Evidence {
        location: *location,
        role: Role::Holder,
        label: "here too".to_owned(),
    }));
    Some(Finding {
        rule: "bypassed-accessor",
        confidence: Confidence::High,
        message: format!("`{}` is used past `{}`", door.name, through.path),
        help: format!("call `{}`, and make the static private to it", through.path),
        silent_if: "it goes through the canonical accessor, or another one is declared".to_owned(),
        primary: Evidence {
            location: *first,
            role: Role::Holder,
            label: "takes what the static keeps".to_owned(),
        },
        evidence,
        path: Vec::new(),
        notes: Vec::new(),
        binary: None,
        resource: Some(door.resource.id.clone()),
        identity: vec![door.name.clone(), through.path.clone()],
    })
}

/// The path of the module around an item.
fn module_of(path: &str) -> &str {
    path.rsplit_once("::").map_or(path, |(module, _)| module)
}

fn opened_past(program: &Program<'_>, door: &Door, kept: &Door) -> Finding {
    let opening = door.openings.first();
    let evidence = opening.filter(|opening| opening.site != door.place).map(|opening| Evidence {
        location: opening.site,
        role: Role::InitSite,
        label: format!("the {} is created here", door.noun),
    });
    Finding {
        rule: "bypassed-accessor",
        confidence: Confidence::High,
        message: format!(
            "a {} to {} is opened past `{}`",
            door.noun,
            program.resource_phrase(&door.resource),
            kept.title()
        ),
        help: format!("get the handle through `{}`", kept.title()),
        silent_if: "it goes through the canonical accessor, or is declared a role of its own".to_owned(),
        primary: Evidence {
            location: door.place,
            role: Role::InitSite,
            label: format!("its own {}, gone after use", door.noun),
        },
        evidence: evidence.into_iter().collect(),
        path: opening.map(|opening| opening.hops.clone()).unwrap_or_default(),
        notes: Vec::new(),
        binary: opening.and_then(|opening| opening.binary.clone()),
        resource: Some(door.resource.id.clone()),
        identity: vec![door.name.clone(), kept.name.clone()],
    }
}
