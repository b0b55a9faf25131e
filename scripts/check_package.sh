#!/bin/sh
# Packs the browser package, lays it beside TypeScript in a folder of its own, and checks there what
# a page of somebody else's would meet: that the declarations say what the modules do and what the
# server sends, that the JSDoc of the modules holds, and that pages and the React example compile.
set -eu
cd "$(dirname "$0")/.."
tsc=$PWD/.cache/node/node_modules/typescript-native/bin/tsc
[ -x "$tsc" ] || { echo "TypeScript is missing: sh scripts/install_node_tools.sh" >&2; exit 3; }
folder=.cache/package
rm -rf "$folder"
mkdir -p "$folder/node_modules" "$folder/tests/browser" "$folder/examples/react"

npm pack ./web_client --silent --pack-destination "$folder" >/dev/null
tar -xzf "$folder"/stream-verifier-*.tgz -C "$folder"
mv "$folder/package" "$folder/web_client"
ln -s ../web_client "$folder/node_modules/stream-verifier"
ln -s "../../node/node_modules/@types" "$folder/node_modules/@types"
cp -R tests/browser/types "$folder/tests/browser/"
cp -R examples/react/src examples/react/tsconfig.json "$folder/examples/react/"
node scripts/contract_types.mjs docs/protocol/events.schema.json >"$folder/tests/browser/types/contract.ts"

cd "$folder"
"$tsc" --project tests/browser/types
# In place of Vite's own types, for the one thing of it that the example reads.
echo "interface ImportMeta { readonly env: Record<string, string | undefined> }" >examples/react/src/env.d.ts
"$tsc" --project examples/react --types react
echo "OK: the package's types hold."
