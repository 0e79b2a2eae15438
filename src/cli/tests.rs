//! The command line without a process: what goes where, and which code a run ends with.

use std::io;

use super::*;
use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::{FileId, Location, Span};
use crate::settle::{LevelOverride, LevelTarget, Policy, Settled};

/// Outcome, stdout and stderr of a run.
fn run_with(arguments: &[&str], environment: &Environment) -> (Outcome, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("cargo-initpath").chain(arguments.iter().copied()).map(OsString::from);
    let outcome = run(arguments, environment, &mut out, &mut err);
    (outcome, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn run_plain(arguments: &[&str]) -> (Outcome, String, String) {
    run_with(arguments, &Environment::default())
}

fn configured(arguments: &[&str]) -> Options {
    let arguments = std::iter::once("cargo-initpath").chain(arguments.iter().copied()).map(OsString::from);
    match options::configure(arguments.collect(), &Environment::default()) {
        Ok(options) => options,
        Err(Stop::Answered(text) | Stop::Refused(text)) => panic!("{text}"),
    }
}

fn analysis_of(options: &Options) -> &AnalysisOptions {
    match &options.task {
        Task::Analyse(wanted, _) => wanted,
        _ => panic!("an analysis"),
    }
}

fn policy(arguments: &[&str]) -> Policy {
    analysis_of(&configured(arguments)).policy.clone()
}

fn a_rule() -> &'static str {
    rules::table()[0].name
}

#[test]
fn help_says_how_to_call_it_and_what_the_exit_codes_mean() {
    for arguments in [&["--help"][..], &["-h"], &["initpath", "--help"], &["help"], &["check", "--help"]] {
        let (outcome, out, err) = run_plain(arguments);
        assert_eq!((outcome, err.as_str()), (Outcome::Clean, ""), "{arguments:?}");
        assert!(out.contains("Usage: cargo initpath"), "{out}");
        for code in ["0  analysed", "1  analysed", "2  not done", "`--exit-zero` turns 1 into 0, never 2"] {
            assert!(out.contains(code), "{code} is missing from {out}");
        }
    }
}

#[test]
fn cargos_token_is_dropped_only_in_front() {
    assert_eq!(run_plain(&["initpath", "list"]), run_plain(&["list"]));
    let (outcome, _, err) = run_plain(&["list", "initpath"]);
    assert_eq!(outcome, Outcome::NotDone, "{err}");
    assert_eq!(run_plain(&["initpath", "initpath"]).0, Outcome::NotDone);
}

#[test]
fn help_obeys_the_colour_rules() {
    let colored =
        |arguments: &[&str], environment: &Environment| run_with(arguments, environment).1.contains('\u{1b}');
    let terminal = Environment { stdout_is_terminal: true, ..Environment::default() };
    assert!(!colored(&["--help"], &Environment::default()));
    assert!(colored(&["--help"], &terminal));
    assert!(colored(&["--help", "--color", "always"], &Environment::default()));
    assert!(!colored(&["--color=never", "--help"], &terminal));
}

#[test]
fn mistakes_of_usage_exit_with_2_and_print_nothing_on_stdout() {
    let cases: &[&[&str]] = &[
        &["nonsense"],
        &["--nonsense"],
        &["check", "--message-format", "xml"],
        &["--threads", "0"],
        &["inventory", "--message-format", "github"],
        &["explain", "src/main.rs:12"],
        &["-D", "no-such-rule-anywhere"],
        &["-q", "-v"],
    ];
    for arguments in cases {
        let (outcome, out, err) = run_plain(arguments);
        assert_eq!((outcome.code(), out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.starts_with("error:"), "{arguments:?}: {err}");
    }
}

#[test]
fn an_unknown_rule_gets_a_suggestion() {
    let almost = format!("{}s", a_rule());
    for arguments in [&["explain", &almost][..], &["-A", &almost], &["--explain", &almost]] {
        let (outcome, _, err) = run_plain(arguments);
        assert_eq!(outcome, Outcome::NotDone);
        assert!(err.contains(&format!("did you mean `{}`?", a_rule())), "{err}");
    }
}

#[test]
fn explain_prints_the_page_with_one_example_of_each_kind_and_nothing_else() {
    let rule = &rules::table()[0];
    let examples = |text: &str| text.lines().filter(|line| line.starts_with("### ")).count();
    for name in [a_rule().to_owned(), format!("initpath::{}", a_rule())] {
        let short = run_plain(&["explain", &name]);
        assert_eq!(short, run_plain(&["--explain", &name]));
        let (outcome, page, err) = short;
        assert_eq!((outcome, err.as_str()), (Outcome::Clean, ""));
        assert!(page.starts_with(&format!("# {}\n\n{}\n", rule.name, rule.summary)), "{page}");
        assert_eq!(examples(&page), 2, "{page}");
        assert!(page.contains("## How to fix") && !page.contains("//~"), "{page}");
        let (_, whole, _) = run_plain(&["explain", &name, "--examples"]);
        assert_eq!(examples(&whole), examples(rule.page));
        assert!(!whole.contains("--examples"), "{whole}");
    }
}

#[test]
fn rules_lists_every_rule_for_people_and_machines() {
    let (_, human, _) = run_plain(&["rules"]);
    let (_, json, _) = run_plain(&["list", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for (rule, wire) in rules::all().iter().zip(json["rules"].as_array().unwrap()) {
        assert!(human.contains(rule.name), "{human}");
        assert_eq!(wire["name"], rule.name);
        assert_eq!(wire["page"], rule.page);
        assert!(wire["level"].is_string() && wire["status"].is_string() && wire["since"].is_string());
    }
    assert_eq!(json["rules"].as_array().unwrap().len(), rules::all().len());
}

#[test]
fn a_former_name_of_a_rule_still_works_with_a_note() {
    let Some(rule) = rules::table().iter().find(|rule| !rule.aliases.is_empty()) else {
        return;
    };
    let alias = rule.aliases[0].as_str();
    let (outcome, out, err) = run_plain(&["explain", alias]);
    assert_eq!((outcome, out), (Outcome::Clean, run_plain(&["explain", rule.name]).1));
    assert!(err.contains(&format!("`{alias}` is now called `{}`", rule.name)), "{err}");
}

#[test]
fn levels_keep_the_order_in_which_they_were_given() {
    let rule = LevelTarget::Rule(a_rule());
    let expected = [
        LevelOverride { target: rule, level: Level::Warn },
        LevelOverride { target: LevelTarget::Warnings, level: Level::Deny },
        LevelOverride { target: rule, level: Level::Allow },
        LevelOverride { target: LevelTarget::Warnings, level: Level::Deny },
    ];
    let given = ["-W", a_rule(), "-Dwarnings", "--allow", a_rule(), "-D", "warnings"];
    assert_eq!(policy(&given).overrides, expected);
    let apart = ["-W", a_rule(), "-Dwarnings", "check", "--allow", a_rule(), "--deny=warnings"];
    assert_eq!(policy(&apart).overrides, expected, "flags before the command come first");
}

#[test]
fn flags_before_and_after_the_command_add_up() {
    let given =
        ["-p", "a", "--offline", "--min-confidence", "low", "check", "-p", "b", "--all", "--keep-going"];
    let options = configured(&given);
    let analysis = analysis_of(&options);
    assert_eq!(analysis.request.packages, ["a", "b"]);
    assert!(analysis.request.offline && analysis.request.whole_workspace && !analysis.request.locked);
    assert!(analysis.keep_going && !analysis.exit_zero);
    assert_eq!(analysis.min_confidence, Some(Confidence::Low));
}

#[test]
fn without_flags_the_defaults_hold() {
    let options = configured(&[]);
    assert!(matches!(options.task, Task::Analyse(_, Purpose::Check)));
    assert_eq!(
        (options.outputs[0].format, options.verbose, options.quiet, options.outputs[0].color),
        (Format::Human, 0, false, false)
    );
    assert_eq!(policy(&[]).min_confidence, Confidence::Medium);
}

#[test]
fn the_exit_code_follows_the_table() {
    let report = |level: Option<Level>, complete| Report {
        findings: level.map(settled).into_iter().collect(),
        allowed: 3,
        complete,
        ..Report::default()
    };
    let code = |flags: &[&str], level, complete| {
        Outcome::of_check(&report(level, complete), analysis_of(&configured(flags))).code()
    };
    let (exit_zero, keep_going, both) = (["--exit-zero"], ["--keep-going"], ["--exit-zero", "--keep-going"]);
    let cases: [(&[&str], Option<Level>, bool, u8); 11] = [
        (&[], None, true, 0),
        (&[], Some(Level::Warn), true, 0),
        (&[], Some(Level::Deny), true, 1),
        (&exit_zero, Some(Level::Deny), true, 0),
        (&[], None, false, 2),
        (&[], Some(Level::Deny), false, 2),
        (&exit_zero, None, false, 2),
        (&exit_zero, Some(Level::Deny), false, 2),
        (&keep_going, None, false, 0),
        (&keep_going, Some(Level::Deny), false, 1),
        (&both, Some(Level::Deny), false, 0),
    ];
    for (flags, level, complete, expected) in cases {
        assert_eq!(code(flags, level, complete), expected, "{flags:?} {level:?} complete: {complete}");
    }
}

fn settled(level: Level) -> Settled {
    let location =
        Location { file: FileId(0), span: Span { line: 1, column: 1, end_line: 1, end_column: 2 } };
    let finding = Finding {
        rule: a_rule(),
        confidence: Confidence::High,
        message: String::new(),
        help: String::new(),
        silent_if: String::new(),
        primary: Evidence { location, role: Role::InitSite, label: String::new() },
        evidence: Vec::new(),
        path: Vec::new(),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: Vec::new(),
    };
    Settled { finding, category: "", level, fingerprint: String::new(), may_be_baselined: true }
}

/// A stream whose every write fails.
struct Closed(ErrorKind);

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_reader_that_went_away_is_no_error_but_a_full_disk_is() {
    let mut err = Vec::new();
    for arguments in [["cargo-initpath", "rules"], ["cargo-initpath", "--help"]] {
        let arguments = arguments.map(OsString::from);
        let environment = Environment::default();
        let gone = run(arguments.clone(), &environment, &mut Closed(ErrorKind::BrokenPipe), &mut err);
        assert_eq!((gone, err.is_empty()), (Outcome::Clean, true));
        let full = run(arguments, &environment, &mut Closed(ErrorKind::StorageFull), &mut Vec::new());
        assert_eq!(full, Outcome::NotDone);
    }
}

#[test]
fn a_closed_stderr_is_no_reason_to_panic() {
    let arguments = ["cargo-initpath", "nonsense"].map(OsString::from);
    let mut closed = Closed(ErrorKind::BrokenPipe);
    assert_eq!(run(arguments, &Environment::default(), &mut Vec::new(), &mut closed), Outcome::NotDone);
}

#[test]
fn colours_are_for_the_terminal_and_not_for_a_file_beside_it() {
    let environment = Environment { stdout_is_terminal: true, ..Environment::default() };
    let arguments = ["cargo-initpath", "--output", "human=a.txt", "--output", "short=-"].map(OsString::from);
    let Ok(options) = options::configure(arguments.to_vec(), &environment) else { panic!("it is right") };
    let colors: Vec<bool> = options.outputs.iter().map(|output| output.color).collect();
    assert_eq!(colors, [false, true]);
}

#[test]
fn statistics_are_one_text() {
    for arguments in [
        &["--statistics", "--message-format", "json"][..],
        &["check", "--statistics", "--output", "a.txt", "--output", "b.txt"],
    ] {
        let (outcome, out, err) = run_plain(arguments);
        assert_eq!((outcome, out.as_str()), (Outcome::NotDone, ""), "{arguments:?}");
        assert!(err.contains("`check --statistics`"), "{err}");
    }
}
