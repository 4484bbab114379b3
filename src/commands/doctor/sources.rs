//! `doctor`'s look at the sources.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::commands::context::now;
use crate::config::{Config, FetchConfig};
use crate::domain::answer::RawDay;
use crate::domain::asset::{Asset, SourceKind};
use crate::domain::calendar::{Calendar, sub_days};
use crate::domain::timestamp::millis;
use crate::domain::window::Window;
use crate::jobs::doctor::Check;
use crate::output::numbers::counted;
use crate::process::clock::Clock;
use crate::process::stop::Stop;
use crate::sources::fetch::{Feed, Http, Part, Request};
use crate::sources::{Upstream, endpoints};

/// A source that takes longer tomorrow is tried again; here somebody waits.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a source answered.
struct Answered {
    detail: String,
    /// Whether it has a row for the days that were asked for: some answer with other days too.
    is_current: bool,
}

/// The keys of the user's own sources that are not there: without them no run begins.
pub(super) fn missing_keys(config: &Config, active: &[&Asset]) -> Vec<Check> {
    let mut checks = Vec::new();
    for kind in active.iter().flat_map(|a| &a.sources).map(|s| s.kind) {
        if let SourceKind::User(source) = kind
            && let Err(why) = config.fetch.keys.check(source)
        {
            let check = Check::fail("keys", why, "`collect` does not begin without it");
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
    }
    checks
}

/// One small request on each way that an active asset needs.
pub(super) fn check(config: &Config, active: &[&Asset]) -> Vec<Check> {
    let fetch = FetchConfig {
        timeout: config.fetch.timeout.min(TIMEOUT),
        ..config.fetch.clone()
    };
    let stop = Stop::default();
    let http = Http::new(&fetch, Arc::new(Clock::real(&stop)), stop);
    let mut checks: Vec<Check> = Vec::new();
    let mut kinds = Vec::new();
    for (asset, entry) in active
        .iter()
        .flat_map(|a| a.sources.iter().map(move |s| (a, s)))
    {
        if kinds.contains(&entry.kind) {
            continue;
        }
        kinds.push(entry.kind);
        let mut asked: Vec<(String, Result<Answered, String>)> = Vec::new();
        for endpoint in endpoints(entry.kind) {
            asked.push((
                endpoint.name().to_owned(),
                ask(&http, endpoint, asset, &entry.symbol),
            ));
        }
        let is_dead = asked.iter().all(|(_, answer)| answer.is_err());
        let is_needed = active.iter().any(|a| has_no_other(a, entry.kind));
        checks.extend(
            asked
                .into_iter()
                .map(|(name, answer)| judge(&name, answer, is_dead && is_needed)),
        );
    }
    checks
}

/// Whether nobody else is asked for an asset.
fn has_no_other(asset: &Asset, kind: SourceKind) -> bool {
    let mut asked = asset
        .sources
        .iter()
        .map(|s| s.kind)
        .filter(|k| *k != SourceKind::Manual)
        .peekable();
    asked.peek().is_some() && asked.all(|k| k == kind)
}

/// `is_missed`: no way to the source answers, and an asset has no other one.
fn judge(name: &str, answer: Result<Answered, String>, is_missed: bool) -> Check {
    let check = format!("source {name}");
    match answer {
        Ok(answered) if answered.is_current => Check::ok(&check, answered.detail),
        Ok(answered) => Check::warn(
            &check,
            answered.detail,
            "see whether the source still goes on with this symbol",
        ),
        Err(why) if is_missed => Check::fail(
            &check,
            why,
            "an active asset has no other source; give it one in assets.toml",
        ),
        Err(why) => Check::warn(
            &check,
            why,
            "assets go on to their next source; look again tomorrow",
        ),
    }
}

/// The newest part that must have a row: in the first days of January there is no file of the year yet.
fn newest<'a>(parts: &'a [Part], calendar: &Calendar, now: DateTime<Utc>) -> Option<&'a Part> {
    let is_due = |part: &&Part| {
        let Window { start, end } = part.window;
        calendar.has_due_session(start, end, now)
    };
    parts.iter().rev().find(is_due).or(parts.last())
}

/// Asks for the last ten days of a symbol.
fn ask(
    feed: &Http,
    upstream: &dyn Upstream,
    asset: &Asset,
    symbol: &str,
) -> Result<Answered, String> {
    let now = now();
    let today = now.with_timezone(&asset.calendar.zone()).date_naive();
    let window = Window {
        start: sub_days(today, 10),
        end: today,
    };
    let parts = feed.parts(upstream, symbol, window);
    let part = newest(&parts, &asset.calendar, now).ok_or("there is nothing to ask for")?;
    let request = Request {
        upstream,
        symbol,
        category: asset.category,
        part,
    };
    let asked = Instant::now();
    let response = feed.get(request).map_err(|e| e.to_string())?;
    let answer = upstream
        .read(
            response.status,
            &response.body,
            request.symbol,
            &asset.calendar,
        )
        .map_err(|e| e.to_string())?;
    let took = millis(asked.elapsed());
    let days = answer.rows.iter().filter_map(|row| match row.day {
        RawDay::Date(day) => Some(day),
        RawDay::Impossible(_) => None,
    });
    let rows = counted(answer.rows.len(), "row", "rows");
    match days.max() {
        None => Err(format!(
            "{symbol}: it answers, but has no row for the last ten days"
        )),
        Some(newest) if newest < part.window.start => Ok(Answered {
            detail: format!("{symbol}: {rows} in {took} ms, but the newest is of {newest}"),
            is_current: false,
        }),
        Some(_) => Ok(Answered {
            detail: format!("{symbol}: {rows} in {took} ms"),
            is_current: true,
        }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;
    use crate::domain::calendar::Calendars;

    #[test]
    fn the_file_of_a_year_is_asked_for_after_its_first_session() {
        let calendars = Calendars::built_in().unwrap();
        let seoul = calendars.get("XKRX").unwrap();
        let day = |text: &str| text.parse().unwrap();
        let parts = [("2025-12-24", "2025-12-31"), ("2026-01-01", "2026-01-03")];
        let parts = parts.map(|(start, end)| {
            Part::of(Window {
                start: day(start),
                end: day(end),
            })
        });
        for (now, year) in [
            ("2026-01-01T09:00:00Z", 2025),
            ("2026-01-02T01:00:00Z", 2025),
            ("2026-01-03T00:00:00Z", 2026),
        ] {
            let part = newest(&parts, &seoul, now.parse().unwrap()).unwrap();
            assert_eq!(part.window.start.year(), year, "{now}");
        }
    }
}
