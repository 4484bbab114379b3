//! `assets add` by one word: what is certain is written, what is not is asked for.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::support::program::{Ran, TestEnv};
use crate::support::server::{Answer, Server};
use crate::support::{recorded, repository, shares, yahoo_route};

/// Symbols of Yahoo whose recorded charts say what they are, beside the recordings of look-ups.
const CHARTS: [(&str, &str); 7] = [
    (
        "133690.KS",
        "133690.KS_isa_unhedged_gold_nasdaq100_2026-05-27",
    ),
    ("360750.KS", "360750.KS_isa_max_unhedged_sp500_2026-05-27"),
    ("IBM", "IBM_1962_partial"),
    ("INR=X", "INR_X_with-null"),
    ("MUV2.DE", "MUV2.DE_2017-2018_pretty"),
    (
        "NVDA",
        "historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.2024-09-16",
    ),
    (
        "TSLA",
        "historical-via-chart-dividends-TSLA-no-dividends.2025-02-22",
    ),
];

/// Twenty-two assets of the recordings: word, name, category, calendar, currency, first day, day of the newest price.
const TWENTY: [&str; 22] = [
    "0700.HK | 0700.HK | stock | XHKG | HKD | 2004-06-16 | 2026-08-07",
    "0P000071W8.TO | TD US Index e | fund | XTSE | CAD | 2018-01-02 | 2025-02-19",
    "133690.KS | Mirae Asset TIGER USA NASDAQ 100 ETF | etf | XKRX | KRW | 2010-10-18 | 2026-05-27",
    "360750.KS | Mirae Asset Maps Management - Mirae Asset Tiger S&P500 ETF | etf | XKRX | KRW | 2020-08-07 | 2026-05-27",
    "7203.T | Toyota Motor Corporation | stock | XTKS | JPY | 1999-05-06 | 2026-10-05",
    "AAPL | Apple Inc. | stock | XNYS | USD | 1980-12-12 | 2026-10-05",
    "BTC-USD | Bitcoin USD | crypto | 24/7 | USD | 2014-09-17 | 2026-10-05",
    "ES=F | E-Mini S&P 500 | index | CMES | USD | 2000-09-18 | 2025-12-22",
    "EURUSD=X | EUR/USD | fx | 24/5 | USD | 2003-12-01 | 2025-02-20",
    "GC=F | Gold | commodity | CMES | USD | 2000-08-30 | 2025-02-20",
    "HSBA.L | HSBC Holdings plc | stock | XLON | GBp | 1988-07-05 | 2026-09-02",
    "IBM | International Business Machines Corporation | stock | XNYS | USD | 1962-01-02 | 2024-09-13",
    "INR=X | USD/INR | fx | 24/5 | INR | 2003-12-01 | 2024-09-14",
    "MUV2.DE | Münchener Rückversicherungs-Gesellschaft Aktiengesellschaft in München | stock | XETR | EUR | 1998-06-24 | 2025-04-24",
    "NVDA | NVIDIA Corporation | stock | XNYS | USD | 1999-01-22 | 2024-09-13",
    "OCDO.L | Ocado Group plc | stock | XLON | GBp | 2010-07-21 | 2025-02-20",
    "ORSTED.CO | Ørsted A/S | stock | XCSE | DKK | 2016-06-09 | 2025-02-20",
    "QQQ | Invesco QQQ Trust | etf | XNYS | USD | 1999-03-10 | 2025-02-19",
    "TSLA | Tesla, Inc. | stock | XNYS | USD | 2010-06-29 | 2025-02-21",
    "^SP500TR | ^SP500TR | index | XNYS | USD | 1988-01-04 | 2023-07-14",
    "005930 | 삼성전자 | stock | XKRX | KRW | 2000-01-04 | 2026-06-16",
    "KRW-BTC | 비트코인 | crypto | 24/7 | KRW | - | 2025-07-29",
];

/// A folder with all recordings of look-ups, to be replayed.
fn recordings(env: &TestEnv) {
    for folder in ["yahoo", "naver", "upbit"] {
        for file in fs::read_dir(repository("tests/fixtures/lookup").join(folder)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            env.write(
                &format!("recorded/lookup/{folder}/{name}"),
                fs::read(file.path()).unwrap(),
            );
        }
    }
    for (symbol, file) in CHARTS {
        let body = recorded(&format!("yahoo/{file}.json"));
        env.write(&format!("recorded/lookup/yahoo/{symbol}.json"), body);
    }
}

