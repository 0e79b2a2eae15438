//! Room 9, *report*: the sentences that Markdown and HTML share. Names stand in backticks; each format sets them as it
//! can.

use super::super::{counted, one_line, path_of};
use crate::catalog::LockAfterFailure;
use crate::location::Location;
use crate::plan::{
    Choice, Group, PlannedDoor, Removed, ResourcePlan, ResourceProgress, SchemaPlan, Step, StepKind, Verdict,
};
use crate::program::doors::{Contract, Door, Keeper};
use crate::program::init_cycles::Need;
use crate::program::inventory::Status;
use crate::program::schema_owners::{MigratorLock, OwnerKind, SchemaPlace};
use crate::workspace::SourceFile;

/// Source texts longer than this are cut.
const LONGEST_EXCERPT: usize = 90;

/// `file:line`.
pub(super) fn at(files: &[SourceFile], location: &Location) -> String {
    format!("{}:{}", path_of(files, location), location.span.line)
}

/// The source text of a location on one line, cut when it is long; empty where the file does not have it.
pub(super) fn excerpt(files: &[SourceFile], location: &Location) -> String {
    let Some(file) = files.get(location.file.0 as usize) else { return String::new() };
    let span = location.span;
    let mut words: Vec<String> = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()).skip(span.line.saturating_sub(1) as usize) {
        if number > span.end_line {
            break;
        }
        let from = if number == span.line { span.column.saturating_sub(1) as usize } else { 0 };
        let to =
            if number == span.end_line { span.end_column.saturating_sub(1) as usize } else { usize::MAX };
        let part: String = line.chars().take(to).skip(from).collect();
        words.push(part.trim().to_owned());
    }
    let mut text = one_line(words.join(" ").trim()).replace(" .", ".");
    // A name alone says little; what stands around it says what it is.
    if !text.contains('(') {
        let line = file.text.lines().nth(span.line.saturating_sub(1) as usize).unwrap_or_default();
        text = one_line(line.trim());
    }
    match text.chars().count() > LONGEST_EXCERPT {
        true => text.chars().take(LONGEST_EXCERPT - 1).chain(['…']).collect(),
        false => text,
    }
}

/// How a resource is called in a heading.
pub(super) fn title(plan: &ResourcePlan) -> String {
    match &plan.role {
        Some(role) => format!("{} ({role})", plan.resource.id),
        None => plan.resource.id.clone(),
    }
}

/// How a door is called: by what keeps the handle.
pub(super) fn name(door: &Door) -> String {
    match (&door.variable, door.keeper) {
        (Some(_), _) => format!("`{}`", door.name),
        (None, Keeper::Variable | Keeper::Nobody) => format!("a {} in `{}`", door.noun, door.name),
        (None, Keeper::Static | Keeper::Field) => format!("`{}`", door.name),
    }
}

/// How a door opens, in a few words.
pub(super) fn how_it_opens(door: &Door) -> String {
    let mut words: Vec<String> = Vec::new();
    let auto = door.accessors.iter().find(|accessor| accessor.contract == Contract::Opens);
    if door.openings.iter().any(|opening| opening.once) {
        words.push("at most once".to_owned());
    }
    match auto {
        Some(accessor) => words.push(format!("on first use by `{}`", accessor.path)),
        None => {
            let maker = door.openings.first().and_then(|opening| opening.makers.last());
            words.extend(maker.map(|maker| format!("by `{maker}`")));
        }
    }
    let mut when: Vec<&str> = door.openings.iter().flat_map(|opening| opening.when.iter().copied()).collect();
    when.sort_unstable();
    when.dedup();
    words.extend(when.into_iter().filter(|when| *when != "once for all callers").map(str::to_owned));
    if door.accessors.iter().any(|accessor| accessor.contract == Contract::Demands) && auto.is_none() {
        words.push("whoever asks before panics".to_owned());
    }
    words.join(", ")
}

