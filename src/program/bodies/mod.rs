//! Room 5, *program*: one function body, linked. A body is walked once in evaluation order; the result says which
//! calls it makes, where their arguments come from, what runs when, and which places are tested and written.
//! Nothing here looks into another body: the summaries put bodies together.

mod calls;
mod conditions;
mod details;
mod finished_calls;
mod handed;
mod leaving;
mod loops;
mod macros;
mod paths;
mod patterns;
mod places;
mod results;
mod statements;
mod undescribed;
mod walk;

use std::collections::BTreeSet;

use self::details::CallDetails;
use super::items::{AdtId, FnId};
use super::sql::SqlEffect;
use super::types::{Ty, Types};
use super::values::Value;
use crate::catalog::{CallFacts, CallRole, Wrap};
use crate::facts::{ExprId, Name};
use crate::location::Span;

pub use details::TypeChoice;
pub use loops::Turns;
pub use walk::link_body;

/// Index of a call in its [`LinkedBody`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// Index of a closure or async block in its [`LinkedBody`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

/// Index of a context in its [`LinkedBody`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId(pub u32);

/// A body with everything its calls mean.
#[derive(Debug, Default)]
pub struct LinkedBody<'a> {
    /// Calls in the order they were met.
    pub calls: Vec<Call<'a>>,
    /// Contexts; the first is the body itself.
    pub contexts: Vec<Context>,
    /// What happens, in evaluation order, closures and async blocks left out.
    pub events: Vec<Event>,
    /// Closures and async blocks.
    pub blocks: Vec<Block>,
    /// What the body gives back.
    pub result: Value,
    /// The type of what it gives at its end, where the signature only says `impl Trait`.
    pub hidden_type: Option<Box<Ty>>,
    /// Functions and closures that it puts into fields, and parameters that may be some.
    pub kept_functions: Vec<KeptFunction>,
    /// What decides which way it goes besides the atoms of its branches, in the order met: what `?` is asked of, and what is compared
    /// or matched with something other than being there; and where.
    pub decided_by: Vec<(ContextId, Value)>,
    /// Branches that give a value, or in which something is assigned: what follows can tell which way was taken.
    pub telling_branches: BTreeSet<u32>,
    /// Branches that are statements and no such ones.
    pub forgotten_branches: BTreeSet<u32>,
}

/// A function that is put into a field.
#[derive(Debug, Clone)]
pub struct KeptFunction {
    /// The struct.
    pub owner: AdtId,
    /// The field.
    pub field: Name,
    /// What is put there: a function item, a closure, or a parameter of the body at hand.
    pub value: Value,
}

/// A call.
#[derive(Debug)]
pub struct Call<'a> {
    /// The expression.
    pub expr: ExprId,
    /// Extent of the whole call, from where the expression starts.
    pub span: Span,
    /// Extent of what names the callee (`.connect`, `create_pool`).
    pub name_span: Span,
    /// What is called.
    pub target: Target<'a>,
    /// The receiver, for method calls.
    pub receiver: Option<Argument>,
    /// The arguments.
    pub args: Vec<Argument>,
    /// The type of the handle or other result, awaited and unwrapped.
    pub result: Ty,
    /// Whether the call only gives a future, so that nothing happens before it is polled.
    pub is_future: bool,
    /// What becomes of the result.
    pub outcome: Outcome,
    /// The call that made the receiver, in a chain.
    pub chained_on: Option<CallId>,
    /// The context in which the call stands.
    pub context: ContextId,
    /// Named locks held at the call.
    pub guards: Box<[CallId]>,
    /// What is to be said of few calls only, and boxed for that.
    details: Option<Box<CallDetails>>,
    /// Whether the target is only what the name suggests: the receiver's type is not known.
    pub by_name: bool,
}

/// An argument or receiver.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Where it comes from.
    pub value: Value,
    /// Its type.
    pub ty: Ty,
    /// Whether it is lent (`&x`, a reference parameter) rather than given away.
    pub lent: bool,
}

/// What a call leads to.
#[derive(Debug)]
pub enum Target<'a> {
    /// Functions of the workspace. Several: one of them runs, which is not known when `dispatched`.
    Local {
        /// The candidates.
        targets: Vec<FnId>,
        /// Dynamic dispatch.
        dispatched: bool,
    },
    /// A library item that the catalog knows.
    Library(&'a CallFacts),
    /// Something of a library, by canonical path, of which the catalog says nothing.
    External(Name),
    /// A closure of the same body.
    Block(BlockId),
    /// Not known, by name.
    Unknown(Name),
}

