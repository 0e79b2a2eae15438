//! Room 5, *program*: maps whose entries are what callers share, so that a second entry for one key parts them.

use std::fmt;

use super::Program;
use super::bodies::Call;
use super::flow::Written;
use super::items::FnId;
use super::types::{Ty, is_result};
use super::values::Value;
use crate::catalog::TypeKind;
use crate::location::Span;

impl Program<'_> {
    /// What callers share through the entries of a map at a place, so that a second entry for one key parts them: a lock, the
    /// sending end of a channel, or an object that is there once for each key, as its type's name says.
    pub fn shared_through_entries(&self, id: FnId, place: &Value) -> Option<SharedEntry> {
        let map = self.map_at(id, place)?;
        let Ty::External(_, args) = map else { return None };
        self.types.pointees(args.get(1)?.clone()).find_map(|ty| {
            match self.types.type_facts(&ty).map(|facts| facts.kind) {
                Some(TypeKind::Lock) => Some(SharedEntry::Lock),
                Some(TypeKind::Sender) => Some(SharedEntry::Channel),
                Some(_) => None,
                None => {
                    let is_data = self.types.is_plain_data(&ty) || self.types.is_written_as_data(&ty);
                    let name = self.types.name_of(&ty).filter(|name| is_living(name) && !is_data)?;
                    Some(SharedEntry::Object(name.to_owned()))
                }
            }
        })
    }

    /// Whether somebody else may come between a question for an entry and the entry, and it matters: the entry is a mark for what is
    /// being done, or a function of the workspace works on it in between. Whoever looks at what the entry replaces finds out.
    pub fn may_be_outrun(&self, id: FnId, place: &Value, asked: Span, write: &Written) -> bool {
        let Some((body, Ty::External(path, _))) = self.any_body(id).zip(self.map_at(id, place)) else {
            return false;
        };
        let starts = |span: Span| (span.line, span.column);
        let is_between =
            |call: &&Call<'_>| starts(asked) < starts(call.span) && starts(call.span) < starts(write.span);
        let works = |call: &Call<'_>| {
            call.local_targets().iter().any(|target| match &self.types.signature(*target).output {
                Ty::Future(_) => true,
                output => is_result(output),
            })
        };
        let entering = body.calls.iter().find(|call| call.span == write.span);
        entering.is_some_and(|call| call.outcome.discarded && !call.outcome.bound)
            && (path.ends_with("Set") || body.calls.iter().filter(is_between).any(works))
    }
}

/// What callers share through an entry of a map.
#[derive(Debug)]
pub enum SharedEntry {
    /// A lock.
    Lock,
    /// The sending end of a channel.
    Channel,
    /// An object of a type with this name.
    Object(String),
}

impl SharedEntry {
    /// Whether a value that is put into the map was made for it: not handed in, and of an object neither a part nor a record of what
    /// was there before.
    pub fn is_made_as(&self, value: &Value) -> bool {
        let was_there =
            |value: &Value| matches!(value.root(), Value::Param(_) | Value::Receiver | Value::Static(_));
        let is_object = matches!(self, Self::Object(_));
        !was_there(value)
            && match value {
                Value::Field(_, name) => !is_object || name.starts_with(|first: char| first.is_ascii_digit()),
                Value::Record(_, _, fields) => {
                    !is_object || !fields.iter().any(|(_, field)| was_there(field))
                }
                _ => true,
            }
    }
}

impl fmt::Display for SharedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock => f.write_str("lock"),
            Self::Channel => f.write_str("channel"),
            Self::Object(name) => write!(f, "`{name}`"),
        }
    }
}

/// Last words in the names of types whose values are there once for each key: what they stand for does not come twice, or costs a
/// connection.
const LIVING: [&str; 12] = [
    "Client",
    "Connection",
    "Database",
    "Engine",
    "Executor",
    "Handle",
    "Instance",
    "Pool",
    "Producer",
    "Runtime",
    "Session",
    "Store",
];

/// Whether the name of a type says that its values live: they are connected, run or hold what others need.
fn is_living(name: &str) -> bool {
    LIVING.iter().any(|word| name.ends_with(word))
}
