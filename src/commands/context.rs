//! What several commands need before they can begin: the stores, the assets, the time.

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

/// The time, by the system's clock.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The staging file, which must be there.
pub(super) fn open_staging(config: &Config) -> Result<Staging> {
    there(Staging::open_existing(&config.staging_db)?, config)
}

/// The staging file, which must be there, for a command that changes nothing in it.
pub(super) fn read_staging(config: &Config) -> Result<Staging> {
    there(Staging::open_to_read(&config.staging_db)?, config)
}

fn there(staging: Option<Staging>, config: &Config) -> Result<Staging> {
    staging.ok_or_else(|| {
        anyhow::anyhow!(
            "there is no staging file {} yet; `pricestash collect` makes it",
            config.staging_db.display()
        )
    })
}

/// The trading calendars, with the user's corrections.
pub(super) fn read_calendars() -> Result<Calendars> {
    Ok(Calendars::load(Path::new("data/calendars")).map_err(ConfigError)?)
}

/// The assets of the assets file.
pub(super) fn read_assets(path: &Path) -> Result<Vec<Asset>> {
    let text = assets_text(path)?;
    let calendars = read_calendars()?;
    Ok(parse_assets(&text, &calendars)
        .map_err(|why| ConfigError(format!("{}: {why}", path.display())))?)
}

/// The text of the assets file.
pub(super) fn assets_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = read(path).map_err(|e| {
        let what_to_do = match e.kind() {
            ErrorKind::NotFound => {
                "`pricestash init` writes one, or run pricestash in the folder that has it"
            }
            _ => "it should be a file like data/assets.toml",
        };
        ConfigError(format!(
            "ASSETS_FILE is {path:?}, which cannot be read ({e}); {what_to_do}"
        ))
    })?;
    String::from_utf8(bytes)
        .map_err(|_| ConfigError(format!("{}: it is not UTF-8 text", path.display())))
}

/// What the assets are called, also those that are no longer configured: their bars are still there. An assets file that
/// cannot be read is no obstacle for who only looks for bars.
fn asset_names(staging: &Staging, config: &Config) -> Result<AssetNames> {
    let configured = read_assets(&config.assets_file).unwrap_or_default();
    let mut names = AssetNames::of(&configured);
    for StoredAsset { asset_id, name, .. } in staging.stored_assets()? {
        names.add(asset_id, name);
    }
    Ok(names)
}

/// The asset that a person names on the command line.
pub(super) fn find_asset(text: &str, staging: &Staging, config: &Config) -> Result<AssetId> {
    let ids = find_assets(&[text.to_owned()], staging, config)?;
    let mut ids = ids.into_iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(ConfigError(format!("{text:?} is no single asset")).into()),
    }
}

/// The assets that a person names on the command line; none where he names none.
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

/// The assets to collect: those that were named, else the active ones.
pub(super) fn choose<'a>(assets: &'a [Asset], wanted: &[String]) -> Result<Vec<&'a Asset>> {
    if wanted.is_empty() {
        let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
        anyhow::ensure!(
            !active.is_empty(),
            ConfigError("no asset in the assets file is active".to_owned())
        );
        return Ok(active);
    }
    let names = AssetNames::of(assets);
    let ids = names.find_all(wanted).map_err(ConfigError)?;
    let is_wanted = |asset: &&Asset| ids.contains(&asset.id.as_str());
    Ok(assets.iter().filter(is_wanted).collect())
}

/// The warehouse; without one, what to set.
pub(super) fn target(config: &Config) -> Result<Target> {
    target_or_say(config, || Ok(String::new()))
}

/// The same, for one that something waits for: what that is is found out only when it has to be said.
pub(super) fn target_or_say(
    config: &Config,
    waiting: impl FnOnce() -> Result<String>,
) -> Result<Target> {
    match config.warehouse_url()? {
        Some(url) => Ok(target_of(url, config)?),
        None => Err(ConfigError(no_warehouse(&waiting()?)).into()),
    }
}

/// Where this is, as it is configured.
pub(super) fn target_of(url: &Secret, config: &Config) -> Result<Target, ConfigError> {
    let target = Target::parse(url, config.sync.tls_mode)?;
    Ok(target.in_schema(config.sync.schema.as_deref()))
}

/// What to say where no warehouse is named.
pub(super) fn no_warehouse(waiting: &str) -> String {
    format!(
        "DATABASE_URL is not set{waiting}; set it in the environment or in .env, for example \
         DATABASE_URL=postgres://user:password@host:5432/prices"
    )
}

/// Says of a failure of the warehouse where that is.
pub(super) fn located(error: anyhow::Error, target: &Target) -> anyhow::Error {
    if error.is::<WarehouseError>() {
        return error.context(format!("the warehouse at {}", target.place()));
    }
    error
}

/// How long the warehouse may keep us waiting.
pub(super) fn patience(config: &Config) -> Patience {
    Patience {
        connect: config.sync.connect_timeout,
        statement: config.sync.statement_timeout,
    }
}

/// A connection for one question.
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
    connected.with_context(|| format!("the warehouse at {} cannot be reached", target.place()))
}
