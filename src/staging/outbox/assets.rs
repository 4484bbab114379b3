//! The configured assets, kept in staging for its views and the warehouse.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::{Connection, Row, ToSql, Transaction, TransactionBehavior, params};

use super::rejects::LONGEST_MESSAGE;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::outgoing::{AssetRow, AssetSource};
use crate::domain::text::brief;
use crate::staging::Staging;
use crate::staging::bar_row::{RawText, shown};

impl Staging {
    /// Takes over the configured assets. One that is no longer configured stays, inactive, with its bars. Unchanged
    /// rows are not written, so that a run starts without waiting for the disk.
    pub(crate) fn put_assets(&self, assets: &[Asset]) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for asset in assets {
            put_asset(&tx, asset)?;
        }
        // Ids contain no commas.
        let sources = assets.iter().flat_map(|asset| {
            let key = |s: &SourceEntry| format!("{},{}", asset.id.as_str(), s.stored_as);
            asset.sources.iter().map(key)
        });
        tx.execute(
            "DELETE FROM asset_source WHERE asset_id || ',' || source NOT IN (SELECT value FROM json_each(?1))",
            params![serde_json::Value::from_iter(sources).to_string()],
        )?;
        let ids = serde_json::Value::from_iter(assets.iter().map(|a| a.id.as_str())).to_string();
        tx.execute(
            "UPDATE asset_master SET is_active = 0, revision = revision + 1
             WHERE is_active = 1 AND asset_id NOT IN (SELECT value FROM json_each(?1))",
            params![ids],
        )?;
        Ok(tx.commit()?)
    }

    /// The names of the assets by id.
    pub(crate) fn asset_names(&self) -> Result<HashMap<String, String>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached("SELECT asset_id, name FROM asset_master")?;
        let rows = statement.query_map([], |r| Ok((shown(r.get_ref(0)?), shown(r.get_ref(1)?))))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The assets that the warehouse lacks or has in another form. Invalid rows of another program are refused here
    /// already.
    pub(crate) fn pending_assets(&self) -> Result<Vec<AssetRow>> {
        self.assets(false)
    }

    /// The configured assets, except those whose rows in the warehouse are known to be ours although nothing marks them
    /// there.
    pub(crate) fn configured_assets(&self) -> Result<Vec<AssetRow>> {
        let assets = self.assets(true)?.into_iter();
        Ok(assets
            .filter(|asset| !asset.sources.is_empty() && !asset.is_claimed)
            .collect())
    }

    fn assets(&self, with_sent: bool) -> Result<Vec<AssetRow>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(
            "SELECT asset_id, name, category, source_priority, is_active, currency, claimed, revision FROM asset_master
             WHERE ?1 OR revision <> synced_revision ORDER BY asset_id",
        )?;
        let mut rows = statement.query([with_sent])?;
        let (mut assets, mut unreadable) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            match asset_row(row).and_then(|asset| with_sources(&connection, asset)) {
                Ok(asset) => assets.push(asset),
                Err(_) => unreadable.push(RawText::of(row.get_ref(0)?)),
            }
        }
        for asset in unreadable {
            refuse(
                &connection,
                &asset,
                "a value of its row in asset_master or of one of its sources has the wrong type",
            )?;
        }
        Ok(assets)
    }

    /// Records why the warehouse refuses an asset; the next sync tries it again.
    pub(crate) fn refuse_asset(&self, asset_id: &str, why: &str) -> Result<()> {
        Ok(refuse(&*self.connection()?, &asset_id, why)?)
    }

    /// The assets that the warehouse refuses, each with the reason.
    pub(crate) fn refused_assets(&self) -> Result<Vec<(String, String)>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(
            "SELECT asset_id, refused FROM asset_master WHERE refused IS NOT NULL ORDER BY asset_id",
        )?;
        let rows = statement.query_map([], |r| Ok((shown(r.get_ref(0)?), shown(r.get_ref(1)?))))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Records that the warehouse has these assets with their sources, each in the revision that was sent, and that the
    /// warehouse itself marks these rows as ours: `written`.
    pub(crate) fn acknowledge_assets(&self, rows: &[AssetRow], written: &[String]) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            // Without a source there is no place for the mark.
            let is_unsaid = row.sources.is_empty() && written.contains(&row.asset_id);
            tx.prepare_cached(
                "UPDATE asset_master SET synced_revision = ?2, refused = NULL, claimed = ?3 WHERE asset_id = ?1 AND revision = ?2",
            )?
            .execute(params![row.asset_id, row.revision, is_unsaid])?;
            let removed = serde_json::json!(row.removed).to_string();
            if !row.sources.is_empty() {
                tx.prepare_cached(
                    "DELETE FROM removed_asset_source WHERE asset_id = ?1 AND source IN (SELECT value FROM json_each(?2))",
                )?
                .execute(params![row.asset_id, removed])?;
            }
        }
        Ok(tx.commit()?)
    }

    /// Makes the rows of these assets ours with the next sync, whoever created them.
    pub(crate) fn take_assets_over(&self, asset_ids: &[String]) -> Result<()> {
        let ids = serde_json::json!(asset_ids).to_string();
        self.connection()?.execute(
            "UPDATE asset_master SET claimed = 1, revision = revision + 1 WHERE asset_id IN (SELECT value FROM json_each(?1))",
            [ids],
        )?;
        Ok(())
    }

    /// Records that these assets' rows are ours, though the warehouse has no place for the mark yet: they stay pending.
    pub(crate) fn claim_assets(&self, asset_ids: &[String]) -> Result<()> {
        let ids = serde_json::json!(asset_ids).to_string();
        self.connection()?.execute(
            "UPDATE asset_master SET claimed = 1, refused = NULL WHERE asset_id IN (SELECT value FROM json_each(?1))",
            [ids],
        )?;
        Ok(())
    }
}

