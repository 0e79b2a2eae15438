//! `conflicting-pool-options`: two places open one database and disagree on how it behaves.

use std::collections::BTreeMap;

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::behaviour::BehaviourOption;
use crate::program::items::FnId;
use crate::program::summaries::Effect;

/// A place that opens a database with an option.
struct Setting<'p> {
    option: BehaviourOption,
    start: FnId,
    effect: &'p Effect,
    binary: &'p str,
}

/// Looks at all creations for one resource and role, whatever process makes them.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut settings: BTreeMap<(String, Option<&str>, String), Vec<Setting<'_>>> = BTreeMap::new();
    for entry in program.production_entries() {
        for (start, effect) in program.process_effects(entry).filter(|(_, effect)| effect.creates_handle()) {
            let Some(id) = program.resource_of(effect) else { continue };
            let resource = program.resource(id);
            if resource.confidence == Confidence::Low {
                continue;
            }
            let role = program.declared_role(id, effect);
            let options = program.behaviour_of(effect);
            for option in &options {
                // What is set twice on one handle is switched on and off again, or chosen by a branch.
                if options.iter().any(|other| other.name == option.name && other.value != option.value) {
                    continue;
                }
                let option = option.clone();
                let key = (resource.id.clone(), role, option.name.clone());
                let binary = entry.binary.title.as_str();
                settings.entry(key).or_default().push(Setting { option, start, effect, binary });
            }
        }
    }
    settings.iter().filter_map(|((_, _, name), list)| conflict(program, name, list)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let created = program.effects(id).iter().filter(|effect| effect.site.0 == id && effect.creates_handle());
    match created.flat_map(|effect| program.behaviour_of(effect)).next() {
        None => "no option about how a database behaves is set to a constant here".to_owned(),
        Some(_) => "every other place that sets the same option agrees".to_owned(),
    }
}

fn conflict(program: &Program<'_>, name: &str, settings: &[Setting<'_>]) -> Option<Finding> {
    let first = settings.first()?;
    // Functions of one path are alternatives of `cfg`.
    let alternative = |setting: &Setting<'_>| {
        let function = |setting: &Setting<'_>| program.path_of(setting.effect.site.0);
        setting.effect.site != first.effect.site && function(setting) == function(first)
    };
    let other = settings.iter().find(|setting| {
        setting.option.value != first.option.value
            && setting.effect.site != first.effect.site
            && !alternative(setting)
    })?;
    let id = program.resource_of(other.effect)?;
    let resource = program.resource(id);
    let site = |setting: &Setting<'_>| program.site_of(setting.effect);
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut add = |location: Location, label: String| {
        if location != other.option.location && !evidence.iter().any(|known| known.location == location) {
            evidence.push(Evidence { location, role: Role::InitSite, label });
        }
    };
    for setting in settings {
        add(setting.option.location, format!("{name} is {} here", setting.option.value));
    }
    for setting in [first, other] {
        add(site(setting), format!("the {} is created here", program.noun(setting.effect)));
    }
    Some(Finding {
        rule: "conflicting-pool-options",
        confidence: resource.confidence,
        message: format!(
            "{} is opened with {name} {} and with {name} {}",
            program.resource_phrase(resource),
            first.option.value,
            other.option.value
        ),
        help: "make the options in one function that every place calls".to_owned(),
        silent_if: "both set the same, or the two are declared as roles of the resource".to_owned(),
        primary: Evidence {
            location: other.option.location,
            role: Role::InitSite,
            label: format!("{name} is {} here", other.option.value),
        },
        evidence,
        path: program.hops(other.start, &other.effect.steps),
        notes: Vec::new(),
        binary: Some(other.binary.to_owned()),
        resource: Some(resource.id.clone()),
        identity: vec![resource.id.clone(), name.to_owned()],
    })
}
