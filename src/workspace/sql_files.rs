//! Room 2, *workspace*: the SQL files that source files embed: folders of migrations, and files that are included as text.
//! It must not interpret SQL.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::disk::ReadCause;
use super::tree::{normalized, relative};
use super::{SourceFile, Workspace};
use crate::location::{FileId, line_and_column};
use crate::problem::{Problem, ProblemKind};

/// The SQL files of a workspace, by the paths of folders and files relative to its root.
#[derive(Debug, Default)]
pub struct SqlFiles {
    /// Folders of migrations, each with the files that are applied, in the order of their names.
    pub folders: BTreeMap<String, Vec<FileId>>,
    /// Files that are included as text, with their texts.
    pub included: BTreeMap<String, (FileId, Arc<str>)>,
    /// What source files ask for, in order.
    pub asked: Vec<AskedFolder>,
}

/// A folder of migrations that a source file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFolder {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
    /// The folder, relative to the root of the workspace.
    pub folder: String,
}

/// Files beyond this size are dumps of data.
const MAX_BYTES: usize = 1 << 20;

/// How source files name folders of migrations: the beginning of a call, and the folder where none is given.
/// `sqlx::migrate!` (sqlx 0.8, macro `migrate`), `embed_migrations!` (`diesel_migrations` 2, `refinery` 0.8, which wants `./migrations`).
const FOLDER_MACROS: [(&str, &str); 2] = [("migrate!(", "migrations"), ("embed_migrations!(", "migrations")];

impl Workspace {
    /// Reads the SQL files that the source files embed. They become files of the workspace, so that findings can point into
    /// them. What source files name is told by their text alone; whether it is code is decided by whoever asks. Must be called
    /// after modules are loaded. Linear in the size of the sources.
    pub fn load_sql(&mut self) {
        let sources = self.files.len();
        for index in 0..sources {
            let text = self.files[index].text.clone();
            let is_source = self.files[index].path.ends_with(".rs");
            if !is_source || (!text.contains("migrat") && !text.contains(".sql")) {
                continue;
            }
            // Code for tests stands at the end of a file, or in a folder of its own.
            let path = &self.files[index].path;
            let of_tests = path.starts_with("tests/") || path.contains("/tests/");
            let end = if of_tests { 0 } else { text.find("#[cfg(test)]").unwrap_or(text.len()) };
            let text = &text[..end];
            let file = FileId(index as u32);
            for (start, default) in FOLDER_MACROS {
                // A macro of the application's own may have the same name.
                let is_library =
                    start != "migrate!(" || text.contains("sqlx") && !text.contains("macro_rules! migrate");
                for (at, argument) in arguments(text, start).filter(|_| is_library) {
                    // `sqlx::migrate!` without an argument, and `diesel_migrations::embed_migrations!()`.
                    let folder = argument.unwrap_or(default);
                    let (line, column) = line_and_column(text, at);
                    self.read_folder(file, (line, column), folder, start != "migrate!(");
                }
            }
            for (at, argument) in arguments(text, "include_str!(") {
                let (line, _) = line_and_column(text, at);
                if let Some(argument) = argument.filter(|path| path.ends_with(".sql")) {
                    let own = self.root.join(&self.files[index].path);
                    let path = normalized(&own.parent().unwrap_or(&self.root).join(argument));
                    self.read_included(&path, (index, line));
                }
            }
        }
        self.order_problems();
    }

