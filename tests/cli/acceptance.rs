//! How a team lives with findings: comments, the baseline, changed files, levels in the configuration.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::command::{Ended, POOLS, fixture, folder, git, run};

/// A copy of the quickstart, which has three findings at deny level.
fn copy() -> TempDir {
    fn copied(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("as the test made it");
        for entry in fs::read_dir(from).expect("as the test made it") {
            let entry = entry.expect("as the test made it");
            let target = to.join(entry.file_name());
            match entry.file_type().expect("as the test made it").is_dir() {
                true if entry.file_name() == "target" => {}
                true => copied(&entry.path(), &target),
                false => drop(fs::copy(entry.path(), target).expect("as the test made it")),
            }
        }
    }
    let folder = tempfile::tempdir().expect("as the test made it");
    copied(&fixture("quickstart"), folder.path());
    folder
}

fn edit(folder: &TempDir, file: &str, from: &str, to: &str) {
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).expect("as the test made it");
    assert!(text.contains(from), "{file} lacks {from}");
    fs::write(path, text.replacen(from, to, 1)).expect("as the test made it");
}

/// The rules that are reported, in order.
fn rules(ended: &Ended) -> Vec<String> {
    let json = ended.json();
    let findings = json["findings"].as_array().expect("as the test made it").iter();
    findings.map(|finding| finding["rule"].as_str().expect("as the test made it").to_owned()).collect()
}

const JSON: [&str; 2] = ["--message-format", "json"];
const ALL: [&str; 3] = ["check-then-init", "detached-init", "competing-pools"];

#[test]
fn a_comment_with_a_reason_silences_at_any_place_of_a_finding() {
    let folder = copy();
    assert_eq!(rules(&run(folder.path(), &JSON)), ALL);
    // At the write, which is not the primary place.
    edit(
        &folder,
        "src/archive.rs",
        "    *ARCHIVE",
        "    // initpath: allow(check-then-init) one thread opens it\n    *ARCHIVE",
    );
    let ended = run(folder.path(), &JSON);
    assert_eq!(rules(&ended), ["detached-init", "competing-pools"]);
    assert_eq!(ended.json()["summary"]["suppressed"], 1);
    edit(
        &folder,
        "src/main.rs",
        "//!",
        "//! initpath: allow-file(detached-init, competing-pools) known\n//!",
    );
    let ended = run(folder.path(), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("3 accepted by comments") && !ended.out.contains("clean"), "{ended:?}");
}

#[test]
fn without_a_reason_nothing_at_deny_level_is_silenced() {
    let folder = copy();
    edit(&folder, "src/archive.rs", "    *ARCHIVE", "    // initpath: allow(check-then-init)\n    *ARCHIVE");
    let ended = run(folder.path(), &JSON);
    assert_eq!(rules(&ended), ["check-then-init", "bad-suppression", "detached-init", "competing-pools"]);
    let lowered = run(folder.path(), &["-W", "check-then-init", "--message-format", "json"]);
    assert_eq!(rules(&lowered), ["detached-init", "competing-pools"], "at warn level no reason is asked for");
}

#[test]
fn comments_that_silence_nothing_are_findings_and_text_is_no_comment() {
    let folder = copy();
    let comments = "// initpath: allow(check-then-init) nothing is here\n// initpath: allow(check-then-int) misspelt\n// initpath: alow(x)\nconst NOTE: &str = \"// initpath: allow(leaked-lock) text\";\n";
    edit(&folder, "src/routes.rs", "use ", &format!("{comments}use "));
    let found = rules(&run(folder.path(), &JSON));
    let own: Vec<&String> = found.iter().filter(|rule| rule.ends_with("suppression")).collect();
    assert_eq!(own, ["unused-suppression", "bad-suppression", "bad-suppression"]);
    assert_eq!(run(folder.path(), &["explain", "unused-suppression"]).code, Some(0));
    let allowed = run(
        folder.path(),
        &["-A", "bad-suppression", "-A", "unused-suppression", "--message-format", "json"],
    );
    assert_eq!(rules(&allowed), ALL);
}

