//! `detached-init`: initialization runs in a task that nobody waits for before serving.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::bodies::{CallId, EventKind, Time};
use crate::program::data_migrations::DetachedMigration;
use crate::program::detached::{Detached, detached_by};
use crate::program::entries::Entry;
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use crate::program::values::Value;

/// Looks at the start-up of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    let mut findings: Vec<Finding> = entries.flat_map(|entry| check_entry(program, entry)).collect();
    for (id, _) in program.linked() {
        if program.scope(id) == Scope::Production && program.is_concurrent(id) {
            findings.extend(check_accessor(program, id));
        }
    }
    findings.extend(program.detached_data_migrations().iter().map(|detached| report_data(program, detached)));
    findings
}

/// A function that starts to fill a place it shares, and returns as if it were filled.
fn check_accessor(program: &Program<'_>, id: FnId) -> Option<Finding> {
    let effect = program.effects(id).iter().find(|effect| {
        let here = matches!(detached_by(effect), Some((function, _)) if function == id);
        here && effect.creates_handle()
            && program.initializes_for_others(effect)
            && is_handed_out(program, id, effect)
            && !program.is_optional(effect)
    })?;
    let (_, task) = detached_by(effect)?;
    if program.is_task_awaited(id, task) || program.readers_wait(id, effect) {
        return None;
    }
    Some(report(program, None, effect, None, id, task))
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.effects(id).iter().find(|effect| detached_by(effect).is_some()) {
        None => "no handle is created and no schema changed in a task that is started here".to_owned(),
        Some(effect) if !program.initializes_for_others(effect) => {
            "what the task makes is its own, or it is made again and again".to_owned()
        }
        Some(_) => "the task is waited for, or nothing is served without it".to_owned(),
    }
}

fn check_entry(program: &Program<'_>, entry: &Entry) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for Detached { effect, serve, function, task, is_beside } in program.detached_initializations(entry) {
        let mut finding = report(program, Some(entry), effect, Some(serve), function, task);
        if is_beside {
            finding.primary.label = "starts the task; the server does not wait for it".to_owned();
            finding.confidence = finding.confidence.min(Confidence::Medium);
        }
        if !findings.iter().any(|known| known.primary.location == finding.primary.location) {
            findings.push(finding);
        }
    }
    findings
}

/// Whether the function hands out the place that the task fills: it gives it back, or a once cell does.
fn is_handed_out(program: &Program<'_>, id: FnId, effect: &Effect) -> bool {
    if !program.may_give_handle(id) {
        return false;
    }
    let result = program.gives_back(id);
    let mut given = false;
    match &effect.lifetime {
        Lifetime::Held(Holder::Static(holder)) => {
            result.visit(&mut |part| given |= *part == Value::Static(*holder))
        }
        Lifetime::Held(Holder::Place(place)) => result.visit(&mut |part| given |= part == place),
        _ => {}
    }
    // A cell of its own that the task fills: whoever asks the function meets it. What a job far below fills is its own.
    given || effect.times.iter().any(|(function, time)| *function == id && matches!(time, Time::Once(_)))
}

/// Whether a task of the function writes what it made into a place behind a lock that others hold too.
fn fills_slot(program: &Program<'_>, function: FnId) -> bool {
    let blocks = program.body(function).into_iter().flat_map(|body| &body.blocks);
    blocks.flat_map(|block| &block.events).any(|event| match &event.kind {
        EventKind::Write(write) => write.call.is_none() && write.place.lock().is_some(),
        _ => false,
    })
}

fn report(
    program: &Program<'_>,
    entry: Option<&Entry>,
    effect: &Effect,
    serve: Option<&Effect>,
    function: FnId,
    task: CallId,
) -> Finding {
    let (role, doing) = match effect.kind {
        EffectKind::Migrate => (Role::Migration, "the schema is changed".to_owned()),
        _ => (Role::InitSite, format!("the {} is created", program.noun(effect))),
    };
    let inside = effect
        .steps
        .iter()
        .position(|step| matches!(step, Step::Call(id, _) if *id == function))
        .unwrap_or(0);
    let spawn = program.call(function, task);
    let mut evidence = vec![Evidence {
        location: program.step_location(&effect.steps[inside]),
        role,
        label: format!("{doing} in the task"),
    }];
    let site = program.site_of(effect);
    if site != evidence[0].location {
        evidence.push(Evidence { location: site, role, label: doing.clone() });
    }
    if let Some(serve) = serve {
        let serve_step = program.parting(effect, serve).map_or(serve.steps[0], |(_, step)| step);
        evidence.push(Evidence {
            location: program.step_location(&serve_step),
            role: Role::ServePoint,
            label: "the server starts without waiting for it".to_owned(),
        });
    }
    let resource = program.resource_name(effect);
    let in_need =
        serve.is_none_or(|serve| program.needs_database(serve) && program.may_ask_for(serve, effect));
    let confidence = match (effect.certain && serve.is_none_or(|serve| serve.certain), in_need) {
        // One implementation of several may prepare what the others do not need.
        (false, _) => Confidence::Low,
        // What the function gives back may be a promise of the result.
        (true, _) if entry.is_none() && !program.gives_handle(function) => Confidence::Medium,
        // Those who send it messages wait for their answers; others may not.
        (true, true) if program.is_asked_by_messages(function, task) => Confidence::Medium,
        (true, true) => Confidence::High,
        // Whoever reads a slot that is filled later has to say what happens before.
        (true, false) if fills_slot(program, function) => Confidence::Low,
        // Nothing this server answers is known to use the database: its health may still claim so.
        (true, false) => Confidence::Medium,
    };
    Finding {
        rule: "detached-init",
        confidence,
        message: match serve {
            Some(_) => format!("{doing} in a task that nobody waits for before serving"),
            None => format!("{doing} in a task that `{}` does not wait for", program.name_of(function)),
        },
        help: "await the initialization, or its join handle, before the server is polled".to_owned(),
        silent_if: "the task is joined, or a signal from it is awaited, before the serve point".to_owned(),
        primary: Evidence {
            location: program.location(function, spawn.span),
            role: Role::Spawn,
            label: "starts the task; nothing waits for it".to_owned(),
        },
        evidence,
        path: match entry {
            Some(entry) => program.hops(entry.main, &effect.steps[..inside]),
            None => program.way_to(function),
        },
        notes: Vec::new(),
        binary: entry.map(|entry| entry.binary.title.clone()),
        identity: vec![program.path_of(function), resource.clone().unwrap_or_else(|| "schema".to_owned())],
        resource,
    }
}

/// A migration of data by hand, in a task beside what already hands out the handle.
fn report_data(program: &Program<'_>, detached: &DetachedMigration) -> Finding {
    let name = program.name_of(detached.migrates);
    Finding {
        rule: "detached-init",
        // What a function of this name does is not known, only what it is called.
        confidence: Confidence::Medium,
        message: format!(
            "`{name}` runs in a task that nobody waits for, while the handle is already handed out"
        ),
        help: "await the migration before anybody gets the handle, or name it for what may happen late"
            .to_owned(),
        silent_if: "the task is joined, or a signal from it is awaited".to_owned(),
        primary: Evidence {
            location: program.location(detached.function, detached.task),
            role: Role::Spawn,
            label: "starts the task; nothing waits for it".to_owned(),
        },
        evidence: vec![Evidence {
            location: program.location(detached.function, detached.call),
            role: Role::Migration,
            label: "whoever reads before this reads data as it was".to_owned(),
        }],
        path: program.way_to(detached.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(detached.function), name],
    }
}
