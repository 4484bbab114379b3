//! `doctor`: what would stop tomorrow's run, with sources, a warehouse and a webhook that are not well.

use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server, dead_origin};
use crate::support::stock::stocked;
use crate::support::warehouse::warehouse;
use crate::support::{asset, recorded, route, shares};

/// One check.
#[derive(Debug)]
struct Check {
    name: String,
    status: String,
    detail: String,
    remedy: String,
}

/// What `doctor` found.
#[derive(Debug)]
struct Checks(Vec<Check>);

impl Checks {
    fn of(env: &TestEnv, arguments: &[&str], code: i32) -> Self {
        let ran = env.run(&[&["doctor", "--format", "json"], arguments].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        let rows = ran.rows();
        let checks = rows.iter().map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            Check {
                name: text("check"),
                status: text("status"),
                detail: text("detail"),
                remedy: text("remedy"),
            }
        });
        let checks = Self(checks.collect());
        for check in &checks.0 {
            // Whoever is told that something is wrong is told what to do.
            let needs_remedy = check.status == "FAIL";
            assert!(!needs_remedy || !check.remedy.is_empty(), "{check:?}");
        }
        // The exit code follows from the worst of them.
        let has_failed = checks.0.iter().any(|c| c.status == "FAIL");
        assert_eq!(i32::from(has_failed), code, "{checks:?}");
        checks
    }

    fn get(&self, name: &str) -> &Check {
        let found = self.0.iter().find(|c| c.name == name);
        found.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// A check has this status, and its detail these words.
    fn says(&self, name: &str, status: &str, words: &str) {
        let check = self.get(name);
        assert_eq!(check.status, status, "{check:?}");
        assert!(check.detail.contains(words), "{words}: {check:?}");
    }
}

#[test]
fn the_staging_file_is_looked_at_and_nothing_is_changed() {
    let (_server, env) = shares(&["A"]);
    let env = env.with("ALERT_WEBHOOK_URL", "http://127.0.0.1:9/api/canary");
    let before = env.files();
    let found = Checks::of(&env, &["--offline"], 0);
    found.says("staging file", "OK", "is not there yet and can be made");
    found.says("warehouse", "WARN", "DATABASE_URL is not set");
    found.says("heartbeat", "WARN", "HEARTBEAT_URL is not set");
    found.says("configuration", "OK", "ALERT_WEBHOOK_URL=***");
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    assert!(env.files() == before, "the folder changed");

    env.collect();
    Checks::of(&env, &["--offline"], 0).says("staging file", "OK", "sound and writable");
    let other = env.staging();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let found = Checks::of(&env, &["--offline"], 0);
    found.says("staging file", "WARN", "locked by another program");
    drop(other);

    env.write("data/assets.toml", "nonsense");
    Checks::of(&env, &["--offline"], 1).says("assets", "FAIL", "line 1");
    env.damage_staging(4096);
    Checks::of(&env, &["--offline"], 1).says("staging file", "FAIL", "is damaged");
}

#[test]
fn a_folder_that_cannot_be_written_and_calendars_that_end_are_found() {
    let (_server, env) = shares(&["A"]);
    env.write("data/calendars/XKRX.toml", "known_until = 2024-12-31\n");
    let found = Checks::of(&env, &["--offline"], 0);
    found.says("calendar XKRX", "WARN", "2024-12-31");
    assert!(
        found
            .get("calendar XKRX")
            .remedy
            .contains("data/calendars/XKRX.toml")
    );
    #[cfg(unix)]
    {
        let env = env.with("STAGING_DB", "data/assets.toml/staging.db");
        let found = Checks::of(&env, &["--offline"], 1);
        found.says("staging file", "FAIL", "data/assets.toml/staging.db");
        #[cfg(target_os = "linux")]
        {
            // Not even root may write here.
            let env = env.with("STAGING_DB", "/proc/staging.db");
            let found = Checks::of(&env, &["--offline"], 1);
            found.says("staging file", "FAIL", "cannot write to the folder /proc");
        }
    }
}

