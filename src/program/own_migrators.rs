//! Room 5, *program*: migrators that the application wrote itself: they look into a ledger, change the schema, and record it.

use super::Program;
use super::bodies::{Argument, CallId, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::probes::is_inside;
use super::sql::SqlEffect;
use super::values::Value;
use crate::location::Span;

/// Callers beyond this number are not asked whether they hold a lock.
const MOST_CALLERS: usize = 40;
/// How deep a lock may be taken in a helper.
const DEPTH: u32 = 2;

/// A migrator without a lock over all that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenMigrator {
    /// The function.
    pub function: FnId,
    /// Its ledger.
    pub ledger: String,
    /// Where it looks what was applied.
    pub looks: Span,
    /// Where it records what it applied.
    pub records: Span,
}

impl Program<'_> {
    /// The functions of production code that ask a ledger, run statements, and write to the ledger, each on its own, without
    /// a transaction or a lock from the first to the last; in order. A database that is a file of the process has one
    /// migrator.
    pub fn open_migrators(&self) -> Vec<OpenMigrator> {
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            if self.scope(function) != Scope::Production {
                continue;
            }
            let about_ledgers = body.calls.iter().enumerate().flat_map(|(index, call)| {
                let is_library = !matches!(call.target, Target::Local { .. } | Target::Block(_));
                let effects = if is_library { call.sql_effects() } else { Vec::new() };
                effects.into_iter().map(move |effect| (CallId(index as u32), effect))
            });
            let mut ledgers = about_ledgers.filter_map(|(id, effect)| match effect {
                SqlEffect::AsksLedger(ledger) => Some((id, ledger, false)),
                SqlEffect::RecordsVersion(ledger) => Some((id, ledger, true)),
                _ => None,
            });
            let Some((looks, ledger, false)) = ledgers.next() else { continue };
            let records = ledgers.find(|(_, other, writes)| *writes && *other == ledger);
            let Some((records, ..)) = records else { continue };
            // What runs in between: statements that are not written here, or that change the schema.
            let applies = body.calls[looks.0 as usize + 1..records.0 as usize].iter().any(|call| {
                let runs = matches!(
                    call.name_of_callee(),
                    Some(
                        "execute" | "execute_batch" | "batch_execute" | "raw_sql" | "query" | "simple_query"
                    )
                );
                let changes = |effect: &SqlEffect| matches!(effect, SqlEffect::Change { .. });
                let is_written_here = |argument: &Argument| !argument.value.texts().is_empty();
                runs && (!call.args.iter().all(is_written_here) || call.sql_effects().iter().any(changes))
            });
            // The callers are asked last: hardly any function comes this far.
            if applies && !self.is_protected(function, body) {
                let span = |id: CallId| body.call(id).span;
                found.push(OpenMigrator { function, ledger, looks: span(looks), records: span(records) });
            }
        }
        found
    }

    /// Whether a transaction or a lock is in play, here or where the function is called, or everything runs on one exclusive
    /// handle of an embedded database.
    fn is_protected(&self, function: FnId, body: &LinkedBody<'_>) -> bool {
        let mut handles = body.calls.iter().flat_map(|call| call.receiver.iter().chain(&call.args));
        let embedded =
            handles.any(|argument| self.driver_behind(&argument.ty).is_some_and(|driver| is_inside(&driver)));
        let mut around = vec![function];
        let mut next = 0;
        // Whoever calls may hold what the callee relies on.
        while next < around.len() && around.len() < MOST_CALLERS {
            let callers = &self.graph.callers[around[next].index()];
            let new: Vec<FnId> = callers.iter().filter(|caller| !around.contains(caller)).copied().collect();
            around.extend(new);
            next += 1;
        }
        embedded || around.iter().any(|function| self.takes_a_lock(*function, DEPTH))
    }

    /// Whether a function begins a transaction or takes a lock, itself or in what it calls.
    fn takes_a_lock(&self, function: FnId, depth: u32) -> bool {
        let fresh = self.fresh_body(function);
        let Some(body) = self.body(function).or(fresh.as_ref()) else { return false };
        body.calls.iter().any(|call| {
            let begins = matches!(
                call.name_of_callee(),
                Some(
                    "begin"
                        | "begin_with"
                        | "transaction"
                        | "transaction_with_behavior"
                        | "build_transaction"
                        | "savepoint"
                )
            );
            let keeps = |effect: &SqlEffect| effect.keeps_out_others() || *effect == SqlEffect::LocksRows;
            let in_text = || call.sql_effects().iter().any(keeps);
            let in_callee = || match &call.target {
                Target::Local { targets, .. } if depth > 0 => targets.iter().any(|target| {
                    // What is handed over may run before the lock is given back.
                    let mut handed = call.args.iter().map(|argument| &argument.value);
                    let runs = handed.any(|value| matches!(value, Value::Block(_) | Value::Function(_)));
                    *target != function
                        && self.takes_a_lock(*target, depth - 1)
                        && (runs || !self.gives_it_back(*target))
                }),
                _ => false,
            };
            begins || !call.guards.is_empty() || in_text() || in_callee()
        })
    }

    /// Whether what a function takes is over when it returns: it unlocks as well.
    fn gives_it_back(&self, function: FnId) -> bool {
        let fresh = self.fresh_body(function);
        let Some(body) = self.body(function).or(fresh.as_ref()) else { return false };
        // Whoever leaves with an error gives it back before.
        let leaves = |call: &super::bodies::Call<'_>| {
            body.arms(call.context).any(|(branch, arm, _)| body.leaves(branch, arm))
        };
        body.calls
            .iter()
            .filter(|call| !leaves(call))
            .any(|call| call.sql_effects().iter().any(|effect| matches!(effect, SqlEffect::Unlocks(_))))
    }
}
