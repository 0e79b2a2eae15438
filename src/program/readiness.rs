//! Room 5, *program*: route by route, which databases it needs, what keeps requests out until they are there, and which
//! probe it is. Plain data for readers; it judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::{Call, Target, Time};
use super::detached::Detached;
use super::doors::Door;
use super::entries::Entry;
use super::gates::Gate;
use super::inventory::Status;
use super::items::FnId;
use super::probes::{Examined, Probe, ProbeKind};
use super::routes::Route;
use super::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use super::values::Value;
use super::{Program, reach};
use crate::catalog::{CallRole, UNKNOWN_DRIVER};
use crate::location::Location;

/// What is known of the readiness of one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteReadiness {
    /// Where the handler is declared.
    pub location: Location,
    /// The route, or the handler's path where the route is not known.
    pub route: String,
    /// The drivers of the databases that it comes to use, sorted; `database` where the driver is not known.
    pub needs: Vec<String>,
    /// What keeps requests out until these are there.
    pub gate: Status,
    /// Where start-up prepares the last of them, and where it serves afterwards. `None` where it is not known which of
    /// several handles the route uses.
    pub barrier: Option<(Location, Location)>,
    /// Where the request itself opens the first of those that it does not find open. For [`Status::Nothing`] the call that
    /// starts the task that nobody waits for, where one is to blame.
    pub place: Option<Location>,
    /// Which probe it is: kind, and what it asks.
    pub probe: Option<String>,
    /// The binaries that answer it, sorted.
    pub binaries: Vec<String>,
}

impl Program<'_> {
    /// The routes that need a database or are probes, in the order of their handlers. Linear in functions and calls for each
    /// route.
    pub fn readiness(&self) -> Vec<RouteReadiness> {
        let mut search = Search::new(self);
        self.routes().iter().filter_map(|route| search.readiness_of(route)).collect()
    }

    /// The readiness of one route; `None` when it needs no database and is no probe.
    pub fn readiness_of(&self, route: &Route) -> Option<RouteReadiness> {
        Search::new(self).readiness_of(route)
    }
}

/// Looks into each function and each binary once, for all routes.
struct Search<'p, 'a> {
    program: &'p Program<'a>,
    probes: Vec<Probe<'p>>,
    processes: Vec<Process<'p>>,
    drivers: BTreeMap<FnId, BTreeSet<String>>,
}

/// What is known of a binary, whatever the route.
struct Process<'p> {
    entry: &'p Entry,
    reaches: BTreeSet<FnId>,
    /// The handlers of servers that answer too early.
    late: BTreeSet<FnId>,
    is_gated: bool,
    /// What nobody waits for, with the handlers of the server that answers before.
    detached: Vec<(Detached<'p>, BTreeSet<FnId>)>,
}

/// A route on its way through the program.
struct Way<'r> {
    route: &'r Route,
    /// The functions that the handler comes to, itself included.
    reached: BTreeSet<FnId>,
    /// The functions that register the handler.
    registered_by: BTreeSet<FnId>,
    /// The drivers of the databases that it needs.
    needs: Vec<String>,
}

