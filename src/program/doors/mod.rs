//! Room 5, *program*: the doors to each resource, as plain data: who keeps a handle, which init paths fill it, who
//! hands it out, and every place that asks. The migration plan and the rules about accessors read this.

mod accessors;
mod creations;
mod uses;

use std::collections::BTreeMap;

use super::bodies::{CallId, Time, settled};
use super::declarations::is_within;
use super::init_paths::InitPath;
use super::inventory::{Resource, Scope};
use super::items::{AdtId, AdtShape, FnId};
use super::summaries::Step;
use super::{Program, reach};
use crate::catalog::CloneKind;
use crate::facts::{ExprKind, Name, Pat, Statement};
use crate::finding::{Confidence, Hop};
use crate::location::{Location, Span};
use creations::{Creation, Key};
use uses::Routes;

/// All doors of the production code, and which of them are open in one process.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    /// Sorted by resource, place and name.
    pub list: Vec<Door>,
    /// Pairs of [`Doors::list`] that open one resource in one process, sorted.
    pub conflicts: Vec<Conflict>,
}

/// Two doors that both open in one process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Index of the one that opens first.
    pub first: usize,
    /// Index of the other.
    pub second: usize,
    /// The binary.
    pub binary: String,
    /// How sure it is that they compete; low where they seem to be kept apart on purpose.
    pub confidence: Confidence,
}

/// One way to a handle: whoever keeps it, with what fills it and what hands it out.
#[derive(Debug, Clone)]
pub struct Door {
    /// What the handle leads to.
    pub resource: Resource,
    /// Path of the static (`app::POOL`), field (`app::Manager.pool`) or variable (`app::main.pool`) that has the handle;
    /// of the function alone where no variable is bound to it.
    pub name: String,
    /// What keeps the handle.
    pub keeper: Keeper,
    /// Where the static or field is declared or the handle is obtained.
    pub place: Location,
    /// The variable that has the handle, where one is bound to it alone.
    pub variable: Option<Variable>,
    /// What it is, as a noun (`pool`).
    pub noun: &'static str,
    /// Type of the handle, canonical.
    pub handle: String,
    /// The ways to open it, at most one per binary, in the order of the binaries.
    pub openings: Vec<Opening>,
    /// Functions that hand the handle or its keeper out, sorted by place.
    pub accessors: Vec<Accessor>,
    /// What else exists for this door alone: the type with the field, the statics that keep a value of it, the functions
    /// that fill it. Sorted by place.
    pub parts: Vec<Part>,
    /// Calls of the accessors and other uses of the keeper, outside the door itself, sorted by place.
    pub uses: Vec<Use>,
    /// Fields and signatures outside the door that name the type with the field, sorted by place.
    pub mentions: Vec<Use>,
    /// The shortest way from a handler to one of the uses: the route, then the calls, ending in the use; empty where no
    /// handler gets there.
    pub asked_by: Vec<Hop>,
}

impl Door {
    /// Its uses in production code.
    pub fn production_uses(&self) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(|used| used.scope == Scope::Production)
    }

    /// The accessor through which its uses should go: the one with the most uses that does more than forward.
    pub fn main_accessor(&self) -> Option<&Accessor> {
        let uses =
            |accessor: &Accessor| self.production_uses().filter(|used| used.callee == accessor.path).count();
        let own = self.accessors.iter().filter(|accessor| accessor.contract != Contract::Forwards);
        own.max_by_key(|accessor| {
            (accessor.contract != Contract::Keeper, uses(accessor), std::cmp::Reverse(accessor.location))
        })
    }

    /// How people call it: by its accessor, where it has one, else by what keeps the handle.
    pub fn title(&self) -> String {
        self.main_accessor().map_or_else(|| self.name.clone(), |accessor| accessor.path.clone())
    }

    /// Whether it is what somebody named: its keeper, an accessor, or a function that makes its handle.
    pub fn is_named(&self, wanted: &str) -> bool {
        self.names().any(|path| is_within(path, wanted))
    }

    /// Everything it can be named by: its keeper, its accessors, the functions that make its handle.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let makers = self.openings.iter().flat_map(|opening| &opening.makers);
        let accessors = self.accessors.iter().map(|accessor| &accessor.path);
        [&self.name].into_iter().chain(makers).chain(accessors).map(String::as_str)
    }

    /// Whether both open in one binary.
    pub fn shares_binary(&self, other: &Self) -> bool {
        let in_other =
            |binary: &Option<String>| other.openings.iter().any(|opening| opening.binary == *binary);
        self.openings.iter().any(|opening| opening.binary.is_some() && in_other(&opening.binary))
    }
}

