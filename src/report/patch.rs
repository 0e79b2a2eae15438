//! Room 9, *report*: changed texts as a unified diff that `git apply` and `patch -p1` take. The only file that knows
//! similar.

use std::fmt::Write as _;

use similar::TextDiff;

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path relative to the workspace root, forward slashes.
    pub path: String,
    /// The text before.
    pub before: String,
    /// The text afterwards.
    pub after: String,
}

/// The files as one unified diff, each with three lines around every change; empty when nothing changed.
pub fn render(files: &[ChangedFile]) -> String {
    let mut text = String::new();
    for file in files.iter().filter(|file| file.before != file.after) {
        let diff = TextDiff::from_lines(file.before.as_str(), file.after.as_str());
        let (before, after) = (format!("a/{}", file.path), format!("b/{}", file.path));
        let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&before, &after));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_its_surroundings() {
        let file = ChangedFile {
            path: "src/main.rs".into(),
            before: "a\nb\nc\nd\ne\nf\n".into(),
            after: "a\nb\nc\nd\ne\ng\n".into(),
        };
        let unchanged = ChangedFile { path: "x".into(), before: "same".into(), after: "same".into() };
        assert_eq!(
            render(&[unchanged, file]),
            "--- a/src/main.rs\n+++ b/src/main.rs\n@@ -3,4 +3,4 @@\n c\n d\n e\n-f\n+g\n"
        );
    }
}
