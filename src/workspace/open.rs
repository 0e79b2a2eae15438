//! Room 2, *workspace*: from the folder a person stands in to an opened workspace. It must not read source files.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use super::assemble::assemble;
use super::cargo::Cargo;
use super::disk::{MAX_FOLDERS, Walked};
use super::found::{FoundProblem, FoundWorkspace};
use super::memory::IN_MEMORY;
use super::tree::Tree;
use super::{PackageSource, Workspace, members};
use crate::problem::ProblemKind;

/// What to open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The folder the user stands in.
    pub start: PathBuf,
    /// `--manifest-path`: a `Cargo.toml` or a folder, relative to `start` unless absolute.
    pub manifest_path: Option<PathBuf>,
    /// `-p`: names or patterns; empty selects every member.
    pub packages: Vec<String>,
    /// `--exclude`: names or patterns.
    pub exclude: Vec<String>,
    /// `--workspace`: every member, whatever `packages` says.
    pub whole_workspace: bool,
    /// `--offline`. Cargo is always asked offline, so this changes nothing.
    pub offline: bool,
    /// `--locked`, handed to cargo.
    pub locked: bool,
    /// `--frozen`, handed to cargo.
    pub frozen: bool,
}

impl Request {
    /// Whether some packages are left out by name.
    pub fn is_a_part(&self) -> bool {
        !self.exclude.is_empty() || (!self.packages.is_empty() && !self.whole_workspace)
    }
}

