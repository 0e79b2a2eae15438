//! Room 3, *facts*: items. Walks declarations and hands bodies to [`super::bodies`] and macro calls to
//! [`super::macros`]; it resolves no name and follows no `mod name;`.

use super::attributes::{attributes, both, module_path};
use super::bodies::body_of;
use super::database_attribute;
use super::functions::function;
use super::macro_rules;
use super::macros::item_macro;
use super::types::{bounds, generics, name, path, type_ref};
use super::uses::uses;
use super::{
    Attributes, Cfg, Expr, Field, Fields, Impl, Item, ItemKind, Name, Static, StaticSource, Struct, Trait,
    Variant, spans,
};
use crate::location::Span;

/// What is counted or bounded over a whole file while it is walked.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Macro calls whose bodies could not be entered, and syntax that is not modelled.
    pub(super) opaque_macros: u32,
    /// How many macro calls surround the current place.
    pub(super) macro_depth: u32,
    /// An empty list with room, for the next body.
    pub(super) spare: Vec<Expr>,
}

/// The facts of items, in source order.
pub(super) fn items(walk: &mut Walk, source: &[syn::Item]) -> Vec<Item> {
    let mut found = Vec::with_capacity(source.len());
    for one in source {
        item(walk, one, &mut found);
    }
    found.shrink_to_fit();
    found
}

/// Adds the facts of one item: several for a `use` with several leaves or an entered macro.
pub(super) fn item(walk: &mut Walk, source: &syn::Item, found: &mut Vec<Item>) {
    match source {
        syn::Item::Fn(item) => {
            let body = body_of(walk, |body| body.block(&item.block));
            found.push(Item { public: is_public(&item.vis), ..function(&item.sig, &item.attrs, Some(body)) });
        }
        syn::Item::Use(item) => uses(item, found),
        syn::Item::Impl(item) => found.push(implementation(walk, item)),
        syn::Item::Mod(item) => found.push(module(walk, item)),
        syn::Item::Trait(item) => found.push(trait_item(walk, item)),
        syn::Item::ForeignMod(block) => {
            let outer = attributes(&block.attrs).cfg;
            let start = found.len();
            found.extend(block.items.iter().filter_map(foreign_item));
            restrict(&mut found[start..], outer.as_ref());
        }
        syn::Item::Macro(item) => match &item.ident {
            Some(ident) if item.mac.path.is_ident("macro_rules") => {
                let arms = macro_rules::arms(walk, &item.mac.tokens);
                found.push(named(ident, false, &item.attrs, ItemKind::MacroRules(arms)));
            }
            _ => item_macro(walk, &item.mac, &item.attrs, found),
        },
        other => match declaration(walk, other) {
            Some((ident, visibility, attrs, kind)) => {
                found.push(named(ident, is_public(visibility), attrs, kind));
                if let syn::Item::Struct(item) = other
                    && let Some(made) = database_attribute::implementation_of(item)
                {
                    found.push(implementation(walk, &made));
                }
            }
            // Syntax that the parser kept as tokens.
            None => walk.opaque_macros += 1,
        },
    }
}

