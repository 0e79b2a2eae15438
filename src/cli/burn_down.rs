//! Room 1, *cli*: `report --since`: the plan as it was at a revision, or as it was saved.

use std::path::Path;

use super::Stop;
use super::options::AnalysisOptions;
use super::second_look::look;
use crate::analysis::Settings;
use crate::plan::{self, PlanInput, Snapshot};
use crate::report;
use crate::workspace;

/// What was there before, and how many problems limited the look at it: `since` is a file that `report --format json` wrote, seen from `here`, else a revision of the
/// repository around `root`. Levels, selection and configuration are those of today.
pub(super) fn snapshot(
    since: &str,
    here: &Path,
    root: &Path,
    wanted: &AnalysisOptions,
    settings: &Settings,
) -> Result<(Snapshot, usize), Stop> {
    if let Some(text) = workspace::read_text_if_there(&here.join(since)).map_err(Stop::refused)? {
        let snapshot = report::read_snapshot(&text);
        return snapshot
            .map(|snapshot| (snapshot, 0))
            .map_err(|wrong| Stop::refused(format!("`{since}` {wrong}")));
    }
    let workspace = workspace::open_revision(root, since)
        .map_err(|wrong| Stop::refused(format!("there is no file `{since}`, and {wrong}")))?;
    let (report, (doors, timelines)) =
        look(workspace, wanted, settings, |program| (program.doors().clone(), program.timelines()))?;
    let plan = plan::plan(PlanInput {
        doors: &doors,
        init_paths: &[],
        init_cycles: &[],
        timelines: &timelines,
        routes: &[],
        schema_places: &[],
        findings: &report.findings,
        declared: &settings.declared,
    });
    let unread = report.problems.iter().filter(|problem| problem.kind.makes_incomplete()).count();
    Ok((Snapshot::of(&plan, &report.findings), unread))
}
