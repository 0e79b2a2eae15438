//! Room 1, *cli*: stage *configure*, from arguments and environment to [`Options`]. Must not read a source file;
//! everything that can be refused without looking at the workspace is refused here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

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
    /// Analyse a workspace and tell what is asked for.
    Analyse(Box<AnalysisOptions>, Purpose),
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

/// What an analysis is made for.
pub(super) enum Purpose {
    /// Report findings.
    Check,
    /// Count the findings of each rule.
    Statistics,
    /// List what is seen.
    Inventory,
    /// Print the init paths.
    Graph(GraphFormat),
    /// Write the migration report, perhaps compared with a revision or a saved report.
    Report(MigrationFormat, Option<String>),
    /// Print the mechanical steps of the migration.
    Patch,
    /// Say what is known at a line of a file.
    ExplainPlace(PathBuf, u32),
    /// Write the baseline, or shorten it.
    Baseline(BaselineAction),
}

impl Task {
    /// The command's name.
    fn name(&self) -> &'static str {
        match self {
            Self::Analyse(_, purpose) => match purpose {
                Purpose::Check => "check",
                Purpose::Statistics => "check --statistics",
                Purpose::Inventory => "inventory",
                Purpose::Graph(_) => "graph",
                Purpose::Report(..) | Purpose::Patch => "report",
                Purpose::ExplainPlace(..) => "explain",
                Purpose::Baseline(_) => "baseline",
            },
            Self::Explain(_) => "explain",
            Self::Init(..) => "init",
            Self::Completions(_) => "completions",
            Self::Man => "man",
            Self::Rules => "rules",
        }
    }

    /// The formats it can print.
    fn formats(&self) -> &'static [Format] {
        match self {
            Self::Analyse(_, purpose) => match purpose {
                Purpose::Check => &Format::ALL,
                // Graphs and reports have formats of their own; of those given before the command they share one.
                Purpose::Inventory | Purpose::Graph(_) | Purpose::Report(..) | Purpose::Patch => {
                    &[Format::Human, Format::Json]
                }
                Purpose::Statistics | Purpose::ExplainPlace(..) | Purpose::Baseline(_) => &[Format::Human],
            },
            Self::Rules => &[Format::Human, Format::Json],
            Self::Explain(_) | Self::Init(..) | Self::Completions(_) | Self::Man => &[Format::Human],
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
    /// Files with further library knowledge.
    pub(super) catalogs: Vec<PathBuf>,
    pub(super) keep_going: bool,
    pub(super) exit_zero: bool,
}

/// Reads the command line. Help and version end in [`Stop::Answered`], mistakes in [`Stop::Refused`].
pub(super) fn configure(arguments: Vec<OsString>, environment: &Environment) -> Result<Options, Stop> {
    let arguments = without_cargos_token(arguments);
    let color_flag = color::flag_in(&arguments);
    let given = Arguments::try_parse_from(&arguments).map_err(|answer| {
        let text = answer.render();
        let render = |colored| if colored { text.ansi().to_string() } else { text.to_string() };
        if answer.use_stderr() {
            Stop::Refused(render(color::wanted(color_flag, environment, environment.stderr_is_terminal)))
        } else {
            Stop::Answered(render(color::wanted(color_flag, environment, environment.stdout_is_terminal)))
        }
    })?;

    let mut notes = Vec::new();
    let (task, output) = task(given, environment, &mut notes)?;
    let OutputFlags { message_format, plain: PlainOutputFlags { output, color, quiet, verbose } } = output;
    let format = message_format.unwrap_or(Format::Human);
    let outputs = outputs(&output, format, color, &task, environment)?;
    Ok(Options { outputs, task, quiet, verbose, notes })
}

