//! The format of `initpath.toml`: its published schema is the one the program reads by.

use std::path::Path;

use initpath::cli::configuration::{read, schema};

#[test]
fn the_published_schema_is_the_one_the_program_writes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/schema/config.json");
    let fresh = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("INITPATH_UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "config.json is stale: run the tests once with INITPATH_UPDATE=1");
}

#[test]
fn the_schema_and_the_reader_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let cases = [
        ("", true),
        ("[[resource]]\nid = \"a\"\n", true),
        ("[[resource]]\nid = \"a\"\ncanonical = \"app::pool\"\noptional = true\n", true),
        ("[[resource]]\nid = \"a\"\nrole = \"r\"\nowner = [\"app::x\", \"app::y\"]\n", true),
        ("[[resource]]\nid = \"a\"\nrole = \"r\"\n", false),
        ("[[resource]]\ncanonical = \"app::pool\"\n", false),
        ("[[resource]]\nid = \"a\"\nowned = \"app::x\"\n", false),
        ("[[resource]]\nid = \"\"\n", false),
        ("[[resource]]\nid = \"a\"\noptional = \"yes\"\n", false),
        ("[resource]\nid = \"a\"\n", false),
        ("resources = []\n", false),
    ];
    for (text, right) in cases {
        let value: toml::Value = toml::from_str(text).unwrap();
        let json = serde_json::to_value(value).unwrap();
        assert_eq!(validator.is_valid(&json), right, "schema: {text}");
        assert_eq!(read("initpath.toml", text).is_ok(), right, "reader: {text}");
    }
}
