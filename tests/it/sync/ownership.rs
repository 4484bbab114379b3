//! Rows of `asset_master` that stood there before us are their owner's, ours are marked in `asset_source`.

use serde_json::Value;

use crate::support::program::TestEnv;
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{WITHOUT_CHANNELS, asset};

/// The tables of the Python collector, with an owner's rows.
pub(super) const ORIGINAL: &str = include_str!("original.sql");

const MASTER: &str = "SELECT string_agg(concat_ws(' ', asset_id, name, category, source_priority, is_active, currency), E'\\n' ORDER BY asset_id)
     FROM asset_master";
const OURS: &str =
    "SELECT coalesce(string_agg(concat_ws(' ', asset_id, source, priority, currency, symbol), E'\\n' ORDER BY asset_id, priority, source), '')
     FROM asset_source WHERE writes_master";
const OTHERS: &str =
    "SELECT string_agg(concat_ws(' ', asset_id, source, priority, currency, symbol), E'\\n' ORDER BY asset_id, priority, source)
     FROM asset_source WHERE NOT writes_master";

const OWNERS_ROWS: &str = "005930 삼성전자(내 이름) stock [\"fdr\", \"hantoo\"] t KRW
KS200 KOSPI200 index {\"fdr\": 1} t KRW
SOXL SOXL etf [\"fdr\"] f USD";

fn gold(name: &str) -> String {
    asset("GC=F", "CMES", "USD", &[("yahoo", "GC=F")])
        .replace("\"stock\"", "\"commodity\"")
        .replace("The GC=F", name)
}

pub(super) fn samsung() -> String {
    let sources = [("naver", "005930"), ("yahoo", "005930.KS")];
    asset("005930", "XKRX", "KRW", &sources)
}

fn soxl() -> String {
    asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]).replace("stock", "etf")
}

/// Takes the assets over into staging: nothing is recorded.
pub(super) fn configure(env: &TestEnv, assets: &[String]) {
    env.write("data/assets.toml", assets.concat());
    env.write("replay/.keep", "");
    env.run(&["collect", "--replay", "replay"]);
}

fn machine(warehouse: &TestWarehouse, assets: &[String]) -> TestEnv {
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    configure(&env, assets);
    env
}

