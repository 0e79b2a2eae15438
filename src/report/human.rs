//! Room 9, *report*: the report for people. This is the only file that knows miette, which draws the excerpts;
//! everything around them is written here, because the order (what, where, how it gets there, why, what to do)
//! is ours. Nothing depends on the width of a terminal, so the same report is the same text anywhere.

use std::fmt::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::excerpt::{self, Excerpt};
use super::{Style, counted, one_line, page_url, path_of, place, problem_place};
use crate::finding::{Evidence, Finding, Hop};
use crate::location::{Location, Span};
use crate::problem::Problem;
use crate::settle::{Level, Report, ResourceSummary, STALE_BASELINE, Settled};
use crate::workspace::SourceFile;

/// How many places of one finding get an excerpt of their own; the others are listed.
const EXCERPTS: usize = 4;
/// How many further places are listed.
const LISTED: usize = 12;
/// Where the path line is folded, in characters.
const FOLD: usize = 110;

/// Findings, then problems, then what was looked at.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let page = Page { files, paint: Paint { color: style.color }, links: style.links };
    let mut text = String::new();
    for alike in alike(&report.findings) {
        page.finding(&mut text, alike[0], &alike[1..]);
        text.push('\n');
    }
    for problem in &report.problems {
        page.problem(&mut text, problem);
        text.push('\n');
    }
    if !style.quiet {
        page.closing(&mut text, report, style);
    }
    text
}

/// The findings that say the same of several places of one function, together where the first of them stands. No list is empty.
fn alike(findings: &[Settled]) -> Vec<Vec<&Settled>> {
    let is_like = |one: &Settled, other: &Settled| {
        let (first, second) = (&one.finding, &other.finding);
        (one.level, first.rule, &first.message) == (other.level, second.rule, &second.message)
            && first.identity == second.identity
            && first.primary.location.file == second.primary.location.file
    };
    let mut groups: Vec<Vec<&Settled>> = Vec::new();
    for settled in findings {
        match groups.iter_mut().find(|group| is_like(group[0], settled)) {
            Some(group) => group.push(settled),
            None => groups.push(vec![settled]),
        }
    }
    groups
}

/// One problem, as in the report.
pub(super) fn render_problem(problem: &Problem, files: &[SourceFile], style: &Style) -> String {
    let mut text = String::new();
    Page { files, paint: Paint { color: style.color }, links: style.links }.problem(&mut text, problem);
    text
}

/// Terminal colours, or none.
#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    const RED: &'static str = "1;31";
    const YELLOW: &'static str = "1;33";
    const GREEN: &'static str = "1;32";
    const CYAN: &'static str = "36";
    const BOLD: &'static str = "1";
    const DIM: &'static str = "2";

    fn apply(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn level(self, level: Level, text: &str) -> String {
        self.apply(if level == Level::Deny { Self::RED } else { Self::YELLOW }, text)
    }
}

/// What every part of the page needs.
struct Page<'a> {
    files: &'a [SourceFile],
    paint: Paint,
    links: bool,
}

