#!/bin/sh
# Runs the tests of the browser modules that touch no page, with node's own runner. Says so and goes
# on where node is too old for it.
set -eu
cd "$(dirname "$0")/.."
if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20)'; then
    echo "The browser modules were not tested: that takes Node 20, this is $(node --version)." >&2
    exit 0
fi
node --test tests/web_client/*.test.mjs
