//! Room 5, *program*: what a path in a body means.

use std::cell::Cell;
use std::sync::Arc;

use super::super::items::{AdtShape, Declared, ModuleId, StaticItem};
use super::super::names::{Def, Namespace};
use super::super::types::{Args, Method, PRIMITIVES, Ty, TypeScope, no_args, segment_args};
use super::super::values::Value;
use super::EventKind;
use super::walk::{Resolution, Typed, Walk, literal_value};
use crate::facts::{Body, ExprId, ExprKind, MacroContent, Name, Path, StaticSource};
use crate::location::FileId;

/// How many constants and parts of them are looked through for the value of one.
const CONSTANT_PARTS: usize = 400;

/// How many rows of a table, or texts of a list, are told.
const MOST_ROWS: usize = 24;

/// The value of a constant or a static, as it is written, and where its names are looked up.
#[derive(Clone, Copy)]
struct Written<'b> {
    module: ModuleId,
    file: FileId,
    body: &'b Body,
}

impl Walk<'_, '_> {
    /// A path in value position.
    pub(super) fn path(&mut self, path: &Path) -> Typed {
        if path.qself.is_none()
            && let Some(local) = self.local(path)
        {
            return local.typed.clone();
        }
        match self.resolve_value(path) {
            Some(Resolution::Def(def, ty)) => self.value_of_def(&def, ty),
            Some(Resolution::Associated(ty, name)) => {
                let found = self.types.associated_function(&ty, &name, self.scope());
                self.associated_value(found)
            }
            Some(Resolution::OfTrait(ty, of, name)) => {
                let found = self.types.trait_function_of(&ty, &of, &name);
                self.associated_value(found)
            }
            None => Typed::unknown(),
        }
    }

    pub(super) fn value_of_def(&mut self, def: &Def, ty: Option<Ty>) -> Typed {
        match def {
            Def::Item(Declared::Fn(id)) => Typed::new(Ty::Function(*id), Value::Function(*id)),
            Def::Item(Declared::Static(id)) => {
                self.emit(EventKind::Static(*id));
                let written = written_static(&self.types.items.statics[id.index()]);
                // What is not written out may be a cell that changes.
                let is_whole = |value: &Value| !value.contains(&Value::Unknown);
                let value = written.and_then(|written| self.written(written)).filter(is_whole);
                Typed::new(self.types.static_type(*id).clone(), value.unwrap_or(Value::Static(*id)))
            }
            Def::Item(Declared::Const(id)) => {
                let item = &self.types.items.consts[id.index()];
                let scope = TypeScope { module: item.module, self_ty: None, generics: [None, None] };
                let ty = self.types.lower(item.ty, scope);
                let value = item.value.map_or(Value::Unknown, |body| {
                    let written = Written { module: item.module, file: item.file, body };
                    self.written(written).unwrap_or_else(|| {
                        let module = self.types.items.module_path(item.module);
                        Value::Origin(Arc::from(format!("const {module}::{}", item.name)), Arc::from([]))
                    })
                });
                Typed::new(ty, value)
            }
            Def::Item(Declared::Adt(id)) => {
                Typed::new(Ty::Adt(*id, no_args()), Value::Record(*id, None, Arc::from([])))
            }
            Def::Variant(id, variant) => {
                Typed::new(Ty::Adt(*id, no_args()), Value::Record(*id, Some(*variant), Arc::from([])))
            }
            Def::External(path) => {
                let ty = ty.unwrap_or(Ty::Unknown);
                let value = Value::Origin(Arc::from(path.as_str()), Arc::from([]));
                Typed::new(ty, value)
            }
            Def::Item(_) => Typed::unknown(),
        }
    }

    fn written(&self, written: Written<'_>) -> Option<Value> {
        self.constant(written, written.body.root, &Cell::new(CONSTANT_PARTS))
    }

