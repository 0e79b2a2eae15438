//! Room 2, *workspace*: folders of migrations that no source file embeds, and that a script of the repository has the migrator's
//! own command apply. Must not guess: a folder that nothing names is not one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::sql_files::{MAX_BYTES, is_applied, version};
use super::tree::relative;
use super::{AskedFolder, RepeatedVersion, Workspace};

/// The command of a migrator, which takes its folder by default from the folder that it is called in.
#[derive(Debug, Clone)]
pub struct MigratorCommand {
    /// The package, by its name in the registry, that an application depends on whose migrations it applies.
    pub package: String,
    /// The program, as cargo calls it too.
    pub program: String,
    /// The words that it is called with to apply migrations.
    pub applies: Vec<Vec<String>>,
    /// The folder that it takes when none is named.
    pub folder: String,
    /// The option that names a folder.
    pub option: Option<String>,
    /// The file in which the folder may be named instead.
    pub configuration: Option<String>,
    /// Whether each migration has a folder of its own.
    pub nested: bool,
}

/// Where a migrator's command is called.
struct Called {
    script: PathBuf,
    /// From 1.
    line: u32,
    /// The folder that it applies, relative to the root.
    folder: String,
}

impl Workspace {
    /// Notes the migrations with one version in the folders of packages, and in that of the root, that a command takes and a script applies.
    /// Scripts are read only where there are such migrations. Must be called after the folders that sources embed are read.
    pub(super) fn load_applied_folders(&mut self, commands: &[MigratorCommand]) {
        for command in commands {
            let uses = |package: &&super::Package| {
                package.dependencies.iter().any(|dependency| dependency.package == command.package)
            };
            let packages = self.packages.iter().filter(uses);
            let above =
                packages.map(|package| Path::new(&package.manifest).parent().unwrap_or(Path::new("")));
            let mut folders: Vec<PathBuf> =
                above.map(|package| self.root.join(package).join(&command.folder)).collect();
            if !folders.is_empty() {
                folders.push(self.root.join(&command.folder));
            }
            folders.sort();
            folders.dedup();
            folders.retain(|folder| !self.sql.folders.contains_key(&relative(&self.root, folder)));
            let mut called = None;
            for folder in folders {
                let twice = self.versions_twice(&folder, command.nested);
                if twice.is_empty() || self.is_configured(&folder, command) {
                    continue;
                }
                let called = called.get_or_insert_with(|| self.calls_of(command));
                let shown = relative(&self.root, &folder);
                let names = |call: &&Called| call.folder == shown;
                let Some(call) = called.iter().find(names) else { continue };
                let (script, line) = (call.script.clone(), call.line);
                self.note_applied(shown, &script, line, &twice);
            }
        }
    }

    fn note_applied(&mut self, folder: String, script: &Path, line: u32, twice: &[(PathBuf, PathBuf)]) {
        let Some(file) = self.read_sql(script) else { return };
        self.sql.applied.push(AskedFolder { file, line, folder: folder.clone() });
        for (first, second) in twice {
            if let (Some(first), Some(second)) = (self.read_sql(first), self.read_sql(second)) {
                self.sql.repeated.push(RepeatedVersion { folder: folder.clone(), first, second });
            }
        }
    }

    /// The migrations of a folder that have one version, in the order of their names.
    fn versions_twice(&self, folder: &Path, nested: bool) -> Vec<(PathBuf, PathBuf)> {
        if !self.tree.is_folder(folder) {
            return Vec::new();
        }
        let mut paths = self.tree.files(folder, &is_applied);
        paths.retain(|path| nested || path.parent() == Some(folder));
        paths.sort();
        let mut versions: BTreeMap<String, PathBuf> = BTreeMap::new();
        let again = |path: PathBuf| {
            let first = versions.insert(version(folder, &path, nested)?, path.clone())?;
            Some((first, path))
        };
        paths.into_iter().filter_map(again).collect()
    }

