//! `unverified-lazy-pool`: a pool that connects at its first use is taken for proof that the database is there.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::entries::Entry;
use crate::program::items::FnId;
use crate::program::verification::UnverifiedPool;

/// Looks at the start-up of each binary.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let entries = program.production_entries();
    entries
        .flat_map(|entry| {
            program.unverified_pools(entry).into_iter().map(move |pool| report(program, entry, &pool))
        })
        .collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.effects(id).iter().any(|effect| effect.creates_handle()) {
        true => "what is created here connects at once, or start-up or a probe uses it before requests do",
        false => "no handle is created here or in what it calls",
    }
    .to_owned()
}

fn report(program: &Program<'_>, entry: &Entry, pool: &UnverifiedPool<'_>) -> Finding {
    let effect = pool.effect;
    let primary = program.site_of(effect);
    let resource = program.resource_name(effect);
    Finding {
        rule: "unverified-lazy-pool",
        confidence: if pool.serve.certain { Confidence::High } else { Confidence::Medium },
        message: "the pool connects at its first use, and nothing uses it before requests do".to_owned(),
        help: "run one statement through it before serving, or let the readiness probe do so".to_owned(),
        silent_if: "start-up acquires a connection, migrates or queries, or a probe does".to_owned(),
        primary: Evidence {
            location: primary,
            role: Role::InitSite,
            label: "succeeds whether the database is there or not".to_owned(),
        },
        evidence: vec![Evidence {
            location: program.site_of(pool.serve),
            role: Role::ServePoint,
            label: "and this is served all the same".to_owned(),
        }],
        path: program.hops(entry.main, &effect.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        identity: vec![entry.binary.title.clone(), program.path_of(effect.site.0)],
        resource,
    }
}
