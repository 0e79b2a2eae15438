//! Room 3, *facts*: the comments that talk to initpath. The parser drops comments, so they are read from the
//! text; what they mean is not decided here.

use super::Directive;
use super::lexemes::{Lexeme, Lexemes};
use crate::location::Span;

const NAME: &str = "initpath";

/// Comments of the form `// initpath: …` or `//! initpath: …`, in source order, and those that are meant to be: a block
/// comment, another case, or no colon before `allow(rule)`. Text inside strings, documentation of items and prose that
/// mentions the name do not count. One search when the text has none, else linear.
pub(super) fn directives(text: &str) -> Vec<Directive> {
    if !mentions_name(text) {
        return Vec::new();
    }
    let mut directives = Vec::new();
    let mut line = 1;
    let mut line_start = 0;
    let mut counted = 0;
    for lexeme in Lexemes::new(text) {
        let (comment, offset, said) = match lexeme {
            Lexeme::LineComment(comment, offset) => (comment, offset, said_on_a_line(comment)),
            Lexeme::BlockComment(comment, offset) => (comment, offset, said_in_a_block(comment)),
            _ => continue,
        };
        let Some((said, is_misspelt)) = said else {
            continue;
        };
        for (newline, _) in text[counted..offset].match_indices('\n') {
            line += 1;
            line_start = counted + newline + 1;
        }
        counted = offset;
        let column = characters(&text[line_start..offset]) + 1;
        let comment = comment.trim_end();
        let breaks = comment.matches('\n').count();
        let end_line = line + u32::try_from(breaks).unwrap_or(u32::MAX);
        let end_column = match comment.rsplit_once('\n') {
            Some((_, last)) => characters(last) + 1,
            None => column + characters(comment),
        };
        directives.push(Directive {
            span: Span { line, column, end_line, end_column },
            text: said.to_owned(),
            is_misspelt,
        });
    }
    directives
}

fn mentions_name(text: &str) -> bool {
    text.contains(NAME) || text.contains("Initpath") || text.contains("InitPath") || text.contains("INITPATH")
}

/// What a line comment says to initpath, and whether it says so in another form than it should.
fn said_on_a_line(comment: &str) -> Option<(&str, bool)> {
    let rest = comment.strip_prefix("//")?;
    let inner = rest.strip_prefix('!').unwrap_or(rest).trim();
    match inner.strip_prefix(NAME).and_then(|after| after.strip_prefix(':')) {
        Some(said) => Some((said.trim(), false)),
        None if rest.starts_with('/') => None,
        None => meant(inner).map(|said| (said, true)),
    }
}

/// The same of a block comment, which is never of the right form.
fn said_in_a_block(comment: &str) -> Option<(&str, bool)> {
    let rest = comment.strip_prefix("/*")?;
    let is_documentation = rest.starts_with(['*', '!']);
    let inner = rest.strip_suffix("*/").unwrap_or(rest).trim();
    meant(inner).filter(|_| !is_documentation).map(|said| (said, true))
}

/// `allow(rule) …` or `allow-file(rule) …` directly behind the name, whatever its case and the signs between. Nobody
/// writes that in prose.
fn meant(inner: &str) -> Option<&str> {
    let (name, after) = inner.split_at_checked(NAME.len())?;
    let said = after.trim_start_matches([':', ' ', '\t', '\r', '\n', '-', '=', ',']);
    let behind = said.strip_prefix("allow")?;
    let behind = behind.strip_prefix("-file").or_else(|| behind.strip_prefix("_file")).unwrap_or(behind);
    let (rules, _) = behind.trim_start().strip_prefix('(')?.split_once(')')?;
    let is_rule = |letter: char| letter.is_ascii_lowercase() || "-_, ".contains(letter);
    let is_meant = name.eq_ignore_ascii_case(NAME) && !rules.trim().is_empty() && rules.chars().all(is_rule);
    is_meant.then_some(said)
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
    fn a_comment_of_another_form_is_told_apart() {
        let misspelt = |text: &str| -> Vec<(String, bool)> {
            directives(text).into_iter().map(|found| (found.text, found.is_misspelt)).collect()
        };
        for comment in [
            "/* initpath: allow(competing-pools) x */",
            "/*initpath allow(competing-pools)*/ f();",
            "// initpath allow(competing-pools) x",
            "// InitPath: allow-file( leaked-lock, competing-pools )",
            "//! initpath - allow(competing-pools)",
            "/* initpath:\n   allow(competing-pools) x\n*/",
        ] {
            let found = misspelt(comment);
            assert!(
                found.len() == 1 && found[0].1 && found[0].0.starts_with("allow"),
                "{comment}: {found:?}"
            );
        }
        for prose in [
            "// initpath allows nothing here",
            "// initpath: see initpath allow(x)",
            "// run initpath (allow what is meant)",
            "/// initpath allow(competing-pools) x",
            "/** initpath: allow(competing-pools) x */",
            "/* how to write it: initpath: allow(rule) */",
            "// initpath allow(…) silences",
            "const A: &str = \"/* initpath: allow(competing-pools) */\";",
        ] {
            assert!(misspelt(prose).iter().all(|(_, is_misspelt)| !is_misspelt), "{prose}");
        }
        let place = directives("fn a() {\n  /* initpath:\n allow(x) */ b() }")[0].span;
        assert_eq!((place.line, place.column, place.end_line, place.end_column), (2, 3, 3, 13));
    }

    #[test]
    fn quotes_and_lifetimes_do_not_hide_a_comment() {
        assert_eq!(texts("fn a<'a>(x: &'a str) -> char { '\"' } // initpath: a"), ["a"]);
    }
}