    /// The value of a constant that is written out: a literal, another constant, an SQL file, a list of texts, or a table of what
    /// belongs together in each row. Of a long list or table the beginning is told.
    fn constant(&self, written: Written<'_>, id: ExprId, budget: &Cell<usize>) -> Option<Value> {
        budget.set(budget.get().checked_sub(1)?);
        let body = written.body;
        let value = |id: ExprId| self.constant(written, id, budget);
        match &body.expr(id).kind {
            ExprKind::Literal(literal) => Some(literal_value(literal).value),
            ExprKind::Reference(inner, _) => value(*inner),
            ExprKind::Path(path) => {
                let items = self.types.items;
                let other = match self.resolve_in(written.module, path, Namespace::Values)? {
                    Def::Item(Declared::Const(other)) => {
                        let item = &items.consts[other.index()];
                        Written { module: item.module, file: item.file, body: item.value? }
                    }
                    Def::Item(Declared::Static(other)) => written_static(&items.statics[other.index()])?,
                    _ => return None,
                };
                self.constant(other, other.body.root, budget)
            }
            ExprKind::Array(list) => {
                let is_row =
                    |item: &ExprId| matches!(body.expr(*item).kind, ExprKind::Tuple(_) | ExprKind::Struct(_));
                if !list.is_empty() && list.iter().all(is_row) {
                    let rows = list.iter().take(MOST_ROWS).map(|row| self.row(written, *row, budget));
                    let rows = Value::parts(rows.collect::<Option<Vec<_>>>()?);
                    return Some(Value::Element(Arc::new(rows)));
                }
                let texts = list.iter().take(MOST_ROWS).map(|item| value(*item));
                let texts = texts.collect::<Option<Vec<_>>>()?;
                texts.iter().all(|text| matches!(text, Value::Text(_))).then(|| Value::parts(texts))
            }
            ExprKind::Macro(call) => {
                let MacroContent::Args(args) = &call.content else { return None };
                let texts = args.iter().map(|arg| value(*arg)).collect::<Option<Vec<_>>>()?;
                match (call.path.segments.last()?.name.as_str(), texts.as_slice()) {
                    ("include_str", [Value::Text(path)]) => {
                        self.types.items.included_sql(written.file, path).map(Value::Text)
                    }
                    ("concat", texts) if !texts.is_empty() => {
                        let texts = texts.iter().map(|text| match text {
                            Value::Text(text) => Some(text.as_ref()),
                            _ => None,
                        });
                        Some(Value::Text(Arc::from(texts.collect::<Option<String>>()?)))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A row of a table: a tuple or a record, in which what is no constant is not known.
    fn row(&self, written: Written<'_>, id: ExprId, budget: &Cell<usize>) -> Option<Value> {
        let value = |id: &ExprId| self.constant(written, *id, budget).unwrap_or_default();
        match &written.body.expr(id).kind {
            ExprKind::Tuple(list) => Some(Value::parts(list.iter().map(value).collect())),
            ExprKind::Struct(literal) => {
                let Def::Item(Declared::Adt(adt)) =
                    self.resolve_in(written.module, &literal.path, Namespace::Types)?
                else {
                    return None;
                };
                let fields = literal.fields.iter().map(|(name, field)| (name.clone(), value(field)));
                Some(Value::Record(adt, None, fields.collect()))
            }
            _ => None,
        }
    }

    /// What a whole path names in a module.
    fn resolve_in(&self, module: ModuleId, path: &Path, wanted: Namespace) -> Option<Def> {
        let found = self.types.names.resolve(module, path, wanted)?;
        (found.taken == path.segments.len()).then(|| found.defs.into_iter().next()).flatten()
    }

    fn associated_value(&mut self, found: Option<Method<'_>>) -> Typed {
        match found {
            Some(Method::Local { targets, .. }) if !targets.is_empty() => {
                Typed::new(Ty::Function(targets[0]), Value::Function(targets[0]))
            }
            Some(Method::Library(facts, on)) => {
                let output = self.result_of_library(facts, &on, &[]);
                Typed::new(
                    Ty::Callable(Arc::new(output)),
                    Value::Origin(Arc::from(facts.path.as_str()), Arc::from([])),
                )
            }
            _ => Typed::unknown(),
        }
    }

    pub(super) fn resolve_value(&self, path: &Path) -> Option<Resolution> {
        let scope = self.scope();
        if let Some(qself) = &path.qself {
            let ty = self.types.lower(&qself.ty, scope);
            let name = path.segments.last()?.name.clone();
            let of = path.segments.get(..qself.trait_segments as usize).unwrap_or_default();
            let of = Path { leading_colons: path.leading_colons, qself: None, segments: of.to_vec() };
            return Some(match self.types.trait_ref(&of, scope.module) {
                Some(of) => Resolution::OfTrait(ty, of, name),
                None => Resolution::Associated(ty, name),
            });
        }
        let first = path.segments.first()?;
        if first.name == "Self" || self.is_type_param(&first.name) {
            let ty = match (&self.self_ty, first.name.as_str()) {
                (Some(ty), "Self") => ty.clone(),
                _ => Ty::Param(first.name.clone()),
            };
            let name = path.segments.get(1).map(|segment| segment.name.clone());
            return match (ty, name) {
                (Ty::Adt(id, _), None) => Some(Resolution::Def(Def::Item(Declared::Adt(id)), None)),
                (Ty::Adt(id, args), Some(name)) => {
                    if let AdtShape::Enum(variants) = self.types.items.adts[id.index()].shape
                        && let Some(index) = variants.iter().position(|variant| variant.name == name)
                    {
                        return Some(Resolution::Def(Def::Variant(id, index as u32), None));
                    }
                    Some(Resolution::Associated(Ty::Adt(id, args), name))
                }
                (ty, Some(name)) => Some(Resolution::Associated(ty, name)),
                (_, None) => None,
            };
        }
        let found = self.types.names.resolve(scope.module, path, Namespace::Values);
        let Some(resolved) = found else {
            // `u64::from`, `str::parse`: primitives have no definition to find.
            return match path.segments.as_slice() {
                [owner, name] if PRIMITIVES.contains(&owner.name.as_str()) => {
                    Some(Resolution::Associated(Ty::external(&owner.name), name.name.clone()))
                }
                _ => None,
            };
        };
        let def = resolved.defs.into_iter().next()?;
        if resolved.taken == path.segments.len() {
            return Some(Resolution::Def(def, None));
        }
        let owner = &path.segments[resolved.taken - 1];
        let args = segment_args(self.types, owner, scope);
        let ty = self.types.type_of_def(&def, args);
        Some(Resolution::Associated(ty, path.segments[resolved.taken].name.clone()))
    }

    fn is_type_param(&self, name: &Name) -> bool {
        let mut params = self.scope().generics.into_iter().flatten().flat_map(|generics| &generics.params);
        params.any(|param| param.name == *name)
    }

    pub(super) fn resolve_type_path(&self, path: &Path) -> Option<(Def, Args)> {
        let scope = self.scope();
        if path.segments.first().is_some_and(|first| first.name == "Self")
            && let (Some(Ty::Adt(id, args)), Some(segment)) = (&self.self_ty, path.segments.get(1))
            && let AdtShape::Enum(variants) = self.types.items.adts[id.index()].shape
        {
            let index = variants.iter().position(|variant| variant.name == segment.name)?;
            return Some((Def::Variant(*id, index as u32), Arc::clone(args)));
        }
        let resolved = self.types.names.resolve(scope.module, path, Namespace::Types)?;
        if resolved.taken != path.segments.len() {
            return None;
        }
        let args = segment_args(self.types, path.segments.last()?, scope);
        Some((resolved.defs.into_iter().next()?, args))
    }
}

/// The initializer of a static that is no `static mut` and not filled at its first use.
fn written_static<'b>(item: &StaticItem<'b>) -> Option<Written<'b>> {
    let body = item.facts.init.as_ref()?;
    let is_fixed = !item.facts.mutable && item.facts.source == StaticSource::Item;
    is_fixed.then_some(Written { module: item.module, file: item.location.file, body })
}
