//! Room 5, *program*: functions of the workspace that run code which they are given, between steps of their own.

use crate::catalog::CallRole;
use crate::facts::{Body, ExprId, ExprKind, Name, Pat, Statement};
use crate::location::Span;
use crate::program::bodies::{Call, CallId, Event, EventKind, LinkedBody, Target, Time};
use crate::program::items::FnId;
use crate::program::types::{Ty, Types};
use crate::program::values::Value;

use super::{Collector, Effect, EffectKind, RunsGiven};

/// A parameter that is code, in a function that runs it at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeParameter {
    /// Its number.
    pub param: u32,
    /// The expression that runs it.
    pub span: Span,
    /// That expression, where it hands the code to something else that runs it.
    pub handed: Option<ExprId>,
}

/// The parameters of a function that are code and stand once in its body, where that runs them or hands them to something that may.
/// Linear in the expressions of the body for each such parameter.
pub(super) fn code_parameters(types: &Types<'_>, id: FnId, linked: &LinkedBody<'_>) -> Vec<CodeParameter> {
    let item = &types.items.functions[id.index()];
    let (Some(body), Some(facts)) = (item.body, item.signature) else { return Vec::new() };
    let mut found = Vec::new();
    for (param, (written, ty)) in facts.params.iter().zip(&types.signature(id).params).enumerate() {
        let Pat::Bind { name, .. } = &written.pat else { continue };
        if !types.pointees(ty.clone()).any(|ty| may_be_code(&ty)) {
            continue;
        }
        let until = bound_again(body, name);
        let mut mentions = body.ids().filter(|mention| match &body.expr(*mention).kind {
            ExprKind::Path(path) => {
                matches!(path.segments.as_slice(), [only] if only.name == *name)
                    && until.is_none_or(|until| !body.expr(*mention).span.ends_after(until))
            }
            _ => false,
        });
        if let (Some(mention), None) = (mentions.next(), mentions.next())
            && let Some((run, handed)) = runs(linked, body, mention)
            && (gives_no_future(ty) || !is_put_off(linked, body, run, facts.is_async))
        {
            let span = body.expr(run).span;
            found.push(CodeParameter { param: param as u32, span, handed: handed.then_some(run) });
        }
    }
    found
}

/// The statement that gives a name to something else, the first in the order of the text.
fn bound_again(body: &Body, name: &Name) -> Option<Span> {
    let blocks = body.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Block { statements, .. } => Some(statements),
        _ => None,
    });
    let bound = blocks.flatten().filter_map(|statement| match statement {
        Statement::Let(written) => {
            matches!(&written.pat, Pat::Bind { name: own, .. } if own == name).then_some(written.span)
        }
        _ => None,
    });
    bound.min_by_key(|span| (span.line, span.column))
}

fn may_be_code(ty: &Ty) -> bool {
    matches!(ty, Ty::Callable(_) | Ty::Param(_) | Ty::Bounds(_) | Ty::Future(_))
}

/// Whether all that calling it gives is there when the call is over.
fn gives_no_future(ty: &Ty) -> bool {
    matches!(ty, Ty::Callable(output) if !matches!(**output, Ty::Unknown) && !may_be_code(output))
}

/// The expression that runs what stands at `mention`: a call of it, an `.await`, or a call that it is handed to, which the second
/// part says. What is only put into a box stands where the box does.
fn runs(linked: &LinkedBody<'_>, body: &Body, mention: ExprId) -> Option<(ExprId, bool)> {
    body.ids().find_map(|id| match &body.expr(id).kind {
        ExprKind::Call { callee, .. } if *callee == mention => Some((id, false)),
        ExprKind::Await(inner) if *inner == mention => Some((id, false)),
        ExprKind::Call { args, .. } if args.contains(&mention) => match wraps(linked, id) {
            true => runs(linked, body, id),
            false => may_run_its_arguments(linked, id).then_some((id, true)),
        },
        ExprKind::MethodCall(call) if call.args.contains(&mention) => {
            may_run_its_arguments(linked, id).then_some((id, true))
        }
        _ => None,
    })
}

/// Whether a function of a library only wraps what it is given: `Box::new(run)`.
fn wraps(linked: &LinkedBody<'_>, id: ExprId) -> bool {
    let adapts =
        |target: &Target<'_>| matches!(target, Target::Library(facts) if facts.role == CallRole::Adapt);
    linked.calls.iter().any(|call| call.expr == id && adapts(&call.target))
}

