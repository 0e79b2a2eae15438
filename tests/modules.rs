//! Following `mod` declarations from target roots, on disk and in memory, with a parser that knows nothing but
//! lines of the form `mod name;`, `mod name {`, `}`, `#[path = "…"]` and `#[cfg(…)]`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use initpath::problem::{Problem, ProblemKind};
use initpath::workspace::{MAX_FILE_BYTES, ModDeclaration, Request, SourceFile, Workspace, in_memory, open};

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2021\"\n";

fn declarations(file: &SourceFile) -> (String, Vec<ModDeclaration>) {
    let mut found = Vec::new();
    let mut inline: Vec<(String, Option<String>)> = Vec::new();
    let (mut path, mut optional) = (None, false);
    for number in 1..=file.lines().count() {
        let line = file.line(number).unwrap();
        let code = line.trim();
        if let Some(written) = code.strip_prefix("#[path = \"") {
            path = written.strip_suffix("\"]").map(str::to_owned);
        } else if code.starts_with("#[cfg(") {
            optional = true;
        } else if let Some(rest) = code.trim_start_matches("pub ").strip_prefix("mod ") {
            let name = rest.trim_end_matches([';', '{', ' ']).to_owned();
            if rest.ends_with('{') {
                inline.push((name, path.take()));
            } else {
                let column = (line.len() - line.trim_start().len() + 1) as u32;
                let inline = inline.clone();
                let path = path.take();
                found.push(ModDeclaration { name, inline, path, line: number, column, optional });
            }
            optional = false;
        } else if code == "}" {
            inline.pop();
        }
    }
    (file.path.clone(), found)
}

fn load(workspace: &mut Workspace) -> Vec<String> {
    workspace.load_modules(None, declarations)
}

/// A package of the given files, read in memory.
fn loaded(files: &[(&str, &str)]) -> Workspace {
    let mut files = files.to_vec();
    files.push(("Cargo.toml", MANIFEST));
    let mut workspace = in_memory(&files);
    load(&mut workspace);
    workspace
}

/// A package of the given files, on disk.
fn on_disk(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "app/Cargo.toml", MANIFEST.as_bytes());
    for (path, bytes) in files {
        write(folder.path(), &format!("app/{path}"), bytes);
    }
    let request = Request { start: folder.path().join("app"), ..Request::default() };
    let workspace = open(&request).unwrap();
    (folder, workspace)
}

fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn paths(workspace: &Workspace) -> Vec<&str> {
    workspace.files.iter().map(|file| file.path.as_str()).collect()
}

fn places(problems: &[Problem]) -> Vec<(ProblemKind, &str, u32, u32)> {
    problems.iter().map(|p| (p.kind, p.file.as_str(), p.line, p.column)).collect()
}

/// `module path → file` of one target, in the order of its nodes.
fn tree(workspace: &Workspace, target: usize) -> Vec<String> {
    let target = &workspace.targets[target];
    let file = |id: initpath::location::FileId| &workspace.files[id.0 as usize].path;
    target.modules.iter().map(|node| format!("{}: {}", node.path.join("::"), file(node.file))).collect()
}

#[test]
fn modules_are_found_beside_mod_files_and_below_other_files() {
    let workspace = loaded(&[
        ("src/lib.rs", "mod a;\nmod b;\n"),
        ("src/a.rs", "mod deep;\n"),
        ("src/a/deep.rs", "mod deeper;\n"),
        ("src/a/deep/deeper.rs", ""),
        ("src/b/mod.rs", "mod side;\n"),
        ("src/b/side.rs", ""),
        ("src/unreached.rs", ""),
    ]);
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    assert_eq!(
        tree(&workspace, 0),
        [
            ": src/lib.rs",
            "a: src/a.rs",
            "b: src/b/mod.rs",
            "a::deep: src/a/deep.rs",
            "b::side: src/b/side.rs",
            "a::deep::deeper: src/a/deep/deeper.rs",
        ]
    );
}

#[test]
fn a_node_is_found_by_its_parent_and_the_place_of_its_declaration() {
    let workspace = loaded(&[
        ("src/lib.rs", "mod a;\nmod inner {\n    mod b;\n}\n"),
        ("src/a.rs", ""),
        ("src/inner/b.rs", ""),
    ]);
    let modules = &workspace.targets[0].modules;
    assert_eq!((modules[0].parent, modules[0].declared_at), (None, (0, 0)));
    assert_eq!((modules[1].parent, modules[1].declared_at), (Some(0), (1, 1)));
    assert_eq!((modules[2].parent, modules[2].declared_at), (Some(0), (3, 5)));
    assert_eq!(modules[2].path, ["inner", "b"]);
    assert_eq!(workspace.targets[0].root, Some(modules[0].file));
}

