//! Room 5, *program*: what a probe asks for, told by deployments and by names.

use super::Program;
use super::items::Container;
use super::probes::Probe;
use super::routes::Route;
use super::types::TraitRef;
use crate::workspace::{DeclaredKind, DeclaredProbe};

/// What a probe asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    /// Whether the process is alive; a failure restarts it.
    Liveness,
    /// Whether it can do its work; a failure takes it out of the load balancer.
    Readiness,
    /// Health in general: whoever has no other route uses it for both.
    General,
}

/// More segments that count than this make a path one of an API, which people and other services ask.
const MOST_SEGMENTS: usize = 3;

/// The last segments of paths, without what separates words.
const READINESS: [&str; 7] = ["ready", "readyz", "readiness", "isready", "startup", "startupz", "started"];
const LIVENESS: [&str; 8] = ["live", "livez", "liveness", "alive", "isalive", "ping", "heartbeat", "pulse"];
/// Segments that look like the name of a collection and are none.
const NO_COLLECTIONS: [&str; 6] = ["probes", "checks", "healthchecks", "internals", "ops", "k8s"];
/// Segments before the name of a probe that say nothing of what it is about.
const OF_NO_PART: [&str; 18] = [
    "rest",
    "internal",
    "system",
    "service",
    "svc",
    "admin",
    "status",
    "actuator",
    "management",
    "mgmt",
    "app",
    "web",
    "server",
    "public",
    "private",
    "monitoring",
    "probe",
    "check",
];
pub(super) const GENERAL: [&str; 4] = ["health", "healthz", "healthcheck", "checkhealth"];

impl Program<'_> {
    /// Whether a probe is about a part of the service, or about what it talks to: its path names that (`/printer/health`), no
    /// deployment asks it, and the service has another probe that is about itself.
    pub fn is_about_a_part(&self, probe: &Probe<'_>) -> bool {
        let in_package = |other: &Route| {
            let package_of = |route: &Route| {
                let file = &self.workspace.files[route.location.file.0 as usize].path;
                self.workspace.package_around(file).map(|package| &package.manifest)
            };
            package_of(other) == package_of(probe.route)
        };
        let is_whole = |other: &Probe<'_>| !self.names_a_part(other) && in_package(other.route);
        probe.kind == ProbeKind::General
            && probe.declared.is_empty()
            && self.names_a_part(probe)
            && self.probes().iter().any(is_whole)
    }

    /// Whether something before the last segment of a probe's path is neither a common word nor in the name of the package.
    fn names_a_part(&self, probe: &Probe<'_>) -> bool {
        let file = &self.workspace.files[probe.route.location.file.0 as usize].path;
        let package = self.workspace.package_around(file).map(|package| package.name.to_lowercase());
        let parts: Vec<&str> = package.iter().flat_map(|name| name.split(['-', '_'])).collect();
        let mut around = segments(probe.path).rev().skip(1);
        around.any(|segment| {
            let words = segment.to_lowercase();
            let mut words = words.split(['-', '_']).map(|word| word.trim_end_matches('s'));
            let named = words.any(|word| parts.iter().any(|part| part.trim_end_matches('s') == word));
            let plain = plain_name(segment);
            let says_nothing =
                [&OF_NO_PART[..], &NO_COLLECTIONS, &GENERAL].concat().contains(&plain.as_str());
            !named && !is_base(segment) && !says_nothing
        })
    }

    /// The probe that a method of a service is that has no path (tonic, JSON-RPC): it is named for what it says, or it is the `check` of a
    /// trait that is.
    pub(super) fn probe_by_method<'p>(&'p self, route: &'p Route) -> Option<Probe<'p>> {
        let item = &self.types.items.functions[route.function.index()];
        let Container::Impl(block) = item.container else { return None };
        self.types.items.impls[block.index()].facts.of_trait.as_ref()?;
        let owner = match self.types.impl_trait(block) {
            Some(TraitRef::External(path)) => path.rsplit("::").next().unwrap_or_default(),
            Some(TraitRef::Local(id)) => self.types.items.traits[id.index()].name.as_str(),
            // Most of these traits are made by a build script.
            None => "",
        };
        let name = item.name.as_str();
        let of_health = name == "check" && speaks_of_health(owner);
        let named = GENERAL.contains(&plain_name(name).as_str());
        let is_probe = route.closure.is_none() && (of_health || named);
        is_probe.then(|| Probe { route, path: name, kind: ProbeKind::General, declared: Vec::new() })
    }
}

/// What deployments ask for; `None` when they do not say.
pub(super) fn kind_as_declared(declared: &[&DeclaredProbe]) -> Option<ProbeKind> {
    let is = |kinds: &[DeclaredKind]| declared.iter().any(|declared| kinds.contains(&declared.kind));
    let ready = is(&[DeclaredKind::Readiness, DeclaredKind::Startup]);
    match (is(&[DeclaredKind::Liveness]), ready, is(&[DeclaredKind::Health])) {
        (true, false, false) => Some(ProbeKind::Liveness),
        (false, true, _) => Some(ProbeKind::Readiness),
        (false, false, false) => None,
        _ => Some(ProbeKind::General),
    }
}

/// What a path asks for, by its last segments.
pub(super) fn kind_of(path: &str) -> Option<ProbeKind> {
    let segments: Vec<&str> = segments(path).collect();
    if segments_that_count(path) > MOST_SEGMENTS || path.contains(['{', '<', ':', '*']) {
        return None;
    }
    let plain = plain_name(segments.last()?);
    let is = |names: &[&str]| names.contains(&plain.as_str());
    let of_members = segments.iter().rev().nth(1).is_some_and(|around| is_collection(around));
    match () {
        () if is(&READINESS) && !of_members => Some(ProbeKind::Readiness),
        () if is(&LIVENESS) && !of_members => Some(ProbeKind::Liveness),
        () if is(&GENERAL) => Some(ProbeKind::General),
        () => None,
    }
}

/// Whether a segment names many things, of which the segments behind it tell: `/sessions/live`, `/orders/ready`.
fn is_collection(segment: &str) -> bool {
    let plain = plain_name(segment);
    plain.ends_with('s') && !plain.ends_with("us") && !NO_COLLECTIONS.contains(&plain.as_str())
}

/// The segments of a path that say something of what it is about: neither `api` nor a version (`v1`).
pub fn segments_that_count(path: &str) -> usize {
    segments(path).filter(|segment| !is_base(segment)).count()
}

/// The segments of a path.
pub fn segments(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// `api`, `v1`
fn is_base(segment: &str) -> bool {
    let version = segment.strip_prefix('v').unwrap_or_default();
    segment == "api" || version.parse::<u32>().is_ok()
}

/// A name in lower case without what separates words.
pub(super) fn plain_name(name: &str) -> String {
    name.to_lowercase().chars().filter(|letter| !matches!(letter, '-' | '_' | '.')).collect()
}

/// Whether a name says that something is about the health of a service.
pub(super) fn speaks_of_health(name: &str) -> bool {
    let name = name.to_lowercase();
    ["health", "readiness", "liveness"].iter().any(|word| name.contains(word))
}
