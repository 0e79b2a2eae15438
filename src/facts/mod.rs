//! Room 3, *facts*: what ONE file says, from its text alone.
//!
//! This is the only room that knows `syn`. A file becomes a [`FileFacts`]: plain, `Send`, span-carrying data
//! without lifetimes, and a list of problems. Nothing here knows the catalog, other files, cargo or the disk,
//! so facts could be cached by a hash of the text. Syntax trees and proc-macro spans never leave
//! [`extract`].

mod attributes;
mod bodies;
mod body_tree;
mod comments;
mod control_flow;
mod database_attribute;
mod delimiters;
mod expressions;
mod extract;
mod functions;
mod item_macros;
mod items;
mod lexemes;
mod macro_grammar;
mod macro_rules;
mod macros;
mod nesting;
mod patterns;
#[cfg(test)]
mod sketch;
mod source_text;
mod spans;
mod text_macros;
mod types;
mod uses;

pub use body_tree::{
    Arm, BinaryOp, Body, Closure, Expr, ExprId, ExprKind, LetCondition, LetStatement, Literal, MacroCall,
    MacroContent, MethodCall, Pat, SelectArm, Statement, StructLiteral,
};
pub use extract::{Extracted, MAX_BYTES, extract};
pub use nesting::STACK_BYTES;
pub use text_macros::TextMacro;

use smol_str::SmolStr;

use crate::location::Span;

/// An identifier as written, without `r#`.
pub type Name = SmolStr;

/// Everything one file says.
#[derive(Debug, Default)]
pub struct FileFacts {
    /// Inner attributes of the file (`#![cfg(test)]`, …).
    pub attributes: Attributes,
    /// Top-level items in source order.
    pub items: Vec<Item>,
    /// Comments that talk to initpath, in source order.
    pub comments: Vec<Directive>,
    /// Number of lines of the file.
    pub lines: u32,
    /// Macro calls whose bodies could not be entered.
    pub opaque_macros: u32,
}

/// A comment of the form `// initpath: …`, or one that is meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Where the comment is.
    pub span: Span,
    /// The text after `initpath:`, trimmed.
    pub text: String,
    /// Whether it is of another form, such as a block comment or one without the colon. It silences nothing.
    pub is_misspelt: bool,
}

/// An item with its attributes.
#[derive(Debug)]
pub struct Item {
    /// Declared name; empty for impl blocks, uses and item macros.
    pub name: Name,
    /// Whether it is visible outside its module in any form (`pub`, `pub(crate)`, …).
    pub public: bool,
    /// Attributes, trimmed to those the later stages read.
    pub attributes: Attributes,
    /// The declared name where there is one, else the first line of the item.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item is.
#[derive(Debug)]
pub enum ItemKind {
    /// `mod name { … }` (`items` is `Some`) or `mod name;`.
    Mod {
        /// Items of an inline module.
        items: Option<Vec<Item>>,
        /// `#[path = "…"]`.
        path: Option<String>,
    },
    /// One leaf of a `use` tree; a tree with several leaves becomes several items.
    Use(Use),
    /// `extern crate name as alias;` (`name` of the item is the alias when there is one).
    ExternCrate {
        /// The crate's name as written.
        krate: Name,
    },
    /// A free function, an associated function or a method.
    Fn(Box<Function>),
    /// `impl Trait for Type { … }` or `impl Type { … }`.
    Impl(Box<Impl>),
    /// A trait.
    Trait(Box<Trait>),
    /// A struct or union.
    Struct(Struct),
    /// An enum.
    Enum {
        /// Type parameters.
        generics: Generics,
        /// Variants in order.
        variants: Vec<Variant>,
    },
    /// `static NAME: Type = init;`, also those inside `lazy_static!` and `thread_local!`.
    Static(Box<Static>),
    /// `const NAME: Type = init;`.
    Const {
        /// Declared type.
        ty: TypeRef,
        /// The value; absent for required trait constants.
        value: Option<Body>,
    },
    /// `type Name<…> = Type;`, also associated types (`ty` is `None` when a trait only declares it).
    TypeAlias {
        /// Type parameters.
        generics: Generics,
        /// The aliased type.
        ty: Option<TypeRef>,
        /// Bounds of an associated type declaration.
        bounds: Vec<Path>,
    },
    /// `macro_rules! name { … }`: those of its arms that read like functions of their metavariables.
    MacroRules(Vec<Function>),
    /// A macro call in item position that was not entered (`embed_migrations!("…");`).
    MacroCall(Path, Vec<Literal>),
}

/// One leaf of a `use` declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Path from the root of the tree to the leaf; a leaf `self` is already dropped.
    pub path: Vec<Name>,
    /// Whether the path starts with `::`.
    pub leading_colons: bool,
    /// What it brings in.
    pub binds: UseBinding,
}

