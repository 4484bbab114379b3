//! Whether a fetched bar replaces the stored one: the latest ingest wins, and a bar never loses its volume.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};

use super::bar::{Bar, FetchedBar};
use super::timestamp::{self, CLOCK_TOLERANCE};

/// A stored bar.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) bar: Bar,
    /// The fetch time; `None` if another program wrote an invalid one.
    pub(crate) ingested_at: Option<DateTime<Utc>>,
    /// Whether it was fetched after its session was final.
    pub(crate) is_final: bool,
    /// When these values were first fetched; empty if that is `ingested_at`.
    pub(crate) known_since: String,
    /// The run that fetched these values.
    pub(crate) job_id: Option<String>,
}

impl Stored {
    /// Whether it was fetched later than `fetched`, by a clock that was right.
    #[must_use]
    pub(crate) fn is_newer_than(&self, fetched: &FetchedBar, now: DateTime<Utc>) -> bool {
        self.ingested_at.is_some_and(|t| fetched.fetched_at < t) && !self.is_ahead_of(now)
    }

    /// When these values were first fetched, as text; empty if the row has no time at all.
    #[must_use]
    pub(crate) fn known_since(&self) -> Cow<'_, str> {
        match &*self.known_since {
            "" => self
                .ingested_at
                .map(timestamp::to_text)
                .unwrap_or_default()
                .into(),
            known => known.into(),
        }
    }

    fn is_ahead_of(&self, now: DateTime<Utc>) -> bool {
        self.ingested_at.is_some_and(|t| t > now + CLOCK_TOLERANCE)
    }

    fn had_volume(&self) -> bool {
        self.bar.volume().is_some_and(|v| v > 0)
    }
}

/// What not to write of a series that is reread in full, unless it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Bars before this day with unchanged values keep their ingest time and revision.
    pub(crate) values_before: NaiveDate,
    /// Final bars before this day are not rewritten for their volume alone, which sources keep correcting.
    pub(crate) volume_before: NaiveDate,
}

impl Settled {
    fn keeps(&self, stored: &Stored, fetched: &FetchedBar, bar: &Bar) -> bool {
        let date = bar.date();
        if date >= self.values_before || !stored.is_final || !fetched.is_final {
            return false;
        }
        let same_prices = stored.bar.same_values(&bar.with_volume_of(&stored.bar));
        let filled = stored.bar.volume().is_none() && bar.volume().is_some();
        stored.bar.same_values(bar) || (same_prices && !filled && date < self.volume_before)
    }
}

/// What to do with a fetched bar.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decision {
    /// Nothing is stored for this day.
    Insert,
    /// Overwrite the stored bar with this one.
    Replace {
        bar: Bar,
        /// Whether a value differs from the stored one.
        changed: bool,
        /// Whether the stored ingest time was in the future because of a wrong clock.
        clock: bool,
    },
    /// It is already stored with this ingest time and these values.
    Same,
    /// The stored one stays; it has the same values, or all but the volume.
    Settled,
    /// The stored one is newer.
    Older,
    /// The stored one has the volume that this one lacks.
    LacksVolume,
}

