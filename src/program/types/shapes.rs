//! Room 5, *program*: types as terms: from the catalog's patterns, substituted, bound and written out.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Args, DEPTH, PatternInput, Ty, Types, args_of};
use crate::catalog::TypePattern;
use crate::facts::{Generics, Name};

impl Types<'_> {
    /// A type from the catalog's description of a result.
    pub fn from_pattern(&self, pattern: &TypePattern, input: &PatternInput<'_>) -> Ty {
        match pattern {
            TypePattern::SelfType => input.receiver.clone(),
            TypePattern::ReceiverArgument(index) => {
                input.generics.get(*index).cloned().unwrap_or(Ty::Unknown)
            }
            TypePattern::CallArgument(index) => input.arguments.get(*index).cloned().unwrap_or(Ty::Unknown),
            TypePattern::ClosureResult(index) => match input.arguments.get(*index) {
                Some(Ty::Callable(output)) => output.as_ref().clone(),
                Some(Ty::Function(id)) => self.signature(*id).output.clone(),
                _ => Ty::Unknown,
            },
            TypePattern::Part(whole, index) => match self.from_pattern(whole, input) {
                Ty::External(_, args) | Ty::Adt(_, args) | Ty::Tuple(args) => {
                    args.get(*index).cloned().unwrap_or(Ty::Unknown)
                }
                _ => Ty::Unknown,
            },
            TypePattern::Awaited(future) => match self.from_pattern(future, input) {
                Ty::Future(output) => output.as_ref().clone(),
                _ => Ty::Unknown,
            },
            TypePattern::Path { path, arguments } => {
                let args = args_of(arguments, |arg| self.from_pattern(arg, input));
                Ty::External(Name::new(path), args)
            }
            TypePattern::Tuple(list) => {
                Ty::Tuple(list.iter().map(|item| self.from_pattern(item, input)).collect())
            }
            TypePattern::List(inner) => Ty::Slice(Arc::new(self.from_pattern(inner, input))),
        }
    }

    /// Whether a parameter of one type can take an argument of the other, dereferenced if need be.
    pub fn accepts(&self, param: &Ty, arg: &Ty) -> bool {
        let mut current = arg.clone();
        for _ in 0..DEPTH {
            if fits(param, &current) {
                return true;
            }
            match self.deref(&current) {
                Some(next) => current = next,
                None => return false,
            }
        }
        false
    }

    /// The type as people write it: canonical paths, arguments in angle brackets.
    pub fn display(&self, ty: &Ty) -> String {
        let mut text = String::new();
        self.write(&mut text, ty, 0);
        text
    }

    fn write(&self, out: &mut String, ty: &Ty, depth: usize) {
        let list = |out: &mut String, args: &Args| {
            for (index, arg) in args.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                self.write(out, arg, depth + 1);
            }
        };
        match ty {
            _ if depth > DEPTH => out.push('…'),
            Ty::Adt(id, args) => {
                let adt = &self.items.adts[id.index()];
                let _ = write!(out, "{}::{}", self.items.module_path(adt.module), adt.name);
                if !args.is_empty() {
                    out.push('<');
                    list(out, args);
                    out.push('>');
                }
            }
            Ty::External(path, args) => {
                out.push_str(path);
                if !args.is_empty() {
                    out.push('<');
                    list(out, args);
                    out.push('>');
                }
            }
            Ty::Tuple(args) => {
                out.push('(');
                list(out, args);
                out.push(')');
            }
            Ty::Slice(inner) => {
                out.push('[');
                self.write(out, inner, depth + 1);
                out.push(']');
            }
            Ty::Future(inner) => {
                out.push_str("impl Future<Output = ");
                self.write(out, inner, depth + 1);
                out.push('>');
            }
            Ty::Param(name) => out.push_str(name),
            Ty::Never => out.push('!'),
            Ty::Unknown | Ty::Function(_) | Ty::Callable(_) | Ty::Bounds(_) => out.push('_'),
        }
    }
}

/// Whether a type is a `Result`, of std or of a library that names its own so.
pub fn is_result(ty: &Ty) -> bool {
    matches!(ty, Ty::External(path, _) if path.ends_with("Result"))
}

/// Whether a type is a list, a slice, a collection of std or an iterator, whose methods hand out one element after the other.
pub fn is_list(ty: &Ty) -> bool {
    match ty {
        Ty::Slice(_) => true,
        Ty::External(path, _) => {
            path.starts_with("std::vec::")
                || path.starts_with("std::iter::")
                || path.starts_with("std::collections::")
        }
        _ => false,
    }
}

/// Whether a library's type is a map, by its name: not all are in the catalog.
pub fn is_map(path: &str) -> bool {
    path.ends_with("Map")
}

