//! Room 5, *program*: what is set for one session of a database through a pool, whose other sessions do not know of it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::Program;
use super::bodies::{self, Argument, BlockId, Call, CallId, ContextKind, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::session_locks::Executor;
use super::sql::{SessionSetting, does_more_than_set};
use super::summaries::{Effect, EffectKind, Step};
use super::transactions::is_transaction;
use super::types::Ty;
use super::values::Value;
use crate::catalog::{TypeKind, UNKNOWN_DRIVER};
use crate::location::Location;

/// How many calls out a connection is followed to the pool that it was taken from.
const DEPTH: u32 = 3;

/// Settings of a session that a function makes through a pool.
#[derive(Debug)]
pub struct PooledSettings<'p> {
    /// The function.
    pub function: FnId,
    /// The settings by their names (`busy_timeout`), each once, in the order of the statements.
    pub names: Vec<String>,
    /// The statements, in order; never empty.
    pub statements: Vec<Location>,
    /// Whether all of them run on the pool itself, rather than on a connection that was taken out of it, or something around it.
    pub on_pool: bool,
    /// Where a caller hands over the connection that it took out of the pool, if the function has it from one.
    pub handed_over: Option<Location>,
    /// The pool, where it is known.
    pub pool: Option<&'p Effect>,
}

/// What a statement runs on.
struct RunsOn {
    executor: Executor,
    /// Where a caller hands over the connection that it took out of a pool.
    handed_over: Option<Location>,
}

impl<'a> Program<'a> {
    /// Whether a function hands a statement to a library that sets something for a session of a database.
    pub fn sets_for_session(&self, id: FnId) -> bool {
        self.sketches[id.index()].as_ref().is_some_and(|sketch| sketch.sets_session)
    }

