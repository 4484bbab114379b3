//! Where answers come from: the sources, the sources with an archive, or recordings.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::context::now;
use crate::cli::LookUpArgs;
use crate::config::keys::Keys;
use crate::config::{Config, ConfigError};
use crate::domain::run::Problem;
use crate::domain::timestamp::CLOCK_TOLERANCE;
use crate::jobs::lookup::LookUps;
use crate::process::clock::Clock;
use crate::process::stop::Stop;
use crate::sources::fetch::{Archive, Feed, Http, LookUpFeed, Replay};

pub(super) enum Source {
    Sources(Http),
    Archived(Archive<Http>),
    Recordings(Replay),
}

impl Source {
    pub(super) fn network(config: &Config, clock: &Arc<Clock>, stop: &Stop) -> Self {
        Self::Sources(Http::new(&config.fetch, Arc::clone(clock), stop.clone()))
    }

    /// The sources, with every answer kept in a folder.
    pub(super) fn archived(
        folder: &Path,
        config: &Config,
        clock: &Arc<Clock>,
        stop: &Stop,
    ) -> Result<Self> {
        let http = Http::new(&config.fetch, Arc::clone(clock), stop.clone());
        let archive = Archive::new(http, folder).map_err(|e| unfit_archive(folder, &e))?;
        Ok(Self::Archived(archive))
    }

    /// The recordings in a folder; `fetched_at` is the fetch time of recordings without one.
    pub(super) fn recordings(
        folder: &Path,
        fetched_at: Option<DateTime<Utc>>,
        keys: &Keys,
    ) -> Result<Self> {
        if let Some(time) = fetched_at.filter(|t| *t > now() + CLOCK_TOLERANCE) {
            return Err(ConfigError(format!("--fetched-at {time} is in the future")).into());
        }
        if !folder.is_dir() {
            return Err(ConfigError(format!("--replay: folder {folder:?} does not exist")).into());
        }
        let replay = Replay::new(folder, fetched_at, now())
            .map_err(|e| ConfigError(format!("--replay: cannot read {folder:?} ({e})")));
        Ok(Self::Recordings(replay?.hiding(keys)))
    }

    /// The answers to look-ups as the command line asks.
    pub(super) fn for_look_ups(
        args: &LookUpArgs,
        config: &Config,
        clock: &Arc<Clock>,
        stop: &Stop,
    ) -> Result<Self> {
        match (&args.replay, &args.archive) {
            (Some(folder), _) => Self::recordings(folder, None, &config.fetch.keys),
            (None, Some(folder)) => Self::archived(folder, config, clock, stop),
            (None, None) => Ok(Self::network(config, clock, stop)),
        }
    }

    pub(super) fn feed(&self) -> &dyn Feed {
        match self {
            Self::Sources(feed) => feed,
            Self::Archived(feed) => feed,
            Self::Recordings(feed) => feed,
        }
    }

    /// Look-ups for a person who waits.
    pub(super) fn look_ups<'a>(&'a self, config: &Config, clock: &'a Clock) -> LookUps<'a> {
        let mut retry = config.fetch.retry;
        let feed: &dyn LookUpFeed = match self {
            Self::Sources(feed) => feed,
            Self::Archived(feed) => feed,
            Self::Recordings(feed) => {
                // Reading a recording again gives the same answer.
                retry.tries = 1;
                feed
            }
        };
        LookUps::new(feed, retry, clock, now().date_naive())
    }

    /// A problem apart from the answers: the archive could not be written.
    pub(super) fn problem(&self) -> Option<Problem> {
        let Self::Archived(archive) = self else {
            return None;
        };
        let error = archive.failure()?;
        log::error!("{error}");
        Some(Problem::of_run(error))
    }
}

/// The error for a folder that cannot hold an archive.
pub(super) fn unfit_archive(folder: &Path, error: &io::Error) -> ConfigError {
    ConfigError(format!("--archive: cannot write to {folder:?} ({error})"))
}
