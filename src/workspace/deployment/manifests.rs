//! Room 2, *workspace*: probes in Kubernetes manifests, compose files and `render.yaml`, whatever the object around them.

use super::yaml::{Documents, Node};
use super::{DeclaredKind, Found, Unread, asked_path, plain_path};

/// The probes of a YAML file in their order. A file that does not parse gives those before the mistake.
pub(super) fn read(text: &str) -> Result<Vec<Found>, Unread> {
    let documents = Documents::read(text);
    let mut found: Vec<Found> =
        documents.entries().iter().filter_map(|(key, node)| probe(&documents, key, node)).collect();
    found.sort_by_key(|found| found.span);
    found.dedup();
    let Some((line, column, mistake)) = documents.mistake else { return Ok(found) };
    let template = text.find("{{").map(|at| crate::location::line_and_column(text, at));
    let (line, column, message) = match template {
        Some((line, column)) => (line, column, "the file is a template".to_owned()),
        None => (line, column, format!("the YAML does not parse: {mistake}")),
    };
    Err(Unread { line, column, message, found })
}

fn probe(documents: &Documents, key: &str, node: &Node) -> Option<Found> {
    let kind = match key {
        // https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
        "livenessProbe" => DeclaredKind::Liveness,
        "readinessProbe" => DeclaredKind::Readiness,
        "startupProbe" => DeclaredKind::Startup,
        // https://docs.docker.com/reference/compose-file/services/#healthcheck
        "healthcheck" => {
            let test = documents.get(node, "test")?;
            let path = asked_path(&test.words()?)?;
            return Some(Found { kind: DeclaredKind::Health, path, span: test.span });
        }
        // https://render.com/docs/health-checks: traffic is sent only while it succeeds.
        "healthCheckPath" => {
            let path = plain_path(node.text()?)?;
            return Some(Found { kind: DeclaredKind::Readiness, path, span: node.span });
        }
        _ => return None,
    };
    if let Some(path) = documents.get(node, "httpGet").and_then(|get| documents.get(get, "path")) {
        return Some(Found { kind, path: plain_path(path.text()?)?, span: path.span });
    }
    let command = documents.get(node, "exec").and_then(|exec| documents.get(exec, "command"))?;
    Some(Found { kind, path: asked_path(&command.words()?)?, span: command.span })
}
