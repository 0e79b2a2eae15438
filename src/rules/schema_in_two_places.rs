//! `schema-in-two-places`: the same table is created in code and in migrations, or twice in code.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::schema_owners::{SchemaOwner, SharedTables};
use crate::program::summaries::EffectKind;

/// Looks at what defines tables in the process of each binary. A statement that does nothing when the table is there hides the
/// other one rather than failing, and is only warned about.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| {
            program.shared_tables(entry).into_iter().map(move |shared| report(program, entry, &shared))
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.effects(id).iter().filter(|effect| effect.kind == EffectKind::Migrate).count() {
        0 | 1 => "at most one place that defines tables runs here or in what it calls",
        _ => "no table is created by two of the places that define tables here, as far as their SQL is known",
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, shared: &SharedTables<'_>) -> Finding {
    let (first, second) = &shared.tables[0];
    let run_by = |owner: &SchemaOwner<'_>| {
        let (function, call) = owner.effect.site;
        program.location(function, program.call(function, call).span)
    };
    let others = shared.tables.len() - 1;
    let tables = match others {
        0 => format!("the table `{}`", first.name),
        1 => format!("the table `{}` and another one", first.name),
        _ => format!("the table `{}` and {others} others", first.name),
    };
    let hides = shared.tables.iter().all(|(first, second)| first.repeatable || second.repeatable);
    // Under conditions that are not understood they may exclude each other.
    let sometimes = [&shared.first, &shared.second]
        .iter()
        .any(|owner| owner.effect.steps.iter().any(|step| program.is_conditional(step)));
    let is_migrated = shared.first.kind.is_migrator();
    let by = match is_migrated {
        true => "the migrations create as well".to_owned(),
        false => format!("`{}` creates as well", program.name_of(shared.first.effect.site.0)),
    };
    let mut evidence = vec![Evidence {
        location: first.location,
        role: Role::Migration,
        label: format!("`{}` is created here", first.name),
    }];
    if run_by(&shared.first) != first.location {
        evidence.push(Evidence {
            location: run_by(&shared.first),
            role: Role::Migration,
            label: "the migrations run here".to_owned(),
        });
    }
    Finding {
        rule: "schema-in-two-places",
        confidence: if hides || sometimes { Confidence::Medium } else { Confidence::High },
        message: format!("`{}` creates {tables}, which {by}", program.name_of(shared.second.effect.site.0)),
        help: match is_migrated {
            true => "leave the table to the migrations, and take the statement out of the code",
            false => "let one function define the table, or better a directory of migrations",
        }
        .to_owned(),
        silent_if: "one of them drops or renames the table, or they exclude each other".to_owned(),
        primary: Evidence {
            location: second.location,
            role: Role::Migration,
            label: "created here, too".to_owned(),
        },
        evidence,
        path: program.hops(entry.main, &shared.second.effect.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        resource: None,
        identity: vec![
            entry.binary.title.clone(),
            first.name.clone(),
            program.path_of(shared.first.effect.site.0),
            program.path_of(shared.second.effect.site.0),
        ],
    }
}
