//! Room 5, *program*: whether two creations of handles for one resource compete in one process.

use std::collections::BTreeSet;

use super::behaviour::is_behaviour;
use super::bodies::{Argument, Call, CallId, EventKind, Target, Time};
use super::entries::Entry;
use super::inventory::Scope;
use super::items::{AdtId, Container, FnId};
use super::session_locks::Executor;
use super::summaries::{Effect, EffectKind, Holder, Lifetime, Step};
use super::types::Ty;
use super::values::Value;
use super::{Program, ResourceId, bodies};
use crate::catalog::{CallRole, TypeKind};
use crate::facts::Cfg;
use crate::finding::Confidence;

/// Whether each of two handles is kept by a static of its own.
pub fn in_two_statics(first: &Effect, second: &Effect) -> bool {
    matches!((&first.lifetime, &second.lifetime),
        (Lifetime::Held(Holder::Static(one)), Lifetime::Held(Holder::Static(two))) if one != two)
}

fn is_single_connection(effect: &Effect) -> bool {
    matches!(effect.kind, EffectKind::Create { handle: TypeKind::Connection, .. })
}

/// Two creations that compete for one resource.
#[derive(Debug)]
pub struct Competitors<'p> {
    /// The resource.
    pub resource: ResourceId,
    /// How sure it is.
    pub confidence: Confidence,
    /// The one that is met first.
    pub first: &'p Effect,
    /// The other.
    pub second: &'p Effect,
    /// The function with which the way to the other begins.
    pub start: FnId,
    /// All creations of the resource that were looked at, in order.
    pub all: Vec<&'p Effect>,
}

