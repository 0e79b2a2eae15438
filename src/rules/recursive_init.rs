//! `recursive-init`: the initializer of a lazy static or once cell comes to its own first use.

use crate::finding::{Evidence, Finding, Role};
use crate::program::Program;
use crate::program::init_cycles::InitCycle;
use crate::program::items::FnId;

/// Looks at the statics of production code that need themselves.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let cycles = program.init_cycles();
    cycles.iter().filter(|cycle| cycle.members.len() == 1).map(report).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(_: &Program<'_>, _: FnId) -> String {
    "no static that keeps a handle is initialized here by code that comes back to it".to_owned()
}

fn report(cycle: &InitCycle) -> Finding {
    let (member, declared, need) = (&cycle.members[0], cycle.declared[0], &cycle.needs[0]);
    let last = need.hops.last().map_or(need.location, |hop| hop.location);
    let mut evidence = vec![Evidence {
        location: declared,
        role: Role::Holder,
        label: "being initialized meanwhile".to_owned(),
    }];
    if last != need.location {
        evidence.push(Evidence {
            location: last,
            role: Role::Accessor,
            label: "asks for it again".to_owned(),
        });
    }
    Finding {
        rule: "recursive-init",
        confidence: cycle.confidence,
        message: format!(
            "the initializer of `{member}` comes back to `{member}`: the first use deadlocks or panics"
        ),
        help: "hand what is there already to the functions that the initializer calls".to_owned(),
        silent_if: "nothing that the initializer calls uses the static".to_owned(),
        primary: Evidence {
            location: need.location,
            role: Role::InitSite,
            label: "from here the initializer comes back to itself".to_owned(),
        },
        evidence,
        path: need.hops.clone(),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![member.clone()],
    }
}