/// Why nothing could be opened. The `Display` form is a sentence that says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// The folder or manifest asked for does not exist.
    NotFound {
        /// As it was asked for.
        path: PathBuf,
    },
    /// `--manifest-path` names a file that is not called `Cargo.toml`.
    NotAManifest {
        /// As it was asked for.
        path: PathBuf,
    },
    /// There is no manifest in the folder, above it or below it.
    NoManifest {
        /// The folder.
        start: PathBuf,
    },
    /// There is no manifest in the folder or above it, and too much below it.
    TooManyFolders {
        /// The folder.
        start: PathBuf,
    },
    /// The manifest everything depends on cannot be read or understood.
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// 1-based line, 0 when unknown.
        line: u32,
        /// 1-based column in characters, 0 when unknown.
        column: u32,
        /// What is wrong with it.
        message: String,
    },
    /// `-p` and `--exclude` leave no package.
    NothingSelected,
    /// `-p` or `--exclude` names a package that is not a member.
    UnknownPackage {
        /// As it was written.
        name: String,
        /// The most similar member, if one is similar.
        suggestion: Option<String>,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => {
                write!(f, "`{}` does not exist; check the path", path.display())
            }
            Self::NotAManifest { path } => {
                write!(
                    f,
                    "`{}` is not a manifest; give the path of a Cargo.toml or of a folder",
                    path.display()
                )
            }
            Self::NoManifest { start } => write!(
                f,
                "there is no Cargo.toml in `{}`, above it or below it; go to a Rust project or name one with --manifest-path",
                start.display()
            ),
            Self::TooManyFolders { start } => write!(
                f,
                "there is no Cargo.toml in `{}` or above it, and more than {MAX_FOLDERS} folders lie below it; go to a Rust project or name one with --manifest-path",
                start.display()
            ),
            Self::BadManifest { path, line: 0, message, .. } => {
                write!(f, "`{}` cannot be used: {message}; correct it and run again", path.display())
            }
            Self::BadManifest { path, line, column, message } => {
                write!(
                    f,
                    "`{}:{line}:{column}` cannot be used: {message}; correct it and run again",
                    path.display()
                )
            }
            Self::NothingSelected => {
                write!(f, "no package is left to report on; take back a part of `-p` and `--exclude`")
            }
            Self::UnknownPackage { name, suggestion: Some(known) } => {
                write!(f, "no package `{name}` in this workspace; did you mean `{known}`?")
            }
            Self::UnknownPackage { name, suggestion: None } => {
                write!(
                    f,
                    "no package `{name}` in this workspace; `cargo metadata --no-deps` lists its members"
                )
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens the workspace around `request.start` (or of `request.manifest_path`): the nearest manifest at or above it
/// decides, and always the whole workspace is opened. Where there is none, every workspace below the folder is
/// opened, and all are merged into one value whose root is that folder; more than [`MAX_FOLDERS`] folders are not searched.
/// Source files are not read yet.
///
/// Packages come from `cargo metadata`, run offline; when cargo cannot answer, from the manifests, and a problem
/// says so.
pub fn open(request: &Request) -> Result<Workspace, OpenError> {
    open_telling(request, &mut |_, _| {})
}

/// [`open`], which tells of the folder and the manifests below it before it reads them, where there is none above: there may
/// be many.
pub fn open_telling(
    request: &Request,
    tell: &mut dyn FnMut(&Path, &[PathBuf]),
) -> Result<Workspace, OpenError> {
    let cargo = Cargo::around(request.locked, request.frozen);
    open_in(Tree::Disk, Some(&cargo), request, tell)
}

/// [`open_telling`] over any tree, with cargo or without.
pub(super) fn open_in(
    tree: Tree,
    cargo: Option<&Cargo>,
    request: &Request,
    tell: &mut dyn FnMut(&Path, &[PathBuf]),
) -> Result<Workspace, OpenError> {
    let asked_for =
        request.manifest_path.as_ref().map_or_else(|| request.start.clone(), |path| request.start.join(path));
    let folder = if tree.is_folder(&asked_for) {
        tree.identity(&asked_for)
    } else if !tree.is_file(&asked_for) {
        return Err(OpenError::NotFound { path: asked_for });
    } else if asked_for.file_name().is_none_or(|name| name != "Cargo.toml") {
        return Err(OpenError::NotAManifest { path: asked_for });
    } else {
        let manifest = tree.identity(&asked_for);
        let found = open_one(&tree, cargo, &manifest).map_err(unusable)?;
        return assemble(tree, found.root.clone(), vec![found], request);
    };
    let above = folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| tree.is_file(path));
    match above {
        Some(manifest) => {
            let found = open_one(&tree, cargo, &tree.identity(&manifest)).map_err(unusable)?;
            assemble(tree, found.root.clone(), vec![found], request)
        }
        None => {
            let mut walked = tree.walk(&folder);
            if walked.is_cut {
                return Err(OpenError::TooManyFolders { start: folder });
            }
            walked.manifests.sort_by_key(|path| (path.components().count(), path.clone()));
            tell(&folder, &walked.manifests);
            let found = open_below(&tree, cargo, &folder, walked);
            if found.is_empty() {
                return Err(OpenError::NoManifest { start: folder });
            }
            assemble(tree, folder, found, request)
        }
    }
}

fn unusable(problem: FoundProblem) -> OpenError {
    let FoundProblem { path, line, column, kind: _, message } = problem;
    OpenError::BadManifest { path, line, column, message }
}

/// The workspace of one manifest (a real path).
fn open_one(tree: &Tree, cargo: Option<&Cargo>, manifest: &Path) -> Result<FoundWorkspace, FoundProblem> {
    let Some(cargo) = cargo else {
        return members::read(tree, manifest, IN_MEMORY);
    };
    let reason = match cargo.ask(tree, manifest) {
        Ok(found) => return Ok(found),
        Err(reason) => reason,
    };
    let mut found = members::read(tree, manifest, &reason)?;
    let PackageSource::Manifests { reason } = &found.source else {
        return Ok(found);
    };
    let message =
        format!("cargo could not describe the workspace, its manifests were read instead: {reason}");
    found.problems.push(FoundProblem {
        path: PathBuf::new(),
        line: 0,
        column: 0,
        kind: ProblemKind::CargoUnavailable,
        message,
    });
    Ok(found)
}

/// Every workspace that a walk found below a folder, those above others first. A manifest that cannot be read is a problem of a
/// workspace without packages. Empty when there is no manifest at all.
fn open_below(tree: &Tree, cargo: Option<&Cargo>, folder: &Path, walked: Walked) -> Vec<FoundWorkspace> {
    if walked.manifests.is_empty() {
        return Vec::new();
    }
    let mut notes = FoundWorkspace {
        root: folder.to_path_buf(),
        packages: Vec::new(),
        problems: Vec::new(),
        source: PackageSource::CargoMetadata,
    };
    let note = |path, kind, message: String| FoundProblem { path, line: 0, column: 0, kind, message };
    for path in walked.cycles {
        notes.problems.push(note(
            path,
            ProblemKind::LinkCycle,
            "the link leads in a circle and was not followed".into(),
        ));
    }
    for (path, why) in walked.refused {
        notes.problems.push(note(
            path,
            ProblemKind::UnreadableFile,
            format!("the folder cannot be read: {why}"),
        ));
    }
    let mut opened: Vec<FoundWorkspace> = Vec::new();
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    for manifest in walked.manifests {
        let manifest = tree.identity(&manifest);
        if known.contains(&manifest) || (belongs_above(tree, &manifest, &opened)) {
            continue;
        }
        match open_one(tree, cargo, &manifest) {
            Ok(found) => {
                known.insert(found.root.join("Cargo.toml"));
                known.extend(found.packages.iter().map(|package| package.folder.join("Cargo.toml")));
                known.extend(found.problems.iter().map(|problem| problem.path.clone()));
                opened.push(found);
            }
            Err(problem) => notes.problems.push(problem),
        }
    }
    opened.push(notes);
    opened
}

/// Whether a manifest lies inside an opened workspace that neither lists nor excludes it. Cargo refuses to use such
/// a package, which usually is a template or test data.
fn belongs_above(tree: &Tree, manifest: &Path, opened: &[FoundWorkspace]) -> bool {
    let stands_alone = |read: &super::manifest::Manifest| {
        read.workspace.is_some() || read.package.as_ref().is_some_and(|package| package.workspace.is_some())
    };
    if members::read_manifest(tree, manifest).is_ok_and(|read| stands_alone(&read)) {
        return false;
    }
    opened.iter().filter(|found| manifest.starts_with(&found.root)).any(|found| {
        members::read_manifest(tree, &found.root.join("Cargo.toml")).is_ok_and(|root| {
            root.workspace.is_some_and(|table| !members::is_excluded(tree, &found.root, &table, manifest))
        })
    })
}

#[cfg(test)]
mod equal_without_cargo;
#[cfg(test)]
mod tests;
