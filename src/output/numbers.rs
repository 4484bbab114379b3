//! Prices for people: every digit that the source sent, and no others.

use std::fmt::Display;

use crate::domain::digits::shortest;

/// A count with its noun or phrase, in singular or plural: `1 row waits`, `2 rows wait`.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(
    count: N,
    one: &str,
    many: &str,
) -> String {
    let noun = if count == N::from(1) { one } else { many };
    format!("{count} {noun}")
}

/// The first five names, and how many more there are.
#[must_use]
pub(crate) fn first_five(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The least number of decimals for prices in a currency.
#[must_use]
pub(crate) fn decimals(currency: &str) -> usize {
    match currency {
        "KRW" | "JPY" | "VND" | "CLP" => 0,
        _ => 2,
    }
}

/// A price with at least `decimals` decimals and a comma between thousands.
#[must_use]
pub(crate) fn price(value: f64, decimals: usize) -> String {
    let digits = shortest(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let (sign, whole) = whole
        .strip_prefix('-')
        .map_or(("", whole), |rest| ("-", rest));
    let point = if fraction.is_empty() && decimals == 0 {
        ""
    } else {
        "."
    };
    format!("{sign}{}{point}{fraction:0<decimals$}", thousands(whole))
}

/// A price rounded to `decimals` decimals, with a comma between thousands.
#[must_use]
pub(crate) fn rounded(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let sign = if value < 0.0 { "-" } else { "" };
    match digits.split_once('.') {
        Some((whole, fraction)) => format!("{sign}{}.{fraction}", thousands(whole)),
        None => format!("{sign}{}", thousands(&digits)),
    }
}

/// A count as a number for drawing.
#[allow(
    clippy::cast_precision_loss,
    reason = "a drawing needs no more digits than a double has"
)]
#[must_use]
pub(crate) fn from_int(count: i64) -> f64 {
    count as f64
}

/// A count with a comma between thousands.
#[must_use]
pub(crate) fn count(value: i64) -> String {
    let text = value.to_string();
    match text.strip_prefix('-') {
        Some(rest) => format!("-{}", thousands(rest)),
        None => thousands(&text),
    }
}

/// A count with a comma between thousands.
#[must_use]
pub(crate) fn whole(count: u64) -> String {
    thousands(&count.to_string())
}

fn thousands(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in whole percent: `97 %`. Only all is 100 %, and only nothing is 0 %.
#[must_use]
pub(crate) fn whole_percent(share: f64) -> String {
    let percent = (share * 100.0).round();
    let percent = if share < 1.0 {
        percent.min(99.0)
    } else {
        percent
    };
    let percent = if share > 0.0 {
        percent.max(1.0)
    } else {
        percent
    };
    format!("{percent} %")
}

/// The relative change of a price; `None` if there is nothing to compare with.
#[must_use]
pub(crate) fn change(from: f64, to: f64) -> Option<f64> {
    let change = to / from - 1.0;
    (from > 0.0 && change.is_finite()).then_some(change)
}

/// A share with its sign and two decimals: `+1.20 %`.
#[must_use]
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:+.2}", share * 100.0);
    // A change that rounds to zero has no sign.
    let text = if text == "-0.00" || text == "+0.00" {
        "0.00".to_owned()
    } else {
        text.replace('-', "−")
    };
    format!("{text} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (count, said) in [(0, "0 rows"), (1, "1 row"), (2, "2 rows")] {
            assert_eq!(counted(count, "row", "rows"), said);
        }
    }

    #[test]
    fn a_price_has_the_digits_that_its_source_sent() {
        for (value, decimals, text) in [
            (152_100.0, 0, "152,100"),
            (862.5, 0, "862.5"),
            (12.770000457763672, 2, "12.77"),
            (3374.39990234375, 2, "3,374.40"),
            (9.0, 2, "9.00"),
            // Also a single-precision number, and every digit of it counts.
            (163_157_984.0, 0, "163,157,984"),
            (0.1, 2, "0.10"),
            (0.000012345, 2, "0.000012345"),
            (1234.56789, 2, "1,234.56789"),
            (999.0, 0, "999"),
            (-1000.5, 2, "-1,000.50"),
        ] {
            assert_eq!(price(value, decimals), text);
        }
    }

    #[test]
    fn counts_and_changes_read_well() {
        assert_eq!(count(25_195_543), "25,195,543");
        assert_eq!(count(-1000), "-1,000");
        assert_eq!(count(0), "0");
        assert_eq!(percent(0.012), "+1.20 %");
        assert_eq!(percent(-0.012), "−1.20 %");
        assert_eq!(percent(-0.000_001), "0.00 %");
        assert_eq!(change(100.0, 150.0), Some(0.5));
        assert_eq!(change(0.0, 150.0), None);
    }
}
