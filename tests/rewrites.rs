//! Rewrites that mean nothing: a program must show the same places that make handles, with the same resources, after
//! each of them. They are done on syntax trees, over the fixtures and some programs of one file.

#[allow(dead_code, reason = "other tests use the rest of the parser")]
mod pages;
mod renaming;

use initpath::analysis::{Settings, analyse};
use initpath::catalog::Catalog;
use initpath::workspace::in_memory;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, File, FnArg, Ident, Item, ItemFn, Pat, Stmt, parse_quote};

/// Path and text of each file.
type Files = Vec<(String, String)>;

/// Programs of one file, each with something of its own: parameters, fields, generics, statics, tasks, conversions.
const PROGRAMS: [&str; 4] = [
    r#"
use sqlx::postgres::{PgPool, PgPoolOptions};
struct Config { database_url: String, cache_url: String }
struct State { pool: PgPool, cache: redis::Client }
fn load() -> anyhow::Result<Config> {
    let database_url = std::env::var("DATABASE_URL")?;
    let cache_url = std::env::var("CACHE_URL")?;
    Ok(Config { database_url, cache_url })
}
async fn connect(url: &str) -> sqlx::Result<PgPool> {
    let options = PgPoolOptions::new().max_connections(4);
    options.connect(url).await
}
fn cache(config: &Config) -> redis::RedisResult<redis::Client> {
    redis::Client::open(config.cache_url.as_str())
}
async fn start(config: Config) -> anyhow::Result<State> {
    let pool = connect(&config.database_url).await?;
    let cache = cache(&config)?;
    Ok(State { pool, cache })
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = load()?;
    let state = start(config).await?;
    let client = state.cache.clone();
    tokio::spawn(async move { client.get_connection() });
    Ok(())
}
"#,
    r#"
use clap::Parser;
use std::path::{Path, PathBuf};
#[derive(Parser)]
struct Args { #[arg(long, env = "DATA_DIR")] folder: PathBuf }
trait Backend: Sized { fn open(path: &Path) -> Self; }
struct Sqlite(rusqlite::Connection);
struct Redb(redb::Database);
impl Backend for Sqlite { fn open(path: &Path) -> Self { Sqlite(rusqlite::Connection::open(path.join("a.db")).unwrap()) } }
impl Backend for Redb { fn open(path: &Path) -> Self { Redb(redb::Database::create(path.join("b.redb")).unwrap()) } }
struct Service<B> { backend: B }
fn make<B: Backend>(path: &Path) -> Service<B> {
    let backend = B::open(path);
    Service { backend }
}
fn main() {
    let args = Args::parse();
    let one = make::<Sqlite>(&args.folder);
    let two: Service<Redb> = make(&args.folder);
}
"#,
    r#"
use once_cell::sync::Lazy;
use std::sync::OnceLock;
static POOL: OnceLock<sqlx::PgPool> = OnceLock::new();
static CLIENT: Lazy<redis::Client> = Lazy::new(client);
fn client() -> redis::Client { redis::Client::open("redis://cache").unwrap() }
fn pool() -> &'static sqlx::PgPool {
    POOL.get_or_init(|| sqlx::PgPool::connect_lazy("postgres://db/orders").unwrap())
}
fn main() {
    let pool = pool();
    let connection = CLIENT.get_connection().unwrap();
}
"#,
    r#"
struct Url(String);
struct Store { connection: rusqlite::Connection }
impl TryFrom<Url> for Store {
    type Error = rusqlite::Error;
    fn try_from(url: Url) -> Result<Self, Self::Error> {
        let connection = rusqlite::Connection::open(url.0)?;
        Ok(Self { connection })
    }
}
fn store(path: &str) -> Result<Store, rusqlite::Error> {
    let url = Url(path.to_owned());
    let store: Store = url.try_into()?;
    Ok(store)
}
fn main() {
    let store = store("orders.db").unwrap();
    let other = Some("archive.db").map(rusqlite::Connection::open);
}
"#,
];

