//! The commands that answer questions about a program: `graph` and `explain FILE:LINE`.

use crate::command::{fixture, run};

#[test]
fn the_graph_shows_how_each_binary_gets_to_each_resource() {
    let ended = run(&fixture("quickstart"), &["initpath", "graph"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected = [
        "postgres  env DATABASE_URL",
        "bin quickstart",
        "main → connect (src/main.rs:13) → PoolOptions::connect ● src/database.rs:17:5",
        "main → connect (src/main.rs:18) → PoolOptions::connect ● src/database.rs:17:5",
    ];
    for part in expected {
        assert!(ended.out.contains(part), "no `{part}` in {}", ended.out);
    }
}

#[test]
fn the_graph_has_five_formats_and_says_the_same_in_each() {
    let folder = fixture("quickstart");
    let json = run(&folder, &["graph", "--format", "json"]).json();
    let paths = json["init_paths"].as_array().expect("a list");
    assert!(paths.iter().all(|path| path["resource"].is_string() && path["site"]["line"].is_u64()));
    let sites: Vec<String> = paths
        .iter()
        .map(|path| format!("{}:{}", path["site"]["file"].as_str().unwrap(), path["site"]["line"]))
        .collect();
    for format in ["tree", "mermaid", "dot", "svg"] {
        let text = run(&folder, &["graph", "--format", format]).out;
        for site in &sites {
            assert!(text.contains(site.as_str()), "{format} lacks {site}: {text}");
        }
    }
    assert_eq!(run(&folder, &["--format", "json", "graph"]).json(), json);
}

#[test]
fn a_graph_format_that_does_not_exist_is_refused() {
    let ended = run(&fixture("quickstart"), &["graph", "--format", "png"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("tree"), "{ended:?}");
}

#[test]
fn a_place_is_explained_with_types_addresses_callers_and_rules() {
    let ended = run(&fixture("quickstart"), &["explain", "src/main.rs:13"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected = [
        "quickstart::main (src/main.rs:11), production",
        "quickstart::database::connect, a function of the workspace",
        "effect: creates sqlx::Pool<sqlx::Postgres> to postgres:env.DATABASE_URL",
        "competing-pools: a second pool to postgres `DATABASE_URL`",
        "handle-per-worker: silent, nothing here runs once per worker",
    ];
    for part in expected {
        assert!(ended.out.contains(part), "no `{part}` in {}", ended.out);
    }
}

#[test]
fn a_place_outside_every_function_and_a_file_that_is_not_read_are_told_apart() {
    let folder = fixture("quickstart");
    let nothing = run(&folder, &["explain", "src/main.rs:1"]);
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(nothing.out.contains("no function"), "{nothing:?}");
    let unknown = run(&folder, &["explain", "src/nowhere.rs:1"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.err.contains("nowhere.rs"), "{unknown:?}");
}

#[test]
fn the_flag_explains_what_the_command_explains_and_what_is_no_place_is_refused() {
    let folder = fixture("quickstart");
    let command = run(&folder, &["explain", "src/main.rs:18"]);
    assert_eq!(run(&folder, &["--explain", "src/main.rs:18"]).out, command.out);
    assert!(command.out.contains("quickstart::main"), "{command:?}");
    for (subject, said) in [
        ("src/main.rs", "give one line of a file, as in `src/main.rs:18`"),
        ("src/main.rs:12-16", "give one line of a file"),
        ("src", "give one line of a file"),
        ("src/main.rs:9999", "and no line 9999"),
        ("src/main.rs:0", "lines are counted from 1"),
        ("src/main.rs:0:4", "lines are counted from 1"),
        ("competing-pool", "did you mean `competing-pools`?"),
    ] {
        for arguments in [["explain", subject], ["--explain", subject]] {
            let refused = run(&folder, &arguments);
            assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{arguments:?}");
            assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
        }
    }
}

#[test]
fn a_route_says_what_it_needs_and_what_keeps_requests_out() {
    let ready = run(&fixture("in-progress-flag-sound"), &["explain", "src/main.rs:32"]).out;
    assert!(
        ready.contains("readiness: needs postgres; ready before it can run: src/main.rs:15 comes before"),
        "{ready}"
    );
    let open = run(&fixture("startup-crisis"), &["explain", "src/routes.rs:18"]).out;
    assert!(open.contains("needs postgres; nothing keeps requests out until that is there"), "{open}");
    let probe = run(&fixture("in-progress-flag"), &["explain", "src/main.rs:29"]).out;
    assert!(
        probe.contains("probe: readiness") && probe.contains("deployed as readiness probe, start-up probe"),
        "{probe}"
    );
}

#[test]
fn the_report_marks_what_is_wrong_in_the_start_up_and_has_a_readiness_matrix() {
    let report = run(&fixture("startup-crisis"), &["report"]).out;
    assert!(
        report.contains("6. migration: `Migrator::run` `src/database.rs:14` ← **serve-before-init**"),
        "{report}"
    );
    assert!(
        report.contains("| `GET /reports` `src/routes.rs:17` | postgres | **nothing** | – |"),
        "{report}"
    );
}
