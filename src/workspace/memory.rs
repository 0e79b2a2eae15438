//! Room 2, *workspace*: a workspace that exists in memory alone, for rule pages and tests. It must not behave
//! differently from a workspace on disk: the same readers run over it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::assemble::nothing_to_analyse;
use super::disk::{MAX_FILE_BYTES, Presence, ReadCause, Walked, is_skipped_folder};
use super::open::{OpenError, Request, open_in};
use super::tree::{Tree, normalized, relative};
use super::{Deployment, PackageSource, SqlFiles, Workspace};
use crate::problem::{Problem, ProblemKind};

/// The folder that the files of a workspace in memory seem to lie in. It is not the top of the tree, so that a
/// path can lead out of the workspace as it can on disk.
const ROOT: &str = "/memory";

/// Why cargo is not asked about such a workspace.
pub(super) const IN_MEMORY: &str = "the workspace is in memory";

/// A workspace made of `(path, text)` pairs; paths are relative to its root and use forward slashes. Manifests
/// among them are read like those on disk: with a `Cargo.toml` at the root that is the workspace, otherwise every
/// workspace below is merged. What would stop [`super::open()`] is a problem here, so this never fails. Target roots
/// and modules are read by [`Workspace::load_modules`].
pub fn in_memory(files: &[(&str, &str)]) -> Workspace {
    let root = PathBuf::from(ROOT);
    let files = files.iter().map(|(path, text)| (normalized(&root.join(path)), Arc::from(*text))).collect();
    let tree = MemoryTree { files };
    let request = Request { start: root.clone(), ..Request::default() };
    open_in(Tree::Memory(tree.clone()), None, &request, &mut |_, _| {}).unwrap_or_else(|error| {
        let bad_manifest = match &error {
            OpenError::BadManifest { path, line, column, message } => Some(Problem {
                file: relative(&root, path),
                line: *line,
                column: *column,
                kind: ProblemKind::BadManifest,
                message: message.clone(),
            }),
            _ => None,
        };
        Workspace {
            problems: std::iter::once(nothing_to_analyse()).chain(bad_manifest).collect(),
            root,
            packages: Vec::new(),
            targets: Vec::new(),
            files: Vec::new(),
            deployment: Deployment::default(),
            environment: Vec::new(),
            sql: SqlFiles::default(),
            source: PackageSource::Manifests { reason: IN_MEMORY.into() },
            tree: Tree::Memory(tree),
        }
    })
}

/// Texts by path.
#[derive(Debug, Clone)]
pub(super) struct MemoryTree {
    files: BTreeMap<PathBuf, Arc<str>>,
}

impl MemoryTree {
    pub(super) fn presence(&self, path: &Path) -> Presence {
        let path = normalized(path);
        if self.files.contains_key(&path) {
            Presence::File
        } else if self.below(&path).next().is_some() {
            Presence::Folder
        } else {
            Presence::Absent
        }
    }

    pub(super) fn names(&self, folder: &Path) -> Vec<String> {
        let folder = normalized(folder);
        let names: BTreeSet<String> = self
            .below(&folder)
            .filter_map(|path| path.strip_prefix(&folder).ok()?.components().next())
            .map(|first| first.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.into_iter().collect()
    }

    pub(super) fn read(&self, path: &Path) -> Result<Arc<str>, ReadCause> {
        match self.files.get(&normalized(path)) {
            Some(text) if text.len() as u64 > MAX_FILE_BYTES => Err(ReadCause::TooLarge),
            Some(text) => Ok(Arc::clone(text)),
            None if self.presence(path) == Presence::Folder => Err(ReadCause::NotAFile),
            None => Err(ReadCause::NotFound),
        }
    }

    pub(super) fn walk(&self, folder: &Path) -> Walked {
        let manifests = self
            .below(folder)
            .filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"))
            .filter(|path| !relative(folder, path).split('/').any(is_skipped_folder))
            .cloned()
            .collect();
        Walked { manifests, ..Walked::default() }
    }

    pub(super) fn files(&self, folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
        self.below(folder)
            .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(wanted))
            .filter(|path| !relative(folder, path).split('/').any(is_skipped_folder))
            .cloned()
            .collect()
    }

    /// Files below a folder. Paths are ordered by component, so they follow each other.
    fn below<'tree>(&'tree self, folder: &Path) -> impl Iterator<Item = &'tree PathBuf> {
        let folder = folder.to_path_buf();
        let after = (Bound::Excluded(folder.clone()), Bound::Unbounded);
        self.files.range(after).map(|(path, _)| path).take_while(move |path| path.starts_with(&folder))
    }
}
