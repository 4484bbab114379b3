//! Reads stored data for people: bars, the state of the file, corrections, history.

pub(in crate::staging) mod actions;
pub(in crate::staging) mod bars;
pub(in crate::staging) mod corrections;
pub(in crate::staging) mod history;
pub(in crate::staging) mod runs;
pub(in crate::staging) mod status;
