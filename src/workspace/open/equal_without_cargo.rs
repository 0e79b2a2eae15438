//! Room 2, *workspace*: tests that reading manifests comes to the same packages and targets as asking cargo. It must
//! not hold anything that is not a test.

use super::tests::{at, folder, kinds, names, without_cargo};
use super::*;
use crate::workspace::{Edition, TargetKind};

/// Opens with cargo, without it and in memory, and demands the same packages and targets.
fn all_ways(files: &[(&str, &str)]) -> Workspace {
    let folder = folder(files);
    let asked = open(&at(folder.path())).unwrap();
    assert_eq!(asked.source, PackageSource::CargoMetadata, "{:#?}", asked.problems);
    let read = without_cargo(&at(folder.path()));
    assert_eq!(kinds(&read.problems), [(ProblemKind::CargoUnavailable, "", 0, 0)], "{:#?}", read.problems);
    let memory = crate::workspace::in_memory(files);
    assert!(memory.problems.is_empty(), "{:#?}", memory.problems);
    for other in [&read, &memory] {
        assert_eq!(format!("{:#?}", asked.packages), format!("{:#?}", other.packages));
        assert_eq!(format!("{:#?}", asked.targets), format!("{:#?}", other.targets));
    }
    assert_eq!(asked.root, read.root);
    asked
}

#[test]
fn members_by_pattern_exclusion_pointer_and_path_dependency_are_found_without_cargo_too() {
    let workspace = all_ways(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\", \"tools/[a-m]*\"]\nexclude = [\"crates/old\"]\n",
        ),
        (
            "crates/api/Cargo.toml",
            "[package]\nname = \"api\"\n[dependencies]\nhidden = { path = \"../../deep/hidden\" }\n",
        ),
        ("crates/api/src/main.rs", ""),
        ("crates/db/Cargo.toml", "[package]\nname = \"db\"\nworkspace = \"../..\"\n"),
        ("crates/db/src/lib.rs", ""),
        ("crates/old/Cargo.toml", "[package]\nname = \"old\"\n"),
        ("crates/old/src/lib.rs", ""),
        ("crates/readme.md", ""),
        ("tools/check/Cargo.toml", "[package]\nname = \"check\"\n"),
        ("tools/check/src/main.rs", ""),
        ("tools/tests/Cargo.toml", "[package]\nname = \"template\"\n"),
        ("tools/tests/src/main.rs", ""),
        (
            "deep/hidden/Cargo.toml",
            "[package]\nname = \"hidden\"\n[dev-dependencies]\ndb = { path = \"../../crates/db\" }\n",
        ),
        ("deep/hidden/src/lib.rs", ""),
    ]);
    assert_eq!(names(&workspace), ["api", "db", "hidden", "check"]);
    assert!(workspace.packages.iter().all(|package| package.selected));
}

#[test]
fn inherited_values_and_renames_are_resolved_without_cargo_too() {
    let workspace = all_ways(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"app\", \"store\"]\n\
             [workspace.package]\nedition = \"2021\"\nversion = \"1.0.0\"\n\
             [workspace.dependencies]\nsql = { package = \"sqlx\", version = \"^0.8\", default-features = false }\n\
             acme-store = { path = \"store\", version = \"1\" }\ntokio = \"= 1.40.0\"\n",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"acme-app\"\nedition.workspace = true\nversion.workspace = true\n\
             [dependencies]\nsql = { workspace = true, features = [\"postgres\"], optional = true }\nacme-store.workspace = true\n\
             other = { package = \"acme-store\", path = \"../store\", version = \"1\" }\n\
             [target.'cfg(unix)'.dependencies]\nnix = \">=0.29, <0.31\"\n\
             [target.x86_64-unknown-linux-gnu.dev-dependencies]\ntokio = { workspace = true }\n\
             [build-dependencies]\ncc = \"*\"\ntokio.workspace = true\n\
             [dev-dependencies]\nnix = \"0.30\"\nproptest = \"1\"\n\
             [features]\ndefault = [\"full\"]\nfull = [\"sql\", \"fast\"]\nfast = []\nslow = []\n",
        ),
        ("app/src/main.rs", ""),
        (
            "store/Cargo.toml",
            "[package]\nname = \"acme-store\"\nedition = \"2024\"\nversion = { workspace = true }\n[lib]\nname = \"storage\"\n",
        ),
        ("store/src/lib.rs", ""),
    ]);
    let app = &workspace.packages[0];
    let seen: Vec<_> = app
        .dependencies
        .iter()
        .map(|d| {
            (
                d.name_in_code.as_str(),
                d.package.as_str(),
                d.member.map(|id| id.0),
                d.version.as_str(),
                d.dev_only,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("cc", "cc", None, "", false),
            ("nix", "nix", None, ">=0.29, <0.31", false),
            ("other", "acme-store", Some(1), "1", false),
            ("proptest", "proptest", None, "1", true),
            ("sql", "sqlx", None, "0.8", false),
            ("storage", "acme-store", Some(1), "1", false),
            ("tokio", "tokio", None, "=1.40.0", false),
        ]
    );
    assert_eq!(app.default_features, ["default", "fast", "full", "sql"]);
    assert_eq!(workspace.targets[0].edition, Edition::E2018);
    assert_eq!(workspace.targets[1].edition, Edition::E2024);
}

