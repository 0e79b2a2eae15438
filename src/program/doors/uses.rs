//! Room 5, *program*: every place that asks for a handle, and how handlers get there.

use std::collections::{BTreeMap, VecDeque};

use super::super::Program;
use super::super::bodies::{Call, CallId, Target};
use super::super::inventory::Scope;
use super::super::items::{AdtId, AdtShape, Container, FnId, ModuleId, StaticId};
use super::super::summaries::{Holder, Lifetime, Step};
use super::super::types::{Args, Ty};
use super::super::values::Value;
use super::accessors::names;
use super::creations::Key;
use super::{Accessor, Contract, Use};
use crate::catalog::CallRole;
use crate::finding::Hop;
use crate::location::Location;

impl Program<'_> {
    /// Fields and signatures that name a type, outside its own methods and the functions that give it.
    pub(super) fn mentions_of(&self, adt: AdtId) -> Vec<Use> {
        let items = self.types.items;
        let mut found = Vec::new();
        for (index, other) in items.adts.iter().enumerate() {
            let AdtShape::Struct(facts) = other.shape else { continue };
            let scope = items.modules[other.module.index()].scope;
            let args: Args =
                other.generics.params.iter().map(|param| Ty::Param(param.name.clone())).collect();
            for field in facts.fields.list() {
                let ty = self.types.adt_field(AdtId(index as u32), &args, None, &field.name);
                if ty.is_some_and(|ty| names(&ty, adt)) {
                    let location = Location { file: other.location.file, span: field.span };
                    let owner = format!("{}.{}", self.adt_path(AdtId(index as u32)), field.name);
                    found.push(self.mention(other.module, location, owner, adt, scope));
                }
            }
        }
        for (index, item) in items.functions.iter().enumerate() {
            let id = FnId(index as u32);
            let own = match item.container {
                Container::Impl(block) => self.adt_behind(self.types.impl_type(block)) == Some(adt),
                _ => false,
            };
            let given =
                item.signature.is_some() && self.types.signature(id).params.iter().any(|ty| names(ty, adt));
            if given && !own {
                found.push(self.mention(item.module, item.location, self.path_of(id), adt, item.scope));
            }
        }
        found.sort_by(|a, b| (a.location, &a.function).cmp(&(b.location, &b.function)));
        found.dedup_by(|later, first| later.location == first.location);
        found
    }

    fn mention(&self, module: ModuleId, location: Location, owner: String, adt: AdtId, scope: Scope) -> Use {
        Use {
            location,
            function: owner,
            package: self.package_of(module).to_owned(),
            callee: self.adt_path(adt),
            through_shim: false,
            scope,
        }
    }

    /// Name of the package that a module is part of.
    pub(in crate::program) fn package_of(&self, module: ModuleId) -> &str {
        let items = self.types.items;
        let krate = items.modules[module.index()].krate;
        let target = &self.workspace.targets[items.crates[krate.index()].target.0 as usize];
        &self.workspace.packages[target.package.0 as usize].name
    }

    pub(super) fn uses_of(&self, key: &Key, accessors: &[Accessor]) -> Vec<(FnId, Use)> {
        let mut uses = Vec::new();
        for accessor in accessors {
            for caller in &self.graph.callers[accessor.id.index()] {
                let Some(body) = self.any_body(*caller) else { continue };
                let inside = accessors.iter().any(|other| other.id == *caller);
                if inside {
                    continue;
                }
                for call in &body.calls {
                    let calls = matches!(&call.target, Target::Local { targets, .. } if targets.contains(&accessor.id));
                    let hands_on =
                        call.args.iter().any(|argument| argument.value == Value::Function(accessor.id));
                    if calls || hands_on {
                        let through_shim = accessor.contract == Contract::Forwards;
                        uses.push(self.use_at(*caller, call, accessor.path.clone(), through_shim));
                    }
                }
            }
        }
        if let Key::Static(kept) = key {
            self.direct_uses(*kept, accessors, &mut uses);
        }
        sorted(uses)
    }

    /// Calls on a static itself, outside its accessors.
    fn direct_uses(&self, kept: StaticId, accessors: &[Accessor], uses: &mut Vec<(FnId, Use)>) {
        for (index, sketch) in self.sketches.iter().enumerate() {
            let id = FnId(index as u32);
            let touches = sketch.as_ref().is_some_and(|sketch| sketch.statics.contains(&kept));
            let fills = self.effects(id).iter().any(|effect| {
                effect.creates_handle()
                    && effect.lifetime == Lifetime::Held(Holder::Static(kept))
                    && matches!(effect.steps[0], Step::Call(..))
                    && self.kept(effect).0 == 0
            });
            if !touches || fills || accessors.iter().any(|accessor| accessor.id == id) {
                continue;
            }
            let Some(body) = self.any_body(id) else { continue };
            for call in &body.calls {
                let on_it = |value: &Value| *value.place().root() == Value::Static(kept);
                let named = call.receiver.as_ref().is_some_and(|receiver| on_it(&receiver.value));
                let given = call.args.iter().any(|argument| on_it(&argument.value));
                if named || given {
                    uses.push(self.use_at(id, call, self.static_path(kept), false));
                }
            }
        }
    }

    /// The calls that are given a handle in a variable.
    pub(super) fn uses_of_variable(&self, function: FnId, made: CallId) -> Vec<(FnId, Use)> {
        let Some(body) = self.body(function) else { return Vec::new() };
        let subject = Value::Call(made);
        let has = |value: &Value| value.contains(&subject);
        let given = |call: &&Call<'_>| {
            let adapts = matches!(call.target, Target::Library(facts)
                if matches!(facts.role, CallRole::Adapt | CallRole::Share));
            !adapts && call.inputs().any(|argument| has(&argument.value))
        };
        let uses = body.calls.iter().filter(given);
        sorted(uses.map(|call| self.use_at(function, call, self.callee_name(call), false)).collect())
    }

    fn use_at(&self, function: FnId, call: &Call<'_>, callee: String, through_shim: bool) -> (FnId, Use) {
        let module = self.types.items.functions[function.index()].module;
        let used = Use {
            location: self.location(function, call.span),
            function: self.path_of(function),
            package: self.package_of(module).to_owned(),
            callee,
            through_shim,
            scope: self.scope(function),
        };
        (function, used)
    }
}

