//! Room 5, *program*: what a call leads to, what it gives, and when what is handed to it runs.

use std::sync::Arc;

use super::super::items::{Container, Declared, FnId};
use super::super::names::{Def, Namespace};
use super::super::types::{
    Args, Method, OPTION, PatternInput, RESULT, Ty, bind, bindings_of, substitute,
};
use super::super::values::Value;
use super::walk::{Progress, Resolution, Typed, Walk};
use super::{Argument, Atom, Call, CallId, EventKind, Outcome, Target, Time, Write, settled};
use crate::catalog::{CallFacts, CallRole, MacroFacts, TypeKind, ValueSource, Wrap};
use crate::facts::{ExprId, ExprKind, MethodCall, Name, Path};
use crate::location::Span;

/// What is known of a callee before its arguments are walked.
enum Callee<'a> {
    Local {
        targets: Vec<FnId>,
        dispatched: bool,
        on: Option<Ty>,
    },
    Library(&'a CallFacts, Ty),
    External(Name, Option<Ty>),
    Value(Typed),
    Unknown(Name),
}

impl<'a> Walk<'_, 'a> {
    /// `f(a, b)`.
    pub(super) fn call(
        &mut self,
        id: ExprId,
        callee: ExprId,
        args: &[ExprId],
        span: Span,
    ) -> Typed {
        let body = self.body;
        let callee_expr = body.expr(callee);
        let name_span = callee_expr.span;
        let resolved = match &callee_expr.kind {
            ExprKind::Path(path) => match self.callee(path) {
                Ok(callee) => callee,
                Err(constructor) => return self.construct(&constructor, args),
            },
            _ => Callee::Value(self.expr(callee)),
        };
        let turbofish = match &callee_expr.kind {
            ExprKind::Path(path) => path
                .segments
                .last()
                .map(|segment| segment.args.as_slice())
                .unwrap_or_default(),
            _ => &[],
        };
        let turbofish: Vec<Ty> = turbofish
            .iter()
            .map(|ty| self.types.lower(ty, self.scope()))
            .collect();
        self.finish_call(id, resolved, None, args, &turbofish, span, name_span)
    }

    /// `x.m(a)`.
    pub(super) fn method_call(&mut self, id: ExprId, call: &MethodCall, span: Span) -> Typed {
        let receiver = self.expr(call.receiver);
        let lent = self.argument(call.receiver, &receiver).lent;
        // A future's own methods (`boxed`, `instrument`, `fuse`) give the same future; catalogued ones know better.
        if let Ty::Future(_) = receiver.ty {
            for arg in &call.args {
                self.expr(*arg);
            }
            return receiver;
        }
        let converted = self.conversion(&call.method);
        let callee = match self.types.method(&receiver.ty, &call.method, self.scope()) {
            _ if converted.is_some() => converted.expect("it was just seen to be there"),
            Some(Method::Local {
                targets,
                dispatched,
                receiver,
            }) => Callee::Local {
                targets,
                dispatched,
                on: Some(receiver),
            },
            Some(Method::Library(facts, on)) => Callee::Library(facts, on),
            Some(Method::Fluent(path, on)) => {
                Callee::External(Name::new(format!("{path}::{}", call.method)), Some(on))
            }
            Some(Method::Unlisted(path)) => {
                Callee::External(Name::new(format!("{path}::{}", call.method)), None)
            }
            None => match self
                .adapter(&call.method)
                .filter(|_| receiver.ty == Ty::Unknown)
            {
                Some(facts) => Callee::Library(facts, Ty::Unknown),
                None => Callee::Unknown(call.method.clone()),
            },
        };
        if matches!(
            call.method.as_str(),
            "unwrap" | "expect" | "unwrap_or_else" | "unwrap_or_default"
        ) {
            let hard = matches!(call.method.as_str(), "unwrap" | "expect");
            self.mark(&receiver.value, |outcome| outcome.unwrapped |= hard);
        }
        if call.method == "ok" {
            self.mark(&receiver.value, |outcome| outcome.discarded = true);
        }
        let turbofish: Vec<Ty> = call
            .turbofish
            .iter()
            .map(|ty| self.types.lower(ty, self.scope()))
            .collect();
        let subject = receiver.value.clone();
        let receiver = Argument {
            value: receiver.value,
            ty: receiver.ty,
            lent,
        };
        let result = self.finish_call(
            id,
            callee,
            Some(receiver),
            &call.args,
            &turbofish,
            span,
            call.method_span,
        );
        self.configured_in_place(call.receiver, &subject, &result);
        result
    }

    /// `x.into()` and its kin call what the wanted type has for it.
    fn conversion(&mut self, method: &str) -> Option<Callee<'a>> {
        let function = match method {
            "into" => "from",
            "try_into" => "try_from",
            "parse" => "from_str",
            _ => return None,
        };
        let wanted = self.wanted.take()?;
        let on = settled(&wanted).clone();
        if !matches!(on, Ty::Adt(..)) {
            return None;
        }
        match self
            .types
            .associated_function(&on, &Name::new(function), self.scope())?
        {
            Method::Local {
                targets,
                dispatched,
                receiver,
            } => Some(Callee::Local {
                targets,
                dispatched,
                on: Some(receiver),
            }),
            _ => None,
        }
    }

    /// `config.host(h);` as a statement changes the variable, as it would in a chain.
    fn configured_in_place(&mut self, receiver: ExprId, before: &Value, result: &Typed) {
        let is_config = self
            .types
            .type_facts(&result.ty)
            .is_some_and(|facts| matches!(facts.kind, TypeKind::Config | TypeKind::Builder));
        if is_config
            && result.value != *before
            && let ExprKind::Path(path) = &self.body.expr(receiver).kind
            && let [only] = path.segments.as_slice()
            && let Some(local) = self
                .locals
                .iter_mut()
                .rev()
                .find(|local| local.name == only.name)
        {
            local.typed.value = result.value.clone();
        }
    }

    /// A method of `Option` or `Result` that only hands its receiver on: right for any receiver of unknown type.
    fn adapter(&self, name: &str) -> Option<&'a CallFacts> {
        let find = |owner: &str| self.types.catalog.method(owner, name);
        let facts = find(OPTION).or_else(|| find(RESULT))?;
        (facts.role == CallRole::Adapt && facts.carries == Some(ValueSource::Receiver))
            .then_some(facts)
    }

    /// What the callee's path means; `Err` for constructors of the workspace's own types.
    fn callee(&mut self, path: &Path) -> Result<Callee<'a>, Constructor> {
        let last = path
            .segments
            .last()
            .map(|segment| segment.name.clone())
            .unwrap_or_default();
        if let [only] = path.segments.as_slice()
            && path.qself.is_none()
            && let Some(local) = self
                .locals
                .iter()
                .rev()
                .find(|local| local.name == only.name)
        {
            return Ok(Callee::Value(local.typed.clone()));
        }
        match self.resolve_value(path) {
            Some(Resolution::Def(def, _)) => match def {
                Def::Item(Declared::Fn(_)) => {
                    let segments: Vec<Name> = path
                        .segments
                        .iter()
                        .map(|segment| segment.name.clone())
                        .collect();
                    let module = self.scope().module;
                    let resolved = self.types.names.resolve(
                        module,
                        &segments,
                        path.leading_colons,
                        Namespace::Values,
                    );
                    let defs = resolved
                        .map(|resolved| resolved.defs)
                        .unwrap_or_else(|| vec![def]);
                    let targets = defs.iter().filter_map(|def| match def {
                        Def::Item(Declared::Fn(id)) => Some(*id),
                        _ => None,
                    });
                    Ok(Callee::Local {
                        targets: targets.collect(),
                        dispatched: false,
                        on: None,
                    })
                }
                Def::Item(Declared::Adt(id)) => Err(Constructor {
                    adt: id,
                    variant: None,
                }),
                Def::Variant(id, variant) => Err(Constructor {
                    adt: id,
                    variant: Some(variant),
                }),
                Def::External(full) => Ok(self.external_callee(&full, path)),
                Def::Item(Declared::Static(_) | Declared::Const(_)) => {
                    Ok(Callee::Value(self.expr_path(path)))
                }
                Def::Item(_) => Ok(Callee::Unknown(last)),
            },
            Some(Resolution::Associated(ty, name)) => Ok(
                match self.types.associated_function(&ty, &name, self.scope()) {
                    Some(Method::Local {
                        targets,
                        dispatched,
                        receiver,
                    }) => Callee::Local {
                        targets,
                        dispatched,
                        on: Some(receiver),
                    },
                    Some(Method::Library(facts, on)) => Callee::Library(facts, on),
                    Some(Method::Fluent(path, on)) => {
                        Callee::External(Name::new(format!("{path}::{name}")), Some(on))
                    }
                    Some(Method::Unlisted(path)) => {
                        Callee::External(Name::new(format!("{path}::{name}")), None)
                    }
                    None => match &ty {
                        Ty::External(path, _) => {
                            Callee::External(Name::new(format!("{path}::{name}")), None)
                        }
                        _ => Callee::Unknown(name),
                    },
                },
            ),
            None => Ok(Callee::Unknown(last)),
        }
    }

    fn expr_path(&mut self, path: &Path) -> Typed {
        match self.resolve_value(path) {
            Some(Resolution::Def(Def::Item(Declared::Static(id)), _)) => {
                self.emit(EventKind::Static(id));
                Typed::new(self.types.static_type(id).clone(), Value::Static(id))
            }
            _ => Typed::unknown(),
        }
    }

    /// A library function by the path that code used.
    fn external_callee(&self, full: &str, path: &Path) -> Callee<'a> {
        let segments: Vec<&str> = full.split("::").collect();
        let canonical = self.types.catalog.canonical(&segments);
        let owner_args: Args = match path.segments.len() {
            0 | 1 => Arc::from([]),
            len => {
                super::super::types::segment_args(self.types, &path.segments[len - 2], self.scope())
            }
        };
        let owner = canonical
            .path
            .rsplit_once("::")
            .map(|(owner, _)| owner.to_owned())
            .unwrap_or_default();
        let args = match &canonical.self_arguments {
            None => owner_args,
            Some(patterns) => {
                let input = PatternInput::of_args(&owner_args);
                patterns
                    .iter()
                    .map(|pattern| self.types.from_pattern(pattern, &input))
                    .collect()
            }
        };
        let on = Ty::External(Name::new(owner.as_str()), args);
        if let Some(facts) = self.types.catalog.function(&canonical.path) {
            return Callee::Library(facts, on);
        }
        // A method named through its type: `OnceCell::get(&CELL)`.
        if let Some((_, name)) = canonical.path.rsplit_once("::") {
            if let Some(facts) = self.types.catalog.method(&owner, name) {
                return Callee::Library(facts, on);
            }
            let known = self.types.catalog.type_facts(&owner).is_some();
            if known && let Some(facts) = self.types.trait_item_in_scope(name, self.scope().module)
            {
                return Callee::Library(facts, on);
            }
            // An unlisted constructor of a known type gives the type.
            if known && (name.starts_with("new") || matches!(name, "default" | "builder" | "from"))
            {
                return Callee::External(Name::new(&canonical.path), Some(on));
            }
        }
        Callee::External(Name::new(&canonical.path), None)
    }

    fn construct(&mut self, constructor: &Constructor, args: &[ExprId]) -> Typed {
        let values = self.exprs(args);
        let mut fields = Vec::with_capacity(values.len());
        for (index, typed) in values.into_iter().enumerate() {
            self.mark(&typed.value, |outcome| outcome.bound = true);
            fields.push((Name::new(index.to_string()), typed));
        }
        self.record(constructor.adt, constructor.variant, Arc::from([]), fields)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one call expression"
    )]
    fn finish_call(
        &mut self,
        id: ExprId,
        callee: Callee<'a>,
        receiver: Option<Argument>,
        args: &[ExprId],
        turbofish: &[Ty],
        span: Span,
        name_span: Span,
    ) -> Typed {
        let chained_on = match &receiver {
            Some(_) => self.out.calls.iter().rposition(|call| {
                let start = (call.span.line, call.span.column);
                start == (span.line, span.column)
            }),
            None => None,
        };
        let chained_on = chained_on.map(|index| CallId(index as u32));
        let mut typed_args = Vec::with_capacity(args.len());
        for arg in args {
            self.closure_input = match (&callee, &receiver) {
                (Callee::Library(facts, on), Some(receiver))
                    if facts.callback.is_some() || on.is_option_or_result() =>
                {
                    let from_error = facts.path.ends_with("err") || facts.path.ends_with("else");
                    (!from_error).then(|| Typed::new(on.first_arg(), receiver.value.clone()))
                }
                _ => None,
            };
            let failed = match (&callee, &receiver) {
                (Callee::Library(facts, _), Some(receiver)) if runs_on_failure(facts) => {
                    Some(receiver.value.clone())
                }
                _ => None,
            };
            let typed = match failed {
                Some(value) => {
                    let branch = self.new_branch();
                    let atom = Atom {
                        value,
                        if_true: Vec::new(),
                        if_false: vec![0],
                    };
                    self.emit_branch(branch, vec![atom], span);
                    self.arm(branch, 0, |walk| walk.expr(*arg)).0
                }
                None => self.expr(*arg),
            };
            self.closure_input = None;
            typed_args.push(typed);
        }
        let arguments: Vec<Argument> = args
            .iter()
            .zip(&typed_args)
            .map(|(id, typed)| self.argument(*id, typed))
            .collect();
        let arg_types: Vec<Ty> = arguments
            .iter()
            .map(|argument| argument.ty.clone())
            .collect();

        let (target, output, carried) = match callee {
            Callee::Local {
                targets,
                dispatched,
                on,
            } => {
                let output =
                    self.local_output(targets.first().copied(), on.as_ref(), &arg_types, turbofish);
                (
                    Target::Local {
                        targets,
                        dispatched,
                    },
                    output,
                    None,
                )
            }
            Callee::Library(facts, on) => {
                let output = self.library_output(facts, &on, &arg_types, turbofish);
                let carried = self.carried(facts, receiver.as_ref(), &arguments);
                let carried = carried
                    .or_else(|| {
                        self.closure_value(facts, &arguments)
                            .filter(|value| *value != Value::Unknown)
                    })
                    .or_else(|| filtered(facts, receiver.as_ref()));
                (Target::Library(facts), output, carried)
            }
            Callee::External(path, fluent) => {
                let carried = match (&fluent, &receiver) {
                    (Some(on), Some(receiver)) => {
                        Some(self.fluent_value(&path, on, receiver, &arguments))
                    }
                    _ => None,
                };
                (
                    Target::External(path),
                    fluent.unwrap_or(Ty::Unknown),
                    carried,
                )
            }
            Callee::Value(typed) => {
                let output = match &typed.ty {
                    Ty::Callable(output) => output.as_ref().clone(),
                    Ty::Function(id) => self.types.signature(*id).output.clone(),
                    _ => Ty::Unknown,
                };
                let target = match typed.value {
                    Value::Block(block) => Target::Block(block),
                    Value::Function(id) => Target::Local {
                        targets: vec![id],
                        dispatched: false,
                    },
                    _ => Target::Unknown(Name::default()),
                };
                (target, output, None)
            }
            Callee::Unknown(name) => (Target::Unknown(name), Ty::Unknown, None),
        };
        let is_future = match &target {
            Target::Library(facts) => facts.is_async,
            Target::Local { targets, .. } => targets.first().is_some_and(|target| {
                let signature = self.types.items.functions[target.index()].signature;
                signature.is_some_and(|facts| facts.is_async)
            }),
            _ => false,
        };
        let guards = self.guards();
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
        });
        self.run_arguments(call);
        if !is_future {
            self.happen(call, Time::Inline);
        }
        if let Target::Library(facts) = self.out.calls[call.0 as usize].target
            && facts.diverges
        {
            self.emit(EventKind::Exit);
            self.diverged = true;
        }
        let value = carried.unwrap_or(Value::Call(call));
        Typed::new(output, value)
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
        let declared = targets
            .first()
            .and_then(|id| self.types.items.functions[id.index()].signature);
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

    /// The effects of a call happen now.
    fn happen(&mut self, call: CallId, time: Time) {
        if let Target::Block(block) = self.out.calls[call.0 as usize].target {
            self.run_block(block, time);
        }
        self.emit(EventKind::Call { call, time });
        self.place_effects(call);
    }

    /// Writes that library calls make to places: cells set, flags stored, entries inserted.
    fn place_effects(&mut self, id: CallId) {
        let call = &self.out.calls[id.0 as usize];
        let Target::Library(facts) = call.target else {
            return;
        };
        let atomic = match facts.role {
            CallRole::OnceSet | CallRole::AtomicStore | CallRole::MapSet => false,
            CallRole::AtomicUpdate | CallRole::OnceInit | CallRole::MapEntry => true,
            _ => {
                let dropped = facts.path == "std::mem::drop" || facts.role == CallRole::Close;
                let value = call
                    .args
                    .first()
                    .or(call.receiver.as_ref())
                    .map(|argument| argument.value.clone());
                if let (true, Some(value)) = (dropped, value) {
                    self.dropped(value);
                }
                return;
            }
        };
        let (place, rest) = match &call.receiver {
            Some(receiver) => (receiver.value.clone(), call.args.as_slice()),
            None => match call.args.split_first() {
                Some((first, rest)) => (first.value.clone(), rest),
                None => return,
            },
        };
        let value = rest
            .last()
            .map_or(Value::Unknown, |argument| argument.value.clone());
        let span = call.span;
        let guards = self.guards();
        self.emit(EventKind::Write(Write {
            place,
            value,
            call: Some(id),
            atomic,
            guards,
            span,
        }));
    }

    fn dropped(&mut self, value: Value) {
        for local in &mut self.locals {
            if local.typed.value == value && local.typed.value.lock().is_some() {
                local.typed = Typed::unknown();
            }
        }
        self.emit(EventKind::Drop(value));
    }

    /// Runs what is handed to a call, at the time the callee gives it.
    fn run_arguments(&mut self, id: CallId) {
        let call = &self.out.calls[id.0 as usize];
        let (role, callback) = match call.target {
            Target::Library(facts) => (Some(facts.role), facts.callback.or(facts.handler)),
            _ => (None, None),
        };
        let known = matches!(call.target, Target::Library(_));
        let is_local = matches!(call.target, Target::Local { .. } | Target::Block(_));
        let group = self.groups;
        let time = match role {
            Some(CallRole::Spawn | CallRole::SpawnThread | CallRole::SpawnBlocking) => {
                Time::Task(id)
            }
            Some(CallRole::PerWorkerFactory) => Time::PerWorker(id),
            Some(CallRole::OnceInit) => Time::Once(id),
            Some(CallRole::OnceNew) => Time::FirstUse(id),
            Some(CallRole::HandlerWrap | CallRole::Register | CallRole::Middleware) => {
                Time::Handler(id)
            }
            Some(CallRole::JoinAll | CallRole::TryJoinAll) => Time::Parallel(group),
            _ if known || is_local => Time::Inline,
            _ => Time::Maybe(id),
        };
        if matches!(time, Time::Parallel(_)) {
            self.groups += 1;
        }
        let arguments: Vec<(usize, Value, Ty)> = call
            .args
            .iter()
            .enumerate()
            .map(|(index, argument)| (index, argument.value.clone(), argument.ty.clone()))
            .collect();
        let polls = match role {
            Some(
                CallRole::Spawn
                | CallRole::SpawnThread
                | CallRole::BlockOn
                | CallRole::JoinAll
                | CallRole::TryJoinAll,
            ) => true,
            _ => is_local,
        };
        for (index, value, ty) in arguments {
            let is_callback = callback.is_none_or(|callback| callback == index);
            match &value {
                Value::Function(target) if is_callback => self.run_function(*target, id, time),
                Value::Choice(list) if is_callback && !polls => {
                    for part in list.iter() {
                        if let Value::Function(target) = part {
                            self.run_function(*target, id, time);
                        }
                    }
                }
                Value::Block(block) => {
                    let future = matches!(ty, Ty::Future(_));
                    if !future || polls {
                        self.run_block(*block, time);
                    }
                }
                _ if polls => self.poll(&value, time),
                _ => {}
            }
        }
    }

    /// A function item handed to a call runs at some time, with arguments nobody here knows.
    fn run_function(&mut self, target: FnId, via: CallId, time: Time) {
        let by = &self.out.calls[via.0 as usize];
        let span = by
            .args
            .iter()
            .find(|argument| argument.value == Value::Function(target))
            .map_or(by.span, |_| by.span);
        let expr = by.expr;
        let call = self.push_call(Call {
            expr,
            span,
            name_span: span,
            target: Target::Local {
                targets: vec![target],
                dispatched: false,
            },
            receiver: None,
            args: Vec::new(),
            result: settled(&self.types.signature(target).output).clone(),
            is_future: false,
            outcome: Outcome {
                bound: true,
                ..Outcome::default()
            },
            chained_on: None,
            context: self.context,
            guards: Vec::new(),
        });
        self.emit(EventKind::Call { call, time });
    }

    fn run_block(&mut self, block: super::BlockId, time: Time) {
        if std::mem::replace(&mut self.block_progress[block.0 as usize], Progress::Done)
            == Progress::Pending
        {
            self.emit(EventKind::Block { block, time });
        }
    }

    /// Runs the futures a value stands for, unless they ran already.
    pub(super) fn poll(&mut self, value: &Value, time: Time) {
        match value {
            Value::Call(id) => {
                let inner: Vec<Value> = match &self.out.calls[id.0 as usize] {
                    Call {
                        target: Target::Library(_) | Target::External(_) | Target::Unknown(_),
                        args,
                        ..
                    } => args
                        .iter()
                        .filter(|argument| !argument.lent)
                        .map(|argument| argument.value.clone())
                        .collect(),
                    _ => Vec::new(),
                };
                let pending = self.call_progress[id.0 as usize] == Progress::Pending;
                self.call_progress[id.0 as usize] = Progress::Done;
                for value in &inner {
                    match value {
                        Value::Block(block) if self.out.blocks[block.0 as usize].is_async => {
                            self.run_block(*block, time)
                        }
                        Value::Call(_) => self.poll(value, time),
                        _ => {}
                    }
                }
                if pending {
                    self.happen(*id, time);
                } else if self.is_task(*id) && matches!(time, Time::Inline | Time::Parallel(_)) {
                    self.joined(*id);
                }
            }
            Value::Block(block) => {
                if self.out.blocks[block.0 as usize].is_async {
                    self.run_block(*block, time);
                }
            }
            Value::Choice(list) => {
                for value in list.iter() {
                    self.poll(value, time);
                }
            }
            _ => {}
        }
    }

    /// Whether a call starts a task or thread.
    fn is_task(&self, id: CallId) -> bool {
        matches!(self.out.calls[id.0 as usize].target, Target::Library(facts)
            if matches!(facts.role, CallRole::Spawn | CallRole::SpawnBlocking | CallRole::SpawnThread))
    }

    /// `.await`.
    pub(super) fn await_value(&mut self, future: Typed) -> Typed {
        self.poll(&future.value, Time::Inline);
        if !matches!(future.value, Value::Call(_) | Value::Block(_)) {
            self.emit(EventKind::Wait);
        }
        let ty = match &future.ty {
            Ty::Future(output) => output.as_ref().clone(),
            other => match self
                .types
                .type_facts(other)
                .and_then(|facts| facts.awaited.as_ref())
            {
                Some(pattern) => {
                    let args: &[Ty] = match other {
                        Ty::External(_, args) => args,
                        _ => &[],
                    };
                    self.types
                        .from_pattern(pattern, &PatternInput::of_args(args))
                }
                None => Ty::Unknown,
            },
        };
        let value = match future.value {
            Value::Block(block) => self.out.blocks[block.0 as usize].result.clone(),
            other => other,
        };
        Typed::new(ty, value)
    }

    fn local_output(
        &self,
        target: Option<FnId>,
        on: Option<&Ty>,
        args: &[Ty],
        turbofish: &[Ty],
    ) -> Ty {
        let Some(target) = target else {
            return Ty::Unknown;
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
        match (&output, item.container, on) {
            (Ty::Bounds(_), Container::Trait(_), Some(on))
                if signature.self_ty.as_ref() == Some(&output) =>
            {
                on.clone()
            }
            _ => output,
        }
    }

    /// What a library call gives, future and wrapper included.
    fn library_output(&self, facts: &CallFacts, on: &Ty, args: &[Ty], turbofish: &[Ty]) -> Ty {
        let bare = match (&facts.returns, turbofish) {
            (None, [only]) => only.clone(),
            _ => self.library_result(facts, on, args),
        };
        let wrapped = match facts.wrap {
            Some(Wrap::Result) => Ty::External(Name::new(RESULT), Arc::from([bare])),
            Some(Wrap::Option) => Ty::External(Name::new(OPTION), Arc::from([bare])),
            None => bare,
        };
        if facts.is_async {
            Ty::Future(Arc::new(wrapped))
        } else {
            wrapped
        }
    }

    pub(super) fn library_result(&self, facts: &CallFacts, on: &Ty, args: &[Ty]) -> Ty {
        let generics: &[Ty] = match on {
            Ty::External(_, generics) => generics,
            _ => &[],
        };
        let input = PatternInput {
            receiver: on.clone(),
            generics,
            arguments: args,
        };
        facts.returns.as_ref().map_or(Ty::Unknown, |pattern| {
            self.types.from_pattern(pattern, &input)
        })
    }

    /// The value that a library call hands on instead of making one.
    fn carried(
        &self,
        facts: &CallFacts,
        receiver: Option<&Argument>,
        args: &[Argument],
    ) -> Option<Value> {
        let pick = |source: ValueSource| match source {
            ValueSource::Argument(index) => args.get(index).map(|argument| argument.value.clone()),
            // A method named through its type has its receiver as first argument.
            ValueSource::Receiver => receiver
                .or(args.first())
                .map(|argument| argument.value.clone()),
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
                    "is_none" | "is_empty" | "is_err" => Value::Test {
                        place: Arc::new(place),
                        present_when: false,
                    },
                    "is_some" | "initialized" | "is_initialized" | "contains_key" | "contains"
                    | "is_completed" | "is_ok" | "database_exists" => Value::Test {
                        place: Arc::new(place),
                        present_when: true,
                    },
                    _ if facts.role == CallRole::AtomicLoad => Value::Test {
                        place: Arc::new(place),
                        present_when: true,
                    },
                    _ => Value::Content(Arc::new(place)),
                })
            }
            CallRole::EnvironmentRead => match args.first().map(|argument| &argument.value) {
                Some(Value::Text(key)) => Some(Value::Env(Arc::clone(key))),
                Some(key) => Some(Value::Origin(
                    Arc::from("std::env::var"),
                    Arc::from([key.clone()]),
                )),
                None => None,
            },
            CallRole::Builder | CallRole::Parse | CallRole::MigrationSource => {
                facts.address.and_then(pick)
            }
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
                let value = facts.carries.and_then(pick)?;
                let one_of_many = facts.path.starts_with("std::iter") && facts.returns.is_some();
                let takes_one = matches!(
                    facts.path.rsplit("::").next(),
                    Some("next" | "nth" | "last" | "next_back")
                );
                Some(if one_of_many && takes_one {
                    Value::Element(Arc::new(value))
                } else {
                    value
                })
            }
        }
    }

    /// The value of a call that gives what its closure gives (`map`, `and_then`, `LazyLock::new`).
    fn closure_value(&self, facts: &CallFacts, args: &[Argument]) -> Option<Value> {
        let gives_closure_result = matches!(
            facts.role,
            CallRole::Adapt | CallRole::OnceNew | CallRole::BlockOn
        );
        let argument = args.get(facts.callback?)?;
        match &argument.value {
            Value::Block(block) if gives_closure_result => {
                Some(self.out.blocks[block.0 as usize].result.clone())
            }
            _ => None,
        }
    }

    /// An unlisted setter of a fluent type. Setters of a configuration make up the address; those of a builder do not.
    fn fluent_value(&self, path: &str, on: &Ty, receiver: &Argument, args: &[Argument]) -> Value {
        let is_config = self
            .types
            .type_facts(on)
            .is_some_and(|facts| facts.kind == TypeKind::Config);
        if !is_config || args.is_empty() {
            return receiver.value.clone();
        }
        let list: Vec<Value> = std::iter::once(&receiver.value)
            .chain(args.iter().map(|argument| &argument.value))
            .cloned()
            .collect();
        let name = path.rsplit("::").next().unwrap_or_default();
        Value::Origin(Arc::from(name), list.into()).bounded()
    }

    /// What the catalog says of a macro.
    pub(super) fn macro_facts(&self, path: &Path, name: &str) -> Option<&'a MacroFacts> {
        let catalog = self.types.catalog;
        let segments: Vec<Name> = path
            .segments
            .iter()
            .map(|segment| segment.name.clone())
            .collect();
        let resolved = self.types.names.resolve(
            self.scope().module,
            &segments,
            path.leading_colons,
            Namespace::Values,
        );
        if let Some(Def::External(full)) =
            resolved.and_then(|resolved| resolved.defs.into_iter().next())
        {
            let parts: Vec<&str> = full.split("::").collect();
            if let Some(facts) = catalog.macro_facts(&catalog.canonical(&parts).path) {
                return Some(facts);
            }
        }
        if segments.len() == 1 {
            catalog.macros_named(name).next()
        } else {
            None
        }
    }
}

/// Adapters whose closure runs only when the receiver is `Err` or `None`.
fn runs_on_failure(facts: &CallFacts) -> bool {
    let name = facts.path.rsplit("::").next().unwrap_or_default();
    facts.role == CallRole::Adapt && (name.ends_with("or_else") || name.ends_with("map_err"))
}

/// `cell.get().and_then(f)` and its kin: there at most when the receiver is.
fn filtered(facts: &CallFacts, receiver: Option<&Argument>) -> Option<Value> {
    let receiver = receiver?;
    let from_option = facts.role == CallRole::Adapt && receiver.ty.is_option_or_result();
    match &receiver.value {
        value @ (Value::Content(_) | Value::Behind(..)) if from_option => Some(value.clone()),
        _ => None,
    }
}

/// A constructor of one of the workspace's own types.
struct Constructor {
    adt: super::super::items::AdtId,
    variant: Option<u32>,
}
