//! `handle-per-call`: what answers a request opens a pool, a client or a connection of its own each time.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{CallRole, TypeKind};
use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::bodies::{Target, Time};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind, Lifetime, Step};
use crate::program::values::Value;
use crate::program::{Program, ResourceId};

/// Who makes the handle again and again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// A handler that is known to answer a route.
    Route,
    /// Another handler: perhaps of the person in front of the program.
    Handler,
    /// One of several methods of an object.
    Operation,
    /// A loop that goes on.
    Turn,
    /// A task for each item of a list.
    Item,
    /// Whoever clones an object.
    Clone,
}

/// A way from what answers requests to a creation.
struct PerCall<'p> {
    /// The function it is looked at from: the handler, or the one that registers it.
    from: FnId,
    effect: &'p Effect,
    /// The steps inside the handler.
    inside: &'p [Step],
    caller: Caller,
    /// The handler, and the address over its parameters.
    own: (FnId, &'p Value),
    /// The database, where its address has a name.
    named: Option<ResourceId>,
    /// The type whose method has the library call, and the address over its fields, where it is made of them.
    keeper: Option<(String, &'p Value)>,
    /// Whether every call has the same address.
    fixed: bool,
}

impl<'p> PerCall<'p> {
    /// A way from code that is no handler, to a database whose address has a name.
    fn to_named(
        program: &'p Program<'_>,
        from: FnId,
        effect: &'p Effect,
        caller: Caller,
        resource: ResourceId,
    ) -> Self {
        Self {
            from,
            effect,
            inside: &effect.steps,
            caller,
            own: (from, &effect.address),
            named: Some(resource),
            keeper: keeper(program, effect),
            fixed: true,
        }
    }

    /// Whether the handler is a closure of the function that registers it.
    fn answers_in_a_closure(&self) -> bool {
        let registers =
            |(function, time): &(FnId, Time)| *function == self.from && matches!(time, Time::Handler(_));
        self.own.0 == self.from && self.effect.times.iter().any(registers)
    }

    /// Where the handle is opened.
    fn site(&self, program: &Program<'_>) -> Location {
        program.step_location(&self.inside[self.inside.len() - 1])
    }

    /// Whether one cure is for both: they meet in one creation, or lead to one database.
    fn has_cause_of(&self, other: &Self) -> bool {
        self.effect.site == other.effect.site
            || (self.fixed && self.own == other.own)
            || (self.named.is_some() && self.named == other.named)
            || (self.keeper.is_some() && (&self.keeper, self.own.1) == (&other.keeper, other.own.1))
    }
}

/// The type whose method makes a handle from what its object keeps, and the address over the fields.
fn keeper<'p>(program: &'p Program<'_>, effect: &Effect) -> Option<(String, &'p Value)> {
    let (function, _) = effect.site;
    let own = program.effects(function).iter().find(|own| own.site == effect.site && own.steps.len() == 1)?;
    let is_kept =
        own.address.any(|part| matches!(part, Value::Field(inner, _) if **inner == Value::Receiver));
    is_kept.then(|| (owner_of(program, function), &own.address))
}

/// The path of the type, or of the module, that has a function.
fn owner_of(program: &Program<'_>, function: FnId) -> String {
    let path = program.path_of(function);
    path.rsplit_once("::").map_or("", |(owner, _)| owner).to_owned()
}

/// Looks at handlers that an attribute makes, and at what functions register. All creations for one database are one
/// finding.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut causes: Vec<Vec<PerCall<'_>>> = Vec::new();
    for (id, _) in program.linked().filter(|(id, _)| program.scope(*id) == Scope::Production) {
        for way in ways(program, id) {
            let (same, mut others): (Vec<_>, Vec<_>) =
                causes.into_iter().partition(|cause| cause.iter().any(|other| other.has_cause_of(&way)));
            let mut cause: Vec<PerCall<'_>> = same.into_iter().flatten().collect();
            if !cause.iter().any(|other| other.inside == way.inside) {
                cause.push(way);
            }
            others.push(cause);
            causes = others;
        }
    }
    causes.extend(turns(program).into_values());
    let known: BTreeSet<_> = causes.iter().flatten().map(|way| way.effect.site).collect();
    causes.extend(items(program).into_values().filter(|ways| !known.contains(&ways[0].effect.site)));
    causes.extend(clones(program));
    for operations in operations(program).into_values() {
        let met = |way: &PerCall<'_>| causes.iter().flatten().any(|known| known.has_cause_of(way));
        // A method that only calls another one of them is the same operation.
        let calls_another = |way: &&PerCall<'_>| {
            operations.iter().any(|other| other.own.0 != way.own.0 && way.inside.ends_with(other.inside))
        };
        let several = operations
            .iter()
            .filter(|way| !calls_another(way))
            .map(|way| way.own.0)
            .collect::<BTreeSet<_>>()
            .len()
            > 1;
        if several && !operations.iter().any(met) {
            causes.push(operations);
        }
    }
    // One function may well write to a path of its own; what opens for several handlers is shared by them.
    causes.retain(|cause| {
        let first = &cause[0];
        cause.iter().any(|way| way.fixed)
            || gives_away(program, first) && cause.iter().any(|way| way.own.0 != first.own.0)
    });
    causes.iter().filter_map(|cause| per_call(program, cause)).collect()
}

