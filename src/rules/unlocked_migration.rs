//! `unlocked-migration`: a migrator that takes no lock runs on the way of something that runs more than once.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind};
use crate::program::unlocked::{Often, UnlockedMigration};

/// Looks at the migrations of binaries that serve.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| {
            program
                .unlocked_migrations(entry)
                .into_iter()
                .map(move |unlocked| report(program, entry, &unlocked))
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.effects(id).iter().any(|effect| effect.kind == EffectKind::Migrate) {
        true => {
            "the migrator takes a lock, a lock is held around it, or it is not seen to run more than once"
        }
        false => "nothing migrates here or in what it calls",
    }
    .to_owned()
}

/// Where a binary asks for the migration.
fn asked(program: &Program<'_>, effect: &Effect, binary: &str) -> Evidence {
    let step = effect.steps.iter().nth_back(1).unwrap_or(&effect.steps[0]);
    Evidence {
        location: program.step_location(step),
        role: Role::Migration,
        label: format!("`{binary}` migrates here"),
    }
}

fn report(program: &Program<'_>, entry: &Entry, unlocked: &UnlockedMigration<'_>) -> Finding {
    let effect = unlocked.effect;
    let (why, confidence) = match unlocked.often {
        Often::Copies(copies) => {
            (format!("{} copies of the service run it when they start", copies.count), Confidence::High)
        }
        Often::Requests => ("requests run it, several at once".to_owned(), Confidence::Medium),
        Often::Workers => ("every worker runs it".to_owned(), Confidence::Medium),
        Often::Binary(other, _) => {
            (format!("`{}` runs it as well when it starts", other.binary.title), Confidence::Medium)
        }
        Often::Connections => ("every connection of a pool runs it".to_owned(), Confidence::Medium),
    };
    let evidence = match unlocked.often {
        Often::Copies(copies) => vec![Evidence {
            location: copies.location,
            role: Role::Config,
            label: "so many start at once".to_owned(),
        }],
        Often::Binary(other, again) => {
            vec![asked(program, effect, &entry.binary.title), asked(program, again, &other.binary.title)]
        }
        Often::Requests | Often::Workers | Often::Connections => Vec::new(),
    };
    let facts = program.migrator_facts(effect);
    let ledger = facts
        .and_then(|facts| facts.ledger.as_deref())
        .map_or("the same ledger".to_owned(), |name| format!("`{name}`"));
    let repeats =
        facts.zip(program.migrated_driver(effect)).map(|(facts, driver)| facts.repeats.contains(&driver));
    let notes = match repeats {
        Some(true) => vec!["of two at once both run the same statements".to_owned()],
        Some(false) => vec!["of two at once one fails, and its process does not start".to_owned()],
        None => Vec::new(),
    };
    Finding {
        rule: "unlocked-migration",
        confidence: if effect.certain { confidence } else { Confidence::Low },
        message: format!("the migrator takes no lock, and {why}"),
        help: "migrate in a step of the release, or hold a lock in the database from the first look at the ledger to the last change"
            .to_owned(),
        silent_if: "an advisory or table lock is held around it, or it runs once".to_owned(),
        primary: Evidence {
            location: program.site_of(effect),
            role: Role::Migration,
            label: format!("two of them read {ledger} and apply the same migration"),
        },
        evidence,
        path: program.hops(entry.main, &effect.steps),
        notes,
        binary: Some(entry.binary.title.clone()),
        resource: None,
        identity: vec![program.path_of(effect.site.0), entry.binary.title.clone()],
    }
}
