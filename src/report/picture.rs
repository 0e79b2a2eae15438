//! Room 9, *report*: init paths as an SVG drawing, left to right, from binaries to resources. No script, no font and
//! nothing from the network; light and dark by the reader's choice. Layers come from the longest way to a node, the
//! order in a layer from the neighbours on its left.

use std::fmt::Write as _;

use super::graph::Nodes;

/// Width of a character of the drawing's font.
const CHARACTER: f32 = 6.7;
const LINE: f32 = 15.0;
const PADDING: f32 = 10.0;
const ROW: f32 = 52.0;
const GAP: f32 = 44.0;
const MARGIN: f32 = 12.0;
/// Longer labels are cut; the whole text is in the node's title.
const LONGEST_LABEL: usize = 34;
/// Passes over the layers that put nodes beside their neighbours.
const PASSES: usize = 4;

/// What the drawing needs to look right wherever it is put. Rules are scoped to its class.
pub(super) const STYLE: &str = "\
.init-paths{--ink:#1f2328;--faint:#57606a;--box:#ffffff;--edge:#8c959f;--accent:#0550ae;--accent-box:#ddf4ff;--good:#1a7f37;--bad:#a40e26;--focus:#bf3989}\
.init-paths text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--ink)}\
.init-paths .second{fill:var(--faint)}\
.init-paths rect{fill:var(--box);stroke:var(--edge)}\
.init-paths .resource rect{fill:var(--accent-box);stroke:var(--accent);stroke-width:1.5}\
.init-paths .start rect{stroke:var(--ink);stroke-width:1.5}\
.init-paths .stays rect{stroke:var(--good);stroke-width:2.5}\
.init-paths .goes rect{stroke:var(--bad);stroke-width:2.5;stroke-dasharray:6 3}\
.init-paths path{fill:none;stroke:var(--edge);stroke-width:1.3}\
.init-paths path.maybe{stroke-dasharray:5 4}\
.init-paths .head{fill:var(--edge);stroke:none}\
.init-paths a:focus rect,.init-paths a:hover rect{stroke:var(--focus);stroke-width:2.5}\
@media (prefers-color-scheme:dark){.init-paths{--ink:#e6edf3;--faint:#9198a1;--box:#161b22;--edge:#6e7681;--accent:#79c0ff;--accent-box:#0c2d4f;--good:#56d364;--bad:#ff7b72;--focus:#ff9bce}}";

/// What is special about a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// Where its link leads.
    pub(super) link: Option<String>,
    /// Whether it stays (true) or goes (false), where that was decided.
    pub(super) stays: Option<bool>,
}

/// A drawing of the nodes, each looking as `look` says. Quadratic in the nodes of a layer.
pub(super) fn draw(nodes: &Nodes, description: &str, look: impl Fn(usize) -> Look) -> String {
    let arranged = Arrangement::of(nodes);
    let (width, height) = arranged.size();
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"init-paths\" role=\"img\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" aria-label=\"{}\">",
        escape(description)
    );
    let _ = writeln!(svg, "<style>{STYLE}</style>");
    for (way, (_, _, certain)) in arranged.ways.iter().zip(&nodes.edges) {
        draw_way(&mut svg, &arranged, way, *certain);
    }
    for node in 0..nodes.labels.len() {
        draw_node(&mut svg, &arranged, node, &look(node));
    }
    svg.push_str("</svg>\n");
    svg
}

/// An edge with its bends, and the head of its arrow.
fn draw_way(svg: &mut String, arranged: &Arrangement<'_>, way: &[usize], certain: bool) {
    let class = if certain { "" } else { " class=\"maybe\"" };
    let first = way[0];
    let start = arranged.left_of(first) + width(arranged.nodes, first);
    let _ = write!(svg, "<path{class} d=\"M{start:.1} {:.1}", arranged.centre(first));
    for (index, pair) in way.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let (x1, y1) = (arranged.right_of(from), arranged.centre(from));
        let (x2, y2) = (arranged.left_of(to), arranged.centre(to));
        let end = if index + 2 == way.len() { x2 - 6.0 } else { x2 };
        let bend = ((end - x1) / 2.0).max(20.0);
        let _ = write!(svg, "H{x1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {end:.1} {y2:.1}", x1 + bend, end - bend);
    }
    let last = way[way.len() - 1];
    let (x, y) = (arranged.left_of(last), arranged.centre(last));
    let _ = writeln!(svg, "\"/><path class=\"head\" d=\"M{x:.1} {y:.1}l-7 -4v8z\"/>");
}

