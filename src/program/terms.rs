//! Room 5, *program*: values of one body rewritten as terms over its function's parameters, so that a caller only
//! puts its arguments in.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::bodies::{Argument, Call, CallId, LinkedBody, Target, settled};
use super::items::FnId;
use super::types::{Ty, Types};
use super::values::Value;
use crate::catalog::{CallRole, ValueSource, reads_from_outside};

/// How deep a term is followed through calls of one body.
const DEPTH: usize = 24;

/// What each function gives back, filled callees first. Functions may be filled from several threads; one whose turn
/// has not come gives something unknown.
#[derive(Debug)]
pub(super) struct Results {
    values: Vec<OnceLock<Closed>>,
    /// How results that are not understood are named, made at the first use.
    opaque: Vec<OnceLock<Arc<str>>>,
}

/// A term over the parameters of its function.
#[derive(Debug)]
struct Closed {
    value: Value,
    /// Whether a parameter or the receiver is in it, so that callers must put something in.
    takes_arguments: bool,
}

impl Results {
    /// Nothing known of any of so many functions.
    pub(super) fn new(count: usize) -> Self {
        let nothing = |_| OnceLock::new();
        Self {
            values: (0..count).map(nothing).collect(),
            opaque: (0..count).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Says what a function gives back; the first word counts.
    pub(super) fn set(&self, id: FnId, value: Value) {
        let takes_arguments = value.any(|part| matches!(part, Value::Param(_) | Value::Receiver));
        let _ = self.values[id.index()].set(Closed { value, takes_arguments });
    }

    /// What a function gives back.
    pub(super) fn get(&self, id: FnId) -> &Value {
        self.values[id.index()].get().map_or(&Value::Unknown, |closed| &closed.value)
    }

    fn apply(&self, types: &Types<'_>, target: FnId, receiver: Option<&Value>, args: &[Value]) -> Value {
        let given = match self.values[target.index()].get() {
            Some(closed) if closed.takes_arguments => substitute(&closed.value, args, receiver),
            Some(closed) => closed.value.clone(),
            None => Value::Unknown,
        };
        match given {
            Value::Unknown => self.opaque(types, target, receiver, args),
            known => known,
        }
    }

    /// A function whose result is not understood: the same for the same arguments.
    fn opaque(&self, types: &Types<'_>, target: FnId, receiver: Option<&Value>, args: &[Value]) -> Value {
        let path = self.opaque[target.index()].get_or_init(|| {
            let item = &types.items.functions[target.index()];
            let module = types.items.module_path(item.module);
            let path = match settled(&types.signature(target).output) {
                // Configuration types name the value better than the function that loads it.
                Ty::Adt(adt, _) => {
                    format!("{module}::{}=>{}", item.name, types.items.adts[adt.index()].name)
                }
                _ => format!("fn {module}::{}", item.name),
            };
            Arc::from(path)
        });
        Value::Origin(Arc::clone(path), receiver.into_iter().chain(args).cloned().collect()).bounded()
    }
}

/// Rewrites values of one body. Values share parts, so what a call gives is worked out once.
pub(super) struct Terms<'t, 'a> {
    types: &'t Types<'a>,
    id: FnId,
    body: &'t LinkedBody<'a>,
    /// Results of all functions; without them calls stay as [`Value::Apply`].
    results: Option<&'t Results>,
    calls: RefCell<FxHashMap<CallId, Known>>,
    /// Whether something was left out since this was last asked, because it lies too deep.
    cut_off: Cell<bool>,
}

/// What a call gives, as far as it was looked for.
struct Known {
    value: Value,
    /// How deep in another value it was asked for; 0 where nothing was left out.
    depth: usize,
}

impl<'t, 'a> Terms<'t, 'a> {
    /// With the results of callees at hand.
    pub(super) fn new(
        types: &'t Types<'a>,
        results: &'t Results,
        id: FnId,
        body: &'t LinkedBody<'a>,
    ) -> Self {
        Self { types, id, body, results: Some(results), calls: RefCell::default(), cut_off: Cell::default() }
    }

    /// Without results: calls of the workspace's functions stay in the term, for [`expand`].
    pub(super) fn symbolic(types: &'t Types<'a>, id: FnId, body: &'t LinkedBody<'a>) -> Self {
        Self { types, id, body, results: None, calls: RefCell::default(), cut_off: Cell::default() }
    }

    /// The term for a value.
    pub(super) fn close(&self, value: &Value) -> Value {
        self.close_at(value, 0).bounded()
    }

    /// The terms for the receiver and the arguments of a call of the body.
    pub(super) fn inputs(&self, call: &Call<'_>) -> (Option<Value>, Vec<Value>) {
        let args = call.args.iter().map(|argument| self.close(&argument.value)).collect();
        (call.receiver.as_ref().map(|receiver| self.close(&receiver.value)), args)
    }

    fn close_at(&self, value: &Value, depth: usize) -> Value {
        self.closed_at(value, depth).unwrap_or_else(|| value.clone())
    }

    fn closed_at(&self, value: &Value, depth: usize) -> Option<Value> {
        if depth > DEPTH {
            self.cut_off.set(true);
            return Some(Value::Unknown);
        }
        match value {
            Value::Call(call) => {
                // Whoever asks from further out sees more.
                if let Some(known) = self.calls.borrow().get(call)
                    && known.depth <= depth
                {
                    self.cut_off.set(self.cut_off.get() || known.depth > 0);
                    return Some(known.value.clone());
                }
                let cut_off_before = self.cut_off.replace(false);
                let closed = self.close_call(*call, depth).bounded();
                let seen_from = if self.cut_off.get() { depth } else { 0 };
                self.cut_off.set(self.cut_off.get() || cut_off_before);
                self.calls.borrow_mut().insert(*call, Known { value: closed.clone(), depth: seen_from });
                Some(closed)
            }
            Value::Block(_) => Some(Value::Unknown),
            Value::Behind(_, inner) => Some(self.close_at(inner, depth + 1)),
            other => other.changed(&|part| self.closed_at(part, depth + 1)),
        }
    }

    fn close_call(&self, call_id: CallId, depth: usize) -> Value {
        let call = self.body.call(call_id);
        let close = |value: &Value| self.close_at(value, depth + 1);
        match &call.target {
            Target::Local { targets, .. } => {
                let args: Vec<Value> = call.args.iter().map(|argument| close(&argument.value)).collect();
                let receiver = call.receiver.as_ref().map(|receiver| close(&receiver.value));
                let Some(results) = self.results else {
                    return match targets.as_slice() {
                        [only] => Value::Apply(*only, receiver.map(Arc::new), args.into()),
                        _ => Value::Unknown,
                    };
                };
                let each =
                    targets.iter().map(|target| results.apply(self.types, *target, receiver.as_ref(), &args));
                Value::choice(each.collect())
            }
            Target::Library(facts) if facts.role == CallRole::Create => {
                // What only keeps an address (`redis::Client`) stands for it.
                let address = address_of(call).filter(|_| self.types.handle(&call.result).is_none());
                address.map_or(Value::Created(self.id, call_id), |address| close(&address.value))
            }
            Target::Library(facts) => origin(&facts.path, call, &close),
            Target::External(path) => origin(path, call, &close),
            Target::Block(_) | Target::Unknown(_) => Value::Unknown,
        }
    }
}

/// The argument or receiver of a creating call that holds the address.
pub(super) fn address_of<'c>(call: &'c Call<'_>) -> Option<&'c Argument> {
    let Target::Library(facts) = call.target else { return None };
    match facts.address? {
        ValueSource::Argument(index) => call.args.get(index),
        ValueSource::Receiver => call.receiver.as_ref(),
    }
}

fn origin(path: &str, call: &Call<'_>, close: &impl Fn(&Value) -> Value) -> Value {
    let list = call.inputs().map(|argument| close(&argument.value)).collect();
    match settled(&call.result) {
        Ty::Adt(adt, _) if reads_from_outside(path) => Value::Loaded(*adt, Arc::from(path), list),
        _ => Value::Origin(Arc::from(path), list),
    }
}

/// Replaces calls that stayed in a term by what they give.
pub(super) fn expand(types: &Types<'_>, results: &Results, value: &Value) -> Value {
    expanded(types, results, value).unwrap_or_else(|| value.clone()).bounded()
}

fn expanded(types: &Types<'_>, results: &Results, value: &Value) -> Option<Value> {
    let found = match value {
        Value::Apply(target, receiver, args) => {
            let args: Vec<Value> = args.iter().map(|arg| expand(types, results, arg)).collect();
            let receiver = receiver.as_ref().map(|receiver| expand(types, results, receiver));
            Some(results.apply(types, *target, receiver.as_ref(), &args))
        }
        other => other.changed(&|part| expanded(types, results, part)),
    };
    found.map(Value::bounded)
}

/// Puts arguments in the place of parameters.
pub(super) fn substitute(value: &Value, args: &[Value], receiver: Option<&Value>) -> Value {
    substituted(value, args, receiver).unwrap_or_else(|| value.clone()).bounded()
}

fn substituted(value: &Value, args: &[Value], receiver: Option<&Value>) -> Option<Value> {
    match value {
        Value::Param(index) => Some(args.get(*index as usize).cloned().unwrap_or(Value::Unknown)),
        Value::Receiver => Some(receiver.cloned().unwrap_or(Value::Unknown)),
        other => other.changed(&|part| substituted(part, args, receiver)),
    }
}

/// The type of a field of what is inside a type: a value does not tell the locks, cells and options on the way to a field.
fn field_inside(types: &Types<'_>, around: Ty, name: &str) -> Ty {
    let mut current = around;
    for _ in 0..DEPTH {
        let found = types.field(&current, name);
        match &current {
            Ty::External(_, args) if found == Ty::Unknown && !args.is_empty() => current = args[0].clone(),
            _ => return found,
        }
    }
    Ty::Unknown
}

/// The type of a static or of an input of a function, or of a field of one, in terms over the function's parameters.
pub(super) fn type_of(types: &Types<'_>, id: FnId, value: &Value) -> Option<Ty> {
    let signature = types.signature(id);
    match value {
        Value::Param(index) => signature.params.get(*index as usize).cloned(),
        Value::Receiver => signature.self_ty.clone(),
        Value::Static(id) => Some(types.static_type(*id).clone()),
        Value::Field(inner, name) => Some(field_inside(types, type_of(types, id, inner)?, name)),
        Value::Content(inner) => type_of(types, id, inner),
        _ => None,
    }
}
