//! Room 5, *program*: what SQL texts do, as far as the words of their statements tell.

use super::sql_parser::{looks_elsewhere, statements};

/// What a statement does that matters to who initializes a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SqlEffect {
    /// It changes the schema. Temporary tables are no schema.
    Change {
        /// Its first three words, in capitals.
        statement: String,
        /// What it does where it has been run already.
        repeated: Repeated,
    },
    /// It says in which schema or database names are looked up, or takes them away: which tables are meant is not known.
    LooksElsewhere,
    /// It asks a table of the database's own catalogue, in lower case.
    AsksCatalogue(&'static str),
    /// It asks a ledger of migrations: a table that is named for migrations or versions of the schema, in lower case.
    AsksLedger(String),
    /// It writes to a ledger of migrations.
    RecordsVersion(String),
    /// It takes a lock that belongs to the session rather than to a transaction.
    Locks {
        /// Which kind.
        lock: SessionLock,
        /// Whether it does not wait, and says by its result whether it has the lock.
        tries: bool,
    },
    /// It gives a lock of the session back.
    Unlocks(SessionLock),
    /// It sets something for the session alone.
    SetsSession(SessionSetting),
    /// It begins a transaction, or takes a lock that lasts as long as one.
    Begins,
    /// It locks the rows that it reads, as long as its transaction lasts.
    LocksRows,
    /// It needs rights over roles or the server; its first words, in capitals.
    NeedsRights(&'static str),
}

impl SqlEffect {
    /// Whether somebody else who does the same has to wait: a lock, or a transaction.
    pub(super) fn keeps_out_others(&self) -> bool {
        matches!(self, Self::Locks { .. } | Self::Begins)
    }

    /// Whether a ledger of migrations is asked or written.
    pub(super) fn is_about_ledger(&self) -> bool {
        matches!(self, Self::AsksLedger(_) | Self::RecordsVersion(_))
    }
}

/// A lock that a statement takes or gives back, and that belongs to the session rather than to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionLock {
    /// `pg_advisory_lock` and its kin (PostgreSQL, explicit locking, 13.3.5).
    Advisory,
    /// `GET_LOCK` (MySQL, locking functions, 14.14).
    Named,
}

/// A setting that other sessions do not know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionSetting {
    /// Its name, in lower case (`busy_timeout`, `search_path`).
    pub(super) name: String,
    /// Whether it is a pragma of SQLite.
    pub(super) is_pragma: bool,
}

/// What a statement does where it, or one like it, has been run already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeated {
    /// It creates or adds something, and fails.
    Fails,
    /// It says itself that nothing is to be done then, or that the old is replaced (`IF NOT EXISTS`, `OR REPLACE`).
    DoesNothing,
    /// Neither is known.
    Other,
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

