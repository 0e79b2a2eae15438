//! Room 5, *program*: handles in variables of a function that goes on, which stay as long as it does.

use crate::catalog::TypeKind;
use crate::facts::{ExprKind, Statement};
use crate::location::Span;
use crate::program::bodies::{BlockId, Time};
use crate::program::items::FnId;
use crate::program::values::Value;

use super::{Collector, Effect, EffectKind, Holder, Lifetime, Step};

impl Collector<'_, '_, '_> {
    /// A handle in a variable of a function that goes on to serve, or into a loop without an end, stays open meanwhile.
    pub(super) fn keep_while_serving(&mut self) {
        for index in 0..self.effects.len() {
            let effect = &self.effects[index];
            let stays = effect.lifetime == Lifetime::Local { stays: true } && effect.times.is_empty();
            let in_main = self.summarizer.mains.contains(&self.id);
            let handle = match &effect.kind {
                EffectKind::Create { handle, .. } => *handle,
                _ => continue,
            };
            let is_local =
                matches!(effect.lifetime, Lifetime::Local { .. }) && self.comes_from_its_call(effect);
            if is_local && handle != TypeKind::Connection && self.is_used_without_end(index) {
                self.effects[index].lifetime = Lifetime::Held(Holder::Scope);
                continue;
            }
            // A single connection in a variable is used and forgotten; a pool is there for the rest.
            if handle == TypeKind::Connection && effect.steps.len() == 1 {
                continue;
            }
            let served = stays
                && (in_main
                    || self.effects[index + 1..].iter().any(|later| {
                        later.kind == EffectKind::Serve && !self.body.exclusive(effect.context, later.context)
                    }));
            if served && self.made_here(index) && !self.is_over_with_its_block(index) {
                self.effects[index].lifetime = Lifetime::Held(Holder::Scope);
            }
        }
    }

    /// Whether the variable is one of a task that is over, or of a block that stands by itself and is left before anything is served.
    fn is_over_with_its_block(&self, index: usize) -> bool {
        let effect = &self.effects[index];
        let (Step::Call(_, call), Some(facts)) =
            (effect.steps[0], self.summarizer.types.items.functions[self.id.index()].body)
        else {
            return false;
        };
        let is_task = |block: BlockId| matches!(self.body.blocks[block.0 as usize].time, Some(Time::Task(_)));
        let made = self.body.call(call).span;
        let serves_in = |span: Span| {
            self.effects[index + 1..].iter().any(|later| {
                matches!(later.steps[0], Step::Call(_, call) if span.encloses(self.body.call(call).span))
                    && later.kind == EffectKind::Serve
            })
        };
        let statements = facts.exprs.iter().flat_map(|expr| match &expr.kind {
            ExprKind::Block { statements, .. } => statements.as_slice(),
            _ => &[],
        });
        let mut blocks = statements.filter_map(|statement| match statement {
            Statement::Expr(id, _) if matches!(facts.expr(*id).kind, ExprKind::Block { .. }) => {
                Some(facts.expr(*id).span)
            }
            _ => None,
        });
        self.body.blocks_around(self.body.call(call).context).any(is_task)
            || blocks.any(|span| span.encloses(made) && !serves_in(span))
    }

    /// Whether what the call gives, with which the way to an effect begins, holds the handle: a callee may as well let go of it itself.
    fn comes_from_its_call(&self, effect: &Effect) -> bool {
        let [Step::Call(_, call), inner @ ..] = &*effect.steps else { return false };
        let gives = |target: &FnId| {
            self.summarizer.summary(*target).is_some_and(|summary| {
                let mut own = summary.effects.iter().filter(|own| *own.steps == *inner);
                own.any(|own| own.lifetime == Lifetime::Returned)
            })
        };
        inner.is_empty() || self.body.call(*call).local_targets().iter().any(gives)
    }

    fn is_used_without_end(&self, index: usize) -> bool {
        match self.effects[index].steps[0] {
            Step::Call(_, call) => self.summarizer.is_used_without_end(self.body, call),
            Step::Static(..) => false,
        }
    }

    /// Whether the handle is in a variable of this function rather than of one it called.
    fn made_here(&self, index: usize) -> bool {
        let Step::Call(_, call) = self.effects[index].steps[0] else {
            return false;
        };
        let context = self.body.call(call).context;
        self.effects[index].steps.len() == 1
            || self.summarizer.lifetime(self.body, &Value::Call(call), Some(context))
                == Lifetime::Local { stays: true }
    }
}
