#!/bin/sh
# Installs the Debian packages whose programs the tests need and that are not there yet, all at once,
# since apt takes seconds each time to read what there is.
# Usage: install_debian.sh
set -eu

# Program, package, and what needs it.
needed="
chromium chromium the browser tests
turnserver coturn the tests of relayed calls
ffmpeg ffmpeg the tests of which way up films are
softhsm2-util softhsm2 the tests of keys in a device
redis-server redis-server the tests of a fleet
node nodejs the tests of the browser modules
"
# Not every system has these: what needs them is skipped without, or costs more.
welcome="
chromium-headless-shell chromium-headless-shell cheaper browser tests
firefox-esr firefox-esr the tests of Firefox
janus janus the tests of Janus's rooms
initdb postgresql the tests on PostgreSQL
haproxy haproxy the tests of the proxies' configurations
nginx nginx-light the tests of the proxies' configurations
promtool prometheus the tests of alerts
"

is_there() {
    # Debian keeps the programs of PostgreSQL's server off the PATH.
    for found in "$1" /usr/lib/postgresql/*/bin/"$1"; do
        if command -v "$found" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

# Those lines whose program is not there.
missing() {
    echo "$1" | while read -r program package need; do
        if [ -n "$program" ] && ! is_there "$program"; then echo "$program $package $need"; fi
    done
}

# What to say of lines that could not be done.
complain() {
    echo "$1" | while read -r _ package need; do
        [ -z "$package" ] || echo "$need: run 'apt-get install $package' as root." >&2
    done
}

packages_of() {
    echo "$1" | while read -r _ package _; do echo "$package"; done
}

install() {
    [ $# -eq 0 ] || $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

needed=$(missing "$needed")
welcome=$(missing "$welcome")
[ -n "$needed$welcome" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1; then
    sudo="sudo"
else
    complain "$needed
$welcome"
    [ -z "$needed" ] || exit 1
    exit 0
fi
$sudo apt-get update -qq

known=$(for package in $(packages_of "$welcome"); do
    if apt-cache show "$package" >/dev/null 2>&1; then echo "$package"; fi
done)
case "$known" in *postgresql*)
    # Without this it would make a cluster of its own, and start it.
    if install postgresql-common; then
        echo "create_main_cluster = false" |
            $sudo tee -a /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    ;;
esac
# shellcheck disable=SC2046,SC2086
if ! install $(packages_of "$needed") $known; then
    known=""
    install $(packages_of "$needed") || { complain "$needed"; exit 1; }
fi
complain "$(missing "$welcome")"

# The tests start their own: a server that nobody set up must not stay behind.
if [ -d /run/systemd/system ]; then
    for package in $(packages_of "$needed") $known; do
        case "$package" in
            coturn | haproxy | janus | nginx-light | postgresql | prometheus | redis-server)
                $sudo systemctl disable --now --quiet "${package%-light}"
                ;;
        esac
    done
fi
