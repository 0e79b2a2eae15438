//! Room 5, *program*: functions of the workspace that run code which they are given, between steps of their own.

use crate::facts::{ExprKind, Pat};
use crate::program::bodies::{Call, CallId, Event, EventKind, LinkedBody, Target, Time};
use crate::program::items::FnId;
use crate::program::types::{Ty, Types};
use crate::program::values::Value;

/// Whether a call in a function runs one of the function's parameters: `f().await`.
pub(super) fn runs_parameter(types: &Types<'_>, id: FnId, call: &Call<'_>) -> bool {
    let item = &types.items.functions[id.index()];
    let (Some(body), Some(signature)) = (item.body, item.signature) else { return false };
    let ExprKind::Call { callee, .. } = &body.expr(call.expr).kind else { return false };
    let ExprKind::Path(path) = &body.expr(*callee).kind else { return false };
    let [only] = path.segments.as_slice() else { return false };
    signature.params.iter().any(|param| matches!(&param.pat, Pat::Bind { name, .. } if *name == only.name))
}

/// Whether a call hands on a parameter that may be code.
pub(super) fn hands_on_code(call: &Call<'_>) -> bool {
    call.args.iter().any(|argument| {
        matches!(argument.value, Value::Param(_))
            && matches!(argument.ty, Ty::Callable(_) | Ty::Param(_) | Ty::Bounds(_))
    })
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
