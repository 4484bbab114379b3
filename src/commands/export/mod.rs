//! `export`: writes bars to a file or stdout as they are read.

mod best;
mod ledger;
mod pivot;
mod writer;

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use serde::Serialize;

use self::best::Chosen;
use self::ledger::Commodities;
use self::writer::{RowFormat, Writer, shown, system_error};
use super::answer::Answer;
use super::context::{find_assets, read_staging};
use super::result_place::{BEANCOUNT, CSV, FileFormat, JSON, JSON_LINES, LEDGER, result_place};
use crate::cli::{ExportArgs, Format, PivotField};
use crate::config::{Config, ConfigError};
use crate::domain::adjustment::Adjust;
use crate::domain::number_format::Decimal;
use crate::domain::price_list::PriceList;
use crate::output::numbers::counted;
use crate::process::result_file::Place;
use crate::staging::{BarRow, Record, Selection, Staging};

/// What is written.
enum Kind {
    /// Bars as they are stored, or adjusted.
    Bars(RowFormat),
    /// The best bars in another currency.
    InCurrency(RowFormat, Chosen),
    /// One value a day and asset.
    Pivot(RowFormat, Chosen, PivotField),
    /// Closes for a ledger.
    Prices(PriceList, Chosen, Commodities),
}

pub(super) fn run(args: &ExportArgs, format: Format, config: &Config) -> Result<Answer> {
    check(args, format)?;
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    let place = result_place(path, file_format(format), choose_format, config)?;
    let staging = read_staging(config)?;
    let assets = find_assets(&args.assets, &staging, config)?;
    let selection = Selection {
        assets: assets.iter().map(ToString::to_string).collect(),
        source: args.source.clone(),
        start: args.start,
        end: args.end,
        adjust: args.adjust,
    };
    let kind = kind(args, format, &staging, &selection, config)?;
    let written = place.write(|to| match &kind {
        Kind::Bars(format) => write(&staging, &selection, *format, to),
        Kind::InCurrency(format, chosen) => in_currency(&staging, &selection, chosen, *format, to),
        Kind::Pivot(format, chosen, field) => {
            pivot::write(&staging, &selection, chosen, *field, *format, to)
        }
        Kind::Prices(list, chosen, commodities) => {
            ledger::write(&staging, &selection, chosen, (*list, commodities), to)
        }
    });
    if place != Place::Stdout {
        let count =
            written.with_context(|| format!("cannot write the export {}", path.display()))?;
        return Ok(exported(count, &kind, path, format));
    }
    match written {
        // A reader such as `head` closes the pipe when it has enough.
        Err(e) if system_error(&e) == Some(io::ErrorKind::BrokenPipe) => {}
        // Errors of the staging file carry SQLite's own message.
        Err(e) if system_error(&e).is_some() => {
            return Err(e.context("cannot print the export"));
        }
        other => drop(other?),
    }
    Ok(Answer::written(String::new()))
}

/// Refuses options that contradict each other.
fn check(args: &ExportArgs, format: Format) -> Result<()> {
    let wrong = |why: String| Err(ConfigError(why).into());
    if let (Some(start), Some(end)) = (args.start, args.end)
        && start > end
    {
        return wrong(format!("--start {start} is after --end {end}"));
    }
    if args.decimal.is_some() && format != Format::ExcelCsv {
        return wrong("--decimal is for --format excel-csv".to_owned());
    }
    if args.pivot.is_some() && price_list(format).is_some() {
        return wrong("--pivot is for tables, and a ledger is none".to_owned());
    }
    Ok(())
}

fn price_list(format: Format) -> Option<PriceList> {
    match format {
        Format::Ledger => Some(PriceList::Ledger),
        Format::Beancount => Some(PriceList::Beancount),
        _ => None,
    }
}

