//! Room 5, *program*: what the inputs of a function must be for something in it to happen, where a branch asks for that:
//! `match pool { Some(pool) => pool, None => connect().await? }`.

use super::bodies::{Branching, ContextId, EventKind, LinkedBody};
use super::items::FnId;
use super::terms::{Terms, substitute, type_of};
use super::types::{OPTION, Ty, Types};
use super::values::Value;
use crate::location::Span;

/// How many conditions of one place are told apart. More of them only say less, never something wrong.
const MOST_CONDITIONS: usize = 3;

/// Something that an input of a function must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The input, or what is in it, over the function's parameters: a `bool` or an `Option`.
    value: Value,
    /// Whether it must be true or present, rather than false or absent.
    holds: bool,
}

impl Condition {
    /// What is left of the condition for a caller that gives these inputs: nothing where they meet it; `None` where they rule
    /// it out.
    pub(super) fn given(&self, args: &[Value], receiver: Option<&Value>) -> Option<Option<Self>> {
        let value = substitute(&self.value, args, receiver);
        // A field that was empty when its object was made may have been filled since, by a method of the object.
        let is_field = !matches!(self.value, Value::Param(_));
        match truth_of(&value).filter(|truth| *truth || !is_field) {
            Some(truth) => (truth == self.holds).then_some(None),
            None if is_input(&value) => Some(Some(Self { value, holds: self.holds })),
            None => Some(None),
        }
    }
}

/// What is left of several conditions for a caller that gives these inputs; `None` where they rule one out.
pub(super) fn given(
    conditions: &[Condition],
    args: &[Value],
    receiver: Option<&Value>,
) -> Option<Vec<Condition>> {
    let left: Option<Vec<Option<Condition>>> =
        conditions.iter().map(|condition| condition.given(args, receiver)).collect();
    Some(left?.into_iter().flatten().collect())
}

/// The conditions of a place in a body, in the order of the branches: those of the arms around it, and of the branches before it
/// that leave otherwise. Linear in the branches of the body.
pub(super) fn conditions_at(
    types: &Types<'_>,
    id: FnId,
    body: &LinkedBody<'_>,
    terms: &Terms<'_, '_>,
    context: ContextId,
    place: Span,
) -> Vec<Condition> {
    let mut found = Vec::new();
    let branches = body.all_events().filter_map(|event| match &event.kind {
        EventKind::Branch(branching) => Some((event.context, branching.as_ref())),
        _ => None,
    });
    for (around, branching) in branches {
        let inside =
            body.arms(context).find(|(branch, ..)| *branch == branching.branch).map(|(_, arm, _)| arm);
        if inside.is_none() && !(place.starts_after(branching.span) && body.encloses(around, context)) {
            continue;
        }
        found.extend(asked(types, id, body, terms, branching, inside));
        if found.len() >= MOST_CONDITIONS {
            break;
        }
    }
    found.truncate(MOST_CONDITIONS);
    found
}

/// What a branch asks of the inputs for one of its arms, or for what follows it.
fn asked(
    types: &Types<'_>,
    id: FnId,
    body: &LinkedBody<'_>,
    terms: &Terms<'_, '_>,
    branching: &Branching,
    inside: Option<u32>,
) -> Vec<Condition> {
    let mut found = Vec::new();
    for atom in &branching.atoms {
        let (value, present_when) = match &atom.value {
            Value::Test { place, present_when } => (place.as_ref(), *present_when),
            value => (value, true),
        };
        // Which of the two the atom must be here.
        let is = match inside {
            Some(arm) if atom.if_true.contains(&arm) => true,
            Some(arm) if atom.if_false.contains(&arm) => false,
            Some(_) => continue,
            None => {
                let all_leave = |arms: &[u32]| {
                    !arms.is_empty() && arms.iter().all(|arm| body.leaves(branching.branch, *arm))
                };
                match (all_leave(&atom.if_true), all_leave(&atom.if_false)) {
                    (true, false) => false,
                    (false, true) => true,
                    _ => continue,
                }
            }
        };
        let value = terms.close(value).place().clone();
        if is_input(&value) && type_of(types, id, &value).is_some_and(|ty| is_bool_or_option(&ty)) {
            found.push(Condition { value, holds: is == present_when });
        }
    }
    found
}

/// Whether a term is an input of its function, or a field of one.
fn is_input(value: &Value) -> bool {
    match value {
        Value::Param(_) | Value::Receiver => true,
        Value::Field(inner, _) | Value::Content(inner) => is_input(inner),
        _ => false,
    }
}

fn is_bool_or_option(ty: &Ty) -> bool {
    matches!(ty, Ty::External(path, _) if path == "bool" || path == OPTION)
}

/// Whether a `bool` is true or something optional present, where the term says so. What a call gives may be either.
fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Created(..)
        | Value::Record(..)
        | Value::With(..)
        | Value::Text(_)
        | Value::Number(_)
        | Value::Function(_) => Some(true),
        Value::Origin(path, list) if list.is_empty() && path.ends_with("::None") => Some(false),
        _ => None,
    }
}
