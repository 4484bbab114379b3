//! `sync`: sends what is pending in the staging file to the warehouse.

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::{
    find_assets, located, no_warehouse, now, open_staging, patience, target_or_say,
};
use super::recorded_run::{Run, exit_code, or_notify, recorded};
use super::signals::stop_on_signals;
use super::take_over::{TakeOver, changes_table, log_change};
use crate::cli::SyncArgs;
use crate::config::Config;
use crate::domain::run::{Problem, Status};
use crate::domain::take_over::Change;
use crate::jobs::sync::{Options, Outcome, WarehouseAccess, WarehouseSync};
use crate::output::numbers::counted;
use crate::output::print;
use crate::output::screen::{self, Column, Screen, always, if_room};
use crate::output::stderr::ProgressLine;
use crate::process::stop::Stop;
use crate::staging::{RejectedSeries, Scope, Staging};
use crate::warehouse::{Target, Warehouse};

/// How long a sync waits for another one, which at worst has hundreds of thousands of rows to send, or hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn run(args: &SyncArgs, config: &Config) -> Result<Answer> {
    run_until(args, config, || {
        stop_on_signals("what was sent is acknowledged, the rest waits for the next sync")
    })
}

/// The same, until what `stop` gives is set; before a run begins, nothing has to end in order.
pub(super) fn run_until(
    args: &SyncArgs,
    config: &Config,
    stop: impl FnOnce() -> Result<Stop>,
) -> Result<Answer> {
    let prepared = prepare(args, config);
    let prepared = match args.dry_run {
        true => prepared,
        false => or_notify("sync", config, &Stop::default(), prepared),
    };
    let (options, staging, target) = match prepared? {
        Prepared::Ready(options, staging, target) => (options, staging, *target),
        Prepared::LeftOut(waiting) => {
            let code = args.if_configured.unwrap_or_default();
            return Ok(left_out(&waiting).ending(code));
        }
    };
    if args.dry_run {
        let rows = staging.count_pending(&options.scope)?;
        let changes = match args.take_over_assets {
            true => TakeOver::of(&staging, &target, &options.scope, config)?.changes,
            false => Vec::new(),
        };
        let retracted = staging.count_retractions()?;
        return dry_run(rows, retracted, &target, changes);
    }
    let stop = stop()?;
    let outcome = recorded("sync", &staging, config, &stop, |run| {
        if args.take_over_assets {
            TakeOver::of(&staging, &target, &options.scope, config)?.begin(&staging)?;
        }
        send(run, &staging, &target, &options, config, &stop)
    })?;
    let exit_code = exit_code(outcome.status(), args.partial_ok);
    Ok(Answer::on_screen(vec![outcome], sync_table).ending(exit_code))
}

/// What a run needs before it starts.
enum Prepared {
    Ready(Options, Staging, Box<Target>),
    /// There is no warehouse; the text says how many rows wait.
    LeftOut(String),
}

fn prepare(args: &SyncArgs, config: &Config) -> Result<Prepared> {
    let staging = Staging::open_existing(&config.staging_db)?;
    let assets = match &staging {
        Some(staging) => find_assets(&args.assets, staging, config)?,
        None => Vec::new(),
    };
    let options = Options {
        chunk_size: args.chunk_size,
        scope: Scope {
            full: args.full,
            assets,
        },
    };
    let waiting = || {
        let rows = staging.as_ref().map(|s| s.count_pending(&options.scope));
        let (rows, file) = (rows.unwrap_or(Ok(0))?, config.staging_db.display());
        Ok(format!(", {rows} rows wait in {file}"))
    };
    if args.if_configured.is_some() && !config.names_warehouse() {
        return Ok(Prepared::LeftOut(waiting()?));
    }
    let target = target_or_say(config, waiting)?;
    let staging = staging.map_or_else(|| open_staging(config), Ok)?;
    Ok(Prepared::Ready(options, staging, Box::new(target)))
}

/// Sends nothing, which is not a failure: without a warehouse everything stays in the staging file.
fn left_out(waiting: &str) -> Answer {
    let why = no_warehouse(waiting);
    log::info!("sync skipped: {why}");
    let text = format!("Nothing was sent: {why}.\n");
    Answer::rows(Vec::<Outcome>::new(), |_| Ok(text))
}

/// Sends what is pending and records the outcome.
fn send(
    run: &Run<'_>,
    staging: &Staging,
    target: &Target,
    options: &Options,
    config: &Config,
    stop: &Stop,
) -> Result<Outcome> {
    let waiting = |who: &str| {
        let most = PATIENCE.as_secs();
        log::warn!("{who}; waiting up to {most} s for it to end");
    };
    let _lock = staging
        .lock_sync(PATIENCE, waiting)
        .map_err(|error| error.context(still_pending(staging)))?;
    let access = WarehouseAccess {
        connect: &|| Warehouse::connect(target, patience(config)),
        retry: config.sync.retry,
        stop,
    };
    let failed = |error: anyhow::Error| {
        let error = located(staging.explain(error), target);
        let problem = Problem::of_run(format!("{error:#}"));
        if let Err(unrecorded) = run.end(Status::Failure, &[problem], "", &[], &[]) {
            log::error!("cannot record the end of the run: {unrecorded:#}");
        }
        Err(error.context(still_pending(staging)))
    };
    let bar = bar(staging, &options.scope)?;
    let progress = |rows| {
        if let Some(bar) = &bar {
            bar.show(rows, "rows".to_owned());
        }
    };
    let sync = WarehouseSync::new(staging, &access, now, &progress)?;
    let mut outcome = match sync.send(options) {
        Ok(outcome) => outcome,
        Err(error) => return failed(error),
    };
    let (problems, succeeded) = problems_and_succeeded(&outcome, staging)?;
    run.end(
        outcome.status(),
        &problems,
        &print::json(&[&outcome])?,
        &[],
        &succeeded,
    )?;
    // The run is closed before it is sent, so that the warehouse sees its end.
    sync.send_runs(&mut outcome);
    Ok(outcome)
}

