//! Room 9, *report*: the migration report as versioned JSON, which a later run can be compared with.

use serde::Serialize;

use super::super::inventory::WireRoute;
use super::super::json::WireProblem;
use super::super::{WireHop, WirePoint, WireTool, to_json};
use super::MigrationView;
use crate::catalog::LockAfterFailure;
use crate::location::Location;
use crate::plan::{Choice, Group, PlannedDoor, Progress, Remaining, Removed, ResourcePlan, SchemaPlan, Step};
use crate::program::init_cycles::InitCycle;
use crate::program::schema_owners::{OwnedTable, OwnerKind};
use crate::program::timeline::Timeline;
use crate::workspace::SourceFile;

/// What `cargo initpath report --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "initpath report, version 1"))]
struct WireMigration<'a> {
    /// Version of this format.
    version: u32,
    /// What wrote it.
    tool: WireTool,
    /// Resources whose address is known, sorted by id and role.
    resources: Vec<WireResource<'a>>,
    /// The findings of `check`, whatever they are about.
    findings: Vec<WireRemoved<'a>>,
    /// Those among them that no step removes, sorted by place.
    remaining: Vec<WireRemaining<'a>>,
    /// What went and what came since an earlier report or revision; null where none was named.
    since: Option<WireProgress<'a>>,
    /// Doors whose address is not known.
    unknown: Vec<WireDoor<'a>>,
    /// Statics that need each other to be initialized.
    init_cycles: Vec<WireCycle<'a>>,
    /// The start-up of each binary.
    timelines: Vec<WireTimeline<'a>>,
    /// Routes that need a database or are probes.
    routes: Vec<WireRoute<'a>>,
    /// Who owns the schema of each database.
    schemas: Vec<WireSchema<'a>>,
    /// What limited the analysis.
    problems: Vec<WireProblem<'a>>,
}

/// The schema of one database.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireSchema<'a> {
    /// The resource, or the driver where the resource is not known.
    database: &'a str,
    /// Everything that changes it, in order.
    places: Vec<WireSchemaPlace<'a>>,
    /// What to do, in order; empty when one owner is all there is.
    steps: Vec<WireSchemaStep<'a>>,
    /// The findings about a place that changes it.
    reported: Vec<WireRemoved<'a>>,
}

/// A place that changes a schema.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireSchemaPlace<'a> {
    /// Where it runs.
    place: WirePoint<'a>,
    /// Path of the function.
    function: &'a str,
    /// `migrator` or `statements`.
    kind: &'static str,
    /// The folder of migrations, where it is known.
    folder: Option<&'a str>,
    /// What keeps two processes from running it at once: `taken`, `around`, `none` or `not-needed`.
    lock: &'static str,
    /// The table that says what was applied, by its default name, for migrators that have one.
    ledger: Option<&'a str>,
    /// What one transaction of the migrator is over: `each` migration with its record, `all` of them, a migration and its record
    /// `apart`, or `none`.
    transaction: Option<&'static str>,
    /// What becomes of the migrator's own lock when a migration fails: `kept` by the session, or `released`.
    after_failure: Option<&'static str>,
    /// Whether it should be the only one.
    stays: bool,
    /// The tables that it creates, in order.
    tables: Vec<WireTable<'a>>,
    /// The binaries that run it, sorted.
    binaries: &'a [String],
}

/// A table that is created.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireTable<'a> {
    /// Its name.
    name: &'a str,
    /// Whether the statement does nothing when the table is there.
    repeatable: bool,
    /// The statement, or the call that runs it.
    place: WirePoint<'a>,
}

/// One step to one owner.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireSchemaStep<'a> {
    /// What to do.
    action: &'a str,
    /// Where.
    places: Vec<WirePoint<'a>>,
}

/// The plan for one resource.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireResource<'a> {
    /// `driver:address`.
    id: &'a str,
    /// Its role, where one is declared.
    role: Option<&'a str>,
    /// Uses in production code that go through a door that stays.
    uses_through_canonical: usize,
    /// Uses in production code.
    uses: usize,
    /// The doors by the processes in which they open.
    groups: Vec<WireGroup<'a>>,
    /// What to do, in order.
    steps: Vec<WireStep<'a>>,
    /// From symptom to root, one chain for each finding that a step removes.
    why: Vec<WireChain<'a>>,
}

