//! `worker-before-init`: a background task works on the database while start-up is still preparing it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::summaries::EffectKind;
use crate::program::workers::EarlyWorker;

/// Looks at the tasks that start-up code starts.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.early_workers().iter().map(|worker| report(program, worker)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program
        .effects(id)
        .iter()
        .any(|effect| effect.kind == EffectKind::Migrate || effect.creates_handle())
    {
        true => "no task that uses a handle in a loop is started before what is prepared here",
        false => "nothing is prepared here that a task could come before",
    }
    .to_owned()
}

fn report(program: &Program<'_>, worker: &EarlyWorker<'_>) -> Finding {
    let effect = worker.effect;
    let (role, doing) = match effect.kind {
        EffectKind::Migrate => (Role::Migration, "the schema is changed".to_owned()),
        _ => (Role::InitSite, format!("the {} is created", program.noun(effect))),
    };
    let primary = program.location(worker.function, program.call(worker.function, worker.starts).span);
    let mut evidence =
        vec![Evidence { location: program.site_of(effect), role, label: format!("{doing} only here") }];
    if worker.uses != primary {
        evidence.push(Evidence {
            location: worker.uses,
            role: Role::Accessor,
            label: "the first thing that the worker does with the database".to_owned(),
        });
    }
    evidence.sort();
    let resource = program.resource_name(effect);
    Finding {
        rule: "worker-before-init",
        confidence: if effect.certain { Confidence::High } else { Confidence::Medium },
        message: format!("a worker starts before {doing}"),
        help: "start workers after the last step that prepares the database, or let them wait for a signal"
            .to_owned(),
        silent_if: "the worker waits on a channel, a notification or its timer before it uses the database"
            .to_owned(),
        primary: Evidence { location: primary, role: Role::Spawn, label: "goes to work at once".to_owned() },
        evidence,
        path: program.way_to(worker.function),
        notes: Vec::new(),
        binary: None,
        identity: vec![
            program.path_of(worker.function),
            program.callee_name(program.call(worker.function, worker.starts)),
            resource.clone().unwrap_or_else(|| "schema".to_owned()),
        ],
        resource,
    }
}
