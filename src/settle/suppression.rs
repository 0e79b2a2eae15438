//! Room 7, *settle*: comments that say a finding is known and meant. Must not look at code: a comment silences what it names
//! at places of a finding, and nothing else.

use crate::facts::Directive;
use crate::finding::{Confidence, Evidence, Finding, Level, Role};
use crate::location::{FileId, Location};
use crate::workspace::SourceFile;

/// A comment of the form `// initpath: allow(rule, …) reason` or `// initpath: allow-file(rule, …) reason`.
#[derive(Debug)]
pub(super) struct Suppression {
    location: Location,
    rules: Vec<String>,
    reason: String,
    /// The line it is about; `None` for the whole file.
    line: Option<u32>,
    /// Per rule: whether something was silenced, or would have been with a reason.
    used: Vec<Use>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Unused,
    Used,
    /// It is about a finding at deny level, and gives no reason.
    Unreasoned,
}

/// The suppressions of a program, and the comments that are none.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    list: Vec<Suppression>,
    malformed: Vec<(Location, String)>,
}

/// Names of the rules about comments.
const UNUSED: &str = "unused-suppression";
const BAD: &str = "bad-suppression";

impl Suppressions {
    pub(super) fn read(directives: &[(FileId, Directive)], files: &[SourceFile]) -> Self {
        let mut read = Self::default();
        for (file, directive) in directives {
            let location = Location { file: *file, span: directive.span };
            let text = files.get(file.0 as usize).map_or("", |file| &file.text);
            match parsed(&directive.text).filter(|_| !directive.is_misspelt) {
                Some((whole_file, rules, reason)) => read.list.push(Suppression {
                    location,
                    used: vec![Use::Unused; rules.len()],
                    rules,
                    reason,
                    line: (!whole_file).then(|| subject(text, directive)),
                }),
                None => read.malformed.push((location, directive.text.clone())),
            }
        }
        read
    }

    /// Whether a comment silences a finding of this level. Comments about a rule's findings count as used also where a level
    /// or a confidence hides these anyway.
    pub(super) fn silence(&mut self, finding: &Finding, level: Level) -> bool {
        let mut silenced = false;
        for suppression in &mut self.list {
            let Some(named) = suppression.rules.iter().position(|rule| rule == finding.rule) else {
                continue;
            };
            let about = |evidence: &Evidence| {
                let Location { file, span } = evidence.location;
                file == suppression.location.file
                    && suppression.line.is_none_or(|line| (span.line..=span.end_line).contains(&line))
            };
            if !finding.evidence.iter().chain([&finding.primary]).any(about) {
                continue;
            }
            let lacks_reason = level == Level::Deny && suppression.reason.is_empty();
            let used = &mut suppression.used[named];
            *used = match (lacks_reason, *used) {
                (true, _) | (_, Use::Unreasoned) => Use::Unreasoned,
                (false, _) => Use::Used,
            };
            silenced |= !lacks_reason;
        }
        silenced
    }

    /// What is wrong with the comments, once every finding was seen. `is_rule` says whether there is a rule of a name.
    pub(super) fn findings(&self, is_rule: &dyn Fn(&str) -> bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (location, text) in &self.malformed {
            findings.push(finding(
                BAD,
                *location,
                "the comment is not understood, and silences nothing".to_owned(),
                "write `// initpath: allow(rule) reason`, or `allow-file` for the whole file",
                vec![text.clone()],
            ));
        }
        for suppression in &self.list {
            for (rule, used) in suppression.rules.iter().zip(&suppression.used) {
                let identity = vec![rule.clone(), suppression.reason.clone()];
                let location = suppression.location;
                let (name, message, help) = match used {
                    _ if !is_rule(rule) => {
                        (BAD, format!("there is no rule `{rule}`"), "`cargo initpath rules` lists them")
                    }
                    Use::Unreasoned => (
                        BAD,
                        format!("`{rule}` is at deny level here: the comment needs a reason"),
                        "say behind the parenthesis why the finding is meant",
                    ),
                    Use::Unused => (
                        UNUSED,
                        format!("nothing here is reported by `{rule}`"),
                        "remove the comment, or put it on a line of the finding or above it",
                    ),
                    Use::Used => continue,
                };
                findings.push(finding(name, location, message, help, identity));
            }
        }
        findings
    }
}

/// A finding about something that people wrote for initpath.
pub(super) fn finding(
    rule: &'static str,
    location: Location,
    message: String,
    help: &str,
    identity: Vec<String>,
) -> Finding {
    Finding {
        rule,
        confidence: Confidence::High,
        message,
        help: help.to_owned(),
        silent_if: "it is corrected or removed".to_owned(),
        primary: Evidence { location, role: Role::Config, label: "written here".to_owned() },
        evidence: Vec::new(),
        path: Vec::new(),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity,
    }
}

/// Whether it is for the file, the rules, and the reason; `None` for anything else.
fn parsed(text: &str) -> Option<(bool, Vec<String>, String)> {
    let (whole_file, rest) = match text.strip_prefix("allow-file") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("allow")?),
    };
    let (rules, reason) = rest.trim_start().strip_prefix('(')?.split_once(')')?;
    let rules: Vec<String> =
        rules.split(',').map(|rule| rule.trim().to_owned()).filter(|rule| !rule.is_empty()).collect();
    let reason = reason.trim().trim_start_matches([':', '-', '–']).trim();
    (!rules.is_empty()).then(|| (whole_file, rules, reason.to_owned()))
}

/// The line that a comment is about: its own where code stands before it, else the next one with code.
fn subject(text: &str, directive: &Directive) -> u32 {
    let own = directive.span.line;
    let mut lines = text.lines().skip(own as usize - 1);
    let before: String =
        lines.next().unwrap_or_default().chars().take(directive.span.column as usize - 1).collect();
    if !before.trim_start_matches('\u{feff}').trim().is_empty() {
        return own;
    }
    let passes = |line: &str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with("//") || line.starts_with("#[")
    };
    let skipped = lines.take_while(|line| passes(line)).count();
    own + 1 + u32::try_from(skipped).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Span;

    #[test]
    fn a_comment_names_rules_and_a_reason() {
        let read = |text| parsed(text).map(|(file, rules, reason)| (file, rules.join("+"), reason));
        assert_eq!(read("allow(a) why"), Some((false, "a".into(), "why".into())));
        assert_eq!(
            read("allow-file( a , b ): two of them"),
            Some((true, "a+b".into(), "two of them".into()))
        );
        assert_eq!(read("allow(a)"), Some((false, "a".into(), String::new())));
        for malformed in ["allow", "allow()", "allow a", "deny(a)", "allow(a", ""] {
            assert_eq!(read(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn a_comment_of_its_own_is_about_the_next_line_of_code() {
        let text = "fn a() {\n    // initpath: allow(x) why\n    // more\n\n    #[cfg(a)]\n    b(); // initpath: allow(x) why\n}\n";
        let at = |line, column| {
            let span = Span { line, column, end_line: line, end_column: column + 5 };
            subject(text, &Directive { span, text: String::new(), is_misspelt: false })
        };
        assert_eq!(at(2, 5), 6);
        assert_eq!(at(6, 10), 6);
    }
}
