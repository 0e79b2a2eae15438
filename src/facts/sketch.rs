//! Room 3, *facts*, tests only: writes bodies back as text that looks like the Rust they came from, so that a
//! test can show what was kept. It adds nothing that is not in the facts.

use super::{
    Body, Cfg, ExprId, ExprKind, FileFacts, Item, ItemKind, Literal, MacroContent, Pat, Path, Statement,
    extract,
};

/// The facts of a text without problems.
pub(super) fn facts(text: &str) -> FileFacts {
    let extracted = extract("test.rs", text);
    assert_eq!(extracted.problems, [], "{text}");
    extracted.facts
}

/// The sketch of a function with these statements.
pub(super) fn body(statements: &str) -> String {
    let facts = facts(&format!("fn f() {{ {statements} }}"));
    sketch(function_body(&facts.items[0]))
}

/// The body of a function item.
pub(super) fn function_body(item: &Item) -> &Body {
    match &item.kind {
        ItemKind::Fn(function) => function.body.as_ref().unwrap(),
        other => panic!("not a function: {other:?}"),
    }
}

/// A whole body; the outermost block without braces.
pub(super) fn sketch(body: &Body) -> String {
    let text = Sketch(body).expr(body.root);
    match body.expr(body.root).kind {
        ExprKind::Block { .. } => text[1..text.len() - 1].trim().to_owned(),
        _ => text,
    }
}

/// Segments joined, without their arguments.
pub(super) fn path(path: &Path) -> String {
    let names: Vec<&str> = path.segments.iter().map(|part| part.name.as_str()).collect();
    names.join("::")
}

/// A pattern; `::` marks paths, to tell them from bindings.
pub(super) fn pattern(pat: &Pat) -> String {
    let list = |pats: &[Pat]| pats.iter().map(pattern).collect::<Vec<_>>().join(", ");
    match pat {
        Pat::Wild => "_".into(),
        Pat::Bind { name, sub: None, .. } => name.to_string(),
        Pat::Bind { name, sub: Some(sub), .. } => format!("{name}@{}", pattern(sub)),
        Pat::Tuple(pats) => format!("({})", list(pats)),
        Pat::TupleStruct(name, pats) => format!("{}({})", path(name), list(pats)),
        Pat::Struct(name, fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(name, pat)| format!("{name}: {}", pattern(pat))).collect();
            format!("{}{{{}}}", path(name), fields.join(", "))
        }
        Pat::Path(name) => format!("::{}", path(name)),
        Pat::Ref(pat) => format!("&{}", pattern(pat)),
        Pat::Or(pats) => pats.iter().map(pattern).collect::<Vec<_>>().join(" | "),
        Pat::Literal(value) => literal(value),
        Pat::Other => "other".into(),
    }
}

/// A condition as in an attribute.
pub(super) fn cfg(condition: &Cfg) -> String {
    let list = |all: &[Cfg]| all.iter().map(cfg).collect::<Vec<_>>().join(", ");
    match condition {
        Cfg::All(all) => format!("all({})", list(all)),
        Cfg::Any(all) => format!("any({})", list(all)),
        Cfg::Not(one) => format!("not({})", cfg(one)),
        Cfg::Flag(name) => name.to_string(),
        Cfg::KeyValue(key, value) => format!("{key} = {value:?}"),
    }
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Str(text) => format!("{text:?}"),
        Literal::Int(number) => number.to_string(),
        Literal::Bool(truth) => truth.to_string(),
        Literal::Other => "literal".into(),
    }
}

struct Sketch<'b>(&'b Body);

