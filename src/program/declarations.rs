//! Room 5, *program*: what people declare about resources, because no code says it.

/// One declaration about a resource, or about one role of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceDeclaration {
    /// Id of the resource, as the inventory lists it.
    pub id: String,
    /// What the handles are for (`migrations`, `reporting`). Handles of different roles do not compete.
    pub role: Option<String>,
    /// Paths of the functions, statics or fields through which all code should get its handle: one for each group of
    /// binaries that have none in common.
    pub canonical: Vec<String>,
    /// Paths of functions, types or modules whose handles have the role.
    pub owner: Vec<String>,
    /// Whether the service works without it.
    pub optional: bool,
}

impl ResourceDeclaration {
    /// Whether a function's path lies in what the declaration says owns the role.
    pub fn is_owner(&self, path: &str) -> bool {
        self.owner.iter().any(|owner| is_within(path, owner))
    }
}

/// Whether a path is the other one or lies in it (`app::db::pool` in `app::db`).
pub fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('.'))
}
