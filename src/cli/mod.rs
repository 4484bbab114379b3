//! The command-line types; no behaviour.

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
    AddAssetArgs, AlertArgs, AssetsCommand, AssetsEdit, DoctorArgs, LookUpArgs, SearchAssetsArgs,
    TestSourceArgs,
};
pub(crate) use upkeep::{BackupArgs, ExportArgs, ImportArgs, PivotField, PruneArgs, RestoreArgs};

/// Keeps a daily price database: collects OHLCV prices into one SQLite file and syncs them to PostgreSQL.
///
/// `collect` fetches the assets in data/assets.toml from public sources (Naver, Yahoo, the KRX index cache, Upbit,
/// Binance, the ECB), checks every row and stages it in data/staging.db. `sync` sends pending rows to the PostgreSQL
/// database in DATABASE_URL. Anything that fails stays in the file, and the next sync sends it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_help = AFTER_HELP)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Output format: a table for people, a JSON array, CSV, or one JSON object per line.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Show every column of a table, even if the screen is too narrow.
    #[arg(long, global = true)]
    pub(crate) wide: bool,

    /// Also append the log to DIR/collect_YYYYMMDD.log; such files are removed after 30 days.
    #[arg(long, global = true, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Settings come from the environment or from a .env file in the working directory; .env.example lists all of them.
Results go to stdout, logs to stderr. Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 partial failure.";

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// One JSON object per line.
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
    /// Without dates, it fetches the last seven days. It goes further back to cover prices that are not final yet and
    /// at least three stored sessions; an asset with nothing staged gets three years. One asset's failure never affects
    /// another: whatever could be fetched is staged, and the exit code is 3.
    Collect(CollectArgs),
    /// Sends pending rows from the SQLite file to PostgreSQL.
    ///
    /// DATABASE_URL names the database, for example postgres://user:password@host:5432/prices. Missing tables are
    /// created. The newest ingest wins on both sides, so you can repeat a sync at any time.
    Sync(SyncArgs),
    /// Compares the SQLite file with PostgreSQL and shows every row that differs.
    ///
    /// Both sides compute checksums of every month over the exact values; rows are read only for months that differ. A
    /// row can be missing there, extra there, different, or newer there. The exit code is 1 if a row differs.
    Verify(VerifyArgs),
    /// Checks whether each active asset's newest price is as recent as it should be.
    ///
    /// The result is OK, STALE (older than the newest session before today) or NO_DATA, by the asset's own calendar: a
    /// weekend or holiday never makes an asset stale. The exit code is 0 if all are OK, else 1.
    Healthcheck(HealthcheckArgs),
    /// Shows an asset's newest bars; --chart also draws candles.
    Show(ShowArgs),
    /// Writes one HTML file with every series: prices, coverage, runs, corrections and sync.
    ///
    /// The file needs no network: open it from disk in any browser.
    Report(ReportArgs),
    /// Shows how an asset's prices changed: the old values, when they changed, and which run changed them.
    History(HistoryArgs),
    /// Shows dividends, splits and capital gains of one asset or of all.
    Actions(ActionsArgs),
    /// Accepts a session without a price: it is no longer reported or fetched.
    Waive(WaiveArgs),
    /// Removes a wrong bar from the SQLite file and, with the next sync, from PostgreSQL. The history keeps it.
    ///
    /// The same values from that source are not stored again, and the day is not reported as a gap; different values
    /// are accepted. --undo puts the bar back.
    Retract(RetractArgs),
    /// Compares the closes of an asset's sources on the days they share; changes nothing.
    ///
    /// The exit code is 1 if a day differs.
    Reconcile(ReconcileArgs),
    /// Answers "am I fine?": freshness, pending rows, rows missing in PostgreSQL, recent runs, the last error, open
    /// findings.
    Status(StatusArgs),
    /// Prints numbers for a monitor in Prometheus' text format: freshness, pending rows, runs, findings.
    ///
    /// With --output it writes a file that appears complete or not at all, for the textfile collector of the node exporter. What is not
    /// known has no number.
    Metrics(MetricsArgs),
    /// Shows the assets in assets.toml with their calendars and sources.
    ///
    /// --calendar shows a year of a trading calendar instead, for example `--calendar XKRX 2026`; --calendars shows all
    /// calendars and the last day each one covers. A file in data/calendars/ corrects the calendar of its name or adds
    /// a new one.
    Assets(AssetsArgs),
    /// Prints the SQL that creates the tables of the SQLite file or the PostgreSQL database.
    Schema(SchemaArgs),
    /// Shows on one screen what would stop tomorrow's run, and how to fix it.
    ///
    /// It looks at the configuration, the SQLite file, the PostgreSQL database, the sources, the channels of alerts, the calendars, the
    /// disk and the scheduled task, and changes nothing. The exit code is 1 when something FAILs.
    Doctor(DoctorArgs),
    /// Sends a test message to every channel of alerts, and says what each answered.
    ///
    /// ALERT_URL and ALERT_WEBHOOK_URL say where. The exit code is 0 when every channel took it, 3 when some did, 1 when none.
    Alert(AlertArgs),
    /// Writes .env from the example and the assets file, where there are none.
    Init,
    /// Copies the SQLite file, even while it is in use, and checks the copy.
    Backup(BackupArgs),
    /// Fills an empty SQLite file from PostgreSQL, on a new machine or after the file was lost.
    ///
    /// It pulls the sources named in assets.toml, with their ingest times. A volume of 0 counts as unknown until its
    /// source sends it again, because PostgreSQL stores 0 for both.
    Pull,
    /// Replaces the SQLite file with a backup; the old file is kept beside it.
    Restore(RestoreArgs),
    /// Removes old rejected rows, runs, history of changed prices and archived answers. Never a price.
    Prune(PruneArgs),
    /// Writes bars as CSV (the default), JSON, for Excel or for a ledger.
    ///
    /// Beside csv, json and jsonl, --format may be excel-csv (CSV as Excel keeps it: Korean letters, leading zeros), ledger (price
    /// directives of Ledger and hledger) or beancount. In a ledger an asset is called by its `commodity` in assets.toml, else by its
    /// id.
    Export(ExportArgs),
    /// Checks the bars of a CSV file and stages them under their own source.
    Import(ImportArgs),
    /// Writes the definition of the daily Windows task that scripts\register_scheduler.bat registers.
    WindowsTask(WindowsTaskArgs),
    /// Prints what the steps of the daily scripts came to, and ends with the exit code of the worst.
    #[command(hide = true)]
    DailyEnd(DailyEndArgs),
    /// Prints the completions for a shell, which then completes commands, options, assets, sources and calendars.
    Completions(CompletionsArgs),
    /// Prints the manual page of the program or of one command.
    Man(ManArgs),
}

