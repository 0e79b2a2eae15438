//! Room 1, *cli*: stage *configure*, from arguments and environment to [`Options`]. Must not read a source file;
//! everything that can be refused without looking at the workspace is refused here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Stop;
use super::arguments::{
    self, AnalysisFlags, Arguments, CheckFlags, FindingFlags, GapFlags, GivenFlags, SelectionFlags,
    TaskArguments,
};
use super::baseline::BaselineAction;
use super::color;
use super::environment::Environment;
use super::outputs::{GivenOutput, LIST_FORMATS, Output, Printable};
use super::starters::Starter;
use crate::finding::Confidence;
use crate::report::{Format, GraphFormat, MigrationFormat};
use crate::rules::{self, RuleInfo};
use crate::settle::{LevelOverride, LevelTarget, Policy};
use crate::suggest;
use crate::workspace::{self, Request};

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
    /// These files, as they were named.
    Files(Vec<PathBuf>),
    /// What differs from a git revision.
    Since(String),
}

/// What to do.
pub(super) enum Task {
    /// Analyse a workspace and tell what is asked for.
    Analyse(Box<AnalysisOptions>, Purpose),
    /// Something that needs no analysis.
    Errand(Errand),
}

/// What is done without an analysis.
pub(super) enum Errand {
    /// Write a file to begin with, or print it.
    Init(Request, Starter, bool),
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print the manual page.
    Man,
    /// Print a rule's page, perhaps with all its examples.
    Explain(&'static RuleInfo, bool),
    /// List the rules.
    Rules(Format),
}

/// What an analysis is made for.
pub(super) enum Purpose {
    /// Report findings.
    Check,
    /// Count the findings of each rule.
    Statistics,
    /// List what is seen.
    Inventory(Format),
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
    let given = arguments::parse(&arguments).map_err(|answer| {
        let text = answer.render();
        let render = |colored| if colored { text.ansi().to_string() } else { text.to_string() };
        if answer.use_stderr() {
            Stop::Refused(render(color::wanted(color_flag, environment, environment.stderr_is_terminal)))
        } else {
            Stop::Answered(render(color::wanted(color_flag, environment, environment.stdout_is_terminal)))
        }
    })?;

    let mut notes = Vec::new();
    let Chosen { task, outputs, quiet, verbose } = chosen(given, environment, &mut notes)?;
    Ok(Options { outputs, task, quiet, verbose, notes })
}

/// What the arguments ask for, and how it is to be written.
struct Chosen {
    task: Task,
    outputs: Vec<Output>,
    quiet: bool,
    verbose: u8,
}

impl Chosen {
    fn new(task: Task, outputs: Vec<Output>, given: &GivenOutput) -> Self {
        Self { task, outputs, quiet: given.quiet(), verbose: given.verbose() }
    }

