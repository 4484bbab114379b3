//! `healthcheck`: checks whether each active asset's newest price is as recent as it should be.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use chrono::{Local, NaiveDate, TimeDelta};

use super::answer::{Answer, with_remarks};
use super::context::{connect, located, now, read_assets, target};
use super::recorded_run::{host, send_alerts};
use crate::cli::HealthcheckArgs;
use crate::config::{Config, ConfigError};
use crate::domain::alert::{Failure, Report};
use crate::domain::asset::Asset;
use crate::domain::calendar::{Calendar, sub_days};
use crate::domain::text::brief;
use crate::jobs::alert_delivery::alerts_of;
use crate::jobs::healthcheck::{Bars, Freshness, Health, check, recent_since};
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};
use crate::staging::{Staging, explain};
use crate::warehouse::DaysOfSeries;

/// Longest list of unchecked assets in a message, in characters.
const LONGEST_LIST: usize = 1000;

/// Warn if a calendar ends within this time.
const CALENDAR_ENDS_SOON: TimeDelta = TimeDelta::days(60);

pub(super) fn run(args: &HealthcheckArgs, config: &Config) -> Result<Answer> {
    let assets = read_assets(&config.assets_file)?;
    let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
    let bars = if args.warehouse {
        best_of(&active, &in_warehouse(config, &assets, args.as_of)?)
    } else {
        in_staging(&active, config, args.as_of)?
    };
    let waived = match Staging::open_to_read(&config.staging_db)? {
        Some(staging) => waived_of(&staging, &active)?,
        None => HashMap::new(),
    };
    let today = |calendar: &Calendar| {
        args.as_of
            .unwrap_or_else(|| now().with_timezone(&calendar.zone()).date_naive())
    };
    warn_of_ending_calendars(&active, today);
    let health = check(&active, &bars, &waived, today, args.max_lag);
    if !config.notify.channels.is_empty()
        && let Err(error) = notify(args, &health, config)
    {
        let error = explain(error, &config.staging_db);
        log::warn!("could not create an alert for it: {error:#}");
    }
    let is_ok = |h: &Health| h.status == Freshness::Ok && (h.missing.is_empty() || !args.strict);
    let all_ok = health.iter().all(is_ok);
    let unsaid = remarks(&health).map(|(asset, remark)| (asset.to_owned(), remark.to_owned()));
    let unsaid: Vec<_> = unsaid.collect();
    let answer = Answer::on_screen(health, table).beside_rows(move || {
        // The columns are fixed, so the log has what does not fit.
        for (asset, remark) in unsaid {
            log::info!(asset = asset; "{remark}");
        }
    });
    Ok(answer.ending(u8::from(!all_ok)))
}

/// The freshness of the active assets in the staging file, now.
pub(super) fn of_staging(staging: &Staging, assets: &[Asset]) -> Result<Vec<Health>> {
    let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
    let bars = bars_in(staging, &active, None)?;
    let waived = waived_of(staging, &active)?;
    let today = |calendar: &Calendar| now().with_timezone(&calendar.zone()).date_naive();
    Ok(check(&active, &bars, &waived, today, 0))
}

/// The bars of each asset from its sources in its own currency.
type BarsByAsset = HashMap<String, Bars>;

type BarsBySource = HashMap<(String, String), Bars>;

/// Ignores bars after `--as-of`, which did not exist on that day.
fn in_staging(assets: &[&Asset], config: &Config, as_of: Option<NaiveDate>) -> Result<BarsByAsset> {
    match Staging::open_to_read(&config.staging_db)? {
        Some(staging) => bars_in(&staging, assets, as_of),
        None => Ok(HashMap::new()),
    }
}

/// The first day to examine individually, one day early because dates differ around the world.
fn since(as_of: Option<NaiveDate>) -> NaiveDate {
    sub_days(recent_since(as_of.unwrap_or_else(|| now().date_naive())), 1)
}

fn bars_in(staging: &Staging, assets: &[&Asset], as_of: Option<NaiveDate>) -> Result<BarsByAsset> {
    let mut found = HashMap::with_capacity(assets.len());
    let since = since(as_of);
    for asset in assets {
        let own = staging.own_sources(asset)?;
        let recent = staging.days_since(&asset.id, &own, since, as_of)?;
        let newest = match recent.keys().next_back() {
            Some(day) => Some(*day),
            // A recent bar that may not stand in does not make an asset fresh.
            None => {
                let before = Some(sub_days(since, 1));
                let newest = staging.newest_bar(&asset.id, &own, before)?;
                newest.map(|(day, _)| day)
            }
        };
        if let Some(newest) = newest {
            let first = match staging.has_bar_before(&asset.id, &own, since)? {
                true => since,
                false => recent.keys().next().copied().unwrap_or(newest),
            };
            found.insert(
                asset.id.to_string(),
                Bars::new(first, newest, recent.into_iter()),
            );
        }
    }
    Ok(found)
}

/// Each asset's sessions that were waived or whose bar was retracted.
fn waived_of(staging: &Staging, assets: &[&Asset]) -> Result<HashMap<String, BTreeSet<NaiveDate>>> {
    let mut waived = HashMap::with_capacity(assets.len());
    for asset in assets {
        let id = asset.id.as_str();
        let mut days: BTreeSet<NaiveDate> = staging.waivers(id)?.into_keys().collect();
        days.append(&mut staging.retracted_days(id)?);
        waived.insert(id.to_owned(), days);
    }
    Ok(waived)
}

