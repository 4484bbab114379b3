//! Faults at random moments of real syncs, on a PostgreSQL server of the test's own. After each round a quiet sync must make both
//! sides equal and leave nothing pending.
//!
//! `FAULT_ROUNDS` (500) says how many rounds, `FAULT_SEED` repeats the choices of a run that failed (the moments are the machine's).

use std::io::{self, Write};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;
use std::{env, thread};

use postgres::{Client, NoTls};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::own_server::OwnServer;
use crate::support::program::{Ran, TestEnv};
use crate::support::proxy::{Proxy, Weather};
use crate::support::stock::stocked;

/// Rows of a lane: a few chunks each of the sizes below.
const ROWS: i64 = 1500;
/// Restarts of the server at most: each takes as long as many other rounds.
const RESTARTS: u32 = 40;
/// Lanes with a staging file and a database each, which run beside one another on one server.
const LANES: u32 = 3;

/// The lane whose table is partitioned, so that it gets no row by COPY.
const BY_STATEMENT: u32 = 0;

/// What goes wrong in a round.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The program is killed.
    Kill,
    /// The server ends the sessions.
    EndSessions,
    /// The network fails.
    Network(Weather),
    /// The server is stopped and started again.
    Restart(&'static str),
    /// Another writer holds the staging file.
    Busy(Duration),
    /// The disk of the staging file takes no more than this many kilobytes in a file.
    FullDisk(u64),
    /// Another sync of the same file runs at the same time.
    TwoSyncs,
    /// Nothing but what goes on beside it.
    None,
}

fn choose(random: &mut StdRng, restarts: &AtomicU32) -> Fault {
    let bytes = random.random_range(0..4000);
    match random.random_range(0..100) {
        0..22 => Fault::Kill,
        22..42 => Fault::EndSessions,
        42..50 => Fault::Network(Weather::CutRequest(random.random_range(0..120_000))),
        50..62 => Fault::Network(Weather::CutAnswer(bytes)),
        62..68 => Fault::Network(Weather::BlackHole(bytes)),
        68..77 if restarts.fetch_add(1, Ordering::Relaxed) < RESTARTS => {
            Fault::Restart(if random.random() { "immediate" } else { "fast" })
        }
        77..82 => Fault::Busy(Duration::from_millis(random.random_range(10..400))),
        // Rarely for seconds: each of them is as long as many other rounds.
        82 => Fault::Busy(Duration::from_millis(2500)),
        83..89 => Fault::FullDisk(random.random_range(300..900)),
        89..95 => Fault::TwoSyncs,
        _ => Fault::None,
    }
}

/// Everything that the rounds of a lane need.
struct Lane<'a> {
    number: u32,
    env: TestEnv,
    proxy: Proxy,
    warehouse: String,
    server: &'a Mutex<OwnServer>,
    /// Held for reading by whoever must not be disturbed by a restart.
    quiet: &'a RwLock<()>,
    restarts: &'a AtomicU32,
    random: StdRng,
    corrections: i64,
}

