//! Runs: from `running` to their end, even if the process dies.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use rusqlite::{TransactionBehavior, params};
use uuid::Uuid;

use super::Staging;
use super::alerts::{NewAlert, put_alert, put_facts};
use super::file::prune::Old;
use super::file::run_lock::{RunLock, is_abandoned, lock_path, remove_lock_file};
use super::file::running::{host, running, under_way};
use super::job_run::job_runs_as;
use crate::domain::alert::Facts;
use crate::domain::outgoing::OutgoingRun;
use crate::domain::run::{AssetRun, JobRun, Problem, Status, error_message};
use crate::domain::timestamp;

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunEnd<'a> {
    pub(crate) status: Status,
    /// What failed.
    pub(crate) problems: &'a [Problem],
    /// Its counts as JSON.
    pub(crate) summary: &'a str,
    /// The results of its assets.
    pub(crate) assets: &'a [AssetRun],
    /// What is to be said about it, by channel.
    pub(crate) alerts: &'a [NewAlert],
}

impl Staging {
    /// Records that a run has begun, and closes those whose process died. Of each of them an alert is kept for each channel.
    pub(crate) fn begin_run(
        &self,
        job_name: &str,
        channels: &[&str],
        now: DateTime<Utc>,
    ) -> Result<(Uuid, RunLock)> {
        self.close_abandoned_runs(channels, now)?;
        let job_id = Uuid::now_v7();
        // The lock first: a row without a lock is one whose process is gone.
        let lock = RunLock::take(lock_path(&self.path, &job_id.to_string()))?;
        self.connection()?.execute(
            "INSERT INTO job_run (job_id, job_name, started_at, status, host, process_id, version)
             VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?6)",
            params![
                job_id.to_string(),
                job_name,
                timestamp::to_text(now),
                host(),
                std::process::id(),
                env!("CARGO_PKG_VERSION"),
            ],
        )?;
        Ok((job_id, lock))
    }

    /// Records the end of a run and, in the same transaction, its alert: neither is lost without the other.
    pub(crate) fn end_run(&self, job_id: Uuid, end: &RunEnd<'_>, now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "UPDATE job_run SET ended_at = ?2, status = ?3, error_message = ?4, summary = ?5, revision = revision + 1
             WHERE job_id = ?1",
            params![
                job_id.to_string(),
                timestamp::to_text(now),
                end.status.name(),
                error_message(end.problems),
                end.summary
            ],
        )?;
        for AssetRun {
            asset_id,
            status,
            source,
            message,
        } in end.assets
        {
            tx.prepare_cached("INSERT OR REPLACE INTO asset_run VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    job_id.to_string(),
                    asset_id,
                    status,
                    source,
                    message
                ])?;
        }
        for alert in end.alerts {
            put_alert(&tx, alert, now)?;
        }
        Ok(tx.commit()?)
    }

    /// The runs whose process is alive, oldest first.
    pub(crate) fn running_runs(&self) -> Result<Vec<JobRun>> {
        under_way(&*self.connection()?, &self.path)
    }

    /// The runs recorded as running though their process is gone, oldest first; the next start closes them.
    pub(crate) fn runs_cut_off(&self) -> Result<Vec<JobRun>> {
        let connection = self.connection()?;
        // Read before and after looking at the processes: a run may start or end meanwhile.
        let mut runs = running(&connection)?;
        let alive = under_way(&connection, &self.path)?;
        let still = running(&connection)?;
        runs.retain(|run| !alive.contains(run) && still.contains(run));
        Ok(runs)
    }

    /// Removes runs that started before a time. Their prices stay.
    pub(crate) fn prune_runs(&self, before: DateTime<Utc>) -> Result<usize> {
        self.prune(Old::Runs, before, true)
    }

    /// Closes the runs that are `running` though their process is gone.
    fn close_abandoned_runs(&self, channels: &[&str], now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection()?;
        for run in running(&connection)? {
            let path = lock_path(&self.path, &run.job_id);
            if !is_abandoned(&path)? {
                continue;
            }
            let problem = Problem::of_run("abandoned: its process died");
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let closed = tx.execute(
                "UPDATE job_run SET ended_at = ?2, status = 'failure', error_message = ?3, revision = revision + 1
                 WHERE job_id = ?1 AND status = 'running'",
                params![run.job_id, timestamp::to_text(now), error_message(&[problem])],
            )?;
            if closed > 0 {
                let facts = abandoned(&run);
                for channel in channels {
                    put_facts(&tx, channel, Some(&run.job_id), &facts, now)?;
                }
            }
            tx.commit()?;
            if closed > 0 {
                log::warn!(job_id = run.job_id; "closed an abandoned run as a failure: its process died");
                remove_lock_file(&path);
            }
        }
        Ok(())
    }

    /// The runs that the warehouse lacks or has in another form, oldest first.
    pub(crate) fn pending_runs(&self) -> Result<PendingRuns> {
        let pending = "WHERE revision <> synced_revision ORDER BY started_at";
        let mut runs = PendingRuns::default();
        for run in job_runs_as(&*self.connection()?, pending, [], outgoing)? {
            match run {
                Ok(run) => runs.runs.push(run),
                Err(why) => runs.unreadable.push(format!("{why:#}")),
            }
        }
        Ok(runs)
    }

    /// Records that the warehouse has these runs, each in the revision that was sent.
    pub(crate) fn acknowledge_runs(&self, runs: &[OutgoingRun]) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for OutgoingRun { run, .. } in runs {
            tx.prepare_cached(
                "UPDATE job_run SET synced_revision = ?2 WHERE job_id = ?1 AND revision = ?2",
            )?
            .execute(params![run.job_id, run.revision])?;
        }
        Ok(tx.commit()?)
    }
}

