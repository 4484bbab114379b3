"""Measures the daily commands in a file of ten million rows beside one of a million: they should take as long."""

import shutil
import sqlite3
import subprocess
from pathlib import Path

from tools import PROGRAM, ROUNDS, URL, WORK, environment, line, measure, psql

ASSETS, PENDING, SIZES, MAX_RATIO = 500, 56, (1_000_000, 10_000_000), 1.5


def fill(rows):
    """A staging file with so many rows of 500 assets, all of them sent but 56."""
    path = WORK / f"flat_{rows}.db"
    schema = subprocess.run([PROGRAM, "schema", "staging"], cwd=WORK, env=environment(), capture_output=True, text=True,
                            check=True).stdout
    database = sqlite3.connect(path)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + schema)
    database.execute(
        """
        WITH RECURSIVE
            asset (a) AS (SELECT 0 UNION ALL SELECT a + 1 FROM asset WHERE a < ?1 - 1),
            day (d) AS (SELECT ?2 - 1 UNION ALL SELECT d - 1 FROM day WHERE d > 0)
        INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at, synced_revision)
        SELECT printf('S%03d', a), date('2026-11-20', -d || ' days'), 'yahoo', 100.0 + a, 102.0 + a, 99.0 + a, 101.0 + a, d,
               '2026-11-20T23:00:00.000000Z', 1
        FROM asset, day
        """,
        (ASSETS, rows // ASSETS))
    database.execute("INSERT INTO series (asset_id, source, symbol, currency) SELECT printf('S%03d', value), 'yahoo', printf('S%03d', value), 'USD' FROM "
                     "(WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < ?) SELECT value FROM n)",
                     (ASSETS - 1,))
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def let_wait(path):
    """56 rows wait for the warehouse, the newest of seven assets."""
    database = sqlite3.connect(path)
    database.execute("UPDATE price_daily SET revision = revision + 1 WHERE asset_id < 'S007' AND date > date('2026-11-20', '-8 days')")
    database.commit()
    database.close()


def bench(recordings):
    """The lines of the table. `recordings`: the folder and the assets file of a collect of seven assets."""
    asset = '[[asset]]\nid = "S{0:03}"\nname = "S{0:03}"\ncategory = "stock"\ncalendar = "XNYS"\ncurrency = "USD"\n' \
            'sources = [{{ source = "yahoo", symbol = "S{0:03}" }}]\n'
    assets = WORK / "flat.toml"
    assets.write_text("".join(asset.format(a) for a in range(ASSETS)))
    psql("TRUNCATE price_daily, asset_master, job_run")
    folder, seven = recordings
    commands = [
        ("healthcheck", assets, ["healthcheck", "--as-of", "2026-11-21"]),
        ("status", assets, ["status"]),
        ("show", assets, ["show", "S007"]),
        ("report of one asset", assets, ["report", "--assets", "S007", "--years", "3"]),
        (f"sync of {PENDING} rows", assets, ["sync"]),
        ("collect of 7 assets", seven, ["collect", "--replay", str(folder)]),
    ]
    files = [fill(rows) for rows in SIZES]
    for name, configured, arguments in commands:
        times = [[], []]
        for _ in range(ROUNDS + 1):
            for path, seconds in zip(files, times):
                let_wait(path)
                url = {} if arguments[0] == "status" else {"DATABASE_URL": URL}
                seconds.append(measure([PROGRAM, *arguments], STAGING_DB=path, ASSETS_FILE=configured, LOG_LEVEL="off", **url)[0])
        # The first round reads the files for the first time.
        small, large = (seconds[1:] for seconds in times)
        yield line(name, SIZES[1], large, small, f"{SIZES[0]:,} rows", MAX_RATIO)
    for path in files:
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
    shutil.rmtree(WORK / "data", ignore_errors=True)
