//! The rules that a row must pass before it is staged (contract, section 6). Pure: no clock, no store.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::answer::{Answer, RawBar, RawDay, Said};
pub use super::bar::Sign;
use super::bar::{Bar, FetchedBar, MAX_VOLUME, Rejection};
use super::bar_values::Values;
use super::calendar::Calendar;
use super::corporate_action::{ToldActions, read_actions};
use super::digits::shortest;
use super::finding::{Finding, Rejected, Rule};
use super::number_format::{self, Decimal};
use super::text::{bounded, brief};
use super::window::Window;

/// The result of checking an answer.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The bars in the window, by day.
    pub bars: Vec<FetchedBar>,
    /// Rows that cannot be bars.
    pub rejected: Vec<Rejected>,
    /// Findings about the other rows.
    pub(crate) findings: Vec<Finding>,
    /// The first trading day of the symbol, if the source names it.
    pub(crate) first_trade: Option<NaiveDate>,
    /// Facts from the source besides the rows.
    pub(crate) said: Said,
    /// Dividends and splits in the answer.
    pub(crate) actions: ToldActions,
    /// Days in the window whose rows contain nothing, or not all prices: the series has a session there, but no bar.
    pub(crate) without_bar: Vec<NaiveDate>,
    /// Volumes that are not a count (`1.2M`), as received: they count as unknown.
    pub(crate) unread_volumes: BTreeMap<NaiveDate, String>,
}

impl Checked {
    /// Adds the result of another part of the same answer.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.bars.append(&mut other.bars);
        self.rejected.append(&mut other.rejected);
        self.findings.append(&mut other.findings);
        self.without_bar.append(&mut other.without_bar);
        self.unread_volumes.append(&mut other.unread_volumes);
        self.first_trade = self.first_trade.or(other.first_trade);
        self.said.update(other.said);
        self.actions.append(other.actions);
    }
}

/// Characters kept of an invalid value, with its length: a source may send a megabyte of digits.
const LONGEST_VALUE: usize = 100;

/// A bar whose prices are further apart than this factor is reported (contract, section 6).
const OUTLIER: f64 = 5.0;
/// A bar of an earlier year is a mistake: no source has a series that begins before it.
const FIRST_YEAR: i32 = 1900;

/// What the rules need besides the answer.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The requested days; other rows are dropped silently.
    pub window: Window,
    /// The asset's calendar.
    pub calendar: &'a Calendar,
    /// The sign of the asset's prices.
    pub sign: Sign,
    /// When the answer was fetched.
    pub fetched_at: DateTime<Utc>,
}

/// Applies the rules to an answer.
#[must_use]
pub fn check(answer: &Answer<'_>, context: Context<'_>) -> Checked {
    let mut checker = Checker {
        context,
        zone: answer.zone,
        today: today(answer.zone, context),
        fractional_volume: answer.fractional_volume,
        decimal: answer.decimal,
        days: BTreeMap::new(),
        checked: Checked::default(),
    };
    for row in &answer.rows {
        checker.take(row);
    }
    let mut checked = checker.finish();
    checked.first_trade = answer.first_trade;
    checked.said = answer.said();
    checked.actions = check_actions(answer, context);
    let newest = checked.bars.last().map(|b| b.bar.date());
    if let (Some(doubt), Some(date)) = (&answer.zone_doubt, newest) {
        checked.findings.push(Finding {
            date,
            rule: Rule::ZoneDiffers,
            detail: doubt.clone(),
        });
    }
    checked
}

/// The actions of days that were both requested and covered by the answer. The answer covers the days from its first to
/// its last row: a recording may contain fewer days than requested.
fn check_actions(answer: &Answer<'_>, context: Context<'_>) -> ToldActions {
    let asked = context.window;
    let Some(events) = &answer.actions else {
        return ToldActions::default();
    };
    let dates = || {
        answer.rows.iter().filter_map(|row| match row.day {
            RawDay::Date(date) => Some(date),
            RawDay::Impossible(_) => None,
        })
    };
    let (first, last) = (dates().min(), dates().max());
    let own = Window {
        start: first.map_or(asked.start, |first| first.min(asked.start)),
        end: last.map_or(asked.end, |last| last.max(asked.end)),
    };
    let told = first.zip(last).map(|(first, last)| Window {
        start: first.max(asked.start),
        end: last.min(asked.end),
    });
    ToldActions {
        days: told.filter(|told| told.start <= told.end),
        ..read_actions(events, answer.currency, own, context.fetched_at)
    }
}

