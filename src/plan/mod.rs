//! Room 8, *plan*: the migration to a single source of truth. Per resource it chooses the door that stays, orders the
//! steps that leave no other, and lists every place they touch. Everything is decided from the program's doors and
//! from settled findings; nothing here judges code or writes text for a format.

mod choice;
mod edits;
mod gaps;
mod progress;
mod schema;
mod steps;
mod why;

use std::collections::BTreeSet;

use crate::finding::Confidence;
use crate::location::Location;
use crate::program::declarations::{ResourceDeclaration, role_of_door};
use crate::program::doors::{Conflict, Door, Doors, Keeper};
use crate::program::init_cycles::InitCycle;
use crate::program::init_paths::InitPath;
use crate::program::inventory::Resource;
use crate::program::readiness::RouteReadiness;
use crate::program::schema_owners::SchemaPlace;
use crate::program::timeline::Timeline;
use crate::settle::{Level, Settled};

pub use choice::{Choice, Reason};
pub use edits::{Edit, applied, edits};
pub use gaps::gap_edits;
pub use progress::{Progress, ResourceProgress, ResourceSnapshot, Snapshot, progress};
pub use schema::{SchemaPlan, SchemaStep};
pub use steps::{Item, Removed, Step, StepKind};
pub use why::Chain;

/// What the plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The doors of the program.
    pub doors: &'a Doors,
    /// The init paths, for the drawing.
    pub init_paths: &'a [InitPath],
    /// Statics that need each other.
    pub init_cycles: &'a [InitCycle],
    /// The start-up of each binary.
    pub timelines: &'a [Timeline],
    /// The routes that need a database or are probes.
    pub routes: &'a [RouteReadiness],
    /// What changes the schema of each database.
    pub schema_places: &'a [SchemaPlace],
    /// What was found, settled.
    pub findings: &'a [Settled],
    /// What the configuration declares.
    pub declared: &'a [ResourceDeclaration],
}

/// The plan for a program.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Resources whose address is known, those with something to do or to decide first, then by id; two roles of one
    /// resource are planned apart.
    pub resources: Vec<ResourcePlan>,
    /// Doors whose address is not known: nothing can be said about what they share.
    pub unknown: Vec<Door>,
    /// All init paths of the program.
    pub init_paths: Vec<InitPath>,
    /// Statics that need each other, with the fewest needs that have to go.
    pub init_cycles: Vec<InitCycle>,
    /// The start-up of each binary, with what is wrong marked in it.
    pub timelines: Vec<Timeline>,
    /// The routes that need a database or are probes.
    pub routes: Vec<RouteReadiness>,
    /// Who owns the schema of each database.
    pub schemas: Vec<SchemaPlan>,
    /// The findings that no step removes, in the order of the findings.
    pub remaining: Vec<Remaining>,
}

/// A finding that no step removes: it is fixed where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// Its level.
    pub level: Level,
    /// Its primary place.
    pub location: Location,
    /// The fix, in one sentence.
    pub help: String,
    /// Why it came to be, with its rule, message and identity.
    pub why: Chain,
}

/// The plan for one resource.
#[derive(Debug, Clone)]
pub struct ResourcePlan {
    /// The resource.
    pub resource: Resource,
    /// Its role, where one is declared.
    pub role: Option<String>,
    /// Its doors by the processes in which they open, those with the most doors first.
    pub groups: Vec<Group>,
    /// What to do, in order. Empty when one door is all there is, or none was chosen.
    pub steps: Vec<Step>,
    /// From symptom to root, one chain for each finding that a step removes.
    pub why: Vec<Chain>,
}

/// The doors of binaries that have doors in common. What opens in other processes only is no rival.
#[derive(Debug, Clone)]
pub struct Group {
    /// The binaries, sorted; none for code that no binary of the workspace is known to run.
    pub binaries: Vec<String>,
    /// The doors, the one that stays first, then in the order they open. Never empty.
    pub doors: Vec<PlannedDoor>,
    /// Which of the doors stays, and why.
    pub choice: Choice,
}

impl Group {
    /// The door that stays.
    pub fn canonical(&self) -> Option<&PlannedDoor> {
        self.doors.iter().find(|planned| planned.verdict == Verdict::Keep)
    }
}

/// A door, with what becomes of it.
#[derive(Debug, Clone)]
pub struct PlannedDoor {
    /// The door.
    pub door: Door,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Binaries in which it opens beside another door of the same resource, sorted.
    pub beside: Vec<String>,
    /// Rules of competing initialization that report it, sorted.
    pub reported_by: Vec<&'static str>,
    /// What speaks for it and against it.
    pub reasons: Vec<Reason>,
}

