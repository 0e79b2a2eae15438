//! Room 2, *workspace*: tests of opening a workspace: where it is found, what is selected, and what does not hide the
//! rest. It must not hold anything that is not a test.

use std::fs;

use super::*;
use crate::problem::Problem;

pub(super) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

pub(super) fn at(start: &Path) -> Request {
    Request { start: start.to_path_buf(), ..Request::default() }
}

pub(super) fn without_cargo(request: &Request) -> Workspace {
    let missing = Cargo { program: "no-such-cargo".into(), flags: Vec::new() };
    open_in(Tree::Disk, Some(&missing), request, &mut |_, _| {}).unwrap()
}

pub(super) fn kinds(problems: &[Problem]) -> Vec<(ProblemKind, &str, u32, u32)> {
    problems.iter().map(|p| (p.kind, p.file.as_str(), p.line, p.column)).collect()
}

pub(super) fn names(workspace: &Workspace) -> Vec<&str> {
    workspace.packages.iter().map(|package| package.name.as_str()).collect()
}

fn two_members() -> tempfile::TempDir {
    folder(&[
        ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"api\", \"worker\"]\n"),
        ("api/Cargo.toml", "[package]\nname = \"api\"\n"),
        ("api/src/main.rs", ""),
        ("worker/Cargo.toml", "[package]\nname = \"worker\"\n"),
        ("worker/src/main.rs", ""),
    ])
}

#[test]
fn every_way_to_name_the_workspace_opens_the_same_one() {
    let folder = two_members();
    let from_root = open(&at(folder.path())).unwrap();
    let named = |path: &str| Request { manifest_path: Some(path.into()), ..at(folder.path()) };
    for request in [
        at(&folder.path().join("api/src")),
        named("Cargo.toml"),
        named("worker/Cargo.toml"),
        named("api/src"),
    ] {
        let other = open(&request).unwrap();
        assert_eq!(other.root, from_root.root);
        assert_eq!(format!("{:?}", other.packages), format!("{:?}", from_root.packages));
    }
}

#[test]
fn packages_are_selected_and_excluded_by_name_or_pattern() {
    let folder = two_members();
    let selected = |packages: &[&str], exclude: &[&str], whole_workspace| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let request = Request {
            packages: owned(packages),
            exclude: owned(exclude),
            whole_workspace,
            ..at(folder.path())
        };
        let workspace = open(&request).unwrap();
        workspace.packages.into_iter().filter(|p| p.selected).map(|p| p.name).collect::<Vec<_>>()
    };
    assert_eq!(selected(&["api"], &[], false), ["api"]);
    assert_eq!(selected(&["api", "worker"], &[], false), ["api", "worker"]);
    assert_eq!(selected(&["w*", "api@0.0.0"], &[], false), ["api", "worker"]);
    assert_eq!(selected(&[], &["api"], false), ["worker"]);
    assert_eq!(selected(&["api"], &[], true), ["api", "worker"]);
}

#[test]
fn an_unknown_package_is_refused_with_a_suggestion() {
    let folder = two_members();
    for exclude in [false, true] {
        let mut request = at(folder.path());
        if exclude { &mut request.exclude } else { &mut request.packages }.push("wroker".into());
        let error = open(&request).unwrap_err();
        assert_eq!(
            error,
            OpenError::UnknownPackage { name: "wroker".into(), suggestion: Some("worker".into()) }
        );
        assert!(error.to_string().contains("did you mean `worker`"), "{error}");
    }
}

#[test]
fn what_cannot_be_opened_is_refused_with_advice() {
    let empty = folder(&[("notes.txt", ""), ("target/x/Cargo.toml", "[package]\nname = \"built\"\n")]);
    let error = open(&at(empty.path())).unwrap_err();
    assert!(matches!(error, OpenError::NoManifest { .. }), "{error:?}");
    assert!(error.to_string().contains("--manifest-path"), "{error}");

    let named =
        |path: &str| open(&Request { manifest_path: Some(path.into()), ..at(empty.path()) }).unwrap_err();
    assert!(matches!(named("Cargo.toml"), OpenError::NotFound { .. }));
    assert!(matches!(named("notes.txt"), OpenError::NotAManifest { .. }));

    let broken = folder(&[("Cargo.toml", "[package]\nname = \n")]);
    match open(&at(broken.path())).unwrap_err() {
        OpenError::BadManifest { line: 2, column, .. } => {
            assert!((7..=8).contains(&column), "column {column}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_without_manifest_and_one_that_is_not_toml_do_not_hide_the_rest() {
    let folder = folder(&[
        ("Cargo.toml", "[workspace]\nmembers = [\n  \"good\",\n  \"gone\",\n  \"bad\",\n]\n"),
        ("good/Cargo.toml", "[package]\nname = \"good\"\nedition = \"2021\"\n"),
        ("good/src/lib.rs", ""),
        ("bad/Cargo.toml", "[package]\nname = \"bad\"\nname = \"twice\"\n"),
        ("bad/src/lib.rs", ""),
    ]);
    for start in [folder.path().to_path_buf(), folder.path().join("bad"), folder.path().join("good")] {
        let workspace = open(&at(&start)).unwrap();
        assert_eq!(names(&workspace), ["good"]);
        assert_eq!(
            kinds(&workspace.problems),
            [
                (ProblemKind::CargoUnavailable, "", 0, 0),
                (ProblemKind::MissingMember, "Cargo.toml", 4, 3),
                (ProblemKind::BadManifest, "bad/Cargo.toml", 3, 1),
            ]
        );
        let PackageSource::Manifests { reason } = &workspace.source else {
            panic!("cargo accepts this workspace")
        };
        assert_eq!(reason.lines().count(), 1, "{reason}");
        assert!(!reason.contains(&folder.path().display().to_string()), "{reason}");
    }
}

#[test]
fn a_binary_without_a_file_and_values_that_nobody_provides_are_told_at_their_place() {
    let folder = folder(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\n[dependencies]\nx.workspace = true\ny = \"1\"\n[[bin]]\nname = \"gone\"\n[workspace]\n",
        ),
        ("src/lib.rs", ""),
    ]);
    let workspace = open(&at(folder.path())).unwrap();
    assert_eq!(
        kinds(&workspace.problems),
        [
            (ProblemKind::CargoUnavailable, "", 0, 0),
            (ProblemKind::BadManifest, "Cargo.toml", 4, 1),
            (ProblemKind::BadManifest, "Cargo.toml", 6, 1),
        ]
    );
    assert_eq!(workspace.targets.len(), 1);
    assert_eq!(workspace.packages[0].dependencies.len(), 1);
}

#[test]
fn a_package_that_its_surrounding_workspace_does_not_list_is_opened_alone() {
    let folder = folder(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"listed\"]\n"),
        ("listed/Cargo.toml", "[package]\nname = \"listed\"\n"),
        ("listed/src/lib.rs", ""),
        ("stray/Cargo.toml", "[package]\nname = \"stray\"\n"),
        ("stray/src/lib.rs", ""),
    ]);
    assert_eq!(names(&open(&at(&folder.path().join("stray"))).unwrap()), ["stray"]);
}