/// The doors of binaries that have doors in common.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireGroup<'a> {
    /// The binaries, sorted.
    binaries: &'a [String],
    /// Which door stays, and why.
    choice: WireChoice<'a>,
    /// The doors, the one that stays first.
    doors: Vec<WireDoor<'a>>,
}

/// Which door stays.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireChoice<'a> {
    /// `only`, `apart`, `none-lasts`, `declared`, `chosen` or `undecided`.
    kind: &'static str,
    /// Path of the door that stays.
    canonical: Option<&'a str>,
    /// Points ahead of the next, for `chosen`.
    margin: Option<i32>,
    /// The next for `chosen`, the best for `undecided`.
    others: Vec<&'a str>,
    /// What would decide it, for `undecided`.
    decides: Vec<&'a str>,
}

/// A door: one way to a handle.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireDoor<'a> {
    /// Path of the static or field that keeps the handle, else of the function that has it.
    name: &'a str,
    /// Type of the handle, canonical.
    handle: &'a str,
    /// `keep`, `remove`, `declare or remove`, `short-lived` or `open`; null for unknown addresses.
    verdict: Option<&'static str>,
    /// Where the static is declared, the field is filled or the handle is obtained.
    place: WirePoint<'a>,
    /// What speaks for it and against it.
    reasons: Vec<WireReason<'a>>,
    /// Binaries in which it opens beside another door of the resource.
    beside: Vec<&'a str>,
    /// The ways to open it, one per binary.
    openings: Vec<WireOpening<'a>>,
    /// Functions that hand the handle out.
    accessors: Vec<WireAccessor<'a>>,
    /// Every place that asks for the handle.
    uses: Vec<WireUse<'a>>,
}

/// A reason with its points.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireReason<'a> {
    /// Negative if it speaks against.
    points: i32,
    /// In a few words.
    text: &'a str,
}

/// A way to open a door.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireOpening<'a> {
    /// The binary; null where none is known to get there.
    binary: Option<&'a str>,
    /// Position among the creations of the binary, from 1.
    order: usize,
    /// From the entry function to the library call.
    path: Vec<WireHop<'a>>,
    /// The call that creates the handle.
    site: WirePoint<'a>,
    /// What on the way is not plain calling.
    when: &'a [&'static str],
    /// Whether a once primitive lets it happen at most once.
    once: bool,
    /// Whether every call on the way is certain.
    certain: bool,
}

/// A function that hands a handle out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireAccessor<'a> {
    /// Its path.
    name: &'a str,
    /// `opens`, `demands`, `asks`, `forwards` or `keeper`.
    contract: &'static str,
    /// For those that forward: the accessor behind.
    behind: Option<&'a str>,
    /// Where its name is declared.
    place: WirePoint<'a>,
}

/// A place that asks for a handle.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireUse<'a> {
    /// The call.
    place: WirePoint<'a>,
    /// Path of the function in which it stands.
    function: &'a str,
    /// The package.
    package: &'a str,
    /// What is called.
    callee: &'a str,
    /// Whether it comes through an accessor that only forwards.
    through_shim: bool,
    /// `production`, `test`, `example`, `bench` or `build`.
    scope: &'static str,
}

/// A step.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireStep<'a> {
    /// From 1.
    number: usize,
    /// `secure`, `move`, `remove` or `enforce`.
    kind: &'static str,
    /// One line.
    title: &'a str,
    /// Every place to touch.
    items: Vec<WireItem<'a>>,
    /// The findings it removes.
    removes: Vec<WireRemoved<'a>>,
    /// How to see that it is done.
    verify: &'a str,
    /// Steps that must be done before.
    after: &'a [usize],
    /// For the step that keeps the door closed: the findings that the steps of the resource leave.
    leaves: Vec<WireRemoved<'a>>,
}

/// A place to touch.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireItem<'a> {
    /// Where; null for the configuration file.
    place: Option<WirePoint<'a>>,
    /// What is there.
    what: &'a str,
    /// What to write instead, or to do with it.
    instead: &'a str,
    /// Whether only code outside production has it.
    outside_production: bool,
}

