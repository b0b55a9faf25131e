#!/bin/sh
# Writes constraints.txt: one pinned set that resolves on Python 3.11 to 3.13.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
$python -m pip install --quiet uv
{
    echo "# Pinned versions of everything the project installs, on Python 3.11 to 3.13."
    echo "# Made by 'make constraints'; edit pyproject.toml instead."
    $python -m uv pip compile --quiet --universal --python-version 3.11 --all-extras \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml
} > constraints.new
if grep -nE '://|/opt/|/home/' constraints.new; then
    echo "constraints.new names a host or a path: not taken over." >&2
    exit 1
fi
mv constraints.new constraints.txt
