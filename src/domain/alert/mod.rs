//! What an alert says: pure, from what a command found, what was said before, and how and in which language a channel is told. No
//! clock, no network.
//!
//! A failure is told in full once. While it stays the same it is one line a run ("third day"). When it is gone, that is said
//! once, and only for an asset that an earlier alert named. Each channel has a memory of its own. What waits to be sent are
//! [`Facts`]; words are made of them when they are sent.

#[cfg(test)]
mod alert_tests;
mod compose;
mod facts;
mod render;
#[cfg(test)]
mod render_tests;
mod report;
mod style;

pub(crate) use compose::{cause, compose};
pub(crate) use facts::Facts;
pub(crate) use render::render;
pub(crate) use report::{Case, Composed, Failure, Report};
pub(crate) use style::{Markup, Message, Severity, Style, Unit, pack};
