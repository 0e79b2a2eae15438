//! Room 1, *cli*: whether to write colours. Must be decided before the arguments are parsed, because help and
//! usage errors obey it too.

use std::ffi::OsString;

use super::environment::Environment;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// In a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// The values of `--color`, the default first.
    pub(super) const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// The name used on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|when| when.name() == name)
    }
}

/// Whether to write colours to a stream: the flag, else `CARGO_TERM_COLOR`, where `auto` leaves the decision to
/// `NO_COLOR`, then `FORCE_COLOR` or `CLICOLOR_FORCE`, then to whether the stream is a terminal.
pub(super) fn wanted(flag: Option<When>, environment: &Environment, is_terminal: bool) -> bool {
    let forced = |name| environment.variable(name).is_some_and(|value| value != "0");
    match flag.or_else(|| environment.variable("CARGO_TERM_COLOR").and_then(When::named)) {
        Some(When::Always) => true,
        Some(When::Never) => false,
        Some(When::Auto) | None => {
            environment.variable("NO_COLOR").is_none()
                && (forced("FORCE_COLOR")
                    || forced("CLICOLOR_FORCE")
                    || (is_terminal && environment.variable("TERM") != Some("dumb")))
        }
    }
}

/// The last `--color` among arguments that may not be valid otherwise.
pub(super) fn flag_in(arguments: &[OsString]) -> Option<When> {
    let words: Vec<&str> =
        arguments.iter().map_while(|word| (word != "--").then(|| word.to_str().unwrap_or(""))).collect();
    let apart = words.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| word.strip_prefix("--color="));
    apart.chain(joined).filter_map(When::named).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment { variables, ..Environment::default() }
    }

    #[test]
    fn the_flag_wins_over_the_environment_and_the_environment_over_the_terminal() {
        type Variables = &'static [(&'static str, &'static str)];
        let cases: &[(Option<When>, Variables, bool, bool)] = &[
            (None, &[], true, true),
            (None, &[], false, false),
            (None, &[("TERM", "dumb")], true, false),
            (None, &[("NO_COLOR", "1")], true, false),
            (None, &[("NO_COLOR", "")], true, true),
            (None, &[("FORCE_COLOR", "1")], false, true),
            (None, &[("FORCE_COLOR", "0")], false, false),
            (None, &[("CLICOLOR_FORCE", "1")], false, true),
            (None, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true, false),
            (None, &[("CARGO_TERM_COLOR", "always"), ("NO_COLOR", "1")], false, true),
            (None, &[("CARGO_TERM_COLOR", "never"), ("FORCE_COLOR", "1")], true, false),
            (None, &[("CARGO_TERM_COLOR", "auto"), ("NO_COLOR", "1")], true, false),
            (None, &[("CARGO_TERM_COLOR", "sometimes")], true, true),
            (Some(When::Always), &[("CARGO_TERM_COLOR", "never"), ("NO_COLOR", "1")], false, true),
            (Some(When::Never), &[("CARGO_TERM_COLOR", "always")], true, false),
            (Some(When::Auto), &[("CARGO_TERM_COLOR", "always")], false, false),
        ];
        for (flag, variables, terminal, expected) in cases {
            assert_eq!(
                wanted(*flag, &environment(variables), *terminal),
                *expected,
                "{flag:?} {variables:?} {terminal}"
            );
        }
    }

    #[test]
    fn the_flag_is_found_in_arguments_that_do_not_parse() {
        let find = |text: &str| flag_in(&text.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(find("--nonsense --color always"), Some(When::Always));
        assert_eq!(find("--color=never --help"), Some(When::Never));
        assert_eq!(find("-- --color always"), None);
        assert_eq!(find("--color"), None);
    }
}
