//! Room 5, *program*: every body is linked and looked at, and those that matter are kept.

use rayon::prelude::*;

use super::bodies::{self, LinkedBody};
use super::items::FnId;
use super::kept_functions::KeptFunctions;
use super::phases::{self, DeclaredPhase};
use super::reach::{CallGraph, Sketch};
use super::types::Types;

/// So many functions are handed to a thread at once: few enough that no thread waits for another one's large ones.
pub(super) const BUNDLE: usize = 16;

/// What is known of all bodies, by function.
pub(super) struct AllBodies<'a> {
    /// What one look at each body tells.
    pub(super) sketches: Vec<Option<Sketch>>,
    /// Who calls whom, and which bodies matter.
    pub(super) graph: CallGraph,
    /// The bodies that matter.
    pub(super) bodies: Vec<Option<Box<LinkedBody<'a>>>>,
    /// The functions that fields keep.
    pub(super) kept_functions: KeptFunctions,
}

impl<'a> AllBodies<'a> {
    /// Links all bodies. Linear in their size, but for name look-ups; parallel.
    pub(super) fn link(types: &'a Types<'a>, phases: &[DeclaredPhase]) -> Self {
        let count = types.items.functions.len();
        // To keep all bodies until it is known which matter takes too much memory, to link all of these again too much time.
        let (mut sketches, promising): (Vec<Option<Sketch>>, Vec<Option<Box<LinkedBody<'a>>>>) = (0..count)
            .into_par_iter()
            .with_max_len(BUNDLE)
            .map(|index| {
                let id = FnId(index as u32);
                let Some(body) = bodies::link(types, id) else { return (None, None) };
                let sketch = Sketch::of(types, id, &body);
                let promising = sketch.interesting || sketch.supporting;
                (Some(sketch), promising.then(|| Box::new(body.shrunk_to_fit())))
            })
            .unzip();
        let kept_functions = KeptFunctions::of(types.items, &sketches);
        sketches.iter_mut().flatten().for_each(|sketch| kept_functions.complete_sketch(sketch));
        let graph = CallGraph::new(types, &sketches, &phases::members(types, phases));
        let bodies = promising
            .into_par_iter()
            .enumerate()
            .with_max_len(BUNDLE)
            .map(|(index, linked)| {
                graph.relevant[index].then(|| match linked {
                    Some(linked) => Some(kept_functions.completed(linked)),
                    None => kept_functions.link(types, FnId(index as u32)),
                })?
            })
            .collect();
        Self { sketches, graph, bodies, kept_functions }
    }
}
