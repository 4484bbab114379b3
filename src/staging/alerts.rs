//! Past alerts, and alerts waiting to be sent.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rusqlite::{Transaction, TransactionBehavior, params};

use super::Staging;
use crate::domain::alert::{Case, Composed};
use crate::domain::timestamp;

/// An older claim belongs to a process that died while sending.
const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// How many alerts are kept; older ones are dropped.
const KEPT: u32 = 100;
/// An alert refused this often is dropped.
const MAX_REFUSED: u32 = 3;

/// An alert to keep, with the failures it reports.
#[derive(Debug, Clone)]
pub(crate) struct NewAlert {
    /// `collect`, `sync`, `healthcheck`.
    pub(crate) topic: &'static str,
    /// The run, if it is about one.
    pub(crate) job_id: Option<String>,
    /// The text, and the failures it is about.
    pub(crate) composed: Composed,
}

/// A waiting alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingAlert {
    /// Its position in the queue.
    pub(crate) id: i64,
    pub(crate) content: String,
}

impl Staging {
    /// Alerted failures that still persist, by topic and asset.
    pub(crate) fn alert_cases(&self) -> Result<BTreeMap<(String, String), Case>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare_cached("SELECT topic, asset_id, cause, since, told, named FROM alert_case")?;
        let mut rows = statement.query([])?;
        let mut cases = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let [since, told] = [row.get::<_, String>(3)?, row.get(4)?];
            let case = Case {
                cause: row.get(2)?,
                since: since.parse().unwrap_or(NaiveDate::MAX),
                told: told.parse().unwrap_or(NaiveDate::MIN),
                named: row.get(5)?,
            };
            cases.insert((row.get(0)?, row.get(1)?), case);
        }
        Ok(cases)
    }

    /// Queues an alert.
    pub(crate) fn keep_alert(&self, alert: &NewAlert, now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        put_alert(&tx, alert, now)?;
        Ok(tx.commit()?)
    }

    /// Claims the waiting alerts, oldest first, so that no other process sends them too.
    pub(crate) fn claim_alerts(&self, now: DateTime<Utc>) -> Result<Vec<WaitingAlert>> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut waiting = {
            let mut statement = tx.prepare_cached(
                "UPDATE alert_outbox SET claimed_at = ?1 WHERE claimed_at IS NULL OR claimed_at < ?2
                 RETURNING id, content",
            )?;
            let stale = timestamp::to_text(now - CLAIM);
            let rows = statement.query_map(params![timestamp::to_text(now), stale], |r| {
                Ok(WaitingAlert {
                    id: r.get(0)?,
                    content: r.get(1)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()?
        };
        tx.commit()?;
        // RETURNING yields them in any order.
        waiting.sort_by_key(|alert| alert.id);
        Ok(waiting)
    }

    /// Removes alerts that were sent.
    pub(crate) fn alerts_sent(&self, alerts: &[WaitingAlert]) -> Result<()> {
        self.each_alert("DELETE FROM alert_outbox WHERE id = ?1", alerts)
    }

    /// Leaves alerts for the next run.
    pub(crate) fn alerts_wait(&self, alerts: &[WaitingAlert]) -> Result<()> {
        self.each_alert(
            "UPDATE alert_outbox SET claimed_at = NULL WHERE id = ?1",
            alerts,
        )
    }

    /// Counts a refusal of alerts. One that is always refused must not block the others.
    pub(crate) fn alerts_refused(&self, alerts: &[WaitingAlert]) -> Result<()> {
        self.each_alert(
            "UPDATE alert_outbox SET claimed_at = NULL, refused = refused + 1 WHERE id = ?1",
            alerts,
        )?;
        let connection = self.connection()?;
        connection.execute(
            "DELETE FROM alert_outbox WHERE refused >= ?1",
            [MAX_REFUSED],
        )?;
        Ok(())
    }

    fn each_alert(&self, sql: &str, alerts: &[WaitingAlert]) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for alert in alerts {
            tx.prepare_cached(sql)?.execute([alert.id])?;
        }
        Ok(tx.commit()?)
    }
}

/// Keeps an alert in the transaction of what it is about.
pub(super) fn put_alert(
    tx: &Transaction<'_>,
    alert: &NewAlert,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let composed = &alert.composed;
    for (asset, case) in &composed.open {
        tx.prepare_cached(
            "INSERT INTO alert_case (topic, asset_id, cause, since, told, named) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (topic, asset_id) DO UPDATE SET
                 cause = excluded.cause, since = excluded.since, told = excluded.told, named = excluded.named",
        )?
        .execute(params![
            alert.topic,
            asset,
            case.cause,
            case.since.to_string(),
            case.told.to_string(),
            case.named
        ])?;
    }
    for asset in &composed.closed {
        tx.prepare_cached("DELETE FROM alert_case WHERE topic = ?1 AND asset_id = ?2")?
            .execute(params![alert.topic, asset])?;
    }
    if let Some(content) = &composed.content {
        put_content(tx, alert.job_id.as_deref(), content, now)?;
    }
    Ok(())
}

/// Keeps the text of an alert.
pub(super) fn put_content(
    tx: &Transaction<'_>,
    job_id: Option<&str>,
    content: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO alert_outbox (job_id, created_at, content) VALUES (?1, ?2, ?3)",
        params![job_id, timestamp::to_text(now), content],
    )?;
    let last = tx.last_insert_rowid();
    tx.execute(
        "DELETE FROM alert_outbox WHERE id <= ?1 - ?2",
        params![last, KEPT],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(content: &str) -> NewAlert {
        let case = Case {
            cause: "HTTP 404".to_owned(),
            since: "2026-11-25".parse().unwrap(),
            told: "2026-11-26".parse().unwrap(),
            named: true,
        };
        NewAlert {
            topic: "collect",
            job_id: None,
            composed: Composed {
                content: Some(content.to_owned()),
                open: BTreeMap::from([("A".to_owned(), case)]),
                closed: Vec::new(),
            },
        }
    }

    fn contents(alerts: &[WaitingAlert]) -> Vec<&str> {
        alerts.iter().map(|a| a.content.as_str()).collect()
    }

    #[test]
    fn an_alert_waits_until_it_is_sent_and_goes_once() {
        let staging = Staging::in_memory().unwrap();
        let now = Utc::now();
        for content in ["one", "two"] {
            staging.keep_alert(&alert(content), now).unwrap();
        }
        let claimed = staging.claim_alerts(now).unwrap();
        assert_eq!(contents(&claimed), ["one", "two"]);
        // Another process has nothing to send, unless the first one died.
        assert!(staging.claim_alerts(now).unwrap().is_empty());
        assert_eq!(staging.claim_alerts(now + CLAIM * 2).unwrap().len(), 2);
        staging.alerts_sent(&claimed[..1]).unwrap();
        staging.alerts_wait(&claimed[1..]).unwrap();
        assert_eq!(contents(&staging.claim_alerts(now).unwrap()), ["two"]);
    }

    #[test]
    fn one_that_is_always_refused_is_given_up() {
        let staging = Staging::in_memory().unwrap();
        staging.keep_alert(&alert("bad"), Utc::now()).unwrap();
        for _ in 0..MAX_REFUSED {
            let claimed = staging.claim_alerts(Utc::now()).unwrap();
            assert_eq!(claimed.len(), 1);
            staging.alerts_refused(&claimed).unwrap();
        }
        assert!(staging.claim_alerts(Utc::now()).unwrap().is_empty());
    }

    #[test]
    fn what_was_said_of_an_asset_is_known_until_it_is_closed() {
        let staging = Staging::in_memory().unwrap();
        let mut alert = alert("one");
        staging.keep_alert(&alert, Utc::now()).unwrap();
        let key = ("collect".to_owned(), "A".to_owned());
        assert_eq!(
            staging.alert_cases().unwrap()[&key],
            alert.composed.open["A"]
        );
        alert.composed = Composed {
            closed: vec!["A".to_owned()],
            ..Composed::default()
        };
        staging.keep_alert(&alert, Utc::now()).unwrap();
        assert!(staging.alert_cases().unwrap().is_empty());
        assert_eq!(staging.claim_alerts(Utc::now()).unwrap().len(), 1);
    }

    #[test]
    fn only_the_newest_are_kept() {
        let staging = Staging::in_memory().unwrap();
        for n in 0..KEPT + 5 {
            staging
                .keep_alert(&alert(&n.to_string()), Utc::now())
                .unwrap();
        }
        let waiting = staging.claim_alerts(Utc::now()).unwrap();
        assert_eq!((waiting.len(), waiting[0].content.as_str()), (100, "5"));
    }
}