/// What a `use` leaf brings into scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseBinding {
    /// A name (the last segment, or the alias).
    Name(Name),
    /// `as _`: only the trait's methods.
    Anonymous,
    /// `*`.
    Glob,
}

/// Attributes that later stages read.
#[derive(Debug, Default, Clone)]
pub struct Attributes {
    /// Conjunction of the `#[cfg(…)]` conditions.
    pub cfg: Option<Cfg>,
    /// Paths in `#[derive(…)]`.
    pub derives: Vec<Path>,
    /// Every other attribute except documentation and lint levels.
    pub others: Vec<Attribute>,
}

impl Attributes {
    /// Whether the item is a test: it is marked `#[test]`, `#[tokio::test]`, `#[rstest]` or the like.
    pub fn mark_a_test(&self) -> bool {
        let last = |attribute: &Attribute| attribute.path.segments.last().map(|last| last.name.clone());
        self.others.iter().filter_map(last).any(|name| matches!(name.as_str(), "test" | "rstest"))
    }
}

/// An attribute such as `#[get("/x")]`, `#[tokio::main]`, `#[arg(long, env = "DATABASE_URL", default_value = "…")]`.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// The path before the arguments.
    pub path: Path,
    /// Literals given by position (`"/x"`).
    pub literals: Vec<Literal>,
    /// Arguments of the form `key = "value"`.
    pub named: Vec<(Name, Literal)>,
    /// Arguments that are bare words or word lists (`flavor`, `env`, `long`).
    pub words: Vec<Name>,
}

/// A `cfg` condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cfg {
    /// `all(…)`.
    All(Vec<Cfg>),
    /// `any(…)`.
    Any(Vec<Cfg>),
    /// `not(…)`.
    Not(Box<Cfg>),
    /// `test`, `unix`, ….
    Flag(Name),
    /// `feature = "x"`, `target_os = "linux"`.
    KeyValue(Name, Name),
}

impl Cfg {
    /// Whether code under this condition exists only in test builds.
    pub fn requires_test(&self) -> bool {
        match self {
            Self::Flag(name) => name == "test",
            Self::All(list) => list.iter().any(Self::requires_test),
            Self::Any(list) => !list.is_empty() && list.iter().all(Self::requires_test),
            Self::Not(_) | Self::KeyValue(..) => false,
        }
    }
}

/// Type parameters with their bounds (`where` clauses folded in).
#[derive(Debug, Default, Clone)]
pub struct Generics {
    /// Type parameters in order.
    pub params: Vec<TypeParam>,
}

/// One type parameter.
#[derive(Debug, Clone)]
pub struct TypeParam {
    /// Its name.
    pub name: Name,
    /// Its bounds; lifetimes are left out.
    pub bounds: Vec<Path>,
    /// Its default.
    pub default: Option<TypeRef>,
}

/// A function with everything but its name.
#[derive(Debug)]
pub struct Function {
    /// Type parameters.
    pub generics: Generics,
    /// Whether it is declared `async`.
    pub is_async: bool,
    /// How it takes `self`, if it does.
    pub receiver: Option<Receiver>,
    /// Parameters after `self`.
    pub params: Vec<Param>,
    /// Return type; `None` is `()`.
    pub output: Option<TypeRef>,
    /// The body; `None` for required trait methods and foreign functions.
    pub body: Option<Body>,
}

impl Function {
    /// Whether the parameter with this number after `self` is a reference.
    pub fn borrows(&self, param: usize) -> bool {
        self.params.get(param).is_some_and(|param| matches!(param.ty, TypeRef::Ref(..)))
    }

    /// Whether it takes `&self` or `&mut self`.
    pub fn borrows_self(&self) -> bool {
        matches!(self.receiver, Some(Receiver::Shared | Receiver::Exclusive))
    }
}

/// How a method takes `self`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// `self`, `mut self`.
    Owned,
    /// `&self`.
    Shared,
    /// `&mut self`.
    Exclusive,
    /// `self: Arc<Self>` and the like.
    Typed,
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    /// Its pattern.
    pub pat: Pat,
    /// Its type.
    pub ty: TypeRef,
}

/// An impl block.
#[derive(Debug)]
pub struct Impl {
    /// Type parameters.
    pub generics: Generics,
    /// The implemented trait.
    pub of_trait: Option<Path>,
    /// The type.
    pub self_ty: TypeRef,
    /// Functions, constants and types.
    pub items: Vec<Item>,
}