/// A variable and what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The whole expression that gives it its value.
    pub value: Location,
    /// Whether it is the handle itself, rather than something that has it.
    pub is_handle: bool,
    /// Whether a clone of it shares what it has.
    pub can_be_cloned: bool,
    /// The whole `let` statement.
    pub statement: Location,
    /// The body of the function.
    pub body: Location,
    /// Whether what stands around the closure (see below) is a statement of the body itself, not of a block in it.
    pub is_at_top: bool,
    /// Where it is bound by the first statement of a closure that runs once per worker: the statement around the
    /// closure.
    pub per_worker: Option<Location>,
}

/// What keeps a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeper {
    /// A static, for the whole process.
    Static,
    /// A field that is filled through a shared reference.
    Field,
    /// A variable, and whatever it is given to.
    Variable,
    /// Nobody: it ends with the function that makes it.
    Nobody,
}

/// A way in which a door is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The binary; `None` when no binary of the workspace is known to get there.
    pub binary: Option<String>,
    /// Position among the creations of the binary, from 0.
    pub order: usize,
    /// From the entry function to the library call.
    pub hops: Vec<Hop>,
    /// The call that creates the handle.
    pub site: Location,
    /// Functions on the way, from the one that has or keeps the handle to the one with the library call.
    pub makers: Vec<String>,
    /// What on the way is not plain calling (`in a task`, …).
    pub when: Vec<&'static str>,
    /// Whether a once primitive lets it happen at most once.
    pub once: bool,
    /// Whether every call on the way is certain.
    pub certain: bool,
}

impl Opening {
    /// Whether it is done when a request arrives.
    pub fn is_by_request(&self) -> bool {
        self.when.contains(&"in a handler")
    }

    /// Whether `main` does it in line, before what follows.
    pub fn is_at_start(&self) -> bool {
        self.binary.is_some()
            && self.when.iter().all(|when| matches!(*when, "once for all callers" | "before main"))
    }
}

/// What calling an accessor needs and does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contract {
    /// Opens the door on first use.
    Opens,
    /// Demands that somebody opened it, and panics otherwise.
    Demands,
    /// Says when nobody opened it, or waits until somebody did.
    Asks,
    /// Forwards to another accessor, and does nothing else.
    Forwards,
    /// Hands out the value that has the handle in a field.
    Keeper,
}

impl Contract {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Demands => "demands",
            Self::Asks => "asks",
            Self::Forwards => "forwards",
            Self::Keeper => "keeper",
        }
    }
}

/// A function that hands out a handle.
#[derive(Debug, Clone)]
pub struct Accessor {
    /// The function.
    pub id: FnId,
    /// Its path.
    pub path: String,
    /// Where its name is declared.
    pub location: Location,
    /// What it needs and does.
    pub contract: Contract,
    /// For those that forward: the path of the accessor behind it.
    pub behind: Option<String>,
    /// Whether it is `async`.
    pub is_async: bool,
    /// Whether it gives a `Result` or an `Option`.
    pub is_fallible: bool,
    /// What it gives, awaited and taken out of a `Result` or `Option`.
    pub returns: String,
    /// Whether it is a method, so that one needs the value that keeps the handle.
    pub is_method: bool,
}

/// Something that exists for a door.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Where its name is declared.
    pub location: Location,
    /// Its path.
    pub path: String,
    /// What it does, in a few words.
    pub does: &'static str,
}

/// A place that asks for a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The call.
    pub location: Location,
    /// Path of the function in which it stands.
    pub function: String,
    /// The package.
    pub package: String,
    /// What is called: path of an accessor or keeper, or the function that is given the handle.
    pub callee: String,
    /// Whether it comes through an accessor that only forwards.
    pub through_shim: bool,
    /// Where it runs.
    pub scope: Scope,
}

