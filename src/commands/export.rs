//! `export`: bars are written to a file or to stdout as they come.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use serde::Serialize;

use super::answer::Answer;
use super::context::{find_assets, read_staging};
use super::rates::{self, stored_rates};
use super::result_place::{CSV, FileFormat, JSON, JSON_LINES, result_place};
use crate::cli::{ExportArgs, Format};
use crate::config::{Config, ConfigError};
use crate::domain::adjustment::{Adjust, Factors};
use crate::domain::exchange::{Exchange, RateSeries};
use crate::output::numbers::counted;
use crate::output::print;
use crate::process::result_file::Place;
use crate::staging::{BarRow, Record, Selection, Staging, StoredAsset, best_bars};

/// Writes bars as they come.
enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Lines(W),
    /// An array; the number tells whether one stands before.
    Array(W, u64),
}

impl<W: Write> Writer<W> {
    fn new(format: Format, columns: impl Iterator<Item = &'static str>, to: W) -> Result<Self> {
        Ok(match format {
            Format::Table | Format::Csv => {
                let mut builder = csv::WriterBuilder::new();
                let mut csv = builder.has_headers(false).from_writer(to);
                // By hand, so that an export without bars has one too.
                csv.write_record(columns)?;
                Self::Csv(Box::new(csv))
            }
            Format::Jsonl => Self::Lines(to),
            Format::Json => Self::Array(to, 0),
        })
    }

    /// Writes one bar: as a record of values, or as an object.
    fn bar(&mut self, record: impl Serialize, object: impl Serialize) -> Result<()> {
        match self {
            Self::Csv(csv) => csv.serialize(record)?,
            Self::Lines(to) => writeln!(to, "{}", print::json_line(&object)?)?,
            Self::Array(to, count) => {
                let start = if *count == 0 { "[" } else { "," };
                write!(to, "{start}\n  {}", print::json_line(&object)?)?;
                *count += 1;
            }
        }
        Ok(())
    }

    /// Gives back what was written to, with everything in it.
    fn finish(self) -> Result<W> {
        match self {
            Self::Csv(csv) => Ok(csv.into_inner().map_err(csv::IntoInnerError::into_error)?),
            Self::Lines(to) => Ok(to),
            Self::Array(mut to, count) => {
                to.write_all(if count == 0 { b"[]\n" } else { b"\n]\n" })?;
                Ok(to)
            }
        }
    }
}

pub(super) fn run(args: &ExportArgs, format: Format, config: &Config) -> Result<Answer> {
    if let (Some(start), Some(end)) = (args.start, args.end)
        && start > end
    {
        return Err(ConfigError(format!("--start {start} is after --end {end}")).into());
    }
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
    let target = args.currency.as_deref();
    let target = target.map(|text| Target::read(&staging, &selection, text));
    let target = target.transpose()?;
    let written = place.write(|to| match &target {
        Some(target) => in_currency(&staging, &selection, target, format, to),
        None => write(&staging, &selection, format, to),
    });
    if place != Place::Stdout {
        let bars =
            written.with_context(|| format!("the export {} cannot be written", path.display()))?;
        return Ok(exported(bars, path, format));
    }
    match written {
        // A reader like `head` has seen enough.
        Err(e) if system_error(&e) == Some(io::ErrorKind::BrokenPipe) => {}
        // What the staging file cannot give is said by SQLite.
        Err(e) if system_error(&e).is_some() => {
            return Err(e.context("the export cannot be printed"));
        }
        other => drop(other?),
    }
    Ok(Answer::written(String::new()))
}

fn file_format(format: Format) -> &'static FileFormat {
    match format {
        Format::Table | Format::Csv => &CSV,
        Format::Json => &JSON,
        Format::Jsonl => &JSON_LINES,
    }
}

/// What to do about a name with an ending of another format.
fn choose_format(ending: &str) -> String {
    match ending {
        "csv" => "--format csv writes that".to_owned(),
        "json" => "--format json writes that".to_owned(),
        "jsonl" | "ndjson" => "--format jsonl writes that".to_owned(),
        _ => "a name with .csv opens in a spreadsheet too".to_owned(),
    }
}

fn write(
    staging: &Staging,
    selection: &Selection,
    format: Format,
    to: &mut dyn Write,
) -> Result<u64> {
    let adjusted = match selection.adjust {
        Adjust::None => None,
        Adjust::Splits => Some("splits"),
        Adjust::All => Some("all"),
    };
    // Prices that are adjusted say so, so that nobody takes them for what a source has sent.
    let columns = BarRow::columns().chain(adjusted.map(|_| "adjusted"));
    let mut writer = Writer::new(format, columns, BufWriter::new(to))?;
    let bars = staging.export(selection, |bar| match adjusted {
        Some(adjusted) => writer.bar((Record(bar), adjusted), AdjustedBar { bar, adjusted }),
        None => writer.bar(Record(bar), bar),
    })?;
    let to = writer.finish()?.into_inner();
    to.map_err(io::IntoInnerError::into_error)?;
    Ok(bars)
}

