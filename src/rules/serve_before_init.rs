//! `serve-before-init`: the server answers while a resource that its handlers need is not there yet.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::bodies::Time;
use crate::program::entries::Entry;
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::start_up::Gate;
use crate::program::summaries::{Effect, EffectKind, Holder, Lifetime, Step};

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
            .filter(|(index, effect)| {
                is_required(effect)
                    && !program.is_optional(effect)
                    && is_late(program, serve, effect, *index > at)
                    && !is_own(effects, serve, effect)
            })
            .map(|(_, effect)| effect)
            .collect();
        let Some(first) = late.first() else { continue };
        let handler = program.handler_in_need(serve);
        if program.needs_database(serve) && program.gate_before(serve) != Gate::Looks {
            findings.push(report(program, entry, serve, first, &late, handler));
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let effects = program.effects(id);
    if !effects.iter().any(|effect| effect.kind == EffectKind::Serve) {
        return "nothing is served here or in what it calls".to_owned();
    }
    match effects.iter().any(is_required) {
        true => "what handlers need is there before they are asked, or a gate answers until it is".to_owned(),
        false => "nothing that handlers could only reach through a shared place is made here".to_owned(),
    }
}

/// What handlers can only reach through a process-wide place, or a schema change.
fn is_required(effect: &Effect) -> bool {
    let detached = effect.has_time(|time| matches!(time, Time::Task(_) | Time::Handler(_)));
    match &effect.kind {
        EffectKind::Migrate => !detached,
        EffectKind::Create { .. } => {
            // A lazy static is made by whoever comes first, a request included.
            let by_first_use = effect.steps.iter().any(|step| matches!(step, Step::Static(..)));
            effect.creates_handle()
                && !detached
                && !by_first_use
                && matches!(effect.lifetime, Lifetime::Held(Holder::Static(_) | Holder::Place(_)))
        }
        EffectKind::Serve => false,
    }
}

/// Whether the effect belongs to another server that starts beside this one and serves afterwards.
fn is_own(effects: &[Effect], serve: &Effect, effect: &Effect) -> bool {
    effects.iter().any(|other| {
        other.kind == EffectKind::Serve
            && other.site != serve.site
            && other.steps.first() == effect.steps.first()
            && other.steps.first() != serve.steps.first()
            && effect.steps.len() > 1
    })
}

/// Whether the effect happens after the server began to answer, or beside it.
fn is_late(program: &Program<'_>, serve: &Effect, effect: &Effect, after: bool) -> bool {
    let parallel =
        |effect: &Effect| effect.times.iter().find(|(_, time)| matches!(time, Time::Parallel(_))).copied();
    let beside = parallel(serve).is_some() && parallel(serve) == parallel(effect);
    if beside {
        return serve.steps.first() != effect.steps.first();
    }
    after && !program.exclusive(serve, effect) && program.parting(serve, effect).is_some()
}

fn report(
    program: &Program<'_>,
    entry: &Entry,
    serve: &Effect,
    first: &Effect,
    late: &[&Effect],
    handler: Option<FnId>,
) -> Finding {
    let (serve_step, _) = program.parting(serve, first).unwrap_or((serve.steps[0], first.steps[0]));
    let function = program.functions_on(std::slice::from_ref(&serve_step))[0];
    let what = |effect: &Effect| match effect.kind {
        EffectKind::Migrate => (Role::Migration, "the schema is changed".to_owned()),
        _ => (Role::InitSite, format!("the {} is created", program.noun(effect))),
    };
    // A server that is spawned answers from the spawn on.
    let spawned = serve.times.iter().find_map(|(owner, time)| match time {
        Time::Task(call) if *owner == function => {
            Some(program.location(*owner, program.call(*owner, *call).span))
        }
        _ => None,
    });
    let place = spawned.unwrap_or_else(|| program.step_location(&serve_step));
    let mut evidence: Vec<Evidence> = Vec::new();
    for effect in late {
        let (role, label) = what(effect);
        let site = program.step_location(&effect.steps[effect.steps.len() - 1]);
        evidence.push(Evidence { location: site, role, label: format!("{label} only here") });
    }
    let site = program.step_location(&serve.steps[serve.steps.len() - 1]);
    if site != place {
        evidence.push(Evidence { location: site, role: Role::ServePoint, label: "the server".to_owned() });
    }
    if let Some((owner, Time::Task(call))) =
        serve.times.iter().find(|(_, time)| matches!(time, Time::Task(_)))
    {
        let location = program.location(*owner, program.call(*owner, *call).span);
        if location != place {
            evidence.push(Evidence {
                location,
                role: Role::ServePoint,
                label: "it is started here".to_owned(),
            });
        }
    }
    if let Some(handler) = handler {
        evidence.push(Evidence {
            location: program.declaration(handler),
            role: Role::Handler,
            label: format!("`{}` needs the database", program.name_of(handler)),
        });
    }
    evidence.sort();
    evidence.dedup();
    let confidence = match (serve.certain && first.certain, program.gate_before(serve)) {
        (false, _) => Confidence::Low,
        (true, Gate::None) => Confidence::High,
        (true, _) => Confidence::Medium,
    };
    let (_, doing) = what(first);
    let resource = program.resource_of(first).map(|id| program.resource(id).id.clone());
    Finding {
        rule: "serve-before-init",
        confidence,
        message: format!("the server answers before {doing}"),
        help: "finish creating, migrating and verifying before the server is polled; binding the socket early is fine"
            .to_owned(),
        silent_if: "the server that starts first has no handler that uses the database".to_owned(),
        primary: Evidence {
            location: place,
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
