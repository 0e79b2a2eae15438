//! `per-instance-guard`: what guards an initialization of the whole process is a field of a value that exists more than
//! once.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::instances::{Construction, OwnGuard};
use crate::program::inventory::Scope;
use crate::program::items::FnId;

/// Most places that are shown where values of the type are made.
const SHOWN: usize = 4;

/// Looks at every method that initializes something for the process under a guard of its own `self`.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let methods = program.linked().map(|(id, _)| id).filter(|id| {
        program.scope(*id) == Scope::Production
            && program.is_concurrent(*id)
            && !program.is_called_under_lock(*id)
    });
    let mut findings: Vec<Finding> = Vec::new();
    for id in methods {
        for guarded in program.own_guards(id) {
            let made = program.constructions(guarded.owner);
            let taken = program.location(id, guarded.taken);
            if is_made_twice(&guarded, &made) && !findings.iter().any(|known| known.primary.location == taken)
            {
                findings.push(report(program, id, &guarded, &made));
            }
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.own_guards(id).is_empty() {
        true => "nothing for the whole process is initialized here under a guard that is a field of `self`"
            .to_owned(),
        false => "values of the type are made at one place only, once".to_owned(),
    }
}

/// Whether several values with guards of their own exist. Two values that are made at the start may well have two
/// databases; they have one static.
fn is_made_twice(guarded: &OwnGuard<'_>, made: &[Construction]) -> bool {
    made.iter().any(|made| made.again_and_again) || (guarded.fills.is_some() && made.len() > 1)
}

fn report(program: &Program<'_>, id: FnId, guarded: &OwnGuard<'_>, made: &[Construction]) -> Finding {
    let guard = program.describe_place(id, &guarded.guard);
    let effect = guarded.effect;
    let site = program.site_of(effect);
    let (doing, role, label) = match &guarded.fills {
        Some(place) => (
            format!("the {} in `{}`", program.noun(effect), program.describe(place)),
            Role::InitSite,
            format!("the {} is created here, for the whole process", program.noun(effect)),
        ),
        None => {
            ("the schema".to_owned(), Role::Migration, "the schema is changed here, for everybody".to_owned())
        }
    };
    let mut evidence = vec![Evidence { location: site, role, label }];
    let again = made.iter().filter(|made| made.again_and_again);
    let others = made.iter().filter(|made| !made.again_and_again);
    evidence.extend(again.chain(others).take(SHOWN).map(|made| Evidence {
        location: made.location,
        role: Role::Holder,
        label: match made.again_and_again {
            true => "values with guards of their own are made here, again and again".to_owned(),
            false => "a value with a guard of its own is made here".to_owned(),
        },
    }));
    Finding {
        rule: "per-instance-guard",
        confidence: match (effect.certain, program.is_of_database(effect)) {
            (true, true) => Confidence::High,
            (true, false) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        message: format!("`{guard}` guards {doing}, but every value has a guard of its own"),
        help: "make the guard a static beside what it guards, or share one value of the type".to_owned(),
        silent_if: "the guard is a static or behind an `Arc` that all values share, or the type is made once"
            .to_owned(),
        primary: Evidence {
            location: program.location(id, guarded.taken),
            role: Role::Guard,
            label: "keeps out only callers that have the same value".to_owned(),
        },
        evidence,
        path: program.way_to(id),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.path_of(id), program.describe(&guarded.guard)],
    }
}
