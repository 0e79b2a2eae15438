//! Room 3, *facts*: what is done to a text so that the parser takes it. Lines and columns of what remains stay
//! as they are; nothing else may change.

use std::borrow::Cow;

use super::lexemes::{Lexeme, Lexemes};

/// The text without byte order mark, and with the `#!` line and front matter blanked out. Line numbers stay.
pub(super) fn parseable(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shebang = shebang_length(text);
    let body = &text[shebang..];
    let front_matter = front_matter_length(body).unwrap_or(0);
    let blank = shebang + front_matter;
    if front_matter == 0 {
        // The parser skips a `#!` line by itself, and nothing looks for code in it.
        return Cow::Borrowed(text);
    }
    let breaks = text[..blank].bytes().filter(|&byte| byte == b'\n').count();
    Cow::Owned("\n".repeat(breaks) + &text[blank..])
}

/// Bytes of a `#!` line without its line break. `#![…]` is an attribute.
fn shebang_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("#!") else {
        return 0;
    };
    if rest.trim_start().starts_with('[') {
        return 0;
    }
    text.find('\n').unwrap_or(text.len())
}

/// Bytes of front matter: from lines that are empty, over a line that starts with three or more dashes, to the
/// next line that starts with as many.
fn front_matter_length(text: &str) -> Option<usize> {
    let mut lines = text.split_inclusive('\n');
    let mut length = 0;
    let fence = loop {
        let line = lines.next()?;
        length += line.len();
        let dashes = line.bytes().take_while(|&byte| byte == b'-').count();
        if dashes >= 3 {
            break &line[..dashes];
        }
        if !line.trim().is_empty() {
            return None;
        }
    };
    for line in lines {
        length += line.len();
        if line.trim_end() == fence {
            return Some(length);
        }
    }
    None
}

/// The text with the visibility before every `impl` blanked out; `None` when there is none. Attribute macros
/// for extension traits accept `pub impl`, which the parser does not.
pub(super) fn without_impl_visibility(text: &str) -> Option<String> {
    let mut blanks = Vec::new();
    let mut visibility = None;
    let mut depth = 0_u32;
    let mut lexemes = Lexemes::new(text);
    while let Some(lexeme) = lexemes.next() {
        match lexeme {
            Lexeme::LineComment(..) | Lexeme::BlockComment(..) => {}
            Lexeme::Word("pub") => {
                visibility = Some(lexemes.offset() - "pub".len());
                depth = 0;
            }
            // `(crate)`, `(in a::b)`.
            Lexeme::Open if visibility.is_some() => depth += 1,
            Lexeme::Close(_) if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            Lexeme::Word("unsafe") => {}
            Lexeme::Word("impl") => {
                blanks.extend(visibility.take().map(|start| (start, lexemes.offset() - "impl".len())));
            }
            _ => visibility = None,
        }
    }
    let mut remaining = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in blanks {
        remaining.push_str(&text[copied..start]);
        remaining.extend(text[start..end].chars().map(|character| match character {
            '\n' => '\n',
            _ => ' ',
        }));
        copied = end;
    }
    if copied == 0 {
        return None;
    }
    remaining.push_str(&text[copied..]);
    Some(remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_blanked_out_and_lines_stay() {
        let text = "#!/usr/bin/env cargo\n---\n[dependencies]\n---\nfn main() {}\n";
        assert_eq!(parseable(text), "\n\n\n\nfn main() {}\n");
        assert_eq!(parseable("----cargo\n---\n----\nfn f() {}"), "\n\n\nfn f() {}");
    }

    #[test]
    fn text_without_front_matter_is_left_alone() {
        for text in ["", "fn f() {}", "#![a]\nfn f() {}", "---\nnever closed", "#!x", "- - -"] {
            assert_eq!(parseable(text), text);
        }
        assert_eq!(parseable("\u{feff}fn f() {}"), "fn f() {}");
    }

    #[test]
    fn visibility_before_impl_is_blanked_out() {
        assert_eq!(
            without_impl_visibility("pub impl A {}\npub(in a)\nunsafe impl B { pub fn c() {} }").as_deref(),
            Some("    impl A {}\n         \n       impl B { pub fn c() {} }")
        );
        assert_eq!(without_impl_visibility("impl A { pub fn impl_it() {} } // pub impl"), None);
        assert_eq!(without_impl_visibility("pub fn f(a: impl B) {}"), None);
    }
}
