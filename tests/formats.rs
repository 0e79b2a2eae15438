//! The same findings in every format: what goes in comes out, complete, escaped and the same bytes every time.

use initpath::finding::{Confidence, Evidence, Finding, Hop, Role};
use initpath::location::{FileId, Location, Span};
use initpath::problem::{Problem, ProblemKind};
use initpath::report::{Format, Style, render};
use initpath::rules::RuleInfo;
use initpath::settle::{Coverage, Level, Policy, Report, ResourceSummary, SettleInput, settle};
use initpath::workspace::SourceFile;
use proptest::prelude::{Strategy, any, prop_assert, proptest};

const MAIN: &str = "\
use crate::db;

async fn run_server(config: Config) -> Result<()> {
\tlet db_pool = db::create_pool(&config).await?;
    serve_http(db_pool);


    // 池 is the pool of the gRPC server


    let grpc_addr = config.grpc_addr;
    let 池 = db::create_pool(&config).await?;
    serve_grpc(grpc_addr, 池)
}
";

fn files() -> Vec<SourceFile> {
    vec![
        SourceFile { path: "src/main.rs".into(), text: MAIN.into() },
        SourceFile {
            path: "src/state.rs".into(),
            text: "pub struct State {\n    pub pool: PgPool,\n}\n".into(),
        },
        SourceFile { path: "src/odd,name: 100%.rs".into(), text: "fn f() {}\n".into() },
    ]
}

fn location(file: u32, line: u32, column: u32, end_column: u32) -> Location {
    Location { file: FileId(file), span: Span { line, column, end_line: line, end_column } }
}

fn evidence(role: Role, label: &str, location: Location) -> Evidence {
    Evidence { location, role, label: label.into() }
}

fn second_pool() -> Finding {
    Finding {
        rule: "competing-pools",
        confidence: Confidence::High,
        message: "a second pool to postgres `DATABASE_URL` is created for the gRPC server".into(),
        help: "pass `db_pool.clone()`: a clone shares the connections".into(),
        silent_if: "one of them is closed in this function or has another address".into(),
        primary: evidence(Role::InitSite, "second pool", location(0, 12, 13, 37)),
        evidence: vec![
            evidence(Role::InitSite, "first pool, same address", location(0, 4, 16, 40)),
            evidence(Role::Holder, "kept in the application state", location(1, 2, 9, 13)),
        ],
        path: vec![
            Hop { label: "main".into(), location: location(0, 1, 1, 2) },
            Hop { label: "run_server".into(), location: location(0, 3, 1, 2) },
        ],
        notes: vec!["both run: no branch between them".into()],
        binary: Some("app".into()),
        resource: Some("postgres:env.DATABASE_URL".into()),
        identity: vec!["app::run_server".into(), "postgres:env.DATABASE_URL".into()],
    }
}

fn at(line: u32, message: &str) -> Finding {
    Finding {
        message: message.into(),
        primary: evidence(Role::InitSite, "here", location(0, line, 1, 3)),
        evidence: Vec::new(),
        path: Vec::new(),
        ..second_pool()
    }
}

fn problem() -> Problem {
    Problem {
        file: "src/x.rs".into(),
        line: 3,
        column: 1,
        kind: ProblemKind::UnparsedFile,
        message: "expected `;`".into(),
    }
}

fn rules() -> Vec<RuleInfo> {
    let rule = |name, level| RuleInfo {
        name,
        category: "competing-init",
        level,
        status: "stable",
        since: "0.1.0",
        summary: "summary".into(),
        page: "page",
        aliases: Vec::new(),
    };
    vec![rule("competing-pools", Level::Deny), rule("shallow-readiness", Level::Warn)]
}

fn report(findings: Vec<Finding>, problems: Vec<Problem>) -> Report {
    let coverage = Coverage {
        packages: 1,
        files: 3,
        functions: 9,
        init_sites: 2,
        resources: 1,
        handlers: 4,
        calls: 100,
        calls_resolved: 90,
        path_calls: 25,
        path_calls_resolved: 24,
        ..Coverage::default()
    };
    let resources = vec![ResourceSummary {
        driver: "postgres".into(),
        address: Some("env DATABASE_URL".into()),
        doors: vec!["one pool, app::db::connect".into()],
    }];
    let (files, rules) = (files(), rules());
    let input = SettleInput {
        findings,
        problems,
        coverage,
        resources,
        files: &files,
        rules: &rules,
        selected: &|_, _| true,
        directives: &[],
        baseline: None,
        changed: None,
    };
    settle(input, &Policy::default())
}

fn text(format: Format, report: &Report) -> String {
    render(format, report, &files(), &Style::default())
}

