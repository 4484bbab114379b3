//! Each parser over 200,000 answers to which something happened: never a panic, never more rows than the body can hold, never
//! a bar that breaks its own rules.
//!
//! The same cases every time. `MUTATION_SEED=7 cargo test mutations` tries others; the seed stands in the output of a test
//! that fails. `tests/fuzz` does the same guided by coverage, for as long as one likes.

use std::env;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use pricestash::asset::SourceKind;
use pricestash::calendar::{Calendar, Calendars};
use pricestash::upstream::{Answer, Upstream, Window, ways};
use pricestash::validate::{self, Context};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const CASES: u32 = 200_000;
const SEED: u64 = 20_260_320;

/// Answers of each way, as short as they can be with everything in them: short ones are read fast, and a mutation hits what
/// matters. Their values are recorded ones.
const NAVER: [&str; 3] = [
    r#"[{"localDate":"20260122","closePrice":152300.0,"openPrice":155000.0,"highPrice":157000.0,"lowPrice":150800.0,"accumulatedTradingVolume":32073624},{"localDate":"20260123","closePrice":"152,100","openPrice":154700,"highPrice":156000,"lowPrice":150100,"accumulatedTradingVolume":25195543}]"#,
    r#"[{"localDate":"20180430","closePrice":53000,"openPrice":0,"highPrice":0,"lowPrice":0,"accumulatedTradingVolume":0},{"localDate":"20260123","closePrice":null,"openPrice":null,"highPrice":null,"lowPrice":null,"accumulatedTradingVolume":null}]"#,
    r#"{"code":"StockNotFound","message":"no"}"#,
];
const FCHART: [&str; 3] = [
    "<?xml version=\"1.0\" encoding=\"EUC-KR\" ?>\n<protocol>\n<chartdata symbol=\"005930\" name=\"?\" count=\"2\" timeframe=\"day\" precision=\"0\" origintime=\"19900103\" >\n\t<item data=\"20180427|53380|53639|52440|53000|606216\" />\n\t<item data=\"20180430|0|0|0|53000|0\" />\n</chartdata>\n</protocol>\n",
    "<protocol><chartdata symbol=\"005930\"><item data=\"20260904|254000|259000|252500|255500|14031862\"/><item data=\"20260907|||||\"/></chartdata></protocol>",
    "<protocol></protocol>",
];
const YAHOO: [&str; 4] = [
    r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"AAPL","exchangeTimezoneName":"America/New_York","dataGranularity":"1d"},"timestamp":[1727703000,1727789400],"indicators":{"quote":[{"close":[233,226.2100067138672],"open":[230.0399932861328,229.52000427246094],"high":[233,229.64999389648438],"low":[229.64999389648438,223.74000549316406],"volume":[54541900,63285000]}],"adjclose":[{"adjclose":[232.7,225.9]}]}}],"error":null}}"#,
    r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"BTC-USD","exchangeTimezoneName":"UTC"},"timestamp":[1709856000,1709942400,1709989200],"indicators":{"quote":[{"open":[null,68284.125,68285],"high":[null,68380.492188,"Infinity"],"low":[null,68101.03125,1],"close":[null,68281.414063,1],"volume":[null,58679760000,1]}]}}],"error":null}}"#,
    r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}"#,
    r#"{"chart":{"result":[{"meta":{"currency":null,"symbol":"^VXAPL","exchangeTimezoneName":"America/New_York"},"indicators":{"quote":[{}],"adjclose":[{}]}}],"error":null}}"#,
];
const KRX: [&str; 3] = [
    "\u{feff}Date,Close,UpDown,Comp,Change,Open,High,Low,Volume,Amount,MarCap\n2026-03-04,756.79,2,-6.5,-0.0085,760.1,765.2,750.9,202012148,1,2\n2026-03-05,831.22,1,74.43,0.0983,775.83,855.65,775.26,310627105.0,1,2\n",
    "\u{feff}Date,Close,UpDown,Comp,Change,Open,High,Low,Volume,Amount,MarCap\n1990-01-03,100.0,,,,,,,4024570.0,,\n",
    "\u{feff}\"\"\n",
];
const UPBIT: [&str; 4] = [
    r#"[{"market":"KRW-BTC","candle_date_time_utc":"2025-07-29T00:00:00","opening_price":162999000.00000000,"high_price":164000000.0,"low_price":162000000.0,"trade_price":163158000.0,"candle_acc_trade_volume":1487.53432374}]"#,
    r#"[{"market":"KRW-BTC","candle_date_time_utc":"2025-07-29T00:00:00","opening_price":2,"high_price":2,"low_price":1,"trade_price":2,"candle_acc_trade_volume":1},{"market":"KRW-BTC","candle_date_time_utc":"2025-07-28T00:00:00","opening_price":1,"high_price":2,"low_price":1,"trade_price":2,"candle_acc_trade_volume":1}]"#,
    r#"{"error":{"name":404,"message":"Code not found"}}"#,
    "[]",
];

