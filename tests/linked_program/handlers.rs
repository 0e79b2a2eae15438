//! Which functions answer outside work, by framework.

use super::lists::inventory;
use super::reported;

/// The handlers of a service of one file, as `label item`.
pub(super) fn handlers(main: &str) -> Vec<String> {
    let places = inventory(main).handlers;
    places.iter().map(|place| format!("{} {}", place.label, place.item)).collect()
}

#[test]
fn actix_by_attribute_route_resource_and_configuration() {
    assert_eq!(
        handlers(
            r#"
use actix_web::{App, HttpServer, get, web};
#[get("/orders")]
async fn orders() -> String { String::new() }
async fn add() -> String { String::new() }
async fn item() -> String { String::new() }
async fn health() -> String { String::new() }
fn configure(config: &mut web::ServiceConfig) {
    config.service(orders).service(web::resource("/items/{id}").route(web::get().to(item)));
}
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().configure(configure).route("/orders", web::post().to(add)).service(
        web::scope("/internal").route("/health", web::get().to(health)),
    ))
    .bind("[::]:80")?
    .run()
    .await
}
"#
        ),
        [
            "GET /orders app::orders",
            "POST /orders app::add",
            "GET /items/{id} app::item",
            "GET /internal/health app::health",
        ]
    );
}

#[test]
fn rocket_by_attribute() {
    assert_eq!(
        handlers(
            r#"
#[macro_use] extern crate rocket;
#[get("/orders")]
fn orders() -> String { String::new() }
#[post("/orders", data = "<order>")]
fn add(order: String) {}
#[launch]
fn rocket() -> _ { rocket::build().mount("/", routes![orders, add]) }
"#
        ),
        ["GET /orders app::orders", "POST /orders app::add"]
    );
}

#[test]
fn rocket_under_the_paths_where_lists_are_mounted() {
    assert_eq!(
        handlers(
            r#"
#[macro_use] extern crate rocket;
mod orders {
    use rocket::Route;
    #[get("/<id>")]
    fn one(id: u32) -> String { id.to_string() }
    #[post("/")]
    fn add() {}
    pub fn routes() -> Vec<Route> { routes![one, add] }
}
#[get("/health")]
fn health() -> &'static str { "ok" }
#[get("/")]
fn index() -> &'static str { "ok" }
#[launch]
fn rocket() -> _ {
    rocket::build().mount("/api", routes![health, index]).mount("/orders", orders::routes())
}
"#
        ),
        [
            "GET /orders/<id> app::orders::one",
            "POST /orders app::orders::add",
            "GET /api/health app::health",
            "GET /api app::index",
        ]
    );
}

#[test]
fn several_routes_of_one_function() {
    assert_eq!(
        handlers(
            r#"
use actix_web::{App, HttpResponse, HttpServer, get, routes, web};
#[routes]
#[get("/health")]
#[get("/alive")]
async fn health() -> HttpResponse { HttpResponse::Ok().finish() }
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().service(web::scope("/internal").service(health))).bind("[::]:80")?.run().await
}
"#
        ),
        ["GET /internal/alive app::health", "GET /internal/health app::health"]
    );
}

#[test]
fn poem_salvo_and_warp() {
    assert_eq!(
        handlers(
            r#"
use poem::{Route, Server, get, handler, listener::TcpListener};
#[handler]
fn orders() -> String { String::new() }
#[tokio::main]
async fn main() {
    let app = Route::new().at("/orders", get(orders));
    Server::new(TcpListener::bind("[::]:80")).run(app).await.unwrap();
}
"#
        ),
        ["GET /orders app::orders"]
    );
    assert_eq!(
        handlers(
            r#"
use salvo::prelude::*;
#[handler]
async fn orders() -> String { String::new() }
#[tokio::main]
async fn main() {
    let router = Router::with_path("orders").get(orders);
    Server::new(TcpListener::new("[::]:80").bind().await).serve(router).await;
}
"#
        ),
        ["/orders app::orders"]
    );
    assert_eq!(
        handlers(
            r#"
use warp::Filter;
async fn orders() -> Result<String, warp::Rejection> { Ok(String::new()) }
#[tokio::main]
async fn main() {
    let routes = warp::path("orders").and(warp::get()).and_then(orders);
    warp::serve(routes).run(([0, 0, 0, 0], 80)).await;
}
"#
        ),
        ["/orders app::orders"]
    );
    assert_eq!(
        handlers(
            r#"
use warp::Filter;
async fn order(id: u64) -> Result<String, warp::Rejection> { Ok(id.to_string()) }
#[tokio::main]
async fn main() {
    let routes = warp::path!("shop" / "orders" / u64).and(warp::get()).and_then(order);
    warp::serve(routes).run(([0, 0, 0, 0], 80)).await;
}
"#
        ),
        ["/shop/orders/{} app::order"]
    );
}

