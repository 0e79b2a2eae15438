//! Room 2, *workspace*: the disk itself. Every call to the file system is here; it must not know what a package or
//! a module is.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use super::text::Lines;

/// Texts larger than this are not read. Hand-written source stays far below it; generated tables do not, and
/// parsing one would take longer than all the rest.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Why a text could not be read. The `Display` form is a sentence that names the file and says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// The file as it was asked for.
    pub path: PathBuf,
    /// What went wrong.
    pub cause: ReadCause,
}

/// What went wrong while reading a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadCause {
    /// There is no such file.
    NotFound,
    /// It is a folder, or a device.
    NotAFile,
    /// It is not UTF-8; the 1-based line and column of the first wrong byte.
    NotUtf8 {
        /// Line of the first wrong byte.
        line: u32,
        /// Column of the first wrong byte, in characters.
        column: u32,
    },
    /// It is larger than [`MAX_FILE_BYTES`].
    TooLarge,
    /// The system refused, in its own words.
    Refused(String),
}

impl fmt::Display for ReadCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "does not exist; check the path"),
            Self::NotAFile => write!(f, "is not a file; give the path of a text file"),
            Self::NotUtf8 { line, column } => {
                write!(f, "is not UTF-8 (first wrong byte at line {line}, column {column}); save it as UTF-8")
            }
            Self::TooLarge => {
                write!(f, "is larger than {} MiB, the most that is read", MAX_FILE_BYTES / (1024 * 1024))
            }
            Self::Refused(why) => write!(f, "cannot be read: {why}"),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for ReadError {}

