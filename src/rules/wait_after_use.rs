//! `wait-after-use`: the step that waits for the database comes after something that needs it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;
use crate::program::waiting::LateWait;

/// Looks at start-up code that calls a function which waits for a database.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.late_waits().iter().map(|late| report(program, late)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no function that waits for a database, by its name, is called here after something that needs the database".to_owned()
}

fn report(program: &Program<'_>, late: &LateWait<'_>) -> Finding {
    let effect = late.effect;
    let what = match effect.kind {
        EffectKind::Migrate => "the migration runs".to_owned(),
        _ => format!("the {} is opened", program.noun(effect)),
    };
    let first = program.step_location(&effect.steps[0]);
    let site = program.site_of(effect);
    let role = if effect.kind == EffectKind::Migrate { Role::Migration } else { Role::InitSite };
    let mut evidence = vec![Evidence {
        location: program.location(late.function, late.wait),
        role: Role::Guard,
        label: "the wait comes only here".to_owned(),
    }];
    if site != first {
        evidence.push(Evidence {
            location: site,
            role,
            label: "fails while the database does not answer".to_owned(),
        });
    }
    Finding {
        rule: "wait-after-use",
        // What waits is told by its name.
        confidence: if effect.certain { Confidence::Medium } else { Confidence::Low },
        message: format!("{what} before the step that waits for the database"),
        help: "wait first, then connect and migrate".to_owned(),
        silent_if: "the wait comes before everything that needs the database".to_owned(),
        primary: Evidence {
            location: first,
            role,
            label: "a database that is late ends the start here".to_owned(),
        },
        evidence,
        path: program.way_to(late.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.path_of(late.function)],
    }
}
