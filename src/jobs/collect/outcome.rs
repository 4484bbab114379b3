//! The results of a run, asset by asset.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::asset::Asset;
use crate::domain::finding::Rejected;
use crate::domain::gaps::SessionCoverage;
use crate::domain::run::{AssetRun, Problem, Status};
use crate::domain::validate::Checked;
use crate::domain::window::Window;
use crate::output::numbers::{counted, first_five};
use crate::sources::fetch::FetchError;
use crate::staging::{Suspicion, Tally};

/// The result of one asset. The fields are the columns of the result.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AssetOutcome {
    pub(crate) asset_id: String,
    /// `ok`, `suspect` (staged, but the series may mix two scales) or `failed`.
    pub(crate) status: &'static str,
    /// The source whose bars were staged.
    pub(crate) source: Option<String>,
    /// First requested day.
    pub(crate) start: Option<NaiveDate>,
    /// Last requested day.
    pub(crate) end: Option<NaiveDate>,
    /// Bars of days that were not stored before.
    pub(crate) new: u64,
    /// Bars that changed stored values.
    pub(crate) changed: u64,
    /// Bars equal to the stored ones.
    pub(crate) unchanged: u64,
    /// Bars not stored because the stored bar is newer, or has the volume that this one lacks.
    pub(crate) kept: u64,
    /// Rows that cannot be bars and were not in quarantine yet.
    pub(crate) rejected: u64,
    /// Findings about the bars.
    pub(crate) findings: u64,
    /// Milliseconds.
    pub(crate) elapsed_ms: u64,
    /// Why it failed, and errors of sources that did not answer.
    pub(crate) message: Option<String>,
    /// The same, for `error_message`.
    #[serde(skip)]
    pub(crate) problems: Vec<Problem>,
    /// Whether this run found or confirmed that it is suspect.
    #[serde(skip)]
    is_news: bool,
    /// Whether it failed only because none of its sources could be reached.
    #[serde(skip)]
    pub(crate) is_skipped: bool,
}

impl AssetOutcome {
    /// Number of bars as stored.
    #[must_use]
    pub(crate) fn rows(&self) -> u64 {
        self.new + self.changed + self.unchanged
    }

    fn has_failed(&self) -> bool {
        self.status == FAILED
    }

    fn is_suspect(&self) -> bool {
        self.status == SUSPECT
    }

    /// Marks the asset as suspect, even if the suspect series was not asked.
    pub(super) fn suspect(&mut self) {
        if !self.has_failed() {
            self.status = SUSPECT;
        }
    }
}

/// One sentence about the assets whose sources could not be asked.
#[must_use]
pub(crate) fn skipped(assets: &[AssetOutcome]) -> Option<String> {
    let skipped = assets.iter().filter(|a| a.is_skipped);
    let ids: Vec<&str> = skipped.map(|a| a.asset_id.as_str()).collect();
    let number = counted(ids.len() as u64, "asset was", "assets were");
    (!ids.is_empty()).then(|| {
        format!(
            "{number} skipped, their sources could not be asked: {}",
            first_five(&ids)
        )
    })
}

const OK: &str = "ok";
const SUSPECT: &str = "suspect";
const FAILED: &str = "failed";

/// The results of a run: all facts for the table, the JSON, the run's record, the exit code and the alert.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// In the order of `assets.toml`.
    pub(crate) assets: Vec<AssetOutcome>,
    /// Failures that belong to no asset.
    pub(crate) problems: Vec<Problem>,
}

