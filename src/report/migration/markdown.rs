//! Room 9, *report*: the migration report as Markdown that GitHub and GitLab show. Must not decide anything.

use std::fmt::Write as _;

use super::super::{one_line, path_of, problem_place};
use super::{MigrationView, words};
use crate::plan::{Chain, Group, Item, Plan, Progress, Remaining, ResourcePlan, SchemaPlan, Step, StepKind};
use crate::program::doors::Opening;
use crate::program::timeline::Timeline;
use crate::workspace::SourceFile;

pub(super) fn render(view: MigrationView<'_>) -> String {
    let MigrationView { plan, snapshot: _, progress, problems, files } = view;
    let mut text = String::from("# SSOT migration report\n");
    overview(&mut text, plan);
    if let Some(progress) = progress {
        since(&mut text, progress);
    }
    for resource in &plan.resources {
        about(&mut text, resource, files);
    }
    if !plan.remaining.is_empty() {
        text.push_str("\n## Findings that no step removes\n\nEach is fixed where it stands.\n");
        for finding in &plan.remaining {
            remaining(&mut text, finding, files);
        }
    }
    for cycle in &plan.init_cycles {
        let members: Vec<String> = cycle.members.iter().map(|member| code(member)).collect();
        let _ = write!(text, "\n## Init cycle: {}\n\n", members.join(", "));
        text.push_str("Each of these needs another one to be initialized: whoever comes first waits for ever, or panics.\n\n");
        for need in &cycle.needs {
            let place = code(&words::at(files, &need.location));
            let _ = writeln!(text, "- {} {place}", bold_prose(&words::need(need)));
        }
    }
    if !plan.unknown.is_empty() {
        text.push_str("\n## Address not known\n\nWhat these lead to is not known, so nothing is said about what they share.\n\n");
        for door in &plan.unknown {
            let place = code(&words::at(files, &door.place));
            let _ = writeln!(text, "- {place} a {} in {}", door.noun, code(&door.name));
        }
    }
    if plan.timelines.iter().any(|timeline| !timeline.moments.is_empty()) {
        text.push_str("\n## Start-up of each binary\n");
        for timeline in plan.timelines.iter().filter(|timeline| !timeline.moments.is_empty()) {
            start_up(&mut text, timeline, files);
        }
    }
    if !plan.routes.is_empty() {
        text.push_str("\n## Readiness\n\n| route | needs | kept out by | probe |\n|---|---|---|---|\n");
        for route in &plan.routes {
            let _ = writeln!(
                text,
                "| {} {} | {} | {} | {} |",
                cell(&code(&route.route)),
                cell(&code(&words::at(files, &route.location))),
                cell(&route.needs.join(", ")),
                words::gate(route.gate),
                cell(route.probe.as_deref().unwrap_or("–"))
            );
        }
    }
    if !plan.schemas.is_empty() {
        text.push_str("\n## Who owns the schema\n");
        for schema in &plan.schemas {
            owners(&mut text, schema, files);
        }
    }
    if !problems.is_empty() {
        text.push_str("\n## What limited the analysis\n\n");
        for problem in problems {
            let _ = writeln!(text, "- {} {}", code(&problem_place(problem)), prose(&problem.message));
        }
    }
    text
}

fn overview(text: &mut String, plan: &Plan) {
    if plan.resources.is_empty() {
        text.push_str(
            "\nNo resource: nothing in production code is seen to open a database whose address is known.\n",
        );
        return;
    }
    text.push_str("\n| resource | doors | uses through the one that stays | steps |\n|---|---|---|---|\n");
    for resource in &plan.resources {
        let (through, all) = resource.share();
        let share = if all == 0 { "–".to_owned() } else { format!("{through} of {all}") };
        let id = cell(&code(&words::title(resource)));
        let _ =
            writeln!(text, "| {id} | {} | {share} | {} |", resource.doors().count(), resource.steps.len());
    }
    if !plan.remaining.is_empty() {
        let _ = writeln!(text, "\nFindings that no step removes: {}.", plan.remaining.len());
    }
}

fn remaining(text: &mut String, finding: &Remaining, files: &[SourceFile]) {
    let Remaining { level, location, help, why } = finding;
    let place = code(&words::at(files, location));
    let _ = write!(text, "\n### {} at {place} ({})\n\n", code(why.rule), level.name());
    let _ = write!(text, "- [ ] {place} {}: {}\n\nWhy:\n\n", prose(&why.message), prose(help));
    hops(text, why, files);
}

fn hops(text: &mut String, chain: &Chain, files: &[SourceFile]) {
    for (number, hop) in (1..).zip(&chain.hops) {
        let place = code(&words::at(files, &hop.location));
        let _ = writeln!(text, "{number}. {} {place}", prose(&hop.label));
    }
}

