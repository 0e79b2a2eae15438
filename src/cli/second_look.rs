//! Room 1, *cli*: looks at a workspace again, edited or as it was, with the levels and declarations of this run. Everything
//! in it counts as selected.

use super::Stop;
use super::options::AnalysisOptions;
use super::preparation::load_catalog;
use crate::analysis::{self, Settings};
use crate::program::Program;
use crate::rules;
use crate::settle::{self, Report, SettleInput};
use crate::workspace::Workspace;

/// The report on a workspace, and what `question` asks its program.
pub(super) fn look<T: Send>(
    workspace: Workspace,
    wanted: &AnalysisOptions,
    settings: &Settings,
    question: impl FnOnce(&Program<'_>) -> T + Send,
) -> Result<(Report, T), Stop> {
    let (analysis, answer) =
        analysis::inquire(workspace, load_catalog(&wanted.catalogs)?, settings, question);
    let input = SettleInput {
        findings: analysis.findings,
        problems: analysis.problems,
        coverage: analysis.coverage,
        resources: analysis.resources,
        files: &analysis.workspace.files,
        rules: rules::all(),
        selected: &|_, _| true,
        directives: &analysis.directives,
        baseline: None,
        changed: None,
    };
    Ok((settle::settle(input, &wanted.policy), answer))
}
