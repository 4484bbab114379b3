//! The one test binary.
//!
//! - `readme`: what README.md says, against the program
//! - `recordings`: every recorded answer in `tests/fixtures/`, and what comes out of it; the sample
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected should stop there"
)]

mod readme;
mod recordings;
