//! Where an address comes from.

use super::check;

#[test]
fn an_environment_variable_through_parameters_and_fields() {
    check(
        r#"
struct Config { database: Database }
struct Database { url: String }
impl Config {
    fn load() -> anyhow::Result<Self> {
        Ok(Self { database: Database { url: std::env::var("ORDERS_URL")? } })
    }
}
async fn pool(database: &Database) -> sqlx::Result<sqlx::PgPool> {
    sqlx::PgPool::connect(&database.url).await //= postgres:env.ORDERS_URL
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::load()?;
    pool(&config.database).await?;
    Ok(())
}
"#,
    );
}

#[test]
fn a_command_line_argument_is_its_variable() {
    check(
        r#"
use clap::Parser;
#[derive(Parser)]
struct Args {
    #[arg(long, env = "DATABASE_URL")]
    database: String,
    #[clap(long, env)]
    cache_url: String,
    #[arg(long, default_value = "data.db")]
    file: std::path::PathBuf,
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let pool = sqlx::PgPool::connect(&args.database).await?; //= postgres:env.DATABASE_URL
    let cache = redis::Client::open(args.cache_url.as_str())?; //= redis:env.CACHE_URL
    let file = rusqlite::Connection::open(&args.file)?; //= sqlite:args.file
    Ok(())
}
"#,
    );
}

#[test]
fn flattened_arguments_are_their_variables() {
    check(
        r#"
use clap::{Args, Parser};
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    stores: Stores,
}
#[derive(Args)]
struct Stores {
    #[arg(long)]
    #[arg(env = "DATABASE_URL")]
    database: String,
    #[clap(flatten)]
    cache: Option<Cache>,
}
#[derive(Args)]
struct Cache {
    #[arg(long, env = "CACHE_URL")]
    cache_url: String,
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let pool = sqlx::PgPool::connect(&cli.stores.database).await?; //= postgres:env.DATABASE_URL
    let cache = cli.stores.cache.unwrap();
    let cache = redis::Client::open(cache.cache_url.as_str())?; //= redis:env.CACHE_URL
    Ok(())
}
"#,
    );
}

#[test]
fn a_configuration_is_named_by_its_type() {
    check(
        r#"
use serde::Deserialize;
#[derive(Deserialize)]
struct Settings { database: Database, redis_url: String }
#[derive(Deserialize)]
struct Database { url: String }
fn settings() -> anyhow::Result<Settings> {
    let builder = config::Config::builder().add_source(config::File::with_name("app")).build()?;
    Ok(builder.try_deserialize()?)
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = settings()?;
    let pool = sqlx::PgPool::connect(&settings.database.url).await?; //= postgres:settings("app").database.url
    let cache = redis::Client::open(settings.redis_url)?; //= redis:settings("app").redis_url
    Ok(())
}
"#,
    );
}

#[test]
fn envy_and_figment_fill_fields() {
    check(
        r#"
use serde::Deserialize;
#[derive(Deserialize)]
struct Env { database_url: String, #[serde(rename = "REDIS")] cache: String }
#[derive(Deserialize)]
struct Files { url: String }
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let env = envy::from_env::<Env>()?;
    let pool = sqlx::PgPool::connect(&env.database_url).await?; //= postgres:env.DATABASE_URL
    let cache = redis::Client::open(env.cache)?; //= redis:env.REDIS
    let files: Files = figment::Figment::new().merge(figment::providers::Env::prefixed("APP_")).extract()?;
    let other = sqlx::PgPool::connect(&files.url).await?; //= postgres:files("APP_").url
    Ok(())
}
"#,
    );
}

#[test]
fn a_file_below_a_configured_folder() {
    check(
        r#"
use std::path::{Path, PathBuf};
fn open(folder: &Path) -> rusqlite::Result<rusqlite::Connection> {
    rusqlite::Connection::open(folder.join("orders.db")) //= sqlite:env.DATA_DIR/orders.db
}
fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::var("DATA_DIR")?);
    open(&folder)?;
    Ok(())
}
"#,
    );
}

#[test]
fn an_address_formatted_of_parts() {
    check(
        r#"
fn url() -> anyhow::Result<String> {
    let host = std::env::var("DB_HOST")?;
    let name = std::env::var("DB_NAME")?;
    Ok(format!("postgres://app:secret@{host}/{name}"))
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect(&url()?).await?; //= postgres:"postgres://app@{env.DB_HOST}/{env.DB_NAME}"
    Ok(())
}
"#,
    );
}

