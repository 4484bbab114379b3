//! The rules, pure over values: no file, no network, no database, no clock of their own. They use nothing but `process`.

pub mod acknowledgement;
pub(crate) mod alert;
pub(crate) mod alignment;
pub mod answer;
pub mod asset;
pub(crate) mod asset_names;
pub(crate) mod audit;
pub(crate) mod bar;
pub(crate) mod bar_values;
pub mod calendar;
pub(crate) mod checksum;
pub(crate) mod close;
pub(crate) mod digits;
pub(crate) mod finding;
pub(crate) mod gaps;
pub(crate) mod merge;
pub mod outgoing;
pub(crate) mod run;
pub(crate) mod scale;
pub(crate) mod stand_in;
pub(crate) mod steps;
pub(crate) mod text;
pub(crate) mod timestamp;
pub mod validate;
pub mod window;