#[test]
fn a_source_is_as_bad_as_the_assets_that_need_it() {
    let server = Server::new();
    let assets = [
        asset("A", "XKRX", "KRW", &[("naver", "A"), ("yahoo", "A.KS")]),
        asset("B", "24/7", "KRW", &[("upbit", "KRW-B")]),
    ];
    let today = chrono::Utc::now().date_naive();
    let row = format!(
        "[{{\"localDate\":\"{}\",\"closePrice\":1,\"openPrice\":1,\"highPrice\":1,\"lowPrice\":1,\"accumulatedTradingVolume\":1}}]",
        today.format("%Y%m%d")
    );
    server.answer(&route("A"), Answer::ok(row));
    server.answer(
        "/sise.nhn",
        Answer::ok(recorded("naver/edge_blocked-html.html")),
    );
    server.answer("/v8/finance/chart/A.KS", Answer::new(503, "busy"));
    let upbit = recorded("upbit/candles_days_KRW-BTC_to-2025-07-30.json");
    server.answer("/v1/candles/days", Answer::ok(upbit));
    let env = TestEnv::at(&server, &assets);
    let found = Checks::of(&env, &[], 0);
    found.says("source naver", "OK", "A: 1 row in ");
    found.says("source naver fchart", "WARN", "page");
    // A has another source that answers.
    found.says("source yahoo", "WARN", "HTTP 503");
    // It answers, with days of long ago.
    found.says("source upbit", "WARN", "but the newest is of 2025-07-2");
    // One small request each.
    assert_eq!(server.paths().len(), 4, "{:?}", server.paths());

    server.answer("/v1/candles/days", Answer::ok("[]"));
    let found = Checks::of(&env, &[], 1);
    found.says("source upbit", "FAIL", "no row for the last ten days");
    let env = env.with("UPBIT_BASE_URL", &dead_origin());
    Checks::of(&env, &[], 1).says("source upbit", "FAIL", "refused");
    let asked = server.paths().len();
    Checks::of(&env, &["--offline"], 0).says("sources", "OK", "not asked");
    assert_eq!(server.paths().len(), asked);
}

#[test]
fn a_webhook_is_looked_at_and_nothing_is_posted() {
    const WEBHOOK: &str = "/api/webhooks/1/t0ken";
    let (_server, env) = shares(&["A"]);
    let discord = Server::new();
    let env = env.with(
        "ALERT_WEBHOOK_URL",
        &format!("{}{WEBHOOK}", discord.origin()),
    );
    for (answer, status, words) in [
        (
            Answer::ok("{\"id\":\"1\",\"type\":1}"),
            "OK",
            "nothing was posted",
        ),
        (
            Answer::new(404, recorded("discord/404_unknown-webhook.json")),
            "FAIL",
            "Unknown Webhook",
        ),
        (
            Answer::new(
                401,
                "{\"code\":50027,\"message\":\"Invalid Webhook Token\"}",
            ),
            "FAIL",
            "Invalid Webhook Token",
        ),
        (
            Answer::new(429, recorded("discord/429_user.json")),
            "WARN",
            "rate limited",
        ),
        (Answer::new(404, "no such page"), "WARN", "HTTP 404"),
        (Answer::new(503, "<html>"), "WARN", "HTTP 503"),
    ] {
        discord.answer(WEBHOOK, answer);
        let found = Checks::of(&env, &[], i32::from(status == "FAIL"));
        found.says("webhook", status, words);
        assert!(!format!("{found:?}").contains("t0ken"), "{found:?}");
    }
    let seen = discord.seen(WEBHOOK);
    assert!(
        seen.iter()
            .all(|s| s.body.is_empty() && s.headers["user-agent"].starts_with("pricestash/"))
    );
    Checks::of(&env, &["--offline"], 0).says("webhook", "OK", "not asked");
    assert_eq!(discord.count(WEBHOOK), seen.len());
    let env = env.with("ALERT_WEBHOOK_URL", &format!("{}{WEBHOOK}", dead_origin()));
    Checks::of(&env, &[], 0).says("webhook", "WARN", "not known without posting");
    let env = env.with("ALERT_WEBHOOK_URL", "discord.com/t0ken");
    Checks::of(&env, &[], 0).says("alerts", "WARN", "not set or malformed");
}

