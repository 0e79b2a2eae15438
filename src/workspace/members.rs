//! Room 2, *workspace*: which packages belong to a workspace, from manifests alone, as cargo decides it. Used when
//! cargo cannot be asked; it must come to the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::rc::Rc;

use super::discovery;
use super::disk::{Presence, ReadCause};
use super::found::{FoundDependency, FoundPackage, FoundProblem, FoundWorkspace, shortest_requirement};
use super::manifest::{self, DependencyEntry, Inheritable, Manifest, PackageTable, Place, WorkspaceTable};
use super::tree::{Tree, normalized};
use super::{Edition, PackageSource, wildcard};
use crate::problem::ProblemKind;

/// Reads the workspace that the manifest at `start` (a real path) belongs to, or its package alone when it belongs
/// to none; `reason` says why cargo was not used. The error is that of a manifest without which nothing can be known: its own or that of the root.
pub(super) fn read(tree: &Tree, start: &Path, reason: &str) -> Result<FoundWorkspace, FoundProblem> {
    let mut reading = Reading { tree, manifests: BTreeMap::new(), problems: Vec::new() };
    let root = reading.root_of(start)?;
    let Members { mut readable, all } = reading.members(&root)?;
    let mut root_path = root;
    if !all.contains(start) && root_path != start {
        // The package lies inside a workspace that does not list it. Cargo refuses that; it is read on its own.
        reading.problems.clear();
        reading.manifest(start)?;
        readable = BTreeSet::from([start.to_path_buf()]);
        root_path = start.to_path_buf();
    }
    let workspace = reading.manifest(&root_path)?;
    let root = folder_of(&root_path).to_path_buf();
    // Cargo names absolute paths; what is reported must not depend on where the workspace lies.
    let reason = reason.replace(&format!("{}{MAIN_SEPARATOR}", root.display()), "");
    let mut packages = Vec::new();
    for member in &readable {
        if let Ok(manifest) = reading.manifest(member)
            && let Some(package) = &manifest.package
        {
            packages.push(reading.package(&manifest, package, workspace.workspace.as_ref(), &root));
        }
    }
    let mut problems = reading.problems;
    let read = readable.iter().chain(std::iter::once(&root_path)).collect::<BTreeSet<_>>();
    problems.extend(
        read.into_iter()
            .filter_map(|path| reading.manifests.get(path)?.as_ref().ok())
            .flat_map(|m| m.problems.clone()),
    );
    Ok(FoundWorkspace { root, packages, problems, source: PackageSource::Manifests { reason } })
}

/// Whether a workspace's own words leave the manifest at `path` out.
pub(super) fn is_excluded(tree: &Tree, root: &Path, workspace: &WorkspaceTable, path: &Path) -> bool {
    let below = |written: &str| path.starts_with(tree.identity(&root.join(written)));
    workspace.exclude.iter().any(|written| below(written))
        && !workspace.members.iter().any(|(written, _)| below(written))
}

/// Reads and parses one manifest.
pub(super) fn read_manifest(tree: &Tree, path: &Path) -> Result<Manifest, FoundProblem> {
    let text = tree.read(path).map_err(|cause| {
        let (kind, (line, column)) = match cause {
            ReadCause::NotUtf8 { line, column } => (ProblemKind::NotUtf8, (line, column)),
            ReadCause::TooLarge => (ProblemKind::FileTooLarge, (0, 0)),
            _ => (ProblemKind::BadManifest, (0, 0)),
        };
        FoundProblem {
            path: path.to_path_buf(),
            line,
            column,
            kind,
            message: format!("the manifest {cause}"),
        }
    })?;
    manifest::parse(path, &text)
}

struct Reading<'tree> {
    tree: &'tree Tree,
    /// What was read so far, by real path.
    manifests: BTreeMap<PathBuf, Result<Rc<Manifest>, FoundProblem>>,
    problems: Vec<FoundProblem>,
}

