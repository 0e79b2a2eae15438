//! Room 1, *cli*: `report --patch`. Every edit is applied in memory and the workspace analysed again; it is offered only if
//! its findings are gone and nothing new appeared.

use std::collections::{BTreeMap, BTreeSet};

use super::options::AnalysisOptions;
use super::{Stop, second_look};
use crate::analysis::Settings;
use crate::location::Span;
use crate::plan::{Edit, applied};
use crate::report::ChangedFile;
use crate::workspace::{self, SourceFile};

/// What a second look at an edited workspace gives.
struct Looked {
    fingerprints: BTreeSet<String>,
    problems: usize,
}

/// The edits that hold, as changed files, and the titles of those that do not.
pub(super) fn verified(
    edits: &[Edit],
    files: &[SourceFile],
    wanted: &AnalysisOptions,
    settings: &Settings,
) -> Result<(Vec<ChangedFile>, Vec<String>), Stop> {
    let mut accepted: Vec<&Edit> = Vec::new();
    let mut refused = Vec::new();
    let mut known = look(&BTreeMap::new(), wanted, settings)?;
    for edit in edits {
        accepted.push(edit);
        let looked = match texts(&accepted, files) {
            Some(texts) => look(&texts, wanted, settings)?,
            None => {
                accepted.pop();
                refused.push(edit.title.clone());
                continue;
            }
        };
        let gone = edit.removes.iter().all(|fingerprint| !looked.fingerprints.contains(fingerprint));
        let nothing_new = looked.fingerprints.is_subset(&known.fingerprints);
        if gone && nothing_new && looked.problems <= known.problems {
            known = looked;
        } else {
            accepted.pop();
            refused.push(edit.title.clone());
        }
    }
    let changed = texts(&accepted, files).unwrap_or_default().into_iter().map(|(path, after)| {
        let before = files.iter().find(|file| file.path == path).map_or("", |file| &file.text);
        ChangedFile { path, before: before.to_owned(), after }
    });
    Ok((changed.collect(), refused))
}

/// The files that edits change, by path; `None` when edits overlap.
fn texts(edits: &[&Edit], files: &[SourceFile]) -> Option<BTreeMap<String, String>> {
    let mut changes: BTreeMap<u32, Vec<(Span, &str)>> = BTreeMap::new();
    for (location, new) in edits.iter().flat_map(|edit| &edit.changes) {
        let changes = changes.entry(location.file.0).or_default();
        // Two edits may need the same clone.
        if !changes.contains(&(location.span, new.as_str())) {
            changes.push((location.span, new));
        }
    }
    let mut edited = BTreeMap::new();
    for (file, changes) in changes {
        let file = files.get(file as usize)?;
        edited.insert(file.path.clone(), applied(&file.text, &changes)?);
    }
    Some(edited)
}

fn look(
    texts: &BTreeMap<String, String>,
    wanted: &AnalysisOptions,
    settings: &Settings,
) -> Result<Looked, Stop> {
    let mut workspace = workspace::open(&wanted.request).map_err(Stop::refused)?;
    for (path, text) in texts {
        workspace.edit(path, text);
    }
    let (report, ()) = second_look::look(workspace, wanted, settings, |_| ())?;
    let fingerprints = report.findings.into_iter().map(|settled| settled.fingerprint).collect();
    Ok(Looked { fingerprints, problems: report.problems.len() })
}
