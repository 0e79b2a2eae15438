//! Room 1, *cli*: stage *configure*, from arguments and environment to [`Options`]. Must not read a source file;
//! everything that can be refused without looking at the workspace is refused here.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use super::Stop;
use super::arguments::{AnalysisFlags, Arguments, CheckFlags, OutputFlags, PlainOutputFlags, TaskArguments};
use super::baseline::BaselineAction;
use super::color;
use super::environment::Environment;
use super::starters::Starter;
use crate::finding::Confidence;
use crate::report::{Format, GraphFormat, MigrationFormat};
use crate::rules::{self, RuleInfo};
use crate::settle::{LevelOverride, LevelTarget, Policy};
use crate::suggest;
use crate::workspace::Request;

/// What the user wants, with every default filled in.
pub(super) struct Options {
    pub(super) task: Task,
    /// Where the report goes, in which format; never empty.
    pub(super) outputs: Vec<Output>,
    pub(super) quiet: bool,
    /// 0 says nothing, 1 what was analysed, 2 how long it took.
    pub(super) verbose: u8,
    /// Things to tell the user that stop nothing.
    pub(super) notes: Vec<String>,
}

/// A place for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: Format,
    /// A file; stdout when absent.
    pub(super) file: Option<PathBuf>,
    /// Whether colours are wanted there.
    pub(super) color: bool,
}

/// Which baseline counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum WhichBaseline {
    /// The one in the root of the workspace, where there is one.
    #[default]
    Usual,
    /// None.
    None,
    /// This one, which has to be there.
    File(PathBuf),
}

/// What counts as changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changes {
    /// These files.
    Files(Vec<PathBuf>),
    /// What differs from a git revision.
    Since(String),
}

/// What to do.
pub(super) enum Task {
    /// Report findings.
    Check(Box<AnalysisOptions>),
    /// List what is seen.
    Inventory(Box<AnalysisOptions>),
    /// Print the init paths.
    Graph(Box<AnalysisOptions>, GraphFormat),
    /// Write the migration report, perhaps compared with a revision or a saved report.
    Report(Box<AnalysisOptions>, MigrationFormat, Option<String>),
    /// Print the mechanical steps of the migration.
    Patch(Box<AnalysisOptions>),
    /// Say what is known at a line of a file.
    ExplainPlace(Box<AnalysisOptions>, PathBuf, u32),
    /// Write the baseline, or shorten it.
    Baseline(Box<AnalysisOptions>, BaselineAction),
    /// Write a file to begin with, or print it.
    Init(Request, Starter, bool),
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print the manual page.
    Man,
    /// Print a rule's page.
    Explain(&'static RuleInfo),
    /// List the rules.
    Rules,
}

impl Task {
    /// What it needs for an analysis; `None` where it makes none.
    pub(super) fn analysis(&self) -> Option<&AnalysisOptions> {
        match self {
            Self::Check(wanted)
            | Self::Inventory(wanted)
            | Self::Graph(wanted, _)
            | Self::Report(wanted, ..)
            | Self::Patch(wanted)
            | Self::Baseline(wanted, _)
            | Self::ExplainPlace(wanted, ..) => Some(wanted),
            Self::Explain(_) | Self::Init(..) | Self::Completions(_) | Self::Man | Self::Rules => None,
        }
    }

    /// The same, to be completed.
    pub(super) fn analysis_mut(&mut self) -> Option<&mut AnalysisOptions> {
        match self {
            Self::Check(wanted)
            | Self::Inventory(wanted)
            | Self::Graph(wanted, _)
            | Self::Report(wanted, ..)
            | Self::Patch(wanted)
            | Self::Baseline(wanted, _)
            | Self::ExplainPlace(wanted, ..) => Some(wanted),
            Self::Explain(_) | Self::Init(..) | Self::Completions(_) | Self::Man | Self::Rules => None,
        }
    }

    /// The command's name.
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Inventory(_) => "inventory",
            Self::Graph(..) => "graph",
            Self::Report(..) | Self::Patch(_) => "report",
            Self::Explain(_) | Self::ExplainPlace(..) => "explain",
            Self::Baseline(..) => "baseline",
            Self::Init(..) => "init",
            Self::Completions(_) => "completions",
            Self::Man => "man",
            Self::Rules => "rules",
        }
    }

    /// The formats it can print.
    fn formats(&self) -> &'static [Format] {
        match self {
            Self::Check(_) => &Format::ALL,
            Self::Inventory(_) | Self::Rules => &[Format::Human, Format::Json],
            // These have formats of their own; of those given before the command they share one.
            Self::Graph(..) | Self::Report(..) | Self::Patch(_) => &[Format::Human, Format::Json],
            Self::Explain(_)
            | Self::ExplainPlace(..)
            | Self::Baseline(..)
            | Self::Init(..)
            | Self::Completions(_)
            | Self::Man => &[Format::Human],
        }
    }
}

