//! Room 5, *program*: handlers, each with its route where the program says it in one piece.

use std::collections::{BTreeMap, BTreeSet};

use super::Program;
use super::bodies::{Call, CallId, LinkedBody};
use super::inventory::{Place, Scope};
use super::items::{Container, FnId, TraitId};
use super::mounts::{given_router, library, paths_at, prefixes_at, route_text, segments, takes};
use super::types::TraitRef;
use crate::catalog::{AttributeFacts, CallRole, root_segment};
use crate::facts::{Attribute, Literal, Name};
use crate::location::{Location, Span};

/// Methods that frameworks name functions and attributes after.
const VERBS: [&str; 8] = ["get", "post", "put", "delete", "patch", "head", "options", "any"];

/// How many calls out a router is followed to where it is mounted.
const DEPTH: usize = 3;

/// Most prefixes under which a function's routes are listed.
const MOST_PREFIXES: usize = 8;

/// Code that answers outside work, with the route it answers, where that is written in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Method and path (`GET /orders`), or the path alone.
    pub label: Option<String>,
    /// The function; for closures the one around them.
    pub function: FnId,
    /// Extent of the closure, if it is one.
    pub closure: Option<Span>,
    /// Where the handler is declared.
    pub location: Location,
}

impl Route {
    /// Its path, without the method.
    pub fn path(&self) -> Option<&str> {
        let label = self.label.as_deref()?;
        Some(label.split_once(' ').map_or(label, |(_, path)| path))
    }
}

/// Traits of the workspace whose implementations answer requests, by the names under which they are implemented.
pub(super) type AnsweringTraits = BTreeMap<Name, BTreeSet<TraitId>>;

/// A route as an attribute of its handler says it.
struct WrittenRoute {
    verb: Option<String>,
    path: String,
}

impl WrittenRoute {
    fn of(attribute: &Attribute, facts: &AttributeFacts) -> Option<Self> {
        let named = facts.route_named.as_ref().and_then(|wanted| {
            attribute.named.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        });
        let Literal::Str(path) = named.or_else(|| attribute.literals.get(facts.route?))? else {
            return None;
        };
        let name = attribute.path.segments.last().map(|last| &last.name);
        let method = attribute.named.iter().find_map(|(name, method)| match method {
            Literal::Str(method) if name == "method" => Some(method.as_ref()),
            _ => None,
        });
        let words = name.into_iter().chain(&attribute.words).map(Name::as_str);
        let verb = words.chain(method).find(|word| VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(word)));
        Some(Self { verb: verb.map(str::to_uppercase), path: path.to_string() })
    }

    fn label(&self, before: &str) -> String {
        let path = format!("{before}{}", self.path);
        self.verb.as_ref().map_or_else(|| path.clone(), |verb| format!("{verb} {path}"))
    }

    /// Its labels under each prefix.
    fn below(&self, prefixes: &[String]) -> Vec<Option<String>> {
        let label = |before: &String| match before.is_empty() {
            true => self.label(""),
            false => Self { verb: self.verb.clone(), path: segments(&self.path) }.label(before),
        };
        prefixes.iter().map(|prefix| Some(label(prefix))).collect()
    }
}

