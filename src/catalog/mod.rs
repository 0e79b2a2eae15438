//! Room 4, *catalog*: what third-party libraries mean, as a value.
//!
//! The knowledge itself is in `rules/catalog/*.toml`, one file per library, embedded at build time; users add
//! files of the same schema. This room parses, validates and indexes them. It knows nothing of the analysed
//! program. **Unknown is not safe**: a call that is not listed is "no fact", never "harmless".

mod builtin;
mod canonical;
mod check;
mod drivers;
mod index;
mod names;
mod pattern;
mod read;
mod schema;
mod table;

pub use builtin::{BUILTIN, BuiltinFile};
pub use canonical::{Canonical, root_segment};
pub use drivers::{DriverPlace, SqlDialect, UNKNOWN_DRIVER, driver_facts, driver_in_path, driver_of_scheme};
pub use index::{Catalog, Extension, Library};
pub use names::PRELUDE;
pub use pattern::TypePattern;
pub use schema::{CatalogError, json_schema};

/// What a library type is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeFacts {
    /// Canonical path, library root first (`sqlx::Pool`).
    pub path: String,
    /// What it is.
    pub kind: TypeKind,
    /// Which resource it talks to.
    pub resource: ResourceOf,
    /// What `clone()` gives.
    pub clone: CloneKind,
    /// Whether methods that are not listed return the type itself (builder chains).
    pub fluent: bool,
    /// Whether opening the same path twice fails or blocks.
    pub single_path: bool,
    /// Whether it waits for messages of the server on a connection that it has to itself.
    pub listens: bool,
    /// What the connections of a pool see of a database in memory that is opened as `:memory:`, for types that name a driver.
    pub in_memory: Option<InMemory>,
    /// Where a handler's value of the type is looked up, by what is inside, when a request comes.
    pub looked_up: Option<LookedUp>,
    /// Fields of a request into which others put things on its way.
    pub put_into: Vec<String>,
    /// The type that method look-up falls through to.
    pub deref: Option<TypePattern>,
    /// What awaiting a value of the type gives (`JoinHandle`); `None` when it is not awaited or unknown.
    pub awaited: Option<TypePattern>,
    /// A remark for readers.
    pub note: Option<String>,
    /// Version requirement as text, when the entry does not hold for every version. Not evaluated.
    pub versions: Option<String>,
}

/// What a library type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are the field's standard words")]
pub enum TypeKind {
    Pool,
    Client,
    Connection,
    Embedded,
    Manager,
    Builder,
    Config,
    /// Filled at most once.
    OnceCell,
    /// Filled at first use.
    Lazy,
    /// One value per thread, filled at first use in it.
    ThreadLocal,
    /// Replaceable cell (`ArcSwap`).
    SwapCell,
    Lock,
    Guard,
    Map,
    Atomic,
    /// The end of a channel through which many are served.
    Sender,
    Receiver,
    /// Shows what others may change at any time (`watch::Receiver`, `Semaphore`).
    Watched,
    Router,
    Server,
    BoundSocket,
    Task,
    State,
    /// Made from the request alone.
    Request,
    Migrator,
    HealthReporter,
    /// Looked through when the type of a value is asked (`Arc`, `Box`, `Option`, …).
    Wrapper,
    /// Known, of no interest of its own (`String`).
    Plain,
}

impl TypeKind {
    /// Whether a value of this kind is a handle: something through which code talks to a resource.
    pub fn is_handle(self) -> bool {
        matches!(self, Self::Pool | Self::Client | Self::Connection | Self::Embedded)
    }
}

/// Which resource a type talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceOf {
    /// None.
    Nothing,
    /// A driver name such as `postgres`.
    Driver(String),
    /// The resource of generic argument n.
    Argument(usize),
    /// Decided by the scheme of the address.
    AddressScheme,
}

/// What several connections see of a database in memory whose address names nothing else (`:memory:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InMemory {
    /// One database for all, which is gone when the last of them is closed.
    Shared,
    /// A database for each.
    Separate,
}

/// Where state is looked up by its type while a request is answered. The compiler does not check that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookedUp {
    /// In what the application was given.
    Application,
    /// In what the request carries along, where layers and middleware put things.
    Request,
}

/// What cloning a value gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloneKind {
    /// Another handle on the same thing.
    Shared,
    /// An independent value.
    Copy,
    /// Not cloneable, or unknown.
    None,
}

