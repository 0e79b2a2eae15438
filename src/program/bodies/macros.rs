//! Room 5, *program*: macro calls: what was found inside them runs as the macro runs it.

use std::sync::Arc;

use super::super::format_strings::{FormatString, Placeholder};
use super::super::items::{CrateId, Declared, FnId};
use super::super::names::Def;
use super::super::types::Ty;
use super::super::values::Value;
use super::walk::{Resolution, Typed, Walk};
use super::{Argument, Call, EventKind, Target, Time, settled};
use crate::catalog::{CallFacts, CallRole};
use crate::facts::{ExprId, ExprKind, Literal, MacroCall, MacroContent, Name, Path, SelectArm};
use crate::location::Span;

impl<'a> Walk<'_, 'a> {
    pub(super) fn macro_call(&mut self, call: &MacroCall, id: ExprId) -> Typed {
        let name = call.name().cloned().unwrap_or_default();
        let facts = self.macro_facts(&call.path, &name);
        let role = facts.map(|facts| facts.role);
        let arms = self.macro_arms(&name);
        let result = match &call.content {
            MacroContent::Args(args) if arms.is_empty() && call.asserts() => {
                self.asserting_macro(&name, id, args)
            }
            MacroContent::Args(args) => {
                let values = self.exprs(args);
                match role {
                    _ if !arms.is_empty() => self.macro_arm(id, &arms, args, &values),
                    Some(role @ (CallRole::JoinAll | CallRole::TryJoinAll)) => self.join_macro(role, values),
                    Some(CallRole::Builder | CallRole::Mount) => {
                        let function = facts.and_then(|facts| self.types.catalog.function(&facts.path));
                        match function {
                            Some(function) => self.macro_like(function, id, args, &values),
                            None => self.plain_macro(&name, values, args),
                        }
                    }
                    _ => self.plain_macro(&name, values, args),
                }
            }
            MacroContent::Block(block) => self.expr(*block),
            MacroContent::Select(arms) => self.select_macro(arms),
            MacroContent::Paths(paths) => {
                let values: Vec<Value> = paths.iter().map(|(path, _)| self.path(path).value).collect();
                let listed = Value::Choice(values.into());
                let registers = facts.filter(|facts| facts.role == CallRole::Register);
                match registers.and_then(|facts| self.types.catalog.function(&facts.path)) {
                    Some(function) => self.registering_macro(function, id, listed),
                    None => Typed::new(Ty::Unknown, listed),
                }
            }
            MacroContent::Opaque { .. } if !arms.is_empty() => self.macro_arm(id, &arms, &[], &[]),
            MacroContent::Opaque { called, .. } => {
                self.calls_in_tokens(id, called);
                Typed::unknown()
            }
        };
        match facts.and_then(|facts| facts.returns.as_ref()) {
            Some(pattern) => {
                let input = super::super::types::PatternInput {
                    receiver: Ty::Unknown,
                    generics: &[],
                    arguments: &[],
                };
                Typed::new(self.types.from_pattern(pattern, &input), result.value)
            }
            None => result,
        }
    }

    /// `join!(a, b)` and `try_join!(a, b)`: all are polled at once, and the outputs come together.
    fn join_macro(&mut self, role: CallRole, values: Vec<Typed>) -> Typed {
        let group = self.groups;
        self.groups += 1;
        for value in &values {
            self.poll(&value.value, Time::Parallel(group));
        }
        let outputs = values.iter().map(|value| match &value.ty {
            Ty::Future(output) if role == CallRole::TryJoinAll => settled(output).clone(),
            Ty::Future(output) => output.as_ref().clone(),
            _ => Ty::Unknown,
        });
        let ty = Ty::Tuple(outputs.collect());
        let value = Value::parts(values.into_iter().map(|value| value.value).collect());
        Typed::new(ty, value)
    }

    /// `select! { … }`: all futures are polled, and one of the arms runs.
    fn select_macro(&mut self, arms: &[SelectArm]) -> Typed {
        let futures: Vec<Option<Typed>> =
            arms.iter().map(|arm| arm.future.map(|future| self.expr(future))).collect();
        for typed in futures.iter().flatten() {
            self.poll(&typed.value, Time::Inline);
        }
        let branch = self.new_branch();
        for ((index, arm), future) in (0..).zip(arms).zip(futures) {
            let input = match future {
                Some(Typed { ty: Ty::Future(output), value }) => Typed::new(output.as_ref().clone(), value),
                _ => Typed::unknown(),
            };
            self.arm(branch, index, |walk| {
                walk.bind(&arm.pat, &input, true);
                if let Some(guard) = arm.guard {
                    walk.expr(guard);
                }
                walk.expr(arm.body)
            });
        }
        Typed::unknown()
    }

    /// Calls of the workspace's functions among tokens that nobody can read: they may happen.
    fn calls_in_tokens(&mut self, id: ExprId, called: &[(Path, Span)]) {
        for (path, span) in called {
            if let Some(Resolution::Def(Def::Item(Declared::Fn(target)), _)) = self.resolve_value(path) {
                let target = Target::Local { targets: vec![target], dispatched: false };
                let call = self.push_call(Call::of(target, id, *span, self.context));
                self.emit(EventKind::Call { call, time: Time::Maybe(call) });
            }
        }
    }

    /// The arms of a macro of the workspace: of the same crate, else of the only crate that has one of this name.
    fn macro_arms(&self, name: &Name) -> Vec<FnId> {
        let items = self.types.items;
        let Some(all) = items.macros.get(name) else { return Vec::new() };
        let own = items.modules[self.scope().module.index()].krate;
        let here = |krate: CrateId| all.iter().filter(move |(of, _)| *of == krate).map(|(_, arm)| *arm);
        let found: Vec<FnId> = here(own).collect();
        let elsewhere = all[0].0;
        if found.is_empty() && all.iter().all(|(krate, _)| *krate == elsewhere) {
            return here(elsewhere).collect();
        }
        found
    }

    /// A call of a macro of the workspace is one of the arm that takes so many expressions.
    fn macro_arm(&mut self, id: ExprId, arms: &[FnId], args: &[ExprId], values: &[Typed]) -> Typed {
        let takes = |arm: &&FnId| self.types.signature(**arm).params.len() == args.len();
        let fitting: Vec<FnId> = arms.iter().filter(takes).copied().collect();
        let targets = if fitting.is_empty() { arms.to_vec() } else { fitting };
        let span = self.body.expr(id).span;
        let arguments: Vec<Argument> =
            args.iter().zip(values).map(|(arg, typed)| self.argument(*arg, typed)).collect();
        let dispatched = targets.len() > 1;
        let target = Target::Local { targets, dispatched };
        let call =
            Call { args: arguments, guards: self.guards(), ..Call::of(target, id, span, self.context) };
        let call = self.push_call(call);
        self.run_arguments(call);
        self.happen(call, Time::Inline);
        Typed::new(Ty::Unknown, Value::Call(call))
    }

    /// `ensure!(…)` and `assert!(…)`, and what compares: where the condition does not hold, the body is left with an error or a panic.
    fn asserting_macro(&mut self, name: &str, id: ExprId, args: &[ExprId]) -> Typed {
        let compared = if name.contains('_') { 2 } else { 1 };
        let (tested, message) = args.split_at(compared.min(args.len()));
        let scope = self.locals.len();
        let atoms = match tested {
            [condition] => self.condition(*condition),
            compared => {
                self.exprs(compared);
                Vec::new()
            }
        };
        let branch = self.new_branch();
        self.emit_branch(branch, atoms, self.body.expr(id).span);
        self.locals.truncate(scope);
        self.arm(branch, 1, |walk| {
            walk.exprs(message);
            match name.starts_with("ensure") {
                true => walk.return_error(),
                false => walk.diverge(),
            }
        });
        Typed::unit()
    }

    /// `routes![list, one]` is a call of a function of that name: what it lists answers requests, wherever its result is mounted.
    fn registering_macro(&mut self, function: &'a CallFacts, id: ExprId, listed: Value) -> Typed {
        let span = self.body.expr(id).span;
        let args = vec![Argument { value: listed, ty: Ty::Unknown, lent: false }];
        let call = Call { args, ..Call::of(Target::Library(function), id, span, self.context) };
        let call = self.push_call(call);
        self.run_arguments(call);
        Typed::new(Ty::Unknown, Value::Call(call))
    }

    /// A call of a macro of a library is one of the function that does the same without looking at the text when it is
    /// compiled: `query!("…")` and `query("…")`.
    fn macro_like(
        &mut self,
        function: &'a CallFacts,
        id: ExprId,
        args: &[ExprId],
        values: &[Typed],
    ) -> Typed {
        let span = self.body.expr(id).span;
        let args = args.iter().zip(values).map(|(arg, typed)| self.argument(*arg, typed)).collect();
        let target = Target::Library(function);
        let call = Call { args, guards: self.guards(), ..Call::of(target, id, span, self.context) };
        let call = self.push_call(call);
        self.happen(call, Time::Inline);
        Typed::new(Ty::Unknown, Value::Call(call))
    }

    pub(super) fn plain_macro(&mut self, name: &str, values: Vec<Typed>, args: &[ExprId]) -> Typed {
        match name {
            "format" | "concat" | "format_args" => {
                let parts: Vec<Value> = values.into_iter().map(|value| value.value).collect();
                let format = match (name, args.first().map(|first| &self.body.expr(*first).kind)) {
                    ("format" | "format_args", Some(ExprKind::Literal(Literal::Str(text)))) => {
                        FormatString::parse(text)
                    }
                    _ => None,
                };
                let parts = match format {
                    Some(format) => self.filled_in(&format, parts),
                    None => parts,
                };
                Typed::new(Ty::external("std::string::String"), Value::joined(parts))
            }
            "include_str" => {
                let text = values.into_iter().next().and_then(|path| match path.value {
                    Value::Text(path) => {
                        let source = self.types.items.functions[self.id.index()].location.file;
                        self.types.items.included_sql(source, &path)
                    }
                    _ => None,
                });
                Typed::new(Ty::external("str"), text.map_or(Value::Unknown, Value::Text))
            }
            "bail" => self.return_error(),
            "panic" | "unreachable" | "todo" | "unimplemented" => self.diverge(),
            "dbg" => values.into_iter().next_back().unwrap_or_else(Typed::unit),
            "pin" | "pin_mut" => values.into_iter().next().unwrap_or_else(Typed::unit),
            "env" | "option_env" => {
                let key = values.into_iter().next().map_or(Value::Unknown, |value| value.value);
                Typed::new(Ty::external("str"), Value::Origin(Arc::from("env!"), Arc::from([key])))
            }
            _ => Typed::unknown(),
        }
    }

    /// A format string and what fills its placeholders, in their order. `given` is the text and the arguments; names that no
    /// argument can be for are variables in scope.
    fn filled_in(&mut self, format: &FormatString, given: Vec<Value>) -> Vec<Value> {
        let mut given = given.into_iter();
        let text = given.next().unwrap_or_default();
        let arguments: Vec<Value> = given.collect();
        let numbered = |placeholder: &Placeholder| match placeholder {
            Placeholder::Number(number) => number.saturating_add(1),
            _ => 0,
        };
        let in_turn = format.placeholders.iter().filter(|one| **one == Placeholder::Next).count();
        let positional = format.placeholders.iter().map(numbered).max().unwrap_or(0).max(in_turn);
        // The names of arguments are not kept: they are taken to stand in the order in which the text speaks of them.
        let mut named: Vec<(&str, Value)> = Vec::new();
        let mut rest = arguments.iter().skip(positional);
        let mut next = arguments.iter();
        let mut parts = vec![text];
        for placeholder in &format.placeholders {
            parts.push(match placeholder {
                Placeholder::Next => next.next().cloned().unwrap_or_default(),
                Placeholder::Number(number) => arguments.get(*number).cloned().unwrap_or_default(),
                Placeholder::Name(name) => match named.iter().find(|(known, _)| known == name) {
                    Some((_, value)) => value.clone(),
                    None => {
                        let value = match rest.next() {
                            Some(value) => value.clone(),
                            None => self.path(&Path::of_name(Name::new(name))).value,
                        };
                        named.push((name, value.clone()));
                        value
                    }
                },
            });
        }
        parts
    }
}
