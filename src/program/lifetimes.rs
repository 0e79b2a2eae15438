//! Room 5, *program*: what becomes of a value after it is made: given back, held, lent, dropped.

use super::Program;
use super::bodies::{
    self, BlockId, Call, CallId, ContextId, ContextKind, EventKind, LinkedBody, Target, Time, Turns, Write,
};
use super::items::FnId;
use super::summaries::{Effect, Holder, Keep, Lifetime, Step, Summarizer};
use super::terms::type_of;
use super::types::Ty;
use super::values::Value;
use crate::catalog::{CallFacts, CallRole, TypeFacts, TypeKind};
use crate::facts::{Function, Name};

/// How many calls further in a loop is looked for.
const DEPTH: usize = 2;

/// Values made of a value, and of these in turn, are followed up to this number.
const MOST_FOLLOWED: usize = 200;

impl<'a> Summarizer<'_, 'a> {
    /// What a function does with its parameters and its receiver beyond its own end.
    pub(super) fn keeps_of(&self, id: FnId, body: &LinkedBody<'a>) -> (Vec<Keep>, Keep) {
        let written = self.types.items.functions[id.index()].signature;
        let params = (0..self.types.signature(id).params.len()).map(|index| {
            let borrowed = written.is_some_and(|function| function.borrows(index));
            self.keep_of(body, &Value::Param(index as u32), borrowed)
        });
        let borrows_self = written.is_some_and(Function::borrows_self);
        (params.collect(), self.keep_of(body, &Value::Receiver, borrows_self))
    }

    /// Of what is only borrowed, the tasks that the body waits for keep nothing.
    fn keep_of(&self, body: &LinkedBody<'a>, subject: &Value, borrowed: bool) -> Keep {
        let over = if borrowed { Over::TasksWaitedFor } else { Over::Nothing };
        match self.follow(body, subject, None, over, &mut Vec::new()) {
            Lifetime::Returned => Keep::InResult,
            Lifetime::Held(_) => Keep::Held,
            Lifetime::Local { .. } | Lifetime::Ended => Keep::No,
        }
    }

    /// What becomes of a value of the body: a parameter, the receiver or a call's result. `made_in` is the context
    /// where it is made, for results of calls.
    pub fn lifetime(&self, body: &LinkedBody<'a>, subject: &Value, made_in: Option<ContextId>) -> Lifetime {
        self.follow(body, subject, made_in, Over::Nothing, &mut Vec::new())
    }

    fn follow(
        &self,
        body: &LinkedBody<'a>,
        subject: &Value,
        made_in: Option<ContextId>,
        over: Over,
        followed: &mut Vec<CallId>,
    ) -> Lifetime {
        // What is remembered and given back is held: callers get the one that is remembered.
        if let Some(holder) = self.written_to(body, subject) {
            return Lifetime::Held(holder);
        }
        if body.result.contains(subject) {
            return Lifetime::Returned;
        }
        // What nobody binds is dropped at the end of its statement.
        let mut stays = match subject {
            Value::Call(id) => {
                let outcome = body.call(*id).outcome;
                outcome.bound || !outcome.discarded
            }
            _ => true,
        };
        let mut inside: Vec<CallId> = Vec::new();
        for (index, call) in body.calls.iter().enumerate() {
            let id = CallId(index as u32);
            let mut used = false;
            for (position, argument) in call.args.iter().enumerate() {
                if !argument.value.contains(subject) {
                    continue;
                }
                used = true;
                if !argument.lent && is_handed_away(body, id, over) {
                    return Lifetime::Held(Holder::Moved);
                }
                match self.keep(call, position, argument.lent) {
                    Keep::Held => return Lifetime::Held(Holder::Moved),
                    Keep::InResult if puts_away(call) && self.may_be_kept(&argument.ty) => {
                        return Lifetime::Held(Holder::Moved);
                    }
                    Keep::InResult => inside.push(id),
                    Keep::No => stays &= argument.lent || hands_on(call),
                }
            }
            if let Some(receiver) = &call.receiver
                && receiver.value.contains(subject)
            {
                used = true;
                match self.keep_receiver(call) {
                    Keep::Held => return Lifetime::Held(Holder::Moved),
                    Keep::InResult => inside.push(id),
                    Keep::No => {}
                }
            }
            // Used in a task, worker or handler that does not end with this function.
            if used && captured(body, call.context, made_in, over) {
                return Lifetime::Held(Holder::Moved);
            }
        }
        for id in inside {
            let is_data = self.types.is_plain_data(bodies::settled(&body.call(id).result));
            if Value::Call(id) == *subject
                || followed.contains(&id)
                || is_data
                || followed.len() > MOST_FOLLOWED
            {
                continue;
            }
            followed.push(id);
            stays = false;
            match self.follow(body, &Value::Call(id), made_in, over, followed) {
                Lifetime::Local { stays: true } => stays = true,
                Lifetime::Local { stays: false } | Lifetime::Ended => {}
                Lifetime::Held(Holder::Place(place)) if place.contains(subject) => {}
                outlives => return outlives,
            }
        }
        let ended = body
            .all_events()
            .any(|event| matches!(&event.kind, EventKind::Drop(value) if value.contains(subject)));
        if ended { Lifetime::Ended } else { Lifetime::Local { stays } }
    }

    /// Whether a value of the type is known to be more than a connection, which statements are given as well.
    fn may_be_kept(&self, ty: &Ty) -> bool {
        let ty = bodies::settled(ty);
        *ty != Ty::Unknown && self.types.type_facts(ty).is_none_or(|facts| facts.kind != TypeKind::Connection)
    }

    fn written_to(&self, body: &LinkedBody<'a>, subject: &Value) -> Option<Holder> {
        let events = body.all_events();
        for event in events {
            match &event.kind {
                // What is kept in the subject itself does not make it stay, nor does a text or number of it.
                EventKind::Write(write) if write.is_data || write.place.contains(subject) => {}
                // The object that it is put into goes to the caller, and it with that.
                EventKind::Write(write) if gives_back(body, write, subject) => {}
                EventKind::Write(write)
                    if write.value.contains(subject) || Self::is_from_block(body, &write.value, subject) =>
                {
                    return Some(match write.place.root() {
                        Value::Static(id) => Holder::Static(*id),
                        // A plain assignment to a field needs `&mut`: nobody else reaches the field meanwhile.
                        _ if write.call.is_none() && write.place.lock().is_none() => Holder::Moved,
                        _ => Holder::Place(write.place.place().clone()),
                    });
                }
                EventKind::Block { block, time: Time::FirstUse(_) }
                    if body.blocks[block.0 as usize].result.contains(subject) =>
                {
                    return Some(Holder::Moved);
                }
                EventKind::Call { call, time: Time::Once(by) } if Value::Call(*call) == *subject => {
                    let by = body.call(*by);
                    let place =
                        by.receiver.as_ref().or(by.args.first()).map(|argument| argument.value.place());
                    return Some(match place.map(|place| (place, place.root())) {
                        Some((_, Value::Static(id))) => Holder::Static(*id),
                        Some((place, _)) => Holder::Place(place.clone()),
                        None => Holder::Moved,
                    });
                }
                _ => {}
            }
        }
        None
    }

    fn is_from_block(body: &LinkedBody<'a>, value: &Value, subject: &Value) -> bool {
        let Value::Block(block) = value else { return false };
        let result = &body.blocks[block.0 as usize].result;
        // A closure that gives an async block gives what that one gives.
        result.contains(subject) || Self::is_from_block(body, result, subject)
    }

    /// What a callee does with an argument.
    fn keep(&self, call: &Call<'a>, index: usize, lent: bool) -> Keep {
        match &call.target {
            Target::Local { targets, .. } => {
                let keeps = targets.iter().map(|target| match self.summary(*target) {
                    Some(summary) => summary.keeps.get(index).copied().unwrap_or_default(),
                    // A generic constructor, say: what is given away is taken to be in what comes back.
                    None if !lent && self.types.signature(*target).output != Ty::unit() => Keep::InResult,
                    None => Keep::No,
                });
                keeps.max_by_key(|keep| *keep as u8).unwrap_or_default()
            }
            Target::Library(facts) if is_server(facts.role) => Keep::Held,
            Target::Library(facts) if looks_only(facts) => Keep::No,
            Target::Library(_) | Target::External(_) | Target::Unknown(_) if !lent => Keep::InResult,
            _ => Keep::No,
        }
    }

    /// What a method does with its receiver. Methods of a handle give connections and rows, not the handle.
    fn keep_receiver(&self, call: &Call<'a>) -> Keep {
        match &call.target {
            Target::Local { targets, .. } => {
                let keeps = targets.iter().filter_map(|target| Some(self.summary(*target)?.keeps_receiver));
                keeps.max_by_key(|keep| *keep as u8).unwrap_or_default()
            }
            Target::Library(facts) if is_server(facts.role) => Keep::Held,
            Target::Library(facts) if looks_only(facts) => Keep::No,
            Target::Library(_) | Target::External(_) => {
                let of_handle = call
                    .receiver
                    .as_ref()
                    .is_some_and(|receiver| self.types.handle(bodies::settled(&receiver.ty)).is_some());
                if of_handle { Keep::No } else { Keep::InResult }
            }
            _ => Keep::No,
        }
    }

    /// Whether what a call gives is used in a loop that goes on, here or in a function that it is given to, and is made before
    /// the loop: it stays as long as that runs.
    pub(super) fn is_used_without_end(&self, body: &LinkedBody<'a>, made: CallId) -> bool {
        let subject = Value::Call(made);
        let made_in = body.call(made).context;
        let blocks: Vec<BlockId> = body.blocks_around(made_in).collect();
        let is_beside = |context: ContextId| body.blocks_around(context).eq(blocks.iter().copied());
        let goes_on = |from: ContextId| {
            body.ids_outwards(from).any(|id| {
                body.contexts[id.0 as usize].kind == ContextKind::Loop(Turns::Endless)
                    && !body.encloses(id, made_in)
                    && is_beside(id)
            })
        };
        body.calls.iter().any(|call| {
            let uses = || call.inputs().any(|input| input.value.contains(&subject));
            let is_given = || match &call.target {
                Target::Local { targets, dispatched: false } => {
                    targets.iter().all(|target| self.never_ends(*target, DEPTH)) && is_beside(call.context)
                }
                _ => false,
            };
            uses() && (goes_on(call.context) || is_given())
        })
    }

    /// Whether a function has a loop that goes on outside all branches, or calls one that has. What may leave it before is not asked.
    fn never_ends(&self, id: FnId, depth: usize) -> bool {
        let Some(body) = &self.bodies[id.index()] else { return false };
        let always = |from: ContextId| {
            body.outwards(from)
                .all(|context| !matches!(context.kind, ContextKind::Arm { .. } | ContextKind::Block(_)))
        };
        let mut contexts = body.contexts.iter().enumerate();
        let loops = contexts.any(|(index, context)| {
            context.kind == ContextKind::Loop(Turns::Endless) && always(ContextId(index as u32))
        });
        loops
            || (depth > 0
                && body.calls.iter().filter(|call| always(call.context)).any(|call| match &call.target {
                    Target::Local { targets, dispatched: false } => {
                        targets.iter().all(|target| *target != id && self.never_ends(*target, depth - 1))
                    }
                    _ => false,
                }))
    }
}

