//! Room 5, *program*: all facts linked into one program. Rules read the [`Program`] and nothing else.
//!
//! Linking goes bottom-up: [`items`] flattens the facts, [`names`] resolves paths, [`types`] gives receivers a
//! type, [`bodies`] walks each function once, [`reach`] decides which functions matter, [`summaries`] puts
//! bodies together, [`identity`] names the resources. Unknown stays unknown at every step: it may hide a finding,
//! never make one. The room does no IO and judges nothing.

mod address_texts;
pub mod announcements;
pub mod answers;
pub mod behaviour;
pub mod bodies;
pub mod claims;
pub mod competition;
mod conditions;
pub mod credentials;
pub mod data_migrations;
pub mod declarations;
pub mod detached;
pub mod doors;
pub mod early_statements;
pub mod embedded_files;
pub mod entries;
pub mod environment;
pub mod existence;
mod file_locks;
pub mod fillings;
pub mod first_rows;
pub mod flow;
pub mod forcing;
mod format_strings;
pub mod gates;
pub mod half_applied;
mod health_commands;
pub mod identity;
pub mod init_cycles;
pub mod init_paths;
pub mod instances;
pub mod inventory;
pub mod items;
mod kept_functions;
pub mod late_cells;
pub mod lateness;
mod lifetimes;
mod linking;
pub mod lost_migrations;
pub mod memory_databases;
pub mod migrators;
mod mounts;
pub mod named_existence;
pub mod names;
pub mod nested_runtimes;
pub mod own_migrators;
pub mod phases;
pub mod place;
pub mod privileges;
mod probe_kinds;
pub mod probes;
pub mod processes;
mod reach;
pub mod readers;
pub mod readiness;
mod requests;
pub mod routes;
mod ruled_out;
pub mod schema_owners;
mod seen;
pub mod session_locks;
pub mod session_settings;
pub mod shapes;
pub mod shared_entries;
mod sql;
mod sql_parser;
pub mod start_up;
pub mod summaries;
pub mod supplied_state;
pub mod swallowed;
mod terms;
pub mod timeline;
mod transactions;
pub mod types;
pub mod unlocked;
pub mod unready;
pub mod values;
pub mod verdicts;
pub mod verification;
pub mod waiting;
pub mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

pub use crate::catalog::UNKNOWN_DRIVER;
use crate::catalog::{CallFacts, CallRole, TypeKind, driver_facts};
use crate::finding::Hop;
use crate::location::{FileId, Location, Span};
use crate::workspace::{DeclaredProbe, Workspace};
use bodies::{Call, CallId, LinkedBody, Target};
use declarations::{Declarations, ResourceDeclaration};
use doors::Doors;
use entries::Entry;
use inventory::{Address, Resource, Scope};
use items::{AdtId, Container, FnId};
use kept_functions::KeptFunctions;
use linking::{AllBodies, BUNDLE};
use phases::DeclaredPhase;
use reach::{CallGraph, Sketch};
use routes::Route;
use sql_parser::TableChanges;
use summaries::{Effect, EffectKind, Lifetime, PlaceWrite, Step, Summarizer, Summary};
use terms::{Results, Terms};
use types::{Ty, Types};
use values::Value;

/// Index of a resource in [`Program::resources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u32);

/// A linked program: everything rules may know.
pub struct Program<'a> {
    /// The workspace it was linked from.
    pub workspace: &'a Workspace,
    /// Types and, through them, items and names.
    pub types: &'a Types<'a>,
    bodies: Vec<Option<Box<LinkedBody<'a>>>>,
    kept_functions: KeptFunctions,
    other_bodies: Vec<OnceLock<Option<Box<LinkedBody<'a>>>>>,
    summaries: Vec<OnceLock<Summary>>,
    results: Results,
    mains: Vec<FnId>,
    sketches: Vec<Option<Sketch>>,
    graph: CallGraph,
    concurrent: Vec<bool>,
    entries: Vec<Entry>,
    resources: Vec<(Value, Resource)>,
    routes: Vec<Route>,
    declared_probes: Vec<DeclaredProbe>,
    declared: &'a [ResourceDeclaration],
    phases: &'a [DeclaredPhase],
    file_changes: OnceLock<BTreeMap<FileId, TableChanges>>,
    keepers: OnceLock<BTreeSet<AdtId>>,
    answering: OnceLock<routes::AnsweringTraits>,
    doors: OnceLock<Doors>,
}