#[test]
fn tonic_services_tauri_commands_and_lambda_handlers() {
    assert_eq!(
        handlers(
            r#"
struct Orders;
#[tonic::async_trait]
impl pb::orders_server::Orders for Orders {
    async fn list(&self, request: tonic::Request<()>) -> Result<tonic::Response<()>, tonic::Status> { todo!() }
}
#[tokio::main]
async fn main() {
    tonic::transport::Server::builder()
        .add_service(pb::orders_server::OrdersServer::new(Orders))
        .serve("[::]:80".parse().unwrap())
        .await
        .unwrap();
}
"#
        ),
        ["app::Orders::list app::Orders::list"]
    );
    assert_eq!(
        handlers(
            r#"
#[tauri::command]
fn orders() -> String { String::new() }
fn main() {
    tauri::Builder::default().invoke_handler(tauri::generate_handler![orders]).run(tauri::generate_context!()).unwrap();
}
"#
        ),
        ["app::orders app::orders"]
    );
    assert_eq!(
        handlers(
            r#"
use lambda_runtime::{LambdaEvent, service_fn};
async fn handle(event: LambdaEvent<String>) -> Result<(), lambda_runtime::Error> { Ok(()) }
#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(handle)).await
}
"#
        ),
        ["app::handle app::handle"]
    );
}

#[test]
fn hyper_services_and_accept_loops() {
    assert_eq!(
        handlers(
            r#"
use hyper::service::service_fn;
async fn answer(request: hyper::Request<hyper::body::Incoming>) -> Result<hyper::Response<String>, hyper::Error> { todo!() }
async fn connection(stream: tokio::net::TcpStream) {
    hyper::server::conn::http1::Builder::new().serve_connection(stream, service_fn(answer)).await.unwrap();
}
#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind("[::]:80").await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(stream));
    }
}
"#
        ),
        ["app::answer app::answer"]
    );
}

#[test]
fn jobs_of_schedulers_and_queues() {
    assert_eq!(
        handlers(
            r#"
use tokio_cron_scheduler::{Job, JobScheduler};
async fn clean() {}
#[tokio::main]
async fn main() {
    let scheduler = JobScheduler::new().await.unwrap();
    let job = Job::new_async("0 * * * * *", |_, _| Box::pin(async { clean().await })).unwrap();
    scheduler.add(job).await.unwrap();
    scheduler.start().await.unwrap();
}
"#
        ),
        ["closure in app::main closure in app::main"]
    );
    assert_eq!(
        handlers(
            r#"
use apalis::prelude::*;
async fn send(email: String) -> Result<(), std::io::Error> { Ok(()) }
#[tokio::main]
async fn main() {
    let worker = WorkerBuilder::new("mail").build_fn(send);
    Monitor::new().register(worker).run().await.unwrap();
}
"#
        ),
        ["app::send app::send"]
    );
}

#[test]
fn what_a_bot_serves_with() {
    assert_eq!(
        handlers(
            r#"
use teloxide::prelude::*;
use teloxide::utils::command::BotCommands;
#[derive(BotCommands, Clone)]
enum Command { List }
async fn answer(bot: Bot, message: Message, command: Command) -> ResponseResult<()> { Ok(()) }
#[tokio::main]
async fn main() { Command::repl(Bot::from_env(), answer).await; }
"#
        ),
        ["app::answer app::answer"]
    );
}

#[test]
fn filters_of_a_bot_lead_to_its_handlers() {
    assert_eq!(
        handlers(
            r#"
use std::sync::Arc;
use teloxide::prelude::*;
async fn answer(message: Message) -> ResponseResult<()> { Ok(()) }
async fn press(query: CallbackQuery) -> ResponseResult<()> { Ok(()) }
async fn name(message: Message) -> ResponseResult<()> { Ok(()) }
#[tokio::main]
async fn main() {
    let messages = Update::filter_message()
        .branch(dptree::filter(|message: Message| message.from.is_some()).filter_command::<Command>().endpoint(answer))
        .branch(dptree::case![State::Name].endpoint(name));
    let handler = dptree::entry().branch(messages).branch(Update::filter_callback_query().endpoint(press));
    Dispatcher::builder(Bot::from_env(), handler).build().dispatch().await;
}
"#
        ),
        ["app::answer app::answer", "app::press app::press", "app::name app::name"]
    );
}

#[test]
fn one_function_on_two_routes_answers_both() {
    assert_eq!(
        handlers(
            r#"
use axum::{Router, routing::get};
async fn ok() -> &'static str { "ok" }
#[tokio::main]
async fn main() {
    let app: Router = Router::new().route("/live", get(ok)).route("/ready", get(ok));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), app).await.unwrap();
}
"#
        ),
        ["GET /live app::ok", "GET /ready app::ok"]
    );
}

