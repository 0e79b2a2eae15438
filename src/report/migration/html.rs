//! Room 9, *report*: the migration report as one HTML page: a drawing of the init paths, with everything behind it as
//! text. No script, no font, nothing from the network; light and dark; usable with the keyboard and read aloud.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::graph::{Nodes, description};
use super::super::picture::{Look, draw, escape};
use super::super::{counted, one_line, path_of, problem_place};
use super::{MigrationView, words};
use crate::plan::{
    Chain, Group, Item, Plan, PlannedDoor, Progress, Remaining, ResourcePlan, SchemaPlan, Step, StepKind,
    Verdict,
};
use crate::problem::Problem;
use crate::program::doors::Door;
use crate::program::init_cycles::InitCycle;
use crate::program::init_paths::InitPath;
use crate::program::readiness::RouteReadiness;
use crate::program::timeline::Timeline;
use crate::workspace::SourceFile;

const STYLE: &str = include_str!("page.css");

pub(super) fn render(view: MigrationView<'_>) -> String {
    let MigrationView { plan, snapshot: _, progress, problems, files } = view;
    let mut text = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    text.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    text.push_str(
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>SSOT migration report</title>\n",
    );
    let _ = writeln!(text, "<style>\n{STYLE}</style>\n</head>\n<body>");
    text.push_str(
        "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n<h1>SSOT migration report</h1>\n",
    );
    navigation(&mut text, plan);
    text.push_str("</header>\n<main id=\"main\">\n");
    if let Some(progress) = progress {
        since(&mut text, progress);
    }
    for (index, resource) in plan.resources.iter().enumerate() {
        let own: Vec<&InitPath> =
            plan.init_paths.iter().filter(|path| path.resource.id == resource.resource.id).collect();
        about(&mut text, index, resource, &own, files);
    }
    if !plan.remaining.is_empty() {
        remaining(&mut text, &plan.remaining, files);
    }
    for cycle in &plan.init_cycles {
        init_cycle(&mut text, cycle, files);
    }
    if !plan.unknown.is_empty() {
        unknown_addresses(&mut text, &plan.unknown, files);
    }
    let starting: Vec<&Timeline> =
        plan.timelines.iter().filter(|timeline| !timeline.moments.is_empty()).collect();
    if !starting.is_empty() {
        text.push_str("<section>\n<h2>Start-up of each binary</h2>\n");
        for timeline in starting {
            start_up(&mut text, timeline, files);
        }
        text.push_str("</section>\n");
    }
    if !plan.routes.is_empty() {
        readiness(&mut text, &plan.routes, files);
    }
    if !plan.schemas.is_empty() {
        text.push_str("<section>\n<h2>Who owns the schema</h2>\n");
        for schema in &plan.schemas {
            owners(&mut text, schema, files);
        }
        text.push_str("</section>\n");
    }
    if !problems.is_empty() {
        limits(&mut text, problems);
    }
    text.push_str("</main>\n</body>\n</html>\n");
    text
}

/// The resources, each with a link to its section, and what no step removes.
fn navigation(text: &mut String, plan: &Plan) {
    let resources = &plan.resources;
    if resources.is_empty() {
        text.push_str("<p>No resource: nothing in production code is seen to open a database whose address is known.</p>\n");
    } else {
        text.push_str("<nav aria-label=\"Resources\"><ul>\n");
        for (index, resource) in resources.iter().enumerate() {
            let _ = writeln!(
                text,
                "<li><a href=\"#resource-{index}\">{}</a> {}</li>",
                code(&words::title(resource)),
                prose(&words::summary(resource))
            );
        }
        text.push_str("</ul></nav>\n");
    }
    if !plan.remaining.is_empty() {
        let _ = writeln!(
            text,
            "<p><a href=\"#remaining\">Findings that no step removes</a>: {}.</p>",
            plan.remaining.len()
        );
    }
}

fn remaining(text: &mut String, findings: &[Remaining], files: &[SourceFile]) {
    text.push_str("<section id=\"remaining\">\n<h2>Findings that no step removes</h2>\n<p>Each is fixed where it stands.</p>\n<ul>\n");
    for Remaining { level, location, help, why } in findings {
        let place = code(&words::at(files, location));
        let (message, help) = (prose(&why.message), prose(help));
        let _ = writeln!(
            text,
            "<li>\n<h3>{} at {place} ({})</h3>\n<p>{message}: {help}</p>",
            code(why.rule),
            level.name()
        );
        text.push_str("<details open>\n<summary>Why</summary>\n");
        hops(text, why, files);
        text.push_str("</details>\n</li>\n");
    }
    text.push_str("</ul>\n</section>\n");
}

