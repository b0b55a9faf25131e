#!/bin/sh
# Fetches axe-core (MPL-2.0) for the accessibility tests into .cache/axe; it is never committed.
set -eu
version=4.14.1
sha256=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
cd "$(dirname "$0")/.."
folder=.cache/axe
if [ -f "$folder/axe.min.js" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; then
    exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing, so the accessibility tests are skipped: apt-get install npm" >&2
    exit 0
fi
mkdir -p "$folder"
npm pack --silent --pack-destination "$folder" "axe-core@$version" >/dev/null
echo "$sha256  $folder/axe-core-$version.tgz" | sha256sum --check --quiet
tar -xzf "$folder/axe-core-$version.tgz" -C "$folder" --strip-components=1 package/axe.min.js package/LICENSE
rm "$folder/axe-core-$version.tgz"
echo "$version" >"$folder/version"
