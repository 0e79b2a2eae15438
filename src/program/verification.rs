//! Room 5, *program*: pools that connect at their first use, and whether anybody asks them before requests do.

use super::bodies::{BlockId, Call, ContextKind, EventKind, LinkedBody, Target, Time};
use super::entries::Entry;
use super::summaries::{Effect, EffectKind, Lifetime, Step};
use super::values::Value;
use super::{Program, reach};
use crate::catalog::{CallRole, Io, TypeKind};

/// A pool that nobody asked anything when the server starts.
#[derive(Debug)]
pub struct UnverifiedPool<'p> {
    /// The creation.
    pub effect: &'p Effect,
    /// The server.
    pub serve: &'p Effect,
}

impl Program<'_> {
    /// Whether a handle is connected when the call that creates it is done. Where options decide, no code of the program puts it off.
    pub(super) fn connects_at_once(&self, effect: &Effect) -> bool {
        let call = self.call(effect.site.0, effect.site.1);
        match call.target {
            Target::Library(facts) if facts.eager_by_default => {
                !self.linked().any(|(_, body)| body.calls.iter().any(puts_connecting_off))
            }
            Target::Library(facts) => facts.io == Some(Io::Eager),
            _ => false,
        }
    }

    /// Whether a handle is connected at its first use: always, or by an option that is set in the function that creates it.
    fn connects_later(&self, effect: &Effect) -> bool {
        let (function, site) = effect.site;
        match self.call(function, site).target {
            Target::Library(facts) if facts.eager_by_default => {
                self.body(function).is_some_and(|body| body.calls.iter().any(puts_connecting_off))
            }
            Target::Library(facts) => facts.io == Some(Io::Lazy),
            _ => false,
        }
    }

    /// The pools of a binary that connect to a database outside the process at their first use, where neither start-up
    /// nor a probe uses a handle. What is handed to code that is not known counts as used.
    pub fn unverified_pools<'p>(&'p self, entry: &'p Entry) -> Vec<UnverifiedPool<'p>> {
        let lazily = |effect: &&Effect| {
            matches!(&effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. })
                && self.connects_later(effect)
                && self.is_outside(effect)
                && !effect.has_time(|time| matches!(time, Time::Task(_) | Time::Handler(_) | Time::Maybe(_)))
                && effect.certain
                && effect.lifetime != Lifetime::Ended
                && !self.is_optional(effect)
        };
        // What is served before the first of them is made, such as metrics, has nothing to do with it.
        let all = self.effects(entry.main);
        let made = all.iter().position(|effect| lazily(&effect)).unwrap_or(all.len());
        let mut effects = all.iter().enumerate().skip(made);
        let Some((at, serve)) = effects.find(|(_, effect)| effect.kind == EffectKind::Serve) else {
            return Vec::new();
        };
        let before = &all[..at];
        let mut pools =
            before.iter().filter(lazily).filter(|effect| !self.exclusive(effect, serve)).peekable();
        let migrates = || {
            before.iter().any(|effect| effect.kind == EffectKind::Migrate && !self.exclusive(effect, serve))
        };
        if pools.peek().is_none()
            || migrates()
            || self.uses_a_handle_before(serve)
            || self.probes_a_database(entry)
        {
            return Vec::new();
        }
        pools.map(|effect| UnverifiedPool { effect, serve }).collect()
    }

    /// Whether anything that runs before a server, or in the functions that lead to it, uses a handle.
    fn uses_a_handle_before(&self, serve: &Effect) -> bool {
        self.functions_before(serve).into_iter().any(|function| {
            let Some(body) = self.any_body(function) else { return false };
            let in_task = |call: &Call<'_>| {
                let mut around = body.outwards(call.context);
                around.any(
                    |context| matches!(context.kind, ContextKind::Block(block) if is_unheard(body, block)),
                )
            };
            // On the way to the server, what another arm does belongs to another start.
            let on_the_way = serve.steps.iter().find_map(|step| match step {
                Step::Call(owner, call) if *owner == function => Some(body.call(*call).context),
                _ => None,
            });
            let elsewhere =
                |call: &Call<'_>| on_the_way.is_some_and(|serves| body.exclusive(call.context, serves));
            body.calls.iter().any(|call| self.may_use_a_handle(call) && !in_task(call) && !elsewhere(call))
        })
    }

    fn may_use_a_handle(&self, call: &Call<'_>) -> bool {
        let mut given = call.inputs();
        match &call.target {
            Target::Library(facts) => {
                given.any(|argument| reach::is_handle(self.types, &argument.ty))
                    && !reach::is_only_handed_on(call)
                    && !is_only_kept(facts.role)
            }
            Target::External(_) | Target::Unknown(_) => {
                given.any(|argument| self.types.contains_handle(&argument.ty))
            }
            Target::Local { .. } | Target::Block(_) => false,
        }
    }

    fn probes_a_database(&self, entry: &Entry) -> bool {
        self.probes().iter().any(|probe| {
            let examined = self.examine(probe.route);
            (examined.asks.is_some() || examined.unknown) && self.reaches(entry.main, probe.route.function)
        })
    }
}

/// Whether a call sets the option that a handle is connected at its first use.
fn puts_connecting_off(call: &Call<'_>) -> bool {
    matches!(call.target, Target::Library(facts) if facts.option.as_deref() == Some("lazy"))
        && call.args.iter().any(|argument| argument.value != Value::Bool(false))
}

/// Whether a library call only keeps what it is given, for requests to find.
fn is_only_kept(role: CallRole) -> bool {
    matches!(
        role,
        CallRole::StatePut
            | CallRole::RouterNew
            | CallRole::Register
            | CallRole::HandlerWrap
            | CallRole::Mount
            | CallRole::Middleware
            | CallRole::PerWorkerFactory
            | CallRole::Serve
            | CallRole::Accept
            | CallRole::Builder
            | CallRole::Option
            | CallRole::OnceNew
            | CallRole::OnceSet
            | CallRole::OnceInit
    )
}

/// Whether a block is a task whose end nobody waits for, nor can by a handle that is given back, and which does not end the process.
fn is_unheard(body: &LinkedBody<'_>, block: BlockId) -> bool {
    let Some(Time::Task(task)) = body.blocks[block.0 as usize].time else { return false };
    let is_joined =
        || body.all_events().any(|event| matches!(event.kind, EventKind::Join(other) if other == task));
    let exits = |call: &Call<'_>| {
        let mut around = body.outwards(call.context);
        call.ends_the_process()
            && around.any(|context| matches!(context.kind, ContextKind::Block(other) if other == block))
    };
    !is_joined() && !body.hands_back(task) && !body.calls.iter().any(exits)
}
