//! Fills an empty file with what a warehouse has, in one transaction: everything or nothing.

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{Transaction, TransactionBehavior, params};

use super::write::execute;
use crate::config::ConfigError;
use crate::domain::acknowledgement::FoundTable;
use crate::domain::outgoing::{ActionRow, CoverageRow, PendingRow};
use crate::domain::pulled::SeriesOrigin;
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::bar_sql;
use crate::staging::outbox::warehouse::{keep_witnesses, put_table};

/// A file that is being filled.
pub(crate) struct Filling<'a> {
    tx: Transaction<'a>,
}

impl Staging {
    /// Fills the file if it has no bars and no actions yet; other writers wait meanwhile.
    ///
    /// # Errors
    /// [`ConfigError`] if it has some; errors of `fill` or SQLite; then the file is unchanged.
    pub(crate) fn fill<T>(&self, fill: impl FnOnce(&Filling<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql =
            "SELECT EXISTS (SELECT 1 FROM price_daily) OR EXISTS (SELECT 1 FROM corporate_action)
                OR EXISTS (SELECT 1 FROM retraction) OR EXISTS (SELECT 1 FROM series)";
        if tx.query_row(sql, [], |r| r.get(0))? {
            return Err(ConfigError(format!(
                "{} has prices already, or had some, and only an empty file can be filled: set STAGING_DB to a new file, or move this one away",
                self.path.display()
            ))
            .into());
        }
        let filling = Filling { tx };
        let filled = fill(&filling)?;
        filling.tx.commit()?;
        Ok(filled)
    }
}

impl Filling<'_> {
    /// Records the table that everything comes from: it counts as acknowledged there.
    pub(crate) fn put_table(&self, found: &FoundTable, now: DateTime<Utc>) -> Result<()> {
        put_table(&self.tx, found, now)
    }

    /// Writes bars with their staged values and whether they are final. The last ones become witnesses.
    pub(crate) fn put_bars(&self, bars: &[(PendingRow, bool)]) -> Result<()> {
        let mut statement = self.tx.prepare_cached(bar_sql!("fill_bar.sql"))?;
        for (row, is_final) in bars {
            let [asset_id, date, source] = row.key();
            let ingested_at = timestamp::to_text(row.ingested_at);
            let state = params![asset_id, date, source, ingested_at, is_final];
            execute(&mut statement, state, row.values)?;
        }
        let rows: Vec<PendingRow> = bars.iter().map(|(row, _)| row.clone()).collect();
        Ok(keep_witnesses(&self.tx, &rows)?)
    }

    /// Writes what a series was fetched from.
    pub(crate) fn put_origin(&self, origin: &SeriesOrigin) -> Result<()> {
        let sql = "INSERT INTO series (asset_id, source, symbol, currency) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.tx.prepare_cached(sql)?;
        statement.execute([
            &origin.asset_id,
            &origin.source,
            &origin.symbol,
            &origin.currency,
        ])?;
        Ok(())
    }

    /// Writes a dividend or a split.
    pub(crate) fn put_action(&self, row: &ActionRow) -> Result<()> {
        let sql = "INSERT INTO corporate_action (asset_id, source, date, kind, amount, numerator, denominator, currency, left_out, ingested_at,
                                           revision, synced_revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, 1)";
        self.tx.prepare_cached(sql)?.execute(params![
            row.asset_id,
            row.source,
            row.date.to_string(),
            row.kind,
            row.amount,
            row.numerator,
            row.denominator,
            row.currency,
            row.left_out,
            timestamp::to_text(row.ingested_at),
        ])?;
        Ok(())
    }

    /// Writes the days for which all actions are known.
    pub(crate) fn put_coverage(&self, row: &CoverageRow) -> Result<()> {
        let sql = "INSERT INTO corporate_action_coverage (asset_id, source, first_date, last_date, told_at, revision, synced_revision)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, 1)";
        self.tx.prepare_cached(sql)?.execute(params![
            row.asset_id,
            row.source,
            row.first_date.to_string(),
            row.last_date.to_string(),
            timestamp::to_text(row.told_at),
        ])?;
        Ok(())
    }
}