fn row_format(format: Format, decimal: Option<Decimal>) -> RowFormat {
    match format {
        Format::ExcelCsv => RowFormat::Excel(decimal.unwrap_or_default()),
        Format::Jsonl => RowFormat::Lines,
        Format::Json => RowFormat::Array,
        _ => RowFormat::Csv,
    }
}

fn kind(
    args: &ExportArgs,
    format: Format,
    staging: &Staging,
    selection: &Selection,
    config: &Config,
) -> Result<Kind> {
    let chosen = || Chosen::read(staging, selection, args.currency.as_deref());
    if let Some(list) = price_list(format) {
        let chosen = chosen()?;
        let commodities = Commodities::read(list, &chosen, config)?;
        return Ok(Kind::Prices(list, chosen, commodities));
    }
    let rows = row_format(format, args.decimal);
    Ok(match (args.pivot, &args.currency) {
        (Some(field), _) => Kind::Pivot(rows, chosen()?, field),
        (None, Some(_)) => Kind::InCurrency(rows, chosen()?),
        (None, None) => Kind::Bars(rows),
    })
}

fn file_format(format: Format) -> &'static FileFormat {
    match format {
        Format::Table | Format::Csv | Format::ExcelCsv => &CSV,
        Format::Json => &JSON,
        Format::Jsonl => &JSON_LINES,
        Format::Ledger => &LEDGER,
        Format::Beancount => &BEANCOUNT,
    }
}

/// What to do if the file's name belongs to another format.
fn choose_format(ending: &str) -> String {
    match ending {
        "csv" => "use --format csv or excel-csv".to_owned(),
        "json" => "use --format json".to_owned(),
        "jsonl" | "ndjson" => "use --format jsonl".to_owned(),
        "ledger" | "journal" | "hledger" => "use --format ledger".to_owned(),
        "beancount" | "bean" => "use --format beancount".to_owned(),
        _ => "a spreadsheet also opens a .csv file".to_owned(),
    }
}

/// Names of assets and currencies of series.
struct Labels {
    names: HashMap<String, String>,
    currencies: HashMap<(String, String), String>,
}

impl Labels {
    fn read(staging: &Staging) -> Result<Self> {
        let names = staging.stored_assets()?.into_iter();
        let currencies = staging.currencies()?.into_iter();
        Ok(Self {
            names: names.map(|a| (a.asset_id, shown(&a.name))).collect(),
            currencies: currencies.map(|(key, c)| (key, shown(&c))).collect(),
        })
    }

    /// The name of a bar's asset, and the currency of its prices where that is known.
    fn of(&self, bar: BarRow<'_>) -> Result<(&str, Option<&str>)> {
        let asset_id = bar.asset_id()?;
        let name = self.names.get(asset_id).map_or("", String::as_str);
        let key = (asset_id.to_owned(), bar.source()?.to_owned());
        Ok((name, self.currencies.get(&key).map(String::as_str)))
    }
}

fn write(
    staging: &Staging,
    selection: &Selection,
    format: RowFormat,
    to: &mut dyn Write,
) -> Result<u64> {
    let adjusted = match selection.adjust {
        Adjust::None => None,
        Adjust::Splits => Some("splits"),
        Adjust::All => Some("all"),
    };
    let labels = Labels::read(staging)?;
    warn_of_suspects(staging, selection)?;
    // Marks adjusted prices so that nobody mistakes them for the source's.
    let columns = BarRow::columns().chain(["name", "currency"]);
    let columns = columns.chain(adjusted.map(|_| "adjusted"));
    let mut writer = Writer::new(format, columns.map(str::to_owned), BufWriter::new(to))?;
    let bars = staging.export(selection, |bar| {
        let (name, currency) = labels.of(bar)?;
        let labelled = LabelledBar {
            bar,
            name,
            currency,
            adjusted,
        };
        match adjusted {
            Some(adjusted) => writer.bar((Record(bar), name, currency, adjusted), labelled),
            None => writer.bar((Record(bar), name, currency), labelled),
        }
    })?;
    let to = writer.finish()?.into_inner();
    to.map_err(io::IntoInnerError::into_error)?;
    Ok(bars)
}