/// Whether what is called runs what it is given before anything that follows, or where its summary says.
fn may_run_its_arguments(linked: &LinkedBody<'_>, id: ExprId) -> bool {
    linked.calls.iter().filter(|call| call.expr == id).any(|call| match &call.target {
        Target::Local { targets, dispatched } => targets.len() == 1 && !dispatched,
        Target::Library(facts) => {
            starts(facts.role) || matches!(facts.role, CallRole::Adapt | CallRole::Timeout)
        }
        _ => false,
    })
}

fn starts(role: CallRole) -> bool {
    matches!(
        role,
        CallRole::Spawn
            | CallRole::SpawnThread
            | CallRole::SpawnBlocking
            | CallRole::BlockOn
            | CallRole::Retry
    )
}

/// Whether an expression only makes a future that is kept for later: `let server = run();`. What an async body gives back was
/// awaited.
fn is_put_off(linked: &LinkedBody<'_>, body: &Body, run: ExprId, is_async: bool) -> bool {
    let (at, is_awaited) =
        (body.expr(run).span, |id: ExprId| matches!(body.expr(id).kind, ExprKind::Await(_)));
    let is_kept = body.ids().any(|id| match &body.expr(id).kind {
        ExprKind::Block { statements, .. } => statements.iter().any(|statement| match statement {
            Statement::Let(written) => written.init.is_some_and(|init| body.expr(init).span.encloses(at)),
            _ => false,
        }),
        _ => false,
    });
    let in_await = || body.ids().any(|id| is_awaited(id) && body.expr(id).span.encloses(at));
    let is_started = || {
        linked.calls.iter().any(|call| {
            matches!(call.target, Target::Library(facts) if starts(facts.role)) && call.span.encloses(at)
        })
    };
    (is_kept || !is_async && is_given_back(linked, run)) && !in_await() && !is_started()
}

/// Whether the body gives back what an expression makes.
fn is_given_back(linked: &LinkedBody<'_>, run: ExprId) -> bool {
    let made = (0..).zip(&linked.calls).filter(|(_, call)| call.expr == run);
    made.map(|(index, _)| Value::Call(CallId(index))).any(|made| linked.result.contains(&made))
}

/// The argument of a call of a function of the workspace that an event is the code of, where that event stands before the call
/// itself.
pub(super) fn given_as(body: &LinkedBody<'_>, event: &Event, call: CallId) -> Option<usize> {
    let to = body.call(call);
    if !matches!(to.target, Target::Local { .. }) {
        return None;
    }
    match &event.kind {
        EventKind::Block { block, time: Time::Inline } => {
            to.args.iter().position(|argument| argument.value.contains(&Value::Block(*block)))
        }
        EventKind::Call { call: run, time: Time::Inline } if *run != call => {
            let ran = body.call(*run);
            let handed = |target: &FnId| {
                to.args.iter().position(|argument| argument.value == Value::Function(*target))
            };
            let by_name =
                if ran.expr == to.expr { ran.local_targets().iter().find_map(handed) } else { None };
            // Also among others in a list or a tuple, which says nothing of their order.
            let future = || to.args.iter().position(|argument| argument.value.contains(&Value::Call(*run)));
            by_name.or_else(|| if ran.is_future { future() } else { None })
        }
        _ => None,
    }
}

/// What there was when an event began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// How many effects.
    pub effects: usize,
    /// How many parameters that were known to run.
    pub runs: usize,
}

