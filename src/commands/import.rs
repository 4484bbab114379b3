//! `import`: checks the bars of a file and stages them under their own source, or under the sources that an export
//! names.

use anyhow::Result;
use uuid::Uuid;

use super::answer::{Answer, with_remarks};
use super::context::{now, read_assets};
use super::recorded_run::recorded_quietly;
use crate::cli::ImportArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::Asset;
use crate::domain::asset_names::AssetNames;
use crate::domain::run::{Problem, Status};
use crate::jobs::import::{
    Import, Imported, Table, TableOptions, check_source_name, decode, is_free,
};
use crate::output::numbers::counted;
use crate::output::print;
use crate::process::result_file::read;
use crate::staging::Staging;

/// The source of bars if nothing names another.
const MANUAL: &str = "manual";

/// An asset of the assets file, and its name in the imported file.
type Chosen<'a> = (&'a Asset, String);

pub(super) fn run(args: &ImportArgs, config: &Config) -> Result<Answer> {
    let assets = read_assets(&config.assets_file)?;
    args.source.as_deref().map_or(Ok(()), check_source)?;
    let wrong = |why: String| ConfigError(format!("{}: {why}", args.file.display()));
    let bytes = read(&args.file).map_err(|e| wrong(format!("cannot read it ({e})")))?;
    let text = decode(&bytes).map_err(wrong)?;
    let options = TableOptions {
        columns: args.columns.clone(),
        decimal: args.decimal,
        dates: args.date_format.clone(),
        close_only: args.close_only,
    };
    let rows = Table::read(&text, &options).map_err(wrong)?;
    if rows.is_computed() {
        return Err(wrong(
            "its prices are adjusted or converted, so they are not a source's own; export them without --adjust and --in"
                .to_owned(),
        )
        .into());
    }
    let chosen = choose(args, &rows, &assets).map_err(wrong)?;
    let source = source_of(args, &rows).map_err(wrong)?;
    let imported = if args.dry_run {
        let staging =
            Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
        stage(&staging, source, &chosen, &rows, None)?
    } else {
        let staging = Staging::open(&config.staging_db)?;
        staging.put_assets(&assets)?;
        let body = |job_id| stage(&staging, source, &chosen, &rows, Some(job_id));
        let ended = |imported: &Vec<_>| (status(imported), problems(imported));
        recorded_quietly("import", &staging, config, body, ended)?
    };
    say_what_is_not_shown(&imported, &assets);
    let (dry_run, exit_code) = (args.dry_run, status(&imported).exit_code());
    Ok(Answer::rows(imported, move |imported| table(imported, dry_run)).ending(exit_code))
}

/// Refuses a name that belongs to fetched bars.
fn check_source(name: &str) -> Result<(), ConfigError> {
    if !is_free(name) {
        return Err(ConfigError(format!(
            "--source: {name:?} is the name of a fetched source; choose another name, such as manual"
        )));
    }
    check_source_name(name).map_err(|why| ConfigError(format!("--source: {why}")))
}

/// The source of all bars; `None` if the file names the source of each.
///
/// Bars with a source but no fetch time cannot be stored under that source: they would replace what was fetched since.
fn source_of<'a>(args: &'a ImportArgs, rows: &Table<'_>) -> Result<Option<&'a str>, String> {
    match (&args.source, rows.names_sources(), rows.has_times()) {
        (Some(source), ..) => Ok(Some(source)),
        (None, true, true) => Ok(None),
        (None, true, false) => Err(
            "it has a column source but no column ingested_at, so it is unknown whether its bars are older than the stored \
             ones; use --source NAME to store them under a name of your own"
                .to_owned(),
        ),
        (None, false, _) => Ok(Some(MANUAL)),
    }
}

