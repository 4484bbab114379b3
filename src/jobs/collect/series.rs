//! One series of an asset, as requested from one endpoint of a source.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::answer::Said;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::misfit::misfit;
use crate::domain::window::Window;
use crate::sources::Upstream;
use crate::sources::fetch::{Feed, Part, Request};

/// A series, one endpoint of its source, and the time of the request.
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

    /// The host of the endpoint.
    pub(super) fn host(self, feed: &dyn Feed) -> String {
        let today = self.asked_at.date_naive();
        let part = Part::of(Window {
            start: today,
            end: today,
        });
        feed.host(self.request(&part))
    }

    /// The endpoint's name in messages.
    pub(super) fn endpoint(self) -> &'a str {
        match self.entry.stored_as.contains(':') {
            true => &self.entry.stored_as,
            false => self.upstream.name(),
        }
    }

    /// The current day in the exchange's time zone.
    pub(super) fn today(self) -> NaiveDate {
        let calendar = &self.asset.calendar;
        calendar.trading_day(self.asked_at, calendar.zone())
    }

    /// Why the asset's calendar does not fit the exchange named by the source, if it does not.
    pub(super) fn misfit(self, said: &Said) -> Option<String> {
        misfit(self.asset, self.entry, said, self.today())
    }

    /// Whether a window contains a session whose bar must exist.
    pub(super) fn is_due(self, window: Window) -> bool {
        let calendar = &self.asset.calendar;
        calendar.has_due_session(window.start, window.end, self.asked_at)
    }
}
