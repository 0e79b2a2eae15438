//! Room 3, *facts*: the way in. Prepares a text, refuses what the parser cannot survive, parses, walks, and
//! leaves nothing of the parser behind. It reads no file and knows no other one.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::attributes::attributes;
use super::comments::directives;
use super::items::{Walk, items};
use super::nesting::too_deep;
use super::{FileFacts, spans};
use crate::problem::{Problem, ProblemKind};

/// Texts with more bytes are not parsed.
pub const MAX_BYTES: usize = 16 << 20;

/// What [`extract`] gives back.
#[derive(Debug)]
pub struct Extracted {
    /// What the file says; the default with `lines` set when a problem lost the file.
    pub facts: FileFacts,
    /// Why the file is lost: at most one problem.
    pub problems: Vec<Problem>,
    /// Time spent in the parser alone.
    pub parse_time: Duration,
}

/// Reads one source text. `path` only names the file in problems.
///
/// Depends on `text` alone and never panics. A byte order mark, a `#!` line, front matter and `\r\n` are fine.
/// A syntax error, a text over [`MAX_BYTES`] and nesting that would overflow the stack end as a problem of
/// kind [`ProblemKind::UnparsedFile`], [`ProblemKind::FileTooLarge`] or [`ProblemKind::TooDeeplyNested`], and
/// with them the facts of the file. Linear in the text.
///
/// The calling thread must have a stack of at least [`super::STACK_BYTES`]. Spans that the thread got from
/// proc-macro2 before become invalid.
pub fn extract(path: &str, text: &str) -> Extracted {
    let mut facts = FileFacts {
        lines: count_lines(text),
        ..FileFacts::default()
    };
    let mut parse_time = Duration::ZERO;
    let problems = match read(text, &mut facts, &mut parse_time) {
        Ok(()) => Vec::new(),
        Err(limit) => vec![Problem {
            file: path.to_owned(),
            line: limit.line,
            column: limit.column,
            kind: limit.kind,
            message: limit.message,
        }],
    };
    Extracted {
        facts,
        problems,
        parse_time,
    }
}

/// A problem before it is told which file it is in.
struct Limit {
    kind: ProblemKind,
    line: u32,
    column: u32,
    message: String,
}

fn read(text: &str, facts: &mut FileFacts, parse_time: &mut Duration) -> Result<(), Limit> {
    if text.len() > MAX_BYTES {
        return Err(Limit {
            kind: ProblemKind::FileTooLarge,
            line: 0,
            column: 0,
            message: format!(
                "the file has {} bytes, more than the {MAX_BYTES} that are parsed",
                text.len()
            ),
        });
    }
    let text = parseable(text);
    if let Some(offset) = too_deep(&text) {
        let (line, column) = line_and_column(&text, offset);
        return Err(Limit {
            kind: ProblemKind::TooDeeplyNested,
            line,
            column,
            message: "the code nests deeper here than the parser can follow".to_owned(),
        });
    }
    let started = Instant::now();
    let parsed = syn::parse_file(&text);
    *parse_time = started.elapsed();
    let outcome = match parsed {
        Ok(file) => {
            let mut walk = Walk::default();
            facts.attributes = attributes(&file.attrs);
            facts.items = items(&mut walk, &file.items);
            facts.opaque_macros = walk.opaque_macros;
            facts.comments = directives(&text);
            Ok(())
        }
        Err(error) => Err(unparsed(&error)),
    };
    // The parser keeps every text it has seen until it is told that its spans are not needed any more.
    proc_macro2::extra::invalidate_current_thread_spans();
    outcome
}

fn unparsed(error: &syn::Error) -> Limit {
    let place = spans::of(error.span());
    Limit {
        kind: ProblemKind::UnparsedFile,
        line: place.line,
        column: place.column,
        message: format!("syntax error: {error}"),
    }
}

fn count_lines(text: &str) -> u32 {
    let breaks = text.bytes().filter(|&byte| byte == b'\n').count();
    let rest = !text.is_empty() && !text.ends_with('\n');
    u32::try_from(breaks + usize::from(rest)).unwrap_or(u32::MAX)
}

fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = before[line_start..].chars().count().max(1);
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

/// The text without byte order mark, and with the `#!` line and front matter blanked out. Line numbers stay.
fn parseable(text: &str) -> Cow<'_, str> {
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
