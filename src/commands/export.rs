//! `export`: bars are written to a file or to stdout as they come.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::answer::Answer;
use super::context::{find_assets, read_staging};
use super::result_place::{CSV, FileFormat, JSON, JSON_LINES, result_place};
use crate::cli::{ExportArgs, Format};
use crate::config::{Config, ConfigError};
use crate::output::numbers::counted;
use crate::output::print;
use crate::process::result_file::Place;
use crate::staging::{BarRow, Record, Selection, Staging};

/// Writes bars as they come.
enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Lines(W),
    /// An array; the number tells whether one stands before.
    Array(W, u64),
}

impl<W: Write> Writer<W> {
    fn new(format: Format, to: W) -> Result<Self> {
        Ok(match format {
            Format::Table | Format::Csv => {
                let mut builder = csv::WriterBuilder::new();
                let mut csv = builder.has_headers(false).from_writer(to);
                // By hand, so that an export without bars has one too.
                csv.write_record(BarRow::columns())?;
                Self::Csv(Box::new(csv))
            }
            Format::Jsonl => Self::Lines(to),
            Format::Json => Self::Array(to, 0),
        })
    }

    fn bar(&mut self, bar: BarRow<'_>) -> Result<()> {
        match self {
            Self::Csv(csv) => csv.serialize(Record(bar))?,
            Self::Lines(to) => writeln!(to, "{}", print::json_line(&bar)?)?,
            Self::Array(to, count) => {
                let start = if *count == 0 { "[" } else { "," };
                write!(to, "{start}\n  {}", print::json_line(&bar)?)?;
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
    let written = place.write(|to| write(&staging, &selection, format, to));
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
    let mut writer = Writer::new(format, BufWriter::new(to))?;
    let bars = staging.export(selection, |bar| writer.bar(bar))?;
    let to = writer.finish()?.into_inner();
    to.map_err(io::IntoInnerError::into_error)?;
    Ok(bars)
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
