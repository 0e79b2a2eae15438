//! The command `report`: what it says of the three managers, and of input that has nothing, much or odd names.

use std::path::Path;

use serde_json::Value;

use crate::command::{Ended, fixture, folder, git, run};

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nrusqlite = \"0.32\"\n";

pub(crate) fn report(folder: &Path, format: &str) -> Ended {
    let ended = run(folder, &["report", "--format", format]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

pub(crate) fn json(folder: &Path) -> Value {
    let json = report(folder, "json").json();
    let schema = serde_json::from_str(include_str!("../../rules/schema/migration.json")).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    json
}

pub(crate) fn list<'j>(value: &'j Value, key: &str) -> &'j [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

pub(crate) fn text<'j>(value: &'j Value, key: &str) -> &'j str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value}"))
}

/// `file:line` of a place.
pub(crate) fn at(place: &Value) -> String {
    format!("{}:{}", text(place, "file"), place["line"])
}

/// The places of a step's items, sorted.
fn places(step: &Value) -> Vec<String> {
    let mut places: Vec<String> = list(step, "items")
        .iter()
        .filter(|item| item["place"].is_object())
        .map(|item| at(&item["place"]))
        .collect();
    places.sort();
    places
}

#[test]
fn of_three_managers_one_stays_one_is_legacy_and_one_only_forwards() {
    let json = json(&fixture("three-managers"));
    let [resource] = list(&json, "resources") else { panic!("one resource: {json}") };
    assert_eq!(resource["id"], "postgres:env.DATABASE_URL");
    let [group] = list(resource, "groups") else { panic!("one group: {resource}") };
    assert_eq!(group["binaries"], serde_json::json!(["api", "worker"]));
    assert_eq!(group["choice"]["kind"], "chosen");
    let [kept, legacy] = list(group, "doors") else { panic!("two doors: {group}") };
    assert_eq!((text(kept, "name"), text(kept, "verdict")), ("database::POOL", "keep"));
    assert_eq!(
        (text(legacy, "name"), text(legacy, "verdict")),
        ("db_manager::DatabaseManager.pool", "remove")
    );
    let shims: Vec<(&str, &str)> = list(kept, "accessors")
        .iter()
        .filter(|accessor| accessor["contract"] == "forwards")
        .map(|accessor| (text(accessor, "name"), text(accessor, "behind")))
        .collect();
    assert_eq!(shims, [("core_services::pool", "database::pool")]);
}

#[test]
fn of_three_managers_every_call_site_is_listed_and_no_other() {
    let json = json(&fixture("three-managers"));
    let uses = |door: &Value| -> Vec<String> {
        let mut uses: Vec<String> = list(door, "uses")
            .iter()
            .map(|used| format!("{} {}", at(&used["place"]), text(used, "callee")))
            .collect();
        uses.sort();
        uses
    };
    let doors = list(&json["resources"][0]["groups"][0], "doors");
    assert_eq!(
        uses(&doors[0]),
        [
            "services/api/src/main.rs:12 database::pool",
            "services/api/src/main.rs:26 database::pool",
            "services/worker/src/main.rs:7 core_services::pool",
        ]
    );
    assert_eq!(
        uses(&doors[1]),
        [
            "crates/agents/src/lib.rs:19 db_manager::DatabaseManager::pool",
            "services/api/src/main.rs:15 db_manager::database_manager",
            "services/api/src/main.rs:39 db_manager::DatabaseManager::pool",
        ]
    );
    let steps = list(&json["resources"][0], "steps");
    let kinds: Vec<&str> = steps.iter().map(|step| text(step, "kind")).collect();
    assert_eq!(kinds, ["move", "move", "remove", "enforce"]);
    assert_eq!(
        places(&steps[0]),
        [
            "crates/agents/src/lib.rs:13",
            "crates/agents/src/lib.rs:19",
            "crates/agents/src/lib.rs:9",
            "services/api/src/main.rs:15",
            "services/api/src/main.rs:39",
        ]
    );
    assert_eq!(places(&steps[1]), ["services/worker/src/main.rs:7"]);
    let removed: Vec<&str> = list(&steps[2], "items").iter().map(|item| text(item, "what")).collect();
    assert_eq!(
        removed,
        [
            "core_services::pool",
            "db_manager::MANAGER",
            "db_manager::DatabaseManager",
            "db_manager::DatabaseManager.pool",
            "db_manager::DatabaseManager::initialize",
            "db_manager::DatabaseManager::pool",
            "db_manager::database_manager",
        ]
    );
}

