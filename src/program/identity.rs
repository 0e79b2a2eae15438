//! Room 5, *program*: which resource a handle talks to: driver and where the address comes from. Two handles
//! compete only when both are known to be the same.

use std::fmt::Write as _;

use super::inventory::{Address, Resource};
use super::items::FnId;
use super::types::Types;
use super::values::Value;
use crate::catalog::{CallRole, driver_of_scheme};
use crate::finding::Confidence;

/// How deep an address may be nested before it counts as unknown.
const DEPTH: usize = 16;

/// Gives the result of a function, for statics whose initializer makes a configuration.
pub type ResultOf<'r> = &'r dyn Fn(FnId) -> Option<Value>;

/// The resource behind an address, `None` driver parts decided by the scheme of a literal.
pub fn resource(types: &Types<'_>, driver: &str, address: &Value, result_of: ResultOf<'_>) -> Resource {
    let value = expand(types, address, result_of, 0);
    let text = match &value {
        Value::Text(text) => driver_of_scheme(text),
        _ => None,
    };
    let driver = match (driver, text) {
        ("database", Some(known)) => known.to_owned(),
        (driver, _) => driver.to_owned(),
    };
    let mut display = String::new();
    write(types, &mut display, &value, 0);
    let (id, address, confidence) = match &value {
        Value::Env(key) => (format!("env.{key}"), Address::Env(key.to_string()), Confidence::High),
        // Every opening of a database in memory is a database of its own.
        Value::Text(text) if text.contains(":memory:") || text.contains("mode=memory") => {
            ("unknown.memory".to_owned(), Address::Unknown("in memory".to_owned()), Confidence::Low)
        }
        Value::Text(text) => {
            let shown = without_password(text);
            (format!("literal.{shown}"), Address::Literal(shown), Confidence::High)
        }
        value if is_known(value) => {
            let confidence = sureness(types, value);
            (display.clone(), Address::Config(display, None), confidence)
        }
        _ => (format!("unknown.{display}"), Address::Unknown(display), Confidence::Low),
    };
    Resource { id: format!("{driver}:{id}"), driver, address, confidence }
}

/// Whether an address is determined by the program and its configuration alone.
fn is_known(value: &Value) -> bool {
    let mut known = true;
    value.visit(&mut |part| {
        known &= !matches!(
            part,
            Value::Unknown
                | Value::Param(_)
                | Value::Receiver
                | Value::Element(_)
                | Value::Call(_)
                | Value::Block(_)
                | Value::Apply(..)
        );
    });
    known
}

/// How sure it is that evaluating the same term twice gives the same address. What configuration loaders and
/// catalogued functions give depends on their arguments alone; what any other function gives may differ per call.
fn sureness(types: &Types<'_>, value: &Value) -> Confidence {
    let mut confidence = Confidence::High;
    value.visit(&mut |part| {
        let Value::Origin(path, list) = part else {
            return;
        };
        let sure = if path.starts_with("std::env::args") {
            // Which argument is meant is not followed.
            Confidence::Low
        } else if path.contains("=>") {
            Confidence::High
        } else if let Some(facts) = types.catalog.function(path).or_else(|| method_facts(types, path)) {
            let bare = matches!(facts.role, CallRole::Builder | CallRole::Create) && list.is_empty();
            if bare { Confidence::Low } else { Confidence::High }
        } else if path.starts_with("fn ") || path.starts_with("const ") {
            Confidence::Medium
        } else if path.contains("::") {
            Confidence::Low
        } else {
            // A setter of a configuration type.
            Confidence::High
        };
        confidence = confidence.min(sure);
    });
    confidence
}

fn method_facts<'a>(types: &Types<'a>, path: &str) -> Option<&'a crate::catalog::CallFacts> {
    let (owner, name) = path.rsplit_once("::")?;
    types.catalog.method(owner, name)
}

/// Replaces statics by what their initializers make, where that is understood.
fn expand(types: &Types<'_>, value: &Value, result_of: ResultOf<'_>, depth: usize) -> Value {
    if depth > DEPTH {
        return Value::Unknown;
    }
    match value {
        Value::Field(inner, name) => expand(types, inner, result_of, depth + 1).field(name),
        Value::Content(inner) | Value::Behind(_, inner) => expand(types, inner, result_of, depth + 1),
        Value::Static(id) => {
            let initializer = types.items.statics[id.index()].initializer;
            match initializer.and_then(result_of) {
                Some(Value::Unknown) | None => value.clone(),
                Some(result) => result,
            }
        }
        Value::Origin(path, list) => Value::Origin(
            std::sync::Arc::clone(path),
            list.iter().map(|part| expand(types, part, result_of, depth + 1)).collect(),
        ),
        Value::Joined(list) => {
            Value::Joined(list.iter().map(|part| expand(types, part, result_of, depth + 1)).collect())
        }
        Value::Choice(list) => {
            Value::choice(list.iter().map(|part| expand(types, part, result_of, depth + 1)).collect())
        }
        other => other.clone(),
    }
}

/// A literal address without what stands between `:` and `@`.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let Some((user, host)) = rest.rsplit_once('@') else {
        return text.to_owned();
    };
    let user = user.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{host}")
}

/// A value as people would name it; equal values give equal text.
pub fn write(types: &Types<'_>, out: &mut String, value: &Value, depth: usize) {
    if depth > DEPTH {
        out.push('…');
        return;
    }
    match value {
        Value::Unknown | Value::Call(_) | Value::Block(_) | Value::Apply(..) => out.push('?'),
        Value::Text(text) => {
            let _ = write!(out, "\"{}\"", without_password(text));
        }
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Bool(flag) => {
            let _ = write!(out, "{flag}");
        }
        Value::Param(index) => {
            let _ = write!(out, "argument {index}");
        }
        Value::Receiver => out.push_str("self"),
        Value::Static(id) => out.push_str(&types.items.statics[id.index()].name),
        Value::Env(key) => {
            let _ = write!(out, "env.{key}");
        }
        Value::Field(inner, name) => {
            write(types, out, inner, depth + 1);
            out.push('.');
            out.push_str(name);
        }
        Value::Element(inner) => {
            write(types, out, inner, depth + 1);
            out.push_str("[…]");
        }
        Value::Function(id) => out.push_str(&types.items.functions[id.index()].name),
        Value::Record(id, _, _) => out.push_str(&snake(&types.items.adts[id.index()].name)),
        Value::Created(id, _) => {
            let _ = write!(out, "handle of {}", types.items.functions[id.index()].name);
        }
        Value::Origin(path, list) => origin(types, out, path, list, depth),
        Value::Joined(list) => {
            for (index, part) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(" + ");
                }
                write(types, out, part, depth + 1);
            }
        }
        Value::Choice(list) => {
            for (index, part) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(" or ");
                }
                write(types, out, part, depth + 1);
            }
        }
        Value::Behind(_, inner) | Value::Content(inner) => write(types, out, inner, depth + 1),
        Value::Test { place, .. } => write(types, out, place, depth + 1),
    }
}

fn origin(types: &Types<'_>, out: &mut String, path: &str, list: &[Value], depth: usize) {
    let arguments = |out: &mut String| {
        out.push('(');
        for (index, part) in list.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            write(types, out, part, depth + 1);
        }
        out.push(')');
    };
    match path.split_once("=>") {
        // A configuration value is named by its type; the arguments of its loader tell instances apart.
        Some((_, ty)) => {
            out.push_str(&snake(ty));
            if !list.is_empty() {
                arguments(out);
            }
        }
        None => {
            out.push_str(path.strip_prefix("fn ").unwrap_or(path));
            arguments(out);
        }
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}
