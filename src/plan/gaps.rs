//! Room 8, *plan*: the gap between test and write closed, where that is a change of a few words: one lock from the test to
//! the write, or the cell's own way to test and fill in one step. As for all edits, whoever offers them looks first
//! whether the finding is gone.

use super::edits::{Edit, Texts};
use crate::finding::{Finding, Role};
use crate::location::{Location, Span};
use crate::program::shapes::{CellKind, Shape};
use crate::settle::Settled;
use crate::workspace::SourceFile;

/// The edits that close gaps, in the order of the findings. `shapes` are the functions that write places.
pub fn gap_edits(findings: &[Settled], shapes: &[Shape], files: &[SourceFile]) -> Vec<Edit> {
    let texts = Texts { files };
    let edits = findings.iter().filter_map(|settled| {
        let finding = &settled.finding;
        let write = finding.evidence.iter().find(|one| one.role == Role::Write)?.location;
        let shape = shapes
            .iter()
            .filter(|shape| shape.body.file == write.file && shape.body.span.encloses(write.span))
            .min_by_key(|shape| shape.body.span.end_line - shape.body.span.line)?;
        let gap = Gap { texts: &texts, finding, write, shape };
        let (title, changes) = match finding.rule {
            "check-then-init" => ("hold one lock from the test to the write", gap.one_lock()?),
            "once-cell-check-then-set" => ("test and fill the cell in one step", gap.one_step()?),
            _ => return None,
        };
        Some(Edit {
            title: format!("{}: {title}", finding.message),
            changes,
            removes: vec![settled.fingerprint.clone()],
        })
    });
    edits.collect()
}

struct Gap<'g, 't> {
    texts: &'g Texts<'t>,
    finding: &'g Finding,
    write: Location,
    shape: &'g Shape,
}

impl Gap<'_, '_> {
    /// `let mut slot = x.write();` before the test, and both through it.
    fn one_lock(&self) -> Option<Vec<(Location, String)>> {
        let test = self.finding.primary.location;
        let written = self.texts.slice(self.write)?;
        let (target, _) = written.split_once(" = ")?;
        let lock = target.strip_prefix('*')?;
        let (place, taken, rest) = ["write", "lock"].into_iter().find_map(|method| {
            let (place, rest) = lock.split_once(&format!(".{method}()"))?;
            Some((place, method, rest))
        })?;
        let (from, to) = self.texts.range(test)?;
        let asked = self.texts.slice(test)?;
        let looked = ["read", "lock"].map(|method| format!("{place}.{method}(){rest}"));
        let (at, tested) = looked.iter().find_map(|lock| Some((asked.find(lock)?, lock)))?;
        let (first, last) = (self.shape.statement_with(test)?, self.shape.statement_with(self.write)?);
        let statement = self.texts.slice(first)?;
        let text = self.texts.text(test);
        let (body_from, body_to) = self.texts.range(self.shape.body)?;
        let body = text.get(body_from..body_to)?;
        let decides = ["if ", "let ", "match "].iter().any(|word| statement.starts_with(word));
        let between = text.get(to..self.texts.range(self.write)?.0)?;
        // A lock of the standard library cannot be held while something is awaited.
        let awaits = !rest.contains(".await") && between.contains(".await");
        let end = self.texts.range(last)?.1;
        let uses = |code: &str| {
            [".read()", ".write()", ".lock()"].iter().any(|lock| code.contains(&format!("{place}{lock}")))
        };
        // Whoever is called under the lock must not want it as well, and nobody may be waited for who wants it first.
        let own_lock = self.texts.part(self.write, 0, target.len())?;
        let calls_in = self.holding_after(test).any(|call| {
            let is_under_lock = !call.span.starts_after(last.span) || last.span.encloses(call.span);
            is_under_lock && !own_lock.span.encloses(call.span)
        });
        if !decides || awaits || calls_in || body.contains("slot") || uses(between) || from < body_from {
            return None;
        }
        let indent = self.texts.indent(first)?;
        let mut changes = vec![
            (at_start(first), format!("let mut slot = {place}.{taken}(){rest};\n{indent}")),
            (self.texts.part(test, at, at + tested.len())?, "slot".to_owned()),
            (self.texts.part(self.write, 0, target.len())?, "*slot".to_owned()),
        ];
        if uses(text.get(end..body_to)?) || self.holding_after(last).next().is_some() {
            changes.push((at_end(last), format!("\n{indent}drop(slot);")));
        }
        Some(changes)
    }

