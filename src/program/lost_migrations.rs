//! Room 5, *program*: schema changes whose failure nobody hears of.

use std::cell::LazyCell;

use super::Program;
use super::bodies::{self, Call, CallId, LinkedBody, Target, Time};
use super::inventory::Scope;
use super::items::FnId;
use super::summaries::{Effect, EffectKind, Step};
use super::swallowed::{End, Outcome, makes_one_thing, may_tell, runs_another};
use super::values::Value;
use crate::catalog::{CallRole, Catalog};
use crate::location::Span;

/// A schema change whose failure nobody hears of.
#[derive(Debug)]
pub struct LostMigration<'p> {
    /// The change.
    pub effect: &'p Effect,
    /// The function in which the failure ends.
    pub function: FnId,
    /// The call whose failure it is there.
    pub call: Span,
    /// How it ends.
    pub end: Lost,
    /// Whether a migrator makes the change, which knows what ran before.
    pub by_migrator: bool,
    /// Whether the failing branch calls something of the application's own, which may tell somebody.
    pub told: bool,
    /// Where the function records the change as applied, also when it failed.
    pub recorded: Option<Span>,
    /// Further statements of the function that end so.
    pub further: Vec<Span>,
}

impl LostMigration<'_> {
    /// Whether it is a statement that the function itself runs.
    fn is_statement(&self) -> bool {
        self.effect.steps.len() == 1 && !self.by_migrator
    }

    /// Whether it is told with this one: the same call, or statements of one function that end alike.
    fn covers(&self, other: &Self) -> bool {
        let is_alike = self.is_statement()
            && other.is_statement()
            && self.end == other.end
            && self.recorded.is_some() == other.recorded.is_some();
        self.function == other.function && (self.call == other.call || is_alike)
    }
}

/// How the failure of a schema change ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The result is dropped.
    Dropped,
    /// A branch looks at it, and goes on.
    GoesOn,
    /// A branch looks at it, and leaves out the rest of a list, of which the caller hears nothing.
    Stops,
    /// Whatever went wrong, the ledger is emptied: all migrations run again.
    Wiped(Span),
}

impl Program<'_> {
    /// The schema changes of production code whose failure ends in the function with the call, or in one around it,
    /// without anybody hearing of it. Each call once.
    pub fn lost_migrations(&self) -> Vec<LostMigration<'_>> {
        let mut found: Vec<LostMigration<'_>> = Vec::new();
        let records = LazyCell::new(|| self.ledger_writes());
        for (function, body) in self.linked() {
            // Who is dropped has nobody to hand a failure to.
            if self.scope(function) != Scope::Production || self.is_run_on_drop(function) {
                continue;
            }
            let recorded = |failed| records.get(&function).and_then(|all| recorded_after(body, failed, all));
            // What a task loses is the business of `detached-init`, what `main` loses of `swallowed-init-error`.
            let in_line =
                |effect: &&Effect| !effect.has_time(|time| matches!(time, Time::Task(_) | Time::Handler(_)));
            let own = self.effects(function).iter().filter(in_line);
            let own = own.filter(|effect| effect.kind == EffectKind::Migrate && effect.certain);
            for lost in own.filter_map(|effect| self.lost_migration(function, body, effect, recorded)) {
                match found.iter_mut().find(|known| known.covers(&lost)) {
                    Some(known) if known.call == lost.call || known.further.contains(&lost.call) => {}
                    Some(known) => known.further.push(lost.call),
                    None => found.push(lost),
                }
            }
        }
        found
    }

    /// A schema change that a function runs or has run, if its failure ends there. `recorded` finds what records a
    /// failed call as applied.
    fn lost_migration<'p>(
        &'p self,
        function: FnId,
        body: &LinkedBody<'_>,
        effect: &'p Effect,
        recorded: impl Fn(CallId) -> Option<CallId>,
    ) -> Option<LostMigration<'p>> {
        let Step::Call(_, first) = effect.steps[0] else { return None };
        let call = self.run_by(body, first);
        let end = self.loses(function, body, call)?;
        let site = self.call(effect.site.0, effect.site.1);
        let again = |other: &&Effect| {
            let Step::Call(_, run) = other.steps[0] else { return false };
            run > first
                && self.runs_again(effect, other)
                && matches!(self.outcome_of(function, body, self.run_by(body, run), None), Outcome::HandsOn)
        };
        if !matches!(end, Lost::Wiped(_))
            && (self.effects(function).iter().any(|other| again(&other)) || self.is_checked(effect, function))
        {
            return None;
        }
        // A single statement whose failure is looked at may be meant to fail; one of a list is a migration.
        let is_missed = match end {
            Lost::Dropped => !self.is_minor(effect),
            Lost::GoesOn => runs_another(body.call(call)) && !self.is_minor(effect),
            // How far the list came is what is recorded.
            Lost::Stops | Lost::Wiped(_) => false,
        };
        let record = if is_missed { recorded(call) } else { None };
        let lost = LostMigration {
            by_migrator: is_migrator(site),
            told: may_tell(body, call),
            effect,
            function,
            call: body.call(call).span,
            end,
            recorded: record.map(|record| body.call(record).span),
            further: Vec::new(),
        };
        if lost.is_statement() && makes_one_thing(site) && !matches!(end, Lost::Wiped(_)) {
            return None;
        }
        let counts = match effect.steps.len() {
            _ if lost.recorded.is_some() => true,
            1 => self.counts_for_itself(&lost),
            _ => {
                // Who goes on without the handle that the call gives was told that it is missing.
                let gives = self.types.contains_handle(bodies::settled(&body.call(call).result));
                let told = end == Lost::GoesOn && gives && self.is_used(function, call);
                !told && speaks_of_schema(&self.callee_name(body.call(first)))
            }
        };
        (counts && self.is_handed_on(effect)).then_some(lost)
    }

    /// How the failure of a schema change ends in a function, if nobody hears of it.
    fn loses(&self, function: FnId, body: &LinkedBody<'_>, call: CallId) -> Option<Lost> {
        if let Some(span) = wipes_ledger(self.types.catalog, body, call) {
            return Some(Lost::Wiped(span));
        }
        match self.outcome_of(function, body, call, None) {
            _ if self.mains.contains(&function) => None,
            Outcome::Ends(End::Dropped) => Some(Lost::Dropped),
            Outcome::Ends(End::GoesOn) if body.in_loop(body.call(call).context) && stops(body, call) => {
                Some(Lost::Stops)
            }
            Outcome::Ends(End::GoesOn) => Some(Lost::GoesOn),
            Outcome::HandsOn | Outcome::Handles => None,
        }
    }

    /// Whether what a function runs itself is more than a statement that may be meant to fail where it ran before: who
    /// looks at the failure knows, and a tool can be started again.
    fn counts_for_itself(&self, lost: &LostMigration<'_>) -> bool {
        match lost.end {
            _ if !lost.is_statement() => true,
            Lost::Dropped => !self.is_minor(lost.effect) && self.is_run_by_a_server(lost.function),
            Lost::GoesOn => false,
            Lost::Stops => !self.is_minor(lost.effect),
            Lost::Wiped(_) => true,
        }
    }

    /// Whether every function between a schema change and the one that the effect belongs to hands its failure on.
    fn is_handed_on(&self, effect: &Effect) -> bool {
        effect.steps[1..].iter().rev().all(|step| match *step {
            Step::Call(function, call) => self.body(function).is_some_and(|body| {
                let run = self.run_by(body, call);
                matches!(self.outcome_of(function, body, run, None), Outcome::HandsOn)
            }),
            Step::Static(..) => false,
        })
    }

    fn is_run_by_a_server(&self, function: FnId) -> bool {
        self.servers().any(|entry| self.reaches(entry.main, function))
    }
}

