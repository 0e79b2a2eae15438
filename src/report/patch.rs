//! Room 9, *report*: changed texts as a unified diff that `git apply` and `patch -p1` take. The only file that knows
//! similar.

use std::fmt::Write as _;

use similar::TextDiff;

use super::Style;

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

/// The files as one unified diff in the form of git, each with three lines around every change; empty when nothing changed.
/// Its paths are relative to the repository that `style` tells of: git takes the paths of a diff in its own form from there,
/// wherever it is called.
pub fn render(files: &[ChangedFile], style: &Style) -> String {
    let mut text = String::new();
    for file in files.iter().filter(|file| file.before != file.after) {
        let diff = TextDiff::from_lines(file.before.as_str(), file.after.as_str());
        let path = style.in_repository(&file.path);
        let (before, after) = (name("a/", &path), name("b/", &path));
        let _ = writeln!(text, "diff --git {before} {after}");
        // Without a tab behind it, `patch` takes a name up to its first space.
        let end = if path.contains(' ') { "\t" } else { "" };
        let (before, after) = (before + end, after + end);
        let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&before, &after));
    }
    text
}

/// A path with the prefix of its side, in quotation marks where it has letters that would end it.
fn name(side: &str, path: &str) -> String {
    let is_plain = |letter: char| !letter.is_control() && !matches!(letter, '"' | '\\');
    if path.chars().all(is_plain) {
        return format!("{side}{path}");
    }
    let quoted = path.bytes().map(|byte| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\{byte:03o}"),
    });
    format!("\"{side}{}\"", quoted.collect::<String>())
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
            render(&[unchanged, file], &Style::default()),
            "diff --git a/src/main.rs b/src/main.rs\n--- a/src/main.rs\n+++ b/src/main.rs\n\
             @@ -3,4 +3,4 @@\n c\n d\n e\n-f\n+g\n"
        );
    }

    #[test]
    fn a_path_that_would_end_early_is_quoted() {
        assert_eq!(name("a/", "src/größe x.rs"), "a/src/größe x.rs");
        assert_eq!(name("b/", "a\"\\\tß.rs"), "\"b/a\\\"\\\\\\011\\303\\237.rs\"");
    }
}
