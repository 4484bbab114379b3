//! Bars in as few characters as the page's script can unpack without losing a bit: differences of whole numbers, written
//! as base-64 variable-length quantities, as source maps have them.

use chrono::NaiveDate;
use serde::Serialize;

use super::facts::SeriesFacts;
use crate::domain::digits::{is_single, shortest, to_single};
use crate::output::numbers;
use crate::staging::StoredBar;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The script reads whole numbers exactly up to 2^53; a sign and a difference take two bits.
const GREATEST: i64 = 1 << 51;
/// Ten to the power of 22 is the greatest that a double holds exactly.
const MOST_DECIMALS: usize = 15;

/// A series for the page's script.
#[derive(Debug, Serialize)]
pub(super) struct Packed {
    source: String,
    currency: String,
    own: bool,
    /// Days since 1970-01-01, each as the difference to the one before.
    days: String,
    /// Open, close, high, low of each day as differences; absent where the prices do not go into whole numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<String>,
    /// The prices as they are, where they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Vec<f64>>,
    /// By how many decimals the prices were moved.
    decimals: usize,
    /// Whether the prices are single-precision numbers.
    single: bool,
    /// Volume plus one, 0 where it is unknown; absent where one is too great.
    #[serde(skip_serializing_if = "Option::is_none")]
    volumes: Option<String>,
    /// The volumes as they are, where one is too great.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_volumes: Option<Vec<Option<i64>>>,
    /// The places of the provisional bars.
    provisional: Vec<usize>,
}

/// The number of a day as the script counts days.
pub(super) fn day_number(date: NaiveDate) -> i64 {
    (date - NaiveDate::default()).num_days()
}

pub(super) fn pack(series: &SeriesFacts) -> Packed {
    let bars = &series.bars;
    let (whole, decimals, single) = whole_prices(bars);
    let volumes = volumes(bars);
    Packed {
        source: series.source.clone(),
        currency: series.currency.clone(),
        own: series.is_own,
        days: days(bars.iter().map(|b| day_number(b.date))),
        raw: whole
            .is_none()
            .then(|| bars.iter().flat_map(prices).collect()),
        prices: whole,
        decimals,
        single,
        raw_volumes: volumes
            .is_none()
            .then(|| bars.iter().map(|b| b.values.volume).collect()),
        volumes,
        provisional: bars
            .iter()
            .enumerate()
            .filter(|(_, b)| !b.is_final)
            .map(|(at, _)| at)
            .collect(),
    }
}

/// Numbers that grow, as their differences.
pub(super) fn days(numbers: impl Iterator<Item = i64>) -> String {
    let mut text = String::new();
    let mut before = 0;
    for number in numbers {
        put(&mut text, number - before);
        before = number;
    }
    text
}

fn prices(bar: &StoredBar) -> [f64; 4] {
    [
        bar.values.open,
        bar.values.close,
        bar.values.high,
        bar.values.low,
    ]
}

/// The prices moved by as many decimals as makes all of them whole, if there is such a number.
fn whole_prices(bars: &[StoredBar]) -> (Option<String>, usize, bool) {
    let single = bars.iter().flat_map(prices).all(is_single);
    let texts = bars.iter().flat_map(prices).map(shortest);
    let fraction = |text: String| text.split_once('.').map_or(0, |(_, f)| f.len());
    let decimals = texts.map(fraction).max().unwrap_or(0);
    if decimals > MOST_DECIMALS {
        return (None, 0, false);
    }
    let mut text = String::new();
    let mut before = 0;
    for bar in bars {
        let whole = prices(bar).map(|price| move_point(price, decimals, single));
        let [Some(open), Some(close), Some(high), Some(low)] = whole else {
            return (None, 0, false);
        };
        put(&mut text, open - before);
        put(&mut text, close - open);
        put(&mut text, high - open.max(close));
        put(&mut text, open.min(close) - low);
        before = close;
    }
    (Some(text), decimals, single)
}

/// A price as a whole number of its last decimals; `None` where the script would not get the very same price back.
fn move_point(price: f64, decimals: usize, single: bool) -> Option<i64> {
    let text = shortest(price);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let number: i64 = format!("{whole}{fraction:0<decimals$}").parse().ok()?;
    let power: f64 = format!("1e{decimals}").parse().ok()?;
    let back = numbers::from_int(number) / power;
    let back = if single { to_single(back) } else { back };
    (back.to_bits() == price.to_bits() && number.abs() < GREATEST).then_some(number)
}

fn volumes(bars: &[StoredBar]) -> Option<String> {
    let mut text = String::new();
    for bar in bars {
        let number = bar.values.volume.map_or(0, |v| v.saturating_add(1));
        if !(0..GREATEST).contains(&number) || bar.values.volume.is_some_and(|v| v < 0) {
            return None;
        }
        put(&mut text, number);
    }
    Some(text)
}

/// Writes a number: five bits a character, the lowest first, the very lowest for the sign; the sixth bit says that more
/// follow.
fn put(text: &mut String, number: i64) {
    let mut rest = number.unsigned_abs() << 1 | u64::from(number < 0);
    loop {
        let more = if rest > 31 { 32 } else { 0 };
        let digit = usize::try_from(rest & 31 | more).unwrap_or(0);
        text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'A')));
        rest >>= 5;
        if rest == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bar_values::Values;

    fn bar(day: u32, prices: [f64; 4], volume: Option<i64>) -> StoredBar {
        StoredBar {
            date: NaiveDate::from_ymd_opt(2026, 1, day).unwrap(),
            values: Values::of(prices, volume),
            ingested_at: String::new(),
            is_final: day != 6,
        }
    }

    fn packed(bars: Vec<StoredBar>) -> Packed {
        let series = SeriesFacts {
            source: "yahoo".to_owned(),
            currency: "USD".to_owned(),
            is_own: true,
            bars,
        };
        pack(&series)
    }

    #[test]
    fn numbers_are_written_as_source_maps_write_them() {
        let write = |n| {
            let mut text = String::new();
            put(&mut text, n);
            text
        };
        // Values of the source map format, with - and _ for + and /.
        for (number, text) in [
            (0, "A"),
            (1, "C"),
            (-1, "D"),
            (15, "e"),
            (16, "gB"),
            (-16, "hB"),
            (1200, "grC"),
        ] {
            assert_eq!(write(number), text);
        }
    }

    #[test]
    fn single_precision_prices_take_the_digits_that_people_see() {
        let packed = packed(vec![
            bar(
                5,
                [12.770000457763672, 13.0, 12.5, 12.930000305175781],
                Some(0),
            ),
            bar(6, [12.930000305175781, 13.0, 12.5, 12.5], None),
        ]);
        assert!(packed.single && packed.raw.is_none());
        assert_eq!(packed.decimals, 2);
        // 1277, +16, +7, +27 and then 0, -43, +7, +0.
        assert_eq!(packed.prices.unwrap(), "6vCgBO2BA3COA");
        assert_eq!(packed.volumes.unwrap(), "CA");
        assert_eq!(packed.provisional, [1]);
    }

    #[test]
    fn what_does_not_go_into_whole_numbers_stays_as_it_is() {
        let prices = [0.1 + 0.2, 0.4, 0.1, 1.0 / 3.0];
        let packed = packed(vec![bar(5, prices, Some(i64::MAX))]);
        assert_eq!(
            packed.raw.unwrap(),
            [prices[0], prices[3], prices[1], prices[2]]
        );
        assert!(packed.prices.is_none() && packed.volumes.is_none());
        assert_eq!(packed.raw_volumes.unwrap(), [Some(i64::MAX)]);
    }
}
