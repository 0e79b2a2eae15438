//! Room 3, *facts*: attributes, trimmed to what later stages read, and `cfg` conditions. Arguments are read as
//! tokens, because the grammar of an attribute belongs to the macro behind it; nothing here knows which.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::types::{literal, name, path, segment_of_name};
use super::{Attribute, Attributes, Cfg, Literal, Name, Path};

/// Attributes that say nothing about what code does.
const DROPPED: [&str; 15] = [
    "allow",
    "automatically_derived",
    "clippy",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "inline",
    "must_use",
    "non_exhaustive",
    "rustfmt",
    "track_caller",
    "warn",
];

/// Lists inside lists are followed this far.
const MAX_LIST_DEPTH: u32 = 16;

/// The attributes that later stages read.
pub(super) fn attributes(source: &[syn::Attribute]) -> Attributes {
    let mut found = Attributes::default();
    for attribute in source {
        let path = attribute.path();
        let Some(first) = path.segments.first() else {
            continue;
        };
        if DROPPED.iter().any(|dropped| first.ident == dropped) {
            continue;
        }
        if first.ident == "cfg" && path.segments.len() == 1 {
            found.cfg = both(found.cfg, condition(attribute));
        } else if first.ident == "derive" && path.segments.len() == 1 {
            if let syn::Meta::List(list) = &attribute.meta {
                found.derives.extend(paths(list.tokens.clone()));
            }
        } else {
            found.others.push(other(&attribute.meta));
        }
    }
    found.derives.shrink_to_fit();
    found.others.shrink_to_fit();
    found
}

/// The conjunction of the `#[cfg(…)]` among attributes.
pub(super) fn cfg(source: &[syn::Attribute]) -> Option<Cfg> {
    source
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .fold(None, |sum, attribute| both(sum, condition(attribute)))
}

/// Both conditions.
pub(super) fn both(one: Option<Cfg>, other: Option<Cfg>) -> Option<Cfg> {
    match (one, other) {
        (Some(Cfg::All(mut all)), Some(other)) => {
            all.push(other);
            Some(Cfg::All(all))
        }
        (Some(one), Some(other)) => Some(Cfg::All(vec![one, other])),
        (one, other) => one.or(other),
    }
}

/// The value of `#[path = "…"]`.
pub(super) fn module_path(source: &[syn::Attribute]) -> Option<String> {
    source.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match value(&pair.value) {
            Literal::Str(text) => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    })
}

fn condition(attribute: &syn::Attribute) -> Option<Cfg> {
    match &attribute.meta {
        syn::Meta::List(list) => conditions(list.tokens.clone(), 0).into_iter().next(),
        _ => None,
    }
}

fn conditions(tokens: TokenStream, depth: u32) -> Vec<Cfg> {
    split_at_commas(tokens)
        .into_iter()
        .filter_map(|tokens| match tokens.as_slice() {
            [TokenTree::Ident(word)] => Some(match name(word) {
                word if word == "true" => Cfg::All(Vec::new()),
                word if word == "false" => Cfg::Any(Vec::new()),
                word => Cfg::Flag(word),
            }),
            [TokenTree::Ident(key), TokenTree::Punct(equals), TokenTree::Literal(value)]
                if equals.as_char() == '=' =>
            {
                match token_literal(value) {
                    Literal::Str(value) => Some(Cfg::KeyValue(name(key), Name::new(value))),
                    _ => None,
                }
            }
            [TokenTree::Ident(word), TokenTree::Group(group)] if depth < MAX_LIST_DEPTH => {
                let inner = conditions(group.stream(), depth + 1);
                let word = name(word);
                match word.as_str() {
                    "all" => Some(Cfg::All(inner)),
                    "any" => Some(Cfg::Any(inner)),
                    "not" => inner.into_iter().next().map(|inner| Cfg::Not(Box::new(inner))),
                    _ => Some(Cfg::Flag(word)),
                }
            }
            _ => None,
        })
        .collect()
}