/// What changed since an earlier report.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireProgress<'a> {
    /// The revision or file.
    name: &'a str,
    /// Per resource of either.
    resources: Vec<WireResourceProgress<'a>>,
    /// Findings that are gone.
    gone: Vec<WireRemoved<'a>>,
    /// Findings that came.
    new: Vec<WireRemoved<'a>>,
}

/// What changed in one resource.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireResourceProgress<'a> {
    /// `driver:address`.
    id: &'a str,
    /// Its role, where one is declared.
    role: Option<&'a str>,
    /// Uses through a door that stays, and all uses, before; null where the resource was not there.
    before: Option<WireShare>,
    /// The same now.
    now: Option<WireShare>,
    /// Doors that are gone.
    gone: &'a [String],
    /// Doors that came.
    new: &'a [String],
}

/// How many uses go through a door that stays.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireShare {
    /// Through a door that stays.
    uses_through_canonical: usize,
    /// All.
    uses: usize,
}

/// A finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireRemoved<'a> {
    /// The rule.
    rule: &'a str,
    /// As in the findings of `check`.
    fingerprint: &'a str,
}

/// A finding that no step removes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireRemaining<'a> {
    /// The rule.
    rule: &'a str,
    /// As in the findings of `check`.
    fingerprint: &'a str,
    /// `deny` or `warn`.
    level: &'a str,
    /// Its primary place.
    place: WirePoint<'a>,
    /// The finding in one sentence.
    message: &'a str,
    /// The fix, in one sentence.
    help: &'a str,
    /// Why it came to be: its path, then its primary place.
    hops: Vec<WireHop<'a>>,
}

/// Why a finding came to be.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireChain<'a> {
    /// The rule.
    rule: &'a str,
    /// As in the findings of `check`.
    fingerprint: &'a str,
    /// The finding in one sentence.
    message: &'a str,
    /// The symptom first.
    hops: Vec<WireHop<'a>>,
}

/// Statics that need each other.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireCycle<'a> {
    /// Their paths, sorted.
    members: &'a [String],
    /// Who needs whom.
    needs: Vec<WireNeed<'a>>,
}

/// That the initializer of one static comes to another one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireNeed<'a> {
    /// The static that is initialized.
    from: &'a str,
    /// The static that it needs.
    to: &'a str,
    /// Where the way to it begins.
    place: WirePoint<'a>,
    /// Whether it is one of the fewest needs without which there is no circle.
    cut: bool,
}

/// The start-up of one binary.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireTimeline<'a> {
    /// The binary.
    binary: &'a str,
    /// What it does, in order.
    moments: Vec<WireMoment<'a>>,
    /// Whether there is more than is listed.
    is_cut: bool,
}

/// One step of a start-up.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WireMoment<'a> {
    /// `environment`, `configuration`, `handle`, `verification`, `migration`, `task`, `bind`, `ready` or `serve`.
    phase: &'static str,
    /// The call.
    label: &'a str,
    /// Where.
    place: WirePoint<'a>,
    /// Where it does not run in line.
    beside: Option<&'static str>,
    /// The rules that say something of it, sorted.
    wrong: &'a [&'static str],
}

pub(super) fn render(view: MigrationView<'_>) -> String {
    let MigrationView { plan, snapshot, progress, problems, files } = view;
    to_json(&WireMigration {
        findings: snapshot.findings.iter().map(WireRemoved::new).collect(),
        remaining: plan.remaining.iter().map(|finding| WireRemaining::new(finding, files)).collect(),
        since: progress.map(WireProgress::new),
        version: 1,
        tool: WireTool::current(),
        resources: plan.resources.iter().map(|resource| WireResource::new(resource, files)).collect(),
        unknown: plan.unknown.iter().map(|door| WireDoor::new(door, files)).collect(),
        init_cycles: plan.init_cycles.iter().map(|cycle| WireCycle::new(cycle, files)).collect(),
        timelines: plan.timelines.iter().map(|timeline| WireTimeline::new(timeline, files)).collect(),
        routes: plan.routes.iter().map(|route| WireRoute::new(route, files)).collect(),
        schemas: plan.schemas.iter().map(|schema| WireSchema::new(schema, files)).collect(),
        problems: problems.iter().map(WireProblem::new).collect(),
    })
}

