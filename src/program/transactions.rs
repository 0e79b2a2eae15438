//! Room 5, *program*: what keeps others out of a database: transactions and locks, told by types, by the calls that begin them, and by
//! the closures that run in them.

use super::bodies::{BlockId, Call, CallId, LinkedBody, Target, settled};
use super::sql::SqlEffect;
use super::types::Ty;
use super::values::Value;
use crate::catalog::CallRole;

/// Whether nobody else gets to the schema from the call on: it takes a lock of the database, begins a transaction, or is made in one.
pub(super) fn locks_database(body: &LinkedBody<'_>, call: &Call<'_>) -> bool {
    let library = matches!(call.target, Target::Library(facts) if facts.role == CallRole::DatabaseLock);
    library
        || is_transaction(&call.result)
        || in_transaction(body, call)
        || call.sql().iter().any(SqlEffect::keeps_out_others)
}

/// Whether a call is made with a transaction, with the connection that one has, or in a closure that runs in one.
pub(super) fn in_transaction(body: &LinkedBody<'_>, call: &Call<'_>) -> bool {
    let with_it = call.inputs().any(|input| {
        let begun =
            matches!(input.value.root(), Value::Call(made) if is_transaction(&body.call(*made).result));
        begun || is_transaction(&input.ty)
    });
    // `connection.transaction(|…| …)`, and `connection.build_transaction().run(|…| …)`.
    let begins_around = |block: BlockId| {
        let is_given =
            |around: &Call<'_>| around.args.iter().any(|argument| argument.value == Value::Block(block));
        let around = body.calls.iter().position(is_given).map(|index| CallId(index as u32));
        around.is_some_and(|around| body.chain(around).any(|link| begins_transaction(body.call(link))))
    };
    with_it || body.blocks_around(call.context).any(begins_around)
}

pub(super) fn is_transaction(ty: &Ty) -> bool {
    matches!(settled(ty), Ty::External(path, _) if path.ends_with("Transaction") || path.ends_with("Savepoint"))
}

/// Whether a call of a library begins a transaction.
pub(super) fn begins_transaction(call: &Call<'_>) -> bool {
    matches!(
        call.name_of_callee(),
        Some(
            "begin"
                | "begin_with"
                | "transaction"
                | "unchecked_transaction"
                | "transaction_with_behavior"
                | "build_transaction"
                | "immediate_transaction"
                | "exclusive_transaction"
                | "savepoint"
                | "savepoint_with_name"
        )
    )
}
