//! What a report tells: plain data, of which the page is a pure map.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::calendar::Calendar;
use crate::domain::run::Problem;
use crate::jobs::healthcheck::Freshness;
use crate::staging::{Correction, StoredBar, StoredFinding, StoredReject};

/// Everything that a report tells.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The staging file, as the user named it.
    pub staging: String,
    /// By asset.
    pub assets: Vec<AssetFacts>,
    /// The runs of the last [`super::RUN_DAYS`] days, newest first.
    pub runs: Vec<RunFacts>,
    /// How often each source answered in those runs.
    pub sources: Vec<SourceFacts>,
    /// On the way to the warehouse.
    pub sync: SyncFacts,
}

/// One asset.
#[derive(Debug, Clone)]
pub struct AssetFacts {
    /// Its key.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is; empty where that is not known.
    pub category: String,
    /// When it trades; `None` for an asset that is not configured any more and whose calendar is not known.
    pub calendar: Option<Calendar>,
    /// The currency of its own series.
    pub currency: String,
    /// Its series in the order of its sources.
    pub series: Vec<SeriesFacts>,
    /// Whether its newest bar is the one that should be there; `None` for an asset that is not collected.
    pub freshness: Option<Freshness>,
    /// The session whose bar should be there.
    pub expected: Option<NaiveDate>,
    /// Bars in the staging file, of every source and year.
    pub staged: u64,
    /// Bars that the warehouse does not have.
    pub pending: u64,
    /// Open findings.
    pub findings: Vec<StoredFinding>,
    /// Sessions that were waived, with the reason.
    pub waived: BTreeMap<NaiveDate, String>,
    /// Days on which no asset of its calendar has a bar.
    pub probably_closed: BTreeSet<NaiveDate>,
    /// What changed afterwards, newest first.
    pub corrections: Vec<Correction>,
}

/// The bars of one source.
#[derive(Debug, Clone)]
pub struct SeriesFacts {
    /// The `source` column.
    pub source: String,
    /// The currency of its prices.
    pub currency: String,
    /// Whether it may stand for the asset's price.
    pub is_own: bool,
    /// Oldest first.
    pub bars: Vec<StoredBar>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    /// The run.
    pub job_id: String,
    /// The command.
    pub job_name: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took; `None` while it is under way.
    pub milliseconds: Option<i64>,
    /// `running`, `success`, `partial_failure` or `failure`.
    pub status: String,
    /// Rows that it staged or sent; `None` where it did not say so.
    pub rows: Option<u64>,
    /// What failed.
    pub problems: Vec<Problem>,
}

/// How often a source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFacts {
    /// The source.
    pub source: String,
    /// For how many assets of how many runs it was asked, as far as the runs tell.
    pub asked: u64,
    /// How often of those it gave bars.
    pub answered: u64,
    /// What it complained of last.
    pub last_problem: Option<String>,
}

/// What is known of the way to the warehouse.
#[derive(Debug, Clone)]
pub struct SyncFacts {
    /// Bars that wait.
    pub pending: u64,
    /// Rows that the warehouse refused.
    pub rejects: Vec<StoredReject>,
    /// The newest sync that has ended: its status and when it ended.
    pub last_sync: Option<(String, String)>,
    /// The newest comparison with the warehouse: its status and when it ended.
    pub last_verified: Option<(String, String)>,
    /// What the warehouse itself says.
    pub warehouse: WarehouseFacts,
}

/// What the warehouse says of itself.
#[derive(Debug, Clone)]
pub enum WarehouseFacts {
    /// There is no `DATABASE_URL`.
    NotConfigured,
    /// It could not be asked, and why.
    Unreachable(String),
    /// Rows by asset.
    Counts(BTreeMap<String, u64>),
}

impl AssetFacts {
    /// One bar a day, oldest first, each with the place of its series: the first of its own sources that has one.
    #[must_use]
    pub fn best(&self) -> Vec<(usize, &StoredBar)> {
        let mut best = BTreeMap::new();
        for (at, series) in self.series.iter().enumerate().filter(|(_, s)| s.is_own) {
            for bar in &series.bars {
                best.entry(bar.date).or_insert((at, bar));
            }
        }
        best.into_values().collect()
    }
}

impl Facts {
    /// Takes secrets out of every text that comes from elsewhere: an older run may have kept one.
    pub fn redact(&mut self, redact: impl Fn(&str) -> String) {
        for problem in self.runs.iter_mut().flat_map(|r| &mut r.problems) {
            problem.reword(&redact);
        }
        let findings = self.assets.iter_mut().flat_map(|a| &mut a.findings);
        let sources = self.sources.iter_mut();
        let texts = sources
            .filter_map(|s| s.last_problem.as_mut())
            .chain(self.sync.rejects.iter_mut().map(|r| &mut r.message))
            .chain(findings.map(|f| &mut f.detail));
        for text in texts {
            *text = redact(text);
        }
        if let WarehouseFacts::Unreachable(why) = &mut self.sync.warehouse {
            *why = redact(why);
        }
    }
}
