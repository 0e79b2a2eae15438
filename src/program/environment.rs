//! Room 5, *program*: what a process reads from its environment before a file with more of it is loaded.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Program;
use super::bodies::{Argument, Call, CallId, Event, EventKind, LinkedBody, Target, Time, settled};
use super::entries::Entry;
use super::identity::variables_of;
use super::items::{AdtId, FnId};
use super::summaries::Step;
use super::terms::substitute;
use super::types::Ty;
use super::values::Value;
use crate::catalog::{CallFacts, CallRole, ValueSource};
use crate::finding::Hop;
use crate::location::Location;

/// How deep calls are followed.
const DEPTH: usize = 12;

/// Variables of the system and of tools, which nobody keeps in the file.
const OF_SYSTEM: [&str; 14] = [
    "RUST_LOG",
    "RUST_BACKTRACE",
    "HOME",
    "PATH",
    "USER",
    "USERNAME",
    "PWD",
    "TMPDIR",
    "TEMP",
    "HOSTNAME",
    "TZ",
    "LANG",
    "APPDATA",
    "CI",
];

/// Reads of a process that come before the load which could change what they find.
#[derive(Debug)]
pub struct EarlyReads {
    /// The reads, in order; never empty.
    pub reads: Vec<Read>,
    /// The call that loads.
    pub load: Location,
}

/// A read of an environment variable.
#[derive(Debug)]
pub struct Read {
    /// The variable.
    pub key: String,
    /// From `main` to the read.
    pub hops: Vec<Hop>,
    /// The same as steps.
    steps: Vec<Step>,
    /// The type of the value that is filled from the environment, where it is read for the fields of one.
    filled: Option<AdtId>,
    /// Whether the library names the variable, not the call (`env_logger::init`).
    named_by_library: bool,
    /// Where an environment file sets it.
    pub set_in: Option<Location>,
}

impl Read {
    /// The call that reads.
    pub fn location(&self) -> Location {
        self.hops[self.hops.len() - 1].location
    }
}

/// What says which file is loaded.
#[derive(Debug, Default)]
struct ChosenBy {
    /// Variables.
    keys: Vec<String>,
    /// Types that hold the arguments, of which something is asked.
    filled: Vec<AdtId>,
}

/// The text that a parameter is, where the call says it.
type GivenText = Option<Arc<str>>;

#[derive(Debug, Default)]
struct Walk {
    way: Vec<Hop>,
    /// The functions that were entered, with the texts that they were given.
    seen: BTreeSet<(FnId, Vec<GivenText>)>,
    /// The texts that the function at hand is given.
    given: Vec<GivenText>,
    reads: Vec<Read>,
    /// The load, and the steps that lead to it.
    load: Option<(Location, Vec<Step>)>,
    /// The functions that load the file for themselves, and read afterwards.
    own_loads: BTreeSet<FnId>,
    /// Variables that the code has set in every run so far: a file does not set them any more, whenever it is loaded.
    settled: BTreeSet<Arc<str>>,
    steps: Vec<Step>,
}

