//! Room 3, *facts*: macro calls in item position: declarations of statics, conditional items, and macros that
//! merely wrap items. What runs when an item macro expands to a call is not guessed.

use super::attributes::attributes;
use super::bodies::body_of;
use super::items::{Walk, is_public, item, macro_call, named, restrict};
use super::macro_grammar::{self as grammar, StaticEntry};
use super::macros::{Glance, MAX_DEPTH, last_name};
use super::types::{path, type_ref};
use super::{Item, ItemKind, Static, StaticSource, spans};

/// Whether a call declares statics wherever it stands.
pub(super) fn declares_items(call: &syn::Macro) -> bool {
    static_source(&last_name(call)).is_some()
}

/// Adds the items that a macro call declares, or the call itself when it was not entered.
pub(super) fn item_macro(
    walk: &mut Walk,
    call: &syn::Macro,
    attrs: &[syn::Attribute],
    found: &mut Vec<Item>,
) {
    let start = found.len();
    if walk.macro_depth < MAX_DEPTH {
        walk.macro_depth += 1;
        let entered = enter(walk, call, found);
        walk.macro_depth -= 1;
        if entered {
            restrict(&mut found[start..], attributes(attrs).cfg.as_ref());
            return;
        }
    }
    let mut glance = Glance::default();
    glance.at(call.tokens.clone());
    if glance.has_groups {
        walk.opaque_macros += 1;
    }
    let span = match spans::path_start(None, &call.path) {
        Some(first) => spans::first_line(first, call.delimiter.span().close()),
        None => spans::of_macro(call),
    };
    found.push(macro_call(
        attrs,
        span,
        ItemKind::MacroCall(path(None, &call.path), glance.literals),
    ));
}

fn enter(walk: &mut Walk, call: &syn::Macro, found: &mut Vec<Item>) -> bool {
    let known = last_name(call);
    if let Some(source) = static_source(&known) {
        let Some(entries) = grammar::parse(call, grammar::statics) else {
            return false;
        };
        found.extend(entries.iter().map(|entry| static_item(walk, entry, source)));
        return true;
    }
    if known == "cfg_if" {
        let read = |input: syn::parse::ParseStream| grammar::cfg_if(input, grammar::items);
        let Some(branches) = grammar::parse(call, read) else {
            return false;
        };
        for (condition, source) in &branches {
            let start = found.len();
            for one in source {
                item(walk, one, found);
            }
            restrict(&mut found[start..], condition.as_ref());
        }
        return true;
    }
    match grammar::parse(call, grammar::items) {
        Some(source) if !source.is_empty() => {
            for one in &source {
                item(walk, one, found);
            }
            true
        }
        _ => false,
    }
}

fn static_source(name: &str) -> Option<StaticSource> {
    match name {
        "lazy_static" => Some(StaticSource::LazyStatic),
        "thread_local" => Some(StaticSource::ThreadLocal),
        _ => None,
    }
}

fn static_item(walk: &mut Walk, entry: &StaticEntry, source: StaticSource) -> Item {
    let init = body_of(walk, |body| body.expr(&entry.init));
    named(
        &entry.ident,
        is_public(&entry.vis),
        &entry.attrs,
        ItemKind::Static(Box::new(Static {
            mutable: false,
            ty: type_ref(&entry.ty),
            init: Some(init),
            source,
        })),
    )
}
