//! How the command is called: its names, its flags, its exit codes.

use std::fs;
use std::path::Path;

use crate::command::{FINDING, RULE, finish, fixture, folder, initpath, run, workspace};

/// Rule and place of each finding, in the order of the report.
fn findings(report: &serde_json::Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings are a list");
    findings
        .iter()
        .map(|finding| {
            let primary = &finding["primary"];
            format!("{} {} {}", finding["rule"], primary["file"], primary["line"])
        })
        .collect()
}

#[test]
fn as_a_cargo_subcommand_and_by_its_own_name_it_does_the_same() {
    let here = fixture("clean");
    for arguments in
        [&["rules"][..], &["list"], &["explain", "competing-pools"], &["--message-format", "json"]]
    {
        let with_token: Vec<&str> = std::iter::once("initpath").chain(arguments.iter().copied()).collect();
        let (through_cargo, alone) = (run(&here, &with_token), run(&here, arguments));
        assert_eq!(through_cargo.out, alone.out, "{arguments:?}");
        assert_eq!((through_cargo.code, alone.code), (Some(0), Some(0)));
    }
}

#[test]
fn shells_complete_the_command_behind_cargo_too() {
    for (shell, registers) in [
        ("bash", "complete -F _cargo__initpath__of_cargo"),
        ("fish", "complete --command cargo "),
        ("zsh", "_cargo-initpath"),
    ] {
        let script = run(Path::new("/"), &["completions", shell]);
        assert_eq!((script.code, script.err.as_str()), (Some(0), ""), "{shell}");
        assert!(script.out.contains(registers), "{shell}: {}", script.out);
    }
}

