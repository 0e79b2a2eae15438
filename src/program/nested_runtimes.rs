//! Room 5, *program*: calls that block on a runtime and are made by async code, which runs on one already.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::{Call, CallId, ContextKind, EventKind, LinkedBody, Target, Time};
use super::forcing::is_told;
use super::inventory::Scope;
use super::items::FnId;
use super::values::Value;
use crate::location::Location;

/// How many calls out async code is looked for.
const DEPTH: usize = 6;

/// A call that blocks on a runtime, with the async code that comes to it.
#[derive(Debug)]
pub struct NestedRuntime {
    /// The async function, or the one around the async block.
    pub function: FnId,
    /// Where it makes the call, or calls what comes to it.
    pub from: Location,
    /// The function with the call.
    pub inner: FnId,
    /// The call.
    pub call: CallId,
    /// Whether it is sure what is called on the way.
    pub certain: bool,
}

/// What runs a call.
enum Runner {
    Async,
    /// Whoever calls the function.
    Caller,
    /// A thread of its own, or nobody knows.
    Other,
}

impl Program<'_> {
    /// The calls of production code that block on a runtime while async code waits for them: each once, with the first
    /// async code that comes to it. Linear in the calls that lead to them.
    pub fn nested_runtimes(&self) -> Vec<NestedRuntime> {
        let mut found = Vec::new();
        for (inner, sketch) in self.types.items.function_ids().zip(&self.sketches) {
            let enters = sketch.as_ref().is_some_and(|sketch| sketch.enters_runtime);
            if !enters || self.scope(inner) != Scope::Production {
                continue;
            }
            let Some(body) = self.any_body(inner) else { continue };
            for (index, call) in body.calls.iter().enumerate() {
                if !enters_runtime(call) || is_told(body, call) {
                    continue;
                }
                let call = CallId(index as u32);
                let way = self.async_code_around(inner, call, DEPTH, &mut BTreeSet::new());
                found.extend(way.map(|(function, at, certain)| {
                    let from = self.location(function, self.call(function, at).span);
                    let certain = certain && self.is_run_by_a_runtime(function);
                    NestedRuntime { function, from, inner, call, certain }
                }));
            }
        }
        found
    }

    /// Whether a binary whose `main` is async, or blocks on a runtime, comes to a function.
    fn is_run_by_a_runtime(&self, function: FnId) -> bool {
        let has_runtime = |main: FnId| {
            let enters = |body: &LinkedBody<'_>| body.calls.iter().any(enters_runtime);
            self.is_async(main) || self.any_body(main).is_some_and(enters)
        };
        self.production_entries().any(|entry| has_runtime(entry.main) && self.reaches(entry.main, function))
    }

    /// The first async code that makes a call, or a call that leads to it, and whether that is certain.
    fn async_code_around(
        &self,
        id: FnId,
        call: CallId,
        depth: usize,
        seen: &mut BTreeSet<FnId>,
    ) -> Option<(FnId, CallId, bool)> {
        let body = self.any_body(id)?;
        match self.runner_of(id, body, call) {
            Runner::Async => return Some((id, call, true)),
            Runner::Caller if depth > 0 && seen.insert(id) => {}
            Runner::Caller | Runner::Other => return None,
        }
        let callers = self.graph.callers[id.index()].iter();
        callers.filter(|caller| self.scope(**caller) == Scope::Production).find_map(|caller| {
            let body = self.any_body(*caller)?;
            body.calls.iter().enumerate().find_map(|(index, call)| {
                let Target::Local { targets, dispatched } = &call.target else { return None };
                let leads = targets.contains(&id) && !is_told(body, call);
                let call = CallId(index as u32);
                let found = leads.then(|| self.async_code_around(*caller, call, depth - 1, seen))?;
                found.map(|(function, at, certain)| (function, at, certain && !dispatched))
            })
        })
    }

    fn runner_of(&self, id: FnId, body: &LinkedBody<'_>, call: CallId) -> Runner {
        // Who asks whether there is a runtime knows what to do.
        let asks = |call: &Call<'_>| matches!(call.target, Target::Library(facts) if facts.asks_runtime);
        if body.calls.iter().any(asks) {
            return Runner::Other;
        }
        // A function that is given to a call stands where that call does.
        let made_of = body.call(call);
        let is_given = body.calls.iter().enumerate().any(|(index, other)| {
            index != call.0 as usize && other.span == made_of.span && may_run_elsewhere(other)
        });
        if is_given {
            return Runner::Other;
        }
        let in_line = |time: Time| matches!(time, Time::Inline | Time::Parallel(_) | Time::Once(_));
        let made = body.all_events().find_map(|event| match event.kind {
            EventKind::Call { call: other, time } if other == call => Some(time),
            _ => None,
        });
        if !made.is_some_and(in_line) {
            return Runner::Other;
        }
        for context in body.outwards(body.call(call).context) {
            let ContextKind::Block(block) = context.kind else { continue };
            let takes_it = |call: &Call<'_>| call.inputs().any(|input| input.value == Value::Block(block));
            if body.blocks[block.0 as usize].is_async {
                // An executor that nobody knows may be any; what is awaited here, or handed on, this runtime runs.
                let is_elsewhere = body.calls.iter().enumerate().any(|(index, call)| {
                    let made = Value::Call(CallId(index as u32));
                    let is_unknown = matches!(call.target, Target::Unknown(_) | Target::External(_));
                    is_unknown
                        && takes_it(call)
                        && !self.is_awaited(id, call)
                        && !body.calls.iter().any(|other| other.args.iter().any(|input| input.value == made))
                });
                return if is_elsewhere { Runner::Other } else { Runner::Async };
            }
            let is_given = body.calls.iter().any(|call| may_run_elsewhere(call) && takes_it(call));
            if is_given || !body.blocks[block.0 as usize].time.is_some_and(in_line) {
                return Runner::Other;
            }
        }
        if self.is_async(id) { Runner::Async } else { Runner::Caller }
    }
}

impl Program<'_> {
    pub(super) fn is_awaited(&self, id: FnId, call: &Call<'_>) -> bool {
        self.types.items.functions[id.index()].body.is_some_and(|facts| facts.is_awaited(call.expr))
    }
}

fn enters_runtime(call: &Call<'_>) -> bool {
    matches!(call.target, Target::Library(facts) if facts.enters_runtime)
}

/// Whether what a call is given may run on a thread of its own: a function of the workspace may hand it on, and so does a
/// function of a library that is awaited (`web::block`).
fn may_run_elsewhere(call: &Call<'_>) -> bool {
    match call.target {
        Target::Library(_) => call.is_future,
        _ => true,
    }
}
