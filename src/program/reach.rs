//! Room 5, *program*: who calls whom. The only file that knows petgraph. From one quick look at every body it
//! decides which bodies matter, in which order summaries are computed, and which functions can run at the same
//! time as themselves.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::bodies::{Call, CallId, Event, EventKind, LinkedBody, Target, Time};
use super::entries::Entry;
use super::inventory::Scope;
use super::items::{Container, FnId, StaticId};
use super::kept_functions::FunctionsInFields;
use super::probes::says_well;
use super::sql::SqlEffect;
use super::supplied_state::is_put_into_request;
use super::terms::Terms;
use super::types::{Ty, Types};
use super::values::Value;
use crate::catalog::CallRole;
use crate::location::Span;
use crate::workspace::TargetKind;

/// What one quick look at a body tells.
#[derive(Debug)]
pub(super) struct Sketch {
    /// Functions it calls or hands out to be called, and whether they may then run beside themselves.
    pub callees: Vec<(FnId, bool)>,
    /// Statics it uses.
    pub statics: Vec<StaticId>,
    /// Whether it does something that rules look at, by itself.
    pub interesting: bool,
    /// Whether what it does with a handle or a place matters to callers that matter.
    pub supporting: bool,
    /// Whether a value of a handle type, or one that contains a handle, is used in it.
    pub uses_handle: bool,
    /// Whether it takes or gives back a lock of a database session.
    pub locks_session: bool,
    /// Whether it sets something for a session of a database.
    pub sets_session: bool,
    /// Whether it supplies state to an application.
    pub supplies_state: bool,
    /// Whether it blocks on a runtime.
    pub enters_runtime: bool,
    /// Whether it puts an entry into a map that several callers may have.
    pub fills_map: bool,
    /// Functions registered as handlers, with the place.
    pub handlers: Vec<(FnId, Span)>,
    /// Closures registered as handlers, and calls that register a text which always says that all is well.
    pub handler_closures: Vec<Span>,
    /// Calls.
    pub calls: u32,
    /// Calls whose target is known.
    pub resolved: u32,
    /// Whether it waits for a signal, a task or a stored future.
    pub waits: bool,
    /// What it gives back, as a term in which calls are not worked out.
    pub result: Value,
    /// What it does with functions that fields keep, where it does something.
    pub in_fields: Option<Box<FunctionsInFields>>,
}

impl Sketch {
    /// Condenses a linked body.
    pub(super) fn of(types: &Types<'_>, id: FnId, body: &LinkedBody<'_>) -> Self {
        let mut sketch = Self {
            callees: Vec::new(),
            statics: Vec::new(),
            interesting: false,
            supporting: false,
            uses_handle: false,
            locks_session: false,
            sets_session: false,
            supplies_state: false,
            enters_runtime: false,
            fills_map: false,
            handlers: Vec::new(),
            handler_closures: Vec::new(),
            calls: 0,
            resolved: 0,
            waits: false,
            result: Terms::symbolic(types, id, body).close(&body.result),
            in_fields: FunctionsInFields::of(body),
        };
        let signature = types.signature(id);
        let takes_handle = signature.params.iter().any(|param| types.contains_handle(param));
        let events = body.all_events();
        let writes = events.filter_map(|event| match &event.kind {
            EventKind::Write(write) => Some(write),
            _ => None,
        });
        for write in writes {
            sketch.supporting = true;
            let is_locked = write.place.lock().is_some() || !write.guards.is_empty();
            // A map that is not behind a lock and is shared all the same synchronizes itself.
            sketch.fills_map |= write.call.is_some_and(|call| {
                matches!(body.call(call).target, Target::Library(facts)
                    if facts.role == CallRole::MapSet
                        && (is_locked || !facts.path.starts_with("std::")))
            });
        }
        sketch.supporting |= takes_handle;
        for (index, call) in body.calls.iter().enumerate() {
            sketch.interesting |= body.changes_schema(CallId(index as u32));
            sketch.call(types, body, call);
        }
        sketch.events(types, body, &body.events, false);
        // Function items that are handed on without a known time may be called from anywhere.
        for argument in body.calls.iter().flat_map(|call| &call.args) {
            if let Value::Function(target) = argument.value
                && !sketch.callees.iter().any(|(known, _)| *known == target)
            {
                sketch.callees.push((target, true));
            }
        }
        sketch
    }