impl Program<'_> {
    /// The functions and closures of production code that answer outside work, sorted by place, each once.
    pub(super) fn find_routes(&self) -> Vec<Route> {
        let mut found: Vec<Route> = Vec::new();
        let mut known = BTreeMap::new();
        let mut placed = BTreeSet::new();
        for (index, sketch) in self.sketches.iter().enumerate() {
            let Some(sketch) = sketch else { continue };
            let id = FnId(index as u32);
            let registers = !sketch.handlers.is_empty() || !sketch.handler_closures.is_empty();
            if self.scope(id) != Scope::Production || !registers {
                continue;
            }
            // A function that only registers does nothing that rules look at, so its body was not kept.
            let Some(body) = self.any_body(id) else { continue };
            let prefixes = self.mounted_under(id, DEPTH, &mut known);
            for (handler, span) in &sketch.handlers {
                let location = self.declaration(*handler);
                let written = self.routes_for(*handler, body, *span);
                let labels = if written.is_empty() {
                    labels_at(body, *span, &prefixes)
                } else {
                    placed.insert(*handler);
                    let mounted: Vec<String> = below(&prefixes, &prefixes_at(body, *span)).collect();
                    written.iter().flat_map(|route| route.below(&mounted)).collect()
                };
                let labels = labels.into_iter();
                let route = |label| Route { label, function: *handler, closure: None, location };
                found.extend(labels.map(route));
            }
            for span in &sketch.handler_closures {
                let location = self.location(id, *span);
                let labels = labels_at(body, *span, &prefixes).into_iter();
                let route = |label| Route { label, function: id, closure: Some(*span), location };
                found.extend(labels.map(route));
            }
        }
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let id = FnId(index as u32);
            if item.scope == Scope::Production && !placed.contains(&id) {
                let labels = self.declared_routes(id).into_iter();
                let route = |label| Route { label, function: id, closure: None, location: item.location };
                found.extend(labels.map(route));
            }
        }
        // Of several mentions of one handler the one with a route says most.
        let key =
            |route: &Route| (route.location, route.label.is_none(), route.label.clone(), route.function);
        found.sort_by_cached_key(key);
        found.dedup_by(|later, first| {
            let adds = later.label.is_some() && later.label != first.label;
            later.location == first.location && !adds
        });
        found
    }

    /// What the paths of the routes that a function registers begin with, where its callers mount what it gives them, or
    /// hand it what it registers at: `nest("/health", health::router())`, `scope("/api").configure(api::routes)`. Empty
    /// texts where nobody does; sorted. Each function is looked at once for each depth.
    fn mounted_under(
        &self,
        id: FnId,
        depth: usize,
        known: &mut BTreeMap<(FnId, usize), Vec<String>>,
    ) -> Vec<String> {
        if let Some(prefixes) = known.get(&(id, depth)) {
            return prefixes.clone();
        }
        let mut found = Vec::new();
        let callers = self.graph.callers[id.index()].iter();
        for caller in callers.filter(|caller| **caller != id && self.scope(**caller) == Scope::Production) {
            let Some(body) = self.any_body(*caller).filter(|_| depth > 0) else { continue };
            let outer = self.mounted_under(*caller, depth - 1, known);
            for (index, call) in body.calls.iter().enumerate() {
                if !call.leads_to(id) {
                    continue;
                }
                let made = CallId(index as u32);
                let mounts = |other: &&Call<'_>| given_router(body, other) == Some(made);
                let mut mounted: Vec<(Span, String)> = body
                    .calls
                    .iter()
                    .filter(mounts)
                    .map(|mount| (mount.span, route_text(mount).unwrap_or_default()))
                    .collect();
                if mounted.is_empty() {
                    mounted.push((call.span, String::new()));
                }
                for (at, own) in mounted {
                    found.extend(
                        below(&outer, &prefixes_at(body, at)).map(|path| format!("{path}{}", segments(&own))),
                    );
                }
            }
        }
        found.sort();
        found.dedup();
        found.truncate(MOST_PREFIXES);
        if found.is_empty() {
            found.push(String::new());
        }
        known.insert((id, depth), found.clone());
        found
    }

    /// The functions that a request comes to first: the handler, or what the closure calls that answers.
    pub(super) fn answered_by(&self, route: &Route) -> BTreeSet<FnId> {
        let Some(closure) = route.closure else { return BTreeSet::from([route.function]) };
        let calls = self.any_body(route.function).into_iter().flat_map(|body| &body.calls);
        calls.filter(|call| closure.encloses(call.span)).flat_map(Call::local_targets).copied().collect()
    }

    /// The handlers, as places.
    pub(super) fn handler_places(&self) -> Vec<Place> {
        let place = |route: &Route| {
            let item = self.handler_name(route);
            let label = route.label.clone().unwrap_or_else(|| item.clone());
            Place { location: route.location, label, item, resource: None, binaries: Vec::new() }
        };
        self.routes.iter().map(place).collect()
    }

    /// What a framework calls the function declared at a place for: its route, or its path where that is not known.
    pub fn handler_at(&self, declared: Location) -> Option<String> {
        let route = self.routes.iter().find(|route| route.location == declared)?;
        Some(route.label.clone().unwrap_or_else(|| self.handler_name(route)))
    }

    /// The path of a handler.
    pub fn handler_name(&self, route: &Route) -> String {
        let path = self.path_of(route.function);
        if route.closure.is_some() { format!("closure in {path}") } else { path }
    }

    /// The routes of a function that an attribute or a library's trait makes a handler, where they are known; empty for all others.
    fn declared_routes(&self, id: FnId) -> Vec<Option<String>> {
        if let Some(routes) = self.attribute_routes(id) {
            let labels: Vec<_> = routes.iter().map(|route| Some(route.label(""))).collect();
            return if labels.is_empty() { vec![None] } else { labels };
        }
        let facts = self.types.implemented_facts(id);
        let answers =
            facts.is_some_and(|facts| facts.role == CallRole::Answer) || self.answers_for_a_trait(id);
        if answers { vec![None] } else { Vec::new() }
    }

    /// The routes in the attributes of a function that one of them makes a handler (`#[get("/x")]`, `#[command]`).
    fn attribute_routes(&self, id: FnId) -> Option<Vec<WrittenRoute>> {
        let known = self.described_attributes(id);
        let mut known = known.iter().filter(|(_, facts)| facts.role == CallRole::Register).peekable();
        known.peek()?;
        Some(known.filter_map(|(attribute, facts)| WrittenRoute::of(attribute, facts)).collect())
    }

    /// The routes that attributes of a handler have for the library that registers it at a place, without a path of its own.
    fn routes_for(&self, id: FnId, body: &LinkedBody<'_>, at: Span) -> Vec<WrittenRoute> {
        let Some(library) = registers_unnamed(body, at) else { return Vec::new() };
        let is_for = |facts: &AttributeFacts| {
            facts.registered_by.as_deref().unwrap_or_else(|| root_segment(&facts.path)) == library
        };
        let known = self.described_attributes(id);
        let own = known.iter().filter(|(_, facts)| is_for(facts));
        own.filter_map(|(attribute, facts)| WrittenRoute::of(attribute, facts)).collect()
    }

    /// The attributes of a function, or of the block around it, that the catalog describes. One of the block that means the methods
    /// with another attribute stands for that.
    fn described_attributes(&self, id: FnId) -> Vec<(&Attribute, &AttributeFacts)> {
        let items = self.types.items;
        let item = &items.functions[id.index()];
        let facts_of = |one: &Attribute| self.types.attribute_facts(item.module, &one.path);
        let own = item.attributes.others.as_slice();
        let mut found: Vec<_> = own.iter().filter_map(|one| Some((one, facts_of(one)?))).collect();
        let Container::Impl(block) = item.container else { return found };
        let block = &items.impls[block.index()];
        for attribute in &block.attributes.others {
            let Some(facts) = facts_of(attribute) else { continue };
            match &facts.methods {
                Some(wanted) => {
                    found.extend(own.iter().find(|one| is_named(one, wanted)).map(|one| (one, facts)));
                }
                None => found.push((attribute, facts)),
            }
        }
        found
    }

    /// Whether an attribute makes the function a handler under a route that is written there.
    pub fn has_attribute_route(&self, id: FnId) -> bool {
        self.attribute_routes(id).is_some_and(|routes| !routes.is_empty())
    }

    /// Whether a library calls the function for each request, message or job without its being registered: an attribute
    /// makes it a handler, or it implements what answers or what runs around handlers.
    pub fn is_called_by_library(&self, id: FnId) -> bool {
        self.attribute_routes(id).is_some()
            || self.types.implemented_facts(id).is_some()
            || self.answers_for_a_trait(id)
    }

    /// Whether a method implements a trait of the workspace that an attribute makes one whose implementations answer requests:
    /// `#[tarpc::service] trait Orders`.
    fn answers_for_a_trait(&self, id: FnId) -> bool {
        let Container::Impl(block) = self.types.items.functions[id.index()].container else { return false };
        let of_trait = self.types.items.impls[block.index()].facts.of_trait.as_ref();
        let Some(name) = of_trait.and_then(|path| path.segments.last()).map(|last| &last.name) else {
            return false;
        };
        let answering = self.answering.get_or_init(|| self.answering_traits());
        answering.get(name).is_some_and(|traits| match self.types.impl_trait(block) {
            Some(TraitRef::Local(implemented)) => traits.contains(implemented),
            // The attribute makes the trait that is implemented: nobody declares it.
            _ => true,
        })
    }

    /// The traits that attributes mark so, by the names under which they are implemented.
    fn answering_traits(&self) -> AnsweringTraits {
        let mut found = AnsweringTraits::new();
        for (index, item) in self.types.items.traits.iter().enumerate() {
            for attribute in &item.attributes.others {
                let facts = self.types.attribute_facts(item.module, &attribute.path);
                let Some(pattern) = facts.and_then(|facts| facts.implemented_as.as_ref()) else { continue };
                let name = Name::new(pattern.replace("{}", &item.name));
                found.entry(name).or_default().insert(TraitId(index as u32));
            }
        }
        found
    }
}