/// The latest ingest wins, but a row without a volume (suspended, unknown or zero) never replaces a stored bar that had
/// one.
///
/// The prices of a provisional bar and of one in another scale must still be updated; the volume stays. A suspended row
/// has no prices of its own.
#[must_use]
pub(crate) fn decide(
    stored: Option<&Stored>,
    fetched: &FetchedBar,
    now: DateTime<Utc>,
    rescaling: bool,
    settled: Option<Settled>,
) -> Decision {
    let Some(stored) = stored else {
        return Decision::Insert;
    };
    if stored.is_newer_than(fetched, now) {
        return Decision::Older;
    }
    let clock = stored.is_ahead_of(now);
    let mut bar = fetched.bar;
    // A repeated close is worth less than traded prices, even if nobody reports volumes.
    if stored.is_final && bar.is_copied() && !stored.bar.is_copied() && !stored.had_volume() {
        return Decision::LacksVolume;
    }
    if stored.had_volume() && bar.volume().is_none_or(|v| v == 0) {
        if fetched.suspended || (stored.is_final && !rescaling) {
            return Decision::LacksVolume;
        }
        bar = bar.with_volume_of(&stored.bar);
    }
    if !clock && settled.is_some_and(|s| s.keeps(stored, fetched, &bar)) {
        return Decision::Settled;
    }
    let changed = !stored.bar.same_values(&bar);
    if !changed
        && stored.ingested_at == Some(fetched.fetched_at)
        && stored.is_final == fetched.is_final
    {
        return Decision::Same;
    }
    Decision::Replace {
        bar,
        changed,
        clock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bar::Sign;
    use crate::domain::bar_values::Values;

    const FETCHED: &str = "2026-01-06T12:00:00Z";

    fn bar(close: f64, volume: Option<i64>) -> Bar {
        Bar::new(
            NaiveDate::default(),
            Values::of([close; 4], volume),
            Sign::Positive,
        )
        .unwrap()
    }

    fn stored(close: f64, volume: Option<i64>, ingested_at: &str, is_final: bool) -> Stored {
        Stored {
            bar: bar(close, volume),
            ingested_at: ingested_at.parse().ok(),
            is_final,
            known_since: String::new(),
            job_id: None,
        }
    }

    fn fetched(close: f64, volume: Option<i64>, suspended: bool) -> FetchedBar {
        FetchedBar {
            bar: bar(close, volume),
            is_final: true,
            fetched_at: FETCHED.parse().unwrap(),
            suspended,
        }
    }

    /// The decision in one word, with the close and the volume that are written.
    fn decided(stored: Option<&Stored>, fetched: &FetchedBar, rescaling: bool) -> String {
        let now = "2026-01-06T12:01:00Z".parse().unwrap();
        match decide(stored, fetched, now, rescaling, None) {
            Decision::Replace {
                bar,
                changed,
                clock,
            } => {
                let word = if changed { "change" } else { "touch" };
                let clock = if clock { " clock" } else { "" };
                format!("{word} {} {:?}{clock}", bar.close(), bar.volume())
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_latest_ingest_wins_unless_a_clock_was_wrong() {
        let new = fetched(11.0, Some(5), false);
        assert_eq!(decided(None, &new, false), "Insert");
        let with = |time: &str| decided(Some(&stored(10.0, Some(5), time, true)), &new, false);
        assert_eq!(with("2026-01-05T12:00:00Z"), "change 11 Some(5)");
        assert_eq!(with("2026-01-06T12:00:01Z"), "Older");
        // Five minutes ahead of now may be another machine's clock, six are wrong.
        assert_eq!(with("2026-01-06T12:06:00Z"), "Older");
        assert_eq!(with("2026-01-06T12:06:01Z"), "change 11 Some(5) clock");
        assert_eq!(with("no time"), "change 11 Some(5)");
        let same = stored(11.0, Some(5), "2026-01-05T12:00:00Z", true);
        assert_eq!(decided(Some(&same), &new, false), "touch 11 Some(5)");
        let same = stored(11.0, Some(5), FETCHED, true);
        assert_eq!(decided(Some(&same), &new, false), "Same");
        let provisional = stored(11.0, Some(5), FETCHED, false);
        assert_eq!(decided(Some(&provisional), &new, false), "touch 11 Some(5)");
    }

    #[test]
    fn a_volume_is_never_lost() {
        let last = "2026-01-05T12:00:00Z";
        let had = stored(10.0, Some(5), last, true);
        for volume in [None, Some(0)] {
            let new = fetched(11.0, volume, false);
            assert_eq!(decided(Some(&had), &new, false), "LacksVolume");
            // A provisional price and another scale must move all the same.
            let provisional = stored(10.0, Some(5), last, false);
            assert_eq!(
                decided(Some(&provisional), &new, false),
                "change 11 Some(5)"
            );
            assert_eq!(decided(Some(&had), &new, true), "change 11 Some(5)");
            let suspended = fetched(11.0, volume, true);
            assert_eq!(decided(Some(&had), &suspended, true), "LacksVolume");
            let never_had = stored(10.0, Some(0), last, true);
            assert_eq!(
                decided(Some(&never_had), &new, false),
                format!("change 11 {volume:?}")
            );
        }
    }

    #[test]
    fn a_whole_series_read_again_writes_only_what_differs() {
        let now = "2026-01-06T12:01:00Z".parse().unwrap();
        // The bars are of 1970.
        let settled = |values: &str, volume: &str| Settled {
            values_before: values.parse().unwrap(),
            volume_before: volume.parse().unwrap(),
        };
        let last = "2026-01-05T12:00:00Z";
        let of = |old: Stored, new: FetchedBar, settled: Settled| {
            matches!(
                decide(Some(&old), &new, now, false, Some(settled)),
                Decision::Settled
            )
        };
        let (all, none) = ("2000-01-01", "1900-01-01");
        let had = || stored(10.0, Some(5), last, true);
        assert!(of(had(), fetched(10.0, Some(5), false), settled(all, none)));
        assert!(!of(
            had(),
            fetched(10.0, Some(5), false),
            settled(none, none)
        ));
        assert!(!of(had(), fetched(11.0, Some(5), false), settled(all, all)));
        assert!(of(had(), fetched(10.0, Some(6), false), settled(all, all)));
        assert!(!of(
            had(),
            fetched(10.0, Some(6), false),
            settled(all, none)
        ));
        let unknown = stored(10.0, None, last, true);
        assert!(!of(
            unknown,
            fetched(10.0, Some(6), false),
            settled(all, all)
        ));
        let provisional = stored(10.0, Some(5), last, false);
        assert!(!of(
            provisional,
            fetched(10.0, Some(5), false),
            settled(all, all)
        ));
    }
}
