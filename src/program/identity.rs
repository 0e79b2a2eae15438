//! Room 5, *program*: which resource a handle talks to: driver and where the address comes from. Two handles
//! compete only when both are known to be the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::address_texts::{is_of_its_own, without_password};
use super::bodies::settled;
use super::format_strings::FormatString;
use super::inventory::{Address, Resource};
use super::items::{AdtId, AdtShape, FnId};
use super::types::{Ty, Types, holds_many};
use super::values::Value;
use crate::catalog::{CallRole, UNKNOWN_DRIVER, ValueSource, driver_of_scheme};
use crate::facts::{Attribute, Field, Fields, Literal, Name};
use crate::finding::Confidence;

/// How deep an address may be nested before it counts as unknown.
const DEPTH: usize = 16;
/// Types of arguments beyond this number are not looked into.
const MOST_TYPES: usize = 256;

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
        (UNKNOWN_DRIVER, Some(known)) => known.to_owned(),
        (driver, _) => driver.to_owned(),
    };
    let mut display = String::new();
    write(types, &mut display, &value, 0);
    let (id, address, confidence) = match &value {
        Value::Env(key) => (format!("env.{key}"), Address::Env(key.to_string()), Confidence::High),
        Value::Text(text) if is_of_its_own(text) => {
            ("unknown.memory".to_owned(), Address::Unknown("in memory".to_owned()), Confidence::Low)
        }
        Value::Text(text) => {
            let shown = without_password(text);
            (format!("literal.{shown}"), Address::Literal(shown), Confidence::High)
        }
        value if is_known(value) => {
            // What a static was filled with need not be understood to know that its fields are the same for all who read them.
            let as_read = match is_setting(types, address) {
                true => sureness(types, address).min(Confidence::Medium),
                false => Confidence::Low,
            };
            let confidence = sureness(types, value).max(as_read);
            (display.clone(), Address::Config(display, None), confidence)
        }
        _ => (format!("unknown.{display}"), Address::Unknown(display), Confidence::Low),
    };
    Resource { id: format!("{driver}:{id}"), driver, address, confidence, alias: None }
}

/// Whether an address is a field of a static that is neither a list nor a map.
fn is_setting(types: &Types<'_>, address: &Value) -> bool {
    matches!(address, Value::Field(..))
        && matches!(address.root(), Value::Static(id) if !holds_many(types.static_type(*id)))
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
    // What a loader was given only tells one loaded value from another.
    value.enter(&mut |part| {
        known &= !is_blank(part);
        !matches!(part, Value::Loaded(..))
    });
    known
}

/// Whether a term only says that something was made of nothing: an empty text or configuration that is filled
/// elsewhere, or no value at all.
fn is_blank(value: &Value) -> bool {
    let Value::Origin(path, list) = value else { return false };
    let name = path.rsplit("::").next().unwrap_or_default();
    list.is_empty()
        && path.contains("::")
        && matches!(name, "new" | "default" | "builder" | "with_capacity" | "None" | "Err")
}

/// How sure it is that evaluating the same term twice gives the same address. What configuration loaders and
/// catalogued functions give depends on their arguments alone; what any other function gives may differ per call.
fn sureness(types: &Types<'_>, value: &Value) -> Confidence {
    let mut confidence = Confidence::High;
    value.enter(&mut |part| {
        match part {
            Value::Origin(path, list) => {
                confidence = confidence.min(sureness_of(types, path, list.is_empty()))
            }
            // A loader is made of nothing, and is then told what to read.
            Value::Loaded(_, _, given) => {
                given.iter().for_each(|given| {
                    given.visit(&mut |part| {
                        if let Value::Origin(path, _) = part {
                            confidence = confidence.min(sureness_of(types, path, false));
                        }
                    });
                });
                return false;
            }
            _ => {}
        }
        true
    });
    confidence
}

