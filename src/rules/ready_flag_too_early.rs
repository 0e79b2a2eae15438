//! `ready-flag-too-early`: the service says that it is ready before it has connected and migrated, or after that failed.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::announcements::EarlyAnnouncement;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;

/// Looks at the functions that connect or migrate and announce readiness.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.early_announcements().iter().map(|early| report(program, early)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program
        .effects(id)
        .iter()
        .any(|effect| effect.kind == EffectKind::Migrate || effect.creates_handle())
    {
        true => "readiness is not announced here, or only after what is connected and migrated here",
        false => "nothing is connected or migrated here or in what it calls",
    }
    .to_owned()
}

fn report(program: &Program<'_>, early: &EarlyAnnouncement<'_>) -> Finding {
    let effect = early.effect;
    let (role, noun) = match effect.kind {
        EffectKind::Migrate => (Role::Migration, "migration"),
        _ => (Role::InitSite, program.noun(effect)),
    };
    let said = match &early.flag {
        Some(flag) => format!("`{flag}` says that the service is ready"),
        None => "the health service says that the service is ready".to_owned(),
    };
    let (message, label) = match early.failed {
        true => (format!("{said} after the {noun} failed"), "this failed"),
        false => (format!("{said} before the {noun}"), "this is still to be done"),
    };
    let first = program.step_location(&effect.steps[0]);
    let site = program.site_of(effect);
    let mut evidence = vec![Evidence { location: first, role, label: label.to_owned() }];
    if site != first {
        evidence.push(Evidence { location: site, role, label: format!("the {noun}") });
    }
    evidence.sort();
    Finding {
        rule: "ready-flag-too-early",
        confidence: if early.is_asked_for && effect.certain { Confidence::High } else { Confidence::Medium },
        message,
        help: "announce readiness as the last step, on the path on which every step before succeeded"
            .to_owned(),
        silent_if: "the flag is set after the last step that connects or migrates".to_owned(),
        primary: Evidence {
            location: program.location(early.function, early.announces),
            role: Role::Write,
            label: "traffic is sent from here on".to_owned(),
        },
        evidence,
        path: program.way_to(early.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![
            program.path_of(early.function),
            early.flag.clone().unwrap_or_else(|| "health service".to_owned()),
            noun.to_owned(),
        ],
    }
}
