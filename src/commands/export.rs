//! `export` and `import`: bars out to a file and in from one.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use uuid::Uuid;

use super::own_files::refuse_own_file;
use super::recorded_run::end_quietly;
use super::{Printed, choose, now, read_assets, read_staging, refuse_unknown, with_remarks};
use crate::cli::{ExportArgs, Format, ImportArgs, Output};
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, AssetId, SourceKind};
use crate::domain::run::{Problem, Status};
use crate::jobs::import::{Import, Imported, Rows};
use crate::output::numbers::counted;
use crate::output::table;
use crate::process::atomic_file::write_beside;
use crate::staging::{ExportedBar, Selection, Staging};

/// Writes bars as they come.
enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Lines(W),
    /// An array; the number tells whether one stands before.
    Array(W, u64),
}

impl<W: Write> Writer<W> {
    fn new(format: Output, to: W) -> Result<Self> {
        Ok(match format {
            Output::Table | Output::Csv => {
                let mut builder = csv::WriterBuilder::new();
                let mut csv = builder.has_headers(false).from_writer(to);
                // By hand, so that an export without bars has one too.
                csv.write_record(ExportedBar::COLUMNS)?;
                Self::Csv(Box::new(csv))
            }
            Output::Jsonl => Self::Lines(to),
            Output::Json => Self::Array(to, 0),
        })
    }

    fn bar(&mut self, bar: &ExportedBar) -> Result<()> {
        match self {
            Self::Csv(csv) => csv.serialize(bar)?,
            Self::Lines(to) => writeln!(to, "{}", serde_json::to_string(bar)?)?,
            Self::Array(to, count) => {
                let start = if *count == 0 { "[" } else { "," };
                write!(to, "{start}\n  {}", serde_json::to_string(bar)?)?;
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

pub(super) fn export(args: &ExportArgs, format: Output, config: &Config) -> Result<Printed> {
    if let (Some(start), Some(end)) = (args.start, args.end)
        && start > end
    {
        return Err(ConfigError(format!("--start {start} is after --end {end}")).into());
    }
    if let Some(path) = &args.output {
        refuse_own_file("--output", path, config)?;
    }
    let staging = read_staging(config)?;
    refuse_unknown(&args.assets, &staging, config)?;
    let selection = Selection {
        assets: args.assets.clone(),
        source: args.source.clone(),
        start: args.start,
        end: args.end,
    };
    let Some(path) = &args.output else {
        return match write(&staging, &selection, format, io::stdout().lock()) {
            // A reader like `head` has seen enough.
            Err(e) if system_error(&e) == Some(io::ErrorKind::BrokenPipe) => {
                Ok(Printed::success(String::new()))
            }
            // What the staging file cannot give is said by SQLite.
            Err(e) if system_error(&e).is_some() => Err(e.context("the export cannot be printed")),
            other => other.map(|_| Printed::success(String::new())),
        };
    };
    let bars = write_beside(path, |file| write(&staging, &selection, format, file))
        .with_context(|| format!("the export {} cannot be written", path.display()))?;
    print_exported(bars, path, format)
}

fn write<W: Write>(
    staging: &Staging,
    selection: &Selection,
    format: Output,
    to: W,
) -> Result<(W, u64)> {
    let mut writer = Writer::new(format, BufWriter::new(to))?;
    let bars = staging.export(selection, |bar| writer.bar(bar))?;
    let to = writer.finish()?.into_inner();
    Ok((to.map_err(io::IntoInnerError::into_error)?, bars))
}

fn print_exported(bars: u64, path: &Path, format: Output) -> Result<Printed> {
    #[derive(Serialize)]
    struct Exported {
        file: String,
        bars: u64,
    }
    let exported = [Exported {
        file: path.display().to_string(),
        bars,
    }];
    let json = || table::json(&exported);
    Ok(Printed::success(match format {
        Output::Json => json()?,
        Output::Jsonl => table::json_lines(&json()?)?,
        Output::Table | Output::Csv => {
            format!(
                "Wrote {} to {}.\n",
                counted(bars, "bar", "bars"),
                path.display()
            )
        }
    }))
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

pub(super) fn import(args: &ImportArgs, format: Format, config: &Config) -> Result<Printed> {
    check_source(&args.source)?;
    let wrong = |why: String| ConfigError(format!("{}: {why}", args.file.display()));
    let text = fs::read(&args.file).map_err(|e| wrong(format!("it cannot be read ({e})")))?;
    let rows = Rows::read(&text).map_err(wrong)?;
    let assets = read_assets(&config.assets_file)?;
    let ids: Vec<String> = rows.assets().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(wrong("it has no bar".to_owned()).into());
    }
    let chosen = choose(&assets, &ids).map_err(|_| {
        let unknown = ids
            .iter()
            .find(|id| !assets.iter().any(|a| a.id.as_str() == **id));
        wrong(format!(
            "its asset {:?} is not in the assets file; `pricestash assets add` adds one",
            unknown.map_or("", String::as_str)
        ))
    })?;
    let imported = if args.dry_run {
        let staging =
            Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
        stage(&staging, args, &chosen, &rows, Uuid::nil())?
    } else {
        let staging = Staging::open(&config.staging_db)?;
        staging.put_assets(&assets)?;
        let (job_id, lock) = staging.begin_run("import", false, now())?;
        let imported = stage(&staging, args, &chosen, &rows, job_id);
        let (status, problems) = match &imported {
            Ok(imported) => (status(imported), problems(imported)),
            Err(error) => (Status::Failure, vec![problem(None, format!("{error:#}"))]),
        };
        end_quietly(&staging, config, job_id, status, &problems)?;
        drop(lock);
        imported?
    };
    let text = match format {
        Format::Json => table::json(&imported)?,
        Format::Table => table(&imported, args.dry_run)?,
    };
    Ok(Printed {
        text,
        exit_code: status(&imported).exit_code(),
    })
}

/// A name under which nothing fetched can stand.
fn check_source(name: &str) -> Result<(), ConfigError> {
    let fetched = [
        SourceKind::Naver,
        SourceKind::Yahoo,
        SourceKind::Krx,
        SourceKind::Upbit,
    ];
    let kind = name.split(':').next().unwrap_or_default();
    if fetched.iter().any(|k| k.name() == kind) {
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
    rows: &Rows,
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

fn problem(asset_id: Option<String>, error: String) -> Problem {
    Problem {
        asset_id,
        source: None,
        error,
    }
}

fn problems(imported: &[Imported]) -> Vec<Problem> {
    let complaint = |i: &Imported| Some(problem(Some(i.asset_id.clone()), i.message.clone()?));
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
        table::table(imported, COLUMNS)?,
        messages,
        dry_run,
    ))
}
