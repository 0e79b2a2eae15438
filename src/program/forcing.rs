//! Room 5, *program*: what makes a static initialize itself, and what its initializer makes initialize in turn.

use std::collections::BTreeMap;

use super::bodies::{BlockId, Call, CallId, ContextId, Event, EventKind, LinkedBody, Target, Time};
use super::entries::Entry;
use super::inventory::Scope;
use super::items::{FnId, StaticId};
use super::summaries::{Effect, EffectKind, Step};
use super::values::Value;
use super::{Program, types::Ty};
use crate::catalog::{CallRole, Io, TypeKind};
use crate::facts::StaticSource;
use crate::finding::{Confidence, Hop};
use crate::location::{Location, Span};

/// Code that runs to fill a static, at most once for the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Initializer {
    /// What it fills.
    pub fills: StaticId,
    /// The function it is, or is in: the static's own initializer, or what is handed to the cell.
    pub function: FnId,
    /// The closure or block of the function that it is; `None` when it is all of the function.
    pub block: Option<BlockId>,
}

/// That code comes to the first use of a static.
#[derive(Debug, Clone)]
pub struct Forced {
    /// The static.
    pub id: StaticId,
    /// From the code asked about to the use: functions, and the calls that lead to them.
    pub hops: Vec<Hop>,
    /// High when the use is on every path; low when a test of a place decides about it.
    pub confidence: Confidence,
}

/// That a request is the first to fill a static with a handle.
#[derive(Debug)]
pub struct OpenedByRequest<'p> {
    /// The static.
    pub fills: StaticId,
    /// The creation, on the way from `main` through a handler.
    pub effect: &'p Effect,
}

impl OpenedByRequest<'_> {
    /// The name of the static.
    pub fn name(&self, program: &Program<'_>) -> String {
        program.types.items.statics[self.fills.index()].name.to_string()
    }
}

