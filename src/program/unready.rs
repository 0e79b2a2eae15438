//! Room 5, *program*: probes that say all is well in a state that is named for not being ready.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::{Call, LinkedBody};
use super::items::FnId;
use super::probes::says_well;
use super::routes::Route;
use crate::facts::{BinaryOp, Body, ExprId, ExprKind, Literal, Pat, Path, Statement};
use crate::location::{Location, Span};

/// How many calls lie between a handler and the test of the state.
const DEPTH: u32 = 3;

/// Names of states in which a service does not do its work yet.
const UNREADY: [&str; 14] = [
    "initializing",
    "initialising",
    "starting",
    "startup",
    "migrating",
    "connecting",
    "booting",
    "warming",
    "warmup",
    "loading",
    "recovering",
    "uninitialized",
    "unready",
    "pending",
];

/// Last segments of paths that say that all is well.
const WELL: [&str; 7] = ["OK", "Ok", "Healthy", "Up", "Serving", "Ready", "Pass"];

impl Program<'_> {
    /// The first test of a state that is named for not being ready on which the answer of a handler is that all is well, in
    /// the handler or in what it asks. Linear in the functions on the way.
    pub fn well_while_unready(&self, route: &Route) -> Option<Location> {
        let mut seen = BTreeSet::from([route.function]);
        let mut queue = vec![(route.function, route.closure, 0)];
        // A type of the workspace may make the answer.
        let answers = self.answer_types(route.function, route.closure);
        let answers = answers.iter().flat_map(|ty| self.answers_of(ty));
        queue.extend(answers.filter(|id| seen.insert(*id)).map(|id| (id, None, 1)));
        while let Some((id, region, depth)) = queue.pop() {
            let Some(facts) = self.types.items.functions[id.index()].body else { continue };
            let name = self.types.items.functions[id.index()].name.as_str();
            let says_well = promises_well(name);
            let is_verdict = self.is_verdict(id);
            let scan = Scan { facts, region, answers_request: depth == 0, is_verdict, says_well };
            if let Some(span) = scan.first() {
                return Some(self.location(id, span));
            }
            if depth == DEPTH {
                continue;
            }
            let Some(body) = self.any_body(id) else { continue };
            for target in called(body, region) {
                if seen.insert(target) {
                    queue.push((target, None, depth + 1));
                }
            }
        }
        None
    }

    /// Whether a function gives a `bool` or a `Result`.
    fn is_verdict(&self, id: FnId) -> bool {
        let awaited = self.types.signature(id).output.awaited();
        awaited.is_option_or_result() || self.types.display(awaited) == "bool"
    }
}

fn called(body: &LinkedBody<'_>, region: Option<Span>) -> Vec<FnId> {
    let inside = body.calls.iter().filter(|call| region.is_none_or(|region| region.encloses(call.span)));
    inside.flat_map(Call::local_targets).copied().collect()
}

/// One function on the way to an answer.
struct Scan<'f> {
    facts: &'f Body,
    region: Option<Span>,
    /// Whether it is the handler.
    answers_request: bool,
    /// Whether what it gives says by itself whether all is well.
    is_verdict: bool,
    /// Whether its name says what it means where it holds: that all is well.
    says_well: bool,
}