impl Way<'_> {
    /// Whether it needs a database of this driver, as far as that is known.
    fn needs_driver(&self, driver: &str) -> bool {
        self.needs.iter().any(|needed| needed == driver || needed == UNKNOWN_DRIVER)
    }
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        let entries = program.production_entries();
        let processes = entries.map(|entry| {
            let late = program.initializations_after_serving(entry);
            let mut servers =
                program.effects(entry.main).iter().filter(|effect| effect.kind == EffectKind::Serve);
            let detached = program.detached_initializations(entry).into_iter().map(|detached| {
                let handlers = program.handlers_before(detached.serve).into_iter().collect();
                (detached, handlers)
            });
            Process {
                entry,
                detached: detached.collect(),
                reaches: program.callees_of(std::iter::once(entry.main), &|_| true),
                late: late.iter().flat_map(|late| program.handlers_before(late.serve)).collect(),
                is_gated: servers.any(|serve| program.gate_before(serve) == Gate::Looks),
            }
        });
        Self { program, probes: program.probes(), processes: processes.collect(), drivers: BTreeMap::new() }
    }

    fn readiness_of(&mut self, route: &Route) -> Option<RouteReadiness> {
        let program = self.program;
        let needs_any = program.needs_handle(route.function);
        let needs = if needs_any { self.drivers_of(route.function) } else { Vec::new() };
        let probe = self.probes.iter().find(|probe| probe.route == route);
        if probe.is_none() && !needs_any {
            return None;
        }
        let own: Vec<&Process<'_>> =
            self.processes.iter().filter(|process| process.reaches.contains(&route.function)).collect();
        let is_late = own.iter().any(|process| process.late.contains(&route.function));
        let is_gated = own.iter().any(|process| process.is_gated);
        let way = Way {
            route,
            reached: program.answered_by(route).into_iter().flat_map(|id| program.called_from(id)).collect(),
            registered_by: program.registering(route),
            needs,
        };
        let opened: Vec<Option<Location>> = way
            .needs
            .iter()
            .map(|driver| {
                own.iter().find_map(|process| program.opened_by_request(process.entry, &way, driver))
            })
            .collect();
        let opens_all = !opened.is_empty() && opened.iter().all(Option::is_some);
        let opened = opened.into_iter().flatten().next();
        let pending = own.iter().find_map(|process| program.pending(process, &way));
        let (gate, place) = match () {
            () if !needs_any => (Status::NotNeeded, None),
            () if program.looks_first(route.function) => (Status::LooksFirst, None),
            () if is_late && program.may_look_first(route.function) => (Status::LooksFirst, None),
            () if is_gated => (Status::Gate, None),
            () if is_late => (Status::Nothing, None),
            () if pending.is_some() => (Status::Nothing, pending),
            () if opens_all => (Status::Request, opened),
            () => (Status::StartUp, opened),
        };
        let mut barriers = own.iter().filter_map(|process| program.barrier(process.entry, &way));
        let barrier = if gate == Status::StartUp { barriers.next() } else { None };
        let mut binaries: Vec<String> =
            own.iter().map(|process| process.entry.binary.title.clone()).collect();
        binaries.sort();
        binaries.dedup();
        let probe = probe.map(|probe| described(probe, &program.examine(route)));
        Some(RouteReadiness {
            location: route.location,
            route: route.label.clone().unwrap_or_else(|| program.handler_name(route)),
            needs: way.needs,
            barrier,
            place,
            gate,
            probe,
            binaries,
        })
    }

    fn drivers_of(&mut self, from: FnId) -> Vec<String> {
        let mut seen = BTreeSet::from([from]);
        let mut queue = vec![from];
        let mut found = BTreeSet::new();
        while let Some(function) = queue.pop() {
            if !self.program.needs_handle(function) {
                continue;
            }
            found.extend(self.own_drivers(function).iter().cloned());
            let sketch = self.program.sketches[function.index()].as_ref();
            let callees = sketch.into_iter().flat_map(|sketch| &sketch.callees);
            queue.extend(callees.map(|(callee, _)| *callee).filter(|callee| seen.insert(*callee)));
        }
        found.into_iter().collect()
    }

    fn own_drivers(&mut self, function: FnId) -> &BTreeSet<String> {
        let program = self.program;
        self.drivers.entry(function).or_insert_with(|| {
            let body = program.any_body(function);
            let calls = body.into_iter().flat_map(|body| &body.calls);
            let arguments = calls.flat_map(|call| call.inputs());
            let handles = arguments.filter(|argument| reach::is_handle(program.types, &argument.ty));
            handles.filter_map(|argument| program.driver_behind(&argument.ty)).collect()
        })
    }
}

