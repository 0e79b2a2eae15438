//! Room 5, *program*: what keeps a request out while what it needs is not there: tests of middleware and of handlers.

use super::Program;
use super::bodies::{CallId, LinkedBody, Target, settled};
use super::flow::What;
use super::items::FnId;
use super::summaries::Effect;
use super::terms::type_of;
use super::types::Ty;
use super::values::Value;
use crate::catalog::{CallRole, TypeKind};

/// Calls into calls are followed this far when it is asked what a tested value is made of.
const DEPTH: usize = 6;

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

impl Program<'_> {
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
                        Value::Function(target) if self.looks_first(target) => return Gate::Looks,
                        Value::Function(_) | Value::Block(_) => gate = Gate::Unknown,
                        _ => {}
                    }
                }
            }
        }
        gate
    }

    /// Whether the function answers by itself when something that holds a handle is not there: it tests the place
    /// and leaves. Tests of what a request carries, and of what a database answered, say nothing of that.
    pub fn looks_first(&self, id: FnId) -> bool {
        let Some(body) = self.body(id) else {
            return false;
        };
        self.happenings(id).iter().any(|happening| match &happening.what {
            What::Test(test) => {
                test.absent.iter().any(|arm| body.leaves(test.branch, *arm))
                    && self.may_tell_of_start(id, body, &test.place, DEPTH)
            }
            _ => false,
        })
    }

    /// Whether a tested value may say that something of the process is not there yet. Where that is not known, it may.
    fn may_tell_of_start(&self, id: FnId, body: &LinkedBody<'_>, tested: &Value, depth: usize) -> bool {
        let part = |value: &Value| self.may_tell_of_start(id, body, value, depth);
        match tested {
            Value::Unknown
            | Value::Text(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Function(_)
            | Value::Env(_) => false,
            Value::Param(_) => {
                !type_of(self.types, id, tested).is_some_and(|ty| self.is_carried_by_request(&ty))
            }
            Value::Field(inner, _)
            | Value::Element(inner)
            | Value::Content(inner)
            | Value::With(inner, _) => part(inner),
            Value::Test { place, .. } => part(place),
            Value::Origin(_, list) | Value::Choice(list) | Value::Joined(list) => list.iter().any(part),
            Value::Call(call) => depth == 0 || self.result_may_tell_of_start(id, body, *call, depth - 1),
            _ => true,
        }
    }

    /// Whether the result of a call may say so. What gives neither a handle nor a verdict for a handle is data.
    fn result_may_tell_of_start(&self, id: FnId, body: &LinkedBody<'_>, call: CallId, depth: usize) -> bool {
        let call = &body.calls[call.0 as usize];
        let result = settled(&call.result);
        if self.types.contains_handle(result) {
            return true;
        }
        let takes_handle = call.inputs().any(|input| self.types.contains_handle(&input.ty));
        let is_data = !matches!(result, Ty::Unknown) && *result != Ty::external("bool");
        if takes_handle && is_data {
            return false;
        }
        match call.target {
            Target::Library(facts) if facts.role != CallRole::Adapt => true,
            Target::Library(_) | Target::External(_) if call.inputs().next().is_some() => {
                call.inputs().any(|input| self.may_tell_of_start(id, body, &input.value, depth))
            }
            _ => true,
        }
    }

    /// Whether a parameter is made from the request alone: plain data, or a type of a library that is no state, and no handle
    /// in it.
    fn is_carried_by_request(&self, ty: &Ty) -> bool {
        let Ty::External(_, args) = settled(ty) else { return false };
        let facts = self.types.type_facts(settled(ty));
        let is_plain = facts
            .is_none_or(|facts| matches!(facts.kind, TypeKind::Plain | TypeKind::Wrapper | TypeKind::Map));
        is_plain
            && args.iter().all(|part| match part {
                // What a library keeps in a type of its own is read from the request; a pointer may be to anything.
                Ty::Adt(..) => facts.is_none() && !self.types.contains_handle(part),
                part => self.is_carried_by_request(part),
            })
    }
}
