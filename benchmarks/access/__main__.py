"""Tries every way in with every kind of token and writes the table of what happened.

    python -m benchmarks.access

Exit code 0 only if each was refused with the right code, and the right token was not.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.access.table import markdown, try_all, wrong
from stream_verifier.settings import Settings

PATH = Path(__file__).resolve().parents[2] / "docs" / "measurements" / "access.md"


def main() -> int:
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(try_all(Settings(data_dir=Path(folder))))
    PATH.write_text(markdown(results), encoding="utf-8")
    for complaint in wrong(results):
        print(complaint, file=sys.stderr)
    print(f"Wrote {PATH.name}: {len(results)} ways.")
    return 1 if wrong(results) else 0


if __name__ == "__main__":
    sys.exit(main())
