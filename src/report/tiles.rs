//! Answers at a glance, each a link to where it is told in full.

use super::facts::Facts;
use super::view::{AssetView, number};

/// One answer: its value, and by colour and mark whether it is good.
pub(super) struct Tile {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) value: String,
    pub(super) label: &'static str,
    pub(super) link: &'static str,
}

/// How good an answer is.
#[derive(Clone, Copy)]
enum State {
    Good,
    /// Worth a look.
    Worth,
    Bad,
}

impl State {
    /// Good while there is none of it, else what it is.
    fn unless_none(count: usize, otherwise: Self) -> Self {
        if count == 0 { Self::Good } else { otherwise }
    }

    fn tile(self, value: String, label: &'static str, link: &'static str) -> Tile {
        let (class, mark) = match self {
            Self::Good => ("ok", "✓"),
            Self::Worth => ("note", "!"),
            Self::Bad => ("stale", "✕"),
        };
        Tile {
            class,
            mark,
            value,
            label,
            link,
        }
    }
}

/// `only_board`: whether the assets are told on the board alone, until one is asked for.
pub(super) fn tiles(facts: &Facts, assets: &[AssetView], only_board: bool) -> Vec<Tile> {
    let charts = if only_board { "#board" } else { "#charts" };
    let mut tiles = tiles_of_series(facts, assets, charts);
    tiles.extend(tiles_of_runs(facts));
    tiles
}

fn tiles_of_series(facts: &Facts, assets: &[AssetView], charts: &'static str) -> Vec<Tile> {
    let watched = facts
        .assets
        .iter()
        .filter(|a| a.freshness.is_some())
        .count();
    let fresh = assets.iter().filter(|a| a.badge.class == "ok").count();
    let gaps: usize = assets.iter().map(|a| a.gaps.count).sum();
    let findings: usize = facts.assets.iter().map(|a| a.findings.len()).sum();
    let corrections = facts.assets.iter().flat_map(|a| &a.corrections);
    let corrected = corrections.filter(|c| !c.was_provisional).count();
    let suspect = facts.assets.iter().filter(|a| a.is_suspect()).count();
    let is_suspect = State::unless_none(suspect, State::Bad);
    let is_fresh = State::unless_none(watched - fresh, State::Bad);
    let has_gaps = State::unless_none(gaps, State::Bad);
    let has_findings = State::unless_none(findings, State::Worth);
    let has_corrections = State::unless_none(corrected, State::Worth);
    vec![
        is_fresh.tile(format!("{fresh}/{watched}"), "series are fresh", "#board"),
        has_gaps.tile(number(gaps), "sessions without a bar", charts),
        is_suspect.tile(number(suspect), "assets may mix two scales", charts),
        has_findings.tile(number(findings), "open findings", charts),
        has_corrections.tile(
            number(corrected),
            "prices corrected afterwards",
            "#corrections",
        ),
    ]
}

fn tiles_of_runs(facts: &Facts) -> Vec<Tile> {
    let ended = facts.runs.iter().filter(|r| r.milliseconds.is_some());
    let all = ended.clone().count();
    let succeeded = ended.filter(|r| r.status == "success").count();
    let pending = usize::try_from(facts.sync.pending).unwrap_or(usize::MAX);
    let refused = facts.sync.rejects.len();
    let has_failures = State::unless_none(all - succeeded, State::Worth);
    let has_pending = State::unless_none(pending, State::Worth);
    let has_refused = State::unless_none(refused, State::Bad);
    vec![
        has_failures.tile(format!("{succeeded}/{all}"), "runs succeeded", "#runs"),
        has_pending.tile(number(pending), "rows wait for PostgreSQL", "#sync"),
        has_refused.tile(number(refused), "rows refused by PostgreSQL", "#sync"),
    ]
}