/// How handlers get to functions.
pub(super) struct Routes {
    /// Per function that a handler reaches: the function before it, `None` for the handler itself, and the number of
    /// calls from the handler.
    before: BTreeMap<FnId, (Option<FnId>, u32)>,
}

impl Routes {
    /// Linear in functions and calls.
    pub(super) fn of(program: &Program<'_>) -> Self {
        let mut before = BTreeMap::new();
        let mut queue = VecDeque::new();
        for (handler, _) in program.sketches.iter().flatten().flat_map(|sketch| &sketch.handlers) {
            if program.scope(*handler) == Scope::Production && !before.contains_key(handler) {
                before.insert(*handler, (None, 0));
                queue.push_back((*handler, 0));
            }
        }
        while let Some((function, length)) = queue.pop_front() {
            for (callee, _) in program.sketches[function.index()].iter().flat_map(|sketch| &sketch.callees) {
                if !before.contains_key(callee) {
                    before.insert(*callee, (Some(function), length + 1));
                    queue.push_back((*callee, length + 1));
                }
            }
        }
        Self { before }
    }

    /// The shortest way from a handler to one of the uses.
    pub(super) fn shortest_to(
        &self,
        program: &Program<'_>,
        uses: &[(FnId, Use)],
        accessors: &[Accessor],
    ) -> Vec<Hop> {
        let reached = uses.iter().filter_map(|(function, used)| {
            let (_, length) = self.before.get(function)?;
            // Who asks for the handle says more than who asks for what keeps it.
            let keeper = accessors
                .iter()
                .any(|accessor| accessor.path == used.callee && accessor.contract == Contract::Keeper);
            Some(((keeper, *length, used.location), *function, used))
        });
        let Some((_, function, used)) = reached.min_by_key(|(key, ..)| *key) else {
            return Vec::new();
        };
        let mut hops = vec![Hop { label: used.callee.clone(), location: used.location }];
        let mut current = function;
        loop {
            let declared = program.declaration(current);
            let previous = self.before.get(&current).and_then(|(previous, _)| *previous);
            let route = program.handler_at(declared).filter(|_| previous.is_none());
            let label = route.unwrap_or_else(|| program.path_of(current));
            hops.push(Hop { label, location: declared });
            match previous {
                Some(previous) => current = previous,
                None => break,
            }
        }
        hops.reverse();
        hops
    }
}

/// Sorted by place, each place once. Of nested calls on one line the outermost first.
fn sorted(mut uses: Vec<(FnId, Use)>) -> Vec<(FnId, Use)> {
    uses.sort_by(|(_, a), (_, b)| (a.location, &a.callee).cmp(&(b.location, &b.callee)));
    uses.dedup_by(|(_, later), (_, first)| later.location == first.location);
    // `manager().pool()` is one question, however many accessors answer it.
    let places: Vec<Location> = uses.iter().map(|(_, used)| used.location).collect();
    uses.retain(|(_, used)| !places.iter().any(|outer| starts_inside(used.location, *outer)));
    uses
}

/// Whether a chain of calls goes on where another one ends.
fn starts_inside(inner: Location, outer: Location) -> bool {
    let (one, all) = (inner.span, outer.span);
    inner.file == outer.file
        && (one.line, one.column) == (all.line, all.column)
        && (one.end_line, one.end_column) < (all.end_line, all.end_column)
}