/// What the statements of a text do, in order. Empty for texts in which nothing of that kind is said, which are not read.
/// Linear in the text.
pub(super) fn effects(text: &str) -> Vec<SqlEffect> {
    let lower = text.to_ascii_lowercase();
    let sets = lower.trim_start().starts_with("set ");
    if !sets && !TELLING.iter().any(|word| lower.contains(word)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for words in statements(text) {
        if is_change(&words) {
            let first: Vec<&str> = words.iter().take(3).map(String::as_str).collect();
            found.push(SqlEffect::Change {
                statement: first.join(" ").to_uppercase(),
                repeated: repeated(&words),
            });
        }
        if looks_elsewhere(&words) {
            found.push(SqlEffect::LooksElsewhere);
        }
        found.extend(asked_catalogue(&words).map(SqlEffect::AsksCatalogue));
        found.extend(ledger(&words));
        found.extend(lock(&words));
        found.extend(session_setting(&words).map(SqlEffect::SetsSession));
        if says(&words, &["for", "update"]) && words[0] == "select" {
            found.push(SqlEffect::LocksRows);
        }
        found.extend(privileged(&words).map(SqlEffect::NeedsRights));
    }
    found
}

/// Texts without any of these do nothing of interest; most texts are not worth more than this look.
const TELLING: [&str; 21] = [
    "create",
    "alter",
    "drop",
    "grant",
    "lock",
    "begin",
    "start",
    "for update",
    "use ",
    "attach",
    "pragma ",
    "search_path",
    "migration",
    "version",
    "schema_history",
    "schema_meta",
    "sqlite_",
    "pragma_table_info",
    "information_schema",
    "pg_",
    "to_regclass",
];

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

const LEDGERS: [&str; 5] = ["migration", "schema_version", "schema_history", "schema_meta", "db_version"];

/// The number that an SQLite file keeps for its application (SQLite documentation, `PRAGMA user_version`).
const OWN_NUMBER: &str = "user_version";

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

/// Pragmas that last as long as a connection and say how it behaves (SQLite documentation, pragma statements).
const OF_CONNECTIONS: [&str; 12] = [
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "case_sensitive_like",
    "foreign_keys",
    "ignore_check_constraints",
    "mmap_size",
    "query_only",
    "recursive_triggers",
    "synchronous",
    "temp_store",
    "wal_autocheckpoint",
];

/// What follows `SET` where it is not about the session (PostgreSQL and MySQL documentation, `SET`), or about nothing that other
/// statements depend on.
const NOT_OF_SESSIONS: [&str; 11] = [
    "local",
    "transaction",
    "constraints",
    "global",
    "persist",
    "persist_only",
    "password",
    "default",
    "resource",
    "cluster",
    "characteristics",
];

fn session_setting(words: &[String]) -> Option<SessionSetting> {
    let word = |at: usize| words.get(at).map(String::as_str);
    let is_pragma = words[0] == "pragma";
    let (name, sign) = match words[0].as_str() {
        "pragma" => (word(1)?.rsplit('.').next()?, 2),
        "set" if word(1) == Some("session") => (word(2)?, 3),
        "set" => (word(1)?, 2),
        _ => return None,
    };
    let is_meant = match is_pragma {
        true => OF_CONNECTIONS.contains(&name) && matches!(word(sign), Some("=" | "(")),
        false => {
            let is_set = matches!(word(sign), Some("=" | "to")) || matches!(name, "role" | "names" | "time");
            is_set && name.starts_with(char::is_alphabetic) && !NOT_OF_SESSIONS.contains(&name)
        }
    };
    // SQLite as it comes with libsqlite3-sys has foreign keys switched on (its build script, 0.30).
    let is_so = name == "foreign_keys" && matches!(word(sign + 1), Some("on" | "1" | "true" | "yes"));
    (is_meant && !is_so).then(|| SessionSetting { name: name.to_owned(), is_pragma })
}

/// The table, in lower case, of which a text asks whether it has any rows, or how many: `SELECT COUNT(*) FROM users`. Linear in the text.
pub(super) fn table_asked_for(text: &str) -> Option<String> {
    let begins = text.trim_start().get(..6)?;
    // Most queries are not worth more than this look.
    if !begins.eq_ignore_ascii_case("select") {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if !["count", "exists", "limit"].into_iter().any(|word| lower.contains(word)) {
        return None;
    }
    let mut statements = statements(text).into_iter();
    let (Some(words), None) = (statements.next(), statements.next()) else { return None };
    let narrows = ["where", "join", "group", "having", "union", "with", "order", "offset", ","];
    let of_all = match words.get(1)?.as_str() {
        // Nothing but a name may stand between the number and the table.
        "count" => {
            let closed = words.iter().position(|word| word == ")")?;
            let from = words.iter().position(|word| word == "from")?;
            let between = words.get(closed + 1..from)?;
            between.len() <= 1 || between[0] == "as"
        }
        "exists" => true,
        _ => says(&words, &["limit", "1"]),
    };
    let mut tables = words.windows(2).filter(|pair| pair[0] == "from").map(|pair| &pair[1]);
    let (Some(table), None) = (tables.next(), tables.next()) else { return None };
    let narrowed = words.iter().any(|word| narrows.contains(&word.as_str()));
    // What stands in a ledger of migrations is the business of migrators.
    (of_all && !narrowed && ledger(&words).is_none()).then(|| unqualified(table))
}

/// The table, in lower case, into which a text inserts rows whatever is there already. Linear in the text.
pub(super) fn table_inserted_into(text: &str) -> Option<String> {
    let begins = text.trim_start().get(..6)?;
    if !begins.eq_ignore_ascii_case("insert") {
        return None;
    }
    let words = statements(text).into_iter().next()?;
    let looks = ["conflict", "ignore", "replace", "duplicate", "select", "exists"];
    let is_plain = words.get(1)? == "into" && !words.iter().any(|word| looks.contains(&word.as_str()));
    words.get(2).filter(|_| is_plain).map(|table| unqualified(table))
}

fn unqualified(table: &str) -> String {
    table.rsplit('.').next().unwrap_or(table).to_owned()
}

fn lock(words: &[String]) -> Option<SqlEffect> {
    let locks = |lock: SessionLock, tries: bool| Some(SqlEffect::Locks { lock, tries });
    let functions = [
        ("pg_advisory_unlock", Some(SqlEffect::Unlocks(SessionLock::Advisory))),
        ("pg_advisory_unlock_shared", Some(SqlEffect::Unlocks(SessionLock::Advisory))),
        ("pg_advisory_unlock_all", Some(SqlEffect::Unlocks(SessionLock::Advisory))),
        ("release_lock", Some(SqlEffect::Unlocks(SessionLock::Named))),
        ("pg_advisory_lock", locks(SessionLock::Advisory, false)),
        ("pg_advisory_lock_shared", locks(SessionLock::Advisory, false)),
        ("pg_try_advisory_lock", locks(SessionLock::Advisory, true)),
        ("pg_try_advisory_lock_shared", locks(SessionLock::Advisory, true)),
        ("get_lock", locks(SessionLock::Named, false)),
        ("pg_advisory_xact_lock", Some(SqlEffect::Begins)),
        ("pg_try_advisory_xact_lock", Some(SqlEffect::Begins)),
    ];
    match words[0].as_str() {
        "begin" | "lock" => Some(SqlEffect::Begins),
        "start" => words.get(1).filter(|word| *word == "transaction").map(|_| SqlEffect::Begins),
        "create" | "alter" | "drop" | "comment" => None,
        _ => functions.into_iter().find(|(function, _)| calls(words, function))?.1,
    }
}

fn ledger(words: &[String]) -> Option<SqlEffect> {
    let (before, writes) = match words[0].as_str() {
        "select" => ("from", false),
        "insert" | "replace" => ("into", true),
        "update" => ("update", true),
        "pragma" => ("pragma", words.len() > 2),
        _ => return None,
    };
    // A query in a query asks as well: `SELECT EXISTS (SELECT 1 FROM migrations)`.
    let mut tables = words.windows(2).filter(|pair| pair[0] == before).map(|pair| pair[1].as_str());
    let plain = tables.next()?.rsplit('.').next()?;
    let is_ledger = match before {
        "pragma" => plain == OWN_NUMBER,
        _ => {
            plain == "pragma_user_version"
                || plain == "version"
                || LEDGERS.iter().any(|word| plain.contains(word))
        }
    };
    // SQLite has a table function for each pragma that gives something.
    let plain = plain.strip_prefix("pragma_").unwrap_or(plain);
    let named = is_ledger.then(|| plain.to_owned())?;
    Some(if writes { SqlEffect::RecordsVersion(named) } else { SqlEffect::AsksLedger(named) })
}

fn asked_catalogue(words: &[String]) -> Option<&'static str> {
    let named = |word: &String, name: &str| {
        word == name || word.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    };
    let asks = matches!(words[0].as_str(), "select" | "with");
    CATALOGUES.into_iter().find(|name| asks && words.iter().any(|word| named(word, name)))
}

fn privileged(words: &[String]) -> Option<&'static str> {
    let begins = |known: &&str| {
        known.split(' ').zip(words).all(|(wanted, word)| word.eq_ignore_ascii_case(wanted))
            && words.len() >= known.split(' ').count()
    };
    // `GRANT` is a word of languages other than SQL as well.
    let is_sql = words[0] != "grant" || words.iter().any(|word| word == "to");
    PRIVILEGED.into_iter().find(begins).filter(|_| is_sql)
}