/// The current day in the zone of the answer, else in the calendar's.
fn today(zone: Option<Tz>, context: Context<'_>) -> NaiveDate {
    context.calendar.trading_day(
        context.fetched_at,
        zone.unwrap_or_else(|| context.calendar.zone()),
    )
}

/// Characters shown of a volume that is not a count.
const LONGEST_VOLUME: usize = 24;

struct CheckedDay {
    fetched: FetchedBar,
    may_be_live: bool,
}

struct Checker<'a> {
    context: Context<'a>,
    /// The answer's time zone.
    zone: Option<Tz>,
    today: NaiveDate,
    fractional_volume: bool,
    decimal: Decimal,
    days: BTreeMap<NaiveDate, CheckedDay>,
    checked: Checked,
}

impl Checker<'_> {
    fn take(&mut self, row: &RawBar<'_>) {
        let date = match row.day {
            RawDay::Date(date) if date.year() >= FIRST_YEAR => date,
            RawDay::Date(_) | RawDay::Impossible(_) => {
                return self.reject(row, Rejection::ImpossibleDate);
            }
        };
        // Rejected rows are kept as received.
        let plain = plain_numbers(row, self.decimal);
        let [open, high, low, close, volume] = plain.each_ref().map(AsRef::as_ref);
        let plain = RawBar {
            open,
            high,
            low,
            close,
            volume,
            ..*row
        };
        let is_empty = is_empty(&plain, self.context.sign);
        if date > self.today && !is_empty {
            return self.reject(row, Rejection::FutureDate);
        }
        if !self.context.window.contains(date) {
            return;
        }
        if is_empty {
            return self.checked.without_bar.push(date);
        }
        match read_row(&plain, date, self.fractional_volume, self.context.sign) {
            Ok(Row::Bar { bar, suspended }) => {
                if bar.volume().is_none() && !number_format::is_nothing(row.volume.trim()) {
                    let text = brief(row.volume, LONGEST_VOLUME);
                    self.checked.unread_volumes.insert(date, text);
                }
                self.add(row, bar, suspended);
            }
            Ok(Row::Incomplete) => {
                self.checked.without_bar.push(date);
                self.find(date, Rule::Incomplete, raw_json(row));
            }
            Err(reason) => self.reject(row, reason),
        }
    }

    fn add(&mut self, row: &RawBar<'_>, bar: Bar, suspended: bool) {
        let date = bar.date();
        let Context {
            calendar,
            fetched_at,
            ..
        } = self.context;
        let is_over = || {
            self.zone
                .is_none_or(|z| calendar.is_over_in(z, date, fetched_at))
        };
        let is_final = calendar.is_final(date, fetched_at) && is_over();
        let day = CheckedDay {
            fetched: FetchedBar {
                bar,
                is_final,
                fetched_at,
                suspended,
            },
            may_be_live: row.may_be_live,
        };
        let Some(first) = self.days.get(&date) else {
            self.days.insert(date, day);
            return;
        };
        if first.may_be_live || day.may_be_live {
            let close = if day.may_be_live {
                bar.close()
            } else {
                first.fetched.bar.close()
            };
            self.find(
                date,
                Rule::LiveDuplicate,
                format!("the live row's close is {}", shortest(close)),
            );
            if !day.may_be_live {
                self.days.insert(date, day);
            }
        } else if !first.fetched.bar.same_values(&bar) {
            self.reject(row, Rejection::SecondRowOfDate);
        }
    }

    fn finish(mut self) -> Checked {
        let fetched: Vec<FetchedBar> = std::mem::take(&mut self.days)
            .into_values()
            .map(|d| d.fetched)
            .collect();
        for FetchedBar { bar, suspended, .. } in &fetched {
            let date = bar.date();
            if *suspended {
                self.find(
                    date,
                    Rule::Suspended,
                    format!("only the close {} was sent", shortest(bar.close())),
                );
            } else if bar.volume().is_none() {
                let unread = self.checked.unread_volumes.get(&date);
                let why = unread.map_or_else(
                    || "no volume was sent".to_owned(),
                    |text| format!("the volume {text} is not a count"),
                );
                self.find(date, Rule::VolumeUnknown, why);
            } else if bar.volume() == Some(0) {
                self.find(date, Rule::ZeroVolume, "the volume is 0".to_owned());
            }
            if self.context.sign == Sign::Positive && spread(bar) > OUTLIER {
                let [open, high, low, close] = bar.prices().map(shortest);
                self.find(
                    date,
                    Rule::BarOutlier,
                    format!("open {open} high {high} low {low} close {close}"),
                );
            }
            if bar.leaves_its_range() {
                let [open, high, low, close] = bar.prices().map(shortest);
                self.find(
                    date,
                    Rule::CloseOutsideRange,
                    format!("open {open} high {high} low {low} close {close}"),
                );
            }
            if !self.context.calendar.is_session(date) {
                self.find(
                    date,
                    Rule::UnexpectedSession,
                    format!("{} is closed on this day", self.context.calendar.name()),
                );
            }
        }
        self.checked.bars = fetched;
        self.checked
    }

    fn reject(&mut self, row: &RawBar<'_>, reason: Rejection) {
        let date = match row.day {
            RawDay::Date(date) => date.to_string(),
            RawDay::Impossible(text) => brief(text, LONGEST_VALUE),
        };
        self.checked.rejected.push(Rejected {
            date,
            reason,
            raw: raw_json(row),
        });
    }

    fn find(&mut self, date: NaiveDate, rule: Rule, detail: String) {
        self.checked.findings.push(Finding { date, rule, detail });
    }
}

