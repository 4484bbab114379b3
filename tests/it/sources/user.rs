//! Sources of the user's own: the examples of `data/README.md`, shapes that sources have, keys that nobody sees.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use pricestash::config::read_sources;
use pricestash::domain::answer::{Answer as Read_, RawDay};
use pricestash::domain::calendar::Calendars;
use pricestash::sources::endpoints;

use crate::support::program::{Ran, TestEnv};
use crate::support::server::{Answer, Server};
use crate::support::{recorded, repository};

/// The blocks of a language in `data/README.md`.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(repository("data/README.md")).unwrap();
    let mut blocks = Vec::new();
    let mut rest = &*readme;
    while let Some((_, from)) = rest.split_once(&format!("```{language}\n")) {
        let (block, after) = from.split_once("```").unwrap();
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

/// The blocks that define a source of this name, and the asset that has it.
fn example(name: &str) -> String {
    let names = |block: &&String| block.contains(&format!("\"{name}\""));
    blocks("toml").iter().filter(names).cloned().collect()
}

#[test]
fn the_two_examples_of_the_readme_read_their_recorded_answers() {
    for (name, file, recording, bars, close) in [
        (
            "tiingo",
            "tiingo/SPY.json",
            "tiingo_daily_prices_2026-08.json",
            5,
            649.4,
        ),
        (
            "stooq",
            "stooq/nvda.us.csv",
            "stooq_nvda_us_2020.csv",
            40,
            5.05237,
        ),
    ] {
        let env = TestEnv::new();
        env.write("data/assets.toml", example(name));
        env.write(
            &format!("kept/{file}"),
            recorded(&format!("user/{recording}")),
        );
        let replay = [
            "collect",
            "--replay",
            "kept",
            "--fetched-at",
            "2026-08-20T00:00:00Z",
            "--start",
            "2020-01-01",
            "--end",
            "2026-08-19",
        ];
        let ran = env.json(&replay);
        assert_eq!((ran.code, &ran.row()["new"]), (0, &bars.into()), "{ran:?}");
        let newest = format!(
            "SELECT count(*) FROM latest_price WHERE source = '{name}' AND close = {close} AND volume > 0"
        );
        assert_eq!(env.count(&newest), 1, "{name}");
    }
}

#[test]
fn a_stranger_who_follows_the_readme_has_his_prices() {
    let server = Server::new();
    let answer = blocks("text").remove(0);
    server.answer("/nav/LU0123456789.csv", Answer::ok(answer));
    let env = TestEnv::new();
    let assets = example("myfund").replace("https://example.com", &server.origin());
    env.write("data/assets.toml", assets);
    let commands: Vec<String> = blocks("sh")
        .iter()
        .flat_map(|b| b.lines())
        .filter(|line| line.contains("test-source"))
        .map(str::to_owned)
        .collect();
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let ran = env.succeed(&words);
        assert!(
            ran.stdout
                .contains("2 rows, bars from 2026-01-05 to 2026-01-06"),
            "{ran:?}"
        );
        assert!(
            ran.stdout.contains("12.75") && !env.path("data/staging.db").exists(),
            "{ran:?}"
        );
    }
    let ran = env.json(&[
        "collect",
        "--assets",
        "MYFUND",
        "--start",
        "2026-01-05",
        "--end",
        "2026-01-06",
    ]);
    assert_eq!((ran.code, &ran.row()["new"]), (0, &2.into()), "{ran:?}");
    assert_eq!(env.count("SELECT count(*) FROM best_price WHERE close = 12.75 AND open = 12.75 AND volume IS NULL"), 1);
}

/// What a source of this definition makes of an answer.
fn read(
    definition: &str,
    symbol: &str,
    calendar: &str,
    body: &[u8],
) -> Result<Vec<String>, String> {
    let text = format!("[[source]]\nname = \"mine\"\nurl = \"https://h/{{symbol}}\"\n{definition}");
    let kind = read_sources(&text).unwrap().remove(0);
    let calendar = Calendars::built_in().unwrap().get(calendar).unwrap();
    let answer = endpoints(kind)[0].read(200, body, symbol, &calendar);
    let lines = |answer: Read_<'_>| {
        let lines = answer.rows.iter().map(|row| {
            let day = match row.day {
                RawDay::Date(day) => day.to_string(),
                RawDay::Impossible(text) => format!("?{text}"),
            };
            format!(
                "{day} {} {} {} {} {}",
                row.open, row.high, row.low, row.close, row.volume
            )
        });
        lines.collect()
    };
    answer.map(lines).map_err(|e| e.to_string())
}

