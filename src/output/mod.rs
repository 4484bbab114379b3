//! Output for people: the log, tables, numbers, charts in the terminal.

pub(crate) mod calendar_year;
pub(crate) mod chart;
pub(crate) mod excel;
pub(crate) mod local_time;
pub mod log;
pub(crate) mod numbers;
pub(crate) mod print;
pub(crate) mod prometheus;
pub(crate) mod row;
pub(crate) mod screen;
pub(crate) mod stderr;
pub(crate) mod terminal;
