//! Room 5, *program*: addresses with a password that stand in the code.

use super::Program;
use super::address_texts::address_with_password;
use super::inventory::Scope;
use super::items::FnId;
use crate::facts::{ExprKind, Literal};
use crate::location::Location;

/// An address with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The function, or the one that makes a static's value.
    pub function: FnId,
    /// Where the text stands.
    pub location: Location,
    /// The driver.
    pub driver: String,
    /// The user, the host and what follows; never the password.
    pub shown: String,
    /// Whether the host is the developer's own machine, or a container on it.
    pub is_local: bool,
}

impl Program<'_> {
    /// The addresses of databases with a password in production code, in the order of the functions.
    pub fn credentials(&self) -> Vec<Credential> {
        let mut found = Vec::new();
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let function = FnId(index as u32);
            let Some(body) = item.body.filter(|_| item.scope == Scope::Production) else { continue };
            for expr in &body.exprs {
                let ExprKind::Literal(Literal::Str(text)) = &expr.kind else { continue };
                if let Some((driver, shown, is_local)) = address_with_password(text) {
                    let location = self.location(function, expr.span);
                    found.push(Credential { function, location, driver, shown, is_local });
                }
            }
        }
        found
    }
}
