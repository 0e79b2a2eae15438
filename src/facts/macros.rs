//! Room 3, *facts*: macro calls in expression and statement position. Macros are known by their last name and
//! never expanded; what cannot be read as code is kept as its literals and the paths that look called.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::attributes::token_literal;
use super::bodies::BodyWriter;
use super::macro_grammar::{self as grammar, Content};
use super::patterns::pattern;
use super::types::{name, path, segment_of_name};
use super::{
    BinaryOp, ExprId, ExprKind, LetCondition, Literal, MacroCall, MacroContent, Name, Pat, Path,
    SelectArm, Statement, spans,
};
use crate::location::Span;

pub(super) use super::item_macros::{declares_items, item_macro};

/// Calls inside calls are entered this far; each level reads its tokens once more.
pub(super) const MAX_DEPTH: u32 = 24;

/// The name by which a macro is known; empty for a path without segments.
pub(super) fn last_name(call: &syn::Macro) -> Name {
    call.path
        .segments
        .last()
        .map_or_else(Name::default, |last| name(&last.ident))
}

/// Adds the statements of a macro that stands for several. Returns whether it was one.
pub(super) fn statement_macro(
    writer: &mut BodyWriter<'_>,
    call: &syn::Macro,
    statements: &mut Vec<Statement>,
) -> bool {
    if last_name(call) != "cfg_if" {
        return false;
    }
    match writer.entered(|writer| writer.cfg_if(call)) {
        Some(mut branches) => {
            statements.append(&mut branches);
            true
        }
        None => false,
    }
}

impl BodyWriter<'_> {
    /// Writes a macro call as what it is known to become, else as [`ExprKind::Macro`].
    pub(super) fn macro_call(&mut self, call: &syn::Macro) -> ExprId {
        let span = spans::of_macro(call);
        let kind = self
            .entered(|writer| writer.known_macro(call, span))
            .unwrap_or_else(|| self.opaque(call));
        self.push(span, kind)
    }

    /// Runs `enter` one level deeper, unless that is too deep.
    fn entered<T>(&mut self, enter: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.walk.macro_depth >= MAX_DEPTH {
            return None;
        }
        self.walk.macro_depth += 1;
        let entered = enter(self);
        self.walk.macro_depth -= 1;
        entered
    }

    fn known_macro(&mut self, call: &syn::Macro, span: Span) -> Option<ExprKind> {
        let known = last_name(call);
        let special = match known.as_str() {
            "vec" => self.vec(call),
            "matches" => self.matches(call, span),
            "select" | "select_biased" => self.select(call),
            "routes" | "catchers" | "generate_handler" => handlers(call),
            "cfg_if" => self.cfg_if(call).map(|statements| ExprKind::Block {
                statements,
                tail: None,
            }),
            _ => None,
        };
        special.or_else(|| self.unknown_macro(call, is_logging(&known)))
    }

    fn vec(&mut self, call: &syn::Macro) -> Option<ExprKind> {
        let elements = grammar::parse(call, grammar::elements)?;
        Some(ExprKind::Array(self.list(elements.iter())))
    }

    fn matches(&mut self, call: &syn::Macro, span: Span) -> Option<ExprKind> {
        let matches = grammar::parse(call, grammar::matches)?;
        let value = self.expr(&matches.value);
        let condition = ExprKind::Let(Box::new(LetCondition {
            pat: pattern(&matches.pat),
            value,
        }));
        let Some(guard) = &matches.guard else {
            return Some(condition);
        };
        let left = self.push(span, condition);
        let right = self.expr(guard);
        Some(ExprKind::Binary {
            op: BinaryOp::And,
            left,
            right,
        })
    }

    fn select(&mut self, call: &syn::Macro) -> Option<ExprKind> {
        let branches = grammar::parse(call, grammar::select)?;
        let mut arms = Vec::with_capacity(branches.len());
        for branch in &branches {
            let (pat, future) = match &branch.polled {
                Some((pat, future)) => (pattern(pat), Some(self.expr(future))),
                None => (Pat::Wild, None),
            };
            arms.push(SelectArm {
                pat,
                future,
                guard: branch.guard.as_ref().map(|guard| self.expr(guard)),
                body: self.expr(&branch.body),
            });
        }
        Some(macro_kind(call, MacroContent::Select(arms)))
    }

    /// Every branch of `cfg_if!` as a block that is there under its condition.
    fn cfg_if(&mut self, call: &syn::Macro) -> Option<Vec<Statement>> {
        let read = |input: syn::parse::ParseStream| {
            grammar::cfg_if(input, |input| {
                let span = input.span();
                Ok((span, input.parse::<grammar::Statements>()?.0))
            })
        };
        let branches = grammar::parse(call, read)?;
        let mut statements = Vec::with_capacity(branches.len());
        for (condition, (first, source)) in &branches {
            let kind = self.block_kind(source);
            let id = self.push(spans::of(*first), kind);
            statements.push(Statement::Expr(id, condition.clone().map(Box::new)));
        }
        Some(statements)
    }

    fn unknown_macro(&mut self, call: &syn::Macro, prefer_arguments: bool) -> Option<ExprKind> {
        let content = match grammar::content(call, prefer_arguments) {
            Content::Arguments(list) => MacroContent::Args(self.list(list.iter())),
            Content::Statements(source) => {
                let kind = self.block_kind(&source);
                let delimiters = call.delimiter.span();
                let span = spans::range(
                    spans::start(delimiters.open()),
                    spans::end(delimiters.close()),
                );
                MacroContent::Block(self.push(span, kind))
            }
            Content::Unreadable => return None,
        };
        Some(macro_kind(call, content))
    }

    fn opaque(&mut self, call: &syn::Macro) -> ExprKind {
        self.walk.opaque_macros += 1;
        let mut glance = Glance::default();
        glance.at(call.tokens.clone());
        let content = MacroContent::Opaque {
            literals: glance.literals,
            called: glance.called,
        };
        macro_kind(call, content)
    }
}

