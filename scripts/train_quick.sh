#!/bin/sh
# Train both systems on a small slice, from nothing, and use what came out: does it all still work?
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
pack=${STREAM_VERIFIER_DATA:-../shared/data}/train
runs=$(mktemp -d)
ancestor=
trap 'kill $ancestor 2>/dev/null || true; rm -rf "$runs"' EXIT
"$python" scripts/make_pack.py "$runs/made"
if [ ! -d "$pack" ]; then
    echo "no data pack at $pack: training on made-up people instead"
    pack=$runs/made
fi
export TF_CPP_MIN_LOG_LEVEL=3
# So little is trained that threads would wait for each other by spinning most of the time.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TF_NUM_INTEROP_THREADS=1 TF_NUM_INTRAOP_THREADS=1
set -- --pack "$pack" --quick
"$python" -m model train --system ancestor --run "$runs/ancestor" "$@" >"$runs/log" 2>&1 &
ancestor=$!
"$python" -m model train --system default --run "$runs/default" "$@"
wait "$ancestor" || { cat "$runs/log" >&2; exit 1; }
cat "$runs/log"
ancestor=
"$python" -m model export --run "$runs/default" --out "$runs/weights"
"$python" -m model calibrate --pack "$runs/made" --weights "$runs/weights" --dry-run \
    --cache "$runs/cache"
