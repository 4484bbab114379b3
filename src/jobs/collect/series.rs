//! One series of an asset, as one endpoint of a source is asked for it.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::answer::Said;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::misfit::misfit;
use crate::domain::window::Window;
use crate::sources::Upstream;
use crate::sources::fetch::{Feed, Part, Request};

/// One series, one endpoint of its source, and when it is asked.
#[derive(Clone, Copy)]
pub(super) struct Series<'a> {
    pub(super) asset: &'a Asset,
    pub(super) entry: &'a SourceEntry,
    pub(super) upstream: &'a dyn Upstream,
    pub(super) asked_at: DateTime<Utc>,
}

impl<'a> Series<'a> {
    pub(super) fn request(self, part: &'a Part) -> Request<'a> {
        Request {
            upstream: self.upstream,
            symbol: &self.entry.symbol,
            category: self.asset.category,
            part,
        }
    }

    /// Who is asked.
    pub(super) fn host(self, feed: &dyn Feed) -> String {
        let today = self.asked_at.date_naive();
        let part = Part::of(Window {
            start: today,
            end: today,
        });
        feed.host(self.request(&part))
    }

    /// What the endpoint is called in messages.
    pub(super) fn endpoint(self) -> &'a str {
        match self.entry.stored_as.contains(':') {
            true => &self.entry.stored_as,
            false => self.upstream.name(),
        }
    }

    /// The day in the exchange's zone on which it is asked.
    pub(super) fn today(self) -> NaiveDate {
        let calendar = &self.asset.calendar;
        calendar.trading_day(self.asked_at, calendar.zone())
    }

    /// Why the asset's calendar is not that of the exchange that the source names, where it is not.
    pub(super) fn misfit(self, said: &Said) -> Option<String> {
        misfit(self.asset, self.entry, said, self.today())
    }

    /// Whether a window holds a session whose bar must be there.
    pub(super) fn is_due(self, window: Window) -> bool {
        let calendar = &self.asset.calendar;
        calendar.has_due_session(window.start, window.end, self.asked_at)
    }
}
