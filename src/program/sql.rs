//! Room 5, *program*: what a SQL text does, as far as the words of its statements tell.

use super::sql_parser::statements;

/// Whether one of the statements changes the schema. Temporary tables are no schema.
pub(super) fn changes_schema(text: &str) -> bool {
    says_one_of(text, &["create", "alter", "drop"]) && statements(text).iter().any(|words| is_change(words))
}

/// The first statement that fails when somebody else has run it already: it creates or adds something and does not say
/// `IF NOT EXISTS` or `OR REPLACE`. As its first three words.
pub(super) fn fails_when_repeated(text: &str) -> Option<String> {
    let blind = |words: &Vec<String>| {
        let says = |phrase: &[&str]| {
            words.windows(phrase.len()).any(|part| part.iter().map(String::as_str).eq(phrase.iter().copied()))
        };
        let creates = words[0] == "create" || (words[0] == "alter" && words.iter().any(|word| word == "add"));
        is_change(words) && creates && !says(&["if", "not", "exists"]) && !says(&["or", "replace"])
    };
    let first = statements(text).into_iter().find(blind)?;
    Some(first.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(" ").to_uppercase())
}

/// The table of the database's own catalogue that a query asks, in lower case.
pub(super) fn asked_catalogue(text: &str) -> Option<&'static str> {
    const CATALOGUES: [&str; 13] = [
        "sqlite_master",
        "sqlite_schema",
        "pragma_table_info",
        "information_schema.tables",
        "information_schema.columns",
        "information_schema.schemata",
        "pg_tables",
        "pg_class",
        "pg_type",
        "pg_namespace",
        "pg_database",
        "pg_indexes",
        "to_regclass",
    ];
    if !says_one_of(text, &CATALOGUES) {
        return None;
    }
    let asks = |words: &Vec<String>| matches!(words[0].as_str(), "select" | "with");
    let named = |word: &String, name: &str| {
        word == name || word.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    };
    statements(text)
        .iter()
        .filter(|words| asks(words))
        .find_map(|words| CATALOGUES.into_iter().find(|name| words.iter().any(|word| named(word, name))))
}

/// Whether one of the statements takes a lock or begins a transaction.
pub(super) fn locks(text: &str) -> bool {
    const LOCKS: [&str; 5] = [
        "pg_advisory_lock",
        "pg_try_advisory_lock",
        "pg_advisory_xact_lock",
        "pg_try_advisory_xact_lock",
        "get_lock",
    ];
    says_one_of(text, &["lock", "begin", "start"])
        && statements(text).iter().any(|words| match words[0].as_str() {
            "begin" | "lock" => true,
            "start" => words.get(1).is_some_and(|word| word == "transaction"),
            _ => LOCKS.iter().any(|lock| calls(words, lock)),
        })
}

/// The ledger of migrations that a text asks (`false`) or writes (`true`): a table that is named for migrations or versions of
/// the schema, in lower case.
pub(super) fn ledger(text: &str) -> Option<(String, bool)> {
    const NAMED: [&str; 4] = ["migration", "schema_version", "schema_history", "db_version"];
    if !says_one_of(text, &NAMED) {
        return None;
    }
    statements(text).iter().find_map(|words| {
        let (before, writes) = match words[0].as_str() {
            "select" => ("from", false),
            "insert" | "replace" => ("into", true),
            _ => return None,
        };
        // A query in a query asks as well: `SELECT EXISTS (SELECT 1 FROM migrations)`.
        let mut tables = words.windows(2).filter(|pair| pair[0] == before).map(|pair| pair[1].as_str());
        let table = tables.next()?;
        let plain = table.rsplit('.').next()?;
        NAMED.iter().any(|word| plain.contains(word)).then(|| (plain.to_owned(), writes))
    })
}

/// A lock that a statement takes or gives back, and that belongs to the session rather than to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionLock {
    /// `pg_advisory_lock` and its kin (PostgreSQL, explicit locking, 13.3.5).
    Advisory,
    /// `GET_LOCK` (MySQL, locking functions, 14.14).
    Named,
}

impl SessionLock {
    /// The name by which findings about it are told apart.
    pub fn name(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Named => "named",
        }
    }
}

/// The session lock that a text takes (`true`) or gives back.
pub(super) fn session_lock(text: &str) -> Option<(SessionLock, bool)> {
    const FUNCTIONS: [(&str, SessionLock, bool); 9] = [
        ("pg_advisory_unlock", SessionLock::Advisory, false),
        ("pg_advisory_unlock_shared", SessionLock::Advisory, false),
        ("pg_advisory_unlock_all", SessionLock::Advisory, false),
        ("pg_advisory_lock", SessionLock::Advisory, true),
        ("pg_advisory_lock_shared", SessionLock::Advisory, true),
        ("pg_try_advisory_lock", SessionLock::Advisory, true),
        ("pg_try_advisory_lock_shared", SessionLock::Advisory, true),
        ("release_lock", SessionLock::Named, false),
        ("get_lock", SessionLock::Named, true),
    ];
    if !says_one_of(text, &["lock"]) {
        return None;
    }
    let selects = |words: &&Vec<String>| matches!(words[0].as_str(), "select" | "do" | "call");
    statements(text).iter().filter(selects).find_map(|words| {
        let found = FUNCTIONS.iter().find(|(function, ..)| calls(words, function));
        found.map(|(_, lock, takes)| (*lock, *takes))
    })
}

