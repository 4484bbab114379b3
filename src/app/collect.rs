//! `collect`.

use std::thread;

use anyhow::Result;
use chrono::TimeDelta;
use uuid::Uuid;

use super::run::Run;
use super::{Printed, choose, now, read_assets};
use crate::cli::{CollectArgs, Format};
use crate::config::{Config, ConfigError};
use crate::feed::{Feed, Http, Replay};
use crate::job::collect::{AssetOutcome, Collector, Options, WindowArgs};
use crate::render;
use crate::staging::Staging;
use crate::timestamp::CLOCK_TOLERANCE;

fn check_window(args: &CollectArgs) -> Result<WindowArgs, ConfigError> {
    let (start, end) = (args.start, args.end);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(ConfigError(format!("--start {start} is after --end {end}")));
    }
    // Nowhere on earth is it later than this.
    let tomorrow = (now() + TimeDelta::hours(14)).date_naive();
    if let Some(start) = start.filter(|s| *s > tomorrow) {
        return Err(ConfigError(format!("--start {start} lies in the future")));
    }
    Ok(WindowArgs {
        start,
        end,
        days: args.days,
    })
}

pub(super) fn run(args: &CollectArgs, format: Format, config: &Config) -> Result<Printed> {
    let window = check_window(args)?;
    let assets = read_assets(&config.assets_file)?;
    let chosen = choose(&assets, &args.assets)?;
    let feed = open_feed(args, config)?;
    let options = Options {
        window,
        dry_run: args.dry_run,
        final_only: args.final_only,
        heal: !args.no_heal,
        retry: config.fetch.retry,
    };
    let outcome = if args.dry_run {
        let staging =
            Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
        collector(&*feed, &staging, options, Uuid::nil()).run(&chosen)
    } else {
        let staging = Staging::open(&config.staging_db)?;
        staging.put_assets(&assets)?;
        let run = Run::begin("collect", &staging, config)?;
        let outcome = collector(&*feed, &staging, options, run.id()).run(&chosen);
        run.end(
            outcome.status(),
            &outcome.problems(),
            &render::json(&outcome.assets)?,
        )?;
        outcome
    };
    let text = match format {
        Format::Json => render::json(&outcome.assets)?,
        Format::Table => collect_table(&outcome.assets, args.dry_run)?,
    };
    Ok(Printed {
        text,
        exit_code: outcome.status().exit_code(),
    })
}

fn open_feed(args: &CollectArgs, config: &Config) -> Result<Box<dyn Feed>> {
    let Some(folder) = &args.replay else {
        return Ok(Box::new(Http::new(&config.fetch)));
    };
    if let Some(time) = args.fetched_at.filter(|t| *t > now() + CLOCK_TOLERANCE) {
        return Err(ConfigError(format!("--fetched-at {time} lies in the future")).into());
    }
    if !folder.is_dir() {
        return Err(ConfigError(format!("--replay is {folder:?}, which is no folder")).into());
    }
    Ok(Box::new(Replay::new(folder, args.fetched_at, now())))
}

fn collector<'a>(
    feed: &'a dyn Feed,
    staging: &'a Staging,
    options: Options,
    job_id: Uuid,
) -> Collector<'a> {
    Collector {
        feed,
        staging,
        options,
        job_id,
        now,
        sleep: thread::sleep,
    }
}

fn collect_table(assets: &[AssetOutcome], dry_run: bool) -> Result<String> {
    const COLUMNS: &[&str] = &[
        "asset_id",
        "status",
        "source",
        "start",
        "end",
        "new",
        "changed",
        "unchanged",
        "kept",
        "rejected",
        "findings",
        "elapsed_ms",
    ];
    let mut text = render::table(assets, COLUMNS)?;
    for asset in assets {
        if let Some(message) = &asset.message {
            text.push_str(&format!("{}: {message}\n", asset.asset_id));
        }
    }
    if dry_run {
        text.push_str("This was a dry run: nothing was written.\n");
    }
    Ok(text)
}
