//! Places in source text: what every later stage uses to point at code.

/// Index of a source file in [`crate::workspace::Workspace::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of text in one file. Lines and columns start at 1, columns count characters, the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Span {
    /// Whether the other range lies inside this one; a range lies inside itself.
    pub fn encloses(&self, other: Self) -> bool {
        (self.line, self.column) <= (other.line, other.column)
            && (other.end_line, other.end_column) <= (self.end_line, self.end_column)
    }

    /// Whether this range ends behind the end of the other one.
    pub fn ends_after(&self, other: Self) -> bool {
        (self.end_line, self.end_column) > (other.end_line, other.end_column)
    }

    /// Whether this range begins behind the beginning of the other one.
    pub fn starts_after(&self, other: Self) -> bool {
        (self.line, self.column) > (other.line, other.column)
    }
}

/// A range of text in a known file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Which file.
    pub file: FileId,
    /// Which part of it.
    pub span: Span,
}

impl Location {
    /// Whether one of two places lies in the other.
    pub fn meets(&self, other: Self) -> bool {
        self.file == other.file && (self.span.encloses(other.span) || other.span.encloses(self.span))
    }
}

/// Line and column of a byte offset in a text, both from 1, the column in characters.
pub fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (count(before.matches('\n').count() + 1), count(before[line_start..].chars().count() + 1))
}
