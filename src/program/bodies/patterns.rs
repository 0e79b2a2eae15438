//! Room 5, *program*: names bound by patterns.

use super::super::items::Declared;
use super::super::names::Def;
use super::super::types::{Ty, is_too_large};
use super::super::values::Value;
use super::walk::{Local, Typed, Walk};
use super::{Atom, settled};
use crate::catalog::TypeKind;
use crate::facts::{Literal, Name, Pat, Path};

impl Walk<'_, '_> {
    /// Binds a name. What gets a step deeper each time that it is bound again ends as unknown.
    pub(super) fn bind_name(&mut self, name: Name, mut typed: Typed, lent: bool) {
        if typed.value.is_deep() {
            typed.value = Value::Unknown;
        }
        if is_too_large(&typed.ty) {
            typed.ty = Ty::Unknown;
        }
        let context = self.context;
        let guard = self.is_guard(&typed.ty);
        self.locals.push(Local { name, typed, context, lent, guard });
    }

    /// Whether a value of the type proves that a lock is held.
    pub(super) fn is_guard(&self, ty: &Ty) -> bool {
        self.types.type_facts(ty).is_some_and(|facts| facts.kind == TypeKind::Guard)
    }

    /// Binds the names of a pattern to the parts of a value.
    pub(super) fn bind(&mut self, pat: &Pat, typed: &Typed, lent: bool) {
        match pat {
            Pat::Bind { name, sub, .. } => {
                // A capitalized bare name is a constant or a unit variant.
                if !name.starts_with(char::is_uppercase) {
                    self.bind_name(name.clone(), typed.clone(), lent);
                }
                if let Some(sub) = sub {
                    self.bind(sub, typed, lent);
                }
            }
            Pat::Ref(inner) => self.bind(inner, typed, lent),
            Pat::Or(list) => {
                if let Some(first) = list.first() {
                    self.bind(first, typed, lent);
                }
            }
            Pat::Tuple(list) => {
                for (index, part) in list.iter().enumerate() {
                    let ty = match &typed.ty {
                        Ty::Tuple(types) => types.get(index).cloned().unwrap_or(Ty::Unknown),
                        Ty::Slice(inner) => inner.as_ref().clone(),
                        _ => Ty::Unknown,
                    };
                    let value = match &typed.value {
                        Value::Choice(values) if values.len() == list.len() => values[index].clone(),
                        other => other.field(&Name::new(index.to_string())),
                    };
                    self.bind(part, &Typed::new(ty, value), lent);
                }
            }
            Pat::TupleStruct(path, list) => {
                let last = path.segments.last().map(|segment| segment.name.as_str()).unwrap_or_default();
                if matches!(last, "Some" | "Ok" | "Err" | "Ready") && list.len() == 1 {
                    let (ty, value) = match (last, &typed.ty) {
                        ("Err", Ty::External(_, args)) => {
                            (args.get(1).cloned().unwrap_or(Ty::Unknown), Value::Unknown)
                        }
                        ("Err", _) => (Ty::Unknown, Value::Unknown),
                        (_, Ty::External(_, args)) if typed.ty.is_option_or_result() => {
                            (args.first().cloned().unwrap_or(Ty::Unknown), typed.value.clone())
                        }
                        (_, ty) => {
                            let inner =
                                self.types.deref(ty).map_or(Ty::Unknown, |inner| settled(&inner).clone());
                            (inner, typed.value.clone())
                        }
                    };
                    self.bind(&list[0], &Typed::new(ty, value), lent);
                    return;
                }
                for (index, part) in list.iter().enumerate() {
                    let name = Name::new(index.to_string());
                    let inner = self.pattern_field(path, typed, &name);
                    self.bind(part, &inner, lent);
                }
            }
            Pat::Struct(path, fields) => {
                for (name, part) in fields {
                    let inner = self.pattern_field(path, typed, name);
                    self.bind(part, &inner, lent);
                }
            }
            Pat::Wild | Pat::Path(_) | Pat::Literal(_) | Pat::Other => {}
        }
    }