/// A definition, its symbol and calendar, a recorded answer, how many rows it has, and one of them.
type Shape = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    usize,
    &'static str,
);

const SHAPES: [Shape; 7] = [
    (
        "format = \"json\"\ndate = 1\ndate_format = \"epoch\"\nzone = \"UTC\"\nlow = 2\nhigh = 3\nopen = 4\nclose = 5\nvolume = 6\n",
        "BTC-USD",
        "24/7",
        "coinbase_candles_BTC-USD_2026-08.json",
        10,
        "2026-08-10 64848.68 65341.83 63733.03 63911.88 6197.02944527",
    ),
    (
        "format = \"json\"\nrows = \"result.{symbol}\"\ndate = 1\ndate_format = \"epoch\"\nzone = \"UTC\"\nopen = 2\nhigh = 3\nlow = 4\nclose = 5\nvolume = 7\n",
        "XXBTZUSD",
        "24/7",
        "kraken_OHLC_XBTUSD_2026-08.json",
        10,
        "2026-08-08 64886.2 65141.9 64800.0 64901.1 408.98379809",
    ),
    (
        "format = \"json\"\nrows = \"values\"\ndate = \"datetime\"\nopen = \"open\"\nhigh = \"high\"\nlow = \"low\"\nclose = \"close\"\nvolume = \"volume\"\n",
        "AAPL",
        "XNYS",
        "twelvedata_time_series_AAPL_2023-06-28.json",
        3,
        "2023-07-03 193.78000 193.88000 191.76250 192.46001 30907450",
    ),
    (
        "format = \"csv\"\ndate = \"date\"\nopen = \"open\"\nhigh = \"high\"\nlow = \"low\"\nclose = \"close\"\nvolume = \"volume\"\n",
        "ES=F",
        "CMES",
        "fmp_ES_F_2024-01.csv",
        30,
        "2024-01-26 4919.25 4934.25 4898.5 4914 1265703",
    ),
    (
        "format = \"json\"\nrows = \"Time Series (Daily)\"\ndate = \"*\"\nopen = \"1. open\"\nhigh = \"2. high\"\nlow = \"3. low\"\nclose = \"4. close\"\n",
        "IBM",
        "XNYS",
        "alphavantage_TIME_SERIES_DAILY_IBM_partial.json",
        7,
        "2021-01-11 127.95 129.675 127.66 128.58 ",
    ),
    (
        "format = \"json\"\nrows = \"observations\"\ndate = \"d\"\nclose = \"{symbol}.v\"\n",
        "FXCADUSD",
        "XTSE",
        "bankofcanada_valet_recent.json",
        4,
        "2021-01-04 0.7843 0.7843 0.7843 0.7843 ",
    ),
    (
        "format = \"json\"\nrows = \"output2\"\ndate = \"stck_bsop_date\"\nclose = \"stck_clpr\"\nvolume = \"acml_vol\"\n",
        "005930",
        "XKRX",
        "kis_inquire-daily-itemchartprice_2026-07.json",
        2,
        "2026-07-25 82400 82400 82400 82400 1000000",
    ),
];

#[test]
fn recorded_shapes_are_read() {
    for (definition, symbol, calendar, file, count, line) in SHAPES {
        let body = recorded(&format!("user/{file}"));
        let rows = read(definition, symbol, calendar, &body).unwrap();
        let has_line = rows.iter().any(|row| row == line);
        assert!(rows.len() == count && has_line, "{file}: {rows:?}");
    }
}

