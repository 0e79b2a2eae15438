//! What counts as changed: files that hooks and people name, and git's revisions.

use std::fs;
use std::path::Path;

use crate::command::{Ended, RULE, git, run, workspace};

fn commit_all(folder: &Path) {
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "all"]] {
        git(folder, arguments);
    }
}

fn found(ended: &Ended) -> bool {
    ended.out.contains(RULE)
}

#[test]
fn a_file_is_named_from_the_current_folder_or_from_the_top_of_the_repository() {
    let folder = workspace("", &[]);
    commit_all(folder.path());
    let source = folder.path().join("src");
    for (here, named) in [(folder.path(), "src/pools.rs"), (&source, "pools.rs"), (&source, "src/pools.rs")] {
        let ended = run(here, &["check", "--changed", named]);
        assert!(ended.code == Some(1) && found(&ended) && ended.err.is_empty(), "{named}: {ended:?}");
    }
    for named in ["src", "src/", ".", "./src"] {
        assert!(found(&run(folder.path(), &["--changed", named])), "{named} is a folder around the finding");
    }
    let other = run(folder.path(), &["--changed", "src/main.rs", "Cargo.toml"]);
    assert!(!found(&other) && other.err.is_empty(), "{other:?}");
}

#[test]
fn a_changed_file_that_never_was_is_told_and_one_that_was_deleted_is_not() {
    let folder = workspace("", &[("src/old.rs", b"")]);
    let here = folder.path();
    let without_git = run(here, &["--changed", "nope.rs"]);
    assert_eq!(without_git.code, Some(0));
    assert!(without_git.err.contains("`nope.rs` is neither there nor known to git"), "{without_git:?}");

    commit_all(here);
    fs::remove_file(here.join("src/old.rs")).unwrap();
    let deleted = run(here, &["--changed", "src/old.rs"]);
    assert_eq!((deleted.code, deleted.err.as_str()), (Some(0), ""));
    let from_below = run(&here.join("src"), &["--changed", "src/old.rs", "old.rs"]);
    assert_eq!((from_below.code, from_below.err.as_str()), (Some(0), ""));
    let mistyped = run(here, &["--changed", "src/pool.rs", "src/pools.rs"]);
    assert!(mistyped.code == Some(1) && found(&mistyped), "what is there counts all the same: {mistyped:?}");
    assert!(mistyped.err.contains("`src/pool.rs` is neither there"), "{mistyped:?}");
}

#[test]
fn what_is_no_revision_is_told_apart() {
    let folder = workspace("", &[]);
    let here = folder.path();
    let refused = |arguments: &[&str], said: &str| {
        let ended = run(here, arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains(said), "{arguments:?}: {}", ended.err);
    };
    refused(&["--since", "HEAD"], "is not a git repository");
    refused(&["report", "--since", "HEAD"], "is not a git repository");
    commit_all(here);
    refused(&["--since", "no-such"], "`no-such` is no revision of this git repository");
    refused(&["--since", "src/main.rs"], "`src/main.rs` is a file, and `check --since` takes a git revision");
    refused(&["report", "--since", "no-such"], "there is no file `no-such`, and `no-such` is no revision");
}