fn plain_numbers<'a>(row: &RawBar<'a>, decimal: Decimal) -> [Cow<'a, str>; 5] {
    [row.open, row.high, row.low, row.close, row.volume].map(|text| decimal.plain(text))
}

enum Row {
    Bar { bar: Bar, suspended: bool },
    Incomplete,
}

/// Reads the numbers of one row. A zero is not a price, but a row of zeros with a close is a suspended day.
///
/// If prices may be zero, only an absent one is missing.
fn read_row(
    row: &RawBar<'_>,
    date: NaiveDate,
    fractional_volume: bool,
    sign: Sign,
) -> Result<Row, Rejection> {
    let mut prices = [0.0; 4];
    for (price, text) in prices
        .iter_mut()
        .zip([row.open, row.high, row.low, row.close])
    {
        if !text.is_empty() {
            *price = number(text).ok_or(Rejection::PriceNotANumber)?;
        }
    }
    let volume = volume(row.volume, fractional_volume)?;
    if sign == Sign::Any {
        let texts = [row.open, row.high, row.low, row.close];
        if texts.iter().any(|t| t.is_empty()) {
            return Ok(Row::Incomplete);
        }
        let bar = Bar::new(date, Values::of(prices, volume), sign)?;
        let suspended = false;
        return Ok(Row::Bar { bar, suspended });
    }
    let [open, high, low, close] = prices;
    let sent = [row.open, row.high, row.low].iter().all(|t| !t.is_empty());
    let suspended = sent
        && [open, high, low].into_iter().all(is_zero)
        && close > 0.0
        && volume.unwrap_or(0) == 0;
    if !suspended && prices.into_iter().any(is_zero) {
        return Ok(Row::Incomplete);
    }
    let prices = if suspended { [close; 4] } else { prices };
    let bar = Bar::new(date, Values::of(prices, volume), sign)?;
    if is_mixed(spread(&bar)) {
        return Err(Rejection::UnitMix);
    }
    Ok(Row::Bar { bar, suspended })
}

