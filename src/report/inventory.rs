//! Room 9, *report*: the inventory, what the tool sees whether it is a finding or not, as an aligned list and
//! as versioned JSON. Must not judge.

use serde::Serialize;

use super::json::{WireCoverage, WireProblem};
use super::{Style, WireTool, aligned, counted, human, one_line, path_of, place, to_json};
use crate::location::Location;
use crate::problem::Problem;
use crate::program::inventory::{Address, Binary, InitSite, Inventory, Place, Resource};
use crate::program::readiness::RouteReadiness;
use crate::settle::Coverage;
use crate::workspace::SourceFile;

/// What an inventory is rendered from.
#[derive(Debug, Clone, Copy)]
pub struct InventoryView<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// The routes that need a database or are probes.
    pub routes: &'a [RouteReadiness],
    /// What was looked at.
    pub coverage: &'a Coverage,
    /// What limited the analysis.
    pub problems: &'a [Problem],
    /// The files that locations point into.
    pub files: &'a [SourceFile],
}

/// Cells with more characters are cut.
const LONGEST_CELL: usize = 96;

/// One section per kind of place, one line per place, then problems and what was looked at.
pub fn render_human(view: InventoryView<'_>, style: &Style) -> String {
    let InventoryView { inventory, routes, coverage, problems, files } = view;
    let mut text = String::new();
    let binaries = inventory.binaries.iter().map(|binary| {
        let entry = format!("{}:{}", path_of(files, &binary.entry), binary.entry.span.line);
        [binary.name.clone(), format!("package {}", binary.package), entry]
    });
    section(&mut text, "binaries", binaries.collect());
    let resources = inventory.resources.iter().map(|resource| {
        let Resource { id, address, confidence, .. } = resource;
        [id.clone(), describe(address), format!("confidence {}", confidence.name())]
    });
    section(&mut text, "resources", resources.collect());
    let sites = inventory.init_sites.iter().map(|site| {
        [
            place(files, &site.location),
            site.resources().collect::<Vec<_>>().join(", "),
            site.handle.clone(),
            site.function.clone(),
            format!("{}, {}, {}", site.scope.name(), site.io, held(&site.held_by)),
            site.binaries.join(", "),
        ]
    });
    section(&mut text, "init sites", sites.collect());
    for (title, places) in places(inventory) {
        let rows = places.iter().map(|one| {
            let resource = one.resource.clone().unwrap_or_default();
            let item = if one.item == one.label { String::new() } else { one.item.clone() };
            [place(files, &one.location), one.label.clone(), item, resource, one.binaries.join(", ")]
        });
        section(&mut text, title, rows.collect());
    }
    let rows = routes.iter().map(|one| {
        [
            place(files, &one.location),
            one.route.clone(),
            one.needs.join(", "),
            format!("gate: {}", one.gate.name()),
            one.probe.clone().unwrap_or_default(),
            one.binaries.join(", "),
        ]
    });
    section(&mut text, "routes", rows.collect());
    for problem in problems {
        text.push_str(&human::render_problem(problem, files, style));
        text.push('\n');
    }
    if !style.quiet {
        let packages = counted(coverage.packages as usize, "package");
        let files = counted(coverage.files as usize, "file");
        let sites = counted(inventory.init_sites.len(), "init site");
        let resources = counted(inventory.resources.len(), "resource");
        let handlers = counted(inventory.handlers.len(), "handler");
        text.push_str(&format!("{packages}, {files} · {sites}, {resources}, {handlers}\n"));
    }
    text
}

/// What becomes of a handle, for people: what is held by a variable or given back has no place to name.
fn held(by: &str) -> String {
    match by {
        "local" => "kept in a variable".to_owned(),
        "returned" => "given back".to_owned(),
        by => format!("held by {by}"),
    }
}

/// The inventory as pretty-printed JSON with a final newline.
pub fn render_json(view: InventoryView<'_>) -> String {
    to_json(&WireInventory::new(view))
}

/// The lists of places with their titles, in the order of both formats.
fn places(inventory: &Inventory) -> [(&'static str, &[Place]); 7] {
    let Inventory {
        binaries: _,
        resources: _,
        aliases: _,
        init_sites: _,
        holders,
        accessors,
        serve_points,
        handlers,
        gates,
        migrations,
        health,
    } = inventory;
    [
        ("holders", holders),
        ("accessors", accessors),
        ("serve points", serve_points),
        ("handlers", handlers),
        ("gates", gates),
        ("migrations", migrations),
        ("health", health),
    ]
}

fn section<const COLUMNS: usize>(text: &mut String, title: &str, rows: Vec<[String; COLUMNS]>) {
    if rows.is_empty() {
        return;
    }
    text.push_str(title);
    text.push('\n');
    let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| shortened(one_line(&cell)))).collect();
    for row in aligned(&rows) {
        text.push_str("  ");
        text.push_str(&row);
        text.push('\n');
    }
    text.push('\n');
}

