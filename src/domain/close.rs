//! What a close is, by source: which session's price, and adjusted for what.

use chrono::NaiveDate;

use super::asset::{Asset, Category, SourceKind};

/// On this day the after-market of the Korean exchange began, which lasts until 20:00. Naver's day rows close with it, and stay so.
const AFTER_MARKET_SINCE: NaiveDate = match NaiveDate::from_ymd_opt(2026, 9, 14) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
/// The exchange that has it.
const AFTER_MARKET: &str = "XKRX";
/// So far do the close at 15:30 and the one at 20:00 lie apart on ordinary days; both are right.
const AFTER_MARKET_SHARE: f64 = 0.015;

/// What a source's closes are, for people.
#[must_use]
pub(crate) fn what_it_is(source: SourceKind) -> &'static str {
    match source {
        SourceKind::Naver => {
            "adjusted for splits as of the day of asking, not for dividends; of Korean shares since 2026-09-14 the close of the \
             after-market at 20:00, before and of indexes the regular close at 15:30"
        }
        SourceKind::Yahoo => {
            "the regular close; adjusted for splits, sometimes late, not for dividends"
        }
        SourceKind::Ecb => {
            "the reference rate of about 14:15 in Frankfurt: how much one euro costs"
        }
        SourceKind::Krx => "the index level at the regular close, as published",
        SourceKind::Upbit | SourceKind::Binance => {
            "the last trade before midnight UTC, 09:00 in Seoul"
        }
        SourceKind::Manual => "what the imported files say",
        SourceKind::User(_) => "what your own source sends",
    }
}

/// The share by which the closes of two sources of an asset may differ on a day although both are right; 0 where they should be equal.
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
