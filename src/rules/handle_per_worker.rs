//! `handle-per-worker`: a handle is created inside a factory that a server runs once per worker.

use crate::catalog::TypeKind;
use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::bodies::{CallId, Time};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind, Step};
use crate::program::values::Value;

/// Looks at every function that hands a factory to a per-worker API.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, _) in program.linked() {
        if program.scope(id) != Scope::Production {
            continue;
        }
        for effect in program.effects(id) {
            let factory = effect.times.iter().find_map(|(function, time)| match time {
                Time::PerWorker(call) if *function == id => Some(*call),
                _ => None,
            });
            if let Some(factory) = factory {
                findings.extend(per_worker(program, id, factory, effect));
            }
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let effects = program.effects(id);
    if !effects.iter().any(Effect::creates_handle) {
        return "no handle is created here or in what it calls".to_owned();
    }
    match effects.iter().any(|effect| effect.has_time(|time| matches!(time, Time::PerWorker(_)))) {
        true => "what a worker makes is made once for all, per request, or not for certain".to_owned(),
        false => "nothing here runs once per worker".to_owned(),
    }
}

fn per_worker(program: &Program<'_>, id: FnId, factory: CallId, effect: &Effect) -> Option<Finding> {
    let EffectKind::Create { handle, driver, .. } = &effect.kind else {
        return None;
    };
    if !effect.creates_handle() {
        return None;
    }
    // A process-wide once cell makes the first worker create it for all; a handler runs later and is another defect.
    let once = matches!(effect.once.as_ref().map(Value::root), Some(Value::Static(_)));
    // What an unknown callee runs may just as well run per request.
    if once || effect.has_time(|time| matches!(time, Time::Handler(_) | Time::Maybe(_))) {
        return None;
    }
    let certain = effect.certain && *handle != TypeKind::Connection && program.is_of_database(effect);
    let confidence = if certain { Confidence::High } else { Confidence::Medium };
    // A factory passed by name is entered by the server's call itself; the place inside it is the next step.
    let api_span = program.call(id, factory).span;
    let first = *effect.steps.first()?;
    let by_name = matches!(first, Step::Call(function, call) if function == id && program.call(id, call).span == api_span);
    let inside = if by_name { *effect.steps.get(1).unwrap_or(&first) } else { first };
    let site = *effect.steps.last()?;
    let api = program.call(id, factory);
    let api_name = program.callee_name(api);
    let noun = program.noun(effect);
    let mut evidence = vec![Evidence {
        location: program.location(id, api.name_span),
        role: Role::Spawn,
        label: format!("{api_name} runs this factory once per worker"),
    }];
    if inside != site {
        let location = program.step_location(&site);
        evidence.push(Evidence { location, role: Role::InitSite, label: format!("{noun} is created here") });
    }
    let reached = program.entries().iter().find_map(|entry| {
        let whole = program.effects(entry.main).iter().find(|other| other.steps.ends_with(&effect.steps))?;
        Some((entry, whole))
    });
    let path = match reached {
        Some((entry, whole)) => program.hops(entry.main, &whole.steps),
        None => program.hops(id, &effect.steps),
    };
    let resource = program.resource_name(effect);
    Some(Finding {
        rule: "handle-per-worker",
        confidence,
        message: format!("every worker of `{api_name}` creates its own {noun} to {driver}"),
        help: format!("create the {noun} before `{api_name}` and move a clone into the factory"),
        silent_if: "the handle is created outside the factory and cloned in it".to_owned(),
        primary: Evidence {
            location: program.step_location(&inside),
            role: Role::InitSite,
            label: format!("one {noun} per worker"),
        },
        evidence,
        path,
        notes: Vec::new(),
        binary: reached.map(|(entry, _)| entry.binary.title.clone()),
        identity: vec![program.path_of(id), resource.clone().unwrap_or_else(|| driver.clone())],
        resource,
    })
}
