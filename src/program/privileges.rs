//! Room 5, *program*: statements of services that need more rights than a service should have.

use super::Program;
use super::bodies::Target;
use super::entries::Entry;
use super::inventory::Scope;
use super::items::FnId;
use super::values::Value;
use crate::catalog::CallRole;
use crate::location::Location;

/// A statement that needs rights over roles or the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegedStatement {
    /// The function.
    pub function: FnId,
    /// The call that runs it.
    pub location: Location,
    /// Its first words, in capitals.
    pub statement: &'static str,
}

/// How such statements begin.
const PRIVILEGED: [&str; 9] = [
    "CREATE ROLE",
    "CREATE USER",
    "ALTER ROLE",
    "ALTER USER",
    "DROP ROLE",
    "DROP USER",
    "CREATE EXTENSION",
    "CREATE DATABASE",
    "GRANT",
];

impl Program<'_> {
    /// The privileged statements that binaries which serve come to, in order. What a tool of its own runs once may need them.
    pub fn privileged_statements(&self) -> Vec<PrivilegedStatement> {
        let servers: Vec<&Entry> = self.servers().collect();
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            if servers.is_empty() || self.scope(function) != Scope::Production {
                continue;
            }
            for call in &body.calls {
                let runs = match &call.target {
                    Target::Library(facts) => {
                        facts.role != CallRole::Adapt || !facts.path.starts_with("std::")
                    }
                    Target::External(_) => true,
                    _ => false,
                };
                let statement =
                    call.args.iter().filter(|_| runs).find_map(|argument| match &argument.value {
                        Value::Text(text) => privileged(text),
                        _ => None,
                    });
                let Some(statement) = statement else { continue };
                if servers.iter().any(|entry| self.reaches(entry.main, function)) {
                    let location = self.location(function, call.span);
                    found.push(PrivilegedStatement { function, location, statement });
                }
            }
        }
        found.dedup();
        found
    }
}

/// What a statement among those of a text does that needs rights.
fn privileged(text: &str) -> Option<&'static str> {
    text.split(';').find_map(|statement| {
        let words: Vec<String> = statement.split_whitespace().take(2).map(str::to_uppercase).collect();
        let begins = |known: &&&str| {
            let wanted: Vec<&str> = known.split(' ').collect();
            words.len() >= wanted.len() && wanted.iter().zip(&words).all(|(wanted, word)| wanted == word)
        };
        // `GRANT` is a word of languages other than SQL as well.
        let is_sql =
            statement.to_uppercase().contains(" TO ") || words.first().is_some_and(|word| word != "GRANT");
        PRIVILEGED.iter().find(begins).copied().filter(|_| is_sql)
    })
}

#[cfg(test)]
mod tests {
    use super::privileged;

    #[test]
    fn statements_are_told_by_their_first_words() {
        assert_eq!(privileged("create extension if not exists pgcrypto"), Some("CREATE EXTENSION"));
        assert_eq!(privileged("SELECT 1;\n GRANT SELECT ON orders TO reports"), Some("GRANT"));
        assert_eq!(privileged("Grant me this"), None);
        assert_eq!(privileged("CREATE TABLE users (id BIGINT)"), None);
        assert_eq!(privileged("created user"), None);
    }
}
