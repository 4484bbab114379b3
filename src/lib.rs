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

pub mod alert;
pub mod app;
pub mod asset;
pub mod asset_edit;
pub mod calendar;
pub mod checksum;
pub mod cli;
pub mod config;
pub mod digits;
pub mod feed;
pub mod job;
pub mod job_run;
pub mod logging;
pub mod pace;
pub mod plot;
pub mod price;
pub mod redact;
pub mod render;
pub mod report;
pub mod retry;
pub mod screen;
pub mod series;
pub mod staging;
pub mod stop;
pub mod tell;
pub mod terminal;
pub mod timestamp;
pub mod upstream;
pub mod validate;
pub mod warehouse;
pub mod year;