/// What stands where it should not.
const STRANGERS: [&str; 26] = [
    "null",
    "true",
    "\"Infinity\"",
    "\"-Infinity\"",
    "\"NaN\"",
    "-1",
    "0",
    "-0.0",
    "1e308",
    "1e309",
    "-1e999",
    "5e-324",
    "1e-999",
    "9223372036854775808",
    "18446744073709551616",
    "99991231",
    "20260231",
    "202603051530",
    "",
    "[]",
    "{}",
    "\"\"",
    "\u{feff}",
    "<a>",
    "&#x0;",
    "\\u0000",
];

fn calendar(rng: &mut StdRng) -> &'static Calendar {
    static ALL: LazyLock<Calendars> = LazyLock::new(|| Calendars::built_in().unwrap());
    let names = ["XKRX", "XNYS", "CMES", "24/7"];
    ALL.get(names[rng.random_range(0..names.len())]).unwrap()
}

/// A place in a body that is not empty.
fn place(body: &[u8], rng: &mut StdRng) -> usize {
    rng.random_range(0..=body.len())
}

/// A piece of a body, at most so many bytes.
fn piece<'a>(body: &'a [u8], most: usize, rng: &mut StdRng) -> &'a [u8] {
    let from = place(body, rng);
    let to = rng.random_range(from..=body.len().min(from + most));
    &body[from..to]
}

/// The number that a place lies in or before, as a range.
fn number(body: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
    let start = body[at..]
        .iter()
        .position(is_digit)
        .map_or(body.len(), |n| at + n);
    let length = body[start..].iter().take_while(|b| is_digit(b)).count();
    start..start + length
}

fn mutate_once(body: &mut Vec<u8>, other: &[u8], rng: &mut StdRng) {
    let at = place(body, rng);
    match rng.random_range(0..12) {
        0 | 1 => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        2 => body.truncate(at),
        3 => drop(body.splice(at..at, piece(other, 200, rng).iter().copied())),
        4 => {
            let again = piece(body, 200, rng).to_vec();
            drop(body.splice(at..at, again));
        }
        5 => drop(body.drain(at..(at + rng.random_range(1..=40)).min(body.len()))),
        6 | 7 => {
            let stranger = STRANGERS[rng.random_range(0..STRANGERS.len())];
            drop(body.splice(number(body, at), stranger.bytes()));
        }
        8 => {
            let digits = rng.random_range(1..=400);
            drop(body.splice(number(body, at), std::iter::repeat_n(b'9', digits)));
        }
        9 => {
            // Seldom deep: a deep one is long.
            let depth = if rng.random_range(0..500) == 0 {
                100_000
            } else {
                rng.random_range(1..=200)
            };
            let open =
                ["[", "{\"chart\":", "{\"a\":[", "<a>", "<protocol>"][rng.random_range(0..5)];
            drop(body.splice(at..at, open.repeat(depth).bytes()));
        }
        10 => drop(
            body.splice(
                at..at,
                [b"\0", b"\xff", b"\xc3", b"\xb0", b"\x1b"][rng.random_range(0..5)]
                    .iter()
                    .copied(),
            ),
        ),
        _ => *body = in_another_encoding(body, rng),
    }
}

fn in_another_encoding(body: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let wide = |pair: fn(u8) -> [u8; 2]| body.iter().flat_map(|b| pair(*b)).collect::<Vec<u8>>();
    match rng.random_range(0..4) {
        0 => [b"\xff\xfe".to_vec(), wide(|b| [b, 0])].concat(),
        1 => [b"\xfe\xff".to_vec(), wide(|b| [0, b])].concat(),
        2 => [b"\xef\xbb\xbf", body].concat(),
        // As Latin-1 text that was taken for UTF-8, and the other way round.
        _ => body
            .iter()
            .map(|b| {
                if b.is_ascii_alphabetic() && rng.random_range(0..20) == 0 {
                    b | 0x80
                } else {
                    *b
                }
            })
            .collect(),
    }
}

