//! Room 2, *workspace*: from target roots through `mod` declarations to module files, by the rules of the language.
//! It must not look inside Rust code: what a file declares is told by the caller's parser.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::disk::{Presence, ReadCause};
use super::tree::{Tree, normalized, relative};
use super::{SourceFile, Target, TargetKind, Workspace};
use crate::location::FileId;
use crate::problem::{Problem, ProblemKind};

/// Stack of each thread that parses. Parsers descend once per level of nesting; 64 MiB is far more than code that
/// people wrote needs and is only reserved, not used.
pub const PARSER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// The most module files one target may have. Declarations that lead to the same file again and again could
/// otherwise multiply without end.
const MAX_MODULE_FILES: usize = 100_000;

/// `mod name;` as a parser found it in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModDeclaration {
    /// The declared name, without `r#`.
    pub name: String,
    /// The inline modules of the same file around it, outermost first, each with its `#[path]`.
    pub inline: Vec<(String, Option<String>)>,
    /// Its own `#[path]`.
    pub path: Option<String>,
    /// 1-based line of the declaration.
    pub line: u32,
    /// 1-based column of the declaration, in characters.
    pub column: u32,
    /// Under a `#[cfg]` that may be off: then a missing file is no problem.
    pub optional: bool,
}

/// One module of a target that has its own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleNode {
    /// Its file.
    pub file: FileId,
    /// Index in [`Target::modules`] of the module file that declares it; `None` for the root.
    pub parent: Option<u32>,
    /// Line and column of the declaration in the parent's file; `(0, 0)` for the root.
    pub declared_at: (u32, u32),
    /// Names from the crate root to this module, inline modules included; empty for the root.
    pub path: Vec<String>,
}

impl Workspace {
    /// Reads the root of every target and, wave by wave, the files of the modules they declare. Each file is read
    /// and parsed once, however many targets reach it; the result has the parsed value of each of
    /// [`Workspace::files`], in their order. Fills [`Target::root`] and [`Target::modules`] and adds the problems met
    /// on the way. `parse` runs on threads with a stack of [`PARSER_STACK_BYTES`]; neither their number (`None` lets
    /// rayon choose) nor their timing changes the result.
    pub fn load_modules<T: Send>(
        &mut self,
        threads: Option<usize>,
        parse: impl Fn(&SourceFile) -> (T, Vec<ModDeclaration>) + Sync,
    ) -> Vec<T> {
        let loading = Loading {
            root: &self.root,
            tree: &self.tree,
            known: BTreeMap::new(),
            files: Vec::new(),
            parsed: Vec::new(),
            declarations: Vec::new(),
            problems: Vec::new(),
        };
        let targets = &mut self.targets;
        let loaded = on_parser_threads(threads, || loading.run(targets, &parse));
        let Loading { files, parsed, problems, .. } = loaded;
        self.problems.extend(problems);
        self.order_problems();

        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by(|left, right| files[*left].path.cmp(&files[*right].path));
        let mut new_ids = vec![FileId(0); order.len()];
        for (new, old) in (0..).zip(&order) {
            new_ids[*old] = FileId(new);
        }
        for target in &mut self.targets {
            for module in &mut target.modules {
                module.file = new_ids[module.file.0 as usize];
            }
            target.root = target.modules.first().map(|root| root.file);
        }
        let mut files_and_parsed: Vec<Option<(SourceFile, T)>> =
            files.into_iter().zip(parsed).map(Some).collect();
        let (files, parsed) = order.into_iter().filter_map(|old| files_and_parsed[old].take()).unzip();
        self.files = files;
        parsed
    }
}

