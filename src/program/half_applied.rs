//! Room 5, *program*: migrators that the application wrote itself, and that change the schema in one step and record it in another.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::{Argument, Call, CallId, EventKind, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::own_migrators::{
    DEPTH, LedgerUse, calls_before_or_around, is_handed_code, runs_what_is_written_elsewhere,
};
use super::reach;
use super::sql::{self, SqlEffect};
use super::swallowed::Outcome;
use super::transactions::{begins_transaction, in_transaction, is_transaction};
use super::values::Value;
use crate::catalog::{SqlDialect, driver_facts};
use crate::location::Span;

/// A change of the schema and its record, which are not one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfApplied {
    /// The function.
    pub function: FnId,
    /// The ledger.
    pub ledger: String,
    /// Whether the ledger has a name of its own, rather than the number that every SQLite file has.
    pub is_named: bool,
    /// What changes the schema, or is handed a change.
    pub changes: Span,
    /// What records it.
    pub records: Span,
}

impl Program<'_> {
    /// The functions of production code that run a change of the schema and record it in a ledger that somebody asks, without a
    /// transaction around both, in order. Only changes that fail when they are repeated, and those whose text is not known; only
    /// databases that could do both in one transaction, and that stay. Migrators that others can run beside are left to
    /// [`Program::open_migrators`].
    pub fn half_applied_migrations(&self) -> Vec<HalfApplied> {
        let uses_of = self.ledger_uses();
        let open: BTreeSet<FnId> =
            self.open_migrators_among(&uses_of).into_iter().map(|migrator| migrator.function).collect();
        let mut found: Vec<HalfApplied> = Vec::new();
        for (function, uses) in &uses_of {
            let Some(body) = self.body(*function).filter(|_| self.scope(*function) == Scope::Production)
            else {
                continue;
            };
            let change_of = |record: &LedgerUse| {
                // Who writes down that it begins knows afterwards what did not come to its end.
                let is_begun = |change: &CallId| {
                    let same = |used: &&LedgerUse| used.writes && used.ledger == record.ledger;
                    uses.iter().filter(same).any(|used| used.call <= *change)
                };
                self.change_before(*function, body, record.call).filter(|change| !is_begun(change))
            };
            let mut records = uses.iter().filter(|used| used.writes);
            let pair = records.find_map(|record| change_of(record).map(|change| (record, change)));
            let Some((record, change)) = pair else { continue };
            let asks = |used: &LedgerUse| !used.writes && used.ledger == record.ledger;
            let around = self.callers_around(*function);
            if around.iter().filter_map(|caller| uses_of.get(caller)).flatten().any(asks)
                && self.has_transactions_for_schemas(body)
                && !self.is_in_transaction(&around, body, change, record.call)
                && !around.iter().any(|caller| self.opens_in_memory(*caller))
                && !self.nearest(&around).iter().any(|caller| self.moves_files(*caller))
            {
                found.push(HalfApplied {
                    function: *function,
                    ledger: record.ledger.clone(),
                    is_named: record.ledger != sql::OWN_NUMBER,
                    changes: body.call(change).span,
                    records: body.call(record.call).span,
                });
            }
        }
        // Whoever calls a migrator is none.
        let migrators: BTreeSet<FnId> = found.iter().map(|one| one.function).collect();
        let calls_another = |caller: FnId| {
            let is_another = |target: &FnId| *target != caller && migrators.contains(target);
            let targets = |body: &LinkedBody<'_>| {
                body.calls.iter().any(|call| call.local_targets().iter().any(is_another))
            };
            self.body(caller).is_some_and(targets)
        };
        found.retain(|one| {
            !open.contains(&one.function)
                && !calls_another(one.function)
                && !self.graph.callers[one.function.index()].iter().any(|caller| open.contains(caller))
        });
        found
    }

    /// The last call before a record, and only where that follows, which changes the schema in a way that cannot be repeated.
    fn change_before(&self, function: FnId, body: &LinkedBody<'_>, record: CallId) -> Option<CallId> {
        let around = |id: CallId| body.arms(body.call(id).context).map(|(branch, arm, _)| (branch, arm));
        let is_followed = |id: &CallId| around(record).all(|arm| around(*id).any(|other| other == arm));
        let before = (0..record.0).rev().map(CallId);
        before.filter(is_followed).find(|id| self.changes_once(function, body, *id, DEPTH))
    }

    /// Whether a call changes the schema in a way that fails when it is repeated, or does not say how, and a failure is handed on,
    /// itself or in what it calls.
    fn changes_once(&self, function: FnId, body: &LinkedBody<'_>, id: CallId, depth: u32) -> bool {
        let call = body.call(id);
        let fails =
            |effect: &SqlEffect| matches!(effect, SqlEffect::Change { fails_when_repeated: true, .. });
        let changes = match &call.target {
            Target::Local { targets, .. } => {
                depth > 0
                    && targets.iter().any(|target| {
                        let Some(inner) = self.any_body(*target) else { return false };
                        let mut calls = (0..inner.calls.len()).map(|index| CallId(index as u32));
                        calls.any(|id| self.changes_once(*target, inner, id, depth - 1))
                    })
            }
            _ => {
                (call.sql().iter().any(fails) || self.runs_something_unknown(call))
                    && !self.takes_away(call)
                    && self.hands_failure_on(function, body, self.run_by(body, id))
            }
        };
        let before = || &body.calls[..id.0 as usize];
        changes && !before().iter().any(|call| self.asks_catalogue(call) || self.takes_away(call))
    }

    /// Whether a call runs a statement that is not written where it is made, on a handle, or hands a handle to a function that was
    /// handed over.
    fn runs_something_unknown(&self, call: &Call<'_>) -> bool {
        let is_handle = |argument: &Argument| reach::is_handle(self.types, &argument.ty);
        let with_handle = match &call.receiver {
            Some(receiver) => is_handle(receiver) && call.args.first().is_some_and(|text| !is_handle(text)),
            None => {
                matches!(call.name_of_callee(), Some("query" | "raw_sql")) || call.args.iter().any(is_handle)
            }
        };
        with_handle && runs_what_is_written_elsewhere(call)
    }

    /// Whether the failure of a call goes on to the caller or ends the process, and nobody looks at it: who does may know it (a column
    /// that is there already).
    fn hands_failure_on(&self, function: FnId, body: &LinkedBody<'_>, run: CallId) -> bool {
        let outcome = body.call(run).outcome;
        let is_looked_at = || {
            body.all_events().any(|event| match &event.kind {
                EventKind::Branch(branching) => {
                    branching.atoms.iter().any(|atom| atom.value.contains(&Value::Call(run)))
                }
                _ => false,
            })
        };
        let is_result = || {
            matches!(self.outcome_of(function, body, run, None), Outcome::HandsOn)
                && (!is_looked_at() || body.hands_failure_on(run))
        };
        (outcome.unwrapped || outcome.propagated || is_result()) && !body.tells_failures_apart(run)
    }

    /// Whether a call asks what the database has, itself or by a helper that says whether something is there.
    fn asks_catalogue(&self, call: &Call<'_>) -> bool {
        matches!(call.name_of_callee(), Some("column_exists" | "table_exists"))
            || call.sql().iter().any(|effect| matches!(effect, SqlEffect::AsksCatalogue(_)))
            || call.local_targets().iter().any(|target| self.catalogue_asked_by(*target).is_some())
    }

    /// Whether a call takes something away from the schema, itself or in what it calls: what is made after that can be made again.
    fn takes_away(&self, call: &Call<'_>) -> bool {
        let drops = |call: &Call<'_>| {
            call.sql().iter().any(|effect| {
                matches!(effect, SqlEffect::Change { statement, .. } if statement.starts_with("DROP"))
            })
        };
        let mut inner = call.local_targets().iter().filter_map(|target| self.any_body(*target));
        drops(call) || inner.any(|body| body.calls.iter().any(drops))
    }

    /// Whether a transaction may be around a change and its record: one that begins in the function, the first of `around`, other than
    /// inside of the change, or in one that comes to it, before or around that.
    fn is_in_transaction(
        &self,
        around: &[FnId],
        body: &LinkedBody<'_>,
        change: CallId,
        record: CallId,
    ) -> bool {
        let own = body.calls.iter().enumerate().any(|(index, call)| {
            begins(call) || index != change.0 as usize && self.begins_inside(call, DEPTH)
        });
        let leads_here = |call: &Call<'_>| call.local_targets().iter().any(|target| around.contains(target));
        let comes_in_one = |body: &LinkedBody<'_>, depth: u32| {
            calls_before_or_around(body, &leads_here).any(|call| {
                let is_beside = !leads_here(call) || is_handed_code(call);
                begins(call) || is_beside && self.begins_inside(call, depth)
            })
        };
        // What somebody far away does before has another purpose.
        let near = self.nearest(around).len();
        let depth = |index: usize| if index < near { DEPTH } else { 0 };
        let mut callers = around.iter().enumerate().skip(1);
        own || in_transaction(body, body.call(record))
            || callers.any(|(index, caller)| {
                self.any_body(*caller).is_some_and(|body| comes_in_one(body, depth(index)))
            })
    }

    /// Whether a function of the workspace that is called begins a transaction.
    fn begins_inside(&self, call: &Call<'_>, depth: u32) -> bool {
        depth > 0
            && call.local_targets().iter().filter_map(|target| self.any_body(*target)).any(|inner| {
                inner.calls.iter().any(|call| begins(call) || self.begins_inside(call, depth - 1))
            })
    }

    /// Of a function and those that come to it, itself and those that call it.
    fn nearest<'f>(&self, around: &'f [FnId]) -> &'f [FnId] {
        let direct = &self.graph.callers[around[0].index()];
        let end = around.iter().rposition(|caller| direct.contains(caller)).map_or(1, |last| last + 1);
        &around[..end]
    }

    fn opens_in_memory(&self, function: FnId) -> bool {
        self.effects(function).iter().any(|effect| self.is_in_memory(effect))
    }

    /// Whether a function moves, copies or removes files: what is half done may be thrown away, or brought back from a copy.
    fn moves_files(&self, function: FnId) -> bool {
        let moves = |call: &Call<'_>| {
            matches!(call.name_of_callee(), Some("remove_file" | "rename" | "copy" | "persist"))
        };
        self.any_body(function).is_some_and(|body| body.calls.iter().any(moves))
    }

    /// Whether the databases that a body speaks to are known, and change their schema in transactions.
    fn has_transactions_for_schemas(&self, body: &LinkedBody<'_>) -> bool {
        let mut drivers = self.drivers_in(body).map(|driver| driver_facts(&driver).dialect).peekable();
        drivers.peek().is_some()
            && drivers.all(|dialect| matches!(dialect, SqlDialect::Postgres | SqlDialect::Sqlite))
    }
}

/// Whether a call begins a transaction.
fn begins(call: &Call<'_>) -> bool {
    begins_transaction(call)
        || is_transaction(&call.result)
        || call.sql().contains(&SqlEffect::Begins)
        || call.worded_effects().contains(&SqlEffect::Begins)
}
