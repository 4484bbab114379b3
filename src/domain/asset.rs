//! Assets: what has a price, and the sources of the price.

use std::fmt;

use chrono_tz::Tz;
use serde::Deserialize;

use super::bar::Sign;
use super::calendar::Calendar;
use super::user_source::UserSource;

/// Longest asset id and source name, in characters: both are `varchar(20)` in the warehouse.
pub(crate) const MAX_KEY_CHARS: usize = 20;

/// The id of an asset: 1–20 characters, without commas (which separate ids in `--assets`), control characters, or
/// blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AssetId(String);

impl AssetId {
    /// Checks an id.
    ///
    /// # Errors
    /// A sentence with the allowed form.
    pub(crate) fn new(id: &str) -> Result<Self, String> {
        let chars = id.chars().count();
        if !(1..=MAX_KEY_CHARS).contains(&chars) {
            return Err(format!(
                "id {id:?} has {chars} characters; an id has 1 to {MAX_KEY_CHARS}"
            ));
        }
        if id.trim() != id || id.chars().any(|c| c.is_control() || c == ',') {
            return Err(format!(
                "id {id:?} contains a comma or a control character, or starts or ends with a blank"
            ));
        }
        Ok(Self(id.to_owned()))
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A source of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Naver finance: its day API, then fchart; the same data under one name.
    Naver,
    /// Yahoo's v8 chart.
    Yahoo,
    /// The yearly index files of the KRX data cache.
    Krx,
    /// Upbit's day candles.
    Upbit,
    /// Binance's daily klines.
    Binance,
    /// The ECB's reference rates.
    Ecb,
    /// Not fetched: `import` provides the prices.
    Manual,
    /// A user-defined source.
    User(&'static UserSource),
}

impl SourceKind {
    /// The sources built into this program.
    pub(crate) const BUILT_IN: [Self; 6] = [
        Self::Naver,
        Self::Yahoo,
        Self::Krx,
        Self::Upbit,
        Self::Binance,
        Self::Ecb,
    ];

    /// The built-in source with a name from `assets.toml`.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut kinds = Self::BUILT_IN.into_iter().chain([Self::Manual]);
        kinds.find(|kind| kind.name() == name)
    }

    /// The time zone of the only country that the source covers; None for a worldwide source.
    #[must_use]
    pub(crate) fn zone(self) -> Option<Tz> {
        matches!(self, Self::Naver | Self::Krx).then_some(Tz::Asia__Seoul)
    }

    /// The name in `assets.toml` and in the `source` column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Naver => "naver",
            Self::Yahoo => "yahoo",
            Self::Krx => "krx",
            Self::Upbit => "upbit",
            Self::Binance => "binance",
            Self::Ecb => "ecb",
            Self::Manual => "manual",
            Self::User(source) => &source.name,
        }
    }
}

/// The category of an asset; Naver uses another path for an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// A company's share.
    Stock,
    /// An index.
    Index,
    /// An exchange-traded fund.
    Etf,
    /// A crypto currency.
    Crypto,
    /// A commodity or its future.
    Commodity,
    /// A pair of currencies.
    Fx,
    /// A fund that is not traded on an exchange.
    Fund,
    /// A bond or its future.
    Bond,
    /// An interest rate or a yield.
    Rate,
}

impl Category {
    /// The name in `assets.toml` and in the `category` column.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Index => "index",
            Self::Etf => "etf",
            Self::Crypto => "crypto",
            Self::Commodity => "commodity",
            Self::Fx => "fx",
            Self::Fund => "fund",
            Self::Bond => "bond",
            Self::Rate => "rate",
        }
    }

    /// Whether a split can change the scale of its older prices.
    #[must_use]
    pub(crate) fn has_splits(self) -> bool {
        matches!(self, Self::Stock | Self::Etf | Self::Fund)
    }
}

/// A source of an asset's prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceEntry {
    pub(crate) kind: SourceKind,
    /// The source's symbol for the asset.
    pub(crate) symbol: String,
    /// The currency of its prices (`KRW`).
    pub(crate) currency: String,
    /// The `source` column of its bars: the kind's name, or `kind:symbol` if that would mix two series.
    pub(crate) stored_as: String,
}

/// Something with a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    pub(crate) id: AssetId,
    /// Name for people.
    pub(crate) name: String,
    pub(crate) category: Category,
    pub(crate) calendar: Calendar,
    /// Currency of its own series.
    pub(crate) currency: String,
    /// Whether its prices may be zero or negative.
    pub(crate) sign: Sign,
    /// Whether it is collected by default.
    pub(crate) active: bool,
    /// Its sources in the order in which they are asked.
    pub(crate) sources: Vec<SourceEntry>,
    /// What ledgers call it, where that is not its id.
    pub(crate) commodity: Option<String>,
}

impl Asset {
    /// Whether any source can be asked for its prices; otherwise only `import` provides them.
    #[must_use]
    pub(crate) fn is_collected(&self) -> bool {
        self.sources.iter().any(|s| s.kind != SourceKind::Manual)
    }

    /// The stored source names in the asset's own currency, best first: those that `best_price` may show.
    pub(crate) fn own_sources(&self) -> impl Iterator<Item = &str> {
        self.sources
            .iter()
            .filter(|s| s.currency == self.currency)
            .map(|s| s.stored_as.as_str())
    }

    /// The sources before this one in the asset's order; empty if it is in another currency.
    #[must_use]
    pub(crate) fn better_sources(&self, source: &str) -> Vec<&str> {
        let sources: Vec<&str> = self.own_sources().collect();
        let place = sources.iter().position(|s| *s == source);
        sources.into_iter().take(place.unwrap_or(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_korean_characters_are_twenty_characters() {
        assert!(AssetId::new(&"삼".repeat(20)).is_ok());
        assert!(AssetId::new(&"삼".repeat(21)).is_err());
        assert!(AssetId::new("a,b").is_err());
        assert!(AssetId::new(" a").is_err());
    }
}
