//! `phase-order`: phases that the configuration declares run in another order.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::phases::{Met, Misplaced};

/// Looks at the start of each binary, where phases are declared.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| program.misplaced_phases(entry))
        .map(|misplaced| report(program, &misplaced))
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, _: FnId) -> String {
    match program.phases().is_empty() {
        true => "the configuration declares no phases of the start",
        false => "every binary that comes here keeps the order of the phases, as far as its start is known",
    }
    .to_owned()
}

fn report(program: &Program<'_>, misplaced: &Misplaced<'_>) -> Finding {
    let Misplaced { entry, early, late } = misplaced;
    let at = |met: &Met| -> Location {
        met.steps.last().map_or_else(|| program.declaration(entry.main), |step| program.step_location(step))
    };
    let declared = |met: &Met| Evidence {
        location: program.phases()[met.phase].location,
        role: Role::Config,
        label: format!("phase {} is declared here", met.phase + 1),
    };
    Finding {
        rule: "phase-order",
        confidence: Confidence::High,
        message: format!(
            "`{}` of phase {} runs before `{}` of phase {}",
            early.member,
            early.phase + 1,
            late.member,
            late.phase + 1
        ),
        help: format!("let `{}` come first, or change the order of `[phases]`", late.member),
        silent_if: "the earlier phase has run before on every way here".to_owned(),
        primary: Evidence {
            location: at(early),
            role: Role::InitSite,
            label: format!("phase {} begins here", early.phase + 1),
        },
        evidence: vec![
            Evidence {
                location: at(late),
                role: Role::InitSite,
                label: format!("phase {} runs only here", late.phase + 1),
            },
            declared(late),
            declared(early),
        ],
        path: program.hops(entry.main, &early.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        resource: None,
        identity: vec![entry.binary.title.clone(), early.member.clone(), late.member.clone()],
    }
}
