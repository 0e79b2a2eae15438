//! Room 3, *facts*: items. Walks declarations and hands bodies to [`super::bodies`] and macro calls to
//! [`super::macros`]; it resolves no name and follows no `mod name;`.

use super::attributes::{attributes, both, module_path};
use super::bodies::body_of;
use super::macros::item_macro;
use super::patterns::pattern;
use super::types::{bounds, generics, name, path, return_type, type_ref};
use super::{
    Attributes, Body, Cfg, Field, Fields, Function, Impl, Item, ItemKind, Name, Param, Receiver,
    Static, StaticSource, Struct, Trait, TypeRef, Use, UseBinding, Variant, spans,
};
use crate::location::Span;

/// What is counted or bounded over a whole file while it is walked.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Macro calls whose bodies could not be entered, and syntax that is not modelled.
    pub(super) opaque_macros: u32,
    /// How many macro calls surround the current place.
    pub(super) macro_depth: u32,
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
            found.push(Item {
                public: is_public(&item.vis),
                ..function(&item.sig, &item.attrs, Some(body))
            });
        }
        syn::Item::Use(item) => uses(item, found),
        syn::Item::Impl(item) => found.push(implementation(walk, item)),
        syn::Item::Struct(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::Struct(Struct {
                generics: generics(&item.generics),
                fields: fields(&item.fields),
            }),
        )),
        syn::Item::Union(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::Struct(Struct {
                generics: generics(&item.generics),
                fields: named_fields(&item.fields),
            }),
        )),
        syn::Item::Enum(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::Enum {
                generics: generics(&item.generics),
                variants: item.variants.iter().map(variant).collect(),
            },
        )),
        syn::Item::Mod(item) => found.push(module(walk, item)),
        syn::Item::Trait(item) => found.push(trait_item(walk, item)),
        syn::Item::TraitAlias(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::Trait(Box::new(Trait {
                generics: generics(&item.generics),
                supertraits: bounds(&item.bounds),
                items: Vec::new(),
            })),
        )),
        syn::Item::Static(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::Static(Box::new(Static {
                mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
                ty: type_ref(&item.ty),
                init: Some(body_of(walk, |body| body.expr(&item.expr))),
                source: StaticSource::Item,
            })),
        )),
        syn::Item::Const(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            constant(walk, &item.ty, Some(&item.expr)),
        )),
        syn::Item::Type(item) => found.push(named(
            &item.ident,
            is_public(&item.vis),
            &item.attrs,
            ItemKind::TypeAlias {
                generics: generics(&item.generics),
                ty: Some(type_ref(&item.ty)),
                bounds: Vec::new(),
            },
        )),
        syn::Item::ExternCrate(item) => {
            let bound = item.rename.as_ref().map_or(&item.ident, |(_, alias)| alias);
            found.push(named(
                bound,
                is_public(&item.vis),
                &item.attrs,
                ItemKind::ExternCrate {
                    krate: name(&item.ident),
                },
            ));
        }
        syn::Item::ForeignMod(block) => {
            let outer = attributes(&block.attrs).cfg;
            let start = found.len();
            found.extend(block.items.iter().filter_map(foreign_item));
            restrict(&mut found[start..], outer.as_ref());
        }
        syn::Item::Macro(item) => match &item.ident {
            Some(ident) if item.mac.path.is_ident("macro_rules") => {
                found.push(named(ident, false, &item.attrs, ItemKind::MacroRules));
            }
            _ => item_macro(walk, &item.mac, &item.attrs, found),
        },
        // Syntax that the parser kept as tokens.
        _ => walk.opaque_macros += 1,
    }
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
pub(super) fn named(
    ident: &syn::Ident,
    public: bool,
    attrs: &[syn::Attribute],
    kind: ItemKind,
) -> Item {
    Item {
        name: name(ident),
        public,
        attributes: attributes(attrs),
        span: spans::of(ident.span()),
        kind,
    }
}

/// `pub(self)` is how some macros write no visibility at all.
pub(super) fn is_public(visibility: &syn::Visibility) -> bool {
    match visibility {
        syn::Visibility::Public(_) => true,
        syn::Visibility::Restricted(restricted) => !restricted.path.is_ident("self"),
        syn::Visibility::Inherited => false,
    }
}

fn nameless(attributes: Attributes, public: bool, span: Span, kind: ItemKind) -> Item {
    Item {
        name: Name::default(),
        public,
        attributes,
        span,
        kind,
    }
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
        ItemKind::Mod {
            items: inside,
            path: module_path(&item.attrs),
        },
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
fn implementation_item(
    walk: &mut Walk,
    source: &syn::ImplItem,
    of_trait: bool,
    found: &mut Vec<Item>,
) {
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
                let body = item
                    .default
                    .as_ref()
                    .map(|block| body_of(walk, |body| body.block(block)));
                inside.push(Item {
                    public: true,
                    ..function(&item.sig, &item.attrs, body)
                });
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
        syn::ForeignItem::Fn(item) => Some(Item {
            public: is_public(&item.vis),
            ..function(&item.sig, &item.attrs, None)
        }),
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
            ItemKind::TypeAlias {
                generics: generics(&item.generics),
                ty: None,
                bounds: Vec::new(),
            },
        )),
        _ => None,
    }
}