impl Program<'_> {
    /// Whether a created handle goes to a place that cannot be empty: there is one already, and this one comes where that was lost.
    pub(super) fn replaces_handle(&self, effect: &Effect) -> bool {
        let (function, _) = effect.site;
        let Some(place) = self.place_of(effect) else { return false };
        let mut kept = type_of(self.types, function, place);
        while let Some(ty) = kept {
            if ty.is_option_or_result() {
                return false;
            }
            if self.types.handle(&ty).is_some() {
                return true;
            }
            let holds_one = |facts: &TypeFacts| {
                matches!(
                    facts.kind,
                    TypeKind::Wrapper | TypeKind::Lock | TypeKind::SwapCell | TypeKind::State
                )
            };
            kept = match &ty {
                Ty::External(_, args) if self.types.type_facts(&ty).is_some_and(holds_one) => {
                    args.first().cloned()
                }
                _ => None,
            };
        }
        false
    }

    /// Where the function that creates a handle puts it, as that function names the place.
    fn place_of(&self, effect: &Effect) -> Option<&Value> {
        let own = self.effects(effect.site.0).iter().find(|own| own.site == effect.site)?;
        match &own.lifetime {
            Lifetime::Held(Holder::Place(place)) => Some(place),
            _ => None,
        }
    }

    /// Whether the second handle goes to a field into which the first one was put when the object was made: it comes in its place.
    pub(super) fn comes_in_place_of(&self, first: &Effect, second: &Effect) -> bool {
        let mut fields = Vec::new();
        if let Some(place) = self.place_of(second) {
            place.visit(&mut |part| {
                if let Value::Field(owner, name) = part
                    && let Some(owner) = type_of(self.types, second.site.0, owner)
                {
                    fields.extend(self.types.pointees(owner).filter_map(|ty| match ty {
                        Ty::Adt(id, _) => Some((id, name.clone())),
                        _ => None,
                    }));
                }
            });
        }
        let is_filled_by = |step: &Step| {
            let Step::Call(function, call) = *step else { return false };
            let Some(body) = self.body(function).filter(|_| !fields.is_empty()) else { return false };
            let made = Value::Call(call);
            let fills = |part: &Value| {
                let Value::Record(adt, _, values) = part else { return false };
                let takes = |(name, value): &(Name, Value)| {
                    value.contains(&made) && fields.iter().any(|(owner, field)| owner == adt && field == name)
                };
                values.iter().any(takes)
            };
            let given = body.calls.iter().flat_map(|call| call.inputs()).map(|argument| &argument.value);
            given.chain([&body.result]).any(|value| value.any(fills))
        };
        first.steps.iter().any(is_filled_by)
    }
}