#[test]
fn rocket_before_it_was_async_serves_where_it_is_called() {
    let inventory = inventory(
        r#"
#[macro_use] extern crate rocket;
#[get("/orders")]
fn orders() -> String { String::new() }
fn main() { rocket::ignite().mount("/", routes![orders]).launch(); }
"#,
    );
    assert_eq!(inventory.serve_points.len(), 1);
    assert_eq!(inventory.serve_points[0].binaries, ["app"]);
}

#[test]
fn routes_under_the_prefixes_of_callers() {
    assert_eq!(
        handlers(
            r#"
use actix_web::{App, HttpResponse, HttpServer, web};
async fn health() -> HttpResponse { HttpResponse::Ok().finish() }
fn probes(config: &mut web::ServiceConfig) { config.route("/health", web::get().to(health)); }
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().service(web::scope("/internal").configure(probes))).bind("[::]:80")?.run().await
}
"#
        ),
        ["GET /internal/health app::health"]
    );
    assert_eq!(
        handlers(
            r#"
use axum::{Router, routing::get};
async fn health() {}
fn probes() -> Router { Router::new().route("/", get(health)).route("/live", get(health)) }
fn api() -> Router { Router::new().nest("/health", probes()) }
#[tokio::main]
async fn main() {
    let api = api();
    let app = Router::new().nest("/v1", api.clone()).nest("/v2", api);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), app).await.unwrap();
}
"#
        ),
        [
            "GET /v1/health app::health",
            "GET /v1/health/live app::health",
            "GET /v2/health app::health",
            "GET /v2/health/live app::health"
        ]
    );
}

#[test]
fn routers_in_variables_have_the_paths_under_which_they_are_mounted() {
    assert_eq!(
        handlers(
            r#"
use axum::{Router, routing::get};
async fn order() {}
async fn item() {}
async fn health() {}
fn probes() -> Router { Router::new().route("/health", get(health)) }
#[tokio::main]
async fn main() {
    let orders = Router::new().route("/orders", get(order));
    let mut items = Router::new();
    items = items.route("/items", get(item));
    let api = Router::new().merge(orders).nest("/v2", items);
    let probes = probes().layer(tower_http::trace::TraceLayer::new_for_http());
    let app = Router::new().nest("/api", api).nest("/internal", probes);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await.unwrap(), app).await.unwrap();
}
"#
        ),
        ["GET /api/orders app::order", "GET /api/v2/items app::item", "GET /internal/health app::health"]
    );
    assert_eq!(
        handlers(
            r#"
use actix_web::{App, HttpResponse, HttpServer, web};
async fn health() -> HttpResponse { HttpResponse::Ok().finish() }
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        let probes = web::scope("/probes").route("/live", web::get().to(health));
        App::new().service(web::scope("/internal").service(probes))
    })
    .bind("[::]:80")?
    .run()
    .await
}
"#
        ),
        ["GET /internal/probes/live app::health"]
    );
    assert_eq!(
        handlers(
            r#"
use rocket::{get, routes};
#[get("/orders")]
fn orders() -> &'static str { "none" }
#[rocket::launch]
fn rocket() -> _ {
    let api = routes![orders];
    rocket::build().mount("/v1", api.clone()).mount("/v2", api)
}
"#
        ),
        ["GET /v1/orders app::orders", "GET /v2/orders app::orders"]
    );
}

#[test]
fn state_that_is_managed_through_a_trait_that_another_module_imports() {
    let managed = r#"
use tauri::{App, Manager};
pub struct Settings(String);
mod backend {
    use super::{App, Manager, Settings};
    pub fn initialize(app: &mut App) { app.manage(Settings("a".to_owned())); }
}
#[tauri::command]
fn show(settings: tauri::State<Settings>) -> String { settings.0.clone() }
fn main() {
    tauri::Builder::default()
        .setup(|app| { backend::initialize(app); Ok(()) })
        .invoke_handler(tauri::generate_handler![show])
        .run(tauri::generate_context!())
        .unwrap();
}
"#;
    assert_eq!(reported(managed), Vec::<String>::new());
    assert_eq!(
        reported(&managed.replace("app.manage(", "drop((app, ").replace("));", ")));")),
        ["missing-state 9"]
    );
}

