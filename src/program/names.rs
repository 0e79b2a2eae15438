//! Room 5, *program*: what a path means. Resolution is by demand and memoized; cycles through globs and imports
//! end because a (module, name) pair is never entered twice in one query.

use std::sync::{Arc, OnceLock, RwLock};

use rustc_hash::FxHashMap;

use super::items::{AdtId, AdtShape, CrateId, Declared, Items, ModuleId, TraitId};
use crate::catalog::{Catalog, PRELUDE};
use crate::facts::{Name, Path, Segment, Use};
use crate::workspace::{Edition, TargetKind, Workspace};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Def {
    /// An item of the workspace.
    Item(Declared),
    /// A variant of an enum of the workspace.
    Variant(AdtId, u32),
    /// Something outside the workspace, as a path from its library's root, not yet canonical.
    External(Name),
}

/// Which kind of name is wanted at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// Types, traits and modules.
    Types,
    /// Functions, statics, constants and constructors.
    Values,
}

/// A resolved path: what its longest known prefix means, and how many segments that took. The rest are
/// associated items. Alternatives under different `cfg` conditions appear side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What the prefix means.
    pub defs: Vec<Def>,
    /// How many segments the prefix has.
    pub taken: usize,
}

/// Resolves names for one program.
#[derive(Debug)]
pub struct Names<'a> {
    items: &'a Items<'a>,
    externs: Vec<FxHashMap<Name, Def>>,
    catalog: &'a Catalog,
    prelude: FxHashMap<&'static str, &'static str>,
    /// Per module, what names in it are known to mean. A lock for each, so that threads seldom meet at one.
    known: Vec<RwLock<FxHashMap<Name, Found>>>,
    imported: Vec<OnceLock<Box<[Name]>>>,
}

/// What a name in a module means; `None`, which costs nothing to hand around, for nothing.
type Found = Option<Arc<[Def]>>;

/// The names of a path, wherever they are kept.
#[derive(Debug, Clone, Copy)]
enum Segments<'p> {
    Names(&'p [Name]),
    Path(&'p [Segment]),
}

impl<'p> Segments<'p> {
    fn len(self) -> usize {
        match self {
            Self::Names(list) => list.len(),
            Self::Path(list) => list.len(),
        }
    }

    fn get(self, index: usize) -> Option<&'p Name> {
        match self {
            Self::Names(list) => list.get(index),
            Self::Path(list) => list.get(index).map(|segment| &segment.name),
        }
    }
}

/// The (module, name) pairs that one query is inside of, outermost first.
#[derive(Debug)]
struct Visited {
    pairs: Vec<(ModuleId, Name)>,
    /// The outermost pair that cut a search off since this was last reset; `usize::MAX` for none.
    cut_off_at: usize,
    /// What was found in this query and may lack something, so that nothing is searched twice.
    partial: FxHashMap<(ModuleId, Name), Found>,
}

impl Visited {
    fn new() -> Self {
        Self { pairs: Vec::new(), cut_off_at: usize::MAX, partial: FxHashMap::default() }
    }
}