#[test]
fn each_finding_is_removed_by_one_step_and_explained_from_symptom_to_root() {
    let folder = fixture("three-managers");
    let json = json(&folder);
    let checked = run(&folder, &["--message-format", "json"]).json();
    let mut found: Vec<String> =
        list(&checked, "findings").iter().map(|finding| text(finding, "fingerprint").to_owned()).collect();
    let resource = &json["resources"][0];
    let mut removed: Vec<String> = list(resource, "steps")
        .iter()
        .flat_map(|step| list(step, "removes"))
        .map(|removed| text(removed, "fingerprint").to_owned())
        .collect();
    found.sort();
    removed.sort();
    assert_eq!(removed, found);
    let why = list(resource, "why");
    assert_eq!(why.len(), found.len());
    for chain in why {
        let hops = list(chain, "hops");
        assert_eq!(text(&hops[0], "label"), "`GET /health`", "{chain}");
        let places: Vec<String> = hops.iter().map(at).collect();
        assert!(places.contains(&"crates/db-manager/src/lib.rs:16".to_owned()), "{chain}");
        let told =
            list(&checked, "findings").iter().find(|found| found["fingerprint"] == chain["fingerprint"]);
        let primary = at(&told.expect("a chain is about a finding")["primary"]);
        assert!(places.contains(&primary), "the finding's own place is in its chain: {chain}");
    }
}

#[test]
fn markdown_and_html_name_every_place_that_json_has() {
    let folder = fixture("three-managers");
    let json = json(&folder);
    let steps = list(&json["resources"][0], "steps");
    let wanted: Vec<String> = steps.iter().flat_map(places).collect();
    for format in ["markdown", "html"] {
        let text = report(&folder, format).out;
        for place in &wanted {
            assert!(text.contains(place.as_str()), "{format} lacks {place}: {text}");
        }
    }
    assert_eq!(run(&folder, &["--format", "json", "report"]).json(), json);
}

#[test]
fn the_page_takes_nothing_from_the_network_and_runs_no_script() {
    let page = report(&fixture("three-managers"), "html").out;
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for outside in ["<script", "<link", "<img", "@import", "url(", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    let addresses = page.matches("http").count();
    assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    for id in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{id}\"")), "nothing has the id {id}");
    }
}

#[test]
fn without_a_resource_there_is_a_report_all_the_same() {
    let folder = fixture("no-database");
    assert!(list(&json(&folder), "resources").is_empty());
    for format in ["markdown", "html"] {
        assert!(report(&folder, format).out.contains("No resource"), "{format}");
    }
}

#[test]
fn with_one_door_there_is_nothing_to_do() {
    let json = json(&fixture("three-managers-sound"));
    for resource in list(&json, "resources") {
        assert!(list(resource, "steps").is_empty(), "{resource}");
    }
}