    fn pattern_field(&self, path: &Path, typed: &Typed, name: &Name) -> Typed {
        let value = typed.value.field(name);
        let found = self.resolve_type_path(path).or_else(|| {
            let own = path.segments.first().is_some_and(|first| first.name == "Self");
            match (&self.self_ty, own) {
                (Some(Ty::Adt(id, args)), true) => {
                    Some((Def::Item(Declared::Adt(*id)), std::sync::Arc::clone(args)))
                }
                _ => None,
            }
        });
        let args = match &typed.ty {
            Ty::Adt(_, args) => std::sync::Arc::clone(args),
            _ => std::sync::Arc::from([]),
        };
        let ty = match found {
            Some((Def::Item(Declared::Adt(id)), _)) => self.types.adt_field(id, &args, None, name),
            Some((Def::Variant(id, variant), _)) => self.types.adt_field(id, &args, Some(variant), name),
            _ => None,
        };
        let known = ty.unwrap_or_else(|| self.types.field(&typed.ty, name));
        match (&known, &typed.ty) {
            // `State(pool): State<PgPool>`: a library's wrapper of one value.
            (Ty::Unknown, Ty::External(..)) => Typed::new(typed.ty.first_arg(), typed.value.clone()),
            _ => Typed::new(known, value),
        }
    }

    /// What a refutable pattern tests, arm 0 being the one where it matches.
    pub(super) fn pattern_atoms(&mut self, pat: &Pat, value: &Value) -> Vec<Atom> {
        let Some(present) = presence(pat) else {
            self.decided_by(value);
            return Vec::new();
        };
        // `Some(Slot::Ready(pool))` does not match either where there is something else.
        let otherwise = if asks_more(pat) { Vec::new() } else { vec![1] };
        let (if_true, if_false) = if present { (vec![0], otherwise) } else { (otherwise, vec![0]) };
        vec![Atom { value: value.clone(), if_true, if_false }]
    }
}

/// Whether a pattern for content that is there, or for none, asks something of what is inside as well.
pub(super) fn asks_more(pat: &Pat) -> bool {
    match pat {
        Pat::TupleStruct(_, inner) => !inner.iter().all(takes_all),
        Pat::Ref(inner) => asks_more(inner),
        _ => false,
    }
}

/// Whether every value of a type matches, as far as the pattern tells: a struct has one form, a variant is one of several.
fn takes_all(pat: &Pat) -> bool {
    let is_struct = |path: &Path| {
        let names: Vec<&str> = path.segments.iter().map(|segment| segment.name.as_str()).collect();
        let is_variant_of = |owner: &&str| owner.starts_with(|first: char| first.is_uppercase());
        let owner = names.len().checked_sub(2).map(|index| names[index]);
        !owner.as_ref().is_some_and(is_variant_of)
            && !matches!(names.last(), Some(&("Some" | "Ok" | "Err" | "None")))
    };
    match pat {
        Pat::Wild => true,
        Pat::Bind { name, sub, .. } => name != "None" && sub.as_deref().is_none_or(takes_all),
        Pat::Ref(inner) => takes_all(inner),
        Pat::Tuple(parts) => parts.iter().all(takes_all),
        Pat::TupleStruct(path, parts) => is_struct(path) && parts.iter().all(takes_all),
        Pat::Struct(path, fields) => is_struct(path) && fields.iter().all(|(_, field)| takes_all(field)),
        _ => false,
    }
}

/// Whether a pattern stands for content that is there, or for none.
pub(super) fn presence(pat: &Pat) -> Option<bool> {
    match pat {
        Pat::TupleStruct(path, _) => match path.segments.last()?.name.as_str() {
            "Some" | "Ok" => Some(true),
            "Err" => Some(false),
            _ => None,
        },
        Pat::Bind { name, sub: None, .. } if name == "None" => Some(false),
        Pat::Path(path) => (path.segments.last()?.name == "None").then_some(false),
        Pat::Literal(Literal::Bool(flag)) => Some(*flag),
        Pat::Ref(inner) => presence(inner),
        _ => None,
    }
}
