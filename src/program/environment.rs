//! Room 5, *program*: what a process reads from its environment before a file with more of it is loaded.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::{Argument, Call, CallId, Event, EventKind, LinkedBody, Target, Time};
use super::entries::Entry;
use super::items::FnId;
use super::summaries::Step;
use super::terms::substitute;
use super::values::Value;
use crate::catalog::CallRole;
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
}

impl Read {
    /// The call that reads.
    pub fn location(&self) -> Location {
        self.hops[self.hops.len() - 1].location
    }
}

#[derive(Debug, Default)]
struct Walk {
    way: Vec<Hop>,
    seen: BTreeSet<FnId>,
    reads: Vec<Read>,
    /// The load, and the steps that lead to it.
    load: Option<(Location, Vec<Step>)>,
    /// The functions that load the file for themselves, and read afterwards.
    own_loads: BTreeSet<FnId>,
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
        let counts = |read: &Read| !chosen_by.contains(&read.key) && !self.exclude(&read.steps, &steps);
        let reads: Vec<Read> = walk.reads.into_iter().filter(counts).collect();
        (!reads.is_empty()).then_some(EarlyReads { reads, load })
    }

    fn read_in(&self, id: FnId, walk: &mut Walk) {
        if walk.way.len() > DEPTH || !walk.seen.insert(id) {
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
                if let Some(Value::Text(key)) = call.args.first().map(|argument| &argument.value)
                    && !is_loaded
                    && !OF_SYSTEM.contains(&&**key)
                    && !key.starts_with("CARGO_")
                    && !key.starts_with("XDG_")
                {
                    let (hops, steps) = (walk.way.clone(), walk.steps.clone());
                    walk.reads.push(Read { key: key.to_string(), hops, steps });
                }
            }
            Target::Local { targets, dispatched: false } if targets.len() == 1 => {
                self.read_in(targets[0], walk);
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

    /// The variables that say which file is loaded, or whether one is.
    fn chosen_by(&self, load: &[Step]) -> Vec<String> {
        let mut keys = Vec::new();
        // What the load is given, over the inputs of one function after the other, outwards.
        let mut given: Option<Vec<Value>> = None;
        for step in load.iter().rev() {
            let Step::Call(function, call) = *step else { continue };
            let Some(body) = self.any_body(function) else { continue };
            let mut collect = |value: &Value| {
                // What else a configuration holds does not say which file is meant by one of its fields.
                value.enter(&mut |part| {
                    if let Value::Env(key) = part {
                        keys.push(key.to_string());
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
                for other in body.calls.iter().take(call.0 as usize) {
                    let reads = matches!(other.target, Target::Library(facts) if facts.role == CallRole::EnvironmentRead);
                    if let (true, Some(Value::Text(key))) =
                        (reads, other.args.first().map(|argument| &argument.value))
                    {
                        keys.push(key.to_string());
                    }
                }
            }
        }
        keys
    }
}
