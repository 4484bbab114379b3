//! The command line: types only.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::builder::PossibleValue;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod setup;
mod upkeep;

use crate::domain::adjustment::Adjust;
use crate::domain::finding::Rule;
use crate::domain::window::Window;
use clap_complete::Shell;
pub(crate) use setup::{
    AddAssetArgs, AssetsCommand, AssetsEdit, DoctorArgs, LookUpArgs, SearchAssetsArgs,
    TestSourceArgs,
};
pub(crate) use upkeep::{BackupArgs, ExportArgs, ImportArgs, PivotField, PruneArgs, RestoreArgs};

/// Keeps a daily price database: collects OHLCV prices into one SQLite file and syncs them into PostgreSQL.
///
/// Every day `collect` asks public sources (Naver, Yahoo, the KRX index cache, Upbit, Binance, the ECB) for the assets of
/// data/assets.toml, checks every row and stages it in data/staging.db. `sync` then sends what is pending to the
/// PostgreSQL database of DATABASE_URL. Whatever fails waits in the file and is sent by the next sync.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// How the result is printed: a table for people, a JSON array of objects, the same as CSV, or an object a line.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Shows every column of a table, however wide the screen is.
    #[arg(long, global = true)]
    pub(crate) wide: bool,

    /// Also appends the log to DIR/collect_YYYYMMDD.log and removes such files older than 30 days.
    #[arg(long, global = true, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Settings come from the environment or from a .env file in the working directory; .env.example lists all of them.
Results go to stdout, logs to stderr. Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 partial failure.";

/// How a result is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Of `export`: CSV as Excel keeps it.
    #[value(hide = true)]
    ExcelCsv,
    /// Of `export`: price directives of Ledger and hledger.
    #[value(hide = true)]
    Ledger,
    /// Of `export`: price directives of Beancount.
    #[value(hide = true)]
    Beancount,
}

