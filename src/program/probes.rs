//! Room 5, *program*: the routes that say whether a service is well, and what their answers depend on.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{gives_a_result, gives_only_ok, gives_only_success};
use super::bodies::{self, Call, CallId, LinkedBody, Target};
use super::entries::Entry;
use super::items::{Container, FnId};
pub use super::probe_kinds::{ProbeKind, segments, segments_that_count};
use super::probe_kinds::{kind_as_declared, kind_of, plain_name, speaks_of_health};
use super::routes::Route;
use super::summaries::{Effect, EffectKind};
use super::types::Ty;
use super::values::Value;
use super::{Program, is_long_lived, reach};
use crate::catalog::{CallRole, TypeKind, driver_facts};
use crate::facts::{Body, Expr, ExprKind, Literal, Name};
use crate::finding::{Evidence, Role};
use crate::location::{Location, Span};
pub use crate::workspace::{DeclaredKind, DeclaredProbe};

/// A route that is a probe by the name of its path, or because a deployment asks it.
#[derive(Debug, Clone)]
pub struct Probe<'p> {
    /// The route.
    pub route: &'p Route,
    /// Its path, without the method.
    pub path: &'p str,
    /// What it asks for.
    pub kind: ProbeKind,
    /// Where deployments ask it, in the order of the places.
    pub declared: Vec<&'p DeclaredProbe>,
}

impl Probe<'_> {
    /// Where a deployment asks the route for one of these.
    pub fn declared_as(&self, kinds: &[DeclaredKind]) -> Option<&DeclaredProbe> {
        self.declared.iter().find(|declared| kinds.contains(&declared.kind)).copied()
    }

    /// The evidence that a deployment asks the route for one of these.
    pub fn declared_evidence(&self, kinds: &[DeclaredKind]) -> Option<Evidence> {
        self.declared_as(kinds).map(|declared| Evidence {
            location: declared.location,
            role: Role::Config,
            label: format!("the {} asks it", declared.kind.name()),
        })
    }
}

/// What an answer depends on.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// The first use of a database handle on the way to it.
    pub asks: Option<Location>,
    /// The first use of a database handle on the way to it whose success is asked for: `.is_ok()`.
    pub judges: Option<Location>,
    /// The drivers of the handles that are used on the way to it, as far as they are known.
    pub drivers: BTreeSet<String>,
    /// The first shared state that is read on the way to it.
    pub reads: Option<Location>,
    /// The names of the fields, statics and variables that stand on the way to it.
    pub names: BTreeSet<Name>,
    /// Whether something on the way is not known: it may ask whatever it likes.
    pub unknown: bool,
    /// Whether the answer itself comes from something that is not known.
    pub answer_unknown: bool,
    /// Whether it can say that something is wrong: an error, another status, a panic.
    pub can_fail: bool,
    /// A test of a future that nobody awaits, where what the future would do is the check.
    pub unawaited: Option<Location>,
    /// Whether the names of what is read or called speak of health.
    pub speaks_of_health: bool,
}

impl Examined {
    /// Whether a database outside of the process is asked, as far as the drivers are known.
    pub fn asks_outside(&self) -> bool {
        self.drivers.iter().any(|driver| !driver_facts(driver).place.is_inside())
    }
}

/// What a function has to do with an answer.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Whether it makes the answer, or a part of it, and is not only run on the way.
    answers: bool,
    /// Whether its failure may be the answer's, because nobody looks at it before.
    fails: bool,
}

/// How many functions are looked into for one answer.
const MOST_FUNCTIONS: usize = 120;

/// Status codes that tell that something is wrong, in lower case without underscores, as constants and constructors are
/// named.
const BAD_STATUS: [&str; 12] = [
    "internalservererror",
    "serviceunavailable",
    "badgateway",
    "gatewaytimeout",
    "notimplemented",
    "insufficientstorage",
    "faileddependency",
    "toomanyrequests",
    "preconditionfailed",
    "expectationfailed",
    "locked",
    "imateapot",
];

