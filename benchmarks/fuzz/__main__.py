"""``python -m benchmarks.fuzz --minutes N``: made-up bytes to all that reads what callers send.

Guided by coverage (atheris, which the extra "fuzz" installs). What ends a target with anything but
the error that it may end with is kept in tests/corpus, from where the tests replay it. A run of
another seed goes other ways; --json carries the figures of several runs into one table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import resource
import secrets
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "tests" / "corpus"
_MOST_BYTES = 4096
_MOST_S = 10
_MOST_MIB = 1024
_SUMS = ("cpu_s", "inputs", "found")
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


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run on one target came to.

    Attributes:
        target: what was fed.
        seed: of this run.
        cpu_s: seconds of processor that it took.
        inputs: tried.
        edges: of the instrumented code that were reached.
        peak_mib: most memory, the fuzzer's own included.
        found: inputs that ended it with anything but the error that it may end with.
    """

    target: str
    seed: int
    cpu_s: float
    inputs: int
    edges: int
    peak_mib: int
    found: int


def main() -> int:
    """Run from the command line."""
    from benchmarks.fuzz.seeds import seeds  # not before the help is printed
    from benchmarks.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="For all targets together.")
    parser.add_argument("--only", choices=sorted(TARGETS), help="One target.")
    parser.add_argument("--seed", type=int, help="Drawn by chance where it is not given.")
    parser.add_argument("--json", type=Path, help="File of figures, to which this run's are added.")
    parser.add_argument("--markdown", type=Path, help="File for the table of all in --json.")
    options = parser.parse_args()
    chosen = [options.only] if options.only else sorted(TARGETS)
    seed = options.seed or 1 + secrets.randbelow(2**31 - 1)
    honest, rows = seeds(), _earlier(options.json)
    before = len(rows)
    for target in chosen:
        rows.append(_fuzz(target, honest[target], 60 * options.minutes / len(chosen), seed))
        if options.json:
            options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        if options.markdown:
            options.markdown.write_text(table(rows), encoding="utf-8")
    return 1 if any(row.found for row in rows[before:]) else 0


def _earlier(path: Path | None) -> list[Ran]:
    if path is None or not path.exists():
        return []
    return [Ran(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def _fuzz(target: str, honest: list[bytes], seconds: float, seed: int) -> Ran:
    """Fuzz one target in a process of its own."""
    with tempfile.TemporaryDirectory() as passing:
        begin, findings = Path(passing) / "begin", Path(passing) / "found"
        for folder in (begin, findings):
            folder.mkdir()
        kept = [path.read_bytes() for path in sorted((CORPUS / target).glob("*"))]
        for number, data in enumerate([*honest, *kept]):
            (begin / str(number)).write_bytes(data)
        bounds = [f"-max_len={_MOST_BYTES}", f"-timeout={_MOST_S}", f"-rss_limit_mb={_MOST_MIB}"]
        before_s = _children_cpu_s()
        ran = subprocess.run(
            [sys.executable, "-c", _RUN, target, *bounds, f"-max_total_time={int(seconds)}"]
            + [
                f"-seed={seed}",
                "-print_final_stats=1",
                f"-artifact_prefix={findings}/",
                str(begin),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        cpu_s = _children_cpu_s() - before_s
        if "No module named 'atheris'" in ran.stderr:
            raise SystemExit("atheris is missing: pip install '.[fuzz]'")
        for path in sorted(findings.iterdir()):
            _keep(target, path.read_bytes())
    row = _row(target, seed, cpu_s, ran.stderr, int(ran.returncode != 0))
    print(row, flush=True)
    if ran.returncode:
        print(ran.stdout[-3000:], ran.stderr[-3000:], sep="\n", file=sys.stderr)
    return row


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _row(target: str, seed: int, cpu_s: float, said: str, found: int) -> Ran:
    """Read the figures that libFuzzer prints."""

    def last(pattern: str) -> int:
        return int((re.findall(pattern, said) or ["0"])[-1])

    return Ran(
        target=target,
        seed=seed,
        cpu_s=round(cpu_s, 1),
        inputs=last(r"number_of_executed_units: *(\d+)"),
        edges=last(r"\bcov: (\d+)"),
        peak_mib=last(r"peak_rss_mb: *(\d+)"),
        found=found,
    )


def table(rows: list[Ran]) -> str:
    """The figures of all runs as a page."""
    lines = "\n".join(
        f"| {row.target} | {row.seed} | {row.cpu_s / 60:.1f} | {row.inputs} | {row.edges} "
        f"| {row.peak_mib} | {row.found} |"
        for row in rows
    )
    cpu_s, inputs, found = (sum(getattr(row, of) for row in rows) for of in _SUMS)
    return (
        "# Made-up bytes\n\n"
        "Written by `python -m benchmarks.fuzz`: bytes made up under the guidance of coverage, to "
        "all that reads\nwhat callers send. An input may be refused with the one error that says "
        "so; it may not end in any\nother, take more than "
        f"{_MOST_S} s or {_MOST_MIB} MiB, or leave a table without a bound. What was ever "
        "found\nis in tests/corpus and tried by the tests.\n\n"
        f"In all {cpu_s / 60:.1f} minutes of processor and {inputs} inputs; found: {found}.\n\n"
        "| what reads them | seed | minutes | inputs | edges reached | peak MiB | found |\n"
        f"|---|---|---|---|---|---|---|\n{lines}\n"
    )


def _keep(target: str, data: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
