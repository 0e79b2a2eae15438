//! Room 2, *workspace*: the patterns of `members = ["crates/*"]` and `-p "api-*"`. One path segment at a time; it
//! must not touch the disk.

/// Whether a text is a pattern and not a plain name.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether `name` matches `pattern`: `*` any characters, `?` one, `[a-z]` one of these, `[!a-z]` one of the others.
/// An unclosed bracket is a plain character. Costs at most the product of both lengths.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let tokens = tokens(pattern);
    let letters: Vec<char> = name.chars().collect();
    let mut reachable = vec![false; letters.len() + 1];
    reachable[0] = true;
    for token in &tokens {
        let mut next = vec![false; letters.len() + 1];
        let mut any = false;
        for at in 0..=letters.len() {
            match token {
                Token::Any => {
                    any |= reachable[at];
                    next[at] = any;
                }
                _ if at > 0 => next[at] = reachable[at - 1] && token.accepts(letters[at - 1]),
                _ => {}
            }
        }
        reachable = next;
    }
    reachable[letters.len()]
}

enum Token {
    Any,
    One,
    Plain(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn accepts(&self, letter: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Plain(plain) => *plain == letter,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        match letters[at] {
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::One),
            '[' => {
                let negated = letters.get(at + 1) == Some(&'!');
                let first = at + 1 + usize::from(negated);
                // A bracket right after the opening is a member of the set.
                match (first + 1..letters.len()).find(|end| letters[*end] == ']') {
                    Some(end) => {
                        tokens.push(Token::Set { negated, ranges: ranges(&letters[first..end]) });
                        at = end;
                    }
                    None => tokens.push(Token::Plain('[')),
                }
            }
            plain => tokens.push(Token::Plain(plain)),
        }
        at += 1;
    }
    tokens
}

fn ranges(letters: &[char]) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    let mut rest = letters;
    loop {
        rest = match rest {
            [low, '-', high, after @ ..] => {
                ranges.push((*low, *high));
                after
            }
            [letter, after @ ..] => {
                ranges.push((*letter, *letter));
                after
            }
            [] => return ranges,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*", "api", true),
            ("*", "", true),
            ("api-*", "api-http", true),
            ("api-*", "worker", false),
            ("*-api", "my-api", true),
            ("a?i", "api", true),
            ("a?i", "ai", false),
            ("v[0-9]", "v7", true),
            ("v[!0-9]", "v7", false),
            ("[]]", "]", true),
            ("a[b", "a[b", true),
            ("größe*", "größen", true),
            ("*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} against {name}");
        }
    }
}