/// Arguments of `collect`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CollectArgs {
    /// First day to fetch (YYYY-MM-DD), inclusive.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) start: Option<NaiveDate>,
    /// Last day to fetch (YYYY-MM-DD), inclusive [default: today].
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) end: Option<NaiveDate>,
    /// Start N days before the last day.
    #[arg(long, value_name = "N", conflicts_with = "start", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) days: Option<u32>,
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Ask every source of an asset instead of stopping at the first one with bars, so that `reconcile` can compare
    /// them.
    #[arg(long)]
    pub(crate) all_sources: bool,
    /// Ask at most N hosts at the same time; assets of one host are always fetched one after another [default: all
    /// hosts].
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) jobs: Option<usize>,
    /// Fetch and check, but write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Exit with 0 instead of 3 after a partial failure, for schedulers that treat 3 as a crash; the alert is still
    /// sent.
    #[arg(long)]
    pub(crate) partial_ok: bool,
    /// Leave out bars whose session was not over when they were fetched.
    #[arg(long)]
    pub(crate) final_only: bool,
    /// If a series arrives in another scale (after a split), stage nothing of it instead of fetching all of it again.
    #[arg(long)]
    pub(crate) no_heal: bool,
    /// Compare every series in full now to find changes further back, instead of each series every AUDIT_DAYS days.
    #[arg(long, conflicts_with_all = ["start", "end", "days", "no_heal"])]
    pub(crate) audit: bool,
    /// Read recorded answers from DIR (such as data/sample) instead of the network.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
    /// Keep every answer in DIR as received, compressed, so that `--replay DIR` can read it again.
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) archive: Option<PathBuf>,
    /// Remove archived answers older than N days.
    #[arg(long, value_name = "N", requires = "archive", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) archive_days: u32,
    /// Fetch time for recordings that do not contain one (2026-03-20T16:01:00+09:00).
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
    /// Rows per statement; each statement is one transaction.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) chunk_size: u32,
    /// Send every staged row, even if the warehouse already has it or rejected it.
    #[arg(long)]
    pub(crate) full: bool,
    /// Only the prices of these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Update the asset_master rows that others created to match the assets file, and report each change. Without it
    /// they stay unchanged.
    #[arg(long)]
    pub(crate) take_over_assets: bool,
    /// Report how many rows would be sent, but send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Exit with 0 instead of 3 after a partial failure, for schedulers that treat 3 as a crash; the alert is still
    /// sent.
    #[arg(long)]
    pub(crate) partial_ok: bool,
    /// Without DATABASE_URL, report how many rows wait and exit with 0, or with CODE for scripts that need to know.
    #[arg(long, value_name = "CODE", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub(crate) if_configured: Option<u8>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Mark rows that are missing or older there as pending, so that the next sync sends them; also rows whose ingest
    /// time there is in the future.
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub(crate) struct HealthcheckArgs {
    /// Check as if today were this day (YYYY-MM-DD).
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) as_of: Option<NaiveDate>,
    /// Check the PostgreSQL database instead of the SQLite file.
    #[arg(long)]
    pub(crate) warehouse: bool,
    /// Allow up to N missing sessions.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) max_lag: usize,
    /// Also fail if any session of the last 30 days has no bar, even if the newest one has.
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
    /// Also draw a chart, as wide as the terminal.
    #[arg(long)]
    pub(crate) chart: bool,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Adjust prices by pricestash's own factors; without a known factor there is no price.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: Adjust,
    /// Convert prices to this currency at the newest stored rate on or before each day; without a rate there is no
    /// price.
    #[arg(long = "in", value_name = "CURRENCY")]
    pub(crate) currency: Option<String>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// File to write; an existing one is replaced once the new one is complete; - is stdout.
    #[arg(
        long,
        value_name = "FILE",
        alias = "out",
        default_value = "report.html"
    )]
    pub(crate) output: PathBuf,
    /// Open the file in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Only these assets, by id or name, separated by commas.
    #[arg(long, value_name = "ID,…", num_args = 1..)]
    pub(crate) assets: Vec<String>,
    /// Only the last N years of each asset, counted back from its newest bar.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) years: Option<u32>,
    /// Adjust the chart prices by pricestash's own factors; bars without a known factor are left out and counted.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: Adjust,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The asset's id or name.
    pub(crate) asset: String,
    /// Only this day [default: every day whose price changed].
    #[arg(value_parser = parse_date)]
    pub(crate) date: Option<NaiveDate>,
    /// Show the prices as they were known at this time (2026-01-31T18:00:00+09:00), for an honest backtest.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<DateTime<Utc>>,
}

