//! Room 5, *program*: what keeps a request out while what it needs is not there: tests of middleware and of handlers.

use std::cell::Cell;

use super::Program;
use super::bodies::{Branching, Call, ContextId, EventKind, LinkedBody, Target, settled};
use super::items::{Container, FnId, StaticId};
use super::summaries::Effect;
use super::terms::type_of;
use super::types::Ty;
use super::values::Value;
use crate::catalog::{CallRole, LookedUp, TypeFacts, TypeKind};

/// Calls into calls are followed this far when it is asked what a tested value is made of.
const DEPTH: usize = 6;
/// Functions of which a handler gives the answer are followed this far.
const CALLEES: usize = 2;
/// Values looked at for one function at most.
const MOST_VALUES: usize = 4096;

/// What keeps requests out while a resource is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    None,
    /// A middleware that tests a place and answers by itself.
    Looks,
    /// A middleware of the workspace that may or may not be a gate.
    Unknown,
}

impl<'a> Program<'a> {
    /// What stands between requests and the handlers of a server.
    pub fn gate_before(&self, serve: &Effect) -> Gate {
        let mut gate = Gate::None;
        for function in self.functions_for(serve) {
            let calls = self.body(function).map(|body| body.calls.as_slice()).unwrap_or_default();
            for call in calls {
                let Target::Library(facts) = call.target else {
                    continue;
                };
                if facts.role != CallRole::Middleware {
                    continue;
                }
                for argument in &call.args {
                    match argument.value {
                        Value::Function(target) if self.may_look_first(target) => return Gate::Looks,
                        Value::Function(_) | Value::Block(_) => gate = Gate::Unknown,
                        _ => {}
                    }
                }
            }
        }
        gate
    }

    /// Whether the function answers by itself when something that holds a handle is not there: it tests the place
    /// and leaves. Tests of what a request carries say nothing of that.
    pub fn looks_first(&self, id: FnId) -> bool {
        let Some(frame) = self.frame(id, None) else { return false };
        let asking = Asking::new(self);
        frame.branches().any(|branching| {
            branching.atoms.iter().any(|atom| {
                let absent = atom.arms_when(false);
                absent.iter().any(|arm| frame.body.leaves(branching.branch, *arm))
                    && asking.may_tell(&frame, &atom.value, DEPTH)
            })
        })
    }

    /// Whether the function may answer by itself while something of the process is not there yet, by whatever it decides about: tests,
    /// comparisons, `?`, helpers and extractors. It is asked before something is said against it, so what is not known counts as yes.
    pub fn may_look_first(&self, id: FnId) -> bool {
        let by_extractor = || {
            let params = &self.types.signature(id).params;
            let mut extractors = params.iter().flat_map(|ty| self.extractors_of(ty));
            extractors.any(|extractor| {
                self.frame(extractor, None).is_some_and(|frame| Asking::new(self).may_refuse(&frame, DEPTH))
            })
        };
        self.frame(id, None).is_some_and(|frame| self.may_answer_by_itself(&frame, CALLEES) || by_extractor())
    }

    /// The same of a closure in a function.
    pub(super) fn closure_may_look_first(&self, id: FnId, closure: ContextId) -> bool {
        let frame = self.frame(id, None);
        frame.is_some_and(|frame| {
            self.may_answer_by_itself(&Frame { within: Some(closure), ..frame }, CALLEES)
        })
    }

    fn may_answer_by_itself(&self, frame: &Frame<'_, '_, 'a>, depth: usize) -> bool {
        let asking = Asking::new(self);
        let by_test = || {
            frame.branches().any(|branching| {
                branching.atoms.iter().any(|atom| {
                    // What is in a map already is often answered at once, which says nothing of the start.
                    let refuses = || {
                        let absent = atom.arms_when(false);
                        absent.iter().any(|arm| frame.body.leaves(branching.branch, *arm))
                    };
                    (!is_entry(&atom.value) || refuses()) && asking.may_tell(frame, &atom.value, DEPTH)
                })
            })
        };
        // A helper that fails, where the handler turns its error into an answer.
        let by_helper = || {
            let fails = |target: &FnId| self.types.signature(*target).output.awaited().is_option_or_result();
            let mut calls = frame.calls().filter(|call| call.local_targets().iter().any(fails));
            calls.any(|call| asking.call_may_tell(frame, call, DEPTH))
        };
        // A function that gives the answer, and looks by itself.
        let by_callee = || {
            let looks = |target: &FnId| {
                depth > 0
                    && self.needs_handle(*target)
                    && self
                        .frame(*target, None)
                        .is_some_and(|frame| self.may_answer_by_itself(&frame, depth - 1))
            };
            frame.calls().any(|call| call.local_targets().iter().any(looks))
        };
        let by_decision = || frame.decisions().any(|value| asking.may_tell(frame, value, DEPTH));
        by_test() || by_decision() || by_helper() || by_callee()
    }