#[test]
fn a_baseline_accepts_what_is_there_and_nothing_else() {
    let folder = copy();
    let here = folder.path();
    let written = run(here, &["baseline", "write"]);
    assert!(written.code == Some(0) && written.out.contains("3 entries"), "{written:?}");
    let ended = run(here, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("baseline: 0 new, 0 fixed, 3 accepted"), "{ended:?}");
    assert_eq!(rules(&run(here, &["--no-baseline", "--message-format", "json"])), ALL);

    // Moving code changes nothing.
    edit(&folder, "src/main.rs", "//!", "//! Moved.\n//!");
    assert_eq!(run(here, &[]).code, Some(0));

    // What is fixed is told, and a new finding of the same rule is not absorbed by its place in the list.
    let second = "pub fn second() -> bool {\n    if SECOND.lock().unwrap().is_none() {\n        let pool = open();\n        *SECOND.lock().unwrap() = Some(pool);\n    }\n    true\n}\n";
    let text = fs::read_to_string(here.join("src/archive.rs")).unwrap();
    let renamed = text.replace("ARCHIVE", "SECOND");
    assert_ne!(text, renamed);
    fs::write(here.join("src/archive.rs"), renamed).unwrap();
    let ended = run(here, &JSON);
    assert_eq!(rules(&ended), ["stale-baseline", "check-then-init"], "{second}");
    assert_eq!(ended.json()["summary"]["fixed"], 1);
    assert_eq!(run(here, &["-A", "check-then-init"]).code, Some(0), "stale entries warn");
    assert_eq!(run(here, &["-A", "check-then-init", "-D", "warnings"]).code, Some(1));

    let before = fs::read_to_string(here.join("initpath-baseline.json")).unwrap();
    assert_eq!(run(here, &["baseline", "prune"]).code, Some(0));
    let after = fs::read_to_string(here.join("initpath-baseline.json")).unwrap();
    assert!(after.lines().count() < before.lines().count());
    assert!(
        after.lines().all(|line| before.contains(line.trim_end_matches(','))),
        "prune only removes: {after}"
    );
    assert_eq!(rules(&run(here, &JSON)), ["check-then-init"]);
}

#[test]
fn a_baseline_that_was_named_has_to_be_there_and_to_be_one() {
    let folder = copy();
    let here = folder.path();
    let missing = run(here, &["--baseline", "gone.json"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("gone.json") && missing.err.contains("baseline write"), "{missing:?}");
    assert_eq!(run(here, &["baseline", "prune"]).code, Some(2));
    let broken = "{\n  \"version\": 1,\n<<<<<<< HEAD\n";
    fs::write(here.join("initpath-baseline.json"), broken).unwrap();
    let ended = run(here, &[]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("line 3"), "{ended:?}");
    assert_eq!(
        fs::read_to_string(here.join("initpath-baseline.json")).unwrap(),
        broken,
        "nothing is overwritten"
    );
}

#[test]
fn some_rules_are_never_accepted() {
    let folder = copy();
    fs::write(folder.path().join("initpath.toml"), "[baseline]\nnever = [\"competing-pools\"]\n").unwrap();
    assert!(run(folder.path(), &["baseline", "write"]).out.contains("2 entries"));
    assert_eq!(rules(&run(folder.path(), &JSON)), ["competing-pools"]);
}

#[test]
fn changed_files_choose_among_the_findings_of_the_whole_program() {
    let folder = copy();
    let here = folder.path();
    // A finding of `main.rs` has evidence in `database.rs`.
    let ended = run(here, &["--message-format", "json", "--changed", "src/database.rs"]);
    assert_eq!(rules(&ended), ["detached-init", "competing-pools"]);
    assert_eq!(ended.json()["summary"]["elsewhere"], 1);
    let other = run(here, &["--changed", "README.md"]);
    assert_eq!(other.code, Some(0), "{other:?}");
    assert!(other.out.contains("3 findings elsewhere, in files that were not changed"), "{other:?}");
}

#[test]
fn a_revision_says_what_was_changed() {
    let folder = copy();
    let here = folder.path();
    let outside = run(here, &["--since", "HEAD"]);
    assert_eq!(outside.code, Some(2), "there is no repository: {outside:?}");
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "all"]] {
        git(here, arguments);
    }
    assert_eq!(rules(&run(here, &["--since", "HEAD", "--message-format", "json"])), Vec::<String>::new());
    edit(&folder, "src/archive.rs", "use ", "// changed\nuse ");
    assert_eq!(rules(&run(here, &["--since", "HEAD", "--message-format", "json"])), ["check-then-init"]);
    git(here, &["checkout", "-q", "--detach"]);
    assert_eq!(rules(&run(here, &["--since", "HEAD", "--message-format", "json"])), ["check-then-init"]);
    let unknown = run(here, &["--since", "no-such-revision"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("no-such-revision"), "{unknown:?}");
}

