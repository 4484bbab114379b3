//! Look-ups: what each recorded answer says, and answers to which something happened.

use std::fs;

use pricestash::domain::listing::Listing;
use pricestash::sources::lookup::LookUp;
use rand::RngExt;
use rand::rngs::StdRng;

use super::lookup_rules::assert_kept;
use super::mutations::{CASES, Case, mutate_once, seeded};
use crate::support::{recorded, repository};

/// As a look-up writes no price, a part of the cases is enough.
const MUTATIONS: u32 = CASES / 4;

/// The folder of a look-up's recordings.
fn folder(look_up: LookUp) -> &'static str {
    match look_up {
        LookUp::UpbitMarkets => "upbit",
        other => other.name(),
    }
}

/// What a recorded answer says; a line of each listing.
fn read(look_up: LookUp, status: u16, word: &str) -> Result<Vec<String>, String> {
    let file = match look_up {
        LookUp::UpbitMarkets => "market_all",
        _ => word,
    };
    let body = recorded(&format!("lookup/{}/{file}.json", folder(look_up)));
    let listings = look_up.read(status, &body, word);
    listings
        .map(|listings| listings.iter().map(line).collect())
        .map_err(|error| error.to_string())
}

fn line(listing: &Listing) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let day = |day: Option<chrono::NaiveDate>| day.map_or("-".to_owned(), |day| day.to_string());
    [
        listing.symbol.clone(),
        or_none(&listing.name),
        or_none(&listing.kind),
        or_none(&listing.exchange),
        or_none(&listing.zone),
        or_none(&listing.currency),
        day(listing.first_day),
        day(listing.newest_day),
        or_none(&listing.newest_price),
    ]
    .join("|")
}

#[test]
fn yahoos_meta_says_what_a_symbol_is() {
    for (word, expected) in [
        (
            "AAPL",
            "AAPL|Apple Inc.|EQUITY|NMS|America/New_York|USD|1980-12-12|2026-10-05|333.825",
        ),
        (
            "HSBA.L",
            "HSBA.L|HSBC Holdings plc|EQUITY|LSE|Europe/London|GBp|1988-07-05|2026-09-02|1545.2",
        ),
        (
            "EURUSD=X",
            "EURUSD=X|EUR/USD|CURRENCY|CCY|Europe/London|USD|2003-12-01|2025-02-20|1.0436",
        ),
        (
            "GC=F",
            "GC=F|Gold Apr 25|FUTURE|CMX|America/New_York|USD|2000-08-30|2025-02-20|2952.5",
        ),
        (
            "0P000071W8.TO",
            "0P000071W8.TO|TD US Index e|MUTUALFUND|TOR|America/Toronto|CAD|2018-01-02|2025-02-19|153.9",
        ),
        (
            "BTC-USD",
            "BTC-USD|Bitcoin USD|CRYPTOCURRENCY|CCC|UTC|USD|2014-09-17|2026-10-05|86466.64",
        ),
        // Without names.
        (
            "^SP500TR",
            "^SP500TR|-|INDEX|SNP|America/New_York|USD|1988-01-04|2023-07-14|9683.69",
        ),
        (
            "005930.KS",
            "005930.KS|-|EQUITY|KSC|Asia/Seoul|KRW|2000-01-04|2023-09-01|71000.0",
        ),
    ] {
        assert_eq!(read(LookUp::YahooMeta, 200, word).unwrap(), [expected]);
    }
}

#[test]
fn an_unknown_symbol_is_not_an_empty_chart() {
    let meta = |status, body: &[u8]| LookUp::YahooMeta.read(status, body, "X");
    let empty = meta(200, &recorded("yahoo/CAPIO.ST_nodata.json")).unwrap();
    assert_eq!(
        (&*empty[0].symbol, empty[0].has_bars),
        ("CAPIO.ST", Some(false))
    );
    let nothing = br#"{"chart":{"result":null,"error":{"code":"Bad Request","description":"Data doesn't exist for startDate = 1, endDate = 2"}}}"#;
    assert_eq!(line(&meta(400, nothing).unwrap()[0]), "X|-|-|-|-|-|-|-|-");
    let unknown = meta(404, &recorded("yahoo/err_404_not-found.json")).unwrap_err();
    assert!(unknown.to_string().contains("No data found"), "{unknown}");
    let busy = recorded("yahoo/err_429_edge-too-many-requests.txt");
    assert!(
        meta(429, &busy)
            .unwrap_err()
            .to_string()
            .starts_with("HTTP 429")
    );

    let unknown = read(LookUp::NaverBasic, 409, "005390").unwrap_err();
    assert!(unknown.contains("no such code"), "{unknown}");
    let wordless = LookUp::NaverBasic.read(409, b"", "005930").unwrap_err();
    assert_eq!(
        wordless.to_string(),
        "HTTP 409: (empty body)",
        "it may be one too many"
    );
    let page = read(LookUp::NaverBasic, 200, "000000").unwrap_err();
    assert!(page.contains("web page"), "{page}");

    let unknown = read(LookUp::UpbitMarket, 404, "KRW-NONE").unwrap_err();
    assert_eq!(unknown, "Code not found");
    let empty = LookUp::UpbitMarket.read(200, b"[]", "KRW-NEW").unwrap();
    assert_eq!(empty[0].symbol, "KRW-NEW");
}

