//! Room 3, *facts*: patterns, reduced to what binds names and what is tested. Guards belong to the arm and are
//! not read here.

use super::types::{literal, name, path};
use super::{Name, Pat, spans};

/// A pattern without its guard.
pub(super) fn pattern(pat: &syn::Pat) -> Pat {
    match pat {
        syn::Pat::Ident(pat) => Pat::Bind {
            name: name(&pat.ident),
            sub: pat.subpat.as_ref().map(|(_, sub)| Box::new(pattern(sub))),
            span: spans::of(pat.ident.span()),
        },
        syn::Pat::Wild(_) | syn::Pat::Rest(_) => Pat::Wild,
        syn::Pat::Tuple(pat) => Pat::Tuple(pat.elems.iter().map(pattern).collect()),
        syn::Pat::Slice(pat) => Pat::Tuple(pat.elems.iter().map(pattern).collect()),
        syn::Pat::TupleStruct(pat) => {
            Pat::TupleStruct(path(pat.qself.as_ref(), &pat.path), pat.elems.iter().map(pattern).collect())
        }
        syn::Pat::Struct(pat) => Pat::Struct(
            path(pat.qself.as_ref(), &pat.path),
            pat.fields.iter().map(|field| (member(&field.member), pattern(&field.pat))).collect(),
        ),
        syn::Pat::Path(pat) => Pat::Path(path(pat.qself.as_ref(), &pat.path)),
        syn::Pat::Reference(pat) => Pat::Ref(Box::new(pattern(&pat.pat))),
        syn::Pat::Or(pat) => Pat::Or(pat.cases.iter().map(pattern).collect()),
        syn::Pat::Lit(pat) => Pat::Literal(literal(&pat.lit)),
        syn::Pat::Paren(pat) => pattern(&pat.pat),
        syn::Pat::Type(pat) => pattern(&pat.pat),
        syn::Pat::Guard(pat) => pattern(&pat.pat),
        _ => Pat::Other,
    }
}

/// The name of a field; its number in tuples.
pub(super) fn member(member: &syn::Member) -> Name {
    match member {
        syn::Member::Named(ident) => name(ident),
        syn::Member::Unnamed(index) => smol_str::ToSmolStr::to_smolstr(&index.index),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::sketch::pattern as shape;
    use syn::parse::Parser;

    fn pat(text: &str) -> super::Pat {
        super::pattern(&syn::Pat::parse_multi_with_leading_vert.parse_str(text).unwrap())
    }

    #[test]
    fn what_binds_and_what_tests_is_kept() {
        for (text, expected) in [
            ("x", "x"),
            ("ref mut x", "x"),
            ("x @ Some(_)", "x@Some(_)"),
            ("(a, .., b)", "(a, _, b)"),
            ("[a, b]", "(a, b)"),
            ("S { a, b: Some(c), .. }", "S{a: a, b: Some(c)}"),
            ("S { 0: a }", "S{0: a}"),
            ("E::A | E::B", "::E::A | ::E::B"),
            ("&(a)", "&a"),
            ("\"x\"", "\"x\""),
            ("1..=2", "other"),
            ("r#type", "type"),
        ] {
            assert_eq!(shape(&pat(text)), expected, "{text}");
        }
    }
}