#[test]
fn help_says_how_to_call_it_and_what_the_exit_codes_mean() {
    let help = run(Path::new("/"), &["initpath", "--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for said in ["Usage: cargo initpath", "0  analysed", "1  analysed", "2  not done"] {
        assert!(help.out.contains(said), "{said} is missing: {}", help.out);
    }
}

#[test]
fn from_any_folder_the_report_is_the_same() {
    let root = fixture("three-managers");
    let manifest = root.join("Cargo.toml");
    let manifest = manifest.to_str().unwrap();
    let member = root.join("services/api/src");
    let from_root = run(&root, &["--message-format", "json"]);
    assert!(!findings(&from_root.json()).is_empty(), "the fixture has findings");
    for (folder, arguments) in [
        (Path::new("/"), &["--manifest-path", manifest][..]),
        (&member, &[]),
        (&member, &["--manifest-path", "../Cargo.toml"]),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--message-format", "json"]);
        let ended = run(folder, &arguments);
        assert_eq!(ended.out, from_root.out, "from {}", folder.display());
        assert_eq!(ended.code, from_root.code);
    }
}

#[test]
fn a_package_flag_narrows_the_report_to_it() {
    let root = fixture("three-managers");
    let with = |arguments: &[&str]| {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--message-format", "json"]);
        let ended = run(&root, &arguments);
        (findings(&ended.json()), ended.code)
    };
    let (whole, _) = with(&[]);
    let of_api = run(&root, &["--message-format", "json"]).json()["findings"].clone();
    let of_api: Vec<bool> = of_api.as_array().unwrap().iter().map(|one| one["binary"] == "api").collect();
    assert!(of_api.contains(&true), "the binary of `api` has findings, in another package");
    let mut narrowed = 0;
    for (package, folder) in [
        ("api", "services/api/"),
        ("worker", "services/worker/"),
        ("db-manager", "crates/db-manager/"),
        ("core-services", "crates/core/"),
    ] {
        let (inside, outside): (Vec<String>, Vec<String>) =
            whole.iter().cloned().partition(|finding| finding.contains(folder));
        narrowed += usize::from(!inside.is_empty());
        let code = |list: &[String]| Some(i32::from(!list.is_empty()));
        let is_of_it =
            |(finding, of_api): &(&String, &bool)| inside.contains(finding) || (package == "api" && **of_api);
        let asked: Vec<String> =
            whole.iter().zip(&of_api).filter(is_of_it).map(|(finding, _)| finding.clone()).collect();
        let only = (asked.clone(), code(&asked));
        assert_eq!(with(&["-p", package]), only, "{package}");
        let rest = (outside.clone(), code(&outside));
        assert_eq!(with(&["--exclude", package]), rest, "{package}");
        let all = (whole.clone(), code(&whole));
        assert_eq!(with(&["-p", package, "--workspace"]), all, "{package}");
    }
    assert!(narrowed > 0, "some package has findings: {whole:?}");
}

#[test]
fn what_is_left_out_is_counted_and_nothing_is_called_clean_because_of_it() {
    let root = fixture("three-managers");
    for (arguments, count) in [
        (&["-p", "database"][..], "3 findings in packages or paths that were not asked for"),
        (&["-p", "api"], "1 finding in packages or paths that were not asked for"),
        (&["-p", "api", "--exclude", "db-manager"], "3 findings in packages or paths"),
    ] {
        let out = run(&root, arguments).out;
        assert!(out.contains(count) && !out.contains("clean:"), "{arguments:?}: {out}");
        let json = run(&root, &[arguments, &["--format", "json"]].concat()).json();
        assert_eq!(json["summary"]["unselected"].to_string(), count[..1], "{json}");
    }
    let skipped = workspace("", &[("initpath.toml", b"[[path]]\npath = \"src/\"\nskip = true\n")]);
    let out = run(skipped.path(), &[]).out;
    assert!(out.contains("1 finding in packages or paths") && !out.contains("clean:"), "{out}");
    assert!(!run(skipped.path(), &["--format", "markdown"]).out.contains("Clean."));

    let lowered = workspace("", &[]);
    let out = run(lowered.path(), &["-A", RULE]).out;
    assert!(out.contains("1 finding not shown") && !out.contains("clean:"), "{out}");

    let none = run(&fixture("quickstart"), &["-p", "quickstart", "--exclude", "quickstart"]);
    assert_eq!((none.code, none.out.as_str()), (Some(2), ""));
    assert!(none.err.contains("no package is left"), "{}", none.err);
}

#[test]
fn unknown_names_are_refused_with_a_suggestion() {
    let root = fixture("three-managers");
    for (arguments, suggestion) in [
        (&["-p", "db-manger"][..], "did you mean `db-manager`?"),
        (&["--exclude", "databaze"], "did you mean `database`?"),
        (&["-D", "competing-pool"], "did you mean `competing-pools`?"),
        (&["explain", "check-then-int"], "did you mean `check-then-init`?"),
        (&["--message-formt", "json"], "--message-format"),
    ] {
        let ended = run(&root, arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains(suggestion), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn the_exit_code_is_0_when_clean_1_with_findings_and_2_when_not_all_was_analysed() {
    for (name, code) in [("clean", 0), ("no-database", 0), ("quickstart", 1), ("broken", 2)] {
        for format in ["human", "short", "json", "github"] {
            let ended = run(&fixture(name), &["--message-format", format]);
            assert_eq!(ended.code, Some(code), "{name} {format}: {ended:?}");
        }
    }
}

#[test]
fn exit_zero_hides_findings_and_keep_going_hides_gaps_and_neither_hides_the_other() {
    let code = |name: &str, arguments: &[&str]| run(&fixture(name), arguments).code;
    assert_eq!(code("quickstart", &["--exit-zero"]), Some(0));
    assert_eq!(code("broken", &["--exit-zero"]), Some(2));
    assert_eq!(code("broken", &["--keep-going"]), Some(0));
    assert_eq!(code("quickstart", &["--keep-going"]), Some(1));

    let both = workspace("mod gap;\n", &[]);
    let code = |arguments: &[&str]| run(both.path(), arguments).code;
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["--exit-zero"]), Some(2));
    assert_eq!(code(&["--keep-going"]), Some(1));
    assert_eq!(code(&["--keep-going", "--exit-zero"]), Some(0));
}

#[test]
fn the_last_level_given_for_a_rule_wins() {
    let one_finding = workspace("", &[]);
    let ended = |arguments: &[&str]| {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--message-format", "short"]);
        let ended = run(one_finding.path(), &arguments);
        (ended.code, ended.out)
    };
    let (code, shown) = ended(&[]);
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.starts_with(FINDING), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");

    let warned = shown.replace("deny[", "warn[");
    let rule = RULE;
    for (arguments, code, text) in [
        (&["-A", rule][..], 0, ""),
        (&["-W", rule], 0, warned.as_str()),
        (&["-W", rule, "-D", "warnings"], 1, shown.as_str()),
        (&["-D", "warnings", "-W", rule], 0, warned.as_str()),
        (&["-D", rule, "-A", rule], 0, ""),
        (&["-A", rule, "-D", rule], 1, shown.as_str()),
        (&["-A", rule, "check", "-W", rule], 0, warned.as_str()),
    ] {
        assert_eq!(ended(arguments), (Some(code), text.to_owned()), "{arguments:?}");
    }
}

#[test]
fn without_cargo_the_findings_are_the_same() {
    for name in ["quickstart", "three-managers", "clean"] {
        let arguments = ["--message-format", "json"];
        let with = run(&fixture(name), &arguments);
        let without = finish(initpath(&fixture(name), &arguments).env_remove("CARGO").env("PATH", ""));
        let (with_json, without_json) = (with.json(), without.json());
        assert_eq!(with_json["findings"], without_json["findings"], "{name}");
        assert_eq!(with_json["summary"]["coverage"], without_json["summary"]["coverage"], "{name}");
        assert_eq!(with.code, without.code, "{name}");
        assert_eq!(
            without_json["problems"][0]["kind"], "cargo-unavailable",
            "the report says that manifests were read instead"
        );
    }
}

#[test]
fn a_catalog_of_ones_own_is_read_and_a_wrong_one_is_refused_with_its_place() {
    let files = folder(&[("own.toml", b"package = \"acme-db\"\ntypos = []\n")]);
    let own = files.path().join("own.toml");
    let ended = run(&fixture("clean"), &["--catalog", own.to_str().unwrap()]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert!(ended.err.contains("own.toml:2:1"), "{}", ended.err);

    fs::write(&own, "package = \"acme-db\"\n").unwrap();
    let ended = run(&fixture("clean"), &["--catalog", own.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn a_report_and_a_graph_are_written_in_their_own_formats() {
    let here = fixture("quickstart");
    let kept = folder(&[]);
    let file = kept.path().join("written");
    for (command, format) in
        [("report", "json"), ("report", "html"), ("graph", "svg"), ("graph", "json"), ("inventory", "json")]
    {
        let printed = run(&here, &[command, "--format", format]);
        assert_eq!(printed.code, Some(0), "{printed:?}");
        let to_stdout = run(&here, &[command, "--output", &format!("{format}=-")]);
        assert_eq!((to_stdout.code, &to_stdout.out), (Some(0), &printed.out), "{command} {format}");
        let to_file = run(&here, &[command, "--output", &format!("{format}={}", file.display())]);
        assert_eq!((to_file.code, to_file.out.as_str()), (Some(0), ""), "{command} {format}: {to_file:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), printed.out, "{command} {format}");
        assert_eq!(run(&here, &["--format", format, command]).out, printed.out, "{command} {format}");
    }
    for (arguments, said) in [
        (
            &["report", "--output", "sarif=-"][..],
            "`report` cannot print `sarif`; it prints markdown, json or html",
        ),
        (
            &["graph", "--output", "html=-"],
            "`graph` cannot print `html`; it prints tree, mermaid, dot, svg or json",
        ),
        (&["graph", "--output", "treee=-"], "there is no format `treee`; did you mean `tree`?"),
        (&["--format", "svg", "report"], "`report` cannot print `svg`"),
        (&["--format", "mermaid"], "`check` cannot print `mermaid`"),
        (&["--format", "json", "--output", "sarif=x.sarif"], "add `--output json=-` for stdout"),
    ] {
        let refused = run(&here, arguments);
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
    }
}

#[test]
fn a_flag_before_the_command_counts_or_is_refused() {
    let here = fixture("quickstart");
    for arguments in [
        &["--since", "HEAD", "graph"][..],
        &["--statistics", "graph"],
        &["--no-baseline", "inventory"],
        &["--changed=src/main.rs", "inventory"],
        &["--explain", "competing-pools", "check"],
        &["-p", "quickstart", "rules"],
        &["--output", "bash.sh", "completions", "bash"],
        &["--since", "HEAD", "report", "--patch"],
    ] {
        let refused = run(&here, arguments);
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{arguments:?}");
        let flag = arguments[0].split('=').next().unwrap().trim_start_matches("-p");
        assert!(refused.err.contains(flag), "{arguments:?}: {}", refused.err);
    }
    let before = run(&here, &["--since", "nonsense-revision", "report"]);
    let after = run(&here, &["report", "--since", "nonsense-revision"]);
    assert_eq!((before.code, &before.err), (Some(2), &after.err), "{before:?}");
    assert_eq!(run(&here, &["--statistics", "check"]).out, run(&here, &["check", "--statistics"]).out);
}

#[test]
fn a_command_behind_changed_files_is_not_taken_for_a_file() {
    let here = fixture("quickstart");
    let ended = run(&here, &["--changed", "src/main.rs", "inventory"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.err.contains("write the command first: `cargo initpath inventory …`"), "{}", ended.err);
}

#[test]
fn the_help_of_a_command_lists_what_it_takes_and_how_it_ends() {
    let folder = fixture("clean");
    let help = |command: &str| run(&folder, &[command, "--help"]).out;
    let check = help("check");
    for said in ["--exit-zero", "--deny", "--keep-going", "1  analysed", "sarif", "--threads"] {
        assert!(check.contains(said), "check: no `{said}` in {check}");
    }
    for command in ["inventory", "graph", "report", "baseline", "explain"] {
        let text = help(command);
        for foreign in ["--exit-zero", "1  analysed", "sarif", "--since <REV>\n"] {
            assert!(!text.contains(foreign), "{command}: `{foreign}` in {text}");
        }
        assert!(text.contains("2  not done"), "{command}: {text}");
        assert_eq!(run(&folder, &[command, "--exit-zero"]).code, Some(2), "{command}");
    }
    for (command, absent) in [
        ("inventory", "--deny"),
        ("graph", "--deny"),
        ("baseline", "--keep-going"),
        ("explain", "--message-format"),
        ("rules", "sarif"),
    ] {
        assert!(!help(command).contains(absent), "{command}: {}", help(command));
    }
}
