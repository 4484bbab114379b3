//! What was fetched goes in: the facts are read, the domain decides, bars, history and findings are written, all in one
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
