//! Staged dividends, splits and capital gains, and the resulting factors. Read only.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::domain::adjustment::Span;
use crate::domain::asset::AssetId;
use crate::domain::corporate_action::WITHDRAWN;
use crate::staging::Staging;
use crate::staging::bar_row::{optional_text, text};

/// A dividend, a split or a capital gain. The fields are the columns of the result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Action {
    pub(crate) asset_id: String,
    /// The day on which it takes effect.
    pub(crate) date: String,
    pub(crate) kind: String,
    /// Amount per share.
    pub(crate) amount: Option<f64>,
    pub(crate) currency: Option<String>,
    /// New shares of a split.
    pub(crate) numerator: Option<f64>,
    /// Old shares of a split.
    pub(crate) denominator: Option<f64>,
    pub(crate) source: String,
    /// Why it counts in no factor.
    pub(crate) left_out: Option<String>,
    pub(crate) ingested_at: String,
}

impl Action {
    /// Whether its source no longer lists it.
    #[must_use]
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.left_out.as_deref() == Some(WITHDRAWN)
    }
}

const FACTORS: &str = "SELECT asset_id, since, until, split_factor, dividend_factor";

impl Staging {
    /// The actions of one asset or all, oldest first.
    pub(crate) fn actions(&self, asset: Option<&AssetId>) -> Result<Vec<Action>> {
        let sql = "SELECT asset_id, date, kind, amount, currency, numerator, denominator, source, left_out, ingested_at
             FROM corporate_action WHERE ?1 IS NULL OR asset_id = ?1 ORDER BY asset_id, date, kind, source";
        let connection = self.connection()?;
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map(params![asset.map(AssetId::as_str)], |r| {
            Ok(Action {
                asset_id: text(r, 0)?,
                date: text(r, 1)?,
                kind: text(r, 2)?,
                amount: r.get(3)?,
                currency: optional_text(r, 4)?,
                numerator: r.get(5)?,
                denominator: r.get(6)?,
                source: text(r, 7)?,
                left_out: optional_text(r, 8)?,
                ingested_at: text(r, 9)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a source of one asset or any reports its actions, so that an empty list means none.
    pub(crate) fn tells_actions(&self, asset: Option<&AssetId>) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM corporate_action_coverage WHERE ?1 IS NULL OR asset_id = ?1)";
        let asset = params![asset.map(AssetId::as_str)];
        Ok(self.connection()?.query_row(sql, asset, |r| r.get(0))?)
    }

    /// The factors of one asset or all, by asset. An asset without factors has nothing known to adjust for.
    pub(crate) fn adjustments(&self, asset: Option<&str>) -> Result<HashMap<String, Vec<Span>>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(&factors_sql(&connection, asset)?)?;
        let mut rows = statement.query(params![asset])?;
        let mut spans: HashMap<String, Vec<Span>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (since, until) = (text(row, 1)?, text(row, 2)?);
            if let (Ok(since), Ok(until)) = (since.parse(), until.parse()) {
                spans.entry(text(row, 0)?).or_default().push(Span {
                    since,
                    until,
                    split: row.get(3)?,
                    dividend: row.get(4)?,
                });
            }
        }
        Ok(spans)
    }
}

/// The query of the factors of one asset (?1) or all. The view computes those of all assets before one is selected,
/// which takes long in a large file, so for one asset the view's text is run with the sources of that asset only.
fn factors_sql(connection: &Connection, asset: Option<&str>) -> rusqlite::Result<String> {
    let view = "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = 'adjustment'";
    let text: Option<String> = connection.query_row(view, [], |r| r.get(0)).optional()?;
    let body = text.as_deref().and_then(|t| t.split_once(" AS\n"));
    Ok(match (asset, body) {
        (Some(_), Some((_, body))) => format!(
            "WITH asset_source AS (SELECT * FROM main.asset_source WHERE asset_id = ?1) {FACTORS} FROM ({body}) WHERE asset_id = ?1"
        ),
        _ => format!("{FACTORS} FROM adjustment WHERE ?1 IS NULL OR asset_id = ?1"),
    })
}
