//! Room 5, *program*: what calling a function does to databases, bottom-up. A summary lists a function's effects in
//! the order they happen, with addresses as terms over its parameters, so that a caller only substitutes.

mod given_code;
mod presumptions;
mod scopes;

use std::sync::{Arc, OnceLock};

use self::given_code::{CodeParameter, Start, code_parameters};
use super::bodies::{Call, CallId, ContextId, Event, EventKind, LinkedBody, Target, Time};
use super::conditions::{self, Condition};
use super::items::{FnId, StaticId};
use super::lifetimes::new_owner;
use super::terms::{Results, Terms, address_of, substitute};
use super::types::{TypeKey, Types};
use super::values::Value;
use crate::catalog::{CallRole, TypeKind};
use crate::facts::Name;

/// One step of a call path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A call in a function.
    Call(FnId, CallId),
    /// The first use of a static in a function runs its initializer.
    Static(FnId, StaticId),
}

impl Step {
    /// The function in which the step is taken.
    pub fn function(&self) -> FnId {
        match self {
            Self::Call(function, _) | Self::Static(function, _) => *function,
        }
    }
}

/// What an effect does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// Creates a handle.
    Create {
        /// What kind of handle.
        handle: TypeKind,
        /// Its driver.
        driver: String,
        /// Its type, as people write it.
        ty: String,
    },
    /// Changes the schema.
    Migrate,
    /// Answers outside work.
    Serve,
    /// Takes one connection. A loop around it that goes on is what serves.
    Accept,
}

/// Who keeps a created handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lifetime {
    /// The function gives it back.
    Returned,
    /// Something that outlives the function: a static, a field, a task, a server.
    Held(Holder),
    /// Nobody: it is gone when the function that made it ends, or earlier when it was given away.
    Local {
        /// Whether it is only lent, so that it stays until the function ends.
        stays: bool,
    },
    /// It is closed or dropped explicitly.
    Ended,
}

/// What keeps a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A process-wide static.
    Static(StaticId),
    /// A place reached through a value.
    Place(Value),
    /// A task, worker, handler or server it was moved into.
    Moved,
    /// A variable of a function that serves while the variable is alive.
    Scope,
}

/// What a function does with an argument beyond its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Nothing.
    #[default]
    No,
    /// It is part of the result.
    InResult,
    /// Something that outlives the call has it.
    Held,
}

/// What an effect takes for granted: that a type parameter of the summarized function stands for a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presumption {
    /// The parameter, `Self`, or `#n` for an argument of which only traits are known.
    pub param: Name,
    /// The type.
    pub ty: TypeKey,
    /// Whether the effect is certain where the parameter stands for the type.
    pub certain: bool,
}

/// Something a function does to a database or a server, directly or through calls.
#[derive(Debug, Clone)]
pub struct Effect {
    /// What.
    pub kind: EffectKind,
    /// The library call.
    pub site: (FnId, CallId),
    /// From the summarized function to the library call; never empty.
    pub steps: Arc<[Step]>,
    /// Where in the summarized function's control structure.
    pub context: ContextId,
    /// Everything on the way that is not plain calling, outermost first.
    pub times: Arc<[(FnId, Time)]>,
    /// The address, for creations.
    pub address: Value,
    /// The place that makes it happen at most once.
    pub once: Option<Value>,
    /// Who keeps the handle, for creations.
    pub lifetime: Lifetime,
    /// Whether every call on the way is certain: no dynamic dispatch, no unknown callee.
    pub certain: bool,
    /// Whether it is inside a loop on the way.
    pub looped: bool,
    /// Which choice of a type it needs that the function leaves to its callers. It is not certain until one makes it.
    pub presumes: Option<Presumption>,
    /// What the inputs of the function must be for it to happen, as far as branches say so.
    pub only_if: Vec<Condition>,
}

