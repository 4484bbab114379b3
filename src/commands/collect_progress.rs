//! The progress bar of `collect` on a terminal: finished assets, assets in progress, rows.

use std::sync::{Mutex, PoisonError};

use crate::config::LogFormat;
use crate::domain::asset::Asset;
use crate::jobs::collect::{AssetOutcome, Observer};
use crate::output::stderr::ProgressLine;

pub(super) struct CollectProgress {
    bar: ProgressLine,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: u64,
    rows: u64,
    /// Assets being fetched, oldest first.
    current: Vec<String>,
}

impl State {
    fn begin(&mut self, asset: &str) {
        self.current.push(asset.to_owned());
    }

    fn finish(&mut self, asset: &str, rows: u64) {
        self.current.retain(|a| a != asset);
        self.done += 1;
        self.rows += rows;
    }

    fn words(&self) -> String {
        format!("{} rows, {}", self.rows, self.current.join(", "))
    }
}

impl CollectProgress {
    /// Draws no bar with JSON logs: their reader is a program, even on a terminal.
    pub(super) fn new(assets: usize, format: LogFormat) -> Self {
        let steps = u64::try_from(assets).unwrap_or(u64::MAX);
        Self {
            bar: match format {
                LogFormat::Text => ProgressLine::on_stderr(steps),
                LogFormat::Json => ProgressLine::hidden(steps),
            },
            state: Mutex::default(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.bar.show(state.done, state.words());
    }
}

impl Observer for CollectProgress {
    fn begun(&self, asset: &Asset) {
        self.change(|state| state.begin(asset.id.as_str()));
    }

    fn done(&self, outcome: &AssetOutcome) {
        self.change(|state| state.finish(&outcome.asset_id, outcome.rows()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_who_is_asked_for_and_how_many_rows_came() {
        let mut state = State::default();
        state.begin("SOXL");
        state.begin("BTC");
        assert_eq!(
            (state.done, state.words()),
            (0, "0 rows, SOXL, BTC".to_owned())
        );
        state.finish("SOXL", 753);
        assert_eq!((state.done, state.words()), (1, "753 rows, BTC".to_owned()));
    }
}
