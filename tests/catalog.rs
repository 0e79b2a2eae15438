//! The catalog's files on disk against what the program embeds and promises about them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use initpath::catalog::{BUILTIN, CallFacts, CallRole, Catalog, TypePattern, json_schema};

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn as_json(text: &str) -> serde_json::Value {
    let table: toml::Table = text.parse().expect("built-in files are TOML");
    serde_json::to_value(table).expect("TOML without dates is JSON")
}

#[test]
fn every_file_of_the_catalog_is_embedded_and_every_embedded_file_is_there() {
    let on_disk: Vec<String> = {
        let entries = fs::read_dir(rules().join("catalog")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names: BTreeSet<String> =
            names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect();
        names.into_iter().collect()
    };
    let mut embedded: Vec<&str> = BUILTIN.iter().map(|file| file.package).collect();
    assert!(embedded.is_sorted(), "rows are sorted by package");
    embedded.dedup();
    assert_eq!(embedded, on_disk);
    for file in BUILTIN {
        let text = fs::read_to_string(rules().join(format!("catalog/{}.toml", file.package))).unwrap();
        assert_eq!(text, file.text, "{}", file.package);
    }
}

#[test]
fn rows_of_embedded_files_repeat_what_the_files_say() {
    for file in BUILTIN {
        let json = as_json(file.text);
        assert_eq!(json["package"], file.package);
        let facades: Vec<&str> =
            json["facades"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(facades, file.facades, "{}", file.package);
        assert!(json["root"].is_null(), "{}: a built-in library is found by its package name", file.package);
        assert!(!json["versions_read"].as_array().unwrap().is_empty(), "{}", file.package);
        assert!(
            file.text.starts_with("# "),
            "{}: a file starts with what matters about the library",
            file.package
        );
    }
}

#[test]
fn every_built_in_library_is_part_of_the_catalog() {
    let catalog = Catalog::builtin();
    assert_eq!(catalog.libraries().count(), BUILTIN.len());
    for file in BUILTIN {
        let alone = Catalog::for_packages(std::iter::once(file.package), &[]).unwrap();
        assert!(alone.knows_library(&file.package.replace('-', "_")), "{}", file.package);
        for facade in file.facades {
            assert!(alone.knows_library(&facade.replace('-', "_")), "{facade}");
        }
    }
}

#[test]
fn every_built_in_file_satisfies_the_published_schema() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for file in BUILTIN {
        let json = as_json(file.text);
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", file.package);
    }
}

#[test]
fn the_published_schema_is_the_one_the_program_writes() {
    let path = rules().join("schema/catalog.json");
    let fresh = format!("{}\n", serde_json::to_string_pretty(&json_schema()).unwrap());
    if std::env::var_os("INITPATH_UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, &fresh).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == fresh, "run the tests with INITPATH_UPDATE=1 to rewrite {}", path.display());
}

#[test]
fn every_type_that_an_entry_of_the_catalog_gives_is_a_type_of_the_catalog() {
    let catalog = Catalog::builtin();
    let mut missing = BTreeSet::new();
    let mut look = |from: &str, pattern: &TypePattern| {
        pattern.each_path(&mut |path| {
            let root = path.split("::").next().unwrap();
            if catalog.knows_library(root) && path.contains("::") && catalog.type_facts(path).is_none() {
                missing.insert(format!("{path} (in {from})"));
            }
        });
    };
    for facts in catalog.calls() {
        facts.returns.iter().for_each(|pattern| look(&facts.path, pattern));
    }
    for facts in catalog.types() {
        facts.deref.iter().chain(&facts.awaited).for_each(|pattern| look(&facts.path, pattern));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_migrator_says_what_two_of_it_do_to_each_other() {
    let catalog = Catalog::builtin();
    let migrates = |facts: &&CallFacts| facts.role == CallRole::Migrate;
    for facts in catalog.calls().iter().filter(migrates) {
        let migrator = catalog.migrator_facts(&facts.path);
        let migrator = migrator.unwrap_or_else(|| panic!("`{}` is not among the migrators", facts.path));
        let locks = !migrator.locks.is_empty();
        assert_eq!(locks, migrator.after_failure.is_some(), "what becomes of the lock of `{}`", facts.path);
        let both = migrator.repeats.iter().find(|driver| migrator.locks.contains(driver));
        assert_eq!(both, None, "`{}` locks, so that nothing is repeated", facts.path);
        if let Some(option) = &migrator.unlocked_by {
            assert!(catalog.calls().iter().any(|facts| facts.path == *option), "`{option}` is a call");
        }
    }
}

#[test]
fn every_alias_leads_to_something_the_catalog_knows() {
    let catalog = Catalog::builtin();
    let mut lost = Vec::new();
    for file in BUILTIN {
        let json = as_json(file.text);
        let root = file.package.replace('-', "_");
        for alias in json["aliases"].as_array().into_iter().flatten() {
            let is = alias["is"].as_str().unwrap();
            let path = is.split(['<', '*']).next().unwrap().trim_end_matches("::");
            if path.is_empty() {
                continue;
            }
            let absolute = path.strip_prefix("::").map_or_else(|| format!("{root}::{path}"), str::to_owned);
            let segments: Vec<&str> = absolute.split("::").collect();
            let canonical = catalog.canonical(&segments).path;
            if !(catalog.knows_item(&canonical) || is.ends_with('*')) {
                lost.push(format!("{}: {absolute}", file.package));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn every_role_kind_and_key_is_explained_in_the_readme() {
    let readme = fs::read_to_string(rules().join("catalog/README.md")).unwrap();
    let schema = json_schema();
    let mut unexplained = Vec::new();
    let mut look = |name: &str| {
        if !readme.contains(&format!("`{name}`")) {
            unexplained.push(name.to_owned());
        }
    };
    let properties = schema["properties"].as_object().unwrap();
    properties.keys().for_each(|key| look(key));
    for list in properties.values().filter(|list| list["items"]["properties"].is_object()) {
        for (key, value) in list["items"]["properties"].as_object().unwrap() {
            look(key);
            value["enum"].as_array().into_iter().flatten().for_each(|name| look(name.as_str().unwrap()));
        }
    }
    unexplained.sort();
    unexplained.dedup();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}