    /// The functions of the workspace that a framework calls to make a parameter of a handler: they may refuse the request.
    pub fn extractors_of<'p>(&'p self, ty: &'p Ty) -> impl Iterator<Item = FnId> {
        let own = matches!(settled(ty), Ty::Adt(..)).then_some(settled(ty));
        own.into_iter().flat_map(move |own| {
            self.types.items.function_ids().filter(move |id| {
                let Container::Impl(block) = self.types.items.functions[id.index()].container else {
                    return false;
                };
                let facts = self.types.implemented_facts(*id);
                self.types.impl_type(block).is_same_adt(own)
                    && facts.is_some_and(|facts| facts.role == CallRole::Middleware)
            })
        })
    }

    fn frame<'f, 'p>(
        &'p self,
        id: FnId,
        called: Option<(&'f Frame<'f, 'p, 'a>, &'p Call<'a>)>,
    ) -> Option<Frame<'f, 'p, 'a>> {
        Some(Frame { id, body: self.any_body(id)?, within: None, called })
    }
}

/// A function about whose values it is asked, and the call of it that gives its parameters.
struct Frame<'f, 'p, 'a> {
    id: FnId,
    body: &'p LinkedBody<'a>,
    /// The closure in it that is meant.
    within: Option<ContextId>,
    called: Option<(&'f Frame<'f, 'p, 'a>, &'p Call<'a>)>,
}

impl<'p, 'a> Frame<'_, 'p, 'a> {
    fn covers(&self, context: ContextId) -> bool {
        self.within.is_none_or(|within| self.body.encloses(within, context))
    }

    fn calls(&self) -> impl Iterator<Item = &'p Call<'a>> {
        self.body.calls.iter().filter(|call| self.covers(call.context))
    }

    /// The branches that are ways of the body.
    fn branches(&self) -> impl Iterator<Item = &'p Branching> {
        self.body.all_events().filter(|event| self.covers(event.context)).filter_map(|event| {
            match &event.kind {
                EventKind::Branch(branching) if !branching.in_closure => Some(branching.as_ref()),
                _ => None,
            }
        })
    }

    /// What else decides: what `?` is asked of, what is compared, and options that are taken apart (`POOL.get().map_or(…)`).
    fn decisions(&self) -> impl Iterator<Item = &'p Value> {
        let adapted = self.calls().filter_map(|call| {
            let Target::Library(facts) = call.target else { return None };
            let adapts = facts.role == CallRole::Adapt && facts.panics.is_none() && !call.args.is_empty();
            let on = call.receiver.as_ref().filter(|on| adapts && on.ty.is_option_or_result())?;
            Some(&on.value)
        });
        let decided = self.body.decided_by.iter().filter(|(context, _)| self.covers(*context));
        decided.map(|(_, value)| value).chain(adapted)
    }
}

/// The question whether a value may tell that something of the process is not there yet. Where that is not known, it may.
struct Asking<'p, 'a> {
    program: &'p Program<'a>,
    /// Values that may still be looked at: helpers call helpers.
    left: Cell<usize>,
}

