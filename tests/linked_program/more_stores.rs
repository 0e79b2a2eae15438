//! Libraries that open a store from an address: what is made there, and what rules say of two that are kept and of one per request.

use super::{MANIFEST, check, reported, sites};

/// The resource of what an expression makes, and the rules that speak of a service that keeps two of it and makes one more for each
/// request. `address` in the expression is an environment variable.
fn seen(open: &str) -> (Vec<String>, Vec<String>) {
    let service = format!(
        r#"
use std::sync::Arc;
use axum::{{Extension, Router, routing::get}};
async fn order() -> anyhow::Result<String> {{
    let address = std::env::var("STORE")?;
    let store = {open};
    store.read("order");
    Ok(String::new())
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let address = std::env::var("STORE")?;
    let orders = Arc::new({open});
    let users = Arc::new({open});
    let app = Router::new()
        .route("/", get(|| async {{ order().await.unwrap_or_default() }}))
        .layer(Extension(orders))
        .layer(Extension(users));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
    );
    let places = sites(&[("src/main.rs", &service), ("Cargo.toml", MANIFEST)]);
    let mut resources: Vec<String> =
        places.iter().filter_map(|place| Some(place.split_once(' ')?.1.to_owned())).collect();
    assert_eq!(resources.len(), 3, "{open}: {places:?}");
    resources.dedup();
    (resources, reported(&service))
}

/// Checks that each expression makes a handle for what is named, which neither two are kept of nor one is made for each request.
#[track_caller]
fn check_stores(stores: &[(&str, &str)]) {
    for (open, resource) in stores {
        let (resources, found) = seen(open);
        assert_eq!(resources, [format!("{resource}:env.STORE")], "{open}");
        let (lazy, found): (Vec<String>, Vec<String>) =
            found.into_iter().partition(|finding| finding.starts_with("unverified-lazy-pool"));
        assert_eq!(found, ["competing-pools 14", "handle-per-call 6"], "{open} {lazy:?}");
    }
}

#[test]
fn databases_inside_the_process() {
    check_stores(&[
        ("turso::Builder::new_local(&address).build().await?", "sqlite"),
        (
            "turso::sync::Builder::new_remote(&address).with_remote_url(\"libsql://shop\").build().await?",
            "sqlite",
        ),
        ("lancedb::connect(&address).execute().await?", "vector"),
        ("cozo::DbInstance::new(\"rocksdb\", &address, \"\")?", "cozo"),
        ("cozo::new_cozo_rocksdb(&address)?", "cozo"),
        ("lmdb::Environment::new().set_max_dbs(3).open(std::path::Path::new(&address))?", "lmdb"),
        ("jammdb::DB::open(&address)?", "jammdb"),
        ("persy::OpenOptions::new().create(true).open(&address)?", "persy"),
        ("persy::Persy::open(&address, persy::Config::new())?", "persy"),
        ("nebari::Config::default_for(&address).open()?", "nebari"),
        ("rkv::Rkv::new::<rkv::backend::SafeMode>(std::path::Path::new(&address))?", "rkv"),
    ]);
}

#[test]
fn clients_of_servers() {
    check_stores(&[
        ("etcd_client::Client::connect([&address], None).await?", "etcd"),
        ("tikv_client::RawClient::new(vec![address.clone()]).await?", "tikv"),
        ("tikv_client::TransactionClient::new(vec![address.clone()]).await?", "tikv"),
        ("firestore::FirestoreDb::new(&address).await?", "firestore"),
        ("arangors::Connection::establish_jwt(&address, \"root\", \"\").await?", "arangodb"),
        ("couch_rs::Client::new_no_auth(&address)?", "couchdb"),
        ("influxdb::Client::new(&address, \"metrics\").with_token(\"secret\")", "influxdb"),
        ("cassandra_cpp::Cluster::default().set_contact_points(&address)?.connect().await?", "cassandra"),
        ("zookeeper_client::Client::connect(&address).await?", "zookeeper"),
        ("kafka::producer::Producer::from_hosts(vec![address.clone()]).create()?", "kafka"),
        ("kafka::client::KafkaClient::new(vec![address.clone()])", "kafka"),
        ("gcp_bigquery_client::Client::from_service_account_key_file(&address).await?", "bigquery"),
    ]);
}

#[test]
fn pools_of_managers() {
    check_stores(&[
        (
            "r2d2::Pool::new(r2d2_diesel::ConnectionManager::<diesel::PgConnection>::new(address.clone()))?",
            "postgres",
        ),
        ("r2d2::Pool::new(r2d2_memcache::MemcacheConnectionManager::new(address.as_str()))?", "memcached"),
        (
            "bb8::Pool::builder().build(bb8_tiberius::ConnectionManager::build(address.as_str())?).await?",
            "mssql",
        ),
        ("deadpool_tiberius::Manager::from_ado_string(&address)?.max_size(5).create_pool()?", "mssql"),
        (
            "deadpool_lapin::Config { url: Some(address.clone()), ..Default::default() }.create_pool(None)?",
            "amqp",
        ),
    ]);
}

#[test]
fn pools_that_are_hidden() {
    let spanner = "client::Client::new(&address, Default::default()).await?";
    check_stores(&[
        ("async_sqlx_session::PostgresSessionStore::new(&address).await?", "postgres"),
        ("async_sqlx_session::MySqlSessionStore::new_with_table_name(&address, \"visits\").await?", "mysql"),
        ("pgmq::PGMQueue::new(address.clone()).await?", "postgres"),
        ("pgmq::PGMQueueExt::new(address.clone(), 5).await?", "postgres"),
        ("fang::AsyncQueue::builder().uri(&address).max_pool_size(5u32).build()", "database"),
        (
            "graphile_worker::WorkerOptions::default().database_url(&address).concurrency(2).init().await?",
            "postgres",
        ),
        (&format!("google_cloud_spanner::{spanner}"), "spanner"),
        (&format!("gcloud_spanner::{spanner}"), "spanner"),
    ]);
}

#[test]
fn a_pool_that_is_given_is_no_second_one() {
    for shared in [
        "async_sqlx_session::PostgresSessionStore::from_client(pool.clone()).with_table_name(\"visits\")",
        "pgmq::PGMQueue::new_with_pool(pool.clone()).await",
        "pgmq::PGMQueueExt::new_with_pool(pool.clone()).await",
    ] {
        check(&format!(
            r#"
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let pool = sqlx::PgPool::connect(&std::env::var("DATABASE_URL")?).await?; //= postgres:env.DATABASE_URL
    let store = {shared};
    drop(store);
    Ok(())
}}
"#
        ));
    }
}

