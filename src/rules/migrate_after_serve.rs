//! `migrate-after-serve`: the server answers while its schema is still to be changed.

use crate::finding::{Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::lateness::Late;
use crate::program::summaries::EffectKind;

/// Looks at the start-up of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in program.production_entries() {
        let late = program.late_initializations(entry);
        findings.extend(late.iter().filter(|late| !late.creates()).map(|late| report(program, entry, late)));
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let has = |kind: &EffectKind| program.effects(id).iter().any(|effect| effect.kind == *kind);
    match (has(&EffectKind::Serve), has(&EffectKind::Migrate)) {
        (false, _) => "nothing is served here or in what it calls",
        (true, false) => "the schema is not changed here or in what it calls",
        (true, true) => "the schema is changed before requests are answered, or a gate answers until it is",
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, late: &Late<'_>) -> Finding {
    let (function, place) = program.served_from(late);
    let (who, from_here_on) = program.too_early(late);
    Finding {
        rule: "migrate-after-serve",
        confidence: program.lateness_confidence(late),
        message: format!("{who} before the schema is changed"),
        help: "migrate before the server is polled or the jobs are started, or in a step of the release that runs before it"
            .to_owned(),
        silent_if: "what starts first has no handler or job that uses the database".to_owned(),
        primary: Evidence { location: place, role: Role::ServePoint, label: from_here_on.to_owned() },
        evidence: program.late_evidence(late),
        path: program.hops(entry.main, &late.serve.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        identity: vec![program.path_of(function), "schema".to_owned()],
        resource: None,
    }
}
