//! Room 3, *facts*: bodies: blocks and statements of one function, constant or static, and the list that all
//! its expressions go to. What a single expression becomes is in [`super::expressions`]; nothing here judges
//! what a body does.

use super::attributes::cfg;
use super::items::{Walk, item};
use super::macros::{self, statement_macro};
use super::patterns::pattern;
use super::spans::{self, Position};
use super::types::type_ref;
use super::{Body, Expr, ExprId, ExprKind, Item, LetStatement, Statement};
use crate::location::Span;

/// Collects the body whose outermost expression `root` writes.
pub(super) fn body_of(walk: &mut Walk, root: impl FnOnce(&mut BodyWriter<'_>) -> ExprId) -> Body {
    // Growing one list again and again for all bodies is cheaper than growing one for each.
    let exprs = std::mem::take(&mut walk.spare);
    let mut writer = BodyWriter { walk, exprs, items: Vec::new() };
    let root = root(&mut writer);
    let BodyWriter { walk, mut exprs, mut items } = writer;
    let mut exact = Vec::with_capacity(exprs.len());
    exact.append(&mut exprs);
    walk.spare = exprs;
    items.shrink_to_fit();
    Body { exprs: exact, root, items }
}

/// The body that is being written. Children are written before their parents.
pub(super) struct BodyWriter<'w> {
    pub(super) walk: &'w mut Walk,
    exprs: Vec<Expr>,
    pub(super) items: Vec<Item>,
}

impl BodyWriter<'_> {
    /// Adds an expression all of whose children are there.
    pub(super) fn push(&mut self, span: Span, kind: ExprKind) -> ExprId {
        // A text has at most 2^24 bytes, and an expression has at least one.
        let id = ExprId(self.exprs.len() as u32);
        self.exprs.push(Expr { span, kind });
        id
    }

    /// Adds syntax that is not modelled.
    pub(super) fn unknown(&mut self, span: Span) -> ExprId {
        self.walk.opaque_macros += 1;
        self.push(span, ExprKind::Unknown)
    }

    pub(super) fn span(&self, id: ExprId) -> Span {
        self.exprs[id.0 as usize].span
    }

    pub(super) fn start(&self, id: ExprId) -> Position {
        spans::from_start(self.span(id))
    }

    pub(super) fn end(&self, id: ExprId) -> Position {
        spans::from_end(self.span(id))
    }

    /// Gives an expression the extent of the parentheses or the sign around it.
    pub(super) fn widen(&mut self, id: ExprId, from: Position, to: Position) {
        self.exprs[id.0 as usize].span = spans::range(from, to);
    }

    /// A block with the place of its braces.
    pub(super) fn block(&mut self, block: &syn::Block) -> ExprId {
        let from = spans::start(block.brace_token.span.open());
        self.block_from(from, block)
    }

    /// A block that starts before its braces: `unsafe {`, `'a: {`.
    pub(super) fn block_from(&mut self, from: Position, block: &syn::Block) -> ExprId {
        let kind = self.block_kind(&block.stmts);
        let to = spans::end(block.brace_token.span.close());
        self.push(spans::range(from, to), kind)
    }

    /// Statements as the content of a block.
    pub(super) fn block_kind(&mut self, source: &[syn::Stmt]) -> ExprKind {
        let mut statements = Vec::with_capacity(source.len());
        let mut tail = None;
        for (index, statement) in source.iter().enumerate() {
            let is_last = index + 1 == source.len();
            tail = self.statement(statement, is_last, &mut statements);
        }
        statements.shrink_to_fit();
        ExprKind::Block { statements, tail }
    }

    /// Adds a statement, or returns it when it is the value of its block.
    fn statement(
        &mut self,
        source: &syn::Stmt,
        is_last: bool,
        statements: &mut Vec<Statement>,
    ) -> Option<ExprId> {
        match source {
            syn::Stmt::Expr(expr, semicolon) => {
                let condition = cfg(outer_attributes(expr));
                let id = self.expr(expr);
                match condition {
                    None if is_last && semicolon.is_none() => return Some(id),
                    Some(condition) if semicolon.is_none() => {
                        statements.push(Statement::Given(id, Box::new(condition)));
                    }
                    condition => statements.push(Statement::Expr(id, condition.map(Box::new))),
                }
            }
            syn::Stmt::Local(local) => self.local(local, statements),
            syn::Stmt::Item(source) => item(self.walk, source, &mut self.items),
            syn::Stmt::Macro(call) => {
                if macros::declares_items(&call.mac) {
                    macros::item_macro(self.walk, &call.mac, &call.attrs, &mut self.items);
                    return None;
                }
                let condition = cfg(&call.attrs);
                if condition.is_none() && statement_macro(self, &call.mac, statements) {
                    return None;
                }
                let id = self.macro_call(&call.mac);
                if is_last && call.semi_token.is_none() && condition.is_none() {
                    return Some(id);
                }
                statements.push(Statement::Expr(id, condition.map(Box::new)));
            }
        }
        None
    }

    fn local(&mut self, local: &syn::Local, statements: &mut Vec<Statement>) {
        let (pat, ty) = match &local.pat {
            syn::Pat::Type(typed) => (&*typed.pat, Some(type_ref(&typed.ty))),
            pat => (pat, None),
        };
        let init = local.init.as_ref().map(|init| self.expr(&init.expr));
        let otherwise =
            local.init.as_ref().and_then(|init| init.diverge.as_ref()).map(|(_, block)| self.expr(block));
        let span = spans::range(spans::start(local.let_token.span), spans::end(local.semi_token.spans[0]));
        statements.push(Statement::Let(Box::new(LetStatement {
            pat: pattern(pat),
            ty,
            init,
            otherwise,
            cfg: cfg(&local.attrs),
            span,
        })));
    }
}

