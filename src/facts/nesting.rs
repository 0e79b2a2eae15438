//! Room 3, *facts*: decides before parsing whether a text nests too deeply for the parser, which recurses and
//! cannot be stopped. It estimates stack, and must not judge whether the text is Rust.
//!
//! The estimate walks the tokens once and adds up what each one could cost while it is still open. The costs
//! were measured, in the more wasteful of the build profiles, for every construct that can contain itself:
//! parsing, walking and dropping it. They only need to be upper bounds; no real text comes near the limit.

use super::lexemes::{Lexeme, Lexemes};

/// Stack that a thread calling [`super::extract`] must have.
pub const STACK_BYTES: usize = 64 << 20;

/// Estimates above this are refused; the rest of the stack is room for the caller and for error.
const LIMIT: usize = STACK_BYTES / 4 * 3;

/// A delimiter or `<` opens a block, an argument, a type, each several functions deep in the parser.
const NESTED: usize = 9 << 10;

/// A prefix operator or a keyword makes what follows part of itself.
const PREFIX: usize = 4500;

/// Anything else at most wraps what came before it: no recursion while parsing, but one level in the tree.
const LINK: usize = 1 << 10;

/// Byte offset of the first place where the text nests too deeply, if there is one. Linear.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    if highest_possible_cost(text.as_bytes()) <= LIMIT {
        return None;
    }
    let mut lexemes = Lexemes::new(text);
    let mut outside: Vec<Run> = Vec::new();
    let mut run = Run::default();
    while let Some(lexeme) = lexemes.next() {
        match lexeme {
            Lexeme::LineComment(..) | Lexeme::BlockComment(..) => continue,
            Lexeme::Open => {
                let inside = run.cost + NESTED;
                run.take(LINK, Before::Operand);
                outside.push(run);
                run = Run::starting_at(inside);
            }
            Lexeme::Close(byte) => {
                run = outside.pop().unwrap_or_default();
                run.before = if byte == b'}' { Before::Brace } else { Before::Operand };
            }
            Lexeme::Quoted => run.quoted(),
            Lexeme::Or => run.or(),
            Lexeme::Word(word) => run.word(word),
            Lexeme::Punct(byte) => run.punct(byte),
        }
        if run.cost > LIMIT {
            return Some(lexemes.offset());
        }
    }
    None
}

/// What the text would cost if nothing in it were ever closed: a quick bound that most texts stay below.
fn highest_possible_cost(text: &[u8]) -> usize {
    let mut cost = 0_usize;
    let mut in_word = false;
    for &byte in text {
        let highest = HIGHEST_COSTS[byte as usize];
        let is_word = highest == 0;
        cost += highest as usize + if is_word & !in_word { PREFIX } else { 0 };
        // After whitespace and operators alike, the next word counts again.
        in_word = is_word;
    }
    cost
}

/// The most that a token starting with a byte can cost; 0 for the characters of words, which count once for
/// each word, and 1 for whitespace.
const HIGHEST_COSTS: [u16; 256] = highest_costs();

const fn highest_costs() -> [u16; 256] {
    let mut costs = [0; 256];
    let mut byte = 0_usize;
    while byte < 128 {
        costs[byte] = match byte as u8 {
            b'(' | b'[' | b'{' | b'<' => NESTED as u16,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => 0,
            other if other.is_ascii_punctuation() => PREFIX as u16,
            _ => 1,
        };
        byte += 1;
    }
    costs
}

/// What came before a token, as far as it decides what an operator or a word is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    /// Nothing, a keyword, or the end of an operator.
    #[default]
    Prefix,
    /// Something that has a value.
    Operand,
    /// `}`, which may end a statement.
    Brace,
    /// A character that may be the first of an operator.
    Punct(u8),
    /// `..`.
    Dots,
    /// `else`.
    Else,
}

/// The tokens inside one pair of delimiters since the last place where nothing of them was open.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    /// Cost of everything that is still open around the next token.
    cost: usize,
    /// Cost when the run started.
    base: usize,
    /// Open `<`. A comma inside does not end what is before it.
    angles: u32,
    /// Whether the parameters of a closure are open. A comma inside does not end what is before it.
    parameters: bool,
    /// Cost before the `if` that the next `else` belongs to, or one inside its condition.
    before_if: Option<usize>,
    before: Before,
}

impl Run {
    fn starting_at(base: usize) -> Self {
        Self { cost: base, base, ..Self::default() }
    }

    fn restart(&mut self) {
        *self = Self::starting_at(self.base);
    }

    fn take(&mut self, cost: usize, before: Before) {
        self.cost += cost;
        self.before = before;
    }

    /// Whether an operator here is a prefix of what follows.
    fn is_prefix_position(&self) -> bool {
        !matches!(self.before, Before::Operand | Before::Brace)
    }