/// A cell that leaves the columns beside it on the screen: what an address is made of may be long. JSON has all of it.
fn shortened(cell: String) -> String {
    match cell.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell,
    }
}

pub(super) fn describe(address: &Address) -> String {
    match address {
        Address::Env(key) => format!("env {key}"),
        Address::Config(field, None) => field.clone(),
        Address::Config(field, Some(key)) => format!("{field} ← env {key}"),
        Address::Literal(text) => format!("literal {text}"),
        Address::Unknown(seen) => format!("unknown ({seen})"),
    }
}

/// What `cargo initpath inventory --message-format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "initpath inventory, version 1"))]
struct WireInventory<'a> {
    /// Version of this format.
    version: u32,
    /// What wrote it.
    tool: WireTool,
    /// Binaries (and other entry targets) with a `main`.
    binaries: Vec<WireBinary<'a>>,
    /// Resources that init sites open, sorted by id.
    resources: Vec<WireResource<'a>>,
    /// Calls that create a handle.
    init_sites: Vec<WireInitSite<'a>>,
    /// Statics and fields that keep a handle alive.
    holders: Vec<WirePlace<'a>>,
    /// Functions that hand out a held handle.
    accessors: Vec<WirePlace<'a>>,
    /// Calls from which outside work is answered.
    serve_points: Vec<WirePlace<'a>>,
    /// Functions that answer outside work.
    handlers: Vec<WirePlace<'a>>,
    /// What keeps a request out before a handle is ready.
    gates: Vec<WirePlace<'a>>,
    /// Calls that change the schema.
    migrations: Vec<WirePlace<'a>>,
    /// Health endpoints.
    health: Vec<WirePlace<'a>>,
    /// Routes that need a database or are probes.
    routes: Vec<WireRoute<'a>>,
    /// What limited the analysis.
    problems: Vec<WireProblem<'a>>,
    /// Counts.
    summary: WireInventorySummary,
}

/// Counts.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireInventorySummary {
    /// What was looked at.
    coverage: WireCoverage,
}

/// A binary.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireBinary<'a> {
    /// Its package.
    package: &'a str,
    /// Its name.
    name: &'a str,
    /// What the lists of binaries call it: its name, with the package before it where another package has a binary of
    /// this name.
    title: &'a str,
    /// Where its `main` is.
    entry: WireEntry<'a>,
}

/// Where a function is declared.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireEntry<'a> {
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// Line, starting at 1.
    line: u32,
}

/// A resource: an outside database, identified by where its address comes from.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireResource<'a> {
    /// `driver:address`.
    id: &'a str,
    /// Driver (`postgres`).
    driver: &'a str,
    /// Where the address comes from.
    address: WireAddress<'a>,
    /// `high`, `medium` or `low`.
    confidence: &'a str,
}

/// Where an address comes from: one of the fields, or `config` with the `env` behind it.
#[derive(Serialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireAddress<'a> {
    /// An environment variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<&'a str>,
    /// A field of a configuration value.
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a str>,
    /// A literal in the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    literal: Option<&'a str>,
    /// Not known, with what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'a str>,
}

/// A call that creates a handle.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireInitSite<'a> {
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// Line where the expression starts, from 1.
    line: u32,
    /// Column in characters where the expression starts, from 1.
    column: u32,
    /// Id of the resource; the best known one where callers hand over several addresses.
    resource: &'a str,
    /// Ids of the other resources that it opens for callers with other addresses, sorted.
    other_resources: &'a [String],
    /// Canonical type of the handle.
    handle: &'a str,
    /// Path of the function that contains it.
    function: &'a str,
    /// When the outside world is touched: `eager`, `lazy`, `background`, `optional` or `file`.
    io: &'a str,
    /// `production`, `test`, `example`, `bench` or `build`.
    scope: &'a str,
    /// Names of the binaries that reach it, sorted.
    binaries: &'a [String],
    /// Who keeps it: `returned`, `local`, the path of a static or field, or `unknown`.
    held_by: &'a str,
}

