//! Room 5, *program*: locks that belong to a session of the database: on what they are taken, and whether every way out
//! gives them back.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::{self, Call, CallId, EventKind, LinkedBody, Target};
use super::inventory::Scope;
use super::items::{AdtId, AdtShape, FnId};
use super::sql::{SessionLock, SqlEffect};
use super::types::{Bound, Ty};
use super::values::Value;
use crate::catalog::{CallRole, TypeKind};
use crate::facts::ExprKind;
use crate::location::{Location, Span};

/// How deep fields are looked through for a pool.
const DEPTH: u32 = 5;

/// A statement that takes a lock or gives it back.
#[derive(Debug, Clone)]
pub struct LockStatement {
    /// The function.
    pub function: FnId,
    /// Which kind of lock.
    pub lock: SessionLock,
    /// Whether it takes it, rather than giving it back.
    pub takes: bool,
    /// What it runs on.
    pub executor: Executor,
    /// The statement.
    pub location: Location,
}

/// What a statement runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// A pool: each statement may have another session.
    Pool,
    /// Something of the workspace that keeps a pool and nothing else.
    Wrapper,
    /// A session that goes back to its pool afterwards, and keeps its locks there.
    Pooled,
    /// Anything else.
    Other,
}

/// A lock that a way out of a function leaves behind.
#[derive(Debug)]
pub struct Leak {
    /// The function.
    pub function: FnId,
    /// Where the lock is taken.
    pub taken: Span,
    /// Where it is given back.
    pub given_back: Span,
    /// The first way out in between.
    pub leaves: Span,
}

/// A lock that is given back although it may not have been taken.
#[derive(Debug)]
pub struct Unheld {
    /// The function.
    pub function: FnId,
    /// The statement that tries to take it.
    pub tried: Span,
    /// Where it is given back.
    pub given_back: Span,
}

