//! `report`: one HTML file that shows every series.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use super::answer::Answer;
use super::context::{
    find_assets, now, patience, read_assets, read_calendars, read_staging, target,
};
use super::result_place::{HTML, result_place, take_ending};
use crate::cli::ReportArgs;
use crate::config::{Config, ConfigError};
use crate::domain::text::brief;
use crate::output::numbers;
use crate::process::result_file::Place;
use crate::report::{self, DrawnAssets, Page, Wanted, WarehouseFacts};
use crate::warehouse::Warehouse;

/// The longest text of others on the page, in characters.
const LONGEST_TEXT: usize = 2000;

/// What was written.
#[derive(Serialize)]
struct WrittenReport {
    file: PathBuf,
    assets: usize,
    bars: usize,
    bytes: usize,
}

pub(super) fn run(args: &ReportArgs, config: &Config) -> Result<Answer> {
    let out = &args.output;
    make_folder(out)?;
    let place = result_place(out, &HTML, take_ending(&HTML), config)?;
    if args.open && !matches!(place, Place::File(_)) {
        let why = format!("--open needs a file, --output {} is none", out.display());
        return Err(ConfigError(why).into());
    }
    let staging = read_staging(config)?;
    let assets = read_assets(&config.assets_file)?;
    let only = find_assets(&args.assets, &staging, config)?;
    let only: Vec<String> = only.iter().map(ToString::to_string).collect();
    let wanted = Wanted {
        assets: &assets,
        calendars: &read_calendars()?,
        only: &only,
        years: args.years,
        adjust: args.adjust,
        now: now(),
    };
    let name = config.staging_db.display().to_string();
    let redact = |text: &str| brief(&config.redaction.text(text), LONGEST_TEXT);
    let mut drawn = DrawnAssets::new(wanted.now);
    let warehouse = ask_warehouse(config);
    let mut facts = report::gather(&staging, name, &wanted, warehouse, &mut |asset| {
        asset.redact(redact);
        drawn.add(asset)
    })?;
    facts.redact(redact);
    let page = report::page(&facts, drawn)?;
    if place == Place::Stdout {
        return Ok(Answer::text(page.html()));
    }
    place
        .write(|to| Ok(page.write(to)?))
        .with_context(|| cannot_write(out))?;
    if args.open {
        open::that_detached(out).with_context(|| {
            format!(
                "{} is written, but no browser could be started",
                out.display()
            )
        })?;
    }
    Ok(written(out, &page))
}

/// The warehouse is asked once: a report waits for nobody, and tells why there is no answer.
fn ask_warehouse(config: &Config) -> WarehouseFacts {
    if !config.names_warehouse() {
        return WarehouseFacts::NotConfigured;
    }
    let counts = target(config).and_then(|target| {
        Warehouse::connect(&target, patience(config))
            .and_then(|mut warehouse| warehouse.count_by_asset())
            .with_context(|| format!("cannot ask the warehouse at {}", target.place()))
    });
    match counts {
        Ok(counts) => WarehouseFacts::Counts(counts),
        Err(error) => {
            log::warn!("{error:#}; the report goes without its counts");
            WarehouseFacts::Unreachable(format!("{error:#}"))
        }
    }
}

/// Reports may be kept in a folder that is not there yet.
fn make_folder(out: &Path) -> Result<()> {
    match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            fs::create_dir_all(folder).with_context(|| cannot_write(out))
        }
        _ => Ok(()),
    }
}

fn cannot_write(out: &Path) -> String {
    format!("cannot write the report {}", out.display())
}

fn written(out: &Path, page: &Page) -> Answer {
    let bytes = page.bytes();
    let text = format!(
        "{}: {}, {} bars, {} kB. Open it in a browser.\n",
        out.display(),
        numbers::counted(page.assets, "asset", "assets"),
        numbers::whole(u64::try_from(page.bars).unwrap_or(u64::MAX)),
        bytes.div_ceil(1000)
    );
    let row = WrittenReport {
        file: out.to_owned(),
        assets: page.assets,
        bars: page.bars,
        bytes,
    };
    Answer::row(row, text)
}