/// Arguments of `actions`.
#[derive(Debug, Args)]
pub(crate) struct ActionsArgs {
    /// The asset's id or name [default: all assets].
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
    /// The session, or a range of days: 2026-01-02..2026-01-31.
    #[arg(value_name = "DATE", value_parser = parse_days)]
    pub(crate) days: Window,
    /// The rule to waive: date_gap for a session whose price will never arrive, scale_refused for an answer whose
    /// source is right, or the rule of another finding.
    #[arg(long, value_name = "RULE", default_value = "date_gap", value_parser = parse_rule)]
    pub(crate) rule: Rule,
    /// Why the price will never arrive, or why the reported value is right.
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    pub(crate) reason: Option<String>,
    /// Withdraw the waiver.
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
    /// The bar's source, as shown by `show` and in the column `source`.
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
    /// Only these assets, by id or name [default: all active assets].
    pub(crate) assets: Vec<String>,
    /// Treat closes as equal if they differ by at most this share.
    #[arg(long, value_name = "SHARE", default_value_t = 0.001, value_parser = parse_share)]
    pub(crate) tolerance: f64,
}

/// Arguments of `metrics`.
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// The file to write, such as pricestash.prom; - is stdout.
    #[arg(long, value_name = "FILE", alias = "out")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// List recent runs instead: when, where and how each ended.
    #[arg(long, group = "list")]
    pub(crate) runs: bool,
    /// List the commands instead: success rate over 30 days, consecutive failures, last error.
    #[arg(long, group = "list")]
    pub(crate) commands: bool,
    /// List the open findings instead.
    #[arg(long, group = "list")]
    pub(crate) findings: bool,
}

/// Arguments of `assets`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AssetsArgs {
    /// What to change in the assets file [default: show the assets].
    #[command(subcommand)]
    pub(crate) command: Option<AssetsCommand>,
    /// Show a year of this calendar, such as XKRX, XNYS, XTKS or 24/7.
    #[arg(long, value_name = "NAME")]
    pub(crate) calendar: Option<String>,
    /// Show all calendars with their time zones and the last day their holidays are known.
    #[arg(long, conflicts_with = "calendar")]
    pub(crate) calendars: bool,
    /// The year of the calendar [default: this year].
    #[arg(requires = "calendar", value_name = "YEAR", value_parser = parse_year)]
    pub(crate) year: Option<i32>,
}

impl AssetsArgs {
    /// Whether the command uses the network.
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
    /// Which schema to print.
    #[arg(value_enum)]
    pub(crate) which: Schema,
    /// Create what is missing in the database of DATABASE_URL.
    #[arg(long)]
    pub(crate) apply: bool,
    /// For one-price: the schema its readers use [default: the schema that DATABASE_URL leads to, ignoring
    /// DATABASE_SCHEMA].
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
}