#[test]
fn path_attributes_and_inline_modules_follow_the_language() {
    // The cases and files are those of the reference's section on the path attribute, in both kinds of files.
    let text = "#[path = \"foo.rs\"]\nmod c;\nmod inline {\n  #[path = \"other.rs\"]\n  mod inner;\n  mod plain;\n}\n\
                #[path = \"thread_files\"]\nmod thread {\n  #[path = \"tls.rs\"]\n  mod local_data;\n  mod usual;\n}\n";
    let workspace = loaded(&[
        ("src/lib.rs", "mod a;\nmod m;\n"),
        ("src/a.rs", text),
        ("src/foo.rs", "mod beside;\n"),
        ("src/beside.rs", ""),
        ("src/a/inline/other.rs", ""),
        ("src/a/inline/plain.rs", ""),
        ("src/thread_files/tls.rs", ""),
        ("src/thread_files/usual.rs", ""),
        ("src/m/mod.rs", text),
        ("src/m/foo.rs", "mod beside;\n"),
        ("src/m/beside.rs", ""),
        ("src/m/inline/other.rs", ""),
        ("src/m/inline/plain.rs", ""),
        ("src/m/thread_files/tls.rs", ""),
        ("src/m/thread_files/usual.rs", ""),
    ]);
    assert!(workspace.problems.is_empty(), "{:#?}", workspace.problems);
    assert_eq!(workspace.files.len(), 15);
    let tree = tree(&workspace, 0);
    for expected in [
        "a::c::beside: src/beside.rs",
        "a::inline::inner: src/a/inline/other.rs",
        "a::thread::usual: src/thread_files/usual.rs",
        "m::inline::inner: src/m/inline/other.rs",
        "m::thread::local_data: src/m/thread_files/tls.rs",
    ] {
        assert!(tree.iter().any(|line| line == expected), "{expected} in {tree:#?}");
    }
}

#[test]
fn a_file_that_several_targets_reach_is_parsed_once_and_belongs_to_each() {
    let mut workspace = in_memory(&[
        ("Cargo.toml", MANIFEST),
        ("src/main.rs", "mod config;\n"),
        ("src/lib.rs", "pub mod config;\nmod z;\n"),
        ("src/config.rs", "mod env;\n"),
        ("src/config/env.rs", ""),
        ("src/z.rs", ""),
        ("tests/http.rs", "#[path = \"../src/config.rs\"]\nmod config;\n"),
        ("src/env.rs", ""),
    ]);
    let parsed = Mutex::new(Vec::new());
    let values = workspace.load_modules(Some(2), |file| {
        parsed.lock().unwrap().push(file.path.clone());
        declarations(file)
    });
    let mut parsed = parsed.into_inner().unwrap();
    parsed.sort();
    assert_eq!(parsed, paths(&workspace));
    assert_eq!(values, paths(&workspace));
    assert_eq!(tree(&workspace, 0).len(), 4);
    assert_eq!(
        tree(&workspace, 1),
        [": src/main.rs", "config: src/config.rs", "config::env: src/config/env.rs"]
    );
    // Through #[path] the same file has its modules beside it.
    assert_eq!(tree(&workspace, 2), [": tests/http.rs", "config: src/config.rs", "config::env: src/env.rs"]);
}

#[test]
fn the_number_of_threads_and_a_second_reading_change_nothing() {
    let names: Vec<String> = (0..40).map(|n| format!("src/m{n}.rs")).collect();
    let root: String = (0..40).rev().map(|n| format!("mod m{n};\n")).collect();
    let mut files = vec![("Cargo.toml", MANIFEST), ("src/lib.rs", root.as_str())];
    files.extend(names.iter().map(|name| (name.as_str(), "mod missing;\n")));
    let mut workspace = in_memory(&files);
    let mut shown = Vec::new();
    for threads in [Some(1), Some(4), None, Some(1)] {
        let values = workspace.load_modules(threads, declarations);
        shown.push(format!("{values:?} {:?} {:?}", workspace.targets, workspace.problems));
    }
    assert!(shown.iter().all(|other| *other == shown[0]));
    assert_eq!(workspace.problems.len(), 40);
}

