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
    let (front, _) = split(page);
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

impl RuleInfo {
    /// The page behind its front matter.
    pub fn body(&self) -> &'static str {
        split(self.page).1
    }
}

/// The front matter of a page, and what is behind it; all of a page that has none is behind.
fn split(page: &'static str) -> (&'static str, &'static str) {
    let parts = page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    parts.map_or(("", page), |(front, body)| (front, body.trim_start()))
}
