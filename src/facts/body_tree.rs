//! Room 3, *facts*: the tree of a body, as [`super::FileFacts`] carries it. Data only: how it is made from a syntax
//! tree stands in `bodies` and beside it, what it means is the business of later rooms.

use std::sync::Arc;

use super::{Cfg, Item, Name, Param, Path, TypeRef};
use crate::location::Span;

/// Index of an expression in its [`Body`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(pub u32);

/// The expressions of one function, constant or static. Closures and async blocks are part of the body
/// that contains them.
#[derive(Debug)]
pub struct Body {
    /// All expressions; children come before their parents.
    pub exprs: Vec<Expr>,
    /// The outermost expression: a block for functions.
    pub root: ExprId,
    /// Items declared inside (functions, uses, statics, …).
    pub items: Vec<Item>,
}

impl Body {
    /// The indices of all expressions.
    pub fn ids(&self) -> impl Iterator<Item = ExprId> {
        (0..self.exprs.len() as u32).map(ExprId)
    }

    /// The expression with this index.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    fn is_error(&self, value: Option<ExprId>) -> bool {
        let Some(ExprKind::Call { callee, .. }) = value.map(|value| &self.expr(value).kind) else {
            return false;
        };
        let ExprKind::Path(path) = &self.expr(*callee).kind else { return false };
        path.segments.last().is_some_and(|last| last.name == "Err")
    }

    /// Whether the result of an expression is awaited where it stands. Linear in the body.
    pub fn is_awaited(&self, id: ExprId) -> bool {
        self.exprs.iter().any(|expr| matches!(expr.kind, ExprKind::Await(inner) if inner == id))
    }

    /// Whether a `loop` goes on until an error or a panic: it has neither a `break` nor a `return` of something else than an `Err`.
    /// Those of closures, async blocks and loops inside are theirs. Linear in the body, and again for each of them that stands in it.
    pub fn goes_on(&self, id: ExprId) -> bool {
        let own = self.expr(id);
        let inside = |outer: Span, inner: Span| outer.encloses(inner) && outer != inner;
        // Whether something of the kind stands between the loop and a place in it.
        let between = |at: Span, kind: fn(&ExprKind) -> bool| {
            self.exprs
                .iter()
                .any(|expr| kind(&expr.kind) && inside(own.span, expr.span) && inside(expr.span, at))
        };
        let leaves =
            self.exprs.iter().filter(|expr| own.span.encloses(expr.span)).any(|expr| match expr.kind {
                ExprKind::Break(_) => !between(expr.span, |kind| kind.is_loop() || kind.runs_apart()),
                ExprKind::Return(value) => !self.is_error(value) && !between(expr.span, ExprKind::runs_apart),
                _ => false,
            });
        matches!(own.kind, ExprKind::Loop(_)) && !leaves
    }
}

impl ExprKind {
    fn is_loop(&self) -> bool {
        matches!(self, Self::Loop(_) | Self::While { .. } | Self::For { .. })
    }

    /// Whether `return` in it leaves it and not the function.
    fn runs_apart(&self) -> bool {
        matches!(self, Self::Closure(_) | Self::Async(_))
    }
}

