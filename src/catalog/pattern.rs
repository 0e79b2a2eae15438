//! How a catalog file speaks of types: the small language of `returns`, `is`, `deref` and `awaited`, and the
//! braces that let one entry name several items. This module parses text; it never looks anything up.

use std::fmt;

/// A type as a catalog entry describes it. Paths are canonical once a [`super::Catalog`] hands them out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypePattern {
    /// `Self`: the receiver's type, or the type named before `::`, with its generic arguments.
    SelfType,
    /// `$n`: generic argument n of the receiver's type. In an alias: argument n that the user wrote.
    ReceiverArgument(usize),
    /// `#n`: the type of call argument n (`self` not counted), references removed.
    CallArgument(usize),
    /// `#n()`: what the closure or function passed as call argument n returns.
    ClosureResult(usize),
    /// `p.n`: generic argument n of the type that `p` stands for.
    Part(Box<TypePattern>, usize),
    /// `p.await`: what awaiting a value of the type that `p` stands for gives.
    Awaited(Box<TypePattern>),
    /// `[p]`: a list of `p`.
    List(Box<TypePattern>),
    /// `(p, q)`: a tuple; `()` is the unit type.
    Tuple(Vec<TypePattern>),
    /// A named type. Primitive types have a path of one segment.
    Path {
        /// Path, library root first.
        path: String,
        /// Generic arguments; empty when the entry does not say.
        arguments: Vec<TypePattern>,
    },
}

/// Why a text of the type language was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PatternError {
    /// Byte offset in the text.
    pub(super) offset: usize,
    /// One sentence without a full stop.
    pub(super) message: String,
}

/// Names that stay as they are instead of being looked for below the library's root.
const PRIMITIVES: [&str; 18] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64", "!",
];

/// Nesting beyond this is refused, so that no input can exhaust the stack.
const DEEPEST: usize = 32;

impl TypePattern {
    /// Parses `text`; relative paths are put below `root`.
    pub(super) fn parse(text: &str, root: &str) -> Result<Self, PatternError> {
        let mut parser = Parser { text, at: 0, root };
        let pattern = parser.pattern(0)?;
        parser.skip_spaces();
        if parser.at < text.len() {
            return Err(parser.error(format!("unexpected `{}` after the type", &text[parser.at..])));
        }
        Ok(pattern)
    }

    /// A path without generic arguments.
    pub fn path(path: &str) -> Self {
        Self::Path { path: path.to_owned(), arguments: Vec::new() }
    }

    /// Puts `arguments` in place of `$0`, `$1`, …; those beyond the list stay as they are.
    #[must_use]
    pub fn substitute(&self, arguments: &[TypePattern]) -> Self {
        match self {
            Self::ReceiverArgument(n) => arguments.get(*n).cloned().unwrap_or_else(|| self.clone()),
            Self::SelfType | Self::CallArgument(_) | Self::ClosureResult(_) => self.clone(),
            Self::Part(inner, n) => match inner.substitute(arguments) {
                Self::Path { arguments, .. } if arguments.len() > *n => arguments[*n].clone(),
                inner => Self::Part(Box::new(inner), *n),
            },
            Self::Awaited(inner) => Self::Awaited(Box::new(inner.substitute(arguments))),
            Self::List(inner) => Self::List(Box::new(inner.substitute(arguments))),
            Self::Tuple(items) => Self::Tuple(items.iter().map(|item| item.substitute(arguments)).collect()),
            Self::Path { path, arguments: own } => Self::Path {
                path: path.clone(),
                arguments: own.iter().map(|item| item.substitute(arguments)).collect(),
            },
        }
    }

    /// Calls `visit` with every path in the pattern, outermost first.
    pub fn each_path(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::SelfType | Self::ReceiverArgument(_) | Self::CallArgument(_) | Self::ClosureResult(_) => {}
            Self::Part(inner, _) | Self::Awaited(inner) | Self::List(inner) => inner.each_path(visit),
            Self::Tuple(items) => items.iter().for_each(|item| item.each_path(visit)),
            Self::Path { path, arguments } => {
                visit(path);
                arguments.iter().for_each(|item| item.each_path(visit));
            }
        }
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[TypePattern]| {
            items
                .iter()
                .enumerate()
                .try_for_each(|(n, item)| write!(f, "{}{item}", if n == 0 { "" } else { ", " }))
        };
        match self {
            Self::SelfType => f.write_str("Self"),
            Self::ReceiverArgument(n) => write!(f, "${n}"),
            Self::CallArgument(n) => write!(f, "#{n}"),
            Self::ClosureResult(n) => write!(f, "#{n}()"),
            Self::Part(inner, n) => write!(f, "{inner}.{n}"),
            Self::Awaited(inner) => write!(f, "{inner}.await"),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Tuple(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Self::Path { path, arguments } => {
                f.write_str(path)?;
                if arguments.is_empty() {
                    return Ok(());
                }
                f.write_str("<")?;
                list(f, arguments)?;
                f.write_str(">")
            }
        }
    }
}