#[test]
fn a_warehouse_is_asked_for_tables_rights_and_its_clock() {
    let mut warehouse = warehouse!();
    let (_server, env) = shares(&["A"]);
    env.collect();
    let mut env = env.with("DATABASE_URL", &warehouse.url());
    let found = Checks::of(&env, &["--offline"], 0);
    found.says("warehouse", "OK", "not encrypted, a round trip takes");
    found.says("warehouse tables", "OK", "will be created by the next sync");
    found.says("clock", "OK", "s apart");
    let apart = found
        .get("clock")
        .detail
        .split(' ')
        .find_map(|word| word.parse::<u64>().ok());
    assert!(apart.is_some_and(|seconds| seconds < 30), "{found:?}");
    assert_eq!(
        warehouse.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        0
    );

    assert_eq!(env.sync(&[]).0, 0);
    let found = Checks::of(&env, &["--offline"], 0);
    found.says("warehouse tables", "OK", "all are there");
    // A user who may not write one of them.
    let writer = warehouse.url_of_a_writer("price_daily, asset_master");
    env.set("DATABASE_URL", &writer);
    // As sync has it, that is a warning: the prices go.
    let found = Checks::of(&env, &["--offline"], 0);
    let words = "job_run: not to be written: permission denied";
    found.says("warehouse tables", "WARN", words);
    // A table that cannot take our rows.
    env.set("DATABASE_URL", &warehouse.url());
    warehouse.execute("ALTER TABLE price_daily ALTER COLUMN volume TYPE integer");
    let found = Checks::of(&env, &["--offline"], 1);
    found.says(
        "warehouse tables",
        "FAIL",
        "price_daily.volume is of type int4",
    );
    // A table that is missing, and a user who may not make it.
    warehouse
        .execute("ALTER TABLE price_daily ALTER COLUMN volume TYPE bigint; DROP TABLE job_run");
    env.set("DATABASE_URL", &writer);
    let found = Checks::of(&env, &["--offline"], 0);
    let words = "job_run: missing, and this user may not create it";
    found.says("warehouse tables", "WARN", words);
    // An hour ahead: the database finds this clock before the server's own.
    let database = warehouse.text("SELECT current_database()::text");
    warehouse.execute(&format!(
        "CREATE SCHEMA ahead; CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS 'SELECT pg_catalog.clock_timestamp() + interval ''1 hour''';
         ALTER DATABASE {database} SET search_path = public, ahead, pg_catalog"
    ));
    env.set("DATABASE_URL", &warehouse.url());
    Checks::of(&env, &["--offline"], 1).says("clock", "FAIL", "s apart");
}

#[test]
fn a_warehouse_that_lets_nobody_in_or_is_another_one_is_found() {
    let (one, other) = (warehouse!(), warehouse!());
    let mut env = stocked(&one.url(), 3);
    env.write(
        "data/assets.toml",
        asset("A", "XKRX", "KRW", &[("naver", "A")]),
    );
    let nobody = dead_origin().replace("http://", "postgres://me:canary@");
    let url = one.url();
    let (rest, database) = url.rsplit_once('/').unwrap();
    let no_database = format!("{rest}/nowhere_{database}");
    for (url, words) in [
        (one.url_of("nobody", "canary"), "nobody"),
        (format!("{nobody}/prices"), "refused"),
        (no_database, "nowhere_"),
    ] {
        env.set("DATABASE_URL", &url);
        let found = Checks::of(&env, &["--offline"], 1);
        found.says("warehouse", "FAIL", words);
        assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    }
    env.set("DATABASE_URL", &one.url());
    assert_eq!(env.sync(&[]).0, 0);
    Checks::of(&env, &["--offline"], 0);
    env.set("DATABASE_URL", &other.url());
    env.succeed(&["schema", "warehouse", "--apply"]);
    other.execute(
        "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume)
         VALUES ('theirs', '2020-01-01', 'naver', 1, 1, 1, 1, 1)",
    );
    // A file that is locked to readers too is not waited for: what is in it stays open.
    let lock = env.staging();
    let sql = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
    lock.execute_batch(sql).unwrap();
    let ran = env.run(&["doctor", "--offline"]);
    assert!(
        ran.code == 0 && !ran.stderr.contains("waiting up to"),
        "{ran:?}"
    );
    drop(lock);
    let found = Checks::of(&env, &["--offline"], 1);
    found.says("warehouse identity", "FAIL", "points to another warehouse");
}