impl<'a> WireSchema<'a> {
    fn new(schema: &'a SchemaPlan, files: &'a [SourceFile]) -> Self {
        let point = |location: &Location| WirePoint::new(files, location);
        let places = schema.places.iter().enumerate().map(|(index, place)| {
            let (kind, folder, lock, facts) = match &place.kind {
                OwnerKind::Statements { lock } => ("statements", None, lock, None),
                OwnerKind::Migrator { folder, lock, facts } => {
                    ("migrator", folder.as_deref(), lock, facts.as_deref())
                }
            };
            let table = |table: &'a OwnedTable| WireTable {
                name: &table.name,
                repeatable: table.repeatable,
                place: point(&table.location),
            };
            WireSchemaPlace {
                place: point(&place.location),
                function: &place.function,
                kind,
                folder,
                lock: lock.name(),
                ledger: facts.and_then(|facts| facts.ledger.as_deref()),
                transaction: facts.map(|facts| facts.transaction.name()),
                after_failure: facts.and_then(|facts| facts.after_failure).map(LockAfterFailure::name),
                stays: schema.keeper == Some(index),
                tables: place.tables.iter().map(table).collect(),
                binaries: &place.binaries,
            }
        });
        let steps = schema.steps.iter().map(|step| WireSchemaStep {
            action: &step.action,
            places: step.places.iter().map(point).collect(),
        });
        Self {
            database: &schema.database,
            places: places.collect(),
            steps: steps.collect(),
            reported: schema.reported.iter().map(WireRemoved::of).collect(),
        }
    }
}

impl<'a> WireRemoved<'a> {
    fn new((rule, fingerprint): &'a (String, String)) -> Self {
        Self { rule, fingerprint }
    }

    fn of(removed: &'a Removed) -> Self {
        Self { rule: removed.rule, fingerprint: &removed.fingerprint }
    }
}

impl<'a> WireRemaining<'a> {
    fn new(finding: &'a Remaining, files: &'a [SourceFile]) -> Self {
        Self {
            rule: finding.why.rule,
            fingerprint: &finding.why.fingerprint,
            level: finding.level.name(),
            place: WirePoint::new(files, &finding.location),
            message: &finding.why.message,
            help: &finding.help,
            hops: finding.why.hops.iter().map(|one| WireHop::new(files, one)).collect(),
        }
    }
}

impl<'a> WireProgress<'a> {
    fn new(progress: &'a Progress) -> Self {
        let share =
            |(uses_through_canonical, uses): (usize, usize)| WireShare { uses_through_canonical, uses };
        let resources = progress.resources.iter().map(|resource| WireResourceProgress {
            id: &resource.id,
            role: resource.role.as_deref(),
            before: resource.before.map(share),
            now: resource.now.map(share),
            gone: &resource.gone,
            new: &resource.new,
        });
        Self {
            name: &progress.since,
            resources: resources.collect(),
            gone: progress.gone.iter().map(WireRemoved::new).collect(),
            new: progress.new.iter().map(WireRemoved::new).collect(),
        }
    }
}

impl<'a> WireResource<'a> {
    fn new(plan: &'a ResourcePlan, files: &'a [SourceFile]) -> Self {
        let (through, all) = plan.share();
        let planned = |planned: &'a PlannedDoor| WireDoor {
            verdict: Some(planned.verdict.name()),
            reasons: planned
                .reasons
                .iter()
                .map(|reason| WireReason { points: reason.points, text: &reason.text })
                .collect(),
            beside: planned.beside.iter().map(String::as_str).collect(),
            ..WireDoor::new(&planned.door, files)
        };
        let chain = |chain: &'a crate::plan::Chain| WireChain {
            rule: chain.rule,
            fingerprint: &chain.fingerprint,
            message: &chain.message,
            hops: chain.hops.iter().map(|one| WireHop::new(files, one)).collect(),
        };
        Self {
            id: &plan.resource.id,
            role: plan.role.as_deref(),
            uses_through_canonical: through,
            uses: all,
            groups: plan
                .groups
                .iter()
                .map(|group| WireGroup {
                    binaries: &group.binaries,
                    choice: WireChoice::new(group),
                    doors: group.doors.iter().map(planned).collect(),
                })
                .collect(),
            steps: plan.steps.iter().map(|step| WireStep::new(step, files)).collect(),
            why: plan.why.iter().map(chain).collect(),
        }
    }
}