/// What the arguments ask for, and how it is to be written.
fn task(
    given: Arguments,
    environment: &Environment,
    notes: &mut Vec<String>,
) -> Result<(Task, OutputFlags), Stop> {
    let Arguments { task, explain, analysis, check, output } = given;
    let here = &environment.current_dir;
    let analyse = |options: AnalysisOptions, purpose| Task::Analyse(Box::new(options), purpose);
    let Some(task) = task else {
        let task = match explain {
            Some(rule) => Task::Explain(rule_named(&rule, notes)?),
            None => {
                let (options, purpose) =
                    check.complete(analysis_options(analysis, environment, notes)?, here);
                analyse(options, purpose)
            }
        };
        return Ok((task, output));
    };
    let manifest_before = analysis.manifest_path.clone();
    // Flags may stand before and after the command.
    let options = |later| analysis_options(analysis.then(later), environment, notes);
    Ok(match task {
        TaskArguments::Check { analysis: later, check: check_later, output: output_later } => {
            let (options, purpose) = check.then(check_later).complete(options(later)?, here);
            (analyse(options, purpose), output.then(output_later))
        }
        TaskArguments::Inventory { analysis: later, output: output_later } => {
            (analyse(options(later)?, Purpose::Inventory), output.then(output_later))
        }
        TaskArguments::Graph { analysis: later, format, output: output_later } => {
            let output = output.then_plain(output_later);
            let before = match output.message_format {
                Some(Format::Json) => GraphFormat::Json,
                _ => GraphFormat::Tree,
            };
            (analyse(options(later)?, Purpose::Graph(format.unwrap_or(before))), output)
        }
        TaskArguments::Report { analysis: later, format, since, patch, output: output_later } => {
            let output = output.then_plain(output_later);
            let before = match output.message_format {
                Some(Format::Json) => MigrationFormat::Json,
                _ => MigrationFormat::Markdown,
            };
            let purpose = match patch {
                true => Purpose::Patch,
                false => Purpose::Report(format.unwrap_or(before), since),
            };
            (analyse(options(later)?, purpose), output)
        }
        TaskArguments::Explain { subject, analysis: later, output: output_later } => {
            let task = match place_in(&subject) {
                Some((file, line)) => analyse(options(later)?, Purpose::ExplainPlace(here.join(file), line)),
                None => Task::Explain(rule_named(&subject, notes)?),
            };
            (task, output.then(output_later))
        }
        TaskArguments::Baseline { action, baseline, analysis: later, output: output_later } => {
            let mut options = options(later)?;
            if let Some(file) = baseline.or(check.baseline) {
                options.baseline = WhichBaseline::File(here.join(file));
            }
            (analyse(options, Purpose::Baseline(action)), output.then_plain(output_later))
        }
        TaskArguments::Init { hook, ci, dry_run, manifest_path } => {
            let manifest_path = manifest_path.or(manifest_before);
            let request = Request { start: here.clone(), manifest_path, ..Request::default() };
            (Task::Init(request, hook.or(ci).unwrap_or(Starter::Configuration), dry_run), output)
        }
        TaskArguments::Completions { shell } => (Task::Completions(shell), output),
        TaskArguments::Man => (Task::Man, output),
        TaskArguments::Rules { output: later } => (Task::Rules, output.then(later)),
    })
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
    if outputs.len() > 1 && !matches!(task, Task::Analyse(_, Purpose::Check)) {
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

    /// Completes the options of a check made from the folder `here`.
    fn complete(self, options: AnalysisOptions, here: &Path) -> (AnalysisOptions, Purpose) {
        let here = |path: PathBuf| here.join(path);
        let baseline = match (self.no_baseline, self.baseline) {
            (true, _) => WhichBaseline::None,
            (false, Some(file)) => WhichBaseline::File(here(file)),
            (false, None) => WhichBaseline::Usual,
        };
        let files = |files: Vec<PathBuf>| Changes::Files(files.into_iter().map(here).collect());
        let changes = self.changed.map(files).or(self.since.map(Changes::Since));
        let purpose = if self.statistics { Purpose::Statistics } else { Purpose::Check };
        (AnalysisOptions { baseline, changes, ..options }, purpose)
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

    /// The same for a command with formats of its own.
    fn then_plain(self, later: PlainOutputFlags) -> Self {
        self.then(Self { message_format: None, plain: later })
    }
}
