//! Room 2, *workspace*: the folder tree that packages and modules are read from, on disk or in memory. The readers
//! of manifests and modules see this alone, so examples in memory behave like real workspaces.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Presence, ReadCause, Walked};
use super::memory::MemoryTree;

/// Where texts come from.
#[derive(Debug)]
pub(super) enum Tree {
    Disk,
    Memory(MemoryTree),
    /// Another tree in which some files have other texts.
    Edited(Box<Tree>, BTreeMap<PathBuf, Arc<str>>),
}

impl Tree {
    /// What is found at `path`.
    pub(super) fn presence(&self, path: &Path) -> Presence {
        match self {
            Self::Disk => disk::presence(path),
            Self::Memory(memory) => memory.presence(path),
            Self::Edited(base, _) => base.presence(path),
        }
    }

    /// Whether `path` is a file.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.presence(path) == Presence::File
    }

    /// Whether `path` is a folder.
    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.presence(path) == Presence::Folder
    }

    /// Names of a folder's entries, sorted; empty when it cannot be listed.
    pub(super) fn names(&self, folder: &Path) -> Vec<String> {
        match self {
            Self::Disk => disk::names(folder),
            Self::Memory(memory) => memory.names(folder),
            Self::Edited(base, _) => base.names(folder),
        }
    }

    /// The text of a file, byte order mark included.
    pub(super) fn read(&self, path: &Path) -> Result<Arc<str>, ReadCause> {
        match self {
            Self::Disk => disk::read_file(path).map(Arc::from),
            Self::Memory(memory) => memory.read(path),
            Self::Edited(base, texts) => match texts.get(&self.identity(path)) {
                Some(text) => Ok(Arc::clone(text)),
                None => base.read(path),
            },
        }
    }

    /// The one path that stands for everything that leads to the same file: links resolved where the file exists,
    /// `.` and `..` removed otherwise.
    pub(super) fn identity(&self, path: &Path) -> PathBuf {
        match self {
            Self::Disk => disk::canonical(path).unwrap_or_else(|| normalized(path)),
            Self::Memory(_) => normalized(path),
            Self::Edited(base, _) => base.identity(path),
        }
    }

    /// Every manifest below a folder, build output and hidden folders left out. On disk the search may end before.
    pub(super) fn walk(&self, folder: &Path) -> Walked {
        match self {
            Self::Disk => disk::walk(folder, disk::MAX_FOLDERS),
            Self::Memory(memory) => memory.walk(folder),
            Self::Edited(base, _) => base.walk(folder),
        }
    }

    /// Every file below a folder whose name is wanted, build output and hidden folders left out.
    pub(super) fn files(&self, folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
        match self {
            Self::Disk => disk::files(folder, wanted),
            Self::Memory(memory) => memory.files(folder, wanted),
            Self::Edited(base, _) => base.files(folder, wanted),
        }
    }
}

/// `path` without `.` and `..`, as text alone allows: `..` at the top disappears.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            kept => plain.push(kept),
        }
    }
    plain
}

/// `path` as reports print it: relative to `root` with forward slashes, or whole when they have no folder in common.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    let in_common = root.ancestors().enumerate().find(|(_, folder)| path.starts_with(folder));
    let (climbs, below) = match in_common {
        Some((climbs, folder)) if folder.file_name().is_some() || climbs == 0 => {
            (climbs, path.strip_prefix(folder).unwrap_or(path))
        }
        _ => (0, path),
    };
    let mut text = vec![".."; climbs].join("/");
    for component in below.components() {
        if !text.is_empty() && !text.ends_with('/') {
            text.push('/');
        }
        match component {
            Component::RootDir => text.push('/'),
            other => text.push_str(&other.as_os_str().to_string_lossy()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reported_paths_are_relative_with_forward_slashes() {
        assert_eq!(relative(Path::new("/w"), Path::new("/w/crates/a/src/lib.rs")), "crates/a/src/lib.rs");
        assert_eq!(relative(Path::new("/w"), Path::new("/elsewhere/x.rs")), "/elsewhere/x.rs");
        assert_eq!(relative(Path::new("/w"), Path::new("/w")), "");
        assert_eq!(relative(Path::new("/w/a/b"), Path::new("/w/k8s/x.yaml")), "../../k8s/x.yaml");
    }

    #[test]
    fn dots_are_removed_from_paths() {
        assert_eq!(normalized(Path::new("/w/a/./b/../c.rs")), Path::new("/w/a/c.rs"));
        assert_eq!(normalized(Path::new("/../x.rs")), Path::new("/x.rs"));
    }
}
