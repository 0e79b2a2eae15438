//! Room 3, *facts*: what each kind of expression becomes. Every function writes the children first and takes
//! its own place from theirs where they begin or end together, so that no place is computed twice.

use super::bodies::BodyWriter;
use super::patterns::member;
use super::spans::{self, Position};
use super::types::{literal, name, path, path_of_name, type_arguments, type_ref};
use super::{BinaryOp, ExprId, ExprKind, Literal, MethodCall, Name, StructLiteral};

impl BodyWriter<'_> {
    /// Writes an expression and returns it. Each kind has its own function to keep the recursion's frame small.
    pub(super) fn expr(&mut self, expr: &syn::Expr) -> ExprId {
        match expr {
            syn::Expr::Path(expr) => self.path(expr),
            syn::Expr::Lit(expr) => self.literal(expr),
            syn::Expr::MethodCall(expr) => self.method_call(expr),
            syn::Expr::Call(expr) => self.call(expr),
            syn::Expr::Field(expr) => self.field(expr),
            syn::Expr::Reference(expr) => self.reference(expr),
            syn::Expr::RawAddr(expr) => self.raw_address(expr),
            syn::Expr::Macro(expr) => self.macro_call(&expr.mac),
            syn::Expr::Block(expr) => self.labeled_block(expr),
            syn::Expr::Try(expr) => self.try_(expr),
            syn::Expr::Await(expr) => self.await_(expr),
            syn::Expr::Binary(expr) => self.binary(expr),
            syn::Expr::Assign(expr) => self.assign(expr),
            syn::Expr::Closure(expr) => self.closure(expr),
            syn::Expr::If(expr) => self.if_(expr),
            syn::Expr::Let(expr) => self.let_condition(expr),
            syn::Expr::Match(expr) => self.match_(expr),
            syn::Expr::Struct(expr) => self.struct_literal(expr),
            syn::Expr::Unary(expr) => self.unary(expr),
            syn::Expr::Tuple(expr) => self.tuple(expr),
            syn::Expr::Array(expr) => self.array(expr),
            syn::Expr::Repeat(expr) => self.repeat(expr),
            syn::Expr::Index(expr) => self.index(expr),
            syn::Expr::Cast(expr) => self.cast(expr),
            syn::Expr::Range(expr) => self.range(expr),
            syn::Expr::Return(expr) => self.return_(expr),
            syn::Expr::Break(expr) => self.break_(expr),
            syn::Expr::Continue(expr) => self.continue_(expr),
            syn::Expr::Loop(expr) => self.loop_(expr),
            syn::Expr::While(expr) => self.while_(expr),
            syn::Expr::ForLoop(expr) => self.for_(expr),
            syn::Expr::Async(expr) => self.async_(expr),
            syn::Expr::Unsafe(expr) => self.block_from(spans::start(expr.unsafe_token.span), &expr.block),
            syn::Expr::Const(expr) => self.block_from(spans::start(expr.const_token.span), &expr.block),
            syn::Expr::TryBlock(expr) => self.block_from(spans::start(expr.try_token.span), &expr.block),
            syn::Expr::Paren(expr) => self.parenthesized(expr),
            syn::Expr::Group(expr) => self.expr(&expr.expr),
            syn::Expr::Infer(expr) => self.infer(expr),
            syn::Expr::Yield(expr) => self.yield_(expr),
            syn::Expr::Verbatim(tokens) => {
                let span = spans::of_tokens(tokens);
                self.unknown(span)
            }
            expr => {
                let span = spans::of(syn::spanned::Spanned::span(expr));
                self.unknown(span)
            }
        }
    }

    /// Writes expressions in order.
    pub(super) fn list<'a>(&mut self, exprs: impl ExactSizeIterator<Item = &'a syn::Expr>) -> Vec<ExprId> {
        let mut ids = Vec::with_capacity(exprs.len());
        for expr in exprs {
            ids.push(self.expr(expr));
        }
        ids
    }

    pub(super) fn optional(&mut self, expr: Option<&syn::Expr>) -> Option<ExprId> {
        expr.map(|expr| self.expr(expr))
    }

    pub(super) fn push_range(&mut self, from: Position, to: Position, kind: ExprKind) -> ExprId {
        self.push(spans::range(from, to), kind)
    }

    fn path(&mut self, expr: &syn::ExprPath) -> ExprId {
        let span = spans::of_path(expr.qself.as_ref(), &expr.path);
        self.push(span, ExprKind::Path(path(expr.qself.as_ref(), &expr.path)))
    }

    fn literal(&mut self, expr: &syn::ExprLit) -> ExprId {
        self.push(spans::of(expr.lit.span()), ExprKind::Literal(literal(&expr.lit)))
    }

    fn method_call(&mut self, expr: &syn::ExprMethodCall) -> ExprId {
        let receiver = self.expr(&expr.receiver);
        let call = MethodCall {
            receiver,
            method: name(&expr.method),
            method_span: spans::of(expr.method.span()),
            turbofish: expr.turbofish.as_ref().map_or_else(Vec::new, type_arguments),
            args: self.list(expr.args.iter()),
        };
        self.push_range(
            self.start(receiver),
            spans::end(expr.paren_token.span.close()),
            ExprKind::MethodCall(Box::new(call)),
        )
    }

    fn call(&mut self, expr: &syn::ExprCall) -> ExprId {
        let callee = self.expr(&expr.func);
        let args = self.list(expr.args.iter());
        self.push_range(
            self.start(callee),
            spans::end(expr.paren_token.span.close()),
            ExprKind::Call { callee, args },
        )
    }

    fn field(&mut self, expr: &syn::ExprField) -> ExprId {
        let base = self.expr(&expr.base);
        let last = match &expr.member {
            syn::Member::Named(ident) => ident.span(),
            syn::Member::Unnamed(index) => index.span,
        };
        let name = member(&expr.member);
        self.push_range(self.start(base), spans::end(last), ExprKind::Field { base, name })
    }

    fn reference(&mut self, expr: &syn::ExprReference) -> ExprId {
        let inner = self.expr(&expr.expr);
        self.push_range(
            spans::start(expr.and_token.spans[0]),
            self.end(inner),
            ExprKind::Reference(inner, expr.mutability.is_some()),
        )
    }

    fn raw_address(&mut self, expr: &syn::ExprRawAddr) -> ExprId {
        let inner = self.expr(&expr.expr);
        let mutable = matches!(expr.mutability, syn::PointerMutability::Mut(_));
        self.push_range(
            spans::start(expr.and_token.spans[0]),
            self.end(inner),
            ExprKind::Reference(inner, mutable),
        )
    }

    fn try_(&mut self, expr: &syn::ExprTry) -> ExprId {
        let inner = self.expr(&expr.expr);
        self.push_range(self.start(inner), spans::end(expr.question_token.spans[0]), ExprKind::Try(inner))
    }

    fn await_(&mut self, expr: &syn::ExprAwait) -> ExprId {
        let inner = self.expr(&expr.base);
        self.push_range(self.start(inner), spans::end(expr.await_token.span), ExprKind::Await(inner))
    }

    fn binary(&mut self, expr: &syn::ExprBinary) -> ExprId {
        let left = self.expr(&expr.left);
        let right = self.expr(&expr.right);
        let op = operator(&expr.op);
        self.push_range(self.start(left), self.end(right), ExprKind::Binary { op, left, right })
    }

    fn assign(&mut self, expr: &syn::ExprAssign) -> ExprId {
        let place = self.expr(&expr.left);
        let value = self.expr(&expr.right);
        self.push_range(self.start(place), self.end(value), ExprKind::Assign { place, value })
    }

    fn struct_literal(&mut self, expr: &syn::ExprStruct) -> ExprId {
        let mut fields = Vec::with_capacity(expr.fields.len());
        for field in &expr.fields {
            fields.push((member(&field.member), self.expr(&field.expr)));
        }
        let rest = self.optional(expr.rest.as_deref());
        let close = expr.brace_token.span.close();
        let first = spans::path_start(expr.qself.as_ref(), &expr.path).unwrap_or(close);
        let literal = StructLiteral { path: path(expr.qself.as_ref(), &expr.path), fields, rest };
        self.push_range(spans::start(first), spans::end(close), ExprKind::Struct(Box::new(literal)))
    }

    /// A sign changes neither the type nor where a value comes from, so it disappears like parentheses; a
    /// literal with a sign is not that literal any more.
    fn unary(&mut self, expr: &syn::ExprUnary) -> ExprId {
        let (first, wrap): (_, fn(ExprId) -> ExprKind) = match &expr.op {
            syn::UnOp::Deref(token) => (token.spans[0], ExprKind::Deref),
            syn::UnOp::Not(token) => (token.spans[0], ExprKind::Not),
            syn::UnOp::Neg(token) => return self.negative(token.spans[0], &expr.expr),
            _ => {
                let inner = self.expr(&expr.expr);
                return self.unknown(self.span(inner));
            }
        };
        let inner = self.expr(&expr.expr);
        self.push_range(spans::start(first), self.end(inner), wrap(inner))
    }

    fn negative(&mut self, sign: proc_macro2::Span, expr: &syn::Expr) -> ExprId {
        if let syn::Expr::Lit(expr) = expr {
            return self.push_range(
                spans::start(sign),
                spans::end(expr.lit.span()),
                ExprKind::Literal(Literal::Other),
            );
        }
        let inner = self.expr(expr);
        self.widen(inner, spans::start(sign), self.end(inner));
        inner
    }

    fn parenthesized(&mut self, expr: &syn::ExprParen) -> ExprId {
        let inner = self.expr(&expr.expr);
        self.widen(
            inner,
            spans::start(expr.paren_token.span.open()),
            spans::end(expr.paren_token.span.close()),
        );
        inner
    }

    fn tuple(&mut self, expr: &syn::ExprTuple) -> ExprId {
        let parts = self.list(expr.elems.iter());
        self.push_range(
            spans::start(expr.paren_token.span.open()),
            spans::end(expr.paren_token.span.close()),
            ExprKind::Tuple(parts),
        )
    }

    fn array(&mut self, expr: &syn::ExprArray) -> ExprId {
        let parts = self.list(expr.elems.iter());
        self.push_range(
            spans::start(expr.bracket_token.span.open()),
            spans::end(expr.bracket_token.span.close()),
            ExprKind::Array(parts),
        )
    }

    /// The element, then the length, which may call something too.
    fn repeat(&mut self, expr: &syn::ExprRepeat) -> ExprId {
        let parts = self.list([&*expr.expr, &*expr.len].into_iter());
        self.push_range(
            spans::start(expr.bracket_token.span.open()),
            spans::end(expr.bracket_token.span.close()),
            ExprKind::Array(parts),
        )
    }

    fn index(&mut self, expr: &syn::ExprIndex) -> ExprId {
        let base = self.expr(&expr.expr);
        let index = self.expr(&expr.index);
        self.push_range(
            self.start(base),
            spans::end(expr.bracket_token.span.close()),
            ExprKind::Index { base, index },
        )
    }

    fn cast(&mut self, expr: &syn::ExprCast) -> ExprId {
        let inner = self.expr(&expr.expr);
        self.push_range(
            self.start(inner),
            spans::type_end(&expr.ty),
            ExprKind::Cast(inner, Box::new(type_ref(&expr.ty))),
        )
    }

    fn range(&mut self, expr: &syn::ExprRange) -> ExprId {
        let from = self.optional(expr.start.as_deref());
        let to = self.optional(expr.end.as_deref());
        let (first, last) = match &expr.limits {
            syn::RangeLimits::HalfOpen(dots) => (dots.spans[0], dots.spans[1]),
            syn::RangeLimits::Closed(dots) => (dots.spans[0], dots.spans[2]),
        };
        self.push_range(
            from.map_or_else(|| spans::start(first), |from| self.start(from)),
            to.map_or_else(|| spans::end(last), |to| self.end(to)),
            ExprKind::Range(from, to),
        )
    }

    /// The `_` of `_ = f();` is a place without a name.
    fn infer(&mut self, expr: &syn::ExprInfer) -> ExprId {
        self.push(
            spans::of(expr.underscore_token.spans[0]),
            ExprKind::Path(path_of_name(Name::new_static("_"))),
        )
    }
}

