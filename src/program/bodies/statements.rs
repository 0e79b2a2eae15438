//! Room 5, *program*: the SQL that calls hand to libraries, as far as it stands in the code.

use super::super::sql::{self, SessionSetting, SqlEffect};
use super::super::values::Value;
use super::{Call, CallId, LinkedBody, Target};
use crate::catalog::{CallRole, ValueSource};

impl Call<'_> {
    /// What the SQL does that the call is given; kept, see [`Call::sql`].
    pub(super) fn sql_effects(&self) -> Vec<SqlEffect> {
        // What gives back what it is called on runs nothing: a text beside it is a message (`context("create database")`).
        if matches!(self.target, Target::Library(facts) if facts.role == CallRole::Adapt && facts.carries == Some(ValueSource::Receiver))
        {
            return Vec::new();
        }
        let texts = self.args.iter().flat_map(|argument| argument.value.texts());
        texts.flat_map(|text| sql::effects(&text)).collect()
    }

    /// What it asks of a ledger of migrations or writes to it, for calls of libraries.
    pub(in crate::program) fn ledger_effects(&self) -> Vec<SqlEffect> {
        self.sql().iter().cloned().chain(self.worded_effects()).filter(SqlEffect::is_about_ledger).collect()
    }

    /// What it sets for a session of a database, for calls of libraries.
    pub(in crate::program) fn session_settings(&self) -> Vec<SessionSetting> {
        let effects = self.sql().iter().cloned().chain(self.worded_effects());
        effects
            .filter_map(|effect| match effect {
                SqlEffect::SetsSession(setting) => Some(setting),
                _ => None,
            })
            .collect()
    }

    /// What a statement does that does not stand in a constant text: `format!("PRAGMA user_version = {version}")`, and Rusqlite's
    /// functions, which are given the names of pragmas.
    pub(in crate::program) fn worded_effects(&self) -> Vec<SqlEffect> {
        let Some(name) = self.name_of_callee() else { return Vec::new() };
        let values = || self.args.iter().map(|argument| &argument.value);
        let pragmas = values().filter(|_| name.starts_with("pragma")).flat_map(Value::texts);
        let written = pragmas.map(|pragma| match name {
            "pragma_update" | "pragma_update_and_check" => format!("PRAGMA {pragma} = {{}}"),
            _ => format!("PRAGMA {pragma}"),
        });
        let texts = written.chain(values().filter_map(Value::wording));
        texts.flat_map(|text| sql::effects(&text)).collect()
    }

    /// Whether it is one of a library to which a text may be a statement. The standard library runs none
    /// (`text.push_str("DROP TABLE …")`), and an error has a text for people.
    pub(in crate::program) fn may_run_sql(&self) -> bool {
        match &self.target {
            Target::Library(facts) => facts.role != CallRole::Adapt,
            Target::External(path) => !path.starts_with("std::") && !path.contains("Error::"),
            _ => false,
        }
    }

    /// The statement that it hands to a library and that fails where somebody else has done the same, when its text names what it
    /// makes only when it runs: `format!("CREATE DATABASE {name}")`.
    pub(in crate::program) fn worded_change(&self) -> Option<String> {
        if !self.may_run_sql() {
            return None;
        }
        let texts = self.args.iter().filter_map(|argument| argument.value.wording());
        texts.flat_map(|text| sql::effects(&text)).find_map(|effect| match effect {
            SqlEffect::Change { statement, fails_when_repeated: true } => {
                Some(statement.trim_end_matches(['{', '}', ' ', '"']).to_owned())
            }
            _ => None,
        })
    }
}

impl LinkedBody<'_> {
    /// A call and those that made what it is called on, from the last to the first: the text of `query("…").fetch_one(…)` stands at
    /// the beginning.
    pub(in crate::program) fn chain(&self, last: CallId) -> impl Iterator<Item = CallId> {
        std::iter::successors(Some(last), |link| {
            let call = self.call(*link);
            call.chained_on.or_else(|| match call.receiver.as_ref()?.value {
                Value::Call(made) => Some(made),
                _ => None,
            })
        })
    }

    /// A call and those that made its arguments: a statement may be made before it is run (`query_one(Statement::from_string(…))`).
    pub(in crate::program) fn with_arguments(&self, call: CallId) -> impl Iterator<Item = CallId> {
        let made = self.call(call).args.iter().filter_map(|argument| match argument.value {
            Value::Call(made) => Some(made),
            _ => None,
        });
        std::iter::once(call).chain(made)
    }

    /// The calls that may run the statement whose text a call is given: those of its chain, and the one that is given what it made
    /// (`execute(Statement::from_string(…))`).
    pub(in crate::program) fn runners_of(&self, text: CallId) -> impl Iterator<Item = CallId> {
        let after = text.0 as usize + 1;
        let takes_it = |call: &Call<'_>| call.args.iter().any(|argument| argument.value == Value::Call(text));
        let taker = self.calls[after..].iter().position(takes_it);
        self.chain_from(text).chain(taker.map(|at| CallId((after + at) as u32)))
    }

    /// A call and those that are made on what it gives, from the first to the last: what runs the text of `query("…")` stands further on.
    pub(in crate::program) fn chain_from(&self, first: CallId) -> impl Iterator<Item = CallId> {
        std::iter::successors(Some(first), |link| {
            let after = link.0 as usize + 1;
            let next = self.calls[after..].iter().position(|call| call.chained_on == Some(*link))?;
            Some(CallId((after + next) as u32))
        })
    }

    /// The call whose answer a value is, through the calls that only unwrap it and the parts that are taken out of it, and whether
    /// true or present means that something is there.
    pub(in crate::program) fn asked(&self, value: &Value) -> Option<(CallId, bool)> {
        match value {
            Value::Call(call) => {
                let unwraps =
                    matches!(self.call(*call).name_of_callee(), Some("expect" | "unwrap" | "context"));
                match self.call(*call).chained_on.filter(|_| unwraps) {
                    Some(before) => self.asked(&Value::Call(before)),
                    None => Some((*call, true)),
                }
            }
            Value::Content(inner) | Value::Field(inner, _) | Value::Element(inner) => self.asked(inner),
            Value::Test { place, present_when } => {
                self.asked(place).map(|(call, inner)| (call, inner == *present_when))
            }
            _ => None,
        }
    }
}
