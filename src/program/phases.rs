//! Room 5, *program*: the order of start-up that people declare, and where a binary does not keep it.

use std::collections::{BTreeMap, BTreeSet};

use super::Program;
use super::bodies::{CallId, Event, EventKind, Target, Time};
use super::entries::Entry;
use super::items::FnId;
use super::summaries::{EffectKind, Step};
use super::types::Types;
use crate::location::Location;

/// One phase of the start, as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPhase {
    /// What belongs to it: paths of functions, ids of resources, and the words `migrate` and `serve`.
    pub members: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

/// A member of a phase that is met on the way through a start.
#[derive(Debug, Clone)]
pub struct Met {
    /// Which phase.
    pub phase: usize,
    /// The member as it is declared.
    pub member: String,
    /// The calls that lead to it.
    pub steps: Vec<Step>,
}

/// Two phases in the wrong order.
#[derive(Debug)]
pub struct Misplaced<'p> {
    /// The binary.
    pub entry: &'p Entry,
    /// What runs first and is declared to come later.
    pub early: Met,
    /// What it should come after.
    pub late: Met,
}

/// Calls are not followed deeper.
const DEEPEST: usize = 32;
/// A function is not entered more often.
const MOST_VISITS: u32 = 3;

impl Program<'_> {
    /// The phases that are declared, in their order.
    pub fn phases(&self) -> &[DeclaredPhase] {
        self.phases
    }

    /// The members of phases that name nothing: neither a function of the workspace, nor a resource that something opens.
    pub fn unknown_phase_members(&self) -> Vec<(&str, Location)> {
        let mut found = Vec::new();
        for phase in self.phases {
            for member in &phase.members {
                let known = matches!(member.as_str(), "migrate" | "serve")
                    || self.resources().any(|resource| resource.id == *member)
                    || self.functions_called(member).next().is_some();
                if !known {
                    found.push((member.as_str(), phase.location));
                }
            }
        }
        found
    }

    /// The phases that a binary's start meets in another order than they are declared in, the first pair of each two phases.
    /// What does not run before the process serves or ends, such as tasks and handlers, is not looked at as the one that comes
    /// late, because its time is not known.
    pub fn misplaced_phases<'p>(&'p self, entry: &'p Entry) -> Vec<Misplaced<'p>> {
        if self.phases.is_empty() {
            return Vec::new();
        }
        let mut walk = Walk::new(self, entry);
        for start in entry.before_main.iter().chain([&entry.main]) {
            walk.function(*start, false);
        }
        let met = walk.met;
        let mut found: Vec<Misplaced<'p>> = Vec::new();
        for (index, (early, _)) in met.iter().enumerate() {
            let in_time = |phase: usize| {
                met[..index].iter().any(|(before, beside)| {
                    before.phase == phase && !beside && !self.exclude(&before.steps, &early.steps)
                })
            };
            let late = met[index + 1..].iter().find(|(late, beside)| {
                late.phase < early.phase
                    && !beside
                    && !in_time(late.phase)
                    && !self.exclude(&early.steps, &late.steps)
            });
            if let Some((late, _)) = late
                && !found
                    .iter()
                    .any(|known| (known.early.phase, known.late.phase) == (early.phase, late.phase))
            {
                found.push(Misplaced { entry, early: early.clone(), late: late.clone() });
            }
        }
        found
    }

    fn functions_called<'s>(&'s self, path: &'s str) -> impl Iterator<Item = FnId> + 's {
        functions_called(self.types, path)
    }
}

/// The functions that phases name as members.
pub(super) fn members(types: &Types<'_>, phases: &[DeclaredPhase]) -> BTreeSet<FnId> {
    phases
        .iter()
        .flat_map(|phase| &phase.members)
        .flat_map(|member| functions_called(types, member))
        .collect()
}

/// The functions with a path.
fn functions_called<'s>(types: &'s Types<'_>, path: &'s str) -> impl Iterator<Item = FnId> + 's {
    let last = path.rsplit("::").next().unwrap_or(path);
    // A binary has the name of its file, which may have hyphens; in code they are underscores.
    let in_code = |path: &str| path.replace('-', "_");
    types.items.function_ids().filter(move |id| {
        types.items.functions[id.index()].name == last && in_code(&types.function_path(*id)) == in_code(path)
    })
}

