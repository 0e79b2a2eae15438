//! Room 5, *program*: one function as a sequence of tests, writes and effects on places, callees included. This is
//! what the check-then-init rules read.

use super::bodies::{Atom, Branching, CallId, ContextId, Event, EventKind, Target, Write};
use super::inventory::Scope;
use super::items::FnId;
use super::summaries::{Effect, PlaceWrite, Step};
use super::terms::{Terms, substitute, type_of};
use super::types::Ty;
use super::values::Value;
use super::{Program, bodies};
use crate::catalog::{CallRole, CloneKind, TypeFacts, TypeKind};
use crate::facts::{Receiver, StaticSource, TypeRef};
use crate::location::Span;

/// Something that happens in a function, in order.
#[derive(Debug)]
pub struct Happening<'p> {
    /// Where in the control structure.
    pub context: ContextId,
    /// What.
    pub what: What<'p>,
}

/// What happens.
#[derive(Debug)]
pub enum What<'p> {
    /// A place is tested.
    Test(Test),
    /// A place is written.
    Write(Written),
    /// A database effect.
    Effect(&'p Effect),
}

/// A test of a place.
#[derive(Debug, Clone)]
pub struct Test {
    /// The place, over the function's parameters.
    pub place: Value,
    /// The lock it was looked at through.
    pub lock: Option<CallId>,
    /// Named locks held.
    pub guards: Box<[CallId]>,
    /// The call that changed the place and told what was there before, when the test looks at its result.
    pub claim: Option<CallId>,
    /// The branch it decides.
    pub branch: u32,
    /// The arms taken only when something is there.
    pub present: Vec<u32>,
    /// The arms taken only when nothing is there.
    pub absent: Vec<u32>,
    /// Extent of the condition.
    pub span: Span,
}

impl Test {
    /// A test of something that is no place of the process, in a branch that asks whether it is there. `present_when` is the answer
    /// that says so.
    pub fn of_existence(branching: &Branching, atom: &Atom, present_when: bool, span: Span) -> Self {
        let (present, absent) = match present_when {
            true => (&atom.if_true, &atom.if_false),
            false => (&atom.if_false, &atom.if_true),
        };
        Self {
            place: Value::Unknown,
            lock: None,
            guards: branching.guards.clone(),
            claim: None,
            branch: branching.branch,
            present: present.clone(),
            absent: absent.clone(),
            span,
        }
    }

    /// Whether one lock is held from the test to the write.
    pub fn shares_lock(&self, write: &Written) -> bool {
        let same = self.lock.is_some() && self.lock == write.lock;
        same || self.guards.iter().any(|guard| write.guards.contains(guard) || write.lock == Some(*guard))
    }
}

/// A write to a place.
#[derive(Debug, Clone)]
pub struct Written {
    /// The place, over the function's parameters.
    pub place: Value,
    /// The lock it was reached through.
    pub lock: Option<CallId>,
    /// Named locks held.
    pub guards: Box<[CallId]>,
    /// Whether only the first writer wins.
    pub atomic: bool,
    /// Whether the answer who was first is used: a counter's is not.
    pub claims: bool,
    /// Whether the place is a once cell.
    pub once_cell: bool,
    /// Whether a lost race panics.
    pub unwrapped: bool,
    /// Whether a lost race becomes the caller's error.
    pub propagated: bool,
    /// Whether a lost race takes a way of its own.
    pub handled: bool,
    /// The value written.
    pub value: Value,
    /// Extent.
    pub span: Span,
    /// The function that is called to write it, and the place over that one's parameters.
    pub inside: Option<(FnId, Value)>,
}

/// How deep calls are followed to the function that writes a place itself.
const WRITE_DEPTH: usize = 4;

