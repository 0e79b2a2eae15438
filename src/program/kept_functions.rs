//! Room 5, *program*: functions that fields keep: `Repository { connect }`, called later as `(self.connect)()`.

use rustc_hash::{FxHashMap, FxHashSet};

use super::bodies::{self, KeptFunction, LinkedBody, Target};
use super::inventory::Scope;
use super::items::{AdtId, FnId, Items};
use super::reach::Sketch;
use super::types::Types;
use super::values::Value;
use crate::facts::Name;

/// A field of a struct.
type Field = (AdtId, Name);

/// What a body does with functions that fields keep.
#[derive(Debug, Default)]
pub(super) struct FunctionsInFields {
    /// What it puts into fields.
    puts: Vec<KeptFunction>,
    /// Function items that it hands to functions of the workspace: the callee, the position, the item.
    hands: Vec<(FnId, u32, FnId)>,
    /// Fields whose functions it calls, and whether it may then do so beside itself.
    calls: Vec<(Field, bool)>,
}

impl FunctionsInFields {
    /// What a body puts and hands on; `None` where it does neither. What it calls is added by whoever knows when.
    pub(super) fn of(body: &LinkedBody<'_>) -> Option<Box<Self>> {
        let mut found = Self { puts: body.kept_functions.clone(), ..Self::default() };
        for call in &body.calls {
            let Target::Local { targets, .. } = &call.target else { continue };
            for (position, argument) in call.args.iter().enumerate() {
                if let Value::Function(item) = argument.value {
                    found.hands.extend(targets.iter().map(|target| (*target, position as u32, item)));
                }
            }
        }
        let says_something = !found.puts.is_empty() || !found.hands.is_empty();
        says_something.then(|| Box::new(found))
    }

    pub(super) fn add_call(&mut self, field: Field, beside: bool) {
        self.calls.push((field, beside));
    }
}

/// The functions that fields keep, over the whole program.
#[derive(Debug, Default)]
pub(super) struct KeptFunctions {
    by_field: FxHashMap<Field, Vec<FnId>>,
    /// Fields in which something else may be as well.
    open: FxHashSet<Field>,
}

impl KeptFunctions {
    /// Collects what bodies of production code put into fields by themselves, and what they hand to a function that does.
    /// Linear in what they put and hand on.
    pub(super) fn of(items: &Items<'_>, sketches: &[Option<Sketch>]) -> Self {
        let in_bodies = || {
            let in_fields = sketches.iter().map(|sketch| sketch.as_ref()?.in_fields.as_deref());
            in_fields.zip(&items.functions).enumerate().filter_map(|(index, (in_fields, item))| {
                Some((FnId(index as u32), in_fields.filter(|_| item.scope == Scope::Production)?))
            })
        };
        let mut found = Self::default();
        let mut parameters: FxHashMap<(FnId, u32), Vec<Field>> = FxHashMap::default();
        for (id, in_fields) in in_bodies() {
            for put in &in_fields.puts {
                let field = (put.owner, put.field.clone());
                if let Value::Function(item) = put.value {
                    found.add(items, field, item);
                    continue;
                }
                if let Value::Param(position) = put.value {
                    parameters.entry((id, position)).or_default().push(field.clone());
                }
                found.open.insert(field);
            }
        }
        for (_, in_fields) in in_bodies() {
            for (callee, position, item) in &in_fields.hands {
                for field in parameters.get(&(*callee, *position)).into_iter().flatten() {
                    found.add(items, field.clone(), *item);
                }
            }
        }
        found.by_field.values_mut().for_each(|items| items.sort_unstable());
        found
    }

    fn add(&mut self, items: &Items<'_>, field: Field, item: FnId) {
        let takes_self =
            items.functions[item.index()].signature.is_some_and(|signature| signature.receiver.is_some());
        let kept = self.by_field.entry(field).or_default();
        // The arguments of a method are one further than those of the call.
        if !takes_self && !kept.contains(&item) {
            kept.push(item);
        }
    }

    /// Adds to what a body calls the functions in the fields that it calls.
    pub(super) fn complete_sketch(&self, sketch: &mut Sketch) {
        let calls = sketch.in_fields.as_ref().map(|in_fields| in_fields.calls.as_slice()).unwrap_or_default();
        for (field, beside) in calls {
            let items = self.by_field.get(field).map(Vec::as_slice).unwrap_or_default();
            sketch.callees.extend(items.iter().map(|item| (*item, *beside)));
            sketch.resolved += u32::from(!items.is_empty());
        }
    }

    /// Links a body for good: its calls of functions in fields have their targets.
    pub(super) fn link<'a>(&self, types: &Types<'a>, id: FnId) -> Option<Box<LinkedBody<'a>>> {
        Some(self.completed(Box::new(bodies::link(types, id)?.shrunk_to_fit())))
    }

    /// The body, its calls of functions in fields with their targets.
    pub(super) fn completed<'a>(&self, mut body: Box<LinkedBody<'a>>) -> Box<LinkedBody<'a>> {
        for call in &mut body.calls {
            let Some(field) = call.kept_in() else { continue };
            if let Some(targets) = self.by_field.get(field).filter(|targets| !targets.is_empty()) {
                let dispatched = targets.len() > 1 || self.open.contains(field);
                call.target = Target::Local { targets: targets.clone(), dispatched };
            }
        }
        body
    }
}
