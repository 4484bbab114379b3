//! `retract`: removes a wrong bar from the staging file and, with the next sync, from the warehouse; or puts it back.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::answer::Answer;
use super::context::{find_asset, now, open_staging};
use crate::cli::RetractArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::AssetId;
use crate::domain::digits::shortest;
use crate::staging::{PutBack, Staging};

/// The result. The fields are its columns.
#[derive(Serialize)]
struct Retraction {
    asset_id: String,
    date: NaiveDate,
    source: String,
    /// Whether its values are refused from now on.
    retracted: bool,
}

pub(super) fn run(args: &RetractArgs, config: &Config) -> Result<Answer> {
    let staging = open_staging(config)?;
    let id = find_asset(&args.asset, &staging, config)?;
    let text = match args.undo {
        true => put_back(&staging, &id, args)?,
        false => take_out(&staging, &id, args)?,
    };
    let retraction = Retraction {
        asset_id: id.to_string(),
        date: args.date,
        source: args.source.clone(),
        retracted: !args.undo,
    };
    Ok(Answer::row(retraction, text))
}

fn take_out(staging: &Staging, id: &AssetId, args: &RetractArgs) -> Result<String> {
    let (date, source) = (args.date, &args.source);
    let reason = args.reason.as_deref().unwrap_or_default();
    if reason.trim().is_empty() {
        return refused("--reason is empty; say why the bar is wrong".to_owned());
    }
    let Some(said) = staging.retract(id, date, source, reason, now())? else {
        return refused(no_bar(staging, id, args)?);
    };
    Ok(format!(
        "The bar of {id} on {date} from {source}, close {}, is retracted; the history keeps it. The same values of {source} are not \
         stored again. `pricestash sync` removes it from PostgreSQL.\n",
        shortest(said.close)
    ))
}

fn put_back(staging: &Staging, id: &AssetId, args: &RetractArgs) -> Result<String> {
    let (date, source) = (args.date, &args.source);
    Ok(match staging.unretract(id, date, source, now())? {
        PutBack::NotRetracted => {
            return refused(format!(
                "the bar of {id} on {date} from {source} was not retracted"
            ));
        }
        PutBack::Restored => format!(
            "The bar of {id} on {date} from {source} is back. `pricestash sync` sends it to PostgreSQL.\n"
        ),
        PutBack::Allowed => format!(
            "{id} now has another bar on {date} from {source}, which stays; the retracted values are accepted again.\n"
        ),
    })
}

/// Why there is no bar to retract: names the sources that have one on that day.
fn no_bar(staging: &Staging, id: &AssetId, args: &RetractArgs) -> Result<String> {
    let (date, source) = (args.date, &args.source);
    let series = staging.stored_series(id.as_str(), Some(date))?;
    let others = series
        .iter()
        .filter(|(_, bars)| bars.iter().any(|bar| bar.date == date));
    let others: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
    Ok(match others.as_slice() {
        [] => format!("{id} has no bar on {date} from any source"),
        _ => format!(
            "{id} has no bar on {date} from {source}; there is one from {}",
            others.join(", ")
        ),
    })
}

fn refused<T>(why: String) -> Result<T> {
    Err(ConfigError(why).into())
}
