//! Room 5, *program*: statements of services that need more rights than a service should have.

use super::Program;
use super::bodies::Target;
use super::entries::Entry;
use super::inventory::Scope;
use super::items::FnId;
use super::sql::SqlEffect;
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
                let statement = call.sql().iter().filter(|_| runs).find_map(|effect| match effect {
                    SqlEffect::NeedsRights(statement) => Some(*statement),
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
