#!/bin/sh
# Installs Debian's TURN server for the tests of relayed calls, where it is not there yet.
set -eu
if command -v turnserver >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1; then
    sudo="sudo"
else
    echo "The tests of relayed calls need coturn: run 'apt-get install coturn' as root." >&2
    exit 1
fi
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends coturn
# The tests start their own: a server that nobody set up must not stay behind.
if [ -d /run/systemd/system ]; then
    $sudo systemctl disable --now --quiet coturn
fi
