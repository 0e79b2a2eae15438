//! `liveness-touches-database`: the liveness endpoint asks the database, so that its outage restarts every replica.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::probes::{DeclaredKind, Probe, ProbeKind};

/// Looks at the routes that a deployment or their name makes liveness probes.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter().filter(is_for_liveness);
    probes.filter_map(|probe| report(program, &probe)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.probe_of(id) {
        Some(probe) if is_for_liveness(&probe) => {
            "it is not seen to use a handle to a database outside the process".to_owned()
        }
        _ => "it answers no route that its name or a deployment file makes a liveness probe".to_owned(),
    }
}

/// A deployment says so, or the name: `ping` and `heartbeat` are asked for all kinds of reasons.
fn is_for_liveness(probe: &Probe<'_>) -> bool {
    let is_named = || ["live", "alive"].iter().any(|word| probe.path.to_lowercase().contains(word));
    probe.declared_as(&[DeclaredKind::Liveness]).is_some()
        || (probe.kind == ProbeKind::Liveness && is_named())
}

fn report(program: &Program<'_>, probe: &Probe<'_>) -> Option<Finding> {
    let asked = program.examine(probe.route).asks?;
    let effect = program.databases_behind(probe).into_iter().next()?;
    let declared = probe.declared_evidence(&[DeclaredKind::Liveness]);
    let confidence = if declared.is_some() { Confidence::High } else { Confidence::Medium };
    let mut evidence: Vec<Evidence> = declared.into_iter().collect();
    evidence.push(Evidence {
        location: asked,
        role: Role::Check,
        label: "the database is asked here".to_owned(),
    });
    evidence.sort();
    Some(Finding {
        rule: "liveness-touches-database",
        confidence,
        message: format!("`{}` asks the database: when that is away, every replica is restarted", probe.path),
        help: "answer from the process alone, and ask the database in a readiness probe".to_owned(),
        silent_if: "the handler uses no database handle".to_owned(),
        primary: Evidence {
            location: probe.route.location,
            role: Role::Probe,
            label: "a restart does not bring the database back".to_owned(),
        },
        evidence,
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.handler_name(probe.route), probe.path.to_owned()],
    })
}