impl Format {
    /// Whether only `export` writes it.
    pub(crate) fn is_of_export(self) -> bool {
        matches!(self, Self::ExcelCsv | Self::Ledger | Self::Beancount)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs collect, sync and healthcheck one after the other, as the daily scripts do.
    ///
    /// It takes the options of collect. sync runs even if collect failed, and without DATABASE_URL sends nothing; healthcheck is left out
    /// with --replay, --dry-run or a window of its own. The exit code is that of the worst step, in the order 2, 1, 3, 0.
    Daily(DailyArgs),
    /// Fetches daily prices, checks them and stages them in the SQLite file.
    ///
    /// Without a window it asks for the last seven days, reaching back to what is not final yet and to at least three
    /// stored sessions, and for three years of an asset that has nothing staged. An asset's failure never touches another's
    /// result: what could be had is staged, and the exit code is 3.
    Collect(CollectArgs),
    /// Sends what is pending in the SQLite file to PostgreSQL.
    ///
    /// DATABASE_URL says where, for example postgres://user:password@host:5432/prices. Missing tables are created. The
    /// newest ingest wins on both sides, so that a sync may be repeated at any time.
    Sync(SyncArgs),
    /// Compares the SQLite file with PostgreSQL and shows every row that is not the same.
    ///
    /// Both sides compute checksums of every month over the exact values; only months that differ are read. A row can be
    /// missing there, extra there, different, or newer there. The exit code is 1 when a row differs.
    Verify(VerifyArgs),
    /// Tells of every active asset whether its newest price is the one that should be there by now.
    ///
    /// OK, STALE (older than the newest session before today) or NO_DATA, by the asset's own calendar: a weekend or a
    /// holiday is never stale. The exit code is 0 when all are OK, else 1.
    Healthcheck(HealthcheckArgs),
    /// Shows an asset's newest bars, with --chart also as candles.
    Show(ShowArgs),
    /// Writes one HTML file that shows every series: prices, coverage, runs, corrections, sync.
    ///
    /// The file needs no network and opens from the disk in any browser.
    Report(ReportArgs),
    /// Shows what the prices of an asset were, since when, and when and by which run they changed.
    History(HistoryArgs),
    /// Shows dividends, splits and capital gains of an asset, or of all.
    Actions(ActionsArgs),
    /// Lets a session without a price pass: it is no finding any more and is not asked for again.
    Waive(WaiveArgs),
    /// Takes a wrong bar out of the SQLite file and, by the next sync, out of PostgreSQL. The history keeps it.
    ///
    /// The same values of that source are not stored again, and their day is no gap; other values are taken. With --undo the
    /// bar is put back.
    Retract(RetractArgs),
    /// Compares the closes of an asset's sources over the days that they have in common; changes nothing.
    ///
    /// The exit code is 1 when a day differs.
    Reconcile(ReconcileArgs),
    /// Answers "am I fine?": freshness, pending rows, whether PostgreSQL still has the sent ones, how the last runs went, the last error, open findings.
    Status(StatusArgs),
    /// Shows the assets as configured in assets.toml, with calendar and sources.
    ///
    /// With --calendar it shows a year of a trading calendar instead, for example `--calendar XKRX 2026`, with --calendars
    /// all calendars and the day until which each is known. A file in data/calendars/ corrects the calendar of its name, or
    /// is a new one.
    Assets(AssetsArgs),
    /// Prints the SQL that makes the tables of the SQLite file or of the PostgreSQL database.
    Schema(SchemaArgs),
    /// Says on one screen what would stop tomorrow's run, and what to do about it.
    ///
    /// It looks at the configuration, the SQLite file, the PostgreSQL database, the sources, the webhook, the calendars, the
    /// disk and the scheduled task, and changes nothing. The exit code is 1 when something FAILs.
    Doctor(DoctorArgs),
    /// Writes .env from the example and the assets file, where there are none.
    Init,
    /// Copies the SQLite file while others may write to it, and checks the copy.
    Backup(BackupArgs),
    /// Fills an empty SQLite file from PostgreSQL: on a new machine, or where the file was lost.
    ///
    /// It takes the sources that assets.toml names, with their times of ingest. A volume of 0 is unknown until its source
    /// tells it again: PostgreSQL has 0 for both.
    Pull,
    /// Puts a backup in the place of the SQLite file; what was there is kept beside it.
    Restore(RestoreArgs),
    /// Removes what is old: rejected rows, runs, the history of changed prices, archived answers. Never a price.
    Prune(PruneArgs),
    /// Writes bars as CSV (the default), JSON, for Excel or for a ledger.
    ///
    /// Beside csv, json and jsonl, --format may be excel-csv (CSV as Excel keeps it: Korean letters, leading zeros), ledger (price
    /// directives of Ledger and hledger) or beancount. In a ledger an asset is called by its `commodity` in assets.toml, else by its
    /// id.
    Export(ExportArgs),
    /// Checks the bars of a CSV file and stages them under a source of their own.
    Import(ImportArgs),
    /// Writes the definition of the daily task for Windows, as scripts\register_scheduler.bat needs it.
    WindowsTask(WindowsTaskArgs),
    /// Prints what the steps of the daily scripts came to, and ends with the exit code of the worst.
    #[command(hide = true)]
    DailyEnd(DailyEndArgs),
    /// Prints the completions for a shell, which then completes commands, options, assets, sources and calendars.
    Completions(CompletionsArgs),
    /// Prints the manual page of the program, or of one command.
    Man(ManArgs),
}

/// Arguments of `collect`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CollectArgs {
    /// The first day to ask for (YYYY-MM-DD), itself included.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) start: Option<NaiveDate>,
    /// The last day to ask for (YYYY-MM-DD), itself included; today when it is left out.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) end: Option<NaiveDate>,
    /// Asks for N days back from the last day.
    #[arg(long, value_name = "N", conflicts_with = "start", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) days: Option<u32>,
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Asks every source of an asset, not only until one has bars, so that `reconcile` can compare them.
    #[arg(long)]
    pub(crate) all_sources: bool,
    /// Asks so many hosts at the same time at most; one host's assets always come in turn [default: all hosts].
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) jobs: Option<usize>,
    /// Fetches and checks, but writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A partial failure ends with exit code 0 instead of 3, for schedulers that take 3 for a crash; it is alerted all the same.
    #[arg(long)]
    pub(crate) partial_ok: bool,
    /// Leaves out bars of sessions that were not over when they were fetched.
    #[arg(long)]
    pub(crate) final_only: bool,
    /// Stages nothing of a series that came in another scale (a split), instead of reading all of it again.
    #[arg(long)]
    pub(crate) no_heal: bool,
    /// Compares every series as a whole now, to see what its source changed further back, instead of each every AUDIT_DAYS days.
    #[arg(long, conflicts_with_all = ["start", "end", "days", "no_heal"])]
    pub(crate) audit: bool,
    /// Reads recorded answers from DIR (like data/sample) instead of asking the network.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
    /// Keeps every answer as received in DIR, compressed, so that `--replay DIR` can read it again.
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) archive: Option<PathBuf>,
    /// Removes answers from the archive that are older than N days.
    #[arg(long, value_name = "N", requires = "archive", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) archive_days: u32,
    /// When recordings were fetched that do not say it themselves (2026-03-20T16:01:00+09:00).
    #[arg(long, value_name = "TIME", requires = "replay", value_parser = parse_time)]
    pub(crate) fetched_at: Option<DateTime<Utc>>,
}

