//! Room 1, *cli*: talks to the person. It is the only room that knows clap, strings the stages together, and
//! turns their result into an exit code. It must not judge: what is found, at which level, is decided elsewhere.

mod arguments;
mod baseline;
mod burn_down;
mod color;
pub mod configuration;
mod environment;
mod narration;
mod options;
mod patch;
mod second_look;
mod starters;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::analysis::{self, Analysis};
use crate::catalog::Catalog;
use crate::finding::Confidence;
use crate::location::Location;
use crate::plan::{self, PlanInput, Snapshot};
use crate::problem::{Problem, ProblemKind};
use crate::program::Program;
use crate::program::declarations::ResourceDeclaration;
use crate::program::doors::{Door, Doors};
use crate::program::init_cycles::InitCycle;
use crate::program::init_paths::InitPath;
use crate::program::inventory::Inventory;
use crate::program::place::FunctionAt;
use crate::program::readiness::RouteReadiness;
use crate::program::schema_owners::SchemaPlace;
use crate::program::shapes::Shape;
use crate::program::timeline::Timeline;
use crate::report::{self, Format, InventoryView, MigrationView, RuleAt, Style};
use crate::rules;
use crate::settle::{self, Baseline, Level, PathLevel, Policy, Report, Selection, SettleInput};
use crate::workspace::{Package, Workspace};
use crate::{suggest, workspace};
use baseline::BaselineAction;
use configuration::{Configuration, ConfigurationError, RuleLevels};
use narration::{ParseTime, Stopwatch};
use options::{AnalysisOptions, Changes, Options, Task};

pub use environment::Environment;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done, and nothing is at deny level.
    Clean,
    /// Everything asked for was done, and there are findings at deny level.
    Denied,
    /// Usage, configuration or environment prevented it, or selected code was not analysed.
    NotDone,
}

impl Outcome {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Denied => 1,
            Self::NotDone => 2,
        }
    }

    /// The outcome of a check. That something was found never hides that not everything was looked at.
    fn of_check(report: &Report, options: &AnalysisOptions) -> Self {
        let denied = report.count(Level::Deny) > 0 && !options.exit_zero;
        match Self::of_analysis(report, options) {
            Self::Clean if denied => Self::Denied,
            other => other,
        }
    }

    /// The outcome of looking, whatever was found.
    fn of_analysis(report: &Report, options: &AnalysisOptions) -> Self {
        if report.complete || options.keep_going { Self::Clean } else { Self::NotDone }
    }
}

/// Runs the command: the report goes to `out`, everything else to `err`.
///
/// `arguments` are those of the process, its own name first; the token that cargo puts in front is dropped.
/// That the reader of `out` went away is no error; any other failure to write is.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let ended = stages(arguments.into_iter().collect(), environment, out, err);
    let stop = match ended {
        Ok(outcome) => return outcome,
        Err(Stop::Answered(text)) => match print(&text, out) {
            Ok(()) => return Outcome::Clean,
            Err(stop) => stop,
        },
        Err(stop) => stop,
    };
    let (Stop::Answered(text) | Stop::Refused(text)) = stop;
    // A closed stderr changes nothing about the outcome.
    let _ = err.write_all(text.as_bytes());
    Outcome::NotDone
}

/// Why a run ends before its last stage.
enum Stop {
    /// The text (help, version) is all that was asked for.
    Answered(String),
    /// The text says what is wrong and what to do next.
    Refused(String),
}

impl Stop {
    fn refused(reason: impl std::fmt::Display) -> Self {
        Self::Refused(format!("error: {reason}\n"))
    }
}

