//! The rules, pure over values: no file, no network, no database, no clock of their own. They use nothing but `process`.

pub mod alert;
pub mod asset;
pub mod bar;
pub mod calendar;
pub mod checksum;
pub mod gaps;
pub mod run;
pub mod timestamp;
pub mod validate;