/// Arguments of `daily`.
#[derive(Debug, Args)]
pub(crate) struct DailyArgs {
    #[command(flatten)]
    pub(crate) collect: CollectArgs,
    /// Also writes the report into FILE when the other steps are done.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Rows in one statement, which is one transaction.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) chunk_size: u32,
    /// Sends every staged row, also those that the warehouse is known to have or has refused.
    #[arg(long)]
    pub(crate) full: bool,
    /// Only the prices of these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Makes the rows of asset_master that others made what the assets file says, and says what changes. Without it they stay as
    /// they are.
    #[arg(long)]
    pub(crate) take_over_assets: bool,
    /// Says how many rows would be sent, and sends nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A partial failure ends with exit code 0 instead of 3, for schedulers that take 3 for a crash; it is alerted all the same.
    #[arg(long)]
    pub(crate) partial_ok: bool,
    /// Without DATABASE_URL, says how many rows wait and is content with that: exit code 0, or CODE for a script that wants to know.
    #[arg(long, value_name = "CODE", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub(crate) if_configured: Option<u8>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Lets the rows that are missing there, or older there, be pending again, for the next sync; also those whose time of
    /// ingest there lies in the future.
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub(crate) struct HealthcheckArgs {
    /// Judges as if today were this day (YYYY-MM-DD).
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) as_of: Option<NaiveDate>,
    /// Looks into the PostgreSQL database instead of the SQLite file.
    #[arg(long)]
    pub(crate) warehouse: bool,
    /// Lets so many missing sessions pass.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) max_lag: usize,
    /// Fails also where a session of the last 30 days has no bar, though the expected one has.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The asset's id or name.
    pub(crate) asset: String,
    /// The newest N days that have a bar.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = parse_count)]
    pub(crate) days: usize,
    /// Draws them as well, as wide as the terminal.
    #[arg(long)]
    pub(crate) chart: bool,
    /// Draws with ASCII characters only.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Adjusts the prices by our own factors; where a factor is not known there is no price.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: Adjust,
    /// Shows the prices in this currency, by the newest stored rate at or before each day; where there is none there is no price.
    #[arg(long = "in", value_name = "CURRENCY")]
    pub(crate) currency: Option<String>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The file to write, which is replaced when the new one is complete; - is stdout.
    #[arg(
        long,
        value_name = "FILE",
        alias = "out",
        default_value = "report.html"
    )]
    pub(crate) output: PathBuf,
    /// Opens the file in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Only the last N years of each asset, counted back from its newest bar.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) years: Option<u32>,
    /// Adjusts the prices of the charts by our own factors; bars whose factor is not known are left out of them, and counted.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: Adjust,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The asset's id or name.
    pub(crate) asset: String,
    /// Only this day; without it, every day whose price has changed.
    #[arg(value_parser = parse_date)]
    pub(crate) date: Option<NaiveDate>,
    /// Shows the prices as they were known at this time (2026-01-31T18:00:00+09:00), for an honest backtest.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<DateTime<Utc>>,
}