impl<'a> Program<'a> {
    /// Links the bodies of all functions. Linear in the size of the program, but for name look-ups; parallel.
    pub fn link(workspace: &'a Workspace, types: &'a Types<'a>, declarations: Declarations<'a>) -> Self {
        let items = types.items;
        let count = items.functions.len();
        let AllBodies { sketches, graph, bodies, kept_functions } =
            AllBodies::link(types, declarations.phases);
        let summaries: Vec<OnceLock<Summary>> = (0..count).map(|_| OnceLock::new()).collect();
        let results = Results::new(count);
        let entries = entries::find(workspace, types);
        let mains: Vec<FnId> = entries.iter().map(|entry| entry.main).collect();
        let summarizer =
            Summarizer { types, bodies: &bodies, summaries: &summaries, results: &results, mains: &mains };
        let reads = |id: FnId| {
            let sketch = sketches[id.index()].as_ref();
            let body = bodies[id.index()].as_deref();
            let mut read = sketch.map(Sketch::gives_results_of).unwrap_or_default();
            read.extend(body.into_iter().flat_map(LinkedBody::local_targets));
            let statics = sketch.into_iter().flat_map(|sketch| &sketch.statics);
            read.extend(statics.filter_map(|used| items.statics[used.index()].initializer));
            read
        };
        for group in reach::independent_groups(&graph.bottom_up, reads) {
            group.into_par_iter().with_max_len(BUNDLE).for_each(|id| {
                if let Some(sketch) = &sketches[id.index()] {
                    results.set(id, terms::expand(types, &results, &sketch.result));
                }
                if graph.relevant[id.index()] {
                    summaries[id.index()].get_or_init(|| summarizer.summarize(id));
                }
            });
        }
        let concurrent = reach::concurrent(types, &sketches, &graph, &entries);
        let mut program = Self {
            workspace,
            types,
            bodies,
            kept_functions,
            other_bodies: (0..count).map(|_| OnceLock::new()).collect(),
            summaries,
            results,
            mains,
            sketches,
            graph,
            concurrent,
            entries,
            resources: Vec::new(),
            routes: Vec::new(),
            declared_probes: Vec::new(),
            declared: declarations.resources,
            phases: declarations.phases,
            file_changes: OnceLock::new(),
            keepers: OnceLock::new(),
            answering: OnceLock::new(),
            doors: OnceLock::new(),
        };
        program.find_resources();
        program.routes = program.find_routes();
        program.declared_probes = program.find_declared_probes();
        program
    }

    /// Gives the memory back, on all threads.
    pub(crate) fn free(self) {
        let Self { bodies, other_bodies, summaries, sketches, .. } = self;
        rayon::join(
            || bodies.into_par_iter().zip(other_bodies).for_each(drop),
            || {
                rayon::join(
                    || summaries.into_par_iter().for_each(drop),
                    || sketches.into_par_iter().for_each(drop),
                )
            },
        );
    }