    /// Reads the migrations of a folder that is named relative to the package of a source file, with those in its folders if `deep`.
    fn read_folder(&mut self, file: FileId, (line, column): (u32, u32), folder: &str, deep: bool) {
        let source = self.files[file.0 as usize].path.clone();
        let Some(package) = self.package_folder(&source) else { return };
        let package = self.root.join(package);
        // Diesel looks in the folders above as well.
        let mut places = package.ancestors().take_while(|place| place.starts_with(&self.root));
        let found = places.find(|place| self.tree.is_folder(&normalized(&place.join(folder))));
        let path = normalized(&found.unwrap_or(&package).join(folder));
        let shown = relative(&self.root, &path);
        self.sql.asked.push(AskedFolder { file, line, folder: shown.clone() });
        if self.sql.folders.contains_key(&shown) {
            return;
        }
        let mut files = Vec::new();
        if self.tree.is_folder(&path) {
            let mut paths = self.tree.files(&path, &|name| is_applied(name));
            // sqlx looks at the files of the folder alone.
            paths.retain(|found| deep || found.parent() == Some(path.as_path()));
            paths.sort();
            let mut versions: BTreeMap<String, String> = BTreeMap::new();
            for path in paths {
                let name = relative(&self.root, &path);
                if let Some(version) = version(&path)
                    && let Some(other) = versions.insert(version.clone(), name.clone())
                {
                    self.note_sql(&name, (0, 0), &format!("the migration has the same version as `{other}`"));
                }
                files.extend(self.read_sql(&path));
            }
        } else {
            self.note_sql(&source, (line, column), &format!("there is no folder of migrations `{shown}`"));
        }
        self.sql.folders.insert(shown, files);
    }

    fn read_included(&mut self, path: &Path, (source, line): (usize, u32)) {
        let name = relative(&self.root, path);
        if self.sql.included.contains_key(&name) {
            return;
        }
        if !self.tree.is_file(path) {
            let source = self.files[source].path.clone();
            self.note_sql(&source, (line, 0), &format!("there is no file `{name}`"));
        } else if let Some(file) = self.read_sql(path) {
            let text = self.files[file.0 as usize].text.clone();
            self.sql.included.insert(name, (file, text));
        }
    }

    /// Reads a file, once.
    fn read_sql(&mut self, path: &Path) -> Option<FileId> {
        let name = relative(&self.root, path);
        if let Some(known) = self.files.iter().position(|file| file.path == name) {
            return Some(FileId(known as u32));
        }
        match self.tree.read(path) {
            Ok(text) if text.len() > MAX_BYTES => {
                self.note_sql(
                    &name,
                    (0, 0),
                    "the file is larger than 1 MiB; the tables it defines are not known",
                );
                None
            }
            Ok(text) => {
                self.files.push(SourceFile { path: name, text });
                Some(FileId(self.files.len() as u32 - 1))
            }
            Err(cause @ (ReadCause::NotFound | ReadCause::NotAFile)) => {
                self.note_sql(&name, (0, 0), &cause.to_string());
                None
            }
            Err(cause) => {
                self.note_sql(&name, (0, 0), &format!("{cause}; the tables it defines are not known"));
                None
            }
        }
    }

    /// The text of an SQL file that a source file includes by a path relative to itself.
    pub fn included_sql(&self, source: FileId, path: &str) -> Option<(FileId, Arc<str>)> {
        let own = Path::new(&self.files.get(source.0 as usize)?.path).parent()?;
        let root = normalized(&self.root.join(own).join(path));
        self.sql.included.get(&relative(&self.root, &root)).cloned()
    }

    /// The folder of the package that a file belongs to, relative to the root.
    fn package_folder(&self, file: &str) -> Option<String> {
        let folders = self.packages.iter().filter_map(|package| Path::new(&package.manifest).parent());
        let around = folders.filter(|folder| Path::new(file).starts_with(folder));
        let nearest = around.max_by_key(|folder| folder.components().count())?;
        Some(relative(Path::new(""), nearest))
    }

    fn note_sql(&mut self, file: &str, (line, column): (u32, u32), message: &str) {
        self.problems.push(Problem {
            file: file.to_owned(),
            line,
            column,
            kind: ProblemKind::UnreadSql,
            message: message.to_owned(),
        });
    }
}

/// The calls that begin with a text, each with where it begins and with the string literal right behind it; calls with something
/// else there, such as a constant, are left out, and so are comments.
fn arguments<'t>(text: &'t str, start: &'t str) -> impl Iterator<Item = (usize, Option<&'t str>)> {
    text.match_indices(start).filter_map(move |(at, _)| {
        let (opened, closed) = (text[..at].matches("/*").count(), text[..at].matches("*/").count());
        let raw = text[..at].matches("r#\"").count() > text[..at].matches("\"#").count();
        if opened > closed || raw {
            return None;
        }
        let line = text[..at].rsplit('\n').next().unwrap_or_default();
        let before = line.chars().next_back();
        if line.contains("//")
            || before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == '"')
        {
            return None;
        }
        let rest = text[at + start.len()..].trim_start();
        if rest.starts_with(')') {
            return Some((at, None));
        }
        // `embed_migrations!(pub MIGRATIONS, "…")` of older versions names a module first.
        let literal = rest.strip_prefix('"')?;
        Some((at, Some(&literal[..literal.find('"')?])))
    })
}