/// Arguments of `actions`.
#[derive(Debug, Args)]
pub(crate) struct ActionsArgs {
    /// The asset's id or name; all when it is left out.
    pub(crate) asset: Option<String>,
}

impl ValueEnum for Adjust {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::None, Self::Splits, Self::All]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::None => PossibleValue::new("none").help("As the source gives them"),
            Self::Splits => {
                PossibleValue::new("splits").help("For splits that the source has not adjusted for")
            }
            Self::All => PossibleValue::new("all").help("For splits and dividends"),
        })
    }
}

/// Arguments of `waive`.
#[derive(Debug, Args)]
pub(crate) struct WaiveArgs {
    /// The asset's id or name.
    pub(crate) asset: String,
    /// The session, or the days from the first to the last: 2026-01-02..2026-01-31.
    #[arg(value_name = "DATE", value_parser = parse_days)]
    pub(crate) days: Window,
    /// What is waived: date_gap, a session whose price never comes; scale_refused, an answer that the source is right about; or
    /// another rule of the findings.
    #[arg(long, value_name = "RULE", default_value = "date_gap", value_parser = parse_rule)]
    pub(crate) rule: Rule,
    /// Why the price will never come, or why what was found is right.
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    pub(crate) reason: Option<String>,
    /// Takes the waiver back.
    #[arg(long)]
    pub(crate) undo: bool,
}

/// Arguments of `retract`.
#[derive(Debug, Args)]
pub(crate) struct RetractArgs {
    /// The asset's id or name.
    pub(crate) asset: String,
    /// The day of the bar.
    #[arg(value_parser = parse_date)]
    pub(crate) date: NaiveDate,
    /// The source of the bar, as `show` and the column `source` have it.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: String,
    /// Why the bar is wrong.
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    pub(crate) reason: Option<String>,
    /// Puts the bar back.
    #[arg(long)]
    pub(crate) undo: bool,
}

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Only these assets, by id or name; all active ones when left out.
    pub(crate) assets: Vec<String>,
    /// Closes that differ by at most this share are the same.
    #[arg(long, value_name = "SHARE", default_value_t = 0.001, value_parser = parse_share)]
    pub(crate) tolerance: f64,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Lists the newest runs instead: when, where, how each ended.
    #[arg(long, group = "list")]
    pub(crate) runs: bool,
    /// Lists the commands instead: success over 30 days, failures in a row, the last error.
    #[arg(long, group = "list")]
    pub(crate) commands: bool,
    /// Lists the open findings instead.
    #[arg(long, group = "list")]
    pub(crate) findings: bool,
}

/// Arguments of `assets`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AssetsArgs {
    /// What to change in the assets file; without it, the assets are shown.
    #[command(subcommand)]
    pub(crate) command: Option<AssetsCommand>,
    /// Shows a year of this calendar: XKRX, XNYS, XTKS, 24/7 or any other one.
    #[arg(long, value_name = "NAME")]
    pub(crate) calendar: Option<String>,
    /// Shows all calendars: their zones, and until when their closed days are known.
    #[arg(long, conflicts_with = "calendar")]
    pub(crate) calendars: bool,
    /// The year of the calendar; this year when it is left out.
    #[arg(requires = "calendar", value_name = "YEAR", value_parser = parse_year)]
    pub(crate) year: Option<i32>,
}

