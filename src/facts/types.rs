//! Room 3, *facts*: names, paths, types, generics and literals as written. Nothing here is resolved.

use std::fmt::Write as _;

use smol_str::SmolStrBuilder;
use syn::punctuated::Punctuated;

use super::{Generics, Literal, Name, Path, QSelf, Segment, SegmentArguments, TypeParam, TypeRef};

/// An identifier without `r#`.
pub(super) fn name(ident: &syn::Ident) -> Name {
    let mut written = SmolStrBuilder::new();
    // Writing into a builder cannot fail.
    let _ = write!(written, "{ident}");
    match written.as_str().strip_prefix("r#") {
        Some(bare) => Name::new(bare),
        None => written.finish(),
    }
}

/// A path, with the type of `<Type as Trait>::` when it has one.
pub(super) fn path(qself: Option<&syn::QSelf>, path: &syn::Path) -> Path {
    Path {
        leading_colons: path.leading_colon.is_some(),
        qself: qself.map(|qself| {
            Box::new(QSelf {
                ty: type_ref(&qself.ty),
                trait_segments: u32::try_from(qself.position).unwrap_or(u32::MAX),
            })
        }),
        segments: path.segments.iter().map(segment).collect(),
    }
}

/// A path of one name.
pub(super) fn path_of_name(name: Name) -> Path {
    Path { segments: vec![segment_of_name(name)], ..Path::default() }
}

/// A segment without arguments.
pub(super) fn segment_of_name(name: Name) -> Segment {
    Segment { name, ..Segment::default() }
}

fn segment(segment: &syn::PathSegment) -> Segment {
    let arguments = match &segment.arguments {
        syn::PathArguments::None => None,
        syn::PathArguments::AngleBracketed(arguments) => Some(SegmentArguments {
            types: type_arguments(arguments),
            bindings: arguments.args.iter().filter_map(binding).collect(),
        }),
        syn::PathArguments::Parenthesized(arguments) => {
            let output = return_type(&arguments.output).unwrap_or(TypeRef::Tuple(Vec::new()));
            Some(SegmentArguments {
                types: arguments.inputs.iter().map(|input| type_ref(&input.ty)).collect(),
                bindings: vec![(Name::new_static("Output"), output)],
            })
        }
    };
    // `<'a>` and `<3>` leave nothing: equal paths must be equal whether or not they were written.
    let arguments = arguments.filter(|found| !found.types.is_empty() || !found.bindings.is_empty());
    Segment { name: name(&segment.ident), arguments: arguments.map(Box::new) }
}

/// The types among `<…>`; lifetimes and constants are left out.
pub(super) fn type_arguments(arguments: &syn::AngleBracketedGenericArguments) -> Vec<TypeRef> {
    let mut types: Vec<TypeRef> = arguments
        .args
        .iter()
        .filter_map(|argument| match argument {
            syn::GenericArgument::Type(ty) => Some(type_ref(ty)),
            _ => None,
        })
        .collect();
    types.shrink_to_fit();
    types
}

fn binding(argument: &syn::GenericArgument) -> Option<(Name, TypeRef)> {
    match argument {
        syn::GenericArgument::AssocType(bound) => Some((name(&bound.ident), type_ref(&bound.ty))),
        syn::GenericArgument::Constraint(bound) => {
            Some((name(&bound.ident), TypeRef::Impl(bounds(&bound.bounds))))
        }
        _ => None,
    }
}

