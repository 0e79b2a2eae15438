//! What the linked program sees, by example: each case is a small service in which every place that makes a handle is
//! marked with the resource it leads to (`//= postgres:env.DATABASE_URL`). Found and marked places must be the same.

mod calls;
mod handlers;
mod libraries;
mod lists;
mod more_stores;
mod names;
mod resources;
mod routes_in_attributes;
mod times;
mod types;

use initpath::analysis::{Settings, analyse};
use initpath::catalog::Catalog;
use initpath::finding::Confidence;
use initpath::program::inventory::Scope;
use initpath::workspace::in_memory;

/// A manifest with the libraries that the cases use.
const MANIFEST: &str = r#"[package]
name = "app"
version = "0.1.0"
edition = "2024"

[dependencies]
acme-limits = "1"
actix-web = "4"
aide = "0.15"
anyhow = "1"
apalis = "0.7"
arangors = "0.6"
async-redis-session = "0.2"
async-sqlx-session = "0.4"
aws-config = "1"
aws-sdk-dynamodb = "1"
axum = "0.8"
backie = "0.9"
bb8 = "0.9"
bb8-tiberius = "0.16"
cassandra-cpp = "3"
clap = { version = "4", features = ["derive", "env"] }
config = "0.15"
couch_rs = "0.13"
cozo = "0.7"
ctor = "1"
deadpool = "0.12"
deadpool-lapin = "0.12"
deadpool-postgres = "0.14"
deadpool-tiberius = "0.1"
diesel = "2"
dioxus = "0.7"
dropshot = "0.16"
envy = "0.4"
etcd-client = "0.21"
fang = "0.11"
figment = "0.10"
firestore = "0.61"
futures = "0.3"
gcloud-spanner = "1"
gcp-bigquery-client = "0.28"
google-cloud-spanner = "0.33"
graphile_worker = "0.14"
hyper = "1"
influxdb = "0.8"
jammdb = "0.11"
jsonrpsee = "0.26"
kafka = "0.10"
lambda_runtime = "0.13"
lancedb = "0.41"
lapin = "4"
lazy_static = "1"
leptos = "0.8"
lmdb-rkv = "0.14"
mongodb = "3"
nebari = "0.5"
once_cell = "1"
persy = "1"
pgmq = "0.33"
poem = "3"
poem-openapi = "5"
r2d2 = "0.8"
r2d2-diesel = "1"
r2d2-memcache = "0.7"
rdkafka = "0.37"
redis = "1"
rkv = "0.20"
rmcp = "0.8"
rocket = "0.5"
rocket_contrib = "0.4"
rocket_sync_db_pools = "0.1"
rusqlite = "0.32"
salvo = "0.76"
sea-orm = "1"
serde = "1"
serde_json = "1"
sqlx = "0.8"
tarpc = "0.37"
tauri = "2"
teloxide = "0.17"
tikv-client = "0.4"
tokio = "1"
tokio-cron-scheduler = "0.15"
tokio-postgres = "0.7"
toml = "0.9"
tonic = "0.14"
turso = "0.2"
utoipa = "5"
utoipa-axum = "0.2"
warp = "0.4"
zookeeper-client = "0.11"
"#;

/// Checks a service of one file.
#[track_caller]
fn check(main: &str) {
    check_files(&[("src/main.rs", main)]);
}

/// Checks a service of several files.
#[track_caller]
fn check_files(files: &[(&str, &str)]) {
    let mut all = files.to_vec();
    if !files.iter().any(|(path, _)| *path == "Cargo.toml") {
        all.push(("Cargo.toml", MANIFEST));
    }
    let mut marked: Vec<String> = Vec::new();
    for (path, text) in files {
        for (index, line) in text.lines().enumerate() {
            if let Some((_, resource)) = line.split_once("//= ") {
                marked.push(format!("{path}:{} {}", index + 1, resource.trim()));
            }
        }
    }
    marked.sort();
    assert_eq!(sites(&all), marked);
}

/// `file:line resource` of the places in production code that make a handle, sorted.
fn sites(files: &[(&str, &str)]) -> Vec<String> {
    let analysis =
        analyse(in_memory(files), Catalog::builtin(), &Settings { threads: Some(1), ..Settings::default() });
    assert_eq!(analysis.problems, [], "the case is read without problems");
    let production = analysis.inventory.init_sites.iter().filter(|site| site.scope == Scope::Production);
    let mut found: Vec<String> = production
        .map(|site| {
            let path = &analysis.workspace.files[site.location.file.0 as usize].path;
            format!("{path}:{} {}", site.location.span.line, site.resource)
        })
        .collect();
    found.sort();
    found
}

/// The rules that report something at medium confidence or more, with the lines.
fn reported(main: &str) -> Vec<String> {
    let manifest = format!("{MANIFEST}shared = \"1\"\ntera = \"1\"\n");
    let files = [("src/main.rs", main), ("Cargo.toml", manifest.as_str())];
    let found = analyse(in_memory(&files), Catalog::builtin(), &Settings::default()).findings;
    let shown = found.iter().filter(|finding| finding.confidence >= Confidence::Medium);
    shown.map(|finding| format!("{} {}", finding.rule, finding.primary.location.span.line)).collect()
}
