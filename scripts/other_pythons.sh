#!/bin/sh
# Says which Pythons of 3.11 to 3.13 this machine has, and runs the pure tests on each beside the
# environment's own: those that need no network, no media and no inference, nor the types of what
# infers, and kill no processes. A version between two that run them only imports them: what both its
# neighbours have, it has. Left out are what takes longest of the store: backups, lists page by page,
# and changes to all of it. With --all everything runs everywhere. An interpreter is looked for on
# the PATH and where pyenv and uv keep theirs. Its packages, a light set, stay in .cache/pythons;
# where interpreter or packages cannot be had, that is said and nothing fails.
set -u
cd "$(dirname "$0")/.."
all=${1:-}
python=.venv/bin/python
own=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
packages="aiosqlite blockbuster cryptography fastapi httpx hypothesis jsonschema-rs numpy psutil
    precis-i18n pydantic-settings pyjwt pytest pytest-asyncio pytest-timeout rich sqlalchemy[asyncio] typer
    uvicorn websockets"
tests="tests/identities --ignore=tests/identities/test_hsm.py tests/verify --ignore=tests/verify/test_self_test.py
    --ignore=tests/verify/presence --ignore=tests/verify/challenge --ignore=tests/verify/test_enrol_process.py tests/test_settings.py
    tests/access/test_gate.py tests/access/test_limiter.py tests/access/test_tokens.py tests/access/test_waiting.py
    tests/events/test_stamper.py tests/events/test_call_messages.py tests/events/test_wire.py
    tests/client/test_backoff.py tests/console/test_timeline.py tests/webhooks/test_signature.py"
long="restore backup pages moving rotation widening"
[ -n "$all" ] || for one in $long; do tests="$tests --ignore=tests/identities/test_$one.py"; done

# Prints the first interpreter of that version that starts.
find_python() {
    pyenv=${PYENV_ROOT:-$HOME/.pyenv}/versions
    uv=${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}
    for found in "$(command -v "python$1")" "$pyenv/$1"*/bin/"python$1" "$uv/cpython-$1"*/bin/"python$1"; do
        if "$found" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$found"
            return
        fi
    done
}

# Makes or renews the environment of one version; $1 version, $2 interpreter.
prepare() {
    folder=.cache/pythons/$1
    wanted=$(echo "$packages" | cat - constraints.txt | cksum)
    [ "$(cat "$folder/packages" 2>/dev/null)" != "$wanted" ] || return 0
    rm -rf "$folder"
    "$2" -m venv --without-pip "$folder" &&
        $python -m pip --quiet --disable-pip-version-check --python "$folder/bin/python" \
            install --no-compile --constraint constraints.txt $packages &&
        echo "$wanted" >"$folder/packages"
}

mkdir -p .cache/pythons
told="$own: all tests"
ran=" $own "
failed=0
for version in 3.11 3.13 3.12; do
    [ "$version" != "$own" ] || continue
    found=$(find_python $version)
    if [ -z "$found" ]; then
        told="$told; $version: not found, install it to have the pure tests run on it"
        continue
    fi
    if ! prepare $version "$found" >.cache/pythons.log 2>&1; then
        cat .cache/pythons.log >&2
        told="$told; $version: skipped, as its packages could not be installed (see above)"
        continue
    fi
    at=.cache/pythons/$version/bin/python
    case $all$version$ran in
        3.12*" 3.11 "*" 3.13 "* | 3.12*" 3.13 "*" 3.11 "*) run=--collect-only came=imported ;;
        *) run= came=passed ;;
    esac
    echo "Python $version ($found): pure tests"
    if $at -m compileall -q stream_verifier model >/dev/null &&
        $at -m pytest -q --no-header -p no:cacheprovider -m "not slow" -k "not killed" \
            ${run:+$run -q} $tests >.cache/pythons.log; then
        grep . .cache/pythons.log | tail -n 1
        told="$told; $version: pure tests $came"
        ran="$ran $version "
    else
        cat .cache/pythons.log
        told="$told; $version: pure tests FAILED"
        failed=1
    fi
done
echo "Pythons: $told."
exit $failed
