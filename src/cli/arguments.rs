//! Room 1, *cli*: the shape of the command line, in clap's terms, and its help. Must not know what any of it
//! leads to; [`super::options`] does.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::baseline::BaselineAction;
use super::color::When;
use super::outputs::{LIST_FORMATS, all_names};
use super::starters::Starter;
use crate::finding::Confidence;
use crate::report::{Format, GraphFormat, MigrationFormat};
use crate::settle::Level;

const EXIT_CODES: &str = "\
Exit codes:
  0  analysed, and nothing at deny level
  1  analysed, and there are findings at deny level (`-D warnings`: those at warn too)
  2  not done: usage, configuration, environment, or selected code that could not be analysed

`--exit-zero` turns 1 into 0, never 2. `--keep-going` goes by the findings even if code is missing.
The report goes to stdout, everything else to stderr.";

const EXIT_CODES_OF_A_LOOK: &str = "\
Exit codes:
  0  done, whatever was found
  2  not done: usage, configuration, environment, or selected code that could not be analysed

`--keep-going` exits with 0 even if code is missing.
The report goes to stdout, everything else to stderr.";

const EXIT_CODES_OF_A_BASELINE: &str = "\
Exit codes:
  0  written
  2  not done: usage, configuration, environment, or code that could not be analysed

What is written goes by the levels: findings at allow are not accepted, because nobody sees them.";

/// Does every piece of a Rust service reach its database through one door, open before anyone knocks?
///
/// Reads a workspace without building it and reports competing database init paths, unguarded check-then-init,
/// and handlers that can run before the database is ready.
#[derive(Debug, Parser)]
#[command(name = "initpath", bin_name = "cargo initpath", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) task: Option<TaskArguments>,
    /// Same as the command `explain`
    #[arg(long, value_name = "RULE|FILE:LINE")]
    pub(super) explain: Option<String>,
    #[command(flatten)]
    pub(super) flags: GivenFlags,
    #[command(flatten)]
    pub(super) check: CheckFlags,
    /// How to print the report [default: human]
    #[arg(long, visible_alias = "format", value_name = "FORMAT", value_parser = any_format(), help_heading = "Output")]
    pub(super) message_format: Option<String>,
    #[command(flatten)]
    pub(super) output: PlainOutputFlags,
}

/// What was given to a command that analyses, before it and after it. A command without some of these flags has their
/// defaults, as they are refused before it.
#[derive(Debug, Args)]
pub(super) struct GivenFlags {
    #[command(flatten)]
    pub(super) analysis: AnalysisFlags,
    #[command(flatten)]
    pub(super) selection: SelectionFlags,
    #[command(flatten)]
    pub(super) findings: FindingFlags,
    #[command(flatten)]
    pub(super) gaps: GapFlags,
}

