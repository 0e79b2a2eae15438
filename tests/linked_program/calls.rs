//! Which function a call leads to, and when it runs. In each case the address is known only if the call is followed.

use super::check;

#[test]
fn functions_as_values() {
    check(
        r#"
fn open(path: &str) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap() //= sqlite:literal.a.db
}
fn client(url: &str) -> redis::Client { redis::Client::open(url).unwrap() } //= redis:unknown.?
fn retry<T>(make: impl Fn(&str) -> T, url: &str) -> T { make(url) }
fn main() {
    let one = Some("a.db").map(open);
    let two = retry(client, "redis://a");
}
"#,
    );
}

#[test]
fn closures_stored_and_called_later() {
    check(
        r#"
struct Factory { make: Box<dyn Fn() -> rusqlite::Connection + Send + Sync> }
impl Factory {
    fn new() -> Self {
        Self { make: Box::new(|| rusqlite::Connection::open("a.db").unwrap()) } //= sqlite:literal.a.db
    }
    fn run(&self) { (self.make)(); }
}
fn main() { Factory::new().run(); }
"#,
    );
}

#[test]
fn lazies_and_their_initializers() {
    check(
        r#"
use std::sync::LazyLock;
use once_cell::sync::Lazy;
fn make() -> redis::Client { redis::Client::open("redis://a").unwrap() } //= redis:literal.redis://a
static ONE: Lazy<redis::Client> = Lazy::new(make);
static TWO: LazyLock<rusqlite::Connection> = LazyLock::new(|| {
    rusqlite::Connection::open("a.db").unwrap() //= sqlite:literal.a.db
});
fn main() { let _ = ONE.clone(); Lazy::force(&ONE); let _ = &*TWO; }
"#,
    );
}

#[test]
fn macros_of_the_workspace_and_common_ones() {
    check(
        r#"
macro_rules! open {
    ($path:expr) => {
        rusqlite::Connection::open($path).unwrap() //= sqlite:literal.a.db
    };
}
#[tokio::main]
async fn main() {
    let one = open!("a.db");
    let pools = tokio::try_join!(
        sqlx::PgPool::connect("postgres://a/1"), //= postgres:literal.postgres://a/1
        sqlx::PgPool::connect("postgres://a/2"), //= postgres:literal.postgres://a/2
    );
    tokio::select! {
        pool = sqlx::PgPool::connect("postgres://a/3") => drop(pool), //= postgres:literal.postgres://a/3
        _ = tokio::signal::ctrl_c() => {}
    }
    let list = vec![redis::Client::open("redis://a")]; //= redis:literal.redis://a
    println!("{:?}", redis::Client::open("redis://b")); //= redis:literal.redis://b
}
"#,
    );
}

#[test]
fn recursion_ends() {
    check(
        r#"
fn open(depth: u32, path: &str) -> rusqlite::Connection {
    match rusqlite::Connection::open(path) { //= sqlite:literal.a.db
        Ok(connection) => connection,
        Err(_) if depth > 0 => open(depth - 1, path),
        Err(error) => panic!("{error}"),
    }
}
fn main() { open(3, "a.db"); }
"#,
    );
}

#[test]
fn tasks_threads_and_spawned_closures() {
    check(
        r#"
async fn job(url: String) { sqlx::PgPool::connect(&url).await.unwrap(); } //= postgres:literal.postgres://a/1
#[tokio::main]
async fn main() {
    tokio::spawn(job("postgres://a/1".into()));
    let handle = tokio::spawn(async { sqlx::PgPool::connect("postgres://a/2").await }); //= postgres:literal.postgres://a/2
    let pool = handle.await.unwrap().unwrap();
    std::thread::spawn(|| rusqlite::Connection::open("a.db")).join().unwrap().unwrap(); //= sqlite:literal.a.db
    tokio::task::spawn_blocking(move || rusqlite::Connection::open("b.db")).await.unwrap().unwrap(); //= sqlite:literal.b.db
}
"#,
    );
}

#[test]
fn streams_and_iterators() {
    check(
        r#"
use futures::StreamExt;
#[tokio::main]
async fn main() {
    let pools: Vec<_> = ["postgres://a/1"].iter().map(|url| sqlx::PgPool::connect_lazy(url)).collect(); //= postgres:literal.postgres://a/1
    futures::stream::iter(["a.db"]).for_each(|path| async move {
        rusqlite::Connection::open(path).unwrap(); //= sqlite:unknown.?
    }).await;
}
"#,
    );
}
