//! Room 5, *program*: what becomes of the failure of an initialization on its way to `main`.

use super::bodies::{Argument, Call, CallId, ContextId, ContextKind, EventKind, Failure, LinkedBody, Target};
use super::entries::Entry;
use super::gates::changes;
use super::items::FnId;
use super::lost_migrations::is_migrator;
use super::sql::SqlEffect;
use super::summaries::{Effect, EffectKind, Step};
use super::types::{Ty, Types, is_result};
use super::values::Value;
use super::{Program, bodies, initializes, reach};
use crate::catalog::{CallRole, Wrap};
use crate::location::Span;

/// An initialization whose failure nobody hears of, in a process that serves afterwards.
#[derive(Debug)]
pub struct Swallowed<'p> {
    /// The initialization.
    pub effect: &'p Effect,
    /// The server that answers afterwards.
    pub serve: &'p Effect,
    /// The function in which the failure ends.
    pub function: FnId,
    /// The call whose failure it is there.
    pub call: Span,
    /// How it ends.
    pub end: End,
    /// Whether the service can do its work without it (an index, an extension, something that is dropped), or the failing branch calls
    /// something of the application's own, which may tell somebody.
    pub minor: bool,
}

/// How a failure ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The result is dropped.
    Dropped,
    /// A branch looks at it, and goes on.
    GoesOn,
}

/// What a function does with the failure of a call.
pub(super) enum Outcome {
    /// It hands it on.
    HandsOn,
    /// It ends, retries, or does something else instead.
    Handles,
    Ends(End),
}