fn operator(op: &syn::BinOp) -> BinaryOp {
    match op {
        syn::BinOp::And(_) => BinaryOp::And,
        syn::BinOp::Or(_) => BinaryOp::Or,
        syn::BinOp::Eq(_) => BinaryOp::Eq,
        syn::BinOp::Ne(_) => BinaryOp::Ne,
        syn::BinOp::Lt(_) => BinaryOp::Less,
        syn::BinOp::Le(_) => BinaryOp::LessOrEqual,
        syn::BinOp::Gt(_) => BinaryOp::Greater,
        syn::BinOp::Ge(_) => BinaryOp::GreaterOrEqual,
        syn::BinOp::Add(_) => BinaryOp::Add,
        syn::BinOp::Div(_) => BinaryOp::Div,
        syn::BinOp::AddAssign(_)
        | syn::BinOp::SubAssign(_)
        | syn::BinOp::MulAssign(_)
        | syn::BinOp::DivAssign(_)
        | syn::BinOp::RemAssign(_)
        | syn::BinOp::BitXorAssign(_)
        | syn::BinOp::BitAndAssign(_)
        | syn::BinOp::BitOrAssign(_)
        | syn::BinOp::ShlAssign(_)
        | syn::BinOp::ShrAssign(_) => BinaryOp::CompoundAssign,
        _ => BinaryOp::Other,
    }
}

