#!/bin/sh
# Fetches axe-core (MPL-2.0) for the accessibility tests into .cache/axe; it is never committed.
# Where that cannot be, the tests that need it are skipped and say so.
set -eu
version=4.14.1
sha256=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
cd "$(dirname "$0")/.."
folder=.cache/axe
archive=$folder/axe-core-$version.tgz
mkdir -p "$folder"
if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing, so the accessibility tests are skipped: apt-get install npm" >&2
    exit 0
fi
if ! npm pack --silent --pack-destination "$folder" "axe-core@$version" >/dev/null; then
    echo "axe-core could not be fetched, so the accessibility tests are skipped." >&2
    exit 0
fi
echo "$sha256  $archive" | sha256sum --check --quiet
tar -xzf "$archive" -C "$folder" --strip-components=1 package/axe.min.js package/LICENSE
rm "$archive"
echo "$version" >"$folder/version"
