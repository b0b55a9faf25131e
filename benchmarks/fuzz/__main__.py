"""``python -m benchmarks.fuzz --minutes N``: made-up bytes to all that reads what callers send.

Guided by coverage (atheris, which the extra "fuzz" installs). What ends a target with anything but
the error that it may end with is kept in tests/corpus, from where the tests replay it.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "tests" / "corpus"
_MOST_BYTES = 4096
_MOST_S = 10
_MOST_MIB = 1024
_RUN = """
import sys, atheris
with atheris.instrument_imports(include=["stream_verifier.media.webrtc", "aiortc.rtp", "aiortc.sdp",
        "aiortc.codecs", "aiortc.jitterbuffer", "aiortc.rtcrtpreceiver", "aiortc.rate", "aioice"]):
    from benchmarks.fuzz.targets import TARGETS
import logging
logging.disable(logging.CRITICAL)
atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
atheris.Fuzz()
"""


def main() -> int:
    """Run from the command line."""
    from benchmarks.fuzz.seeds import seeds  # noqa: PLC0415 (not before the help is printed)
    from benchmarks.fuzz.targets import TARGETS  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="For all targets together.")
    parser.add_argument("--only", choices=sorted(TARGETS), help="One target.")
    options = parser.parse_args()
    chosen = [options.only] if options.only else sorted(TARGETS)
    honest, found = seeds(), 0
    for target in chosen:
        found += _fuzz(target, honest[target], 60 * options.minutes / len(chosen))
    return 1 if found else 0


def _fuzz(target: str, honest: list[bytes], seconds: float) -> int:
    """Fuzz one target in a process of its own; return how many inputs it found."""
    with tempfile.TemporaryDirectory() as passing:
        begin, findings = Path(passing) / "begin", Path(passing) / "found"
        for folder in (begin, findings):
            folder.mkdir()
        kept = [path.read_bytes() for path in sorted((CORPUS / target).glob("*"))]
        for number, data in enumerate([*honest, *kept]):
            (begin / str(number)).write_bytes(data)
        bounds = [f"-max_len={_MOST_BYTES}", f"-timeout={_MOST_S}", f"-rss_limit_mb={_MOST_MIB}"]
        ran = subprocess.run(
            [sys.executable, "-c", _RUN, target, *bounds, f"-max_total_time={int(seconds)}"]
            + [f"-artifact_prefix={findings}/", str(begin)],
            capture_output=True,
            text=True,
            check=False,
        )
        if "No module named 'atheris'" in ran.stderr:
            raise SystemExit("atheris is missing: pip install '.[fuzz]'")
        for path in sorted(findings.iterdir()):
            _keep(target, path.read_bytes())
        runs = [line for line in ran.stderr.splitlines() if line.startswith(("Done", "#"))]
        print(f"{target}: {runs[-1] if runs else 'did not run'}; exit {ran.returncode}")
        if ran.returncode:
            print(ran.stdout[-3000:], ran.stderr[-3000:], sep="\n", file=sys.stderr)
        return int(ran.returncode != 0)


def _keep(target: str, data: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