    /// A task whose only format is for people.
    fn for_people(
        command: &'static str,
        task: Task,
        given: &GivenOutput,
        environment: &Environment,
    ) -> Result<Self, Stop> {
        let (_, outputs) = given.one(&Printable::for_people(command), environment)?;
        Ok(Self::new(task, outputs, given))
    }
}

fn chosen(given: Arguments, environment: &Environment, notes: &mut Vec<String>) -> Result<Chosen, Stop> {
    let Arguments { task, explain, flags: before, check, message_format, output } = given;
    let here = &environment.current_dir;
    let output = GivenOutput::new(message_format, output);
    let analyse = |options: AnalysisOptions, purpose| Task::Analyse(Box::new(options), purpose);
    let Some(task) = task else {
        return match explain {
            Some(subject) => {
                let task = explained(&subject, false, here, notes, |notes| {
                    analysis_options(before, environment, notes)
                })?;
                Chosen::for_people("explain", task, &output, environment)
            }
            None => {
                refuse_swallowed_command(&check, here)?;
                checking(check, analysis_options(before, environment, notes)?, &output, environment)
            }
        };
    };
    let manifest_before = before.analysis.manifest_path.clone();
    // Flags may stand before and after the command.
    let options = |later, notes: &mut Vec<String>| analysis_options(before.then(later), environment, notes);
    match task {
        TaskArguments::Check { flags: later, check: check_later, message_format, output: output_later } => {
            let output = output.then(message_format, output_later);
            checking(check.then(check_later), options(later, notes)?, &output, environment)
        }
        TaskArguments::Inventory { analysis, selection, gaps, message_format, output: output_later } => {
            let later = GivenFlags::of_a_look(analysis, selection, gaps);
            let output = output.then(message_format, output_later);
            let (format, outputs) =
                output.one(&Printable::findings("inventory", &LIST_FORMATS), environment)?;
            Ok(Chosen::new(analyse(options(later, notes)?, Purpose::Inventory(format)), outputs, &output))
        }
        TaskArguments::Graph { analysis, selection, gaps, message_format, output: output_later } => {
            let later = GivenFlags::of_a_look(analysis, selection, gaps);
            let output = output.then(message_format, output_later);
            let printable =
                Printable { command: "graph", formats: &GraphFormat::ALL, name: GraphFormat::name };
            let (format, outputs) = output.one(&printable, environment)?;
            Ok(Chosen::new(analyse(options(later, notes)?, Purpose::Graph(format)), outputs, &output))
        }
        TaskArguments::Report {
            analysis,
            package,
            exclude,
            findings,
            gaps,
            message_format,
            since,
            patch,
            output: output_later,
        } => {
            let later =
                GivenFlags { analysis, selection: SelectionFlags { package, exclude }, findings, gaps };
            let output = output.then(message_format, output_later);
            let (purpose, outputs) = reported(since.or(check.since), patch, &output, environment)?;
            let options = options(later, notes)?;
            notes.extend(leaves_nothing_out(&options));
            Ok(Chosen::new(analyse(options, purpose), outputs, &output))
        }
        TaskArguments::Explain { subject, examples, flags: later, output: output_later } => {
            let output = output.then(None, output_later);
            let task = explained(&subject, examples, here, notes, |notes| options(later, notes))?;
            Chosen::for_people("explain", task, &output, environment)
        }
        TaskArguments::Baseline { action, baseline, analysis, selection, findings, output: output_later } => {
            let later = GivenFlags { analysis, selection, findings, gaps: GapFlags::default() };
            let output = output.then(None, output_later);
            let mut options = options(later, notes)?;
            if let Some(file) = baseline.or(check.baseline) {
                options.baseline = WhichBaseline::File(here.join(file));
            }
            refuse_partial_prune(action, &options)?;
            Chosen::for_people("baseline", analyse(options, Purpose::Baseline(action)), &output, environment)
        }
        TaskArguments::Init { hook, ci, dry_run, manifest_path } => {
            let manifest_path = manifest_path.or(manifest_before);
            let request = Request { start: here.clone(), manifest_path, ..Request::default() };
            let errand = Errand::Init(request, hook.or(ci).unwrap_or(Starter::Configuration), dry_run);
            Chosen::for_people("init", Task::Errand(errand), &output, environment)
        }
        TaskArguments::Completions { shell } => {
            let errand = Errand::Completions(shell);
            Chosen::for_people("completions", Task::Errand(errand), &output, environment)
        }
        TaskArguments::Man => Chosen::for_people("man", Task::Errand(Errand::Man), &output, environment),
        TaskArguments::Rules { message_format, output: output_later } => {
            let output = output.then(message_format, output_later);
            let (format, outputs) = output.one(&Printable::findings("rules", &LIST_FORMATS), environment)?;
            Ok(Chosen::new(Task::Errand(Errand::Rules(format)), outputs, &output))
        }
    }
}

/// Which report is asked for, and where it goes.
fn reported(
    since: Option<String>,
    patch: bool,
    given: &GivenOutput,
    environment: &Environment,
) -> Result<(Purpose, Vec<Output>), Stop> {
    if !patch {
        let printable =
            Printable { command: "report", formats: &MigrationFormat::ALL, name: MigrationFormat::name };
        let (format, outputs) = given.one(&printable, environment)?;
        return Ok((Purpose::Report(format, since), outputs));
    }
    if since.is_some() {
        return Err(Stop::refused("`report --patch` prints the steps of today; it takes no `--since`"));
    }
    let printable = Printable { command: "report --patch", formats: &[()], name: |()| "diff" };
    Ok((Purpose::Patch, given.one(&printable, environment)?.1))
}

/// The note for who asks for a report about a part of the program.
fn leaves_nothing_out(options: &AnalysisOptions) -> Option<String> {
    let note = "`report` is about the whole program: `-p` and `--exclude` leave nothing out";
    options.request.is_a_part().then(|| note.to_owned())
}

fn refuse_partial_prune(action: BaselineAction, options: &AnalysisOptions) -> Result<(), Stop> {
    if action != BaselineAction::Prune || !options.request.is_a_part() {
        return Ok(());
    }
    let why = "no entry says which package it is about";
    Err(Stop::refused(format!("`baseline prune` takes neither `-p` nor `--exclude`: {why}")))
}

/// `--changed` takes every word up to the next flag, so a command behind it would be taken for a file.
fn refuse_swallowed_command(check: &CheckFlags, here: &Path) -> Result<(), Stop> {
    let words = check.changed.iter().flatten().filter_map(|path| path.to_str());
    let mut commands =
        words.filter(|word| arguments::is_command(word) && !workspace::exists(&here.join(word)));
    match commands.next() {
        None => Ok(()),
        Some(command) => Err(Stop::refused(format!(
            "`--changed` takes all that follows it as files, and there is no file `{command}`; \
             write the command first: `cargo initpath {command} …`"
        ))),
    }
}

/// A check, or its counts.
fn checking(
    check: CheckFlags,
    options: AnalysisOptions,
    output: &GivenOutput,
    environment: &Environment,
) -> Result<Chosen, Stop> {
    let (options, purpose) = check.complete(options, &environment.current_dir);
    let outputs = match purpose {
        Purpose::Statistics => output.one(&Printable::for_people("check --statistics"), environment)?.1,
        _ => output.several(&Printable::findings("check", &Format::ALL), environment)?,
    };
    Ok(Chosen::new(Task::Analyse(Box::new(options), purpose), outputs, output))
}

/// Cargo runs `cargo-initpath initpath …`: the first argument is the command's own name and no argument of ours.
fn without_cargos_token(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|token| token == "initpath") {
        arguments.remove(1);
    }
    arguments
}