#[test]
fn parsing_runs_on_a_large_stack() {
    fn descend(depth: u32) -> u64 {
        let page = std::hint::black_box([u64::from(depth); 512]);
        if depth == 0 { page[0] } else { descend(depth - 1) + page[511] }
    }
    let mut workspace = in_memory(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")]);
    let sums = workspace.load_modules(Some(1), |_| (descend(4000), Vec::new()));
    assert_eq!(sums, [8_002_000]);
}

#[test]
fn a_module_without_a_file_is_told_at_its_declaration_unless_it_may_be_off() {
    let workspace = loaded(&[
        (
            "src/lib.rs",
            "mod here;\n  mod gone;\n#[cfg(windows)]\nmod win;\n#[path = \"no.rs\"]\nmod named;\n",
        ),
        ("src/here.rs", ""),
    ]);
    assert_eq!(
        places(&workspace.problems),
        [
            (ProblemKind::MissingModuleFile, "src/lib.rs", 2, 3),
            (ProblemKind::MissingModuleFile, "src/lib.rs", 6, 1),
        ]
    );
    assert!(workspace.problems[0].message.contains("neither `src/gone.rs` nor `src/gone/mod.rs`"));
    assert_eq!(paths(&workspace), ["src/here.rs", "src/lib.rs"]);
}

#[test]
fn of_two_files_for_a_module_the_first_is_taken() {
    let workspace = loaded(&[("src/lib.rs", "mod a;\n"), ("src/a.rs", ""), ("src/a/mod.rs", "mod never;\n")]);
    assert_eq!(places(&workspace.problems), [(ProblemKind::AmbiguousModuleFile, "src/lib.rs", 1, 1)]);
    assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
}

#[test]
fn modules_in_a_circle_end_and_are_told() {
    let workspace = loaded(&[
        ("src/lib.rs", "mod a;\n#[path = \"lib.rs\"]\nmod me;\n"),
        ("src/a.rs", "#[path = \"b.rs\"]\nmod b;\n"),
        ("src/b.rs", "#[path = \"a.rs\"]\nmod a;\n"),
    ]);
    assert_eq!(
        places(&workspace.problems),
        [(ProblemKind::ModuleCycle, "src/b.rs", 2, 1), (ProblemKind::ModuleCycle, "src/lib.rs", 3, 1)]
    );
    assert_eq!(workspace.files.len(), 3);
}

#[test]
fn modules_that_multiply_without_a_circle_end_too() {
    let texts: Vec<(String, String)> = (0..40)
        .map(|n| {
            let next = format!("#[path = \"f{}.rs\"]\nmod x;\n", n + 1);
            (format!("src/f{n}.rs"), next.repeat(2))
        })
        .collect();
    let mut files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.extend([("src/f40.rs", ""), ("src/lib.rs", "mod f0;\n")]);
    let workspace = loaded(&files);
    assert_eq!(places(&workspace.problems), [(ProblemKind::TooDeeplyNested, "src/lib.rs", 0, 0)]);
}

#[test]
fn a_file_of_another_package_is_read_and_one_outside_the_workspace_is_not() {
    let mut workspace = in_memory(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("a/Cargo.toml", MANIFEST),
        (
            "a/src/lib.rs",
            "#[path = \"../../b/shared.rs\"]\nmod shared;\n#[path = \"../../../out.rs\"]\nmod out;\n",
        ),
        ("b/shared.rs", ""),
        ("../out.rs", ""),
    ]);
    load(&mut workspace);
    assert_eq!(places(&workspace.problems), [(ProblemKind::ModuleOutsideWorkspace, "a/src/lib.rs", 4, 1)]);
    assert_eq!(paths(&workspace), ["a/src/lib.rs", "b/shared.rs"]);
}

#[test]
fn a_module_outside_the_workspace_on_disk_is_not_read() {
    let (folder, mut workspace) =
        on_disk(&[("src/lib.rs", b"#[path = \"../../out.rs\"]\nmod out;\nmod a;\n"), ("src/a.rs", b"")]);
    write(folder.path(), "out.rs", b"");
    load(&mut workspace);
    assert_eq!(places(&workspace.problems), [(ProblemKind::ModuleOutsideWorkspace, "src/lib.rs", 2, 1)]);
    assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
}

