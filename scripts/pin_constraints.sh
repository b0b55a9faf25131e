#!/bin/sh
# Writes constraints.txt: one pinned set that resolves on Python 3.11 to 3.13.
# Without the extra "peer": it needs torch, whose build is for its user to choose (docs/peer.md).
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
$python -m pip install --quiet uv
# pip refuses 1.3 on Python 3.11 and newer, which the resolver used here does not see.
echo "backports-strenum<1.3" > .venv/known-limits.txt
{
    echo "# Pinned versions of everything the project installs, on Python 3.11 to 3.13."
    echo "# Made by 'make constraints'; edit pyproject.toml instead."
    $python -m uv pip compile --quiet --universal --constraint .venv/known-limits.txt --python-version 3.11 \
        --extra demo --extra train --extra test \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml
} > constraints.new
if grep -nE '://|/opt/|/home/' constraints.new; then
    echo "constraints.new names a host or a path: not taken over." >&2
    exit 1
fi
mv constraints.new constraints.txt
