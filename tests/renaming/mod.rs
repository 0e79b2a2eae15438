//! Names given other ones inside what macros are called with, for the tests that rewrite programs.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// The tokens with each name that stands for itself, rather than for a field or method, as `renamed` says.
pub(crate) fn in_tokens(tokens: TokenStream, renamed: &dyn Fn(&Ident) -> Option<Ident>) -> TokenStream {
    let mut after_dot = false;
    tokens
        .into_iter()
        .map(|tree| {
            let was_after_dot = std::mem::replace(&mut after_dot, false);
            match tree {
                TokenTree::Ident(ident) if !was_after_dot => {
                    TokenTree::Ident(renamed(&ident).unwrap_or(ident))
                }
                TokenTree::Group(group) => {
                    TokenTree::Group(Group::new(group.delimiter(), in_tokens(group.stream(), renamed)))
                }
                TokenTree::Punct(mark) => {
                    after_dot = mark.as_char() == '.';
                    TokenTree::Punct(mark)
                }
                other => other,
            }
        })
        .collect()
}

/// `S { a }` as `S { a: a }`, so that the field keeps its name when the variable gets another.
pub(crate) fn spell_out(colon: &mut Option<syn::Token![:]>) {
    colon.get_or_insert_with(Default::default);
}