impl Program<'_> {
    /// The initializations of a binary, in line before it serves, whose failure does not keep it from serving. Linear in
    /// effects and the calls on their ways.
    pub fn swallowed(&self, entry: &Entry) -> Vec<Swallowed<'_>> {
        let effects = self.effects(entry.main);
        let mut found: Vec<Swallowed<'_>> = Vec::new();
        for (at, effect) in effects.iter().enumerate() {
            let initializes = initializes(effect) && self.is_of_database(effect);
            if !effect.is_in_line()
                || !initializes
                || effect.looped
                || !effect.certain
                || self.is_optional(effect)
                || self.only_takes_away(effect)
            {
                continue;
            }
            let serves = |other: &&Effect| {
                other.kind == EffectKind::Serve && other.certain && !self.exclusive(effect, other)
            };
            let Some(serve) = effects[at..].iter().find(serves) else { continue };
            let Some((function, call, end)) = self.ends_at(effect, serve) else { continue };
            let span = self.call(function, call).span;
            // Where success gives a handle, failure gives another one, or none: whoever uses it was told.
            let given = bodies::settled(&self.call(function, call).result);
            let told = end == End::GoesOn
                && match effect.kind {
                    EffectKind::Migrate => {
                        self.is_missed(effect)
                            || self.types.contains_handle(given) && self.is_used(function, call)
                    }
                    _ => *given != Ty::unit() || self.readers_look(effect),
                };
            // What fails where it ran before may be meant to: the column, or the collection, is there.
            let expected = function == effect.site.0 && self.may_be_meant_to_fail(effect);
            let is_known = found.iter().any(|known| known.function == function && known.call == span);
            let again = |other: &Effect| {
                self.runs_again(effect, other)
                    && self.are_about_one_database(entry, effect, other)
                    && self.ends_at(other, serve).is_none()
            };
            let before = effects[at + 1..].iter().take_while(|other| !std::ptr::eq(*other, serve));
            let is_made_good = || before.clone().any(again) || self.is_checked(effect, function);
            if !told && !expected && !is_known && !is_made_good() {
                let told = self.body(function).is_some_and(|body| may_tell(body, call));
                let minor = self.is_minor(effect) || told || self.is_missed_by_the_start(effect, function);
                found.push(Swallowed { effect, serve, function, call: span, end, minor });
            }
        }
        found
    }

    /// Whether a later effect is the same schema change, tried once more.
    pub(super) fn runs_again(&self, effect: &Effect, other: &Effect) -> bool {
        effect.kind == EffectKind::Migrate
            && other.kind == EffectKind::Migrate
            && other.site == effect.site
            && other.is_in_line()
            && other.certain
    }

    /// Whether the start asks by hand what the migrator wrote down, after the failure ended in a function, and cannot do without an answer.
    pub(super) fn is_checked(&self, effect: &Effect, ended_in: FnId) -> bool {
        let asks = |call: &Call<'_>| call.sql().iter().any(|sql| matches!(sql, SqlEffect::AsksLedger(_)));
        self.asks_later(effect, ended_in, asks, is_heard_of)
    }

    /// Whether the start asks for rows after a migrator failed, and does not go on where that fails: who needs what is missing hears of it.
    fn is_missed_by_the_start(&self, effect: &Effect, ended_in: FnId) -> bool {
        let asks = |call: &Call<'_>| {
            let mut texts = call.args.iter().flat_map(|argument| argument.value.texts());
            call.sql().iter().any(|sql| matches!(sql, SqlEffect::AsksCatalogue(_)))
                || texts.any(|text| speaks_of_rows(&text))
        };
        let is_heard = |body: &LinkedBody<'_>, id: CallId| is_heard_of(body, id) || body.hands_back(id);
        is_migrator(self.call(effect.site.0, effect.site.1))
            && self.asks_later(effect, ended_in, asks, is_heard)
    }

    /// Whether a call that asks something follows the one that leads to an effect, itself or in what it calls, and its failure is heard of: in
    /// the function where the effect's failure ended, or in one that comes to that.
    fn asks_later(
        &self,
        effect: &Effect,
        ended_in: FnId,
        asks: impl Fn(&Call<'_>) -> bool,
        is_heard: impl Fn(&LinkedBody<'_>, CallId) -> bool,
    ) -> bool {
        let is_there = |step: &Step| matches!(step, Step::Call(function, _) if *function == ended_in);
        let until = effect.steps.iter().position(is_there).map_or(0, |at| at + 1);
        let asks_in = |body: &LinkedBody<'_>, id: CallId| {
            let call = body.call(id);
            let mut inner = call.local_targets().iter().filter_map(|target| self.any_body(*target));
            asks(call) && is_heard(body, self.run_by(body, id))
                || is_heard(body, id) && inner.any(|inner| inner.calls.iter().any(&asks))
        };
        effect.kind == EffectKind::Migrate
            && effect.steps[..until].iter().any(|step| {
                let Step::Call(function, failed) = *step else { return false };
                self.body(function).is_some_and(|body| {
                    let mut later = (failed.0 + 1..body.calls.len() as u32).map(CallId);
                    later.any(|id| asks_in(body, id))
                })
            })
    }

    /// Whether a schema change fails where it ran before: whoever drops its failure may count on that.
    fn may_be_meant_to_fail(&self, effect: &Effect) -> bool {
        let call = self.call(effect.site.0, effect.site.1);
        let fails =
            |effect: &SqlEffect| matches!(effect, SqlEffect::Change { fails_when_repeated: true, .. });
        makes_one_thing(call) || call.sql().iter().any(fails)
    }

    /// Whether something is done with what a call gives.
    pub(super) fn is_used(&self, function: FnId, given: CallId) -> bool {
        let Some(body) = self.body(function) else { return false };
        let mut values = body.calls.iter().flat_map(|call| call.inputs()).map(|argument| &argument.value);
        values.any(|value| *value.root() == Value::Call(given))
    }

    /// Whether a schema change only makes queries faster, or stops doing so. A unique index does more than that.
    fn only_tunes(&self, effect: &Effect) -> bool {
        self.changes_only(effect, &["CREATE INDEX", "ALTER INDEX", "DROP INDEX"])
    }

    /// Whether a schema change makes nothing that somebody could miss: it tunes, or takes away, as a process does when it ends.
    pub fn prepares_nothing(&self, effect: &Effect) -> bool {
        self.only_tunes(effect) || self.only_takes_away(effect)
    }

    fn only_takes_away(&self, effect: &Effect) -> bool {
        self.changes_only(effect, &["DROP "])
    }

    /// Whether a schema change only makes queries faster, asks for what somebody with more rights may have installed, or concerns what
    /// nobody uses afterwards. A unique index does more than that.
    pub(super) fn is_minor(&self, effect: &Effect) -> bool {
        self.changes_only(
            effect,
            &["CREATE INDEX", "CREATE EXTENSION", "CREATE TEMP", "ALTER INDEX", "DROP "],
        )
    }

    /// Whether the statements of a schema change are known, and all begin with one of these words.
    fn changes_only(&self, effect: &Effect, beginnings: &[&str]) -> bool {
        let effects = self.call(effect.site.0, effect.site.1).sql();
        let changes = effects.iter().filter_map(|effect| match effect {
            SqlEffect::Change { statement, .. } => Some(statement),
            _ => None,
        });
        let mut changes = changes.peekable();
        let is_one = |statement: &String| beginnings.iter().any(|beginning| statement.starts_with(beginning));
        effect.kind == EffectKind::Migrate && changes.peek().is_some() && changes.all(is_one)
    }

    fn ends_at(&self, effect: &Effect, serve: &Effect) -> Option<(FnId, CallId, End)> {
        for step in effect.steps.iter().rev() {
            let Step::Call(function, call) = *step else { return None };
            let body = self.body(function)?;
            let run = self.run_by(body, call);
            let call = body.task_that_gives(run).unwrap_or(run);
            let served_from = serve.steps.iter().find_map(|step| match step {
                Step::Call(other, call) if *other == function => Some(*call),
                _ => None,
            });
            // What serves is in what failed: it is not reached.
            if served_from.is_some_and(|served| [run, call].contains(&self.run_by(body, served))) {
                return None;
            }
            match self.outcome_of(function, body, call, served_from) {
                Outcome::HandsOn => {}
                Outcome::Handles => return None,
                Outcome::Ends(end) => return Some((function, call, end)),
            }
        }
        None
    }

    /// `query("CREATE …").bind(name).execute(&pool)`: the text stands at the beginning of the chain that runs it, on a handle.
    pub(super) fn run_by(&self, body: &LinkedBody<'_>, text: CallId) -> CallId {
        let on_handle =
            |id: &CallId| body.call(*id).inputs().any(|input| reach::is_handle(self.types, &input.ty));
        let may_fail = || body.chain_from(text).filter(|id| self.may_fail(&body.call(*id).target));
        may_fail().find(on_handle).or_else(|| may_fail().next()).unwrap_or(text)
    }

    pub(super) fn outcome_of(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        id: CallId,
        served_from: Option<CallId>,
    ) -> Outcome {
        let call = body.call(id);
        let outcome = call.outcome;
        if outcome.propagated {
            return Outcome::HandsOn;
        }
        if outcome.unwrapped || !self.may_fail(&call.target) {
            return Outcome::Handles;
        }
        let taken_by = |names: &[&str], other: &Call<'_>| {
            let takes = other.receiver.as_ref().is_some_and(|receiver| receiver.value == Value::Call(id));
            takes && other.name_of_callee().is_some_and(|name| names.contains(&name))
        };
        let dropped_as_option =
            body.calls.iter().any(|other| taken_by(&["ok"], other) && other.outcome.discarded);
        // A closure that runs on failure may end the process, or make up for it.
        let mut instead = body
            .calls
            .iter()
            .filter(|other| taken_by(&["unwrap_or_else", "or_else", "map_or_else", "unwrap_or"], other))
            .peekable();
        if instead.peek().is_some() {
            let goes_on = *bodies::settled(&call.result) == Ty::unit()
                && instead.all(|other| {
                    taken_by(&["unwrap_or_else"], other) && self.only_notes(function, body, other)
                });
            return if goes_on { Outcome::Ends(End::GoesOn) } else { Outcome::Handles };
        }
        if body.hands_back(id) {
            return Outcome::HandsOn;
        }
        // What `ok()` makes of it is an answer where somebody keeps that.
        if (outcome.discarded && !outcome.bound) || dropped_as_option {
            return Outcome::Ends(End::Dropped);
        }
        // A loop that looks at it tries again, unless each round has a statement of its own.
        if body.in_loop(call.context) && !runs_another(call) {
            return Outcome::Handles;
        }
        let failures = body.failures();
        let mut looked =
            failures.iter().filter(|failure| failure.call == id && !failure.if_ok.is_empty()).peekable();
        if looked.peek().is_none() {
            return Outcome::Handles;
        }
        // Who serves only if it succeeded needs no other way out.
        let serves_in = |failure: &Failure| {
            served_from.is_some_and(|served| {
                body.is_in_arms(body.call(served).context, failure.branch, &failure.if_ok)
            })
        };
        if looked.all(|failure| !serves_in(failure) && self.goes_on(function, body, failure)) {
            Outcome::Ends(End::GoesOn)
        } else {
            Outcome::Handles
        }
    }

    /// Whether the closure that a call is given calls nothing of the workspace, opens nothing, hands nothing to what is around it, and
    /// comes to its end: it can only write down what happened.
    fn only_notes(&self, function: FnId, body: &LinkedBody<'_>, call: &Call<'_>) -> bool {
        body.closures_of(call).all(|block| {
            let inside = |context| context == block.context;
            let is_from_around = |value: &Value| match value.root() {
                Value::Call(made) => !inside(body.call(*made).context),
                Value::Param(_) | Value::Receiver | Value::Static(_) => true,
                _ => false,
            };
            let does = |call: &Call<'_>| {
                !matches!(call.target, Target::Library(_) | Target::External(_))
                    || call.inputs().any(|input| is_from_around(&input.value))
            };
            let mut calls = body.calls.iter().filter(|call| inside(call.context));
            block.events.iter().all(|event| matches!(event.kind, EventKind::Call { .. }))
                && !block.diverges
                && !calls.any(|call| does(call) || exits(call))
                && !self.effects(function).iter().any(|effect| inside(effect.context))
        })
    }

    /// Whether the caller of the function cannot tell that the failing arm was taken.
    fn goes_on(&self, function: FnId, body: &LinkedBody<'_>, failure: &Failure) -> bool {
        let inside = |context| body.is_on_failure(context, failure);
        // Another handle, another try: somebody thought of it.
        let instead = self.effects(function).iter().any(|effect| inside(effect.context));
        let tries_again = body
            .contexts
            .iter()
            .enumerate()
            .any(|(index, context)| context.kind.is_loop() && inside(bodies::ContextId(index as u32)));
        let exits = body.calls.iter().any(|call| inside(call.context) && exits(call));
        let events = || body.all_events();
        // Whoever leaves on success has the rest of the function for the failure.
        let rest_is_failure = failure.if_ok.iter().all(|arm| body.leaves(failure.branch, *arm));
        let tells_apart = body.tells_apart(failure);
        if rest_is_failure || instead || tries_again || exits || tells_apart || failure.arms.is_empty() {
            return false;
        }
        let leaves = failure.arms.iter().any(|arm| body.leaves(failure.branch, *arm));
        let mut returned = events().filter_map(|event| match &event.kind {
            EventKind::Return(value) if inside(event.context) => Some(value),
            _ => None,
        });
        match leaves {
            // The end of `main` is the end of the process; a panic or `continue` is something else again.
            true => {
                !self.mains.contains(&function)
                    && (returned.any(|value| !body.is_failure(value) && !self.tells(function))
                        || self.stops_quietly(function, body, failure))
            }
            // Where both arms give something, that is what tells.
            false => {
                let calls_own = |call: &Call<'_>| {
                    matches!(call.target, Target::Local { .. })
                        && body.is_in_arms(call.context, failure.branch, &failure.if_ok)
                };
                let by_result = self.tells(function)
                    && failure.if_ok.iter().all(|arm| is_written(body, failure.branch, *arm))
                    && (!body.forgotten_branches.contains(&failure.branch)
                        || body.calls.iter().any(calls_own));
                !by_result
                    && !body.telling_branches.contains(&failure.branch)
                    && !hands_out(self.types, body, failure)
            }
        }
    }

    /// Whether the failing arm leaves a loop and keeps nothing of the failure, and nothing behind the loop can say that it was left early.
    fn stops_quietly(&self, function: FnId, body: &LinkedBody<'_>, failure: &Failure) -> bool {
        let inside = |context| body.is_on_failure(context, failure);
        // Contexts have the order in which they are met.
        let from = body.call(failure.call).context;
        let behind = |context: ContextId| context > from && !body.in_loop(context);
        let breaks =
            body.all_events().any(|event| matches!(event.kind, EventKind::Break) && inside(event.context));
        let keeps =
            body.all_events().any(|event| matches!(event.kind, EventKind::Write(_)) && inside(event.context))
                || body.calls.iter().any(|call| inside(call.context) && !call.args.is_empty());
        let leaves = (0..body.contexts.len()).any(|index| {
            let arm = &body.contexts[index].kind;
            matches!(arm, ContextKind::Arm { diverges: true, .. }) && behind(ContextId(index as u32))
        });
        let ends = body.calls.iter().any(|call| !body.in_loop(call.context) && exits(call));
        let may_give_error = match &body.result {
            Value::Call(given) => body.call(*given).name_of_callee() != Some("Ok"),
            given => given.is_failure(),
        };
        breaks && !keeps && !leaves && !ends && !may_give_error && !self.tells(function)
    }

    /// Whether what the function gives back can say that something is missing, other than by an error.
    fn tells(&self, function: FnId) -> bool {
        *bodies::settled(&self.types.signature(function).output) != Ty::unit()
    }

    fn may_fail(&self, target: &Target<'_>) -> bool {
        match target {
            Target::Library(facts) => {
                facts.wrap == Some(Wrap::Result)
                    || matches!(facts.role, CallRole::Migrate | CallRole::Spawn | CallRole::SpawnBlocking)
            }
            Target::Local { targets, .. } => {
                targets.iter().all(|target| is_result(self.types.signature(*target).output.awaited()))
            }
            // SQL that is handed to something that the catalog does not describe.
            Target::External(_) | Target::Unknown(_) => true,
            Target::Block(_) => false,
        }
    }
}

