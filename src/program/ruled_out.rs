//! Room 5, *program*: code in an arm of a `match` that no caller comes to, because each calls from the last arm of a `match` on the same
//! value that has dealt with the case before.

use super::inventory::Scope;
use super::items::FnId;
use super::values::Value;
use super::{Program, bodies};
use crate::facts::{Arm, Body, ExprId, ExprKind, Pat, Path};
use crate::location::Span;

impl Program<'_> {
    /// Whether a place in a function stands in an arm for one variant, and every call of the function in production code stands behind
    /// an arm for that variant, in a `match` on what is written alike over the same `self`. Linear in the bodies of the callers.
    pub fn is_ruled_out(&self, id: FnId, place: Span) -> bool {
        let item = &self.types.items.functions[id.index()];
        let Some(body) = item.body.filter(|_| self.types.signature(id).self_ty.is_some()) else {
            return false;
        };
        let own: Vec<(ExprId, &Path)> = arms_around(body, place)
            .filter_map(|(tested, _, arm)| Some((tested, path_of(&arm.pat)?)))
            .collect();
        if own.is_empty() {
            return false;
        }
        let callers = self.graph.callers[id.index()].iter().copied();
        let mut callers = callers.filter(|caller| self.scope(*caller) == Scope::Production).peekable();
        callers.peek().is_some() && callers.all(|caller| self.deals_with(caller, id, body, &own))
    }

    /// Whether a caller deals with one of the cases before each of its calls of the function.
    fn deals_with(&self, caller: FnId, callee: FnId, body: &Body, cases: &[(ExprId, &Path)]) -> bool {
        let same_self = self.types.signature(caller).self_ty == self.types.signature(callee).self_ty;
        let facts = self.types.items.functions[caller.index()].body;
        let Some((linked, facts)) = self.any_body(caller).zip(facts).filter(|_| same_self) else {
            return false;
        };
        let calls = linked.calls.iter().filter(|call| call.leads_to(callee));
        // The value is that of the callee's `self` only where the callee gets the caller's.
        let span_on_self = |call: &bodies::Call<'_>| {
            let on_self = call.receiver.as_ref().is_some_and(|on| on.value == Value::Receiver);
            on_self.then_some(call.span)
        };
        let mut spans = calls.map(span_on_self).peekable();
        spans.peek().is_some()
            && spans.all(|span| {
                span.into_iter().flat_map(|span| arms_around(facts, span)).any(|(tested, before, arm)| {
                    let is_rest = matches!(arm.pat, Pat::Wild | Pat::Bind { sub: None, .. });
                    is_rest
                        && cases.iter().any(|(asked, variant)| {
                            alike((body, *asked), (facts, tested))
                                && before.iter().any(|arm| {
                                    arm.guard.is_none()
                                        && path_of(&arm.pat).is_some_and(|path| ends_alike(path, variant))
                                })
                        })
                })
            })
    }
}

/// The arms around a place, each with what is tested and the arms before it. An arm under `#[cfg(…)]` is one of them: without it the
/// case does not come up.
fn arms_around(body: &Body, place: Span) -> impl Iterator<Item = (ExprId, &[Arm], &Arm)> {
    body.exprs.iter().filter(move |expr| expr.span.encloses(place)).filter_map(move |expr| {
        let ExprKind::Match { scrutinee, arms } = &expr.kind else { return None };
        let at = arms.iter().position(|arm| body.expr(arm.body).span.encloses(place))?;
        Some((*scrutinee, &arms[..at], &arms[at]))
    })
}

/// The path of a pattern that names one variant.
fn path_of(pat: &Pat) -> Option<&Path> {
    match pat {
        Pat::Path(path) => Some(path),
        Pat::TupleStruct(path, inner) if inner.iter().all(|pat| matches!(pat, Pat::Wild)) => Some(path),
        Pat::Ref(inner) => path_of(inner),
        _ => None,
    }
}

/// Whether two paths name the same variant of the same type, by their last two segments.
fn ends_alike(one: &Path, other: &Path) -> bool {
    let end = |path: &Path| -> Vec<_> {
        path.segments.iter().rev().take(2).map(|segment| segment.name.clone()).collect()
    };
    end(one).len() == 2 && end(one) == end(other)
}

/// Whether two expressions are the same fields and methods without arguments of `self`.
fn alike(one: (&Body, ExprId), other: (&Body, ExprId)) -> bool {
    match (&one.0.expr(one.1).kind, &other.0.expr(other.1).kind) {
        (ExprKind::Path(path), ExprKind::Path(same)) => {
            let is_self = |path: &Path| matches!(path.segments.as_slice(), [only] if only.name == "self");
            is_self(path) && is_self(same)
        }
        (ExprKind::Field { base, name }, ExprKind::Field { base: same, name: again }) => {
            name == again && alike((one.0, *base), (other.0, *same))
        }
        (ExprKind::MethodCall(call), ExprKind::MethodCall(same)) => {
            call.method == same.method
                && call.args.is_empty()
                && same.args.is_empty()
                && alike((one.0, call.receiver), (other.0, same.receiver))
        }
        (ExprKind::Reference(inner, _), ExprKind::Reference(same, _)) => {
            alike((one.0, *inner), (other.0, *same))
        }
        _ => false,
    }
}
