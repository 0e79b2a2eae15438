//! Room 5, *program*: once cells of the process that only a request fills, while other requests take them for filled. What
//! is in the cell does not matter: whoever comes too early panics.

use std::collections::{BTreeSet, VecDeque};

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
    /// statics. Linear in functions and calls for each cell that handlers fill.
    pub fn late_cells(&self) -> Vec<LateCell<'_>> {
        if self.routes().is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut starts = None;
        for (index, item) in self.types.items.statics.iter().enumerate() {
            let cell = StaticId(index as u32);
            let is_cell = self
                .types
                .type_facts(self.types.static_type(cell))
                .is_some_and(|facts| facts.kind == TypeKind::OnceCell);
            // What keeps a handle has accessors, which are looked at elsewhere.
            if item.scope != Scope::Production
                || !is_cell
                || self.types.contains_handle(self.types.static_type(cell))
            {
                continue;
            }
            let (mut fills, mut demands) = (Vec::new(), Vec::new());
            for (index, sketch) in self.sketches.iter().enumerate() {
                let id = FnId(index as u32);
                let uses = sketch.as_ref().is_some_and(|sketch| sketch.statics.contains(&cell));
                if !uses || self.scope(id) != Scope::Production {
                    continue;
                }
                let fresh = self.fresh_body(id);
                let Some(body) = self.body(id).or(fresh.as_ref()) else { continue };
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
            let late: Vec<FnId> = starts
                .iter()
                .filter(|(_, reached)| !fills.iter().any(|(id, _)| reached.contains(id)))
                .map(|(main, _)| *main)
                .collect();
            let fills_it = |route: &Route| fills.iter().any(|(id, _)| self.reaches(route.function, *id));
            let in_late = |route: &Route| late.iter().any(|main| self.reaches(*main, route.function));
            let Some(filled_by) = self.routes().iter().find(|route| fills_it(route) && in_late(route)) else {
                continue;
            };
            let demander = demands.iter().find_map(|demanded| {
                let route = self.routes().iter().find(|route| {
                    self.reaches(route.function, demanded.0) && !fills_it(route) && in_late(route)
                })?;
                Some((*demanded, route))
            });
            if let Some((demanded, demanded_by)) = demander {
                found.push(LateCell { cell, filled: fills[0], filled_by, demanded, demanded_by });
            }
        }
        found
    }

    /// Per `main` of production code: the functions that run without anybody asking for them, and not as a handler.
    fn reached_at_start(&self) -> Vec<(FnId, BTreeSet<FnId>)> {
        let handlers: BTreeSet<FnId> = self.routes().iter().map(|route| route.function).collect();
        let entries = self.entries().iter().filter(|entry| entry.scope == Scope::Production);
        let reached = entries.map(|entry| {
            let mut queue: VecDeque<FnId> = entry.before_main.iter().chain([&entry.main]).copied().collect();
            let mut seen: BTreeSet<FnId> = queue.iter().copied().collect();
            while let Some(function) = queue.pop_front() {
                let Some(sketch) = &self.sketches[function.index()] else { continue };
                for (callee, _) in &sketch.callees {
                    if !handlers.contains(callee) && seen.insert(*callee) {
                        queue.push_back(*callee);
                    }
                }
            }
            (entry.main, seen)
        });
        reached.collect()
    }
}

/// What the calls of a function do with a cell.
fn uses_of(body: &LinkedBody<'_>, cell: StaticId) -> Vec<(Does, Span)> {
    let uses = body.calls.iter().filter_map(|call| {
        let on = &call.receiver.as_ref()?.value;
        let Target::Library(facts) = call.target else { return None };
        // `CELL.get().expect(…)`
        if matches!(on, Value::Content(inner) if **inner == Value::Static(cell)) {
            let takes_for_granted =
                matches!(call.name_of_callee(), Some("unwrap" | "expect" | "unwrap_unchecked"));
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