/// Whether migrators apply a file of this name on the way up.
fn is_applied(name: &str) -> bool {
    name.ends_with(".sql") && !name.ends_with(".down.sql") && name != "down.sql"
}

/// The version of a migration: what its name (for `up.sql`, the folder's) begins with before the first underscore, as far as it
/// is a number, without the `V` of refinery.
fn version(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = if name == "up.sql" { path.parent()?.file_name()?.to_str()? } else { name };
    let (version, _) = name.split_once('_')?;
    let number = version.trim_start_matches(['V', 'U']);
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '-';
    (!number.is_empty() && number.chars().all(is_number)).then(|| number.trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::in_memory;

    const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2024\"\n";

    /// The folders and files that are read, and the problems.
    fn read(main: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut all = vec![("Cargo.toml", MANIFEST), ("src/main.rs", main)];
        all.extend(files);
        let mut workspace = in_memory(&all);
        workspace.load_modules(Some(1), |_| ((), Vec::new()));
        workspace.load_sql();
        let path = |file: &FileId| workspace.files[file.0 as usize].path.clone();
        let folders = workspace.sql.folders.values().flatten().map(path);
        let read = folders.chain(workspace.sql.included.values().map(|(file, _)| path(file))).collect();
        let problems = workspace.problems.iter().filter(|problem| problem.kind == ProblemKind::UnreadSql);
        let shown = |problem: &Problem| format!("{}:{} {}", problem.file, problem.line, problem.message);
        (read, problems.map(shown).collect())
    }

    #[test]
    fn folders_of_migrators_and_included_files_are_read() {
        let main = "fn main() {\n    sqlx::migrate!();\n    embed_migrations!(\"diesel\");\n    let s = include_str!(\"../schema.sql\");\n}\n";
        let files = [
            ("migrations/1_a.sql", ""),
            ("migrations/2_b.up.sql", ""),
            ("migrations/2_b.down.sql", ""),
            ("diesel/2024-01-01-000000_c/up.sql", ""),
            ("diesel/2024-01-01-000000_c/down.sql", ""),
            ("schema.sql", ""),
            ("elsewhere/x.sql", ""),
        ];
        let (read, problems) = read(main, &files);
        let expected = [
            "diesel/2024-01-01-000000_c/up.sql",
            "migrations/1_a.sql",
            "migrations/2_b.up.sql",
            "schema.sql",
        ];
        assert_eq!(read, expected);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn what_is_missing_too_large_or_there_twice_is_a_problem() {
        let dump = "INSERT INTO t VALUES (1);\n".repeat(60_000);
        let main = "fn main() {\n    sqlx::migrate!(\"./gone\");\n    sqlx::migrate!(\"db\");\n    include_str!(\"gone.sql\");\n}\n";
        let files = [("db/01_a.sql", ""), ("db/1_b.sql", ""), ("db/2_dump.sql", dump.as_str())];
        let (read, problems) = read(main, &files);
        assert_eq!(read, ["db/01_a.sql", "db/1_b.sql"]);
        assert_eq!(
            problems,
            [
                "db/1_b.sql:0 the migration has the same version as `db/01_a.sql`",
                "db/2_dump.sql:0 the file is larger than 1 MiB; the tables it defines are not known",
                "src/main.rs:2 there is no folder of migrations `gone`",
                "src/main.rs:4 there is no file `src/gone.sql`",
            ]
        );
    }

    #[test]
    fn comments_texts_and_other_macros_name_no_folder() {
        let main = "// sqlx::migrate!(\"a\")\nfn main() {\n    dont_migrate!(\"b\");\n    print(\"migrate!(\\\"c\\\")\");\n    sqlx::migrate!(PATH);\n}\n";
        assert_eq!(read(main, &[]), (vec![], vec![]));
    }
}
