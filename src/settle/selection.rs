//! Room 7, *settle*: which files belong to the packages the user selected. Must not change what is kept.

use std::collections::BTreeSet;

use crate::location::Location;
use crate::program::inventory::{Inventory, Place};
use crate::workspace::{Package, SourceFile};

/// Which files and binaries belong to selected packages.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Folder of each package, empty or with a trailing slash, and what was asked about it; the longest first.
    folders: Vec<(String, Asked)>,
    /// The titles of the selected packages' binaries.
    binaries: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Selected,
    NotNamed,
    Excluded,
}

impl Selection {
    /// The selection as the packages carry it; `binaries` are the titles of the binaries of those that are selected.
    pub fn of(packages: &[Package], binaries: BTreeSet<String>) -> Self {
        let folder = |package: &Package| {
            let end = package.manifest.rfind('/').map_or(0, |slash| slash + 1);
            let asked = match (package.selected, package.excluded) {
                (true, _) => Asked::Selected,
                (false, true) => Asked::Excluded,
                (false, false) => Asked::NotNamed,
            };
            (package.manifest[..end].to_owned(), asked)
        };
        let mut folders: Vec<_> = packages.iter().map(folder).collect();
        folders.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self { folders, binaries }
    }

    /// Whether a file belongs to a selected package: the innermost whose folder holds it. A file outside all
    /// packages belongs to whoever includes it, so it counts as selected.
    pub fn includes(&self, path: &str) -> bool {
        self.asked(path) == Asked::Selected
    }

    /// Whether something that a binary does belongs to what was selected: its place does, or the binary, whose code may stand
    /// in any package that was not excluded by name.
    pub fn includes_of(&self, binary: Option<&str>, path: &str) -> bool {
        match self.asked(path) {
            Asked::Selected => true,
            Asked::NotNamed => binary.is_some_and(|name| self.binaries.contains(name)),
            Asked::Excluded => false,
        }
    }

    fn asked(&self, path: &str) -> Asked {
        let around = self.folders.iter().find(|(folder, _)| path.starts_with(folder.as_str()));
        around.map_or(Asked::Selected, |(_, asked)| *asked)
    }
}

/// The part of an inventory whose places lie in selected files. A resource stays when one of its init sites
/// does, or when none of them was dropped.
pub fn select_inventory(
    mut inventory: Inventory,
    files: &[SourceFile],
    selected: &dyn Fn(&str) -> bool,
) -> Inventory {
    let keep = |location: &Location| selected(super::path_of(files, location));
    let Inventory {
        binaries,
        resources,
        aliases: _,
        init_sites,
        holders,
        accessors,
        serve_points,
        handlers,
        gates,
        migrations,
        health,
    } = &mut inventory;
    let opened_elsewhere = |id: &str| {
        let mut sites = init_sites.iter().filter(|site| site.opens(id)).peekable();
        sites.peek().is_some() && !sites.any(|site| keep(&site.location))
    };
    resources.retain(|resource| !opened_elsewhere(&resource.id));
    binaries.retain(|binary| keep(&binary.entry));
    init_sites.retain(|site| keep(&site.location));
    for places in [holders, accessors, serve_points, handlers, gates, migrations, health] {
        places.retain(|place: &Place| keep(&place.location));
    }
    inventory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(manifest: &str, selected: bool) -> Package {
        Package {
            name: "name".into(),
            manifest: manifest.into(),
            selected,
            excluded: false,
            dependencies: Vec::new(),
            default_features: Vec::new(),
        }
    }

    #[test]
    fn a_file_belongs_to_the_innermost_package() {
        let packages = [package("Cargo.toml", true), package("crates/a/Cargo.toml", false)];
        let selection = Selection::of(&packages, BTreeSet::new());
        assert!(selection.includes("src/main.rs"));
        assert!(selection.includes("crates/ab/src/lib.rs"));
        assert!(!selection.includes("crates/a/src/lib.rs"));
    }

    #[test]
    fn a_file_outside_every_package_is_selected() {
        assert!(
            Selection::of(&[package("crates/a/Cargo.toml", false)], BTreeSet::new())
                .includes("shared/config.rs")
        );
    }
}