impl Outcome {
    /// The status of the run. A suspect asset is staged; it fails the run that finds it, or an audit that confirms it.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        let failed = self.assets.iter().filter(|a| a.has_failed()).count();
        let suspect = self.assets.iter().filter(|a| a.is_suspect() && a.is_news);
        Status::of(
            self.assets.len() - failed,
            failed + suspect.count() + self.problems.len(),
        )
    }

    /// The assets that are neither failed nor suspect.
    #[must_use]
    pub(crate) fn succeeded(&self) -> Vec<String> {
        let succeeded = self
            .assets
            .iter()
            .filter(|a| !a.has_failed() && !a.is_suspect());
        succeeded.map(|a| a.asset_id.clone()).collect()
    }

    /// The result of each asset, for its own record.
    #[must_use]
    pub(crate) fn asset_runs(&self) -> Vec<AssetRun> {
        let run = |a: &AssetOutcome| AssetRun {
            asset_id: a.asset_id.clone(),
            status: a.status.to_owned(),
            source: a.source.clone(),
            message: a.message.clone(),
        };
        self.assets.iter().map(run).collect()
    }

    /// The counts over all assets.
    #[must_use]
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals {
            assets: self.assets.len(),
            failed: self.assets.iter().filter(|a| a.has_failed()).count(),
            ..Totals::default()
        };
        for asset in &self.assets {
            totals.new += asset.new;
            totals.changed += asset.changed;
            totals.unchanged += asset.unchanged;
            totals.kept += asset.kept;
            totals.rejected += asset.rejected;
            totals.findings += asset.findings;
        }
        totals
    }

    /// All failures, for `error_message`.
    #[must_use]
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.assets
            .iter()
            .flat_map(|a| a.problems.iter().cloned())
            .chain(self.problems.iter().cloned())
            .collect()
    }
}

/// The counts of a run over all assets: `job_run.summary`, whose size does not depend on their number.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Totals {
    assets: usize,
    failed: usize,
    new: u64,
    changed: u64,
    unchanged: u64,
    kept: u64,
    rejected: u64,
    findings: u64,
}

/// What is known of an asset while it is collected.
pub(super) struct AssetProgress {
    asset_id: String,
    source: Option<String>,
    pub(super) window: Option<Window>,
    tally: Tally,
    pub(super) findings: u64,
    /// Whether a series was compared or reread in full.
    pub(super) is_read_whole: bool,
    failed: bool,
    is_suspect: bool,
    is_news: bool,
    problems: Vec<Problem>,
    /// Sources without a recording in a replay; mentioned only if no other source answered.
    not_asked: Vec<Problem>,
    /// How many sources could not be asked.
    unavailable: usize,
}

impl AssetProgress {
    pub(super) fn new(asset: &Asset) -> Self {
        Self {
            asset_id: asset.id.to_string(),
            source: None,
            window: None,
            tally: Tally::default(),
            findings: 0,
            is_read_whole: false,
            failed: false,
            is_suspect: false,
            is_news: false,
            problems: Vec::new(),
            not_asked: Vec::new(),
            unavailable: 0,
        }
    }

    fn problem(&self, source: Option<&str>, error: String) -> Problem {
        match source {
            Some(source) => Problem::of_source(&self.asset_id, source, error),
            None => Problem::of_asset(&self.asset_id, error),
        }
    }

    pub(super) fn not_asked(&mut self, source: &str, error: String) {
        self.not_asked.push(self.problem(Some(source), error));
    }

    pub(super) fn warn(&mut self, source: &str, error: String) {
        self.problems.push(self.problem(Some(source), error));
    }

    /// Records why an endpoint returned nothing.
    pub(super) fn no_answer(&mut self, source: &str, error: &FetchError) {
        self.unavailable += usize::from(error.is_unavailable());
        self.warn(source, error.to_string());
    }

    pub(super) fn fail(&mut self, source: Option<&str>, error: String) {
        self.failed = true;
        self.problems.push(self.problem(source, error));
    }

    pub(super) fn fail_rebase<T>(&mut self, source: &str, detail: &str, why: &str) -> Option<T> {
        let what =
            "it arrived in another scale and could not be reread in full; nothing was staged";
        self.fail(Some(source), format!("{what}: {detail}; {why}"));
        None
    }

    /// Records why a series is suspect. Due sessions that were held back count as failed.
    pub(super) fn suspected(&mut self, source: &str, suspicion: &Suspicion, due: &[NaiveDate]) {
        let Some(words) = suspicion.in_words() else {
            return;
        };
        self.is_suspect = true;
        self.is_news |= suspicion.is_new || suspicion.is_confirmed;
        let problem = self.problem(Some(source), words);
        self.problems.push(match suspicion.is_new {
            true => problem,
            false => problem.known(),
        });
        let mut held = due.iter().filter(|day| suspicion.held_back.contains(day));
        if let Some(first) = held.next() {
            let sessions = counted(1 + held.count(), "session was", "sessions were");
            let why = format!(
                "{sessions} held back, the first on {first}: the answer does not join the stored series"
            );
            self.fail(Some(source), why);
        }
    }

