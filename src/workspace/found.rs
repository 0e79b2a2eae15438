//! Room 2, *workspace*: packages as cargo or the manifests describe them, with absolute paths and before ids are
//! given. Both readers produce exactly this, so that what follows cannot tell them apart.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Edition, PackageSource, TargetKind};
use crate::problem::ProblemKind;

/// One cargo workspace, or one package outside of any.
#[derive(Debug)]
pub(super) struct FoundWorkspace {
    /// Its root folder.
    pub(super) root: PathBuf,
    /// Its members in any order.
    pub(super) packages: Vec<FoundPackage>,
    /// What its manifests do not get right.
    pub(super) problems: Vec<FoundProblem>,
    /// How it was read.
    pub(super) source: PackageSource,
}

/// A package.
#[derive(Debug)]
pub(super) struct FoundPackage {
    pub(super) name: String,
    /// The real folder of its manifest.
    pub(super) folder: PathBuf,
    pub(super) dependencies: Vec<FoundDependency>,
    /// Features with what each switches on, those that optional dependencies imply included.
    pub(super) features: BTreeMap<String, Vec<String>>,
    pub(super) targets: Vec<FoundTarget>,
}

/// A dependency as one table of the manifest states it.
#[derive(Debug)]
pub(super) struct FoundDependency {
    /// The package's own name.
    pub(super) package: String,
    /// The name the manifest gives it, when that is another one.
    pub(super) rename: Option<String>,
    /// The real folder it lies in, for path dependencies.
    pub(super) folder: Option<PathBuf>,
    /// The requirement in its shortest form, see [`shortest_requirement`].
    pub(super) version: String,
    pub(super) kind: DependencyKind,
}

/// The table a dependency stands in; the order is the order of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

/// A compilation root.
#[derive(Debug)]
pub(super) struct FoundTarget {
    pub(super) kind: TargetKind,
    pub(super) name: String,
    pub(super) edition: Edition,
    pub(super) root: PathBuf,
}

/// A problem whose path is not yet relative to anything.
#[derive(Debug, Clone)]
pub(super) struct FoundProblem {
    pub(super) path: PathBuf,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) kind: ProblemKind,
    pub(super) message: String,
}

impl Edition {
    /// The edition a manifest writes as a year; later ones count as the newest known.
    pub(super) fn of_year(year: &str) -> Option<Self> {
        match year.parse::<u32>().ok()? {
            2015 => Some(Self::E2015),
            2018 | 2021 => Some(Self::E2018),
            2024.. => Some(Self::E2024),
            _ => None,
        }
    }
}

/// A version requirement as most people write it: no caret, no space after an operator, empty when any version
/// will do. A requirement that is not understood is kept as it is.
pub(super) fn shortest_requirement(written: &str) -> String {
    let Ok(requirement) = cargo_metadata::semver::VersionReq::parse(written) else {
        return written.trim().to_owned();
    };
    let parts: Vec<String> = requirement
        .comparators
        .iter()
        .map(|comparator| comparator.to_string().trim_start_matches('^').to_owned())
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_shown_as_people_write_them() {
        for (written, shown) in [
            ("0.8", "0.8"),
            ("^0.8.1", "0.8.1"),
            ("= 1.2.3", "=1.2.3"),
            (">=1, <1.5", ">=1, <1.5"),
            ("1.*", "1.*"),
            ("*", ""),
            ("1.2.3+build", "1.2.3"),
            ("what?", "what?"),
        ] {
            assert_eq!(shortest_requirement(written), shown, "{written}");
        }
    }
}