impl<'p, 'a> Asking<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        Self { program, left: Cell::new(MOST_VALUES) }
    }

    /// Whether a function may give an error, or nothing, for what it decides about or looks up.
    fn may_refuse(&self, frame: &Frame<'_, 'p, 'a>, depth: usize) -> bool {
        let may_tell = |value: &Value| self.may_tell(frame, value, depth);
        let atoms = || frame.branches().flat_map(|branching| &branching.atoms);
        may_tell(&frame.body.result)
            || frame.decisions().any(may_tell)
            || atoms().any(|atom| may_tell(&atom.value))
    }

    fn may_tell(&self, frame: &Frame<'_, 'p, 'a>, value: &Value, depth: usize) -> bool {
        let Some(left) = self.left.get().checked_sub(1) else { return true };
        self.left.set(left);
        let part = |value: &Value| self.may_tell(frame, value, depth);
        match value {
            Value::Unknown
            | Value::Text(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Env(_)
            | Value::Function(_) => false,
            Value::Param(index) => match frame.called {
                Some((caller, call)) => {
                    let given = call.args.get(*index as usize);
                    given.is_none_or(|given| self.may_tell(caller, &given.value, depth))
                }
                // Frameworks hand a handler what the request carries in such types, but for a bare yes or no.
                None => self.may_change(frame, value) || is_yes_or_no(self.program, frame, value),
            },
            Value::Receiver => match frame.called {
                Some((caller, call)) => {
                    let given = call.receiver.as_ref().or(call.args.first());
                    given.is_none_or(|given| self.may_tell(caller, &given.value, depth))
                }
                None => self.may_change(frame, value),
            },
            Value::Static(id) => self.static_may_tell(*id),
            Value::Field(inner, name) if self.is_put_into(frame, inner, |field| *name == *field) => true,
            Value::Field(inner, _) => self.may_change(frame, value) && part(inner),
            Value::Element(inner) | Value::Content(inner) => part(inner),
            Value::Test { place, .. } => part(place),
            Value::Record(_, _, fields) => fields.iter().any(|(_, value)| part(value)),
            // What is made of nothing is a constructor or a constant.
            Value::Origin(_, list) | Value::Choice(list) | Value::Joined(list) => list.iter().any(part),
            // What a closure was given when it was made.
            Value::Call(call) if !frame.covers(frame.body.call(*call).context) => {
                self.type_may_change(&frame.body.call(*call).result)
            }
            Value::Call(call) => self.call_may_tell(frame, &frame.body.calls[call.0 as usize], depth),
            _ => true,
        }
    }

    /// Whether what is at a place may be another while the process runs: not so plain data that is not reached through something that
    /// changes, which is what it was when the place was filled, a handle that is there, and what a request carries.
    fn may_change(&self, frame: &Frame<'_, 'p, 'a>, place: &Value) -> bool {
        let types = self.program.types;
        let Some(ty) = type_of(types, frame.id, place) else { return true };
        if self.came_along(frame, place) {
            return false;
        }
        self.type_may_change(&ty) || self.is_reached_through_change(frame, place)
    }

    fn type_may_change(&self, ty: &Ty) -> bool {
        let types = self.program.types;
        let is_fixed = |facts: &TypeFacts| facts.kind == TypeKind::Request || facts.kind.is_handle();
        !types.type_facts(settled(ty)).is_some_and(is_fixed) && !types.is_plain_data(ty)
    }

    /// Whether a place is a part of what a request carries, and nobody puts anything into that part.
    fn came_along(&self, frame: &Frame<'_, 'p, 'a>, place: &Value) -> bool {
        let types = self.program.types;
        let carries = |ty: Ty| types.type_facts(&ty).is_some_and(|facts| facts.kind == TypeKind::Request);
        match place {
            Value::Field(inner, name) => {
                let is_carried =
                    || type_of(types, frame.id, inner).is_some_and(|ty| types.pointees(ty).any(carries));
                !self.is_put_into(frame, inner, |field| *name == *field)
                    && (self.came_along(frame, inner) || is_carried())
            }
            Value::Element(inner) | Value::Content(inner) => self.came_along(frame, inner),
            _ => false,
        }
    }

    /// Whether others put things into one of these fields of what a request carries.
    fn is_put_into(&self, frame: &Frame<'_, 'p, 'a>, owner: &Value, field: impl Fn(&str) -> bool) -> bool {
        let types = self.program.types;
        let puts =
            |ty: Ty| types.type_facts(&ty).is_some_and(|facts| facts.put_into.iter().any(|put| field(put)));
        type_of(types, frame.id, owner).is_some_and(|ty| types.pointees(ty).any(puts))
    }

    /// Whether a place lies behind a cell, a lock, a channel or what a request is given on its way.
    fn is_reached_through_change(&self, frame: &Frame<'_, 'p, 'a>, place: &Value) -> bool {
        let types = self.program.types;
        let is_changing = |ty: Ty| types.type_facts(settled(&ty)).is_some_and(changes);
        let changing = |value: &Value| {
            type_of(types, frame.id, value).is_some_and(|ty| types.pointees(ty).any(is_changing))
        };
        changing(place)
            || match place {
                Value::Field(inner, _) | Value::Element(inner) | Value::Content(inner) => {
                    self.is_reached_through_change(frame, inner)
                }
                _ => false,
            }
    }

    /// Whether a static may be empty, or hold something that changes. One that is filled where it is used first tells nothing of the
    /// start.
    fn static_may_tell(&self, id: StaticId) -> bool {
        let ty = self.program.types.static_type(id);
        let is_lazy = self.program.types.type_facts(ty).is_some_and(|facts| facts.kind == TypeKind::Lazy);
        !is_lazy || self.may_change_within(ty, DEPTH)
    }

    /// Whether something in a type changes, or may, as nobody described it.
    fn may_change_within(&self, ty: &Ty, depth: usize) -> bool {
        let types = self.program.types;
        let Some(inside) = depth.checked_sub(1) else { return true };
        let any = |list: &[Ty]| list.iter().any(|ty| self.may_change_within(ty, inside));
        match ty {
            Ty::External(path, args) => {
                let is_foreign = path.contains("::") && !path.starts_with("std::");
                types.type_facts(ty).map_or(is_foreign, changes) || any(args)
            }
            Ty::Adt(id, args) => any(args) || types.declared_fields(*id).iter().any(|fields| any(fields)),
            Ty::Tuple(list) => any(list),
            Ty::Slice(inner) => self.may_change_within(inner, inside),
            _ => true,
        }
    }

    fn call_may_tell(&self, frame: &Frame<'_, 'p, 'a>, call: &'p Call<'a>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        match &call.target {
            Target::Local { targets, .. } => targets.iter().any(|target| {
                let called = self.program.frame(*target, Some((frame, call)));
                called.is_none_or(|called| self.may_refuse(&called, depth))
            }),
            Target::Library(facts) if asks_the_process(facts.role) => true,
            Target::Block(_) => true,
            Target::Library(_) | Target::External(_) | Target::Unknown(_) => {
                let is_constant =
                    |value: &Value| matches!(value, Value::Text(_) | Value::Number(_) | Value::Bool(_));
                let mut inputs = call.inputs().filter(|input| !is_constant(&input.value)).peekable();
                // Whom a database answers has its handle, and what is described knows nothing of the start by itself.
                let is_described = match &call.target {
                    Target::Library(_) => true,
                    Target::External(path) => path.starts_with("std::"),
                    _ => false,
                };
                !call.inputs().any(|input| self.is_handle(&input.ty))
                    && (inputs.peek().is_none() && !is_described
                        || inputs.any(|input| {
                            self.may_tell(frame, &input.value, depth)
                                || self.is_put_into(frame, &input.value, |_| true)
                        }))
            }
        }
    }

    fn is_handle(&self, ty: &Ty) -> bool {
        let facts = self.program.types.type_facts(settled(ty));
        facts.is_some_and(|facts| facts.kind.is_handle())
    }
}