impl Lane<'_> {
    fn round(&mut self) -> String {
        let fault = choose(&mut self.random, self.restarts);
        let changed = self.random.random_range(1..400);
        self.correct(changed);
        if self.random.random_ratio(1, 8) {
            // Everything at once, also what the warehouse has.
            let all = "UPDATE price_daily SET synced_revision = 0";
            self.env.staging().execute(all, []).unwrap();
        }
        let lost = self.random.random_ratio(1, 6).then(|| self.lose_the_rows());
        let chunk = ["20", "70", "250", "1000"][self.random.random_range(0..4)];
        let moment = Duration::from_micros(self.random.random_range(0..180_000));
        // In half of the rounds a collect corrects rows between their being read and acknowledged.
        let beside = self.random.random_bool(0.5);
        let later = self.random.random_range(0..120);
        thread::scope(|scope| {
            let writer = beside.then(|| {
                let (env, at) = (&self.env, self.corrections + 1);
                scope.spawn(move || {
                    thread::sleep(Duration::from_millis(later));
                    correct(env, at, 40, at % 2 == 0);
                })
            });
            self.suffer(fault, chunk, moment);
            if let Some(writer) = writer {
                writer.join().unwrap();
            }
        });
        self.corrections += 1;
        format!(
            "{fault:?} after {moment:?}, chunks of {chunk}, {changed} rows changed before, lost by {lost:?}"
        )
    }

    /// The warehouse has nothing of what it took any more.
    fn lose_the_rows(&mut self) -> &'static str {
        let _quiet = self.quiet.read().unwrap();
        let may_drop = self.number != BY_STATEMENT;
        let how = match may_drop && self.random.random() {
            true => "DROP TABLE price_daily",
            false => "TRUNCATE price_daily",
        };
        let mut client = Client::connect(&self.warehouse, NoTls).unwrap();
        // Where the first syncs have all failed there is no table yet.
        let there = "SELECT to_regclass('price_daily') IS NOT NULL";
        if client.query_one(there, &[]).unwrap().get(0) {
            client.batch_execute(how).unwrap();
        }
        how
    }

    /// A sync with the fault.
    fn suffer(&self, fault: Fault, chunk: &str, moment: Duration) {
        let arguments = ["sync", "--chunk-size", chunk];
        match fault {
            Fault::Kill => {
                let sync = self.env.start(&arguments);
                thread::sleep(moment);
                sync.kill();
            }
            Fault::EndSessions => {
                let sync = self.env.start(&arguments);
                thread::sleep(moment);
                end_sessions(&self.warehouse);
                ended(&sync.wait());
            }
            Fault::Network(weather) => {
                self.proxy.set(weather);
                ended(&self.env.run(&arguments));
                self.proxy.set(Weather::Fair);
            }
            Fault::Restart(mode) => {
                let sync = self.env.start(&arguments);
                thread::sleep(moment);
                let undisturbed = self.quiet.write().unwrap();
                self.server.lock().unwrap().restart(mode);
                drop(undisturbed);
                ended(&sync.wait());
            }
            Fault::Busy(time) => {
                let sync = self.env.start(&arguments);
                thread::sleep(moment / 4);
                let staging = self.env.staging();
                staging.execute_batch("BEGIN IMMEDIATE").unwrap();
                thread::sleep(time);
                staging.execute_batch("ROLLBACK").unwrap();
                ended(&sync.wait());
            }
            Fault::FullDisk(kilobytes) => self.sync_on_a_full_disk(chunk, kilobytes),
            Fault::TwoSyncs => {
                let both = [self.env.start(&arguments), self.env.start(&arguments)];
                both.into_iter().for_each(|sync| ended(&sync.wait()));
            }
            Fault::None => ended(&self.env.run(&arguments)),
        }
    }

    /// No file of the program may become larger than this, as on a disk that is full.
    fn sync_on_a_full_disk(&self, chunk: &str, kilobytes: u64) {
        let script = format!(
            "trap '' XFSZ; ulimit -f {}; exec {} sync --chunk-size {chunk}",
            // In blocks of 512 bytes.
            kilobytes * 2,
            env!("CARGO_BIN_EXE_pricestash")
        );
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script]);
        ended(&self.env.command(shell));
    }

    /// Changes a run of rows, as a collect or another program does: to a newer fetch, or another value of the same one.
    fn correct(&mut self, rows: i64) {
        self.corrections += 1;
        let same_instant = self.random.random_ratio(1, 3);
        correct(&self.env, self.corrections, rows, same_instant);
    }

    /// What nobody disturbs must succeed, and leave both sides equal.
    fn must_be_equal_after_a_quiet_sync(&mut self) {
        let _quiet = self.quiet.read().unwrap();
        set_patience(&mut self.env, "30", "6");
        let ran = self.env.run(&["sync", "--format", "json"]);
        set_patience(&mut self.env, "0.3", "2");
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(self.env.pending(), 0, "{ran:?}");
        let here = staged(&self.env);
        let there = stored(&self.warehouse);
        assert_eq!(here.len(), there.len());
        let differ = here.iter().zip(&there).find(|(a, b)| a != b);
        assert!(differ.is_none(), "{differ:?}");
    }
}

fn correct(env: &TestEnv, number: i64, rows: i64, same_instant: bool) {
    let time = "CASE ?3 WHEN 1 THEN ingested_at
        ELSE strftime('%Y-%m-%dT%H:%M:%S', '2026-11-21', ?1 || ' seconds') || '.000000Z' END";
    let rows_of_it = format!("volume BETWEEN (?1 * 7919) % {ROWS} AND (?1 * 7919) % {ROWS} + ?2");
    let sql = match number % 3 {
        // As another program does, so that the revision begins again.
        0 => format!(
            "INSERT OR REPLACE INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             SELECT asset_id, date, source, open, high, low, volume + ?1 / 1000.0, volume, {time}
             FROM price_daily WHERE {rows_of_it}"
        ),
        _ => format!(
            "UPDATE price_daily SET close = volume + ?1 / 1000.0, ingested_at = {time}, revision = revision + 1
             WHERE {rows_of_it}"
        ),
    };
    env.staging()
        .execute(&sql, (number, rows, i64::from(same_instant)))
        .unwrap();
}

/// What is disturbed shall give up soon; what is not may meet a machine that has other things to do.
fn set_patience(env: &mut TestEnv, seconds: &str, tries: &str) {
    env.set("SYNC_CONNECT_TIMEOUT", seconds);
    env.set("SYNC_STATEMENT_TIMEOUT", seconds);
    env.set("SYNC_MAX_RETRIES", tries);
}

/// However a disturbed sync ends: never by a panic, and with its own exit code.
fn ended(ran: &Ran) {
    assert!([0, 1, 3].contains(&ran.code), "{ran:?}");
}