#[test]
fn a_folder_without_manifest_opens_every_workspace_below_it() {
    let folder = folder(&[
        ("README.md", ""),
        ("backend/Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"api\"]\n"),
        (
            "backend/api/Cargo.toml",
            "[package]\nname = \"api\"\n[dependencies]\nshared = { path = \"../../shared\" }\n",
        ),
        ("backend/api/src/main.rs", ""),
        ("backend/templates/new/Cargo.toml", "[package]\nname = \"template\"\n"),
        ("backend/templates/new/src/main.rs", ""),
        ("shared/Cargo.toml", "[package]\nname = \"shared\"\n"),
        ("shared/src/lib.rs", ""),
        ("shared/nested/Cargo.toml", "[package]\nname = \"nested\"\n[workspace]\n"),
        ("shared/nested/src/lib.rs", ""),
        ("broken/Cargo.toml", "[package\n"),
        ("web/node_modules/x/Cargo.toml", "[package]\nname = \"x\"\n"),
        (".cache/y/Cargo.toml", "[package]\nname = \"y\"\n"),
    ]);
    let workspace = open(&at(folder.path())).unwrap();
    assert_eq!(workspace.root, folder.path().canonicalize().unwrap());
    assert_eq!(names(&workspace), ["api", "shared", "nested"]);
    assert_eq!(workspace.packages[0].dependencies[0].member.map(|id| id.0), Some(1));
    let seen: Vec<_> = workspace.problems.iter().map(|p| (p.kind, p.file.as_str(), p.line)).collect();
    assert_eq!(seen, [(ProblemKind::BadManifest, "broken/Cargo.toml", 1)]);
    assert_eq!(workspace.source, PackageSource::CargoMetadata);
}

#[test]
fn an_empty_workspace_is_no_error() {
    let folder = folder(&[("Cargo.toml", "[workspace]\nmembers = []\n")]);
    for workspace in
        [open(&at(folder.path())).unwrap(), crate::workspace::in_memory(&[("Cargo.toml", "[workspace]\n")])]
    {
        assert!(workspace.packages.is_empty());
        assert_eq!(kinds(&workspace.problems), [(ProblemKind::NothingToAnalyse, "", 0, 0)]);
    }
}

#[test]
fn a_pinned_toolchain_that_is_missing_leads_to_the_manifests() {
    let folder = folder(&[
        ("Cargo.toml", "[package]\nname = \"app\"\n"),
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.0.0-nowhere\"\n"),
        ("src/main.rs", ""),
    ]);
    // Asking by name goes through the toolchain proxy where there is one; without a proxy cargo just answers.
    let cargo = Cargo { program: "cargo".into(), flags: vec!["--offline".into()] };
    let workspace = open_in(Tree::Disk, Some(&cargo), &at(folder.path()), &mut |_, _| {}).unwrap();
    assert_eq!(names(&workspace), ["app"]);
    assert_eq!(workspace.targets.len(), 1);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end_the_walk_and_are_told() {
    let folder = folder(&[("app/Cargo.toml", "[package]\nname = \"app\"\n"), ("app/src/lib.rs", "")]);
    std::os::unix::fs::symlink("..", folder.path().join("app/up")).unwrap();
    std::os::unix::fs::symlink("itself", folder.path().join("itself")).unwrap();
    let workspace = open(&at(folder.path())).unwrap();
    assert_eq!(names(&workspace), ["app"]);
    assert_eq!(
        kinds(&workspace.problems),
        [(ProblemKind::LinkCycle, "app/up", 0, 0), (ProblemKind::LinkCycle, "itself", 0, 0)]
    );
}

#[cfg(unix)]
#[test]
fn a_pattern_over_links_in_a_circle_ends() {
    let folder = folder(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/**/api\"]\n"),
        ("crates/a/api/Cargo.toml", "[package]\nname = \"api\"\n"),
        ("crates/a/api/src/lib.rs", ""),
    ]);
    std::os::unix::fs::symlink("..", folder.path().join("crates/a/up")).unwrap();
    assert_eq!(names(&without_cargo(&at(folder.path()))), ["api"]);
}