#[test]
fn targets_are_found_by_convention_without_cargo_too() {
    let files: Vec<(&str, &str)> = [
        "src/lib.rs",
        "src/main.rs",
        "src/bin/migrate.rs",
        "src/bin/seed/main.rs",
        "src/bin/seed/data.rs",
        "src/bin/notes/readme.rs",
        "src/bin/.hidden.rs",
        "tests/http.rs",
        "tests/slow/main.rs",
        "tests/common/mod.rs",
        "examples/demo.rs",
        "benches/throughput.rs",
        "build.rs",
    ]
    .into_iter()
    .map(|path| (path, ""))
    .chain([("Cargo.toml", "[package]\nname = \"my-service\"\nedition = \"2024\"\n")])
    .collect();
    let workspace = all_ways(&files);
    let seen: Vec<_> =
        workspace.targets.iter().map(|t| (t.kind, t.name.as_str(), t.root_path.as_str())).collect();
    assert_eq!(
        seen,
        [
            (TargetKind::Lib, "my_service", "src/lib.rs"),
            (TargetKind::Bin, "migrate", "src/bin/migrate.rs"),
            (TargetKind::Bin, "my-service", "src/main.rs"),
            (TargetKind::Bin, "seed", "src/bin/seed/main.rs"),
            (TargetKind::Example, "demo", "examples/demo.rs"),
            (TargetKind::Test, "http", "tests/http.rs"),
            (TargetKind::Test, "slow", "tests/slow/main.rs"),
            (TargetKind::Bench, "throughput", "benches/throughput.rs"),
            (TargetKind::BuildScript, "build-script-build", "build.rs"),
        ]
    );
}

#[test]
fn declared_targets_outweigh_convention_without_cargo_too() {
    let common = [
        ("src/lib.rs", ""),
        ("src/main.rs", ""),
        ("src/bin/a.rs", ""),
        ("src/bin/b.rs", ""),
        ("lib/entry.rs", ""),
        ("tests/t.rs", ""),
        ("examples/e.rs", ""),
        ("build.rs", ""),
        ("gen.rs", ""),
    ];
    for manifest in [
        "edition = \"2021\"\n[lib]\nname = \"other_name\"\npath = \"lib/entry.rs\"\n[[bin]]\nname = \"a\"\n[[bin]]\nname = \"renamed\"\npath = \"src/bin/b.rs\"\nedition = \"2018\"\n",
        "[[bin]]\nname = \"a\"\n",
        "edition = \"2018\"\nautobins = false\nautotests = false\nautoexamples = false\nbuild = false\n",
        "edition = \"2021\"\nautobins = false\nbuild = \"gen.rs\"\n[[bin]]\nname = \"main\"\npath = \"src/main.rs\"\n",
        "edition = \"2021\"\nautolib = false\nbuild = true\n",
        "edition = \"2021\"\n[lib]\nproc-macro = true\n[[test]]\nname = \"gone\"\npath = \"tests/gone.rs\"\n",
        "edition = \"2021\"\n[[test]]\nname = \"unpublished\"\n[[bench]]\nname = \"unpublished\"\nharness = false\n",
        "edition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n",
    ] {
        let manifest = format!("[package]\nname = \"the-app\"\n{manifest}");
        let mut files = common.to_vec();
        files.push(("Cargo.toml", &manifest));
        all_ways(&files);
    }
}

#[test]
fn features_of_optional_dependencies_are_the_same_without_cargo() {
    let workspace = all_ways(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\n[dependencies]\na = { version = \"1\", optional = true }\nb = { version = \"1\", optional = true }\n\
             c = { version = \"1\", optional = true }\n[features]\ndefault = [\"a\", \"with-b\", \"c/x\"]\nwith-b = [\"dep:b\"]\n",
        ),
        ("src/lib.rs", ""),
    ]);
    assert_eq!(workspace.packages[0].default_features, ["a", "c", "default", "with-b"]);
}

#[test]
fn a_package_that_is_also_the_root_and_members_beside_it_are_found_without_cargo_too() {
    let folder = folder(&[
        ("root/Cargo.toml", "[package]\nname = \"root\"\n[workspace]\nmembers = [\"../beside\"]\n"),
        ("root/src/lib.rs", ""),
        (
            "beside/Cargo.toml",
            "[package]\nname = \"beside\"\nworkspace = \"../root\"\n[dependencies]\nroot = { path = \"../root\" }\n",
        ),
        ("beside/src/lib.rs", ""),
    ]);
    let asked = open(&at(&folder.path().join("beside"))).unwrap();
    let read = without_cargo(&at(&folder.path().join("beside")));
    assert_eq!(asked.source, PackageSource::CargoMetadata);
    assert_eq!(
        format!("{:?}{:?}", asked.packages, asked.targets),
        format!("{:?}{:?}", read.packages, read.targets)
    );
    assert_eq!(asked.packages[0].manifest, "beside/Cargo.toml");
    assert_eq!(asked.packages[1].manifest, "root/Cargo.toml");
}
