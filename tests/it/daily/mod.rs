//! The daily script, and what runs it every day.

mod schedule;
mod script;