/// What becomes of the result of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Thrown away: an expression statement, `let _ =`, `drop`.
    pub discarded: bool,
    /// `.unwrap()` or `.expect(…)`.
    pub unwrapped: bool,
    /// `?`.
    pub propagated: bool,
    /// Bound to a name.
    pub bound: bool,
}

/// A place in the control structure of a body.
#[derive(Debug, Clone)]
pub struct Context {
    /// The context around it.
    pub parent: Option<ContextId>,
    /// What it is.
    pub kind: ContextKind,
}

/// What a context is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextKind {
    /// The body.
    Root,
    /// One arm of a branch; arms of one branch exclude each other.
    Arm {
        /// Number of the branch in the body.
        branch: u32,
        /// Number of the arm in the branch.
        arm: u32,
        /// Whether the arm never reaches what follows the branch.
        diverges: bool,
        /// Whether it only leaves a loop: what follows the loop is reached.
        breaks: bool,
    },
    /// The body of a loop.
    Loop(Turns),
    /// A closure or async block.
    Block(BlockId),
}

impl ContextKind {
    /// Whether it is the body of a loop.
    pub fn is_loop(&self) -> bool {
        matches!(self, Self::Loop(_))
    }
}

/// When something runs, relative to the body that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Time {
    /// Here, before what follows.
    Inline,
    /// Beside the others of the same call or macro (`join!`), all done before what follows.
    Parallel(u32),
    /// In a task or thread started by this call; what follows does not wait.
    Task(CallId),
    /// Once per worker of the server started by this call.
    PerWorker(CallId),
    /// For every connection of a pool that this call says it for.
    PerConnection(CallId),
    /// At most once for all callers, guarded by the receiver of this call.
    Once(CallId),
    /// At the first use of the value made by this call.
    FirstUse(CallId),
    /// When a request arrives, registered by this call.
    Handler(CallId),
    /// Perhaps, by a callee that is not known.
    Maybe(CallId),
}

/// Something that happens in a body.
#[derive(Debug, Clone)]
pub struct Event {
    /// Where in the control structure.
    pub context: ContextId,
    /// What.
    pub kind: EventKind,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum EventKind {
    /// The effects of a call happen: for async calls when they are polled.
    Call {
        /// Which.
        call: CallId,
        /// When.
        time: Time,
    },
    /// A closure or async block runs.
    Block {
        /// Which.
        block: BlockId,
        /// When.
        time: Time,
    },
    /// A static is used.
    Static(super::items::StaticId),
    /// A spawned task is waited for.
    Join(CallId),
    /// Something that is neither a call nor a block is awaited: a channel, a notification, a stored future.
    Wait,
    /// A branch tests values.
    Branch(Box<Branching>),
    /// A place is written.
    Write(Box<Write>),
    /// A value is dropped explicitly.
    Drop(Value),
    /// The body, or the closure or async block around, is left with a value by `return`.
    Return(Value),
    /// A loop is left by `break`.
    Break,
}

/// A branch and what it tests. Arm 0 is taken when the atoms hold.
#[derive(Debug, Clone)]
pub struct Branching {
    /// Its number.
    pub branch: u32,
    /// What is tested.
    pub atoms: Vec<Atom>,
    /// Named locks held while testing.
    pub guards: Box<[CallId]>,
    /// Extent of the condition.
    pub span: Span,
    /// Whether arm 0 is a closure that a library runs on failure (`unwrap_or_else`), rather than a way that the body takes.
    pub in_closure: bool,
}

/// One tested value.
#[derive(Debug, Clone)]
pub struct Atom {
    /// The value; a [`Value::Test`], an optional value, or a call that gives one.
    pub value: Value,
    /// Arms taken only when the value is true, present or `Ok`.
    pub if_true: Vec<u32>,
    /// Arms taken only when it is false, absent or `Err`.
    pub if_false: Vec<u32>,
}

impl Atom {
    /// What is tested.
    pub fn tested(&self) -> &Value {
        match &self.value {
            Value::Test { place, .. } => place,
            other => other,
        }
    }

    /// The arms taken only when what is tested is there, or only when it is not.
    pub fn arms_when(&self, present: bool) -> &[u32] {
        let present_when = !matches!(self.value, Value::Test { present_when: false, .. });
        if present == present_when { &self.if_true } else { &self.if_false }
    }

    /// Both lists of arms.
    fn arms(&mut self) -> [&mut Vec<u32>; 2] {
        [&mut self.if_true, &mut self.if_false]
    }
}

/// What the result of a call that changes a flag says to the first caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// `true` or `Ok` (`compare_exchange`).
    FirstIfTrue,
    /// `false`, the value before (`swap`).
    FirstIfFalse,
}

