#!/bin/sh
# Lints the browser code and checks its types: the pages' modules, and the package as it is shipped.
# Says so and goes on where the tools could not be had (scripts/install_node_tools.sh).
set -eu
cd "$(dirname "$0")/.."
tools=.cache/node/node_modules
if [ ! -f .cache/node/version ]; then
    echo "The browser code was not checked: ESLint and TypeScript are missing (sh scripts/install_node_tools.sh)." >&2
    exit 0
fi
if [ "$(node --print 'parseInt(process.versions.node, 10) >= 20')" != true ]; then
    echo "The browser code was not checked: that takes Node 20.19, and here is $(node --version)." >&2
    exit 0
fi
"$tools/.bin/eslint" --max-warnings 0 eslint.config.mjs web_client examples tests scripts
"$tools/typescript-native/bin/tsc"
sh scripts/check_package.sh
