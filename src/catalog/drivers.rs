//! Drivers: the words by which resources say what they are (`postgres`, `sqlite`), what is known of the systems behind them, and
//! which addresses and paths name one.

/// What is known of the system behind a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriverFacts {
    /// Where it lives.
    pub place: DriverPlace,
    /// Whether it keeps the data of a service, rather than copies, messages, an index or files.
    pub is_database: bool,
    /// Whose SQL it speaks.
    pub dialect: SqlDialect,
}

/// Where the system behind a driver lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverPlace {
    /// In a process of its own.
    Server,
    /// In the service's process, which has its files or memory to itself.
    Inside,
    /// In the service's process, on a file that other processes and connections open as well.
    SharedFile,
}

impl DriverPlace {
    /// Whether the data are a file or memory of the process.
    pub fn is_inside(self) -> bool {
        self != Self::Server
    }
}

/// Whose SQL a driver's database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the databases")]
pub enum SqlDialect {
    Postgres,
    MySql,
    Sqlite,
    DuckDb,
    Unknown,
}

/// The driver of a handle of which only that much is known.
pub const UNKNOWN_DRIVER: &str = "database";

/// A server's database, of which nothing else is known.
const DATABASE: DriverFacts =
    DriverFacts { place: DriverPlace::Server, is_database: true, dialect: SqlDialect::Unknown };
/// A cache, a queue, a search engine, an object store.
const OTHER: DriverFacts = DriverFacts { is_database: false, ..DATABASE };
const INSIDE: DriverFacts = DriverFacts { place: DriverPlace::Inside, ..DATABASE };
const SQLITE: DriverFacts =
    DriverFacts { place: DriverPlace::SharedFile, dialect: SqlDialect::Sqlite, ..DATABASE };

/// The drivers that differ from [`DATABASE`], sorted.
const DRIVERS: &[(&str, DriverFacts)] = &[
    ("amqp", OTHER),
    ("cozo", INSIDE),
    ("duckdb", DriverFacts { dialect: SqlDialect::DuckDb, ..INSIDE }),
    ("fjall", INSIDE),
    // Each node has its own copy, and no other process opens it.
    ("hiqlite", DriverFacts { place: DriverPlace::Inside, ..SQLITE }),
    ("jammdb", INSIDE),
    ("kafka", OTHER),
    ("libsql", SQLITE),
    ("lmdb", INSIDE),
    ("memcached", OTHER),
    ("mysql", DriverFacts { dialect: SqlDialect::MySql, ..DATABASE }),
    ("nats", OTHER),
    ("nebari", INSIDE),
    ("object-store", OTHER),
    ("persy", INSIDE),
    ("postgres", DriverFacts { dialect: SqlDialect::Postgres, ..DATABASE }),
    ("redb", INSIDE),
    ("redis", OTHER),
    ("rkv", INSIDE),
    ("rocksdb", INSIDE),
    ("search", OTHER),
    ("sled", INSIDE),
    ("sqlite", SQLITE),
    ("tantivy", DriverFacts { is_database: false, ..INSIDE }),
    ("vector", OTHER),
];

/// What is known of a driver. One that nobody listed is a server's database.
pub fn driver_facts(driver: &str) -> DriverFacts {
    let found = DRIVERS.binary_search_by(|(known, _)| (*known).cmp(driver));
    found.map_or(DATABASE, |index| DRIVERS[index].1)
}

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

    #[test]
    fn drivers_are_listed_in_order() {
        assert!(DRIVERS.is_sorted_by_key(|(name, _)| *name));
        assert!(driver_facts("sqlite").place.is_inside());
        assert!(!driver_facts("redis").is_database);
        assert_eq!(driver_facts("mongodb"), DATABASE);
    }
}
