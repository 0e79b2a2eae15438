//! When what a program does happens: the words that `graph` puts beside an init path.

use initpath::analysis::{Settings, analyse, inquire};
use initpath::catalog::Catalog;
use initpath::workspace::in_memory;

use super::MANIFEST;
use super::reported;

/// `path: when` of every init path.
fn times(main: &str) -> Vec<String> {
    let files = [("src/main.rs", main), ("Cargo.toml", MANIFEST)];
    let settings = Settings { threads: Some(1), ..Settings::default() };
    let (_, paths) =
        inquire(in_memory(&files), Catalog::builtin(), &settings, |program| program.init_paths());
    let shown = paths.iter().map(|path| {
        let hops: Vec<&str> = path.hops.iter().map(|hop| hop.label.as_str()).collect();
        format!("{}: {}", hops[1..hops.len() - 1].join(" → "), path.when.join(", "))
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

#[test]
fn called_spawned_per_worker_on_first_use_and_in_a_handler() {
    assert_eq!(
        times(
            r#"
use actix_web::{App, HttpServer, web};
use std::sync::{LazyLock, OnceLock};
static LAZY: LazyLock<sqlx::PgPool> = LazyLock::new(lazy);
static CELL: OnceLock<sqlx::PgPool> = OnceLock::new();
fn lazy() -> sqlx::PgPool { sqlx::PgPool::connect_lazy("postgres://a/lazy").unwrap() }
fn cell() -> &'static sqlx::PgPool { CELL.get_or_init(once) }
fn once() -> sqlx::PgPool { sqlx::PgPool::connect_lazy("postgres://a/once").unwrap() }
async fn called() -> sqlx::PgPool { sqlx::PgPool::connect("postgres://a/called").await.unwrap() }
async fn spawned() { sqlx::PgPool::connect("postgres://a/spawned").await.unwrap(); }
fn worker() -> sqlx::PgPool { sqlx::PgPool::connect_lazy("postgres://a/worker").unwrap() }
async fn handler() -> String { sqlx::PgPool::connect("postgres://a/handler").await.unwrap(); String::new() }
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let pool = called().await;
    tokio::spawn(spawned());
    LAZY.clone();
    cell();
    HttpServer::new(|| App::new().app_data(web::Data::new(worker())).route("/", web::get().to(handler)))
        .bind("[::]:80")?
        .run()
        .await
}
"#
        ),
        [
            "LAZY → lazy: on first use",
            "called: ",
            "cell → once: once for all callers",
            "handler: per worker, in a handler",
            "spawned: in a task",
            "worker: per worker",
        ]
    );
}

#[test]
fn before_main_in_the_crates_a_binary_is_linked_from() {
    assert_eq!(
        times(
            r#"
use std::sync::OnceLock;
static EARLY: OnceLock<sqlx::PgPool> = OnceLock::new();
#[ctor::ctor]
fn early() { EARLY.set(lazy()).unwrap(); }
fn lazy() -> sqlx::PgPool { sqlx::PgPool::connect_lazy("postgres://a/early").unwrap() }
fn main() {}
"#
        ),
        ["lazy: before main"]
    );
}

#[test]
fn a_pool_made_before_main_competes_with_the_one_in_main() {
    let main = r#"
use std::sync::OnceLock;
static EARLY: OnceLock<sqlx::PgPool> = OnceLock::new();
fn connect() -> sqlx::PgPool { sqlx::PgPool::connect_lazy("postgres://a/orders").unwrap() }
#[ctor::ctor]
fn early() { EARLY.set(connect()).unwrap(); }
fn main() -> std::io::Result<()> {
    let pool = connect();
    actix_web::rt::System::new().block_on(serve(pool))
}
async fn serve(pool: sqlx::PgPool) -> std::io::Result<()> {
    let pool = actix_web::web::Data::new(pool);
    actix_web::HttpServer::new(move || actix_web::App::new().app_data(pool.clone())).bind("[::]:80")?.run().await
}
"#;
    let files = [("src/main.rs", main), ("Cargo.toml", MANIFEST)];
    let analysis =
        analyse(in_memory(&files), Catalog::builtin(), &Settings { threads: Some(1), ..Settings::default() });
    let found: Vec<(&str, Vec<&str>)> = analysis
        .findings
        .iter()
        .filter(|finding| finding.rule != "unverified-lazy-pool")
        .map(|finding| (finding.rule, finding.path.iter().map(|hop| hop.label.as_str()).collect()))
        .collect();
    assert_eq!(found, [("competing-pools", vec!["main", "connect", "Pool::connect_lazy"])]);
}

#[test]
fn hooks_and_customizers_run_for_every_connection() {
    assert_eq!(
        times(
            r#"
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use sqlx::postgres::PgPoolOptions;
struct Setup;
impl CustomizeConnection<diesel::PgConnection, diesel::r2d2::Error> for Setup {
    fn on_acquire(&self, connection: &mut diesel::PgConnection) -> Result<(), diesel::r2d2::Error> {
        rusqlite::Connection::open("customizer.db").unwrap();
        Ok(())
    }
}
async fn hook() { rusqlite::Connection::open("hook.db").unwrap(); }
#[tokio::main]
async fn main() {
    let pool = PgPoolOptions::new()
        .after_connect(|_, _| Box::pin(async { hook().await; Ok(()) }))
        .connect("postgres://a/b").await.unwrap();
    let manager = ConnectionManager::<diesel::PgConnection>::new("postgres://a/c");
    Pool::builder().connection_customizer(Box::new(Setup)).build(manager).unwrap();
}
"#
        ),
        [": ", ": ", "Setup::on_acquire: per connection", "hook: per connection"]
    );
}

#[test]
fn a_server_that_prepares_the_same_database_for_itself_needs_no_task() {
    let service = |own: &str| {
        format!(
            r#"
use axum::{{Router, extract::State, routing::get}};
use sqlx::SqlitePool;
async fn open(path: &str) -> sqlx::Result<SqlitePool> {{
    let pool = SqlitePool::connect(path).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS routes (prefix TEXT)").execute(&pool).await?;
    Ok(pool)
}}
async fn collect(path: String) -> sqlx::Result<()> {{
    let pool = open(&path).await?;
    sqlx::query("INSERT INTO routes VALUES ('10.0.0.0/8')").execute(&pool).await?;
    Ok(())
}}
async fn routes(State(pool): State<SqlitePool>) -> String {{
    sqlx::query_scalar::<_, String>("SELECT prefix FROM routes").fetch_one(&pool).await.unwrap_or_default()
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let path = std::env::var("ROUTES_FILE")?;
    tokio::spawn(collect(path.clone()));
    let pool = open({own}).await?;
    let app = Router::new().route("/routes", get(routes)).with_state(pool);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
        )
    };
    let detached = |own: &str| reported(&service(own)).iter().any(|found| found.starts_with("detached-init"));
    assert!(!detached("&path"));
    assert!(detached("&std::env::var(\"OTHER_FILE\")?"));
}
