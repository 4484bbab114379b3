//! Each parser over 200,000 recorded answers to which something happened: never a panic, never more rows than the body can
//! hold, never a bar that breaks its own rules.
//!
//! The same cases every time. `MUTATION_SEED=7 cargo test mutations` tries others. Each test prints its seed, and one that
//! fails prints the case that it failed at. `tests/fuzz` holds to the same rules what coverage leads it to, for as long as one
//! likes.

use std::io::Write;
use std::sync::LazyLock;
use std::{env, thread};

use pricestash::config::read_sources;
use pricestash::domain::answer::RawBar;
use pricestash::domain::calendar::{Calendar, Calendars};
use pricestash::sources::{Upstream, endpoints};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::rules;
use crate::support::way;
use crate::support::window::{Recording, recordings_of};

pub(super) const CASES: u32 = 200_000;
const SEED: u64 = 20_260_320;

/// A recording up to so many bytes is taken as a whole.
const SHORT: usize = 1500;
/// Of a longer one, a window of so many rows at most is taken, so that a mutation hits what matters and a case is fast;
const WINDOW: usize = 5;
/// and one time in so many all of it.
const SELDOM: u32 = 500;

/// Answers that no recording shows, in the sources' own form and with recorded values. One case in ten starts from them.
const OTHERS: [(&str, &str); 8] = [
    (
        "naver",
        r#"[{"localDate":"20180430","closePrice":53000,"openPrice":0,"highPrice":0,"lowPrice":0,"accumulatedTradingVolume":0},{"localDate":"20260123","closePrice":"152,100","openPrice":154700,"highPrice":156000,"lowPrice":150100,"accumulatedTradingVolume":25195543},{"localDate":"20260126","closePrice":null,"openPrice":null,"highPrice":null,"lowPrice":null,"accumulatedTradingVolume":null}]"#,
    ),
    ("naver", r#"{"code":"StockNotFound","message":"no"}"#),
    (
        "naver fchart",
        "<protocol><chartdata symbol=\"005930\"><item data=\"20260904|254000|259000|252500|255500|14031862\"/><item data=\"20260907|||||\"/></chartdata></protocol>",
    ),
    (
        "yahoo",
        r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"BTC-USD","exchangeTimezoneName":"UTC"},"timestamp":[1709856000,1709942400,1709989200],"indicators":{"quote":[{"open":[null,68284.125,68285],"high":[null,68380.492188,"Infinity"],"low":[null,68101.03125,1],"close":[null,68281.414063,1],"volume":[null,58679760000,1]}]}}],"error":null}}"#,
    ),
    (
        "krx",
        "\u{feff}Date,Close,UpDown,Comp,Change,Open,High,Low,Volume,Amount,MarCap\n2026-03-04,756.79,2,-6.5,-0.0085,760.1,765.2,750.9,202012148,1,2\n2026-03-05,831.22,1,74.43,0.0983,775.83,855.65,775.26,310627105.0,1,2\n",
    ),
    (
        "upbit",
        r#"[{"market":"KRW-BTC","candle_date_time_utc":"2025-07-29T00:00:00","opening_price":2,"high_price":2,"low_price":1,"trade_price":2,"candle_acc_trade_volume":1},{"market":"KRW-BTC","candle_date_time_utc":"2025-07-28T00:00:00","opening_price":1,"high_price":2,"low_price":1,"trade_price":2,"candle_acc_trade_volume":1}]"#,
    ),
    (
        "binance",
        r#"[[1790380800000,"84132.40000000","84160.01000000","84132.21000000","84160.01000000","3.46100000",1790467199999,"291182.10406440",443,"0.33082000","27832.65613240","0"],[1790467200000,"84160.00000000","84160.01000000","84153.43000000","84153.44000000","0.08087000",1790553599999,"343443.91315490",323,"1.15828000","97480.39564320","0"]]"#,
    ),
    (
        "ecb",
        r#"<gesmes:Envelope><Cube><Cube time="2021-01-08"><Cube currency="USD" rate="1.225"/><Cube currency="KRW" rate="1337.9"/></Cube><Cube time="2021-01-07"><Cube currency="USD" rate="1.2276"/></Cube></Cube></gesmes:Envelope>"#,
    ),
];

