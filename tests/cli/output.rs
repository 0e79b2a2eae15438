//! What goes where: the report on stdout, everything else on stderr, in colour or not, in every format the same.

use std::fs;
use std::process::Stdio;

use crate::command::{finish, fixture, folder, initpath, run, wait, workspace};

#[test]
fn stdout_is_the_report_and_nothing_else() {
    let here = fixture("quickstart");
    for format in ["human", "short", "json", "github"] {
        let silent = run(&here, &["--message-format", format]);
        assert_eq!(silent.err, "", "{format}: nobody asked for narration");
        let told = run(&here, &["--message-format", format, "-vv"]);
        assert_eq!(told.out, silent.out, "{format}");
        for said in ["analysed 1 package (found by cargo metadata), 5 files", "total"] {
            assert!(told.err.contains(said), "{said} is missing: {}", told.err);
        }
    }
    let json = run(&here, &["--message-format", "json", "-vv"]).json();
    assert_eq!(json["tool"]["name"], "initpath");
}

#[test]
fn a_reader_that_goes_away_early_is_no_error() {
    for name in ["quickstart", "clean"] {
        let mut command = initpath(&fixture(name), &[]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let code = wait(&mut child, &command);
        let err = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(err, "", "{name}");
        assert_eq!(code, Some(i32::from(name == "quickstart")), "{name}");
    }
}

#[test]
fn colours_follow_the_flag_then_the_environment() {
    let here = fixture("quickstart");
    let colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let ended = finish(initpath(&here, arguments).envs(variables.iter().copied()));
        ended.out.contains('\u{1b}')
    };
    assert!(!colored(&[], &[]), "a pipe gets no colours");
    assert!(colored(&["--color", "always"], &[]));
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(colored(&[], &[("CARGO_TERM_COLOR", "always")]));
    assert!(!colored(&["--color", "never"], &[("CARGO_TERM_COLOR", "always")]));
    for format in ["short", "json", "github"] {
        let arguments = ["--color", "always", "--message-format", format];
        assert!(!colored(&arguments, &[]), "{format} is read by programs");
    }
}

#[test]
fn output_writes_the_report_to_a_file_and_says_why_when_it_cannot() {
    let here = fixture("quickstart");
    let kept = folder(&[]);
    let file = kept.path().join("report.json");
    let arguments = ["--message-format", "json", "--output", file.to_str().unwrap()];
    let written = run(&here, &arguments);
    assert_eq!((written.code, written.out.as_str()), (Some(1), ""));
    let printed = run(&here, &["--message-format", "json"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), printed.out);

    let nowhere = kept.path().join("no/such/folder/report.json");
    let refused = run(&here, &["--output", nowhere.to_str().unwrap()]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    assert!(refused.err.contains("report.json"), "{}", refused.err);
    assert!(refused.err.contains("cannot be written"), "{}", refused.err);
}

#[test]
fn every_format_has_the_same_findings() {
    let here = fixture("quickstart");
    let text = |format| run(&here, &["--message-format", format]).out;
    let json = run(&here, &["--message-format", "json"]).json();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3);
    let (human, short, github) = (text("human"), text("short"), text("github"));
    assert_eq!(short.lines().count(), findings.len());
    assert_eq!(github.lines().count(), findings.len());
    for (finding, line) in findings.iter().zip(short.lines()) {
        let (primary, said) = (&finding["primary"], |key: &str| finding[key].as_str().unwrap().to_owned());
        let file = primary["file"].as_str().unwrap();
        let place = format!("{file}:{}:{}", primary["line"], primary["column"]);
        let (level, rule, message) = (said("level"), said("rule"), said("message"));
        assert_eq!(line, format!("{place}: {level}[{rule}] {message}"));
        assert!(human.contains(&format!("{level}[{rule}]: {message}\n")));
        assert!(human.contains(&format!("[{place}]")), "{human}");
        assert!(
            github.lines().any(|line| line.starts_with("::error file=")
                && line.contains(&place)
                && line.contains(&rule)
                && line.contains(&message)),
            "{github}"
        );
    }
}

#[test]
fn a_clean_run_says_what_was_looked_at() {
    let clean = run(&fixture("clean"), &[]).out;
    assert!(clean.starts_with("clean: "), "{clean}");
    for said in [
        "env DATABASE_URL",
        "1 package, 5 files",
        "init site",
        "handlers",
        "% of calls on their paths resolved",
    ] {
        assert!(clean.contains(said), "{said} is missing: {clean}");
    }
    let none = run(&fixture("no-database"), &[]).out;
    assert!(none.starts_with("clean: no database handle is created in production code\n"), "{none}");
}

#[test]
fn doors_whose_resource_is_not_known_are_counted_apart() {
    let main = "pub async fn open(url: &str) -> sqlx::Result<sqlx::PgPool> {\n    sqlx::PgPool::connect(url).await\n}\n";
    let here = workspace("", &[("src/main.rs", b"fn main() {}\n"), ("src/lib.rs", main.as_bytes())]);
    let clean = run(here.path(), &[]).out;
    assert!(clean.starts_with("clean: 1 door whose resource is not known\n"), "{clean}");
    assert!(clean.contains("1 init site, 0 resources"), "{clean}");
}

#[test]
fn quiet_prints_findings_only() {
    let clean = run(&fixture("clean"), &["-q"]);
    assert_eq!((clean.code, clean.out.as_str(), clean.err.as_str()), (Some(0), "", ""));
    let found = run(&fixture("quickstart"), &["-q"]).out;
    assert!(found.contains("deny[competing-pools]"), "{found}");
    assert!(!found.contains("1 package"), "{found}");
}

#[test]
fn the_readme_shows_what_quickstart_prints() {
    let report = run(&fixture("quickstart"), &[]).out;
    let start = report.find("deny[competing-pools]").expect("quickstart has a second pool");
    let end = report[start..].find("\n\n").expect("a finding ends") + start;
    let printed = &report[start..=end];

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(path).unwrap();
    let (before, rest) =
        readme.split_once("```text\n").expect("the README's first `text` block is the example of output");
    let (shown, after) = rest.split_once("```").expect("the block ends");
    if std::env::var_os("INITPATH_UPDATE").is_some_and(|value| value == "1") {
        fs::write(path, format!("{before}```text\n{printed}```{after}")).unwrap();
    } else {
        assert_eq!(shown, printed, "run the tests once with INITPATH_UPDATE=1 to renew the README's example");
    }
}