impl EffectKind {
    /// What it is in a loop that goes on, or outside of one.
    fn within_loop(self, goes_on: bool) -> Self {
        match self {
            Self::Accept if goes_on => Self::Serve,
            other => other,
        }
    }
}

impl Effect {
    /// Whether it creates a handle, rather than a value that only keeps an address.
    pub fn creates_handle(&self) -> bool {
        matches!(&self.kind, EffectKind::Create { handle, .. } if handle.is_handle())
    }

    /// The step that is the library call.
    pub fn last_step(&self) -> &Step {
        self.steps.last().expect("steps are never empty")
    }

    /// Whether whoever calls the function has it behind itself when the function is done.
    pub fn is_in_line(&self) -> bool {
        // The first connection is there when the pool is.
        let in_line = |time: &Time| {
            matches!(time, Time::Inline | Time::Once(_) | Time::Parallel(_) | Time::PerConnection(_))
        };
        !self.has_time(|time| !in_line(time))
    }

    /// The place that keeps the created handle, if one does.
    pub fn kept_in(&self) -> Option<Value> {
        match &self.lifetime {
            Lifetime::Held(Holder::Static(id)) => Some(Value::Static(*id)),
            Lifetime::Held(Holder::Place(place)) => Some(place.clone()),
            _ => None,
        }
    }

    /// Whether one of the times at which it runs, from the function at hand to its site, is as asked.
    pub fn has_time(&self, wanted: impl Fn(&Time) -> bool) -> bool {
        self.times.iter().any(|(_, time)| wanted(time))
    }
}

/// A write to a place that callers can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceWrite {
    /// The place, over the parameters.
    pub place: Value,
    /// What is written, where that is a constant; otherwise unknown.
    pub value: Value,
    /// Whether only the first writer wins.
    pub atomic: bool,
    /// Whether the answer who was first is used.
    pub claims: bool,
    /// Whether it is a once cell.
    pub once_cell: bool,
    /// Whether a lost race panics.
    pub unwrapped: bool,
}

/// Code that a function is given and runs.
#[derive(Debug, Clone, Copy)]
pub struct RunsGiven {
    /// The parameter.
    pub param: u32,
    /// How many effects come before it.
    pub after: usize,
}

/// A function's summary.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Its effects in the order they happen.
    pub effects: Vec<Effect>,
    /// Per parameter: what becomes of the argument.
    pub keeps: Vec<Keep>,
    /// What becomes of the receiver.
    pub keeps_receiver: Keep,
    /// Places it writes that a caller can name.
    pub writes: Vec<PlaceWrite>,
    /// Parameters that are code which it runs at one place, and how many of its effects come before that.
    pub runs_given: Vec<RunsGiven>,
}

/// Effects beyond this number are left out: no rule needs more of one function.
const MOST_EFFECTS: usize = 400;
/// Call paths to one site with one address beyond this number are left out.
const MOST_PATHS: usize = 6;
/// Writes beyond this number are left out.
const MOST_WRITES: usize = 16;
/// Call paths beyond this length are not followed.
const LONGEST_PATH: usize = 24;

/// Computes summaries; the bodies and the summaries of callees are at hand.
pub struct Summarizer<'s, 'a> {
    /// Types.
    pub types: &'s Types<'a>,
    /// Linked bodies of the functions that matter.
    pub bodies: &'s [Option<Box<LinkedBody<'a>>>],
    /// Summaries so far.
    pub summaries: &'s [OnceLock<Summary>],
    /// What each function gives back, callees first; unknown where it is not there yet.
    pub(super) results: &'s Results,
    /// The `main` functions: their variables live as long as the process.
    pub mains: &'s [FnId],
}

