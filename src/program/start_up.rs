//! Room 5, *program*: what is known of the way to a serve point, and of the way to a function.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Program;
use super::bodies::{Argument, Call, CallId, ContextId, LinkedBody, Target, Time, settled};
use super::entries::Entry;
use super::inventory::Scope;
use super::items::FnId;
use super::probe_kinds::kind_of;
use super::reach;
use super::routes::Route;
use super::summaries::{Effect, EffectKind, Step};
use crate::catalog::{CallRole, TypeKind};
use crate::finding::Hop;
use crate::location::{Location, Span};

/// What answers requests, or runs as a job, and uses a database handle.
#[derive(Debug, Clone, Copy)]
pub enum Needing {
    /// A function.
    Function(FnId),
    /// A closure, at its place.
    Closure(Location),
}

impl Program<'_> {
    /// Handlers registered on the way to a serve point: in the functions on its path before the next step, and in
    /// whatever those call before it.
    pub fn handlers_before(&self, serve: &Effect) -> Vec<FnId> {
        let mut handlers = BTreeSet::new();
        for function in self.functions_for(serve) {
            if let Some(sketch) = &self.sketches[function.index()] {
                let registered = sketch.handlers.iter();
                let registered = registered.filter(|(_, span)| self.is_before(serve, function, *span));
                handlers.extend(registered.map(|(handler, _)| *handler));
            }
        }
        handlers.into_iter().collect()
    }

    /// Whether what is registered at a place of a function is for this server: in the function that serves, what is registered afterwards
    /// belongs to another one.
    fn is_before(&self, serve: &Effect, function: FnId, span: Span) -> bool {
        let until = serve.steps.iter().find_map(|step| match step {
            Step::Call(owner, call) if *owner == function => Some(self.call(*owner, *call).span),
            _ => None,
        });
        until.is_none_or(|until| (span.line, span.column) <= (until.end_line, until.end_column))
    }

    /// A handler registered on the way to a server that uses a database handle without looking whether it is there.
    pub fn handler_in_need(&self, serve: &Effect) -> Option<Needing> {
        let mut handlers = self.handlers_before(serve).into_iter();
        let function = handlers.find(|handler| {
            self.needs_handle(*handler)
                && !self.may_look_first(*handler)
                && !self.is_for_probes(*handler, None)
        });
        function.map(Needing::Function).or_else(|| self.closure_in_need(serve))
    }

    fn closure_in_need(&self, serve: &Effect) -> Option<Needing> {
        self.functions_for(serve).into_iter().find_map(|function| {
            let body = self.body(function)?;
            let closures = &self.sketches[function.index()].as_ref()?.handler_closures;
            let registered = closures.iter().filter(|span| self.is_before(serve, function, **span));
            let mut blocks =
                registered.filter_map(|span| body.blocks.iter().find(|block| block.span == *span));
            let block = blocks.find(|block| {
                let mut inside = body.calls.iter().filter(|call| body.encloses(block.context, call.context));
                inside.any(|call| self.uses_handle(call))
                    && !self.is_for_probes(function, Some(block.span))
                    && !self.closure_may_look_first(function, block.context)
            })?;
            Some(Needing::Closure(self.location(function, block.span)))
        })
    }

    /// Whether a handler answers nothing but probes: that the database is not there yet is what those ask.
    fn is_for_probes(&self, function: FnId, closure: Option<Span>) -> bool {
        let own = |route: &&Route| route.function == function && route.closure == closure;
        let mut routes = self.routes().iter().filter(own).peekable();
        let is_probe = |route: &Route| route.path().is_some_and(|path| kind_of(path).is_some());
        routes.peek().is_some() && routes.all(is_probe)
    }

    /// Whether a call asks somebody by a database handle, itself or in what it calls.
    fn uses_handle(&self, call: &Call<'_>) -> bool {
        let is_handle = |input: &Argument| reach::is_handle(self.types, &input.ty);
        call.local_targets().iter().any(|target| self.needs_handle(*target))
            || !reach::is_only_handed_on(call) && call.inputs().any(is_handle)
    }

    /// Whether something that a server answers is known to use a database handle.
    pub fn needs_database(&self, serve: &Effect) -> bool {
        self.handler_in_need(serve).is_some() || self.serves_a_handle(serve)
    }

    /// Whether what begins there are jobs of a schedule, rather than answers to requests.
    pub fn starts_jobs(&self, serve: &Effect) -> bool {
        let call = self.call(serve.site.0, serve.site.1);
        matches!(call.target, Target::Library(facts) if facts.role == CallRole::StartJobs)
    }

    /// Whether a service value that holds a handle is registered on the way to a server.
    pub fn serves_a_handle(&self, serve: &Effect) -> bool {
        self.functions_for(serve).into_iter().any(|function| {
            let calls = self.body(function).map(|body| body.calls.as_slice()).unwrap_or_default();
            calls.iter().any(|call| {
                matches!(call.target, Target::Library(facts) if facts.role == CallRole::Register)
                    && call.args.iter().any(|argument| self.types.contains_handle(&argument.ty))
            })
        })
    }

    /// The functions that lead to a serve point, and those that run before it.
    pub(super) fn functions_before(&self, serve: &Effect) -> BTreeSet<FnId> {
        self.functions_leading_to(serve, |_| true)
    }

    /// Those of them that may be about this server: one that starts a server of its own, and gives none back, registers what that
    /// one answers.
    pub(super) fn functions_for(&self, serve: &Effect) -> BTreeSet<FnId> {
        self.functions_leading_to(serve, |id| {
            let given = settled(&self.types.signature(id).output);
            let gives_router = self.types.type_facts(given).is_some_and(|facts| {
                matches!(facts.kind, TypeKind::Router | TypeKind::Server | TypeKind::BoundSocket)
            });
            gives_router || !self.effects(id).iter().any(|effect| effect.kind == EffectKind::Serve)
        })
    }

    fn functions_leading_to(&self, serve: &Effect, counts: impl Fn(FnId) -> bool) -> BTreeSet<FnId> {
        let mut found = BTreeSet::new();
        let mut queue: VecDeque<FnId> = VecDeque::new();
        for step in serve.steps.iter() {
            let Step::Call(function, last) = step else {
                continue;
            };
            found.insert(*function);
            let Some(body) = self.body(*function) else {
                continue;
            };
            // What is registered here runs when a request comes.
            let registered = |target: &&FnId| {
                let handlers = self.sketches[function.index()].iter().flat_map(|sketch| &sketch.handlers);
                handlers.into_iter().any(|(handler, _)| handler == *target)
            };
            // Calls are numbered in evaluation order.
            for call in &body.calls[..last.0 as usize] {
                if let Target::Local { targets, .. } = &call.target {
                    queue.extend(targets.iter().filter(|target| !registered(target) && counts(**target)));
                }
            }
        }
        while let Some(function) = queue.pop_front() {
            if found.insert(function)
                && let Some(sketch) = &self.sketches[function.index()]
            {
                queue.extend(sketch.callees.iter().filter(|(_, beside)| !beside).map(|(target, _)| target));
            }
        }
        found
    }

    /// Whether a call waits for a signal from elsewhere: a channel, a notification, tasks.
    pub fn waits(&self, call: &Call<'_>) -> bool {
        if let Target::Library(facts) = call.target
            && matches!(facts.role, CallRole::WaitTasks | CallRole::OnceWait)
        {
            return true;
        }
        let name = match &call.target {
            Target::Library(facts) => facts.path.as_str(),
            Target::External(path) => path.as_str(),
            Target::Unknown(name) => name.as_str(),
            Target::Local { targets, .. } => {
                let waits =
                    |target: &FnId| self.sketches[target.index()].as_ref().is_some_and(|sketch| sketch.waits);
                // Who is given nothing to wait on waits for something else, a shutdown signal say.
                let given = call.receiver.is_some() || !call.args.is_empty();
                return given && targets.iter().any(waits);
            }
            Target::Block(_) => return false,
        };
        let name = name.rsplit("::").next().unwrap_or_default();
        matches!(name, "notified" | "changed" | "wait_for" | "recv" | "blocking_recv" | "wait")
    }

    /// Whether a loop that goes on, or a task that starts others in a loop, comes to the effect, once for each thing that turns up: nothing
    /// that the start could wait for.
    pub fn comes_again_and_again(&self, effect: &Effect) -> bool {
        let tasks = effect.times.iter().filter_map(|(function, time)| match time {
            Time::Task(call) => Some((*function, *call)),
            _ => None,
        });
        let mut started_by_tasks = tasks.skip(1);
        let in_loop = |(function, call): (FnId, CallId)| {
            self.body(function).is_some_and(|body| body.in_loop(body.call(call).context))
        };
        started_by_tasks.any(in_loop)
            || effect.steps.iter().any(|step| match *step {
                Step::Call(function, call) => self.body(function).is_some_and(|body| {
                    let context = body.call(call).context;
                    body.in_loop_that_goes_on(context) || self.in_loop_over_messages(body, context)
                }),
                Step::Static(..) => false,
            })
    }

    /// Whether a point of a body is in a loop that waits for somebody in its turns: for the next message, say.
    pub fn in_loop_over_messages(&self, body: &LinkedBody<'_>, context: ContextId) -> bool {
        let loops = (0..body.contexts.len()).map(|index| ContextId(index as u32));
        let mut around =
            loops.filter(|id| body.contexts[id.0 as usize].kind.is_loop() && body.encloses(*id, context));
        around.any(|id| body.calls.iter().any(|call| body.encloses(id, call.context) && self.waits(call)))
    }

    /// Whether a function can come to the functions around a place.
    pub fn reaches_place(&self, from: FnId, place: Location) -> bool {
        let around = |id: &FnId| {
            let item = &self.types.items.functions[id.index()];
            let extent = item.body.map(|body| body.expr(body.root).span);
            item.location.file == place.file && extent.is_some_and(|extent| extent.encloses(place.span))
        };
        self.types.items.function_ids().filter(around).any(|id| self.reaches(from, id))
    }

    /// Whether a function can come to another one by calls, at whatever time. Linear in functions and calls.
    pub fn reaches(&self, from: FnId, to: FnId) -> bool {
        self.called_from(from).any(|function| function == to)
    }

    /// A function and everything it can come to by calls, at whatever time, the nearest first. Linear in functions and calls.
    pub(super) fn called_from(&self, from: FnId) -> impl Iterator<Item = FnId> {
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([from]);
        std::iter::from_fn(move || {
            let function = queue.pop_front()?;
            let callees = self.sketches[function.index()].iter().flat_map(|sketch| &sketch.callees);
            queue.extend(callees.map(|(callee, _)| *callee).filter(|callee| seen.insert(*callee)));
            Some(function)
        })
    }

    /// The shortest call path from an entry point to a function: from that of a binary which serves where one comes to it, else
    /// of one in production. The function alone when there is none. Linear in functions and calls.
    pub fn way_to(&self, target: FnId) -> Vec<Hop> {
        let mut previous: Vec<Option<FnId>> = vec![None; self.sketches.len()];
        let mut queue = VecDeque::from([target]);
        let mut reached = vec![false; self.sketches.len()];
        reached[target.index()] = true;
        let serving: BTreeSet<FnId> = self.servers().map(|entry| entry.main).collect();
        let rank = |entry: &Entry| match entry.scope {
            _ if serving.contains(&entry.main) => 0,
            Scope::Production => 1,
            _ => 2,
        };
        let mains: BTreeMap<FnId, u8> =
            self.entries().iter().map(|entry| (entry.main, rank(entry))).collect();
        let mut start: Option<(u8, FnId)> = None;
        while let Some(function) = queue.pop_front() {
            let better = mains.get(&function).filter(|rank| start.is_none_or(|(best, _)| **rank < best));
            if let Some(rank) = better {
                start = Some((*rank, function));
            }
            if start.is_some_and(|(best, _)| best == 0) {
                break;
            }
            for caller in &self.graph.callers[function.index()] {
                if !std::mem::replace(&mut reached[caller.index()], true) {
                    previous[caller.index()] = Some(function);
                    queue.push_back(*caller);
                }
            }
        }
        let mut current = start.map_or(target, |(_, main)| main);
        let mut hops = vec![Hop { label: self.name_of(current), location: self.declaration(current) }];
        while let Some(next) = previous[current.index()] {
            let span = self.body(current).and_then(|body| {
                let calls_next = |call: &&Call<'_>| call.leads_to(next);
                body.calls.iter().find(calls_next).map(|call| call.span)
            });
            let location = span.map_or_else(|| self.declaration(next), |span| self.location(current, span));
            hops.push(Hop { label: self.name_of(next), location });
            current = next;
        }
        hops
    }
}
