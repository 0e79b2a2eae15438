//! Room 6, *rules*: judgement. One file is one rule is one pure function from [`Program`] to findings. Rules see
//! the program, the words of the catalog and the finding type, and nothing else; what a rule is called, how strict it is and how it is
//! explained stands on its page in `rules/`, whose examples are its tests.

mod blocking_init_in_async;
mod bypassed_accessor;
mod check_then_init;
mod check_then_migrate;
mod competing_migrators;
mod competing_pools;
mod competing_singletons;
mod conflicting_pool_options;
mod detached_init;
mod duplicate_migration_version;
mod env_read_before_load;
mod exists_then_create;
mod fallback_init;
mod flag_as_lock;
mod half_applied_migration;
mod handle_per_call;
mod handle_per_worker;
mod hardcoded_credentials;
mod health_check_initializes;
mod healthy_while_initializing;
mod ignored_health_verdict;
mod ignored_init_verdict;
mod init_cycle;
mod init_on_first_request;
mod leaked_lock;
mod liveness_touches_database;
mod lock_on_pool;
mod memory_sqlite_pool;
mod migrate_after_serve;
mod missing_state;
mod mixed_init_contracts;
mod once_cell_check_then_set;
mod page;
mod panicking_lazy_init;
mod partial_health;
mod per_instance_guard;
mod phase_order;
mod privileged_setup;
mod query_before_migrate;
mod ready_flag_too_early;
mod recursive_init;
mod schema_in_two_places;
mod serve_before_init;
mod session_setting_on_pool;
mod shallow_readiness;
mod shim_accessor;
mod static_mut_handle;
mod swallowed_init_error;
mod swallowed_migration_error;
mod unconditional_reinit;
mod unlocked_migration;
mod unprepared_accessor;
mod unverified_lazy_pool;
mod wait_after_use;
mod worker_before_init;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::finding::Finding;
use crate::problem::{Problem, ProblemKind};
use crate::program::Program;
use crate::program::items::FnId;

pub use page::RuleInfo;

/// A rule: its name, its page and its function.
struct Rule {
    name: &'static str,
    page: &'static str,
    check: fn(&Program<'_>) -> Vec<Finding>,
    silence: fn(&Program<'_>, FnId) -> String,
}

macro_rules! rules {
    ($($name:literal => $module:ident),* $(,)?) => {
        &[$(Rule {
            name: $name,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name, ".md")),
            check: $module::check,
            silence: $module::silence,
        }),*]
    };
}

const RULES: &[Rule] = rules! {
    "blocking-init-in-async" => blocking_init_in_async,
    "bypassed-accessor" => bypassed_accessor,
    "check-then-init" => check_then_init,
    "check-then-migrate" => check_then_migrate,
    "competing-migrators" => competing_migrators,
    "competing-pools" => competing_pools,
    "competing-singletons" => competing_singletons,
    "conflicting-pool-options" => conflicting_pool_options,
    "detached-init" => detached_init,
    "duplicate-migration-version" => duplicate_migration_version,
    "env-read-before-load" => env_read_before_load,
    "exists-then-create" => exists_then_create,
    "fallback-init" => fallback_init,
    "flag-as-lock" => flag_as_lock,
    "half-applied-migration" => half_applied_migration,
    "handle-per-call" => handle_per_call,
    "handle-per-worker" => handle_per_worker,
    "hardcoded-credentials" => hardcoded_credentials,
    "health-check-initializes" => health_check_initializes,
    "healthy-while-initializing" => healthy_while_initializing,
    "ignored-health-verdict" => ignored_health_verdict,
    "ignored-init-verdict" => ignored_init_verdict,
    "init-cycle" => init_cycle,
    "init-on-first-request" => init_on_first_request,
    "leaked-lock" => leaked_lock,
    "liveness-touches-database" => liveness_touches_database,
    "lock-on-pool" => lock_on_pool,
    "memory-sqlite-pool" => memory_sqlite_pool,
    "migrate-after-serve" => migrate_after_serve,
    "missing-state" => missing_state,
    "mixed-init-contracts" => mixed_init_contracts,
    "once-cell-check-then-set" => once_cell_check_then_set,
    "panicking-lazy-init" => panicking_lazy_init,
    "partial-health" => partial_health,
    "per-instance-guard" => per_instance_guard,
    "phase-order" => phase_order,
    "privileged-setup" => privileged_setup,
    "query-before-migrate" => query_before_migrate,
    "ready-flag-too-early" => ready_flag_too_early,
    "recursive-init" => recursive_init,
    "schema-in-two-places" => schema_in_two_places,
    "serve-before-init" => serve_before_init,
    "session-setting-on-pool" => session_setting_on_pool,
    "shallow-readiness" => shallow_readiness,
    "shim-accessor" => shim_accessor,
    "static-mut-handle" => static_mut_handle,
    "swallowed-init-error" => swallowed_init_error,
    "swallowed-migration-error" => swallowed_migration_error,
    "unconditional-reinit" => unconditional_reinit,
    "unlocked-migration" => unlocked_migration,
    "unprepared-accessor" => unprepared_accessor,
    "unverified-lazy-pool" => unverified_lazy_pool,
    "wait-after-use" => wait_after_use,
    "worker-before-init" => worker_before_init,
};