#[test]
fn what_is_taken_from_a_kept_handle_is_no_further_one() {
    for (kept, open, taken) in [
        ("turso::Database", "turso::Builder::new_local(&address).build().await?", "store.connect()"),
        (
            "lancedb::Connection",
            "lancedb::connect(&address).execute().await?",
            "store.open_table(\"orders\").execute().await",
        ),
        (
            "arangors::Connection",
            "arangors::Connection::establish_jwt(&address, \"root\", \"\").await?",
            "store.db(\"shop\").await",
        ),
        ("couch_rs::Client", "couch_rs::Client::new_no_auth(&address)?", "store.db(\"shop\").await"),
        (
            "tikv_client::RawClient",
            "tikv_client::RawClient::new(vec![address]).await?",
            "Some(store.with_atomic_for_cas())",
        ),
        (
            "firestore::FirestoreDb",
            "firestore::FirestoreDb::new(&address).await?",
            "Some(store.clone_with_session_params(Default::default()))",
        ),
        ("cozo::DbInstance", "cozo::DbInstance::new(\"sqlite\", &address, \"\")?", "Some(store.clone())"),
    ] {
        let service = format!(
            r#"
use axum::{{Router, extract::State, routing::get}};
async fn order(State(store): State<{kept}>) -> &'static str {{
    let Some(orders) = {taken}.into_iter().next() else {{ return "missing" }};
    orders.read("order");
    "done"
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let address = std::env::var("STORE")?;
    let store = {open};
    let app = Router::new().route("/", get(order)).with_state(store);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
        );
        assert_eq!(reported(&service), Vec::<String>::new(), "{kept}");
    }
}

