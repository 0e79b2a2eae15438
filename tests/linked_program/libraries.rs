//! What rules say of services with libraries that are too large for the type-checked examples.

use super::reported;

#[test]
fn a_collection_that_may_be_there_is_no_swallowed_migration() {
    let service = r#"
use axum::{Router, extract::State, routing::get};
use mongodb::{Client, Database, bson::Document};
async fn prepare(database: &Database) -> mongodb::error::Result<()> {
    database.create_collection("orders").await.ok();
    database.list_collection_names().await.map(|_| ())
}
async fn orders(State(database): State<Database>) -> String {
    database.collection::<Document>("orders").estimated_document_count().await.unwrap_or_default().to_string()
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let database = Client::with_uri_str(std::env::var("MONGODB_URI")?).await?.database("shop");
    prepare(&database).await?;
    let app = Router::new().route("/orders", get(orders)).with_state(database);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}
"#;
    assert_eq!(reported(service), Vec::<String>::new());
}

#[test]
fn a_channel_that_is_opened_again_where_it_was_lost_is_kept() {
    let service = |channel: &str| {
        format!(
            r#"
use std::sync::Arc;
use axum::{{Router, extract::State, http::StatusCode, routing::post}};
use lapin::{{Channel, Connection, ConnectionProperties}};
use tokio::sync::Mutex;
#[derive(Clone)]
struct Producer {{ url: String, channel: Arc<Mutex<Channel>> }}
impl Producer {{
    async fn new(url: String) -> lapin::Result<Self> {{
        let channel = Arc::new(Mutex::new(Self::connect(&url).await?));
        Ok(Self {{ url, channel }})
    }}
    async fn connect(url: &str) -> lapin::Result<Channel> {{
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        Ok(channel)
    }}
    async fn channel(&self) -> lapin::Result<Channel> {{
        {channel}
    }}
}}
async fn publish(State(producer): State<Producer>) -> StatusCode {{
    let Ok(channel) = producer.channel().await else {{ return StatusCode::SERVICE_UNAVAILABLE }};
    if channel.status().connected() {{ StatusCode::ACCEPTED }} else {{ StatusCode::SERVICE_UNAVAILABLE }}
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let producer = Producer::new(std::env::var("AMQP_URL")?).await?;
    let app = Router::new().route("/orders", post(publish)).with_state(producer);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
        )
    };
    let kept = "let mut kept = self.channel.lock().await;
        if kept.status().connected() { return Ok(kept.clone()); }
        *kept = Self::connect(&self.url).await?;
        Ok(kept.clone())";
    assert_eq!(reported(&service(kept)), Vec::<String>::new());
    assert_eq!(reported(&service("Self::connect(&self.url).await")), ["handle-per-call 14"]);
}

#[test]
fn a_parameter_with_a_default_may_be_left_out() {
    let service = |demanded: &str| {
        format!(
            r#"
use axum::{{Extension, Router, routing::get}};
use deadpool::managed::{{Object, Pool}};
struct Nodes;
struct Relays;
struct Server {{ nodes: Pool<Nodes, Object<Nodes>> }}
async fn node(Extension(nodes): Extension<Pool<{demanded}>>) -> &'static str {{
    if nodes.get().await.is_ok() {{ "there" }} else {{ "not there" }}
}}
impl Server {{
    async fn run(self) -> anyhow::Result<()> {{
        let app = Router::new().route("/node", get(node)).layer(Extension(self.nodes.clone()));
        axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
        Ok(())
    }}
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let nodes: Pool<Nodes> = Pool::builder(Nodes).build()?;
    drop(nodes.get().await?);
    Server {{ nodes }}.run().await
}}
"#
        )
    };
    assert_eq!(reported(&service("Nodes")), Vec::<String>::new());
    assert_eq!(reported(&service("Relays")), ["missing-state 7"]);
}

