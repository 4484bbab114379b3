//! What was alerted, and alerts that wait to be sent, by channel.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rusqlite::{Transaction, TransactionBehavior, params};

use super::Staging;
use crate::domain::alert::{Case, Composed, Facts};
use crate::domain::timestamp;

/// An older claim belongs to a process that died while sending.
const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// So many alerts are kept for a channel; older ones give way.
const KEPT: u32 = 100;
/// An alert refused this often is dropped.
const MAX_REFUSED: u32 = 3;

/// An alert to keep, with the failures it reports.
#[derive(Debug, Clone)]
pub(crate) struct NewAlert {
    /// Who is told.
    pub(crate) channel: String,
    /// `collect`, `sync`, `healthcheck`.
    pub(crate) topic: &'static str,
    /// The run, if it is about one.
    pub(crate) job_id: Option<String>,
    /// What to say, and which failures it is about.
    pub(crate) composed: Composed,
}

/// A waiting alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingAlert {
    /// Its position in the queue.
    pub(crate) id: i64,
    /// What it says.
    pub(crate) facts: Facts,
}

/// What is known of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LastDelivery {
    /// When it last took a message.
    pub(crate) delivered_at: Option<String>,
    /// When it did not since then.
    pub(crate) failed_at: Option<String>,
    /// What was said then.
    pub(crate) said: String,
}

/// A channel, a topic and an asset.
pub(crate) type CaseKey = (String, String, String);