impl Sketch<'_> {
    fn list(&self, ids: &[ExprId]) -> String {
        ids.iter().map(|&id| self.expr(id)).collect::<Vec<_>>().join(", ")
    }

    fn after(&self, word: &str, id: Option<ExprId>) -> String {
        id.map_or_else(|| word.to_owned(), |id| format!("{word} {}", self.expr(id)))
    }

    fn expr(&self, id: ExprId) -> String {
        match &self.0.expr(id).kind {
            ExprKind::Path(name) => path(name),
            ExprKind::Literal(value) => literal(value),
            ExprKind::Call { callee, args } => {
                format!("{}({})", self.expr(*callee), self.list(args))
            }
            ExprKind::MethodCall(call) => format!(
                "{}.{}{}({})",
                self.expr(call.receiver),
                call.method,
                if call.turbofish.is_empty() { "" } else { "::<>" },
                self.list(&call.args)
            ),
            ExprKind::Field { base, name } => format!("{}.{name}", self.expr(*base)),
            ExprKind::Await(id) => format!("{}.await", self.expr(*id)),
            ExprKind::Try(id) => format!("{}?", self.expr(*id)),
            ExprKind::Deref(id) => format!("*{}", self.expr(*id)),
            ExprKind::Not(id) => format!("!{}", self.expr(*id)),
            ExprKind::Reference(id, false) => format!("&{}", self.expr(*id)),
            ExprKind::Reference(id, true) => format!("&mut {}", self.expr(*id)),
            ExprKind::Closure(closure) => {
                let params: Vec<_> = closure.params.iter().map(|param| pattern(&param.pat)).collect();
                format!(
                    "{}|{}| {}",
                    if closure.is_async { "async " } else { "" },
                    params.join(", "),
                    self.expr(closure.body)
                )
            }
            ExprKind::Async(id) => format!("async {}", self.expr(*id)),
            ExprKind::Block { statements, tail } => {
                let mut parts: Vec<String> =
                    statements.iter().map(|statement| self.statement(statement)).collect();
                parts.extend(tail.map(|tail| self.expr(tail)));
                format!("{{ {} }}", parts.join(" ")).replace("{  }", "{ }")
            }
            ExprKind::If { condition, then, otherwise } => {
                let text = format!("if {} {}", self.expr(*condition), self.expr(*then));
                otherwise.map_or_else(|| text.clone(), |id| format!("{text} else {}", self.expr(id)))
            }
            ExprKind::Let(condition) => {
                format!("let {} = {}", pattern(&condition.pat), self.expr(condition.value))
            }
            ExprKind::Match { scrutinee, arms } => {
                let arms: Vec<_> = arms
                    .iter()
                    .map(|arm| {
                        format!(
                            "{}{}{} => {}",
                            arm.cfg
                                .as_ref()
                                .map_or(String::new(), |condition| format!("#[{}] ", cfg(condition))),
                            pattern(&arm.pat),
                            arm.guard.map_or(String::new(), |guard| format!(" if {}", self.expr(guard))),
                            self.expr(arm.body)
                        )
                    })
                    .collect();
                format!("match {} {{ {} }}", self.expr(*scrutinee), arms.join(", "))
            }
            ExprKind::Loop(id) => format!("loop {}", self.expr(*id)),
            ExprKind::While { condition, body } => {
                format!("while {} {}", self.expr(*condition), self.expr(*body))
            }
            ExprKind::For { pat, iterable, body } => {
                format!("for {} in {} {}", pattern(pat), self.expr(*iterable), self.expr(*body))
            }
            ExprKind::Assign { place, value } => {
                format!("{} = {}", self.expr(*place), self.expr(*value))
            }
            ExprKind::Binary { op, left, right } => {
                format!("({} {op:?} {})", self.expr(*left), self.expr(*right))
            }
            ExprKind::Return(id) => self.after("return", *id),
            ExprKind::Break(id) => self.after("break", *id),
            ExprKind::Continue => "continue".into(),
            ExprKind::Struct(literal) => {
                let mut fields: Vec<_> =
                    literal.fields.iter().map(|(name, id)| format!("{name}: {}", self.expr(*id))).collect();
                fields.extend(literal.rest.map(|rest| format!("..{}", self.expr(rest))));
                format!("{} {{ {} }}", path(&literal.path), fields.join(", "))
            }
            ExprKind::Tuple(ids) => format!("({})", self.list(ids)),
            ExprKind::Array(ids) => format!("[{}]", self.list(ids)),
            ExprKind::Index { base, index } => {
                format!("{}[{}]", self.expr(*base), self.expr(*index))
            }
            ExprKind::Cast(id, _) => format!("({} as)", self.expr(*id)),
            ExprKind::Range(from, to) => format!(
                "{}..{}",
                from.map_or(String::new(), |id| self.expr(id)),
                to.map_or(String::new(), |id| self.expr(id))
            ),
            ExprKind::Macro(call) => {
                format!("{}!{}", path(&call.path), self.content(&call.content))
            }
            ExprKind::Unknown => "unknown".into(),
        }
    }

    fn content(&self, content: &MacroContent) -> String {
        match content {
            MacroContent::Args(ids) => format!("({})", self.list(ids)),
            MacroContent::Block(id) => self.expr(*id),
            MacroContent::Select(arms) => {
                let arms: Vec<_> = arms
                    .iter()
                    .map(|arm| {
                        format!(
                            "{}{}{} => {}",
                            pattern(&arm.pat),
                            arm.future.map_or(String::new(), |id| format!(" = {}", self.expr(id))),
                            arm.guard.map_or(String::new(), |id| format!(" if {}", self.expr(id))),
                            self.expr(arm.body)
                        )
                    })
                    .collect();
                format!("select{{ {} }}", arms.join(", "))
            }
            MacroContent::Paths(paths) => {
                let paths: Vec<_> = paths.iter().map(|(one, _)| path(one)).collect();
                format!("paths[{}]", paths.join(", "))
            }
            MacroContent::Opaque { literals, called } => {
                let literals: Vec<_> = literals.iter().map(literal).collect();
                let called: Vec<_> = called.iter().map(|(one, _)| path(one)).collect();
                format!("opaque[{}; {}]", literals.join(", "), called.join(", "))
            }
        }
    }

    fn statement(&self, statement: &Statement) -> String {
        let condition = |condition: Option<&Cfg>| {
            condition.map_or(String::new(), |condition| format!("#[{}] ", cfg(condition)))
        };
        match statement {
            Statement::Expr(id, cfg) => condition(cfg.as_deref()) + &self.expr(*id) + ";",
            Statement::Given(id, cfg) => condition(Some(cfg)) + &self.expr(*id),
            Statement::Let(local) => {
                let mut text = condition(local.cfg.as_ref()) + "let " + &pattern(&local.pat);
                if let Some(init) = local.init {
                    text += &format!(" = {}", self.expr(init));
                }
                if let Some(otherwise) = local.otherwise {
                    text += &format!(" else {}", self.expr(otherwise));
                }
                text + ";"
            }
        }
    }
}