impl Scan<'_> {
    fn first(&self) -> Option<Span> {
        let inside = |span: Span| self.region.is_none_or(|region| region.encloses(span));
        let exprs = self.facts.exprs.iter().filter(|expr| inside(expr.span));
        let found = exprs.filter_map(|expr| match &expr.kind {
            ExprKind::If { condition, then, .. } => {
                (self.is_unready(*condition) && self.is_well(*then)).then(|| self.facts.expr(*condition).span)
            }
            ExprKind::Match { arms, .. } => arms
                .iter()
                .find(|arm| arm.guard.is_none() && names_unready(&arm.pat) && self.is_well(arm.body))
                .map(|arm| self.facts.expr(arm.body).span),
            _ => None,
        });
        found.min().or_else(|| self.either_of_two())
    }

    /// `initializing || connected`, or `matches!(phase, Initializing | Ready)`, as what a function gives.
    fn either_of_two(&self) -> Option<Span> {
        if !self.is_verdict || self.answers_request || !self.says_well {
            return None;
        }
        let mut last = self.facts.root;
        loop {
            match &self.facts.expr(last).kind {
                ExprKind::Block { tail: Some(inner), .. } | ExprKind::Async(inner) => last = *inner,
                ExprKind::Binary { op: BinaryOp::Or, left, right } => {
                    let unready = [*left, *right].into_iter().find(|side| self.is_unready(*side))?;
                    return Some(self.facts.expr(unready).span);
                }
                ExprKind::Let(condition) => {
                    let Pat::Or(parts) = &condition.pat else { return None };
                    let is_mixed = parts.iter().any(names_unready) && parts.iter().any(names_well);
                    return is_mixed.then(|| self.facts.expr(last).span);
                }
                _ => return None,
            }
        }
    }

    /// Whether a condition holds in a state that is named for not being ready.
    fn is_unready(&self, id: ExprId) -> bool {
        match &self.facts.expr(id).kind {
            ExprKind::Path(path) => path.segments.last().is_some_and(|last| speaks_of_unready(&last.name)),
            ExprKind::Field { base, name } => {
                speaks_of_unready(name) || (name.parse::<u32>().is_ok() && self.is_unready(*base))
            }
            ExprKind::MethodCall(call) => {
                let reads = ["load", "get", "read", "lock", "borrow", "unwrap", "expect", "clone"];
                speaks_of_unready(&call.method)
                    || (reads.contains(&call.method.as_str()) && self.is_unready(call.receiver))
            }
            ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Deref(inner)
            | ExprKind::Reference(inner, _) => self.is_unready(*inner),
            ExprKind::Binary { op: BinaryOp::Eq, left, right } => [left, right]
                .into_iter()
                .any(|side| matches!(&self.facts.expr(*side).kind, ExprKind::Path(path) if is_variant(path))),
            ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right } => {
                self.is_unready(*left) || self.is_unready(*right)
            }
            ExprKind::Let(condition) => names_unready(&condition.pat),
            _ => false,
        }
    }

    /// Whether a value says that all is well.
    fn is_well(&self, id: ExprId) -> bool {
        let is_ok = |path: &Path| path.segments.last().is_some_and(|last| WELL.contains(&last.name.as_str()));
        match &self.facts.expr(id).kind {
            ExprKind::Block { statements, tail } => match (tail, statements.last()) {
                (Some(tail), _) => self.is_well(*tail),
                (None, Some(Statement::Expr(last, _))) => {
                    matches!(self.facts.expr(*last).kind, ExprKind::Return(Some(value)) if self.is_well(value))
                }
                _ => false,
            },
            ExprKind::Return(Some(value)) => self.is_well(*value),
            ExprKind::Literal(Literal::Bool(value)) => *value && self.is_verdict && !self.answers_request,
            ExprKind::Path(path) => path.segments.len() > 1 && is_ok(path),
            ExprKind::Tuple(parts) => parts.first().is_some_and(|first| self.is_well(*first)),
            // `HttpResponse::Ok()` and `Ok(value)`, where the value is no status that says otherwise.
            ExprKind::Call { callee, args } => match &self.facts.expr(*callee).kind {
                ExprKind::Path(path) => is_ok(path) && args.iter().all(|value| !self.says_otherwise(*value)),
                _ => false,
            },
            ExprKind::MethodCall(call) => self.is_well(call.receiver),
            _ => false,
        }
    }

    fn says_otherwise(&self, id: ExprId) -> bool {
        let around = self.facts.expr(id).span;
        self.facts.exprs.iter().filter(|expr| around.encloses(expr.span)).any(|expr| match &expr.kind {
            ExprKind::Path(path) => {
                path.segments.len() > 1
                    && path.segments.last().is_some_and(|last| !WELL.contains(&last.name.as_str()))
            }
            ExprKind::Literal(Literal::Bool(value)) => !value,
            _ => false,
        })
    }
}

/// Whether the name of a function says that all is well where it holds, rather than the opposite.
fn promises_well(name: &str) -> bool {
    const PROMISES: [&str; 8] =
        ["accepts", "available", "connected", "operational", "passes", "serve", "serving", "started"];
    let says = |words: &[&str]| name.split('_').any(|word| words.contains(&word));
    (says_well(name) || says(&PROMISES)) && !says(&["not", "no", "never"])
}

/// Whether a pattern is a variant that is named for being well.
fn names_well(pat: &Pat) -> bool {
    match pat {
        Pat::Path(path) | Pat::TupleStruct(path, _) | Pat::Struct(path, _) => path
            .segments
            .last()
            .is_some_and(|last| WELL.contains(&last.name.as_str()) || says_well(&last.name)),
        Pat::Or(parts) => parts.iter().any(names_well),
        Pat::Ref(inner) => names_well(inner),
        _ => false,
    }
}

/// Whether a pattern is a variant that is named for not being ready.
fn names_unready(pat: &Pat) -> bool {
    match pat {
        Pat::Path(path) | Pat::TupleStruct(path, _) | Pat::Struct(path, _) => is_variant(path),
        Pat::Or(parts) => parts.iter().any(names_unready),
        Pat::Ref(inner) => names_unready(inner),
        _ => false,
    }
}

fn is_variant(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| {
        last.name.starts_with(|first: char| first.is_uppercase()) && speaks_of_unready(&last.name)
    })
}

/// Whether a name in snake or camel case says that something is not ready yet.
fn speaks_of_unready(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    for letter in name.chars() {
        let ends = words.last().is_none_or(|word| !word.is_empty());
        let starts = letter == '_' || (letter.is_uppercase() && name.contains(char::is_lowercase));
        if starts && ends {
            words.push(String::new());
        }
        if letter != '_' {
            words.last_mut().expect("there is always a word").extend(letter.to_lowercase());
        }
    }
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let says = UNREADY.iter().any(|word| has(word))
        || (has("in") && has("progress"))
        || (has("not") && has("ready"));
    let says_other = ["done", "finished", "failed", "complete", "completed"].iter().any(|word| has(word));
    says && !says_other && (!has("not") || has("ready"))
}

#[cfg(test)]
mod tests {
    use super::speaks_of_unready;

    #[test]
    fn states_are_told_by_words() {
        for name in
            ["initializing", "is_initializing", "WarmingUp", "init_in_progress", "NotReady", "STARTING"]
        {
            assert!(speaks_of_unready(name), "{name}");
        }
        for name in
            ["ready", "initialized", "startup_done", "Ready", "NotStarting", "progress", "restarting_rate"]
        {
            assert!(!speaks_of_unready(name), "{name}");
        }
    }
}
