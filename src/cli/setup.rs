//! Arguments of the commands that set things up.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::assets_edit::NewSource;

/// Arguments of `alert`.
#[derive(Debug, Args)]
pub(crate) struct AlertArgs {
    /// Sends a test to every channel.
    #[arg(long, required = true)]
    pub(crate) test: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Asks neither the sources nor Discord.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// What to do with the assets.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetsCommand {
    /// Shows the assets; the same as no command.
    List,
    /// Searches Naver and Yahoo for a name, symbol or ISIN and shows the word to give to `assets add`.
    ///
    /// The first hit is not always an exact match: the column `exact` marks exact ones. Answers do not contain ISINs,
    /// so a search by ISIN has no exact match.
    Search(SearchAssetsArgs),
    /// Adds assets to the end of the file, one word each.
    ///
    /// The program asks the source that fits the word for the asset's facts. It never guesses: if a fact is
    /// contradictory or missing, nothing is written and the message names the option that supplies it. With all facts
    /// given (--name, --category, --calendar, --currency, --source) no source is asked.
    Add(AddAssetArgs),
    /// Asks one of your own sources for a symbol and shows what would be taken from its answer. Stores nothing.
    TestSource(TestSourceArgs),
    /// What to change.
    #[command(flatten)]
    Edit(AssetsEdit),
}

/// Arguments of `assets test-source`.
#[derive(Debug, Args)]
pub(crate) struct TestSourceArgs {
    /// Name of a [[source]] in the assets file.
    pub(crate) name: String,
    /// The source's symbol for the asset.
    pub(crate) symbol: String,
    /// Ask for the last N days.
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) days: u32,
    /// Read the recorded answer in DIR/NAME instead of asking.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
}

/// What to change in the assets file. Comments are kept.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetsEdit {
    /// Removes an asset from the file; its prices stay.
    Remove {
        /// The asset's id or name.
        id: String,
    },
    /// Collects an asset by default.
    Enable {
        /// The asset's id or name.
        id: String,
    },
    /// Collects an asset only when named; its prices stay.
    Disable {
        /// The asset's id or name.
        id: String,
    },
}

/// Arguments of `assets add`.
#[derive(Debug, Args)]
pub(crate) struct AddAssetArgs {
    /// What to add: a six-character code of the Korean exchange (005930), an Upbit market (KRW-ETH), or a Yahoo symbol
    /// (AAPL, 7203.T, EURUSD=X). With --source it is the asset's id, 1 to 20 characters.
    #[arg(value_name = "WORD", required_unless_present = "from")]
    pub(crate) words: Vec<String>,
    /// Add the words in a file, one per line; # starts a comment. Assets that are certain are added, the others are
    /// listed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "name", "sources"])]
    pub(crate) from: Option<PathBuf>,
    /// The asset's name for people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// One of stock, index, etf, fund, bond, rate, fx, crypto and commodity.
    #[arg(long, value_name = "NAME")]
    pub(crate) category: Option<String>,
    /// The trading calendar: XKRX, XNYS, CMES, 24/7 or another one from `assets --calendars`.
    #[arg(long, value_name = "NAME")]
    pub(crate) calendar: Option<String>,
    /// The currency of the prices as the source gives it, such as KRW, or GBp for pence.
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// A source of prices, in order of preference: yahoo:AAPL, or yahoo:BTC-USD:USD if its currency differs.
    #[arg(long = "source", value_name = "SOURCE:SYMBOL", value_parser = NewSource::parse)]
    pub(crate) sources: Vec<NewSource>,
    /// Do not collect it by default.
    #[arg(long)]
    pub(crate) inactive: bool,
    /// Show what would be added, but write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) look_up: LookUpArgs,
}

impl AddAssetArgs {
    /// Whether any fact is given.
    #[must_use]
    pub(crate) fn gives_facts(&self) -> bool {
        let facts = [&self.name, &self.category, &self.calendar, &self.currency];
        facts.into_iter().any(Option::is_some) || !self.sources.is_empty()
    }

    /// Whether every fact is given, so that no source is asked.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        let said = [&self.name, &self.category, &self.calendar, &self.currency];
        said.into_iter().all(Option::is_some) && !self.sources.is_empty()
    }
}

/// Arguments of `assets search`.
#[derive(Debug, Args)]
pub(crate) struct SearchAssetsArgs {
    /// A name in Korean or English, a symbol or an ISIN.
    #[arg(value_name = "TEXT", required = true)]
    pub(crate) text: Vec<String>,
    #[command(flatten)]
    pub(crate) look_up: LookUpArgs,
}

/// Where answers to look-ups are read from and kept.
#[derive(Debug, Args)]
pub(crate) struct LookUpArgs {
    /// Read recorded answers from DIR (DIR/lookup/yahoo/AAPL.json) instead of the network.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
    /// Keep every answer in DIR as received, compressed, so that `--replay DIR` can read it again.
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) archive: Option<PathBuf>,
}
