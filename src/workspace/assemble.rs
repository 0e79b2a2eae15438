//! Room 2, *workspace*: turns found packages into a [`Workspace`]: ids, order, relative paths, who depends on which
//! member, and what the user selected. It must not read anything but which paths are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::found::{FoundDependency, FoundPackage, FoundProblem, FoundWorkspace};
use super::open::{OpenError, Request};
use super::tree::{Tree, relative};
use super::{
    Dependency, Deployment, Package, PackageId, PackageSource, SqlFiles, Target, TargetKind, Workspace,
    wildcard,
};
use crate::problem::{Problem, ProblemKind};
use crate::suggest::nearest;

/// One workspace value of everything found. Paths are reported relative to `root`, or to the nearest folder above
/// it that also holds every package.
pub(super) fn assemble(
    tree: Tree,
    root: PathBuf,
    found: Vec<FoundWorkspace>,
    request: &Request,
) -> Result<Workspace, OpenError> {
    let mut source = PackageSource::CargoMetadata;
    let mut by_manifest: BTreeMap<PathBuf, FoundPackage> = BTreeMap::new();
    let mut found_problems = Vec::new();
    for workspace in found {
        if let (PackageSource::CargoMetadata, PackageSource::Manifests { .. }) = (&source, &workspace.source)
        {
            source = workspace.source;
        }
        found_problems.extend(workspace.problems);
        for package in workspace.packages {
            by_manifest.entry(package.folder.join("Cargo.toml")).or_insert(package);
        }
    }
    let root = widened(root, by_manifest.values().map(|package| package.folder.as_path()));
    let mut packages: Vec<(String, FoundPackage)> =
        by_manifest.into_iter().map(|(manifest, package)| (relative(&root, &manifest), package)).collect();
    packages.sort_by(|(left, _), (right, _)| left.cmp(right));

    let selections = selection(packages.iter().map(|(_, package)| package.name.as_str()), request)?;
    let members: BTreeMap<PathBuf, Member> = (0..)
        .zip(&packages)
        .map(|(id, (_, package))| {
            (package.folder.clone(), Member { id: PackageId(id), library: library_of(package) })
        })
        .collect();
    let mut workspace = Workspace {
        packages: Vec::new(),
        targets: Vec::new(),
        files: Vec::new(),
        deployment: Deployment::default(),
        environment: Vec::new(),
        sql: SqlFiles::default(),
        problems: found_problems.into_iter().map(|problem| placed(&root, problem)).collect(),
        source,
        root,
        tree,
    };
    for ((id, (manifest, package)), selection) in (0..).zip(packages).zip(selections) {
        let FoundPackage { name, folder: _, dependencies, features, targets } = package;
        let mut targets: Vec<Target> = targets
            .into_iter()
            .map(|target| Target {
                package: PackageId(id),
                kind: target.kind,
                name: target.name,
                edition: target.edition,
                root_path: relative(&workspace.root, &workspace.tree.identity(&target.root)),
                root: None,
                modules: Vec::new(),
            })
            .collect();
        targets.sort_by(|left, right| {
            (left.kind, &left.name, &left.root_path).cmp(&(right.kind, &right.name, &right.root_path))
        });
        workspace.targets.append(&mut targets);
        workspace.packages.push(Package {
            name,
            manifest,
            selected: selection == Selection::Selected,
            excluded: selection == Selection::Excluded,
            dependencies: merged(dependencies, &members),
            default_features: on_by_default(&features),
        });
    }
    if workspace.targets.is_empty() {
        workspace.problems.push(nothing_to_analyse());
    }
    workspace.order_problems();
    Ok(workspace)
}

/// The problem of a workspace without any target.
pub(super) fn nothing_to_analyse() -> Problem {
    Problem {
        file: String::new(),
        line: 0,
        column: 0,
        kind: ProblemKind::NothingToAnalyse,
        message: "there is no package with a target to analyse; check `members` in the manifest".into(),
    }
}

struct Member {
    id: PackageId,
    /// The crate name of its library.
    library: Option<String>,
}

fn library_of(package: &FoundPackage) -> Option<String> {
    package.targets.iter().find(|target| target.kind == TargetKind::Lib).map(|target| target.name.clone())
}

/// `root`, or the nearest folder above it that holds all `folders`; `root` again when there is none (two drives).
fn widened<'a>(root: PathBuf, folders: impl Iterator<Item = &'a Path> + Clone) -> PathBuf {
    let holds_all = |above: &&Path| folders.clone().all(|folder| folder.starts_with(above));
    let widest = root.ancestors().find(holds_all).map(Path::to_path_buf);
    widest.unwrap_or(root)
}

