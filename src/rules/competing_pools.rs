//! `competing-pools`: two init sites create long-lived handles to one resource in one process.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::bodies::Time;
use crate::program::competition::{Competitors, in_two_statics};
use crate::program::entries::Entry;
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, Step};
use crate::program::{Program, is_long_lived};

/// Looks at each binary: creations reached from `main`, grouped by resource.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries.flat_map(|entry| check_entry(program, entry)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let mut effects = program.effects(id).iter();
    let Some(made) = effects.find(|effect| program.makes_handle_or_its_keeper(effect)) else {
        return "no handle is created here or in what it calls".to_owned();
    };
    if !is_long_lived(&made.lifetime) {
        return "the handle ends with the function that makes it".to_owned();
    }
    let production = |entry: &&Entry| entry.scope == Scope::Production;
    let reaching = program.entries().iter().filter(production).find_map(|entry| {
        let own = program
            .process_effects(entry)
            .map(|(_, effect)| effect)
            .find(|effect| effect.site == made.site)?;
        Some((entry, program.resource_of(own)?))
    });
    let Some((entry, resource)) = reaching else {
        return "no binary is seen to reach it".to_owned();
    };
    let shown = program.resource_phrase(program.resource(resource));
    if program.resource(resource).confidence == Confidence::Low {
        return format!("where the address comes from is not known well enough ({shown})");
    }
    let same =
        program.process_effects(entry).filter(|(_, effect)| program.resource_of(effect) == Some(resource));
    match same.filter(|(_, effect)| is_candidate(program, effect)).count() {
        0 | 1 => format!("no other handle to {shown} is made for good in `{}`", entry.binary.title),
        count => format!(
            "{count} ways to a handle to {shown} exclude each other, share one place, or differ in size on purpose"
        ),
    }
}

fn check_entry(program: &Program<'_>, entry: &Entry) -> Vec<Finding> {
    let counts = |first: &Effect, second: &Effect| {
        !in_two_statics(first, second)
            && ![first, second].into_iter().any(|effect| program.keeps_a_lock(effect))
    };
    let found = program.competitors(entry, |effect| is_candidate(program, effect), counts);
    found.iter().filter_map(|competitors| report(program, entry, competitors)).collect()
}

/// A handle that stays and could be shared, made once per process: not per request, worker or turn of a loop, which are other
/// defects.
fn is_candidate(program: &Program<'_>, effect: &Effect) -> bool {
    program.makes_handle_or_its_keeper(effect)
        && !program.listens(effect)
        && is_long_lived(&effect.lifetime)
        && !effect.looped
        && !effect
            .has_time(|time| matches!(time, Time::Handler(_) | Time::PerWorker(_) | Time::PerConnection(_)))
}

fn report(program: &Program<'_>, entry: &Entry, competitors: &Competitors<'_>) -> Option<Finding> {
    let Competitors { resource, confidence, first, second, ref all, .. } = *competitors;
    let (first_step, parted) = program.parting(first, second)?;
    let second_step = program.asked_for(second, parted);
    let resource = program.resource(resource);
    let noun = program.noun(second);
    let shown = program.resource_phrase(resource);
    let function_of = |step: Step| program.functions_on(&[step])[0];
    let function = function_of(second_step);

    let mut evidence = vec![Evidence {
        location: program.step_location(&first_step),
        role: Role::InitSite,
        label: format!("first {}", program.noun(first)),
    }];
    let mut add = |step: Step, label: String| {
        evidence.push(Evidence { location: program.step_location(&step), role: Role::InitSite, label });
    };
    add(parted, format!("the way to the second {noun}"));
    add(program.asked_for(first, first_step), format!("the first {} is asked for here", program.noun(first)));
    for effect in [first, second] {
        let location = program.site_of(effect);
        let label = format!("{} is created here", program.noun(effect));
        evidence.push(Evidence { location, role: Role::InitSite, label });
    }
    let primary_location = program.step_location(&second_step);
    let mut seen = vec![primary_location];
    evidence.retain(|one| {
        let new = !seen.contains(&one.location);
        seen.push(one.location);
        new
    });
    let mut identity = vec![program.path_of(function), resource.id.clone()];
    let mut more = 0;
    for other in all {
        let together = |pair: &Effect| !program.exclusive(pair, other) && !program.exclusive(other, pair);
        if let Some((_, step)) = program.parting(first, other)
            && together(first)
            && other.steps != second.steps
        {
            let location = program.step_location(&step);
            if seen.contains(&location) {
                continue;
            }
            more += 1;
            seen.push(location);
            let label = format!("another {}", program.noun(other));
            evidence.push(Evidence { location, role: Role::InitSite, label });
        }
    }
    // Who accepted two pools did not accept a third one.
    if more > 0 {
        identity.push(format!("{more} more"));
    }
    let path = program.name_of(function);
    Some(Finding {
        rule: "competing-pools",
        confidence,
        message: format!("a second {noun} to {shown} is created in `{path}`"),
        help: match first.creates_handle() {
            true => format!("pass a clone of the first {}: a clone shares its connections", program.noun(first)),
            false => format!("make the object that keeps the {} once, and share it", program.noun(first)),
        },
        silent_if: "one of them is closed in this function, has another address, or belongs to an alternative that excludes the other"
            .to_owned(),
        primary: Evidence { location: primary_location, role: Role::InitSite, label: format!("second {noun}, same address") },
        evidence,
        path: program.hops(program.functions_on(&second.steps)[0], &second.steps),
        notes: vec![format!("both run: nothing in `{}` excludes one of them", program.name_of(function_of(parted)))],
        binary: Some(entry.binary.title.clone()),
        resource: Some(resource.id.clone()),
        identity,
    })
}
