//! Room 9, *report*: a few lines of source, made safe to print. Long lines are cut around what is marked, tabs
//! become spaces, and characters that steer terminals or reorder text become `�`. Must not know how an excerpt
//! is drawn.

use super::is_unprintable;
use crate::location::Span;

/// Longest piece of a source line that is shown, in characters.
const WIDEST: usize = 120;
/// How many characters before a mark stay visible when the line is cut.
const BEFORE_MARK: usize = 24;
/// How many lines of a marked expression are shown.
const TALLEST: u32 = 5;
/// Columns to which a tab advances.
const TAB: usize = 4;

/// Consecutive source lines with marks in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Number of the first line, starting at 1.
    pub(super) first_line: u32,
    /// The lines, each ending in a newline.
    pub(super) text: String,
    /// Byte ranges of `text`, in the order of the spans given. Each lies within one line, its newline included.
    pub(super) marks: Vec<std::ops::Range<usize>>,
}

/// First and last line worth showing for a span: one line of context on each side and the beginning of what is
/// marked.
pub(super) fn extent(span: Span) -> (u32, u32) {
    let last = span.end_line.clamp(span.line, span.line.saturating_add(TALLEST - 1));
    (span.line.saturating_sub(1).max(1), last.saturating_add(1))
}

/// The lines around `spans`, whose extents should touch. A span over several lines is marked on its first line.
/// `None` when a span does not lie in the text. Linear in the size of the text.
pub(super) fn excerpt(text: &str, spans: &[Span]) -> Option<Excerpt> {
    // Columns of the first line do not count a byte order mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let first = spans.iter().map(|span| extent(*span).0).min()?;
    let last = spans.iter().map(|span| extent(*span).1).max()?;
    let mut shown = String::new();
    let mut marks: Vec<Option<std::ops::Range<usize>>> = vec![None; spans.len()];
    for (line, number) in text.lines().zip(1_u32..).skip(first as usize - 1).take((last - first) as usize + 1)
    {
        let on_line = |span: &&Span| span.line == number;
        let from = spans.iter().filter(on_line).map(|span| span.column).min().unwrap_or(1);
        let line = Printable::new(line, from.saturating_sub(1) as usize);
        let start_of_line = shown.len();
        shown.push_str(&line.text);
        shown.push('\n');
        for (mark, span) in marks.iter_mut().zip(spans) {
            if span.line == number {
                let end_column = if span.end_line > span.line { u32::MAX } else { span.end_column };
                let start = start_of_line + line.offset_of(span.column);
                let end = (start_of_line + line.offset_of(end_column)).max(start);
                *mark = Some(start..end);
            }
        }
    }
    let marks = marks.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Excerpt { first_line: first, text: shown, marks })
}

/// One source line on its own, shortened from the front and the back to be listed.
pub(super) fn line(text: &str, number: u32) -> Option<String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let line = text.lines().nth(number.checked_sub(1)? as usize)?;
    Some(Printable::new(line.trim(), 0).text)
}

/// A source line as shown, and where its columns went.
struct Printable {
    text: String,
    /// Byte offset in `text` of each character of the source line, one more for its end.
    offsets: Vec<usize>,
}

impl Printable {
    /// Cuts the line to [`WIDEST`] characters, such that the character with index `mark` stays.
    fn new(line: &str, mark: usize) -> Self {
        let length = line.chars().count();
        let cut_front = if length <= WIDEST || mark + BEFORE_MARK < WIDEST {
            0
        } else {
            mark.saturating_sub(BEFORE_MARK).min(length - WIDEST)
        };
        let cut_back = cut_front + WIDEST;
        let mut text = String::from(if cut_front > 0 { "…" } else { "" });
        let mut offsets = Vec::with_capacity(length + 1);
        let mut column = 0;
        for (index, character) in line.chars().enumerate() {
            offsets.push(text.len());
            if index < cut_front || index >= cut_back {
                continue;
            }
            match character {
                '\t' => {
                    let spaces = TAB - column % TAB;
                    text.extend(std::iter::repeat_n(' ', spaces));
                    column += spaces;
                }
                other => {
                    text.push(if is_unprintable(other) { char::REPLACEMENT_CHARACTER } else { other });
                    column += 1;
                }
            }
        }
        offsets.push(text.len());
        if cut_back < length {
            text.push('…');
        }
        Self { text, offsets }
    }

    /// Byte offset in the shown text of a column of the source line; columns after its end are its end.
    fn offset_of(&self, column: u32) -> usize {
        let index = (column.saturating_sub(1) as usize).min(self.offsets.len() - 1);
        self.offsets[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(line: u32, column: u32, end_line: u32, end_column: u32) -> Span {
        Span { line, column, end_line, end_column }
    }

    fn marked(text: &str, at: Span) -> String {
        let excerpt = excerpt(text, &[at]).unwrap();
        excerpt.text[excerpt.marks[0].clone()].to_owned()
    }

    #[test]
    fn a_mark_covers_exactly_its_columns_after_tabs_and_wide_text() {
        assert_eq!(marked("a\n\tlet 池 = connect();\nb\n", span(2, 10, 2, 19)), "connect()");
        assert_eq!(marked("\u{FEFF}connect()", span(1, 1, 1, 8)), "connect");
    }

    #[test]
    fn a_mark_over_several_lines_covers_the_rest_of_the_first() {
        assert_eq!(marked("a\nPool::new()\n  .connect()\n", span(2, 1, 3, 13)), "Pool::new()");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("{}connect(){}", "x".repeat(5000), "y".repeat(5000));
        assert_eq!(marked(&text, span(1, 5001, 1, 5010)), "connect()");
        let excerpt = excerpt(&text, &[span(1, 5001, 1, 5010)]).unwrap();
        assert!(excerpt.text.chars().count() <= WIDEST + 3);
        assert!(excerpt.text.starts_with('…') && excerpt.text.trim_end().ends_with('…'));
    }

    #[test]
    fn text_cannot_steer_the_terminal() {
        let excerpt = excerpt("\u{1b}[31mred\u{202E}\n", &[span(1, 1, 1, 2)]).unwrap();
        assert_eq!(excerpt.text, "�[31mred�\n");
    }

    #[test]
    fn a_place_outside_the_text_has_no_excerpt() {
        assert_eq!(excerpt("one line", &[span(7, 1, 7, 2)]), None);
        assert_eq!(excerpt("", &[span(1, 1, 1, 1)]), None);
        assert_eq!(excerpt("x", &[span(0, 0, 0, 0)]), None);
    }
}