/// A schema to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// The SQLite file.
    Staging,
    /// The PostgreSQL database.
    Warehouse,
    /// Optional views for PostgreSQL: one price per asset and day, by the order of its sources, and the newest.
    BestPrice,
    /// The same, adjusted for splits and dividends, with the factors; includes the views of best-price, which it reads.
    AdjustedPrice,
    /// Optional view for programs that select from price_daily by asset alone: same columns, one row per asset and day.
    OnePrice,
    /// Variant of price_daily for many rows: hash-partitioned by asset; apply it before the first sync.
    Partitioned,
    /// Variant of all tables for several machines: distributed by asset with Citus; apply it before the first sync.
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
    /// The script to run.
    pub(crate) script: PathBuf,
    /// Time of the daily run, in the machine's time zone.
    #[arg(long, value_name = "HH:MM", default_value = "18:00", value_parser = parse_time_of_day)]
    pub(crate) at: NaiveTime,
    /// Run as this user even when nobody is logged on; only an administrator can register such a task.
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
    /// The command, also a nested one such as `assets add` [default: the whole program].
    pub(crate) command: Vec<String>,
}

fn parse_time_of_day(text: &str) -> Result<NaiveTime, String> {
    let time = NaiveTime::parse_from_str(text, "%H:%M");
    time.map_err(|_| "expected a time of day from 00:00 to 23:59, like 18:00".to_owned())
}

fn parse_step(text: &str) -> Result<Step, String> {
    let step = text.split_once('=').and_then(|(name, code)| {
        let (name, code) = (name.to_owned(), code.parse().ok()?);
        Some(Step { name, code })
    });
    step.ok_or_else(|| "expected a step and its exit code, like collect=0".to_owned())
}

/// What is wrong with a command line, in one sentence; clap's own text has several lines.
#[must_use]
pub fn usage_sentence(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "missing command, such as collect, sync or status; see --help".to_owned();
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
            Some(_) if error.kind() == ErrorKind::MissingRequiredArgument => ", ",
            Some(_) => "; ",
        };
        sentence.push_str(join);
        sentence.push_str(line.strip_prefix("error: ").unwrap_or(line));
    }
    match assets_option(error, &text) {
        Some(word) => format!("{sentence}; name assets with --assets: --assets {word}"),
        None => format!("{sentence}; see --help"),
    }
}

/// The unexpected word, if the command takes assets by an option instead.
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

/// Parses one day or a range of days.
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
        "expected the rule of a finding, such as date_gap, scale_step or scale_refused; see `pricestash status --findings`".to_owned()
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
        .ok_or_else(|| "expected a date like 2026-01-31".to_owned())
}

fn parse_year(text: &str) -> Result<i32, String> {
    let year = text.parse().ok().filter(|y| (1900..=2200).contains(y));
    year.ok_or_else(|| {
        "expected a year from 1900 to 2200 after --calendar; to see the assets, run `pricestash assets list`".to_owned()
    })
}

fn parse_count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|n| (1..=100_000).contains(n));
    count.ok_or_else(|| "expected a whole number from 1 to 100000".to_owned())
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s));
    share.ok_or_else(|| "expected a share from 0 to 1, such as 0.001".to_owned())
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.with_timezone(&Utc))
        .map_err(|_| "expected a time with its zone, like 2026-03-20T16:01:00+09:00".to_owned())
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
    fn every_command_and_option_has_a_help_text() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} has no help text");
            for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
                let id = argument.get_id();
                assert!(
                    argument.get_help().is_some(),
                    "{name} {id} has no help text"
                );
                let takes_values = argument.get_action().takes_values();
                for value in argument
                    .get_possible_values()
                    .iter()
                    .filter(|_| takes_values)
                {
                    let has_help = value.get_help().is_some() || id == "shell";
                    assert!(has_help, "{name} {id} {} has no help", value.get_name());
                }
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
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
                "the following required arguments were not provided: --reason <TEXT>, <ASSET>, <DATE>; see --help",
            ),
            (
                "pricestash collect --end 2024-13-01",
                "invalid value '2024-13-01' for '--end <DATE>': expected a date like 2026-01-31; see --help",
            ),
            (
                "pricestash collect 005930",
                "unexpected argument '005930' found; name assets with --assets: --assets 005930",
            ),
            (
                "pricestash.exe collect 005930",
                "unexpected argument '005930' found; name assets with --assets: --assets 005930",
            ),
            (
                "pricestash collect --jobs 0",
                "invalid value '0' for '--jobs <N>': expected a whole number from 1 to 100000; see --help",
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
