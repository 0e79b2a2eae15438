//! Room 5, *program*: what is known at one line of source, as plain data for a renderer.

use std::ops::RangeInclusive;

use super::Program;
use super::bodies::{self, Argument, Call, CallId, LinkedBody, Target, Time};
use super::items::FnId;
use super::readiness::RouteReadiness;
use super::summaries::EffectKind;
use super::types::Ty;
use super::values::Value;
use crate::finding::Hop;
use crate::location::{FileId, Location, Span};

/// A function around a line, and what it does there.
#[derive(Debug, Clone)]
pub struct FunctionAt {
    /// The function.
    pub id: FnId,
    /// Its full path.
    pub path: String,
    /// Where its name is declared.
    pub declared: Location,
    /// The lines from its name to the end of its body.
    pub lines: RangeInclusive<u32>,
    /// Where it runs (`production`, `test`, …).
    pub scope: &'static str,
    /// Whether it, or something it calls, does what rules look at; otherwise no more than its calls is known.
    pub relevant: bool,
    /// Whether it can run beside itself.
    pub concurrent: bool,
    /// Whether it, or something it calls, uses a database handle.
    pub needs_handle: bool,
    /// What a framework calls it for, if it is registered as a handler.
    pub handler: Option<String>,
    /// What is known of the readiness of that route.
    pub readiness: Option<RouteReadiness>,
    /// The shortest call path from an entry point, ending in the function; only itself where none is known.
    pub way: Vec<Hop>,
    /// The functions that call it, with where they are declared.
    pub callers: Vec<Hop>,
    /// The calls that touch the line.
    pub calls: Vec<CallAt>,
}

/// A call.
#[derive(Debug, Clone)]
pub struct CallAt {
    /// Extent of the whole call.
    pub span: Span,
    /// What is called, as far as it is known.
    pub leads_to: Vec<String>,
    /// How that is known.
    pub known: &'static str,
    /// Type of the receiver and where its value comes from.
    pub receiver: Option<(String, String)>,
    /// Types of the arguments and where their values come from.
    pub arguments: Vec<(String, String)>,
    /// Type of the result, awaited and unwrapped.
    pub result: String,
    /// When it runs, where that is not simply here.
    pub when: Option<&'static str>,
    /// The locks that are held.
    pub guards: usize,
    /// What the call does to databases and servers, one line each.
    pub effects: Vec<String>,
}