impl Program<'_> {
    /// The statements of production code about session locks, in the order of the functions.
    pub fn lock_statements(&self) -> Vec<LockStatement> {
        let mut found = Vec::new();
        for (function, body) in self.locking_bodies() {
            for index in 0..body.calls.len() {
                let text = CallId(index as u32);
                if let Some((lock, takes)) = text_of(body.call(text))
                    && !self.is_ruled_out(function, body.call(text).span)
                {
                    found.push(LockStatement {
                        function,
                        lock,
                        takes,
                        executor: self.executor_of(body, text),
                        location: self.location(function, body.call(text).span),
                    });
                }
            }
        }
        found
    }

    /// The calls of a function in production code.
    pub fn calls_of(&self, id: FnId) -> Vec<Location> {
        let mut found = Vec::new();
        for caller in &self.graph.callers[id.index()] {
            if self.scope(*caller) != Scope::Production {
                continue;
            }
            let Some(body) = self.any_body(*caller) else { continue };
            let calls = body.calls.iter().filter(|call| call.leads_to(id));
            found.extend(calls.map(|call| self.location(*caller, call.span)));
        }
        found.sort();
        found
    }

    /// The locks that an error between taking them and giving them back leaves with a session that goes back to its pool.
    pub fn leaked_locks(&self) -> Vec<Leak> {
        self.locking_bodies().filter_map(|(function, body)| self.leak_in(function, body)).collect()
    }

    fn leak_in(&self, function: FnId, body: &LinkedBody<'_>) -> Option<Leak> {
        let about = |call: &Call<'_>| match call.target {
            Target::Library(facts) if facts.role == CallRole::DatabaseLock => Some(true),
            Target::Library(facts) if facts.role == CallRole::DatabaseUnlock => Some(false),
            _ => text_of(call).map(|(_, takes)| takes),
        };
        let taken = (0..body.calls.len()).find(|index| {
            let on = self.executor_of(body, CallId(*index as u32));
            about(&body.calls[*index]) == Some(true) && on == Executor::Pooled
        })?;
        let given_back =
            (taken + 1..body.calls.len()).find(|index| about(&body.calls[*index]) == Some(false))?;
        let (from, to) = (body.calls[taken].span, body.calls[given_back].span);
        let facts = self.types.items.functions[function.index()].body?;
        // What a closure or async block leaves with is only its own result.
        let in_line = |span: Span| !body.blocks.iter().any(|block| block.span.encloses(span));
        let leaves =
            facts.exprs.iter().filter(|expr| matches!(expr.kind, ExprKind::Try(_))).map(|expr| expr.span);
        // The mark stands at the end; the lock itself may be refused.
        let between = |span: &Span| {
            let end = (span.end_line, span.end_column);
            end > (from.end_line, from.end_column) && end <= (to.line, to.column) && !span.encloses(from)
        };
        let leaves = leaves
            .filter(|span| between(span) && in_line(*span))
            .min_by_key(|span| (span.end_line, span.end_column))?;
        Some(Leak { function, taken: from, given_back: to, leaves })
    }

    /// The locks that a function only tries to take, and gives back whether or not it has them.
    pub fn unheld_unlocks(&self) -> Vec<Unheld> {
        self.locking_bodies()
            .filter_map(|(function, body)| {
                let (tried, given_back) = unheld_in(body)?;
                let facts = self.types.items.functions[function.index()].body?;
                // One of the workspace with such a name is no branch, and leaves all the same.
                let ensured = facts.exprs.iter().any(
                    |expr| matches!(&expr.kind, ExprKind::Macro(call) if call.asserts() && expr.span > tried),
                );
                (!ensured).then_some(Unheld { function, tried, given_back })
            })
            .collect()
    }

    fn locking_bodies(&self) -> impl Iterator<Item = (FnId, &LinkedBody<'_>)> {
        let functions = self.sketches.iter().enumerate();
        let locking =
            functions.filter(|(_, sketch)| sketch.as_ref().is_some_and(|sketch| sketch.locks_session));
        locking
            .map(|(index, _)| FnId(index as u32))
            .filter(|id| self.scope(*id) == Scope::Production)
            .filter_map(|id| Some((id, self.any_body(id)?)))
    }

    /// What runs the statement whose text a call has: a handle among the calls of its chain.
    pub(super) fn executor_of(&self, body: &LinkedBody<'_>, text: CallId) -> Executor {
        let found = body.runners_of(text).find_map(|id| {
            let call = body.call(id);
            let receiver = call.receiver.iter().filter(|_| id == text || call.chained_on.is_none());
            let mut kinds = receiver.chain(&call.args).map(|argument| self.kind_of_executor(&argument.ty));
            kinds.find(|kind| *kind != Executor::Other)
        });
        found.unwrap_or(Executor::Other)
    }

    pub(super) fn kind_of_executor(&self, ty: &Ty) -> Executor {
        let ty = bodies::settled(ty);
        for inner in self.types.pointees(ty.clone()) {
            if let Ty::External(path, _) = &inner {
                let last = path.rsplit("::").next().unwrap_or_default();
                if matches!(
                    last,
                    "PoolConnection" | "PooledConnection" | "Transaction" | "DatabaseTransaction" | "Object"
                ) {
                    return Executor::Pooled;
                }
                match self.types.type_facts(&inner).map(|facts| facts.kind) {
                    Some(TypeKind::Pool) => return Executor::Pool,
                    Some(kind) if kind.is_handle() => return Executor::Other,
                    _ => {}
                }
            }
            if let Ty::Adt(id, _) = inner {
                let mut kinds = BTreeSet::new();
                self.handles_in(id, 0, &mut BTreeSet::new(), &mut kinds);
                return if kinds.iter().eq([&true]) { Executor::Wrapper } else { Executor::Other };
            }
        }
        Executor::Other
    }

    /// Whether the handles in a type's fields, and behind the traits of these, are pools.
    fn handles_in(&self, id: AdtId, depth: u32, seen: &mut BTreeSet<AdtId>, kinds: &mut BTreeSet<bool>) {
        if depth > DEPTH || !seen.insert(id) {
            return;
        }
        let adt = &self.types.items.adts[id.index()];
        let AdtShape::Struct(facts) = &adt.shape else { return };
        let args: std::sync::Arc<[Ty]> =
            adt.generics.params.iter().map(|param| Ty::Param(param.name.clone())).collect();
        for field in facts.fields.list() {
            let Some(ty) = self.types.adt_field(id, &args, None, &field.name) else { continue };
            for inner in self.types.pointees(ty) {
                match &inner {
                    Ty::Adt(next, _) => self.handles_in(*next, depth + 1, seen, kinds),
                    Ty::Bounds(bounds) => {
                        for bound in bounds.iter() {
                            let Bound::Trait(wanted) = bound else { continue };
                            for next in (0..self.types.items.adts.len()).map(|index| AdtId(index as u32)) {
                                if self.types.implements(&Ty::Adt(next, std::sync::Arc::from([])), *wanted) {
                                    self.handles_in(next, depth + 1, seen, kinds);
                                }
                            }
                        }
                    }
                    _ => {
                        if let Some(kind) = self
                            .types
                            .type_facts(&inner)
                            .map(|facts| facts.kind)
                            .filter(|kind| kind.is_handle())
                        {
                            kinds.insert(kind == TypeKind::Pool);
                        }
                    }
                }
            }
        }
    }
}

