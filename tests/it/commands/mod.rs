//! What commands print, write and refuse, and who is told.

mod alerts;
mod assets_add;
mod assets_search;
mod channels;
mod cli;
#[cfg(unix)]
mod completions;
mod currencies;
mod doctor;
mod exports;
mod korean;
mod logs;
mod manual;
mod metrics;
mod results;
mod screens;
mod setup;
mod show;
mod status;
mod texts;
