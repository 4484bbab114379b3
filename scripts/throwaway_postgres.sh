# shellcheck shell=bash
# A PostgreSQL server of its own for a test or a benchmark, gone afterwards. To be sourced by a bash script:
#
#   . scripts/throwaway_postgres.sh
#   trap throwaway_postgres_stop EXIT
#   throwaway_postgres_start [SETTING=VALUE …] || exit 1     # for example fsync=off
#   psql "$THROWAWAY_POSTGRES_URL" …
#
# It needs PostgreSQL's server programs, not a running server. The data lie in a new folder below TMPDIR that only
# its owner may read. The server listens on 127.0.0.1 only, with a password made for this start, and on a socket in
# that folder. It keeps PostgreSQL's own settings (fsync is on) unless some are given. It refuses to run as root, so
# that root starts it as the user postgres, else nobody.

THROWAWAY_POSTGRES_URL=
_throwaway_folder=
_throwaway_programs=
_throwaway_options=
_throwaway_user=()

throwaway_postgres_start() {
    _throwaway_programs=$(throwaway_postgres_find_programs) || return 1
    _throwaway_choose_user || return 1
    _throwaway_folder=$(mktemp -d "${TMPDIR:-/tmp}/pg.XXXXXX") || return 1
    if [ ${#_throwaway_user[@]} -gt 0 ]; then
        chown "$(_throwaway_run id -un)" "$_throwaway_folder" || return 1
    fi
    local password
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$password" | _throwaway_run tee "$_throwaway_folder/password" >/dev/null || return 1
    _throwaway_run "$_throwaway_programs/initdb" -D "$_throwaway_folder/data" -U postgres -E UTF8 --no-locale \
        --auth-local=trust --auth-host=scram-sha-256 --pwfile="$_throwaway_folder/password" \
        >"$_throwaway_folder.log" 2>&1 || { _throwaway_failed; return 1; }
    _throwaway_listen "$password" "$@" || { _throwaway_failed; return 1; }
}

throwaway_postgres_stop() {
    [ -n "$_throwaway_folder" ] || return 0
    if [ -f "$_throwaway_folder/data/postmaster.pid" ]; then
        _throwaway_run "$_throwaway_programs/pg_ctl" -D "$_throwaway_folder/data" -m immediate -w stop >/dev/null 2>&1
    fi
    rm -rf -- "$_throwaway_folder" "$_throwaway_folder.log"
    _throwaway_folder=
    THROWAWAY_POSTGRES_URL=
}

# Starts the server on a free port: a port that is taken makes the start fail, then another one is tried.
_throwaway_listen() {
    local password=$1 port setting
    shift
    for _ in 1 2 3 4 5; do
        # Below the ports that systems give to outgoing connections: one that has such a number keeps the server from listening
        # on one of its addresses, and it starts all the same on the others.
        port=$((10000 + RANDOM % 22000))
        _throwaway_options="-p $port -c listen_addresses=127.0.0.1 -k '$_throwaway_folder'"
        for setting in "$@"; do _throwaway_options="$_throwaway_options -c '$setting'"; done
        if _throwaway_begin; then
            # For the script that sources this file.
            # shellcheck disable=SC2034
            THROWAWAY_POSTGRES_URL=postgres://postgres:$password@127.0.0.1:$port/postgres
            return 0
        fi
    done
    return 1
}

_throwaway_begin() {
    _throwaway_run "$_throwaway_programs/pg_ctl" -D "$_throwaway_folder/data" -l "$_throwaway_folder/log" \
        -o "$_throwaway_options" -w start >>"$_throwaway_folder.log" 2>&1
}

# Stops the server, "immediate" as a crash or "fast", and starts it again at the same address.
throwaway_postgres_restart() {
    _throwaway_run "$_throwaway_programs/pg_ctl" -D "$_throwaway_folder/data" -m "$1" -w stop >>"$_throwaway_folder.log" 2>&1
    _throwaway_begin
}

_throwaway_failed() {
    {
        echo 'the throw-away PostgreSQL did not start:'
        tail -n 5 "$_throwaway_folder.log"
        if [ -f "$_throwaway_folder/log" ]; then tail -n 5 "$_throwaway_folder/log"; fi
    } >&2
    throwaway_postgres_stop
}

# Runs a program as the user that the server runs as, in a folder that every user may enter.
_throwaway_run() { (cd / && ${_throwaway_user[@]+"${_throwaway_user[@]}"} "$@"); }

_throwaway_choose_user() {
    _throwaway_user=()
    [ "$(id -u)" -eq 0 ] || return 0
    local user
    for user in postgres nobody; do
        if ! id "$user" >/dev/null 2>&1; then continue; fi
        if command -v runuser >/dev/null; then
            _throwaway_user=(runuser -u "$user" --)
            return 0
        fi
        if command -v setpriv >/dev/null; then
            _throwaway_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --)
            return 0
        fi
    done
    echo 'PostgreSQL does not run as root, and it cannot be started as the user postgres or nobody' >&2
    return 1
}

# The folder with initdb and postgres: distributions do not put them on PATH. The newest version comes last.
throwaway_postgres_find_programs() {
    local folder found=
    for folder in /usr/lib/postgresql/?/bin /usr/lib/postgresql/??/bin /usr/local/opt/postgresql*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/pgsql/bin \
        "$(dirname -- "$(command -v initdb || echo /none/initdb)")" "$(pg_config --bindir 2>/dev/null)"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then found=$folder; fi
    done
    if [ -z "$found" ]; then
        echo 'PostgreSQL'"'"'s server programs (initdb, pg_ctl, postgres) were not found; on Debian and Ubuntu: apt-get install postgresql' >&2
        return 1
    fi
    printf '%s\n' "$found"
}