/// Whether the loop around a call is left where the call failed.
fn stops(body: &LinkedBody<'_>, failed: CallId) -> bool {
    let failures = body.failures();
    let mut own = failures.iter().filter(|failure| failure.call == failed);
    own.any(|failure| failure.arms.iter().any(|arm| body.leaves(failure.branch, *arm)))
}

/// The first of some calls that comes after another one whether or not that failed, and is not told how it went.
fn recorded_after(body: &LinkedBody<'_>, failed: CallId, records: &[CallId]) -> Option<CallId> {
    let context = body.call(failed).context;
    let around: Vec<(u32, u32)> = body.arms(context).map(|(branch, arm, _)| (branch, arm)).collect();
    let is_told = |record: &Call<'_>| {
        let asks = |call: &&Call<'_>| call.inputs().any(|input| input.value == Value::Call(failed));
        record.inputs().any(|input| input.value.contains(&Value::Call(failed)))
            || body.calls.iter().filter(asks).any(|call| record.span.encloses(call.span))
    };
    let comes = |record: &CallId| {
        let mut arms = body.arms(body.call(*record).context);
        let mut runners = body.runners_of(*record).map(|id| body.call(id));
        *record > failed
            && arms.all(|(branch, arm, _)| around.contains(&(branch, arm)))
            && !runners.any(is_told)
    };
    records.iter().copied().find(comes)
}

/// The call that empties a migrator's ledger where another call failed.
fn wipes_ledger(catalog: &Catalog, body: &LinkedBody<'_>, failed: CallId) -> Option<Span> {
    let failures = body.failures();
    let own = failures.iter().filter(|failure| failure.call == failed);
    let inside = |call: &Call<'_>| own.clone().any(|failure| body.is_on_failure(call.context, failure));
    let wipes = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let empties = ["delete from", "drop table", "truncate"].iter().any(|verb| lower.contains(verb));
        let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        empties && words.any(|word| catalog.ledgers().any(|ledger| ledger.eq_ignore_ascii_case(word)))
    };
    let wiping = body.calls.iter().find(|call| {
        inside(call)
            && call.args.iter().any(|argument| matches!(&argument.value, Value::Text(text) if wipes(text)))
    });
    wiping.map(|call| call.span)
}

/// Whether a call runs a migrator, which knows what ran before.
pub(super) fn is_migrator(call: &Call<'_>) -> bool {
    matches!(call.target, Target::Library(facts) if facts.role == CallRole::Migrate)
}

/// Whether a function is for the schema, by its name. That of its type says what else is done there, unless it speaks of nothing
/// but schemas.
fn speaks_of_schema(name: &str) -> bool {
    const CLEAR: [&str; 2] = ["migrat", "schema"];
    const BY_ITSELF: [&str; 6] = ["table", "setup", "prepare", "initial", "bootstrap", "column"];
    let name = name.to_lowercase();
    let own = name.rsplit("::").next().unwrap_or_default();
    CLEAR.iter().any(|word| name.contains(word)) || BY_ITSELF.iter().any(|word| own.contains(word))
}
