"""Measures sync and verify: against psql, far from the server, and against others who do the same."""

import csv
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from proxy import Far
from tools import COLUMNS, PROGRAM, ROUNDS, ROWS, TABLES, URL, WORK, environment, line, measure, psql, remove_staging

# What is expected, of the same machine in the same run.
MAX_FIRST, MAX_REPLAY, MAX_AGAIN, MAX_MB, MAX_ROUND_TRIPS, MAX_FAR_FEW, MAX_FAR_MANY = 0.9, 0.5, 0.85, 30.0, 3.2, 0.6, 0.3
ROUND_TRIP = 0.08
# A Python with the packages of peers.py, and which of them are there: where PyPI could be reached.
PEERS, NAMES = os.environ.get("BENCH_PEERS"), os.environ.get("BENCH_PEER_NAMES", "").split()
UPSERT = """ON CONFLICT (asset_id, date, source) DO UPDATE SET open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low,
close = EXCLUDED.close, volume = EXCLUDED.volume, ingested_at = EXCLUDED.ingested_at WHERE price_daily.ingested_at <= EXCLUDED.ingested_at"""


def fill_staging(rows):
    """A staging file with 50 assets of so many days each, nothing of it synced; and the same rows as CSV."""
    full, table = WORK / f"full_{rows}.db", WORK / f"rows_{rows}.csv"
    if full.exists():
        return full, table
    schema = subprocess.run([PROGRAM, "schema", "staging"], cwd=WORK, env=environment(), capture_output=True, text=True,
                            check=True).stdout
    database = sqlite3.connect(full)
    database.executescript(schema)
    database.execute(
        """
        WITH RECURSIVE
            asset (a) AS (SELECT 0 UNION ALL SELECT a + 1 FROM asset WHERE a < 49),
            day (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM day WHERE d < ?1 - 1),
            price AS (
                SELECT a, d, 1000.0 * (a + 1) * (1.0 + 0.0003 * d + ((a * 7919 + d * 104729) % 1009) / 20180.0) AS p
                FROM asset, day
            )
        INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
        SELECT printf('%06d', a * 10 + 5930), date('1970-01-01', d || ' days'), 'naver', p * 0.995, p * 1.011, p * 0.989, p,
               (a * 31337 + d * 7331) % 25000000, '2026-11-20T09:00:00.123456Z'
        FROM price
        ORDER BY 1, 2
        """,
        (rows // 50,))
    database.commit()
    with open(table, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(database.execute(f"SELECT {COLUMNS} FROM price_daily"))
    database.close()
    return full, table


def empty_warehouse():
    psql(f"TRUNCATE {TABLES}")
    # Whoever comes next shall not write out what the one before left behind. It needs a right that a user may lack.
    psql("CHECKPOINT", may_fail=True)


def check_rows(rows):
    there = int(psql("SELECT count(*) FROM price_daily"))
    if there != rows:
        raise SystemExit(f"bench: {there} rows in the table instead of {rows}")


def stage(full):
    remove_staging()
    shutil.copyfile(full, WORK / "staging.db")


def collect_again():
    """Every row of the staging file is collected once more, a day later, with the same prices."""
    database = sqlite3.connect(WORK / "staging.db")
    database.execute("UPDATE price_daily SET ingested_at = '2026-11-21T09:00:00.123456Z', revision = revision + 1")
    database.commit()
    database.close()


def sync(*arguments, url=URL):
    seconds, megabytes, *_ = measure([PROGRAM, "sync", *arguments], STAGING_DB=WORK / "staging.db", DATABASE_URL=url)
    return seconds, megabytes


def by_psql(*commands, url=URL):
    arguments = [part for command in commands for part in ("-c", command)]
    return measure(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, *arguments])[0]


def copy_in(table):
    return by_psql(f"\\copy price_daily ({COLUMNS}) FROM '{table}' WITH (FORMAT csv)")


def copy_and_upsert(table):
    return by_psql("CREATE TEMP TABLE beside (LIKE price_daily)", f"\\copy beside ({COLUMNS}) FROM '{table}' WITH (FORMAT csv)",
                   f"INSERT INTO price_daily ({COLUMNS}) SELECT {COLUMNS} FROM beside {UPSERT}")


def first_load(rows, full, table):
    """The whole process beside \\copy of the same rows, and then what it takes to see that both sides are equal."""
    ours, copy, verify, memory = [], [], [], []
    for _ in range(ROUNDS):
        empty_warehouse()
        copy.append(copy_in(table))
        check_rows(rows)
        empty_warehouse()
        stage(full)
        seconds, megabytes = sync()
        check_rows(rows)
        ours.append(seconds)
        memory.append(megabytes)
        verify.append(measure([PROGRAM, "verify"], STAGING_DB=WORK / "staging.db", DATABASE_URL=URL)[0])
    return [line("first sync", rows, ours, copy, "\\copy", MAX_FIRST, max(memory), MAX_MB),
            line("verify, all equal", rows, verify, ours, "first sync", 1.0)]


def replay(rows, full, table):
    """Everything is there already: sent once more as it is, and with a newer ingest time."""
    stage(full)
    empty_warehouse()
    sync()
    database = sqlite3.connect(WORK / "staging.db")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    shutil.copyfile(WORK / "staging.db", WORK / "sent.db")
    again, newer, copy = [], [], []
    for _ in range(ROUNDS):
        for times, write in ((copy, lambda: copy_and_upsert(table)), (again, lambda: sync("--full")[0]), (newer, lambda: sync()[0])):
            stage(WORK / "sent.db")
            if times is newer:
                collect_again()
            empty_warehouse()
            copy_in(table)
            psql("CHECKPOINT", may_fail=True)
            times.append(write())
            check_rows(rows)
    return [line("replay, the same rows", rows, again, copy, "COPY + upsert", MAX_REPLAY),
            line("replay, collected again", rows, newer, copy, "COPY + upsert", MAX_AGAIN)]


def few_of(full, rows):
    """The same file with only so many rows pending, the newest of all assets."""
    stage(full)
    database = sqlite3.connect(WORK / "staging.db")
    database.execute("UPDATE price_daily SET synced_revision = revision")
    newest = "SELECT asset_id, date, source FROM price_daily ORDER BY date DESC, asset_id LIMIT ?"
    database.execute(f"UPDATE price_daily SET revision = revision + 1 WHERE (asset_id, date, source) IN ({newest})", (rows,))
    database.commit()
    pending = database.execute(f"SELECT {COLUMNS} FROM price_daily WHERE revision <> synced_revision ORDER BY asset_id, date").fetchall()
    database.close()
    return pending


def one_after_the_other(rows):
    """A statement for every 1000 rows, as psql sends them: each waits for the answer to the one before."""
    types = ["text", "date", "text", *["double precision"] * 4, "bigint", "timestamptz"]
    with open(WORK / "loop.sql", "w") as file:
        for start in range(0, len(rows), 1000):
            columns = zip(*rows[start:start + 1000])
            arrays = (f"'{{{','.join(map(str, column))}}}'::{of}[]" for column, of in zip(columns, types))
            file.write(f"INSERT INTO price_daily ({COLUMNS}) SELECT * FROM UNNEST({', '.join(arrays)}) {UPSERT};\n")


def far_away(full, rows, far, limit):
    """Beside the loop that waits for each statement."""
    ours, loop = [], []
    one_after_the_other(few_of(full, rows))
    for _ in range(ROUNDS):
        empty_warehouse()
        few_of(full, rows)
        ours.append(sync(url=far.url)[0])
        empty_warehouse()
        loop.append(measure(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", far.url, "-f", str(WORK / "loop.sql")])[0])
        check_rows(rows)
    return line(f"{1000 * far.round_trip:.0f} ms away", rows, ours, loop, "one after the other", limit)


def daily_far_away(full, far):
    """A daily sync of 56 rows, the assets being there: what it takes beyond connecting, in round trips."""
    ours, connecting = [], []
    empty_warehouse()
    few_of(full, 1)
    sync()
    for _ in range(ROUNDS):
        # The file that has sent its assets before.
        database = sqlite3.connect(WORK / "staging.db")
        newest = "SELECT asset_id, date, source FROM price_daily ORDER BY date DESC, asset_id LIMIT 56"
        database.execute(f"UPDATE price_daily SET revision = revision + 1 WHERE (asset_id, date, source) IN ({newest})")
        database.commit()
        database.close()
        far.take_connecting()
        ours.append(sync(url=far.url)[0])
        connecting.append(far.take_connecting())
    trips = [(o - c) / far.round_trip for o, c in zip(ours, connecting)]
    return line(f"daily sync, {1000 * far.round_trip:.0f} ms away, in round trips", 56, ours, connecting, "connecting", MAX_ROUND_TRIPS, ratios=trips)


def by_peer(name, full):
    """Another program for the same, in a process of its own."""
    return measure([PEERS, "-B", str(Path(__file__).with_name("peers.py")), name, str(full)], BENCH_URL=URL, HOME=WORK)[0]


def peers(rows, full):
    for name in ("duckdb", "sqlalchemy", "sling"):
        if name not in NAMES:
            yield [f"first sync beside {name}", f"{rows:,}", "", "absent", "", "", "", ""]
            continue
        ours, theirs = [], []
        for _ in range(ROUNDS):
            empty_warehouse()
            try:
                theirs.append(by_peer(name, full))
            except SystemExit as failure:
                print(failure, file=sys.stderr)
                yield [f"first sync beside {name}", f"{rows:,}", "", f"{name} failed", "", "", "", ""]
                break
            check_rows(rows)
            empty_warehouse()
            stage(full)
            ours.append(sync()[0])
        else:
            yield line(f"first sync beside {name}", rows, ours, theirs, name)


def bench():
    """The lines of the table. The tables are there, and are emptied."""
    for rows in ROWS:
        full, table = fill_staging(rows)
        yield from first_load(rows, full, table)
        yield from replay(rows, full, table)
    full, _ = fill_staging(100_000)
    yield from peers(100_000, full)
    with Far(URL, ROUND_TRIP) as far:
        yield daily_far_away(full, far)
        yield far_away(full, 5_250, far, MAX_FAR_FEW)
        yield far_away(full, 100_000, far, MAX_FAR_MANY)