/// Whether a call is given an element of a list: in a loop each round runs another one.
pub(super) fn runs_another(call: &Call<'_>) -> bool {
    call.args.iter().any(|argument| matches!(argument.value, Value::Element(_)))
}

/// Whether a function of the workspace is called where a call failed.
pub(super) fn may_tell(body: &LinkedBody<'_>, failed: CallId) -> bool {
    let failures = body.failures();
    let mut own = failures.iter().filter(|failure| failure.call == failed);
    own.any(|failure| {
        let mut inside = body.calls.iter().filter(|call| body.is_on_failure(call.context, failure));
        inside.any(|call| matches!(call.target, Target::Local { .. }))
    })
}

/// Whether a text is a statement about the rows of a table.
fn speaks_of_rows(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    match first.as_str() {
        "insert" | "update" | "delete" => true,
        "select" | "with" => words.any(|word| word == "from"),
        _ => false,
    }
}

/// Whether the failure of a call is handed on, or ends the process.
fn is_heard_of(body: &LinkedBody<'_>, id: CallId) -> bool {
    let outcome = body.call(id).outcome;
    outcome.propagated || outcome.unwrapped
}

/// Whether a call never returns, or makes an error.
fn exits(call: &Call<'_>) -> bool {
    call.ends_the_process() || bodies::fails(call)
}

