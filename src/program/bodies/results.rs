//! Room 5, *program*: what a call gives: its type, and the value it hands on.

use std::sync::Arc;

use super::super::items::{Container, FnId};
use super::super::types::{OPTION, PatternInput, RESULT, Ty, bind, bindings_of, substitute};
use super::super::values::Value;
use super::places::may_name_address;
use super::walk::Walk;
use super::{Argument, CallId};
use crate::catalog::{CallFacts, CallRole, TypeKind, ValueSource, Wrap};
use crate::facts::Name;

impl Walk<'_, '_> {
    /// What a call of a function of the workspace gives, and what the function's type parameters stand for in it, with
    /// `Self` for functions of traits and `#n` for parameters of opaque types.
    pub(super) fn local_output(
        &self,
        target: Option<FnId>,
        on: Option<&Ty>,
        args: &[Ty],
        turbofish: &[Ty],
    ) -> (Ty, Vec<(Name, Ty)>) {
        let Some(target) = target else {
            return (Ty::Unknown, Vec::new());
        };
        let item = &self.types.items.functions[target.index()];
        let signature = self.types.signature(target);
        let mut bindings = Vec::new();
        if let Some(facts) = item.signature {
            bindings.extend(bindings_of(&facts.generics, turbofish));
        }
        if let (Some(on), Some(self_ty)) = (on, &signature.self_ty) {
            bind(self_ty, on, &mut bindings);
        }
        for (param, arg) in signature.params.iter().zip(args) {
            bind(param, arg, &mut bindings);
        }
        let output = substitute(&signature.output, &bindings);
        // A trait's `Self` is the type the item was found on.
        let of_trait = matches!(item.container, Container::Trait(_));
        let output = match (&output, on) {
            (Ty::Bounds(_), Some(on)) if of_trait && signature.self_ty.as_ref() == Some(&output) => {
                on.clone()
            }
            _ => output,
        };
        if let Some(on) = on.filter(|_| of_trait) {
            bindings.push((Name::new("Self"), on.clone()));
        }
        for (index, (param, arg)) in signature.params.iter().zip(args).enumerate() {
            if opaque(param) {
                bindings.push((Name::new(format!("#{index}")), arg.clone()));
            }
        }
        (output, bindings)
    }

    /// What a library call gives, future and wrapper included.
    pub(super) fn output_of_library(&self, facts: &CallFacts, on: &Ty, args: &[Ty], turbofish: &[Ty]) -> Ty {
        let bare = match (&facts.returns, turbofish) {
            (None, [only]) => only.clone(),
            _ => self.result_of_library(facts, on, args),
        };
        let wrapped = match facts.wrap {
            Some(Wrap::Result) => Ty::External(Name::new(RESULT), Arc::from([bare])),
            Some(Wrap::Option) => Ty::External(Name::new(OPTION), Arc::from([bare])),
            None => bare,
        };
        if facts.is_async { Ty::Future(Arc::new(wrapped)) } else { wrapped }
    }

    pub(super) fn result_of_library(&self, facts: &CallFacts, on: &Ty, args: &[Ty]) -> Ty {
        let generics: &[Ty] = match on {
            Ty::External(_, generics) => generics,
            _ => &[],
        };
        let input = PatternInput { receiver: on.clone(), generics, arguments: args };
        facts.returns.as_ref().map_or(Ty::Unknown, |pattern| self.types.from_pattern(pattern, &input))
    }

