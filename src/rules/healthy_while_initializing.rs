//! `healthy-while-initializing`: a readiness or start-up probe says that all is well in a state before that.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::probes::{DeclaredKind, Probe, ProbeKind};

const WAITS_FOR_READY: [DeclaredKind; 2] = [DeclaredKind::Readiness, DeclaredKind::Startup];

/// Looks at the probes that decide whether a service is given traffic.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter().filter(decides_about_traffic);
    probes.filter_map(|probe| report(program, &probe)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.probe_of(id) {
        Some(probe) if decides_about_traffic(&probe) => {
            "no state that is named for not being ready is answered with success"
        }
        Some(_) => "neither its name nor a deployment file makes it a readiness or start-up probe",
        None => "it answers no probe",
    }
    .to_owned()
}

fn decides_about_traffic(probe: &Probe<'_>) -> bool {
    probe.kind == ProbeKind::Readiness || probe.declared_as(&WAITS_FOR_READY).is_some()
}

fn report(program: &Program<'_>, probe: &Probe<'_>) -> Option<Finding> {
    let place = program.well_while_unready(probe.route)?;
    // A probe that never fails is another defect.
    if !program.examine(probe.route).can_fail {
        return None;
    }
    let declared = probe.declared_evidence(&WAITS_FOR_READY);
    let mut evidence: Vec<Evidence> = declared.clone().into_iter().collect();
    evidence.push(Evidence {
        location: place,
        role: Role::Check,
        label: "not ready yet, and answered as if it were".to_owned(),
    });
    evidence.sort();
    Some(Finding {
        rule: "healthy-while-initializing",
        confidence: if declared.is_some() { Confidence::High } else { Confidence::Medium },
        message: format!("`{}` says that all is well while the service is still starting", probe.path),
        help:
            "answer 503 until the service is ready, and give the start-up probe a budget that is long enough"
                .to_owned(),
        silent_if: "only the ready state is answered with success, or the route is a liveness probe"
            .to_owned(),
        primary: Evidence {
            location: probe.route.location,
            role: Role::Probe,
            label: "decides whether the service is given traffic".to_owned(),
        },
        evidence,
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.handler_name(probe.route), probe.path.to_owned()],
    })
}