impl<'a> Program<'a> {
    /// The tests, writes and effects of a function in the order they happen, closures and async blocks included.
    pub fn happenings(&self, id: FnId) -> Vec<Happening<'_>> {
        let mut list = Vec::new();
        if let Some(body) = self.any_body(id) {
            let summarizer = self.summarizer();
            let terms = summarizer.terms(id, body);
            self.collect_happenings(id, body, &terms, &body.events, &mut list);
        }
        list
    }

    /// The functions of production code that put entries into maps which several callers may have, in order.
    pub fn functions_that_fill_maps(&self) -> impl Iterator<Item = FnId> {
        let sketches = self.types.items.function_ids().zip(&self.sketches);
        let filling = sketches.filter(|(_, sketch)| sketch.as_ref().is_some_and(|sketch| sketch.fills_map));
        filling.map(|(id, _)| id).filter(|id| self.scope(*id) == Scope::Production)
    }

    /// The type of the map at a place, which may be behind pointers and a lock.
    pub(super) fn map_at(&self, id: FnId, place: &Value) -> Option<Ty> {
        let inside = |ty: Ty, kind: TypeKind| {
            let mut types = self.types.pointees(ty);
            types.find(|ty| self.types.type_facts(ty).is_some_and(|facts| facts.kind == kind))
        };
        let own = type_of(self.types, id, place)?;
        let own = match inside(own.clone(), TypeKind::Lock) {
            Some(Ty::External(_, args)) => args.first()?.clone(),
            _ => own,
        };
        inside(own, TypeKind::Map)
    }

    /// Whether a place is of data: what it keeps, or the entries of its map, has no room for a handle, and does not say whether there is
    /// one.
    pub fn is_of_data(&self, id: FnId, place: &Value) -> bool {
        let is_data = |kept: &Ty| matches!(kept, Ty::Adt(..)) && !self.types.contains_handle(kept);
        if let Some(Ty::External(_, args)) = self.map_at(id, place) {
            return args.get(1).is_some_and(is_data);
        }
        let Some(own) = type_of(self.types, id, place) else { return false };
        // What is behind pointers and locks, and only there when somebody put it in.
        let optional = self.types.pointees(own).find_map(|ty| match &ty {
            Ty::External(_, args) if ty.is_option_or_result() => args.first().cloned(),
            Ty::External(_, args) => args
                .first()
                .filter(|inner| inner.is_option_or_result())
                .map(|inner| bodies::settled(inner).clone()),
            _ => None,
        });
        optional.is_some_and(|kept| {
            is_data(&kept) && (self.types.is_plain_data(&kept) || self.types.is_written_as_data(&kept))
        })
    }

    /// Whether a place is written in the function or by one that it calls. Without a write there is nothing to
    /// initialize, and [`Program::happenings`] need not be asked.
    pub fn writes_a_place(&self, id: FnId) -> bool {
        let Some(body) = self.body(id) else {
            return false;
        };
        let mut events = body.all_events();
        events.any(|event| matches!(event.kind, EventKind::Write(_)))
            || body.local_targets().any(|target| !self.place_writes(target).is_empty())
    }

    fn collect_happenings<'p>(
        &'p self,
        id: FnId,
        body: &'p bodies::LinkedBody<'a>,
        terms: &Terms<'_, 'a>,
        events: &'p [Event],
        list: &mut Vec<Happening<'p>>,
    ) {
        for event in events {
            let context = event.context;
            match &event.kind {
                EventKind::Block { block, .. } => {
                    self.collect_happenings(id, body, terms, &body.blocks[block.0 as usize].events, list);
                }
                EventKind::Branch(branching) => {
                    // What runs on failure alone (`unwrap_or_else`) is no decision about a place.
                    let atoms = branching.atoms.iter().filter(|_| !branching.in_closure);
                    list.extend(atoms.map(|atom| {
                        let what = What::Test(self.test_of(body, terms, branching, atom));
                        Happening { context, what }
                    }));
                }
                EventKind::Write(write) => {
                    let what = What::Write(self.written_by(id, body, terms, write));
                    list.push(Happening { context, what });
                }
                EventKind::Call { call, .. } => {
                    let step = Step::Call(id, *call);
                    let effects = self.effects(id).iter().filter(|effect| effect.steps[0] == step);
                    list.extend(effects.map(|effect| Happening { context, what: What::Effect(effect) }));
                    self.writes_of_callee(body, terms, *call, context, list);
                }
                EventKind::Static(used) => {
                    let step = Step::Static(id, *used);
                    let effects = self.effects(id).iter().filter(|effect| effect.steps[0] == step);
                    list.extend(effects.map(|effect| Happening { context, what: What::Effect(effect) }));
                }
                _ => {}
            }
        }
    }

    /// What a part of a condition asks of a place.
    fn test_of(
        &self,
        body: &bodies::LinkedBody<'a>,
        terms: &Terms<'_, 'a>,
        branching: &Branching,
        atom: &Atom,
    ) -> Test {
        let claim = claim_of(body, &atom.value);
        let (place, truth) = match claim {
            Some((_, flag, present_when)) => (terms.close(flag).place().clone(), present_when),
            None => match terms.close(&atom.value) {
                Value::Test { place, present_when } => (place.place().clone(), present_when),
                other => (other.place().clone(), true),
            },
        };
        let (present, absent) =
            if truth { (&atom.if_true, &atom.if_false) } else { (&atom.if_false, &atom.if_true) };
        let tested = match &atom.value {
            Value::Test { place, .. } => place,
            other => other,
        };
        Test {
            place,
            lock: tested.lock(),
            guards: branching.guards.clone(),
            claim: claim.map(|(call, ..)| call),
            branch: branching.branch,
            present: present.clone(),
            absent: absent.clone(),
            span: self.looked_up_at(body, &atom.value, branching.span).unwrap_or(branching.span),
        }
    }

    fn written_by(
        &self,
        id: FnId,
        body: &bodies::LinkedBody<'a>,
        terms: &Terms<'_, 'a>,
        write: &Write,
    ) -> Written {
        let outcome = write.call.map(|call| body.call(call).outcome).unwrap_or_default();
        let handed_on = write.call.is_some_and(|call| body.hands_failure_on(call));
        let value = match &write.value {
            Value::Block(block) => body.blocks[block.0 as usize].result.clone(),
            other => other.clone(),
        };
        Written {
            place: terms.close(write.place.place()).place().clone(),
            lock: write.place.lock(),
            guards: write.guards.clone(),
            atomic: write.atomic,
            claims: write.atomic && !outcome.discarded,
            once_cell: write.call.is_some_and(|call| self.is_cell_write(id, call)),
            unwrapped: outcome.unwrapped,
            propagated: outcome.propagated || handed_on,
            handled: !handed_on && write.call.is_some_and(|call| body.is_tested(call)),
            value,
            span: write.span,
            inside: None,
        }
    }

    fn writes_of_callee<'p>(
        &'p self,
        body: &'p bodies::LinkedBody<'a>,
        terms: &Terms<'_, 'a>,
        call_id: CallId,
        context: ContextId,
        list: &mut Vec<Happening<'p>>,
    ) {
        let call = body.call(call_id);
        let Target::Local { targets, dispatched: false } = &call.target else {
            return;
        };
        if targets.iter().all(|target| self.place_writes(*target).is_empty()) {
            return;
        }
        let (receiver, args) = terms.inputs(call);
        let writes =
            targets.iter().flat_map(|target| self.place_writes(*target).iter().map(|write| (*target, write)));
        for (target, write) in writes {
            let PlaceWrite { place, value, atomic, claims, once_cell, unwrapped } = write;
            list.push(Happening {
                context,
                what: What::Write(Written {
                    place: substitute(place, &args, receiver.as_ref()).place().clone(),
                    lock: None,
                    guards: body.call(call_id).guards.clone(),
                    atomic: *atomic,
                    claims: *claims,
                    once_cell: *once_cell,
                    unwrapped: *unwrapped,
                    propagated: false,
                    handled: false,
                    value: value.clone(),
                    span: call.span,
                    inside: Some((target, place.clone())),
                }),
            });
        }
    }

    /// Whether the function that is called to write a place tests it before it does, by itself or in what it calls: the
    /// race is there, if anywhere, and who tests before the call only saves the way.
    pub fn is_tested_inside(&self, write: &Written) -> bool {
        write.inside.as_ref().is_some_and(|(function, place)| self.tests_before_writing(*function, place, 0))
    }

    fn tests_before_writing(&self, function: FnId, place: &Value, depth: usize) -> bool {
        if depth > WRITE_DEPTH {
            return false;
        }
        let happenings = self.happenings(function);
        let tested = |one: &Happening<'_>| matches!(&one.what, What::Test(test) if test.place == *place);
        happenings.iter().enumerate().any(|(at, one)| match &one.what {
            What::Write(write) if write.place == *place => {
                let further = write.inside.as_ref();
                happenings[..at].iter().any(tested)
                    || further
                        .is_some_and(|(inner, place)| self.tests_before_writing(*inner, place, depth + 1))
            }
            _ => false,
        })
    }

    /// Where a tested value was looked up before the test: the call that gave it.
    fn looked_up_at(&self, body: &bodies::LinkedBody<'a>, value: &Value, test: Span) -> Option<Span> {
        let place = match value {
            Value::Call(call) => return Some(body.call(*call).span),
            Value::Test { place, .. } => place.place(),
            Value::Content(_) => value.place(),
            _ => return None,
        };
        let is_look_up =
            |role: CallRole| matches!(role, CallRole::OnceCheck | CallRole::MapCheck | CallRole::AtomicLoad);
        let looks = |call: &&bodies::Call<'_>| {
            let subject = call.receiver.as_ref().or(call.args.first());
            matches!(call.target, Target::Library(facts) if is_look_up(facts.role))
                && call.span.line <= test.end_line
                && subject.is_some_and(|subject| subject.value.place() == place)
        };
        body.calls.iter().rev().find(looks).map(|call| call.span)
    }

    /// Whether the call fills a once cell.
    pub fn is_cell_write(&self, id: FnId, call: CallId) -> bool {
        matches!(self.call(id, call).target, Target::Library(facts) if self.types.fills_once_cell(facts))
    }

    /// Whether several callers can reach the place at once: a static, or something behind a shared reference.
    pub fn is_shared(&self, id: FnId, place: &Value) -> bool {
        let Some(signature) = self.types.items.functions[id.index()].signature else {
            return false;
        };
        match place.root() {
            Value::Static(id) => {
                self.types.items.statics[id.index()].facts.source != StaticSource::ThreadLocal
            }
            Value::Receiver => {
                let lent = matches!(signature.receiver, Some(Receiver::Shared | Receiver::Typed));
                matches!(place, Value::Field(..))
                    && (lent || self.is_behind_pointer(id, place))
                    && !self.is_single_threaded(id, place)
            }
            Value::Param(index) => {
                let lent = |param: &crate::facts::Param| matches!(param.ty, TypeRef::Ref(_, false));
                signature.params.get(*index as usize).is_some_and(lent) || self.is_behind_pointer(id, place)
            }
            _ => false,
        }
    }
}

