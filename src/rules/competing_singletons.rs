//! `competing-singletons`: two statics of one process each keep a handle to one resource.

use crate::finding::{Evidence, Finding, Role};
use crate::program::Program;
use crate::program::bodies::Time;
use crate::program::competition::{Competitors, in_two_statics};
use crate::program::entries::Entry;
use crate::program::items::{FnId, StaticId};
use crate::program::summaries::{Effect, Holder, Lifetime};

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
    let found = program.competitors(entry, |effect| kept_by(program, effect).is_some(), in_two_statics);
    found.iter().filter_map(|competitors| report(program, entry, competitors)).collect()
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

fn report(program: &Program<'_>, entry: &Entry, competitors: &Competitors<'_>) -> Option<Finding> {
    let Competitors { resource, confidence, first, second, start, .. } = *competitors;
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
        binary: Some(entry.binary.title.clone()),
        resource: Some(resource.id.clone()),
        identity: vec![first_path, second_path, resource.id.clone()],
    })
}
