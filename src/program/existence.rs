//! Room 5, *program*: tests whether a database file or a table exists, and what creates it where it does not. The test
//! and the creation are two steps, and the file or table belongs to everybody.

use std::cell::OnceCell;

use super::bodies::{CallId, EventKind, LinkedBody, Target, settled};
use super::items::FnId;
use super::sql::{SqlEffect, only_creates_what_is_missing};
use super::summaries::{Effect, EffectKind, Step};
use super::terms::{address_of, substitute};
use super::transactions::{in_transaction, locks_database};
use super::types::Ty;
use super::values::Value;
use super::{Program, flow};
use crate::catalog::{CallRole, UNKNOWN_DRIVER, driver_facts};
use crate::location::{Location, Span};

/// A test of existence that decides whether something is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistenceGap {
    /// What is tested.
    pub subject: Subject,
    /// The test.
    pub test: Span,
    /// What creates it.
    pub creation: Location,
    /// What the creation does (`CREATE TABLE ORDERS`, `fs::write`).
    pub creates: String,
    /// Where the file is opened as a database, for files that are written.
    pub opened: Option<Location>,
    /// Whether the file is made by writing it bit by bit rather than by opening it.
    pub written: bool,
}

/// What is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A file that is opened as a database.
    File,
    /// Something that a table of the database's own catalogue lists.
    Table(&'static str),
}

impl Subject {
    /// Whether only processes on one machine can reach it.
    pub fn is_embedded(&self) -> bool {
        match self {
            Self::File => true,
            Self::Table(catalogue) => catalogue.starts_with("sqlite") || catalogue.starts_with("pragma"),
        }
    }
}

/// A tested value that says whether something exists.
struct Existence {
    subject: Subject,
    /// The file's path, over the parameters.
    path: Value,
    test: flow::Test,
}