/// The owner's rows with one of ours, of this name.
fn with_gold(name: &str) -> String {
    let gold = format!("GC=F {name} commodity [\"yahoo\"] t USD");
    let mut lines: Vec<&str> = OWNERS_ROWS.lines().chain([gold.as_str()]).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn an_owners_rows_stay_as_they_are_and_ours_follow_the_file() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let env = machine(&warehouse, &[samsung(), soxl(), gold("Gold")]);
    let ran = env.run(&["sync"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let says = "rows created by others, which stay unchanged: 005930, SOXL";
    assert!(ran.stderr.contains(says), "{ran:?}");
    assert_eq!(warehouse.text(MASTER), with_gold("Gold"));
    assert_eq!(env.sync(&["--full"]).0, 0);
    assert_eq!(warehouse.text(MASTER), with_gold("Gold"));
    let other = samsung().replace("The 005930", "Other");
    configure(&env, &[other, soxl(), gold("Au")]);
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(warehouse.text(MASTER), with_gold("Au"));
    assert_eq!(warehouse.text(OURS), "GC=F yahoo 0 USD GC=F");
    assert_eq!(
        warehouse.text(OTHERS),
        "005930 naver 0 KRW 005930\n005930 yahoo 1 KRW 005930.KS\nSOXL yahoo 0 USD SOXL"
    );
}

#[test]
fn an_owners_rows_are_taken_over_and_given_back() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let env = machine(&warehouse, &[samsung(), soxl(), gold("Gold")]);
    assert_eq!(env.sync(&[]).0, 0);
    let ran = env.run(&["sync", "--take-over-assets", "--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "삼성전자(내 이름)",
        "The 005930",
        "[\"naver\",\"yahoo\"]",
        "is_active",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran:?}");
    }
    assert!(!ran.stdout.contains("GC=F"), "{ran:?}");
    assert_eq!(warehouse.text(MASTER), with_gold("Gold"), "it only shows");

    let ran = env.run(&["sync", "--take-over-assets", "--assets", "SOXL"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let says = "asset_master.is_active: false becomes true";
    assert!(ran.stderr.contains(says), "{ran:?}");
    let taken = with_gold("Gold").replace(
        "SOXL SOXL etf [\"fdr\"] f USD",
        "SOXL The SOXL etf [\"yahoo\"] t USD",
    );
    assert_eq!(warehouse.text(MASTER), taken);
    let ours = "GC=F yahoo 0 USD GC=F\nSOXL yahoo 0 USD SOXL";
    assert_eq!(warehouse.text(OURS), ours);

    warehouse.execute(
        "UPDATE asset_source SET writes_master = false WHERE asset_id = 'SOXL';
         UPDATE asset_master SET is_active = false WHERE asset_id = 'SOXL'",
    );
    assert_eq!(env.sync(&["--full"]).0, 0);
    let given_back = taken.replace("etf [\"yahoo\"] t", "etf [\"yahoo\"] f");
    assert_eq!(warehouse.text(MASTER), given_back);
}

/// A file of the first version knows only that it has sent its assets.
#[test]
fn what_the_first_version_has_sent_is_ours() {
    let warehouse = warehouse!();
    let env = machine(&warehouse, &[gold("Gold")]);
    assert_eq!(env.sync(&[]).0, 0);
    let staging = env.staging();
    staging.execute_batch(WITHOUT_CHANNELS).unwrap();
    staging
        .execute_batch(
            "DROP TRIGGER asset_source_added; DROP TRIGGER asset_source_changed; DROP TRIGGER asset_source_removed;
             DROP TRIGGER series_currency; DROP TABLE removed_asset_source; ALTER TABLE asset_master DROP COLUMN claimed;
             PRAGMA user_version = 13",
        )
        .unwrap();
    drop(staging);
    warehouse.execute("DROP TABLE asset_source");
    configure(&env, &[gold("Au")]);
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(warehouse.text("SELECT name FROM asset_master"), "Au");
    assert_eq!(warehouse.text(OURS), "GC=F yahoo 0 USD GC=F");
    assert_eq!(env.count("SELECT max(claimed) FROM asset_master"), 0);
}

#[test]
fn sources_that_leave_the_file_leave_the_warehouse_unless_they_are_another_machines() {
    let warehouse = warehouse!();
    let one = machine(&warehouse, &[samsung(), soxl()]);
    assert_eq!(one.sync(&[]).0, 0);
    let fchart = asset(
        "005930",
        "XKRX",
        "KRW",
        &[("naver", "A005930"), ("krx", "x")],
    );
    let other = machine(&warehouse, &[fchart]);
    assert_eq!(other.sync(&[]).0, 0);
    let both = "005930 naver 0 KRW A005930\n005930 krx 1 KRW x\n005930 yahoo 1 KRW 005930.KS\nSOXL yahoo 0 USD SOXL";
    assert_eq!(warehouse.text(OURS), both);
    configure(
        &one,
        &[asset("005930", "XKRX", "KRW", &[("naver", "005930")])],
    );
    assert_eq!(one.sync(&[]).0, 0);
    // The asset that is gone keeps its prices, and where they are from.
    let left = "005930 naver 0 KRW 005930\n005930 krx 1 KRW x\nSOXL yahoo 0 USD SOXL";
    assert_eq!(warehouse.text(OURS), left);
    let is_active = "SELECT is_active::text FROM asset_master WHERE asset_id = 'SOXL'";
    assert_eq!(warehouse.text(is_active), "false");
    assert_eq!(one.count("SELECT count(*) FROM removed_asset_source"), 1);
}

#[test]
fn without_a_right_to_asset_source_assets_and_prices_go() {
    let mut warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let url = warehouse.url_of_a_writer("asset_master, price_daily, job_run");
    let env = machine(&warehouse, &[soxl(), gold("Gold")]);
    env.staging()
        .execute(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close) VALUES ('GC=F', '2026-01-02', 'yahoo', 1.0, 1.0, 1.0, 1.0)",
            [],
        )
        .unwrap();
    let writer = env.with("DATABASE_URL", &url);
    for name in ["Gold", "Au"] {
        configure(&writer, &[soxl(), gold(name)]);
        let ran = writer.run(&["sync"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            ran.stderr.contains("were not sent to asset_source"),
            "{ran:?}"
        );
        let master =
            "SELECT concat_ws(' ', name, is_active, currency) FROM asset_master WHERE asset_id = ";
        assert_eq!(
            warehouse.text(&format!("{master}'GC=F'")),
            format!("{name} t USD")
        );
        assert_eq!(warehouse.text(&format!("{master}'SOXL'")), "SOXL f USD");
    }
    assert_eq!(
        warehouse.count("SELECT count(*) FROM price_daily WHERE source = 'yahoo'"),
        1
    );
    let owner = writer.with("DATABASE_URL", &warehouse.url());
    assert_eq!(owner.sync(&[]).0, 0);
    assert_eq!(warehouse.text(OURS), "GC=F yahoo 0 USD GC=F");
    assert_eq!(warehouse.text(OTHERS), "SOXL yahoo 0 USD SOXL");
}

/// What stands in another currency has no place among the prices of the asset.
#[test]
fn a_source_in_another_currency_has_no_priority() {
    let warehouse = warehouse!();
    let bitcoin = asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")]).replace(
        "sources = [",
        "sources = [{ source = \"yahoo\", symbol = \"BTC-USD\", currency = \"USD\" }, ",
    );
    let env = machine(&warehouse, &[bitcoin]);
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(
        warehouse.text(OURS),
        "BTC upbit 1 KRW KRW-BTC\nBTC yahoo:BTC-USD USD BTC-USD"
    );
    // Bars that are still in the currency of before.
    env.staging()
        .execute_batch(
            "INSERT INTO series (asset_id, source, symbol, currency) VALUES ('BTC', 'upbit', 'KRW-BTC', 'KRW');
             UPDATE series SET currency = 'USD'",
        )
        .unwrap();
    assert_eq!(env.sync(&[]).0, 0);
    let of = "SELECT concat_ws(' ', priority, currency) FROM asset_source WHERE source = 'upbit'";
    assert_eq!(warehouse.text(of), "USD");
}

#[test]
fn an_asset_that_is_refused_is_alone_with_that() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    warehouse
        .execute("TRUNCATE asset_master; ALTER TABLE asset_master ADD CHECK (currency <> 'USD')");
    let env = machine(&warehouse, &[gold("Gold"), samsung()]);
    let (code, row): (i32, Value) = env.sync(&[]);
    assert_eq!(code, 3, "{row}");
    let refused = env.pairs("SELECT asset_id, refused FROM asset_master WHERE refused IS NOT NULL");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].1.contains("check constraint"), "{refused:?}");
    // Nor does it stand there in another currency.
    let ids = "SELECT string_agg(asset_id, ' ') FROM asset_master";
    assert_eq!(warehouse.text(ids), "005930");
}