/// What an answer lends lies in its body, and it has no more rows than a body of that length can say.
fn assert_lent(answer: &Answer<'_>, body: &[u8]) {
    assert!(answer.rows.len() <= body.len());
    let bounds = body.as_ptr_range();
    let about_all = answer.symbol.into_iter().chain(answer.currency);
    let values = answer
        .rows
        .iter()
        .flat_map(|r| [r.open, r.high, r.low, r.close, r.volume]);
    for text in about_all.chain(values).filter(|t| !t.is_empty()) {
        let bytes = text.as_bytes().as_ptr_range();
        assert!(
            bounds.start <= bytes.start && bytes.end <= bounds.end,
            "{text:?}"
        );
    }
}

/// What comes out of the rules are bars that keep them.
fn assert_valid(
    answer: &Answer<'_>,
    calendar: &Calendar,
    window: Window,
    fetched_at: DateTime<Utc>,
) {
    let checked = validate::check(
        answer,
        Context {
            window,
            calendar,
            fetched_at,
        },
    );
    assert!(checked.bars.len() + checked.rejected.len() <= answer.rows.len());
    let days: Vec<NaiveDate> = checked.bars.iter().map(|b| b.bar.date()).collect();
    assert!(days.is_sorted_by(|a, b| a < b), "{days:?}");
    for bar in checked.bars.iter().map(|b| &b.bar) {
        let [open, high, low, close] = bar.prices();
        assert!(
            [open, high, low, close]
                .iter()
                .all(|p| p.is_finite() && *p > 0.0),
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

fn try_all(name: &str, seeds: &[&str]) {
    let kinds = [
        SourceKind::Naver,
        SourceKind::Yahoo,
        SourceKind::Krx,
        SourceKind::Upbit,
    ];
    let mut all = kinds
        .into_iter()
        .flat_map(|kind| ways(kind).iter().copied());
    let way: &dyn Upstream = all.find(|way| way.name() == name).unwrap();
    let seed = env::var("MUTATION_SEED").map_or(SEED, |text| text.parse().unwrap());
    #[allow(clippy::print_stdout, reason = "a failing test shows it")]
    {
        println!("MUTATION_SEED={seed}");
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let window = Window {
        start: NaiveDate::MIN,
        end: NaiveDate::MAX,
    };
    let fetched_at: DateTime<Utc> = "2026-11-25T00:00:00Z".parse().unwrap();
    let (mut read, mut bars) = (0, 0);
    for _ in 0..CASES {
        let [one, other] = [(); 2].map(|()| seeds[rng.random_range(0..seeds.len())]);
        let mut body = one.as_bytes().to_vec();
        for _ in 0..[1, 1, 2, 4][rng.random_range(0..4)] {
            mutate_once(&mut body, other.as_bytes(), &mut rng);
        }
        let status = [200, 200, 200, 200, 200, 400, 404, 429][rng.random_range(0..8)];
        let calendar = calendar(&mut rng);
        match way.read(status, &body, calendar) {
            Ok(answer) => {
                read += 1;
                bars += answer.rows.len();
                assert_lent(&answer, &body);
                assert_valid(&answer, calendar, window, fetched_at);
            }
            Err(error) => {
                let words = error.to_string();
                assert!(
                    words.chars().count() < 300 && !words.chars().any(char::is_control),
                    "{words:?}"
                );
            }
        }
    }
    // Mutations that are all refused would say nothing about the rest.
    assert!(
        read > CASES / 40 && bars > 4_000,
        "{read} read, {bars} bars"
    );
}

#[test]
fn naver_day_api() {
    try_all("naver", &NAVER);
}

#[test]
fn naver_fchart() {
    try_all("naver fchart", &FCHART);
}

#[test]
fn yahoo() {
    try_all("yahoo", &YAHOO);
}

#[test]
fn krx() {
    try_all("krx", &KRX);
}

#[test]
fn upbit() {
    try_all("upbit", &UPBIT);
}
