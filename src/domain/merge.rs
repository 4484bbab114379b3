//! Whether a fetched bar replaces the stored one: the latest ingest wins, and a bar never loses its volume.

use chrono::{DateTime, Utc};

use super::bar::{Bar, FetchedBar};
use super::timestamp::CLOCK_TOLERANCE;

/// A bar as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its prices and volume.
    pub bar: Bar,
    /// When it was fetched; `None` where another program wrote what is no time.
    pub ingested_at: Option<DateTime<Utc>>,
    /// Whether it was fetched after its session's final time.
    pub is_final: bool,
    /// When these values were fetched first; empty where another program wrote the row.
    pub known_since: String,
    /// The run that brought these values.
    pub job_id: Option<String>,
}

impl Stored {
    /// Whether it was fetched later than this one.
    #[must_use]
    pub fn is_newer_than(&self, fetched: &FetchedBar) -> bool {
        self.ingested_at.is_some_and(|t| fetched.fetched_at < t)
    }

    fn is_ahead_of(&self, now: DateTime<Utc>) -> bool {
        self.ingested_at.is_some_and(|t| t > now + CLOCK_TOLERANCE)
    }

    fn had_volume(&self) -> bool {
        self.bar.volume().is_some_and(|v| v > 0)
    }
}

/// What to do with a fetched bar.
#[derive(Debug, Clone, Copy)]
pub enum Decision {
    /// Nothing is stored of this day.
    Insert,
    /// Write this bar over the stored one.
    Replace {
        /// The bar to write.
        bar: Bar,
        /// Whether a value differs from the stored one.
        changed: bool,
        /// Whether the stored ingest time was ahead of now: a clock that was wrong.
        clock: bool,
    },
    /// It is stored already, with this ingest time and these values.
    Same,
    /// The stored one is newer.
    Older,
    /// The stored one has the volume that this one lacks.
    LacksVolume,
}

/// Latest ingest wins, but a row without a volume (suspended, unknown or zero) never replaces a stored bar that had one.
///
/// The prices of a provisional bar and those in another scale must move all the same; the volume stays. A suspended row has
/// no prices of its own.
#[must_use]
pub fn decide(
    stored: Option<&Stored>,
    fetched: &FetchedBar,
    now: DateTime<Utc>,
    rescaling: bool,
) -> Decision {
    let Some(stored) = stored else {
        return Decision::Insert;
    };
    let clock = stored.is_ahead_of(now);
    if stored.is_newer_than(fetched) && !clock {
        return Decision::Older;
    }
    let mut bar = fetched.bar;
    if stored.had_volume() && bar.volume().is_none_or(|v| v == 0) {
        if fetched.suspended || (stored.is_final && !rescaling) {
            return Decision::LacksVolume;
        }
        bar = Bar::new(bar.date(), bar.prices(), stored.bar.volume()).unwrap_or(bar);
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