/// In which binaries a door opens, and as which creation of each.
pub(super) fn opens_in(door: &Door) -> String {
    let openings = door.openings.iter().map(|opening| match &opening.binary {
        Some(binary) => format!("`{binary}` ({})", ordinal(opening.order + 1)),
        None => "no binary".to_owned(),
    });
    openings.collect::<Vec<_>>().join(", ")
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// How many places use a door, in how many files.
pub(super) fn uses(door: &Door) -> String {
    let places = door.production_uses().count();
    let mut files: Vec<u32> = door.production_uses().map(|used| used.location.file.0).collect();
    files.sort_unstable();
    files.dedup();
    match places {
        0 => "none".to_owned(),
        _ => format!("{} in {}", counted(places, "place"), counted(files.len(), "file")),
    }
}

/// What becomes of a door, with the reason.
pub(super) fn verdict(planned: &PlannedDoor) -> String {
    let beside = match planned.beside.as_slice() {
        [] => String::new(),
        list => format!(" in {}", list.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")),
    };
    match planned.verdict {
        Verdict::Keep => "**keep**".to_owned(),
        Verdict::Remove if planned.door.keeper == Keeper::Nobody && !planned.reported_by.is_empty() => {
            let rules: Vec<String> = planned.reported_by.iter().map(|rule| format!("`{rule}`")).collect();
            format!("**remove**: reported by {}", rules.join(", "))
        }
        Verdict::Remove => format!("**remove**: opens beside the one that stays{beside}"),
        Verdict::Declare => "declare a role, or remove: seems to be kept apart on purpose".to_owned(),
        Verdict::ShortLived => "stays: ends with its function".to_owned(),
        Verdict::Open => format!(
            "open{}",
            if beside.is_empty() { String::new() } else { format!(": opens beside another{beside}") }
        ),
    }
}

/// The state of a resource in one sentence.
pub(super) fn summary(plan: &ResourcePlan) -> String {
    let count = plan.doors().count();
    let going = plan.doors().filter(|planned| planned.verdict == Verdict::Remove).count();
    let unclear = plan.groups.iter().any(|group| matches!(group.choice, Choice::Undecided { .. }));
    let doors = match plan.groups.len() {
        1 => counted(count, "door"),
        several => format!("{} in {several} groups of processes that share none", counted(count, "door")),
    };
    match (count, going, unclear) {
        (1, 0, _) => "One door: nothing competes.".to_owned(),
        (_, _, true) => format!("{doors}, and which one should stay is not clear."),
        (_, 0, _) => format!("{doors}; none has to go."),
        _ => format!("{doors}: {going} to remove."),
    }
}

/// Why the door of a group that stays was chosen, in one or two sentences.
pub(super) fn choice(group: &Group) -> String {
    let kept = group.canonical().map_or_else(String::new, |planned| name(&planned.door));
    match &group.choice {
        Choice::Only => format!("{kept} is the only door."),
        Choice::Apart => format!("{kept} has the most to say for it, and nothing competes with it."),
        Choice::NoneLasts => "No door lasts: every handle ends with the function that makes it.".to_owned(),
        Choice::Declared(path) => format!("{kept} stays: `initpath.toml` declares `{path}` canonical."),
        Choice::Chosen { margin, next } => {
            format!(
                "{kept} stays: {} ahead of `{next}`.",
                counted(usize::try_from(*margin).unwrap_or(0), "point")
            )
        }
        Choice::Undecided { between, decides } => {
            let between: Vec<String> = between.iter().map(|one| format!("`{one}`")).collect();
            format!(
                "No clear winner between {}. What would decide it: {}.",
                between.join(" and "),
                decides.join("; or ")
            )
        }
    }
}

/// In which binaries the doors of a group open.
pub(super) fn processes(group: &Group) -> String {
    match group.binaries.as_slice() {
        [] => "no binary".to_owned(),
        list => list.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", "),
    }
}

/// Points with their sign.
pub(super) fn points(points: i32) -> String {
    if points < 0 { format!("−{}", points.unsigned_abs()) } else { format!("+{points}") }
}

/// How large a step is.
pub(super) fn size(step: &Step) -> String {
    if step.kind == StepKind::Enforce {
        return "one file".to_owned();
    }
    let mut files: Vec<u32> =
        step.items.iter().filter_map(|item| item.location).map(|location| location.file.0).collect();
    files.sort_unstable();
    files.dedup();
    format!("{} in {}", counted(step.items.len(), "place"), counted(files.len(), "file"))
}

/// What must be done before a step, as a sentence; empty where nothing must.
pub(super) fn after(step: &Step) -> String {
    let numbers: Vec<String> = step.after.iter().map(usize::to_string).collect();
    match numbers.as_slice() {
        [] => String::new(),
        [only] => format!(" After step {only}."),
        list => format!(" After steps {}.", list.join(", ")),
    }
}

/// Whether a choice among several doors was made or tried, so that reasons are worth reading.
pub(super) fn was_weighed(group: &Group) -> bool {
    matches!(group.choice, Choice::Declared(_) | Choice::Chosen { .. } | Choice::Undecided { .. })
        && group.doors.len() > 1
}

/// What became of a resource since an earlier report, in one line.
pub(super) fn burn_down(resource: &ResourceProgress) -> String {
    let share = |share: Option<(usize, usize)>| match share {
        Some((through, all)) => format!("{through} of {all}"),
        None => "none".to_owned(),
    };
    let doors = |title: &str, list: &[String]| match list {
        [] => String::new(),
        list => {
            let names: Vec<String> = list.iter().map(|name| format!("`{name}`")).collect();
            format!("; {title}: {}", names.join(", "))
        }
    };
    format!(
        "uses through the one that stays: {}, before {}{}{}",
        share(resource.now),
        share(resource.before),
        doors("gone", &resource.gone),
        doors("new", &resource.new)
    )
}

/// That one static needs another one, and whether that has to go.
pub(super) fn need(need: &Need) -> String {
    let cut = if need.cut { ": **this has to go**" } else { "" };
    format!("`{}` needs `{}`{cut}", need.from, need.to)
}

/// What keeps requests away from a route.
pub(super) fn gate(status: Status) -> &'static str {
    match status {
        Status::NotNeeded => "–",
        Status::StartUp => "start-up",
        Status::Gate => "a gate",
        Status::LooksFirst => "its own test",
        Status::Request => "opened by the request itself",
        Status::Nothing => "**nothing**",
    }
}

