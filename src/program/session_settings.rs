//! Room 5, *program*: what is set for one session of a database through a pool, whose other sessions do not know of it.

use super::Program;
use super::bodies::{self, Argument, BlockId, Call, CallId, ContextKind, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::session_locks::Executor;
use super::sql::SessionSetting;
use super::summaries::{Effect, EffectKind};
use super::transactions::is_transaction;
use super::values::Value;
use crate::catalog::TypeKind;
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
    /// The pool, where it is known.
    pub pool: Option<&'p Effect>,
}

impl<'a> Program<'a> {
    /// What the functions of production code set for a session through a pool that opens more of them; in the order of the functions.
    /// Connections that were taken out of a pool count where that happens once, for pragmas of SQLite: whoever takes one for each piece
    /// of work may set it up for that.
    pub fn pooled_settings(&self) -> Vec<PooledSettings<'_>> {
        let mut found: Vec<PooledSettings<'_>> = Vec::new();
        for (function, sketch) in self.types.items.function_ids().zip(&self.sketches) {
            if !sketch.as_ref().is_some_and(|sketch| sketch.sets_session)
                || self.scope(function) != Scope::Production
            {
                continue;
            }
            let Some(body) = self.any_body(function) else { continue };
            for index in 0..body.calls.len() {
                let text = CallId(index as u32);
                let settings = body.call(text).session_settings();
                let Some(executor) = self.pooled_executor(function, body, text, &settings) else { continue };
                let driver = self.driver_of_executor(body, text);
                let pools = self.pools_of(driver.as_deref(), function);
                let left = settings.into_iter().filter(|setting| !self.is_set_for_all(setting, &pools));
                let names: Vec<String> = left.map(|setting| setting.name).collect();
                if names.is_empty()
                    || (!pools.is_empty() && pools.iter().all(|pool| self.has_one_connection(pool)))
                {
                    continue;
                }
                let location = self.location(function, body.call(text).span);
                let on_pool = executor == Executor::Pool;
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
                        pool: pools.first().copied(),
                    }),
                }
            }
        }
        for settings in &mut found {
            let mut seen = Vec::new();
            settings.names.retain(|name| {
                !seen.contains(name) && {
                    seen.push(name.clone());
                    true
                }
            });
        }
        found
    }

    /// What the statement of a text runs on, where that is a pool, or a connection that start-up took out of one.
    fn pooled_executor(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        text: CallId,
        settings: &[SessionSetting],
    ) -> Option<Executor> {
        if settings.is_empty() {
            return None;
        }
        let executor = self.executor_of(body, text);
        match executor {
            Executor::Pool | Executor::Wrapper => Some(executor),
            Executor::Pooled | Executor::Other => {
                let is_given = || match executor {
                    Executor::Pooled => inputs_of_chain(body, text).all(|input| !is_transaction(&input.ty)),
                    _ => self.is_given_pooled(function, body, text, DEPTH),
                };
                // Whoever hands the connection on sets up each that is taken.
                let given = bodies::settled(&self.types.signature(function).output);
                let hands_on = self.kind_of_executor(given) == Executor::Pooled;
                let counts = settings.iter().all(|setting| setting.is_pragma)
                    && !hands_on
                    && (self.makes_a_pool(function) || !self.is_concurrent(function))
                    && is_given();
                counts.then_some(Executor::Pooled)
            }
        }
    }

    fn makes_a_pool(&self, function: FnId) -> bool {
        self.effects(function).iter().any(|effect| {
            effect.site.0 == function
                && matches!(effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. })
        })
    }

    /// Whether a statement runs on a connection that the function is given, and all callers in production code took it out of a pool.
    fn is_given_pooled(&self, function: FnId, body: &LinkedBody<'_>, text: CallId, depth: u32) -> bool {
        let is_own = |input: &Argument| matches!(input.value.root(), Value::Param(_) | Value::Receiver);
        let on_own = inputs_of_chain(body, text)
            .any(|input| is_own(input) && self.types.contains_handle(bodies::settled(&input.ty)));
        on_own && self.callers_take_it_out(function, depth)
    }

    fn callers_take_it_out(&self, function: FnId, depth: u32) -> bool {
        let callers = self.graph.callers[function.index()].iter();
        let mut calls = callers
            .filter(|caller| self.scope(**caller) == Scope::Production)
            .filter_map(|caller| Some((*caller, self.any_body(*caller)?)))
            .flat_map(|(caller, body)| {
                body.calls.iter().filter(|call| call.leads_to(function)).map(move |call| (caller, call))
            })
            .peekable();
        let takes_it_out = |(caller, call): (FnId, &Call<'_>)| {
            call.inputs().any(|input| {
                let handed_on = matches!(input.value.root(), Value::Param(_) | Value::Receiver);
                match self.kind_of_executor(&input.ty) {
                    Executor::Pooled => !is_transaction(&input.ty),
                    _ => handed_on && depth > 0 && self.callers_take_it_out(caller, depth - 1),
                }
            })
        };
        calls.peek().is_some() && calls.all(takes_it_out)
    }

    fn driver_of_executor(&self, body: &LinkedBody<'_>, text: CallId) -> Option<String> {
        inputs_of_chain(body, text).find_map(|input| self.driver_behind(&input.ty))
    }

    /// The pools of a driver that the processes make which come to a function; of any driver where it is not known. Each once.
    fn pools_of(&self, driver: Option<&str>, function: FnId) -> Vec<&Effect> {
        let mut found: Vec<&Effect> = Vec::new();
        for entry in self.production_entries().filter(|entry| self.reaches(entry.main, function)) {
            for (_, effect) in self.process_effects(entry) {
                let EffectKind::Create { handle: TypeKind::Pool, driver: own, .. } = &effect.kind else {
                    continue;
                };
                let fits = driver.is_none_or(|driver| driver == own || own == "database");
                if fits && !found.iter().any(|known| known.site == effect.site) {
                    found.push(effect);
                }
            }
        }
        found
    }

    /// Whether every session has a setting anyway: whoever makes one of the pools sets up each connection.
    fn is_set_for_all(&self, setting: &SessionSetting, pools: &[&Effect]) -> bool {
        let sets_up = |effect: &&Effect| {
            self.any_body(effect.site.0).is_some_and(|body| {
                body.calls.iter().any(|call| {
                    let name = call.name_of_callee();
                    sets_for_each(body, call, &setting.name)
                        || name.is_some_and(|name| name == setting.name || name == "pragma")
                })
            })
        };
        pools.iter().any(sets_up)
    }

    /// Whether a pool is made with options that keep it to one connection.
    fn has_one_connection(&self, pool: &Effect) -> bool {
        let (function, call) = pool.site;
        let options = self.builder_options(function, self.call(function, call)).unwrap_or_default();
        options.iter().any(|(facts, set)| {
            let most = set.args.first().map(|argument| &argument.value);
            facts.option.as_deref() == Some("max") && matches!(most, Some(Value::Number(..2)))
        })
    }
}

/// Whether a call has each connection set up, with a setting among what is done: a closure is looked into, of anything else it is
/// taken for granted.
fn sets_for_each(body: &LinkedBody<'_>, call: &Call<'_>, setting: &str) -> bool {
    let Target::Library(facts) = call.target else { return false };
    let hook = call.args.get(facts.callback.unwrap_or_default()).map(|argument| &argument.value);
    let sets_inside = |block: BlockId| {
        let inside = |id: CallId| {
            let mut around = body.outwards(body.call(id).context);
            around.any(|context| matches!(context.kind, ContextKind::Block(other) if other == block))
        };
        let texts = (0..body.calls.len()).map(|index| CallId(index as u32)).filter(|id| inside(*id));
        texts.flat_map(|id| body.call(id).session_settings()).any(|inner| inner.name == setting)
    };
    facts.per_connection
        && match hook {
            Some(Value::Block(block)) => sets_inside(*block),
            _ => true,
        }
}

/// What the calls of a chain are made with, from the text on.
fn inputs_of_chain<'b>(body: &'b LinkedBody<'_>, text: CallId) -> impl Iterator<Item = &'b Argument> {
    body.runners_of(text).flat_map(|id| body.call(id).inputs())
}