#[test]
fn naver_and_upbit_say_what_theirs_are() {
    assert_eq!(
        read(LookUp::NaverBasic, 200, "005930").unwrap(),
        ["005930|삼성전자|-|KS|-|-|-|2026-06-16|341250"]
    );
    assert_eq!(
        read(LookUp::UpbitMarkets, 200, "").unwrap(),
        [
            "KRW-BTC|비트코인|-|-|-|-|-|-|-",
            "KRW-ETH|이더리움|-|-|-|-|-|-|-"
        ]
    );
    assert_eq!(
        read(LookUp::UpbitMarket, 200, "KRW-BTC").unwrap(),
        ["KRW-BTC|-|-|-|-|-|-|2025-07-29|163158000.00000000"]
    );
    let other = recorded("lookup/upbit/KRW-BTC.json");
    assert!(LookUp::UpbitMarket.read(200, &other, "KRW-ETH").is_err());
}

#[test]
fn searches_list_every_hit() {
    let symbols = |look_up, word: &str| -> Vec<String> {
        let lines = read(look_up, 200, word).unwrap();
        let first = |line: &String| line.split('|').next().unwrap().to_owned();
        lines.iter().map(first).collect()
    };
    let (yahoo, naver) = (LookUp::YahooSearch, LookUp::NaverSearch);
    assert_eq!(
        symbols(yahoo, "EUR"),
        ["EURUSD=X", "EURHUF=X", "EURCHF=X", "GBPEUR=X", "EURRUB=X"],
        "banks beside them are no symbols"
    );
    assert_eq!(symbols(yahoo, "US5949181045"), ["MSFT"]);
    assert!(symbols(yahoo, "NO0010123060").is_empty());
    assert_eq!(symbols(yahoo, "삼성전자보통주"), ["005930.KS", "SSNLF"]);
    let apple = read(yahoo, 200, "apple").unwrap();
    assert!(
        apple[2].starts_with("APC.DE|Apple Inc.|EQUITY|GER|"),
        "{apple:?}"
    );
    let strange = read(yahoo, 200, "badResult.fake").unwrap_err();
    assert!(strange.contains("without a symbol"), "{strange}");
    let refused = br#"{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}"#;
    for status in [200, 400] {
        let refused = yahoo.read(status, refused, "x").unwrap_err();
        assert_eq!(refused.to_string(), "the source reports: Invalid Crumb");
    }

    assert_eq!(
        symbols(naver, "삼성"),
        [
            "005930", "247540", "0193T0", "02812", "KOSPI", "KPI200", "FUT"
        ]
    );
    assert_eq!(
        read(naver, 200, "IONQ").unwrap(),
        ["IONQ|아이온큐|stock|NYSE|-|-|-|-|-"]
    );
    assert!(symbols(naver, "없는종목").is_empty());
    assert_eq!(symbols(naver, "삼성전자"), ["005930"], "one floor deeper");
    assert!(naver.read(200, b"{}", "x").is_err());
}

/// Recordings that mutations start from.
fn starts(look_up: LookUp) -> Vec<Vec<u8>> {
    let folder = repository("tests/fixtures/lookup").join(folder(look_up));
    let files = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    let is_body = |path: &std::path::PathBuf| !path.to_string_lossy().ends_with(".meta.json");
    let mut files: Vec<_> = files.filter(is_body).collect();
    files.sort();
    let bodies = files.iter().map(|path| fs::read(path).unwrap());
    // A mutation hits what matters in a short one.
    bodies.filter(|body| body.len() < 1600).collect()
}

fn try_all(look_up: LookUp) {
    let starts = starts(look_up);
    let mut rng = seeded(look_up.name(), MUTATIONS);
    let draw = |rng: &mut StdRng| starts[rng.random_range(0..starts.len())].clone();
    let mut read = 0;
    for number in 0..MUTATIONS {
        let [mut body, other] = [(); 2].map(|()| draw(&mut rng));
        for _ in 0..[1, 1, 2, 4][rng.random_range(0..4)] {
            mutate_once(&mut body, &other, &mut rng);
        }
        let status = [200, 200, 200, 200, 404, 409][rng.random_range(0..6)];
        let case = Case {
            number,
            status,
            body,
        };
        read += u32::from(assert_kept(look_up, status, &case.body, "KRW-BTC"));
    }
    assert!(read > MUTATIONS / 40, "{read} read");
}

#[test]
fn mutations_of_yahoo_meta() {
    try_all(LookUp::YahooMeta);
}

#[test]
fn mutations_of_yahoo_search() {
    try_all(LookUp::YahooSearch);
}

#[test]
fn mutations_of_naver_basic() {
    try_all(LookUp::NaverBasic);
}

#[test]
fn mutations_of_naver_search() {
    try_all(LookUp::NaverSearch);
}

#[test]
fn mutations_of_upbit_markets() {
    try_all(LookUp::UpbitMarket);
    try_all(LookUp::UpbitMarkets);
}
