//! Room 9, *report*: the page of a rule, for who reads it beside a finding.

use crate::rules::RuleInfo;

use super::counted;

/// What the marks of an example begin with, which say to the tests what is reported there.
const MARK: &str = "//~";

/// A line of a page.
struct Line {
    text: &'static str,
    in_code: bool,
    /// The number of the bad or good example that it belongs to, from 1; 0 for what stands before the first. `None` outside of examples.
    example: Option<usize>,
}

/// A page as text: what is known of the rule, then its sections. Of the bad and of the good examples the first is shown, or
/// each with `all_examples`.
pub fn render(rule: &RuleInfo, all_examples: bool) -> String {
    let RuleInfo { name, category, status, since, summary, .. } = rule;
    let level = rule.level.name();
    let mut text =
        format!("# {name}\n\n{summary}\n\n{category} · {level} by default · {status} since {since}\n");
    let mut left_out = 0;
    // The title is said already.
    for line in lines(rule).skip(1) {
        if line.example.is_some_and(|number| number > 1) && !all_examples {
            left_out += usize::from(line.starts_example());
            continue;
        }
        let marked = line.text.split(MARK).next().filter(|_| line.in_code);
        text.push_str(marked.map_or(line.text, str::trim_end));
        text.push('\n');
    }
    if left_out > 0 {
        text.push_str(&format!(
            "\n{} left out: `cargo initpath explain {name} --examples` prints them.\n",
            counted(left_out, "example")
        ));
    }
    text
}

/// The sections of a page that hold no examples, as Markdown.
pub(super) fn without_examples(rule: &RuleInfo) -> String {
    let kept = lines(rule).filter(|line| line.example.is_none());
    kept.flat_map(|line| [line.text, "\n"]).collect()
}

impl Line {
    fn starts_example(&self) -> bool {
        !self.in_code && self.text.starts_with("### ")
    }
}

fn lines(rule: &RuleInfo) -> impl Iterator<Item = Line> {
    let (mut in_code, mut example) = (false, None);
    rule.body().lines().map(move |text| {
        in_code ^= text.starts_with("```");
        if !in_code && text.starts_with("## ") {
            example = matches!(text, "## Bad" | "## Good").then_some(0);
        }
        let mut line = Line { text, in_code, example };
        if line.starts_example() {
            example = example.map(|number| number + 1);
            line.example = example;
        }
        line
    })
}