/// A progress bar of sent rows, on a terminal only. Elsewhere the rows are not even counted.
fn bar(staging: &Staging, scope: &Scope) -> Result<Option<ProgressLine>> {
    if !io::stderr().is_terminal() {
        return Ok(None);
    }
    Ok(Some(ProgressLine::on_stderr(staging.count_pending(scope)?)))
}

fn still_pending(staging: &Staging) -> String {
    staging.count_pending(&Scope::default()).map_or_else(
        |_| "sync failed".to_owned(),
        |rows| format!("sync failed, {rows} rows wait for the next one"),
    )
}

/// What is recorded and alerted: rejected rows by series with the warehouse's message, and the assets that succeeded.
fn problems_and_succeeded(
    outcome: &Outcome,
    staging: &Staging,
) -> Result<(Vec<Problem>, Vec<String>)> {
    let rejected = staging.rejected_series()?;
    let names = staging.asset_names()?.into_keys();
    let is_refused = |id: &String| {
        rejected.iter().any(|r| r.asset_id == *id)
            || outcome
                .refused_assets
                .iter()
                .any(|(refused, _)| refused == id)
    };
    let succeeded = names.filter(|id| !is_refused(id));
    let assets = outcome.refused_assets.iter();
    let mut problems: Vec<Problem> = assets
        .map(|(id, why)| Problem::of_asset(id, format!("the warehouse refuses the asset: {why}")))
        .collect();
    problems.extend(rejected.iter().map(refused));
    problems.extend(future(outcome).map(Problem::of_run));
    problems.extend(not_retracted(outcome).map(Problem::of_run));
    Ok((problems, succeeded.collect()))
}

fn refused(series: &RejectedSeries) -> Problem {
    let RejectedSeries {
        asset_id,
        source,
        rows,
        first_date,
        message,
        ..
    } = series;
    let error = match rows {
        1 => format!("the row of {first_date} stays in sync_reject: {message}"),
        _ => format!("{rows} rows stay in sync_reject, the first one of {first_date}: {message}"),
    };
    Problem::of_source(asset_id, source, error)
}

/// The message for rows that lose against an ingest time in the future.
fn future(outcome: &Outcome) -> Option<String> {
    let rows = outcome.skipped_future;
    (rows > 0).then(|| {
        format!(
            "{rows} rows were skipped because their ingested_at in the warehouse is in the future: after \
             `pricestash verify --repair` the next sync overwrites them, and `pricestash retract` removes a bar on both sides"
        )
    })
}

/// The message for retracted bars that stay in the warehouse.
fn not_retracted(outcome: &Outcome) -> Option<String> {
    let why = outcome.not_retracted.as_ref()?;
    Some(format!(
        "retracted bars are still in the warehouse and the next sync tries again; removing them needs the DELETE privilege on price_daily: {why}"
    ))
}

fn dry_run(rows: u64, retracted: u64, target: &Target, changes: Vec<Change>) -> Result<Answer> {
    #[derive(Serialize)]
    struct DryRun {
        would_send: u64,
    }
    let mut text = changes_table(&changes)?;
    if retracted > 0 {
        let bars = counted(retracted, "retracted bar", "retracted bars");
        text.push_str(&format!("{bars} would be removed. "));
    }
    text.push_str(&format!(
        "{rows} rows would be sent to {}. This was a dry run: nothing was sent.\n",
        target.place()
    ));
    let answer = Answer::row(DryRun { would_send: rows }, text);
    Ok(answer.beside_rows(move || changes.iter().for_each(log_change)))
}

fn sync_table(outcomes: &[Outcome], screen: Screen<'_>) -> Result<String> {
    const COLUMNS: &[Column] = &[
        always("sent"),
        always("inserted"),
        always("updated"),
        always("unchanged"),
        always("skipped_older").titled("older"),
        if_room("skipped_future"),
        always("rejected"),
        if_room("retracted"),
        always("pending"),
        if_room("chunks"),
        if_room("retries"),
        if_room("round_trips"),
        always("elapsed_ms"),
    ];
    let mut text = screen::table(outcomes, COLUMNS, screen)?;
    for outcome in outcomes {
        if outcome.rejected > 0 {
            text.push_str(&format!("{} rows stay in sync_reject\n", outcome.rejected));
        }
        if outcome.retracted > 0 {
            let rows = counted(outcome.retracted, "row was removed", "rows were removed");
            text.push_str(&format!("{rows}\n"));
        }
        for sentence in future(outcome).into_iter().chain(not_retracted(outcome)) {
            text.push_str(&format!("{sentence}\n"));
        }
    }
    Ok(text)
}
