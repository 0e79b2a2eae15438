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
    let count = nodes.labels.len();
    let mut layers = layers(nodes);
    let ways = ways(nodes, &mut layers);
    let links: Vec<(usize, usize)> =
        ways.iter().flat_map(|way| way.windows(2).map(|pair| (pair[0], pair[1]))).collect();
    let depth = layers.iter().copied().max().map_or(0, |last| last + 1);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (node, layer) in layers.iter().enumerate() {
        columns[*layer].push(node);
    }
    let mut rows = vec![0.0_f32; layers.len()];
    for column in &columns {
        column.iter().enumerate().for_each(|(row, node)| rows[*node] = row as f32);
    }
    for pass in 0..PASSES {
        let forward = pass % 2 == 0;
        let order: Vec<usize> = if forward { (0..depth).collect() } else { (0..depth).rev().collect() };
        for layer in order {
            place(&links, &columns[layer], count, forward, &mut rows);
            columns[layer].sort_by(|one, other| rows[*one].total_cmp(&rows[*other]).then(one.cmp(other)));
        }
    }
    let highest = rows.iter().copied().fold(f32::INFINITY, f32::min);
    rows.iter_mut().for_each(|row| *row -= highest);
    let width = |node: usize| {
        let Some((label, _)) = nodes.labels.get(node) else { return 0.0 };
        let lines = label.split('\n');
        let longest = lines.map(|line| line.chars().count().min(LONGEST_LABEL)).max().unwrap_or(0);
        longest as f32 * CHARACTER + 2.0 * PADDING
    };
    let widths: Vec<f32> =
        columns.iter().map(|column| column.iter().map(|node| width(*node)).fold(0.0, f32::max)).collect();
    let mut left = vec![MARGIN; depth];
    for layer in 1..depth {
        left[layer] = left[layer - 1] + widths[layer - 1] + GAP;
    }
    let lowest = rows.iter().copied().fold(0.0, f32::max);
    let full_width = left.last().copied().unwrap_or(MARGIN) + widths.last().copied().unwrap_or(0.0) + MARGIN;
    let full_height = lowest * ROW + 2.0 * MARGIN + 2.0 * LINE + PADDING;
    let centre = |node: usize| rows[node] * ROW + MARGIN + LINE + PADDING / 2.0;

    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"init-paths\" role=\"img\" width=\"{full_width:.0}\" height=\"{full_height:.0}\" viewBox=\"0 0 {full_width:.0} {full_height:.0}\" aria-label=\"{}\">",
        escape(description)
    );
    let _ = writeln!(svg, "<style>{STYLE}</style>");
    for (way, (_, _, certain)) in ways.iter().zip(&nodes.edges) {
        let class = if *certain { "" } else { " class=\"maybe\"" };
        let first = way[0];
        let _ =
            write!(svg, "<path{class} d=\"M{:.1} {:.1}", left[layers[first]] + width(first), centre(first));
        for (index, pair) in way.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            let (x1, y1) = (left[layers[from]] + widths[layers[from]], centre(from));
            let (x2, y2) = (left[layers[to]], centre(to));
            let end = if index + 2 == way.len() { x2 - 6.0 } else { x2 };
            let bend = ((end - x1) / 2.0).max(20.0);
            let _ =
                write!(svg, "H{x1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {end:.1} {y2:.1}", x1 + bend, end - bend);
        }
        let last = way[way.len() - 1];
        let (x, y) = (left[layers[last]], centre(last));
        let _ = writeln!(svg, "\"/><path class=\"head\" d=\"M{x:.1} {y:.1}l-7 -4v8z\"/>");
    }
    let starts = |node: usize| !nodes.edges.iter().any(|(_, to, _)| *to == node);
    for (node, (label, is_resource)) in nodes.labels.iter().enumerate() {
        let look = look(node);
        let class = match (is_resource, look.stays) {
            (true, _) => "resource",
            (false, Some(true)) => "stays",
            (false, Some(false)) => "goes",
            (false, None) if starts(node) => "start",
            (false, None) => "step",
        };
        let (x, y) = (left[layers[node]], centre(node) - LINE - PADDING / 2.0);
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
            width(node)
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
    svg.push_str("</svg>\n");
    svg
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
