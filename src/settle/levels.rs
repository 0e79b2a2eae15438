//! Room 7, *settle*: which level a finding ends at. Knows rules only as names with a default level; it must
//! not look at places or at code.

use super::{Level, Policy};
use crate::finding::Confidence;

/// One `-D`, `-W` or `-A`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelOverride {
    /// What it applies to.
    pub target: LevelTarget,
    /// The level wanted.
    pub level: Level,
}

/// What an override applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelTarget {
    /// One rule, by its current name.
    Rule(&'static str),
    /// Every finding that stands at warn when the override is reached.
    Warnings,
}

/// The level of a rule in some files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathLevel {
    /// The start of the files' paths: empty, or a folder with a trailing slash.
    pub folder: String,
    /// The rule, by its current name.
    pub rule: &'static str,
    /// The level wanted.
    pub level: Level,
}

/// The level of a finding of `rule`, whose default at high confidence is `default`.
///
/// Below high confidence a default of deny becomes warn, because a false alarm at deny level is a bug; an
/// override that names the rule is taken at its word. Overrides apply in the order given, so the last one
/// that matches wins; levels of folders come before them. Confidence below [`Policy::min_confidence`] always ends at [`Level::Allow`].
pub(super) fn level_of(
    rule: &str,
    default: Level,
    confidence: Confidence,
    file: &str,
    policy: &Policy,
) -> Level {
    if confidence < policy.min_confidence {
        return Level::Allow;
    }
    let start = if confidence < Confidence::High { default.min(Level::Warn) } else { default };
    let mut of_file = policy.paths.iter().filter(|one| one.rule == rule && file.starts_with(&one.folder));
    let start = of_file.next_back().map_or(start, |one| one.level);
    policy.overrides.iter().fold(start, |level, one| match one.target {
        LevelTarget::Rule(name) if name == rule => one.level,
        LevelTarget::Warnings if level == Level::Warn => one.level,
        LevelTarget::Rule(_) | LevelTarget::Warnings => level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: LevelTarget = LevelTarget::Rule("competing-pools");

    fn level(default: Level, confidence: Confidence, overrides: &[(LevelTarget, Level)]) -> Level {
        let policy = Policy {
            overrides: overrides.iter().map(|&(target, level)| LevelOverride { target, level }).collect(),
            ..Policy::default()
        };
        level_of("competing-pools", default, confidence, "src/main.rs", &policy)
    }

    #[test]
    fn the_default_level_holds_at_high_confidence_only() {
        assert_eq!(level(Level::Deny, Confidence::High, &[]), Level::Deny);
        assert_eq!(level(Level::Deny, Confidence::Medium, &[]), Level::Warn);
        assert_eq!(level(Level::Warn, Confidence::Medium, &[]), Level::Warn);
        assert_eq!(level(Level::Allow, Confidence::High, &[]), Level::Allow);
    }

    #[test]
    fn below_the_wanted_confidence_nothing_is_shown_whatever_was_asked() {
        assert_eq!(level(Level::Deny, Confidence::Low, &[(RULE, Level::Deny)]), Level::Allow);
    }

    #[test]
    fn naming_the_rule_denies_at_medium_confidence_too() {
        assert_eq!(level(Level::Deny, Confidence::Medium, &[(RULE, Level::Deny)]), Level::Deny);
    }

    #[test]
    fn the_last_override_that_matches_wins() {
        let deny_all = (LevelTarget::Warnings, Level::Deny);
        let warn = (RULE, Level::Warn);
        let allow = (RULE, Level::Allow);
        let high = Confidence::High;
        assert_eq!(level(Level::Warn, high, &[deny_all]), Level::Deny);
        assert_eq!(level(Level::Warn, high, &[deny_all, warn]), Level::Warn);
        assert_eq!(level(Level::Warn, high, &[warn, deny_all]), Level::Deny);
        assert_eq!(level(Level::Warn, high, &[deny_all, allow]), Level::Allow);
        assert_eq!(level(Level::Warn, high, &[allow, deny_all]), Level::Allow);
        assert_eq!(level(Level::Warn, high, &[(LevelTarget::Warnings, Level::Allow)]), Level::Allow);
        assert_eq!(level(Level::Deny, high, &[(LevelTarget::Warnings, Level::Allow)]), Level::Deny);
    }

    #[test]
    fn an_override_for_another_rule_changes_nothing() {
        let other = (LevelTarget::Rule("shim-accessor"), Level::Allow);
        assert_eq!(level(Level::Deny, Confidence::High, &[other]), Level::Deny);
    }
}
