//! What several commands need to start: the stores, the assets, the time.

use std::io::ErrorKind;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use crate::config::assets_file::parse_assets;
use crate::config::{Config, ConfigError, Secret};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::asset_names::AssetNames;
use crate::domain::calendar::Calendars;
use crate::domain::timestamp::millis;
use crate::process::result_file::read;
use crate::staging::{Staging, StoredAsset};
use crate::warehouse::{Patience, Target, Warehouse, WarehouseError};

/// The current time, from the system clock.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Opens the staging file, which must exist.
pub(super) fn open_staging(config: &Config) -> Result<Staging> {
    there(Staging::open_existing(&config.staging_db)?, config)
}

/// Opens the staging file, which must exist, for a command that does not change it.
pub(super) fn read_staging(config: &Config) -> Result<Staging> {
    there(Staging::open_to_read(&config.staging_db)?, config)
}

fn there(staging: Option<Staging>, config: &Config) -> Result<Staging> {
    staging.ok_or_else(|| {
        anyhow::anyhow!(
            "there is no staging file {} yet; `pricestash collect` creates it",
            config.staging_db.display()
        )
    })
}

/// The trading calendars with the user's corrections.
pub(super) fn read_calendars() -> Result<Calendars> {
    Ok(Calendars::load(Path::new("data/calendars")).map_err(ConfigError)?)
}

pub(super) fn read_assets(path: &Path) -> Result<Vec<Asset>> {
    let text = assets_text(path)?;
    let calendars = read_calendars()?;
    Ok(parse_assets(&text, &calendars)
        .map_err(|why| ConfigError(format!("{}: {why}", path.display())))?)
}

pub(super) fn assets_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = read(path).map_err(|e| {
        let what_to_do = match e.kind() {
            ErrorKind::NotFound => {
                "run `pricestash init` to create one, or run pricestash in the folder that has it"
            }
            _ => "expected a file like data/assets.toml",
        };
        ConfigError(format!(
            "cannot read ASSETS_FILE {path:?} ({e}); {what_to_do}"
        ))
    })?;
    String::from_utf8(bytes).map_err(|_| ConfigError(format!("{}: not UTF-8 text", path.display())))
}

/// Names of the assets, including assets that are no longer configured but still have bars. A broken assets file does
/// not prevent looking at bars.
fn asset_names(staging: &Staging, config: &Config) -> Result<AssetNames> {
    let configured = read_assets(&config.assets_file).unwrap_or_default();
    let mut names = AssetNames::of(&configured);
    for StoredAsset { asset_id, name, .. } in staging.stored_assets()? {
        names.add(asset_id, name);
    }
    Ok(names)
}

/// The asset named on the command line.
pub(super) fn find_asset(text: &str, staging: &Staging, config: &Config) -> Result<AssetId> {
    let ids = find_assets(&[text.to_owned()], staging, config)?;
    let mut ids = ids.into_iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(ConfigError(format!("{text:?} is not a single asset")).into()),
    }
}

/// The assets named on the command line; empty if none is named.
pub(super) fn find_assets(
    texts: &[String],
    staging: &Staging,
    config: &Config,
) -> Result<Vec<AssetId>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let names = asset_names(staging, config)?;
    let ids = names.find_all(texts).map_err(ConfigError)?;
    let ids = ids
        .into_iter()
        .map(|id| AssetId::new(id).map_err(ConfigError));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The assets to collect: the named ones, else all active ones.
pub(super) fn choose<'a>(assets: &'a [Asset], wanted: &[String]) -> Result<Vec<&'a Asset>> {
    if wanted.is_empty() {
        let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
        anyhow::ensure!(
            !active.is_empty(),
            ConfigError("the assets file has no active asset".to_owned())
        );
        return Ok(active);
    }
    let names = AssetNames::of(assets);
    let ids = names.find_all(wanted).map_err(ConfigError)?;
    let is_wanted = |asset: &&Asset| ids.contains(&asset.id.as_str());
    Ok(assets.iter().filter(is_wanted).collect())
}

/// The warehouse, or an error that says what to set.
pub(super) fn target(config: &Config) -> Result<Target> {
    target_or_say(config, || Ok(String::new()))
}

/// The same, with a note on what is waiting for the warehouse; the note is computed only for the error.
pub(super) fn target_or_say(
    config: &Config,
    waiting: impl FnOnce() -> Result<String>,
) -> Result<Target> {
    match config.warehouse_url()? {
        Some(url) => Ok(target_of(url, config)?),
        None => Err(ConfigError(no_warehouse(&waiting()?)).into()),
    }
}

/// The configured place of this URL.
pub(super) fn target_of(url: &Secret, config: &Config) -> Result<Target, ConfigError> {
    let target = Target::parse(url, config.sync.tls_mode)?;
    Ok(target.in_schema(config.sync.schema.as_deref()))
}

/// The message if no warehouse is configured.
pub(super) fn no_warehouse(waiting: &str) -> String {
    format!(
        "DATABASE_URL is not set{waiting}; set it in the environment or in .env, for example \
         DATABASE_URL=postgres://user:password@host:5432/prices"
    )
}

/// Adds the warehouse's place to an error.
pub(super) fn located(error: anyhow::Error, target: &Target) -> anyhow::Error {
    if error.is::<WarehouseError>() {
        return error.context(format!("the warehouse at {}", target.place()));
    }
    error
}

/// The configured time limits for the warehouse.
pub(super) fn patience(config: &Config) -> Patience {
    Patience {
        connect: config.sync.connect_timeout,
        statement: config.sync.statement_timeout,
    }
}

/// Connects for a single question.
pub(super) fn connect(target: &Target, config: &Config) -> Result<Warehouse> {
    let connected = config.sync.retry.retry(
        || Warehouse::connect(target, patience(config)),
        WarehouseError::is_transient,
        rand::random::<f64>,
        |attempt, failure, wait| {
            log::warn!(attempt = attempt + 1, wait_ms = millis(wait); "{failure}; trying again");
            thread::sleep(wait);
        },
    );
    connected.with_context(|| format!("cannot reach the warehouse at {}", target.place()))
}