#[test]
fn levels_come_from_the_command_line_then_packages_then_the_workspace() {
    let folder = copy();
    let here = folder.path();
    let level = |arguments: &[&str]| {
        let json = run(here, &[&JSON[..], arguments].concat()).json();
        let found =
            json["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "competing-pools").cloned();
        found.map_or("none".to_owned(), |one| one["level"].as_str().unwrap().to_owned())
    };
    assert_eq!(level(&[]), "deny");
    let write = |text: &str| fs::write(here.join("initpath.toml"), text).unwrap();
    write("[rules]\ncompeting-pools = \"warn\"\n");
    assert_eq!(level(&[]), "warn");
    write("[rules]\ncompeting-pools = \"warn\"\n[package.quickstart.rules]\ncompeting-pools = \"deny\"\n");
    assert_eq!(level(&[]), "deny");
    assert_eq!(level(&["-A", "competing-pools"]), "none");
    write("[[path]]\npath = \"src/main.rs\"\nrules = { competing-pools = \"allow\" }\n");
    assert_eq!(level(&[]), "none");
    assert_eq!(level(&["-W", "competing-pools"]), "warn");
    write("[[path]]\npath = \"src/\"\nskip = true\n");
    assert_eq!(run(here, &[]).code, Some(0));
}

#[test]
fn a_broken_configuration_points_into_the_file() {
    let folder = copy();
    fs::write(folder.path().join("initpath.toml"), "[rules]\ncompeting-pool = \"warn\"\n").unwrap();
    let ended = run(folder.path(), &[]);
    assert_eq!(ended.code, Some(2));
    let said = "initpath.toml:2:1: unknown rule `competing-pool`; did you mean `competing-pools`?\n  |\n  | competing-pool = \"warn\"\n  | ^";
    assert!(ended.err.contains(said), "{}", ended.err);
}

#[test]
fn the_configuration_may_stand_in_the_manifest_but_not_twice() {
    let folder = copy();
    let manifest = folder.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{text}\n[package.metadata.initpath.rules]\ncompeting-pools = \"allow\"\n"))
        .unwrap();
    assert_eq!(rules(&run(folder.path(), &JSON)), ["check-then-init", "detached-init"]);
    fs::write(folder.path().join("initpath.toml"), "").unwrap();
    let both = run(folder.path(), &[]);
    assert!(both.code == Some(2) && both.err.contains("keep one of them"), "{both:?}");
}

#[test]
fn a_configured_probe_is_one() {
    let folder = copy();
    let here = folder.path();
    let before = run(here, &["inventory"]).out;
    assert!(!before.contains("deployed as"), "{before}");
    let route = before
        .lines()
        .find_map(|line| line.split("GET ").nth(1)?.split_whitespace().next())
        .unwrap()
        .to_owned();
    fs::write(here.join("initpath.toml"), format!("[[probe]]\npath = \"{route}\"\nkind = \"readiness\"\n"))
        .unwrap();
    let after = run(here, &["inventory"]).out;
    assert!(after.contains("deployed as readiness probe"), "{after}");
}

#[test]
fn two_addresses_of_one_database_can_be_declared() {
    let main = b"#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n    \
        let one = sqlx::PgPool::connect(&std::env::var(\"DATABASE_URL\")?).await?;\n    \
        let two = sqlx::PgPool::connect(&std::env::var(\"REPORTS_URL\")?).await?;\n    \
        loop {\n        sqlx::query(\"SELECT 1\").execute(&one).await?;\n        sqlx::query(\"SELECT 2\").execute(&two).await?;\n    }\n}\n";
    let manifest =
        b"[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"0.8\"\ntokio = \"1\"\n";
    let folder = crate::command::folder(&[("Cargo.toml", manifest), ("src/main.rs", main)]);
    assert!(rules(&run(folder.path(), &JSON)).is_empty());
    let declare = |alias: &str| {
        let text = format!("[[resource]]\nid = \"postgres:env.DATABASE_URL\"\naliases = [\"{alias}\"]\n");
        fs::write(folder.path().join("initpath.toml"), text).unwrap();
        run(folder.path(), &JSON)
    };
    assert_eq!(rules(&declare("postgres:env.REPORTS_URL")), ["competing-pools"]);
    let misspelt = declare("postgres:env.REPORT_URL");
    assert!(rules(&misspelt).is_empty() && misspelt.out.contains("an alias of"), "{misspelt:?}");
    assert!(misspelt.out.contains("did you mean `postgres:env.REPORTS_URL`?"), "{misspelt:?}");
}

