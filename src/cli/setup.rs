//! Arguments of the commands that set things up.

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
    /// What to change.
    #[command(flatten)]
    Edit(AssetsEdit),
}

/// What to change in the assets file. Its comments stay.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetsEdit {
    /// Adds an asset at the end.
    Add(AddAssetArgs),
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
    /// The asset's id, 1 to 20 characters.
    pub(crate) id: String,
    /// Its name for people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: String,
    /// stock, index, etf, fund, bond, rate, fx, crypto or commodity.
    #[arg(long, value_name = "NAME")]
    pub(crate) category: String,
    /// When it trades: XKRX, XNYS, CMES, 24/7 or another one that `assets --calendars` lists.
    #[arg(long, value_name = "NAME")]
    pub(crate) calendar: String,
    /// The currency of its prices as the source says it, like KRW, or GBp for pence.
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: String,
    /// Where its prices come from, the first one first: yahoo:AAPL, or yahoo:BTC-USD:USD where the currency is another one.
    #[arg(long = "source", value_name = "SOURCE:SYMBOL", required = true, value_parser = NewSource::parse)]
    pub(crate) sources: Vec<NewSource>,
    /// It is not collected by default.
    #[arg(long)]
    pub(crate) inactive: bool,
}
