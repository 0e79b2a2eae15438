//! Room 9, *report*: a Markdown page for the summary of a CI job, with each path as a Mermaid diagram. GitHub takes one
//! mebibyte and drops the rest of the step's summary, so this file stops before and counts what is left.

use std::fmt::Write as _;

use super::{Style, counted, one_line, place};
use crate::location::Location;
use crate::settle::{Level, Report, Settled};
use crate::workspace::SourceFile;

/// The most that is written, in bytes: some of the mebibyte is left to other steps.
const MOST: usize = 900 * 1024;

/// A table of all findings as far as there is room, then each with its path.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let mut text = String::from("# initpath\n\n");
    let (deny, warn) = (report.count(Level::Deny), report.count(Level::Warn));
    let accepted = report.baselined + report.suppressed + report.elsewhere;
    let _ = match report.findings.len() {
        0 if report.complete && report.unselected > 0 => {
            writeln!(text, "Nothing was found in what was asked for.")
        }
        0 if report.complete && report.lowered => {
            writeln!(text, "Nothing is left at the levels that were asked for.")
        }
        0 if report.complete && accepted > 0 => writeln!(text, "Nothing else was found."),
        0 if report.complete => writeln!(text, "Clean."),
        0 => writeln!(text, "Nothing was found in what could be analysed."),
        all => writeln!(text, "{} ({deny} deny, {warn} warn).", counted(all, "finding")),
    };
    if accepted > 0 {
        let _ = writeln!(
            text,
            "\n{} accepted by the baseline, {} by comments, {} elsewhere.",
            report.baselined, report.suppressed, report.elsewhere
        );
    }
    if report.unselected > 0 {
        let count = counted(report.unselected as usize, "finding");
        let _ = writeln!(text, "\n{count} in packages or paths that were not asked for.");
    }
    if !report.problems.is_empty() {
        text.push_str("\n## What limited the analysis\n\n");
        for problem in &report.problems {
            let row =
                format!("- `{}` {}\n", style.place_of(problem).replace('`', ""), plain(&problem.message));
            if text.len() + row.len() > MOST / 4 {
                text.push_str("- and more\n");
                break;
            }
            text.push_str(&row);
        }
    }
    let mut left = 0;
    for settled in &report.findings {
        let section = section(settled, files, style);
        match text.len() + section.len() > MOST {
            true => left += 1,
            false => text.push_str(&section),
        }
    }
    if left > 0 {
        let _ = writeln!(
            text,
            "\n{} more: the page would be too large. `cargo initpath` shows all.",
            counted(left, "finding")
        );
    }
    text
}

fn section(settled: &Settled, files: &[SourceFile], style: &Style) -> String {
    let finding = &settled.finding;
    let place = |location: &Location| style.in_repository(&place(files, location));
    let mut text = format!(
        "\n## {}[{}] `{}`\n\n{}\n\n",
        settled.level.name(),
        finding.rule,
        place(&finding.primary.location).replace('`', ""),
        plain(&finding.message)
    );
    for evidence in [&finding.primary].into_iter().chain(&finding.evidence) {
        let at = place(&evidence.location).replace('`', "");
        let _ = writeln!(text, "- {}: `{at}` {}", evidence.role.name(), plain(&evidence.label));
    }
    let _ = writeln!(
        text,
        "\n**help:** {}  \n**silent if:** {}",
        plain(&finding.help),
        plain(&finding.silent_if)
    );
    if finding.path.len() > 1 {
        text.push_str("\n```mermaid\nflowchart LR\n");
        for (index, hop) in finding.path.iter().enumerate() {
            let label: String = one_line(&hop.label)
                .chars()
                .map(|letter| if "\"<>#;`&".contains(letter) { ' ' } else { letter })
                .collect();
            let at = place(&hop.location);
            let file: String = at.chars().filter(|letter| !"\"<>#;`&".contains(*letter)).collect();
            let _ = writeln!(text, "  n{index}[\"{label}<br/>{file}\"]");
            if index > 0 {
                let _ = writeln!(text, "  n{} --> n{index}", index - 1);
            }
        }
        text.push_str("```\n");
    }
    text
}

/// Text on one line in which nothing but code spans is Markdown.
fn plain(text: &str) -> String {
    let mut code = false;
    let mut escaped = String::new();
    for letter in one_line(text).chars() {
        code ^= letter == '`';
        if !code && "\\*_[]<>|#".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