#[derive(Debug, Subcommand)]
pub(super) enum TaskArguments {
    /// Analyse and report findings (the default)
    #[command(after_help = EXIT_CODES)]
    Check {
        #[command(flatten)]
        flags: GivenFlags,
        #[command(flatten)]
        check: CheckFlags,
        /// How to print the report [default: human]
        #[arg(long, visible_alias = "format", value_name = "FORMAT", value_parser = finding_format(), help_heading = "Output")]
        message_format: Option<String>,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
    /// List what the analysis sees: resources, init sites, holders, handlers, …
    #[command(after_help = EXIT_CODES_OF_A_LOOK)]
    Inventory {
        #[command(flatten)]
        analysis: AnalysisFlags,
        #[command(flatten)]
        selection: SelectionFlags,
        #[command(flatten)]
        gaps: GapFlags,
        /// How to print it [default: human]
        #[arg(long, visible_alias = "format", value_name = "FORMAT", value_parser = list_format(), help_heading = "Output")]
        message_format: Option<String>,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
    /// Print the init paths: how each binary gets to each resource
    #[command(after_help = EXIT_CODES_OF_A_LOOK)]
    Graph {
        #[command(flatten)]
        analysis: AnalysisFlags,
        #[command(flatten)]
        selection: SelectionFlags,
        #[command(flatten)]
        gaps: GapFlags,
        /// How to print them [default: tree]
        #[arg(long = "format", visible_alias = "message-format", value_name = "FORMAT", value_parser = graph_format(), help_heading = "Output")]
        message_format: Option<String>,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
    /// Write the SSOT migration report: which init path stays, which go, in which order
    #[command(after_help = EXIT_CODES_OF_A_LOOK)]
    Report {
        #[command(flatten)]
        analysis: AnalysisFlags,
        /// Leaves nothing out: the report is about the whole program
        #[arg(short, long, value_name = "NAME", help_heading = "Packages")]
        package: Vec<String>,
        /// Leaves nothing out: the report is about the whole program
        #[arg(long, value_name = "NAME", help_heading = "Packages")]
        exclude: Vec<String>,
        #[command(flatten)]
        findings: FindingFlags,
        #[command(flatten)]
        gaps: GapFlags,
        /// How to print it [default: markdown]
        #[arg(long = "format", visible_alias = "message-format", value_name = "FORMAT", value_parser = migration_format(), help_heading = "Output")]
        message_format: Option<String>,
        /// Say what went and what came since a git revision or a report saved as JSON
        #[arg(long, value_name = "REV|FILE", conflicts_with = "patch", help_heading = "Output")]
        since: Option<String>,
        /// Print the mechanical steps as a unified diff for `git apply`, with paths from the root of the repository, each tried and analysed again before; nothing is written
        #[arg(long, conflicts_with = "message_format", help_heading = "Output")]
        patch: bool,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
    /// Print the page of a rule, or what is known at a line of source
    #[command(after_help = EXIT_CODES_OF_A_LOOK)]
    Explain {
        /// Name of a rule, or FILE:LINE
        #[arg(value_name = "RULE|FILE:LINE")]
        subject: String,
        /// All examples of a rule, not only the first bad and the first good one
        #[arg(long, help_heading = "Output")]
        examples: bool,
        #[command(flatten)]
        flags: GivenFlags,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
    /// Write or shorten the list of findings that are accepted for now
    #[command(after_help = EXIT_CODES_OF_A_BASELINE)]
    Baseline {
        /// What to do with it
        #[arg(value_parser = baseline_action())]
        action: BaselineAction,
        /// The baseline file [default: initpath-baseline.json in the root of the workspace]
        #[arg(long, value_name = "FILE", help_heading = "Findings")]
        baseline: Option<PathBuf>,
        #[command(flatten)]
        analysis: AnalysisFlags,
        #[command(flatten)]
        selection: SelectionFlags,
        #[command(flatten)]
        findings: FindingFlags,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
    /// Write a commented initpath.toml, or ready files for hooks and CI
    Init {
        /// A hook instead of the configuration
        #[arg(long, value_name = "KIND", value_parser = hook())]
        hook: Option<Starter>,
        /// A CI job instead of the configuration
        #[arg(long, value_name = "KIND", value_parser = ci(), conflicts_with = "hook")]
        ci: Option<Starter>,
        /// Print the file instead of writing it
        #[arg(long)]
        dry_run: bool,
        /// Path of a Cargo.toml [default: the nearest one above the current folder]
        #[arg(long, value_name = "PATH")]
        manifest_path: Option<PathBuf>,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// List the rules with their default levels
    #[command(visible_alias = "list")]
    Rules {
        /// How to print it [default: human]
        #[arg(long, visible_alias = "format", value_name = "FORMAT", value_parser = list_format(), help_heading = "Output")]
        message_format: Option<String>,
        #[command(flatten)]
        output: PlainOutputFlags,
    },
}

/// Flags of the commands that analyse. They may stand before and after the command.
#[derive(Debug, Args)]
pub(super) struct AnalysisFlags {
    /// Path of a Cargo.toml [default: the nearest one above the current folder, else all of those below it]
    #[arg(long, value_name = "PATH", help_heading = "Packages")]
    pub(super) manifest_path: Option<PathBuf>,
    /// Report on all members of the workspace
    #[arg(long, alias = "all", help_heading = "Packages")]
    pub(super) workspace: bool,
    /// Ask cargo for an unchanged Cargo.lock
    #[arg(long, help_heading = "Packages")]
    pub(super) locked: bool,
    /// Ask cargo to stay off the network
    #[arg(long, help_heading = "Packages")]
    pub(super) offline: bool,
    /// Both --locked and --offline
    #[arg(long, help_heading = "Packages")]
    pub(super) frozen: bool,
    /// Further library knowledge, in the format of the built-in catalog (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Findings")]
    pub(super) catalog: Vec<PathBuf>,
    /// Number of threads [default: as many as the machine has]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub(super) threads: Option<NonZeroUsize>,
}

/// Flags of the commands that can leave packages out.
#[derive(Debug, Default, Args)]
pub(super) struct SelectionFlags {
    /// Report on this package and its binaries only (repeatable)
    #[arg(short, long, value_name = "NAME", help_heading = "Packages")]
    pub(super) package: Vec<String>,
    /// Do not report on this package (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Packages")]
    pub(super) exclude: Vec<String>,
}

/// Flags of the commands that go by the levels of findings.
#[derive(Debug, Default, Args)]
pub(super) struct FindingFlags {
    #[command(flatten)]
    pub(super) levels: LevelFlags,
    /// Hide findings that are less sure [default: medium]
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence(), help_heading = "Findings")]
    pub(super) min_confidence: Option<Confidence>,
}

/// The flag of the commands that print something of code that could not be analysed whole.
#[derive(Debug, Default, Args)]
pub(super) struct GapFlags {
    /// Do not exit with 2 because some code could not be analysed
    #[arg(long, help_heading = "Findings")]
    pub(super) keep_going: bool,
}

/// Flags of `check`. They may stand before and after the command.
#[derive(Debug, Default, Args)]
pub(super) struct CheckFlags {
    /// Findings that are accepted for now [default: initpath-baseline.json in the root, where there is one]
    #[arg(long, value_name = "FILE", help_heading = "Findings")]
    pub(super) baseline: Option<PathBuf>,
    /// Show what the baseline accepts as well
    #[arg(long, conflicts_with = "baseline", help_heading = "Findings")]
    pub(super) no_baseline: bool,
    /// Show only findings with a place in one of these files or folders; everything is analysed all the same
    #[arg(long, value_name = "FILES", num_args = 0.., help_heading = "Findings")]
    pub(super) changed: Option<Vec<PathBuf>>,
    /// Show only findings with a place in a file that differs from this git revision
    #[arg(long, value_name = "REV", conflicts_with = "changed", help_heading = "Findings")]
    pub(super) since: Option<String>,
    /// Exit with 0 where it would be 1
    #[arg(long, help_heading = "Findings")]
    pub(super) exit_zero: bool,
    /// Count findings per rule instead of listing them
    #[arg(long, help_heading = "Output")]
    pub(super) statistics: bool,
}

/// Flags of every command that prints a report. They may stand before and after the command.
#[derive(Debug, Args)]
pub(super) struct PlainOutputFlags {
    /// Write the report to a file, `-` for stdout; `check` takes several, each with its format
    #[arg(long, value_name = "[FORMAT=]FILE", help_heading = "Output")]
    pub(super) output: Vec<String>,
    /// When to use colours [default: auto]
    #[arg(long, value_name = "WHEN", value_parser = color(), help_heading = "Output")]
    pub(super) color: Option<When>,
    /// Print findings and problems only
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// Say what was analysed (-vv: also how long each stage took)
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
}

/// `-D`, `-W` and `-A` in the order given, because the last one that matches a rule wins.
#[derive(Debug, Default)]
pub(super) struct LevelFlags(pub(super) Vec<(Level, String)>);

const LEVEL_FLAGS: [(Level, char, &str); 3] = [
    (
        Level::Deny,
        'D',
        "Set a rule to deny: its findings are shown, and a check fails (repeatable, the last of -D -W -A wins)",
    ),
    (Level::Warn, 'W', "Set a rule to warn: its findings are shown (repeatable)"),
    (Level::Allow, 'A', "Set a rule to allow: its findings are counted only (repeatable)"),
];

impl Args for LevelFlags {
    fn augment_args(command: Command) -> Command {
        LEVEL_FLAGS.iter().fold(command, |command, (level, short, help)| {
            let arg = clap::Arg::new(level.name())
                .short(*short)
                .long(level.name())
                .value_name("RULE|warnings")
                .action(ArgAction::Append)
                .help_heading("Findings")
                .help(*help);
            command.arg(arg)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LevelFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, Level, String)> = Vec::new();
        for (level, ..) in LEVEL_FLAGS {
            let indices = matches.indices_of(level.name()).into_iter().flatten();
            let values = matches.get_many::<String>(level.name()).into_iter().flatten();
            given.extend(indices.zip(values).map(|(index, rule)| (index, level, rule.clone())));
        }
        given.sort_by_key(|(index, ..)| *index);
        Ok(Self(given.into_iter().map(|(_, level, rule)| (level, rule)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Reads the command line, the command's own name first.
///
/// # Errors
/// Help and version, and every mistake of usage. A flag before the command that the command does not take is one: it would
/// be lost otherwise.
pub(super) fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    if let Some((name, _)) = matches.subcommand() {
        let own = command.find_subcommand(name);
        let is_own = |id: &clap::Id| {
            own.is_some_and(|command| command.get_arguments().any(|argument| argument.get_id() == id))
        };
        let foreign = command.get_arguments().find(|argument| {
            let id = argument.get_id();
            matches.value_source(id.as_str()) == Some(ValueSource::CommandLine) && !is_own(id)
        });
        if let Some(flag) = foreign.and_then(clap::Arg::get_long) {
            let message = format!(
                "`--{flag}` is no flag of `{name}`; `cargo initpath {name} --help` lists those it takes"
            );
            return Err(command.error(ErrorKind::UnknownArgument, message));
        }
    }
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Whether a word is the name of a command.
pub(super) fn is_command(word: &str) -> bool {
    word == "help" || Arguments::command().find_subcommand(word).is_some()
}

/// The command line as clap builds it, for a shell that completes it. In bash and fish, `cargo initpath` is completed too; zsh's
/// own completion of cargo looks for the function of a subcommand.
pub(super) fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cargo-initpath", &mut script);
    if shell == clap_complete::Shell::Bash {
        // Of a name with a dash, the script sets one spelling and looks for another one.
        let mut text = String::from_utf8_lossy(&script).replace("cargo__subcmd__initpath", "cargo__initpath");
        text.push_str(include_str!("cargo_completion.bash"));
        script = text.into_bytes();
    }
    if shell == clap_complete::Shell::Fish {
        script.extend_from_slice(include_bytes!("cargo_completion.fish"));
    }
    script
}

/// The manual page, in roff.
pub(super) fn manual() -> Result<Vec<u8>, super::Stop> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text).map_err(super::Stop::refused)?;
    Ok(text)
}

fn baseline_action() -> impl TypedValueParser<Value = BaselineAction> {
    named([BaselineAction::Write, BaselineAction::Prune], BaselineAction::name)
}

fn hook() -> impl TypedValueParser<Value = Starter> {
    named([Starter::PreCommit, Starter::Lefthook], Starter::name)
}

fn ci() -> impl TypedValueParser<Value = Starter> {
    named([Starter::Github, Starter::Gitlab], Starter::name)
}

/// The formats of all commands: before the command it is not known yet which of them it can print. Those of the default
/// command are listed.
fn any_format() -> PossibleValuesParser {
    let of_findings = Format::ALL.map(Format::name);
    let listed = |name: &'static str| PossibleValue::new(name).hide(!of_findings.contains(&name));
    PossibleValuesParser::new(all_names().into_iter().map(listed))
}

fn finding_format() -> PossibleValuesParser {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
}

fn list_format() -> PossibleValuesParser {
    PossibleValuesParser::new(LIST_FORMATS.map(Format::name))
}

fn graph_format() -> PossibleValuesParser {
    PossibleValuesParser::new(GraphFormat::ALL.map(GraphFormat::name))
}

fn migration_format() -> PossibleValuesParser {
    PossibleValuesParser::new(MigrationFormat::ALL.map(MigrationFormat::name))
}

fn color() -> impl TypedValueParser<Value = When> {
    named(When::ALL, When::name)
}

fn confidence() -> impl TypedValueParser<Value = Confidence> {
    named([Confidence::Low, Confidence::Medium, Confidence::High], Confidence::name)
}

/// Accepts exactly the names of some values, so that clap lists and suggests them.
fn named<Value: Copy + Send + Sync + 'static, const COUNT: usize>(
    values: [Value; COUNT],
    name: fn(Value) -> &'static str,
) -> impl TypedValueParser<Value = Value> {
    PossibleValuesParser::new(values.map(name)).map(move |given| {
        let value = values.into_iter().find(|value| name(*value) == given);
        value.expect("clap lets only the listed names through")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
