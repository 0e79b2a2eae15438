//! Room 5, *program*: the items of all crates in flat tables with typed ids. Built once, read by everything else.
//! Nothing here resolves a name.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::inventory::Scope;
use crate::facts::{
    Attributes, Body, Cfg, FileFacts, Function, Generics, Impl, Item, ItemKind, Name, Static, Struct, Trait,
    TypeRef, Use, UseBinding, Variant,
};
use crate::location::{FileId, Location};
use crate::workspace::{Edition, TargetId, TargetKind, Workspace};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A crate: one target of the workspace.
    CrateId,
    /// A module, or the block of a function that declares items.
    ModuleId,
    /// Anything with a body that can run: functions, methods and the initializers of statics.
    FnId,
    /// A struct or enum.
    AdtId,
    /// A trait.
    TraitId,
    /// An impl block.
    ImplId,
    /// A static.
    StaticId,
    /// A constant.
    ConstId,
    /// A type alias.
    AliasId,
}

/// A crate of the workspace.
#[derive(Debug)]
pub struct Crate {
    /// Its target.
    pub target: TargetId,
    /// Its name in code.
    pub name: Name,
    /// What paths begin with that people read, and that findings are known by: its name, with the package before it
    /// where another package has a binary of this name.
    pub title: Name,
    /// Its root module.
    pub root: ModuleId,
    /// Its edition.
    pub edition: Edition,
    /// What kind of target it is.
    pub kind: TargetKind,
}

/// A module or a block scope.
#[derive(Debug)]
pub struct Module<'a> {
    /// The crate.
    pub krate: CrateId,
    /// The enclosing module; for blocks the module (or block) around the function.
    pub parent: Option<ModuleId>,
    /// Its name; empty for crate roots and blocks.
    pub name: Name,
    /// Whether it is the block of a function rather than a module.
    pub is_block: bool,
    /// Where its code runs.
    pub scope: Scope,
    /// The `#[cfg(…)]` of the module and of those around it: it is there only if they all hold.
    pub cfgs: Vec<&'a Cfg>,
    /// Declared names, types and values together; several when `cfg` alternatives exist.
    pub declared: FxHashMap<Name, Vec<Declared>>,
    /// Named imports by the name they bind.
    pub imports: FxHashMap<Name, Vec<&'a Use>>,
    /// Glob imports.
    pub globs: Vec<&'a Use>,
    /// Names that are declared or imported for others, too: `pub` in any form.
    pub offered: FxHashSet<Name>,
    /// Whether what a glob brings in is for others, too.
    pub offers_globs: bool,
    /// Imports of traits without a name, `as _`.
    pub anonymous: Vec<&'a Use>,
    /// `extern crate` declarations: the name in code, and the crate.
    pub extern_crates: FxHashMap<Name, Name>,
}

/// What a module declares under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Declared {
    /// A child module.
    Module(ModuleId),
    /// A function.
    Fn(FnId),
    /// A struct or enum.
    Adt(AdtId),
    /// A trait.
    Trait(TraitId),
    /// A type alias.
    Alias(AliasId),
    /// A static.
    Static(StaticId),
    /// A constant.
    Const(ConstId),
}

/// What a function belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A module or block.
    Module,
    /// An impl block.
    Impl(ImplId),
    /// A trait.
    Trait(TraitId),
}

/// Something with a body that can run.
#[derive(Debug)]
pub struct FnItem<'a> {
    /// Its name; the static's name for initializers.
    pub name: Name,
    /// The signature; `None` for initializers of statics and constants.
    pub signature: Option<&'a Function>,
    /// The body.
    pub body: Option<&'a Body>,
    /// The module it is declared in.
    pub module: ModuleId,
    /// The scope its body sees: the block of its own items when there are any, else `module`.
    pub body_module: ModuleId,
    /// What it belongs to.
    pub container: Container,
    /// Its attributes.
    pub attributes: &'a Attributes,
    /// Where its name is.
    pub location: Location,
    /// Where it runs.
    pub scope: Scope,
    /// Whether code outside its module can name it.
    pub public: bool,
    /// For initializers of statics.
    pub initializes: Option<StaticId>,
}

