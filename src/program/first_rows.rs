//! Room 5, *program*: requests that ask whether a table is empty, and insert a row that depends on the answer: whoever registers first
//! becomes the administrator. Two that come at once are both the first.

use std::collections::BTreeMap;

use super::bodies::{Argument, Atom, Call, CallId, EventKind, LinkedBody, Outcome, Target, Time, settled};
use super::inventory::Scope;
use super::items::FnId;
use super::transactions::{begins_transaction, locks_database};
use super::types::Ty;
use super::values::Value;
use super::{Program, flow, sql};
use crate::catalog::{TypeKind, driver_facts};
use crate::facts::{Body, ExprKind, Literal};
use crate::location::{Location, Span};

/// A row that is inserted after a question whether there is any, without a lock over both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRow {
    /// The function that asks.
    pub function: FnId,
    /// The table.
    pub table: String,
    /// The question.
    pub question: Span,
    /// What inserts.
    pub insertion: Location,
}

/// How many calls further a row may be inserted.
const DEPTH: usize = 2;

/// How many calls further a lock may be taken.
const LOCK_DEPTH: u32 = 2;

impl Program<'_> {
    /// The insertions of production code that depend on a table being empty, in functions that can run beside themselves; each question
    /// once, in order. Linear in the expressions of all functions; in those that ask, branches times calls.
    pub fn first_rows(&self) -> Vec<FirstRow> {
        let mut asks: BTreeMap<FnId, Vec<String>> = BTreeMap::new();
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let tables: Vec<String> = item.body.into_iter().flat_map(tables_asked_for).collect();
            if item.scope == Scope::Production && !tables.is_empty() {
                asks.insert(FnId(index as u32), tables);
            }
        }
        let callers = asks.keys().flat_map(|id| &self.graph.callers[id.index()]);
        let mut asking: Vec<FnId> = asks.keys().chain(callers).copied().collect();
        asking.sort();
        asking.dedup();
        let runs_beside_itself = |id: &FnId| {
            self.scope(*id) == Scope::Production && self.is_concurrent(*id) && !self.is_called_under_lock(*id)
        };
        let asking = asking.into_iter().filter(runs_beside_itself);
        asking.flat_map(|id| self.first_rows_of(id, &asks)).collect()
    }

    fn first_rows_of(&self, id: FnId, asks: &BTreeMap<FnId, Vec<String>>) -> Vec<FirstRow> {
        let Some(body) = self.any_body(id) else { return Vec::new() };
        // A transaction or lock anywhere around is taken to be for this.
        let is_kept_out = |body: &LinkedBody<'_>, call: &Call<'_>| {
            !call.guards.is_empty()
                || call.inputs().any(|input| input.value.lock().is_some())
                || body.times_around(call.context).any(|time| matches!(time, Time::Once(_)))
                || body.calls.iter().any(|call| locks_database(body, call) || begins_transaction(call))
        };
        let has_guards = body.calls.iter().any(|call| !call.guards.is_empty());
        if has_guards || self.takes_a_lock(id, LOCK_DEPTH) || self.is_called_only_where(id, &is_kept_out, 0) {
            return Vec::new();
        }
        let mut found: Vec<FirstRow> = Vec::new();
        for event in body.all_events() {
            let EventKind::Branch(branching) = &event.kind else { continue };
            if branching.in_closure {
                continue;
            }
            for atom in &branching.atoms {
                let Some((answer, present_when)) =
                    body.asked(&atom.value).filter(|_| is_about_answer(body, atom))
                else {
                    continue;
                };
                let Some((question, table)) = self.table_asked_for(body, answer, asks) else { continue };
                let span = body.call(question).span;
                let known = |row: &FirstRow| row.question == span;
                if found.iter().any(known) || self.is_under_file_lock(id, body, event.context, span) {
                    continue;
                }
                let present_when = present_when != self.says_that_none_is_there(body, question);
                let test = flow::Test::of_existence(branching, atom, present_when, span);
                let decides = |call: CallId| {
                    let context = body.call(call).context;
                    let inside = body.arms(context).any(|(branch, ..)| branch == branching.branch);
                    let leaves =
                        test.present.iter().chain(&test.absent).any(|arm| body.leaves(test.branch, *arm));
                    match inside || leaves {
                        true => flow::controls(body, &test, context),
                        // What the branch gives is inserted.
                        false => self.is_given_a_choice(body, question, call),
                    }
                };
                let calls = (question.0 + 1..body.calls.len() as u32).map(CallId);
                let insertion = calls
                    .filter(|call| decides(*call))
                    .find_map(|call| self.insertion(id, body, call, &table, DEPTH));
                found.extend(insertion.map(|insertion| FirstRow {
                    function: id,
                    table,
                    question: span,
                    insertion,
                }));
            }
        }
        found
    }

    /// Whether a helper that is asked says by its name that there is nothing: `is_empty`, `is_first_user`.
    fn says_that_none_is_there(&self, body: &LinkedBody<'_>, question: CallId) -> bool {
        let Target::Local { targets, .. } = &body.call(question).target else { return false };
        targets.first().is_some_and(|helper| self.is_named_with(*helper, &SAYING_NONE))
    }

    /// Whether one of the words of a function's name is among these.
    fn is_named_with(&self, function: FnId, words: &[&str]) -> bool {
        self.name_of(function).to_lowercase().split(['_', ':']).any(|word| words.contains(&word))
    }

    /// Whether a call, or one of the chain that it begins, is given one of several constants, or what a helper that is asked gives.
    fn is_given_a_choice(&self, body: &LinkedBody<'_>, question: CallId, insertion: CallId) -> bool {
        let is_choice = |part: &Value| match part {
            Value::Choice(list) => {
                list.len() > 1
                    && list
                        .iter()
                        .all(|one| matches!(one, Value::Text(_) | Value::Bool(_) | Value::Number(_)))
            }
            part => *part == Value::Call(question),
        };
        let begun = |at: CallId| body.chain(at).any(|link| link == insertion);
        let calls = (insertion.0..body.calls.len() as u32).map(CallId);
        calls
            .filter(|at| begun(*at))
            .any(|at| body.call(at).args.iter().any(|given| given.value.any(is_choice)))
    }

    /// The table whose emptiness an answer is about, and the call that asks for it: a statement, or a function of the workspace that
    /// gives the answer.
    fn table_asked_for(
        &self,
        body: &LinkedBody<'_>,
        answer: CallId,
        asks: &BTreeMap<FnId, Vec<String>>,
    ) -> Option<(CallId, String)> {
        body.chain(answer).find_map(|link| {
            let call = body.call(link);
            if let Target::Local { targets, dispatched: false } = &call.target {
                let [only] = targets.as_slice() else { return None };
                let [table] = asks.get(only)?.as_slice() else { return None };
                let output = settled(&self.types.signature(*only).output);
                let tells = matches!(output, Ty::External(name, _) if TELLING.contains(&name.as_str()));
                let speaks =
                    self.is_named_with(*only, &SAYING_SOME) || self.is_named_with(*only, &SAYING_NONE);
                return (tells && speaks).then(|| (link, table.clone()));
            }
            // Who has one connection to a file asks and inserts through it, one after the other.
            let of_one = |input: &Argument| {
                let kind = self.types.handle(settled(&input.ty)).map(|(kind, _)| kind);
                let driver = self.driver_behind(&input.ty);
                kind == Some(TypeKind::Connection)
                    && driver.is_some_and(|driver| driver_facts(&driver).place.is_inside())
            };
            if call.inputs().any(of_one) {
                return None;
            }
            let texts = call.args.iter().flat_map(|argument| argument.value.texts());
            let table = texts.filter_map(|text| sql::table_asked_for(&text)).next()?;
            Some((link, table))
        })
    }

    /// Where a call inserts a row into a table, itself or in what it calls, whatever is there already.
    fn insertion(
        &self,
        id: FnId,
        body: &LinkedBody<'_>,
        at: CallId,
        table: &str,
        depth: usize,
    ) -> Option<Location> {
        let call = body.call(at);
        if let Target::Local { targets, dispatched: false } = &call.target {
            return targets.iter().filter(|_| depth > 0).find_map(|target| {
                let inner = self.any_body(*target)?;
                if inner.calls.iter().any(|call| locks_database(inner, call)) {
                    return None;
                }
                let mut calls = (0..inner.calls.len()).map(|index| CallId(index as u32));
                calls.find_map(|call| self.insertion(*target, inner, call, table, depth - 1))
            });
        }
        let mut texts = call.args.iter().flat_map(|argument| argument.value.texts());
        let inserts = texts.any(|text| sql::table_inserted_into(&text).is_some_and(|into| into == table));
        let told_apart = || body.tells_failures_apart(self.run_by(body, at));
        (inserts && !told_apart()).then(|| self.location(id, call.span))
    }
}

