//! Room 8, *plan*: the steps that are mechanical, as changes of text. Whoever offers them applies them first, in memory,
//! and looks whether the finding is gone; here it is only decided what to change, and what not to touch.

use std::collections::BTreeMap;

use super::steps::{Removed, StepKind};
use super::{Group, Plan, PlannedDoor, Verdict};
use crate::location::{Location, Span, line_and_column};
use crate::program::doors::{Contract, Door, Variable};
use crate::workspace::SourceFile;

/// A mechanical part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What it does, in one line.
    pub title: String,
    /// What it replaces: places in one or more files, not overlapping, and the new texts.
    pub changes: Vec<(Location, String)>,
    /// Fingerprints of the findings that must be gone afterwards.
    pub removes: Vec<String>,
}

/// The mechanical parts of a plan, in the order of its steps. `depends_on` says whether the package with a file may name
/// a crate.
pub fn edits(plan: &Plan, files: &[SourceFile], depends_on: &dyn Fn(&str, &str) -> bool) -> Vec<Edit> {
    let mut found = Vec::new();
    for resource in &plan.resources {
        for group in &resource.groups {
            let texts = Texts { files };
            let step_of = |door: &Door, kind: StepKind| {
                let has = |removed: &Removed| {
                    resource.why.iter().any(|chain| chain.fingerprint == removed.fingerprint)
                };
                resource.steps.iter().find(|step| {
                    let about = step.items.iter().any(|item| {
                        let value = door.variable.as_ref().map(|variable| variable.value);
                        item.location == Some(door.place) || (value.is_some() && item.location == value)
                    });
                    step.kind == kind && (about || kind == StepKind::Secure && step.removes.iter().any(has))
                })
            };
            for planned in &group.doors {
                let (kind, changes) = match planned.verdict {
                    Verdict::Remove => {
                        let clone = texts.clone_of_first(group, planned);
                        (StepKind::Move, clone.or_else(|| texts.hoisted(planned)))
                    }
                    _ => (StepKind::Secure, texts.hoisted(planned)),
                };
                let (Some(changes), Some(step)) = (changes, step_of(&planned.door, kind)) else { continue };
                found.push(Edit {
                    title: format!("{}: {}", resource.resource.id, step.title),
                    changes,
                    removes: step.removes.iter().map(|removed| removed.fingerprint.clone()).collect(),
                });
            }
            let shims = group.canonical().map(|kept| texts.without_shims(&kept.door, depends_on));
            for (callee, changes) in shims.unwrap_or_default() {
                found.push(Edit {
                    title: format!("{}: call `{callee}` directly", resource.resource.id),
                    changes,
                    removes: Vec::new(),
                });
            }
        }
    }
    found
}

/// A file's text with changes applied; `None` when they overlap or lie outside. Everything else stays as it is.
pub fn applied(text: &str, changes: &[(Span, &str)]) -> Option<String> {
    let mut ranges: Vec<(usize, usize, &str)> = Vec::new();
    for (span, new) in changes {
        let start = offset(text, span.line, span.column)?;
        let end = offset(text, span.end_line, span.end_column)?;
        ranges.push((start, end, new));
    }
    ranges.sort_unstable();
    let mut edited = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end, new) in ranges {
        edited.push_str(text.get(done..start)?);
        edited.push_str(new);
        done = end;
    }
    edited.push_str(text.get(done..)?);
    Some(edited)
}

/// The texts of the files.
pub(super) struct Texts<'t> {
    pub(super) files: &'t [SourceFile],
}

