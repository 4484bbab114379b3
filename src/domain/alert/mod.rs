//! What an alert says: pure, from what a command found, what was said before and the language of who is told. No clock, no network.
//!
//! A failure is told in full once. While it stays the same it is one line a run ("third day"). When it is gone, that is said
//! once, and only for an asset that an earlier alert named.

#[cfg(test)]
mod alert_tests;
mod compose;
mod markdown;
mod message;
mod report;

pub(crate) use compose::{cause, compose};
pub(crate) use markdown::{pack, payload};
pub(crate) use message::abandoned;
pub(crate) use report::{Case, Composed, Failure, Report};
