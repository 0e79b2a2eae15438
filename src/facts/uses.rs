//! Room 3, *facts*: `use` trees, taken apart into what each leaf binds. Nothing is looked up.

use super::attributes::attributes;
use super::items::{is_public, nameless};
use super::types::name;
use super::{Item, ItemKind, Name, Use, UseBinding, spans};

/// One item for every leaf. Each points at what it binds, so that two leaves of one tree can be told apart.
pub(super) fn uses(item: &syn::ItemUse, found: &mut Vec<Item>) {
    let mut leaves = Vec::new();
    use_leaves(&item.tree, &mut Vec::new(), &mut leaves);
    let public = is_public(&item.vis);
    let attributes = attributes(&item.attrs);
    let leading_colons = item.leading_colon.is_some();
    for (path, binds, span) in leaves {
        let leaf = Use { path, leading_colons, binds };
        found.push(nameless(attributes.clone(), public, spans::of(span), ItemKind::Use(leaf)));
    }
}

/// Every leaf repeats its prefix, so absurdly long prefixes are left out.
const MAX_USE_SEGMENTS: usize = 128;

type UseLeaf = (Vec<Name>, UseBinding, proc_macro2::Span);

fn use_leaves(tree: &syn::UseTree, prefix: &mut Vec<Name>, leaves: &mut Vec<UseLeaf>) {
    let leaf_path =
        |prefix: &[Name], last: Option<Name>| -> Vec<Name> { prefix.iter().cloned().chain(last).collect() };
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
        syn::UseTree::Glob(glob) => {
            leaves.push((leaf_path(prefix, None), UseBinding::Glob, glob.star_token.spans[0]))
        }
        syn::UseTree::Path(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::sketch::facts;
    use crate::facts::{ItemKind, UseBinding};

    fn uses(text: &str) -> Vec<String> {
        facts(text)
            .items
            .iter()
            .map(|item| match &item.kind {
                ItemKind::Use(found) => {
                    let path = found.path.join("::");
                    let colons = if found.leading_colons { "::" } else { "" };
                    match &found.binds {
                        UseBinding::Name(name) => format!("{colons}{path} as {name}"),
                        UseBinding::Anonymous => format!("{colons}{path} as _"),
                        UseBinding::Glob => format!("{colons}{path}::*"),
                    }
                }
                other => panic!("not a use: {other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_use_tree_becomes_its_leaves() {
        assert_eq!(
            uses("use a::{self, b as c, d::{*, e}, f as _};"),
            ["a as a", "a::b as c", "a::d::*", "a::d::e as e", "a::f as _"]
        );
        assert_eq!(
            uses("use ::a::b; use self::c; use a::{self as d}; use {e, super::r#type};"),
            ["::a::b as b", "self::c as c", "a as d", "e as e", "super::type as type"]
        );
    }

    #[test]
    fn each_leaf_of_a_use_points_at_what_it_binds() {
        let items = facts("pub use a::{b,\n  c as d};").items;
        assert!(items.iter().all(|item| item.public && item.name.is_empty()));
        assert_eq!((items[1].span.line, items[1].span.column), (2, 8));
    }
}
