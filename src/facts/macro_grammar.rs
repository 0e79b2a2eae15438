//! Room 3, *facts*: what may stand between the delimiters of a macro call, as grammars over the parser's own.
//! They only parse; what becomes of the result is decided in [`super::macros`] and [`super::item_macros`].

use syn::buffer::Cursor;
use syn::parse::{ParseStream, Parser, Result, discouraged::Speculative};
use syn::{Expr, Ident, Pat, Stmt, Token, braced, token};

use super::Cfg;
use super::attributes::{both, cfg};

/// A macro call's content, when it follows no grammar of its own.
pub(super) enum Content {
    /// Separated expressions.
    Arguments(Vec<Expr>),
    /// Statements.
    Statements(Vec<Stmt>),
    /// Neither.
    Unreadable,
}

/// One branch of `select!`.
pub(super) struct SelectBranch {
    /// `None` for `else`, `complete` and `default`.
    pub(super) polled: Option<(Pat, Expr)>,
    pub(super) guard: Option<Expr>,
    pub(super) body: Expr,
}

/// `matches!(value, pattern if guard)`.
pub(super) struct Matches {
    pub(super) value: Expr,
    pub(super) pat: Pat,
    pub(super) guard: Option<Expr>,
}

/// One declaration in `lazy_static!` or `thread_local!`.
pub(super) struct StaticEntry {
    pub(super) attrs: Vec<syn::Attribute>,
    pub(super) vis: syn::Visibility,
    pub(super) ident: Ident,
    pub(super) ty: syn::Type,
    pub(super) init: Expr,
}

/// Parses a call's content with one of the grammars below. `None` when it does not follow it.
pub(super) fn parse<T>(call: &syn::Macro, grammar: impl Parser<Output = T>) -> Option<T> {
    call.parse_body_with(grammar).ok()
}

/// Reads content of an unknown grammar. With `prefer_arguments`, semicolons separate arguments rather than
/// statements where both are possible.
pub(super) fn content(call: &syn::Macro, prefer_arguments: bool) -> Content {
    let grammar = |input: ParseStream| {
        let ahead = input.fork();
        let read = arguments(&ahead);
        if let Ok((list, semicolons)) = &read
            && (prefer_arguments || !semicolons)
            && !list.iter().any(|expr| matches!(expr, Expr::Let(_)))
        {
            input.advance_to(&ahead);
            return Ok(read.map_or(Content::Unreadable, |(list, _)| Content::Arguments(list)));
        }
        let ahead_too = input.fork();
        if let Ok(statements) = syn::Block::parse_within(&ahead_too)
            && ahead_too.is_empty()
        {
            input.advance_to(&ahead_too);
            return Ok(Content::Statements(statements));
        }
        match read {
            Ok((list, _)) => {
                input.advance_to(&ahead);
                Ok(Content::Arguments(list))
            }
            Err(error) => Err(error),
        }
    };
    parse(call, grammar).unwrap_or(Content::Unreadable)
}

/// Expressions separated by commas or semicolons, with what logging macros put before them: `key =`,
/// `target:`, `%` and `?`. Also tells whether there were semicolons.
fn arguments(input: ParseStream) -> Result<(Vec<Expr>, bool)> {
    let mut list = Vec::new();
    let mut semicolons = false;
    while !input.is_empty() {
        skip_key(input)?;
        if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
        } else if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            argument(input, &mut list)?;
        }
        if input.is_empty() {
            break;
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            semicolons = true;
        } else {
            input.parse::<Token![,]>()?;
        }
    }
    Ok((list, semicolons))
}

/// One expression, or the braces around fields that logging macros allow.
fn argument(input: ParseStream, list: &mut Vec<Expr>) -> Result<()> {
    if input.peek(token::Brace) {
        let ahead = input.fork();
        if let Ok(expr) = ahead.parse() {
            input.advance_to(&ahead);
            list.push(expr);
        } else {
            let inside;
            braced!(inside in input);
            list.append(&mut arguments(&inside)?.0);
        }
    } else {
        list.push(expression(input)?);
    }
    Ok(())
}

/// One expression. Most arguments are a literal or a name, which need none of the parser's look-ahead.
fn expression(input: ParseStream) -> Result<Expr> {
    let start = input.cursor();
    if let Some((_, rest)) = start.literal()
        && ends_argument(rest)
    {
        return Ok(Expr::Lit(syn::ExprLit { attrs: Vec::new(), lit: syn::Lit::new(input.parse()?) }));
    }
    if let Some((_, rest)) = start.ident()
        && ends_argument(rest)
        && input.peek(Ident)
    {
        return Ok(Expr::Path(syn::ExprPath {
            attrs: Vec::new(),
            qself: None,
            path: input.parse::<Ident>()?.into(),
        }));
    }
    input.parse()
}

fn ends_argument(rest: Cursor<'_>) -> bool {
    rest.eof() || rest.punct().is_some_and(|(mark, _)| mark.as_char() == ',')
}

