//! `collect`: fetches, checks and stages daily prices.

use std::sync::Arc;

use anyhow::Result;
use chrono::TimeDelta;
use uuid::Uuid;

use super::answer::{Answer, with_remarks};
use super::collect_progress::CollectProgress;
use super::context::{choose, now, read_assets};
use super::feeds::{Source, unfit_archive};
use super::recorded_run::{exit_code, or_notify, recorded};
use super::signals::stop_on_signals;
use crate::cli::CollectArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, SourceKind};
use crate::jobs::collect::{AssetOutcome, Audit, Collector, Options, WindowArgs, skipped};
use crate::output::print;
use crate::output::screen::{self, Column, Screen, always, if_room};
use crate::process::clock::Clock;
use crate::process::stop::Stop;
use crate::sources::fetch::prune_archive;
use crate::staging::Staging;

fn check_window(args: &CollectArgs) -> Result<WindowArgs, ConfigError> {
    let (start, end) = (args.start, args.end);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(ConfigError(format!("--start {start} is after --end {end}")));
    }
    // No place on earth is further ahead of UTC than this.
    let tomorrow = (now() + TimeDelta::hours(14)).date_naive();
    if let Some(start) = start.filter(|s| *s > tomorrow) {
        return Err(ConfigError(format!("--start {start} is in the future")));
    }
    Ok(WindowArgs {
        start,
        end,
        days: args.days,
    })
}

/// What a run needs before it starts.
struct Prepared {
    window: WindowArgs,
    assets: Vec<Asset>,
    clock: Arc<Clock>,
    source: Source,
}

fn prepare(args: &CollectArgs, config: &Config, stop: &Stop) -> Result<Prepared> {
    let window = check_window(args)?;
    let assets = read_assets(&config.assets_file)?;
    let chosen = choose_asked(&assets, &args.assets)?;
    if args.replay.is_none() {
        check_keys(&chosen, config)?;
    }
    let clock = Arc::new(Clock::real(stop));
    let source = open_source(args, config, &clock, stop)?;
    Ok(Prepared {
        window,
        assets,
        clock,
        source,
    })
}

/// Refuses a run if all its assets need a missing key. If only some do, each fails by itself.
fn check_keys(chosen: &[&Asset], config: &Config) -> Result<(), ConfigError> {
    let missing = |kind: SourceKind| match kind {
        SourceKind::User(source) => config.fetch.keys.check(source).err(),
        _ => None,
    };
    // All sources of all assets count: the run starts if any of them can be asked.
    let kinds = chosen.iter().flat_map(|a| &a.sources).map(|s| s.kind);
    let all: Option<Vec<String>> = kinds.map(missing).collect();
    match all.and_then(|all| all.into_iter().next()) {
        Some(why) => Err(ConfigError(why)),
        None => Ok(()),
    }
}

/// The chosen assets that have a source to ask. The others are imported; skipping them is not a failure.
fn choose_asked<'a>(assets: &'a [Asset], wanted: &[String]) -> Result<Vec<&'a Asset>> {
    let mut chosen = choose(assets, wanted)?;
    let only_imported = chosen.iter().find(|a| !a.is_collected()).map(|a| &a.id);
    let only_imported = only_imported.filter(|_| !wanted.is_empty());
    chosen.retain(|asset| asset.is_collected());
    match only_imported {
        Some(id) if chosen.is_empty() => Err(ConfigError(format!(
            "{id} is not fetched because its source is manual; import its prices with `pricestash import FILE`"
        ))
        .into()),
        _ => Ok(chosen),
    }
}

pub(super) fn run(args: &CollectArgs, config: &Config) -> Result<Answer> {
    let stop = stop_on_signals("nothing more is asked for, what came is staged")?;
    run_until(args, config, stop)
}

/// The same, until `stop` is set.
pub(super) fn run_until(args: &CollectArgs, config: &Config, stop: Stop) -> Result<Answer> {
    let prepared = prepare(args, config, &stop);
    let prepared = match args.dry_run {
        true => prepared,
        false => or_notify("collect", config, &stop, prepared),
    };
    let Prepared {
        window,
        assets,
        clock,
        source,
    } = prepared?;
    let chosen = choose_asked(&assets, &args.assets)?;
    let options = options(args, window, config);
    let collector = |staging: &Staging, job_id: Uuid| {
        let mut outcome = Collector {
            feed: source.feed(),
            staging,
            options,
            job_id,
            now,
            clock: &clock,
            stop: &stop,
            observer: &CollectProgress::new(chosen.len(), config.log.format),
        }
        .run(&chosen);
        outcome.problems.extend(source.problem());
        outcome
    };
    let outcome = if args.dry_run {
        let staging =
            Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
        collector(&staging, Uuid::nil())
    } else {
        let staging = or_notify("collect", config, &stop, Staging::open(&config.staging_db))?;
        recorded("collect", &staging, config, &stop, |run| {
            staging.put_assets(&assets)?;
            let outcome = collector(&staging, run.id());
            run.end(
                outcome.status(),
                &outcome.problems(),
                &print::json(&[outcome.totals()])?,
                &outcome.asset_runs(),
                &outcome.succeeded(),
            )?;
            Ok(outcome)
        })?
    };
    let exit_code = exit_code(outcome.status(), args.partial_ok);
    let dry_run = args.dry_run;
    let text =
        move |assets: &[AssetOutcome], screen: Screen<'_>| collect_table(assets, screen, dry_run);
    Ok(Answer::on_screen(outcome.assets, text).ending(exit_code))
}

fn options(args: &CollectArgs, window: WindowArgs, config: &Config) -> Options {
    let mut retry = config.fetch.retry;
    if args.replay.is_some() {
        // Reading a recording again gives the same answer.
        retry.tries = 1;
    }
    Options {
        window,
        dry_run: args.dry_run,
        final_only: args.final_only,
        heal: !args.no_heal,
        audit: if args.audit {
            Audit::Now
        } else {
            Audit::Every(config.fetch.audit_days)
        },
        all_sources: args.all_sources,
        retry,
        jobs: args.jobs,
    }
}

fn open_source(
    args: &CollectArgs,
    config: &Config,
    clock: &Arc<Clock>,
    stop: &Stop,
) -> Result<Source> {
    if let Some(folder) = &args.replay {
        return Source::recordings(folder, args.fetched_at, &config.fetch.keys);
    }
    let Some(folder) = &args.archive else {
        return Ok(Source::network(config, clock, stop));
    };
    let source = Source::archived(folder, config, clock, stop)?;
    let removed =
        prune_archive(folder, args.archive_days, now()).map_err(|e| unfit_archive(folder, &e))?;
    if removed > 0 {
        log::info!(answers = removed; "removed answers older than {} days from the archive", args.archive_days);
    }
    Ok(source)
}

fn collect_table(assets: &[AssetOutcome], screen: Screen<'_>, dry_run: bool) -> Result<String> {
    const COLUMNS: &[Column] = &[
        always("asset_id"),
        always("status"),
        always("source"),
        if_room("start"),
        if_room("end"),
        always("new"),
        always("changed"),
        always("unchanged"),
        always("kept"),
        always("rejected"),
        always("findings"),
        if_room("elapsed_ms"),
    ];
    let messages = assets
        .iter()
        .filter(|a| !a.is_skipped)
        .filter_map(|a| Some((a.asset_id.as_str(), a.message.as_deref()?)));
    let mut text = screen::table(assets, COLUMNS, screen)?;
    if let Some(skipped) = skipped(assets) {
        text.push_str(&format!("{skipped}\n"));
    }
    Ok(with_remarks(text, messages, dry_run))
}
