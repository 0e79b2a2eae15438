//! The pure middle of a run: extract → link → check, from an opened workspace to findings. No policy, no text.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;

use crate::catalog::Catalog;
use crate::facts::{self, Directive, Extracted, FileFacts, Item, ItemKind};
use crate::finding::Finding;
use crate::location::{FileId, Location, Span};
use crate::problem::{Problem, ProblemKind};
use crate::program::Program;
use crate::program::declarations::{Declarations, ResourceDeclaration};
use crate::program::embedded_files::{embedded_files, migrator_commands};
use crate::program::inventory::{Coverage, Inventory, ResourceSummary};
use crate::program::items::Items;
use crate::program::names::Names;
use crate::program::phases::DeclaredPhase;
use crate::program::types::Types;
use crate::rules;
use crate::workspace::{DeclaredKind, ModDeclaration, SourceFile, Workspace};

/// How to run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Number of threads; as many as the machine has when absent.
    pub threads: Option<usize>,
    /// What is declared about resources.
    pub declared: Vec<ResourceDeclaration>,
    /// What findings point to in a configuration.
    pub configured: Option<ConfiguredPlaces>,
}

/// What a configuration declares and findings point to, with the file that it stands in.
#[derive(Debug, Clone)]
pub struct ConfiguredPlaces {
    /// The file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// What each route is asked for, its path, and where that is written.
    pub probes: Vec<(DeclaredKind, String, Span)>,
    /// The phases of the start: what belongs to each, and where that is written.
    pub phases: Vec<(Vec<String>, Span)>,
}

