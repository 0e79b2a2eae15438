//! Room 7, *settle*: names for findings that survive moving code. Must not use lines or columns for
//! anything but the order of equal identities.

use std::collections::BTreeSet;

use crate::finding::Finding;

/// One fingerprint per finding, in the order of `findings`, all different.
///
/// A fingerprint is the rule and the parts of the finding's identity joined by `:`. Where several findings
/// share one, the first in the order given keeps it and the others get `:2`, `:3`, …; the order given must
/// therefore be that of the report. O(n log n).
pub(super) fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let bases: Vec<String> = findings.iter().map(base).collect();
    // A numbered fingerprint must not take a name that another finding has by itself.
    let mut taken: BTreeSet<String> = bases.iter().cloned().collect();
    let mut seen = BTreeSet::new();
    let mut unique = Vec::with_capacity(bases.len());
    for base in bases {
        if seen.insert(base.clone()) {
            unique.push(base);
            continue;
        }
        let next = (2_u64..)
            .map(|number| format!("{base}:{number}"))
            .find(|name| !taken.contains(name))
            .expect("fewer findings than numbers");
        taken.insert(next.clone());
        unique.push(next);
    }
    unique
}

fn base(finding: &Finding) -> String {
    let mut text = finding.rule.to_owned();
    for part in &finding.identity {
        text.push(':');
        text.push_str(part);
    }
    text
}
