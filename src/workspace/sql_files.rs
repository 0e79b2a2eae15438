//! Room 2, *workspace*: the SQL files that source files embed: folders of migrations, and files that are included as text.
//! It must not interpret SQL.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::applied_folders::MigratorCommand;
use super::disk::ReadCause;
use super::tree::{normalized, relative};
use super::{SourceFile, Workspace};
use crate::location::{FileId, Span};
use crate::problem::{Problem, ProblemKind};

/// The SQL files of a workspace, by the paths of folders and files relative to its root.
#[derive(Debug, Default)]
pub struct SqlFiles {
    /// Folders of migrations, each with the files that are applied, in the order of their names.
    pub folders: BTreeMap<String, Vec<FileId>>,
    /// Files that are included as text, with their texts.
    pub included: BTreeMap<String, (FileId, Arc<str>)>,
    /// Migrations of one folder that have one version, in the order of the folders and names.
    pub repeated: Vec<RepeatedVersion>,
    /// What source files ask for, in order.
    pub asked: Vec<AskedFolder>,
    /// Folders with such migrations that no source file asks for, and where the migrator's command applies them.
    pub applied: Vec<AskedFolder>,
}

/// Two migrations of one folder with one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedVersion {
    /// The folder, relative to the root of the workspace.
    pub folder: String,
    /// The file whose name comes first.
    pub first: FileId,
    /// The other one.
    pub second: FileId,
}

/// What a macro call of a source file embeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedFile {
    /// The source file.
    pub file: FileId,
    /// The call.
    pub span: Span,
    /// What it names.
    pub sql: EmbeddedSql,
}

/// What is embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddedSql {
    /// A folder of migrations, relative to the package.
    Folder {
        /// The folder.
        path: String,
        /// Whether the files of the folders inside it belong to it.
        nested: bool,
    },
    /// A file that is included as text, relative to the source file.
    Included(String),
}

/// A folder of migrations that a file names.
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
pub(super) const MAX_BYTES: usize = 1 << 20;

impl Workspace {
    /// Reads the SQL files that the source files embed, and those that one of the commands applies in a script. They become files of the workspace, so that findings can point into
    /// them. Must be called after modules are loaded.
    pub fn load_sql(&mut self, embedded: &[EmbeddedFile], commands: &[MigratorCommand]) {
        for one in embedded {
            match &one.sql {
                EmbeddedSql::Folder { path, nested } => self.read_folder(one, path, *nested),
                EmbeddedSql::Included(path) => self.read_included(one, path),
            }
        }
        self.load_applied_folders(commands);
        self.order_problems();
    }

    /// Reads the migrations of a folder that is named relative to the package of a source file, with those in its folders if `nested`.
    fn read_folder(&mut self, by: &EmbeddedFile, folder: &str, nested: bool) {
        let source = self.files[by.file.0 as usize].path.clone();
        let Some(package) = self.package_around(&source) else { return };
        let package = Path::new(&package.manifest).parent().unwrap_or(Path::new("")).to_path_buf();
        let package = self.root.join(package);
        // Diesel looks in the folders above as well.
        let mut places = package.ancestors().take_while(|place| place.starts_with(&self.root));
        let found = places.find(|place| self.tree.is_folder(&normalized(&place.join(folder))));
        let path = normalized(&found.unwrap_or(&package).join(folder));
        let shown = relative(&self.root, &path);
        self.sql.asked.push(AskedFolder { file: by.file, line: by.span.line, folder: shown.clone() });
        if self.sql.folders.contains_key(&shown) {
            return;
        }
        let mut files = Vec::new();
        if self.tree.is_folder(&path) {
            let mut paths = self.tree.files(&path, &|name| is_applied(name));
            paths.retain(|found| nested || found.parent() == Some(path.as_path()));
            paths.sort();
            let mut versions: BTreeMap<String, FileId> = BTreeMap::new();
            let folder_path = path.clone();
            for path in paths {
                let Some(second) = self.read_sql(&path) else { continue };
                files.push(second);
                if let Some(first) =
                    version(&folder_path, &path, nested).and_then(|version| versions.insert(version, second))
                {
                    self.sql.repeated.push(RepeatedVersion { folder: shown.clone(), first, second });
                }
            }
        } else {
            let place = (by.span.line, by.span.column);
            self.note_sql(&source, place, &format!("there is no folder of migrations `{shown}`"));
        }
        self.sql.folders.insert(shown, files);
    }

    fn read_included(&mut self, by: &EmbeddedFile, included: &str) {
        let source = self.files[by.file.0 as usize].path.clone();
        let own = self.root.join(&source);
        let path = normalized(&own.parent().unwrap_or(&self.root).join(included));
        let name = relative(&self.root, &path);
        if self.sql.included.contains_key(&name) {
            return;
        }
        if !self.tree.is_file(&path) {
            self.note_sql(&source, (by.span.line, by.span.column), &format!("there is no file `{name}`"));
        } else if let Some(file) = self.read_sql(&path) {
            let text = self.files[file.0 as usize].text.clone();
            self.sql.included.insert(name, (file, text));
        }
    }

