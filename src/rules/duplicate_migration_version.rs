//! `duplicate-migration-version`: two migrations of one folder have one version.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::items::FnId;
use crate::program::migrators::RepeatedMigration;

/// Looks at the folders of migrations that production code embeds, or that a command applies.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    program.repeated_migrations().iter().map(report).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_program: &Program<'_>, _id: FnId) -> String {
    "it is about the names of migrations, not about code".to_owned()
}

fn report(twice: &RepeatedMigration<'_>) -> Finding {
    let name = |path: &str| {
        let inside = path.strip_prefix(twice.folder).unwrap_or(path).trim_start_matches('/');
        inside.trim_end_matches("/up.sql").to_owned()
    };
    let ((first_place, first), (second_place, second)) = (twice.first, twice.second);
    let mut evidence =
        vec![Evidence { location: first_place, role: Role::Migration, label: "the same version".to_owned() }];
    evidence.extend(twice.named.iter().map(|location| Evidence {
        location: *location,
        role: Role::Config,
        label: "the folder is named here".to_owned(),
    }));
    Finding {
        rule: "duplicate-migration-version",
        confidence: Confidence::High,
        message: format!("the migration `{}` has the version of `{}`", name(second), name(first)),
        help: "give the one that is not yet applied anywhere a version of its own, later than all others"
            .to_owned(),
        silent_if: "the versions of all migrations in the folder differ".to_owned(),
        primary: Evidence {
            location: second_place,
            role: Role::Migration,
            label: "a database that has one of them never gets the other, or the run fails".to_owned(),
        },
        evidence,
        path: Vec::new(),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![twice.folder.to_owned(), name(first), name(second)],
    }
}