/// Runs `work` on a pool of threads with a large stack, or right here when the system gives no threads.
fn on_parser_threads<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> R {
    let pool =
        |threads| rayon::ThreadPoolBuilder::new().stack_size(PARSER_STACK_BYTES).num_threads(threads).build();
    match pool(threads.unwrap_or(0)).or_else(|_| pool(1)) {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// A module file about to be entered.
struct Visit {
    target: usize,
    parent: Option<u32>,
    declared_at: (u32, u32),
    path: Vec<String>,
    /// The path as declarations spell it; its own declarations are looked up from here.
    opened: PathBuf,
    /// The real path; two visits of the same file share it.
    identity: PathBuf,
    /// For `name.rs`, the folder `name` that its modules live in; `None` when they live beside it.
    own_folder: Option<String>,
}

/// A file with what the parser made of it and what it declares.
type Parsed<T> = (SourceFile, T, Vec<ModDeclaration>);

struct Loading<'w, T> {
    root: &'w Path,
    tree: &'w Tree,
    /// Index of each file that was asked for, `None` for those that could not be read.
    known: BTreeMap<PathBuf, Option<usize>>,
    files: Vec<SourceFile>,
    parsed: Vec<T>,
    declarations: Vec<Vec<ModDeclaration>>,
    problems: Vec<Problem>,
}

impl<T: Send> Loading<'_, T> {
    fn run(
        mut self,
        targets: &mut [Target],
        parse: &(impl Fn(&SourceFile) -> (T, Vec<ModDeclaration>) + Sync),
    ) -> Self {
        let mut wave = self.roots(targets);
        while !wave.is_empty() {
            self.read(&wave, parse);
            let entered = self.enter(wave, targets);
            let (tree, root, files, declarations) = (self.tree, self.root, &self.files, &self.declarations);
            let found: Vec<Vec<(Option<Visit>, Option<Problem>)>> = entered
                .par_iter()
                .map(|(visit, node, file)| {
                    let resolve =
                        |declaration| resolve(tree, root, visit, *node, &files[*file].path, declaration);
                    declarations[*file].iter().map(resolve).collect()
                })
                .collect();
            wave = Vec::new();
            for (visit, problem) in found.into_iter().flatten() {
                wave.extend(visit);
                self.problems.extend(problem);
            }
        }
        self
    }

    fn roots(&mut self, targets: &mut [Target]) -> Vec<Visit> {
        let mut wave = Vec::new();
        for (index, target) in targets.iter_mut().enumerate() {
            target.modules.clear();
            let opened = self.root.join(&target.root_path);
            let problem = match self.tree.presence(&opened) {
                Presence::LinkCycle => Some((ProblemKind::LinkCycle, "lead in a circle of links")),
                Presence::Absent | Presence::Folder => Some((ProblemKind::UnreadableFile, "does not exist")),
                Presence::File => None,
            };
            let identity = self.tree.identity(&opened);
            let outside = !identity.starts_with(self.root);
            if let Some((kind, what)) = problem
                .or(outside.then_some((ProblemKind::ModuleOutsideWorkspace, "lies outside the workspace")))
            {
                let message = format!(
                    "the root file of {} `{}` {what}; correct its `path`",
                    kind_name(target.kind),
                    target.name
                );
                self.problems.push(Problem {
                    file: target.root_path.clone(),
                    line: 0,
                    column: 0,
                    kind,
                    message,
                });
                continue;
            }
            wave.push(Visit {
                target: index,
                parent: None,
                declared_at: (0, 0),
                path: Vec::new(),
                opened,
                identity,
                own_folder: None,
            });
        }
        wave
    }

    /// Reads and parses the files of a wave that are not known yet.
    fn read(&mut self, wave: &[Visit], parse: &(impl Fn(&SourceFile) -> (T, Vec<ModDeclaration>) + Sync)) {
        let unread: BTreeSet<&PathBuf> =
            wave.iter().map(|visit| &visit.identity).filter(|path| !self.known.contains_key(*path)).collect();
        let unread: Vec<&PathBuf> = unread.into_iter().collect();
        let (tree, root) = (self.tree, self.root);
        let read: Vec<Result<Parsed<T>, Problem>> = unread
            .par_iter()
            // Files differ too much in size to be handed out in bundles.
            .with_max_len(1)
            .map(|path| {
                let name = relative(root, path);
                let text = tree.read(path).map_err(|cause| unreadable(name.clone(), &cause))?;
                let file = SourceFile { path: name, text };
                let (parsed, declarations) = parse(&file);
                Ok((file, parsed, declarations))
            })
            .collect();
        for (path, outcome) in unread.into_iter().zip(read) {
            let index = match outcome {
                Ok((file, parsed, declarations)) => {
                    self.files.push(file);
                    self.parsed.push(parsed);
                    self.declarations.push(declarations);
                    Some(self.files.len() - 1)
                }
                Err(problem) => {
                    self.problems.push(problem);
                    None
                }
            };
            self.known.insert(path.clone(), index);
        }
    }

    /// Makes nodes of the visits whose files could be read and do not include themselves.
    fn enter(&mut self, wave: Vec<Visit>, targets: &mut [Target]) -> Vec<(Visit, u32, usize)> {
        let mut entered = Vec::new();
        for visit in wave {
            let Some(file) = self.known.get(&visit.identity).copied().flatten() else {
                continue;
            };
            let target = &mut targets[visit.target];
            if includes_itself(target, visit.parent, file) {
                let message = format!(
                    "`{}` includes itself through this module; change its #[path]",
                    self.files[file].path
                );
                self.problem_at(target, &visit, ProblemKind::ModuleCycle, message);
                continue;
            }
            if target.modules.len() >= MAX_MODULE_FILES {
                let message = format!(
                    "`{}` has more than {MAX_MODULE_FILES} module files; the rest was not read",
                    target.name
                );
                let file = target.root_path.clone();
                self.problems.push(Problem {
                    file,
                    line: 0,
                    column: 0,
                    kind: ProblemKind::TooDeeplyNested,
                    message,
                });
                continue;
            }
            let node = u32::try_from(target.modules.len()).expect("the number of module files is limited");
            let id = FileId(u32::try_from(file).unwrap_or(u32::MAX));
            target.modules.push(ModuleNode {
                file: id,
                parent: visit.parent,
                declared_at: visit.declared_at,
                path: visit.path.clone(),
            });
            entered.push((visit, node, file));
        }
        entered
    }

    fn problem_at(&mut self, target: &Target, visit: &Visit, kind: ProblemKind, message: String) {
        let declared_in = visit.parent.map(|parent| target.modules[parent as usize].file.0 as usize);
        let file = declared_in.map(|file| self.files[file].path.clone()).unwrap_or_default();
        let (line, column) = visit.declared_at;
        self.problems.push(Problem { file, line, column, kind, message });
    }
}