/// A struct or enum.
#[derive(Debug)]
pub struct Adt<'a> {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub module: ModuleId,
    /// Type parameters.
    pub generics: &'a Generics,
    /// What it is made of.
    pub shape: AdtShape<'a>,
    /// Its attributes.
    pub attributes: &'a Attributes,
    /// Where its name is.
    pub location: Location,
}

/// What a type is made of.
#[derive(Debug)]
pub enum AdtShape<'a> {
    /// A struct.
    Struct(&'a Struct),
    /// An enum.
    Enum(&'a [Variant]),
}

/// A trait.
#[derive(Debug)]
pub struct TraitItem<'a> {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub module: ModuleId,
    /// The trait.
    pub facts: &'a Trait,
    /// Its attributes.
    pub attributes: &'a Attributes,
    /// Its functions by name.
    pub functions: Vec<FnId>,
}

/// An impl block.
#[derive(Debug)]
pub struct ImplItem<'a> {
    /// Where it stands.
    pub module: ModuleId,
    /// The block.
    pub facts: &'a Impl,
    /// Its attributes.
    pub attributes: &'a Attributes,
    /// Its functions.
    pub functions: Vec<FnId>,
    /// Its associated types.
    pub types: Vec<(Name, &'a TypeRef)>,
}

/// A static.
#[derive(Debug)]
pub struct StaticItem<'a> {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub module: ModuleId,
    /// The static.
    pub facts: &'a Static,
    /// Its initializer as something that runs.
    pub initializer: Option<FnId>,
    /// Where its name is.
    pub location: Location,
    /// Where it lives.
    pub scope: Scope,
}

/// A constant.
#[derive(Debug)]
pub struct ConstItem<'a> {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub module: ModuleId,
    /// The source file.
    pub file: FileId,
    /// Its type.
    pub ty: &'a TypeRef,
    /// Its value.
    pub value: Option<&'a Body>,
}

/// A type alias.
#[derive(Debug)]
pub struct AliasItem<'a> {
    /// Where it is declared.
    pub module: ModuleId,
    /// Type parameters.
    pub generics: &'a Generics,
    /// The aliased type.
    pub ty: &'a TypeRef,
}

/// All items of all crates.
#[derive(Debug, Default)]
pub struct Items<'a> {
    /// The workspace that they were collected from; none in an empty list.
    workspace: Option<&'a Workspace>,
    /// Crates, in the order of the workspace's targets.
    pub crates: Vec<Crate>,
    /// Modules.
    pub modules: Vec<Module<'a>>,
    /// Functions and initializers.
    pub functions: Vec<FnItem<'a>>,
    /// Structs and enums.
    pub adts: Vec<Adt<'a>>,
    /// Traits.
    pub traits: Vec<TraitItem<'a>>,
    /// Impl blocks.
    pub impls: Vec<ImplItem<'a>>,
    /// Statics.
    pub statics: Vec<StaticItem<'a>>,
    /// Constants.
    pub consts: Vec<ConstItem<'a>>,
    /// Type aliases.
    pub aliases: Vec<AliasItem<'a>>,
    /// The arms of the workspace's own macros by name, each with its crate.
    pub macros: FxHashMap<Name, Vec<(CrateId, FnId)>>,
}

impl<'a> Items<'a> {
    /// All functions, in order.
    pub fn function_ids(&self) -> impl Iterator<Item = FnId> + use<> {
        (0..self.functions.len()).map(|index| FnId(index as u32))
    }

    /// The text of an SQL file that a source file includes, by the path that it names.
    pub(super) fn included_sql(&self, source: FileId, path: &str) -> Option<Arc<str>> {
        self.workspace?.included_sql(source, path).map(|(_, text)| text)
    }