fn repeated(words: &[String]) -> Repeated {
    let adds = match words[0].as_str() {
        "create" => true,
        "alter" => words.iter().any(|word| word == "add"),
        _ => return if says(words, &["if", "exists"]) { Repeated::DoesNothing } else { Repeated::Other },
    };
    match says(words, &["if", "not", "exists"]) || says(words, &["or", "replace"]) {
        true => Repeated::DoesNothing,
        false if adds => Repeated::Fails,
        false => Repeated::Other,
    }
}

/// Whether the words stand somewhere in a statement, one after the other.
fn says(words: &[String], phrase: &[&str]) -> bool {
    words.windows(phrase.len()).any(|part| part.iter().eq(phrase.iter()))
}

/// Whether a statement calls a function, in whatever schema.
fn calls(words: &[String], function: &str) -> bool {
    words.windows(2).any(|pair| pair[1] == "(" && pair[0].rsplit('.').next() == Some(function))
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

    fn changes_schema(text: &str) -> bool {
        effects(text).iter().any(|effect| matches!(effect, SqlEffect::Change { .. }))
    }

    /// The first statement that fails when it is repeated.
    fn failing(text: &str) -> Option<String> {
        effects(text).into_iter().find_map(|effect| match effect {
            SqlEffect::Change { statement, repeated: Repeated::Fails } => Some(statement),
            _ => None,
        })
    }

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
        assert_eq!(failing("create table if not exists t (id int); select 1"), None);
        assert_eq!(failing("DROP TABLE t; CREATE VIEW v AS SELECT 1").as_deref(), Some("CREATE VIEW V"));
        assert_eq!(failing("ALTER TABLE t ADD COLUMN x INT").as_deref(), Some("ALTER TABLE T"));
        assert_eq!(failing("ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT"), None);
        assert_eq!(failing("CREATE TEMP TABLE t (id INT)"), None);
    }

    #[test]
    fn locks_and_transactions_are_told_from_other_statements() {
        let keeps_out = |text: &str| effects(text).iter().any(SqlEffect::keeps_out_others);
        assert!(keeps_out("SELECT pg_advisory_lock(42)"));
        assert!(keeps_out("SELECT pg_try_advisory_xact_lock(42)"));
        assert!(keeps_out("begin immediate"));
        assert!(keeps_out("LOCK TABLE t"));
        assert!(!keeps_out("SELECT begin FROM meetings"));
        assert!(!keeps_out("CREATE FUNCTION get_lock() RETURNS INT"));
        assert_eq!(
            effects("SELECT version FROM schema_version FOR UPDATE"),
            [SqlEffect::AsksLedger("schema_version".to_owned()), SqlEffect::LocksRows]
        );
    }

    #[test]
    fn a_query_about_tables_is_known_by_the_catalogue_it_asks() {
        let asked = |text: &str| effects(text);
        let catalogue = |name| vec![SqlEffect::AsksCatalogue(name)];
        assert_eq!(asked("SELECT 1 FROM sqlite_master WHERE name = 't'"), catalogue("sqlite_master"));
        assert_eq!(asked("select to_regclass('t')"), catalogue("to_regclass"));
        assert_eq!(asked("SELECT 1 FROM pg_catalog.pg_class c"), catalogue("pg_class"));
        assert_eq!(asked("SELECT 1 FROM orders"), []);
        assert_eq!(asked("SELECT 'information_schema.tables' FROM orders"), []);
        assert!(changes_schema("CREATE TABLE pg_class_copy (id INT)"));
    }

    #[test]
    fn a_ledger_is_the_table_that_is_asked_or_written() {
        let asks = "SELECT EXISTS(SELECT 1 FROM public.migrations WHERE name = $1)";
        assert_eq!(effects(asks), [SqlEffect::AsksLedger("migrations".to_owned())]);
        let writes = "INSERT INTO schema_version(version) VALUES (2)";
        assert_eq!(effects(writes), [SqlEffect::RecordsVersion("schema_version".to_owned())]);
        assert_eq!(effects("SELECT 'migrations' FROM orders"), []);
        let number = || "user_version".to_owned();
        assert_eq!(effects("PRAGMA user_version"), [SqlEffect::AsksLedger(number())]);
        assert_eq!(effects("PRAGMA main.user_version = 3;"), [SqlEffect::RecordsVersion(number())]);
        assert_eq!(effects("PRAGMA journal_mode = WAL; -- user_version"), []);
    }

    #[test]
    fn statements_about_rights_are_told_by_their_first_words() {
        let rights = |text: &str| {
            effects(text).into_iter().find_map(|effect| match effect {
                SqlEffect::NeedsRights(statement) => Some(statement),
                _ => None,
            })
        };
        assert_eq!(rights("create extension if not exists pgcrypto"), Some("CREATE EXTENSION"));
        assert_eq!(rights("SELECT 1;\n GRANT SELECT ON orders TO reports"), Some("GRANT"));
        assert_eq!(rights("Grant me this"), None);
        assert_eq!(rights("CREATE TABLE users (id BIGINT)"), None);
        assert_eq!(rights("created user"), None);
    }

    #[test]
    fn a_lock_in_a_string_or_comment_is_none() {
        let advisory = SessionLock::Advisory;
        assert_eq!(effects("SELECT 'pg_advisory_lock(1)'"), []);
        assert_eq!(effects("SELECT 1 -- pg_advisory_lock(1)"), []);
        assert_eq!(
            effects("SELECT pg_catalog.pg_advisory_lock(1)"),
            [SqlEffect::Locks { lock: advisory, tries: false }]
        );
        assert_eq!(
            effects("select pg_try_advisory_lock(1)"),
            [SqlEffect::Locks { lock: advisory, tries: true }]
        );
        assert_eq!(effects("select RELEASE_LOCK('x')"), [SqlEffect::Unlocks(SessionLock::Named)]);
    }

    #[test]
    fn questions_about_whole_tables_are_told_from_others() {
        let asked = |text: &str| table_asked_for(text);
        for text in [
            "SELECT COUNT(*) FROM users",
            "select count(id) from \"users\"",
            "SELECT EXISTS(SELECT 1 FROM app.users)",
            "SELECT 1 FROM users LIMIT 1;",
        ] {
            assert_eq!(asked(text).as_deref(), Some("users"), "{text}");
        }
        for text in [
            "SELECT COUNT(*) FROM users WHERE role = 'admin'",
            "SELECT COUNT(*) FROM users JOIN teams ON true",
            "SELECT COUNT(*) >= 1000 FROM users",
            "SELECT hash FROM users ORDER BY id LIMIT 1",
            "SELECT id FROM users",
            "SELECT 1",
            "DELETE FROM users",
            "é",
        ] {
            assert_eq!(asked(text), None, "{text}");
        }
    }

    #[test]
    fn rows_that_are_inserted_whatever_is_there() {
        assert_eq!(
            table_inserted_into("INSERT INTO users (id) VALUES ($1) RETURNING id").as_deref(),
            Some("users")
        );
        for text in [
            "INSERT INTO users (id) VALUES ($1) ON CONFLICT DO NOTHING",
            "INSERT OR IGNORE INTO users (id) VALUES (1)",
            "INSERT INTO users (id) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM users)",
            "UPDATE users SET a = 1",
        ] {
            assert_eq!(table_inserted_into(text), None, "{text}");
        }
    }
}
