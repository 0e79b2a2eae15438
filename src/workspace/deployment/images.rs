//! Room 2, *workspace*: health checks of Dockerfiles and of `fly.toml`.

use serde::Deserialize;
use toml::Spanned;

use super::{Asks, DeclaredKind, Found, FoundAll, Unread, asked_by, plain_path};
use crate::location::{Span, line_and_column};

/// The last `HEALTHCHECK` of a Dockerfile; only that one counts
/// (<https://docs.docker.com/reference/dockerfile/#healthcheck>).
pub(super) fn read_image(text: &str) -> Vec<Found> {
    let mut found = None;
    let mut lines = (1u32..).zip(text.lines());
    while let Some((first, line)) = lines.next() {
        let start = line.trim_start();
        if !start.get(.."HEALTHCHECK".len()).is_some_and(|word| word.eq_ignore_ascii_case("HEALTHCHECK")) {
            continue;
        }
        let (mut whole, mut last, mut width) = (start.to_owned(), first, line.chars().count());
        while whole.trim_end().ends_with('\\') {
            whole.truncate(whole.trim_end().len() - 1);
            let Some((number, next)) = lines.next() else { break };
            whole.push_str(next);
            (last, width) = (number, next.chars().count());
        }
        let column = (line.chars().count() - start.chars().count() + 1) as u32;
        let span = Span { line: first, column, end_line: last, end_column: width as u32 + 1 };
        // `HEALTHCHECK NONE` takes back the one of the base image.
        let command = whole.split_once("CMD").map(|(_, command)| command);
        found = command.map(|command| Found { kind: DeclaredKind::Health, asks: asked_by(command), span });
    }
    found.into_iter().collect()
}

/// The checks of a `fly.toml` (<https://fly.io/docs/reference/configuration/>): a machine that fails them gets no traffic.
#[derive(Deserialize)]
struct Fly {
    #[serde(default)]
    http_service: Option<FlyService>,
    #[serde(default)]
    services: Vec<FlyService>,
    #[serde(default)]
    checks: std::collections::BTreeMap<String, FlyCheck>,
}

#[derive(Deserialize)]
struct FlyService {
    #[serde(default)]
    checks: Vec<FlyCheck>,
    #[serde(default)]
    http_checks: Vec<FlyCheck>,
}

#[derive(Deserialize)]
struct FlyCheck {
    path: Option<Spanned<String>>,
}

/// The probes of a `fly.toml` in their order.
pub(super) fn read_fly(text: &str) -> Result<Vec<Found>, Unread> {
    let read: Fly = toml::from_str(text).map_err(|error| {
        let (line, column) = error.span().map_or((0, 0), |span| line_and_column(text, span.start));
        Unread { line, column, message: error.message().to_owned(), found: FoundAll::default() }
    })?;
    let services = read.http_service.into_iter().chain(read.services);
    let checks = services.flat_map(|service| service.checks.into_iter().chain(service.http_checks));
    let paths = checks.chain(read.checks.into_values()).filter_map(|check| check.path);
    let mut found: Vec<Found> = paths
        .filter_map(|path| {
            let (line, column) = line_and_column(text, path.span().start);
            let (end_line, end_column) = line_and_column(text, path.span().end);
            let span = Span { line, column, end_line, end_column };
            Some(Found { kind: DeclaredKind::Readiness, asks: Asks::Path(plain_path(path.get_ref())?), span })
        })
        .collect();
    found.sort_by_key(|found| found.span);
    Ok(found)
}