/// All rules, sorted by category, then name.
pub fn table() -> &'static [RuleInfo] {
    &all()[..RULES.len()]
}

/// What is judged where levels are decided: comments and baselines. Their pages are in `rules/policy/`.
const POLICY: &[(&str, &str)] = &[
    ("bad-suppression", include_str!("../../rules/policy/bad-suppression.md")),
    ("stale-baseline", include_str!("../../rules/policy/stale-baseline.md")),
    ("unused-suppression", include_str!("../../rules/policy/unused-suppression.md")),
];

/// The rules of the table, and after them those about comments and baselines.
pub fn all() -> &'static [RuleInfo] {
    static ALL: OnceLock<Vec<RuleInfo>> = OnceLock::new();
    ALL.get_or_init(|| {
        let own = POLICY.iter().map(|(name, page)| page::read(name, page));
        let rules = RULES.iter().map(|rule| page::read(rule.name, rule.page));
        let mut all: Vec<RuleInfo> = rules.collect();
        all.sort_by(|a, b| (a.category, a.name).cmp(&(b.category, b.name)));
        all.extend(own);
        all
    })
}

/// For every rule, in the order of their names: why it has nothing to report in a function. Only meaningful where it
/// indeed reports nothing there.
pub fn silences(program: &Program<'_>, function: FnId) -> Vec<(&'static str, String)> {
    RULES.iter().map(|rule| (rule.name, (rule.silence)(program, function))).collect()
}

/// Runs every rule. A rule that panics becomes a problem and does not hide the others.
pub fn check(program: &Program<'_>) -> (Vec<Finding>, Vec<Problem>) {
    let results: Vec<Result<Vec<Finding>, Problem>> = RULES
        .par_iter()
        .map(|rule| {
            catch_unwind(AssertUnwindSafe(|| (rule.check)(program))).map_err(|_| Problem {
                file: String::new(),
                line: 0,
                column: 0,
                kind: ProblemKind::RuleFailed,
                message: format!("the rule `{}` stopped with a bug of its own; please report it", rule.name),
            })
        })
        .collect();
    let (mut findings, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(list) => findings.extend(list),
            Err(problem) => problems.push(problem),
        }
    }
    // A file may belong to several targets: the same place is one finding, told as surely as it can be.
    let mut distinct: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = |other: &&mut Finding| {
            other.rule == finding.rule && other.primary.location == finding.primary.location
        };
        match distinct.iter_mut().find(same) {
            Some(known) if known.confidence < finding.confidence => *known = finding,
            Some(_) => {}
            None => distinct.push(finding),
        }
    }
    (distinct, problems)
}