#[test]
fn what_is_no_list_of_prices_is_said_and_never_read() {
    let csv = "format = \"csv\"\ndate = \"Date\"\nclose = \"Close\"\n";
    let json = "format = \"json\"\nrows = \"values\"\ndate = \"date\"\nclose = \"close\"\n";
    let limit = recorded("user/stooq_daily-limit.txt");
    let page = recorded("user/stooq_js-challenge.html");
    let note = recorded("user/alphavantage_limit_Note_200.json");
    let credits = recorded("user/twelvedata_error_429.json");
    for (definition, body, says) in [
        (csv, &limit[..], "asks for fewer requests"),
        (csv, &page, "a web page"),
        (csv, b"No data", "No data"),
        (csv, b"", "empty body"),
        (
            csv,
            b"Date,Last\n2026-01-05,1\n",
            "no column \"Close\"; its first line is Date, Last",
        ),
        (csv, b"Date,Close\n2026-01-05,1\n2026-01", "cut short"),
        (csv, b"Date,Close\n2026-01-05,\"1", "cut short"),
        (csv, b"Date,Close\n2026-01-05,1,2\n", "3 fields"),
        (json, &note, "asks for fewer requests"),
        (json, &credits, "asks for fewer requests"),
        (json, br#"{"detail":"Not found."}"#, "Not found."),
        (
            json,
            br#"{"values":[],"error":"no such thing"}"#,
            "no such thing",
        ),
        (json, br#"{"data":[]}"#, "its keys are data"),
        (json, br#"{"values":{"2026-01-05":1}}"#, "date = \"*\""),
        (
            json,
            br#"{"values":[{"date":"2026-01-05","adjClose":1}]}"#,
            "no row has the column \"close\"",
        ),
        (json, br#"{"values":[{"date""#, "cut short"),
        (json, b"[]", "no list at rows"),
    ] {
        let why = read(definition, "A", "24/7", body).unwrap_err();
        assert!(
            why.contains(says),
            "{}: {why}",
            String::from_utf8_lossy(body)
        );
    }
    for (definition, body) in [
        (csv, &b"Date,Close\n"[..]),
        (json, br#"{"values":[]}"#),
        (json, br#"{"values":null}"#),
    ] {
        assert_eq!(read(definition, "A", "24/7", body), Ok(Vec::new()));
    }
}

/// A key that is found wherever it stands. It is never in the environment's files but where the test puts it.
const CANARY: &str = "c4n4ry/K3y+0123";

/// A source of this machine with a key in its URL and in a header.
fn keyed(server: &Server) -> String {
    let origin = server.origin();
    format!(
        "[[source]]\nname = \"mine\"\nurl = \"{origin}/d/{{symbol}}?from={{start}}&to={{end}}&apikey=${{CANARY_KEY}}\"\nformat = \"json\"\n\
         date = \"date\"\nclose = \"close\"\nheaders = {{ X-Api-Key = \"Token ${{CANARY_KEY}}\" }}\n\n\
         [[asset]]\nid = \"A\"\nname = \"The A\"\ncategory = \"stock\"\ncalendar = \"XKRX\"\ncurrency = \"KRW\"\n\
         sources = [{{ source = \"mine\", symbol = \"A\" }}]\n"
    )
}

/// Every byte that the program wrote: files, also compressed ones as they are read, and what it printed.
fn written(env: &TestEnv, ran: &[Ran]) -> BTreeMap<String, Vec<u8>> {
    let files = env.files().into_iter().filter_map(|(path, bytes)| {
        let bytes = bytes?;
        let mut plain = Vec::new();
        let is_gz = path.extension().is_some_and(|e| e == "gz");
        if is_gz {
            GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
        }
        Some((path.display().to_string(), [bytes, plain].concat()))
    });
    let printed = ran.iter().enumerate().map(|(at, ran)| {
        (
            format!("printed {at}"),
            format!("{}{}", ran.stdout, ran.stderr).into_bytes(),
        )
    });
    files.chain(printed).collect()
}

/// The key as it stands in a URL, and as some write it in JSON.
fn forms() -> [String; 3] {
    let in_url = CANARY.replace('/', "%2F").replace('+', "%2B");
    [CANARY.to_owned(), in_url, CANARY.replace('/', "\\/")]
}

/// Answers that quote the key wherever one can.
fn quoting(server: &Server) -> Vec<Answer> {
    let [_, in_url, escaped] = forms();
    let rows = format!(
        "[{{\"date\":\"2024-01-02\",\"close\":1}},{{\"date\":\"2024-01-03\",\"close\":\"{CANARY}\"}},{{\"date\":\"{escaped}\",\"close\":1}}]"
    );
    let words = format!("{{\"message\":\"your key {CANARY} is wrong\"}}");
    let elsewhere = format!("{}/other?apikey={in_url}", server.origin());
    vec![
        Answer::ok(rows).header("X-Echo", CANARY),
        Answer::new(401, words.clone()).header("X-Echo", CANARY),
        Answer::ok(words.clone()),
        Answer::ok(format!("Bad key {CANARY}")),
        Answer::redirect(&elsewhere),
        Answer::reset(),
        Answer::ok(words),
    ]
}

/// Where and how a key stands in what was written; nothing where it does not.
fn find_key(written: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    written.iter().find_map(|(name, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        let forms = forms().into_iter();
        let at = forms.filter_map(|form| text.find(&form)).next()?;
        let around: String = text[..at].chars().rev().take(200).collect();
        let around: String = around.chars().rev().collect();
        Some(format!("{name}: {around}…"))
    })
}

#[test]
fn a_key_is_in_no_byte_that_the_program_writes() {
    let (server, discord) = (Server::new(), Server::new());
    let env = TestEnv::new()
        .with("CANARY_KEY", CANARY)
        .with("LOG_LEVEL", "trace")
        .with("FETCH_MAX_RETRIES", "1")
        .with(
            "ALERT_WEBHOOK_URL",
            &format!("{}/api/webhooks/1/x", discord.origin()),
        );
    discord.answer("/api/webhooks/1/x", Answer::new(204, ""));
    env.write("data/assets.toml", keyed(&server));
    server.answer_in_turn("/d/A", quoting(&server));
    let mut collect = vec!["collect", "--archive", "kept", "--log-dir", "logs"];
    collect.extend(["--start", "2024-01-02", "--end", "2024-01-03"]);
    let mut ran: Vec<Ran> = (0..6).map(|_| env.run(&collect)).collect();
    assert_eq!(env.count("SELECT count(*) FROM quarantine"), 2, "{ran:?}");
    let masked =
        "SELECT count(*) FROM quarantine WHERE raw LIKE '%\"close\":\"***\"%' OR date = '***'";
    assert_eq!(
        env.count(masked),
        2,
        "an answer that quotes it is kept without it"
    );
    let test_source = env.run(&["assets", "test-source", "mine", "A"]);
    assert!(
        format!("{test_source:?}").contains("apikey=***"),
        "{test_source:?}"
    );
    ran.push(test_source);
    for arguments in [
        &["collect", "--format", "json", "--replay", "kept"][..],
        &["doctor"],
        &["status", "--format", "json"],
        &["report", "--output", "r.html"],
    ] {
        ran.push(env.run(arguments));
    }
    let seen = server.seen("/d/A");
    assert!(
        seen.len() >= 7 && seen.iter().all(|s| s.query["apikey"] == CANARY),
        "it is sent"
    );
    assert_eq!(seen[0].headers["x-api-key"], format!("Token {CANARY}"));
    assert_eq!(server.count("/other"), 0, "and sent on to nobody");
    let alerts = discord.seen("/api/webhooks/1/x");
    assert!(!alerts.is_empty());
    let mut written = written(&env, &ran);
    let alerts = alerts.iter().flat_map(|s| s.body.bytes());
    written.insert("alerts".to_owned(), alerts.collect());
    let has = |end: &str| written.keys().any(|name| name.contains(end));
    assert!(has(".gz") && has(".meta.json") && has("staging.db") && has(".log"));
    assert_eq!(find_key(&written), None);
}

/// A source that needs no key, beside one that does.
const OTHER: &str = "[[source]]
name = \"open\"
url = \"{origin}/o/{symbol}\"
format = \"csv\"
date = \"Date\"
close = \"Close\"

[[asset]]
id = \"B\"
name = \"The B\"
category = \"stock\"
calendar = \"XKRX\"
currency = \"KRW\"
sources = [{ source = \"open\", symbol = \"B\" }]

";

#[test]
fn a_wrong_definition_or_a_missing_key_is_refused_at_start() {
    let server = Server::new();
    let mut env = TestEnv::new();
    env.write("data/assets.toml", keyed(&server));
    let refused = |env: &TestEnv, says: &str| {
        let ran = env.run(&["collect"]);
        assert!(ran.code == 2 && ran.error().contains(says), "{ran:?}");
    };
    refused(&env, "source mine: CANARY_KEY is not set");
    let other = OTHER.replace("{origin}", &server.origin());
    env.write("data/assets.toml", other + &keyed(&server));
    server.answer("/o/B", Answer::ok("Date,Close\n2024-01-02,5\n"));
    let ran = env.json(&["collect", "--start", "2024-01-02", "--end", "2024-01-02"]);
    assert_eq!(
        (ran.code, &ran.of("B")["status"]),
        (3, &"ok".into()),
        "{ran:?}"
    );
    assert!(
        ran.message("A").contains("CANARY_KEY is not set"),
        "{ran:?}"
    );
    env.write("data/assets.toml", keyed(&server));
    let doctor = env.run(&["doctor", "--offline"]).stdout;
    assert!(doctor.contains("FAIL  keys"), "{doctor}");
    env.set("CANARY_KEY", "short");
    refused(&env, "fewer than 8 characters");
    assert_eq!(server.count("/d/A"), 0);
    env.set("CANARY_KEY", CANARY);
    for (from, to, says) in [
        (
            "name = \"mine\"",
            "name = \"yahoo\"",
            "line 1: source name \"yahoo\"",
        ),
        ("{symbol}", "A", "url does not contain {symbol}"),
        (
            "source = \"mine\"",
            "source = \"other\"",
            "should be one of naver, yahoo, krx, upbit, binance, ecb, mine",
        ),
    ] {
        env.write("data/assets.toml", keyed(&server).replace(from, to));
        refused(&env, says);
    }
    env.write(
        "data/assets.toml",
        keyed(&server).replace("    ", "") + &keyed(&server),
    );
    refused(&env, "appears twice");
    env.write(".env", format!("CANARY_KEY={CANARY}\n"));
    env.write("data/assets.toml", keyed(&server));
    server.answer(
        "/d/A",
        Answer::ok("[{\"date\":\"2024-01-02\",\"close\":5}]"),
    );
    let env = env.without("CANARY_KEY");
    env.succeed(&["collect", "--start", "2024-01-02", "--end", "2024-01-02"]);
    env.write("in.csv", "asset_id,date,close\nA,2024-01-02,5\n");
    assert_eq!(env.run(&["import", "in.csv", "--source", "mine"]).code, 2);
}

#[test]
fn it_is_tried_again_spaced_and_left_alone_like_any_other() {
    let server = Server::new();
    let env = TestEnv::new().with("CANARY_KEY", CANARY);
    let second = keyed(&server)
        .split_once("[[asset]]")
        .unwrap()
        .1
        .replace("\"A\"", "\"B\"");
    let assets = keyed(&server).replace("format = ", "interval = 0.3\nformat = ");
    env.write("data/assets.toml", format!("{assets}\n[[asset]]{second}"));
    let good = || Answer::ok("[{\"date\":\"2024-01-02\",\"close\":5}]");
    server.answer_in_turn("/d/A", [Answer::new(503, "busy"), good()]);
    server.answer("/d/B", good());
    let window = ["collect", "--start", "2024-01-02", "--end", "2024-01-02"];
    env.succeed(&window);
    let times = server.times();
    assert_eq!(times.len(), 3);
    assert!(
        times.windows(2).all(|t| (t[1] - t[0]).as_millis() >= 250),
        "{times:?}"
    );
    server.answer(
        "/d/A",
        Answer::ok("{\"Note\":\"our call frequency is 5 a minute\"}"),
    );
    let before = server.count("/d/B");
    let ran = env.run(&window);
    assert!(
        ran.code == 1 && ran.stderr.contains("skipped for the rest of this run"),
        "{ran:?}"
    );
    assert_eq!(
        server.count("/d/B"),
        before,
        "a source that wants to be left alone is"
    );
}

/// A recording of the source `mine`: closes of these days of August 2026.
fn august(env: &TestEnv, folder: &str, fetched_at: &str, closes: &[(u32, f64)]) {
    let row =
        |(day, close): &(u32, f64)| format!("{{\"date\":\"2026-08-{day:02}\",\"close\":{close}}}");
    let rows: Vec<String> = closes.iter().map(row).collect();
    env.write(
        &format!("{folder}/mine/A.json"),
        format!("[{}]", rows.join(",")),
    );
    let meta = format!("{{\"fetched_at\":\"{fetched_at}\"}}");
    env.write(&format!("{folder}/mine/A.json.meta.json"), meta);
}

#[test]
fn its_bars_are_provisional_until_they_are_final_and_follow_a_split() {
    let env = TestEnv::new();
    let server = Server::new();
    env.write("data/assets.toml", keyed(&server).replace("XKRX", "XNYS"));
    let days = [3, 4, 5, 6, 7, 10, 11, 12, 13, 14];
    let before: Vec<(u32, f64)> = days.map(|day| (day, 100.0 + f64::from(day))).to_vec();
    august(&env, "first", "2026-08-15T00:00:00Z", &before);
    env.succeed(&["collect", "--replay", "first"]);
    let mut after: Vec<(u32, f64)> = before
        .iter()
        .map(|(day, close)| (*day, close / 2.0))
        .collect();
    after.push((17, 58.0));
    august(&env, "second", "2026-08-17T19:00:00Z", &after);
    env.succeed(&["collect", "--replay", "second"]);
    let count = |what: &str| env.count(&format!("SELECT count(*) FROM price_daily WHERE {what}"));
    assert_eq!(
        (
            count("close < 60"),
            count("is_final = 0 AND date = '2026-08-17'")
        ),
        (11, 1)
    );
    assert_eq!(env.count("SELECT count(*) FROM price_revision"), 10);
    // An old recording changes nothing.
    env.run(&["collect", "--replay", "first"]);
    assert_eq!(count("close < 60"), 11);
}

#[test]
fn a_test_of_a_source_shows_what_would_be_refused_and_works_on_recordings() {
    let env = TestEnv::new();
    env.write("data/assets.toml", example("tiingo"));
    let mut body = String::from_utf8(recorded("user/tiingo_daily_prices_2026-08.json")).unwrap();
    body = body.replace("649.4,", "-1,");
    env.write("kept/tiingo/SPY.json", &body);
    env.write(
        "kept/tiingo/SPY.json.meta.json",
        "{\"fetched_at\":\"2026-08-20T00:00:00Z\"}",
    );
    let ran = env.json(&["assets", "test-source", "tiingo", "SPY", "--replay", "kept"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let results: Vec<_> = ran
        .rows()
        .iter()
        .map(|r| r["result"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(results, ["ok", "ok", "ok", "ok", "price_not_positive"]);
    let text = env
        .run(&["assets", "test-source", "tiingo", "SPY", "--replay", "kept"])
        .stdout;
    assert!(
        text.contains("[Authorization: Token ***]") && text.contains("1 row would be rejected"),
        "{text}"
    );
    let ran = env.run(&["assets", "test-source", "none", "SPY"]);
    assert!(
        ran.code == 2 && ran.error().contains("which has tiingo"),
        "{ran:?}"
    );
    let ran = env.run(&["assets", "test-source", "tiingo", "SPY"]);
    assert!(
        ran.code == 2 && ran.error().contains("TIINGO_TOKEN is not set"),
        "{ran:?}"
    );
}

#[test]
fn a_forgotten_delimiter_is_asked_about() {
    let csv = "format = \"csv\"\ndate = \"Day\"\nclose = \"Last\"\n";
    let refused = read(csv, "X", "XPAR", b"Day;Last\n2026-01-05;12\n").unwrap_err();
    assert!(
        refused.contains("did you mean delimiter = \";\"?"),
        "{refused}"
    );
    let said = read(csv, "X", "XPAR", b"Please try again later; thank you\n").unwrap_err();
    assert!(said.contains("Please try again later"), "{said}");
}

#[test]
fn a_test_of_a_source_shows_what_is_taken_as_it_is_taken() {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        "[[source]]\nname = \"mine\"\nurl = \"https://h/{symbol}\"\nformat = \"csv\"\ndate = \"Date\"\nclose = \"Close\"\nvolume = \"Volume\"\n",
    );
    env.write(
        "kept/mine/X.csv",
        "Date,Close,Volume\n2024-01-02,\"12,500\",7\n2024-01-03,13,1.2M\n2024-01-03,14,8\n",
    );
    let ran = env.json(&["assets", "test-source", "mine", "X", "--replay", "kept"]);
    let told: Vec<String> = ran
        .rows()
        .iter()
        .map(|r| format!("{} {} {}", r["close"], r["volume"], r["result"]))
        .collect();
    assert_eq!(
        told,
        [
            "\"12500\" \"7\" \"ok\"",
            "\"13\" \"1.2M\" \"volume_unknown\"",
            "\"14\" \"8\" \"second_row_of_date\"",
        ],
        "{ran:?}"
    );
    env.write("kept/mine/X.csv", "Date,Close,Volume\n");
    let ran = env.run(&["assets", "test-source", "mine", "X", "--replay", "kept"]);
    assert!(
        ran.code == 1 && ran.stdout.contains("The answer has no rows"),
        "{ran:?}"
    );
    let both = read(
        "format = \"csv\"\ndate = \"Date\"\nclose = \"Close\"\n",
        "X",
        "XPAR",
        b"Date,Close,Close\n2026-01-05,1,2\n",
    );
    assert!(both.unwrap_err().contains("two columns are called Close"));
}
