//! What sources send, or fail to send.
//!
//! - `recordings`: every recorded answer in `tests/fixtures/`, and what comes out of it; the sample
//! - `mutations`: every parser over answers to which something happened
//! - `lookups`: the same of look-ups, with what each recorded answer says
//! - `lookup_rules`: what they must keep
//! - `rules`: what every answer that a parser reads must keep
//! - `faults`: sources that fail as they do on the internet
//! - `hosts`: hosts asked politely, in parallel, and left alone
//! - `archive`: answers that are kept, and read again
//! - `user`: sources of the user's own

mod archive;
mod faults;
mod hosts;
mod lookup_rules;
mod lookups;
mod mutations;
mod recordings;
mod rules;
mod user;
