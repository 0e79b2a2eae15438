//! Room 8, *plan*: why a finding came to be, hop by hop: on its own path, or from what somebody sees to the creation at
//! the root, where the path leads there; then the finding's own places.

use super::{PlannedDoor, touches};
use crate::finding::{Finding, Hop};
use crate::program::doors::{Contract, Door, Keeper, Opening};
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
    /// The hops, the symptom first, then the places of the finding that none of them shows. Never empty.
    pub hops: Vec<Hop>,
}

/// The chain of one finding. `doors` are all it may be about.
pub(super) fn chain<'d>(doors: impl Iterator<Item = &'d PlannedDoor>, settled: &Settled) -> Chain {
    let about = doors.map(|planned| &planned.door).filter(|door| touches(settled, door));
    // The later of two doors is the one that should not be there.
    let opened = |door: &Door| door.openings.iter().map(|opening| opening.order).max();
    let door = about.max_by_key(|door| (opened(door), door.place));
    let finding = &settled.finding;
    let mut hops = match door.filter(|door| leads_through(door, finding)) {
        Some(door) => hops_through(door, finding),
        None => own_hops(finding),
    };
    for place in std::iter::once(&finding.primary).chain(&finding.evidence) {
        if !hops.iter().any(|hop| hop.location == place.location) {
            hops.push(Hop { label: place.label.clone(), location: place.location });
        }
    }
    Chain {
        rule: finding.rule,
        message: finding.message.clone(),
        fingerprint: settled.fingerprint.clone(),
        hops,
    }
}

/// Whether what is known of a door is what makes a finding true: the door opens on the finding's path, or the route that asks
/// for it is one of the finding's places. Otherwise it would be the story of another route.
fn leads_through(door: &Door, finding: &Finding) -> bool {
    let places = |hops: &[Hop]| -> Vec<_> { hops.iter().map(|hop| hop.location).collect() };
    let opens_on_path = finding.path.len() > 1
        && opening_for(door, finding)
            .is_some_and(|opening| places(&opening.hops).starts_with(&places(&finding.path)));
    let is_asked = door.asked_by.first().is_some_and(|route| {
        finding.evidence.iter().chain([&finding.primary]).any(|evidence| evidence.location == route.location)
    });
    opens_on_path || is_asked
}

fn opening_for<'d>(door: &'d Door, finding: &Finding) -> Option<&'d Opening> {
    let own = door.openings.iter().find(|opening| opening.binary == finding.binary);
    own.or_else(|| door.openings.first())
}

/// The path of a finding.
fn own_hops(finding: &Finding) -> Vec<Hop> {
    let entered = |(index, hop): (usize, &Hop)| Hop {
        label: if index == 0 { format!("`{}`", hop.label) } else { format!("calls `{}`", hop.label) },
        location: hop.location,
    };
    finding.path.iter().enumerate().map(entered).collect()
}

/// Route → handler → accessor → keeper → start-up path → creation, as far as each is known.
fn hops_through(door: &Door, finding: &Finding) -> Vec<Hop> {
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
    if let Some(opening) = opening_for(door, finding) {
        let when = match opening.when.as_slice() {
            [] => String::new(),
            when => format!(", {}", when.join(", ")),
        };
        for (index, hop) in opening.hops.iter().enumerate() {
            let label = match index {
                0 if !hops.is_empty() => format!("it is opened on the way from `{}`", hop.label),
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
