#!/usr/bin/env bash
# Measures pricestash against psql's \copy and prints a table that says which expectations were met.
#
#   scripts/bench/run.sh              # needs cargo, python3, psql and PostgreSQL's server programs (no running server)
#   ROUNDS=5 scripts/bench/run.sh     # 3 rounds is the least and the default
#   ROWS=100000 scripts/bench/run.sh  # only this number of rows; the default is 100000,1000000
#   FLAT=0 scripts/bench/run.sh       # without the daily commands in a file of 10,000,000 rows, which takes 2 GB below TMPDIR
#   BENCH_DATABASE_URL=postgres://user:password@host:5432/empty scripts/bench/run.sh
#
# Without BENCH_DATABASE_URL it starts a throw-away PostgreSQL with its own settings (fsync is on). With it the
# database must have no table price_daily, asset_master or job_run: they are made, emptied between the runs, and
# dropped in the end.
#
# Beside it DuckDB, SQLAlchemy and sling do the same, where their packages can be had from PyPI; PEERS=0 leaves them out.
#
# BENCH_BEFORE=/path/of/an/earlier/pricestash measures the processor time of a collect of 5,000 assets beside that program's.
#
# Exit code: 0 when everything ran, whatever was measured; 1 when something did not run.
set -uo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd) || exit 1
cd -- "$here/../.." || exit 1

for needed in cargo python3 psql; do
    if ! command -v "$needed" >/dev/null; then
        echo "bench: $needed is missing" >&2
        exit 1
    fi
done

cargo build --release --locked && cargo build --release --locked --example plain_upsert || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/pricestash-bench.XXXXXX") || exit 1
# shellcheck source=scripts/throwaway_postgres.sh
. scripts/throwaway_postgres.sh
clean() {
    throwaway_postgres_stop
    rm -rf -- "$work"
}
trap clean EXIT

url=${BENCH_DATABASE_URL-}
if [ -z "$url" ]; then
    throwaway_postgres_start fsync=on || exit 1
    url=$THROWAWAY_POSTGRES_URL
fi
names=
if [ "${PEERS-1}" != 0 ] && python3 -m venv "$work/peers"; then
    for name in duckdb sqlalchemy sling; do
        case $name in
            duckdb) set -- duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-{sqlite,postgres}-scanner==1.5.5 ;;
            sqlalchemy) set -- sqlalchemy==2.1.9 'psycopg[binary]==3.3.9' ;;
            # The last version whose program is on PyPI.
            sling) set -- sling-linux-amd64==1.4.11 ;;
        esac
        if "$work/peers/bin/pip" install --quiet --disable-pip-version-check --timeout 20 "$@"; then
            names="$names $name"
        else
            echo "bench: without $name, whose packages could not be had" >&2
        fi
    done
fi >&2
export BENCH_PEERS="$work/peers/bin/python" BENCH_PEER_NAMES="$names"
# By the environment, so that no password stands in the list of processes.
BENCH_PROGRAM=$(cd -- "${CARGO_TARGET_DIR:-target}/release" && pwd)/pricestash
export BENCH_PROGRAM BENCH_URL="$url" BENCH_PLAIN="${BENCH_PROGRAM%/*}/examples/plain_upsert"
# -B: nothing is left beside the scripts.
python3 -B "$here/main.py" "$PWD" "$work"