impl Program<'_> {
    /// The initializers of statics of production code, sorted.
    pub fn initializers(&self) -> Vec<Initializer> {
        let mut found = Vec::new();
        for (index, item) in self.types.items.statics.iter().enumerate() {
            let fills = StaticId(index as u32);
            if let (Some(function), Scope::Production, true) =
                (item.initializer, item.scope, self.is_lazy(fills))
            {
                found.push(Initializer { fills, function, block: None });
            }
        }
        for (function, body) in self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production) {
            for event in body.all_events() {
                let (EventKind::Call { time: Time::Once(by), .. }
                | EventKind::Block { time: Time::Once(by), .. }) = event.kind
                else {
                    continue;
                };
                let Some(cell) = cell_of(body, by) else { continue };
                for fills in self.statics_given(function, cell) {
                    match &event.kind {
                        EventKind::Call { call, .. } => {
                            if let Target::Local { targets, .. } = &body.call(*call).target {
                                let whole =
                                    |function: &FnId| Initializer { fills, function: *function, block: None };
                                found.extend(targets.iter().map(whole));
                            }
                        }
                        EventKind::Block { block, .. } => {
                            found.push(Initializer { fills, function, block: Some(*block) });
                        }
                        _ => {}
                    }
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The statics that a value of a function stands for: itself, or what callers give for a parameter. Callers of
    /// callers are asked as well, up to three deep.
    pub(super) fn statics_given(&self, id: FnId, value: &Value) -> Vec<StaticId> {
        self.statics_given_at(id, value, 0)
    }

    fn statics_given_at(&self, id: FnId, value: &Value, depth: u32) -> Vec<StaticId> {
        let index = match value {
            Value::Static(id) => return vec![*id],
            Value::Param(index) if depth < 3 => *index as usize,
            _ => return Vec::new(),
        };
        let mut found = Vec::new();
        for caller in &self.graph.callers[id.index()] {
            let Some(body) = self.body(*caller).filter(|_| self.scope(*caller) == Scope::Production) else {
                continue;
            };
            let calls = body.calls.iter().filter(|call| call.leads_to(id));
            for argument in calls.filter_map(|call| call.args.get(index)) {
                found.extend(self.statics_given_at(*caller, argument.value.place(), depth + 1));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Whether the first use of a static runs its initializer, once for the process.
    pub fn is_lazy(&self, id: StaticId) -> bool {
        let item = &self.types.items.statics[id.index()];
        let lazy = |ty: &Ty| self.types.type_facts(ty).is_some_and(|facts| facts.kind == TypeKind::Lazy);
        item.facts.source == StaticSource::LazyStatic || lazy(self.types.static_type(id))
    }

    /// What an initializer makes initialize before it is done, each static once, by the surest way.
    pub fn forced_by(&self, initializer: Initializer) -> Vec<Forced> {
        let Some(body) = self.body(initializer.function) else { return Vec::new() };
        let mut search = Search::new(self);
        let start = Hop {
            label: self.name_of(initializer.function),
            location: self.declaration(initializer.function),
        };
        let (events, arms) = match initializer.block {
            None => (&body.events, 0),
            // Whether the cell is asked at all is no question here: its initializer runs.
            Some(block) => {
                let block = &body.blocks[block.0 as usize];
                (&block.events, body.arms(block.context).count())
            }
        };
        let frame = Frame { function: initializer.function, body, given: self.given_for(initializer, body) };
        search.events(&frame, events, arms, Confidence::High, &[start]);
        search.found.into_values().collect()
    }

    /// What the function around an initializer was given: the cell that it fills.
    fn given_for(&self, initializer: Initializer, body: &LinkedBody<'_>) -> Vec<Option<StaticId>> {
        let mut given = Vec::new();
        for event in body.all_events() {
            if let EventKind::Block { block, time: Time::Once(by) } = event.kind
                && Some(block) == initializer.block
                && let Some(Value::Param(index)) = cell_of(body, by)
            {
                given.resize(given.len().max(*index as usize + 1), None);
                given[*index as usize] = Some(initializer.fills);
            }
        }
        given
    }

    /// The statics that a process makes initialize before it answers anything: in `main` up to the serve point, and in
    /// what its workers do when they start.
    pub fn forced_before_serving(&self, entry: &Entry) -> Vec<StaticId> {
        let mut search = Search::new(self);
        search.until_served = true;
        for start in entry.before_main.iter().chain([&entry.main]) {
            if let Some(body) = self.body(*start) {
                search.events(&Frame::new(*start, body), &body.events, 0, Confidence::High, &[]);
            }
        }
        search.found.into_keys().collect()
    }

    /// The first use of a lazy static that a request makes, as the entry's effect that shows it. A use that the process
    /// makes before it serves is none.
    pub fn forced_by_request<'p>(&'p self, entry: &'p Entry, id: StaticId) -> Option<&'p Effect> {
        let uses = |effect: &&Effect| {
            let used = effect.steps.iter().any(|step| matches!(step, Step::Static(_, used) if *used == id));
            used && effect.has_time(|time| matches!(time, Time::Handler(_)))
        };
        let first = self.effects(entry.main).iter().find(uses)?;
        (!self.forced_before_serving(entry).contains(&id)).then_some(first)
    }

    /// The handles to databases outside the process that a request is the first to open, each into a static that the
    /// process does not fill before it serves. Statics whose initializer panics are left out: their first failure is their
    /// last. A function that answers one request and ends, as in the cloud, may open what it needs.
    pub fn opened_by_requests<'p>(&'p self, entry: &'p Entry) -> Vec<OpenedByRequest<'p>> {
        let effects = self.effects(entry.main);
        let lasts = |effect: &&Effect| {
            let call = self.call(effect.site.0, effect.site.1);
            effect.kind == EffectKind::Serve
                && !matches!(call.target, Target::Library(facts) if facts.short_lived)
        };
        if !effects.iter().any(|effect| lasts(&effect)) {
            return Vec::new();
        }
        let mut found: Vec<OpenedByRequest<'p>> = Vec::new();
        let mut forced = None;
        for effect in effects {
            let eager = self.connects_at_once(effect);
            let by_request = effect.has_time(|time| matches!(time, Time::Handler(_)));
            // What a task of the request opens is the business of whoever waits for it, or does not.
            let in_task = effect.has_time(|time| matches!(time, Time::Task(_)));
            let (true, true, true) =
                (eager, by_request && !in_task, effect.creates_handle() && self.is_outside(effect))
            else {
                continue;
            };
            let lazy = effect.steps.iter().find_map(|step| match step {
                Step::Static(_, id) if self.is_lazy(*id) => Some(*id),
                _ => None,
            });
            let cell = match &effect.once {
                Some(Value::Static(id)) => Some(*id),
                _ => None,
            };
            let Some(fills) = lazy.or(cell) else { continue };
            let known = found.iter().any(|opened| opened.fills == fills);
            let panics = lazy.is_some() && self.is_unwrapped(effect);
            if known || panics || self.is_optional(effect) {
                continue;
            }
            let forced = forced.get_or_insert_with(|| self.forced_before_serving(entry));
            if !forced.contains(&fills) {
                found.push(OpenedByRequest { fills, effect });
            }
        }
        found
    }

    /// The handles that the initializer of a lazy static creates, and whose failure panics in it; not those that it takes from
    /// another static, which makes them.
    pub fn panics_without(&self, initializer: Initializer) -> Vec<&Effect> {
        let effects = self.effects(initializer.function).iter();
        let eager = |effect: &&Effect| {
            let call = self.call(effect.site.0, effect.site.1);
            self.connects_at_once(effect)
                || matches!(call.target, Target::Library(facts) if facts.io == Some(Io::File))
        };
        let taken = |effect: &Effect| effect.steps.iter().any(|step| matches!(step, Step::Static(..)));
        effects
            .filter(|effect| effect.creates_handle() && !taken(effect))
            .filter(eager)
            .filter(|effect| self.is_unwrapped(effect))
            .collect()
    }

    /// Whether somebody on the way to an effect takes its success for granted.
    fn is_unwrapped(&self, effect: &Effect) -> bool {
        effect.steps.iter().any(|step| {
            let Step::Call(function, id) = step else { return false };
            let Some(body) = self.body(*function) else { return false };
            // `block_on(connect()).expect(…)` unwraps what is made of the future.
            let runs_it = |call: &&Call<'_>| {
                matches!(call.target, Target::Library(facts) if facts.role == CallRole::BlockOn)
                    && call.args.iter().any(|argument| argument.value == Value::Call(*id))
            };
            body.call(*id).outcome.unwrapped
                || is_unwrapped_as_another(body, *id, DEPTH)
                || body.panics_on_failure(*id)
                || body.calls.iter().filter(runs_it).any(|call| call.outcome.unwrapped)
        })
    }

    /// The call in an initializer, or in what it calls, that blocks the thread until a future is done. A thread of its own
    /// may block, and so may code that tells the runtime.
    pub fn blocking_call_of(&self, initializer: Initializer) -> Option<(FnId, CallId)> {
        let mut search = Search::new(self);
        let body = self.body(initializer.function)?;
        search.events(&Frame::new(initializer.function, body), &body.events, 0, Confidence::High, &[]);
        search.blocks.into_iter().next()
    }
}

/// How many functions that make another `Result` of a `Result` are followed.
const DEPTH: u32 = 4;

/// Whether the success of a call is taken for granted after it was made into something else: `connect().map(Mutex::new).expect(…)`.
fn is_unwrapped_as_another(body: &LinkedBody<'_>, call: CallId, depth: u32) -> bool {
    const KEEPING: [&str; 5] = ["map", "and_then", "map_err", "context", "with_context"];
    let Some(depth) = depth.checked_sub(1) else { return false };
    let made = Value::Call(call);
    (0..).zip(&body.calls).any(|(index, other)| {
        let keeps = other.name_of_callee().is_some_and(|name| KEEPING.contains(&name));
        let is_made_of_it = other.receiver.as_ref().is_some_and(|receiver| receiver.value == made);
        keeps
            && is_made_of_it
            && (other.outcome.unwrapped || is_unwrapped_as_another(body, CallId(index), depth))
    })
}

/// The cell that a call fills unless it is filled.
fn cell_of<'b>(body: &'b LinkedBody<'_>, call: CallId) -> Option<&'b Value> {
    let call = body.call(call);
    let Target::Library(facts) = call.target else { return None };
    let on = call.receiver.as_ref().or(call.args.first()).filter(|_| facts.role == CallRole::OnceInit)?;
    Some(on.value.place())
}

/// A function that is looked into, as it was called.
struct Frame<'b, 'a> {
    function: FnId,
    body: &'b LinkedBody<'a>,
    /// Per parameter: the static that was given for it.
    given: Vec<Option<StaticId>>,
}

impl<'b, 'a> Frame<'b, 'a> {
    fn new(function: FnId, body: &'b LinkedBody<'a>) -> Self {
        Self { function, body, given: Vec::new() }
    }

    /// The static that a value is here.
    fn static_of(&self, value: &Value) -> Option<StaticId> {
        match value {
            Value::Static(id) => Some(*id),
            Value::Param(index) => self.given.get(*index as usize).copied().flatten(),
            _ => None,
        }
    }
}

struct Search<'p, 'a> {
    program: &'p Program<'a>,
    /// Functions that were looked into, with the statics they were given and how surely they run.
    seen: BTreeMap<(FnId, Vec<Option<StaticId>>), Confidence>,
    found: BTreeMap<StaticId, Forced>,
    /// Calls that block the thread until a future is done, in order.
    blocks: Vec<(FnId, CallId)>,
    /// Whether what follows a serve point does not count, and what workers do when they start does.
    until_served: bool,
    served: bool,
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        Self {
            program,
            seen: BTreeMap::new(),
            found: BTreeMap::new(),
            blocks: Vec::new(),
            until_served: false,
            served: false,
        }
    }

    /// Whether what runs at this time counts.
    fn enters(&self, time: Time) -> bool {
        match time {
            Time::Inline | Time::Parallel(_) | Time::Once(_) | Time::FirstUse(_) | Time::PerConnection(_) => {
                true
            }
            Time::PerWorker(_) => self.until_served,
            _ => false,
        }
    }

    /// Looks at events that run before the initializer is done. `arms` are the branches around the start.
    fn events(
        &mut self,
        frame: &Frame<'_, '_>,
        events: &[Event],
        arms: usize,
        confidence: Confidence,
        hops: &[Hop],
    ) {
        let (function, body) = (frame.function, frame.body);
        for event in events {
            if self.served {
                return;
            }
            let here = confidence.min(sureness(body, event.context, arms));
            // What runs to fill a cell shows that the cell is filled here, also where the call itself only gives a future.
            if let EventKind::Call { time: Time::Once(by), .. }
            | EventKind::Block { time: Time::Once(by), .. } = event.kind
                && let Some(fills) = cell_of(body, by).and_then(|cell| frame.static_of(cell))
            {
                let call = body.call(by);
                let hops = self.extended(hops, &self.program.callee_name(call), function, call.span);
                self.forced(fills, here, &hops);
            }
            match &event.kind {
                EventKind::Static(id) if self.program.is_lazy(*id) => {
                    let item = &self.program.types.items.statics[id.index()];
                    // The initializer names its own static where a macro wrote it.
                    if item.initializer != Some(function) {
                        self.forced(*id, here, hops);
                    }
                }
                EventKind::Call { call, time } if self.enters(*time) => {
                    self.call(frame, *call, here, hops);
                }
                EventKind::Block { block, time } if self.enters(*time) => {
                    let block = &body.blocks[block.0 as usize];
                    self.events(frame, &block.events, arms, confidence, hops);
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, frame: &Frame<'_, '_>, id: CallId, confidence: Confidence, hops: &[Hop]) {
        let (function, body) = (frame.function, frame.body);
        let call = body.call(id);
        if let Target::Library(facts) = call.target {
            let serves = match facts.role {
                CallRole::Serve | CallRole::ServeInBackground | CallRole::StartJobs => true,
                CallRole::Accept => body.goes_on_with(id),
                _ => false,
            };
            self.served |= self.until_served && serves;
            if facts.role == CallRole::BlockOn && !is_told(body, call) {
                self.blocks.push((function, id));
            }
        }
        let Target::Local { targets, dispatched } = &call.target else { return };
        let confidence = if *dispatched || targets.len() > 1 { Confidence::Low } else { confidence };
        let given: Vec<Option<StaticId>> =
            call.args.iter().map(|argument| frame.static_of(argument.value.place())).collect();
        for target in targets {
            let entered = (*target, given.clone());
            if self.seen.get(&entered).is_some_and(|known| *known >= confidence) {
                continue;
            }
            self.seen.insert(entered, confidence);
            let Some(callee) = self.program.body(*target) else { continue };
            let hops = self.extended(hops, &self.program.name_of(*target), function, call.span);
            let frame = Frame { function: *target, body: callee, given: given.clone() };
            self.events(&frame, &callee.events, 0, confidence, &hops);
        }
    }

    fn extended(&self, hops: &[Hop], label: &str, function: FnId, span: Span) -> Vec<Hop> {
        let mut hops = hops.to_vec();
        hops.push(Hop { label: label.to_owned(), location: self.program.location(function, span) });
        hops
    }

    fn forced(&mut self, id: StaticId, confidence: Confidence, hops: &[Hop]) {
        let better = self.found.get(&id).is_none_or(|known| known.confidence < confidence);
        if better {
            self.found.insert(id, Forced { id, hops: hops.to_vec(), confidence });
        }
    }
}

/// Whether a blocking call tells the runtime (`block_in_place`), or stands inside one that does.
pub(super) fn is_told(body: &LinkedBody<'_>, call: &Call<'_>) -> bool {
    let tells = |other: &Call<'_>| {
        matches!(other.target, Target::Library(facts) if facts.path.ends_with("::block_in_place"))
            && other.span.encloses(call.span)
    };
    body.calls.iter().any(tells)
}

/// How surely an event happens when the function with more than `arms` branches around the start runs.
fn sureness(body: &LinkedBody<'_>, context: ContextId, arms: usize) -> Confidence {
    let around: Vec<u32> = body.arms(context).map(|(branch, _, _)| branch).collect();
    let inside = &around[..around.len().saturating_sub(arms)];
    let events = || body.all_events();
    let asks_a_place = |branch: &u32| {
        events().any(|event| match &event.kind {
            EventKind::Branch(branching) if branching.branch == *branch => branching
                .atoms
                .iter()
                .any(|atom| matches!(atom.value, Value::Test { .. } | Value::Content(_))),
            _ => false,
        })
    };
    match inside {
        [] => Confidence::High,
        _ if inside.iter().any(asks_a_place) => Confidence::Low,
        _ => Confidence::Medium,
    }
}

impl Forced {
    /// Where the way to the use begins: the first call, else the initializer itself.
    pub fn location(&self) -> Location {
        let first = self.hops.get(1).or(self.hops.first());
        first.expect("every way begins with the initializer").location
    }
}