/// Methods of shared objects that open a handle from what the object keeps, by the type and the address. They need not
/// be seen to answer requests: one of several that do the same is called more than once.
fn operations<'p>(program: &'p Program<'_>) -> BTreeMap<(String, &'p Value), Vec<PerCall<'p>>> {
    let mut found: BTreeMap<(String, &Value), Vec<PerCall<'_>>> = BTreeMap::new();
    for (id, _) in program.linked() {
        if program.scope(id) != Scope::Production || !program.is_concurrent(id) {
            continue;
        }
        for effect in program.effects(id) {
            let address = &effect.address;
            let kept =
                address.any(|part| matches!(part.root(), Value::Receiver) && program.is_shared(id, part));
            let each_time =
                effect.times.iter().all(|time| program.is_moved_aside(time)) && effect.once.is_none();
            let fixed = kept && program.is_same_for_all_requests(id, address);
            // Who gives the handle back leaves it to the caller how often there is a new one.
            let uses_it_up = goes(program, effect) && !program.may_give_handle(id);
            if effect.creates_handle() && each_time && uses_it_up && fixed {
                found.entry((owner_of(program, id), address)).or_default().push(PerCall {
                    from: id,
                    effect,
                    inside: &effect.steps,
                    caller: Caller::Operation,
                    own: (id, address),
                    named: None,
                    keeper: keeper(program, effect),
                    fixed,
                });
            }
        }
    }
    found
}

/// What loops that go on open in each turn, by database. A single connection may be what a loop is there for: it is opened again when
/// it is lost. Several of them beside a pool of the same process are what the pool is there for.
fn turns<'p>(program: &'p Program<'_>) -> BTreeMap<ResourceId, Vec<PerCall<'p>>> {
    let mut found: BTreeMap<ResourceId, Vec<PerCall<'_>>> = BTreeMap::new();
    for (id, body) in program.linked().filter(|(id, _)| program.scope(*id) == Scope::Production) {
        for effect in program.effects(id) {
            let plain = |(_, time): &(FnId, Time)| matches!(time, Time::Parallel(_) | Time::Task(_));
            let each_time = effect.times.iter().all(plain) && effect.once.is_none() && effect.certain;
            if !effect.creates_handle()
                || !goes(program, effect)
                || !each_time
                || !body.in_loop_that_goes_on(effect.context)
            {
                continue;
            }
            let Some(resource) = named(program, effect) else { continue };
            let way = PerCall::to_named(program, id, effect, Caller::Turn, resource);
            found.entry(resource).or_default().push(way);
        }
    }
    found.retain(|resource, ways| {
        let makes_pool = |effect: &Effect| {
            matches!(effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. })
                && program.resource_of(effect) == Some(*resource)
        };
        let beside_pool = program.production_entries().any(|entry| {
            program.process_effects(entry).any(|(_, effect)| makes_pool(effect))
                && ways.iter().any(|way| program.reaches(entry.main, way.from))
        });
        let through: BTreeSet<&Step> = ways.iter().filter_map(|way| asks_for_it(program, way)).collect();
        ways.iter().any(|way| makes_pool(way.effect)) || beside_pool && through.len() > 1
    });
    found
}

/// What tasks open that are started for each item of a list, by database: as many at once as there are items.
fn items<'p>(program: &'p Program<'_>) -> BTreeMap<ResourceId, Vec<PerCall<'p>>> {
    let mut found: BTreeMap<ResourceId, Vec<PerCall<'_>>> = BTreeMap::new();
    for (id, _) in program.linked().filter(|(id, _)| program.scope(*id) == Scope::Production) {
        for effect in program.effects(id) {
            let [(function, Time::Task(task)), inner @ ..] = &*effect.times else { continue };
            let plain = inner.iter().all(|(_, time)| matches!(time, Time::Parallel(_)));
            let each_time = plain && effect.once.is_none() && effect.certain && effect.creates_handle();
            if *function != id
                || !each_time
                || !goes(program, effect)
                || program.is_in_a_worker(effect)
                || !program.is_task_of_an_item(id, *task)
            {
                continue;
            }
            let Some(resource) = named(program, effect) else { continue };
            let way = PerCall::to_named(program, id, effect, Caller::Item, resource);
            found.entry(resource).or_default().push(way);
        }
    }
    found
}

