#!/bin/sh
# Runs the Dockerfile's steps in a fresh Debian root and then its health check, for machines
# without a Docker engine. Needs root and debootstrap. Usage: try_dockerfile.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
root=${1:-$(mktemp -d)/root}
command -v debootstrap >/dev/null || { echo "Install debootstrap first." >&2; exit 1; }

mounts="dev proc"
server=""
cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    for name in $mounts; do umount "$root/$name" 2>/dev/null || true; done
}
trap cleanup EXIT INT TERM

release=$(sed -n 's/^ARG BASE=debian:\([a-z]*\)-slim.*$/\1/p' Dockerfile)
debootstrap --variant=minbase "$release" "$root" >/dev/null
for name in $mounts; do mount --bind "/$name" "$root/$name"; done

# What an engine would give the build from its host: names, certificates, package settings.
for file in /etc/resolv.conf /etc/hosts; do
    [ ! -f "$file" ] || cp -L "$file" "$root$file"
done
[ ! -d /etc/apt/apt.conf.d ] || cp -Lr /etc/apt/apt.conf.d "$root/etc/apt/"
cp -L /etc/apt/sources.list "$root/etc/apt/" 2>/dev/null || true
cp -Lr /etc/apt/sources.list.d "$root/etc/apt/" 2>/dev/null || true
certificates=/etc/ssl/certs/ca-certificates.crt
if [ -f "$certificates" ]; then
    # Beside the root's own bundle, which installing ca-certificates writes anew.
    mkdir -p "$root/etc/ssl"
    cp -L "$certificates" "$root/etc/ssl/host-certificates.crt"
    export PIP_CERT=/etc/ssl/host-certificates.crt REQUESTS_CA_BUNDLE=/etc/ssl/host-certificates.crt
fi
unset PIP_FIND_LINKS PIP_CONFIG_FILE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

workdir=/
environment=""
step() { echo "--- $*"; }
while IFS= read -r line; do
    case "$line" in
    "RUN "*)
        step "$line"
        chroot "$root" sh -ec "cd $workdir; ${line#RUN }" </dev/null
        ;;
    "WORKDIR "*)
        workdir=${line#WORKDIR }
        mkdir -p "$root$workdir"
        ;;
    "COPY "*)
        step "$line"
        # Every target mirrors its source's name; what a clean checkout holds, not what lies about.
        sources=${line#COPY }
        for word in ${sources% *}; do
            git ls-files -z -- "$word" | xargs -0 -r cp --parents -t "$root$workdir/"
        done
        ;;
    "ENV "*) environment="$environment ${line#ENV }" ;;
    esac
done <Dockerfile

step "training packages that must not be there"
if chroot "$root" /opt/venv/bin/pip list 2>/dev/null | grep -iE '^(tensorflow|keras|librosa|pytest|matplotlib) '; then
    echo "The serving image holds packages that it must not." >&2
    exit 1
fi

step "doctor, then serve and ask for health"
as_verifier="chroot --userspec=10001:10001 $root /usr/bin/env -i $environment HOME=/home/verifier"
key=$($as_verifier stream-verifier key)
as_verifier="$as_verifier STREAM_VERIFIER_TOKEN_KEY=$key"
$as_verifier stream-verifier doctor
# Not through a function: its process would be a shell's, and the server would outlive it.
$as_verifier STREAM_VERIFIER_PORT=18080 stream-verifier serve &
server=$!
for _ in $(seq 60); do
    if chroot "$root" python3 -c "import urllib.request as r; print(r.urlopen('http://127.0.0.1:18080/api/v1/health').read().decode())" 2>/dev/null; then
        echo "OK: the Dockerfile's steps work in a fresh Debian root."
        exit 0
    fi
    sleep 1
done
echo "The server did not come up." >&2
exit 1