/// An expression.
#[derive(Debug)]
pub struct Expr {
    /// Its extent.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is. Parentheses and groups disappear.
#[derive(Debug)]
pub enum ExprKind {
    /// `x`, `a::b`, `self`.
    Path(Path),
    /// A literal.
    Literal(Literal),
    /// `f(a, b)`, also tuple-struct and variant constructors.
    Call {
        /// What is called.
        callee: ExprId,
        /// Arguments.
        args: Vec<ExprId>,
    },
    /// `x.m::<T>(a)`.
    MethodCall(Box<MethodCall>),
    /// `x.f`, `x.0`.
    Field {
        /// Before the dot.
        base: ExprId,
        /// After the dot.
        name: Name,
    },
    /// `x.await`.
    Await(ExprId),
    /// `x?`.
    Try(ExprId),
    /// `*x`.
    Deref(ExprId),
    /// `!x`.
    Not(ExprId),
    /// `&x` (false), `&mut x` (true), `&raw …`.
    Reference(ExprId, bool),
    /// A closure, also an async one.
    Closure(Box<Closure>),
    /// `async { … }`: runs when polled. The block.
    Async(ExprId),
    /// `{ … }`, `unsafe { … }`, `const { … }`, labeled blocks.
    Block {
        /// Statements in order. The value of the block is `tail`.
        statements: Vec<Statement>,
        /// The last expression without semicolon.
        tail: Option<ExprId>,
    },
    /// `if`.
    If {
        /// May contain [`ExprKind::Let`], joined by `&&`.
        condition: ExprId,
        /// A block.
        then: ExprId,
        /// A block or another `if`.
        otherwise: Option<ExprId>,
    },
    /// `let PAT = EXPR` inside a condition; also `matches!(EXPR, PAT)`.
    Let(Box<LetCondition>),
    /// `match`.
    Match {
        /// What is matched.
        scrutinee: ExprId,
        /// Arms in order.
        arms: Vec<Arm>,
    },
    /// `loop { … }`.
    Loop(ExprId),
    /// `while c { … }`.
    While {
        /// Condition.
        condition: ExprId,
        /// Body.
        body: ExprId,
    },
    /// `for p in i { … }`.
    For {
        /// Pattern.
        pat: Box<Pat>,
        /// What is iterated.
        iterable: ExprId,
        /// Body.
        body: ExprId,
    },
    /// `a = b`.
    Assign {
        /// Left.
        place: ExprId,
        /// Right.
        value: ExprId,
    },
    /// Any binary operator, compound assignments included.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Left.
        left: ExprId,
        /// Right.
        right: ExprId,
    },
    /// `return x`.
    Return(Option<ExprId>),
    /// `break x`.
    Break(Option<ExprId>),
    /// `continue`.
    Continue,
    /// `Type { a: x, ..rest }`.
    Struct(Box<StructLiteral>),
    /// `(a, b)`.
    Tuple(Vec<ExprId>),
    /// `[a, b]`, `[a; n]`, `vec![…]`.
    Array(Vec<ExprId>),
    /// `a[i]`.
    Index {
        /// What is indexed.
        base: ExprId,
        /// The index.
        index: ExprId,
    },
    /// `x as T`.
    Cast(ExprId, Box<TypeRef>),
    /// `a..b`.
    Range(Option<ExprId>, Option<ExprId>),
    /// A macro call in expression or statement position.
    Macro(Box<MacroCall>),
    /// Syntax this version does not model (counted as an opaque macro).
    Unknown,
}

/// A method call.
#[derive(Debug)]
pub struct MethodCall {
    /// Before the dot.
    pub receiver: ExprId,
    /// The method's name.
    pub method: Name,
    /// Where the method's name is.
    pub method_span: Span,
    /// `::<T>`.
    pub turbofish: Vec<TypeRef>,
    /// Arguments.
    pub args: Vec<ExprId>,
}

/// A closure.
#[derive(Debug)]
pub struct Closure {
    /// `async |…|`.
    pub is_async: bool,
    /// Parameters; `ty` is [`TypeRef::Infer`] when not written.
    pub params: Vec<Param>,
    /// `-> T`.
    pub output: Option<TypeRef>,
    /// Its body.
    pub body: ExprId,
}

/// `let PAT = EXPR` in a condition.
#[derive(Debug)]
pub struct LetCondition {
    /// The pattern.
    pub pat: Pat,
    /// The value.
    pub value: ExprId,
}

/// An arm of a match.
#[derive(Debug)]
pub struct Arm {
    /// Pattern.
    pub pat: Pat,
    /// `if …`.
    pub guard: Option<ExprId>,
    /// Right of `=>`.
    pub body: ExprId,
    /// `#[cfg(…)]` on the arm.
    pub cfg: Option<Cfg>,
}

/// A struct literal.
#[derive(Debug)]
pub struct StructLiteral {
    /// Its path.
    pub path: Path,
    /// Fields in source order.
    pub fields: Vec<(Name, ExprId)>,
    /// `..rest`.
    pub rest: Option<ExprId>,
}

/// A macro call.
#[derive(Debug)]
pub struct MacroCall {
    /// Path of the macro, without `!`.
    pub path: Path,
    /// What was found inside.
    pub content: MacroContent,
}

impl MacroCall {
    /// The last segment of its path.
    pub fn name(&self) -> Option<&Name> {
        self.path.segments.last().map(|segment| &segment.name)
    }

    /// Whether it is named like those of the standard library, anyhow and its kin that leave where something does not hold.
    pub fn asserts(&self) -> bool {
        self.name().is_some_and(|name| {
            matches!(name.as_str(), "assert" | "assert_eq" | "assert_ne" | "ensure" | "ensure_eq")
        })
    }
}