impl<'a> Summarizer<'_, 'a> {
    /// Summarizes one function from its body and its callees' summaries.
    pub fn summarize(&self, id: FnId) -> Summary {
        let Some(body) = &self.bodies[id.index()] else {
            return Summary::default();
        };
        let (keeps, keeps_receiver) = self.keeps_of(id, body);
        let terms = self.terms(id, body);
        let writes = self.place_writes(body, &terms);
        let mut collector = Collector {
            summarizer: self,
            id,
            body,
            effects: Vec::new(),
            code: code_parameters(self.types, id, body),
            runs_given: Vec::new(),
            terms: &terms,
        };
        collector.events(&body.events, &[]);
        collector.note_runs(|_| true);
        collector.keep_while_serving();
        let Collector { effects, runs_given, .. } = collector;
        Summary { effects, keeps, keeps_receiver, writes, runs_given }
    }

    fn place_writes(&self, body: &LinkedBody<'a>, terms: &Terms<'_, 'a>) -> Vec<PlaceWrite> {
        let mut writes: Vec<PlaceWrite> = Vec::new();
        let mut push = |write: PlaceWrite| {
            let nameable = matches!(write.place.root(), Value::Static(_) | Value::Receiver | Value::Param(_));
            if nameable && writes.len() < MOST_WRITES && !writes.contains(&write) {
                writes.push(write);
            }
        };
        let by_request = |time: Time| matches!(time, Time::Handler(_));
        for event in body.all_events() {
            // What a handler writes is written by requests, not by the call that registers it.
            if body.times_around(event.context).any(by_request) {
                continue;
            }
            match &event.kind {
                EventKind::Call { time, .. } if by_request(*time) => {}
                // A write that tests again under its own lock, or claims the place first, races with nobody.
                EventKind::Write(write) if body.settles(write) => {}
                EventKind::Write(write) => {
                    let facts = write.call.map(|call| body.call(call));
                    let once_cell = facts.is_some_and(|call| {
                        matches!(call.target, Target::Library(facts) if self.types.fills_once_cell(facts))
                    });
                    push(PlaceWrite {
                        place: terms.close(write.place.place()),
                        value: match &write.value {
                            constant @ (Value::Bool(_) | Value::Number(_)) => constant.clone(),
                            _ => Value::Unknown,
                        },
                        atomic: write.atomic,
                        claims: write.atomic && !facts.is_some_and(|call| call.outcome.discarded),
                        once_cell,
                        unwrapped: facts.is_some_and(|call| call.outcome.unwrapped),
                    });
                }
                EventKind::Call { call, .. } => {
                    let call = body.call(*call);
                    let Target::Local { targets, dispatched: false } = &call.target else {
                        continue;
                    };
                    let inner: Vec<&PlaceWrite> = targets
                        .iter()
                        .filter_map(|target| self.summary(*target))
                        .flat_map(|summary| &summary.writes)
                        .collect();
                    if inner.is_empty() {
                        continue;
                    }
                    let (receiver, args) = terms.inputs(call);
                    for write in inner {
                        push(PlaceWrite {
                            place: substitute(&write.place, &args, receiver.as_ref()),
                            ..write.clone()
                        });
                    }
                }
                _ => {}
            }
        }
        writes
    }

    pub(super) fn summary(&self, id: FnId) -> Option<&Summary> {
        self.summaries[id.index()].get()
    }

    /// Rewrites a value of a body as a term over the parameters of its function.
    pub fn close(&self, id: FnId, body: &LinkedBody<'a>, value: &Value) -> Value {
        self.terms(id, body).close(value)
    }

    /// For several values of one body.
    pub(super) fn terms<'t>(&'t self, id: FnId, body: &'t LinkedBody<'a>) -> Terms<'t, 'a> {
        Terms::new(self.types, self.results, id, body)
    }
}

struct Collector<'c, 's, 'a> {
    summarizer: &'c Summarizer<'s, 'a>,
    id: FnId,
    body: &'c LinkedBody<'a>,
    effects: Vec<Effect>,
    /// Parameters that are code, which did not run yet.
    code: Vec<CodeParameter>,
    runs_given: Vec<RunsGiven>,
    terms: &'c Terms<'c, 'a>,
}

