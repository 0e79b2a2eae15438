//! Room 3, *facts*: the comments that talk to initpath. The parser drops comments, so they are read from the
//! text; what they mean is not decided here.

use super::Directive;
use super::lexemes::{Lexeme, Lexemes};
use crate::location::Span;

const MARK: &str = "initpath:";

/// Comments of the form `// initpath: …` or `//! initpath: …`, in source order. Text inside strings, block
/// comments and documentation of items does not count. One search when the text has none, else linear.
pub(super) fn directives(text: &str) -> Vec<Directive> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    let mut directives = Vec::new();
    let mut line = 1;
    let mut line_start = 0;
    let mut counted = 0;
    for lexeme in Lexemes::new(text) {
        let Lexeme::LineComment(comment, offset) = lexeme else {
            continue;
        };
        let Some(said) = directive(comment) else {
            continue;
        };
        for (newline, _) in text[counted..offset].match_indices('\n') {
            line += 1;
            line_start = counted + newline + 1;
        }
        counted = offset;
        let column = characters(&text[line_start..offset]) + 1;
        directives.push(Directive {
            span: Span { line, column, end_line: line, end_column: column + characters(comment.trim_end()) },
            text: said.to_owned(),
        });
    }
    directives
}

fn directive(comment: &str) -> Option<&str> {
    let rest = comment.strip_prefix("//")?;
    let rest = rest.strip_prefix('!').unwrap_or(rest);
    Some(rest.trim_start().strip_prefix(MARK)?.trim())
}

fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        directives(text).into_iter().map(|found| found.text).collect()
    }

    #[test]
    fn a_comment_is_found_with_its_place() {
        let found = directives("fn a() {\r\n    é(); // initpath: allow(x) reason \r\n}\r\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text, "allow(x) reason");
        assert_eq!(found[0].span, Span { line: 2, column: 10, end_line: 2, end_column: 38 });
    }

    #[test]
    fn inner_comments_count_and_order_is_kept() {
        assert_eq!(
            texts("//! initpath: allow-file(a) b\n\n//initpath:c\nfn x() {}\n// initpath: d"),
            ["allow-file(a) b", "c", "d"]
        );
    }

    #[test]
    fn text_that_only_looks_like_a_comment_does_not_count() {
        let text = r####"
            const A: &str = "// initpath: a";
            const B: &str = r#"" // initpath: b"#;
            /* // initpath: c /* */ // initpath: d */
            const E: char = '"'; // see initpath: e
            /// initpath: f
            const G: &str = "
// initpath: g
";
        "####;
        assert_eq!(texts(text), Vec::<String>::new());
    }

    #[test]
    fn quotes_and_lifetimes_do_not_hide_a_comment() {
        assert_eq!(texts("fn a<'a>(x: &'a str) -> char { '\"' } // initpath: a"), ["a"]);
    }
}