/// What the commands that analyse need to know.
pub(super) struct AnalysisOptions {
    pub(super) request: Request,
    pub(super) threads: Option<usize>,
    /// Completed with what the configuration says.
    pub(super) policy: Policy,
    /// As it was given; the configuration's counts where it was not.
    pub(super) min_confidence: Option<Confidence>,
    pub(super) baseline: WhichBaseline,
    pub(super) changes: Option<Changes>,
    /// Whether findings are counted per rule instead of listed.
    pub(super) statistics: bool,
    /// Files with further library knowledge.
    pub(super) catalogs: Vec<PathBuf>,
    pub(super) keep_going: bool,
    pub(super) exit_zero: bool,
}

/// Reads the command line. Help and version end in [`Stop::Answered`], mistakes in [`Stop::Refused`].
pub(super) fn configure(arguments: Vec<OsString>, environment: &Environment) -> Result<Options, Stop> {
    let arguments = without_cargos_token(arguments);
    let color_flag = color::flag_in(&arguments);
    let Arguments { task, explain, analysis, check, output } = Arguments::try_parse_from(&arguments)
        .map_err(|answer| {
            let text = answer.render();
            let render = |colored| {
                if colored { text.ansi().to_string() } else { text.to_string() }
            };
            if answer.use_stderr() {
                Stop::Refused(render(color::wanted(color_flag, environment, environment.stderr_is_terminal)))
            } else {
                Stop::Answered(render(color::wanted(color_flag, environment, environment.stdout_is_terminal)))
            }
        })?;

    let mut notes = Vec::new();
    let (task, output) = match task {
        Some(TaskArguments::Check { analysis: later, check: check_later, output: output_later }) => {
            let options = analysis_options(analysis.then(later), environment, &mut notes)?;
            let options = check.then(check_later).complete(options, environment);
            (Task::Check(Box::new(options)), output.then(output_later))
        }
        Some(TaskArguments::Inventory { analysis: later, output: output_later }) => {
            let options = analysis_options(analysis.then(later), environment, &mut notes)?;
            (Task::Inventory(Box::new(options)), output.then(output_later))
        }
        Some(TaskArguments::Graph { analysis: later, format, output: output_later }) => {
            let options = analysis_options(analysis.then(later), environment, &mut notes)?;
            let output = output.then(OutputFlags { message_format: None, plain: output_later });
            let before = match output.message_format {
                Some(Format::Json) => GraphFormat::Json,
                _ => GraphFormat::Tree,
            };
            (Task::Graph(Box::new(options), format.unwrap_or(before)), output)
        }
        Some(TaskArguments::Report { analysis: later, format, since, patch, output: output_later }) => {
            let options = analysis_options(analysis.then(later), environment, &mut notes)?;
            let output = output.then(OutputFlags { message_format: None, plain: output_later });
            let before = match output.message_format {
                Some(Format::Json) => MigrationFormat::Json,
                _ => MigrationFormat::Markdown,
            };
            let task = match patch {
                true => Task::Patch(Box::new(options)),
                false => Task::Report(Box::new(options), format.unwrap_or(before), since),
            };
            (task, output)
        }
        Some(TaskArguments::Explain { subject, analysis: later, output: output_later }) => {
            let task = match place_in(&subject) {
                Some((file, line)) => {
                    let options = analysis_options(analysis.then(later), environment, &mut notes)?;
                    Task::ExplainPlace(Box::new(options), environment.current_dir.join(file), line)
                }
                None => Task::Explain(rule_named(&subject, &mut notes)?),
            };
            (task, output.then(output_later))
        }
        Some(TaskArguments::Baseline { action, baseline, analysis: later, output: output_later }) => {
            let mut options = analysis_options(analysis.then(later), environment, &mut notes)?;
            if let Some(file) = baseline.or(check.baseline) {
                options.baseline = WhichBaseline::File(environment.current_dir.join(file));
            }
            let output = output.then(OutputFlags { message_format: None, plain: output_later });
            (Task::Baseline(Box::new(options), action), output)
        }
        Some(TaskArguments::Init { hook, ci, dry_run, manifest_path }) => {
            let start = environment.current_dir.clone();
            let manifest_path = manifest_path.or(analysis.manifest_path);
            let request = Request { start, manifest_path, ..Request::default() };
            (Task::Init(request, hook.or(ci).unwrap_or(Starter::Configuration), dry_run), output)
        }
        Some(TaskArguments::Completions { shell }) => (Task::Completions(shell), output),
        Some(TaskArguments::Man) => (Task::Man, output),
        Some(TaskArguments::Rules { output: later }) => (Task::Rules, output.then(later)),
        None => match explain {
            Some(rule) => (Task::Explain(rule_named(&rule, &mut notes)?), output),
            None => {
                let options = analysis_options(analysis, environment, &mut notes)?;
                (Task::Check(Box::new(check.complete(options, environment))), output)
            }
        },
    };

    let OutputFlags { message_format, plain: PlainOutputFlags { output, color, quiet, verbose } } = output;
    let format = message_format.unwrap_or(Format::Human);
    let outputs = outputs(&output, format, color, &task, environment)?;
    Ok(Options { outputs, task, quiet, verbose, notes })
}