/// Name, visibility, attributes and kind of an item that declares one name.
fn declaration<'s>(
    walk: &mut Walk,
    source: &'s syn::Item,
) -> Option<(&'s syn::Ident, &'s syn::Visibility, &'s [syn::Attribute], ItemKind)> {
    Some(match source {
        syn::Item::Struct(item) => {
            let shape = Struct { generics: generics(&item.generics), fields: fields(&item.fields) };
            (&item.ident, &item.vis, &item.attrs, ItemKind::Struct(shape))
        }
        syn::Item::Union(item) => {
            let shape = Struct { generics: generics(&item.generics), fields: named_fields(&item.fields) };
            (&item.ident, &item.vis, &item.attrs, ItemKind::Struct(shape))
        }
        syn::Item::Enum(item) => {
            let variants = item.variants.iter().map(variant).collect();
            let kind = ItemKind::Enum { generics: generics(&item.generics), variants };
            (&item.ident, &item.vis, &item.attrs, kind)
        }
        syn::Item::TraitAlias(item) => {
            let alias = Trait {
                generics: generics(&item.generics),
                supertraits: bounds(&item.bounds),
                items: Vec::new(),
            };
            (&item.ident, &item.vis, &item.attrs, ItemKind::Trait(Box::new(alias)))
        }
        syn::Item::Static(item) => {
            let declared = Static {
                mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
                ty: type_ref(&item.ty),
                init: Some(body_of(walk, |body| body.expr(&item.expr))),
                source: StaticSource::Item,
            };
            (&item.ident, &item.vis, &item.attrs, ItemKind::Static(Box::new(declared)))
        }
        syn::Item::Const(item) => {
            let kind = constant(walk, &item.ty, Some(&item.expr));
            (&item.ident, &item.vis, &item.attrs, kind)
        }
        syn::Item::Type(item) => {
            let (generics, ty) = (generics(&item.generics), Some(type_ref(&item.ty)));
            let kind = ItemKind::TypeAlias { generics, ty, bounds: Vec::new() };
            (&item.ident, &item.vis, &item.attrs, kind)
        }
        syn::Item::ExternCrate(item) => {
            let bound = item.rename.as_ref().map_or(&item.ident, |(_, alias)| alias);
            (bound, &item.vis, &item.attrs, ItemKind::ExternCrate { krate: name(&item.ident) })
        }
        _ => return None,
    })
}

/// Adds a condition to every item.
pub(super) fn restrict(items: &mut [Item], condition: Option<&Cfg>) {
    if let Some(condition) = condition {
        for item in items {
            item.attributes.cfg = both(Some(condition.clone()), item.attributes.cfg.take());
        }
    }
}

/// An item with a name.
pub(super) fn named(ident: &syn::Ident, public: bool, attrs: &[syn::Attribute], kind: ItemKind) -> Item {
    Item { name: name(ident), public, attributes: attributes(attrs), span: spans::of(ident.span()), kind }
}

/// `pub(self)` is how some macros write no visibility at all.
pub(super) fn is_public(visibility: &syn::Visibility) -> bool {
    match visibility {
        syn::Visibility::Public(_) => true,
        syn::Visibility::Restricted(restricted) => !restricted.path.is_ident("self"),
        syn::Visibility::Inherited => false,
    }
}

/// An item without a name.
pub(super) fn nameless(attributes: Attributes, public: bool, span: Span, kind: ItemKind) -> Item {
    Item { name: Name::default(), public, attributes, span, kind }
}

/// A macro call that was not entered.
pub(super) fn macro_call(attrs: &[syn::Attribute], span: Span, kind: ItemKind) -> Item {
    nameless(attributes(attrs), false, span, kind)
}

fn module(walk: &mut Walk, item: &syn::ItemMod) -> Item {
    let inside = item.content.as_ref().map(|(_, inside)| items(walk, inside));
    named(
        &item.ident,
        is_public(&item.vis),
        &item.attrs,
        ItemKind::Mod { items: inside, path: module_path(&item.attrs) },
    )
}

fn implementation(walk: &mut Walk, item: &syn::ItemImpl) -> Item {
    let of_trait = item.trait_.as_ref().map(|(of_trait, _)| path(None, of_trait));
    let mut inside = Vec::with_capacity(item.items.len());
    for one in &item.items {
        implementation_item(walk, one, of_trait.is_some(), &mut inside);
    }
    inside.shrink_to_fit();
    nameless(
        attributes(&item.attrs),
        false,
        spans::first_line(item.impl_token.span, item.brace_token.span.open()),
        ItemKind::Impl(Box::new(Impl {
            generics: generics(&item.generics),
            of_trait,
            self_ty: type_ref(&item.self_ty),
            items: inside,
        })),
    )
}

/// Items of a trait implementation are as visible as the trait.
fn implementation_item(walk: &mut Walk, source: &syn::ImplItem, of_trait: bool, found: &mut Vec<Item>) {
    match source {
        syn::ImplItem::Fn(item) => {
            let body = body_of(walk, |body| body.block(&item.block));
            found.push(Item {
                public: of_trait || is_public(&item.vis),
                ..function(&item.sig, &item.attrs, Some(body))
            });
        }
        syn::ImplItem::Const(item) => found.push(named(
            &item.ident,
            of_trait || is_public(&item.vis),
            &item.attrs,
            constant(walk, &item.ty, Some(&item.expr)),
        )),
        syn::ImplItem::Type(item) => found.push(named(
            &item.ident,
            of_trait || is_public(&item.vis),
            &item.attrs,
            ItemKind::TypeAlias {
                generics: generics(&item.generics),
                ty: Some(type_ref(&item.ty)),
                bounds: Vec::new(),
            },
        )),
        syn::ImplItem::Macro(item) => item_macro(walk, &item.mac, &item.attrs, found),
        _ => walk.opaque_macros += 1,
    }
}

