//! The inventory in both formats.

use initpath::finding::Confidence;
use initpath::location::{FileId, Location, Span};
use initpath::problem::{Problem, ProblemKind};
use initpath::program::inventory::{Address, Binary, InitSite, Inventory, Place, Resource, Scope, Status};
use initpath::program::readiness::RouteReadiness;
use initpath::report::{InventoryView, Style, render_inventory_human, render_inventory_json};
use initpath::settle::Coverage;
use initpath::workspace::SourceFile;

fn location(file: u32, line: u32, column: u32, end_column: u32) -> Location {
    Location { file: FileId(file), span: Span { line, column, end_line: line, end_column } }
}

#[test]
fn the_inventory_is_valid_by_its_schema_and_lists_everything() {
    let inventory = Inventory {
        binaries: vec![Binary {
            package: "app".into(),
            name: "app".into(),
            title: "app".into(),
            entry: location(0, 1, 1, 2),
        }],
        resources: vec![
            Resource {
                id: "postgres:config.url".into(),
                driver: "postgres".into(),
                address: Address::Config("config.url".into(), Some("DATABASE_URL".into())),
                confidence: Confidence::High,
                alias: None,
            },
            Resource {
                id: "redis:unknown".into(),
                driver: "redis".into(),
                address: Address::Unknown("build_url()".into()),
                confidence: Confidence::Low,
                alias: None,
            },
        ],
        init_sites: vec![InitSite {
            location: location(0, 4, 19, 43),
            resource: "postgres:config.url".into(),
            other_resources: vec!["postgres:env.ARCHIVE_URL".to_owned()],
            handle: "sqlx::Pool<sqlx::Postgres>".into(),
            function: "app::run_server".into(),
            io: "eager",
            scope: Scope::Production,
            binaries: vec!["app".into()],
            held_by: "local".into(),
        }],
        handlers: vec![Place {
            location: location(1, 1, 1, 2),
            label: "GET /orders".into(),
            item: "app::orders".into(),
            resource: None,
            binaries: vec!["app".into()],
        }],
        ..Inventory::default()
    };
    let files = [
        SourceFile { path: "src/main.rs".into(), text: "fn main() {}\n".into() },
        SourceFile { path: "src/state.rs".into(), text: "fn orders() {}\n".into() },
    ];
    let problems = [Problem {
        file: "src/x.rs".into(),
        line: 3,
        column: 1,
        kind: ProblemKind::UnparsedFile,
        message: "expected `;`".into(),
    }];
    let coverage = Coverage::default();
    let routes = [RouteReadiness {
        location: location(1, 1, 1, 2),
        route: "GET /orders".into(),
        needs: vec!["postgres".into()],
        gate: Status::StartUp,
        place: None,
        barrier: Some((location(0, 4, 19, 43), location(0, 9, 5, 20))),
        probe: None,
        binaries: vec!["app".into()],
    }];
    let view = InventoryView {
        inventory: &inventory,
        routes: &routes,
        coverage: &coverage,
        problems: &problems,
        files: &files,
    };
    let json: serde_json::Value = serde_json::from_str(&render_inventory_json(view)).unwrap();
    let schema = serde_json::from_str(include_str!("../rules/schema/inventory.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(
        json["resources"][0]["address"],
        serde_json::json!({"config": "config.url", "env": "DATABASE_URL"})
    );
    assert_eq!(json["init_sites"][0]["line"], 4);
    assert_eq!(json["handlers"][0]["label"], "GET /orders");
    assert_eq!(json["routes"][0]["gate"], "start-up");
    assert_eq!(render_inventory_human(view, &Style::default()), "\
binaries
  app  package app  src/main.rs:1

resources
  postgres:config.url  config.url ← env DATABASE_URL  confidence high
  redis:unknown        unknown (build_url())          confidence low

init sites
  src/main.rs:4:19  postgres:config.url, postgres:env.ARCHIVE_URL  sqlx::Pool<sqlx::Postgres>  app::run_server  production, eager, kept in a variable  app

handlers
  src/state.rs:1:1  GET /orders  app::orders  app

routes
  src/state.rs:1:1  GET /orders  postgres  gate: start-up  app

problem[unparsed-file]: expected `;`
  at src/x.rs:3:1

0 packages, 0 files · 1 init site, 2 resources, 1 handler
");
}