/// What could be found inside a macro call.
#[derive(Debug)]
pub enum MacroContent {
    /// Comma-separated expressions (format arguments, `join!`, unknown macros that parse so). `name = x` keeps only `x`.
    Args(Vec<ExprId>),
    /// Statements: a block expression.
    Block(ExprId),
    /// `select!`: alternatives, each with the future that is polled and what runs when it wins.
    Select(Vec<SelectArm>),
    /// `routes![a, b::c]`, `generate_handler![…]`, `catchers![…]`: paths.
    Paths(Vec<(Path, Span)>),
    /// The body was not entered; `literals` are the string literals among its tokens at any depth,
    /// `paths` those identifiers and paths that are directly followed by parentheses.
    Opaque {
        /// String literals.
        literals: Vec<Literal>,
        /// Paths that look called.
        called: Vec<(Path, Span)>,
    },
}

/// One branch of `select!`.
#[derive(Debug)]
pub struct SelectArm {
    /// The pattern; [`Pat::Wild`] for `else`.
    pub pat: Pat,
    /// The polled expression; `None` for `else`.
    pub future: Option<ExprId>,
    /// `, if …`.
    pub guard: Option<ExprId>,
    /// What runs when it wins.
    pub body: ExprId,
}

/// A statement.
#[derive(Debug)]
pub enum Statement {
    /// `let PAT: TY = INIT else { … };`
    Let(Box<LetStatement>),
    /// An expression (with or without semicolon) and its `#[cfg(…)]`.
    Expr(ExprId, Option<Box<Cfg>>),
    /// An expression without semicolon under a `#[cfg(…)]`: the value of the block where the condition holds and no other
    /// code follows.
    Given(ExprId, Box<Cfg>),
}

impl Statement {
    /// The condition under which it is compiled.
    pub fn cfg(&self) -> Option<&Cfg> {
        match self {
            Self::Let(statement) => statement.cfg.as_ref(),
            Self::Expr(_, cfg) => cfg.as_deref(),
            Self::Given(_, cfg) => Some(cfg),
        }
    }

    /// Its extent in a body.
    pub fn span(&self, body: &Body) -> Span {
        match self {
            Self::Let(statement) => statement.span,
            Self::Expr(id, _) | Self::Given(id, _) => body.expr(*id).span,
        }
    }
}

/// A `let` statement.
#[derive(Debug)]
pub struct LetStatement {
    /// Pattern.
    pub pat: Pat,
    /// Annotation.
    pub ty: Option<TypeRef>,
    /// Initializer.
    pub init: Option<ExprId>,
    /// `else { … }`.
    pub otherwise: Option<ExprId>,
    /// `#[cfg(…)]` on the statement.
    pub cfg: Option<Cfg>,
    /// Where the statement is.
    pub span: Span,
}

/// A pattern, reduced to what binds names and what is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pat {
    /// `_`, `..`.
    Wild,
    /// `x`, `ref mut x`, `x @ p`. A bare identifier may also be a constant or unit variant: the linker decides.
    Bind {
        /// The name.
        name: Name,
        /// After `@`.
        sub: Option<Box<Pat>>,
        /// Where the name is.
        span: Span,
    },
    /// `(a, b)`, `[a, b]`.
    Tuple(Vec<Pat>),
    /// `Some(x)`.
    TupleStruct(Path, Vec<Pat>),
    /// `S { a, b: p, .. }`.
    Struct(Path, Vec<(Name, Pat)>),
    /// `None`, `Self::X`, `CONST`.
    Path(Path),
    /// `&p`, `box p`.
    Ref(Box<Pat>),
    /// `a | b`.
    Or(Vec<Pat>),
    /// A literal.
    Literal(Literal),
    /// A range, macro or anything else that is a test without names.
    Other,
}

impl Pat {
    /// The name that the pattern binds, if it is just one, with whatever wrapped around it.
    pub fn only_name(&self) -> Option<&Name> {
        match self {
            Self::Bind { name, sub: None, .. } => Some(name),
            Self::Ref(inner) => inner.only_name(),
            Self::TupleStruct(_, parts) if parts.len() == 1 => parts[0].only_name(),
            _ => None,
        }
    }
}

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `"…"`, also raw and C strings.
    Str(Arc<str>),
    /// An integer that fits.
    Int(u128),
    /// `true`, `false`.
    Bool(bool),
    /// Any other (floats, chars, byte strings, very large integers).
    Other,
}

/// Binary operators, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `==`.
    Eq,
    /// `!=`.
    Ne,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `+`.
    Add,
    /// `/`.
    Div,
    /// `+=` and the other compound assignments.
    CompoundAssign,
    /// The rest.
    Other,
}
