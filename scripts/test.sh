#!/usr/bin/env bash
# Runs the whole test suite: scripts/test.sh [arguments of cargo test]
#
# Without arguments also the Windows program under Wine (scripts/test-windows.sh) and the packages
# (scripts/test-package.sh), which takes some minutes more; with TEST_HERE_ONLY=1 it leaves them out. What could not run is
# named at the end.
#
# The tests with a warehouse need a PostgreSQL server. With TEST_DATABASE_URL it is that one (its user must be allowed to
# create databases and roles); else a throw-away server of our own in a temporary folder, on a free port of 127.0.0.1,
# which is stopped and removed at the end. Where PostgreSQL is not installed, apt-get installs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/throwaway_postgres.sh

fail() {
    printf 'scripts/test.sh: %s\n' "$*" >&2
    exit 1
}

install_postgres() {
    local as_root=()
    command -v apt-get >/dev/null ||
        fail "there is no PostgreSQL server here and no apt-get to install one; install it, or set TEST_DATABASE_URL to a server"
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null ||
            fail "there is no PostgreSQL server here, and installing one needs root or sudo without a password; install postgresql, or set TEST_DATABASE_URL to a server"
        as_root=(sudo -n)
    fi
    echo 'scripts/test.sh: installing postgresql' >&2
    # ${…+…}: an empty array counts as unset in older versions of bash.
    ${as_root[@]+"${as_root[@]}"} apt-get update >&2
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql >&2
}

# What did not run, a line each.
left_out=

# Runs a script of tests: run_part NAME SCRIPT
run_part() {
    local code=0
    if [[ ${TEST_HERE_ONLY:-} == 1 ]]; then
        left_out+="$1 (TEST_HERE_ONLY=1)"$'\n'
        return
    fi
    "scripts/$2" || code=$?
    case $code in
        0) ;;
        4) left_out+="$1: THEY CANNOT RUN HERE, the reason stands above"$'\n' ;;
        *) fail "$1: scripts/$2 failed" ;;
    esac
}

say_what_was_left_out() {
    # Tests that cargo test leaves out by itself.
    left_out+=$(cargo test --locked --quiet -- --list --ignored 2>/dev/null | sed -n 's/: test$//p')
    if [[ -n $left_out ]]; then
        printf '%s' "$left_out" | sed 's/^/left out: /'
    else
        echo 'left out: nothing'
    fi
}

trap throwaway_postgres_stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ -z ${TEST_DATABASE_URL:-} ]]; then
    throwaway_postgres_find_programs >/dev/null 2>&1 || install_postgres
    # What a crash of the machine would take away is no loss here.
    throwaway_postgres_start fsync=off synchronous_commit=off full_page_writes=off max_connections=200 || exit 1
    export TEST_DATABASE_URL=$THROWAWAY_POSTGRES_URL
fi
export INTEGRATION_TEST=1
cargo test --locked "$@"
if (($# == 0)); then
    run_part 'the tests of the Windows program' test-windows.sh
    run_part 'the tests of the packages' test-package.sh
    say_what_was_left_out
else
    echo "left out: what these arguments do not choose: $*"
fi
