//! Room 2, *workspace*: tests of what deployment files say, over workspaces in memory.

use super::*;
use crate::workspace::{Request, in_memory, open};

const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2024\"\n";

/// What is declared, as `kind path line`, and the problems.
fn declared(file: &str, text: &str) -> (Vec<String>, Vec<String>) {
    declared_beside(&[], file, text)
}

/// The same where there are other files.
fn declared_beside(others: &[(&str, &str)], file: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let own = [("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}"), (file, text)];
    let mut workspace = in_memory(&[&own, others].concat());
    workspace.load_modules(Some(1), |_| ((), Vec::new()));
    workspace.load_deployment();
    let probes = workspace.deployment.probes.iter();
    let probes = probes
        .map(|probe| format!("{} {} {}", probe.kind.name(), probe.path, probe.location.span.line))
        .collect();
    let problems = workspace.problems.iter().filter(|problem| problem.kind == ProblemKind::UnreadDeployment);
    (
        probes,
        problems.map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message)).collect(),
    )
}

#[test]
fn probes_of_several_documents_with_anchors() {
    let text = "\
kind: Service
---
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: shop
          readinessProbe: &probe
            httpGet: { path: /health/ready/, port: 8080 }
            periodSeconds: 5
          startupProbe: *probe
          livenessProbe:
            exec:
              command: [\"curl\", \"-f\", \"http://localhost:8080/live?verbose\"]
";
    let (probes, problems) = declared("k8s/shop.yaml", text);
    assert_eq!(
        probes,
        ["readiness probe /health/ready 10", "start-up probe /health/ready 10", "liveness probe /live 15"]
    );
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn what_builds_a_folder_is_about_what_the_folder_holds() {
    let fly = "app = \"scores\"\n[[http_service.checks]]\npath = \"/health\"\n";
    let python = [("scores/requirements.txt", "fastapi")];
    assert!(declared_beside(&python, "scores/fly.toml", fly).0.is_empty());
    assert_eq!(declared_beside(&python, "deploy/fly.toml", fly).0, ["readiness probe /health 3"]);
    let of_shop = fly.replace("scores", "shop-staging shop");
    assert_eq!(declared_beside(&python, "scores/fly.toml", &of_shop).0, ["readiness probe /health 3"]);
    let in_folder_for_deployment = [("infra/package.json", "{}")];
    assert_eq!(
        declared_beside(&in_folder_for_deployment, "infra/fly.toml", fly).0,
        ["readiness probe /health 3"]
    );
    let beside_assets = [("package.json", "{}")];
    assert_eq!(declared_beside(&beside_assets, "fly.toml", fly).0, ["readiness probe /health 3"]);
}

#[test]
fn compose_dockerfile_fly_and_render() {
    let compose =
        "services:\n  shop:\n    healthcheck:\n      test: curl -f http://localhost/health || exit 1\n";
    assert_eq!(declared("compose.yml", compose).0, ["health check /health 4"]);
    let image =
        "FROM scratch\nHEALTHCHECK --interval=5s \\\n  CMD curl -f http://localhost:80/up || exit 1\n";
    assert_eq!(declared("Dockerfile", image).0, ["health check /up 2"]);
    let fly = "app = \"shop\"\n[[http_service.checks]]\npath = \"/ready\"\n";
    assert_eq!(declared("fly.toml", fly).0, ["readiness probe /ready 3"]);
    let render = "services:\n  - type: web\n    healthCheckPath: /healthz\n";
    assert_eq!(declared("render.yaml", render).0, ["readiness probe /healthz 3"]);
}

#[test]
fn what_cannot_be_read_is_a_problem_with_a_place_and_no_claim() {
    let template = "containers:\n  {{- range .Values.list }}\n  readinessProbe:\n    httpGet:\n      path: {{ .path }}\n";
    let (probes, problems) = declared("chart/templates/shop.yaml", template);
    assert!(probes.is_empty(), "{probes:?}");
    assert_eq!(problems, ["2:3 the file is a template; its probes are not known"]);

    let quoted = "readinessProbe:\n  httpGet:\n    path: \"{{ .Values.path }}\"\n";
    assert_eq!(declared("quoted.yaml", quoted), (vec![], vec![]));

    let (probes, problems) = declared("bad.yaml", "readinessProbe: [\n---\n: :\n");
    assert!(probes.is_empty() && problems.len() == 1, "{probes:?} {problems:?}");
    assert!(problems[0].contains("the YAML does not parse"), "{problems:?}");

    let deep = format!("livenessProbe: {}", "[".repeat(100_000));
    let (_, problems) = declared("deep.yaml", &deep);
    assert_eq!(problems.len(), 1, "{problems:?}");

    let huge = format!("livenessProbe:\n{}", "# filler\n".repeat(200_000));
    assert_eq!(
        declared("huge.yaml", &huge).1,
        ["0:0 the file is larger than 1 MiB; its probes are not known"]
    );
    assert_eq!(declared("fly.toml", "path = [").1.len(), 1);
}

#[test]
fn an_alias_to_itself_ends() {
    let (probes, _) = declared("loop.yaml", "a: &a\n  livenessProbe: *a\n  b: [*a, *a, *a]\n");
    assert!(probes.is_empty(), "{probes:?}");
}

#[test]
fn copies_of_workloads_and_services() {
    let read = |text: &str| {
        let files = [("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}"), ("deploy.yaml", text)];
        let mut workspace = in_memory(&files);
        workspace.load_modules(Some(1), |_| ((), Vec::new()));
        workspace.load_deployment();
        let copies = workspace.deployment.copies.into_iter();
        copies
            .map(|copies| (copies.count, copies.names.join(" "), copies.location.span.line))
            .collect::<Vec<_>>()
    };
    let workload = "kind: Deployment\nmetadata:\n  name: Shop\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n        - name: web\n          image: registry/shop:1\n";
    assert_eq!(read(workload), [(3, "shop shop web registry/shop:1".to_owned(), 5)]);
    assert_eq!(read(&workload.replace("replicas: 3", "replicas: 1")), []);
    let compose = "services:\n  shop:\n    image: shop\n    deploy:\n      replicas: 2\n";
    assert_eq!(read(compose), [(2, "shop shop".to_owned(), 5)]);
    assert_eq!(read("kind: HorizontalPodAutoscaler\nspec:\n  replicas: 4\n"), []);
    let scaler =
        "kind: HorizontalPodAutoscaler\nspec:\n  scaleTargetRef:\n    name: shop\n  minReplicas: 2\n";
    assert_eq!(read(scaler), [(2, "shop".to_owned(), 5)]);
    let values = "image:\n  repository: ghcr.io/test/shop\nreplicaCount: 3\n";
    assert_eq!(read(values), [(3, "ghcr.io/test/shop".to_owned(), 3)]);
    let scaled = format!("{values}autoscaling:\n  enabled: true\n  minReplicas: 4\n");
    assert_eq!(read(&scaled), [(4, "ghcr.io/test/shop".to_owned(), 6)]);
    assert_eq!(read(&scaled.replace("minReplicas: 4", "minReplicas: 1")), []);
    let nested = "web:\n  image: shop:1\n  replicaCount: 2\nredis:\n  replicaCount: 2\n";
    assert_eq!(read(nested), [(2, "shop:1".to_owned(), 3)]);
}

#[test]
fn commands_that_name_no_url_are_kept_as_words() {
    let run = |file: &str, text: &str| {
        let files = [("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}"), (file, text)];
        let mut workspace = in_memory(&files);
        workspace.load_modules(Some(1), |_| ((), Vec::new()));
        workspace.load_deployment();
        assert!(workspace.deployment.probes.is_empty());
        let commands = workspace.deployment.commands.into_iter();
        commands.map(|command| command.words.join(" ")).collect::<Vec<_>>()
    };
    let image = "HEALTHCHECK --interval=5s CMD [\"/app/shop\", \"healthcheck\"]\n";
    assert_eq!(run("Dockerfile", image), ["/app/shop healthcheck"]);
    assert_eq!(run("Dockerfile", "HEALTHCHECK NONE\n"), Vec::<String>::new());
    let probe = "livenessProbe:\n  exec:\n    command: [shop, healthcheck]\n";
    assert_eq!(run("k8s/shop.yaml", probe), ["shop healthcheck"]);
}

#[test]
fn the_repository_around_the_workspace_is_read_where_it_names_a_service() {
    let probe = |name: &str| {
        format!(
            "kind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  readinessProbe: {{ httpGet: {{ path: /{name} }} }}\n"
        )
    };
    let both = format!("{}---\n{}", probe("shop"), probe("web"));
    let top = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = top.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        std::fs::write(path, text).expect("files can be written");
    };
    write("server/Cargo.toml", MANIFEST);
    write("server/src/main.rs", "fn main() {}");
    write("k8s/base/all.yaml", &both);
    write("elsewhere/shop.yaml", &probe("shop"));
    write("web.yaml", &probe("web"));
    let read = || {
        let request = Request { start: top.path().join("server"), ..Request::default() };
        let mut workspace = open(&request).expect("it is a workspace");
        workspace.load_modules(Some(1), |_| ((), Vec::new()));
        workspace.load_deployment();
        let probes = workspace.deployment.probes.iter();
        let shown = probes.map(|probe| {
            let file = &workspace.files[probe.location.file.0 as usize].path;
            format!("{} {file}", probe.path)
        });
        shown.collect::<Vec<_>>()
    };
    assert!(read().is_empty(), "without a repository, what lies around belongs to somebody else");
    write(".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(read(), ["/shop ../k8s/base/all.yaml"]);
}
