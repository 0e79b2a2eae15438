//! Prints, for every call in a workspace, what the linked program says it leads to: one JSON object per line.
//!
//! `cargo run --release --example resolved_calls -- path/to/Cargo.toml`
//!
//! `scripts/mir_agreement.py` compares this with what the compiler resolved.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use initpath::analysis::{Settings, inquire};
use initpath::catalog::Catalog;
use initpath::program::Program;
use initpath::program::bodies::{Call, Target};
use initpath::program::items::FnId;
use initpath::workspace::{self, Request};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = std::env::args_os().nth(1).ok_or("usage: resolved_calls path/to/Cargo.toml")?;
    let start = std::env::current_dir()?;
    let request = Request { start, manifest_path: Some(PathBuf::from(manifest)), ..Request::default() };
    let workspace = workspace::open(&request)?;
    let (_, lines) = inquire(workspace, Catalog::builtin(), &Settings::default(), calls);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// All calls of all functions, in the order of the functions.
fn calls(program: &Program<'_>) -> Vec<Value> {
    let count = program.types.items.functions.len() as u32;
    let mut lines = Vec::new();
    for id in (0..count).map(FnId) {
        let Some(body) = program.any_body(id) else { continue };
        lines.extend(body.calls.iter().map(|call| described(program, id, call)));
    }
    lines
}

fn described(program: &Program<'_>, caller: FnId, call: &Call<'_>) -> Value {
    let declared = |id: FnId| {
        let place = program.declaration(id);
        json!({ "path": program.path_of(id), "file": file(program, id), "line": place.span.line })
    };
    let (kind, targets, path, dispatched) = match &call.target {
        Target::Local { targets, dispatched } => {
            ("local", targets.iter().map(|id| declared(*id)).collect(), None, *dispatched)
        }
        Target::Library(facts) if call.by_name => {
            ("unknown", Vec::new(), Some(facts.path.to_string()), false)
        }
        Target::Library(facts) => ("library", Vec::new(), Some(facts.path.to_string()), false),
        Target::External(path) => ("external", Vec::new(), Some(path.to_string()), false),
        Target::Block(_) => ("block", Vec::new(), None, false),
        Target::Unknown(name) => ("unknown", Vec::new(), Some(name.to_string()), false),
    };
    json!({
        "file": file(program, caller),
        "line": call.span.line,
        "column": call.span.column,
        "end_line": call.span.end_line,
        "end_column": call.span.end_column,
        "caller": program.path_of(caller),
        "kind": kind,
        "targets": targets,
        "path": path,
        "dispatched": dispatched,
        "on_path": program.body(caller).is_some(),
        "method": call.receiver.is_some(),
    })
}

fn file<'p>(program: &'p Program<'_>, id: FnId) -> &'p str {
    &program.workspace.files[program.declaration(id).file.0 as usize].path
}
