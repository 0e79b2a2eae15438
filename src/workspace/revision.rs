//! Room 2, *workspace*: a workspace as it was at a revision of the git repository around it. Nothing is checked out.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Workspace;
use super::deployment::is_deployment_file;
use super::disk::repository_top;
use super::environment_files::is_environment_file;
use super::memory::in_memory;
use super::tree::{normalized, relative};

/// Why a revision could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevisionError {
    /// Git did not run.
    NoGit(String),
    /// There is no repository around the folder.
    NoRepository(PathBuf),
    /// There is no such revision.
    Unknown {
        /// What was asked for.
        revision: String,
        /// What git says.
        why: String,
    },
}

impl fmt::Display for RevisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGit(why) => {
                write!(f, "git cannot be run ({why}); install it, or do without a revision")
            }
            Self::NoRepository(folder) => {
                write!(f, "`{}` is not a git repository, so it has no revisions", folder.display())
            }
            Self::Unknown { revision, why } => {
                write!(f, "`{revision}` is no revision of this git repository: {why}")
            }
        }
    }
}

impl std::error::Error for RevisionError {}

/// The workspace in `root` as it was at `revision`, in memory: sources, manifests, SQL, deployment and environment files, read
/// without cargo. Files that are not UTF-8 are left out.
///
/// # Errors
/// When git cannot be run or does not know the revision.
pub fn open_revision(root: &Path, revision: &str) -> Result<Workspace, RevisionError> {
    let unknown = |why: &[u8]| unknown(root, revision, why);
    // What starts with a dash would be an option.
    if revision.starts_with('-') {
        return Err(unknown(b"it starts with a dash"));
    }
    let tree = git(root, &["ls-tree", "-r", "-z", revision], b"")?;
    if !tree.status.success() {
        return Err(unknown(&tree.stderr));
    }
    let rows = tree.stdout.split(|byte| *byte == 0).filter_map(|row| {
        let (about, path) = std::str::from_utf8(row).ok()?.split_once('\t')?;
        let hash = about.split(' ').nth(2)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_read = name.ends_with(".rs")
            || name.ends_with(".sql")
            || name == "Cargo.toml"
            || is_deployment_file(name)
            || is_environment_file(name);
        let wanted = about.contains(" blob ") && is_read;
        let is_link = about.starts_with("120000 ");
        wanted.then(|| (hash.to_owned(), path.to_owned(), is_link))
    });
    let rows: Vec<(String, String, bool)> = rows.collect();
    let hashes: String = rows.iter().map(|(hash, ..)| format!("{hash}\n")).collect();
    let texts = git(root, &["cat-file", "--batch"], hashes.as_bytes())?;
    if !texts.status.success() {
        return Err(unknown(&texts.stderr));
    }
    let mut files: Vec<(&str, &str)> = Vec::new();
    let mut links: Vec<(&str, String)> = Vec::new();
    let mut rest = texts.stdout.as_slice();
    for (_, path, is_link) in &rows {
        let Some((head, after)) = split_at_newline(rest) else { break };
        let length =
            std::str::from_utf8(head).ok().and_then(|head| head.rsplit(' ').next()?.parse::<usize>().ok());
        let Some((text, after)) = length.and_then(|length| after.split_at_checked(length)) else {
            // Git says `missing` in one line.
            rest = after;
            continue;
        };
        rest = after.get(1..).unwrap_or_default();
        match (std::str::from_utf8(text), is_link) {
            (Ok(target), true) => {
                let folder = Path::new(path).parent().unwrap_or(Path::new(""));
                links.push((path, relative(Path::new(""), &normalized(&folder.join(target)))));
            }
            (Ok(text), false) => files.push((path, text)),
            (Err(_), _) => {}
        }
    }
    // What a link leads to is read where it stands; links to folders and to what is not there are left out.
    for (path, target) in &links {
        if let Some((_, text)) = files.iter().find(|(known, _)| known == target) {
            files.push((path, text));
        }
    }
    Ok(in_memory(&files))
}

/// The files below `root` that differ from `revision`, or are not known to git, by their paths from there.
///
/// # Errors
/// When git cannot be run, there is no repository, or it does not know the revision.
pub fn changed_since(root: &Path, revision: &str) -> Result<Vec<String>, RevisionError> {
    let unknown = |why: &[u8]| unknown(root, revision, why);
    if revision.starts_with('-') {
        return Err(unknown(b"it starts with a dash"));
    }
    let differs = git(root, &["diff", "--name-only", "-z", "--relative", revision, "--"], b"")?;
    if !differs.status.success() {
        return Err(unknown(&differs.stderr));
    }
    let untracked = git(root, &["ls-files", "--others", "--exclude-standard", "-z"], b"")?;
    let names = differs.stdout.split(|byte| *byte == 0).chain(untracked.stdout.split(|byte| *byte == 0));
    let mut names: Vec<String> = names
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// That git does not know a revision, with the first line of what it says, or that there is no repository.
fn unknown(root: &Path, revision: &str, why: &[u8]) -> RevisionError {
    if repository_top(root).is_none() {
        return RevisionError::NoRepository(root.to_path_buf());
    }
    RevisionError::Unknown {
        revision: revision.to_owned(),
        why: String::from_utf8_lossy(why).lines().next().unwrap_or("git does not say why").to_owned(),
    }
}

fn split_at_newline(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Runs git with an input, which is written beside reading the output: both can be larger than a pipe holds.
pub(super) fn git(
    folder: &Path,
    arguments: &[&str],
    input: &[u8],
) -> Result<std::process::Output, RevisionError> {
    let failed = |error: std::io::Error| RevisionError::NoGit(error.to_string());
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Git may end before it read everything; its exit code says so.
            let _ = stdin.map(|mut stdin| stdin.write_all(input));
        });
        child.wait_with_output().map_err(failed)
    })
}