/// Status codes that tell of a bad request, which is what a handler means that looks at the request; by name and number.
const REFUSALS: [(&str, u128); 3] = [("badrequest", 400), ("notfound", 404), ("conflict", 409)];

impl Program<'_> {
    /// The probes of production code, in the order of their handlers.
    pub fn probes(&self) -> Vec<Probe<'_>> {
        self.routes()
            .iter()
            .filter_map(|route| {
                let Some(label) = route.label.as_deref() else { return self.probe_by_method(route) };
                let path = route.path()?;
                let read = !label.contains(' ')
                    || ["GET ", "HEAD ", "ANY "].iter().any(|verb| label.starts_with(verb));
                let declared = if read { self.declarations_of(route, path) } else { Vec::new() };
                let kind = kind_as_declared(&declared)
                    .or_else(|| kind_of(path).filter(|_| read))
                    .or_else(|| self.kind_by_answer(route, path).filter(|_| read))?;
                Some(Probe { route, path, kind, declared })
            })
            .collect()
    }

    /// What a route asks for whose path may mean anything: a `/status` that answers `"ok"` without asking anybody is about the
    /// health of the service.
    fn kind_by_answer(&self, route: &Route, path: &str) -> Option<ProbeKind> {
        let (base, last) = path.rsplit_once('/')?;
        let of_service = segments_that_count(base) == 0;
        if plain_name(last) != "status" || !of_service || route.closure.is_some() {
            return None;
        }
        let body = self.any_body(route.function)?;
        let says_well = |value: &Value| value.any(|part| matches!(part, Value::Text(text) if is_well(text)));
        let answering = answer_calls(body, None);
        let mut given = answering.iter().flat_map(|call| body.call(*call).inputs());
        let answers = says_well(&body.result) || given.any(|argument| says_well(&argument.value));
        let asks = body.calls.iter().any(|call| self.checks(call));
        (answers && !asks).then_some(ProbeKind::General)
    }

    /// Where deployments ask a route. A path that several routes have is the one of the package with the file.
    fn declarations_of(&self, route: &Route, path: &str) -> Vec<&DeclaredProbe> {
        let plain = |path: &str| path.trim_end_matches('/').to_owned();
        let has_path = |other: &&Route| other.path().is_some_and(|other| plain(other) == plain(path));
        // The root answers something in every service, those of other files included.
        let asks = |probe: &&DeclaredProbe| !plain(path).is_empty() && plain(&probe.path) == plain(path);
        let declared = self.declared_probes.iter().filter(asks);
        let mut declared = declared.peekable();
        let is_only = declared.peek().is_some() && self.routes().iter().filter(has_path).count() == 1;
        declared
            .filter(|probe| {
                is_only || self.workspace.belong_together(route.location.file, probe.location.file)
            })
            .collect()
    }

    /// The probe that a function answers.
    pub fn probe_of(&self, id: FnId) -> Option<Probe<'_>> {
        self.probes().into_iter().find(|probe| probe.route.function == id)
    }

    /// The databases outside the process that a binary with the probe keeps handles to: without one of them, it cannot do
    /// its work.
    pub fn databases_behind(&self, probe: &Probe<'_>) -> Vec<&Effect> {
        let mut found = self.handles_behind(probe);
        found.retain(|effect| self.is_outside(effect));
        found
    }

    /// Whether a binary answers a route: its `main` comes to the handler, or the handler is in its package, and is a method of a
    /// service, which nobody calls by name, or one with an attribute where none of those is seen to be mounted.
    fn answers(&self, entry: &Entry, route: &Route) -> bool {
        let in_package = || {
            let main = self.declaration(entry.main).file;
            self.workspace.belong_together(main, route.location.file)
        };
        let is_found_otherwise = || {
            route.label.is_none()
                || (self.has_attribute_route(route.function) && !self.mounts_are_seen(entry))
        };
        self.reaches(entry.main, route.function) || (is_found_otherwise() && in_package())
    }

    /// Whether a probe is in a package without a binary: what mounts it, and keeps the handles that it asks, is elsewhere.
    pub fn is_of_a_library(&self, probe: &Probe<'_>) -> bool {
        !self.production_entries().any(|entry| {
            let main = self.declaration(entry.main).file;
            self.answers(entry, probe.route)
                || self.workspace.belong_together(main, probe.route.location.file)
        })
    }

    /// Whether a binary is seen to mount some handler that has its route in an attribute: who is not mounted there is not in use.
    fn mounts_are_seen(&self, entry: &Entry) -> bool {
        self.types.items.function_ids().any(|id| self.has_attribute_route(id) && self.reaches(entry.main, id))
    }

    /// All handles that a binary with the probe keeps to databases, files included.
    pub fn handles_behind(&self, probe: &Probe<'_>) -> Vec<&Effect> {
        let mut found: Vec<&Effect> = Vec::new();
        for entry in self.production_entries() {
            if !self.answers(entry, probe.route) {
                continue;
            }
            for (_, effect) in self.process_effects(entry) {
                let EffectKind::Create { handle, .. } = &effect.kind else { continue };
                let kept =
                    matches!(handle, TypeKind::Pool | TypeKind::Client) || is_long_lived(&effect.lifetime);
                if self.is_of_database(effect)
                    && effect.creates_handle()
                    && kept
                    && !found.iter().any(|known| known.site == effect.site)
                {
                    found.push(effect);
                }
            }
        }
        found
    }

    /// Whether a handler is a function that is given nothing of the request.
    fn is_given_state_alone(&self, route: &Route) -> bool {
        let kind_of = |ty: &Ty| self.types.type_facts(ty).map(|facts| facts.kind);
        let mut params = self.types.signature(route.function).params.iter();
        route.closure.is_none() && params.all(|ty| kind_of(ty) == Some(TypeKind::State))
    }

    /// Whether an effect opens a database outside the process.
    pub fn is_outside(&self, effect: &Effect) -> bool {
        match &effect.kind {
            EffectKind::Create { handle, driver, .. } => {
                *handle != TypeKind::Embedded
                    && !driver_facts(driver).place.is_inside()
                    && self.is_of_database(effect)
            }
            EffectKind::Migrate | EffectKind::Serve | EffectKind::Accept => false,
        }
    }

    /// Whether another probe of a binary with this one asks a database, or what it asks is not known.
    pub fn asks_elsewhere(&self, probe: &Probe<'_>, examined: &[(Probe<'_>, Examined)]) -> bool {
        let entries = || self.production_entries();
        let shares_binary = |other: &Probe<'_>| {
            entries().any(|entry| self.answers(entry, probe.route) && self.answers(entry, other.route))
        };
        examined.iter().any(|(other, known)| {
            other.route != probe.route
                && other.kind != ProbeKind::Liveness
                && (known.asks.is_some() || known.unknown || (known.reads.is_some() && known.can_fail))
                && shares_binary(other)
        })
    }

    /// What the answer of a handler depends on, through the functions that it calls. Linear in the calls of these.
    pub fn examine(&self, route: &Route) -> Examined {
        let guarded = self.is_guarded(route.function, route.closure);
        let mut examined = Examined { unknown: guarded, answer_unknown: guarded, ..Examined::default() };
        if route.closure.is_none() && self.is_given_a_connection(route.function) {
            examined.asks = Some(self.declaration(route.function));
        }
        // Whether what was looked at was so as something whose failure counts.
        let mut seen = BTreeMap::from([(route.function, true)]);
        let whole = Part { answers: true, fails: true };
        let mut queue = vec![(route.function, route.closure, whole)];
        while let Some((id, region, Part { answers, fails })) = queue.pop() {
            if seen.len() > MOST_FUNCTIONS {
                examined.unknown = true;
                break;
            }
            let Some(facts) = self.types.items.functions[id.index()].body else { continue };
            let Some(body) = self.any_body(id) else { continue };
            let inside = |span: Span| region.is_none_or(|region| region.encloses(span));
            let exprs = || facts.exprs.iter().filter(|expr| inside(expr.span));
            examined.names.extend(exprs().filter_map(name_in).cloned());
            let refuses = id == route.function && self.is_given_state_alone(route);
            examined.can_fail |= exprs().any(|expr| says_bad_status(facts, expr, refuses));
            if answers {
                let fallible = fails && self.is_fallible(id, region);
                let succeeds = |end: &Expr| self.always_succeeds(body, end);
                examined.can_fail |= fallible && gives_a_result(facts, region, &succeeds);
                examined.can_fail |= exprs().any(|expr| leaves_early(expr, fallible));
                examined.can_fail |= body
                    .calls
                    .iter()
                    .filter(|call| inside(call.span) && !reads_clock(call))
                    .any(|call| bodies::fails(call) || call.outcome.unwrapped);
            }
            let answer_calls = answer_calls(body, region);
            for (index, call) in body.calls.iter().enumerate().filter(|(_, call)| inside(call.span)) {
                self.examine_call(id, call, &mut examined);
                if examined.judges.is_none() && answers && self.judges(body, call) {
                    examined.judges = Some(self.location(id, call.span));
                }
                let given = answers && answer_calls.contains(&CallId(index as u32));
                let part = Part { answers: given, fails: fails && !body.is_tested(CallId(index as u32)) };
                for &target in call.local_targets() {
                    let known = seen.get(&target).copied();
                    if known.is_none() || (part.fails && known == Some(false)) {
                        seen.insert(target, part.fails);
                        queue.push((target, None, part));
                    }
                }
                let unknown = self.examine_target(id, facts, call, given, &mut examined);
                examined.unknown |= unknown;
                examined.answer_unknown |= given && (unknown || is_answer_of_its_own(call));
            }
            if examined.unawaited.is_none() {
                examined.unawaited = self.unawaited_check(id, body).filter(|_| region.is_none());
            }
            // A failure that somebody looks at is answered by another type, if by any.
            for output in self.answer_types(id, region).into_iter().filter(|_| fails) {
                queue.extend(
                    self.answers_of(&output)
                        .into_iter()
                        .filter(|id| seen.insert(*id, true) != Some(true))
                        .map(|id| (id, None, whole)),
                );
            }
        }
        examined
    }

    /// What is called, as far as it says something about the answer; whether it may ask something that is not known.
    fn examine_target(
        &self,
        id: FnId,
        facts: &Body,
        call: &Call<'_>,
        given: bool,
        examined: &mut Examined,
    ) -> bool {
        let awaited = || facts.is_awaited(call.expr);
        // Whoever is called with a handle asks that one.
        let on_handle = || call.inputs().any(|input| self.driver_behind(&input.ty).is_some());
        match &call.target {
            Target::Local { targets, dispatched } => {
                // A trait without an implementation here is another crate's business.
                examined.answer_unknown |= given && *dispatched;
                targets.is_empty()
            }
            Target::External(_) => awaited() && !on_handle(),
            Target::Unknown(name) => {
                if may_ask(name) {
                    examined.reads.get_or_insert(self.location(id, call.span));
                }
                examined.answer_unknown |= given;
                (awaited() || may_ask(name)) && !on_handle()
            }
            Target::Library(library) => {
                // Only a thread that panicked makes a lock fail, and only a clock that is set back the time.
                let made_by = |made: CallId| self.any_body(id).map(|body| body.call(made));
                let on_nothing = call.receiver.as_ref().is_some_and(|on| match on.value {
                    Value::Behind(..) => true,
                    Value::Call(made) => made_by(made).is_some_and(reads_clock),
                    _ => false,
                });
                examined.can_fail |= library.panics.is_some() && !on_nothing;
                false
            }
            Target::Block(_) => false,
        }
    }

    /// Whether a call asks whether something that needs a database handle succeeded.
    fn judges(&self, body: &LinkedBody<'_>, call: &Call<'_>) -> bool {
        let asked = |asked: CallId| {
            let asked = body.call(asked);
            let needs = match &asked.target {
                Target::Local { targets, .. } => targets.iter().any(|target| self.needs_handle(*target)),
                _ => false,
            };
            let used = asked.inputs();
            needs || used.into_iter().any(|argument| reach::is_handle(self.types, &argument.ty))
        };
        matches!(call.name_of_callee(), Some("is_ok" | "is_err")) && call.chained_on.is_some_and(asked)
    }

    fn examine_call(&self, id: FnId, call: &Call<'_>, examined: &mut Examined) {
        let location = self.location(id, call.span);
        let arguments = call.inputs();
        if arguments.clone().any(|argument| reach::is_handle(self.types, &argument.ty))
            && !reach::is_only_handed_on(call)
        {
            examined.asks.get_or_insert(location);
            let drivers = arguments.clone().filter_map(|argument| self.driver_behind(&argument.ty));
            let before = examined.drivers.len();
            examined.drivers.extend(drivers);
            // A handle whose database is not known may be any.
            examined.unknown |= examined.drivers.len() == before && before == 0;
        }
        if let Target::Library(facts) = call.target {
            match facts.role {
                CallRole::Acquire | CallRole::Verify | CallRole::MigrationCheck | CallRole::Create => {
                    examined.asks.get_or_insert(location);
                }
                CallRole::Lock
                | CallRole::TryLock
                | CallRole::AtomicLoad
                | CallRole::OnceCheck
                | CallRole::MapCheck
                    if !facts.path.starts_with("std::option") && !facts.path.starts_with("std::result") =>
                {
                    examined.reads.get_or_insert(location);
                }
                _ => {}
            }
        }
        let named = |ty: &Ty| {
            self.types.pointees(bodies::settled(ty).clone()).any(|ty| match ty {
                Ty::Adt(adt, _) => speaks_of_health(&self.types.items.adts[adt.index()].name),
                _ => false,
            })
        };
        examined.speaks_of_health |=
            named(&call.result) || arguments.clone().any(|argument| named(&argument.ty));
    }

    /// Whether an extractor of the workspace stands in the signature: it may refuse the request by itself.
    fn is_guarded(&self, id: FnId, closure: Option<Span>) -> bool {
        let guards = |ty: &Ty| match bodies::settled(ty) {
            Ty::Adt(..) => self.extractors_of(ty).next().is_some(),
            // State is the same for every request; a handle of its own is fetched for each.
            other => {
                let state = self.types.type_facts(other).is_some_and(|facts| facts.kind == TypeKind::State);
                !state && reach::is_handle(self.types, other)
            }
        };
        closure.is_none() && self.types.signature(id).params.iter().any(guards)
    }

    /// Whether a framework takes a connection out of a pool for every call of a handler.
    fn is_given_a_connection(&self, id: FnId) -> bool {
        let is_connection = |ty: &Ty| {
            let facts = self.types.type_facts(bodies::settled(ty));
            facts.is_some_and(|facts| facts.kind == TypeKind::Connection)
        };
        self.types.signature(id).params.iter().any(is_connection)
    }

    /// Whether the function, or the closure, may give an `Err`.
    fn is_fallible(&self, id: FnId, closure: Option<Span>) -> bool {
        let awaited = self.types.signature(id).output.awaited();
        closure.is_some() || awaited.is_option_or_result() || matches!(awaited, Ty::Unknown)
    }

    /// Whether an expression calls a function of the workspace that gives a `Result` for its form alone: it is always a success.
    fn always_succeeds(&self, body: &LinkedBody<'_>, expr: &Expr) -> bool {
        let Some(call) = body.calls.iter().find(|call| call.span == expr.span) else { return false };
        let is_one = |target: &FnId| {
            let facts = self.types.items.functions[target.index()].body;
            facts.is_some_and(gives_only_success)
        };
        !call.local_targets().is_empty() && call.local_targets().iter().all(is_one)
    }

    /// The types of the workspace that a handler answers with.
    pub(super) fn answer_types(&self, id: FnId, closure: Option<Span>) -> Vec<Ty> {
        let mut found = Vec::new();
        if closure.is_none() {
            let facts = self.types.items.functions[id.index()].body;
            let never_fails = facts.zip(self.any_body(id)).is_some_and(|(facts, body)| {
                gives_only_ok(facts, &|end: &Expr| self.always_succeeds(body, end))
            });
            let mut types = vec![self.types.signature(id).output.clone()];
            while let Some(ty) = types.pop() {
                match &ty {
                    Ty::Bounds(_) => {
                        let hidden = self.any_body(id).and_then(|body| body.hidden_type.as_deref());
                        types.extend(hidden.filter(|hidden| !matches!(hidden, Ty::Bounds(_))).cloned());
                    }
                    Ty::Future(inner) => types.push(inner.as_ref().clone()),
                    Ty::Tuple(parts) => types.extend(parts.iter().cloned()),
                    Ty::External(..) if ty.is_option_or_result() && never_fails => types.push(ty.first_arg()),
                    Ty::External(_, args) if ty.is_option_or_result() => types.extend(args.iter().cloned()),
                    Ty::Adt(..) => found.push(ty.clone()),
                    _ => {}
                }
            }
        }
        found
    }

    /// The functions that make an answer of a type.
    pub(super) fn answers_of(&self, ty: &Ty) -> Vec<FnId> {
        let functions = self.types.items.functions.iter().enumerate();
        let makes = functions.filter(|(_, item)| match item.container {
            Container::Impl(block) => {
                matches!(
                    item.name.as_str(),
                    "into_response" | "respond_to" | "status_code" | "error_response"
                ) && self.types.impl_type(block).is_same_adt(ty)
            }
            _ => false,
        });
        makes.map(|(index, _)| FnId(index as u32)).collect()
    }

    /// `pool.get().await.map(|c| async move { c.ping().await }).is_ok()`: what is tested is not the ping.
    fn unawaited_check(&self, id: FnId, body: &LinkedBody<'_>) -> Option<Location> {
        let blocks = body.blocks.iter().filter(|block| block.is_async);
        let mut dropped = blocks.filter(|block| {
            let own = |call: &&Call<'_>| block.span.encloses(call.span);
            let is_given = |given: &bodies::BlockId| {
                matches!(body.blocks[given.0 as usize].result, Value::Block(inner) if std::ptr::eq(&body.blocks[inner.0 as usize], *block))
            };
            let takes = |call: &Call<'_>| {
                let adapts = matches!(call.target, Target::Library(facts) if facts.role == CallRole::Adapt && facts.path.ends_with("::map"));
                adapts && call.args.iter().any(|argument| matches!(&argument.value, Value::Block(given) if is_given(given)))
            };
            let tested = body.calls.iter().any(|call| {
                let tests = matches!(call.name_of_callee(), Some("is_ok" | "is_err" | "is_some" | "is_none"));
                tests && call.chained_on.is_some_and(|adapter| takes(body.call(adapter)))
            });
            tested && body.calls.iter().filter(own).any(|call| self.checks(call))
        });
        dropped.next().map(|block| self.location(id, block.span))
    }

    /// Whether a call asks a database something.
    fn checks(&self, call: &Call<'_>) -> bool {
        let on_handle = call.inputs().any(|argument| reach::is_handle(self.types, &argument.ty));
        let name = call.name_of_callee().unwrap_or_default();
        on_handle
            || matches!(
                name,
                "ping"
                    | "execute"
                    | "fetch_one"
                    | "query"
                    | "query_one"
                    | "simple_query"
                    | "batch_execute"
                    | "is_valid"
            )
    }
}

