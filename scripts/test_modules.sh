#!/bin/sh
# Runs the tests of the browser modules that touch no page, with node's own runner. Says so and goes
# on where node is too old for it.
set -eu
cd "$(dirname "$0")/.."
if [ "$(node --print 'parseInt(process.versions.node, 10) >= 20')" != true ]; then
    echo "The browser modules were not tested: that takes Node 20, and here is $(node --version)." >&2
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
node --no-warnings --test --test-reporter=spec tests/web_client/*.test.mjs tests/web_client/*/*.test.mjs >"$log" ||
    { sed -n "/failing tests:/,\$p" "$log"; exit 1; }
grep -aE ' (tests|pass|fail|skipped) [0-9]+$' "$log"
