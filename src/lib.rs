//! Keeps a daily price database.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "a test that meets something unexpected should stop there"
    )
)]

pub mod cli;
pub mod commands;
pub mod config;
pub mod domain;
mod jobs;
mod notify;
pub mod output;
mod process;
mod report;
pub mod sources;
pub mod staging;
pub mod warehouse;