#[test]
fn files_to_begin_with_are_written_once_or_printed() {
    let folder = copy();
    let here = folder.path();
    for (flags, file) in [
        (&[][..], "initpath.toml"),
        (&["--hook", "pre-commit"], ".pre-commit-config.yaml"),
        (&["--hook", "lefthook"], "lefthook.yml"),
        (&["--ci", "github"], ".github/workflows/initpath.yml"),
        (&["--ci", "gitlab"], ".gitlab-ci.yml"),
    ] {
        let printed = run(here, &[&["init", "--dry-run"], flags].concat());
        assert!(printed.code == Some(0) && !here.join(file).exists(), "{printed:?}");
        let written = run(here, &[&["init"], flags].concat());
        assert_eq!(written.code, Some(0), "{written:?}");
        assert_eq!(fs::read_to_string(here.join(file)).unwrap(), printed.out, "{file}");
        fs::write(here.join(file), "# mine\n").unwrap();
        assert_eq!(run(here, &[&["init"], flags].concat()).code, Some(2), "{file}");
        assert_eq!(fs::read_to_string(here.join(file)).unwrap(), "# mine\n");
    }
}

#[test]
fn the_commented_configuration_changes_nothing() {
    let folder = copy();
    let before = run(folder.path(), &JSON).out;
    assert_eq!(run(folder.path(), &["init"]).code, Some(0));
    assert_eq!(run(folder.path(), &JSON).out, before);
}

