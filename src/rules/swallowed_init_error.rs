//! `swallowed-init-error`: connecting or migrating fails, and the service answers all the same.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;
use crate::program::swallowed::{End, Swallowed};

/// Looks at what each binary does before it serves.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in program.production_entries() {
        let mut groups: Vec<Vec<Swallowed<'_>>> = Vec::new();
        for swallowed in program.swallowed(entry) {
            match groups.iter_mut().find(|group| are_alike(&group[0], &swallowed)) {
                Some(group) => group.push(swallowed),
                None => groups.push(vec![swallowed]),
            }
        }
        findings.extend(groups.iter().map(|group| report(program, entry, group)));
    }
    findings
}

/// Whether one sentence is for both: schema changes that end in one function in one way.
fn are_alike(one: &Swallowed<'_>, other: &Swallowed<'_>) -> bool {
    let migrates = |swallowed: &Swallowed<'_>| swallowed.effect.kind == EffectKind::Migrate;
    let key = |swallowed: &Swallowed<'_>| (swallowed.function, swallowed.end, swallowed.minor);
    migrates(one) && migrates(other) && key(one) == key(other)
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let initializes = program
        .effects(id)
        .iter()
        .any(|effect| effect.kind == EffectKind::Migrate || effect.creates_handle());
    match initializes {
        true => "failures of what is initialized here go on to the caller, end the process, or nothing is served afterwards",
        false => "nothing is initialized here or in what it calls",
    }
    .to_owned()
}

/// A finding for what are alike, of which there is at least one.
fn report(program: &Program<'_>, entry: &Entry, alike: &[Swallowed<'_>]) -> Finding {
    let swallowed = &alike[0];
    let effect = swallowed.effect;
    let (what, role) = match effect.kind {
        EffectKind::Migrate => ("the migration".to_owned(), Role::Migration),
        _ => (format!("the {}", program.noun(effect)), Role::InitSite),
    };
    let place = |swallowed: &Swallowed<'_>| program.location(swallowed.function, swallowed.call);
    let primary = place(swallowed);
    let site = program.site_of(effect);
    let mut evidence = Vec::new();
    if site != primary {
        evidence.push(Evidence { location: site, role, label: format!("{what} may fail here") });
    }
    evidence.extend(alike[1..].iter().map(|further| Evidence {
        location: place(further),
        role,
        label: "so may this one".to_owned(),
    }));
    evidence.push(Evidence {
        location: program.site_of(swallowed.serve),
        role: Role::ServePoint,
        label: "and this is served all the same".to_owned(),
    });
    let how = match swallowed.end {
        End::Dropped => "the result is dropped",
        End::GoesOn => "the failing branch goes on",
    };
    let message = match (alike.len(), swallowed.end) {
        (1, _) => format!("{what} may fail, and the service answers all the same: {how}"),
        (count, End::Dropped) => {
            format!(
                "{count} migrations may fail, and the service answers all the same: the results are dropped"
            )
        }
        (count, End::GoesOn) => {
            format!(
                "{count} migrations may fail, and the service answers all the same: the failing branches go on"
            )
        }
    };
    Finding {
        rule: "swallowed-init-error",
        confidence: if swallowed.minor { Confidence::Medium } else { Confidence::High },
        message,
        help: "hand the error to `main` with `?`, so that the process ends and is started again".to_owned(),
        silent_if:
            "the error is returned, ends the process, or the resource is declared optional in `initpath.toml`"
                .to_owned(),
        primary: Evidence { location: primary, role, label: how.to_owned() },
        evidence,
        path: program.hops(entry.main, &effect.steps),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.path_of(swallowed.function), what],
    }
}
