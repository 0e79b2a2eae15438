//! "Did you mean": finds the known name nearest to one that was mistyped. Pure text, used wherever a person names
//! a package, a rule or a key; it must not decide what happens to the unknown name.

/// The candidate nearest to `name`, when one is near enough to be worth suggesting: at most one edit per three
/// characters (and always one) separates them, case aside. An edit inserts, removes or replaces a character, or
/// swaps two neighbours. Among equally near candidates the first one wins. Costs `name` times candidate length each.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let allowed = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        if letters.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let edits = distance(&wanted, &letters);
        if edits <= allowed && best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut current = Vec::with_capacity(right.len() + 1);
        current.push(row + 1);
        for (column, &b) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut fewest = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && a == right[column - 1] && left[row - 1] == b {
                fewest = fewest.min(before_last[column - 1] + 1);
            }
            current.push(fewest);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_is_corrected() {
        let known = ["billing-api", "billing-worker", "shared"];
        assert_eq!(nearest("biling-api", known), Some("billing-api"));
        assert_eq!(nearest("shraed", known), Some("shared"));
        assert_eq!(nearest("SHARED", known), Some("shared"));
    }

    #[test]
    fn something_else_altogether_gets_no_suggestion() {
        assert_eq!(nearest("frontend", ["billing-api", "shared"]), None);
        assert_eq!(nearest("", ["billing-api"]), None);
        assert_eq!(nearest("anything", []), None);
    }

    #[test]
    fn among_equally_near_names_the_first_wins() {
        assert_eq!(nearest("pool-c", ["pool-a", "pool-b"]), Some("pool-a"));
    }
}