fn end_sessions(warehouse: &str) {
    // The server may be about to restart for another lane.
    if let Ok(mut client) = Client::connect(warehouse, NoTls) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        drop(client.batch_execute(sql));
    }
}

/// A row with its values to the last bit.
type Row = (String, [u64; 4], i64, String);

fn staged(env: &TestEnv) -> Vec<Row> {
    let connection = env.staging();
    let mut statement = connection
        .prepare(
            "SELECT concat_ws(' ', asset_id, date, source), open, high, low, close, volume, ingested_at
             FROM price_daily ORDER BY asset_id, date, source",
        )
        .unwrap();
    let rows = statement.query_map([], |r| {
        let prices: [f64; 4] = [r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?];
        Ok((r.get(0)?, prices.map(f64::to_bits), r.get(5)?, r.get(6)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn stored(warehouse: &str) -> Vec<Row> {
    let mut client = Client::connect(warehouse, NoTls).unwrap();
    let rows = client.query(
        "SELECT concat_ws(' ', asset_id, date, source), open, high, low, close, volume,
                to_char(ingested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
         FROM price_daily ORDER BY asset_id, date, source",
        &[],
    );
    let rows = rows.unwrap().into_iter().map(|r| {
        let prices: [f64; 4] = [r.get(1), r.get(2), r.get(3), r.get(4)];
        (r.get(0), prices.map(f64::to_bits), r.get(5), r.get(6))
    });
    rows.collect()
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value}")),
    )
}

fn say(line: &str) {
    // Not by a macro: what a macro prints in a test that passes is kept back.
    io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}

#[test]
fn whatever_dies_whenever_the_warehouse_ends_equal_to_staging() {
    if env::var_os("INTEGRATION_TEST").is_none_or(|v| v != "1") {
        return say("left out: faults needs INTEGRATION_TEST=1");
    }
    let Some(server) = OwnServer::start(&[]) else {
        return say("left out: faults needs PostgreSQL's server programs and bash on this machine");
    };
    let rounds = number("FAULT_ROUNDS").unwrap_or(500);
    let seed = number("FAULT_SEED").unwrap_or_else(rand::random);
    say(&format!(
        "faults: {rounds} rounds; again with FAULT_SEED={seed}"
    ));
    let url = server.url().to_owned();
    let (server, quiet, restarts) = (Mutex::new(server), RwLock::new(()), AtomicU32::new(0));
    thread::scope(|scope| {
        for lane in 0..LANES {
            let share =
                rounds / u64::from(LANES) + u64::from(u64::from(lane) < rounds % u64::from(LANES));
            let (url, server, quiet, restarts) = (&url, &server, &quiet, &restarts);
            scope.spawn(move || {
                let mut lane = Lane::new(lane, url, seed, server, quiet, restarts);
                lane.must_be_equal_after_a_quiet_sync();
                for round in 0..share {
                    let what = lane.round();
                    let told = Told(format!(
                        "FAULT_SEED={seed}, round {round} of its lane: {what}"
                    ));
                    lane.must_be_equal_after_a_quiet_sync();
                    std::mem::forget(told);
                }
                let _quiet = lane.quiet.read().unwrap();
                set_patience(&mut lane.env, "30", "6");
                lane.env.succeed(&["verify"]);
            });
        }
    });
}

/// Says what went before when a check fails.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        say(&self.0);
    }
}

impl<'a> Lane<'a> {
    fn new(
        number: u32,
        url: &str,
        seed: u64,
        server: &'a Mutex<OwnServer>,
        quiet: &'a RwLock<()>,
        restarts: &'a AtomicU32,
    ) -> Self {
        let name = format!("lane_{number}");
        let _quiet = quiet.read().unwrap();
        let mut admin = Client::connect(url, NoTls).unwrap();
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        let warehouse = format!("{}/{name}", url.rsplit_once('/').unwrap().0);
        let address = between_at_and_slash(&warehouse);
        let proxy = Proxy::new(&address, Duration::ZERO);
        let url = warehouse.replace(&address, &proxy.address().to_string());
        let env = stocked(&url, ROWS)
            .with("SYNC_BASE_DELAY", "0.02")
            .with("LOG_LEVEL", "off");
        if number == BY_STATEMENT {
            let ddl = env.succeed(&["schema", "partitioned"]).stdout;
            let mut lane = Client::connect(&warehouse, NoTls).unwrap();
            lane.batch_execute(&ddl).unwrap();
        }
        Self {
            number,
            env,
            proxy,
            warehouse,
            server,
            quiet,
            restarts,
            random: StdRng::seed_from_u64(seed.wrapping_add(u64::from(number))),
            corrections: 0,
        }
    }
}

/// `host:port` of a URL.
fn between_at_and_slash(url: &str) -> String {
    let behind = url.rsplit_once('@').unwrap().1;
    behind.split_once('/').unwrap().0.to_owned()
}