impl Page<'_> {
    fn finding(&self, text: &mut String, settled: &Settled, alike: &[&Settled]) {
        let Settled { finding, level, .. } = settled;
        let head = self.paint.level(*level, &format!("{}[{}]", level.name(), finding.rule));
        let head = if self.links { linked(&head, &page_url(finding.rule, settled.category)) } else { head };
        line(text, format_args!("{head}: {}", self.paint.apply(Paint::BOLD, &one_line(&finding.message))));
        self.places(text, finding);
        if !alike.is_empty() {
            line(text, format_args!("  {}", counted(alike.len(), "further finding") + " of the kind:"));
            let places: Vec<&Evidence> = alike.iter().map(|settled| &settled.finding.primary).collect();
            // Each is a finding of its own, which nobody else shows.
            self.list(text, &places, places.len());
        }
        if !finding.path.is_empty() {
            self.path(text, &finding.path);
        }
        for note in &finding.notes {
            line(text, format_args!("  {}", one_line(note)));
        }
        self.remark(text, "help", &finding.help);
        self.remark(text, "silent if", &finding.silent_if);
        let binary =
            finding.binary.as_deref().map(|name| format!(" · binary {}", one_line(name))).unwrap_or_default();
        let how_sure = format!(
            "confidence {}{binary} · explain: cargo initpath explain {}",
            finding.confidence.name(),
            finding.rule
        );
        line(text, format_args!("  {}", self.paint.apply(Paint::DIM, &how_sure)));
    }

    /// The primary place, then the others; those near an earlier one share its excerpt.
    fn places(&self, text: &mut String, finding: &Finding) {
        let mut groups: Vec<Vec<&Evidence>> = vec![vec![&finding.primary]];
        for evidence in &finding.evidence {
            match groups.iter_mut().find(|group| belongs(group, evidence)) {
                Some(group) => group.push(evidence),
                None => groups.push(vec![evidence]),
            }
        }
        let mut listed = Vec::new();
        for (position, group) in groups.into_iter().enumerate() {
            if position >= EXCERPTS || !self.excerpt(text, &group) {
                listed.extend(group);
            }
        }
        self.list(text, &listed, LISTED);
    }

    /// Places without an excerpt, one line each, but not more than `most`.
    fn list(&self, text: &mut String, listed: &[&Evidence], most: usize) {
        let rows: Vec<[String; 4]> = listed
            .iter()
            .take(most)
            .map(|evidence| {
                let Location { file, span } = evidence.location;
                let source =
                    self.files.get(file.0 as usize).and_then(|file| excerpt::line(&file.text, span.line));
                [
                    evidence.role.name().to_owned(),
                    one_line(&place(self.files, &evidence.location)),
                    one_line(&evidence.label),
                    source.map(|source| format!("│ {source}")).unwrap_or_default(),
                ]
            })
            .collect();
        for row in super::aligned(&rows) {
            line(text, format_args!("  {row}"));
        }
        if listed.len() > most {
            let more = counted(listed.len() - most, "more place");
            line(text, format_args!("  … {more}: cargo initpath --message-format json lists them all"));
        }
    }

    /// `path: main (src/main.rs:1) → …`, folded between hops.
    fn path(&self, text: &mut String, path: &[Hop]) {
        text.push_str(&format!("  {} ", self.paint.apply(Paint::CYAN, "path:")));
        let mut width = "  path: ".len();
        for (position, hop) in path.iter().enumerate() {
            let arrow = if position == 0 { "" } else { " → " };
            let file = path_of(self.files, &hop.location);
            let hop = format!("{} ({}:{})", one_line(&hop.label), one_line(file), hop.location.span.line);
            let step = arrow.chars().count() + hop.chars().count();
            if position > 0 && width + step > FOLD {
                text.push_str("\n        → ");
                width = 10 + hop.chars().count();
            } else {
                text.push_str(arrow);
                width += step;
            }
            text.push_str(&hop);
        }
        text.push('\n');
    }

    fn remark(&self, text: &mut String, label: &str, remark: &str) {
        if !remark.is_empty() {
            let label = self.paint.apply(Paint::CYAN, &format!("{label}:"));
            line(text, format_args!("  {label} {}", one_line(remark)));
        }
    }

    fn problem(&self, text: &mut String, problem: &Problem) {
        let color = if problem.kind.makes_incomplete() { Paint::RED } else { Paint::YELLOW };
        let head = self.paint.apply(color, &format!("problem[{}]", problem.kind.name()));
        line(text, format_args!("{head}: {}", self.paint.apply(Paint::BOLD, &one_line(&problem.message))));
        let place = problem_place(problem);
        let file = self.files.iter().find(|file| file.path == problem.file && !place.is_empty());
        let (line_number, column) = (problem.line, problem.column.max(1));
        let span =
            Span { line: line_number, column, end_line: line_number, end_column: column.saturating_add(1) };
        match file.and_then(|file| excerpt::excerpt(&file.text, &[span])) {
            Some(excerpt) => self.draw(text, one_line(&place), &excerpt, &[String::new()]),
            None if place.is_empty() => {}
            None => line(text, format_args!("  at {}", one_line(&place))),
        }
    }

    /// Draws the places of a group, which lie in one file. Says whether it could.
    fn excerpt(&self, text: &mut String, group: &[&Evidence]) -> bool {
        let first = group[0].location;
        let spans: Vec<Span> = group.iter().map(|evidence| evidence.location.span).collect();
        let source = self.files.get(first.file.0 as usize);
        let Some(excerpt) = source.and_then(|file| excerpt::excerpt(&file.text, &spans)) else {
            return false;
        };
        let labels: Vec<String> = group.iter().map(|evidence| one_line(&evidence.label)).collect();
        self.draw(text, one_line(&place(self.files, &first)), &excerpt, &labels);
        true
    }

    fn draw(&self, text: &mut String, place: String, excerpt: &Excerpt, labels: &[String]) {
        let marks = excerpt
            .marks
            .iter()
            .zip(labels)
            .map(|(mark, label)| {
                let label = (!label.is_empty()).then(|| label.clone());
                LabeledSpan::new(label, mark.start, mark.len())
            })
            .collect();
        let drawing = Drawing { place, first_line: excerpt.first_line, text: &excerpt.text, marks };
        let theme =
            if self.paint.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let mut drawn = String::new();
        GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_wrap_lines(false)
            .without_syntax_highlighting()
            .without_primary_span_start()
            .render_report(&mut drawn, &drawing)
            .expect("a string takes any text and every read of a drawing succeeds");
        // The first line is miette's headline, which is empty here: ours stands above.
        for row in drawn.lines().skip(1) {
            line(text, format_args!("{}", row.trim_end()));
        }
    }

    fn closing(&self, text: &mut String, report: &Report, style: &Style) {
        if report.is_clean() {
            self.clean(text, report);
        }
        let coverage = &report.coverage;
        let extent = format!(
            "{}, {}",
            counted(coverage.packages as usize, "package"),
            counted(coverage.files as usize, "file"),
        );
        let mut parts = vec![self.verdict(report, &extent)];
        parts.push(format!(
            "{}, {}, {}",
            counted(coverage.init_sites as usize, "init site"),
            counted(coverage.resources as usize, "resource"),
            counted(coverage.handlers as usize, "handler"),
        ));
        if let Some(percent) = percent(coverage.path_calls_resolved, coverage.path_calls) {
            parts.push(format!("{percent} % of calls on their paths resolved"));
        }
        if coverage.macros_opaque > 0 {
            parts.push(format!("{} not entered", counted(coverage.macros_opaque as usize, "macro")));
        }
        if coverage.files_skipped > 0 {
            parts.push(format!("{} skipped", counted(coverage.files_skipped as usize, "file")));
        }
        if report.allowed > 0 {
            parts.push(format!(
                "{} not shown (level or confidence)",
                counted(report.allowed as usize, "finding")
            ));
        }
        if report.suppressed > 0 {
            parts.push(format!("{} accepted by comments", report.suppressed));
        }
        if let Some(fixed) = report.stale.as_ref().map(|stale| stale.len()) {
            let is_new = |settled: &&Settled| settled.finding.rule != STALE_BASELINE;
            let new = report.findings.iter().filter(is_new).count();
            parts.push(format!("baseline: {new} new, {fixed} fixed, {} accepted", report.baselined));
        }
        if report.elsewhere > 0 {
            parts.push(format!(
                "{} elsewhere, in files that were not changed",
                counted(report.elsewhere as usize, "finding")
            ));
        }
        if report.unselected > 0 {
            parts.push(format!(
                "{} in packages or paths that were not asked for",
                counted(report.unselected as usize, "finding")
            ));
        }
        if let Some(elapsed) = style.elapsed {
            parts.push(format!("{:.2} s", elapsed.as_secs_f64()));
        }
        line(text, format_args!("{}", parts.join(" · ")));
        if !report.complete {
            let incomplete = "incomplete: selected code was not analysed, so silence about it means nothing";
            line(text, format_args!("{}", self.paint.apply(Paint::RED, incomplete)));
        }
    }

    /// How the last line starts: what was found, and in what.
    fn verdict(&self, report: &Report, extent: &str) -> String {
        let mut found = Vec::new();
        if !report.findings.is_empty() {
            let levels: Vec<String> = [Level::Deny, Level::Warn]
                .into_iter()
                .filter(|level| report.count(*level) > 0)
                .map(|level| self.paint.level(level, &format!("{} {}", report.count(level), level.name())))
                .collect();
            found.push(format!("{} ({})", counted(report.findings.len(), "finding"), levels.join(", ")));
        }
        if !report.problems.is_empty() {
            found.push(counted(report.problems.len(), "problem"));
        }
        if found.is_empty() { extent.to_owned() } else { format!("{} in {extent}", found.join(", ")) }
    }

    /// A clean run says what it looked at: every resource with its doors.
    fn clean(&self, text: &mut String, report: &Report) {
        let head = self.paint.apply(Paint::GREEN, "clean");
        let resources = &report.resources;
        let (known, unknown): (Vec<_>, Vec<_>) = resources.iter().partition(|one| one.address.is_some());
        let doors = |list: &[&ResourceSummary]| list.iter().map(|one| one.doors.len()).sum::<usize>();
        let mut parts = Vec::new();
        match known.len() {
            0 => {}
            1 if doors(&known) == 1 => parts.push("1 resource with one door".to_owned()),
            number if known.iter().all(|one| one.doors.len() == 1) => {
                parts.push(format!("{number} resources, each with one door"));
            }
            number => {
                parts.push(format!("{}, {}", counted(number, "resource"), counted(doors(&known), "door")))
            }
        }
        match doors(&unknown) {
            0 => {}
            1 => parts.push("1 door whose resource is not known".to_owned()),
            number => parts.push(format!("{number} doors whose resource is not known")),
        }
        let what = match parts.is_empty() {
            true => "no database handle is created in production code".to_owned(),
            false => parts.join("; "),
        };
        line(text, format_args!("{head}: {what}"));
        let mut rows = Vec::new();
        for resource in resources {
            let address = resource.address.as_deref().unwrap_or("address not known");
            let mut driver_and_address = [one_line(&resource.driver), one_line(address)];
            let doors = if resource.doors.is_empty() { &[String::new()][..] } else { &resource.doors };
            for door in doors {
                let [driver, address] = std::mem::take(&mut driver_and_address);
                rows.push([driver, address, one_line(door)]);
            }
        }
        for row in super::aligned(&rows) {
            line(text, format_args!("  {row}"));
        }
    }
}

