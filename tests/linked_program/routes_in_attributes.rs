//! Routes that attributes of the handlers say, below what they are registered under.

use super::handlers::handlers;

#[test]
fn actix_services_in_a_scope() {
    assert_eq!(
        handlers(
            r#"
use actix_web::{App, HttpServer, delete, get, web};
#[get("/live")]
async fn live() -> String { String::new() }
#[get("")]
async fn every() -> String { String::new() }
#[get("/alone")]
async fn alone() -> String { String::new() }
#[delete("/{id}")]
async fn delete() -> String { String::new() }
#[get("/late")]
async fn late() -> String { String::new() }
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().service(web::scope("/health").service(live).service(every)).service(alone)
        .configure(|config| { config.service(web::scope("/orders").service(delete).service(late)); }))
        .bind("[::]:80")?
        .run()
        .await
}
"#
        ),
        [
            "GET /health/live app::live",
            "GET /health app::every",
            "GET /alone app::alone",
            "DELETE /orders/{id} app::delete",
            "GET /orders/late app::late"
        ]
    );
}

#[test]
fn axum_with_a_description_beside_the_router() {
    assert_eq!(
        handlers(
            r#"
use utoipa_axum::{router::OpenApiRouter, routes};
#[utoipa::path(get, path = "/", responses((status = 200, description = "all of them")))]
async fn list() -> String { String::new() }
#[utoipa::path(delete, path = "/{id}", params(("id" = i64, Path)))]
async fn remove() -> String { String::new() }
#[utoipa::path(get, path = "/elsewhere")]
async fn described() -> String { String::new() }
async fn plain() -> String { String::new() }
fn orders() -> OpenApiRouter { OpenApiRouter::new().routes(routes!(list)).routes(routes!(remove)) }
#[tokio::main]
async fn main() {
    let (router, _) = OpenApiRouter::new().nest("/orders", orders()).split_for_parts();
    let router = router.route("/plain", axum::routing::get(plain)).route("/described", axum::routing::get(described));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), router).await.unwrap();
}
"#
        ),
        [
            "GET /orders app::list",
            "DELETE /orders/{id} app::remove",
            "GET /described app::described",
            "GET /plain app::plain",
        ]
    );
    assert_eq!(
        handlers(
            r#"
use aide::axum::{ApiRouter, routing::{get, post_with}};
async fn list() -> String { String::new() }
async fn add() -> String { String::new() }
#[tokio::main]
async fn main() {
    let mut api = Default::default();
    let app = ApiRouter::new()
        .nest("/orders", ApiRouter::new().api_route("/", get(list)).api_route("/new", post_with(add, |op| op.id("add"))))
        .finish_api(&mut api);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), app).await.unwrap();
}
"#
        ),
        ["GET /orders app::list", "POST /orders/new app::add"]
    );
}

#[test]
fn dropshot_endpoints_and_methods_of_a_poem_api() {
    assert_eq!(
        handlers(
            r#"
use dropshot::{ApiDescription, ServerBuilder, endpoint};
#[endpoint { method = GET, path = "/orders/{id}" }]
async fn order() {}
#[tokio::main]
async fn main() -> Result<(), String> {
    let mut api = ApiDescription::new();
    api.register(order).unwrap();
    let server = ServerBuilder::new(api, (), slog()).start().map_err(|error| error.to_string())?;
    server.await
}
"#
        ),
        ["/orders/{id} app::order"]
    );
    assert_eq!(
        handlers(
            r#"
use poem_openapi::{OpenApi, OpenApiService, payload::PlainText};
struct Api;
#[OpenApi]
impl Api {
    fn new() -> Self { Self }
    #[oai(path = "/hello", method = "get")]
    async fn hello(&self) -> PlainText<String> { PlainText(String::new()) }
}
#[tokio::main]
async fn main() -> Result<(), std::io::Error> {
    let api = OpenApiService::new(Api::new(), "Hello", "1.0");
    poem::Server::new(poem::listener::TcpListener::bind("[::]:80")).run(poem::Route::new().nest("/", api)).await
}
"#
        ),
        ["GET /hello app::Api::hello"]
    );
}

#[test]
fn tools_of_a_model_context_protocol_server() {
    let tools = |block: &str| {
        let server = r#"
use rmcp::{ServerHandler, tool, tool_router};
struct Orders;
#[BLOCK]
impl Orders {
    fn new() -> Self { Self }
    #[tool(description = "Counts them")]
    async fn count(&self) -> String { String::new() }
}
impl ServerHandler for Orders {
    async fn read_resource(&self) {}
    fn get_info(&self) {}
}
fn main() { Orders::new(); }
"#;
        handlers(&server.replace("BLOCK", block))
    };
    let found =
        ["app::Orders::count app::Orders::count", "app::Orders::read_resource app::Orders::read_resource"];
    assert_eq!(tools("tool_router"), found);
    // As it was written until version 0.2.
    assert_eq!(tools("tool(tool_box)"), found);
}

#[test]
fn server_functions() {
    for prelude in ["leptos::prelude::*", "leptos::prelude::server", "dioxus::prelude::*"] {
        let main = format!(
            "use {prelude};\n#[server]\npub async fn orders() -> Result<u32, ()> {{ Ok(1) }}\nfn main() {{ orders(); }}\n"
        );
        assert_eq!(handlers(&main), ["app::orders app::orders"], "{prelude}");
    }
    assert_eq!(
        handlers(
            r#"
use dioxus::prelude::*;
#[get("/api/orders")]
async fn orders() -> Result<u32> { Ok(1) }
fn main() {}
"#
        ),
        ["GET /api/orders app::orders"]
    );
}

#[test]
fn implementations_of_traits_that_an_attribute_makes_a_service() {
    assert_eq!(
        handlers(
            r#"
use jsonrpsee::{core::async_trait, proc_macros::rpc};
#[rpc(server, namespace = "orders")]
pub trait Orders {
    #[method(name = "count")]
    async fn count(&self) -> u32;
}
struct Store;
#[async_trait]
impl OrdersServer for Store {
    async fn count(&self) -> u32 { 1 }
}
impl Clone for Store {
    fn clone(&self) -> Self { Store }
}
fn main() {}
"#
        ),
        ["app::Store::count app::Store::count"]
    );
    assert_eq!(
        handlers(
            r#"
#[tarpc::service]
trait World { async fn hello(name: String) -> String; }
trait Greeting { fn hello(&self); }
#[derive(Clone)]
struct HelloServer;
impl World for HelloServer {
    async fn hello(self, _: tarpc::context::Context, name: String) -> String { name }
}
impl Greeting for HelloServer { fn hello(&self) {} }
fn main() {}
"#
        ),
        ["app::HelloServer::hello app::HelloServer::hello"]
    );
}
