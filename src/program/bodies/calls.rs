//! Room 5, *program*: what a call leads to, what it gives, and when what is handed to it runs.

use std::sync::Arc;

use super::super::items::{AdtId, Declared, FnId};
use super::super::names::{Def, Namespace};
use super::super::types::{Args, Method, OPTION, PatternInput, RESULT, Ty, no_args};
use super::super::values::Value;
use super::finished_calls::CallSyntax;
use super::walk::{Resolution, Typed, Walk};
use super::{Argument, EventKind, Target, settled};
use crate::catalog::{CallFacts, CallRole, MacroFacts, TypeKind, ValueSource, root_segment};
use crate::facts::{ExprId, ExprKind, MethodCall, Name, Path};
use crate::location::Span;

/// What a method that std does not have gives on a `Result` or an `Option`: it is of a trait that some library extends them with, to
/// say more of the failure (`chain_err`, `into_diagnostic`, `context`), or to take out what is inside.
fn handed_on_by_extension(ty: &Ty, name: &str) -> Option<Ty> {
    let asks = ["is_", "as_", "iter", "to_"].into_iter().any(|beginning| name.starts_with(beginning));
    if asks || !ty.is_option_or_result() {
        return None;
    }
    let takes_out = ["unwrap", "expect"].into_iter().any(|beginning| name.starts_with(beginning));
    Some(if takes_out { ty.first_arg() } else { ty.clone() })
}

/// What is known of a callee before its arguments are walked.
pub(super) enum Callee<'a> {
    Local {
        targets: Vec<FnId>,
        dispatched: bool,
        on: Option<Ty>,
        through: Option<Name>,
    },
    Library(&'a CallFacts, Ty),
    External(Name, Option<Ty>),
    Value(Typed),
    /// A function that a field keeps, and what the field is declared as.
    Kept((AdtId, Name), Ty),
    Unknown(Name),
}

