//! Room 1, *cli*: what a configuration declares about resources, held against what there is.

use super::configuration;
use crate::problem::{Problem, ProblemKind};
use crate::program::declarations::ResourceDeclaration;
use crate::program::doors::{Door, Doors};
use crate::program::inventory::Inventory;
use crate::suggest;

/// What is to be said of a declaration about a resource that nothing opens, or with a canonical path that names nothing.
pub(super) fn unknown_names(
    declared: &ResourceDeclaration,
    inventory: &Inventory,
    doors: &Doors,
) -> Vec<Problem> {
    let problem = |message: String| Problem {
        file: configuration::FILE_NAME.to_owned(),
        line: declared.line,
        column: declared.column,
        kind: ProblemKind::UnknownResource,
        message,
    };
    let meant = |name: &str, known: &mut dyn Iterator<Item = &str>| {
        let nearest = suggest::nearest(name, known);
        nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
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
