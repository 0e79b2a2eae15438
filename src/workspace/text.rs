//! Room 2, *workspace*: lines, columns and byte offsets of a text. It must not know what the text means, and it
//! never panics on a place that does not exist: such places are moved to the nearest one that does.

use std::ops::Range;

use super::SourceFile;
use crate::location::Span;

/// The mark some editors put first in a file. It is part of the text and of no line.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A text with the offsets of its lines, for callers that look up more than one place.
#[derive(Debug, Clone)]
pub struct Lines<'text> {
    text: &'text str,
    starts: Vec<usize>,
}

impl<'text> Lines<'text> {
    /// Finds the lines of `text`. One pass over it; every later look-up costs the length of one line at most.
    pub fn new(text: &'text str) -> Self {
        let first = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(first).chain(after_breaks).collect() }
    }

    /// The 1-based line `number` without its line break and without the byte order mark; `None` when there is no
    /// such line. After a final line break there is one more, empty line.
    pub fn line(&self, number: u32) -> Option<&'text str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        Some(without_break(&self.text[start..end]))
    }

    /// How many lines there are, the empty one after a final line break included.
    pub fn count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    /// The byte offset of a 1-based line and column (in characters) in the whole text. A column after the end of
    /// its line gives the end of that line, a line after the last one the end of the text.
    pub fn offset(&self, line: u32, column: u32) -> usize {
        let Some(content) = self.line(line.max(1)) else {
            return self.text.len();
        };
        let skipped = usize::try_from(column.max(1) - 1).unwrap_or(usize::MAX);
        let within = content.char_indices().nth(skipped).map_or(content.len(), |(at, _)| at);
        self.starts[line.max(1) as usize - 1] + within
    }

    /// The bytes a span covers in the whole text; never backwards.
    pub fn byte_range(&self, span: Span) -> Range<usize> {
        let start = self.offset(span.line, span.column);
        start..self.offset(span.end_line, span.end_column).max(start)
    }

    /// The 1-based line and column (in characters) of a byte offset. An offset inside a character counts as that
    /// character, one after the end as the end.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let index = self.starts.partition_point(|start| *start <= offset).max(1) - 1;
        let start = self.starts[index];
        let before = self.text[start..]
            .char_indices()
            .take_while(|(at, c)| start + at + c.len_utf8() <= offset)
            .count();
        (u32::try_from(index + 1).unwrap_or(u32::MAX), u32::try_from(before + 1).unwrap_or(u32::MAX))
    }
}

impl SourceFile {
    /// The lines of the text, for a caller that looks up several places.
    pub fn lines(&self) -> Lines<'_> {
        Lines::new(&self.text)
    }

    /// The 1-based line `number` without its line break; `None` when there is no such line. Reads the text up to
    /// that line and keeps nothing: use [`SourceFile::lines`] for many look-ups.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let text = self.text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.text);
        text.split_inclusive('\n')
            .chain((text.is_empty() || text.ends_with('\n')).then_some(""))
            .nth(index)
            .map(without_break)
    }
}

fn without_break(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile { path: "src/lib.rs".into(), text: text.into() }
    }

    #[test]
    fn lines_come_without_their_breaks_on_every_system() {
        let file = file("one\r\ntwo\n\nfour");
        let lines = file.lines();
        for (number, expected) in
            [(1, Some("one")), (2, Some("two")), (3, Some("")), (4, Some("four")), (5, None), (0, None)]
        {
            assert_eq!(lines.line(number), expected, "line {number}");
            assert_eq!(file.line(number), expected, "line {number}");
        }
        assert_eq!(lines.count(), 4);
    }

    #[test]
    fn both_ways_to_get_a_line_agree_on_the_end_of_the_text() {
        for text in ["", "\n", "a", "a\n", "\u{feff}", "\u{feff}a\n\n"] {
            let file = file(text);
            for number in 0..5 {
                assert_eq!(file.lines().line(number), file.line(number), "{text:?}, line {number}");
            }
        }
    }

    #[test]
    fn columns_count_characters_and_offsets_count_bytes() {
        let file = file("let größe = 1;\nlet b = 2;");
        let lines = file.lines();
        let span = Span { line: 1, column: 5, end_line: 1, end_column: 10 };
        assert_eq!(&file.text[lines.byte_range(span)], "größe");
        assert_eq!(lines.position(lines.offset(1, 11)), (1, 11));
        assert_eq!(lines.position(lines.offset(2, 5)), (2, 5));
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let file = file("\u{feff}mod a;");
        let lines = file.lines();
        assert_eq!(lines.line(1), Some("mod a;"));
        assert_eq!(
            &file.text[lines.byte_range(Span { line: 1, column: 1, end_line: 1, end_column: 4 })],
            "mod"
        );
        assert_eq!(lines.position(3), (1, 1));
        assert_eq!(lines.position(0), (1, 1));
    }

    #[test]
    fn places_that_do_not_exist_are_moved_to_ones_that_do() {
        let file = file("ab\ncd");
        let lines = file.lines();
        assert_eq!(lines.offset(1, 99), 2);
        assert_eq!(lines.offset(99, 1), 5);
        assert_eq!(lines.offset(0, 0), 0);
        assert_eq!(lines.position(99), (2, 3));
        let backwards = Span { line: 2, column: 1, end_line: 1, end_column: 1 };
        assert_eq!(lines.byte_range(backwards), 3..3);
    }
}
