#!/usr/bin/env bash
# The daily run: collects prices into the SQLite file, sends what is pending to PostgreSQL, and looks whether every asset
# is fresh. The last step is left out with --replay, an explicit window or --dry-run.
#
#   scripts/daily_collect.sh [ARGUMENTS OF pricestash collect]
#   scripts/daily_collect.sh --replay data/sample --assets KS200,005930
#
# It may be called from any folder. It works in the folder above `scripts`, and when it lies in a folder of another name, in
# that one: relative paths, .env and logs/ are looked for there. It takes the pricestash that lies beside it, in the folder
# it works in, in target/release (built first when it is missing or older than what is compiled into it), or on PATH.
#
# Sync also runs when collect failed: what was collected before must not wait for a source that is down. Without
# DATABASE_URL it says how many rows wait, which is no failure. With --dry-run neither step writes.
#
# Exit code: that of the worst step, in the order 2 (wrong usage or configuration), 1 (failure), 3 (partial failure), 0.
# With --partial-ok a partial failure of collect or sync is 0.
#
# There is no `set -e`: a step that fails must not keep the next one from running.
set -uo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd) || exit 1
project=$here
if [ "${here##*/}" = scripts ]; then project=${here%/*}; fi
cd -- "${project:-/}" || exit 1
# Where cargo is installed by default; a scheduled task often has a short PATH.
PATH=$PATH:${HOME:-/root}/.cargo/bin
built=${CARGO_TARGET_DIR:-target}/release/pricestash
log_dir=logs

# What each step ended with, as the program's last command takes it: collect=0
steps=()

say() { printf 'daily_collect: %s\n' "$*" >&2; }

# Runs one command of the program as a step of the day: step NAME [ARGUMENTS]
step() {
    "$program" --log-dir "$log_dir" "$@"
    steps+=("$1=$?")
}

# Whether the program is missing or older than something that is compiled into it. What that was, cargo has written beside it
# as a rule of make: "program: file file…", a blank within a path behind a backslash.
is_outdated() {
    local file
    local -a rule
    [ -x "$built" ] && [ -f "$built.d" ] || return 0
    # shellcheck disable=SC2162 # without -r, read itself knows the backslashes
    read -a rule <"$built.d"
    # Its paths are absolute: in a folder that was moved or copied they are those of another one.
    [ "${rule[0]-}" ] && [ "${rule[0]%:}" -ef "$built" ] || return 0
    for file in "${rule[@]:1}"; do
        if ! [ -e "$file" ] || [ "$file" -nt "$built" ]; then return 0; fi
    done
    [ Cargo.toml -nt "$built" ] || [ Cargo.lock -nt "$built" ]
}

build() {
    if ! is_outdated || ! [ -f Cargo.toml ] || ! command -v cargo >/dev/null; then
        return
    fi
    say 'building pricestash'
    if cargo build --release --locked; then
        # So that a file with a new time and the old text does not ask for a build every day.
        touch -- "$built"
    else
        steps+=(build=1)
    fi
}

# The program that was put beside the script, and then the one that was built, in `program`.
find_program() {
    for program in "$here/pricestash" "$project/pricestash"; do
        if is_program "$program"; then return 0; fi
    done
    build
    program=$built
    is_program "$program" || program=$(command -v pricestash)
}

is_program() { [ -x "$1" ] && [ -f "$1" ]; }

case ${1-} in
    -h | --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$here/${BASH_SOURCE[0]##*/}" | sed '/^There is no/,$d'
        exit 0
        ;;
esac
dry_run=
partial_ok=
is_daily=yes
for argument in "$@"; do
    case $argument in
        --dry-run) dry_run=--dry-run is_daily= ;;
        --partial-ok) partial_ok=--partial-ok ;;
        # Old days are not fresh, and need not be.
        --replay | --replay=* | --start | --start=* | --end | --end=* | --days | --days=*) is_daily= ;;
    esac
done

if ! find_program; then
    say 'there is no pricestash: put the program beside this script, or install Rust (https://rustup.rs) and run this again'
    exit 1
fi

step collect "$@"
# 100 is no exit code of the program's own: it says that there is no warehouse.
step sync --if-configured=100 ${dry_run:+"$dry_run"} ${partial_ok:+"$partial_ok"}
if [ -n "$is_daily" ]; then
    step healthcheck
fi

# The last line, in the owner's language, and the exit code of the worst step.
"$program" daily-end "$log_dir" "${steps[@]}" >&2
code=$?
# Where it crashed itself, the day has failed.
if [ "$code" -gt 3 ]; then code=1; fi
exit "$code"
