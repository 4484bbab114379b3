"""What the parts of the bench share: where things are, and how a process is measured."""

import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROJECT, WORK = Path(sys.argv[1]), Path(sys.argv[2])
PROGRAM, URL = os.environ["BENCH_PROGRAM"], os.environ["BENCH_URL"]
ROUNDS = max(3, int(os.environ.get("ROUNDS", "3")))
ROWS = [int(n) for n in os.environ.get("ROWS", "100000,1000000").split(",")]
TABLES = "price_daily, asset_master, job_run"
COLUMNS = "asset_id, date, source, open, high, low, close, volume, ingested_at"


def environment(**variables):
    """The surroundings of every process: PATH and the like, and nothing of the user's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "PGSSLMODE") if name in os.environ}
    return kept | {name: str(value) for name, value in variables.items()}


def measure(command, **variables):
    """Runs a process. Returns seconds, its largest memory in MB, what it printed, and its processor time in seconds."""
    report = WORK / "memory"
    # A child of Python starts with Python's own memory, which getrusage would count; GNU time is small.
    wrapped = [GNU_TIME, "-f", "%M %U %S", "-o", str(report), *command] if GNU_TIME else command
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    child = subprocess.Popen(wrapped, cwd=WORK, env=environment(**variables), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = child.communicate()
    seconds = time.perf_counter() - started
    if child.returncode != 0:
        raise SystemExit(f"bench: {command[0]} ended with {child.returncode}:\n{out}{err}".replace(URL, "DATABASE_URL"))
    if GNU_TIME:
        kilobytes, user, system = map(float, report.read_text().split()[-3:])
    else:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
        user, system = used.ru_utime - before.ru_utime, used.ru_stime - before.ru_stime
    return seconds, kilobytes / 1024, out, user + system


def find_gnu_time():
    for candidate in (shutil.which("gtime"), shutil.which("time")):
        if candidate and subprocess.run([candidate, "-f", "%M", "true"], capture_output=True).returncode == 0:
            return candidate
    return None


def psql(*commands, may_fail=False):
    arguments = [part for command in commands for part in ("-c", command)]
    result = subprocess.run(["psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", URL, *arguments], cwd=WORK,
                            env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0 and not may_fail:
        raise SystemExit(f"bench: psql: {result.stderr}".replace(URL, "DATABASE_URL"))
    return result.stdout.strip()


def remove_staging(file=WORK / "staging.db"):
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)


def make_staging(file=WORK / "staging.db", program=PROGRAM):
    """A staging file with its tables and nothing in it, as every run but the first finds one."""
    remove_staging(file)
    schema = subprocess.run([program, "schema", "staging"], cwd=WORK, env=environment(), capture_output=True, text=True,
                            check=True).stdout
    database = sqlite3.connect(file, isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + schema)
    return database


def line(what, rows, ours, others, whose, limit=None, memory=None, most_memory=None, ratios=None):
    """A line of the table: the medians of ours and of what it is compared with, and the median of their ratios, round by round."""
    ratios = ratios or [o / t for o, t in zip(ours, others)]
    ratio, expected, is_met = statistics.median(ratios), [], True
    if limit:
        expected.append(f"≤ {limit}")
        is_met = ratio <= limit
    if most_memory:
        expected.append(f"< {most_memory:.0f} MB")
        is_met = is_met and memory < most_memory
    return [what, f"{rows:,}", f"{statistics.median(ours):.2f} s", f"{statistics.median(others):.2f} s ({whose})",
            f"{ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})", f"{memory:.1f} MB" if memory else "", ", ".join(expected),
            ("met" if is_met else "missed") if expected else ""]


GNU_TIME = find_gnu_time()
