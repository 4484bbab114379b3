//! A run from its beginning to its end: the one seam above `collect` and `sync` where it is recorded and told.

use anyhow::Result;
use uuid::Uuid;

use super::now;
use crate::config::Config;
use crate::job_run::{Problem, Status};
use crate::staging::{RunLock, Staging};

/// A run that is under way. Dropped without an end it stays `running`, and the next start closes it as abandoned.
pub(super) struct Run<'a> {
    staging: &'a Staging,
    config: &'a Config,
    id: Uuid,
    /// Shows other processes that this one is alive.
    _lock: RunLock,
}

impl<'a> Run<'a> {
    /// Records that a run has begun.
    pub(super) fn begin(
        job_name: &'static str,
        staging: &'a Staging,
        config: &'a Config,
    ) -> Result<Self> {
        let (id, lock) = staging.begin_run(job_name, now())?;
        Ok(Self {
            staging,
            config,
            id,
            _lock: lock,
        })
    }

    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// Records how it ended. Of several ends the last one counts. What it says goes to the warehouse too, so that no
    /// secret may be in it.
    pub(super) fn end(&self, status: Status, problems: &[Problem], summary: &str) -> Result<()> {
        let redaction = &self.config.redaction;
        let problems: Vec<Problem> = problems
            .iter()
            .map(|p| Problem {
                error: redaction.text(&p.error),
                ..p.clone()
            })
            .collect();
        let summary = redaction.json(summary);
        self.staging
            .end_run(self.id, status, &problems, &summary, now())
    }
}
