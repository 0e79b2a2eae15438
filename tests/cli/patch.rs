//! The command `report --patch`: what is offered as an edit, and what is left to people.

use std::path::Path;

use crate::command::{fixture, git, run};
use crate::migration::{changed_in, copy_folder, patch};

#[test]
fn a_lock_is_not_held_while_somebody_else_is_waited_for() {
    // Whoever fails leaves the flag raised, and the next one would wait for it with the lock in hand.
    assert_eq!(patch(&fixture("in-progress-flag")), "");
    let library = "\
use sqlx::PgPool;
use tokio::sync::{Notify, RwLock};

static POOL: RwLock<Option<PgPool>> = RwLock::const_new(None);
static OPENED: Notify = Notify::const_new();

pub async fn ensure(url: &str) -> sqlx::Result<()> {
    if POOL.read().await.is_none() {
        BETWEEN
        let pool = PgPool::connect(url).await?;
        *POOL.write().await = Some(pool);
    }
    Ok(())
}

async fn wait_for_another() {
    while POOL.read().await.is_none() {
        tokio::task::yield_now().await;
    }
}
";
    for between in ["OPENED.notified().await;", "wait_for_another().await;"] {
        let changed = changed_in(&library.replace("BETWEEN", between));
        assert!(changed.is_empty(), "{between}: {changed:?}");
    }
    assert!(!changed_in(&library.replace("BETWEEN", "")).is_empty());
}

#[test]
fn the_lock_is_given_back_before_a_call_that_may_want_it() {
    let library = "\
use sqlx::PgPool;
use tokio::sync::RwLock;

static POOL: RwLock<Option<PgPool>> = RwLock::const_new(None);

pub async fn ensure(url: &str) -> sqlx::Result<()> {
    if POOL.read().await.is_none() {
        let pool = PgPool::connect(url).await?;
        *POOL.write().await = Some(pool);
    }
    look().await;
    Ok(())
}

async fn look() {
    println!(\"{}\", POOL.read().await.is_some());
}
";
    assert!(changed_in(library).contains(&"+    drop(slot);".to_owned()));
    let inside = library.replace("    }\n    look().await;\n", "        look().await;\n    }\n");
    assert!(changed_in(&inside).is_empty(), "it would wait for itself");
}

/// Writes the patch of a workspace into a file and lets git apply it from a folder; both are relative to `top`.
fn apply(top: &Path, workspace: &str, from: &str) {
    let text = patch(&top.join(workspace));
    assert!(text.starts_with(&format!("diff --git a/{workspace}/src/")), "{text}");
    let file = top.join("steps.diff");
    std::fs::write(&file, text).expect("the patch can be written");
    git(&top.join(from), &["apply", file.to_str().expect("a path of UTF-8")]);
}

#[test]
fn git_applies_a_patch_from_the_root_of_the_repository_and_from_folders_below() {
    for (workspace, from) in [("shop", ""), ("apps/small shop", ""), ("shop", "shop"), ("a/größe", "a")] {
        let top = tempfile::tempdir().expect("a temporary folder can be made");
        git(top.path(), &["init", "--quiet"]);
        copy_folder(&fixture("quickstart"), &top.path().join(workspace));
        apply(top.path(), workspace, from);
        let main = std::fs::read_to_string(top.path().join(workspace).join("src/main.rs"));
        let main = main.expect("the file can be read");
        assert!(main.contains("let job_pool = pool.clone();"), "{workspace} from `{from}`: {main}");
    }
}

#[test]
fn a_step_is_done_when_what_it_names_is_done() {
    let top = tempfile::tempdir().expect("a temporary folder can be made");
    git(top.path(), &["init", "--quiet"]);
    copy_folder(&fixture("quickstart"), &top.path().join("shop"));
    apply(top.path(), "shop", "");
    let ended = run(&top.path().join("shop"), &["report", "--format", "json"]);
    let json = ended.json();
    let steps = json["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|resource| resource["steps"].as_array().expect("a list"));
    let mut without_findings = 0;
    for step in steps.filter(|step| step["removes"] == serde_json::json!([])) {
        without_findings += 1;
        let done = step["verify"].as_str().expect("a text");
        assert!(!done.contains("the findings named here"), "{step}");
    }
    assert!(without_findings > 0, "the archive is still left to the first request: {json}");
}
