#!/usr/bin/env bash
# Makes the packages, unpacks each into an empty folder, and runs the daily job out of it, with a real PostgreSQL and nothing
# else on PATH than the system's own programs: the Linux one here, the Windows one under Wine.
#
#   scripts/test-package.sh
#
# Exit code: 0 when all is well, 1 when a test failed, 4 when it cannot run here; then it says what is missing.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=scripts/throwaway_postgres.sh
. scripts/throwaway_postgres.sh

unpacked=
clean() {
    throwaway_postgres_stop
    if [ -n "$unpacked" ]; then rm -rf -- "$unpacked"; fi
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

scripts/package.sh || exit
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
package=target/package/pricestash-$version
if [ -z "${TEST_DATABASE_URL-}" ]; then
    throwaway_postgres_start fsync=off synchronous_commit=off full_page_writes=off max_connections=200 || exit 1
    export TEST_DATABASE_URL=$THROWAWAY_POSTGRES_URL
fi
export INTEGRATION_TEST=1

unpacked=$(mktemp -d "${TMPDIR:-/tmp}/pricestash package.XXXXXX") || exit 1
tar --extract --gzip --file "$package-linux-x86_64.tar.gz" --directory "$unpacked" || exit 1
PRICESTASH_PACKAGE=$unpacked/pricestash-$version cargo test --locked --test it -- daily:: || exit 1
scripts/test-windows.sh --zip "$package-windows-x86_64.zip"
