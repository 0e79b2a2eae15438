//! Which definition a name means.

use super::{Catalog, Settings, analyse, check, check_files, in_memory};

const DATABASE: &str = r#"
pub async fn connect() -> sqlx::Result<sqlx::PgPool> {
    sqlx::PgPool::connect("postgres://a/b").await //= postgres:literal.postgres://a/b
}
"#;

#[test]
fn aliases_globs_and_re_exports_over_modules() {
    check_files(&[
        ("src/database.rs", DATABASE),
        (
            "src/main.rs",
            r#"
mod database;
mod outer {
    pub mod inner { pub use crate::database::*; }
    pub use self::inner::connect as open;
}
use outer::*;
use self::open as start;
#[tokio::main]
async fn main() { start().await.unwrap(); }
"#,
        ),
    ]);
}

#[test]
fn a_function_that_is_named_like_its_module() {
    for import in
        ["use crate::connect::connect;", "use connect::connect;", "use self::connect::connect as connect;"]
    {
        let main = format!(
            "mod connect;\n{import}\n#[tokio::main]\nasync fn main() {{ connect().await.unwrap(); }}\n"
        );
        check_files(&[("src/connect.rs", DATABASE), ("src/main.rs", &main)]);
    }
}

#[test]
fn library_names_through_re_exports_of_the_workspace() {
    check(
        r#"
mod prelude { pub use sqlx::postgres::{PgPool as Pool, PgPoolOptions as Options}; pub use sqlx as db; }
use prelude::*;
#[tokio::main]
async fn main() {
    let one = Pool::connect("postgres://a/b").await.unwrap(); //= postgres:literal.postgres://a/b
    let two = Options::new().connect("postgres://a/c").await.unwrap(); //= postgres:literal.postgres://a/c
    let three = db::SqlitePool::connect("sqlite://d.db").await.unwrap(); //= sqlite:literal.sqlite://d.db
}
"#,
    );
}

#[test]
fn crates_of_the_workspace_and_a_renamed_dependency() {
    check_files(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"store\", \"facade\"]\n"),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nfacade = { path = \"../facade\" }\ntokio = \"1\"\n",
        ),
        (
            "app/src/main.rs",
            "use facade::storage;\n#[tokio::main]\nasync fn main() { storage::Store::open().await.unwrap(); }\n",
        ),
        (
            "facade/Cargo.toml",
            "[package]\nname = \"facade\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nbackend = { package = \"store\", path = \"../store\" }\n",
        ),
        ("facade/src/lib.rs", "pub use backend as storage;\n"),
        (
            "store/Cargo.toml",
            "[package]\nname = \"store\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\nname = \"shop_store\"\n[dependencies]\npg = { package = \"sqlx\", version = \"0.8\" }\n",
        ),
        (
            "store/src/lib.rs",
            r#"
pub struct Store { pub pool: pg::PgPool }
impl Store {
    pub async fn open() -> pg::Result<Self> {
        Ok(Self { pool: pg::PgPool::connect("postgres://a/b").await? }) //= postgres:literal.postgres://a/b
    }
}
"#,
        ),
    ]);
}

#[test]
fn a_binary_and_the_library_of_its_package() {
    check_files(&[
        ("src/lib.rs", "pub mod database;\n"),
        ("src/database.rs", DATABASE),
        ("src/main.rs", "#[tokio::main]\nasync fn main() { app::database::connect().await.unwrap(); }\n"),
    ]);
}

#[test]
fn items_inside_functions_and_shadowing() {
    check(
        r#"
fn connect() {}
#[tokio::main]
async fn main() {
    use rusqlite::Connection;
    async fn connect(url: &str) -> sqlx::Result<sqlx::PgPool> {
        sqlx::PgPool::connect(url).await //= postgres:literal.postgres://a/b
    }
    connect("postgres://a/b").await.unwrap();
    let open = |file: &str| Connection::open(file); //= sqlite:unknown.?
    open("x.db").unwrap();
    let sqlx = 1;
    let _ = sqlx + 1;
}
"#,
    );
}

#[test]
fn associated_items_through_self_and_type_aliases() {
    check(
        r#"
struct Manager<T> { url: T }
type Database = Manager<String>;
impl Manager<String> {
    const NAME: &'static str = "DATABASE_URL";
    fn from_env() -> Self { Self { url: std::env::var("DATABASE_URL").unwrap() } }
    async fn start() -> sqlx::PgPool { let manager = Self::from_env(); manager.pool().await }
    async fn pool(&self) -> sqlx::PgPool {
        sqlx::PgPool::connect(&self.url).await.unwrap() //= postgres:env.DATABASE_URL
    }
}
#[tokio::main]
async fn main() { Database::start().await; }
"#,
    );
}

