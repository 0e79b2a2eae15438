//! Room 1, *cli*: what the process tells us besides its arguments, as a value, so that a run can be tested
//! without a process. Must not decide anything.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

/// What a run depends on besides its arguments and the workspace.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The folder the command was started in.
    pub current_dir: PathBuf,
    /// Whether stdout is read by a person.
    pub stdout_is_terminal: bool,
    /// Whether stderr is read by a person.
    pub stderr_is_terminal: bool,
    /// Environment variables, of which only those in [`Environment::READ`] are looked at.
    pub variables: BTreeMap<String, String>,
}

impl Environment {
    /// The environment variables that are looked at here (cargo, when it is run, reads its own).
    pub const READ: [&'static str; 5] =
        ["CARGO_TERM_COLOR", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM"];

    /// That of this process. A variable that is not Unicode counts as not set.
    pub fn of_process() -> Self {
        let read = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        Self {
            // Without a current folder a relative path cannot be opened either, and that error says more.
            current_dir: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            variables: Self::READ.into_iter().filter_map(read).collect(),
        }
    }

    /// A variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
