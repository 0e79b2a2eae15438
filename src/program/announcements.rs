//! Room 5, *program*: where a service says that it is ready, and what it still has to do then.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::Program;
use super::bodies::{Event, EventKind, LinkedBody, Target, Time};
use super::inventory::Scope;
use super::items::FnId;
use super::summaries::{Effect, EffectKind, Step};
use super::terms::type_of;
use super::types::holds_many;
use super::values::Value;
use crate::catalog::CallRole;
use crate::location::Span;

/// An announcement that comes too early.
#[derive(Debug)]
pub struct EarlyAnnouncement<'p> {
    /// The function.
    pub function: FnId,
    /// The call or the write that announces.
    pub announces: Span,
    /// What is set, as its author names it; `None` for a health service.
    pub flag: Option<String>,
    /// Whether something that answers a probe asks for what is set: a flag that none asks for may be meant for something else.
    pub is_asked_for: bool,
    /// What is done only afterwards, or what failed.
    pub effect: &'p Effect,
    /// Whether it failed, rather than being still to come.
    pub failed: bool,
}

impl Program<'_> {
    /// The places of production code that announce readiness before a later step of the same function connects or migrates,
    /// or where such a step failed; in order.
    pub fn early_announcements(&self) -> Vec<EarlyAnnouncement<'_>> {
        let mut found = Vec::new();
        let asked_for = OnceCell::new();
        for (function, body) in self.linked() {
            if self.scope(function) != Scope::Production {
                continue;
            }
            let required: Vec<&Effect> =
                self.effects(function).iter().filter(|effect| self.is_required_to_be_ready(effect)).collect();
            if required.is_empty() {
                continue;
            }
            let mut own_routes = self.routes().iter().filter(|route| route.function == function);
            let answers = own_routes.any(|route| route.closure.is_none());
            for event in body.all_events() {
                let Some((announces, flag)) = self.announcement(function, body, event, answers) else {
                    continue;
                };
                let failed = required.iter().find(|effect| {
                    let Step::Call(_, call) = effect.steps[0] else { return false };
                    body.failures()
                        .iter()
                        .any(|failure| failure.call == call && body.is_on_failure(event.context, failure))
                });
                let later = || {
                    required.iter().filter(|effect| !self.is_asked_only_after(function, effect)).find(
                        |effect| {
                            let Step::Call(_, call) = effect.steps[0] else { return false };
                            let span = body.call(call).span;
                            (span.line, span.column) > (announces.end_line, announces.end_column)
                                && !body.exclusive(event.context, effect.context)
                                && body.times_around(effect.context).eq(body.times_around(event.context))
                        },
                    )
                };
                let Some(effect) = failed.or_else(later) else { continue };
                let is_asked_for = flag.as_ref().is_none_or(|flag| {
                    asked_for.get_or_init(|| self.asked_for_by_probes()).contains(last_name(flag))
                });
                if is_asked_for || !flag.as_deref().is_some_and(is_of_a_part) {
                    found.push(EarlyAnnouncement {
                        function,
                        announces,
                        flag,
                        is_asked_for,
                        effect,
                        failed: failed.is_some(),
                    });
                }
            }
        }
        found
    }

    /// The names of everything that stands on the way to the answer of a probe.
    fn asked_for_by_probes(&self) -> BTreeSet<String> {
        let probes = self.probes();
        let names = probes.iter().flat_map(|probe| self.examine(probe.route).names);
        names.map(|name| name.to_string()).collect()
    }

    /// Whether a function serves, and only after a step: nobody can ask before.
    fn is_asked_only_after(&self, function: FnId, step: &Effect) -> bool {
        let effects = self.effects(function);
        let position = |wanted: &Effect| effects.iter().position(|effect| std::ptr::eq(effect, wanted));
        let mut serves = effects.iter().filter(|effect| effect.kind == EffectKind::Serve).peekable();
        serves.peek().is_some() && serves.all(|serve| position(serve) > position(step))
    }

    /// Whether a service that has this still to do is not ready.
    fn is_required_to_be_ready(&self, effect: &Effect) -> bool {
        let opens_or_migrates = effect.kind == EffectKind::Migrate || effect.creates_handle();
        opens_or_migrates && self.needs_answer(effect) && !self.is_optional(effect)
    }

    /// Whether a flag of the service is raised: one in a list or a map says how one of many is.
    fn raises(&self, function: FnId, place: &Value, value: &Value) -> bool {
        let is_of_many = |part: &Value| match part {
            Value::Element(_) => true,
            Value::Field(around, _) => {
                type_of(self.types, function, around).is_some_and(|ty| holds_many(&ty))
            }
            _ => false,
        };
        *value == Value::Bool(true) && !place.any(is_of_many)
    }

    /// The extent of what announces readiness, with the flag that it sets; `answers` tells whether the function answers requests.
    fn announcement(
        &self,
        function: FnId,
        body: &LinkedBody<'_>,
        event: &Event,
        answers: bool,
    ) -> Option<(Span, Option<String>)> {
        // What a request says of a part of something is the state of what it was about.
        let is_of_service = |place: &Value| !(answers && matches!(place, Value::Field(..)));
        match &event.kind {
            EventKind::Write(write)
                if is_of_service(write.place.place())
                    && self.raises(function, write.place.place(), &write.value) =>
            {
                let name = self.describe_place(function, write.place.place());
                speaks_of_readiness(&name).then_some((write.span, Some(name)))
            }
            // When a task comes to it is not known.
            EventKind::Call { call, time } if !matches!(time, Time::Task(_)) => {
                let call = body.call(*call);
                match &call.target {
                    Target::Library(facts) => {
                        let says_so = facts.role == CallRole::HealthSet
                            && (facts.says_well
                                || call.args.iter().any(|argument| is_serving(&argument.value)));
                        says_so.then_some((call.span, None))
                    }
                    Target::Local { targets, dispatched: false } => {
                        let writes = targets.iter().flat_map(|target| {
                            self.place_writes(*target).iter().map(move |write| (*target, write))
                        });
                        let mut names = writes
                            .filter(|(target, write)| {
                                is_of_service(&write.place)
                                    && self.raises(*target, &write.place, &write.value)
                            })
                            .map(|(target, write)| self.describe_place(target, &write.place));
                        let name = names.find(|name| speaks_of_readiness(name))?;
                        Some((call.span, Some(name)))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Whether a value is the status of a health service that serves.
fn is_serving(value: &Value) -> bool {
    matches!(value, Value::Origin(path, parts) if parts.is_empty() && path.ends_with("::Serving"))
}

/// The last name in the description of a place.
fn last_name(place: &str) -> &str {
    place.rsplit(['.', ':']).next().unwrap_or(place)
}

/// Words that say of whatever a flag is about that it is ready.
const READY: [&str; 5] = ["ready", "readiness", "isready", "healthy", "serving"];

/// Words in the name of a flag that say nothing about what is ready, or that it is the service.
const OF_THE_SERVICE: [&str; 12] = [
    "is",
    "the",
    "now",
    "flag",
    "state",
    "status",
    "app",
    "application",
    "server",
    "service",
    "system",
    "node",
];

/// Whether the last part of a place's name says that the service is ready.
fn speaks_of_readiness(place: &str) -> bool {
    let last = last_name(place).to_lowercase();
    last.split('_').any(|word| READY.contains(&word))
        && !last.split('_').any(|word| matches!(word, "not" | "un" | "no" | "already"))
}

/// Whether a place whose name speaks of readiness speaks of something in the service: `cache_ready`.
fn is_of_a_part(place: &str) -> bool {
    let last = last_name(place).to_lowercase();
    !last.split('_').all(|word| READY.contains(&word) || OF_THE_SERVICE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::{is_of_a_part, speaks_of_readiness};

    #[test]
    fn readiness_is_told_by_words() {
        for name in ["self.ready", "app::READY", "state.is_ready", "db_ready", "HEALTHY"] {
            assert!(speaks_of_readiness(name), "{name}");
        }
        for name in ["self.already_run", "state.not_ready", "reader", "app::ALREADY"] {
            assert!(!speaks_of_readiness(name), "{name}");
        }
    }

    #[test]
    fn what_is_ready_is_told_by_the_other_words() {
        for name in ["self.ready", "app::READY", "state.is_ready", "SERVICE_READY", "server_is_healthy"] {
            assert!(!is_of_a_part(name), "{name}");
        }
        for name in ["db_ready", "counters.upstream_healthy", "context.auth_ready"] {
            assert!(is_of_a_part(name), "{name}");
        }
    }
}
