//! Room 5, *program*: what keeps a request out while what it needs is not there: tests of middleware and of handlers.

use super::Program;
use super::bodies::{LinkedBody, Target, settled};
use super::flow::What;
use super::items::FnId;
use super::summaries::Effect;
use super::terms::type_of;
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
    /// and leaves. Tests of what a request carries say nothing of that.
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
            Value::Unknown => false,
            Value::Param(_) => {
                let ty = type_of(self.types, id, tested);
                let facts = ty.and_then(|ty| self.types.type_facts(settled(&ty)));
                facts.is_none_or(|facts| facts.kind != TypeKind::Request)
            }
            Value::Field(inner, _) | Value::Element(inner) | Value::Content(inner) => part(inner),
            Value::Test { place, .. } => part(place),
            Value::Origin(_, list) | Value::Choice(list) if !list.is_empty() => list.iter().any(part),
            Value::Call(call) if depth > 0 => {
                let call = &body.calls[call.0 as usize];
                let is_constant =
                    |value: &Value| matches!(value, Value::Text(_) | Value::Number(_) | Value::Bool(_));
                let mut inputs = call.inputs().filter(|input| !is_constant(&input.value)).peekable();
                let only_passes = match call.target {
                    Target::Library(facts) => facts.role == CallRole::Adapt,
                    Target::External(_) | Target::Unknown(_) => true,
                    Target::Local { .. } | Target::Block(_) => false,
                };
                !only_passes
                    || inputs.peek().is_none()
                    || inputs.any(|input| self.may_tell_of_start(id, body, &input.value, depth - 1))
            }
            _ => true,
        }
    }
}