fn programs() -> Vec<(String, Files)> {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nanyhow = \"1\"\n\
                    clap = \"4\"\nonce_cell = \"1\"\nredb = \"3\"\nredis = \"1\"\nrusqlite = \"0.32\"\nsqlx = \"0.8\"\ntokio = \"1\"\n";
    let single = PROGRAMS.iter().enumerate().map(|(index, text)| {
        let files = vec![
            ("Cargo.toml".to_owned(), manifest.to_owned()),
            ("src/main.rs".to_owned(), (*text).to_owned()),
        ];
        (format!("program {index}"), files)
    });
    let fixtures = pages::fixture_names().into_iter().filter(|name| name != "broken");
    let fixtures = fixtures.map(|name| {
        let files = pages::fixture(&name).files;
        (name, files)
    });
    single.chain(fixtures).collect()
}

/// Handle, resource and scope of every place that makes a handle, sorted.
fn sites(files: &Files) -> Vec<String> {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let analysis =
        analyse(in_memory(&files), Catalog::builtin(), &Settings { threads: Some(1), ..Settings::default() });
    assert_eq!(analysis.problems, [], "what was rewritten is still read");
    let sites = analysis.inventory.init_sites.iter();
    let mut shown: Vec<String> =
        sites.map(|site| format!("{} {} {}", site.handle, site.resource, site.scope.name())).collect();
    shown.sort();
    shown
}

/// Rewrites every Rust file of every program and compares.
fn stays_the_same(rewrite: impl Fn(&mut File)) {
    let mut rewritten = 0;
    for (name, files) in programs() {
        let change = |(path, text): &(String, String)| {
            if !path.ends_with(".rs") {
                return (path.clone(), text.clone());
            }
            let mut file = syn::parse_file(text).expect("the program parses");
            rewrite(&mut file);
            (path.clone(), file.into_token_stream().to_string())
        };
        let changed: Files = files.iter().map(change).collect();
        let plain: Files = files
            .iter()
            .map(|(path, text)| {
                let parsed =
                    path.ends_with(".rs").then(|| syn::parse_file(text).expect("the program parses"));
                (
                    path.clone(),
                    parsed.map_or_else(|| text.clone(), |file| file.into_token_stream().to_string()),
                )
            })
            .collect();
        rewritten += usize::from(changed != plain);
        assert_eq!(sites(&changed), sites(&files), "{name}: {changed:#?}");
    }
    assert!(rewritten > 0, "the rewrite changed something");
}

#[test]
fn renaming_local_variables() {
    stays_the_same(|file| RenameLocals.visit_file_mut(file));
}

#[test]
fn reordering_items() {
    stays_the_same(|file| file.items.reverse());
}

#[test]
fn moving_functions_to_another_module_with_their_imports_mended() {
    stays_the_same(|file| {
        move_functions(file, |moved, names| {
            quote! { mod moved { use super::*; #(#moved)* } use moved::{#(#names),*}; }
        })
    });
}

#[test]
fn adding_a_re_export_on_the_way() {
    stays_the_same(|file| {
        move_functions(file, |moved, names| {
            quote! {
                mod origin { use super::*; #(#moved)* }
                mod hop { pub use super::origin::*; }
                pub mod second_hop { pub use super::hop::{#(#names),*}; }
                use self::second_hop::*;
            }
        })
    });
}

#[test]
fn splitting_functions_in_two() {
    stays_the_same(|file| {
        let items = std::mem::take(&mut file.items);
        file.items = items.into_iter().flat_map(split).collect();
    });
}

#[test]
fn wrapping_initializers_in_closures() {
    stays_the_same(|file| WrapInClosures.visit_file_mut(file));
}

/// Gives every variable that `let` binds another name.
struct RenameLocals;

impl VisitMut for RenameLocals {
    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        rename_in(&mut item.block);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        rename_in(&mut item.block);
    }
}

fn rename_in(block: &mut syn::Block) {
    let mut bound = Bound::default();
    bound.visit_block_mut(block);
    // A name inside a format string is the variable, and macros of other kinds may use names in their own way.
    let text = block.to_token_stream().to_string();
    let names = bound.0.into_iter().filter(|name| !text.contains(&format!("{{{name}")));
    Rename(names.collect()).visit_block_mut(block);
}

/// The names that `let` binds.
#[derive(Default)]
struct Bound(Vec<Ident>);

impl VisitMut for Bound {
    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        let pat = match &local.pat {
            Pat::Type(typed) => &*typed.pat,
            other => other,
        };
        if let Pat::Ident(bound) = pat {
            self.0.push(bound.ident.clone());
        }
        visit_mut::visit_local_mut(self, local);
    }
}

struct Rename(Vec<Ident>);

impl Rename {
    fn renamed(&self, ident: &Ident) -> Option<Ident> {
        self.0.contains(ident).then(|| format_ident!("{ident}_renamed"))
    }
}

impl VisitMut for Rename {
    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if let Some(renamed) = self.renamed(&pat.ident) {
            pat.ident = renamed;
        }
    }

    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        renaming::spell_out(&mut field.colon_token);
        visit_mut::visit_field_pat_mut(self, field);
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        renaming::spell_out(&mut field.colon_token);
        visit_mut::visit_field_value_mut(self, field);
    }

    fn visit_expr_path_mut(&mut self, path: &mut syn::ExprPath) {
        if let Some(ident) = path.path.get_ident()
            && let Some(renamed) = self.renamed(ident)
        {
            path.path = renamed.into();
        }
    }

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        // A function keeps its name, also where a variable has the same.
        if !matches!(&*call.func, Expr::Path(_)) {
            self.visit_expr_mut(&mut call.func);
        }
        call.args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
    }

    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        call.tokens = renaming::in_tokens(std::mem::take(&mut call.tokens), &|ident| self.renamed(ident));
    }
}

