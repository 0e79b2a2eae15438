//! Room 5, *program*: enough types to know a receiver. References are looked through, lifetimes and constants
//! left out; what is not known is [`Ty::Unknown`] and stays so.

mod attributes;
mod handles;
mod methods;
mod shapes;

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::items::{AdtId, AdtShape, Container, Declared, FnId, ImplId, Items, ModuleId, StaticId, TraitId};
use super::names::{Def, Names, Namespace};
use crate::catalog::{CallFacts, Catalog};
pub use methods::is_shared_by_adapters;
pub use shapes::{bind, bindings_of, holds_many, is_list, is_map, is_result, is_too_large, substitute};

use crate::facts::{Fields, Generics, Name, Path, Segment, TypeRef};

/// Type arguments.
pub type Args = Arc<[Ty]>;

/// No type arguments. Most types have none, so every thread makes one empty list and shares it.
pub fn no_args() -> Args {
    thread_local! {
        static NONE: Args = Arc::from([]);
    }
    NONE.with(Arc::clone)
}

/// Type arguments, one for each of `parts`.
pub fn args_of<T>(parts: &[T], lower: impl FnMut(&T) -> Ty) -> Args {
    if parts.is_empty() { no_args() } else { parts.iter().map(lower).collect() }
}

/// A type, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// Not known.
    Unknown,
    /// `!`.
    Never,
    /// A struct or enum of the workspace.
    Adt(AdtId, Args),
    /// A library type by canonical path; primitives by their name.
    External(Name, Args),
    /// A tuple; `()` is the empty one.
    Tuple(Args),
    /// A slice, array or other plain sequence.
    Slice(Arc<Ty>),
    /// A function item.
    Function(FnId),
    /// A closure or function pointer by what it returns.
    Callable(Arc<Ty>),
    /// A future by its output.
    Future(Arc<Ty>),
    /// A type parameter of the function or impl block at hand.
    Param(Name),
    /// `impl A + B` or `dyn A + B`.
    Bounds(Arc<[Bound]>),
}

/// One bound of an opaque or dynamic type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A trait of the workspace.
    Trait(TraitId),
    /// A library trait by path.
    External(Name),
}

/// What a path is lowered against.
#[derive(Debug, Clone, Copy)]
pub struct TypeScope<'s> {
    /// Where the path stands.
    pub module: ModuleId,
    /// What `Self` is.
    pub self_ty: Option<&'s Ty>,
    /// Type parameters in scope.
    pub generics: [Option<&'s Generics>; 2],
}

/// A function's signature with types.
#[derive(Debug)]
pub struct Signature {
    /// Parameters after `self`.
    pub params: Vec<Ty>,
    /// What a call gives; a future for async functions.
    pub output: Ty,
    /// `Self`, inside impl blocks.
    pub self_ty: Option<Ty>,
}

/// Which trait an impl block implements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraitRef {
    /// One of the workspace.
    Local(TraitId),
    /// A library's, by path.
    External(Name),
}

/// Where a method leads.
#[derive(Debug)]
pub enum Method<'a> {
    /// Functions of the workspace; several mean dynamic dispatch or `cfg` alternatives.
    Local {
        /// The candidates.
        targets: Vec<FnId>,
        /// Whether only one of them, not known which, runs.
        dispatched: bool,
        /// The receiver type the method was found on.
        receiver: Ty,
    },
    /// A library method that the catalog knows, with the type it was found on.
    Library(&'a CallFacts, Ty),
    /// An unlisted method of a fluent library type: gives the type itself.
    Fluent(Name, Ty),
    /// An unlisted method of a library type.
    Unlisted(Name),
}

/// Types of one program.
pub struct Types<'a> {
    /// The items.
    pub items: &'a Items<'a>,
    /// Name resolution.
    pub names: &'a Names<'a>,
    /// Library knowledge.
    pub catalog: &'a Catalog,
    signatures: Vec<OnceLock<Signature>>,
    statics: Vec<OnceLock<Ty>>,
    /// Per struct or enum, the declared types of its fields: one list per variant, or one for a struct.
    fields: Vec<OnceLock<DeclaredFields>>,
    impl_types: Vec<Ty>,
    impl_traits: Vec<Option<TraitRef>>,
    /// Impl blocks by type, in order.
    impls_of: FxHashMap<TypeKey, Vec<ImplId>>,
    /// Functions of impl blocks, of traits or not, by type and name.
    associated: FxHashMap<TypeKey, FxHashMap<Name, Vec<FnId>>>,
    traits_of: FxHashMap<TypeKey, Vec<TraitId>>,
    blanket: FxHashMap<Name, Vec<FnId>>,
    implementations: FxHashMap<TraitId, Vec<ImplId>>,
    adts_with_handle: Vec<bool>,
    traits_with_handle: FxHashSet<TraitId>,
}