fn macro_kind(call: &syn::Macro, content: MacroContent) -> ExprKind {
    ExprKind::Macro(Box::new(MacroCall {
        path: path(None, &call.path),
        content,
    }))
}

fn handlers(call: &syn::Macro) -> Option<ExprKind> {
    let paths = grammar::parse(call, grammar::paths)?;
    let handlers = paths
        .iter()
        .map(|handler| (path(None, handler), spans::of_path(None, handler)))
        .collect();
    Some(macro_kind(call, MacroContent::Paths(handlers)))
}

/// Macros in which a semicolon stands between fields and message.
fn is_logging(name: &str) -> bool {
    matches!(
        name,
        "trace" | "debug" | "info" | "warn" | "error" | "log" | "event"
    )
}

/// What can be said of tokens without a grammar.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// String literals at any depth.
    pub(super) literals: Vec<Literal>,
    /// Paths directly before parentheses.
    pub(super) called: Vec<(Path, Span)>,
    /// Whether anything stands in delimiters, so that something could run.
    pub(super) has_groups: bool,
}

impl Glance {
    /// Looks at tokens and at what is nested in them.
    pub(super) fn at(&mut self, tokens: TokenStream) {
        let mut written: Option<(Path, Span)> = None;
        let mut goes_on = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let place = spans::of(ident.span());
                    let segment = segment_of_name(name(&ident));
                    match &mut written {
                        Some((path, span)) if goes_on => {
                            path.segments.push(segment);
                            *span = spans::range(spans::from_start(*span), spans::from_end(place));
                        }
                        _ => {
                            let path = Path {
                                segments: vec![segment],
                                ..Path::default()
                            };
                            written = Some((path, place));
                        }
                    }
                    goes_on = false;
                }
                TokenTree::Punct(colon) if colon.as_char() == ':' && written.is_some() => {
                    goes_on = colon.spacing() == Spacing::Alone;
                }
                TokenTree::Group(group) => {
                    self.has_groups = true;
                    if group.delimiter() == Delimiter::Parenthesis && !goes_on {
                        self.called.extend(written.take().filter(|(path, _)| !is_keyword(path)));
                    }
                    written = None;
                    self.at(group.stream());
                }
                TokenTree::Literal(literal) => {
                    written = None;
                    if let text @ Literal::Str(_) = token_literal(&literal) {
                        self.literals.push(text);
                    }
                }
                TokenTree::Punct(_) => written = None,
            }
        }
    }
}

/// `if (…)` calls nothing.
fn is_keyword(path: &Path) -> bool {
    matches!(
        path.segments.as_slice(),
        [only] if matches!(
            only.name.as_str(),
            "as" | "else" | "for" | "if" | "in" | "let" | "match" | "move" | "mut" | "return" | "while"
        )
    )
}
