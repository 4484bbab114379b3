//! The audit: from time to time a series is compared in full, in the request that is made anyway.

use anyhow::Result;
use chrono::{Datelike, NaiveDate};

use super::collector::{Audit, Collector};
use super::fetch::AssetFetcher;
use super::outcome::AssetProgress;
use super::series::Series;
use super::window::Plan;
use crate::domain::asset::Category;
use crate::domain::audit::is_due;
use crate::domain::window::Window;

/// In each week one older file of a source of yearly files is read.
const WEEK: i32 = 7;

impl Collector<'_> {
    /// The day from which a series is requested if it is compared in full today. Coins do not split, so they are never
    /// audited.
    pub(super) fn audited_from(
        &self,
        series: Series<'_>,
        today: NaiveDate,
    ) -> Result<Option<NaiveDate>> {
        let Series { asset, entry, .. } = series;
        let is_never = self.options.audit == Audit::Every(0)
            || !self.options.heal
            || !self.options.window.is_default()
            || asset.category == Category::Crypto;
        if is_never {
            return Ok(None);
        }
        let id = asset.id.as_str();
        let Some((first, audited_on)) = self.staging.audited_on(id, &entry.stored_as)? else {
            return Ok(None);
        };
        let is_due = match (self.options.audit, audited_on) {
            (Audit::Now, _) => true,
            (Audit::Every(days), Some(last)) => is_due(id, last, today, days),
            // Staged by an older program: the interval starts today.
            (Audit::Every(_), None) => false,
        };
        Ok(is_due.then(|| match series.upstream.serves_whole_files() {
            true => first.max(first_of_year(today.year() - 1).unwrap_or(first)),
            false => first,
        }))
    }

    /// Reads one older file of a source of yearly files, a different one each week.
    pub(super) fn audit_older_file(
        &self,
        series: Series<'_>,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<()> {
        let Series { asset, entry, .. } = series;
        let today = series.today();
        let stored = self
            .staging
            .audited_on(asset.id.as_str(), &entry.stored_as)?;
        let Some((first, _)) = stored.filter(|_| series.upstream.serves_whole_files()) else {
            return Ok(());
        };
        let years = today.year() - 1 - first.year();
        if years <= 0 {
            return Ok(());
        }
        let year = first.year() + (today.num_days_from_ce() / WEEK) % years;
        let (Some(start), Some(end)) = (first_of_year(year), first_of_year(year + 1)) else {
            return Ok(());
        };
        let window = Window {
            start: start.max(first),
            end: end.pred_opt().unwrap_or(end),
        };
        let plan = Plan::of(window, today, &asset.calendar).reading_all(window);
        let kept = progress.window;
        match fetcher.fetch(series, window) {
            Ok(fetched) => drop(self.stage(series, plan, fetched, fetcher, progress)?),
            Err(error) => {
                log::info!(source = series.endpoint(), asset = asset.id.as_str(); "cannot compare {year}: {error}")
            }
        }
        progress.window = kept;
        Ok(())
    }
}

fn first_of_year(year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, 1, 1)
}
