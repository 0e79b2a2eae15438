//! Room 3, *facts*: the way in. Prepares a text, refuses what the parser cannot survive, parses, walks, and
//! leaves nothing of the parser behind. It reads no file and knows no other one.

use std::time::{Duration, Instant};

use super::attributes::attributes;
use super::comments::directives;
use super::delimiters::unbalanced;
use super::items::{Walk, items};
use super::nesting::too_deep;
use super::source_text::{parseable, without_impl_visibility};
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
    let mut facts = FileFacts { lines: count_lines(text), ..FileFacts::default() };
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
    Extracted { facts, problems, parse_time }
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
            message: format!("the file has {} bytes, more than the {MAX_BYTES} that are parsed", text.len()),
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
    let parsed = syn::parse_file(&text).or_else(|error| match without_impl_visibility(&text) {
        Some(text) => syn::parse_file(&text).map_err(|_| error),
        None => Err(error),
    });
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
        Err(error) => Err(unparsed(&error, &text)),
    };
    // The parser keeps every text it has seen until it is told that its spans are not needed any more.
    proc_macro2::extra::invalidate_current_thread_spans();
    outcome
}

/// What the parser says of a text that is no stream of tokens.
const NO_TOKENS: &str = "cannot parse string into token stream";

fn unparsed(error: &syn::Error, text: &str) -> Limit {
    // The lexer says neither what is wrong nor, of what is not closed, where.
    if error.to_string() == NO_TOKENS
        && let Some(found) = unbalanced(text)
    {
        let (line, column) = line_and_column(text, found.offset + 1);
        let message = format!("syntax error: {}", found.message);
        return Limit { kind: ProblemKind::UnparsedFile, line, column, message };
    }
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
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ItemKind;

    fn problem(text: &str) -> Problem {
        let extracted = extract("a/b.rs", text);
        assert!(extracted.facts.items.is_empty());
        assert_eq!(extracted.problems.len(), 1);
        extracted.problems.into_iter().next().unwrap()
    }

    #[test]
    fn a_syntax_error_is_a_problem_with_its_place() {
        let found = problem("fn a() {}\nfn é( {}\n");
        assert_eq!(found.kind, ProblemKind::UnparsedFile);
        assert_eq!((found.file.as_str(), found.line), ("a/b.rs", 2));
        assert!(found.column > 0 && found.message.starts_with("syntax error: "));
        assert_eq!(extract("a.rs", "fn\nfn\n").facts.lines, 2);
    }

    #[test]
    fn a_brace_that_is_not_closed_is_a_problem_with_its_place() {
        let found = problem("fn a() {}\n  mod b {\n");
        assert_eq!((found.line, found.column), (2, 9));
        assert_eq!(found.message, "syntax error: this `{` is never closed");
        let found = problem("}\n");
        assert_eq!((found.line, found.column), (1, 1));
        let found = problem("fn a() { '' }\n");
        assert!(found.message.contains("token stream"), "{}", found.message);
    }

    #[test]
    fn a_huge_text_is_not_parsed() {
        let found = problem(&" ".repeat(MAX_BYTES + 1));
        assert_eq!(found.kind, ProblemKind::FileTooLarge);
    }

    #[test]
    fn marks_at_the_top_of_a_file_do_not_matter() {
        for text in [
            "\u{feff}fn a() {}",
            "#!/usr/bin/env x\nfn a() {}",
            "\u{feff}#!/usr/bin/env x\r\n---cargo\r\n[x]\r\n---\r\n\r\nfn a() {}\r\n",
            "#![allow(x)]\nfn a() {}",
            "#! [allow(x)]\nfn a() {}",
        ] {
            let extracted = extract("a.rs", text);
            assert_eq!(extracted.problems, [], "{text:?}");
            let item = &extracted.facts.items[0];
            assert_eq!(item.name, "a");
            let line = text.lines().position(|line| line.contains("fn a")).unwrap() + 1;
            assert_eq!(item.span.line as usize, line, "{text:?}");
        }
    }

    #[test]
    fn attributes_of_the_file_are_kept() {
        let facts = extract("a.rs", "#![cfg(test)]\n//! text\n#![recursion_limit = \"9\"]").facts;
        assert!(facts.attributes.cfg.is_some());
        assert_eq!(facts.attributes.others.len(), 1);
    }

    #[test]
    fn lines_are_counted_with_or_without_a_last_break() {
        for (text, lines) in [("", 0), ("a", 1), ("a\n", 1), ("a\r\nb", 2), ("\n\n", 2)] {
            assert_eq!(count_lines(text), lines, "{text:?}");
        }
    }

    #[test]
    fn an_implementation_with_visibility_is_read() {
        let extracted = extract("a.rs", "#[ext(Name)]\npub impl A { fn b() {} }");
        assert_eq!(extracted.problems, []);
        assert!(matches!(extracted.facts.items[0].kind, ItemKind::Impl(_)));
    }

    #[test]
    fn places_do_not_depend_on_files_read_before() {
        let span = || extract("a.rs", "\n fn a() {}").facts.items[0].span;
        let first = span();
        extract("b.rs", "fn much() { longer() }");
        assert_eq!(span(), first);
        assert_eq!((first.line, first.column, first.end_column), (2, 5, 6));
    }

    #[test]
    fn facts_can_be_sent_to_another_thread() {
        fn is_send<T: Send + Sync>() {}
        is_send::<Extracted>();
    }
}
