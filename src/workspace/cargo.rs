//! Room 2, *workspace*: asks `cargo metadata` for packages and targets. Offline and without dependencies, so nothing
//! is downloaded, built or locked. It must not read manifests itself.

use std::ffi::OsString;
use std::path::Path;

use cargo_metadata::{Error, Metadata, MetadataCommand, Package, TargetKind as CargoKind};

use super::found::{
    DependencyKind, FoundDependency, FoundPackage, FoundTarget, FoundWorkspace, shortest_requirement,
};
use super::tree::Tree;
use super::{Edition, PackageSource, TargetKind};

/// How to run cargo.
#[derive(Debug, Clone)]
pub(super) struct Cargo {
    /// The program.
    pub(super) program: OsString,
    /// `--locked` and the like.
    pub(super) flags: Vec<String>,
}

impl Cargo {
    /// The cargo that called this program as its subcommand, else the first one on the path.
    pub(super) fn around(locked: bool, frozen: bool) -> Self {
        let mut flags = vec!["--offline".to_owned()];
        flags.extend(locked.then(|| "--locked".to_owned()));
        flags.extend(frozen.then(|| "--frozen".to_owned()));
        Self { program: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), flags }
    }

    /// The workspace of a manifest. The error is one line that says why cargo could not tell.
    pub(super) fn ask(&self, tree: &Tree, manifest: &Path) -> Result<FoundWorkspace, String> {
        let folder = manifest.parent().unwrap_or(Path::new("."));
        let metadata = MetadataCommand::new()
            .cargo_path(&self.program)
            .current_dir(folder)
            .manifest_path(manifest)
            .no_deps()
            .other_options(self.flags.clone())
            // A pinned toolchain that is missing would otherwise be downloaded here.
            .env("RUSTUP_AUTO_INSTALL", "0")
            .exec()
            .map_err(|error| reason(&error))?;
        Ok(found(tree, &metadata))
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::CargoMetadata { stderr } => {
            let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let start = lines.iter().position(|line| line.starts_with("error")).unwrap_or(0);
            let first =
                lines.get(start).map_or("cargo metadata failed", |line| line.trim_start_matches("error: "));
            let place = lines.iter().find_map(|line| line.strip_prefix("--> "));
            let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
            // Cargo's first line says what it was doing, its last cause what went wrong.
            let reason =
                match lines.iter().rposition(|line| *line == "Caused by:").and_then(|at| lines.get(at + 1)) {
                    Some(cause) => format!("{first}: {cause}"),
                    None => first.to_owned(),
                };
            reason + &place
        }
        Error::Io(error) => format!("cargo could not be started: {error}"),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

fn found(tree: &Tree, metadata: &Metadata) -> FoundWorkspace {
    let members = metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id));
    FoundWorkspace {
        root: tree.identity(metadata.workspace_root.as_std_path()),
        packages: members.map(|package| found_package(tree, package)).collect(),
        problems: Vec::new(),
        source: PackageSource::CargoMetadata,
    }
}

fn found_package(tree: &Tree, package: &Package) -> FoundPackage {
    let manifest = tree.identity(package.manifest_path.as_std_path());
    FoundPackage {
        name: package.name.to_string(),
        folder: manifest.parent().unwrap_or(Path::new("")).to_path_buf(),
        dependencies: package
            .dependencies
            .iter()
            .map(|dependency| FoundDependency {
                package: dependency.name.clone(),
                rename: dependency.rename.clone(),
                folder: dependency.path.as_ref().map(|path| tree.identity(path.as_std_path())),
                version: shortest_requirement(&dependency.req.to_string()),
                kind: match dependency.kind {
                    cargo_metadata::DependencyKind::Development => DependencyKind::Dev,
                    cargo_metadata::DependencyKind::Build => DependencyKind::Build,
                    _ => DependencyKind::Normal,
                },
            })
            .collect(),
        features: package.features.clone(),
        targets: package.targets.iter().filter_map(found_target).collect(),
    }
}

fn found_target(target: &cargo_metadata::Target) -> Option<FoundTarget> {
    let kind = target.kind.first()?;
    let kind = match kind {
        CargoKind::Bin => TargetKind::Bin,
        CargoKind::Example => TargetKind::Example,
        CargoKind::Test => TargetKind::Test,
        CargoKind::Bench => TargetKind::Bench,
        CargoKind::CustomBuild => TargetKind::BuildScript,
        _ => TargetKind::Lib,
    };
    let name = if kind == TargetKind::Lib { target.name.replace('-', "_") } else { target.name.clone() };
    let edition = Edition::of_year(target.edition.as_str()).unwrap_or(Edition::E2024);
    Some(FoundTarget { kind, name, edition, root: target.src_path.clone().into_std_path_buf() })
}
