//! Room 2, *workspace*: which routes a deployment asks whether the service is well. Read from Kubernetes manifests, compose
//! files, `fly.toml` and `render.yaml` as data, and from the `HEALTHCHECK` of Dockerfiles. It must not guess: what is made
//! by a template, or does not parse, is a problem.

mod images;
mod manifests;
mod yaml;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::disk::{Presence, ReadCause};
use super::tree::relative;
use super::{SourceFile, TargetKind, Workspace};
use crate::location::{FileId, Location, Span};
use crate::problem::{Problem, ProblemKind};

/// What a deployment says about the services of a workspace.
#[derive(Debug, Default)]
pub struct Deployment {
    /// The probes, in the order of their places.
    pub probes: Vec<DeclaredProbe>,
    /// Commands that are run to ask, in the order of their places.
    pub commands: Vec<DeclaredCommand>,
    /// The services that run more than once, in the order of their places.
    pub copies: Vec<DeclaredCopies>,
}

/// That a service runs more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredCopies {
    /// How often, at least 2.
    pub count: u64,
    /// What it is called: the object, its containers and their images, in lower case.
    pub names: Vec<String>,
    /// Whether the number stands with what runs. An autoscaler and the values of a chart say it of something elsewhere, by name.
    pub is_workload: bool,
    /// Where the number stands.
    pub location: Location,
}

/// A route that a deployment asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredProbe {
    /// What for.
    pub kind: DeclaredKind,
    /// The route's path, without host, query and trailing slash.
    pub path: String,
    /// Where it is declared.
    pub location: Location,
}

/// A command that a deployment runs to ask whether a service is well, and that names no URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredCommand {
    /// What for.
    pub kind: DeclaredKind,
    /// Its words.
    pub words: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

/// What a deployment asks a route for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeclaredKind {
    /// Whether the process has to be started again.
    Liveness,
    /// Whether it is given traffic.
    Readiness,
    /// Whether it has started; liveness and readiness are not asked before.
    Startup,
    /// Health in general (compose, Dockerfile): what a failure does is decided elsewhere.
    Health,
}

impl DeclaredKind {
    /// What people call such a probe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Liveness => "liveness probe",
            Self::Readiness => "readiness probe",
            Self::Startup => "start-up probe",
            Self::Health => "health check",
        }
    }
}

/// A probe as a reader finds it.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    kind: DeclaredKind,
    asks: Asks,
    span: Span,
}

/// How a probe asks.
#[derive(Debug, PartialEq, Eq)]
enum Asks {
    /// The route with this path.
    Path(String),
    /// By a command that names no URL, as its words.
    Command(Vec<String>),
}

/// Copies as a reader finds them.
#[derive(Debug, PartialEq, Eq)]
struct FoundCopies {
    count: u64,
    names: Vec<String>,
    is_workload: bool,
    span: Span,
}

/// What a reader finds in a file.
#[derive(Debug, Default)]
struct FoundAll {
    probes: Vec<Found>,
    copies: Vec<FoundCopies>,
}

/// Whether a file of this name may say something about a deployment.
pub(super) fn is_deployment_file(name: &str) -> bool {
    Form::of(name).is_some()
}

/// Files beyond this size are no manifests that people write.
const MAX_BYTES: usize = 1 << 20;

/// The folders of a repository in which deployment files lie, in lower case.
const DEPLOYMENT_FOLDERS: [&str; 13] = [
    "charts",
    "config",
    "deploy",
    "deployment",
    "deployments",
    "docker",
    "helm",
    "infra",
    "infrastructure",
    "k8s",
    "kubernetes",
    "manifests",
    "ops",
];

/// The manifests of programs in other languages.
const MANIFESTS_OF_OTHERS: [&str; 14] = [
    "Gemfile",
    "Pipfile",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "composer.json",
    "deno.json",
    "go.mod",
    "mix.exs",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
];

/// Which reader a file is for, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Yaml,
    Fly,
    Image,
}

