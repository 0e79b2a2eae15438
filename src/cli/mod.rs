//! Room 1, *cli*: talks to the person. It is the only room that knows clap, strings the stages together, and
//! turns their result into an exit code. It must not judge: what is found, at which level, is decided elsewhere.

mod answer;
mod arguments;
mod baseline;
mod burn_down;
mod color;
pub mod configuration;
mod declared_names;
mod environment;
mod narration;
mod options;
mod outputs;
mod patch;
mod preparation;
mod purposes;
mod second_look;
mod starters;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::analysis::{self, Analysis};
use crate::report::{self, Format, Style};
use crate::rules;
use crate::settle::{self, Level, Report, Selection, SettleInput};
use crate::workspace;
use answer::Answer;
use configuration::Configuration;
use declared_names::unknown_names;
use narration::{ParseTime, Stopwatch};
use options::{AnalysisOptions, Errand, Options, Purpose, Task};
use outputs::Output;
use preparation::Prepared;
use purposes::SettledRun;

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
    let Options { task, outputs, quiet, verbose, notes } = options::configure(arguments, environment)?;
    for note in notes.iter().filter(|_| !quiet) {
        narration::say(err, note);
    }
    let (wanted, purpose) = match task {
        Task::Analyse(wanted, purpose) => (*wanted, purpose),
        Task::Errand(errand) => return run_errand(errand, &outputs[0], out, err).map(|()| Outcome::Clean),
    };
    watch.stage("configure");

    let mut tell = |folder: &Path, manifests: &[PathBuf]| {
        if !quiet {
            narration::manifests_below(err, folder, manifests);
        }
    };
    let workspace = workspace::open_telling(&wanted.request, &mut tell).map_err(Stop::refused)?;
    let configured = preparation::load_configuration(&workspace)?;
    watch.stage("load");
    let prepared = Prepared::new(wanted, configured, &workspace)?;
    for note in &prepared.notes {
        narration::say(err, note);
    }
    let catalog = preparation::load_catalog(&prepared.options.catalogs)?;
    watch.stage("catalog");

    let (analysis, answer) =
        analysis::inquire(workspace, catalog, &prepared.settings, |program| Answer::to(&purpose, program));
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

    let baseline = baseline::for_purpose(&purpose, &prepared.options, &mut workspace)?;
    problems.extend(unknown_names(&prepared, &workspace, &inventory, &answer));
    let selection = Selection::of(&workspace.packages, workspace.selected_binaries());
    let selected = |path: &str, binary: Option<&str>| {
        is_selected(path, binary, &purpose, &selection, &prepared.configuration)
    };
    let is_changed = |path: &str| prepared.changed.as_ref().is_none_or(|changed| changed.contains(path));
    let input = SettleInput {
        findings,
        problems,
        coverage,
        resources,
        files: &workspace.files,
        rules: rules::all(),
        selected: &selected,
        directives: &directives,
        baseline: baseline.as_ref(),
        changed: prepared.changed.as_ref().map(|_| &is_changed as &dyn Fn(&str) -> bool),
    };
    let report = settle::settle(input, &prepared.options.policy);
    watch.stage("settle");

    let outcome = match purpose {
        Purpose::Check | Purpose::Statistics => Outcome::of_check(&report, &prepared.options),
        _ => Outcome::of_analysis(&report, &prepared.options),
    };
    let settled = SettledRun {
        style: &style(&purpose, &outputs, quiet, environment, &workspace.root, &watch),
        workspace: &workspace,
        prepared: &prepared,
        environment,
        outputs: &outputs,
        quiet,
        selected: &selected,
        report: &report,
        inventory,
        answer,
        baseline,
    };
    let text = settled.text(&purpose, out, err)?;
    deliver(&text, &outputs[0], out)?;
    if matches!(purpose, Purpose::Graph(_) | Purpose::Patch | Purpose::Statistics) && !quiet {
        narration::unseen(err, &report);
    }
    watch.stage("render");

    if verbose >= 1 {
        narration::extent(err, &report.coverage, &workspace.source);
    }
    if verbose >= 2 {
        narration::timings(err, &watch, ParseTime { summed: parse_time, threads });
    }
    Ok(outcome)
}

fn run_errand(errand: Errand, to: &Output, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Stop> {
    match errand {
        Errand::Init(request, starter, dry_run) => starters::start(&request, starter, dry_run, out, err),
        Errand::Explain(rule, examples) => deliver(&report::render_rule_page(rule, examples), to, out),
        Errand::Rules(format) => deliver(&list_of_rules(format), to, out),
        Errand::Completions(shell) => print_bytes(&arguments::completions(shell), out),
        Errand::Man => print_bytes(&arguments::manual()?, out),
    }
}

/// Whether what is said of a file, and perhaps of a binary, belongs to what is asked for.
fn is_selected(
    path: &str,
    binary: Option<&str>,
    purpose: &Purpose,
    selection: &Selection,
    configuration: &Configuration,
) -> bool {
    // A migration is a matter of the whole program, whatever findings somebody wants to see.
    if matches!(purpose, Purpose::Report(..) | Purpose::Patch) {
        return true;
    }
    let mut settings = configuration.paths.iter();
    selection.includes_of(binary, path)
        && !settings.any(|settings| settings.skip && path.starts_with(&settings.path))
}

/// How the first output looks.
fn style(
    purpose: &Purpose,
    outputs: &[Output],
    quiet: bool,
    environment: &Environment,
    root: &Path,
    watch: &Stopwatch,
) -> Style {
    let first = &outputs[0];
    let read_by_a_person = environment.stdout_is_terminal && first.file.is_none();
    let for_a_repository =
        matches!(purpose, Purpose::Patch) || outputs.iter().any(|output| output.format.is_for_a_repository());
    Style {
        color: first.color,
        links: first.color && read_by_a_person,
        quiet,
        elapsed: read_by_a_person.then(|| watch.elapsed()),
        repository_prefix: if for_a_repository { workspace::repository_prefix(root) } else { String::new() },
        root: root.to_owned(),
    }
}

fn list_of_rules(format: Format) -> String {
    match format {
        Format::Json => report::render_rules_json(rules::all()),
        _ => report::render_rules_human(rules::all()),
    }
}

/// Hands over what the user asked for: into the file they named, else on `out`.
fn deliver(text: &str, output: &Output, out: &mut dyn Write) -> Result<(), Stop> {
    match &output.file {
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
