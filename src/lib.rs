//! Keeps a daily price database.

pub mod asset;
pub mod calendar;
pub mod price;
pub mod upstream;
