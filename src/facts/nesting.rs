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
    // A token has at least one byte, so a short text is safe whatever it says.
    if text.len() < LIMIT / NESTED {
        return None;
    }
    let mut lexemes = Lexemes::new(text);
    let mut outside: Vec<Run> = Vec::new();
    let mut run = Run::default();
    while let Some(lexeme) = lexemes.next() {
        match lexeme {
            Lexeme::LineComment(..) => continue,
            Lexeme::Open => {
                let inside = run.cost + NESTED;
                run.take(LINK, Before::Operand);
                outside.push(run);
                run = Run::starting_at(inside);
            }
            Lexeme::Close(byte) => {
                run = outside.pop().unwrap_or_default();
                run.before = if byte == b'}' {
                    Before::Brace
                } else {
                    Before::Operand
                };
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
    before: Before,
}

impl Run {
    fn starting_at(base: usize) -> Self {
        Self {
            cost: base,
            base,
            ..Self::default()
        }
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
        if self.is_prefix_position() {
            PREFIX
        } else {
            LINK
        }
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
            self.take(LINK, Before::Else);
        } else if self.before == Before::Else && word == "if" {
            // The parser reads `else if` in a loop.
            self.take(LINK, Before::Prefix);
        } else if is_prefix_keyword(word) {
            self.take(PREFIX, Before::Prefix);
        } else {
            self.take(LINK, Before::Operand);
        }
    }

    /// `||`: an operator, a closure without parameters, or the end of one list of parameters and the start
    /// of another.
    fn or(&mut self) {
        let cost = if self.parameters {
            PREFIX
        } else {
            self.operator_cost()
        };
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
    matches!(
        word,
        "async"
            | "box"
            | "break"
            | "const"
            | "do"
            | "dyn"
            | "extern"
            | "fn"
            | "for"
            | "gen"
            | "if"
            | "impl"
            | "in"
            | "let"
            | "loop"
            | "match"
            | "move"
            | "mut"
            | "raw"
            | "ref"
            | "return"
            | "static"
            | "unsafe"
            | "where"
            | "while"
            | "yield"
            | "use"
            | "try"
            | "become"
    )
}