impl Program<'_> {
    /// The existence tests of a function that decide whether something is created, in order, without those that hold a
    /// lock of the process or of the database, a lock file, or a transaction, over both steps.
    pub fn existence_gaps(&self, id: FnId) -> Vec<ExistenceGap> {
        let Some(body) = self.body(id) else { return Vec::new() };
        let events = body.all_events();
        let mut gaps: Vec<ExistenceGap> = Vec::new();
        for event in events {
            let EventKind::Branch(branching) = &event.kind else { continue };
            for atom in &branching.atoms {
                let Some((call, present_when)) = body.asked(&atom.value) else { continue };
                let Some((subject, path)) = self.subject_of(id, body, call) else { continue };
                let test = flow::Test::of_existence(branching, atom, present_when, body.call(call).span);
                let at = test.span;
                let gap = self.gap(id, body, &Existence { subject, path, test });
                let gap = gap.filter(|gap| !gaps.contains(gap));
                gaps.extend(gap.filter(|_| !self.is_under_file_lock(id, body, event.context, at)));
            }
        }
        gaps
    }

    /// What the call asks for the existence of.
    fn subject_of(&self, id: FnId, body: &LinkedBody<'_>, call: CallId) -> Option<(Subject, Value)> {
        if let Target::Library(facts) = body.call(call).target
            && facts.role == CallRole::FileCheck
        {
            let asked = body.call(call);
            let path = asked.receiver.as_ref().or(asked.args.first())?;
            return Some((Subject::File, self.close(id, &path.value)));
        }
        // A helper that says whether something is listed.
        if let Target::Local { targets, dispatched: false } = &body.call(call).target {
            let catalogue = targets.first().and_then(|helper| self.catalogue_asked_by(*helper))?;
            return Some((Subject::Table(catalogue), Value::Unknown));
        }
        body.chain(call).flat_map(|link| body.with_arguments(link)).find_map(|link| {
            let mut catalogues = body.call(link).sql().iter().filter_map(|effect| match effect {
                SqlEffect::AsksCatalogue(catalogue) => Some(*catalogue),
                _ => None,
            });
            Some((Subject::Table(catalogues.next()?), Value::Unknown))
        })
    }

    /// The catalogue that a function asks which gives `true` or `false`.
    pub(super) fn catalogue_asked_by(&self, id: FnId) -> Option<&'static str> {
        let is_verdict =
            matches!(settled(&self.types.signature(id).output), Ty::External(path, _) if path == "bool");
        let uses_handle = self.sketches[id.index()].as_ref().is_some_and(|sketch| sketch.uses_handle);
        if !is_verdict || !uses_handle {
            return None;
        }
        let body = self.any_body(id)?;
        body.calls.iter().flat_map(|call| call.sql().iter()).find_map(|effect| match effect {
            SqlEffect::AsksCatalogue(catalogue) => Some(*catalogue),
            _ => None,
        })
    }

    fn gap(&self, id: FnId, body: &LinkedBody<'_>, existence: &Existence) -> Option<ExistenceGap> {
        let Existence { subject, path, test } = existence;
        let first_lock = OnceCell::new();
        let locked_before = |call: CallId| {
            let first = || body.calls.iter().position(|earlier| locks_database(body, earlier));
            first_lock.get_or_init(first).is_some_and(|first| first < call.0 as usize)
        };
        let decided = |call: CallId| {
            let made = body.call(call);
            let guarded = test.guards.iter().any(|guard| made.guards.contains(guard));
            flow::controls(body, test, made.context) && !guarded && !locked_before(call)
        };
        let gap = |creation: Location, creates: String, written: bool, opened: Option<Location>| {
            ExistenceGap { subject: subject.clone(), test: test.span, creation, creates, opened, written }
        };
        for effect in self.effects(id).iter().filter(|effect| effect.kind == EffectKind::Migrate) {
            let Step::Call(_, call) = effect.steps[0] else { continue };
            let Some(statement) = self.fails_when_repeated(effect).filter(|_| decided(call)) else {
                continue;
            };
            let opened = self.opened_at(self.effects(id), path);
            if *subject == Subject::File && opened.is_none() {
                continue;
            }
            let site = self.location(effect.site.0, self.call(effect.site.0, effect.site.1).span);
            return Some(gap(site, statement, false, opened));
        }
        if *subject != Subject::File {
            return body.calls.iter().enumerate().find_map(|(index, call)| {
                let made = CallId(index as u32);
                let statement = call.worded_change().filter(|_| decided(made))?;
                let mut steps = [made, self.run_by(body, made)].into_iter();
                (!steps.any(|step| in_transaction(body, body.call(step))))
                    .then(|| gap(self.location(id, call.span), statement, false, None))
            });
        }
        body.calls.iter().enumerate().find_map(|(index, call)| {
            let Target::Library(facts) = call.target else { return None };
            let created = address_of(call).filter(|_| facts.role == CallRole::FileCreate)?;
            if !decided(CallId(index as u32)) || self.close(id, &created.value) != *path {
                return None;
            }
            let opened =
                self.opened_at(self.effects(id), path).or_else(|| self.opened_by_caller(id, path))?;
            Some(gap(self.location(id, call.span), self.callee_name(call), true, Some(opened)))
        })
    }

    /// What a schema change outside a transaction would fail with when somebody else has done it, and nobody tells that failure from
    /// others.
    pub(super) fn fails_when_repeated(&self, effect: &Effect) -> Option<String> {
        let (function, call) = effect.site;
        let body = self.any_body(function)?;
        let failing = body.call(call).sql().iter().find_map(|effect| match effect {
            SqlEffect::Change { statement, fails_when_repeated: true } => Some(statement.clone()),
            _ => None,
        })?;
        let run = self.run_by(body, call);
        let in_transaction = [call, run].into_iter().any(|call| in_transaction(body, body.call(call)));
        (!in_transaction && !body.tells_failures_apart(run)).then_some(failing)
    }

    /// Whether all that an effect does is to create what is missing, in a database inside the process. On a server two who do so at
    /// once may get in each other's way (PostgreSQL has unique indexes on its own catalogue).
    pub fn may_be_repeated(&self, effect: &Effect) -> bool {
        let Some(body) = self.any_body(effect.site.0) else { return false };
        let site = body.call(effect.site.1);
        let mut texts = site.args.iter().flat_map(|argument| argument.value.texts()).peekable();
        let mut drivers = body
            .runners_of(effect.site.1)
            .flat_map(|id| body.call(id).inputs())
            .filter_map(|input| self.driver_behind(&input.ty));
        effect.kind == EffectKind::Migrate
            && texts.peek().is_some()
            && texts.all(|text| only_creates_what_is_missing(&text))
            && drivers.all(|driver| driver == UNKNOWN_DRIVER || driver_facts(&driver).place.is_inside())
    }

    /// Where one of the effects opens a database in the file at a path.
    fn opened_at(&self, effects: &[Effect], path: &Value) -> Option<Location> {
        if *path == Value::Unknown {
            return None;
        }
        let opens = |effect: &&Effect| effect.creates_handle() && effect.address.contains(path);
        let effect = effects.iter().find(opens)?;
        Some(self.location(effect.site.0, self.call(effect.site.0, effect.site.1).span))
    }

    /// Where a caller of the function opens a database in the file at a path of the function.
    fn opened_by_caller(&self, id: FnId, path: &Value) -> Option<Location> {
        self.graph.callers[id.index()].iter().find_map(|caller| {
            let body = self.body(*caller)?;
            body.calls.iter().find_map(|call| {
                let leads_here = call.leads_to(id);
                if !leads_here {
                    return None;
                }
                let close = |value: &Value| self.close(*caller, value);
                let args: Vec<Value> = call.args.iter().map(|argument| close(&argument.value)).collect();
                let receiver = call.receiver.as_ref().map(|receiver| close(&receiver.value));
                self.opened_at(self.effects(*caller), &substitute(path, &args, receiver.as_ref()))
            })
        })
    }
}