/// A box with its label, in a link where it has one.
fn draw_node(svg: &mut String, arranged: &Arrangement<'_>, node: usize, look: &Look) {
    let nodes = arranged.nodes;
    let (label, is_resource) = &nodes.labels[node];
    let starts = || !nodes.edges.iter().any(|(_, to, _)| *to == node);
    let class = match (is_resource, look.stays) {
        (true, _) => "resource",
        (false, Some(true)) => "stays",
        (false, Some(false)) => "goes",
        (false, None) if starts() => "start",
        (false, None) => "step",
    };
    let (x, y) = (arranged.left_of(node), arranged.centre(node) - LINE - PADDING / 2.0);
    let lines: Vec<&str> = label.split('\n').collect();
    let height = 2.0 * LINE + PADDING;
    let radius = if *is_resource { height / 2.0 } else { 5.0 };
    if let Some(target) = &look.link {
        let _ = write!(svg, "<a href=\"{}\">", escape(target));
    }
    let _ = write!(
        svg,
        "<g class=\"{class}\"><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"{radius:.1}\"/>",
        escape(&match look.stays {
            Some(true) => format!("{} · stays", lines.join(" · ")),
            Some(false) => format!("{} · goes", lines.join(" · ")),
            None => lines.join(" · "),
        }),
        width(nodes, node)
    );
    let first = if lines.len() > 1 { y + PADDING / 2.0 + 11.0 } else { y + height / 2.0 + 4.0 };
    for (index, line) in lines.iter().enumerate() {
        let class = if index == 0 { "" } else { " class=\"second\"" };
        let _ = write!(
            svg,
            "<text{class} x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + PADDING,
            first + index as f32 * LINE,
            escape(&shortened(line))
        );
    }
    svg.push_str("</g>");
    svg.push_str(if look.link.is_some() { "</a>\n" } else { "\n" });
}

/// Where everything stands. Bends of edges are numbered after the nodes.
struct Arrangement<'n> {
    nodes: &'n Nodes,
    /// Per edge, the nodes and bends that it goes by.
    ways: Vec<Vec<usize>>,
    /// The layer of each node and bend.
    layers: Vec<usize>,
    /// The row of each node and bend, from 0.
    rows: Vec<f32>,
    /// The left side and the width of each layer.
    columns: Vec<(f32, f32)>,
}

impl<'n> Arrangement<'n> {
    fn of(nodes: &'n Nodes) -> Self {
        let mut layers = layers(nodes);
        let ways = ways(nodes, &mut layers);
        let depth = layers.iter().copied().max().map_or(0, |last| last + 1);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); depth];
        for (node, layer) in layers.iter().enumerate() {
            members[*layer].push(node);
        }
        let mut left = MARGIN;
        let mut columns = Vec::with_capacity(depth);
        for column in &members {
            let widest = column.iter().map(|node| width(nodes, *node)).fold(0.0, f32::max);
            columns.push((left, widest));
            left += widest + GAP;
        }
        let rows = rows(nodes.labels.len(), &ways, members, layers.len());
        Self { nodes, ways, layers, rows, columns }
    }

    fn left_of(&self, node: usize) -> f32 {
        self.columns[self.layers[node]].0
    }

    /// The right side of the node's layer.
    fn right_of(&self, node: usize) -> f32 {
        let (left, width) = self.columns[self.layers[node]];
        left + width
    }

    fn centre(&self, node: usize) -> f32 {
        self.rows[node] * ROW + MARGIN + LINE + PADDING / 2.0
    }

    /// Width and height of the drawing.
    fn size(&self) -> (f32, f32) {
        let right = self.columns.last().map_or(MARGIN, |(left, width)| left + width);
        let lowest = self.rows.iter().copied().fold(0.0, f32::max);
        (right + MARGIN, lowest * ROW + 2.0 * MARGIN + 2.0 * LINE + PADDING)
    }
}

/// The width of a node; bends have none.
fn width(nodes: &Nodes, node: usize) -> f32 {
    let Some((label, _)) = nodes.labels.get(node) else { return 0.0 };
    let lines = label.split('\n');
    let longest = lines.map(|line| line.chars().count().min(LONGEST_LABEL)).max().unwrap_or(0);
    longest as f32 * CHARACTER + 2.0 * PADDING
}