impl<'a> Program<'a> {
    /// The doors of production code. Linear in the effects of entry points and in the callers of accessors.
    pub(super) fn find_doors(&self) -> Doors {
        let creations = self.creations();
        let routes = Routes::of(self);
        let mut groups: BTreeMap<(String, Key), Vec<&Creation<'_>>> = BTreeMap::new();
        for creation in &creations {
            let Some(path) = self.init_path_of(creation) else { continue };
            groups.entry((path.resource.id, creation.key.clone())).or_default().push(creation);
        }
        let mut found: Vec<(Door, Vec<&Creation<'_>>)> =
            groups.into_values().filter_map(|group| Some((self.door(&group, &routes)?, group))).collect();
        found.sort_by(|(a, _), (b, _)| {
            let key = |door: &Door| (door.resource.id.clone(), door.place, door.name.clone());
            key(a).cmp(&key(b))
        });
        // A file may belong to several targets: what stands at one place is one door.
        found.dedup_by(|(later, more), (first, known)| {
            let same = later.place == first.place && later.resource.id == first.resource.id;
            if same {
                for opening in std::mem::take(&mut later.openings) {
                    if !first.openings.iter().any(|known| known.binary == opening.binary) {
                        first.openings.push(opening);
                    }
                }
                first.openings.sort_by(|a, b| a.binary.cmp(&b.binary));
                known.append(more);
            }
            same
        });
        let conflicts = self.conflicts(&found);
        Doors { list: found.into_iter().map(|(door, _)| door).collect(), conflicts }
    }

    fn init_path_of(&self, creation: &Creation<'_>) -> Option<InitPath> {
        let binary = creation.entry.map(|index| self.entries()[index].binary.title.clone());
        self.init_path(creation.effect, binary, self.hops(creation.start, &creation.effect.steps))
    }

    fn door(&self, group: &[&Creation<'_>], routes: &Routes) -> Option<Door> {
        let first = group.first()?;
        let path = self.init_path_of(first)?;
        let variable = match &first.key {
            Key::Variable(function, call) => self.variable_of(*function, *call),
            _ => None,
        };
        let (name, place) = self.name_and_place(first, variable.as_ref());
        let openings = self.openings(group);
        let accessors = self.accessors_of(&first.key);
        let uses = match &first.key {
            Key::Variable(..) => match first.effect.steps[first.kept_at] {
                Step::Call(function, call) => self.uses_of_variable(function, call),
                Step::Static(..) => Vec::new(),
            },
            key => self.uses_of(key, &accessors),
        };
        let asked_by = routes.shortest_to(self, &uses, &accessors);
        let (parts, mentions) = match &first.key {
            Key::Field(adt, field) => (self.parts_of(*adt, field), self.mentions_of(*adt)),
            _ => (Vec::new(), Vec::new()),
        };
        let uses = uses.into_iter().map(|(_, used)| used).collect();
        let keeper = group.iter().map(|creation| creation.keeper).min().unwrap_or(first.keeper);
        let noun = self.noun(first.effect);
        Some(Door {
            variable,
            resource: path.resource,
            name,
            keeper,
            place,
            noun,
            handle: path.handle,
            openings,
            accessors,
            parts,
            uses,
            mentions,
            asked_by,
        })
    }

    /// What a door is called, and where it is declared.
    fn name_and_place(&self, first: &Creation<'_>, variable: Option<&Variable>) -> (String, Location) {
        match &first.key {
            Key::Static(id) => (self.static_path(*id), self.static_location(*id)),
            Key::Field(adt, field) => {
                let step = &first.effect.steps[first.kept_at];
                let declared = self.field_location(*adt, field);
                let place = declared.unwrap_or_else(|| self.step_location(step));
                (format!("{}.{field}", self.adt_path(*adt)), place)
            }
            Key::Variable(function, call) => {
                let of = variable.map(|variable| format!(".{}", variable.name)).unwrap_or_default();
                let place = self.location(*function, self.call(*function, *call).span);
                (format!("{}{of}", self.path_of(*function)), place)
            }
        }
    }

    /// The first way in of each binary.
    fn openings(&self, group: &[&Creation<'_>]) -> Vec<Opening> {
        let mut openings: Vec<Opening> = Vec::new();
        for creation in group {
            let Some(path) = self.init_path_of(creation) else { continue };
            // What a handler does first was done before it: the first way in is the one that counts.
            if openings.iter().any(|known| known.binary == path.binary) {
                continue;
            }
            let steps = &creation.effect.steps[creation.kept_at..];
            let mut makers: Vec<String> =
                self.functions_on(steps).into_iter().map(|id| self.path_of(id)).collect();
            makers.dedup();
            openings.push(Opening {
                binary: path.binary,
                order: creation.order,
                hops: path.hops,
                site: path.site,
                makers,
                when: path.when,
                once: creation.effect.once.is_some(),
                certain: creation.effect.certain,
            });
        }
        openings.sort_by(|a, b| (a.binary.is_none(), &a.binary).cmp(&(b.binary.is_none(), &b.binary)));
        openings
    }

    /// The variable that a `let` binds to what a call gives.
    fn variable_of(&self, function: FnId, call: CallId) -> Option<Variable> {
        let body = self.types.items.functions[function.index()].body?;
        let made = self.call(function, call).span;
        let starts_with = |span: Span| {
            (span.line, span.column) == (made.line, made.column)
                && (span.end_line, span.end_column) >= (made.end_line, made.end_column)
        };
        let blocks = || {
            body.exprs.iter().filter_map(|expr| match &expr.kind {
                ExprKind::Block { statements, tail } => Some((expr.span, statements.as_slice(), *tail)),
                _ => None,
            })
        };
        let mut bindings = blocks().flat_map(|(block, statements, _)| {
            statements.iter().enumerate().filter_map(move |(index, statement)| match statement {
                Statement::Let(binding) => Some((block, index, binding)),
                Statement::Expr(..) | Statement::Given(..) => None,
            })
        });
        bindings.find_map(|(block, index, binding)| {
            let Pat::Bind { name, sub: None, .. } = &binding.pat else { return None };
            let value = body.expr(binding.init?).span;
            let value = starts_with(value).then(|| self.location(function, value))?;
            let worker = self.worker_around(function, call).filter(|_| index == 0);
            let per_worker = worker.filter(|factory| factory.encloses(block)).and_then(|factory| {
                let spans = blocks().flat_map(|(_, statements, tail)| {
                    let tail = tail.map(|tail| body.expr(tail).span);
                    let spans = statements.iter().map(|statement| statement.span(body));
                    spans.chain(tail)
                });
                spans.filter(|span| span.encloses(factory)).max_by_key(|span| (span.line, span.column))
            });
            let result = &self.call(function, call).result;
            let shared =
                self.types.type_facts(settled(result)).is_some_and(|facts| facts.clone == CloneKind::Shared);
            let top = match &body.expr(body.root).kind {
                ExprKind::Block { statements, tail } => {
                    let tail = tail.map(|tail| body.expr(tail).span);
                    let spans = statements.iter().map(|statement| statement.span(body));
                    spans.chain(tail).collect()
                }
                _ => Vec::new(),
            };
            Some(Variable {
                name: name.to_string(),
                value,
                is_handle: reach::is_handle(self.types, result),
                can_be_cloned: shared,
                body: self.location(function, body.expr(body.root).span),
                is_at_top: per_worker.is_some_and(|around| top.contains(&around)),
                statement: self.location(function, binding.span),
                per_worker: per_worker.map(|span| self.location(function, span)),
            })
        })
    }

    /// The call whose closure, run once per worker, makes the given call.
    fn worker_around(&self, function: FnId, call: CallId) -> Option<Span> {
        let effects = self.effects(function).iter();
        let made = effects.filter(|effect| effect.steps.first() == Some(&Step::Call(function, call)));
        made.flat_map(|effect| effect.times.iter()).find_map(|(of, time)| match time {
            Time::PerWorker(by) if *of == function => Some(self.call(function, *by).span),
            _ => None,
        })
    }

    fn field_location(&self, adt: AdtId, field: &Name) -> Option<Location> {
        let adt = &self.types.items.adts[adt.index()];
        let AdtShape::Struct(facts) = adt.shape else { return None };
        let found = facts.fields.list().iter().find(|one| one.name == *field)?;
        Some(Location { file: adt.location.file, span: found.span })
    }

    fn adt_path(&self, id: AdtId) -> String {
        let adt = &self.types.items.adts[id.index()];
        format!("{}::{}", self.types.items.module_path(adt.module), adt.name)
    }

    fn conflicts(&self, found: &[(Door, Vec<&Creation<'_>>)]) -> Vec<Conflict> {
        let mut conflicts: BTreeMap<(usize, usize, String), Confidence> = BTreeMap::new();
        for (one, (first_door, firsts)) in found.iter().enumerate() {
            for (two, (second_door, seconds)) in found.iter().enumerate() {
                let resource = &first_door.resource;
                let ends = |door: &Door| door.keeper == Keeper::Nobody;
                if one == two
                    || ends(first_door)
                    || ends(second_door)
                    || resource.id != second_door.resource.id
                    || resource.confidence == Confidence::Low
                {
                    continue;
                }
                for first in firsts {
                    for second in seconds {
                        let Some(entry) = first.entry else { continue };
                        if second.entry != Some(entry) || first.order >= second.order {
                            continue;
                        }
                        let Some(id) = self.resource_of(second.effect) else { continue };
                        let Some(confidence) = self.competition(id, first.effect, second.effect) else {
                            continue;
                        };
                        let binary = self.entries()[entry].binary.title.clone();
                        let known = conflicts.entry((one, two, binary)).or_insert(confidence);
                        *known = (*known).max(confidence);
                    }
                }
            }
        }
        conflicts
            .into_iter()
            .map(|((first, second, binary), confidence)| Conflict { first, second, binary, confidence })
            .collect()
    }
}
