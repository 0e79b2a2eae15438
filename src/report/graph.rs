//! Room 9, *report*: the init paths as a tree, as Mermaid, as DOT, as a drawing and as versioned JSON. Must not judge.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::inventory::describe;
use super::{WireHop, WirePoint, WireTool, counted, one_line, path_of, picture, place, to_json};
use crate::finding::Hop;
use crate::location::Location;
use crate::program::init_paths::InitPath;
use crate::workspace::SourceFile;

/// How to print init paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    /// Per resource and binary, one line per path.
    Tree,
    /// A flowchart for Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A drawing.
    Svg,
    /// The versioned wire format.
    Json,
}

impl GraphFormat {
    /// All formats, the default first.
    pub const ALL: [Self; 5] = [Self::Tree, Self::Mermaid, Self::Dot, Self::Svg, Self::Json];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
            Self::Json => "json",
        }
    }
}

/// Init paths in one format, ending in a newline. `files` are those locations point into.
pub fn render(format: GraphFormat, paths: &[InitPath], files: &[SourceFile]) -> String {
    match format {
        GraphFormat::Tree => tree(paths, files),
        GraphFormat::Mermaid => mermaid(paths, files),
        GraphFormat::Dot => dot(paths, files),
        GraphFormat::Svg => {
            picture::draw(&Nodes::of(paths, files), &description(paths), |_| picture::Look::default())
        }
        GraphFormat::Json => json(paths, files),
    }
}

/// What a drawing shows, for those who do not see it.
pub(super) fn description<'p>(paths: impl IntoIterator<Item = &'p InitPath>) -> String {
    let paths: Vec<&InitPath> = paths.into_iter().collect();
    let mut resources: Vec<&str> = paths.iter().map(|path| path.resource.id.as_str()).collect();
    resources.sort_unstable();
    resources.dedup();
    format!("{} to {}", counted(paths.len(), "init path"), counted(resources.len(), "resource"))
}

fn tree(paths: &[InitPath], files: &[SourceFile]) -> String {
    if paths.is_empty() {
        return "no init path: nothing in production code is seen to create a handle\n".to_owned();
    }
    let mut text = String::new();
    for group in paths.chunk_by(|one, other| one.resource.id == other.resource.id) {
        let resource = &group[0].resource;
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}  {}", resource.driver, one_line(&describe(&resource.address)));
        let binaries: Vec<&[InitPath]> = group.chunk_by(|one, other| one.binary == other.binary).collect();
        for (index, paths) in binaries.iter().enumerate() {
            let (branch, stem) =
                if index + 1 == binaries.len() { ("└─", "   ") } else { ("├─", "│  ") };
            let title = match &paths[0].binary {
                Some(binary) => format!("bin {binary}"),
                None => "not reached from a binary".to_owned(),
            };
            let _ = writeln!(text, "{branch} {title}");
            for (index, path) in paths.iter().enumerate() {
                let branch = if index + 1 == paths.len() { "└─" } else { "├─" };
                let _ = writeln!(text, "{stem}{branch} {}", line(path, paths, files));
            }
        }
    }
    text
}

/// A path on one line. Where another one of `all` goes through the same functions, the calls that differ say where they are.
fn line(path: &InitPath, all: &[InitPath], files: &[SourceFile]) -> String {
    let labels = |path: &InitPath| path.hops.iter().map(|hop| hop.label.clone()).collect::<Vec<_>>();
    let own = labels(path);
    let twins: Vec<&InitPath> = all.iter().filter(|other| labels(other) == own).collect();
    let shown = |(index, hop): (usize, &Hop)| match twins
        .iter()
        .all(|twin| twin.hops[index].location == hop.location)
    {
        true => hop.label.clone(),
        false => format!("{} ({})", hop.label, short_place(files, &hop.location)),
    };
    let hops: Vec<String> = path.hops.iter().enumerate().map(shown).collect();
    let mut text = format!("{} ● {}  {}", hops.join(" → "), place(files, &path.site), path.held_by);
    for when in &path.when {
        let _ = write!(text, ", {when}");
    }
    if !path.certain {
        text.push_str(", not certain");
    }
    one_line(&text)
}

/// Functions, calls and resources as numbered nodes, and the edges between them, each once.
#[derive(Default)]
pub(super) struct Nodes {
    ids: BTreeMap<String, usize>,
    /// Name and place on a line each, and whether it is a resource.
    pub(super) labels: Vec<(String, bool)>,
    /// From, to, and whether the call is certain.
    pub(super) edges: Vec<(usize, usize, bool)>,
}

