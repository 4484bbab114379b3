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
pub mod jobs;
pub mod notify;
pub mod output;
pub mod process;
pub mod report;
pub mod sources;
pub mod staging;
pub mod warehouse;
