//! Room 5, *program*: who defines the tables of a database: the migrators of a process, with the files that they apply, and the
//! statements in its code.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::bodies::{CallId, LinkedBody, Target, Time};
use super::entries::Entry;
use super::inventory::Scope;
use super::items::FnId;
use super::sql::{self, SqlEffect};
use super::sql_parser::{self, TableChanges};
use super::summaries::{Effect, EffectKind};
use super::{Program, reach};
use crate::catalog::{CallRole, MigratorFacts, UNKNOWN_DRIVER, driver_facts};
use crate::facts::{ExprKind, Literal};
use crate::location::{FileId, Location, Span};
use crate::workspace::AskedFolder;

/// A place that defines tables.
#[derive(Debug, Clone)]
pub struct SchemaOwner<'p> {
    /// What runs it.
    pub effect: &'p Effect,
    /// The driver of the database, where it is known.
    pub driver: Option<String>,
    /// What it is.
    pub kind: OwnerKind,
    /// The tables that it creates, in order.
    pub tables: Vec<OwnedTable>,
    /// The tables that it drops or renames.
    pub removed: Vec<String>,
}

/// What defines tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerKind {
    /// A migrator of the catalog.
    Migrator {
        /// The folder that it applies, relative to the root of the workspace, where it is known.
        folder: Option<String>,
        /// What keeps two processes from running it at once.
        lock: MigratorLock,
        /// What the catalog says of it.
        facts: Option<Box<MigratorFacts>>,
    },
    /// Statements in the code.
    Statements {
        /// What keeps two processes from running them at once.
        lock: MigratorLock,
    },
}

impl OwnerKind {
    /// Whether it is a migrator of the catalog.
    pub fn is_migrator(&self) -> bool {
        matches!(self, Self::Migrator { .. })
    }
}

/// What keeps two processes from changing a schema at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigratorLock {
    /// It takes a lock on the database.
    Taken,
    /// Somebody on the way to it takes one.
    Around,
    /// Nothing.
    None,
    /// The database belongs to the process.
    NotNeeded,
}

impl MigratorLock {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Around => "around",
            Self::None => "none",
            Self::NotNeeded => "not-needed",
        }
    }
}

/// A table that is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedTable {
    /// Its name.
    pub name: String,
    /// Whether the statement does nothing when the table is there.
    pub repeatable: bool,
    /// The statement, or the call that runs it.
    pub location: Location,
}

/// One table that two places create.
#[derive(Debug)]
pub struct SharedTables<'p> {
    /// The place that comes first; a migrator, where one of them is.
    pub first: SchemaOwner<'p>,
    /// The other one.
    pub second: SchemaOwner<'p>,
    /// Each table as the first and as the second creates it.
    pub tables: Vec<(OwnedTable, OwnedTable)>,
}

/// A place that changes the schema of a database, in whatever binaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaPlace {
    /// The database: the resource, where a binary with the place opens one of the driver, else the driver alone.
    pub database: String,
    /// Whether the resource is known: under a driver alone several databases may be put together.
    pub is_known: bool,
    /// What it is.
    pub kind: OwnerKind,
    /// Path of the function.
    pub function: String,
    /// The call that runs it.
    pub location: Location,
    /// The tables that it creates, in order.
    pub tables: Vec<OwnedTable>,
    /// The binaries that run it, sorted.
    pub binaries: Vec<String>,
}

