//! What the catalog says of migrators really happens: of one without a lock two processes (here: two connections) that start at once
//! both apply what is pending. Under a lock of the catalog over looking, applying and recording, the second one finds it done. The order is the same in
//! every run: the first one goes on when the second one waits for the database.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use initpath::catalog::{CallRole, Catalog};
use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{HookResult, M, Migrations};

/// Signals between the two connections of one test; handlers of a busy database are plain functions, so each test has its own.
struct Signals {
    /// The first one is in the middle of its work.
    started: AtomicBool,
    /// The second one waits for the first one.
    waiting: AtomicBool,
}

impl Signals {
    const fn new() -> Self {
        Self { started: AtomicBool::new(false), waiting: AtomicBool::new(false) }
    }

    /// In the middle of the work of whoever comes first: lets the second one begin, and waits until it waits.
    fn in_the_middle(&self) {
        if !self.started.swap(true, Ordering::SeqCst) {
            wait_for(&self.waiting);
        }
    }

    /// What the second one does while the database is busy: it says that it waits, and tries again.
    fn says_that_it_waits(&self) -> bool {
        self.waiting.store(true, Ordering::SeqCst);
        thread::yield_now();
        true
    }
}

fn wait_for(signal: &AtomicBool) {
    while !signal.load(Ordering::SeqCst) {
        thread::yield_now();
    }
}

/// Two connections migrate one new file: the second begins when the first is in the middle. How often the statement of the migration
/// was run.
fn runs_of_two(
    signals: &'static Signals,
    busy: fn(i32) -> bool,
    migrate: fn(&mut Connection) -> Result<(), Box<dyn std::error::Error>>,
) -> i64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("shop.db");
    let open = |path: &Path| Connection::open(path).expect("SQLite opens a file");
    open(&path)
        .execute_batch("CREATE TABLE runs (id INTEGER PRIMARY KEY); CREATE TABLE ledger (version INTEGER)")
        .expect("the file is new");
    thread::scope(|scope| {
        scope.spawn(|| migrate(&mut open(&path)).expect("nobody else is there"));
        scope.spawn(|| {
            wait_for(&signals.started);
            let mut connection = open(&path);
            connection.busy_handler(Some(busy)).expect("it is a function");
            migrate(&mut connection).expect("the first one ends");
        });
    });
    open(&path).query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).expect("the table is there")
}

fn role_of(path: &str) -> CallRole {
    let catalog = Catalog::builtin();
    let facts = catalog.calls().iter().find(|facts| facts.path == path);
    facts.unwrap_or_else(|| panic!("the catalog knows `{path}`")).role
}

#[test]
fn a_migrator_that_the_catalog_calls_unlocked_applies_one_migration_twice() {
    static SIGNALS: Signals = Signals::new();
    fn busy(_: i32) -> bool {
        SIGNALS.says_that_it_waits()
    }
    fn migrate(connection: &mut Connection) -> Result<(), Box<dyn std::error::Error>> {
        let hook = |_: &rusqlite::Transaction<'_>| -> HookResult {
            SIGNALS.in_the_middle();
            Ok(())
        };
        let steps = vec![M::up_with_hook("INSERT INTO runs DEFAULT VALUES", hook)];
        Ok(Migrations::new(steps).to_latest(connection)?)
    }
    let catalog = Catalog::builtin();
    let path = "rusqlite_migration::Migrations::to_latest";
    assert_eq!(role_of(path), CallRole::Migrate);
    let migrator = catalog.migrator_facts(path).expect("the catalog says what two of it do");
    assert_eq!((migrator.locks.len(), &migrator.repeats), (0, &vec!["sqlite".to_owned()]));
    assert_eq!(runs_of_two(&SIGNALS, busy, migrate), 2);
}

#[test]
fn a_migrator_by_hand_under_what_the_catalog_calls_a_lock_applies_it_once() {
    static SIGNALS: Signals = Signals::new();
    fn busy(_: i32) -> bool {
        SIGNALS.says_that_it_waits()
    }
    fn migrate(connection: &mut Connection) -> Result<(), Box<dyn std::error::Error>> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done: i64 = transaction.query_row("SELECT count(*) FROM ledger", [], |row| row.get(0))?;
        if done == 0 {
            transaction.execute("INSERT INTO runs DEFAULT VALUES", [])?;
            SIGNALS.in_the_middle();
            transaction.execute("INSERT INTO ledger VALUES (1)", [])?;
        }
        Ok(transaction.commit()?)
    }
    let role = role_of("rusqlite::Connection::transaction_with_behavior");
    assert_eq!(role, CallRole::DatabaseLock, "the catalog says that whoever else writes waits");
    assert_eq!(runs_of_two(&SIGNALS, busy, migrate), 1);
}
