//! The source files as tokens, so that comments and texts do not count as code. Knows no rule of the house.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A file below `src/`.
pub(crate) struct Source {
    /// Path from the repository's root, forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    tokens: Vec<Token>,
    /// The whole file is compiled for tests only.
    test: bool,
}

/// A word, a sign or a bracket.
struct Token {
    text: String,
    line: usize,
    /// It is compiled for tests only.
    test: bool,
}

/// A path as code spells it: `std::fs::read`, or one of those that a `use` names.
pub(crate) struct CodePath {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// It is compiled for tests only.
    pub(crate) test: bool,
}

impl CodePath {
    pub(crate) fn starts_with(&self, path: &str) -> bool {
        let mut segments = self.segments.iter();
        path.split("::").all(|wanted| segments.next().is_some_and(|segment| segment == wanted))
    }
}

impl Source {
    /// Every file below `src/`, in the order of their paths.
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        rust_files(&root.join("src"), &mut paths);
        let mut sources: Vec<Self> = paths
            .into_iter()
            .map(|path| {
                let relative = path.strip_prefix(root).expect("it lies below the root");
                let relative = relative.to_str().expect("paths here are UTF-8");
                Self::new(relative.replace('\\', "/"), read(&path))
            })
            .collect();
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        let tests: BTreeSet<String> = sources.iter().flat_map(Self::test_modules).collect();
        for source in &mut sources {
            let inside = |module: &String| {
                let folder = module.trim_end_matches(".rs").trim_end_matches("/mod");
                source.path == *module || source.path.starts_with(&format!("{folder}/"))
            };
            source.test = tests.iter().any(inside);
        }
        sources
    }

    fn new(path: String, text: String) -> Self {
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tokens = Vec::new();
        flatten(stream, false, &mut tokens);
        Self { path, text, tokens, test: false }
    }

    /// Files that `#[cfg(test)] mod name;` leads to.
    fn test_modules(&self) -> Vec<String> {
        let folder = self.path.trim_end_matches(".rs");
        let folder = match folder.rsplit_once('/') {
            Some((folder, "mod" | "lib" | "main")) => folder,
            _ => folder,
        };
        let declarations = self
            .tokens
            .windows(3)
            .filter(|window| window[0].test && window[0].text == "mod" && window[2].text == ";");
        declarations
            .flat_map(|window| {
                let name = &window[1].text;
                [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]
            })
            .collect()
    }

    /// Every path of two or more names, and every path in a `use`.
    pub(crate) fn paths(&self) -> Vec<CodePath> {
        let mut paths = Vec::new();
        let mut position = 0;
        while position < self.tokens.len() {
            if self.text_at(position) == "use" {
                position = self.use_tree(position + 1, &[], &mut paths);
            } else if self.starts_path(position) {
                let start = position;
                let mut segments = vec![self.text_at(position).to_owned()];
                while self.text_at(position + 1) == "::" && is_name(self.text_at(position + 2)) {
                    position += 2;
                    segments.push(self.text_at(position).to_owned());
                }
                if segments.len() > 1 {
                    paths.push(self.code_path(segments, start));
                }
            }
            position += 1;
        }
        paths
    }

    /// Lines on which these tokens follow each other, outside tests.
    pub(crate) fn lines_with(&self, wanted: &[&str]) -> Vec<usize> {
        let found = self.tokens.windows(wanted.len()).filter(|window| {
            !self.test
                && !window[0].test
                && window.iter().zip(wanted).all(|(token, text)| token.text == *text)
        });
        found.map(|window| window[0].line).collect()
    }

    fn text_at(&self, position: usize) -> &str {
        self.tokens.get(position).map_or("", |token| &token.text)
    }

    /// Whether a token is the first name of a path: no field, no method, and not in the middle.
    fn starts_path(&self, position: usize) -> bool {
        if !is_name(self.text_at(position)) {
            return false;
        }
        let before = |back: usize| position.checked_sub(back).map_or("", |at| self.text_at(at));
        match before(1) {
            "." => false,
            "::" => !is_name(before(2)) && before(2) != ">",
            _ => true,
        }
    }

    /// Reads the tree of a `use` from `position`; gives the position of the token after it.
    fn use_tree(&self, mut position: usize, prefix: &[String], out: &mut Vec<CodePath>) -> usize {
        let mut segments = prefix.to_vec();
        loop {
            match self.text_at(position) {
                "::" => {}
                "{" => {
                    position += 1;
                    while !matches!(self.text_at(position), "}" | "") {
                        position = self.use_tree(position, &segments, out);
                        if self.text_at(position) == "," {
                            position += 1;
                        }
                    }
                    return position + 1;
                }
                "as" => position += 1,
                "," | "}" | ";" | "" => {
                    out.push(self.code_path(segments, position.saturating_sub(1)));
                    return position;
                }
                "self" if !segments.is_empty() => {}
                name => segments.push(name.to_owned()),
            }
            position += 1;
        }
    }

    fn code_path(&self, segments: Vec<String>, position: usize) -> CodePath {
        let token = &self.tokens[position];
        CodePath { segments, line: token.line, test: self.test || token.test }
    }
}

