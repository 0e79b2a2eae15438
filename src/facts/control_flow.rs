//! Room 3, *facts*: expressions that decide what runs, and when: branches, loops, leaving them, closures and
//! async blocks. The rest is in [`super::expressions`], and so is the way in.

use super::attributes::cfg;
use super::bodies::BodyWriter;
use super::patterns::pattern;
use super::spans;
use super::types::{return_type, type_ref};
use super::{Arm, Closure, ExprId, ExprKind, LetCondition, Param, TypeRef};

impl BodyWriter<'_> {
    pub(super) fn if_(&mut self, expr: &syn::ExprIf) -> ExprId {
        let condition = self.expr(&expr.cond);
        let then = self.block(&expr.then_branch);
        let otherwise = self.optional(expr.else_branch.as_ref().map(|(_, branch)| &**branch));
        self.push_range(
            spans::start(expr.if_token.span),
            self.end(otherwise.unwrap_or(then)),
            ExprKind::If { condition, then, otherwise },
        )
    }

    pub(super) fn let_condition(&mut self, expr: &syn::ExprLet) -> ExprId {
        let value = self.expr(&expr.expr);
        let pat = pattern(&expr.pat);
        self.push_range(
            spans::start(expr.let_token.span),
            self.end(value),
            ExprKind::Let(Box::new(LetCondition { pat, value })),
        )
    }

    pub(super) fn match_(&mut self, expr: &syn::ExprMatch) -> ExprId {
        let scrutinee = self.expr(&expr.expr);
        let mut arms = Vec::with_capacity(expr.arms.len());
        for arm in &expr.arms {
            let guard = match &arm.pat {
                syn::Pat::Guard(guarded) => Some(self.expr(&guarded.guard)),
                _ => None,
            };
            arms.push(Arm {
                pat: pattern(&arm.pat),
                guard,
                body: self.expr(&arm.body),
                cfg: cfg(&arm.attrs),
            });
        }
        self.push_range(
            spans::start(expr.match_token.span),
            spans::end(expr.brace_token.span.close()),
            ExprKind::Match { scrutinee, arms },
        )
    }

    pub(super) fn return_(&mut self, expr: &syn::ExprReturn) -> ExprId {
        let value = self.optional(expr.expr.as_deref());
        let keyword = expr.return_token.span;
        self.leaving(keyword, keyword, value, ExprKind::Return(value))
    }

    pub(super) fn break_(&mut self, expr: &syn::ExprBreak) -> ExprId {
        let value = self.optional(expr.expr.as_deref());
        let keyword = expr.break_token.span;
        let label = expr.label.as_ref().map(|label| label.ident.span());
        self.leaving(keyword, label.unwrap_or(keyword), value, ExprKind::Break(value))
    }

    pub(super) fn continue_(&mut self, expr: &syn::ExprContinue) -> ExprId {
        let keyword = expr.continue_token.span;
        let label = expr.label.as_ref().map(|label| label.ident.span());
        self.leaving(keyword, label.unwrap_or(keyword), None, ExprKind::Continue)
    }

    fn leaving(
        &mut self,
        first: proc_macro2::Span,
        last: proc_macro2::Span,
        value: Option<ExprId>,
        kind: ExprKind,
    ) -> ExprId {
        self.push_range(
            spans::start(first),
            value.map_or_else(|| spans::end(last), |value| self.end(value)),
            kind,
        )
    }

    pub(super) fn loop_(&mut self, expr: &syn::ExprLoop) -> ExprId {
        let body = self.block(&expr.body);
        let first = loop_start(expr.label.as_ref(), expr.loop_token.span);
        self.push_range(spans::start(first), self.end(body), ExprKind::Loop(body))
    }

    pub(super) fn while_(&mut self, expr: &syn::ExprWhile) -> ExprId {
        let condition = self.expr(&expr.cond);
        let body = self.block(&expr.body);
        let first = loop_start(expr.label.as_ref(), expr.while_token.span);
        self.push_range(spans::start(first), self.end(body), ExprKind::While { condition, body })
    }

    pub(super) fn for_(&mut self, expr: &syn::ExprForLoop) -> ExprId {
        let pat = Box::new(pattern(&expr.pat));
        let iterable = self.expr(&expr.expr);
        let body = self.block(&expr.body);
        let first = loop_start(expr.label.as_ref(), expr.for_token.span);
        self.push_range(spans::start(first), self.end(body), ExprKind::For { pat, iterable, body })
    }

    pub(super) fn async_(&mut self, expr: &syn::ExprAsync) -> ExprId {
        let block = self.block(&expr.block);
        self.push_range(spans::start(expr.async_token.span), self.end(block), ExprKind::Async(block))
    }

    pub(super) fn closure(&mut self, expr: &syn::ExprClosure) -> ExprId {
        let params = expr
            .inputs
            .iter()
            .map(|input| match input {
                syn::Pat::Type(typed) => Param { pat: pattern(&typed.pat), ty: type_ref(&typed.ty) },
                pat => Param { pat: pattern(pat), ty: TypeRef::Infer },
            })
            .collect();
        let body = self.expr(&expr.body);
        let first = None
            .or(expr.lifetimes.as_ref().map(|token| token.for_token.span))
            .or(expr.constness.as_ref().map(|token| token.span))
            .or(expr.asyncness.as_ref().map(|token| token.span))
            .or(expr.capture.as_ref().map(|token| token.span))
            .unwrap_or(expr.inputs_begin.spans[0]);
        let closure =
            Closure { is_async: expr.asyncness.is_some(), params, output: return_type(&expr.output), body };
        self.push_range(spans::start(first), self.end(body), ExprKind::Closure(Box::new(closure)))
    }

    pub(super) fn labeled_block(&mut self, expr: &syn::ExprBlock) -> ExprId {
        let first = expr
            .label
            .as_ref()
            .map_or_else(|| expr.block.brace_token.span.open(), |label| label.name.apostrophe);
        self.block_from(spans::start(first), &expr.block)
    }

    /// `yield x`, which stream macros use, evaluates `x` and goes on: so does a tuple of one.
    pub(super) fn yield_(&mut self, expr: &syn::ExprYield) -> ExprId {
        let value = self.optional(expr.expr.as_deref());
        let keyword = expr.yield_token.span;
        let parts = value.into_iter().collect();
        self.leaving(keyword, keyword, value, ExprKind::Tuple(parts))
    }
}

