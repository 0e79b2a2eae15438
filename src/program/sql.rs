//! Room 5, *program*: what SQL texts do, as far as the words of their statements tell.

use super::sql_parser::{looks_elsewhere, statements};

/// What a statement does that matters to who initializes a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SqlEffect {
    /// It changes the schema. Temporary tables are no schema.
    Change {
        /// Its first three words, in capitals.
        statement: String,
        /// Whether it creates or adds something and does not say `IF NOT EXISTS` or `OR REPLACE`: it fails when somebody else
        /// has run it already.
        fails_when_repeated: bool,
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

    /// Whether something is set for the session alone.
    pub(super) fn sets_session(&self) -> bool {
        matches!(self, Self::SetsSession(_))
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
    /// Whether every session has it like that from the start.
    pub(super) is_so_anyway: bool,
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
                fails_when_repeated: fails_when_repeated(&words),
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
const TELLING: [&str; 22] = [
    "create",
    "alter",
    "drop",
    "grant",
    "lock",
    "begin",
    "savepoint",
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
pub(super) const OWN_NUMBER: &str = "user_version";

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

/// What `SET` sets for a session, and other statements depend on (PostgreSQL documentation, client connection defaults and statement
/// behaviour; MySQL documentation, server system variables). Any other word may be a column in a piece of an `UPDATE`.
const OF_SESSIONS: [&str; 28] = [
    "application_name",
    "bytea_output",
    "client_encoding",
    "datestyle",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "foreign_key_checks",
    "group_concat_max_len",
    "idle_in_transaction_session_timeout",
    "innodb_lock_wait_timeout",
    "intervalstyle",
    "lock_timeout",
    "maintenance_work_mem",
    "max_execution_time",
    "max_statement_time",
    "row_security",
    "search_path",
    "session_replication_role",
    "sql_log_bin",
    "sql_mode",
    "statement_timeout",
    "synchronous_commit",
    "time_zone",
    "timezone",
    "transaction_timeout",
    "unique_checks",
    "wait_timeout",
    "work_mem",
];

fn session_setting(words: &[String]) -> Option<SessionSetting> {
    let word = |at: usize| words.get(at).map(String::as_str);
    let is_pragma = words[0] == "pragma";
    let at = usize::from(words[0] == "set" && word(1) == Some("session")) + 1;
    let value = word(at + 2);
    let is_given =
        matches!(word(at + 1), Some("=" | "to" | "(")) && value.is_some_and(|value| value != "default");
    let name = match words[0].as_str() {
        "pragma" => word(1)?.rsplit('.').next().filter(|name| OF_CONNECTIONS.contains(name) && is_given)?,
        "set" => match word(at)? {
            "time" if word(at + 1) == Some("zone") && value.is_some_and(|value| value != "default") => {
                "time zone"
            }
            "role" if words.len() == at + 2 => "role",
            name if OF_SESSIONS.contains(&name) && is_given => name,
            _ => return None,
        },
        _ => return None,
    };
    let is_so_anyway = match name {
        // SQLite as it comes with libsqlite3-sys has foreign keys switched on (its build script, 0.30).
        "foreign_keys" | "automatic_index" => matches!(value, Some("on" | "1" | "true" | "yes")),
        "case_sensitive_like" | "ignore_check_constraints" | "query_only" | "recursive_triggers" => {
            matches!(value, Some("off" | "0" | "false" | "no"))
        }
        _ => false,
    };
    Some(SessionSetting { name: name.to_owned(), is_pragma, is_so_anyway })
}

/// Whether a text has statements that set nothing: what is set beside them may be meant for them.
pub(super) fn does_more_than_set(text: &str) -> bool {
    statements(text).iter().any(|words| !matches!(words[0].as_str(), "set" | "pragma" | "reset"))
}

/// Whether a text only creates what is missing: of two who run it at once neither changes what the other did.
pub(super) fn only_creates_what_is_missing(text: &str) -> bool {
    let statements = statements(text);
    let creates = |words: &Vec<String>| words[0] == "create" && says(words, &["if", "not", "exists"]);
    !statements.is_empty() && statements.iter().all(creates)
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

/// The tables that the statements of a text read and write, as they are named there, in lower case. Statements with names of their own
/// (`WITH …`, temporary tables), with quoted names in capitals, and with functions whose arguments read like a `FROM` are left out.
/// Linear in the text.
pub(super) fn tables_used(text: &str) -> Vec<String> {
    const BEGINNINGS: [&str; 5] = ["select", "insert", "update", "delete", "replace"];
    const NOT_READ: [&str; 9] =
        ["distinct", "extract", "overlay", "position", "substring", "temp", "temporary", "trim", "with"];
    let begins = text.trim_start().split(|sign: char| !sign.is_ascii_alphabetic()).next().unwrap_or_default();
    // Most texts are no SQL, and not worth more than this look.
    let in_capitals = |quoted: &str| quoted.chars().any(|sign| sign.is_ascii_uppercase());
    if !BEGINNINGS.iter().any(|word| begins.eq_ignore_ascii_case(word))
        || text.split(['"', '`']).skip(1).step_by(2).any(in_capitals)
    {
        return Vec::new();
    }
    let statements = statements(text).into_iter();
    let is_read = |words: &Vec<String>| {
        BEGINNINGS.contains(&words[0].as_str()) && !words.iter().any(|word| NOT_READ.contains(&word.as_str()))
    };
    let uses = statements.filter(is_read);
    uses.flat_map(|words| {
        let names = words.windows(2).filter(|pair| {
            matches!(pair[0].as_str(), "from" | "into" | "join")
                || (pair[0] == "update" && words[0] == "update")
        });
        names.map(|pair| without_default_schema(&pair[1]).to_owned()).collect::<Vec<_>>()
    })
    .collect()
}

/// `public.` and `main.` are what is meant without a schema.
pub(super) fn without_default_schema(table: &str) -> &str {
    table.strip_prefix("public.").or_else(|| table.strip_prefix("main.")).unwrap_or(table)
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
        "begin" | "lock" | "savepoint" => Some(SqlEffect::Begins),
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
            // A table of that name may hold anything: one that has a single row of a single number is meant.
            let is_one_number =
                plain == "version" && !words.iter().any(|word| word == "where" || word == ",");
            plain == "pragma_user_version" || is_one_number || LEDGERS.iter().any(|word| plain.contains(word))
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
    // `GRANT` is a word of languages other than SQL as well, and SurrealQL creates records in these words.
    let makes_record = || match words.get(2).map(String::as_str) {
        Some(":") => true,
        Some("set" | "content") => words[1] == "user" && words.len() > 3,
        _ => false,
    };
    let is_sql = match words[0].as_str() {
        "grant" => words.iter().any(|word| word == "to"),
        "create" => !makes_record(),
        _ => true,
    };
    PRIVILEGED.into_iter().find(begins).filter(|_| is_sql)
}

fn fails_when_repeated(words: &[String]) -> bool {
    let creates = words[0] == "create" || (words[0] == "alter" && words.iter().any(|word| word == "add"));
    // `DROP CONSTRAINT IF EXISTS …, ADD CONSTRAINT …`
    let takes_away_first = says(words, &["constraint", "if", "exists"]);
    creates && !takes_away_first && !says(words, &["if", "not", "exists"]) && !says(words, &["or", "replace"])
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

    #[test]
    fn tables_are_used_where_a_statement_names_them() {
        let all = "SELECT o.id FROM public.orders o JOIN items ON true; INSERT INTO log SELECT 1; UPDATE t SET a = 1";
        assert_eq!(tables_used(all), ["orders", "items", "log", "t"]);
        assert_eq!(tables_used("DELETE FROM shop.orders"), ["shop.orders"]);
        for text in [
            "CREATE TABLE orders (id INT)",
            "take the rest FROM orders",
            "WITH orders AS (SELECT 1) SELECT * FROM orders",
            "INSERT INTO x WITH orders AS (SELECT 1) SELECT * FROM orders",
            "SELECT extract(epoch FROM orders)",
            "SELECT a IS DISTINCT FROM orders",
            "SELECT * FROM \"Orders\"",
        ] {
            assert!(tables_used(text).is_empty(), "{text}");
        }
    }

    /// The first statement that fails when it is repeated.
    fn repeated(text: &str) -> Option<String> {
        effects(text).into_iter().find_map(|effect| match effect {
            SqlEffect::Change { statement, fails_when_repeated: true } => Some(statement),
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
        assert_eq!(repeated("create table if not exists t (id int); select 1"), None);
        assert_eq!(repeated("DROP TABLE t; CREATE VIEW v AS SELECT 1").as_deref(), Some("CREATE VIEW V"));
        assert_eq!(repeated("ALTER TABLE t ADD COLUMN x INT").as_deref(), Some("ALTER TABLE T"));
        assert_eq!(repeated("ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT"), None);
        assert_eq!(repeated("CREATE TEMP TABLE t (id INT)"), None);
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
        assert_eq!(rights("CREATE USER reports PASSWORD 'x'"), Some("CREATE USER"));
        assert_eq!(rights("CREATE user:first SET name = 'x'"), None);
        assert_eq!(rights("CREATE user CONTENT $user"), None);
        assert_eq!(rights("CREATE DATABASE content"), Some("CREATE DATABASE"));
        assert_eq!(rights("CREATE USER \"set\""), Some("CREATE USER"));
    }

    #[test]
    fn settings_of_a_session_are_told_by_their_names() {
        let set = |text: &str| -> Vec<String> {
            let settings = effects(text).into_iter().filter_map(|effect| match effect {
                SqlEffect::SetsSession(setting) if !setting.is_so_anyway => Some(setting.name),
                _ => None,
            });
            settings.collect()
        };
        assert_eq!(
            set("PRAGMA main.busy_timeout = 5000; PRAGMA cache_size(-2000)"),
            ["busy_timeout", "cache_size"]
        );
        assert_eq!(set("SET SESSION statement_timeout = 0"), ["statement_timeout"]);
        assert_eq!(set("set time zone 'UTC'"), ["time zone"]);
        for text in [
            "PRAGMA busy_timeout",
            "PRAGMA journal_mode = WAL",
            "PRAGMA foreign_keys = ON",
            "SET LOCAL search_path TO shop",
            "SET search_path TO DEFAULT",
            "SET GLOBAL time_zone = 'UTC'",
            "SET name = 'x'",
            "Set role of the user",
        ] {
            assert!(set(text).is_empty(), "{text}");
        }
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
