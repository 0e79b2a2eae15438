//! Room 5, *program*: once cells of the process that only a request fills, while other requests take them for filled. What
//! is in the cell does not matter: whoever comes too early panics.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Program;
use super::bodies::{LinkedBody, Target};
use super::inventory::Scope;
use super::items::{FnId, StaticId};
use super::routes::Route;
use super::values::Value;
use crate::catalog::{CallRole, TypeKind};
use crate::location::Span;

/// A cell that is demanded by requests that may come before the one that fills it.
#[derive(Debug)]
pub struct LateCell<'p> {
    /// The cell.
    pub cell: StaticId,
    /// The function that fills it, and where.
    pub filled: (FnId, Span),
    /// The handler on whose way that is.
    pub filled_by: &'p Route,
    /// The function that panics while it is empty, and where.
    pub demanded: (FnId, Span),
    /// Another handler, on whose way that is.
    pub demanded_by: &'p Route,
}

/// What a function does with a cell.
enum Does {
    Fills,
    Demands,
    Looks,
}

impl Program<'_> {
    /// The cells of production code that no start-up fills, one handler does, and another one demands; in the order of the
    /// statics. Linear in functions and calls, once for all and once for each cell that is filled and demanded.
    pub fn late_cells(&self) -> Vec<LateCell<'_>> {
        if self.routes().is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut starts = None;
        for (cell, users) in self.users_of_cells() {
            let (mut fills, mut demands) = (Vec::new(), Vec::new());
            for id in users {
                let Some(body) = self.any_body(id) else { continue };
                let uses = uses_of(body, cell);
                let looks = uses.iter().any(|(does, _)| matches!(does, Does::Looks));
                for (does, span) in uses {
                    match does {
                        Does::Fills => fills.push((id, span)),
                        Does::Demands if !looks => demands.push((id, span)),
                        Does::Demands | Does::Looks => {}
                    }
                }
            }
            if fills.is_empty() || demands.is_empty() {
                continue;
            }
            // A process that fills it when it starts is none of those in which a request does.
            let starts = starts.get_or_insert_with(|| self.reached_at_start());
            let is_in = |route: &Route, (id, span): &(FnId, Span)| {
                *id == route.function && route.closure.is_some_and(|closure| closure.encloses(*span))
            };
            let answers = |fill: &(FnId, Span)| self.routes().iter().any(|route| is_in(route, fill));
            let by_itself =
                |fill: &(FnId, Span), start: &Start| start.at_once.contains(&fill.0) && !answers(fill);
            let late = starts.iter().filter(|start| !fills.iter().any(|fill| by_itself(fill, start)));
            let late: Vec<&Start> = late.collect();
            let comes_to_fill = self.callers_of(fills.iter().map(|(id, _)| *id));
            let in_late = |route: &Route| late.iter().any(|start| start.ever.contains(&route.function));
            let comes_to =
                |route: &Route, there: &BTreeSet<FnId>| !self.answered_by(route).is_disjoint(there);
            let fills_it = |route: &Route| {
                comes_to(route, &comes_to_fill) || fills.iter().any(|fill| is_in(route, fill))
            };
            let Some(filled_by) = self.routes().iter().find(|route| fills_it(route) && in_late(route)) else {
                continue;
            };
            let demander = demands.iter().find_map(|demanded| {
                let comes_to_demand = self.callers_of([demanded.0].into_iter());
                let demands_it = |route: &&Route| {
                    (comes_to(route, &comes_to_demand) || is_in(route, demanded))
                        && !fills_it(route)
                        && in_late(route)
                };
                Some((*demanded, self.routes().iter().find(demands_it)?))
            });
            if let Some((demanded, demanded_by)) = demander {
                found.push(LateCell { cell, filled: fills[0], filled_by, demanded, demanded_by });
            }
        }
        found
    }

    /// The once cells of production code without a handle, each with the functions that use it. What keeps a handle has
    /// accessors, which are looked at elsewhere.
    fn users_of_cells(&self) -> BTreeMap<StaticId, Vec<FnId>> {
        let statics = self.types.items.statics.iter().enumerate();
        let cells = statics.filter(|(index, item)| {
            let ty = self.types.static_type(StaticId(*index as u32));
            item.scope == Scope::Production
                && self.types.type_facts(ty).is_some_and(|facts| facts.kind == TypeKind::OnceCell)
                && !self.types.contains_handle(ty)
        });
        let mut users: BTreeMap<StaticId, Vec<FnId>> =
            cells.map(|(index, _)| (StaticId(index as u32), Vec::new())).collect();
        for (index, sketch) in self.sketches.iter().enumerate() {
            let id = FnId(index as u32);
            for used in sketch.iter().flat_map(|sketch| &sketch.statics) {
                if let Some(list) = users.get_mut(used)
                    && self.scope(id) == Scope::Production
                    && list.last() != Some(&id)
                {
                    list.push(id);
                }
            }
        }
        users
    }

    /// The functions that can come to one of these, themselves included.
    fn callers_of(&self, targets: impl Iterator<Item = FnId>) -> BTreeSet<FnId> {
        let mut queue: VecDeque<FnId> = targets.collect();
        let mut seen: BTreeSet<FnId> = queue.iter().copied().collect();
        while let Some(function) = queue.pop_front() {
            queue.extend(self.graph.callers[function.index()].iter().filter(|caller| seen.insert(**caller)));
        }
        seen
    }

    /// For each `main` of production code, what it comes to.
    fn reached_at_start(&self) -> Vec<Start> {
        let functions = self.routes().iter().filter(|route| route.closure.is_none());
        let handlers: BTreeSet<FnId> = functions.map(|route| route.function).collect();
        let entries = self.production_entries();
        let reached = entries.map(|entry| {
            let from = || entry.before_main.iter().chain([&entry.main]).copied();
            Start {
                at_once: self.callees_of(from(), &|callee| !handlers.contains(&callee)),
                ever: self.callees_of(from(), &|_| true),
            }
        });
        reached.collect()
    }

    /// The functions that these come to, themselves included, over those that are entered.
    pub(super) fn callees_of(
        &self,
        from: impl Iterator<Item = FnId>,
        enters: &dyn Fn(FnId) -> bool,
    ) -> BTreeSet<FnId> {
        let mut queue: VecDeque<FnId> = from.collect();
        let mut seen: BTreeSet<FnId> = queue.iter().copied().collect();
        while let Some(function) = queue.pop_front() {
            let callees = self.sketches[function.index()].iter().flat_map(|sketch| &sketch.callees);
            queue.extend(
                callees.map(|(callee, _)| *callee).filter(|callee| enters(*callee) && seen.insert(*callee)),
            );
        }
        seen
    }
}