#[test]
fn a_hidden_pool_competes_with_that_of_the_service() {
    for hidden in [
        "async_sqlx_session::PostgresSessionStore::new(&address).await?",
        "pgmq::PGMQueue::new(address.clone()).await?",
        "fang::AsyncQueue::builder().uri(&address).max_pool_size(5u32).build(); jobs.connect().await?",
        "graphile_worker::WorkerOptions::default().database_url(&address).init().await?",
    ] {
        let service = format!(
            r#"
use axum::{{Extension, Router, routing::get}};
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let address = std::env::var("DATABASE_URL")?;
    let pool = sqlx::PgPool::connect(&address).await?;
    let mut jobs = {hidden};
    let app = Router::new().route("/", get(|| async {{ "up" }})).layer(Extension(pool)).layer(Extension(jobs));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
        );
        assert_eq!(reported(&service), ["competing-pools 7"], "{hidden}");
        let given = "graphile_worker::WorkerOptions::default().pg_pool(pool.clone()).init().await?";
        assert_eq!(reported(&service.replace(hidden, given)), Vec::<String>::new());
    }
}

#[test]
fn options_may_be_set_one_by_one() {
    check(
        r#"
use deadpool_lapin::{Config, Runtime};
use deadpool_tiberius::Manager;
use firestore::{FirestoreDb, FirestoreDbOptions};
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut config = Config::default();
    config.url = Some(std::env::var("AMQP_URL")?);
    let pool = config.create_pool(Some(Runtime::Tokio1))?; //= amqp:env.AMQP_URL
    let reports = Manager::new().host(std::env::var("HOST")?).create_pool()?; //= mssql:env.HOST
    let options = FirestoreDbOptions::new(std::env::var("PROJECT")?).with_max_retries(5);
    let documents = FirestoreDb::with_options(options).await?; //= firestore:env.PROJECT
    Ok(())
}
"#,
    );
}

#[test]
fn what_is_only_an_address_or_listens_is_none_too_many() {
    for open in [
        "async_redis_session::RedisSessionStore::new(address.as_str())?",
        "kafka::consumer::Consumer::from_hosts(vec![address.clone()]).with_topic(\"orders\".to_owned()).create()?",
    ] {
        assert_eq!(seen(open).1, Vec::<String>::new(), "{open}");
    }
}

#[test]
fn the_manager_of_rkv_opens_a_path_once() {
    let service = |open: &str| {
        format!(
            r#"
use std::path::Path;
use axum::{{Router, routing::get}};
use rkv::{{Manager, Rkv, backend::{{SafeMode, SafeModeEnvironment}}}};
async fn order() -> &'static str {{
    let mut manager = Manager::<SafeModeEnvironment>::singleton().write().expect("nobody panicked");
    let store = {open}.expect("it can be opened");
    store.sync();
    "done"
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let app = Router::new().route("/", get(order));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
        )
    };
    let once = service("manager.get_or_create(Path::new(\"orders\"), |path| Rkv::new::<SafeMode>(path))");
    assert_eq!(reported(&once), Vec::<String>::new());
    assert_eq!(reported(&service("Rkv::new::<SafeMode>(Path::new(\"orders\"))")), ["handle-per-call 7"]);
}

#[test]
fn each_database_without_a_path_is_one_of_its_own() {
    assert_eq!(seen("cozo::DbInstance::new(\"mem\", \"\", \"\")?").1, Vec::<String>::new());
}