/// A branch that tests whether a call succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The call.
    pub call: CallId,
    /// The branch.
    pub branch: u32,
    /// Arms taken only when it succeeded.
    pub if_ok: Vec<u32>,
    /// Arms taken only when it failed.
    pub arms: Vec<u32>,
}

/// A write to a place.
#[derive(Debug, Clone)]
pub struct Write {
    /// The place, with the lock it was reached through.
    pub place: Value,
    /// What is written.
    pub value: Value,
    /// Whether that is known to be data, with no handle in it.
    pub is_data: bool,
    /// The call that writes, when it is one.
    pub call: Option<CallId>,
    /// Whether the write happens only if nobody was first (`compare_exchange`, `get_or_init`).
    pub atomic: bool,
    /// Named locks held while writing.
    pub guards: Box<[CallId]>,
    /// Extent of the write.
    pub span: Span,
}

/// A closure or async block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its events.
    pub events: Vec<Event>,
    /// Its own context.
    pub context: ContextId,
    /// What it gives back.
    pub result: Value,
    /// Whether calling it only gives a future.
    pub is_async: bool,
    /// Whether it never comes to its end, nor returns: it panics, exits or loops.
    pub diverges: bool,
    /// When it runs; `None` where nothing is seen to run it.
    pub time: Option<Time>,
    /// Extent.
    pub span: Span,
}

impl<'a> Call<'a> {
    /// A call without inputs, of which no more is known than what it calls and where.
    fn of(target: Target<'a>, expr: ExprId, span: Span, context: ContextId) -> Self {
        Self {
            expr,
            span,
            name_span: span,
            target,
            receiver: None,
            args: Vec::new(),
            result: Ty::Unknown,
            is_future: false,
            outcome: Outcome::default(),
            chained_on: None,
            context,
            guards: Box::default(),
            details: None,
            by_name: false,
        }
    }
}

impl Call<'_> {
    /// What shows the call to people: all of it, or in a chain of several lines what stands from the method's name on. A call of a
    /// library is shown as the chain that it ends: what is built matters more than `.build()`.
    pub fn shown(&self) -> Span {
        let name = self.name_span;
        match self.target {
            Target::Library(_) => self.span,
            _ if name.line == self.span.line => self.span,
            _ => Span { line: name.line, column: name.column, ..self.span },
        }
    }

    /// What it is called on, and its arguments.
    pub fn inputs(&self) -> impl Iterator<Item = &Argument> + Clone {
        self.receiver.iter().chain(&self.args)
    }

    /// The functions of the workspace that it calls, or may call.
    pub fn local_targets(&self) -> &[FnId] {
        match &self.target {
            Target::Local { targets, .. } => targets,
            _ => &[],
        }
    }

    /// Whether the call is, or may be, one of a function of the workspace.
    pub fn leads_to(&self, id: FnId) -> bool {
        self.local_targets().contains(&id)
    }

    /// Whether it never returns, as what it calls is described: `std::process::exit`.
    pub fn ends_the_process(&self) -> bool {
        matches!(self.target, Target::Library(facts) if facts.diverges)
    }

    /// The last segment of the callee's name, where a library has it or nobody knows it.
    pub fn name_of_callee(&self) -> Option<&str> {
        let path = match &self.target {
            Target::Library(facts) => facts.path.as_str(),
            Target::External(path) | Target::Unknown(path) => path.as_str(),
            Target::Local { .. } | Target::Block(_) => return None,
        };
        path.rsplit("::").next()
    }
}

