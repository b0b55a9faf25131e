#!/bin/sh
# Installs a Debian package that tests need, where its program is not there yet.
# Usage: install_debian.sh PROGRAM PACKAGE "WHAT NEEDS IT"
set -eu
program=$1 package=$2 need=$3
# Debian keeps the programs of PostgreSQL's server off the PATH.
for found in "$program" /usr/lib/postgresql/*/bin/"$program"; do
    if command -v "$found" >/dev/null 2>&1; then
        exit 0
    fi
done
if [ "$(id -u)" -eq 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1; then
    sudo="sudo"
else
    echo "$need need $package: run 'apt-get install $package' as root." >&2
    exit 1
fi
$sudo apt-get update -qq
case "$package" in
    postgresql)
        # Without this it would make a cluster of its own, and start it.
        $sudo apt-get install -y -qq --no-install-recommends postgresql-common
        echo "create_main_cluster = false" | $sudo tee -a /etc/postgresql-common/createcluster.conf >/dev/null
        ;;
esac
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
# The tests start their own: a server that nobody set up must not stay behind.
case "$package" in
    coturn | haproxy | janus | nginx-light | postgresql | prometheus | redis-server)
        if [ -d /run/systemd/system ]; then
            $sudo systemctl disable --now --quiet "${package%-light}"
        fi
        ;;
esac