/// The assets that the file has bars of.
fn choose<'a>(
    args: &ImportArgs,
    rows: &Table<'_>,
    assets: &'a [Asset],
) -> Result<Vec<Chosen<'a>>, String> {
    let called: Vec<&str> = rows.assets().collect();
    let [first, others @ ..] = &called[..] else {
        return Err("it contains no bars".to_owned());
    };
    if let Some(wanted) = &args.asset {
        let names = AssetNames::of(assets);
        let id = names.find(wanted)?;
        if !others.is_empty() {
            return Err(format!(
                "--asset {wanted:?} does not fit: the file has bars of {} assets, such as {}; leave out --asset to import each under its own name",
                called.len(),
                called
                    .iter()
                    .take(3)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ")
            ));
        }
        let asset = assets.iter().find(|a| a.id.as_str() == id);
        return Ok(asset
            .map(|a| (a, (*first).to_owned()))
            .into_iter()
            .collect());
    }
    if !rows.names_assets() {
        return Err("it has no column asset_id; name the asset with --asset ID".to_owned());
    }
    let of = |name: &&str| find(args, name, assets).map(|asset| (asset, (*name).to_owned()));
    called.iter().map(of).collect()
}

/// Finds the asset by its exact id.
fn find<'a>(args: &ImportArgs, name: &str, assets: &'a [Asset]) -> Result<&'a Asset, String> {
    if let Some(asset) = assets.iter().find(|a| a.id.as_str() == name) {
        return Ok(asset);
    }
    let is_shortened = |asset: &&Asset| {
        let is_number = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        is_number && asset.id.as_str().strip_suffix(name).is_some_and(is_zeros)
    };
    match assets.iter().find(is_shortened) {
        Some(asset) if args.leading_zeros => Ok(asset),
        Some(asset) => Err(format!(
            "its asset {name:?} is not in the assets file, but {} is: a spreadsheet drops leading zeros. If you mean that \
             asset, use --leading-zeros",
            asset.id
        )),
        None => {
            let unknown = AssetNames::of(assets).find(name).map_or_else(
                |why| why,
                |id| format!("there is no asset {name:?}, but {id} has that name; use --asset {id} if you mean it"),
            );
            Err(unknown)
        }
    }
}

fn is_zeros(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b == b'0')
}

fn stage(
    staging: &Staging,
    source: Option<&str>,
    chosen: &[Chosen<'_>],
    rows: &Table<'_>,
    job_id: Option<Uuid>,
) -> Result<Vec<Imported>> {
    let import = Import {
        staging,
        source,
        job_id: &job_id.unwrap_or_default().to_string(),
        now: now(),
        commit: job_id.is_some(),
    };
    let mut imported = Vec::new();
    for (asset, called) in chosen {
        imported.extend(import.asset(asset, called, rows)?);
    }
    Ok(imported)
}

/// Names the assets whose imported bars stay hidden because the assets file does not list their source.
fn say_what_is_not_shown(imported: &[Imported], assets: &[Asset]) {
    const NAMED: usize = 5;
    let is_shown = |i: &&Imported| {
        let asset = assets.iter().find(|a| a.id.as_str() == i.asset_id);
        asset.is_none_or(|a| a.own_sources().any(|own| own == i.source))
    };
    let hidden = imported.iter().filter(|i| i.has_bars() && !is_shown(i));
    let ids: Vec<&str> = hidden.clone().map(|i| i.asset_id.as_str()).collect();
    if ids.is_empty() {
        return;
    }
    let how = match hidden.clone().any(|i| i.source == MANUAL) {
        true => {
            "; to show them, add { source = \"manual\" } to the asset's sources in the assets file"
        }
        false => "",
    };
    let named: Vec<&str> = ids.iter().copied().take(NAMED).collect();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    log::info!(
        "stored {} ({}{more}) that best_price does not show{how}",
        counted(ids.len(), "series", "series"),
        named.join(", ")
    );
}

fn status(imported: &[Imported]) -> Status {
    let whole = imported.iter().filter(|i| i.is_whole()).count();
    match imported.len() - whole {
        0 => Status::Success,
        // Stored bars count, not complete assets: half an asset is not nothing.
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
