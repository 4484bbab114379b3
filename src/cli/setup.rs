//! Arguments of the commands that set things up.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::assets_edit::NewSource;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Asks neither the sources nor the webhook.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// What to do with the assets.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetsCommand {
    /// Shows the assets, as without a command.
    List,
    /// Lists what Naver and Yahoo find for a name, a symbol or an ISIN, with the word that `assets add` takes.
    ///
    /// A first hit is not an exact one: `exact` says which are called so. Answers do not repeat an ISIN, so that none is exact then.
    Search(SearchAssetsArgs),
    /// Adds assets at the end, by one word each.
    ///
    /// The source that fits the word is asked what it is. What contradicts itself or is not said is not guessed: the option that says
    /// it is named, and nothing is written. With all of it said (--name, --category, --calendar, --currency, --source) nothing is
    /// asked.
    Add(AddAssetArgs),
    /// Asks a source of your own for a symbol, and shows what of its answer would be taken. Nothing is stored.
    TestSource(TestSourceArgs),
    /// What to change.
    #[command(flatten)]
    Edit(AssetsEdit),
}

/// Arguments of `assets test-source`.
#[derive(Debug, Args)]
pub(crate) struct TestSourceArgs {
    /// The name of a [[source]] in the assets file.
    pub(crate) name: String,
    /// What it calls an asset.
    pub(crate) symbol: String,
    /// Asks for so many days back from today.
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) days: u32,
    /// Reads the recorded answer in DIR/NAME instead of asking.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
}

/// What to change in the assets file. Its comments stay.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetsEdit {
    /// Takes an asset out; its prices stay.
    Remove {
        /// The asset's id or name.
        id: String,
    },
    /// Collects an asset by default.
    Enable {
        /// The asset's id or name.
        id: String,
    },
    /// Collects an asset only when it is named; its prices stay.
    Disable {
        /// The asset's id or name.
        id: String,
    },
}

/// Arguments of `assets add`.
#[derive(Debug, Args)]
pub(crate) struct AddAssetArgs {
    /// What to add: a six-character code of the Korean exchange (005930), a market of Upbit (KRW-ETH), else a symbol of Yahoo
    /// (AAPL, 7203.T, EURUSD=X). With --source it is the asset's id, 1 to 20 characters.
    #[arg(value_name = "WORD", required_unless_present = "from")]
    pub(crate) words: Vec<String>,
    /// Adds the words of a file, one a line; # begins a comment. What is certain is added, the rest is named.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "name", "sources"])]
    pub(crate) from: Option<PathBuf>,
    /// Its name for people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// stock, index, etf, fund, bond, rate, fx, crypto or commodity.
    #[arg(long, value_name = "NAME")]
    pub(crate) category: Option<String>,
    /// When it trades: XKRX, XNYS, CMES, 24/7 or another one that `assets --calendars` lists.
    #[arg(long, value_name = "NAME")]
    pub(crate) calendar: Option<String>,
    /// The currency of its prices as the source says it, like KRW, or GBp for pence.
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// Where its prices come from, the first one first: yahoo:AAPL, or yahoo:BTC-USD:USD where the currency is another one.
    #[arg(long = "source", value_name = "SOURCE:SYMBOL", value_parser = NewSource::parse)]
    pub(crate) sources: Vec<NewSource>,
    /// It is not collected by default.
    #[arg(long)]
    pub(crate) inactive: bool,
    /// Shows what would be added, and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) look_up: LookUpArgs,
}

impl AddAssetArgs {
    /// Whether all of it is said, so that nothing is asked.
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

/// Where the answers to look-ups come from and go.
#[derive(Debug, Args)]
pub(crate) struct LookUpArgs {
    /// Reads recorded answers from DIR (DIR/lookup/yahoo/AAPL.json) instead of asking the network.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
    /// Keeps every answer as received in DIR, compressed, so that `--replay DIR` can read it again.
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) archive: Option<PathBuf>,
}