impl AssetsArgs {
    /// Whether the network is asked.
    #[must_use]
    pub(crate) fn asks(&self) -> bool {
        match &self.command {
            Some(AssetsCommand::Search(args)) => args.look_up.replay.is_none(),
            Some(AssetsCommand::Add(args)) => args.look_up.replay.is_none() && !args.is_complete(),
            _ => false,
        }
    }
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Whose tables.
    #[arg(value_enum)]
    pub(crate) which: Schema,
    /// Creates what is missing in the database of DATABASE_URL.
    #[arg(long)]
    pub(crate) apply: bool,
    /// Of one-price: where its readers look; without it the schema that DATABASE_URL leads to, whatever DATABASE_SCHEMA says.
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
}

/// A store with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// The SQLite file.
    Staging,
    /// The PostgreSQL database.
    Warehouse,
    /// Optional views for the PostgreSQL database: one price for each asset and day, by the order of its sources, and the newest.
    BestPrice,
    /// The same adjusted for splits and dividends, with its factors, and the views before, which it reads.
    AdjustedPrice,
    /// An optional view for programs that select price_daily by asset alone: its columns, and one row for each asset and day.
    OnePrice,
    /// A variant of price_daily for many rows: hash-partitioned by asset, to be made before the first sync.
    Partitioned,
    /// A variant of all tables for more than one machine: distributed by asset with Citus, to be made before the first sync.
    Citus,
}

/// Arguments of `daily-end`.
#[derive(Debug, Args)]
pub(crate) struct DailyEndArgs {
    /// The folder of the logs.
    pub(crate) logs: PathBuf,
    /// A step and its exit code, such as collect=0.
    #[arg(value_name = "STEP=CODE", required = true, value_parser = parse_step)]
    pub(crate) steps: Vec<Step>,
}

/// What a step of the day ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The command.
    pub(crate) name: String,
    /// As the system gives it: a crash has a large or a negative one.
    pub(crate) code: i64,
}

/// Arguments of `windows-task`.
#[derive(Debug, Args)]
pub(crate) struct WindowsTaskArgs {
    /// The script that the task runs.
    pub(crate) script: PathBuf,
    /// When it runs every day, in the machine's time zone.
    #[arg(long, value_name = "HH:MM", default_value = "18:00", value_parser = parse_time_of_day)]
    pub(crate) at: NaiveTime,
    /// Runs as this user also when nobody is logged on, which only an administrator may register.
    #[arg(long, value_name = "DOMAIN\\NAME")]
    pub(crate) user: Option<String>,
    /// The XML file to write; - is stdout.
    #[arg(long, value_name = "FILE", alias = "out")]
    pub(crate) output: PathBuf,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
    /// Prints the assets, sources or calendars that fit the last of these words, which are a command line: the script asks for them.
    #[arg(last = true, hide = true)]
    pub(crate) words: Vec<String>,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command, also one within another, as `assets add`; the whole program when it is left out.
    pub(crate) command: Vec<String>,
}

fn parse_time_of_day(text: &str) -> Result<NaiveTime, String> {
    let time = NaiveTime::parse_from_str(text, "%H:%M");
    time.map_err(|_| "it should be a time of day from 00:00 to 23:59, like 18:00".to_owned())
}

fn parse_step(text: &str) -> Result<Step, String> {
    let step = text.split_once('=').and_then(|(name, code)| {
        let (name, code) = (name.to_owned(), code.parse().ok()?);
        Some(Step { name, code })
    });
    step.ok_or_else(|| "it should be a step and its exit code, like collect=0".to_owned())
}

