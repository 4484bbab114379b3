//! The daily script, and what runs it every day.

mod command;
mod schedule;
mod script;
