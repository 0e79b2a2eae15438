//! `shallow-readiness`: the endpoint that says whether the service can work asks nobody.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::probes::{DeclaredKind, Examined, Probe, ProbeKind};

const DECIDES_ABOUT_TRAFFIC: [DeclaredKind; 1] = [DeclaredKind::Readiness];

/// Looks at the probes of services that keep a handle to a database outside the process.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter();
    let examined: Vec<(Probe<'_>, Examined)> = probes
        .map(|probe| {
            let found = program.examine(probe.route);
            (probe, found)
        })
        .collect();
    // Where a deployment asks this very route, what the others ask does not help.
    let shallow = examined.iter().filter(|(probe, found)| {
        let is_the_one = probe.declared_as(&DECIDES_ABOUT_TRAFFIC).is_some();
        is_shallow(probe, found) && (is_the_one || !program.asks_elsewhere(probe, &examined))
    });
    shallow.filter_map(|(probe, found)| report(program, probe, found)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let Some(probe) = program.probe_of(id) else {
        return "it answers no route whose path speaks of health or readiness".to_owned();
    };
    let examined = program.examine(probe.route);
    match () {
        () if probe.kind == ProbeKind::Liveness => "a liveness probe is about the process alone".to_owned(),
        () if examined.asks.is_some() => "it uses a database handle".to_owned(),
        () if examined.unknown => {
            "it calls something that is not known, or a guard stands in its signature".to_owned()
        }
        () if examined.can_fail => "it can answer that something is wrong".to_owned(),
        () if program.databases_behind(&probe).is_empty() => {
            "no binary with it keeps a handle to a database outside the process".to_owned()
        }
        () => "another probe of the same binary asks a database, or its state speaks of health".to_owned(),
    }
}

fn is_shallow(probe: &Probe<'_>, found: &Examined) -> bool {
    probe.kind != ProbeKind::Liveness
        && found.asks.is_none()
        && !found.unknown
        && !found.can_fail
        && !(found.reads.is_some() && found.speaks_of_health)
}

fn report(program: &Program<'_>, probe: &Probe<'_>, found: &Examined) -> Option<Finding> {
    let effect = program.databases_behind(probe).into_iter().next()?;
    let noun = program.noun(effect);
    let what = match found.reads {
        Some(_) => "reads a value of the process",
        None => "asks nobody",
    };
    let mut evidence = vec![Evidence {
        location: program.site_of(effect),
        role: Role::InitSite,
        label: format!("the service needs this {noun}"),
    }];
    evidence.extend(found.reads.map(|location| Evidence {
        location,
        role: Role::Config,
        label: "all it looks at".to_owned(),
    }));
    evidence.extend(program.answer_evidence(probe, "answered here, whatever state the database is in"));
    let declared = probe.declared_evidence(&DECIDES_ABOUT_TRAFFIC);
    let is_declared = declared.is_some();
    evidence.extend(declared);
    evidence.sort();
    Some(Finding {
        rule: "shallow-readiness",
        confidence: if found.reads.is_none() && is_declared { Confidence::High } else { Confidence::Medium },
        message: format!("`{}` {what} and always says that the service is well", probe.path),
        help: format!(
            "query through the {noun} and answer 503 when that fails, or name the route as liveness"
        ),
        silent_if: "the handler uses a database handle, or another probe of the binary does".to_owned(),
        primary: Evidence {
            location: probe.route.location,
            role: Role::Probe,
            label: "the answer is the same without a database".to_owned(),
        },
        evidence,
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![
            program.handler_name(probe.route),
            probe.path.to_owned(),
            if found.reads.is_some() { "state" } else { "constant" }.to_owned(),
        ],
    })
}
