//! Room 2, *workspace*: the only room that touches the disk or runs cargo.
//!
//! [`open()`] finds the packages and their targets; [`Workspace::load_modules`] reads target roots and what their
//! `mod` declarations reach, and nothing else. What a file declares is told by the parser it is given: nothing here
//! looks inside Rust code.

mod applied_folders;
mod assemble;
mod cargo;
mod deployment;
mod discovery;
mod disk;
mod environment_files;
mod found;
mod manifest;
mod members;
mod memory;
mod modules;
mod named_files;
mod open;
mod revision;
mod sql_files;
mod text;
mod tree;
mod wildcard;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::location::{FileId, Location, Span};
use crate::problem::Problem;

pub use applied_folders::MigratorCommand;
pub use deployment::{DeclaredCommand, DeclaredCopies, DeclaredKind, DeclaredProbe, Deployment};
pub use disk::{
    MAX_FILE_BYTES, MAX_FOLDERS, ReadCause, ReadError, WriteError, exists, is_folder, read_text,
    read_text_if_there, repository_prefix, write_new_text, write_text,
};
pub use memory::in_memory;
pub use modules::{ModDeclaration, ModuleNode, PARSER_STACK_BYTES};
pub use named_files::{NamedFiles, named_files};
pub use open::{OpenError, Request, open, open_telling};
pub use revision::{RevisionError, changed_since, open_revision};
pub use sql_files::{AskedFolder, EmbeddedFile, EmbeddedSql, RepeatedVersion, SqlFiles};
pub use text::Lines;

/// Index of a package in [`Workspace::packages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// Index of a target in [`Workspace::targets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// The packages of a workspace, their targets and the source texts read so far.
#[derive(Debug)]
pub struct Workspace {
    /// Absolute path of the folder all reported paths are relative to.
    pub root: PathBuf,
    /// Workspace members, sorted by manifest path.
    pub packages: Vec<Package>,
    /// All targets of all packages, sorted by package, kind and name.
    pub targets: Vec<Target>,
    /// Source files in the order of their path, then deployment files in the order of theirs, then environment files.
    pub files: Vec<SourceFile>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What is known of how its services are deployed, filled by [`Workspace::load_deployment`].
    pub deployment: Deployment,
    /// The SQL files that its sources embed, filled by [`Workspace::load_sql`].
    pub sql: SqlFiles,
    /// How the packages were found.
    pub source: PackageSource,
    /// The variables that environment files set, filled by [`Workspace::load_environment_files`].
    environment: Vec<environment_files::SetVariable>,
    /// Where texts are read from.
    tree: tree::Tree,
}

impl Workspace {
    /// Whether a package, by name, may name a crate in its code, by the name that code uses.
    pub fn depends_on(&self, package: &str, krate: &str) -> bool {
        let mut packages = self.packages.iter().filter(|one| one.name == package);
        packages.any(|one| one.dependencies.iter().any(|dependency| dependency.name_in_code == krate))
    }

    /// The package that a file belongs to, by the folders it lies in: the nearest one above it.
    pub fn package_around(&self, file: &str) -> Option<&Package> {
        let folders = self.packages.iter().filter_map(|package| {
            let folder = Path::new(&package.manifest).parent()?;
            Path::new(file).starts_with(folder).then_some((folder, package))
        });
        let nearest = folders.max_by_key(|(folder, _)| folder.components().count())?;
        Some(nearest.1)
    }

    /// The titles of the binaries of the packages that the user selected.
    pub fn selected_binaries(&self) -> BTreeSet<String> {
        let titled = self.targets.iter().zip(self.target_titles());
        let selected = titled.filter(|(target, _)| {
            target.kind == TargetKind::Bin && self.packages[target.package.0 as usize].selected
        });
        selected.map(|(_, title)| title).collect()
    }

    /// For each target the name by which it is told from others: its own, with the package before it (`shop/server`) for
    /// binaries of one name in several packages.
    pub fn target_titles(&self) -> Vec<String> {
        let mut packages: BTreeMap<&str, BTreeSet<PackageId>> = BTreeMap::new();
        let is_binary = |target: &Target| target.kind == TargetKind::Bin;
        for target in self.targets.iter().filter(|target| is_binary(target)) {
            packages.entry(&target.name).or_default().insert(target.package);
        }
        let title = |target: &Target| {
            let several = packages.get(target.name.as_str()).is_some_and(|packages| packages.len() > 1);
            match is_binary(target) && several {
                true => format!("{}/{}", self.packages[target.package.0 as usize].name, target.name),
                false => target.name.clone(),
            }
        };
        self.targets.iter().map(title).collect()
    }

    /// The packages that are there for tests alone: their names begin or end with a word for them (`test-utils`,
    /// `integration-tests`), and no package of another kind needs them. A workspace with one package has none. Quadratic in
    /// the packages of such names.
    pub fn test_support(&self) -> BTreeSet<PackageId> {
        if self.packages.len() < 2 {
            return BTreeSet::new();
        }
        let all = || (0..).map(PackageId).zip(&self.packages);
        let mut found: BTreeSet<PackageId> =
            all().filter(|(_, package)| is_named_after_tests(&package.name)).map(|(id, _)| id).collect();
        loop {
            let others =
                all().filter(|(id, _)| !found.contains(id)).flat_map(|(_, other)| &other.dependencies);
            let needed: BTreeSet<PackageId> =
                others.filter(|one| !one.dev_only).filter_map(|one| one.member).collect();
            let before = found.len();
            found.retain(|id| !needed.contains(id));
            if found.len() == before {
                return found;
            }
        }
    }

    /// Whether two files belong to one package.
    pub fn belong_together(&self, one: FileId, other: FileId) -> bool {
        let package = |file: FileId| {
            let file = self.files.get(file.0 as usize)?;
            self.package_around(&file.path).map(|package| &package.manifest)
        };
        package(one).is_some() && package(one) == package(other)
    }

