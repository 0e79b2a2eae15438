//! `flag-as-lock`: a flag keeps everybody but the first caller from doing the work, and lets them go on before it is
//! done.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::claims::{Claim, Loser};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;

/// Looks at every function that several callers can be in at once.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let raced = program.linked().map(|(id, _)| id).filter(|id| {
        program.scope(*id) == Scope::Production
            && program.is_concurrent(*id)
            && program.writes_a_place(*id)
            && !program.is_called_under_lock(*id)
    });
    raced
        .flat_map(|id| program.claims(id).into_iter().map(move |claim| report(program, id, &claim)))
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    program
        .why_no_race(id)
        .unwrap_or("no flag is raised before a handle is created or a schema changed, or who finds it raised waits or is told")
        .to_owned()
}

fn report(program: &Program<'_>, id: FnId, claim: &Claim<'_>) -> Finding {
    let flag = program.describe_place(id, &claim.flag);
    let mut evidence = Vec::new();
    if claim.raised != claim.tested {
        evidence.push(Evidence {
            location: program.location(id, claim.raised),
            role: Role::Write,
            label: "raised here, before the work".to_owned(),
        });
    }
    for effect in &claim.effects {
        let location = program.site_of(effect);
        let (role, label) = match effect.kind {
            EffectKind::Migrate => (Role::Migration, "the schema is changed after that".to_owned()),
            _ => (Role::InitSite, format!("a {} is created after that", program.noun(effect))),
        };
        evidence.push(Evidence { location, role, label });
    }
    let outcome = match claim.loser {
        Loser::Returns => "whoever comes meanwhile returns as if all was ready",
        Loser::GoesOn => "whoever comes meanwhile goes on without it",
        Loser::Panics(span) => {
            evidence.push(Evidence {
                location: program.location(id, span),
                role: Role::Accessor,
                label: "nothing is there yet for them: this panics".to_owned(),
            });
            "whoever comes meanwhile finds nothing and panics"
        }
    };
    let twice = if claim.apart { "two callers can both find it down; " } else { "" };
    let for_good = match claim.lowered {
        true => String::new(),
        false => ", and after a failure everybody does, for good".to_owned(),
    };
    let effect = claim.effects[0];
    Finding {
        rule: "flag-as-lock",
        confidence: match (effect.certain && program.is_of_database(effect), claim.apart) {
            (true, true) => Confidence::High,
            (true, false) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        message: format!("`{flag}` is raised before the work is done: {outcome}"),
        help: "let a once cell's `get_or_try_init` do the work, or hold a lock over it: the others then wait"
            .to_owned(),
        silent_if: "whoever finds the flag raised waits for the work, or gets an error".to_owned(),
        primary: Evidence {
            location: program.location(id, claim.tested),
            role: Role::Check,
            label: format!("{twice}{outcome}{for_good}"),
        },
        evidence,
        path: program.way_to(id),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.path_of(id), program.describe(&claim.flag)],
    }
}