/// The ratio of a bar's highest to its lowest price.
fn spread(bar: &Bar) -> f64 {
    let prices = bar.prices();
    let highest = prices.iter().copied().fold(f64::MIN, f64::max);
    highest / prices.iter().copied().fold(f64::MAX, f64::min)
}

/// Whether one of a bar's prices is about 100 times another: pence mixed with pounds.
fn is_mixed(spread: f64) -> bool {
    (67.0..=150.0).contains(&spread)
}

/// Whether a row is empty: no price, and no volume above zero. A zero is a price if prices may be zero.
fn is_empty(row: &RawBar<'_>, sign: Sign) -> bool {
    let prices = [row.open, row.high, row.low, row.close];
    if sign == Sign::Any && prices.iter().any(|t| !t.is_empty()) {
        return false;
    }
    let is_nothing = |text: &str| text.is_empty() || number(text).is_some_and(is_zero);
    [row.open, row.high, row.low, row.close, row.volume]
        .into_iter()
        .all(is_nothing)
}

fn is_zero(x: f64) -> bool {
    x.abs() < f64::MIN_POSITIVE
}

/// A finite number, correctly rounded; commas may separate thousands, as Naver sometimes sends them.
fn number(text: &str) -> Option<f64> {
    let plain = match text.contains(',') {
        true => Cow::Owned(without_thousands_commas(text)?),
        false => Cow::Borrowed(text),
    };
    plain.parse::<f64>().ok().filter(|x| x.is_finite())
}

/// The text without commas; `None` if they are not before groups of three digits of the whole part.
fn without_thousands_commas(text: &str) -> Option<String> {
    let (whole, rest) = text
        .split_once('.')
        .map_or((text, None), |(w, r)| (w, Some(r)));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let groups: Vec<&str> = groups.collect();
    let digits = |g: &str| g.bytes().all(|b| b.is_ascii_digit());
    if !groups.is_empty() {
        let lead = first.trim_start_matches('-');
        if !(1..=3).contains(&lead.len())
            || !digits(lead)
            || groups.iter().any(|g| g.len() != 3 || !digits(g))
        {
            return None;
        }
    }
    let mut plain = first.to_owned();
    plain.extend(groups);
    if let Some(rest) = rest {
        plain.push('.');
        plain.push_str(rest);
    }
    Some(plain)
}

/// A volume; `None` if the source sent none, or no count (contract, section 6): a fraction, more than 2^53, a word. An
/// amount of coins is rounded to whole coins; less than one counts as one.
fn volume(text: &str, fractional: bool) -> Result<Option<i64>, Rejection> {
    let Some(value) = number(text) else {
        return Ok(None);
    };
    if value < 0.0 {
        return Err(Rejection::NegativeVolume);
    }
    if let Some(count) = digits_only(text) {
        let count = count.parse().ok();
        return Ok(count.filter(|c| *c <= MAX_VOLUME));
    }
    let rounded = match value.round() {
        rounded if fractional && value > 0.0 => rounded.max(1.0),
        rounded => rounded,
    };
    let is_count = (fractional || is_zero(value - rounded)) && rounded < TWO_POW_53;
    Ok(format!("{rounded:.0}").parse().ok().filter(|_| is_count))
}

/// From here on a double cannot represent every whole number.
const TWO_POW_53: f64 = 9_007_199_254_740_992.0;

/// The digits of a whole number, even with commas or `.0`, so that it is read without a double.
fn digits_only(text: &str) -> Option<String> {
    let plain = without_thousands_commas(text)?;
    let whole = plain.split_once('.').map_or(plain.as_str(), |(w, r)| {
        if r.bytes().all(|b| b == b'0') { w } else { "" }
    });
    (!whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit())).then(|| whole.to_owned())
}

#[derive(Serialize)]
struct RawValues {
    open: String,
    high: String,
    low: String,
    close: String,
    volume: String,
}

