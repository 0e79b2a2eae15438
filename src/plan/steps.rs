//! Room 8, *plan*: the steps from many doors to one, each small enough for one pull request.

use std::collections::BTreeSet;

use super::choice::Choice;
use super::{Group, PlannedDoor, Verdict, touches};
use crate::location::Location;
use crate::program::doors::{Accessor, Contract, Door, Keeper, Use};
use crate::program::inventory::{Resource, Scope};
use crate::settle::Settled;

/// One step of the migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// What kind of step.
    pub kind: StepKind,
    /// One line.
    pub title: String,
    /// What to do, sorted by place.
    pub items: Vec<Item>,
    /// The findings it removes.
    pub removes: Vec<Removed>,
    /// How to see that it is done.
    pub verify: String,
    /// Numbers of the steps that must be done before.
    pub after: Vec<usize>,
    /// For the step that keeps the door closed: the findings that no step of the resource removes, and that have to go as
    /// well until nothing is reported.
    pub leaves: Vec<Removed>,
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// Make the door that stays safe.
    Secure,
    /// Move callers to it.
    Move,
    /// Remove what nobody calls any more.
    Remove,
    /// Keep the door closed.
    Enforce,
}

impl StepKind {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Move => "move",
            Self::Remove => "remove",
            Self::Enforce => "enforce",
        }
    }
}

/// One place to touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where; `None` for the configuration file.
    pub location: Option<Location>,
    /// The package, where it matters.
    pub package: String,
    /// What is there: a path or a call.
    pub what: String,
    /// What to write instead, or to do with it.
    pub instead: String,
    /// Whether only tests and other code outside production have it.
    pub outside_production: bool,
}

/// A finding, as far as a step names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The rule.
    pub rule: &'static str,
    /// Its primary place.
    pub location: Location,
    /// Its identity in reports.
    pub fingerprint: String,
}

impl Removed {
    /// As a step names a finding.
    pub(super) fn of(settled: &Settled) -> Self {
        Self {
            rule: settled.finding.rule,
            location: settled.finding.primary.location,
            fingerprint: settled.fingerprint.clone(),
        }
    }
}

/// Call sites beyond this number make a step of their own per package.
const MOST_MOVES: usize = 20;

/// The steps for one resource, none where no door was chosen.
pub(super) fn steps(
    resource: &Resource,
    role: Option<&str>,
    groups: &[Group],
    findings: &[Settled],
) -> Vec<Step> {
    let mut plan = Steps { list: Vec::new(), findings, taken: BTreeSet::new() };
    let going = |group: &'_ Group| -> Vec<PlannedDoor> {
        group.doors.iter().filter(|planned| planned.verdict == Verdict::Remove).cloned().collect()
    };
    for group in groups {
        let going = going(group);
        let Some(kept) = group.canonical() else {
            plan.open_at_start(&group.binaries, &going);
            continue;
        };
        plan.secure(kept, &going);
        for planned in &going {
            plan.move_callers(&planned.door, &kept.door);
        }
        plan.move_from_shims(&kept.door);
    }
    let kept: Vec<&Door> = groups.iter().filter_map(Group::canonical).map(|planned| &planned.door).collect();
    let all_going: Vec<PlannedDoor> = groups.iter().flat_map(going).collect();
    plan.remove(&kept, &all_going);
    let locked: Vec<&Door> = groups
        .iter()
        .filter(|group| matches!(group.choice, Choice::Chosen { .. }))
        .filter_map(|group| group.canonical().map(|planned| &planned.door))
        .collect();
    if !locked.is_empty() {
        plan.enforce(resource, role, &locked);
    }
    plan.list.sort_by_key(|step| (step.kind, step.number));
    for (index, step) in plan.list.iter_mut().enumerate() {
        step.number = index + 1;
    }
    // Nothing is moved to a door that is not safe, nothing is removed that somebody calls.
    let kinds: Vec<StepKind> = plan.list.iter().map(|step| step.kind).collect();
    for step in &mut plan.list {
        let before = (1..).zip(&kinds).filter(|(_, kind)| **kind < step.kind);
        step.after = before.map(|(number, _)| number).collect();
    }
    plan.list
}