/// A bar with adjusted prices, and what they are adjusted for.
#[derive(Serialize)]
struct AdjustedBar<'a> {
    #[serde(flatten)]
    bar: BarRow<'a>,
    adjusted: &'static str,
}

/// A bar in another currency. The fields are the columns.
#[derive(Clone, Copy, Serialize)]
struct ExchangedBar<'a> {
    asset_id: &'a str,
    date: NaiveDate,
    source: &'a str,
    /// Its prices; none where the rate or the factor of the adjustment is not known.
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: Option<f64>,
    volume: Option<i64>,
    ingested_at: &'a str,
    is_final: bool,
    currency: &'a str,
    /// Which rates of which days its prices are made by.
    rate: Option<&'a str>,
}

/// What `--in` asks for.
struct Target {
    currency: String,
    assets: Vec<StoredAsset>,
    rates: Vec<RateSeries>,
}

impl Target {
    /// Reads the currency, and the chosen assets with all stored rates. A currency that none of them can be had in is refused, before
    /// a file of empty prices takes the place of another.
    fn read(staging: &Staging, selection: &Selection, text: &str) -> Result<Self> {
        let currency = rates::currency(text)?;
        let mut assets = staging.stored_assets()?;
        let rates = stored_rates(staging, &assets)?;
        if !selection.assets.is_empty() {
            assets.retain(|a| selection.assets.contains(&a.asset_id));
        }
        let ways = assets
            .iter()
            .map(|a| Exchange::between(&a.currency, &currency, &rates));
        let refused: Option<Vec<String>> = ways.map(Result::err).collect();
        if let Some(why) = refused.and_then(|all| all.into_iter().next()) {
            return Err(ConfigError(why).into());
        }
        Ok(Self {
            currency,
            assets,
            rates,
        })
    }
}

/// Writes the best bar of each day with its prices in another currency, one asset after the other.
fn in_currency(
    staging: &Staging,
    selection: &Selection,
    target: &Target,
    format: Format,
    to: &mut dyn Write,
) -> Result<u64> {
    let columns = BarRow::columns().chain(["currency", "rate"]);
    let mut writer = Writer::new(format, columns, BufWriter::new(to))?;
    let currency = target.currency.as_str();
    let mut factors = match selection.adjust {
        Adjust::None => HashMap::new(),
        _ => staging.adjustments(None)?,
    };
    let mut count = 0;
    for asset in &target.assets {
        let spans = factors.remove(&asset.asset_id).unwrap_or_default();
        let factors = Factors::new(selection.adjust, spans);
        let exchange = Exchange::between(&asset.currency, currency, &target.rates);
        if let Err(why) = &exchange {
            log::warn!(asset = asset.asset_id.as_str(); "without prices: {why}");
        }
        let series = staging.stored_series(&asset.asset_id, None)?;
        for (source, bar) in best_bars(&series, &asset.own_sources(&series)) {
            if !selection.has(source, bar.date) {
                continue;
            }
            let rate = exchange.as_ref().ok().and_then(|e| e.at(bar.date));
            let adjusted = factors.adjusted(bar.date, bar.values);
            let values = rate
                .as_ref()
                .zip(adjusted)
                .map(|(rate, v)| v.times(rate.factor));
            let bar = ExchangedBar {
                asset_id: &asset.asset_id,
                date: bar.date,
                source,
                open: values.map(|v| v.open),
                high: values.map(|v| v.high),
                low: values.map(|v| v.low),
                close: values.map(|v| v.close),
                volume: bar.values.volume,
                ingested_at: &bar.ingested_at,
                is_final: bar.is_final && rate.as_ref().is_none_or(|r| r.is_final),
                currency,
                rate: rate.as_ref().map(|r| r.named.as_str()),
            };
            writer.bar(bar, bar)?;
            count += 1;
        }
    }
    let to = writer.finish()?.into_inner();
    to.map_err(io::IntoInnerError::into_error)?;
    Ok(count)
}

/// What is said of a file: with a table or as CSV the bars are the only rows, and this is a sentence about them.
fn exported(bars: u64, path: &Path, format: Format) -> Answer {
    #[derive(Serialize)]
    struct Exported {
        file: String,
        bars: u64,
    }
    let file = path.display().to_string();
    let text = format!("Wrote {} to {file}.\n", counted(bars, "bar", "bars"));
    match format {
        Format::Table | Format::Csv => Answer::written(text),
        Format::Json | Format::Jsonl => Answer::row(Exported { file, bars }, text),
    }
}

fn system_error(error: &anyhow::Error) -> Option<io::ErrorKind> {
    let by_system = |e: &(dyn std::error::Error + 'static)| {
        let in_csv = e.downcast_ref::<csv::Error>().map(csv::Error::kind);
        match in_csv {
            Some(csv::ErrorKind::Io(e)) => Some(e.kind()),
            _ => e.downcast_ref::<io::Error>().map(io::Error::kind),
        }
    };
    error.chain().find_map(by_system)
}