/// The first statement that needs rights over roles or the server, by its first words in capitals.
pub(super) fn privileged(text: &str) -> Option<&'static str> {
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
    if !says_one_of(text, &["role", "user", "extension", "database", "grant"]) {
        return None;
    }
    statements(text).iter().find_map(|words| {
        let begins = |known: &&str| {
            known.split(' ').zip(words).all(|(wanted, word)| word.eq_ignore_ascii_case(wanted))
                && words.len() >= known.split(' ').count()
        };
        // `GRANT` is a word of languages other than SQL as well.
        let is_sql = words[0] != "grant" || words.iter().any(|word| word == "to");
        PRIVILEGED.into_iter().find(begins).filter(|_| is_sql)
    })
}

/// Whether a statement calls a function, in whatever schema.
fn calls(words: &[String], function: &str) -> bool {
    words.windows(2).any(|pair| pair[1] == "(" && pair[0].rsplit('.').next() == Some(function))
}

/// Whether one of these, in lower case, stands somewhere in a text: most texts are not worth more than this look.
fn says_one_of(text: &str, words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

fn is_change(words: &[String]) -> bool {
    let second = words.get(1).map(String::as_str).unwrap_or_default();
    match words[0].as_str() {
        "create" => matches!(
            second,
            "table"
                | "index"
                | "unique"
                | "schema"
                | "type"
                | "extension"
                | "view"
                | "materialized"
                | "trigger"
                | "function"
                | "sequence"
                | "virtual"
                | "database"
        ),
        "alter" | "drop" => {
            matches!(second, "table" | "index" | "schema" | "type" | "view" | "database" | "column")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_change_the_schema_and_queries_do_not() {
        assert!(changes_schema("CREATE TABLE IF NOT EXISTS t (id INT)"));
        assert!(changes_schema("-- the orders\ncreate unique index i on t (id)"));
        assert!(changes_schema("SELECT 1; ALTER TABLE t ADD COLUMN x INT"));
        assert!(!changes_schema("SELECT * FROM create_table"));
        assert!(!changes_schema("CREATE TEMPORARY TABLE t (id INT)"));
        assert!(!changes_schema(""));
    }

    #[test]
    fn what_may_be_repeated_does_not_fail() {
        assert_eq!(fails_when_repeated("create table if not exists t (id int); select 1"), None);
        assert_eq!(
            fails_when_repeated("DROP TABLE t; CREATE VIEW v AS SELECT 1").as_deref(),
            Some("CREATE VIEW V")
        );
        assert_eq!(fails_when_repeated("ALTER TABLE t ADD COLUMN x INT").as_deref(), Some("ALTER TABLE T"));
        assert_eq!(fails_when_repeated("ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT"), None);
        assert_eq!(fails_when_repeated("CREATE TEMP TABLE t (id INT)"), None);
    }

    #[test]
    fn locks_and_transactions_are_told_from_other_statements() {
        assert!(locks("SELECT pg_advisory_lock(42)"));
        assert!(locks("begin immediate"));
        assert!(locks("LOCK TABLE t"));
        assert!(!locks("SELECT begin FROM meetings"));
    }

    #[test]
    fn a_query_about_tables_is_known_by_the_catalogue_it_asks() {
        assert_eq!(asked_catalogue("SELECT 1 FROM sqlite_master WHERE name = 't'"), Some("sqlite_master"));
        assert_eq!(asked_catalogue("select to_regclass('t')"), Some("to_regclass"));
        assert_eq!(asked_catalogue("CREATE TABLE pg_class_copy (id INT)"), None);
        assert_eq!(asked_catalogue("SELECT 1 FROM orders"), None);
        assert_eq!(asked_catalogue("SELECT 1 FROM pg_catalog.pg_class c"), Some("pg_class"));
        assert_eq!(asked_catalogue("SELECT 'information_schema.tables' FROM orders"), None);
    }

    #[test]
    fn a_ledger_is_the_table_that_is_asked_or_written() {
        let asks = "SELECT EXISTS(SELECT 1 FROM public.migrations WHERE name = $1)";
        assert_eq!(ledger(asks), Some(("migrations".to_owned(), false)));
        let writes = "INSERT INTO schema_version(version) VALUES (2)";
        assert_eq!(ledger(writes), Some(("schema_version".to_owned(), true)));
        assert_eq!(ledger("SELECT 'migrations' FROM orders"), None);
    }

    #[test]
    fn statements_about_rights_are_told_by_their_first_words() {
        assert_eq!(privileged("create extension if not exists pgcrypto"), Some("CREATE EXTENSION"));
        assert_eq!(privileged("SELECT 1;\n GRANT SELECT ON orders TO reports"), Some("GRANT"));
        assert_eq!(privileged("Grant me this"), None);
        assert_eq!(privileged("CREATE TABLE users (id BIGINT)"), None);
        assert_eq!(privileged("created user"), None);
    }

    #[test]
    fn a_lock_in_a_string_or_comment_is_none() {
        assert_eq!(session_lock("SELECT 'pg_advisory_lock(1)'"), None);
        assert_eq!(session_lock("SELECT 1 -- pg_advisory_lock(1)"), None);
        assert_eq!(
            session_lock("SELECT pg_catalog.pg_advisory_lock(1)"),
            Some((SessionLock::Advisory, true))
        );
        assert_eq!(session_lock("select RELEASE_LOCK('x')"), Some((SessionLock::Named, false)));
    }
}