/// A trait.
#[derive(Debug)]
pub struct Trait {
    /// Type parameters.
    pub generics: Generics,
    /// Supertraits.
    pub supertraits: Vec<Path>,
    /// Functions, constants and types.
    pub items: Vec<Item>,
}

/// A struct or union.
#[derive(Debug)]
pub struct Struct {
    /// Type parameters.
    pub generics: Generics,
    /// Its fields.
    pub fields: Fields,
}

/// An enum variant.
#[derive(Debug)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// Its fields.
    pub fields: Fields,
    /// Its attributes.
    pub attributes: Attributes,
}

/// The fields of a struct or variant.
#[derive(Debug)]
pub enum Fields {
    /// No fields.
    Unit,
    /// `(A, B)`.
    Tuple(Vec<Field>),
    /// `{ a: A }`.
    Named(Vec<Field>),
}

impl Fields {
    /// The fields in order; empty for unit.
    pub fn list(&self) -> &[Field] {
        match self {
            Self::Unit => &[],
            Self::Tuple(fields) | Self::Named(fields) => fields,
        }
    }
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name; `0`, `1`, … in tuples.
    pub name: Name,
    /// Its type.
    pub ty: TypeRef,
    /// Its attributes (clap `env`, serde `rename`, …).
    pub attributes: Attributes,
    /// Where its name (or type) is.
    pub span: Span,
}

/// A static.
#[derive(Debug)]
pub struct Static {
    /// `static mut`.
    pub mutable: bool,
    /// Declared type.
    pub ty: TypeRef,
    /// Initializer.
    pub init: Option<Body>,
    /// What made it.
    pub source: StaticSource,
}

/// What made a static.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaticSource {
    /// A `static` item.
    Item,
    /// An entry of `lazy_static!`: the initializer runs at the first use.
    LazyStatic,
    /// An entry of `thread_local!`: one value per thread, made at the first use in it.
    ThreadLocal,
}

/// A path as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path {
    /// Starts with `::`.
    pub leading_colons: bool,
    /// `<Type as …>::`: the type; the trait's segments, if any, come first in `segments`.
    pub qself: Option<Box<QSelf>>,
    /// Segments in order.
    pub segments: Vec<Segment>,
}

impl Path {
    /// A name alone.
    pub fn of_name(name: Name) -> Self {
        Self { segments: vec![Segment { name, ..Segment::default() }], ..Self::default() }
    }
}

/// The `<Type as Trait>` part of a qualified path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QSelf {
    /// The type.
    pub ty: TypeRef,
    /// How many of the path's segments belong to the trait (0 for `<T>::x`).
    pub trait_segments: u32,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segment {
    /// The identifier.
    pub name: Name,
    /// What stands in angle brackets or parentheses after it. Boxed, because paths are most of what a program
    /// consists of, and few segments have any.
    pub arguments: Option<Box<SegmentArguments>>,
}

/// What stands in angle brackets or parentheses after a segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SegmentArguments {
    /// Type arguments; lifetimes and constants are left out.
    pub types: Vec<TypeRef>,
    /// `Output = T` bindings; `Fn(A) -> B` gives one named `Output`.
    pub bindings: Vec<(Name, TypeRef)>,
}

impl Segment {
    /// Type arguments, if there are any.
    pub fn args(&self) -> &[TypeRef] {
        self.arguments.as_ref().map_or(&[], |arguments| &arguments.types)
    }

    /// `Output = T` bindings, if there are any.
    pub fn bindings(&self) -> &[(Name, TypeRef)] {
        self.arguments.as_ref().map_or(&[], |arguments| &arguments.bindings)
    }
}

/// A type as written. References keep their mutability because `&mut` proves exclusivity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRef {
    /// A path.
    Path(Path),
    /// `&T`, `&mut T`, `*const T`, `*mut T`.
    Ref(Box<TypeRef>, bool),
    /// `(A, B)`; `()` is the empty tuple.
    Tuple(Vec<TypeRef>),
    /// `[T]`, `[T; N]`.
    Slice(Box<TypeRef>),
    /// `fn(A) -> B`.
    Fn(Vec<TypeRef>, Option<Box<TypeRef>>),
    /// `impl A + B`.
    Impl(Vec<Path>),
    /// `dyn A + B`.
    Dyn(Vec<Path>),
    /// `!`.
    Never,
    /// `_`.
    Infer,
    /// Anything else (macro types, …).
    Unknown,
}