impl Form {
    fn of(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        if lower == "fly.toml" || (lower.starts_with("fly.") && lower.ends_with(".toml")) {
            return Some(Self::Fly);
        }
        if lower.ends_with(".yaml") || lower.ends_with(".yml") {
            return Some(Self::Yaml);
        }
        let image = ["dockerfile", "containerfile"];
        let is_image = image.iter().any(|image| {
            lower == *image
                || lower.starts_with(&format!("{image}."))
                || lower.ends_with(&format!(".{image}"))
        });
        is_image.then_some(Self::Image)
    }

    /// Whether the text can have anything to say: most YAML files have not, and are not parsed.
    fn concerns(self, text: &str) -> bool {
        match self {
            Self::Yaml => {
                let named = ["Probe:", "healthcheck:", "healthCheckPath:", "replicas:"];
                named.iter().any(|word| text.contains(word))
                    || text.lines().any(|line| says_several(line.trim_start()))
            }
            Self::Fly => text.contains("path"),
            Self::Image => text.to_uppercase().contains("HEALTHCHECK"),
        }
    }
}

impl Workspace {
    /// Reads the deployment files below the root, and those of the repository around it that name a service of the
    /// workspace. Those that say something become files of the workspace, after the source files, so that findings can
    /// point into them. Must be called after modules are loaded.
    pub fn load_deployment(&mut self) {
        let services = self.service_names();
        let mut below = self.tree.files(&self.root, &is_deployment_file);
        below.sort();
        let mut above = self.deployment_above();
        above.sort();
        let below = below.into_iter().map(|path| (path, false));
        for (path, is_above) in below.chain(above.into_iter().map(|path| (path, true))) {
            let Some(form) = path.file_name().and_then(|name| Form::of(name.to_str()?)) else { continue };
            let of_folder = form != Form::Yaml && self.is_of_another_program(&path);
            let services = (is_above || of_folder).then_some(&services);
            let shown = relative(&self.root, &path);
            match self.tree.read(&path) {
                Ok(text) if services.is_some_and(|services| !names_one_of(services, &text)) => {}
                Ok(text) if text.len() > MAX_BYTES && form.concerns(&text) => {
                    self.note(&shown, (0, 0), "the file is larger than 1 MiB; its probes are not known");
                }
                Ok(text) if form.concerns(&text) => self.read_deployment(form, shown, &text, services),
                // Other tools' files of any kind have such names.
                Ok(_) | Err(ReadCause::NotUtf8 { .. } | ReadCause::NotAFile | ReadCause::NotFound) => {}
                Err(ReadCause::TooLarge) => {
                    self.note(&shown, (0, 0), "the file is too large; its probes are not known");
                }
                Err(cause) => self.note(&shown, (0, 0), &format!("{cause}; its probes are not known")),
            }
        }
        self.order_problems();
    }

    /// The names by which a manifest may call what the workspace builds: packages with a binary, and binaries.
    fn service_names(&self) -> BTreeSet<String> {
        let binaries = self.targets.iter().filter(|target| target.kind == TargetKind::Bin);
        binaries
            .flat_map(|binary| [&binary.name, &self.packages[binary.package.0 as usize].name])
            .map(|name| plain_word(name))
            .collect()
    }

