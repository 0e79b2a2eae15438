//! Room 1, *cli*: completes what the command line says with the configuration of the workspace, before anything is analysed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Stop;
use super::configuration::{self, Configuration, ConfigurationError, RuleLevels};
use super::options::{AnalysisOptions, Changes};
use crate::analysis::Settings;
use crate::catalog::Catalog;
use crate::finding::Confidence;
use crate::settle::{Level, PathLevel, Policy};
use crate::workspace::{self, NamedFiles, Package, Workspace};

/// Paths that count as changed, as findings name them.
#[derive(Default)]
pub(super) struct ChangedPaths {
    files: BTreeSet<String>,
    /// Empty, or with a trailing slash.
    folders: Vec<String>,
}

impl ChangedPaths {
    pub(super) fn contains(&self, path: &str) -> bool {
        self.files.contains(path) || self.folders.iter().any(|folder| path.starts_with(folder))
    }
}

/// All that a run is told, from everybody who has a say in it.
pub(super) struct Prepared {
    /// The command line, completed.
    pub(super) options: AnalysisOptions,
    pub(super) configuration: Configuration,
    /// The file that the configuration stands in, as problems name it.
    pub(super) configuration_file: String,
    pub(super) settings: Settings,
    /// The paths that count as changed; `None` where all findings are wanted.
    pub(super) changed: Option<ChangedPaths>,
    /// What is to be said of the flags, now that the workspace is known.
    pub(super) notes: Vec<String>,
}

impl Prepared {
    /// Puts options and configuration together.
    pub(super) fn new(
        mut options: AnalysisOptions,
        configured: Configured,
        workspace: &Workspace,
    ) -> Result<Self, Stop> {
        let Configured { configuration, file } = configured;
        options.policy = policy(&options, &configuration, &workspace.packages);
        let from_root = configuration.catalogs.iter().map(|file| workspace.root.join(file));
        options.catalogs = from_root.chain(std::mem::take(&mut options.catalogs)).collect();
        let changes = options.changes.as_ref();
        let here = &options.request.start;
        let changed = changes.map(|changes| changed_paths(changes, here, workspace)).transpose()?;
        let (changed, notes) = changed.map_or((None, Vec::new()), |(changed, notes)| (Some(changed), notes));
        let configuration_file = file.as_ref().map_or_else(String::new, |(path, _)| workspace.shown(path));
        let settings = configuration.settings(options.threads, file);
        Ok(Self { options, configuration, configuration_file, settings, changed, notes })
    }
}

/// A configuration with the file that it stands in.
pub(super) struct Configured {
    configuration: Configuration,
    /// Path and text.
    file: Option<(PathBuf, String)>,
}

/// The configuration in the root of the workspace, in a file of its own or in the manifest; or none.
pub(super) fn load_configuration(workspace: &Workspace) -> Result<Configured, Stop> {
    let (own, manifest) = (workspace.root.join(configuration::FILE_NAME), workspace.root.join("Cargo.toml"));
    let in_manifest = match workspace::read_text_if_there(&manifest) {
        Ok(Some(text)) => {
            let read =
                configuration::read_metadata("Cargo.toml", &text).map_err(|wrong| refused(&wrong, &text))?;
            read.map(|configuration| Configured { configuration, file: Some((manifest, text)) })
        }
        // A manifest that cannot be read is a problem of its own.
        Ok(None) | Err(_) => None,
    };
    let Some(text) = workspace::read_text_if_there(&own).map_err(Stop::refused)? else {
        return Ok(in_manifest.unwrap_or(Configured { configuration: Configuration::default(), file: None }));
    };
    if in_manifest.is_some() {
        let both = "there is an `initpath.toml` and `metadata.initpath` in Cargo.toml; keep one of them";
        return Err(Stop::refused(both));
    }
    let configuration =
        configuration::read(configuration::FILE_NAME, &text).map_err(|wrong| refused(&wrong, &text))?;
    Ok(Configured { configuration, file: Some((own, text)) })
}

/// A mistake in a configuration, with the line and a caret under it.
fn refused(wrong: &ConfigurationError, text: &str) -> Stop {
    let line = text.lines().nth(wrong.line.saturating_sub(1) as usize).unwrap_or_default();
    let caret = " ".repeat(wrong.column.saturating_sub(1) as usize);
    Stop::refused(format!("{wrong}\n  |\n  | {line}\n  | {caret}^"))
}

/// The policy of a run: the command line wins over packages and paths, these over the workspace, this over defaults.
fn policy(wanted: &AnalysisOptions, configuration: &Configuration, packages: &[Package]) -> Policy {
    let leveled = |folder: &str, levels: &RuleLevels| -> Vec<PathLevel> {
        let level =
            |&(rule, level): &(&'static str, Level)| PathLevel { folder: folder.to_owned(), rule, level };
        levels.iter().map(level).collect()
    };
    let mut paths = leveled("", &configuration.rules);
    for settings in &configuration.packages {
        for package in packages.iter().filter(|package| package.name == settings.name) {
            let end = package.manifest.rfind('/').map_or(0, |slash| slash + 1);
            paths.extend(leveled(&package.manifest[..end], &settings.rules));
        }
    }
    for settings in &configuration.paths {
        paths.extend(leveled(&settings.path, &settings.rules));
    }
    Policy {
        overrides: wanted.policy.overrides.clone(),
        min_confidence: wanted.min_confidence.or(configuration.min_confidence).unwrap_or(Confidence::Medium),
        paths,
        never_baselined: configuration.never_baselined.clone(),
    }
}

/// The paths that count as changed, as findings name them, and what is to be said of them.
fn changed_paths(
    changes: &Changes,
    here: &Path,
    workspace: &Workspace,
) -> Result<(ChangedPaths, Vec<String>), Stop> {
    match changes {
        Changes::Files(files) => {
            let NamedFiles { there, unknown } = workspace::named_files(here, files);
            let mut changed = ChangedPaths::default();
            for path in there {
                let shown = workspace.shown(&path);
                match workspace::is_folder(&path) {
                    true if shown.is_empty() => changed.folders.push(shown),
                    true => changed.folders.push(format!("{shown}/")),
                    false => _ = changed.files.insert(shown),
                }
            }
            // A list made by `git diff` may name what is gone for long, which is no reason to stop a commit.
            let note = |path: PathBuf| {
                let path = path.display();
                format!("`{path}` is neither there nor known to git; nothing counts as changed because of it")
            };
            Ok((changed, unknown.into_iter().map(note).collect()))
        }
        Changes::Since(revision) => {
            let changed = workspace::changed_since(&workspace.root, revision).map_err(|wrong| {
                match workspace::exists(&here.join(revision)) {
                    true => Stop::refused(format!(
                        "`{revision}` is a file, and `check --since` takes a git revision; `--changed` takes files, \
                         and `report --since` a saved report"
                    )),
                    false => Stop::refused(wrong),
                }
            })?;
            let files = changed.into_iter().collect();
            Ok((ChangedPaths { files, folders: Vec::new() }, Vec::new()))
        }
    }
}

/// The built-in catalog and the user's own files, in the order given.
pub(super) fn load_catalog(files: &[PathBuf]) -> Result<Catalog, Stop> {
    let mut catalog = Catalog::builtin();
    for file in files {
        let text = workspace::read_text(file).map_err(|reason| Stop::refused(format!("catalog {reason}")))?;
        catalog.extend(&file.display().to_string(), &text).map_err(Stop::refused)?;
    }
    Ok(catalog)
}
