//! Room 5, *program*: migrators that the application wrote itself: they look into a ledger, change the schema, and record it.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::{Call, CallId, LinkedBody, Target};
use super::inventory::Scope;
use super::items::FnId;
use super::sql::SqlEffect;
use super::transactions::{begins_transaction, is_transaction, locks_database};
use super::types::Ty;
use super::values::Value;
use super::{Program, bodies};
use crate::catalog::{DriverPlace, UNKNOWN_DRIVER, driver_facts};
use crate::location::Span;

/// Callers beyond this number are not asked whether they hold a lock.
const MOST_CALLERS: usize = 40;
/// How deep a question, a change, a record or a lock may be in helpers.
pub(super) const DEPTH: u32 = 2;

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
    /// Whether the database is known, and known to be one that other machines can get to.
    pub is_remote: bool,
}

/// A call that asks a ledger or writes to it, itself or in what it calls.
#[derive(Clone)]
pub(super) struct LedgerUse {
    pub(super) call: CallId,
    pub(super) ledger: String,
    pub(super) writes: bool,
}

/// Who else may migrate the same database at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    /// Processes on other machines, too.
    Anybody,
    /// Other processes on this machine.
    Processes,
    /// Other requests or tasks of the same process.
    Tasks,
}

impl Program<'_> {
    /// The functions of production code that ask a ledger, run statements, and write to the ledger, each on its own, without
    /// a transaction or a lock from the first to the last; in order. A database that is a file of one process that starts once
    /// has one migrator.
    pub fn open_migrators(&self) -> Vec<OpenMigrator> {
        self.open_migrators_among(&self.ledger_uses())
    }

    /// Those among functions of which it is known how they use ledgers.
    pub(super) fn open_migrators_among(&self, uses_of: &BTreeMap<FnId, Vec<LedgerUse>>) -> Vec<OpenMigrator> {
        let mut found = Vec::new();
        for (function, uses) in uses_of {
            let function = *function;
            let Some(body) = self.body(function).filter(|_| self.scope(function) == Scope::Production) else {
                continue;
            };
            let Some(looks) = uses.first().filter(|first| !first.writes) else { continue };
            let context = |id: CallId| body.call(id).context;
            let is_record = |other: &&LedgerUse| {
                other.writes
                    && other.ledger == looks.ledger
                    && other.call > looks.call
                    && !body.exclusive(context(looks.call), context(other.call))
            };
            let applied_before = |record: &&LedgerUse| {
                let between = &body.calls[looks.call.0 as usize + 1..=record.call.0 as usize];
                between.iter().any(|call| self.applies(call, DEPTH))
            };
            let Some(records) = uses.iter().filter(is_record).find(applied_before) else { continue };
            // Nobody else opens what is made in memory here, or in the folder for temporary files.
            if self.effects(function).iter().any(|effect| self.is_in_memory(effect))
                || self.is_given_temporary_files(function)
            {
                continue;
            }
            // The callers are asked last: hardly any function comes this far.
            let Some(others) = self.others_at(function, body) else { continue };
            // Who asks again under the lock learns what others did before.
            let asks =
                |used: &&LedgerUse| !used.writes && used.ledger == looks.ledger && used.call < records.call;
            let last = uses.iter().rfind(asks).map_or(looks.call, |last| last.call);
            if !self.is_protected(function, body, last, others) {
                found.push(OpenMigrator {
                    function,
                    ledger: looks.ledger.clone(),
                    looks: body.call(looks.call).span,
                    records: body.call(records.call).span,
                    is_remote: others == Others::Anybody && self.drivers_in(body).next().is_some(),
                });
            }
        }
        found
    }

    /// Whether all who call a function open databases for it that are temporary files.
    fn is_given_temporary_files(&self, function: FnId) -> bool {
        let callers = self.graph.callers[function.index()].iter();
        let mut opened = callers.filter(|caller| self.scope(**caller) != Scope::Test).map(|caller| {
            let mut handles =
                self.effects(*caller).iter().filter(|effect| effect.creates_handle()).peekable();
            handles.peek().is_some() && handles.all(|handle| self.is_temporary(handle))
        });
        opened.next().is_some_and(|first| first && opened.all(|temporary| temporary))
    }

    /// The calls of each function that write to a ledger, itself or by a helper, in the order of the calls.
    pub(super) fn ledger_writes(&self) -> BTreeMap<FnId, Vec<CallId>> {
        let writes = |uses: Vec<LedgerUse>| {
            uses.into_iter().filter(|used| used.writes).map(|used| used.call).collect()
        };
        self.ledger_uses().into_iter().map(|(function, uses)| (function, writes(uses))).collect()
    }

    /// The calls of each function that ask a ledger or write to it, in the order of the calls; helpers count for their callers.
    pub(super) fn ledger_uses(&self) -> BTreeMap<FnId, Vec<LedgerUse>> {
        let own = self.linked().filter_map(|(function, body)| {
            let effects = body.calls.iter().enumerate().flat_map(|(index, call)| {
                let call_id = CallId(index as u32);
                call.ledger_effects().into_iter().filter_map(move |effect| match effect {
                    SqlEffect::AsksLedger(ledger) => Some(LedgerUse { call: call_id, ledger, writes: false }),
                    SqlEffect::RecordsVersion(ledger) => {
                        Some(LedgerUse { call: call_id, ledger, writes: true })
                    }
                    _ => None,
                })
            });
            let uses: Vec<LedgerUse> = effects.collect();
            (!uses.is_empty()).then_some((function, uses))
        });
        let mut all: BTreeMap<FnId, Vec<LedgerUse>> = own.collect();
        for _ in 0..DEPTH {
            let callers: BTreeSet<FnId> =
                all.keys().flat_map(|id| self.graph.callers[id.index()].iter().copied()).collect();
            let mut more = Vec::new();
            for caller in callers {
                let Some(body) = self.body(caller) else { continue };
                let through = body.calls.iter().enumerate().flat_map(|(index, call)| {
                    let inner = call.local_targets().iter().filter_map(|target| all.get(target));
                    // What asks and records is a migrator already, wherever it is called.
                    let inner = inner.filter(|uses| !is_whole(uses)).flatten();
                    inner.map(move |used| LedgerUse { call: CallId(index as u32), ..used.clone() })
                });
                let mut uses: Vec<LedgerUse> = through.collect();
                uses.extend(all.get(&caller).into_iter().flatten().cloned());
                uses.sort_by(|a, b| (a.call, a.writes, &a.ledger).cmp(&(b.call, b.writes, &b.ledger)));
                uses.dedup_by(|a, b| (a.call, a.writes, &a.ledger) == (b.call, b.writes, &b.ledger));
                more.push((caller, uses));
            }
            all.extend(more);
        }
        all
    }

    /// Whether a call runs statements that are not written where it stands, or that change the schema, itself or in what it calls.
    fn applies(&self, call: &Call<'_>, depth: u32) -> bool {
        if let Target::Local { targets, .. } = &call.target {
            return depth > 0
                && targets.iter().any(|target| {
                    let body = self.any_body(*target);
                    body.is_some_and(|body| body.calls.iter().any(|call| self.applies(call, depth - 1)))
                });
        }
        let changes = |effect: &SqlEffect| matches!(effect, SqlEffect::Change { .. });
        runs_what_is_written_elsewhere(call) || runs_statements(call) && call.sql().iter().any(changes)
    }

    /// The drivers of the handles that the calls of a body are made with, in order, where they are known.
    pub(super) fn drivers_in(&self, body: &LinkedBody<'_>) -> impl Iterator<Item = String> {
        // A list of which it is not known whose things are in it says nothing.
        body.calls.iter().flat_map(|call| call.inputs()).filter_map(|argument| {
            let driver = self.driver_behind(&argument.ty)?;
            let counts =
                driver != UNKNOWN_DRIVER || self.types.contains_handle(bodies::settled(&argument.ty));
            counts.then_some(driver)
        })
    }

    /// Who else may be at it; `None` when nobody can.
    fn others_at(&self, function: FnId, body: &LinkedBody<'_>) -> Option<Others> {
        let mut places = self.drivers_in(body).map(|driver| driver_facts(&driver).place);
        match places.find(|place| place.is_inside()) {
            None => Some(Others::Anybody),
            Some(DriverPlace::SharedFile) if self.is_run_by_several_processes(function) => {
                Some(Others::Processes)
            }
            Some(DriverPlace::SharedFile) if self.is_reached_by_requests(function) => Some(Others::Tasks),
            Some(_) => None,
        }
    }

    /// Whether a transaction or a lock is in play, here or where the function is called. One anywhere is taken to be for this,
    /// except with SQLite: there it keeps out others from where it begins, which has to be before the ledger is asked.
    fn is_protected(&self, function: FnId, body: &LinkedBody<'_>, looks: CallId, others: Others) -> bool {
        let around = self.callers_around(function);
        let leads_here = |call: &Call<'_>| {
            matches!(&call.target, Target::Local { targets, .. }
                if targets.iter().any(|target| around.contains(target)))
        };
        if others == Others::Anybody {
            return self.takes_a_lock(function, DEPTH)
                || around[1..].iter().any(|caller| self.takes_a_lock_before(*caller, &leads_here));
        }
        // What the way here begins after it has asked is too late, unless it is what the code here is handed to.
        let is_way = |call: &Call<'_>| leads_here(call) && !is_handed_code(call);
        let begins = |body: &LinkedBody<'_>, until: usize| {
            body.calls[..until].iter().any(|call| {
                self.begins_to_keep_out(body, call, others)
                    || !is_way(call) && self.calls_what_keeps_out(call)
            })
        };
        let at = body.call(looks);
        self.is_under_file_lock(function, body, at.context, at.span)
            || begins(body, looks.0 as usize + 1)
            || around[1..].iter().filter_map(|caller| self.body(*caller)).any(|body| {
                let until = body.calls.iter().rposition(leads_here).map_or(0, |index| index + 1);
                begins(body, until)
            })
    }

    /// A function and those that come to it, nearest first, up to a number: whoever calls may hold what the callee relies on. What a
    /// test holds protects the test.
    pub(super) fn callers_around(&self, function: FnId) -> Vec<FnId> {
        let mut around = vec![function];
        let mut next = 0;
        while next < around.len() && around.len() < MOST_CALLERS {
            let callers = &self.graph.callers[around[next].index()];
            let is_new = |caller: &&FnId| !around.contains(caller) && self.scope(**caller) != Scope::Test;
            let new: Vec<FnId> = callers.iter().filter(is_new).copied().collect();
            around.extend(new);
            next += 1;
        }
        around
    }

    /// Whether others are kept out from a call on: it begins a transaction, or takes a lock in the database.
    fn begins_to_keep_out(&self, body: &LinkedBody<'_>, call: &Call<'_>, others: Others) -> bool {
        // A lock of the process keeps out nobody from another one.
        let in_process = others == Others::Tasks && !call.guards.is_empty();
        begins_transaction(call) || locks_database(body, call) || in_process
    }

    /// Whether a call is one of a helper that does so, and does not give it back.
    fn calls_what_keeps_out(&self, call: &Call<'_>) -> bool {
        let in_text = |call: &Call<'_>| call.sql().iter().any(SqlEffect::keeps_out_others);
        call.local_targets().iter().any(|target| {
            let Some(inner) = self.any_body(*target) else { return false };
            let begins = inner.calls.iter().any(begins_transaction) && self.gives_a_transaction(*target);
            (begins || inner.calls.iter().any(in_text)) && !self.gives_it_back(*target)
        })
    }

    /// Whether a function gives back a transaction, or a type that has one in a field.
    fn gives_a_transaction(&self, function: FnId) -> bool {
        match bodies::settled(&self.types.signature(function).output) {
            Ty::Adt(id, _) => {
                self.types.declared_fields(*id).iter().flat_map(|list| list.iter()).any(is_transaction)
            }
            ty => is_transaction(ty),
        }
    }

    /// Whether a function begins a transaction or takes a lock of the database, itself or in what it calls. A lock of the process
    /// keeps out nobody from another one.
    pub(super) fn takes_a_lock(&self, function: FnId, depth: u32) -> bool {
        let Some(body) = self.any_body(function) else { return false };
        body.calls.iter().any(|call| self.call_takes_a_lock(function, body, call, depth))
    }

    /// Whether a function does so before the last call that leads somewhere, or around a function that it hands over. What it does
    /// afterwards protects nothing there.
    fn takes_a_lock_before(&self, function: FnId, leads_there: &impl Fn(&Call<'_>) -> bool) -> bool {
        let Some(body) = self.any_body(function) else { return false };
        calls_before_or_around(body, leads_there)
            .any(|call| self.call_takes_a_lock(function, body, call, DEPTH))
    }

    fn call_takes_a_lock(&self, function: FnId, body: &LinkedBody<'_>, call: &Call<'_>, depth: u32) -> bool {
        let keeps = |effect: &SqlEffect| effect.keeps_out_others() || *effect == SqlEffect::LocksRows;
        let in_text = || call.sql().iter().any(keeps);
        let in_callee = || match &call.target {
            Target::Local { targets, .. } if depth > 0 => targets.iter().any(|target| {
                // What is handed over may run before the lock is given back.
                *target != function
                    && self.takes_a_lock(*target, depth - 1)
                    && (is_handed_code(call) || !self.gives_it_back(*target))
            }),
            _ => false,
        };
        begins_transaction(call) || locks_database(body, call) || in_text() || in_callee()
    }

    /// Whether what a function takes is over when it returns: it unlocks as well.
    fn gives_it_back(&self, function: FnId) -> bool {
        let Some(body) = self.any_body(function) else { return false };
        // Whoever leaves with an error gives it back before.
        let leaves =
            |call: &Call<'_>| body.arms(call.context).any(|(branch, arm, _)| body.leaves(branch, arm));
        body.calls
            .iter()
            .filter(|call| !leaves(call))
            .any(|call| call.sql().iter().any(|effect| matches!(effect, SqlEffect::Unlocks(_))))
    }
}

