//! The rules, pure over values: no file, no network, no database, no clock of their own. They use nothing but `process`.

pub mod acknowledged;
pub mod alert;
pub mod answer;
pub mod asset;
pub mod bar;
pub mod calendar;
pub mod checksum;
pub mod finding;
pub mod gaps;
pub mod merge;
pub mod outgoing;
pub mod run;
pub mod scale;
pub mod timestamp;
pub mod validate;
pub mod values;
pub mod window;
