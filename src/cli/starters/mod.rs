//! Room 1, *cli*: files to begin with, for the configuration, for hooks and for CI. Must not overwrite anything.

use std::io::Write;

use super::{Stop, configuration, narration, print};
use crate::workspace::{self, Request};

/// A file to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starter {
    /// `initpath.toml`.
    Configuration,
    /// A hook for pre-commit.
    PreCommit,
    /// A hook for lefthook.
    Lefthook,
    /// A GitHub workflow.
    Github,
    /// A GitLab job.
    Gitlab,
}

impl Starter {
    /// The name used on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::PreCommit => "pre-commit",
            Self::Lefthook => "lefthook",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    /// Where the file belongs, relative to the root of the workspace.
    fn path(self) -> &'static str {
        match self {
            Self::Configuration => configuration::FILE_NAME,
            Self::PreCommit => ".pre-commit-config.yaml",
            Self::Lefthook => "lefthook.yml",
            Self::Github => ".github/workflows/initpath.yml",
            Self::Gitlab => ".gitlab-ci.yml",
        }
    }

    fn text(self) -> String {
        let text = match self {
            Self::Configuration => return configuration::commented(),
            Self::PreCommit => include_str!("pre-commit.yaml"),
            Self::Lefthook => include_str!("lefthook.yml"),
            Self::Github => include_str!("github.yml"),
            Self::Gitlab => include_str!("gitlab.yml"),
        };
        text.replace("{version}", env!("CARGO_PKG_VERSION"))
    }
}

/// Writes the file into the root of the workspace, or prints it.
pub(super) fn start(
    request: &Request,
    starter: Starter,
    dry_run: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Stop> {
    let text = starter.text();
    if dry_run {
        return print(&text, out);
    }
    let workspace = workspace::open(request).map_err(Stop::refused)?;
    let path = workspace.root.join(starter.path());
    if workspace::read_text_if_there(&path).map_or(true, |there| there.is_some()) {
        return Err(Stop::refused(format!(
            "`{}` is there already and was left as it is; `--dry-run` prints what would be written",
            path.display()
        )));
    }
    workspace::write_new_text(&path, &text).map_err(Stop::refused)?;
    narration::say(err, &format!("wrote {}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_names_this_version_and_has_no_hole() {
        for starter in [Starter::PreCommit, Starter::Lefthook, Starter::Github, Starter::Gitlab] {
            let text = starter.text();
            assert!(!text.contains("{version}"), "{text}");
            assert!(text.contains("cargo") && text.contains("initpath"), "{text}");
        }
    }
}
