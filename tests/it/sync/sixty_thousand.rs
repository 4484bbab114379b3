//! A first load of 60,000 rows that is killed six times, loses its server to a crash, and is run twice at once, while a constraint
//! refuses some of the rows: the others arrive once, and those when nothing refuses them any more.
#![cfg(unix)]

use std::env;
use std::io::{self, Write};

use postgres::{Client, NoTls};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::own_server::OwnServer;
use crate::support::program::{Running, TestEnv, until};
use crate::support::stock::stocked;

const ROWS: i64 = 60_000;
/// The constraint refuses the rows with these volumes.
const REFUSED: [i64; 5] = [3, 999, 1000, 31_415, 59_999];

/// Starts a sync and waits until so many rows are left, or it has ended.
fn under_way(env: &TestEnv, left: i64) -> Running {
    let mut sync = env.start(&["sync"]);
    until("rows to be sent", || {
        env.pending() <= left || !sync.is_running()
    });
    sync
}

fn server_and_database() -> Option<(OwnServer, Client)> {
    let server = OwnServer::start(&[])?;
    let admin = Client::connect(server.url(), NoTls).unwrap();
    Some((server, admin))
}

#[test]
fn a_first_load_survives_six_kills_a_crash_and_a_second_sync() {
    load("");
}

/// A table with a trigger gets no row by COPY.
#[test]
fn a_first_load_by_the_statement_survives_the_same() {
    load(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER keep BEFORE INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION keep()",
    );
}

fn load(change: &str) {
    if env::var_os("INTEGRATION_TEST").is_none_or(|v| v != "1") {
        return;
    }
    let Some((mut server, mut admin)) = server_and_database() else {
        return;
    };
    let seed: u64 = rand::random();
    // Not by a macro: what a macro prints in a test that passes is kept back.
    io::stderr()
        .write_all(format!("sixty_thousand: seed {seed}\n").as_bytes())
        .unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let env = stocked(server.url(), ROWS)
        .with("SYNC_BASE_DELAY", "0.05")
        .with("SYNC_MAX_RETRIES", "8");
    env.succeed(&["schema", "warehouse", "--apply"]);
    let refused = REFUSED.map(|n| n.to_string()).join(", ");
    admin
        .batch_execute(&format!(
            "ALTER TABLE price_daily ADD CONSTRAINT picky CHECK (volume NOT IN ({refused})); {change}"
        ))
        .unwrap();
    drop(admin);

    for kill in 0..6 {
        let left = ROWS - random.random_range(0..8_000) - kill * 8_000;
        under_way(&env, left).kill();
    }
    let crashed = under_way(&env, 9_000);
    server.restart("immediate");
    let ran = crashed.wait();
    assert!([0, 1, 3].contains(&ran.code), "{ran:?}");
    for sync in [env.start(&["sync"]), env.start(&["sync"])] {
        let ran = sync.wait();
        assert_eq!(ran.code, 3, "{ran:?}");
    }

    let mut admin = Client::connect(server.url(), NoTls).unwrap();
    let mut count = |sql: &str| admin.query_one(sql, &[]).unwrap().get::<_, i64>(0);
    let refused = i64::try_from(REFUSED.len()).unwrap();
    assert_eq!(
        count("SELECT count(*) FROM price_daily"),
        ROWS - refused,
        "seed {seed}"
    );
    assert_eq!(env.pending(), refused);
    let noted =
        "SELECT count(*) FROM sync_reject WHERE sqlstate = '23514' AND message LIKE '%picky%'";
    assert_eq!(env.count(noted), refused);
    let ran = env.run(&["verify", "--format", "json"]);
    let missing = ran.rows();
    assert_eq!((ran.code, missing.len()), (1, REFUSED.len()), "{ran:?}");
    assert!(missing.iter().all(|row| row["difference"] == "missing"));

    admin
        .batch_execute("ALTER TABLE price_daily DROP CONSTRAINT picky")
        .unwrap();
    let (code, row) = env.sync(&["--full"]);
    assert_eq!((code, &row["inserted"]), (0, &refused.into()), "{row}");
    env.succeed(&["verify"]);
    assert_eq!(
        (env.pending(), env.count("SELECT count(*) FROM sync_reject")),
        (0, 0)
    );
}
