//! Room 2, *workspace*: the files that a person or a hook names as changed. Must not read them.

use std::path::{Path, PathBuf};

use super::disk::{canonical, exists, repository_top};
use super::revision::git;
use super::tree::{normalized, relative};

/// Files as they were named, sorted out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedFiles {
    /// Where those are that are there, in the order in which they were named.
    pub there: Vec<PathBuf>,
    /// Those that are not there and that git does not know either, as they were named.
    pub unknown: Vec<PathBuf>,
}

/// Looks for files in the folder `here`, then from the top of the git repository around it, because git prints names from
/// there. Files that are gone, but stand in git's index or its last commit, were deleted: they are left out. Git is asked
/// only about what is not there, and not at all outside a repository.
pub fn named_files(here: &Path, named: &[PathBuf]) -> NamedFiles {
    let here = canonical(here).unwrap_or_else(|| here.to_path_buf());
    let top = repository_top(&here);
    let mut sorted = NamedFiles::default();
    for name in named {
        let from_here = here.join(name);
        let from_top = top.as_ref().map(|top| top.join(name));
        match [Some(&from_here), from_top.as_ref()].into_iter().flatten().find(|path| exists(path)) {
            Some(path) => sorted.there.push(path.clone()),
            None if top.as_ref().is_some_and(|top| is_known_to_git(top, &[&from_here, &top.join(name)])) => {}
            None => sorted.unknown.push(name.clone()),
        }
    }
    sorted
}

/// Whether one of these paths stands in the index or in the last commit of the repository at `top`.
fn is_known_to_git(top: &Path, paths: &[&Path]) -> bool {
    let names = paths.iter().map(|path| relative(top, &normalized(path)));
    let asked: String = names.map(|name| format!("HEAD:{name}\n:{name}\n")).collect();
    let Ok(told) = git(top, &["cat-file", "--batch-check"], asked.as_bytes()) else { return false };
    let told = String::from_utf8_lossy(&told.stdout);
    told.lines().any(|line| line.split(' ').nth(1) == Some("blob"))
}