#[test]
fn state_that_is_managed_through_a_trait_that_a_prelude_of_the_workspace_brings() {
    let managed = r#"
use prelude::*;
mod state { pub struct Settings(pub String); }
pub mod prelude { pub use super::state::*; pub use tauri::Manager; }
#[tauri::command]
fn show(settings: tauri::State<Settings>) -> String { settings.0.clone() }
fn prepare(handles: impl Fn(&str) -> tauri::AppHandle) { handles("main").manage(Settings("a".to_owned())); }
fn main() {
    tauri::Builder::default()
        .setup(|app| { prepare(|_| app.handle().clone()); Ok(()) })
        .invoke_handler(tauri::generate_handler![show])
        .run(tauri::generate_context!())
        .unwrap();
}
"#;
    assert_eq!(reported(managed), Vec::<String>::new());
    assert_eq!(reported(&managed.replace(r#").manage("#, r#"); drop("#)), ["missing-state 6"]);
}

#[test]
fn state_of_libraries_that_nobody_described() {
    // What a library opens may be of any type.
    let opened = r#"
use axum::{Extension, Router, routing::get};
async fn orders(Extension(pool): Extension<sqlx::PgPool>) {}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = shared::Pools::open("orders").await?;
    let app = Router::new().route("/orders", get(orders)).layer(Extension(pool));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}
"#;
    assert_eq!(reported(opened), Vec::<String>::new());
    // What a constructor makes is of its type, and the pool is bare.
    let made = r#"
use actix_web::{App, HttpServer, web};
use diesel::r2d2::{ConnectionManager, Pool};
type Orders = Pool<ConnectionManager<diesel::PgConnection>>;
async fn orders(pool: web::Data<Orders>, pages: web::Data<tera::Tera>) {}
#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let pool: Orders = Pool::builder().build(ConnectionManager::new("postgres://a/b"))?;
    HttpServer::new(move || {
        let pages = tera::Tera::new("pages/*.html").unwrap();
        App::new().app_data(pages).app_data(pool.clone()).route("/", web::get().to(orders))
    })
    .bind("[::]:80")?
    .run()
    .await?;
    Ok(())
}
"#;
    assert_eq!(reported(made), ["missing-state 5"]);
}

#[test]
fn accepting_serves_where_it_goes_on() {
    let accepts = |accepts: &str| {
        let main = r#"
use tokio::net::TcpListener;
async fn next(listener: &TcpListener) -> tokio::net::TcpStream { listener.accept().await.unwrap().0 }
#[tokio::main]
async fn main() {
    let pool = sqlx::PgPool::connect("postgres://db/orders").await.unwrap();
    let _ = sqlx::query("CREATE TABLE IF NOT EXISTS orders (id bigint)").execute(&pool).await;
    let listener = TcpListener::bind("[::]:80").await.unwrap();
    ACCEPTS
}
"#;
        !reported(&main.replace("ACCEPTS", accepts)).is_empty()
    };
    assert!(accepts("loop { let (stream, _) = listener.accept().await.unwrap(); drop(stream); }"));
    assert!(accepts("while let Ok((stream, _)) = listener.accept().await { drop(stream); }"));
    assert!(accepts(
        "for number in 0.. { let (stream, _) = listener.accept().await.unwrap(); drop((number, stream)); }"
    ));
    assert!(accepts("loop { drop(next(&listener).await); }"));
    assert!(!accepts("drop(listener.accept().await);"));
    assert!(!accepts("for _ in 0..2 { drop(next(&listener).await); }"));
    assert!(!accepts(
        "let stream = loop { match listener.accept().await { Ok((stream, _)) => break stream, Err(_) => continue } }; drop(stream);"
    ));
}

#[test]
fn what_a_pointer_shares_since_the_start_is_the_same_for_every_request() {
    let service = |given: &str, settings: &str, filter: &str| {
        format!(
            "
use std::{{path::PathBuf, sync::Arc}};
use warp::Filter;
struct Settings {{ database: PathBuf }}
async fn orders(settings: {given}) -> Result<String, warp::Rejection> {{
    let connection = rusqlite::Connection::open(&settings.database).unwrap();
    connection.execute(\"DELETE FROM orders\", []).unwrap();
    Ok(String::new())
}}
#[tokio::main]
async fn main() {{
    {settings}
    let routes = warp::path(\"orders\").and({filter}).and_then(orders);
    warp::serve(routes).run(([0, 0, 0, 0], 80)).await;
}}
"
        )
    };
    let at_start = "let settings = Arc::new(Settings { database: PathBuf::from(\"shop.db\") });";
    let shared = "warp::any().map(move || settings.clone())";
    assert_eq!(reported(&service("Arc<Settings>", at_start, shared)), ["handle-per-call 6"]);
    let of_tenant =
        "warp::header(\"x-tenant\").map(|tenant: String| Arc::new(Settings { database: tenant.into() }))";
    assert_eq!(reported(&service("Arc<Settings>", "", of_tenant)), Vec::<String>::new());
    assert_eq!(reported(&service("Settings", "", "from_the_caller()")), Vec::<String>::new());
}