/// Whether a type is a list, a set or a map, or has one inside locks and pointers.
pub fn holds_many(ty: &Ty) -> bool {
    match ty {
        Ty::External(path, args) => is_list(ty) || is_map(path) || args.iter().any(holds_many),
        other => is_list(other),
    }
}

/// Pairs type parameters with arguments.
pub fn bindings_of(generics: &Generics, args: &[Ty]) -> Vec<(Name, Ty)> {
    generics.params.iter().zip(args).map(|(param, arg)| (param.name.clone(), arg.clone())).collect()
}

/// Types with more parts become unknown: an alias that names its parameter twice doubles them each time it is used.
const LARGEST: usize = 2_000;

/// Whether a type has more parts than anybody writes. Looks at no more than that.
pub fn is_too_large(ty: &Ty) -> bool {
    fn count(ty: &Ty, left: &mut usize) -> bool {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match ty {
            Ty::Adt(_, args) | Ty::External(_, args) | Ty::Tuple(args) => {
                args.iter().all(|arg| count(arg, left))
            }
            Ty::Slice(inner) | Ty::Callable(inner) | Ty::Future(inner) => count(inner, left),
            _ => true,
        }
    }
    !count(ty, &mut { LARGEST })
}

/// Replaces type parameters that have a binding; the others stay. What gets too large by it is unknown.
pub fn substitute(ty: &Ty, bindings: &[(Name, Ty)]) -> Ty {
    if bindings.is_empty() {
        return ty.clone();
    }
    let replaced = replaced(ty, bindings);
    if is_too_large(&replaced) { Ty::Unknown } else { replaced }
}

fn replaced(ty: &Ty, bindings: &[(Name, Ty)]) -> Ty {
    let all = |args: &Args| args_of(args, |arg| replaced(arg, bindings));
    match ty {
        Ty::Param(name) => {
            bindings.iter().find(|(bound, _)| bound == name).map_or_else(|| ty.clone(), |(_, to)| to.clone())
        }
        Ty::Adt(id, args) => Ty::Adt(*id, all(args)),
        Ty::External(path, args) => Ty::External(path.clone(), all(args)),
        Ty::Tuple(args) => Ty::Tuple(all(args)),
        Ty::Slice(inner) => Ty::Slice(Arc::new(replaced(inner, bindings))),
        Ty::Callable(inner) => Ty::Callable(Arc::new(replaced(inner, bindings))),
        Ty::Future(inner) => Ty::Future(Arc::new(replaced(inner, bindings))),
        _ => ty.clone(),
    }
}

/// Whether a type as an impl block writes it can be this type. What is not known fits everything.
pub(super) fn fits(pattern: &Ty, actual: &Ty) -> bool {
    let all = |left: &Args, right: &Args| left.iter().zip(right.iter()).all(|(one, other)| fits(one, other));
    match (pattern, actual) {
        (Ty::Param(_) | Ty::Unknown | Ty::Bounds(_), _) => true,
        (_, Ty::Param(_) | Ty::Unknown | Ty::Bounds(_)) => true,
        (Ty::Adt(left, a), Ty::Adt(right, b)) => left == right && all(a, b),
        (Ty::External(left, a), Ty::External(right, b)) => left == right && all(a, b),
        (Ty::Tuple(a), Ty::Tuple(b)) => a.len() == b.len() && all(a, b),
        (Ty::Slice(a), Ty::Slice(b)) => fits(a, b),
        (Ty::Adt(..) | Ty::External(..) | Ty::Tuple(_) | Ty::Slice(_), _) => false,
        _ => true,
    }
}

/// Binds the type parameters in `pattern` to what stands at their place in `actual`.
pub fn bind(pattern: &Ty, actual: &Ty, bindings: &mut Vec<(Name, Ty)>) {
    match (pattern, actual) {
        (_, Ty::Unknown) => {}
        (Ty::Param(name), _) if !bindings.iter().any(|(bound, _)| bound == name) => {
            bindings.push((name.clone(), actual.clone()));
        }
        (Ty::Adt(left, a), Ty::Adt(right, b)) if left == right => bind_all(a, b, bindings),
        (Ty::External(left, a), Ty::External(right, b)) if left == right => bind_all(a, b, bindings),
        (Ty::Tuple(a), Ty::Tuple(b)) => bind_all(a, b, bindings),
        (Ty::Slice(a), Ty::Slice(b))
        | (Ty::Callable(a), Ty::Callable(b))
        | (Ty::Future(a), Ty::Future(b)) => {
            bind(a, b, bindings);
        }
        _ => {}
    }
}

fn bind_all(patterns: &Args, actuals: &Args, bindings: &mut Vec<(Name, Ty)>) {
    for (pattern, actual) in patterns.iter().zip(actuals.iter()) {
        bind(pattern, actual, bindings);
    }
}