#[test]
fn an_alias_switched_by_cfg() {
    check(
        r#"
#[cfg(feature = "pg")]
type Pool = sqlx::PgPool;
#[cfg(not(feature = "pg"))]
type Pool = sqlx::SqlitePool;
mod backend {
    #[cfg(feature = "pg")]
    pub use self::pg::open;
    #[cfg(not(feature = "pg"))]
    pub use self::lite::open;
    pub mod pg {
        pub async fn open() -> sqlx::PgPool {
            sqlx::PgPool::connect("postgres://a/b").await.unwrap() //= postgres:literal.postgres://a/b
        }
    }
    pub mod lite {
        pub async fn open() -> sqlx::SqlitePool {
            sqlx::SqlitePool::connect("sqlite://a.db").await.unwrap() //= sqlite:literal.sqlite://a.db
        }
    }
}
#[tokio::main]
async fn main() { let pool: Pool = backend::open().await; }
"#,
    );
}

#[test]
fn lazy_statics_and_extern_crate() {
    check(
        r#"
extern crate redis as cache;
#[macro_use]
extern crate lazy_static;
lazy_static! {
    static ref CLIENT: cache::Client = cache::Client::open("redis://a").unwrap(); //= redis:literal.redis://a
}
fn main() { let connection = CLIENT.get_connection().unwrap(); } //= redis:literal.redis://a
"#,
    );
}

#[test]
fn a_driver_re_exported_by_another_library() {
    check(
        r#"
fn main() {
    let manager = r2d2_sqlite::rusqlite::Connection::open("a.db").unwrap(); //= sqlite:literal.a.db
}
"#,
    );
}

#[test]
fn adapters_of_casbin_open_pools_of_their_own_unless_they_are_given_one() {
    check(
        r#"
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect("postgres://a/shop").await?; //= postgres:literal.postgres://a/shop
    let given = sqlx_adapter::SqlxAdapter::new_with_pool(pool).await?;
    let own = sqlx_adapter::SqlxAdapter::new("postgres://a/shop", 8).await?; //= postgres:literal.postgres://a/shop
    let diesel = diesel_adapter::DieselAdapter::new("mysql://a/shop", 8)?; //= mysql:literal.mysql://a/shop
    Ok(())
}
"#,
    );
}

#[test]
fn a_function_of_a_module_with_its_name_comes_through_a_glob() {
    check_files(&[
        ("src/routes/connect.rs", DATABASE),
        ("src/routes.rs", "mod connect;\npub use connect::*;\n"),
        (
            "src/main.rs",
            r#"
mod routes;
use crate::routes::{connect};
#[tokio::main]
async fn main() { connect().await.unwrap(); }
"#,
        ),
    ]);
}

#[test]
fn a_private_module_does_not_come_through_a_glob() {
    check_files(&[
        ("src/backend.rs", "mod redis;\npub use self::redis::Cache;\n"),
        ("src/backend/redis.rs", "pub struct Cache(pub ::redis::Client);\n"),
        (
            "src/main.rs",
            r#"
mod backend;
pub use backend::*;
fn main() {
    let cache = Cache(redis::Client::open("redis://a").unwrap()); //= redis:literal.redis://a
}
"#,
        ),
    ]);
}

#[test]
fn a_module_inside_sees_what_is_private_around_it() {
    check(
        r#"
use rusqlite::Connection as Store;
mod inside {
    use super::*;
    pub fn open() -> Store { Store::open("a.db").unwrap() } //= sqlite:literal.a.db
}
fn main() { inside::open(); }
"#,
    );
}

#[test]
fn what_a_trait_of_a_library_gives_is_found_through_the_package_that_implements_it() {
    let found = analyse(
        in_memory(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"api\", \"migration\"]\n"),
            (
                "migration/Cargo.toml",
                "[package]\nname = \"migration\"\nedition = \"2024\"\n[dependencies]\nsea-orm-migration = \"1\"\n",
            ),
            (
                "migration/src/lib.rs",
                "pub use sea_orm_migration::prelude::*;\npub struct Migrator;\nimpl MigratorTrait for Migrator {\n    fn migrations() -> Vec<Box<dyn MigrationTrait>> {\n        Vec::new()\n    }\n}\n",
            ),
            (
                "api/Cargo.toml",
                "[package]\nname = \"api\"\nedition = \"2024\"\n[dependencies]\naxum = \"0.8\"\nsea-orm = \"1\"\ntokio = \"1\"\nmigration = { path = \"../migration\" }\n",
            ),
            (
                "api/src/main.rs",
                "use migration::{Migrator, MigratorTrait};\nasync fn main() {\n    let db = sea_orm::Database::connect(std::env::var(\"DATABASE_URL\").unwrap()).await.unwrap();\n    let _ = Migrator::up(&db, None).await;\n    let app = axum::Router::new().with_state(db);\n    axum::serve(tokio::net::TcpListener::bind(\"[::]:80\").await.unwrap(), app).await.unwrap();\n}\n",
            ),
        ]),
        Catalog::builtin(),
        &Settings::default(),
    );
    let reported: Vec<&str> = found.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(reported, ["swallowed-init-error"]);
}