impl Program<'_> {
    /// What a binary reads before its first load of an environment file; `None` where it loads none, or first. Linear in
    /// the calls before the load.
    pub fn early_reads(&self, entry: &Entry) -> Option<EarlyReads> {
        let start = Hop { label: self.name_of(entry.main), location: self.declaration(entry.main) };
        let mut walk = Walk { way: vec![start], ..Walk::default() };
        self.read_in(entry.main, &mut walk);
        let (load, steps) = walk.load?;
        let chosen_by = self.chosen_by(&steps);
        let chooses = |read: &Read| {
            chosen_by.keys.contains(&read.key)
                || read.filled.is_some_and(|filled| chosen_by.filled.contains(&filled))
        };
        let package = &entry.binary.package;
        for read in &mut walk.reads {
            read.set_in = self.workspace.set_in_file(package, &read.key);
        }
        // Where a template is there and does not set it, the level of logging is no matter of files.
        let files_are_unknown = !self.workspace.has_environment_template(package);
        let counts = |read: &Read| {
            (read.set_in.is_some()
                || may_stand_in_a_file(&read.key)
                || files_are_unknown && self.is_beside(read, &steps))
                && !chooses(read)
                && !self.exclude(&read.steps, &steps)
                && !self.is_read_again(read, &steps)
                && !self.is_asked_again(read, &steps)
        };
        let reads: Vec<Read> = walk.reads.into_iter().filter(counts).collect();
        (!reads.is_empty()).then_some(EarlyReads { reads, load })
    }

    /// Whether one function makes a logger, and then loads the file that cannot set its level any more. Who looks at the failure of
    /// the load may want it logged.
    fn is_beside(&self, read: &Read, load: &[Step]) -> bool {
        let (Some(&Step::Call(reading, _)), Some(&Step::Call(loading, call))) =
            (read.steps.last(), load.last())
        else {
            return false;
        };
        let is_looked_at = || {
            let body = self.any_body(loading);
            body.is_some_and(|body| body.failures().iter().any(|failure| failure.call == call))
        };
        read.named_by_library && reading == loading && !is_looked_at()
    }

    /// Whether the function of a read, in which the load comes later, reads the same once more behind it.
    fn is_read_again(&self, read: &Read, load: &[Step]) -> bool {
        let Some(&Step::Call(function, first)) = read.steps.last() else { return false };
        let loading = load.iter().find_map(|step| match *step {
            Step::Call(id, call) if id == function && call != first => Some(call),
            _ => None,
        });
        let (Some(body), Some(loading)) = (self.any_body(function), loading) else { return false };
        let same = |call: &Call<'_>| match call.target {
            Target::Library(facts) if facts.role == CallRole::EnvironmentRead => {
                key_of(call, facts).is_some_and(|key| *key == *read.key)
                    || read.filled.is_some() && filled_by(call, facts) == read.filled
            }
            _ => false,
        };
        let after = body.call(loading).span;
        body.calls.iter().any(|call| call.span.starts_after(after) && same(call))
    }

    /// Whether a helper that is told which variable to read is told so again behind the load.
    fn is_asked_again(&self, read: &Read, load: &[Step]) -> bool {
        let is_named = |call: &Call<'_>| {
            read.steps.iter().any(|step| call.leads_to(step.function()))
                && call
                    .args
                    .iter()
                    .any(|argument| matches!(&argument.value, Value::Text(key) if **key == *read.key))
        };
        load.iter().any(|step| {
            let Step::Call(function, loading) = *step else { return false };
            let Some(body) = self.any_body(function) else { return false };
            let after = body.call(loading).span;
            body.calls.iter().any(|call| call.span.starts_after(after) && is_named(call))
        })
    }

    fn read_in(&self, id: FnId, walk: &mut Walk) {
        if walk.way.len() > DEPTH || !walk.seen.insert((id, walk.given.clone())) {
            return;
        }
        if let Some(body) = self.any_body(id) {
            self.read_events(id, body, &body.events, walk);
        }
    }

    fn read_events(&self, id: FnId, body: &LinkedBody<'_>, events: &[Event], walk: &mut Walk) {
        let in_line = |time: &Time| {
            matches!(time, Time::Inline | Time::Once(_) | Time::FirstUse(_) | Time::Parallel(_))
        };
        for event in events {
            if walk.load.is_some() {
                return;
            }
            match &event.kind {
                EventKind::Call { call, time } if in_line(time) => self.enter_call(id, body, *call, walk),
                EventKind::Block { block, time } if in_line(time) => {
                    // A function of the workspace that runs what it is given does so when it has prepared everything.
                    let is_given = |call: &Call<'_>| {
                        matches!(call.target, Target::Local { .. })
                            && call.args.iter().any(|argument| argument.value == Value::Block(*block))
                    };
                    if let Some(index) = body.calls.iter().position(is_given) {
                        self.enter_call(id, body, CallId(index as u32), walk);
                    }
                    self.read_events(id, body, &body.blocks[block.0 as usize].events, walk);
                }
                EventKind::Static(used) if self.is_lazy(*used) => {
                    if let Some(initializer) = self.types.items.statics[used.index()].initializer {
                        walk.way.push(Hop {
                            label: self.static_path(*used),
                            location: self.static_location(*used),
                        });
                        walk.steps.push(Step::Static(id, *used));
                        self.read_in(initializer, walk);
                        walk.steps.pop();
                        walk.way.pop();
                    }
                }
                _ => {}
            }
        }
    }

    fn enter_call(&self, id: FnId, body: &LinkedBody<'_>, call: CallId, walk: &mut Walk) {
        let label = self.callee_name(body.call(call));
        walk.way.push(Hop { label, location: self.location(id, body.call(call).span) });
        walk.steps.push(Step::Call(id, call));
        self.read_call(body, call, walk);
        walk.steps.pop();
        walk.way.pop();
    }

    fn read_call(&self, body: &LinkedBody<'_>, id: CallId, walk: &mut Walk) {
        let call = body.call(id);
        match &call.target {
            Target::Library(facts) if facts.role == CallRole::EnvironmentLoad => {
                let location = walk.way[walk.way.len() - 1].location;
                match self.is_of_a_component(&walk.steps) {
                    true => {
                        let is_sure = |step: &&Step| !self.is_in_some_runs(step);
                        let inner = walk.steps.iter().rev().take_while(is_sure);
                        walk.own_loads.extend(inner.map(Step::function));
                    }
                    false => walk.load = Some((location, walk.steps.clone())),
                }
            }
            Target::Library(facts) if facts.role == CallRole::EnvironmentRead => {
                let is_loaded =
                    walk.steps.last().is_some_and(|step| walk.own_loads.contains(&step.function()));
                if is_loaded {
                    return;
                }
                let filled = filled_by(call, facts);
                let keys = match (key_given(call, facts, &walk.given), filled) {
                    (Some(key), _) => vec![key],
                    (None, Some(filled)) => variables_of(self.types, filled, &facts.path),
                    (None, None) => Vec::new(),
                };
                let settled = &walk.settled;
                let open = keys.iter().filter(|key| !settled.contains(key.as_ref()));
                walk.reads.extend(open.map(|key| Read {
                    key: key.to_string(),
                    hops: walk.way.clone(),
                    steps: walk.steps.clone(),
                    filled,
                    named_by_library: facts.variable.is_some(),
                    set_in: None,
                }));
            }
            Target::Library(facts) if facts.role == CallRole::EnvironmentWrite => {
                let in_each_run = !walk.steps.iter().any(|step| self.is_in_some_runs(step));
                let key = call.args.first().filter(|_| in_each_run && call.args.len() == 2);
                if let Some(Value::Text(key)) = key.map(|argument| &argument.value) {
                    walk.settled.insert(Arc::clone(key));
                }
            }
            // Several that are not chosen by a type are alternatives of `cfg`.
            Target::Local { targets, dispatched: false } => {
                let given = call.args.iter().map(|argument| text_of(&argument.value, &walk.given)).collect();
                let outer = std::mem::replace(&mut walk.given, given);
                targets.iter().for_each(|target| self.read_in(*target, walk));
                walk.given = outer;
            }
            _ => {}
        }
    }

    /// Whether a load, given with the steps that lead to it, is what a part of the program does for itself: another package
    /// than that of `main` loads and reads in one function, and comes to it only in some runs.
    fn is_of_a_component(&self, load: &[Step]) -> bool {
        let (Some(first), Some(&Step::Call(last, loading))) = (load.first(), load.last()) else {
            return false;
        };
        let package = |id: FnId| self.package_of(self.types.items.functions[id.index()].module);
        let reads = |body: &LinkedBody<'_>| {
            body.calls[loading.0 as usize..].iter().any(|call| {
                matches!(call.target, Target::Library(facts) if facts.role == CallRole::EnvironmentRead)
            })
        };
        package(first.function()) != package(last)
            && self.any_body(last).is_some_and(reads)
            && load.iter().any(|step| self.is_in_some_runs(step))
    }

    /// Whether a call is made only where a branch of its function says so.
    fn is_in_some_runs(&self, step: &Step) -> bool {
        let Step::Call(id, call) = *step else { return false };
        self.any_body(id).is_some_and(|body| body.arms(body.call(call).context).next().is_some())
    }

    /// What says which file is loaded, or whether one is.
    fn chosen_by(&self, load: &[Step]) -> ChosenBy {
        let mut chosen = ChosenBy::default();
        // What the load is given, over the inputs of one function after the other, outwards.
        let mut given: Option<Vec<Value>> = None;
        for step in load.iter().rev() {
            let Step::Call(function, call) = *step else { continue };
            let Some(body) = self.any_body(function) else { continue };
            let mut collect = |value: &Value| {
                // What else a configuration holds does not say which file is meant by one of its fields.
                value.enter(&mut |part| {
                    match (part, part.root()) {
                        // A text may be the name of a variable that a helper is given.
                        (Value::Env(key) | Value::Text(key), _) => chosen.keys.push(key.to_string()),
                        (_, Value::Loaded(adt, ..)) => chosen.filled.push(*adt),
                        _ => {}
                    }
                    !matches!(part, Value::Field(..) | Value::Record(..) | Value::With(..))
                });
            };
            let loading = body.call(call);
            let close = |argument: &Argument| self.close_in(function, body, &argument.value);
            let args: Vec<Value> = loading.args.iter().map(close).collect();
            let receiver = loading.receiver.as_ref().map(close);
            let outwards = |value: &Value| substitute(value, &args, receiver.as_ref());
            let values = given.map_or_else(|| args.clone(), |inner| inner.iter().map(outwards).collect());
            values.iter().for_each(&mut collect);
            given = Some(values);
            let around: Vec<u32> = body.arms(loading.context).map(|(branch, _, _)| branch).collect();
            // A condition may be made of a read in ways that are not followed: what the function read before decides.
            for event in body.all_events() {
                if let EventKind::Branch(branching) = &event.kind
                    && around.contains(&branching.branch)
                {
                    branching
                        .atoms
                        .iter()
                        .for_each(|atom| collect(&self.close_in(function, body, &atom.value)));
                }
            }
            if !around.is_empty() {
                let before = || body.calls.iter().take(call.0 as usize);
                let helpers = before().filter(|other| !other.local_targets().is_empty());
                helpers.flat_map(|helper| &helper.args).for_each(|argument| collect(&argument.value));
                for other in before() {
                    if let Target::Library(facts) = other.target
                        && facts.role == CallRole::EnvironmentRead
                        && let Some(key) = key_of(other, facts)
                    {
                        chosen.keys.push(key.to_string());
                    }
                }
            }
        }
        chosen
    }
}

