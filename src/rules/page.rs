//! Room 6, *rules*: what a rule's page says about it.

use crate::finding::Level;

/// What is known of a rule apart from its function. Everything comes from its page.
#[derive(Debug)]
pub struct RuleInfo {
    /// Kebab-case name.
    pub name: &'static str,
    /// Category, as in findings.
    pub category: &'static str,
    /// Default level at high confidence.
    pub level: Level,
    /// `stable` or `preview`.
    pub status: &'static str,
    /// The version that first had it.
    pub since: &'static str,
    /// One sentence.
    pub summary: String,
    /// The whole page, Markdown.
    pub page: &'static str,
    /// Earlier names.
    pub aliases: Vec<String>,
}

/// Reads the front matter of a page. Pages are embedded and checked by a test, so a page that lacks a key is a
/// build mistake: it then shows as an allowed rule of no category.
pub(super) fn read(name: &'static str, page: &'static str) -> RuleInfo {
    let front =
        page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")).map_or("", |(front, _)| front);
    let value = |key: &str| {
        front.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map_or("", str::trim)
    };
    RuleInfo {
        name,
        category: value("category"),
        level: match value("level") {
            "deny" => Level::Deny,
            "warn" => Level::Warn,
            _ => Level::Allow,
        },
        status: value("status"),
        since: value("since"),
        summary: value("summary").to_owned(),
        page,
        aliases: value("aliases")
            .split(',')
            .map(str::trim)
            .filter(|alias| !alias.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}
