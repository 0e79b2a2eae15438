//! Room 5, *program*: what is to be said of few calls. It is kept apart, because most calls would only carry its room.

use super::super::items::AdtId;
use super::super::sql::SqlEffect;
use super::super::types::Ty;
use super::Call;
use crate::facts::Name;

/// What is to be said of few calls.
#[derive(Debug, Default)]
pub(super) struct CallDetails {
    /// How types decide what a function of the workspace does.
    choice: Option<TypeChoice>,
    /// What the SQL does that it is given, as far as it is constant, in order.
    pub(super) sql: Vec<SqlEffect>,
    /// The field that keeps the function which is called.
    kept_in: Option<Box<(AdtId, Name)>>,
}

impl CallDetails {
    pub(super) fn new(choice: Option<TypeChoice>, kept_in: Option<(AdtId, Name)>) -> Option<Box<Self>> {
        (choice.is_some() || kept_in.is_some())
            .then(|| Box::new(Self { choice, kept_in: kept_in.map(Box::new), ..Self::default() }))
    }
}

/// What a call of a function of the workspace leaves to types.
#[derive(Debug, Default)]
pub struct TypeChoice {
    /// What the type parameters of the function stand for, as far as it is known; `Self` for functions of traits, `#n`
    /// for parameters of which only traits are known.
    pub generics: Vec<(Name, Ty)>,
    /// What decides which of the implementations is called: a type parameter of the calling function, its `Self`, or
    /// `#n`, one of its parameters.
    pub through: Option<Name>,
}

impl Call<'_> {
    /// How types decide what a function of the workspace does, where they do.
    pub fn choice(&self) -> Option<&TypeChoice> {
        self.details.as_ref()?.choice.as_ref()
    }

    /// The field of a struct that keeps the function which is called: `(self.connect)()`.
    pub(in crate::program) fn kept_in(&self) -> Option<&(AdtId, Name)> {
        self.details.as_ref()?.kept_in.as_deref()
    }

    /// What the SQL does that it is given, as far as it is constant, in order.
    pub(in crate::program) fn sql(&self) -> &[SqlEffect] {
        self.details.as_ref().map_or(&[], |details| &details.sql)
    }
}