/// The places for the report: those named, else stdout.
fn outputs(
    given: &[String],
    format: Format,
    color: Option<color::When>,
    task: &Task,
    environment: &Environment,
) -> Result<Vec<Output>, Stop> {
    let mut outputs: Vec<Output> = Vec::new();
    for one in given {
        let named = match one.split_once('=') {
            Some((name, file)) => match Format::ALL.into_iter().find(|format| format.name() == name) {
                Some(format) => Some((format, file)),
                // A path with this sign in it has a slash or a dot before.
                None if name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') => {
                    let nearest = suggest::nearest(name, Format::ALL.iter().map(|format| format.name()));
                    let meant = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                    return Err(Stop::refused(format!(
                        "`--output {one}`: there is no format `{name}`{meant}"
                    )));
                }
                None => None,
            },
            None => None,
        };
        let (format, file) = named.unwrap_or((format, one));
        let file = (file != "-").then(|| environment.current_dir.join(file));
        if outputs.iter().any(|known| known.file == file) {
            return Err(Stop::refused(format!("`--output {one}` goes where another one goes")));
        }
        let read_by_a_person = environment.stdout_is_terminal && file.is_none();
        let color = color::wanted(color, environment, read_by_a_person);
        outputs.push(Output { format, file, color });
    }
    if outputs.is_empty() {
        let color = color::wanted(color, environment, environment.stdout_is_terminal);
        outputs.push(Output { format, file: None, color });
    }
    if outputs.len() > 1 && !matches!(task, Task::Check(_)) {
        return Err(Stop::refused(format!("`{}` writes one report; give one `--output`", task.name())));
    }
    for output in &outputs {
        if !task.formats().contains(&output.format) {
            let known: Vec<&str> = task.formats().iter().map(|format| format.name()).collect();
            let (task, format, known) = (task.name(), output.format.name(), known.join(" or "));
            return Err(Stop::refused(format!("`{task}` cannot print `{format}`; it prints {known}")));
        }
    }
    Ok(outputs)
}

/// Cargo runs `cargo-initpath initpath …`: the first argument is the command's own name and no argument of ours.
fn without_cargos_token(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|token| token == "initpath") {
        arguments.remove(1);
    }
    arguments
}

fn analysis_options(
    flags: AnalysisFlags,
    environment: &Environment,
    notes: &mut Vec<String>,
) -> Result<AnalysisOptions, Stop> {
    let AnalysisFlags {
        manifest_path,
        package,
        workspace,
        exclude,
        locked,
        offline,
        frozen,
        levels,
        min_confidence,
        exit_zero,
        keep_going,
        catalog,
        threads,
    } = flags;
    let mut overrides = Vec::new();
    for (level, name) in levels.0 {
        let target = match name.as_str() {
            "warnings" => LevelTarget::Warnings,
            name => LevelTarget::Rule(rule_named(name, notes)?.name),
        };
        overrides.push(LevelOverride { target, level });
    }
    let here = &environment.current_dir;
    Ok(AnalysisOptions {
        request: Request {
            start: here.clone(),
            manifest_path,
            packages: package,
            exclude,
            whole_workspace: workspace,
            locked,
            offline,
            frozen,
        },
        threads: threads.map(usize::from),
        policy: Policy { overrides, ..Policy::default() },
        min_confidence,
        baseline: WhichBaseline::default(),
        changes: None,
        statistics: false,
        catalogs: catalog.into_iter().map(|path| here.join(path)).collect(),
        keep_going,
        exit_zero,
    })
}

