//! Room 5, *program*: struct literals and assignments: where values are put.

use std::sync::Arc;

use super::super::items::{AdtId, Declared};
use super::super::names::Def;
use super::super::types::{Args, Ty, bind, bindings_of};
use super::super::values::Value;
use super::walk::{Typed, Walk};
use super::{EventKind, KeptFunction, LinkedBody, Write};
use crate::facts::{ExprId, ExprKind, Name, Receiver};
use crate::location::Span;

impl Walk<'_, '_> {
    pub(super) fn struct_literal(&mut self, literal: &crate::facts::StructLiteral) -> Typed {
        let mut fields = Vec::with_capacity(literal.fields.len());
        for (name, value) in &literal.fields {
            let typed = self.expr(*value);
            self.mark(&typed.value, |outcome| outcome.bound = true);
            fields.push((name.clone(), typed));
        }
        let rest = literal.rest.map(|rest| self.expr(rest).value);
        let mut typed = self.literal_of(literal, fields);
        // What is not written comes from the rest.
        if let (Some(rest), Value::Record(_, _, fields)) = (&rest, &typed.value) {
            typed.value = Value::With(Arc::new(rest.clone()), Arc::clone(fields)).bounded();
        }
        typed
    }

    fn literal_of(&mut self, literal: &crate::facts::StructLiteral, fields: Vec<(Name, Typed)>) -> Typed {
        let own = literal.path.segments.first().is_some_and(|first| first.name == "Self");
        if own && literal.path.segments.len() == 1 {
            let Some(Ty::Adt(id, args)) = self.self_ty.clone() else {
                return Typed::unknown();
            };
            return self.record(id, None, args, fields);
        }
        match self.resolve_type_path(&literal.path) {
            Some((Def::Item(Declared::Adt(id)), args)) => self.record(id, None, args, fields),
            Some((Def::Variant(id, variant), args)) => self.record(id, Some(variant), args, fields),
            Some((def, args)) => match self.types.type_of_def(&def, args) {
                Ty::Adt(id, args) => self.record(id, None, args, fields),
                ty => {
                    let parts = fields.into_iter().filter(|(name, _)| may_name_address(name));
                    Typed::new(ty, Value::joined(parts.map(|(_, typed)| typed.value).collect()))
                }
            },
            None => Typed::unknown(),
        }
    }

    pub(super) fn record(
        &mut self,
        id: AdtId,
        variant: Option<u32>,
        args: Args,
        fields: Vec<(Name, Typed)>,
    ) -> Typed {
        let adt = &self.types.items.adts[id.index()];
        let mut bindings = bindings_of(adt.generics, &args);
        if args.is_empty() && !adt.generics.params.is_empty() {
            let params: Vec<Ty> =
                adt.generics.params.iter().map(|param| Ty::Param(param.name.clone())).collect();
            for (name, typed) in &fields {
                if let Some(declared) = self.types.adt_field(id, &params.clone().into(), variant, name) {
                    bind(&declared, &typed.ty, &mut bindings);
                }
            }
        }
        let args: Args = adt
            .generics
            .params
            .iter()
            .map(|param| {
                let found = bindings.iter().find(|(name, _)| *name == param.name);
                found.map_or(Ty::Unknown, |(_, ty)| ty.clone())
            })
            .collect();
        for (name, typed) in &fields {
            let is_given =
                matches!(typed.value, Value::Param(_)) && matches!(typed.ty, Ty::Callable(_) | Ty::Param(_));
            if is_given || matches!(typed.value, Value::Function(_) | Value::Block(_)) {
                let (field, value) = (name.clone(), typed.value.clone());
                self.out.kept_functions.push(KeptFunction { owner: id, field, value });
            }
        }
        let values: Vec<(Name, Value)> =
            fields.into_iter().map(|(name, typed)| (name, typed.value)).collect();
        Typed::new(Ty::Adt(id, args), Value::Record(id, variant, values.into()).bounded())
    }

    /// Notes that a place is assigned: a variable, or what is in one.
    pub(super) fn note_assigned(&mut self, place: ExprId) {
        let variable = match &self.body.expr(place).kind {
            ExprKind::Path(path) => match path.segments.as_slice() {
                [only] => self.locals.iter().rposition(|local| local.name == only.name),
                _ => None,
            },
            _ => None,
        };
        self.assigned.push((self.context, variable));
    }

    pub(super) fn assign(&mut self, place: ExprId, value: ExprId, span: Span) -> Typed {
        let written = self.expr(value);
        self.note_assigned(place);
        self.mark(&written.value, |outcome| outcome.bound = true);
        if let ExprKind::Path(path) = &self.body.expr(place).kind
            && let [only] = path.segments.as_slice()
            && let Some(index) = self.locals.iter().rposition(|local| local.name == only.name)
        {
            let context = self.context;
            let guard = self.is_guard(&written.ty);
            if written.value == Value::Bool(true) {
                self.raised.push((context, index));
            }
            let local = &mut self.locals[index];
            local.guard |= guard;
            let always = local.context == context;
            let old = std::mem::replace(&mut local.typed, written.clone());
            if !always && old.value != Value::Unknown {
                local.typed.value = Value::choice(vec![old.value, written.value]);
            }
            if local.typed.ty == Ty::Unknown {
                local.typed.ty = old.ty;
            }
            return Typed::unit();
        }
        let target = self.expr(place);
        let target = self.field_assigned(place, &written.value).unwrap_or(target.value);
        if let ExprKind::Path(path) = &self.body.expr(place).kind
            && path.segments.last().is_some_and(|last| last.name == "_")
        {
            self.mark(&written.value, |outcome| outcome.discarded = true);
            return Typed::unit();
        }
        let guards = self.guards();
        let is_data = self.types.is_plain_data(&written.ty);
        let write =
            Write { place: target, value: written.value, is_data, call: None, atomic: false, guards, span };
        self.emit(EventKind::Write(Box::new(write)));
        Typed::unit()
    }

