//! Binaries of one name in several packages are told apart, and what is known of one is never taken for the other.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{folder, run};
use crate::migration::{list, text};

/// A server whose probe answers with success whatever the database says, or fails with it.
fn server(is_honest: bool) -> String {
    let ends = if is_honest { "unwrap()" } else { "unwrap_or_else(|error| error.to_string())" };
    format!(
        "use axum::{{Router, extract::State, routing::get}};\nuse sqlx::PgPool;\n\n\
         async fn ready(State(pool): State<PgPool>) -> String {{\n    \
         sqlx::query(\"SELECT 1\").execute(&pool).await.map(|_| \"ok\".to_owned()).{ends}\n}}\n\n\
         #[tokio::main]\nasync fn main() {{\n    \
         let pool = PgPool::connect(&std::env::var(\"DATABASE_URL\").unwrap()).await.unwrap();\n    \
         let app = Router::new().route(\"/health\", get(ready)).with_state(pool);\n    \
         let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\n    \
         axum::serve(listener, app).await.unwrap();\n}}\n"
    )
}

/// A workspace of packages, each with a binary of the given name.
fn workspace(packages: &[(&str, &str, bool)]) -> TempDir {
    let members: Vec<String> = packages.iter().map(|(package, ..)| format!("\"{package}\"")).collect();
    let root = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    let mut files = vec![("Cargo.toml".to_owned(), root)];
    for (package, binary, is_honest) in packages {
        let manifest = format!(
            "[package]\nname = \"{package}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [[bin]]\nname = \"{binary}\"\npath = \"src/main.rs\"\n\n\
             [dependencies]\naxum = \"0.8\"\nsqlx = \"0.8\"\ntokio = \"1\"\n"
        );
        files.push((format!("{package}/Cargo.toml"), manifest));
        files.push((format!("{package}/src/main.rs"), server(*is_honest)));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    folder(&files)
}

fn fingerprints(folder: &Path) -> Vec<String> {
    let found: Value = run(folder, &["--message-format", "json"]).json();
    list(&found, "findings").iter().map(|finding| text(finding, "fingerprint").to_owned()).collect()
}

#[test]
fn the_graph_and_the_report_keep_binaries_of_one_name_apart() {
    let folder = workspace(&[("shop", "server", true), ("stock", "server", true)]);
    let tree = run(folder.path(), &["graph"]).out;
    assert!(tree.contains("bin shop/server") && tree.contains("bin stock/server"), "{tree}");
    let json = run(folder.path(), &["report", "--format", "json"]).json();
    let binaries: Vec<&str> = list(&json, "timelines").iter().map(|one| text(one, "binary")).collect();
    assert_eq!(binaries, ["shop/server", "stock/server"]);
    let groups = list(&json["resources"][0], "groups");
    assert_eq!(groups.len(), 2, "two processes with one door each: {json}");
    let inventory = run(folder.path(), &["inventory", "--message-format", "json"]).json();
    let titles: Vec<(&str, &str)> =
        list(&inventory, "binaries").iter().map(|one| (text(one, "name"), text(one, "title"))).collect();
    assert_eq!(titles, [("server", "shop/server"), ("server", "stock/server")]);
}

#[test]
fn a_new_finding_in_one_package_is_not_taken_for_an_old_one_in_another() {
    let folder = workspace(&[("shop", "server", true), ("stock", "server", false)]);
    assert_eq!(run(folder.path(), &["baseline", "write"]).code, Some(0));
    assert_eq!(fingerprints(folder.path()), [""; 0]);
    std::fs::write(folder.path().join("shop/src/main.rs"), server(false)).expect("the file can be written");
    assert_eq!(fingerprints(folder.path()), ["ignored-health-verdict:shop/server::ready:/health"]);
}

#[test]
fn a_binary_whose_name_nobody_shares_is_known_by_it_alone() {
    let folder = workspace(&[("shop", "server", false), ("stock", "depot", true)]);
    assert_eq!(fingerprints(folder.path()), ["ignored-health-verdict:server::ready:/health"]);
}

#[test]
fn a_declaration_names_a_binary_with_its_package_or_without() {
    for canonical in ["server::main.pool", "stock/server::main.pool"] {
        let folder = workspace(&[("shop", "server", true), ("stock", "server", true)]);
        let declared =
            format!("[[resource]]\nid = \"postgres:env.DATABASE_URL\"\ncanonical = \"{canonical}\"\n");
        std::fs::write(folder.path().join("initpath.toml"), declared).expect("the file can be written");
        let problems = run(folder.path(), &["--message-format", "json"]).json()["problems"].clone();
        assert_eq!(problems, serde_json::json!([]), "{canonical}");
    }
}
