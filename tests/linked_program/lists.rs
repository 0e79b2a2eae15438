//! The other lists of the inventory: who keeps handles, who hands them out, what asks first, and clients of libraries
//! that nobody described.

use initpath::analysis::{Settings, analyse};
use initpath::catalog::Catalog;
use initpath::program::inventory::{Inventory, Place};
use initpath::workspace::in_memory;

use super::{MANIFEST, check};

pub(super) fn inventory(main: &str) -> Inventory {
    let files = [("src/main.rs", main), ("Cargo.toml", MANIFEST)];
    analyse(in_memory(&files), Catalog::builtin(), &Settings { threads: Some(1), ..Settings::default() })
        .inventory
}

fn labels(places: &[Place]) -> Vec<&str> {
    places.iter().map(|place| place.label.as_str()).collect()
}

#[test]
fn holders_are_statics_and_fields_and_accessors_hand_them_out() {
    let inventory = inventory(
        r#"
use std::sync::{Arc, OnceLock};
static POOL: OnceLock<sqlx::PgPool> = OnceLock::new();
struct State { name: String, cache: Arc<redis::aio::ConnectionManager> }
impl State {
    fn cache(&self) -> &redis::aio::ConnectionManager { &self.cache }
    fn fresh() -> sqlx::PgPool { sqlx::PgPool::connect_lazy("postgres://a/b").unwrap() }
}
fn pool() -> &'static sqlx::PgPool { POOL.get().expect("set in main") }
fn main() {
    POOL.set(State::fresh()).unwrap();
    pool();
}
"#,
    );
    assert_eq!(labels(&inventory.holders), ["app::POOL", "app::State.cache"]);
    assert_eq!(labels(&inventory.accessors), ["app::State::cache", "app::pool"]);
}

#[test]
fn who_makes_a_handle_where_none_is_kept_hands_it_out_as_well() {
    let inventory = inventory(
        r#"
use parking_lot::RwLock;
use r2d2_sqlite::SqliteConnectionManager;
type Archive = r2d2::Pool<SqliteConnectionManager>;
static ARCHIVE: RwLock<Option<Archive>> = RwLock::new(None);
fn archive() -> Result<Archive, r2d2::Error> {
    if let Some(archive) = ARCHIVE.read().as_ref() { return Ok(archive.clone()); }
    let archive = r2d2::Pool::new(SqliteConnectionManager::file("archive.sqlite"))?;
    *ARCHIVE.write() = Some(archive.clone());
    Ok(archive)
}
fn main() { archive().unwrap(); }
"#,
    );
    assert_eq!(labels(&inventory.accessors), ["app::archive"]);
}

#[test]
fn a_handler_that_answers_by_itself_while_the_pool_is_missing_is_a_gate() {
    let inventory = inventory(
        r#"
use axum::http::StatusCode;
use std::sync::OnceLock;
static POOL: OnceLock<sqlx::PgPool> = OnceLock::new();
async fn orders() -> Result<String, StatusCode> {
    let Some(pool) = POOL.get() else { return Err(StatusCode::SERVICE_UNAVAILABLE) };
    let count: i64 = sqlx::query_scalar("SELECT 1").fetch_one(pool).await.unwrap();
    Ok(count.to_string())
}
#[tokio::main]
async fn main() {
    let app = axum::Router::new().route("/orders", axum::routing::get(orders));
    POOL.set(sqlx::PgPool::connect("postgres://a/b").await.unwrap()).unwrap();
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), app).await.unwrap();
}
"#,
    );
    assert_eq!(labels(&inventory.gates), ["app::orders"]);
}

#[test]
fn a_client_of_a_library_nobody_described_is_listed_when_it_is_given_an_address() {
    check(
        r#"
use acme_limits::RedisStore;
use acme_limits::redis::{Client as Limits, Config as LimitsConfig, Settings};
struct Args { url: String }
async fn start(args: &Args) {
    let limits = Limits::new(LimitsConfig::Single(args.url.clone())).await; //= redis:acme_limits::redis::Config::Single(env.LIMITS)
    let pool = redis::Client::open("redis://a").unwrap(); //= redis:literal.redis://a
    let store = RedisStore::new(pool.get_connection().unwrap()); //= redis:literal.redis://a
    let settings = Settings::new("prefix");
}
#[tokio::main]
async fn main() {
    start(&Args { url: std::env::var("LIMITS").unwrap() }).await;
}
"#,
    );
}

/// The lines at which `handle-per-call` is reported.
fn opened_per_request(main: &str) -> Vec<u32> {
    let files = [("src/main.rs", main), ("Cargo.toml", MANIFEST)];
    let settings = Settings { threads: Some(1), ..Settings::default() };
    let findings = analyse(in_memory(&files), Catalog::builtin(), &settings).findings;
    let opened = findings.iter().filter(|finding| finding.rule == "handle-per-call");
    opened.map(|finding| finding.primary.location.span.line).collect()
}

#[test]
fn a_client_of_a_library_nobody_described_connects_where_it_is_awaited() {
    let handler = |body: &str| {
        format!(
            "use acme_limits::redis::Client;\n#[actix_web::get(\"/health\")]\nasync fn health() -> String {{\n    \
             let url = std::env::var(\"REDIS_URL\").unwrap();\n    {body}\n}}\n\
             #[actix_web::main]\nasync fn main() {{\n    let service = || actix_web::App::new().service(health);\n    \
             actix_web::HttpServer::new(service).bind(\"[::]:80\").unwrap().run().await.unwrap();\n}}\n"
        )
    };
    assert_eq!(opened_per_request(&handler("Client::connect(&url).await.unwrap().ping().await")), [5]);
    assert_eq!(opened_per_request(&handler("Client::new(&url).describe()")), [0_u32; 0]);
}

#[test]
fn handlers_have_the_routes_that_are_written_around_them() {
    let inventory = inventory(
        r#"
use axum::{Router, routing::{get, post}};
async fn list() {}
async fn add() {}
async fn health() {}
fn orders() -> Router { Router::new().route("/", get(list).post(add)) }
#[rocket::get("/items/<id>")]
fn item(id: u32) {}
#[tokio::main]
async fn main() {
    let app = Router::new()
        .nest("/admin", Router::new().route("/health", get(health)))
        .route("/ping", post(|| async { "pong" }))
        .merge(orders());
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), app).await.unwrap();
}
"#,
    );
    let shown: Vec<String> =
        inventory.handlers.iter().map(|place| format!("{} {}", place.label, place.item)).collect();
    assert_eq!(
        shown,
        [
            "GET / app::list",
            "POST / app::add",
            "GET /admin/health app::health",
            "GET /items/<id> app::item",
            "POST /ping closure in app::main",
        ]
    );
}
