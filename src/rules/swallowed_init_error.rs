//! `swallowed-init-error`: connecting or migrating fails, and the service answers all the same.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;
use crate::program::swallowed::{End, Swallowed};

/// Looks at what each binary does before it serves.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| {
            program.swallowed(entry).into_iter().map(move |swallowed| report(program, entry, &swallowed))
        })
        .collect()
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

fn report(program: &Program<'_>, entry: &Entry, swallowed: &Swallowed<'_>) -> Finding {
    let effect = swallowed.effect;
    let (what, role) = match effect.kind {
        EffectKind::Migrate => ("the migration".to_owned(), Role::Migration),
        _ => (format!("the {}", program.noun(effect)), Role::InitSite),
    };
    let primary = program.location(swallowed.function, swallowed.call);
    let site = program.site_of(effect);
    let mut evidence = Vec::new();
    if site != primary {
        evidence.push(Evidence { location: site, role, label: format!("{what} may fail here") });
    }
    evidence.push(Evidence {
        location: program.site_of(swallowed.serve),
        role: Role::ServePoint,
        label: "and this is served all the same".to_owned(),
    });
    let how = match swallowed.end {
        End::Dropped => "the result is dropped",
        End::GoesOn => "the failing branch goes on",
    };
    Finding {
        rule: "swallowed-init-error",
        confidence: if swallowed.minor { Confidence::Medium } else { Confidence::High },
        message: format!("{what} may fail, and the service answers all the same: {how}"),
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
