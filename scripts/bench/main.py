"""Measures pricestash: collect, report, start; sync in sync.py. Started by run.sh, which builds the program and has a PostgreSQL ready.

Every time is that of a whole process from start to exit. The candidates run in turn, and a ratio is the median of the
ratios of each round, so that a machine that is busy for a while slows both.
"""

import json
import os
import platform
import random
import re
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import flat
import staging
import sync
from server import Sources
from tools import COLUMNS, GNU_TIME, PROGRAM, PROJECT, ROUNDS, TABLES, URL, WORK, environment, make_staging, measure, psql, remove_staging

MAX_HELP_MS, MAX_REPORT_MB, MAX_MANY_MB, MAX_SERVED_RATIO = 10.0, 2.0, 100.0, 1.1

# Seven assets with three years each, all of them recorded answers: id, category, calendar, currency, source, symbol,
# the recording's place in a replay folder, the recording, and its time where it has no .meta.json.
RECORDINGS = [
    ("005930", "stock", "XKRX", "KRW", "naver", "005930", "naver/005930.json", "data/sample/naver/005930.json", None),
    ("005930-fchart", "stock", "XKRX", "KRW", "naver", "fchart", "naver_fchart/fchart.xml",
     "tests/fixtures/naver/005930_count1834_captured-2026-01-24.xml", None),
    ("KS200", "index", "XKRX", "KRW", "krx", "ks200", "krx/ks200_{year}.csv",
     "tests/fixtures/krx_index/year_ks200_{year}.csv", "2021-12-31T09:00:00Z"),
    ("SOXL", "etf", "XNYS", "USD", "yahoo", "SOXL", "yahoo/SOXL.json", "data/sample/yahoo/SOXL.json", None),
    ("GC=F", "commodity", "CMES", "USD", "yahoo", "GC=F", "yahoo/GC=F.json", "data/sample/yahoo/GC=F.json", None),
    ("BTC", "crypto", "24/7", "USD", "yahoo", "BTC-USD", "yahoo/BTC-USD.json",
     "tests/fixtures/yahoo_rewrapped/BTC-USD_2018..2025-08.json", None),
    ("132030", "etf", "XKRX", "KRW", "yahoo", "132030.KS", "yahoo/132030.KS.json",
     "tests/fixtures/yahoo/132030.KS_isa_max_unhedged_nasdaq100_2026-05-27.json", None),
]
KRX_YEARS = [2018, 2019, 2020, 2021]


# --- collect ---------------------------------------------------------------------------------------------------------


def lay_out_recordings():
    """A replay folder and an assets file."""
    assets = []
    for asset, category, calendar, currency, source, symbol, place, recording, fetched_at in RECORDINGS:
        for year in KRX_YEARS if "{year}" in place else [0]:
            to, of = WORK / "replay" / place.format(year=year), PROJECT / recording.format(year=year)
            to.parent.mkdir(parents=True, exist_ok=True)
            # An answer that says another symbol than was asked for is none.
            to.write_bytes(of.read_bytes().replace(b'symbol="005930"', f'symbol="{symbol}"'.encode()))
            meta = Path(f"{to}.meta.json")
            if fetched_at:
                meta.write_text(json.dumps({"status": 200, "fetched_at": fetched_at}))
            elif Path(f"{of}.meta.json").exists():
                shutil.copyfile(f"{of}.meta.json", meta)
        assets.append(f'[[asset]]\nid = "{asset}"\nname = "{asset}"\ncategory = "{category}"\ncalendar = "{calendar}"\n'
                      f'currency = "{currency}"\nsources = [{{ source = "{source}", symbol = "{symbol}" }}]\n')
    (WORK / "assets.toml").write_text("\n".join(assets))


def bench_collect():
    lay_out_recordings()
    times, memory, rows = [], [], 0
    for _ in range(ROUNDS):
        remove_staging()
        seconds, megabytes, out, _ = measure(
            [PROGRAM, "collect", "--replay", str(WORK / "replay"), "--format", "json"],
            STAGING_DB=WORK / "staging.db", ASSETS_FILE=WORK / "assets.toml", LOG_LEVEL="warn")
        rows = sum(asset["new"] for asset in json.loads(out))
        times.append(seconds)
        memory.append(megabytes)
    return rows, statistics.median(times), max(memory)


# Seven assets at four hosts, three years each: id, calendar, currency, source, symbol.
SERVED = [("005930", "XKRX", "KRW", "naver", "005930"), ("000660", "XKRX", "KRW", "naver", "000660"),
          ("KS200", "XKRX", "KRW", "krx", "ks200"), ("SOXL", "XNYS", "USD", "yahoo", "SOXL"), ("AAPL", "XNYS", "USD", "yahoo", "AAPL"),
          ("QQQ", "XNYS", "USD", "yahoo", "QQQ"), ("BTC", "24/7", "KRW", "upbit", "KRW-BTC")]