/// A text could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteError {
    /// The file as it was asked for.
    pub path: PathBuf,
    /// The system's own words.
    pub why: String,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` cannot be written: {}; check that its folder exists and is writable",
            self.path.display(),
            self.why
        )
    }
}

impl std::error::Error for WriteError {}

/// Reads a text that a person named, such as a configuration or catalog file; pipes are allowed. The byte order
/// mark, if any, is left out.
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    let text = read(path, Kinds::AlsoPipes).map_err(|cause| ReadError { path: path.to_path_buf(), cause })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Like [`read_text`], for a file that need not be there. A folder is no file.
pub fn read_text_if_there(path: &Path) -> Result<Option<String>, ReadError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => read_text(path).map(Some),
    }
}

/// Whether there is anything at a path that a person named, a link that leads nowhere included.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a path that a person named leads to a folder.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Writes a text to a file a person named, replacing what was there.
pub fn write_text(path: &Path, text: &str) -> Result<(), WriteError> {
    fs::write(path, text).map_err(|error| WriteError { path: path.to_path_buf(), why: error.to_string() })
}

/// Writes a text to a file that must not be there, making the folders around it.
pub fn write_new_text(path: &Path, text: &str) -> Result<(), WriteError> {
    let failed = |error: io::Error| WriteError { path: path.to_path_buf(), why: error.to_string() };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)
}

/// The path from the top of the git repository around `folder` down to `folder`, with forward slashes and a final
/// one (`backend/`); empty at the top and outside of any repository. Formats whose readers want paths from the top
/// of the repository put it before the paths of a report.
pub fn repository_prefix(folder: &Path) -> String {
    let Some(top) = repository_top(folder) else { return String::new() };
    let folder = canonical(folder).unwrap_or_else(|| folder.to_path_buf());
    let mut prefix = super::tree::relative(&top, &folder);
    if !prefix.is_empty() {
        prefix.push('/');
    }
    prefix
}

/// The top of the git repository around `folder`, as a real path.
pub(super) fn repository_top(folder: &Path) -> Option<PathBuf> {
    let folder = canonical(folder).unwrap_or_else(|| folder.to_path_buf());
    let top = folder.ancestors().find(|ancestor| exists(&ancestor.join(".git")));
    top.map(Path::to_path_buf)
}

/// What is found at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Nothing, or nothing that can be named.
    Absent,
    /// A file, a device, or something that may not be looked at; reading it tells.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that ends in itself.
    LinkCycle,
}

pub(super) fn presence(path: &Path) -> Presence {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Presence::Folder,
        Ok(_) => Presence::File,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Presence::File,
        Err(error) if is_nothing(&error) => Presence::Absent,
        Err(_) if path.ancestors().any(is_endless_link) => Presence::LinkCycle,
        Err(_) => Presence::Absent,
    }
}

/// The real path, links resolved; `None` when it does not exist or ends in itself.
pub(super) fn canonical(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok().map(without_verbatim_prefix)
}

/// Names of a folder's entries, sorted; empty when it cannot be listed.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The text of a regular file, byte order mark included.
pub(super) fn read_file(path: &Path) -> Result<String, ReadCause> {
    read(path, Kinds::FilesOnly)
}

/// The most folders that are searched for manifests. Repositories stay below it; a home folder or a whole disk does not, and
/// reading all that lies in one takes longer than anybody waits.
pub const MAX_FOLDERS: usize = 20_000;

/// What a walk met: manifests and folders that link back to where the walk came from, both sorted.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) manifests: Vec<PathBuf>,
    pub(super) cycles: Vec<PathBuf>,
    pub(super) refused: Vec<(PathBuf, String)>,
    /// Whether there are more folders than were walked.
    pub(super) is_cut: bool,
}

/// Walks the folders below `folder`. Links are never followed: what they point to below `folder` is met at its real
/// place, and what lies elsewhere is not below. Ends after `most` folders.
pub(super) fn walk(folder: &Path, most: usize) -> Walked {
    let mut walked = Walked::default();
    let mut folders = 0;
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !entry.file_name().to_str().is_some_and(is_skipped_folder)
    });
    for entry in entries {
        folders += usize::from(entry.as_ref().is_ok_and(|entry| entry.file_type().is_dir()));
        if folders > most {
            walked.is_cut = true;
            break;
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() && entry.file_name() == "Cargo.toml" => {
                walked.manifests.push(entry.into_path());
            }
            Ok(entry) if entry.path_is_symlink() && leads_back(entry.path()) => {
                walked.cycles.push(entry.into_path())
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                let why = error.io_error().map_or_else(|| error.to_string(), io::Error::to_string);
                walked.refused.push((path, why));
            }
        }
    }
    walked
}

/// The files below `folder` whose name is wanted, in no order. Links are not followed, and what cannot be read is left out.
pub(super) fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !entry.file_name().to_str().is_some_and(is_skipped_folder)
    });
    let found = entries
        .flatten()
        .filter(|entry| entry.file_type().is_file() && entry.file_name().to_str().is_some_and(wanted));
    found.map(walkdir::DirEntry::into_path).collect()
}

/// Whether a folder of this name holds build output, other people's code or a tool's own files.
pub(super) fn is_skipped_folder(name: &str) -> bool {
    name.starts_with('.') || name == "target" || name == "node_modules"
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kinds {
    FilesOnly,
    AlsoPipes,
}

fn read(path: &Path, kinds: Kinds) -> Result<String, ReadCause> {
    // Opening a pipe waits for its writer, so the kind is asked for first.
    let metadata = fs::metadata(path).map_err(|error| cause_of(&error))?;
    if metadata.is_dir() || (kinds == Kinds::FilesOnly && !metadata.is_file()) {
        return Err(ReadCause::NotAFile);
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(ReadCause::TooLarge);
    }
    let file = fs::File::open(path).map_err(|error| cause_of(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| cause_of(&error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ReadCause::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let (line, column) = Lines::new(&text).position(valid);
        ReadCause::NotUtf8 { line, column }
    })
}

fn cause_of(error: &io::Error) -> ReadCause {
    if is_nothing(error) { ReadCause::NotFound } else { ReadCause::Refused(error.to_string()) }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn is_endless_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
        && fs::metadata(path)
            .is_err_and(|error| error.kind() != io::ErrorKind::PermissionDenied && !is_nothing(&error))
}

fn leads_back(link: &Path) -> bool {
    match canonical(link) {
        Some(end) => link.parent().and_then(canonical).is_some_and(|parent| parent.starts_with(end)),
        None => is_endless_link(link),
    }
}

/// Windows gives real paths a prefix that other programs do not understand. It is dropped from drive paths.
fn without_verbatim_prefix(path: PathBuf) -> PathBuf {
    let mut components = path.components();
    if let Some(Component::Prefix(prefix)) = components.next()
        && let std::path::Prefix::VerbatimDisk(letter) = prefix.kind()
    {
        let mut plain = PathBuf::from(format!("{}:\\", char::from(letter)));
        plain.extend(components.skip_while(|component| matches!(component, Component::RootDir)));
        return plain;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_text_is_read_without_its_byte_order_mark_and_written_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("initpath.toml");
        write_text(&path, "\u{feff}[rules]\n").unwrap();
        assert_eq!(read_text(&path).unwrap(), "[rules]\n");
    }

    #[test]
    fn a_walk_ends_after_a_number_of_folders_and_says_so() {
        let top = tempfile::tempdir().unwrap();
        for name in ["a/b", "c", "target/d", ".git/e"] {
            fs::create_dir_all(top.path().join(name)).unwrap();
        }
        fs::write(top.path().join("a/Cargo.toml"), "").unwrap();
        let whole = walk(top.path(), 4);
        assert_eq!((whole.manifests.len(), whole.is_cut), (1, false), "the folder itself and three below it");
        assert!(walk(top.path(), 3).is_cut);
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read_text(&folder.path().join("nowhere.toml")).unwrap_err();
        assert_eq!(missing.cause, ReadCause::NotFound);
        assert!(missing.to_string().contains("nowhere.toml` does not exist"), "{missing}");

        assert_eq!(read_text(folder.path()).unwrap_err().cause, ReadCause::NotAFile);

        let latin1 = folder.path().join("latin1.toml");
        fs::write(&latin1, b"a = 1\nb = \"gr\xf6\xdfe\"\n").unwrap();
        assert_eq!(read_text(&latin1).unwrap_err().cause, ReadCause::NotUtf8 { line: 2, column: 8 });

        let unwritable = write_text(&folder.path().join("no/such/folder/out.json"), "{}").unwrap_err();
        assert!(unwritable.to_string().contains("cannot be written"), "{unwritable}");
    }

    #[test]
    fn the_way_from_the_repository_to_a_folder_ends_with_a_slash() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join(".git")).unwrap();
        fs::create_dir_all(top.path().join("services/backend")).unwrap();
        assert_eq!(repository_prefix(&top.path().join("services/backend")), "services/backend/");
        assert_eq!(repository_prefix(top.path()), "");
    }
}