impl<'a> Collector<'_, '_, 'a> {
    fn events(&mut self, events: &[Event], times: &[Time]) {
        let mut starts = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            starts.push(Start { effects: self.effects.len(), runs: self.runs_given.len() });
            match &event.kind {
                EventKind::Call { call, time } => {
                    let times = with(times, self.as_waited_for(*time));
                    let runs = self.call(*call, event.context, &times);
                    self.order_given(&events[..index], &starts, *call, &runs);
                }
                EventKind::Block { block, time } => {
                    let times = with(times, self.as_waited_for(*time));
                    let body = self.body;
                    self.events(&body.blocks[block.0 as usize].events, &times);
                }
                EventKind::Static(id) => self.static_use(*id, event.context, times),
                _ => {}
            }
        }
    }

    /// When something is over for what comes next: a task that is awaited where it is started (`spawn_blocking(…).await`) is in line.
    fn as_waited_for(&self, time: Time) -> Time {
        let facts = self.summarizer.types.items.functions[self.id.index()].body;
        match time {
            Time::Task(task) if facts.is_some_and(|facts| facts.is_awaited(self.body.call(task).expr)) => {
                Time::Inline
            }
            other => other,
        }
    }

    /// Adds what a call does. Gives back where it runs code that it is given, in the list of effects.
    fn call(&mut self, call_id: CallId, context: ContextId, times: &[Time]) -> Vec<RunsGiven> {
        let call = self.body.call(call_id);
        match &call.target {
            Target::Local { targets, dispatched } => {
                self.note_runs(|code| code.handed != Some(call.expr) && !code.span.ends_after(call.span));
                let runs = self.local(call_id, targets, *dispatched, context, times);
                self.hand_on(call, &runs);
                return runs;
            }
            _ => self.note_runs(|code| !code.span.ends_after(call.span)),
        }
        if matches!(call.target, Target::Library(_) | Target::External(_)) {
            self.call_of_library(call_id, context, times);
        }
        Vec::new()
    }

    /// Adds what a call of functions of the workspace does, as `call` does.
    fn local(
        &mut self,
        call_id: CallId,
        targets: &[FnId],
        dispatched: bool,
        context: ContextId,
        times: &[Time],
    ) -> Vec<RunsGiven> {
        let call = self.body.call(call_id);
        let mut effects: Vec<(&Effect, Option<Presumption>, bool)> = Vec::new();
        // Of several functions each may run it elsewhere.
        let known = match targets {
            [only] => self.summarizer.summary(*only).map(|summary| summary.runs_given.as_slice()),
            _ => None,
        };
        // Where each effect of the callee ends up, and the end of all.
        let mut places = Vec::new();
        for target in targets {
            let Some(summary) = self.summarizer.summary(*target) else { continue };
            for effect in &summary.effects {
                places.push(effects.len());
                let Some((presumes, mut certain)) = self.presumed(effect, call) else { continue };
                let chosen = self.choice_of(*target, call);
                let presumes = chosen.map(|(param, ty)| Presumption { param, ty, certain }).or(presumes);
                certain &= presumes.is_none() && !dispatched;
                effects.push((effect, presumes, certain));
            }
        }
        places.push(effects.len());
        let (receiver, args) = self.terms.inputs(call);
        // What becomes of the result is the same for every handle in it.
        let mut returned = None;
        let own = self.conditions(call_id, context);
        let mut lengths = Vec::with_capacity(effects.len() + 1);
        for (effect, presumes, certain) in effects {
            lengths.push(self.effects.len());
            if self.is_full(effect.steps.len() + 1) {
                continue;
            }
            let Some(only_if) = conditions::given(&effect.only_if, &args, receiver.as_ref()) else {
                continue;
            };
            let step = Step::Call(self.id, call_id);
            let mut lifted = self.lift(effect, step, context, times, certain);
            lifted.presumes = presumes;
            lifted.only_if = only_if.into_iter().chain(own.iter().cloned()).collect();
            lifted.address = substitute(&effect.address, &args, receiver.as_ref()).unless_lost();
            let inner = effect.once.as_ref().map(|once| substitute(once, &args, receiver.as_ref()));
            lifted.once = lifted.once.or(inner);
            lifted.lifetime = match &effect.lifetime {
                Lifetime::Returned => returned
                    .get_or_insert_with(|| {
                        let value = Value::Call(call_id);
                        self.summarizer.lifetime(self.body, &value, Some(call.context))
                    })
                    .clone(),
                Lifetime::Local { .. } => Lifetime::Local { stays: false },
                Lifetime::Held(Holder::Place(place)) => {
                    self.held_in(call, place, substitute(place, &args, receiver.as_ref()))
                }
                other => other.clone(),
            };
            self.push(lifted);
        }
        lengths.push(self.effects.len());
        let run = |run: &RunsGiven| RunsGiven { after: lengths[places[run.after]], ..*run };
        known.into_iter().flatten().map(run).collect()
    }

    /// What becomes of a handle that a callee keeps in one of its places, `seen` from here.
    fn held_in(&self, call: &Call<'_>, place: &Value, seen: Value) -> Lifetime {
        // What `main` makes stays as long as the process, if somebody uses it.
        let is_new = seen.is_failure() && !self.summarizer.mains.contains(&self.id);
        let owner = is_new.then(|| new_owner(self.body, call, place)).flatten();
        match owner.map(|owner| self.summarizer.lifetime(self.body, owner, Some(call.context))) {
            Some(goes @ (Lifetime::Local { .. } | Lifetime::Ended)) => goes,
            _ => Lifetime::Held(Holder::Place(seen)),
        }
    }

    fn call_of_library(&mut self, call_id: CallId, context: ContextId, times: &[Time]) {
        let call = self.body.call(call_id);
        let facts = match call.target {
            Target::Library(facts) => Some(facts),
            _ => None,
        };
        let undescribed = self.body.undescribed_client(self.summarizer.types, call);
        let kind = match facts.map(|facts| facts.role) {
            Some(CallRole::Create) => {
                let types = self.summarizer.types;
                let known = types.handle(&call.result);
                let (handle, driver) = match (known, types.driver_of(&call.result)) {
                    (Some(handle), _) => handle,
                    (None, Some(driver)) => (TypeKind::Config, driver),
                    (None, None) => return,
                };
                EffectKind::Create { handle, driver, ty: self.summarizer.types.display(&call.result) }
            }
            Some(CallRole::Migrate | CallRole::SchemaCreate | CallRole::MigrationDestructive) => {
                EffectKind::Migrate
            }
            Some(CallRole::Serve | CallRole::ServeInBackground | CallRole::StartJobs) => EffectKind::Serve,
            Some(CallRole::Accept) => EffectKind::Accept.within_loop(self.body.goes_on_with(call_id)),
            _ if self.body.changes_schema(call_id) => EffectKind::Migrate,
            _ => match undescribed {
                Some((driver, _)) => EffectKind::Create {
                    // That it is a handle is not known well enough for a rule.
                    handle: TypeKind::Config,
                    driver: driver.to_owned(),
                    ty: self.summarizer.types.display(&call.result),
                },
                None => return,
            },
        };
        let address = match &kind {
            EffectKind::Create { .. } => {
                let value = address_of(call).or(undescribed.map(|(_, address)| address));
                let value = value.map_or(Value::Unknown, |argument| argument.value.clone());
                self.terms.close(&value).unless_lost()
            }
            _ => Value::Unknown,
        };
        let lifetime = match &kind {
            EffectKind::Create { .. } => {
                self.summarizer.lifetime(self.body, &Value::Call(call_id), Some(call.context))
            }
            _ => Lifetime::Local { stays: false },
        };
        let once = self.once_of(times);
        let certain = !times.iter().any(|time| matches!(time, Time::Maybe(_)));
        self.push(Effect {
            kind,
            site: (self.id, call_id),
            steps: Arc::from([Step::Call(self.id, call_id)]),
            context,
            times: times.iter().map(|time| (self.id, *time)).collect(),
            address,
            once,
            lifetime,
            certain,
            looped: self.body.repeats(call_id),
            presumes: None,
            only_if: self.conditions(call_id, context),
        });
    }

    /// What the inputs of the function must be for a call to happen.
    fn conditions(&self, call: CallId, context: ContextId) -> Vec<Condition> {
        let place = self.body.call(call).span;
        conditions::conditions_at(self.summarizer.types, self.id, self.body, self.terms, context, place)
    }

    /// The place whose once primitive guards what runs at these times.
    fn once_of(&self, times: &[Time]) -> Option<Value> {
        times.iter().find_map(|time| match time {
            Time::Once(call) => {
                let receiver = self.body.call(*call).receiver.as_ref();
                let value =
                    receiver.or(self.body.call(*call).args.first()).map(|argument| argument.value.place());
                value.map(|value| self.terms.close(value))
            }
            _ => None,
        })
    }

    fn static_use(&mut self, id: StaticId, context: ContextId, times: &[Time]) {
        let Some(initializer) = self.summarizer.types.items.statics[id.index()].initializer else {
            return;
        };
        if initializer == self.id {
            return;
        }
        let Some(summary) = self.summarizer.summary(initializer) else {
            return;
        };
        for effect in &summary.effects {
            let mut lifted = self.lift(effect, Step::Static(self.id, id), context, times, effect.certain);
            // An initializer has no parameters: its terms mean the same everywhere.
            lifted.address = effect.address.clone();
            lifted.once = Some(Value::Static(id));
            lifted.lifetime = match effect.lifetime {
                Lifetime::Ended | Lifetime::Local { .. } => effect.lifetime.clone(),
                _ => Lifetime::Held(Holder::Static(id)),
            };
            // What the initializer takes from another static that keeps it was made for that one.
            if let Lifetime::Held(Holder::Static(other)) = effect.lifetime
                && effect.once == Some(Value::Static(other))
            {
                lifted.once.clone_from(&effect.once);
                lifted.lifetime = effect.lifetime.clone();
            }
            self.push(lifted);
        }
    }

    fn lift(&self, effect: &Effect, step: Step, context: ContextId, times: &[Time], certain: bool) -> Effect {
        let own = times.iter().map(|time| (self.id, *time));
        let (repeats, goes_on) = match step {
            Step::Call(_, call) => (self.body.repeats(call), self.body.goes_on_with(call)),
            Step::Static(..) => (self.body.in_loop(context), false),
        };
        Effect {
            kind: effect.kind.clone().within_loop(goes_on),
            site: effect.site,
            steps: std::iter::once(step).chain(effect.steps.iter().copied()).collect(),
            context,
            times: own.chain(effect.times.iter().copied()).collect(),
            address: Value::Unknown,
            once: self.once_of(times),
            lifetime: effect.lifetime.clone(),
            certain: certain && !times.iter().any(|time| matches!(time, Time::Maybe(_))),
            looped: effect.looped || repeats,
            presumes: None,
            only_if: Vec::new(),
        }
    }

    /// Whether there is no room for an effect at the end of a call path of this length.
    fn is_full(&self, steps: usize) -> bool {
        self.effects.len() >= MOST_EFFECTS || steps > LONGEST_PATH
    }

    fn push(&mut self, effect: Effect) {
        if self.is_full(effect.steps.len()) {
            return;
        }
        let same = self.effects.iter().filter(|other| {
            other.site == effect.site && other.kind == effect.kind && other.address == effect.address
        });
        if same.count() < MOST_PATHS {
            self.effects.push(effect);
        }
    }
}

fn with(times: &[Time], time: Time) -> Vec<Time> {
    let mut list = times.to_vec();
    if time != Time::Inline {
        list.push(time);
    }
    list
}
