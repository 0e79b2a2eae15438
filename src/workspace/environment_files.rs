//! Room 2, *workspace*: which variables the environment files beside the manifests set: `.env`, and the templates of it that
//! people commit. It must not keep a value: values are secrets, and reports show lines.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{SourceFile, Workspace};
use crate::location::{FileId, Location, Span};

/// A variable that an environment file sets, or that a template of one offers in a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetVariable {
    /// Its name.
    name: String,
    /// The folder of the file, relative to the root of the workspace.
    folder: String,
    /// Its name in the file.
    location: Location,
}

/// Whether a file of this name sets variables that are loaded by the program: `.env`, `.env.example`, `.env_template`. What direnv
/// reads (`.envrc`) is there before any program starts.
pub(super) fn is_environment_file(name: &str) -> bool {
    name.strip_prefix(".env").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

impl Workspace {
    /// Reads the environment files beside the manifests. Those that set something become files of the workspace, with their
    /// values left out, so that findings can point into them. What cannot be read is left out: the program may do without it as
    /// well. Must be called after modules are loaded.
    pub fn load_environment_files(&mut self) {
        let mut folders: BTreeSet<String> =
            self.packages.iter().map(|package| folder_of(&package.manifest).to_owned()).collect();
        folders.insert(String::new());
        for folder in folders {
            let path = self.root.join(Path::new(&folder));
            for name in self.tree.names(&path).iter().filter(|name| is_environment_file(name)) {
                if let Ok(text) = self.tree.read(&path.join(name)) {
                    self.read_environment_file(&folder, name, &text);
                }
            }
        }
    }

    fn read_environment_file(&mut self, folder: &str, name: &str, text: &str) {
        let mut shown = String::new();
        let file = FileId(self.files.len() as u32);
        let before = self.environment.len();
        for (line, set) in (1..).zip(lines_of(text, name != ".env")) {
            if let Some((variable, column)) = set {
                let span = Span { line, column, end_line: line, end_column: column + variable.len() as u32 };
                self.environment.push(SetVariable {
                    name: variable.to_owned(),
                    folder: folder.to_owned(),
                    location: Location { file, span },
                });
                let indent = column as usize - 1;
                shown.push_str(&format!("{:indent$}{variable}=…", ""));
            }
            shown.push('\n');
        }
        if self.environment.len() > before {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            self.files.push(SourceFile { path, text: Arc::from(shown) });
        }
    }

    /// Where an environment file beside the manifest of a package, or at the root of the workspace, sets a variable.
    pub fn set_in_file(&self, package: &str, name: &str) -> Option<Location> {
        let own = self.packages.iter().find(|one| one.name == package).map(|one| folder_of(&one.manifest));
        let applies = |set: &&SetVariable| {
            set.name == name && (set.folder.is_empty() || Some(set.folder.as_str()) == own)
        };
        self.environment.iter().find(applies).map(|set| set.location)
    }
}

fn folder_of(manifest: &str) -> &str {
    manifest.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// For each line what it sets. A byte order mark is no part of the first one.
fn lines_of(text: &str, is_template: bool) -> impl Iterator<Item = Option<(&str, u32)>> {
    text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(move |line| name_in(line, is_template))
}

/// The variable that a line sets, and the column of its name, from 1: `NAME=value`, `export NAME=value`; in a template also
/// `# NAME=value`, which is there to be taken out of the comment.
fn name_in(line: &str, is_template: bool) -> Option<(&str, u32)> {
    let (before, _) = line.split_once('=')?;
    let name = before.trim();
    let name = name.strip_prefix('#').filter(|_| is_template).unwrap_or(name).trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let column = before.rfind(name)? + 1;
    (!name.is_empty() && name.chars().all(is_letter)).then_some((name, column as u32))
}

#[cfg(test)]
mod tests {
    use super::{is_environment_file, lines_of, name_in};

    #[test]
    fn names_are_read_and_values_are_not() {
        assert_eq!(name_in("RUST_LOG=debug", false), Some(("RUST_LOG", 1)));
        assert_eq!(name_in("export PORT = 80", false), Some(("PORT", 8)));
        assert_eq!(name_in("export p=80", false), Some(("p", 8)));
        for line in ["# RUST_LOG=debug", "just text", "a b=c", "=x"] {
            assert_eq!(name_in(line, false), None, "{line}");
        }
        assert_eq!(name_in("# RUST_LOG=debug", true), Some(("RUST_LOG", 3)));
        assert_eq!(name_in("# a sentence with x=1", true), None);
    }

    #[test]
    fn a_byte_order_mark_hides_no_variable() {
        let lines: Vec<_> = lines_of("\u{feff}PORT=80\r\nHOST=a", false).collect();
        assert_eq!(lines, [Some(("PORT", 1)), Some(("HOST", 1))]);
    }

    #[test]
    fn environment_files_are_told_by_their_names() {
        for name in [".env", ".env.example", ".env_template"] {
            assert!(is_environment_file(name), "{name}");
        }
        for name in [".envrc", "env", ".environment", "a.env.rs"] {
            assert!(!is_environment_file(name), "{name}");
        }
    }
}
