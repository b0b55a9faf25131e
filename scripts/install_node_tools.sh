#!/bin/sh
# Fetches what checks the browser code (ESLint, TypeScript, axe-core), and libdatachannel for a test of WHIP, into
# .cache/node, each in the version and with the hash of scripts/node/package-lock.json; nothing of it is
# committed or runs while it is installed. Where that cannot be, the checks that need it are skipped and say so.
# TypeScript comes twice: the native one checks types in a fifth of the time, ESLint needs the one in JavaScript.
# To take other versions: change scripts/node/package.json, and there
#   npm install --package-lock-only --omit-lockfile-registry-resolved
set -eu
cd "$(dirname "$0")/.."
folder=.cache/node
skipped="so the browser code is not linted and the accessibility tests are skipped"
rm -f "$folder/version"
mkdir -p "$folder"
if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing, $skipped: apt-get install npm" >&2
    exit 0
fi
cp scripts/node/package.json scripts/node/package-lock.json "$folder/"
if ! npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel error >/dev/null 2>"$folder/failure"; then
    cat "$folder/failure" >&2
    # A package that is not the one that was pinned is no reason to go on without.
    if grep -q EINTEGRITY "$folder/failure"; then exit 1; fi
    echo "npm could not fetch ESLint, TypeScript and axe-core, $skipped." >&2
    exit 0
fi
rm "$folder/failure"
sha256sum scripts/node/package-lock.json >"$folder/version"
