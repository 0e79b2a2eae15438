//! `session-setting-on-pool`: something is set for the session, and a pool has more than one.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::session_settings::PooledSettings;

/// Looks at the statements of production code that set something for their session.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.pooled_settings().iter().map(|settings| report(program, settings)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.sets_for_session(id) {
        true => {
            "what is set here is set on a connection of its own, for each one, or for what comes next on it"
        }
        false => "nothing is set here for a session of a database",
    }
    .to_owned()
}

fn report(program: &Program<'_>, settings: &PooledSettings<'_>) -> Finding {
    let names = settings.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let verb = if settings.names.len() == 1 { "is" } else { "are" };
    let mut evidence: Vec<Evidence> = settings.statements[1..]
        .iter()
        .map(|location| Evidence {
            location: *location,
            role: Role::Config,
            label: "and this for one, maybe another one".to_owned(),
        })
        .collect();
    evidence.extend(settings.handed_over.map(|location| Evidence {
        location,
        role: Role::Config,
        label: "with a connection that was taken out of the pool".to_owned(),
    }));
    evidence.extend(settings.pool.map(|pool| Evidence {
        location: program.site_of(pool),
        role: Role::InitSite,
        label: "this pool opens more of them".to_owned(),
    }));
    Finding {
        rule: "session-setting-on-pool",
        confidence: if settings.on_pool { Confidence::High } else { Confidence::Medium },
        message: format!("{names} {verb} set for one connection of a pool: the others do not have it"),
        help: "set it where each connection is opened: in the connect options, an `after_connect` hook or a connection customizer"
            .to_owned(),
        silent_if: "the pool has one connection, or sets up each that it opens".to_owned(),
        primary: Evidence {
            location: settings.statements[0],
            role: Role::Config,
            label: "holds for the connection that runs it".to_owned(),
        },
        evidence,
        path: program.way_to(settings.function),
        notes: Vec::new(),
        binary: None,
        resource: settings.pool.and_then(|pool| program.resource_name(pool)),
        identity: vec![program.path_of(settings.function)],
    }
}