    /// `config.url = x;` makes what is in a variable another value. Gives the place that is written where that would be what was
    /// written there before.
    fn field_assigned(&mut self, place: ExprId, written: &Value) -> Option<Value> {
        let mut names: Vec<&Name> = Vec::new();
        let mut current = place;
        while let ExprKind::Field { base, name } = &self.body.expr(current).kind {
            names.insert(0, name);
            current = *base;
        }
        let ExprKind::Path(path) = &self.body.expr(current).kind else {
            return None;
        };
        let [only] = path.segments.as_slice() else { return None };
        let at =
            self.locals.iter().rposition(|local| local.name == only.name).filter(|_| current != place)?;
        if matches!(self.locals[at].typed.ty, Ty::Adt(..)) {
            self.own_field_assigned(at, &names, written)
        } else {
            self.setting_assigned(at, &names, written);
            None
        }
    }

    fn owns_self(&self) -> bool {
        let signature = self.types.items.functions[self.id.index()].signature;
        signature.is_some_and(|facts| facts.receiver == Some(Receiver::Owned))
    }

    /// On a value of the workspace that the variable owns: the other fields stay what they were.
    fn own_field_assigned(&mut self, at: usize, names: &[&Name], written: &Value) -> Option<Value> {
        let local = &self.locals[at];
        let before = &local.typed.value;
        let owned = match before.without_changes() {
            Value::Receiver => self.owns_self(),
            Value::Param(_) | Value::Call(_) | Value::Record(..) | Value::Loaded(..) => !local.lent,
            _ => false,
        };
        if !owned {
            return None;
        }
        let field_of = |value: &Value| names.iter().fold(value.clone(), |value, name| value.field(name));
        let place = field_of(before.without_changes());
        // What is assigned in a branch may be there afterwards, or not.
        let value = match local.context == self.context {
            true => written.clone(),
            false => Value::choice(vec![field_of(before), written.clone()]),
        };
        self.locals[at].typed.value = before.with(names, value);
        Some(place)
    }

    /// On a library's value whose fields nobody here knows.
    fn setting_assigned(&mut self, at: usize, names: &[&Name], written: &Value) {
        let local = &self.locals[at];
        if !names.iter().all(|name| may_name_address(name))
            || !matches!(local.typed.value, Value::Call(_) | Value::Joined(_) | Value::Origin(..))
        {
            return;
        }
        let empty = match local.typed.value {
            Value::Call(made) => {
                let made = &self.out.calls[made.0 as usize];
                made.receiver.is_none() && made.args.is_empty()
            }
            _ => false,
        };
        let value = match empty {
            true => written.clone(),
            false => Value::Joined(Arc::from([local.typed.value.clone(), written.clone()])),
        };
        self.locals[at].typed.value = value;
    }
}

/// Whether a setting of a library's configuration may be a part of the address, by its name. What only says how to
/// talk (limits, times, encryption, logging) is not: two configurations that differ in it lead to the same database.
/// Whatever is not known to be one of those counts.
pub(super) fn may_name_address(setting: &str) -> bool {
    const HOW_TO_TALK: [&str; 22] = [
        "timeout",
        "keepalive",
        "keep_alive",
        "ssl",
        "tls",
        "password",
        "application_name",
        "app_name",
        "manager",
        "max_",
        "min_",
        "_size",
        "idle",
        "lifetime",
        "retry",
        "retries",
        "interval",
        "statement_cache",
        "logging",
        "log_",
        "load_balance",
        "channel_binding",
    ];
    !matches!(setting, "pool" | "runtime" | "recycling_method")
        && !HOW_TO_TALK.iter().any(|word| setting.contains(word))
}

impl LinkedBody<'_> {
    /// Whether the place of a write is tested in the body under the lock of the write, or claimed atomically.
    pub(in crate::program) fn settles(&self, write: &Write) -> bool {
        let place = write.place.place();
        let lock = write.place.lock();
        self.all_events().any(|event| match &event.kind {
            EventKind::Branch(branching) => branching.atoms.iter().any(|atom| {
                let tested = match &atom.value {
                    Value::Test { place, .. } => place,
                    other => other,
                };
                let same_lock = lock.is_some() && tested.lock() == lock;
                let same_guard =
                    branching.guards.iter().any(|guard| write.guards.contains(guard) || lock == Some(*guard));
                tested.place() == place && !atom.if_true.is_empty() && (same_lock || same_guard)
            }),
            EventKind::Write(other) => other.atomic && other.place.place() == place && !write.atomic,
            _ => false,
        })
    }
}