#[test]
fn healthcheck_names_assets_that_the_file_lacks() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let env = machine(&warehouse, &[samsung(), soxl().replace("SOXL", "TQQQ")]);
    let ran = env.run(&["healthcheck", "--warehouse"]);
    let says =
        "that are missing in the assets file; their prices were not checked: KS200 (KOSPI200)\n";
    assert!(ran.stderr.contains(says), "{ran:?}");
    // One that is in the file, though not active there, is known.
    let known = asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]);
    let off = known.replace("sources =", "active = false\nsources =");
    configure(&env, &[samsung(), off]);
    let ran = env.run(&["healthcheck", "--warehouse"]);
    assert!(
        !ran.stderr.contains("missing in the assets file"),
        "{ran:?}"
    );
}

#[test]
fn two_machines_with_overlapping_assets_end_equal_in_any_order() {
    let lists = [vec![samsung(), gold("Gold")], vec![gold("Gold"), soxl()]];
    let mut ends = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let Some(warehouse) = TestWarehouse::of("sync::ownership::two_machines") else {
            return;
        };
        let machines = order.map(|at: usize| {
            let env = machine(&warehouse, &lists[at]);
            env.staging()
                .execute(
                    "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, ingested_at)
                     SELECT 'GC=F', '2026-01-0' || column1, 'yahoo', ?1, ?1, ?1, ?1, '2026-01-1' || column1 || 'T00:00:00.00000' || ?2 || 'Z'
                     FROM (VALUES (1), (2), (3)) WHERE column1 <> 1 + 2 * ?2",
                    rusqlite::params![1.5 + f64::from(u8::try_from(at).unwrap()), at],
                )
                .unwrap();
            assert_eq!(env.sync(&[]).0, 0);
            env
        });
        // Once more each, so that nothing depends on who was the last.
        assert!(machines.iter().all(|env| env.sync(&["--full"]).0 == 0));
        let master = MASTER.replace(", currency", "");
        let prices = "SELECT string_agg(p::text, E'\\n' ORDER BY date) FROM price_daily AS p";
        ends.push([&master, OURS, prices].map(|sql| warehouse.text(sql)));
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0][0].lines().count(), 3);
    assert_eq!(ends[0][2].lines().count(), 3);
}

/// What another program wrote into the staging file.
#[test]
fn an_odd_source_keeps_no_other_back() {
    let warehouse = warehouse!();
    let env = machine(&warehouse, &[samsung(), soxl(), gold("Gold")]);
    env.staging()
        .execute_batch(
            "UPDATE asset_source SET symbol = char(65, 0, 66) WHERE asset_id = 'SOXL';
             UPDATE asset_source SET priority = 'x' WHERE asset_id = 'GC=F'",
        )
        .unwrap();
    let ran = env.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let ours = "005930 naver 0 KRW 005930\n005930 yahoo 1 KRW 005930.KS";
    assert_eq!(warehouse.text(OURS), ours);
    assert!(
        ran.stderr.contains("were not sent to asset_source"),
        "{ran:?}"
    );
    let ids = "SELECT string_agg(asset_id, ' ' ORDER BY asset_id) FROM asset_master";
    assert_eq!(warehouse.text(ids), "005930 SOXL");
    let refused = env.pairs("SELECT asset_id, refused FROM asset_master WHERE refused IS NOT NULL");
    assert!(refused.len() == 1 && refused[0].0 == "GC=F", "{refused:?}");
}

#[test]
fn who_may_delete_nothing_takes_a_source_out_of_the_prices() {
    let mut warehouse = warehouse!();
    let owner = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    owner.succeed(&["schema", "warehouse", "--apply"]);
    let url = warehouse.url_of_a_writer("asset_master, price_daily, job_run, asset_source");
    let env = machine(&warehouse, &[samsung()]).with("DATABASE_URL", &url);
    assert_eq!(env.sync(&[]).0, 0);
    let naver = asset("005930", "XKRX", "KRW", &[("naver", "005930")]);
    configure(&env, &[naver]);
    let ran = env.run(&["sync"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains("asset_source"), "{ran:?}");
    let left = "005930 naver 0 KRW 005930\n005930 yahoo KRW 005930.KS";
    assert_eq!(warehouse.text(OURS), left);
}
