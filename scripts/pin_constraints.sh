#!/bin/sh
# Writes constraints.txt, one pinned set that resolves on Python 3.11 to 3.13, and from it locks/: the
# same versions with the hashes of all their files, one file for each thing that is installed.
# Without the extra "peer": it needs torch, whose build is for its user to choose (docs/peer.md).
# With "--hashes" the versions stay as they are, and only locks/ is written.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
$python -m pip install --quiet uv

compile() {
    $python -m uv pip compile --quiet --universal --python-version 3.11 \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}
take_over() {
    if grep -nE '://|/opt/|/home/' "$1"; then
        echo "$1 names a host or a path: not taken over." >&2
        exit 1
    fi
    mv "$1" "$2"
}

build=$(sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml)
# What hatchling asks for when it builds an editable install, and what builds the one test package
# that comes as source alone; and pip, as older ones take twice as long to find what is pinned.
printf '%s\neditables\nsetuptools\npip\n' "$build" >"$new/build.in"
if [ "${1:-}" != "--hashes" ]; then
    # pip refuses 1.3 on Python 3.11 and newer, which the resolver used here does not see.
    echo "backports-strenum<1.3" >"$new/known-limits.txt"
    {
        echo "# Pinned versions of everything the project installs, on Python 3.11 to 3.13."
        echo "# Made by 'make constraints'; edit pyproject.toml instead."
        compile --constraint "$new/known-limits.txt" --extra demo --extra train --extra test \
            pyproject.toml "$new/build.in"
    } >"$new/constraints.txt"
    take_over "$new/constraints.txt" constraints.txt
fi

lock() {
    name=$1
    shift
    {
        echo "# What 'pip install --require-hashes' may install for: $name. Made by 'make constraints'."
        compile --generate-hashes --constraint constraints.txt "$@"
    } >"$new/$name.txt"
    take_over "$new/$name.txt" "locks/$name.txt"
}
mkdir -p locks
lock build "$new/build.in"
lock serve --extra fleet pyproject.toml
lock demo --extra demo pyproject.toml
lock test --extra test pyproject.toml
