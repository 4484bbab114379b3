"""Measures collect at scale: many rows beside a plain UPSERT of them in Rust, many assets beside an earlier program, and the file."""

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
from datetime import date, datetime, timedelta, timezone

from server import Sources, bars
from tools import PROGRAM, ROUNDS, WORK, environment, line, make_staging, measure, remove_staging

MAX_FIRST, MAX_STORED, MAX_BYTES, MAX_MB, MAX_CPU = 1.35, 1.5, 185, 40.0, 0.5
# plain_upsert.rs, and a program of an earlier version where there is one.
PLAIN, BEFORE = os.environ["BENCH_PLAIN"], os.environ.get("BENCH_BEFORE")
FETCHED = ("2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z")
ASSET = '[[asset]]\nid = "{0}"\nname = "{0}"\ncategory = "stock"\ncalendar = "XNYS"\ncurrency = "USD"\n' \
        'sources = [{{ source = "yahoo", symbol = "{0}" }}]\n'


# --- many rows -------------------------------------------------------------------------------------------------------


def first_sessions(count):
    """So many sessions in New York, as the program knows them."""
    days, year = [], 2016
    while len(days) < count:
        out = measure([PROGRAM, "assets", "--calendar", "XNYS", str(year), "--format", "json"], LOG_LEVEL="off")[2]
        days += [date.fromisoformat(day["date"]) for day in json.loads(out) if day["session"]]
        year += 1
    return days[:count]


def lay_out_many(assets, sessions):
    """A replay folder with one answer of Yahoo's for each of so many assets, the rows of plain_upsert.rs."""
    days = first_sessions(sessions)
    (WORK / "days.txt").write_text("".join(f"{day}\n" for day in days))
    stamps = [int(datetime(d.year, d.month, d.day, 14, 30, tzinfo=timezone.utc).timestamp()) for d in days]
    shutil.rmtree(WORK / "many", ignore_errors=True)
    folder = WORK / "many" / "yahoo"
    folder.mkdir(parents=True)
    for a in range(assets):
        closes = [100.0 + a + 0.01 * n + (n * 7919 + a) % 101 / 50 for n in range(sessions)]
        quote = {"open": [c - 0.3 for c in closes], "high": [c + 0.9 for c in closes], "low": [c - 0.8 for c in closes],
                 "close": closes, "volume": [1000 + (n * 31 + a) % 9000 for n in range(sessions)]}
        meta = {"currency": "USD", "exchangeTimezoneName": "America/New_York", "dataGranularity": "1d"}
        result = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}}
        (folder / f"S{a}.json").write_text(json.dumps({"chart": {"result": [result], "error": None}}))
    (WORK / "many.toml").write_text("\n".join(ASSET.format(f"S{a}") for a in range(assets)))
    return days[-1]


def plain(file, assets, fetched_at):
    """The same rows by rusqlite, and nothing else."""
    command = [PLAIN, str(file), str(assets), str(WORK / "days.txt"), fetched_at.replace("Z", ".000000Z")]
    return float(subprocess.run(command, cwd=WORK, env=environment(), capture_output=True, text=True, check=True).stdout)


def collect_many(rows, last, fetched_at, counted):
    seconds, megabytes, out, _ = measure(
        [PROGRAM, "collect", "--replay", str(WORK / "many"), "--start", "2016-01-01", "--end", str(last), "--fetched-at", fetched_at,
         "--format", "json"], STAGING_DB=WORK / "staging.db", ASSETS_FILE=WORK / "many.toml", LOG_LEVEL="off")
    if sum(asset[counted] for asset in json.loads(out)) != rows:
        raise SystemExit("bench: not every row was staged")
    return seconds, megabytes


def bytes_a_row(rows):
    database = sqlite3.connect(WORK / "staging.db")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return (WORK / "staging.db").stat().st_size / rows


def many_rows(assets, sessions):
    """Reading, checking, judging and staging answers that are there; all of it new, then all of it stored already."""
    rows, last = assets * sessions, lay_out_many(assets, sessions)
    times, others, memory, sizes = ([], []), ([], []), [], []
    for _ in range(ROUNDS):
        beside = WORK / "plain.db"
        make_staging(beside).close()
        remove_staging()
        for fetched_at, counted, ours, theirs in zip(FETCHED, ("new", "unchanged"), times, others):
            theirs.append(plain(beside, assets, fetched_at))
            seconds, megabytes = collect_many(rows, last, fetched_at, counted)
            ours.append(seconds)
            memory.append(megabytes)
            if counted == "new":
                sizes.append(bytes_a_row(rows))
    remove_staging(beside)
    shutil.rmtree(WORK / "many")
    size = statistics.median(sizes)
    return [line(f"collect {assets} assets × {sessions} days, all new", rows, times[0], others[0], "plain UPSERT in Rust", MAX_FIRST,
                 max(memory), MAX_MB),
            line("the same again, all stored already", rows, times[1], others[1], "plain UPSERT in Rust", MAX_STORED),
            ["staging file, bytes a row as collected", f"{rows:,}", f"{size:.0f}", "", "", "", f"≤ {MAX_BYTES}",
             "met" if size <= MAX_BYTES else "missed"]]


