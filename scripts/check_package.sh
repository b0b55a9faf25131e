#!/bin/sh
# Packs the browser package, installs it beside TypeScript in a temporary folder, and checks its
# types and its modules there as a page of somebody else's would. Needs npm and its registry; exits
# with 3 where they cannot be had.
set -eu
cd "$(dirname "$0")/.."
command -v npm >/dev/null || { echo "Install npm first." >&2; exit 3; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM

npm pack ./web_client --silent --pack-destination "$folder" >/dev/null
cp tests/browser/types/* "$folder/"
cd "$folder"
printf '{"name": "page", "version": "1.0.0", "type": "module", "private": true}\n' >package.json
npm install --silent --no-audit --no-fund --no-package-lock \
    typescript@5 react@19 @types/react@19 ./stream-verifier-*.tgz ||
    { echo "npm could not get TypeScript." >&2; exit 3; }
# The modules themselves, outside node_modules so that the compiler looks into them.
cp -R node_modules/stream-verifier/js ./js
sed -i 's#"\.\./js/#"./js/#' agreement.ts
node_modules/.bin/tsc --project tsconfig.json
echo "OK: the package's types hold."
