//! `check-then-init`: a place is found empty, a database effect follows, then the place is written, and no lock is
//! held from test to write: two callers can both run the effect.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::bodies::{ContextId, LinkedBody};
use crate::program::flow::{Happening, Test, What, Written, controls, is_decided_under_lock, refuses};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind};
use crate::program::values::Value;
use crate::program::{Program, initializes};

/// Looks at every function that several callers can be in at once.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, body) in program.linked() {
        if program.scope(id) == Scope::Production
            && program.is_concurrent(id)
            && program.writes_a_place(id)
            && !program.is_called_under_lock(id)
        {
            findings.extend(check_function(program, id, body));
        }
    }
    for id in program.functions_that_fill_maps() {
        if program.is_concurrent(id) && !program.is_called_under_lock(id) {
            let mut entries = check_entries(program, id);
            let is_told = |entry: &Finding| {
                findings.iter().any(|known| known.primary.location == entry.primary.location)
            };
            entries.retain(|entry| !is_told(entry));
            findings.extend(entries);
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    program.why_no_race(id).unwrap_or("no shared place is tested, then filled by an effect, then written without one lock over all three").to_owned()
}

fn check_function(program: &Program<'_>, id: FnId, body: &LinkedBody<'_>) -> Vec<Finding> {
    let happenings = program.happenings(id);
    let mut found: Vec<Finding> = Vec::new();
    for Gap { at, test, index, write } in gaps(program, id, body, &happenings) {
        let context = happenings[index].context;
        let between = happenings[at..index].iter().filter_map(|one| match &one.what {
            What::Effect(effect)
                if is_init(effect)
                    && !program.may_be_repeated(effect)
                    && !(effect.creates_handle() && keeps_for_itself(program, id, &write.place))
                    && controls(body, test, one.context)
                    && !body.exclusive(one.context, context) =>
            {
                Some(*effect)
            }
            _ => None,
        });
        let effects: Vec<&Effect> = between.collect();
        let only_migrates = effects.iter().all(|effect| effect.kind == EffectKind::Migrate);
        if !effects.is_empty() && (!only_migrates || says_done(&write.value)) {
            let finding = report(program, id, test, write, &effects);
            if !found.iter().any(|known| known.primary.location == finding.primary.location) {
                found.push(finding);
            }
        }
    }
    found
}

/// Whether a handle that is made behind a test of the place is nobody else's: the place is one of data, or a flag beside what the
/// function has for itself (`&mut self`).
fn keeps_for_itself(program: &Program<'_>, id: FnId, place: &Value) -> bool {
    program.is_of_data(id, place) || (program.borrows_alone(id, place) && !program.may_keep_handle(id, place))
}

/// A shared place that is tested and then written, with no lock over both.
struct Gap<'h> {
    /// Which happening the test is.
    at: usize,
    test: &'h Test,
    /// Which happening the write is.
    index: usize,
    write: &'h Written,
}

fn gaps<'h>(
    program: &Program<'_>,
    id: FnId,
    body: &LinkedBody<'_>,
    happenings: &'h [Happening<'_>],
) -> Vec<Gap<'h>> {
    let mut found = Vec::new();
    for (index, happening) in happenings.iter().enumerate() {
        let What::Write(write) = &happening.what else {
            continue;
        };
        let earlier = &happenings[..index];
        if write.atomic || write.once_cell || !program.is_shared(id, &write.place) {
            continue;
        }
        if is_rechecked(body, earlier, write, happening.context)
            || is_decided_under_lock(body, happenings, index)
            || is_claimed(earlier)
            || takes_back(body, earlier, write)
        {
            continue;
        }
        let tested = earlier.iter().enumerate().find_map(|(at, one)| match &one.what {
            What::Test(test)
                if test.place == write.place
                    && !body.exclusive(one.context, happening.context)
                    && controls(body, test, happening.context) =>
            {
                Some((at, test))
            }
            _ => None,
        });
        let Some((at, test)) = tested else { continue };
        if !program.holds_file_lock(body, earlier[at].context, test.span) && !program.is_tested_inside(write)
        {
            found.push(Gap { at, test, index, write });
        }
    }
    found
}

