//! Room 9, *report*: the page of a rule, for who reads it beside a finding.

use crate::rules::RuleInfo;

use super::counted;

/// What the marks of an example begin with, which say to the tests what is reported there.
const MARK: &str = "//~";

/// A page as text: what is known of the rule, then its sections. Of the bad and of the good examples the first is shown, or
/// each with `all_examples`.
pub fn render(rule: &RuleInfo, all_examples: bool) -> String {
    let body = sections(rule);
    let (title, body) = body.split_once('\n').unwrap_or((body, ""));
    let RuleInfo { category, status, since, summary, .. } = rule;
    let mut text = format!(
        "{title}\n\n{summary}\n\n{category} · {} by default · {status} since {since}\n",
        rule.level.name()
    );
    let (mut in_examples, mut in_code, mut examples) = (false, false, 0);
    let mut left_out = 0;
    for line in body.lines() {
        in_code ^= line.starts_with("```");
        if !in_code && line.starts_with("## ") {
            in_examples = is_of_examples(line);
            examples = 0;
        }
        if !in_code && in_examples && line.starts_with("### ") {
            examples += 1;
            left_out += usize::from(examples > 1 && !all_examples);
        }
        if !in_examples || examples < 2 || all_examples {
            let shown = if in_code { line.split(MARK).next().unwrap_or(line).trim_end() } else { line };
            text.push_str(shown);
            text.push('\n');
        }
    }
    if left_out > 0 {
        let name = rule.name;
        text.push_str(&format!(
            "\n{} left out: `cargo initpath explain {name} --examples` prints them.\n",
            counted(left_out, "example")
        ));
    }
    text
}

/// The sections of a page that hold no examples, as Markdown.
pub(super) fn without_examples(rule: &RuleInfo) -> String {
    let mut kept = String::new();
    let (mut in_examples, mut in_code) = (false, false);
    for line in sections(rule).lines() {
        in_code ^= line.starts_with("```");
        if !in_code && line.starts_with("## ") {
            in_examples = is_of_examples(line);
        }
        if !in_examples {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The page behind its front matter.
fn sections(rule: &RuleInfo) -> &'static str {
    rule.page.splitn(3, "---\n").nth(2).unwrap_or(rule.page).trim_start()
}

fn is_of_examples(heading: &str) -> bool {
    matches!(heading, "## Bad" | "## Good")
}