impl Staging {
    /// What was alerted and still holds.
    pub(crate) fn alert_cases(&self) -> Result<BTreeMap<CaseKey, Case>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(
            "SELECT channel, topic, asset_id, cause, since, told, named FROM alert_case",
        )?;
        let mut rows = statement.query([])?;
        let mut cases = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let [since, told] = [row.get::<_, String>(4)?, row.get(5)?];
            let case = Case {
                cause: row.get(3)?,
                since: since.parse().unwrap_or(NaiveDate::MAX),
                told: told.parse().unwrap_or(NaiveDate::MIN),
                named: row.get(6)?,
            };
            cases.insert((row.get(0)?, row.get(1)?, row.get(2)?), case);
        }
        Ok(cases)
    }

    /// Keeps alerts to be sent.
    pub(crate) fn keep_alerts(&self, alerts: &[NewAlert], now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for alert in alerts {
            put_alert(&tx, alert, now)?;
        }
        Ok(tx.commit()?)
    }

    /// Takes the alerts that wait for a channel, oldest first, so that no other process sends them meanwhile.
    pub(crate) fn claim_alerts(
        &self,
        channel: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<WaitingAlert>> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut waiting = {
            let mut statement = tx.prepare_cached(
                "UPDATE alert_outbox SET claimed_at = ?1 WHERE channel = ?3 AND (claimed_at IS NULL OR claimed_at < ?2)
                 RETURNING id, facts",
            )?;
            let stale = timestamp::to_text(now - CLAIM);
            let claimed = params![timestamp::to_text(now), stale, channel];
            let rows = statement.query_map(claimed, |r| {
                Ok(WaitingAlert {
                    id: r.get(0)?,
                    facts: facts_of(r.get(1)?),
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

    /// Notes that a channel took a message, or what was said when it did not.
    pub(crate) fn note_delivery(
        &self,
        channel: &str,
        failed: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let now = timestamp::to_text(now);
        let connection = self.connection()?;
        match failed {
            None => connection.execute(
                "INSERT INTO alert_channel (channel, delivered_at) VALUES (?1, ?2)
                 ON CONFLICT (channel) DO UPDATE SET delivered_at = excluded.delivered_at, failed_at = NULL, said = NULL",
                params![channel, now],
            ),
            Some(said) => connection.execute(
                "INSERT INTO alert_channel (channel, failed_at, said) VALUES (?1, ?2, ?3)
                 ON CONFLICT (channel) DO UPDATE SET failed_at = excluded.failed_at, said = excluded.said",
                params![channel, now, said],
            ),
        }?;
        Ok(())
    }

    /// What became of the last messages, by channel.
    pub(crate) fn deliveries(&self) -> Result<BTreeMap<String, LastDelivery>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT channel, delivered_at, failed_at, said FROM alert_channel")?;
        let rows = statement.query_map([], |r| {
            let last = LastDelivery {
                delivered_at: r.get(1)?,
                failed_at: r.get(2)?,
                said: r.get::<_, Option<String>>(3)?.unwrap_or_default(),
            };
            Ok((r.get(0)?, last))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets what is kept for channels that are no longer set: alerts and what was said since `before`, and at once what became
    /// of their last message, because another channel may get the name. Gives how many alerts of which channel went.
    pub(crate) fn forget_channels(
        &self,
        set: &[&str],
        before: DateTime<Utc>,
    ) -> Result<Vec<(String, u64)>> {
        let set = serde_json::to_string(set)?;
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gone = {
            let mut statement = tx.prepare(
                "SELECT channel, count(*) FROM alert_outbox
                 WHERE channel NOT IN (SELECT value FROM json_each(?1)) AND created_at < ?2 GROUP BY channel",
            )?;
            let old = params![set, timestamp::to_text(before)];
            let rows = statement.query_map(old, |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()?
        };
        tx.execute(
            "DELETE FROM alert_outbox WHERE channel NOT IN (SELECT value FROM json_each(?1)) AND created_at < ?2",
            params![set, timestamp::to_text(before)],
        )?;
        tx.execute(
            "DELETE FROM alert_case WHERE channel NOT IN (SELECT value FROM json_each(?1)) AND told < ?2",
            params![set, before.date_naive().to_string()],
        )?;
        tx.execute(
            "DELETE FROM alert_channel WHERE channel NOT IN (SELECT value FROM json_each(?1))",
            [&set],
        )?;
        tx.commit()?;
        Ok(gone)
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

/// What is none of ours is shown as it is.
fn facts_of(text: String) -> Facts {
    serde_json::from_str(&text).unwrap_or(Facts::Text { markdown: text })
}

/// Keeps an alert in a transaction with what it is about.
pub(super) fn put_alert(
    tx: &Transaction<'_>,
    alert: &NewAlert,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let NewAlert {
        channel,
        topic,
        job_id,
        composed,
    } = alert;
    for (asset, case) in &composed.open {
        tx.prepare_cached(
            "INSERT INTO alert_case (channel, topic, asset_id, cause, since, told, named) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (channel, topic, asset_id) DO UPDATE SET
                 cause = excluded.cause, since = excluded.since, told = excluded.told, named = excluded.named",
        )?
        .execute(params![
            channel,
            topic,
            asset,
            case.cause,
            case.since.to_string(),
            case.told.to_string(),
            case.named
        ])?;
    }
    for asset in &composed.closed {
        tx.prepare_cached(
            "DELETE FROM alert_case WHERE channel = ?1 AND topic = ?2 AND asset_id = ?3",
        )?
        .execute(params![channel, topic, asset])?;
    }
    if let Some(facts) = &composed.facts {
        put_facts(tx, channel, job_id.as_deref(), facts, now)?;
    }
    Ok(())
}

/// Keeps what an alert says.
pub(super) fn put_facts(
    tx: &Transaction<'_>,
    channel: &str,
    job_id: Option<&str>,
    facts: &Facts,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let facts = serde_json::to_string(facts)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.execute(
        "INSERT INTO alert_outbox (channel, job_id, created_at, facts) VALUES (?1, ?2, ?3, ?4)",
        params![channel, job_id, timestamp::to_text(now), facts],
    )?;
    tx.execute(
        "DELETE FROM alert_outbox WHERE channel = ?1 AND id NOT IN
             (SELECT id FROM alert_outbox WHERE channel = ?1 ORDER BY id DESC LIMIT ?2)",
        params![channel, KEPT],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::MIGRATIONS;
    use rusqlite::Connection;

    fn text(words: &str) -> Facts {
        Facts::Text {
            markdown: words.to_owned(),
        }
    }

    fn alert_to(channel: &str, words: &str) -> NewAlert {
        let case = Case {
            cause: "HTTP 404".to_owned(),
            since: "2026-11-25".parse().unwrap(),
            told: "2026-11-26".parse().unwrap(),
            named: true,
        };
        NewAlert {
            channel: channel.to_owned(),
            topic: "collect",
            job_id: None,
            composed: Composed {
                facts: Some(text(words)),
                open: BTreeMap::from([("A".to_owned(), case)]),
                closed: Vec::new(),
            },
        }
    }

    fn alert(words: &str) -> NewAlert {
        alert_to("webhook", words)
    }

    fn said(alerts: &[WaitingAlert]) -> Vec<&str> {
        let words = alerts.iter().map(|a| match &a.facts {
            Facts::Text { markdown } => markdown.as_str(),
            other => panic!("{other:?}"),
        });
        words.collect()
    }

    #[test]
    fn an_alert_waits_until_it_is_sent_and_goes_once() {
        let staging = Staging::in_memory().unwrap();
        let now = Utc::now();
        let claim = |now| staging.claim_alerts("webhook", now).unwrap();
        staging
            .keep_alerts(&[alert("one"), alert("two")], now)
            .unwrap();
        let claimed = claim(now);
        assert_eq!(said(&claimed), ["one", "two"]);
        // Another process has nothing to send, unless the first one died.
        assert!(claim(now).is_empty());
        assert_eq!(claim(now + CLAIM * 2).len(), 2);
        staging.alerts_sent(&claimed[..1]).unwrap();
        staging.alerts_wait(&claimed[1..]).unwrap();
        assert_eq!(said(&claim(now)), ["two"]);
    }

    #[test]
    fn one_that_is_always_refused_is_given_up() {
        let staging = Staging::in_memory().unwrap();
        staging.keep_alerts(&[alert("bad")], Utc::now()).unwrap();
        let claim = || staging.claim_alerts("webhook", Utc::now()).unwrap();
        for _ in 0..MAX_REFUSED {
            let claimed = claim();
            assert_eq!(claimed.len(), 1);
            staging.alerts_refused(&claimed).unwrap();
        }
        assert!(claim().is_empty());
    }

    #[test]
    fn what_was_said_of_an_asset_is_known_until_it_is_closed_and_by_channel() {
        let staging = Staging::in_memory().unwrap();
        let mut alert = alert("one");
        let other = alert_to("telegram", "one");
        staging
            .keep_alerts(&[alert.clone(), other], Utc::now())
            .unwrap();
        let key = |channel: &str| (channel.to_owned(), "collect".to_owned(), "A".to_owned());
        let cases = staging.alert_cases().unwrap();
        assert_eq!(cases[&key("webhook")], alert.composed.open["A"]);
        alert.composed = Composed {
            closed: vec!["A".to_owned()],
            ..Composed::default()
        };
        staging.keep_alerts(&[alert], Utc::now()).unwrap();
        let cases = staging.alert_cases().unwrap();
        assert_eq!(cases.into_keys().collect::<Vec<_>>(), [key("telegram")]);
        for channel in ["webhook", "telegram"] {
            let claimed = staging.claim_alerts(channel, Utc::now()).unwrap();
            assert_eq!(claimed.len(), 1);
        }
    }

    #[test]
    fn only_the_newest_of_each_channel_are_kept() {
        let staging = Staging::in_memory().unwrap();
        let other = alert_to("ntfy", "first");
        staging.keep_alerts(&[other], Utc::now()).unwrap();
        for n in 0..KEPT + 5 {
            let alert = alert(&n.to_string());
            staging.keep_alerts(&[alert], Utc::now()).unwrap();
        }
        let waiting = staging.claim_alerts("webhook", Utc::now()).unwrap();
        assert_eq!((waiting.len(), said(&waiting)[0]), (100, "5"));
        assert_eq!(staging.claim_alerts("ntfy", Utc::now()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_kept_for_a_channel_that_is_gone_goes_when_it_is_old() {
        let staging = Staging::in_memory().unwrap();
        let old: DateTime<Utc> = "2026-11-20T00:00:00Z".parse().unwrap();
        for (channel, at) in [("ntfy", old), ("slack", old), ("slack", Utc::now())] {
            staging.keep_alerts(&[alert_to(channel, "x")], at).unwrap();
        }
        let before = "2026-11-27T00:00:00Z".parse().unwrap();
        let gone = staging.forget_channels(&["ntfy"], before).unwrap();
        assert_eq!(gone, [("slack".to_owned(), 1)]);
        assert_eq!(staging.forget_channels(&["ntfy"], before).unwrap(), []);
        assert_eq!(staging.claim_alerts("slack", Utc::now()).unwrap().len(), 1);
        assert_eq!(staging.claim_alerts("ntfy", Utc::now()).unwrap().len(), 1);
        let cases = staging.alert_cases().unwrap();
        assert!(cases.keys().all(|(channel, ..)| channel == "ntfy"));
    }

    #[test]
    fn what_became_of_the_last_message_is_known_until_the_channel_is_gone() {
        let staging = Staging::in_memory().unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let [first, second] = [at("2026-11-25T09:00:00Z"), at("2026-11-26T09:00:00Z")];
        let last = || staging.deliveries().unwrap().remove("ntfy").unwrap();
        let note = |failed, now| staging.note_delivery("ntfy", failed, now).unwrap();
        note(Some("HTTP 403"), first);
        assert_eq!(
            (last().delivered_at, last().said),
            (None, "HTTP 403".to_owned())
        );
        note(None, first);
        let delivered = Some(timestamp::to_text(first));
        let well = LastDelivery {
            delivered_at: delivered.clone(),
            ..LastDelivery::default()
        };
        assert_eq!(last(), well);
        note(Some("HTTP 500"), second);
        assert_eq!(
            (last().delivered_at, last().said),
            (delivered, "HTTP 500".to_owned())
        );
        assert_eq!(last().failed_at, Some(timestamp::to_text(second)));
        staging.forget_channels(&["slack"], first).unwrap();
        assert!(staging.deliveries().unwrap().is_empty());
    }

    #[test]
    fn what_an_older_version_left_is_the_webhook_s_and_is_read_as_the_text_that_it_is() {
        let file = Connection::open_in_memory().unwrap();
        let is_it = |sql: &&str| sql.contains("CREATE TABLE alert_channel");
        let at = MIGRATIONS.iter().position(is_it).unwrap();
        for migration in &MIGRATIONS[..at] {
            file.execute_batch(migration).unwrap();
        }
        file.execute_batch(
            "INSERT INTO alert_case VALUES ('sync', '', 'down', '2026-11-20', '2026-11-25', 0);
             INSERT INTO alert_outbox (created_at, content, refused) VALUES ('2026', '**\"bold\"** \\_', 2)",
        )
        .unwrap();
        file.execute_batch(MIGRATIONS[at]).unwrap();
        let read = |sql| -> String { file.query_row(sql, [], |r| r.get(0)).unwrap() };
        let facts = facts_of(read(
            "SELECT facts FROM alert_outbox WHERE channel = 'webhook' AND refused = 2",
        ));
        assert_eq!(facts, text("**\"bold\"** \\_"));
        assert_eq!(
            read(
                "SELECT channel || topic || asset_id || cause || since || told || named FROM alert_case"
            ),
            "webhooksyncdown2026-11-202026-11-250"
        );
        // A text of another program.
        assert_eq!(facts_of("{}".to_owned()), text("{}"));
    }
}