fn other(meta: &syn::Meta) -> Attribute {
    let mut found = Attribute {
        path: path(None, meta.path()),
        literals: Vec::new(),
        named: Vec::new(),
        words: Vec::new(),
    };
    match meta {
        syn::Meta::Path(_) => {}
        syn::Meta::NameValue(pair) => found.literals.push(value(&pair.value)),
        syn::Meta::List(list) => arguments(list.tokens.clone(), &mut found, 0),
    }
    found.literals.shrink_to_fit();
    found.named.shrink_to_fit();
    found.words.shrink_to_fit();
    found
}

/// Reads `"a", key = "b", word, list(…)`. Lists are flattened into the attribute; `key("a")` is `key = "a"`.
fn arguments(tokens: TokenStream, found: &mut Attribute, depth: u32) {
    for tokens in split_at_commas(tokens) {
        match tokens.as_slice() {
            [TokenTree::Literal(value)] => found.literals.push(token_literal(value)),
            [TokenTree::Ident(key), TokenTree::Punct(equals), rest @ ..] if equals.as_char() == '=' => {
                found.named.push((name(key), token_value(rest)));
            }
            [TokenTree::Ident(key), TokenTree::Group(group)]
                if group.delimiter() == Delimiter::Parenthesis =>
            {
                let inner = split_at_commas(group.stream());
                if let [one] = inner.as_slice()
                    && let [TokenTree::Literal(value)] = one.as_slice()
                {
                    found.named.push((name(key), token_literal(value)));
                } else {
                    found.words.push(name(key));
                    if depth < MAX_LIST_DEPTH {
                        arguments(group.stream(), found, depth + 1);
                    }
                }
            }
            tokens => match written_path(tokens) {
                Some(path) => found.words.push(joined(&path)),
                None => found.literals.extend(tokens.iter().filter_map(|token| match token {
                    TokenTree::Literal(value) => Some(token_literal(value)),
                    _ => None,
                })),
            },
        }
    }
}

/// Comma-separated paths without arguments, as in `derive`.
fn paths(tokens: TokenStream) -> impl Iterator<Item = Path> {
    split_at_commas(tokens).into_iter().filter_map(|tokens| written_path(&tokens))
}

/// `a::b`, when the tokens are nothing else.
fn written_path(tokens: &[TokenTree]) -> Option<Path> {
    let mut found = Path::default();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.segments.push(segment_of_name(name(ident))),
            TokenTree::Punct(colon) if colon.as_char() == ':' => {
                found.leading_colons |= found.segments.is_empty();
            }
            _ => return None,
        }
    }
    (!found.segments.is_empty()).then_some(found)
}

fn joined(path: &Path) -> Name {
    match path.segments.as_slice() {
        [only] => only.name.clone(),
        segments => {
            segments.iter().map(|segment| segment.name.as_str()).collect::<Vec<_>>().join("::").into()
        }
    }
}

fn value(value: &syn::Expr) -> Literal {
    match value {
        syn::Expr::Lit(value) => literal(&value.lit),
        _ => Literal::Other,
    }
}

fn token_value(tokens: &[TokenTree]) -> Literal {
    match tokens {
        [TokenTree::Literal(value)] => token_literal(value),
        [TokenTree::Ident(word)] if word == "true" => Literal::Bool(true),
        [TokenTree::Ident(word)] if word == "false" => Literal::Bool(false),
        _ => Literal::Other,
    }
}

/// The value of a literal token.
pub(super) fn token_literal(token: &proc_macro2::Literal) -> Literal {
    literal(&syn::Lit::new(token.clone()))
}

fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                parts.push(std::mem::take(&mut part));
            }
            token => part.push(token),
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Attributes {
        let item: syn::ItemFn = syn::parse_str(&format!("{text} fn f() {{}}")).unwrap();
        attributes(&item.attrs)
    }

    fn only(text: &str) -> Attribute {
        let mut others = read(text).others;
        assert_eq!(others.len(), 1, "{text}");
        others.remove(0)
    }

    fn text(text: &str) -> Literal {
        Literal::Str(text.into())
    }

    fn flag(name: &str) -> Cfg {
        Cfg::Flag(Name::new(name))
    }

    #[test]
    fn documentation_and_lint_levels_are_dropped() {
        let found = read(
            "/// text\n #[allow(dead_code)] #[inline(always)] #[must_use] #[deprecated = \"x\"]
             #[clippy::msrv = \"1\"] #[expect(unused, reason = \"x\")]",
        );
        assert!(found.others.is_empty() && found.derives.is_empty() && found.cfg.is_none());
    }

    #[test]
    fn conditions_are_joined() {
        assert_eq!(read("#[cfg(test)]").cfg, Some(flag("test")));
        assert_eq!(
            read("#[cfg(test)] #[cfg(unix)] #[cfg(a)]").cfg,
            Some(Cfg::All(vec![flag("test"), flag("unix"), flag("a")]))
        );
        assert_eq!(
            read("#[cfg(all(not(feature = \"x\"), any(unix, windows)))]").cfg,
            Some(Cfg::All(vec![
                Cfg::Not(Box::new(Cfg::KeyValue("feature".into(), "x".into()))),
                Cfg::Any(vec![flag("unix"), flag("windows")]),
            ]))
        );
        assert_eq!(read("#[cfg(false)]").cfg, Some(Cfg::Any(Vec::new())));
    }

    #[test]
    fn derives_keep_their_paths() {
        let derives = read("#[derive(Debug, sqlx::FromRow,)] #[derive(Clone)]").derives;
        let names: Vec<_> = derives.iter().map(joined).collect();
        assert_eq!(names, ["Debug", "sqlx::FromRow", "Clone"]);
    }

    #[test]
    fn a_route_keeps_its_path_and_options() {
        let found = only("#[get(\"/x\", data = \"<d>\")]");
        assert_eq!(found.literals, [text("/x")]);
        assert_eq!(found.named, [("data".into(), text("<d>"))]);
    }

    #[test]
    fn command_line_arguments_keep_words_and_values() {
        let found = only("#[arg(long, env = \"X\", value_parser = f(1), default_value_t = 5432)]");
        assert_eq!(found.words, ["long"]);
        assert_eq!(
            found.named,
            [
                ("env".into(), text("X")),
                ("value_parser".into(), Literal::Other),
                ("default_value_t".into(), Literal::Int(5432)),
            ]
        );
        assert_eq!(only("#[clap(env(\"X\"))]").named, [("env".into(), text("X"))]);
        assert_eq!(only("#[arg(env)]").words, ["env"]);
    }

    #[test]
    fn nested_lists_are_flattened() {
        let found = only("#[openapi(paths(a::b, c), info(title = \"t\"))]");
        assert_eq!(found.words, ["paths", "a::b", "c", "info"]);
        assert_eq!(found.named, [("title".into(), text("t"))]);
    }

    #[test]
    fn paths_and_single_values_are_kept() {
        let found = only("#[tokio::main(flavor = \"multi_thread\", worker_threads = 2)]");
        assert_eq!(joined(&found.path), "tokio::main");
        assert_eq!(found.named[0], ("flavor".into(), text("multi_thread")));
        assert_eq!(found.named[1], ("worker_threads".into(), Literal::Int(2)));
        assert_eq!(only("#[database(\"name\")]").literals, [text("name")]);
        assert_eq!(only("#[table_name = \"users\"]").literals, [text("users")]);
        assert!(only("#[test]").words.is_empty());
    }

    #[test]
    fn the_path_of_a_module_is_read() {
        let item: syn::ItemMod = syn::parse_str("#[path = \"a/b.rs\"] mod m;").unwrap();
        assert_eq!(module_path(&item.attrs).as_deref(), Some("a/b.rs"));
    }
}
