//! The price sources, one file each: how to ask Yahoo, Naver, Upbit, Binance, the ECB and the KRX index cache, and how
//! to read their answers. User-defined sources are in `user`.

use crate::config::Variable;
use crate::domain::asset::SourceKind;

mod binance;
mod body;
mod ecb;
pub(crate) mod fetch;
mod krx;
pub mod lookup;
mod naver;
mod naver_fchart;
mod upbit;
mod upstream;
mod user;
mod xml;
mod yahoo;
mod yahoo_events;

pub(crate) use body::{AnswerError, query_value};
pub use upstream::Upstream;
pub(crate) use upstream::is_same_symbol;

/// Every source with its endpoints, in the order in which they are tried. Endpoints of a source give the same data
/// under its name.
pub const SOURCES: &[(SourceKind, &[&dyn Upstream])] = &[
    (SourceKind::Naver, &[&naver::DayApi, &naver_fchart::Fchart]),
    (SourceKind::Yahoo, &[&yahoo::Chart]),
    (SourceKind::Krx, &[&krx::IndexCache]),
    (SourceKind::Upbit, &[&upbit::DayCandles]),
    (SourceKind::Binance, &[&binance::Klines]),
    (SourceKind::Ecb, &[&ecb::ReferenceRates]),
];

/// The endpoints of a source; empty if nobody is asked.
#[must_use]
pub fn endpoints(kind: SourceKind) -> Vec<&'static dyn Upstream> {
    if let SourceKind::User(source) = kind {
        return vec![source];
    }
    let source = SOURCES.iter().find(|(k, _)| *k == kind);
    source.map_or_else(Vec::new, |(_, endpoints)| endpoints.to_vec())
}

/// The variables with the addresses of the sources.
#[must_use]
pub fn origins() -> Vec<Variable> {
    let endpoints = SOURCES.iter().flat_map(|(_, endpoints)| *endpoints);
    let own = endpoints.map(|endpoint| endpoint.origin());
    own.chain(lookup::origins()).collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::config::Variables;
    use crate::domain::answer::RawBar;
    use crate::domain::calendar::built_in;
    use crate::domain::window::Window;

    pub(super) fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    pub(super) fn window(start: &str, end: &str) -> Window {
        Window {
            start: date(start),
            end: date(end),
        }
    }

    /// The values of a row, to be compared at one glance.
    pub(super) fn values<'a>(row: &RawBar<'a>) -> [&'a str; 5] {
        [row.open, row.high, row.low, row.close, row.volume]
    }

    #[test]
    fn every_kind_of_source_has_its_line() {
        let kinds: Vec<SourceKind> = SOURCES.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, SourceKind::BUILT_IN);
        for (kind, endpoints) in SOURCES {
            assert!(!endpoints.is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn every_origin_is_one_that_a_user_could_set() {
        let config = Variables::new(|_: &str| None, "", &origins()).read();
        let read = config.unwrap().fetch.origins;
        for origin in origins() {
            assert_eq!(read.get(&origin), origin.default);
        }
        assert_eq!(
            read.get(&yahoo::Chart.origin()),
            "https://query2.finance.yahoo.com"
        );
    }

    #[test]
    fn a_mark_before_the_text_does_not_matter_but_utf_16_is_refused() {
        let bodies = [
            (
                SourceKind::Naver,
                0,
                r#"[{"localDate":"20260105","closePrice":1}]"#,
            ),
            (
                SourceKind::Naver,
                1,
                "<protocol><chartdata><item data=\"20260105|1|1|1|1|1\"/></chartdata></protocol>",
            ),
            (
                SourceKind::Yahoo,
                0,
                r#"{"chart":{"result":[{"timestamp":[1767571200],"indicators":{"quote":[{"open":[1],"high":[1],"low":[1],"close":[1]}]}}]}}"#,
            ),
            (
                SourceKind::Krx,
                0,
                "Date,Open,High,Low,Close,Volume\n2026-01-05,1,1,1,1,1\n",
            ),
            (
                SourceKind::Upbit,
                0,
                r#"[{"candle_date_time_utc":"2026-01-05T00:00:00","opening_price":1,"high_price":1,"low_price":1,"trade_price":1,"candle_acc_trade_volume":1}]"#,
            ),
            (
                SourceKind::Binance,
                0,
                r#"[[1767571200000,"1","1","1","1","1",1767657599999]]"#,
            ),
            (
                SourceKind::Ecb,
                0,
                r#"<gesmes:Envelope><Cube><Cube time="2026-01-05"><Cube currency="USD" rate="1"/></Cube></Cube></gesmes:Envelope>"#,
            ),
        ];
        let calendar = built_in("24/7");
        for (kind, place, body) in bodies {
            let endpoint = endpoints(kind)[place];
            let plain = endpoint
                .read(200, body.as_bytes(), "USD", calendar)
                .unwrap();
            let marked = format!("\u{feff}{body}");
            let read = endpoint
                .read(200, marked.as_bytes(), "USD", calendar)
                .unwrap();
            assert_eq!((read.rows.len(), &read), (1, &plain), "{}", endpoint.name());
            let wide: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let wide = [&b"\xff\xfe"[..], &wide].concat();
            let refused = endpoint.read(200, &wide, "USD", calendar).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "not the expected format: text in UTF-16"
            );
        }
    }
}
