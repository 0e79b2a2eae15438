//! Room 3, *facts*: macro calls in expression and statement position. Macros are known by their last name and
//! never expanded; what cannot be read as code is kept as its literals and the paths that look called.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::attributes::token_literal;
use super::bodies::BodyWriter;
use super::macro_grammar::{self as grammar, Content};
use super::patterns::pattern;
use super::types::{name, path, segment_of_name};
use super::{
    BinaryOp, ExprId, ExprKind, LetCondition, Literal, MacroCall, MacroContent, Name, Pat, Path, SelectArm,
    Statement, spans,
};
use crate::location::Span;

pub(super) use super::item_macros::{declares_items, item_macro};

/// Calls inside calls are entered this far; each level reads its tokens once more.
pub(super) const MAX_DEPTH: u32 = 24;

/// The name by which a macro is known; empty for a path without segments.
pub(super) fn last_name(call: &syn::Macro) -> Name {
    call.path.segments.last().map_or_else(Name::default, |last| name(&last.ident))
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
        let kind = self.entered(|writer| writer.known_macro(call, span)).unwrap_or_else(|| self.opaque(call));
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
            "routes"
            | "catchers"
            | "generate_handler"
            | "openapi_get_routes"
            | "openapi_get_routes_spec"
            | "openapi_routes" => handlers(call),
            "cfg_if" => self.cfg_if(call).map(|statements| ExprKind::Block { statements, tail: None }),
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
        let condition = ExprKind::Let(Box::new(LetCondition { pat: pattern(&matches.pat), value }));
        let Some(guard) = &matches.guard else {
            return Some(condition);
        };
        let left = self.push(span, condition);
        let right = self.expr(guard);
        Some(ExprKind::Binary { op: BinaryOp::And, left, right })
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
        let read = |input: syn::parse::ParseStream| grammar::cfg_if(input, syn::Block::parse_within);
        let branches = grammar::parse(call, read)?;
        let mut statements = Vec::with_capacity(branches.len());
        for branch in branches {
            let block = syn::Block { brace_token: branch.braces, stmts: branch.content };
            let id = self.block(&block);
            statements.push(Statement::Expr(id, branch.condition.map(Box::new)));
        }
        Some(statements)
    }

    fn unknown_macro(&mut self, call: &syn::Macro, prefer_arguments: bool) -> Option<ExprKind> {
        let content = match grammar::content(call, prefer_arguments) {
            Content::Arguments(list) => MacroContent::Args(self.list(list.iter())),
            Content::Statements(source) => {
                let kind = self.block_kind(&source);
                let delimiters = call.delimiter.span();
                let span = spans::range(spans::start(delimiters.open()), spans::end(delimiters.close()));
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
        let content = MacroContent::Opaque { literals: glance.literals, called: glance.called };
        macro_kind(call, content)
    }
}

fn macro_kind(call: &syn::Macro, content: MacroContent) -> ExprKind {
    ExprKind::Macro(Box::new(MacroCall { path: path(None, &call.path), content }))
}

fn handlers(call: &syn::Macro) -> Option<ExprKind> {
    let paths = grammar::parse(call, grammar::paths)?;
    let handlers = paths.iter().map(|handler| (path(None, handler), spans::of_path(None, handler))).collect();
    Some(macro_kind(call, MacroContent::Paths(handlers)))
}

/// Macros in which a semicolon stands between fields and message.
fn is_logging(name: &str) -> bool {
    matches!(name, "trace" | "debug" | "info" | "warn" | "error" | "log" | "event")
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
                            let path = Path { segments: vec![segment], ..Path::default() };
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

#[cfg(test)]
mod tests {
    use super::MAX_DEPTH;
    use crate::facts::ExprKind;
    use crate::facts::sketch::{body, facts, function_body};
    use crate::location::Span;

    #[test]
    fn lists() {
        assert_eq!(body("vec![a(), b]; vec![c; n()]; vec![]"), "[a(), b]; [c, n()]; []");
        assert_eq!(body("tokio::join!(a(), b())"), "tokio::join!(a(), b())");
        assert_eq!(body("try_join!(a, b,)?"), "try_join!(a, b)?");
    }

    #[test]
    fn select_tells_what_is_polled_and_what_runs() {
        assert_eq!(
            body(
                "tokio::select! {
                    biased;
                    Some(a) = b.recv(), if c => { d(a) }
                    _ = &mut e => f(),
                    else => break,
                }"
            ),
            "tokio::select!select{ Some(a) = b.recv() if c => { d(a) }, _ = &mut e => f(), _ => break }"
        );
        assert_eq!(
            body("futures::select_biased! { a = b => c, complete => d, default => {} }"),
            "futures::select_biased!select{ a = b => c, _ => d, _ => { } }"
        );
    }

    #[test]
    fn format_arguments_lose_their_names() {
        assert_eq!(body("format!(\"{} {x}\", a(), x = b(),)"), "format!(\"{} {x}\", a(), b())");
        assert_eq!(body("panic!(\"{}\", a)"), "panic!(\"{}\", a)");
        assert_eq!(body("assert_eq!(a(), b == c, \"m\")"), "assert_eq!(a(), (b Eq c), \"m\")");
    }

    #[test]
    fn logging_is_entered_past_its_sigils() {
        assert_eq!(
            body("info!(target: \"t\", a = b(), %c, ?d, e.f = %g(), h.i, \"m {}\", j())"),
            "info!(\"t\", b(), c, d, g(), h.i, \"m {}\", j())"
        );
        assert_eq!(body("warn!(parent: &a, { b = 1, c }, \"m\")"), "warn!(&a, 1, c, \"m\")");
        assert_eq!(body("log::info!(a = 1, b:? = c; \"m\")"), "log::info!(1, c, \"m\")");
        assert_eq!(
            body("info_span!(\"a\", b = tracing::field::Empty)"),
            "info_span!(\"a\", tracing::field::Empty)"
        );
    }

    #[test]
    fn matches_is_a_let() {
        assert_eq!(body("if matches!(a.b(), Some(_) | None) {}"), "if let Some(_) | None = a.b() { }");
        assert_eq!(body("matches!(a, B(c) if c > 1)"), "(let B(c) = a And (c Greater 1))");
    }

    #[test]
    fn handler_lists_are_paths() {
        assert_eq!(body("routes![a, b::c]"), "routes!paths[a, b::c]");
        assert_eq!(body("tauri::generate_handler![a, b::c,]"), "tauri::generate_handler!paths[a, b::c]");
    }

    #[test]
    fn unknown_macros_are_arguments_or_statements_or_opaque() {
        assert_eq!(body("m!(a(), b)"), "m!(a(), b)");
        assert_eq!(body("m! { let a = b(); c(a) }"), "m!{ let a = b(); c(a) }");
        assert_eq!(
            body("stream! { for a in b { yield c(a); } d(); }"),
            "stream!{ for a in b { (c(a)); }; d(); }"
        );
        assert_eq!(
            body("json!({ \"a\": [b::c(1), \"d\"], e => f.g() })"),
            "json!opaque[\"a\", \"d\"; b::c, g]"
        );
        assert_eq!(body("sqlx::migrate!(\"dir\")"), "sqlx::migrate!(\"dir\")");
    }

    #[test]
    fn only_opaque_calls_are_counted() {
        assert_eq!(facts("fn f() { a!(b); c!(d => e) }").opaque_macros, 1);
    }

    #[test]
    fn await_and_question_mark_follow_a_macro() {
        assert_eq!(body("a!(b).await?"), "a!(b).await?");
    }

    #[test]
    fn conditional_statements_become_blocks_with_conditions() {
        assert_eq!(
            body("cfg_if! { if #[cfg(a)] { b(); } else if #[cfg(c)] { d() } else { e() } }"),
            "#[a] { b(); }; #[all(not(a), c)] { d() }; #[all(not(a), not(c))] { e() };"
        );
    }

    #[test]
    fn statics_in_a_body_are_items() {
        let facts = facts("fn f() { thread_local! { static A: B = c(); } d() }");
        assert_eq!(function_body(&facts.items[0]).items[0].name, "A");
    }

    #[test]
    fn the_place_of_a_macro_is_its_whole_call() {
        let facts = facts("fn f() {\n  a::b!(\n c)\n}");
        let body = function_body(&facts.items[0]);
        let call = body.exprs.iter().find(|expr| matches!(expr.kind, ExprKind::Macro(_)));
        let expected = Span { line: 2, column: 3, end_line: 3, end_column: 4 };
        assert_eq!(call.unwrap().span, expected);
    }

    #[test]
    fn calls_in_calls_are_entered_to_a_limit() {
        let depth = MAX_DEPTH as usize + 5;
        let text = format!("{}a{}", "m!(".repeat(depth), ")".repeat(depth));
        let sketch = body(&text);
        assert_eq!(sketch.matches("m!(").count(), MAX_DEPTH as usize);
        assert!(sketch.contains("m!opaque"));
    }
}
