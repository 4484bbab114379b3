#!/usr/bin/env bash
# Makes the packages that run without Rust, in target/package:
#
#   scripts/package.sh
#
#   pricestash-VERSION-linux-x86_64.tar.gz    for glibc 2.31 (Debian 11, Ubuntu 20.04) and newer
#   pricestash-VERSION-windows-x86_64.zip     for Windows 10 and newer
#
# Needs Linux, cargo, python3 with pip, and what scripts/cross_windows.sh needs. The Linux program is linked by zig, which
# pip brings, because the linker of a newer system makes programs that only run on such systems.
#
# Exit code: 0 when both are made and within their limits, 1 when not, 4 when something that it needs cannot be had here.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/cross_windows.sh
. scripts/cross_windows.sh

output=$PWD/target/package
LINUX_TARGET=x86_64-unknown-linux-gnu
OLDEST_GLIBC=2.31
# Versions that were tried together.
ZIG=(cargo-zigbuild==0.24.1 ziglang==0.17.1)
# What a program may weigh, in bytes.
MAX_PROGRAM=16000000

fail() {
    printf 'package: %s\n' "$*" >&2
    exit 1
}

missing() {
    printf 'package: THERE ARE NO PACKAGES: %s\n' "$*" >&2
    exit 4
}

say() { printf 'package: %s\n' "$*" >&2; }

build_linux() {
    local tools=$output/tools
    if ! python3 -m pip --version >/dev/null 2>&1; then
        cross_windows_install pip3 python3 python3-pip || missing "$CROSS_WINDOWS_MISSING"
    fi
    if ! [ -x "$tools/bin/cargo-zigbuild" ]; then
        say 'getting zig'
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$tools" "${ZIG[@]}" ||
            missing "pip cannot install ${ZIG[*]}"
    fi
    say 'building for Linux'
    # A folder of its own: the same crates are built with another C compiler here.
    PATH=$tools/bin:$PATH CARGO_ZIGBUILD_ZIG_PATH=$tools/ziglang/zig CARGO_TARGET_DIR=$output/build \
        cargo zigbuild --release --locked --target "$LINUX_TARGET.$OLDEST_GLIBC"
    linux_program=$output/build/$LINUX_TARGET/release/pricestash
    check_size "$linux_program"
    check_glibc "$linux_program"
}

build_windows() {
    say 'building for Windows'
    cross_windows_prepare || missing "$CROSS_WINDOWS_MISSING"
    cargo build --release --locked "${CROSS_WINDOWS_BUILD[@]}"
    windows_program=$CARGO_TARGET_DIR/$CROSS_WINDOWS_TARGET/release/pricestash.exe
    check_size "$windows_program"
}

check_size() {
    local size
    size=$(stat -c %s "$1")
    say "$(basename "$1") has $size bytes"
    ((size <= MAX_PROGRAM)) || fail "$1 has $size bytes, it should have at most $MAX_PROGRAM"
}

# Each symbol of glibc carries the version that brought it.
check_glibc() {
    local newest
    newest=$(grep -a -o 'GLIBC_2\.[0-9]*' "$1" | cut -d_ -f2 | sort -V | tail -n 1)
    say "it needs glibc $newest"
    [ "$(printf '%s\n' "$newest" "$OLDEST_GLIBC" | sort -V | tail -n 1)" = "$OLDEST_GLIBC" ] ||
        fail "it needs glibc $newest, it should need at most $OLDEST_GLIBC"
}

# What both packages have: fill FOLDER TARGET
fill() {
    rm -rf -- "$1"
    mkdir -p -- "$1/data" "$1/scripts" "$1/completions" "$1/schema"
    cp -r data/assets.toml data/README.md data/calendars data/sample data/report.png "$1/data/"
    cp README.md CHANGELOG.md LICENSE .env.example "$1/"
    cp -r schema/README.md schema/grafana "$1/schema/"
    # The documents name each other.
    local room
    for room in scripts src tests; do
        mkdir -p -- "$1/$room"
        cp "$room/README.md" "$1/$room/"
    done
    python3 scripts/third_party_licences.py "$2" >"$1/THIRD-PARTY-LICENCES.txt"
}

# The manual pages of a command and of those within it: man_pages FOLDER [COMMAND…]
man_pages() {
    local folder=$1 page=pricestash command
    shift
    for command; do page+=-$command; done
    "$linux_program" man "$@" >"$folder/$page.1"
    for command in $("$linux_program" "$@" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p' | grep -v '^help$'); do
        man_pages "$folder" "$@" "$command"
    done
}

pack_linux() {
    local folder=$output/linux/$name shell
    fill "$folder" "$LINUX_TARGET"
    cp "$linux_program" "$folder/"
    cp -r scripts/daily_collect.sh scripts/install_systemd.sh scripts/systemd "$folder/scripts/"
    for shell in bash zsh fish; do
        "$linux_program" completions "$shell" >"$folder/completions/pricestash.$shell"
    done
    mkdir "$folder/man"
    man_pages "$folder/man"
    # The same content is the same archive.
    tar --create --gzip --file "$output/$name-linux-x86_64.tar.gz" --directory "$output/linux" \
        --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct 2>/dev/null || date +%s)" "$name"
}

pack_windows() {
    local folder=$output/windows/$name
    fill "$folder" "$CROSS_WINDOWS_TARGET"
    cp "$windows_program" "$folder/"
    cp scripts/daily_collect.bat scripts/register_scheduler.bat "$folder/scripts/"
    "$linux_program" completions powershell >"$folder/completions/pricestash.ps1"
    rm -f -- "$output/$name-windows-x86_64.zip"
    (cd "$output/windows" && python3 -m zipfile -c "$output/$name-windows-x86_64.zip" "$name/")
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=pricestash-$version
mkdir -p -- "$output"
build_linux
build_windows
pack_linux
pack_windows
(cd "$output" && ls -l -- "$name"-*)
