//! `actions`: lists dividends, splits and capital gains of one asset or all.

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::{find_asset, read_staging};
use crate::cli::ActionsArgs;
use crate::config::Config;
use crate::domain::digits::shortest;
use crate::output::print;
use crate::staging::Action;

/// Columns of a CSV without rows.
const COLUMNS: &[&str] = &[
    "asset_id",
    "date",
    "kind",
    "amount",
    "currency",
    "numerator",
    "denominator",
    "source",
    "left_out",
    "ingested_at",
];

pub(super) fn run(args: &ActionsArgs, config: &Config) -> Result<Answer> {
    let staging = read_staging(config)?;
    let asset = match &args.asset {
        Some(name) => Some(find_asset(name, &staging, config)?),
        None => None,
    };
    let actions = staging.actions(asset.as_ref())?;
    let none = match staging.tells_actions(asset.as_ref())? {
        true => "No dividends or splits: the source lists none.\n",
        false => {
            "Unknown: no source that lists dividends and splits was asked yet; run `pricestash collect --audit`.\n"
        }
    };
    Ok(Answer::rows(actions, |actions| match actions {
        [] => Ok(none.to_owned()),
        _ => table(actions),
    })
    .with_columns(COLUMNS))
}

fn table(actions: &[Action]) -> Result<String> {
    #[derive(Serialize)]
    struct ShownAction<'a> {
        asset_id: &'a str,
        date: &'a str,
        kind: &'a str,
        what: String,
        source: &'a str,
        left_out: &'a str,
    }
    let rows: Vec<ShownAction<'_>> = actions
        .iter()
        .map(|a| ShownAction {
            asset_id: &a.asset_id,
            date: &a.date,
            kind: &a.kind,
            what: in_words(a),
            source: &a.source,
            left_out: a.left_out.as_deref().unwrap_or_default(),
        })
        .collect();
    let columns = ["asset_id", "date", "kind", "what", "source", "left_out"];
    print::table(&rows, &columns)
}

/// `0.26 USD`, `4:1`.
fn in_words(action: &Action) -> String {
    match (action.amount, action.numerator.zip(action.denominator)) {
        (Some(amount), _) => {
            let currency = action.currency.as_deref().unwrap_or_default();
            format!("{} {currency}", shortest(amount))
                .trim_end()
                .to_owned()
        }
        (None, Some((new, old))) => format!("{}:{}", shortest(new), shortest(old)),
        (None, None) => String::new(),
    }
}
