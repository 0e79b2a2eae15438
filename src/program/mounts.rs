//! Room 5, *program*: the paths under which something is registered in a function, where its text and the routers that it mounts say them.

use std::borrow::Cow;

use super::bodies::{Call, CallId, LinkedBody, Target};
use super::values::Value;
use crate::catalog::{CallFacts, CallRole};
use crate::location::Span;

/// Routers that are mounted on routers are followed this far.
const DEPTH: usize = 8;

/// The paths under which something in a function is registered there, without a slash at the end; empty for the root. None where no path is
/// written. A router in a variable has those under which it is mounted: `let api = …; app.nest("/api", api)`.
pub(super) fn paths_at(body: &LinkedBody<'_>, at: Span) -> Vec<String> {
    paths_mounted(body, at, DEPTH)
}

/// The same, with the root where no path is written.
pub(super) fn prefixes_at(body: &LinkedBody<'_>, at: Span) -> Vec<String> {
    let paths = paths_at(body, at);
    if paths.is_empty() { vec![String::new()] } else { paths }
}

fn paths_mounted(body: &LinkedBody<'_>, at: Span, depth: usize) -> Vec<String> {
    let own = path_written_at(body, at);
    let Some(depth) = depth.checked_sub(1) else { return own.into_iter().collect() };
    let router = router_at(body, at);
    let mounts = body.calls.iter().filter(|call| !takes(call, at) && call.span != at);
    let mounts = mounts.filter(|call| given_router(body, call).is_some_and(|given| Some(given) == router));
    let mut found: Vec<String> = Vec::new();
    for mount in mounts {
        let written = route_text(mount);
        let mut around = paths_mounted(body, mount.span, depth);
        // A queue takes jobs under no path at all.
        if around.is_empty() && written.is_none() && own.is_none() {
            continue;
        }
        if around.is_empty() {
            around.push(String::new());
        }
        let (here, inside) = (segments(&written.unwrap_or_default()), own.as_deref().unwrap_or_default());
        found.extend(around.iter().map(|outer| format!("{outer}{here}{inside}")));
    }
    if found.is_empty() {
        found.extend(own);
    }
    found.sort();
    found.dedup();
    found
}

/// The call that makes the router at which something is registered at a place, the outermost where one stands in another.
fn router_at(body: &LinkedBody<'_>, at: Span) -> Option<CallId> {
    let registers = |call: &Call<'_>| {
        let role = library(call).map(|facts| facts.role);
        matches!(role, Some(CallRole::Register | CallRole::Mount))
    };
    let calls = (0..).map(CallId).zip(&body.calls).filter(|(_, call)| registers(call));
    let around = calls.filter(|(_, call)| takes(call, at) || call.span == at);
    let (id, _) = around.max_by_key(|(_, call)| (call.span.end_line, call.span.end_column))?;
    router_behind(body, &Value::Call(id))
}

/// The router that a call mounts or registers.
pub(super) fn given_router(body: &LinkedBody<'_>, call: &Call<'_>) -> Option<CallId> {
    let facts = library(call).filter(|facts| matches!(facts.role, CallRole::Mount | CallRole::Register))?;
    router_behind(body, &call.args.get(facts.handler?)?.value)
}

/// The call at which the chain begins that gives a router.
fn router_behind(body: &LinkedBody<'_>, value: &Value) -> Option<CallId> {
    let Value::Call(mut made) = *value.root() else { return None };
    // A chain is no longer than the body has calls.
    for _ in 0..body.calls.len() {
        let call = body.call(made);
        let goes_on = library(call).is_some_and(|facts| {
            use CallRole::{Middleware, Mount, Register, Share, StatePut};
            matches!(facts.role, Register | Mount | Middleware | StatePut | Share)
        });
        match call.receiver.as_ref().map(|receiver| receiver.value.root()) {
            Some(Value::Call(before)) if goes_on => made = *before,
            _ => return Some(made),
        }
    }
    None
}