/// A type as written.
pub(super) fn type_ref(ty: &syn::Type) -> TypeRef {
    match ty {
        syn::Type::Path(ty) => TypeRef::Path(path(ty.qself.as_ref(), &ty.path)),
        syn::Type::Reference(ty) => TypeRef::Ref(Box::new(type_ref(&ty.elem)), ty.mutability.is_some()),
        syn::Type::Ptr(ty) => TypeRef::Ref(
            Box::new(type_ref(&ty.elem)),
            matches!(ty.mutability, syn::PointerMutability::Mut(_)),
        ),
        syn::Type::Tuple(ty) => TypeRef::Tuple(ty.elems.iter().map(type_ref).collect()),
        syn::Type::Slice(ty) => TypeRef::Slice(Box::new(type_ref(&ty.elem))),
        syn::Type::Array(ty) => TypeRef::Slice(Box::new(type_ref(&ty.elem))),
        syn::Type::FnPtr(ty) => TypeRef::Fn(
            ty.inputs.iter().map(|input| type_ref(&input.ty)).collect(),
            return_type(&ty.output).map(Box::new),
        ),
        syn::Type::ImplTrait(ty) => TypeRef::Impl(bounds(&ty.bounds)),
        syn::Type::TraitObject(ty) => TypeRef::Dyn(bounds(&ty.bounds)),
        syn::Type::Paren(ty) => type_ref(&ty.elem),
        syn::Type::Group(ty) => type_ref(&ty.elem),
        syn::Type::Never(_) => TypeRef::Never,
        syn::Type::Infer(_) => TypeRef::Infer,
        _ => TypeRef::Unknown,
    }
}

/// The type after `->`.
pub(super) fn return_type(output: &syn::ReturnType) -> Option<TypeRef> {
    match output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, ty) => Some(type_ref(ty)),
    }
}

/// The traits among bounds. `?Sized` is not a bound but the lack of one.
pub(super) fn bounds<P>(bounds: &Punctuated<syn::TypeParamBound, P>) -> Vec<Path> {
    let mut paths: Vec<Path> = bounds
        .iter()
        .filter_map(|bound| match bound {
            syn::TypeParamBound::Trait(bound) if bound.maybe.is_none() => Some(path(None, &bound.path)),
            _ => None,
        })
        .collect();
    paths.shrink_to_fit();
    paths
}

/// Type parameters with what `where` adds to them.
pub(super) fn generics(generics: &syn::Generics) -> Generics {
    let mut params: Vec<TypeParam> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            syn::GenericParam::Type(param) => Some(TypeParam {
                name: name(&param.ident),
                bounds: bounds(&param.bounds),
                default: param.default.as_ref().map(|(_, ty)| type_ref(ty)),
            }),
            _ => None,
        })
        .collect();
    params.shrink_to_fit();
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    for predicate in predicates {
        let syn::WherePredicate::Type(predicate) = predicate else {
            continue;
        };
        let syn::Type::Path(bounded) = &predicate.bounded_ty else {
            continue;
        };
        let Some(ident) = bounded.path.get_ident() else {
            continue;
        };
        let bounded = name(ident);
        if let Some(param) = params.iter_mut().find(|param| param.name == bounded) {
            param.bounds.append(&mut bounds(&predicate.bounds));
        }
    }
    Generics { params }
}

