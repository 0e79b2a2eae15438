//! Room 2, *workspace*: the targets of a package as its manifest and cargo's conventions for file names give them.
//! It must not read source files, only see whether they exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::found::{FoundProblem, FoundTarget};
use super::manifest::{Build, Manifest, PackageTable, TargetTable};
use super::tree::Tree;
use super::{Edition, TargetKind};
use crate::problem::ProblemKind;

/// Every target of a package. A declared target whose file cannot be guessed is a problem and left out.
pub(super) fn targets(
    tree: &Tree,
    manifest: &Manifest,
    package: &PackageTable,
    edition: Edition,
    problems: &mut Vec<FoundProblem>,
) -> Vec<FoundTarget> {
    let folder = manifest.path.parent().unwrap_or(Path::new(""));
    let mut targets: Vec<FoundTarget> = Vec::new();
    targets.extend(library(tree, folder, manifest, package, edition, problems));
    for kind in [TargetKind::Bin, TargetKind::Example, TargetKind::Test, TargetKind::Bench] {
        let found = by_convention(tree, folder, kind, package);
        let declared = manifest.targets.get(&kind).map_or(&[][..], Vec::as_slice);
        let mut taken_names = BTreeSet::new();
        let mut taken_paths = BTreeSet::new();
        for table in declared {
            let Some(name) = table.name.clone() else {
                problems.push(unclear(manifest, table, "this target has no `name`; add one".into()));
                continue;
            };
            let guessed = || found.iter().find(|(known, _)| *known == name).map(|(_, path)| path.clone());
            let Some(path) = table.path.as_ref().map(|path| folder.join(path)).or_else(guessed) else {
                // Published packages leave tests and examples out; cargo only warns about those.
                if kind == TargetKind::Bin {
                    let message = format!("there is no file for the binary `{name}`; add its `path`");
                    problems.push(unclear(manifest, table, message));
                }
                taken_names.insert(name);
                continue;
            };
            taken_paths.insert(tree.identity(&path));
            taken_names.insert(name.clone());
            targets.push(FoundTarget { kind, name, edition: table.edition.unwrap_or(edition), root: path });
        }
        // In the first edition, declaring one target of a kind switches off looking for others.
        let looked_for =
            *package.discovers.get(&kind).unwrap_or(&(declared.is_empty() || edition != Edition::E2015));
        if looked_for {
            let free = |name: &String, path: &PathBuf| {
                !taken_names.contains(name) && !taken_paths.contains(&tree.identity(path))
            };
            let rest = found.into_iter().filter(|(name, path)| free(name, path));
            targets.extend(rest.map(|(name, root)| FoundTarget { kind, name, edition, root }));
        }
    }
    targets.extend(build_script(tree, folder, package, edition));
    targets
}

fn library(
    tree: &Tree,
    folder: &Path,
    manifest: &Manifest,
    package: &PackageTable,
    edition: Edition,
    problems: &mut Vec<FoundProblem>,
) -> Option<FoundTarget> {
    let usual = folder.join("src/lib.rs");
    let name = |written: Option<&String>| written.unwrap_or(&package.name).replace('-', "_");
    if let Some(table) = &manifest.lib {
        let root = match &table.path {
            Some(path) => folder.join(path),
            None if tree.is_file(&usual) => usual,
            None => {
                problems.push(unclear(
                    manifest,
                    table,
                    "there is no file for the library; add `src/lib.rs` or its `path`".into(),
                ));
                return None;
            }
        };
        let edition = table.edition.unwrap_or(edition);
        return Some(FoundTarget { kind: TargetKind::Lib, name: name(table.name.as_ref()), edition, root });
    }
    let looked_for = *package.discovers.get(&TargetKind::Lib).unwrap_or(&true);
    (looked_for && tree.is_file(&usual)).then(|| FoundTarget {
        kind: TargetKind::Lib,
        name: name(None),
        edition,
        root: usual,
    })
}

fn build_script(tree: &Tree, folder: &Path, package: &PackageTable, edition: Edition) -> Option<FoundTarget> {
    let root = match &package.build {
        Build::None => return None,
        Build::At(path) => folder.join(path),
        Build::Discovered => Some(folder.join("build.rs")).filter(|path| tree.is_file(path))?,
    };
    let stem = root.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Some(FoundTarget { kind: TargetKind::BuildScript, name: format!("build-script-{stem}"), edition, root })
}

/// Names and files that cargo would find for a kind without being told.
fn by_convention(
    tree: &Tree,
    folder: &Path,
    kind: TargetKind,
    package: &PackageTable,
) -> Vec<(String, PathBuf)> {
    let place = match kind {
        TargetKind::Bin => "src/bin",
        TargetKind::Example => "examples",
        TargetKind::Test => "tests",
        TargetKind::Bench => "benches",
        TargetKind::Lib | TargetKind::BuildScript => return Vec::new(),
    };
    let mut found = Vec::new();
    let main = folder.join("src/main.rs");
    if kind == TargetKind::Bin && tree.is_file(&main) {
        found.push((package.name.clone(), main));
    }
    let place = folder.join(place);
    for name in tree.names(&place) {
        let path = place.join(&name);
        if name.starts_with('.') {
            continue;
        }
        if let Some(stem) = name.strip_suffix(".rs") {
            if tree.is_file(&path) {
                found.push((stem.to_owned(), path));
            }
        } else if tree.is_file(&path.join("main.rs")) {
            found.push((name, path.join("main.rs")));
        }
    }
    found
}

fn unclear(manifest: &Manifest, table: &TargetTable, message: String) -> FoundProblem {
    let (line, column) = table.place;
    FoundProblem { path: manifest.path.clone(), line, column, kind: ProblemKind::BadManifest, message }
}
