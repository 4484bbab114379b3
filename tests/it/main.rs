//! The one test binary.
//!
//! - `readme`: what README.md says, against the program
//! - `recordings`: every recorded answer in `tests/fixtures/`, and what comes out of it; the sample
//! - `mutations`: every parser over answers to which something happened
//! - `rules`: what every answer that a parser reads must keep
//! - `way`: recorded years from the sources' addresses into PostgreSQL, bit for bit
//! - `collect`: runs, failures, repetition, a foreign reader
//! - `archive`: answers that are kept, and read again
//! - `faults`: sources that fail as they do on the internet
//! - `locks`: a staging file that others hold, or that is damaged
//! - `hosts`: hosts asked politely, in parallel, and left alone
//! - `week`: a file as it was served through several days, asked for twice a day
//! - `stop`: Ctrl-C and SIGTERM
//! - `truth`: gaps, jumps, splits, finality, freshness, on recorded prices
//! - `sync`: the warehouse as others made it, latest ingest, acknowledgement, replay
//! - `sync_failures`: each class of failure against a sync, one at a time
//! - `storms`: hundreds of syncs that are killed, cut off and disturbed at random moments
//! - `tls`: TLS, passwords, sockets, a pooler
//! - `first_load`: many rows at once
//! - `sixty_thousand`: a large first load through kills, a crash and a second sync
//! - `order`: every order of a sync's steps, against a model
//! - `verify`: staging against the warehouse
//! - `daily`: the daily script
//! - `schedule`: what runs the daily script every day
//! - `calendars`: trading days, against the sessions that recorded series had
//! - `cli`: what commands print, and how bad input is refused
//! - `manual`: manual pages and completions
//! - `status`: am I fine, and what became of runs
//! - `upkeep`: copies, room, bars out and in
//! - `alerts`: who is told what, whatever Discord answers
//! - `logs`: what is said while it runs, and that no secret is in it
//! - `report`: the page, in a real browser and as text, against recordings and SQLite
//! - `show`: tables, charts and CSV in the terminal
//! - `windows`: what only Windows has
//! - `setup`: init, the editing of the assets file
//! - `doctor`: what would stop tomorrow's run, with sources, a warehouse and a webhook that are not well
//! - `layers`: which module may use which
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

mod alerts;
mod archive;
mod calendars;
mod cli;
mod collect;
mod daily;
mod doctor;
mod faults;
mod first_load;
mod hosts;
mod layers;
mod locks;
mod logs;
mod manual;
mod mutations;
mod order;
mod readme;
mod recordings;
mod report;
mod rules;
mod schedule;
mod setup;
mod show;
mod sixty_thousand;
mod status;
#[cfg(unix)]
mod stop;
mod storms;
mod support;
mod sync;
mod sync_failures;
#[cfg(unix)]
mod tls;
mod truth;
mod upkeep;
mod verify;
mod way;
mod week;
#[cfg(windows)]
mod windows;