/// Whether a word says that all is well.
fn is_well(word: &str) -> bool {
    let well = ["ok", "healthy", "up", "alive", "live", "ready", "running", "pong", "fine", "good"];
    well.iter().any(|well| word.eq_ignore_ascii_case(well))
}

/// Whether a text is what a health check answers.
pub(super) fn says_well(text: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric()).any(is_well)
}

/// Whether a call on a value of unknown type may ask somebody, by its name.
fn may_ask(name: &str) -> bool {
    const ASKING: [&str; 14] = [
        "health", "check", "ping", "ready", "alive", "connect", "query", "exec", "fetch", "select", "probe",
        "verify", "acquire", "send",
    ];
    ASKING.iter().any(|word| name.contains(word))
}

/// The calls of a body, or of a closure in it, that decide about the status of the answer that it gives back: not
/// those that only make its text.
fn answer_calls(body: &LinkedBody<'_>, closure: Option<Span>) -> Vec<CallId> {
    let given = match closure {
        None => Some(&body.result),
        Some(span) => body.blocks.iter().find(|block| block.span == span).map(|block| &block.result),
    };
    let (mut calls, mut blocks) = (Vec::new(), Vec::new());
    let mut values: Vec<&Value> = given.into_iter().collect();
    while let Some(value) = values.pop() {
        value.enter(&mut |part| {
            match part {
                Value::Call(id) if !calls.contains(id) => {
                    calls.push(*id);
                    let call = body.call(*id);
                    // `Ok(x)` hands on what it is given.
                    if !matches!(call.target, Target::Local { .. }) {
                        values.extend(call.receiver.iter().map(|receiver| &receiver.value));
                        let wraps = call.name_of_callee().is_some_and(|name| {
                            matches!(
                                name,
                                "Json" | "json" | "Html" | "body" | "content_type" | "insert_header"
                            )
                        });
                        values.extend(call.args.iter().filter(|_| !wraps).map(|argument| &argument.value));
                    }
                }
                Value::Block(block) if !blocks.contains(block) => {
                    blocks.push(*block);
                    values.push(&body.blocks[block.0 as usize].result);
                }
                _ => {}
            }
            true
        });
    }
    calls
}

