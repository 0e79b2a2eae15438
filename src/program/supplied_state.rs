//! Room 5, *program*: state that handlers demand by its type, and what is supplied to the application under which type. Only frameworks that look when a request comes are asked; the others do not compile without.

use super::Program;
use super::bodies::{Call, CallId, LinkedBody, Target, settled};
use super::inventory::Scope;
use super::items::{FnId, Items};
use super::routes::Route;
use super::types::{Ty, Types, is_result};
use super::values::Value;
use crate::catalog::{CallFacts, CallRole, LookedUp, TypeKind, root_segment};
use crate::location::Location;

/// State that a handler demands and nobody supplies.
#[derive(Debug)]
pub struct MissingState<'p> {
    /// The handler.
    pub route: &'p Route,
    /// The type, as its author writes it.
    pub demanded: String,
    /// Whether it has room for a handle.
    pub has_handle: bool,
    /// Where something is supplied that differs only in what is wrapped around it, and its type.
    pub instead: Option<Instead>,
}

/// What is supplied instead of what is demanded.
#[derive(Debug)]
pub struct Instead {
    /// Where.
    pub location: Location,
    /// Its type, as its author writes it.
    pub ty: String,
    /// Whether it is only not wrapped in what handlers look for.
    pub is_bare: bool,
}

/// What a handler demands by its type.
struct Demand<'p> {
    route: &'p Route,
    /// The first segment of the framework's paths.
    framework: &'p str,
    looked_up: LookedUp,
    ty: Ty,
}

/// Something that is supplied.
struct Supplied<'p> {
    to: SuppliedTo<'p>,
    /// The type under which it is found; `None` when that is not known.
    ty: Option<Ty>,
    /// The package whose own type it is, where no more is known: `tera::Tera::new(…)` makes something of tera.
    package: Option<String>,
    /// Whether handlers find it: `app_data` of Actix takes anything, and handlers find what is wrapped in `Data`.
    is_found: bool,
    location: Location,
}

/// Who finds what is supplied.
#[derive(PartialEq, Eq)]
enum SuppliedTo<'p> {
    /// Handlers of the framework with this first segment of its paths.
    Framework(&'p str),
    /// Handlers of every framework that looks into what a request carries along.
    EveryRequest,
}

impl Demand<'_> {
    /// Whether the framework looks where something was put.
    fn is_looked_for_in(&self, to: &SuppliedTo<'_>) -> bool {
        match to {
            SuppliedTo::Framework(framework) => *framework == self.framework,
            SuppliedTo::EveryRequest => self.looked_up == LookedUp::Request,
        }
    }
}