    /// The value that a library call hands on instead of making one.
    pub(super) fn carried(
        &self,
        facts: &CallFacts,
        receiver: Option<&Argument>,
        args: &[Argument],
    ) -> Option<Value> {
        let pick = |source: ValueSource| match source {
            ValueSource::Argument(index) => args.get(index).map(|argument| argument.value.clone()),
            // A method named through its type has its receiver as first argument.
            ValueSource::Receiver => receiver.or(args.first()).map(|argument| argument.value.clone()),
        };
        let subject = || pick(ValueSource::Receiver);
        match facts.role {
            CallRole::Lock | CallRole::TryLock => {
                let id = CallId(self.out.calls.len() as u32);
                subject().map(|value| Value::Behind(id, Arc::new(value)))
            }
            CallRole::OnceCheck | CallRole::MapCheck | CallRole::AtomicLoad => {
                let place = subject()?;
                let name = facts.path.rsplit("::").next().unwrap_or_default();
                Some(match name {
                    "is_none" | "is_empty" | "is_err" => {
                        Value::Test { place: Arc::new(place), present_when: false }
                    }
                    "is_some" | "initialized" | "is_initialized" | "contains_key" | "contains"
                    | "is_completed" | "is_ok" | "database_exists" => {
                        Value::Test { place: Arc::new(place), present_when: true }
                    }
                    _ if facts.role == CallRole::AtomicLoad => {
                        Value::Test { place: Arc::new(place), present_when: true }
                    }
                    // Which entry it is depends on the key.
                    _ if facts.role == CallRole::MapCheck => {
                        Value::Content(Arc::new(Value::Element(Arc::new(place))))
                    }
                    _ => Value::Content(Arc::new(place)),
                })
            }
            CallRole::EnvironmentRead => match args.first().map(|argument| &argument.value) {
                Some(Value::Text(key)) => Some(Value::Env(Arc::clone(key))),
                Some(key) => Some(Value::Origin(Arc::from("std::env::var"), Arc::from([key.clone()]))),
                None => None,
            },
            CallRole::Builder | CallRole::Parse | CallRole::MigrationSource => facts.address.and_then(pick),
            CallRole::Option => {
                let subject = subject()?;
                match (facts.option.as_deref(), facts.address.and_then(pick)) {
                    (Some("address"), Some(address)) => Some(match subject {
                        Value::Call(_) | Value::Unknown => address,
                        base => Value::Joined(Arc::from([base, address])),
                    }),
                    _ => Some(subject),
                }
            }
            // A clone of a handle is the handle, a connection out of a pool belongs to it.
            CallRole::Share | CallRole::OnceWait => facts.carries.and_then(pick),
            CallRole::OnceInit => subject().map(|place| Value::Content(Arc::new(place))),
            _ => {
                // `result.is_err()` tests the call that gave the result.
                let tests_result = facts.path.strip_prefix("std::result::Result::is_");
                if let (Some(which @ ("ok" | "err")), Some(result)) = (tests_result, subject()) {
                    return Some(Value::Test { place: Arc::new(result), present_when: which == "ok" });
                }
                let value = facts.carries.and_then(pick)?;
                let one_of_many = (facts.path.starts_with("std::iter") || facts.path.starts_with("std::vec"))
                    && facts.returns.is_some();
                let takes_one = matches!(
                    facts.path.rsplit("::").next(),
                    Some("next" | "nth" | "first" | "last" | "next_back")
                );
                Some(if one_of_many && takes_one { Value::Element(Arc::new(value)) } else { value })
            }
        }
    }

    /// The value of a call that gives what its closure gives (`map`, `and_then`, `LazyLock::new`).
    pub(super) fn closure_value(&self, facts: &CallFacts, args: &[Argument]) -> Option<Value> {
        let gives_closure_result =
            matches!(facts.role, CallRole::Adapt | CallRole::OnceNew | CallRole::BlockOn);
        let argument = args.get(facts.callback?)?;
        match &argument.value {
            Value::Block(block) if gives_closure_result => {
                Some(self.out.blocks[block.0 as usize].result.clone())
            }
            _ => None,
        }
    }

    /// The handle that a closure gives where the receiver has none: `open().or_else(|_| open_again())`.
    pub(super) fn handle_instead(
        &self,
        facts: &CallFacts,
        receiver: Option<&Argument>,
        args: &[Argument],
    ) -> Option<Value> {
        let name = facts.path.rsplit("::").next()?;
        let is_one = matches!(name, "or_else" | "unwrap_or_else")
            && receiver.is_some_and(|receiver| self.types.contains_handle(&receiver.ty));
        is_one.then(|| self.closure_value(facts, args)).flatten().filter(|value| *value != Value::Unknown)
    }

    /// An unlisted setter of a fluent type. Setters of a configuration make up the address; those of a builder do not.
    pub(super) fn fluent_value(&self, path: &str, on: &Ty, receiver: &Argument, args: &[Argument]) -> Value {
        let is_config = self.types.type_facts(on).is_some_and(|facts| facts.kind == TypeKind::Config);
        let name = path.rsplit("::").next().unwrap_or_default();
        if !is_config || args.is_empty() || !may_name_address(name) {
            return receiver.value.clone();
        }
        let list: Vec<Value> = std::iter::once(&receiver.value)
            .chain(args.iter().map(|argument| &argument.value))
            .cloned()
            .collect();
        Value::Origin(Arc::from(name), list.into()).bounded()
    }
}

/// Whether all that is said of a parameter's type is which traits it has.
fn opaque(ty: &Ty) -> bool {
    match ty {
        Ty::Bounds(_) => true,
        Ty::External(..) => opaque(&ty.first_arg()),
        _ => false,
    }
}

/// `cell.get().and_then(f)` and its kin: there at most when the receiver is.
pub(super) fn filtered(facts: &CallFacts, receiver: Option<&Argument>) -> Option<Value> {
    let receiver = receiver?;
    let from_option = facts.role == CallRole::Adapt && receiver.ty.is_option_or_result();
    match &receiver.value {
        value @ (Value::Content(_) | Value::Behind(..)) if from_option => Some(value.clone()),
        _ => None,
    }
}
