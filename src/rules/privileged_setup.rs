//! `privileged-setup`: a service creates roles, extensions or databases, or grants rights.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::privileges::PrivilegedStatement;

/// Looks at the statements that binaries which serve come to.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.privileged_statements().iter().map(|statement| report(program, statement)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no statement about roles, rights, extensions or databases is run here, or no binary that serves comes here".to_owned()
}

fn report(program: &Program<'_>, privileged: &PrivilegedStatement) -> Finding {
    let statement = privileged.statement;
    Finding {
        rule: "privileged-setup",
        confidence: Confidence::High,
        message: format!("a service runs `{statement}`: it needs rights that a request should never have"),
        help: "run it once, by an administrator or a step of the release, and give the service a role without these rights"
            .to_owned(),
        silent_if: "only a binary that does not serve comes here".to_owned(),
        primary: Evidence {
            location: privileged.location,
            role: Role::Migration,
            label: "needs rights over roles or the server".to_owned(),
        },
        evidence: Vec::new(),
        path: program.way_to(privileged.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(privileged.function), statement.to_owned()],
    }
}