    /// Where scripts and workflows call a command, in the order of their paths. A call of which it is not known in which folder it is made is
    /// left out, unless it names a path from the root.
    fn calls_of(&self, command: &MigratorCommand) -> Vec<Called> {
        let mut scripts = self.tree.files(&self.root, &is_script);
        scripts.extend(self.tree.files(&self.root.join(".github"), &is_script));
        scripts.sort();
        let mut calls = Vec::new();
        for script in scripts {
            let Ok(text) = self.tree.read(&script) else { continue };
            if text.len() > MAX_BYTES {
                continue;
            }
            let shown = relative(&self.root, &script);
            let of_root = |package: &super::Package| !package.manifest.contains('/');
            let is_elsewhere =
                ["cd ", "pushd ", "working-directory", "chdir"].iter().any(|word| text.contains(word))
                    || self.package_around(&shown).is_some_and(|package| !of_root(package));
            for (line, text) in command_lines(&text) {
                for part in text.split(['&', ';', '|']) {
                    let folder = match applied_by(part, command) {
                        Some(Applied::Default) if !is_elsewhere => command.folder.clone(),
                        Some(Applied::Named(named)) if !is_elsewhere || named.contains('/') => named,
                        _ => continue,
                    };
                    calls.push(Called { script: script.clone(), line, folder });
                }
            }
        }
        calls
    }

    /// Whether the command is told in a file of its own which folder to take.
    fn is_configured(&self, folder: &Path, command: &MigratorCommand) -> bool {
        let above = folder.parent().unwrap_or(&self.root);
        let told = |place: &Path| {
            let text = command.configuration.as_ref().map(|name| self.tree.read(&place.join(name)));
            text.is_some_and(|text| text.is_ok_and(|text| text.contains("dir")))
        };
        told(above) || told(&self.root)
    }
}

/// The folder that a command applies.
enum Applied {
    /// None is named.
    Default,
    /// By its path.
    Named(String),
}

/// Which folder a part of a command line applies, when it is the command and nothing else: `DATABASE_URL=… cargo sqlx migrate run`.
fn applied_by(part: &str, command: &MigratorCommand) -> Option<Applied> {
    let words = part.split_whitespace().map(|word| word.trim_matches(['"', '\'', '`', '@']));
    let is_before =
        |word: &&str| matches!(*word, "" | "-" | "run:" | "cargo" | "$" | "exec") || word.contains('=');
    let mut words = words.skip_while(is_before);
    if words.next()? != command.program {
        return None;
    }
    let is_option = |word: &str| command.option.as_deref() == Some(word);
    let (mut verbs, mut named) = (Vec::new(), None);
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((option, value)) if is_option(option) => named = Some(value),
            _ if is_option(word) => named = words.next(),
            _ if word.starts_with('-') => {}
            _ => verbs.push(word),
        }
    }
    let begins = |applies: &Vec<String>| {
        verbs.len() >= applies.len() && applies.iter().zip(&verbs).all(|(word, verb)| word == verb)
    };
    if !command.applies.iter().any(begins) {
        return None;
    }
    let Some(named) = named else { return Some(Applied::Default) };
    let is_known = !named.starts_with(['/', '~', '.']) || named.starts_with("./");
    let plain = named.trim_start_matches("./").trim_end_matches('/');
    (is_known && !named.contains(['$', '{']) && !named.contains(".."))
        .then(|| Applied::Named(plain.to_owned()))
}

/// The lines of a text with their numbers from 1, each with those that it goes on in behind a `\`.
fn command_lines(text: &str) -> impl Iterator<Item = (u32, String)> {
    let mut lines = (1..).zip(text.lines());
    std::iter::from_fn(move || {
        let (number, first) = lines.next()?;
        let mut whole = first.to_owned();
        while let Some(begun) = whole.strip_suffix('\\') {
            let begun = begun.len();
            whole.truncate(begun);
            let Some((_, next)) = lines.next() else { break };
            whole.push_str(next);
        }
        Some((number, whole))
    })
}