/// Takes the free functions without attributes out of a file and puts back what `place` makes of them.
fn move_functions(file: &mut File, place: impl Fn(&[ItemFn], &[Ident]) -> TokenStream) {
    let (mut moved, mut kept) = (Vec::new(), Vec::new());
    for item in std::mem::take(&mut file.items) {
        match item {
            Item::Fn(mut item) if item.attrs.is_empty() && item.sig.ident != "main" => {
                item.vis = parse_quote!(pub);
                moved.push(item);
            }
            other => kept.push(other),
        }
    }
    if !moved.is_empty() {
        let names: Vec<Ident> = moved.iter().map(|item| item.sig.ident.clone()).collect();
        let placed: File = syn::parse2(place(&moved, &names)).expect("the placed items parse");
        kept.extend(placed.items);
    }
    file.items = kept;
}

/// `fn f(a) { … }` as `fn f(a) { f_split(a) }` and the rest.
fn split(item: Item) -> Vec<Item> {
    let Item::Fn(whole) = item else { return vec![item] };
    let names: Option<Vec<Ident>> = whole
        .sig
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Typed(param) => match &*param.pat {
                Pat::Ident(bound) => Some(bound.ident.clone()),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect();
    let generic = !whole.sig.generics.params.is_empty();
    let Some(names) = names.filter(|_| !generic && whole.attrs.is_empty() && whole.sig.ident != "main")
    else {
        return vec![Item::Fn(whole)];
    };
    let inner_name = format_ident!("{}_split", whole.sig.ident);
    let mut inner = whole.clone();
    inner.sig.ident = inner_name.clone();
    inner.vis = syn::Visibility::Inherited;
    let mut outer = whole;
    let awaited = outer.sig.asyncness.is_some().then(|| quote!(.await));
    outer.block = parse_quote!({ #inner_name(#(#names),*) #awaited });
    vec![Item::Fn(outer), Item::Fn(inner)]
}

/// `let x = f(a);` as `let x = { let make = || f(a); make() };`.
struct WrapInClosures;

impl VisitMut for WrapInClosures {
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        visit_mut::visit_block_mut(self, block);
        for statement in &mut block.stmts {
            if let Stmt::Local(local) = statement
                && let Some(init) = &mut local.init
                && init.diverge.is_none()
                && matches!(&*init.expr, Expr::Call(_) | Expr::MethodCall(_))
                && stays_inside(&init.expr)
                // A conversion needs the annotation beside it.
                && !matches!(local.pat, Pat::Type(_))
            {
                let made = &init.expr;
                init.expr = parse_quote!({ let make = || #made; make() });
            }
        }
    }
}

/// Whether an expression neither awaits nor leaves its function.
fn stays_inside(expr: &Expr) -> bool {
    let text = expr.to_token_stream().to_string();
    !text.contains('?') && !text.contains("await") && !text.contains("return")
}
