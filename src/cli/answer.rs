//! Room 1, *cli*: what a run asks of the linked program before it is given back, and what rules say at a place.

use super::options::Purpose;
use crate::location::{FileId, Location};
use crate::program::Program;
use crate::program::doors::Doors;
use crate::program::init_cycles::InitCycle;
use crate::program::init_paths::InitPath;
use crate::program::place::FunctionAt;
use crate::program::readiness::RouteReadiness;
use crate::program::schema_owners::SchemaPlace;
use crate::program::shapes::Shape;
use crate::program::timeline::Timeline;
use crate::report::RuleAt;
use crate::rules;
use crate::settle::Report;

/// What a task asks the linked program for, beyond findings and inventory.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) init_paths: Vec<InitPath>,
    pub(super) init_cycles: Vec<InitCycle>,
    pub(super) doors: Doors,
    pub(super) timelines: Vec<Timeline>,
    pub(super) routes: Vec<RouteReadiness>,
    pub(super) schema_places: Vec<SchemaPlace>,
    pub(super) shapes: Vec<Shape>,
    /// The paths of the routes, as far as they are known. Only configured probes need them.
    pub(super) route_paths: Vec<String>,
    /// The functions around a place, each with why the rules would be silent in it; `None` for a file that was not
    /// read.
    pub(super) functions: Option<Vec<(FunctionAt, Silences)>>,
}

/// Per rule, why it would be silent.
pub(super) type Silences = Vec<(&'static str, String)>;

impl Answer {
    /// Asks what `purpose` needs.
    pub(super) fn to(purpose: &Purpose, program: &Program<'_>) -> Self {
        let paths = program.routes().iter().filter_map(|route| route.path());
        Self { route_paths: paths.map(str::to_owned).collect(), ..Self::about(purpose, program) }
    }

    fn about(purpose: &Purpose, program: &Program<'_>) -> Self {
        // Declarations name doors: whoever has some is told of those that name none.
        let doors = match program.declared() {
            [] => Doors::default(),
            _ => program.doors().clone(),
        };
        match purpose {
            Purpose::Check | Purpose::Statistics | Purpose::Baseline(_) => Self { doors, ..Self::default() },
            Purpose::Inventory(_) => Self { routes: program.readiness(), doors, ..Self::default() },
            Purpose::Graph(_) => Self { init_paths: program.init_paths(), doors, ..Self::default() },
            Purpose::Report(..) | Purpose::Patch => Self {
                init_paths: program.init_paths(),
                init_cycles: program.init_cycles(),
                doors: program.doors().clone(),
                timelines: program.timelines(),
                routes: program.readiness(),
                schema_places: program.schema_places(),
                shapes: if matches!(purpose, Purpose::Patch) { program.shapes() } else { Vec::new() },
                ..Self::default()
            },
            Purpose::ExplainPlace(path, line) => {
                let functions =
                    program.workspace.file_at(path).map(|file| functions_at(program, file, *line));
                Self { functions, doors, ..Self::default() }
            }
        }
    }
}

fn functions_at(program: &Program<'_>, file: FileId, line: u32) -> Vec<(FunctionAt, Silences)> {
    let with_silences = |function: FunctionAt| {
        let silences = rules::silences(program, function.id);
        (function, silences)
    };
    program.functions_at(file, line).into_iter().map(with_silences).collect()
}

/// What the rules say of functions: what they report in them, else why they are silent.
pub(super) fn about_rules(
    functions: Vec<(FunctionAt, Silences)>,
    report: &Report,
) -> Vec<(FunctionAt, Vec<RuleAt>)> {
    let said = |function: &FunctionAt, rule: &'static str, silent: String| {
        let (file, lines) = (function.declared.file, &function.lines);
        let touches = |place: Location| place.file == file && lines.contains(&place.span.line);
        let reports = report.findings.iter().filter(|settled| {
            let finding = &settled.finding;
            let mut places = finding.evidence.iter().chain([&finding.primary]);
            finding.rule == rule && places.any(|evidence| touches(evidence.location))
        });
        RuleAt { rule, reports: reports.map(|settled| settled.finding.message.clone()).collect(), silent }
    };
    functions
        .into_iter()
        .map(|(function, silences)| {
            let rules = silences.into_iter().map(|(rule, silent)| said(&function, rule, silent)).collect();
            (function, rules)
        })
        .collect()
}
