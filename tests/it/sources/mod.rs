//! What sources send, or fail to send.
//!
//! - `recordings`: every recorded answer in `tests/fixtures/`, and what comes out of it; the sample
//! - `mutations`: every parser over answers to which something happened
//! - `rules`: what every answer that a parser reads must keep
//! - `faults`: sources that fail as they do on the internet
//! - `hosts`: hosts asked politely, in parallel, and left alone
//! - `archive`: answers that are kept, and read again

mod archive;
mod faults;
mod hosts;
mod mutations;
mod recordings;
mod rules;
