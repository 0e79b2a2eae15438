//! Room 8, *plan*: which door stays. Every reason has points, so that a reader can see how close it was.

use std::collections::BTreeMap;

use super::{production_uses, touches};
use crate::finding::Confidence;
use crate::program::declarations::{ResourceDeclaration, is_within};
use crate::program::doors::{Accessor, Conflict, Contract, Door, Doors, Keeper};
use crate::settle::Settled;

/// Which door of a resource stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// There is only one.
    Only,
    /// Nothing competes.
    Apart,
    /// No door lasts: every handle ends with the function that makes it.
    NoneLasts,
    /// The configuration says so.
    Declared(String),
    /// It has the most points.
    Chosen {
        /// How many more points it has than the next.
        margin: i32,
        /// Name of the next.
        next: String,
    },
    /// The best are too close to each other.
    Undecided {
        /// Names of the best, sorted.
        between: Vec<String>,
        /// What would decide it.
        decides: Vec<String>,
    },
}

/// Something that speaks for a door or against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// How much, negative if against.
    pub points: i32,
    /// What, in a few words.
    pub text: String,
}

/// Fewer points ahead is no clear winner.
const CLEAR_MARGIN: i32 = 2;

/// Chooses among the doors of one resource in processes that have doors in common: the choice, the index of the door, and the reasons for each.
pub(super) fn choose(
    doors: &Doors,
    members: &[usize],
    conflicts: &[&Conflict],
    declared: Option<&ResourceDeclaration>,
    findings: &[Settled],
) -> (Choice, Option<usize>, BTreeMap<usize, Vec<Reason>>) {
    let lasting: Vec<usize> =
        members.iter().copied().filter(|index| doors.list[*index].keeper != Keeper::Nobody).collect();
    let reasons: BTreeMap<usize, Vec<Reason>> =
        members.iter().map(|index| (*index, reasons_for(doors, *index, &lasting, findings))).collect();
    for wanted in declared.iter().flat_map(|declared| &declared.canonical) {
        let named = members.iter().copied().find(|index| is_named(&doors.list[*index], wanted));
        if let Some(index) = named {
            return (Choice::Declared(wanted.clone()), Some(index), reasons);
        }
    }
    if lasting.is_empty() {
        return (Choice::NoneLasts, None, reasons);
    }
    let total = |index: usize| reasons[&index].iter().map(|reason| reason.points).sum::<i32>();
    let opens = |index: usize| doors.list[index].openings.iter().map(|opening| opening.order).min();
    let mut ranked = lasting.clone();
    ranked.sort_by_key(|index| (-total(*index), opens(*index), *index));
    let best = ranked[0];
    if members.len() == 1 {
        return (Choice::Only, Some(best), reasons);
    }
    let competing = |index: &usize| {
        conflicts.iter().any(|conflict| {
            conflict.confidence > Confidence::Low && (conflict.first == *index || conflict.second == *index)
        })
    };
    if !members.iter().any(competing) {
        return (Choice::Apart, Some(best), reasons);
    }
    let ranked: Vec<usize> = ranked.into_iter().filter(competing).collect();
    let (best, next) = (ranked[0], ranked[1]);
    let margin = total(best) - total(next);
    if margin >= CLEAR_MARGIN {
        let next = title(&doors.list[next]);
        return (Choice::Chosen { margin, next }, Some(best), reasons);
    }
    let close = ranked.iter().filter(|index| total(best) - total(**index) < CLEAR_MARGIN);
    let mut between: Vec<String> = close.map(|index| title(&doors.list[*index])).collect();
    between.sort();
    between.dedup();
    let decides = vec![
        "`canonical` in a `[[resource]]` of initpath.toml".to_owned(),
        "a use, a guard or a repair that only one of them has".to_owned(),
    ];
    (Choice::Undecided { between, decides }, None, reasons)
}

/// How a door is called: by its accessor, where it has one, else by what keeps the handle.
fn title(door: &Door) -> String {
    accessor_that_stays(door).map_or_else(|| door.name.clone(), |accessor| accessor.path.clone())
}

/// The accessor through which the uses of a door should go: the one with the most uses that does more than forward.
pub fn accessor_that_stays(door: &Door) -> Option<&Accessor> {
    let uses =
        |accessor: &Accessor| production_uses(door).filter(|used| used.callee == accessor.path).count();
    let own = door.accessors.iter().filter(|accessor| accessor.contract != Contract::Forwards);
    own.max_by_key(|accessor| {
        (accessor.contract != Contract::Keeper, uses(accessor), std::cmp::Reverse(accessor.location))
    })
}

/// Whether a door is what somebody named: its keeper, an accessor, or a function that makes its handle.
pub(super) fn is_named(door: &Door, wanted: &str) -> bool {
    let makers = door.openings.iter().flat_map(|opening| &opening.makers);
    let accessors = door.accessors.iter().map(|accessor| &accessor.path);
    [&door.name].into_iter().chain(makers).chain(accessors).any(|path| is_within(path, wanted))
}

fn reasons_for(doors: &Doors, index: usize, lasting: &[usize], findings: &[Settled]) -> Vec<Reason> {
    let door = &doors.list[index];
    let mut reasons = Vec::new();
    let mut push = |points: i32, text: String| reasons.push(Reason { points, text });
    let others = || lasting.iter().filter(|other| **other != index).map(|other| &doors.list[*other]);

    if door.openings.iter().any(|opening| opening.once) {
        push(3, "opens at most once, whoever comes first".to_owned());
    } else if door.openings.iter().any(|opening| opening.binary.is_some() && opening.when.is_empty()) {
        push(2, "opened in line by `main`".to_owned());
    }
    let mut broken: Vec<&str> = findings
        .iter()
        .filter(|settled| settled.category != "competing-init" && touches(settled, door))
        .map(|settled| settled.finding.rule)
        .collect();
    broken.sort_unstable();
    broken.dedup();
    for rule in broken {
        push(-3, format!("reported by `{rule}`"));
    }
    for (when, points) in [("in a task", -2), ("in a handler", -2), ("per worker", -3)] {
        let all =
            !door.openings.is_empty() && door.openings.iter().all(|opening| opening.when.contains(&when));
        if all {
            push(points, format!("opened {when}"));
        }
    }
    let uses = production_uses(door).count();
    let most_elsewhere = others().map(|other| production_uses(other).count()).max().unwrap_or(0);
    if uses > most_elsewhere && most_elsewhere * 2 <= uses {
        push(2, format!("most used: {uses} against {most_elsewhere} of the next"));
    } else if uses > most_elsewhere {
        push(1, format!("most used: {uses} against {most_elsewhere} of the next"));
    }
    let binaries = door.openings.iter().filter(|opening| opening.binary.is_some()).count();
    let most_binaries = others().map(|other| other.openings.len()).max().unwrap_or(0);
    if binaries > most_binaries && most_binaries > 0 {
        push(1, format!("opened by the most binaries: {binaries}"));
    }
    let first = |door: &Door| door.openings.iter().map(|opening| opening.order).min().unwrap_or(usize::MAX);
    if others().next().is_some() && others().all(|other| first(door) < first(other)) {
        push(1, "opens first, so that what comes later can take a clone".to_owned());
    }
    if door.noun != "connection" && others().any(|other| other.noun == "connection") {
        push(1, format!("a {} can be shared", door.noun));
    }
    let accessors = door.accessors.iter().any(|accessor| accessor.contract == Contract::Demands);
    if accessors && !door.openings.iter().any(|opening| opening.once) {
        push(-1, "panics when asked before somebody opened it".to_owned());
    }
    reasons
}
