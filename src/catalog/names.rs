//! Names that belong to no library file: what Rust code can say without importing it, and what the scheme of
//! an address says about its driver.

/// Names in scope everywhere, with their canonical paths. Resolving them is the linker's business.
pub const PRELUDE: &[(&str, &str)] = &[
    ("AsRef", "std::convert::AsRef"),
    ("Box", "std::boxed::Box"),
    ("Clone", "std::clone::Clone"),
    ("Default", "std::default::Default"),
    ("Drop", "std::ops::Drop"),
    ("Err", "std::result::Result::Err"),
    ("From", "std::convert::From"),
    ("Future", "std::future::Future"),
    ("Into", "std::convert::Into"),
    ("IntoFuture", "std::future::IntoFuture"),
    ("IntoIterator", "std::iter::IntoIterator"),
    ("Iterator", "std::iter::Iterator"),
    ("None", "std::option::Option::None"),
    ("Ok", "std::result::Result::Ok"),
    ("Option", "std::option::Option"),
    ("Result", "std::result::Result"),
    ("Some", "std::option::Option::Some"),
    ("String", "std::string::String"),
    ("ToOwned", "std::borrow::ToOwned"),
    ("ToString", "std::string::ToString"),
    ("TryFrom", "std::convert::TryFrom"),
    ("TryInto", "std::convert::TryInto"),
    ("Vec", "std::vec::Vec"),
    ("drop", "std::mem::drop"),
];

/// Address schemes, sorted, with the driver each stands for.
const SCHEMES: &[(&str, &str)] = &[
    ("amqp", "amqp"),
    ("amqps", "amqp"),
    ("libsql", "libsql"),
    ("mariadb", "mysql"),
    ("mem", "surrealdb"),
    ("mongodb", "mongodb"),
    ("mongodb+srv", "mongodb"),
    ("mssql", "mssql"),
    ("mysql", "mysql"),
    ("nats", "nats"),
    ("postgres", "postgres"),
    ("postgresql", "postgres"),
    ("redis", "redis"),
    ("redis+unix", "redis"),
    ("redis-cluster", "redis"),
    ("redis-sentinel", "redis"),
    ("rediss", "redis"),
    ("sqlite", "sqlite"),
    ("sqlserver", "mssql"),
    ("surrealkv", "surrealdb"),
    ("tls", "nats"),
    ("valkey", "redis"),
    ("ws", "surrealdb"),
    ("wss", "surrealdb"),
];

/// The driver that an address such as `postgres://host/db` or `sqlite::memory:` names by its scheme.
pub fn driver_of_scheme(address: &str) -> Option<&'static str> {
    let (scheme, _) = address.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let found = SCHEMES.binary_search_by(|(known, _)| (*known).cmp(scheme.as_str())).ok()?;
    Some(SCHEMES[found].1)
}

/// The driver after which a type or module on the way to a function is named (`acme::redis::Client::new`,
/// `acme::RedisCache::new`). The library's own name and the function's do not count.
pub fn driver_in_path(path: &str) -> Option<&'static str> {
    const NAMED: [(&str, &str); 9] = [
        ("redis", "redis"),
        ("postgres", "postgres"),
        ("mysql", "mysql"),
        ("mariadb", "mysql"),
        ("sqlite", "sqlite"),
        ("mongo", "mongodb"),
        ("cassandra", "cassandra"),
        ("scylla", "cassandra"),
        ("memcache", "memcached"),
    ];
    let (owner, _) = path.rsplit_once("::")?;
    owner.split("::").skip(1).find_map(|segment| {
        let starts =
            |name: &str| segment.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        NAMED.iter().find(|(name, _)| starts(name)).map(|(_, driver)| *driver)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_name_drivers() {
        assert!(SCHEMES.is_sorted());
        assert_eq!(driver_of_scheme("PostgreSQL://localhost/app"), Some("postgres"));
        assert_eq!(driver_of_scheme("sqlite::memory:"), Some("sqlite"));
        assert_eq!(driver_of_scheme("mongodb+srv://x"), Some("mongodb"));
        assert_eq!(driver_of_scheme("http://x"), None);
        assert_eq!(driver_of_scheme("postgres"), None);
    }
}
