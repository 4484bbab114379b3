//! `--in`: prices in another currency by the stored rates, and the same by SQL.

use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::{asset, yahoo_route};

const DAYS: [&str; 3] = ["2026-01-05", "2026-01-06", "2026-01-07"];

fn yahoo(symbol: &str, currency: &str, zone: &str, closes: &[(&str, f64)]) -> Answer {
    let zone: chrono_tz::Tz = zone.parse().unwrap();
    let stamps: Vec<i64> = closes
        .iter()
        .map(|(day, _)| {
            let day: chrono::NaiveDate = day.parse().unwrap();
            let open = day.and_hms_opt(9, 30, 0).unwrap();
            open.and_local_timezone(zone).unwrap().timestamp()
        })
        .collect();
    let prices: Vec<f64> = closes.iter().map(|(_, close)| *close).collect();
    let volumes = vec![5; closes.len()];
    Answer::ok(
        serde_json::json!({"chart": {"error": null, "result": [{
            "meta": {"currency": currency, "symbol": symbol, "exchangeTimezoneName": zone.name(), "dataGranularity": "1d"},
            "timestamp": stamps,
            "indicators": {"quote": [{"open": prices, "high": prices, "low": prices, "close": prices, "volume": volumes}]},
        }]}})
        .to_string(),
    )
}

/// A share in dollars on three days, and the won of a dollar on the first two of them.
fn dollars_and_won() -> (Server, TestEnv) {
    let server = Server::new();
    let share = [(DAYS[0], 10.0), (DAYS[1], 11.0), (DAYS[2], 12.0)];
    server.answer(
        &yahoo_route("ACME"),
        yahoo("ACME", "USD", "America/New_York", &share),
    );
    let won = [(DAYS[0], 1400.0), (DAYS[1], 1450.0)];
    server.answer(
        &yahoo_route("USDKRW=X"),
        yahoo("KRW=X", "KRW", "Europe/London", &won),
    );
    let rate = asset("USDKRW", "24/5", "KRW", &[("yahoo", "USDKRW=X")]);
    let assets = [
        asset("ACME", "XNYS", "USD", &[("yahoo", "ACME")]),
        rate.replace("category = \"stock\"", "category = \"fx\""),
    ];
    let env = TestEnv::at(&server, &assets);
    env.run(&["collect", "--start", DAYS[0], "--end", DAYS[2]]);
    assert_eq!(env.bars(), 5);
    (server, env)
}

#[test]
fn prices_are_shown_and_exported_in_won_with_the_rate_named() {
    let (_server, env) = dollars_and_won();
    let shown = env.json(&["show", "ACME", "--in", "krw"]);
    let closes: Vec<_> = shown.rows().iter().map(|r| r["close"].clone()).collect();
    assert_eq!(closes, [14_000.0, 15_950.0, 17_400.0]);
    let row = &shown.rows()[2];
    assert_eq!(row["currency"], "KRW");
    assert!(
        row["remarks"].to_string().contains("USDKRW of 2026-01-06"),
        "{row}"
    );
    let text = env
        .succeed(&["show", "ACME", "--in", "KRW", "--chart"])
        .stdout;
    assert!(text.contains("17,400") && text.contains("KRW"), "{text}");
    let exported = env
        .succeed(&["export", "--in", "KRW", "--assets", "ACME"])
        .stdout;
    let lines: Vec<&str> = exported.lines().collect();
    assert!(
        lines[0].ends_with("is_final,name,currency,rate"),
        "{exported}"
    );
    assert!(
        lines[1].starts_with("ACME,2026-01-05,yahoo,14000.0,"),
        "{exported}"
    );
    assert!(
        lines[3].ends_with(",KRW,USDKRW of 2026-01-06"),
        "{exported}"
    );
    let back = env.json(&["show", "USDKRW", "--in", "USD"]);
    assert_eq!(back.rows()[0]["close"], 1.0);
}

#[test]
fn without_a_rate_there_is_no_price() {
    let (_server, env) = dollars_and_won();
    let refused = env.run(&["show", "ACME", "--in", "JPY"]);
    assert_eq!(refused.code, 2);
    let why = refused.error();
    assert!(
        why.contains("convert USD to JPY") && why.contains("USDKRW"),
        "{why}"
    );
    assert_eq!(env.run(&["show", "ACME", "--in", "dollars"]).code, 2);
    let refused = env.run(&["export", "--in", "JPY", "--output", "yen.csv"]);
    assert_eq!(refused.code, 2, "a file without one price is no export");
    assert!(refused.error().contains("to JPY"), "{refused:?}");
    assert!(!env.path("yen.csv").exists());
    // The rates are older than the days.
    let sql =
        "UPDATE price_daily SET date = replace(date, '2026', '2025') WHERE asset_id = 'USDKRW'";
    env.staging().execute(sql, []).unwrap();
    let shown = env.json(&["show", "ACME", "--in", "KRW"]);
    assert!(shown.rows()[0]["close"].is_null(), "{shown:?}");
    assert!(shown.rows()[0]["remarks"].to_string().contains("no rate"));
    let adjusted = env.succeed(&["show", "ACME", "--in", "KRW", "--adjust", "splits"]);
    assert!(
        !adjusted
            .stdout
            .contains("the adjustment since then is unknown"),
        "the rate is missing, not a factor: {adjusted:?}"
    );
}

