//! `health-check-initializes`: asking whether the service is well makes handles or changes the schema.

use crate::catalog::TypeKind;
use crate::finding::{Confidence, Evidence, Finding, Role};
use crate::program::bodies::Time;
use crate::program::items::FnId;
use crate::program::probes::Probe;
use crate::program::summaries::{Effect, EffectKind};
use crate::program::{Program, initializes, is_long_lived};

/// Looks at what the handlers of probes do.
pub(super) fn check(program: &Program<'_>) -> Vec<Finding> {
    let probes = program.probes().into_iter();
    probes.filter_map(|probe| report(program, &probe, initialized_by(program, &probe)?)).collect()
}

/// Why nothing is reported in a function.
pub(super) fn silence(program: &Program<'_>, id: FnId) -> String {
    match program.probe_of(id).is_some() {
        true => "it keeps no handle that it makes, and changes no schema".to_owned(),
        false => "it answers no route whose path speaks of health or readiness".to_owned(),
    }
}

/// What a probe makes that stays, or a pool for one question. What a once primitive makes for whoever comes first is no business of the probe's.
fn initialized_by<'p>(program: &'p Program<'_>, probe: &Probe<'_>) -> Option<&'p Effect> {
    let route = probe.route;
    program.effects(route.function).iter().find(|effect| {
        let inside = route
            .closure
            .is_none_or(|closure| closure.encloses(program.step_location(&effect.steps[0]).span));
        let is_pool = matches!(effect.kind, EffectKind::Create { handle: TypeKind::Pool, .. })
            && !program.comes_with_request(route.function, &effect.address);
        let stays = effect.creates_handle()
            && (is_pool || is_long_lived(&effect.lifetime))
            && program.is_of_database(effect);
        let waited_for = !effect.has_time(|time| matches!(time, Time::Task(_)));
        inside && waited_for && effect.once.is_none() && (stays || effect.kind == EffectKind::Migrate)
    })
}

fn report(program: &Program<'_>, probe: &Probe<'_>, effect: &Effect) -> Option<Finding> {
    let site = program.site_of(effect);
    let (what, role) = match effect.kind {
        EffectKind::Migrate => ("changes the schema".to_owned(), Role::Migration),
        _ if is_long_lived(&effect.lifetime) => {
            (format!("opens a {} that stays", program.noun(effect)), Role::InitSite)
        }
        _ => (format!("opens a {} of its own each time", program.noun(effect)), Role::InitSite),
    };
    Some(Finding {
        rule: "health-check-initializes",
        // A connection of its own may be what the probe is about.
        confidence: if effect.certain && initializes(effect) { Confidence::High } else { Confidence::Medium },
        message: format!("asking `{}` {what}", probe.path),
        help: "initialize in `main`, and let the probe only say whether that is done".to_owned(),
        silent_if: "the probe only asks through a handle that is there, and changes nothing".to_owned(),
        primary: Evidence {
            location: probe.route.location,
            role: Role::Probe,
            label: "every probe does it, from every replica".to_owned(),
        },
        evidence: vec![Evidence { location: site, role, label: "done here".to_owned() }],
        path: program.way_to(probe.route.function),
        notes: Vec::new(),
        binary: None,
        resource: program.resource_name(effect),
        identity: vec![program.handler_name(probe.route), probe.path.to_owned()],
    })
}