/// What a call to a library item means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFacts {
    /// Canonical path, library root first (`sqlx::Pool::connect`).
    pub path: String,
    /// How it is called.
    pub form: CallForm,
    /// What it does.
    pub role: CallRole,
    /// Type of the result after `.await` and without `wrap`; `None` when it does not matter.
    pub returns: Option<TypePattern>,
    /// The result is a future: nothing happens until it is awaited or spawned. A future with methods of its
    /// own (`axum::serve(…)`) has a type with [`TypeFacts::awaited`]: the call then gives that type.
    pub is_async: bool,
    /// What the result is wrapped in.
    pub wrap: Option<Wrap>,
    /// When a creating call touches the outside world.
    pub io: Option<Io>,
    /// Where the address (URL, path, options) is.
    pub address: Option<ValueSource>,
    /// Whose value the result carries on (`url.as_str()` carries its receiver).
    pub carries: Option<ValueSource>,
    /// For [`CallRole::Option`]: which option (`max`, `min`, `acquire-timeout`, `address`, …).
    pub option: Option<String>,
    /// Argument that holds a route's path.
    pub route: Option<usize>,
    /// Argument that holds a handler, service or sub-router.
    pub handler: Option<usize>,
    /// Argument that is a closure or function value to be run.
    pub callback: Option<usize>,
    /// What the callback, or the handler, is given first.
    pub gives: Option<TypePattern>,
    /// The callback runs for every connection of the pool that is built, not once.
    pub per_connection: bool,
    /// The method of the callback argument that is run, where it is a value rather than a function.
    pub runs: Option<String>,
    /// For once primitives: check and initialization are one step for all callers.
    pub atomic: bool,
    /// Blocks the thread.
    pub blocking: bool,
    /// Blocks on a runtime of its own or of its receiver, and panics where one is running already.
    pub enters_runtime: bool,
    /// Whether it gives the same each time that it is called without arguments.
    pub constant: bool,
    /// Tells whether a runtime is running.
    pub asks_runtime: bool,
    /// Never returns.
    pub diverges: bool,
    /// The environment variable that it reads by itself.
    pub variable: Option<String>,
    /// Whether it makes one thing, and fails where that is there.
    pub fails_when_repeated: bool,
    /// Whether each field of what it gives is filled from the environment variable that is called like the field.
    pub fills_fields: bool,
    /// For io `optional`: whether it connects at once, unless the option `lazy` says otherwise.
    pub eager_by_default: bool,
    /// For [`CallRole::Sleep`]: whether the first call returns at once.
    pub first_at_once: bool,
    /// For [`CallRole::HealthSet`]: whether it says by itself, without an argument for it, that all is well.
    pub says_well: bool,
    /// For [`CallRole::Serve`]: whether the process may end after each answer, as functions in the cloud do.
    pub short_lived: bool,
    /// Whether stable Rust does not have it.
    pub unstable: bool,
    /// Why it may panic.
    pub panics: Option<String>,
    /// A remark for readers.
    pub note: Option<String>,
    /// Version requirement as text, when the entry does not hold for every version. Not evaluated.
    pub versions: Option<String>,
}

/// How a migrator keeps out others, and what it leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigratorFacts {
    /// Canonical path of the call that migrates ([`CallRole::Migrate`]), library root first.
    pub path: String,
    /// Drivers on which a run holds a database lock from before its first check to its end.
    pub locks: Vec<String>,
    /// Canonical path of the call that turns the lock off when it is given `false`.
    pub unlocked_by: Option<String>,
    /// What becomes of the lock when a migration fails and the connection lives on; `None` for migrators without one.
    pub after_failure: Option<LockAfterFailure>,
    /// What one transaction is over.
    pub transaction: MigrationTransaction,
    /// Drivers on which there is none.
    pub without_transaction: Vec<String>,
    /// The table that says what was applied, by its default name; `None` where there is no table.
    pub ledger: Option<String>,
    /// Drivers on which two runs at once without a lock apply statements twice; on others one of them fails.
    pub repeats: Vec<String>,
    /// A remark for readers.
    pub note: Option<String>,
    /// Version requirement as text. Not evaluated.
    pub versions: Option<String>,
}

/// The command of a migrator, which applies the migrations of a folder from outside the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFacts {
    /// The package, by its name in the registry, that an application depends on whose migrations it applies.
    pub package: String,
    /// The program, as cargo calls it too.
    pub program: String,
    /// What it is called with to apply migrations, each as words with a space between them.
    pub applies: Vec<String>,
    /// The folder that it takes when none is named, from the folder that it is called in.
    pub folder: String,
    /// The option that names a folder.
    pub option: Option<String>,
    /// The file in which the folder may be named instead.
    pub configuration: Option<String>,
    /// Whether each migration has a folder of its own.
    pub nested: bool,
    /// A remark for readers.
    pub note: Option<String>,
    /// Version requirement as text. Not evaluated.
    pub versions: Option<String>,
}

/// What becomes of a migrator's lock when a migration fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockAfterFailure {
    /// The session keeps it until it ends: on a pooled connection as long as the pool likes.
    Kept,
    /// It is given back.
    Released,
}

impl LockAfterFailure {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Released => "released",
        }
    }
}

/// What a migrator's transaction is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationTransaction {
    /// Each migration with its row in the ledger.
    Each,
    /// All pending migrations with their rows.
    All,
    /// Each migration, and its row in another one.
    Apart,
    /// There is none.
    None,
}

impl MigrationTransaction {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::All => "all",
            Self::Apart => "apart",
            Self::None => "none",
        }
    }
}