/// Whether a branch looks at what an answer says, rather than at whether there is an answer.
fn is_about_answer(body: &LinkedBody<'_>, atom: &Atom) -> bool {
    let inner = match &atom.value {
        Value::Test { place, .. } => place,
        value => value,
    };
    match inner {
        Value::Call(call) => {
            let Outcome { propagated, unwrapped, .. } = body.call(*call).outcome;
            let assumes = |other: &Call<'_>| {
                other.receiver.as_ref().is_some_and(|receiver| receiver.value == Value::Call(*call))
                    && other.name_of_callee().is_some_and(|name| name.starts_with("unwrap_or"))
            };
            propagated || unwrapped || body.calls.iter().any(assumes)
        }
        _ => true,
    }
}

/// Words of functions that say how many rows there are, or that there are some.
const SAYING_SOME: [&str; 6] = ["has", "have", "any", "exist", "exists", "count"];

/// Words of functions that say that there are none.
const SAYING_NONE: [&str; 4] = ["empty", "first", "no", "none"];

/// What says how many rows there are, or whether there are any.
const TELLING: [&str; 6] = ["bool", "i64", "u64", "i32", "u32", "usize"];

/// The tables whose emptiness the texts of a body ask for.
fn tables_asked_for(body: &Body) -> impl Iterator<Item = String> {
    body.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Literal(Literal::Str(text)) => sql::table_asked_for(text),
        _ => None,
    })
}