impl Collector<'_, '_, '_> {
    /// Notes that parameters run here.
    pub(super) fn note_runs(&mut self, here: impl Fn(&CodeParameter) -> bool) {
        let after = self.effects.len();
        let runs = &mut self.runs_given;
        self.code.retain(|code| {
            let runs_here = here(code);
            if runs_here {
                runs.push(RunsGiven { param: code.param, after });
            }
            !runs_here
        });
    }

    /// Notes where parameters run that a call hands on to a function of the workspace, if that is known.
    pub(super) fn hand_on(&mut self, call: &Call<'_>, inner: &[RunsGiven]) {
        let runs = &mut self.runs_given;
        self.code.retain(|code| {
            if code.handed != Some(call.expr) {
                return true;
            }
            let at = call.args.iter().position(|argument| argument.value == Value::Param(code.param));
            let run = inner.iter().find(|run| at == Some(run.param as usize));
            runs.extend(run.map(|run| RunsGiven { param: code.param, after: run.after }));
            false
        });
    }

    /// Whether the only function that a call leads to keeps an argument, in a field or in what it gives back, or gives back something
    /// that is still to be run.
    fn is_kept_for_later(&self, call: CallId, argument: u32) -> bool {
        let [only] = self.body.call(call).local_targets() else { return false };
        let types = self.summarizer.types;
        let is_async = types.items.functions[only.index()].signature.is_some_and(|facts| facts.is_async);
        let output = types.signature(*only).output.clone();
        if !is_async && types.pointees(output).any(|ty| matches!(ty, Ty::Future(_) | Ty::Callable(_))) {
            return true;
        }
        let body = self.summarizer.bodies[only.index()].as_deref();
        let given = Value::Param(argument);
        body.is_some_and(|body| body.kept_functions.iter().any(|kept| kept.value == given))
            || matches!(self.summarizer.results.get(*only),
                made @ (Value::Record(..) | Value::With(..)) if made.contains(&given))
    }

    /// Puts what the code does that a call is given, which stands in the events before it, to where the callee runs it. Where that is not
    /// known, it is not certain that a server among it answers before what else the call does.
    pub(super) fn order_given(
        &mut self,
        before: &[Event],
        starts: &[Start],
        call: CallId,
        runs: &[RunsGiven],
    ) {
        let Some((own_start, earlier)) = starts.split_last() else { return };
        let mut given: Vec<(Start, Option<usize>, bool)> = Vec::new();
        let mut end = own_start;
        for (event, start) in before.iter().zip(earlier).rev() {
            // What has no effect may stand between the code and the call: `run(Box::new(|| serve()))`.
            match given_as(self.body, event, call) {
                Some(argument) => {
                    let run = runs.iter().find(|run| run.param as usize == argument);
                    let is_kept = self.is_kept_for_later(call, argument as u32);
                    given.push((*start, run.map(|run| run.after - own_start.effects), is_kept));
                }
                None if start.effects == end.effects => {}
                None => break,
            }
            end = start;
        }
        if given.is_empty() {
            return;
        }
        let own = self.effects.split_off(own_start.effects);
        let given = given.into_iter().map(|(start, at, is_kept)| {
            let effects = self.effects.split_off(start.effects);
            Given { start, at, is_kept, effects }
        });
        let mut given: Vec<Given> = given.collect();
        given.reverse();
        doubt_servers(&mut given, &own);

        let ends = given.iter().skip(1).map(|next| next.start.runs).chain([own_start.runs]);
        let ends: Vec<usize> = ends.collect();
        // The stable sort leaves what is not known before all that the callee does.
        let mut order: Vec<(Given, usize)> = given.into_iter().zip(ends).collect();
        order.sort_by_key(|(given, _)| given.at);
        let mut order = order.into_iter().peekable();
        let mut own_places = Vec::with_capacity(own.len() + 1);
        let mut own = own.into_iter();
        for index in 0.. {
            while let Some((given, end)) = order.next_if(|(given, _)| given.at.is_none_or(|at| at <= index)) {
                let moved = self.effects.len();
                for run in &mut self.runs_given[given.start.runs..end] {
                    run.after = run.after - given.start.effects + moved;
                }
                self.effects.extend(given.effects);
            }
            own_places.push(self.effects.len());
            let Some(effect) = own.next() else { break };
            self.effects.push(effect);
        }
        for run in &mut self.runs_given[own_start.runs..] {
            run.after = own_places[run.after - own_start.effects];
        }
    }
}

/// Code that a call is given.
#[derive(Debug)]
struct Given {
    /// Where it stands in the list of effects.
    start: Start,
    /// How many effects of the callee come before it, where that is known.
    at: Option<usize>,
    /// Whether the callee keeps it, so that something else runs it.
    is_kept: bool,
    effects: Vec<Effect>,
}

/// Takes the certainty from servers that may answer before or after other code of the same call that opens or changes a database, or
/// at another time altogether.
fn doubt_servers(given: &mut [Given], own: &[Effect]) {
    let prepares = |effects: &[Effect]| {
        let mut kinds = effects.iter().map(|effect| &effect.kind);
        kinds.any(|kind| matches!(kind, EffectKind::Create { .. } | EffectKind::Migrate))
    };
    let preparing: Vec<bool> = given.iter().map(|given| prepares(&given.effects)).collect();
    for (index, one) in given.iter_mut().enumerate().filter(|(_, one)| one.at.is_none()) {
        let mut others = preparing.iter().enumerate().filter(|(other, _)| *other != index);
        if one.is_kept || prepares(own) || others.any(|(_, prepares)| *prepares) {
            let servers = one.effects.iter_mut().filter(|effect| effect.kind == EffectKind::Serve);
            servers.for_each(|serve| serve.certain = false);
        }
    }
}
