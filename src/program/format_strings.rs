//! Room 5, *program*: format strings, as the pieces of text around what is filled in.

/// A format string taken apart (Rust reference, `std::fmt`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FormatString {
    /// The text before, between and after the placeholders, one more than these; doubled braces are single ones.
    pub(super) pieces: Vec<String>,
    /// What the placeholders name, in order.
    pub(super) placeholders: Vec<Placeholder>,
}

/// What a placeholder is filled with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// The next argument (`{}`).
    Next,
    /// An argument by its number (`{0}`).
    Number(usize),
    /// A named argument, or a variable in scope (`{name}`).
    Name(String),
}

impl FormatString {
    /// Reads a format string; `None` where its braces do not match. Linear in the text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = vec![String::new()];
        let mut placeholders = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let piece = pieces.last_mut()?;
            piece.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(escaped) = after.strip_prefix(brace) {
                piece.push_str(brace);
                rest = escaped;
                continue;
            }
            let (inside, following) = if brace == "{" { after.split_once('}')? } else { return None };
            let argument = inside.split(':').next().unwrap_or_default().trim();
            placeholders.push(match argument {
                "" => Placeholder::Next,
                number if number.starts_with(|first: char| first.is_ascii_digit()) => {
                    Placeholder::Number(number.parse().ok()?)
                }
                name => Placeholder::Name(name.to_owned()),
            });
            pieces.push(String::new());
            rest = following;
        }
        pieces.last_mut()?.push_str(rest);
        Some(Self { pieces, placeholders })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_by_position_number_and_name() {
        let read = FormatString::parse("postgres://{host}:{1}/{}?{:?}").unwrap();
        assert_eq!(read.pieces, ["postgres://", ":", "/", "?", ""]);
        assert_eq!(
            read.placeholders,
            [
                Placeholder::Name("host".to_owned()),
                Placeholder::Number(1),
                Placeholder::Next,
                Placeholder::Next
            ]
        );
    }

    #[test]
    fn doubled_braces_are_text_and_single_ones_have_to_match() {
        let read = FormatString::parse("{{{}}}").unwrap();
        assert_eq!(
            (read.pieces, read.placeholders),
            (vec!["{".to_owned(), "}".to_owned()], vec![Placeholder::Next])
        );
        assert_eq!(FormatString::parse("{"), None);
        assert_eq!(FormatString::parse("}"), None);
    }
}