impl Reading<'_> {
    fn manifest(&mut self, path: &Path) -> Result<Rc<Manifest>, FoundProblem> {
        if let Some(known) = self.manifests.get(path) {
            return known.clone();
        }
        let read = read_manifest(self.tree, path).map(Rc::new);
        self.manifests.insert(path.to_path_buf(), read.clone());
        read
    }

    /// The manifest of the workspace that `start` belongs to; `start` itself when there is none.
    fn root_of(&mut self, start: &Path) -> Result<PathBuf, FoundProblem> {
        let own = self.manifest(start);
        if let Ok(manifest) = &own {
            if manifest.workspace.is_some() {
                return Ok(start.to_path_buf());
            }
            if let Some(root) = self.pointed_at(manifest) {
                return Ok(root);
            }
        }
        for folder in folder_of(start).ancestors().skip(1) {
            let path = folder.join("Cargo.toml");
            if !self.tree.is_file(&path) {
                continue;
            }
            let path = self.tree.identity(&path);
            let above = self.manifest(&path)?;
            match &above.workspace {
                Some(workspace) if is_excluded(self.tree, folder, workspace, start) => {}
                Some(_) => return Ok(path),
                None => {
                    if let Some(root) = self.pointed_at(&above) {
                        return Ok(root);
                    }
                }
            }
        }
        own.map(|_| start.to_path_buf())
    }

    /// Where `package.workspace` leads, when there is a manifest.
    fn pointed_at(&mut self, manifest: &Manifest) -> Option<PathBuf> {
        let (written, (line, column)) = manifest.package.as_ref()?.workspace.as_ref()?;
        let path = folder_of(&manifest.path).join(written).join("Cargo.toml");
        if self.tree.is_file(&path) {
            return Some(self.tree.identity(&path));
        }
        let message =
            format!("`workspace = \"{written}\"` leads to no manifest; correct the path or remove it");
        let problem = FoundProblem {
            path: manifest.path.clone(),
            line: *line,
            column: *column,
            kind: ProblemKind::BadManifest,
            message,
        };
        self.problems.push(problem);
        None
    }

    /// Manifests of the members: the root package, what `members` lists, and every path dependency of these that
    /// lies in the root folder or names this workspace as its own.
    fn members(&mut self, root_path: &Path) -> Result<Members, FoundProblem> {
        let root = self.manifest(root_path)?;
        let Some(workspace) = &root.workspace else {
            let alone = BTreeSet::from([root_path.to_path_buf()]);
            return Ok(Members { readable: alone.clone(), all: alone });
        };
        let root_folder = folder_of(root_path).to_path_buf();
        let mut members = Members { readable: BTreeSet::new(), all: BTreeSet::new() };
        let mut waiting = vec![Candidate {
            manifest: root_path.to_path_buf(),
            depended_on: false,
            place: (0, 0),
            stated_in: root_path.into(),
        }];
        for (written, place) in &workspace.members {
            for folder in self.expand(&root_folder, written) {
                waiting.push(Candidate {
                    manifest: folder.join("Cargo.toml"),
                    depended_on: false,
                    place: *place,
                    stated_in: root_path.into(),
                });
            }
        }
        // Listed members first: being listed and being depended on differ in what a missing manifest means.
        waiting.reverse();
        while let Some(candidate) = waiting.pop() {
            if !self.tree.is_file(&candidate.manifest) {
                self.missing(&candidate, &root_folder);
                continue;
            }
            let path = self.tree.identity(&candidate.manifest);
            if members.all.contains(&path) {
                continue;
            }
            if candidate.depended_on
                && !path.starts_with(&root_folder)
                && self.root_of(&path).ok().as_deref() != Some(root_path)
            {
                continue;
            }
            if is_excluded(self.tree, &root_folder, workspace, &path) {
                continue;
            }
            members.all.insert(path.clone());
            let manifest = match self.manifest(&path) {
                Ok(manifest) => manifest,
                Err(problem) => {
                    self.problems.push(problem);
                    continue;
                }
            };
            members.readable.insert(path.clone());
            for entry in &manifest.dependencies {
                if let Some(folder) =
                    dependency_folder(entry, folder_of(&path), Some(workspace), &root_folder)
                {
                    waiting.push(Candidate {
                        manifest: folder.join("Cargo.toml"),
                        depended_on: true,
                        place: entry.place,
                        stated_in: path.clone(),
                    });
                }
            }
        }
        Ok(members)
    }

    fn missing(&mut self, candidate: &Candidate, root_folder: &Path) {
        let manifest = normalized(&candidate.manifest);
        // A package outside of the workspace would not be analysed anyway, so nothing is lost without it.
        if candidate.depended_on && !manifest.starts_with(root_folder) {
            return;
        }
        let named = super::tree::relative(root_folder, folder_of(&manifest));
        let (kind, message) = match self.tree.presence(&candidate.manifest) {
            Presence::LinkCycle => {
                (ProblemKind::LinkCycle, format!("the links at workspace member `{named}` lead in a circle"))
            }
            _ if candidate.depended_on => (
                ProblemKind::MissingMember,
                format!("the path dependency `{named}` has no Cargo.toml; correct its `path`"),
            ),
            _ => (
                ProblemKind::MissingMember,
                format!("the workspace member `{named}` has no Cargo.toml; correct `members`"),
            ),
        };
        let (line, column) = candidate.place;
        self.problems.push(FoundProblem { path: candidate.stated_in.clone(), line, column, kind, message });
    }

    /// Folders that an entry of `members` stands for; the entry itself when a pattern matches nothing.
    fn expand(&self, root: &Path, written: &str) -> Vec<PathBuf> {
        if !wildcard::is_pattern(written) {
            return vec![root.join(written)];
        }
        let mut folders = vec![root.to_path_buf()];
        for segment in written.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
            let mut next = Vec::new();
            for folder in &folders {
                if segment == "**" {
                    self.descend(folder, &mut next);
                } else if wildcard::is_pattern(segment) {
                    let names =
                        self.tree.names(folder).into_iter().filter(|name| wildcard::matches(segment, name));
                    next.extend(names.map(|name| folder.join(name)).filter(|path| self.tree.is_folder(path)));
                } else {
                    next.push(folder.join(segment));
                }
            }
            folders = next.into_iter().filter(|path| self.tree.is_folder(path)).collect();
        }
        if folders.is_empty() {
            return vec![root.join(written)];
        }
        folders.sort();
        folders.dedup();
        folders
    }

    /// A folder and every folder below it, links not followed: their real places are met as well.
    fn descend(&self, folder: &Path, folders: &mut Vec<PathBuf>) {
        let mut waiting = vec![folder.to_path_buf()];
        while let Some(folder) = waiting.pop() {
            let real = self.tree.identity(&folder);
            for name in self.tree.names(&folder) {
                let path = folder.join(&name);
                if self.tree.is_folder(&path) && self.tree.identity(&path) == real.join(&name) {
                    waiting.push(path);
                }
            }
            folders.push(folder);
        }
    }

    fn package(
        &mut self,
        manifest: &Manifest,
        package: &PackageTable,
        workspace: Option<&WorkspaceTable>,
        root: &Path,
    ) -> FoundPackage {
        let folder = folder_of(&manifest.path);
        let edition = match package.edition {
            Inheritable::Own(edition) => edition,
            Inheritable::Absent => Edition::E2015,
            Inheritable::FromWorkspace(place) => {
                workspace.and_then(|workspace| workspace.edition).unwrap_or_else(|| {
                    self.note(
                        manifest,
                        place,
                        "`edition.workspace` is set, but [workspace.package] has no `edition`; add one"
                            .into(),
                    );
                    Edition::E2015
                })
            }
        };
        let targets = discovery::targets(self.tree, manifest, package, edition, &mut self.problems);
        let mut dependencies = Vec::new();
        for entry in &manifest.dependencies {
            let inherited = workspace
                .filter(|_| entry.inherited)
                .and_then(|workspace| workspace.dependencies.get(&entry.key));
            if entry.inherited && inherited.is_none() {
                let message = format!(
                    "`{0}.workspace` is set, but [workspace.dependencies] has no `{0}`; add it",
                    entry.key
                );
                self.note(manifest, entry.place, message);
                continue;
            }
            let stated = inherited.unwrap_or(entry);
            let package = stated.package.clone().unwrap_or_else(|| entry.key.clone());
            dependencies.push(FoundDependency {
                rename: (package != entry.key).then(|| entry.key.clone()),
                package,
                folder: dependency_folder(entry, folder, workspace, root)
                    .map(|folder| self.tree.identity(&folder)),
                version: stated.version.as_deref().map(shortest_requirement).unwrap_or_default(),
                kind: entry.kind,
            });
        }
        let features = with_optional_dependencies(manifest);
        FoundPackage {
            name: package.name.clone(),
            folder: folder.to_path_buf(),
            dependencies,
            features,
            targets,
        }
    }

    fn note(&mut self, manifest: &Manifest, (line, column): Place, message: String) {
        self.problems.push(FoundProblem {
            path: manifest.path.clone(),
            line,
            column,
            kind: ProblemKind::BadManifest,
            message,
        });
    }
}

