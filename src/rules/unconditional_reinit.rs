//! `unconditional-reinit`: one function fills a place only when it is empty, another one overwrites the handle in it.

use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::Program;
use crate::program::fillings::{Care, Filling};
use crate::program::items::FnId;
use crate::program::values::Value;

/// What functions are called that are meant to replace what is there.
const REPLACING: [&str; 14] = [
    "reconnect",
    "reload",
    "refresh",
    "replace",
    "reset",
    "rotate",
    "restart",
    "recover",
    "renew",
    "restore",
    "swap",
    "switch",
    "update",
    "reopen",
];

/// Compares the functions that fill one place.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let fillings = program.fillings();
    let mut findings: Vec<Finding> = Vec::new();
    for careless in fillings.iter().filter(|filling| overwrites_at_any_time(program, filling)) {
        let careful = fillings.iter().find_map(|other| match other.care {
            Care::Tests(test)
                if other.place == careless.place && is_same_database(program, other, careless) =>
            {
                Some((other, test))
            }
            _ => None,
        });
        if let Some((careful, test)) = careful
            && !findings
                .iter()
                .any(|known| known.primary.location == program.location(careless.function, careless.written))
        {
            findings.push(report(program, careless, careful, program.location(careful.function, test)));
        }
    }
    findings
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.fillings().iter().find(|filling| filling.function == id) {
        Some(filling) if filling.care != Care::Overwrites => {
            "the place is looked at before it is filled here".to_owned()
        }
        Some(filling) if !overwrites_at_any_time(program, filling) => {
            "it runs only at the start, or its name says that it replaces what is there".to_owned()
        }
        Some(_) => {
            "no other function fills the same place with the same database only when it is empty".to_owned()
        }
        None => "no shared place is filled here with a handle that is created here".to_owned(),
    }
}

fn overwrites_at_any_time(program: &Program<'_>, filling: &Filling<'_>) -> bool {
    let name = program.name_of(filling.function).to_lowercase();
    filling.care == Care::Overwrites
        && program.is_shared(filling.function, &filling.named)
        && program.is_concurrent(filling.function)
        && !REPLACING.iter().any(|word| name.contains(word))
}

/// Whether both open the same database: with another address an overwritten handle is another database by intention.
fn is_same_database(program: &Program<'_>, one: &Filling<'_>, other: &Filling<'_>) -> bool {
    let (first, second) = (&one.effect.address, &other.effect.address);
    let mut given = *first == Value::Unknown;
    first.visit(&mut |part| given |= matches!(part, Value::Param(_)));
    let resource = program.resource_of(one.effect);
    let known = resource.is_some_and(|id| program.resource(id).confidence > Confidence::Low);
    // What both read from one value of their type is the same, whatever it is.
    let kept = one.place.root == other.place.root && first == second;
    !given && (kept || (known && resource == program.resource_of(other.effect)))
}

fn report(
    program: &Program<'_>,
    careless: &Filling<'_>,
    careful: &Filling<'_>,
    test: crate::location::Location,
) -> Finding {
    let place = program.describe_place(careless.function, &careless.named);
    let noun = program.noun(careless.effect);
    let certain = careless.effect.certain && careful.effect.certain;
    Finding {
        rule: "unconditional-reinit",
        confidence: match (certain, program.is_of_database(careless.effect)) {
            (true, true) => Confidence::High,
            (true, false) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        message: format!(
            "`{}` overwrites the {noun} in `{place}`, which `{}` fills only when it is empty",
            program.name_of(careless.function),
            program.name_of(careful.function),
        ),
        help: format!(
            "call `{}` here, or close the {noun} that is there before it is replaced",
            program.name_of(careful.function)
        ),
        silent_if: "the old handle is taken out or closed, or the function runs only at the start".to_owned(),
        primary: Evidence {
            location: program.location(careless.function, careless.written),
            role: Role::Write,
            label: format!("a {noun} that others use may be there already: they go on with the old one"),
        },
        evidence: vec![
            Evidence {
                location: program.site_of(careless.effect),
                role: Role::InitSite,
                label: format!("the {noun} is created here"),
            },
            Evidence { location: test, role: Role::Check, label: "here somebody looks first".to_owned() },
        ],
        path: program.way_to(careless.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(careless.effect),
        identity: vec![program.path_of(careless.function), program.describe(&careless.named)],
    }
}
