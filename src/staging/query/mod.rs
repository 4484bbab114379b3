//! What is stored, read for people: bars, the state of the file, corrections, history.

pub(in crate::staging) mod bars;
pub(in crate::staging) mod corrections;
pub(in crate::staging) mod export;
pub(in crate::staging) mod history;
mod series;
pub(in crate::staging) mod status;
pub(in crate::staging) mod verify;
