//! Room 5, *program*: where processes begin.

use std::collections::BTreeSet;

use super::inventory::{Binary, Scope};
use super::items::{CrateId, Declared, FnId};
use super::types::Types;
use crate::catalog::CallRole;
use crate::facts::Attribute;
use crate::workspace::{TargetKind, Workspace};

/// An entry point: the `main` of a binary.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The binary.
    pub binary: Binary,
    /// Its crate.
    pub krate: CrateId,
    /// Its `main`.
    pub main: FnId,
    /// Functions that run before `main` because an attribute says so, in the crates it is linked from, in order of
    /// declaration: nothing fixes the order in which they run.
    pub before_main: Vec<FnId>,
    /// Where it runs.
    pub scope: Scope,
}

/// The entry points of the workspace, in the order of its targets.
pub(super) fn find(workspace: &Workspace, types: &Types<'_>) -> Vec<Entry> {
    let items = types.items;
    let mut entries = Vec::new();
    let before_main = before_main(types);
    for (index, krate) in items.crates.iter().enumerate() {
        if matches!(krate.kind, TargetKind::Lib | TargetKind::Test | TargetKind::BuildScript) {
            continue;
        }
        let root = &items.modules[krate.root.index()];
        let functions = root.declared.values().flatten().filter_map(|declared| match declared {
            Declared::Fn(id) => Some(*id),
            _ => None,
        });
        let is_main = |id: &FnId| {
            let item = &items.functions[id.index()];
            let launches = |attribute: &Attribute| {
                attribute.path.segments.last().is_some_and(|segment| segment.name == "launch")
            };
            item.name == "main" || item.attributes.others.iter().any(launches)
        };
        // Several under `cfg` are alternatives: each is the beginning of a process.
        let mut mains: Vec<FnId> = functions.filter(is_main).collect();
        mains.sort_unstable();
        let target = &workspace.targets[krate.target.0 as usize];
        let package = &workspace.packages[target.package.0 as usize];
        let linked = linked_crates(types, CrateId(index as u32));
        let before_main: Vec<FnId> = before_main
            .iter()
            .filter(|id| linked.contains(&items.modules[items.functions[id.index()].module.index()].krate))
            .copied()
            .collect();
        entries.extend(mains.into_iter().map(|main| Entry {
            binary: Binary {
                package: package.name.clone(),
                name: target.name.clone(),
                title: krate.title.to_string(),
                entry: items.functions[main.index()].location,
            },
            krate: CrateId(index as u32),
            main,
            before_main: before_main.clone(),
            scope: root.scope,
        }));
    }
    entries
}

/// Functions of production code that run before `main`, in order of declaration.
fn before_main(types: &Types<'_>) -> Vec<FnId> {
    let functions = types.items.functions.iter().enumerate().filter(|(_, item)| {
        item.scope == Scope::Production
            && item.attributes.others.iter().any(|attribute| {
                let facts = types.attribute_facts(item.module, &attribute.path);
                facts.is_some_and(|facts| facts.role == CallRole::BeforeMain)
            })
    });
    functions.map(|(index, _)| FnId(index as u32)).collect()
}

/// A crate and the crates of the workspace it depends on, directly or not.
fn linked_crates(types: &Types<'_>, root: CrateId) -> BTreeSet<CrateId> {
    let mut linked = BTreeSet::from([root]);
    let mut stack = vec![root];
    while let Some(krate) = stack.pop() {
        stack.extend(types.names.members_seen_by(krate).filter(|member| linked.insert(*member)));
    }
    linked
}
