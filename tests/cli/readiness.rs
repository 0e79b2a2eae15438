//! What is said of the readiness of routes by `explain`, `inventory` and `report`: the handle that the route uses, and no
//! claim where something is pending.

use std::path::Path;

use tempfile::TempDir;

use crate::command::{fixture, folder, run};
use crate::migration::{copy_folder, json, list, report, text};

const DETACHED: &str = "tokio::spawn(async move { database::migrate(&migrated).await });";

/// The quickstart with another line in the place of the task that migrates.
fn quickstart_with(line: &str) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder can be made");
    copy_folder(&fixture("quickstart"), copy.path());
    let path = copy.path().join("src/main.rs");
    let main = std::fs::read_to_string(&path).expect("the file can be read");
    assert!(main.contains(DETACHED), "{main}");
    std::fs::write(path, main.replace(DETACHED, line)).expect("the file can be written");
    copy
}

/// The line about readiness that `explain` prints.
fn explained(folder: &Path, place: &str) -> String {
    let ended = run(folder, &["explain", place]);
    let line = ended.out.lines().find_map(|line| line.trim().strip_prefix("readiness: "));
    line.unwrap_or_else(|| panic!("no readiness: {ended:?}")).to_owned()
}

#[test]
fn a_route_is_ready_by_what_is_made_of_the_handle_that_it_uses() {
    let without = quickstart_with("drop(migrated);");
    assert_eq!(
        explained(without.path(), "src/routes.rs:18"),
        "needs postgres; ready before it can run: src/main.rs:13 comes before src/main.rs:22, which serves",
        "the pool of the jobs, which line 18 makes, is none of its business"
    );
    let awaited = quickstart_with("database::migrate(&migrated).await?;");
    assert_eq!(
        explained(awaited.path(), "src/routes.rs:18"),
        "needs postgres; ready before it can run: src/main.rs:16 comes before src/main.rs:22, which serves"
    );
}

#[test]
fn what_a_request_opens_is_not_kept_back_by_start_up() {
    let folder = fixture("quickstart");
    assert_eq!(
        explained(&folder, "src/routes.rs:26"),
        "needs sqlite; opened by the request itself, at src/archive.rs:15"
    );
    let archive = |json: &serde_json::Value| {
        let mut routes = list(json, "routes").iter();
        let route = routes.find(|route| text(route, "route") == "GET /archive/{item}").expect("a route");
        text(route, "gate").to_owned()
    };
    assert_eq!(archive(&json(&folder)), "request");
    assert_eq!(archive(&run(&folder, &["inventory", "--message-format", "json"]).json()), "request");
    for format in ["markdown", "html"] {
        assert!(report(&folder, format).out.contains("opened by the request itself"), "{format}");
    }
}

#[test]
fn nothing_is_said_to_be_ready_while_its_migration_is_pending() {
    let folder = fixture("quickstart");
    assert_eq!(
        explained(&folder, "src/routes.rs:18"),
        "needs postgres; nothing waits for what src/main.rs:16 starts, so it can run before that is done"
    );
    let json = json(&folder);
    let gates: Vec<(&str, &str)> =
        list(&json, "routes").iter().map(|route| (text(route, "route"), text(route, "gate"))).collect();
    assert_eq!(gates, [("POST /orders", "nothing"), ("GET /archive/{item}", "request")]);
}

#[test]
fn what_a_task_opens_matters_to_the_routes_that_use_it_and_to_no_other() {
    let json = json(&fixture("three-managers"));
    let gates: Vec<(&str, &str)> =
        list(&json, "routes").iter().map(|route| (text(route, "route"), text(route, "gate"))).collect();
    assert_eq!(
        gates,
        [("GET /runs", "start-up"), ("POST /agents/{agent}", "nothing"), ("GET /health", "nothing")]
    );
}

#[test]
fn a_route_that_opens_one_of_two_databases_finds_the_other_open() {
    let copy = quickstart_with("drop(migrated);");
    let path = copy.path().join("src/routes.rs");
    let routes = std::fs::read_to_string(&path).expect("the file can be read");
    let archive = "async fn archived(";
    let used = "let counted = ";
    assert!(routes.contains(archive) && routes.contains(used), "{routes}");
    let routes = routes
        .replace(archive, "async fn archived(State(pool): State<PgPool>, ")
        .replace(used, "let _ = sqlx::query(\"SELECT 1\").execute(&pool).await; let counted = ");
    std::fs::write(path, routes).expect("the file can be written");
    assert_eq!(
        explained(copy.path(), "src/routes.rs:26"),
        "needs postgres, sqlite; ready before it can run: src/main.rs:13 comes before src/main.rs:22, which \
         serves; the request itself opens a handle at src/archive.rs:15"
    );
}

#[test]
fn a_handler_that_hands_on_an_error_while_nothing_is_there_keeps_requests_out_by_itself() {
    let main = "use std::sync::OnceLock;\n\
        use axum::{Router, http::StatusCode, routing::get};\n\
        use sqlx::PgPool;\n\
        static POOL: OnceLock<PgPool> = OnceLock::new();\n\
        async fn orders() -> Result<String, StatusCode> {\n\
        let pool = POOL.get().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;\n\
        let count = sqlx::query_scalar::<_, i64>(\"SELECT count(*) FROM orders\").fetch_one(pool).await;\n\
        count.map(|count| count.to_string()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)\n}\n\
        #[tokio::main]\nasync fn main() -> anyhow::Result<()> {\n\
        let app = Router::new().route(\"/orders\", get(orders));\n\
        let listener = tokio::net::TcpListener::bind(\"[::]:80\").await?;\n\
        let server = tokio::spawn(async move { axum::serve(listener, app).await });\n\
        POOL.set(PgPool::connect(&std::env::var(\"DATABASE_URL\")?).await?).ok();\n\
        server.await??;\nOk(())\n}\n";
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
        [dependencies]\naxum = \"0.8\"\nsqlx = \"0.8\"\ntokio = \"1\"\nanyhow = \"1\"\n";
    let here = folder(&[("Cargo.toml", manifest.as_bytes()), ("src/main.rs", main.as_bytes())]);
    let json = json(here.path());
    let gates: Vec<(&str, &str)> =
        list(&json, "routes").iter().map(|route| (text(route, "route"), text(route, "gate"))).collect();
    assert_eq!(gates, [("GET /orders", "looks-first")]);
}