fn json(report: &Report) -> serde_json::Value {
    serde_json::from_str(&text(Format::Json, report)).expect("the json format prints JSON")
}

fn assert_valid(value: &serde_json::Value, schema: &str) {
    let schema: serde_json::Value = serde_json::from_str(schema).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema is valid itself");
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn every_format_prints_every_finding_and_every_problem() {
    let mut findings: Vec<Finding> = (1..=7).map(|line| at(line, "same rule")).collect();
    findings.push(Finding { rule: "shallow-readiness", ..at(8, "warned") });
    let report = report(findings, vec![problem()]);

    let json = json(&report);
    assert_eq!(json["findings"].as_array().unwrap().len(), 8);
    assert_eq!((&json["summary"]["deny"], &json["summary"]["warn"]), (&7.into(), &1.into()));
    assert_eq!(json["problems"].as_array().unwrap().len(), 1);
    assert_eq!(text(Format::Short, &report).lines().count(), 9);
    let human = text(Format::Human, &report);
    let heads = |start: &str| human.lines().filter(|line| line.starts_with(start)).count();
    // What says the same of one function stands together, with every place.
    assert_eq!((heads("deny["), heads("warn["), heads("problem[")), (1, 1, 1));
    assert!(human.contains("6 further findings of the kind:"), "{human}");
    for line in 1..=8 {
        assert!(human.contains(&format!("src/main.rs:{line}:1")), "{line} is missing in {human}");
    }
    let github = text(Format::Github, &report);
    let commands = |start: &str| github.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((commands("::error "), commands("::warning ")), (8, 1));
}

#[test]
fn json_is_valid_by_the_schema_in_the_tree_and_carries_everything() {
    let nowhere = Problem { file: String::new(), line: 0, column: 0, ..problem() };
    let json = json(&report(vec![second_pool()], vec![problem(), nowhere]));
    assert_valid(&json, include_str!("../rules/schema/report.json"));
    let finding = &json["findings"][0];
    assert_eq!(finding["fingerprint"], "competing-pools:app::run_server:postgres:env.DATABASE_URL");
    assert_eq!(finding["primary"]["file"], "src/main.rs");
    assert_eq!(finding["primary"]["end_column"], 37);
    assert_eq!(finding["evidence"][0]["line"], 4);
    assert_eq!(finding["evidence"][1]["role"], "holder");
    assert_eq!(finding["path"][1]["label"], "run_server");
    assert!(finding["suppressed"].is_null());
    assert!(json["problems"][0]["file"].is_null());
    assert_eq!(json["problems"][1]["line"], 3);
    assert_eq!((&json["version"], &json["summary"]["complete"]), (&1.into(), &false.into()));
}

#[test]
fn a_report_that_lacks_a_field_is_not_valid() {
    let mut json = json(&report(vec![second_pool()], Vec::new()));
    json["findings"][0].as_object_mut().unwrap().remove("rule");
    let schema = serde_json::from_str(include_str!("../rules/schema/report.json")).unwrap();
    assert!(!jsonschema::is_valid(&schema, &json), "the schema is too weak to tell");
}

#[test]
fn human_tells_what_where_how_why_and_what_to_do() {
    assert_eq!(text(Format::Human, &report(vec![second_pool()], vec![problem()])), "\
deny[competing-pools]: a second pool to postgres `DATABASE_URL` is created for the gRPC server
    ╭─[src/main.rs:12:13]
 11 │     let grpc_addr = config.grpc_addr;
 12 │     let 池 = db::create_pool(&config).await?;
    ·              ────────────┬───────────
    ·                          ╰── second pool
 13 │     serve_grpc(grpc_addr, 池)
    ╰────
   ╭─[src/main.rs:4:16]
 3 │ async fn run_server(config: Config) -> Result<()> {
 4 │     let db_pool = db::create_pool(&config).await?;
   ·                   ────────────┬───────────
   ·                               ╰── first pool, same address
 5 │     serve_http(db_pool);
   ╰────
   ╭─[src/state.rs:2:9]
 1 │ pub struct State {
 2 │     pub pool: PgPool,
   ·         ──┬─
   ·           ╰── kept in the application state
 3 │ }
   ╰────
  path: main (src/main.rs:1) → run_server (src/main.rs:3)
  both run: no branch between them
  help: pass `db_pool.clone()`: a clone shares the connections
  silent if: one of them is closed in this function or has another address
  confidence high · binary app · explain: cargo initpath explain competing-pools

problem[unparsed-file]: expected `;`
  at src/x.rs:3:1

1 finding (1 deny), 1 problem in 1 package, 3 files · 2 init sites, 1 resource, 4 handlers · 96 % of calls on their paths resolved
incomplete: selected code was not analysed, so silence about it means nothing
");
}

#[test]
fn a_clean_run_says_what_it_looked_at() {
    assert_eq!(
        text(Format::Human, &report(Vec::new(), Vec::new())),
        "\
clean: 1 resource with one door
  postgres  env DATABASE_URL  one pool, app::db::connect
1 package, 3 files · 2 init sites, 1 resource, 4 handlers · 96 % of calls on their paths resolved
"
    );
}

#[test]
fn an_incomplete_run_is_never_called_clean() {
    let human = text(Format::Human, &report(Vec::new(), vec![problem()]));
    assert!(!human.contains("clean"), "{human}");
    assert!(human.contains("incomplete"), "{human}");
}

#[test]
fn what_is_not_shown_is_counted() {
    let low = Finding { confidence: Confidence::Low, ..second_pool() };
    let report = report(vec![low, at(1, "shown")], Vec::new());
    assert!(text(Format::Human, &report).contains("1 finding not shown"));
    assert_eq!(json(&report)["summary"]["allow"], 1);
}

#[test]
fn places_close_together_share_an_excerpt_and_many_places_are_listed() {
    let near = evidence(Role::Write, "written here", location(0, 13, 5, 15));
    let human =
        text(Format::Human, &report(vec![Finding { evidence: vec![near], ..second_pool() }], Vec::new()));
    assert_eq!(human.matches("╭─[").count(), 1, "{human}");
    assert!(human.contains("written here"), "{human}");

    let many =
        (0..40).map(|n| evidence(Role::Handler, &format!("GET /{n}"), location(1, 2, 5, 8 + n))).collect();
    let human = text(Format::Human, &report(vec![Finding { evidence: many, ..second_pool() }], Vec::new()));
    assert!(human.contains("handler  src/state.rs:2:5"), "{human}");
    assert!(human.contains("│ pub pool: PgPool,"), "{human}");
    assert!(human.contains("25 more places"), "{human}");
}

#[test]
fn colours_are_written_only_when_asked_for() {
    let report = report(vec![second_pool()], vec![problem()]);
    for format in Format::ALL {
        assert!(!text(format, &report).contains('\u{1b}'), "{format:?}");
    }
    let style = Style { color: true, ..Style::default() };
    let colored = render(Format::Human, &report, &files(), &style);
    assert!(colored.starts_with("\u{1b}[1;31mdeny[competing-pools]\u{1b}[0m: "), "{colored}");
}

#[test]
fn quiet_leaves_the_summary_out() {
    let style = Style { quiet: true, ..Style::default() };
    assert_eq!(render(Format::Human, &report(Vec::new(), Vec::new()), &files(), &style), "");
}

#[test]
fn short_is_one_line_per_finding_whatever_the_message() {
    let report = report(vec![at(2, "two\nlines \u{1b}[31m")], vec![problem()]);
    assert_eq!(
        text(Format::Short, &report),
        "src/main.rs:2:1: deny[competing-pools] two lines �[31m\nsrc/x.rs:3:1: problem[unparsed-file] expected `;`\n"
    );
}

#[test]
fn github_commands_are_escaped() {
    let message = "50 % of `a::b`,\nreally";
    let primary = evidence(Role::InitSite, "here", location(2, 1, 1, 9));
    let finding = Finding { primary, help: "do it".into(), ..at(1, message) };
    assert_eq!(
        text(Format::Github, &report(vec![finding], Vec::new())),
        "::error file=src/odd%2Cname%3A 100%25.rs,line=1,endLine=1,col=1,endColumn=9,title=initpath%3A competing-pools::\
         src/odd,name: 100%25.rs:1:1: 50 %25 of `a::b`,%0Areally%0Ahelp: do it\n"
    );
}

#[test]
fn github_columns_need_a_range_on_one_line() {
    let mut finding = at(3, "message");
    finding.primary.location.span.end_line = 5;
    let github = text(Format::Github, &report(vec![finding], Vec::new()));
    assert!(github.starts_with("::error file=src/main.rs,line=3,endLine=5,title="), "{github}");
}

#[test]
fn github_paths_are_relative_to_the_repository() {
    let style = Style { repository_prefix: "services/api/".into(), ..Style::default() };
    let report = report(vec![at(3, "message")], vec![problem()]);
    let github = render(Format::Github, &report, &files(), &style);
    assert!(
        github.contains("file=services/api/src/main.rs,")
            && github.contains("::services/api/src/main.rs:3:1: ")
    );
    assert!(github.contains("file=services/api/src/x.rs,line=3,col=1,title="), "{github}");
}

#[test]
fn github_shows_ten_per_level_the_most_important_first_and_counts_the_rest() {
    let mut findings: Vec<Finding> = (1..=25).map(|line| at(line, "certain")).collect();
    findings.extend((1..=12).map(|line| Finding { confidence: Confidence::Medium, ..at(line, "less so") }));
    findings.push(Finding { rule: "shallow-readiness", ..at(30, "certain warning") });
    let report = report(findings, vec![problem()]);
    let github = text(Format::Github, &report);
    let lines: Vec<&str> = github.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("::error ")).count(), 10);
    let warnings: Vec<&&str> = lines.iter().filter(|line| line.starts_with("::warning ")).collect();
    assert_eq!(warnings.len(), 10);
    assert!(warnings[0].contains("certain warning"), "high confidence goes first: {}", warnings[0]);
    assert_eq!(
        lines.last().copied(),
        Some(
            "initpath: 19 more not annotated (16 errors, 3 warnings); the full list: cargo initpath --message-format short"
        )
    );
}

fn any_span() -> impl Strategy<Value = Span> {
    (0..9_u32, 0..40_u32, 0..9_u32, 0..40_u32).prop_map(|(line, column, end_line, end_column)| Span {
        line,
        column,
        end_line,
        end_column,
    })
}

proptest! {
    #[test]
    fn no_text_and_no_place_makes_a_renderer_panic(
        text in any::<String>(),
        lines in proptest::collection::vec("[ -~\t\r池\u{301}\u{200B}]{0,30}", 0..8),
        spans in proptest::collection::vec(any_span(), 1..6),
        color in any::<bool>(),
    ) {
        let files = [SourceFile { path: text.clone(), text: format!("{}{text}", lines.join("\n")).into() }];
        let place = |span: &Span| Evidence {
            location: Location { file: FileId(span.line % 2), span: *span },
            role: Role::Check,
            label: text.clone(),
        };
        let finding = Finding {
            message: text.clone(),
            primary: place(&spans[0]),
            evidence: spans[1..].iter().map(place).collect(),
            ..second_pool()
        };
        let mut report = report(vec![finding], vec![Problem { file: text.clone(), line: spans[0].line, ..problem() }]);
        report.resources.clear();
        for format in Format::ALL {
            let style = Style { color, ..Style::default() };
            let rendered = render(format, &report, &files, &style);
            prop_assert!(rendered.ends_with('\n'));
            if format == Format::Short {
                prop_assert!(rendered.lines().count() == 2);
            }
        }
    }
}

#[test]
fn a_job_summary_stays_below_what_github_takes_and_counts_the_rest() {
    let many: Vec<Finding> = (0..5000)
        .map(|number| Finding {
            identity: vec![format!("app::f{number}")],
            message: format!("pool {number}"),
            ..second_pool()
        })
        .collect();
    let report = report(many, vec![problem()]);
    let summary = text(Format::Markdown, &report);
    assert!(summary.len() < 1024 * 1024, "{}", summary.len());
    let shown = summary.matches("\n## deny[competing-pools]").count();
    assert!(shown > 100 && shown < 5000, "{shown}");
    assert!(
        summary.contains(&format!("{} findings more", 5000 - shown)),
        "{}",
        &summary[summary.len() - 200..]
    );
    assert_eq!(text(Format::Short, &report).lines().count(), 5001);
    assert_eq!(text(Format::Junit, &report).matches("<failure ").count(), 5000);
}

#[test]
fn fingerprints_of_sarif_survive_lines_that_move() {
    let hashes = |lines: u32| -> Vec<String> {
        let mut moved = second_pool();
        moved.primary.location.span.line += lines;
        moved.primary.location.span.end_line += lines;
        let sarif: serde_json::Value =
            serde_json::from_str(&text(Format::Sarif, &report(vec![moved, at(3, "another")], Vec::new())))
                .expect("SARIF is JSON");
        let results = sarif["runs"][0]["results"].as_array().expect("results are a list");
        let mut hashes: Vec<String> = results
            .iter()
            .map(|one| one["partialFingerprints"]["primaryLocationLineHash"].to_string())
            .collect();
        hashes.sort();
        hashes
    };
    assert_eq!(hashes(0), hashes(7));
    assert_ne!(hashes(0)[0], hashes(0)[1]);
}

#[test]
fn the_name_of_a_rule_is_a_link_to_its_page_where_links_are_wanted() {
    let report = report(vec![second_pool()], Vec::new());
    let linked = render(Format::Human, &report, &files(), &Style { links: true, ..Style::default() });
    let link = "\u{1b}]8;;https://github.com/initpath/initpath/blob/main/rules/competing-pools.md\u{1b}\\deny[competing-pools]\u{1b}]8;;\u{1b}\\";
    assert!(linked.starts_with(link), "{linked}");
    assert!(!text(Format::Human, &report).contains('\u{1b}'));
}
