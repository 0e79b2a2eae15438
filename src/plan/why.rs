//! Room 8, *plan*: why a finding came to be, hop by hop, from what somebody sees to the creation at the root.

use super::{PlannedDoor, touches};
use crate::finding::Hop;
use crate::program::doors::{Contract, Door, Keeper};
use crate::settle::Settled;

/// From symptom to root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The rule of the finding.
    pub rule: &'static str,
    /// The finding in one sentence.
    pub message: String,
    /// Its identity in reports.
    pub fingerprint: String,
    /// The hops, the symptom first. Never empty.
    pub hops: Vec<Hop>,
}

/// One chain per finding about the doors of a resource, in the order of the findings.
pub(super) fn chains<'d>(doors: impl Iterator<Item = &'d PlannedDoor>, findings: &[Settled]) -> Vec<Chain> {
    let doors: Vec<&Door> = doors.map(|planned| &planned.door).collect();
    findings
        .iter()
        .filter_map(|settled| {
            let about = doors.iter().copied().filter(|door| touches(settled, door));
            // The later of two doors is the one that should not be there.
            let opened = |door: &Door| door.openings.iter().map(|opening| opening.order).max();
            let door = about.max_by_key(|door| (opened(door), door.place))?;
            Some(Chain {
                rule: settled.finding.rule,
                message: settled.finding.message.clone(),
                fingerprint: settled.fingerprint.clone(),
                hops: hops(door, settled),
            })
        })
        .collect()
}

/// Route → handler → accessor → keeper → start-up path → creation, as far as each is known.
fn hops(door: &Door, settled: &Settled) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    for (index, hop) in door.asked_by.iter().enumerate() {
        let label = match index {
            0 => format!("`{}`", hop.label),
            _ if index + 1 == door.asked_by.len() => format!("asks `{}`", hop.label),
            _ => format!("calls `{}`", hop.label),
        };
        hops.push(Hop { label, location: hop.location });
    }
    let asked = door.asked_by.last().map(|hop| hop.label.as_str());
    let accessor = door.accessors.iter().find(|accessor| Some(accessor.path.as_str()) == asked);
    if let Some(accessor) = accessor {
        let does = match accessor.contract {
            Contract::Opens => "opens it on first use",
            Contract::Demands => "panics when nobody opened it",
            Contract::Asks => "says when nobody opened it",
            Contract::Forwards => "only forwards",
            Contract::Keeper => "hands out what keeps it",
        };
        hops.push(Hop { label: format!("`{}` {does}", accessor.path), location: accessor.location });
    }
    if matches!(door.keeper, Keeper::Static | Keeper::Field) {
        hops.push(Hop { label: format!("`{}` keeps the {}", door.name, door.noun), location: door.place });
    }
    let binary = settled.finding.binary.as_ref();
    let opening = door
        .openings
        .iter()
        .find(|opening| opening.binary.as_ref() == binary)
        .or_else(|| door.openings.first());
    if let Some(opening) = opening {
        let when = match opening.when.as_slice() {
            [] => String::new(),
            when => format!(", {}", when.join(", ")),
        };
        for (index, hop) in opening.hops.iter().enumerate() {
            let label = match index {
                0 => format!("`{}`", hop.label),
                _ if index + 1 == opening.hops.len() => {
                    format!("`{}` opens the {}{when}", hop.label, door.noun)
                }
                _ => format!("calls `{}`", hop.label),
            };
            hops.push(Hop { label, location: hop.location });
        }
    }
    hops
}