/// Whether what is behind a value of a library's type may be another from one moment to the next.
pub(super) fn changes(facts: &TypeFacts) -> bool {
    use TypeKind::{Atomic, Guard, Lock, Map, OnceCell, Receiver, Sender, SwapCell, ThreadLocal, Watched};
    let changing = [OnceCell, ThreadLocal, SwapCell, Lock, Guard, Map, Atomic, Sender, Receiver, Watched];
    changing.contains(&facts.kind) || facts.looked_up == Some(LookedUp::Request)
}

/// Whether a value is an entry of a map, or one of a list.
fn is_entry(value: &Value) -> bool {
    match value {
        Value::Element(_) => true,
        Value::Content(inner) | Value::Test { place: inner, .. } => is_entry(inner),
        _ => false,
    }
}

/// Whether a parameter is a bare `bool`.
fn is_yes_or_no(program: &Program<'_>, frame: &Frame<'_, '_, '_>, value: &Value) -> bool {
    type_of(program.types, frame.id, value) == Some(Ty::external("bool"))
}

/// Whether a library's function looks at what the process keeps, whatever it is given.
fn asks_the_process(role: CallRole) -> bool {
    matches!(
        role,
        CallRole::StateGet
            | CallRole::OnceCheck
            | CallRole::OnceWait
            | CallRole::Lock
            | CallRole::TryLock
            | CallRole::AtomicLoad
            | CallRole::LocalStatus
            | CallRole::MigrationCheck
    )
}
