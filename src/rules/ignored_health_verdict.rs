//! `ignored-health-verdict`: a health check is made, and cannot change the answer.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::probes::{Examined, Probe, ProbeKind, segments, segments_that_count};

/// Paths of more segments are asked by people and other services; no probe is known to. Nothing but `api` and versions may stand
/// before the last segment of a longer one.
const MOST_SEGMENTS: usize = 2;

/// How the verdict is lost.
enum Lost {
    /// The check is a future that nobody awaits.
    Unawaited(Location),
    /// A database was asked, and the status is always the same.
    Asked(Location),
    /// The same in a library, of which nobody knows who mounts it.
    AskedByLibrary(Location),
    /// A database in a file was asked, its verdict kept, and the status is always the same.
    Judged(Location),
    /// A state of health was read, and the status is always the same.
    Read(Location),
}

/// Looks at the probes of services that keep a handle to a database outside the process.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter();
    probes
        .filter_map(|probe| {
            let lost = lost_in(program, &probe, &program.examine(probe.route))?;
            report(program, &probe, &lost)
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let Some(probe) = program.probe_of(id) else {
        return "it answers no route whose path speaks of health or readiness".to_owned();
    };
    let examined = program.examine(probe.route);
    match () {
        () if examined.can_fail => "what it finds can change the answer".to_owned(),
        () if examined.answer_unknown => "the answer comes from something that is not known".to_owned(),
        () if program.is_about_a_part(&probe) => {
            "its path names a part of the service, of which people read the body, and another probe is about all of it".to_owned()
        }
        () if examined.asks.is_some() && program.databases_behind(&probe).is_empty() => {
            "no handle to a database outside the process is kept, and no verdict about another one is told"
                .to_owned()
        }
        () => "no check is made that could change the answer".to_owned(),
    }
}

fn lost_in(program: &Program<'_>, probe: &Probe<'_>, found: &Examined) -> Option<Lost> {
    if let Some(location) = found.unawaited {
        return Some(Lost::Unawaited(location));
    }
    let is_deep = segments(probe.path).count() > MOST_SEGMENTS && segments_that_count(probe.path) > 1;
    // The methods of an RPC service say it in their messages.
    let by_message = probe.route.label.is_none();
    if probe.kind == ProbeKind::Liveness
        || by_message
        || found.can_fail
        || found.answer_unknown
        || is_deep
        || program.is_about_a_part(probe)
    {
        return None;
    }
    let outside = !program.databases_behind(probe).is_empty();
    match (found.asks, found.reads) {
        (Some(location), _) if outside => Some(Lost::Asked(location)),
        (Some(location), _) if found.asks_outside() && program.is_of_a_library(probe) => {
            Some(Lost::AskedByLibrary(location))
        }
        // That a file can be read is worth a line in the body; only a verdict is meant to be one.
        (Some(_), _) => found.judges.map(Lost::Judged),
        (None, Some(location)) if found.speaks_of_health => Some(Lost::Read(location)),
        _ => None,
    }
}

fn report(program: &Program<'_>, probe: &Probe<'_>, lost: &Lost) -> Option<Finding> {
    let behind = match lost {
        Lost::Judged(_) => program.handles_behind(probe),
        _ => program.databases_behind(probe),
    };
    let effect = behind.into_iter().next();
    if effect.is_none() && !matches!(lost, Lost::AskedByLibrary(_)) {
        return None;
    }
    let path = probe.path;
    let (location, label, message) = match lost {
        Lost::Unawaited(location) => (
            *location,
            "this future is dropped: what it would ask is never asked",
            format!("`{path}` tests whether there is a future, not what it gives"),
        ),
        Lost::Asked(location) | Lost::AskedByLibrary(location) | Lost::Judged(location) => (
            *location,
            "asked here, and whatever the answer is, the status is the same",
            format!("`{path}` asks the database and answers with success whatever it hears"),
        ),
        Lost::Read(location) => (
            *location,
            "read here, and whatever it says, the status is the same",
            format!("`{path}` reads a state of health and answers with success whatever it is"),
        ),
    };
    let mut evidence = vec![Evidence { location, role: Role::Check, label: label.to_owned() }];
    evidence.extend(effect.map(|effect| Evidence {
        location: program.site_of(effect),
        role: Role::InitSite,
        label: format!("the {} that the answer should be about", program.noun(effect)),
    }));
    let primary = match lost {
        Lost::Unawaited(location) => *location,
        _ => probe.route.location,
    };
    if !matches!(lost, Lost::Unawaited(_)) {
        evidence.extend(program.answer_evidence(probe, "answered here, with success"));
    }
    evidence.retain(|one| one.location != primary);
    Some(Finding {
        rule: "ignored-health-verdict",
        confidence: match lost {
            Lost::Read(_) | Lost::Judged(_) | Lost::AskedByLibrary(_) => Confidence::Medium,
            _ => Confidence::High,
        },
        message,
        help: match lost {
            Lost::Unawaited(_) => "await the check and map its result to the status".to_owned(),
            _ => "answer 503 when the check fails: probes read the status and nothing else".to_owned(),
        },
        silent_if: "a status that is no success, or an error, can come out of the handler".to_owned(),
        primary: Evidence {
            location: primary,
            role: Role::Probe,
            label: match lost {
                Lost::Unawaited(_) => label.to_owned(),
                _ => "always a success".to_owned(),
            },
        },
        evidence,
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: effect.and_then(|effect| program.resource_name(effect)),
        identity: vec![program.handler_name(probe.route), path.to_owned()],
    })
}