fn since(text: &mut String, progress: &Progress) {
    let _ = write!(text, "\n## Since {}\n\n", code(&progress.since));
    let findings = (progress.gone.len(), progress.new.len());
    let _ = writeln!(text, "Findings: {} gone, {} new.\n", findings.0, findings.1);
    for resource in &progress.resources {
        let _ = writeln!(text, "- {}: {}", code(&resource.id), prose(&words::burn_down(resource)));
    }
    for (title, list) in [("gone", &progress.gone), ("new", &progress.new)] {
        for (rule, fingerprint) in list {
            let _ = writeln!(text, "- {title}: {} {}", code(rule), code(fingerprint));
        }
    }
}

fn about(text: &mut String, plan: &ResourcePlan, files: &[SourceFile]) {
    let _ = write!(text, "\n## {}\n\n{}\n", code(&words::title(plan)), prose(&words::summary(plan)));
    text.push_str("\n### Where you stand\n\n");
    text.push_str(
        "| door | place | how it opens | opens in | used by | verdict |\n|---|---|---|---|---|---|\n",
    );
    for planned in plan.doors() {
        let door = &planned.door;
        let cells = [
            prose(&words::name(door)),
            code(&words::at(files, &door.place)),
            prose(&words::how_it_opens(door)),
            prose(&words::opens_in(door)),
            words::uses(door),
            bold_prose(&words::verdict(planned)),
        ];
        let cells: Vec<String> = cells.iter().map(|one| cell(one)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    init_paths(text, plan, files);
    text.push_str("\n### The one that stays\n");
    for group in &plan.groups {
        let processes = match plan.groups.len() {
            1 => String::new(),
            _ => format!("In {}: ", prose(&words::processes(group))),
        };
        let _ = write!(text, "\n{processes}{}\n", prose(&words::choice(group)));
        if words::was_weighed(group) {
            reasons(text, group);
        }
    }
    if !plan.steps.is_empty() {
        text.push_str("\n### Steps, in order\n");
        for step in &plan.steps {
            about_step(text, step, files);
        }
    }
    if !plan.why.is_empty() {
        text.push_str("\n### Why\n");
        for chain in &plan.why {
            let _ = write!(text, "\n**{}**: {}\n\n", chain.rule, prose(&chain.message));
            hops(text, chain, files);
        }
    }
}

fn reasons(text: &mut String, group: &Group) {
    text.push_str("\n| door | points | reasons |\n|---|---|---|\n");
    for planned in &group.doors {
        let total: i32 = planned.reasons.iter().map(|reason| reason.points).sum();
        let reasons: Vec<String> = planned
            .reasons
            .iter()
            .map(|reason| format!("{} {}", words::points(reason.points), reason.text))
            .collect();
        let reasons = cell(&prose(&reasons.join("; ")));
        let _ = writeln!(text, "| {} | {total} | {reasons} |", cell(&prose(&words::name(&planned.door))));
    }
}

fn init_paths(text: &mut String, plan: &ResourcePlan, files: &[SourceFile]) {
    text.push_str("\nInit paths:\n\n");
    let mut lines: Vec<String> = Vec::new();
    for planned in plan.doors() {
        for opening in &planned.door.openings {
            let binary = opening.binary.as_ref().map_or("no binary".to_owned(), |name| code(name));
            let hops: Vec<&str> = opening.hops.iter().map(|hop| hop.label.as_str()).collect();
            let when = match opening.when.as_slice() {
                [] => String::new(),
                list => format!(", {}", list.join(", ")),
            };
            let certain = if opening.certain { "" } else { ", not certain" };
            let place = code(&words::at(files, &opening.site));
            let line = format!(
                "- {binary}: {} at {place}{}{when}{certain}",
                code(&hops.join(" → ")),
                way(opening, files)
            );
            if !lines.contains(&line) {
                let _ = writeln!(text, "{line}");
                lines.push(line);
            }
        }
    }
    let accessors = plan.doors().flat_map(|planned| &planned.door.accessors);
    let mut rows = accessors.peekable();
    if rows.peek().is_some() {
        text.push_str("\nAccessors:\n\n");
    }
    for accessor in rows {
        let behind =
            accessor.behind.as_ref().map_or(String::new(), |path| format!(", forwards to {}", code(path)));
        let place = code(&words::at(files, &accessor.location));
        let _ = writeln!(text, "- {} at {place}{behind}", code(&accessor.path));
    }
}

/// The calls on the way from the entry to the library call, neither included: they tell two ways with the same names apart.
fn way(opening: &Opening, files: &[SourceFile]) -> String {
    let between = opening.hops.get(1..opening.hops.len().saturating_sub(1)).unwrap_or_default();
    let calls: Vec<String> = between.iter().map(|hop| code(&words::at(files, &hop.location))).collect();
    if calls.is_empty() { String::new() } else { format!(", by way of {}", calls.join(", ")) }
}

fn about_step(text: &mut String, step: &Step, files: &[SourceFile]) {
    let _ = write!(text, "\n#### Step {} · {} ({})\n\n", step.number, prose(&step.title), words::size(step));
    let mut last = ("", "");
    for item in &step.items {
        let file = item.location.map_or("", |location| path_of(files, &location));
        if step.kind == StepKind::Move && !item.package.is_empty() && (item.package.as_str(), file) != last {
            let _ = writeln!(text, "- {} · {}", code(&item.package), code(file));
            last = (&item.package, file);
        }
        let indent = if last.0.is_empty() { "" } else { "  " };
        about_item(text, indent, step, item, files);
    }
    if !step.removes.is_empty() {
        text.push_str("\nRemoves ");
        let removes: Vec<String> = step
            .removes
            .iter()
            .map(|removed| {
                format!("{} at {}", code(removed.rule), code(&words::at(files, &removed.location)))
            })
            .collect();
        let _ = writeln!(text, "{}.", removes.join(", "));
    }
    let (after, leaves) = (words::after(step), prose(&words::leaves(step, files)));
    let _ = writeln!(text, "\nDone when {}.{after}{leaves}", prose(&step.verify));
}

fn about_item(text: &mut String, indent: &str, step: &Step, item: &Item, files: &[SourceFile]) {
    let Some(location) = &item.location else {
        let _ = writeln!(text, "{indent}- [ ] {}", code(&item.what));
        let _ = writeln!(text, "\n```toml\n{}\n```", item.instead);
        return;
    };
    let place = code(&words::at(files, location));
    let only = if item.outside_production { " (outside production)" } else { "" };
    let line = match step.kind {
        StepKind::Move => {
            let found = words::excerpt(files, location);
            let instead = match item.instead.contains('`') {
                true => prose(&item.instead),
                false => code(&item.instead),
            };
            format!("{} → {instead}", code(&found))
        }
        StepKind::Secure => format!("{}: {}", prose(&item.what), prose(&item.instead)),
        StepKind::Remove | StepKind::Enforce => format!("{}: {}", code(&item.what), prose(&item.instead)),
    };
    let _ = writeln!(text, "{indent}- [ ] {place} {line}{only}");
}

fn start_up(text: &mut String, timeline: &Timeline, files: &[SourceFile]) {
    let _ = write!(text, "\n### {}\n\n", code(&timeline.binary));
    for (number, moment) in (1..).zip(&timeline.moments) {
        let beside = moment.beside.map_or(String::new(), |beside| format!(", {beside}"));
        let place = code(&words::at(files, &moment.location));
        let (phase, label) = (moment.phase.name(), code(&moment.label));
        let wrong: Vec<String> = moment.wrong.iter().map(|rule| format!("**{rule}**")).collect();
        let wrong = if wrong.is_empty() { String::new() } else { format!(" ← {}", wrong.join(", ")) };
        let _ = writeln!(text, "{number}. {phase}: {label} {place}{beside}{wrong}");
    }
    if timeline.is_cut {
        text.push_str("\nThere is more than is listed here.\n");
    }
}

fn owners(text: &mut String, schema: &SchemaPlan, files: &[SourceFile]) {
    let _ = write!(text, "\n### {}\n\n", code(&schema.database));
    text.push_str("| place | what changes it | lock | tables | binaries |\n|---|---|---|---|---|\n");
    for (index, place) in schema.places.iter().enumerate() {
        let (what, lock) = words::schema_owner(&place.kind);
        let stays = if schema.keeper == Some(index) { ", **stays**" } else { "" };
        let tables = words::tables(place, code);
        let _ = writeln!(
            text,
            "| {} in {} | {}{stays} | {lock} | {} | {} |",
            cell(&code(&words::at(files, &place.location))),
            cell(&code(&place.function)),
            cell(&what),
            cell(&tables),
            cell(&place.binaries.join(", "))
        );
    }
    if schema.steps.is_empty() {
        let _ = writeln!(text, "\n{}", words::no_steps(schema));
    } else {
        text.push('\n');
    }
    for (number, step) in (1..).zip(&schema.steps) {
        let places: Vec<String> = step.places.iter().map(|place| code(&words::at(files, place))).collect();
        let places = if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) };
        let _ = writeln!(text, "{number}. {}{places}", step.action);
    }
    if !schema.reported.is_empty() {
        let _ = writeln!(text, "\n{}", prose(&words::reported(schema, files)));
    }
}

/// A code span, whatever is in the text.
fn code(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return String::new();
    }
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence whose names stand in backticks: the names become code spans, the rest is plain text.
fn prose(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(&text);
    }
    let shown =
        parts.iter().enumerate().map(|(index, part)| if index % 2 == 1 { code(part) } else { plain(part) });
    shown.collect()
}

/// Like [`prose`], with `**` kept as it is.
fn bold_prose(text: &str) -> String {
    prose(text).replace("\\*\\*", "**")
}

/// Text in which nothing is markup.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// The content of a table cell: a bar would end it, even in a code span.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