DELAY = 0.05


def bench_served():
    """Seven assets from hosts that take 50 ms a request. Each time beside the requests' own, of the slowest host and of all."""
    texts = [f'[[asset]]\nid = "{asset}"\nname = "{asset}"\ncategory = "stock"\ncalendar = "{calendar}"\ncurrency = "{currency}"\n'
             f'sources = [{{ source = "{source}", symbol = "{symbol}" }}]\n' for asset, calendar, currency, source, symbol in SERVED]
    (WORK / "served.toml").write_text("\n".join(texts))
    ours, slowest, together, memory, rows = [], [], [], [], 0
    with Sources(DELAY) as sources:
        for _ in range(ROUNDS):
            make_staging().close()
            sources.take_times()
            seconds, megabytes, out, _ = measure(
                [PROGRAM, "collect", "--start", "2018-01-01", "--end", "2020-12-31", "--format", "json"], STAGING_DB=WORK / "staging.db",
                ASSETS_FILE=WORK / "served.toml", FETCH_HOST_INTERVAL=0, LOG_LEVEL="off", **sources.variables())
            rows = sum(asset["new"] for asset in json.loads(out))
            shares = [sum(times) for times in sources.take_times().values()]
            ours.append(seconds)
            slowest.append(max(shares))
            together.append(sum(shares))
            memory.append(megabytes)
    ratios = [o / s for o, s in zip(ours, slowest)]
    return rows, statistics.median(ours), statistics.median(slowest), statistics.median(together), ratios, max(memory)


# --- report ----------------------------------------------------------------------------------------------------------