fn constant(walk: &mut Walk, ty: &syn::Type, value: Option<&syn::Expr>) -> ItemKind {
    ItemKind::Const {
        ty: type_ref(ty),
        value: value.map(|value| body_of(walk, |body| body.expr(value))),
    }
}

/// A function that is not public; the caller knows better.
fn function(signature: &syn::Signature, attrs: &[syn::Attribute], body: Option<Body>) -> Item {
    let mut receiver = None;
    let mut params = Vec::with_capacity(signature.inputs.len());
    for input in &signature.inputs {
        match input {
            syn::FnArg::Receiver(found) => receiver = Some(receiver_of(found)),
            syn::FnArg::Typed(param) => params.push(Param {
                pat: pattern(&param.pat),
                ty: type_ref(&param.ty),
            }),
        }
    }
    params.shrink_to_fit();
    named(
        &signature.ident,
        false,
        attrs,
        ItemKind::Fn(Box::new(Function {
            generics: generics(&signature.generics),
            is_async: signature.asyncness.is_some(),
            receiver,
            params,
            output: return_type(&signature.output),
            body,
        })),
    )
}

fn receiver_of(receiver: &syn::Receiver) -> Receiver {
    match &receiver.kind {
        syn::ReceiverKind::Value => Receiver::Owned,
        syn::ReceiverKind::Reference(_, _, Some(_)) => Receiver::Exclusive,
        syn::ReceiverKind::Reference(_, _, None) => Receiver::Shared,
        syn::ReceiverKind::Typed(_, ty) => match type_ref(ty) {
            TypeRef::Ref(inner, mutable) if is_self(&inner) => {
                if mutable {
                    Receiver::Exclusive
                } else {
                    Receiver::Shared
                }
            }
            ty if is_self(&ty) => Receiver::Owned,
            _ => Receiver::Typed,
        },
        _ => Receiver::Typed,
    }
}

fn is_self(ty: &TypeRef) -> bool {
    matches!(ty, TypeRef::Path(path) if path.segments.len() == 1 && path.segments[0].name == "Self")
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

/// One item for every leaf. Each points at what it binds, so that two leaves of one tree can be told apart.
fn uses(item: &syn::ItemUse, found: &mut Vec<Item>) {
    let mut leaves = Vec::new();
    use_leaves(&item.tree, &mut Vec::new(), &mut leaves);
    let public = is_public(&item.vis);
    let attributes = attributes(&item.attrs);
    let leading_colons = item.leading_colon.is_some();
    for (path, binds, span) in leaves {
        let leaf = Use {
            path,
            leading_colons,
            binds,
        };
        found.push(nameless(
            attributes.clone(),
            public,
            spans::of(span),
            ItemKind::Use(leaf),
        ));
    }
}

/// Every leaf repeats its prefix, so absurdly long prefixes are left out.
const MAX_USE_SEGMENTS: usize = 128;

type UseLeaf = (Vec<Name>, UseBinding, proc_macro2::Span);

fn use_leaves(tree: &syn::UseTree, prefix: &mut Vec<Name>, leaves: &mut Vec<UseLeaf>) {
    let leaf_path = |prefix: &[Name], last: Option<Name>| -> Vec<Name> {
        prefix.iter().cloned().chain(last).collect()
    };
    // `a::{self}` is `a`, but `self` alone is the current module.
    let last = |prefix: &[Name], ident: &syn::Ident| {
        let last = name(ident);
        (prefix.is_empty() || last != "self").then_some(last)
    };
    match tree {
        syn::UseTree::Path(tree) if prefix.len() < MAX_USE_SEGMENTS => {
            prefix.push(name(&tree.ident));
            use_leaves(&tree.tree, prefix, leaves);
            prefix.pop();
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                use_leaves(tree, prefix, leaves);
            }
        }
        syn::UseTree::Name(leaf) => {
            let path = leaf_path(prefix, last(prefix, &leaf.ident));
            if let Some(bound) = path.last().cloned() {
                leaves.push((path, UseBinding::Name(bound), leaf.ident.span()));
            }
        }
        syn::UseTree::Rename(leaf) => {
            let path = leaf_path(prefix, last(prefix, &leaf.ident));
            let binds = match name(&leaf.rename) {
                underscore if underscore == "_" => UseBinding::Anonymous,
                alias => UseBinding::Name(alias),
            };
            leaves.push((path, binds, leaf.rename.span()));
        }
        syn::UseTree::Glob(glob) => leaves.push((
            leaf_path(prefix, None),
            UseBinding::Glob,
            glob.star_token.spans[0],
        )),
        syn::UseTree::Path(_) => {}
    }
}