    fn call(&mut self, types: &Types<'_>, body: &LinkedBody<'_>, call: &Call<'_>) {
        self.calls += 1;
        for effect in call.sql() {
            self.locks_session |= matches!(effect, SqlEffect::Locks { .. } | SqlEffect::Unlocks(_));
            self.interesting |= effect.is_about_ledger();
        }
        let worded = call.worded_effects();
        self.interesting |= worded.iter().any(SqlEffect::is_about_ledger);
        self.sets_session |= call.sql().iter().chain(&worded).any(SqlEffect::sets_session);
        self.supplies_state |= is_put_into_request(types.items, body, call);
        self.interesting |= body.undescribed_client(types, call).is_some();
        self.resolved += u32::from(!call.by_name && !matches!(call.target, Target::Unknown(_)));
        if let Target::Library(facts) = call.target {
            self.locks_session |= matches!(facts.role, CallRole::DatabaseLock | CallRole::DatabaseUnlock);
            self.supplies_state |= facts.role == CallRole::StatePut;
            self.waits |= matches!(facts.role, CallRole::WaitTasks | CallRole::OnceWait);
            self.enters_runtime |= facts.enters_runtime;
            let handler = facts.handler.and_then(|handler| call.args.get(handler));
            let is_verdict =
                handler.is_some_and(|handler| matches!(&handler.value, Value::Text(text) if says_well(text)));
            if facts.role == CallRole::HandlerWrap && is_verdict {
                self.handler_closures.push(call.span);
            }
            self.interesting |= is_interesting(facts.role) || types.fills_once_cell(facts);
            self.supporting |= is_supporting(facts.role);
        }
        let uses = call.inputs().any(|argument| is_handle(types, &argument.ty));
        let looks_only = matches!(call.target, Target::Library(facts) if facts.role == CallRole::LocalStatus);
        self.uses_handle |= uses && !looks_only;
    }

    /// The functions whose results are in what this one gives back.
    pub(super) fn gives_results_of(&self) -> Vec<FnId> {
        let mut found = Vec::new();
        self.result.visit(&mut |part| {
            if let Value::Apply(target, ..) = part {
                found.push(*target);
            }
        });
        found
    }

    fn events(&mut self, types: &Types<'_>, body: &LinkedBody<'_>, events: &[Event], concurrent: bool) {
        for event in events {
            match &event.kind {
                EventKind::Call { call: id, time } => {
                    let call = body.call(*id);
                    if let Some(field) = call.kept_in() {
                        let beside = concurrent || is_concurrent(*time);
                        self.in_fields.get_or_insert_default().add_call(field.clone(), beside);
                    }
                    if let Target::Local { targets, .. } = &call.target {
                        for target in targets {
                            // Two of the same in one `join!` do run beside each other.
                            let twin = |other: &&Event| match &other.kind {
                                EventKind::Call { call: twin, time: at } if twin != id && at == time => {
                                    matches!(&body.call(*twin).target, Target::Local { targets, .. } if targets.contains(target))
                                }
                                _ => false,
                            };
                            let twice =
                                matches!(time, Time::Parallel(_)) && events.iter().any(|event| twin(&event));
                            let beside = concurrent || twice || is_concurrent(*time);
                            self.callees.push((*target, beside));
                            if matches!(time, Time::Handler(_)) {
                                self.handlers.push((*target, call.span));
                            }
                        }
                    }
                }
                EventKind::Block { block, time } => {
                    let block = &body.blocks[block.0 as usize];
                    if let Time::Handler(by) = time
                        && matches!(body.call(*by).target, Target::Library(facts)
                            if matches!(facts.role, CallRole::HandlerWrap | CallRole::Serve))
                    {
                        self.handler_closures.push(block.span);
                    }
                    self.events(types, body, &block.events, concurrent || is_concurrent(*time));
                }
                EventKind::Wait | EventKind::Join(_) => self.waits = true,
                EventKind::Static(id) => {
                    self.statics.push(*id);
                    self.uses_handle |= types.demands_handle(types.static_type(*id));
                }
                _ => {}
            }
        }
    }
}

fn is_concurrent(time: Time) -> bool {
    // What runs in parallel runs beside others, not beside itself.
    !matches!(time, Time::Inline | Time::Parallel(_) | Time::Once(_) | Time::FirstUse(_))
}

/// What rules look at. What registers handlers or runs closures matters when a function that matters calls it.
fn is_interesting(role: CallRole) -> bool {
    matches!(
        role,
        CallRole::Create
            | CallRole::Migrate
            | CallRole::SchemaCreate
            | CallRole::MigrationDestructive
            | CallRole::Serve
            | CallRole::ServeInBackground
            | CallRole::StartJobs
            | CallRole::Accept
    )
}

