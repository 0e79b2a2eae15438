//! The house rules, executed. Each test says which file breaks which rule, and what to do about it.

#[allow(dead_code, reason = "other tests use the rest of the parser")]
#[path = "../pages/mod.rs"]
mod pages;

mod documents;
mod rooms;
mod rule_pages;
mod source;

/// What breaks a rule of the house, one line each.
///
/// # Panics
/// When there is any.
fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}