/// Reads the warehouse, which does not know which bars are provisional. Names its assets that the assets file lacks.
fn in_warehouse(
    config: &Config,
    assets: &[Asset],
    as_of: Option<NaiveDate>,
) -> Result<BarsBySource> {
    if config.warehouse_url()?.is_none() {
        return Err(
            ConfigError("--warehouse needs DATABASE_URL; set it in .env".to_owned()).into(),
        );
    }
    let target = target(config)?;
    let mut warehouse = connect(&target, config)?;
    let found = warehouse.days_of_series(since(as_of), as_of);
    let found = found.map_err(|failure| located(failure.into(), &target))?;
    match warehouse.active_assets() {
        Ok(active) => warn_of_unchecked(&active, assets),
        Err(failure) => log::warn!(
            "cannot tell whether the warehouse has assets that are missing in the assets file: {failure}"
        ),
    }
    let bars = |(key, days): (_, DaysOfSeries)| {
        let recent = days.recent.into_iter().map(|day| (day, true));
        (key, Bars::new(days.first, days.newest, recent))
    };
    Ok(found.into_iter().map(bars).collect())
}

/// Others may rely on these assets, and nobody checks them.
fn warn_of_unchecked(active: &[(String, String)], assets: &[Asset]) {
    let is_lacking = |id: &str| assets.iter().all(|asset| asset.id.as_str() != id);
    let lacking = active.iter().filter(|(id, _)| is_lacking(id));
    let lacking: Vec<String> = lacking.map(|(id, name)| format!("{id} ({name})")).collect();
    if !lacking.is_empty() {
        log::warn!(
            "asset_master in the warehouse has active assets that are missing in the assets file; their prices were not checked: {}",
            brief(&lacking.join(", "), LONGEST_LIST)
        );
    }
}

fn best_of(assets: &[&Asset], by_source: &BarsBySource) -> BarsByAsset {
    let of = |asset: &Asset| {
        let id = asset.id.to_string();
        let own = asset.own_sources();
        let mut own = own.filter_map(|s| by_source.get(&(id.clone(), s.to_owned())));
        let first = own.next()?.clone();
        Some(own.fold(first, Bars::and))
    };
    assets
        .iter()
        .filter_map(|a| Some((a.id.to_string(), of(a)?)))
        .collect()
}

fn warn_of_ending_calendars(assets: &[&Asset], today: impl Fn(&Calendar) -> NaiveDate) {
    let mut warned = Vec::new();
    for calendar in assets.iter().map(|a| &a.calendar) {
        if let Some(end) = calendar
            .known_until()
            .filter(|end| *end - today(calendar) <= CALENDAR_ENDS_SOON)
            && !warned.contains(&calendar.name())
        {
            warned.push(calendar.name());
            log::warn!(calendar = calendar.name(); "holidays are known only until {end}; update pricestash or add data/calendars/{}.toml", calendar.name());
        }
    }
}

/// Alerts about assets that are not fresh. Without a staging file the alert cannot be stored, only sent.
fn notify(args: &HealthcheckArgs, health: &[Health], config: &Config) -> Result<()> {
    let staging =
        Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
    let (succeeded, stale): (Vec<&Health>, Vec<&Health>) =
        health.iter().partition(|h| h.status == Freshness::Ok);
    let report = Report {
        topic: match args.warehouse {
            true => "healthcheck --warehouse",
            false => "healthcheck",
        },
        status: "stale",
        host: &host(),
        run: None,
        failures: stale.into_iter().map(failure).collect(),
        succeeded: succeeded.iter().map(|h| h.asset_id.clone()).collect(),
    };
    let channels = &config.notify.channels;
    let alerts = alerts_of(&staging, &report, channels, Local::now().date_naive())?;
    staging.keep_alerts(&alerts, now())?;
    send_alerts(&staging, config);
    Ok(())
}

fn failure(health: &Health) -> Failure {
    let status = health.status.name();
    let words = match (health.actual_date, health.expected_date) {
        (Some(newest), Some(expected)) => {
            format!("{status}, the newest bar is of {newest}, that of {expected} should be there")
        }
        (Some(newest), None) => format!("{status}, the newest bar is of {newest}"),
        (None, Some(expected)) => {
            format!("{status}, there is no bar, that of {expected} should be there")
        }
        (None, None) => format!("{status}, there is no bar"),
    };
    Failure {
        asset_id: health.asset_id.clone(),
        name: health.name.clone(),
        words: format!("{words}; {}", health.remark),
        is_suspect: false,
        // As long as the newest bar is the same one, it is the same failure.
        cause: format!("{status} {:?}", health.actual_date),
    }
}

/// Remarks below the table: the missing sessions, or that the newest bar is provisional.
fn remarks(health: &[Health]) -> impl Iterator<Item = (&str, &str)> {
    health
        .iter()
        .filter(|h| !h.remark.is_empty())
        .map(|h| (h.asset_id.as_str(), h.remark.as_str()))
}

fn table(health: &[Health], screen: Screen<'_>) -> Result<String> {
    const COLUMNS: &[Column] = &[
        always("asset_id"),
        shortened("name", 12),
        if_room("category"),
        always("expected_date"),
        always("actual_date"),
        always("status"),
    ];
    let text = screen::table(health, COLUMNS, screen)?;
    Ok(with_remarks(text, remarks(health), false))
}