fn hops(text: &mut String, chain: &Chain, files: &[SourceFile]) {
    text.push_str("<ol>\n");
    for hop in &chain.hops {
        let place = code(&words::at(files, &hop.location));
        let _ = writeln!(text, "<li>{} {place}</li>", prose(&hop.label));
    }
    text.push_str("</ol>\n");
}

fn init_cycle(text: &mut String, cycle: &InitCycle, files: &[SourceFile]) {
    let members: Vec<String> = cycle.members.iter().map(|member| code(member)).collect();
    let _ = writeln!(text, "<section>\n<h2>Init cycle: {}</h2>", members.join(", "));
    text.push_str("<p>Each of these needs another one to be initialized: whoever comes first waits for ever, or panics.</p>\n<ul>\n");
    for need in &cycle.needs {
        let place = code(&words::at(files, &need.location));
        let _ = writeln!(text, "<li>{} {place}</li>", bold_prose(&words::need(need)));
    }
    text.push_str("</ul>\n</section>\n");
}

fn unknown_addresses(text: &mut String, doors: &[Door], files: &[SourceFile]) {
    text.push_str("<section>\n<h2>Address not known</h2>\n<p>What these lead to is not known, so nothing is said about what they share.</p>\n<ul>\n");
    for door in doors {
        let place = code(&words::at(files, &door.place));
        let _ = writeln!(text, "<li>{place} a {} in {}</li>", door.noun, code(&door.name));
    }
    text.push_str("</ul>\n</section>\n");
}

fn readiness(text: &mut String, routes: &[RouteReadiness], files: &[SourceFile]) {
    text.push_str("<section>\n<h2>Readiness</h2>\n<table><tr><th>route</th><th>needs</th><th>kept out by</th><th>probe</th></tr>\n");
    for route in routes {
        let _ = writeln!(
            text,
            "<tr class=\"{}\"><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            route.gate.name(),
            code(&route.route),
            code(&words::at(files, &route.location)),
            escape(&route.needs.join(", ")),
            words::gate(route.gate).trim_matches('*'),
            escape(route.probe.as_deref().unwrap_or("–"))
        );
    }
    text.push_str("</table>\n</section>\n");
}

fn limits(text: &mut String, problems: &[Problem]) {
    text.push_str("<section>\n<h2>What limited the analysis</h2>\n<ul>\n");
    for problem in problems {
        let _ = writeln!(text, "<li>{} {}</li>", code(&problem_place(problem)), prose(&problem.message));
    }
    text.push_str("</ul>\n</section>\n");
}

fn owners(text: &mut String, schema: &SchemaPlan, files: &[SourceFile]) {
    let _ = writeln!(text, "<h3>{}</h3>", code(&schema.database));
    text.push_str("<table><tr><th>place</th><th>what changes it</th><th>lock</th><th>tables</th><th>binaries</th></tr>\n");
    for (index, place) in schema.places.iter().enumerate() {
        let (what, lock) = words::schema_owner(&place.kind);
        let stays = if schema.keeper == Some(index) { ", <strong>stays</strong>" } else { "" };
        let _ = writeln!(
            text,
            "<tr><td>{} in {}</td><td>{}{stays}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            code(&words::at(files, &place.location)),
            code(&place.function),
            prose(&what),
            lock.trim_matches('*'),
            words::tables(place, code),
            escape(&place.binaries.join(", "))
        );
    }
    text.push_str("</table>\n");
    if schema.steps.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", words::no_steps(schema));
    } else {
        text.push_str("<ol>\n");
        for step in &schema.steps {
            let places: Vec<String> =
                step.places.iter().map(|place| code(&words::at(files, place))).collect();
            let places = if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) };
            let _ = writeln!(text, "<li>{}{places}</li>", prose(&step.action));
        }
        text.push_str("</ol>\n");
    }
    if !schema.reported.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", prose(&words::reported(schema, files)));
    }
}

fn since(text: &mut String, progress: &Progress) {
    let _ = writeln!(text, "<section>\n<h2>Since {}</h2>", code(&progress.since));
    let findings = (progress.gone.len(), progress.new.len());
    let _ = writeln!(text, "<p>Findings: {} gone, {} new.</p>\n<ul>", findings.0, findings.1);
    for resource in &progress.resources {
        let _ = writeln!(text, "<li>{}: {}</li>", code(&resource.id), prose(&words::burn_down(resource)));
    }
    for (title, list) in [("gone", &progress.gone), ("new", &progress.new)] {
        for (rule, fingerprint) in list {
            let _ = writeln!(text, "<li>{title}: {} {}</li>", code(rule), code(fingerprint));
        }
    }
    text.push_str("</ul>\n</section>\n");
}

