//! Room 5, *program*: initialization that a task does while nobody waits for the task. What that means for whom is judged
//! elsewhere.

use super::Program;
use super::bodies::{CallId, EventKind, LinkedBody, Time, settled};
use super::entries::Entry;
use super::gates::Gate;
use super::items::FnId;
use super::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use super::values::Value;
use crate::catalog::{TypeFacts, TypeKind};

/// An initialization in a task that nobody waits for before a server answers.
#[derive(Debug)]
pub struct Detached<'p> {
    /// What the task does: it makes a handle that others share, or changes the schema.
    pub effect: &'p Effect,
    /// The server that answers before.
    pub serve: &'p Effect,
    /// The function that starts the task.
    pub function: FnId,
    /// The call in it that does.
    pub task: CallId,
    /// Whether the server runs in a task that was started before, whose handlers may need another handle.
    pub is_beside: bool,
}

impl Program<'_> {
    /// The initializations of a binary in tasks that nobody waits for before it serves, in the order of the effects. Those
    /// that nobody misses are left out. Quadratic in the effects of the binary that run in tasks.
    pub fn detached_initializations<'p>(&'p self, entry: &'p Entry) -> Vec<Detached<'p>> {
        let effects = self.effects(entry.main);
        let detached = effects.iter().enumerate().filter_map(|(at, effect)| {
            let (function, task) = detached_by(effect)?;
            if !self.initializes_for_others(effect) || self.is_optional(effect) {
                return None;
            }
            let servers = effects.iter().enumerate().filter(|(_, serve)| {
                serve.kind == EffectKind::Serve
                    && !shares_task(serve, function, task)
                    && !self.exclusive(effect, serve)
            });
            let (served_at, serve) = servers.clone().find(|(index, _)| *index > at).or_else(|| {
                let mut beside = servers.filter(|(_, serve)| self.serves_beside(serve, function));
                beside.find(|(_, serve)| effect.creates_handle() && self.may_ask_for(serve, effect))
            })?;
            // A task that goes on to serve by itself is a server of its own.
            let serves_itself = effects[at..]
                .iter()
                .any(|own| own.kind == EffectKind::Serve && shares_task(own, function, task));
            // What the server needs of it, it makes for itself.
            let is_made_for_it = |own: &Effect| {
                own.site == effect.site
                    && own.is_in_line()
                    && own.certain
                    && !self.exclusive(own, serve)
                    && self.are_about_one_database(entry, own, effect)
            };
            // The place is full from the start.
            let is_renewed =
                |own: &Effect| own.is_in_line() && own.certain && self.comes_in_place_of(own, effect);
            let is_no_matter = serves_itself
                || effect.creates_handle() && effects[..at].iter().any(is_renewed)
                || effects[..served_at].iter().any(is_made_for_it)
                || (served_at > at && self.is_awaited_on_the_way(effect, function, task))
                || self.gate_before(serve) == Gate::Looks
                || self.readers_wait(function, effect)
                || (self.is_asked_by_messages(function, task) && self.works_alone(entry, function, task))
                || self.is_missed(effect)
                || (effect.creates_handle() && self.readers_look(effect))
                || self.is_made_by_requests_too(entry, effect);
            let is_beside = served_at < at;
            (!is_no_matter).then_some(Detached { effect, serve, function, task, is_beside })
        });
        detached.collect()
    }

    /// Whether a server that needs the database runs in a task of its own that the function starts, and that waits for nothing but the
    /// server.
    fn serves_beside(&self, serve: &Effect, function: FnId) -> bool {
        let in_task = |(owner, time): &(FnId, Time)| *owner == function && matches!(time, Time::Task(_));
        serve.certain
            && serve.times.iter().any(in_task)
            && self.needs_database(serve)
            && !self.waits_in_its_task(serve)
    }

    /// Whether something that a server answers may come to the static that an effect fills. What closures come to is not looked at.
    pub fn may_ask_for(&self, serve: &Effect, effect: &Effect) -> bool {
        let Lifetime::Held(Holder::Static(filled)) = effect.lifetime else { return true };
        let uses = |function: FnId| {
            self.sketches[function.index()].as_ref().is_some_and(|sketch| sketch.statics.contains(&filled))
        };
        let has_closures = |function: &FnId| {
            self.sketches[function.index()].as_ref().is_some_and(|sketch| !sketch.handler_closures.is_empty())
        };
        self.functions_for(serve).iter().any(has_closures)
            || self.serves_a_handle(serve)
            || self.handlers_before(serve).into_iter().any(|handler| self.called_from(handler).any(uses))
    }

    /// Migrations, and handles that others reach through a shared place. A worker's own connection is its own business,
    /// and what a loop replaces again and again is a reload.
    pub fn initializes_for_others(&self, effect: &Effect) -> bool {
        if effect.looped && effect.creates_handle() || self.comes_again_and_again(effect) {
            return false;
        }
        match &effect.kind {
            // Indexes are best made while the service answers.
            EffectKind::Migrate => !self.prepares_nothing(effect),
            EffectKind::Create { .. } => {
                effect.creates_handle()
                    && matches!(effect.lifetime, Lifetime::Held(Holder::Static(_) | Holder::Place(_)))
            }
            EffectKind::Serve | EffectKind::Accept => false,
        }
    }

    /// Whether a task is waited for by the function that starts it, or, where that gives its handle back, by whoever called that for the
    /// effect.
    fn is_awaited_on_the_way(&self, effect: &Effect, function: FnId, task: CallId) -> bool {
        let calls = effect.steps.iter().filter_map(|step| match *step {
            Step::Call(function, call) => Some((function, call)),
            Step::Static(..) => None,
        });
        let mut outwards: Vec<(FnId, CallId)> = calls.collect();
        outwards.reverse();
        let above = outwards.iter().skip_while(|(called, _)| *called != function).skip(1);
        let (mut function, mut task) = (function, task);
        for (caller, call) in above {
            let hands_back =
                self.gives_signal(function) || self.body(function).is_some_and(|body| hands_back(body, task));
            if self.is_task_awaited(function, task) || !hands_back {
                break;
            }
            (function, task) = (*caller, *call);
        }
        self.is_task_awaited(function, task)
    }

    /// Whether a function gives what others can wait on: the end of a channel.
    fn gives_signal(&self, function: FnId) -> bool {
        let given = settled(&self.types.signature(function).output);
        let is_one = |facts: &TypeFacts| {
            matches!(facts.kind, TypeKind::Receiver | TypeKind::Watched) || facts.awaited.is_some()
        };
        self.types.type_facts(given).is_some_and(is_one)
    }

    /// Whether the function that starts a task waits for it, or for a signal, before it goes on to serve.
    pub fn is_task_awaited(&self, function: FnId, task: CallId) -> bool {
        let Some(body) = self.body(function) else {
            return true;
        };
        let joined_inside = body
            .blocks
            .iter()
            .flat_map(|block| &block.events)
            .any(|event| matches!(event.kind, EventKind::Join(joined) if joined == task));
        if joined_inside {
            return true;
        }
        let events = body.events_in_line();
        let spawned = events
            .iter()
            .position(|event| matches!(event.kind, EventKind::Call { call, .. } if call == task));
        let served = |index: usize| {
            let step = match events[index].kind {
                EventKind::Call { call, .. } => Step::Call(function, call),
                _ => return false,
            };
            self.effects(function).iter().any(|effect| {
                effect.kind == EffectKind::Serve
                    && effect.steps[0] == step
                    && !shares_task(effect, function, task)
            })
        };
        let from = spawned.unwrap_or(0);
        let until = (from..events.len()).find(|index| served(*index)).unwrap_or(events.len());
        events[from..until].iter().any(|event| match &event.kind {
            EventKind::Join(joined) => *joined == task,
            EventKind::Wait => true,
            EventKind::Call { call, .. } => self.waits(body.call(*call)),
            _ => false,
        })
    }
}

/// The call that starts the task in which an effect runs, and the function that does. Requests start their own tasks: not
/// start-up.
pub fn detached_by(effect: &Effect) -> Option<(FnId, CallId)> {
    if effect.has_time(|time| matches!(time, Time::Handler(_) | Time::PerWorker(_))) {
        return None;
    }
    effect.times.iter().find_map(|(function, time)| match time {
        Time::Task(call) => Some((*function, *call)),
        _ => None,
    })
}

/// Whether a body gives back the handle of a task that it starts, or the set of tasks that this one is in, or was lent that set.
fn hands_back(body: &LinkedBody<'_>, task: CallId) -> bool {
    let set = body.call(task).receiver.as_ref().map(|set| set.value.root());
    body.hands_back(task)
        || match set {
            Some(Value::Call(set)) => body.hands_back(*set),
            Some(Value::Param(_)) => true,
            _ => false,
        }
}

fn shares_task(serve: &Effect, function: FnId, task: CallId) -> bool {
    serve.times.contains(&(function, Time::Task(task)))
}
