//! Room 1, *cli*: what each purpose of an analysis makes of the settled report. The texts themselves are written by
//! [`crate::report`].

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use super::answer::{Answer, about_rules};
use super::baseline::BaselineAction;
use super::environment::Environment;
use super::options::Purpose;
use super::outputs::Output;
use super::preparation::Prepared;
use super::{Stop, baseline, burn_down, deliver, narration, patch};
use crate::location::Location;
use crate::plan::{self, Plan, PlanInput, Progress, Snapshot};
use crate::program::inventory::Inventory;
use crate::report::{self, Format, InventoryView, MigrationFormat, MigrationView, Style};
use crate::settle::{self, Baseline, Report};
use crate::workspace::{self, SourceFile, Workspace};

/// An analysis whose findings have their levels, and everything that says what is wanted of it.
pub(super) struct SettledRun<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) prepared: &'a Prepared,
    pub(super) environment: &'a Environment,
    pub(super) outputs: &'a [Output],
    pub(super) style: &'a Style,
    pub(super) quiet: bool,
    /// Whether what is said of a path, and perhaps of a binary, is asked for.
    pub(super) selected: &'a dyn Fn(&str, Option<&str>) -> bool,
    pub(super) report: &'a Report,
    pub(super) inventory: Inventory,
    pub(super) answer: Answer,
    pub(super) baseline: Option<Baseline>,
}

