//! Room 1, *cli*: the names in a configuration, held against what there is.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::configuration::Configuration;
use super::preparation::Prepared;
use crate::location::Span;
use crate::problem::{Problem, ProblemKind};
use crate::program::declarations::ResourceDeclaration;
use crate::program::doors::{Door, Doors};
use crate::program::inventory::Inventory;
use crate::suggest;
use crate::workspace::{self, Workspace};

/// What is to be said of names in the configuration that are nobody's: what it says about them has no effect.
pub(super) fn unknown_names(
    prepared: &Prepared,
    workspace: &Workspace,
    inventory: &Inventory,
    answer: &Answer,
) -> Vec<Problem> {
    let file = prepared.configuration_file.as_str();
    let configuration = &prepared.configuration;
    let resources = configuration.resources.iter();
    let resources = resources.flat_map(|declared| of_resource(file, declared, inventory, &answer.doors));
    resources
        .chain(of_packages(file, configuration, workspace))
        .chain(of_paths(file, configuration, workspace))
        .chain(of_probes(file, configuration, &answer.route_paths))
        .collect()
}

/// A package that the workspace does not have.
fn of_packages(file: &str, configuration: &Configuration, workspace: &Workspace) -> Vec<Problem> {
    let names = || workspace.packages.iter().map(|package| package.name.as_str());
    let unknown = configuration.packages.iter().filter(|one| !names().any(|name| name == one.name));
    let problem = |name: &str, span: Span| {
        let meant = meant(name, &mut names());
        unknown_name(
            file,
            span,
            format!("the workspace has no package `{name}`, so that its settings say nothing{meant}"),
        )
    };
    unknown.map(|one| problem(&one.name, one.span)).collect()
}

/// A path at which nothing is, analysed or not.
fn of_paths(file: &str, configuration: &Configuration, workspace: &Workspace) -> Vec<Problem> {
    let is_there = |path: &str| {
        workspace.files.iter().any(|file| file.path.starts_with(path))
            || workspace::exists(&workspace.root.join(path))
    };
    let unknown = configuration.paths.iter().filter(|one| !is_there(&one.path));
    let folders: BTreeSet<&str> = workspace
        .files
        .iter()
        .flat_map(|file| file.path.match_indices('/').map(|(slash, _)| &file.path[..=slash]))
        .collect();
    let problem = |path: &str, span: Span| {
        let meant = meant(path, &mut folders.iter().copied());
        unknown_name(file, span, format!("no file has a path that starts with `{path}`{meant}"))
    };
    unknown.map(|one| problem(&one.path, one.span)).collect()
}

/// A probe at a path that no known route has.
fn of_probes(file: &str, configuration: &Configuration, routes: &[String]) -> Vec<Problem> {
    let plain = |path: &str| path.trim_end_matches('/').to_owned();
    let is_there = |path: &str| routes.iter().any(|route| plain(route) == plain(path));
    let unknown = configuration.probes.iter().filter(|probe| !is_there(&probe.path));
    let problem = |path: &str, span: Span| {
        let meant = meant(path, &mut routes.iter().map(String::as_str));
        unknown_name(file, span, format!("no route is known to have the path `{path}`{meant}"))
    };
    unknown.map(|probe| problem(&probe.path, probe.span)).collect()
}

/// A resource that nothing opens, or a canonical path that names nothing.
fn of_resource(
    file: &str,
    declared: &ResourceDeclaration,
    inventory: &Inventory,
    doors: &Doors,
) -> Vec<Problem> {
    let problem = |message: String| Problem {
        file: file.to_owned(),
        line: declared.line,
        column: declared.column,
        kind: ProblemKind::UnknownResource,
        message,
    };
    let mut known = inventory.resources.iter().map(|resource| resource.id.as_str());
    if !known.clone().any(|id| id == declared.id) {
        let meant = meant(&declared.id, &mut known);
        return vec![problem(format!("nothing opens the resource `{}`{meant}", declared.id))];
    }
    let lost_aliases = declared.aliases.iter().filter(|alias| !inventory.aliases.contains(*alias));
    let aliases = lost_aliases.map(|alias| {
        let meant = meant(alias, &mut known.clone());
        problem(format!("nothing opens `{alias}`, an alias of `{}`{meant}", declared.id))
    });
    let about: Vec<&Door> = doors.list.iter().filter(|door| door.resource.id == declared.id).collect();
    let lost = declared.canonical.iter().filter(|path| !about.iter().any(|door| door.is_named(path)));
    let lost = lost.map(|path| {
        let mut names = about.iter().flat_map(|door| door.names());
        problem(format!(
            "nothing that opens or hands out `{}` is in `{path}`{}",
            declared.id,
            meant(path, &mut names)
        ))
    });
    aliases.chain(lost).collect()
}

fn unknown_name(file: &str, span: Span, message: String) -> Problem {
    Problem {
        file: file.to_owned(),
        line: span.line,
        column: span.column,
        kind: ProblemKind::UnknownName,
        message,
    }
}

fn meant(name: &str, known: &mut dyn Iterator<Item = &str>) -> String {
    let nearest = suggest::nearest(name, known);
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}