/// What becomes of a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It goes: it opens beside the one that stays.
    Remove,
    /// It opens beside the one that stays and seems to be kept apart on purpose: declare a role, or let it go.
    Declare,
    /// No decision.
    Open,
    /// The handle ends with the function that makes it.
    ShortLived,
}

impl Verdict {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
            Self::Declare => "declare or remove",
            Self::ShortLived => "short-lived",
            Self::Open => "open",
        }
    }
}

impl ResourcePlan {
    /// All its doors.
    pub fn doors(&self) -> impl Iterator<Item = &PlannedDoor> {
        self.groups.iter().flat_map(|group| &group.doors)
    }

    /// The fingerprints of the findings that its steps remove.
    fn removed(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(|step| &step.removes).map(|removed| removed.fingerprint.as_str())
    }

    /// How many uses in production code go through a door that stays, shims not counted, and how many there are.
    pub fn share(&self) -> (usize, usize) {
        let all = self.doors().map(|planned| planned.door.production_uses().count()).sum();
        let kept = self.groups.iter().filter_map(Group::canonical);
        let direct =
            kept.map(|planned| planned.door.production_uses().filter(|used| !used.through_shim).count());
        (direct.sum(), all)
    }
}

/// Makes the plan. Deterministic; linear in doors, uses and findings but for pairs of doors of one resource.
pub fn plan(input: PlanInput<'_>) -> Plan {
    let PlanInput { doors, init_paths, init_cycles, timelines, routes, schema_places, findings, declared } =
        input;
    let mut groups: Vec<(String, Option<String>, Vec<usize>)> = Vec::new();
    let mut unknown = Vec::new();
    for (index, door) in doors.list.iter().enumerate() {
        if door.resource.confidence == Confidence::Low {
            unknown.push(door.clone());
            continue;
        }
        let role = role_of_door(door, declared).map(str::to_owned);
        let id = &door.resource.id;
        match groups.iter_mut().find(|(known, of, _)| known == id && *of == role) {
            Some((_, _, list)) => list.push(index),
            None => groups.push((id.clone(), role, vec![index])),
        }
    }
    groups.sort();
    let resources = groups.into_iter().map(|(id, role, members)| {
        let declared = declared.iter().find(|one| one.id == id && one.role == role);
        resource_plan(doors, &members, role, declared, findings)
    });
    let mut resources: Vec<ResourcePlan> = resources.collect();
    // Where there is something to do or to decide comes first.
    resources.sort_by_key(|plan| {
        let undecided = plan.groups.iter().any(|group| matches!(group.choice, Choice::Undecided { .. }));
        plan.steps.is_empty() && !undecided
    });
    let removed: BTreeSet<&str> = resources.iter().flat_map(ResourcePlan::removed).collect();
    let remaining = findings.iter().filter(|settled| !removed.contains(settled.fingerprint.as_str()));
    let remaining = remaining.map(|settled| Remaining {
        level: settled.level,
        location: settled.finding.primary.location,
        help: settled.finding.help.clone(),
        why: why::chain(resources.iter().flat_map(ResourcePlan::doors), settled),
    });
    let remaining = remaining.collect();
    Plan {
        resources,
        unknown,
        init_paths: init_paths.to_vec(),
        init_cycles: init_cycles.to_vec(),
        timelines: timelines.iter().map(|timeline| marked(timeline, findings)).collect(),
        routes: routes.to_vec(),
        schemas: schema::schemas(schema_places, findings),
        remaining,
    }
}

/// A start-up with the rules that say something of each of its steps.
fn marked(timeline: &Timeline, findings: &[Settled]) -> Timeline {
    let mut marked = timeline.clone();
    for moment in &mut marked.moments {
        let about = findings.iter().filter(|settled| {
            let mut places = settled.finding.evidence.iter().chain([&settled.finding.primary]);
            places.any(|evidence| evidence.location.meets(moment.location))
        });
        moment.wrong = about.map(|settled| settled.finding.rule).collect();
        moment.wrong.sort_unstable();
        moment.wrong.dedup();
    }
    marked
}

