//! `leaked-lock`: an error leaves a function between taking a lock of the session and giving it back.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::session_locks::Leak;

/// Looks at the functions that take a session lock and give it back.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.leaked_locks().iter().map(|leak| report(program, leak)).collect()
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
