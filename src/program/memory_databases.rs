//! Room 5, *program*: databases in memory, and pools whose connections do not share one, or not for long.

use super::Program;
use super::address_texts::{MemoryAddress, is_of_its_own, memory_address};
use super::bodies::{Call, Target};
use super::entries::Entry;
use super::items::FnId;
use super::summaries::Effect;
use super::types::Ty;
use super::values::Value;
use crate::catalog::{CallFacts, CallRole, InMemory, TypeKind};

/// What becomes of a database in memory behind a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Every connection has a database of its own.
    EachHasItsOwn,
    /// The pool closes connections that are idle or old, and the last one takes the database with it.
    GoneWithTheLast,
}

/// A pool over a database in memory that some of its users will not find as others left it.
#[derive(Debug)]
pub struct MemoryPool<'p> {
    /// The function in which the way to it begins.
    pub start: FnId,
    /// What makes the pool.
    pub effect: &'p Effect,
    /// What becomes of the database.
    pub loss: Loss,
    /// Whether the database is in memory in any case, rather than for some values of the address.
    pub always: bool,
}

impl<'a> Program<'a> {
    /// Pools over databases in memory that the process of a binary makes: those with a database for each connection, and, in a
    /// process that goes on, those that may close all their connections. Pools whose options are not known, because another function
    /// makes them, are left out.
    pub fn memory_pools<'p>(&'p self, entry: &'p Entry) -> Vec<MemoryPool<'p>> {
        let serves = self.servers().any(|server| server.main == entry.main);
        let found = self.process_effects(entry).filter_map(|(start, effect)| {
            let one_of_many = effect.address.any(|part| matches!(part, Value::Element(_)));
            let texts = effect.address.texts();
            let text = texts
                .iter()
                .find(|text| memory_address(text) == Some(MemoryAddress::Private))
                .filter(|_| !one_of_many)?;
            let call = self.call(effect.site.0, effect.site.1);
            let loss = match self.in_memory_of(&call.result)? {
                InMemory::Separate => Loss::EachHasItsOwn,
                // Without a scheme it may be the name of a file, for which sqlx does nothing special.
                InMemory::Shared if serves && text.starts_with("sqlite:") => Loss::GoneWithTheLast,
                InMemory::Shared => return None,
            };
            if loss == Loss::GoneWithTheLast && self.keeps_a_connection(effect) {
                return None;
            }
            let options = self.builder_options(effect.site.0, call)?;
            let is_set = |name: &str| options.iter().any(|(facts, _)| facts.option.as_deref() == Some(name));
            let avoided = match loss {
                Loss::EachHasItsOwn => options.iter().any(|(facts, set)| {
                    let most = set.args.first().map(|argument| &argument.value);
                    facts.option.as_deref() == Some("max") && !matches!(most, Some(Value::Number(2..)))
                }),
                Loss::GoneWithTheLast => is_set("min") || (is_set("idle-timeout") && is_set("lifetime")),
            };
            let always = matches!(effect.address, Value::Text(_));
            (!avoided).then_some(MemoryPool { start, effect, loss, always })
        });
        found.collect()
    }

    /// Whether the function that makes a pool takes a connection out of it and keeps that in a variable.
    fn keeps_a_connection(&self, effect: &Effect) -> bool {
        let (function, made) = effect.site;
        let keeps = |call: &Call<'a>| {
            let takes = matches!(call.target, Target::Library(facts) if facts.role == CallRole::Acquire);
            let from_it = call.receiver.as_ref().is_some_and(|pool| *pool.value.root() == Value::Call(made));
            takes && from_it && call.outcome.bound
        };
        self.any_body(function).is_some_and(|body| body.calls.iter().any(keeps))
    }

    /// What the connections of a pool see of a database in memory; `None` for what is no pool, and where it is not known.
    fn in_memory_of(&self, made: &Ty) -> Option<InMemory> {
        let Ty::External(_, arguments) = super::bodies::settled(made) else { return None };
        if self.types.type_facts(super::bodies::settled(made))?.kind != TypeKind::Pool {
            return None;
        }
        let of = |ty: &Ty| self.types.type_facts(ty).and_then(|facts| facts.in_memory);
        arguments.iter().find_map(|argument| {
            let inner = match argument {
                Ty::External(_, inner) => inner.iter().find_map(of),
                _ => None,
            };
            of(argument).or(inner)
        })
    }

    /// The calls that set options of the builder on which a call is made, in their order: none of them where it is made on no
    /// builder. `None` when the builder comes from elsewhere.
    pub(super) fn builder_options(
        &self,
        function: FnId,
        made: &Call<'a>,
    ) -> Option<Vec<(&'a CallFacts, &Call<'a>)>> {
        let Some(builder) = &made.receiver else { return Some(Vec::new()) };
        let Value::Call(start) = &builder.value else { return None };
        let is_start = |facts: &CallFacts| facts.role == CallRole::Builder;
        if !matches!(self.call(function, *start).target, Target::Library(facts) if is_start(facts)) {
            return None;
        }
        let sets = |call: &'_ Call<'a>| match call.target {
            Target::Library(facts) if facts.role == CallRole::Option => Some(facts),
            _ => None,
        };
        let on_builder =
            |call: &&Call<'a>| call.receiver.as_ref().is_some_and(|receiver| receiver.value == builder.value);
        let calls = self.any_body(function)?.calls.iter().filter(on_builder);
        Some(calls.filter_map(|call| Some((sets(call)?, call))).collect())
    }

    /// Whether an effect opens a database that is gone when the process ends.
    pub fn is_in_memory(&self, effect: &Effect) -> bool {
        let found =
            effect.address.any(|part| matches!(part, Value::Text(text) if memory_address(text).is_some()));
        let (function, call) = effect.site;
        let name = match self.call(function, call).target {
            Target::Library(facts) => facts.path.as_str(),
            _ => "",
        };
        found || name.ends_with("in_memory") || name.ends_with("in_ram")
    }
}

impl Effect {
    /// Whether the handle is to a database that nobody else can open, and that is gone with it.
    pub fn opens_one_of_its_own(&self) -> bool {
        matches!(&self.address, Value::Text(text) if is_of_its_own(text))
    }
}
