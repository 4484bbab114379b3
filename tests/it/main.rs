//! The one test binary.
//!
//! - `sources`: what sources send, or fail to send
//! - `collect`: runs of `collect`
//! - `quality`: what is thought of the prices that came: gaps, jumps, splits, finality, freshness
//! - `staging`: the staging file
//! - `sync`: from the staging file to PostgreSQL
//! - `end_to_end`: from the sources' answers to PostgreSQL
//! - `commands`: what commands print, write and refuse
//! - `report`: the page, in a real browser and as text
//! - `daily`: the daily script, and what runs it
//! - `house`: the rules of this repository
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

mod collect;
mod commands;
mod daily;
mod end_to_end;
mod house;
mod quality;
mod report;
mod sources;
mod staging;
mod support;
mod sync;