fn loop_start(label: Option<&syn::Label>, keyword: proc_macro2::Span) -> proc_macro2::Span {
    label.map_or(keyword, |label| label.name.apostrophe)
}

#[cfg(test)]
mod tests {
    use crate::facts::sketch::{body, facts, function_body};
    use crate::facts::{ExprKind, TypeRef};

    /// Statements that the facts keep as they are.
    fn kept(statements: &str) {
        assert_eq!(body(statements), statements);
    }

    #[test]
    fn control_flow() {
        kept("if a { b } else if c { d; } else { }");
        kept("match a { Some(b) if c => d, _ => { e } }");
        kept("loop { break a; continue; }; while b { return; }; for (c, d) in e { return f; }");
        assert_eq!(body("'a: loop { break 'a 1 }"), "loop { break 1 }");
        assert_eq!(body("match a { #[cfg(x)] B => c }"), "match a { #[x] B => c }");
    }

    #[test]
    fn conditions_with_let_are_joined_by_and() {
        assert_eq!(
            body("if let Some(a) = b && c && let D(e) = f {}"),
            "if ((let Some(a) = b And c) And let D(e) = f) { }"
        );
        assert_eq!(body("while let Some(a) = b {}"), "while let Some(a) = b { }");
        assert_eq!(body("match a { b if let Some(c) = d => e }"), "match a { b if let Some(c) = d => e }");
    }

    #[test]
    fn closures_and_async_blocks() {
        kept("|a, (b, c)| d; async |a| b.await; async { c.await }");
        assert_eq!(body("async move || -> T { a }"), "async || { a }");
        assert_eq!(body("async move { a }"), "async { a }");
        let facts = facts("fn f() { |a, b: B| c }");
        let body = function_body(&facts.items[0]);
        let Some(ExprKind::Closure(closure)) =
            body.exprs.iter().map(|expr| &expr.kind).find(|kind| matches!(kind, ExprKind::Closure(_)))
        else {
            panic!("a closure");
        };
        assert_eq!(closure.params[0].ty, TypeRef::Infer);
        assert!(matches!(closure.params[1].ty, TypeRef::Path(_)));
    }

    #[test]
    fn blocks_of_every_kind_are_blocks() {
        assert_eq!(
            body("unsafe { a } const { b } 'c: { break 'c d; } try { e? }"),
            "{ a }; { b }; { break d; }; { e? }"
        );
    }
}