/// The last name of a place that an expression means.
fn name_in(expr: &Expr) -> Option<&Name> {
    match &expr.kind {
        ExprKind::Field { name, .. } => Some(name),
        ExprKind::Path(path) => path.segments.last().map(|segment| &segment.name),
        _ => None,
    }
}

/// Whether an expression names a status that tells that something is wrong, with `refuses` also one that tells of a bad request.
fn says_bad_status(body: &Body, expr: &Expr, refuses: bool) -> bool {
    let is_bad = |name: &str| {
        let plain: String = name.to_lowercase().chars().filter(|letter| *letter != '_').collect();
        BAD_STATUS.contains(&plain.as_str()) || refuses && REFUSALS.iter().any(|(name, _)| *name == plain)
    };
    match &expr.kind {
        ExprKind::Path(path) => path.segments.last().is_some_and(|last| is_bad(&last.name)),
        ExprKind::MethodCall(call) => {
            is_bad(&call.method) || matches!(call.method.as_str(), "server_error" | "internal_error")
        }
        ExprKind::Call { callee, .. } => match &body.expr(*callee).kind {
            ExprKind::Path(path) => path.segments.last().is_some_and(|last| is_bad(&last.name)),
            _ => false,
        },
        ExprKind::Literal(Literal::Int(number)) => {
            (500..600).contains(number) || refuses && REFUSALS.iter().any(|(_, code)| code == number)
        }
        _ => false,
    }
}

/// Whether what a call turns into an answer says by itself which status it has: an error of a type that is not known.
fn is_answer_of_its_own(call: &Call<'_>) -> bool {
    call.name_of_callee() == Some("into_response")
        && call.receiver.as_ref().is_some_and(|error| {
            matches!(error.ty, Ty::Unknown)
                && !matches!(error.value, Value::Call(_) | Value::Origin(..) | Value::Text(_))
        })
}

/// Whether a call is about the time alone: that it goes well says nothing about a service.
fn reads_clock(call: &Call<'_>) -> bool {
    let path = match &call.target {
        Target::Library(facts) => facts.path.as_str(),
        Target::External(path) => path,
        _ => return false,
    };
    path.starts_with("std::time::")
}

/// Whether an expression leaves with an error.
fn leaves_early(expr: &Expr, fallible: bool) -> bool {
    match &expr.kind {
        ExprKind::Try(_) => fallible,
        ExprKind::Macro(call) => {
            let leaves = |name: &Name| {
                matches!(name.as_str(), "bail" | "panic" | "unreachable" | "todo" | "unimplemented")
            };
            call.asserts() || call.name().is_some_and(leaves)
        }
        _ => false,
    }
}
