//! The one test binary.
//!
//! - `recordings`: every recorded answer in `tests/fixtures/`, and what comes out of it; the sample
//! - `way`: recorded years from the sources' addresses into PostgreSQL, bit for bit
//! - `support`: what they stand on
//!
//! The tests with a warehouse need a PostgreSQL server: `scripts/test.sh` starts one. Without it they say that they were
//! left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected should stop there"
)]

mod recordings;
mod support;
mod way;
