//! Room 5, *program*: statements of a start that need tables which only a later step of it creates.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::bodies::{Argument, CallId, ContextKind, Event, EventKind, LinkedBody, Time};
use super::entries::Entry;
use super::items::FnId;
use super::schema_owners::{OwnedTable, SchemaOwner};
use super::sql;
use super::summaries::{EffectKind, Step};
use super::types::Ty;
use super::{Program, reach};
use crate::facts::{Body, ExprId, ExprKind};
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

/// What a failure does to the function in which it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It is what the function gives back, as it is or with more said about it.
    HandedOn,
    Panic,
}

/// The tables that functions use, each with the first statement about it. Each function is looked into once.
struct TableUses<'q, 'a> {
    program: &'q Program<'a>,
    known: BTreeMap<FnId, Rc<[TableUse]>>,
}

impl Program<'_> {
    /// The statements of a binary's start that certainly run, and whose failure ends it, before a step that is the first to create one of
    /// their tables; the first for each step. Nothing is said behind statements that nobody can read, or a change of the schema of which the
    /// tables are not known or that may be left out, nor where tables are looked up in a schema that a statement names. Linear
    /// in the expressions of the functions on the ways to the steps and of what they call, times the steps.
    pub fn early_statements<'p>(&'p self, entry: &'p Entry) -> Vec<EarlyStatement<'p>> {
        let owners = self.schema_owners(entry);
        let removed: BTreeSet<&String> = owners.iter().flat_map(|owner| &owner.removed).collect();
        let mut uses = TableUses { program: self, known: BTreeMap::new() };
        let mut created: BTreeSet<&String> = BTreeSet::new();
        let mut found = Vec::new();
        for effect in self.effects(entry.main).iter().filter(|effect| effect.kind == EffectKind::Migrate) {
            let Some(owner) = owners.iter().find(|owner| owner.effect.site == effect.site) else { break };
            // The step is one of those that come to its place again.
            if !std::ptr::eq(owner.effect, effect) {
                continue;
            }
            if owner.tables.is_empty() && owner.kind.is_migrator() {
                break;
            }
            // What is created again was there before, by another name or in another shape.
            let is_first =
                |table: &&OwnedTable| !created.contains(&table.name) && !removed.contains(&table.name);
            let step = Creation { owner, tables: owner.tables.iter().filter(is_first).collect() };
            if effect.is_in_line() && !step.tables.is_empty() && self.is_of_one_database(entry, owner) {
                found.extend(uses.before(&step));
            }
            created.extend(owner.tables.iter().map(|table| &table.name));
        }
        let somewhere_else = || {
            let mut functions = self.types.items.function_ids();
            functions.any(|id| self.looks_elsewhere(id))
        };
        if found.is_empty() || somewhere_else() { Vec::new() } else { found }
    }

    fn is_of_one_database(&self, entry: &Entry, owner: &SchemaOwner<'_>) -> bool {
        let driver = owner.driver.as_ref();
        driver.is_some_and(|driver| self.opens_one_database(self.effects(entry.main), driver))
    }

    /// Whether a call hands a statement to a handle whose text is not known: it may do anything.
    fn runs_unread_statement(&self, body: &LinkedBody<'_>, id: CallId) -> bool {
        let call = body.call(id);
        let is_handle = |input: &Argument| reach::is_handle(self.types, &input.ty);
        let may_be_text = |ty: &Ty| match ty {
            Ty::External(path, _) => matches!(path.as_str(), "str" | "std::string::String"),
            ty => matches!(ty, Ty::Unknown),
        };
        let is_unread =
            call.args.first().is_some_and(|first| may_be_text(&first.ty) && first.value.texts().is_empty());
        let begins = call.receiver.as_ref().is_none_or(is_handle);
        begins && is_unread && call.may_run_sql() && body.call(self.run_by(body, id)).inputs().any(is_handle)
    }

    /// How the failure of a call ends its function, as it is written: by `?`, `unwrap` or as the value of the function, with nothing in
    /// between that could make up for it.
    fn ending_of(&self, function: FnId, body: &LinkedBody<'_>, id: CallId) -> Option<Ending> {
        let facts = self.types.items.functions[function.index()].body?;
        ending(facts, body.call(id).expr)
    }
}

