//! Room 5, *program*: tests whether a catalogue of the application's own lists something, and what creates it there where it does not:
//! `schema_by_name(name)` gives nothing, so `create_schema(name)` runs. Told by names, on one receiver with one argument.

use super::bodies::{Call, CallId, EventKind, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::values::Value;
use super::{Program, flow};
use crate::facts::{Body, ExprKind, Literal, Receiver};
use crate::location::Span;

/// A creation that a test decides, without a lock over both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGap {
    /// The function.
    pub function: FnId,
    /// The test.
    pub test: Span,
    /// What creates.
    pub creation: Span,
    /// What is created (`schema`).
    pub noun: &'static str,
}

/// What catalogues list.
const NOUNS: [&str; 6] = ["schema", "database", "namespace", "keyspace", "catalog", "table"];

impl Program<'_> {
    /// The creations of start-up code that a test of the same catalogue decides, and that fail when somebody else was faster, in
    /// order. Handlers are left out: what a request creates by its name is its own business.
    pub fn named_gaps(&self) -> Vec<NamedGap> {
        let mut found = Vec::new();
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let id = FnId(index as u32);
            if !item.body.is_some_and(creates_by_name) {
                continue;
            }
            let in_production = self.scope(id) == Scope::Production && !self.is_concurrent(id);
            let starts = || self.production_entries();
            if !in_production || !starts().any(|entry| self.reaches(entry.main, id)) {
                continue;
            }
            let Some(body) = self.any_body(id) else { continue };
            found.extend(self.named_gap(id, body));
        }
        found
    }

    fn named_gap(&self, function: FnId, body: &LinkedBody<'_>) -> Option<NamedGap> {
        let creations = body.calls.iter().enumerate().filter_map(|(index, call)| {
            let noun = created_noun(self.own_name(call)?).filter(|_| self.fails_for_the_second(call))?;
            let id = CallId(index as u32);
            let fails = call.outcome.unwrapped || call.outcome.propagated || body.hands_failure_on(id);
            (fails && call.guards.is_empty()).then_some((id, noun))
        });
        let events: Vec<_> = body
            .all_events()
            .filter_map(|event| match &event.kind {
                EventKind::Branch(branching) => Some(branching.as_ref()),
                _ => None,
            })
            .collect();
        for (creation, noun) in creations {
            let created = body.call(creation);
            for branching in &events {
                for atom in &branching.atoms {
                    let Some((asked, present_when)) = body.asked(&atom.value) else { continue };
                    let test = body.call(asked);
                    let about = self.own_name(test).is_some_and(|name| name.contains(noun));
                    if !about || !same_subject(body, test, created) {
                        continue;
                    }
                    let decides = flow::Test::of_existence(branching, atom, present_when, test.span);
                    if branching.guards.is_empty() && flow::controls(body, &decides, created.context) {
                        return Some(NamedGap { function, test: test.span, creation: created.span, noun });
                    }
                }
            }
        }
        None
    }

    /// Whether several may call the function at once, on a shared receiver, and nothing in it says `IF NOT EXISTS`.
    fn fails_for_the_second(&self, call: &Call<'_>) -> bool {
        let Target::Local { targets, .. } = &call.target else { return false };
        targets.iter().all(|target| {
            let item = &self.types.items.functions[target.index()];
            let shared = item.signature.is_some_and(|signature| signature.receiver == Some(Receiver::Shared));
            let literals = item.body.into_iter().flat_map(|body| &body.exprs);
            let mut texts = literals.filter_map(|expr| match &expr.kind {
                ExprKind::Literal(Literal::Str(text)) => Some(text.to_ascii_lowercase()),
                _ => None,
            });
            shared && !texts.any(|text| text.contains("if not exists"))
        })
    }

    /// The name of a function of the workspace that is called: what a database does for these names is known better.
    fn own_name(&self, call: &Call<'_>) -> Option<&str> {
        let Target::Local { targets, .. } = &call.target else { return None };
        targets.first().map(|target| self.types.items.functions[target.index()].name.as_str())
    }
}

/// Whether a body has a call that is named for creating something that catalogues list.
fn creates_by_name(body: &Body) -> bool {
    body.exprs.iter().any(|expr| match &expr.kind {
        ExprKind::MethodCall(call) => created_noun(&call.method).is_some(),
        _ => false,
    })
}

fn created_noun(name: &str) -> Option<&'static str> {
    let noun = name.strip_prefix("create_")?;
    NOUNS.into_iter().find(|known| *known == noun)
}

/// Whether two calls have the same receiver and the same first argument, both known.
fn same_subject(body: &LinkedBody<'_>, one: &Call<'_>, other: &Call<'_>) -> bool {
    let receivers = one.receiver.as_ref().zip(other.receiver.as_ref());
    let arguments = one.args.first().zip(other.args.first());
    receivers.is_some_and(|(one, other)| same_value(body, &one.value, &other.value))
        && arguments.is_some_and(|(one, other)| same_value(body, &one.value, &other.value))
}

/// Whether two values are the same, or are what one function without arguments gives for one receiver.
fn same_value(body: &LinkedBody<'_>, one: &Value, other: &Value) -> bool {
    let made_alike = |one: &Call<'_>, other: &Call<'_>| {
        let targets = match (&one.target, &other.target) {
            (Target::Local { targets: one, .. }, Target::Local { targets: other, .. }) => one == other,
            _ => false,
        };
        let on = |call: &Call<'_>| call.receiver.as_ref().map(|receiver| receiver.value.clone());
        targets && on(one).is_some() && on(one) == on(other) && one.args.is_empty() && other.args.is_empty()
    };
    match (one, other) {
        (Value::Unknown, _) => false,
        (Value::Call(one), Value::Call(other)) => {
            one == other || made_alike(body.call(*one), body.call(*other))
        }
        _ => one == other,
    }
}