def fill_for_report(assets, sessions):
    """A staging file with so many weekdays of so many assets, as a source in single precision would have sent them."""
    remove_staging()
    schema = subprocess.run([PROGRAM, "schema", "staging"], cwd=WORK, env=environment(), capture_output=True, text=True,
                            check=True).stdout
    database = sqlite3.connect(WORK / "staging.db")
    database.executescript(schema)
    weekdays = (d for d in (date(2026, 11, 20) - timedelta(n) for n in range(sessions * 2)) if d.weekday() < 5)
    days = [str(d) for d, _ in zip(weekdays, range(sessions))][::-1]
    single = lambda value: struct.unpack("f", struct.pack("f", round(value, 2)))[0]
    for a in range(assets):
        random.seed(a)
        close, rows = 100.0, []
        for day in days:
            before, close = close, max(1.0, close * random.gauss(1.0004, 0.02))
            high, low = max(before, close) * random.uniform(1, 1.015), min(before, close) / random.uniform(1, 1.015)
            rows.append((f"S{a}", day, "yahoo", *map(single, (before, high, low, close)), random.randrange(10**5, 10**8),
                         "2026-11-20T23:00:00.000000Z"))
        database.executemany(f"INSERT INTO price_daily ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    asset = '[[asset]]\nid = "S{0}"\nname = "S{0}"\ncategory = "stock"\ncalendar = "XNYS"\ncurrency = "USD"\n' \
            'sources = [{{ source = "yahoo", symbol = "S{0}" }}]\n'
    (WORK / "report.toml").write_text("".join(asset.format(a) for a in range(assets)))


def bench_report(assets, sessions):
    """From the staging file to the HTML file: seconds, memory, and the file's size in MB."""
    fill_for_report(assets, sessions)
    times, memory, bytes_ = [], [], 0
    for _ in range(ROUNDS):
        seconds, megabytes, out, _ = measure([PROGRAM, "report", "--format", "json"], STAGING_DB=WORK / "staging.db",
                                          ASSETS_FILE=WORK / "report.toml", LOG_LEVEL="off")
        written = json.loads(out)[0]
        if (written["assets"], written["bars"]) != (assets, assets * sessions):
            raise SystemExit(f"bench: the report has not every bar: {written}")
        times.append(seconds)
        memory.append(megabytes)
        bytes_ = written["bytes"]
    return assets * sessions, statistics.median(times), max(memory), bytes_ / 1e6


def bench_import(assets, sessions):
    """Seconds and memory of importing a CSV of so many rows, and the CSV's size in MB."""
    fill_for_report(assets, sessions)
    table, files = WORK / "bars.csv", {"STAGING_DB": WORK / "staging.db", "ASSETS_FILE": WORK / "report.toml", "LOG_LEVEL": "off"}
    measure([PROGRAM, "export", "--output", str(table)], **files)
    times, memory = [], []
    for _ in range(ROUNDS):
        make_staging().close()
        seconds, megabytes, out, _ = measure([PROGRAM, "import", str(table), "--format", "json"], **files)
        if sum(asset["new"] for asset in json.loads(out)) != assets * sessions:
            raise SystemExit("bench: not every row was imported")
        times.append(seconds)
        memory.append(megabytes)
    return assets * sessions, statistics.median(times), max(memory), table.stat().st_size / 1e6


# --- all of it -------------------------------------------------------------------------------------------------------


def bench_help():
    return min(start_of_help() for _ in range(20)) * 1000


def start_of_help():
    started = time.perf_counter()
    subprocess.run([PROGRAM, "--help"], cwd=WORK, env=environment(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def verdict(value, limit):
    return "met" if value < limit else "missed"


def print_table(lines):
    header = ["what", "rows", "pricestash", "compared with", "ratio", "memory", "expected", ""]
    widths = [max(len(cells[i]) for cells in [header, *lines]) for i in range(len(header))]
    for cells in [header, ["-" * w for w in widths], *lines]:
        print("| " + " | ".join(text.ljust(width) for text, width in zip(cells, widths)) + " |")


class Lines(list):
    """The table, whose lines are shown as they come: all of them take half an hour."""

    def add(self, cells):
        print("bench:", *filter(None, cells), sep="  ", file=sys.stderr, flush=True)
        self.append(cells)


def main():
    if psql("SELECT count(*) FROM pg_tables WHERE tablename IN ('price_daily', 'asset_master', 'job_run') "
            "AND schemaname = ANY (current_schemas(false))") != "0":
        raise SystemExit("bench: the database of BENCH_DATABASE_URL has tables of pricestash already; give it an empty one")
    measure([PROGRAM, "schema", "warehouse", "--apply"], DATABASE_URL=URL)
    lines = Lines()
    try:
        rows, seconds, megabytes = bench_collect()
        lines.add(["collect 7 assets × 3 years", f"{rows:,}", f"{seconds * 1000:.0f} ms", "", "", f"{megabytes:.1f} MB", "", ""])
        rows, ours, slowest, together, ratios, megabytes = bench_served()
        ratio = statistics.median(ratios)
        lines.add(["collect 7 assets × 3 years, 50 ms a request", f"{rows:,}", f"{ours * 1000:.0f} ms",
                      f"{slowest * 1000:.0f} ms (slowest host; all: {together * 1000:.0f} ms)",
                      f"{ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})", f"{megabytes:.1f} MB", f"≤ {MAX_SERVED_RATIO}",
                      "met" if ratio <= MAX_SERVED_RATIO else "missed"])
        for more in (staging.bench(), sync.bench()):
            for cells in more:
                lines.add(cells)
        if os.environ.get("FLAT") != "0":
            lay_out_recordings()
            for cells in flat.bench((WORK / "replay", WORK / "assets.toml")):
                lines.add(cells)
        rows, seconds, megabytes, size = bench_report(7, 10 * 252)
        lines.add([f"report 7 assets × 10 years, {size:.2f} MB", f"{rows:,}", f"{seconds:.2f} s", "", "", f"{megabytes:.1f} MB",
                      f"< {MAX_REPORT_MB:.0f} MB long", verdict(size, MAX_REPORT_MB)])
        rows, seconds, megabytes, size = bench_report(500, 16 * 252)
        lines.add([f"report 500 assets × 16 years, {size:.2f} MB", f"{rows:,}", f"{seconds:.2f} s", "", "", f"{megabytes:.1f} MB",
                      f"< {MAX_MANY_MB:.0f} MB", verdict(megabytes, MAX_MANY_MB)])
        rows, seconds, megabytes, size = bench_import(500, 3 * 252)
        lines.add([f"import of {size:.0f} MB", f"{rows:,}", f"{seconds:.2f} s", "", "", f"{megabytes:.1f} MB", f"< {MAX_MANY_MB:.0f} MB",
                      verdict(megabytes, MAX_MANY_MB)])
    finally:
        psql(f"DROP TABLE {TABLES}")
    milliseconds = bench_help()
    lines.add(["pricestash --help", "", f"{milliseconds:.1f} ms", "", "", "", f"< {MAX_HELP_MS:.0f} ms",
                  verdict(milliseconds, MAX_HELP_MS)])
    print_table(lines)
    version = re.match(r"[\d.]+", psql("SHOW server_version")).group()
    print(f"\n{os.cpu_count()} cores, {platform.system()} {platform.machine()}, PostgreSQL {version} with fsync {psql('SHOW fsync')}, "
          f"{time.strftime('%Y-%m')}, medians of {ROUNDS} rounds (least–greatest), the largest memory of all, help: the least of 20")
    if not GNU_TIME:
        print("memory is the largest of all processes so far: GNU time is not installed")


if __name__ == "__main__":
    main()
