//! Room 9, *report*: the table of rules, for people and as JSON. Must not know what any rule does.

use serde::Serialize;

use super::{WireTool, aligned, one_line, to_json};
use crate::rules::RuleInfo;

/// The rules by category: name, default level, status, since when, what for. `rules` is sorted by category.
pub fn render_human(rules: &[RuleInfo]) -> String {
    let rows: Vec<[String; 4]> = rules
        .iter()
        .map(|rule| {
            let status = format!("{} since {}", rule.status, rule.since);
            [rule.name.to_owned(), rule.level.name().to_owned(), status, one_line(&rule.summary)]
        })
        .collect();
    let mut text = String::new();
    let mut category = "";
    for (rule, row) in rules.iter().zip(aligned(&rows)) {
        if rule.category != category {
            let blank = if category.is_empty() { "" } else { "\n" };
            category = rule.category;
            text.push_str(&format!("{blank}{category}\n"));
        }
        text.push_str(&format!("  {row}\n"));
    }
    text
}

/// The rules with their pages, as pretty-printed JSON with a final newline.
pub fn render_json(rules: &[RuleInfo]) -> String {
    to_json(&WireRules {
        version: 1,
        tool: WireTool::current(),
        rules: rules.iter().map(WireRule::new).collect(),
    })
}

/// What `cargo initpath rules --message-format json` prints.
#[derive(Serialize)]
struct WireRules<'a> {
    version: u32,
    tool: WireTool,
    rules: Vec<WireRule<'a>>,
}

/// One rule; `level` is its default at high confidence, `page` the whole page in Markdown.
#[derive(Serialize)]
struct WireRule<'a> {
    name: &'a str,
    category: &'a str,
    level: &'a str,
    status: &'a str,
    since: &'a str,
    summary: &'a str,
    aliases: &'a [String],
    page: &'a str,
}

impl<'a> WireRule<'a> {
    fn new(rule: &'a RuleInfo) -> Self {
        let RuleInfo { name, category, level, status, since, summary, page, aliases } = rule;
        Self { name, category, level: level.name(), status, since, summary, aliases, page }
    }
}