/// The same for what one function gives, where its arguments are known.
fn sureness_of(types: &Types<'_>, path: &str, made_of_nothing: bool) -> Confidence {
    if path.starts_with("std::env::args") {
        // Which argument is meant is not followed.
        Confidence::Low
    } else if path.contains("=>") {
        Confidence::High
    } else if let Some(facts) = types.catalog.function(path).or_else(|| method_facts(types, path)) {
        let bare = matches!(facts.role, CallRole::Builder | CallRole::Create) && made_of_nothing;
        if bare { Confidence::Low } else { Confidence::High }
    } else if path.starts_with("fn ") || path.starts_with("const ") {
        Confidence::Medium
    } else if path.contains("::") {
        Confidence::Low
    } else {
        // A setter of a configuration type.
        Confidence::High
    }
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
        Value::Field(inner, name) => match expand(types, inner, result_of, depth + 1).field(name) {
            Value::Field(base, name) => filled_field(types, &base, &name).unwrap_or(Value::Field(base, name)),
            other => other,
        },
        Value::Content(inner) | Value::Behind(_, inner) => expand(types, inner, result_of, depth + 1),
        Value::Static(id) => {
            let initializer = types.items.statics[id.index()].initializer;
            match initializer.and_then(result_of) {
                Some(Value::Unknown) | None => value.clone(),
                // What an empty cell holds later is not in its initializer.
                Some(Value::Origin(path, _)) if makes_empty_cell(types, &path) => value.clone(),
                Some(result) => result,
            }
        }
        Value::With(base, fields) => Value::With(
            Arc::new(expand(types, base, result_of, depth + 1)),
            fields
                .iter()
                .map(|(name, part)| (name.clone(), expand(types, part, result_of, depth + 1)))
                .collect(),
        ),
        Value::Origin(path, list) => Value::Origin(
            Arc::clone(path),
            list.iter().map(|part| expand(types, part, result_of, depth + 1)).collect(),
        ),
        Value::Loaded(adt, path, list) => Value::Loaded(
            *adt,
            Arc::clone(path),
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

/// What a field of a loaded value holds, where that is declared: the environment variable that fills it, with clap's
/// `#[arg(env = "KEY")]` or `#[arg(env)]` or as a field of what envy read, or further fields that are filled the same way
/// (`#[command(flatten)]`). That the command line may say something else does not make it another address.
fn filled_field(types: &Types<'_>, base: &Value, name: &Name) -> Option<Value> {
    let Value::Loaded(adt, loader, given) = base else { return None };
    let AdtShape::Struct(facts) = types.items.adts[adt.index()].shape else { return None };
    let at = facts.fields.list().iter().position(|candidate| candidate.name == *name)?;
    let field = &facts.fields.list()[at];
    if is_flattened(field) {
        let within = fields_within(types, *adt, 0, at)?;
        return Some(Value::Loaded(within, Arc::clone(loader), Arc::clone(given)));
    }
    variable_for(field, fills_by_name(types, loader) && given.is_empty()).map(Value::Env)
}

/// The environment variables that fill the fields of what a loader makes: what parses the arguments, or envy. In the order of
/// the fields; those of flattened fields and of subcommands stand in their places.
pub(super) fn variables_of(types: &Types<'_>, adt: AdtId, loader: &str) -> Vec<Arc<str>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    add_variables(types, adt, fills_by_name(types, loader), &mut seen, &mut found);
    found
}

/// Each type is looked at once: the same fields in two places are filled from the same variables.
fn add_variables(
    types: &Types<'_>,
    adt: AdtId,
    by_name: bool,
    seen: &mut BTreeSet<AdtId>,
    found: &mut Vec<Arc<str>>,
) {
    if seen.len() >= MOST_TYPES || !seen.insert(adt) {
        return;
    }
    let (groups, is_enum): (Vec<&Fields>, bool) = match types.items.adts[adt.index()].shape {
        AdtShape::Struct(facts) => (vec![&facts.fields], false),
        AdtShape::Enum(variants) => (variants.iter().map(|variant| &variant.fields).collect(), true),
    };
    for (group, fields) in groups.iter().enumerate() {
        for (at, field) in fields.list().iter().enumerate() {
            // The one field of a subcommand `Serve(ServeArgs)` holds all of its arguments.
            let holds_arguments = is_flattened(field) || is_enum && matches!(fields, Fields::Tuple(_));
            match fields_within(types, adt, group, at) {
                Some(within) if holds_arguments => add_variables(types, within, by_name, seen, found),
                _ => found.extend(variable_for(field, by_name)),
            }
        }
    }
}

/// The type of the workspace whose fields are filled in the place of a field: its own, or that inside `Option`.
fn fields_within(types: &Types<'_>, adt: AdtId, group: usize, at: usize) -> Option<AdtId> {
    match settled(&types.declared_fields(adt)[group][at]) {
        Ty::Adt(within, _) => Some(*within),
        _ => None,
    }
}

/// Whether a field stands for the fields of its type: `#[command(flatten)]`, `#[command(subcommand)]`, serde's `flatten`.
fn is_flattened(field: &Field) -> bool {
    field.attributes.others.iter().any(|attribute| {
        is_one_of(attribute, &["command", "clap", "structopt", "serde"])
            && attribute.words.iter().any(|word| word == "flatten" || word == "subcommand")
    })
}

/// Whether a loader fills each field from the variable that is called like it.
fn fills_by_name(types: &Types<'_>, loader: &str) -> bool {
    types.catalog.function(loader).is_some_and(|facts| facts.fills_fields)
}

/// The variable that fills a field; with `by_name` each field has one that is called like it.
fn variable_for(field: &Field, by_name: bool) -> Option<Arc<str>> {
    let text = |owners: &[&str], key: &str| {
        let mut attributes = field.attributes.others.iter().filter(|one| is_one_of(one, owners));
        attributes.find_map(|attribute| {
            attribute.named.iter().find_map(|(name, value)| match value {
                Literal::Str(text) if name == key => Some(Arc::clone(text)),
                _ => None,
            })
        })
    };
    const ARGUMENT: [&str; 3] = ["arg", "clap", "structopt"];
    let says_env = |attribute: &Attribute| {
        is_one_of(attribute, &ARGUMENT) && attribute.words.iter().any(|word| word == "env")
    };
    if let Some(key) = text(&ARGUMENT, "env") {
        return Some(key);
    }
    if field.attributes.others.iter().any(says_env) {
        return Some(Arc::from(field.name.to_uppercase()));
    }
    by_name.then(|| {
        let key = text(&["serde"], "rename").unwrap_or_else(|| Arc::from(field.name.as_str()));
        Arc::from(key.to_uppercase())
    })
}

fn is_one_of(attribute: &Attribute, names: &[&str]) -> bool {
    attribute.path.segments.last().is_some_and(|last| names.contains(&last.name.as_str()))
}

fn makes_empty_cell(types: &Types<'_>, path: &str) -> bool {
    types
        .catalog
        .function(path)
        .is_some_and(|facts| facts.role == CallRole::OnceNew && facts.callback.is_none())
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
        Value::With(base, _) => write(types, out, base, depth + 1),
        Value::Created(id, _) => {
            let _ = write!(out, "handle of {}", types.items.functions[id.index()].name);
        }
        Value::Origin(path, list) => origin(types, out, path, list, depth),
        Value::Loaded(adt, _, list) => loaded(types, out, &types.items.adts[adt.index()].name, list),
        Value::Joined(list) => joined(types, out, list, depth),
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

/// A loaded value is named by its type; what its loader was given tells instances apart, as far as it is written in
/// the program.
fn loaded(types: &Types<'_>, out: &mut String, name: &str, list: &[Value]) {
    out.push_str(&snake(name));
    let mut told: Vec<&Value> = Vec::new();
    for value in list {
        value.enter(&mut |part| {
            let leaf = matches!(part, Value::Text(_) | Value::Env(_) | Value::Param(_) | Value::Receiver);
            let field = matches!(part, Value::Field(inner, _)
                if matches!(inner.root(), Value::Param(_) | Value::Receiver));
            if leaf || field {
                told.push(part);
            }
            !leaf && !field && !matches!(part, Value::Record(..) | Value::With(..))
        });
    }
    if !told.is_empty() {
        out.push('(');
        for (index, part) in told.into_iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            write(types, out, part, 1);
        }
        out.push(')');
    }
}

/// Texts with places to fill (`{}`, `{name}`) are shown filled: `{config.root}/auth.db`.
fn joined(types: &Types<'_>, out: &mut String, list: &[Value], depth: usize) {
    let filled = match list.split_first() {
        Some((Value::Text(text), rest)) => {
            let pieces = FormatString::parse(text).map(|format| format.pieces);
            pieces.filter(|pieces| pieces.len() == rest.len() + 1).zip(Some(rest))
        }
        _ => None,
    };
    match filled {
        Some((pieces, rest)) => {
            let mut shown = pieces[0].clone();
            for (piece, part) in pieces[1..].iter().zip(rest) {
                shown.push('{');
                write(types, &mut shown, part, depth + 1);
                shown.push('}');
                shown.push_str(piece);
            }
            let _ = write!(out, "\"{}\"", without_password(&shown));
        }
        None => {
            for (index, part) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(" + ");
                }
                write(types, out, part, depth + 1);
            }
        }
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
        None => match config_key(types, path, list) {
            Some(key) => {
                let _ = write!(out, "config.{key}");
            }
            None if is_path_join(path) && list.len() == 2 => {
                write(types, out, &list[0], depth + 1);
                out.push('/');
                match &list[1] {
                    Value::Text(text) => out.push_str(text),
                    part => write(types, out, part, depth + 1),
                }
            }
            None if is_setter(path, list) => {
                write(types, out, &list[0], depth + 1);
                let _ = write!(out, ", {path} ");
                for part in &list[1..] {
                    write(types, out, part, depth + 1);
                }
            }
            None => {
                out.push_str(path.strip_prefix("fn ").unwrap_or(path));
                arguments(out);
            }
        },
    }
}

fn is_path_join(path: &str) -> bool {
    matches!(path, "std::path::Path::join" | "std::path::PathBuf::join" | "camino::Utf8Path::join" | "push")
}

/// Whether it is a configuration after a setter was called: setters are named without their type.
fn is_setter(path: &str, list: &[Value]) -> bool {
    list.len() > 1 && !path.contains("::") && !path.contains(' ')
}

/// The key that a catalogued call reads from a configuration, where it is a text.
fn config_key<'v>(types: &Types<'_>, path: &str, list: &'v [Value]) -> Option<&'v str> {
    let facts = method_facts(types, path).filter(|facts| facts.role == CallRole::ConfigRead)?;
    let Some(ValueSource::Argument(key)) = facts.address else { return None };
    // The receiver comes first.
    match list.get(key + 1)? {
        Value::Text(text) => Some(text),
        _ => None,
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
