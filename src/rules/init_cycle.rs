//! `init-cycle`: the initializers of several statics need each other.

use crate::finding::{Evidence, Finding, Role};
use crate::program::Program;
use crate::program::init_cycles::{InitCycle, Need};
use crate::program::items::FnId;

/// Looks at the statics of production code that need each other.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let cycles = program.init_cycles();
    cycles.iter().filter(|cycle| cycle.members.len() > 1).map(report).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no statics, one of which keeps a handle, need each other to be initialized here".to_owned()
}

fn report(cycle: &InitCycle) -> Finding {
    let short = |path: &str| path.rsplit("::").next().unwrap_or(path).to_owned();
    let names: Vec<String> = cycle.members.iter().map(|member| format!("`{}`", short(member))).collect();
    let told = |need: &Need| format!("`{}` needs `{}`", short(&need.from), short(&need.to));
    // A circle always has a need that has to go; the first one is where a reader begins.
    let first = cycle.needs.iter().find(|need| need.cut).unwrap_or(&cycle.needs[0]);
    let mut evidence: Vec<Evidence> = cycle
        .declared
        .iter()
        .zip(&names)
        .map(|(location, name)| Evidence {
            location: *location,
            role: Role::Holder,
            label: format!("{name} is kept here"),
        })
        .collect();
    let others = cycle.needs.iter().filter(|need| need.location != first.location);
    evidence.extend(others.map(|need| Evidence {
        location: need.location,
        role: Role::InitSite,
        label: format!("{} here", told(need)),
    }));
    let cut: Vec<String> = cycle.needs.iter().filter(|need| need.cut).map(told).collect();
    let order: Vec<String> = cycle.order.iter().map(|member| format!("`{}`", short(member))).collect();
    Finding {
        rule: "init-cycle",
        confidence: cycle.confidence,
        message: format!(
            "{} need each other to be initialized: the first use of one deadlocks or panics",
            names.join(" and ")
        ),
        help: "initialize one of them without the other, or hand it over as an argument".to_owned(),
        silent_if: "one of the initializers does without the others".to_owned(),
        primary: Evidence {
            location: first.location,
            role: Role::InitSite,
            label: format!("{} from here on", told(first)),
        },
        evidence,
        path: first.hops.clone(),
        notes: vec![
            format!("the fewest needs that have to go: {}", cut.join(", ")),
            format!("then this order is possible: {}", order.join(", ")),
        ],
        binary: None,
        resource: None,
        identity: cycle.members.clone(),
    }
}
