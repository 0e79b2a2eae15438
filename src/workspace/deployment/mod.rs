//! Room 2, *workspace*: which routes a deployment asks whether the service is well. Read from Kubernetes manifests, compose
//! files, `fly.toml` and `render.yaml` as data, and from the `HEALTHCHECK` of Dockerfiles. It must not guess: what is made
//! by a template, or does not parse, is a problem.

mod images;
mod manifests;
mod yaml;

use std::path::Path;

use super::disk::ReadCause;
use super::tree::relative;
use super::{SourceFile, Workspace};
use crate::location::{FileId, Location, Span};
use crate::problem::{Problem, ProblemKind};

/// What a deployment says about the services of a workspace.
#[derive(Debug, Default)]
pub struct Deployment {
    /// The probes, in the order of their places.
    pub probes: Vec<DeclaredProbe>,
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
    path: String,
    span: Span,
}

/// Copies as a reader finds them.
#[derive(Debug, PartialEq, Eq)]
struct FoundCopies {
    count: u64,
    names: Vec<String>,
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
            Self::Yaml => ["Probe:", "healthcheck:", "healthCheckPath:", "replicas:"]
                .iter()
                .any(|word| text.contains(word)),
            Self::Fly => text.contains("path"),
            Self::Image => text.to_uppercase().contains("HEALTHCHECK"),
        }
    }
}

impl Workspace {
    /// Reads the deployment files below the root. Those that say something become files of the workspace, after the source
    /// files, so that findings can point into them. Must be called after modules are loaded.
    pub fn load_deployment(&mut self) {
        let mut paths = self.tree.files(&self.root, &is_deployment_file);
        paths.sort();
        for path in paths {
            let Some(form) = path.file_name().and_then(|name| Form::of(name.to_str()?)) else { continue };
            let shown = relative(&self.root, &path);
            match self.tree.read(&path) {
                Ok(text) if text.len() > MAX_BYTES && form.concerns(&text) => {
                    self.note(&shown, (0, 0), "the file is larger than 1 MiB; its probes are not known");
                }
                Ok(text) if form.concerns(&text) => self.read_deployment(form, shown, &text),
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

    fn read_deployment(&mut self, form: Form, path: String, text: &std::sync::Arc<str>) {
        let read = match form {
            Form::Yaml => manifests::read(text),
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
            location: Location { file, span: found.span },
        }));
        self.deployment.probes.extend(found.probes.into_iter().map(|found| DeclaredProbe {
            kind: found.kind,
            path: found.path,
            location: Location { file, span: found.span },
        }));
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

    /// Whether two files belong to one package, by the folders they lie in.
    pub fn belong_together(&self, one: FileId, other: FileId) -> bool {
        let package = |file: FileId| {
            let path = self.files.get(file.0 as usize).map(|file| Path::new(&file.path))?;
            let folders = self.packages.iter().filter_map(|package| Path::new(&package.manifest).parent());
            folders.filter(|folder| path.starts_with(folder)).max_by_key(|folder| folder.components().count())
        };
        package(one).is_some() && package(one) == package(other)
    }
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

/// The path that a command asks, where it names a URL.
fn asked_path(command: &str) -> Option<String> {
    let words = command
        .split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ',' | '[' | ']'));
    words.filter(|word| word.starts_with("http://") || word.starts_with("https://")).find_map(plain_path)
}

#[cfg(test)]
mod tests;