/// Types of fields, per variant.
type DeclaredFields = Box<[Box<[Ty]>]>;

/// The part of a type that impl blocks are found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeKey {
    /// A struct or enum of the workspace.
    Adt(AdtId),
    /// A library type by path.
    External(Name),
    /// An opaque or dynamic type, by the first of its traits that is of the workspace.
    Trait(TraitId),
}

/// The part of a type that impl blocks are found by; `None` for type parameters, tuples, functions and the like.
pub fn key_of(ty: &Ty) -> Option<TypeKey> {
    match ty {
        Ty::Adt(id, _) => Some(TypeKey::Adt(*id)),
        Ty::External(path, _) => Some(TypeKey::External(path.clone())),
        Ty::Bounds(bounds) => bounds.iter().find_map(|bound| match bound {
            Bound::Trait(id) => Some(TypeKey::Trait(*id)),
            Bound::External(_) => None,
        }),
        _ => None,
    }
}

thread_local! {
    static ENTERED: Cell<usize> = const { Cell::new(0) };
}

/// One alias or associated type being looked through on this thread. Those that name themselves end as unknown.
struct Entered;

impl Entered {
    fn once_more() -> Option<Self> {
        let entered = ENTERED.get();
        (entered < DEPTH).then(|| {
            ENTERED.set(entered + 1);
            Self
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        ENTERED.set(ENTERED.get() - 1);
    }
}

/// How many types method look-up and handle search go through before they give up.
const DEPTH: usize = 12;

impl Ty {
    /// `()`.
    pub fn unit() -> Self {
        Self::Tuple(no_args())
    }

    /// A library type without arguments.
    pub fn external(path: &str) -> Self {
        Self::External(Name::new(path), no_args())
    }

    /// The first type argument.
    pub fn first_arg(&self) -> Self {
        match self {
            Self::External(_, args) | Self::Adt(_, args) => args.first().cloned().unwrap_or(Self::Unknown),
            _ => Self::Unknown,
        }
    }

    /// What is there when it is awaited, where it is a future.
    pub fn awaited(&self) -> &Self {
        if let Self::Future(output) = self { output } else { self }
    }

    /// Whether both are one struct or enum, whatever its type arguments are.
    pub fn is_same_adt(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Adt(own, _), Self::Adt(other, _)) if own == other)
    }

    /// Whether it is std's `Option` or `Result`.
    pub fn is_option_or_result(&self) -> bool {
        matches!(self, Self::External(path, _) if path == OPTION || path == RESULT)
    }
}

/// Canonical path of `Option`.
pub const OPTION: &str = "std::option::Option";
/// Canonical path of `Result`.
pub const RESULT: &str = "std::result::Result";

/// Types that need no import and have no path.
pub const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