# --- many assets -----------------------------------------------------------------------------------------------------

ASSETS, STORED_TO, START, END = 5_000, date(2026, 11, 13), date(2026, 11, 9), date(2026, 11, 17)


def fill(program):
    """A staging file with a year of each asset, all of it sent."""
    file = WORK / "assets.db"
    database = make_staging(file, program)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("CREATE TEMP TABLE bar (date, open, high, low, close, volume)")
    rows = [(str(day), *values) for day, *values in bars(STORED_TO - timedelta(364), STORED_TO, False)]
    database.execute("BEGIN")
    database.executemany("INSERT INTO bar VALUES (?, ?, ?, ?, ?, ?)", rows)
    numbers = f"(WITH RECURSIVE n (a) AS (SELECT 0 UNION ALL SELECT a + 1 FROM n WHERE a < {ASSETS - 1}) SELECT printf('S%04d', a) AS id FROM n)"
    database.execute("INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at, synced_revision) "
                     f"SELECT id, date, 'yahoo', open, high, low, close, volume, '2026-11-14T01:00:00.000000Z', 1 FROM {numbers}, bar")
    database.execute(f"INSERT INTO series (asset_id, source, symbol, currency, audited_on) SELECT id, 'yahoo', id, 'USD', '2026-11-14' FROM {numbers}")
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file


def many_assets():
    """The processor time of a daily collect of 5,000 assets × 7 rows from a server at hand; the requests' own time is the server's."""
    (WORK / "5000.toml").write_text("".join(ASSET.format(f"S{a:04}") for a in range(ASSETS)))
    programs = [PROGRAM, *([BEFORE] if BEFORE else [])]
    files = [shutil.copyfile(fill(program), WORK / f"assets_{n}.db") for n, program in enumerate(programs)]
    times, memory, wall = [[] for _ in programs], [], []
    with Sources(0) as sources:
        for _ in range(ROUNDS):
            for n, (program, file) in enumerate(zip(programs, files)):
                remove_staging()
                shutil.copyfile(file, WORK / "staging.db")
                seconds, megabytes, out, cpu = measure(
                    [program, "collect", "--start", str(START), "--end", str(END), "--format", "json"], STAGING_DB=WORK / "staging.db",
                    ASSETS_FILE=WORK / "5000.toml", FETCH_HOST_INTERVAL=0, LOG_LEVEL="off", **sources.variables())
                if sum(asset["new"] + asset["unchanged"] for asset in json.loads(out)) != 7 * ASSETS:
                    raise SystemExit("bench: not every row was staged")
                times[n].append(cpu)
                if n == 0:
                    memory.append(megabytes)
                    wall.append(seconds)
    for file in files:
        remove_staging(file)
    what, rows = "collect 5,000 assets × 7 rows, processor time", 7 * ASSETS
    if BEFORE:
        return [line(what, rows, times[0], times[1], "before", MAX_CPU, max(memory), MAX_MB)]
    return [[what, f"{rows:,}", f"{statistics.median(times[0]):.2f} s", f"{statistics.median(wall):.2f} s (all in all)", "",
             f"{max(memory):.1f} MB", f"< {MAX_MB:.0f} MB", "met" if max(memory) < MAX_MB else "missed"]]


def assets_file():
    """Reading assets.toml of 5,000 assets beside one of 500."""
    files = [WORK / f"{n}.toml" for n in (500, 5_000)]
    for file, n in zip(files, (500, 5_000)):
        file.write_text("".join(ASSET.format(f"S{a:04}") for a in range(n)))
    times = [[measure([PROGRAM, "assets", "list"], ASSETS_FILE=file, LOG_LEVEL="off")[0] for file in files] for _ in range(ROUNDS + 2)]
    small, large = zip(*times)
    return [line("assets list of 5,000 assets", 5_000, large, small, "500 assets", 10)]


def bench():
    """The lines of the table."""
    yield from many_assets()
    yield from assets_file()
    yield from many_rows(500, 2_200)