impl Program<'_> {
    /// The functions that register the handler of a route.
    fn registering(&self, route: &Route) -> BTreeSet<FnId> {
        if route.closure.is_some() {
            return BTreeSet::from([route.function]);
        }
        let sketches = self.sketches.iter().enumerate();
        let registers = sketches.filter_map(|(index, sketch)| {
            let handlers = &sketch.as_ref()?.handlers;
            handlers.iter().any(|(handler, _)| *handler == route.function).then_some(FnId(index as u32))
        });
        registers.collect()
    }

    /// Where a request opens a handle of a driver that the route needs, unless start-up opened the same one before.
    fn opened_by_request(&self, entry: &Entry, way: &Way<'_>, needed: &str) -> Option<Location> {
        let effects = self.effects(entry.main);
        let passes = |effect: &Effect| {
            effect.steps.iter().any(|step| match (step, way.route.closure) {
                (Step::Call(function, call), Some(closure)) => {
                    *function == way.route.function && closure.encloses(self.call(*function, *call).span)
                }
                (step, None) => step.function() == way.route.function,
                (Step::Static(..), Some(_)) => false,
            })
        };
        let is_there_before = |effect: &Effect| {
            let is_same = |other: &&Effect| other.site == effect.site && other.lifetime == effect.lifetime;
            let kept = matches!(effect.lifetime, Lifetime::Held(_));
            kept && effects.iter().filter(is_same).any(Effect::is_in_line)
        };
        let opened = effects.iter().find(|effect| {
            effect.creates_handle()
                && effect.has_time(|time| matches!(time, Time::Handler(_)))
                && is_of_driver(effect, needed)
                && passes(effect)
                && !is_there_before(effect)
        })?;
        Some(self.site_of(opened))
    }

    /// The call that starts a task on whose work the route depends, and for which nobody waits.
    fn pending(&self, process: &Process<'_>, way: &Way<'_>) -> Option<Location> {
        let mut detached =
            process.detached.iter().filter(|(_, handlers)| handlers.contains(&way.route.function));
        let (found, _) = detached.find(|(detached, _)| match detached.effect.kind {
            EffectKind::Migrate => self.may_read_what_changes(process.entry, detached.effect, way),
            _ => self.is_used_by(process.entry, detached.effect, way),
        })?;
        Some(self.location(found.function, self.call(found.function, found.task).span))
    }

    /// Whether a route uses a handle of the database whose schema an effect changes; one of the same driver, where it is not
    /// known which handle it uses.
    fn may_read_what_changes(&self, entry: &Entry, migrates: &Effect, way: &Way<'_>) -> bool {
        let effects = self.effects(entry.main).iter().filter(|effect| effect.creates_handle());
        let needed = effects.filter(|effect| way.needs.iter().any(|driver| is_of_driver(effect, driver)));
        let mut used = needed.filter(|effect| self.is_used_by(entry, effect, way)).peekable();
        if used.peek().is_some() {
            return used.any(|one| self.are_about_one_database(entry, one, migrates));
        }
        self.migrated_driver(migrates).is_none_or(|driver| way.needs_driver(&driver))
    }

    /// The call that makes the last thing which a process prepares for a route before it serves, and the one that serves.
    fn barrier(&self, entry: &Entry, way: &Way<'_>) -> Option<(Location, Location)> {
        let effects = self.effects(entry.main);
        let is_server = |effect: &Effect| effect.kind == EffectKind::Serve;
        let answers =
            |effect: &Effect| is_server(effect) && self.handlers_before(effect).contains(&way.route.function);
        let at = effects.iter().position(answers).or_else(|| effects.iter().position(is_server))?;
        let serve = &effects[at];
        let before: Vec<&Effect> = effects[..at]
            .iter()
            .filter(|effect| effect.is_in_line() && !self.exclusive(effect, serve))
            .collect();
        let mut last: Option<&Effect> = None;
        for needed in &way.needs {
            let fits = |effect: &&&Effect| effect.creates_handle() && is_of_driver(effect, needed);
            let made: Vec<&Effect> = before.iter().filter(fits).copied().collect();
            let used = || made.iter().copied().filter(|effect| self.is_used_by(entry, effect, way));
            let one = match made.as_slice() {
                [only] => Some(*only),
                _ => used().last(),
            };
            let Some(one) = one else { continue };
            let prepares = |effect: &&&Effect| {
                effect.kind == EffectKind::Migrate && self.are_about_one_database(entry, one, effect)
            };
            let migrated = before.iter().filter(prepares).copied();
            let order = |effect: &&Effect| effects.iter().position(|other| std::ptr::eq(other, *effect));
            last = last.into_iter().chain([one]).chain(migrated).max_by_key(order);
        }
        let (made, served) = self.parting(last?, serve)?;
        Some((self.step_location(&made), self.step_location(&served)))
    }

    /// Whether a route is seen to use the handle that an effect makes: it comes to the static or accessor, or what registers
    /// it is given the handle.
    fn is_used_by(&self, entry: &Entry, effect: &Effect, way: &Way<'_>) -> bool {
        let (kept_at, lifetime) = self.kept(effect);
        if let Lifetime::Held(Holder::Static(kept)) = lifetime {
            let sketches = way.reached.iter().filter_map(|id| self.sketches[id.index()].as_ref());
            return sketches.into_iter().any(|sketch| sketch.statics.contains(&kept));
        }
        let site = self.site_of(effect);
        let opens_here = |door: &&Door| {
            let mut openings = door.openings.iter();
            openings
                .any(|opening| opening.site == site && opening.binary.as_ref() == Some(&entry.binary.title))
        };
        let mut accessors = self.doors().list.iter().filter(opens_here).flat_map(|door| &door.accessors);
        if accessors.any(|accessor| way.reached.contains(&accessor.id)) {
            return true;
        }
        let Step::Call(function, made) = effect.steps[kept_at] else { return false };
        let Some(body) = self.body(function) else { return false };
        let has = |call: &&Call<'_>| call.inputs().any(|input| input.value.contains(&Value::Call(made)));
        let registers = |id: FnId| self.called_from(id).any(|reached| way.registered_by.contains(&reached));
        body.calls.iter().filter(has).any(|call| match &call.target {
            Target::Local { targets, .. } => targets.iter().copied().any(registers),
            Target::Library(facts) => facts.role == CallRole::StatePut && registers(function),
            _ => false,
        })
    }
}

/// Whether an effect makes a handle of a driver; of any, where that is not known.
fn is_of_driver(effect: &Effect, needed: &str) -> bool {
    match &effect.kind {
        EffectKind::Create { driver, .. } => needed == UNKNOWN_DRIVER || driver == needed,
        _ => false,
    }
}

/// A probe in words: what for, and what it asks.
fn described(probe: &Probe<'_>, examined: &Examined) -> String {
    let kind = match probe.kind {
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
        ProbeKind::General => "health",
    };
    let asks = match (examined.asks, examined.unknown, examined.reads) {
        (Some(_), ..) if examined.drivers.is_empty() => "asks a database".to_owned(),
        (Some(_), ..) => format!("asks {}", examined.drivers.iter().cloned().collect::<Vec<_>>().join(", ")),
        (None, true, _) => "what it asks is not known".to_owned(),
        (None, false, Some(_)) => "reads the state of the process".to_owned(),
        (None, false, None) => "asks nobody".to_owned(),
    };
    let declared: BTreeSet<&str> = probe.declared.iter().map(|declared| declared.kind.name()).collect();
    match declared.is_empty() {
        true => format!("{kind}, {asks}"),
        false => {
            format!("{kind}, {asks}; deployed as {}", declared.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}
