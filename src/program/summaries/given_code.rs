//! Room 5, *program*: functions of the workspace that run code which they are given, between steps of their own.

use crate::facts::{ExprKind, Name, Pat};
use crate::program::bodies::{Argument, Call, CallId, Event, EventKind, LinkedBody, Target, Time};
use crate::program::items::FnId;
use crate::program::types::{Ty, Types};
use crate::program::values::Value;

/// Whether a call in a function runs one of the function's parameters, of which it says nothing else: `f().await`.
pub(super) fn runs_parameter(types: &Types<'_>, id: FnId, call: &Call<'_>) -> bool {
    let Some(body) = types.items.functions[id.index()].body else { return false };
    let ExprKind::Call { callee, .. } = &body.expr(call.expr).kind else { return false };
    let ExprKind::Path(path) = &body.expr(*callee).kind else { return false };
    let [only] = path.segments.as_slice() else { return false };
    is_mentioned_once(types, id, &only.name)
}

/// Whether a call hands on a parameter that may be code, and of which the function says nothing else.
pub(super) fn hands_on_code(types: &Types<'_>, id: FnId, call: &Call<'_>) -> bool {
    let Some(signature) = types.items.functions[id.index()].signature else { return false };
    call.args.iter().any(|argument| {
        let Value::Param(index) = argument.value else { return false };
        let name = match signature.params.get(index as usize).map(|param| &param.pat) {
            Some(Pat::Bind { name, .. }) => name,
            _ => return false,
        };
        matches!(argument.ty, Ty::Callable(_) | Ty::Param(_) | Ty::Bounds(_))
            && is_mentioned_once(types, id, name)
    })
}

/// Whether a name is that of a parameter, and stands once in the body.
fn is_mentioned_once(types: &Types<'_>, id: FnId, wanted: &Name) -> bool {
    let item = &types.items.functions[id.index()];
    let (Some(body), Some(signature)) = (item.body, item.signature) else { return false };
    let is_parameter =
        signature.params.iter().any(|param| matches!(&param.pat, Pat::Bind { name, .. } if name == wanted));
    let mut mentions = body.exprs.iter().filter(|expr| match &expr.kind {
        ExprKind::Path(path) => matches!(path.segments.as_slice(), [only] if only.name == *wanted),
        _ => false,
    });
    is_parameter && mentions.next().is_some() && mentions.next().is_none()
}

/// Whether a call is given one piece of code, a future included: of several it is not known which one runs where.
pub(super) fn is_given_one(call: &Call<'_>) -> bool {
    let is_code = |argument: &&Argument| {
        matches!(argument.value, Value::Block(_) | Value::Function(_))
            || matches!(argument.ty, Ty::Future(_) | Ty::Callable(_) | Ty::Function(_))
    };
    call.args.iter().filter(is_code).count() == 1
}

/// Whether an event is code that a call of a function of the workspace is given, which stands before the call itself.
pub(super) fn is_given_to(body: &LinkedBody<'_>, event: &Event, call: CallId) -> bool {
    let to = body.call(call);
    if !matches!(to.target, Target::Local { .. }) {
        return false;
    }
    match &event.kind {
        EventKind::Block { block, time: Time::Inline } => {
            to.args.iter().any(|argument| argument.value == Value::Block(*block))
        }
        EventKind::Call { call: run, time: Time::Inline } => {
            let handed =
                |target: &FnId| to.args.iter().any(|argument| argument.value == Value::Function(*target));
            *run != call
                && body.call(*run).expr == to.expr
                && body.call(*run).local_targets().iter().any(handed)
        }
        _ => false,
    }
}