impl Program<'_> {
    /// The places that change the schema of a database, by database, and then in the order of their places.
    pub fn schema_places(&self) -> Vec<SchemaPlace> {
        let mut found: Vec<SchemaPlace> = Vec::new();
        for entry in self.production_entries() {
            for owner in self.schema_owners(entry) {
                let (function, call) = owner.effect.site;
                let location = self.location(function, self.call(function, call).span);
                let driver = owner.driver.unwrap_or_else(|| UNKNOWN_DRIVER.to_owned());
                let only = self.one_database(self.effects(entry.main), &driver);
                let resource = only.map(|only| self.resource(only).id.clone());
                let is_known = resource.is_some();
                let database = resource.unwrap_or(driver);
                let binary = &entry.binary.title;
                match found.iter_mut().find(|place| place.location == location && place.database == database)
                {
                    Some(place) => place.binaries.push(binary.clone()),
                    None => found.push(SchemaPlace {
                        database,
                        is_known,
                        kind: owner.kind,
                        function: self.path_of(function),
                        location,
                        tables: owner.tables,
                        binaries: vec![binary.clone()],
                    }),
                }
            }
        }
        for place in &mut found {
            place.binaries.sort();
            place.binaries.dedup();
        }
        found.sort_by(|one, other| (&one.database, one.location).cmp(&(&other.database, other.location)));
        found
    }

    /// The places that define tables in the process of a binary, in the order of its start.
    pub fn schema_owners<'p>(&'p self, entry: &'p Entry) -> Vec<SchemaOwner<'p>> {
        let mut seen = BTreeSet::new();
        let effects = self.effects(entry.main).iter();
        let migrates = effects.filter(|effect| {
            effect.kind == EffectKind::Migrate
                && effect.certain
                && !effect.has_time(|time| matches!(time, Time::Maybe(_)))
        });
        let mut elsewhere = BTreeMap::new();
        migrates
            .filter(|effect| seen.insert(effect.site))
            .map(|effect| self.owner(effect, &mut elsewhere))
            .collect()
    }

    /// The tables of one database that two places of a process create, each pair of places once. Migrators that compete with each
    /// other are another matter, and so is one function that says it twice. A table that somebody drops or renames is created
    /// again on purpose.
    pub fn shared_tables<'p>(&'p self, entry: &'p Entry) -> Vec<SharedTables<'p>> {
        let owners = self.schema_owners(entry);
        let removed: BTreeSet<&String> = owners.iter().flat_map(|owner| &owner.removed).collect();
        let mut pairs = Vec::new();
        for (index, one) in owners.iter().enumerate() {
            for other in &owners[index + 1..] {
                let (first, second) = if other.kind.is_migrator() { (other, one) } else { (one, other) };
                let both_migrate = second.kind.is_migrator();
                let same_place = first.effect.site.0 == second.effect.site.0;
                let Some(driver) = first.driver.as_ref().filter(|_| first.driver == second.driver) else {
                    continue;
                };
                if both_migrate
                    || same_place
                    || self.exclusive(one.effect, other.effect)
                    || !self.opens_one_database(self.effects(entry.main), driver)
                {
                    continue;
                }
                let tables: Vec<(OwnedTable, OwnedTable)> = first
                    .tables
                    .iter()
                    .filter(|table| !removed.contains(&table.name))
                    .filter_map(|table| {
                        let again = second.tables.iter().find(|again| again.name == table.name)?;
                        Some((table.clone(), again.clone()))
                    })
                    .collect();
                if !tables.is_empty() {
                    pairs.push(SharedTables { first: first.clone(), second: second.clone(), tables });
                }
            }
        }
        pairs
    }

    /// What of the SQL that migrators apply, or that production code runs on a handle of a known driver, defines tables in a way that does
    /// not parse: its place and why.
    pub fn unread_definitions(&self) -> Vec<(Location, String)> {
        let in_files = self.file_changes().iter().filter_map(|(file, changes)| {
            let (line, column, why) = changes.unread.clone()?;
            let span = Span { line, column, end_line: line, end_column: column };
            Some((Location { file: *file, span }, why))
        });
        let production = self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production);
        let in_code = production.flat_map(|(id, body)| {
            let calls = (0..body.calls.len()).map(|index| CallId(index as u32));
            calls.filter(|call| body.changes_schema(*call)).filter_map(move |call| {
                let driver = self.driver_of_statement(body, call)?;
                let texts = body.call(call).args.iter().flat_map(|argument| argument.value.texts());
                let unread = texts.into_iter().find_map(|text| sql_parser::changes(&text, &driver).unread);
                Some((self.location(id, body.call(call).span), unread?.2))
            })
        });
        in_files.chain(in_code).collect()
    }

    /// What each file of migrations does to tables, in the dialect of the database that it is applied to, where there is one. Worked out
    /// at the first question.
    fn file_changes(&self) -> &BTreeMap<FileId, TableChanges> {
        self.file_changes.get_or_init(|| {
            let mut drivers: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
            for effect in self.production_entries().flat_map(|entry| self.effects(entry.main)) {
                let folder =
                    self.migrated_folder(effect.site.0).filter(|_| effect.kind == EffectKind::Migrate);
                let known = folder.and_then(|folder| self.workspace.sql.folders.get_key_value(&folder));
                if let Some(((folder, _), driver)) = known.zip(self.migrated_driver(effect)) {
                    drivers.entry(folder).or_default().insert(driver);
                }
            }
            let mut files: BTreeMap<FileId, &str> = BTreeMap::new();
            for (folder, listed) in &self.workspace.sql.folders {
                let only = drivers.get(folder).filter(|drivers| drivers.len() == 1);
                let driver = only.and_then(|drivers| drivers.first()).map_or("", String::as_str);
                files.extend(listed.iter().map(|file| (*file, driver)));
            }
            let files: Vec<(FileId, &str)> = files.into_iter().collect();
            let changes = files.into_par_iter().map(|(file, driver)| {
                let text = &self.workspace.files[file.0 as usize].text;
                (file, sql_parser::changes(text, driver))
            });
            changes.collect()
        })
    }

    /// `elsewhere` keeps for each function whether it says where names are looked up: it may have hundreds of statements.
    fn owner<'p>(&'p self, effect: &'p Effect, elsewhere: &mut BTreeMap<FnId, bool>) -> SchemaOwner<'p> {
        let (function, call) = effect.site;
        let is_migrator = matches!(self.call(function, call).target, Target::Library(facts) if facts.role == CallRole::Migrate);
        if is_migrator {
            let folder = self.migrated_folder(function);
            let driver = self.migrated_driver(effect);
            let files = folder.as_ref().and_then(|folder| self.workspace.sql.folders.get(folder));
            let (mut tables, mut removed) = (Vec::new(), Vec::new());
            for file in files.into_iter().flatten() {
                let Some(changes) = self.file_changes().get(file) else { continue };
                removed.extend(changes.removed.iter().cloned());
                if !changes.elsewhere {
                    tables.extend(in_file(*file, changes));
                }
            }
            let lock = match self.lock_around(effect, driver.as_deref()) {
                MigratorLock::None if !self.takes_no_lock(effect) => MigratorLock::Taken,
                lock => lock,
            };
            return SchemaOwner {
                effect,
                driver,
                kind: OwnerKind::Migrator {
                    folder,
                    lock,
                    facts: self.migrator_facts(effect).cloned().map(Box::new),
                },
                tables,
                removed,
            };
        }
        let driver = self.body(function).and_then(|body| self.driver_of_statement(body, call));
        let location = self.location(function, self.call(function, call).span);
        let (mut tables, mut removed) = (Vec::new(), Vec::new());
        let elsewhere = *elsewhere.entry(function).or_insert_with(|| self.looks_elsewhere(function));
        for argument in self.call(function, call).args.iter().filter(|_| !elsewhere) {
            for text in argument.value.texts() {
                let changes = sql_parser::changes(&text, driver.as_deref().unwrap_or_default());
                removed.extend(changes.removed);
                tables.extend(changes.created.into_iter().map(|table| OwnedTable {
                    name: table.name,
                    repeatable: table.repeatable,
                    location,
                }));
            }
        }
        let lock = self.lock_around(effect, driver.as_deref());
        SchemaOwner { effect, driver, kind: OwnerKind::Statements { lock }, tables, removed }
    }

    /// Whether a function says in which schema names are looked up.
    pub(super) fn looks_elsewhere(&self, function: FnId) -> bool {
        let facts = self.types.items.functions[function.index()].body;
        facts.into_iter().flat_map(|body| &body.exprs).any(|expr| match &expr.kind {
            ExprKind::Literal(Literal::Str(text)) => sql::effects(text).contains(&SqlEffect::LooksElsewhere),
            _ => false,
        })
    }

    fn lock_around(&self, effect: &Effect, driver: Option<&str>) -> MigratorLock {
        match () {
            () if driver.is_some_and(|driver| driver_facts(driver).place.is_inside()) => {
                MigratorLock::NotNeeded
            }
            () if self.is_locked_around(effect) => MigratorLock::Around,
            () => MigratorLock::None,
        }
    }

    /// The folder of migrations that a function applies: the one that it names, else the only one that its package names.
    fn migrated_folder(&self, function: FnId) -> Option<String> {
        let item = &self.types.items.functions[function.index()];
        let asked = &self.workspace.sql.asked;
        if let Some(own) = self.folders_named_in(function).next() {
            return Some(own.folder.clone());
        }
        let of_package =
            asked.iter().filter(|asked| self.workspace.belong_together(asked.file, item.location.file));
        let folders: BTreeSet<&String> = of_package.map(|asked| &asked.folder).collect();
        match folders.len() {
            1 => folders.into_iter().next().cloned(),
            _ => None,
        }
    }

    /// Where a function names folders of migrations, in order.
    fn folders_named_in(&self, function: FnId) -> impl Iterator<Item = &AskedFolder> {
        let item = &self.types.items.functions[function.index()];
        let extent = item.body.map(|body| body.expr(body.root).span);
        self.workspace.sql.asked.iter().filter(move |asked| {
            asked.file == item.location.file
                && extent.is_some_and(|extent| (extent.line..=extent.end_line).contains(&asked.line))
        })
    }

    /// Whether a function names the folder of its migrations, and no other one.
    pub(super) fn names_one_folder(&self, function: FnId) -> bool {
        let mut folders = self.folders_named_in(function).map(|asked| &asked.folder);
        let first = folders.next();
        first.is_some() && folders.all(|folder| Some(folder) == first)
    }

    /// The driver of the database whose schema an effect changes, by a migrator or a statement.
    pub(super) fn changed_driver(&self, effect: &Effect) -> Option<String> {
        let (function, call) = effect.site;
        let of_statement = || self.driver_of_statement(self.body(function)?, call);
        self.migrated_driver(effect).or_else(of_statement)
    }

    /// The driver of the handle that a statement is run on: one that its call is given, or a later call of the chain.
    pub(super) fn driver_of_statement(&self, body: &LinkedBody<'_>, statement: CallId) -> Option<String> {
        body.chain_from(statement).find_map(|id| {
            let mut handles = body.call(id).inputs();
            handles.find_map(|argument| {
                let is_handle = reach::is_handle(self.types, &argument.ty);
                self.driver_behind(&argument.ty).filter(|_| is_handle)
            })
        })
    }
}

fn in_file(file: FileId, changes: &TableChanges) -> impl Iterator<Item = OwnedTable> + '_ {
    changes.created.iter().map(move |table| {
        let end_column = table.column + table.name.chars().count() as u32;
        let span = Span { line: table.line, column: table.column, end_line: table.line, end_column };
        OwnedTable {
            name: table.name.clone(),
            repeatable: table.repeatable,
            location: Location { file, span },
        }
    })
}
