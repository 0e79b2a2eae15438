//! Room 9, *report*: what the tool knows at one line, in words. Must not judge.

use std::fmt::Write as _;

use super::{counted, one_line, path_of};
use crate::finding::Hop;
use crate::location::Location;
use crate::program::inventory::Status;
use crate::program::place::{CallAt, FunctionAt};
use crate::program::readiness::RouteReadiness;
use crate::workspace::SourceFile;

/// What a rule says about a function.
#[derive(Debug, Clone)]
pub struct RuleAt {
    /// The rule.
    pub rule: &'static str,
    /// What it reports here: the messages of its findings.
    pub reports: Vec<String>,
    /// Why it reports nothing, when it does not.
    pub silent: String,
}

/// Callers beyond this number are counted only.
const MOST_CALLERS: usize = 8;

/// The functions around a line, innermost first, each with what the rules say of it.
pub fn render(place: &str, functions: &[(FunctionAt, Vec<RuleAt>)], files: &[SourceFile]) -> String {
    if functions.is_empty() {
        return format!("{place}: no function of the analysed targets covers this line\n");
    }
    let mut text = format!("{place}\n");
    for (function, rules) in functions {
        text.push('\n');
        about(&mut text, function, files);
        for rule in rules {
            let _ = match rule.reports.as_slice() {
                [] => writeln!(text, "  {}: silent, {}", rule.rule, one_line(&rule.silent)),
                reports => writeln!(text, "  {}: {}", rule.rule, one_line(&reports.join("; "))),
            };
        }
    }
    text
}

fn about(text: &mut String, function: &FunctionAt, files: &[SourceFile]) {
    let at = format!("{}:{}", path_of(files, &function.declared), function.declared.span.line);
    let _ = writeln!(text, "{} ({at}), {}", function.path, function.scope);
    if let Some(handler) = &function.handler {
        let _ = writeln!(text, "  handler: {handler}");
    }
    if let Some(readiness) = &function.readiness {
        about_readiness(text, readiness, files);
    }
    let _ = writeln!(text, "  reached: {}", path(&function.way));
    let runs = match function.concurrent {
        true => "can run beside itself: requests, tasks or code outside the workspace call it",
        false => "runs in sequence: nothing is seen to run it beside itself",
    };
    let _ = writeln!(text, "  runs: {runs}");
    if function.needs_handle {
        let _ = writeln!(text, "  needs: a database handle, itself or in what it calls");
    }
    let shown: Vec<String> = function
        .callers
        .iter()
        .take(MOST_CALLERS)
        .map(|caller| {
            format!("{} ({}:{})", caller.label, path_of(files, &caller.location), caller.location.span.line)
        })
        .collect();
    let rest = function.callers.len().saturating_sub(MOST_CALLERS);
    let _ = match (shown.is_empty(), rest) {
        (true, _) => writeln!(text, "  callers: none in the workspace"),
        (false, 0) => writeln!(text, "  callers: {}", shown.join(", ")),
        (false, rest) => writeln!(text, "  callers: {}, and {}", shown.join(", "), counted(rest, "other")),
    };
    for call in &function.calls {
        about_call(text, call);
    }
    if !function.relevant {
        let _ = writeln!(text, "  no effect: nothing that it does or calls is what rules look at");
    }
}

fn about_readiness(text: &mut String, readiness: &RouteReadiness, files: &[SourceFile]) {
    let at = |location: &Location| format!("{}:{}", path_of(files, location), location.span.line);
    let needs = match readiness.needs.as_slice() {
        [] => "a database".to_owned(),
        known => known.join(", "),
    };
    let ready = match (readiness.gate, readiness.barrier, readiness.place) {
        (Status::NotNeeded, ..) => "it needs no database".to_owned(),
        (Status::StartUp, Some((made, served)), _) => {
            format!(
                "needs {needs}; ready before it can run: {} comes before {}, which serves",
                at(&made),
                at(&served)
            )
        }
        (Status::StartUp, None, _) => format!("needs {needs}; nothing is seen to come after serving"),
        (Status::Gate, ..) => format!("needs {needs}; a middleware answers by itself until that is there"),
        (Status::LooksFirst, ..) => format!("needs {needs}; it looks by itself whether that is there"),
        (Status::Request, _, Some(opened)) => {
            format!("needs {needs}; opened by the request itself, at {}", at(&opened))
        }
        (Status::Request, _, None) => format!("needs {needs}; opened by the request itself"),
        (Status::Nothing, _, Some(task)) => {
            format!(
                "needs {needs}; nothing waits for what {} starts, so it can run before that is done",
                at(&task)
            )
        }
        (Status::Nothing, ..) => format!("needs {needs}; nothing keeps requests out until that is there"),
    };
    let aside = match (readiness.gate, readiness.place) {
        (Status::StartUp, Some(opened)) => {
            format!("; the request itself opens a handle at {}", at(&opened))
        }
        _ => String::new(),
    };
    let _ = writeln!(text, "  readiness: {}{aside}", one_line(&ready));
    if let Some(probe) = &readiness.probe {
        let _ = writeln!(text, "  probe: {}", one_line(probe));
    }
}

fn path(hops: &[Hop]) -> String {
    let hops: Vec<&str> = hops.iter().map(|hop| hop.label.as_str()).collect();
    one_line(&hops.join(" → "))
}

fn about_call(text: &mut String, call: &CallAt) {
    let span = call.span;
    let leads_to = match call.leads_to.as_slice() {
        [] => String::new(),
        list => format!("{}, ", list.join(" | ")),
    };
    let _ = writeln!(text, "  call {}:{}: {}{}", span.line, span.column, one_line(&leads_to), call.known);
    let with = |text: &mut String, title: &str, (ty, value): &(String, String)| {
        let from = if value.is_empty() { String::new() } else { format!(" = {value}") };
        let _ = writeln!(text, "    {title}: {}", one_line(&format!("{ty}{from}")));
    };
    if let Some(receiver) = &call.receiver {
        with(text, "receiver", receiver);
    }
    for argument in &call.arguments {
        with(text, "argument", argument);
    }
    let _ = writeln!(text, "    gives: {}", one_line(&call.result));
    if let Some(when) = call.when {
        let _ = writeln!(text, "    runs: {when}");
    }
    if call.guards > 0 {
        let _ = writeln!(text, "    holds: {}", counted(call.guards, "named lock"));
    }
    for effect in &call.effects {
        let _ = writeln!(text, "    effect: {}", one_line(effect));
    }
}
