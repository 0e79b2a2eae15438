//! Room 5, *program*: tasks that go to work on a database while start-up is still preparing it.

use std::collections::BTreeSet;

use super::bodies::{Argument, Call, CallId, Event, EventKind, LinkedBody, Target, Time};
use super::entries::Entry;
use super::inventory::Scope;
use super::items::{FnId, StaticId};
use super::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use super::types::Ty;
use super::values::Value;
use super::{Program, ResourceId, bodies, is_long_lived, reach};
use crate::catalog::{CallRole, TypeKind, UNKNOWN_DRIVER, driver_facts};
use crate::finding::Confidence;
use crate::location::Location;

/// A worker that starts before what it needs is there.
#[derive(Debug)]
pub struct EarlyWorker<'p> {
    /// The function that decides about the order.
    pub function: FnId,
    /// The call in it that starts the worker, or leads to that.
    pub starts: CallId,
    /// Where the worker first uses a database handle.
    pub uses: Location,
    /// What is prepared only afterwards.
    pub effect: &'p Effect,
}

/// How deep calls are followed, from start-up to the spawn and from there to the use.
const DEPTH: u32 = 5;

/// What a worker does with a database first.
struct Work {
    /// Where.
    uses: Location,
    /// The driver of the handle, if it is known.
    driver: Option<String>,
    /// The statics that are used on the way.
    statics: Vec<StaticId>,
}

/// What a task comes to first.
enum First {
    /// A handle, with its driver where that is known.
    Use(Location, Option<String>),
    /// Something that it waits for.
    Wait,
    /// Neither.
    Nothing,
}

/// What is known of a task on the way to its first use of a handle.
#[derive(Default)]
struct Way {
    is_loop: bool,
    statics: Vec<StaticId>,
}