/// The variable that a call reads, as far as it names one.
fn key_of(call: &Call<'_>, facts: &CallFacts) -> Option<Arc<str>> {
    key_given(call, facts, &[])
}

/// The same in a function that is given texts.
fn key_given(call: &Call<'_>, facts: &CallFacts, given: &[GivenText]) -> Option<Arc<str>> {
    if let Some(variable) = &facts.variable {
        return Some(Arc::from(variable.as_str()));
    }
    let Some(ValueSource::Argument(key)) = facts.address else { return None };
    text_of(&call.args.get(key)?.value, given)
}

fn text_of(value: &Value, given: &[GivenText]) -> GivenText {
    match value {
        Value::Text(text) => Some(Arc::clone(text)),
        Value::Param(index) => given.get(*index as usize).cloned().flatten(),
        _ => None,
    }
}

/// The type of the workspace whose fields a call fills from the environment.
fn filled_by(call: &Call<'_>, facts: &CallFacts) -> Option<AdtId> {
    match settled(&call.result) {
        Ty::Adt(adt, _) if facts.address.is_none() => Some(*adt),
        _ => None,
    }
}

/// Whether a variable is none of those that the system and tools set: these stand in a file only where one is seen to set them.
fn may_stand_in_a_file(key: &str) -> bool {
    !OF_SYSTEM.contains(&key) && !key.starts_with("CARGO_") && !key.starts_with("XDG_")
}