/// Nothing configured, and no network that could be asked.
fn replaying() -> TestEnv {
    let env = TestEnv::new();
    recordings(&env);
    env.write("data/assets.toml", "# mine\n");
    env
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn facts(row: &Value) -> String {
    let keys = [
        "asset_id",
        "name",
        "category",
        "calendar",
        "currency",
        "first_day",
        "newest_day",
    ];
    keys.map(|key| text_of(&row[key])).join(" | ")
}

fn by_id(ran: &Ran) -> BTreeMap<String, Value> {
    let rows = ran.rows().into_iter();
    rows.map(|row| (text_of(&row["asset_id"]), row)).collect()
}

fn assets_file(env: &TestEnv) -> String {
    fs::read_to_string(env.path("data/assets.toml")).unwrap()
}

#[test]
fn twenty_assets_are_added_by_one_word_each() {
    let env = replaying();
    let words = TWENTY.map(|line| line.split(" | ").next().unwrap());
    let line = [&["assets", "add"], &words[..], &["--replay", "recorded"]].concat();
    let ran = env.json(&line);
    assert_eq!(ran.code, 0, "{ran:?}");
    let found: Vec<String> = ran.rows().iter().map(facts).collect();
    assert_eq!(found, TWENTY);
    // What was written is what was shown.
    let listed = by_id(&env.json(&["assets"]));
    assert_eq!(listed.len(), TWENTY.len());
    for line in TWENTY {
        let [id, name, category, calendar, currency, ..] =
            line.split(" | ").collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        let row = &listed[id];
        let keys = ["name", "category", "calendar", "currency"];
        assert_eq!(
            keys.map(|key| text_of(&row[key])),
            [name, category, calendar, currency]
        );
    }
    // A word in another case is the same word.
    let ran = env.run(&["assets", "add", "aapl", "--replay", "recorded"]);
    assert!(
        ran.code == 0
            && ran
                .stdout
                .contains("is already in data/assets.toml; nothing changed"),
        "{ran:?}"
    );
    let sources = |id: &str| listed[id]["sources"].to_string();
    assert_eq!(
        sources("005930"),
        "[\"naver 005930 KRW\",\"yahoo 005930.KS KRW\"]"
    );
    assert!(assets_file(&env).starts_with("# mine\n"));
}

#[test]
fn what_contradicts_itself_is_asked_for_and_nothing_is_written() {
    let env = replaying();
    let before = assets_file(&env);
    let add = ["assets", "add", "AAPL", "WSKT.JK", "--replay", "recorded"];
    let ran = env.json(&add);
    assert_eq!(ran.code, 1, "{ran:?}");
    let rows = by_id(&ran);
    assert_eq!(rows["AAPL"]["result"], "not added");
    assert_eq!(rows["WSKT.JK"]["result"], "doubtful");
    let why = rows["WSKT.JK"]["why"].to_string();
    assert!(
        why.contains("--category") && why.contains("MUTUALFUND"),
        "{why}"
    );
    assert_eq!(assets_file(&env), before, "all words or none");
    let ran = env.run(&add);
    assert!(ran.stdout.contains("Nothing was written"), "{ran:?}");
    // The option that was named settles it.
    let add = [
        "assets",
        "add",
        "WSKT.JK",
        "--category",
        "stock",
        "--replay",
        "recorded",
    ];
    let ran = env.json(&add);
    assert_eq!(
        (ran.code, text_of(&ran.row()["calendar"])),
        (0, "XIDX".to_owned())
    );
    let remarks = ran.row()["remarks"].to_string();
    assert!(
        remarks.contains("2024-07-24"),
        "a share without trade: {remarks}"
    );
    // There is no recording, and no page for people is taken for a code.
    let renamed = fs::read(repository("tests/fixtures/lookup/yahoo/AAPL.json")).unwrap();
    env.write("recorded/lookup/yahoo/OLD.json", renamed);
    for (word, reason) in [
        ("OLD", "yahoo answers with AAPL"),
        ("GOOG", "--name, --category"),
        ("GOOG", "no recording"),
        ("005390", "no such code"),
        ("000000", "web page"),
        ("KRW-NONE", "Code not found"),
        ("5930", "005930"),
        ("삼성전자", "assets search"),
    ] {
        let ran = env.run(&["assets", "add", word, "--replay", "recorded"]);
        assert!(ran.code == 1 && ran.stdout.contains(reason), "{ran:?}");
    }
}

/// A server that answers look-ups of Apple, Samsung and Ether as they were recorded.
fn sources() -> (Server, TestEnv) {
    let server = Server::new();
    let answer = |file: &str| Answer::ok(recorded(&format!("lookup/{file}.json")));
    server.answer(&yahoo_route("AAPL"), answer("yahoo/AAPL"));
    server.answer(&yahoo_route("005930.KS"), answer("yahoo/005930.KS"));
    server.answer("/api/stock/005930/basic", answer("naver/005930"));
    server.answer("/v1/market/all", answer("upbit/market_all"));
    let candles = String::from_utf8(recorded("lookup/upbit/KRW-BTC.json")).unwrap();
    let ether = candles.replace("KRW-BTC", "KRW-ETH");
    server.answer("/v1/candles/days?market=KRW-ETH", Answer::ok(ether));
    let coin = String::from_utf8(recorded("lookup/yahoo/BTC-USD.json")).unwrap();
    let ether = coin
        .replace("BTC-USD", "ETH-KRW")
        .replace("\"USD\"", "\"KRW\"")
        .replace("Bitcoin USD", "Ethereum KRW");
    server.answer(&yahoo_route("ETH-KRW"), Answer::ok(ether));
    let env = TestEnv::at(&server, &[]);
    (server, env)
}

#[test]
fn the_sources_are_asked_once_each_and_what_they_said_can_be_replayed() {
    let (server, env) = sources();
    let words = ["AAPL", "005930", "KRW-ETH", "KRW-BTC"];
    let add = [&["assets", "add"], &words[..3]].concat();
    let dry = env.json(&[&add[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 0, "{dry:?}");
    assert_eq!(assets_file(&env), "");
    assert_eq!(server.paths().len(), 6, "{:?}", server.paths());
    let ran = env.json(&[&add[..], &["--archive", "kept"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let written = assets_file(&env);
    for sources in [
        "{ source = \"yahoo\", symbol = \"AAPL\" }",
        "{ source = \"naver\", symbol = \"005930\" }, { source = \"yahoo\", symbol = \"005930.KS\" }",
        "{ source = \"upbit\", symbol = \"KRW-ETH\" }, { source = \"yahoo\", symbol = \"ETH-KRW\" }",
    ] {
        assert!(
            written.contains(&format!("sources = [{sources}]")),
            "{written}"
        );
    }
    let browser = |route: &str| server.seen(route)[0].headers["user-agent"].clone();
    assert!(browser(&yahoo_route("AAPL")).contains("Mozilla"));
    let asked = server.paths().len();
    env.write("data/assets.toml", "");
    let again = env.json(&[&add[..], &["--replay", "kept"]].concat());
    assert_eq!((again.code, again.rows()), (0, ran.rows()));
    assert_eq!(assets_file(&env), written);
    assert_eq!(server.paths().len(), asked, "a replay asks nobody");
    // What is there is not asked for, and not added twice.
    for word in ["AAPL", "ETH-KRW"] {
        let ran = env.run(&["assets", "add", word]);
        assert!(
            ran.code == 0
                && ran
                    .stdout
                    .contains("is already in data/assets.toml; nothing changed"),
            "{ran:?}"
        );
    }
    assert_eq!(server.paths().len(), asked);
}

#[test]
fn another_coin_of_the_same_letters_is_no_second_source() {
    let (server, env) = sources();
    let coin = String::from_utf8(recorded("lookup/yahoo/BTC-USD.json")).unwrap();
    let other = coin
        .replace("BTC-USD", "ETH-KRW")
        .replace("\"USD\"", "\"KRW\"");
    server.answer(&yahoo_route("ETH-KRW"), Answer::ok(other));
    let ran = env.json(&["assets", "add", "KRW-ETH"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.row()["sources"].to_string(), "[\"upbit:KRW-ETH\"]");
    assert!(ran.row()["remarks"].to_string().contains("another coin"));
}

#[test]
fn the_list_of_markets_or_a_candle_says_that_a_market_is_there() {
    let (server, env) = sources();
    let add = ["assets", "add", "KRW-ETH", "--dry-run"];
    server.answer("/v1/candles/days?market=KRW-ETH", Answer::new(500, "away"));
    let listed = env.json(&add).row();
    assert_eq!(
        (text_of(&listed["name"]), text_of(&listed["newest_day"])),
        ("이더리움".to_owned(), "-".to_owned())
    );
    assert!(
        listed["remarks"]
            .to_string()
            .contains("its newest price is unknown")
    );
    let (server, env) = sources();
    server.answer("/v1/market/all", Answer::new(500, "away"));
    let traded = env.json(&add).row();
    assert_eq!(
        (text_of(&traded["name"]), text_of(&traded["newest_day"])),
        ("KRW-ETH".to_owned(), "2025-07-29".to_owned())
    );
    assert!(
        traded["remarks"]
            .to_string()
            .contains("its name is unknown")
    );
    server.answer(
        "/v1/candles/days?market=KRW-ETH",
        Answer::new(404, recorded("upbit/err_404_code-not-found.json")),
    );
    let ran = env.json(&add);
    assert_eq!((ran.code, &ran.row()["result"]), (1, &"unknown".into()));
}

#[test]
fn what_the_source_cannot_say_while_it_is_away_is_asked_for() {
    let (server, env) = sources();
    server.answer(&yahoo_route("005930.KS"), Answer::new(503, "away"));
    let ran = env.json(&["assets", "add", "005930"]);
    assert_eq!(
        (ran.code, &ran.row()["result"]),
        (1, &"doubtful".into()),
        "{ran:?}"
    );
    assert_eq!(server.count(&yahoo_route("005930.KS")), 2, "tried again");
    assert!(ran.row()["why"].to_string().contains("--category"));
    // With all of it said nothing is asked.
    let asked = server.paths().len();
    env.succeed(&[
        "assets",
        "add",
        "005930",
        "--name",
        "삼성전자",
        "--category",
        "stock",
        "--calendar",
        "XKRX",
        "--currency",
        "KRW",
        "--source",
        "naver:005930",
    ]);
    assert_eq!(server.paths().len(), asked);
}

/// A shares' list of the New York exchange under two hundred names, of which one lies about what it is.
fn two_hundred() -> (Server, TestEnv, Vec<String>) {
    let server = Server::new();
    let words: Vec<String> = (0..200).map(|n| format!("S{n}")).collect();
    let apple = String::from_utf8(recorded("lookup/yahoo/AAPL.json")).unwrap();
    for word in &words {
        let own = apple.replace("\"AAPL\"", &format!("\"{word}\""));
        let own = match word.as_str() {
            "S7" => own.replace("\"EQUITY\"", "\"MUTUALFUND\""),
            "S8" => own.replace("America/New_York", "Asia/Tokyo"),
            _ => own,
        };
        server.answer(&yahoo_route(word), Answer::ok(own));
    }
    let env = TestEnv::at(&server, &[]);
    env.write(
        "list.txt",
        format!(
            "\u{feff}# mine\r\n\r\n{}\r\ns1  # again\r\n",
            words.join("\r\n")
        ),
    );
    (server, env, words)
}

#[test]
fn two_hundred_from_a_file_are_one_screen_and_the_doubtful_ones_are_named() {
    let (server, env, words) = two_hundred();
    server.answer(
        &yahoo_route("S9"),
        Answer::new(404, recorded("yahoo/err_404_not-found.json")),
    );
    let add = ["assets", "add", "--from", "list.txt"];
    let ran = env.run(&add);
    assert_eq!(ran.code, 3, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines.len() <= 24 && lines.iter().all(|l| l.chars().count() <= 200),
        "{ran:?}"
    );
    assert_eq!(lines[0], "197 added, 2 doubtful, 1 unknown.");
    for (word, reason) in [
        ("S7 ", "--category"),
        ("S8 ", "--calendar"),
        ("S9 ", "No data found"),
    ] {
        let line = lines.iter().find(|line| line.starts_with(word)).unwrap();
        assert!(line.contains(reason), "{line}");
    }
    assert_eq!(server.paths().len(), words.len(), "one request each");
    let listed = by_id(&env.json(&["assets"]));
    assert!(listed.len() == 197 && !listed.contains_key("S7"));
    // A second time only the rest is asked for.
    let written = assets_file(&env);
    let ran = env.run(&add);
    assert_eq!(ran.code, 1, "nothing was added: {ran:?}");
    assert!(
        ran.stdout
            .starts_with("2 doubtful, 1 unknown, 197 already there."),
        "{ran:?}"
    );
    assert_eq!(server.paths().len(), words.len() + 3);
    assert_eq!(assets_file(&env), written);
}

#[test]
fn a_source_that_does_not_want_us_is_left_alone() {
    let (server, env, words) = two_hundred();
    for word in &words[100..] {
        server.answer(
            &yahoo_route(word),
            Answer::new(429, "Too Many Requests").header("retry-after", "60"),
        );
    }
    let env = env.with("FETCH_MAX_RETRIES", "3").with("COLUMNS", "80");
    let ran = env.run(&["assets", "add", "--from", "list.txt"]);
    let widest = ran.stdout.lines().map(UnicodeWidthStr::width).max();
    assert!(widest <= Some(80), "{ran:?}");
    assert_eq!(ran.code, 3, "{ran:?}");
    // A minute's wait is not begun while a person waits for two hundred words.
    assert_eq!(server.paths().len(), 101, "one refusal is enough");
    assert!(
        ran.stdout.starts_with("98 added, 2 doubtful, 100 failed."),
        "{ran:?}"
    );
    assert!(ran.stdout.lines().count() <= 24, "{ran:?}");
}

#[test]
fn a_line_of_a_list_is_one_word() {
    let env = replaying();
    for (text, reason) in [
        ("AAPL Apple\n", "line 1"),
        ("# none\n", "no word"),
        ("\u{feff}A\nB C\n", "line 2"),
    ] {
        env.write("list.txt", text);
        let ran = env.run(&[
            "assets", "add", "--from", "list.txt", "--replay", "recorded",
        ]);
        assert!(ran.code == 2 && ran.error().contains(reason), "{ran:?}");
    }
    let ran = env.run(&[
        "assets", "add", "AAPL", "QQQ", "--name", "Both", "--replay", "recorded",
    ]);
    assert!(
        ran.code == 2 && ran.error().contains("a single word only"),
        "{ran:?}"
    );
    let ran = env.run(&["assets", "add"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_word_that_is_there_says_so_and_the_others_are_added() {
    let env = replaying();
    let add = |words: &[&str]| {
        let line = [&["assets", "add"], words, &["--replay", "recorded"]].concat();
        env.run(&line)
    };
    assert_eq!(add(&["AAPL"]).code, 0);
    let ran = add(&["aapl", "QQQ"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let says = "AAPL: aapl (AAPL) is already in data/assets.toml; nothing changed";
    assert!(ran.stdout.contains(says), "{ran:?}");
    assert!(assets_file(&env).contains("id = \"QQQ\""));
    // What is said of an asset that exists would be ignored.
    let before = assets_file(&env);
    let ran = add(&["AAPL", "7203.T", "--category", "etf"]);
    assert!(
        ran.code == 2 && ran.error().contains("AAPL is already in"),
        "{ran:?}"
    );
    let ran = add(&["X", "--source", "nosuch:X"]);
    assert!(
        ran.code == 2
            && ran
                .error()
                .contains("there is no source \"nosuch\"; use one of naver"),
        "{ran:?}"
    );
    assert_eq!(assets_file(&env), before);
}

#[test]
fn a_line_that_is_named_is_one_of_the_file_as_it_is() {
    let (_server, env) = shares(&["A", "B"]);
    let add = |calendar| {
        [
            "assets",
            "add",
            "C",
            "--name",
            "C",
            "--category",
            "stock",
            "--calendar",
            calendar,
            "--currency",
            "KRW",
            "--source",
            "naver:C",
        ]
    };
    let ran = env.run(&add("XTSK"));
    assert!(ran.code == 2 && !ran.error().contains("line "), "{ran:?}");
    // What is wrong in the file itself is said with its line, whatever was to be done.
    let text = assets_file(&env).replacen("XKRX", "XKRS", 1);
    env.write("data/assets.toml", &text);
    let line = text.lines().position(|l| l.contains("XKRS")).unwrap() + 1;
    for command in [
        &add("XKRX")[..],
        &["assets", "disable", "B"],
        &["assets", "remove", "B"],
    ] {
        let ran = env.run(command);
        let named = format!("line {line}: ");
        assert!(ran.code == 2 && ran.error().contains(&named), "{ran:?}");
    }
    // The asset that is wrong can be taken out by its id.
    env.succeed(&["assets", "remove", "A"]);
    env.write("data/assets.toml", "[[asset]]\nid = 005930\nname = \"x\"\n");
    for command in [
        &["assets"][..],
        &["collect"],
        &["assets", "disable", "005930"],
        &add("XKRX")[..],
    ] {
        let ran = env.run(command);
        let sentence = "line 2: id = 005930 is not text; put it in quotes: id = \"005930\"";
        assert!(ran.code == 2 && ran.error().contains(sentence), "{ran:?}");
    }
}
