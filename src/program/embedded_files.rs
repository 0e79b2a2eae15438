//! Room 5, *program*: which SQL files the code embeds, from the facts of all files and the catalog, before anything is linked: the
//! files become files of the workspace, and only then ids are given out.

use crate::catalog::Catalog;
use crate::facts::{FileFacts, ItemKind, TextMacro};
use crate::location::FileId;
use crate::workspace::{EmbeddedFile, EmbeddedSql, MigratorCommand, Workspace};

/// What the source files of a workspace embed, in the order of the files and places: the folders of `migrate!` and its kin, as
/// far as a text or nothing names them, and the `.sql` files of `include_str!`. Tests, examples and benches are left out. Linear in the facts.
pub fn embedded_files(workspace: &Workspace, files: &[&FileFacts], catalog: &Catalog) -> Vec<EmbeddedFile> {
    let mut found = Vec::new();
    for (index, facts) in (0..).zip(files) {
        let file = FileId(index);
        let path = &workspace.files[index as usize].path;
        let is_beside = |folder: &str| path.starts_with(&folder[1..]) || path.contains(folder);
        if ["/tests/", "/examples/", "/benches/"].into_iter().any(is_beside) {
            continue;
        }
        for call in facts.text_macros() {
            let sql = match (called(&call), call.text) {
                ("include_str", Some(text)) if text.ends_with(".sql") => {
                    Some(EmbeddedSql::Included(text.to_owned()))
                }
                _ => migrations(workspace, path, facts, &call, catalog),
            };
            found.extend(sql.map(|sql| EmbeddedFile { file, span: call.span, sql }));
        }
    }
    found.sort_by_key(|embedded| (embedded.file, embedded.span));
    found
}

/// The commands that apply migrations from outside, of the libraries that the catalog has.
pub fn migrator_commands(catalog: &Catalog) -> Vec<MigratorCommand> {
    let words = |call: &String| call.split_whitespace().map(str::to_owned).collect();
    let commands = catalog.commands().iter().map(|facts| MigratorCommand {
        package: facts.package.clone(),
        program: facts.program.clone(),
        applies: facts.applies.iter().map(words).collect(),
        folder: facts.folder.clone(),
        option: facts.option.clone(),
        configuration: facts.configuration.clone(),
        nested: facts.nested,
    });
    commands.collect()
}

fn called<'f>(call: &TextMacro<'f>) -> &'f str {
    call.path.segments.last().map_or("", |last| last.name.as_str())
}

/// The folder that a macro of a library embeds.
fn migrations(
    workspace: &Workspace,
    path: &str,
    facts: &FileFacts,
    call: &TextMacro<'_>,
    catalog: &Catalog,
) -> Option<EmbeddedSql> {
    catalog.macros_named(called(call)).find_map(|library| {
        let folder = call.text.or(library.folder.as_deref()).filter(|_| library.folder.is_some())?;
        let (krate, _) = library.path.split_once("::")?;
        let is_library = match call.path.segments.as_slice() {
            [only] => {
                !declares(facts, &only.name)
                    && workspace
                        .package_around(path)
                        .is_some_and(|package| workspace.depends_on(&package.name, krate))
            }
            segments => segments.iter().any(|segment| segment.name == krate),
        };
        is_library.then(|| EmbeddedSql::Folder { path: folder.to_owned(), nested: library.nested })
    })
}

/// Whether a file declares a macro of the name itself.
fn declares(facts: &FileFacts, name: &str) -> bool {
    facts.items.iter().any(|item| matches!(item.kind, ItemKind::MacroRules(_)) && item.name == *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::extract_file;
    use crate::workspace::in_memory;

    fn found(main: &str) -> Vec<String> {
        let manifest = "[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"0.8\"\n";
        let mut workspace = in_memory(&[("Cargo.toml", manifest), ("src/main.rs", main)]);
        let extracted = workspace.load_modules(Some(1), extract_file);
        let facts: Vec<&FileFacts> = extracted.iter().map(|one| &one.facts).collect();
        let embedded = embedded_files(&workspace, &facts, &Catalog::builtin());
        let shown = embedded.into_iter().map(|one| match one.sql {
            EmbeddedSql::Folder { path, nested } => format!("{} {path} {nested}", one.span.line),
            EmbeddedSql::Included(path) => format!("{} {path}", one.span.line),
        });
        shown.collect()
    }

    #[test]
    fn folders_of_migrators_and_texts_are_found() {
        let main = "static M: Migrator = sqlx::migrate!();\nfn main() {\n    migrate!(\"db\");\n    diesel_migrations::embed_migrations!(\"diesel\");\n    include_str!(\"../schema.sql\");\n}\n";
        assert_eq!(found(main), ["1 migrations false", "3 db false", "4 diesel true", "5 ../schema.sql"]);
    }

    #[test]
    fn macros_of_the_application_and_of_nobody_embed_nothing() {
        let main = "macro_rules! migrate { () => {} }\nfn main() {\n    migrate!(\"a\");\n    embed_migrations!(\"b\");\n    dont_migrate!(\"c\");\n    sqlx::migrate!(PATH);\n    include_str!(\"page.html\");\n}\n";
        assert_eq!(found(main), Vec::<String>::new());
    }
}
