//! Room 5, *program*: addresses with a password that stand in the code.

use super::Program;
use super::inventory::Scope;
use super::items::FnId;
use crate::catalog::driver_of_scheme;
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

/// Driver, the address without its password, and whether the host is local. `None` for anything else, and where the password is
/// a hole to be filled.
fn address_with_password(text: &str) -> Option<(String, String, bool)> {
    let (scheme, rest) = text.split_once("://")?;
    let driver = driver_of_scheme(text)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user_and_password, host) = authority.rsplit_once('@')?;
    let (user, password) = user_and_password.split_once(':')?;
    let is_hole = |part: &str| part.is_empty() || part.contains(['{', '}', '<', '>', '$', '%', '*', ' ']);
    if is_hole(password) || is_hole(host) {
        return None;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    // A name of one word is a container beside this one.
    let is_local = matches!(name, "127.0.0.1" | "::1" | "0.0.0.0") || !name.contains(['.', ':']);
    Some((driver.to_owned(), format!("{scheme}://{user}:…@{host}"), is_local))
}

#[cfg(test)]
mod tests {
    use super::address_with_password;

    #[test]
    fn the_password_is_never_shown() {
        let found = address_with_password("postgres://shop:hunter2@db.internal:5432/shop?sslmode=require");
        assert_eq!(found, Some(("postgres".into(), "postgres://shop:…@db.internal:5432".into(), false)));
        assert_eq!(address_with_password("mysql://root:root@localhost/x").map(|found| found.2), Some(true));
    }

    #[test]
    fn holes_and_other_texts_are_no_credentials() {
        for text in [
            "postgres://db/shop",
            "postgres://shop@db/shop",
            "postgres://{user}:{password}@{host}/shop",
            "postgres://user:<password>@host/db",
            "postgres://user:$PASSWORD@host/db",
            "https://user:secret@example.org/",
            "see postgres://",
        ] {
            assert_eq!(address_with_password(text), None, "{text}");
        }
    }
}