impl<'a> WireChoice<'a> {
    fn new(group: &'a Group) -> Self {
        let canonical = group.canonical().map(|planned| planned.door.name.as_str());
        let plain = |kind| Self { kind, canonical, margin: None, others: Vec::new(), decides: Vec::new() };
        match &group.choice {
            Choice::Only => plain("only"),
            Choice::Apart => plain("apart"),
            Choice::Declared(_) => plain("declared"),
            Choice::NoneLasts => plain("none-lasts"),
            Choice::Chosen { margin, next } => {
                Self { margin: Some(*margin), others: vec![next], ..plain("chosen") }
            }
            Choice::Undecided { between, decides } => Self {
                others: between.iter().map(String::as_str).collect(),
                decides: decides.iter().map(String::as_str).collect(),
                ..plain("undecided")
            },
        }
    }
}

impl<'a> WireDoor<'a> {
    fn new(door: &'a crate::program::doors::Door, files: &'a [SourceFile]) -> Self {
        Self {
            name: &door.name,
            handle: &door.handle,
            verdict: None,
            place: WirePoint::new(files, &door.place),
            reasons: Vec::new(),
            beside: Vec::new(),
            openings: door
                .openings
                .iter()
                .map(|opening| WireOpening {
                    binary: opening.binary.as_deref(),
                    order: opening.order + 1,
                    path: opening.hops.iter().map(|one| WireHop::new(files, one)).collect(),
                    site: WirePoint::new(files, &opening.site),
                    when: &opening.when,
                    once: opening.once,
                    certain: opening.certain,
                })
                .collect(),
            accessors: door
                .accessors
                .iter()
                .map(|accessor| WireAccessor {
                    name: &accessor.path,
                    contract: accessor.contract.name(),
                    behind: accessor.behind.as_deref(),
                    place: WirePoint::new(files, &accessor.location),
                })
                .collect(),
            uses: door
                .uses
                .iter()
                .map(|used| WireUse {
                    place: WirePoint::new(files, &used.location),
                    function: &used.function,
                    package: &used.package,
                    callee: &used.callee,
                    through_shim: used.through_shim,
                    scope: used.scope.name(),
                })
                .collect(),
        }
    }
}

impl<'a> WireStep<'a> {
    fn new(step: &'a Step, files: &'a [SourceFile]) -> Self {
        Self {
            number: step.number,
            kind: step.kind.name(),
            title: &step.title,
            items: step
                .items
                .iter()
                .map(|item| WireItem {
                    place: item.location.as_ref().map(|location| WirePoint::new(files, location)),
                    what: &item.what,
                    instead: &item.instead,
                    outside_production: item.outside_production,
                })
                .collect(),
            removes: step.removes.iter().map(WireRemoved::of).collect(),
            verify: &step.verify,
            after: &step.after,
            leaves: step.leaves.iter().map(WireRemoved::of).collect(),
        }
    }
}

impl<'a> WireCycle<'a> {
    fn new(cycle: &'a InitCycle, files: &'a [SourceFile]) -> Self {
        let needs = cycle.needs.iter().map(|need| WireNeed {
            from: &need.from,
            to: &need.to,
            place: WirePoint::new(files, &need.location),
            cut: need.cut,
        });
        Self { members: &cycle.members, needs: needs.collect() }
    }
}

impl<'a> WireTimeline<'a> {
    fn new(timeline: &'a Timeline, files: &'a [SourceFile]) -> Self {
        let moments = timeline.moments.iter().map(|moment| WireMoment {
            phase: moment.phase.name(),
            label: &moment.label,
            place: WirePoint::new(files, &moment.location),
            beside: moment.beside,
            wrong: &moment.wrong,
        });
        Self { binary: &timeline.binary, moments: moments.collect(), is_cut: timeline.is_cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_the_migration_report_is_the_one_in_the_tree() {
        super::super::super::assert_schema_is_fresh::<WireMigration<'_>>("migration.json");
    }
}