/// Makes an absolute path (library root first) of one written in a catalog file.
pub(super) fn absolute(path: &str, root: &str) -> String {
    match path.strip_prefix("::") {
        Some(rest) => rest.to_owned(),
        None => format!("{root}::{path}"),
    }
}

/// Expands `a::{b,c}::d` to `a::b::d`, `a::c::d` and checks that what comes out are paths.
pub(super) fn expand_braces(text: &str) -> Result<Vec<String>, PatternError> {
    let mut expanded = vec![String::new()];
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let start = text.len() - rest.len();
        let Some(length) = rest[open..].find('}') else {
            return Err(PatternError { offset: start + open, message: "this `{` is not closed".to_owned() });
        };
        let inside = &rest[open + 1..open + length];
        if let Some(nested) = inside.find('{') {
            let offset = start + open + 1 + nested;
            return Err(PatternError { offset, message: "braces cannot be nested".to_owned() });
        }
        let choices: Vec<&str> = inside.split(',').map(str::trim).collect();
        let before = &rest[..open];
        expanded = expanded
            .iter()
            .flat_map(|prefix| choices.iter().map(move |choice| format!("{prefix}{before}{choice}")))
            .collect();
        if expanded.len() > 1024 {
            return Err(PatternError {
                offset: start + open,
                message: "these braces name more than 1024 items".to_owned(),
            });
        }
        rest = &rest[open + length + 1..];
    }
    expanded.iter_mut().for_each(|prefix| prefix.push_str(rest));
    match expanded.iter().find(|path| !is_path(path)) {
        Some(wrong) => Err(PatternError {
            offset: 0,
            message: format!("`{wrong}` is not a path such as `Pool::connect`"),
        }),
        None => Ok(expanded),
    }
}

/// Whether `text` consists of identifiers joined by `::`, possibly with `::` in front and `::*` at the end.
fn is_path(text: &str) -> bool {
    let text = text.strip_prefix("::").unwrap_or(text);
    let text = text.strip_suffix("::*").unwrap_or(text);
    text.split("::").all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && letters.all(|letter| letter == '_' || letter.is_alphanumeric())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    root: &'a str,
}

