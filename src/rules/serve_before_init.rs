//! `serve-before-init`: the server answers while a handle that its handlers need is not there yet.

use crate::finding::{Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::lateness::{Late, is_required};
use crate::program::summaries::EffectKind;

/// Looks at the start-up of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in program.production_entries() {
        let late = program.late_initializations(entry);
        findings.extend(late.iter().filter(|late| late.creates()).map(|late| report(program, entry, late)));
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let effects = program.effects(id);
    if !effects.iter().any(|effect| effect.kind == EffectKind::Serve) {
        return "nothing is served here or in what it calls".to_owned();
    }
    match effects.iter().any(is_required) {
        true => "what handlers need is there before they are asked, or a gate answers until it is".to_owned(),
        false => "nothing that handlers could only reach through a shared place is made here".to_owned(),
    }
}

fn report(program: &Program<'_>, entry: &Entry, late: &Late<'_>) -> Finding {
    let (function, place) = program.served_from(late);
    let (who, from_here_on) = program.too_early(late);
    let resource = late.effects.iter().find_map(|effect| program.resource_of(effect));
    let resource = resource.map(|id| program.resource(id).id.clone());
    let first = late.first();
    let doing = match first.kind {
        EffectKind::Migrate => "the schema is changed".to_owned(),
        _ => format!("the {} is created", program.noun(first)),
    };
    Finding {
        rule: "serve-before-init",
        confidence: program.lateness_confidence(late),
        message: format!("{who} before {doing}"),
        help: "finish creating, migrating and verifying before the server is polled; binding the socket early is fine"
            .to_owned(),
        silent_if: "the server that starts first has no handler that uses the database".to_owned(),
        primary: Evidence {
            location: place,
            role: Role::ServePoint,
            label: from_here_on.to_owned(),
        },
        evidence: program.late_evidence(late),
        path: program.hops(entry.main, &late.serve.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        identity: vec![program.path_of(function), resource.clone().unwrap_or_else(|| "schema".to_owned())],
        resource,
    }
}
