//! Room 9, *report*: how many findings each rule has, the most first.

use std::collections::BTreeMap;

use super::aligned;
use crate::settle::Report;

/// One line per rule with findings; nothing when there is none.
pub(super) fn render(report: &Report) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for settled in &report.findings {
        *counts.entry((settled.finding.rule, settled.level.name())).or_default() += 1;
    }
    let mut rows: Vec<(usize, &str, &str)> =
        counts.into_iter().map(|((rule, level), count)| (count, rule, level)).collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let width = rows.first().map_or(0, |(count, ..)| count.to_string().len());
    let rows: Vec<[String; 3]> = rows
        .into_iter()
        .map(|(count, rule, level)| [format!("{count:>width$}"), level.to_owned(), rule.to_owned()])
        .collect();
    aligned(&rows).into_iter().map(|row| format!("{row}\n")).collect()
}