    fn operator_cost(&self) -> usize {
        if self.is_prefix_position() { PREFIX } else { LINK }
    }

    fn quoted(&mut self) {
        if self.before == Before::Brace {
            self.restart();
        }
        self.take(LINK, Before::Operand);
    }

    fn word(&mut self, word: &str) {
        // After a block, these continue it; anything else starts a new statement, item or arm.
        if self.before == Before::Brace && !matches!(word, "else" | "as" | "in") {
            self.restart();
        }
        if word == "else" {
            // The condition and the block before it are closed; what is left is one more link of a chain.
            if let (Before::Brace, Some(before_if)) = (self.before, self.before_if) {
                self.cost = before_if + 2 * LINK;
                self.before_if = Some(self.cost);
            }
            self.take(LINK, Before::Else);
        } else if word == "if" {
            // The parser reads `else if` in a loop.
            let chained = self.before == Before::Else;
            if !chained {
                self.before_if = Some(self.cost);
            }
            self.take(if chained { LINK } else { PREFIX }, Before::Prefix);
        } else if is_prefix_keyword(word) {
            self.take(PREFIX, Before::Prefix);
        } else {
            self.take(LINK, Before::Operand);
        }
    }

    /// `||`: an operator, a closure without parameters, or the end of one list of parameters and the start
    /// of another.
    fn or(&mut self) {
        let cost = if self.parameters { PREFIX } else { self.operator_cost() };
        self.take(cost, Before::Prefix);
    }

    fn punct(&mut self, byte: u8) {
        match byte {
            b';' => self.restart(),
            b',' if self.angles == 0 && !self.parameters => self.restart(),
            b'#' if self.before == Before::Brace => self.restart(),
            b'<' => {
                self.angles += 1;
                self.take(NESTED, Before::Punct(byte));
            }
            b'>' => {
                if !matches!(self.before, Before::Punct(b'-' | b'=')) {
                    self.angles = self.angles.saturating_sub(1);
                }
                self.take(LINK, Before::Prefix);
            }
            b'|' => {
                let cost = self.operator_cost();
                self.parameters = !self.parameters && self.is_prefix_position();
                self.take(cost, Before::Prefix);
            }
            b'?' => self.take(LINK, Before::Operand),
            b':' | b',' => self.take(LINK, Before::Prefix),
            b'.' if self.before == Before::Punct(b'.') => self.take(LINK, Before::Dots),
            b'=' if self.before == Before::Dots => self.take(LINK, Before::Prefix),
            b'=' => {
                if self.before == Before::Punct(b'<') {
                    self.angles = self.angles.saturating_sub(1);
                }
                self.take(PREFIX, Before::Punct(byte));
            }
            _ => self.take(self.operator_cost(), Before::Punct(byte)),
        }
    }
}