impl LinkedBody<'_> {
    /// Without the room that lists were made with and did not need: for bodies that are kept.
    pub(super) fn shrunk_to_fit(mut self) -> Self {
        self.calls.shrink_to_fit();
        self.contexts.shrink_to_fit();
        self.events.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.kept_functions.shrink_to_fit();
        self.decided_by.shrink_to_fit();
        self.blocks.iter_mut().for_each(|block| block.events.shrink_to_fit());
        self
    }

    /// What happens, closures and async blocks included, those at the end.
    pub fn all_events(&self) -> impl Iterator<Item = &Event> + Clone {
        self.events.iter().chain(self.blocks.iter().flat_map(|block| &block.events))
    }

    /// What happens in line, in order: with what the closures and async blocks do that run where they stand, without those that run
    /// at another time.
    pub fn events_in_line(&self) -> Vec<&Event> {
        fn add<'s>(body: &'s LinkedBody<'_>, events: &'s [Event], found: &mut Vec<&'s Event>) {
            for event in events {
                match event.kind {
                    EventKind::Block { block, time: Time::Inline } => {
                        add(body, &body.blocks[block.0 as usize].events, found);
                    }
                    _ => found.push(event),
                }
            }
        }
        let mut found = Vec::with_capacity(self.events.len());
        add(self, &self.events, &mut found);
        found
    }

    /// The call with this index.
    pub fn call(&self, id: CallId) -> &Call<'_> {
        &self.calls[id.0 as usize]
    }

    /// The functions of the workspace that its calls lead to.
    pub fn local_targets(&self) -> impl Iterator<Item = FnId> {
        self.calls.iter().flat_map(Call::local_targets).copied()
    }

    /// Whether the call hands SQL to a library that changes the schema.
    pub fn changes_schema(&self, id: CallId) -> bool {
        let call = self.call(id);
        call.may_run_sql() && call.sql().iter().any(|effect| matches!(effect, SqlEffect::Change { .. }))
    }

    /// The chain of contexts from this one outwards.
    pub fn outwards(&self, from: ContextId) -> impl Iterator<Item = &Context> {
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let context = &self.contexts[next?.0 as usize];
            next = context.parent;
            Some(context)
        })
    }

    /// When the closures and async blocks around a context run, innermost first.
    pub fn times_around(&self, from: ContextId) -> impl Iterator<Item = Time> {
        self.outwards(from).filter_map(|context| match context.kind {
            ContextKind::Block(block) => self.blocks[block.0 as usize].time,
            _ => None,
        })
    }

    /// The arms around a context, innermost first: branch, arm, and the arm's own context.
    pub fn arms(&self, from: ContextId) -> impl Iterator<Item = (u32, u32, ContextId)> {
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let id = next?;
            let context = &self.contexts[id.0 as usize];
            next = context.parent;
            Some((id, &context.kind))
        })
        .filter_map(|(id, kind)| match kind {
            ContextKind::Arm { branch, arm, .. } => Some((*branch, *arm, id)),
            _ => None,
        })
    }

    /// Whether a context is another one, or around it.
    pub fn encloses(&self, outer: ContextId, inner: ContextId) -> bool {
        self.ids_outwards(inner).any(|id| id == outer)
    }

    /// The context and those around it, innermost first.
    pub fn ids_outwards(&self, from: ContextId) -> impl Iterator<Item = ContextId> {
        std::iter::successors(Some(from), |id| self.contexts[id.0 as usize].parent)
    }

    /// Whether two points of the body cannot both be reached in one run of it; `first` is met before `second`.
    pub fn exclusive(&self, first: ContextId, second: ContextId) -> bool {
        let second_arms: Vec<(u32, u32, ContextId)> = self.arms(second).collect();
        self.arms(first).any(|(branch, arm, context)| {
            match second_arms.iter().find(|(other, _, _)| *other == branch) {
                Some((_, other_arm, _)) => *other_arm != arm,
                None => self.ends_before(context, second),
            }
        })
    }

    /// Whether whoever is in this arm does not get to a later point outside it.
    fn ends_before(&self, arm: ContextId, later: ContextId) -> bool {
        let ContextKind::Arm { diverges: true, breaks, .. } = self.contexts[arm.0 as usize].kind else {
            return false;
        };
        let same_loop = || {
            let inner = self.outwards(arm).find(|context| context.kind.is_loop());
            inner.is_some_and(|inner| self.outwards(later).any(|context| std::ptr::eq(context, inner)))
        };
        !breaks || same_loop()
    }

    /// Whether the result of a call says who was the first at a flag, and what it says to the one who was.
    pub fn claims(&self, call: CallId) -> Option<Claimed> {
        let Target::Library(facts) = self.call(call).target else { return None };
        match facts.role {
            // `call_once` with a closure that raises a flag: the flag is the result.
            CallRole::OnceInit => Some(Claimed::FirstIfTrue),
            CallRole::AtomicUpdate if facts.wrap == Some(Wrap::Result) => Some(Claimed::FirstIfTrue),
            CallRole::AtomicUpdate => Some(Claimed::FirstIfFalse),
            _ => None,
        }
    }

    /// Whether a branch tests the result of a call.
    pub fn is_tested(&self, call: CallId) -> bool {
        let events = self.all_events();
        events.into_iter().any(|event| match &event.kind {
            EventKind::Branch(branching) => {
                // The closure of `map_err` sees the error and hands it on.
                branching.atoms.iter().any(|atom| atom.value == Value::Call(call) && !atom.if_true.is_empty())
            }
            _ => false,
        })
    }

    /// Whether a value says that something went wrong.
    pub fn is_failure(&self, value: &Value) -> bool {
        match value {
            Value::Call(call) => fails(self.call(*call)),
            other => other.is_failure(),
        }
    }

    /// Whether a place in the body is reached only when the call of a failure failed.
    pub fn is_on_failure(&self, context: ContextId, failure: &Failure) -> bool {
        self.is_in_arms(context, failure.branch, &failure.arms)
    }

    /// Whether a context is in one of these arms of a branch.
    pub fn is_in_arms(&self, context: ContextId, wanted: u32, arms: &[u32]) -> bool {
        self.arms(context).any(|(branch, arm, _)| branch == wanted && arms.contains(&arm))
    }

    /// Whether the failure of a call is only handed on, by a branch that returns it: `?`, written out.
    pub fn hands_failure_on(&self, call: CallId) -> bool {
        self.failures().iter().filter(|failure| failure.call == call).any(|failure| {
            self.all_events().any(|event| {
                matches!(&event.kind, EventKind::Return(value) if self.is_failure(value))
                    && self.is_on_failure(event.context, failure)
            })
        })
    }

    /// Whether an arm of a branch never reaches what follows the branch.
    pub fn leaves(&self, wanted: u32, wanted_arm: u32) -> bool {
        self.contexts.iter().any(|context| {
            matches!(context.kind, ContextKind::Arm { branch, arm, diverges: true, .. }
                if branch == wanted && arm == wanted_arm)
        })
    }

    /// Whether an arm of a branch never reaches a later point outside the branch.
    fn leaves_before(&self, wanted: u32, wanted_arm: u32, later: ContextId) -> bool {
        self.contexts.iter().enumerate().any(|(index, context)| {
            matches!(context.kind, ContextKind::Arm { branch, arm, .. } if branch == wanted && arm == wanted_arm)
                && self.ends_before(ContextId(index as u32), later)
        })
    }

    /// What is decided by whether a call succeeded.
    pub fn failures(&self) -> Vec<Failure> {
        let events = self.all_events();
        let branchings = events.filter_map(|event| match &event.kind {
            EventKind::Branch(branching) => Some(branching.as_ref()),
            _ => None,
        });
        let mut failures = Vec::new();
        for branching in branchings {
            for atom in &branching.atoms {
                let (value, if_ok, if_failed) = match &atom.value {
                    Value::Test { place, present_when: false } => (&**place, &atom.if_false, &atom.if_true),
                    Value::Test { place, .. } => (&**place, &atom.if_true, &atom.if_false),
                    value => (value, &atom.if_true, &atom.if_false),
                };
                if let Value::Call(call) = value {
                    failures.push(Failure {
                        call: *call,
                        branch: branching.branch,
                        if_ok: if_ok.clone(),
                        arms: if_failed.clone(),
                    });
                }
            }
        }
        failures
    }

    /// Whether the second call is made only when the first one failed: in the `Err` or `None` arm of its result.
    pub fn only_if_failed(&self, first: CallId, second: CallId) -> bool {
        self.failures().into_iter().filter(|failure| failure.call == first).any(|failure| {
            let arm = self.arms(self.call(second).context).find(|(branch, _, _)| *branch == failure.branch);
            match arm {
                Some((_, arm, _)) => failure.arms.contains(&arm),
                // After the branch only when success did not leave.
                None => {
                    let later = self.call(second).context;
                    !failure.if_ok.is_empty()
                        && failure.if_ok.iter().all(|arm| self.leaves_before(failure.branch, *arm, later))
                }
            }
        })
    }
}

/// Whether a call makes an `Err`.
pub fn fails(call: &Call<'_>) -> bool {
    match &call.target {
        Target::Library(facts) => facts.path == "std::result::Result::Err",
        Target::External(path) => path.as_str() == "std::result::Result::Err",
        _ => false,
    }
}

/// The type of a value after awaiting it and unwrapping `Result` and `Option`.
pub fn settled(ty: &Ty) -> &Ty {
    match ty {
        Ty::Future(inner) => settled(inner),
        Ty::External(_, args) if ty.is_option_or_result() => args.first().map_or(&Ty::Unknown, settled),
        other => other,
    }
}

/// Links a body; see [`link_body`].
pub(super) fn link<'a>(types: &Types<'a>, id: FnId) -> Option<LinkedBody<'a>> {
    let body = types.items.functions[id.index()].body?;
    Some(link_body(types, id, body))
}