fn placed(root: &Path, problem: FoundProblem) -> Problem {
    let FoundProblem { path, line, column, kind, message } = problem;
    let file = if path.as_os_str().is_empty() { String::new() } else { relative(root, &path) };
    Problem { file, line, column, kind, message }
}

/// What was asked about a package.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selection {
    Selected,
    /// Others were named.
    NotNamed,
    Excluded,
}

/// Which packages are selected. Everything is unless names were given; `whole_workspace` outweighs them, as in cargo.
fn selection<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    request: &Request,
) -> Result<Vec<Selection>, OpenError> {
    let fits = |wanted: &str, name: &str| match wildcard::is_pattern(wanted) {
        true => wildcard::matches(wanted, name),
        // `name@1.2.3` names one version of a package; a workspace has only one.
        false => wanted.split('@').next() == Some(name),
    };
    for wanted in request.packages.iter().chain(&request.exclude) {
        if !names.clone().any(|name| fits(wanted, name)) {
            let suggestion = nearest(wanted, names.clone()).map(str::to_owned);
            return Err(OpenError::UnknownPackage { name: wanted.clone(), suggestion });
        }
    }
    let everything = request.whole_workspace || request.packages.is_empty();
    let selected = |name: &str| match () {
        () if request.exclude.iter().any(|unwanted| fits(unwanted, name)) => Selection::Excluded,
        () if everything || request.packages.iter().any(|wanted| fits(wanted, name)) => Selection::Selected,
        () => Selection::NotNamed,
    };
    let selections: Vec<Selection> = names.map(selected).collect();
    if !selections.is_empty() && !selections.contains(&Selection::Selected) {
        return Err(OpenError::NothingSelected);
    }
    Ok(selections)
}

/// One dependency per name and package: what a normal table says outweighs build and development tables.
fn merged(mut found: Vec<FoundDependency>, members: &BTreeMap<PathBuf, Member>) -> Vec<Dependency> {
    found.sort_by(|left, right| {
        (left.kind, &left.package, &left.rename, &left.version).cmp(&(
            right.kind,
            &right.package,
            &right.rename,
            &right.version,
        ))
    });
    let mut merged: BTreeMap<(String, String), Dependency> = BTreeMap::new();
    for dependency in found {
        let member = dependency.folder.as_ref().and_then(|folder| members.get(folder));
        let named = dependency.rename.or_else(|| member.and_then(|member| member.library.clone()));
        let name_in_code = named.unwrap_or_else(|| dependency.package.clone()).replace('-', "_");
        let dev_only = dependency.kind == super::found::DependencyKind::Dev;
        merged.entry((name_in_code.clone(), dependency.package.clone())).or_insert(Dependency {
            name_in_code,
            package: dependency.package,
            member: member.map(|member| member.id),
            version: dependency.version,
            dev_only,
        });
    }
    merged.into_values().collect()
}

/// `default` and every feature of the same package that it leads to.
fn on_by_default(features: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut on = BTreeSet::new();
    let mut waiting = vec!["default"];
    while let Some(name) = waiting.pop() {
        let Some(enabled) = features.get(name) else {
            continue;
        };
        if on.insert(name.to_owned()) {
            // `name/feature` switches the optional dependency `name` on as well; `name?/feature` does not.
            waiting.extend(
                enabled
                    .iter()
                    .map(|enabled| enabled.split_once('/').map_or(enabled.as_str(), |(name, _)| name)),
            );
        }
    }
    on.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_features_are_followed_through_each_other() {
        let features: BTreeMap<String, Vec<String>> = [
            ("default", vec!["postgres", "cache/tls", "log?/std", "missing"]),
            ("postgres", vec!["dep:sqlx", "pool"]),
            ("pool", vec!["postgres"]),
            ("cache", vec!["dep:cache"]),
            ("log", vec!["dep:log"]),
            ("mysql", vec![]),
        ]
        .into_iter()
        .map(|(name, enabled)| (name.to_owned(), enabled.into_iter().map(str::to_owned).collect()))
        .collect();
        assert_eq!(on_by_default(&features), ["cache", "default", "pool", "postgres"]);
        assert!(on_by_default(&BTreeMap::new()).is_empty());
    }

    #[test]
    fn the_root_grows_until_it_holds_every_package() {
        let folders = [Path::new("/w/backend/api"), Path::new("/w/shared")];
        assert_eq!(widened("/w/backend".into(), folders.into_iter()), Path::new("/w"));
        assert_eq!(widened("/w".into(), folders.into_iter()), Path::new("/w"));
    }
}