/// Says which of the selected series may mix two scales: their rows have no column for it.
fn warn_of_suspects(staging: &Staging, selection: &Selection) -> Result<()> {
    let suspects = staging.suspects()?.into_iter();
    let chosen = suspects.filter(|f| {
        let is_asset = selection.assets.is_empty() || selection.assets.contains(&f.asset_id);
        is_asset && selection.source.as_ref().is_none_or(|s| *s == f.source)
    });
    let series: BTreeSet<(String, String)> = chosen.map(|f| (f.asset_id, f.source)).collect();
    for (asset, source) in series {
        log::warn!(
            asset = asset.as_str(), source = source.as_str();
            "suspect: it may mix two scales, `pricestash status --findings` says why"
        );
    }
    Ok(())
}

/// A bar with the name of its asset, its currency, and what its prices are adjusted for.
#[derive(Serialize)]
struct LabelledBar<'a> {
    #[serde(flatten)]
    bar: BarRow<'a>,
    name: &'a str,
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjusted: Option<&'static str>,
}

/// A bar in another currency. The fields are the columns.
#[derive(Clone, Copy, Serialize)]
struct ExchangedBar<'a> {
    asset_id: &'a str,
    date: NaiveDate,
    source: &'a str,
    /// `None` if the rate or the adjustment factor is unknown.
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: Option<f64>,
    volume: Option<i64>,
    ingested_at: &'a str,
    is_final: bool,
    name: &'a str,
    currency: &'a str,
    /// The rates and days behind the prices.
    rate: Option<&'a str>,
}

/// Writes the best bar of each day in another currency, asset by asset.
fn in_currency(
    staging: &Staging,
    selection: &Selection,
    chosen: &Chosen,
    format: RowFormat,
    to: &mut dyn Write,
) -> Result<u64> {
    warn_of_suspects(staging, selection)?;
    let columns = BarRow::columns().chain(["name", "currency", "rate"]);
    let mut writer = Writer::new(format, columns.map(str::to_owned), BufWriter::new(to))?;
    let mut count = 0;
    chosen.bars(staging, selection, |asset, bar| {
        let values = bar.values;
        let exchanged = ExchangedBar {
            asset_id: &asset.asset_id,
            date: bar.date(),
            source: bar.source,
            open: values.map(|v| v.open),
            high: values.map(|v| v.high),
            low: values.map(|v| v.low),
            close: values.map(|v| v.close),
            volume: bar.stored.values.volume,
            ingested_at: &bar.stored.ingested_at,
            is_final: bar.is_final,
            name: &shown(&asset.name),
            currency: chosen.currency(asset),
            rate: bar.rate.as_ref().map(|r| r.named.as_str()),
        };
        writer.bar(exchanged, exchanged)?;
        count += 1;
        Ok(())
    })?;
    let to = writer.finish()?.into_inner();
    to.map_err(io::IntoInnerError::into_error)?;
    Ok(count)
}

/// The answer for a written file: a row for JSON; a sentence for the others, in which the bars are the only rows.
fn exported(count: u64, kind: &Kind, path: &Path, format: Format) -> Answer {
    #[derive(Serialize)]
    struct Exported {
        file: String,
        bars: u64,
    }
    let file = path.display().to_string();
    let what = match kind {
        Kind::Bars(_) | Kind::InCurrency(..) => counted(count, "bar", "bars"),
        Kind::Pivot(..) => counted(count, "day", "days"),
        Kind::Prices(..) => counted(count, "price", "prices"),
    };
    let text = format!("Wrote {what} to {file}.\n");
    match format {
        Format::Json | Format::Jsonl => Answer::row(Exported { file, bars: count }, text),
        _ => Answer::written(text),
    }
}
