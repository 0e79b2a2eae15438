//! Room 5, *program*: route by route, which databases it needs, what keeps requests out until they are there, and which
//! probe it is. Plain data for readers; it judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::Entry;
use super::inventory::Status;
use super::items::FnId;
use super::probes::{Examined, Probe, ProbeKind};
use super::routes::Route;
use super::start_up::Gate;
use super::summaries::{Effect, EffectKind};
use super::{Program, reach};
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
    /// Where start-up prepares the last of them, and where it serves afterwards.
    pub barrier: Option<(Location, Location)>,
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

    /// The call that makes the last thing which a process prepares before it serves, and the one that serves.
    fn barrier(&self, entry: &Entry) -> Option<(Location, Location)> {
        let effects = self.effects(entry.main);
        let at = effects.iter().position(|effect| effect.kind == EffectKind::Serve)?;
        let serve = &effects[at];
        let prepares = |effect: &&Effect| {
            (effect.kind == EffectKind::Migrate || effect.creates_handle())
                && effect.is_in_line()
                && !self.exclusive(effect, serve)
        };
        let last = effects[..at].iter().rev().find(prepares)?;
        let (made, served) = self.parting(last, serve)?;
        Some((self.step_location(&made), self.step_location(&served)))
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
    barrier: Option<(Location, Location)>,
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        let entries = program.production_entries();
        let processes = entries.map(|entry| {
            let late = program.late_initializations(entry);
            let mut servers =
                program.effects(entry.main).iter().filter(|effect| effect.kind == EffectKind::Serve);
            Process {
                entry,
                reaches: program.callees_of(std::iter::once(entry.main), &|_| true),
                late: late.iter().flat_map(|late| program.handlers_before(late.serve)).collect(),
                is_gated: servers.any(|serve| program.gate_before(serve) == Gate::Looks),
                barrier: program.barrier(entry),
            }
        });
        Self { program, probes: program.probes(), processes: processes.collect(), drivers: BTreeMap::new() }
    }

    fn readiness_of(&mut self, route: &Route) -> Option<RouteReadiness> {
        let program = self.program;
        let probe = self.probes.iter().find(|probe| probe.route == route);
        let needs_any = program.needs_handle(route.function);
        if probe.is_none() && !needs_any {
            return None;
        }
        let own: Vec<&Process<'_>> =
            self.processes.iter().filter(|process| process.reaches.contains(&route.function)).collect();
        let is_late = own.iter().any(|process| process.late.contains(&route.function));
        let is_gated = own.iter().any(|process| process.is_gated);
        let gate = match () {
            () if !needs_any => Status::NotNeeded,
            () if program.looks_first(route.function) => Status::LooksFirst,
            () if is_gated => Status::Gate,
            () if is_late => Status::Nothing,
            () => Status::StartUp,
        };
        let barrier = own.iter().find_map(|process| process.barrier);
        let mut binaries: Vec<String> = own.iter().map(|process| process.entry.binary.name.clone()).collect();
        binaries.sort();
        binaries.dedup();
        let probe = probe.map(|probe| described(probe, &program.examine(route)));
        Some(RouteReadiness {
            location: route.location,
            route: route.label.clone().unwrap_or_else(|| program.handler_name(route)),
            needs: if needs_any { self.drivers_of(route.function) } else { Vec::new() },
            barrier: barrier.filter(|_| gate == Status::StartUp),
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