impl Texts<'_> {
    pub(super) fn text(&self, location: Location) -> &str {
        self.files.get(location.file.0 as usize).map_or("", |file| &file.text)
    }

    pub(super) fn range(&self, location: Location) -> Option<(usize, usize)> {
        let (text, span) = (self.text(location), location.span);
        Some((offset(text, span.line, span.column)?, offset(text, span.end_line, span.end_column)?))
    }

    /// The text at a place.
    pub(super) fn slice(&self, location: Location) -> Option<&str> {
        let (from, to) = self.range(location)?;
        self.text(location).get(from..to)
    }

    /// A part of a place, by offsets in bytes from its start.
    pub(super) fn part(&self, location: Location, from: usize, to: usize) -> Option<Location> {
        let (start, _) = self.range(location)?;
        let text = self.text(location);
        let ((line, column), (end_line, end_column)) =
            (line_and_column(text, start + from), line_and_column(text, start + to));
        Some(Location { file: location.file, span: Span { line, column, end_line, end_column } })
    }

    /// What stands before a place on its line, if that is nothing but space.
    pub(super) fn indent(&self, location: Location) -> Option<String> {
        let before = self.text(location).get(..self.range(location)?.0)?;
        let line = before.rsplit('\n').next()?;
        line.chars().all(char::is_whitespace).then(|| line.to_owned())
    }

    /// Whether a function, given where its name is, is declared `pub` for everybody.
    fn is_public(&self, name: Location) -> bool {
        let line = self.text(name).lines().nth(name.span.line.saturating_sub(1) as usize).unwrap_or_default();
        line.trim_start().starts_with("pub ")
    }

    /// A clone of the handle that the same function has already, in the place of a second creation.
    fn clone_of_first(&self, group: &Group, planned: &PlannedDoor) -> Option<Vec<(Location, String)>> {
        let second = &planned.door;
        let first = &group.canonical()?.door;
        let (kept, goes) = (first.variable.as_ref()?, second.variable.as_ref()?);
        let (function, same) =
            (first.openings.first()?.makers.first()?, second.openings.first()?.makers.first()?);
        let alike =
            kept.can_be_cloned && goes.can_be_cloned && first.handle == second.handle && function == same;
        if !alike || kept.value.file != goes.value.file {
            return None;
        }
        let text = self.text(goes.value);
        let (start, end) = (self.range(kept.statement)?.1, self.range(goes.value)?.0);
        let settled = |variable: &Variable, door: &Door| {
            let rest = text.get(self.range(door.place)?.1..self.range(variable.value)?.1)?;
            is_settling(rest).then_some(())
        };
        settled(kept, first)?;
        settled(goes, second)?;
        // What is set up in another way is another handle, whatever it leads to.
        let written = |variable: &Variable| -> Option<String> {
            let (from, to) = self.range(variable.value)?;
            Some(text.get(from..to)?.split_whitespace().collect())
        };
        if written(kept)? != written(goes)? {
            return None;
        }
        let mut changes = vec![(goes.value, format!("{}.clone()", kept.name))];
        for given in given_away(text.get(start..end)?, &kept.name)? {
            let (line, column) = line_and_column(text, start + given);
            let span = Span { line, column, end_line: line, end_column: column };
            changes.push((Location { file: goes.value.file, span }, ".clone()".to_owned()));
        }
        Some(changes)
    }

    /// The creation before the server, and a clone for each worker.
    fn hoisted(&self, planned: &PlannedDoor) -> Option<Vec<(Location, String)>> {
        if !planned.reported_by.contains(&"handle-per-worker") {
            return None;
        }
        let variable = planned.door.variable.as_ref()?;
        let around = variable.per_worker?;
        let text = self.text(around);
        let (start, _) = self.range(around)?;
        let (from, to) = self.range(variable.statement)?;
        let statement = text.get(from..to)?.trim_end_matches(';');
        let head = text.get(start..from)?;
        let name = &variable.name;
        // Only a closure that owns what it uses can have a clone for each worker; nothing is awaited in it.
        if !has_word(head, "move") || statement.contains(".await") || statement.contains('?') {
            return None;
        }
        // A type or `mut` in the pattern would be lost with it.
        if !variable.can_be_cloned || !statement.starts_with(&format!("let {name} =")) {
            return None;
        }
        // What is bound between the two places is not there before them, and nothing else may have the name.
        let (body_from, body_to) = self.range(variable.body)?;
        let outside = [text.get(body_from..start)?, text.get(self.range(around)?.1..body_to)?];
        // The statement's own name is not in reach of what it is bound to.
        let plain = without_texts(head)?;
        let head = plain.strip_prefix("let ").unwrap_or(&plain);
        let binds =
            head.contains("=>") || ["let", "for", "while", "match"].iter().any(|word| has_word(head, word));
        if binds || !variable.is_at_top || outside.iter().any(|code| has_word(code, name)) {
            return None;
        }
        let indent: String =
            text.get(..start)?.chars().rev().take_while(|letter| matches!(letter, ' ' | '\t')).collect();
        let indent: String = indent.chars().rev().collect();
        let before = Span { end_line: around.span.line, end_column: around.span.column, ..around.span };
        let semicolon = if text.get(from..to)?.ends_with(';') { ";" } else { "" };
        Some(vec![
            (Location { file: around.file, span: before }, format!("{statement};\n{indent}")),
            (variable.statement, format!("let {name} = {name}.clone(){semicolon}")),
        ])
    }

    /// Calls of accessors that only forward, by the path of the accessor behind: per such path, the changes.
    fn without_shims(
        &self,
        kept: &Door,
        depends_on: &dyn Fn(&str, &str) -> bool,
    ) -> Vec<(String, Vec<(Location, String)>)> {
        let mut found: BTreeMap<String, Vec<(Location, String)>> = BTreeMap::new();
        for used in kept.uses.iter().filter(|used| used.through_shim) {
            let accessor = |path: &str| kept.accessors.iter().find(|accessor| accessor.path == *path);
            let Some(shim) = accessor(&used.callee) else { continue };
            let Some(behind) = shim.behind.as_deref().and_then(accessor) else { continue };
            let alike = (shim.is_async, shim.is_fallible, shim.is_method)
                == (behind.is_async, behind.is_fallible, false)
                && shim.returns == behind.returns
                && behind.contract != Contract::Forwards
                && self.is_public(behind.location);
            // What stands at the root of a library is in reach of every crate that depends on it.
            let Some((krate, name)) = behind.path.split_once("::") else { continue };
            let Some((from, to)) = self.range(used.location) else { continue };
            let text = self.text(used.location);
            let call = text.get(from..to).unwrap_or_default();
            let Some((callee, arguments)) = call.split_once('(') else { continue };
            let written = callee.trim().rsplit("::").next().is_some_and(|last| shim.path.ends_with(last));
            let package = &used.package;
            if !alike || name.contains("::") || arguments != ")" || !written || !depends_on(package, krate) {
                continue;
            }
            found.entry(behind.path.clone()).or_default().push((used.location, format!("{}()", behind.path)));
        }
        found.into_iter().collect()
    }
}

