#!/bin/sh
# Installs the project for development, with packages whose files have the hashes in locks/ and no
# others. Only forbiddenfruit, which comes as source alone, is built here, by the tools of locks/.
# What is never imported is never compiled: that takes longer than to unpack it.
# Usage: install_locked.sh demo|test [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${2:-.venv/bin/python}
$python -m pip install --quiet --no-compile --require-hashes --only-binary :all: \
    --requirement locks/build.txt
$python -m pip install --quiet --no-compile --require-hashes --only-binary :all: --no-binary forbiddenfruit \
    --no-build-isolation --requirement "locks/$1.txt"
$python -m pip install --quiet --no-deps --no-build-isolation --editable .
