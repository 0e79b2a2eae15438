//! `ignored-init-verdict`: a function says whether it could initialize, or whether somebody else has, and nobody reads it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;
use crate::program::verdicts::IgnoredVerdict;

/// Looks at calls of functions that initialize and give a `bool`.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.ignored_verdicts().iter().map(|ignored| report(program, ignored)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.effects(id).is_empty() {
        true => "nothing is initialized here or in what it calls",
        false => "what is called here to initialize gives no `bool`, or it is read",
    }
    .to_owned()
}

fn report(program: &Program<'_>, ignored: &IgnoredVerdict<'_>) -> Finding {
    let name = program.name_of(ignored.initializer);
    let call = program.call(ignored.function, ignored.call);
    let (confidence, message, evidence) = match ignored.effect {
        None => (
            // That it waits is known by its name alone.
            Confidence::Medium,
            format!("`{name}` says whether the database is ready, and nobody reads it"),
            Evidence {
                location: program.declaration(ignored.initializer),
                role: Role::Check,
                label: "this may give up".to_owned(),
            },
        ),
        Some(effect) => {
            let (role, what) = match effect.kind {
                EffectKind::Migrate => (Role::Migration, "the migration".to_owned()),
                _ => (Role::InitSite, format!("the {}", program.noun(effect))),
            };
            let location = program.site_of(effect);
            (
                if effect.certain { Confidence::High } else { Confidence::Medium },
                format!("`{name}` says whether {what} succeeded, and nobody reads it"),
                Evidence { location, role, label: format!("{what} may fail here") },
            )
        }
    };
    Finding {
        rule: "ignored-init-verdict",
        confidence,
        message,
        help: "end the start-up when it says no; better, let it give a `Result`".to_owned(),
        silent_if: "the `bool` is tested, returned or stored".to_owned(),
        primary: Evidence {
            location: program.location(ignored.function, call.span),
            role: Role::Check,
            label: "the verdict is dropped".to_owned(),
        },
        evidence: vec![evidence],
        path: program.way_to(ignored.function),
        notes: Vec::new(),
        binary: None,
        resource: ignored
            .effect
            .and_then(|effect| program.resource_of(effect))
            .map(|id| program.resource(id).id.clone()),
        identity: vec![program.path_of(ignored.function), name],
    }
}