fn trait_item(walk: &mut Walk, item: &syn::ItemTrait) -> Item {
    let mut inside = Vec::with_capacity(item.items.len());
    for one in &item.items {
        match one {
            syn::TraitItem::Fn(item) => {
                let body = item.default.as_ref().map(|block| body_of(walk, |body| body.block(block)));
                inside.push(Item { public: true, ..function(&item.sig, &item.attrs, body) });
            }
            syn::TraitItem::Const(item) => {
                let value = item.default.as_ref().map(|(_, value)| value);
                let kind = constant(walk, &item.ty, value);
                inside.push(named(&item.ident, true, &item.attrs, kind));
            }
            syn::TraitItem::Type(item) => inside.push(named(
                &item.ident,
                true,
                &item.attrs,
                ItemKind::TypeAlias {
                    generics: generics(&item.generics),
                    ty: item.default.as_ref().map(|(_, ty)| type_ref(ty)),
                    bounds: bounds(&item.bounds),
                },
            )),
            syn::TraitItem::Macro(item) => item_macro(walk, &item.mac, &item.attrs, &mut inside),
            _ => walk.opaque_macros += 1,
        }
    }
    inside.shrink_to_fit();
    named(
        &item.ident,
        is_public(&item.vis),
        &item.attrs,
        ItemKind::Trait(Box::new(Trait {
            generics: generics(&item.generics),
            supertraits: bounds(&item.supertraits),
            items: inside,
        })),
    )
}

fn foreign_item(source: &syn::ForeignItem) -> Option<Item> {
    match source {
        syn::ForeignItem::Fn(item) => {
            Some(Item { public: is_public(&item.vis), ..function(&item.sig, &item.attrs, None) })
        }
        syn::ForeignItem::Static(item) => Some(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::Static(Box::new(Static {
                mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
                ty: type_ref(&item.ty),
                init: None,
                source: StaticSource::Item,
            })),
        )),
        syn::ForeignItem::Type(item) => Some(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::TypeAlias { generics: generics(&item.generics), ty: None, bounds: Vec::new() },
        )),
        _ => None,
    }
}

fn constant(walk: &mut Walk, ty: &syn::Type, value: Option<&syn::Expr>) -> ItemKind {
    ItemKind::Const { ty: type_ref(ty), value: value.map(|value| body_of(walk, |body| body.expr(value))) }
}

fn variant(variant: &syn::Variant) -> Variant {
    Variant {
        name: name(&variant.ident),
        fields: fields(&variant.fields),
        attributes: attributes(&variant.attrs),
    }
}

fn fields(source: &syn::Fields) -> Fields {
    match source {
        syn::Fields::Unit => Fields::Unit,
        syn::Fields::Named(source) => named_fields(source),
        syn::Fields::Unnamed(source) => Fields::Tuple(
            source
                .unnamed
                .iter()
                .enumerate()
                .map(|(index, field)| Field {
                    name: smol_str::ToSmolStr::to_smolstr(&index),
                    ty: type_ref(&field.ty),
                    attributes: attributes(&field.attrs),
                    span: spans::of_type(&field.ty),
                })
                .collect(),
        ),
    }
}

fn named_fields(source: &syn::FieldsNamed) -> Fields {
    let fields = source.named.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        Some(Field {
            name: name(ident),
            ty: type_ref(&field.ty),
            attributes: attributes(&field.attrs),
            span: spans::of(ident.span()),
        })
    });
    let mut list = Vec::with_capacity(source.named.len());
    list.extend(fields);
    Fields::Named(list)
}

#[cfg(test)]
mod tests {
    use crate::facts::sketch::{cfg, facts, path};
    use crate::facts::{Fields, Function, Item, ItemKind};
    use crate::location::Span;

