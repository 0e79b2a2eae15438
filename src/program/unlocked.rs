//! Room 5, *program*: migrations whose migrator takes no lock in the database, on the way of something that runs more than
//! once.

use super::bodies::{Target, Time};
use super::entries::Entry;
use super::inventory::{Address, Resource};
use super::items::FnId;
use super::sql::SqlEffect;
use super::summaries::{Effect, EffectKind, Step};
use super::values::Value;
use super::{Program, is_long_lived};
use crate::catalog::{CallRole, MigratorFacts, driver_facts};
use crate::workspace::DeclaredCopies;

/// A migration that two may run at once.
#[derive(Debug)]
pub struct UnlockedMigration<'p> {
    /// The migration, on the way from `main`.
    pub effect: &'p Effect,
    /// Why it runs more than once.
    pub often: Often<'p>,
}

/// Why something runs more than once.
#[derive(Debug, Clone, Copy)]
pub enum Often<'p> {
    /// A deployment runs copies of the service.
    Copies(&'p DeclaredCopies),
    /// Requests come to it.
    Requests,
    /// Every worker does it.
    Workers,
    /// Every connection of a pool does it.
    Connections,
    /// Another binary that stays does it as well.
    Binary(&'p Entry, &'p Effect),
}

impl Program<'_> {
    /// The migrations of a binary without a lock around them that run more than once at a time, each library call once.
    pub fn unlocked_migrations<'p>(&'p self, entry: &'p Entry) -> Vec<UnlockedMigration<'p>> {
        let effects = self.effects(entry.main);
        if !effects.iter().any(|effect| effect.kind == EffectKind::Serve) {
            return Vec::new();
        }
        let copies = self.copies_of(entry);
        let mut found: Vec<UnlockedMigration<'p>> = Vec::new();
        for effect in effects.iter().filter(|effect| effect.kind == EffectKind::Migrate) {
            let has = |wanted: fn(&Time) -> bool| effect.has_time(wanted);
            let often = match copies {
                _ if has(|time| matches!(time, Time::Handler(_))) => Some(Often::Requests),
                _ if has(|time| matches!(time, Time::PerWorker(_))) => Some(Often::Workers),
                _ if has(|time| matches!(time, Time::PerConnection(_))) => Some(Often::Connections),
                Some(copies) if self.runs_with(effects, effect) => Some(Often::Copies(copies)),
                _ if self.runs_with(effects, effect) => {
                    self.also_run_by(entry, effect).map(|(other, again)| Often::Binary(other, again))
                }
                _ => None,
            };
            let known = found.iter().any(|known| known.effect.site == effect.site);
            let Some(often) = often.filter(|_| !known && effect.once.is_none()) else { continue };
            // A lock of the process keeps out nobody from another one.
            let is_held =
                !matches!(often, Often::Copies(_) | Often::Binary(..)) && self.is_under_a_guard(effect);
            if self.takes_no_lock(effect) && !is_held && !self.is_locked_around(effect) {
                found.push(UnlockedMigration { effect, often });
            }
        }
        found
    }

    /// Another binary that stays and migrates the same database without a lock; of two servers the later one has nothing to say of
    /// the earlier one. A tool that migrates and ends is what people want.
    fn also_run_by(&self, entry: &Entry, effect: &Effect) -> Option<(&Entry, &Effect)> {
        let before = self.servers().take_while(|server| server.main != entry.main);
        let before: Vec<FnId> = before.map(|server| server.main).collect();
        let runs_it = |other: &Entry, again: &Effect| {
            again.kind == EffectKind::Migrate
                && again.certain
                && again.once.is_none()
                && self.takes_no_lock(again)
                && !self.is_locked_around(again)
                && self.migrate_one_database((entry, effect), (other, again))
        };
        let mut others = self
            .production_entries()
            .filter(|other| other.main != entry.main && !before.contains(&other.main) && self.stays(other));
        others.find_map(|other| {
            let again = self.effects(other.main).iter().find(|again| runs_it(other, again))?;
            Some((other, again))
        })
    }

    /// Whether a binary serves, keeps a handle beyond the function that makes it, or comes to a loop that goes on.
    fn stays(&self, entry: &Entry) -> bool {
        let keeps = |effect: &Effect| effect.creates_handle() && is_long_lived(&effect.lifetime);
        self.effects(entry.main).iter().any(keeps) || self.stays_up(entry)
    }

    /// Whether two binaries migrate one database: the addresses are one, or one call applies the same migrations for both and it is not
    /// known that two variables name two databases.
    fn migrate_one_database(&self, one: (&Entry, &Effect), other: (&Entry, &Effect)) -> bool {
        let [left, right] = [one, other].map(|(entry, effect)| self.migrated_resource(entry, effect));
        match (left, right) {
            (Some(left), Some(right)) if left.id == right.id => true,
            (Some(left), Some(right)) if is_variable(left) && is_variable(right) => false,
            _ => one.1.site == other.1.site,
        }
    }

    /// The database of a migrator: the one whose handle is opened for it, in the same function, else the only one of the process.
    fn migrated_resource(&self, entry: &Entry, effect: &Effect) -> Option<&Resource> {
        let driver = self.migrated_driver(effect)?;
        let around = |effect: &Effect| effect.steps[..effect.steps.len() - 1].to_vec();
        let effects = self.effects(entry.main);
        let mut beside =
            effects.iter().filter(|made| made.creates_handle() && around(made) == around(effect));
        let resource = match (beside.next(), beside.next()) {
            (Some(only), None) => self.resource_of(only),
            _ => self.one_database(effects, &driver),
        };
        Some(self.resource(resource?)).filter(|resource| resource.is_known())
    }

    /// Whether a process that serves runs the effect on its way there, rather than instead of serving.
    fn runs_with(&self, effects: &[Effect], effect: &Effect) -> bool {
        effects.iter().any(|serve| serve.kind == EffectKind::Serve && !self.exclusive(effect, serve))
    }

    /// The copies that a deployment runs of a binary: by its name or its package's, where there are several that serve.
    fn copies_of(&self, entry: &Entry) -> Option<&DeclaredCopies> {
        let copies = &self.workspace.deployment.copies;
        let plain = |name: &str| name.to_lowercase().replace('_', "-");
        let own = [plain(&entry.binary.name), plain(&entry.binary.package)];
        let is_named = |copies: &&DeclaredCopies| {
            let last = |name: &String| {
                let image = name.rsplit('/').next().unwrap_or_default();
                plain(image.split([':', '@']).next().unwrap_or_default())
            };
            copies.names.iter().any(|name| own.contains(&last(name)))
        };
        let mut workloads = copies.iter().filter(|copies| copies.is_workload);
        let only = workloads.next().filter(|_| workloads.next().is_none() && self.servers().count() == 1);
        copies.iter().find(is_named).or(only)
    }

    /// Whether the migrator of the catalog takes no lock on the database that it is given.
    pub(super) fn takes_no_lock(&self, effect: &Effect) -> bool {
        let (function, call) = effect.site;
        let Target::Library(facts) = self.call(function, call).target else { return false };
        if facts.role != CallRole::Migrate {
            return false;
        }
        let migrator = self.migrator_facts(effect);
        let locks = migrator.map_or(&[][..], |migrator| &migrator.locks);
        match self.migrated_driver(effect) {
            Some(driver) if driver_facts(&driver).place.is_inside() => false,
            Some(driver) => {
                !locks.contains(&driver)
                    || migrator.is_some_and(|migrator| self.is_unlocked_by_option(function, migrator))
            }
            None => locks.is_empty(),
        }
    }

    /// Whether the function switches the migrator's own lock off.
    fn is_unlocked_by_option(&self, function: FnId, migrator: &MigratorFacts) -> bool {
        let calls = self.body(function).into_iter().flat_map(|body| &body.calls);
        calls.into_iter().any(|call| {
            matches!(call.target, Target::Library(facts) if Some(&facts.path) == migrator.unlocked_by.as_ref())
                && call.args.first().is_some_and(|argument| argument.value == Value::Bool(false))
        })
    }

    /// Whether somebody on the way takes a lock in the database.
    pub(super) fn is_locked_around(&self, effect: &Effect) -> bool {
        let locks = |function: &FnId| {
            let own = self.sketches[function.index()].as_ref().is_some_and(|sketch| sketch.locks_session);
            let body = self.body(*function);
            let mut calls = body.into_iter().flat_map(|body| &body.calls);
            own || calls.any(|call| call.sql().iter().any(SqlEffect::keeps_out_others))
        };
        self.functions_on(&effect.steps).iter().any(locks)
    }

    /// Whether a lock of the process is held on the way.
    fn is_under_a_guard(&self, effect: &Effect) -> bool {
        effect.steps.iter().any(|step| match step {
            Step::Call(function, call) => !self.call(*function, *call).guards.is_empty(),
            Step::Static(..) => false,
        })
    }
}

fn is_variable(resource: &Resource) -> bool {
    matches!(resource.address, Address::Env(_))
}