/// Byte offset of a line and column.
fn offset(text: &str, line: u32, column: u32) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let rest = text.get(start..)?;
    let mut letters = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    letters.nth(column.checked_sub(1)? as usize).map(|at| start + at)
}

/// Whether what follows a call only waits for its result and takes it out: `.await?`, `.expect("…")`.
fn is_settling(rest: &str) -> bool {
    let mut rest = rest.trim();
    while !rest.is_empty() {
        let next = rest
            .strip_prefix(".await")
            .or_else(|| rest.strip_prefix('?'))
            .or_else(|| rest.strip_prefix(".unwrap()"))
            .or_else(|| rest.strip_prefix(".expect(\"").and_then(|rest| Some(rest.split_once("\")")?.1)));
        match next {
            Some(next) => rest = next.trim_start(),
            None => return false,
        }
    }
    true
}

/// Where a piece of code gives a variable away as an argument, as offsets behind its name; with a clone in each of these
/// places the variable is surely still there afterwards. `None` when that cannot be said: something else may have its
/// name, a closure or task takes it, or the code leaves the block where it was bound.
fn given_away(code: &str, name: &str) -> Option<Vec<usize>> {
    let code = without_texts(code)?;
    let mut depth = 0_i32;
    // A `move` takes what is named up to the end of the block or statement behind it.
    let (mut taking, mut taken_in) = (false, None);
    let mut given = Vec::new();
    let mut previous = "";
    let mut rest = code.as_str();
    while let Some(start) = rest.find(|letter: char| matches!(letter, '{' | '}' | ';') || is_word(letter)) {
        let end = match rest[start..].chars().next() {
            Some(letter) if is_word(letter) => {
                rest[start..].find(|letter| !is_word(letter)).map_or(rest.len(), |length| start + length)
            }
            _ => start + 1,
        };
        let (before, word, after) = (rest[..start].trim_end(), &rest[start..end], &rest[end..]);
        match word {
            "{" => {
                if std::mem::take(&mut taking) && taken_in.is_none() {
                    taken_in = Some(depth);
                }
                depth += 1;
            }
            "}" => {
                depth -= 1;
                taken_in = taken_in.filter(|outside| *outside != depth);
            }
            ";" => taking = false,
            "move" => taking = true,
            word if word == name => {
                let lent = before.ends_with('&') || (previous == "mut" && before.is_empty());
                let asked = after.trim_start().starts_with('.');
                let of_other = before.ends_with('.') || before.ends_with("::");
                let argument = before.ends_with(['(', ',']) && after.trim_start().starts_with([',', ')']);
                match (of_other, taking || taken_in.is_some()) {
                    (true, _) => {}
                    (false, true) => return None,
                    (false, false) if lent || asked => {}
                    (false, false) if argument => given.push(code.len() - after.len()),
                    (false, false) => return None,
                }
            }
            _ => {}
        }
        if depth < 0 {
            return None;
        }
        previous = word;
        rest = after;
    }
    Some(given)
}

