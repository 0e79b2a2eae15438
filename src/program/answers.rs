//! Room 5, *program*: what a handler answers at its end.

use super::Program;
use super::probes::Probe;
use crate::facts::{Body, Expr, ExprId, ExprKind};
use crate::finding::{Evidence, Role};
use crate::location::{Location, Span};

/// So many ways out of a handler are shown.
const MOST_SHOWN: usize = 3;

impl Program<'_> {
    /// Where the handler of a probe makes what it answers at its end: the first of its ways out, in the order of the text,
    /// without those on the line of the handler's name.
    pub fn answer_evidence(&self, probe: &Probe<'_>, label: &str) -> Vec<Evidence> {
        let route = probe.route;
        let Some(body) = self.types.items.functions[route.function.index()].body else { return Vec::new() };
        let ends = ends_of(body, route.closure).map(|end| self.location(route.function, end.span));
        let mut found: Vec<Location> = ends.filter(|end| end.span.line != route.location.span.line).collect();
        found.sort_unstable();
        found.truncate(MOST_SHOWN);
        let evidence = |location| Evidence { location, role: Role::Probe, label: label.to_owned() };
        found.into_iter().map(evidence).collect()
    }
}

/// What a body, or a closure in it, may give at its end, in no particular order: not the branches, but what stands in them.
fn ends_of(body: &Body, closure: Option<Span>) -> impl Iterator<Item = &Expr> {
    let root = match closure {
        None => Some(body.root),
        Some(span) => body.exprs.iter().find_map(|expr| match &expr.kind {
            ExprKind::Closure(closure) if expr.span == span => Some(closure.body),
            _ => None,
        }),
    };
    let mut pending: Vec<ExprId> = root.into_iter().collect();
    std::iter::from_fn(move || {
        while let Some(id) = pending.pop() {
            let expr = body.expr(id);
            match &expr.kind {
                ExprKind::Block { tail, .. } => pending.extend(tail),
                ExprKind::Async(inner) => pending.push(*inner),
                ExprKind::If { then, otherwise, .. } => pending.extend([*then].into_iter().chain(*otherwise)),
                ExprKind::Match { arms, .. } => pending.extend(arms.iter().map(|arm| arm.body)),
                _ => return Some(expr),
            }
        }
        None
    })
}

/// Whether a body gives `Ok(…)` wherever it ends: the type of its failures says nothing then. `succeeds` knows calls that give
/// nothing else.
pub(super) fn gives_only_ok(body: &Body, succeeds: &impl Fn(&Expr) -> bool) -> bool {
    let names = |expr: &Expr, wanted: &str| match &expr.kind {
        ExprKind::Path(path) => path.segments.last().is_some_and(|last| last.name == wanted),
        _ => false,
    };
    let is_ok = |end: &Expr| match &end.kind {
        ExprKind::Call { callee, .. } if names(body.expr(*callee), "Ok") => true,
        _ => succeeds(end),
    };
    let fails = |expr: &Expr| match &expr.kind {
        ExprKind::Try(_) => true,
        ExprKind::Return(value) => !value.is_some_and(|value| is_ok(body.expr(value))),
        _ => names(expr, "Err"),
    };
    ends_of(body, None).all(is_ok) && !body.exprs.iter().any(fails)
}

/// Whether a body gives `Ok(…)` around JSON or a page at each of its ends, and nothing in it may leave in another way: whatever is
/// in it, the status says that all is well.
pub(super) fn gives_only_success(body: &Body) -> bool {
    let last = |id: ExprId| match &body.expr(id).kind {
        ExprKind::Path(path) => path.segments.last().map(|last| last.name.as_str()),
        _ => None,
    };
    let is_plain = |id: &ExprId| match &body.expr(*id).kind {
        ExprKind::Call { callee, .. } => matches!(last(*callee), Some("Json" | "Html")),
        _ => false,
    };
    let is_success = |end: &Expr| match &end.kind {
        ExprKind::Call { callee, args } if last(*callee) == Some("Ok") => args.first().is_some_and(|given| {
            is_plain(given)
                || matches!(&body.expr(*given).kind, ExprKind::MethodCall(call)
                    if call.method == "into_response" && is_plain(&call.receiver))
        }),
        _ => false,
    };
    let may_leave =
        |expr: &Expr| matches!(expr.kind, ExprKind::Try(_) | ExprKind::Return(_) | ExprKind::Macro(_));
    ends_of(body, None).all(is_success) && !body.exprs.iter().any(may_leave)
}

/// Whether what a body, or a closure in it, gives at its end is not plainly a success: neither `Ok(…)` nor a value that is
/// no `Result` by its form, nor a call that `succeeds`.
pub(super) fn gives_a_result(body: &Body, closure: Option<Span>, succeeds: &impl Fn(&Expr) -> bool) -> bool {
    ends_of(body, closure).filter(|end| !succeeds(end)).any(|end| match &end.kind {
        ExprKind::Path(path) => path.segments.last().is_some_and(|last| last.name == "None"),
        ExprKind::Await(_) => closure.is_none(),
        ExprKind::MethodCall(call) => {
            let adapts = matches!(
                call.method.as_str(),
                "map"
                    | "map_err"
                    | "and_then"
                    | "ok_or"
                    | "ok_or_else"
                    | "ok"
                    | "context"
                    | "then_some"
                    | "then"
                    | "into"
            );
            adapts || closure.is_none()
        }
        ExprKind::Call { callee, .. } => {
            let is_ok = match &body.expr(*callee).kind {
                ExprKind::Path(path) => {
                    path.segments.last().is_some_and(|last| matches!(last.name.as_str(), "Ok" | "Some"))
                }
                _ => false,
            };
            !is_ok && closure.is_none()
        }
        _ => false,
    })
}
