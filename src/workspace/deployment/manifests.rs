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

/// The services of a document that run more than once: those of a Kubernetes workload and of a compose file, those that an
/// autoscaler names, and those of a chart's values.
fn copies(documents: &Documents, document: &Node) -> Vec<FoundCopies> {
    let mut found = Vec::new();
    let kind = documents.get(document, "kind").and_then(Node::text);
    match kind {
        Some("Deployment" | "StatefulSet" | "ReplicaSet") => {
            let object = documents.at(document, &["metadata", "name"]);
            let below = documents.below(document);
            let of_containers = below.into_iter().filter(|(key, _)| matches!(*key, "image" | "name"));
            let names = object.into_iter().chain(of_containers.map(|(_, node)| node)).filter_map(Node::text);
            found.extend(several(documents.at(document, &["spec", "replicas"]), names, true));
        }
        // https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
        Some("HorizontalPodAutoscaler") => {
            let target = documents.at(document, &["spec", "scaleTargetRef", "name"]).and_then(Node::text);
            found.extend(several(
                documents.at(document, &["spec", "minReplicas"]),
                target.into_iter(),
                false,
            ));
        }
        _ => {}
    }
    for (name, service) in
        documents.get(document, "services").map_or(Vec::new(), |all| documents.children(all))
    {
        let image = documents.at(service, &["image"]).and_then(Node::text);
        found.extend(several(
            documents.at(service, &["deploy", "replicas"]),
            [name].into_iter().chain(image),
            true,
        ));
    }
    // What `helm create` calls the values of a service: https://helm.sh/docs/chart_template_guide/values_files/
    for values in [document].into_iter().chain(documents.below(document).into_iter().map(|(_, node)| node)) {
        let image = documents
            .at(values, &["image", "repository"])
            .or(documents.at(values, &["image"]))
            .and_then(Node::text);
        let is_scaled =
            documents.at(values, &["autoscaling", "enabled"]).and_then(Node::text) == Some("true");
        let count = match is_scaled {
            true => documents.at(values, &["autoscaling", "minReplicas"]),
            false => documents.at(values, &["replicaCount"]),
        };
        found.extend(image.and_then(|image| several(count, [image].into_iter(), false)));
    }
    found
}

fn several<'n>(
    number: Option<&Node>,
    names: impl Iterator<Item = &'n str>,
    is_workload: bool,
) -> Option<FoundCopies> {
    let number = number?;
    let count = number.text()?.parse::<u64>().ok().filter(|count| *count > 1)?;
    Some(FoundCopies { count, names: names.map(str::to_lowercase).collect(), is_workload, span: number.span })
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
