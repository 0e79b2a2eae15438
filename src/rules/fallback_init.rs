//! `fallback-init`: when opening a database fails, something else takes its place.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::location::Location;
use crate::program::Program;
use crate::program::bodies::{Block, BlockId, CallId, LinkedBody, fails, settled};
use crate::program::inventory::Scope;
use crate::program::items::FnId;
use crate::program::summaries::{Effect, Step};
use crate::program::types::{Ty, no_args};
use crate::program::values::Value;

/// Looks at what functions do where a creation failed.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let production = program.linked().filter(|(id, _)| program.scope(*id) == Scope::Production);
    production.flat_map(|(id, body)| check_function(program, id, body)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    let Some(body) = program.body(id) else { return "it opens nothing".to_owned() };
    match body.failures().iter().any(|failure| opened_by(program, id, failure.call).is_some()) {
        true => {
            "where opening fails, nothing takes the place of the handle, or the same is created".to_owned()
        }
        false => "what happens when a handle cannot be opened is not decided here".to_owned(),
    }
}

/// What stands in for a handle.
enum Substitute<'p> {
    /// A value of the workspace that keeps nothing outside the process.
    Store(String),
    /// A database in memory.
    Memory,
    /// A database in the folder for temporary files.
    Temporary,
    /// A handle to something else.
    Other(&'p Effect),
}

fn check_function(program: &Program<'_>, id: FnId, body: &LinkedBody<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for failure in body.failures() {
        let Some(opened) = opened_by(program, id, failure.call) else { continue };
        if program.is_optional(opened) {
            continue;
        }
        for (index, call) in body.calls.iter().enumerate() {
            let here = CallId(index as u32);
            if !body.is_on_failure(call.context, &failure) {
                continue;
            }
            let Some(substitute) = substitute_at(program, id, body, failure.call, here, opened) else {
                continue;
            };
            if !takes_its_place(body, &failure.arms, failure.branch, here) {
                continue;
            }
            let location = program.location(id, call.span);
            if !findings.iter().any(|known| known.primary.location == location) {
                findings.push(report(program, id, opened, &substitute, location));
            }
            break;
        }
    }
    findings
}

/// Whether what a call of a failing arm makes is what the branch gives: it stands beside the other arms' values in a
/// choice, rather than being used and let go inside the arm.
fn takes_its_place(body: &LinkedBody<'_>, arms: &[u32], branch: u32, made: CallId) -> bool {
    let inside = |context| body.is_in_arms(context, branch, arms);
    // What is made of it in the same arm (`Arc::new(…)`, `Ok(…)`) stands for it, unless that is an error.
    let mut same = vec![Value::Call(made)];
    for (index, call) in body.calls.iter().enumerate().skip(made.0 as usize + 1) {
        let mut given = call.inputs().map(|argument| &argument.value);
        if inside(call.context) && !fails(call) && given.any(|value| same.contains(value)) {
            same.push(Value::Call(CallId(index as u32)));
        }
    }
    let chosen = |value: &Value| {
        value.any(|part| matches!(part, Value::Choice(list) if list.iter().any(|one| same.contains(one))))
    };
    let outside = body.calls.iter().filter(|call| !inside(call.context));
    let mut values = outside.flat_map(|call| call.inputs()).map(|argument| &argument.value);
    // A closure for the error (`unwrap_or_else`) gives it back, but not one that makes another error of it; one around the branch
    // (`get_or_init`) gives what was chosen.
    let makes_errors = |id: usize| {
        let closure = Value::Block(BlockId(id as u32));
        body.calls.iter().any(|call| {
            call.name_of_callee() == Some("map_err")
                && call.args.iter().any(|argument| argument.value == closure)
        })
    };
    let mut closures = body.blocks.iter().enumerate();
    let gives = |(id, block): (usize, &Block)| match inside(block.context) {
        true => same.contains(&block.result) && !makes_errors(id),
        false => chosen(&block.result),
    };
    chosen(&body.result) || values.any(chosen) || closures.any(gives)
}