#[test]
fn trees_that_are_taken_from_one_static_database_are_no_further_databases() {
    let service = r#"
use std::sync::{Arc, LazyLock};
use axum::Router;
use axum::routing::get;
use sled::{Db, Tree};
static DATABASE: LazyLock<Arc<Db>> = LazyLock::new(|| Arc::new(sled::open("data").expect("the folder can be written")));
static USERS: LazyLock<Arc<Tree>> =
    LazyLock::new(|| Arc::new(database().open_tree("users").expect("the tree can be opened")));
static GROUPS: LazyLock<Arc<Tree>> =
    LazyLock::new(|| Arc::new(database().open_tree("groups").expect("the tree can be opened")));
fn database() -> Arc<Db> {
    DATABASE.clone()
}
async fn users() -> String {
    (USERS.clone().len() + GROUPS.clone().len()).to_string()
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    DATABASE.insert("version", &[0])?;
    let app = Router::new().route("/users", get(users));
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:8080").await?, app).await?;
    Ok(())
}
"#;
    assert_eq!(reported(service), Vec::<String>::new());
    let opened_again = service.replace(
        "fn database() -> Arc<Db> {\n    DATABASE.clone()",
        "fn database() -> Db {\n    sled::open(\"data\").expect(\"the folder can be written\")",
    );
    assert!(!reported(&opened_again).is_empty());
}

#[test]
fn what_a_fairing_of_rocket_manages_is_supplied() {
    let service = r#"
#![feature(decl_macro)]
use rocket::{State, fairing::AdHoc, get, routes};
struct Keys { jwt: String }
#[get("/")]
fn key(keys: State<Keys>) -> String { keys.jwt.clone() }
fn main() {
    rocket::ignite()
        .mount("/", routes![key])
        .attach(AdHoc::on_attach("keys", |rocket| {
            let jwt = rocket.config().get_str("jwt").unwrap().to_owned();
            Ok(rocket.manage(Keys { jwt }))
        }))
        .launch();
}
"#;
    assert_eq!(reported(service), Vec::<String>::new());
    let forgotten = service.replace("rocket.manage(Keys { jwt })", "rocket");
    assert_eq!(reported(&forgotten).len(), 1);
}

#[test]
fn a_closure_that_configures_an_actix_application_supplies_state() {
    let service = r#"
use actix_web::{App, HttpServer, get, web::Data};
struct Keys { jwt: String }
#[get("/")]
async fn key(keys: Data<Keys>) -> String { keys.jwt.clone() }
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let keys = Data::new(Keys { jwt: "secret".to_owned() });
    HttpServer::new(move || {
        App::new().configure(|config| { config.app_data(keys.clone()).service(key); })
    })
    .bind(("0.0.0.0", 8080))?
    .run()
    .await
}
"#;
    assert_eq!(reported(service), Vec::<String>::new());
    let other = service.replace("Keys { jwt: \"secret\".to_owned() }", "String::new()");
    assert_eq!(reported(&other).len(), 1);
}

#[test]
fn a_client_of_a_cloud_service_is_made_by_each_invocation() {
    let service = |made: &str| {
        format!(
            r#"
use aws_config::BehaviorVersion;
use lambda_runtime::{{Error, LambdaEvent, service_fn}};
async fn put(_: LambdaEvent<String>) -> Result<String, Error> {{
    let config = {made};
    let client = aws_sdk_dynamodb::Client::new(&config);
    client.put_item().table_name("orders").send().await?;
    Ok(String::new())
}}
#[tokio::main]
async fn main() -> Result<(), Error> {{
    lambda_runtime::run(service_fn(put)).await
}}
"#
        )
    };
    for made in [
        "aws_config::load_defaults(BehaviorVersion::latest()).await",
        "aws_config::defaults(BehaviorVersion::latest()).region(\"eu-west-1\").load().await",
    ] {
        assert_eq!(reported(&service(made)), ["handle-per-call 6"], "{made}");
    }
    let of_the_event =
        "aws_config::defaults(BehaviorVersion::latest()).endpoint_url(event.payload).load().await";
    assert_eq!(reported(&service(of_the_event).replace("put(_:", "put(event:")), Vec::<String>::new());
}