impl Program<'_> {
    /// Whether a task waits for messages that say more than that it should stop.
    pub fn is_asked_by_messages(&self, function: FnId, task: CallId) -> bool {
        let Some(body) = self.body(function) else { return false };
        let receives = |ty: &Ty| {
            let facts = self.types.type_facts(bodies::settled(ty));
            let Ty::External(_, args) = bodies::settled(ty) else { return false };
            facts.is_some_and(|facts| facts.kind == TypeKind::Receiver) && args.first() != Some(&Ty::unit())
        };
        let takes = |call: &Call<'_>| match &call.target {
            Target::Local { targets, .. } => {
                targets.iter().any(|target| self.types.signature(*target).params.iter().any(receives))
            }
            _ => call.inputs().any(|input| receives(&input.ty)),
        };
        let started = body.call(task).span;
        body.calls.iter().filter(|call| started.encloses(call.span)).any(takes)
    }

    /// Whether a task opens connections of its own, to databases that nothing else of the binary keeps open: whoever asks it waits until they
    /// are there.
    pub fn works_alone(&self, entry: &Entry, function: FnId, task: CallId) -> bool {
        let in_task = |effect: &Effect| effect.times.contains(&(function, Time::Task(task)));
        let is_own = |effect: &Effect| {
            let known = |id: &ResourceId| self.resource(*id).confidence > Confidence::Low;
            let resource = self.resource_of(effect).filter(known);
            let shared = resource.is_some_and(|resource| {
                self.process_effects(entry).any(|(_, other)| {
                    let stays = is_long_lived(&other.lifetime) && !in_task(other);
                    stays && self.resource_of(other) == Some(resource)
                })
            });
            matches!(effect.lifetime, Lifetime::Local { .. } | Lifetime::Ended) && !shared
        };
        let effects = self.effects(entry.main).iter().filter(|effect| in_task(effect));
        let mut opened = effects.filter(|effect| effect.creates_handle()).peekable();
        opened.peek().is_some() && opened.all(is_own)
    }

    /// The workers of start-up code that use a database in a loop, before a later step of the same function changes its
    /// schema or puts the handle in its place; each start once, in order. Who waits or sleeps first is no early worker.
    pub fn early_workers(&self) -> Vec<EarlyWorker<'_>> {
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            if self.scope(function) != Scope::Production || self.is_concurrent(function) {
                continue;
            }
            let prepares = |effect: &&Effect| {
                effect.is_in_line()
                    && effect.once.is_none()
                    && !self.is_optional(effect)
                    && ((effect.kind == EffectKind::Migrate && !self.prepares_nothing(effect))
                        || (effect.creates_handle()
                            && matches!(effect.lifetime, Lifetime::Held(Holder::Static(_)))))
            };
            let prepared: Vec<&Effect> = self.effects(function).iter().filter(prepares).collect();
            if prepared.is_empty() {
                continue;
            }
            for event in &body.events {
                let (starts, worker) = match &event.kind {
                    EventKind::Block { time: Time::Task(by), .. }
                    | EventKind::Call { time: Time::Task(by), .. } => (*by, self.work(function, body, event)),
                    EventKind::Call { call, time: Time::Inline } => {
                        (*call, self.worker_behind(body.call(*call), DEPTH))
                    }
                    _ => continue,
                };
                let Some(Work { uses, driver, statics }) = worker else { continue };
                // What was prepared once is prepared.
                let came_before = |wanted: &Effect| {
                    prepared.iter().any(|effect| {
                        let before = matches!(effect.steps[0], Step::Call(_, call) if call < starts);
                        before && effect.site == wanted.site && effect.certain
                    })
                };
                let is_elsewhere = |wanted: &Effect| {
                    let changed = self.changed_driver(wanted);
                    // A driver that the address alone decides may be any of them.
                    let is_known = |name: &String| name != UNKNOWN_DRIVER;
                    let both = changed.filter(is_known).zip(driver.as_ref().filter(|name| is_known(name)));
                    both.is_some_and(|(changed, used)| changed != *used)
                };
                let used = self.databases_given(function, body, starts);
                let is_of_another = |wanted: &Effect| {
                    let effects = self.effects(function);
                    let at = effects.iter().position(|effect| std::ptr::eq(effect, wanted));
                    let opened = at.and_then(|at| self.opened_for(effects, at));
                    let changed = opened.and_then(|(_, opened)| self.resource_of(opened));
                    changed.is_some_and(|changed| !used.is_empty() && !used.contains(&changed))
                };
                // Of several files it is not known which one is meant.
                if driver.as_ref().is_some_and(|driver| self.opens_several_files(driver)) {
                    continue;
                }
                // Who opens the handle as well, where it is missing, does not depend on the order.
                let opens = |wanted: &Effect| {
                    self.effects(function).iter().any(|effect| {
                        effect.site == wanted.site
                            && (effect.steps.first() == Some(&Step::Call(function, starts))
                                || effect.times.contains(&(function, Time::Task(starts))))
                    })
                };
                // Whoever waits in between, by whatever means, may wait for what the worker does.
                let waits_before = |step: CallId| {
                    let between = body.calls.get(starts.0 as usize + 1..step.0 as usize).unwrap_or_default();
                    let waits = |call: &Call<'_>| {
                        !waits_for_the_database(self, call)
                            && (self.waits(call) || says_that_it_waits(self, call))
                    };
                    between.iter().any(waits)
                };
                let late = prepared.iter().filter(|effect| !opens(effect)).find(|effect| {
                    let Step::Call(_, call) = effect.steps[0] else { return false };
                    let needed = match effect.lifetime {
                        Lifetime::Held(Holder::Static(id)) => statics.contains(&id),
                        _ => effect.kind == EffectKind::Migrate,
                    };
                    needed
                        && call > starts
                        && !came_before(effect)
                        && !is_elsewhere(effect)
                        && !is_of_another(effect)
                        && !waits_before(call)
                        && !is_joined(body, starts, Some(call))
                        && !body.exclusive(event.context, effect.context)
                });
                if let Some(effect) = late {
                    found.push(EarlyWorker { function, starts, uses, effect });
                }
            }
        }
        found
    }

    /// The databases whose handles, made in the function, are given to what a call of it starts.
    fn databases_given(&self, function: FnId, body: &LinkedBody<'_>, starts: CallId) -> Vec<ResourceId> {
        let within = body.call(starts).span;
        let mut given = Vec::new();
        let inside = body.calls.iter().filter(|call| within.encloses(call.span));
        for input in inside.flat_map(|call| call.inputs()) {
            input.value.visit(&mut |part| {
                if let Value::Call(made) = part {
                    given.push(Step::Call(function, *made));
                }
            });
        }
        let opened = self.effects(function).iter().filter(|effect| effect.creates_handle());
        opened
            .filter(|effect| given.contains(&effect.steps[0]))
            .filter_map(|effect| self.resource_of(effect))
            .collect()
    }

    /// Whether databases in files are opened at several places of production code by a driver.
    fn opens_several_files(&self, wanted: &str) -> bool {
        let opens =
            |effect: &Effect| matches!(&effect.kind, EffectKind::Create { driver, .. } if driver == wanted);
        let effects = self.production_entries().flat_map(|entry| self.process_effects(entry));
        let sites: BTreeSet<_> =
            effects.filter(|(_, effect)| opens(effect)).map(|(_, effect)| effect.site).collect();
        driver_facts(wanted).place.is_inside() && sites.len() > 1
    }

    /// The worker that a function of the workspace starts when it is called.
    fn worker_behind(&self, call: &Call<'_>, depth: u32) -> Option<Work> {
        let Target::Local { targets, dispatched: false } = &call.target else { return None };
        let [target] = targets.as_slice() else { return None };
        let body = self.any_body(*target).filter(|_| depth > 0)?;
        body.events.iter().find_map(|event| match &event.kind {
            EventKind::Block { time: Time::Task(by), .. } | EventKind::Call { time: Time::Task(by), .. } => {
                self.work(*target, body, event).filter(|_| !is_joined(body, *by, None))
            }
            EventKind::Call { call, time: Time::Inline } => self.worker_behind(body.call(*call), depth - 1),
            _ => None,
        })
    }

    /// What a task does first, if it is a loop that uses a handle.
    fn work(&self, function: FnId, body: &LinkedBody<'_>, event: &Event) -> Option<Work> {
        let mut way = Way::default();
        match self.first_in(function, body, std::slice::from_ref(event), &mut way, DEPTH) {
            First::Use(uses, driver) if way.is_loop => Some(Work { uses, driver, statics: way.statics }),
            _ => None,
        }
    }

    fn first_in(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        events: &[Event],
        way: &mut Way,
        depth: u32,
    ) -> First {
        for event in events {
            let first = match &event.kind {
                EventKind::Wait | EventKind::Join(_) => First::Wait,
                EventKind::Static(id) => {
                    way.statics.push(*id);
                    First::Nothing
                }
                EventKind::Block { block, .. } => {
                    self.first_in(function, body, &body.blocks[block.0 as usize].events, way, depth)
                }
                EventKind::Call { call, .. } => self.first_of(function, body.call(*call), way, depth),
                _ => First::Nothing,
            };
            match first {
                First::Nothing => {}
                First::Use(..) => {
                    way.is_loop |= body.in_loop(event.context);
                    return first;
                }
                First::Wait => return first,
            }
        }
        First::Nothing
    }

    /// Whether the ticks that a call takes are of a timer whose first one is not due at once.
    fn begins_later(&self, function: FnId, call: &Call<'_>) -> bool {
        let timer = call.receiver.as_ref().map(|receiver| receiver.value.root());
        let (Some(Value::Call(made)), Some(body)) = (timer, self.any_body(function)) else { return false };
        let made = body.call(*made);
        let is_now = |value: &Value| matches!(value, Value::Call(at) if body.call(*at).name_of_callee() == Some("now"));
        made.name_of_callee() == Some("interval_at") && !made.args.first().is_some_and(|at| is_now(&at.value))
    }

    fn first_of(&self, function: FnId, call: &Call<'_>, way: &mut Way, depth: u32) -> First {
        let sleeps = match call.target {
            Target::Library(facts) => {
                let is_at_once = facts.first_at_once && !self.begins_later(function, call);
                facts.role == CallRole::Sleep && !is_at_once
            }
            _ => false,
        };
        if sleeps || self.waits(call) {
            return First::Wait;
        }
        if let Target::Local { targets, dispatched } = &call.target {
            let [target] = targets.as_slice() else { return First::Nothing };
            if depth == 0 || *dispatched {
                return First::Nothing;
            }
            let Some(body) = self.any_body(*target) else { return First::Nothing };
            return self.first_in(*target, body, &body.events, way, depth - 1);
        }
        let handle = call.inputs().find(|argument| reach::is_handle(self.types, &argument.ty));
        match handle.filter(|_| !reach::is_only_handed_on(call)) {
            // What waits for messages asks no table.
            Some(handle)
                if self.types.type_facts(bodies::settled(&handle.ty)).is_some_and(|facts| facts.listens) =>
            {
                First::Wait
            }
            Some(handle) => First::Use(self.location(function, call.span), self.driver_behind(&handle.ty)),
            None => First::Nothing,
        }
    }
}

