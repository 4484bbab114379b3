//! `doctor`: one screen with what would stop tomorrow's run.

use anyhow::Result;

use super::answer::Answer;
use super::context::{assets_text, now, read_assets, read_calendars};
use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::domain::asset::Asset;
use crate::domain::text::brief;
use crate::jobs::doctor::{self, Check, Verdict};
use crate::output::screen::{Screen, hang};
use crate::staging::Staging;

mod alerts;
mod files;
mod schedule;
mod sources;
mod staging;
mod warehouse;

pub(super) fn run(args: &DoctorArgs, config: &Config) -> Result<Answer> {
    let mut checks = vec![configuration(config)];
    checks.extend(files::settings());
    let assets = match read_assets(&config.assets_file) {
        Ok(assets) => assets,
        Err(error) => {
            // The file of the assets is read first.
            let is_calendar = assets_text(&config.assets_file).is_ok() && read_calendars().is_err();
            let remedy = match is_calendar {
                true => {
                    "correct the file, or remove it where the program has the calendar built in"
                }
                false => "mend the file, or let `pricestash init` write one where there is none",
            };
            checks.push(Check::fail("assets", format!("{error:#}"), remedy));
            Vec::new()
        }
    };
    let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
    if !assets.is_empty() {
        checks.push(count(&assets, &active));
    }
    let (found, staging) = staging::check(&config.staging_db);
    checks.extend(found);
    checks.extend(staging::check_folder(&config.staging_db));
    checks.extend(files::leftovers(config));
    checks.extend(calendars(&active));
    checks.extend(misfits(&active, staging.as_ref()));
    checks.extend(warehouse::check(config, staging.as_ref()));
    checks.extend(sources::missing_keys(config, &active));
    if args.offline {
        checks.push(Check::ok("sources", "not asked, --offline"));
    } else {
        checks.extend(sources::check(config, &active));
    }
    checks.extend(alerts::channels(config, staging.as_ref(), args.offline));
    checks.push(alerts::heartbeat(config));
    checks.push(schedule::check());
    let has_failed = checks.iter().any(|c| c.status == Verdict::Fail);
    let answer = Answer::on_screen(checks, |checks, screen| Ok(report_text(checks, screen)));
    Ok(answer.ending(u8::from(has_failed)))
}

/// The longest detail of a check, in characters: a server may say a megabyte.
const LONGEST_DETAIL: usize = 2000;

/// `FAIL` and the like.
const STATUS_WIDTH: usize = 4;

/// The report for people: a line for each check, and below it what to do.
fn report_text(checks: &[Check], screen: Screen<'_>) -> String {
    let width = checks.iter().map(|c| c.check.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for Check {
        check,
        status,
        detail,
        remedy,
    } in checks
    {
        let at = STATUS_WIDTH + 2 + width + 2;
        let detail = screen.sentence(&brief(detail, LONGEST_DETAIL));
        let detail = hang(&detail, at, screen);
        text.push_str(&format!(
            "{:<STATUS_WIDTH$}  {check:<width$}  {detail}\n",
            status.name()
        ));
        if !remedy.is_empty() {
            let remedy = screen.sentence(&brief(remedy, LONGEST_DETAIL));
            let remedy = hang(&remedy, at + 2, screen);
            text.push_str(&format!("{:at$}→ {remedy}\n", ""));
        }
    }
    let count = |verdict| checks.iter().filter(|c| c.status == verdict).count();
    text.push_str(&format!(
        "\n{} OK, {} WARN, {} FAIL\n",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Fail)
    ));
    text
}

fn configuration(config: &Config) -> Check {
    const NAME: &str = "configuration";
    let other = config.set.iter().filter(|s| !s.is_default);
    let set: Vec<String> = other
        .map(|s| format!("{}={} ({})", s.name, s.shown, s.origin))
        .collect();
    let detail = match set.is_empty() {
        true => "every variable has its default".to_owned(),
        false => format!("{}; the others have their defaults", set.join(", ")),
    };
    let faults: Vec<&str> = config.faults.iter().map(|(_, f)| &*f.0).collect();
    if !faults.is_empty() {
        return Check::fail(NAME, faults.join("; "), "mend it as it says");
    }
    match config.warnings.is_empty() {
        true => Check::ok(NAME, detail),
        false => Check::warn(NAME, detail, &config.warnings.join("; ")),
    }
}

fn count(assets: &[Asset], active: &[&Asset]) -> Check {
    let detail = format!("{} assets, {} of them active", assets.len(), active.len());
    match active.is_empty() {
        true => Check::fail("assets", detail, "`pricestash assets enable` one"),
        false => Check::ok("assets", detail),
    }
}

fn calendars(active: &[&Asset]) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for calendar in active.iter().map(|a| &a.calendar) {
        if let Some(end) = calendar.known_until() {
            let today = now().with_timezone(&calendar.zone()).date_naive();
            let check = doctor::calendar(calendar.name(), end, calendar.hidden_until(), today);
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
    }
    checks
}

/// For each asset what its sources said otherwise than the assets file: the exchange, the zone, the currency.
fn misfits(active: &[&Asset], staging: Option<&Staging>) -> Vec<Check> {
    let said = match staging.map(Staging::said) {
        None => return Vec::new(),
        Some(Ok(said)) => said,
        Some(Err(error)) => {
            let remedy = "see the staging file above";
            return vec![Check::fail("assets file", format!("{error:#}"), remedy)];
        }
    };
    let today = now().date_naive();
    let entries = active
        .iter()
        .flat_map(|a| a.sources.iter().map(move |s| (a, s)));
    let checks: Vec<Check> = entries
        .filter_map(|(asset, entry)| {
            let key = (asset.id.to_string(), entry.stored_as.clone());
            Some(doctor::misfits(asset, entry, said.get(&key)?, today))
        })
        .flatten()
        .collect();
    if checks.is_empty() && !said.is_empty() {
        let detail = "calendars, zones and currencies are what the sources said last";
        return vec![Check::ok("assets file", detail)];
    }
    checks
}