/// Appends the tokens of a stream, brackets included. What follows `#[cfg(test)]`, up to the end of that item, is
/// marked as a test's.
fn flatten(stream: TokenStream, test: bool, out: &mut Vec<Token>) {
    let mut attribute = false;
    let mut item_is_test = false;
    let mut colon: Option<usize> = None;
    for tree in stream {
        let line = tree.span().start().line;
        let in_test = test || item_is_test;
        let mut push = |text: &str, line| {
            out.push(Token { text: text.to_owned(), line, test: in_test });
        };
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open, line);
                let last = group.span_close().start().line;
                let is_cfg_test =
                    attribute && group.stream().to_string().replace(' ', "").starts_with("cfg(test)");
                flatten(group.stream(), in_test, out);
                out.push(Token { text: close.to_owned(), line: last, test: in_test });
                item_is_test = (item_is_test || is_cfg_test) && close != "}";
                attribute = false;
            }
            TokenTree::Punct(punct) => {
                attribute = punct.as_char() == '#';
                match (punct.as_char(), colon.take()) {
                    (':', Some(first)) => out[first].text = "::".to_owned(),
                    (sign, _) => {
                        push(&sign.to_string(), line);
                        if sign == ':' && punct.spacing() == Spacing::Joint {
                            colon = Some(out.len() - 1);
                        }
                    }
                }
                if punct.as_char() == ';' {
                    item_is_test = false;
                }
                continue;
            }
            TokenTree::Ident(ident) => push(&ident.to_string(), line),
            TokenTree::Literal(_) => push("\"\"", line),
        }
        colon = None;
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn rust_files(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn paths_are_seen_in_code_and_not_in_comments_and_texts() {
    let text = "
        //! std::fs in a comment
        use std::{io, fs::{self, read as load}};
        use ::walkdir::WalkDir;
        fn f() -> Vec<std::process::Command> { \"std::env\"; self.syn.quote(); a::b::<c::d>::e() }
        #[cfg(test)] mod tests { use clap::Parser; }
        #[derive(miette::Diagnostic)] struct S;
    ";
    let source = Source::new("src/x.rs".into(), text.into());
    let seen: Vec<(String, bool)> =
        source.paths().into_iter().map(|path| (path.segments.join("::"), path.test)).collect();
    let expected = [
        ("std::io", false),
        ("std::fs", false),
        ("std::fs::read", false),
        ("walkdir::WalkDir", false),
        ("std::process::Command", false),
        ("a::b", false),
        ("c::d", false),
        ("clap::Parser", true),
        ("miette::Diagnostic", false),
    ];
    let seen: Vec<(&str, bool)> = seen.iter().map(|(path, test)| (path.as_str(), *test)).collect();
    assert_eq!(seen, expected);
}
