//! That the stores of the fixture `first-requests` really race, and those of its sound twin do not: many tasks visit one
//! store while it opens its SQLite file. All of them have come to the store before the first file is open, in every run.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Builder;

/// The fixture's code as it is, beside another way to open files.
#[path = "../fixtures/first-requests/src"]
mod racing {
    pub(crate) use crate::opening;
    // Its markers stand at the ends of lines.
    #[rustfmt::skip]
    #[allow(unreachable_pub, reason = "it is part of another crate")]
    pub(crate) mod stores;
}

#[path = "../fixtures/first-requests-sound/src"]
mod sound {
    pub(crate) use crate::opening;
    // Its markers stand at the ends of lines.
    #[rustfmt::skip]
    #[allow(unreachable_pub, reason = "it is part of another crate")]
    pub(crate) mod stores;
}

/// Opens files like the fixtures' module of this name, after everybody has come, and counts.
mod opening {
    use super::{ARRIVED, OPENED, TASKS};
    use rusqlite::Connection;

    pub(crate) async fn open(path: &str) -> rusqlite::Result<Connection> {
        OPENED.set(OPENED.get() + 1);
        while ARRIVED.get() < TASKS {
            tokio::task::yield_now().await;
        }
        let connection = Connection::open(path)?;
        connection.execute_batch("CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY)")?;
        Ok(connection)
    }
}

const TASKS: usize = 16;

// All tasks of a test run on its own thread.
thread_local! {
    static ARRIVED: Cell<usize> = const { Cell::new(0) };
    static OPENED: Cell<usize> = const { Cell::new(0) };
}

/// What became of the visits.
#[derive(Debug, PartialEq, Eq)]
struct Visits {
    /// Handles created.
    opened: usize,
    answered: usize,
    refused: usize,
    panicked: usize,
}

/// Sends all tasks to one store.
fn visit<S, F>(make: impl FnOnce(&str) -> S, visit: impl Fn(Arc<S>) -> F) -> Visits
where
    F: Future<Output = rusqlite::Result<()>> + Send + 'static,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("visits.sqlite");
    let store = Arc::new(make(path.to_str().expect("temporary folders have plain names")));
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let mut visits = Visits { opened: 0, answered: 0, refused: 0, panicked: 0 };
    runtime.block_on(async {
        let arrive = || {
            let visited = visit(store.clone());
            tokio::spawn(async move {
                // Nothing gives way between this and the store's test.
                ARRIVED.set(ARRIVED.get() + 1);
                visited.await
            })
        };
        let tasks: Vec<_> = (0..TASKS).map(|_| arrive()).collect();
        for task in tasks {
            match task.await {
                Ok(Ok(())) => visits.answered += 1,
                Ok(Err(_)) => visits.refused += 1,
                Err(_) => visits.panicked += 1,
            }
        }
    });
    visits.opened = OPENED.get();
    assert_eq!(rows(&path), visits.answered, "every answered visit is in the file");
    visits
}

fn rows(path: &Path) -> usize {
    let connection = rusqlite::Connection::open(path).expect("the file is there");
    let count: i64 =
        connection.query_row("SELECT count(*) FROM visits", [], |row| row.get(0)).expect("so is the table");
    usize::try_from(count).expect("a count is not negative")
}

const ONE_FOR_ALL: Visits = Visits { opened: 1, answered: TASKS, refused: 0, panicked: 0 };

#[test]
fn check_then_init_opens_a_handle_for_everybody() {
    use racing::stores::LockStore;
    let visits = visit(LockStore::new, |store| async move { store.visit().await });
    assert_eq!(visits, Visits { opened: TASKS, answered: TASKS, refused: 0, panicked: 0 });
}

#[test]
fn a_second_test_under_the_write_lock_opens_one() {
    use sound::stores::LockStore;
    assert_eq!(visit(LockStore::new, |store| async move { store.visit().await }), ONE_FOR_ALL);
}

#[test]
fn once_cell_check_then_set_panics_for_all_but_one() {
    use racing::stores::CellStore;
    let visits = visit(CellStore::new, |store| async move { store.visit().await });
    assert_eq!(visits, Visits { opened: TASKS, answered: 1, refused: 0, panicked: TASKS - 1 });
}

#[test]
fn get_or_try_init_opens_one() {
    use sound::stores::CellStore;
    assert_eq!(visit(CellStore::new, |store| async move { store.visit().await }), ONE_FOR_ALL);
}

#[test]
fn flag_as_lock_refuses_all_but_one() {
    use racing::stores::FlagStore;
    let visits = visit(FlagStore::new, |store| async move { store.visit().await });
    assert_eq!(visits, Visits { opened: 1, answered: 1, refused: TASKS - 1, panicked: 0 });
}

#[test]
fn a_lock_over_the_work_lets_everybody_wait() {
    use sound::stores::FlagStore;
    assert_eq!(visit(FlagStore::new, |store| async move { store.visit().await }), ONE_FOR_ALL);
}
