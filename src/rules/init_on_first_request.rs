//! `init-on-first-request`: a handle is made by the first request that needs it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::forcing::OpenedByRequest;
use crate::program::items::FnId;

/// Looks at the cells and lazy statics that requests fill, binary by binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| {
            program.opened_by_requests(entry).into_iter().map(move |opened| report(program, entry, &opened))
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let mut created = program.effects(id).iter().filter(|effect| effect.creates_handle()).peekable();
    match (created.peek().is_some(), created.any(|effect| program.is_outside(effect))) {
        (false, _) => "no handle is created here or in what it calls",
        (true, false) => "what is created here is inside the process: no connection has to be made",
        (true, true) => {
            "what is created here fills no cell or lazy static at the first request, or the process uses it before it serves"
        }
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, opened: &OpenedByRequest<'_>) -> Finding {
    let effect = opened.effect;
    let path = program.static_path(opened.fills);
    let resource = program.resource_name(effect);
    Finding {
        rule: "init-on-first-request",
        confidence: if effect.certain { Confidence::High } else { Confidence::Low },
        message: format!("`{path}` connects when the first request needs it"),
        help: format!(
            "use `{}` once in `main` before serving, and end the process when that fails",
            opened.name(program)
        ),
        silent_if: "`main` fills the static before the server is polled".to_owned(),
        primary: Evidence {
            location: program.site_of(effect),
            role: Role::InitSite,
            label: format!("the first request waits for this {}, and gets its error", program.noun(effect)),
        },
        evidence: vec![Evidence {
            location: program.static_location(opened.fills),
            role: Role::Holder,
            label: "empty until then".to_owned(),
        }],
        path: program.hops(entry.main, &effect.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        identity: vec![path],
        resource,
    }
}
