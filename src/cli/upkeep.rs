//! Arguments of the commands that keep the staging file well, and that move bars in and out.

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
    /// The file to write. It must not be there yet.
    pub(crate) file: PathBuf,
    /// Replaces a file that is there, when the new one is complete.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// A backup, or another staging file.
    pub(crate) file: PathBuf,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Says what would be removed, and removes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Rejected rows that no source has sent for so many days; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = days())]
    pub(crate) quarantine: u32,
    /// Runs that began so many days ago; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = days())]
    pub(crate) runs: u32,
    /// What prices were before they changed, so many days ago; 0 keeps all.
    #[arg(long, value_name = "DAYS", default_value_t = 1825, value_parser = days())]
    pub(crate) history: u32,
    /// A folder of `collect --archive` whose answers are looked at too.
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,
    /// Answers in that folder that are so many days old; 0 keeps all.
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
    /// The first day (YYYY-MM-DD), itself included.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) start: Option<NaiveDate>,
    /// The last day (YYYY-MM-DD), itself included.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) end: Option<NaiveDate>,
    /// Writes the best bar of each day with its prices adjusted by our own factors; where a factor is not known they are empty.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: Adjust,
    /// Writes the best bar of each day in this currency, by the newest stored rate at or before the day, which is named; where there
    /// is none, prices are empty.
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
    /// A CSV file whose first line names its columns: a date and a close are enough. What `export` writes keeps its sources and the
    /// times at which its bars were fetched.
    pub(crate) file: PathBuf,
    /// Whose prices they are, by id or name, where the file has no column of assets, or another word in it.
    #[arg(long, value_name = "ID")]
    pub(crate) asset: Option<String>,
    /// The source that the bars are stored under; none that is collected, so that they never take a fetched bar's place [default:
    /// manual, or those that an export names].
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Which column is which, by its name or number, like close=NAV or date=1; may be given several times.
    #[arg(long = "column", value_name = "FIELD=COLUMN", value_parser = NamedColumn::parse)]
    pub(crate) columns: Vec<NamedColumn>,
    /// What stands before a fraction, . or , where the file does not tell it.
    #[arg(long, value_name = "MARK", value_parser = Decimal::parse)]
    pub(crate) decimal: Option<Decimal>,
    /// How days are written, like %d/%m/%Y, where the file does not tell it.
    #[arg(long, value_name = "PATTERN", value_parser = DateFormat::parse)]
    pub(crate) date_format: Option<DateFormat>,
    /// Takes only the close, for all four prices of a bar without a volume.
    #[arg(long)]
    pub(crate) close_only: bool,
    /// Takes 5930 for 005930, where a spreadsheet has dropped the zeros.
    #[arg(long)]
    pub(crate) leading_zeros: bool,
    /// Checks every row, but writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