#[test]
fn a_producer_with_settings_of_the_request_is_its_own() {
    let service = r#"
use axum::{Router, extract::Path, routing::get};
use rdkafka::{config::ClientConfig, producer::FutureProducer};
async fn send(Path(brokers): Path<String>) -> String {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &brokers);
    let producer: FutureProducer = config.create().expect("it is there");
    producer.in_flight_count().to_string()
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let app = Router::new().route("/{brokers}", get(send));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}
"#;
    assert_eq!(reported(service), Vec::<String>::new());
}

#[test]
fn a_statement_may_be_made_before_it_is_run() {
    let service = r#"
use axum::{Router, extract::{Path, State}, routing::post};
use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, Statement};
async fn prepare(connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let asks = "SELECT datname FROM pg_database WHERE datname = $1";
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, asks, [name.into()]);
    if connection.query_one(statement).await?.is_none() {
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
    }
    Ok(())
}
async fn organization(State(connection): State<DatabaseConnection>, Path(name): Path<String>) -> String {
    format!("{:?}", prepare(&connection, &name).await)
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = Database::connect(std::env::var("DATABASE_URL")?).await?;
    let app = Router::new().route("/organizations/{name}", post(organization)).with_state(connection);
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}
"#;
    assert_eq!(reported(service), ["exists-then-create 7"]);
}

#[test]
fn a_closure_may_run_in_a_transaction() {
    let tool = |outer: &str| {
        format!(
            r#"
use diesel::{{pg::PgConnection, prelude::*}};
fn prepare(connection: &mut PgConnection) -> QueryResult<()> {{
    {outer}(|connection: &mut PgConnection| {{
        let asks = "SELECT 1 FROM information_schema.tables WHERE table_name = 'orders'";
        if diesel::sql_query(asks).execute(connection)? == 0 {{
            diesel::sql_query("CREATE TABLE orders (id INT)").execute(connection)?;
        }}
        Ok(())
    }})
}}
fn main() -> anyhow::Result<()> {{
    prepare(&mut PgConnection::establish(&std::env::var("DATABASE_URL")?)?)?;
    Ok(())
}}
"#
        )
    };
    assert_eq!(reported(&tool("connection.transaction")), Vec::<String>::new());
    assert_eq!(reported(&tool("connection.build_transaction().run")), Vec::<String>::new());
}

#[test]
fn an_endpoint_of_a_bot_answers_messages() {
    let service = r#"
use teloxide::prelude::*;
#[tokio::main]
async fn main() {
    let handler = dptree::entry().branch(dptree::endpoint(|bot: Bot, message: Message| async move {
        let pool = sqlx::PgPool::connect(&std::env::var("DATABASE_URL").expect("it is set")).await.expect("it is there");
        sqlx::query("SELECT 1").execute(&pool).await.expect("it answers");
        bot.send_message(message.chat.id, "done").await?;
        respond(())
    }));
    Dispatcher::builder(Bot::from_env(), handler).build().dispatch().await;
}
"#;
    assert_eq!(reported(service), ["handle-per-call 6"]);
}

#[test]
fn a_job_runs_again_and_again() {
    let service = |pool: &str| {
        format!(
            r#"
use backie::{{BackgroundTask, CurrentTask}};
use sqlx::PgPool;
#[derive(serde::Serialize, serde::Deserialize)]
struct CountOrders;
#[derive(Clone)]
struct Shared {{ pool: PgPool }}
#[async_trait::async_trait]
impl BackgroundTask for CountOrders {{
    const TASK_NAME: &'static str = "count_orders";
    type AppData = Shared;
    type Error = anyhow::Error;
    async fn run(&self, task: CurrentTask, shared: Shared) -> anyhow::Result<()> {{
        let pool = {pool};
        sqlx::query("UPDATE totals SET orders = (SELECT count(*) FROM orders)").execute(&pool).await?;
        Ok(())
    }}
}}
fn main() {{}}
"#
        )
    };
    let own = r#"PgPool::connect(&std::env::var("DATABASE_URL")?).await?"#;
    assert_eq!(reported(&service(own)), ["handle-per-call 14"]);
    assert_eq!(reported(&service("shared.pool.clone()")), Vec::<String>::new());
}

