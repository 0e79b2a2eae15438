//! Room 3, *facts*: the macro calls of a file that are given nothing, or a text first: those that may embed files.

use super::{Attributes, Body, ExprKind, FileFacts, Item, ItemKind, Literal, MacroContent, Path};
use crate::location::Span;

/// A macro call that is given nothing, or a text first.
#[derive(Debug)]
pub struct TextMacro<'f> {
    /// Path of the macro, without `!`.
    pub path: &'f Path,
    /// The text.
    pub text: Option<&'f str>,
    /// The call.
    pub span: Span,
}

impl FileFacts {
    /// The macro calls of the file that are given nothing, or a text first, at any depth and in no order that means anything;
    /// those of code for tests are left out. Linear in the file's facts.
    pub fn text_macros(&self) -> Vec<TextMacro<'_>> {
        let mut found = Vec::new();
        if !is_for_tests(&self.attributes) {
            of_items(&self.items, &mut found);
        }
        found
    }
}

fn is_for_tests(attributes: &Attributes) -> bool {
    attributes.mark_a_test() || attributes.cfg.as_ref().is_some_and(super::Cfg::requires_test)
}

fn of_items<'f>(items: &'f [Item], found: &mut Vec<TextMacro<'f>>) {
    for item in items.iter().filter(|item| !is_for_tests(&item.attributes)) {
        match &item.kind {
            ItemKind::Mod { items: Some(items), .. } => of_items(items, found),
            ItemKind::Impl(block) => of_items(&block.items, found),
            ItemKind::Trait(block) => of_items(&block.items, found),
            ItemKind::Fn(function) => function.body.iter().for_each(|body| of_body(body, found)),
            ItemKind::Static(one) => one.init.iter().for_each(|body| of_body(body, found)),
            ItemKind::Const { value, .. } => value.iter().for_each(|body| of_body(body, found)),
            ItemKind::MacroCall(path, literals) => found.extend(call(path, literals.first(), item.span)),
            _ => {}
        }
    }
}

fn of_body<'f>(body: &'f Body, found: &mut Vec<TextMacro<'f>>) {
    for expr in &body.exprs {
        let ExprKind::Macro(made) = &expr.kind else { continue };
        match &made.content {
            MacroContent::Args(args) => {
                let first = args.first().map(|first| &body.expr(*first).kind);
                match first {
                    None => found.extend(call(&made.path, None, expr.span)),
                    Some(ExprKind::Literal(literal)) => {
                        found.extend(call(&made.path, Some(literal), expr.span));
                    }
                    Some(_) => {}
                }
            }
            MacroContent::Opaque { literals, .. } => {
                found.extend(call(&made.path, literals.first(), expr.span));
            }
            _ => {}
        }
    }
    of_items(&body.items, found);
}

fn call<'f>(path: &'f Path, first: Option<&'f Literal>, span: Span) -> Option<TextMacro<'f>> {
    let text = match first {
        None => None,
        Some(Literal::Str(text)) => Some(text.as_ref()),
        Some(_) => return None,
    };
    Some(TextMacro { path, text, span })
}

#[cfg(test)]
mod tests {
    use crate::facts::sketch::{facts, path};

    fn found(text: &str) -> Vec<String> {
        let facts = facts(text);
        let shown = facts
            .text_macros()
            .into_iter()
            .map(|call| format!("{} {}:{}", path(call.path), call.text.unwrap_or("nothing"), call.span.line));
        shown.collect()
    }

    #[test]
    fn calls_are_found_wherever_code_stands() {
        let text = "embed!(\"a\");\nstatic S: T = x::embed!(\"b\");\nmod m {\n  impl A { fn f() { g(|| embed!()); } }\n}\nfn h() {\n  mod inner { embed!(r\"c\"); }\n}\n";
        let expected = ["embed a:1", "x::embed b:2", "embed nothing:4", "embed c:7"];
        assert_eq!(found(text), expected);
    }

    #[test]
    fn comments_texts_and_code_for_tests_are_left_out() {
        let text = "// embed!(\"a\")\nfn f() { let s = \"embed!(b)\"; embed!(PATH); embed!(1); }\n#[cfg(test)] mod tests { embed!(\"c\"); }\n#[tokio::test] async fn g() { embed!(\"d\"); }\n";
        assert_eq!(found(text), Vec::<String>::new());
    }
}