impl Program<'_> {
    /// Whether what an effect makes waits for messages on a connection that it has to itself.
    pub fn listens(&self, effect: &Effect) -> bool {
        self.gives_a_listener(self.call(effect.site.0, effect.site.1))
    }

    fn gives_a_listener(&self, call: &bodies::Call<'_>) -> bool {
        self.types.type_facts(bodies::settled(&call.result)).is_some_and(|facts| facts.listens)
    }

    /// Whether what an effect makes is used where it is made, and for nothing but what waits for messages.
    fn feeds_a_listener(&self, effect: &Effect) -> bool {
        let (function, site) = effect.site;
        let Some(body) = self.body(function) else { return false };
        let takes = |call: &&bodies::Call<'_>| {
            call.inputs().any(|argument| *argument.value.root() == Value::Call(site))
        };
        let mut users = body.calls.iter().filter(takes).peekable();
        users.peek().is_some() && users.all(|call| self.gives_a_listener(call))
    }

    /// Whether what an effect makes is the only connection of a function that takes a session's lock on one and does not give it
    /// back: the lock lasts as long as the connection, which is therefore shared with nobody.
    pub fn keeps_a_lock(&self, effect: &Effect) -> bool {
        let function = effect.site.0;
        let is_own = |other: &&Effect| is_single_connection(other) && other.site.0 == function;
        if !is_single_connection(effect) || self.effects(function).iter().filter(is_own).count() != 1 {
            return false;
        }
        let statements = self.lock_statements();
        let mut own = statements.iter().filter(|statement| statement.function == function).peekable();
        own.peek().is_some() && own.all(|statement| statement.takes && statement.executor == Executor::Other)
    }

    /// Whether an effect makes a handle, or an object that opens one of its own at the first use and keeps it: who makes two such
    /// objects has two connections.
    pub fn makes_handle_or_its_keeper(&self, effect: &Effect) -> bool {
        let keepers = self.keepers.get_or_init(|| self.find_keepers());
        let makes_keeper = || {
            let made = bodies::settled(&self.types.signature(effect.site.0).output);
            self.types.pointees(made.clone()).any(|ty| matches!(ty, Ty::Adt(id, _) if keepers.contains(&id)))
        };
        effect.creates_handle() || matches!(effect.kind, EffectKind::Create { .. }) && makes_keeper()
    }

    /// The step of an effect, from `parted` on, at which somebody asks for the handle who does more than give it to a caller: behind it
    /// there are only functions that give back a handle, or a type that is little more than one.
    pub fn asked_for(&self, effect: &Effect, parted: Step) -> Step {
        let functions = self.functions_on(&effect.steps);
        let first = effect.steps.iter().position(|step| *step == parted).unwrap_or(0);
        let only_gives = |index: &usize| self.gives_handle(functions[*index]);
        let behind = (first + 1..effect.steps.len()).rev().take_while(only_gives).count();
        effect.steps[effect.steps.len() - 1 - behind]
    }

    /// Whether what a function gives back is a handle, or has one in a field of its own.
    pub fn gives_handle(&self, id: FnId) -> bool {
        let keepers = self.keepers.get_or_init(|| self.find_keepers());
        let is_one = |ty: &Ty| match ty {
            Ty::Adt(id, _) => keepers.contains(id),
            ty => self.types.type_facts(ty).is_some_and(|facts| facts.kind.is_handle()),
        };
        let leads_to_one = |ty: &Ty| self.types.pointees(bodies::settled(ty).clone()).any(|ty| is_one(&ty));
        self.types.pointees(bodies::settled(&self.types.signature(id).output).clone()).any(|ty| match &ty {
            Ty::Adt(id, _) => {
                is_one(&ty)
                    || self.types.declared_fields(*id).iter().flat_map(|list| list.iter()).any(leads_to_one)
            }
            ty => is_one(ty),
        })
    }

    /// The types with a method that opens a handle from what a field keeps, and stores it in another field.
    fn find_keepers(&self) -> BTreeSet<AdtId> {
        let of_self = |value: &Value| *value.root() == Value::Receiver && *value != Value::Receiver;
        let keeps = |effect: &Effect| {
            effect.creates_handle()
                && !self.replaces_handle(effect)
                && effect.address.any(of_self)
                && effect.kept_in().is_some_and(|place| of_self(&place))
        };
        let functions = self.types.items.function_ids();
        let owners = functions.filter(|id| self.scope(*id) == Scope::Production).filter_map(|id| {
            let Some(Ty::Adt(owner, _)) = self.types.signature(id).self_ty else { return None };
            // Whoever has such an object in a field keeps what that one keeps.
            let mut own = self.effects(id).iter().filter(|effect| effect.site.0 == id);
            own.any(keeps).then_some(owner)
        });
        owners.collect()
    }

    /// For each resource that a process of the binary opens more than once, the two creations that compete most surely, in the
    /// order in which the resources are met. Looked at are creations that `is_candidate` takes, in pairs that `counts`, the earlier
    /// one first; an address of which hardly anything is known is nobody's. Quadratic in the creations of one resource.
    pub fn competitors<'p>(
        &'p self,
        entry: &'p Entry,
        is_candidate: impl Fn(&Effect) -> bool,
        counts: impl Fn(&Effect, &Effect) -> bool,
    ) -> Vec<Competitors<'p>> {
        let mut groups: Vec<(ResourceId, Vec<(FnId, &Effect)>)> = Vec::new();
        for (start, effect) in self.process_effects(entry).filter(|(_, effect)| is_candidate(effect)) {
            let Some(resource) = self.resource_of(effect) else { continue };
            if self.resource(resource).confidence == Confidence::Low {
                continue;
            }
            match groups.iter_mut().find(|(known, _)| *known == resource) {
                Some((_, list)) => list.push((start, effect)),
                None => groups.push((resource, vec![(start, effect)])),
            }
        }
        let surest = groups.iter().filter_map(|(resource, effects)| {
            let mut best: Option<(Confidence, &Effect, (FnId, &Effect))> = None;
            for (index, second) in effects.iter().enumerate() {
                for (_, first) in &effects[..index] {
                    if counts(first, second.1)
                        && let Some(confidence) = self.competition(*resource, first, second.1)
                        && best.is_none_or(|(known, ..)| confidence > known)
                    {
                        best = Some((confidence, first, *second));
                    }
                }
            }
            let (confidence, first, (start, second)) = best?;
            let all = effects.iter().map(|(_, effect)| *effect).collect();
            Some(Competitors { resource: *resource, confidence, first, second, start, all })
        });
        surest.collect()
    }

    /// How sure it is that two creations of one process, which open the same resource, compete; `None` when they do not.
    /// `first` is met before `second`.
    pub fn competition(&self, resource: ResourceId, first: &Effect, second: &Effect) -> Option<Confidence> {
        // What is declared to be for different purposes is not one too many.
        if self.declared_role(resource, first) != self.declared_role(resource, second) {
            return None;
        }
        // Code for one configuration and code for another are not there together.
        let (one, two) = (self.configurations(first), self.configurations(second));
        let (in_two, in_one) =
            (one.iter().all(|cfg| two.contains(cfg)), two.iter().all(|cfg| one.contains(cfg)));
        let configured = !in_one || !in_two;
        if !in_one && !in_two {
            return None;
        }
        // One once cell, or one place for both: whoever comes second replaces or meets the first.
        let shares_once = first.once.is_some() && first.once == second.once;
        let shares_holder = match (&first.lifetime, &second.lifetime) {
            (Lifetime::Held(Holder::Static(a)), Lifetime::Held(Holder::Static(b))) => a == b,
            (Lifetime::Held(Holder::Place(a)), Lifetime::Held(Holder::Place(b))) => {
                a == b && first.site == second.site
            }
            _ => false,
        };
        if shares_once
            || shares_holder
            || self.parting(first, second).is_none()
            || self.exclusive(first, second)
            || self.is_over_before(first, second)
            || self.is_closed_before(first, second)
            || self.gives_either(first, second)
            || self.is_taken_from(first, second)
            || self.replaces_handle(first)
            || self.replaces_handle(second)
            || self.comes_in_place_of(first, second)
            || self.comes_in_place_of(second, first)
        {
            return None;
        }
        // Different sizes or timeouts on one database are a bulkhead somebody built on purpose.
        let differ = |one: &[(String, Value)], two: &[(String, Value)]| {
            one.iter().any(|(name, value)| {
                !is_behaviour(name)
                    && two.iter().any(|(other, different)| other == name && different != value)
            })
        };
        // Two settings that a caller gives one number are two settings all the same.
        let told_apart = first.site.0 == second.site.0
            && differ(&self.options_in_code(first), &self.options_in_code(second));
        if told_apart
            || self.reads_only(first) != self.reads_only(second)
            || differ(&self.options_of(first), &self.options_of(second))
            || self.sized_apart(first, second)
            || self.chosen_apart(first, second)
        {
            return Some(Confidence::Low);
        }
        // One connection per thread is how an embedded database without a pool is used; each behind a lock of its own is not.
        if is_single_connection(first)
            && is_single_connection(second)
            && !(self.is_kept_behind_lock(first) && self.is_kept_behind_lock(second))
        {
            return Some(Confidence::Low);
        }
        let is_database = self.is_of_database(first);
        // Two conditions may exclude each other in ways nobody here can see.
        let conditional = self
            .parting(first, second)
            .is_some_and(|(one, two)| self.is_conditional(&one) && self.is_conditional(&two));
        let scoped = |effect: &Effect| effect.lifetime == Lifetime::Held(Holder::Scope);
        let proven = first.certain
            && second.certain
            && is_database
            && !conditional
            && !configured
            && !is_single_connection(first)
            && !is_single_connection(second)
            && !self.fills_two_fields(first, second)
            && ![first, second].into_iter().any(|effect| scoped(effect) || self.feeds_a_listener(effect));
        let confidence = if proven { Confidence::High } else { Confidence::Medium };
        Some(confidence.min(self.resource(resource).confidence))
    }

    /// Whether one function makes both by itself and puts them into two fields of one value: whoever wrote that knew of both.
    fn fills_two_fields(&self, first: &Effect, second: &Effect) -> bool {
        let ((function, one), (other_function, other)) = (first.site, second.site);
        let Some(body) = self.body(function).filter(|_| function == other_function) else { return false };
        let has = |value: &Value, made: CallId| value.contains(&Value::Call(made));
        let parts = |value: &Value| {
            value.any(|part| match part {
                Value::Record(_, _, fields) => {
                    let field_of = |made| fields.iter().position(|(_, value)| has(value, made));
                    let (one, other) = (field_of(one), field_of(other));
                    one.is_some() && other.is_some() && one != other
                }
                _ => false,
            })
        };
        let given = body.calls.iter().flat_map(Call::inputs).map(|argument| &argument.value);
        given.chain([&body.result]).any(parts)
    }

    /// Whether what an effect opens is opened for reading alone, by an option or a flag of the call that opens it, or of a function that
    /// opens nothing else.
    fn reads_only(&self, effect: &Effect) -> bool {
        let (function, site) = effect.site;
        let Some(body) = self.body(function) else { return false };
        let opened = body.call(site).span;
        let opens_more = self
            .effects(function)
            .iter()
            .any(|other| other.site.0 == function && other.site != effect.site && other.creates_handle());
        let is_flag = |value: &Value| {
            value.any(|part| matches!(part, Value::Origin(path, _) if path.ends_with("READ_ONLY")))
        };
        body.calls.iter().filter(|call| !opens_more || opened.encloses(call.span)).any(|call| {
            let given = call.args.first().map(|argument| &argument.value);
            let is_option = matches!(call.target, Target::Library(facts)
                if facts.role == CallRole::Option && facts.option.as_deref() == Some("read-only"));
            (is_option && given == Some(&Value::Bool(true)))
                || call.args.iter().any(|argument| is_flag(&argument.value))
        })
    }

    /// Whether a function on the way to an effect gives a lock with a handle in it, or a type with a field of that kind.
    fn is_kept_behind_lock(&self, effect: &Effect) -> bool {
        let is_locked = |ty: &Ty| {
            self.types.pointees(bodies::settled(ty).clone()).any(|ty| {
                let facts = self.types.type_facts(&ty);
                facts.is_some_and(|facts| facts.kind == TypeKind::Lock) && self.types.contains_handle(&ty)
            })
        };
        self.functions_on(&effect.steps).into_iter().any(|function| {
            match bodies::settled(&self.types.signature(function).output) {
                Ty::Adt(id, _) => {
                    self.types.declared_fields(*id).iter().flat_map(|list| list.iter()).any(is_locked)
                }
                ty => is_locked(ty),
            }
        })
    }

    /// Whether the handle of the first is gone when the second is made: it is moved into tasks of a function that waits for all of
    /// its tasks, and that has returned by then.
    fn is_over_before(&self, first: &Effect, second: &Effect) -> bool {
        let Some((parted, _)) = self.parting(first, second) else { return false };
        let after = first.steps.iter().position(|step| *step == parted).map_or(0, |index| index + 1);
        let mut called = self.functions_on(&first.steps[after..]).into_iter();
        first.is_in_line()
            && called.any(|function| {
                let own = self.effects(function).iter().find(|own| own.site == first.site);
                own.is_some_and(|own| own.lifetime == Lifetime::Held(Holder::Moved))
                    && self.waits_for_its_tasks(function)
            })
    }

    /// Whether the first is closed wherever the function that makes both goes on to make the second.
    fn is_closed_before(&self, first: &Effect, second: &Effect) -> bool {
        let Some((Step::Call(function, one), Step::Call(_, other))) = self.parting(first, second) else {
            return false;
        };
        let Some(body) = self.body(function) else { return false };
        let later = body.call(other).context;
        let made = |call: &Call<'_>| {
            call.receiver.as_ref().is_some_and(|closed| closed.value.contains(&Value::Call(one)))
        };
        let closes =
            |call: &Call<'_>| matches!(call.target, Target::Library(facts) if facts.role == CallRole::Close);
        let between = body.calls.get(one.0 as usize + 1..other.0 as usize).unwrap_or_default();
        between.iter().any(|call| closes(call) && made(call) && body.encloses(call.context, later))
    }

    /// Whether the second handle is taken from the first, where both are made in one function: a client's own connection.
    fn is_taken_from(&self, first: &Effect, second: &Effect) -> bool {
        let Some((Step::Call(function, one), Step::Call(_, other))) = self.parting(first, second) else {
            return false;
        };
        let on = self.call(function, other).receiver.as_ref();
        second.steps.last() == Some(&Step::Call(function, other))
            && on.is_some_and(|on| *on.value.root() == Value::Call(one))
    }

    /// Whether the function that makes both gives its caller one or the other, and does nothing else with them than to ask whether
    /// they answer: the other one ends with the function.
    fn gives_either(&self, first: &Effect, second: &Effect) -> bool {
        let Some((Step::Call(function, one), Step::Call(_, other))) = self.parting(first, second) else {
            return false;
        };
        let Some(body) = self.body(function) else { return false };
        let Value::Choice(given) = &body.result else { return false };
        let has = |value: &Value, made: CallId| value.contains(&Value::Call(made));
        let gives = |made, not: CallId| given.iter().any(|value| has(value, made) && !has(value, not));
        let only_asks = |call: &Call<'_>, made: CallId| {
            let Target::Library(facts) = call.target else { return false };
            let of_result = |given: &Argument| !has(&given.value, made) || given.ty.is_option_or_result();
            let lends = || call.args.iter().all(|given| given.lent || !has(&given.value, made));
            // What a task or closure does with it may go on beside the function.
            let is_beside = !body.blocks_around(call.context).eq(body.blocks_around(body.call(made).context));
            !is_beside
                && match facts.role {
                    CallRole::Acquire | CallRole::Verify | CallRole::LocalStatus => true,
                    role => call.receiver.iter().all(of_result) && (role == CallRole::Adapt || lends()),
                }
        };
        let is_only_given = |made: CallId| {
            let mut users =
                body.calls.iter().filter(|call| call.inputs().any(|input| has(&input.value, made)));
            let mut own =
                self.effects(function).iter().filter(|own| own.steps[0] == Step::Call(function, made));
            users.all(|call| only_asks(call, made)) && own.all(|own| own.lifetime == Lifetime::Returned)
        };
        gives(one, other) && gives(other, one) && is_only_given(one) && is_only_given(other)
    }

    fn waits_for_its_tasks(&self, function: FnId) -> bool {
        let Some(body) = self.body(function) else { return false };
        let events = body.all_events();
        let tasks: BTreeSet<CallId> = events
            .filter_map(|event| match &event.kind {
                EventKind::Call { time: Time::Task(by), .. }
                | EventKind::Block { time: Time::Task(by), .. } => Some(*by),
                _ => None,
            })
            .collect();
        let serves = self.effects(function).iter().any(|effect| effect.kind == EffectKind::Serve);
        !tasks.is_empty() && !serves && tasks.iter().all(|task| body.waits_for(*task))
    }

    /// The `#[cfg(…)]` that decide whether the code of an effect is there, in no particular order, each once.
    fn configurations(&self, effect: &Effect) -> Vec<&Cfg> {
        let items = self.types.items;
        let mut all: Vec<&Cfg> = Vec::new();
        for function in self.functions_on(&effect.steps) {
            let item = &items.functions[function.index()];
            all.extend(&item.attributes.cfg);
            if let Container::Impl(block) = item.container {
                all.extend(&items.impls[block.index()].attributes.cfg);
            }
            all.extend(&items.modules[item.module.index()].cfgs);
        }
        if let Lifetime::Held(Holder::Static(kept)) = &effect.lifetime {
            let kept = &items.statics[kept.index()];
            let own = kept.initializer.map(|initializer| &items.functions[initializer.index()]);
            all.extend(own.and_then(|initializer| initializer.attributes.cfg.as_ref()));
            all.extend(&items.modules[kept.module.index()].cfgs);
        }
        let mut found: Vec<&Cfg> = Vec::new();
        for cfg in all {
            if !found.contains(&cfg) {
                found.push(cfg);
            }
        }
        found
    }
}
