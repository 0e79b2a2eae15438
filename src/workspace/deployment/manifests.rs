//! Room 2, *workspace*: probes and copies in Kubernetes manifests, compose files and `render.yaml`, whatever the object around them.

use std::collections::BTreeSet;

use super::yaml::{Documents, Node};
use super::{Asks, DeclaredKind, Found, FoundAll, FoundCopies, Unread, asked_by, names_one_of, plain_path};

/// What a YAML file says of probes and copies, in order; where services are given, what the documents say that name one
/// of them. A file that does not parse gives what stands before the mistake.
pub(super) fn read(text: &str, services: Option<&BTreeSet<String>>) -> Result<FoundAll, Unread> {
    let mut documents = Documents::read(text);
    if let Some(services) = services {
        let is_named = |document: &Node| {
            let below = documents.below(document);
            below.iter().any(|(key, node)| {
                names_one_of(services, key) || node.words().is_some_and(|text| names_one_of(services, &text))
            })
        };
        documents.nodes = documents.nodes.iter().filter(|document| is_named(document)).cloned().collect();
    }
    let mut probes: Vec<Found> =
        documents.entries().iter().filter_map(|(key, node)| probe(&documents, key, node)).collect();
    probes.sort_by_key(|found| found.span);
    probes.dedup();
    let copies = documents.nodes.iter().flat_map(|document| copies(&documents, document)).collect();
    let found = FoundAll { probes, copies };
    let Some((line, column, mistake)) = &documents.mistake else { return Ok(found) };
    let template = text.find("{{").map(|at| crate::location::line_and_column(text, at));
    let (line, column, message) = match template {
        Some((line, column)) => (line, column, "the file is a template".to_owned()),
        None => (*line, *column, format!("the YAML does not parse: {mistake}")),
    };
    Err(Unread { line, column, message, found })
}

/// The services of a document that run more than once: those of a Kubernetes workload, and of a compose file.
fn copies(documents: &Documents, document: &Node) -> Vec<FoundCopies> {
    let number =
        |node: &Node| node.text().and_then(|text| text.parse::<u64>().ok()).filter(|count| *count > 1);
    let mut found = Vec::new();
    let kind = documents.get(document, "kind").and_then(Node::text);
    if matches!(kind, Some("Deployment" | "StatefulSet" | "ReplicaSet"))
        && let Some(replicas) =
            documents.get(document, "spec").and_then(|spec| documents.get(spec, "replicas"))
        && let Some(count) = number(replicas)
    {
        let object = documents.get(document, "metadata").and_then(|metadata| documents.get(metadata, "name"));
        let of_containers =
            documents.below(document).into_iter().filter(|(key, _)| matches!(*key, "image" | "name"));
        let names = object.into_iter().chain(of_containers.map(|(_, node)| node));
        let names = names.filter_map(Node::text).map(str::to_lowercase).collect();
        found.push(FoundCopies { count, names, span: replicas.span });
    }
    if let Some(services) = documents.get(document, "services") {
        for (name, service) in documents.children(services) {
            let deploy =
                documents.get(service, "deploy").and_then(|deploy| documents.get(deploy, "replicas"));
            if let Some((replicas, count)) = deploy.and_then(|replicas| Some((replicas, number(replicas)?))) {
                let image = documents.get(service, "image").and_then(Node::text);
                let names = [Some(name), image].into_iter().flatten().map(str::to_lowercase).collect();
                found.push(FoundCopies { count, names, span: replicas.span });
            }
        }
    }
    found
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
            let asks = asked_by(&test.words()?);
            return Some(Found { kind: DeclaredKind::Health, asks, span: test.span });
        }
        // https://render.com/docs/health-checks: traffic is sent only while it succeeds.
        "healthCheckPath" => {
            let asks = Asks::Path(plain_path(node.text()?)?);
            return Some(Found { kind: DeclaredKind::Readiness, asks, span: node.span });
        }
        _ => return None,
    };
    if let Some(path) = documents.get(node, "httpGet").and_then(|get| documents.get(get, "path")) {
        return Some(Found { kind, asks: Asks::Path(plain_path(path.text()?)?), span: path.span });
    }
    let command = documents.get(node, "exec").and_then(|exec| documents.get(exec, "command"))?;
    Some(Found { kind, asks: asked_by(&command.words()?), span: command.span })
}