/// A literal's value, as far as later stages read it.
pub(super) fn literal(literal: &syn::Lit) -> Literal {
    match literal {
        syn::Lit::Str(text) => Literal::Str(text.value().into()),
        syn::Lit::CStr(text) => match text.value().into_string() {
            Ok(text) => Literal::Str(text.into()),
            Err(_) => Literal::Other,
        },
        syn::Lit::Int(number) => match number.base10_digits().parse() {
            Ok(number) => Literal::Int(number),
            Err(_) => Literal::Other,
        },
        syn::Lit::Bool(truth) => Literal::Bool(truth.value),
        _ => Literal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(text: &str) -> TypeRef {
        type_ref(&syn::parse_str(text).unwrap())
    }

    fn single(name: &str) -> TypeRef {
        TypeRef::Path(path_of_name(Name::new(name)))
    }

    fn names(paths: &[Path]) -> Vec<String> {
        paths
            .iter()
            .map(|path| {
                let names: Vec<&str> = path.segments.iter().map(|part| part.name.as_str()).collect();
                names.join("::")
            })
            .collect()
    }

    #[test]
    fn a_path_keeps_its_type_arguments_and_drops_lifetimes_and_constants() {
        let TypeRef::Path(path) = ty("::a::Pool<'a, Postgres, 3, { N }>") else {
            panic!("a path");
        };
        assert!(path.leading_colons);
        assert_eq!(path.segments[0].name, "a");
        assert_eq!(path.segments[1].args(), [single("Postgres")]);
    }

    #[test]
    fn references_and_pointers_keep_their_mutability() {
        assert_eq!(ty("&'a mut T"), TypeRef::Ref(Box::new(single("T")), true));
        assert_eq!(ty("&T"), TypeRef::Ref(Box::new(single("T")), false));
        assert_eq!(ty("*const T"), TypeRef::Ref(Box::new(single("T")), false));
        assert_eq!(ty("*mut T"), TypeRef::Ref(Box::new(single("T")), true));
    }

    #[test]
    fn a_function_bound_names_its_output() {
        let TypeRef::Impl(bounds) = ty("impl Fn(A) -> B + Send + 'static + ?Sized") else {
            panic!("an impl type");
        };
        assert_eq!(names(&bounds), ["Fn", "Send"]);
        assert_eq!(bounds[0].segments[0].args(), [single("A")]);
        assert_eq!(bounds[0].segments[0].bindings(), [(Name::new("Output"), single("B"))]);
    }

    #[test]
    fn associated_types_become_bindings() {
        let TypeRef::Dyn(bounds) = ty("dyn Iterator<Item = A>") else {
            panic!("a trait object");
        };
        assert_eq!(bounds[0].segments[0].bindings(), [(Name::new("Item"), single("A"))]);
    }

    #[test]
    fn a_qualified_path_tells_its_type_and_trait() {
        let TypeRef::Path(path) = ty("<T as a::Trait>::Item") else {
            panic!("a path");
        };
        let qself = path.qself.clone().unwrap();
        assert_eq!(qself.ty, single("T"));
        assert_eq!(qself.trait_segments, 2);
        assert_eq!(names(&[path]), ["a::Trait::Item"]);
    }

    #[test]
    fn other_shapes_of_types() {
        assert_eq!(ty("()"), TypeRef::Tuple(Vec::new()));
        assert_eq!(ty("[T; 4]"), TypeRef::Slice(Box::new(single("T"))));
        assert_eq!(ty("(T)"), single("T"));
        assert_eq!(ty("!"), TypeRef::Never);
        assert_eq!(ty("_"), TypeRef::Infer);
        assert_eq!(ty("m!(x)"), TypeRef::Unknown);
        assert_eq!(ty("fn(A) -> B"), TypeRef::Fn(vec![single("A")], Some(Box::new(single("B")))));
    }

    #[test]
    fn where_clauses_are_folded_into_their_parameter() {
        let item: syn::ItemFn =
            syn::parse_str("fn f<'a, T: A, const N: usize, U = V>() where T: B + C, Vec<T>: D {}").unwrap();
        let generics = generics(&item.sig.generics);
        assert_eq!(generics.params.len(), 2);
        assert_eq!(names(&generics.params[0].bounds), ["A", "B", "C"]);
        assert_eq!(generics.params[1].default, Some(single("V")));
    }

    #[test]
    fn raw_identifiers_lose_their_prefix() {
        assert_eq!(ty("r#type"), single("type"));
        assert_eq!(ty("a_name_that_is_longer_than_inline"), single("a_name_that_is_longer_than_inline"));
    }

    #[test]
    fn literals_keep_strings_and_integers_that_fit() {
        let value = |text: &str| literal(&syn::parse_str(text).unwrap());
        assert_eq!(value("r#\"a\\\"#"), Literal::Str("a\\".into()));
        assert_eq!(value("c\"a\""), Literal::Str("a".into()));
        assert_eq!(value("0xff_u8"), Literal::Int(255));
        assert_eq!(value("true"), Literal::Bool(true));
        assert_eq!(value("1.5"), Literal::Other);
        assert_eq!(value("'a'"), Literal::Other);
        assert_eq!(value("999999999999999999999999999999999999999999"), Literal::Other);
    }
}
