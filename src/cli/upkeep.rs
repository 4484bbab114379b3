//! Arguments of the commands that maintain the staging file and move bars in and out.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::parse_date;
use crate::domain::adjustment::Adjust;
use crate::domain::date_format::DateFormat;
use crate::domain::number_format::Decimal;
use crate::domain::table_columns::NamedColumn;

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// File to write; it must not exist yet.
    pub(crate) file: PathBuf,
    /// Replace an existing file once the new one is complete.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// A backup or another staging file.
    pub(crate) file: PathBuf,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Report what would be removed, but remove nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove rejected rows that no source has sent for DAYS days; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = days())]
    pub(crate) quarantine: u32,
    /// Remove runs that started more than DAYS days ago; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = days())]
    pub(crate) runs: u32,
    /// Remove old values of prices that changed more than DAYS days ago; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 1825, value_parser = days())]
    pub(crate) history: u32,
    /// Also prune this folder of `collect --archive`.
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,
    /// Remove answers in that folder older than DAYS days; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = days())]
    pub(crate) archive_days: u32,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=36_500)
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Only bars of this source, such as yahoo.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// First day (YYYY-MM-DD), inclusive.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) start: Option<NaiveDate>,
    /// Last day (YYYY-MM-DD), inclusive.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) end: Option<NaiveDate>,
    /// Write the best bar of each day with prices adjusted by pricestash's own factors; prices without a known factor are empty.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: Adjust,
    /// Write the best bar of each day in this currency at the newest stored rate on or before the day, and name that
    /// rate; without a rate, prices are empty.
    #[arg(long = "in", value_name = "CURRENCY")]
    pub(crate) currency: Option<String>,
    /// Writes a table of one value: a row for each day, a column for each asset. Provisional bars are left out.
    #[arg(long, value_enum, value_name = "VALUE")]
    pub(crate) pivot: Option<PivotField>,
    /// Of --format excel-csv: the decimal mark of your Excel, . or , (then ; separates the cells).
    #[arg(long, value_name = "MARK", value_parser = Decimal::parse)]
    pub(crate) decimal: Option<Decimal>,
    /// Writes to a file, which is replaced when the new one is complete; - is stdout.
    #[arg(long, value_name = "FILE", alias = "out")]
    pub(crate) output: Option<PathBuf>,
}

/// What a table of `export --pivot` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PivotField {
    /// The first price of the day.
    Open,
    /// The highest price.
    High,
    /// The lowest price.
    Low,
    /// The last price.
    Close,
    /// What was traded.
    Volume,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// A CSV file whose first line names its columns; a date and a close are enough. A file written by `export` keeps
    /// its sources and fetch times.
    pub(crate) file: PathBuf,
    /// The asset of all rows, by id or name, if the file has no asset column or uses another word in it.
    #[arg(long, value_name = "ID")]
    pub(crate) asset: Option<String>,
    /// The source to store the bars under; it must not be one that is collected, so that imported bars never replace
    /// fetched ones [default: manual, or the sources that an export names].
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Map a column by name or number, like close=NAV or date=1; repeatable.
    #[arg(long = "column", value_name = "FIELD=COLUMN", value_parser = NamedColumn::parse)]
    pub(crate) columns: Vec<NamedColumn>,
    /// The decimal mark, . or , if the file does not show which.
    #[arg(long, value_name = "MARK", value_parser = Decimal::parse)]
    pub(crate) decimal: Option<Decimal>,
    /// How dates are written, like %d/%m/%Y, if the file does not show it.
    #[arg(long, value_name = "PATTERN", value_parser = DateFormat::parse)]
    pub(crate) date_format: Option<DateFormat>,
    /// Use the close for all four prices; no volume.
    #[arg(long)]
    pub(crate) close_only: bool,
    /// Read 5930 as 005930, for files in which a spreadsheet dropped the zeros.
    #[arg(long)]
    pub(crate) leading_zeros: bool,
    /// Check every row, but write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