impl Program<'_> {
    /// The state that handlers of binaries demand and that nothing supplies, in the order of the handlers. Where a type that
    /// is supplied is not known, nothing is said about its framework.
    pub fn missing_state(&self) -> Vec<MissingState<'_>> {
        let demands: Vec<Demand<'_>> = self
            .routes()
            .iter()
            .filter(|route| route.closure.is_none())
            .flat_map(|route| self.demands(route))
            .collect();
        if demands.is_empty() {
            return Vec::new();
        }
        let supplied = self.supplied_state();
        let mains: Vec<FnId> = self.production_entries().map(|entry| entry.main).collect();
        let mut seen: Vec<Ty> = Vec::new();
        let mut found = Vec::new();
        for demand in demands {
            let own = || supplied.iter().filter(|supplied| demand.is_looked_for_in(&supplied.to));
            let Demand { route, ref ty, .. } = demand;
            let is_known = |supplied: &Supplied| supplied.ty.is_some();
            let known = own().all(|supplied| {
                let is_other = |package: &String| !is_of(ty, package);
                is_known(supplied) || supplied.package.as_ref().is_some_and(is_other)
            });
            // Whether what a call gives is an option is not always known.
            let fits = |other: &Ty| {
                may_be_same(other, ty)
                    || (ty.is_option_or_result() && may_be_same(settled(other), settled(ty)))
            };
            let is_supplied =
                own().any(|supplied| supplied.is_found && supplied.ty.as_ref().is_some_and(fits));
            let runs = || mains.iter().any(|main| self.reaches(*main, route.function));
            if !known || is_supplied || seen.contains(ty) || !runs() {
                continue;
            }
            let instead = own().find_map(|supplied| {
                let other = supplied.ty.as_ref().filter(|other| innermost(other) == innermost(ty))?;
                let ty = self.types.display(other);
                Some(Instead { location: supplied.location, ty, is_bare: !supplied.is_found })
            });
            // What is only told by its constructor does not prove that there is nothing else.
            if instead.is_none() && !own().all(is_known) {
                continue;
            }
            let (demanded, has_handle) = (self.types.display(ty), self.types.contains_handle(ty));
            // Libraries supply what is theirs where nobody here can see it, and what a generic type is filled with is often
            // worked out by the compiler alone.
            let is_own = || matches!(innermost(ty), Ty::Adt(_, args) if args.is_empty());
            let may_be_there = || !has_handle && !is_own() || self.is_handed_to_middleware(&fits);
            if instead.is_none() && may_be_there() {
                continue;
            }
            found.push(MissingState { route, demanded, has_handle, instead });
            seen.push(ty.clone());
        }
        found
    }

    /// Whether production code hands a value of a type to something of a library that the catalog does not describe, and what
    /// comes of it to an application as middleware: that may supply it.
    fn is_handed_to_middleware(&self, is_wanted: &dyn Fn(&Ty) -> bool) -> bool {
        let is_middleware = |call: &&Call<'_>| matches!(call.target, Target::Library(facts) if facts.role == CallRole::Middleware);
        self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production).any(|(_, body)| {
            let layers = || body.calls.iter().filter(is_middleware).flat_map(|call| &call.args);
            body.calls.iter().enumerate().any(|(index, call)| {
                let made = Value::Call(CallId(index as u32));
                matches!(call.target, Target::External(_) | Target::Unknown(_))
                    && call
                        .args
                        .iter()
                        .map(|given| unfailing(&given.ty))
                        .any(|ty| is_named(ty) && is_wanted(ty))
                    && layers().any(|layer| layer.value.contains(&made))
            })
        })
    }

    /// What a handler demands by its type. What a closure is given is not known.
    fn demands<'p>(&'p self, route: &'p Route) -> Vec<Demand<'p>> {
        if route.closure.is_some() {
            return Vec::new();
        }
        let params = self.types.signature(route.function).params.iter();
        let demanded = params.filter_map(|ty| {
            let facts = self.types.type_facts(settled(ty))?;
            let looked_up = facts.looked_up?;
            // Who asks for an option says what happens without.
            let Ty::External(_, args) = ty else { return None };
            if ty.is_option_or_result() {
                return None;
            }
            let inner = unfailing(args.first()?).clone();
            let framework = root_segment(&facts.path);
            is_named(&inner).then_some(Demand { route, framework, looked_up, ty: inner })
        });
        demanded.collect()
    }

    /// Everything that production code supplies to applications.
    fn supplied_state(&self) -> Vec<Supplied<'_>> {
        let mut found = Vec::new();
        for index in 0..self.types.items.functions.len() {
            let id = FnId(index as u32);
            let supplies = self.sketches[index].as_ref().is_some_and(|sketch| sketch.supplies_state);
            if !supplies || self.scope(id) != Scope::Production {
                continue;
            }
            let Some(body) = self.any_body(id) else { continue };
            found.extend(body.calls.iter().filter_map(|call| self.supplied_by(id, body, call)));
        }
        found
    }

    fn supplied_by<'p>(&'p self, id: FnId, body: &LinkedBody<'_>, call: &Call<'p>) -> Option<Supplied<'p>> {
        if is_put_into_request(self.types.items, body, call) {
            let ty = call.args.first().map(|value| unfailing(&value.ty).clone()).filter(is_named);
            return Some(Supplied {
                to: SuppliedTo::EveryRequest,
                ty,
                package: None,
                is_found: true,
                location: self.location(id, call.span),
            });
        }
        let Target::Library(facts) = call.target else { return None };
        // What a factory supplies is known when it has run, and what is read from a configuration stands in no argument.
        if facts.role == CallRole::StatePut && facts.handler.is_none() {
            let to = self.supplied_to(facts);
            let location = self.location(id, call.span);
            return Some(Supplied { to, ty: None, package: None, is_found: true, location });
        }
        if facts.role != CallRole::StatePut {
            return None;
        }
        let argument = call.args.get(facts.handler?)?;
        let given = forced(self.types, unfailing(&argument.ty));
        // What is wrapped already is looked up by what is inside.
        let is_state = |ty: &Ty| self.types.type_facts(ty).is_some_and(|facts| facts.looked_up.is_some());
        let made = settled(&call.result);
        let wrapped = [made, given].into_iter().find(|ty| is_state(ty));
        let ty = match wrapped {
            Some(Ty::External(_, args)) => {
                args.first().map(|inner| forced(self.types, unfailing(inner)).clone())
            }
            _ => Some(given.clone()),
        };
        Some(Supplied {
            to: self.supplied_to(facts),
            ty: ty.filter(is_named),
            package: constructor_of(body, &argument.value).map(str::to_owned),
            is_found: wrapped.is_some() || !facts.path.ends_with("::app_data"),
            location: self.location(id, call.span),
        })
    }

    /// Who finds what a call supplies: everybody, where its library itself looks for nothing.
    fn supplied_to<'p>(&self, facts: &'p CallFacts) -> SuppliedTo<'p> {
        let library = root_segment(&facts.path);
        match self.types.catalog.looks_up_state(library) {
            true => SuppliedTo::Framework(library),
            false => SuppliedTo::EveryRequest,
        }
    }
}