/// What of a body is over when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Nothing that it started.
    Nothing,
    /// The tasks that it waits for.
    TasksWaitedFor,
}

impl Over {
    /// Whether what runs at such a time goes on when the body returns.
    fn outlived_by(self, body: &LinkedBody<'_>, time: Time) -> bool {
        match time {
            Time::Task(by) => self == Self::Nothing || !body.waits_for(by),
            Time::PerWorker(_) | Time::PerConnection(_) | Time::Handler(_) => true,
            _ => false,
        }
    }
}

/// Whether the body gives back the object in a field of which it puts a value.
fn gives_back(body: &LinkedBody<'_>, write: &Write, subject: &Value) -> bool {
    let owner = write.place.root();
    write.call.is_none()
        && body.result.any(|part| match part {
            Value::With(base, fields) => {
                base.contains(owner) && fields.iter().any(|(_, value)| value.contains(subject))
            }
            _ => false,
        })
}

/// Whether a method of which nothing is known takes its arguments and nobody looks at what it gives: `guard.insert(handle);`. They are
/// where its receiver is.
fn puts_away(call: &Call<'_>) -> bool {
    let is_unknown = matches!(call.target, Target::External(_) | Target::Unknown(_));
    is_unknown && call.receiver.is_some() && call.outcome.discarded
}

