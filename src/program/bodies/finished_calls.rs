//! Room 5, *program*: a call whose callee is known: its arguments, what it leads to and what it gives.

use std::sync::Arc;

use super::super::inventory::Scope;
use super::super::items::{AdtId, FnId};
use super::super::types::{
    PatternInput, RESULT, Ty, bind, is_list, is_map, is_shared_by_adapters, substitute,
};
use super::super::values::Value;
use super::calls::Callee;
use super::details::CallDetails;
use super::results::filtered;
use super::walk::{Typed, Walk};
use super::{Argument, Call, Outcome, Target, Time, TypeChoice, settled};
use crate::catalog::{CallFacts, CallRole, reads_from_outside};
use crate::facts::{ExprId, ExprKind, Name};
use crate::location::Span;

/// How a call is written.
pub(super) struct CallSyntax<'c> {
    pub(super) id: ExprId,
    pub(super) args: &'c [ExprId],
    pub(super) turbofish: &'c [Ty],
    pub(super) span: Span,
    pub(super) name_span: Span,
}

/// What a call leads to.
struct Destination<'a> {
    target: Target<'a>,
    output: Ty,
    /// What the result is, where it is told by something else than the call.
    carried: Option<Value>,
    choice: Option<TypeChoice>,
    /// The field that keeps the function.
    kept_in: Option<(AdtId, Name)>,
}

impl<'a> Destination<'a> {
    fn new(target: Target<'a>, output: Ty, carried: Option<Value>) -> Self {
        Self { target, output, carried, choice: None, kept_in: None }
    }
}

