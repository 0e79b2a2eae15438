//! Which room may name what, and how a source file looks.

use crate::assert_none;
use crate::source::Source;

/// The most lines a source file may have. Longer ones hold more than one idea.
const MOST_LINES: usize = 700;

/// Paths that belong to one room.
const OWNED: [(&str, &str, &str); 11] = [
    ("std::fs", "src/workspace/", "ask `crate::workspace` to read or write the file"),
    ("std::process", "src/workspace/", "ask `crate::workspace` to run the program"),
    ("walkdir", "src/workspace/", "ask `crate::workspace` to list the folder"),
    ("cargo_metadata", "src/workspace/", "use the packages of `crate::workspace::Workspace`"),
    ("syn", "src/facts/", "add what is needed to the facts of a file"),
    ("quote", "src/facts/", "add what is needed to the facts of a file"),
    ("proc_macro2", "src/facts/", "add what is needed to the facts of a file"),
    ("petgraph", "src/program/", "let `crate::program` answer the question"),
    ("miette", "src/report/human.rs", "let `report/human.rs` draw it"),
    ("similar", "src/report/patch.rs", "let `report/patch.rs` write the diff"),
    ("clap", "src/cli/", "take a value; `cli/` reads it from the command line"),
];

/// What is allowed all the same: the program's end is an exit code.
const EXCEPTIONS: [(&str, &str); 1] = [("src/main.rs", "std::process::ExitCode")];

/// The rooms that a rule may see.
const SEEN_BY_RULES: [&str; 5] = ["program", "finding", "catalog", "location", "problem"];

/// The words of the catalog; the catalog itself was consulted when the program was linked.
const CATALOG_VOCABULARY: [&str; 8] =
    ["CallRole", "CloneKind", "Io", "ResourceOf", "TypeFacts", "TypeKind", "ValueSource", "Wrap"];

#[test]
fn only_its_room_names_a_library_or_the_system() {
    let mut broken = Vec::new();
    for source in Source::all() {
        for path in source.paths() {
            let excepted =
                EXCEPTIONS.iter().any(|(file, allowed)| source.path == *file && path.starts_with(allowed));
            for (owned, room, instead) in OWNED {
                if path.starts_with(owned) && !source.path.starts_with(room) && !excepted && !path.test {
                    broken.push(format!(
                        "{}:{}: only {room} may name `{owned}`; {instead}",
                        source.path, path.line
                    ));
                }
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn a_rule_sees_the_program_and_the_finding() {
    let mut broken = Vec::new();
    for source in Source::all() {
        if !source.path.starts_with("src/rules/") {
            continue;
        }
        for path in source.paths() {
            let second = path.segments.get(1).map_or("", String::as_str);
            let third = path.segments.get(2).map_or("", String::as_str);
            let at = format!("{}:{}", source.path, path.line);
            let room = path.starts_with("crate");
            if room && !path.test && second != "rules" && !SEEN_BY_RULES.contains(&second) {
                broken.push(format!(
                    "{at}: a rule may not see `crate::{second}`; let `crate::program` answer what the rule asks"
                ));
            }
            if path.starts_with("crate::catalog") && !path.test && !CATALOG_VOCABULARY.contains(&third) {
                broken.push(format!(
                    "{at}: of the catalog a rule may see its words ({}), not `{third}`",
                    CATALOG_VOCABULARY.join(", ")
                ));
            }
            if path.starts_with("super::super") && !path.test {
                broken.push(format!("{at}: name the room (`crate::…`) instead of `super::super`"));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn only_wire_types_are_written_out() {
    let mut broken = Vec::new();
    for source in Source::all() {
        if source.path.starts_with("src/report/") {
            continue;
        }
        for line in source.lines_with(&["Serialize"]) {
            broken.push(format!(
                "{}:{line}: only `src/report/` may name `Serialize`; copy what is printed into a wire type there",
                source.path
            ));
        }
    }
    assert_none(&broken);
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = Source::all().into_iter().filter(|source| !source.text.starts_with("//! "));
    let broken: Vec<String> = silent
        .map(|source| {
            format!(
                "{}:1: start with `//!` and a sentence: which room, what for, what it must not do",
                source.path
            )
        })
        .collect();
    assert_none(&broken);
}

#[test]
fn no_source_file_is_long() {
    let mut broken = Vec::new();
    for source in Source::all() {
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            broken.push(format!(
                "{}: {lines} lines are more than {MOST_LINES}; move one of its ideas into a file of its own",
                source.path
            ));
        }
    }
    assert_none(&broken);
}

#[test]
fn nothing_outside_tests_is_unwrapped() {
    let mut broken = Vec::new();
    for source in Source::all() {
        for line in source.lines_with(&[".", "unwrap", "("]) {
            broken.push(format!(
                "{}:{line}: replace `unwrap` by handling the case, or by `expect` with the reason why it cannot fail",
                source.path
            ));
        }
    }
    assert_none(&broken);
}
