//! Room 3, *facts*: which delimiter is to blame where a text is no stream of tokens. It guesses by indentation, as the
//! compiler does, and must not judge texts that parse.

use super::lexemes::{Lexeme, Lexemes};

/// What is wrong with the delimiters of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unbalanced {
    /// Byte offset of the delimiter, text or comment to look at.
    pub(super) offset: usize,
    /// A part of a sentence about it.
    pub(super) message: String,
}

/// A delimiter that was opened.
#[derive(Clone, Copy)]
struct Opened {
    delimiter: u8,
    offset: usize,
    /// Where its line starts.
    line: usize,
}

/// The first delimiter that is closed by another kind or closes nothing; else one that is never closed: the first whose
/// closing one is indented otherwise, which probably belongs further out, or the innermost. `None` where all are closed.
/// Linear.
pub(super) fn unbalanced(text: &str) -> Option<Unbalanced> {
    let mut lexemes = Lexemes::new(text);
    let mut open: Vec<Opened> = Vec::new();
    let mut suspect: Option<(Opened, usize)> = None;
    let mut before = 0;
    let (mut line, mut searched) = (0, 0);
    while let Some(lexeme) = lexemes.next() {
        let offset = lexemes.offset().saturating_sub(1);
        if matches!(lexeme, Lexeme::Open | Lexeme::Close(_)) {
            line = text[searched..offset].rfind('\n').map_or(line, |newline| searched + newline + 1);
            searched = offset;
        }
        match lexeme {
            Lexeme::Open => open.push(Opened { delimiter: text.as_bytes()[offset], offset, line }),
            Lexeme::Close(delimiter) => match open.pop() {
                None => {
                    let message = format!("this `{}` closes nothing", char::from(delimiter));
                    return Some(Unbalanced { offset, message });
                }
                Some(opened) if closing(opened.delimiter) != delimiter => {
                    let message = format!(
                        "this `{}` stands where the `{}` of line {} has to be closed",
                        char::from(delimiter),
                        char::from(opened.delimiter),
                        line_of(text, opened.offset)
                    );
                    return Some(Unbalanced { offset, message });
                }
                Some(opened)
                    if suspect.is_none() && is_indented_otherwise(text, opened.line, line, offset) =>
                {
                    suspect = Some((opened, offset));
                }
                Some(_) => {}
            },
            // Nothing behind the last one is a token, so a text or comment that reaches the end is not closed.
            Lexeme::Quoted if offset + 1 == text.len() => {
                let start = before + text[before..].len() - text[before..].trim_start().len();
                let message = "the text that starts here is never closed".to_owned();
                return (!open.is_empty()).then_some(Unbalanced { offset: start, message });
            }
            Lexeme::BlockComment(comment, start) if !comment.ends_with("*/") => {
                let message = "the comment that starts here is never closed".to_owned();
                return Some(Unbalanced { offset: start, message });
            }
            _ => {}
        }
        before = lexemes.offset();
    }
    let innermost = open.last()?;
    let name = |opened: &Opened| char::from(opened.delimiter);
    Some(match suspect.filter(|(opened, _)| opened.offset > open[0].offset) {
        Some((opened, closed)) => {
            let (name, line) = (name(&opened), line_of(text, closed));
            let other = char::from(closing(opened.delimiter));
            let message = format!(
                "this `{name}` is probably not closed: the next `{other}` for it, in line {line}, is indented otherwise"
            );
            Unbalanced { offset: opened.offset, message }
        }
        None => Unbalanced {
            offset: innermost.offset,
            message: format!("this `{}` is never closed", name(innermost)),
        },
    })
}

fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// Whether a closing delimiter is the first of its line, and that line starts in another column than the one that opens; both lines
/// by where they start.
fn is_indented_otherwise(text: &str, opening: usize, closing: usize, close: usize) -> bool {
    let is_first = text[closing..close].trim_start().is_empty();
    let indent = |start: usize| text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
    opening != closing && is_first && indent(opening) != indent(closing)
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line and message.
    fn blamed(text: &str) -> Option<(usize, String)> {
        unbalanced(text).map(|found| (line_of(text, found.offset), found.message))
    }

    #[test]
    fn a_delimiter_that_is_never_closed_is_found() {
        let text = "fn a() {}\n\nfn b() {\n    c(\"}\", '}', r#\"}\"#); // }\n    /* } /* } */ */\n";
        assert_eq!(blamed(text), Some((3, "this `{` is never closed".to_owned())));
        let text = "fn a<'a>() {\n    if b {\n        c();\n}\n\nfn d() {\n    e();\n}\n";
        let (line, message) = blamed(text).unwrap();
        assert_eq!(line, 2);
        assert!(message.contains("in line 4, is indented otherwise"), "{message}");
    }

    #[test]
    fn one_that_closes_nothing_or_another_kind_is_found() {
        assert_eq!(blamed("fn a() {\n}\n}\n"), Some((3, "this `}` closes nothing".to_owned())));
        let mismatched = "this `}` stands where the `(` of line 2 has to be closed".to_owned();
        assert_eq!(blamed("fn a() {\n    b(1, 2;\n}\n"), Some((3, mismatched)));
    }

    #[test]
    fn a_text_or_comment_that_is_never_closed_is_found() {
        let comment = "the comment that starts here is never closed".to_owned();
        assert_eq!(blamed("fn a() {}\n/* b\nfn c() {}\n"), Some((2, comment)));
        let text = "the text that starts here is never closed".to_owned();
        assert_eq!(blamed("fn a() {\n    b(\"c);\n}\n"), Some((2, text)));
    }

    #[test]
    fn where_all_are_closed_nothing_is_blamed() {
        assert_eq!(blamed("fn a() { let b = ['c', '\\'']; \"{\" }\n"), None);
        assert_eq!(blamed(""), None);
    }
}