/// Whether a place can share the excerpt of a group: same file, close by, and on a line without a mark, because
/// marks that overlap cannot be drawn.
fn belongs(group: &[&Evidence], evidence: &Evidence) -> bool {
    let Location { file, span } = evidence.location;
    let (first, last) = excerpt::extent(span);
    let same_file = |other: &&Evidence| other.location.file == file;
    let other_line = |other: &&Evidence| other.location.span.line != span.line;
    let touches = |other: &&Evidence| {
        let (other_first, other_last) = excerpt::extent(other.location.span);
        first <= other_last.saturating_add(1) && other_first <= last.saturating_add(1)
    };
    group.iter().all(|other| same_file(other) && other_line(other)) && group.iter().any(touches)
}

/// A text that terminals show as a link to a page (OSC 8).
fn linked(text: &str, page: &str) -> String {
    format!("\u{1b}]8;;{page}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
}

/// Whole percent, rounded down so that 100 means all; `None` of nothing.
fn percent(part: u32, whole: u32) -> Option<u64> {
    (u64::from(part) * 100).checked_div(u64::from(whole))
}

fn line(text: &mut String, content: fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("a string takes any text");
}

/// An excerpt in miette's terms.
#[derive(Debug)]
struct Drawing<'a> {
    /// `file:line:column`, printed above the excerpt.
    place: String,
    first_line: u32,
    text: &'a str,
    marks: Vec<LabeledSpan>,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.marks.iter().cloned()))
    }
}

impl SourceCode for Drawing<'_> {
    /// Always the whole excerpt, whatever part is asked for: what to show was decided when it was cut.
    fn read_span<'b>(
        &'b self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let whole = SourceSpan::from((0, self.text.len()));
        let before = self.first_line as usize - 1;
        let lines = self.text.lines().count();
        let bytes = self.text.as_bytes();
        Ok(Box::new(MietteSpanContents::new_named(self.place.clone(), bytes, whole, before, 0, lines)))
    }
}
