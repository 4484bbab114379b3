//! Charts made of characters, for a terminal.
//!
//! A candle that rises and one that falls differ in shape, so that no colour is needed to tell them apart.

mod candles;
mod sparkline;

pub(crate) use candles::{Candle, Size, candles};
pub(crate) use sparkline::sparkline;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Nothing but ASCII.
    pub(crate) ascii: bool,
    /// Rising and falling candles in green and red.
    pub(crate) colour: bool,
}

/// Where a value lies between two others, in whole steps from 0 to `steps`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a step is a small whole number, clamped to its range"
)]
pub(crate) fn step(value: f64, least: f64, greatest: f64, steps: usize) -> usize {
    let share = (value - least) / (greatest - least);
    if !share.is_finite() {
        return steps / 2;
    }
    ((share * steps as f64).round().max(0.0) as usize).min(steps)
}
