//! Every rule has a page, a file and a row, and every page is complete. So has every library of the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use initpath::catalog::Catalog;
use initpath::rules;

use crate::{assert_none, pages};

/// The categories of findings.
const CATEGORIES: [&str; 8] = [
    "check-then-init",
    "competing-init",
    "deployment",
    "health",
    "migrations",
    "order",
    "readiness",
    "resilience",
];

/// The keys of a page's front matter; all but the last must be there.
const KEYS: [&str; 7] = ["name", "summary", "category", "level", "status", "since", "aliases"];

/// The sections of a page, in order.
const SECTIONS: [&str; 6] = ["Problem", "Why it matters", "Bad", "Good", "How to fix", "Known limits"];

/// How many bad and how many good examples a page has at least.
const FEWEST_EXAMPLES: usize = 2;

/// Files of the room that are no rule.
const NO_RULES: [&str; 2] = ["mod", "page"];

#[test]
fn every_rule_has_a_page_a_file_and_a_row() {
    let pages: BTreeSet<String> = pages::pages().into_iter().map(|(name, _)| name).collect();
    let rows: BTreeSet<String> = rules::table().iter().map(|rule| rule.name.to_owned()).collect();
    let entries = fs::read_dir(pages::root().join("src/rules")).expect("the room is there");
    let files: BTreeSet<String> = entries
        .filter_map(|entry| {
            let path = entry.expect("a folder can be listed").path();
            Some(path.file_stem()?.to_str()?.replace('_', "-"))
        })
        .filter(|name| !NO_RULES.contains(&name.as_str()))
        .collect();

    let mut broken = Vec::new();
    for name in pages.union(&files).chain(&rows).collect::<BTreeSet<_>>() {
        let module = name.replace('-', "_");
        for (there, missing) in [
            (&pages, format!("write its page `rules/{name}.md`")),
            (&files, format!("write its function in `src/rules/{module}.rs`")),
            (&rows, format!("add the row `\"{name}\" => {module}` in `src/rules/mod.rs`")),
        ] {
            if !there.contains(name) {
                broken.push(format!("rule `{name}`: {missing}, or remove the rest of it"));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_page_is_complete() {
    let mut broken = Vec::new();
    for (name, text) in pages::pages() {
        let mut complain = |what: String| broken.push(format!("rules/{name}.md: {what}"));
        let Some((front, body)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"))
        else {
            complain("start with front matter between lines of `---`".into());
            continue;
        };
        let front: BTreeMap<&str, &str> = front
            .lines()
            .map(|line| line.split_once(':').map_or((line, ""), |(key, value)| (key, value.trim())))
            .collect();
        for key in front.keys().filter(|key| !KEYS.contains(key)) {
            complain(format!("remove the key `{key}`; the keys are {}", KEYS.join(", ")));
        }
        let value = |key: &str| front.get(key).copied().unwrap_or_default();
        if value("name") != name {
            complain(format!("write `name: {name}`, as the file is called"));
        }
        if !value("summary").ends_with('.') {
            complain("write `summary:` and one sentence that ends with a point".into());
        }
        if !CATEGORIES.contains(&value("category")) {
            complain(format!("write `category:` and one of {}", CATEGORIES.join(", ")));
        }
        if !["allow", "warn", "deny"].contains(&value("level")) {
            complain("write `level:` and one of allow, warn, deny".into());
        }
        if !["stable", "preview"].contains(&value("status")) {
            complain("write `status:` and one of stable, preview".into());
        }
        let numbers: Vec<&str> = value("since").split('.').collect();
        if numbers.len() != 3 || numbers.iter().any(|number| number.parse::<u32>().is_err()) {
            complain("write `since:` and the version that brings the rule, such as 0.1.0".into());
        }
        if !body.starts_with(&format!("# {name}\n")) {
            complain(format!("write the title `# {name}` below the front matter"));
        }
        let sections: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        if sections != SECTIONS {
            complain(format!("give it the sections {}, in this order", SECTIONS.join(", ")));
        }
        let examples = pages::page_examples(&name, &text);
        for (section, bad) in [("Bad", true), ("Good", false)] {
            let count = examples.iter().filter(|example| example.bad == bad).count();
            if count < FEWEST_EXAMPLES {
                complain(format!("`{section}` has {count} examples, write at least {FEWEST_EXAMPLES}"));
            }
        }
        for example in &examples {
            let primaries = example.markers.iter().filter(|marker| marker.role.is_none());
            let own = primaries.clone().filter(|marker| marker.rule == name).count();
            if example.bad && own == 0 {
                complain(format!("`{}` is bad: mark the line with `//~ {name}`", example.heading));
            }
            if !example.bad && primaries.count() > 0 {
                complain(format!("`{}` is good: remove its markers", example.heading));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_file_of_the_catalog_is_valid() {
    let mut broken = Vec::new();
    let entries = fs::read_dir(pages::root().join("rules/catalog")).expect("the catalog is there");
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Err(error) = Catalog::builtin().extend(&format!("rules/catalog/{name}"), &text) {
            broken.push(error.to_string());
        }
    }
    broken.sort();
    assert_none(&broken);
}
