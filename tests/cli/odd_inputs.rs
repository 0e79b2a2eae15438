//! Inputs that are unusual and must be analysed in full all the same, or say that there was nothing.

use crate::command::{FINDING, POOLS, folder, run, workspace};

/// The workspace with its pools in a file that starts with this text.
fn assert_found_after(start: &str, lines: usize) {
    let text = format!("{start}{POOLS}");
    let folder = workspace("", &[("src/pools.rs", text.as_bytes())]);
    let ended = run(folder.path(), &["--message-format", "short"]);
    let moved = FINDING.replace(":7:", &format!(":{}:", 7 + lines));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.starts_with(&moved), "{}", ended.out);
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    assert_found_after("\u{feff}", 0);
}

#[test]
fn a_first_line_for_the_shell_is_skipped() {
    assert_found_after("#!/usr/bin/env cargo\n", 1);
    assert_found_after("\u{feff}#!/usr/bin/env cargo\n", 1);
}

#[test]
fn front_matter_is_skipped() {
    assert_found_after("#!/usr/bin/env cargo\n---\n[dependencies]\n---\n", 4);
    assert_found_after("---cargo\n[dependencies]\n---\n", 3);
}

#[test]
fn windows_line_ends_move_nothing() {
    let text = POOLS.replace('\n', "\r\n");
    let folder = workspace("", &[("src/pools.rs", text.as_bytes())]);
    let ended = run(folder.path(), &["--message-format", "short"]);
    assert!(ended.out.starts_with(FINDING), "{}", ended.out);
}

#[test]
fn an_empty_file_is_a_file() {
    let folder = workspace("mod empty;\n", &[("src/empty.rs", b"")]);
    let ended = run(folder.path(), &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("3 files"), "{}", ended.out);
}

#[test]
fn a_type_that_doubles_each_time_it_is_used_ends() {
    let nested = (0..60).fold("u8".to_owned(), |inner, _| format!("Twice<{inner}>"));
    let start = format!("type Twice<T> = (T, T); fn twice(x: {nested}) {{ drop(x); }}\n");
    assert_found_after(&start, 1);
}

#[test]
fn an_empty_workspace_is_not_called_clean() {
    let folder = folder(&[("Cargo.toml", b"[workspace]\nmembers = []\n")]);
    for format in ["human", "short", "json", "github"] {
        let ended = run(folder.path(), &["--message-format", format]);
        assert_eq!(ended.code, Some(2), "{format}: {ended:?}");
        assert!(ended.out.contains("nothing-to-analyse"), "{}", ended.out);
        assert!(!ended.out.contains("clean:"), "{}", ended.out);
    }
}

#[test]
fn a_folder_without_a_manifest_is_refused() {
    let folder = folder(&[("notes.txt", b"")]);
    let ended = run(folder.path(), &["--message-format", "json"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert!(ended.err.contains("there is no Cargo.toml"), "{}", ended.err);
    assert!(ended.err.contains("--manifest-path"), "{}", ended.err);
}

#[test]
fn a_package_without_a_database_is_clean_and_says_what_was_looked_at() {
    let folder = folder(&[
        ("Cargo.toml", b"[package]\nname = \"app\"\nedition = \"2024\"\n"),
        ("src/main.rs", b"fn main() {}\n"),
    ]);
    let ended = run(folder.path(), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("clean: "), "{}", ended.out);
    assert!(ended.out.contains("1 package, 1 file"), "{}", ended.out);
}

#[test]
fn without_a_manifest_above_those_below_are_read_and_named() {
    let manifest =
        |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    let texts = ["a", "b", "c", "d"]
        .map(|name| (format!("{name}/Cargo.toml"), manifest(name), format!("{name}/src/main.rs")));
    let mut files: Vec<(&str, &[u8])> = Vec::new();
    for (path, text, main) in &texts {
        files.extend([(path.as_str(), text.as_bytes()), (main.as_str(), &b"fn main() {}\n"[..])]);
    }
    let above = folder(&files);
    let ended = run(above.path(), &["--message-format", "short"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
    let said = "reading 4 manifests below it: a/Cargo.toml, b/Cargo.toml, c/Cargo.toml, 1 more\n";
    assert!(ended.err.contains("there is no Cargo.toml in") && ended.err.ends_with(said), "{ended:?}");
    assert_eq!(run(above.path(), &["-q"]).err, "");
    assert_eq!(run(&above.path().join("a"), &[]).err, "");
}