/// What a process comes to.
struct Start {
    /// Without anybody asking for it: not as a handler.
    at_once: BTreeSet<FnId>,
    /// At whatever time.
    ever: BTreeSet<FnId>,
}

/// What the calls of a function do with a cell.
fn uses_of(body: &LinkedBody<'_>, cell: StaticId) -> Vec<(Does, Span)> {
    let uses = body.calls.iter().filter_map(|call| {
        let on = &call.receiver.as_ref()?.value;
        let Target::Library(facts) = call.target else { return None };
        // `CELL.get().expect(…)`
        if matches!(on, Value::Content(inner) if **inner == Value::Static(cell)) {
            let takes_for_granted =
                matches!(call.name_of_callee(), Some("unwrap" | "expect" | "unwrap_unchecked"))
                    || body.gives_up_instead(call);
            return takes_for_granted.then_some((Does::Demands, call.span));
        }
        if *on.place() != Value::Static(cell) {
            return None;
        }
        let does = match facts.role {
            CallRole::OnceSet | CallRole::OnceInit => Does::Fills,
            CallRole::OnceCheck if call.outcome.unwrapped => Does::Demands,
            // `get` alone leads to a value that somebody takes for granted, or looks at.
            CallRole::OnceCheck if facts.path.ends_with("::get") => return None,
            CallRole::OnceCheck | CallRole::OnceWait => Does::Looks,
            _ => return None,
        };
        Some((does, call.span))
    });
    uses.collect()
}