impl Program<'_> {
    /// The functions whose text covers a line, innermost first; several where a file belongs to several targets.
    pub fn functions_at(&self, file: FileId, line: u32) -> Vec<FunctionAt> {
        let items = self.types.items;
        let mut found: Vec<(u32, FnId)> = Vec::new();
        for (index, item) in items.functions.iter().enumerate() {
            let Some(body) = item.body.filter(|_| item.location.file == file) else { continue };
            let extent = body.expr(body.root).span;
            let first = item.location.span.line.min(extent.line);
            if (first..=extent.end_line).contains(&line) {
                found.push((extent.end_line - first, FnId(index as u32)));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(length, id)| self.function_at(id, line, length)).collect()
    }

    fn function_at(&self, id: FnId, line: u32, length: u32) -> FunctionAt {
        let declared = self.declaration(id);
        let first = declared.span.line;
        let handler = self.handler_at(declared);
        let body = self.any_body(id);
        let touches = |call: &&Call<'_>| (call.span.line..=call.span.end_line).contains(&line);
        let calls = body.map_or(Vec::new(), |body| {
            let calls = body.calls.iter().enumerate();
            let touching = calls.filter(|(_, call)| touches(call));
            touching.map(|(index, call)| self.call_at(id, body, CallId(index as u32), call)).collect()
        });
        let callers = self.graph.callers[id.index()].iter();
        FunctionAt {
            id,
            path: self.path_of(id),
            declared,
            lines: first..=first + length,
            scope: self.scope(id).name(),
            relevant: self.body(id).is_some(),
            concurrent: self.is_concurrent(id),
            needs_handle: self.needs_handle(id),
            readiness: self
                .routes()
                .iter()
                .find(|route| route.location == declared)
                .and_then(|route| self.readiness_of(route)),
            handler,
            way: self.way_to(id),
            callers: callers
                .map(|caller| Hop { label: self.path_of(*caller), location: self.declaration(*caller) })
                .collect(),
            calls,
        }
    }

    fn call_at(&self, id: FnId, body: &LinkedBody<'_>, at: CallId, call: &Call<'_>) -> CallAt {
        let (leads_to, known) = match &call.target {
            Target::Local { targets, dispatched } => {
                let paths = targets.iter().map(|target| self.path_of(*target)).collect();
                (
                    paths,
                    if *dispatched {
                        "one of several implementations"
                    } else {
                        "a function of the workspace"
                    },
                )
            }
            Target::Library(facts) if call.by_name => (vec![facts.path.clone()], "by its name alone"),
            Target::Library(facts) => (vec![facts.path.clone()], "a library, in the catalog"),
            Target::External(path) => (vec![path.to_string()], "a library, not in the catalog"),
            Target::Block(_) => (Vec::new(), "a closure of this function"),
            Target::Unknown(name) => (vec![name.to_string()], "not resolved"),
        };
        let argument = |argument: &Argument| {
            (self.type_in_words(&argument.ty), self.value_in_words(id, &argument.value))
        };
        let effects = self.effects(id).iter().filter(|effect| {
            matches!(effect.steps.first(), Some(super::summaries::Step::Call(function, first)) if *function == id && *first == at)
        });
        let effects = effects.map(|effect| match &effect.kind {
            EffectKind::Create { driver, ty, .. } => {
                let resource = self.identify(driver, &effect.address);
                format!("creates {ty} to {}", resource.id)
            }
            EffectKind::Migrate => "changes the schema".to_owned(),
            EffectKind::Serve => "serves".to_owned(),
            EffectKind::Accept => "takes one connection".to_owned(),
        });
        let mut effects: Vec<String> = effects.collect();
        effects.dedup();
        CallAt {
            span: call.span,
            leads_to,
            known,
            receiver: call.receiver.as_ref().map(argument),
            arguments: call.args.iter().map(argument).collect(),
            result: self.type_in_words(&call.result),
            when: time_of(body, at),
            guards: call.guards.len(),
            effects,
        }
    }

    fn type_in_words(&self, ty: &Ty) -> String {
        match ty {
            Ty::Unknown => "type not known".to_owned(),
            other => self.types.display(other),
        }
    }

    /// Where a value comes from, empty where that is not known.
    fn value_in_words(&self, id: FnId, value: &Value) -> String {
        let closed = match self.body(id) {
            Some(_) => self.close(id, value),
            None => value.clone(),
        };
        match self.describe(&closed) {
            unknown if unknown == "?" => String::new(),
            known => known,
        }
    }
}

/// When a call of a body runs, where that is not simply where it stands.
fn time_of(body: &LinkedBody<'_>, at: CallId) -> Option<&'static str> {
    let events = body.all_events();
    let time = events.into_iter().find_map(|event| match event.kind {
        bodies::EventKind::Call { call, time } if call == at => Some(time),
        _ => None,
    });
    match time {
        None => Some("never polled here"),
        Some(Time::Inline) => None,
        Some(Time::Parallel(_)) => Some("beside others, all awaited"),
        Some(Time::Task(_)) => Some("in a task of its own"),
        Some(Time::PerWorker(_)) => Some("once per worker"),
        Some(Time::PerConnection(_)) => Some("for every connection"),
        Some(Time::Once(_)) => Some("once for all callers"),
        Some(Time::FirstUse(_)) => Some("at the first use"),
        Some(Time::Handler(_)) => Some("when a request arrives"),
        Some(Time::Maybe(_)) => Some("perhaps, by a callee that is not known"),
    }
}
