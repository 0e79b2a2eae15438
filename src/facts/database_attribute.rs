//! Room 3, *facts*: `#[database("name")]` on a struct, which makes a function that makes a pool. No source text holds
//! that function, so it is written here as its macro would write it, reduced to what is called with what.

use quote::{format_ident, quote_spanned};
use syn::spanned::Spanned;

/// The implementation that the attribute adds to a struct around one pool or connection type:
///
/// - rocket_sync_db_pools 0.1: `Type::fairing()`;
/// - rocket_db_pools 0.2, where the attribute only names the database for `#[derive(Database)]`: `Type::init()`, which also
///   manages the value, so that handlers find it as `&State<Type>`.
///
/// Both read the address from the key `databases.NAME` of rocket's configuration. The call in the body is one of the
/// macro itself, with that key and a value of the inner type as arguments: the catalog says what it means.
pub(super) fn implementation_of(item: &syn::ItemStruct) -> Option<syn::ItemImpl> {
    let attribute = item.attrs.iter().find(|attribute| is_named(attribute.path(), "database"))?;
    let key = attribute.parse_args::<syn::LitStr>().ok()?;
    let inner = match &item.fields {
        syn::Fields::Unnamed(fields) => &fields.unnamed.first()?.ty,
        _ => return None,
    };
    let derived = derived(&item.attrs, "Database");
    let (maker, function) = match &derived {
        Some(derive) => (derive, "init"),
        None => (attribute.path(), "fairing"),
    };
    let span = attribute.path().span();
    let (name, function) = (&item.ident, format_ident!("{function}", span = span));
    let manages = derived.iter().map(|_| quote_spanned!(span=> ::rocket::Rocket::manage(_, _ as #name);));
    let key = format!("databases.{}", key.value());
    syn::parse2(quote_spanned! {span=>
        impl #name {
            pub fn #function() -> impl ::rocket::fairing::Fairing {
                #(#manages)*
                #maker(::rocket::Config::figment().extract_inner(#key), _ as #inner)
            }
        }
    })
    .ok()
}

fn is_named(path: &syn::Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}

/// The path in `#[derive(…)]` that ends in this name.
fn derived(attributes: &[syn::Attribute], name: &str) -> Option<syn::Path> {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let lists = derives.filter_map(|attribute| {
        let list = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
        attribute.parse_args_with(list).ok()
    });
    lists.flatten().find(|path| is_named(path, name))
}

#[cfg(test)]
mod tests {
    use crate::facts::ItemKind;
    use crate::facts::sketch::{facts, function_body, sketch};

    fn made(text: &str) -> Option<(String, String)> {
        let facts = facts(text);
        let block = facts.items.iter().find_map(|item| match &item.kind {
            ItemKind::Impl(block) => Some(block),
            _ => None,
        })?;
        Some((block.items[0].name.to_string(), sketch(function_body(&block.items[0]))))
    }

    #[test]
    fn the_attribute_makes_a_function_that_makes_a_pool() {
        let (name, body) = made("#[database(\"main\")] pub struct Db(diesel::PgConnection);").unwrap();
        assert_eq!(name, "fairing");
        assert_eq!(body, "database(rocket::Config::figment().extract_inner(\"databases.main\"), (_ as))");
    }

    #[test]
    fn a_derive_takes_the_name_from_the_attribute() {
        let (name, body) =
            made("#[derive(Clone, rocket_db_pools::Database)] #[database(\"a-b\")] struct Db(sqlx::PgPool);")
                .unwrap();
        assert_eq!(name, "init");
        let begins = "rocket::Rocket::manage(_, (_ as)); rocket_db_pools::Database(";
        assert!(body.starts_with(begins), "{body}");
    }

    #[test]
    fn other_attributes_and_shapes_make_nothing() {
        for text in
            ["#[database] struct A(B);", "#[database(\"a\")] struct A { b: C }", "#[data] struct A(B);"]
        {
            assert_eq!(made(text), None, "{text}");
        }
    }
}
