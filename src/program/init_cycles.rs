//! Room 5, *program*: statics whose initializers need each other, as plain data, with the fewest needs that would have to
//! go.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{is_cyclic_directed, kosaraju_scc};
use petgraph::graph::DiGraph;

use super::bodies::Target;
use super::items::{FnId, StaticId};
use super::summaries::{Holder, Lifetime};
use super::{Program, inventory::Scope};
use crate::location::Location;

/// Statics that need each other to be initialized; at least one keeps a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitCycle {
    /// Their paths, sorted.
    pub members: Vec<String>,
    /// Who needs whom, sorted by place.
    pub needs: Vec<Need>,
}

/// That the initializer of one static comes to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Path of the static that is initialized.
    pub from: String,
    /// Path of the static that it needs.
    pub to: String,
    /// Where the way to it begins: a call in the initializer, else the initializer itself.
    pub location: Location,
    /// Whether it is one of the fewest needs without which there is no circle.
    pub cut: bool,
}

/// Circles with more needs than this are cut need by need, in the order of places, instead of by trying all sets.
const MOST_TRIED: usize = 16;

impl Program<'_> {
    /// The circles among statics of production code, sorted by their members. Linear in functions and calls for each
    /// static with an initializer.
    pub fn init_cycles(&self) -> Vec<InitCycle> {
        let mut needs: BTreeMap<(StaticId, StaticId), Location> = BTreeMap::new();
        for (kept, starts) in self.initializers() {
            for start in starts {
                for (needed, location) in self.needed_by(start, kept) {
                    needs.entry((kept, needed)).or_insert(location);
                }
            }
        }
        let graph = DiGraph::<(), ()>::from_edges(needs.keys().map(|(from, to)| (from.0, to.0)));
        let mut cycles: Vec<InitCycle> = kosaraju_scc(&graph)
            .into_iter()
            .filter_map(|group| {
                let group = group.into_iter().map(|node| StaticId(node.index() as u32)).collect();
                self.cycle(&group, &needs)
            })
            .collect();
        cycles.sort_by(|a, b| a.members.cmp(&b.members));
        cycles
    }

    /// Per static of production code, the functions that run to initialize it.
    fn initializers(&self) -> BTreeMap<StaticId, BTreeSet<FnId>> {
        let mut found: BTreeMap<StaticId, BTreeSet<FnId>> = BTreeMap::new();
        for (index, item) in self.types.items.statics.iter().enumerate() {
            if let (Some(initializer), Scope::Production) = (item.initializer, item.scope) {
                found.entry(StaticId(index as u32)).or_default().insert(initializer);
            }
        }
        for (id, _) in self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production) {
            for effect in self.effects(id).iter().filter(|effect| effect.once.is_some()) {
                let Lifetime::Held(Holder::Static(kept)) = effect.lifetime else { continue };
                // The function that hands `connect` to the cell, and `connect` itself: what else it does is no init.
                if self.kept(effect).0 == 0
                    && let Some(maker) = self.functions_on(&effect.steps).get(1)
                {
                    found.entry(kept).or_default().insert(*maker);
                }
            }
        }
        found
    }

    /// The statics with an initializer that a function comes to, with the call in it that leads there. The initializer's
    /// own mention of its static is no need.
    fn needed_by(&self, start: FnId, kept: StaticId) -> Vec<(StaticId, Location)> {
        let mut found = Vec::new();
        let own = |used: &StaticId| self.types.items.statics[used.index()].initializer == Some(start);
        let direct = self.sketches[start.index()].iter().flat_map(|sketch| &sketch.statics);
        found.extend(
            direct.filter(|used| !own(used) && **used != kept).map(|used| (*used, self.declaration(start))),
        );
        let calls = self.body(start).map_or(&[][..], |body| &body.calls);
        let first = calls.iter().flat_map(|call| match &call.target {
            Target::Local { targets, .. } => {
                let location = self.location(start, call.span);
                targets.iter().map(|target| (*target, location)).collect()
            }
            _ => Vec::new(),
        });
        for (callee, location) in first {
            let mut seen = BTreeSet::from([callee]);
            let mut stack = vec![callee];
            while let Some(function) = stack.pop() {
                let Some(sketch) = &self.sketches[function.index()] else { continue };
                found.extend(sketch.statics.iter().map(|used| (*used, location)));
                let next = sketch.callees.iter().filter(|(_, beside)| !beside).map(|(target, _)| *target);
                stack.extend(next.filter(|target| seen.insert(*target)));
            }
        }
        found
    }

    fn cycle(
        &self,
        group: &BTreeSet<StaticId>,
        needs: &BTreeMap<(StaticId, StaticId), Location>,
    ) -> Option<InitCycle> {
        let inside: Vec<(StaticId, StaticId, Location)> = needs
            .iter()
            .filter(|((from, to), _)| group.contains(from) && group.contains(to))
            .map(|((from, to), location)| (*from, *to, *location))
            .collect();
        let keeps_handle = |id: &StaticId| self.types.contains_handle(self.types.static_type(*id));
        if inside.is_empty() || !group.iter().any(keeps_handle) {
            return None;
        }
        let edges: Vec<(u32, u32)> = inside.iter().map(|(from, to, _)| (from.0, to.0)).collect();
        let cut = smallest_cut(&edges);
        let mut members: Vec<String> = group.iter().map(|id| self.static_path(*id)).collect();
        members.sort();
        let mut needs: Vec<Need> = inside
            .iter()
            .enumerate()
            .map(|(index, (from, to, location))| Need {
                from: self.static_path(*from),
                to: self.static_path(*to),
                location: *location,
                cut: cut.contains(&index),
            })
            .collect();
        needs.sort_by(|a, b| (a.location, &a.from, &a.to).cmp(&(b.location, &b.from, &b.to)));
        Some(InitCycle { members, needs })
    }
}

/// Indices of the fewest edges without which there is no circle; of several such sets the first.
fn smallest_cut(edges: &[(u32, u32)]) -> BTreeSet<usize> {
    let is_free = |without: &BTreeSet<usize>| {
        let rest = edges.iter().enumerate().filter(|(index, _)| !without.contains(index));
        let graph = DiGraph::<(), ()>::from_edges(rest.map(|(_, edge)| *edge));
        !is_cyclic_directed(&graph)
    };
    if edges.len() <= MOST_TRIED {
        let mut sets: Vec<u32> = (0..1_u32 << edges.len()).collect();
        sets.sort_by_key(|set| (set.count_ones(), *set));
        let chosen = |set: u32| (0..edges.len()).filter(|index| set & (1 << index) != 0).collect();
        let first = sets.into_iter().map(chosen).find(is_free);
        return first.unwrap_or_default();
    }
    let mut cut = BTreeSet::new();
    for index in 0..edges.len() {
        if is_free(&cut) {
            break;
        }
        cut.insert(index);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_edges_are_cut() {
        assert_eq!(smallest_cut(&[(0, 1), (1, 2)]), BTreeSet::new());
        assert_eq!(smallest_cut(&[(0, 0)]), BTreeSet::from([0]));
        // Both circles go through the second edge.
        assert_eq!(smallest_cut(&[(1, 0), (0, 1), (1, 2), (2, 0)]), BTreeSet::from([1]));
    }
}