/// A statement that tries to take a lock and says by its result whether it has, and one that gives the lock back where that
/// result was not asked, or said no. Silent where nothing in the function tests the result: it may be handed on.
fn unheld_in(body: &LinkedBody<'_>) -> Option<(Span, Span)> {
    let ids = || (0..body.calls.len()).map(|index| CallId(index as u32));
    let does = |id: CallId, wanted: fn(&SqlEffect) -> bool| body.call(id).sql().iter().any(wanted);
    let tries = |id: &CallId| does(*id, |effect| matches!(effect, SqlEffect::Locks { tries: true, .. }));
    let tried = ids().find(tries)?;
    // What is made of its result by the calls of the chain, and by those on what the chain gives.
    let mut results = BTreeSet::from([tried]);
    for id in ids().skip(tried.0 as usize + 1) {
        let call = body.call(id);
        let on = call.receiver.as_ref().map(|receiver| &receiver.value);
        let continues = call.chained_on.is_some_and(|before| results.contains(&before))
            || matches!(on, Some(Value::Call(before)) if results.contains(before));
        if continues {
            results.insert(id);
        }
    }
    let tests: Vec<(u32, &Vec<u32>, &Vec<u32>)> = body
        .all_events()
        .filter_map(|event| match &event.kind {
            EventKind::Branch(branching) => Some(branching.as_ref()),
            _ => None,
        })
        .flat_map(|branching| branching.atoms.iter().map(move |atom| (branching.branch, atom)))
        .filter(|(_, atom)| matches!(&atom.value, Value::Call(id) if results.contains(id)))
        .map(|(branch, atom)| (branch, &atom.if_true, &atom.if_false))
        .collect();
    let is_held = |id: CallId| {
        tests.iter().any(|(branch, if_true, if_false)| {
            let inside = body.is_in_arms(body.call(id).context, *branch, if_true);
            inside || if_false.iter().any(|arm| body.leaves(*branch, *arm))
        })
    };
    // Whoever did not get it may wait for it, or try until it has it.
    let waits = |id: CallId| does(id, |effect| matches!(effect, SqlEffect::Locks { tries: false, .. }));
    if ids().any(waits) || body.in_loop(body.call(tried).context) {
        return None;
    }
    let gives_back = |id: &CallId| does(*id, |effect| matches!(effect, SqlEffect::Unlocks(_)));
    let given_back = ids().skip(tried.0 as usize + 1).filter(gives_back).find(|id| !is_held(*id))?;
    (!tests.is_empty()).then(|| (body.call(tried).span, body.call(given_back).span))
}

/// The session lock that the text that a call is given takes (`true`) or gives back.
fn text_of(call: &Call<'_>) -> Option<(SessionLock, bool)> {
    call.sql().iter().find_map(|effect| match effect {
        SqlEffect::Locks { lock, .. } => Some((*lock, true)),
        SqlEffect::Unlocks(lock) => Some((*lock, false)),
        _ => None,
    })
}