impl Program<'_> {
    /// Whether a place has room for a handle, or is of a type that is not known.
    pub fn may_keep_handle(&self, id: FnId, place: &Value) -> bool {
        type_of(self.types, id, place).is_none_or(|ty| match bodies::settled(&ty) {
            Ty::Unknown => true,
            Ty::External(_, args) if args.contains(&Ty::Unknown) => true,
            ty => self.types.contains_handle(ty),
        })
    }

    /// Whether the function borrows the owner of a place for itself (`&mut self`): others have the place only where they were
    /// given a pointer to it.
    pub fn borrows_alone(&self, id: FnId, place: &Value) -> bool {
        let signature = self.types.items.functions[id.index()].signature;
        let alone = signature.is_some_and(|facts| facts.receiver == Some(Receiver::Exclusive));
        alone && *place.root() == Value::Receiver
    }

    /// Whether the way from a parameter or `self` to a place goes through a pointer that counts its owners, or through
    /// what a framework hands to every handler, so that others have the place as well.
    pub fn is_behind_pointer(&self, id: FnId, place: &Value) -> bool {
        let Some(own) = type_of(self.types, id, place) else { return false };
        let mut inside = self.types.pointees(own);
        // What is behind the last pointer can only be changed if it synchronizes.
        if inside.any(|ty| self.types.type_facts(&ty).is_some_and(is_shared_pointer))
            && inside.any(|ty| self.types.type_facts(&ty).is_some_and(|facts| synchronizes(facts.kind)))
        {
            return true;
        }
        let mut current = place;
        while let Value::Field(around, _) = current {
            let mut types =
                type_of(self.types, id, around).into_iter().flat_map(|ty| self.types.pointees(ty));
            if types.any(|ty| self.types.type_facts(&ty).is_some_and(is_shared_pointer)) {
                return true;
            }
            current = around;
        }
        false
    }

    /// Whether the field at the start of a place of `self` is a cell that no two threads can reach.
    fn is_single_threaded(&self, id: FnId, place: &Value) -> bool {
        let mut current = place;
        while let Value::Field(inner, name) = current {
            if **inner == Value::Receiver {
                let own = self.types.signature(id).self_ty.clone().unwrap_or(Ty::Unknown);
                let ty = self.types.field(&own, name);
                let of_one_thread = ["std::cell::", "std::rc::"];
                return matches!(&ty, Ty::External(path, _) if path.contains("::unsync::") || of_one_thread.iter().any(|module| path.starts_with(module)));
            }
            current = inner;
        }
        false
    }

    /// Why no two callers of the function can race for a place that it fills with an effect; `None` where they may.
    pub fn why_no_race(&self, id: FnId) -> Option<&'static str> {
        if self.body(id).is_none() || self.effects(id).is_empty() {
            Some("no handle is created and no schema changed here or in what it calls")
        } else if !self.writes_a_place(id) {
            Some("no place is written that others could see")
        } else if !self.is_concurrent(id) {
            Some("nothing is seen to run the function beside itself")
        } else if self.is_called_under_lock(id) {
            Some("whoever calls it holds a lock")
        } else {
            None
        }
    }

    /// Whether every production call of the function is made with a lock held, here or further out.
    pub fn is_called_under_lock(&self, id: FnId) -> bool {
        self.is_called_only_where(id, &|_, call| !call.guards.is_empty(), 0)
    }

    /// Whether production code calls a function, and each call, or one around it, is made where something holds.
    pub(super) fn is_called_only_where(
        &self,
        id: FnId,
        holds: &dyn Fn(&bodies::LinkedBody<'_>, &bodies::Call<'_>) -> bool,
        depth: usize,
    ) -> bool {
        let callers = self.graph.callers[id.index()]
            .iter()
            .filter(|caller| **caller != id && self.scope(**caller) == Scope::Production);
        let mut called = false;
        for caller in callers {
            let Some(body) = self.any_body(*caller) else { return false };
            for call in &body.calls {
                if call.leads_to(id) {
                    called = true;
                    if !holds(body, call)
                        && (depth >= 3 || !self.is_called_only_where(*caller, holds, depth + 1))
                    {
                        return false;
                    }
                }
            }
        }
        called
    }
}