struct Steps<'f> {
    list: Vec<Step>,
    findings: &'f [Settled],
    /// Fingerprints of findings that a step removes already.
    taken: BTreeSet<String>,
}

impl Steps<'_> {
    fn push(
        &mut self,
        kind: StepKind,
        title: String,
        items: Vec<Item>,
        removes: Vec<Removed>,
        verify: String,
    ) {
        if items.is_empty() && removes.is_empty() {
            return;
        }
        let number = self.list.len() + 1;
        let (after, leaves) = (Vec::new(), Vec::new());
        self.list.push(Step { number, kind, title, items, removes, verify, after, leaves });
    }

    /// The findings about a door that no step removes yet.
    fn take(&mut self, door: &Door, wanted: impl Fn(&Settled) -> bool) -> Vec<Removed> {
        let about = self.findings.iter().filter(|settled| touches(settled, door) && wanted(settled));
        let mut removed = Vec::new();
        for settled in about {
            if self.taken.insert(settled.fingerprint.clone()) {
                removed.push(Removed::of(settled));
            }
        }
        removed
    }

    fn secure(&mut self, kept: &PlannedDoor, going: &[PlannedDoor]) {
        let door = &kept.door;
        let of_others = |settled: &Settled| going.iter().any(|other| touches(settled, &other.door));
        let removes = self.take(door, |settled| !of_others(settled));
        let mut items: Vec<Item> = Vec::new();
        for removed in &removes {
            let settled = self.findings.iter().find(|settled| settled.fingerprint == removed.fingerprint);
            let Some(finding) = settled.map(|settled| &settled.finding) else { continue };
            items.push(Item {
                location: Some(removed.location),
                package: String::new(),
                what: finding.message.clone(),
                instead: finding.help.clone(),
                outside_production: false,
            });
        }
        for opening in door.openings.iter().filter(|opening| opening.when.contains(&"in a handler")) {
            let binary = opening.binary.as_deref().unwrap_or_default();
            items.push(Item {
                location: opening.hops.first().map(|hop| hop.location),
                package: String::new(),
                what: format!("`main` of `{binary}` leaves the opening to the first request"),
                instead: match door.main_accessor() {
                    Some(_) => format!("call `{}` before serving", expression(door, None)),
                    None => format!("open the {} before serving", door.noun),
                },
                outside_production: false,
            });
        }
        let title = format!("Make `{}` safe", door.title());
        let otherwise = match items.len() == removes.len() {
            true => "the service starts",
            false => "the service opens it when it starts, before it serves",
        };
        let verify = gone(&removes, otherwise);
        self.push(StepKind::Secure, title, items, removes, verify);
    }

    fn move_callers(&mut self, from: &Door, to: &Door) {
        let name = from.title();
        if matches!(from.keeper, Keeper::Variable | Keeper::Nobody) {
            let removes = self.take(from, |_| true);
            let location = from.variable.as_ref().map_or(from.place, |variable| variable.value);
            let what =
                from.openings.first().and_then(|opening| opening.makers.get(1).or(opening.makers.first()));
            let items = vec![Item {
                location: Some(location),
                package: String::new(),
                what: format!("opens a second {} through `{}`", from.noun, what.cloned().unwrap_or_default()),
                instead: expression(to, Some(from)),
                outside_production: false,
            }];
            let verify = gone(&removes, &format!("`{name}` is a clone"));
            let title = format!("Give `{name}` the handle of `{}`", to.title());
            self.push(StepKind::Move, title, items, removes, verify);
            return;
        }
        let instead = expression(to, Some(from));
        let mut items: Vec<Item> = from.uses.iter().map(|used| item_of(used, &instead)).collect();
        for mention in &from.mentions {
            let instead = format!("`{}` takes a `{}`, or nothing", mention.function, to.handle);
            items.push(item_of(mention, &instead));
        }
        items.sort_by(|a, b| (&a.package, a.location).cmp(&(&b.package, b.location)));
        // What a rule says of a process ends when the process does not come here any more; what it says of a function
        // ends with the function.
        let of_a_process = |settled: &Settled| settled.finding.binary.is_some();
        if items.len() <= MOST_MOVES {
            let removes = self.take(from, of_a_process);
            let verify = gone(&removes, &format!("nothing calls `{name}`"));
            let title = format!("Move the callers of `{name}` to `{}`", to.title());
            self.push(StepKind::Move, title, items, removes, verify);
            return;
        }
        let mut packages: Vec<&str> = items.iter().map(|item| item.package.as_str()).collect();
        packages.sort_unstable();
        packages.dedup();
        for (index, package) in packages.iter().enumerate() {
            let own: Vec<Item> = items.iter().filter(|item| item.package == *package).cloned().collect();
            let removes =
                if index + 1 == packages.len() { self.take(from, of_a_process) } else { Vec::new() };
            let verify = gone(&removes, &format!("nothing in `{package}` calls `{name}`"));
            let title = format!("Move the callers of `{name}` in `{package}` to `{}`", to.title());
            self.push(StepKind::Move, title, own, removes, verify);
        }
    }

    /// Doors of processes in which none lasts: each process opens one when it starts.
    fn open_at_start(&mut self, binaries: &[String], going: &[PlannedDoor]) {
        let Some(first) = going.first() else { return };
        let start = match binaries {
            [] => "the process".to_owned(),
            [only] => format!("`{only}`"),
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
                format!("each of {}", names.join(", "))
            }
        };
        let mut items: Vec<Item> = Vec::new();
        let mut removes: Vec<Removed> = Vec::new();
        for door in going.iter().map(|planned| &planned.door) {
            items.push(Item {
                location: Some(door.place),
                package: String::new(),
                what: door.name.clone(),
                instead: format!("a handle that {start} opens once and hands in"),
                outside_production: false,
            });
            // Whether the database answers is no question of how many handles there are.
            removes.extend(self.take(door, |settled| settled.category != "readiness"));
        }
        items.sort_by_key(|item| item.location);
        let verify = gone(&removes, "no request and no worker opens a handle of its own");
        let title = format!("Open one {} when {start} starts", first.door.noun);
        self.push(StepKind::Move, title, items, removes, verify);
    }

    fn move_from_shims(&mut self, kept: &Door) {
        let instead = expression(kept, None);
        let through = kept.uses.iter().filter(|used| used.through_shim);
        let items: Vec<Item> = through.map(|used| item_of(used, &instead)).collect();
        let title = format!("Call `{}` directly", kept.title());
        self.push(StepKind::Move, title, items, Vec::new(), "nothing calls the shim".to_owned());
    }

    fn remove(&mut self, kept: &[&Door], going: &[PlannedDoor]) {
        let mut items = Vec::new();
        let makers = kept.iter().flat_map(|door| &door.openings).flat_map(|opening| &opening.makers);
        let accessors = || kept.iter().flat_map(|door| &door.accessors);
        let needed: BTreeSet<&String> = makers.chain(accessors().map(|accessor| &accessor.path)).collect();
        for door in going.iter().map(|planned| &planned.door) {
            if matches!(door.keeper, Keeper::Static | Keeper::Field) {
                items.push(removal(door.place, &door.name, "keeps the handle"));
            }
            for part in door.parts.iter().filter(|part| !needed.contains(&part.path)) {
                items.push(removal(part.location, &part.path, part.does));
            }
            let unneeded = |accessor: &&Accessor| !needed.contains(&accessor.path);
            for accessor in door.accessors.iter().filter(unneeded) {
                let does = match accessor.contract {
                    Contract::Keeper => "hands out what keeps it",
                    _ => "hands it out",
                };
                items.push(removal(accessor.location, &accessor.path, does));
            }
        }
        for accessor in accessors().filter(|accessor| accessor.contract == Contract::Forwards) {
            items.push(removal(accessor.location, &accessor.path, "only forwards"));
        }
        items.sort_by(|a, b| (a.location, &a.what).cmp(&(b.location, &b.what)));
        items.dedup();
        let removes: Vec<Removed> =
            going.iter().flat_map(|planned| self.take(&planned.door, |_| true)).collect();
        let title = "Remove what nobody calls any more".to_owned();
        let verify = gone(&removes, "the workspace compiles without them");
        self.push(StepKind::Remove, title, items, removes, verify);
    }

    fn enforce(&mut self, resource: &Resource, role: Option<&str>, kept: &[&Door]) {
        let mut snippet = format!("[[resource]]\nid = {}\n", quoted(&resource.id));
        if let Some(role) = role {
            snippet.push_str(&format!("role = {}\n", quoted(role)));
        }
        let mut names: Vec<String> = kept.iter().map(|door| quoted(&door.title())).collect();
        names.sort();
        names.dedup();
        match names.as_slice() {
            [only] => snippet.push_str(&format!("canonical = {only}")),
            several => snippet.push_str(&format!("canonical = [{}]", several.join(", "))),
        }
        let item = Item {
            location: None,
            package: String::new(),
            what: "initpath.toml".to_owned(),
            instead: snippet,
            outside_production: false,
        };
        let verify = "`cargo initpath` is clean, and stays so in CI".to_owned();
        self.push(StepKind::Enforce, "Lock the door".to_owned(), vec![item], Vec::new(), verify);
        let left = self.findings.iter().filter(|settled| !self.taken.contains(&settled.fingerprint));
        let left = left.map(Removed::of).collect();
        if let Some(step) = self.list.last_mut() {
            step.leaves = left;
        }
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn gone(removes: &[Removed], otherwise: &str) -> String {
    if removes.is_empty() {
        otherwise.to_owned()
    } else {
        format!("{otherwise}; the findings named here are gone")
    }
}

fn item_of(used: &Use, instead: &str) -> Item {
    Item {
        location: Some(used.location),
        package: used.package.clone(),
        what: used.callee.clone(),
        instead: instead.to_owned(),
        outside_production: used.scope != Scope::Production,
    }
}

fn removal(location: Location, path: &str, why: &str) -> Item {
    Item {
        location: Some(location),
        package: String::new(),
        what: path.to_owned(),
        instead: format!("remove, it {why}"),
        outside_production: false,
    }
}

/// What to write to get the handle of a door, in the place of another one.
fn expression(to: &Door, instead_of: Option<&Door>) -> String {
    if let Some(accessor) = to.main_accessor() {
        let called = match (accessor.is_method, accessor.path.rsplit("::").next()) {
            (true, Some(name)) => format!("(the shared value).{name}()"),
            _ => format!("{}()", accessor.path),
        };
        let awaited = if accessor.is_async { ".await" } else { "" };
        let tried = if accessor.is_fallible { "?" } else { "" };
        return format!("{called}{awaited}{tried}");
    }
    let function = |door: &Door| {
        let makers = door.openings.first().and_then(|opening| opening.makers.first());
        makers.cloned().unwrap_or_default()
    };
    match (&to.variable, instead_of) {
        (Some(variable), Some(from)) if function(from) == function(to) => {
            format!("{}.clone()", variable.name)
        }
        (Some(variable), _) if variable.is_handle => {
            format!("a clone of `{}` from `{}`, handed in", variable.name, function(to))
        }
        _ => format!("a clone of the {} that `{}` has, handed in", to.noun, to.name),
    }
}
