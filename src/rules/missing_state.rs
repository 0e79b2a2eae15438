//! `missing-state`: a handler demands state by its type, and nothing supplies it under this type.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::supplied_state::MissingState;

/// Looks at what handlers demand by type while a request is answered.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.missing_state().iter().map(|missing| report(program, missing)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.routes().iter().any(|route| route.function == id) {
        true => "the state that it demands is supplied, or something of unknown type is",
        false => "it answers no route",
    }
    .to_owned()
}

fn report(program: &Program<'_>, missing: &MissingState<'_>) -> Finding {
    let demanded = &missing.demanded;
    let (message, help) = match &missing.instead {
        Some(instead) if instead.is_bare => (
            format!("the handler demands `{demanded}` in `Data`, and it is supplied without"),
            "wrap it: `app_data(web::Data::new(…))`".to_owned(),
        ),
        Some(instead) => (
            format!("the handler demands `{demanded}`, and `{}` is supplied", instead.ty),
            "supply the very type that handlers demand: pointers and wrappers count".to_owned(),
        ),
        None => (
            format!("the handler demands `{demanded}`, and nothing supplies it"),
            "supply it where the application is built, or pass it through state that the compiler checks"
                .to_owned(),
        ),
    };
    // State of other kinds comes from middleware more often, in ways nobody here can see.
    let proven = missing.has_handle || missing.instead.is_some();
    Finding {
        rule: "missing-state",
        confidence: if proven { Confidence::High } else { Confidence::Medium },
        message,
        help,
        silent_if: "the application is given a value of this type".to_owned(),
        primary: Evidence {
            location: missing.route.location,
            role: Role::Handler,
            label: "every request fails here".to_owned(),
        },
        evidence: missing
            .instead
            .iter()
            .map(|instead| Evidence {
                location: instead.location,
                role: Role::Config,
                label: format!("supplied as `{}`", instead.ty),
            })
            .collect(),
        path: program.way_to(missing.route.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.handler_name(missing.route), demanded.clone()],
    }
}