impl<'a> Types<'a> {
    /// Indexes impl blocks. Linear in their number.
    pub fn new(items: &'a Items<'a>, names: &'a Names<'a>, catalog: &'a Catalog) -> Self {
        let mut types = Self {
            items,
            names,
            catalog,
            signatures: items.functions.iter().map(|_| OnceLock::new()).collect(),
            statics: items.statics.iter().map(|_| OnceLock::new()).collect(),
            fields: items.adts.iter().map(|_| OnceLock::new()).collect(),
            impl_types: Vec::new(),
            impl_traits: Vec::new(),
            impls_of: FxHashMap::default(),
            associated: FxHashMap::default(),
            traits_of: FxHashMap::default(),
            blanket: FxHashMap::default(),
            implementations: FxHashMap::default(),
            adts_with_handle: Vec::new(),
            traits_with_handle: FxHashSet::default(),
        };
        let lowered: Vec<(Ty, Option<TraitRef>)> = items
            .impls
            .par_iter()
            .map(|block| {
                let scope = TypeScope {
                    module: block.module,
                    self_ty: None,
                    generics: [Some(&block.facts.generics), None],
                };
                let of_trait =
                    block.facts.of_trait.as_ref().and_then(|path| types.trait_ref(path, block.module));
                (types.lower(&block.facts.self_ty, scope), of_trait)
            })
            .collect();
        (types.impl_types, types.impl_traits) = lowered.into_iter().unzip();
        for (index, block) in items.impls.iter().enumerate() {
            let key = key_of(&types.impl_types[index]);
            if let Some(key) = &key {
                types.impls_of.entry(key.clone()).or_default().push(ImplId(index as u32));
            }
            if let Some(TraitRef::Local(id)) = &types.impl_traits[index] {
                types.implementations.entry(*id).or_default().push(ImplId(index as u32));
                if let Some(key) = &key {
                    types.traits_of.entry(key.clone()).or_default().push(*id);
                }
            }
            for function in &block.functions {
                let name = items.functions[function.index()].name.clone();
                match &key {
                    Some(key) => {
                        let named = types.associated.entry(key.clone()).or_default();
                        named.entry(name).or_default().push(*function);
                    }
                    // An implementation for a type that is not understood is for none that is.
                    None if types.impl_types[index] == Ty::Unknown => {}
                    None => types.blanket.entry(name).or_default().push(*function),
                }
            }
        }
        types.find_handles();
        types
    }

    /// The trait that a path names.
    pub fn trait_ref(&self, path: &Path, module: ModuleId) -> Option<TraitRef> {
        let resolved = self.names.resolve(module, path, Namespace::Types)?;
        match resolved.defs.first()? {
            Def::Item(Declared::Trait(id)) => Some(TraitRef::Local(*id)),
            Def::External(path) => Some(TraitRef::External(path.clone())),
            _ => None,
        }
    }

    /// The trait an impl block implements.
    pub fn impl_trait(&self, id: ImplId) -> Option<&TraitRef> {
        self.impl_traits[id.index()].as_ref()
    }

    /// Whether a type has an impl block for a trait of the workspace.
    pub fn implements(&self, ty: &Ty, id: TraitId) -> bool {
        key_of(ty).and_then(|key| self.traits_of.get(&key)).is_some_and(|traits| traits.contains(&id))
    }

    /// The type an impl block is for.
    pub fn impl_type(&self, id: ImplId) -> &Ty {
        &self.impl_types[id.index()]
    }

    /// The signature of a function; computed at the first use.
    pub fn signature(&self, id: FnId) -> &Signature {
        self.signatures[id.index()].get_or_init(|| {
            let item = &self.items.functions[id.index()];
            let self_ty = match item.container {
                Container::Module => None,
                Container::Impl(block) => Some(self.impl_types[block.index()].clone()),
                Container::Trait(id) => Some(Ty::Bounds(Arc::from([Bound::Trait(id)]))),
            };
            let Some(facts) = item.signature else {
                return Signature { params: Vec::new(), output: Ty::Unknown, self_ty };
            };
            let scope = self.scope_of(id, self_ty.as_ref());
            let params = facts.params.iter().map(|param| self.lower(&param.ty, scope)).collect();
            let output = facts.output.as_ref().map_or_else(Ty::unit, |ty| self.lower(ty, scope));
            let output = if facts.is_async { Ty::Future(Arc::new(output)) } else { output };
            Signature { params, output, self_ty }
        })
    }