/// The call whose result a tested value is, when that result says who was first at a flag: the call, the flag, and
/// whether the value is true when somebody else was.
fn claim_of<'b>(body: &'b bodies::LinkedBody<'_>, tested: &Value) -> Option<(CallId, &'b Value, bool)> {
    let (call, as_it_is) = match tested {
        Value::Call(call) => (*call, true),
        Value::Test { place, present_when } => match **place {
            Value::Call(call) => (call, *present_when),
            _ => return None,
        },
        _ => return None,
    };
    let first_if_true = body.claims(call)? == bodies::Claimed::FirstIfTrue;
    let call_of = body.call(call);
    let flag = call_of.receiver.as_ref().or(call_of.args.first())?;
    Some((call, &flag.value, first_if_true != as_it_is))
}

/// Whether what happens at a place of the body is controlled by a test: it happens where the test found nothing, or after it
/// when the arm that found something left, perhaps only where what it found will do.
pub fn controls(body: &bodies::LinkedBody<'_>, test: &Test, at: ContextId) -> bool {
    let arm = body.arms(at).find(|(branch, _, _)| *branch == test.branch).map(|(_, arm, _)| arm);
    match arm {
        Some(arm) => test.absent.contains(&arm) || (test.absent.is_empty() && !test.present.contains(&arm)),
        None => {
            let gives_what_is_there =
                |value: &Value| value.any(|part| part.place() == &test.place) && !body.is_failure(value);
            let returns = |wanted: u32| {
                body.all_events().any(|event| {
                    matches!(&event.kind, EventKind::Return(value) if gives_what_is_there(value))
                        && body.is_directly_in(event.context, test.branch, wanted)
                })
            };
            let leaves = |arm: &u32| body.leaves(test.branch, *arm) || returns(*arm);
            !test.present.is_empty() && test.present.iter().all(leaves)
        }
    }
}