/// Runs that the warehouse lacks or has in another form.
#[derive(Debug, Default)]
pub(crate) struct PendingRuns {
    /// Those that can be sent, oldest first.
    pub(crate) runs: Vec<OutgoingRun>,
    /// What is wrong with invalid rows of another program.
    pub(crate) unreadable: Vec<String>,
}

/// A run with the types of the warehouse.
fn outgoing(run: JobRun) -> Result<OutgoingRun> {
    let id = &run.job_id;
    let no_uuid = || format!("the id of job_run {id:?} is not a UUID");
    let no_time = || format!("started_at of job_run {id} is not a time");
    Ok(OutgoingRun {
        job_id: id.parse().with_context(no_uuid)?,
        started_at: timestamp::from_text(&run.started_at).with_context(no_time)?,
        ended_at: run.ended_at.as_deref().and_then(timestamp::from_text),
        // The warehouse does not have this column.
        run: JobRun {
            summary: None,
            ..run
        },
    })
}

/// The alert of a run whose process died.
fn abandoned(run: &JobRun) -> Facts {
    Facts::Abandoned {
        topic: run.job_name.clone(),
        run: run.job_id.clone(),
        host: run.host_name().to_owned(),
        started_at: run.started_at.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use chrono::TimeDelta;

    use super::*;
    use crate::staging::file::companions::RUN_LOCK;

    fn statuses(staging: &Staging) -> Vec<(String, Option<String>)> {
        staging
            .pending_runs()
            .unwrap()
            .runs
            .into_iter()
            .map(|r| (r.run.status, r.run.error_message))
            .collect()
    }

    #[test]
    fn a_run_goes_from_running_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(&folder.path().join("s.db")).unwrap();
        let (id, lock) = staging
            .begin_run("collect", &["webhook"], Utc::now())
            .unwrap();
        assert_eq!(statuses(&staging), [("running".to_owned(), None)]);
        let running = staging.pending_runs().unwrap().runs;
        let problem = Problem::of_asset("X", "HTTP 404");
        let end = RunEnd {
            status: Status::PartialFailure,
            problems: &[problem],
            summary: "{}",
            assets: &[AssetRun {
                asset_id: "X".to_owned(),
                status: "failed".to_owned(),
                source: None,
                message: Some("HTTP 404".to_owned()),
            }],
            alerts: &[],
        };
        staging.end_run(id, &end, Utc::now()).unwrap();
        drop(lock);
        let ended = || staging.ended_assets(DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(
            (&*ended()[0].name, ended()[0].error.as_deref()),
            ("X", Some("HTTP 404"))
        );
        // The acknowledgement of what was sent while it ran does not cover its end.
        staging.acknowledge_runs(&running).unwrap();
        let said = "[{\"asset_id\":\"X\",\"error\":\"HTTP 404\"}]".to_owned();
        assert_eq!(
            statuses(&staging),
            [("partial_failure".to_owned(), Some(said))]
        );
        staging
            .acknowledge_runs(&staging.pending_runs().unwrap().runs)
            .unwrap();
        assert!(staging.pending_runs().unwrap().runs.is_empty());
        // What it did for its assets goes with it.
        staging.prune_runs(Utc::now() + TimeDelta::days(1)).unwrap();
        let left = "SELECT count(*) FROM asset_run";
        let left = staging
            .connection()
            .unwrap()
            .query_row(left, [], |r| r.get(0));
        assert_eq!((ended().len(), left), (0, Ok(0)));
    }

    #[test]
    fn only_a_run_whose_process_is_gone_is_abandoned() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(&folder.path().join("s.db")).unwrap();
        let (_, alive) = staging
            .begin_run("collect", &["webhook"], Utc::now())
            .unwrap();
        let (_, mut dead) = staging
            .begin_run("collect", &["webhook"], Utc::now())
            .unwrap();
        assert_eq!(
            statuses(&staging)
                .iter()
                .filter(|s| s.0 == "running")
                .count(),
            2
        );
        assert!(staging.runs_cut_off().unwrap().is_empty());
        dead.die();
        assert_eq!(staging.runs_cut_off().unwrap().len(), 1);
        let (_, third) = staging.begin_run("sync", &["webhook"], Utc::now()).unwrap();
        let all: Vec<_> = statuses(&staging).into_iter().map(|s| s.0).collect();
        assert_eq!(all, ["running", "failure", "running"]);
        assert!(
            statuses(&staging)[1]
                .1
                .as_ref()
                .unwrap()
                .contains("abandoned")
        );
        assert!(staging.runs_cut_off().unwrap().is_empty());
        // Closed once, and told once.
        let (_, fourth) = staging.begin_run("sync", &["webhook"], Utc::now()).unwrap();
        assert_eq!(
            staging.claim_alerts("webhook", Utc::now()).unwrap().len(),
            1
        );
        drop((alive, dead, third, fourth));
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(left.iter().all(|f| !f.contains(RUN_LOCK)), "{left:?}");
    }
}