    /// What names in a function are lowered against.
    pub fn scope_of<'s>(&self, id: FnId, self_ty: Option<&'s Ty>) -> TypeScope<'s>
    where
        'a: 's,
    {
        let item = &self.items.functions[id.index()];
        let outer = match item.container {
            Container::Module => None,
            Container::Impl(block) => Some(&self.items.impls[block.index()].facts.generics),
            Container::Trait(id) => Some(&self.items.traits[id.index()].facts.generics),
        };
        TypeScope {
            module: item.body_module,
            self_ty,
            generics: [item.signature.map(|facts| &facts.generics), outer],
        }
    }

    /// The declared type of a static.
    pub fn static_type(&self, id: StaticId) -> &Ty {
        self.statics[id.index()].get_or_init(|| {
            let item = &self.items.statics[id.index()];
            let scope = TypeScope { module: item.module, self_ty: None, generics: [None, None] };
            self.lower(&item.facts.ty, scope)
        })
    }

    /// A type as written, resolved.
    pub fn lower(&self, ty: &TypeRef, scope: TypeScope<'_>) -> Ty {
        match ty {
            TypeRef::Path(path) => self.lower_path(path, scope),
            TypeRef::Ref(inner, _) => self.lower(inner, scope),
            TypeRef::Tuple(list) => Ty::Tuple(args_of(list, |ty| self.lower(ty, scope))),
            TypeRef::Slice(inner) => Ty::Slice(Arc::new(self.lower(inner, scope))),
            TypeRef::Fn(_, output) => {
                Ty::Callable(Arc::new(output.as_ref().map_or_else(Ty::unit, |ty| self.lower(ty, scope))))
            }
            TypeRef::Impl(bounds) | TypeRef::Dyn(bounds) => self.lower_bounds(bounds, scope),
            TypeRef::Never => Ty::Never,
            TypeRef::Infer | TypeRef::Unknown => Ty::Unknown,
        }
    }

    fn lower_bounds(&self, bounds: &[Path], scope: TypeScope<'_>) -> Ty {
        let mut list = Vec::new();
        for path in bounds {
            let Some(last) = path.segments.last() else {
                continue;
            };
            let output = last
                .bindings()
                .iter()
                .find(|(name, _)| name == "Output")
                .map(|(_, ty)| self.lower(ty, scope));
            match last.name.as_str() {
                "Future" => return Ty::Future(Arc::new(output.unwrap_or(Ty::Unknown))),
                "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnMut" | "AsyncFnOnce" => {
                    let output = output.unwrap_or_else(Ty::unit);
                    let output =
                        if last.name.starts_with("Async") { Ty::Future(Arc::new(output)) } else { output };
                    return Ty::Callable(Arc::new(output));
                }
                _ => {}
            }
            match self.trait_ref(path, scope.module) {
                Some(TraitRef::Local(id)) => list.push(Bound::Trait(id)),
                Some(TraitRef::External(path)) => list.push(Bound::External(path)),
                None => {}
            }
        }
        if list.is_empty() { Ty::Unknown } else { Ty::Bounds(list.into()) }
    }

    /// The bounds of a type parameter in scope, as an opaque type.
    pub fn bounds_of(&self, name: &Name, scope: TypeScope<'_>) -> Ty {
        let params = scope.generics.into_iter().flatten().flat_map(|generics| &generics.params);
        match params.into_iter().find(|param| param.name == *name) {
            Some(param) => self.lower_bounds(&param.bounds, scope),
            None => Ty::Unknown,
        }
    }

    fn lower_path(&self, path: &Path, scope: TypeScope<'_>) -> Ty {
        if let Some(qself) = &path.qself {
            let on = self.lower(&qself.ty, scope);
            return match path.segments.last() {
                Some(last) => self.associated_type(&on, &last.name),
                None => Ty::Unknown,
            };
        }
        let Some(first) = path.segments.first() else {
            return Ty::Unknown;
        };
        if first.name == "Self" {
            let own = scope.self_ty.cloned().unwrap_or(Ty::Unknown);
            return match path.segments.get(1) {
                None => own,
                Some(segment) => self.associated_type(&own, &segment.name),
            };
        }
        let is_param = |name: &Name| {
            let mut params = scope.generics.into_iter().flatten().flat_map(|generics| &generics.params);
            params.any(|param| param.name == *name)
        };
        if is_param(&first.name) && !path.leading_colons {
            return if path.segments.len() == 1 { Ty::Param(first.name.clone()) } else { Ty::Unknown };
        }
        let args = || -> Args {
            let last = path.segments.last().expect("the path has a first segment");
            args_of(last.args(), |ty| self.lower(ty, scope))
        };
        let Some(resolved) = self.names.resolve(scope.module, path, Namespace::Types) else {
            return match path.segments.as_slice() {
                [only] if PRIMITIVES.contains(&only.name.as_str()) => Ty::external(&only.name),
                [.., last] => made_by_macro(last, args),
                [] => Ty::Unknown,
            };
        };
        if resolved.taken < path.segments.len() {
            return path.segments.last().map_or(Ty::Unknown, |last| made_by_macro(last, args));
        }
        self.type_of_def(&resolved.defs[0], args())
    }

    /// The type that a definition in type position stands for.
    pub fn type_of_def(&self, def: &Def, args: Args) -> Ty {
        match def {
            Def::Item(Declared::Adt(id)) | Def::Variant(id, _) => Ty::Adt(*id, args),
            Def::Item(Declared::Alias(id)) => {
                let Some(_entered) = Entered::once_more() else { return Ty::Unknown };
                let alias = &self.items.aliases[id.index()];
                let scope =
                    TypeScope { module: alias.module, self_ty: None, generics: [Some(alias.generics), None] };
                let ty = self.lower(alias.ty, scope);
                let mut bindings: Vec<(Name, Ty)> = Vec::new();
                for (index, param) in alias.generics.params.iter().enumerate() {
                    let default = || param.default.as_ref().map_or(Ty::Unknown, |ty| self.lower(ty, scope));
                    bindings.push((param.name.clone(), args.get(index).cloned().unwrap_or_else(default)));
                }
                substitute(&ty, &bindings)
            }
            Def::Item(Declared::Trait(id)) => Ty::Bounds(Arc::from([Bound::Trait(*id)])),
            Def::External(path) => self.external(path, args),
            Def::Item(_) => Ty::Unknown,
        }
    }

    /// A library type by the path that code used, made canonical.
    pub fn external(&self, path: &str, args: Args) -> Ty {
        let segments: Vec<&str> = path.split("::").collect();
        let canonical = self.catalog.canonical(&segments);
        let (path, args) = match &canonical.self_arguments {
            None => (canonical.path, args),
            Some(patterns) => {
                let given: Vec<Ty> = patterns
                    .iter()
                    .map(|pattern| self.from_pattern(pattern, &PatternInput::of_args(&args)))
                    .collect();
                (canonical.path, given.into())
            }
        };
        match path.as_str() {
            "std::pin::Pin" => return args.first().cloned().unwrap_or(Ty::Unknown),
            "std::boxed::Box" => {
                if let Some(inner @ (Ty::Future(_) | Ty::Callable(_))) = args.first() {
                    return inner.clone();
                }
            }
            _ => {}
        }
        match path.rsplit("::").next() {
            // Every library that names a type `Result` makes it an alias of std's.
            Some("Result" | "QueryResult") if path != RESULT => {
                let ok = args.first().cloned().unwrap_or_else(Ty::unit);
                Ty::External(Name::new(RESULT), Arc::from([ok]))
            }
            Some("BoxFuture" | "LocalBoxFuture") => {
                Ty::Future(Arc::new(args.first().cloned().unwrap_or(Ty::Unknown)))
            }
            _ => Ty::External(Name::new(path), args),
        }
    }

    pub(super) fn associated_type(&self, on: &Ty, name: &Name) -> Ty {
        let Some(_entered) = Entered::once_more() else { return Ty::Unknown };
        let Some(key) = key_of(on) else {
            return Ty::Unknown;
        };
        for id in self.impls_of.get(&key).into_iter().flatten() {
            let block = &self.items.impls[id.index()];
            if let Some((_, found)) = block.types.iter().find(|(candidate, _)| candidate == name) {
                let scope = TypeScope {
                    module: block.module,
                    self_ty: Some(on),
                    generics: [Some(&block.facts.generics), None],
                };
                return self.lower(found, scope);
            }
        }
        Ty::Unknown
    }

    /// The struct in which a field is found, looked up through smart pointers.
    pub fn owner_of_field(&self, base: &Ty, name: &str) -> Option<AdtId> {
        self.pointees(base.clone()).find_map(|ty| match ty {
            Ty::Adt(id, args) => self.adt_field(id, &args, None, name).map(|_| id),
            _ => None,
        })
    }

    /// The type of a field, looked up through smart pointers.
    pub fn field(&self, base: &Ty, name: &str) -> Ty {
        let mut current = base.clone();
        for _ in 0..DEPTH {
            match &current {
                Ty::Adt(id, args) => {
                    if let Some(ty) = self.adt_field(*id, args, None, name) {
                        return ty;
                    }
                }
                Ty::Tuple(list) => {
                    return name
                        .parse::<usize>()
                        .ok()
                        .and_then(|index| list.get(index).cloned())
                        .unwrap_or(Ty::Unknown);
                }
                _ => {}
            }
            match self.deref(&current) {
                Some(next) => current = next,
                None => break,
            }
        }
        Ty::Unknown
    }

    /// The type of a field of a struct or of one variant of an enum.
    pub fn adt_field(&self, id: AdtId, args: &Args, variant: Option<u32>, name: &str) -> Option<Ty> {
        let adt = &self.items.adts[id.index()];
        let fields: &Fields = match (&adt.shape, variant) {
            (AdtShape::Struct(facts), None) => &facts.fields,
            (AdtShape::Enum(variants), Some(variant)) => &variants.get(variant as usize)?.fields,
            _ => return None,
        };
        let at = fields.list().iter().position(|field| field.name == name)?;
        let ty = &self.declared_fields(id)[variant.unwrap_or(0) as usize][at];
        let bindings = bindings_of(adt.generics, args);
        Some(if bindings.is_empty() { ty.clone() } else { substitute(ty, &bindings) })
    }

    /// The types of all fields as declared; computed at the first use.
    pub fn declared_fields(&self, id: AdtId) -> &[Box<[Ty]>] {
        self.fields[id.index()].get_or_init(|| {
            let adt = &self.items.adts[id.index()];
            let params = adt.generics.params.iter().map(|param| Ty::Param(param.name.clone()));
            let own = Ty::Adt(id, params.collect());
            let scope =
                TypeScope { module: adt.module, self_ty: Some(&own), generics: [Some(adt.generics), None] };
            let lowered = |fields: &Fields| -> Box<[Ty]> {
                fields.list().iter().map(|field| self.lower(&field.ty, scope)).collect()
            };
            match &adt.shape {
                AdtShape::Struct(facts) => Box::from([lowered(&facts.fields)]),
                AdtShape::Enum(variants) => variants.iter().map(|variant| lowered(&variant.fields)).collect(),
            }
        })
    }

    /// The full path of a function or method: `module::Type::name`.
    pub fn function_path(&self, id: FnId) -> String {
        let items = self.items;
        let item = &items.functions[id.index()];
        let module = items.module_path(item.module);
        match item.container {
            Container::Module => format!("{module}::{}", item.name),
            Container::Impl(block) => {
                let ty = match self.impl_type(block) {
                    Ty::Adt(id, _) => items.adts[id.index()].name.to_string(),
                    other => self.display(other),
                };
                format!("{module}::{ty}::{}", item.name)
            }
            Container::Trait(id) => {
                format!("{module}::{}::{}", items.traits[id.index()].name, item.name)
            }
        }
    }

    /// A type, and what it points to, and so on; at most eight, as types may point to each other in a circle.
    pub fn pointees(&self, ty: Ty) -> impl Iterator<Item = Ty> {
        std::iter::successors(Some(ty), |ty| self.deref(ty)).take(8)
    }

    /// What `*value` is.
    pub fn deref(&self, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::External(path, args) => {
                let facts = self.catalog.type_facts(path)?;
                let pattern = facts.deref.as_ref()?;
                Some(self.from_pattern(pattern, &PatternInput::of_args(args)))
            }
            Ty::Adt(..) => {
                let functions = self.associated.get(&key_of(ty)?)?.get("deref")?;
                let id = *functions.first()?;
                Some(self.signature(id).output.clone())
                    .filter(|output| *output != Ty::Unknown && output != ty)
            }
            _ => None,
        }
    }
}

/// What the placeholders of a [`TypePattern`] stand for.
#[derive(Debug)]
pub struct PatternInput<'p> {
    /// `Self`.
    pub receiver: Ty,
    /// `$n`.
    pub generics: &'p [Ty],
    /// `#n`.
    pub arguments: &'p [Ty],
}

impl<'p> PatternInput<'p> {
    /// Only `$n` is known.
    pub fn of_args(generics: &'p [Ty]) -> Self {
        Self { receiver: Ty::Unknown, generics, arguments: &[] }
    }
}

/// The type arguments written on a path segment, lowered.
pub fn segment_args(types: &Types<'_>, segment: &Segment, scope: TypeScope<'_>) -> Args {
    args_of(segment.args(), |ty| types.lower(ty, scope))
}
/// The type behind a name that nothing declares: `Result<T>` is what a macro makes of a module's error type, and whatever its
/// error, it is a result.
fn made_by_macro(last: &Segment, args: impl Fn() -> Args) -> Ty {
    match last.name.as_str() {
        "Result" if !last.args().is_empty() => Ty::External(Name::new("std::result::Result"), args()),
        _ => Ty::Unknown,
    }
}