/// What an analysis gives, before policy.
#[derive(Debug)]
pub struct Analysis {
    /// The workspace with all files that were read.
    pub workspace: Workspace,
    /// What the rules claim.
    pub findings: Vec<Finding>,
    /// What limited the analysis.
    pub problems: Vec<Problem>,
    /// What was looked at.
    pub coverage: Coverage,
    /// The resources of the production code.
    pub resources: Vec<ResourceSummary>,
    /// What the tool sees.
    pub inventory: Inventory,
    /// The comments that talk to initpath, with their files, in order.
    pub directives: Vec<(FileId, Directive)>,
    /// Wall time per stage, in order.
    pub timings: Vec<(&'static str, Duration)>,
    /// Time that parsing alone took, summed over threads.
    pub parse_time: Duration,
    /// Threads used.
    pub threads: usize,
}

/// Extracts, links and checks. Deterministic: the same workspace gives the same result with any number of threads.
pub fn analyse(workspace: Workspace, catalog: Catalog, settings: &Settings) -> Analysis {
    inquire(workspace, catalog, settings, |_| ()).0
}

/// Like [`analyse`], and asks the linked program a question before it is given back.
pub fn inquire<T: Send>(
    mut workspace: Workspace,
    catalog: Catalog,
    settings: &Settings,
    question: impl FnOnce(&Program<'_>) -> T + Send,
) -> (Analysis, T) {
    let started = Instant::now();
    let extracted = workspace.load_modules(settings.threads, extract_file);
    let extract_time = started.elapsed();
    workspace.load_deployment();
    workspace.load_environment_files();
    let facts: Vec<&FileFacts> = extracted.iter().map(|one| &one.facts).collect();
    let embedded = embedded_files(&workspace, &facts, &catalog);
    workspace.load_sql(&embedded, &migrator_commands(&catalog));
    let mut phases = Vec::new();
    if let Some(configured) = &settings.configured {
        let file = workspace.add_file(&configured.file, &configured.text);
        workspace.declare_probes(file, configured.probes.iter().cloned());
        phases.extend(configured.phases.iter().map(|(members, span)| DeclaredPhase {
            members: members.clone(),
            location: Location { file, span: *span },
        }));
    }
    let declarations = Declarations { resources: &settings.declared, phases: &phases };
    let pool = ThreadPoolBuilder::new()
        .num_threads(settings.threads.unwrap_or(0))
        .stack_size(facts::STACK_BYTES)
        .build()
        .expect(
            "a thread pool can be made: threads are available and the stack size is a constant that fits",
        );
    let threads = pool.current_num_threads();
    let (unfinished, answer) =
        pool.install(|| run(&workspace, &catalog, declarations, extracted, extract_time, question));
    (unfinished.finish(workspace, threads), answer)
}

/// An [`Analysis`] without the parts that are only known outside the thread pool.
struct Unfinished {
    findings: Vec<Finding>,
    problems: Vec<Problem>,
    coverage: Coverage,
    resources: Vec<ResourceSummary>,
    inventory: Inventory,
    directives: Vec<(FileId, Directive)>,
    timings: Vec<(&'static str, Duration)>,
    parse_time: Duration,
}

impl Unfinished {
    fn finish(self, workspace: Workspace, threads: usize) -> Analysis {
        let Self { findings, mut problems, coverage, resources, inventory, directives, timings, parse_time } =
            self;
        problems.extend(workspace.problems.iter().cloned());
        Analysis {
            workspace,
            findings,
            problems,
            coverage,
            resources,
            inventory,
            directives,
            timings,
            parse_time,
            threads,
        }
    }
}

fn run<T>(
    workspace: &Workspace,
    catalog: &Catalog,
    declarations: Declarations<'_>,
    extracted: Vec<Extracted>,
    extract_time: Duration,
    question: impl FnOnce(&Program<'_>) -> T,
) -> (Unfinished, T) {
    let mut timings = vec![("extract", extract_time)];
    let mut watch = Instant::now();
    let mut stage = |name: &'static str, watch: &mut Instant| {
        timings.push((name, watch.elapsed()));
        *watch = Instant::now();
    };

    let mut problems = Vec::new();
    let mut parse_time = Duration::ZERO;
    let mut files: Vec<FileFacts> = Vec::with_capacity(extracted.len());
    for one in extracted {
        problems.extend(one.problems);
        parse_time += one.parse_time;
        files.push(one.facts);
    }

    let items = Items::collect(workspace, &files);
    let names = Names::new(workspace, &items, catalog);
    let types = Types::new(&items, &names, catalog);
    let program = Program::link(workspace, &types, declarations);
    stage("link", &mut watch);

    let (findings, failed) = rules::check(&program);
    problems.extend(failed);
    stage("check", &mut watch);

    problems.extend(program.unread_definitions().into_iter().map(|(location, why)| Problem {
        file: workspace.files[location.file.0 as usize].path.clone(),
        line: location.span.line,
        column: location.span.column,
        kind: ProblemKind::UnreadSql,
        message: format!("a definition does not parse, so that not all tables are known: {why}"),
    }));

    problems.extend(program.unknown_phase_members().into_iter().map(|(member, location)| Problem {
        file: workspace.files[location.file.0 as usize].path.clone(),
        line: location.span.line,
        column: location.span.column,
        kind: ProblemKind::UnknownResource,
        message: format!(
            "no function and no resource is called `{member}`, so that the phase says nothing of it"
        ),
    }));
    let inventory = program.inventory();
    let mut coverage = program.coverage(&inventory);
    coverage.packages = workspace.packages.len() as u32;
    let skipped: BTreeSet<&str> = problems
        .iter()
        .chain(&workspace.problems)
        .filter(|problem| loses_file(problem.kind))
        .map(|problem| problem.file.as_str())
        .collect();
    let analysed = workspace.files[..files.len()].iter().filter(|file| !skipped.contains(file.path.as_str()));
    coverage.files = analysed.count() as u32;
    coverage.files_skipped = skipped.len() as u32;
    coverage.macros_opaque = files.iter().map(|file| file.opaque_macros).sum();
    let resources = program.resource_summaries(&inventory);
    stage("inventory", &mut watch);
    let directives = (0..)
        .zip(&files)
        .flat_map(|(index, file)| file.comments.iter().map(move |comment| (FileId(index), comment.clone())))
        .collect();
    let answer = question(&program);
    program.free();
    drop(types);
    drop(names);
    drop(items);
    // Facts are many small pieces. Nobody has to wait until the last of them is given back.
    std::thread::spawn(move || drop(files));
    (
        Unfinished { findings, problems, coverage, resources, inventory, directives, timings, parse_time },
        answer,
    )
}

fn loses_file(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::UnparsedFile
            | ProblemKind::NotUtf8
            | ProblemKind::UnreadableFile
            | ProblemKind::FileTooLarge
            | ProblemKind::TooDeeplyNested
    )
}

/// One file as facts, with the modules it declares.
pub fn extract_file(file: &SourceFile) -> (Extracted, Vec<ModDeclaration>) {
    let extracted = facts::extract(&file.path, &file.text);
    let mut declarations = Vec::new();
    declared_modules(&extracted.facts.items, &mut Vec::new(), false, &mut declarations);
    (extracted, declarations)
}

/// Lists the `mod name;` items of a file with the inline modules around them.
fn declared_modules(
    items: &[Item],
    inline: &mut Vec<(String, Option<String>)>,
    optional: bool,
    out: &mut Vec<ModDeclaration>,
) {
    for item in items {
        let ItemKind::Mod { items, path } = &item.kind else {
            continue;
        };
        let optional = optional || item.attributes.cfg.as_ref().is_some_and(|cfg| !cfg.requires_test());
        match items {
            Some(list) => {
                inline.push((item.name.to_string(), path.clone()));
                declared_modules(list, inline, optional, out);
                inline.pop();
            }
            None => out.push(ModDeclaration {
                name: item.name.to_string(),
                inline: inline.clone(),
                path: path.clone(),
                line: item.span.line,
                column: item.span.column,
                optional,
            }),
        }
    }
}
