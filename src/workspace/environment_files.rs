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
    /// Whether the file is a template, which people commit.
    of_template: bool,
}

/// What the template of an environment file is called by.
const TEMPLATES: [&str; 7] = ["default", "defaults", "dist", "example", "sample", "template", "tpl"];

/// Whether a file of this name sets variables that are loaded by the program, or is the template of one: `.env`, `.env.example`,
/// `.env_template`. What is for one environment only (`.env.production`) is loaded by nobody who does not name it, and what direnv
/// reads (`.envrc`) is there before any program starts.
pub(super) fn is_environment_file(name: &str) -> bool {
    name.strip_prefix(".env").is_some_and(|rest| rest.is_empty() || is_template(rest))
}

/// Whether what follows `.env` in the name of a file says that it is a template.
fn is_template(rest: &str) -> bool {
    rest.starts_with(['.', '-', '_']) && rest.split(['.', '-', '_']).any(|word| TEMPLATES.contains(&word))
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
        let of_template = name != ".env";
        for (line, set) in (1..).zip(lines_of(text, of_template)) {
            if let Some((variable, column)) = set {
                let span = Span { line, column, end_line: line, end_column: column + variable.len() as u32 };
                self.environment.push(SetVariable {
                    name: variable.to_owned(),
                    folder: folder.to_owned(),
                    location: Location { file, span },
                    of_template,
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
        self.set_for(package).find(|set| set.name == name).map(|set| set.location)
    }

    /// Whether the template of an environment file beside the manifest of a package, or at the root of the workspace, sets anything.
    /// A file that is not committed would say something else on each machine.
    pub fn has_environment_template(&self, package: &str) -> bool {
        self.set_for(package).any(|set| set.of_template)
    }

    fn set_for(&self, package: &str) -> impl Iterator<Item = &SetVariable> {
        let own = self.packages.iter().find(|one| one.name == package).map(|one| folder_of(&one.manifest));
        self.environment.iter().filter(move |set| set.folder.is_empty() || Some(set.folder.as_str()) == own)
    }
}

fn folder_of(manifest: &str) -> &str {
    manifest.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// For each line what it sets. A byte order mark is no part of the first one, and what stands between quotes is a value, over as
/// many lines as it takes.
fn lines_of(text: &str, is_template: bool) -> impl Iterator<Item = Option<(&str, u32)>> {
    let mut open: Option<char> = None;
    text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(move |line| {
        if let Some(quote) = open {
            open = open.filter(|_| !closes(line, quote));
            return None;
        }
        let (before, value) = line.split_once('=')?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
        let is_set = !before.trim_start().starts_with('#');
        open = quote.filter(|quote| is_set && !closes(&value[1..], *quote));
        name_in(before, is_template)
    })
}

/// Whether a value that began with a quote ends in this text.
fn closes(text: &str, quote: char) -> bool {
    let mut escaped = false;
    text.chars().any(|letter| {
        let ends = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped && quote == '"';
        ends
    })
}

/// The variable of which a value follows, and the column of its name, from 1: `NAME`, `export NAME`; in a template also `# NAME`,
/// which is there to be taken out of the comment. What mixes capitals and small letters is no name but a piece of a value that
/// has lost its quotes.
fn name_in(before: &str, is_template: bool) -> Option<(&str, u32)> {
    let name = before.trim();
    let name = name.strip_prefix('#').filter(|_| is_template).unwrap_or(name).trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let all = |is_one: fn(&char) -> bool| name.chars().all(|letter| is_one(&letter) || letter == '_');
    let is_name = all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        || all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let column = before.rfind(name)? + 1;
    (is_name && name.starts_with(|first: char| !first.is_ascii_digit())).then_some((name, column as u32))
}

#[cfg(test)]
mod tests {
    use super::{is_environment_file, lines_of};

    fn names(text: &str, is_template: bool) -> Vec<(usize, &str, u32)> {
        let lines = lines_of(text, is_template).enumerate();
        lines.filter_map(|(line, set)| set.map(|(name, column)| (line + 1, name, column))).collect()
    }

    #[test]
    fn names_are_read_and_values_are_not() {
        assert_eq!(
            names("RUST_LOG=debug\nexport PORT = 80\nexport p=80", false),
            [(1, "RUST_LOG", 1), (2, "PORT", 8), (3, "p", 8)]
        );
        assert_eq!(names("# RUST_LOG=debug\njust text\na b=c\n=x\n1A=b", false), []);
        assert_eq!(
            names("# RUST_LOG=debug\n# a sentence with x=1\n# it's='so\nA=b", true),
            [(1, "RUST_LOG", 3), (4, "A", 1)]
        );
    }

    #[test]
    fn a_byte_order_mark_hides_no_variable() {
        assert_eq!(names("\u{feff}PORT=80\r\nHOST=a", false), [(1, "PORT", 1), (2, "HOST", 1)]);
    }

    #[test]
    fn a_value_of_several_lines_is_no_name() {
        let key = "KEY=\"-----BEGIN-----\nMIIE=\nABC=\\\"\nEND=\"\nPORT='80'\nEMPTY=\"\"\nLAST=1";
        assert_eq!(names(key, false), [(1, "KEY", 1), (5, "PORT", 1), (6, "EMPTY", 1), (7, "LAST", 1)]);
        assert_eq!(
            names("KEY=-----BEGIN-----\nMIIEvSecret123=\nPORT=1", false),
            [(1, "KEY", 1), (3, "PORT", 1)]
        );
    }

    #[test]
    fn environment_files_are_told_by_their_names() {
        for name in [".env", ".env.example", ".env_template", ".env.docker.sample"] {
            assert!(is_environment_file(name), "{name}");
        }
        for name in
            [".envrc", "env", ".environment", "a.env.rs", ".env.production", ".env.local", ".envexample"]
        {
            assert!(!is_environment_file(name), "{name}");
        }
    }
}
