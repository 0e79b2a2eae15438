//! Room 5, *program*: where the statements of functions stand that write places, as plain data for edits.

use super::Program;
use super::bodies::Target;
use super::inventory::Scope;
use crate::catalog::{CallFacts, CallRole};
use crate::facts::ExprKind;
use crate::location::Location;

/// The outline of a function.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its body, braces included.
    pub body: Location,
    /// The statements of its outermost block and the expression at its end, in order. Those of expressions end before
    /// their semicolon.
    pub statements: Vec<Location>,
    /// Line and column of the end of the last of them.
    pub end: (u32, u32),
    /// The calls that fill once cells.
    pub cells: Vec<(Location, CellKind)>,
    /// The calls that may take a lock, or wait for somebody: a signal, or in a loop for a flag that somebody else lowers.
    pub holding: Vec<Location>,
}

/// What a once cell offers to test and fill it in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// `get_or_try_init` and `get_or_init` with futures.
    Async,
    /// `get_or_try_init` and `get_or_init` with closures.
    Fallible,
    /// `get_or_init` alone.
    Infallible,
}

impl Shape {
    /// The statement that contains a place.
    pub fn statement_with(&self, place: Location) -> Option<Location> {
        self.statements.iter().find(|statement| statement.span.encloses(place.span)).copied()
    }
}

impl Program<'_> {
    /// The outlines of the functions of production code that write places, in the order of the functions.
    pub fn shapes(&self) -> Vec<Shape> {
        let writers =
            self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production && self.writes_a_place(*id));
        writers
            .filter_map(|(id, body)| {
                let facts = self.types.items.functions[id.index()].body?;
                let root = facts.expr(facts.root);
                let ExprKind::Block { statements, tail } = &root.kind else { return None };
                let spans = statements.iter().map(|statement| statement.span(facts));
                let tail = tail.iter().map(|tail| facts.expr(*tail).span);
                let statements: Vec<Location> =
                    spans.chain(tail).map(|span| self.location(id, span)).collect();
                let last = statements.last()?.span;
                let cells = body.calls.iter().filter_map(|call| match call.target {
                    Target::Library(facts) if facts.role == CallRole::OnceSet => {
                        Some((self.location(id, call.span), self.kind_of_cell(facts)))
                    }
                    _ => None,
                });
                let cells = cells.collect();
                let holding = body.calls.iter().filter(|call| self.holds_up(call, 0));
                let holding = holding.map(|call| self.location(id, call.span)).collect();
                let body = self.location(id, root.span);
                Some(Shape { body, statements, end: (last.end_line, last.end_column), cells, holding })
            })
            .collect()
    }

    /// What the cell that a call sets can be filled by in one step, as the catalog lists its other methods.
    fn kind_of_cell(&self, set: &CallFacts) -> CellKind {
        let cell = set.path.rsplit_once("::").map_or("", |(cell, _)| cell);
        let method = |name| self.types.catalog.method(cell, name).filter(|facts| !facts.unstable);
        match method("get_or_try_init") {
            Some(facts) if facts.is_async => CellKind::Async,
            Some(_) => CellKind::Fallible,
            None => CellKind::Infallible,
        }
    }
}