#[test]
fn a_provisional_or_suspect_rate_is_said_with_the_price() {
    let (_server, env) = dollars_and_won();
    env.staging()
        .execute_batch(
            "UPDATE price_daily SET is_final = 0 WHERE asset_id = 'USDKRW' AND date = '2026-01-06';
             INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen)
             VALUES ('USDKRW', 'yahoo', '2026-01-06', 'scale_step', '', '2026-01-07T00:00:00Z', '2026-01-07T00:00:00Z')",
        )
        .unwrap();
    let shown = env.json(&["show", "ACME", "--in", "KRW"]).rows();
    let finals: Vec<_> = shown.iter().map(|r| r["is_final"].clone()).collect();
    assert_eq!(
        finals,
        [true, false, false],
        "a price is no more final than its rate"
    );
    let named = "USDKRW of 2026-01-06 (provisional, suspect)";
    assert_eq!(shown[2]["remarks"][0], named);
    let exported = env
        .succeed(&["export", "--in", "KRW", "--assets", "ACME"])
        .stdout;
    let last = exported.lines().last().unwrap();
    assert!(
        last.ends_with(&format!(",false,The ACME,KRW,\"{named}\"")),
        "{exported}"
    );
    let ledger = env.succeed(&[
        "export", "--in", "KRW", "--assets", "ACME", "--format", "ledger",
    ]);
    let doubted = format!("; the next price is by {named}\nP 2026-01-06 ACME 15950 KRW\n");
    assert!(ledger.stdout.contains(&doubted), "{ledger:?}");
    let came_a_hundredfold = "UPDATE finding SET rule = 'rebased' WHERE asset_id = 'USDKRW'";
    env.staging().execute(came_a_hundredfold, []).unwrap();
    let shown = env.json(&["show", "ACME", "--in", "KRW"]).rows();
    assert_eq!(shown[2]["remarks"][0], named, "nobody splits a currency");
}

/// Won for a euro are no won for a dollar, whatever the asset is called.
#[test]
fn a_source_of_another_pair_gives_no_rates() {
    let server = Server::new();
    let share = [(DAYS[0], 10.0), (DAYS[1], 11.0), (DAYS[2], 12.0)];
    server.answer(
        &yahoo_route("ACME"),
        yahoo("ACME", "USD", "America/New_York", &share),
    );
    let rates = r#"<gesmes:Envelope><Cube><Cube time="2026-01-05"><Cube currency="KRW" rate="1650"/></Cube></Cube></gesmes:Envelope>"#;
    server.answer("/stats/eurofxref/eurofxref-hist.xml", Answer::ok(rates));
    let rate = asset(
        "USDKRW",
        "24/5",
        "KRW",
        &[("yahoo", "USDKRW=X"), ("ecb", "KRW")],
    );
    let assets = [
        asset("ACME", "XNYS", "USD", &[("yahoo", "ACME")]),
        rate.replace("category = \"stock\"", "category = \"fx\""),
    ];
    let env = TestEnv::at(&server, &assets);
    env.run(&["collect", "--start", DAYS[0], "--end", DAYS[2]]);
    assert_eq!(env.bars(), 4);
    let refused = env.run(&["show", "ACME", "--in", "KRW"]);
    assert_eq!(refused.code, 2, "{refused:?}");
}

/// The recipe of schema/README.md, word by word.
#[test]
fn the_recipe_in_sql_says_the_same() {
    let (_server, env) = dollars_and_won();
    let readme = std::fs::read_to_string(crate::support::repository("schema/README.md")).unwrap();
    let at = readme.find("-- ACME in won").unwrap();
    let recipe = &readme[at..at + readme[at..].find("```").unwrap()];
    let in_won = env.pairs(&format!(
        "SELECT date, CAST(close AS TEXT) FROM ({})",
        recipe.trim().trim_end_matches(';')
    ));
    let expected = DAYS.iter().zip(["14000.0", "15950.0", "17400.0"]);
    assert_eq!(
        in_won,
        expected
            .map(|(d, c)| ((*d).to_owned(), c.to_owned()))
            .collect::<Vec<_>>()
    );
}