#[test]
fn a_file_that_is_not_utf8_is_told_with_its_place_and_the_rest_is_read() {
    let (_folder, mut workspace) = on_disk(&[
        ("src/lib.rs", b"mod latin;\nmod a;\n"),
        ("src/latin.rs", b"// ok\n// gr\xf6\xdfe\n"),
        ("src/a.rs", b""),
    ]);
    load(&mut workspace);
    assert_eq!(places(&workspace.problems), [(ProblemKind::NotUtf8, "src/latin.rs", 2, 6)]);
    assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
}

#[test]
fn a_huge_file_is_not_read() {
    let (folder, mut workspace) = on_disk(&[("src/lib.rs", b"mod huge;\nmod a;\n"), ("src/a.rs", b"")]);
    let huge = fs::File::create(folder.path().join("app/src/huge.rs")).unwrap();
    huge.set_len(50 * 1024 * 1024).unwrap();
    const { assert!(MAX_FILE_BYTES < 50 * 1024 * 1024) };
    load(&mut workspace);
    assert_eq!(places(&workspace.problems), [(ProblemKind::FileTooLarge, "src/huge.rs", 0, 0)]);
    assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
}

#[test]
fn a_byte_order_mark_and_an_interpreter_line_are_kept_for_the_parser() {
    let (_folder, mut workspace) = on_disk(&[
        ("src/main.rs", b"#!/usr/bin/env run\nmod a;\n"),
        ("src/a.rs", b"\xef\xbb\xbfmod b;\r\n"),
        ("src/a/b.rs", b""),
    ]);
    load(&mut workspace);
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    assert_eq!(tree(&workspace, 0), [": src/main.rs", "a: src/a.rs", "a::b: src/a/b.rs"]);
    assert_eq!(workspace.files[0].path, "src/a.rs");
    assert!(workspace.files[0].text.starts_with('\u{feff}'));
}

