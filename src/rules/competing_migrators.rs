//! `competing-migrators`: one process migrates one database by two migrators.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::migrators::CompetingMigrators;
use crate::program::summaries::{Effect, EffectKind};
use crate::program::{Program, UNKNOWN_DRIVER};

/// Looks at the migrators of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| {
            program.competing_migrators(entry).into_iter().map(move |pair| report(program, entry, &pair))
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.effects(id).iter().filter(|effect| effect.kind == EffectKind::Migrate).count() {
        0 | 1 => "at most one migrator runs here or in what it calls",
        _ => "the migrators are alternatives, or it is not known that they work on one database",
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, pair: &CompetingMigrators<'_>) -> Finding {
    let site = |effect: &Effect| program.site_of(effect);
    let database = match pair.driver.as_str() {
        UNKNOWN_DRIVER => "database".to_owned(),
        driver => format!("{driver} database"),
    };
    Finding {
        rule: "competing-migrators",
        confidence: Confidence::High,
        message: format!("a second migrator works on the {database} of `{}`", entry.binary.title),
        help: "keep one directory of migrations and one place that runs it".to_owned(),
        silent_if: "they work on databases with different addresses, or exclude each other".to_owned(),
        primary: Evidence {
            location: site(pair.second),
            role: Role::Migration,
            label: "second migrator, same database".to_owned(),
        },
        evidence: vec![Evidence {
            location: site(pair.first),
            role: Role::Migration,
            label: "first migrator".to_owned(),
        }],
        path: program.hops(entry.main, &pair.second.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        resource: None,
        identity: vec![
            entry.binary.title.clone(),
            program.path_of(pair.first.site.0),
            program.path_of(pair.second.site.0),
        ],
    }
}
