//! `leaked-lock`: an error leaves a function between taking a lock of the session and giving it back, or a lock is given back that
//! may not have been taken.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::session_locks::{Leak, Unheld};

/// Looks at the functions that take a session lock and give it back.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let leaked = program.leaked_locks();
    let unheld = program.unheld_unlocks();
    let leaked = leaked.iter().map(|leak| report(program, leak));
    leaked.chain(unheld.iter().map(|unheld| report_unheld(program, unheld))).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.lock_statements().iter().any(|statement| statement.function == id) {
        true => {
            "nothing leaves between taking the lock and giving it back, or the session ends with the function"
        }
        false => "no session lock of a database is taken here",
    }
    .to_owned()
}

fn report(program: &Program<'_>, leak: &Leak) -> Finding {
    let function = leak.function;
    let at = |span| program.location(function, span);
    Finding {
        rule: "leaked-lock",
        confidence: Confidence::High,
        message: "an error between lock and unlock leaves the lock with a session that goes back to the pool".to_owned(),
        help: "run the work in a function of its own, unlock, then look at its result; or use a lock that ends with the transaction"
            .to_owned(),
        silent_if: "every way out unlocks, or the session is closed".to_owned(),
        primary: Evidence { location: at(leak.taken), role: Role::Guard, label: "taken here".to_owned() },
        evidence: vec![
            Evidence {
                location: at(leak.leaves),
                role: Role::Check,
                label: "an error here leaves without unlocking".to_owned(),
            },
            Evidence {
                location: at(leak.given_back),
                role: Role::Guard,
                label: "given back only if nothing failed".to_owned(),
            },
        ],
        path: program.way_to(function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(function)],
    }
}

fn report_unheld(program: &Program<'_>, unheld: &Unheld) -> Finding {
    let function = unheld.function;
    Finding {
        rule: "leaked-lock",
        confidence: Confidence::High,
        message: "a lock is given back that somebody else may hold".to_owned(),
        help: "unlock only where the lock was taken: return before, where it was not".to_owned(),
        silent_if: "the unlock stands where the result of trying is known to be yes".to_owned(),
        primary: Evidence {
            location: program.location(function, unheld.given_back),
            role: Role::Guard,
            label: "given back, taken or not".to_owned(),
        },
        evidence: vec![Evidence {
            location: program.location(function, unheld.tried),
            role: Role::Guard,
            label: "this may say no".to_owned(),
        }],
        path: program.way_to(function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(function), "unheld".to_owned()],
    }
}
