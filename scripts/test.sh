#!/usr/bin/env bash
# Runs the whole test suite: scripts/test.sh [arguments of cargo test]
#
# The tests with a warehouse need a PostgreSQL server. With TEST_DATABASE_URL it is that one (its user must be allowed to
# create databases and roles); else a throw-away server of our own in a temporary folder, on a free port of 127.0.0.1,
# which is stopped and removed at the end. Where PostgreSQL is not installed, apt-get installs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work='' # The folder of our server, once there is one.
bin=''  # The folder of PostgreSQL's programs.

fail() {
    printf 'scripts/test.sh: %s\n' "$*" >&2
    exit 1
}

# The folder with the newest PostgreSQL server, or nothing.
find_postgres() {
    local folders=() folder version newest=0 found='' path
    IFS=: read -ra folders <<<"$PATH"
    if path=$(pg_config --bindir 2>/dev/null); then
        folders+=("$path")
    fi
    folders+=(/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin)
    for folder in "${folders[@]}"; do
        [[ -x $folder/postgres && -x $folder/initdb && -x $folder/pg_ctl ]] || continue
        # "postgres (PostgreSQL) 17.6 (Debian 17.6-1)"
        version=$("$folder/postgres" --version 2>/dev/null | sed -nE 's/^[^0-9]*([0-9]+).*/\1/p') || continue
        if [[ -n $version ]] && ((version > newest)); then
            newest=$version
            found=$folder
        fi
    done
    printf '%s' "$found"
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

# PostgreSQL refuses to run as root: then it runs as this user.
server_user() {
    local user
    for user in postgres nobody; do
        if id "$user" >/dev/null 2>&1; then
            printf '%s' "$user"
            return
        fi
    done
    fail "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
}

# Runs a command as the server's user, in the server's folder: it may not be allowed into ours.
as_server() (
    cd "$work"
    if ((EUID != 0)); then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$user" -- "$@"
    elif command -v setpriv >/dev/null; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
    else
        fail "PostgreSQL does not run as root, and neither runuser nor setpriv is there to run it as $user"
    fi
)

# Ends our server, and only ours: it is found by its own folder.
clean_up() {
    [[ -n $work ]] || return 0
    if [[ -f $work/data/postmaster.pid ]]; then
        as_server "$bin/pg_ctl" stop --silent -D "$work/data" -m immediate || true
    fi
    rm -rf "$work"
    work=''
}

start_server() {
    local password port
    bin=$(find_postgres)
    if [[ -z $bin ]]; then
        install_postgres
        bin=$(find_postgres)
        [[ -n $bin ]] || fail "postgresql was installed, but its server is not where it should be (/usr/lib/postgresql)"
    fi
    work=$(mktemp -d "${TMPDIR:-/tmp}/pricestash-test.XXXXXX")
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$password" >"$work/password"
    if ((EUID == 0)); then
        user=$(server_user)
        chown -R "$user" "$work"
    fi
    as_server test -w "$work" || fail "the user $user cannot write $work; set TMPDIR to a folder that everybody may enter"
    as_server "$bin/initdb" -D "$work/data" --no-sync --encoding=UTF8 --locale=C --username=pricestash \
        --auth=scram-sha-256 --pwfile="$work/password" >"$work/initdb.log" 2>&1 ||
        fail "initdb failed: $(cat "$work/initdb.log")"
    # Whether a port is free is known only when it is taken.
    for _ in {1..20}; do
        port=$((20000 + RANDOM))
        : >"$work/server.log"
        chmod a+rw "$work/server.log"
        if as_server "$bin/pg_ctl" start --silent --wait -D "$work/data" -l "$work/server.log" \
            -o "-h 127.0.0.1 -p $port -k '' -F -c synchronous_commit=off -c full_page_writes=off -c max_connections=200" \
            >/dev/null 2>&1; then
            export TEST_DATABASE_URL="postgres://pricestash:$password@127.0.0.1:$port/postgres"
            return
        fi
        grep -q 'could not bind' "$work/server.log" || break
    done
    fail "the throw-away PostgreSQL server did not start: $(cat "$work/server.log")"
}

# Tests that cargo test leaves out by itself.
say_what_was_left_out() {
    local ignored
    ignored=$(cargo test --locked --quiet -- --list --ignored 2>/dev/null | sed -n 's/: test$//p')
    if [[ -n $ignored ]]; then
        printf 'left out: %s\n' "$ignored"
    else
        echo 'left out: nothing'
    fi
}

user=''
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ -z ${TEST_DATABASE_URL:-} ]]; then
    start_server
fi
export INTEGRATION_TEST=1
cargo test --locked "$@"
if (($# == 0)); then
    say_what_was_left_out
else
    echo "left out: what these arguments do not choose: $*"
fi