impl<'a> Walk<'_, 'a> {
    /// Walks the arguments of a call, records it and lets it happen.
    pub(super) fn finish_call(
        &mut self,
        callee: Callee<'a>,
        receiver: Option<Argument>,
        syntax: CallSyntax<'_>,
    ) -> Typed {
        let CallSyntax { id, args, turbofish, span, name_span } = syntax;
        let chained_on = match &receiver {
            Some(_) => self.last_from.get(&(span.line, span.column)).copied(),
            None => None,
        };
        let arguments = self.arguments(&callee, receiver.as_ref(), args, span);
        let Destination { target, output, carried, choice, kept_in } =
            self.destination(callee, receiver.as_ref(), &arguments, turbofish);
        self.filled_in_place(args, &arguments, &target, receiver.as_ref());
        let is_future = match &target {
            Target::Library(facts) => facts.is_async,
            Target::Local { targets, .. } => targets.first().is_some_and(|target| {
                let signature = self.types.items.functions[target.index()].signature;
                signature.is_some_and(|facts| facts.is_async)
            }),
            _ => false,
        };
        let guards = self.guards();
        let unknown_receiver = receiver.as_ref().is_some_and(|receiver| receiver.ty == Ty::Unknown);
        let by_name = unknown_receiver
            && matches!(&target, Target::Library(facts)
                if facts.path.rsplit("::").next().is_some_and(is_shared_by_adapters));
        let (receiver, arguments) = self.as_declared(&target, receiver, arguments);
        let call = self.push_call(Call {
            expr: id,
            span,
            name_span,
            target,
            receiver,
            args: arguments,
            result: settled(&output).clone(),
            is_future,
            outcome: Outcome::default(),
            chained_on,
            context: self.context,
            guards,
            details: CallDetails::new(choice, kept_in),
            by_name,
        });
        self.run_arguments(call);
        // The functions that it was handed are no links of the chain that goes on from it.
        self.last_from.insert((span.line, span.column), call);
        if !is_future {
            self.happen(call, Time::Inline);
        }
        self.diverged |= self.out.calls[call.0 as usize].ends_the_process() || output == Ty::Never;
        let value = carried.unwrap_or(Value::Call(call));
        Typed::new(output, value)
    }

    /// Walks the arguments in order. A closure is told what the callee hands to it, and one that runs on failure only is an
    /// arm of its own.
    fn arguments(
        &mut self,
        callee: &Callee<'a>,
        receiver: Option<&Argument>,
        args: &[ExprId],
        span: Span,
    ) -> Vec<Argument> {
        let failed = match (callee, receiver) {
            (Callee::Library(facts, _), Some(receiver)) if runs_on_failure(facts) => {
                Some(receiver.value.clone())
            }
            _ => None,
        };
        let mut walked: Vec<Typed> = Vec::with_capacity(args.len());
        for arg in args {
            self.closure_inputs = match self.body.expr(*arg).kind {
                ExprKind::Closure(_) => self.closure_inputs(callee, receiver, &walked),
                _ => Vec::new(),
            };
            let typed = match failed.clone() {
                Some(value) => {
                    let branch = self.new_branch();
                    self.emit_failure(branch, value, span);
                    self.arm(branch, 0, |walk| walk.expr(*arg)).0
                }
                None => self.expr(*arg),
            };
            self.closure_inputs = Vec::new();
            walked.push(typed);
        }
        args.iter().zip(&walked).map(|(id, typed)| self.argument(*id, typed)).collect()
    }

    fn destination(
        &self,
        callee: Callee<'a>,
        receiver: Option<&Argument>,
        arguments: &[Argument],
        turbofish: &[Ty],
    ) -> Destination<'a> {
        let arg_types: Vec<Ty> = arguments.iter().map(|argument| argument.ty.clone()).collect();
        match callee {
            Callee::Local { targets, dispatched, on, through } => {
                let targets = self.taking(targets, receiver, &arg_types);
                let dispatched = dispatched && targets.len() > 1;
                let (output, generics) =
                    self.local_output(targets.first().copied(), on.as_ref(), &arg_types, turbofish);
                let chooses = through.is_some() || !generics.is_empty();
                let choice = chooses.then_some(TypeChoice { generics, through });
                Destination {
                    choice,
                    ..Destination::new(Target::Local { targets, dispatched }, output, None)
                }
            }
            Callee::Library(facts, on) => {
                let on = if receiver.is_none() { with_arguments_of(on, arg_types.first()) } else { on };
                let output = self.output_of_library(facts, &on, &arg_types, turbofish);
                let closure =
                    || self.closure_value(facts, arguments).filter(|value| *value != Value::Unknown);
                let carried = self.carried(facts, receiver, arguments);
                let carried = carried.or_else(closure).or_else(|| filtered(facts, receiver));
                let carried = match (carried, self.handle_instead(facts, receiver, arguments)) {
                    (Some(first), Some(second)) => Some(Value::choice(vec![first, second])),
                    (carried, _) => carried,
                };
                Destination::new(Target::Library(facts), output, carried)
            }
            Callee::External(path, fluent) => {
                let carried = match (&fluent, receiver) {
                    (Some(on), Some(receiver)) => Some(self.fluent_value(&path, on, receiver, arguments)),
                    _ => None,
                };
                // `from_str::<Config>(…)` gives what it is asked for, or an error.
                let asked_for = match turbofish {
                    [only] if reads_from_outside(&path) => {
                        Ty::External(Name::new(RESULT), Arc::from([only.clone()]))
                    }
                    _ => Ty::Unknown,
                };
                Destination::new(Target::External(path), fluent.unwrap_or(asked_for), carried)
            }
            Callee::Value(called) => self.destination_of_value(called),
            Callee::Kept(field, ty) => {
                let called = self.destination_of_value(Typed::new(ty, Value::Unknown));
                Destination { kept_in: Some(field), ..called }
            }
            Callee::Unknown(name) => Destination::new(Target::Unknown(name), Ty::Unknown, None),
        }
    }

    /// What a closure or a function that is held as a value leads to.
    fn destination_of_value(&self, called: Typed) -> Destination<'a> {
        let output = match &called.ty {
            Ty::Callable(output) => output.as_ref().clone(),
            Ty::Function(id) => self.types.signature(*id).output.clone(),
            _ => Ty::Unknown,
        };
        match called.value {
            Value::Block(id) => {
                // Calling a closure gives what it gives, unless that is a future of its own.
                let block = &self.out.blocks[id.0 as usize];
                let gives = !block.is_async && block.result != Value::Unknown;
                Destination::new(Target::Block(id), output, gives.then(|| block.result.clone()))
            }
            Value::Function(id) => {
                Destination::new(Target::Local { targets: vec![id], dispatched: false }, output, None)
            }
            _ => Destination::new(Target::Unknown(Name::default()), output, None),
        }
    }

    /// Of several functions, as for `From<A>` and `From<B>`, those whose parameters can take these arguments.
    fn taking(&self, targets: Vec<FnId>, receiver: Option<&Argument>, args: &[Ty]) -> Vec<FnId> {
        if targets.len() < 2 {
            return targets;
        }
        let targets = self.in_same_build(targets);
        let takes = |target: &FnId| {
            let params = &self.types.signature(*target).params;
            let own = self.types.items.functions[target.index()]
                .signature
                .is_some_and(|facts| facts.receiver.is_some());
            // `x.into()` has its argument as receiver, `Type::method(x)` its receiver as argument.
            let moved = receiver.filter(|_| !own).map(|receiver| &receiver.ty);
            let skipped = usize::from(own && receiver.is_none());
            let given = moved.into_iter().chain(args.iter().skip(skipped));
            params.iter().zip(given).all(|(param, arg)| self.types.accepts(param, arg))
        };
        let fitting: Vec<FnId> = targets.iter().copied().filter(takes).collect();
        if fitting.is_empty() { targets } else { fitting }
    }

    /// Without implementations for tests, where production code calls: they are not part of its build.
    fn in_same_build(&self, targets: Vec<FnId>) -> Vec<FnId> {
        let is_production = |id: FnId| self.types.items.functions[id.index()].scope == Scope::Production;
        let built: Vec<FnId> = targets.iter().copied().filter(|target| is_production(*target)).collect();
        if built.is_empty() || !is_production(self.id) { targets } else { built }
    }

    /// What a callee hands to a closure that it takes behind the arguments `before`.
    fn closure_inputs(
        &self,
        callee: &Callee<'a>,
        receiver: Option<&Argument>,
        before: &[Typed],
    ) -> Vec<Typed> {
        match callee {
            Callee::Local { targets, on, .. } => {
                let Some(target) = targets.first() else { return Vec::new() };
                let mut bindings = Vec::new();
                if let (Some(on), Some(self_ty)) = (on, &self.types.signature(*target).self_ty) {
                    bind(self_ty, on, &mut bindings);
                }
                let inputs = self.types.closure_inputs(*target, before.len());
                inputs.iter().map(|ty| Typed::new(substitute(ty, &bindings), Value::Unknown)).collect()
            }
            Callee::Library(CallFacts { gives: Some(given), .. }, on) => {
                let input = PatternInput { receiver: on.clone(), generics: &[], arguments: &[] };
                vec![Typed::new(self.types.from_pattern(given, &input), Value::Unknown)]
            }
            Callee::Library(facts, on) => {
                let Some(receiver) = receiver else { return Vec::new() };
                if facts.callback.is_none() && !on.is_option_or_result() {
                    return Vec::new();
                }
                let name = facts.path.rsplit("::").next().unwrap_or_default();
                if name.ends_with("err") || name.ends_with("else") {
                    return Vec::new();
                }
                let item = Typed::new(on.first_arg(), receiver.value.clone());
                match before.first() {
                    Some(start) if name.ends_with("fold") => vec![start.clone(), item],
                    _ => vec![item],
                }
            }
            // What a library's collection hands to a closure is what is in it.
            Callee::External(..) => match receiver.map(|receiver| (&receiver.ty, &receiver.value)) {
                Some((Ty::External(path, args), value)) if is_map(path) && args.len() == 2 => {
                    let parts =
                        args.iter().map(|ty| Typed::new(ty.clone(), Value::Element(Arc::new(value.clone()))));
                    parts.collect()
                }
                Some((ty, value)) if is_list(ty) => {
                    vec![Typed::new(self.element_type(ty), Value::Element(Arc::new(value.clone())))]
                }
                _ => Vec::new(),
            },
            Callee::Value(_) | Callee::Kept(..) | Callee::Unknown(_) => Vec::new(),
        }
    }

    /// `Type::method(x)` has its receiver among the arguments, `x.into()` its argument as receiver: both are put
    /// where the function declares them.
    fn as_declared(
        &self,
        target: &Target<'a>,
        receiver: Option<Argument>,
        mut args: Vec<Argument>,
    ) -> (Option<Argument>, Vec<Argument>) {
        let Target::Local { targets, .. } = target else {
            return (receiver, args);
        };
        let declared = targets.first().and_then(|id| self.types.items.functions[id.index()].signature);
        let Some(declared) = declared else {
            return (receiver, args);
        };
        match (receiver, declared.receiver) {
            (None, Some(_)) if !args.is_empty() => {
                let first = args.remove(0);
                (Some(first), args)
            }
            (Some(first), None) => {
                args.insert(0, first);
                (None, args)
            }
            (receiver, _) => (receiver, args),
        }
    }
}

/// The type of the first argument, where a method is named through that type without its generic arguments: `Data::clone(&x)`.
fn with_arguments_of(named: Ty, first: Option<&Ty>) -> Ty {
    match (&named, first) {
        (Ty::External(path, args), Some(Ty::External(given, own)))
            if path == given && args.is_empty() && !own.is_empty() =>
        {
            Ty::External(path.clone(), Arc::clone(own))
        }
        _ => named,
    }
}

/// Adapters whose closure runs only when the receiver is `Err` or `None`.
fn runs_on_failure(facts: &CallFacts) -> bool {
    let name = facts.path.rsplit("::").next().unwrap_or_default();
    facts.role == CallRole::Adapt && (name.ends_with("or_else") || name.ends_with("map_err"))
}
