//! Room 8, *plan*: who owns the schema of each database, and the steps that leave one owner. Must not read the program.

use super::Removed;
use crate::location::Location;
use crate::program::schema_owners::{MigratorLock, OwnerKind, SchemaPlace};
use crate::settle::Settled;

/// The schema of one database.
#[derive(Debug, Clone)]
pub struct SchemaPlan {
    /// The resource, or the driver where the resource is not known.
    pub database: String,
    /// Whether the resource is known; nothing is said about one owner where it is not.
    pub is_known: bool,
    /// Everything that changes it, in order.
    pub places: Vec<SchemaPlace>,
    /// Which of the places should be the only one: the migrator that defines the most tables. None where nothing but
    /// statements changes the schema.
    pub keeper: Option<usize>,
    /// What to do, in order; empty when one owner is all there is.
    pub steps: Vec<SchemaStep>,
    /// The findings about a place that changes it, in the order of the findings.
    pub reported: Vec<Removed>,
}

/// One step to one owner.
#[derive(Debug, Clone)]
pub struct SchemaStep {
    /// What to do.
    pub action: String,
    /// Where.
    pub places: Vec<Location>,
}

/// The schemas, in the order of their databases.
pub(super) fn schemas(places: &[SchemaPlace], findings: &[Settled]) -> Vec<SchemaPlan> {
    let by_database = places.chunk_by(|one, other| one.database == other.database);
    by_database.map(|places| schema(places.to_vec(), findings)).collect()
}

fn schema(places: Vec<SchemaPlace>, findings: &[Settled]) -> SchemaPlan {
    let is_about = |settled: &&Settled| {
        let mut evidence = settled.finding.evidence.iter().chain([&settled.finding.primary]);
        evidence.any(|one| places.iter().any(|place| place.location.meets(one.location)))
    };
    let reported = findings.iter().filter(is_about).map(Removed::of).collect();
    let migrators = (0..places.len()).filter(|index| places[*index].kind.is_migrator());
    // Of several with as many tables the first stays.
    let keeper = migrators.rev().max_by_key(|index| places[*index].tables.len());
    let is_known = places[0].is_known;
    let (keeper, steps) = match is_known {
        true => (keeper, steps(&places, keeper)),
        false => (None, Vec::new()),
    };
    SchemaPlan { database: places[0].database.clone(), is_known, places, keeper, steps, reported }
}

fn steps(places: &[SchemaPlace], keeper: Option<usize>) -> Vec<SchemaStep> {
    let mut steps = Vec::new();
    let others = || (0..).zip(places).filter(|(index, _)| Some(*index) != keeper).map(|(_, place)| place);
    let kept = keeper.map(|keeper| &places[keeper]);
    let owner = match kept.map(|kept| &kept.kind) {
        Some(OwnerKind::Migrator { folder: Some(folder), .. }) => format!("the migrations in `{folder}`"),
        Some(_) => "the migrator that stays".to_owned(),
        None => "a directory of migrations".to_owned(),
    };
    // Indexes, functions and the like may be made anew at every start.
    let in_code: Vec<&SchemaPlace> =
        others().filter(|place| !place.kind.is_migrator() && !place.tables.is_empty()).collect();
    if kept.is_none() && in_code.len() > 1 {
        steps.push(SchemaStep {
            action: "make a directory of migrations, and let one migrator run it before anything is served"
                .to_owned(),
            places: Vec::new(),
        });
    }
    if in_code.len() + usize::from(kept.is_some()) > 1 {
        let mut missing: Vec<&str> = in_code
            .iter()
            .flat_map(|place| &place.tables)
            .map(|table| table.name.as_str())
            .filter(|name| !kept.is_some_and(|kept| kept.tables.iter().any(|table| table.name == *name)))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            steps.push(SchemaStep {
                action: format!("add {} to {owner}, as new databases get it today", names.join(", ")),
                places: in_code.iter().flat_map(|place| &place.tables).map(|table| table.location).collect(),
            });
        }
        steps.push(SchemaStep {
            action: "take these statements out of the code".to_owned(),
            places: in_code.iter().map(|place| place.location).collect(),
        });
    }
    let folder = |place: &SchemaPlace| match &place.kind {
        OwnerKind::Migrator { folder, .. } => folder.clone(),
        OwnerKind::Statements { .. } => None,
    };
    let is_other = |place: &&SchemaPlace| {
        place.kind.is_migrator() && (folder(place).is_none() || folder(place) != kept.and_then(folder))
    };
    let migrators: Vec<&SchemaPlace> = others().filter(is_other).collect();
    if !migrators.is_empty() {
        steps.push(SchemaStep {
            action: format!("move what these apply to {owner}, with new versions, and run one migrator"),
            places: migrators.iter().map(|place| place.location).collect(),
        });
    }
    if let Some(kept) = kept
        && matches!(kept.kind, OwnerKind::Migrator { lock: MigratorLock::None, .. })
    {
        let binaries = match kept.binaries.len() {
            0 | 1 => String::new(),
            several => format!(", and {several} binaries run it"),
        };
        steps.push(SchemaStep {
                action: format!("nothing locks the database around this migrator{binaries}: run it in one place once per release, or hold a lock around it"),
                places: vec![kept.location],
            });
    }
    for step in &mut steps {
        step.places.sort();
        step.places.dedup();
    }
    steps
}