/// The handle that a call of a function opens and gives, by itself or in something. What a call opens for its own use is
/// none: its failure says nothing of a handle.
fn opened_by<'p>(program: &'p Program<'_>, id: FnId, call: CallId) -> Option<&'p Effect> {
    if !program.types.contains_handle(settled(&program.call(id, call).result)) {
        return None;
    }
    let mut effects = program.effects(id).iter();
    effects.find(|effect| effect.creates_handle() && effect.steps.first() == Some(&Step::Call(id, call)))
}

fn substitute_at<'p>(
    program: &'p Program<'_>,
    id: FnId,
    body: &LinkedBody<'_>,
    opening: CallId,
    call: CallId,
    opened: &Effect,
) -> Option<Substitute<'p>> {
    if let Some(other) = opened_by(program, id, call) {
        if program.is_temporary(other) && !program.is_temporary(opened) {
            return Some(Substitute::Temporary);
        }
        if program.is_in_memory(other) && !program.is_in_memory(opened) {
            return Some(Substitute::Memory);
        }
        // A second try at the same address or by the same way, or a create where there was nothing to open, is no substitute.
        let mut tried =
            program.effects(id).iter().filter(|one| one.steps.first() == Some(&Step::Call(id, opening)));
        if other.address == opened.address || tried.any(|one| one.site == other.site) {
            return None;
        }
        return Some(Substitute::Other(other));
    }
    let made = settled(&body.call(call).result);
    let wanted = settled(&body.call(opening).result).clone();
    let mut wanted = std::iter::once(wanted).chain(keepers(body, opening));
    wanted.find_map(|wanted| program.stands_in_for(made, &wanted)).map(Substitute::Store)
}

/// The types of the records that a body puts the result of a call into.
fn keepers(body: &LinkedBody<'_>, opening: CallId) -> Vec<Ty> {
    let mut found = Vec::new();
    let given = body.calls.iter().flat_map(|call| call.inputs()).map(|argument| &argument.value);
    for value in given.chain([&body.result]) {
        value.visit(&mut |part| {
            if let Value::Record(adt, _, fields) = part
                && fields.iter().any(|(_, value)| value.contains(&Value::Call(opening)))
            {
                found.push(Ty::Adt(*adt, no_args()));
            }
        });
    }
    found
}

fn report(
    program: &Program<'_>,
    id: FnId,
    opened: &Effect,
    substitute: &Substitute<'_>,
    location: Location,
) -> Finding {
    let noun = program.noun(opened);
    let resource = program.resource_of(opened).map(|resource| program.resource(resource));
    let shown = match resource {
        Some(resource) => format!("the {noun} to {}", program.resource_phrase(resource)),
        None => format!("the {noun}"),
    };
    let (what, proven) = match substitute {
        Substitute::Store(name) => (format!("`{name}`"), true),
        Substitute::Memory => ("a database in memory".to_owned(), true),
        Substitute::Temporary => ("a temporary file".to_owned(), true),
        Substitute::Other(other) => (format!("another {}", program.noun(other)), false),
    };
    let sure = proven && opened.certain && program.is_of_database(opened);
    let mut evidence = vec![Evidence {
        location: program.step_location(&opened.steps[0]),
        role: Role::InitSite,
        label: format!("opening the {noun} may fail"),
    }];
    let site = program.site_of(opened);
    if site != evidence[0].location {
        evidence.push(Evidence {
            location: site,
            role: Role::InitSite,
            label: format!("the {noun} is opened here"),
        });
    }
    Finding {
        rule: "fallback-init",
        confidence: if sure { Confidence::High } else { Confidence::Medium },
        message: format!("when {shown} cannot be opened, {what} takes its place"),
        help: "let the error end the start-up, or answer that the service is not ready until the database is there"
            .to_owned(),
        silent_if: "the error goes on to the caller, or the resource is declared optional".to_owned(),
        primary: Evidence {
            location,
            role: Role::InitSite,
            label: "what is written here is not in the database".to_owned(),
        },
        evidence,
        path: program.way_to(id),
        notes: Vec::new(),
        binary: None,
        resource: resource.map(|resource| resource.id.clone()),
        identity: vec![program.path_of(id), what],
    }
}
