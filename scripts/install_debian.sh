#!/bin/sh
# Installs a Debian package that tests need, where its program is not there yet.
# Usage: install_debian.sh PROGRAM PACKAGE "WHAT NEEDS IT"
set -eu
program=$1 package=$2 need=$3
if command -v "$program" >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1; then
    sudo="sudo"
else
    echo "$need need $package: run 'apt-get install $package' as root." >&2
    exit 1
fi
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
# The tests start their own: a server that nobody set up must not stay behind.
case "$package" in
    coturn | haproxy | janus | prometheus | redis-server)
        if [ -d /run/systemd/system ]; then
            $sudo systemctl disable --now --quiet "$package"
        fi
        ;;
esac
