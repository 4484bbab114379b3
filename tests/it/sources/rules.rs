//! What every answer that a parser reads must keep, whatever its body was. The `mutations` and the fuzz targets hold to it.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use pricestash::domain::answer::Answer;
use pricestash::domain::calendar::Calendar;
use pricestash::domain::validate::{self, Context, Sign};
use pricestash::domain::window::Window;

/// Holds an answer to its body, and the bars that come out of it to their own rules.
pub(crate) fn assert_kept(answer: &Answer<'_>, body: &[u8], calendar: &Calendar) {
    assert_lent(answer, body);
    for sign in [Sign::Positive, Sign::Any] {
        assert_valid(answer, calendar, sign);
    }
}

/// What an answer lends lies in its body, and it has no more rows than a body of that length can say.
fn assert_lent(answer: &Answer<'_>, body: &[u8]) {
    assert!(answer.rows.len() <= body.len());
    let bounds = body.as_ptr_range();
    let about_all = [answer.symbol, answer.currency, answer.exchange]
        .into_iter()
        .flatten();
    let actions = answer.actions.iter().flatten();
    let of_actions = actions.flat_map(|a| {
        let texts = [a.amount, a.numerator, a.denominator, a.raw];
        texts.into_iter().chain(a.currency)
    });
    let values = answer
        .rows
        .iter()
        .flat_map(|r| [r.open, r.high, r.low, r.close, r.volume]);
    for text in about_all
        .chain(of_actions)
        .chain(values)
        .filter(|t| !t.is_empty())
    {
        let bytes = text.as_bytes().as_ptr_range();
        assert!(
            bounds.start <= bytes.start && bytes.end <= bounds.end,
            "{text:?}"
        );
    }
}

/// What comes out of the rules are bars that keep them.
fn assert_valid(answer: &Answer<'_>, calendar: &Calendar, sign: Sign) {
    let window = Window {
        start: NaiveDate::MIN,
        end: NaiveDate::MAX,
    };
    let context = Context {
        window,
        calendar,
        sign,
        // 2026-11-25
        fetched_at: DateTime::UNIX_EPOCH + TimeDelta::days(20_782),
    };
    let checked = validate::check(answer, context);
    assert!(checked.bars.len() + checked.rejected.len() <= answer.rows.len());
    let days: Vec<NaiveDate> = checked.bars.iter().map(|b| b.bar.date()).collect();
    assert!(days.is_sorted_by(|a, b| a < b), "{days:?}");
    for bar in checked.bars.iter().map(|b| &b.bar) {
        let [open, high, low, close] = bar.prices();
        assert!(
            [open, high, low, close]
                .iter()
                .all(|p| p.is_finite() && (*p > 0.0 || sign == Sign::Any)),
            "{bar:?}"
        );
        assert!(
            high >= low && bar.volume().is_none_or(|v| (0..=1 << 53).contains(&v)),
            "{bar:?}"
        );
        assert!(
            window.contains(bar.date()) && bar.date().year() >= 1,
            "{bar:?}"
        );
    }
}