impl SettledRun<'_> {
    /// What is written for `purpose` to the first output; a check writes the further ones itself.
    pub(super) fn text(
        mut self,
        purpose: &Purpose,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<String, Stop> {
        match purpose {
            Purpose::Check => self.check(out),
            Purpose::Statistics => Ok(report::render_statistics(self.report)),
            Purpose::Inventory(format) => Ok(self.inventory(*format)),
            Purpose::Graph(format) => {
                let mut shown = std::mem::take(&mut self.answer.init_paths);
                shown.retain(|path| self.selects(path.site, path.binary.as_deref()));
                Ok(report::render_graph(*format, &shown, self.files()))
            }
            Purpose::Report(format, since) => self.migration(*format, since.as_deref(), err),
            Purpose::Patch => self.patch(err),
            Purpose::ExplainPlace(path, line) => self.place(path, *line),
            Purpose::Baseline(action) => self.accept(*action),
        }
    }

    fn files(&self) -> &[SourceFile] {
        &self.workspace.files
    }

    fn selects(&self, place: Location, binary: Option<&str>) -> bool {
        (self.selected)(&self.files()[place.file.0 as usize].path, binary)
    }

    fn check(self, out: &mut dyn Write) -> Result<String, Stop> {
        let files = self.files();
        for output in self.outputs.iter().skip(1) {
            let style = Style { color: output.color, links: false, elapsed: None, ..self.style.clone() };
            deliver(&report::render(output.format, self.report, files, &style), output, out)?;
        }
        Ok(report::render(self.outputs[0].format, self.report, files, self.style))
    }

    fn inventory(mut self, format: Format) -> String {
        let files = &self.workspace.files;
        let mut routes = std::mem::take(&mut self.answer.routes);
        routes.retain(|route| self.selects(route.location, None));
        let inventory = &settle::select_inventory(self.inventory, files, &|path| (self.selected)(path, None));
        let Report { coverage, problems, .. } = self.report;
        let view = InventoryView { inventory, routes: &routes, coverage, problems, files };
        match format {
            Format::Json => report::render_inventory_json(view),
            _ => report::render_inventory_human(view, self.style),
        }
    }

    fn plan(&self) -> Plan {
        plan::plan(PlanInput {
            doors: &self.answer.doors,
            init_paths: &self.answer.init_paths,
            init_cycles: &self.answer.init_cycles,
            timelines: &self.answer.timelines,
            routes: &self.answer.routes,
            schema_places: &self.answer.schema_places,
            findings: &self.report.findings,
            declared: &self.prepared.configuration.resources,
        })
    }

    fn migration(
        &self,
        format: MigrationFormat,
        since: Option<&str>,
        err: &mut dyn Write,
    ) -> Result<String, Stop> {
        let plan = self.plan();
        let snapshot = Snapshot::of(&plan, &self.report.findings);
        let progress = since.map(|since| self.progress(since, &snapshot, err)).transpose()?;
        let view = MigrationView {
            plan: &plan,
            snapshot: &snapshot,
            progress: progress.as_ref(),
            problems: &self.report.problems,
            files: self.files(),
        };
        Ok(report::render_migration(format, view))
    }

    /// What changed since a revision or a saved report.
    fn progress(&self, since: &str, now: &Snapshot, err: &mut dyn Write) -> Result<Progress, Stop> {
        let Prepared { options, settings, .. } = self.prepared;
        let (here, root) = (&self.environment.current_dir, &self.workspace.root);
        let (before, unread) = burn_down::snapshot(since, here, root, options, settings)?;
        if unread > 0 {
            let limits = report::counted(unread, "problem");
            narration::say(err, &format!("`{since}` was not read whole: {limits}"));
        }
        Ok(plan::progress(since, &before, now))
    }

    fn patch(&self, err: &mut dyn Write) -> Result<String, Stop> {
        let files = self.files();
        let depends_on = |package: &str, krate: &str| self.workspace.depends_on(package, krate);
        let mut edits = plan::edits(&self.plan(), files, &depends_on);
        edits.extend(plan::gap_edits(&self.report.findings, &self.answer.shapes, files));
        let Prepared { options, settings, .. } = self.prepared;
        let (changed, refused) = patch::verified(&edits, files, options, settings)?;
        narration::patch(err, &changed, &refused, self.quiet);
        Ok(report::render_patch(&changed, self.style))
    }

    fn place(self, path: &Path, line: u32) -> Result<String, Stop> {
        let files = &self.workspace.files;
        let Some(functions) = self.answer.functions else {
            return Err(Stop::refused(format!("`{}` is no file of the analysed targets", path.display())));
        };
        // The file was read, so the path leads to it; how many lines it has is known from there.
        let lines =
            self.workspace.file_at(path).map_or(0, |file| files[file.0 as usize].text.lines().count());
        if line as usize > lines {
            let lines = report::counted(lines, "line");
            return Err(Stop::refused(format!("`{}` has {lines}, and no line {line}", path.display())));
        }
        let file = functions.first().map(|(function, _)| &files[function.declared.file.0 as usize].path);
        let file = file.cloned().unwrap_or_else(|| path.display().to_string());
        let place = format!("{file}:{line}");
        Ok(report::render_place(&place, &about_rules(functions, self.report), files))
    }

    fn accept(self, action: BaselineAction) -> Result<String, Stop> {
        if !self.report.complete {
            let what = "code could not be analysed, and what it had may be there all the same";
            return Err(Stop::refused(format!("{what}; the baseline was left as it is")));
        }
        let path = baseline::path(&self.prepared.options.baseline, &self.workspace.root);
        let before = self.baseline.map(|known| known.accepted).unwrap_or_default();
        let accepted: BTreeSet<String> = match action {
            // Without a selection there is no baseline before. With one, what it holds may be about the other packages.
            BaselineAction::Write => before.union(&self.report.acceptable).cloned().collect(),
            BaselineAction::Prune => {
                before.difference(self.report.stale.as_ref().unwrap_or(&BTreeSet::new())).cloned().collect()
            }
        };
        let kept = accepted.difference(&self.report.acceptable).count();
        let (entries, gone) = (accepted.len(), before.len().saturating_sub(accepted.len()));
        workspace::write_text(&path, &Baseline { accepted, file: None }.text()).map_err(Stop::refused)?;
        let change = match action {
            BaselineAction::Prune => format!(", {gone} taken out"),
            BaselineAction::Write if kept > 0 => format!(", {kept} of them kept from before"),
            BaselineAction::Write => String::new(),
        };
        let entries = report::counted_as(entries, "entry", "entries");
        Ok(format!("{}: {entries}{change}\n", path.display()))
    }
}