#[test]
fn the_first_actix_runs_its_factory_once_per_worker() {
    let service = |pool: &str, state: &str| {
        format!(
            r#"
use actix_web::{{App, HttpRequest, http::Method, server}};
use diesel::{{SqliteConnection, r2d2::{{ConnectionManager, Pool}}}};
type Sqlite = Pool<ConnectionManager<SqliteConnection>>;
fn open() -> Sqlite {{
    Pool::builder().build(ConnectionManager::new(std::env::var("DATABASE_PATH").unwrap())).unwrap()
}}
fn order(request: &HttpRequest<Sqlite>) -> String {{
    match request.state().get() {{ Ok(_) => String::new(), Err(error) => error.to_string() }}
}}
fn main() {{
    let system = actix::System::new("shop");
    {pool}
    server::new(move || App::with_state({state}).resource("/", |r| r.method(Method::GET).f(order)))
        .bind("[::]:80")
        .unwrap()
        .start();
    system.run();
}}
"#
        )
    };
    assert_eq!(reported(&service("", "open()")), ["handle-per-worker 14"]);
    assert_eq!(reported(&service("let pool = open();", "pool.clone()")), Vec::<String>::new());
}

#[test]
fn state_may_come_with_middleware() {
    let service = |with: &str| {
        format!(
            r#"
use poem::{{EndpointExt, Route, Server, get, handler, listener::TcpListener, middleware::AddData, web::Data}};
use sqlx::PgPool;
#[derive(Clone)]
struct Shop {{ pool: PgPool }}
#[handler]
async fn order(Data(shop): Data<&Shop>) -> String {{
    sqlx::query_scalar("SELECT name FROM orders").fetch_one(&shop.pool).await.unwrap_or_default()
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let shop = Shop {{ pool: PgPool::connect(&std::env::var("DATABASE_URL")?).await? }};
    let app = Route::new().at("/", get(order){with});
    Server::new(TcpListener::bind("[::]:80")).run(app).await?;
    Ok(())
}}
"#
        )
    };
    for with in [".with(AddData::new(shop))", ".with(acme_limits::Sharing::of(shop))"] {
        assert_eq!(reported(&service(with)), Vec::<String>::new());
    }
    assert_eq!(reported(&service("")), ["missing-state 7"]);
}

#[test]
fn what_an_unknown_method_takes_for_good_is_kept() {
    let service = |kept: &str| {
        format!(
            r#"
use std::sync::Arc;
use acme_limits::Cache;
use axum::{{Router, extract::State, routing::get}};
use sqlx::PgPool;
async fn order(State(pools): State<Arc<Cache<String, PgPool>>>) -> String {{
    let pool = match pools.value_or_guard("orders").await {{
        Ok(pool) => pool,
        Err(guard) => {{
            let pool = PgPool::connect(&std::env::var("DATABASE_URL").unwrap()).await.unwrap();
            {kept}
            pool
        }}
    }};
    sqlx::query_scalar("SELECT name FROM orders").fetch_one(&pool).await.unwrap_or_default()
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let app = Router::new().route("/", get(order)).with_state(Arc::new(Cache::new()));
    axum::serve(tokio::net::TcpListener::bind("[::]:80").await?, app).await?;
    Ok(())
}}
"#
        )
    };
    assert_eq!(reported(&service("let _ = guard.insert(pool.clone());")), Vec::<String>::new());
    assert_eq!(reported(&service("")), ["handle-per-call 10"]);
}

#[test]
fn a_database_attribute_that_comes_with_macro_use_makes_a_pool() {
    let service = r#"
#![feature(proc_macro_hygiene, decl_macro)]
#[macro_use] extern crate rocket;
#[macro_use] extern crate rocket_contrib;
use std::collections::HashMap;
use rocket::Route;
mod models {
    use rocket_contrib::databases::diesel;
    #[database("main")] pub struct Db(diesel::PgConnection);
}
#[get("/health")]
fn health() {}
fn routes() -> HashMap<&'static str, Vec<Route>> { HashMap::from([("/", routes![health])]) }
fn main() {
    let mut rocket = rocket::ignite().attach(models::Db::fairing());
    for (base, routes) in routes() { rocket = rocket.mount(base, routes); }
    rocket.launch();
}
"#;
    let found = reported(service);
    assert!(found.len() == 1 && found[0].starts_with("shallow-readiness"), "{found:?}");
}

