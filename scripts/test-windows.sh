#!/usr/bin/env bash
# Builds the Windows program and its tests on Linux, and runs them under Wine, with a real PostgreSQL on loopback:
#
#   scripts/test-windows.sh
#   scripts/test-windows.sh --zip PACKAGE.zip     # only the daily .bat and the task, out of the unpacked zip
#
# - the whole test suite: collect, sync, kills in mid-sync and replays, CRLF and BOM, long and verbatim paths, two programs
#   at one file; the daily .bat with every exit code in a folder with blanks and Korean, and twice at once; the task's XML
#   through Wine's schtasks
# - the console: Korean names in every code page, Ctrl-C
#
# Exit code: 0 when all is well, 1 when a test failed, 4 when it cannot run here; then it says what is missing.
# On Windows itself plain `cargo test` does it.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=scripts/cross_windows.sh
. scripts/cross_windows.sh
# shellcheck source=scripts/throwaway_postgres.sh
. scripts/throwaway_postgres.sh

say() { printf 'test-windows: %s\n' "$*" >&2; }

left_out() {
    say "THE WINDOWS PROGRAM WAS NOT TESTED: $CROSS_WINDOWS_MISSING"
    exit 4
}

unpacked=
clean() {
    throwaway_postgres_stop
    if [ -n "${WINEPREFIX-}" ]; then cross_windows_stop_wine; fi
    if [ -n "$unpacked" ]; then rm -rf -- "$unpacked"; fi
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Korean file names reach Wine by the locale.
export LC_ALL=C.UTF-8
# Programs of this system, not of Windows.
unset TEST_READERS
cross_windows_install python3 python3 || left_out
cross_windows_prepare || left_out
cross_windows_start_wine || left_out
if [ -z "${TEST_DATABASE_URL-}" ]; then
    throwaway_postgres_start fsync=off synchronous_commit=off full_page_writes=off max_connections=200 || exit 1
    export TEST_DATABASE_URL=$THROWAWAY_POSTGRES_URL
fi
# The browser is none of Windows.
export BROWSER_TEST=0
# The prefix is our own: the task that a test registers there is nobody's.
export INTEGRATION_TEST=1 PRICESTASH_TEST_SCHEDULER=1
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine

# What failed, once more and by itself: on a busy machine Wine sometimes cannot start a process. It is named all the same.
# again LOG
again() {
    local failed
    # What tee has not written yet.
    sleep 2
    mapfile -t failed < <(sed -n 's/^test \([^ ]*\) \.\.\. FAILED$/\1/p' "$1" | sort -u)
    # So many are no accident, and none at all is a suite that did not even run.
    if ((${#failed[@]} == 0 || ${#failed[@]} > 5)); then return 1; fi
    say "FAILED, and run once more: ${failed[*]}"
    cargo test --locked --no-fail-fast "${CROSS_WINDOWS_BUILD[@]}" -- --exact "${failed[@]}" || return 1
    say "passed the second time: ${failed[*]}"
}

# The whole suite, then the console: test_suite
test_suite() {
    local worst=0 log=$CARGO_TARGET_DIR/suite.log
    # No pipe: programs of Wine's that stay would keep its end open, and the script waiting for it.
    cargo test --locked --no-fail-fast "${CROSS_WINDOWS_BUILD[@]}" > >(tee "$log") 2>&1 || again "$log" || worst=1
    say 'the console'
    python3 scripts/test_windows_console.py "$CARGO_TARGET_DIR/$CROSS_WINDOWS_TARGET/debug/pricestash.exe" || worst=1
    return "$worst"
}

# The daily .bat and the task with what the zip holds: test_zip ZIP
test_zip() {
    unpacked=$(mktemp -d "${TMPDIR:-/tmp}/pricestash zip.XXXXXX") || return 1
    python3 -m zipfile -e "$1" "$unpacked" || return 1
    PRICESTASH_PACKAGE=$(echo "$unpacked"/pricestash-*) \
        cargo test --locked "${CROSS_WINDOWS_BUILD[@]}" --test it -- daily::
}

case ${1-} in
    '') test_suite ;;
    --zip) test_zip "${2:?which zip?}" ;;
    *) say "'$1' is no option" && exit 1 ;;
esac || {
    say 'FAILED, see above'
    exit 1
}
say 'all is well under Wine'
