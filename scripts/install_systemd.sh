#!/usr/bin/env bash
# Lets systemd run scripts/daily_collect.sh every day; a run that was missed is made up for.
#
#   scripts/install_systemd.sh               every day at 18:00
#   scripts/install_systemd.sh 07:30         every day at 07:30, in the machine's time zone
#   scripts/install_systemd.sh --uninstall   removes the service and the timer
#
# For a user it installs units of that user, and asks systemd to run them also when the user is not logged in. For root it
# installs units of the system, which run as the owner of the folder that pricestash lies in.
#
# DESTDIR is put before /etc, as for a package.
#
# Exit code: 0 installed or removed, 1 systemd refused it, 2 wrong usage.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
time=18:00

fail() {
    printf 'install_systemd: %s\n' "$2" >&2
    exit "$1"
}

# A path between double quotes of a unit: escape_path PATH
escape_path() {
    local path=$1
    path=${path//\\/\\\\}
    path=${path//\"/\\\"}
    path=${path//%/%%}
    printf '%s' "${path//\$/\$\$}"
}

# Prints a unit with its placeholders filled in: fill FILE
fill() {
    local text
    text=$(cat -- "$here/systemd/$1")
    text=${text//@SCRIPT@/"$(escape_path "$here/daily_collect.sh")"}
    printf '%s\n' "${text//@TIME@/"$time"}"
}

systemctl_of() { systemctl ${user_option:+"$user_option"} "$@"; }

if (($# > 1)); then fail 2 'too many arguments, see --help'; fi
case ${1-} in
    -h | --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$here/${BASH_SOURCE[0]##*/}"
        exit 0
        ;;
    '' | --uninstall) ;;
    [01][0-9]:[0-5][0-9] | 2[0-3]:[0-5][0-9]) time=$1 ;;
    *) fail 2 "'$1' should be a time of day from 00:00 to 23:59 like 18:00, or --uninstall" ;;
esac
command -v systemctl >/dev/null || fail 1 'there is no systemd here; cron does as well, see scripts/README.md'

if ((EUID == 0)); then
    user_option=
    units=${DESTDIR-}/etc/systemd/system
else
    user_option=--user
    units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
fi

if [[ ${1-} == --uninstall ]]; then
    systemctl_of disable --now pricestash.timer || true
    rm -f -- "$units/pricestash.timer" "$units/pricestash.service"
    systemctl_of daemon-reload
    echo 'pricestash.timer is removed. The prices and logs stay.'
    exit 0
fi

mkdir -p -- "$units"
fill pricestash.timer >"$units/pricestash.timer"
fill pricestash.service >"$units/pricestash.service"
if ((EUID == 0)); then
    printf 'User=%s\n' "$(stat -c %U -- "$here")" >>"$units/pricestash.service"
fi
systemctl_of daemon-reload || fail 1 'systemd did not read the units; the message stands above'
systemctl_of enable --now pricestash.timer || fail 1 'systemd did not start the timer; the message stands above'
echo "pricestash.timer runs every day at $time. Look: systemctl ${user_option:+$user_option }list-timers pricestash.timer"
if ((EUID != 0)) && ! loginctl enable-linger 2>/dev/null; then
    echo 'It runs only while you are logged in: loginctl enable-linger (as root: loginctl enable-linger USER) changes that.' >&2
fi