#[test]
fn a_target_whose_root_is_missing_does_not_hide_the_others() {
    let mut workspace = in_memory(&[
        ("Cargo.toml", "[package]\nname = \"app\"\n[[bin]]\nname = \"gone\"\npath = \"src/gone.rs\"\n"),
        ("src/lib.rs", ""),
    ]);
    load(&mut workspace);
    assert_eq!(places(&workspace.problems), [(ProblemKind::UnreadableFile, "src/gone.rs", 0, 0)]);
    assert_eq!(
        workspace.targets.iter().map(|target| target.root.is_some()).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn a_file_that_vanishes_between_opening_and_reading_is_told() {
    let (folder, mut workspace) =
        on_disk(&[("src/lib.rs", b"mod a;\n"), ("src/main.rs", b""), ("src/a.rs", b"")]);
    fs::remove_file(folder.path().join("app/src/main.rs")).unwrap();
    load(&mut workspace);
    assert_eq!(places(&workspace.problems), [(ProblemKind::UnreadableFile, "src/main.rs", 0, 0)]);
    assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
}

#[test]
fn a_workspace_in_memory_that_cannot_be_opened_is_empty_and_says_why() {
    let broken = in_memory(&[("Cargo.toml", "[package\n"), ("src/lib.rs", "")]);
    let kinds: Vec<_> = broken.problems.iter().map(|p| (p.kind, p.file.as_str(), p.line)).collect();
    assert_eq!(kinds, [(ProblemKind::NothingToAnalyse, "", 0), (ProblemKind::BadManifest, "Cargo.toml", 1)]);
    assert!(in_memory(&[]).targets.is_empty());
}

#[test]
fn a_workspace_in_memory_without_a_manifest_at_its_root_holds_those_below() {
    let mut workspace = in_memory(&[
        ("services/api/Cargo.toml", MANIFEST),
        ("services/api/src/main.rs", "mod db;\n"),
        ("services/api/src/db.rs", ""),
        ("target/debug/Cargo.toml", MANIFEST),
    ]);
    load(&mut workspace);
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    assert_eq!(paths(&workspace), ["services/api/src/db.rs", "services/api/src/main.rs"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_is_told() {
        let (folder, mut workspace) =
            on_disk(&[("src/lib.rs", b"mod secret;\nmod a;\n"), ("src/secret.rs", b""), ("src/a.rs", b"")]);
        let secret = folder.path().join("app/src/secret.rs");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&secret).is_ok() {
            return; // The superuser may read everything.
        }
        load(&mut workspace);
        assert_eq!(places(&workspace.problems), [(ProblemKind::UnreadableFile, "src/secret.rs", 0, 0)]);
        assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
    }

    #[test]
    fn module_files_that_are_links_in_a_circle_are_told() {
        let (folder, mut workspace) =
            on_disk(&[("src/lib.rs", b"mod round;\nmod a;\nmod folder;\n"), ("src/a.rs", b"")]);
        symlink("round.rs", folder.path().join("app/src/round.rs")).unwrap();
        symlink("folder", folder.path().join("app/src/folder")).unwrap();
        load(&mut workspace);
        assert_eq!(
            places(&workspace.problems),
            [(ProblemKind::LinkCycle, "src/lib.rs", 1, 1), (ProblemKind::LinkCycle, "src/lib.rs", 3, 1)]
        );
        assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
    }

    #[test]
    fn a_folder_that_links_to_itself_makes_a_module_circle_that_ends() {
        let (folder, mut workspace) =
            on_disk(&[("src/lib.rs", b"mod a;\n"), ("src/a/mod.rs", b"mod again;\n")]);
        symlink(".", folder.path().join("app/src/a/again")).unwrap();
        load(&mut workspace);
        assert_eq!(places(&workspace.problems), [(ProblemKind::ModuleCycle, "src/a/mod.rs", 1, 1)]);
    }

    #[test]
    fn a_linked_file_is_parsed_once_and_keeps_its_modules_where_the_link_is() {
        let (folder, mut workspace) = on_disk(&[
            ("src/lib.rs", b"mod real;\nmod link;\n"),
            ("src/real.rs", b"mod part;\n"),
            ("src/real/part.rs", b""),
            ("src/link/part.rs", b""),
        ]);
        symlink("real.rs", folder.path().join("app/src/link.rs")).unwrap();
        load(&mut workspace);
        assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
        assert_eq!(
            tree(&workspace, 0),
            [
                ": src/lib.rs",
                "real: src/real.rs",
                "link: src/real.rs",
                "real::part: src/real/part.rs",
                "link::part: src/link/part.rs",
            ]
        );
    }

    #[test]
    fn a_pipe_in_place_of_a_module_does_not_block() {
        let (folder, mut workspace) = on_disk(&[("src/lib.rs", b"mod pipe;\nmod a;\n"), ("src/a.rs", b"")]);
        let pipe = folder.path().join("app/src/pipe.rs");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|status| status.success()) {
            return; // This system has no pipes with names.
        }
        load(&mut workspace);
        assert_eq!(places(&workspace.problems), [(ProblemKind::UnreadableFile, "src/pipe.rs", 0, 0)]);
        assert_eq!(paths(&workspace), ["src/a.rs", "src/lib.rs"]);
    }
}

#[test]
fn packages_for_tests_are_told_by_their_names_and_by_who_needs_them() {
    let package = |name: &str, needs: &[&str]| {
        let needs: String =
            needs.iter().map(|other| format!("{other} = {{ path = \"../{other}\" }}\n")).collect();
        format!("[package]\nname = \"{name}\"\nedition = \"2021\"\n[dependencies]\n{needs}")
    };
    let manifests = [
        // Cargo refuses a circle; the manifests may have one.
        package("e2e", &["shop-tests"]),
        package("shop", &["shop-test-utils"]),
        package("shop-test", &[]),
        package("shop-test-utils", &[]),
        package("shop-testing", &["shop"]),
        package("shop-tests", &["e2e", "shop"]),
        package("ab-testing", &[]),
    ];
    let names = ["e2e", "shop", "shop-test", "shop-test-utils", "shop-testing", "shop-tests", "ab-testing"];
    let files: Vec<(String, &str)> = names
        .iter()
        .zip(&manifests)
        .map(|(name, text)| (format!("{name}/Cargo.toml"), text.as_str()))
        .collect();
    let mut all = vec![("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n")];
    all.extend(files.iter().map(|(path, text)| (path.as_str(), *text)));
    let sources: Vec<String> = names.iter().map(|name| format!("{name}/src/lib.rs")).collect();
    all.extend(sources.iter().map(|path| (path.as_str(), "")));
    let workspace = in_memory(&all);
    let found = workspace.test_support();
    let found = found.iter().map(|id| workspace.packages[id.0 as usize].name.as_str());
    assert_eq!(found.collect::<Vec<_>>(), ["e2e", "shop-testing", "shop-tests"]);
}
