//! Whatever a file contains, reading it ends with facts or with a problem, never with a panic, and says the
//! same every time.

use initpath::facts::{STACK_BYTES, extract};
use proptest::prelude::*;

/// Rust that uses most of the grammar, to be mutated.
const SAMPLE: &str = r####"#!/usr/bin/env cargo
//! initpath: allow-file(rule) reason
#![cfg(feature = "x")]
use a::{self, b::*, c as _};
lazy_static! { pub static ref POOL: Pool<'static> = connect("url").unwrap(); }
thread_local! { static CELL: Cell<u8> = const { Cell::new(1) } }
cfg_if! { if #[cfg(unix)] { mod unix; } else { mod other; } }
#[derive(Debug, a::B)] pub struct S<T: A + ?Sized = u8> where T: B<Item = C> { #[arg(env = "X", long)] r#type: T }
enum E { A, B(u8), C { d: &'static str } }
impl<T> Trait<T> for S<T> { type X = fn(u8) -> u8; const N: usize = { 1 + 2 }; async fn f(self: Arc<Self>) {} }
pub(crate) async fn main(&mut self, (a, b): (u8, &str)) -> Result<(), Box<dyn Error + Send>> {
    // initpath: allow(rule) reason
    let Some(x @ 1..=9) = a.b::<C>(|d, &e| async move { d?.await }, r#"raw "x""#, 'c', b"x") else { return };
    tokio::select! { Some(a) = rx.recv(), if c => { d() } else => break, }
    info!(target: "t", a = %b, ?c, "{} {d}", e, f = 1.5e3);
    if let A(B { c, .. }) | D = e && matches!(f, G if h) { vec![1; 2]; } else if !i { -j as u8; } else { k[l..] = m; }
    'o: loop { match n { "p" if q => r += 1, _ => unsafe { s } } continue 'o; }
    json!({ "t": [u, v(w)] }); /* x /* y */ */ _ = <Z as T>::f(&raw const a);
}
"####;

/// Reads a text on a thread with the stack that reading asks for; gives everything it said as text.
fn read(text: String) -> String {
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let extracted = extract("src/main.rs", &text);
            format!("{:?} {:?}", extracted.facts, extracted.problems)
        })
        .expect("a thread can be started")
        .join()
        .expect("reading does not panic")
}

/// Pieces that matter to the grammar, in any order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        ",",
        ";",
        ":",
        "::",
        "=",
        "=>",
        "->",
        ".",
        "..",
        "..=",
        "|",
        "||",
        "&",
        "&&",
        "!",
        "?",
        "#",
        "$",
        "@",
        "%",
        "-",
        "+",
        "*",
        "/",
        "'",
        "'a",
        "'a'",
        "\"",
        "\"a\"",
        "r#\"",
        "b'",
        "//",
        "/*",
        "*/",
        "\n",
        "\r",
        "\\",
        "\u{feff}",
        "é",
        "1",
        "1.0",
        "a",
        "r#a",
        "_",
        "fn",
        "if",
        "else",
        "let",
        "match",
        "for",
        "in",
        "loop",
        "while",
        "return",
        "break",
        "async",
        "await",
        "move",
        "unsafe",
        "const",
        "static",
        "ref",
        "mut",
        "impl",
        "dyn",
        "pub",
        "use",
        "mod",
        "struct",
        "enum",
        "trait",
        "where",
        "type",
        "as",
        "self",
        "Self",
        "crate",
        "extern",
        "yield",
        "try",
        "macro_rules!",
        "vec!",
        "select!",
        "matches!",
        "cfg_if!",
        "lazy_static!",
        "thread_local!",
        "info!",
        "m!",
        "routes!",
        "#[cfg(",
        "#[arg(",
        "#![",
        "---",
        "initpath:",
        "(/*ERROR*/)",
        "fn f() {",
        "}",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.join(" "))
}

/// The sample with some of its pieces replaced, removed or repeated.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0_usize..40, tokens());
    prop::collection::vec(edit, 1..4).prop_map(|edits| {
        let mut characters: Vec<char> = SAMPLE.chars().collect();
        for (at, removed, inserted) in edits {
            let start = at.index(characters.len());
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, inserted.chars().take(removed));
        }
        characters.into_iter().collect()
    })
}

#[test]
fn the_sample_is_read_without_problems() {
    assert!(read(SAMPLE.to_owned()).ends_with(" []"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        read(text);
    }

    #[test]
    fn arbitrary_tokens_never_panic(text in tokens()) {
        read(text.clone());
        read(format!("fn f() {{ {text} }}"));
        read(format!("fn f() {{ m!({text}); info!({text}); select! {{ {text} }} }}"));
        read(format!("#[a({text})] fn f() {{}}"));
    }

    #[test]
    fn mutated_rust_never_panics_and_reads_the_same_twice(text in mutated()) {
        prop_assert_eq!(read(text.clone()), read(text));
    }

    #[test]
    fn text_in_front_only_moves_lines(lines in 0_u32..20) {
        let start = format!("{}fn f() {{ a.b(c) }}", "\n".repeat(lines as usize));
        let said = read(start);
        let line = lines + 1;
        let expected = format!("line: {line}, column: 4");
        prop_assert!(said.contains(&expected));
    }
}
