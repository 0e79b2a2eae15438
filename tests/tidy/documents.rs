//! What is written for people names everything there is, and what is published holds what it should.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use initpath::report::Format;
use initpath::rules;

use crate::{assert_none, pages};

/// Documents whose links must lead somewhere.
const DOCUMENTS: [&str; 10] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/accuracy.md",
    "docs/adopting.md",
    "docs/ci.md",
    "docs/questions.md",
    "fixtures/README.md",
    "rules/README.md",
    "rules/catalog/README.md",
];

fn read(path: &str) -> String {
    fs::read_to_string(pages::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_readme_lists_every_rule_with_its_level_and_summary() {
    let readme = read("README.md");
    let mut broken = Vec::new();
    for rule in rules::table() {
        let (name, level, summary) = (rule.name, rule.level.name(), &rule.summary);
        let row = format!("| [`{name}`](rules/{name}.md) | {level} | {summary} |");
        if !readme.lines().any(|line| line == row) {
            broken.push(format!("README.md: add to the table of rules, in place of what is there: {row}"));
        }
    }
    for line in readme.lines() {
        let named = line.strip_prefix("| [`").and_then(|rest| rest.split_once('`'));
        let Some((name, _)) = named else { continue };
        if rules::table().iter().all(|rule| rule.name != name) {
            broken.push(format!("README.md: there is no rule `{name}`; remove its row"));
        }
    }
    assert_none(&broken);
}

#[test]
fn the_readme_names_every_flag_command_and_format() {
    let readme = read("README.md");
    let mut wanted = BTreeSet::new();
    for command in [&[][..], &["check"], &["inventory"], &["explain"], &["rules"], &["baseline"], &["init"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-initpath"))
            .args(command)
            .arg("--help")
            .output()
            .expect("the binary under test can be started");
        let help = String::from_utf8(output.stdout).expect("help is UTF-8");
        wanted.extend(command.iter().map(|name| format!("`{name}")));
        let is_end = |letter: char| !letter.is_ascii_lowercase() && letter != '-';
        let flags = help.split("--").skip(1).filter_map(|rest| rest.split(is_end).next());
        wanted.extend(flags.filter(|flag| !flag.is_empty()).map(|flag| format!("`--{flag}")));
    }
    assert!(wanted.len() > 20, "help names its flags: {wanted:?}");
    wanted.extend(Format::ALL.map(|format| format!("`{}`", format.name())));
    let missing = wanted.iter().filter(|name| !readme.contains(name.as_str()));
    let broken: Vec<String> =
        missing.map(|name| format!("README.md: describe {}", name.trim_matches('`'))).collect();
    assert_none(&broken);
}

#[test]
fn the_fixtures_are_described() {
    let described: BTreeSet<String> = read("fixtures/README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let there: BTreeSet<String> = pages::fixture_names().into_iter().collect();
    let mut broken: Vec<String> = there
        .difference(&described)
        .map(|name| format!("fixtures/README.md: add a row for `{name}`"))
        .collect();
    broken.extend(
        described
            .difference(&there)
            .map(|name| format!("fixtures/README.md: there is no `{name}`; remove its row")),
    );
    assert_none(&broken);
}

#[test]
fn links_lead_to_files_of_the_repository() {
    let mut broken = Vec::new();
    for document in DOCUMENTS {
        let folder = Path::new(document).parent().unwrap_or(Path::new(""));
        for (number, line) in read(document).lines().enumerate() {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let at = format!("{document}:{}", number + 1);
                let file = link.split('#').next().unwrap_or_default();
                if link.contains("://") {
                    broken.push(format!("{at}: link to a file of the repository instead of {link}"));
                } else if !file.is_empty() && !pages::root().join(folder).join(file).exists() {
                    broken.push(format!("{at}: `{file}` does not exist; correct the link"));
                }
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn the_published_archive_holds_what_is_needed_and_no_more() {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(pages::root())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).expect("paths here are UTF-8");
    let mut broken = Vec::new();
    for needed in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "src/main.rs",
        "rules/catalog/std.toml",
        "rules/schema/report.json",
    ] {
        if !list.lines().any(|path| path == needed) {
            broken.push(format!("Cargo.toml: `exclude` must not keep `{needed}` out of the archive"));
        }
    }
    for path in list.lines() {
        if ["fixtures/", "tests/", ".ci/"].iter().any(|folder| path.starts_with(folder)) {
            broken.push(format!("Cargo.toml: add the folder of `{path}` to `exclude`"));
        }
    }
    assert_none(&broken);
}

#[test]
fn documents_and_rules_speak_of_this_release() {
    let version = env!("CARGO_PKG_VERSION");
    let mut broken = Vec::new();
    for (document, pin) in [
        ("docs/ci.md", format!("rev: v{version}")),
        ("docs/ci.md", format!("initpath/initpath@v{version}")),
        ("action.yml", format!("default: {version}")),
        ("CHANGELOG.md", format!("## [{version}]")),
        ("docs/accuracy.md", format!("initpath {version}")),
    ] {
        if !read(document).contains(&pin) {
            broken.push(format!("{document}: does not say `{pin}`"));
        }
    }
    let number = |version: &str| -> Vec<u32> { version.split('.').flat_map(str::parse).collect() };
    for rule in rules::table() {
        if number(rule.since) > number(version) {
            broken.push(format!("rules/{}.md: since {}, which is not released", rule.name, rule.since));
        }
    }
    assert_none(&broken);
}