/// Manifests of the members of a workspace.
struct Members {
    /// Those that are TOML.
    readable: BTreeSet<PathBuf>,
    /// All that exist.
    all: BTreeSet<PathBuf>,
}

/// A manifest that may be a member.
struct Candidate {
    manifest: PathBuf,
    /// Whether only a dependency leads to it.
    depended_on: bool,
    /// Where it is stated, and in which manifest.
    place: Place,
    stated_in: PathBuf,
}

/// The folder of a path dependency; an inherited path starts at the workspace root.
fn dependency_folder(
    entry: &DependencyEntry,
    own: &Path,
    workspace: Option<&WorkspaceTable>,
    root: &Path,
) -> Option<PathBuf> {
    if entry.inherited {
        let stated = workspace?.dependencies.get(&entry.key)?;
        return stated.path.as_ref().map(|path| root.join(path));
    }
    entry.path.as_ref().map(|path| own.join(path))
}

/// The features of a manifest with those that optional dependencies imply: one of the same name, unless some
/// feature speaks of the dependency as `dep:name`.
fn with_optional_dependencies(manifest: &Manifest) -> BTreeMap<String, Vec<String>> {
    let mut features = manifest.features.clone();
    let spoken_of: BTreeSet<String> = features
        .values()
        .flatten()
        .filter_map(|enabled| enabled.strip_prefix("dep:"))
        .map(str::to_owned)
        .collect();
    for entry in
        manifest.dependencies.iter().filter(|entry| entry.optional && !spoken_of.contains(&entry.key))
    {
        features.entry(entry.key.clone()).or_insert_with(|| vec![format!("dep:{}", entry.key)]);
    }
    features
}

fn folder_of(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new(""))
}
