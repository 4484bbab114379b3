//! Charts made of characters, for terminals.
//!
//! Rising and falling candles differ in shape, so that colour is not needed.

mod candles;
mod sparkline;

pub(crate) use candles::{Candle, Size, candles};
pub(crate) use sparkline::sparkline;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Only ASCII.
    pub(crate) ascii: bool,
    /// Green and red for rising and falling candles.
    pub(crate) colour: bool,
}

/// The position of a value between two others, in whole steps from 0 to `steps`.
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
