//! Inputs that cannot be analysed in full: each is a problem with its place in every format, the rest is analysed,
//! the exit code says that something is missing, and `--keep-going` goes by the findings.

use std::path::Path;

use serde_json::json;

use crate::command::{FINDING, MANIFEST, PLACE, POOLS, RULE, folder, run, workspace};

/// What must be said about an input.
struct Expected {
    kind: &'static str,
    file: &'static str,
    /// Line and column, as far as there is one.
    at: Option<(u32, u32)>,
    message: &'static str,
}

impl Expected {
    fn place(&self) -> String {
        match self.at {
            Some((line, column)) => format!("{}:{line}:{column}", self.file),
            None => self.file.to_owned(),
        }
    }
}

/// Runs the command in every format and compares what it says with what it must say.
fn assert_told(folder: &Path, expected: &Expected) {
    let Expected { kind, file, at, message } = expected;
    let place = expected.place();

    let json = run(folder, &["--message-format", "json"]);
    assert_eq!(json.code, Some(2), "{json:?}");
    let report = json.json();
    let problems = report["problems"].as_array().expect("problems are a list");
    let problem = problems
        .iter()
        .find(|problem| problem["kind"] == *kind)
        .unwrap_or_else(|| panic!("no problem is {kind}: {problems:#?}"));
    assert_eq!(problem["file"], *file, "{problem}");
    let (line, column) = at.unzip();
    assert_eq!(problem["line"], json!(line), "{problem}");
    assert_eq!(problem["column"], json!(column), "{problem}");
    assert!(problem["message"].as_str().is_some_and(|text| text.contains(message)), "{problem}");
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(report["findings"][0]["primary"]["file"], "src/pools.rs", "the rest was analysed: {report:#}");

    for (format, head) in [
        ("human", format!("problem[{kind}]: ")),
        ("short", format!("{place}: problem[{kind}] ")),
        ("github", format!("title=initpath%3A problem {kind}::{place}: ")),
    ] {
        let ended = run(folder, &["--message-format", format]);
        assert_eq!(ended.code, Some(2), "{format}: {ended:?}");
        for said in [head.as_str(), place.as_str(), message, PLACE] {
            assert!(ended.out.contains(said), "{format} lacks {said}: {}", ended.out);
        }
        assert_eq!(ended.err, "", "{format}");
    }

    let going_on = run(folder, &["--keep-going", "--message-format", "short"]);
    assert_eq!(going_on.code, Some(1), "{going_on:?}");
    assert!(going_on.out.contains(FINDING), "{}", going_on.out);
    let nothing_denied = run(folder, &["--keep-going", "-A", RULE]);
    assert_eq!(nothing_denied.code, Some(0), "{nothing_denied:?}");
}

/// A module `odd` with this text.
fn assert_odd_module(text: &[u8], kind: &'static str, at: Option<(u32, u32)>, message: &'static str) {
    let folder = workspace("mod odd;\n", &[("src/odd.rs", text)]);
    let file = "src/odd.rs";
    assert_told(folder.path(), &Expected { kind, file, at, message });
    let coverage = &run(folder.path(), &["--message-format", "json"]).json()["summary"]["coverage"];
    assert_eq!(coverage["files"], 2, "`main.rs` and `pools.rs`");
    assert_eq!(coverage["files_skipped"], 1);
}

#[test]
fn a_syntax_error() {
    assert_odd_module(
        b"pub fn finish() {\n    let sessions = ;\n}\n",
        "unparsed-file",
        Some((2, 20)),
        "syntax error",
    );
}

#[test]
fn a_syntax_error_after_a_byte_order_mark() {
    assert_odd_module(
        b"\xEF\xBB\xBFpub fn finish() {\n    let sessions = ;\n}\n",
        "unparsed-file",
        Some((2, 20)),
        "syntax error",
    );
}

#[test]
fn a_file_that_is_not_utf_8() {
    assert_odd_module(b"// caf\xE9\npub fn finish() {}\n", "not-utf8", Some((1, 7)), "UTF-8");
}

#[test]
fn a_file_of_50_mb() {
    let mut text = b"// ".to_vec();
    text.resize(50 * 1024 * 1024, b'x');
    assert_odd_module(&text, "file-too-large", None, "larger than 16 MiB");
}

#[test]
fn a_hundred_thousand_nested_parentheses() {
    let (open, close) = ("(".repeat(100_000), ")".repeat(100_000));
    let text = format!("pub fn deep() -> u8 {{\n    {open}1{close}\n}}\n");
    assert_odd_deep(&text);
}

#[test]
fn a_hundred_thousand_nested_blocks() {
    let (open, close) = ("{".repeat(100_000), "}".repeat(100_000));
    let text = format!("pub fn deep() -> u8 {{\n    {open}1{close}\n}}\n");
    assert_odd_deep(&text);
}

