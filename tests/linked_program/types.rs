//! What type a receiver has.

use super::check;

#[test]
fn conversions_as_constructors() {
    check(
        r#"
use std::str::FromStr;
struct Url(String);
struct Store { pool: sqlx::PgPool }
impl TryFrom<Url> for Store {
    type Error = sqlx::Error;
    fn try_from(url: Url) -> Result<Self, Self::Error> {
        Ok(Self { pool: sqlx::PgPool::connect_lazy(&url.0)? }) //= postgres:literal.postgres://a/1
    }
}
impl From<&Url> for redis::Client {
    fn from(url: &Url) -> Self { redis::Client::open(url.0.as_str()).unwrap() } //= redis:unknown.argument 0.0
}
struct File(rusqlite::Connection);
impl FromStr for File {
    type Err = rusqlite::Error;
    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Ok(Self(rusqlite::Connection::open(path)?)) //= sqlite:literal.a.db
    }
}
#[derive(Clone)]
struct Cache { client: redis::Client }
impl Default for Cache {
    fn default() -> Self { Self { client: redis::Client::open("redis://a").unwrap() } } //= redis:literal.redis://a
}
fn main() {
    let store: Store = Url("postgres://a/1".into()).try_into().unwrap();
    let file: File = "a.db".parse().unwrap();
    let cache = Cache::default();
}
"#,
    );
}

#[test]
fn chains_of_results_and_options() {
    check(
        r#"
use anyhow::Context;
use sqlx::postgres::PgPoolOptions;
fn options(size: Option<u32>) -> Option<PgPoolOptions> { Some(PgPoolOptions::new().max_connections(size?)) }
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = options(Some(4)).ok_or(anyhow::anyhow!("no"))?;
    let one = options.clone().connect("postgres://a/1").await.context("no")?; //= postgres:literal.postgres://a/1
    let two = Some(options).map(|options| options.connect_lazy("postgres://a/2")).transpose()?; //= postgres:literal.postgres://a/2
    Ok(())
}
"#,
    );
}

#[test]
fn fields_patterns_and_captures() {
    check(
        r#"
use sqlx::postgres::PgPoolOptions;
struct Builder { options: PgPoolOptions, url: String }
enum Backend { Postgres { builder: Builder }, Memory }
#[tokio::main]
async fn main() {
    let backend = Backend::Postgres { builder: Builder { options: PgPoolOptions::new(), url: "postgres://a/1".into() } };
    match backend {
        Backend::Postgres { builder: Builder { options, url } } => {
            let connect = async move { options.connect(&url).await }; //= postgres:literal.postgres://a/1
            connect.await.unwrap();
        }
        Backend::Memory => {}
    }
}
"#,
    );
}

#[test]
fn smart_pointers_and_guards() {
    check(
        r#"
use std::sync::{Arc, Mutex};
struct Connector { client: redis::Client }
impl Connector {
    fn connect(&self) -> redis::Connection { self.client.get_connection().unwrap() } //= redis:literal.redis://a
}
fn main() {
    let shared = Arc::new(Mutex::new(Connector { client: redis::Client::open("redis://a").unwrap() })); //= redis:literal.redis://a
    let connection = shared.lock().unwrap().connect();
    let boxed: Box<Connector> = Box::new(Connector { client: redis::Client::open("redis://b").unwrap() }); //= redis:literal.redis://b
    boxed.as_ref().connect();
}
"#,
    );
}

#[test]
fn generics_by_turbofish_annotation_and_argument() {
    check(
        r#"
trait Backend: Sized { fn open(url: &str) -> Self; }
struct Sqlite(rusqlite::Connection);
struct Cache(redis::Client);
impl Backend for Sqlite {
    fn open(url: &str) -> Self { Self(rusqlite::Connection::open(url).unwrap()) } //= sqlite:literal.a.db
}
impl Backend for Cache {
    fn open(url: &str) -> Self { Self(redis::Client::open(url).unwrap()) } //= redis:literal.redis://a
}
struct Service<B> { backend: B }
impl<B: Backend> Service<B> {
    fn new(url: &str) -> Self { Self { backend: B::open(url) } }
}
fn make<B: Backend>(url: &str) -> B { B::open(url) }
fn main() {
    let one = make::<Sqlite>("a.db");
    let two: Service<Cache> = Service::new("redis://a");
}
"#,
    );
}

#[test]
fn associated_types_and_default_methods() {
    check(
        r#"
trait Manager {
    type Handle;
    fn address(&self) -> String;
    fn connect(&self) -> Self::Handle;
    fn start(&self) -> Self::Handle { self.connect() }
}
struct Files { folder: String }
impl Manager for Files {
    type Handle = rusqlite::Connection;
    fn address(&self) -> String { self.folder.clone() }
    fn connect(&self) -> Self::Handle { rusqlite::Connection::open(&self.folder).unwrap() } //= sqlite:literal.a.db
}
fn main() { Files { folder: "a.db".into() }.start(); }
"#,
    );
}

#[test]
fn dynamic_dispatch_reaches_every_implementation() {
    check(
        r#"
trait Store { fn open(&self); }
struct A;
struct B;
impl Store for A { fn open(&self) { rusqlite::Connection::open("a.db").unwrap(); } } //= sqlite:literal.a.db
impl Store for B { fn open(&self) { rusqlite::Connection::open("b.db").unwrap(); } } //= sqlite:literal.b.db
fn main() {
    let stores: Vec<Box<dyn Store>> = vec![Box::new(A), Box::new(B)];
    for store in &stores { store.open(); }
}
"#,
    );
}

#[test]
fn a_blanket_implementation_in_the_workspace() {
    check(
        r#"
trait Open { fn open(&self) -> rusqlite::Connection; }
impl<T: AsRef<str>> Open for T {
    fn open(&self) -> rusqlite::Connection { rusqlite::Connection::open(self.as_ref()).unwrap() } //= sqlite:literal.a.db
}
fn main() { "a.db".open(); }
"#,
    );
}

#[test]
fn a_pool_whose_manager_the_workspace_wrote_is_of_what_it_makes() {
    check(
        r#"
struct Files;
impl r2d2::ManageConnection for Files {
    type Connection = rusqlite::Connection;
    type Error = rusqlite::Error;
    fn connect(&self) -> rusqlite::Result<rusqlite::Connection> {
        rusqlite::Connection::open("a.db") //= sqlite:literal.a.db
    }
    fn is_valid(&self, connection: &mut rusqlite::Connection) -> rusqlite::Result<()> { connection.execute_batch("") }
    fn has_broken(&self, _: &mut rusqlite::Connection) -> bool { false }
}
fn main() {
    let pool = r2d2::Pool::new(Files).unwrap(); //= sqlite:files
}
"#,
    );
}
