//! Room 5, *program*: migrators that the application wrote itself, and that change the schema in one step and record it in another.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::{Call, CallId, EventKind, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::own_migrators::{LedgerUse, has_statement, runs_what_is_written_elsewhere};
use super::sql::SqlEffect;
use super::swallowed::Outcome;
use super::transactions::{begins_transaction, in_transaction, is_transaction};
use super::values::Value;
use crate::catalog::{SqlDialect, driver_facts};
use crate::location::Span;

/// How deep a change may be in helpers.
const DEPTH: u32 = 2;

/// A change of the schema and its record, which are not one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfApplied {
    /// The function.
    pub function: FnId,
    /// The ledger.
    pub ledger: String,
    /// What changes the schema, or is handed a change.
    pub changes: Span,
    /// What records it.
    pub records: Span,
}

impl Program<'_> {
    /// The functions of production code that run a change of the schema and record it in a ledger that somebody asks, without a
    /// transaction around both, in order. Only changes that fail when they are repeated, and those whose text is not known; only
    /// databases that could do both in one transaction. Migrators that others can run beside are left to
    /// [`Program::open_migrators`].
    pub fn half_applied_migrations(&self) -> Vec<HalfApplied> {
        let uses_of = self.ledger_uses();
        let open: BTreeSet<FnId> =
            self.open_migrators().into_iter().map(|migrator| migrator.function).collect();
        let mut found: Vec<HalfApplied> = Vec::new();
        for (function, uses) in &uses_of {
            let Some(body) = self.body(*function).filter(|_| self.scope(*function) == Scope::Production)
            else {
                continue;
            };
            // Who writes down that it begins knows afterwards what did not come to its end.
            let is_recorded_by = |id: CallId| uses.iter().any(|used| used.writes && used.call <= id);
            let mut writes = uses.iter().filter(|used| used.writes);
            let Some((records, changes)) = writes.find_map(|write| {
                let change = self.change_before(*function, body, write.call)?;
                (!is_recorded_by(change)).then_some((write, change))
            }) else {
                continue;
            };
            let asks = |used: &LedgerUse| !used.writes && used.ledger == records.ledger;
            let around = self.callers_around(*function);
            let is_asked = around.iter().filter_map(|caller| uses_of.get(caller)).flatten().any(asks);
            if !is_asked
                || !self.has_transactions_for_schemas(body)
                || self.is_in_transaction(&around, body, changes, records.call)
                || self.effects(*function).iter().any(|effect| self.is_in_memory(effect))
            {
                continue;
            }
            found.push(HalfApplied {
                function: *function,
                ledger: records.ledger.clone(),
                changes: body.call(changes).span,
                records: body.call(records.call).span,
            });
        }
        // Whoever calls a migrator is none.
        let migrators: BTreeSet<FnId> = found.iter().map(|one| one.function).collect();
        let leads_to = |one: &HalfApplied, known: &BTreeSet<FnId>| {
            let body = self.body(one.function);
            body.is_some_and(|body| {
                body.calls.iter().any(|call| call.local_targets().iter().any(|target| known.contains(target)))
            })
        };
        found.retain(|one| {
            !open.contains(&one.function)
                && !leads_to(one, &migrators)
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

    /// Whether a transaction may be around a change and its record: one that begins in the function, the first of `around`, other than
    /// inside of the change, or in one of its callers, the rest, before that comes there.
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
        if own || in_transaction(body, body.call(record)) {
            return true;
        }
        let leads_here = |call: &Call<'_>| call.local_targets().iter().any(|target| around.contains(target));
        around[1..].iter().filter_map(|caller| self.any_body(*caller)).any(|body| {
            let until = body.calls.iter().rposition(leads_here).map_or(0, |index| index + 1);
            body.calls[..until].iter().any(begins)
        })
    }

    /// Whether a function of the workspace that is called begins a transaction.
    fn begins_inside(&self, call: &Call<'_>, depth: u32) -> bool {
        depth > 0
            && call.local_targets().iter().filter_map(|target| self.any_body(*target)).any(|inner| {
                inner.calls.iter().any(|call| begins(call) || self.begins_inside(call, depth - 1))
            })
    }

    /// Whether a call changes the schema in a way that fails when it is repeated, or does not say how, and a failure is not passed
    /// over, itself or in what it calls.
    fn changes_once(&self, function: FnId, body: &LinkedBody<'_>, id: CallId, depth: u32) -> bool {
        let call = body.call(id);
        if let Target::Local { targets, .. } = &call.target {
            return depth > 0
                && targets.iter().any(|target| {
                    let Some(inner) = self.any_body(*target) else { return false };
                    let mut calls = (0..inner.calls.len()).map(|index| CallId(index as u32));
                    calls.any(|id| self.changes_once(*target, inner, id, depth - 1))
                });
        }
        if body.calls.iter().any(|call| self.asks_catalogue(call)) {
            return false;
        }
        let is_written_before = body.chain(id).any(|link| link != id && has_statement(body.call(link)));
        let is_unknown = runs_what_is_written_elsewhere(call) && !is_written_before;
        let fails =
            |effect: &SqlEffect| matches!(effect, SqlEffect::Change { fails_when_repeated: true, .. });
        if !is_unknown && !call.sql().iter().any(fails) {
            return false;
        }
        let run = self.run_by(body, id);
        let outcome = body.call(run).outcome;
        // Whoever looks at the failure may know it: a column that is there already.
        let is_looked_at = || {
            body.all_events().any(|event| match &event.kind {
                EventKind::Branch(branching) => {
                    branching.atoms.iter().any(|atom| atom.value.contains(&Value::Call(run)))
                }
                _ => false,
            })
        };
        let is_result = || {
            let hands_on = matches!(self.outcome_of(function, body, run, None), Outcome::HandsOn);
            hands_on && (!is_looked_at() || body.hands_failure_on(run))
        };
        (outcome.unwrapped || outcome.propagated || is_result()) && !body.tells_failures_apart(run)
    }

    /// Whether a call asks what the database has, itself or by a helper that says whether something is there.
    fn asks_catalogue(&self, call: &Call<'_>) -> bool {
        call.sql().iter().any(|effect| matches!(effect, SqlEffect::AsksCatalogue(_)))
            || call.local_targets().iter().any(|target| self.catalogue_asked_by(*target).is_some())
    }

    /// Whether the databases that a body speaks to are known, and change their schema in transactions.
    fn has_transactions_for_schemas(&self, body: &LinkedBody<'_>) -> bool {
        let mut drivers = self.drivers_in(body).map(|driver| driver_facts(&driver).dialect).peekable();
        drivers.peek().is_some()
            && drivers.all(|dialect| matches!(dialect, SqlDialect::Postgres | SqlDialect::Sqlite))
    }
}

/// Whether a call begins a transaction, or is named as if it did.
fn begins(call: &Call<'_>) -> bool {
    begins_transaction(call)
        || is_transaction(&call.result)
        || call.sql().contains(&SqlEffect::Begins)
        || call.name_of_callee().is_some_and(|name| name.contains("transaction"))
}