/// Maps whose entries are what callers share: each of two that find no entry makes one, and they go on with different ones.
fn check_entries(program: &Program<'_>, id: FnId) -> Vec<Finding> {
    let Some(body) = program.any_body(id) else { return Vec::new() };
    let happenings = program.happenings(id);
    let gaps = gaps(program, id, body, &happenings).into_iter();
    gaps.filter_map(|gap| {
        let Gap { at, test, index, write } = &gap;
        let place = program.describe_place(id, &write.place);
        let shared = program.shared_through_entries(id, &write.place);
        // Whoever is handed what it puts in registers it, and does not make it.
        let made = shared.filter(|shared| shared.is_made_as(&write.value));
        let is_outrun = || {
            refuses(body, test, happenings[*at].context, happenings[*index].context)
                && program.may_be_outrun(id, &write.place, test.span, write)
        };
        let (message, check, entered) = match made {
            Some(shared) => (
                format!("`{place}` is looked up, then an entry with a new {shared} is put in, with no lock held throughout"),
                format!("two callers can both find no entry, and each goes on with a {shared} of its own"),
                "the second one replaces the first",
            ),
            None if is_outrun() => (
                format!("`{place}` is asked for an entry, which is refused, and only then written, with no lock held throughout"),
                "two callers can both find no entry, and neither is refused".to_owned(),
                "entered only here",
            ),
            None => return None,
        };
        Some(Finding {
            rule: "check-then-init",
            confidence: Confidence::Medium,
            message,
            help: "make the entry with `entry(key).or_insert_with(…)`, or look again under the lock it is put in with"
                .to_owned(),
            silent_if: "the same lock is held from look-up to insertion, or the map is looked up again under it".to_owned(),
            primary: Evidence {
                location: program.location(id, test.span),
                role: Role::Check,
                label: check,
            },
            evidence: vec![Evidence {
                location: program.location(id, write.span),
                role: Role::Write,
                label: entered.to_owned(),
            }],
            path: program.way_to(id),
            notes: Vec::new(),
            binary: None,
            resource: None,
            identity: vec![program.path_of(id), program.describe(&write.place)],
        })
    })
    .collect()
}

/// A handle that stays, or a schema change. A connection that is used and dropped is no initialization.
fn is_init(effect: &Effect) -> bool {
    initializes(effect) && effect.once.is_none()
}

/// Whether a written value can only say that something was done. A value that was computed (an answer that is kept) is
/// what the test was about; a schema change somewhere on the way to it is not.
fn says_done(value: &Value) -> bool {
    matches!(value, Value::Unknown | Value::Bool(_) | Value::Number(_) | Value::Text(_))
}

/// Whether the place is tested (again) under a lock that is still held at the write. What is tested beside something else has to decide
/// about the write.
fn is_rechecked(
    body: &LinkedBody<'_>,
    earlier: &[Happening<'_>],
    write: &Written,
    context: ContextId,
) -> bool {
    let decides = |test: &Test| {
        let alone = !test.present.is_empty() && !test.absent.is_empty();
        alone || controls(body, test, context)
    };
    let shares = |test: &Test| test.place == write.place && test.shares_lock(write) && decides(test);
    earlier.iter().any(|one| matches!(&one.what, What::Test(test) if shares(test)))
}

/// Whether the write only takes a flag back, after whoever set it looked at it under the lock that it was set with.
fn takes_back(body: &LinkedBody<'_>, earlier: &[Happening<'_>], write: &Written) -> bool {
    let sets = |(at, one): (usize, &Happening<'_>)| match &one.what {
        What::Write(other) => {
            other.place == write.place
                && other.value == Value::Bool(true)
                && !is_rechecked(body, &earlier[..at], other, one.context)
        }
        _ => false,
    };
    write.value == Value::Bool(false) && !earlier.iter().enumerate().any(sets)
}

/// Whether somebody claims the place atomically first (`compare_exchange`, `swap`).
fn is_claimed(earlier: &[Happening<'_>]) -> bool {
    // A claim through another flag serves as well: its loser leaves or waits.
    earlier.iter().any(|one| matches!(&one.what, What::Write(other) if other.claims))
}

fn report(program: &Program<'_>, id: FnId, test: &Test, write: &Written, effects: &[&Effect]) -> Finding {
    let place = program.describe_place(id, &write.place);
    let what = |effect: &Effect| match effect.kind {
        EffectKind::Migrate => (Role::Migration, "the schema is changed".to_owned()),
        _ => (Role::InitSite, format!("a {} is created", program.noun(effect))),
    };
    let effect = effects[0];
    let (_, doing) = what(effect);
    let mut evidence: Vec<Evidence> = effects
        .iter()
        .map(|effect| {
            let (role, label) = what(effect);
            Evidence { location: program.site_of(effect), role, label }
        })
        .collect();
    evidence.push(Evidence {
        location: program.location(id, write.span),
        role: Role::Write,
        label: "written only here".to_owned(),
    });
    let twice = match effect.kind {
        EffectKind::Migrate => "both run the migration",
        _ => "both create one, and the first is replaced or lost",
    };
    Finding {
        rule: "check-then-init",
        confidence: match (effect.certain, program.is_of_database(effect)) {
            // Whoever has the object for itself meets others only where they were given a pointer to the place.
            (true, true) if !program.borrows_alone(id, &write.place) => Confidence::High,
            (true, _) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        message: format!("`{place}` is tested, then {doing}, then it is written, with no lock held throughout"),
        help: "fill it through a once cell's `get_or_try_init`, or hold one lock from the test to the write"
            .to_owned(),
        silent_if: "the same lock is held from test to write, or the place is tested again under the lock it is written with"
            .to_owned(),
        primary: Evidence {
            location: program.location(id, test.span),
            role: Role::Check,
            label: format!("two callers can both find it empty: {twice}"),
        },
        evidence,
        path: program.way_to(id),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.path_of(id), program.describe(&write.place)],
    }
}
