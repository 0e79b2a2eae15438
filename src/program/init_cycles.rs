//! Room 5, *program*: statics whose initializers need each other, as plain data, with the fewest needs that would have to
//! go.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{is_cyclic_directed, kosaraju_scc};
use petgraph::graph::DiGraph;

use super::Program;
use super::forcing::Forced;
use super::items::StaticId;
use crate::finding::{Confidence, Hop};
use crate::location::Location;

/// Statics that need each other to be initialized; at least one keeps a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitCycle {
    /// Their paths, sorted.
    pub members: Vec<String>,
    /// Where they are declared, in the same order.
    pub declared: Vec<Location>,
    /// Who needs whom, sorted by place.
    pub needs: Vec<Need>,
    /// An order in which they can be initialized once these needs are gone: what others need first.
    pub order: Vec<String>,
    /// How surely the surest circle among them is closed.
    pub confidence: Confidence,
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
    /// The call path from the initializer to the use.
    pub hops: Vec<Hop>,
    /// How surely the initializer comes there.
    pub confidence: Confidence,
}

/// Circles with more needs than this are cut need by need, in the order of places, instead of by trying all sets.
const MOST_TRIED: usize = 16;

impl Program<'_> {
    /// The circles among statics of production code, sorted by their members. Linear in functions and calls for each
    /// static with an initializer.
    pub fn init_cycles(&self) -> Vec<InitCycle> {
        let mut needs: BTreeMap<(StaticId, StaticId), Forced> = BTreeMap::new();
        for initializer in self.initializers() {
            for forced in self.forced_by(initializer) {
                let known = needs.get(&(initializer.fills, forced.id));
                if known.is_none_or(|known| known.confidence < forced.confidence) {
                    needs.insert((initializer.fills, forced.id), forced);
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

    fn cycle(
        &self,
        group: &BTreeSet<StaticId>,
        needs: &BTreeMap<(StaticId, StaticId), Forced>,
    ) -> Option<InitCycle> {
        let inside: Vec<(StaticId, StaticId, &Forced)> = needs
            .iter()
            .filter(|((from, to), _)| group.contains(from) && group.contains(to))
            .map(|((from, to), forced)| (*from, *to, forced))
            .collect();
        let keeps_handle = |id: &StaticId| self.types.contains_handle(self.types.static_type(*id));
        if inside.is_empty() || !group.iter().any(keeps_handle) {
            return None;
        }
        let edges: Vec<(u32, u32)> = inside.iter().map(|(from, to, _)| (from.0, to.0)).collect();
        let cut = smallest_cut(&edges);
        let order = order_without(&edges, &cut).into_iter().map(|id| self.static_path(StaticId(id)));
        let order: Vec<String> = order.collect();
        let mut places: Vec<(String, Location)> =
            group.iter().map(|id| (self.static_path(*id), self.static_location(*id))).collect();
        places.sort();
        let (members, declared) = places.into_iter().unzip();
        let is_closed = |least: Confidence| {
            let sure = inside.iter().filter(|(_, _, forced)| forced.confidence >= least);
            is_cyclic_directed(&DiGraph::<(), ()>::from_edges(sure.map(|(from, to, _)| (from.0, to.0))))
        };
        let confidence = [Confidence::High, Confidence::Medium].into_iter().find(|least| is_closed(*least));
        let mut needs: Vec<Need> = inside
            .iter()
            .enumerate()
            .map(|(index, (from, to, forced))| Need {
                from: self.static_path(*from),
                to: self.static_path(*to),
                location: forced.location(),
                cut: cut.contains(&index),
                hops: forced.hops.clone(),
                confidence: forced.confidence,
            })
            .collect();
        needs.sort_by(|a, b| (a.location, &a.from, &a.to).cmp(&(b.location, &b.from, &b.to)));
        Some(InitCycle { members, declared, needs, order, confidence: confidence.unwrap_or(Confidence::Low) })
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

/// The nodes in an order in which each comes after those that it has an edge to, some edges left out; of several such
/// orders, the one with the smallest numbers first.
fn order_without(edges: &[(u32, u32)], cut: &BTreeSet<usize>) -> Vec<u32> {
    let kept = || edges.iter().enumerate().filter(|(index, _)| !cut.contains(index)).map(|(_, edge)| *edge);
    let mut left: BTreeSet<u32> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let mut order = Vec::new();
    while let Some(next) =
        left.iter().copied().find(|node| !kept().any(|(from, to)| from == *node && left.contains(&to)))
    {
        left.remove(&next);
        order.push(next);
    }
    order
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

    #[test]
    fn what_others_need_comes_first_once_the_circle_is_cut() {
        let edges = [(1, 0), (0, 1), (1, 2), (2, 0)];
        assert_eq!(order_without(&edges, &BTreeSet::from([1])), [0, 2, 1]);
        assert_eq!(order_without(&[(0, 0)], &BTreeSet::from([0])), [0]);
    }
}
