//! Room 3, *facts*: a coarse lexer for the questions that must be answered without the parser: how deep a text nests,
//! where its comments are, and which delimiter is not closed. It agrees with the parser's lexer on where strings, comments,
//! lifetimes and words end; it must not be used to understand code.

/// A coarse token. Whitespace is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    /// `// …` without the line break, with its byte offset.
    LineComment(&'a str, usize),
    /// `/* … */` with those inside it and its byte offset.
    BlockComment(&'a str, usize),
    /// An identifier, keyword or number.
    Word(&'a str),
    /// A string, character, or a literal of their kind; also a lifetime.
    Quoted,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close(u8),
    /// `||` without a space in between.
    Or,
    /// Any other single character.
    Punct(u8),
}

/// Iterator over the [`Lexeme`]s of a text. Never fails: what is unterminated ends with the text. Linear.
#[derive(Debug, Clone)]
pub(super) struct Lexemes<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexemes<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte offset behind the lexeme returned last.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len());
    }

    /// Moves over the characters of a word. Every non-ASCII character that is not whitespace counts: the
    /// parser rejects the text if it is not one of an identifier.
    fn skip_word(&mut self) {
        loop {
            self.skip_while(|byte| CLASSES[byte as usize] == Class::Word);
            if self.byte(0).is_none_or(|byte| byte.is_ascii()) {
                return;
            }
            match self.text[self.at..].chars().next() {
                Some(other) if !is_whitespace(other) => self.at += other.len_utf8(),
                _ => return,
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.byte(0) {
            match (byte, self.byte(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Moves over a literal whose opening quote is next, and over its suffix.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        loop {
            self.skip_while(|byte| byte != quote && byte != b'\\');
            match self.byte(0) {
                Some(b'\\') => self.at = (self.at + 2).min(self.text.len()),
                Some(_) => {
                    self.at += 1;
                    break;
                }
                None => return,
            }
        }
        self.leave_character();
        self.skip_word();
    }

    /// Moves over a raw string whose `#`s or quote are next. Returns whether there was one.
    fn skip_raw_string(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let hashes = rest.bytes().take_while(|&byte| byte == b'#').count();
        if rest.as_bytes().get(hashes) != Some(&b'"') {
            return false;
        }
        let fence = &rest[..hashes];
        let mut end = hashes + 1;
        loop {
            match rest[end..].find('"') {
                None => {
                    self.at = self.text.len();
                    return true;
                }
                Some(quote) => {
                    end += quote + 1;
                    if rest[end..].starts_with(fence) {
                        self.at += end + hashes;
                        self.skip_word();
                        return true;
                    }
                }
            }
        }
    }

    /// Moves over a character literal or a lifetime whose `'` is next.
    fn skip_character_or_lifetime(&mut self) {
        let mut characters = self.text[self.at + 1..].chars();
        match (characters.next(), characters.next()) {
            (Some('\\'), _) => self.skip_quoted(b'\''),
            (Some(one), Some('\'')) => {
                self.at += 2 + one.len_utf8();
                self.skip_word();
            }
            _ => {
                self.at += 1;
                self.skip_word();
            }
        }
    }

    /// An escape may have skipped into the middle of a character.
    fn leave_character(&mut self) {
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> Lexeme<'a> {
        let start = self.at;
        self.skip_word();
        let word = &self.text[start..self.at];
        match self.byte(0) {
            Some(mark @ (b'"' | b'#' | b'\'')) if word.len() <= 2 => self.prefixed(word, mark, start),
            _ => Lexeme::Word(word),
        }
    }

    /// A short word directly before a quote or `#` may belong to a literal or a raw identifier.
    fn prefixed(&mut self, word: &'a str, mark: u8, start: usize) -> Lexeme<'a> {
        match (word, mark) {
            ("r" | "br" | "cr", b'"' | b'#') => {
                if self.skip_raw_string() {
                    return Lexeme::Quoted;
                }
                if word == "r" && self.byte(1).is_some_and(is_word_start) {
                    self.at += 1;
                    self.skip_word();
                    return Lexeme::Word(&self.text[start..self.at]);
                }
            }
            ("b" | "c", b'"') => {
                self.skip_quoted(b'"');
                return Lexeme::Quoted;
            }
            ("b", b'\'') => {
                self.skip_character_or_lifetime();
                return Lexeme::Quoted;
            }
            _ => {}
        }
        Lexeme::Word(word)
    }
}

impl<'a> Iterator for Lexemes<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        loop {
            let byte = self.byte(0)?;
            match CLASSES[byte as usize] {
                Class::Space => self.skip_while(|byte| CLASSES[byte as usize] == Class::Space),
                Class::Word => return Some(self.word()),
                Class::NotAscii => {
                    let character = self.text[self.at..].chars().next()?;
                    if !is_whitespace(character) {
                        return Some(self.word());
                    }
                    self.at += character.len_utf8();
                }
                Class::Slash => match self.byte(1) {
                    Some(b'/') => {
                        let start = self.at;
                        self.skip_while(|byte| byte != b'\n');
                        return Some(Lexeme::LineComment(&self.text[start..self.at], start));
                    }
                    Some(b'*') => {
                        let start = self.at;
                        self.skip_block_comment();
                        return Some(Lexeme::BlockComment(&self.text[start..self.at], start));
                    }
                    _ => {
                        self.at += 1;
                        return Some(Lexeme::Punct(byte));
                    }
                },
                Class::Quote => {
                    self.skip_quoted(b'"');
                    return Some(Lexeme::Quoted);
                }
                Class::Tick => {
                    self.skip_character_or_lifetime();
                    return Some(Lexeme::Quoted);
                }
                Class::Open => {
                    self.at += 1;
                    return Some(Lexeme::Open);
                }
                Class::Close => {
                    self.at += 1;
                    return Some(Lexeme::Close(byte));
                }
                Class::Punct if byte == b'|' && self.byte(1) == Some(b'|') => {
                    self.at += 2;
                    return Some(Lexeme::Or);
                }
                Class::Punct => {
                    self.at += 1;
                    return Some(Lexeme::Punct(byte));
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    NotAscii,
    Slash,
    Quote,
    Tick,
    Open,
    Close,
    Punct,
}

const CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Punct; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b' ' | 0x09..=0x0d => Class::Space,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => Class::Word,
            0x80..=0xff => Class::NotAscii,
            b'/' => Class::Slash,
            b'"' => Class::Quote,
            b'\'' => Class::Tick,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            _ => Class::Punct,
        };
        byte += 1;
    }
    classes
}

fn is_word_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// What the parser's lexer takes for whitespace.
fn is_whitespace(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Lexemes::new(text)
            .filter_map(|lexeme| match lexeme {
                Lexeme::Word(word) => Some(word),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn strings_of_every_kind_are_skipped() {
        assert_eq!(
            words(r####"a "x \" y" b r#"x " y"# c br##"x "# y"## d b"x" e c"x" f cr"x\" g"####),
            ["a", "b", "c", "d", "e", "f", "g"]
        );
    }

    #[test]
    fn a_lifetime_does_not_open_a_character() {
        assert_eq!(words("a 'b c 'd' e '\\'' f '\"' g b'\\'' h"), ["a", "c", "e", "f", "g", "h"]);
    }

    #[test]
    fn comments_are_skipped_or_told() {
        assert_eq!(words("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
        assert!(Lexemes::new("a // b").any(|lexeme| lexeme == Lexeme::LineComment("// b", 2)));
    }

    #[test]
    fn a_raw_identifier_is_one_word() {
        assert_eq!(words("r#type r# x"), ["r#type", "r", "x"]);
    }

    #[test]
    fn a_suffix_belongs_to_its_literal() {
        assert_eq!(words(r#"a "x"r "y\" z" b"#), ["a", "b"]);
    }

    #[test]
    fn what_is_unterminated_ends_with_the_text() {
        for text in ["\"abc", "r#\"abc", "/* abc", "'", "'\\", "b'", "\"\\", "\"\\é", "'\\é'"] {
            assert_eq!(words(text), Vec::<&str>::new(), "{text}");
        }
    }
}