/// Keywords that are followed by what belongs to them. `as`, `self` and the like are not among them.
fn is_prefix_keyword(word: &str) -> bool {
    // Bytes are compared as a tree, strings one after the other.
    matches!(
        word.as_bytes(),
        b"async"
            | b"become"
            | b"box"
            | b"break"
            | b"const"
            | b"do"
            | b"dyn"
            | b"extern"
            | b"fn"
            | b"for"
            | b"gen"
            | b"impl"
            | b"in"
            | b"let"
            | b"loop"
            | b"match"
            | b"move"
            | b"mut"
            | b"raw"
            | b"ref"
            | b"return"
            | b"static"
            | b"try"
            | b"unsafe"
            | b"use"
            | b"where"
            | b"while"
            | b"yield"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::extract;
    use crate::problem::ProblemKind;

    /// Reads texts as a caller has to: with the stack that is asked for.
    fn outcome(text: String) -> Option<ProblemKind> {
        let read = move || extract("a.rs", &text).problems.first().map(|problem| problem.kind);
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(read).unwrap().join().unwrap()
    }

    /// Constructs that contain themselves: what is before, what repeats, the middle, what repeats after it,
    /// and the end.
    const SHAPES: [(&str, &str, &str, &str, &str); 40] = [
        ("fn f() { ", "(", "a", ")", "; }"),
        ("fn f() { a(", "[", "a", "]", "); }"),
        ("fn f() { ", "{", "a", "}", " }"),
        ("fn f() { ", "g.h(", "a", ")", "; }"),
        ("fn f() { ", "vec![", "a", "]", "; }"),
        ("fn f() { ", "S { a: ", "a", "}", "; }"),
        ("fn f() { ", "!", "a", "", "; }"),
        ("fn f() { ", "&", "a", "", "; }"),
        ("fn f() { ", "-", "a", "", "; }"),
        ("fn f() { ", "|| ", "a", "", "; }"),
        ("fn f() { ", "|a, b| ", "a", "", "; }"),
        ("fn f() { ", "|a||b", "a", "|", "; }"),
        ("fn f() { ", "return ", "a", "", "; }"),
        ("fn f() { ", ".. ", "a", "", "; }"),
        ("fn f() { ", "..=", "a", "", "; }"),
        ("fn f() { ", "a = ", "a", "", "; }"),
        ("fn f() { ", "a += ", "a", "", "; }"),
        ("fn f() { a", ".b", "", "", "; }"),
        ("fn f() { a", ".b()", "", "", "; }"),
        ("fn f() { a", ".await?", "", "", "; }"),
        ("fn f() { a", "[0]", "", "", "; }"),
        ("fn f() { a", "()", "", "", "; }"),
        ("fn f() { a", " as u8", "", "", "; }"),
        ("fn f() { a", " + a", "", "", "; }"),
        ("fn f() { a", " && a", "", "", "; }"),
        ("fn f() { if a {}", " else if a {}", "", "", " }"),
        ("fn f() { ", "if a {", "", "}", " }"),
        ("fn f() { ", "if ", "a", "{}", " }"),
        ("fn f() { ", "match a { b => ", "a", "}", " }"),
        ("fn f() { ", "async move {", "a", "}", " }"),
        ("fn f() { ", "let a = b else {", "a", "};", " }"),
        ("fn f() { let ", "&", "a", "", " = b; }"),
        ("fn f() { let ", "S(", "a", ")", " = b; }"),
        ("", "mod a {", "", "}", ""),
        ("", "fn a() {", "", "}", ""),
        ("type T = ", "A<B, ", "u8", ">", ";"),
        ("type T = ", "<", "u8", " as A>::B", ";"),
        ("type T = ", "fn() -> ", "u8", "", ";"),
        ("type T = ", "[u8; {", "1", "}]", ";"),
        ("use ", "a::", "a", "", ";"),
    ];

    fn nested(shape: (&str, &str, &str, &str, &str), depth: usize) -> String {
        let (start, open, middle, close, end) = shape;
        [start, &open.repeat(depth), middle, &close.repeat(depth), end].concat()
    }

    #[test]
    fn a_hundred_thousand_levels_of_anything_are_a_problem() {
        for shape in SHAPES {
            let found = outcome(nested(shape, 100_000));
            assert_eq!(found, Some(ProblemKind::TooDeeplyNested), "{shape:?}");
        }
    }

    #[test]
    fn whatever_is_let_through_fits_the_stack() {
        for shape in SHAPES {
            let (mut fits, mut does_not) = (1, 100_000);
            while does_not - fits > 50 {
                let middle = (fits + does_not) / 2;
                match too_deep(&nested(shape, middle)) {
                    Some(_) => does_not = middle,
                    None => fits = middle,
                }
            }
            assert!(fits > 1_000, "{shape:?} ends at {fits}");
            assert_ne!(outcome(nested(shape, fits)), Some(ProblemKind::TooDeeplyNested), "{shape:?}");
        }
    }

    #[test]
    fn the_place_of_the_problem_is_where_the_limit_was_met() {
        let text = format!("\n\nfn f() {{\n{}", "(".repeat(100_000));
        let found = extract("a.rs", &text).problems.remove(0);
        assert_eq!(found.line, 4);
        assert!(found.column > 1_000);
    }

    #[test]
    fn long_text_without_nesting_is_no_problem() {
        for text in [
            "fn f() { a(b < c, || d, e == f, !g); }\n".repeat(20_000),
            format!("fn f() {{ match a {{ {} }} }}", "B::C(d) => { e() } ".repeat(20_000)),
            format!("fn f() {{ match a {{ {} }} }}", "\"b\" => { e() } ".repeat(20_000)),
            format!("const A: [B; 1] = [{}];", "Vec::<A, B>::new(-1), |a, b| c, ".repeat(20_000)),
            format!("struct A {{ {} }}", "#[b] c: HashMap<D, Vec<E>>, ".repeat(20_000)),
            format!("fn f() {{ {} }}", "if a || b { c } ".repeat(20_000)),
            format!("fn f() {{ a{}; }}", ".b(|c| d)".repeat(4_000)),
            format!("fn f() {{ if a {{}} {} }}", "else if b == c { d() } ".repeat(4_000)),
            format!("fn f() {{ match a {{ {} _ => b }} }}", "'a'..='b' | ".repeat(2_000)),
            format!("const A: &str = \"{}\";", "(".repeat(1_000_000)),
            format!("// {}\n/* {} */", "[".repeat(100_000), "{".repeat(100_000)),
        ] {
            assert_eq!(too_deep(&text), None, "{}", &text[..60]);
        }
    }
}