/// The row of each of `all` nodes and bends, given those of each layer. What is numbered from `count` on is a bend.
fn rows(count: usize, ways: &[Vec<usize>], mut layers: Vec<Vec<usize>>, all: usize) -> Vec<f32> {
    let links: Vec<(usize, usize)> =
        ways.iter().flat_map(|way| way.windows(2).map(|pair| (pair[0], pair[1]))).collect();
    let mut rows = vec![0.0_f32; all];
    for column in &layers {
        column.iter().enumerate().for_each(|(row, node)| rows[*node] = row as f32);
    }
    let depth = layers.len();
    for pass in 0..PASSES {
        let forward = pass % 2 == 0;
        let order: Vec<usize> = if forward { (0..depth).collect() } else { (0..depth).rev().collect() };
        for layer in order {
            place(&links, &layers[layer], count, forward, &mut rows);
            layers[layer].sort_by(|one, other| rows[*one].total_cmp(&rows[*other]).then(one.cmp(other)));
        }
    }
    let highest = rows.iter().copied().fold(f32::INFINITY, f32::min);
    rows.iter_mut().for_each(|row| *row -= highest);
    rows
}

/// Per node, how many edges are on the longest way to it. Edges that close a circle are left out.
fn layers(nodes: &Nodes) -> Vec<usize> {
    let count = nodes.labels.len();
    let mut layers = vec![0; count];
    // Without circles no way is longer than the number of nodes, so that this ends after as many rounds.
    for round in 0..=count {
        let mut changed = false;
        for (from, to, _) in &nodes.edges {
            if layers[*to] < layers[*from] + 1 && from != to && round < count && layers[*from] + 1 < count {
                layers[*to] = layers[*from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    // Resources stand in one column on the right, whatever leads to them.
    let last = layers.iter().copied().max().unwrap_or(0);
    for (node, (_, is_resource)) in nodes.labels.iter().enumerate() {
        if *is_resource {
            layers[node] = last;
        }
    }
    layers
}

/// Per edge, the nodes it goes by: an edge that skips layers gets a bend in each, which takes room like a node, so that
/// it goes beside what stands there and not behind it. Bends are numbered after the nodes.
fn ways(nodes: &Nodes, layers: &mut Vec<usize>) -> Vec<Vec<usize>> {
    let mut ways = Vec::with_capacity(nodes.edges.len());
    for (from, to, _) in &nodes.edges {
        let mut way = vec![*from];
        for layer in layers[*from] + 1..layers[*to] {
            way.push(layers.len());
            layers.push(layer);
        }
        way.push(*to);
        ways.push(way);
    }
    ways
}

/// How much of a row a bend takes.
const BEND: f32 = 0.4;

/// Moves the nodes of a layer towards their neighbours without letting them overlap. What is numbered from `count` on
/// is a bend.
fn place(links: &[(usize, usize)], column: &[usize], count: usize, forward: bool, rows: &mut [f32]) {
    let wanted = |node: usize| {
        let neighbours: Vec<f32> = links
            .iter()
            .filter_map(|(from, to)| match (forward, *from == node, *to == node) {
                (true, _, true) => Some(rows[*from]),
                (false, true, _) => Some(rows[*to]),
                _ => None,
            })
            .collect();
        match neighbours.len() {
            0 => rows[node],
            number => neighbours.iter().sum::<f32>() / number as f32,
        }
    };
    let mut targets: Vec<(f32, usize)> = column.iter().map(|node| (wanted(*node), *node)).collect();
    targets.sort_by(|(one, first), (other, second)| one.total_cmp(other).then(first.cmp(second)));
    // Nodes and bends stand in the middle of the room they take.
    let half = |node: usize| if node < count { 0.5 } else { BEND / 2.0 };
    let mut free = -0.5_f32;
    for (target, node) in targets {
        let row = target.max(free + half(node));
        rows[node] = row;
        free = row + half(node);
    }
}

fn shortened(line: &str) -> String {
    match line.chars().count() > LONGEST_LABEL {
        // The end of a place is its line number, the end of a path its name.
        true => {
            let skipped = line.chars().count() - (LONGEST_LABEL - 1);
            ['…'].into_iter().chain(line.chars().skip(skipped)).collect()
        }
        false => line.to_owned(),
    }
}

/// Text for an element or an attribute in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
