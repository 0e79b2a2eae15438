//! Room 5, *program*: what a binary does from its first line until it serves, in order, as plain data.

use std::collections::BTreeMap;

use super::Program;
use super::bodies::{CallId, Event, EventKind, Target, Time};
use super::entries::Entry;
use super::items::{FnId, StaticId};
use super::short_path;
use crate::catalog::CallRole;
use crate::location::Location;

/// What a start-up step is about, in the order a service should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The environment is loaded (`dotenv`).
    Environment,
    /// Environment or configuration is read.
    Configuration,
    /// A handle is created.
    Handle,
    /// A handle is proven to work.
    Verification,
    /// The schema is changed.
    Migration,
    /// A task or thread starts.
    Task,
    /// A socket is bound.
    Bind,
    /// Readiness is announced.
    Ready,
    /// Outside work is answered.
    Serve,
}

impl Phase {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Configuration => "configuration",
            Self::Handle => "handle",
            Self::Verification => "verification",
            Self::Migration => "migration",
            Self::Task => "task",
            Self::Bind => "bind",
            Self::Ready => "ready",
            Self::Serve => "serve",
        }
    }

    fn of(role: CallRole) -> Option<Self> {
        Some(match role {
            CallRole::EnvironmentLoad => Self::Environment,
            CallRole::EnvironmentRead | CallRole::ConfigRead => Self::Configuration,
            CallRole::Create => Self::Handle,
            CallRole::Verify => Self::Verification,
            CallRole::Migrate | CallRole::SchemaCreate | CallRole::MigrationDestructive => Self::Migration,
            CallRole::Spawn | CallRole::SpawnThread => Self::Task,
            CallRole::Bind => Self::Bind,
            CallRole::HealthSet => Self::Ready,
            CallRole::Serve | CallRole::ServeInBackground | CallRole::StartJobs | CallRole::Accept => {
                Self::Serve
            }
            _ => return None,
        })
    }
}

/// The start-up of one binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The binary.
    pub binary: String,
    /// What it does, in order.
    pub moments: Vec<Moment>,
    /// Whether there is more than is listed.
    pub is_cut: bool,
}

/// One step of a start-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// What it is about.
    pub phase: Phase,
    /// The call, as people write it.
    pub label: String,
    /// Where.
    pub location: Location,
    /// Where it does not run in line: `in a task`, `on first use`, ….
    pub beside: Option<&'static str>,
    /// The rules that say something of it, sorted; filled by the plan.
    pub wrong: Vec<&'static str>,
}

/// More steps are not listed: whoever reads a timeline wants to see it at once.
const MOST_MOMENTS: usize = 48;
/// Calls are not followed deeper.
const DEEPEST: usize = 16;
/// A function is not entered more often.
const MOST_VISITS: u32 = 3;

impl Program<'_> {
    /// The start-up of each binary, in the order of the entries. Linear in the calls that are followed.
    pub fn timelines(&self) -> Vec<Timeline> {
        self.production_entries().map(|entry| self.timeline(entry)).collect()
    }

    fn timeline(&self, entry: &Entry) -> Timeline {
        let mut walk =
            Walk { program: self, moments: Vec::new(), visits: BTreeMap::new(), statics: Vec::new() };
        for start in entry.before_main.iter().chain([&entry.main]) {
            walk.function(*start, None, 0);
        }
        let is_cut = walk.moments.len() > MOST_MOMENTS;
        let mut moments = walk.moments;
        moments.truncate(MOST_MOMENTS);
        Timeline { binary: entry.binary.title.clone(), moments, is_cut }
    }
}

struct Walk<'w, 'a> {
    program: &'w Program<'a>,
    moments: Vec<Moment>,
    visits: BTreeMap<FnId, u32>,
    statics: Vec<StaticId>,
}

impl Walk<'_, '_> {
    fn function(&mut self, id: FnId, beside: Option<&'static str>, depth: usize) {
        let Some(body) = self.program.body(id) else { return };
        let visits = self.visits.entry(id).or_default();
        *visits += 1;
        if depth <= DEEPEST && *visits <= MOST_VISITS {
            self.events(id, &body.events, beside, depth);
        }
    }

    fn events(&mut self, id: FnId, events: &[Event], beside: Option<&'static str>, depth: usize) {
        let Some(body) = self.program.body(id) else { return };
        for event in events {
            if self.moments.len() > MOST_MOMENTS {
                return;
            }
            match &event.kind {
                EventKind::Call { call, time } => {
                    let Some(when) = beside_of(*time) else { continue };
                    self.call(id, *call, when.or(beside), depth);
                }
                EventKind::Block { block, time } => {
                    let Some(when) = beside_of(*time) else { continue };
                    self.events(id, &body.blocks[block.0 as usize].events, when.or(beside), depth);
                }
                EventKind::Static(used) if !self.statics.contains(used) => {
                    self.statics.push(*used);
                    let initializer = self.program.types.items.statics[used.index()].initializer;
                    if let Some(initializer) = initializer.filter(|initializer| *initializer != id) {
                        self.function(initializer, beside.or(Some("on first use")), depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, id: FnId, call_id: CallId, beside: Option<&'static str>, depth: usize) {
        let call = self.program.call(id, call_id);
        match &call.target {
            Target::Library(facts) => {
                let Some(phase) = Phase::of(facts.role) else { return };
                let moment = Moment {
                    phase,
                    label: short_path(&facts.path),
                    location: self.program.location(id, call.span),
                    beside,
                    wrong: Vec::new(),
                };
                // One after the other read from the environment is one step for whoever reads.
                let repeats = self.moments.last().is_some_and(|last| {
                    last.phase == phase
                        && phase == Phase::Configuration
                        && last.location.file == moment.location.file
                });
                if !repeats && !self.moments.contains(&moment) {
                    self.moments.push(moment);
                }
            }
            Target::Local { targets, dispatched: false } => {
                if let [only] = targets.as_slice() {
                    self.function(*only, beside, depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// How something that runs at this time runs beside what follows; `None` for what is no part of the start-up.
fn beside_of(time: Time) -> Option<Option<&'static str>> {
    match time {
        Time::Inline | Time::Once(_) => Some(None),
        Time::Parallel(_) => Some(Some("beside others")),
        Time::Task(_) => Some(Some("in a task")),
        Time::PerWorker(_) => Some(Some("per worker")),
        Time::PerConnection(_) => Some(Some("per connection")),
        Time::FirstUse(_) => Some(Some("on first use")),
        Time::Handler(_) | Time::Maybe(_) => None,
    }
}
