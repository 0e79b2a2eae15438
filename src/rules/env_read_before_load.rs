//! `env-read-before-load`: the environment is read before the file with more of it is loaded.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::environment::EarlyReads;
use crate::program::items::FnId;

/// Most further reads that are shown.
const SHOWN: usize = 5;

/// Looks at what each binary does, in order, up to its first load.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .filter_map(|entry| program.early_reads(entry).map(|early| report(program, entry, &early)))
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.entries().iter().any(|entry| entry.main == id) {
        true => "no environment file is loaded, or nothing is read before",
        false => "what is read here is read after the first load, or no binary that loads a file comes here",
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, early: &EarlyReads) -> Finding {
    let read = &early.reads[0];
    let key = &read.key;
    let mut evidence = vec![Evidence {
        location: early.load,
        role: Role::Config,
        label: "the file is loaded only here".to_owned(),
    }];
    evidence.extend(early.reads[1..].iter().take(SHOWN).map(|read| Evidence {
        location: read.location(),
        role: Role::Config,
        label: format!("`{}` is read before, too", read.key),
    }));
    if let Some(location) = read.set_in {
        let label = format!("a file is meant to set `{key}`");
        evidence.push(Evidence { location, role: Role::Config, label });
    }
    if let [_, first, _, ..] = read.hops.as_slice() {
        let label = "the way to the read begins here".to_owned();
        evidence.push(Evidence { location: first.location, role: Role::Config, label });
    }
    Finding {
        rule: "env-read-before-load",
        confidence: Confidence::High,
        message: format!(
            "`{key}` is read before the environment file is loaded: what the file says is ignored"
        ),
        help: "load the file as the first thing in `main`".to_owned(),
        silent_if: "the load comes before every read, or the variable says which file to load".to_owned(),
        primary: Evidence {
            location: read.location(),
            role: Role::Config,
            label: "finds only what the process was started with".to_owned(),
        },
        evidence,
        path: read.hops.clone(),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(entry.main), "env".to_owned()],
    }
}
