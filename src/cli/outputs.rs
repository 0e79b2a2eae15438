//! Room 1, *cli*: where a report goes and in which format, from `--output` and `--message-format` and what the command
//! can print. Must not print anything.

use std::path::PathBuf;

use super::Stop;
use super::arguments::PlainOutputFlags;
use super::color;
use super::environment::Environment;
use crate::report::{Format, GraphFormat, MigrationFormat};
use crate::suggest;

/// The formats of the commands that list something.
pub(super) const LIST_FORMATS: [Format; 2] = [Format::Human, Format::Json];

/// A place for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    /// Of a command without formats of its own; [`Format::Human`] for those that have some.
    pub(super) format: Format,
    /// A file; stdout when absent.
    pub(super) file: Option<PathBuf>,
    /// Whether colours are wanted there.
    pub(super) color: bool,
}

/// What a command can print.
pub(super) struct Printable<F: 'static> {
    /// The command's name.
    pub(super) command: &'static str,
    /// Its formats, the default first.
    pub(super) formats: &'static [F],
    /// The name of each on the command line.
    pub(super) name: fn(F) -> &'static str,
}

impl Printable<Format> {
    /// A command that prints some of the formats for findings.
    pub(super) fn findings(command: &'static str, formats: &'static [Format]) -> Self {
        Self { command, formats, name: Format::name }
    }

    /// A command that prints for people only.
    pub(super) fn for_people(command: &'static str) -> Self {
        Self::findings(command, &[Format::Human])
    }
}

impl<F: Copy> Printable<F> {
    fn find(&self, name: &str) -> Option<F> {
        self.formats.iter().copied().find(|format| (self.name)(*format) == name)
    }

    /// The format of this name, or why the command cannot print it.
    fn named(&self, name: &str) -> Result<F, Stop> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> = self.formats.iter().map(|format| (self.name)(*format)).collect();
            let known = match names.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => names.concat(),
            };
            Stop::refused(format!("`{}` cannot print `{name}`; it prints {known}", self.command))
        })
    }
}

/// The names of all formats of all commands, each once.
pub(super) fn all_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    let others = GraphFormat::ALL.iter().map(|format| format.name());
    for name in others.chain(MigrationFormat::ALL.iter().map(|format| format.name())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What was given about the output, before the command and after it.
pub(super) struct GivenOutput {
    /// `--message-format`.
    format: Option<String>,
    plain: PlainOutputFlags,
}

impl GivenOutput {
    pub(super) fn new(format: Option<String>, plain: PlainOutputFlags) -> Self {
        Self { format, plain }
    }

    /// These flags, then those given after the command.
    pub(super) fn then(self, format: Option<String>, later: PlainOutputFlags) -> Self {
        let PlainOutputFlags { mut output, color, quiet, verbose } = self.plain;
        output.extend(later.output);
        Self {
            format: format.or(self.format),
            plain: PlainOutputFlags {
                output,
                color: later.color.or(color),
                quiet: quiet || later.quiet,
                verbose: verbose.saturating_add(later.verbose),
            },
        }
    }

    pub(super) fn quiet(&self) -> bool {
        self.plain.quiet
    }

    pub(super) fn verbose(&self) -> u8 {
        self.plain.verbose
    }

    /// The places for a report that may have several, each in its format: those named, else stdout.
    pub(super) fn several(
        &self,
        printable: &Printable<Format>,
        environment: &Environment,
    ) -> Result<Vec<Output>, Stop> {
        let places = self.places(printable, environment)?;
        Ok(places.into_iter().map(|(format, output)| Output { format, ..output }).collect())
    }

    /// The format and the place of a report that has one of each.
    pub(super) fn one<F: Copy>(
        &self,
        printable: &Printable<F>,
        environment: &Environment,
    ) -> Result<(F, Vec<Output>), Stop> {
        let mut places = self.places(printable, environment)?;
        match (places.pop(), places.is_empty()) {
            (Some((format, output)), true) => Ok((format, vec![output])),
            _ => {
                let command = printable.command;
                Err(Stop::refused(format!("`{command}` writes one report; give one `--output`")))
            }
        }
    }

    /// Never empty.
    fn places<F: Copy>(
        &self,
        printable: &Printable<F>,
        environment: &Environment,
    ) -> Result<Vec<(F, Output)>, Stop> {
        let default = match &self.format {
            Some(name) => printable.named(name)?,
            None => printable.formats[0],
        };
        let output = |file: Option<PathBuf>| {
            let read_by_a_person = environment.stdout_is_terminal && file.is_none();
            let color = color::wanted(self.plain.color, environment, read_by_a_person);
            Output { format: Format::Human, file, color }
        };
        let mut places: Vec<(F, Output)> = Vec::new();
        let mut takes_default = false;
        for one in &self.plain.output {
            let named = named_format(one, printable)?;
            takes_default |= named.is_none();
            let (format, file) = named.unwrap_or((default, one));
            let file = (file != "-").then(|| environment.current_dir.join(file));
            if places.iter().any(|(_, known)| known.file == file) {
                return Err(Stop::refused(format!("`--output {one}` goes where another one goes")));
            }
            places.push((format, output(file)));
        }
        if places.is_empty() {
            places.push((default, output(None)));
        } else if let Some(name) = &self.format
            && !takes_default
            && places.iter().all(|(format, _)| (printable.name)(*format) != name)
        {
            return Err(Stop::refused(format!(
                "`{name}` is the format of nothing: each `--output` names its own; add `--output {name}=-` for stdout"
            )));
        }
        Ok(places)
    }
}

/// The two halves of `FORMAT=FILE`; `None` where `=` is a part of a file's name, or is not there.
fn named_format<'o, F: Copy>(
    output: &'o str,
    printable: &Printable<F>,
) -> Result<Option<(F, &'o str)>, Stop> {
    let Some((name, file)) = output.split_once('=') else { return Ok(None) };
    let known = all_names();
    if known.contains(&name) {
        return Ok(Some((printable.named(name)?, file)));
    }
    if let Some(format) = printable.find(name) {
        return Ok(Some((format, file)));
    }
    // A path with this sign in it has a slash or a dot before.
    if !name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') {
        return Ok(None);
    }
    let own = printable.formats.iter().map(|format| (printable.name)(*format));
    let nearest = suggest::nearest(name, own.chain(known));
    let meant = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Err(Stop::refused(format!("`--output {output}`: there is no format `{name}`{meant}")))
}