/// What implementations of `Clone` open at a server from what the object keeps. Whoever clones a client expects to share it.
fn clones<'p>(program: &'p Program<'_>) -> Vec<Vec<PerCall<'p>>> {
    let production = program.linked().filter(|(id, _)| program.scope(*id) == Scope::Production);
    let opened = production.filter(|(id, _)| program.makes_a_clone(*id)).filter_map(|(id, _)| {
        let opens = |effect: &&Effect| {
            let kept = effect.address.any(|part| *part.root() == Value::Receiver);
            effect.creates_handle() && program.is_outside(effect) && effect.times.is_empty() && kept
        };
        let effect = program.effects(id).iter().find(opens)?;
        Some(vec![PerCall {
            from: id,
            effect,
            inside: &effect.steps,
            caller: Caller::Clone,
            own: (id, &effect.address),
            named: None,
            keeper: None,
            fixed: true,
        }])
    });
    opened.collect()
}

/// The database that an effect opens, where its address has a name.
fn named(program: &Program<'_>, effect: &Effect) -> Option<ResourceId> {
    program.resource_of(effect).filter(|id| program.resource(*id).confidence > Confidence::Low)
}

/// Whether nobody keeps the handle beyond the call, and a pool written by hand does not lend it out. What waits for messages has a
/// connection to itself.
fn goes(program: &Program<'_>, effect: &Effect) -> bool {
    !program.listens(effect)
        && matches!(effect.lifetime, Lifetime::Local { .. } | Lifetime::Ended)
        && !program.refills_a_store(effect)
}

/// Whether the function with the library call does nothing but give the handle to its caller.
fn gives_away(program: &Program<'_>, way: &PerCall<'_>) -> bool {
    let mut own = program.effects(way.effect.site.0).iter().filter(|own| own.site == way.effect.site);
    own.any(|own| own.steps.len() == 1 && own.lifetime == Lifetime::Returned)
}

/// The call that wants the handle, where functions that give it to their callers lie between it and the library call.
fn asks_for_it<'w>(program: &Program<'_>, way: &'w PerCall<'_>) -> Option<&'w Step> {
    let hands_on = |at: usize| {
        let rest = &way.inside[at..];
        program.functions_on(rest).first().is_some_and(|function| {
            let mut own = program.effects(*function).iter().filter(|own| *own.steps == *rest);
            own.any(|own| own.lifetime == Lifetime::Returned)
        })
    };
    let last = way.inside.len() - 1;
    let handed_on = (1..=last).rev().take_while(|at| hands_on(*at)).count();
    (handed_on > 0).then(|| &way.inside[last - handed_on])
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let effects = program.effects(id);
    if !effects.iter().any(Effect::creates_handle) {
        return "no handle is created here or in what it calls".to_owned();
    }
    let answers = program.is_called_by_library(id)
        || effects.iter().any(|effect| effect.has_time(|time| matches!(time, Time::Handler(_))));
    match answers {
        true => {
            "what a request makes stays, is made once, or its address is not known well enough".to_owned()
        }
        false => {
            "nothing here is seen to answer requests, or to open handles in a loop that goes on beside a pool, or in a task for each item of a list"
                .to_owned()
        }
    }
}

fn ways<'p>(program: &'p Program<'_>, id: FnId) -> Vec<PerCall<'p>> {
    let marked = program.is_called_by_library(id);
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
        let plain = |(_, time): &(FnId, Time)| matches!(time, Time::Parallel(_) | Time::Task(_));
        let each_time = times.iter().all(plain) && effect.once.is_none();
        let seen_inside = program.effects(handler).iter().find(|own| *own.steps == *inside);
        let address = seen_inside.map_or(&effect.address, |own| &own.address);
        let named = named(program, effect);
        // An address that nobody could trace may come with the request.
        let fixed = named.is_some()
            || seen_inside.is_some() && program.is_same_for_all_requests(handler, address);
        // Whatever the path is, two requests may have the same.
        let repeats = fixed || program.opens_exclusively(effect);
        let opens = effect.creates_handle() && !effect.opens_one_of_its_own()
            || program.connects_undescribed(effect);
        // What an extractor gives ends with the request that it is extracted from.
        let is_given_out = marked && registered.is_none() && effect.lifetime == Lifetime::Returned;
        let ends = is_given_out || goes(program, effect);
        (opens && each_time && ends && repeats).then_some(PerCall {
            from: id,
            effect,
            inside,
            caller: if wrapped || program.has_attribute_route(handler) { Caller::Route } else { Caller::Handler },
            own: (handler, address),
            named,
            keeper: keeper(program, effect),
            fixed,
        })
    });
    ways.collect()
}

