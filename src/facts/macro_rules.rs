//! Room 3, *facts*: `macro_rules!` as functions. A macro's arm reads like a function whose parameters are its
//! metavariables: what it calls can be seen without expanding any call of it. Arms that write items, or anything that
//! is not statements, are left out and counted.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, TokenStream, TokenTree};
use syn::parse::{Parse, Parser};

use super::bodies::body_of;
use super::items::Walk;
use super::spans;
use super::types::name;
use super::{Function, Generics, Param, Pat, TypeRef};

/// The arms of a macro that can be read as functions, in order.
pub(super) fn arms(walk: &mut Walk, tokens: &TokenStream) -> Vec<Function> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut arms = Vec::new();
    let mut rest = trees.as_slice();
    while let [
        TokenTree::Group(pattern),
        TokenTree::Punct(_),
        TokenTree::Punct(_),
        TokenTree::Group(body),
        after @ ..,
    ] = rest
    {
        match arm(walk, pattern, body) {
            Some(arm) => arms.push(arm),
            None => walk.opaque_macros += 1,
        }
        rest = match after {
            [TokenTree::Punct(separator), after @ ..] if separator.as_char() == ';' => after,
            after => after,
        };
    }
    arms
}

fn arm(walk: &mut Walk, pattern: &Group, body: &Group) -> Option<Function> {
    let tokens = TokenStream::from(TokenTree::Group(Group::new(Delimiter::Brace, written(body.stream()))));
    let block = syn::Block::parse.parse2(tokens).ok()?;
    if block
        .stmts
        .iter()
        .any(|statement| matches!(statement, syn::Stmt::Item(item) if !matches!(item, syn::Item::Use(_))))
    {
        return None;
    }
    let mut params = Vec::new();
    metavariables(pattern.stream(), &mut params);
    let body = body_of(walk, |body| body.block(&block));
    Some(Function {
        generics: Generics::default(),
        is_async: false,
        receiver: None,
        params,
        output: Some(TypeRef::Unknown),
        body: Some(body),
    })
}

/// Every `$name:kind` of a pattern, in order.
fn metavariables(tokens: TokenStream, found: &mut Vec<Param>) {
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Group(group) => metavariables(group.stream(), found),
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => {
                if let Some(TokenTree::Ident(ident)) = trees.peek() {
                    let pat = Pat::Bind { name: name(ident), sub: None, span: spans::of(ident.span()) };
                    found.push(Param { pat, ty: TypeRef::Infer });
                    trees.next();
                }
            }
            _ => {}
        }
    }
}

/// What an arm writes when every metavariable is a variable of the same name and every repetition is done once.
fn written(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), written(group.stream()));
                inside.set_span(group.span());
                out.push(TokenTree::Group(inside));
            }
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => match trees.next() {
                Some(TokenTree::Group(repeated)) => {
                    out.extend(written(repeated.stream()));
                    // `$( … ),*` and `$( … )*`: what separates the turns stays, in case something follows.
                    let separator = match trees.peek() {
                        Some(TokenTree::Punct(mark)) if !matches!(mark.as_char(), '*' | '+' | '?') => {
                            let mark = mark.as_char();
                            trees.next();
                            Some(mark)
                        }
                        _ => None,
                    };
                    trees.next();
                    if let Some(mark) = separator {
                        out.push(TokenTree::Punct(Punct::new(mark, Spacing::Alone)));
                    }
                }
                Some(TokenTree::Ident(ident)) => out.push(TokenTree::Ident(variable(&ident))),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// `$crate` is the crate of the macro.
fn variable(ident: &Ident) -> Ident {
    let is_crate = ident == "crate";
    if is_crate { Ident::new("crate", ident.span()) } else { ident.clone() }
}

#[cfg(test)]
mod tests {
    use crate::facts::ItemKind;
    use crate::facts::sketch::{facts, sketch};

    fn arms(text: &str) -> Vec<(usize, String)> {
        let facts = facts(text);
        let ItemKind::MacroRules(arms) = &facts.items[0].kind else { panic!("a macro") };
        let body = |arm: &crate::facts::Function| sketch(arm.body.as_ref().unwrap());
        arms.iter().map(|arm| (arm.params.len(), body(arm))).collect()
    }

    #[test]
    fn an_arm_is_a_function_of_its_metavariables() {
        assert_eq!(
            arms(
                "macro_rules! open { ($path:expr) => { $crate::db::open($path).unwrap() }; () => { open!(\"a\") } }"
            ),
            [(1, "crate::db::open(path).unwrap()".to_owned()), (0, "open!(\"a\")".to_owned())]
        );
    }

    #[test]
    fn a_repetition_is_done_once() {
        assert_eq!(
            arms("macro_rules! all { ($($one:expr),* $(,)?) => {{ $( start($one); )* wait() }}; }"),
            [(1, "{ start(one); wait() }".to_owned())]
        );
        assert_eq!(
            arms("macro_rules! list { ($($x:expr),*) => { vec_of([$($x),*]) } }"),
            [(1, "vec_of([x])".to_owned())]
        );
    }

    #[test]
    fn arms_that_write_items_are_left_out_and_counted() {
        let facts =
            facts("macro_rules! make { ($n:ident) => { fn $n() {} }; ($a:expr, $b:expr) => { f($a, $b) } }");
        assert_eq!(facts.opaque_macros, 1);
        let ItemKind::MacroRules(arms) = &facts.items[0].kind else { panic!("a macro") };
        assert_eq!(arms.len(), 1);
    }
}