impl<'a> Names<'a> {
    /// Prepares resolution: which crate names each crate sees.
    pub fn new(workspace: &'a Workspace, items: &'a Items<'a>, catalog: &'a Catalog) -> Self {
        let library_of = |package: u32| {
            items.crates.iter().find(|krate| {
                let target = &workspace.targets[krate.target.0 as usize];
                target.package.0 == package && krate.kind == TargetKind::Lib
            })
        };
        let externs = items
            .crates
            .iter()
            .map(|krate| {
                let package = workspace.targets[krate.target.0 as usize].package;
                let mut seen = FxHashMap::default();
                for dependency in &workspace.packages[package.0 as usize].dependencies {
                    let member = dependency.member.and_then(|member| library_of(member.0));
                    let def = match member {
                        Some(library) => Def::Item(Declared::Module(library.root)),
                        None => Def::External(Name::new(dependency.package.replace('-', "_"))),
                    };
                    seen.insert(Name::new(&dependency.name_in_code), def);
                }
                if krate.kind != TargetKind::Lib
                    && krate.kind != TargetKind::BuildScript
                    && let Some(own) = library_of(package.0)
                {
                    seen.insert(own.name.clone(), Def::Item(Declared::Module(own.root)));
                }
                for standard in ["std", "core", "alloc"] {
                    seen.insert(Name::new(standard), Def::External(Name::new("std")));
                }
                seen
            })
            .collect();
        Self {
            items,
            externs,
            catalog,
            prelude: PRELUDE.iter().copied().collect(),
            known: items.modules.iter().map(|_| RwLock::default()).collect(),
            imported: items.modules.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// The libraries of the workspace that a crate can name, each once per name.
    pub fn members_seen_by(&self, krate: CrateId) -> impl Iterator<Item = CrateId> {
        self.externs[krate.index()].values().filter_map(|def| match def {
            Def::Item(Declared::Module(root)) => Some(self.items.modules[root.index()].krate),
            _ => None,
        })
    }

    /// Whether a crate of the workspace depends on a library, given by the first segment of its paths.
    pub fn some_crate_depends_on(&self, library: &str) -> bool {
        let mut known = self.externs.iter().flat_map(FxHashMap::values);
        known.any(|def| matches!(def, Def::External(name) if name == library))
    }

    /// Resolves a path as seen from a module or block. `None` when its first segment means nothing known.
    /// `Self` is the caller's business.
    pub fn resolve(&self, from: ModuleId, path: &Path, wanted: Namespace) -> Option<Resolved> {
        let segments = Segments::Path(&path.segments);
        self.walk(from, segments, path.leading_colons, wanted, &mut Visited::new())
    }

    /// Whether a trait of a library, given by its full path, can be named or used as methods in this module:
    /// imported by name, anonymously or through a glob of its library.
    pub fn imports_from(&self, from: ModuleId, library: &str) -> bool {
        let mut current = Some(from);
        while let Some(id) = current {
            if self.imported_libraries(id).iter().any(|known| known == library) {
                return true;
            }
            let module = &self.items.modules[id.index()];
            current = if module.is_block { module.parent } else { None };
        }
        false
    }

    /// Whether the methods of a trait of the workspace can be called in this module or block: it is declared there,
    /// or imported by its name, under another one, anonymously or through a glob.
    pub fn trait_in_scope(&self, from: ModuleId, id: TraitId) -> bool {
        let name = &self.items.traits[id.index()].name;
        let wanted = Def::Item(Declared::Trait(id));
        let named = self.in_scope(from, name, Namespace::Types, &mut Visited::new());
        if named.is_some_and(|defs| defs.contains(&wanted)) {
            return true;
        }
        let mut current = Some(from);
        while let Some(module) = current {
            let here = &self.items.modules[module.index()];
            let mut imports = here.imports.values().flatten().chain(&here.anonymous);
            let found = imports.any(|import| {
                import.path.last() == Some(name)
                    && self.import(module, import, Namespace::Types, &mut Visited::new()).contains(&wanted)
            });
            if found {
                return true;
            }
            current = if here.is_block { here.parent } else { None };
        }
        false
    }

    /// The libraries that the imports of a module or block lead to, those through globs of modules of the workspace
    /// included, each once; found at the first use.
    fn imported_libraries(&self, id: ModuleId) -> &[Name] {
        self.imported[id.index()].get_or_init(|| {
            let mut found = Vec::new();
            let mut globbed = vec![id];
            let mut next = 0;
            while let Some(module) = globbed.get(next).copied() {
                self.add_imported_libraries(module, id, &mut found, &mut globbed);
                next += 1;
            }
            found.sort_unstable();
            found.dedup();
            found.into()
        })
    }

    /// Adds the libraries that a module's own imports lead to, and the modules of the workspace of which it has globs. Names
    /// count as far as a glob brings them to the other module; what is imported by globs or without a name always does.
    fn add_imported_libraries(
        &self,
        id: ModuleId,
        to: ModuleId,
        found: &mut Vec<Name>,
        globbed: &mut Vec<ModuleId>,
    ) {
        let module = &self.items.modules[id.index()];
        let named = module.imports.iter().filter(|(name, _)| id == to || self.offers(id, name, to));
        let imports = named.flat_map(|(_, imports)| imports).chain(&module.globs).chain(&module.anonymous);
        for import in imports {
            let first = Segments::Names(import.path.get(..1).unwrap_or_default());
            let resolved = self.walk(id, first, import.leading_colons, Namespace::Types, &mut Visited::new());
            if let Some(Def::External(path)) = resolved.and_then(|resolved| resolved.defs.into_iter().next())
            {
                found.push(Name::new(path.split("::").next().unwrap_or_default()));
            }
        }
        for glob in &module.globs {
            let resolved = self.use_path(id, glob, Namespace::Types, &mut Visited::new());
            for def in resolved.into_iter().flat_map(|resolved| resolved.defs) {
                if let Def::Item(Declared::Module(module)) = def
                    && !globbed.contains(&module)
                {
                    globbed.push(module);
                }
            }
        }
    }

    fn walk(
        &self,
        from: ModuleId,
        segments: Segments<'_>,
        leading_colons: bool,
        wanted: Namespace,
        visited: &mut Visited,
    ) -> Option<Resolved> {
        let first = segments.get(0)?;
        let krate = self.items.modules[from.index()].krate;
        let (mut defs, mut taken) = match first.as_str() {
            _ if leading_colons => (self.extern_root(krate, first)?, 1),
            "crate" | "$crate" => (vec![self.root(krate)], 1),
            "self" => (vec![Def::Item(Declared::Module(self.items.enclosing_module(from)))], 1),
            "super" => {
                let mut module = self.items.enclosing_module(from);
                let mut count = 0;
                while segments.get(count).is_some_and(|segment| segment == "super") {
                    module = self.items.enclosing_module(self.items.modules[module.index()].parent?);
                    count += 1;
                }
                (vec![Def::Item(Declared::Module(module))], count)
            }
            _ => {
                let wanted_here = if segments.len() == 1 { wanted } else { Namespace::Types };
                (self.in_scope(from, first, wanted_here, visited)?, 1)
            }
        };
        while taken < segments.len() {
            let next = segments.get(taken)?;
            let last = taken + 1 == segments.len();
            match defs.first()? {
                Def::External(path) => {
                    let mut full = path.to_string();
                    for segment in (taken..segments.len()).filter_map(|index| segments.get(index)) {
                        full.push_str("::");
                        full.push_str(segment);
                    }
                    return Some(Resolved {
                        defs: vec![Def::External(Name::new(full))],
                        taken: segments.len(),
                    });
                }
                Def::Item(Declared::Module(_)) => {
                    let wanted_here = if last { wanted } else { Namespace::Types };
                    let mut found = Vec::new();
                    let mut around = None;
                    for def in &defs {
                        if let Def::Item(Declared::Module(module)) = def {
                            around = Some(*module);
                            found.extend(
                                self.in_module(*module, next, visited)
                                    .iter()
                                    .flat_map(|defs| defs.iter().cloned()),
                            );
                        }
                    }
                    defs = self.selected(around?, next, &found, wanted_here, visited)?;
                    taken += 1;
                }
                Def::Item(Declared::Adt(adt)) => {
                    let AdtShape::Enum(variants) = self.items.adts[adt.index()].shape else {
                        break;
                    };
                    let Some(index) = variants.iter().position(|variant| variant.name == *next) else {
                        break;
                    };
                    return Some(Resolved { defs: vec![Def::Variant(*adt, index as u32)], taken: taken + 1 });
                }
                _ => break,
            }
        }
        Some(Resolved { defs, taken })
    }

    fn root(&self, krate: CrateId) -> Def {
        Def::Item(Declared::Module(self.items.crates[krate.index()].root))
    }

    fn extern_root(&self, krate: CrateId, name: &Name) -> Option<Vec<Def>> {
        let known = self.externs[krate.index()].get(name).cloned();
        let known = known.or_else(|| self.catalog.knows_library(name).then(|| Def::External(name.clone())));
        known.map(|def| vec![def])
    }

    /// Looks a first segment up: blocks outwards to the module, crate names, the standard prelude.
    fn in_scope(
        &self,
        from: ModuleId,
        name: &Name,
        wanted: Namespace,
        visited: &mut Visited,
    ) -> Option<Vec<Def>> {
        let mut module = from;
        loop {
            let found = self.in_module(module, name, visited);
            if let Some(defs) = found.and_then(|found| self.selected(module, name, &found, wanted, visited)) {
                return Some(defs);
            }
            let here = &self.items.modules[module.index()];
            match here.parent {
                Some(parent) if here.is_block => module = parent,
                _ => break,
            }
        }
        let krate = self.items.modules[from.index()].krate;
        let root = self.items.crates[krate.index()].root;
        if let Some(original) = self.items.modules[root.index()].extern_crates.get(name)
            && let Some(defs) = self.extern_root(krate, original)
        {
            return Some(defs);
        }
        if let Some(path) = self.prelude.get(name.as_str()) {
            return Some(vec![Def::External(Name::new(path))]);
        }
        self.extern_root(krate, name)
    }

    /// The definitions of the wanted namespace among those of a name in a module. A module and a function may have one
    /// name: a module that is declared does not hide a function that comes through a glob.
    fn selected(
        &self,
        module: ModuleId,
        name: &Name,
        found: &[Def],
        wanted: Namespace,
        visited: &mut Visited,
    ) -> Option<Vec<Def>> {
        let kept = select(found, wanted);
        let is_module = |def: &Def| matches!(def, Def::Item(Declared::Module(_)));
        if kept.is_some() || wanted == Namespace::Types || found.is_empty() || !found.iter().all(is_module) {
            return kept;
        }
        let globs = &self.items.modules[module.index()].globs;
        let brought: Vec<Def> =
            globs.iter().flat_map(|glob| self.glob(module, glob, name, visited)).collect();
        let values = brought.into_iter().filter(|def| {
            matches!(def, Def::Item(Declared::Fn(_) | Declared::Static(_) | Declared::Const(_)))
        });
        let mut values: Vec<Def> = values.collect();
        values.sort_unstable();
        values.dedup();
        (!values.is_empty()).then_some(values)
    }

    fn in_module(&self, module: ModuleId, name: &Name, visited: &mut Visited) -> Found {
        let known = &self.known[module.index()];
        if let Some(found) = known.read().expect("no panic while names are locked").get(name) {
            return found.clone();
        }
        if let Some(found) = visited.partial.get(&(module, name.clone())) {
            // What is left out here stands on the way to it: the search around it finds that itself.
            visited.cut_off_at = 0;
            return found.clone();
        }
        let entered = |(other, inner): &(ModuleId, Name)| *other == module && inner == name;
        if let Some(depth) = visited.pairs.iter().position(entered) {
            visited.cut_off_at = visited.cut_off_at.min(depth);
            // The way of an import may begin with the name that it brings: `mod health; use health::health;`.
            let declared = self.items.modules[module.index()].declared.get(name)?;
            return Some(declared.iter().map(|declared| Def::Item(*declared)).collect());
        }
        let depth = visited.pairs.len();
        let cut_off_before = std::mem::replace(&mut visited.cut_off_at, usize::MAX);
        visited.pairs.push((module, name.clone()));
        let found = self.search_module(module, name, visited);
        let found: Found = (!found.is_empty()).then(|| found.into());
        visited.pairs.pop();
        // A search that was cut off at a pair around this one may lack what that pair finds elsewhere. Any other
        // gives the same from wherever it starts.
        if visited.cut_off_at >= depth {
            let mut known = known.write().expect("no panic while names are locked");
            known.insert(name.clone(), found.clone());
            visited.cut_off_at = usize::MAX;
        } else {
            visited.partial.insert((module, name.clone()), found.clone());
        }
        visited.cut_off_at = visited.cut_off_at.min(cut_off_before);
        found
    }

    fn search_module(&self, id: ModuleId, name: &Name, visited: &mut Visited) -> Vec<Def> {
        let module = &self.items.modules[id.index()];
        let mut found: Vec<Def> =
            module.declared.get(name).into_iter().flatten().map(|declared| Def::Item(*declared)).collect();
        for import in module.imports.get(name).into_iter().flatten() {
            for wanted in [Namespace::Types, Namespace::Values] {
                for def in self.import(id, import, wanted, visited) {
                    if !found.contains(&def) {
                        found.push(def);
                    }
                }
            }
        }
        if found.is_empty()
            && let Some(original) = module.extern_crates.get(name)
        {
            found = self.extern_root(module.krate, original).unwrap_or_default();
        }
        if found.is_empty() {
            for glob in &module.globs {
                for def in self.glob(id, glob, name, visited) {
                    if !found.contains(&def) {
                        found.push(def);
                    }
                }
            }
            // The order of discovery depends on what other searches know already.
            found.sort_unstable();
        }
        found
    }

    fn import(&self, from: ModuleId, import: &Use, wanted: Namespace, visited: &mut Visited) -> Vec<Def> {
        let resolved = self.use_path(from, import, wanted, visited);
        match resolved {
            Some(resolved) if resolved.taken == import.path.len() => resolved.defs,
            _ => Vec::new(),
        }
    }

    fn glob(&self, from: ModuleId, import: &Use, name: &Name, visited: &mut Visited) -> Vec<Def> {
        let Some(resolved) = self.use_path(from, import, Namespace::Types, visited) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for def in &resolved.defs {
            match def {
                Def::Item(Declared::Module(module)) if self.offers(*module, name, from) => found.extend(
                    self.in_module(*module, name, visited).iter().flat_map(|defs| defs.iter().cloned()),
                ),
                Def::Item(Declared::Adt(adt)) => {
                    if let AdtShape::Enum(variants) = self.items.adts[adt.index()].shape
                        && let Some(index) = variants.iter().position(|variant| variant.name == *name)
                    {
                        found.push(Def::Variant(*adt, index as u32));
                    }
                }
                Def::External(path) => {
                    // A glob of a library offers only what the catalog knows; anything else stays unknown.
                    let full = format!("{path}::{name}");
                    let segments: Vec<&str> = full.split("::").collect();
                    // A prelude offers modules too: `cli::run_cli` after `use library::prelude::*`.
                    let module = path.strip_suffix("::prelude").map(|root| format!("{root}::{name}"));
                    if self.catalog.knows_item(&self.catalog.canonical(&segments).path) {
                        found.push(Def::External(Name::new(full)));
                    } else if let Some(module) = module.filter(|module| self.catalog.knows_module(module)) {
                        found.push(Def::External(Name::new(module)));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Whether a glob of a module brings a name to another one: it is declared or imported there for others, or the other
    /// one stands inside. What the module has from globs may come from a private one beside a public one.
    fn offers(&self, module: ModuleId, name: &Name, to: ModuleId) -> bool {
        let own = &self.items.modules[module.index()];
        let hidden = || own.declared.contains_key(name) || own.imports.contains_key(name);
        let mut around = std::iter::successors(Some(to), |id| self.items.modules[id.index()].parent);
        own.offered.contains(name) || own.offers_globs && !hidden() || around.any(|id| id == module)
    }

    /// Before the 2018 edition `use` paths start at the crate root.
    fn use_path(
        &self,
        from: ModuleId,
        import: &Use,
        wanted: Namespace,
        visited: &mut Visited,
    ) -> Option<Resolved> {
        let krate = &self.items.crates[self.items.modules[from.index()].krate.index()];
        let relative =
            import.path.first().is_some_and(|first| matches!(first.as_str(), "crate" | "self" | "super"));
        if krate.edition == Edition::E2015 && !relative {
            return self.walk(krate.root, Segments::Names(&import.path), false, wanted, visited);
        }
        if import.path.is_empty() {
            return Some(Resolved {
                defs: vec![self.root(self.items.modules[from.index()].krate)],
                taken: 0,
            });
        }
        self.walk(from, Segments::Names(&import.path), import.leading_colons, wanted, visited)
    }
}

/// Keeps the definitions of the wanted namespace; `None` when none is left.
fn select(defs: &[Def], wanted: Namespace) -> Option<Vec<Def>> {
    let is_function = |def: &Def| matches!(def, Def::Item(Declared::Fn(_)));
    let only_functions = wanted == Namespace::Values && defs.iter().any(is_function);
    let fits = |def: &&Def| match def {
        Def::Item(Declared::Fn(_)) => wanted == Namespace::Values,
        _ if only_functions => false,
        Def::External(_) | Def::Variant(..) | Def::Item(Declared::Adt(_)) => true,
        Def::Item(Declared::Module(_) | Declared::Trait(_) | Declared::Alias(_)) => {
            wanted == Namespace::Types
        }
        Def::Item(Declared::Static(_) | Declared::Const(_)) => wanted == Namespace::Values,
    };
    let kept: Vec<Def> = defs.iter().filter(fits).cloned().collect();
    (!kept.is_empty()).then_some(kept)
}
