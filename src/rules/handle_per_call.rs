//! `handle-per-call`: what answers a request opens a pool, a client or a connection of its own each time.

use std::collections::BTreeMap;

use crate::catalog::{CallRole, TypeKind};
use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::bodies::{Target, Time};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind, Lifetime, Step};

/// A way from what answers requests to a creation.
struct PerCall<'p> {
    /// The function it is looked at from: the handler, or the one that registers it.
    from: FnId,
    effect: &'p Effect,
    /// The steps inside the handler.
    inside: &'p [Step],
    /// Whether it is known to answer a route, rather than a command of the person in front of the program.
    routed: bool,
}

/// Looks at handlers that an attribute makes, and at what functions register. All ways to one creation are one finding.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut by_site: BTreeMap<Location, Vec<PerCall<'_>>> = BTreeMap::new();
    for (id, _) in program.linked().filter(|(id, _)| program.scope(*id) == Scope::Production) {
        for way in ways(program, id) {
            let Some(site) = way.inside.last() else { continue };
            let known = by_site.entry(program.step_location(site)).or_default();
            if !known.iter().any(|other| other.inside == way.inside) {
                known.push(way);
            }
        }
    }
    by_site.values().filter_map(|ways| per_call(program, ways)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let effects = program.effects(id);
    if !effects.iter().any(Effect::creates_handle) {
        return "no handle is created here or in what it calls".to_owned();
    }
    let answers = program.is_attribute_handler(id)
        || effects.iter().any(|effect| effect.has_time(|time| matches!(time, Time::Handler(_))));
    match answers {
        true => {
            "what a request makes stays, is made once, or its address is not known well enough".to_owned()
        }
        false => "nothing here is seen to answer requests".to_owned(),
    }
}

fn ways<'p>(program: &'p Program<'_>, id: FnId) -> Vec<PerCall<'p>> {
    let marked = program.is_attribute_handler(id);
    let ways = program.effects(id).iter().filter_map(|effect| {
        let registered = effect.times.iter().position(|(function, time)| {
            matches!(time, Time::Handler(_) if *function == id)
        });
        let (inside, times) = match registered {
            Some(at) => {
                let Time::Handler(call) = effect.times[at].1 else { return None };
                let api = program.call(id, call).span;
                // A handler passed by name is entered by the registering call itself.
                let by_name = matches!(effect.steps[0], Step::Call(function, step) if function == id && program.call(id, step).span == api);
                (&effect.steps[usize::from(by_name)..], &effect.times[at + 1..])
            }
            None if marked => (&effect.steps[..], &effect.times[..]),
            None => return None,
        };
        let wrapped = registered.is_some_and(|at| {
            let (_, Time::Handler(call)) = effect.times[at] else { return false };
            matches!(program.call(id, call).target, Target::Library(facts) if facts.role == CallRole::HandlerWrap)
        });
        let handler = *program.functions_on(inside).first()?;
        let each_time = times.iter().all(|(_, time)| matches!(time, Time::Parallel(_) | Time::Task(_))) && effect.once.is_none();
        let goes = matches!(effect.lifetime, Lifetime::Local { .. } | Lifetime::Ended);
        (effect.creates_handle() && each_time && goes).then_some(PerCall {
            from: id,
            effect,
            inside,
            routed: wrapped || program.has_attribute_route(handler),
        })
    });
    ways.collect()
}

fn per_call(program: &Program<'_>, ways: &[PerCall<'_>]) -> Option<Finding> {
    let known = |way: &&PerCall<'_>| {
        program.resource_of(way.effect).is_some_and(|id| program.resource(id).confidence > Confidence::Low)
    };
    let ways: Vec<&PerCall<'_>> = ways.iter().filter(known).collect();
    let first = *ways.first()?;
    let EffectKind::Create { handle, .. } = &first.effect.kind else { return None };
    let resource = program.resource(program.resource_of(first.effect)?);
    let noun = program.noun(first.effect);
    let shown = program.resource_phrase(resource);
    // The last function that all ways go through is where the cure belongs.
    let shared = shared_end(&ways);
    let place = first.inside[first.inside.len() - shared];
    let function = program.functions_on(&[place])[0];
    let certain = ways.iter().any(|way| {
        way.routed
            && way.effect.certain
            && !way.effect.looped
            && !way.inside.iter().any(|step| program.is_conditional(step))
    });
    let proven = certain && *handle != TypeKind::Connection && program.is_of_database(first.effect);
    let confidence = if proven { Confidence::High } else { Confidence::Medium };
    let mut evidence: Vec<Evidence> = Vec::new();
    let site = first.inside.last()?;
    if *site != place {
        let location = program.step_location(site);
        evidence.push(Evidence { location, role: Role::InitSite, label: format!("{noun} is created here") });
    }
    for way in &ways {
        let handler = program.functions_on(way.inside)[0];
        let location = program.step_location(&way.inside[0]);
        if way.inside[0] != place && !evidence.iter().any(|one| one.location == location) {
            let label = format!("each call of `{}` comes here", program.name_of(handler));
            evidence.push(Evidence { location, role: Role::Handler, label });
        }
    }
    let handlers: Vec<String> =
        ways.iter().map(|way| program.name_of(program.functions_on(way.inside)[0])).collect();
    let who = match handlers.as_slice() {
        [only] => format!("every call of `{only}`"),
        [one, rest @ ..] if rest.iter().all(|other| other == one) => format!("every call of `{one}`"),
        _ => "every request".to_owned(),
    };
    Some(Finding {
        rule: "handle-per-call",
        confidence: confidence.min(resource.confidence),
        message: format!("{who} opens its own {noun} to {shown}"),
        help: format!("create the {noun} once at start-up and give it to the handlers as state"),
        silent_if: "the handle is kept: in state, in a once cell, or in a map by its key".to_owned(),
        primary: Evidence {
            location: program.step_location(&place),
            role: Role::InitSite,
            label: format!("a new {noun} each time"),
        },
        evidence,
        path: program.hops(first.from, &first.effect.steps),
        notes: Vec::new(),
        binary: None,
        resource: Some(resource.id.clone()),
        identity: vec![program.path_of(function), resource.id.clone()],
    })
}

/// How many steps at their ends all ways have in common; at least one, the creation.
fn shared_end(ways: &[&PerCall<'_>]) -> usize {
    let first = ways[0].inside;
    let shared = |count: &usize| ways.iter().all(|way| way.inside.ends_with(&first[first.len() - count..]));
    (1..=first.len()).take_while(shared).last().unwrap_or(1)
}