impl TableUses<'_, '_> {
    /// The first statement about a table of a step that comes before it, in the functions on the way to it or in what they call.
    fn before<'p>(&mut self, step: &Creation<'_, 'p>) -> Option<EarlyStatement<'p>> {
        let program = self.program;
        let mut ends = true;
        for way in step.owner.effect.steps.iter() {
            let Step::Call(function, later) = *way else { return None };
            let body = program.any_body(function)?;
            let events = body.events_in_line();
            let until = events.iter().position(|event| called_in_line(event) == Some(later))?;
            for event in certain(body, &events[..until]) {
                let Some(id) = called_in_line(event) else { continue };
                if program.runs_unread_statement(body, id) {
                    return None;
                }
                let uses = self.of_call(function, body, id);
                let about = |used: &&TableUse| (ends || used.panics) && used.driver == step.owner.driver;
                let found = uses.iter().filter(about).find_map(|used| {
                    let table = step.tables.iter().find(|table| table.name == used.table)?;
                    Some((used, *table))
                });
                if let Some((used, table)) = found {
                    return Some(EarlyStatement {
                        location: used.location,
                        function: used.function,
                        called: program.location(function, body.call(id).span),
                        owner: step.owner.clone(),
                        table: table.clone(),
                    });
                }
            }
            // A step that is not reached each time, or whose failure somebody looks at, is one of several ways.
            let reached = certain(body, &events[..=until]).last().and_then(called_in_line);
            let is_last = step.owner.effect.steps.last() == Some(way);
            if reached != Some(later) && !is_last {
                return None;
            }
            ends &= program.ending_of(function, body, later).is_some();
        }
        None
    }

    /// The tables that a call uses whose failure ends the function that makes it.
    fn of_call(&mut self, function: FnId, body: &LinkedBody<'_>, id: CallId) -> Vec<TableUse> {
        let program = self.program;
        let call = body.call(id);
        if let [target] = call.local_targets() {
            let uses = self.of_function(*target);
            if uses.is_empty() {
                return Vec::new();
            }
            let ending = program.ending_of(function, body, id);
            let ended = uses.iter().filter(|used| used.panics || ending.is_some());
            let panics = ending == Some(Ending::Panic);
            return ended.map(|used| TableUse { panics: used.panics || panics, ..used.clone() }).collect();
        }
        let texts =
            call.args.iter().filter(|_| call.may_run_sql()).flat_map(|argument| argument.value.texts());
        let mut tables = texts.flat_map(|text| sql::tables_used(&text)).peekable();
        if tables.peek().is_none() {
            return Vec::new();
        }
        let Some(ending) = program.ending_of(function, body, program.run_by(body, id)) else {
            return Vec::new();
        };
        let driver = program.driver_of_statement(body, id);
        let location = program.location(function, call.span);
        let panics = ending == Ending::Panic;
        tables.map(|table| TableUse { table, driver: driver.clone(), location, function, panics }).collect()
    }

    fn of_function(&mut self, function: FnId) -> Rc<[TableUse]> {
        if let Some(known) = self.known.get(&function) {
            return Rc::clone(known);
        }
        // A function that calls itself uses what it uses without that.
        self.known.insert(function, Rc::from([]));
        let mut found: Vec<TableUse> = Vec::new();
        if let Some(body) = self.program.any_body(function) {
            let events = body.events_in_line();
            for id in certain(body, &events).filter_map(called_in_line) {
                if self.program.runs_unread_statement(body, id) {
                    break;
                }
                for used in self.of_call(function, body, id) {
                    let is_known =
                        |known: &TableUse| known.table == used.table && known.driver == used.driver;
                    if !found.iter().any(is_known) {
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

fn ending(facts: &Body, of: ExprId) -> Option<Ending> {
    const SAYING_MORE: [&str; 7] =
        ["context", "into_diagnostic", "map", "map_err", "with_context", "wrap_err", "wrap_err_with"];
    let mut at = of;
    loop {
        let around = (0..).map(ExprId).zip(&facts.exprs).find_map(|(id, expr)| match &expr.kind {
            ExprKind::Await(inner) | ExprKind::Try(inner) if *inner == at => Some((id, &expr.kind)),
            ExprKind::MethodCall(call) if call.receiver == at => Some((id, &expr.kind)),
            _ => None,
        });
        match around {
            Some((_, ExprKind::Try(_))) => return Some(Ending::HandedOn),
            Some((id, ExprKind::Await(_))) => at = id,
            Some((id, ExprKind::MethodCall(call))) => match call.method.as_str() {
                "expect" | "unwrap" => return Some(Ending::Panic),
                method if SAYING_MORE.contains(&method) => at = id,
                _ => return None,
            },
            _ => {
                let gives = matches!(facts.expr(facts.root).kind, ExprKind::Block { tail: Some(tail), .. } if tail == at);
                return gives.then_some(Ending::HandedOn);
            }
        }
    }
}

/// The events that happen whenever all of these are come to, up to the first way to leave: outside of branches, loops and closures.
fn certain<'e>(body: &'e LinkedBody<'_>, events: &'e [&'e Event]) -> impl Iterator<Item = &'e Event> {
    let leaves = |event: &Event| {
        body.outwards(event.context)
            .any(|context| matches!(context.kind, ContextKind::Arm { diverges: true, .. }))
    };
    let before = events.iter().copied().take_while(move |event| !leaves(event));
    before.filter(|event| body.ids_outwards(event.context).count() == 1)
}

fn called_in_line(event: &Event) -> Option<CallId> {
    match event.kind {
        EventKind::Call { call, time: Time::Inline } => Some(call),
        _ => None,
    }
}