    /// Collects the items of every target along its module tree. Linear in the number of items.
    pub fn collect(workspace: &'a Workspace, facts: &'a [FileFacts]) -> Self {
        let mut items = Self { workspace: Some(workspace), ..Self::default() };
        let test_support = workspace.test_support();
        let titles = workspace.target_titles();
        for (index, target) in workspace.targets.iter().enumerate() {
            let Some(root_file) = target.root else {
                continue;
            };
            let krate = CrateId(items.crates.len() as u32);
            let scope = match target.kind {
                _ if test_support.contains(&target.package) => Scope::Test,
                TargetKind::Lib | TargetKind::Bin => Scope::Production,
                TargetKind::Example => Scope::Example,
                TargetKind::Test => Scope::Test,
                TargetKind::Bench => Scope::Bench,
                TargetKind::BuildScript => Scope::Build,
            };
            let root = items.new_module(krate, None, Name::default(), false, scope);
            items.crates.push(Crate {
                target: TargetId(index as u32),
                name: Name::new(&target.name),
                title: Name::new(&titles[index]),
                root,
                edition: target.edition,
                kind: target.kind,
            });
            let mut collector = Collector { items: &mut items, workspace, facts, target: index };
            let place = Place { module: root, file: root_file, node: 0 };
            collector.items_of(&facts[root_file.0 as usize].items, place);
        }
        items
    }

    fn new_module(
        &mut self,
        krate: CrateId,
        parent: Option<ModuleId>,
        name: Name,
        is_block: bool,
        scope: Scope,
    ) -> ModuleId {
        let id = ModuleId(self.modules.len() as u32);
        let around = parent.map(|parent| self.modules[parent.index()].cfgs.clone());
        self.modules.push(Module {
            krate,
            parent,
            name,
            is_block,
            scope,
            cfgs: around.unwrap_or_default(),
            declared: FxHashMap::default(),
            imports: FxHashMap::default(),
            globs: Vec::new(),
            offered: FxHashSet::default(),
            offers_globs: false,
            anonymous: Vec::new(),
            extern_crates: FxHashMap::default(),
        });
        id
    }

    /// The module's path with the crate's title first, `::` between.
    pub fn module_path(&self, module: ModuleId) -> String {
        let item = &self.modules[module.index()];
        match item.parent {
            None => self.crates[item.krate.index()].title.to_string(),
            Some(parent) if item.is_block => self.module_path(parent),
            Some(parent) => format!("{}::{}", self.module_path(parent), item.name),
        }
    }

    /// The nearest module that is not a block.
    pub fn enclosing_module(&self, mut module: ModuleId) -> ModuleId {
        while let Module { is_block: true, parent: Some(parent), .. } = &self.modules[module.index()] {
            module = *parent;
        }
        module
    }
}

/// Where the collector stands.
#[derive(Clone, Copy)]
struct Place {
    module: ModuleId,
    file: FileId,
    /// Index of the module file in the target's tree.
    node: u32,
}

struct Collector<'i, 'a> {
    items: &'i mut Items<'a>,
    workspace: &'a Workspace,
    facts: &'a [FileFacts],
    target: usize,
}

