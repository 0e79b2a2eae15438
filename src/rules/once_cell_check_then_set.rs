//! `once-cell-check-then-set`: a once cell is tested, the value is built, then the cell is set: two callers can both
//! find it empty, and the second one panics or goes on with a handle nobody else sees.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::bodies::{EventKind, LinkedBody, fails};
use crate::program::flow::{Happening, Test, What, Written, controls, is_decided_under_lock};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, EffectKind};
use crate::program::values::Value;

/// Looks at every function that several callers can be in at once.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, body) in program.linked() {
        if program.scope(id) != Scope::Production
            || !program.is_concurrent(id)
            || !program.writes_a_place(id)
            || program.is_called_under_lock(id)
        {
            continue;
        }
        let happenings = program.happenings(id);
        for (index, happening) in happenings.iter().enumerate() {
            let What::Write(write) = &happening.what else {
                continue;
            };
            if !write.once_cell || write.atomic || !program.is_shared(id, &write.place) {
                continue;
            }
            let tests =
                happenings[..index].iter().enumerate().filter_map(|(at, earlier)| match &earlier.what {
                    What::Test(test) if test.place == write.place => Some((at, earlier, test)),
                    _ => None,
                });
            let tests: Vec<(usize, &Happening<'_>, &Test)> = tests.collect();
            // A test made under a lock that is still held at the write is the accepted way.
            let guarded =
                tests.iter().any(|(_, _, test)| test.guards.iter().any(|guard| write.guards.contains(guard)))
                    || is_decided_under_lock(body, &happenings, index);
            let decides = |(_, tested, test): &&(usize, &Happening<'_>, &Test)| {
                !body.exclusive(tested.context, happening.context) && controls(body, test, happening.context)
            };
            let Some((at, _, test)) = tests.iter().find(decides).filter(|_| !guarded) else {
                continue;
            };
            let between = happenings[*at..index].iter();
            let effect = between.clone().find_map(|one| match &one.what {
                What::Effect(effect) if !body.exclusive(one.context, happening.context) => Some(*effect),
                _ => None,
            });
            findings.extend(judge(program, id, test, write, effect));
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    program
        .why_no_race(id)
        .unwrap_or("no shared once cell is tested and then set without a lock over both")
        .to_owned()
}

/// Whether the function fails where the cell is found full: it is there to fill the cell once, and tells whoever comes again.
fn fails_when_present(body: &LinkedBody<'_>, test: &Test) -> bool {
    let is_inside = |context| body.is_in_arms(context, test.branch, &test.present);
    let mut returned = body.all_events().filter_map(|event| match &event.kind {
        EventKind::Return(value) if is_inside(event.context) => Some(value),
        _ => None,
    });
    let fails_there = match returned.next() {
        Some(value) => body.is_failure(value),
        // A macro leaves (`bail!`, `panic!`).
        None => test.present.iter().any(|arm| body.leaves(test.branch, *arm)),
    };
    fails_there || body.calls.iter().any(|call| is_inside(call.context) && fails(call))
}

/// How sure it is that a second caller loses, and what becomes of it; `None` where somebody thought of that. `creates` is what is
/// made for the cell.
fn second_caller(
    program: &Program<'_>,
    id: FnId,
    test: &Test,
    write: &Written,
    creates: Option<&Effect>,
) -> Option<(Confidence, &'static str)> {
    let body = program.body(id)?;
    // A result that is looked at means that somebody thought of the loser.
    if write.handled {
        return None;
    }
    let holds_handle = match write.place.root() {
        Value::Static(cell) => program.types.contains_handle(program.types.static_type(*cell)),
        _ => false,
    };
    // The loser goes on with its own handle when the function gives back the value it built.
    let built_is_returned = (creates.is_some() || holds_handle)
        && matches!(write.value, Value::Call(_))
        && body.result.contains(&write.value);
    // A field of `self` is shared with others only behind a pointer.
    let has_many_owners =
        || *write.place.root() != Value::Receiver || program.is_behind_pointer(id, &write.place);
    let is_told = write.propagated && !fails_when_present(body, test);
    let (confidence, outcome) = match (creates, write.unwrapped, built_is_returned) {
        (Some(effect), true, _) if effect.certain => (Confidence::High, "the second caller panics"),
        (Some(effect), false, true) if effect.certain => {
            (Confidence::High, "the second caller goes on with a handle that nobody else sees")
        }
        (_, true, _) => (Confidence::Medium, "the second caller panics"),
        (_, false, true) => (Confidence::Medium, "the second caller may go on with its own handle"),
        (Some(_), false, false) if is_told => {
            (Confidence::Medium, "the second caller fails, although the handle is there")
        }
        (None, false, false) if is_told && has_many_owners() => {
            (Confidence::Medium, "the second caller fails, although the value is there")
        }
        (_, false, false) => return None,
    };
    let most = match creates {
        // What is no handle is our business only where two callers are likely to meet.
        None if program.is_in_one_task(id) || program.borrows_alone(id, &write.place) => Confidence::Low,
        // Of caches and queues one level less.
        Some(effect) if !program.is_of_database(effect) => Confidence::Medium,
        _ => Confidence::High,
    };
    Some((confidence.min(most), outcome))
}

fn judge(
    program: &Program<'_>,
    id: FnId,
    test: &Test,
    write: &Written,
    effect: Option<&Effect>,
) -> Option<Finding> {
    // What is in memory alone is a value like any other, and what is created on the way to another value is none that a cell of
    // that value could lose.
    let creates = effect.filter(|effect| {
        (effect.creates_handle() || effect.kind == EffectKind::Migrate)
            && !program.is_in_memory(effect)
            && program.may_keep_handle(id, &write.place)
    });
    let (confidence, outcome) = second_caller(program, id, test, write, creates)?;
    let cell = program.describe_place(id, &write.place);
    let mut evidence = vec![Evidence {
        location: program.location(id, write.span),
        role: Role::Write,
        label: format!("the cell is set here; {outcome}"),
    }];
    if let Some(effect) = creates {
        let location = program.site_of(effect);
        let label = format!("a {} is created between test and set", program.noun(effect));
        evidence.push(Evidence { location, role: Role::InitSite, label });
    }
    let function = program.path_of(id);
    Some(Finding {
        rule: "once-cell-check-then-set",
        confidence,
        message: format!("`{cell}` is tested and set in two steps: {outcome}"),
        help: "use `get_or_init` or `get_or_try_init`, which test and fill the cell in one step".to_owned(),
        silent_if: "a lock is held from the test to the set, or the function only runs once at start-up"
            .to_owned(),
        primary: Evidence {
            location: program.location(id, test.span),
            role: Role::Check,
            label: "two callers can both find it empty".to_owned(),
        },
        evidence,
        path: program.way_to(id),
        notes: Vec::new(),
        binary: None,
        resource: creates
            .and_then(|effect| program.resource_of(effect))
            .map(|id| program.resource(id).id.clone()),
        identity: vec![function, program.describe(&write.place)],
    })
}