fn analysis_options(
    flags: GivenFlags,
    environment: &Environment,
    notes: &mut Vec<String>,
) -> Result<AnalysisOptions, Stop> {
    let GivenFlags { analysis, selection, findings, gaps } = flags;
    let AnalysisFlags { manifest_path, workspace, locked, offline, frozen, catalog, threads } = analysis;
    let mut overrides = Vec::new();
    for (level, name) in findings.levels.0 {
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
            packages: selection.package,
            exclude: selection.exclude,
            whole_workspace: workspace,
            locked,
            offline,
            frozen,
        },
        threads: threads.map(usize::from),
        policy: Policy { overrides, ..Policy::default() },
        min_confidence: findings.min_confidence,
        baseline: WhichBaseline::default(),
        changes: None,
        catalogs: catalog.into_iter().map(|path| here.join(path)).collect(),
        keep_going: gaps.keep_going,
        exit_zero: false,
    })
}

/// What is to be explained: a rule, perhaps with all its examples, or a place, for which `options` are needed.
fn explained(
    subject: &str,
    examples: bool,
    here: &Path,
    notes: &mut Vec<String>,
    options: impl FnOnce(&mut Vec<String>) -> Result<AnalysisOptions, Stop>,
) -> Result<Task, Stop> {
    // Editors show the names of rules behind this.
    let subject = subject.strip_prefix("initpath::").unwrap_or(subject);
    match place_in(subject) {
        Some((_, 0)) => Err(Stop::refused(format!("`{subject}`: lines are counted from 1"))),
        Some((file, line)) => {
            let purpose = Purpose::ExplainPlace(here.join(file), line);
            Ok(Task::Analyse(Box::new(options(notes)?), purpose))
        }
        None if looks_like_a_file(subject, here) => Err(Stop::refused(format!(
            "`{subject}` is neither a rule nor a place; give one line of a file, as in `src/main.rs:18`"
        ))),
        None => Ok(Task::Errand(Errand::Explain(rule_named(subject, notes)?, examples))),
    }
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

/// Whether somebody means a file, which no rule is called like.
fn looks_like_a_file(subject: &str, here: &Path) -> bool {
    subject.contains(['/', '\\', ':', '.']) || workspace::exists(&here.join(subject))
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

impl GivenFlags {
    /// Those of a command that looks without judging findings.
    fn of_a_look(analysis: AnalysisFlags, selection: SelectionFlags, gaps: GapFlags) -> Self {
        Self { analysis, selection, findings: FindingFlags::default(), gaps }
    }

    /// These flags, then those given after the command: lists go on, single values are replaced.
    fn then(self, later: Self) -> Self {
        let Self { analysis, mut selection, mut findings, gaps } = self;
        let AnalysisFlags { manifest_path, workspace, locked, offline, frozen, mut catalog, threads } =
            analysis;
        catalog.extend(later.analysis.catalog);
        selection.package.extend(later.selection.package);
        selection.exclude.extend(later.selection.exclude);
        findings.levels.0.extend(later.findings.levels.0);
        findings.min_confidence = later.findings.min_confidence.or(findings.min_confidence);
        Self {
            analysis: AnalysisFlags {
                manifest_path: later.analysis.manifest_path.or(manifest_path),
                workspace: workspace || later.analysis.workspace,
                locked: locked || later.analysis.locked,
                offline: offline || later.analysis.offline,
                frozen: frozen || later.analysis.frozen,
                catalog,
                threads: later.analysis.threads.or(threads),
            },
            selection,
            findings,
            gaps: GapFlags { keep_going: gaps.keep_going || later.gaps.keep_going },
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
            exit_zero: later.exit_zero || self.exit_zero,
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
        let changes = self.changed.map(Changes::Files).or(self.since.map(Changes::Since));
        let purpose = if self.statistics { Purpose::Statistics } else { Purpose::Check };
        (AnalysisOptions { baseline, changes, exit_zero: self.exit_zero, ..options }, purpose)
    }
}