/// What is asked for; only the ECB's file is of many symbols.
const SYMBOL: &str = "USD";

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

const CALENDARS: [&str; 4] = ["XKRX", "XNYS", "CMES", "24/7"];

fn calendar(name: &str) -> &'static Calendar {
    static ALL: LazyLock<Calendars> = LazyLock::new(|| Calendars::built_in().unwrap());
    Box::leak(Box::new(ALL.get(name).unwrap()))
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

pub(super) fn mutate_once(body: &mut Vec<u8>, other: &[u8], rng: &mut StdRng) {
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

/// What the mutations of a way start from.
struct Starts {
    recordings: Vec<Recording>,
    others: Vec<&'static [u8]>,
}

impl Starts {
    fn of(way: &str) -> Self {
        let others = OTHERS.into_iter().filter(|(name, _)| *name == way);
        Self {
            recordings: recordings_of(way),
            others: others.map(|(_, body)| body.as_bytes()).collect(),
        }
    }

    fn draw(&self, rng: &mut StdRng) -> Vec<u8> {
        if self.recordings.is_empty() || rng.random_range(0..10) == 0 {
            return self.others[rng.random_range(0..self.others.len())].to_vec();
        }
        let recording = &self.recordings[rng.random_range(0..self.recordings.len())];
        let rows = recording.rows();
        if recording.body.len() <= SHORT || rows == 0 || rng.random_range(0..SELDOM) == 0 {
            return recording.body.clone();
        }
        let from = rng.random_range(0..rows);
        recording.window(from..rng.random_range(from + 1..=rows.min(from + WINDOW)))
    }
}

/// A case, which says what it was when the test fails at it.
pub(super) struct Case {
    pub(super) number: u32,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self {
                number,
                status,
                body,
            } = self;
            let text = String::from_utf8_lossy(&body[..body.len().min(4000)]);
            say(&format!("case {number}, status {status}: {text:?}"));
        }
    }
}

/// Past the test runner, which shows what a test prints only when it fails.
pub(super) fn say(line: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").unwrap();
}

/// The chances of a test, which says what they are.
pub(super) fn seeded(name: &str, cases: u32) -> StdRng {
    let seed = env::var("MUTATION_SEED").map_or(SEED, |text| text.parse().unwrap());
    say(&format!("{name}: {cases} mutations, MUTATION_SEED={seed}"));
    StdRng::seed_from_u64(seed)
}

fn try_all(name: &str) {
    try_way(name, way(name), &Starts::of(name));
}

fn try_way(name: &str, way: &dyn Upstream, starts: &Starts) {
    let mut rng = seeded(name, CASES);
    let (mut read, mut bars) = (0, 0);
    for number in 0..CASES {
        let [mut body, other] = [(); 2].map(|()| starts.draw(&mut rng));
        for _ in 0..[1, 1, 2, 4][rng.random_range(0..4)] {
            mutate_once(&mut body, &other, &mut rng);
        }
        let status = [200, 200, 200, 200, 200, 400, 404, 429][rng.random_range(0..8)];
        let case = Case {
            number,
            status,
            body,
        };
        let calendar = calendar(CALENDARS[rng.random_range(0..CALENDARS.len())]);
        match way.read(status, &case.body, SYMBOL, calendar) {
            Ok(answer) => {
                read += 1;
                bars += answer.rows.len();
                rules::assert_kept(&answer, &case.body, calendar);
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

/// The rows with all their values; whether a row may be live depends on those before it.
fn plain<'a>(rows: &[RawBar<'a>]) -> Vec<RawBar<'a>> {
    let plain = |row: &RawBar<'a>| RawBar {
        may_be_live: false,
        ..*row
    };
    rows.iter().map(plain).collect()
}