/// Code with a blank in the place of every byte of a comment or a text; `None` when one of them does not end.
fn without_texts(code: &str) -> Option<String> {
    let mut plain = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(letter) = rest.chars().next() {
        let before = plain.chars().next_back();
        let length = match letter {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest)?,
            '"' => text(rest, 1, 0)?,
            'r' if !before.is_some_and(|before| is_word(before) && before != 'b') && is_raw(rest) => {
                let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
                text(rest, hashes + 2, hashes)?
            }
            '\'' => character(rest),
            _ => 0,
        };
        match length {
            0 => plain.push(letter),
            length => (0..length).for_each(|_| plain.push(' ')),
        }
        rest = &rest[length.max(letter.len_utf8())..];
    }
    Some(plain)
}

fn is_raw(code: &str) -> bool {
    code[1..].trim_start_matches('#').starts_with('"')
}

/// Length of a comment that may hold others.
fn block_comment(code: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let step = match rest {
            rest if rest.starts_with("/*") => (1, 2),
            rest if rest.starts_with("*/") => (-1, 2),
            rest => (0, rest.chars().next().map_or(1, char::len_utf8)),
        };
        depth += step.0;
        at += step.1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Length of a text whose content starts at `from` and ends at a quotation mark with so many `#`; only without them a
/// backslash escapes.
fn text(code: &str, from: usize, hashes: usize) -> Option<usize> {
    let is_raw = from > 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let mut at = from;
    loop {
        let rest = code.get(at..)?;
        if rest.starts_with(&end) {
            return Some(at + end.len());
        }
        let letter = rest.chars().next()?;
        at += letter.len_utf8();
        if letter == '\\' && !is_raw {
            at += code.get(at..)?.chars().next()?.len_utf8();
        }
    }
}

/// Length of a character in quotation marks; 0 for a lifetime.
fn character(code: &str) -> usize {
    let mut letters = code.char_indices().skip(1);
    match (letters.next(), letters.next()) {
        (Some((_, '\\')), Some((escaped, letter))) => {
            let from = escaped + letter.len_utf8();
            code.get(from..).and_then(|rest| rest.find('\'')).map_or(0, |end| from + end + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 0,
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn has_word(code: &str, wanted: &str) -> bool {
    code.split(|letter: char| !is_word(letter)).any(|word| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_lent_or_cloned_is_still_there() {
        let nowhere = Some(Vec::new());
        let code = "\n    migrate(&pool).await?;\n    let state = State::new(pool.clone());\n";
        assert_eq!(given_away(code, "pool"), nowhere);
        let code = "let size = pool.size(); if ready { check(&mut pool); } other.pool = 1;";
        assert_eq!(given_away(code, "pool"), nowhere);
        let code = "log(\"} pool\"); // the pool }\n spawn(async move { run().await }); check(&pool);";
        assert_eq!(given_away(code, "pool"), nowhere);
        let code =
            "let a = '\"'; let b: &'static str = r#\" pool \"#; /* don't \"quote the pool */ check(&pool);";
        assert_eq!(given_away(code, "pool"), nowhere);
    }

    #[test]
    fn an_argument_can_be_cloned_instead() {
        let code = "log(\"池\"); let state = State::new(pool, 4); run(pool);";
        let places = given_away(code, "pool").expect("two arguments");
        let found: Vec<&str> = places.iter().map(|at| &code[at - 4..at + 1]).collect();
        assert_eq!(found, ["pool,", "pool)"]);
    }

    #[test]
    fn a_variable_that_may_be_gone_is_not() {
        for code in [
            "let state = State { pool };",
            "let pool = 1;",
            "tokio::spawn(async move { run(&pool).await });",
            "spawn(move || run(&pool));",
            "use_it(&pool); }",
            "let dir = r\"C:\\\"; let holder = Some(pool); let other = \"x\"; let pool = 1;",
            "/* don't \"quote */ let holder = State { pool }; let other = \"x\";",
            "let open = \"no end",
        ] {
            assert_eq!(given_away(code, "pool"), None, "{code}");
        }
    }

    #[test]
    fn only_waiting_and_taking_out_is_settling() {
        assert!(
            is_settling(".await?") && is_settling("") && is_settling("\n    .await\n    .expect(\"a pool\")")
        );
        assert!(!is_settling(".await?.clone()") && !is_settling(".into()"));
    }

    #[test]
    fn changes_leave_everything_else_as_it_is() {
        let span = |line, column, end_column| Span { line, column, end_line: line, end_column };
        let text = "let 池 = a();\r\nlet b = c();\n";
        assert_eq!(
            applied(text, &[(span(2, 9, 12), "池.clone()"), (span(1, 9, 12), "x()")]).as_deref(),
            Some("let 池 = x();\r\nlet b = 池.clone();\n")
        );
        assert_eq!(applied(text, &[(span(1, 1, 9), ""), (span(1, 5, 12), "")]), None);
        assert_eq!(applied(text, &[(span(9, 1, 2), "")]), None);
    }
}
