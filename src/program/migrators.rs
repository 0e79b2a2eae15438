//! Room 5, *program*: the migrators of a process, and which of them work on one database.

use std::collections::BTreeSet;

use super::bodies::{self, Target, Time};
use super::entries::Entry;
use super::summaries::{Effect, EffectKind};
use super::types::Ty;
use super::{Program, ResourceId, reach};
use crate::catalog::{CallRole, MigratorFacts, UNKNOWN_DRIVER};
use crate::location::{FileId, Location, Span};

/// Two migrators of one database.
#[derive(Debug)]
pub struct CompetingMigrators<'p> {
    /// The one that comes first.
    pub first: &'p Effect,
    /// The other one.
    pub second: &'p Effect,
    /// The driver.
    pub driver: String,
}

/// Two migrations of one folder with one version.
#[derive(Debug)]
pub struct RepeatedMigration<'p> {
    /// The folder, relative to the root of the workspace.
    pub folder: &'p str,
    /// The file whose name comes first, and its path.
    pub first: (Location, &'p str),
    /// The other one, and its path.
    pub second: (Location, &'p str),
    /// Where code or a script names the folder, in order.
    pub named: Vec<Location>,
}

impl Program<'_> {
    /// The migrations that code embeds, or a command applies, and that have the version of another one, in the order of their folders and names.
    pub fn repeated_migrations(&self) -> Vec<RepeatedMigration<'_>> {
        let at = |file: FileId, line| Location {
            file,
            span: Span { line, column: 1, end_line: line, end_column: 2 },
        };
        let place = |file: FileId| (at(file, 1), self.workspace.files[file.0 as usize].path.as_str());
        let sql = &self.workspace.sql;
        let named_at = |folder: &str| {
            let named = sql.asked.iter().chain(&sql.applied);
            named.filter(|asked| asked.folder == folder).map(|asked| at(asked.file, asked.line)).collect()
        };
        let repeated = sql.repeated.iter();
        let told = repeated.map(|twice| RepeatedMigration {
            folder: &twice.folder,
            first: place(twice.first),
            second: place(twice.second),
            named: named_at(&twice.folder),
        });
        told.collect()
    }

    /// Two migrators that one process runs on the same database: by driver, where the process opens one database of it. The
    /// first pair for each driver. Migrators that exclude each other are alternatives.
    pub fn competing_migrators<'p>(&'p self, entry: &'p Entry) -> Vec<CompetingMigrators<'p>> {
        let effects = self.effects(entry.main);
        let migrators: Vec<(&Effect, String)> = effects
            .iter()
            .filter(|effect| effect.kind == EffectKind::Migrate && effect.certain)
            .filter(|effect| !effect.has_time(|time| matches!(time, Time::Maybe(_))))
            .filter_map(|effect| Some((effect, self.migrated_driver(effect)?)))
            .collect();
        let mut found: Vec<CompetingMigrators<'p>> = Vec::new();
        for (index, (first, driver)) in migrators.iter().enumerate() {
            let competes = |(second, other): &&(&Effect, String)| {
                other == driver
                    && second.site != first.site
                    && !self.exclusive(first, second)
                    && !self.are_ways_of_one(first, second)
            };
            let Some((second, _)) = migrators[index + 1..].iter().find(competes) else { continue };
            let known = found.iter().any(|known| known.driver == *driver);
            if !known && self.opens_one_database(effects, driver) {
                found.push(CompetingMigrators { first, second, driver: driver.clone() });
            }
        }
        found
    }

    /// Whether one function runs one migrator or the other, whoever calls it how often, or runs it again where it failed.
    fn are_ways_of_one(&self, first: &Effect, second: &Effect) -> bool {
        let ((function, one), (_, other)) = (first.site, second.site);
        let context = |call| self.call(function, call).context;
        let body = self.body(function).filter(|_| function == second.site.0);
        body.is_some_and(|body| {
            (body.exclusive(context(one), context(other)) && self.names_one_folder(function))
                || body.only_if_failed(one, other)
                || body.only_if_failed(other, one)
        })
    }

    /// What the catalog says of the migrator that an effect runs; `None` for statements of the application's own.
    pub fn migrator_facts(&self, effect: &Effect) -> Option<&MigratorFacts> {
        let (function, call) = effect.site;
        let Target::Library(facts) = self.call(function, call).target else { return None };
        self.types.catalog.migrator_facts(&facts.path)
    }

    /// The driver of the handle that a migrator of the catalog is given; `None` for statements of the application's own.
    pub fn migrated_driver(&self, effect: &Effect) -> Option<String> {
        let (function, call) = effect.site;
        let call = self.call(function, call);
        let Target::Library(facts) = call.target else { return None };
        if facts.role != CallRole::Migrate {
            return None;
        }
        let handles = call.inputs();
        let mut handles = handles.filter(|argument| reach::is_handle(self.types, &argument.ty));
        handles.find_map(|argument| self.driver_behind(&argument.ty))
    }

    /// The driver of the handle that a type is, or points to.
    pub(super) fn driver_behind(&self, ty: &Ty) -> Option<String> {
        self.types.pointees(bodies::settled(ty).clone()).find_map(|ty| self.types.driver_of(&ty))
    }

    /// Whether a process opens one database of a driver, and it is known which.
    pub(super) fn opens_one_database(&self, effects: &[Effect], wanted: &str) -> bool {
        self.one_database(effects, wanted).is_some()
    }

    /// The only resource of a driver that a process opens; `None` when there are several, or one is not known.
    pub(super) fn one_database(&self, effects: &[Effect], wanted: &str) -> Option<ResourceId> {
        let mut resources = BTreeSet::new();
        for effect in effects {
            let EffectKind::Create { driver, .. } = &effect.kind else { continue };
            if driver != wanted && driver != UNKNOWN_DRIVER {
                continue;
            }
            match self.resource_of(effect) {
                Some(id) if self.resource(id).is_known() => resources.insert(id),
                _ => return None,
            };
        }
        resources.pop_first().filter(|_| resources.is_empty())
    }
}
