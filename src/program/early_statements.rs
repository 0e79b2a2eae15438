//! Room 5, *program*: statements of a start that need tables which only a later step of it creates.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Program;
use super::bodies::{CallId, Event, EventKind, LinkedBody, Time};
use super::entries::Entry;
use super::items::FnId;
use super::schema_owners::{OwnedTable, SchemaOwner};
use super::sql;
use super::summaries::{EffectKind, Step};
use super::swallowed::Outcome;
use crate::location::Location;

/// A statement that runs before its table is created: on an empty database the start ends there.
#[derive(Debug)]
pub struct EarlyStatement<'p> {
    /// The statement.
    pub location: Location,
    /// The function that runs it.
    pub function: FnId,
    /// The statement, or the call that leads to it, in a function on the way to the later step.
    pub called: Location,
    /// The later step, with what it creates.
    pub owner: SchemaOwner<'p>,
    /// The table.
    pub table: OwnedTable,
}

/// A step of a start, and the tables that it is the first to create.
struct Creation<'o, 'p> {
    owner: &'o SchemaOwner<'p>,
    tables: Vec<&'o OwnedTable>,
}

/// A table that a function uses whenever it runs, and whose absence is a failure of the function.
#[derive(Debug, Clone)]
struct TableUse {
    table: String,
    driver: Option<String>,
    /// The statement.
    location: Location,
    /// The function that runs the statement.
    function: FnId,
    /// Whether the failure is a panic, of which no caller is asked.
    panics: bool,
}

/// The tables that functions use, each with the first statement about it. Each function is looked into once.
struct TableUses<'q, 'a> {
    program: &'q Program<'a>,
    known: BTreeMap<FnId, Rc<[TableUse]>>,
}

impl Program<'_> {
    /// The statements of a binary's start that certainly run, and whose failure ends it, before a step that is the first to create one of
    /// their tables; the first for each step. Nothing is said behind a change of the schema of which the tables are not known, or
    /// that may be left out. Linear in the calls on the ways to the steps and in what they call, times the steps.
    pub fn early_statements<'p>(&'p self, entry: &'p Entry) -> Vec<EarlyStatement<'p>> {
        let owners = self.schema_owners(entry);
        let effects = self.effects(entry.main).iter();
        let mut uses = TableUses { program: self, known: BTreeMap::new() };
        let mut created: BTreeSet<&String> = BTreeSet::new();
        let mut found = Vec::new();
        for effect in effects.filter(|effect| effect.kind == EffectKind::Migrate) {
            let owner = owners.iter().find(|owner| owner.effect.site == effect.site);
            let is_known = |owner: &&SchemaOwner<'_>| !owner.kind.is_migrator() || !owner.tables.is_empty();
            let Some(owner) = owner.filter(is_known) else { break };
            let tables = owner.tables.iter().filter(|table| !created.contains(&table.name)).collect();
            let step = Creation { owner, tables };
            if effect.is_in_line() && !step.tables.is_empty() && self.is_of_one_database(entry, owner) {
                found.extend(uses.before(&step));
            }
            created.extend(owner.tables.iter().map(|table| &table.name));
        }
        found
    }

    fn is_of_one_database(&self, entry: &Entry, owner: &SchemaOwner<'_>) -> bool {
        let driver = owner.driver.as_ref();
        driver.is_some_and(|driver| self.opens_one_database(self.effects(entry.main), driver))
    }
}

impl TableUses<'_, '_> {
    /// The first statement about a table of a step that comes before it, in the functions on the way to it or in what they call.
    fn before<'p>(&mut self, step: &Creation<'_, 'p>) -> Option<EarlyStatement<'p>> {
        let program = self.program;
        step.owner.effect.steps.iter().find_map(|way| {
            let Step::Call(function, later) = *way else { return None };
            let body = program.any_body(function)?;
            let events = body.events_in_line();
            let until = events.iter().position(|event| called_in_line(event) == Some(later))?;
            let certain =
                events[..until].iter().filter(|event| body.encloses(event.context, events[until].context));
            certain.filter_map(|event| called_in_line(event)).find_map(|id| {
                let uses = self.of_call(function, body, id);
                let (used, table) = uses.iter().find_map(|used| {
                    let same =
                        |table: &&&OwnedTable| table.name == used.table && used.driver == step.owner.driver;
                    Some((used, step.tables.iter().find(same)?))
                })?;
                Some(EarlyStatement {
                    location: used.location,
                    function: used.function,
                    called: program.location(function, body.call(id).span),
                    owner: step.owner.clone(),
                    table: (*table).clone(),
                })
            })
        })
    }

    /// The tables that a call uses whose failure ends the function that makes it.
    fn of_call(&mut self, function: FnId, body: &LinkedBody<'_>, id: CallId) -> Vec<TableUse> {
        let program = self.program;
        let call = body.call(id);
        let panics = |failed: CallId| body.call(failed).outcome.unwrapped;
        let ends = |failed: CallId| {
            panics(failed) || matches!(program.outcome_of(function, body, failed, None), Outcome::HandsOn)
        };
        if let [target] = call.local_targets() {
            let uses = self.of_function(*target);
            let ended = uses.iter().filter(|used| used.panics || ends(id));
            return ended
                .map(|used| TableUse { panics: used.panics || panics(id), ..used.clone() })
                .collect();
        }
        let texts =
            call.args.iter().filter(|_| call.may_run_sql()).flat_map(|argument| argument.value.texts());
        let mut tables = texts.flat_map(|text| sql::tables_used(&text)).peekable();
        let run = program.run_by(body, id);
        if tables.peek().is_none() || !ends(run) {
            return Vec::new();
        }
        let driver = program.driver_of_statement(body, id);
        let location = program.location(function, call.span);
        let panics = panics(run);
        tables.map(|table| TableUse { table, driver: driver.clone(), location, function, panics }).collect()
    }

    fn of_function(&mut self, function: FnId) -> Rc<[TableUse]> {
        if let Some(known) = self.known.get(&function) {
            return Rc::clone(known);
        }
        // Of a function that calls itself, the inner call adds nothing.
        self.known.insert(function, Rc::from([]));
        let mut found: Vec<TableUse> = Vec::new();
        if let Some(body) = self.program.any_body(function) {
            let events = body.events_in_line();
            // Behind an early success nothing is certain; an early failure ends the start as well.
            let succeeds =
                |event: &&&Event| matches!(&event.kind, EventKind::Return(value) if !body.is_failure(value));
            let certain = events.iter().take_while(|event| !succeeds(event));
            let always = certain.filter(|event| body.ids_outwards(event.context).count() == 1);
            for id in always.filter_map(|event| called_in_line(event)) {
                for used in self.of_call(function, body, id) {
                    if !found.iter().any(|known| known.table == used.table) {
                        found.push(used);
                    }
                }
            }
        }
        let found: Rc<[TableUse]> = Rc::from(found);
        self.known.insert(function, Rc::clone(&found));
        found
    }
}

fn called_in_line(event: &Event) -> Option<CallId> {
    match event.kind {
        EventKind::Call { call, time: Time::Inline } => Some(call),
        _ => None,
    }
}
