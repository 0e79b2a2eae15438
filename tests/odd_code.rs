//! Code that is unusual or wrong but must not stop, hang or crash an analysis. A hang is a failure of the run.

use initpath::analysis::{Analysis, Settings, analyse};
use initpath::catalog::Catalog;
use initpath::workspace::in_memory;

const MANIFEST: &str = "[package]\nname = \"odd\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";

fn analysed(files: &[(&str, &str)]) -> Analysis {
    let mut all = vec![("Cargo.toml", MANIFEST)];
    all.extend_from_slice(files);
    analyse(in_memory(&all), Catalog::builtin(), &Settings { threads: Some(2), ..Settings::default() })
}

#[test]
fn modules_that_all_import_each_other_by_glob() {
    let count = 16;
    let mut text = String::from("fn main() { m0::f(Some(String::new())); }\n");
    for module in 0..count {
        let globs: String = (0..count)
            .filter(|other| *other != module)
            .map(|other| format!("use crate::m{other}::*; "))
            .collect();
        text.push_str(&format!(
            "pub mod m{module} {{ {globs} pub fn f(x: Option<String>) -> Vec<T{module}> {{ g{module}(x); Vec::new() }} }}\n"
        ));
    }
    assert!(analysed(&[("src/main.rs", &text)]).problems.is_empty());
}

#[test]
fn aliases_and_associated_types_that_name_themselves() {
    let text = "
        type A = B;
        type B = A;
        struct Email;
        struct Bad;
        impl TryFrom<String> for Email {
            type Error = <Email as TryFrom<&'static str>>::Error;
            fn try_from(_: String) -> Result<Self, Self::Error> { Ok(Email) }
        }
        impl TryFrom<&'static str> for Email {
            type Error = Bad;
            fn try_from(_: &'static str) -> Result<Self, Bad> { Ok(Email) }
        }
        fn main() { let _: Option<A> = None; let _ = Email::try_from(\"a\"); }
    ";
    assert!(analysed(&[("src/main.rs", text)]).problems.is_empty());
}

#[test]
fn imports_of_nothing() {
    let text = "use *;\nuse ::*;\nuse {*};\nuse crate::missing::{self, deeper::*};\nfn main() { missing::call().await; }\n";
    assert!(analysed(&[("src/main.rs", text)]).problems.is_empty());
}

#[test]
fn functions_that_call_each_other_in_a_circle() {
    let text = "
        pub async fn a(n: u32) -> String { if n == 0 { std::env::var(\"URL\").unwrap() } else { b(n - 1).await } }
        pub async fn b(n: u32) -> String { a(n).await }
        async fn main() { let url = a(3).await; sqlx::PgPool::connect(&url).await.unwrap(); }
    ";
    assert!(analysed(&[("src/main.rs", text)]).problems.is_empty());
}

#[test]
fn calls_that_share_their_arguments_over_and_over() {
    let mut text = String::from("fn main() { let a = ext::one(); let b = ext::one();\n");
    for _ in 0..200 {
        text.push_str("let a = ext::mul(a, b); let b = ext::add(a, b);\n");
    }
    text.push_str("ext::done(a, b); }\n");
    assert!(analysed(&[("src/main.rs", &text)]).problems.is_empty());
}

#[test]
fn types_that_dereference_to_each_other() {
    let text = "
        use std::ops::Deref;
        struct A(Box<B>);
        struct B(Box<A>);
        impl Deref for A { type Target = B; fn deref(&self) -> &B { &self.0 } }
        impl Deref for B { type Target = A; fn deref(&self) -> &A { &self.0 } }
        fn look(a: &A) { a.nothing(); let _ = a.0.more(); }
        fn main() { look(&todo!()); }
    ";
    assert!(analysed(&[("src/main.rs", text)]).problems.is_empty());
}
