//! What people see: the log, tables, numbers, charts in the terminal.

pub mod calendar_year;
pub mod chart;
pub mod log;
pub mod numbers;
pub mod print;
pub mod row;
pub mod stderr;
pub mod terminal;
