//! Room 3, *facts*: what a function declares: its receiver, parameters and result. Bodies are written by
//! [`super::bodies`].

use super::items::named;
use super::patterns::pattern;
use super::types::{generics, return_type, type_ref};
use super::{Body, Function, Item, ItemKind, Param, Receiver, TypeRef};

/// A function that is not public; the caller knows better.
pub(super) fn function(signature: &syn::Signature, attrs: &[syn::Attribute], body: Option<Body>) -> Item {
    let mut receiver = None;
    let mut params = Vec::with_capacity(signature.inputs.len());
    for input in &signature.inputs {
        match input {
            syn::FnArg::Receiver(found) => receiver = Some(receiver_of(found)),
            syn::FnArg::Typed(param) => {
                params.push(Param { pat: pattern(&param.pat), ty: type_ref(&param.ty) })
            }
        }
    }
    params.shrink_to_fit();
    named(
        &signature.ident,
        false,
        attrs,
        ItemKind::Fn(Box::new(Function {
            generics: generics(&signature.generics),
            is_async: signature.asyncness.is_some(),
            receiver,
            params,
            output: return_type(&signature.output),
            body,
        })),
    )
}

fn receiver_of(receiver: &syn::Receiver) -> Receiver {
    match &receiver.kind {
        syn::ReceiverKind::Value => Receiver::Owned,
        syn::ReceiverKind::Reference(_, _, Some(_)) => Receiver::Exclusive,
        syn::ReceiverKind::Reference(_, _, None) => Receiver::Shared,
        syn::ReceiverKind::Typed(_, ty) => match type_ref(ty) {
            TypeRef::Ref(inner, mutable) if is_self(&inner) => {
                if mutable {
                    Receiver::Exclusive
                } else {
                    Receiver::Shared
                }
            }
            ty if is_self(&ty) => Receiver::Owned,
            _ => Receiver::Typed,
        },
        _ => Receiver::Typed,
    }
}

fn is_self(ty: &TypeRef) -> bool {
    matches!(ty, TypeRef::Path(path) if path.segments.len() == 1 && path.segments[0].name == "Self")
}

#[cfg(test)]
mod tests {
    use crate::facts::sketch::{facts, path};
    use crate::facts::{Function, Item, ItemKind, Receiver};

    fn only(text: &str) -> Item {
        let mut items = facts(text).items;
        assert_eq!(items.len(), 1, "{text}");
        items.remove(0)
    }

    fn function(item: &Item) -> &Function {
        match &item.kind {
            ItemKind::Fn(function) => function,
            other => panic!("not a function: {other:?}"),
        }
    }

    #[test]
    fn a_function_keeps_its_signature() {
        let item = only("async fn f<T: A>(a: B, (c, _): (D, E)) -> F where T: G {}");
        let found = function(&item);
        assert!(found.is_async && found.output.is_some() && found.receiver.is_none());
        assert_eq!(found.params.len(), 2);
        let bounds: Vec<_> = found.generics.params[0].bounds.iter().map(path).collect();
        assert_eq!(bounds, ["A", "G"]);
    }

    #[test]
    fn receivers() {
        let item = only(
            "impl A { fn a(mut self) {} fn b(&self) {} fn c(&'a mut self) {} fn d(self: Arc<Self>) {}
             fn e(self: &mut Self) {} fn g(self: Self) {} fn h(a: B) {} }",
        );
        let ItemKind::Impl(found) = &item.kind else {
            panic!("an impl");
        };
        let receivers: Vec<_> = found.items.iter().map(|item| function(item).receiver).collect();
        assert_eq!(
            receivers,
            [
                Some(Receiver::Owned),
                Some(Receiver::Shared),
                Some(Receiver::Exclusive),
                Some(Receiver::Typed),
                Some(Receiver::Exclusive),
                Some(Receiver::Owned),
                None
            ]
        );
    }
}
