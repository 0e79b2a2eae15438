//! Room 5, *program*: what a handler is given once for the whole process, and what comes with each request, or with
//! each item of a list.

use super::bodies::{Call, CallId, EventKind, LinkedBody, Target, Time};
use super::flow::is_shared_pointer;
use super::items::FnId;
use super::summaries::{Effect, Step};
use super::types::{Bound, Ty};
use super::values::Value;
use super::{Program, bodies};
use crate::catalog::{CallRole, TypeKind};

impl Program<'_> {
    /// Whether a task is started for each item of a list: the call that starts it stands in a loop, and the task is given the
    /// item. A loop over numbers or over a list that is written down has none: it starts as many workers as somebody chose. A task that
    /// the loop waits for has no other beside it.
    pub fn is_task_of_an_item(&self, id: FnId, task: CallId) -> bool {
        let Some(body) = self.any_body(id) else { return false };
        let start = body.call(task);
        let is_item = |value: &Value| {
            value.any(|part| {
                matches!(part, Value::Element(list) if **list != Value::Unknown && list.texts().is_empty())
            })
        };
        // What a closure or an async block captures is found where it is used.
        let takes_item = |call: &Call<'_>| call.inputs().any(|input| is_item(&input.value));
        let inside = body.calls.iter().filter(|call| start.span.encloses(call.span));
        let made = Value::Call(task);
        let is_joined = body.all_events().any(|event| {
            matches!(event.kind, EventKind::Join(joined) if joined == task) && body.in_loop(event.context)
        }) || body.calls.iter().any(|call| {
            call.chained_on == Some(task) || call.receiver.as_ref().is_some_and(|on| on.value == made)
        });
        body.in_loop(start.context) && !is_joined && inside.chain([start]).any(takes_item)
    }

    /// Whether a function on the way to an effect has a loop that goes on: what it opens is not for one item.
    pub fn is_in_a_worker(&self, effect: &Effect) -> bool {
        let inside = self.functions_on(&effect.steps[1..]);
        inside.into_iter().filter_map(|id| self.body(id)).any(LinkedBody::has_loop_that_goes_on)
    }

    /// Whether an effect opens an embedded database that nobody else may have open at the same time, neither to read
    /// alone nor with a named lock in hand.
    pub fn opens_exclusively(&self, effect: &Effect) -> bool {
        let (function, call) = effect.site;
        let call = self.call(function, call);
        let Target::Library(facts) = call.target else { return false };
        let name = facts.path.rsplit("::").next().unwrap_or_default();
        let reads_only = ["read_only", "readonly", "secondary"].iter().any(|part| name.contains(part));
        let ty = self.types.type_facts(bodies::settled(&call.result));
        let exclusive = ty.is_some_and(|ty| ty.single_path && ty.kind == TypeKind::Embedded);
        let locked = effect.steps.iter().any(|step| match step {
            Step::Call(function, call) => !self.call(*function, *call).guards.is_empty(),
            Step::Static(..) => false,
        });
        exclusive && !reads_only && !locked
    }

    /// Whether an effect makes a handle only where a store that its owner keeps has no idle one: a pool written by hand.
    pub fn refills_a_store(&self, effect: &Effect) -> bool {
        effect.steps.iter().any(|step| {
            let Step::Call(function, made) = step else { return false };
            let before = &self.body(*function).map_or(&[][..], |body| &body.calls)[..made.0 as usize];
            before.iter().any(|call| {
                let takes =
                    matches!(call.name_of_callee(), Some("pop" | "pop_front" | "pop_back" | "try_recv"));
                let of_owner = call.receiver.as_ref().is_some_and(|store| {
                    store.value != Value::Receiver
                        && matches!(store.value.root(), Value::Receiver | Value::Static(_))
                });
                takes && of_owner
            })
        })
    }

    /// Whether a value in terms of a handler is made of what a request brings along, rather than of state.
    pub fn comes_with_request(&self, handler: FnId, value: &Value) -> bool {
        let params = &self.types.signature(handler).params;
        let is_state = |ty: &Ty| {
            self.types.type_facts(bodies::settled(ty)).is_some_and(|facts| facts.kind == TypeKind::State)
        };
        value.any(|part| match part {
            Value::Param(index) => params.get(*index as usize).is_some_and(|ty| !is_state(ty)),
            _ => false,
        })
    }

    /// Whether what runs at such a time is only moved to a thread that may block: `spawn_blocking(…)`.
    pub fn is_moved_aside(&self, (function, time): &(FnId, Time)) -> bool {
        let Time::Task(call) = time else { return false };
        matches!(self.call(*function, *call).target, Target::Library(facts) if facts.role == CallRole::SpawnBlocking)
    }

    /// Whether an effect opens a file in the folder for temporary files.
    pub fn is_temporary(&self, effect: &Effect) -> bool {
        effect
            .address
            .any(|part| matches!(part, Value::Origin(function, _) if &**function == "std::env::temp_dir"))
    }

    /// The name of a type of the workspace that keeps no handle and can stand for a value that does: both implement one trait.
    pub fn stands_in_for(&self, made: &Ty, wanted: &Ty) -> Option<String> {
        let (Ty::Adt(adt, _), false) = (made, self.types.contains_handle(made)) else { return None };
        let can_replace = |ty: Ty| match bodies::settled(&ty) {
            Ty::Bounds(bounds) => bounds.iter().any(|bound| match bound {
                Bound::Trait(id) => self.types.implements(made, *id),
                Bound::External(_) => false,
            }),
            other => other != made && self.types.share_a_trait(made, other),
        };
        let shared = self.types.pointees(wanted.clone()).any(can_replace);
        shared.then(|| self.types.items.adts[adt.index()].name.to_string())
    }

    /// Whether a value of a handler, as a term over its parameters, is the same for every request: made of settings,
    /// texts, statics, what the application's state holds, and what a pointer shares since the start (Warp and teloxide hand state
    /// over as plain parameters). What is not known may come from the request.
    pub fn is_same_for_all_requests(&self, handler: FnId, value: &Value) -> bool {
        let all = |list: &[Value]| list.iter().all(|part| self.is_same_for_all_requests(handler, part));
        match value {
            Value::Text(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Static(_) | Value::Env(_) | Value::Receiver => true,
            // What is read out of a request's body is the request's.
            Value::Loaded(_, _, parts) => all(parts),
            Value::Param(index) => {
                let params = &self.types.signature(handler).params;
                params.get(*index as usize).is_some_and(|ty| {
                    let facts = self.types.type_facts(bodies::settled(ty));
                    facts.is_some_and(|facts| facts.kind == TypeKind::State)
                        || self.is_shared_from_the_start(ty)
                })
            }
            Value::Field(inner, _) | Value::Behind(_, inner) | Value::Content(inner) => {
                self.is_same_for_all_requests(handler, inner)
            }
            // What makes something of nothing may make another one each time: a temporary folder, a random name.
            Value::Origin(path, parts) if parts.is_empty() => {
                self.types.catalog.function(path).is_some_and(|facts| facts.constant)
            }
            Value::Origin(_, parts) => all(parts),
            Value::Joined(parts) | Value::Choice(parts) => all(parts),
            Value::Record(_, _, fields) => {
                fields.iter().all(|(_, part)| self.is_same_for_all_requests(handler, part))
            }
            Value::With(base, fields) => {
                let changed = fields.iter().map(|(_, part)| part);
                [&**base].into_iter().chain(changed).all(|part| self.is_same_for_all_requests(handler, part))
            }
            _ => false,
        }
    }

    /// Whether a type is a pointer that several owners share, to an object of the workspace, and each such pointer is made in code that runs
    /// once: neither in a closure nor in what can run beside itself. Linear in the calls of the program.
    fn is_shared_from_the_start(&self, ty: &Ty) -> bool {
        let pointer = bodies::settled(ty);
        let is_to_object =
            matches!(pointer, Ty::External(_, args) if matches!(args.first(), Some(Ty::Adt(..))));
        if !is_to_object || !self.types.type_facts(pointer).is_some_and(is_shared_pointer) {
            return false;
        }
        let is_made = |call: &&Call<'_>| {
            matches!(call.target, Target::Library(facts) if facts.path.starts_with("std::"))
                && call.name_of_callee() != Some("clone")
                && call.receiver.is_none()
                && call.result == *pointer
        };
        let makers = self.linked().flat_map(|(id, body)| {
            let made = body.calls.iter().filter(is_made);
            made.map(move |call| self.is_concurrent(id) || body.blocks_around(call.context).next().is_some())
        });
        let mut makers = makers.peekable();
        makers.peek().is_some() && !makers.any(|again| again)
    }
}