/// Whether the name of a function of the workspace says that it waits.
fn says_that_it_waits(program: &Program<'_>, call: &Call<'_>) -> bool {
    let name = |target: &FnId| program.types.items.functions[target.index()].name.as_str();
    call.local_targets().iter().any(|target| name(target).starts_with("wait"))
}

/// Whether such a function is given nothing but a database, or data such as an address: it waits for no worker.
fn waits_for_the_database(program: &Program<'_>, call: &Call<'_>) -> bool {
    let is_of_database = |input: &Argument| {
        reach::is_handle(program.types, &input.ty) || program.types.is_plain_data(&input.ty)
    };
    says_that_it_waits(program, call) && call.inputs().next().is_some() && call.inputs().all(is_of_database)
}

/// Whether a task is waited for, before a call where one is given.
fn is_joined(body: &LinkedBody<'_>, task: CallId, before: Option<CallId>) -> bool {
    let is_call = |event: &&Event| match (&event.kind, before) {
        (EventKind::Call { call, .. }, Some(before)) => *call == before,
        _ => false,
    };
    let joins = |event: &Event| matches!(event.kind, EventKind::Join(joined) if joined == task);
    let until = body.events.iter().position(|event| is_call(&event)).unwrap_or(body.events.len());
    body.events[..until].iter().any(joins)
}