/// Whether a write, one of the happenings by index, is decided by what a lock guards, and that is noted under the same lock: whoever had to
/// wait for it finds what the first one did. A lock of its own keeps out nobody.
pub fn is_decided_under_lock(
    body: &bodies::LinkedBody<'_>,
    happenings: &[Happening<'_>],
    index: usize,
) -> bool {
    let What::Write(write) = &happenings[index].what else { return false };
    let notes = |test: &Test, lock: CallId| {
        happenings.iter().any(|one| {
            matches!(&one.what, What::Write(noted)
                if noted.place == test.place
                    && noted.value != Value::Bool(false)
                    && (noted.lock == Some(lock) || noted.guards.contains(&lock)))
        })
    };
    happenings[..index].iter().any(|one| match &one.what {
        What::Test(test) => test.lock.is_some_and(|lock| {
            let is_of_others =
                matches!(test.place.root(), Value::Static(_) | Value::Receiver | Value::Param(_));
            is_of_others
                && write.guards.contains(&lock)
                && controls(body, test, happenings[index].context)
                && notes(test, lock)
        }),
        _ => false,
    })
}

/// Whether a function that finds something there does nothing but refuse, and goes on to something else in every other case: each such
/// arm leaves with a failure of its own accord, and no other branch lies between the test and what comes `then`.
pub fn refuses(body: &bodies::LinkedBody<'_>, test: &Test, tested: ContextId, then: ContextId) -> bool {
    let arms = |context| body.arms(context).map(|(branch, arm, _)| (branch, arm));
    let ends_with_failure = |arm: &u32| {
        body.all_events().any(|event| {
            matches!(&event.kind, EventKind::Return(value) if body.is_failure(value))
                && arms(event.context).next() == Some((test.branch, *arm))
        })
    };
    let is_decided_elsewhere =
        arms(then).any(|arm| arm.0 != test.branch && !arms(tested).any(|around| around == arm));
    !test.present.is_empty()
        && !test.absent.is_empty()
        && test.present.iter().all(ends_with_failure)
        && !is_decided_elsewhere
}

/// Whether clones of a value of the type lead to the same thing.
pub(super) fn is_shared_pointer(facts: &TypeFacts) -> bool {
    facts.kind == TypeKind::State || (facts.kind == TypeKind::Wrapper && facts.clone == CloneKind::Shared)
}

/// Whether what is in a value of the kind can be changed by several owners.
fn synchronizes(kind: TypeKind) -> bool {
    matches!(
        kind,
        TypeKind::Lock | TypeKind::Atomic | TypeKind::OnceCell | TypeKind::SwapCell | TypeKind::Map
    )
}
