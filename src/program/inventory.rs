//! The inventory: what the tool sees, findings or not, as plain data for renderers.

use std::collections::BTreeSet;

use crate::location::Location;

/// Everything of interest in a program, each list sorted by place.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Binaries (and other entry targets) with a `main`.
    pub binaries: Vec<Binary>,
    /// Resources that init sites open, sorted by id.
    pub resources: Vec<Resource>,
    /// The ids among the declared aliases that something opens.
    pub aliases: BTreeSet<String>,
    /// Calls that create a handle.
    pub init_sites: Vec<InitSite>,
    /// Statics and fields that keep a handle alive.
    pub holders: Vec<Place>,
    /// Functions that hand out a held handle.
    pub accessors: Vec<Place>,
    /// Calls from which outside work is answered.
    pub serve_points: Vec<Place>,
    /// Functions that answer outside work.
    pub handlers: Vec<Place>,
    /// What keeps a request out before a handle is ready.
    pub gates: Vec<Place>,
    /// Calls that change the schema.
    pub migrations: Vec<Place>,
    /// Health endpoints.
    pub health: Vec<Place>,
}

/// What keeps requests away from a route until the databases that it needs are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It needs none.
    NotNeeded,
    /// Start-up makes them before anything is answered.
    StartUp,
    /// A middleware answers by itself until they are there.
    Gate,
    /// The handler looks by itself.
    LooksFirst,
    /// The request itself opens them.
    Request,
    /// Nothing: requests are answered before.
    Nothing,
}

impl Status {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotNeeded => "none-needed",
            Self::StartUp => "start-up",
            Self::Gate => "gate",
            Self::LooksFirst => "looks-first",
            Self::Request => "request",
            Self::Nothing => "nothing",
        }
    }
}

impl InitSite {
    /// The ids of everything that it opens, the best known first.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.resource).chain(&self.other_resources).map(String::as_str)
    }

    /// Whether it opens a resource, for one caller at least.
    pub fn opens(&self, resource: &str) -> bool {
        self.resources().any(|id| id == resource)
    }
}

/// A binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Its package.
    pub package: String,
    /// Its name.
    pub name: String,
    /// How it is told from others: its name, with the package before it where another package has a binary of this name.
    pub title: String,
    /// Where its `main` is.
    pub entry: Location,
}

/// A resource: an outside database, identified by where its address comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `driver:address`, for example `postgres:env.DATABASE_URL`.
    pub id: String,
    /// Driver (`postgres`).
    pub driver: String,
    /// Where the address comes from.
    pub address: Address,
    /// How sure that is.
    pub confidence: crate::finding::Confidence,
    /// The id that its own address would give it, where that is declared an alias.
    pub alias: Option<String>,
}

impl Resource {
    /// Whether it is known where its address comes from.
    pub fn is_known(&self) -> bool {
        !matches!(self.address, Address::Unknown(_)) && self.confidence > crate::finding::Confidence::Low
    }
}

/// Where an address comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// An environment variable.
    Env(String),
    /// A field of a configuration value (`settings.database.url`), with the environment variable behind it when known.
    Config(String, Option<String>),
    /// A literal in the code.
    Literal(String),
    /// Not known, with what was seen.
    Unknown(String),
}

impl Address {
    /// The address that the id of a resource tells.
    pub(super) fn of_id(id: &str) -> Self {
        let (_, address) = id.split_once(':').unwrap_or(("", id));
        match (address.strip_prefix("env."), address.strip_prefix("literal.")) {
            (Some(key), _) => Self::Env(key.to_owned()),
            (_, Some(text)) => Self::Literal(text.to_owned()),
            _ => Self::Config(address.to_owned(), None),
        }
    }
}

/// What kind of target a place belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Code that runs in production.
    Production,
    /// `#[cfg(test)]`, integration tests.
    Test,
    /// Examples.
    Example,
    /// Benchmarks.
    Bench,
    /// Build scripts.
    Build,
}

impl Scope {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
            Self::Example => "example",
            Self::Bench => "bench",
            Self::Build => "build",
        }
    }
}

/// A call that creates a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitSite {
    /// Extent of the expression, from where it starts.
    pub location: Location,
    /// Id of the resource; the best known one where callers hand over several addresses.
    pub resource: String,
    /// Ids of the other resources that it opens for callers with other addresses, sorted.
    pub other_resources: Vec<String>,
    /// Type of the handle, canonical (`sqlx::Pool<sqlx::Postgres>`).
    pub handle: String,
    /// Path of the function that contains it.
    pub function: String,
    /// When the outside world is touched (`eager`, `lazy`, …).
    pub io: &'static str,
    /// Where it runs.
    pub scope: Scope,
    /// Titles of the binaries that reach it, sorted.
    pub binaries: Vec<String>,
    /// Who keeps it: `returned`, `local`, the path of a static or field, or `unknown`.
    pub held_by: String,
}

/// Any other place of interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub location: Location,
    /// What, for a person (`GET /orders`, `axum::serve`, `app::POOL`).
    pub label: String,
    /// Path of the function or item.
    pub item: String,
    /// Id of the resource, when there is one.
    pub resource: Option<String>,
    /// Titles of the binaries that reach it, sorted.
    pub binaries: Vec<String>,
}

/// What was analysed, so that silence means something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Packages analysed.
    pub packages: u32,
    /// Source files analysed.
    pub files: u32,
    /// Source files that could not be analysed.
    pub files_skipped: u32,
    /// Functions, methods included.
    pub functions: u32,
    /// Init sites in production code.
    pub init_sites: u32,
    /// Distinct resources they open; without those whose address is not known, each of which may be another one.
    pub resources: u32,
    /// Handlers registered with a framework.
    pub handlers: u32,
    /// Calls in functions that were linked.
    pub calls: u32,
    /// Those whose target is known.
    pub calls_resolved: u32,
    /// Calls in functions that lie on a path to an init site or a handler.
    pub path_calls: u32,
    /// Those whose target is known.
    pub path_calls_resolved: u32,
    /// Macro calls that were not entered.
    pub macros_opaque: u32,
}

/// One resource and its doors, for the closing lines of a clean run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceSummary {
    /// Driver (`postgres`).
    pub driver: String,
    /// Where the address comes from, for a person; `None` where that is not known, so that it may be the address of another one.
    pub address: Option<String>,
    /// What was created and where, for a person; one entry per production init site.
    pub doors: Vec<String>,
}