/// The attributes written before an expression.
pub(super) fn attributes_of(expr: &syn::Expr) -> &[syn::Attribute] {
    macro_rules! attributes_of {
        ($($kind:ident)*) => {
            match expr {
                $(syn::Expr::$kind(expr) => &expr.attrs,)*
                _ => &[],
            }
        };
    }
    attributes_of!(
        Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop Group If
        Index Infer Let Lit Loop Macro Match MethodCall Paren Path Range RawAddr Reference Repeat Return
        Struct Try TryBlock Tuple Unary Unsafe While Yield
    )
}

#[cfg(test)]
mod tests {
    use crate::facts::ExprKind;
    use crate::facts::sketch::{body, facts, function_body};
    use crate::location::Span;

    /// Statements that the facts keep as they are.
    fn kept(statements: &str) {
        assert_eq!(body(statements), statements);
    }

    fn span(text: &str, wanted: fn(&ExprKind) -> bool) -> Span {
        let facts = facts(text);
        let body = function_body(&facts.items[0]);
        body.exprs.iter().find(|expr| wanted(&expr.kind)).unwrap().span
    }

    #[test]
    fn calls_and_places() {
        kept("a::b(1, \"x\").c(d).e.0.await?; &a; &mut b; *c; !d; a[i] = b");
        assert_eq!(body("x.y::<A>(b)"), "x.y::<>(b)");
        assert_eq!(body("&raw mut x"), "&mut x");
    }