impl<'a> Collector<'_, 'a> {
    fn items_of(&mut self, list: &'a [Item], place: Place) {
        for item in list {
            self.item(item, place);
        }
    }

    fn declare(&mut self, place: Place, name: &Name, declared: Declared) {
        self.items.modules[place.module.index()].declared.entry(name.clone()).or_default().push(declared);
    }

    fn offer(&mut self, item: &Item, place: Place) {
        if !item.public {
            return;
        }
        let module = &mut self.items.modules[place.module.index()];
        let name = match &item.kind {
            ItemKind::Use(Use { binds: UseBinding::Glob, .. }) => {
                module.offers_globs = true;
                return;
            }
            ItemKind::Use(Use { binds: UseBinding::Name(name), .. }) => name,
            _ => &item.name,
        };
        module.offered.insert(name.clone());
    }

    fn scope_of(&self, module: ModuleId, attributes: &Attributes) -> Scope {
        if attributes.cfg.as_ref().is_some_and(Cfg::requires_test) {
            Scope::Test
        } else {
            self.items.modules[module.index()].scope
        }
    }

    fn item(&mut self, item: &'a Item, place: Place) {
        self.offer(item, place);
        let location = Location { file: place.file, span: item.span };
        match &item.kind {
            ItemKind::Mod { items, .. } => self.module(item, items.as_deref(), place),
            ItemKind::Use(import) => {
                let module = &mut self.items.modules[place.module.index()];
                match &import.binds {
                    UseBinding::Glob => module.globs.push(import),
                    UseBinding::Name(name) => module.imports.entry(name.clone()).or_default().push(import),
                    UseBinding::Anonymous => module.anonymous.push(import),
                }
            }
            ItemKind::ExternCrate { krate } => {
                let module = &mut self.items.modules[place.module.index()];
                module.extern_crates.insert(item.name.clone(), krate.clone());
            }
            ItemKind::Fn(function) => {
                let id = self.function(item, function, place, Container::Module);
                self.declare(place, &item.name, Declared::Fn(id));
            }
            ItemKind::Impl(facts) => {
                let id = ImplId(self.items.impls.len() as u32);
                self.items.impls.push(ImplItem {
                    module: place.module,
                    facts,
                    attributes: &item.attributes,
                    functions: Vec::new(),
                    types: Vec::new(),
                });
                let scope = self.scope_of(place.module, &item.attributes);
                let (functions, types) = self.associated(&facts.items, place, Container::Impl(id), scope);
                let block = &mut self.items.impls[id.index()];
                (block.functions, block.types) = (functions, types);
            }
            ItemKind::Trait(facts) => {
                let id = TraitId(self.items.traits.len() as u32);
                self.items.traits.push(TraitItem {
                    name: item.name.clone(),
                    module: place.module,
                    facts,
                    attributes: &item.attributes,
                    functions: Vec::new(),
                });
                self.declare(place, &item.name, Declared::Trait(id));
                let scope = self.scope_of(place.module, &item.attributes);
                let (functions, _) = self.associated(&facts.items, place, Container::Trait(id), scope);
                self.items.traits[id.index()].functions = functions;
            }
            ItemKind::Struct(facts) => {
                self.adt(item, place, &facts.generics, AdtShape::Struct(facts), location)
            }
            ItemKind::Enum { generics, variants } => {
                self.adt(item, place, generics, AdtShape::Enum(variants), location);
            }
            ItemKind::Static(facts) => self.static_item(item, facts, place, location),
            ItemKind::Const { ty, value } => {
                let id = ConstId(self.items.consts.len() as u32);
                self.items.consts.push(ConstItem {
                    name: item.name.clone(),
                    module: place.module,
                    file: place.file,
                    ty,
                    value: value.as_ref(),
                });
                self.declare(place, &item.name, Declared::Const(id));
            }
            ItemKind::TypeAlias { generics, ty: Some(ty), .. } => {
                let id = AliasId(self.items.aliases.len() as u32);
                self.items.aliases.push(AliasItem { module: place.module, generics, ty });
                self.declare(place, &item.name, Declared::Alias(id));
            }
            ItemKind::MacroRules(arms) => {
                let krate = self.items.modules[place.module.index()].krate;
                for arm in arms {
                    let id = self.function(item, arm, place, Container::Module);
                    self.items.macros.entry(item.name.clone()).or_default().push((krate, id));
                }
            }
            ItemKind::TypeAlias { ty: None, .. } | ItemKind::MacroCall(..) => {}
        }
    }

    fn module(&mut self, item: &'a Item, inline: Option<&'a [Item]>, place: Place) {
        let krate = self.items.modules[place.module.index()].krate;
        let scope = self.scope_of(place.module, &item.attributes);
        let open = |items: &mut Items<'a>| {
            let module = items.new_module(krate, Some(place.module), item.name.clone(), false, scope);
            items.modules[module.index()].cfgs.extend(&item.attributes.cfg);
            module
        };
        if let Some(list) = inline {
            let module = open(self.items);
            self.declare(place, &item.name, Declared::Module(module));
            self.items_of(list, Place { module, ..place });
            return;
        }
        let nodes = &self.workspace.targets[self.target].modules;
        let declared_at = (item.span.line, item.span.column);
        let found =
            nodes.iter().position(|node| node.parent == Some(place.node) && node.declared_at == declared_at);
        if let Some(node) = found {
            let file = nodes[node].file;
            let module = open(self.items);
            self.declare(place, &item.name, Declared::Module(module));
            let facts = &self.facts[file.0 as usize];
            if facts.attributes.cfg.as_ref().is_some_and(Cfg::requires_test) {
                self.items.modules[module.index()].scope = Scope::Test;
            }
            self.items_of(&facts.items, Place { module, file, node: node as u32 });
        }
    }

    fn adt(
        &mut self,
        item: &'a Item,
        place: Place,
        generics: &'a Generics,
        shape: AdtShape<'a>,
        location: Location,
    ) {
        let id = AdtId(self.items.adts.len() as u32);
        self.items.adts.push(Adt {
            name: item.name.clone(),
            module: place.module,
            generics,
            shape,
            attributes: &item.attributes,
            location,
        });
        self.declare(place, &item.name, Declared::Adt(id));
    }

    fn static_item(&mut self, item: &'a Item, facts: &'a Static, place: Place, location: Location) {
        let id = StaticId(self.items.statics.len() as u32);
        let scope = self.scope_of(place.module, &item.attributes);
        self.items.statics.push(StaticItem {
            name: item.name.clone(),
            module: place.module,
            facts,
            initializer: None,
            location,
            scope,
        });
        self.declare(place, &item.name, Declared::Static(id));
        if let Some(body) = &facts.init {
            let initializer =
                self.runnable(item, None, Some(body), place, Container::Module, scope, Some(id));
            self.items.statics[id.index()].initializer = Some(initializer);
        }
    }

    fn associated(
        &mut self,
        list: &'a [Item],
        place: Place,
        container: Container,
        scope: Scope,
    ) -> (Vec<FnId>, Vec<(Name, &'a TypeRef)>) {
        let (mut functions, mut types) = (Vec::new(), Vec::new());
        for item in list {
            match &item.kind {
                ItemKind::Fn(function) => {
                    let own = item.attributes.cfg.as_ref().is_some_and(Cfg::requires_test);
                    let scope = if own { Scope::Test } else { scope };
                    let body = function.body.as_ref();
                    functions.push(self.runnable(item, Some(function), body, place, container, scope, None));
                }
                ItemKind::TypeAlias { ty: Some(ty), .. } => types.push((item.name.clone(), ty)),
                _ => {}
            }
        }
        (functions, types)
    }

    fn function(
        &mut self,
        item: &'a Item,
        function: &'a Function,
        place: Place,
        container: Container,
    ) -> FnId {
        let scope = self.scope_of(place.module, &item.attributes);
        self.runnable(item, Some(function), function.body.as_ref(), place, container, scope, None)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one table row, given once")]
    fn runnable(
        &mut self,
        item: &'a Item,
        signature: Option<&'a Function>,
        body: Option<&'a Body>,
        place: Place,
        container: Container,
        scope: Scope,
        initializes: Option<StaticId>,
    ) -> FnId {
        let scope = if item.attributes.mark_a_test() { Scope::Test } else { scope };
        let id = FnId(self.items.functions.len() as u32);
        self.items.functions.push(FnItem {
            name: item.name.clone(),
            signature,
            body,
            module: place.module,
            body_module: place.module,
            container,
            attributes: &item.attributes,
            location: Location { file: place.file, span: item.span },
            scope,
            public: item.public || matches!(container, Container::Trait(_)),
            initializes,
        });
        if let Some(body) = body.filter(|body| !body.items.is_empty()) {
            let krate = self.items.modules[place.module.index()].krate;
            let block = self.items.new_module(krate, Some(place.module), Name::default(), true, scope);
            self.items.functions[id.index()].body_module = block;
            self.items_of(&body.items, Place { module: block, ..place });
        }
        id
    }
}
