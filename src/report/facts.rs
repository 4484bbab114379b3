//! What a report tells: plain data, of which the page is a pure map.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::adjustment::Factors;
use crate::domain::calendar::Calendar;
use crate::domain::run::Problem;
use crate::jobs::healthcheck::Freshness;
use crate::staging::{Action, Correction, StoredBar, StoredFinding, StoredReject};

/// Everything that a report tells.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// When it was made.
    pub(crate) made_at: DateTime<Utc>,
    /// The staging file, as the user named it.
    pub(crate) staging: String,
    /// By asset.
    pub(crate) assets: Vec<AssetFacts>,
    /// The runs of the last [`super::RUN_DAYS`] days, newest first.
    pub(crate) runs: Vec<RunFacts>,
    /// How often each source answered in those runs.
    pub(crate) sources: Vec<SourceFacts>,
    /// On the way to the warehouse.
    pub(crate) sync: SyncFacts,
}

/// One asset.
#[derive(Debug, Clone)]
pub(crate) struct AssetFacts {
    /// Its key.
    pub(crate) id: String,
    pub(crate) name: String,
    /// What its sources call it.
    pub(crate) symbols: Vec<String>,
    /// What it is; empty where that is not known.
    pub(crate) category: String,
    /// When it trades; `None` for an asset that is not configured any more and whose calendar is not known.
    pub(crate) calendar: Option<Calendar>,
    /// The currency of its own series.
    pub(crate) currency: String,
    /// Its series in the order of its sources.
    pub(crate) series: Vec<SeriesFacts>,
    /// What the prices of its charts can be adjusted by, and are at first.
    pub(crate) factors: Factors,
    /// Its dividends, splits and capital gains, oldest first, without those that their source has withdrawn.
    pub(crate) actions: Vec<Action>,
    /// Whether its newest bar is the one that should be there; `None` for an asset that is not collected.
    pub(crate) freshness: Option<Freshness>,
    /// The session whose bar should be there.
    pub(crate) expected: Option<NaiveDate>,
    /// Bars in the staging file, of every source and year.
    pub(crate) staged: u64,
    /// Bars that the warehouse does not have.
    pub(crate) pending: u64,
    /// Open findings.
    pub(crate) findings: Vec<StoredFinding>,
    /// Sessions that were waived, with the reason.
    pub(crate) waived: BTreeMap<NaiveDate, String>,
    /// Days on which no asset of its calendar has a bar.
    pub(crate) probably_closed: BTreeSet<NaiveDate>,
    /// What changed afterwards, newest first.
    pub(crate) corrections: Vec<Correction>,
}

impl AssetFacts {
    /// Whether one of its series may mix two scales.
    #[must_use]
    pub(super) fn is_suspect(&self) -> bool {
        self.findings.iter().any(StoredFinding::is_suspect)
    }

    /// The series that may mix two scales, each with the first day from which its prices may be in another scale than before.
    #[must_use]
    pub(super) fn suspect_since(&self) -> BTreeMap<&str, NaiveDate> {
        let mut since = BTreeMap::new();
        for finding in self.findings.iter().filter(|f| f.is_suspect()) {
            if let Ok(date) = finding.date.parse::<NaiveDate>() {
                let first = since.entry(finding.source.as_str()).or_insert(date);
                *first = date.min(*first);
            }
        }
        since
    }
}

/// The bars of one source.
#[derive(Debug, Clone)]
pub(crate) struct SeriesFacts {
    /// The `source` column.
    pub(crate) source: String,
    /// The currency of its prices.
    pub(crate) currency: String,
    /// Whether it may stand for the asset's price.
    pub(crate) is_own: bool,
    /// Oldest first; empty when the asset was drawn.
    pub(crate) bars: Vec<StoredBar>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunFacts {
    pub(crate) job_id: String,
    /// The command.
    pub(crate) job_name: String,
    /// When it began.
    pub(crate) started_at: DateTime<Utc>,
    /// How long it took; `None` while it is under way.
    pub(crate) milliseconds: Option<i64>,
    /// `running`, `success`, `partial_failure` or `failure`.
    pub(crate) status: String,
    /// Rows that it staged or sent; `None` where it did not say so.
    pub(crate) rows: Option<u64>,
    /// What failed.
    pub(crate) problems: Vec<Problem>,
}

/// How often a source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFacts {
    pub(crate) source: String,
    /// For how many assets of how many runs it was asked, as far as the runs tell.
    pub(crate) asked: u64,
    /// How often of those it gave bars.
    pub(crate) answered: u64,
    /// What it complained of last.
    pub(crate) last_problem: Option<String>,
}

/// What is known of the way to the warehouse.
#[derive(Debug, Clone)]
pub(crate) struct SyncFacts {
    /// Bars that wait.
    pub(crate) pending: u64,
    /// Rows that the warehouse refused.
    pub(crate) rejects: Vec<StoredReject>,
    /// The newest sync that has ended: its status and when it ended.
    pub(crate) last_sync: Option<(String, String)>,
    /// The newest comparison with the warehouse: its status and when it ended.
    pub(crate) last_verified: Option<(String, String)>,
    /// What the warehouse itself says.
    pub(crate) warehouse: WarehouseFacts,
}

/// What the warehouse says of itself.
#[derive(Debug, Clone)]
pub(crate) enum WarehouseFacts {
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
    pub(crate) fn best(&self) -> Vec<(usize, &StoredBar)> {
        let mut best = BTreeMap::new();
        for (at, series) in self.series.iter().enumerate().filter(|(_, s)| s.is_own) {
            for bar in &series.bars {
                best.entry(bar.date).or_insert((at, bar));
            }
        }
        best.into_values().collect()
    }
}

impl AssetFacts {
    /// Takes secrets out of every text that comes from elsewhere.
    pub(crate) fn redact(&mut self, redact: impl Fn(&str) -> String) {
        for finding in &mut self.findings {
            finding.detail = redact(&finding.detail);
        }
    }
}

impl Facts {
    /// Takes secrets out of every text that comes from elsewhere: an older run may have kept one. Those of the assets are without
    /// them already.
    pub(crate) fn redact(&mut self, redact: impl Fn(&str) -> String) {
        for problem in self.runs.iter_mut().flat_map(|r| &mut r.problems) {
            problem.reword(&redact);
        }
        let sources = self.sources.iter_mut();
        let texts = sources
            .filter_map(|s| s.last_problem.as_mut())
            .chain(self.sync.rejects.iter_mut().map(|r| &mut r.message));
        for text in texts {
            *text = redact(text);
        }
        if let WarehouseFacts::Unreachable(why) = &mut self.sync.warehouse {
            *why = redact(why);
        }
    }
}