/// Whether a call of a library makes one thing, and fails where that is there.
pub(super) fn makes_one_thing(call: &Call<'_>) -> bool {
    matches!(call.target, Target::Library(facts) if facts.fails_when_repeated)
}

/// Whether an arm of a branch that looks at a failure hands something to what follows: it writes a place, or calls something with a value
/// that is used afterwards, or that others have. A handle tells nothing, unless it is closed.
fn hands_out(types: &Types<'_>, body: &LinkedBody<'_>, failure: &Failure) -> bool {
    let inside = |context| {
        body.is_in_arms(context, failure.branch, &failure.if_ok) || body.is_on_failure(context, failure)
    };
    let last = (0..).zip(&body.calls).filter(|(_, call)| inside(call.context)).map(|(index, _)| index).last();
    let later = &body.calls[last.map_or(body.calls.len(), |last: usize| last + 1)..];
    let is_used_later = |root: &Value| {
        body.result.contains(root)
            || later.iter().flat_map(|call| call.inputs()).any(|input| input.value.contains(root))
    };
    let tells = |input: &Argument| {
        let root = input.value.root();
        let is_shared = matches!(root, Value::Param(_) | Value::Receiver | Value::Static(_));
        let is_own =
            matches!(root, Value::Call(made) if *made == failure.call || inside(body.call(*made).context));
        // What is behind a lock, or a flag, is there to be seen by others.
        let is_seen = types.pointees(input.ty.clone()).any(|ty| types.type_facts(&ty).is_some_and(changes));
        !reach::is_handle(types, &input.ty)
            && !is_own
            && (is_seen || is_shared || matches!(root, Value::Call(_)) && is_used_later(root))
    };
    body.all_events().any(|event| matches!(event.kind, EventKind::Write(_)) && inside(event.context))
        || body.calls.iter().any(|call| {
            inside(call.context)
                && (call.inputs().any(tells) || matches!(call.name_of_callee(), Some("close" | "close_sync")))
        })
}

/// Whether an arm of a branch has code.
fn is_written(body: &LinkedBody<'_>, wanted: u32, wanted_arm: u32) -> bool {
    body.contexts.iter().any(|context| {
        matches!(context.kind, ContextKind::Arm { branch, arm, .. } if branch == wanted && arm == wanted_arm)
    })
}