fn resource_plan(
    doors: &Doors,
    members: &[usize],
    role: Option<String>,
    declared: Option<&ResourceDeclaration>,
    findings: &[Settled],
) -> ResourcePlan {
    let resource = doors.list[members[0]].resource.clone();
    let conflicts: Vec<&Conflict> = doors
        .conflicts
        .iter()
        .filter(|conflict| members.contains(&conflict.first) && members.contains(&conflict.second))
        .collect();
    let mut groups: Vec<Group> = by_process(doors, members)
        .into_iter()
        .map(|members| group_of(doors, &members, &conflicts, declared, findings))
        .collect();
    groups.sort_by(|a, b| (b.doors.len(), &a.binaries).cmp(&(a.doors.len(), &b.binaries)));
    let steps = steps::steps(&resource, role.as_deref(), &groups, findings);
    let mut plan = ResourcePlan { resource, role, groups, steps, why: Vec::new() };
    let removed: BTreeSet<&str> = plan.removed().collect();
    let removed = findings.iter().filter(|settled| removed.contains(settled.fingerprint.as_str()));
    plan.why = removed.map(|settled| why::chain(plan.doors(), settled)).collect();
    plan
}

/// Doors that have a binary in common, directly or through others.
fn by_process(doors: &Doors, members: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for member in members {
        let touches = |group: &Vec<usize>| {
            group.iter().any(|other| doors.list[*member].shares_binary(&doors.list[*other]))
        };
        let (joined, mut rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        let mut group: Vec<usize> = joined.into_iter().flatten().chain([*member]).collect();
        group.sort_unstable();
        rest.push(group);
        groups = rest;
    }
    groups
}

fn group_of(
    doors: &Doors,
    members: &[usize],
    conflicts: &[&Conflict],
    declared: Option<&ResourceDeclaration>,
    findings: &[Settled],
) -> Group {
    let (choice, kept, mut reasons) = choice::choose(doors, members, conflicts, declared, findings);
    let mut planned: Vec<PlannedDoor> = Vec::new();
    for index in members {
        let door = &doors.list[*index];
        let own: Vec<&Conflict> = conflicts
            .iter()
            .copied()
            .filter(|conflict| conflict.first == *index || conflict.second == *index)
            .collect();
        let mut beside: Vec<String> = own.iter().map(|conflict| conflict.binary.clone()).collect();
        beside.sort();
        beside.dedup();
        let with_kept = |conflict: &&&Conflict| {
            kept.is_some_and(|kept| conflict.first == kept || conflict.second == kept)
        };
        let competes = own.iter().filter(with_kept).map(|conflict| conflict.confidence).max();
        let competing = || findings.iter().filter(|settled| settled.category == "competing-init");
        let about = competing().filter(|settled| touches(settled, door));
        let mut reported_by: Vec<&'static str> = about.map(|settled| settled.finding.rule).collect();
        reported_by.sort_unstable();
        reported_by.dedup();
        // A rule reports the surest pair; where it does, the others of the same resource and binary go as well.
        let reported = competing().any(|settled| {
            let finding = &settled.finding;
            finding.resource.as_ref() == Some(&door.resource.id)
                && finding.binary.as_ref().is_some_and(|binary| beside.contains(binary))
        });
        let reported = reported || matches!(choice, Choice::Declared(_));
        let short = door.keeper == Keeper::Nobody;
        let verdict = match (kept, competes) {
            (Some(kept), _) if kept == *index => Verdict::Keep,
            (_, None) if short && !reported_by.is_empty() => Verdict::Remove,
            (_, None) if short => Verdict::ShortLived,
            (None, _) if short && !reported_by.is_empty() => Verdict::Remove,
            (None, _) => Verdict::Open,
            (Some(_), Some(confidence)) if confidence > Confidence::Low && reported => Verdict::Remove,
            (Some(_), _) => Verdict::Declare,
        };
        let reasons = reasons.remove(index).unwrap_or_default();
        planned.push(PlannedDoor { door: door.clone(), verdict, beside, reported_by, reasons });
    }
    planned.sort_by_key(|one| {
        let order = one.door.openings.iter().map(|opening| opening.order).min();
        (one.verdict, order, one.door.place)
    });
    let openings = planned.iter().flat_map(|one| &one.door.openings);
    let mut binaries: Vec<String> = openings.filter_map(|opening| opening.binary.clone()).collect();
    binaries.sort();
    binaries.dedup();
    Group { binaries, doors: planned, choice }
}

/// Whether a finding is about a door: one of its places is where the door is opened, kept or handed out.
fn touches(settled: &Settled, door: &Door) -> bool {
    let finding = &settled.finding;
    if finding.resource.as_ref().is_some_and(|resource| *resource != door.resource.id) {
        return false;
    }
    let mut places: Vec<Location> = vec![door.place];
    for opening in &door.openings {
        places.push(opening.site);
        let kept = opening.hops.iter().rev().take(opening.makers.len());
        places.extend(kept.map(|hop| hop.location));
    }
    let evidence = finding.evidence.iter().chain([&finding.primary]);
    evidence.into_iter().any(|evidence| places.contains(&evidence.location))
}
