//! The embedded files of `rules/catalog/`: one row per library, and nothing else. What they say is read
//! elsewhere.

/// A library file that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct BuiltinFile {
    /// Package name in the registry, which is also the name of the file.
    pub package: &'static str,
    /// The file's `facades`, repeated here so that a dependency leads to its file before any file is read.
    pub facades: &'static [&'static str],
    /// The file's text.
    pub text: &'static str,
}

impl BuiltinFile {
    /// Whether paths with this root are described in the file.
    pub(super) fn carries(&self, root: &str) -> bool {
        let is_root = |package: &str| {
            package.len() == root.len()
                && package.bytes().zip(root.bytes()).all(|(a, b)| a == b || (a == b'-' && b == b'_'))
        };
        is_root(self.package) || self.facades.iter().any(|facade| is_root(facade))
    }
}

const fn file(package: &'static str, facades: &'static [&'static str], text: &'static str) -> BuiltinFile {
    BuiltinFile { package, facades, text }
}

/// Every file of `rules/catalog/`, sorted by package.
#[rustfmt::skip] // One library, one line.
pub const BUILTIN: &[BuiltinFile] = &[
    file("actix-rt", &[], include_str!("../../rules/catalog/actix-rt.toml")),
    file("actix-session", &[], include_str!("../../rules/catalog/actix-session.toml")),
    file("actix-web", &[], include_str!("../../rules/catalog/actix-web.toml")),
    file("ahash", &[], include_str!("../../rules/catalog/ahash.toml")),
    file("anyhow", &[], include_str!("../../rules/catalog/anyhow.toml")),
    file("apalis", &["apalis-core"], include_str!("../../rules/catalog/apalis.toml")),
    file("arc-swap", &[], include_str!("../../rules/catalog/arc-swap.toml")),
    file("async-graphql", &[], include_str!("../../rules/catalog/async-graphql.toml")),
    file("async-lock", &[], include_str!("../../rules/catalog/async-lock.toml")),
    file("async-nats", &[], include_str!("../../rules/catalog/async-nats.toml")),
    file("async-once-cell", &[], include_str!("../../rules/catalog/async-once-cell.toml")),
    file("async-std", &[], include_str!("../../rules/catalog/async-std.toml")),
    file("aws-sdk-dynamodb", &[], include_str!("../../rules/catalog/aws-sdk-dynamodb.toml")),
    file("axum", &[], include_str!("../../rules/catalog/axum.toml")),
    file("axum-server", &[], include_str!("../../rules/catalog/axum-server.toml")),
    file("backoff", &[], include_str!("../../rules/catalog/backoff.toml")),
    file("backon", &[], include_str!("../../rules/catalog/backon.toml")),
    file("bb8", &[], include_str!("../../rules/catalog/bb8.toml")),
    file("bb8-postgres", &[], include_str!("../../rules/catalog/bb8-postgres.toml")),
    file("bb8-redis", &[], include_str!("../../rules/catalog/bb8-redis.toml")),
    file("cdrs-tokio", &[], include_str!("../../rules/catalog/cdrs-tokio.toml")),
    file("clap", &["clap_builder"], include_str!("../../rules/catalog/clap.toml")),
    file("clickhouse", &[], include_str!("../../rules/catalog/clickhouse.toml")),
    file("config", &[], include_str!("../../rules/catalog/config.toml")),
    file("ctor", &[], include_str!("../../rules/catalog/ctor.toml")),
    file("dashmap", &[], include_str!("../../rules/catalog/dashmap.toml")),
    file("deadpool", &[], include_str!("../../rules/catalog/deadpool.toml")),
    file("deadpool-diesel", &[], include_str!("../../rules/catalog/deadpool-diesel.toml")),
    file("deadpool-postgres", &[], include_str!("../../rules/catalog/deadpool-postgres.toml")),
    file("deadpool-redis", &[], include_str!("../../rules/catalog/deadpool-redis.toml")),
    file("deadpool-sqlite", &[], include_str!("../../rules/catalog/deadpool-sqlite.toml")),
    file("diesel", &[], include_str!("../../rules/catalog/diesel.toml")),
    file("diesel-async", &[], include_str!("../../rules/catalog/diesel-async.toml")),
    file("diesel_migrations", &[], include_str!("../../rules/catalog/diesel_migrations.toml")),
    file("dotenv", &[], include_str!("../../rules/catalog/dotenv.toml")),
    file("dotenvy", &[], include_str!("../../rules/catalog/dotenvy.toml")),
    file("duckdb", &[], include_str!("../../rules/catalog/duckdb.toml")),
    file("elasticsearch", &[], include_str!("../../rules/catalog/elasticsearch.toml")),
    file("envy", &[], include_str!("../../rules/catalog/envy.toml")),
    file("eyre", &[], include_str!("../../rules/catalog/eyre.toml")),
    file("figment", &[], include_str!("../../rules/catalog/figment.toml")),
    file("fjall", &[], include_str!("../../rules/catalog/fjall.toml")),
    file("fred", &[], include_str!("../../rules/catalog/fred.toml")),
    file("futures", &["futures-util", "futures-executor", "futures-core"], include_str!("../../rules/catalog/futures.toml")),
    file("gotham", &[], include_str!("../../rules/catalog/gotham.toml")),
    file("hashbrown", &[], include_str!("../../rules/catalog/hashbrown.toml")),
    file("heed", &[], include_str!("../../rules/catalog/heed.toml")),
    file("hyper", &["hyper-util"], include_str!("../../rules/catalog/hyper.toml")),
    file("indexmap", &[], include_str!("../../rules/catalog/indexmap.toml")),
    file("influxdb2", &[], include_str!("../../rules/catalog/influxdb2.toml")),
    file("jsonrpsee", &["jsonrpsee-server", "jsonrpsee-core"], include_str!("../../rules/catalog/jsonrpsee.toml")),
    file("juniper", &[], include_str!("../../rules/catalog/juniper.toml")),
    file("lambda_http", &[], include_str!("../../rules/catalog/lambda_http.toml")),
    file("lambda_runtime", &[], include_str!("../../rules/catalog/lambda_runtime.toml")),
    file("lapin", &[], include_str!("../../rules/catalog/lapin.toml")),
    file("lazy_static", &[], include_str!("../../rules/catalog/lazy_static.toml")),
    file("libsql", &[], include_str!("../../rules/catalog/libsql.toml")),
    file("lru", &[], include_str!("../../rules/catalog/lru.toml")),
    file("meilisearch-sdk", &[], include_str!("../../rules/catalog/meilisearch-sdk.toml")),
    file("memcache", &[], include_str!("../../rules/catalog/memcache.toml")),
    file("mobc", &[], include_str!("../../rules/catalog/mobc.toml")),
    file("moka", &[], include_str!("../../rules/catalog/moka.toml")),
    file("mongodb", &[], include_str!("../../rules/catalog/mongodb.toml")),
    file("mysql", &[], include_str!("../../rules/catalog/mysql.toml")),
    file("mysql_async", &[], include_str!("../../rules/catalog/mysql_async.toml")),
    file("native_db", &[], include_str!("../../rules/catalog/native_db.toml")),
    file("neo4rs", &[], include_str!("../../rules/catalog/neo4rs.toml")),
    file("ntex", &[], include_str!("../../rules/catalog/ntex.toml")),
    file("object_store", &[], include_str!("../../rules/catalog/object_store.toml")),
    file("once_cell", &[], include_str!("../../rules/catalog/once_cell.toml")),
    file("opensearch", &[], include_str!("../../rules/catalog/opensearch.toml")),
    file("parking_lot", &[], include_str!("../../rules/catalog/parking_lot.toml")),
    file("poem", &[], include_str!("../../rules/catalog/poem.toml")),
    file("poise", &[], include_str!("../../rules/catalog/poise.toml")),
    file("postgres", &[], include_str!("../../rules/catalog/postgres.toml")),
    file("qdrant-client", &[], include_str!("../../rules/catalog/qdrant-client.toml")),
    file("r2d2", &[], include_str!("../../rules/catalog/r2d2.toml")),
    file("r2d2_postgres", &[], include_str!("../../rules/catalog/r2d2_postgres.toml")),
    file("r2d2_sqlite", &[], include_str!("../../rules/catalog/r2d2_sqlite.toml")),
    file("rbatis", &[], include_str!("../../rules/catalog/rbatis.toml")),
    file("rdkafka", &[], include_str!("../../rules/catalog/rdkafka.toml")),
    file("redb", &[], include_str!("../../rules/catalog/redb.toml")),
    file("redis", &[], include_str!("../../rules/catalog/redis.toml")),
    file("refinery", &["refinery-core"], include_str!("../../rules/catalog/refinery.toml")),
    file("rocket", &[], include_str!("../../rules/catalog/rocket.toml")),
    file("rocket_db_pools", &[], include_str!("../../rules/catalog/rocket_db_pools.toml")),
    file("rocket_sync_db_pools", &[], include_str!("../../rules/catalog/rocket_sync_db_pools.toml")),
    file("rocksdb", &[], include_str!("../../rules/catalog/rocksdb.toml")),
    file("rusqlite", &[], include_str!("../../rules/catalog/rusqlite.toml")),
    file("rusqlite_migration", &[], include_str!("../../rules/catalog/rusqlite_migration.toml")),
    file("rustc-hash", &[], include_str!("../../rules/catalog/rustc-hash.toml")),
    file("salvo", &["salvo_core"], include_str!("../../rules/catalog/salvo.toml")),
    file("scylla", &[], include_str!("../../rules/catalog/scylla.toml")),
    file("sea-orm", &[], include_str!("../../rules/catalog/sea-orm.toml")),
    file("sea-orm-migration", &[], include_str!("../../rules/catalog/sea-orm-migration.toml")),
    file("serenity", &[], include_str!("../../rules/catalog/serenity.toml")),
    file("sled", &[], include_str!("../../rules/catalog/sled.toml")),
    file("spin", &[], include_str!("../../rules/catalog/spin.toml")),
    file("sqlx", &["sqlx-core", "sqlx-postgres", "sqlx-mysql", "sqlx-sqlite"], include_str!("../../rules/catalog/sqlx.toml")),
    file("std", &["core", "alloc"], include_str!("../../rules/catalog/std.toml")),
    file("surrealdb", &[], include_str!("../../rules/catalog/surrealdb.toml")),
    file("tantivy", &[], include_str!("../../rules/catalog/tantivy.toml")),
    file("tauri", &[], include_str!("../../rules/catalog/tauri.toml")),
    file("teloxide", &[], include_str!("../../rules/catalog/teloxide.toml")),
    file("tiberius", &[], include_str!("../../rules/catalog/tiberius.toml")),
    file("tide", &[], include_str!("../../rules/catalog/tide.toml")),
    file("tokio", &[], include_str!("../../rules/catalog/tokio.toml")),
    file("tokio-cron-scheduler", &[], include_str!("../../rules/catalog/tokio-cron-scheduler.toml")),
    file("tokio-postgres", &[], include_str!("../../rules/catalog/tokio-postgres.toml")),
    file("tokio-retry", &[], include_str!("../../rules/catalog/tokio-retry.toml")),
    file("tokio-retry2", &[], include_str!("../../rules/catalog/tokio-retry2.toml")),
    file("tokio-rusqlite", &[], include_str!("../../rules/catalog/tokio-rusqlite.toml")),
    file("tokio-util", &[], include_str!("../../rules/catalog/tokio-util.toml")),
    file("tonic", &[], include_str!("../../rules/catalog/tonic.toml")),
    file("tonic-health", &[], include_str!("../../rules/catalog/tonic-health.toml")),
    file("tracing", &[], include_str!("../../rules/catalog/tracing.toml")),
    file("tryhard", &[], include_str!("../../rules/catalog/tryhard.toml")),
    file("warp", &[], include_str!("../../rules/catalog/warp.toml")),
];
