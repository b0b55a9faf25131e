#!/bin/sh
# Installs the project for development, with packages whose files have the hashes in locks/ and no
# others; none of them is built here, since that would fetch build tools that no lock names.
# Usage: install_locked.sh demo|test [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${2:-.venv/bin/python}
$python -m pip install --quiet --require-hashes --only-binary :all: \
    --requirement locks/build.txt --requirement "locks/$1.txt"
$python -m pip install --quiet --no-deps --no-build-isolation --editable .