    pub(super) fn fail_without_a_bar(&mut self) {
        self.problems.append(&mut self.not_asked);
        self.fail(None, "no source has a bar".to_owned());
    }

    /// Names the source of the staged bars: the last one, plus those with bars before it if all are asked.
    fn name_source(&mut self, source: &str) {
        let Tally {
            new,
            changed,
            unchanged,
            kept,
            ..
        } = self.tally;
        let before = self.source.take();
        let had_bars = new + changed + unchanged + kept > 0;
        self.source = Some(match before.filter(|b| had_bars && b != source) {
            Some(before) => format!("{before}, {source}"),
            None => source.to_owned(),
        });
    }

    /// Counts the missing sessions of a series without bars; those of the others are judged together.
    pub(super) fn found_gaps(&mut self, coverage: &SessionCoverage) {
        self.findings += coverage.missing.len() as u64;
    }

    pub(super) fn staged(&mut self, source: &str, tally: Tally, checked: &Checked) {
        if !checked.bars.is_empty() || tally.rejected > 0 {
            self.name_source(source);
        }
        self.tally.new += tally.new;
        self.tally.changed += tally.changed;
        self.tally.unchanged += tally.unchanged;
        self.tally.kept += tally.kept;
        self.tally.rejected += tally.rejected;
        self.findings += tally.findings;
        if tally.rejected > 0 {
            let rows: Vec<String> = checked
                .rejected
                .iter()
                .take(3)
                .map(Rejected::in_words)
                .collect();
            let more = if checked.rejected.len() > rows.len() {
                " …"
            } else {
                ""
            };
            self.fail(
                Some(source),
                format!(
                    "{} went to quarantine: {}{more}",
                    counted(tally.rejected, "row", "rows"),
                    rows.join("; ")
                ),
            );
        }
    }

    pub(super) fn finish(self, elapsed_ms: u64) -> AssetOutcome {
        // The message also contains "no source has a bar".
        let is_skipped =
            self.failed && self.unavailable > 0 && self.unavailable + 1 == self.problems.len();
        let message: Vec<String> = self.problems.iter().map(Problem::words).collect();
        AssetOutcome {
            asset_id: self.asset_id,
            status: match (self.failed, self.is_suspect) {
                (true, _) => FAILED,
                (false, true) => SUSPECT,
                (false, false) => OK,
            },
            source: self.source,
            start: self.window.map(|w| w.start),
            end: self.window.map(|w| w.end),
            new: self.tally.new,
            changed: self.tally.changed,
            unchanged: self.tally.unchanged,
            kept: self.tally.kept,
            rejected: self.tally.rejected,
            findings: self.findings,
            elapsed_ms,
            message: (!message.is_empty()).then(|| message.join(" · ")),
            problems: self.problems,
            is_news: self.is_news,
            is_skipped,
        }
    }
}

/// Logs one line per asset. Assets whose sources could not be asked are logged together at the end.
pub(super) fn log_outcome(outcome: &AssetOutcome) {
    let level = match (outcome.has_failed(), &outcome.message) {
        (true, _) if outcome.is_skipped => log::Level::Debug,
        (true, _) => log::Level::Error,
        (false, Some(_)) => log::Level::Warn,
        (false, None) => log::Level::Info,
    };
    let said = outcome
        .message
        .as_deref()
        .map(|m| format!(": {m}"))
        .unwrap_or_default();
    log::log!(
        level,
        asset = outcome.asset_id.as_str(),
        source = outcome.source.as_deref().unwrap_or("-"),
        rows = outcome.rows(),
        elapsed_ms = outcome.elapsed_ms;
        "{}{said}", if outcome.has_failed() { "failed" } else { "collected" }
    );
}
