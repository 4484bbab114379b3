//! `import`: the bars of a CSV file are checked and staged under a source of their own.

use anyhow::Result;
use uuid::Uuid;

use super::answer::{Answer, with_remarks};
use super::context::{now, read_assets};
use super::recorded_run::recorded_quietly;
use crate::cli::ImportArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::run::{Problem, Status};
use crate::jobs::import::{Import, Imported, Rows};
use crate::output::print;
use crate::process::result_file::read;
use crate::sources::SOURCES;
use crate::staging::Staging;

pub(super) fn run(args: &ImportArgs, config: &Config) -> Result<Answer> {
    check_source(&args.source)?;
    let wrong = |why: String| ConfigError(format!("{}: {why}", args.file.display()));
    let text = read(&args.file).map_err(|e| wrong(format!("it cannot be read ({e})")))?;
    let rows = Rows::read(&text).map_err(wrong)?;
    let assets = read_assets(&config.assets_file)?;
    let ids: Vec<String> = rows.assets().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(wrong("it has no bar".to_owned()).into());
    }
    let is_known = |id: &&String| assets.iter().any(|a| a.id.as_str() == **id);
    if let Some(unknown) = ids.iter().find(|id| !is_known(id)) {
        return Err(wrong(format!(
            "its asset {unknown:?} is not in the assets file; `pricestash assets add` adds one"
        ))
        .into());
    }
    let is_named = |asset: &&Asset| ids.iter().any(|id| asset.id.as_str() == id);
    let chosen: Vec<&Asset> = assets.iter().filter(is_named).collect();
    let imported = if args.dry_run {
        let staging =
            Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
        stage(&staging, args, &chosen, &rows, Uuid::nil())?
    } else {
        let staging = Staging::open(&config.staging_db)?;
        staging.put_assets(&assets)?;
        let body = |job_id| stage(&staging, args, &chosen, &rows, job_id);
        let ended = |imported: &Vec<_>| (status(imported), problems(imported));
        recorded_quietly("import", &staging, config, body, ended)?
    };
    let (dry_run, exit_code) = (args.dry_run, status(&imported).exit_code());
    Ok(Answer::rows(imported, move |imported| table(imported, dry_run)).ending(exit_code))
}

/// A name under which nothing fetched can stand.
fn check_source(name: &str) -> Result<(), ConfigError> {
    let kind = name.split(':').next().unwrap_or_default();
    if SOURCES.iter().any(|(k, _)| k.name() == kind) {
        return Err(ConfigError(format!(
            "--source is {name:?}, under which fetched bars stand; it should be a name of its own like import"
        )));
    }
    // The same rules as for an asset's id: both are keys of 1 to 20 characters.
    AssetId::new(name).map(drop).map_err(|_| {
        ConfigError(format!(
            "--source is {name:?}, it should have 1 to 20 characters"
        ))
    })
}

fn stage(
    staging: &Staging,
    args: &ImportArgs,
    assets: &[&Asset],
    rows: &Rows<'_>,
    job_id: Uuid,
) -> Result<Vec<Imported>> {
    let job_id = job_id.to_string();
    let import = Import {
        staging,
        source: &args.source,
        job_id: &job_id,
        now: now(),
        commit: !args.dry_run,
    };
    assets
        .iter()
        .map(|asset| import.asset(asset, rows))
        .collect()
}

fn status(imported: &[Imported]) -> Status {
    let whole = imported.iter().filter(|i| i.is_whole()).count();
    match imported.len() - whole {
        0 => Status::Success,
        // What is stored counts, not which assets are whole: half an asset is something.
        _ if imported.iter().any(Imported::has_bars) => Status::PartialFailure,
        _ => Status::Failure,
    }
}

fn problems(imported: &[Imported]) -> Vec<Problem> {
    let complaint = |i: &Imported| Some(Problem::of_asset(&i.asset_id, i.message.as_ref()?));
    imported.iter().filter_map(complaint).collect()
}

fn table(imported: &[Imported], dry_run: bool) -> Result<String> {
    const COLUMNS: &[&str] = &[
        "asset_id",
        "source",
        "new",
        "changed",
        "unchanged",
        "kept",
        "rejected",
        "findings",
    ];
    let messages = imported
        .iter()
        .filter_map(|i| Some((i.asset_id.as_str(), i.message.as_deref()?)));
    Ok(with_remarks(
        print::table(imported, COLUMNS)?,
        messages,
        dry_run,
    ))
}
