//! Room 5, *program*: servers that answer before what their handlers need is there.

use super::Program;
use super::bodies::{Block, Call, CallId, Event, EventKind, LinkedBody, Time};
use super::entries::Entry;
use super::gates::Gate;
use super::items::FnId;
use super::start_up::Needing;
use super::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use super::values::Value;
use crate::catalog::driver_facts;
use crate::facts::ExprKind;
use crate::finding::{Confidence, Evidence, Role};
use crate::location::Location;

/// A server that begins to answer too early.
#[derive(Debug)]
pub struct Late<'p> {
    /// The server.
    pub serve: &'p Effect,
    /// What happens after it began to answer, or beside it, in order; never empty.
    pub effects: Vec<&'p Effect>,
    /// A handler that needs it.
    pub handler: Option<Needing>,
}

impl Late<'_> {
    /// Whether a handle is among what is late, rather than only the schema.
    pub fn creates(&self) -> bool {
        self.effects.iter().any(|effect| effect.kind != EffectKind::Migrate)
    }

    /// What comes first of what is late.
    pub fn first(&self) -> &Effect {
        self.effects[0]
    }
}

impl Program<'_> {
    /// The servers of a binary that answer before a handle that handlers can only reach through a process-wide place, or
    /// before the schema is changed. A gate that answers by itself until then makes it right.
    pub fn late_initializations<'p>(&'p self, entry: &'p Entry) -> Vec<Late<'p>> {
        let mut late = self.initializations_after_serving(entry);
        late.retain(|late| self.needs_database(late.serve) && self.gate_before(late.serve) != Gate::Looks);
        late
    }

    /// The same, whether or not anybody who answers requests looks first.
    pub fn initializations_after_serving<'p>(&'p self, entry: &'p Entry) -> Vec<Late<'p>> {
        let effects = self.effects(entry.main);
        let mut found = Vec::new();
        for (at, serve) in effects.iter().enumerate() {
            if serve.kind != EffectKind::Serve || self.waits_in_its_task(serve) {
                continue;
            }
            let late: Vec<&Effect> = effects
                .iter()
                .enumerate()
                .filter(|(index, effect)| {
                    is_required(effect)
                        && !self.prepares_nothing(effect)
                        && !self.replaces_handle(effect)
                        && !self.is_optional(effect)
                        && !self.comes_again_and_again(effect)
                        && is_late(self, serve, effect, *index > at)
                        && !is_own(effects, serve, effect)
                        && !self.is_of_another_database(effects, at, *index)
                })
                .map(|(_, effect)| effect)
                .collect();
            if !late.is_empty() {
                found.push(Late { serve, effects: late, handler: self.handler_in_need(serve) });
            }
        }
        found
    }

    /// Whether the task in which something is served waits for a signal, or for another task, before it serves.
    pub(super) fn waits_in_its_task(&self, serve: &Effect) -> bool {
        let task = serve.times.iter().find_map(|(owner, time)| match time {
            Time::Task(by) => Some((*owner, *by)),
            _ => None,
        });
        let Some((owner, by)) = task else { return false };
        let calls = serve.steps.iter().filter_map(|step| match *step {
            Step::Call(function, call) => Some((function, call)),
            Step::Static(..) => None,
        });
        let mut inside = calls.skip_while(|(function, _)| *function != owner);
        inside.any(|(function, call)| {
            let Some(body) = self.body(function) else { return false };
            let started = |block: &&Block| block.time == Some(Time::Task(by));
            let events = match function == owner {
                true => body.blocks.iter().find(started).map(|block| block.events.as_slice()),
                false => Some(body.events.as_slice()),
            };
            events.is_some_and(|events| self.waits_before(function, body, events, call) == Some(true))
        })
    }

    /// Whether two calls of a function stand in one macro: `select!`.
    fn share_a_macro(&self, function: FnId, one: &Call<'_>, other: &Call<'_>) -> bool {
        let exprs =
            self.types.items.functions[function.index()].body.into_iter().flat_map(|body| &body.exprs);
        exprs
            .filter(|expr| matches!(expr.kind, ExprKind::Macro(_)))
            .any(|expr| expr.span.encloses(one.span) && expr.span.encloses(other.span))
    }

    /// Whether one of some events waits before a call is met in them; `None` where it is not met. What stands beside the call in a
    /// `select!` is no wait before it, and a task that the body itself started is nobody else.
    fn waits_before(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        events: &[Event],
        wanted: CallId,
    ) -> Option<bool> {
        let mut waited = false;
        for event in events {
            match &event.kind {
                EventKind::Call { call, .. } if *call == wanted => return Some(waited),
                EventKind::Call { call, time: Time::Inline } => {
                    let call = body.call(*call);
                    let is_before = self.is_awaited(function, call)
                        || !self.share_a_macro(function, call, body.call(wanted));
                    waited |= self.waits(call) && is_before;
                }
                EventKind::Block { block, time: Time::Inline | Time::Parallel(_) } => {
                    let inside = &body.blocks[block.0 as usize].events;
                    if let Some(inside) = self.waits_before(function, body, inside, wanted) {
                        return Some(waited || inside);
                    }
                }
                EventKind::Wait => waited = true,
                EventKind::Join(task) => {
                    let around = body.blocks_around(event.context).next();
                    let within = around.map(|block| body.blocks[block.0 as usize].context);
                    waited |= within.is_some_and(|within| !body.encloses(within, body.call(*task).context));
                }
                _ => {}
            }
        }
        None
    }

    /// The handle that an effect seems to be about, which is not its own site, and its index: the one that it is given where that
    /// is made in the same function, or the last one opened before it on the longest way that both have in common. `None` where those
    /// are of several databases.
    pub(super) fn opened_for<'e>(
        &self,
        effects: &'e [Effect],
        changed: usize,
    ) -> Option<(usize, &'e Effect)> {
        let shared_steps = |effect: &Effect| {
            let pairs = effect.steps.iter().zip(effects[changed].steps.iter());
            pairs.take_while(|(one, other)| one == other).count()
        };
        let before = effects[..changed].iter().enumerate();
        let opened = before.filter(|(_, effect)| self.opens_database(effect));
        let (function, site) = effects[changed].site;
        let given = self.call(function, site).inputs().filter_map(|input| match input.value.root() {
            Value::Call(made) => Some(Step::Call(function, *made)),
            _ => None,
        });
        let given: Vec<Step> = given.collect();
        let mut made =
            opened.clone().filter(|(_, effect)| given.iter().any(|step| effect.steps.contains(step)));
        if let Some(made) = made.next_back() {
            return Some(made);
        }
        let (index, nearest) = opened.clone().max_by_key(|(index, effect)| (shared_steps(effect), *index))?;
        let as_near = |effect: &Effect| shared_steps(effect) == shared_steps(nearest);
        let differs = |effect: &Effect| self.resource_of(effect) != self.resource_of(nearest);
        let is_one_of_several = opened.into_iter().any(|(_, effect)| as_near(effect) && differs(effect));
        (!is_one_of_several).then_some((index, nearest))
    }

    fn opens_database(&self, effect: &Effect) -> bool {
        effect.creates_handle() && self.is_of_database(effect)
    }

    /// Whether two effects of a process, at one site, are about one database, as far as that is known.
    pub fn are_about_one_database(&self, entry: &Entry, one: &Effect, other: &Effect) -> bool {
        let effects = self.effects(entry.main);
        let about = |wanted: &Effect| {
            if wanted.kind != EffectKind::Migrate {
                return self.resource_of(wanted);
            }
            let at = effects.iter().position(|effect| std::ptr::eq(effect, wanted))?;
            self.resource_of(self.opened_for(effects, at)?.1)
        };
        about(one).is_some() && about(one) == about(other)
    }

    /// Whether two handles are of databases in files that are not the same, as far as their addresses tell. Servers are reached by several
    /// names.
    fn are_files_apart(&self, one: &Effect, other: &Effect) -> bool {
        let in_file = |effect: &Effect| match &effect.kind {
            EffectKind::Create { driver, .. } => driver_facts(driver).place.is_inside(),
            _ => false,
        };
        in_file(one) && in_file(other) && self.resource_of(one) != self.resource_of(other)
    }

    /// Whether a schema is changed through a handle that is opened after the server began to answer, for a database other than those that
    /// were open by then: its handlers have nothing to do with it.
    fn is_of_another_database(&self, effects: &[Effect], served: usize, changed: usize) -> bool {
        let Some((at, opened)) = self.opened_for(effects, changed) else { return false };
        let is_kept_for_all = matches!(opened.lifetime, Lifetime::Held(Holder::Static(_) | Holder::Place(_)));
        let before = effects[..served].iter().filter(|effect| !self.exclusive(effect, &effects[served]));
        let mut before = before.filter(|effect| self.opens_database(effect)).peekable();
        effects[changed].kind == EffectKind::Migrate
            && at > served
            && !is_kept_for_all
            && before.peek().is_some()
            && before.all(|effect| self.are_files_apart(effect, opened))
    }

    /// The function that decides about the order, and the call in it from which requests are answered.
    pub fn served_from(&self, late: &Late<'_>) -> (FnId, Location) {
        let (serve, first) = (late.serve, late.first());
        let (serve_step, _) = self.parting(serve, first).unwrap_or((serve.steps[0], first.steps[0]));
        let function = self.functions_on(std::slice::from_ref(&serve_step))[0];
        // A server that is spawned answers from the spawn on.
        let spawned = serve.times.iter().find_map(|(owner, time)| match time {
            Time::Task(call) if *owner == function => {
                Some(self.location(*owner, self.call(*owner, *call).span))
            }
            _ => None,
        });
        (function, spawned.unwrap_or_else(|| self.step_location(&serve_step)))
    }

    /// Who comes too early, as a finding says it: what they do, and from where on.
    pub fn too_early(&self, late: &Late<'_>) -> (&'static str, &'static str) {
        match self.starts_jobs(late.serve) {
            true => ("jobs run", "jobs run from here on"),
            false => ("the server answers", "requests are answered from here on"),
        }
    }

    /// The places that show it, apart from the one where requests begin to be answered.
    pub fn late_evidence(&self, late: &Late<'_>) -> Vec<Evidence> {
        let (_, place) = self.served_from(late);
        let serve = late.serve;
        let mut evidence: Vec<Evidence> = Vec::new();
        for effect in &late.effects {
            let (role, label) = match effect.kind {
                EffectKind::Migrate => (Role::Migration, "the schema is changed only here".to_owned()),
                _ => (Role::InitSite, format!("the {} is created only here", self.noun(effect))),
            };
            let location = self.site_of(effect);
            evidence.push(Evidence { location, role, label });
        }
        let mut serves = |location: Location, label: &str| {
            if location != place {
                evidence.push(Evidence { location, role: Role::ServePoint, label: label.to_owned() });
            }
        };
        let server = if self.starts_jobs(serve) { "the jobs are started" } else { "the server" };
        serves(self.site_of(serve), server);
        if let Some((owner, Time::Task(call))) =
            serve.times.iter().find(|(_, time)| matches!(time, Time::Task(_)))
        {
            serves(self.location(*owner, self.call(*owner, *call).span), "it is started here");
        }
        let needing = late.handler.map(|handler| match handler {
            Needing::Function(id) => {
                (self.declaration(id), format!("`{}` needs the database", self.name_of(id)))
            }
            Needing::Closure(location) => (location, "this closure needs the database".to_owned()),
        });
        evidence.extend(needing.map(|(location, label)| Evidence { location, role: Role::Handler, label }));
        evidence.sort();
        evidence.dedup();
        evidence
    }

    /// How sure it is that requests come in too early.
    pub fn lateness_confidence(&self, late: &Late<'_>) -> Confidence {
        match (late.serve.certain && late.first().certain, self.gate_before(late.serve)) {
            (false, _) => Confidence::Low,
            // When the first job is due is not known.
            (true, Gate::None) if !self.starts_jobs(late.serve) => Confidence::High,
            (true, _) => Confidence::Medium,
        }
    }
}