fn per_call(program: &Program<'_>, cause: &[PerCall<'_>]) -> Option<Finding> {
    // A pool each time is worse than a connection.
    let is_pool =
        |way: &PerCall<'_>| matches!(way.effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. });
    let first = cause.iter().min_by_key(|way| (way.named.is_none(), !is_pool(way), way.site(program)))?;
    let EffectKind::Create { handle, .. } = &first.effect.kind else { return None };
    let resource = program.resource(program.resource_of(first.effect)?);
    let noun = program.noun(first.effect);
    let shown = program.resource_phrase(resource);
    let certain = cause.iter().any(|way| {
        way.caller == Caller::Route
            && way.effect.certain
            && !way.effect.looped
            && !way.inside.iter().any(|step| program.is_conditional(step))
    });
    let is_known = !matches!(handle, TypeKind::Connection | TypeKind::Config);
    let proven = certain && is_known && program.is_of_database(first.effect);
    let confidence = if proven { resource.confidence } else { Confidence::Medium };
    let who = who(program, cause, first);
    let function = first.effect.site.0;
    Some(Finding {
        rule: "handle-per-call",
        confidence: confidence.max(Confidence::Medium),
        message: format!("{who} opens its own {noun} to {shown}"),
        help: match first.caller {
            Caller::Turn => {
                format!("take a connection from a pool in each turn, or keep the {noun} outside the loop")
            }
            Caller::Item => {
                "take a connection from a pool in each task: it bounds how many there are".to_owned()
            }
            Caller::Operation => format!("create the {noun} once and keep it in the object"),
            Caller::Clone => "keep a pool or an `Arc` in the object, and clone that".to_owned(),
            _ => format!("create the {noun} once at start-up and give it to the handlers as state"),
        },
        silent_if: "the handle is kept: in state, in a once cell, or in a map by its key".to_owned(),
        primary: Evidence {
            location: first.site(program),
            role: Role::InitSite,
            label: format!("a new {noun} each time"),
        },
        evidence: further_places(program, cause, first),
        path: program.hops(first.from, &first.effect.steps),
        notes: Vec::new(),
        binary: None,
        resource: Some(resource.id.clone()),
        identity: vec![program.path_of(function), resource.id.clone()],
    })
}

/// The other places at which the handles are opened, and those from which.
fn further_places(program: &Program<'_>, cause: &[PerCall<'_>], first: &PerCall<'_>) -> Vec<Evidence> {
    let noun = program.noun(first.effect);
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut add = |location: Location, role: Role, label: String| {
        if location != first.site(program) && !evidence.iter().any(|one| one.location == location) {
            evidence.push(Evidence { location, role, label });
        }
    };
    for way in cause {
        add(way.site(program), Role::InitSite, format!("another {noun}"));
    }
    for way in cause {
        if let Some(through) = asks_for_it(program, way)
            && *through != way.inside[0]
        {
            add(
                program.step_location(through),
                Role::InitSite,
                format!("the {noun} is opened for this call"),
            );
        }
    }
    for way in cause {
        let label = match way.caller {
            Caller::Turn => "each turn of a loop that goes on comes here".to_owned(),
            Caller::Item => "a task for each item comes here".to_owned(),
            _ if way.answers_in_a_closure() => "each request comes here".to_owned(),
            _ => format!("each call of `{}` comes here", program.name_of(way.own.0)),
        };
        add(program.step_location(&way.inside[0]), Role::Handler, label);
    }
    evidence
}

/// Who opens a handle each time.
fn who(program: &Program<'_>, cause: &[PerCall<'_>], first: &PerCall<'_>) -> String {
    let name = program.name_of(first.own.0);
    match name.rsplit_once("::") {
        _ if first.caller == Caller::Turn => "every turn of a loop".to_owned(),
        _ if first.caller == Caller::Item => "the task of every item".to_owned(),
        _ if first.answers_in_a_closure() => "every request".to_owned(),
        Some((owner, _)) if first.caller == Caller::Clone => format!("every clone of `{owner}`"),
        _ if cause.iter().all(|way| way.own.0 == first.own.0) => format!("every call of `{name}`"),
        Some((owner, _)) if first.caller == Caller::Operation => format!("every operation of `{owner}`"),
        _ => "every request".to_owned(),
    }
}