#[test]
fn an_output_with_an_unknown_format_or_no_place_is_refused() {
    let folder = copy();
    let here = folder.path();
    let unknown = run(here, &["--output", "sarf=a.sarif"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("there is no format `sarf`; did you mean `sarif`?"), "{unknown:?}");
    let nowhere = run(here, &["--output", "sarif=gone/a.sarif"]);
    assert!(nowhere.code == Some(2) && nowhere.err.contains("check that its folder exists"), "{nowhere:?}");
    assert_eq!(run(here, &["--output", "json=-", "--output", "short=-"]).code, Some(2));
    assert_eq!(run(here, &["inventory", "--output", "json=a.json", "--output", "human=-"]).code, Some(2));
    assert_eq!(run(here, &["--output", "./a=b.txt"]).code, Some(1), "a path may have the sign in it");
    assert!(here.join("a=b.txt").exists());
}

#[test]
fn a_comment_that_is_meant_to_silence_and_is_written_otherwise_is_a_finding() {
    for comment in
        ["/* initpath: allow(check-then-init) one thread */", "// initpath allow(check-then-init) one thread"]
    {
        let folder = copy();
        edit(&folder, "src/archive.rs", "    *ARCHIVE", &format!("    {comment}\n    *ARCHIVE"));
        let found = rules(&run(folder.path(), &JSON));
        for rule in ["check-then-init", "bad-suppression"] {
            assert!(found.contains(&rule.to_owned()), "{comment}: {found:?}");
        }
    }
}

#[test]
fn a_name_in_the_configuration_that_is_nobodys_is_told_and_stops_nothing() {
    let folder = copy();
    let here = folder.path();
    let text = "[package.quikstart.rules]\ncompeting-pools = \"warn\"\n\n[[path]]\npath = \"scr/\"\nskip = true\n\n\
                [[path]]\npath = \"src/arch\"\nskip = false\n\n[[probe]]\npath = \"/no-such\"\nkind = \"readiness\"\n";
    fs::write(here.join("initpath.toml"), text).unwrap();
    let ended = run(here, &JSON);
    assert_eq!((ended.code, rules(&ended)), (Some(1), ALL.map(str::to_owned).to_vec()));
    let json = ended.json();
    let told: Vec<(String, u64, String)> = json["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            assert_eq!(
                (&problem["kind"], &problem["file"]),
                (&"unknown-name".into(), &"initpath.toml".into())
            );
            let text = |key: &str| problem[key].as_str().unwrap().to_owned();
            (text("kind"), problem["line"].as_u64().unwrap(), text("message"))
        })
        .collect();
    let lines: Vec<u64> = told.iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [1, 5, 12], "{told:?}");
    for ((.., message), said) in told.iter().zip([
        "no package `quikstart`, so that its settings say nothing; did you mean `quickstart`?",
        "no file has a path that starts with `scr/`; did you mean `src/`?",
        "no route is known to have the path `/no-such`",
    ]) {
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn a_baseline_is_not_touched_while_code_cannot_be_analysed() {
    let folder = copy();
    let here = folder.path();
    run(here, &["baseline", "write"]);
    let before = fs::read_to_string(here.join("initpath-baseline.json")).unwrap();
    fs::write(here.join("src/archive.rs"), "fn broken( {").unwrap();
    let ended = run(here, &["--keep-going", "--message-format", "json"]);
    assert!(
        !rules(&ended).contains(&"stale-baseline".to_owned()),
        "what was not read may be there: {ended:?}"
    );
    for action in ["write", "prune"] {
        let refused = run(here, &["baseline", action]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert_eq!(fs::read_to_string(here.join("initpath-baseline.json")).unwrap(), before, "{action}");
    }
}

#[test]
fn who_accepted_two_pools_did_not_accept_a_third() {
    let copy = copy();
    let here = copy.path();
    assert_eq!(run(here, &["baseline", "write"]).code, Some(0));
    assert_eq!(run(here, &[]).code, Some(0));
    let main = here.join("src/main.rs");
    let text = fs::read_to_string(&main).unwrap();
    let listener = "    let listener";
    let third = format!(
        "    let third = database::connect(&config).await?;\n    tokio::spawn(jobs::archive_orders(third));\n{listener}"
    );
    fs::write(&main, text.replace(listener, &third)).unwrap();
    let ended = run(here, &[]);
    assert!(ended.code == Some(1) && ended.out.contains("baseline: 1 new, 1 fixed, 2 accepted"), "{ended:?}");
}

#[test]
fn a_graph_of_a_part_says_what_was_not_read() {
    let copy = copy();
    let here = copy.path();
    fs::write(here.join("src/jobs.rs"), "fn broken( {").unwrap();
    for arguments in [&["graph"][..], &["report", "--patch"]] {
        let ended = run(here, arguments);
        assert!(
            ended.code == Some(2) && ended.err.contains("src/jobs.rs:1:12: "),
            "{arguments:?}: {ended:?}"
        );
    }
}

#[test]
fn a_baseline_of_some_packages_keeps_what_it_says_about_the_others() {
    let manifest = |name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"0.8\"\ntokio = \"1\"\n"
        )
    };
    let main = "mod pools;\n\n#[tokio::main]\nasync fn main() {\n    tokio::join!(work(), work());\n}\n\n\
                async fn work() {\n    pools::pool().await.unwrap();\n}\n";
    let (one, two) = (manifest("one"), manifest("two"));
    let folder = folder(&[
        ("Cargo.toml", b"[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n"),
        ("one/Cargo.toml", one.as_bytes()),
        ("one/src/main.rs", main.as_bytes()),
        ("one/src/pools.rs", POOLS.as_bytes()),
        ("two/Cargo.toml", two.as_bytes()),
        ("two/src/main.rs", main.as_bytes()),
        ("two/src/pools.rs", POOLS.as_bytes()),
    ]);
    let here = folder.path();
    let write = |arguments: &[&str]| run(here, &[&["baseline", "write"], arguments].concat()).out;
    assert!(write(&["-p", "one"]).ends_with(": 1 entry\n"));
    assert_eq!(run(here, &["-p", "one"]).code, Some(0));
    assert_eq!(run(here, &["-p", "two"]).code, Some(1), "nobody accepted what the other package has");
    assert!(write(&["--exclude", "one"]).ends_with(": 2 entries, 1 of them kept from before\n"));
    assert_eq!(run(here, &[]).code, Some(0));
    let prune = run(here, &["baseline", "prune", "-p", "one"]);
    assert!(prune.code == Some(2) && prune.err.contains("takes neither `-p`"), "{prune:?}");
    assert!(write(&[]).ends_with(": 2 entries\n"));
}