/// Any other place of interest.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WirePlace<'a> {
    /// Path relative to the workspace root, with forward slashes.
    file: &'a str,
    /// Line, starting at 1.
    line: u32,
    /// Column in characters, starting at 1.
    column: u32,
    /// What, for a person.
    label: &'a str,
    /// Path of the function or item.
    item: &'a str,
    /// Id of the resource, when there is one.
    resource: Option<&'a str>,
    /// Names of the binaries that reach it, sorted.
    binaries: &'a [String],
}

/// What is known of the readiness of one route.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct WireRoute<'a> {
    /// Path of the file with the handler.
    file: &'a str,
    /// Line of the handler, starting at 1.
    line: u32,
    /// Method and path, or the handler's path where the route is not known.
    route: &'a str,
    /// Drivers of the databases that it comes to use, sorted.
    needs: &'a [String],
    /// What keeps requests out until these are there: `none-needed`, `start-up`, `gate`, `looks-first`, `request` where the
    /// request itself opens them, or `nothing`.
    gate: &'a str,
    /// Which probe it is, and what it asks.
    probe: Option<&'a str>,
    /// Names of the binaries that answer it, sorted.
    binaries: &'a [String],
}

impl<'a> WireRoute<'a> {
    pub(super) fn new(route: &'a RouteReadiness, files: &'a [SourceFile]) -> Self {
        let RouteReadiness { location, route, needs, gate, barrier: _, place: _, probe, binaries } = route;
        Self {
            file: path_of(files, location),
            line: location.span.line,
            route,
            needs,
            gate: gate.name(),
            probe: probe.as_deref(),
            binaries,
        }
    }
}

impl<'a> WireInventory<'a> {
    fn new(view: InventoryView<'a>) -> Self {
        let InventoryView { inventory, routes, coverage, problems, files } = view;
        let [holders, accessors, serve_points, handlers, gates, migrations, health] = places(inventory)
            .map(|(_, places)| places.iter().map(|place| WirePlace::new(place, files)).collect::<Vec<_>>());
        Self {
            version: 1,
            tool: WireTool::current(),
            binaries: inventory.binaries.iter().map(|binary| WireBinary::new(binary, files)).collect(),
            resources: inventory.resources.iter().map(WireResource::new).collect(),
            init_sites: inventory.init_sites.iter().map(|site| WireInitSite::new(site, files)).collect(),
            holders,
            accessors,
            serve_points,
            handlers,
            gates,
            migrations,
            health,
            routes: routes.iter().map(|route| WireRoute::new(route, files)).collect(),
            problems: problems.iter().map(WireProblem::new).collect(),
            summary: WireInventorySummary { coverage: WireCoverage::new(coverage) },
        }
    }
}

impl<'a> WireBinary<'a> {
    fn new(binary: &'a Binary, files: &'a [SourceFile]) -> Self {
        let Binary { package, name, title, entry } = binary;
        Self { package, name, title, entry: WireEntry { file: path_of(files, entry), line: entry.span.line } }
    }
}

impl<'a> WireResource<'a> {
    fn new(resource: &'a Resource) -> Self {
        let Resource { id, driver, address, confidence, alias: _ } = resource;
        let address = match address {
            Address::Env(key) => WireAddress { env: Some(key), ..WireAddress::default() },
            Address::Config(field, key) => {
                WireAddress { config: Some(field), env: key.as_deref(), ..WireAddress::default() }
            }
            Address::Literal(text) => WireAddress { literal: Some(text), ..WireAddress::default() },
            Address::Unknown(seen) => WireAddress { unknown: Some(seen), ..WireAddress::default() },
        };
        Self { id, driver, address, confidence: confidence.name() }
    }
}

impl<'a> WireInitSite<'a> {
    fn new(site: &'a InitSite, files: &'a [SourceFile]) -> Self {
        let InitSite { location, resource, other_resources, handle, function, io, scope, binaries, held_by } =
            site;
        let Location { span, .. } = location;
        Self {
            file: path_of(files, location),
            line: span.line,
            column: span.column,
            resource,
            other_resources,
            handle,
            function,
            io,
            scope: scope.name(),
            binaries,
            held_by,
        }
    }
}

impl<'a> WirePlace<'a> {
    fn new(place: &'a Place, files: &'a [SourceFile]) -> Self {
        let Place { location, label, item, resource, binaries } = place;
        Self {
            file: path_of(files, location),
            line: location.span.line,
            column: location.span.column,
            label,
            item,
            resource: resource.as_deref(),
            binaries,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_the_inventory_is_the_one_in_the_tree() {
        super::super::assert_schema_is_fresh::<WireInventory<'_>>("inventory.json");
    }
}