impl Nodes {
    pub(super) fn of<'p>(paths: impl IntoIterator<Item = &'p InitPath>, files: &[SourceFile]) -> Self {
        let mut nodes = Self::default();
        for path in paths {
            let binary = path.binary.as_deref().unwrap_or_default();
            let mut last = None;
            for (index, hop) in path.hops.iter().enumerate() {
                let shown = match index {
                    0 if !binary.is_empty() => format!("{binary}: {}", hop.label),
                    _ => hop.label.clone(),
                };
                let key = format!("{binary}|{}|{}", hop.label, place(files, &hop.location));
                let node = nodes.node(
                    key,
                    format!("{}\n{}", one_line(&shown), short_place(files, &hop.location)),
                    false,
                );
                if let Some(last) = last {
                    nodes.edge(last, node, true);
                }
                last = Some(node);
            }
            let resource =
                nodes.node(format!("resource|{}", path.resource.id), one_line(&path.resource.id), true);
            if let Some(last) = last {
                nodes.edge(last, resource, path.certain);
            }
        }
        nodes
    }

    fn node(&mut self, key: String, label: String, is_resource: bool) -> usize {
        let next = self.labels.len();
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            self.labels.push((label, is_resource));
        }
        id
    }

    fn edge(&mut self, from: usize, to: usize, certain: bool) {
        if !self.edges.iter().any(|(one, other, _)| (*one, *other) == (from, to)) {
            self.edges.push((from, to, certain));
        }
    }
}

fn short_place(files: &[SourceFile], location: &Location) -> String {
    format!("{}:{}", path_of(files, location), location.span.line)
}

fn mermaid(paths: &[InitPath], files: &[SourceFile]) -> String {
    let nodes = Nodes::of(paths, files);
    let quoted = |label: &str| {
        let lines: Vec<String> = label.split('\n').map(one_line).collect();
        lines
            .join("\n")
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
            .replace('\n', "<br>")
    };
    let mut text = String::from("flowchart LR\n");
    for (id, (label, is_resource)) in nodes.labels.iter().enumerate() {
        let label = quoted(label);
        let _ = match is_resource {
            true => writeln!(text, "  n{id}[(\"{label}\")]"),
            false => writeln!(text, "  n{id}[\"{label}\"]"),
        };
    }
    for (from, to, certain) in &nodes.edges {
        let arrow = if *certain { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{from} {arrow} n{to}");
    }
    text
}

fn dot(paths: &[InitPath], files: &[SourceFile]) -> String {
    let nodes = Nodes::of(paths, files);
    let quoted = |label: &str| {
        let lines: Vec<String> =
            label.split('\n').map(|line| one_line(line).replace('\\', "\\\\").replace('"', "\\\"")).collect();
        lines.join("\\n")
    };
    let mut text = String::from("digraph init_paths {\n  rankdir=LR;\n  node [shape=box];\n");
    for (id, (label, is_resource)) in nodes.labels.iter().enumerate() {
        let shape = if *is_resource { ", shape=cylinder" } else { "" };
        let _ = writeln!(text, "  n{id} [label=\"{}\"{shape}];", quoted(label));
    }
    for (from, to, certain) in &nodes.edges {
        let style = if *certain { "" } else { " [style=dashed]" };
        let _ = writeln!(text, "  n{from} -> n{to}{style};");
    }
    text.push_str("}\n");
    text
}

/// What `cargo initpath graph --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "initpath graph, version 1"))]
struct WireGraph<'a> {
    /// Version of this format.
    version: u32,
    /// What wrote it.
    tool: WireTool,
    /// Init paths, sorted by resource, binary and path.
    init_paths: Vec<WireInitPath<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireInitPath<'a> {
    /// Id of the resource.
    resource: &'a str,
    /// The binary in whose `main` the path starts; null where none is known to reach the site.
    binary: Option<&'a str>,
    /// From the entry function to the library call.
    path: Vec<WireHop<'a>>,
    /// The call that creates the handle.
    site: WirePoint<'a>,
    /// Type of the handle, canonical.
    handle: &'a str,
    /// Who keeps it, in words.
    held_by: &'a str,
    /// What on the way is not plain calling, outermost first.
    when: &'a [&'static str],
    /// Whether every call on the way is certain.
    certain: bool,
}

fn json(paths: &[InitPath], files: &[SourceFile]) -> String {
    let init_paths = paths.iter().map(|path| WireInitPath {
        resource: &path.resource.id,
        binary: path.binary.as_deref(),
        path: path.hops.iter().map(|hop| WireHop::new(files, hop)).collect(),
        site: WirePoint::new(files, &path.site),
        handle: &path.handle,
        held_by: &path.held_by,
        when: &path.when,
        certain: path.certain,
    });
    to_json(&WireGraph { version: 1, tool: WireTool::current(), init_paths: init_paths.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_fresh() {
        super::super::assert_schema_is_fresh::<WireGraph<'_>>("graph.json");
    }
}