/// What using a function-like macro means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroFacts {
    /// Canonical path without `!`, library root first (`sqlx::migrate`).
    pub path: String,
    /// What it does.
    pub role: CallRole,
    /// Type of the value it expands to; `None` when it does not matter.
    pub returns: Option<TypePattern>,
    /// The module that it makes where it stands; its functions are listed like those of a module of the library.
    pub module: Option<String>,
    /// The folder of SQL files that it embeds where it is not given one, relative to the package; `None` where it embeds none.
    pub folder: Option<String>,
    /// Whether it embeds the files of the folders inside that folder as well.
    pub nested: bool,
    /// A remark for readers.
    pub note: Option<String>,
    /// Version requirement as text. Not evaluated.
    pub versions: Option<String>,
}

/// What an attribute or derive macro means for the item it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeFacts {
    /// Canonical path, library root first (`tokio::main`).
    pub path: String,
    /// What the item becomes.
    pub role: CallRole,
    /// Whether it is written inside `#[derive(…)]`.
    pub derive: bool,
    /// Argument that holds a route's path.
    pub route: Option<usize>,
    /// Named argument that holds a route's path.
    pub route_named: Option<String>,
    /// The library that registers under this route, by the root of its paths, where it is another one.
    pub registered_by: Option<String>,
    /// For [`CallRole::Answer`], on traits: the name of the trait that is implemented, `{}` for that of the marked one.
    pub implemented_as: Option<String>,
    /// On a block: the attribute, by its name, of those methods that it means, and which has their routes.
    pub methods: Option<String>,
    /// A remark for readers.
    pub note: Option<String>,
    /// Version requirement as text. Not evaluated.
    pub versions: Option<String>,
}

impl CallFacts {
    /// Whether the entry is about the implementations of a trait's item, which the library calls, rather than about calls of it.
    pub fn is_about_implementations(&self) -> bool {
        let runs_around = self.role == CallRole::Middleware && self.handler.is_none();
        self.form == CallForm::TraitItem && (self.role == CallRole::Answer || runs_around)
    }
}

/// How a library item is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallForm {
    /// Free or associated function.
    Function,
    /// Inherent method.
    Method,
    /// Item of a trait, called as a method or through a path, on any receiver.
    TraitItem,
}

/// What a result is wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[allow(missing_docs, reason = "the names are those of std")]
pub enum Wrap {
    Result,
    Option,
}

/// When a creating call touches the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Io {
    /// Finished (or failed) when the call returns or its future ends.
    Eager,
    /// Nothing happens before the first use: success proves nothing.
    Lazy,
    /// Starts in the background: success proves nothing.
    Background,
    /// Decided by options.
    Optional,
    /// Opens or creates a local file.
    File,
}

impl Io {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Lazy => "lazy",
            Self::Background => "background",
            Self::Optional => "optional",
            Self::File => "file",
        }
    }
}

/// Where a value comes from in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSource {
    /// Argument n, `self` not counted.
    Argument(usize),
    /// The receiver.
    Receiver,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is explained in rules/catalog/README.md")]
pub enum CallRole {
    // handles
    Create,
    Builder,
    Option,
    Acquire,
    Verify,
    LocalStatus,
    Share,
    Close,
    Parse,
    // schema
    MigrationSource,
    Migrate,
    MigrationCheck,
    MigrationDestructive,
    MigrationOption,
    SchemaCreate,
    // initialize once, shared state
    OnceNew,
    OnceInit,
    OnceCheck,
    OnceSet,
    OnceTake,
    OnceWait,
    Lock,
    TryLock,
    MapCheck,
    MapSet,
    MapEntry,
    AtomicLoad,
    AtomicStore,
    AtomicUpdate,
    // tasks and order
    Spawn,
    SpawnThread,
    SpawnBlocking,
    JoinAll,
    TryJoinAll,
    Select,
    BlockOn,
    WaitTasks,
    Sleep,
    Timeout,
    // serving
    RouterNew,
    Register,
    Answer,
    HandlerWrap,
    Mount,
    Middleware,
    StatePut,
    StateGet,
    Bind,
    Serve,
    ServeInBackground,
    StartJobs,
    Accept,
    Shutdown,
    Entry,
    PerWorkerFactory,
    StartupHook,
    // health
    HealthNew,
    HealthSet,
    // environment and configuration
    EnvironmentLoad,
    EnvironmentRead,
    EnvironmentWrite,
    ConfigRead,
    // the rest
    Retry,
    DatabaseLock,
    DatabaseUnlock,
    FileCheck,
    FileCreate,
    FileLock,
    BeforeMain,
    /// A test: not production code.
    Test,
    /// Only its result type, carried value or divergence matters (`unwrap`, `map`, `process::exit`).
    Adapt,
}

/// Whether a library function makes what it gives of text or of the process's environment, by the names that parsers and
/// configuration loaders give such functions.
pub fn reads_from_outside(path: &str) -> bool {
    const LOADERS: [&str; 8] =
        ["parse", "try_parse", "from_", "extract", "deserialize", "try_deserialize", "load", "default"];
    let name = path.rsplit("::").next().unwrap_or_default();
    LOADERS.iter().any(|loader| name.starts_with(loader))
}