/// A way through the calls of a start, in the order in which they run.
struct Walk<'w, 'a> {
    program: &'w Program<'a>,
    /// The functions that are members.
    functions: BTreeMap<FnId, (usize, String)>,
    /// The library calls that are members: opening a resource, changing a schema, serving.
    sites: BTreeMap<(FnId, CallId), (usize, String)>,
    /// The functions that come to one of them.
    leads: BTreeSet<FnId>,
    steps: Vec<Step>,
    visits: BTreeMap<FnId, u32>,
    /// What was met, and whether that runs beside what follows.
    met: Vec<(Met, bool)>,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(program: &'w Program<'a>, entry: &Entry) -> Self {
        let members = || {
            program.phases.iter().enumerate().flat_map(|(phase, declared)| {
                declared.members.iter().map(move |member| (phase, member.clone()))
            })
        };
        let functions: BTreeMap<FnId, (usize, String)> = members()
            .flat_map(|(phase, member)| {
                let ids: Vec<FnId> = program.functions_called(&member).collect();
                ids.into_iter().map(move |id| (id, (phase, member.clone())))
            })
            .collect();
        let mut sites = BTreeMap::new();
        for (_, effect) in program.process_effects(entry) {
            let name = match &effect.kind {
                EffectKind::Create { .. } => program.resource_name(effect),
                EffectKind::Migrate => Some("migrate".to_owned()),
                EffectKind::Serve => Some("serve".to_owned()),
                EffectKind::Accept => None,
            };
            if let Some(found) = members().find(|(_, member)| Some(member) == name.as_ref()) {
                sites.insert(effect.site, found);
            }
        }
        let mut leads: BTreeSet<FnId> =
            functions.keys().copied().chain(sites.keys().map(|(function, _)| *function)).collect();
        let mut queue: Vec<FnId> = leads.iter().copied().collect();
        while let Some(function) = queue.pop() {
            let callers = program.graph.callers[function.index()].iter().copied();
            queue.extend(callers.filter(|caller| leads.insert(*caller)));
        }
        Self { program, functions, sites, leads, steps: Vec::new(), visits: BTreeMap::new(), met: Vec::new() }
    }

    fn function(&mut self, id: FnId, beside: bool) {
        if let Some((phase, member)) = self.functions.get(&id) {
            let met = Met { phase: *phase, member: member.clone(), steps: self.steps.clone() };
            self.met.push((met, beside));
        }
        let visits = self.visits.entry(id).or_default();
        *visits += 1;
        if *visits > MOST_VISITS || self.steps.len() > DEEPEST || !self.leads.contains(&id) {
            return;
        }
        let Some(body) = self.program.any_body(id) else { return };
        let mut pending: Vec<(&[Event], bool)> = vec![(&body.events, beside)];
        while let Some((events, beside)) = pending.pop() {
            let Some((event, rest)) = events.split_first() else { continue };
            pending.push((rest, beside));
            match &event.kind {
                EventKind::Call { call, time } => {
                    let Some(also_beside) = runs_beside(*time) else { continue };
                    let step = Step::Call(id, *call);
                    self.steps.push(step);
                    if let Some((phase, member)) = self.sites.get(&(id, *call)) {
                        let met = Met { phase: *phase, member: member.clone(), steps: self.steps.clone() };
                        self.met.push((met, beside || also_beside));
                    }
                    if let Target::Local { targets, dispatched: false } = &body.call(*call).target
                        && let [only] = targets.as_slice()
                    {
                        self.function(*only, beside || also_beside);
                    }
                    self.steps.pop();
                }
                EventKind::Block { block, time } => {
                    let Some(also_beside) = runs_beside(*time) else { continue };
                    pending.push((&body.blocks[block.0 as usize].events, beside || also_beside));
                }
                _ => {}
            }
        }
    }
}

/// Whether something that runs at this time runs beside what follows; `None` for what is no part of the start.
fn runs_beside(time: Time) -> Option<bool> {
    match time {
        Time::Inline | Time::Once(_) => Some(false),
        Time::Parallel(_) | Time::Task(_) | Time::PerWorker(_) | Time::PerConnection(_) => Some(true),
        Time::FirstUse(_) | Time::Handler(_) | Time::Maybe(_) => None,
    }
}
