//! `hardcoded-credentials`: the address of a database stands in the code, with its password.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::credentials::Credential;
use crate::program::items::FnId;

/// Looks at the texts of production code.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.credentials().iter().map(|credential| report(program, credential)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.credentials().iter().any(|credential| credential.function == id) {
        true => "the password is one for the developer's own machine",
        false => "no address of a database with a password stands here",
    }
    .to_owned()
}

fn report(program: &Program<'_>, credential: &Credential) -> Finding {
    Finding {
        rule: "hardcoded-credentials",
        // What everybody uses for a database of their own machine is no secret.
        confidence: if credential.is_local { Confidence::Low } else { Confidence::High },
        message: format!("`{}` stands in the code with its password", credential.shown),
        help: "read it from the environment or a secret store, and change the password: it is in the history"
            .to_owned(),
        silent_if: "the address comes from outside, or names the developer's own machine".to_owned(),
        primary: Evidence {
            location: credential.location,
            role: Role::Config,
            label: "whoever reads the code can connect".to_owned(),
        },
        evidence: Vec::new(),
        path: program.way_to(credential.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(credential.function), credential.shown.clone()],
    }
}