fn is_supporting(role: CallRole) -> bool {
    matches!(
        role,
        CallRole::PerWorkerFactory
            | CallRole::HandlerWrap
            | CallRole::Register
            | CallRole::Middleware
            | CallRole::OnceInit
            | CallRole::FileCreate
    )
}

/// Whether a call only passes a handle on: nobody is asked.
pub(super) fn is_only_handed_on(call: &Call<'_>) -> bool {
    match call.target {
        Target::Library(facts) => {
            matches!(facts.role, CallRole::Share | CallRole::StateGet | CallRole::LocalStatus)
                || facts.path.starts_with("std::")
                || facts.role == CallRole::Adapt && facts.carries.is_some()
        }
        Target::Local { .. } => true,
        _ => false,
    }
}

/// Whether a value of the type is a handle, or a pointer to one.
pub(super) fn is_handle(types: &Types<'_>, ty: &Ty) -> bool {
    let is_one = |ty: &Ty| types.type_facts(ty).is_some_and(|facts| facts.kind.is_handle());
    let first = super::bodies::settled(ty);
    let mut next = Some(first).filter(|first| !is_one(first)).and_then(|first| types.deref(first));
    if next.is_none() {
        return is_one(first);
    }
    for _ in 0..3 {
        match next {
            Some(current) if is_one(&current) => return true,
            Some(current) => next = types.deref(&current),
            None => return false,
        }
    }
    false
}

/// Most calls of a function that may only forward.
const FORWARDING_CALLS: u32 = 3;

/// The call graph over all functions.
#[derive(Debug)]
pub(super) struct CallGraph {
    /// Functions in an order in which callees come before their callers, recursion aside.
    pub bottom_up: Vec<FnId>,
    /// Per function: whether it matters to rules, by itself or through what it calls.
    pub relevant: Vec<bool>,
    /// Per function: whether it, or something it calls, uses a handle.
    pub needs_handle: Vec<bool>,
    /// Per function: its callers.
    pub callers: Vec<Vec<FnId>>,
}

impl CallGraph {
    /// Builds the graph. `named` are functions that the configuration speaks of: they and their callers matter. Linear in
    /// functions and calls.
    pub(super) fn new(types: &Types<'_>, sketches: &[Option<Sketch>], named: &BTreeSet<FnId>) -> Self {
        let count = sketches.len();
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(count, count * 2);
        for _ in 0..count {
            graph.add_node(());
        }
        for (index, sketch) in sketches.iter().enumerate() {
            let Some(sketch) = sketch else { continue };
            let from = NodeIndex::new(index);
            let initializers =
                sketch.statics.iter().filter_map(|id| types.items.statics[id.index()].initializer);
            for target in sketch.callees.iter().map(|(target, _)| *target).chain(initializers) {
                graph.update_edge(from, NodeIndex::new(target.index()), ());
            }
        }
        let components = kosaraju_scc(&graph);
        let bottom_up = components.iter().flatten().map(|node| FnId(node.index() as u32)).collect();
        let spread = |seed: &dyn Fn(FnId, &Sketch) -> bool| {
            let mut marked = vec![false; count];
            let mut stack: Vec<NodeIndex> = Vec::new();
            for (index, sketch) in sketches.iter().enumerate() {
                if sketch.as_ref().is_some_and(|sketch| seed(FnId(index as u32), sketch)) {
                    marked[index] = true;
                    stack.push(NodeIndex::new(index));
                }
            }
            while let Some(node) = stack.pop() {
                for caller in graph.neighbors_directed(node, petgraph::Direction::Incoming) {
                    // Whoever tests a function may do with it what it likes: only what a test does itself is listed.
                    let tests = types.items.functions[caller.index()].scope == Scope::Test;
                    if !tests && !std::mem::replace(&mut marked[caller.index()], true) {
                        stack.push(caller);
                    }
                }
            }
            marked
        };
        let mut relevant = spread(&|id, sketch| sketch.interesting || named.contains(&id));
        for (handler, _) in sketches.iter().flatten().flat_map(|sketch| &sketch.handlers) {
            relevant[handler.index()] = true;
        }
        let mut stack: Vec<usize> = (0..count).filter(|index| relevant[*index]).collect();
        while let Some(index) = stack.pop() {
            for (callee, _) in sketches[index].iter().flat_map(|sketch| &sketch.callees) {
                let supports = sketches[callee.index()].as_ref().is_some_and(|sketch| {
                    // A method of one line may pass the write on to another one.
                    let forwards = sketch.calls <= FORWARDING_CALLS;
                    let inner =
                        || sketch.callees.iter().filter_map(|(inner, _)| sketches[inner.index()].as_ref());
                    sketch.supporting || forwards && inner().any(|inner| inner.supporting)
                });
                if supports && !std::mem::replace(&mut relevant[callee.index()], true) {
                    stack.push(callee.index());
                }
            }
        }
        let callers = (0..count)
            .map(|index| {
                let incoming = graph.neighbors_directed(NodeIndex::new(index), petgraph::Direction::Incoming);
                let mut callers: Vec<FnId> = incoming.map(|node| FnId(node.index() as u32)).collect();
                callers.sort_unstable();
                callers
            })
            .collect();
        Self { bottom_up, relevant, needs_handle: spread(&|_, sketch| sketch.uses_handle), callers }
    }
}

