//! Room 7, *settle*: the list of findings that a team has accepted for now, by identity. A new finding is never in it,
//! whatever its number; moving code changes nothing.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use crate::location::{FileId, Location, Span};

/// Name of the baseline file, in the root of the workspace.
pub const BASELINE_FILE_NAME: &str = "initpath-baseline.json";

/// Accepted findings, by their fingerprints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The fingerprints.
    pub accepted: BTreeSet<String>,
    /// Its file among the files of the workspace, for findings about it.
    pub file: Option<FileId>,
}

/// Why a text is no baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineError {
    /// Line, from 1; 0 where only the whole is wrong.
    pub line: u32,
    /// One sentence without a full stop.
    pub message: String,
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

impl std::error::Error for BaselineError {}

/// The version of the format that is written and read.
const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireBaseline {
    version: u32,
    findings: Vec<String>,
}

impl Baseline {
    /// Reads what [`Baseline::text`] writes. Order, spaces and repetitions, as merges leave them, do not matter.
    ///
    /// # Errors
    /// Where it is no JSON of this shape, or of another version.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let read: WireBaseline = serde_json::from_str(text).map_err(|error| BaselineError {
            line: u32::try_from(error.line()).unwrap_or(0),
            message: format!("it is no baseline: {error}"),
        })?;
        if read.version != VERSION {
            let message = format!("it has version {}, and this initpath knows {VERSION}", read.version);
            return Err(BaselineError { line: 0, message });
        }
        Ok(Self { accepted: read.findings.into_iter().collect(), file: None })
    }

    /// The file's text: sorted, one entry per line, so that two branches which add entries merge.
    pub fn text(&self) -> String {
        let entry = |fingerprint: &String| {
            serde_json::to_string(fingerprint).expect("every string can be written as JSON")
        };
        let entries: Vec<String> = self.accepted.iter().map(|one| format!("\n    {}", entry(one))).collect();
        let end = if entries.is_empty() { "" } else { "\n  " };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": [{}{end}]\n}}\n", entries.join(","))
    }

    /// Where an entry stands in the file's text.
    pub(super) fn place(&self, text: &str, fingerprint: &str) -> Option<Location> {
        let written = serde_json::to_string(fingerprint).ok()?;
        let row = text.lines().position(|line| line.trim().trim_end_matches(',') == written);
        let line = row.and_then(|row| u32::try_from(row + 1).ok()).unwrap_or(1);
        let span = Span { line, column: 1, end_line: line, end_column: 1 };
        Some(Location { file: self.file?, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_has_one_entry_per_line() {
        let accepted = ["b:\"quoted\"", "a"].into_iter().map(str::to_owned).collect();
        let baseline = Baseline { accepted, file: None };
        let text = baseline.text();
        assert_eq!(
            text,
            "{\n  \"version\": 1,\n  \"findings\": [\n    \"a\",\n    \"b:\\\"quoted\\\"\"\n  ]\n}\n"
        );
        assert_eq!(Baseline::read(&text), Ok(baseline));
        assert_eq!(Baseline::default().text(), "{\n  \"version\": 1,\n  \"findings\": []\n}\n");
    }

    #[test]
    fn a_merge_in_any_order_is_read() {
        let text = "{\"version\": 1, \"findings\": [\"b\", \"a\", \"b\"]}";
        assert_eq!(Baseline::read(text).map(|read| read.accepted.len()), Ok(2));
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_its_line() {
        assert_eq!(Baseline::read("{\n<<<<<<< HEAD\n").map_err(|error| error.line), Err(2));
        assert!(Baseline::read("{\"version\": 2, \"findings\": []}").is_err());
        assert!(Baseline::read("{\"version\": 1, \"findings\": [], \"count\": 3}").is_err());
        assert!(Baseline::read("[]").is_err());
    }
}
