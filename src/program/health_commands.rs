//! Room 5, *program*: subcommands that look whether the service is well (`shop healthcheck`), which the health check of an
//! image or a manifest runs instead of asking a route itself. The routes that they ask are probes.

use std::collections::BTreeSet;

use super::Program;
use super::bodies::Call;
use super::inventory::Scope;
use super::items::FnId;
use super::probe_kinds::{GENERAL, plain_name};
use super::routes::Route;
use crate::facts::{Body, ExprKind, Literal, Pat};
use crate::location::{Location, Span};
use crate::workspace::{DeclaredKind, DeclaredProbe};

/// A subcommand, as the arm of a `match` that runs it.
struct HealthCommand {
    /// What it may be called on a command line, without what separates words.
    names: BTreeSet<String>,
    /// The texts with a URL in what it runs.
    urls: Vec<String>,
    /// What the arm gives.
    location: Location,
}

impl Program<'_> {
    /// The probes that deployments declare, and those of routes that a health command asks: as what the deployment runs the
    /// command for, or as a health check where none does. Linear in the program.
    pub(super) fn find_declared_probes(&self) -> Vec<DeclaredProbe> {
        let deployment = &self.workspace.deployment;
        let mut found = deployment.probes.clone();
        for command in self.health_commands() {
            let runs = deployment
                .commands
                .iter()
                .filter(|run| run.words.iter().any(|word| command.names.contains(&plain_name(word))));
            let mut asked_as: Vec<(DeclaredKind, Location)> =
                runs.map(|run| (run.kind, run.location)).collect();
            if asked_as.is_empty() {
                asked_as.push((DeclaredKind::Health, command.location));
            }
            let paths: BTreeSet<&str> = self
                .routes
                .iter()
                .filter_map(Route::path)
                .filter(|path| command.urls.iter().any(|url| leads_to(url, path)))
                .collect();
            for path in paths {
                found.extend(asked_as.iter().map(|(kind, location)| DeclaredProbe {
                    kind: *kind,
                    path: path.to_owned(),
                    location: *location,
                }));
            }
        }
        found
    }

    fn health_commands(&self) -> Vec<HealthCommand> {
        let mut found = Vec::new();
        for (index, item) in self.types.items.functions.iter().enumerate() {
            let id = FnId(index as u32);
            let Some(body) = item.body.filter(|_| self.scope(id) == Scope::Production) else { continue };
            let arms = body.exprs.iter().filter_map(|expr| match &expr.kind {
                ExprKind::Match { arms, .. } => Some(arms),
                _ => None,
            });
            for arm in arms.flatten() {
                let names = command_names(&arm.pat);
                if names.iter().any(|name| GENERAL.contains(&name.as_str())) {
                    let extent = body.expr(arm.body).span;
                    let urls = self.urls_in(id, body, extent);
                    found.push(HealthCommand { names, urls, location: self.location(id, extent) });
                }
            }
        }
        found
    }

    /// The texts with a URL in a part of a function and in the functions that it calls.
    fn urls_in(&self, id: FnId, body: &Body, extent: Span) -> Vec<String> {
        let mut urls = urls(body, extent);
        let calls = self.any_body(id).into_iter().flat_map(|body| &body.calls);
        let called = calls.filter(|call| extent.encloses(call.span)).flat_map(Call::local_targets);
        for callee in self.callees_of(called.copied(), &|_| true) {
            if let Some(body) = self.types.items.functions[callee.index()].body {
                urls.extend(self::urls(body, body.expr(body.root).span));
            }
        }
        urls
    }
}

/// What the alternatives of a pattern are called.
fn command_names(pat: &Pat) -> BTreeSet<String> {
    match pat {
        Pat::TupleStruct(path, _) | Pat::Struct(path, _) | Pat::Path(path) => {
            // `Some("healthcheck")`, `Some(Command::Healthcheck)`.
            if let Pat::TupleStruct(_, parts) = pat
                && path.segments.last().is_some_and(|last| last.name == "Some")
            {
                return parts.iter().flat_map(command_names).collect();
            }
            path.segments.last().map(|last| plain_name(&last.name)).into_iter().collect()
        }
        Pat::Tuple(parts) => parts.first().map(command_names).unwrap_or_default(),
        Pat::Or(parts) => parts.iter().flat_map(command_names).collect(),
        Pat::Ref(inner) => command_names(inner),
        Pat::Literal(Literal::Str(text)) => BTreeSet::from([plain_name(text)]),
        _ => BTreeSet::new(),
    }
}

/// The literals of a part of a body that are URLs, or end like one after what is put in: `{origin}/health`.
fn urls(body: &Body, extent: Span) -> Vec<String> {
    let texts =
        body.exprs.iter().filter(|expr| extent.encloses(expr.span)).filter_map(|expr| match &expr.kind {
            ExprKind::Literal(Literal::Str(text)) => Some(text.to_string()),
            _ => None,
        });
    texts.filter(|text| text.contains("://") || text.contains("}/")).collect()
}

/// Whether a URL, possibly with gaps, ends with the path of a route.
fn leads_to(url: &str, path: &str) -> bool {
    let url = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let path = path.trim_end_matches('/');
    let Some(before) = url.strip_suffix(path).filter(|_| !path.is_empty()) else { return false };
    let host = before.rsplit_once("://").map_or(before, |(_, host)| host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_here = matches!(name, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]") || name.contains('}');
    host.ends_with('}') || (is_here && !host.contains('/') && before.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::leads_to;

    #[test]
    fn a_url_leads_to_the_whole_path_of_a_route_only() {
        assert!(leads_to("http://127.0.0.1:8080/health", "/health"));
        assert!(leads_to("http://{address}/api/health/", "/api/health"));
        assert!(leads_to("{origin}/status?full=1", "/status"));
        assert!(!leads_to("http://localhost/api/health", "/health"));
        assert!(!leads_to("http://localhost/", "/"));
        assert!(!leads_to("/health", "/health"));
        assert!(!leads_to("http://monitor.internal:9000/health", "/health"));
    }
}
