//! Runs the built binary and makes small workspaces. Judges nothing, except that every run ends and none panics.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Long enough for any run on a busy machine; a run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The report as JSON, which must be all that is on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("stdout is not JSON ({error}): {self:?}"))
    }
}

/// The folder of a fixture.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The command in a folder, without the variables that change its colours.
pub(crate) fn initpath(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-initpath"));
    command.args(arguments).current_dir(folder);
    for variable in ["CARGO_TERM_COLOR", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the command in a folder to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    finish(&mut initpath(folder, arguments))
}

/// Runs a command to its end.
///
/// # Panics
/// When it hangs, or says that it panicked.
pub(crate) fn finish(command: &mut Command) -> Ended {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary under test can be started");
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    let code = wait(&mut child, command);
    let text = |reader: thread::JoinHandle<Vec<u8>>| {
        let bytes = reader.join().expect("reading a pipe does not panic");
        String::from_utf8(bytes).expect("everything printed is UTF-8")
    };
    let ended = Ended { code, out: text(out), err: text(err) };
    assert!(!ended.err.contains("panicked"), "{command:?}: {ended:?}");
    ended
}

/// Waits for a child and gives its exit code.
///
/// # Panics
/// When it hangs.
pub(crate) fn wait(child: &mut Child, command: &Command) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.code();
        }
        if started.elapsed() > PATIENCE {
            child.kill().expect("a child can be stopped");
            panic!("{command:?} hangs");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A pipe must be emptied while the child runs, or the child stops when it is full.
fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("the pipe was asked for");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// A folder with these files, removed when the value is dropped.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .and_then(|()| fs::write(&path, bytes))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    folder
}

/// The manifest of [`workspace`].
pub(crate) const MANIFEST: &str = "\
[package]
name = \"app\"
version = \"0.0.0\"
edition = \"2024\"

[dependencies]
sqlx = \"0.8\"
tokio = \"1\"
";

/// A pool that two callers may both create, so that a finding in `src/pools.rs` proves that the rest was analysed.
pub(crate) const POOLS: &str = "\
use sqlx::PgPool;
use tokio::sync::RwLock;

static POOL: RwLock<Option<PgPool>> = RwLock::const_new(None);

pub async fn pool() -> sqlx::Result<PgPool> {
    if let Some(pool) = POOL.read().await.as_ref() {
        return Ok(pool.clone());
    }
    let url = std::env::var(\"DATABASE_URL\").unwrap_or_default();
    let pool = PgPool::connect(&url).await?;
    *POOL.write().await = Some(pool.clone());
    Ok(pool)
}
";

/// Two tasks that ask for the pool of [`POOLS`].
const MAIN: &str = "\
mod pools;

#[tokio::main]
async fn main() {
    tokio::join!(work(), work());
}

async fn work() {
    pools::pool().await.expect(\"the database is there\");
}
";

/// The rule that reports [`POOLS`], and where.
pub(crate) const RULE: &str = "check-then-init";
pub(crate) const PLACE: &str = "src/pools.rs:7:8";

/// How the line of that finding starts in the format `short`.
pub(crate) const FINDING: &str = "src/pools.rs:7:8: deny[check-then-init] ";

/// A package with one finding, whose `main.rs` starts with `declared`, and these further files.
pub(crate) fn workspace(declared: &str, files: &[(&str, &[u8])]) -> TempDir {
    let main = format!("{declared}{MAIN}");
    let mut all: Vec<(&str, &[u8])> = vec![
        ("Cargo.toml", MANIFEST.as_bytes()),
        ("src/pools.rs", POOLS.as_bytes()),
        ("src/main.rs", main.as_bytes()),
    ];
    all.retain(|(path, _)| files.iter().all(|(other, _)| other != path));
    all.extend(files);
    folder(&all)
}

/// Runs git in a folder.
///
/// # Panics
/// When it fails.
pub(crate) fn git(folder: &Path, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let ended = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(identity)
        .args(arguments)
        .output()
        .expect("git can be run");
    assert!(ended.status.success(), "{arguments:?}: {ended:?}");
}