/// Moves over `a.b =`, `"a" =`, `a:` and `a:? =`. Does nothing when there is none of them.
fn skip_key(input: ParseStream) -> Result<()> {
    input.step(|start| {
        let none = Ok(((), *start));
        let mut rest = match (start.ident(), start.literal()) {
            (Some((_, rest)), _) | (_, Some((_, rest))) => rest,
            _ => return none,
        };
        while let Some((dot, after)) = rest.punct()
            && dot.as_char() == '.'
            && let Some((_, after)) = after.ident()
        {
            rest = after;
        }
        let Some((mark, after)) = rest.punct() else {
            return none;
        };
        let next = after.punct().map(|(next, _)| next.as_char());
        let joint = mark.spacing() == proc_macro2::Spacing::Joint;
        match mark.as_char() {
            '=' if joint && matches!(next, Some('=' | '>')) => none,
            '=' => Ok(((), after)),
            ':' if joint && next == Some(':') => none,
            ':' => {
                let format =
                    after.punct().map(|(_, rest)| rest).or_else(|| after.ident().map(|(_, rest)| rest));
                match format.and_then(|rest| rest.punct()) {
                    Some((equals, rest)) if equals.as_char() == '=' => Ok(((), rest)),
                    _ => Ok(((), after)),
                }
            }
            _ => none,
        }
    })
}

/// `a; n` as two expressions, or `a, b, …`: what `vec!` takes.
pub(super) fn elements(input: ParseStream) -> Result<Vec<Expr>> {
    let mut list = Vec::new();
    while !input.is_empty() {
        list.push(expression(input)?);
        if list.len() == 1 && input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
        } else if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(list)
}

/// Paths separated by commas; attributes before them are dropped.
pub(super) fn paths(input: ParseStream) -> Result<Vec<syn::Path>> {
    let mut list = Vec::new();
    while !input.is_empty() {
        syn::Attribute::parse_outer(input)?;
        list.push(input.parse()?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(list)
}

/// The branches of `select!`, with or without `biased;`.
pub(super) fn select(input: ParseStream) -> Result<Vec<SelectBranch>> {
    if input.peek(Ident) && input.peek2(Token![;]) {
        input.parse::<Ident>()?;
        input.parse::<Token![;]>()?;
    }
    let mut branches = Vec::new();
    while !input.is_empty() {
        let mut guard = None;
        let polled = if input.peek(Token![else]) {
            input.parse::<Token![else]>()?;
            None
        } else if input.peek(Ident) && input.peek2(Token![=>]) {
            input.parse::<Ident>()?;
            None
        } else {
            let pat = Pat::parse_multi_with_leading_vert(input)?;
            input.parse::<Token![=]>()?;
            let future = input.parse()?;
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                input.parse::<Token![if]>()?;
                guard = Some(input.parse()?);
            }
            Some((pat, future))
        };
        input.parse::<Token![=>]>()?;
        // A block ends the branch: what follows it is not its operand.
        let body = Expr::parse_with_earlier_boundary_rule(input)?;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        }
        branches.push(SelectBranch { polled, guard, body });
    }
    Ok(branches)
}

/// `value, pattern if guard`.
pub(super) fn matches(input: ParseStream) -> Result<Matches> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    let mut guard = None;
    if input.peek(Token![if]) {
        input.parse::<Token![if]>()?;
        guard = Some(input.parse()?);
    }
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
    }
    Ok(Matches { value, pat, guard })
}

/// `static NAME: Type = init;` and `static ref NAME: Type = init;`, one or more.
pub(super) fn statics(input: ParseStream) -> Result<Vec<StaticEntry>> {
    let mut entries = Vec::new();
    while !input.is_empty() {
        let attrs = syn::Attribute::parse_outer(input)?;
        let vis = input.parse()?;
        input.parse::<Token![static]>()?;
        if input.peek(Token![ref]) {
            input.parse::<Token![ref]>()?;
        }
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![=]>()?;
        let init = input.parse()?;
        entries.push(StaticEntry { attrs, vis, ident, ty, init });
        if !input.is_empty() {
            input.parse::<Token![;]>()?;
        }
    }
    Ok(entries)
}

/// Items up to the end.
pub(super) fn items(input: ParseStream) -> Result<Vec<syn::Item>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(input.parse()?);
    }
    Ok(items)
}

/// One branch of `cfg_if!`.
pub(super) struct CfgBranch<T> {
    /// `None` when the branch is always there.
    pub(super) condition: Option<Cfg>,
    pub(super) braces: token::Brace,
    pub(super) content: T,
}

/// The branches of `cfg_if!` with the condition under which each is chosen, which says that no earlier one was.
pub(super) fn cfg_if<T>(
    input: ParseStream,
    content: fn(ParseStream) -> Result<T>,
) -> Result<Vec<CfgBranch<T>>> {
    let mut branches = Vec::new();
    let mut earlier = None;
    loop {
        let own = if input.peek(Token![if]) {
            input.parse::<Token![if]>()?;
            cfg(&syn::Attribute::parse_outer(input)?)
        } else {
            None
        };
        let is_last = own.is_none();
        let inside;
        let braces = braced!(inside in input);
        branches.push(CfgBranch {
            condition: both(earlier.clone(), own.clone()),
            braces,
            content: content(&inside)?,
        });
        earlier = both(earlier, own.map(|own| Cfg::Not(Box::new(own))));
        if is_last || !input.peek(Token![else]) {
            return Ok(branches);
        }
        input.parse::<Token![else]>()?;
    }
}
