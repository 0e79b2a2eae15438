//! Room 9, *report*: the lines that `cargo check --message-format json` writes, so that rust-analyzer shows findings where code
//! is written (`check.overrideCommand`). The evidence is in child messages.

use serde_json::{Value, json};

use super::{Style, path_of};
use crate::finding::{Evidence, Level};
use crate::location::Location;
use crate::settle::{Report, Settled};
use crate::workspace::SourceFile;

/// One compiler message per finding and problem, and the line that ends a build.
pub(super) fn render(report: &Report, files: &[SourceFile], style: &Style) -> String {
    let mut text = String::new();
    let mut push = |value: &Value| {
        text.push_str(&value.to_string());
        text.push('\n');
    };
    for settled in &report.findings {
        push(&message(finding(settled, files), style));
    }
    for problem in &report.problems {
        let spans = match problem.file.is_empty() {
            true => Vec::new(),
            false => {
                let (line, column) = (problem.line.max(1), problem.column.max(1));
                let file = files.iter().find(|file| file.path == problem.file);
                let text = file.map_or("", |file| &file.text);
                let at = offset(text, line, column);
                let row = row_of(text, line);
                vec![span(&problem.file, (line, column, line, column), (at, at), row, None, true)]
            }
        };
        let level = if problem.kind.makes_incomplete() { "error" } else { "warning" };
        push(&message(
            diagnostic(
                &format!("initpath::{}", problem.kind.name()),
                level,
                &problem.message,
                spans,
                Vec::new(),
            ),
            style,
        ));
    }
    push(
        &json!({ "reason": "build-finished", "success": report.complete && report.count(Level::Deny) == 0 }),
    );
    text
}

/// A message about no package in particular: findings belong to a program.
fn message(diagnostic: Value, style: &Style) -> Value {
    let root = style.root.display().to_string();
    json!({
        "reason": "compiler-message",
        "package_id": format!("path+file://{root}#initpath@0.0.0"),
        "manifest_path": style.root.join("Cargo.toml"),
        "target": {
            "kind": ["lib"],
            "crate_types": ["lib"],
            "name": "initpath",
            "src_path": style.root.join("Cargo.toml"),
            "edition": "2024",
            "doc": false,
            "doctest": false,
            "test": false,
        },
        "message": diagnostic,
    })
}

fn finding(settled: &Settled, files: &[SourceFile]) -> Value {
    let finding = &settled.finding;
    let level = if settled.level == Level::Deny { "error" } else { "warning" };
    let mut spans = vec![span_of(&finding.primary, files, true)];
    spans.extend(finding.evidence.iter().map(|evidence| span_of(evidence, files, false)));
    let child = |level: &str, text: &str| json!({ "message": text, "code": null, "level": level, "spans": [], "children": [], "rendered": null });
    let children =
        vec![child("help", &finding.help), child("note", &format!("silent if {}", finding.silent_if))];
    diagnostic(&format!("initpath::{}", finding.rule), level, &finding.message, spans, children)
}

fn diagnostic(code: &str, level: &str, text: &str, spans: Vec<Value>, children: Vec<Value>) -> Value {
    let place = spans.first().map(|first| {
        let (file, line, column) = (&first["file_name"], &first["line_start"], &first["column_start"]);
        format!(" --> {}:{line}:{column}\n", file.as_str().unwrap_or_default())
    });
    json!({
        "message": text,
        "code": { "code": code, "explanation": null },
        "level": level,
        "spans": spans,
        "children": children,
        "rendered": format!("{level}[{code}]: {text}\n{}", place.unwrap_or_default()),
    })
}

fn span_of(evidence: &Evidence, files: &[SourceFile], primary: bool) -> Value {
    let Location { file, span: at } = evidence.location;
    let text = files.get(file.0 as usize).map_or("", |file| &file.text);
    let path = path_of(files, &evidence.location);
    let bytes = (offset(text, at.line, at.column), offset(text, at.end_line, at.end_column));
    let row = row_of(text, at.line);
    span(path, (at.line, at.column, at.end_line, at.end_column), bytes, row, Some(&evidence.label), primary)
}

/// A line of a text, from 1; empty where there is none.
fn row_of(text: &str, line: u32) -> &str {
    text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default()
}

fn span(
    file: &str,
    (line, column, end_line, end_column): (u32, u32, u32, u32),
    (start, end): (usize, usize),
    text: &str,
    label: Option<&str>,
    primary: bool,
) -> Value {
    json!({
        "file_name": file,
        "byte_start": start,
        "byte_end": end,
        "line_start": line,
        "line_end": end_line,
        "column_start": column,
        "column_end": end_column,
        "is_primary": primary,
        "text": [{ "text": text, "highlight_start": column, "highlight_end": end_column }],
        "label": label,
        "suggested_replacement": null,
        "suggestion_applicability": null,
        "expansion": null,
    })
}

/// The byte at a line and a column in characters, both from 1.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let mut start = 0;
    for (number, row) in (1..).zip(text.split_inclusive('\n')) {
        if number == line {
            let before = row.chars().take(column.saturating_sub(1) as usize);
            return start + before.map(char::len_utf8).sum::<usize>();
        }
        start += row.len();
    }
    start
}
