//! Room 5, *program*: when what is handed to a call runs, and what a call does when it happens.

use std::sync::Arc;

use super::super::items::FnId;
use super::super::types::{Method, PatternInput, Ty};
use super::super::values::Value;
use super::walk::{Progress, Typed, Walk};
use super::{Argument, Call, CallId, EventKind, Outcome, Target, Time, Write, settled};
use crate::catalog::{CallFacts, CallRole, TypeFacts, TypeKind};
use crate::facts::Name;

impl Walk<'_, '_> {
    /// The effects of a call happen now.
    pub(super) fn happen(&mut self, call: CallId, time: Time) {
        if let Target::Block(block) = self.out.calls[call.0 as usize].target {
            self.run_block(block, time);
        }
        self.emit(EventKind::Call { call, time });
        self.place_effects(call);
    }

    /// Writes that library calls make to places: cells set, flags stored, entries inserted.
    pub(super) fn place_effects(&mut self, id: CallId) {
        let call = &self.out.calls[id.0 as usize];
        let Target::Library(facts) = call.target else {
            return;
        };
        let atomic = match facts.role {
            CallRole::OnceSet | CallRole::AtomicStore | CallRole::MapSet => false,
            CallRole::AtomicUpdate | CallRole::OnceInit | CallRole::MapEntry => true,
            _ => {
                let dropped = facts.path == "std::mem::drop" || facts.role == CallRole::Close;
                let value =
                    call.args.first().or(call.receiver.as_ref()).map(|argument| argument.value.clone());
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
        let written = match facts.role {
            // After the value, and after the expected one of `compare_exchange`, come memory orderings.
            CallRole::AtomicUpdate if facts.wrap.is_some() => rest.get(1),
            CallRole::AtomicStore | CallRole::AtomicUpdate => rest.first(),
            _ => rest.last(),
        };
        let value = written.map_or(Value::Unknown, |argument| argument.value.clone());
        let is_data = written.is_some_and(|argument| self.types.is_plain_data(&argument.ty));
        let span = call.span;
        let guards = self.guards();
        let write = Write { place, value, is_data, call: Some(id), atomic, guards, span };
        self.emit(EventKind::Write(Box::new(write)));
    }

    pub(super) fn dropped(&mut self, value: Value) {
        for local in &mut self.locals {
            if local.typed.value.lock().is_some() && local.typed.value == value {
                local.typed = Typed::unknown();
            }
        }
        self.emit(EventKind::Drop(value));
    }

    /// Runs what is handed to a call, at the time the callee gives it.
    pub(super) fn run_arguments(&mut self, id: CallId) {
        let call = &self.out.calls[id.0 as usize];
        let facts = match call.target {
            Target::Library(facts) => Some(facts),
            _ => None,
        };
        let role = facts.map(|facts| facts.role);
        let callback = facts.and_then(|facts| facts.callback.or(facts.handler));
        let hook = facts.and_then(|facts| facts.runs.as_deref()).map(Name::from);
        let per_connection = facts.is_some_and(|facts| facts.per_connection);
        let known = facts.is_some();
        let is_local = matches!(call.target, Target::Local { .. } | Target::Block(_));
        let group = self.groups;
        let time = match role {
            Some(CallRole::Spawn | CallRole::SpawnThread | CallRole::SpawnBlocking) => Time::Task(id),
            Some(CallRole::PerWorkerFactory) => Time::PerWorker(id),
            Some(CallRole::OnceInit) => Time::Once(id),
            Some(CallRole::OnceNew) => Time::FirstUse(id),
            Some(CallRole::HandlerWrap | CallRole::Register | CallRole::Middleware) => Time::Handler(id),
            Some(CallRole::Serve) if facts.is_some_and(|facts| facts.handler.is_some()) => Time::Handler(id),
            Some(CallRole::JoinAll | CallRole::TryJoinAll) => Time::Parallel(group),
            _ if per_connection => Time::PerConnection(id),
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
            if let (Value::Block(block), Some(CallRole::OnceInit)) = (&value, role) {
                self.raised_once(*block, id);
            }
            let is_callback = callback.is_none_or(|callback| callback == index);
            // The method of a value that is handed over, such as a customizer.
            if let Some(hook) = hook.as_ref().filter(|_| is_callback)
                && let Some(Method::Local { targets, .. }) = self.types.method(&ty, hook, self.scope())
            {
                targets.into_iter().for_each(|target| self.run_function(target, id, time));
            }
            match &value {
                Value::Function(target) if is_callback => {
                    // A library that is not known to run what it is given (`Vec::push`) may only keep it.
                    let kept = known && callback.is_none() && time == Time::Inline;
                    self.run_function(*target, id, if kept { Time::Maybe(id) } else { time });
                }
                Value::Origin(path, parts) if is_callback && parts.is_empty() => {
                    self.run_library_function(path, id, time);
                }
                Value::Choice(list) if is_callback && !polls => {
                    for part in list.iter() {
                        if let Value::Function(target) = part {
                            self.run_function(*target, id, time);
                        }
                    }
                }
                Value::Block(block) => {
                    let future = matches!(ty, Ty::Future(_));
                    // A closure beside the handler (`get_with(list, |operation| …)`) is run where it is given.
                    let beside = !is_callback && matches!(time, Time::Handler(_));
                    if !future || polls {
                        self.run_block(*block, if beside { Time::Inline } else { time });
                    }
                }
                _ if polls => self.poll(&value, time),
                _ => {}
            }
        }
    }

    /// `once.call_once(|| first = true)`: the variable tells the caller that came first, as the call itself would.
    fn raised_once(&mut self, block: super::BlockId, once: CallId) {
        let own = self.out.blocks[block.0 as usize].context;
        for (context, local) in self.raised.clone() {
            if context == own
                && let Some(local) = self.locals.get_mut(local)
                && local.typed.value == Value::Choice(Arc::from([Value::Bool(false), Value::Bool(true)]))
            {
                local.typed.value = Value::Call(once);
            }
        }
    }

    /// A function item handed to a call runs at some time: with what is in the receiver where a library runs it, else
    /// with arguments nobody here knows.
    pub(super) fn run_function(&mut self, target: FnId, via: CallId, time: Time) {
        let by = &self.out.calls[via.0 as usize];
        let (expr, span, name_span) = (by.expr, by.span, by.name_span);
        let args = match (&by.target, &by.receiver) {
            (Target::Library(CallFacts { callback: Some(_), .. }), Some(receiver)) => {
                let value = match receiver.ty.is_option_or_result() {
                    true => receiver.value.clone(),
                    false => Value::Element(Arc::new(receiver.value.clone())),
                };
                vec![Argument { value, ty: receiver.ty.first_arg(), lent: false }]
            }
            _ => Vec::new(),
        };
        let result = settled(&self.types.signature(target).output).clone();
        let target = Target::Local { targets: vec![target], dispatched: false };
        let outcome = Outcome { bound: true, ..Outcome::default() };
        let call = Call { name_span, args, result, outcome, ..Call::of(target, expr, span, self.context) };
        let call = self.push_call(call);
        self.emit(EventKind::Call { call, time });
    }

    /// A library function handed to a call (`Lazy::new(Surreal::init)`), where it creates something.
    fn run_library_function(&mut self, path: &str, via: CallId, time: Time) {
        let Some(facts) = self.types.catalog.function(path).filter(|facts| facts.role == CallRole::Create)
        else {
            return;
        };
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
        let result = self.result_of_library(facts, &Ty::external(owner), &[]);
        let by = &self.out.calls[via.0 as usize];
        let (expr, span, name_span) = (by.expr, by.span, by.name_span);
        let context = self.context;
        let outcome = Outcome { bound: true, ..Outcome::default() };
        let call =
            Call { name_span, result, outcome, ..Call::of(Target::Library(facts), expr, span, context) };
        let call = self.push_call(call);
        self.emit(EventKind::Call { call, time });
    }

    pub(super) fn run_block(&mut self, block: super::BlockId, time: Time) {
        if std::mem::replace(&mut self.block_progress[block.0 as usize], Progress::Done) == Progress::Pending
        {
            self.out.blocks[block.0 as usize].time = Some(time);
            self.emit(EventKind::Block { block, time });
        }
    }

    /// Runs the futures that a body gives back. Tasks whose handles it gives back go on: whoever gets those may wait.
    pub(super) fn poll_given_back(&mut self, result: &Value) {
        let is_task = matches!(result, Value::Call(id)
            if self.is_task(*id) && self.call_progress[id.0 as usize] == Progress::Done);
        if !is_task {
            self.poll(result, Time::Inline);
        }
    }

    /// Runs the futures a value stands for, unless they ran already.
    pub(super) fn poll(&mut self, value: &Value, time: Time) {
        match value {
            Value::Call(id) => {
                // What was handed to it is entered once: calls share arguments, and those share theirs.
                let inner: Vec<Value> = match &self.out.calls[id.0 as usize] {
                    _ if !self.polled.insert(*id) => Vec::new(),
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
            Value::Block(block) if self.out.blocks[block.0 as usize].is_async => {
                self.run_block(*block, time);
            }
            Value::Choice(list) => {
                for value in list.iter() {
                    self.poll(value, time);
                }
            }
            _ => {}
        }
    }

    /// Lets a server serve that nobody awaits, in a function that could not: libraries whose servers are async now had ones that
    /// served where they were called.
    pub(super) fn serves_here(&mut self, value: &Value) {
        let Value::Call(id) = value else { return };
        let is_async =
            self.types.items.functions[self.id.index()].signature.is_some_and(|signature| signature.is_async);
        let serves = matches!(self.out.calls[id.0 as usize].target, Target::Library(facts) if facts.role == CallRole::Serve);
        let pending = self.call_progress[id.0 as usize] == Progress::Pending;
        if serves && pending && !is_async {
            self.poll(value, Time::Inline);
        }
    }

    /// Whether a call starts a task or thread, or gives the handle of one that a function of the workspace starts.
    fn is_task(&self, id: CallId) -> bool {
        let call = &self.out.calls[id.0 as usize];
        let is_handle = |facts: &TypeFacts| facts.kind == TypeKind::Task;
        match &call.target {
            Target::Library(facts) => {
                matches!(facts.role, CallRole::Spawn | CallRole::SpawnBlocking | CallRole::SpawnThread)
            }
            Target::Local { .. } => self.types.type_facts(settled(&call.result)).is_some_and(is_handle),
            _ => false,
        }
    }

    /// `.await`.
    pub(super) fn await_value(&mut self, future: Typed) -> Typed {
        self.poll(&future.value, Time::Inline);
        let is_signal = |facts: &TypeFacts| facts.kind != TypeKind::Task && facts.awaited.is_some();
        let waits_for_others = self.types.type_facts(&future.ty).is_some_and(is_signal);
        if waits_for_others || !matches!(future.value, Value::Call(_) | Value::Block(_)) {
            self.emit(EventKind::Wait);
        }
        let ty = match &future.ty {
            Ty::Future(output) => output.as_ref().clone(),
            other => match self.types.type_facts(other).and_then(|facts| facts.awaited.as_ref()) {
                Some(pattern) => {
                    let args: &[Ty] = match other {
                        Ty::External(_, args) => args,
                        _ => &[],
                    };
                    self.types.from_pattern(pattern, &PatternInput::of_args(args))
                }
                None => Ty::Unknown,
            },
        };
        // `async fn exit() -> !`: nothing follows.
        self.diverged |= ty == Ty::Never;
        let value = match future.value {
            Value::Block(block) => self.out.blocks[block.0 as usize].result.clone(),
            other => other,
        };
        Typed::new(ty, value)
    }
}