#[test]
fn nobody_knows_on_what_an_executor_runs_that_nobody_knows() {
    let service = r#"
async fn connect() -> Result<postgres::Client, postgres::Error> {
    postgres::Client::connect("host=localhost", postgres::NoTls)
}
async fn start(window: acme_window::Context) {
    window.background_spawn(async { connect().await.is_ok() }).detach();
}
#[tokio::main]
async fn main() { start(acme_window::open()).await; }
"#;
    assert_eq!(reported(service), Vec::<String>::new());
    let awaited = service.replace(".detach();", ".await;");
    assert_eq!(reported(&awaited).len(), 1);
}

#[test]
fn a_statement_that_is_made_before_it_is_run_sets_something_for_one_session_of_a_pool() {
    let service = r#"
use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, Statement};
async fn choose(database: &DatabaseConnection, schema: &str) -> Result<(), DbErr> {
    let text = format!("SET search_path TO \"{schema}\";");
    database.execute(Statement::from_string(DatabaseBackend::Postgres, text)).await?;
    Ok(())
}
#[tokio::main]
async fn main() -> Result<(), DbErr> {
    let database = Database::connect(std::env::var("DATABASE_URL").unwrap()).await?;
    choose(&database, "shop").await
}
"#;
    assert_eq!(reported(service), ["session-setting-on-pool 5"]);
}

#[test]
fn jobs_of_a_schedule_run_from_its_start_on() {
    let service = |steps: &str| {
        format!(
            r#"
use sqlx::PgPool;
use tokio_cron_scheduler::{{Job, JobScheduler}};
async fn clean(pool: PgPool) {{
    sqlx::query("DELETE FROM sessions").execute(&pool).await.ok();
}}
#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let pool = PgPool::connect(&std::env::var("DATABASE_URL")?).await?;
    let schedule = JobScheduler::new().await?;
    let used = pool.clone();
    schedule.add(Job::new_async("*/5 * * * * *", move |_, _| Box::pin(clean(used.clone())))?).await?;
    {steps}
    tokio::signal::ctrl_c().await?;
    Ok(())
}}
"#
        )
    };
    let start = "schedule.start().await?;";
    let migrate = r#"sqlx::migrate!("./migrations").run(&pool).await?;"#;
    assert_eq!(reported(&service(&format!("{start}\n{migrate}"))), ["migrate-after-serve 13"]);
    assert_eq!(reported(&service(&format!("{migrate}\n{start}"))), Vec::<String>::new());
}

#[test]
fn a_pool_that_connects_at_once_unless_an_option_says_otherwise() {
    let service = |connect: &str| {
        format!(
            r#"
use std::sync::LazyLock;
use axum::{{Router, routing::get}};
use sea_orm::{{ConnectOptions, ConnectionTrait, Database, DatabaseConnection}};
static ORDERS: LazyLock<DatabaseConnection> = LazyLock::new(|| {{
    let mut options = ConnectOptions::new("postgres://shop/orders");
    options.max_connections(5){connect};
    futures::executor::block_on(Database::connect(options)).expect("the database")
}});
async fn count() -> String {{
    let answer = ORDERS.execute_unprepared("DELETE FROM visits").await;
    answer.map_or_else(|error| error.to_string(), |done| done.rows_affected().to_string())
}}
#[tokio::main]
async fn main() {{
    let app = Router::new().route("/count", get(count));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
        )
    };
    let panics = |connect: &str| {
        let found = reported(&service(connect));
        found.iter().any(|finding| finding.starts_with("panicking-lazy-init"))
    };
    assert!(panics(""));
    assert!(panics(".connect_lazy(false)"));
    assert!(!panics(".connect_lazy(true)"));
}