/// `FILE:LINE`, also with a column behind it.
fn place_in(subject: &str) -> Option<(&str, u32)> {
    let (before, last) = subject.rsplit_once(':')?;
    let last = last.parse().ok()?;
    match before.rsplit_once(':') {
        Some((file, line)) if line.parse::<u32>().is_ok() => Some((file, line.parse().ok()?)),
        _ => Some((before, last)),
    }
}

/// The rule with this name or, with a note, the one that used to have it.
fn rule_named(name: &str, notes: &mut Vec<String>) -> Result<&'static RuleInfo, Stop> {
    let table = rules::all();
    if let Some(rule) = table.iter().find(|rule| rule.name == name) {
        return Ok(rule);
    }
    if let Some(rule) = table.iter().find(|rule| rule.aliases.iter().any(|alias| alias == name)) {
        notes.push(format!("rule `{name}` is now called `{}`", rule.name));
        return Ok(rule);
    }
    let nearest = suggest::nearest(name, table.iter().map(|rule| rule.name));
    let meant = nearest.map(|rule| format!("; did you mean `{rule}`?")).unwrap_or_default();
    Err(Stop::refused(format!("unknown rule `{name}`{meant} (`cargo initpath rules` lists them)")))
}

impl AnalysisFlags {
    /// These flags, then those given after the command: lists go on, single values are replaced.
    fn then(self, later: Self) -> Self {
        let Self {
            mut package,
            mut exclude,
            mut levels,
            mut catalog,
            manifest_path,
            workspace,
            locked,
            offline,
            frozen,
            min_confidence,
            exit_zero,
            keep_going,
            threads,
        } = self;
        package.extend(later.package);
        exclude.extend(later.exclude);
        levels.0.extend(later.levels.0);
        catalog.extend(later.catalog);
        Self {
            package,
            exclude,
            levels,
            catalog,
            manifest_path: later.manifest_path.or(manifest_path),
            workspace: workspace || later.workspace,
            locked: locked || later.locked,
            offline: offline || later.offline,
            frozen: frozen || later.frozen,
            min_confidence: later.min_confidence.or(min_confidence),
            exit_zero: exit_zero || later.exit_zero,
            keep_going: keep_going || later.keep_going,
            threads: later.threads.or(threads),
        }
    }
}

impl CheckFlags {
    /// These flags, then those given after the command.
    fn then(self, later: Self) -> Self {
        let no_baseline = later.no_baseline || (self.no_baseline && later.baseline.is_none());
        Self {
            baseline: later.baseline.or(self.baseline).filter(|_| !no_baseline),
            no_baseline,
            changed: later.changed.or(self.changed),
            since: later.since.or(self.since),
            statistics: later.statistics || self.statistics,
        }
    }

    fn complete(self, options: AnalysisOptions, environment: &Environment) -> AnalysisOptions {
        let here = |path: PathBuf| environment.current_dir.join(path);
        let baseline = match (self.no_baseline, self.baseline) {
            (true, _) => WhichBaseline::None,
            (false, Some(file)) => WhichBaseline::File(here(file)),
            (false, None) => WhichBaseline::Usual,
        };
        let files = |files: Vec<PathBuf>| Changes::Files(files.into_iter().map(here).collect());
        let changes = self.changed.map(files).or(self.since.map(Changes::Since));
        AnalysisOptions { baseline, changes, statistics: self.statistics, ..options }
    }
}

impl OutputFlags {
    /// These flags, then those given after the command.
    fn then(self, later: Self) -> Self {
        let Self { message_format, plain: PlainOutputFlags { mut output, color, quiet, verbose } } = self;
        output.extend(later.plain.output);
        Self {
            message_format: later.message_format.or(message_format),
            plain: PlainOutputFlags {
                output,
                color: later.plain.color.or(color),
                quiet: quiet || later.plain.quiet,
                verbose: verbose.saturating_add(later.plain.verbose),
            },
        }
    }
}
