//! `serve-before-init`: the server answers while a resource that its handlers need is not there yet.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::bodies::Time;
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind, Holder, Lifetime};
use crate::program::{Entry, Program};

/// Looks at the start-up of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.entries().iter().filter(|entry| entry.scope == Scope::Production);
    entries.flat_map(|entry| check_entry(program, entry)).collect()
}

fn check_entry(program: &Program<'_>, entry: &Entry) -> Vec<Finding> {
    let effects = program.effects(entry.main);
    let mut findings = Vec::new();
    for (at, serve) in effects.iter().enumerate() {
        if serve.kind != EffectKind::Serve {
            continue;
        }
        let late: Vec<&Effect> = effects
            .iter()
            .enumerate()
            .filter(|(index, effect)| is_required(effect) && is_late(program, serve, effect, *index > at))
            .map(|(_, effect)| effect)
            .collect();
        let Some(first) = late.first() else { continue };
        let Some(handler) = handler_in_need(program, serve) else { continue };
        findings.push(report(program, entry, serve, first, &late, handler));
    }
    findings
}

/// What handlers can only reach through a process-wide place, or a schema change.
fn is_required(effect: &Effect) -> bool {
    let detached = effect.has_time(|time| matches!(time, Time::Task(_) | Time::Handler(_)));
    match &effect.kind {
        EffectKind::Migrate => !detached,
        EffectKind::Create { .. } => !detached && matches!(effect.lifetime, Lifetime::Held(Holder::Static(_) | Holder::Place(_))),
        EffectKind::Serve => false,
    }
}

/// Whether the effect happens after the server began to answer, or beside it.
fn is_late(program: &Program<'_>, serve: &Effect, effect: &Effect, after: bool) -> bool {
    let parallel = |effect: &Effect| {
        effect.times.iter().find(|(_, time)| matches!(time, Time::Parallel(_))).copied()
    };
    let beside = parallel(serve).is_some() && parallel(serve) == parallel(effect);
    if beside {
        return serve.steps.first() != effect.steps.first();
    }
    after && !program.exclusive(serve, effect) && program.parting(serve, effect).is_some()
}

/// A handler registered on the way to the server that uses a database handle.
fn handler_in_need(program: &Program<'_>, serve: &Effect) -> Option<FnId> {
    program.handlers_before(serve).into_iter().find(|handler| program.needs_handle(*handler))
}

fn report(
    program: &Program<'_>,
    entry: &Entry,
    serve: &Effect,
    first: &Effect,
    late: &[&Effect],
    handler: FnId,
) -> Finding {
    let (serve_step, _) = program.parting(serve, first).unwrap_or((serve.steps[0], first.steps[0]));
    let function = program.functions_on(std::slice::from_ref(&serve_step))[0];
    let what = |effect: &Effect| match effect.kind {
        EffectKind::Migrate => (Role::Migration, "the schema is changed".to_owned()),
        _ => (Role::InitSite, format!("the {} is created", program.noun(effect))),
    };
    let mut evidence: Vec<Evidence> = late
        .iter()
        .map(|effect| {
            let step = program.parting(serve, effect).map_or(effect.steps[0], |(_, step)| step);
            let (role, label) = what(effect);
            Evidence { location: program.step_location(&step), role, label: format!("{label} only here") }
        })
        .collect();
    evidence.push(Evidence {
        location: program.declaration(handler),
        role: Role::Handler,
        label: format!("`{}` needs the database", program.name_of(handler)),
    });
    evidence.sort();
    evidence.dedup();
    let certain = serve.certain && first.certain && !program.has_middleware_before(serve);
    let (_, doing) = what(first);
    let resource = program.resource_of(first).map(|id| program.resource(id).id.clone());
    Finding {
        rule: "serve-before-init",
        confidence: if certain { Confidence::High } else { Confidence::Medium },
        message: format!("the server answers before {doing}"),
        help: "finish creating, migrating and verifying before the server is polled; binding the socket early is fine"
            .to_owned(),
        silent_if: "the server that starts first has no handler that uses the database".to_owned(),
        primary: Evidence {
            location: program.step_location(&serve_step),
            role: Role::ServePoint,
            label: "requests are answered from here on".to_owned(),
        },
        evidence,
        path: program.hops(entry.main, &serve.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.name.clone()),
        identity: vec![program.path_of(function), resource.clone().unwrap_or_else(|| "schema".to_owned())],
        resource,
    }
}