/// configure → load → (extract, link, check) → settle → render → exit.
fn stages(
    arguments: Vec<OsString>,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome, Stop> {
    let mut watch = Stopwatch::start();
    let mut options = options::configure(arguments, environment)?;
    for note in options.notes.iter().filter(|_| !options.quiet) {
        narration::say(err, note);
    }
    let wanted = match &options.task {
        Task::Explain(rule) => return deliver(rule.page, &options, out).map(|()| Outcome::Clean),
        Task::Rules => {
            return deliver(&list_of_rules(&options), &options, out).map(|()| Outcome::Clean);
        }
        Task::Completions(shell) => {
            return print_bytes(&arguments::completions(*shell), out).map(|()| Outcome::Clean);
        }
        Task::Man => return print_bytes(&arguments::manual()?, out).map(|()| Outcome::Clean),
        Task::Init(request, starter, dry_run) => {
            return starters::start(request, *starter, *dry_run, out, err).map(|()| Outcome::Clean);
        }
        Task::Check(wanted)
        | Task::Baseline(wanted, _)
        | Task::Inventory(wanted)
        | Task::Graph(wanted, _)
        | Task::Report(wanted, ..)
        | Task::Patch(wanted)
        | Task::ExplainPlace(wanted, ..) => wanted,
    };
    watch.stage("configure");

    let workspace = workspace::open(&wanted.request).map_err(Stop::refused)?;
    let Configured { configuration, file: configuration_file } = load_configuration(&workspace)?;
    let selection = Selection::of(&workspace.packages);
    watch.stage("load");
    let wanted = options.task.analysis_mut().expect("the tasks that need none have returned");
    wanted.policy = policy(wanted, &configuration, &workspace.packages);
    let from_root = configuration.catalogs.iter().map(|file| workspace.root.join(file));
    wanted.catalogs = from_root.chain(std::mem::take(&mut wanted.catalogs)).collect();
    let wanted = &*wanted;
    let catalog = load_catalog(&wanted.catalogs)?;
    watch.stage("catalog");
    let changed = wanted.changes.as_ref().map(|changes| changed_paths(changes, &workspace)).transpose()?;

    let settings = configuration.settings(wanted.threads, configuration_file);
    let wanted = options.task.analysis().expect("the tasks that need none have returned");
    let (analysis, answer) =
        analysis::inquire(workspace, catalog, &settings, |program| Answer::to(&options.task, program));
    let Analysis {
        mut workspace,
        findings,
        mut problems,
        coverage,
        resources,
        inventory,
        directives,
        timings,
        parse_time,
        threads,
    } = analysis;
    watch.stages(timings);

    problems.extend(workspace.problems.iter().cloned());
    problems.extend(
        settings.declared.iter().flat_map(|declared| unknown_names(declared, &inventory, &answer.doors)),
    );
    // A baseline is for checks: a migration counts everything.
    let baseline = match &options.task {
        Task::Check(wanted) => baseline::load(&wanted.baseline, &mut workspace)?,
        Task::Baseline(wanted, BaselineAction::Prune) => {
            Some(baseline::load(&wanted.baseline, &mut workspace)?.ok_or_else(no_baseline)?)
        }
        _ => None,
    };
    let files = &workspace.files;
    // A migration is a matter of the whole program, whatever findings somebody wants to see.
    let migrates = matches!(options.task, Task::Report(..) | Task::Patch(_));
    // An entry that is left out because its package was not asked for would be lost.
    let whole = migrates || matches!(options.task, Task::Baseline(..));
    let skipped = |path: &str| {
        configuration.paths.iter().any(|settings| settings.skip && path.starts_with(&settings.path))
    };
    let selected = |path: &str| (whole || selection.includes(path)) && (migrates || !skipped(path));
    let is_changed = |path: &str| changed.as_ref().is_none_or(|changed| changed.contains(path));
    let selected_file = |place: Location| selected(&files[place.file.0 as usize].path);
    let input = SettleInput {
        findings,
        problems,
        coverage,
        resources,
        files,
        rules: rules::all(),
        selected: &selected,
        directives: &directives,
        baseline: baseline.as_ref(),
        changed: changed.as_ref().map(|_| &is_changed as &dyn Fn(&str) -> bool),
    };
    let report = settle::settle(input, &wanted.policy);
    watch.stage("settle");

    let style = Style {
        color: options.outputs[0].color,
        links: options.outputs[0].color
            && environment.stdout_is_terminal
            && options.outputs[0].file.is_none(),
        quiet: options.quiet,
        elapsed: (environment.stdout_is_terminal && options.outputs[0].file.is_none())
            .then(|| watch.elapsed()),
        repository_prefix: match options.outputs.iter().any(|output| output.format.is_for_a_repository()) {
            true => workspace::repository_prefix(&workspace.root),
            false => String::new(),
        },
        root: workspace.root.clone(),
    };
    let (text, outcome) = match &options.task {
        Task::Inventory(_) => {
            let inventory = &settle::select_inventory(inventory, files, &selected);
            let Report { coverage, problems, .. } = &report;
            let routes: Vec<RouteReadiness> =
                answer.routes.into_iter().filter(|route| selected_file(route.location)).collect();
            let view = InventoryView { inventory, routes: &routes, coverage, problems, files };
            let text = match options.outputs[0].format {
                Format::Json => report::render_inventory_json(view),
                _ => report::render_inventory_human(view, &style),
            };
            (text, Outcome::of_analysis(&report, wanted))
        }
        Task::Graph(_, format) => {
            let shown: Vec<InitPath> =
                answer.init_paths.into_iter().filter(|path| selected_file(path.site)).collect();
            (report::render_graph(*format, &shown, files), Outcome::of_analysis(&report, wanted))
        }
        Task::Report(..) | Task::Patch(_) => {
            let plan = plan::plan(PlanInput {
                doors: &answer.doors,
                init_paths: &answer.init_paths,
                init_cycles: &answer.init_cycles,
                timelines: &answer.timelines,
                routes: &answer.routes,
                schema_places: &answer.schema_places,
                findings: &report.findings,
                declared: &configuration.resources,
            });
            let text = match &options.task {
                Task::Report(_, format, since) => {
                    let snapshot = Snapshot::of(&plan, &report.findings);
                    let here = &environment.current_dir;
                    let before = since
                        .as_ref()
                        .map(|since| burn_down::snapshot(since, here, &workspace.root, wanted, &settings));
                    let progress = match (since, before.transpose()?) {
                        (Some(since), Some((before, unread))) => {
                            if unread > 0 {
                                let limits = report::counted(unread, "problem");
                                narration::say(err, &format!("`{since}` was not read whole: {limits}"));
                            }
                            Some(plan::progress(since, &before, &snapshot))
                        }
                        _ => None,
                    };
                    let view = MigrationView {
                        plan: &plan,
                        snapshot: &snapshot,
                        progress: progress.as_ref(),
                        problems: &report.problems,
                        files,
                    };
                    report::render_migration(*format, view)
                }
                _ => {
                    let depends_on = |package: &str, krate: &str| workspace.depends_on(package, krate);
                    let mut edits = plan::edits(&plan, files, &depends_on);
                    edits.extend(plan::gap_edits(&report.findings, &answer.shapes, files));
                    let (changed, refused) = patch::verified(&edits, files, wanted, &settings)?;
                    narration::patch(err, &changed, &refused, options.quiet);
                    report::render_patch(&changed)
                }
            };
            (text, Outcome::of_analysis(&report, wanted))
        }
        Task::ExplainPlace(_, path, line) => {
            let Some(functions) = answer.functions else {
                return Err(Stop::refused(format!(
                    "`{}` is no file of the analysed targets",
                    path.display()
                )));
            };
            let file = functions.first().map(|(function, _)| &files[function.declared.file.0 as usize].path);
            let file = file.cloned().unwrap_or_else(|| path.display().to_string());
            let place = format!("{file}:{line}");
            let text = report::render_place(&place, &about_rules(functions, &report), files);
            (text, Outcome::of_analysis(&report, wanted))
        }
        Task::Baseline(..) if !report.complete => {
            let what = "code could not be analysed, and what it had may be there all the same";
            return Err(Stop::refused(format!("{what}; the baseline was left as it is")));
        }
        Task::Baseline(wanted, action) => {
            let path = baseline::path(&wanted.baseline, &workspace.root);
            let before = baseline.map(|known| known.accepted).unwrap_or_default();
            let accepted: BTreeSet<String> = match action {
                BaselineAction::Write => report.acceptable.clone(),
                // What is not selected may be there all the same.
                BaselineAction::Prune => {
                    before.difference(report.stale.as_ref().unwrap_or(&BTreeSet::new())).cloned().collect()
                }
            };
            let (entries, gone) = (accepted.len(), before.len().saturating_sub(accepted.len()));
            workspace::write_text(&path, &Baseline { accepted, file: None }.text()).map_err(Stop::refused)?;
            let taken_out =
                if *action == BaselineAction::Prune { format!(", {gone} taken out") } else { String::new() };
            let entries = report::counted_as(entries, "entry", "entries");
            (format!("{}: {entries}{taken_out}\n", path.display()), Outcome::of_analysis(&report, wanted))
        }
        _ if wanted.statistics => (report::render_statistics(&report), Outcome::of_check(&report, wanted)),
        _ => {
            for output in options.outputs.iter().skip(1) {
                let style = Style { color: output.color, links: false, elapsed: None, ..style.clone() };
                let text = report::render(output.format, &report, files, &style);
                deliver_to(&text, output.file.as_deref(), out)?;
            }
            let format = options.outputs[0].format;
            (report::render(format, &report, files, &style), Outcome::of_check(&report, wanted))
        }
    };
    deliver(&text, &options, out)?;
    watch.stage("render");

    if options.verbose >= 1 {
        narration::extent(err, &report.coverage, &workspace.source);
    }
    if options.verbose >= 2 {
        narration::timings(err, &watch, ParseTime { summed: parse_time, threads });
    }
    Ok(outcome)
}

/// What a task asks the linked program for, beyond findings and inventory.
#[derive(Default)]
struct Answer {
    init_paths: Vec<InitPath>,
    init_cycles: Vec<InitCycle>,
    doors: Doors,
    timelines: Vec<Timeline>,
    routes: Vec<RouteReadiness>,
    schema_places: Vec<SchemaPlace>,
    shapes: Vec<Shape>,
    /// The functions around a place, each with why the rules would be silent in it; `None` for a file that was not
    /// read.
    functions: Option<Vec<(FunctionAt, Silences)>>,
}

/// Per rule, why it would be silent.
type Silences = Vec<(&'static str, String)>;

impl Answer {
    fn to(task: &Task, program: &Program<'_>) -> Self {
        // Declarations name doors: whoever has some is told of those that name none.
        let doors = match program.declared() {
            [] => Doors::default(),
            _ => program.doors().clone(),
        };
        match task {
            Task::Inventory(_) => Self { routes: program.readiness(), doors, ..Self::default() },
            Task::Graph(..) => Self { init_paths: program.init_paths(), doors, ..Self::default() },
            Task::Report(..) | Task::Patch(_) => Self {
                init_paths: program.init_paths(),
                init_cycles: program.init_cycles(),
                doors: program.doors().clone(),
                timelines: program.timelines(),
                routes: program.readiness(),
                schema_places: program.schema_places(),
                shapes: if matches!(task, Task::Patch(_)) { program.shapes() } else { Vec::new() },
                functions: None,
            },
            Task::ExplainPlace(_, path, line) => {
                let file = program.workspace.file_at(path);
                let functions = file.map(|file| {
                    let functions = program.functions_at(file, *line).into_iter();
                    functions
                        .map(|function| {
                            let silences = rules::silences(program, function.id);
                            (function, silences)
                        })
                        .collect()
                });
                Self { functions, doors, ..Self::default() }
            }
            _ => Self { doors, ..Self::default() },
        }
    }
}

/// What the rules say of functions: what they report in them, else why they are silent.
fn about_rules(functions: Vec<(FunctionAt, Silences)>, report: &Report) -> Vec<(FunctionAt, Vec<RuleAt>)> {
    let said = |function: &FunctionAt, rule: &'static str, silent: String| {
        let (file, lines) = (function.declared.file, &function.lines);
        let touches = |place: Location| place.file == file && lines.contains(&place.span.line);
        let reports = report.findings.iter().filter(|settled| {
            let finding = &settled.finding;
            let mut places = finding.evidence.iter().chain([&finding.primary]);
            finding.rule == rule && places.any(|evidence| touches(evidence.location))
        });
        RuleAt { rule, reports: reports.map(|settled| settled.finding.message.clone()).collect(), silent }
    };
    functions
        .into_iter()
        .map(|(function, silences)| {
            let rules = silences.into_iter().map(|(rule, silent)| said(&function, rule, silent)).collect();
            (function, rules)
        })
        .collect()
}

fn list_of_rules(options: &Options) -> String {
    match options.outputs[0].format {
        Format::Json => report::render_rules_json(rules::all()),
        _ => report::render_rules_human(rules::all()),
    }
}

/// A configuration with the file that it stands in.
struct Configured {
    configuration: Configuration,
    /// Path and text.
    file: Option<(PathBuf, String)>,
}

/// The configuration in the root of the workspace, in a file of its own or in the manifest; or none.
fn load_configuration(workspace: &Workspace) -> Result<Configured, Stop> {
    let (own, manifest) = (workspace.root.join(configuration::FILE_NAME), workspace.root.join("Cargo.toml"));
    let in_manifest = match workspace::read_text_if_there(&manifest) {
        Ok(Some(text)) => {
            let read =
                configuration::read_metadata("Cargo.toml", &text).map_err(|wrong| refused(&wrong, &text))?;
            read.map(|configuration| Configured { configuration, file: Some((manifest, text)) })
        }
        // A manifest that cannot be read is a problem of its own.
        Ok(None) | Err(_) => None,
    };
    let Some(text) = workspace::read_text_if_there(&own).map_err(Stop::refused)? else {
        return Ok(in_manifest.unwrap_or(Configured { configuration: Configuration::default(), file: None }));
    };
    if in_manifest.is_some() {
        let both = "there is an `initpath.toml` and `metadata.initpath` in Cargo.toml; keep one of them";
        return Err(Stop::refused(both));
    }
    let configuration =
        configuration::read(configuration::FILE_NAME, &text).map_err(|wrong| refused(&wrong, &text))?;
    Ok(Configured { configuration, file: Some((own, text)) })
}

/// A mistake in a configuration, with the line and a caret under it.
fn refused(wrong: &ConfigurationError, text: &str) -> Stop {
    let line = text.lines().nth(wrong.line.saturating_sub(1) as usize).unwrap_or_default();
    let caret = " ".repeat(wrong.column.saturating_sub(1) as usize);
    Stop::refused(format!("{wrong}\n  |\n  | {line}\n  | {caret}^"))
}

fn no_baseline() -> Stop {
    Stop::refused("there is no baseline; `cargo initpath baseline write` makes one")
}

/// The policy of a run: the command line wins over packages and paths, these over the workspace, this over defaults.
fn policy(wanted: &AnalysisOptions, configuration: &Configuration, packages: &[Package]) -> Policy {
    let leveled = |folder: &str, levels: &RuleLevels| -> Vec<PathLevel> {
        let level =
            |&(rule, level): &(&'static str, Level)| PathLevel { folder: folder.to_owned(), rule, level };
        levels.iter().map(level).collect()
    };
    let mut paths = leveled("", &configuration.rules);
    for (name, levels) in &configuration.packages {
        for package in packages.iter().filter(|package| package.name == *name) {
            let end = package.manifest.rfind('/').map_or(0, |slash| slash + 1);
            paths.extend(leveled(&package.manifest[..end], levels));
        }
    }
    for settings in &configuration.paths {
        paths.extend(leveled(&settings.path, &settings.rules));
    }
    Policy {
        overrides: wanted.policy.overrides.clone(),
        min_confidence: wanted.min_confidence.or(configuration.min_confidence).unwrap_or(Confidence::Medium),
        paths,
        never_baselined: configuration.never_baselined.clone(),
    }
}

/// The paths that count as changed, as findings name them.
fn changed_paths(changes: &Changes, workspace: &Workspace) -> Result<BTreeSet<String>, Stop> {
    match changes {
        Changes::Files(files) => Ok(files.iter().map(|file| workspace.shown(file)).collect()),
        Changes::Since(revision) => {
            let changed = workspace::changed_since(&workspace.root, revision).map_err(Stop::refused)?;
            Ok(changed.into_iter().collect())
        }
    }
}

/// What is to be said of a declaration about a resource that nothing opens, or with a canonical path that names nothing.
fn unknown_names(declared: &ResourceDeclaration, inventory: &Inventory, doors: &Doors) -> Vec<Problem> {
    let problem = |message: String| Problem {
        file: configuration::FILE_NAME.to_owned(),
        line: declared.line,
        column: declared.column,
        kind: ProblemKind::UnknownResource,
        message,
    };
    let meant = |name: &str, known: &mut dyn Iterator<Item = &str>| {
        let nearest = suggest::nearest(name, known);
        nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
    };
    let mut known = inventory.resources.iter().map(|resource| resource.id.as_str());
    if !known.clone().any(|id| id == declared.id) {
        let meant = meant(&declared.id, &mut known);
        return vec![problem(format!("nothing opens the resource `{}`{meant}", declared.id))];
    }
    let lost_aliases = declared.aliases.iter().filter(|alias| !inventory.aliases.contains(*alias));
    let aliases = lost_aliases.map(|alias| {
        let meant = meant(alias, &mut known.clone());
        problem(format!("nothing opens `{alias}`, an alias of `{}`{meant}", declared.id))
    });
    let about: Vec<&Door> = doors.list.iter().filter(|door| door.resource.id == declared.id).collect();
    let lost = declared.canonical.iter().filter(|path| !about.iter().any(|door| door.is_named(path)));
    let lost = lost.map(|path| {
        let mut names = about.iter().flat_map(|door| door.names());
        problem(format!(
            "nothing that opens or hands out `{}` is in `{path}`{}",
            declared.id,
            meant(path, &mut names)
        ))
    });
    aliases.chain(lost).collect()
}

/// The built-in catalog and the user's own files, in the order given.
fn load_catalog(files: &[PathBuf]) -> Result<Catalog, Stop> {
    let mut catalog = Catalog::builtin();
    for file in files {
        let text = workspace::read_text(file).map_err(|reason| Stop::refused(format!("catalog {reason}")))?;
        catalog.extend(&file.display().to_string(), &text).map_err(Stop::refused)?;
    }
    Ok(catalog)
}

/// Hands over what the user asked for: into the file they named, else on `out`.
fn deliver(text: &str, options: &Options, out: &mut dyn Write) -> Result<(), Stop> {
    deliver_to(text, options.outputs[0].file.as_deref(), out)
}

fn deliver_to(text: &str, file: Option<&Path>, out: &mut dyn Write) -> Result<(), Stop> {
    match file {
        Some(path) => workspace::write_text(path, text).map_err(Stop::refused),
        None => print(text, out),
    }
}

fn print_bytes(bytes: &[u8], out: &mut dyn Write) -> Result<(), Stop> {
    print(&String::from_utf8_lossy(bytes), out)
}

/// Writes to `out`. A reader that went away (`| head`) had what it wanted.
fn print(text: &str, out: &mut dyn Write) -> Result<(), Stop> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Stop::refused(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