#[test]
fn a_hundred_thousand_opening_parentheses() {
    let open = "(".repeat(100_000);
    let folder = workspace("mod odd;\n", &[("src/odd.rs", open.as_bytes())]);
    let ended = run(folder.path(), &["--message-format", "short"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.out.contains("src/odd.rs:1:"), "{}", ended.out);
    assert!(ended.out.contains(FINDING), "{}", ended.out);
}

/// Where the limit is met is the parser's business; that it is said, with a place on line 2, is not.
fn assert_odd_deep(text: &str) {
    let folder = workspace("mod odd;\n", &[("src/odd.rs", text.as_bytes())]);
    let report = run(folder.path(), &["--message-format", "json"]).json();
    let problem = &report["problems"][0];
    let number = |key: &str| problem[key].as_u64().and_then(|n| u32::try_from(n).ok());
    let at = number("line").zip(number("column"));
    assert_eq!(at.map(|(line, _)| line), Some(2), "{problem}");
    assert_told(
        folder.path(),
        &Expected { kind: "too-deeply-nested", file: "src/odd.rs", at, message: "nest" },
    );
}

#[test]
fn a_module_without_a_file() {
    let folder = workspace("mod absent;\n", &[]);
    assert_told(
        folder.path(),
        &Expected {
            kind: "missing-module-file",
            file: "src/main.rs",
            at: Some((1, 5)),
            message: "neither `src/absent.rs` nor `src/absent/mod.rs` exists",
        },
    );
}

#[test]
fn a_module_with_two_files() {
    let files: [(&str, &[u8]); 2] = [("src/twice.rs", b""), ("src/twice/mod.rs", b"")];
    let folder = workspace("mod twice;\n", &files);
    assert_told(
        folder.path(),
        &Expected {
            kind: "ambiguous-module-file",
            file: "src/main.rs",
            at: Some((1, 5)),
            message: "`src/twice.rs` (taken) and `src/twice/mod.rs`",
        },
    );
}

#[test]
fn a_module_outside_the_workspace() {
    let folder = workspace("#[path = \"../../elsewhere.rs\"]\nmod elsewhere;\n", &[]);
    assert_told(
        folder.path(),
        &Expected {
            kind: "module-outside-workspace",
            file: "src/main.rs",
            at: Some((2, 5)),
            message: "outside the workspace",
        },
    );
}

#[test]
fn modules_that_include_each_other() {
    let files: [(&str, &[u8]); 2] = [
        ("src/one.rs", b"#[path = \"two.rs\"]\nmod two;\n"),
        ("src/two.rs", b"#[path = \"one.rs\"]\nmod one;\n"),
    ];
    let folder = workspace("mod one;\n", &files);
    assert_told(
        folder.path(),
        &Expected {
            kind: "module-cycle",
            file: "src/two.rs",
            at: Some((2, 5)),
            message: "`src/one.rs` includes itself",
        },
    );
}

#[test]
fn a_member_that_does_not_exist() {
    let manifest = format!("[workspace]\nmembers = [\"gone\"]\n\n{MANIFEST}");
    let folder = workspace("", &[("Cargo.toml", manifest.as_bytes())]);
    assert_told(
        folder.path(),
        &Expected {
            kind: "missing-member",
            file: "Cargo.toml",
            at: Some((2, 12)),
            message: "the workspace member `gone` has no Cargo.toml",
        },
    );
}

#[test]
fn a_member_whose_manifest_does_not_parse() {
    let manifest = format!("[workspace]\nmembers = [\"bad\"]\n\n{MANIFEST}");
    let files: [(&str, &[u8]); 3] = [
        ("Cargo.toml", manifest.as_bytes()),
        ("bad/Cargo.toml", b"[package]\nname = \n"),
        ("bad/src/lib.rs", b""),
    ];
    let folder = workspace("", &files);
    assert_told(
        folder.path(),
        &Expected { kind: "bad-manifest", file: "bad/Cargo.toml", at: Some((2, 8)), message: "" },
    );
}

#[test]
fn a_manifest_that_does_not_parse_leaves_nothing_to_analyse() {
    let folder = folder(&[("Cargo.toml", b"[package]\nname = \n"), ("src/pools.rs", POOLS.as_bytes())]);
    for format in ["human", "short", "json", "github"] {
        for more in [&[][..], &["--keep-going"], &["--exit-zero"]] {
            let mut arguments = vec!["--message-format", format];
            arguments.extend(more);
            let ended = run(folder.path(), &arguments);
            assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
            assert!(ended.err.contains("Cargo.toml:2:8"), "{}", ended.err);
        }
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_module_whose_links_lead_in_a_circle() {
        let folder = workspace("mod round;\n", &[]);
        symlink("about.rs", folder.path().join("src/round.rs")).unwrap();
        symlink("round.rs", folder.path().join("src/about.rs")).unwrap();
        assert_told(
            folder.path(),
            &Expected {
                kind: "link-cycle",
                file: "src/main.rs",
                at: Some((1, 5)),
                message: "a link that leads in a circle",
            },
        );
    }

    #[test]
    fn a_folder_that_contains_itself() {
        let inside = workspace("", &[]);
        symlink(".", inside.path().join("src/again")).unwrap();
        symlink("..", inside.path().join("src/up")).unwrap();
        let ended = run(inside.path(), &["--message-format", "short"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);

        // Above all manifests the folders are walked, and there the link is met.
        let above =
            folder(&[("app/Cargo.toml", MANIFEST.as_bytes()), ("app/src/main.rs", b"fn main() {}\n")]);
        symlink("..", above.path().join("app/up")).unwrap();
        let ended = run(above.path(), &["--message-format", "short"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.out.starts_with("app/up: problem[link-cycle] "), "{}", ended.out);
    }

    #[test]
    fn a_file_that_may_not_be_read() {
        use std::fs;
        use std::io::Write;
        use std::os::unix::fs::PermissionsExt;

        let folder = workspace("mod odd;\n", &[("src/odd.rs", b"")]);
        let odd = folder.path().join("src/odd.rs");
        fs::set_permissions(&odd, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&odd).is_ok() {
            writeln!(std::io::stderr(), "skipped: this user may read every file").unwrap();
            return;
        }
        assert_told(
            folder.path(),
            &Expected { kind: "unreadable-file", file: "src/odd.rs", at: None, message: "cannot be read" },
        );
    }
}
