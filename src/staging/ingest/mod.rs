//! Stages what was fetched: reads the facts, lets the domain decide, and writes bars, history and findings, all in one
//! transaction.

pub(in crate::staging) mod actions;
pub(in crate::staging) mod batch;
pub(in crate::staging) mod fill;
pub(in crate::staging) mod findings;
pub(in crate::staging) mod gaps;
pub(in crate::staging) mod lookback;
pub(in crate::staging) mod retraction;
pub(in crate::staging) mod said;
pub(in crate::staging) mod scale_check;
pub(in crate::staging) mod series;
pub(in crate::staging) mod stored;
pub(in crate::staging) mod write;
