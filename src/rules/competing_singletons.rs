//! `competing-singletons`: two statics of one process each keep a handle to one resource.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::bodies::Time;
use crate::program::competition::in_two_statics;
use crate::program::entries::Entry;
use crate::program::items::{FnId, StaticId};
use crate::program::summaries::{Effect, Holder, Lifetime};
use crate::program::{Program, ResourceId};

/// Looks at each binary: what it keeps in statics, whenever it is made, grouped by resource.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries.flat_map(|entry| check_entry(program, entry)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let kept = program.effects(id).iter().any(|effect| kept_by(program, effect).is_some());
    match kept {
        true => "no other static of a binary keeps a handle to the same resource for certain".to_owned(),
        false => "no handle that a static keeps is made here or in what it calls".to_owned(),
    }
}

fn check_entry(program: &Program<'_>, entry: &Entry) -> Vec<Finding> {
    let mut groups: Vec<(ResourceId, Vec<(FnId, &Effect)>)> = Vec::new();
    for (start, effect) in program.process_effects(entry) {
        let Some(resource) = kept_by(program, effect).and_then(|_| program.resource_of(effect)) else {
            continue;
        };
        if program.resource(resource).confidence == Confidence::Low {
            continue;
        }
        match groups.iter_mut().find(|(known, _)| *known == resource) {
            Some((_, list)) => list.push((start, effect)),
            None => groups.push((resource, vec![(start, effect)])),
        }
    }
    groups.iter().filter_map(|(resource, effects)| compete(program, entry, *resource, effects)).collect()
}

/// The static that keeps a created handle for all threads.
fn kept_by(program: &Program<'_>, effect: &Effect) -> Option<StaticId> {
    let Lifetime::Held(Holder::Static(kept)) = &effect.lifetime else { return None };
    let each_worker = effect.has_time(|time| matches!(time, Time::PerWorker(_)));
    let once = effect.once.is_some();
    let counts = once || (!each_worker && !effect.looped);
    (effect.creates_handle()
        && counts
        && !program.is_thread_local(*kept)
        && program.has_room_for_handle(*kept))
    .then_some(*kept)
}

fn compete(
    program: &Program<'_>,
    entry: &Entry,
    resource: ResourceId,
    effects: &[(FnId, &Effect)],
) -> Option<Finding> {
    let mut best: Option<(Confidence, &Effect, (FnId, &Effect))> = None;
    for (index, (start, second)) in effects.iter().enumerate() {
        for (_, first) in &effects[..index] {
            if in_two_statics(first, second)
                && let Some(confidence) = program.competition(resource, first, second)
                && best.is_none_or(|(known, _, _)| confidence > known)
            {
                best = Some((confidence, first, (*start, second)));
            }
        }
    }
    let (confidence, first, (start, second)) = best?;
    let (one, two) = (kept_by(program, first)?, kept_by(program, second)?);
    let resource = program.resource(resource);
    let noun = program.noun(second);
    let shown = program.resource_phrase(resource);
    let mut evidence = vec![Evidence {
        location: program.static_location(one),
        role: Role::Holder,
        label: format!("the first keeps a {}", program.noun(first)),
    }];
    for effect in [first, second] {
        let location = program.site_of(effect);
        if !evidence.iter().any(|known| known.location == location) {
            let label = format!("{} is created here", program.noun(effect));
            evidence.push(Evidence { location, role: Role::InitSite, label });
        }
    }
    let (first_path, second_path) = (program.static_path(one), program.static_path(two));
    Some(Finding {
        rule: "competing-singletons",
        confidence,
        message: format!("`{second_path}` keeps a second {noun} to {shown} beside `{first_path}`"),
        help: format!("keep one of the two statics, and let the other's users take a clone of its {noun}"),
        silent_if: "one of them keeps a clone of the other's handle, has another address, or cannot be filled in the same process"
            .to_owned(),
        primary: Evidence {
            location: program.static_location(two),
            role: Role::Holder,
            label: "second holder, same address".to_owned(),
        },
        evidence,
        path: program.hops(start, &second.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.name.clone()),
        resource: Some(resource.id.clone()),
        identity: vec![first_path, second_path, resource.id.clone()],
    })
}
