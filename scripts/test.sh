#!/usr/bin/env bash
# Runs the whole test suite: scripts/test.sh [arguments of cargo test]
#
# Without arguments also the Windows program under Wine (scripts/test-windows.sh), the container image
# (scripts/test-container.sh) and the packages (scripts/test-package.sh), which takes some minutes more, and for the packages
# many, as they are built for release; TEST_WITHOUT='windows container packages' leaves out all three, one of the words one of
# them. What could not run is named at the end.
#
# The tests with a warehouse need a PostgreSQL server. With TEST_DATABASE_URL it is that one (its user must be allowed to
# create databases and roles); else a throw-away server of our own in a temporary folder, on a free port of 127.0.0.1,
# which is stopped and removed at the end. Where PostgreSQL is not installed, apt-get installs it, and PgBouncer for one test
# where it can; without PgBouncer that test says that it was left out.
#
# The tests of the report open it in Chromium, by chromedriver; where that is missing, apt-get installs both. With
# BROWSER_TEST=0, or where they cannot be had, these tests are left out.
#
# The tests of `export` give its files to Beancount, hledger, Ledger, pandas, Polars and DuckDB, which pip and apt-get install below
# target; with TEST_READERS= (empty), or where they cannot be had, these tests are left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/throwaway_postgres.sh

fail() {
    printf 'scripts/test.sh: %s\n' "$*" >&2
    exit 1
}

# Whether packages can be installed here, and if so, how.
as_root=()
can_install() {
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
}

install() {
    printf 'scripts/test.sh: installing %s\n' "$*" >&2
    # ${…+…}: an empty array counts as unset in older versions of bash.
    ${as_root[@]+"${as_root[@]}"} apt-get update >&2
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" >&2
}

install_postgres() {
    can_install ||
        fail "there is no PostgreSQL server here, and installing one needs apt-get and root or sudo without a password; install postgresql, or set TEST_DATABASE_URL to a server"
    install postgresql
}

# A browser for the tests of the report. Without one they are left out, and that is said loudly.
has_browser() { command -v chromedriver >/dev/null; }
find_browser() {
    has_browser || { can_install && install chromium chromium-driver; } || true
    if has_browser; then
        export BROWSER_TEST=1
    else
        echo 'scripts/test.sh: THE TESTS OF THE REPORT IN A BROWSER ARE LEFT OUT: there is no chromedriver, and it could not be installed' >&2
    fi
}

# Programs that read what `export` writes, and the SQLite file: Beancount, hledger, Ledger, pandas, Polars, DuckDB. Without them
# their tests are left out, and that is said loudly.
READERS=(prometheus-client==0.23.1 beancount==3.2.3 pandas==3.1.1 polars==2.1.0 duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-sqlite-scanner==1.5.5)
find_readers() {
    local folder=target/test-readers
    if ! [[ -f $folder/complete ]]; then
        printf 'scripts/test.sh: installing %s\n' "${READERS[*]}" >&2
        rm -rf -- "$folder"
        if ! { python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check --timeout 20 "${READERS[@]}"; } >&2; then
            echo 'scripts/test.sh: THE TESTS WITH OTHER READERS ARE LEFT OUT: they could not be installed' >&2
            return
        fi
        touch "$folder/complete"
    fi
    command -v hledger >/dev/null || { can_install && install hledger ledger; } || true
    export TEST_READERS=$folder
}

# What did not run, a line each.
left_out=

# Runs a script of tests: run_part WORD NAME SCRIPT
run_part() {
    local code=0
    if [[ " ${TEST_WITHOUT:-} " == *" $1 "* ]]; then
        left_out+="$2 (TEST_WITHOUT)"$'\n'
        return
    fi
    "scripts/$3" || code=$?
    case $code in
        0) ;;
        4) left_out+="$2: THEY CANNOT RUN HERE, the reason stands above"$'\n' ;;
        *) fail "$2: scripts/$3 failed" ;;
    esac
}

say_what_was_left_out() {
    if [[ ${BROWSER_TEST:-} != 1 ]]; then
        left_out+='the tests of the report in a browser'$'\n'
    fi
    if [[ -z ${TEST_READERS:-} ]]; then
        left_out+='the tests with programs that read exports'$'\n'
    fi
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
[[ ${BROWSER_TEST:-} == 0 ]] || find_browser
[[ -n ${TEST_READERS+set} ]] || find_readers
cargo test --locked "$@"
if (($# == 0)); then
    run_part windows 'the tests of the Windows program' test-windows.sh
    run_part container 'the container image' test-container.sh
    run_part packages 'the tests of the packages' test-package.sh
    say_what_was_left_out
else
    echo "left out: what these arguments do not choose: $*"
fi