#[test]
fn builders_of_several_statements_and_how_to_talk() {
    check(
        r#"
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use std::time::Duration;
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut options = PgConnectOptions::new();
    options = options.host(&std::env::var("DB_HOST")?);
    options = options.ssl_mode(PgSslMode::Require);
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(3)).connect_with(options).await?; //= postgres:env.DB_HOST
    let mut config = deadpool_postgres::Config::new();
    config.url = Some(std::env::var("ARCHIVE_URL")?);
    config.keepalives = Some(true);
    let archive = config.create_pool(None, tokio_postgres::NoTls)?; //= postgres:env.ARCHIVE_URL
    Ok(())
}
"#,
    );
}

#[test]
fn a_default_does_not_change_which_variable_it_is() {
    check(
        r#"
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://localhost/app".to_string());
    let pool = sqlx::PgPool::connect(&url).await?; //= postgres:env.DATABASE_URL
    let file = std::env::var("FILE").unwrap_or("app.db".into());
    let connection = rusqlite::Connection::open(file)?; //= sqlite:env.FILE
    Ok(())
}
"#,
    );
}

#[test]
fn what_a_text_is_filled_with_tells_files_apart() {
    check(
        r#"
use std::io::Read;
#[derive(serde::Deserialize)]
struct Settings { url: String }
fn read(path: &str) -> anyhow::Result<Settings> {
    let mut text = String::new();
    std::fs::File::open(path)?.read_to_string(&mut text)?;
    Ok(toml::from_str(&text)?)
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let one = sqlx::PgPool::connect(&read("one.toml")?.url).await?; //= postgres:settings("one.toml").url
    let two = sqlx::PgPool::connect(&read("two.toml")?.url).await?; //= postgres:settings("two.toml").url
    Ok(())
}
"#,
    );
}

#[test]
fn two_drivers_of_one_address() {
    check(
        r#"
use diesel::Connection;
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL")?;
    let pool = sqlx::PgPool::connect(&url).await?; //= postgres:env.DATABASE_URL
    let connection = diesel::PgConnection::establish(&url)?; //= postgres:env.DATABASE_URL
    Ok(())
}
"#,
    );
}

#[test]
fn a_pool_that_an_attribute_makes() {
    check(
        r#"
use rocket_sync_db_pools::{database, diesel};
#[database("orders")] //= postgres:config.databases.orders
struct Orders(diesel::PgConnection);
#[rocket::launch]
fn rocket() -> _ {
    rocket::build().attach(Orders::fairing())
}
"#,
    );
}

#[test]
fn a_static_that_keeps_the_address() {
    check(
        r#"
use once_cell::sync::Lazy;
static URL: Lazy<String> = Lazy::new(|| std::env::var("DATABASE_URL").expect("set"));
const FILE: &str = "cache.db";
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect(&URL).await?; //= postgres:env.DATABASE_URL
    let cache = rusqlite::Connection::open(FILE)?; //= sqlite:literal.cache.db
    Ok(())
}
"#,
    );
}

#[test]
fn two_empty_cells_are_two_addresses() {
    check(
        r#"
use std::sync::OnceLock;
static PRIMARY: OnceLock<String> = OnceLock::new();
static REPLICA: OnceLock<String> = OnceLock::new();
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    PRIMARY.set(std::env::args().nth(1).expect("given")).expect("once");
    REPLICA.set(std::env::args().nth(2).expect("given")).expect("once");
    let primary = sqlx::PgPool::connect(PRIMARY.get().expect("set")).await?; //= postgres:PRIMARY
    let replica = sqlx::PgPool::connect(REPLICA.get().expect("set")).await?; //= postgres:REPLICA
    Ok(())
}
"#,
    );
}

#[test]
fn what_a_request_says_is_unknown() {
    check(
        r#"
async fn report(name: String) -> sqlx::Result<()> {
    sqlx::PgPool::connect(&name).await?; //= postgres:unknown.?
    Ok(())
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let app = axum::Router::new().route("/report", axum::routing::get(report));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}
"#,
    );
}

#[test]
fn a_handle_through_what_libraries_add_to_results() {
    check(
        r#"
use acme_errors::ResultExt;
struct Store(sqlx::PgPool);
impl Store {
    async fn open(url: &str) -> acme_errors::Result<Self> {
        Ok(Self(sqlx::PgPool::connect(url).await.note("opening the store")?)) //= postgres:env.ORDERS_URL
    }
}
struct Service { store: Store }
#[tokio::main]
async fn main() {
    let store = Store::open(&std::env::var("ORDERS_URL").unwrap_or_log()).await.trace().unwrap();
    let service = Service { store };
    service.store.0.acquire().await.unwrap();
}
"#,
    );
}
