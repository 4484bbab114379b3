//! When a series is compared in full, to find changes further back than a normal run looks.

use chrono::{Datelike, NaiveDate};

/// Whether a series last compared in full on one day is due again today, with an interval of `every` days (0: never).
///
/// Each asset has its own days, based on its id, so that the assets of a file are spread over them; a missed day is
/// caught up.
#[must_use]
pub(crate) fn is_due(asset_id: &str, audited_on: NaiveDate, today: NaiveDate, every: u32) -> bool {
    if every == 0 {
        return false;
    }
    let every = i64::from(every);
    // The asset's turns are the days with this remainder.
    let turn = i64::from(hash(asset_id)) % every;
    let day = |date: NaiveDate| i64::from(date.num_days_from_ce());
    let turns_until = |date: NaiveDate| (day(date) - turn).div_euclid(every);
    turns_until(today) > turns_until(audited_on)
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 2).unwrap() + Days::new(n)
    }

    #[test]
    fn every_asset_has_its_turn_once_in_a_week() {
        let assets: Vec<String> = (0..700).map(|n| format!("{n:06}")).collect();
        let mut turns = [0_u32; 7];
        for asset in &assets {
            let due = (1..=7).filter(|n| is_due(asset, day(n - 1), day(*n), 7));
            let due: Vec<u64> = due.collect();
            assert_eq!(due.len(), 1, "{asset}");
            turns[usize::try_from(due[0] - 1).unwrap()] += 1;
        }
        assert!(turns.iter().all(|n| (60..140).contains(n)), "{turns:?}");
    }

    #[test]
    fn a_turn_that_was_missed_is_caught_up_and_none_is_never() {
        assert!((0..50).all(|n| is_due(&n.to_string(), day(0), day(7), 7)));
        assert!((0..50).all(|n| !is_due(&n.to_string(), day(0), day(0), 7)));
        assert!((0..50).all(|n| !is_due(&n.to_string(), day(5), day(3), 7)));
        assert!((0..50).all(|n| is_due(&n.to_string(), day(0), day(1), 1)));
        assert!((0..50).all(|n| !is_due(&n.to_string(), day(0), day(700), 0)));
    }
}
