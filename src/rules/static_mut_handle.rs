//! `static-mut-handle`: a `static mut` keeps a handle.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;

/// Looks at the statics of production code.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let statics = program.mutable_handle_statics().into_iter().map(|id| {
        let path = program.static_path(id);
        let uses = program.places_of_static(id);
        let evidence = uses.into_iter().map(|(location, writes)| match writes {
            true => Evidence { location, role: Role::Write, label: "written here".to_owned() },
            false => Evidence { location, role: Role::Accessor, label: "used here".to_owned() },
        });
        Finding {
            rule: "static-mut-handle",
            confidence: Confidence::High,
            message: format!(
                "`{path}` is a `static mut` that keeps a handle: nothing orders its write and its readers"
            ),
            help: "keep it in a `OnceLock` or `OnceCell`, filled in `main` or by `get_or_init`".to_owned(),
            silent_if: "the static is not `mut`".to_owned(),
            primary: Evidence {
                location: program.static_location(id),
                role: Role::Holder,
                label: "anybody may write it at any time".to_owned(),
            },
            evidence: evidence.collect(),
            path: Vec::new(),
            notes: Vec::new(),
            binary: None,
            resource: None,
            identity: vec![path],
        }
    });
    statics.collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no `static mut` that keeps a handle is used here".to_owned()
}
