//! Room 5, *program*: every way from an entry point to a call that creates a handle, as plain data for renderers.

use super::bodies::Time;
use super::inventory::{Resource, Scope};
use super::summaries::{Effect, EffectKind, Holder, Lifetime};
use super::{Program, bodies::CallId, items::FnId};
use crate::finding::Hop;
use crate::location::Location;

/// A call path from an entry point to an init site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitPath {
    /// What the handle leads to.
    pub resource: Resource,
    /// The binary whose `main` it starts in; `None` for sites that no binary of the workspace is known to reach.
    pub binary: Option<String>,
    /// From the entry function to the library call; the site's own function and the call where there is no binary.
    pub hops: Vec<Hop>,
    /// The call that creates the handle.
    pub site: Location,
    /// Type of the handle, canonical.
    pub handle: String,
    /// Who keeps it, in words.
    pub held_by: String,
    /// What on the way is not plain calling, outermost first (`in a task`, `per worker`, …).
    pub when: Vec<&'static str>,
    /// Whether every call on the way is certain.
    pub certain: bool,
}

impl Program<'_> {
    /// All init paths of production code, sorted by resource, binary and path. Linear in the effects of entry points.
    pub fn init_paths(&self) -> Vec<InitPath> {
        let mut paths: Vec<InitPath> = Vec::new();
        let mut reached: Vec<(FnId, CallId)> = Vec::new();
        for entry in self.production_entries() {
            for (start, effect) in self.process_effects(entry).filter(|(_, effect)| effect.creates_handle()) {
                reached.push(effect.site);
                let hops = self.hops(start, &effect.steps);
                let mut path = self.init_path(effect, Some(entry.binary.title.clone()), hops);
                if let Some(path) = &mut path
                    && start != entry.main
                {
                    path.when.insert(0, "before main");
                }
                paths.extend(path);
            }
        }
        for (id, _) in self.linked().filter(|(id, _)| self.scope(*id) == Scope::Production) {
            for effect in self.effects(id).iter().filter(|effect| effect.creates_handle()) {
                if effect.site.0 == id && effect.steps.len() == 1 && !reached.contains(&effect.site) {
                    paths.extend(self.init_path(effect, None, self.hops(id, &effect.steps)));
                }
            }
        }
        let key = |path: &InitPath| {
            let hops: Vec<(Location, String)> =
                path.hops.iter().map(|hop| (hop.location, hop.label.clone())).collect();
            (path.resource.id.clone(), path.binary.is_none(), path.binary.clone(), hops)
        };
        paths.sort_by_cached_key(key);
        paths.dedup();
        paths
    }

    pub(super) fn init_path(
        &self,
        effect: &Effect,
        binary: Option<String>,
        hops: Vec<Hop>,
    ) -> Option<InitPath> {
        let EffectKind::Create { driver, ty, .. } = &effect.kind else { return None };
        let resource = self.identify(driver, &effect.address);
        let site = self.location(effect.site.0, self.call(effect.site.0, effect.site.1).span);
        let held_by = match &effect.lifetime {
            Lifetime::Returned => "returned".to_owned(),
            Lifetime::Held(Holder::Static(id)) => format!("held by {}", self.static_path(*id)),
            Lifetime::Held(Holder::Place(place)) => format!("held by {}", self.describe(place)),
            Lifetime::Held(Holder::Moved) => "held by a task, a handler or the server".to_owned(),
            Lifetime::Held(Holder::Scope) => "held while it serves".to_owned(),
            Lifetime::Local { .. } => "ends with its function".to_owned(),
            Lifetime::Ended => "closed".to_owned(),
        };
        let mut when: Vec<&'static str> = effect.times.iter().filter_map(|(_, time)| when(*time)).collect();
        when.dedup();
        Some(InitPath {
            resource,
            binary,
            hops,
            site,
            handle: ty.clone(),
            held_by,
            when,
            certain: effect.certain,
        })
    }
}

/// A time in words; `None` for plain calling.
fn when(time: Time) -> Option<&'static str> {
    match time {
        Time::Inline | Time::Parallel(_) => None,
        Time::Task(_) => Some("in a task"),
        Time::PerWorker(_) => Some("per worker"),
        Time::PerConnection(_) => Some("per connection"),
        Time::Once(_) => Some("once for all callers"),
        Time::FirstUse(_) => Some("on first use"),
        Time::Handler(_) => Some("in a handler"),
        Time::Maybe(_) => Some("perhaps"),
    }
}
