//! What a close is, by source: which session's price, and adjusted for what.

use chrono::NaiveDate;

use super::asset::{Asset, Category, SourceKind};

/// The first day of the Korean exchange's after-market, which lasts until 20:00. Naver's daily rows close with it since
/// then.
const AFTER_MARKET_SINCE: NaiveDate = match NaiveDate::from_ymd_opt(2026, 9, 14) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
const AFTER_MARKET: &str = "XKRX";
/// How far the closes at 15:30 and at 20:00 usually differ; both are right.
const AFTER_MARKET_SHARE: f64 = 0.015;

/// What a source's closes are, for people.
#[must_use]
pub(crate) fn what_it_is(source: SourceKind) -> &'static str {
    match source {
        SourceKind::Naver => {
            "adjusted for splits as of the day of the request, not for dividends; for Korean shares since 2026-09-14 the close of \
             the after-market at 20:00, for earlier days and indexes the regular close at 15:30"
        }
        SourceKind::Yahoo => {
            "the regular close; adjusted for splits, sometimes late, not for dividends"
        }
        SourceKind::Ecb => "the reference rate at about 14:15 in Frankfurt: the price of one euro",
        SourceKind::Krx => "the index level at the regular close, as published",
        SourceKind::Upbit | SourceKind::Binance => {
            "the last trade before midnight UTC, 09:00 in Seoul"
        }
        SourceKind::Manual => "what the imported files say",
        SourceKind::User(_) => "what your own source sends",
    }
}

/// The share by which the closes of two sources may differ on a day although both are right; 0 if they should be equal.
#[must_use]
pub(crate) fn may_differ(asset: &Asset, one: &str, other: &str, day: NaiveDate) -> f64 {
    let is_naver = |name: &str| {
        let mut entries = asset.sources.iter();
        entries.any(|s| s.stored_as == name && s.kind == SourceKind::Naver)
    };
    let is_traded_late = asset.calendar.name() == AFTER_MARKET
        && matches!(asset.category, Category::Stock | Category::Etf)
        && day >= AFTER_MARKET_SINCE;
    match is_traded_late && is_naver(one) != is_naver(other) {
        true => AFTER_MARKET_SHARE,
        false => 0.0,
    }
}