/// Whether a file of this name has commands in it. Prose may speak of a command that nobody calls, and an image has folders of its own.
fn is_script(name: &str) -> bool {
    const NAMES: [&str; 3] = ["makefile", "justfile", ".justfile"];
    const ENDINGS: [&str; 4] = [".sh", ".yml", ".yaml", ".mk"];
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use crate::location::{FileId, Span};
    use crate::workspace::{EmbeddedFile, EmbeddedSql, MigratorCommand, in_memory};

    const MANIFEST: &str =
        "[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"0.8\"\ndiesel = \"2\"\n";

    fn command(program: &str, what: &str, nested: bool) -> MigratorCommand {
        MigratorCommand {
            package: program.to_owned(),
            program: program.to_owned(),
            applies: vec![vec![what.to_owned(), "run".to_owned()]],
            folder: "migrations".to_owned(),
            option: Some("--source".to_owned()),
            configuration: None,
            nested,
        }
    }

    /// The migrations that are there again, and who applies them.
    fn repeated(files: &[(&str, &str)], embedded: &[EmbeddedFile]) -> Vec<String> {
        let mut all = vec![("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")];
        all.extend(files);
        let mut workspace = in_memory(&all);
        workspace.load_modules(Some(1), |_| ((), Vec::new()));
        workspace
            .load_sql(embedded, &[command("sqlx", "migrate", false), command("diesel", "migration", true)]);
        let path = |file: FileId| workspace.files[file.0 as usize].path.as_str();
        let twice = workspace.sql.repeated.iter().map(|twice| {
            let by = workspace.sql.applied.iter().find(|applied| applied.folder == twice.folder);
            let by = by.map_or("the sources".to_owned(), |by| format!("{}:{}", path(by.file), by.line));
            format!("{} again in {} by {by}", path(twice.first), path(twice.second))
        });
        twice.collect()
    }

    #[test]
    fn a_folder_that_a_script_has_applied_is_looked_at() {
        let files = [
            ("migrations/018_a.sql", ""),
            ("migrations/018_b.sql", ""),
            (".github/workflows/ci.yml", "steps:\n  - run: cargo sqlx migrate run\n"),
        ];
        assert_eq!(
            repeated(&files, &[]),
            ["migrations/018_a.sql again in migrations/018_b.sql by .github/workflows/ci.yml:2"]
        );
    }

    #[test]
    fn the_folder_that_the_command_names_must_be_that_one() {
        let files =
            |script| [("migrations/1_a.sql", ""), ("migrations/1_b.sql", ""), ("scripts/dev.sh", script)];
        assert_eq!(repeated(&files("# first\nsqlx migrate run \\\n  --source ./migrations\n"), &[]).len(), 1);
        assert!(repeated(&files("sqlx migrate run --source other/migrations\n"), &[]).is_empty());
        assert!(repeated(&files("sqlx migrate add next\n"), &[]).is_empty());
        assert!(repeated(&files("wrangler d1 migrations apply\n"), &[]).is_empty());
        assert!(repeated(&files("# never call: sqlx migrate run\n"), &[]).is_empty());
        assert!(repeated(&files("cd service && sqlx migrate run\n"), &[]).is_empty());
        assert!(repeated(&files("sqlx migrate run --source /app/migrations\n"), &[]).is_empty());
        assert_eq!(
            repeated(&files("DATABASE_URL=x cargo sqlx migrate --source=migrations run\n"), &[]).len(),
            1
        );
    }

    #[test]
    fn folders_of_diesel_are_told_apart_from_those_of_sqlx() {
        let files = [
            ("migrations/2024-01-01-000000_a/up.sql", ""),
            ("migrations/2024-01-01-000000_b/up.sql", ""),
            ("justfile", "setup:\n\tdiesel migration run\n\tsqlx migrate run\n"),
        ];
        assert_eq!(repeated(&files, &[]).len(), 1);
    }

    #[test]
    fn a_folder_that_is_embedded_as_well_is_told_once() {
        let files = [
            ("migrations/1_a.sql", ""),
            ("migrations/1_b.sql", ""),
            ("justfile", "migrate:\n\tsqlx migrate run\n"),
        ];
        let span = Span { line: 1, column: 1, end_line: 1, end_column: 2 };
        let sql = EmbeddedSql::Folder { path: "migrations".to_owned(), nested: false };
        let embedded = EmbeddedFile { file: FileId(0), span, sql };
        let told = ["migrations/1_a.sql again in migrations/1_b.sql by the sources"];
        assert_eq!(repeated(&files, &[embedded]), told);
    }
}
