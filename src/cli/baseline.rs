//! Room 1, *cli*: the baseline file, from its path to its text and back. What it accepts is decided by
//! [`crate::settle`].

use std::path::{Path, PathBuf};

use super::Stop;
use super::options::{AnalysisOptions, Purpose, WhichBaseline};
use crate::settle::{BASELINE_FILE_NAME, Baseline};
use crate::workspace::{self, Workspace};

/// What to do with a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaselineAction {
    /// Accept what is found now, and nothing else.
    Write,
    /// Take out what is not found any more.
    Prune,
}

impl BaselineAction {
    /// The name used on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Prune => "prune",
        }
    }
}

/// Where the baseline is, or would be.
pub(super) fn path(which: &WhichBaseline, root: &Path) -> PathBuf {
    match which {
        WhichBaseline::File(path) => path.clone(),
        WhichBaseline::Usual | WhichBaseline::None => root.join(BASELINE_FILE_NAME),
    }
}

/// The baseline that counts for `purpose`: it is for checks, a migration counts everything, and a new one replaces all of
/// what it is written for.
pub(super) fn for_purpose(
    purpose: &Purpose,
    options: &AnalysisOptions,
    workspace: &mut Workspace,
) -> Result<Option<Baseline>, Stop> {
    let which = &options.baseline;
    match purpose {
        Purpose::Check | Purpose::Statistics => load(which, workspace),
        // What it says about other packages stays. A file that is not there yet is one without entries.
        Purpose::Baseline(BaselineAction::Write) if options.request.is_a_part() => {
            match workspace::exists(&path(which, &workspace.root)) {
                true => load(which, workspace),
                false => Ok(None),
            }
        }
        Purpose::Baseline(BaselineAction::Prune) => match load(which, workspace)? {
            None => Err(Stop::refused("there is no baseline; `cargo initpath baseline write` makes one")),
            known => Ok(known),
        },
        _ => Ok(None),
    }
}

/// The baseline that is there. Its file becomes one of the workspace's, so that findings can point into it.
///
/// A file that was named has to be there; the usual one need not.
fn load(which: &WhichBaseline, workspace: &mut Workspace) -> Result<Option<Baseline>, Stop> {
    let path = path(which, &workspace.root);
    let text = match which {
        WhichBaseline::None => return Ok(None),
        WhichBaseline::Usual => workspace::read_text_if_there(&path).map_err(Stop::refused)?,
        WhichBaseline::File(_) => {
            let hint = "`cargo initpath baseline write` makes one";
            Some(
                workspace::read_text(&path)
                    .map_err(|reason| Stop::refused(format!("baseline {reason}; {hint}")))?,
            )
        }
    };
    let Some(text) = text else { return Ok(None) };
    let mut baseline = Baseline::read(&text).map_err(|wrong| {
        Stop::refused(format!(
            "`{}`, {wrong}; correct it, or write it anew with `cargo initpath baseline write`",
            path.display()
        ))
    })?;
    baseline.file = Some(workspace.add_file(&path, &text));
    Ok(Some(baseline))
}