fn includes_itself(target: &Target, parent: Option<u32>, file: usize) -> bool {
    let mut above = parent;
    while let Some(index) = above {
        let module = &target.modules[index as usize];
        if module.file.0 as usize == file {
            return true;
        }
        above = module.parent;
    }
    false
}

/// The file of one declaration, by the rules of the language: `#[path]` starts at the folder of the declaring module,
/// other modules at its own folder, and inline modules add theirs.
fn resolve(
    tree: &Tree,
    root: &Path,
    parent: &Visit,
    node: u32,
    declared_in: &str,
    declaration: &ModDeclaration,
) -> (Option<Visit>, Option<Problem>) {
    let problem = |kind, message| {
        let ModDeclaration { line, column, .. } = *declaration;
        Some(Problem { file: declared_in.to_owned(), line, column, kind, message })
    };
    let (folder, own_folder) = folder_of(parent, &declaration.inline);
    let name = &declaration.name;
    let mut ambiguous = None;
    let (opened, own_folder) = match &declaration.path {
        // A file named by `#[path]` has its modules beside it, whatever its name.
        Some(written) => (folder.join(written), None),
        None => {
            let folder = own_folder.map_or(folder.clone(), |own| folder.join(own));
            let (plain, nested) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
            match (tree.presence(&plain), tree.presence(&nested)) {
                (Presence::File, Presence::File) => {
                    let (taken, other) = (relative(root, &plain), relative(root, &nested));
                    let message =
                        format!("module `{name}` has two files, `{taken}` (taken) and `{other}`; remove one");
                    ambiguous = problem(ProblemKind::AmbiguousModuleFile, message);
                    (plain, Some(name.clone()))
                }
                (Presence::Absent | Presence::Folder, Presence::File | Presence::LinkCycle) => (nested, None),
                (Presence::File | Presence::LinkCycle, _) => (plain, Some(name.clone())),
                _ if declaration.optional => return (None, None),
                _ => {
                    let (plain, nested) = (relative(root, &plain), relative(root, &nested));
                    let message =
                        format!("module `{name}` has no file: neither `{plain}` nor `{nested}` exists");
                    return (None, problem(ProblemKind::MissingModuleFile, message));
                }
            }
        }
    };
    let identity = tree.identity(&opened);
    let presence = tree.presence(&opened);
    if declaration.optional && matches!(presence, Presence::Absent | Presence::Folder) {
        return (None, None);
    }
    if !identity.starts_with(root) || (presence != Presence::File && !normalized(&opened).starts_with(root)) {
        let message = format!("the file of module `{name}` lies outside the workspace and was not read");
        return (None, problem(ProblemKind::ModuleOutsideWorkspace, message));
    }
    match presence {
        Presence::File => {}
        Presence::LinkCycle => {
            let message = format!("the file of module `{name}` is a link that leads in a circle");
            return (None, problem(ProblemKind::LinkCycle, message));
        }
        Presence::Absent | Presence::Folder => {
            let message = format!(
                "module `{name}` has no file: `{}` does not exist",
                relative(root, &normalized(&opened))
            );
            return (None, problem(ProblemKind::MissingModuleFile, message));
        }
    }
    let inline = declaration.inline.iter().map(|(name, _)| name);
    let visit = Visit {
        target: parent.target,
        parent: Some(node),
        declared_at: (declaration.line, declaration.column),
        path: parent.path.iter().chain(inline).chain(std::iter::once(name)).cloned().collect(),
        opened,
        identity,
        own_folder,
    };
    (Some(visit), ambiguous)
}