/// Whether an effect makes what handlers can only reach through a process-wide place, or changes the schema.
pub fn is_required(effect: &Effect) -> bool {
    let detached = effect.has_time(|time| matches!(time, Time::Task(_) | Time::Handler(_)));
    match &effect.kind {
        EffectKind::Migrate => !detached,
        EffectKind::Create { .. } => {
            // A lazy static is made by whoever comes first, a request included.
            let by_first_use = effect.steps.iter().any(|step| matches!(step, Step::Static(..)));
            effect.creates_handle()
                && !detached
                && !by_first_use
                && matches!(effect.lifetime, Lifetime::Held(Holder::Static(_) | Holder::Place(_)))
        }
        EffectKind::Serve | EffectKind::Accept => false,
    }
}

/// Whether the effect belongs to another server that starts beside this one and serves afterwards.
fn is_own(effects: &[Effect], serve: &Effect, effect: &Effect) -> bool {
    effects.iter().any(|other| {
        other.kind == EffectKind::Serve
            && other.site != serve.site
            && other.steps.first() == effect.steps.first()
            && other.steps.first() != serve.steps.first()
            && effect.steps.len() > 1
    })
}

/// Whether the effect happens after the server began to answer, or beside it.
fn is_late(program: &Program<'_>, serve: &Effect, effect: &Effect, after: bool) -> bool {
    let parallel =
        |effect: &Effect| effect.times.iter().find(|(_, time)| matches!(time, Time::Parallel(_))).copied();
    let beside = parallel(serve).is_some() && parallel(serve) == parallel(effect);
    if beside {
        return serve.steps.first() != effect.steps.first();
    }
    after && !program.exclusive(serve, effect) && program.parting(serve, effect).is_some()
}
