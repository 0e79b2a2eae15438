//! Facts of one kind, found by canonical path or by last segment. It does not know what they mean.

use rustc_hash::FxHashMap;

use super::canonical::last_segment;

/// Facts by canonical path and by last segment.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    facts: Vec<T>,
    by_path: FxHashMap<String, u32>,
    by_name: FxHashMap<String, Vec<u32>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { facts: Vec::new(), by_path: FxHashMap::default(), by_name: FxHashMap::default() }
    }
}

impl<T> Table<T> {
    /// Adds a file's facts: among them the first with a path is found, and all come before older ones.
    pub(super) fn add(&mut self, facts: Vec<T>, path_of: impl Fn(&T) -> &str) {
        let first = self.facts.len();
        for (n, fact) in facts.iter().enumerate().rev() {
            self.by_path.insert(path_of(fact).to_owned(), index(first + n));
            self.by_name
                .entry(last_segment(path_of(fact)).to_owned())
                .or_default()
                .insert(0, index(first + n));
        }
        self.facts.extend(facts);
    }

    pub(super) fn get(&self, path: &str) -> Option<&T> {
        self.by_path.get(path).map(|n| &self.facts[*n as usize])
    }

    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &T> {
        self.by_name.get(name).into_iter().flatten().map(|n| &self.facts[*n as usize])
    }

    pub(super) fn facts(&self) -> &[T] {
        &self.facts
    }

    pub(super) fn facts_mut(&mut self) -> &mut [T] {
        &mut self.facts
    }
}

/// Position in a list of facts.
pub(super) fn index(n: usize) -> u32 {
    u32::try_from(n).expect("a catalog has fewer than four billion entries")
}
