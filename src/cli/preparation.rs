//! Room 1, *cli*: completes what the command line says with the configuration of the workspace, before anything is analysed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Stop;
use super::configuration::{self, Configuration, ConfigurationError, RuleLevels};
use super::options::{AnalysisOptions, Changes};
use crate::analysis::Settings;
use crate::catalog::Catalog;
use crate::finding::Confidence;
use crate::settle::{Level, PathLevel, Policy};
use crate::workspace::{self, Package, Workspace};

/// All that a run is told, from everybody who has a say in it.
pub(super) struct Prepared {
    /// The command line, completed.
    pub(super) options: AnalysisOptions,
    pub(super) configuration: Configuration,
    pub(super) settings: Settings,
    /// The paths that count as changed, as findings name them; `None` where all findings are wanted.
    pub(super) changed: Option<BTreeSet<String>>,
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
        let changed = changes.map(|changes| changed_paths(changes, workspace)).transpose()?;
        let settings = configuration.settings(options.threads, file);
        Ok(Self { options, configuration, settings, changed })
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
    for (name, levels) in &configuration.packages {
        for package in packages.iter().filter(|package| package.name == *name) {
            let end = package.manifest.rfind('/').map_or(0, |slash| slash + 1);
            paths.extend(leveled(&package.manifest[..end], levels));
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

/// The paths that count as changed, as findings name them.
fn changed_paths(changes: &Changes, workspace: &Workspace) -> Result<BTreeSet<String>, Stop> {
    match changes {
        Changes::Files(files) => Ok(files.iter().map(|file| workspace.shown(file)).collect()),
        Changes::Since(revision) => {
            let changed = workspace::changed_since(&workspace.root, revision).map_err(Stop::refused)?;
            Ok(changed.into_iter().collect())
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
