//! `doctor`'s look at the warehouse.

use std::time::Instant;

use crate::commands::context::{now, patience, target_of};
use crate::commands::sent_rows::{LOST, SentRows};
use crate::config::Config;
use crate::domain::outgoing::OutgoingTexts;
use crate::domain::timestamp::millis;
use crate::jobs::doctor::{self, Check};
use crate::output::numbers::counted;
use crate::staging::Staging;
use crate::warehouse::Warehouse;

/// Connects, and looks at the tables and at whether it is the one that rows were sent to before.
pub(super) fn check(config: &Config, staging: Option<&Staging>) -> Vec<Check> {
    const NAME: &str = "warehouse";
    let url = match config.warehouse_url() {
        Ok(Some(url)) => url,
        Ok(None) => {
            return vec![Check::warn(
                NAME,
                "DATABASE_URL is not set, everything stays in the staging file",
                "set it when you have a PostgreSQL",
            )];
        }
        Err(fault) => return vec![Check::fail(NAME, fault.0, "mend it as it says")],
    };
    let target = match target_of(url, config) {
        Ok(target) => target,
        Err(error) => return vec![Check::fail(NAME, error.0, "mend DATABASE_URL")],
    };
    let place = target.place();
    let failed = |failure: &dyn std::fmt::Display| {
        vec![Check::fail(
            NAME,
            format!("{place}: {failure}"),
            "look at DATABASE_URL, the server, the network and its firewall",
        )]
    };
    let mut warehouse = match Warehouse::connect(&target, patience(config)) {
        Ok(warehouse) => warehouse,
        Err(failure) => return failed(&failure),
    };
    let asked = Instant::now();
    let found = match warehouse.diagnose() {
        Ok(found) => found,
        Err(failure) => return failed(&failure),
    };
    let round_trip = millis(asked.elapsed());
    let refused = match warehouse.rehearse() {
        Ok(refused) => refused,
        // Nothing is known then: a pooler in statement mode ends the connection.
        Err(failure) if failure.is_transient() => {
            return vec![Check::warn(
                NAME,
                format!(
                    "{place} answers; what sync would meet there could not be tried: {failure}"
                ),
                "run it again; behind a pooler in statement mode only a sync shows it",
            )];
        }
        Err(failure) => return failed(&failure),
    };
    let sent = staging.and_then(|s| s.outgoing_texts().ok());
    let sent = sent.unwrap_or_default();
    let mut checks = doctor::warehouse(&place, &found, &refused, &sent, now(), round_trip);
    checks.extend(encoding(&mut warehouse, &found.encoding, &sent));
    checks.extend(identity(&mut warehouse, staging));
    checks.extend(shared_days(&mut warehouse));
    checks.extend(older_view(&mut warehouse));
    checks.extend(refusals(staging));
    checks
}

/// Whether the warehouse's encoding has every character that will be sent.
fn encoding(warehouse: &mut Warehouse, name: &str, sent: &OutgoingTexts) -> Option<Check> {
    let texts = sent.texts.iter().map(|(_, _, text)| text.clone()).collect();
    // Other failures are what a sync without rows met, too.
    if warehouse.can_encode(texts).unwrap_or(true) {
        return None;
    }
    let mut missing = sent.texts.iter().filter(|(_, _, text)| {
        !text.is_ascii() && !warehouse.can_encode(vec![text.clone()]).unwrap_or(true)
    });
    let (table, column, text) = missing.next()?;
    Some(Check::warn(
        "warehouse rows",
        format!(
            "the warehouse's encoding {name} has not all characters of \"{text}\" ({table}.{column}): it is refused"
        ),
        "use a database of the encoding UTF8",
    ))
}

/// Programs that select prices by asset alone see every bar of such days twice.
fn shared_days(warehouse: &mut Warehouse) -> Option<Check> {
    const NAME: &str = "warehouse readers";
    const REMEDY: &str =
        "let them read a view of one price: `pricestash schema one-price --apply`, or best_price";
    let detail = match warehouse.shared_days() {
        Ok(found) => {
            let (asset, days, assets) = found?;
            match assets {
                1 => format!(
                    "others read price_daily, where sources of {asset} share {days} days: who selects by asset alone sees two rows"
                ),
                _ => format!(
                    "others read price_daily, where sources of {asset} share {days} days, and so do those of {} other assets: who selects by asset alone sees two rows",
                    assets - 1
                ),
            }
        }
        Err(failure) => {
            format!(
                "whether sources share days in a price_daily that others read is not known: {failure}"
            )
        }
    };
    Some(Check::warn(NAME, detail, REMEDY))
}

/// A view is only made anew by who asks for it.
fn older_view(warehouse: &mut Warehouse) -> Option<Check> {
    // Who cannot be asked has failed before.
    warehouse.has_older_best_price().ok()?.then(|| {
        Check::warn(
            "warehouse views",
            "best_price is of an older pricestash: it goes by the source lists in asset_master, whoever wrote them, and one that is no list breaks it",
            "`pricestash schema best-price --apply`",
        )
    })
}

/// What the warehouse has refused and would refuse again.
fn refusals(staging: Option<&Staging>) -> Option<Check> {
    let staging = staging?;
    let rows = staging.count_sync_rejects().ok()?;
    let assets = staging.refused_assets().ok()?;
    if rows == 0 && assets.is_empty() {
        return None;
    }
    let mut found: Vec<String> = assets
        .iter()
        .map(|(asset, why)| format!("the asset {asset}: {why}"))
        .collect();
    if rows > 0 {
        found.push(counted(
            rows,
            "row, see the table sync_reject",
            "rows, see the table sync_reject",
        ));
    }
    Some(Check::warn(
        "warehouse refusals",
        format!("it refuses {}", found.join("; ")),
        "mend what they say; the next sync tries the assets again, `pricestash sync --full` the rows",
    ))
}

/// Whether the rows that were acknowledged are there, as `sync` looks at it.
fn identity(warehouse: &mut Warehouse, staging: Option<&Staging>) -> Option<Check> {
    const NAME: &str = "warehouse identity";
    // Where the staging file cannot be asked, its own check says why; likewise the warehouse.
    match SentRows::of(warehouse, staging?).ok()? {
        // That a table is missing has a check of its own.
        SentRows::Stand | SentRows::NoTable => None,
        SentRows::Lost => Some(Check::warn(
            NAME,
            LOST,
            "nothing: the next sync sends all of them again",
        )),
        SentRows::Elsewhere(sentence) => Some(Check::fail(
            NAME,
            sentence,
            "mend DATABASE_URL, or let `pricestash sync --full` send everything to this one",
        )),
    }
}
