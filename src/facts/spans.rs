//! Room 3, *facts*: places. Turns the parser's spans into [`Span`] without asking the parser for the span of a
//! whole tree, which it could only answer by writing the tree out as tokens again.

use proc_macro2::{LineColumn, TokenStream};
use syn::spanned::Spanned;

use crate::location::Span;

/// Line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl From<LineColumn> for Position {
    fn from(place: LineColumn) -> Self {
        // A text has at most 2^24 bytes, so its lines and columns fit.
        Self { line: place.line as u32, column: place.column as u32 + 1 }
    }
}

pub(super) fn start(span: proc_macro2::Span) -> Position {
    span.start().into()
}

pub(super) fn end(span: proc_macro2::Span) -> Position {
    span.end().into()
}

/// From one position to another.
pub(super) fn range(from: Position, to: Position) -> Span {
    Span { line: from.line, column: from.column, end_line: to.line, end_column: to.column }
}

/// The place of one token.
pub(super) fn of(span: proc_macro2::Span) -> Span {
    range(start(span), end(span))
}

pub(super) fn from_start(span: Span) -> Position {
    Position { line: span.line, column: span.column }
}

pub(super) fn from_end(span: Span) -> Position {
    Position { line: span.end_line, column: span.end_column }
}

/// Where a path starts. `None` only for an empty path, which the parser does not produce.
pub(super) fn path_start(qself: Option<&syn::QSelf>, path: &syn::Path) -> Option<proc_macro2::Span> {
    match (qself, &path.leading_colon) {
        (Some(qself), _) => Some(qself.lt_token.spans[0]),
        (None, Some(colons)) => Some(colons.spans[0]),
        (None, None) => path.segments.first().map(|first| first.ident.span()),
    }
}

/// The last token of a path.
pub(super) fn path_end(path: &syn::Path) -> Option<proc_macro2::Span> {
    let last = path.segments.last()?;
    Some(match &last.arguments {
        syn::PathArguments::None => last.ident.span(),
        syn::PathArguments::AngleBracketed(arguments) => arguments.gt_token.spans[0],
        syn::PathArguments::Parenthesized(arguments) => arguments.paren_token.span.close(),
    })
}

/// The place of a path.
pub(super) fn of_path(qself: Option<&syn::QSelf>, path: &syn::Path) -> Span {
    match (path_start(qself, path), path_end(path)) {
        (Some(first), Some(last)) => range(start(first), end(last)),
        _ => Span::default(),
    }
}

/// Where a type ends.
pub(super) fn type_end(ty: &syn::Type) -> Position {
    let last = match ty {
        syn::Type::Path(path) => path_end(&path.path),
        syn::Type::Tuple(tuple) => Some(tuple.paren_token.span.close()),
        syn::Type::Slice(slice) => Some(slice.bracket_token.span.close()),
        syn::Type::Array(array) => Some(array.bracket_token.span.close()),
        syn::Type::Infer(infer) => Some(infer.underscore_token.spans[0]),
        syn::Type::Reference(reference) => return type_end(&reference.elem),
        syn::Type::Ptr(pointer) => return type_end(&pointer.elem),
        _ => None,
    };
    // What remains is rare enough to be written out as tokens.
    end(last.unwrap_or_else(|| ty.span()))
}

/// The place of a type.
pub(super) fn of_type(ty: &syn::Type) -> Span {
    let first = match ty {
        syn::Type::Path(path) => path_start(path.qself.as_ref(), &path.path),
        syn::Type::Reference(reference) => Some(reference.and_token.spans[0]),
        syn::Type::Ptr(pointer) => Some(pointer.star_token.spans[0]),
        syn::Type::Tuple(tuple) => Some(tuple.paren_token.span.open()),
        syn::Type::Slice(slice) => Some(slice.bracket_token.span.open()),
        syn::Type::Array(array) => Some(array.bracket_token.span.open()),
        _ => None,
    };
    range(start(first.unwrap_or_else(|| ty.span())), type_end(ty))
}

/// The place of a macro call, from its path to its closing delimiter.
pub(super) fn of_macro(call: &syn::Macro) -> Span {
    let close = call.delimiter.span().close();
    range(start(path_start(None, &call.path).unwrap_or(close)), end(close))
}

/// The place of a run of tokens.
pub(super) fn of_tokens(tokens: &TokenStream) -> Span {
    let mut tokens = tokens.clone().into_iter();
    let Some(first) = tokens.next() else {
        return Span::default();
    };
    let last = tokens.last().map_or_else(|| first.span(), |last| last.span());
    range(start(first.span()), end(last))
}

/// `head`, or only its first line when it goes on: what stands for an item without a name.
pub(super) fn first_line(first: proc_macro2::Span, head: proc_macro2::Span) -> Span {
    let whole = range(start(first), end(head));
    if whole.line == whole.end_line { whole } else { of(first) }
}