/// What the cases start from are answers: a parser finds the rows that were cut out, and no others.
#[test]
fn windows_of_recordings_are_answers() {
    let calendar = calendar("XKRX");
    for (name, least) in [
        ("naver", 1),
        ("naver fchart", 3),
        ("yahoo", 20),
        ("krx", 50),
        ("upbit", 1),
    ] {
        let way = way(name);
        let mut cut = 0;
        for recording in recordings_of(name).iter().filter(|r| r.rows() > 1) {
            let Ok(all) = way.read(200, &recording.body, SYMBOL, calendar) else {
                continue;
            };
            let rows = recording.rows();
            assert_eq!(rows, all.rows.len(), "{}", recording.file);
            for range in [0..1, rows / 2..rows / 2 + 1, rows - 2..rows] {
                let window = recording.window(range.clone());
                let read = way.read(200, &window, SYMBOL, calendar).unwrap();
                let expected = plain(&all.rows[range]);
                assert_eq!(plain(&read.rows), expected, "{}", recording.file);
            }
            cut += 1;
        }
        assert!(cut >= least, "{name}: {cut} recordings");
    }
}

/// A source of the user's own, and short answers of the shapes that such have.
fn try_user(name: &str, definition: &str, answers: &[&'static str]) {
    let text =
        format!("[[source]]\nname = \"{name}\"\nurl = \"https://h/{{symbol}}\"\n{definition}");
    let kind = read_sources(&text).unwrap().remove(0);
    let starts = Starts {
        recordings: Vec::new(),
        others: answers.iter().map(|body| body.as_bytes()).collect(),
    };
    try_way(name, endpoints(kind)[0], &starts);
}

#[test]
fn user_csv() {
    try_user(
        "user_csv",
        "format = \"csv\"\ndelimiter = \";\"\ndecimal = \",\"\ndate = \"Date\"\nopen = 2\nhigh = 3\nlow = 4\nclose = \"Close\"\nvolume = 6\n",
        &[
            "Date;Open;High;Low;Close;Volume\r\n2026-03-04;1.756,79;1.760,1;1.750,9;1.756,79;202.012.148\r\n2026-03-05;1.756;1.756;1.756;1.756;\r\n",
            "\u{feff}Date;\"Open\";High;Low;Close;Volume\n\"2026-03-04\";\"1,5\";\"2 000,5\";1,5;1,5;\"a \"\"quote\"\"\"\n\n2026/3/5;1;1;1;1;1",
            "Exceeded the daily hits limit",
        ],
    );
}

#[test]
fn user_json() {
    try_user(
        "user_json",
        "format = \"json\"\nrows = \"a.b\"\ndate = \"d\"\nopen = \"o\"\nhigh = \"h\"\nlow = \"l\"\nclose = \"c.v\"\nvolume = \"v\"\nzone = \"UTC\"\n",
        &[
            r#"{"a":{"b":[{"d":"2026-08-10T00:00:00.000Z","o":643.5,"h":"647.24","l":642.11,"c":{"v":645.31},"v":41235678},{"d":"2026\/08\/11","o":1,"h":2,"l":1,"c.v":2,"v":null}]},"error":[]}"#,
            r#"{"a.b":[{"d":"20260810","o":1,"h":1,"l":1,"c":{"v":1}}]}"#,
            r#"{"Note":"call frequency","a":{"b":[]}}"#,
        ],
    );
}

#[test]
fn user_json_by_day_and_by_number() {
    try_user(
        "user_days",
        "format = \"json\"\ndate = \"*\"\nclose = 1\nvolume = 2\n",
        &[
            r#"{"2026-08-10":[645.31,5],"2026-08-11":12.5,"2026-08-12":["1,234.5",null]}"#,
            r#"{"error":"none"}"#,
        ],
    );
    try_user(
        "user_numbers",
        "format = \"json\"\ndate = 1\nlow = 2\nhigh = 3\nopen = 4\nclose = 5\nvolume = 6\ndate_format = \"epoch_ms\"\nzone = \"Asia/Seoul\"\n",
        &[
            "[[1786320000000,63733.03,65341.83,64848.68,63911.88,6197.02944527],[\"1786233600000\",1,3,2,2,1]]",
        ],
    );
}

#[test]
fn naver_day_api() {
    try_all("naver");
}

#[test]
fn naver_fchart() {
    try_all("naver fchart");
}

#[test]
fn yahoo() {
    try_all("yahoo");
}

#[test]
fn krx() {
    try_all("krx");
}

#[test]
fn upbit() {
    try_all("upbit");
}

#[test]
fn ecb() {
    try_all("ecb");
}

#[test]
fn binance() {
    try_all("binance");
}
