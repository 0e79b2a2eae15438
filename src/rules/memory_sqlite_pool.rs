//! `memory-sqlite-pool`: a pool over a database in memory whose connections do not share it, or not for long.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::memory_databases::{Loss, MemoryPool};

/// Looks at the process of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let of_entry =
        |entry| program.memory_pools(entry).into_iter().map(move |pool| report(program, entry, &pool));
    program.production_entries().flat_map(of_entry).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let mut created = program.effects(id).iter().filter(|effect| effect.creates_handle());
    match created.any(|effect| program.is_in_memory(effect)) {
        true => {
            "the database in memory has one connection, the pool keeps its connections, or no server makes it"
        }
        false => "no database in memory is opened here or in what it calls",
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, pool: &MemoryPool<'_>) -> Finding {
    let effect = pool.effect;
    let (message, label, help) = match pool.loss {
        Loss::EachHasItsOwn => (
            "every connection of this pool has a database in memory of its own",
            "what one connection writes, the others do not find",
            "limit the pool to one connection, or open a database with a name and a shared cache",
        ),
        Loss::GoneWithTheLast => (
            "the database in memory is gone as soon as this pool closes its last connection",
            "connections that are idle or old are closed by default",
            "set `max_connections(1)`, `idle_timeout(None)` and `max_lifetime(None)`, or keep the database in a file",
        ),
    };
    Finding {
        rule: "memory-sqlite-pool",
        confidence: if pool.always { Confidence::High } else { Confidence::Medium },
        message: message.to_owned(),
        help: help.to_owned(),
        silent_if: "the pool keeps its connections, and all of them see one database".to_owned(),
        primary: Evidence {
            location: program.site_of(effect),
            role: Role::InitSite,
            label: label.to_owned(),
        },
        evidence: Vec::new(),
        path: program.hops(pool.start, &effect.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        resource: program.resource_name(effect),
        identity: vec![program.path_of(effect.site.0)],
    }
}
