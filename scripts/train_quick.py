"""Trains both systems on a small slice, from nothing, and uses what came out: does all still work?

All in one process: to import TensorFlow takes as long as to train so little.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from make_pack import main as make_pack

from model.__main__ import main as run_command

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Returns the exit status of the first command that fails, or 0."""
    with tempfile.TemporaryDirectory() as folder:
        return train_and_use(Path(folder))


def train_and_use(folder: Path) -> int:
    """Train in that folder."""
    made, run, weights = folder / "made", folder / "default", folder / "weights"
    make_pack(made)
    pack = Path(os.environ.get("STREAM_VERIFIER_DATA", ROOT.parent / "shared" / "data")) / "train"
    if not pack.is_dir():
        print(f"no data pack at {pack}: training on made-up people instead")
        pack = made
    quick = ("--pack", pack, "--quick")
    cache = ("--cache", folder / "cache")
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("train", "--system", "default", "--run", run, *quick),
        ("train", "--system", "ancestor", "--run", folder / "ancestor", *quick),
        ("export", "--run", run, "--out", weights),
        ("calibrate", "--pack", made, "--weights", weights, "--dry-run", *cache),
    )
    statuses = (run_command([str(part) for part in command]) for command in commands)
    return next(filter(None, statuses), 0)


if __name__ == "__main__":
    sys.exit(main())