    fn only(text: &str) -> Item {
        let mut items = facts(text).items;
        assert_eq!(items.len(), 1, "{text}");
        items.remove(0)
    }

    fn function(item: &Item) -> &Function {
        match &item.kind {
            ItemKind::Fn(function) => function,
            other => panic!("not a function: {other:?}"),
        }
    }

    #[test]
    fn visibility_in_any_form_is_public() {
        for (text, public) in [
            ("pub fn f() {}", true),
            ("pub(crate) fn f() {}", true),
            ("pub(in a::b) fn f() {}", true),
            ("pub(self) fn f() {}", false),
            ("fn f() {}", false),
        ] {
            assert_eq!(only(text).public, public, "{text}");
        }
    }

    #[test]
    fn an_implementation_knows_its_trait_and_its_first_line() {
        let item = only("unsafe impl<T> a::B for C<T> {\n type D = E;\n const F: G = 1;\n}");
        assert_eq!(item.span, Span { line: 1, column: 8, end_line: 1, end_column: 31 });
        let ItemKind::Impl(found) = &item.kind else {
            panic!("an impl");
        };
        assert_eq!(path(found.of_trait.as_ref().unwrap()), "a::B");
        assert!(found.items.iter().all(|item| item.public));
        assert!(matches!(found.items[0].kind, ItemKind::TypeAlias { ty: Some(_), .. }));
    }

    #[test]
    fn a_trait_has_required_and_provided_items() {
        let item = only("pub trait A: B + 'static { type C: D; fn e(&self); fn g() {} const H: I; }");
        let ItemKind::Trait(found) = &item.kind else {
            panic!("a trait");
        };
        assert_eq!(found.supertraits.iter().map(path).collect::<Vec<_>>(), ["B"]);
        assert!(
            matches!(&found.items[0].kind, ItemKind::TypeAlias { ty: None, bounds, .. } if bounds.len() == 1)
        );
        assert!(function(&found.items[1]).body.is_none());
        assert!(function(&found.items[2]).body.is_some());
        assert!(matches!(found.items[3].kind, ItemKind::Const { value: None, .. }));
    }

    #[test]
    fn fields_keep_names_and_attributes() {
        let item = only("struct A { #[arg(env)] b: C, r#type: D }");
        let ItemKind::Struct(found) = &item.kind else {
            panic!("a struct");
        };
        let fields = found.fields.list();
        assert_eq!(fields[0].attributes.others[0].words, ["env"]);
        assert_eq!(fields[1].name, "type");
        let item = only("enum A { B, C(D, E), F { g: H } }");
        let ItemKind::Enum { variants, .. } = &item.kind else {
            panic!("an enum");
        };
        assert!(matches!(variants[0].fields, Fields::Unit));
        assert_eq!(variants[1].fields.list()[1].name, "1");
        assert_eq!(variants[2].fields.list()[0].name, "g");
    }

    #[test]
    fn modules_are_inline_or_elsewhere() {
        let item = only("#[cfg(test)] mod a { fn b() {} }");
        assert_eq!(cfg(item.attributes.cfg.as_ref().unwrap()), "test");
        assert!(matches!(&item.kind, ItemKind::Mod { items: Some(items), .. } if items.len() == 1));
        let item = only("#[path = \"x.rs\"] mod a;");
        assert!(matches!(&item.kind, ItemKind::Mod { items: None, path: Some(path) } if path == "x.rs"));
    }

    #[test]
    fn declarations_of_other_kinds() {
        let items = facts(
            "extern crate a as b; static mut C: D = e(); type F<T> = G<T>;
             #[cfg(x)] unsafe extern \"C\" { fn h(); static I: J; } union K { l: M }",
        )
        .items;
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["b", "C", "F", "h", "I", "K"]);
        assert!(matches!(&items[0].kind, ItemKind::ExternCrate { krate } if krate == "a"));
        assert!(matches!(&items[1].kind, ItemKind::Static(found) if found.mutable));
        assert!(function(&items[3]).body.is_none());
        assert_eq!(cfg(items[4].attributes.cfg.as_ref().unwrap()), "x");
    }
}
