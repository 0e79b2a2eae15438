//! `liveness-touches-database`: the liveness endpoint asks the database, so that its outage restarts every replica.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::probes::{Probe, ProbeKind};

/// Looks at the routes that are named for liveness and nothing else.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter().filter(is_for_liveness_alone);
    probes.filter_map(|probe| report(program, &probe)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.probe_of(id) {
        Some(probe) if is_for_liveness_alone(&probe) => {
            "it is not seen to use a handle to a database outside the process".to_owned()
        }
        _ => "it answers no route that is named for liveness".to_owned(),
    }
}

/// `ping` and `heartbeat` are asked for all kinds of reasons.
fn is_for_liveness_alone(probe: &Probe<'_>) -> bool {
    probe.kind == ProbeKind::Liveness
        && ["live", "alive"].iter().any(|word| probe.path.to_lowercase().contains(word))
}

fn report(program: &Program<'_>, probe: &Probe<'_>) -> Option<Finding> {
    let asked = program.examine(probe.route).asks?;
    let effect = program.databases_behind(probe).into_iter().next()?;
    Some(Finding {
        rule: "liveness-touches-database",
        confidence: Confidence::High,
        message: format!("`{}` asks the database: when that is away, every replica is restarted", probe.path),
        help: "answer from the process alone, and ask the database in a readiness probe".to_owned(),
        silent_if: "the handler uses no database handle".to_owned(),
        primary: Evidence {
            location: probe.route.location,
            role: Role::Probe,
            label: "a restart does not bring the database back".to_owned(),
        },
        evidence: vec![Evidence {
            location: asked,
            role: Role::Check,
            label: "the database is asked here".to_owned(),
        }],
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_of(effect).map(|id| program.resource(id).id.clone()),
        identity: vec![program.handler_name(probe.route), probe.path.to_owned()],
    })
}