    /// Reads a file, once.
    pub(super) fn read_sql(&mut self, path: &Path) -> Option<FileId> {
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

/// Whether migrators apply a file of this name on the way up.
pub(super) fn is_applied(name: &str) -> bool {
    name.ends_with(".sql") && !name.ends_with(".down.sql") && name != "down.sql"
}

/// The version of a migration in a folder, spelled so that equal versions are equal texts; `None` for a file that is none. Files of
/// sqlx (0.8) begin with a number and an underscore; Diesel (`migrations_internals` 2) compares what the names of folders begin with, without
/// dashes; refinery (0.10) takes files like `V1__name.sql` from all folders.
pub(super) fn version(folder: &Path, path: &Path, nested: bool) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |number: &str| number.trim_start_matches('0').to_owned();
    if !nested {
        let (number, _) = name.split_once('_')?;
        return is_number(number).then(|| plain(number));
    }
    if name == "up.sql" {
        let own = path.parent()?;
        let (number, _) = own.file_name()?.to_str()?.split_once('_')?;
        let number = number.replace('-', "");
        return (own.parent() == Some(folder) && is_number(&number)).then_some(number);
    }
    let (number, _) = name.strip_prefix(['V', 'U'])?.split_once("__")?;
    is_number(number).then(|| plain(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::in_memory;

    const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2024\"\n";

    /// The folders and files that are read, and the problems, with versions that are there twice; what is embedded is named in lines 1, 2 and so on of the one source.
    fn read(embedded: &[EmbeddedSql], files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut all = vec![("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")];
        all.extend(files);
        let mut workspace = in_memory(&all);
        workspace.load_modules(Some(1), |_| ((), Vec::new()));
        let at = |line: u32| Span { line, column: 1, end_line: line, end_column: 2 };
        let calls = (1..).zip(embedded);
        let calls =
            calls.map(|(line, sql)| EmbeddedFile { file: FileId(0), span: at(line), sql: sql.clone() });
        workspace.load_sql(&calls.collect::<Vec<_>>(), &[]);
        let path = |file: &FileId| workspace.files[file.0 as usize].path.clone();
        let folders = workspace.sql.folders.values().flatten().map(path);
        let read = folders.chain(workspace.sql.included.values().map(|(file, _)| path(file))).collect();
        let problems = workspace.problems.iter().filter(|problem| problem.kind == ProblemKind::UnreadSql);
        let shown = |problem: &Problem| format!("{}:{} {}", problem.file, problem.line, problem.message);
        let repeated = workspace
            .sql
            .repeated
            .iter()
            .map(|twice| format!("{} again in {}", path(&twice.first), path(&twice.second)));
        (read, problems.map(shown).chain(repeated).collect())
    }

    fn folder(path: &str, nested: bool) -> EmbeddedSql {
        EmbeddedSql::Folder { path: path.to_owned(), nested }
    }

    fn included(path: &str) -> EmbeddedSql {
        EmbeddedSql::Included(path.to_owned())
    }

    #[test]
    fn folders_of_migrators_and_included_files_are_read() {
        let embedded = [folder("migrations", false), folder("diesel", true), included("../schema.sql")];
        let files = [
            ("migrations/1_a.sql", ""),
            ("migrations/2_b.up.sql", ""),
            ("migrations/2_b.down.sql", ""),
            ("diesel/2024-01-01-000000_c/up.sql", ""),
            ("diesel/2024-01-01-000000_c/down.sql", ""),
            ("schema.sql", ""),
            ("elsewhere/x.sql", ""),
        ];
        let (read, problems) = read(&embedded, &files);
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
    fn what_is_missing_or_too_large_is_a_problem_and_one_version_twice_is_known() {
        let dump = "INSERT INTO t VALUES (1);\n".repeat(60_000);
        let embedded = [folder("./gone", false), folder("db", false), included("gone.sql")];
        let files = [("db/01_a.sql", ""), ("db/1_b.sql", ""), ("db/2_dump.sql", dump.as_str())];
        let (read, problems) = read(&embedded, &files);
        assert_eq!(read, ["db/01_a.sql", "db/1_b.sql"]);
        assert_eq!(
            problems,
            [
                "db/2_dump.sql:0 the file is larger than 1 MiB; the tables it defines are not known",
                "src/main.rs:1 there is no folder of migrations `gone`",
                "src/main.rs:3 there is no file `src/gone.sql`",
                "db/01_a.sql again in db/1_b.sql",
            ]
        );
    }
}