/// The folder that `#[path]` starts at within some inline modules of a file, and the folder below it that other
/// modules live in, if they live deeper.
fn folder_of(file: &Visit, inline: &[(String, Option<String>)]) -> (PathBuf, Option<String>) {
    let mut folder = file.opened.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut own_folder = file.own_folder.clone();
    for (name, path) in inline {
        match path {
            // The `#[path]` of an inline module names a folder and starts where that of a file would.
            Some(written) => {
                own_folder = None;
                folder.push(written);
            }
            None => {
                folder.extend(own_folder.take());
                folder.push(name);
            }
        }
    }
    (folder, own_folder)
}

fn unreadable(file: String, cause: &ReadCause) -> Problem {
    let (kind, (line, column)) = match cause {
        ReadCause::NotUtf8 { line, column } => (ProblemKind::NotUtf8, (*line, *column)),
        ReadCause::TooLarge => (ProblemKind::FileTooLarge, (0, 0)),
        ReadCause::NotFound | ReadCause::NotAFile | ReadCause::Refused(_) => {
            (ProblemKind::UnreadableFile, (0, 0))
        }
    };
    Problem { message: format!("the file {cause}"), file, line, column, kind }
}

fn kind_name(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Lib => "library",
        TargetKind::Bin => "binary",
        TargetKind::Example => "example",
        TargetKind::Test => "test",
        TargetKind::Bench => "benchmark",
        TargetKind::BuildScript => "build script",
    }
}
