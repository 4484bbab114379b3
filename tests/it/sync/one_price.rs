//! Readers who select by asset alone: `DATABASE_SCHEMA`, and the view of one price where they look.

use super::ownership::{ORIGINAL, configure, samsung};
use crate::support::program::TestEnv;
use crate::support::warehouse::{TestWarehouse, warehouse};

/// What the Python collector's API, research and healthcheck ask, as they ask it.
const READERS: [&str; 4] = [
    "SELECT string_agg(concat_ws(' ', date, close), ', ' ORDER BY date)
     FROM (SELECT date, close FROM price_daily WHERE asset_id = '005930' ORDER BY date DESC LIMIT 4) AS newest",
    "SELECT string_agg(concat_ws(' ', date, round(change::numeric, 1)), ', ' ORDER BY date)
     FROM (SELECT date, 100 * (close / lag(close) OVER (ORDER BY date) - 1) AS change FROM price_daily WHERE asset_id = '005930') AS day
     WHERE change IS NOT NULL",
    "SELECT concat_ws(' ', m.asset_id, m.name, m.is_active, max(p.date))
     FROM asset_master m JOIN price_daily p ON p.asset_id = m.asset_id GROUP BY m.asset_id, m.name, m.is_active",
    "SELECT count(*)::text FROM price_daily WHERE asset_id = '005930' AND date BETWEEN '2026-01-01' AND '2026-01-31'",
];

const ANSWERS: [&str; 4] = [
    "2026-01-21 149500, 2026-01-22 152300, 2026-01-23 152100, 2026-01-26 153000",
    "2026-01-22 1.9, 2026-01-23 -0.1, 2026-01-26 0.6",
    "005930 삼성전자(내 이름) t 2026-01-26",
    "4",
];

/// Bars of two sources, of which one lacks a day, and nothing of the day that only the old program has.
fn stage(env: &TestEnv) {
    env.staging()
        .execute_batch(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             SELECT '005930', day.column1, source.column1, day.column2, day.column2, day.column2, day.column2, 1, '2026-02-01T00:00:00.000000Z'
             FROM (VALUES ('2026-01-21', 149500.0), ('2026-01-23', 152100.0), ('2026-01-26', 153000.0)) AS day
             CROSS JOIN (VALUES ('naver'), ('yahoo')) AS source;
             DELETE FROM price_daily WHERE source = 'naver' AND date = '2026-01-26'",
        )
        .unwrap();
}

fn answers(warehouse: &TestWarehouse) -> Vec<String> {
    READERS.iter().map(|sql| warehouse.text(sql)).collect()
}

fn refused(env: &TestEnv, arguments: &[&str], words: &str) {
    let ran = env.run(arguments);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.error().contains(words), "{words}: {ran:?}");
}

#[test]
fn old_readers_see_one_row_a_day_where_the_old_table_was() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let env = TestEnv::new()
        .with("DATABASE_URL", &warehouse.url())
        .with("DATABASE_SCHEMA", "pricestash");
    configure(&env, &[samsung()]);
    stage(&env);
    refused(&env, &["sync"], "create the schema (CREATE SCHEMA");
    warehouse.execute("CREATE SCHEMA pricestash");
    refused(
        &env,
        &["schema", "one-price", "--apply"],
        "there is a table public.price_daily",
    );
    warehouse.execute("ALTER TABLE price_daily SET SCHEMA pricestash");
    let (code, row) = env.sync(&[]);
    assert_eq!((code, &row["sent"]), (0, &5.into()), "{row}");
    for _ in 0..2 {
        env.succeed(&["schema", "one-price", "--apply"]);
    }
    assert_eq!(answers(&warehouse), ANSWERS);
    let sources = "SELECT string_agg(source, ' ' ORDER BY date) FROM public.price_daily";
    assert_eq!(warehouse.text(sources), "naver fdr naver yahoo");
    let columns = |table: &str| {
        warehouse.text(&format!(
            "SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
        ))
    };
    assert_eq!(
        columns("public.price_daily"),
        columns("pricestash.price_daily")
    );
    // Who forgets the schema sends nothing into the readers'.
    let ran = env.with("DATABASE_SCHEMA", "").run(&["sync"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.error().contains("set DATABASE_SCHEMA"), "{ran:?}");
    let made =
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = 'asset_source'";
    assert_eq!(warehouse.count(made), 0);
    assert_eq!(answers(&warehouse), ANSWERS);
}

#[test]
fn the_view_stands_in_a_schema_of_its_own_beside_the_table() {
    let mut warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    configure(&env, &[samsung()]);
    stage(&env);
    let one_price = ["schema", "one-price", "--apply", "--schema", "readers"];
    refused(&env, &one_price, "there is no schema readers");
    warehouse.execute("CREATE SCHEMA readers; CREATE VIEW readers.price_daily AS SELECT 1 AS mine");
    refused(
        &env,
        &one_price,
        "a view readers.price_daily that pricestash did not create",
    );
    warehouse.execute("DROP VIEW readers.price_daily");
    assert_eq!(env.sync(&[]).0, 0);
    let doctor = |says: bool| {
        let ran = env.run(&["doctor", "--offline"]);
        let words = "sources of 005930 share 2 days";
        assert_eq!(ran.stdout.contains(words), says, "{ran:?}");
    };
    doctor(true);
    env.succeed(&one_price);
    doctor(false);
    let (role, url) = warehouse.role();
    warehouse.execute(&format!(
        "GRANT USAGE ON SCHEMA readers TO {role}; GRANT SELECT ON readers.price_daily, asset_master TO {role};
         ALTER ROLE {role} SET search_path = readers, public"
    ));
    let mut reader = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let told = READERS.map(|sql| reader.query_one(sql, &[]).unwrap().get::<_, String>(0));
    assert_eq!(told, ANSWERS);
}

#[test]
fn what_disagrees_or_is_in_another_currency_is_no_price() {
    let warehouse = warehouse!();
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    configure(&env, &[samsung()]);
    stage(&env);
    assert_eq!(env.sync(&[]).0, 0);
    // Dollars on days that ours have too, and on one that they lack; a currency that is known; and of an asset that nobody knows,
    // the source with most bars.
    warehouse.execute(
        "INSERT INTO price_daily SELECT asset_id, date + days, 'usd', open, high, low, close / 1400, volume
         FROM price_daily CROSS JOIN generate_series(0, 1) AS days WHERE source = 'yahoo';
         INSERT INTO asset_source VALUES ('OLD', 'won', 0, 'KRW', 'x', false), ('OLD', 'other', NULL, 'USD', 'x', false);
         INSERT INTO price_daily SELECT 'OLD', date, 'other', open, high, low, close, volume FROM price_daily WHERE source = 'usd';
         INSERT INTO price_daily SELECT 'NEW', date, source, open, high, low, close, volume FROM price_daily WHERE asset_id = '005930'",
    );
    warehouse.execute("CREATE SCHEMA readers");
    env.succeed(&["schema", "one-price", "--apply", "--schema", "readers"]);
    let shown = "SELECT string_agg(concat_ws(' ', asset_id, date, source), ', ' ORDER BY asset_id, date) FROM readers.price_daily";
    assert_eq!(
        warehouse.text(shown),
        "005930 2026-01-21 naver, 005930 2026-01-23 naver, 005930 2026-01-26 yahoo, \
         NEW 2026-01-21 usd, NEW 2026-01-22 usd, NEW 2026-01-23 usd, NEW 2026-01-24 usd, NEW 2026-01-26 usd, NEW 2026-01-27 usd"
    );
}