/// Whether a call puts something into what a request carries along, as middleware does: `request.extensions_mut().insert(value)`,
/// `parts.extensions.insert(value)`, also where a trait of the workspace gives the extensions by another name.
pub(super) fn is_put_into_request(items: &Items<'_>, body: &LinkedBody<'_>, call: &Call<'_>) -> bool {
    let gives_extensions = |made: CallId| {
        let made = body.call(made);
        let named = |name: &str| name.contains("extensions");
        match &made.target {
            Target::Local { targets, .. } => {
                targets.iter().any(|id| named(&items.functions[id.index()].name))
            }
            _ => made.name_of_callee().is_some_and(named),
        }
    };
    let is_extensions = |value: &Value| match value {
        Value::Field(_, name) => name == "extensions",
        Value::Call(made) => gives_extensions(*made),
        _ => false,
    };
    call.name_of_callee() == Some("insert")
        && (call.receiver.as_ref().is_some_and(|receiver| is_extensions(&receiver.value))
            || call.chained_on.is_some_and(gives_extensions))
}

/// The type of a value after awaiting it and unwrapping `Result`. An option is state of its own.
fn unfailing(ty: &Ty) -> &Ty {
    match ty {
        Ty::Future(inner) => unfailing(inner),
        Ty::External(_, args) if is_result(ty) => args.first().map_or(&Ty::Unknown, unfailing),
        other => other,
    }
}

/// What is in a lazy value, which `Arc::clone(&LAZY)` forces.
fn forced<'t>(types: &Types<'_>, ty: &'t Ty) -> &'t Ty {
    let is_lazy = types.type_facts(ty).is_some_and(|facts| facts.kind == TypeKind::Lazy);
    match ty {
        Ty::External(_, args) if is_lazy => args.first().unwrap_or(ty),
        other => other,
    }
}

/// The package whose type makes a value with its constructor.
fn constructor_of<'b>(body: &'b LinkedBody<'_>, value: &Value) -> Option<&'b str> {
    let Value::Call(made) = value else { return None };
    let made = body.call(*made);
    let Target::External(path) = &made.target else { return None };
    if made.is_future || !matches!(made.name_of_callee(), Some("new" | "default")) {
        return None;
    }
    let mut segments = path.rsplit("::").skip(1);
    let is_type = |segment: &str| segment.starts_with(|first: char| first.is_uppercase());
    segments.next().filter(|owner| is_type(owner))?;
    path.split("::").next()
}

/// Whether something of a package is in a type.
fn is_of(ty: &Ty, package: &str) -> bool {
    match ty {
        Ty::External(path, args) => {
            path.split("::").next() == Some(package) || args.iter().any(|arg| is_of(arg, package))
        }
        _ => false,
    }
}

/// Whether all of a type is known.
fn is_named(ty: &Ty) -> bool {
    match ty {
        Ty::External(_, args) => args.iter().all(is_named),
        Ty::Adt(_, args) => args.iter().all(is_named),
        _ => false,
    }
}

/// What is inside pointers, locks and options: `Arc<Pool<Postgres>>` and `Pool<Postgres>` have the same.
fn innermost(ty: &Ty) -> &Ty {
    let mut current = ty;
    while let Ty::External(path, args) = current {
        let name = path.rsplit("::").next().unwrap_or_default();
        match args.first() {
            Some(inner) if matches!(name, "Arc" | "Rc" | "Box" | "Mutex" | "RwLock" | "Data" | "Option") => {
                current = inner
            }
            _ => break,
        }
    }
    current
}

/// Whether two types may be the same: the last parameters that one of them does not write have their defaults.
fn may_be_same(one: &Ty, other: &Ty) -> bool {
    let by_parts =
        |one: &[Ty], other: &[Ty]| one.iter().zip(other).all(|(one, other)| may_be_same(one, other));
    match (one, other) {
        (Ty::Adt(one, one_args), Ty::Adt(other, other_args)) => {
            one == other && by_parts(one_args, other_args)
        }
        (Ty::External(one, one_args), Ty::External(other, other_args)) => {
            one == other && one_args.is_empty() == other_args.is_empty() && by_parts(one_args, other_args)
        }
        (Ty::Unknown, _) | (_, Ty::Unknown) => true,
        _ => one == other,
    }
}