/// Whether a call runs in a task, worker or handler with what it is given.
fn is_handed_away(body: &LinkedBody<'_>, id: CallId, over: Over) -> bool {
    body.all_events().any(|event| {
        matches!(event.kind, EventKind::Call { call, time } if call == id && over.outlived_by(body, time))
    })
}

/// Whether what is used in a context is in a task, worker or handler that its maker is not in.
fn captured(body: &LinkedBody<'_>, used_in: ContextId, made_in: Option<ContextId>, over: Over) -> bool {
    let made_blocks: Vec<BlockId> =
        made_in.map(|context| body.blocks_around(context).collect()).unwrap_or_default();
    body.blocks_around(used_in).any(|block| {
        !made_blocks.contains(&block)
            && body.all_events().any(|event| {
                matches!(event.kind, EventKind::Block { block: run, time }
                    if run == block && over.outlived_by(body, time))
            })
    })
}

/// Servers and tasks go on after the call that starts them.
fn is_server(role: CallRole) -> bool {
    matches!(
        role,
        CallRole::Serve
            | CallRole::ServeInBackground
            | CallRole::StartJobs
            | CallRole::Accept
            | CallRole::Spawn
            | CallRole::SpawnThread
            | CallRole::SpawnBlocking
            | CallRole::PerWorkerFactory
    )
}

/// Whether a library call only looks at its arguments.
fn looks_only(facts: &CallFacts) -> bool {
    matches!(
        facts.role,
        CallRole::Close
            | CallRole::Migrate
            | CallRole::MigrationSource
            | CallRole::MigrationCheck
            | CallRole::SchemaCreate
            | CallRole::Verify
            | CallRole::Acquire
            | CallRole::OnceCheck
            | CallRole::Lock
    ) || facts.path == "std::mem::drop"
}

/// Whether the call gives its argument back as its own value (`Ok(pool)`, `Arc::new(pool)`).
fn hands_on(call: &Call<'_>) -> bool {
    matches!(call.target, Target::Library(facts) if facts.role == CallRole::Adapt || facts.carries.is_some())
}

/// What a call of the same body made, and a callee keeps something in: where it keeps it, the maker put nothing (`None`). Only what is
/// made in the same turn of all loops, and is given to nobody who might keep it.
pub(super) fn new_owner<'b>(body: &LinkedBody<'_>, call: &'b Call<'_>, place: &Value) -> Option<&'b Value> {
    let given = match place.root() {
        Value::Receiver => &call.receiver.as_ref()?.value,
        Value::Param(index) => &call.args.get(*index as usize)?.value,
        _ => return None,
    };
    let owner = given.root();
    let Value::Call(made) = owner else { return None };
    let made_in = body.call(*made).context;
    let is_loop = |id: &ContextId| matches!(body.contexts[id.0 as usize].kind, ContextKind::Loop(_));
    let mut loops = body.ids_outwards(call.context).filter(is_loop);
    let mut given_away = body.calls.iter().flat_map(|other| &other.args);
    let stays_here = !given_away.any(|argument| !argument.lent && argument.value.contains(owner));
    (stays_here && loops.all(|id| body.encloses(id, made_in))).then_some(owner)
}