/// What changes a schema, and under which lock.
pub(super) fn schema_owner(kind: &OwnerKind) -> (String, &'static str) {
    let (what, lock, facts) = match kind {
        OwnerKind::Statements { lock } => ("statements in the code".to_owned(), lock, None),
        OwnerKind::Migrator { folder: Some(folder), lock, facts } => {
            (format!("the migrations in `{folder}`"), lock, facts.as_deref())
        }
        OwnerKind::Migrator { folder: None, lock, facts } => {
            ("a migrator".to_owned(), lock, facts.as_deref())
        }
    };
    let what = match facts.and_then(|facts| facts.ledger.as_deref()) {
        Some(ledger) => format!("{what}, recorded in `{ledger}`"),
        None => what,
    };
    let is_kept = facts.and_then(|facts| facts.after_failure) == Some(LockAfterFailure::Kept);
    let lock = match lock {
        MigratorLock::Taken if is_kept => "its own; the session keeps it when a migration fails",
        MigratorLock::Taken => "its own",
        MigratorLock::Around => "taken around it",
        MigratorLock::None => "**none**",
        MigratorLock::NotNeeded => "needs none",
    };
    (what, lock)
}

/// The tables that a place creates, each by `shown`; the first ones, where there are many.
pub(super) fn tables(place: &SchemaPlace, shown: fn(&str) -> String) -> String {
    const MOST: usize = 8;
    let mut names: Vec<String> = place.tables.iter().map(|table| table.name.clone()).collect();
    names.dedup();
    let more = names.len().saturating_sub(MOST);
    let listed: Vec<String> = names.iter().take(MOST).map(|name| shown(name)).collect();
    match (listed.is_empty(), more) {
        (true, _) => "–".to_owned(),
        (false, 0) => listed.join(", "),
        (false, more) => format!("{} and {more} more", listed.join(", ")),
    }
}

/// Why there is no step to one owner of a schema.
pub(super) fn no_steps(schema: &SchemaPlan) -> &'static str {
    match (schema.is_known, schema.reported.is_empty()) {
        (true, true) => "Nothing to do.",
        (true, false) => "It has one owner: nothing has to move.",
        (false, _) => "It is not known which of these share a database, so nothing is said about one owner.",
    }
}

/// The findings about what changes a schema, as a sentence; empty where there are none.
pub(super) fn reported(schema: &SchemaPlan, files: &[SourceFile]) -> String {
    match schema.reported.as_slice() {
        [] => String::new(),
        reported => format!("Reported of it: {}.", findings(reported, files)),
    }
}

/// What a step leaves and has to go as well, as a sentence; empty where nothing has.
pub(super) fn leaves(step: &Step, files: &[SourceFile]) -> String {
    match step.leaves.as_slice() {
        [] => String::new(),
        left => format!(" What these steps leave has to go for that as well: {}.", findings(left, files)),
    }
}

/// Rules and places of findings; the first ones, where there are many.
fn findings(list: &[Removed], files: &[SourceFile]) -> String {
    const MOST: usize = 12;
    let shown = list.iter().take(MOST);
    let shown: Vec<String> =
        shown.map(|one| format!("`{}` at `{}`", one.rule, at(files, &one.location))).collect();
    match list.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
