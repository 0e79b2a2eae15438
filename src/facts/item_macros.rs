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
    found.push(macro_call(attrs, span, ItemKind::MacroCall(path(None, &call.path), glance.literals)));
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
        for branch in &branches {
            let start = found.len();
            for one in &branch.content {
                item(walk, one, found);
            }
            restrict(&mut found[start..], branch.condition.as_ref());
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

#[cfg(test)]
mod tests {
    use crate::facts::sketch::{cfg, facts, path, sketch};
    use crate::facts::{Item, ItemKind, Literal, StaticSource};

    fn shown(items: &[Item]) -> Vec<String> {
        items
            .iter()
            .map(|item| {
                let condition = item
                    .attributes
                    .cfg
                    .as_ref()
                    .map_or(String::new(), |condition| format!("#[{}] ", cfg(condition)));
                let public = if item.public { "pub " } else { "" };
                match &item.kind {
                    ItemKind::Static(found) => {
                        let source = match found.source {
                            StaticSource::Item => "static",
                            StaticSource::LazyStatic => "lazy",
                            StaticSource::ThreadLocal => "thread",
                        };
                        let init = found.init.as_ref().map(sketch).unwrap_or_default();
                        format!("{condition}{public}{source} {} = {init}", item.name)
                    }
                    _ => format!("{condition}{public}{}", item.name),
                }
            })
            .collect()
    }

    #[test]
    fn lazy_statics_are_statics() {
        let facts = facts(
            "lazy_static::lazy_static! { /// text\n pub static ref A: B = c(); static ref D: E = { f() }; }",
        );
        assert_eq!(shown(&facts.items), ["pub lazy A = c()", "lazy D = f()"]);
        assert_eq!(facts.opaque_macros, 0);
    }

    #[test]
    fn thread_locals_are_statics() {
        let facts =
            facts("#[cfg(x)] thread_local! { #[cfg(y)] static A: B = const { c() }; pub static D: E = f() }");
        assert_eq!(shown(&facts.items), ["#[all(x, y)] thread A = c()", "#[x] pub thread D = f()"]);
    }

    #[test]
    fn conditional_items_exclude_each_other() {
        let facts = facts(
            "cfg_if::cfg_if! { if #[cfg(a)] { mod b; } else if #[cfg(c)] { fn d() {} } else { fn e() {} } }",
        );
        assert_eq!(shown(&facts.items), ["#[a] b", "#[all(not(a), c)] d", "#[all(not(a), not(c))] e"]);
    }

    #[test]
    fn wrapped_items_are_entered() {
        let facts =
            facts("#[cfg(a)] cfg_rt! { pub mod b; pub fn c() {} } impl D { wrap! { fn e(&self) {} } }");
        assert_eq!(shown(&facts.items), ["#[a] pub b", "#[a] pub c", ""]);
        let ItemKind::Impl(found) = &facts.items[2].kind else {
            panic!("an impl");
        };
        assert_eq!(found.items[0].name, "e");
    }

    #[test]
    fn other_calls_keep_their_literals() {
        let facts =
            facts("embed_migrations!(\"dir\"); table! { a (b) { c -> Text, } } macro_rules! m { () => {} }");
        let ItemKind::MacroCall(name, literals) = &facts.items[0].kind else {
            panic!("a macro call");
        };
        assert_eq!(path(name), "embed_migrations");
        assert_eq!(literals, &[Literal::Str("dir".into())]);
        assert!(matches!(facts.items[1].kind, ItemKind::MacroCall(..)));
        assert!(matches!(facts.items[2].kind, ItemKind::MacroRules(_)));
        assert_eq!(facts.items[2].name, "m");
        assert_eq!(facts.opaque_macros, 1);
    }
}
