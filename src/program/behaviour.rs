//! Room 5, *program*: the options of a handle that say how the database behaves, rather than how much of it there is: all
//! who open one database should agree on them.

use super::bodies::{CallId, Target};
use super::items::FnId;
use super::summaries::Effect;
use super::values::Value;
use super::{Program, terms};
use crate::catalog::CallRole;
use crate::location::Location;

/// Options by the names that the catalog gives them; pragmas of SQLite have the same names.
const BEHAVIOUR: [&str; 7] =
    ["charset", "foreign-keys", "journal-mode", "locking-mode", "synchronous", "timezone", "tls"];

/// An option that is set where a handle is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehaviourOption {
    /// Its name (`foreign-keys`).
    pub name: String,
    /// Its value in lower case (`wal`, `true`).
    pub value: String,
    /// The call that sets it.
    pub location: Location,
}

/// Whether an option says how the database behaves.
pub fn is_behaviour(name: &str) -> bool {
    BEHAVIOUR.contains(&name)
}

impl Program<'_> {
    /// The options about behaviour that the function with the library call of an effect sets for it, as far as their
    /// values are constants, in the order of the calls.
    pub fn behaviour_of(&self, effect: &Effect) -> Vec<BehaviourOption> {
        let (function, created) = effect.site;
        let Some(body) = self.body(function) else { return Vec::new() };
        let subject = terms::address_of(self.call(function, created)).map(|argument| argument.value.clone());
        let mut found = Vec::new();
        for call in &body.calls {
            let location = self.location(function, call.span);
            let on = call.receiver.as_ref().map(|receiver| &receiver.value);
            match call.target {
                Target::Library(facts) if facts.role == CallRole::Option => {
                    let (Some(name), Some(argument)) = (&facts.option, call.args.first()) else { continue };
                    let same = on.is_some_and(|on| Some(on) == subject.as_ref() && *on != Value::Unknown);
                    if let (true, true, Some(value)) =
                        (is_behaviour(name), same, self.constant(function, &argument.value))
                    {
                        found.push(BehaviourOption { name: name.clone(), value, location });
                    }
                }
                _ if on.is_some_and(|on| is_made_by(on, created)) => {
                    let texts: Vec<&str> =
                        call.args.iter().filter_map(|argument| text(&argument.value)).collect();
                    let last = call.args.last().and_then(|argument| self.constant(function, &argument.value));
                    let pairs = match (texts.as_slice(), last) {
                        ([sql], _) if call.args.len() == 1 => pragmas(sql),
                        ([name, ..], Some(value)) => vec![((*name).to_owned(), value)],
                        _ => Vec::new(),
                    };
                    found.extend(pairs.into_iter().filter_map(|(name, value)| {
                        let name = name.to_lowercase().replace('_', "-");
                        is_behaviour(&name).then(|| BehaviourOption { name, value: plain(&value), location })
                    }));
                }
                _ => {}
            }
        }
        found
    }

    /// A constant in words; `None` for what depends on anything.
    fn constant(&self, function: FnId, value: &Value) -> Option<String> {
        match self.close(function, value) {
            Value::Bool(value) => Some(value.to_string()),
            Value::Text(value) => Some(plain(&value)),
            Value::Origin(path, list) if list.is_empty() => Some(plain(path.rsplit("::").next()?)),
            _ => None,
        }
    }
}

fn is_made_by(value: &Value, call: CallId) -> bool {
    *value == Value::Call(call)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// One spelling for values that mean the same.
fn plain(value: &str) -> String {
    match value.trim().trim_matches(['\'', '"']).to_lowercase().as_str() {
        "on" | "yes" | "1" | "true" => "true".to_owned(),
        "off" | "no" | "0" | "false" => "false".to_owned(),
        other => other.to_owned(),
    }
}

/// The pragmas that a text of SQL sets: `PRAGMA name = value;` or `PRAGMA name(value);`.
fn pragmas(sql: &str) -> Vec<(String, String)> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let plain: String = lines.flat_map(|line| [line, "\n"]).collect();
    let statements = plain.split(';').map(str::trim);
    let set = |statement: &str| {
        let (keyword, rest) = statement.split_at_checked("pragma ".len())?;
        if !keyword.eq_ignore_ascii_case("pragma ") {
            return None;
        }
        let (name, value) = rest.split_once('=').or_else(|| rest.strip_suffix(')')?.split_once('('))?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    statements.filter_map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pragmas_are_read_in_both_spellings() {
        let sql =
            "PRAGMA journal_mode = WAL -- fast\n; pragma foreign_keys(ON); SELECT 1; PRAGMA user_version;";
        let expected = [("journal_mode", "WAL"), ("foreign_keys", "ON")];
        assert_eq!(pragmas(sql), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!((plain("'ON'"), plain("0"), plain("Wal")), ("true".into(), "false".into(), "wal".into()));
    }
}