impl Parser<'_> {
    fn error(&self, message: String) -> PatternError {
        PatternError { offset: self.at, message }
    }

    fn skip_spaces(&mut self) {
        self.at += self.text[self.at..].len() - self.text[self.at..].trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// The longest run of characters that satisfy `accept`.
    fn run(&mut self, accept: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        let rest = &self.text[start..];
        self.at += rest.find(|letter| !accept(letter)).unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    fn number(&mut self, after: &str) -> Result<usize, PatternError> {
        let start = self.at;
        let parsed = self.run(|letter| letter.is_ascii_digit()).parse();
        parsed.map_err(|_| PatternError { offset: start, message: format!("a number must follow `{after}`") })
    }

    fn pattern(&mut self, depth: usize) -> Result<TypePattern, PatternError> {
        if depth > DEEPEST {
            return Err(self.error(format!("types nested more than {DEEPEST} levels deep are not supported")));
        }
        self.skip_spaces();
        let mut pattern = self.primary(depth)?;
        while self.eat(".") {
            pattern = if self.eat("await") {
                TypePattern::Awaited(Box::new(pattern))
            } else {
                TypePattern::Part(Box::new(pattern), self.number(".")?)
            };
        }
        Ok(pattern)
    }

    fn primary(&mut self, depth: usize) -> Result<TypePattern, PatternError> {
        if self.eat("$") {
            return Ok(TypePattern::ReceiverArgument(self.number("$")?));
        }
        if self.eat("#") {
            let n = self.number("#")?;
            return Ok(if self.eat("()") {
                TypePattern::ClosureResult(n)
            } else {
                TypePattern::CallArgument(n)
            });
        }
        if self.eat("[") {
            let inner = self.pattern(depth + 1)?;
            self.skip_spaces();
            if !self.eat("]") {
                return Err(self.error("expected `]`".to_owned()));
            }
            return Ok(TypePattern::List(Box::new(inner)));
        }
        if self.eat("(") {
            return Ok(TypePattern::Tuple(self.list(")", depth)?));
        }
        self.named(depth)
    }

    fn named(&mut self, depth: usize) -> Result<TypePattern, PatternError> {
        let start = self.at;
        if self.eat("!") {
            return Ok(TypePattern::path("!"));
        }
        let written =
            self.run(|letter| letter == ':' || letter == '_' || letter.is_alphanumeric()).to_owned();
        if written == "Self" {
            return Ok(TypePattern::SelfType);
        }
        if written.is_empty() || !is_path(&written) {
            let message =
                "expected a type: `Self`, `$0`, `#0`, `#0()`, `[T]`, `(A, B)` or a path such as `Pool<$0>`";
            return Err(PatternError { offset: start, message: message.to_owned() });
        }
        let path =
            if PRIMITIVES.contains(&written.as_str()) { written } else { absolute(&written, self.root) };
        let arguments = if self.eat("<") { self.list(">", depth)? } else { Vec::new() };
        Ok(TypePattern::Path { path, arguments })
    }

    fn list(&mut self, close: &str, depth: usize) -> Result<Vec<TypePattern>, PatternError> {
        let mut items = Vec::new();
        loop {
            self.skip_spaces();
            if self.eat(close) {
                return Ok(items);
            }
            items.push(self.pattern(depth + 1)?);
            self.skip_spaces();
            if !self.eat(",") && !self.text[self.at..].starts_with(close) {
                return Err(self.error(format!("expected `,` or `{close}`")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        TypePattern::parse(text, "lib")
            .map_or_else(|error| format!("{}: {}", error.offset, error.message), |p| p.to_string())
    }

    #[test]
    fn every_form_of_the_language_is_understood_and_put_below_the_root() {
        assert_eq!(shown("Self"), "Self");
        assert_eq!(shown("$0"), "$0");
        assert_eq!(shown("#1"), "#1");
        assert_eq!(shown("#0()"), "#0()");
        assert_eq!(shown("#0().await"), "#0().await");
        assert_eq!(shown("$0.1"), "$0.1");
        assert_eq!(shown("()"), "()");
        assert_eq!(shown("[ Pool ]"), "[lib::Pool]");
        assert_eq!(shown("(Client, ::other::Connection<$0>)"), "(lib::Client, other::Connection<$0>)");
        assert_eq!(shown("pool::Pool< #0 , u16 >"), "lib::pool::Pool<#0, u16>");
    }

    #[test]
    fn errors_say_where_in_the_text_they_are() {
        assert_eq!(shown("Pool<$0"), "7: expected `,` or `>`");
        assert_eq!(shown("Pool<$x>"), "6: a number must follow `$`");
        assert_eq!(shown("Pool>"), "4: unexpected `>` after the type");
        assert!(shown("").starts_with("0: expected a type"));
        assert!(shown("a:b").starts_with("0: expected a type"));
        assert!(shown(&"[".repeat(5000)).contains("nested"));
        assert!(shown("#99999999999999999999999").contains("a number must follow"));
    }

    #[test]
    fn braces_name_several_items() {
        let expanded = |text: &str| expand_braces(text).map_err(|error| (error.offset, error.message));
        assert_eq!(expanded("Pool::connect"), Ok(vec!["Pool::connect".to_owned()]));
        assert_eq!(expanded("{A, B}::{x,y}").unwrap(), ["A::x", "A::y", "B::x", "B::y"]);
        assert_eq!(expanded("A::{x").unwrap_err(), (3, "this `{` is not closed".to_owned()));
        assert_eq!(expanded("A::{x,{y}}").unwrap_err(), (6, "braces cannot be nested".to_owned()));
        assert!(expanded("A..x").unwrap_err().1.contains("not a path"));
        assert!(expanded("").is_err());
    }

    #[test]
    fn arguments_are_put_in_place_also_inside_parts() {
        let alias = TypePattern::parse("Pool<Manager<$0>>", "lib").unwrap();
        assert_eq!(
            alias.substitute(&[TypePattern::path("db::Pg")]).to_string(),
            "lib::Pool<lib::Manager<db::Pg>>"
        );
        let part = TypePattern::parse("$0.0", "lib").unwrap();
        assert_eq!(part.substitute(&[alias]).to_string(), "lib::Manager<$0>");
        assert_eq!(part.substitute(&[]).to_string(), "$0.0");
    }
}