fn asset_row(row: &Row<'_>) -> rusqlite::Result<AssetRow> {
    Ok(AssetRow {
        asset_id: row.get(0)?,
        name: row.get(1)?,
        category: row.get(2)?,
        source_priority: row.get(3)?,
        is_active: row.get(4)?,
        currency: row.get(5)?,
        sources: Vec::new(),
        removed: Vec::new(),
        is_claimed: row.get(6)?,
        revision: row.get(7)?,
    })
}

fn with_sources(connection: &Connection, asset: AssetRow) -> rusqlite::Result<AssetRow> {
    let mut sources = connection.prepare_cached(include_str!("sources_of_asset.sql"))?;
    let sources = sources.query_map([&asset.asset_id], |row| {
        Ok(AssetSource {
            source: row.get(0)?,
            priority: row.get(1)?,
            currency: row.get(2)?,
            symbol: row.get(3)?,
        })
    })?;
    let mut removed =
        connection.prepare_cached("SELECT source FROM removed_asset_source WHERE asset_id = ?1")?;
    let removed = removed.query_map([&asset.asset_id], |row| row.get(0))?;
    Ok(AssetRow {
        sources: sources.collect::<rusqlite::Result<_>>()?,
        removed: removed.collect::<rusqlite::Result<_>>()?,
        ..asset
    })
}

fn refuse(connection: &Connection, asset: &dyn ToSql, why: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE asset_master SET refused = ?2 WHERE asset_id = ?1";
    connection
        .prepare_cached(sql)?
        .execute(params![asset, brief(why, LONGEST_MESSAGE)])?;
    Ok(())
}

fn put_asset(tx: &Transaction<'_>, asset: &Asset) -> rusqlite::Result<()> {
    let priority = serde_json::Value::from_iter(asset.own_sources()).to_string();
    tx.prepare_cached(include_str!("upsert_asset.sql"))?
        .execute(params![
            asset.id.as_str(),
            asset.name,
            asset.category.name(),
            asset.calendar.name(),
            asset.currency,
            priority,
            asset.active,
        ])?;
    let mut upsert = tx.prepare_cached(include_str!("upsert_asset_source.sql"))?;
    for (priority, source) in asset.sources.iter().enumerate() {
        let own = source.currency == asset.currency;
        upsert.execute(params![
            asset.id.as_str(),
            source.stored_as,
            priority,
            source.symbol,
            source.currency,
            own
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::assets_file::parse_assets;
    use crate::domain::calendar::Calendars;

    #[test]
    fn an_asset_is_pending_only_while_the_warehouse_has_it_otherwise() {
        let staging = Staging::in_memory().unwrap();
        let parse = |text: &str| parse_assets(text, &Calendars::built_in().unwrap()).unwrap();
        let text = |name: &str| {
            format!(
                "[[asset]]\nid = \"BTC\"\nname = \"{name}\"\ncategory = \"crypto\"\ncalendar = \"24/7\"\ncurrency = \"KRW\"\n\
                 sources = [{{ source = \"yahoo\", symbol = \"BTC-USD\", currency = \"USD\" }}, {{ source = \"upbit\", symbol = \"KRW-BTC\" }}]"
            )
        };
        staging.put_assets(&parse(&text("Bitcoin"))).unwrap();
        let rows = staging.pending_assets().unwrap();
        assert_eq!(
            (
                rows.len(),
                rows[0].source_priority.as_str(),
                rows[0].is_active
            ),
            (1, "[\"upbit\"]", true)
        );
        staging.acknowledge_assets(&rows, &[]).unwrap();
        let written = || -> u64 {
            let sql = "SELECT total_changes()";
            let connection = staging.connection().unwrap();
            connection.query_row(sql, [], |r| r.get(0)).unwrap()
        };
        let before = written();
        staging.put_assets(&parse(&text("Bitcoin"))).unwrap();
        assert_eq!(written(), before, "nothing changed");
        assert!(staging.pending_assets().unwrap().is_empty());
        staging.put_assets(&parse(&text("비트코인"))).unwrap();
        assert_eq!(staging.pending_assets().unwrap()[0].name, "비트코인");
        let sources = || -> String {
            let sql = "SELECT coalesce(group_concat(source || ' ' || symbol || ' ' || priority, ', '), '') FROM asset_source";
            let connection = staging.connection().unwrap();
            connection.query_row(sql, [], |r| r.get(0)).unwrap()
        };
        assert_eq!(sources(), "upbit KRW-BTC 1, yahoo:BTC-USD BTC-USD 0");
        let other = text("비트코인").replace("KRW-BTC", "KRW-BCH");
        let other = other.replace(
            "{ source = \"yahoo\", symbol = \"BTC-USD\", currency = \"USD\" }, ",
            "",
        );
        staging.put_assets(&parse(&other)).unwrap();
        assert_eq!(sources(), "upbit KRW-BCH 0");
        staging.put_assets(&[]).unwrap();
        assert!(!staging.pending_assets().unwrap()[0].is_active);
        assert_eq!(sources(), "");
    }
}
