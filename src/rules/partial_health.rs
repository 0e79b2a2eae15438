//! `partial-health`: the readiness probe asks one database, and the service needs another as well.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::bodies::Time;
use crate::program::items::FnId;
use crate::program::probes::{Examined, Probe, ProbeKind};
use crate::program::summaries::{Effect, EffectKind};
use crate::program::{Program, UNKNOWN_DRIVER, is_long_lived};

/// Looks at the probes of services with several databases.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter().filter(|probe| probe.kind != ProbeKind::Liveness);
    let examined: Vec<(Probe<'_>, Examined)> = probes
        .map(|probe| {
            let found = program.examine(probe.route);
            (probe, found)
        })
        .collect();
    examined.iter().filter_map(|(probe, found)| report(program, probe, found, &examined)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.probe_of(id) {
        Some(probe) if probe.kind != ProbeKind::Liveness => {
            "it asks none of the databases, or all of them, or what it asks is not known"
        }
        _ => "it answers no readiness probe",
    }
    .to_owned()
}

/// The databases of a service that a probe does not ask, while it asks another.
fn unasked<'p>(program: &'p Program<'_>, probe: &Probe<'_>, found: &Examined) -> Vec<&'p Effect> {
    if found.asks.is_none() || found.unknown || found.drivers.is_empty() {
        return Vec::new();
    }
    // What a task opens for a while is not what requests wait for.
    let is_needed = |effect: &&Effect| {
        is_long_lived(&effect.lifetime) || !effect.has_time(|time| matches!(time, Time::Task(_)))
    };
    let behind = program.databases_behind(probe).into_iter().filter(is_needed);
    let of = |effect: &&Effect| match &effect.kind {
        EffectKind::Create { driver, .. } => !found.drivers.contains(driver) && driver != UNKNOWN_DRIVER,
        EffectKind::Migrate | EffectKind::Serve | EffectKind::Accept => false,
    };
    // Whether a function value is called is not known; which of several functions is, decides which database it is.
    let is_opened =
        |effect: &&Effect| effect.certain || effect.has_time(|time| matches!(time, Time::Maybe(_)));
    behind.filter(|effect| is_opened(effect) && !program.is_optional(effect)).filter(of).collect()
}

fn report(
    program: &Program<'_>,
    probe: &Probe<'_>,
    found: &Examined,
    all: &[(Probe<'_>, Examined)],
) -> Option<Finding> {
    let unasked = unasked(program, probe, found);
    let first = unasked.first()?;
    let EffectKind::Create { driver, .. } = &first.kind else { return None };
    // Another probe of the service may ask it; but where one says by its name that it is about readiness, that is asked.
    let asks_it = |(other, known): &&(Probe<'_>, Examined)| {
        other.route != probe.route && (known.unknown || known.drivers.contains(driver))
    };
    let is_readiness = |kind: ProbeKind| kind == ProbeKind::Readiness;
    let mut elsewhere = all.iter().filter(asks_it).peekable();
    let is_asked = elsewhere.peek().is_some();
    let in_some_runs = first.steps.iter().any(|step| program.is_conditional(step));
    if elsewhere.any(|(other, _)| !is_readiness(probe.kind) || is_readiness(other.kind) || in_some_runs) {
        return None;
    }
    let mut evidence: Vec<Evidence> = unasked
        .iter()
        .map(|effect| Evidence {
            location: program.site_of(effect),
            role: Role::InitSite,
            label: format!("nothing asks this {}", program.noun(effect)),
        })
        .collect();
    evidence.extend(found.asks.map(|location| Evidence {
        location,
        role: Role::Check,
        label: "only this is asked".to_owned(),
    }));
    evidence.sort();
    Some(Finding {
        rule: "partial-health",
        confidence: if first.certain && !is_asked { Confidence::High } else { Confidence::Medium },
        message: format!("`{}` asks one database, and the service needs {driver} as well", probe.path),
        help: "ask every database without which requests fail, or declare the other one optional".to_owned(),
        silent_if: "the probe asks it, or it is declared `optional` in `initpath.toml`".to_owned(),
        primary: Evidence {
            location: probe.route.location,
            role: Role::Probe,
            label: "says that all is well while half of it is away".to_owned(),
        },
        evidence,
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(first),
        identity: vec![program.handler_name(probe.route), probe.path.to_owned(), driver.clone()],
    })
}
