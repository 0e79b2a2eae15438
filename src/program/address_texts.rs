//! Room 5, *program*: texts that are addresses of databases, and the passwords in them: `postgres://user:password@host/name`,
//! `postgres://host/name?user=…&password=…`, `host=… user=… password=…`. It must not let a password out.

use std::borrow::Cow;

use crate::catalog::driver_of_scheme;

/// What the keys of passwords are called: libpq's `password`, and those of ADO (`Password`, `Pwd`).
const PASSWORD_KEYS: [&str; 3] = ["password", "passwd", "pwd"];

/// An address without its password; other texts stay what they are.
pub(super) fn without_password(text: &str) -> String {
    let text = match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => {
                Cow::from(format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default()))
            }
            None => Cow::from(text),
        },
        None => Cow::from(text),
    };
    let mut shown = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, value)) = next_password(rest) {
        let end = end_of_value(value);
        shown.push_str(before);
        let is_open = end == 0 || value.starts_with(['{', '<', '$', '%']);
        shown.push_str(if is_open { &value[..end] } else { "…" });
        rest = &value[end..];
    }
    shown.push_str(rest);
    shown
}

/// Which database an address opens in memory (https://www.sqlite.org/inmemorydb.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemoryAddress {
    /// One of its own, each time.
    Private,
    /// The one that everybody in the process opens by the same address.
    Shared,
}

/// The database in memory that an address opens, if it opens one.
pub(super) fn memory_address(text: &str) -> Option<MemoryAddress> {
    let nameless = text.contains(":memory:");
    if !nameless && !text.contains("mode=memory") {
        return None;
    }
    let before = text.split('?').next().unwrap_or_default();
    let name = before.rsplit([':', '/']).next().unwrap_or_default();
    let is_shared = text.contains("cache=shared") && (nameless || !name.is_empty());
    Some(if is_shared { MemoryAddress::Shared } else { MemoryAddress::Private })
}

/// Whether every opening of an address makes a database of its own: in memory, or, without a path, in a file that is gone when it is
/// closed (https://www.sqlite.org/inmemorydb.html).
pub(super) fn is_of_its_own(text: &str) -> bool {
    text.is_empty() || memory_address(text) == Some(MemoryAddress::Private)
}

/// Driver, the address without its password, and whether the host is local. `None` for anything else, and where the password is
/// a hole to be filled.
pub(super) fn address_with_password(text: &str) -> Option<(String, String, bool)> {
    in_url(text).or_else(|| in_pairs(text))
}

fn in_url(text: &str) -> Option<(String, String, bool)> {
    let (scheme, rest) = text.split_once("://")?;
    let driver = driver_of_scheme(text)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, host, password) = match authority.rsplit_once('@') {
        Some((user_and_password, host)) => {
            let (user, password) = user_and_password.split_once(':').unwrap_or((user_and_password, ""));
            (Some(user), host, password)
        }
        None => (None, authority, ""),
    };
    let in_query = || next_password(text).map(|(_, value)| &value[..end_of_value(value)]);
    let password = if password.is_empty() { in_query()? } else { password };
    if is_hole(password) || is_hole(host) {
        return None;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let user = user.map_or(String::new(), |user| format!("{user}:…@"));
    Some((driver.to_owned(), format!("{scheme}://{user}{host}"), is_local(name)))
}

/// The form of libpq, which tokio-postgres reads as well: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
fn in_pairs(text: &str) -> Option<(String, String, bool)> {
    let pairs: Option<Vec<(&str, &str)>> = text.split_whitespace().map(|word| word.split_once('=')).collect();
    let pairs = pairs?;
    let value = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let (host, password) = (value("host")?, value("password")?);
    let is_open = is_hole(password) || is_hole(host);
    (!is_open).then(|| ("postgres".to_owned(), without_password(text), is_local(host)))
}

/// What stands before the value of the next password, and the value with all that follows.
fn next_password(text: &str) -> Option<(&str, &str)> {
    text.match_indices('=').find_map(|(at, _)| {
        let before = &text[..at];
        let key = before.rsplit([' ', '\t', '\n', ';', '?', '&']).next().unwrap_or_default();
        let is_password = PASSWORD_KEYS.iter().any(|name| key.eq_ignore_ascii_case(name));
        is_password.then(|| text.split_at(at + 1))
    })
}

/// How long the value at the beginning of a text is: until the next setting, or the end of its quotes.
fn end_of_value(text: &str) -> usize {
    match text.strip_prefix('\'') {
        Some(quoted) => quoted.find('\'').map_or(text.len(), |at| at + 2),
        None => text.find([' ', '\t', '\n', ';', '&', '#']).unwrap_or(text.len()),
    }
}

/// Whether a part of an address is to be filled, or stands for anything.
fn is_hole(part: &str) -> bool {
    part.is_empty() || part.contains(['{', '}', '<', '>', '$', '%', '*', ' '])
}

/// Whether a host is the developer's own machine; a name of one word is a container beside it.
fn is_local(name: &str) -> bool {
    matches!(name, "127.0.0.1" | "::1" | "0.0.0.0") || !name.contains(['.', ':'])
}

#[cfg(test)]
mod tests {
    use super::{MemoryAddress, address_with_password, memory_address, without_password};

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

    #[test]
    fn every_spelling_of_a_password_is_hidden() {
        for (text, shown) in [
            ("postgres://shop:hunter2@db/shop", "postgres://shop@db/shop"),
            ("postgres://db/shop?user=a&password=hunter2&x=1", "postgres://db/shop?user=a&password=…&x=1"),
            ("host=db user=shop password=hunter2 dbname=shop", "host=db user=shop password=… dbname=shop"),
            ("host=db password='hunter 2' dbname=shop", "host=db password=… dbname=shop"),
            ("Server=db;Password=hunter2;Database=shop", "Server=db;Password=…;Database=shop"),
            ("host=db password={env.DB_PASSWORD}", "host=db password={env.DB_PASSWORD}"),
            ("sqlite://shop.db", "sqlite://shop.db"),
            ("päßword=1", "päßword=1"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }

    #[test]
    fn pairs_and_queries_are_addresses_too() {
        let pairs = address_with_password("host=db.internal user=shop password=hunter2");
        assert_eq!(pairs, Some(("postgres".into(), "host=db.internal user=shop password=…".into(), false)));
        let query = address_with_password("postgres://db.internal/shop?password=hunter2");
        assert_eq!(query, Some(("postgres".into(), "postgres://db.internal".into(), false)));
        for text in [
            "password=hunter2",
            "host=db password={}",
            "set host=a and password=b",
            "postgres://shop@db/shop",
        ] {
            assert_eq!(address_with_password(text), None, "{text}");
        }
    }

    #[test]
    fn databases_in_memory_have_a_name_or_are_private() {
        for (text, found) in [
            ("sqlite::memory:", Some(MemoryAddress::Private)),
            ("sqlite://?mode=memory", Some(MemoryAddress::Private)),
            ("sqlite://?mode=memory&cache=shared", Some(MemoryAddress::Private)),
            ("file:shop?mode=memory", Some(MemoryAddress::Private)),
            ("sqlite:file:shop?mode=memory&cache=shared", Some(MemoryAddress::Shared)),
            ("file::memory:?cache=shared", Some(MemoryAddress::Shared)),
            ("sqlite://shop.db?cache=shared", None),
        ] {
            assert_eq!(memory_address(text), found, "{text}");
        }
    }
}