/// Whether a call runs statements that do not stand where it is made, or is one of a function that was handed over.
pub(super) fn runs_what_is_written_elsewhere(call: &Call<'_>) -> bool {
    let is_handed_over = matches!(&call.target, Target::Unknown(name) if !name.contains("::"));
    is_handed_over && call.receiver.is_none() || runs_statements(call) && !has_statement(call)
}

/// Whether a statement stands in the arguments of a call.
fn has_statement(call: &Call<'_>) -> bool {
    call.args.iter().any(|argument| !argument.value.texts().is_empty() || argument.value.wording().is_some())
}

/// Whether a call is named like one that runs statements.
fn runs_statements(call: &Call<'_>) -> bool {
    matches!(
        call.name_of_callee(),
        Some("execute" | "execute_batch" | "batch_execute" | "raw_sql" | "query" | "simple_query")
    )
}

/// The calls of a body up to the last one that leads somewhere, and those that are given code, which may be what leads there.
pub(super) fn calls_before_or_around<'b, 'a>(
    body: &'b LinkedBody<'a>,
    leads_there: &impl Fn(&Call<'_>) -> bool,
) -> impl Iterator<Item = &'b Call<'a>> {
    let until = body.calls.iter().rposition(leads_there).map_or(0, |index| index + 1);
    let counts = move |(index, call): &(usize, &Call<'_>)| *index < until || is_handed_code(call);
    body.calls.iter().enumerate().filter(counts).map(|(_, call)| call)
}

/// Whether a call is given code to run.
pub(super) fn is_handed_code(call: &Call<'_>) -> bool {
    let mut handed = call.args.iter().map(|argument| &argument.value);
    handed.any(|value| matches!(value, Value::Block(_) | Value::Function(_)))
}

/// Whether one ledger is asked and written.
fn is_whole(uses: &[LedgerUse]) -> bool {
    uses.iter()
        .any(|asks| !asks.writes && uses.iter().any(|other| other.writes && other.ledger == asks.ledger))
}
