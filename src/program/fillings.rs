//! Room 5, *program*: the places of the process that are filled with handles, and how carefully each function does it.

use super::Program;
use super::bodies::{EventKind, LinkedBody, Target};
use super::flow::{What, Written, controls};
use super::inventory::Scope;
use super::items::{AdtId, FnId, StaticId};
use super::summaries::Effect;
use super::types::Ty;
use super::values::Value;
use crate::catalog::CallRole;
use crate::facts::Name;
use crate::location::Span;

/// A place, the same whichever function names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPlace {
    /// Where it begins.
    pub root: PlaceRoot,
    /// The fields from there.
    pub fields: Vec<Name>,
}

/// Where a place begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceRoot {
    /// A static.
    Static(StaticId),
    /// A value of a type of the workspace.
    Adt(AdtId),
}

/// A function that puts a created handle into a place.
#[derive(Debug)]
pub struct Filling<'p> {
    /// The function.
    pub function: FnId,
    /// The place.
    pub place: KnownPlace,
    /// The place, as the function names it.
    pub named: Value,
    /// The creation.
    pub effect: &'p Effect,
    /// Where the place is written.
    pub written: Span,
    /// How.
    pub care: Care,
}

/// How a function treats what may be in the place it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// It fills the place only if a test, here, finds it empty.
    Tests(Span),
    /// It takes out, closes or otherwise looks at what was there.
    Replaces,
    /// It overwrites whatever is there.
    Overwrites,
}

impl Program<'_> {
    /// Every function of production code that fills a place with a handle that it creates, in the order of the functions.
    pub fn fillings(&self) -> Vec<Filling<'_>> {
        let mut found = Vec::new();
        for (id, body) in self.linked() {
            let fills = |effect: &&Effect| effect.creates_handle() && effect.kept_in().is_some();
            let own = self.effects(id).iter().filter(fills);
            if self.scope(id) != Scope::Production || own.clone().next().is_none() || !self.writes_a_place(id)
            {
                continue;
            }
            let happenings = self.happenings(id);
            // What a callee writes is the callee's filling.
            let is_own = |span| {
                body.all_events()
                    .any(|event| matches!(&event.kind, EventKind::Write(own) if own.span == span))
            };
            for effect in own {
                let Some(named) = effect.kept_in() else { continue };
                let write = happenings.iter().find_map(|one| match &one.what {
                    What::Write(write) if write.place == named && !write.once_cell && is_own(write.span) => {
                        Some((one.context, write))
                    }
                    _ => None,
                });
                let Some((context, write)) = write else { continue };
                let test = happenings.iter().find_map(|one| match &one.what {
                    What::Test(test) if test.place == named && controls(body, test, context) => {
                        Some(test.span)
                    }
                    _ => None,
                });
                let looks = || {
                    happenings.iter().any(|one| matches!(&one.what, What::Test(test) if test.place == named))
                        || replaces(body, write)
                };
                let care = match test {
                    Some(test) => Care::Tests(test),
                    None if write.atomic || effect.once.is_some() || looks() => Care::Replaces,
                    None => Care::Overwrites,
                };
                let filling = |place| Filling {
                    function: id,
                    place,
                    named: named.clone(),
                    effect,
                    written: write.span,
                    care,
                };
                found.extend(self.known_places(id, &named).into_iter().map(filling));
            }
        }
        found
    }

    /// The places that a place of one function stands for, by what they begin with; none for locals, and parameters of
    /// no type of the workspace that no caller gives a static for.
    fn known_places(&self, id: FnId, place: &Value) -> Vec<KnownPlace> {
        let mut fields = Vec::new();
        let mut current = place;
        while let Value::Field(inner, name) = current {
            fields.insert(0, name.clone());
            current = inner;
        }
        let of_type = |ty: &Ty| {
            self.types.pointees(ty.clone()).find_map(|ty| match ty {
                Ty::Adt(adt, _) => Some(PlaceRoot::Adt(adt)),
                _ => None,
            })
        };
        let signature = self.types.signature(id);
        let owner = match current {
            Value::Receiver if !fields.is_empty() => signature.self_ty.as_ref().and_then(of_type),
            Value::Param(index) if !fields.is_empty() => {
                signature.params.get(*index as usize).and_then(of_type)
            }
            _ => None,
        };
        let roots = match owner {
            Some(owner) => vec![owner],
            None => self.statics_given(id, current).into_iter().map(PlaceRoot::Static).collect(),
        };
        roots.into_iter().map(|root| KnownPlace { root, fields: fields.clone() }).collect()
    }
}

/// Whether something is taken out of a place or closed in the body, or the write is an insertion under a key.
fn replaces(body: &LinkedBody<'_>, write: &Written) -> bool {
    body.calls.iter().any(|call| match call.target {
        Target::Library(facts) => {
            let swaps = facts.path.ends_with("::swap") || facts.path.ends_with("::replace");
            matches!(facts.role, CallRole::OnceTake | CallRole::Close)
                || swaps
                || (facts.role == CallRole::MapSet && call.span == write.span)
        }
        _ => false,
    })
}
