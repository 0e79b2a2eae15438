//! Room 5, *program*: the walk over one body, expression by expression.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::items::FnId;
use super::super::names::Def;
use super::super::types::{TraitRef, Ty, TypeScope, Types, is_map};
use super::super::values::Value;
use super::conditions::join;
use super::patterns::presence;
use super::{
    Argument, Atom, Block, BlockId, Branching, Call, CallId, Context, ContextId, ContextKind, Event,
    EventKind, LinkedBody, Time,
};
use crate::facts::{
    BinaryOp, Body, Cfg, Closure, ExprId, ExprKind, LetCondition, Literal, Name, Pat, Path, Statement,
    TypeRef,
};
use crate::location::Span;

/// The type and provenance of an expression.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) ty: Ty,
    pub(super) value: Value,
}

impl Typed {
    pub(super) fn new(ty: Ty, value: Value) -> Self {
        Self { ty, value }
    }

    pub(super) fn unknown() -> Self {
        Self::new(Ty::Unknown, Value::Unknown)
    }

    pub(super) fn unit() -> Self {
        Self::new(Ty::unit(), Value::Unknown)
    }
}

/// A name in scope.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) name: Name,
    pub(super) typed: Typed,
    pub(super) context: ContextId,
    /// Whether the pattern that bound it holds a reference.
    pub(super) lent: bool,
    /// Whether it was bound to a guard: what proves that a lock is held.
    pub(super) guard: bool,
}

/// Whether a call or block has happened yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Pending,
    Done,
}

/// The state of a walk.
pub(super) struct Walk<'w, 'a> {
    pub(super) types: &'w Types<'a>,
    pub(super) id: FnId,
    pub(super) body: &'a Body,
    pub(super) self_ty: Option<Ty>,
    pub(super) locals: Vec<Local>,
    pub(super) out: LinkedBody<'a>,
    pub(super) context: ContextId,
    pub(super) branches: u32,
    pub(super) groups: u32,
    pub(super) diverged: bool,
    /// Whether a `break` or `continue` was met since the last arm or loop began.
    pub(super) broke: bool,
    /// What each of the loops around gives by `break`, outermost first.
    pub(super) broken_out: Vec<Vec<(Typed, bool)>>,
    /// The calls whose futures something awaited.
    pub(super) polled: BTreeSet<CallId>,
    pub(super) call_progress: Vec<Progress>,
    /// The latest call by where its expression starts: the calls of a chain all start at one place.
    pub(super) last_from: FxHashMap<(u32, u32), CallId>,
    pub(super) block_progress: Vec<Progress>,
    pub(super) returned: Vec<Value>,
    /// What the parameters of a closure get that have no annotation, set by the call that takes the closure.
    pub(super) closure_inputs: Vec<Typed>,
    /// Type that the annotation of a `let` asks of the conversion at its right.
    pub(super) wanted: Option<Ty>,
    /// Variables that a closure sets to `true`, with the closure's context.
    pub(super) raised: Vec<(ContextId, usize)>,
    /// Where something was assigned so far, and which variable, if it was one.
    pub(super) assigned: Vec<(ContextId, Option<usize>)>,
}

