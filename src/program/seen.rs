//! Room 5, *program*: what the tool sees, as an inventory, and how much of the program it could follow.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::{CallId, EventKind, Target, settled};
use super::inventory::{Address, Coverage, InitSite, Inventory, Place, Resource, ResourceSummary, Scope};
use super::items::{AdtId, AdtShape, FnId, StaticId};
use super::reach;
use super::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use super::terms::address_of;
use super::types::{Args, Ty};
use super::values::Value;
use super::{Program, short_path};
use crate::catalog::{CallRole, Io, UNKNOWN_DRIVER};
use crate::facts::StaticSource;
use crate::finding::Confidence;
use crate::location::Location;

/// Per library call: the binaries that reach it, and the addresses it gets on the way.
type Reached = BTreeMap<(FnId, CallId), (Vec<String>, Vec<Value>)>;

/// A call that opens something.
struct Opened {
    site: (FnId, CallId),
    /// What is opened, where its address does not say so.
    driver: &'static str,
    handle: String,
    io: Io,
}

/// The binaries that reach a call.
fn binaries_of(site: (FnId, CallId), reached: &Reached) -> Vec<String> {
    reached.get(&site).map(|(names, _)| names.clone()).unwrap_or_default()
}

impl Program<'_> {
    /// Everything of interest, found or not.
    pub fn inventory(&self) -> Inventory {
        let reached = self.reached_by();
        let mut inventory = Inventory {
            binaries: self.entries.iter().map(|entry| entry.binary.clone()).collect(),
            holders: self.holders(),
            accessors: self.accessors(),
            gates: self.gates(),
            handlers: self.handler_places(),
            ..Inventory::default()
        };
        let opened = self.opened_and_called(&reached, &mut inventory);
        self.add_init_sites(opened, &reached, &mut inventory);
        for list in [
            &mut inventory.holders,
            &mut inventory.accessors,
            &mut inventory.gates,
            &mut inventory.handlers,
            &mut inventory.migrations,
            &mut inventory.serve_points,
        ] {
            list.sort_by(|a, b| (a.location, &a.label).cmp(&(b.location, &b.label)));
            list.dedup_by(|a, b| (a.location, &a.label) == (b.location, &b.label));
        }
        inventory
    }

    /// The calls that open something; those that migrate or serve go into the inventory.
    fn opened_and_called(&self, reached: &Reached, inventory: &mut Inventory) -> Vec<Opened> {
        let mut opened = Vec::new();
        for (id, body) in self.linked() {
            for (index, call) in body.calls.iter().enumerate() {
                let site = (id, CallId(index as u32));
                let undescribed = body.undescribed_client(self.types, call);
                if let (Some((driver, _)), Target::External(path)) = (undescribed, &call.target) {
                    let handle = path.rsplit_once("::").map_or(&**path, |(ty, _)| ty).to_owned();
                    opened.push(Opened { site, driver, handle, io: Io::Optional });
                }
                let Target::Library(facts) = call.target else {
                    continue;
                };
                let place = || Place {
                    location: self.location(id, call.span),
                    label: short_path(&facts.path),
                    item: self.path_of(id),
                    resource: None,
                    binaries: binaries_of(site, reached),
                };
                match facts.role {
                    CallRole::Create => {
                        let handle = self.types.display(settled(&call.result));
                        let handle = if handle == "_" { short_path(&facts.path) } else { handle };
                        let io = facts.io.unwrap_or(Io::Eager);
                        opened.push(Opened { site, driver: UNKNOWN_DRIVER, handle, io });
                    }
                    CallRole::Migrate | CallRole::SchemaCreate | CallRole::MigrationDestructive => {
                        inventory.migrations.push(place());
                    }
                    CallRole::Serve
                    | CallRole::ServeInBackground
                    | CallRole::StartJobs
                    | CallRole::Accept => inventory.serve_points.push(place()),
                    _ => {}
                }
            }
        }
        opened
    }

    /// Adds the calls that open something, and the resources of those in production code.
    fn add_init_sites(&self, opened: Vec<Opened>, reached: &Reached, inventory: &mut Inventory) {
        let mut resources: BTreeMap<String, Resource> = BTreeMap::new();
        for Opened { site, driver, handle, io } in opened {
            let (function, call) = site;
            let opens = self.resources_at(site, reached, driver);
            inventory.aliases.extend(opens.iter().filter_map(|resource| resource.alias.clone()));
            let scope = self.scope(function);
            if scope == Scope::Production {
                for resource in &opens {
                    resources.entry(resource.id.clone()).or_insert_with(|| resource.clone());
                }
            }
            let mut ids = opens.into_iter().map(|resource| resource.id);
            inventory.init_sites.push(InitSite {
                location: self.location(function, self.call(function, call).span),
                resource: ids.next().unwrap_or_default(),
                other_resources: ids.collect(),
                handle,
                function: self.path_of(function),
                io: io.name(),
                scope,
                binaries: binaries_of(site, reached),
                held_by: self.held_by(site),
            });
        }
        let known = resources.values().filter(|resource| resource.confidence == Confidence::High);
        let known: BTreeSet<String> = known.map(|resource| resource.id.clone()).collect();
        inventory.resources = resources.into_values().collect();
        // One source file may belong to several targets; it is one place all the same.
        inventory.init_sites.sort_by(|a, b| (a.location, &b.binaries).cmp(&(b.location, &a.binaries)));
        inventory.init_sites.dedup_by(|later, first| {
            let same = later.location == first.location;
            if same {
                let opened = later.resources().filter(|id| *id != first.resource && known.contains(*id));
                let opened: Vec<String> = opened.map(str::to_owned).collect();
                first.other_resources.extend(opened);
                first.binaries.append(&mut later.binaries);
                for list in [&mut first.binaries, &mut first.other_resources] {
                    list.sort();
                    list.dedup();
                }
            }
            same
        });
    }

    /// What was looked at; files and packages are the caller's to count.
    pub fn coverage(&self, inventory: &Inventory) -> Coverage {
        let mut coverage =
            Coverage { functions: self.types.items.functions.len() as u32, ..Coverage::default() };
        for (index, sketch) in self.sketches.iter().enumerate() {
            let Some(sketch) = sketch else { continue };
            coverage.calls += sketch.calls;
            coverage.calls_resolved += sketch.resolved;
            if self.graph.relevant[index] {
                coverage.path_calls += sketch.calls;
                coverage.path_calls_resolved += sketch.resolved;
            }
        }
        let production = inventory.init_sites.iter().filter(|site| site.scope == Scope::Production);
        coverage.init_sites = production.count() as u32;
        let is_known = |resource: &&Resource| !matches!(resource.address, Address::Unknown(_));
        coverage.resources = inventory.resources.iter().filter(is_known).count() as u32;
        coverage.handlers = inventory.handlers.len() as u32;
        coverage
    }

    /// The resources with their doors, for the closing lines of a clean run.
    pub fn resource_summaries(&self, inventory: &Inventory) -> Vec<ResourceSummary> {
        let summaries = inventory.resources.iter().map(|resource| {
            let production = inventory.init_sites.iter().filter(|site| site.scope == Scope::Production);
            let sites = production.filter(|site| site.opens(&resource.id));
            ResourceSummary {
                driver: resource.driver.clone(),
                address: match &resource.address {
                    Address::Env(key) => Some(format!("env {key}")),
                    Address::Config(field, Some(key)) => Some(format!("{field} ← env {key}")),
                    Address::Config(field, None) => Some(field.clone()),
                    Address::Literal(text) => Some(format!("\"{text}\"")),
                    Address::Unknown(_) => None,
                },
                doors: sites.map(|site| format!("{} in {}", site.handle, site.function)).collect(),
            }
        });
        let mut summaries: Vec<ResourceSummary> = summaries.collect();
        summaries.sort();
        summaries
    }

    fn plain_place(&self, location: Location, label: &str) -> Place {
        Place {
            location,
            label: label.to_owned(),
            item: label.to_owned(),
            resource: None,
            binaries: Vec::new(),
        }
    }

    /// Per library call: the binaries that reach it, and the addresses it gets on the way.
    fn reached_by(&self) -> Reached {
        let mut reached: Reached = BTreeMap::new();
        for entry in &self.entries {
            for (_, effect) in self.process_effects(entry) {
                let (names, addresses) = reached.entry(effect.site).or_default();
                if !names.contains(&entry.binary.title) {
                    names.push(entry.binary.title.clone());
                    names.sort();
                }
                if !addresses.contains(&effect.address) {
                    addresses.push(effect.address.clone());
                }
            }
        }
        reached
    }

    /// What a creation opens, the best known first; then what else callers make it open, sorted by id.
    fn resources_at(&self, site: (FnId, CallId), reached: &Reached, otherwise: &str) -> Vec<Resource> {
        let own = self.effects(site.0).iter().find(|effect| effect.site == site);
        let call = self.call(site.0, site.1);
        let by_type = self.types.driver_of(settled(&call.result));
        let driver = match own.map(|effect| &effect.kind) {
            Some(EffectKind::Create { driver, .. }) => driver.as_str(),
            _ => by_type.as_deref().unwrap_or(otherwise),
        };
        let own_address = address_of(call).map(|argument| self.close(site.0, &argument.value));
        let handed_over = reached.get(&site).map_or(&[][..], |(_, addresses)| addresses);
        let candidates = own.iter().map(|effect| &effect.address).chain(&own_address).chain(handed_over);
        let best = candidates
            .map(|value| self.identify(driver, value))
            .min_by(|a, b| (b.confidence, &a.id).cmp(&(a.confidence, &b.id)))
            .unwrap_or_else(|| Resource {
                id: format!("{driver}:unknown"),
                driver: driver.to_owned(),
                address: Address::Unknown(String::new()),
                confidence: Confidence::Low,
                alias: None,
            });
        let mut others: Vec<Resource> = handed_over
            .iter()
            .map(|value| self.identify(driver, value))
            .filter(|resource| resource.confidence == Confidence::High && resource.id != best.id)
            .collect();
        others.sort_by(|a, b| a.id.cmp(&b.id));
        others.dedup_by(|later, first| later.id == first.id);
        std::iter::once(best).chain(others).collect()
    }

    fn held_by(&self, site: (FnId, CallId)) -> String {
        let Some(body) = self.body(site.0) else {
            return "unknown".to_owned();
        };
        let summarizer = self.summarizer();
        let context = body.call(site.1).context;
        match summarizer.lifetime(body, &Value::Call(site.1), Some(context)) {
            Lifetime::Returned => "returned".to_owned(),
            Lifetime::Local { .. } | Lifetime::Ended | Lifetime::Held(Holder::Scope) => "local".to_owned(),
            Lifetime::Held(Holder::Static(id)) => self.static_path(id),
            Lifetime::Held(Holder::Place(place)) => self.describe(&place),
            Lifetime::Held(Holder::Moved) => "unknown".to_owned(),
        }
    }

    /// The full path of a static.
    pub fn static_path(&self, id: StaticId) -> String {
        let item = &self.types.items.statics[id.index()];
        format!("{}::{}", self.types.items.module_path(item.module), item.name)
    }

    /// Where a static is declared.
    pub fn static_location(&self, id: StaticId) -> Location {
        self.types.items.statics[id.index()].location
    }

    /// Every `static mut` of production code with room for a handle.
    pub fn mutable_handle_statics(&self) -> Vec<StaticId> {
        let statics = self.types.items.statics.iter().enumerate();
        let mutable = statics.filter(|(_, item)| item.facts.mutable && item.scope == Scope::Production);
        let ids = mutable.map(|(index, _)| StaticId(index as u32));
        ids.filter(|id| self.types.contains_handle(self.types.static_type(*id)))
            .filter(|id| !self.is_filled_once_by_its_user(*id))
            .collect()
    }

    /// Whether one function alone uses a static, and lets only the first caller do what comes before: `Once::call_once`.
    fn is_filled_once_by_its_user(&self, id: StaticId) -> bool {
        let mut users = self.users_of_static(id);
        let (Some(user), None) = (users.next(), users.next()) else { return false };
        let body = self.any_body(user);
        body.is_some_and(|body| {
            body.calls.iter().any(|call| {
                matches!(call.target, Target::Library(facts)
                    if facts.role == CallRole::OnceInit && facts.path.starts_with("std::sync::Once::"))
            })
        })
    }

    /// The functions that name a static, in their order.
    pub(super) fn users_of_static(&self, id: StaticId) -> impl Iterator<Item = FnId> {
        let sketches = self.types.items.function_ids().zip(&self.sketches);
        sketches
            .filter(move |(_, sketch)| sketch.as_ref().is_some_and(|sketch| sketch.statics.contains(&id)))
            .map(|(function, _)| function)
    }

    /// Where production code writes a static or calls something on it, and whether it writes; sorted, each place once.
    pub fn places_of_static(&self, id: StaticId) -> Vec<(Location, bool)> {
        let mut places: Vec<(Location, bool)> = Vec::new();
        for function in self.users_of_static(id).filter(|user| self.scope(*user) == Scope::Production) {
            let Some(body) = self.any_body(function) else { continue };
            let events = body.all_events();
            for event in events {
                if let EventKind::Write(write) = &event.kind
                    && *write.place.root() == Value::Static(id)
                {
                    places.push((self.location(function, write.span), true));
                }
            }
            for call in &body.calls {
                let on = call
                    .receiver
                    .as_ref()
                    .is_some_and(|receiver| *receiver.value.root() == Value::Static(id));
                if on && call.chained_on.is_none() {
                    places.push((self.location(function, call.span), false));
                }
            }
        }
        places.sort();
        places.dedup_by(|later, first| later.0 == first.0);
        places
    }

    /// Whether the type of a static has room for a handle, or is not known: a number that was asked of a pool has none.
    pub fn has_room_for_handle(&self, id: StaticId) -> bool {
        let ty = self.types.static_type(id);
        let mut current = ty.clone();
        while let Ty::External(_, args) = &current {
            let Some(first) = args.first() else { break };
            current = first.clone();
        }
        current == Ty::Unknown || !matches!(current, Ty::Adt(..)) || self.types.contains_handle(ty)
    }

    /// Whether each thread has a static of its own.
    pub fn is_thread_local(&self, id: StaticId) -> bool {
        self.types.items.statics[id.index()].facts.source == StaticSource::ThreadLocal
    }

    /// Statics and fields of structs that keep a handle.
    fn holders(&self) -> Vec<Place> {
        let items = self.types.items;
        let mut found = Vec::new();
        for (index, item) in items.statics.iter().enumerate() {
            let id = StaticId(index as u32);
            if item.scope == Scope::Production && self.types.contains_handle(self.types.static_type(id)) {
                let path = self.static_path(id);
                found.push(self.plain_place(item.location, &path));
            }
        }
        for (index, adt) in items.adts.iter().enumerate() {
            let AdtShape::Struct(facts) = adt.shape else { continue };
            if items.modules[adt.module.index()].scope != Scope::Production {
                continue;
            }
            let params = adt.generics.params.iter().map(|param| Ty::Param(param.name.clone()));
            let args: Args = params.collect();
            for field in facts.fields.list() {
                let ty = self.types.adt_field(AdtId(index as u32), &args, None, &field.name);
                if ty.is_some_and(|ty| reach::is_handle(self.types, &ty)) {
                    let label = format!("{}::{}.{}", items.module_path(adt.module), adt.name, field.name);
                    let location = Location { file: adt.location.file, span: field.span };
                    found.push(self.plain_place(location, &label));
                }
            }
        }
        found
    }

    /// Functions that hand out a handle that a static or a field of theirs keeps.
    fn accessors(&self) -> Vec<Place> {
        let mut found = Vec::new();
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let id = FnId(index as u32);
            if item.scope != Scope::Production || item.signature.is_none() {
                continue;
            }
            let output = settled(&self.types.signature(id).output);
            let is_kept = |given: &Value| match given.place() {
                Value::Static(_) => true,
                place @ Value::Field(..) => matches!(place.root(), Value::Static(_) | Value::Receiver),
                _ => false,
            };
            let kept = self.gives_back(id).alternatives().iter().any(is_kept);
            if kept && reach::is_handle(self.types, output) {
                found.push(self.plain_place(item.location, &self.path_of(id)));
            }
        }
        found
    }

    /// Middleware and handlers that look whether what they need is there, and answer by themselves when it is not.
    fn gates(&self) -> Vec<Place> {
        let mut found = Vec::new();
        for (id, body) in self.linked() {
            if self.scope(id) != Scope::Production {
                continue;
            }
            for call in &body.calls {
                let Target::Library(facts) = call.target else { continue };
                for argument in call.args.iter().filter(|_| facts.role == CallRole::Middleware) {
                    if let Value::Function(gate) = argument.value
                        && self.looks_first(gate)
                    {
                        found.push(self.plain_place(self.location(id, call.span), &self.path_of(gate)));
                    }
                }
            }
        }
        let handlers = self.sketches.iter().flatten().flat_map(|sketch| &sketch.handlers);
        for (handler, _) in handlers {
            let production = self.scope(*handler) == Scope::Production;
            if production && self.needs_handle(*handler) && self.looks_first(*handler) {
                found.push(self.plain_place(self.declaration(*handler), &self.path_of(*handler)));
            }
        }
        found
    }

    /// Whether an effect connects through a client of a library that the catalog does not have, as far as it can be told: what makes
    /// it is awaited, so that more happens than keeping an address.
    pub fn connects_undescribed(&self, effect: &Effect) -> bool {
        let (function, call) = effect.site;
        let made = self.call(function, call);
        let body = self.types.items.functions[function.index()].body;
        matches!((&effect.kind, &made.target), (EffectKind::Create { .. }, Target::External(_)))
            && body.is_some_and(|body| body.is_awaited(made.expr))
    }

    /// The functions on an effect's way, outermost first.
    pub fn functions_on(&self, steps: &[Step]) -> Vec<FnId> {
        steps.iter().map(Step::function).collect()
    }
}