#[test]
fn odd_names_break_no_format() {
    let odd = "a|b<i>`d``e\\\"f&g*_[x](y).db";
    let main = format!(
        "fn main() {{\n    let one = rusqlite::Connection::open(\"{odd}\").unwrap();\n    \
         one.execute(\"SELECT 1\", []).unwrap();\n    std::thread::park();\n}}\n"
    );
    let folder = folder(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/main.rs", main.as_bytes())]);
    let json = json(folder.path());
    assert_eq!(json["resources"][0]["id"], "sqlite:literal.a|b<i>`d``e\"f&g*_[x](y).db");
    let page = report(folder.path(), "html").out;
    assert!(!page.contains("<i>") && page.contains("a|b&lt;i&gt;`d``e&quot;f&amp;g*_[x](y).db"), "{page}");
    let markdown = report(folder.path(), "markdown").out;
    assert!(markdown.contains("```sqlite:literal.a|b<i>`d``e\"f&g*_[x](y).db```"), "{markdown}");
    let mut columns = None;
    for line in markdown.lines() {
        let row = line.starts_with('|');
        let bars = line.replace("\\|", "").matches('|').count();
        assert!(!row || columns.is_none_or(|columns| columns == bars), "{line}");
        columns = row.then_some(bars);
    }
}

#[test]
fn three_hundred_init_sites_fit_on_a_page() {
    let mut main = String::from("fn main() {\n");
    for number in 0..300 {
        main.push_str(&format!("    keep_{number}();\n"));
    }
    main.push_str("    std::thread::park();\n}\n");
    for number in 0..300 {
        main.push_str(&format!(
            "static CELL_{number}: std::sync::OnceLock<rusqlite::Connection> = std::sync::OnceLock::new();\n\
             fn keep_{number}() -> &'static rusqlite::Connection {{\n    \
             CELL_{number}.get_or_init(|| rusqlite::Connection::open(\"data-{}.db\").unwrap())\n}}\n",
            number % 7
        ));
    }
    let folder = folder(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/main.rs", main.as_bytes())]);
    let json = json(folder.path());
    assert_eq!(list(&json, "resources").len(), 7);
    let page = report(folder.path(), "html").out;
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

/// The three managers with a configuration.
fn three_managers_with(configuration: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder can be made");
    copy_folder(&fixture("three-managers"), copy.path());
    std::fs::write(copy.path().join("initpath.toml"), configuration)
        .expect("the configuration can be written");
    copy
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let target = to.join(entry.file_name());
        match entry.path() {
            path if path.ends_with("target") => {}
            path if path.is_dir() => copy_folder(&path, &target),
            path => {
                std::fs::copy(path, target).expect("a file can be copied");
            }
        }
    }
}

#[test]
fn what_is_declared_canonical_stays_whatever_speaks_against_it() {
    let folder = three_managers_with(
        "[[resource]]\nid = \"postgres:env.DATABASE_URL\"\ncanonical = \"db_manager::DatabaseManager\"\n",
    );
    let json = json(folder.path());
    let group = &json["resources"][0]["groups"][0];
    assert_eq!(group["choice"]["kind"], "declared");
    assert_eq!(group["choice"]["canonical"], "db_manager::DatabaseManager.pool");
    let removed: Vec<&str> = list(group, "doors")
        .iter()
        .filter(|door| door["verdict"] == "remove")
        .map(|door| text(door, "name"))
        .collect();
    assert_eq!(removed, ["database::POOL"]);
    let kinds: Vec<&str> =
        list(&json["resources"][0], "steps").iter().map(|step| text(step, "kind")).collect();
    assert_eq!(kinds[0], "secure", "its own findings come first: {json}");
    assert!(!kinds.contains(&"enforce"), "it is declared already: {json}");
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let folder = three_managers_with("[[resource]]\nid = \"postgres:env.DATABASE_URL\"\ncanonicl = \"x\"\n");
    for command in ["check", "report", "inventory", "graph"] {
        let ended = run(folder.path(), &[command]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("initpath.toml:3:1: unknown key `canonicl`"), "{ended:?}");
        assert!(ended.err.contains("did you mean `canonical`?"), "{ended:?}");
    }
}

#[test]
fn a_declaration_about_nothing_is_told_and_stops_nothing() {
    let folder = three_managers_with("[[resource]]\nid = \"postgres:env.DATABASE_UR\"\noptional = true\n");
    let ended = run(folder.path(), &["--message-format", "short"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = "initpath.toml:1:1: nothing opens the resource `postgres:env.DATABASE_UR`; \
                did you mean `postgres:env.DATABASE_URL`?";
    let both = format!("{}{}", ended.out, ended.err);
    assert!(
        both.contains("nothing opens the resource") && both.contains("DATABASE_URL`?"),
        "{told}: {ended:?}"
    );
}

/// What `report --patch` prints, and that it writes nothing.
pub(crate) fn patch(folder: &Path) -> String {
    let ended = run(folder, &["report", "--patch"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("by hand"), "{ended:?}");
    ended.out
}

/// Lines that a patch removes and adds.
pub(crate) fn changed(patch: &str) -> Vec<&str> {
    let is_change = |line: &&str| {
        (line.starts_with('-') || line.starts_with('+'))
            && !line.starts_with("---")
            && !line.starts_with("+++")
    };
    patch.lines().filter(is_change).collect()
}

const ACTIX: &str = "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nactix-web = \"4\"\nsqlx = \"0.8\"\n";

#[test]
fn a_second_pool_of_one_function_becomes_a_clone() {
    let patch = patch(&fixture("quickstart"));
    assert!(patch.contains("/src/main.rs\n@@ "), "{patch}");
    assert_eq!(
        changed(&patch),
        [
            "-    if let Some(archive) = ARCHIVE.read().as_ref() { //~ check-then-init",
            "+    let mut slot = ARCHIVE.write();",
            "+    if let Some(archive) = slot.as_ref() { //~ check-then-init",
            "-    *ARCHIVE.write() = Some(archive.clone()); //~ check-then-init write",
            "+    *slot = Some(archive.clone()); //~ check-then-init write",
            "-    let job_pool = database::connect(&config).await?; //~ competing-pools",
            "+    let job_pool = pool.clone(); //~ competing-pools",
        ]
    );
}

const TOKIO: &str = "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nsqlx = \"0.8\"\ntokio = \"1\"\n";

/// Lines that a patch changes in a library of one file.
pub(crate) fn changed_in(library: &str) -> Vec<String> {
    let folder = folder(&[("Cargo.toml", TOKIO.as_bytes()), ("src/lib.rs", library.as_bytes())]);
    let patch = patch(folder.path());
    changed(&patch).into_iter().map(str::to_owned).collect()
}

#[test]
fn one_lock_is_held_from_the_test_to_the_write() {
    let library = "\
use sqlx::PgPool;
use tokio::sync::RwLock;

static POOL: RwLock<Option<PgPool>> = RwLock::const_new(None);

pub async fn pool(url: &str) -> sqlx::Result<PgPool> {
    if let Some(pool) = POOL.read().await.as_ref() {
        return Ok(pool.clone());
    }
    let pool = PgPool::connect(url).await?;
    *POOL.write().await = Some(pool.clone());
    Ok(pool)
}
";
    assert_eq!(
        changed_in(library),
        [
            "-    if let Some(pool) = POOL.read().await.as_ref() {",
            "+    let mut slot = POOL.write().await;",
            "+    if let Some(pool) = slot.as_ref() {",
            "-    *POOL.write().await = Some(pool.clone());",
            "+    *slot = Some(pool.clone());",
        ]
    );
}

#[test]
fn the_lock_is_given_back_where_the_place_is_used_afterwards() {
    let library = "\
use sqlx::PgPool;
use tokio::sync::RwLock;

static POOL: RwLock<Option<PgPool>> = RwLock::const_new(None);

pub async fn pool(url: &str) -> sqlx::Result<Option<PgPool>> {
    if POOL.read().await.is_none() {
        let pool = PgPool::connect(url).await?;
        *POOL.write().await = Some(pool);
    }
    Ok(POOL.read().await.clone())
}
";
    assert_eq!(
        changed_in(library),
        [
            "-    if POOL.read().await.is_none() {",
            "+    let mut slot = POOL.write().await;",
            "+    if slot.is_none() {",
            "-        *POOL.write().await = Some(pool);",
            "+        *slot = Some(pool);",
            "+    drop(slot);",
        ]
    );
}

#[test]
fn a_lock_of_the_standard_library_is_not_held_over_an_await() {
    let library = "\
use std::sync::RwLock;

use sqlx::PgPool;

static POOL: RwLock<Option<PgPool>> = RwLock::new(None);

pub async fn ensure(url: &str) -> sqlx::Result<()> {
    if POOL.read().unwrap().is_none() {
        let pool = PgPool::connect(url).await?;
        *POOL.write().unwrap() = Some(pool);
    }
    Ok(())
}
";
    assert!(changed_in(library).is_empty());
}

#[test]
fn a_lock_that_a_function_in_between_wants_is_not_held() {
    let library = "\
use sqlx::PgPool;
use tokio::sync::RwLock;

static POOL: RwLock<Option<PgPool>> = RwLock::const_new(None);

async fn url() -> String {
    match POOL.read().await.as_ref() {
        Some(_) => \"postgres://replica\".to_owned(),
        None => \"postgres://main\".to_owned(),
    }
}

pub async fn ensure() -> sqlx::Result<()> {
    if POOL.read().await.is_none() {
        let pool = PgPool::connect(&url().await).await?;
        *POOL.write().await = Some(pool);
    }
    Ok(())
}
";
    assert!(changed_in(library).is_empty());
}

#[test]
fn a_cell_is_tested_and_filled_in_one_step() {
    let library = "\
use sqlx::PgPool;
use tokio::sync::OnceCell;

static POOL: OnceCell<PgPool> = OnceCell::const_new();

pub async fn pool(url: &str) -> sqlx::Result<&'static PgPool> {
    if let Some(pool) = POOL.get() {
        return Ok(pool);
    }
    let pool = PgPool::connect(url).await?;
    POOL.set(pool).expect(\"nobody else sets it\");
    Ok(POOL.get().expect(\"it was set\"))
}
";
    assert_eq!(
        changed_in(library),
        [
            "-    if let Some(pool) = POOL.get() {",
            "-        return Ok(pool);",
            "-    }",
            "-    let pool = PgPool::connect(url).await?;",
            "-    POOL.set(pool).expect(\"nobody else sets it\");",
            "-    Ok(POOL.get().expect(\"it was set\"))",
            "+    POOL.get_or_try_init(|| async {",
            "+        let pool = PgPool::connect(url).await?;",
            "+        Ok(pool)",
            "+    }).await",
        ]
    );
}

#[test]
fn a_pool_of_each_worker_is_made_before_the_server() {
    let main = "\
use actix_web::{App, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let url = std::env::var(\"DATABASE_URL\").expect(\"set\");
    let server = HttpServer::new(move || {
        let pool = sqlx::PgPool::connect_lazy(&url).expect(\"an address\");
        App::new().app_data(web::Data::new(pool))
    });
    server.bind((\"0.0.0.0\", 8080))?.run().await
}
";
    let folder = folder(&[("Cargo.toml", ACTIX.as_bytes()), ("src/main.rs", main.as_bytes())]);
    assert_eq!(
        changed(&patch(folder.path())),
        [
            "+    let pool = sqlx::PgPool::connect_lazy(&url).expect(\"an address\");",
            "-        let pool = sqlx::PgPool::connect_lazy(&url).expect(\"an address\");",
            "+        let pool = pool.clone();",
        ]
    );
}

#[test]
fn a_shim_is_left_out_where_the_crate_behind_it_is_in_reach() {
    let copy = three_managers_with("");
    let manifest = copy.path().join("services/worker/Cargo.toml");
    let text = std::fs::read_to_string(&manifest).expect("the manifest can be read");
    let text = text.replace(
        "core-services.workspace = true",
        "core-services.workspace = true\ndatabase.workspace = true",
    );
    std::fs::write(manifest, text).expect("the manifest can be written");
    assert_eq!(
        changed(&patch(copy.path())),
        ["-    let pool = core_services::pool().await?;", "+    let pool = database::pool().await?;",]
    );
    assert!(
        patch(&fixture("three-managers")).is_empty(),
        "the worker does not depend on the crate behind the shim"
    );
}

#[test]
fn what_is_given_away_before_is_cloned_or_the_edit_is_not_offered() {
    let main = |between: &str| {
        format!(
            "async fn open() -> sqlx::Result<sqlx::PgPool> {{\n    \
             sqlx::PgPool::connect(&std::env::var(\"DATABASE_URL\").expect(\"set\")).await\n}}\n\
             async fn serve(pool: sqlx::PgPool) {{\n    \
             let app = axum::Router::new().with_state(pool);\n    \
             axum::serve(tokio::net::TcpListener::bind(\"0.0.0.0:1\").await.expect(\"free\"), app).await.ok();\n}}\n\
             #[tokio::main]\nasync fn main() -> sqlx::Result<()> {{\n    \
             let pool = open().await?;\n    {between}\n    let other = open().await?;\n    serve(other).await;\n    Ok(())\n}}\n"
        )
    };
    let manifest = "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\naxum = \"0.8\"\nsqlx = \"0.8\"\ntokio = \"1\"\n";
    let with = |between: &str| {
        let text = main(between);
        let folder = folder(&[("Cargo.toml", manifest.as_bytes()), ("src/main.rs", text.as_bytes())]);
        patch(folder.path())
    };
    let given = with("tokio::spawn(serve(pool));");
    assert_eq!(
        changed(&given),
        [
            "-    tokio::spawn(serve(pool));",
            "-    let other = open().await?;",
            "+    tokio::spawn(serve(pool.clone()));",
            "+    let other = pool.clone();",
        ]
    );
    assert_eq!(with("tokio::spawn(async move { serve(pool).await });"), "");
}

/// The three managers after the callers of the shim moved: the worker calls what is behind it.
fn move_the_worker(folder: &Path) {
    for (path, from, to) in [
        ("services/worker/Cargo.toml", "core-services.workspace", "database.workspace"),
        ("services/worker/src/main.rs", "core_services::pool()", "database::pool()"),
    ] {
        let path = folder.join(path);
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        assert!(text.contains(from), "{path:?} has no {from}");
        std::fs::write(path, text.replace(from, to)).expect("the file can be written");
    }
}

#[test]
fn since_a_saved_report_or_a_revision_it_is_said_what_went_and_what_came() {
    let copy = three_managers_with("");
    let folder = copy.path();
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", "three managers"]);
    let saved = report(folder, "json").out;
    std::fs::write(folder.join("before.json"), saved).expect("the report can be saved");
    move_the_worker(folder);
    for since in ["HEAD", "before.json"] {
        let ended = run(folder, &["report", "--format", "json", "--since", since]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let json = ended.json();
        let progress = &json["since"];
        assert_eq!(progress["name"], since);
        let [resource] = list(progress, "resources") else { panic!("one resource: {progress}") };
        assert_eq!(resource["before"], serde_json::json!({ "uses_through_canonical": 2, "uses": 6 }));
        assert_eq!(resource["now"], serde_json::json!({ "uses_through_canonical": 3, "uses": 6 }));
        assert!(list(progress, "gone").is_empty() && list(progress, "new").is_empty(), "{progress}");
        for format in ["markdown", "html"] {
            let text = run(folder, &["report", "--format", format, "--since", since]).out;
            assert!(text.contains("3 of 6, before 2 of 6"), "{text}");
        }
    }
}

#[test]
fn a_broken_saved_report_and_an_unknown_revision_are_refused() {
    let copy = three_managers_with("");
    for (text, wrong) in [
        ("{", "is no JSON of `cargo initpath report"),
        ("{\"version\": 1}", "missing field"),
        ("{\"version\": 9, \"resources\": [], \"findings\": []}", "has version 9"),
    ] {
        std::fs::write(copy.path().join("saved.json"), text).expect("the file can be written");
        let ended = run(copy.path(), &["report", "--since", "saved.json"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("`saved.json`") && ended.err.contains(wrong), "{ended:?}");
    }
    for revision in ["no-such-revision", "--output=x"] {
        let ended = run(copy.path(), &["report", &format!("--since={revision}")]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(&format!("there is no file `{revision}`, and ")), "{ended:?}");
    }
}

#[test]
fn a_canonical_path_that_names_nothing_is_told() {
    let folder = three_managers_with(
        "[[resource]]\nid = \"postgres:env.DATABASE_URL\"\ncanonical = \"db_manager::database_managr\"\n",
    );
    let ended = run(folder.path(), &["--message-format", "json"]);
    let problems = ended.json()["problems"].clone();
    let message = problems[0]["message"].as_str().expect("a problem");
    assert!(
        message.contains("`db_manager::database_managr`; did you mean `db_manager::database_manager`?"),
        "{problems}"
    );
    assert_eq!(problems[0]["line"], 1);
}

#[test]
fn a_rival_that_ends_with_its_function_needs_no_choice() {
    let main = "\
async fn serve(pool: sqlx::PgPool) {
    loop { sqlx::query(\"SELECT 1\").execute(&pool).await.unwrap(); }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var(\"DATABASE_URL\")?;
    let pool = sqlx::PgPool::connect(&url).await?;
    tokio::spawn(serve(pool));
    let jobs = sqlx::PgPool::connect(&url).await?;
    serve(jobs).await;
    Ok(())
}
";
    let manifest = "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nsqlx = \"0.8\"\ntokio = \"1\"\n";
    let folder = folder(&[("Cargo.toml", manifest.as_bytes()), ("src/main.rs", main.as_bytes())]);
    assert_eq!(list(&json(folder.path())["resources"][0]["groups"][0], "doors").len(), 2);
}

#[test]
fn the_report_is_about_the_whole_program_whatever_package_is_selected() {
    let folder = fixture("three-managers");
    let one = run(&folder, &["report", "--format", "json", "-p", "worker"]);
    assert_eq!(one.json(), json(&folder));
    assert!(one.err.contains("`-p` and `--exclude` leave nothing out"), "{one:?}");
    let before = run(&folder, &["-p", "worker", "report", "--format", "json"]);
    assert_eq!((before.out, before.err), (one.out, one.err));
}

#[test]
fn every_fixture_has_a_report() {
    for name in
        ["clean", "in-progress-flag", "lifecycle-phases", "quickstart", "round-table", "startup-crisis"]
    {
        json(&fixture(name));
    }
}

#[test]
fn edits_that_would_not_compile_or_would_change_something_are_not_offered() {
    let worker = |body: &str| {
        format!(
            "use actix_web::{{App, HttpServer, web}};\n#[actix_web::main]\nasync fn main() -> std::io::Result<()> {{\n    \
             let url = std::env::var(\"DATABASE_URL\").expect(\"set\");\n{body}\n}}\n"
        )
    };
    let server = |statement: &str| {
        format!(
            "    HttpServer::new(move || {{\n        {statement}\n        App::new().app_data(web::Data::new(db))\n    \
             }}).bind(\"0.0.0.0:80\")?.run().await"
        )
    };
    let open = "sqlx::PgPool::connect_lazy(&url).expect(\"an address\");";
    let cases = [
        // Not to be cloned, a pattern that would be lost, a name that is used elsewhere, a variable of a pattern.
        worker(&server("let db = rusqlite::Connection::open(url.clone()).expect(\"a file\");")),
        worker(&server(&format!("let mut db = {open}"))),
        worker(&server(&format!("let db: sqlx::PgPool = {open}"))),
        worker(&format!(
            "    let db = String::new();\n    println!(\"{{db}}\");\n{}",
            server(&format!("let db = {open}"))
        )),
        worker(&format!(
            "    match Some(url) {{\n        Some(url) => HttpServer::new(move || {{\n            let db = {open}\n            \
             App::new().app_data(web::Data::new(db))\n        }}).bind(\"0.0.0.0:80\")?.run().await,\n        None => Ok(()),\n    }}"
        )),
    ];
    let manifest = format!("{ACTIX}rusqlite = \"0.32\"\n");
    for main in cases {
        let folder = folder(&[("Cargo.toml", manifest.as_bytes()), ("src/main.rs", main.as_bytes())]);
        assert_eq!(patch(folder.path()), "", "{main}");
    }
}

#[test]
fn statics_that_need_each_other_are_told_with_the_need_that_has_to_go() {
    let main = "\
use std::sync::LazyLock;

static SETTINGS: LazyLock<String> = LazyLock::new(read_settings);
static POOL: LazyLock<sqlx::PgPool> = LazyLock::new(|| sqlx::PgPool::connect_lazy(&SETTINGS).unwrap());
static OTHER: LazyLock<String> = LazyLock::new(|| SETTINGS.clone());

fn read_settings() -> String {
    remembered().unwrap_or_default()
}

fn remembered() -> Option<String> {
    POOL.is_closed().then(String::new)
}

fn main() {
    println!(\"{} {}\", POOL.size(), OTHER.len());
}
";
    let folder = folder(&[("Cargo.toml", ACTIX.as_bytes()), ("src/main.rs", main.as_bytes())]);
    let json = json(folder.path());
    let [cycle] = list(&json, "init_cycles") else { panic!("one cycle: {json}") };
    assert_eq!(cycle["members"], serde_json::json!(["app::POOL", "app::SETTINGS"]));
    let needs = list(cycle, "needs");
    let told = |need: &Value| format!("{} -> {}", text(need, "from"), text(need, "to"));
    let mut all: Vec<String> = needs.iter().map(told).collect();
    all.sort();
    assert_eq!(all, ["app::POOL -> app::SETTINGS", "app::SETTINGS -> app::POOL"]);
    assert_eq!(needs.iter().filter(|need| need["cut"] == true).count(), 1);
    assert!(report(folder.path(), "markdown").out.contains("**this has to go**"));
    assert!(list(&self::json(&fixture("quickstart")), "init_cycles").is_empty());
}

#[test]
fn each_schema_has_its_owners_and_the_steps_to_one() {
    let main = b"use sqlx::PgPool;\n\nasync fn prepare(pool: &PgPool) -> sqlx::Result<()> {\n    \
        sqlx::query(\"CREATE TABLE IF NOT EXISTS jobs (id BIGINT)\").execute(pool).await?;\n    Ok(())\n}\n\n\
        #[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n    \
        let pool = PgPool::connect(&std::env::var(\"DATABASE_URL\")?).await?;\n    \
        sqlx::migrate!(\"./db\").run(&pool).await?;\n    prepare(&pool).await?;\n    Ok(())\n}\n";
    let manifest =
        b"[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"0.8\"\ntokio = \"1\"\n";
    let files: [(&str, &[u8]); 3] = [
        ("Cargo.toml", manifest),
        ("src/main.rs", main),
        ("db/0001_orders.sql", b"CREATE TABLE orders (id BIGINT);\nCREATE TABLE items (id BIGINT);\n"),
    ];
    let shop = crate::command::folder(&files);
    let schema = &json(shop.path())["schemas"][0];
    assert_eq!(text(schema, "database"), "postgres:env.DATABASE_URL");
    let [code, migrations] = list(schema, "places") else { panic!("{schema}") };
    assert_eq!((text(code, "kind"), text(code, "lock")), ("statements", "none"));
    assert_eq!((text(migrations, "kind"), text(migrations, "folder")), ("migrator", "db"));
    assert_eq!((text(migrations, "lock"), migrations["stays"].as_bool()), ("taken", Some(true)));
    assert_eq!((text(migrations, "ledger"), text(migrations, "after_failure")), ("_sqlx_migrations", "kept"));
    assert_eq!((text(migrations, "transaction"), code["ledger"].as_str()), ("each", None));
    let tables: Vec<String> = list(migrations, "tables").iter().map(|table| at(&table["place"])).collect();
    assert_eq!(tables, ["db/0001_orders.sql:1", "db/0001_orders.sql:2"]);
    let steps: Vec<&str> = list(schema, "steps").iter().map(|step| text(step, "action")).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps[0].starts_with("add `jobs` to the migrations in `db`"), "{steps:?}");
    let markdown = report(shop.path(), "markdown").out;
    assert!(markdown.contains("## Who owns the schema") && markdown.contains("`jobs`"), "{markdown}");
    assert!(markdown.contains("recorded in `_sqlx_migrations`, **stays**"), "{markdown}");
    assert!(report(shop.path(), "html").out.contains("Who owns the schema"));
}

#[test]
fn definitions_that_do_not_parse_are_problems_in_files_and_in_code() {
    let main = b"use sqlx::PgPool;\n\n#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n    \
        let pool = PgPool::connect(&std::env::var(\"DATABASE_URL\")?).await?;\n    \
        sqlx::migrate!().run(&pool).await?;\n    \
        sqlx::query(\"CREATE TABLE jobs (id BIGINT\").execute(&pool).await?;\n    \
        sqlx::query(\"CREATE TABLE runs (id BIGINT)\").execute(&pool).await?;\n    Ok(())\n}\n";
    let manifest =
        b"[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"0.8\"\ntokio = \"1\"\n";
    let files: [(&str, &[u8]); 3] = [
        ("Cargo.toml", manifest),
        ("src/main.rs", main),
        (
            "migrations/1_orders.sql",
            b"CREATE TABLE orders (id BIGINT);\nCREATE TABLE {{ name }} (id BIGINT);\n",
        ),
    ];
    let shop = crate::command::folder(&files);
    let json = json(shop.path());
    let unread = list(&json, "problems").iter().filter(|problem| problem["kind"] == "unread-sql");
    let places: Vec<String> =
        unread.map(|problem| format!("{}:{}", text(problem, "file"), problem["line"])).collect();
    assert_eq!(places, ["migrations/1_orders.sql:2", "src/main.rs:7"]);
    let schema = &json["schemas"][0];
    let made: Vec<&str> = list(schema, "places")
        .iter()
        .flat_map(|place| list(place, "tables"))
        .map(|table| text(table, "name"))
        .collect();
    assert!(
        made.contains(&"orders") && made.contains(&"runs"),
        "the others are known all the same: {made:?}"
    );
}
