//! Room 1, *cli*: what is told on stderr while the report goes to stdout. Must never write to stdout, and must
//! never fail: nobody may be listening.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::report::{ChangedFile, counted, problem_place};
use crate::settle::{Coverage, Report};
use crate::workspace::PackageSource;

/// Time spent, stage by stage.
pub(super) struct Stopwatch {
    started: Instant,
    lap: Instant,
    stages: Vec<(&'static str, Duration)>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self { started: now, lap: now, stages: Vec::new() }
    }

    /// Ends a stage.
    pub(super) fn stage(&mut self, name: &'static str) {
        self.stages.push((name, self.lap.elapsed()));
        self.lap = Instant::now();
    }

    /// Ends a stretch that was timed by itself.
    pub(super) fn stages(&mut self, stages: Vec<(&'static str, Duration)>) {
        self.stages.extend(stages);
        self.lap = Instant::now();
    }

    /// Since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// How long parsing took in the library alone, summed over threads, and how many threads there were.
#[derive(Clone, Copy)]
pub(super) struct ParseTime {
    pub(super) summed: Duration,
    pub(super) threads: usize,
}

impl ParseTime {
    /// What parsing alone would have taken from start to end.
    fn alone(self) -> Duration {
        self.summed / u32::try_from(self.threads.max(1)).unwrap_or(u32::MAX)
    }
}

/// Why a look is incomplete, where the report itself has no place for it.
pub(super) fn unseen(err: &mut dyn Write, report: &Report) {
    for problem in report.problems.iter().filter(|problem| problem.kind.makes_incomplete()) {
        let message = &problem.message;
        match problem_place(problem) {
            place if place.is_empty() => say(err, message),
            place => say(err, &format!("{place}: {message}")),
        }
    }
}

/// Writes a line that stops nothing.
pub(super) fn say(err: &mut dyn Write, line: &str) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(err, "initpath: {line}");
}

/// How many manifests are named.
const NAMED_MANIFESTS: usize = 3;

/// Which manifests are read where there is none above the folder: nobody named them, and they may be many.
pub(super) fn manifests_below(err: &mut dyn Write, folder: &Path, manifests: &[PathBuf]) {
    if manifests.is_empty() {
        return;
    }
    let names = manifests.iter().take(NAMED_MANIFESTS);
    let mut names: Vec<String> =
        names.map(|path| path.strip_prefix(folder).unwrap_or(path).display().to_string()).collect();
    if manifests.len() > NAMED_MANIFESTS {
        names.push(format!("{} more", manifests.len() - NAMED_MANIFESTS));
    }
    let (folder, count) = (folder.display(), counted(manifests.len(), "manifest"));
    let names = names.join(", ");
    say(err, &format!("there is no Cargo.toml in `{folder}` or above it; reading {count} below it: {names}"));
}

/// What was analysed (`-v`).
pub(super) fn extent(err: &mut dyn Write, coverage: &Coverage, source: &PackageSource) {
    let Coverage { packages, files, files_skipped, functions, calls, calls_resolved, .. } = coverage;
    let found = match source {
        PackageSource::CargoMetadata => "found by cargo metadata".to_owned(),
        PackageSource::Manifests { reason } => format!("found by reading manifests: {reason}"),
    };
    say(
        err,
        &format!(
            "analysed {} ({found}), {} ({files_skipped} skipped)",
            counted(*packages as usize, "package"),
            counted(*files as usize, "file")
        ),
    );
    say(
        err,
        &format!(
            "linked {}, {calls_resolved} of {} resolved",
            counted(*functions as usize, "function"),
            counted(*calls as usize, "call")
        ),
    );
}

/// How long each stage took, and how that compares with parsing the same files and nothing else (`-vv`).
pub(super) fn timings(err: &mut dyn Write, watch: &Stopwatch, parse: ParseTime) {
    for (name, time) in &watch.stages {
        say(err, &format!("{name:<12} {:>10}", milliseconds(*time)));
    }
    let (total, alone) = (watch.elapsed(), parse.alone());
    let times = if alone.is_zero() {
        String::new()
    } else {
        format!(", {:.1} times parsing alone", total.as_secs_f64() / alone.as_secs_f64())
    };
    let threads = parse.threads;
    say(
        err,
        &format!(
            "{:<12} {}{times} ({} on {threads} threads)",
            "total",
            milliseconds(total),
            milliseconds(alone)
        ),
    );
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Says what a patch holds and what was tried in vain.
pub(super) fn patch(err: &mut dyn Write, changed: &[ChangedFile], refused: &[String], quiet: bool) {
    if quiet {
        return;
    }
    match changed.len() {
        0 => say(err, "no step is mechanical: `cargo initpath report` lists what to do by hand"),
        number => {
            say(err, &format!("{} changed; the rest of the steps is done by hand", counted(number, "file")))
        }
    }
    for title in refused {
        say(err, &format!("tried and left out, because it does not remove its findings alone: {title}"));
    }
}