/// The attributes before an expression statement. The parser gives those of `#[a] x = y` to `x`.
fn outer_attributes(mut expr: &syn::Expr) -> &[syn::Attribute] {
    loop {
        expr = match expr {
            syn::Expr::Assign(expr) => &expr.left,
            syn::Expr::Binary(expr) => &expr.left,
            syn::Expr::Cast(expr) => &expr.expr,
            expr => return super::expressions::attributes_of(expr),
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::ItemKind;
    use crate::facts::sketch::{body, facts, function_body, sketch};

    #[test]
    fn the_last_expression_without_semicolon_is_the_value() {
        assert_eq!(body("a(); b()"), "a(); b()");
        assert_eq!(body("a(); b();"), "a(); b();");
        assert_eq!(body("if a { b }"), "if a { b }");
        assert_eq!(body("a! { b }"), "a!(b)");
        assert_eq!(body("a! { b } c"), "a!(b); c");
    }

    #[test]
    fn let_statements() {
        assert_eq!(body("let a: T = b(); let c;"), "let a = b(); let c;");
        assert_eq!(body("let Some(a) = b else { return };"), "let Some(a) = b else { return };");
    }

    #[test]
    fn conditions_stay_with_their_statement() {
        assert_eq!(
            body("#[cfg(a)] let b = c; #[cfg(d)] e(); #[cfg(f)] g = h; #[cfg(i)] j!(k);"),
            "#[a] let b = c; #[d] e(); #[f] g = h; #[i] j!(k);"
        );
        assert_eq!(body("#[cfg(a)] { b } #[cfg(not(a))] { c }"), "#[a] { b } #[not(a)] { c }");
    }

    #[test]
    fn items_in_nested_blocks_belong_to_the_body_in_order() {
        let facts = facts(
            "fn f() { use a::b; static C: D = e(); { fn g() { fn h() {} } } || { const I: J = k(); } }",
        );
        let body = function_body(&facts.items[0]);
        let names: Vec<&str> = body.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["", "C", "g", "I"]);
        let inner = function_body(&body.items[2]);
        assert_eq!(inner.items[0].name, "h");
    }

    #[test]
    fn the_value_of_a_constant_is_a_body() {
        let facts = facts("const A: B = c(1);");
        let ItemKind::Const { value: Some(value), .. } = &facts.items[0].kind else {
            panic!("a constant");
        };
        assert_eq!(sketch(value), "c(1)");
    }
}