    /// The `main` functions of binaries, examples and benches, in the order of the targets.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Those of them that belong to production code.
    pub fn production_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.scope == Scope::Production)
    }

    /// The binaries of production code that answer outside work.
    pub fn servers(&self) -> impl Iterator<Item = &Entry> {
        let serves =
            |entry: &&Entry| self.effects(entry.main).iter().any(|effect| effect.kind == EffectKind::Serve);
        self.production_entries().filter(serves)
    }

    /// What happens in the process of a binary, before `main` and then in it, each with the function in which the way
    /// to it begins.
    pub fn process_effects<'p>(&'p self, entry: &'p Entry) -> impl Iterator<Item = (FnId, &'p Effect)> {
        let functions = entry.before_main.iter().copied().chain([entry.main]);
        functions.flat_map(|id| self.effects(id).iter().map(move |effect| (id, effect)))
    }

    /// The linked body of a function that matters.
    pub fn body(&self, id: FnId) -> Option<&LinkedBody<'a>> {
        self.bodies[id.index()].as_deref()
    }

    /// The linked body of any function that has one. Of one that does not matter it is linked when somebody asks first.
    pub fn any_body(&self, id: FnId) -> Option<&LinkedBody<'a>> {
        let link = || self.kept_functions.link(self.types, id);
        self.body(id).or_else(|| self.other_bodies[id.index()].get_or_init(link).as_deref())
    }

    /// All functions with a linked body, in order.
    pub fn linked(&self) -> impl Iterator<Item = (FnId, &LinkedBody<'a>)> {
        self.bodies
            .iter()
            .enumerate()
            .filter_map(|(index, body)| Some((FnId(index as u32), body.as_deref()?)))
    }

    /// What a function does to databases and servers, in order.
    pub fn effects(&self, id: FnId) -> &[Effect] {
        self.summaries[id.index()].get().map_or(&[], |summary| &summary.effects)
    }

    /// What a function gives back, as a term over its parameters.
    pub fn gives_back(&self, id: FnId) -> &Value {
        self.results.get(id)
    }

    /// Whether the declared result of a function has room for a handle, or is not known.
    pub fn may_give_handle(&self, id: FnId) -> bool {
        let output = bodies::settled(&self.types.signature(id).output);
        *output == Ty::Unknown || self.types.contains_handle(output)
    }

    /// The places a function writes that its callers can name.
    pub fn place_writes(&self, id: FnId) -> &[PlaceWrite] {
        self.summaries[id.index()].get().map_or(&[], |summary| &summary.writes)
    }

    /// Whether the function can run beside itself: from handlers, tasks or code outside the workspace.
    pub fn is_concurrent(&self, id: FnId) -> bool {
        self.concurrent[id.index()]
    }

    /// Whether the function, or something it calls, uses a database handle.
    pub fn needs_handle(&self, id: FnId) -> bool {
        self.graph.needs_handle[id.index()]
    }

    /// Whether the function is written `async`.
    pub fn is_async(&self, id: FnId) -> bool {
        self.types.items.functions[id.index()].signature.is_some_and(|signature| signature.is_async)
    }

    /// Where the code of a function runs.
    pub fn scope(&self, id: FnId) -> Scope {
        self.types.items.functions[id.index()].scope
    }

    /// The handlers of production code with their routes, sorted by place.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The resources that production code opens.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().map(|(_, resource)| resource)
    }

    /// The doors of production code, worked out at the first question.
    pub fn doors(&self) -> &Doors {
        self.doors.get_or_init(|| self.find_doors())
    }

    /// A resource by index.
    pub fn resource(&self, id: ResourceId) -> &Resource {
        &self.resources[id.0 as usize].1
    }

    /// The resource that a creating effect opens, as seen from the function whose summary has it.
    pub fn resource_of(&self, effect: &Effect) -> Option<ResourceId> {
        let EffectKind::Create { driver, .. } = &effect.kind else {
            return None;
        };
        let at_address = || {
            let resources = self.resources.iter().enumerate();
            resources.filter(|(_, (value, _))| *value == effect.address)
        };
        let own = at_address().find(|(_, (_, resource))| resource.driver == *driver);
        // A driver that the address alone decides is the only database that something else opens at that address.
        let mut others = at_address().filter(|(_, (_, resource))| {
            driver == UNKNOWN_DRIVER
                && resource.driver != *driver
                && driver_facts(&resource.driver).is_database
        });
        let only = match (others.next(), others.next()) {
            (only, None) => only,
            _ => None,
        };
        let (index, _) = only.or(own)?;
        let known = &self.resources[index].1;
        let same = |(_, other): &(Value, Resource)| other.id == known.id;
        let index = known.alias.as_ref().and_then(|_| self.resources.iter().position(same)).unwrap_or(index);
        Some(ResourceId(index as u32))
    }

    /// The [id](Resource::id) of the resource that a creating effect opens.
    pub fn resource_name(&self, effect: &Effect) -> Option<String> {
        self.resource_of(effect).map(|id| self.resource(id).id.clone())
    }

    fn summarizer(&self) -> Summarizer<'_, 'a> {
        Summarizer {
            types: self.types,
            bodies: &self.bodies,
            summaries: &self.summaries,
            results: &self.results,
            mains: &self.mains,
        }
    }

    /// Rewrites a value of a body as a term over the parameters of its function.
    pub fn close(&self, id: FnId, value: &Value) -> Value {
        let summarizer = self.summarizer();
        self.body(id).map_or(Value::Unknown, |body| summarizer.close(id, body, value))
    }

    /// The same for a body that was not kept.
    pub(super) fn close_in(&self, id: FnId, body: &LinkedBody<'_>, value: &Value) -> Value {
        Terms::new(self.types, &self.results, id, body).close(value)
    }

    /// A place of a function as its author names it; [`Program::describe`] does not know the names of parameters.
    pub fn describe_place(&self, id: FnId, place: &Value) -> String {
        match place {
            Value::Param(index) => {
                let signature = self.types.items.functions[id.index()].signature;
                let param = signature.and_then(|signature| signature.params.get(*index as usize));
                let name = param.and_then(|param| param.pat.only_name());
                name.map_or_else(|| self.describe(place), |name| name.to_string())
            }
            Value::Field(inner, name) => format!("{}.{name}", self.describe_place(id, inner)),
            other => self.describe(other),
        }
    }

    /// A value as people would name it.
    pub fn describe(&self, value: &Value) -> String {
        let mut out = String::new();
        identity::write(self.types, &mut out, value, 0);
        out
    }

    /// Whether an effect stands under a condition in the function where two paths part.
    pub fn is_conditional(&self, step: &Step) -> bool {
        let Step::Call(function, call) = step else { return false };
        self.body(*function).is_some_and(|body| body.arms(body.call(*call).context).next().is_some())
    }

    /// Whether an effect creates something of a database rather than of a cache, a queue or an object store.
    pub fn is_of_database(&self, effect: &Effect) -> bool {
        match &effect.kind {
            EffectKind::Create { driver, .. } => driver_facts(driver).is_database,
            EffectKind::Migrate | EffectKind::Serve | EffectKind::Accept => true,
        }
    }

    /// What kind of handle an effect creates, as a noun.
    pub fn noun(&self, effect: &Effect) -> &'static str {
        match &effect.kind {
            EffectKind::Create { handle, .. } => match handle {
                TypeKind::Pool => "pool",
                TypeKind::Client | TypeKind::Config => "client",
                TypeKind::Embedded => "database",
                _ => "connection",
            },
            EffectKind::Migrate => "migration",
            EffectKind::Serve | EffectKind::Accept => "server",
        }
    }

    /// A resource in a sentence.
    pub fn resource_phrase(&self, resource: &Resource) -> String {
        let address = match &resource.address {
            Address::Env(key) => key,
            Address::Config(field, _) => field,
            Address::Literal(text) => text,
            Address::Unknown(_) => return resource.driver.clone(),
        };
        format!("{} `{address}`", resource.driver)
    }

    /// The full path of a function.
    pub fn path_of(&self, id: FnId) -> String {
        self.types.function_path(id)
    }

    /// The short name of a function: with its type, without modules.
    pub fn name_of(&self, id: FnId) -> String {
        let items = self.types.items;
        let item = &items.functions[id.index()];
        match item.container {
            Container::Module => item.name.to_string(),
            Container::Impl(block) => match self.types.impl_type(block) {
                Ty::Adt(id, _) => format!("{}::{}", items.adts[id.index()].name, item.name),
                _ => item.name.to_string(),
            },
            Container::Trait(id) => format!("{}::{}", items.traits[id.index()].name, item.name),
        }
    }

    /// Where a function's name is declared.
    pub fn declaration(&self, id: FnId) -> Location {
        self.types.items.functions[id.index()].location
    }

    /// A place in a function.
    pub fn location(&self, id: FnId, span: Span) -> Location {
        Location { file: self.declaration(id).file, span }
    }

    /// A call in a function.
    pub fn call(&self, id: FnId, call: CallId) -> &Call<'a> {
        let body = self.any_body(id).expect("only a function with a body has calls");
        &body.calls[call.0 as usize]
    }

    /// Where an effect happens: at the library call.
    pub fn site_of(&self, effect: &Effect) -> Location {
        self.step_location(effect.last_step())
    }

    /// Where a step of a call path is.
    pub fn step_location(&self, step: &Step) -> Location {
        match step {
            Step::Call(function, call) => self.location(*function, self.call(*function, *call).shown()),
            Step::Static(_, id) => self.types.items.statics[id.index()].location,
        }
    }

    /// What a call calls, as people write it.
    pub fn callee_name(&self, call: &Call<'_>) -> String {
        match &call.target {
            Target::Local { targets, .. } => targets.first().map_or_else(String::new, |id| self.name_of(*id)),
            Target::Library(facts) => short_path(&facts.path),
            Target::External(path) => short_path(path),
            Target::Block(_) => "closure".to_owned(),
            Target::Unknown(name) => name.to_string(),
        }
    }

    /// The call path of an effect as hops, from an entry function to the library call.
    pub fn hops(&self, entry: FnId, steps: &[Step]) -> Vec<Hop> {
        let mut hops = vec![Hop { label: self.name_of(entry), location: self.declaration(entry) }];
        for (index, step) in steps.iter().enumerate() {
            let label = match step {
                Step::Call(function, call) => {
                    let call = self.call(*function, *call);
                    // A call that may come to several functions comes to the one that the way goes on in.
                    let entered =
                        steps.get(index + 1).map(Step::function).filter(|next| call.leads_to(*next));
                    entered.map_or_else(|| self.callee_name(call), |next| self.name_of(next))
                }
                Step::Static(_, id) => self.types.items.statics[id.index()].name.to_string(),
            };
            hops.push(Hop { label, location: self.step_location(step) });
        }
        hops
    }

    /// Whether two effects of one process cannot both happen in one run. `first` is met before `second`.
    pub fn exclusive(&self, first: &Effect, second: &Effect) -> bool {
        self.exclude(&first.steps, &second.steps)
    }

    /// Whether two ways through one process cannot both be taken in one run. `first` is met before `second`.
    pub fn exclude(&self, first: &[Step], second: &[Step]) -> bool {
        for (depth, (left, right)) in first.iter().zip(second).enumerate() {
            if left == right {
                continue;
            }
            let (Step::Call(function, one), Step::Call(other, two)) = (left, right) else {
                return false;
            };
            // One call that leads to one of several functions; but all in which a process begins run.
            if function != other {
                return depth > 0;
            }
            let Some(body) = self.any_body(*function) else {
                return true;
            };
            return body.exclusive(body.call(*one).context, body.call(*two).context)
                || body.only_if_failed(*one, *two)
                || body.only_if_missing(*one, *two);
        }
        false
    }

    /// The first step at which two call paths part, with the function in which they do.
    pub fn parting(&self, first: &Effect, second: &Effect) -> Option<(Step, Step)> {
        first.steps.iter().zip(second.steps.iter()).find(|(left, right)| left != right).map(|(a, b)| (*a, *b))
    }

    /// Whether two paths part at calls of one function that give it different numbers or times: a handle of another
    /// size, as somebody chose it.
    pub fn sized_apart(&self, first: &Effect, second: &Effect) -> bool {
        let Some((Step::Call(function, one), Step::Call(other, two))) = self.parting(first, second) else {
            return false;
        };
        let (one, two) = (self.call(function, one), self.call(other, two));
        let (Target::Local { targets, .. }, Target::Local { targets: others, .. }) =
            (&one.target, &two.target)
        else {
            return false;
        };
        let ([callee], [same]) = (targets.as_slice(), others.as_slice()) else { return false };
        let measures = |ty: &Ty| {
            matches!(ty, Ty::External(path, _)
                if matches!(path.as_str(), "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" | "std::time::Duration"))
        };
        let params = &self.types.signature(*callee).params;
        callee == same
            && params.iter().zip(one.args.iter().zip(&two.args)).any(|(param, (left, right))| {
                measures(param) && self.close(function, &left.value) != self.close(other, &right.value)
            })
    }

    /// Whether the address is one of several, chosen behind the point where two paths part, so that each path may have
    /// chosen another one.
    pub fn chosen_apart(&self, first: &Effect, second: &Effect) -> bool {
        // The initializers of two statics part before they call anything.
        let mut pairs = first.steps.iter().zip(second.steps.iter()).skip_while(|(left, right)| left == right);
        let calls = pairs.find_map(|pair| match pair {
            (Step::Call(function, one), Step::Call(other, two)) => Some((*function, *one, *other, *two)),
            _ => None,
        });
        let Some((function, one, other, two)) = calls else { return false };
        let given = |function: FnId, call: CallId| -> Vec<Value> {
            let call = self.call(function, call);
            let list = call.inputs();
            list.map(|argument| self.close(function, &argument.value)).collect()
        };
        let callee = |function: FnId, call: CallId| self.call(function, call).local_targets();
        let same_callee = callee(function, one) == callee(other, two);
        let (one, two) = (given(function, one), given(other, two));
        let holds = |list: &[Value], wanted: &Value| list.iter().any(|value| value.contains(wanted));
        // However one address is written, it is the same for both.
        let is_written = |address: &Value, way: &Value| match way {
            Value::Joined(parts) | Value::Origin(_, parts) => parts.contains(address),
            _ => way == address,
        };
        let is_one_address = |ways: &[Value]| {
            let mut shared = one.iter().filter(|address| two.contains(address));
            shared.any(|address| ways.iter().all(|way| is_written(address, way)))
        };
        let mut apart = false;
        first.address.visit(&mut |part| {
            if let Value::Choice(ways) = part {
                apart |= !is_one_address(ways) && (!holds(&one, part) || !holds(&two, part));
            }
        });
        apart && !(same_callee && one == two)
    }

    /// The options that a creating call's builder chain sets, with their values as the effect's path gives them.
    pub fn options_of(&self, effect: &Effect) -> Vec<(String, Value)> {
        self.options_as(effect, |value| self.along(effect, value))
    }

    /// The same, over the parameters of the function with the creating call.
    pub fn options_in_code(&self, effect: &Effect) -> Vec<(String, Value)> {
        self.options_as(effect, |value| value)
    }

    fn options_as(&self, effect: &Effect, seen: impl Fn(Value) -> Value) -> Vec<(String, Value)> {
        let (function, mut current) = effect.site;
        let mut options = Vec::new();
        while let Some(next) = self.call(function, current).chained_on {
            let call = self.call(function, next);
            if let (
                Target::Library(CallFacts { role: CallRole::Option, option: Some(name), .. }),
                Some(argument),
            ) = (&call.target, call.args.first())
            {
                options.push((name.clone(), seen(self.close(function, &argument.value))));
            }
            current = next;
        }
        options.sort();
        options
    }

    /// A term over the parameters of the function that makes the library call, as the summarized function sees it.
    fn along(&self, effect: &Effect, value: Value) -> Value {
        effect.steps.iter().rev().skip(1).fold(value, |value, step| {
            let Step::Call(function, call) = step else { return value };
            let call = self.call(*function, *call);
            let args: Vec<Value> =
                call.args.iter().map(|argument| self.close(*function, &argument.value)).collect();
            let receiver = call.receiver.as_ref().map(|receiver| self.close(*function, &receiver.value));
            terms::substitute(&value, &args, receiver.as_ref())
        })
    }

    fn find_resources(&mut self) {
        let mut found: Vec<(Value, Resource)> = Vec::new();
        // Callers have the effects of their callees again, mostly with the same addresses.
        let mut seen: FxHashSet<(&Value, &str)> = FxHashSet::default();
        for index in 0..self.summaries.len() {
            let id = FnId(index as u32);
            if self.scope(id) != Scope::Production {
                continue;
            }
            for effect in self.effects(id) {
                if let EffectKind::Create { driver, .. } = &effect.kind
                    && seen.insert((&effect.address, driver))
                {
                    let resource = self.identify(driver, &effect.address);
                    if !found
                        .iter()
                        .any(|(value, known)| *value == effect.address && known.driver == resource.driver)
                    {
                        found.push((effect.address.clone(), resource));
                    }
                }
            }
        }
        self.resources = found;
    }
}

/// The last two segments of a path.
fn short_path(path: &str) -> String {
    let parts: Vec<&str> = path.rsplit("::").take(2).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("::")
}

/// Whether an effect leaves a handle that stays, or a changed schema.
pub fn initializes(effect: &Effect) -> bool {
    effect.kind == EffectKind::Migrate || (effect.creates_handle() && is_long_lived(&effect.lifetime))
}

/// Whether a created handle lives longer than the function that makes it.
pub fn is_long_lived(lifetime: &Lifetime) -> bool {
    matches!(lifetime, Lifetime::Held(_) | Lifetime::Returned)
}