/// What is wrong with a command line, in one sentence; clap's own text has several lines.
#[must_use]
pub fn usage_sentence(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is missing, such as collect, sync or status; --help says more"
            .to_owned();
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    let lines =
        lines.take_while(|l| !l.starts_with("Usage:") && !l.starts_with("For more information"));
    let mut sentence = String::new();
    for line in lines.filter(|l| !l.is_empty()) {
        let join = match sentence.chars().next_back() {
            None => "",
            Some(':') => " ",
            Some(_) => "; ",
        };
        sentence.push_str(join);
        sentence.push_str(line.strip_prefix("error: ").unwrap_or(line));
    }
    match assets_option(error, &text) {
        Some(word) => format!("{sentence}; assets are named by --assets: --assets {word}"),
        None => format!("{sentence}; --help says more"),
    }
}

/// The word that stands where a command takes none, if that command takes assets by an option.
fn assets_option(error: &clap::Error, text: &str) -> Option<String> {
    let takes_assets = text.lines().any(|line| {
        // The program is called pricestash.exe on Windows.
        let command = line.strip_prefix("Usage: ");
        let name = command.and_then(|c| c.split(' ').nth(1));
        name.is_some_and(|name| matches!(name, "collect" | "sync" | "verify" | "export" | "report"))
    });
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if takes_assets && !word.starts_with('-') => {
            Some(word.clone())
        }
        _ => None,
    }
}

/// One day, or days from the first to the last.
fn parse_days(text: &str) -> Result<Window, String> {
    let (start, end) = text.split_once("..").unwrap_or((text, text));
    let (start, end) = (parse_date(start)?, parse_date(end)?);
    match start <= end {
        true => Ok(Window { start, end }),
        false => Err(format!("{start} is after {end}")),
    }
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    let unknown = |_| {
        "it should be a rule of the findings, such as date_gap, scale_step, scale_refused; `pricestash status --findings` shows them".to_owned()
    };
    text.parse().map_err(unknown)
}

fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| {
            if i == 4 || i == 7 {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        });
    is_shaped
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| "it should be a day of the calendar like 2026-01-31".to_owned())
}

fn parse_year(text: &str) -> Result<i32, String> {
    let year = text.parse().ok().filter(|y| (1900..=2200).contains(y));
    year.ok_or_else(|| {
        "it should be a year from 1900 to 2200 behind --calendar; `pricestash assets list` shows the assets".to_owned()
    })
}

fn parse_count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|n| (1..=100_000).contains(n));
    count.ok_or_else(|| "it should be a whole number from 1 to 100000".to_owned())
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s));
    share.ok_or_else(|| "it should be a share from 0 to 1, like 0.001".to_owned())
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.with_timezone(&Utc))
        .map_err(|_| "it should be a time with its zone like 2026-03-20T16:01:00+09:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_of_day_must_exist() {
        for right in ["18:00", "07:30", "7:30", "00:00", "23:59"] {
            assert!(parse_time_of_day(right).is_ok(), "{right}");
        }
        for wrong in ["24:00", "18:60", "18", "6pm", "18:00:00", ""] {
            assert!(parse_time_of_day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_command_line_is_one_sentence() {
        for (line, sentence) in [
            (
                "pricestash waive",
                "the following required arguments were not provided: --reason <TEXT>; <ASSET>; <DATE>; --help says more",
            ),
            (
                "pricestash collect --end 2024-13-01",
                "invalid value '2024-13-01' for '--end <DATE>': it should be a day of the calendar like 2026-01-31; --help says more",
            ),
            (
                "pricestash collect 005930",
                "unexpected argument '005930' found; assets are named by --assets: --assets 005930",
            ),
            (
                "pricestash.exe collect 005930",
                "unexpected argument '005930' found; assets are named by --assets: --assets 005930",
            ),
            (
                "pricestash collect --jobs 0",
                "invalid value '0' for '--jobs <N>': it should be a whole number from 1 to 100000; --help says more",
            ),
        ] {
            let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
            assert_eq!(usage_sentence(&error), sentence);
        }
    }

    #[test]
    fn dates_must_exist() {
        assert!(parse_date("2026-02-28").is_ok());
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-2-1",
            "20260201",
            "+226-01-01",
            "",
        ] {
            assert!(parse_date(wrong).is_err(), "{wrong}");
        }
    }
}
