//! `blocking-init-in-async`: a lazy static blocks its thread until it is connected, and async code is the first to use
//! it; or async code itself makes a call that blocks on a runtime.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::bodies::CallId;
use crate::program::bodies::Time;
use crate::program::entries::Entry;
use crate::program::forcing::Initializer;
use crate::program::items::{FnId, StaticId};
use crate::program::nested_runtimes::NestedRuntime;
use crate::program::summaries::{Effect, Step};

/// Looks at the lazy statics of production code that create a handle, and at the calls of async code.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let nested = program.nested_runtimes();
    let mut findings: Vec<Finding> = nested.iter().map(|nested| report_nested(program, nested)).collect();
    let lazies = program.initializers().into_iter().filter(|initializer| program.is_lazy(initializer.fills));
    findings.extend(lazies.filter_map(|initializer| {
        let mut created = program.effects(initializer.function).iter();
        let created = created.find(|effect| effect.creates_handle())?;
        let blocking = program.blocking_call_of(initializer)?;
        let mut entries = program.production_entries();
        entries.find_map(|entry| {
            let use_ = used_by_async_code(program, entry, initializer.fills)?;
            Some(report(program, entry, initializer, created, blocking, use_))
        })
    }));
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let own = program.initializers().into_iter().find(|initializer| initializer.function == id);
    match own.and_then(|initializer| program.blocking_call_of(initializer)) {
        Some(_) => "no async code is seen to be the first to use it".to_owned(),
        None => "nothing here blocks on a runtime while async code waits, and no lazy static is filled by code that does".to_owned(),
    }
}

fn report_nested(program: &Program<'_>, nested: &NestedRuntime) -> Finding {
    let call = program.call(nested.inner, nested.call);
    let callee = program.callee_name(call);
    let location = program.location(nested.inner, call.span);
    let mut evidence = Vec::new();
    if location != nested.from {
        let label = format!("`{callee}` blocks on a runtime");
        evidence.push(Evidence { location, role: Role::Guard, label });
    }
    Finding {
        rule: "blocking-init-in-async",
        confidence: if nested.certain { Confidence::High } else { Confidence::Low },
        message: format!("async code comes to `{callee}`, which blocks on a runtime: that panics inside one"),
        help: "use the async interface, or call it in `spawn_blocking` and await that".to_owned(),
        silent_if: "a thread of its own makes the call, or `block_in_place` is around it".to_owned(),
        primary: Evidence {
            location: nested.from,
            role: Role::Guard,
            label: "panics: a runtime cannot be started or blocked on within a runtime".to_owned(),
        },
        evidence,
        path: program.way_to(nested.function),
        notes: Vec::new(),
        binary: None,
        resource: None,
        identity: vec![program.path_of(nested.inner), program.path_of(nested.function)],
    }
}

/// The first use of a static in a process, where async code may be the one that makes it.
fn used_by_async_code<'p>(program: &'p Program<'_>, entry: &'p Entry, id: StaticId) -> Option<&'p Effect> {
    let uses = |effect: &&Effect| {
        effect.steps.iter().any(|step| matches!(step, Step::Static(_, used) if *used == id))
    };
    let mut effects = program.effects(entry.main).iter().filter(uses);
    if program.is_async(entry.main) {
        return effects.next();
    }
    // A `main` that is not async fills it while no runtime is there.
    if program.forced_before_serving(entry).contains(&id) {
        return None;
    }
    effects.find(|effect| effect.has_time(|time| matches!(time, Time::Handler(_))))
}

fn report(
    program: &Program<'_>,
    entry: &Entry,
    initializer: Initializer,
    created: &Effect,
    blocking: (FnId, CallId),
    use_: &Effect,
) -> Finding {
    let path = program.static_path(initializer.fills);
    let (function, call) = blocking;
    let call = program.call(function, call);
    let site = program.site_of(created);
    Finding {
        rule: "blocking-init-in-async",
        confidence: match (use_.certain && created.certain, program.is_of_database(created)) {
            (true, true) => Confidence::High,
            (true, false) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        message: format!(
            "`{path}` blocks the thread until it is connected, and async code is the first to use it"
        ),
        help: "make the handle in async code (`OnceCell::get_or_try_init`), or in `main` and hand it on"
            .to_owned(),
        silent_if: "a `main` that is not async uses the static before it starts the runtime".to_owned(),
        primary: Evidence {
            location: program.location(function, call.span),
            role: Role::Guard,
            label: format!(
                "`{}` panics inside a runtime, or holds one of its threads",
                program.callee_name(call)
            ),
        },
        evidence: vec![
            Evidence {
                location: program.static_location(initializer.fills),
                role: Role::Holder,
                label: "everybody else waits here meanwhile".to_owned(),
            },
            Evidence {
                location: site,
                role: Role::InitSite,
                label: format!("the {} is created", program.noun(created)),
            },
        ],
        path: program.hops(entry.main, &use_.steps),
        notes: Vec::new(),
        binary: Some(entry.binary.title.clone()),
        resource: program.resource_name(created),
        identity: vec![path],
    }
}