    /// The calls behind a place that may take a lock or wait for somebody.
    fn holding_after(&self, place: Location) -> impl Iterator<Item = Location> {
        let is_behind =
            move |call: &Location| call.span.starts_after(place.span) && !place.span.encloses(call.span);
        self.shape.holding.iter().copied().filter(is_behind)
    }

    /// `if let Some(x) = cell.get() { return Ok(x); } … cell.set(y)…; …` as `cell.get_or_try_init(|| async { … Ok(y) }).await`.
    fn one_step(&self) -> Option<Vec<(Location, String)>> {
        let (first, last) = (
            self.shape.statement_with(self.finding.primary.location)?,
            self.shape.statement_with(self.write)?,
        );
        let (_, kind) = self.shape.cells.iter().find(|(written, _)| *written == self.write)?;
        let written = self.texts.slice(self.write)?;
        let (cell, value) = written.strip_suffix(')')?.split_once(".set(")?;
        let branch = self.texts.slice(first)?;
        let (pattern, rest) = branch.strip_prefix("if let Some(")?.split_once(')')?;
        let found =
            rest.trim_start().strip_prefix("= ")?.strip_prefix(cell)?.trim_start().strip_prefix(".get()")?;
        let answer = found
            .trim()
            .strip_prefix('{')?
            .strip_suffix('}')?
            .trim()
            .strip_prefix("return ")?
            .strip_suffix(';')?;
        let is_name = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let text = self.texts.text(first);
        let middle = text.get(self.texts.range(first)?.1..self.texts.range(last)?.0)?.trim();
        // What comes after the write may only give back what is in the cell.
        let after = text.get(self.texts.range(last)?.1..self.texts.range(self.shape.body)?.1)?;
        let gives_back = !after.contains(".await") && !after.contains('?') && after.matches(';').count() <= 1;
        let ends_with_value = !after.trim_end().strip_suffix('}')?.trim_end().ends_with(';');
        if !is_name(value)
            || !is_name(pattern)
            || middle.contains("return ")
            || !gives_back
            || !ends_with_value
        {
            return None;
        }
        let shared = match answer.strip_prefix("Ok(").and_then(|answer| answer.strip_suffix(')')) {
            Some(given) if given == pattern => Some((true, "")),
            Some(given) if given.strip_suffix(".clone()") == Some(pattern) => Some((true, ".cloned()")),
            None if answer == pattern => Some((false, "")),
            None if answer.strip_suffix(".clone()") == Some(pattern) => Some((false, ".clone()")),
            _ => None,
        };
        let (fallible, given) = shared?;
        let indent = self.texts.indent(first)?;
        let inner = middle.replace('\n', "\n    ");
        let end = if fallible { format!("Ok({value})") } else { value.to_owned() };
        let make = format!("{inner}\n{indent}    {end}\n{indent}");
        let awaits = middle.contains(".await");
        let filled = match (kind, fallible, awaits) {
            (CellKind::Async, true, _) => {
                format!("{cell}.get_or_try_init(|| async {{\n{indent}    {make}}}).await{given}")
            }
            (CellKind::Async, false, _) => {
                format!("{cell}.get_or_init(|| async {{\n{indent}    {make}}}).await{given}")
            }
            (CellKind::Fallible, true, false) => {
                format!("{cell}.get_or_try_init(|| {{\n{indent}    {make}}}){given}")
            }
            (_, false, false) => format!("{cell}.get_or_init(|| {{\n{indent}    {make}}}){given}"),
            _ => return None,
        };
        let end = Span { end_line: self.shape.end.0, end_column: self.shape.end.1, ..first.span };
        Some(vec![(Location { file: first.file, span: end }, filled)])
    }
}

fn at_start(location: Location) -> Location {
    let span = Span { end_line: location.span.line, end_column: location.span.column, ..location.span };
    Location { file: location.file, span }
}

fn at_end(location: Location) -> Location {
    let span = Span { line: location.span.end_line, column: location.span.end_column, ..location.span };
    Location { file: location.file, span }
}