/// The path that is written around a place, without a slash at the end; empty for the root.
fn path_written_at(body: &LinkedBody<'_>, at: Span) -> Option<String> {
    let mut around: Vec<(Span, String)> = Vec::new();
    for (index, call) in body.calls.iter().enumerate() {
        let takes = takes(call, at);
        // `scope("/x").route("/y", …)`: what the chain starts with is further out than the call itself.
        if takes || call.span == at {
            let made = CallId(index as u32);
            let begins = mounted_on(body, made).or_else(|| begun_at(body, made));
            around.extend(begins.map(|route| (call.span, route)));
        }
        if takes {
            let route = route_text(call).or_else(|| route_handed_on(body, call, at));
            around.extend(route.map(|route| (call.span, route)));
        }
    }
    // The outermost comes first.
    around.sort_by_key(|(span, _)| std::cmp::Reverse((span.end_line, span.end_column)));
    let route = around.iter().map(|(_, part)| segments(part)).collect();
    (!around.is_empty()).then_some(route)
}

/// A part of a path with a slash before it and none after it; empty for the root. Salvo's parts have none.
pub(super) fn segments(part: &str) -> String {
    let part = part.trim_matches('/');
    if part.is_empty() { String::new() } else { format!("/{part}") }
}

/// Whether a place is among the arguments of a call.
pub(super) fn takes(call: &Call<'_>, at: Span) -> bool {
    let start = (call.name_span.end_line, call.name_span.end_column);
    let end = (call.span.end_line, call.span.end_column);
    start <= (at.line, at.column) && (at.end_line, at.end_column) <= end && call.span != at
}

pub(super) fn library<'a>(call: &Call<'a>) -> Option<&'a CallFacts> {
    match call.target {
        Target::Library(facts) => Some(facts),
        _ => None,
    }
}

/// The text that a registering or mounting call has as its route. What it begins with may be a prefix that is not known.
pub(super) fn route_text(call: &Call<'_>) -> Option<String> {
    let value = &call.args.get(library(call)?.route?)?.value;
    let known = value.texts().into_iter().next().map(Cow::into_owned);
    let worded = || value.wording().map(|wording| wording.trim_start_matches("{}").to_owned());
    known.or_else(worded)
}

/// The one path that a function of the workspace is given beside a wrapped handler, which it registers there or hands on:
/// `routes.add("/orders", get(list))`.
fn route_handed_on(body: &LinkedBody<'_>, call: &Call<'_>, at: Span) -> Option<String> {
    let wraps = |other: &Call<'_>| {
        library(other).is_some_and(|facts| facts.role == CallRole::HandlerWrap)
            && takes(call, other.span)
            && (other.span == at || takes(other, at))
    };
    // A path further in is the route.
    let has_route = |other: &Call<'_>| {
        library(other).is_some_and(|facts| facts.route.is_some())
            && takes(call, other.span)
            && takes(other, at)
    };
    if call.local_targets().is_empty() || !body.calls.iter().any(wraps) || body.calls.iter().any(has_route) {
        return None;
    }
    let mut paths = call.args.iter().filter_map(|argument| match &argument.value {
        Value::Text(text) if text.starts_with('/') => Some(text.to_string()),
        _ => None,
    });
    paths.next().filter(|_| paths.next().is_none())
}

/// `let api = scope("/x"); api.route(…)`: so it does where the chain is cut.
fn begun_at(body: &LinkedBody<'_>, made: CallId) -> Option<String> {
    let begins = router_behind(body, &Value::Call(made)).filter(|begins| *begins != made)?;
    let call = body.call(begins);
    route_text(call).filter(|_| call.receiver.is_none())
}

/// `resource("/x").route(…)`: the route stands at the start of the chain.
fn mounted_on(body: &LinkedBody<'_>, from: CallId) -> Option<String> {
    let mut current = body.call(from).chained_on?;
    loop {
        let call = body.call(current);
        match call.chained_on {
            Some(next) => current = next,
            None => return route_text(call).filter(|_| call.receiver.is_none()),
        }
    }
}
