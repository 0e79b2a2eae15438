//! `panicking-lazy-init`: a lazy static connects and panics on failure, and a request is the first to use it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::forcing::Initializer;
use crate::program::items::FnId;
use crate::program::summaries::Effect;

/// Looks at the lazy statics of production code and at what each binary uses before it serves.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let lazies = program.initializers().into_iter().filter(|initializer| program.is_lazy(initializer.fills));
    lazies
        .filter_map(|initializer| {
            let effect = program.panics_without(initializer).into_iter().next()?;
            let mut entries = program.production_entries();
            entries.find_map(|entry| {
                let use_ = program.forced_by_request(entry, initializer.fills)?;
                Some(report(program, entry, initializer, effect, use_))
            })
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let own = program.initializers().into_iter().find(|initializer| initializer.function == id);
    match own {
        Some(initializer) if !program.panics_without(initializer).is_empty() => {
            "no request is seen to be the first to use it".to_owned()
        }
        _ => "no lazy static is filled here by code that panics when it cannot connect".to_owned(),
    }
}

fn report(
    program: &Program<'_>,
    entry: &Entry,
    initializer: Initializer,
    effect: &Effect,
    use_: &Effect,
) -> Finding {
    let path = program.static_path(initializer.fills);
    let noun = program.noun(effect);
    let site = program.site_of(effect);
    Finding {
        rule: "panicking-lazy-init",
        confidence: match (use_.certain && effect.certain, program.is_of_database(effect)) {
            (true, true) => Confidence::High,
            (true, false) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        message: format!(
            "`{path}` connects at its first use, by a request: one failure poisons it until the next restart"
        ),
        help: "force it in `main` before serving, or make the handle there and hand errors on".to_owned(),
        silent_if: "`main` uses the static before the server is polled".to_owned(),
        primary: Evidence {
            location: site,
            role: Role::InitSite,
            label: format!("panics when the {noun} cannot be made"),
        },
        evidence: vec![Evidence {
            location: program.static_location(initializer.fills),
            role: Role::Holder,
            label: "poisoned for good after a panic".to_owned(),
        }],
        path: program.hops(entry.main, &use_.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        resource: program.resource_name(effect),
        identity: vec![path],
    }
}