fn about(text: &mut String, index: usize, plan: &ResourcePlan, paths: &[&InitPath], files: &[SourceFile]) {
    let _ = writeln!(
        text,
        "<section id=\"resource-{index}\">\n<h2>{}</h2>\n<p class=\"lead\">{}</p>",
        code(&words::title(plan)),
        prose(&words::summary(plan))
    );
    let (through, all) = plan.share();
    if all > 0 {
        let _ = writeln!(
            text,
            "<p><label>Uses through the one that stays: {through} of {all} <meter min=\"0\" max=\"{all}\" value=\"{through}\"></meter></label></p>"
        );
    }
    drawing(text, index, plan, paths, files);
    let _ = writeln!(text, "<h3>Where you stand</h3>");
    text.push_str(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Doors\"><table>\n<thead><tr>",
    );
    for heading in ["door", "place", "how it opens", "opens in", "used by", "verdict"] {
        let _ = write!(text, "<th scope=\"col\">{heading}</th>");
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for planned in plan.doors() {
        let door = &planned.door;
        let _ = writeln!(
            text,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
            prose(&words::name(door)),
            code(&words::at(files, &door.place)),
            prose(&words::how_it_opens(door)),
            prose(&words::opens_in(door)),
            words::uses(door),
            class_of(planned),
            bold_prose(&words::verdict(planned))
        );
    }
    text.push_str("</tbody></table></div>\n");
    text.push_str("<h3>The one that stays</h3>\n");
    for group in &plan.groups {
        let processes = match plan.groups.len() {
            1 => String::new(),
            _ => format!("In {}: ", prose(&words::processes(group))),
        };
        let _ = writeln!(text, "<p>{processes}{}</p>", prose(&words::choice(group)));
        if words::was_weighed(group) {
            reasons(text, group);
        }
    }
    if !plan.steps.is_empty() {
        text.push_str("<h3>Steps, in order</h3>\n<ol class=\"steps\">\n");
        for step in &plan.steps {
            about_step(text, step, files);
        }
        text.push_str("</ol>\n");
    }
    if !plan.why.is_empty() {
        text.push_str("<h3>Why</h3>\n");
        for chain in &plan.why {
            let _ = writeln!(
                text,
                "<details open>\n<summary><strong>{}</strong>: {}</summary>",
                chain.rule,
                prose(&chain.message)
            );
            hops(text, chain, files);
            text.push_str("</details>\n");
        }
    }
    text.push_str("</section>\n");
}

fn reasons(text: &mut String, group: &Group) {
    text.push_str("<dl class=\"reasons\">\n");
    for planned in &group.doors {
        let total: i32 = planned.reasons.iter().map(|reason| reason.points).sum();
        let name = prose(&words::name(&planned.door));
        let _ = writeln!(text, "<dt>{name} <span class=\"points\">{total}</span></dt>");
        for reason in &planned.reasons {
            let _ = writeln!(text, "<dd>{} {}</dd>", words::points(reason.points), prose(&reason.text));
        }
    }
    text.push_str("</dl>\n");
}

/// The drawing, and every node's place as text behind it.
fn drawing(text: &mut String, index: usize, plan: &ResourcePlan, paths: &[&InitPath], files: &[SourceFile]) {
    if paths.is_empty() {
        return;
    }
    let nodes = Nodes::of(paths.iter().copied(), files);
    let _ = writeln!(
        text,
        "<figure>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Drawing of the init paths\">"
    );
    let look = |node: usize| Look {
        link: Some(format!("#node-{index}-{node}")),
        stays: stays(plan, nodes.labels[node].0.as_str(), files),
    };
    text.push_str(&draw(&nodes, &description(paths.iter().copied()), look));
    text.push_str("</div>\n<figcaption>Calls from the binaries on the left to the resource on the right; dashed where a call is not certain. Creations that stay are framed in a thick line, those that go in a thick dashed one.</figcaption>\n</figure>\n");
    let _ = writeln!(
        text,
        "<details class=\"places\">\n<summary>{}</summary>\n<ul>",
        counted(nodes.labels.len(), "place")
    );
    for (node, (label, _)) in nodes.labels.iter().enumerate() {
        let mut lines = label.split('\n');
        let name = code(lines.next().unwrap_or_default());
        let place = lines.next().map(|place| format!(" {}", code(place))).unwrap_or_default();
        let next: Vec<String> = nodes
            .edges
            .iter()
            .filter(|(from, ..)| *from == node)
            .map(|(_, to, _)| {
                let label = nodes.labels[*to].0.split('\n').next().unwrap_or_default();
                format!("<a href=\"#node-{index}-{to}\">{}</a>", escape(&one_line(label)))
            })
            .collect();
        let leads = if next.is_empty() { String::new() } else { format!(" leads to {}", next.join(", ")) };
        let _ = writeln!(text, "<li id=\"node-{index}-{node}\" tabindex=\"-1\">{name}{place}{leads}</li>");
    }
    text.push_str("</ul>\n</details>\n");
}

/// Whether the creation at a node stays or goes, where all doors that need it agree.
fn stays(plan: &ResourcePlan, label: &str, files: &[SourceFile]) -> Option<bool> {
    let place = label.split('\n').nth(1)?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    for planned in plan.doors() {
        let openings = &planned.door.openings;
        let made_here = openings.iter().any(|opening| words::at(files, &opening.site) == place);
        if made_here || words::at(files, &planned.door.place) == place {
            verdicts.push(planned.verdict);
        }
    }
    let all = |verdict| !verdicts.is_empty() && verdicts.iter().all(|one| *one == verdict);
    match (all(Verdict::Keep), all(Verdict::Remove)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn class_of(planned: &PlannedDoor) -> &'static str {
    match planned.verdict {
        Verdict::Keep => "keep",
        Verdict::Remove => "remove",
        _ => "other",
    }
}

fn about_step(text: &mut String, step: &Step, files: &[SourceFile]) {
    let _ = writeln!(
        text,
        "<li>\n<h4>{} <span class=\"size\">{}</span></h4>",
        prose(&step.title),
        words::size(step)
    );
    let mut groups: BTreeMap<(&str, &str), Vec<&Item>> = BTreeMap::new();
    for item in &step.items {
        let file = item.location.map_or("", |location| path_of(files, &location));
        let key = if step.kind == StepKind::Move { (item.package.as_str(), file) } else { ("", "") };
        groups.entry(key).or_default().push(item);
    }
    for ((package, file), items) in groups {
        if !package.is_empty() {
            let _ = writeln!(text, "<p class=\"group\">{} · {}</p>", code(package), code(file));
        }
        text.push_str("<ul>\n");
        for item in items {
            about_item(text, step, item, files);
        }
        text.push_str("</ul>\n");
    }
    if !step.removes.is_empty() {
        let removes: Vec<String> = step
            .removes
            .iter()
            .map(|removed| {
                format!("{} at {}", code(removed.rule), code(&words::at(files, &removed.location)))
            })
            .collect();
        let _ = writeln!(text, "<p>Removes {}.</p>", removes.join(", "));
    }
    let (after, leaves) = (words::after(step), prose(&words::leaves(step, files)));
    let _ = writeln!(text, "<p>Done when {}.{after}{leaves}</p>\n</li>", prose(&step.verify));
}

fn about_item(text: &mut String, step: &Step, item: &Item, files: &[SourceFile]) {
    let Some(location) = &item.location else {
        let _ =
            writeln!(text, "<li>{}<pre><code>{}</code></pre></li>", code(&item.what), escape(&item.instead));
        return;
    };
    let place = code(&words::at(files, location));
    let only = if item.outside_production { " (outside production)" } else { "" };
    let instead = match item.instead.contains('`') || step.kind != StepKind::Move {
        true => prose(&item.instead),
        false => code(&item.instead),
    };
    let line = match step.kind {
        StepKind::Move => format!(
            "{} <span aria-hidden=\"true\">→</span> {instead}",
            code(&words::excerpt(files, location))
        ),
        StepKind::Secure => format!("{}: {instead}", prose(&item.what)),
        StepKind::Remove | StepKind::Enforce => format!("{}: {instead}", code(&item.what)),
    };
    let _ = writeln!(text, "<li>{place} {line}{only}</li>");
}

fn start_up(text: &mut String, timeline: &Timeline, files: &[SourceFile]) {
    let _ = writeln!(text, "<h3>{}</h3>\n<ol class=\"timeline\">", code(&timeline.binary));
    for moment in &timeline.moments {
        let beside = moment.beside.map_or(String::new(), |beside| format!(", {beside}"));
        let wrong: String = moment
            .wrong
            .iter()
            .map(|rule| format!(" <strong class=\"wrong\">{}</strong>", escape(rule)))
            .collect();
        let _ = writeln!(
            text,
            "<li class=\"{}\"><span class=\"phase\">{}</span> {} {}{beside}{wrong}</li>",
            moment.phase.name(),
            moment.phase.name(),
            code(&moment.label),
            code(&words::at(files, &moment.location))
        );
    }
    text.push_str("</ol>\n");
    if timeline.is_cut {
        text.push_str("<p>There is more than is listed here.</p>\n");
    }
}

fn code(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() { String::new() } else { format!("<code>{}</code>", escape(&text)) }
}

/// A sentence whose names stand in backticks.
fn prose(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(&text);
    }
    let shown =
        parts.iter().enumerate().map(|(index, part)| if index % 2 == 1 { code(part) } else { escape(part) });
    shown.collect()
}

/// Like [`prose`], with `**` around what is strong.
fn bold_prose(text: &str) -> String {
    let shown = prose(text);
    let parts: Vec<&str> = shown.split("**").collect();
    if parts.len() == 3 { format!("{}<strong>{}</strong>{}", parts[0], parts[1], parts[2]) } else { shown }
}
