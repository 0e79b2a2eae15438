//! Room 5, *program*: constructors of database clients in libraries that the catalog does not have, by what they look
//! like. They are listed, so that the inventory is complete. Rules make nothing of them, unless one is awaited where it is made.

use super::{Argument, Call, LinkedBody, Target};
use crate::catalog::{Catalog, driver_in_path, driver_of_scheme};
use crate::program::types::Types;
use crate::program::values::Value;

/// Names that constructors have.
const CONSTRUCTORS: [&str; 6] = ["new", "connect", "open", "build", "from_url", "start"];
/// Names that fields with an address have.
const ADDRESSES: [&str; 9] =
    ["url", "uri", "dsn", "addr", "address", "host", "endpoint", "connection_string", "database_url"];
/// How far an address may be wrapped.
const DEPTH: usize = 4;

impl LinkedBody<'_> {
    /// The driver and the address of a call that looks like the constructor of a database client in a library nobody
    /// described: a type or module on its path is named after a database, it is given something that is named or
    /// written like an address, and it is given no handle that is there already.
    pub fn undescribed_client<'c>(
        &self,
        types: &Types<'_>,
        call: &'c Call<'_>,
    ) -> Option<(&'static str, &'c Argument)> {
        let Target::External(path) = &call.target else { return None };
        let is_constructor = CONSTRUCTORS.contains(&path.rsplit("::").next()?);
        if !is_constructor || call.receiver.is_some() || call.args.is_empty() {
            return None;
        }
        let driver = driver_in_path(path).filter(|_| !is_described(types.catalog, path))?;
        let takes_handle = call.args.iter().any(|argument| types.contains_handle(&argument.ty));
        let address = call.args.iter().find(|argument| self.is_address(&argument.value, 0))?;
        (!takes_handle).then_some((driver, address))
    }

    fn is_address(&self, value: &Value, depth: usize) -> bool {
        let inside = |value: &Value| depth < DEPTH && self.is_address(value, depth + 1);
        match value {
            Value::Field(_, name) => ADDRESSES.contains(&name.as_str()),
            Value::Env(_) => true,
            Value::Text(text) => driver_of_scheme(text).is_some(),
            Value::Content(inner) | Value::Behind(_, inner) => inside(inner),
            Value::Origin(_, list) | Value::Joined(list) => list.iter().any(inside),
            Value::Call(made) => {
                let made = self.call(*made);
                let library = matches!(made.target, Target::External(_) | Target::Library(_));
                library && made.inputs().any(|argument| inside(&argument.value))
            }
            _ => false,
        }
    }
}

fn is_described(catalog: &Catalog, path: &str) -> bool {
    catalog.knows_library(path.split("::").next().unwrap_or_default())
}