    /// Gives a file another text than the one on disk, which stays as it is. Must be called before modules are loaded.
    pub fn edit(&mut self, path: &str, text: &str) {
        let identity = self.tree.identity(&self.root.join(path));
        let base = std::mem::replace(&mut self.tree, tree::Tree::Disk);
        let texts = std::iter::once((identity, Arc::from(text))).collect();
        self.tree = tree::Tree::Edited(Box::new(base), texts);
    }

    /// The file that was read from this absolute path; else the one whose path from the root is the end of it.
    pub fn file_at(&self, path: &Path) -> Option<FileId> {
        let shown = tree::relative(&self.root, &self.tree.identity(path));
        let ends =
            |file: &SourceFile| shown.strip_suffix(&file.path).is_some_and(|before| before.ends_with('/'));
        let exact = self.files.iter().position(|file| file.path == shown);
        let found = exact.or_else(|| self.files.iter().position(ends));
        found.map(|index| FileId(index as u32))
    }

    /// A path as reports print it: relative to the root with forward slashes where it lies below.
    pub fn shown(&self, path: &Path) -> String {
        tree::relative(&self.root, &self.tree.identity(path))
    }

    /// Makes a text one of the files, after those that were read, so that findings can point into it.
    pub fn add_file(&mut self, path: &Path, text: &str) -> FileId {
        let file = FileId(self.files.len() as u32);
        self.files.push(SourceFile { path: self.shown(path), text: Arc::from(text) });
        file
    }

    /// Declares probes in a file that was added.
    pub fn declare_probes(
        &mut self,
        file: FileId,
        probes: impl Iterator<Item = (DeclaredKind, String, Span)>,
    ) {
        let declared =
            probes.map(|(kind, path, span)| DeclaredProbe { kind, path, location: Location { file, span } });
        self.deployment.probes.extend(declared);
    }

    /// Puts problems in the order of their place and removes repetitions.
    fn order_problems(&mut self) {
        self.problems.sort();
        self.problems.dedup();
    }
}

/// How the packages were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageSource {
    /// `cargo metadata` answered.
    CargoMetadata,
    /// Manifests were read, for the reason given.
    Manifests {
        /// Why cargo was not used, as a sentence.
        reason: String,
    },
}

/// A workspace member.
#[derive(Debug)]
pub struct Package {
    /// Its name in the manifest.
    pub name: String,
    /// Path of its manifest, relative to the workspace root, forward slashes.
    pub manifest: String,
    /// Whether findings with their primary place in it are wanted (`-p`, `--exclude`).
    pub selected: bool,
    /// Whether it is one of those that findings were not wanted for, by name.
    pub excluded: bool,
    /// Dependencies of every kind, one per name in code and package, sorted by both.
    pub dependencies: Vec<Dependency>,
    /// `default` and the features it switches on in the same package, transitively, sorted.
    pub default_features: Vec<String>,
}

/// Whether the name of a package says that it is there for tests. An application may well end in `test`, or be about A/B testing.
fn is_named_after_tests(name: &str) -> bool {
    const FIRST: [&str; 3] = ["test", "testing", "tests"];
    const LAST: [&str; 6] = ["e2e", "testing", "testkit", "tests", "testutil", "testutils"];
    const AFTER_TEST: [&str; 6] = ["fixtures", "harness", "helpers", "support", "util", "utils"];
    let words: Vec<&str> = name.split(['-', '_']).collect();
    if words.ends_with(&["ab", "testing"]) {
        return false;
    }
    words.first().is_some_and(|first| FIRST.contains(first))
        || words.last().is_some_and(|last| LAST.contains(last))
        || words.ends_with(&["integration", "test"])
        || words.windows(2).any(|pair| pair[0] == "test" && AFTER_TEST.contains(&pair[1]))
}

/// A dependency as one package sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The first path segment that code uses for it: renamed if the manifest renames it, the library's name if it is
    /// a member, `-` as `_`.
    pub name_in_code: String,
    /// The package's own name.
    pub package: String,
    /// The member it is, when it is one.
    pub member: Option<PackageId>,
    /// The version requirement in its shortest form (`"0.8"`), empty when any version will do.
    pub version: String,
    /// Whether only tests, examples and benches see it.
    pub dev_only: bool,
}

/// Rust edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    /// 2015: paths in `use` start at the crate root.
    E2015,
    /// 2018 and 2021.
    E2018,
    /// 2024: temporaries in conditions end earlier.
    E2024,
}

/// What a target is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// Library, also proc-macro and cdylib.
    Lib,
    /// Binary.
    Bin,
    /// Example.
    Example,
    /// Integration test.
    Test,
    /// Benchmark.
    Bench,
    /// `build.rs`.
    BuildScript,
}

/// A compilation root.
#[derive(Debug)]
pub struct Target {
    /// The package it belongs to.
    pub package: PackageId,
    /// What it is for.
    pub kind: TargetKind,
    /// Its crate name in code (`-` as `_` for libraries), the binary's name otherwise.
    pub name: String,
    /// Its edition.
    pub edition: Edition,
    /// Path of its root file relative to the workspace root, forward slashes.
    pub root_path: String,
    /// Its root file; `None` until it is read, and when it could not be (a problem says why).
    pub root: Option<FileId>,
    /// Its module files, filled by [`Workspace::load_modules`]; index 0 is the root, parents come before children.
    pub modules: Vec<ModuleNode>,
}

/// A source text.
#[derive(Debug)]
pub struct SourceFile {
    /// Path relative to the workspace root, forward slashes.
    pub path: String,
    /// The text as on disk, byte order mark included.
    pub text: Arc<str>,
}