/// Walks a body once, in evaluation order. Linear in its size, but for name look-ups.
pub fn link_body<'a>(types: &Types<'a>, id: FnId, body: &'a Body) -> LinkedBody<'a> {
    let signature = types.signature(id);
    let mut walk = Walk {
        types,
        id,
        body,
        self_ty: signature.self_ty.clone(),
        locals: Vec::new(),
        out: LinkedBody::default(),
        context: ContextId(0),
        branches: 0,
        groups: 0,
        diverged: false,
        broke: false,
        broken_out: Vec::new(),
        polled: BTreeSet::new(),
        call_progress: Vec::new(),
        last_from: FxHashMap::default(),
        block_progress: Vec::new(),
        returned: Vec::new(),
        closure_inputs: Vec::new(),
        wanted: None,
        raised: Vec::new(),
        assigned: Vec::new(),
    };
    walk.out.contexts.push(Context { parent: None, kind: ContextKind::Root });
    let item = &types.items.functions[id.index()];
    if let Some(facts) = item.signature {
        if facts.receiver.is_some() {
            let ty = walk.self_ty.clone().unwrap_or(Ty::Unknown);
            walk.bind_name(Name::new("self"), Typed::new(ty, Value::Receiver), false);
        }
        for (index, param) in facts.params.iter().enumerate() {
            let ty = signature.params.get(index).cloned().unwrap_or(Ty::Unknown);
            let typed = Typed::new(ty, Value::Param(index as u32));
            walk.bind(&param.pat, &typed, matches!(param.ty, TypeRef::Ref(..)));
        }
    }
    let last = walk.expr(body.root);
    if matches!(signature.output.awaited(), Ty::Bounds(_)) && last.ty != Ty::Unknown {
        walk.out.hidden_type = Some(Box::new(last.ty));
    }
    if !walk.diverged {
        walk.returned.push(last.value);
    }
    let returned = std::mem::take(&mut walk.returned);
    returned.iter().for_each(|value| walk.expect_type(value, &signature.output));
    let result = Value::choice(returned);
    walk.poll_given_back(&result);
    walk.out.result = result;
    for call in &mut walk.out.calls {
        let sql = call.sql_effects();
        if !sql.is_empty() {
            call.details.get_or_insert_default().sql = sql;
        }
    }
    walk.out
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn scope(&self) -> TypeScope<'_> {
        self.types.scope_of(self.id, self.self_ty.as_ref())
    }

    pub(super) fn emit(&mut self, kind: EventKind) {
        self.out.events.push(Event { context: self.context, kind });
    }

    pub(super) fn enter(&mut self, kind: ContextKind) -> ContextId {
        let id = ContextId(self.out.contexts.len() as u32);
        self.out.contexts.push(Context { parent: Some(self.context), kind });
        std::mem::replace(&mut self.context, id)
    }

    pub(super) fn new_branch(&mut self) -> u32 {
        self.branches += 1;
        self.branches - 1
    }

    /// Walks one arm of a branch; tells whether it diverges.
    pub(super) fn arm<T>(&mut self, branch: u32, arm: u32, walk: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let before = std::mem::replace(&mut self.diverged, false);
        let broke_before = std::mem::replace(&mut self.broke, false);
        let outer = self.enter(ContextKind::Arm { branch, arm, diverges: false, breaks: false });
        let scope = self.locals.len();
        let result = walk(self);
        self.locals.truncate(scope);
        let diverges = self.diverged;
        let broke = self.broke;
        if let ContextKind::Arm { diverges: slot, breaks, .. } =
            &mut self.out.contexts[self.context.0 as usize].kind
        {
            *slot = diverges;
            *breaks = broke;
        }
        self.context = outer;
        self.diverged = before;
        self.broke = broke_before || broke;
        (result, diverges)
    }

    /// The locks held by named guards.
    pub(super) fn guards(&self) -> Box<[CallId]> {
        let lock = |local: &Local| match local.typed.value {
            // A guard that a function of the workspace gives: the call stands for the lock.
            Value::Call(call) => Some(call),
            ref value => value.lock(),
        };
        self.locals.iter().filter(|local| local.guard).filter_map(lock).collect()
    }

    pub(super) fn exprs(&mut self, list: &[ExprId]) -> Vec<Typed> {
        list.iter().map(|id| self.expr(*id)).collect()
    }

    pub(super) fn expr(&mut self, id: ExprId) -> Typed {
        let body = self.body;
        let expr = body.expr(id);
        match &expr.kind {
            ExprKind::Path(path) => self.path(path),
            ExprKind::Literal(literal) => literal_value(literal),
            ExprKind::Call { callee, args } => self.call(id, *callee, args, expr.span),
            ExprKind::MethodCall(call) => self.method_call(id, call, expr.span),
            ExprKind::Field { base, name } => {
                let base = self.expr(*base);
                Typed::new(self.types.field(&base.ty, name), base.value.field(name))
            }
            ExprKind::Await(inner) => self.awaited(*inner),
            ExprKind::Try(inner) => self.tried(*inner),
            ExprKind::Deref(inner) => {
                let inner = self.expr(*inner);
                let ty = self.types.deref(&inner.ty).unwrap_or(inner.ty);
                Typed::new(ty, inner.value)
            }
            ExprKind::Not(inner) => {
                let inner = self.expr(*inner);
                Typed::new(inner.ty, Value::test(inner.value, false))
            }
            ExprKind::Reference(inner, _) => self.expr(*inner),
            ExprKind::Closure(closure) => self.closure(closure, expr.span),
            ExprKind::Async(inner) => {
                let (block, output) = self.block(expr.span, true, |walk| walk.expr(*inner));
                Typed::new(Ty::Future(Arc::new(output)), Value::Block(block))
            }
            ExprKind::Block { statements, tail } => self.statements(statements, *tail),
            ExprKind::If { condition, then, otherwise } => self.if_else(*condition, *then, *otherwise),
            ExprKind::Let(condition) => self.let_condition(condition),
            ExprKind::Match { scrutinee, arms } => self.match_arms(*scrutinee, arms),
            ExprKind::Loop(inner) => self.loop_without_condition(id, *inner),
            ExprKind::While { condition, body } => self.while_loop(*condition, *body),
            ExprKind::For { pat, iterable, body } => self.for_loop(pat, *iterable, *body),
            ExprKind::Assign { place, value } => self.assign(*place, *value, expr.span),
            ExprKind::Binary { op, left, right } => self.binary(*op, *left, *right),
            ExprKind::Return(value) => self.return_from(*value),
            ExprKind::Break(value) => self.break_out(*value),
            ExprKind::Continue => {
                self.broke = true;
                self.diverge()
            }
            ExprKind::Struct(literal) => self.struct_literal(literal),
            ExprKind::Tuple(list) => {
                let list = self.exprs(list);
                let value = Value::parts(list.iter().map(|item| item.value.clone()).collect());
                Typed::new(Ty::Tuple(list.into_iter().map(|item| item.ty).collect()), value)
            }
            ExprKind::Array(list) => {
                let list = self.exprs(list);
                let ty = list.first().map_or(Ty::Unknown, |item| item.ty.clone());
                let value = Value::parts(list.into_iter().map(|item| item.value).collect());
                Typed::new(Ty::Slice(Arc::new(ty)), value)
            }
            ExprKind::Index { base, index } => self.index(*base, *index),
            ExprKind::Cast(inner, ty) => {
                let inner = self.expr(*inner);
                Typed::new(self.types.lower(ty, self.scope()), inner.value)
            }
            ExprKind::Range(from, to) => self.range([*from, *to]),
            ExprKind::Macro(call) => self.macro_call(call, id),
            ExprKind::Unknown => Typed::unknown(),
        }
    }

    fn awaited(&mut self, inner: ExprId) -> Typed {
        let future = self.expr(inner);
        // It is the call that is polled.
        if let Some(made_by) = self.call_of(inner)
            && made_by != future.value
        {
            self.poll(&made_by, Time::Inline);
        }
        self.await_value(future)
    }

    /// The call that an expression is, where its value may be told as what the call carries on.
    fn call_of(&self, expr: ExprId) -> Option<Value> {
        let made_by = self.out.calls.iter().rposition(|call| call.expr == expr)?;
        Some(Value::Call(CallId(made_by as u32)))
    }

    fn tried(&mut self, inner: ExprId) -> Typed {
        let tried = self.expr(inner);
        self.mark(&tried.value, |outcome| outcome.propagated = true);
        self.decided_by(&tried.value);
        let ty = if tried.ty.is_option_or_result() { tried.ty.first_arg() } else { tried.ty };
        Typed::new(ty, tried.value)
    }

    fn closure(&mut self, closure: &'a Closure, span: Span) -> Typed {
        let inputs = std::mem::take(&mut self.closure_inputs);
        let (block, output) = self.block(span, closure.is_async, |walk| {
            for (index, param) in closure.params.iter().enumerate() {
                let mut typed = inputs.get(index).cloned().unwrap_or_else(Typed::unknown);
                if !matches!(param.ty, TypeRef::Infer) {
                    typed.ty = walk.types.lower(&param.ty, walk.scope());
                }
                walk.bind(&param.pat, &typed, true);
            }
            let result = walk.expr(closure.body);
            let declared = closure.output.as_ref().map(|ty| walk.types.lower(ty, walk.scope()));
            Typed::new(declared.unwrap_or(result.ty), result.value)
        });
        let output = if closure.is_async { Ty::Future(Arc::new(output)) } else { output };
        Typed::new(Ty::Callable(Arc::new(output)), Value::Block(block))
    }

    fn let_condition(&mut self, condition: &LetCondition) -> Typed {
        let value = self.expr(condition.value);
        self.bind(&condition.pat, &value, true);
        let Some(present_when) = presence(&condition.pat) else {
            self.decided_by(&value.value);
            return Typed::new(Ty::external("bool"), Value::Unknown);
        };
        Typed::new(Ty::external("bool"), Value::test(value.value, present_when))
    }

    fn index(&mut self, base: ExprId, index: ExprId) -> Typed {
        let base = self.expr(base);
        self.expr(index);
        // A range of a list or a text is one.
        let ty = match (&self.body.expr(index).kind, &base.ty) {
            (ExprKind::Range(..), Ty::External(path, _)) if path == "std::string::String" => {
                Ty::external("str")
            }
            (ExprKind::Range(..), Ty::External(path, _)) if path == "std::vec::Vec" => {
                Ty::Slice(Arc::new(base.ty.first_arg()))
            }
            (ExprKind::Range(..), _) => base.ty,
            _ => self.element_type(&base.ty),
        };
        // `text[..]` is all of it.
        let whole = matches!(self.body.expr(index).kind, ExprKind::Range(None, None));
        Typed::new(ty, if whole { base.value } else { Value::Element(Arc::new(base.value)) })
    }

    fn range(&mut self, ends: [Option<ExprId>; 2]) -> Typed {
        let mut ty = Ty::Unknown;
        for end in ends.into_iter().flatten() {
            let end = self.expr(end).ty;
            ty = if ty == Ty::Unknown { end } else { ty };
        }
        Typed::new(Ty::External(Name::new("std::ops::Range"), Arc::from([ty])), Value::Unknown)
    }

    fn statements(&mut self, statements: &'a [Statement], tail: Option<ExprId>) -> Typed {
        let scope = self.locals.len();
        let mut alternatives = CfgAlternatives::default();
        // One of these is the value, by the configuration, where nothing but others of them comes after.
        let mut given = Vec::new();
        for statement in statements {
            let diverged = self.diverged;
            let outer = alternatives.enter(self, statement.cfg());
            match statement {
                Statement::Given(id, _) => given.push((self.expr(*id), false)),
                _ => {
                    self.discard(&mut given);
                    self.statement(statement);
                }
            }
            if let Some(outer) = outer {
                self.context = outer;
                // Other configurations go on.
                self.diverged = diverged;
            }
        }
        let result = match tail {
            Some(tail) => {
                self.discard(&mut given);
                self.expr(tail)
            }
            None if given.is_empty() => Typed::unit(),
            None => join(given),
        };
        self.locals.truncate(scope);
        result
    }

    /// Marks values that are not those of their block after all.
    fn discard(&mut self, given: &mut Vec<(Typed, bool)>) {
        for (typed, _) in given.drain(..) {
            self.mark(&typed.value, |outcome| outcome.discarded = true);
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        match statement {
            Statement::Expr(id, _) | Statement::Given(id, _) => {
                let value = self.branches_of_statement(|walk| walk.expr(*id)).value;
                self.mark(&value, |outcome| outcome.discarded = true);
                self.serves_here(&value);
            }
            Statement::Let(statement) => {
                let Some(init) = statement.init else {
                    let ty =
                        statement.ty.as_ref().map_or(Ty::Unknown, |ty| self.types.lower(ty, self.scope()));
                    self.bind(&statement.pat, &Typed::new(ty, Value::Unknown), false);
                    return;
                };
                let lent = matches!(self.body.expr(init).kind, ExprKind::Reference(..));
                let declared = statement.ty.as_ref().map(|ty| self.types.lower(ty, self.scope()));
                self.wanted = declared.clone().filter(|_| self.is_conversion(init));
                let mut typed = self.expr(init);
                self.wanted = None;
                if let Some(declared) = declared.filter(|ty| *ty != Ty::Unknown) {
                    self.expect_type(&typed.value, &declared);
                    if let Some(made_by) = self.call_of(init) {
                        self.expect_type(&made_by, &declared);
                    }
                    typed.ty = declared;
                }
                match statement.pat {
                    Pat::Wild => self.mark(&typed.value, |outcome| outcome.discarded = true),
                    _ => self.mark(&typed.value, |outcome| outcome.bound = true),
                }
                if let Some(otherwise) = statement.otherwise {
                    let branch = self.new_branch();
                    let atoms = self.pattern_atoms(&statement.pat, &typed.value);
                    self.emit_branch(branch, atoms, self.body.expr(init).span);
                    self.arm(branch, 1, |walk| walk.expr(otherwise));
                }
                self.bind(&statement.pat, &typed, lent);
            }
        }
    }

    /// Whether an initializer is `x.into()`, `x.try_into()?` or `x.parse()?`, whose type the annotation decides.
    pub(super) fn is_conversion(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Try(inner) | ExprKind::Await(inner) => self.is_conversion(*inner),
            ExprKind::MethodCall(call) => match call.method.as_str() {
                "into" | "try_into" | "parse" => true,
                "unwrap" | "expect" | "map_err" | "context" | "with_context" => {
                    self.is_conversion(call.receiver)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Walks a closure or async block aside; its events are kept until something runs it.
    pub(super) fn block(
        &mut self,
        span: Span,
        is_async: bool,
        walk: impl FnOnce(&mut Self) -> Typed,
    ) -> (BlockId, Ty) {
        let block = BlockId(self.out.blocks.len() as u32);
        let parent = self.context;
        self.out.blocks.push(Block {
            events: Vec::new(),
            context: parent,
            result: Value::Unknown,
            is_async,
            diverges: false,
            time: None,
            span,
        });
        self.block_progress.push(Progress::Pending);
        let outer_events = std::mem::take(&mut self.out.events);
        let outer_returned = std::mem::take(&mut self.returned);
        let outer_diverged = std::mem::replace(&mut self.diverged, false);
        let outer = self.enter(ContextKind::Block(block));
        let own = self.context;
        let scope = self.locals.len();
        let last = walk(self);
        if !self.diverged {
            self.returned.push(last.value);
        }
        let diverges = self.returned.is_empty();
        let result = Value::choice(std::mem::replace(&mut self.returned, outer_returned));
        self.poll_given_back(&result);
        self.locals.truncate(scope);
        self.context = outer;
        self.diverged = outer_diverged;
        let events = std::mem::replace(&mut self.out.events, outer_events);
        let slot = &mut self.out.blocks[block.0 as usize];
        slot.events = events;
        slot.context = own;
        slot.result = result;
        slot.diverges = diverges;
        (block, last.ty)
    }

    fn binary(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> Typed {
        let first = self.expr(left);
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let branch = self.new_branch();
            if first.value != Value::Unknown {
                let (if_true, if_false) =
                    if op == BinaryOp::And { (vec![0], vec![1]) } else { (vec![1], vec![0]) };
                let atom = Atom { value: first.value, if_true, if_false };
                self.emit_branch(branch, vec![atom], self.body.expr(left).span);
            }
            self.arm(branch, 0, |walk| walk.expr(right));
            return Typed::new(Ty::external("bool"), Value::Unknown);
        }
        let second = self.expr(right);
        match op {
            BinaryOp::Add => Typed::new(first.ty, Value::joined(vec![first.value, second.value])),
            // Texts are divided only in macros whose argument is a path: `path!("users" / u32)`.
            BinaryOp::Div => match (&first.value, &second.value) {
                (Value::Text(base), Value::Text(last)) => {
                    Typed::new(first.ty, Value::Text(format!("{base}/{last}").into()))
                }
                (Value::Text(base), _) => Typed::new(first.ty, Value::Text(format!("{base}/{{}}").into())),
                _ => Typed::new(first.ty, Value::Unknown),
            },
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual => {
                self.decided_by(&first.value);
                self.decided_by(&second.value);
                Typed::new(Ty::external("bool"), self.compared(op, &first.value, &second.value))
            }
            BinaryOp::CompoundAssign => {
                self.note_assigned(left);
                self.changed_in_place(left, "+=", vec![second.value]);
                Typed::unit()
            }
            _ => Typed::new(first.ty, Value::Unknown),
        }
    }

    pub(super) fn element_type(&self, list: &Ty) -> Ty {
        match list {
            Ty::Slice(inner) => inner.as_ref().clone(),
            Ty::External(path, args) => match args.len() {
                _ if is_map(path) => Ty::Tuple(Arc::clone(args)),
                0 => Ty::Unknown,
                _ => args[0].clone(),
            },
            _ => Ty::Unknown,
        }
    }

    pub(super) fn push_call(&mut self, call: Call<'a>) -> CallId {
        let id = CallId(self.out.calls.len() as u32);
        self.call_progress.push(if call.is_future { Progress::Pending } else { Progress::Done });
        self.last_from.insert((call.span.line, call.span.column), id);
        self.out.calls.push(call);
        id
    }

    /// Changes what is known of the outcome of the call that a value is the direct result of.
    pub(super) fn mark(&mut self, value: &Value, change: impl FnOnce(&mut super::Outcome)) {
        if let Value::Call(id) = value {
            change(&mut self.out.calls[id.0 as usize].outcome);
        }
    }

    /// What stands where a type is declared has that type, if nothing better is known of it.
    pub(super) fn expect_type(&mut self, value: &Value, declared: &Ty) {
        if let Value::Call(id) = value {
            let call = &mut self.out.calls[id.0 as usize];
            let declared = super::settled(declared);
            if is_known_better(&call.result, declared) {
                call.result = declared.clone();
            }
        }
    }

    pub(super) fn argument(&self, id: ExprId, typed: &Typed) -> Argument {
        Argument { value: typed.value.clone(), ty: typed.ty.clone(), lent: self.is_lent(id) }
    }

    /// Whether an expression, as an argument or receiver, lends its value.
    pub(super) fn is_lent(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Reference(..) => true,
            ExprKind::Path(path) => self.local(path).is_some_and(|local| local.lent),
            _ => false,
        }
    }

    /// The variable that a path names; the innermost of several.
    pub(super) fn local(&self, path: &Path) -> Option<&Local> {
        let [only] = path.segments.as_slice() else { return None };
        self.locals.iter().rev().find(|local| local.name == only.name)
    }

    pub(super) fn emit_branch(&mut self, branch: u32, atoms: Vec<Atom>, span: Span) {
        if !atoms.is_empty() {
            let guards = self.guards();
            let branching = Branching { branch, atoms, guards, span, in_closure: false };
            self.emit(EventKind::Branch(Box::new(branching)));
        }
    }

    /// Notes that a value decides the way, where it is not the same each time.
    pub(super) fn decided_by(&mut self, value: &Value) {
        if !matches!(value, Value::Unknown | Value::Text(_) | Value::Number(_) | Value::Bool(_)) {
            self.out.decided_by.push((self.context, value.clone()));
        }
    }

    /// A closure that runs on failure alone is the only arm of its branch.
    pub(super) fn emit_failure(&mut self, branch: u32, tested: Value, span: Span) {
        let atoms = vec![Atom { value: tested, if_true: Vec::new(), if_false: vec![0] }];
        let branching = Branching { branch, atoms, guards: self.guards(), span, in_closure: true };
        self.emit(EventKind::Branch(Box::new(branching)));
    }
}

/// Whether nothing is known of a type, or of the arguments of a generic one, and a declaration tells.
fn is_known_better(known: &Ty, declared: &Ty) -> bool {
    match (known, declared) {
        (Ty::Unknown, _) => true,
        (Ty::External(path, args), Ty::External(other, _)) => path == other && args.contains(&Ty::Unknown),
        _ => false,
    }
}

/// Statements of one block under different `#[cfg]` conditions are arms of one branch.
#[derive(Default)]
struct CfgAlternatives {
    branch: Option<u32>,
    conditions: Vec<Cfg>,
}

impl CfgAlternatives {
    /// Enters the arm of a condition; gives the context to go back to.
    fn enter(&mut self, walk: &mut Walk<'_, '_>, cfg: Option<&Cfg>) -> Option<ContextId> {
        let cfg = cfg?;
        let branch = *self.branch.get_or_insert_with(|| walk.new_branch());
        let known = self.conditions.iter().position(|known| known == cfg);
        let arm = known.unwrap_or_else(|| {
            self.conditions.push(cfg.clone());
            self.conditions.len() - 1
        });
        Some(walk.enter(ContextKind::Arm { branch, arm: arm as u32, diverges: false, breaks: false }))
    }
}

/// What a path in value position leads to.
#[derive(Debug)]
pub(super) enum Resolution {
    /// A definition.
    Def(Def, Option<Ty>),
    /// An item of a type.
    Associated(Ty, Name),
    /// An item of a trait, for a type.
    OfTrait(Ty, TraitRef, Name),
}

pub(super) fn literal_value(literal: &Literal) -> Typed {
    match literal {
        Literal::Str(text) => Typed::new(Ty::external("str"), Value::Text(Arc::clone(text))),
        Literal::Int(number) => Typed::new(Ty::Unknown, Value::Number(*number)),
        Literal::Bool(flag) => Typed::new(Ty::external("bool"), Value::Bool(*flag)),
        Literal::Other => Typed::unknown(),
    }
}
