//! `lock-on-pool`: a lock that belongs to a session is taken or given back through a pool.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::session_locks::{Executor, LockStatement};

/// Most calls of the locking functions that are shown.
const SHOWN: usize = 6;

/// Looks at the statements about session locks; those of one type or module are one finding for each kind of lock.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let statements = program.lock_statements();
    let mut groups: Vec<(String, Vec<&LockStatement>)> = Vec::new();
    for statement in
        statements.iter().filter(|one| matches!(one.executor, Executor::Pool | Executor::Wrapper))
    {
        let path = program.path_of(statement.function);
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner).to_owned();
        match groups.iter_mut().find(|(known, list)| *known == owner && list[0].lock == statement.lock) {
            Some((_, list)) => list.push(statement),
            None => groups.push((owner, vec![statement])),
        }
    }
    groups.iter().map(|(owner, list)| report(program, owner, list)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.lock_statements().iter().any(|statement| statement.function == id) {
        true => "its lock is taken on a session of its own, or what runs it is not known",
        false => "no session lock of a database is taken or given back here",
    }
    .to_owned()
}

fn report(program: &Program<'_>, owner: &str, list: &[&LockStatement]) -> Finding {
    let first = list.iter().find(|statement| statement.takes).unwrap_or(&list[0]);
    let mut evidence = Vec::new();
    for statement in list.iter().filter(|statement| statement.location != first.location) {
        let label = match statement.takes {
            true => "taken here, too",
            false => "given back on whatever session the pool has at hand",
        };
        evidence.push(Evidence { location: statement.location, role: Role::Guard, label: label.to_owned() });
    }
    let mut functions: Vec<FnId> = list.iter().map(|statement| statement.function).collect();
    functions.dedup();
    let calls = functions.iter().flat_map(|function| program.calls_of(*function)).take(SHOWN);
    evidence.extend(calls.map(|location| Evidence {
        location,
        role: Role::Accessor,
        label: "whoever comes here counts on it".to_owned(),
    }));
    let direct = list.iter().all(|statement| statement.executor == Executor::Pool);
    Finding {
        rule: "lock-on-pool",
        confidence: if direct { Confidence::High } else { Confidence::Medium },
        message: "a lock of the session is taken on a pool: the next statement may run on another session".to_owned(),
        help: "take one connection out of the pool for the lock, the work and the unlock, or use a lock that ends with the transaction"
            .to_owned(),
        silent_if: "lock and unlock run on one connection, or the lock belongs to a transaction".to_owned(),
        primary: Evidence {
            location: first.location,
            role: Role::Guard,
            label: "stays with a session that goes back to the pool".to_owned(),
        },
        evidence,
        path: program.way_to(first.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![owner.to_owned(), first.lock.name().to_owned()],
    }
}