    /// Whether a file below the root lies in the folder of a program in another language: what builds or runs one folder is there
    /// for what that folder holds. A folder for deployment files, and one with a package of the workspace in it, is none.
    fn is_of_another_program(&self, path: &Path) -> bool {
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
        let has = |folder: &Path, name: &str| self.tree.is_file(&folder.join(name));
        let is_for_deployment = |folder: &Path| {
            let name = folder.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| DEPLOYMENT_FOLDERS.contains(&name.to_lowercase().as_str()))
        };
        let holds_package = |folder: &Path| {
            self.packages.iter().any(|package| self.root.join(&package.manifest).starts_with(folder))
        };
        folders
            .take_while(|folder| !has(folder, "Cargo.toml"))
            .filter(|folder| !is_for_deployment(folder) && !holds_package(folder))
            .any(|folder| MANIFESTS_OF_OTHERS.iter().any(|name| has(folder, name)))
    }

    /// The deployment files of the git repository beside and above the root, in the folders where people keep them:
    /// a repository of many projects is not walked for one of them.
    fn deployment_above(&self) -> Vec<PathBuf> {
        let is_top = |folder: &&Path| self.tree.presence(&folder.join(".git")) != Presence::Absent;
        let Some(top) = self.root.ancestors().find(is_top) else { return Vec::new() };
        let mut found = Vec::new();
        for folder in self.root.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
            for name in self.tree.names(folder) {
                let path = folder.join(&name);
                if is_deployment_file(&name) && self.tree.is_file(&path) {
                    found.push(path);
                } else if DEPLOYMENT_FOLDERS.contains(&name.to_lowercase().as_str()) {
                    let inside = self.tree.files(&path, &is_deployment_file);
                    found.extend(inside.into_iter().filter(|file| !file.starts_with(&self.root)));
                }
            }
        }
        found
    }

    fn read_deployment(
        &mut self,
        form: Form,
        path: String,
        text: &std::sync::Arc<str>,
        services: Option<&BTreeSet<String>>,
    ) {
        let read = match form {
            Form::Yaml => manifests::read(text, services),
            Form::Fly => images::read_fly(text).map(|probes| FoundAll { probes, copies: Vec::new() }),
            Form::Image => Ok(FoundAll { probes: images::read_image(text), copies: Vec::new() }),
        };
        let found = match read {
            Ok(found) => found,
            Err(bad) => {
                self.note(
                    &path,
                    (bad.line, bad.column),
                    &format!("{}; its probes are not known", bad.message),
                );
                bad.found
            }
        };
        if found.probes.is_empty() && found.copies.is_empty() {
            return;
        }
        let file = FileId(self.files.len() as u32);
        self.files.push(SourceFile { path, text: text.clone() });
        self.deployment.copies.extend(found.copies.into_iter().map(|found| DeclaredCopies {
            count: found.count,
            names: found.names,
            is_workload: found.is_workload,
            location: Location { file, span: found.span },
        }));
        for Found { kind, asks, span } in found.probes {
            let location = Location { file, span };
            match asks {
                Asks::Path(path) => self.deployment.probes.push(DeclaredProbe { kind, path, location }),
                Asks::Command(words) => {
                    self.deployment.commands.push(DeclaredCommand { kind, words, location });
                }
            }
        }
    }

    fn note(&mut self, file: &str, (line, column): (u32, u32), message: &str) {
        self.problems.push(Problem {
            file: file.to_owned(),
            line,
            column,
            kind: ProblemKind::UnreadDeployment,
            message: message.to_owned(),
        });
    }
}

/// Whether a line of an autoscaler or of a chart's values asks for more than one copy; templates leave the number open.
fn says_several(line: &str) -> bool {
    let number = line.strip_prefix("minReplicas:").or_else(|| line.strip_prefix("replicaCount:"));
    let count = number.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    count.is_some_and(|count| count > 1)
}

/// Whether one of the services is a word of the text: `registry.example/shop:1` names `shop`.
fn names_one_of(services: &BTreeSet<String>, text: &str) -> bool {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '_'));
    words.any(|word| services.contains(&plain_word(word)))
}

/// A name in lower case with hyphens.
fn plain_word(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// Why a file, or a part of it, was not read.
#[derive(Debug)]
struct Unread {
    line: u32,
    column: u32,
    message: String,
    /// What was read before.
    found: FoundAll,
}

/// The path of a URL or of a route as people write it in a manifest: without host, query and trailing slash.
fn plain_path(text: &str) -> Option<String> {
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => text,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if !path.starts_with('/') || path.contains(['{', '$', ' ', '"', '\'']) {
        return None;
    }
    let path = path.trim_end_matches('/');
    Some(if path.is_empty() { "/".to_owned() } else { path.to_owned() })
}

/// What a command asks: the path of the first URL in it, else whatever the program does for its words.
fn asked_by(command: &str) -> Asks {
    let words = command
        .split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ',' | '[' | ']'))
        .filter(|word| !word.is_empty());
    let is_url = |word: &&str| word.starts_with("http://") || word.starts_with("https://");
    match words.clone().filter(is_url).find_map(plain_path) {
        Some(path) => Asks::Path(path),
        None => Asks::Command(words.map(str::to_owned).collect()),
    }
}

#[cfg(test)]
mod tests;
