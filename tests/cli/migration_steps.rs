//! The steps of the migration report, followed one by one on a copy of the three managers. Each edit stands where the
//! step says; in the end the tool is silent and the workspace is the one in `fixtures/three-managers-migrated`, which
//! compiles like every fixture.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{fixture, run};

/// A file, a text in it and what stands there afterwards.
type HandEdit = (&'static str, &'static str, &'static str);

const AGENTS: &str = "crates/agents/src/lib.rs";
const API: &str = "services/api/src/main.rs";
const WORKER: &str = "services/worker/src/main.rs";

/// Step 1: move the callers of the legacy manager. Whoever moves the last call of a crate also drops the dependency.
const MOVE_CALLERS: [HandEdit; 9] = [
    (AGENTS, "    manager: Arc<DatabaseManager>,\n", ""),
    (AGENTS, "pub struct Runner {\n}\n", "pub struct Runner;\n"),
    (
        AGENTS,
        "    pub fn new(manager: Arc<DatabaseManager>) -> Self {\n        Self { manager }\n    }\n\n",
        "",
    ),
    (AGENTS, "use std::sync::Arc;\n\nuse db_manager::DatabaseManager;\n\n", ""),
    (AGENTS, "self.manager.pool()", "database::pool().await?"),
    (AGENTS, "with the legacy manager", "with the pool that everybody uses"),
    (API, "Runner::new(db_manager::database_manager())", "Runner"),
    (
        API,
        "    match sqlx::query(\"SELECT 1\").execute(db_manager::database_manager().pool()).await {",
        "    let Ok(pool) = database::pool().await else {\n        return StatusCode::SERVICE_UNAVAILABLE;\n    };\n    \
         match sqlx::query(\"SELECT 1\").execute(pool).await {",
    ),
    (
        API,
        "prepares the canonical pool; its agents use the other one",
        "prepares the pool that everybody uses",
    ),
];

/// The manifests that belong to step 1.
const MOVE_CALLERS_MANIFESTS: [HandEdit; 2] = [
    ("crates/agents/Cargo.toml", "db-manager.workspace", "database.workspace"),
    ("services/api/Cargo.toml", "db-manager.workspace = true\n", ""),
];

/// Step 2: call what is behind the shim.
const CALL_DIRECTLY: [HandEdit; 2] = [
    (WORKER, "core_services::pool()", "database::pool()"),
    (WORKER, "another process, which comes through the shim", "another process"),
];
const CALL_DIRECTLY_MANIFESTS: [HandEdit; 1] =
    [("services/worker/Cargo.toml", "core-services.workspace", "database.workspace")];

/// Step 3: both crates have nothing but what is removed.
const REMOVED_CRATES: [&str; 2] = ["crates/core", "crates/db-manager"];
const REMOVE_MANIFESTS: [HandEdit; 3] = [
    (
        "Cargo.toml",
        "\"crates/agents\", \"crates/core\", \"crates/database\", \"crates/db-manager\", ",
        "\"crates/agents\", \"crates/database\", ",
    ),
    ("Cargo.toml", "core-services = { path = \"crates/core\" }\n", ""),
    ("Cargo.toml", "db-manager = { path = \"crates/db-manager\" }\n", ""),
];

/// Path and text of every file of a folder, without marks of tests and build output.
fn files(folder: &Path) -> BTreeMap<String, String> {
    fn walk(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder can be read") {
            let entry = entry.expect("a folder can be read");
            let name = entry.file_name().into_string().expect("names are UTF-8");
            let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            if entry.path().is_dir() {
                if name != "target" {
                    walk(&entry.path(), &path, found);
                }
            } else if name != "Cargo.lock" {
                let text = fs::read_to_string(entry.path()).expect("files are UTF-8");
                let lines = text.lines().map(|line| line.split(" //~").next().unwrap_or_default());
                found.insert(path, lines.map(|line| format!("{line}\n")).collect());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
    fs::write(path, text).expect("a file can be written");
}

/// Makes an edit and gives the lines it touches.
fn edit(folder: &Path, (path, from, to): HandEdit) -> Vec<String> {
    let text = fs::read_to_string(folder.join(path)).expect("the file can be read");
    let (before, after) = text.split_once(from).unwrap_or_else(|| panic!("{path} has no {from}"));
    write(folder, path, &format!("{before}{to}{after}"));
    let first = before.lines().count().max(1);
    let first = if before.ends_with('\n') { first + 1 } else { first };
    (first..first + from.lines().count()).map(|line| format!("{path}:{line}")).collect()
}

fn report(folder: &Path) -> Value {
    let ended = run(folder, &["report", "--format", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.json()
}

/// Fingerprints in a list of findings.
fn fingerprints(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| one["fingerprint"].as_str().expect("a fingerprint").to_owned()).collect()
}

/// `file:line` of the items of a step.
fn places(step: &Value) -> Vec<String> {
    let items = step["items"].as_array().expect("a list").iter();
    items
        .map(|item| format!("{}:{}", item["place"]["file"].as_str().expect("a file"), item["place"]["line"]))
        .collect()
}

#[test]
fn following_the_steps_one_by_one_leaves_one_door_and_nothing_to_report() {
    let copy = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = copy.path();
    for (path, text) in files(&fixture("three-managers")) {
        write(folder, &path, &text);
    }
    let first = report(folder);
    let steps = first["resources"][0]["steps"].as_array().expect("a list").clone();
    let titles: Vec<&str> = steps.iter().map(|step| step["title"].as_str().expect("a title")).collect();
    assert_eq!(
        titles,
        [
            "Move the callers of `db_manager::DatabaseManager::pool` to `database::pool`",
            "Call `database::pool` directly",
            "Remove what nobody calls any more",
            "Lock the door",
        ]
    );
    let mut known = fingerprints(&first["findings"]);
    let done = |step: &Value, known: &mut BTreeSet<String>| {
        let now = fingerprints(&report(folder)["findings"]);
        assert!(now.is_subset(known), "something new after {step}: {now:?}");
        assert!(now.is_disjoint(&fingerprints(&step["removes"])), "{step} leaves {now:?}");
        *known = now;
    };

    for place in places(&steps[0]) {
        let listed = places(&steps[0]);
        assert!(place.starts_with(AGENTS) || place.starts_with(API), "{listed:?}");
    }
    for hand in MOVE_CALLERS.into_iter().chain(MOVE_CALLERS_MANIFESTS) {
        edit(folder, hand);
    }
    done(&steps[0], &mut known);

    let [listed] = &places(&steps[1])[..] else { panic!("one place: {}", steps[1]) };
    assert!(edit(folder, CALL_DIRECTLY[0]).contains(listed), "{listed}");
    edit(folder, CALL_DIRECTLY[1]);
    for hand in CALL_DIRECTLY_MANIFESTS {
        edit(folder, hand);
    }
    done(&steps[1], &mut known);

    // What is removed is all there is in two crates, and nothing else is.
    for place in places(&steps[2]) {
        assert!(REMOVED_CRATES.iter().any(|removed| place.starts_with(removed)), "{place}");
    }
    for removed in REMOVED_CRATES {
        fs::remove_dir_all(folder.join(removed)).expect("the crate can be removed");
    }
    for hand in REMOVE_MANIFESTS {
        edit(folder, hand);
    }
    done(&steps[2], &mut known);

    let snippet = steps[3]["items"][0]["instead"].as_str().expect("a snippet");
    write(folder, "initpath.toml", &format!("{snippet}\n"));
    done(&steps[3], &mut known);

    let clean = run(folder, &["check"]);
    assert_eq!(clean.code, Some(0), "{clean:?}");
    assert!(clean.out.starts_with("clean: 1 resource with one door"), "{clean:?}");
    let last = report(folder);
    assert_eq!(last["resources"][0]["steps"].as_array().map(Vec::len), Some(0), "{last}");
    assert_eq!(files(folder), files(&fixture("three-managers-migrated")));
}

#[test]
fn the_places_of_the_first_step_are_those_that_were_edited() {
    let folder = fixture("three-managers");
    let steps = report(&folder)["resources"][0]["steps"].as_array().expect("a list").clone();
    let sources = files(&folder);
    for place in places(&steps[0]) {
        let (path, line) = place.rsplit_once(':').expect("file and line");
        let line: usize = line.parse().expect("a line");
        let text = sources[path].lines().nth(line - 1).expect("the line is there");
        let edited = MOVE_CALLERS
            .iter()
            .any(|(file, from, _)| *file == path && from.contains(text.trim()) || text.contains(from));
        assert!(edited, "{place} is listed and was not edited: {text}");
    }
}