impl<'a> Walk<'_, 'a> {
    /// `f(a, b)`.
    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId], span: Span) -> Typed {
        let body = self.body;
        let callee_expr = body.expr(callee);
        let name_span = callee_expr.span;
        let resolved = match &callee_expr.kind {
            ExprKind::Path(path) => match self.callee(path) {
                Ok(callee) => callee,
                Err(constructor) => return self.construct(&constructor, args),
            },
            _ => {
                let called = self.expr(callee);
                let is_known = matches!(called.value, Value::Block(_) | Value::Function(_));
                match self.field_at(callee).filter(|_| !is_known) {
                    Some(field) => Callee::Kept(field, called.ty),
                    None => Callee::Value(called),
                }
            }
        };
        let turbofish = match &callee_expr.kind {
            ExprKind::Path(path) => path.segments.last().map(|segment| segment.args()).unwrap_or_default(),
            _ => &[],
        };
        let turbofish: Vec<Ty> = turbofish.iter().map(|ty| self.types.lower(ty, self.scope())).collect();
        self.finish_call(resolved, None, CallSyntax { id, args, turbofish: &turbofish, span, name_span })
    }

    /// The field of a struct of the workspace that an expression names.
    fn field_at(&self, place: ExprId) -> Option<(AdtId, Name)> {
        let ExprKind::Field { base, name } = &self.body.expr(place).kind else { return None };
        let owner = self.types.owner_of_field(&self.type_at(*base), name)?;
        Some((owner, name.clone()))
    }

    /// The type of a variable, or of a field of one, without walking it.
    fn type_at(&self, place: ExprId) -> Ty {
        match &self.body.expr(place).kind {
            ExprKind::Path(path) => self.local(path).map_or(Ty::Unknown, |local| local.typed.ty.clone()),
            ExprKind::Field { base, name } => self.types.field(&self.type_at(*base), name),
            _ => Ty::Unknown,
        }
    }

    /// `x.m(a)`.
    pub(super) fn method_call(&mut self, id: ExprId, call: &MethodCall, span: Span) -> Typed {
        let wanted = self.wanted.take();
        let converts = matches!(call.method.as_str(), "into" | "try_into" | "parse");
        // `x.try_into().unwrap()`: what is wanted of the whole is wanted of the conversion.
        self.wanted = wanted.clone().filter(|_| !converts && self.is_conversion(call.receiver));
        let receiver = self.expr(call.receiver);
        self.wanted = None;
        let lent = self.is_lent(call.receiver);
        // A future's own methods (`boxed`, `instrument`, `fuse`) give the same future; catalogued ones know better.
        if let Ty::Future(_) = receiver.ty {
            for arg in &call.args {
                self.expr(*arg);
            }
            return receiver;
        }
        let callee =
            match wanted.filter(|_| converts).and_then(|wanted| self.conversion(&call.method, &wanted)) {
                Some(conversion) => conversion,
                None => self.method_callee(&receiver, &call.method),
            };
        if matches!(call.method.as_str(), "unwrap" | "expect" | "unwrap_or_else" | "unwrap_or_default") {
            let hard = matches!(call.method.as_str(), "unwrap" | "expect");
            self.mark(&receiver.value, |outcome| outcome.unwrapped |= hard);
        }
        if call.method == "ok" {
            self.mark(&receiver.value, |outcome| outcome.discarded = true);
        } else if matches!(&self.body.expr(call.receiver).kind, ExprKind::MethodCall(inner) if inner.method == "ok")
        {
            // What comes after `ok()` works with what is there.
            self.mark(&receiver.value, |outcome| outcome.bound = true);
        }
        let turbofish: Vec<Ty> = call.turbofish.iter().map(|ty| self.types.lower(ty, self.scope())).collect();
        let subject = receiver.value.clone();
        let receiver = Argument { value: receiver.value, ty: receiver.ty, lent };
        let syntax =
            CallSyntax { id, args: &call.args, turbofish: &turbofish, span, name_span: call.method_span };
        let result = self.finish_call(callee, Some(receiver), syntax);
        if self.panics_instead(id) {
            self.mark(&subject, |outcome| outcome.unwrapped = true);
        }
        self.configured_in_place(call.receiver, &subject, &result);
        let name = call.method.as_str();
        if name.starts_with("push") || name.starts_with("set_") || name.starts_with("insert_str") {
            let args = call.args.iter().map(|arg| self.value_again(*arg)).collect();
            self.changed_in_place(call.receiver, name, args);
        }
        result
    }

    /// Whether a call, the last of an expression, panics where there is nothing: `unwrap_or_else(|| panic!("no pool"))`.
    fn panics_instead(&self, id: ExprId) -> bool {
        let made = self.out.calls.iter().rfind(|call| call.expr == id);
        made.is_some_and(|call| self.out.gives_up_instead(call) && !self.out.exits_instead(call))
    }

    /// `x.into()` and its kin call what the wanted type has for it.
    fn conversion(&self, method: &str, wanted: &Ty) -> Option<Callee<'a>> {
        let function = match method {
            "into" => "from",
            "try_into" => "try_from",
            "parse" => "from_str",
            _ => return None,
        };
        let on = settled(wanted).clone();
        if !matches!(on, Ty::Adt(..)) {
            return None;
        }
        match self.types.associated_function(&on, &Name::new(function), self.scope())? {
            Method::Local { targets, dispatched, receiver } => {
                Some(Callee::Local { targets, dispatched, on: Some(receiver), through: None })
            }
            _ => None,
        }
    }

    /// What a method's name means on a receiver of this type.
    fn method_callee(&self, receiver: &Typed, name: &Name) -> Callee<'a> {
        let ty = &receiver.ty;
        match self.types.method(ty, name, self.scope()) {
            Some(Method::Local { targets, dispatched, receiver: on }) => {
                let through = self.chosen_through(ty, &receiver.value);
                Callee::Local { targets, dispatched, on: Some(on), through }
            }
            Some(Method::Library(facts, on)) => Callee::Library(facts, on),
            Some(Method::Fluent(path, on)) => {
                Callee::External(Name::new(format!("{path}::{name}")), Some(on))
            }
            Some(Method::Unlisted(path)) => match self.taken_out(ty, &path, name) {
                Some(facts) => {
                    Callee::Library(facts, Ty::External(Name::new(RESULT), Arc::from([ty.clone()])))
                }
                None => {
                    let handed_on = handed_on_by_extension(ty, name);
                    Callee::External(Name::new(format!("{path}::{name}")), handed_on)
                }
            },
            None => match self.adapter(name).filter(|_| *ty == Ty::Unknown) {
                Some(facts) => Callee::Library(facts, Ty::Unknown),
                None => Callee::Unknown(name.clone()),
            },
        }
    }

    /// `unwrap` and `expect` on a catalogued type that has no such method: the version at hand gives it in a `Result`,
    /// which other versions do not.
    fn taken_out(&self, ty: &Ty, path: &str, name: &Name) -> Option<&'a CallFacts> {
        let known = self.types.type_facts(ty).is_some() && self.types.catalog.method(path, name).is_none();
        let takes_out = matches!(name.as_str(), "unwrap" | "expect");
        if known && takes_out { self.types.catalog.method(RESULT, name) } else { None }
    }

    /// The value of an argument that was walked already, where it is a literal or a variable.
    fn value_again(&self, id: ExprId) -> Value {
        match &self.body.expr(id).kind {
            ExprKind::Reference(inner, _) => self.value_again(*inner),
            ExprKind::Literal(literal) => super::walk::literal_value(literal).value,
            ExprKind::Path(path) => {
                self.local(path).map_or(Value::Unknown, |local| local.typed.value.clone())
            }
            _ => Value::Unknown,
        }
    }

    /// `path.push("x")`, `url += "/x"`: the variable is another text from here on.
    pub(super) fn changed_in_place(&mut self, place: ExprId, how: &str, args: Vec<Value>) {
        let ExprKind::Path(path) = &self.body.expr(place).kind else { return };
        if let [only] = path.segments.as_slice()
            && let Some(local) = self.locals.iter_mut().rev().find(|local| local.name == only.name)
            && !matches!(local.typed.value, Value::Behind(..) | Value::Static(_) | Value::Receiver)
        {
            let parts = std::iter::once(local.typed.value.clone()).chain(args).collect();
            local.typed.value = Value::Origin(Arc::from(how), parts).bounded();
        }
    }

    /// `file.read_to_string(&mut text)`: a text or a library's value that is lent for writing is another one from here
    /// on, made of what the call was given.
    pub(super) fn filled_in_place(
        &mut self,
        args: &[ExprId],
        arguments: &[Argument],
        target: &Target<'a>,
        receiver: Option<&Argument>,
    ) {
        let callee = match target {
            Target::Library(facts) => facts.path.as_str(),
            Target::External(path) | Target::Unknown(path) => path,
            Target::Local { .. } | Target::Block(_) => return,
        };
        for (index, arg) in args.iter().enumerate() {
            let ExprKind::Reference(place, true) = &self.body.expr(*arg).kind else { continue };
            let ExprKind::Path(path) = &self.body.expr(*place).kind else { continue };
            let [only] = path.segments.as_slice() else { continue };
            let others = arguments.iter().enumerate().filter(|(other, _)| *other != index);
            let given = receiver.into_iter().chain(others.map(|(_, argument)| argument));
            let given: Arc<[Value]> = given.map(|argument| argument.value.clone()).collect();
            let made_of_nothing = |walk: &Self, value: &Value| match value {
                Value::Call(made) => {
                    let made = &walk.out.calls[made.0 as usize];
                    made.args.is_empty() && made.receiver.is_none()
                }
                Value::Text(_) | Value::Joined(_) | Value::Origin(..) => true,
                _ => false,
            };
            let Some(at) = self.locals.iter().rposition(|local| local.name == only.name) else { continue };
            if made_of_nothing(self, &self.locals[at].typed.value) {
                self.locals[at].typed.value = Value::Origin(Arc::from(callee), given).bounded();
            }
        }
    }

    /// `config.host(h);` as a statement changes the variable, as it would in a chain.
    fn configured_in_place(&mut self, receiver: ExprId, before: &Value, result: &Typed) {
        let is_config = self
            .types
            .type_facts(&result.ty)
            .is_some_and(|facts| matches!(facts.kind, TypeKind::Config | TypeKind::Builder));
        if is_config
            && result.value != *before
            && let ExprKind::Path(path) = &self.body.expr(receiver).kind
            && let [only] = path.segments.as_slice()
            && let Some(local) = self.locals.iter_mut().rev().find(|local| local.name == only.name)
        {
            local.typed.value = result.value.clone();
        }
    }

    /// A method of `Option` or `Result` that only hands its receiver on, or asks a `Result` how it went: right for any receiver of
    /// unknown type.
    fn adapter(&self, name: &str) -> Option<&'a CallFacts> {
        let find = |owner: &str| self.types.catalog.method(owner, name);
        if matches!(name, "is_ok" | "is_err") {
            return find(RESULT);
        }
        let facts = find(OPTION).or_else(|| find(RESULT))?;
        (facts.role == CallRole::Adapt && facts.carries == Some(ValueSource::Receiver)).then_some(facts)
    }

    /// What the callee's path means; `Err` for constructors of the workspace's own types.
    fn callee(&mut self, path: &Path) -> Result<Callee<'a>, Constructor> {
        let last = path.segments.last().map(|segment| segment.name.clone()).unwrap_or_default();
        if path.qself.is_none()
            && let Some(local) = self.local(path)
        {
            return Ok(Callee::Value(local.typed.clone()));
        }
        match self.resolve_value(path) {
            Some(Resolution::Def(def, _)) => match def {
                Def::Item(Declared::Fn(_)) => {
                    let module = self.scope().module;
                    let resolved = self.types.names.resolve(module, path, Namespace::Values);
                    let defs = resolved.map(|resolved| resolved.defs).unwrap_or_else(|| vec![def]);
                    let targets = defs.iter().filter_map(|def| match def {
                        Def::Item(Declared::Fn(id)) => Some(*id),
                        _ => None,
                    });
                    Ok(Callee::Local {
                        targets: targets.collect(),
                        dispatched: false,
                        on: None,
                        through: None,
                    })
                }
                Def::Item(Declared::Adt(id)) => Err(Constructor { adt: id, variant: None }),
                Def::Variant(id, variant) => Err(Constructor { adt: id, variant: Some(variant) }),
                Def::External(full) => Ok(self.external_callee(&full, path)),
                Def::Item(Declared::Static(_) | Declared::Const(_)) => {
                    Ok(Callee::Value(self.expr_path(path)))
                }
                Def::Item(_) => Ok(Callee::Unknown(last)),
            },
            Some(Resolution::Associated(ty, name)) => {
                let found = self.types.associated_function(&ty, &name, self.scope());
                Ok(self.associated_callee(found, &ty, name))
            }
            Some(Resolution::OfTrait(ty, of, name)) => {
                let found = self.types.trait_function_of(&ty, &of, &name);
                Ok(self.associated_callee(found, &ty, name))
            }
            None => {
                let made = self.made_by_macro(path).or_else(|| self.written_by_attribute(path));
                Ok(made.unwrap_or(Callee::Unknown(last)))
            }
        }
    }

    /// `embedded_migrations::run`, in a module that a macro of a library makes, wherever that stands.
    fn made_by_macro(&self, path: &Path) -> Option<Callee<'a>> {
        let [.., module, function] = path.segments.as_slice() else { return None };
        let made = self.types.catalog.made_module(&module.name)?;
        let facts = self.types.catalog.function(&format!("{made}::{}", function.name))?;
        let may_stand_here = self.types.names.some_crate_depends_on(root_segment(&made));
        may_stand_here.then_some(Callee::Library(facts, Ty::Unknown))
    }

    /// What an attribute writes is called like the attribute, which `#[macro_use] extern crate` brings in.
    fn written_by_attribute(&self, path: &Path) -> Option<Callee<'a>> {
        let attribute = self.types.attribute_facts(self.scope().module, path)?;
        Some(Callee::Library(self.types.catalog.function(&attribute.path)?, Ty::Unknown))
    }

    fn associated_callee(&self, found: Option<Method<'a>>, ty: &Ty, name: Name) -> Callee<'a> {
        match found {
            Some(Method::Local { targets, dispatched, receiver }) => {
                let through = self.chosen_through(ty, &Value::Receiver);
                Callee::Local { targets, dispatched, on: Some(receiver), through }
            }
            Some(Method::Library(facts, on)) => Callee::Library(facts, on),
            Some(Method::Fluent(path, on)) => {
                Callee::External(Name::new(format!("{path}::{name}")), Some(on))
            }
            Some(Method::Unlisted(path)) => Callee::External(Name::new(format!("{path}::{name}")), None),
            None => match ty {
                Ty::External(path, _) => Callee::External(Name::new(format!("{path}::{name}")), None),
                _ => Callee::Unknown(name),
            },
        }
    }

    /// What decides which implementation a call on a type leads to, if callers know it: a type parameter, `Self` in a
    /// trait, or an argument of the function (`#0`) whose type is opaque in it.
    fn chosen_through(&self, ty: &Ty, value: &Value) -> Option<Name> {
        self.types.pointees(ty.clone()).find_map(|current| match (&current, value) {
            (Ty::Param(param), _) => Some(param.clone()),
            (Ty::Bounds(_), Value::Param(index)) => Some(Name::new(format!("#{index}"))),
            (Ty::Bounds(_), Value::Receiver) if self.self_ty.as_ref() == Some(&current) => {
                Some(Name::new("Self"))
            }
            _ => None,
        })
    }

    fn expr_path(&mut self, path: &Path) -> Typed {
        match self.resolve_value(path) {
            Some(Resolution::Def(Def::Item(Declared::Static(id)), _)) => {
                self.emit(EventKind::Static(id));
                Typed::new(self.types.static_type(id).clone(), Value::Static(id))
            }
            _ => Typed::unknown(),
        }
    }

    /// A library function by the path that code used.
    fn external_callee(&self, full: &str, path: &Path) -> Callee<'a> {
        let segments: Vec<&str> = full.split("::").collect();
        let canonical = self.types.catalog.canonical(&segments);
        let owner_args: Args = match path.segments.len() {
            0 | 1 => no_args(),
            len => super::super::types::segment_args(self.types, &path.segments[len - 2], self.scope()),
        };
        let owner = canonical.path.rsplit_once("::").map(|(owner, _)| owner.to_owned()).unwrap_or_default();
        let args = match &canonical.self_arguments {
            None => owner_args,
            Some(patterns) => {
                let input = PatternInput::of_args(&owner_args);
                patterns.iter().map(|pattern| self.types.from_pattern(pattern, &input)).collect()
            }
        };
        let on = Ty::External(Name::new(owner.as_str()), args);
        if let Some(facts) = self.types.catalog.function(&canonical.path) {
            return Callee::Library(facts, on);
        }
        // A method named through its type: `OnceCell::get(&CELL)`.
        if let Some((_, name)) = canonical.path.rsplit_once("::") {
            if let Some(facts) = self.types.catalog.method(&owner, name) {
                return Callee::Library(facts, on);
            }
            let known = self.types.catalog.type_facts(&owner).is_some();
            if known && let Some(facts) = self.types.trait_item_in_scope(name, self.scope().module) {
                return Callee::Library(facts, on);
            }
            // An unlisted constructor of a known type gives the type.
            if known && (name.starts_with("new") || matches!(name, "default" | "builder" | "from")) {
                return Callee::External(Name::new(&canonical.path), Some(on));
            }
        }
        Callee::External(Name::new(&canonical.path), None)
    }

    fn construct(&mut self, constructor: &Constructor, args: &[ExprId]) -> Typed {
        let values = self.exprs(args);
        let mut fields = Vec::with_capacity(values.len());
        for (index, typed) in values.into_iter().enumerate() {
            self.mark(&typed.value, |outcome| outcome.bound = true);
            fields.push((Name::new(index.to_string()), typed));
        }
        self.record(constructor.adt, constructor.variant, no_args(), fields)
    }

    /// What the catalog says of a macro.
    pub(super) fn macro_facts(&self, path: &Path, name: &str) -> Option<&'a MacroFacts> {
        let catalog = self.types.catalog;
        let resolved = self.types.names.resolve(self.scope().module, path, Namespace::Values);
        if let Some(Def::External(full)) = resolved.and_then(|resolved| resolved.defs.into_iter().next()) {
            let parts: Vec<&str> = full.split("::").collect();
            if let Some(facts) = catalog.macro_facts(&catalog.canonical(&parts).path) {
                return Some(facts);
            }
        }
        let unnamed = || catalog.macros_named(name).filter(|_| path.segments.len() == 1);
        let module = self.scope().module;
        unnamed().find(|facts| self.types.has_library(module, &facts.path)).or_else(|| unnamed().next())
    }
}

/// A constructor of one of the workspace's own types.
struct Constructor {
    adt: super::super::items::AdtId,
    variant: Option<u32>,
}