    #[test]
    fn operators() {
        assert_eq!(body("a == b || c < d"), "((a Eq b) Or (c Less d))");
        assert_eq!(body("a += b + c * d"), "(a CompoundAssign (b Add (c Other d)))");
        kept("a = b");
    }

    #[test]
    fn values() {
        kept("S { a: b, c: d, ..e }; (a, b); [a, b]; a..b; ..; true");
        assert_eq!(body("S { a }"), "S { a: a }");
        assert_eq!(body("[a(); n]"), "[a(), n]");
        assert_eq!(body("a as u8"), "(a as)");
        assert_eq!(body("(a..=b, ..c)"), "(a..b, ..c)");
    }

    #[test]
    fn parentheses_and_signs_disappear() {
        assert_eq!(body("((a)).b(-(c), -1)"), "a.b(c, literal)");
    }

    #[test]
    fn an_underscore_is_a_place_and_yield_evaluates() {
        kept("_ = a()");
        assert_eq!(body("yield a()"), "(a())");
    }

    #[test]
    fn syntax_that_is_not_modelled_is_counted() {
        let facts = facts("fn f() { builtin # offset_of(A, b); }");
        assert_eq!(facts.opaque_macros, 1);
    }

    #[test]
    fn a_method_chain_starts_where_its_receiver_starts() {
        let text = "fn f() {\n    é.b()\n        .c(d)\n        .await\n}";
        let place = |line, column, end_line, end_column| Span { line, column, end_line, end_column };
        assert_eq!(
            span(text, |kind| matches!(kind, ExprKind::MethodCall(call) if call.method == "c")),
            place(2, 5, 3, 14)
        );
        assert_eq!(span(text, |kind| matches!(kind, ExprKind::Await(_))), place(2, 5, 4, 15));
        assert_eq!(
            span("fn f() { (a).b }", |kind| matches!(kind, ExprKind::Field { .. })),
            place(1, 10, 1, 15)
        );
        assert_eq!(
            span("fn f() { a as Vec<&str> }", |kind| matches!(kind, ExprKind::Cast(..))),
            place(1, 10, 1, 24)
        );
    }

    #[test]
    fn children_come_before_their_parents() {
        let facts = facts("fn f() { a(b.c(|d| { e }), vec![g]); if h { i } else { j } }");
        let body = function_body(&facts.items[0]);
        assert_eq!(body.root.0 as usize, body.exprs.len() - 1);
        for (index, expr) in body.exprs.iter().enumerate() {
            if let ExprKind::Call { callee, args } = &expr.kind {
                assert!(args.iter().chain([callee]).all(|child| (child.0 as usize) < index));
            }
        }
    }
}