/// Cuts an order of functions into groups none of whose members reads what another one makes. Working group by
/// group, in any order within one, gives the same as going through `order` one by one. Linear in the references.
pub(super) fn independent_groups(order: &[FnId], reads: impl Fn(FnId) -> Vec<FnId>) -> Vec<Vec<FnId>> {
    const LATER: usize = usize::MAX;
    let mut group_of = vec![LATER; order.len()];
    // A function that is read before its turn must stay unknown to its reader, so it comes in a later group.
    let mut earliest = vec![0; order.len()];
    let mut groups: Vec<Vec<FnId>> = Vec::new();
    for id in order {
        let read = reads(*id);
        let known = read.iter().map(|other| group_of[other.index()]).filter(|group| *group != LATER);
        let group = known.map(|group| group + 1).fold(earliest[id.index()], usize::max);
        group_of[id.index()] = group;
        for other in read {
            earliest[other.index()] = earliest[other.index()].max(group + 1);
        }
        if groups.len() <= group {
            groups.resize_with(group + 1, Vec::new);
        }
        groups[group].push(*id);
    }
    groups
}

/// Per function: whether it can run at the same time as itself. Start-up code that `main` runs once cannot;
/// handlers, tasks and whatever code outside the workspace may call can.
pub(super) fn concurrent(
    types: &Types<'_>,
    sketches: &[Option<Sketch>],
    graph: &CallGraph,
    entries: &[Entry],
) -> Vec<bool> {
    let starts = |id: &FnId| entries.iter().any(|entry| entry.main == *id || entry.before_main.contains(id));
    let mut marked = vec![false; sketches.len()];
    let mut stack = Vec::new();
    let mark = |id: FnId, marked: &mut Vec<bool>, stack: &mut Vec<FnId>| {
        if !std::mem::replace(&mut marked[id.index()], true) {
            stack.push(id);
        }
    };
    // Tests run what they like as they like: they say nothing about production.
    let in_production = |id: FnId| types.items.functions[id.index()].scope == Scope::Production;
    for (index, sketch) in sketches.iter().enumerate() {
        let id = FnId(index as u32);
        if !in_production(id) {
            continue;
        }
        let called = graph.callers[index].iter().any(|caller| *caller != id && in_production(*caller));
        if !called && !starts(&id) && may_be_called_from_outside(types, id) {
            mark(id, &mut marked, &mut stack);
        }
        for (target, beside) in sketch.iter().flat_map(|sketch| &sketch.callees) {
            if *beside {
                mark(*target, &mut marked, &mut stack);
            }
        }
    }
    while let Some(id) = stack.pop() {
        for (target, _) in sketches[id.index()].iter().flat_map(|sketch| &sketch.callees) {
            mark(*target, &mut marked, &mut stack);
        }
    }
    marked
}

/// Whether code that is not in the workspace may call the function: it is public in a library, implements a trait,
/// or an attribute hands it to a framework.
fn may_be_called_from_outside(types: &Types<'_>, id: FnId) -> bool {
    let items = types.items;
    let item = &items.functions[id.index()];
    let krate = &items.crates[items.modules[item.module.index()].krate.index()];
    let of_trait = match item.container {
        Container::Impl(block) => types.impl_trait(block).is_some(),
        Container::Trait(_) => true,
        Container::Module => false,
    };
    item.initializes.is_none()
        && (of_trait || (item.public && krate.kind == TargetKind::Lib) || !item.attributes.others.is_empty())
}