/// The routes under which something in a function is registered: `GET /orders`, with the prefixes that are written
/// around it, and those under which the function's router is mounted.
fn labels_at(body: &LinkedBody<'_>, at: Span, prefixes: &[String]) -> Vec<Option<String>> {
    let paths = paths_at(body, at);
    if paths.is_empty() {
        return vec![None];
    }
    let wraps = |call: &&Call<'_>| call.span == at || takes(call, at);
    let verb = body.calls.iter().filter(wraps).filter_map(|call| verb_of(body, call)).next_back();
    let label = |path: String| {
        let path = if path.is_empty() { "/" } else { &path };
        verb.as_ref().map_or_else(|| path.to_owned(), |verb| format!("{verb} {path}"))
    };
    below(prefixes, &paths).map(label).map(Some).collect()
}

/// Each path below each prefix.
fn below(prefixes: &[String], paths: &[String]) -> impl Iterator<Item = String> {
    prefixes.iter().flat_map(|prefix| paths.iter().map(move |path| format!("{prefix}{path}")))
}

fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute.path.segments.last().is_some_and(|last| last.name == name)
}

/// The library whose call at a place registers a handler without saying under which path.
fn registers_unnamed<'a>(body: &LinkedBody<'a>, at: Span) -> Option<&'a str> {
    let mut registering = body.calls.iter().filter(|call| call.span == at).filter_map(library);
    let facts = registering.find(|facts| facts.role == CallRole::Register && facts.route.is_none())?;
    Some(root_segment(&facts.path))
}

/// The HTTP method that a wrapping call is named after, itself or at the start of its chain.
fn verb_of(body: &LinkedBody<'_>, call: &Call<'_>) -> Option<String> {
    let named = |call: &Call<'_>| {
        let facts = library(call).filter(|facts| facts.role == CallRole::HandlerWrap)?;
        let name = facts.path.rsplit("::").next()?;
        let name = name.strip_suffix("_with").or_else(|| name.strip_suffix("_service")).unwrap_or(name);
        VERBS.contains(&name).then(|| name.to_uppercase())
    };
    named(call).or_else(|| named(body.call(call.chained_on?)))
}
