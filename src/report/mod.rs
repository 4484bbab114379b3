//! `report`: one HTML file that shows whether every series is complete, fresh and sane.
//!
//! `gather` reads the facts, `page` draws them: HTML and SVG by templates, and a script of our own for what moves. The
//! file needs no network and makes no request.

mod embed;
mod facts;
mod gather;
mod pack;
mod page;
mod phrase;
mod runs;
mod script_data;
mod strip;
mod tiles;
mod view;
mod view_corrections;
mod view_runs;

pub(crate) use facts::WarehouseFacts;
pub(crate) use gather::{Wanted, gather};
pub(crate) use page::{DrawnAssets, Page, page};

/// How far back runs are looked at, in days.
pub(crate) const RUN_DAYS: u32 = 90;
