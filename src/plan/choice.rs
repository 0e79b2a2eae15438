//! Room 8, *plan*: which door stays. Every reason has points, so that a reader can see how close it was.

use std::collections::{BTreeMap, BTreeSet};

use super::touches;
use crate::finding::Confidence;
use crate::program::declarations::ResourceDeclaration;
use crate::program::doors::{Conflict, Contract, Door, Doors, Keeper};
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
        let named = members.iter().copied().find(|index| doors.list[*index].is_named(wanted));
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
    let [best, next, ..] = ranked[..] else {
        return (Choice::Apart, Some(best), reasons);
    };
    let margin = total(best) - total(next);
    if margin >= CLEAR_MARGIN {
        let next = doors.list[next].title();
        return (Choice::Chosen { margin, next }, Some(best), reasons);
    }
    let close = ranked.iter().filter(|index| total(best) - total(**index) < CLEAR_MARGIN);
    let mut between: Vec<String> = close.map(|index| doors.list[*index].title()).collect();
    between.sort();
    between.dedup();
    let decides = vec![
        "`canonical` in a `[[resource]]` of initpath.toml".to_owned(),
        "a use, a guard or a repair that only one of them has".to_owned(),
    ];
    (Choice::Undecided { between, decides }, None, reasons)
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
    let uses = door.production_uses().count();
    let most_elsewhere = others().map(|other| other.production_uses().count()).max().unwrap_or(0);
    if uses > most_elsewhere && most_elsewhere * 2 <= uses {
        push(2, format!("most used: {uses} against {most_elsewhere} of the next"));
    } else if uses > most_elsewhere {
        push(1, format!("most used: {uses} against {most_elsewhere} of the next"));
    }
    let binaries_of = |door: &Door| {
        let named = door.openings.iter().filter_map(|opening| opening.binary.as_ref());
        named.collect::<BTreeSet<_>>().len()
    };
    let binaries = binaries_of(door);
    let most_binaries = others().map(binaries_of).max().unwrap_or(0);
    if binaries > most_binaries && most_binaries > 0 {
        push(1, format!("opened by the most binaries: {binaries}"));
    }
    let first = |door: &Door| door.openings.iter().map(|opening| opening.order).min().unwrap_or(usize::MAX);
    if others().next().is_some() && others().all(|other| first(door) < first(other)) {
        let function =
            |door: &Door| door.openings.first().and_then(|opening| opening.makers.first().cloned());
        match others().all(|other| function(other) == function(door)) {
            true => {
                push(2, "opens first in the same function: what comes later is one clone away".to_owned())
            }
            false => push(1, "opens first, so that what comes later can take a clone".to_owned()),
        }
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