#[test]
fn the_page_of_a_rule_is_what_explain_prints_and_every_rule_has_one() {
    let here = fixture("quickstart");
    let listed = run(&here, &["rules", "--message-format", "json"]).json();
    let rules = listed["rules"].as_array().unwrap();
    assert!(rules.len() > 40, "{listed}");
    for rule in rules {
        let name = rule["name"].as_str().unwrap();
        let page = run(&here, &["explain", name]);
        assert_eq!(page.code, Some(0), "{page:?}");
        for part in ["Problem", "How to fix"] {
            assert!(page.out.contains(part), "{name} lacks {part}");
        }
        assert!(rule["status"].is_string() && rule["since"].is_string(), "{rule}");
    }
}

#[test]
fn completions_are_a_script_and_the_manual_page_names_every_command() {
    let here = fixture("quickstart");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&here, &["completions", shell]);
        assert!(script.code == Some(0) && script.out.contains("initpath"), "{script:?}");
        if shell == "bash" {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("completions.bash");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &script.out).unwrap();
            if let Ok(checked) = Command::new("bash").arg("-n").arg(&file).status() {
                assert!(checked.success());
            }
        }
    }
    assert!(
        run(&here, &["completions", "zsh"]).out.contains("_cargo-initpath() {"),
        "zsh's completion of cargo calls a function of this name"
    );
    let manual = run(&here, &["man"]).out;
    for command in ["inventory", "graph", "report", "explain", "baseline"] {
        assert!(manual.contains(command), "{command} is not in the manual page");
    }
}

#[test]
fn bash_completes_the_command_behind_cargo_and_leaves_the_rest_to_cargo() {
    let script = run(&fixture("quickstart"), &["completions", "bash"]).out;
    let file = folder(&[("completions.bash", script.as_bytes())]);
    let completed = |words: &str| {
        let asked = format!(
            "_mine() {{ COMPREPLY=(mine); }}; complete -F _mine cargo\n\
             source completions.bash; source completions.bash\n\
             COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))\n\
             _cargo__initpath__of_cargo cargo \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
             echo \"${{COMPREPLY[@]}}\""
        );
        let ended = Command::new("bash").args(["--norc", "-c", &asked]).current_dir(file.path()).output();
        ended.ok().map(|ended| String::from_utf8_lossy(&ended.stdout).trim().to_owned())
    };
    // Where there is no bash, nobody completes with it.
    let Some(first) = completed("cargo initpath gr") else { return };
    assert_eq!(first, "graph");
    assert_eq!(completed("cargo +nightly initpath graph --form").as_deref(), Some("--format"));
    assert_eq!(completed("cargo bui").as_deref(), Some("mine"));
    assert_eq!(completed("cargo initpat").as_deref(), Some("mine"));
}

/// What the action and the release say of archives has to be what cargo-binstall is told.
#[test]
fn the_archives_have_the_names_that_installers_look_for() {
    let read = |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let url = binstall["pkg-url"].as_str().unwrap();
    assert!(url.ends_with("/v{ version }/{ name }-{ target }{ archive-suffix }"), "{url}");
    assert_eq!(binstall["pkg-fmt"].as_str(), Some("tgz"));
    assert_eq!(binstall["bin-dir"].as_str(), Some("{ bin }{ binary-ext }"));
    let release = read(".github/workflows/release.yml");
    assert!(release.contains("archive=\"cargo-initpath-$TARGET.tgz\""), "{release}");
    // The binary lies at the top of the archive.
    assert!(release.contains("tar -C \"target/$TARGET/release\" -czf \"$archive\" \"$binary\""), "{release}");
    assert!(release.contains("tags: [\"v*\"]"), "{release}");
}

/// What is put into a script before the shell reads it can be a script of its own.
#[test]
fn no_input_of_the_action_is_part_of_a_script() {
    let action = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml")).unwrap();
    let mut script = None;
    let mut scripts = 0;
    for line in action.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("run:") {
            script = Some(indent);
            scripts += 1;
        } else if script.is_some_and(|start| indent <= start && !line.trim().is_empty()) {
            script = None;
        }
        assert!(script.is_none() || !line.contains("${{"), "{line}");
    }
    assert_eq!(scripts, 2);
}
