//! Room 5, *program*: migrations of data that people wrote by hand, told by their names, in tasks that nobody waits for.

use super::bodies::{Event, EventKind, LinkedBody, Target, Time};
use super::inventory::Scope;
use super::items::FnId;
use super::{Program, initializes, reach};
use crate::location::Span;

/// A migration in a task.
#[derive(Debug, Clone, Copy)]
pub struct DetachedMigration {
    /// The function that starts the task.
    pub function: FnId,
    /// The call that starts it.
    pub task: Span,
    /// The call that migrates.
    pub call: Span,
    /// The function that migrates.
    pub migrates: FnId,
}

impl Program<'_> {
    /// The migrations by hand in tasks of functions that open a handle or change the schema themselves, where the task is
    /// neither joined nor stored and does not go on for ever; in the order of the functions.
    pub fn detached_data_migrations(&self) -> Vec<DetachedMigration> {
        let mut found = Vec::new();
        for (function, body) in self.linked() {
            let prepares =
                || self.effects(function).iter().any(|effect| initializes(effect) && effect.is_in_line());
            if self.scope(function) != Scope::Production {
                continue;
            }
            for event in &body.events {
                let EventKind::Block { block, time: Time::Task(task) } = event.kind else { continue };
                let dropped = body.call(task).outcome.discarded && !body.waits_for(task);
                if !dropped || !prepares() {
                    continue;
                }
                let migration = self.migration_in(body, &body.blocks[block.0 as usize].events);
                found.extend(migration.map(|(call, migrates)| DetachedMigration {
                    function,
                    task: body.call(task).span,
                    call,
                    migrates,
                }));
            }
        }
        found
    }

    fn migration_in(&self, body: &LinkedBody<'_>, events: &[Event]) -> Option<(Span, FnId)> {
        events.iter().find_map(|event| match &event.kind {
            EventKind::Block { block, .. } => self.migration_in(body, &body.blocks[block.0 as usize].events),
            EventKind::Call { call, .. } => {
                let call = body.call(*call);
                let Target::Local { targets, dispatched: false } = &call.target else { return None };
                let target = *targets.first()?;
                let given = call.inputs().any(|argument| {
                    reach::is_handle(self.types, &argument.ty) || self.types.contains_handle(&argument.ty)
                });
                let named = migrates(&self.types.items.functions[target.index()].name);
                (named && given && self.needs_handle(target) && !body.in_loop(event.context))
                    .then_some((call.span, target))
            }
            _ => None,
        })
    }
}

/// Whether a function is named for migrating.
fn migrates(name: &str) -> bool {
    let mut words = name.split('_');
    words.clone().next() == Some("migrate") || words.any(|word| word == "migrations")
}