fn raw_json(row: &RawBar<'_>) -> String {
    let RawBar {
        open,
        high,
        low,
        close,
        volume,
        ..
    } = *row;
    let [open, high, low, close, volume] =
        [open, high, low, close, volume].map(|text| bounded(text, LONGEST_VALUE));
    let values = RawValues {
        open,
        high,
        low,
        close,
        volume,
    };
    serde_json::to_string(&values).unwrap_or_else(|_| format!("{row:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::built_in;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn row<'a>(day: &str, prices: [&'a str; 4], volume: &'a str) -> RawBar<'a> {
        let [open, high, low, close] = prices;
        RawBar {
            day: RawDay::Date(date(day)),
            open,
            high,
            low,
            close,
            volume,
            may_be_live: false,
        }
    }

    fn context() -> Context<'static> {
        Context {
            window: Window {
                start: date("2026-01-01"),
                end: date("2026-01-31"),
            },
            calendar: built_in("XKRX"),
            sign: Sign::Positive,
            fetched_at: "2026-01-15T08:00:00Z".parse().unwrap(),
        }
    }

    fn check_rows(rows: &[RawBar<'_>]) -> Checked {
        check(
            &Answer {
                rows: rows.to_vec(),
                ..Answer::default()
            },
            context(),
        )
    }

    const GOOD: [&str; 4] = ["10", "12", "9", "11"];

    fn rules(checked: &Checked) -> Vec<String> {
        checked
            .findings
            .iter()
            .map(|f| f.rule.to_string())
            .collect()
    }

    #[test]
    fn a_good_row_becomes_a_bar_to_the_last_bit() {
        let checked = check_rows(&[row(
            "2026-01-05",
            ["128.1", "129.0399932861328", "0.1281e3", "1.281e2"],
            "106708510.0",
        )]);
        let bar = checked.bars[0].bar;
        assert_eq!(
            bar.prices().map(f64::to_bits),
            [128.1, 129.039_993_286_132_8, 128.1, 128.1].map(f64::to_bits)
        );
        assert_eq!(bar.volume(), Some(106_708_510));
        assert!(
            checked.bars[0].is_final && checked.rejected.is_empty() && checked.findings.is_empty()
        );
    }

    #[test]
    fn what_can_be_no_bar_is_rejected_with_its_values() {
        for (prices, volume, reason) in [
            (
                ["Infinity", "12", "9", "11"],
                "5",
                Rejection::PriceNotANumber,
            ),
            (["10", "NaN", "9", "11"], "5", Rejection::PriceNotANumber),
            (["10", "12", "1e999", "11"], "5", Rejection::PriceNotANumber),
            (["10", "12", "9", "x"], "5", Rejection::PriceNotANumber),
            (["10", "12", "9", "1,1"], "5", Rejection::PriceNotANumber),
            (["10", "12", "9", "-11"], "5", Rejection::PriceNotPositive),
            (["10.2", "1040", "10.1", "10.3"], "5", Rejection::UnitMix),
            (["10.5", "10.6", "0.103", "10.4"], "5", Rejection::UnitMix),
            (["10", "8", "9", "9"], "5", Rejection::HighBelowLow),
            (GOOD, "-1", Rejection::NegativeVolume),
        ] {
            let checked = check_rows(&[
                row("2026-01-05", prices, volume),
                row("2026-01-06", GOOD, "5"),
            ]);
            assert_eq!(checked.rejected.len(), 1, "{prices:?} {volume}");
            assert_eq!(checked.rejected[0].reason, reason, "{prices:?} {volume}");
            assert!(
                checked.rejected[0].raw.contains(prices[0])
                    && checked.rejected[0].raw.contains(volume)
            );
            assert_eq!(checked.bars.len(), 1, "the other row is staged");
        }
    }

    #[test]
    fn dates_that_cannot_be_are_rejected_and_others_are_trimmed() {
        let impossible = RawBar {
            day: RawDay::Impossible("20260231"),
            ..row("2026-01-05", GOOD, "5")
        };
        let checked = check_rows(&[
            impossible,
            row("0000-01-01", GOOD, "5"),
            row("1899-12-29", GOOD, "5"),
            row("1900-01-02", GOOD, "5"),
            row("2025-12-31", GOOD, "5"),
            row("2026-01-15", GOOD, "5"),
            row("2026-01-16", GOOD, "5"),
            row("2026-02-02", GOOD, "5"),
        ]);
        let reasons: Vec<_> = checked
            .rejected
            .iter()
            .map(|r| (r.date.as_str(), r.reason))
            .collect();
        assert_eq!(
            reasons,
            [
                ("20260231", Rejection::ImpossibleDate),
                ("0000-01-01", Rejection::ImpossibleDate),
                ("1899-12-29", Rejection::ImpossibleDate),
                ("2026-01-16", Rejection::FutureDate),
                ("2026-02-02", Rejection::FutureDate)
            ]
        );
        assert_eq!(checked.bars.len(), 1);
    }

    #[test]
    fn a_bar_fetched_before_its_final_time_is_provisional() {
        let early = Context {
            fetched_at: "2026-01-15T07:29:59Z".parse().unwrap(),
            ..context()
        };
        let answer = Answer {
            rows: vec![row("2026-01-14", GOOD, "5"), row("2026-01-15", GOOD, "5")],
            ..Answer::default()
        };
        let finals: Vec<_> = check(&answer, early)
            .bars
            .iter()
            .map(|b| b.is_final)
            .collect();
        assert_eq!(finals, [true, false]);
        assert!(check(&answer, context()).bars.iter().all(|b| b.is_final));
    }

    /// A coin of UTC days under Seoul's calendar, final there at 16:30, when half of the day is to come.
    #[test]
    fn a_bar_of_another_zone_is_provisional_until_its_day_is_over_there() {
        let is_final = |zone, fetched_at: &str| {
            let answer = Answer {
                rows: vec![row("2026-01-15", GOOD, "5")],
                zone: Some(zone),
                ..Answer::default()
            };
            let context = Context {
                fetched_at: fetched_at.parse().unwrap(),
                ..context()
            };
            check(&answer, context).bars[0].is_final
        };
        assert!(!is_final(Tz::UTC, "2026-01-15T23:59:59Z"));
        assert!(is_final(Tz::UTC, "2026-01-16T00:00:00Z"));
        assert!(!is_final(Tz::America__New_York, "2026-01-16T04:59:59Z"));
        assert!(is_final(Tz::Asia__Seoul, "2026-01-15T07:30:00Z"));
        assert!(
            is_final(Tz::Asia__Tokyo, "2026-01-15T07:30:00Z"),
            "the same clock"
        );
    }

    #[test]
    fn nulls_are_no_row_and_partly_nulls_are_incomplete() {
        let checked = check_rows(&[
            row("2026-01-05", [""; 4], ""),
            row("2026-01-06", [""; 4], "0"),
            row("2026-01-07", ["", "", "", "11"], ""),
            row("2026-01-08", [""; 4], "77"),
            row("2026-01-09", ["0"; 4], "0"),
            row("2026-01-12", ["0", "12", "9", "11"], "5"),
            row("2026-01-13", ["0", "0", "0", "11"], "7"),
            row("2026-01-14", ["", "", "", "0"], ""),
        ]);
        assert!(checked.bars.is_empty() && checked.rejected.is_empty());
        let found: Vec<_> = checked
            .findings
            .iter()
            .map(|f| (f.date.to_string(), f.rule))
            .collect();
        let expected = ["07", "08", "12", "13"].map(|day| format!("2026-01-{day}"));
        assert_eq!(found, expected.map(|day| (day, Rule::Incomplete)));
        let days = checked.without_bar.iter().map(ToString::to_string);
        let all = [5, 6, 7, 8, 9, 12, 13, 14].map(|day| format!("2026-01-{day:02}"));
        assert!(days.eq(all));
    }

    #[test]
    fn a_suspended_day_has_the_close_in_all_four() {
        let checked = check_rows(&[
            row("2026-01-05", ["0", "0", "0", "53000"], "0"),
            row("2026-01-06", GOOD, "5"),
        ]);
        assert_eq!(
            checked.bars[0].bar.prices().map(f64::to_bits),
            [53000.0; 4].map(f64::to_bits)
        );
        assert!(checked.bars[0].suspended);
        assert_eq!(rules(&checked), ["suspended"]);
    }

    #[test]
    fn volume_is_said_where_it_is_missing_or_zero() {
        let checked = check_rows(&[
            row("2026-01-05", GOOD, ""),
            row("2026-01-06", GOOD, "0"),
            row("2026-01-07", GOOD, "13,756,022"),
        ]);
        assert_eq!(rules(&checked), ["volume_unknown", "zero_volume"]);
        assert_eq!(checked.bars[2].bar.volume(), Some(13_756_022));
    }

    #[test]
    fn a_volume_that_is_no_count_costs_only_itself() {
        let read = |volume: &str, fractional_volume: bool| {
            let answer = Answer {
                rows: vec![row("2026-01-06", GOOD, volume)],
                fractional_volume,
                ..Answer::default()
            };
            check(&answer, context()).bars[0].bar.volume()
        };
        for (text, count, coins) in [
            ("1487.53432374", None, Some(1488)),
            ("0.31", None, Some(1)),
            ("0.0001", None, Some(1)),
            ("0.0", Some(0), Some(0)),
            ("89999999999.5", None, Some(90_000_000_000)),
            ("9007199254740992", Some(MAX_VOLUME), Some(MAX_VOLUME)),
            ("9007199254740993", None, None),
            ("9007199254740993.0", None, None),
            ("99999999999999999999", None, None),
            ("1e300", None, None),
            ("5,000", Some(5_000), Some(5_000)),
            ("true", None, None),
        ] {
            assert_eq!(
                (read(text, false), read(text, true)),
                (count, coins),
                "{text}"
            );
        }
    }

    #[test]
    fn a_price_far_from_the_others_of_its_bar_is_said() {
        let checked = check_rows(&[
            row("2026-01-05", ["10", "51", "10", "11"], "5"),
            row("2026-01-06", ["10", "49", "10", "11"], "5"),
            row("2026-01-07", ["10", "2000", "10", "11"], "5"),
        ]);
        assert_eq!(checked.bars.len(), 3);
        assert_eq!(rules(&checked), ["bar_outlier", "bar_outlier"]);
    }

    #[test]
    fn a_second_row_of_a_date_is_rejected_unless_it_is_the_same_or_live() {
        let other = ["10", "12", "9", "10.5"];
        let twice = check_rows(&[row("2026-01-06", GOOD, "5"), row("2026-01-06", GOOD, "5")]);
        assert_eq!((twice.bars.len(), twice.rejected.len()), (1, 0));
        let differs = check_rows(&[row("2026-01-06", GOOD, "5"), row("2026-01-06", other, "5")]);
        assert_eq!(differs.rejected[0].reason, Rejection::SecondRowOfDate);
        assert!((differs.bars[0].bar.close() - 11.0).abs() < 1e-9);

        let live = RawBar {
            may_be_live: true,
            ..row("2026-01-06", other, "5")
        };
        let with_live = check_rows(&[row("2026-01-06", GOOD, "5"), live]);
        assert_eq!(rules(&with_live), ["live_duplicate"]);
        assert!((with_live.bars[0].bar.close() - 11.0).abs() < 1e-9);
        // Where the day's own row is empty, the live one is all there is.
        let alone = check_rows(&[row("2026-01-06", [""; 4], ""), live]);
        assert!((alone.bars[0].bar.close() - 10.5).abs() < 1e-9);
    }

    #[test]
    fn a_bar_on_a_closed_day_or_outside_its_range_is_staged_and_said() {
        let checked = check_rows(&[
            row("2026-01-10", GOOD, "5"),
            row("2026-01-12", ["28000", "27999", "27000", "27500"], "5"),
        ]);
        assert_eq!(checked.bars.len(), 2);
        assert_eq!(
            rules(&checked),
            ["unexpected_session", "close_outside_range"]
        );
    }
}