    /// What the functions of production code set for a session through a pool that opens more of them; in the order of the functions.
    /// Connections that were taken out of a pool count where that happens once, for pragmas of SQLite: whoever takes one for each piece
    /// of work may set it up for that.
    pub fn pooled_settings(&self) -> Vec<PooledSettings<'_>> {
        let mut found: Vec<PooledSettings<'_>> = Vec::new();
        for function in self.types.items.function_ids() {
            if !self.sets_for_session(function) || self.scope(function) != Scope::Production {
                continue;
            }
            let Some(body) = self.any_body(function) else { continue };
            let pools = OnceCell::new();
            for index in 0..body.calls.len() {
                let text = CallId(index as u32);
                let settings = body.call(text).session_settings();
                let Some(runs_on) = self.pooled_executor(function, body, text, &settings) else { continue };
                let pools = pools.get_or_init(|| self.pools_of(function));
                let pools = self.pools_behind(pools, body, text, function);
                let names = self.unset_elsewhere(settings, runs_on.executor, body, text, &pools);
                if names.is_empty() {
                    continue;
                }
                let location = self.location(function, body.call(text).span);
                let on_pool = runs_on.executor == Executor::Pool;
                match found.last_mut().filter(|known| known.function == function) {
                    Some(known) => {
                        known.statements.push(location);
                        known.on_pool &= on_pool;
                        known.names.extend(names);
                    }
                    None => found.push(PooledSettings {
                        function,
                        names,
                        statements: vec![location],
                        on_pool,
                        handed_over: runs_on.handed_over,
                        pool: pools.first().copied(),
                    }),
                }
            }
        }
        for settings in &mut found {
            let mut seen = BTreeSet::new();
            settings.names.retain(|name| seen.insert(name.clone()));
        }
        found
    }

    /// The names of the settings of a text that other connections of its pools do not have.
    fn unset_elsewhere(
        &self,
        settings: Vec<SessionSetting>,
        executor: Executor,
        body: &LinkedBody<'_>,
        text: CallId,
        pools: &[&Effect],
    ) -> Vec<String> {
        if !pools.is_empty() && pools.iter().all(|pool| self.may_have_one_connection(pool)) {
            return Vec::new();
        }
        let is_left = |setting: &SessionSetting| {
            // What is taken back on the connection that it was set for is meant for what comes in between.
            let is_taken_back = executor == Executor::Pooled && is_set_again(body, text, &setting.name);
            !setting.is_so_anyway && !is_taken_back && !self.is_set_for_all(setting, pools)
        };
        settings.into_iter().filter(is_left).map(|setting| setting.name).collect()
    }

    /// What the statement of a text runs on, where that is a pool, or a connection that start-up took out of one.
    fn pooled_executor(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        text: CallId,
        settings: &[SessionSetting],
    ) -> Option<RunsOn> {
        if settings.is_empty() {
            return None;
        }
        let executor = self.executor_of(body, text);
        // One text runs on one connection: what is set in it may be meant for the rest of it.
        let more = || {
            body.call(text)
                .args
                .iter()
                .flat_map(|argument| argument.value.texts())
                .any(|text| does_more_than_set(&text))
        };
        // What a function of the workspace does with a text is not known.
        let is_library = body.call(text).local_targets().is_empty();
        let itself = |executor| Some(RunsOn { executor, handed_over: None });
        match executor {
            Executor::Pool if is_library && !more() => itself(executor),
            Executor::Wrapper if !more() => itself(executor),
            Executor::Pool | Executor::Wrapper => None,
            Executor::Pooled | Executor::Other => {
                let is_set_up_once = settings.iter().all(|setting| setting.is_pragma)
                    && !self.hands_on(function)
                    && (self.makes_a_pool(function) || !self.is_concurrent(function));
                if !is_set_up_once {
                    return None;
                }
                if executor == Executor::Pooled {
                    let in_transaction = inputs_of_chain(body, text).any(|input| is_transaction(&input.ty));
                    return if in_transaction { None } else { itself(executor) };
                }
                let handed_over = self.handed_over(function, body, text, DEPTH)?;
                Some(RunsOn { executor: Executor::Pooled, handed_over: Some(handed_over) })
            }
        }
    }

    fn makes_a_pool(&self, function: FnId) -> bool {
        self.effects(function).iter().any(|effect| {
            effect.site.0 == function
                && matches!(effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. })
        })
    }

    /// Where the connection that a statement runs on is handed to the function, if all callers in production code took it out of a pool.
    fn handed_over(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        text: CallId,
        depth: u32,
    ) -> Option<Location> {
        let is_own = |input: &Argument| matches!(input.value.root(), Value::Param(_) | Value::Receiver);
        let on_own = inputs_of_chain(body, text)
            .any(|input| is_own(input) && self.types.contains_handle(bodies::settled(&input.ty)));
        if on_own { self.taken_out_by_callers(function, depth) } else { None }
    }

    /// Whether a function gives back a connection of a pool, or runs what it is given: it sets up each connection that is taken.
    fn hands_on(&self, function: FnId) -> bool {
        let signature = self.types.signature(function);
        let is_pooled = |ty: &Ty| self.kind_of_executor(ty) == Executor::Pooled;
        let given = bodies::settled(&signature.output);
        let has_one = match given {
            Ty::Adt(id, _) => {
                self.types.declared_fields(*id).iter().flat_map(|list| list.iter()).any(is_pooled)
            }
            other => is_pooled(other),
        };
        has_one || signature.params.iter().any(|param| matches!(param, Ty::Callable(_) | Ty::Param(_)))
    }

    /// Where the first of the callers in production code hands over a connection of a pool, if all of them do.
    fn taken_out_by_callers(&self, function: FnId, depth: u32) -> Option<Location> {
        let callers = self.graph.callers[function.index()].iter();
        let calls = callers
            .filter(|caller| self.scope(**caller) == Scope::Production)
            .filter_map(|caller| Some((*caller, self.any_body(*caller)?)))
            .flat_map(|(caller, body)| {
                body.calls.iter().filter(|call| call.leads_to(function)).map(move |call| (caller, call))
            });
        let mut first = None;
        for (caller, call) in calls {
            let taken_out = self.taken_out_for(caller, call, depth)?;
            first.get_or_insert(taken_out);
        }
        first
    }

    /// Where the connections that a call is made with come out of a pool, if all do and the caller does no more than use them: at the
    /// call, or in a caller of its function.
    fn taken_out_for(&self, caller: FnId, call: &Call<'_>, depth: u32) -> Option<Location> {
        if self.hands_on(caller) {
            return None;
        }
        let mut first = None;
        for input in call.inputs().filter(|input| self.types.contains_handle(bodies::settled(&input.ty))) {
            let is_handed_on = matches!(input.value.root(), Value::Param(_) | Value::Receiver);
            let taken_out = match self.kind_of_executor(&input.ty) {
                Executor::Pooled if !is_transaction(&input.ty) => self.location(caller, call.span),
                Executor::Pooled => return None,
                _ if is_handed_on && depth > 0 => self.taken_out_by_callers(caller, depth - 1)?,
                _ => return None,
            };
            first.get_or_insert(taken_out);
        }
        first
    }

    /// The pools that a function makes, and those of the processes that come to it. Each once.
    fn pools_of(&self, function: FnId) -> Vec<&Effect> {
        let entries = self.production_entries().filter(|entry| self.reaches(entry.main, function));
        let processes = entries.flat_map(|entry| self.process_effects(entry)).map(|(_, effect)| effect);
        let mut found: Vec<&Effect> = Vec::new();
        for effect in self.effects(function).iter().chain(processes) {
            let is_pool = matches!(effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. });
            if is_pool && !found.iter().any(|known| known.site == effect.site) {
                found.push(effect);
            }
        }
        found
    }

    /// Those of some pools that a statement may run on: the one that its function makes and runs it on, else those of its driver, where
    /// that is known.
    fn pools_behind<'p>(
        &self,
        pools: &[&'p Effect],
        body: &LinkedBody<'_>,
        text: CallId,
        function: FnId,
    ) -> Vec<&'p Effect> {
        let is_run_on = |pool: &&Effect| {
            let made = self.effects(function).iter().find(|effect| effect.site == pool.site);
            let made = made.and_then(|effect| match effect.steps[0] {
                Step::Call(_, made) => Some(Value::Call(made)),
                Step::Static(..) => None,
            });
            made.is_some_and(|made| inputs_of_chain(body, text).any(|input| *input.value.root() == made))
        };
        if let Some(own) = pools.iter().copied().find(is_run_on) {
            return vec![own];
        }
        let driver = inputs_of_chain(body, text).find_map(|input| self.driver_behind(&input.ty));
        let fits = |pool: &&Effect| match &pool.kind {
            EffectKind::Create { driver: own, .. } => {
                driver.as_ref().is_none_or(|driver| driver == own || own == UNKNOWN_DRIVER)
            }
            _ => false,
        };
        pools.iter().copied().filter(fits).collect()
    }

    /// Whether every session has a setting anyway: whoever makes one of the pools sets up each connection.
    fn is_set_for_all(&self, setting: &SessionSetting, pools: &[&Effect]) -> bool {
        pools.iter().any(|effect| {
            let maker = self.any_body(effect.site.0);
            // The options may be made by a function of their own.
            let helpers =
                maker.into_iter().flat_map(LinkedBody::local_targets).filter_map(|id| self.any_body(id));
            maker.into_iter().chain(helpers).any(|body| self.sets_up_each(body, &setting.name))
        })
    }

    /// Whether a body sets an option of connections that is called like the setting, or has each connection set up, with the setting
    /// among what is done: a closure is looked into, and what it calls; of anything else it is taken for granted.
    fn sets_up_each(&self, body: &LinkedBody<'_>, setting: &str) -> bool {
        let sets_in = |calls: &mut dyn Iterator<Item = &Call<'_>>| {
            calls.flat_map(Call::session_settings).any(|inner| inner.name == setting)
        };
        let sets_inside = |block: BlockId| {
            let inside = |call: &&Call<'_>| {
                let mut around = body.outwards(call.context);
                around.any(|context| matches!(context.kind, ContextKind::Block(other) if other == block))
            };
            let called = body.calls.iter().filter(inside).flat_map(Call::local_targets);
            sets_in(&mut body.calls.iter().filter(inside))
                || called.filter_map(|id| self.any_body(*id)).any(|body| sets_in(&mut body.calls.iter()))
        };
        body.calls.iter().any(|call| {
            let name = call.name_of_callee().unwrap_or_default();
            let names_it =
                || call.args.iter().flat_map(|argument| argument.value.texts()).any(|text| text == setting);
            let hook = match call.target {
                Target::Library(facts) if facts.per_connection => {
                    Some(call.args.get(facts.callback.unwrap_or_default()).map(|argument| &argument.value))
                }
                _ => None,
            };
            let is_set_up = match hook {
                Some(Some(Value::Block(block))) => sets_inside(*block),
                Some(_) => true,
                None => false,
            };
            is_set_up || name == setting || (name == "pragma" && names_it())
        })
    }

    /// Whether a pool may be made with options that keep it to one connection: they say so, or stand elsewhere.
    fn may_have_one_connection(&self, pool: &Effect) -> bool {
        let (function, call) = pool.site;
        let Some(options) = self.builder_options(function, self.call(function, call)) else { return true };
        options.iter().any(|(facts, set)| {
            let most = set.args.first().map(|argument| &argument.value);
            facts.option.as_deref() == Some("max") && matches!(most, Some(Value::Number(1)))
        })
    }
}

/// Whether another statement of a function sets the same.
fn is_set_again(body: &LinkedBody<'_>, text: CallId, setting: &str) -> bool {
    let others = (0..body.calls.len()).map(|index| CallId(index as u32)).filter(|id| *id != text);
    let mut settings = others.flat_map(|id| body.call(id).session_settings());
    settings.any(|other| other.name == setting)
}

/// What the calls of a chain are made with, from the text on.
fn inputs_of_chain<'b>(body: &'b LinkedBody<'_>, text: CallId) -> impl Iterator<Item = &'b Argument> {
    body.runners_of(text).flat_map(|id| body.call(id).inputs())
}
